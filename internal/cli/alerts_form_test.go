package cli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

// A post is a request as its receiver has it.
type post struct {
	header http.Header
	body   []byte
}

type postman func(*http.Request) (*http.Response, error)

func (p postman) RoundTrip(r *http.Request) (*http.Response, error) { return p(r) }

// posted hands alerts of the watch to an address, and returns what it was sent.
func posted(t *testing.T, flags operatorFlags) post {
	t.Helper()
	if err := flags.check(); err != nil {
		t.Fatal(err)
	}
	tell := newTeller(&flags, nil, "https://khata.example.com")
	var got post
	tell.client.Transport = postman(func(r *http.Request) (*http.Response, error) {
		if r.URL.String() != flags.AlertURL || got.body != nil {
			return nil, errors.New("it goes elsewhere, or twice")
		}
		body, err := io.ReadAll(r.Body)
		got = post{r.Header, body}
		return &http.Response{StatusCode: 200, Body: http.NoBody}, err
	})
	if err := tell.hand(context.Background(), watchNews([]watch.Alert{
		{
			ID: uuid.New(), Rule: detect.Walking, State: "raised", Times: 7, FirstAt: time.Unix(1_800_000_000, 0),
			Detail: "one caller asked for 7 ids <!channel> & more",
		},
		{ID: uuid.New(), Rule: detect.Slow, State: "over", Detail: "the dashboard was slow"},
	})); err != nil {
		t.Fatal(err)
	}
	return got
}

// Slack reads one text, and nothing in an alert speaks to everybody in the channel.
func TestSlackForm(t *testing.T) {
	t.Parallel()
	got := posted(t, operatorFlags{AlertURL: "https://hooks.slack.com/services/T0/B0/x"})
	var body map[string]string
	if err := json.Unmarshal(got.body, &body); err != nil || len(body) != 1 {
		t.Fatalf("%s: %v", got.body, err)
	}
	for _, want := range []string{
		"Tijori: 2 alerts from the access log\n", "\n• walking: one caller asked for 7 ids &lt;!channel&gt; &amp; more (since 2027-01-15",
		"\n• slow: the dashboard was slow: over", "\nhttps://khata.example.com/admin",
	} {
		if !strings.Contains(body["text"], want) {
			t.Errorf("the text lacks %q:\n%s", want, body["text"])
		}
	}
	if got.header.Get("Webhook-Signature") != "" {
		t.Error("it is signed without a secret")
	}
}

// Whoever receives a signed message can tell that it is ours and how old it is, as Standard Webhooks say.
func TestStandardWebhooksForm(t *testing.T) {
	t.Parallel()
	key := []byte(strings.Repeat("k", 32))
	got := posted(t, operatorFlags{
		AlertURL: "https://alerts.example.com/in", AlertSecret: "whsec_" + base64.StdEncoding.EncodeToString(key),
	})
	id, at := got.header.Get("Webhook-Id"), got.header.Get("Webhook-Timestamp")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "." + string(got.body)))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); got.header.Get("Webhook-Signature") != want {
		t.Errorf("it is signed %q, want %q", got.header.Get("Webhook-Signature"), want)
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > time.Hour || !strings.HasPrefix(id, "msg_") {
		t.Errorf("id %q, timestamp %q", id, at)
	}
	var event struct {
		Type      string
		Timestamp time.Time
		Data      struct {
			Text   string
			Alerts []struct {
				Provider, Kind, State, Detail string
				Times                         int
			}
		}
	}
	if err := json.Unmarshal(got.body, &event); err != nil || event.Type != "alerts.changed" ||
		event.Timestamp.Unix() != seconds || len(event.Data.Alerts) != 2 || event.Data.Alerts[0].Provider != "watch" ||
		event.Data.Alerts[0].Kind != "walking" || event.Data.Alerts[0].Times != 7 ||
		event.Data.Alerts[1].State != "over" {
		t.Errorf("%s: %v", got.body, err)
	}
}
