package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/mail/mailtest"
)

// A chat is a webhook of a chat program, as operators have it: a secret is in its path.
type chat struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	answer http.HandlerFunc // nil is 200
}

func newChat(t *testing.T) *chat {
	c := &chat{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s of %s: %v", r.Method, r.Header.Get("Content-Type"), err)
		}
		c.mu.Lock()
		c.bodies = append(c.bodies, string(b))
		answer := c.answer
		c.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.bodies...)
}

func (c *chat) answers(h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer, c.bodies = h, nil
}

var trouble = []billing.Alert{
	{
		Provider: facts.Stripe, Kind: billing.AlertDead, State: "raised", Times: 12,
		Detail: "12 events could not be applied", FirstAt: time.Now(),
	},
	{
		Provider: facts.Razorpay, Kind: billing.AlertSilent, State: "raised", Times: 1, Detail: "no event since Monday",
		FirstAt: time.Now(),
	},
	{
		Provider: facts.Stripe, Kind: billing.AlertRefused, State: "over", Detail: "deliveries were refused",
		FirstAt: time.Now(),
	},
}

// Alerts go to a real SMTP server and a real HTTP server: one message each for
// everything, and what one of them refuses is not told to the other again.
func TestAlertsAreDelivered(t *testing.T) {
	t.Parallel()
	sink := (&mailtest.Sink{Security: mail.NoTLS}).Serve(t)
	sender, err := mail.NewSMTP(mail.SMTPConfig{
		Host: sink.Host, Port: sink.Port, Security: mail.NoTLS,
		From: "Tijori <tijori@example.com>", Timeout: 3 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := newChat(t)
	flags := &operatorFlags{AlertMail: []string{"op@example.com"}, AlertURL: c.URL + "/hooks/T0PSECRET"}
	tell := newTeller(flags, sender, "https://khata.example.com")

	c.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	for range 3 { // the chat is broken: it is asked again, the mail is not sent again
		if err := tell.tell(t.Context(), trouble); err == nil || strings.Contains(err.Error(), "T0PSECRET") {
			t.Fatalf("with a broken chat: %v, want an error without its address", err)
		}
	}
	mails := sink.Wait(t, 1)
	if len(c.got()) != 3 {
		t.Errorf("the broken chat was asked %d times, want 3", len(c.got()))
	}
	m := mails[0].Read(t)
	if mails[0].To != "op@example.com" || m.Subject != "Tijori: 3 kinds of trouble with payments" {
		t.Errorf("to %s: %s", mails[0].To, m.Subject)
	}
	for _, want := range []string{
		"Stripe: dead: 12 events could not be applied", "Razorpay: silent",
		"over (it was: deliveries were refused)", "https://khata.example.com/admin",
	} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			t.Errorf("the mail lacks %q:\n%s", want, m.Text)
		}
	}

	c.answers(nil)
	if err := tell.tell(t.Context(), trouble); err != nil {
		t.Fatal(err)
	}
	if err := tell.tell(t.Context(), trouble); err != nil || len(c.got()) != 1 { // the same once more, within the hour
		t.Errorf("mended: %v, %d messages, want one", err, len(c.got()))
	}
	var body struct {
		Text   string
		Alerts []struct {
			Provider, Kind, State, Detail, Since string
			Times                                int
		}
	}
	if err := json.Unmarshal([]byte(c.got()[0]), &body); err != nil || len(body.Alerts) != 3 ||
		body.Text != m.Subject || body.Alerts[0].Times != 12 || body.Alerts[2].State != "over" {
		t.Errorf("the chat got %s (%v)", c.got()[0], err)
	}
	over := trouble[0]
	over.State = "over"
	c.answers(nil)
	if err := tell.tell(t.Context(), []billing.Alert{over}); err != nil || len(c.got()) != 1 ||
		len(sink.Wait(t, 2)) != 2 {
		t.Errorf("its end: %v, %d messages", err, len(c.got()))
	}
	if err := tell.tell(t.Context(), trouble[:1]); err != nil || len(c.got()) != 2 { // and a new beginning
		t.Errorf("once more: %v, %d messages", err, len(c.got()))
	}
}

// A hostile receiver can keep nobody waiting, lead nowhere and learn nothing.
func TestAlertsWithstandTheReceiver(t *testing.T) {
	t.Parallel()
	c := newChat(t)
	elsewhere := newChat(t)
	tell := newTeller(&operatorFlags{AlertURL: c.URL + "/hooks/T0PSECRET"}, nil, "https://khata.example.com")
	tell.client.Timeout = time.Second
	for name, one := range map[string]struct {
		answer http.HandlerFunc
		fails  bool
	}{
		"leads elsewhere": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, true},
		"never answers": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true},
		"hangs up":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		"refuses": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("no ", 1000), http.StatusForbidden)
		}, true},
		"never ends": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<12)); err != nil {
					return
				}
			}
		}, false}, // it has said 200; what follows is not read
	} {
		c.answers(one.answer)
		clear(tell.told)
		start := time.Now()
		err := tell.tell(t.Context(), trouble)
		if (err != nil) != one.fails || err != nil && (strings.Contains(err.Error(), "T0PSECRET") ||
			len(err.Error()) > 100) {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: took %s", name, d)
		}
	}
	if n := len(elsewhere.got()); n != 0 {
		t.Errorf("%d messages were led elsewhere", n)
	}
	if err := newTeller(&operatorFlags{AlertURL: "http://127.0.0.1:1/hooks/T0PSECRET"}, nil, "").tell(t.Context(),
		trouble); err == nil || strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), "T0PSECRET") {
		t.Errorf("nobody listens: %v", err)
	}
}
