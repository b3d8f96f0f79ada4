package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// How a connection to the server is protected.
const (
	StartTLS = "starttls" // plain first, then TLS or nothing is sent
	TLS      = "tls"      // TLS from the first byte
	NoTLS    = "none"     // for a server on this machine
)

// An SMTPConfig says how to reach a mail server.
type SMTPConfig struct {
	Host               string
	Port               int
	Security           string // StartTLS, TLS or NoTLS
	Username, Password string // "" for a server that asks for none
	From               string // such as "Tijori <no-reply@example.com>"
	Timeout            time.Duration
	TLSConfig          *tls.Config // nil verifies the server's name against the machine's roots
}

// ParseSMTP reads a server's address: smtp://user:password@host:587 (STARTTLS),
// smtps://host:465 (TLS) or smtp+none://localhost:25 (neither). Errors do not quote the password.
func ParseSMTP(address, from string) (SMTPConfig, error) {
	u, err := url.Parse(address)
	if err != nil {
		return SMTPConfig{}, errors.New("the mail server's address cannot be read; write smtp://user:password@host:587")
	}
	c := SMTPConfig{Host: u.Hostname(), From: from}
	switch u.Scheme {
	case "smtp":
		c.Security, c.Port = StartTLS, 587
	case "smtps":
		c.Security, c.Port = TLS, 465
	case "smtp+none":
		c.Security, c.Port = NoTLS, 25
	default:
		return SMTPConfig{},
			errors.New("the mail server's address begins with none of smtp://, smtps:// and smtp+none://")
	}
	if u.Port() != "" {
		if c.Port, err = strconv.Atoi(u.Port()); err != nil {
			return SMTPConfig{}, errors.New("the mail server's port is not a number")
		}
	}
	c.Username = u.User.Username()
	c.Password, _ = u.User.Password()
	return c, c.check()
}

func (c SMTPConfig) check() error {
	if c.Host == "" || c.Port < 1 || c.Port > 65535 {
		return errors.New("the mail server's address names no host or port")
	}
	if _, err := netmail.ParseAddress(c.From); err != nil {
		return fmt.Errorf("the sender's address %q cannot be read; write Tijori <no-reply@example.com>", c.From)
	}
	if c.Security != StartTLS && c.Security != TLS && c.Security != NoTLS {
		return fmt.Errorf("unknown protection of mail %q", c.Security)
	}
	ip := net.ParseIP(c.Host)
	if local := c.Host == "localhost" || ip != nil && ip.IsLoopback(); c.Security == NoTLS && !local {
		return errors.New("mail without TLS is only sent to a server on this machine")
	}
	return nil
}

// An SMTP sends by a mail server, one connection a message.
type SMTP struct {
	config SMTPConfig
	from   *netmail.Address
}

// NewSMTP returns a sender for a server; it does not connect. Mail without TLS to
// another machine is refused.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, err
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.TLSConfig == nil {
		c.TLSConfig = &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	}
	return &SMTP{config: c, from: from}, nil
}

// Check connects and signs in as for a message, and sends none.
func (s *SMTP) Check(ctx context.Context) error {
	var conn net.Conn
	client, err := gomail.NewClient(s.config.Host, s.options(&conn)...)
	if err != nil {
		return fmt.Errorf("set up the mail client: %w", err)
	}
	smtp, err := client.DialToSMTPClientWithContext(ctx)
	if conn != nil {
		defer conn.Close()
	}
	if err != nil {
		return fmt.Errorf("reach the mail server %s: %w", s.config.Host, err)
	}
	return client.CloseWithSMTPClient(smtp)
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	var conn net.Conn
	client, err := gomail.NewClient(s.config.Host, s.options(&conn)...)
	if err != nil {
		return fmt.Errorf("set up the mail client: %w", err)
	}
	defer func() {
		if conn != nil {
			conn.Close() // whatever happened; the library keeps it open when signing in fails
		}
	}()
	smtp, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server %s: %w", s.config.Host, err)
	}
	err = client.SendWithSMTPClient(smtp, msg)
	if msg.IsDelivered() { // what fails after the server has taken it must not send it twice
		return nil
	}
	return deliveryError(err)
}

func (s *SMTP) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Name != "" || to.Address != m.To {
		return nil, errors.New("the recipient is not one plain address")
	}
	msg.ToMailAddress(to)
	msg.Subject(oneLine(m.Subject))
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

func (s *SMTP) options(conn *net.Conn) []gomail.Option {
	c := s.config
	dial := func(ctx context.Context, network, address string) (_ net.Conn, err error) {
		if c.Security == TLS {
			*conn, err = (&tls.Dialer{Config: c.TLSConfig}).DialContext(ctx, network, address)
		} else {
			*conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err != nil {
			*conn = nil
		}
		return *conn, err
	}
	options := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithDialContextFunc(dial),
		gomail.WithTLSConfig(c.TLSConfig), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithoutNoop(),
	}
	if c.Security == StartTLS {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.Username != "" {
		options = append(options, gomail.WithUsername(c.Username), gomail.WithPassword(c.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return options
}

// deliveryError says what failed without the address and the server's words,
// which may quote it: errors of jobs are stored and logged.
func deliveryError(err error) error {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return errors.New("the mail server took nothing")
	}
	if failed.Reason == gomail.ErrSMTPRcptTo && failed.ErrorCode() >= 500 {
		return fmt.Errorf("%w (code %d %s)", ErrRefused, failed.ErrorCode(), failed.EnhancedStatusCode())
	}
	return fmt.Errorf("the mail server did not take the message: %s (code %d %s)",
		failed.Reason, failed.ErrorCode(), failed.EnhancedStatusCode())
}
