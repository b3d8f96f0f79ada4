package mail

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/tijorihq/tijori/internal/mail/mailtest"
)

func links(t *testing.T) Links {
	t.Helper()
	u, err := url.Parse("https://khata.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	return Links{Public: u}
}

func hindi(t *testing.T) Message {
	t.Helper()
	m, err := links(t).Recover("asha@example.com", "hi", "आशा देवी", "tOken_-1")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sender(t *testing.T, s *mailtest.Sink, security string) *SMTP {
	t.Helper()
	sender, err := NewSMTP(SMTPConfig{
		Host: s.Host, Port: s.Port, Security: security, Username: s.User, Password: s.Password,
		From:    "तिजोरी <no-reply@example.com>",
		Timeout: 3 * time.Second, TLSConfig: &tls.Config{
			ServerName: s.Host, RootCAs: s.Roots,
			MinVersion: tls.VersionTLS12,
		},
	})
	if err != nil {
		t.Fatalf("NewSMTP = %v", err)
	}
	return sender
}

func TestSendHindi(t *testing.T) {
	t.Parallel()
	for _, security := range []string{StartTLS, TLS, NoTLS} {
		s := (&mailtest.Sink{User: "tijori", Password: "p@ss word", Security: security}).Serve(t)
		if err := sender(t, s, security).Send(t.Context(), hindi(t)); err != nil {
			t.Fatalf("%s: Send = %v", security, err)
		}
		got := s.Messages()
		if len(got) != 1 || got[0].To != "asha@example.com" || got[0].From != "no-reply@example.com" ||
			got[0].TLS != (security != NoTLS) || !got[0].Auth {
			t.Fatalf("%s: the sink got %+v", security, got)
		}
		m := got[0].Read(t)
		h, subject, text, html := m.Header, m.Subject, m.Text, m.HTML
		if subject != "नया पासवर्ड रखें" || h.Get("Auto-Submitted") != "auto-generated" || h.Get("Message-Id") == "" ||
			h.Get("Date") == "" {
			t.Errorf("%s: headers %v, subject %q", security, h, subject)
		}
		if from, err := h.AddressList("From"); err != nil || from[0].Name != "तिजोरी" ||
			from[0].Address != "no-reply@example.com" {
			t.Errorf("%s: From = %v, %v", security, from, err)
		}
		for _, want := range []string{"नमस्ते आशा देवी,", "https://khata.example.com/recover/tOken_-1"} {
			if !strings.Contains(text, want) || !strings.Contains(html, want) {
				t.Errorf("%s: %q is missing in text or html:\n%s\n%s", security, want, text, html)
			}
		}
		for line := range bytes.Lines(got[0].Data) {
			if len(line) > 998 || bytes.IndexFunc(line, func(r rune) bool { return r > 127 }) >= 0 {
				t.Errorf("%s: a line that not every server passes on: %q", security, line)
			}
		}
	}
}

func TestSendRefusesAWeakConnection(t *testing.T) {
	t.Parallel()
	plain := (&mailtest.Sink{Security: NoTLS}).Serve(t)
	if err := sender(t, plain, StartTLS).Send(t.Context(), hindi(t)); err == nil || len(plain.Messages()) != 0 {
		t.Errorf("Send to a server without STARTTLS = %v, want a refusal", err)
	}
	stranger := (&mailtest.Sink{Security: StartTLS}).Serve(t)
	stranger.Roots = mailtest.Strangers(t)
	if err := sender(t, stranger, StartTLS).Send(t.Context(), hindi(t)); err == nil || len(stranger.Messages()) != 0 {
		t.Errorf("Send to a server with a stranger's certificate = %v, want a refusal", err)
	}
	for _, c := range []SMTPConfig{
		{Host: "mail.example.com", Port: 25, Security: NoTLS, From: "a@example.com"},
		{Host: "", Port: 25, Security: TLS, From: "a@example.com"},
		{Host: "mail.example.com", Port: 25, Security: TLS, From: "nobody"},
		{Host: "mail.example.com", Port: 70000, Security: TLS, From: "a@example.com"},
		{Host: "mail.example.com", Port: 25, Security: "maybe", From: "a@example.com"},
	} {
		if _, err := NewSMTP(c); err == nil {
			t.Errorf("NewSMTP(%+v) worked", c)
		}
	}
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	wrong := (&mailtest.Sink{User: "tijori", Password: "right", Security: StartTLS}).Serve(t)
	via := sender(t, wrong, StartTLS)
	via.config.Password = "wrong"
	if err := via.Send(t.Context(), hindi(t)); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("Send with a wrong password = %v, want an error that a later try may change", err)
	}
	for code, refused := range map[int]bool{550: true, 450: false} {
		s := (&mailtest.Sink{
			Refuse:   &smtp.SMTPError{Code: code, Message: "asha@example.com is not here"},
			Security: StartTLS,
		}).Serve(t)
		err := sender(t, s, StartTLS).Send(t.Context(), hindi(t))
		if err == nil || errors.Is(err, ErrRefused) != refused || strings.Contains(err.Error(), "asha") ||
			strings.Contains(err.Error(), "tOken") {
			t.Errorf("Send when the address is answered %d: %v, want refused %v and no address in it", code, err,
				refused)
		}
	}
	down := (&mailtest.Sink{Security: NoTLS}).Serve(t)
	via = sender(t, down, NoTLS)
	via.config.Port = 1
	if err := via.Send(t.Context(), hindi(t)); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("Send to nobody = %v", err)
	}
}

// What the server has taken is sent, whatever comes after.
func TestSendTakenOnce(t *testing.T) {
	t.Parallel()
	s := (&mailtest.Sink{HangUp: true, Security: NoTLS}).Serve(t)
	if err := sender(t, s, NoTLS).Send(t.Context(), hindi(t)); err != nil || len(s.Messages()) != 1 {
		t.Errorf("Send = %v with %d messages, want nil and 1", err, len(s.Messages()))
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	s := (&mailtest.Sink{Security: NoTLS}).Serve(t)
	via := sender(t, s, NoTLS)
	m := Message{To: "asha@example.com", Subject: "Hello\r\nBcc: victim@example.com\r\n\r\nbody", Text: "x", HTML: "x"}
	if err := via.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := s.Messages()[0].Read(t)
	h, subject := got.Header, got.Subject
	if h.Get("Bcc") != "" || subject != "Hello Bcc: victim@example.com body" {
		t.Errorf("headers %v, subject %q", h, subject)
	}
	for _, to := range []string{
		"asha@example.com\r\nRCPT TO:<victim@example.com>", "a@example.com, b@example.com",
		"Asha <asha@example.com>", "", "asha@example.com>",
	} {
		m.To = to
		if err := via.Send(t.Context(), m); err == nil {
			t.Errorf("Send to %q worked", to)
		}
	}
	if n := len(s.Messages()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestParseSMTP(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]SMTPConfig{
		"smtp://u%40x:p%2Fw@mail.example.com": {
			Host: "mail.example.com", Port: 587, Security: StartTLS,
			Username: "u@x", Password: "p/w", From: "a@example.com",
		},
		"smtps://mail.example.com:4650": {Host: "mail.example.com", Port: 4650, Security: TLS, From: "a@example.com"},
		"smtp+none://127.0.0.1:1025":    {Host: "127.0.0.1", Port: 1025, Security: NoTLS, From: "a@example.com"},
	} {
		got, err := ParseSMTP(in, "a@example.com")
		if err != nil || got != want {
			t.Errorf("ParseSMTP(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "mail.example.com:25", "http://mail.example.com", "smtp://",
		"smtp://u:s3cret@mail.example.com:x", "smtp+none://u:s3cret@mail.example.com",
	} {
		if _, err := ParseSMTP(in, "a@example.com"); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("ParseSMTP(%q) = %v, want an error without the password", in, err)
		}
	}
}

// A sink that nobody has spoken to ends, although it may not have begun to serve.
func TestSinkEndsUnasked(t *testing.T) {
	t.Parallel()
	for range 50 {
		t.Run("", func(t *testing.T) { (&mailtest.Sink{Security: NoTLS}).Serve(t) })
	}
}
