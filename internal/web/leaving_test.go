package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// known gives everybody in the world one password.
func (w *world) known() { w.exec(`update users set password_hash = $1`, argon2Hash(ownersPassword)) }

func (w *world) get(path, token string) answer {
	w.Helper()
	return w.send("GET", ask{path: path}, token)
}

func (a answer) has(t *testing.T, what string, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: %d to %q, want %d", what, a.status, a.location(), status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s lacks %q", what, text)
		}
	}
}

// An owner deletes the account, everybody reads on and nobody writes, and an owner keeps it with one tap.
func TestDeleteAndKeepAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.known()
	w.get("/mydata", w.a.Token).has(t, "the page with a plan that renews", 200, `href="/billing"`)
	if strings.Contains(w.get("/mydata", w.a.Token).body, `action="/mydata/delete"`) {
		t.Error("an account with a plan that renews can be deleted")
	}
	remove := form("/mydata/delete", "account", w.a.ids["account"], "password", ownersPassword)
	w.send("POST", remove, w.a.Token).has(t, "deleting with a plan that renews", 409, "Your plan renews.")
	w.free(w.a)
	w.send("POST", form("/mydata/delete", "account", w.a.ids["account"], "password", "not the one"), w.a.Token).
		has(t, "deleting with a wrong password", 422, "This is not your password.", "Download everything")
	for who, member := range w.people {
		if got := w.send("POST", remove, member.Token); !strings.HasPrefix(who, "owner") && got.status != 403 &&
			got.status != 404 {
			t.Errorf("%s deletes the account: %d", who, got.status)
		}
	}
	w.send("POST", form("/mydata/delete", "account", w.a.ids["account"], "password", ownersPassword), w.b.Token).has(t,
		"deleting somebody else's account", 404)
	if n := one[int](w, `select count(*) from accounts where leaving_at is not null`); n != 0 {
		t.Fatalf("%d accounts leave", n)
	}

	for range 2 { // sent twice
		if got := w.send("POST", remove, w.a.Token); got.status != 303 || got.location() != "/mydata" {
			t.Fatalf("deleting: %d %s", got.status, got.body)
		}
	}
	shop := "/b/" + w.a.ids["business"]
	w.get(shop, w.a.Token).has(t, "the owner's khata", 200, "This account will be erased on", `action="/account/keep"`,
		wordOfA+"party living")
	w.get("/mydata/download", w.a.Token).has(t, "the download", 200)
	manager := w.people["manager of account"]
	got := w.get(shop, manager.Token)
	got.has(t, "a manager's khata", 200, "This account will be erased on")
	if strings.Contains(got.body, "/account/keep") {
		t.Error("a manager is offered to keep the account")
	}
	w.get("/", w.b.Token).has(t, "somebody else's start", 200)
	if strings.Contains(w.get("/b/"+w.b.ids["business"], w.b.Token).body, "will be erased") {
		t.Error("somebody else is told that their account leaves")
	}
	if got := w.get("/s/"+w.a.ids["link"], ""); got.status != 404 {
		t.Errorf("a shared link of an account that leaves: %d", got.status)
	}
	party := shop + "/p/" + w.a.ids["party"]
	for path, k := range map[string]ask{
		"a party": form(shop+"/parties/new", "id", newIDText(), "kind", "customer", "name", "New", "phone", "",
			"note", ""),
		"an entry": form(party+"/entries/new", "id", newIDText(), "side", "given", "amount", "10", "date",
			time.Now().Format(time.DateOnly), "note", ""),
		"a business": form("/businesses/new", "id", newIDText(), "name", "Third", "currency", "INR", "zone",
			"Asia/Kolkata"),
		"an invitation": form("/team/invite", "id", newIDText(), "email", "more@example.com", "role", "counter",
			"business", ""),
		"a link": form(party+"/share", "id", newIDText(), "range", "all", "to", time.Now().Format(time.DateOnly)),
	} {
		if got := w.send("POST", k, w.a.Token); got.status < 400 || got.status >= 500 {
			t.Errorf("%s is written in an account that leaves: %d to %s", path, got.status, got.location())
		}
	}
	keep := form("/account/keep", "account", w.a.ids["account"])
	w.send("POST", keep, w.b.Token).has(t, "keeping somebody else's account", 404)
	if got := w.send("POST", keep, manager.Token); got.status != 403 {
		t.Errorf("a manager keeps the account: %d", got.status)
	}
	if one[int](w, `select count(*) from accounts where leaving_at is not null`) != 1 {
		t.Fatal("the account was kept by somebody else")
	}
	for range 2 {
		if got := w.send("POST", keep, w.a.Token); got.status != 303 {
			t.Fatalf("keeping: %d %s", got.status, got.body)
		}
	}
	if got := w.send("POST", form(party+"/entries/new", "id", newIDText(), "side", "given", "amount", "10", "date",
		time.Now().Format(time.DateOnly), "note", ""), w.a.Token); got.status != 303 {
		t.Errorf("an entry after the account was kept: %d", got.status)
	}
}

// A form from another site deletes nothing, and neither does one without a password.
func TestDeleteFromAnotherSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.known()
	w.free(w.a)
	for _, k := range []ask{
		form("/mydata/delete", "account", w.a.ids["account"], "password", ownersPassword),
		form("/settings/delete", "leaving", ownersPassword),
		form("/account/keep", "account", w.a.ids["account"]), form("/account/new", "name", "Own", "currency", "INR"),
	} {
		r, err := k.request("POST", w.url)
		w.ok(err)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		if got := w.do(r, w.a.Token); got.status != 403 {
			t.Errorf("%s from another site: %d", k.path, got.status)
		}
	}
	w.send("POST", form("/mydata/delete", "account", w.a.ids["account"]), w.a.Token).has(t,
		"deleting without a password", 422)
	if n := one[int](w, `select count(*) from accounts where leaving_at is not null`); n != 0 {
		t.Errorf("%d accounts leave", n)
	}
}

// Who was removed from the only account sees a kind page, no ways that lead nowhere, and opens an own one.
func TestWhoBelongsNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.known()
	member := w.people["manager of account"]
	w.exec(`delete from members where user_id = $1`, member.UserID)
	start := w.get("/", member.Token)
	start.has(t, "the start of a removed member", 200, `href="/account/new"`)
	for _, dead := range []string{`href="/team"`, `href="/billing"`, `href="/businesses/new"`} {
		if strings.Contains(start.body, dead) {
			t.Errorf("the start of a removed member offers %s", dead)
		}
	}
	for _, path := range []string{"/settings", "/account/new"} {
		w.get(path, member.Token).has(t, path, 200)
	}
	w.send("POST", form("/account/new", "name", " ", "currency", "INR"), member.Token).has(t,
		"an account without a name", 422)
	for range 2 {
		if got := w.send("POST", form("/account/new", "name", "My own shop", "currency", "USD"),
			member.Token); got.status != 303 || got.location() != "/" {
			t.Fatalf("opening an account: %d %s", got.status, got.body)
		}
	}
	if n := one[int](w, `select count(*) from members where user_id = $1`, member.UserID); n != 1 {
		t.Errorf("%d memberships, want 1", n)
	}
	if got := w.get("/", member.Token); got.status != 303 || !strings.HasPrefix(got.location(), "/b/") {
		t.Errorf("the start leads to %d %q", got.status, got.location())
	}
	w.get("/businesses/new", member.Token).has(t, "one more business", 200, `value="USD" selected`)
}

// A member leaves a team alone, and deletes the login; the last owner deletes the account first.
func TestLeaveTeamAndLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.known()
	member := w.people["counter of business"]
	id := one[uuid.UUID](w, `select id from members where user_id = $1`, member.UserID).String()
	leave := form("/settings/teams/" + id + "/leave")
	w.send("POST", leave, w.a.Token).has(t, "leaving for somebody else", 404)
	w.get("/settings", member.Token).has(t, "a counter's settings", 200, "/settings/teams/"+id+"/leave",
		`action="/settings/delete"`)
	if got := w.send("POST", leave, member.Token); got.status != 303 {
		t.Fatalf("leaving: %d", got.status)
	}
	w.get("/b/"+w.a.ids["business"], member.Token).has(t, "the khata of who has left", 404)

	second := w.people["accountant of account"]
	w.send("POST", form("/settings/delete", "leaving", "not the one"), second.Token).has(t, "a wrong password", 422,
		"This is not your password.")
	w.send("POST", form("/settings/delete", "leaving", ownersPassword), w.a.Token).has(t, "the last owner", 409)
	if got := w.send("POST", form("/settings/delete", "leaving", ownersPassword), second.Token); got.status != 303 ||
		got.location() != "/login" {
		t.Fatalf("deleting the login: %d %s", got.status, got.body)
	}
	if n := one[int](w, `select count(*) from users where id = $1`, second.UserID); n != 0 {
		t.Error("the login is left")
	}
	if got := w.get("/settings", second.Token); got.status != 303 || !strings.HasPrefix(got.location(), "/login") {
		t.Errorf("the deleted login's session: %d %s", got.status, got.location())
	}
}

// cookies of an answer, to be sent with the next request.
func (a answer) cookies(r *http.Request) {
	for _, line := range a.header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil && c.MaxAge >= 0 {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
}

// The page after the form names the address that was typed, and sends the mail again: the same for every address.
func TestSignUpSentAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	for _, address := range []string{"new@example.com", w.a.Email} {
		got := w.send("POST", form("/signup", "name", "Asha", "email", address, "business",
			"Asha Kirana", "locale", "en", "currency", "INR"), "")
		for _, path := range []string{"/signup/sent", "/recover/sent"} {
			r, err := ask{path: path}.request("GET", w.url)
			w.ok(err)
			got.cookies(r)
			w.do(r, "").has(t, path, 200, address)
		}
		again := w.send("POST", form("/signup/again", "email", address), "")
		if again.status != 303 || again.location() != "/signup/sent" {
			t.Errorf("sending again to %s: %d", address, again.status)
		}
	}
	w.get("/signup/sent", "").has(t, "the page of nobody", 200, "Check your email")
	w.send("POST", form("/signup/again", "email", "none"), "").has(t, "sending to no address", 422)
	// A made-up cookie shows no words of a stranger.
	r, err := ask{path: "/signup/sent"}.request("GET", w.url)
	w.ok(err)
	r.AddCookie(&http.Cookie{Name: "sent_to", Value: "PGI-aGVsbG88L2I-"})
	if got := w.do(r, ""); strings.Contains(got.body, "hello") {
		t.Error("the page shows what is no address")
	}
	var last answer
	for range 12 {
		last = w.send("POST", form("/signup/again", "email", "new@example.com"), "")
	}
	last.has(t, "sending too often", 429)
}

// All that is wrong with a sign-up is shown at once, each at its field, and what was typed stays.
func TestSignUpShowsAllFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send("POST", form("/signup", "name", "", "email", "asha@", "business", "", "locale", "hi",
		"currency", "USD"), "").
		has(t, "the form", 422, `id="name-error"`, `id="email-error"`, `id="business-error"`,
			`value="asha@"`, `value="USD" selected`)
}

// Signing in before the address is confirmed says what an address says that nobody has.
func TestSignInUnconfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	address := wordOfB + "mail-waiting@example.com"
	waiting, nobody := w.send("POST", form("/login", "email", address, "password", "not the one"), ""), w.send("POST",
		form("/login", "email", "nobody@example.com", "password", "not the one"), "")
	waiting.has(t, "a sign-up that waits", 422)
	if strings.ReplaceAll(waiting.body, address, "") != strings.ReplaceAll(nobody.body, "nobody@example.com", "") ||
		waiting.status != nobody.status {
		t.Error("a sign-up that waits differs from an address that nobody has")
	}
}

// Links that have ended lead on, and say the same whether there was one or not.
func TestEndedLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.exec(`update recoveries set used_at = now()`)
	w.exec(`update invitations set accepted_at = now()`)
	w.exec(`update signups set expires_at = now() - interval '1 minute'`)
	w.exec(`update email_changes set ended_at = now()`)
	for _, c := range []struct{ path, kind, next string }{
		{"/confirm/", "sign-up", `href="/login"`},
		{"/recover/", "recovery", `href="/recover"`},
		{"/invite/", "invite", `href="/login"`},
		{"/email/", "email", `href="/login"`},
		{"/email/back/", "email back", `href="/login"`},
	} {
		ended, never := w.get(c.path+w.a.ids[c.kind], ""), w.get(c.path+randomToken(), "")
		ended.has(t, c.path, 404, c.next, "no longer works")
		same := func(a answer) string {
			body := a.body
			for _, at := range []string{`name="next" value="`} {
				if _, after, ok := strings.Cut(body, at); ok {
					_, rest, _ := strings.Cut(after, `"`)
					body = strings.Split(body, at)[0] + rest
				}
			}
			return body
		}
		if same(ended) != same(never) {
			t.Errorf("%s tells a link that has ended from one that never was", c.path)
		}
		password := form(c.path+w.a.ids[c.kind], "name", "Ravi", "password", ownersPassword)
		w.send("POST", password, "").has(t, c.path+" sent", 404, "no longer works")
	}
}
