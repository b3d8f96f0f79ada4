package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

var b64 = base64.RawURLEncoding.EncodeToString

// A scripted server answers one request after the other, and remembers what it was asked.
type scripted struct {
	answers []string // "status body"; "" hangs up
	asked   []string
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.Method+" "+r.URL.EscapedPath())
	next := "500 {}"
	if len(s.answers) > 0 {
		next, s.answers = s.answers[0], s.answers[1:]
	}
	if next == "" {
		panic(http.ErrAbortHandler)
	}
	status, err := strconv.Atoi(next[:3])
	if err != nil {
		panic(err)
	}
	w.WriteHeader(status)
	fmt.Fprint(w, next[4:])
}

func script(t *testing.T, answers ...string) (*scripted, *Customer) {
	t.Helper()
	s := &scripted{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, New(server.URL, "tj_test_sk_unit").Customer("org|7")
}

func TestCustomerIsMadeWhenMissing(t *testing.T) {
	t.Parallel()
	s, org := script(t, `404 {"error":"not_found"}`, `201 {"id":"org|7"}`, `200 {"allowed":true}`)
	got, err := org.Check(t.Context(), "render", 0)
	if err != nil || !got.Allowed {
		t.Fatalf("Check = %+v, %v", got, err)
	}
	want := "POST /api/v1/customers/org%7C7/check,PUT /api/v1/customers/org%7C7,POST /api/v1/customers/org%7C7/check"
	if asked := strings.Join(s.asked, ","); asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
	for _, id := range []string{"", ".", ".."} {
		if _, err := New("http://127.0.0.1:1", "k").Customer(id).State(t.Context()); err == nil {
			t.Errorf("the id %q is sent", id)
		}
	}
}

func TestCancelWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	const refused = `409 {"error":"conflict","code":"no_subscription"}`
	_, org := script(t, "", refused, `200 {"ends_at":"2027-01-01T00:00:00Z"}`)
	if got, err := org.Cancel(t.Context()); err != nil || got.EndsAt == nil {
		t.Errorf("Cancel = %+v, %v; the state says that it is done", got, err)
	}
	s, org := script(t, refused)
	var e *Error
	if _, err := org.Cancel(t.Context()); !errors.As(err, &e) || e.Reason != "no_subscription" || len(s.asked) != 1 {
		t.Errorf("Cancel = %v after %d requests", err, len(s.asked))
	}
}

func TestVerifyWebhook(t *testing.T) {
	t.Parallel()
	now := time.Now()
	key, old := []byte(rand.Text()), []byte(rand.Text())
	secret := func(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }
	body := `{"number":3,"type":"customer.state_changed","data":{"id":"ä"},"news":1}`
	sign := func(by []byte, at time.Time, id, body string) *http.Request {
		mac := hmac.New(sha256.New, by)
		fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
		r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
		r.Header.Set("Webhook-Id", id)
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("Webhook-Signature", "v1,AAAA v1a,x v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		return r
	}
	if e, err := VerifyWebhook(sign(key, now, "m", body), secret(old), secret(key)); err != nil || e.Number != 3 {
		t.Errorf("VerifyWebhook = %+v, %v", e, err)
	}
	altered := sign(key, now, "m", body)
	altered.Body = http.NoBody
	renamed := sign(key, now, "m", body)
	renamed.Header.Set("Webhook-Id", "n")
	for what, r := range map[string]*http.Request{
		"another secret": sign(old, now, "m", body), "another body": altered, "another id": renamed,
		"old": sign(key, now.Add(-6*time.Minute), "m", body), "early": sign(key, now.Add(6*time.Minute), "m", body),
		"unsigned": httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body)),
		"no id":    sign(key, now, "", body),
	} {
		if e, err := VerifyWebhook(r, secret(key)); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: VerifyWebhook = %+v, %v", what, e, err)
		}
	}
	if _, err := VerifyWebhook(sign(key, now, "m", body)); err == nil {
		t.Error("no secret verifies")
	}
	if _, err := VerifyWebhook(sign(nil, now, "m", body), "whsec_"); err == nil {
		t.Error("an empty secret verifies")
	}
}

func TestVerifySnapshot(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	keys := []SnapshotKey{{Kty: "EC", Crv: "P-256", X: b64(point[1:33]), Y: b64(point[33:]), Kid: "one"}}
	now := time.Now()
	sign := func(by *ecdsa.PrivateKey, head string, exp time.Time) string {
		t.Helper()
		body, err := json.Marshal(Snapshot{
			App: "acme-test", Customer: "o", Plan: "studio", Entitlements: []string{"render"},
			Limits: map[string]int64{"projects": 3}, FreshUntil: now.Unix(), Expires: exp.Unix(),
		})
		if err != nil {
			t.Fatal(err)
		}
		text := b64([]byte(head)) + "." + b64(body)
		sum := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, by, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		mac := make([]byte, 64)
		r.FillBytes(mac[:32])
		s.FillBytes(mac[32:])
		return text + "." + b64(mac)
	}
	const head = `{"alg":"ES256","kid":"one"}`
	later := now.Add(time.Hour)
	s, err := VerifySnapshot(sign(key, head, later), "o", keys)
	if err != nil {
		t.Fatal(err)
	}
	for feature, want := range map[string]bool{"render": true, "batch": false, "credits": false} {
		if got := s.Allows(feature, 1); got != want {
			t.Errorf("Allows(%q) = %v, want %v", feature, got, want)
		}
	}
	if !s.Allows("projects", 3) || s.Allows("projects", 4) {
		t.Error("three projects are not the limit")
	}
	good := strings.Split(sign(key, head, later), ".")
	for what, bad := range map[string]string{
		"a stranger's": sign(stranger, head, later), "ended": sign(key, head, now.Add(-time.Second)),
		"no algorithm":      b64([]byte(`{"alg":"none","kid":"one"}`)) + "." + good[1] + ".",
		"another key":       sign(key, `{"alg":"ES256","kid":"two"}`, later),
		"critical headers":  sign(key, `{"alg":"ES256","kid":"one","crit":["b64"]}`, later),
		"another algorithm": sign(key, `{"alg":"HS256","kid":"one"}`, later),
		"altered":           good[0] + "." + b64([]byte(`{"customer":"o","exp":99999999999}`)) + "." + good[2],
		"nonsense":          "a.b.c",
	} {
		if got, err := VerifySnapshot(bad, "o", keys); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: VerifySnapshot = %+v, %v", what, got, err)
		}
	}
	if _, err := VerifySnapshot(sign(key, head, later), "p", keys); !errors.Is(err, ErrSnapshot) {
		t.Errorf("another customer's snapshot is believed: %v", err)
	}
}
