package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/web/page/securitylog"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A member of a single business, who is in no account as a whole, learns the plan that the business is under, and
// nothing that owners alone learn.
func TestBillingMeOfASingleBusiness(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	shop := uuid.MustParse(w.a.ids["business2"])
	counter := w.db.Member(w, w.a.User, &shop, "counter")
	w.exec(`update credentials set account_id = null where user_id = $1`, counter.UserID)
	for _, path := range []string{"/api/billing/me", "/api/billing/me?business=" + shop.String()} {
		got := w.get(path, counter.Token)
		got.has(t, path, 200, `"account_id":"`+w.a.AccountID.String()+`"`, `"tier":"pro"`)
		if strings.Contains(got.body, "subscription_status") || strings.Contains(got.body, "credits") {
			t.Errorf("%s tells a counter what owners learn: %s", path, got.body)
		}
	}
	for _, foreign := range []string{
		w.a.ids["business"], w.b.ids["business"], uuid.NewString(), "x", uuid.Nil.String(),
	} {
		w.get("/api/billing/me?business="+foreign, counter.Token).has(t, "business "+foreign, 404)
	}
	w.exec(`insert into members (account_id, id, user_id, business_id, role) values ($1, gen_random_uuid(), $2, $3, 'counter')`,
		w.b.AccountID, counter.UserID, w.b.ids["business"])
	w.get("/api/billing/me", counter.Token).has(t, "businesses of two accounts", 422)
	w.get("/api/billing/me?business="+w.b.ids["business"], counter.Token).has(t, "the other one by name", 200,
		w.b.AccountID.String())
	w.exec(`delete from members where user_id = $1`, counter.UserID)
	for _, path := range []string{"/api/billing/me", "/api/billing/me?business=" + shop.String()} {
		w.get(path, counter.Token).has(t, "a removed member at "+path, 404)
	}
}

// The language and the shop that somebody signed up with are there behind the link, in a browser that knows neither.
func TestLanguageSurvivesTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.exec(`update signups set locale = 'hi' where email = $1`, wordOfA+"mail-waiting@example.com")
	r, err := http.NewRequest("GET", w.url+"/confirm/"+w.a.ids["sign-up"], nil)
	w.ok(err)
	r.Header.Set("Accept-Language", "en")
	w.do(r, "").has(t, "the link", 200, `<html lang="hi"`, wordOfA+"shop waiting", `autocomplete="new-password"`)
	weak := w.send("POST", form("/confirm/"+w.a.ids["sign-up"], "password", "short"), "")
	weak.has(t, "a weak password", 422, `<html lang="hi"`, `id="password-error"`)
	opened := w.send("POST", form("/confirm/"+w.a.ids["sign-up"], "password", signUpPassword), "")
	opened.has(t, "the password", 303)
	var session, device string
	for _, c := range opened.header.Values("Set-Cookie") {
		name, rest, _ := strings.Cut(c, "=")
		value, _, _ := strings.Cut(rest, ";")
		switch name {
		case "session":
			session = value
		case "device":
			device = value
			if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "Max-Age=31536000") {
				t.Errorf("the cookie of the device: %s", c)
			}
		}
	}
	if session == "" || len(device) != 43 {
		t.Fatalf("the answer sets the session %q and the device %q", session, device)
	}
	if out := w.send("POST", form("/logout"), session); strings.Contains(strings.Join(out.header.Values("Set-Cookie"),
		"\n"),
		"device=") {
		t.Error("signing out forgets the device")
	}
	if got := one[string](w, `select u.locale || ' ' || b.name from users u join members m on m.user_id = u.id
		join businesses b on b.account_id = m.account_id where u.email = $1`, wordOfA+
		"mail-waiting@example.com"); got !=
		"hi "+wordOfA+"shop waiting" {
		t.Errorf("the account has %q", got)
	}
}

// The log is read page by page, as a page and as JSON, by owners only; a place that is none is not found.
func TestSecurityLogPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.exec(`insert into security_log (account_id, kind, user_id, detail)
		select $1, 'signed_in', $2, 'line ' || n from generate_series(1, 120) n`, w.a.AccountID, w.a.UserID)
	seen, after := 0, ""
	for range 10 {
		got := w.get("/api/security?after="+after, w.a.Token)
		got.has(t, "the log", 200)
		seen += strings.Count(got.body, `"event":"signed_in"`)
		_, rest, more := strings.Cut(got.body, `"after":"`)
		if !more {
			after = ""
			break
		}
		after, _, _ = strings.Cut(rest, `"`)
	}
	if seen != 120 || after != "" {
		t.Errorf("%d lines were seen page by page, want 120; left at %q", seen, after)
	}
	for _, wrong := range []string{"x", "%00", strings.Repeat("A", 3000), "MjAyNi0wMS0wMVQwMDowMDowMFogeA"} {
		w.get("/security?after="+wrong, w.a.Token).has(t, "a place that is none", 404)
	}
}

// Every event has words of its own in both languages, and a letter where it is told.
func TestEventsHaveWords(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	rows, err := pgtest.New(t).Super.Query(t.Context(), `select kind, tells from tijori.security_kinds`)
	if err != nil {
		t.Fatal(err)
	}
	links := mail.Links{Public: &url.URL{Scheme: "https", Host: "khata.example.com"}}
	var event, tells string
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&event, &tells}, func() error {
		n++
		for _, locale := range []string{"en", "hi"} {
			view := securitylog.View{Shell: ui.Shell{Locale: locale}}
			words := view.What(securitylog.Line{Event: event})
			if words == event || said[words] {
				t.Errorf("%s has no words of its own in %s: %q", event, locale, words)
			}
			said[words] = true
		}
		_, noLetter := links.Notice("a@example.com", "en", mail.Notice{Event: event})
		if (noLetter == nil) != (tells != "nobody") {
			t.Errorf("%s is told to %s, and has a letter: %t", event, tells, noLetter == nil)
		}
		return nil
	})
	if err != nil || n < 20 {
		t.Errorf("%d events, %v", n, err)
	}
}
