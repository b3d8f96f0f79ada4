package cli

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	tijorimail "github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/watch"
)

// operatorFlags say who runs this server and who hears of trouble.
type operatorFlags struct {
	Operators []string `env:"TIJORI_OPERATORS" placeholder:"EMAIL,…" help:"Users who may open /admin, by their mail address. Nobody when empty."`
	AlertMail []string `env:"TIJORI_ALERT_MAIL" placeholder:"EMAIL,…" help:"Who hears by mail of attacks, webhook failures, dead letters and silence."`
	AlertURL  string   `name:"alert-url" env:"TIJORI_ALERT_URL" placeholder:"URL" help:"Where to POST the same as JSON: {\"text\", \"alerts\"}; an address of Slack gets what Slack reads."`

	AlertSecret string `name:"alert-secret" env:"TIJORI_ALERT_SECRET" placeholder:"whsec_…" help:"Sign what is posted as Standard Webhooks say, with this secret."`
}

// check refuses what is no address before anything is started.
func (f *operatorFlags) check() error {
	for setting, list := range map[string][]string{"TIJORI_OPERATORS": f.Operators, "TIJORI_ALERT_MAIL": f.AlertMail} {
		for i, text := range list {
			a, err := mail.ParseAddress(text)
			if err != nil || a.Name != "" {
				return usagef("%s: %q is no mail address", setting, text)
			}
			list[i] = strings.ToLower(a.Address)
		}
	}
	if _, err := f.alertSecret(); err != nil {
		return err
	}
	if f.AlertURL == "" {
		return nil
	}
	if u, err := url.Parse(f.AlertURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return usagef("TIJORI_ALERT_URL is no http or https address")
	}
	return nil
}

// alertSecret is the key by which messages are signed, nil without one.
func (f *operatorFlags) alertSecret() ([]byte, error) {
	if f.AlertSecret == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(f.AlertSecret, "whsec_")
	secret, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(secret) < 24 || len(secret) > 64 {
		return nil, usagef("TIJORI_ALERT_SECRET is whsec_ and 24 to 64 bytes in base64\n" +
			"echo whsec_$(openssl rand -base64 32) makes one")
	}
	return secret, nil
}

// A news is an alert as it is told, whoever found it.
type news struct {
	provider, kind, state string // provider is watch for what was found in the access log
	group                 string // of alerts that are one
	times                 int64
	detail, sentence      string
	since                 time.Time
}

func billingNews(list []billing.Alert) (out []news) {
	for _, a := range list {
		out = append(out, news{
			provider: string(a.Provider), kind: a.Kind, state: a.State, group: string(a.Provider) + " " + a.Kind,
			times: a.Times, detail: a.Detail, sentence: a.Sentence(), since: a.FirstAt,
		})
	}
	return out
}

func watchNews(list []watch.Alert) (out []news) {
	for i := range list {
		a := &list[i]
		out = append(out, news{
			provider: "watch", kind: string(a.Rule), state: a.State, group: a.ID.String(), times: a.Times,
			detail: a.Detail, sentence: a.Sentence(), since: a.FirstAt,
		})
	}
	return out
}

// A teller hands alerts on to whoever is configured.
type teller struct {
	flags  *operatorFlags
	sender tijorimail.Sender
	public string
	client *http.Client
	// by channel and alert, when it was last told: what one channel refuses is not told to the others again
	told map[string]time.Time
	mu   sync.Mutex // of told: two loops tell
}

func newTeller(f *operatorFlags, sender tijorimail.Sender, public string) *teller {
	return &teller{flags: f, sender: sender, public: public, client: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, told: map[string]time.Time{}}
}

// loop is the body of the loop that looks and tells of payments.
func (t *teller) loop(b *billing.Service) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return b.TellAlerts(ctx, t.tell) }
}

// watched is the body of the loop that tells what was found in the access log.
func (t *teller) watched(s *watch.Service) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		return 0, s.Tell(ctx, func(ctx context.Context, list []watch.Alert) error {
			return t.hand(ctx,
				watchNews(list))
		})
	}
}

func (t *teller) tell(ctx context.Context, list []billing.Alert) error {
	return t.hand(ctx, billingNews(list))
}

// hand sends one message for all of the alerts to each channel. With nobody
// configured they stay on the operators' page. It fails when a channel could not be
// reached: that one is tried again with the next look, the others are not
// told twice within the hour.
func (t *teller) hand(ctx context.Context, list []news) error {
	var errs []error
	for _, to := range t.flags.AlertMail {
		errs = append(errs, t.by("mail "+to, list, func(subject string, lines []string, _ []news) error {
			return t.sender.Send(ctx, t.message(to, subject, lines))
		}))
	}
	if t.flags.AlertURL != "" {
		errs = append(errs, t.by("url", list, func(subject string, lines []string,
			list []news,
		) error {
			return t.post(ctx, subject, lines, list)
		}))
	}
	return errors.Join(errs...)
}

// again is after how long a channel hears of the same group once more, while
// another channel cannot be reached.
const again = time.Hour

// by tells one channel what it has not heard yet.
func (t *teller) by(
	channel string, list []news, send func(subject string, lines []string, list []news) error,
) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	var fresh []news
	var lines []string
	for _, a := range list {
		if heard, ok := t.told[key(channel, a)]; !ok || now.Sub(heard) >= again {
			fresh, lines = append(fresh, a), append(lines, a.sentence)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	subject := "Tijori: " + lines[0]
	if len(fresh) > 1 {
		subject = fmt.Sprintf("Tijori: %d kinds of trouble with payments", len(fresh))
		if fresh[0].provider == "watch" {
			subject = fmt.Sprintf("Tijori: %d alerts from the access log", len(fresh))
		}
	}
	if err := send(subject, lines, fresh); err != nil {
		return err
	}
	for _, a := range fresh {
		other := a
		other.state = map[string]string{"raised": "over", "over": "raised"}[a.state]
		delete(t.told, key(channel, other)) // that it comes, or ends, again is news
		t.told[key(channel, a)] = now
	}
	return nil
}

func key(channel string, a news) string { return channel + " " + a.group + " " + a.state }

func (t *teller) message(to, subject string, lines []string) tijorimail.Message {
	text := strings.Join(lines, "\n") + "\n\n" + t.public + "/admin\n"
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("<p>" + html.EscapeString(line) + "</p>\n")
	}
	b.WriteString(`<p><a href="` + html.EscapeString(t.public) + `/admin">` + html.EscapeString(t.public) +
		"/admin</a></p>\n")
	return tijorimail.Message{To: to, Subject: subject, Text: text, HTML: b.String()}
}

// body is what is posted: to Slack a text alone, elsewhere also each alert. Signed, it is an event as Standard
// Webhooks have it.
func (t *teller) body(text string, lines []string, list []news, now time.Time) ([]byte, error) {
	type alert struct {
		Provider string    `json:"provider"`
		Kind     string    `json:"kind"`
		State    string    `json:"state"`
		Times    int64     `json:"times"`
		Detail   string    `json:"detail"`
		Since    time.Time `json:"since"`
	}
	type message struct {
		Text   string  `json:"text"`
		Alerts []alert `json:"alerts,omitempty"`
	}
	m := message{Text: text}
	if u, err := url.Parse(t.flags.AlertURL); err == nil && u.Hostname() == "hooks.slack.com" {
		for _, line := range lines {
			m.Text += "\n• " + slackText.Replace(line)
		}
		m.Text += "\n" + t.public + "/admin"
		return json.Marshal(m)
	}
	for _, a := range list {
		m.Alerts = append(m.Alerts, alert{a.provider, a.kind, a.state, a.times, a.detail, a.since})
	}
	if t.flags.AlertSecret == "" {
		return json.Marshal(m)
	}
	return json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      message   `json:"data"`
	}{"alerts.changed", now.UTC(), m})
}

// slackText takes from a text what Slack reads as markup.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// sign adds the headers of Standard Webhooks (v1): who receives it can tell that it is ours, and whether it is old.
func sign(h http.Header, id string, now time.Time, body, secret []byte) {
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", at)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func (t *teller) post(ctx context.Context, text string, lines []string, list []news) error {
	now := time.Now()
	b, err := t.body(text, lines, list, now)
	if err != nil {
		return err
	}
	secret, err := t.flags.alertSecret()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.flags.AlertURL, bytes.NewReader(b))
	if err != nil {
		return errors.New("the alert address is not usable")
	}
	if secret != nil {
		sign(req.Header, "msg_"+uuid.NewString(), now, b, secret)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := t.client.Do(req)
	if err != nil {
		return errors.New("the alert address does not answer") // the address may hold a secret
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // so that the connection is used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the alert address answered %d", res.StatusCode)
	}
	return nil
}
