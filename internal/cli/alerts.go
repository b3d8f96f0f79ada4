package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	tijorimail "github.com/tijorihq/tijori/internal/mail"
)

// operatorFlags say who runs this server and who hears of trouble.
type operatorFlags struct {
	Operators []string `env:"TIJORI_OPERATORS" placeholder:"EMAIL,…" help:"Users who may open /admin, by their mail address. Nobody when empty."`
	AlertMail []string `env:"TIJORI_ALERT_MAIL" placeholder:"EMAIL,…" help:"Who hears by mail of webhook failures, dead letters and silence."`
	AlertURL  string   `name:"alert-url" env:"TIJORI_ALERT_URL" placeholder:"URL" help:"Where to POST the same as JSON: {\"text\", \"alerts\"}."`
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
	if f.AlertURL == "" {
		return nil
	}
	if u, err := url.Parse(f.AlertURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return usagef("TIJORI_ALERT_URL is no http or https address")
	}
	return nil
}

// A teller hands alerts on to whoever is configured.
type teller struct {
	flags  *operatorFlags
	sender tijorimail.Sender
	public string
	client *http.Client
	// by channel and alert, when it was last told: what one channel refuses is not told to the others again
	told map[string]time.Time
}

func newTeller(f *operatorFlags, sender tijorimail.Sender, public string) *teller {
	return &teller{flags: f, sender: sender, public: public, client: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, told: map[string]time.Time{}}
}

// loop is the body of the loop that looks and tells.
func (t *teller) loop(b *billing.Service) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return b.TellAlerts(ctx, t.tell) }
}

// tell sends one message for all of the alerts to each channel. With nobody
// configured they stay on the operators' page. It fails when a channel could not be
// reached: that one is tried again with the next look, the others are not
// told twice within the hour.
func (t *teller) tell(ctx context.Context, list []billing.Alert) error {
	var errs []error
	for _, to := range t.flags.AlertMail {
		errs = append(errs, t.by("mail "+to, list, func(subject string, lines []string, _ []billing.Alert) error {
			return t.sender.Send(ctx, t.message(to, subject, lines))
		}))
	}
	if t.flags.AlertURL != "" {
		errs = append(errs, t.by("url", list, func(subject string, _ []string,
			list []billing.Alert,
		) error {
			return t.post(ctx, subject, list)
		}))
	}
	return errors.Join(errs...)
}

// again is after how long a channel hears of the same group once more, while
// another channel cannot be reached.
const again = time.Hour

// by tells one channel what it has not heard yet.
func (t *teller) by(
	channel string, list []billing.Alert, send func(subject string, lines []string, list []billing.Alert) error,
) error {
	now := time.Now()
	var fresh []billing.Alert
	var lines []string
	for _, a := range list {
		if heard, ok := t.told[key(channel, a)]; !ok || now.Sub(heard) >= again {
			fresh, lines = append(fresh, a), append(lines, a.Sentence())
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	subject := "Tijori: " + lines[0]
	if len(fresh) > 1 {
		subject = fmt.Sprintf("Tijori: %d kinds of trouble with payments", len(fresh))
	}
	if err := send(subject, lines, fresh); err != nil {
		return err
	}
	for _, a := range fresh {
		other := a
		other.State = map[string]string{"raised": "over", "over": "raised"}[a.State]
		delete(t.told, key(channel, other)) // that it comes, or ends, again is news
		t.told[key(channel, a)] = now
	}
	return nil
}

func key(channel string, a billing.Alert) string {
	return channel + " " + string(a.Provider) + " " + a.Kind + " " + a.State
}

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

func (t *teller) post(ctx context.Context, text string, list []billing.Alert) error {
	type alert struct {
		Provider string    `json:"provider"`
		Kind     string    `json:"kind"`
		State    string    `json:"state"`
		Times    int64     `json:"times"`
		Detail   string    `json:"detail"`
		Since    time.Time `json:"since"`
	}
	body := struct {
		Text   string  `json:"text"`
		Alerts []alert `json:"alerts"`
	}{Text: text}
	for _, a := range list {
		body.Alerts = append(body.Alerts, alert{string(a.Provider), a.Kind, a.State, a.Times, a.Detail, a.FirstAt})
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.flags.AlertURL, bytes.NewReader(b))
	if err != nil {
		return errors.New("the alert address is not usable")
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
