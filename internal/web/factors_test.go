package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/account"
)

// stale is a session of a side's owner that proved itself too long ago, by a password alone.
func (w *world) stale(s *side) string {
	w.Helper()
	token := w.session(s.UserID, s.AccountID, "30 days", false).token
	hash := account.Hash(token)
	w.exec(`update credentials set proven_at = now() - interval '11 minutes', strong_at = null where hash = $1`,
		hash[:])
	return token
}

// proofForm is the form of a page that asks for a password, as it stands there.
func proofForm(t *testing.T, got answer) (action string, fields url.Values) {
	t.Helper()
	for _, f := range formTag.FindAllStringSubmatch(got.body, -1) {
		if !strings.Contains(f[2], `name="proof_password"`) {
			continue
		}
		fields = url.Values{}
		for _, in := range inputTag.FindAllStringSubmatch(f[2], -1) {
			if i := attributes(in[1]); i["name"] != "" {
				fields.Add(i["name"], i["value"])
			}
		}
		return attributes(f[1])["action"], fields
	}
	t.Fatalf("no form asks for the password: %d %.400s", got.status, got.body)
	return "", nil
}

// A stolen session that has not proved itself for a while changes nothing that can do harm. With the password it does
// what was asked for in the first place, as it was typed; and what does no harm is not asked about.
func TestStaleSessionProvesItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask    func(*side) ask
		counts string // rows of the owner that tell whether it happened
		status int
	}{
		"payee": {func(s *side) ask {
			return form("/b/"+s.ids["business"]+"/upi", "id", newIDText(), "upi", "thief@upi", "payee", "Thief")
		}, `select count(*) from payees where account_id = $1 and upi_id = 'thief@upi'`, 303},
		"key": {
			func(*side) ask { return form("/billing/keys", "name", "thief's") },
			`select count(*) from credentials where account_id = $1 and kind = 'api_key' and name = 'thief''s'`, 200,
		},
		"owner invited": {func(*side) ask {
			return form("/team/invite", "id", newIDText(), "email", "thief@example.com", "role", "owner")
		}, `select count(*) from invitations where account_id = $1 and email = 'thief@example.com'`, 303},
		"owner made": {
			func(s *side) ask { return form("/team/members/"+s.ids["member"]+"/role", "role", "owner") },
			`select count(*) - 1 from members where account_id = $1 and role = 'owner'`, 303,
		},
		"passkey removed": {
			func(s *side) ask { return form("/settings/passkeys/" + s.ids["passkey"] + "/remove") },
			`select 1 - count(*) from passkeys p join members m on m.user_id = p.user_id and m.role = 'owner' where m.account_id = $1`, 303,
		},
		"codes": {
			func(*side) ask { return form("/settings/codes") },
			`select count(*) / 10 from recovery_codes r join members m on m.user_id = r.user_id and m.role = 'owner' where m.account_id = $1`, 200,
		},
		"two steps": {
			func(*side) ask { return form("/settings/twostep", "on", "1") },
			`select count(*) from users u join members m on m.user_id = u.id and m.role = 'owner' where m.account_id = $1 and u.two_step`, 200,
		},
		"app": {
			func(*side) ask { return form("/settings/app") },
			`select count(*) from totps o join members m on m.user_id = o.user_id and m.role = 'owner' where m.account_id = $1`, 200,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := owned(t)
			w.password()
			token := w.stale(w.a)
			happened := func() int { return one[int](w, c.counts, w.a.AccountID) }
			got := w.send("POST", c.ask(w.a), token)
			if got.status != 403 || happened() != 0 {
				t.Fatalf("without a proof: %d, happened %d times: %.300s", got.status, happened(), got.body)
			}
			action, fields := proofForm(t, got)
			fields.Set("proof_password", "not the right one")
			if got := w.send("POST", ask{path: action, form: fields}, token); got.status != 422 || happened() != 0 {
				t.Fatalf("with a wrong password: %d, happened %d times", got.status, happened())
			}
			fields.Set("proof_password", ownersPassword)
			if got := w.send("POST", ask{path: action, form: fields}, token); got.status != c.status ||
				happened() != 1 {
				t.Fatalf("with the password: %d, happened %d times: %.300s", got.status, happened(), got.body)
			}
		})
	}
}

func TestStaleSessionDownloadsNothing(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	token := w.stale(w.a)
	got := w.send("GET", ask{path: "/mydata/download"}, token)
	if got.status != 303 || got.location() != "/stepup?next=%2Fmydata" {
		t.Fatalf("%d to %q, want the question who is there", got.status, got.location())
	}
	got = w.send("POST", form("/team/invite", "id", newIDText(), "email", "help@example.com", "role", "counter"), token)
	if got.status != 303 || got.location() != "/team" {
		t.Errorf("an invitation that does no harm: %d to %q", got.status, got.location())
	}
	got = w.send("POST", form("/stepup", "next", "//evil.example", "proof_password", ownersPassword), token)
	if got.status != 303 || got.location() != "/settings/signin" {
		t.Errorf("a proof that would lead elsewhere: %d to %q", got.status, got.location())
	}
	if got = w.send("GET", ask{path: "/mydata/download"}, token); got.status != 200 {
		t.Errorf("after the proof: %d", got.status)
	}
}

// An operator's password opens no operator's page. Somebody without a factor is led to where one is set up, and anybody
// else does not learn that there is such a page.
func TestOperatorsNeedTwoSteps(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	token := w.stale(w.a)
	for _, x := range []struct{ method, path string }{{"GET", "/admin"}, {"POST", "/admin/credits"}} {
		k := ask{path: x.path}
		if x.method == "POST" {
			k.form = url.Values{}
		}
		got := w.send(x.method, k, token)
		if got.status != 303 || got.location() != "/stepup?strong=1&next=%2Fadmin" {
			t.Errorf("%s %s: %d to %q", x.method, x.path, got.status, got.location())
		}
		if got := w.send(x.method, k, w.stale(w.b)); got.status != 404 {
			t.Errorf("%s %s for somebody else: %d", x.method, x.path, got.status)
		}
	}
	got := w.send("POST", form("/stepup", "next", "/admin", "proof_password", ownersPassword), token)
	if got.status != 303 || w.send("GET", ask{path: "/admin"}, token).status == 200 {
		t.Errorf("the password opens the operators' pages: %d", got.status)
	}
	if got := w.send("GET", ask{path: "/stepup?strong=1&next=/admin"}, token); got.status != 200 ||
		strings.Contains(got.body, "proof_password") {
		t.Errorf("the question offers the password, which would not do: %d", got.status)
	}
	w.exec(`delete from passkeys where user_id = $1`, w.a.UserID)
	if got := w.send("GET", ask{path: "/stepup?strong=1&next=/admin"}, token); got.location() != "/settings/signin" {
		t.Errorf("without any factor: %d to %q", got.status, got.location())
	}
}

// Owners who sign in by one step are offered two in their settings; nobody else is.
func TestOwnersAreOfferedTwoSteps(t *testing.T) {
	t.Parallel()
	w := owned(t)
	counter := w.db.Member(w, w.a.User, nil, "counter")
	for _, c := range []struct {
		who, token string
		twoStep    bool
		offered    bool
	}{
		{"an owner", w.a.Token, false, true},
		{"a member", counter.Token, false, false},
		{"an owner with two steps", w.a.Token, true, false},
	} {
		w.exec(`update users set two_step = $2 where id = $1`, w.a.UserID, c.twoStep)
		got := w.send("GET", ask{path: "/settings"}, c.token)
		if got.status != 200 || strings.Contains(got.body, "Set up two steps") != c.offered {
			t.Errorf("%s: %d, offered %t, want %t", c.who, got.status, !c.offered, c.offered)
		}
	}
}

// A stolen session and the password move no login that has two steps; with a code, what was typed is done.
func TestTwoStepsGuardTheAddress(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	caller, token := w.a.Caller, w.session(w.a.UserID, w.a.AccountID, "30 days", false).token
	caller.Credential = account.Hash(token)
	codes, err := w.accounts.SetTwoStep(w.Context(), caller, true)
	w.ok(err)
	w.exec(`update credentials set proven_at = now() - interval '11 minutes', strong_at = now() - interval '11 minutes'
		where hash = $1`, caller.Credential[:])
	changes := func() int {
		return one[int](w, `select count(*) from email_changes where new_email = 'next@example.com'`)
	}
	got := w.send("POST", form("/settings/email", "new_email", "next@example.com", "proof", ownersPassword), token)
	if got.status != 403 || changes() != 0 || strings.Contains(got.body, "proof_password") ||
		!strings.Contains(got.body, `name="proof_code"`) {
		t.Fatalf("with the password alone: %d, %d changes: %.300s", got.status, changes(), got.body)
	}
	got = w.send("POST", form("/settings/email", "new_email", "next@example.com", "proof", ownersPassword,
		"proof_code", codes[0]), token)
	if got.status != 303 || changes() != 1 {
		t.Errorf("with a code: %d, %d changes: %.300s", got.status, changes(), got.body)
	}
}

// The second step of a sign-in works without JavaScript, and the first alone is no session.
func TestSecondStepPages(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	if _, err := w.accounts.SetTwoStep(w.Context(), w.a.Caller, true); err == nil {
		t.Fatal("the session that a recovery ended still sets the second step")
	}
	fresh := w.session(w.a.UserID, w.a.AccountID, "30 days", false).token
	caller := w.a.Caller
	caller.Credential = account.Hash(fresh)
	codes, err := w.accounts.SetTwoStep(w.Context(), caller, true)
	if err != nil || len(codes) != 10 {
		t.Fatalf("SetTwoStep = %v, %v", codes, err)
	}
	got := w.send("POST", form("/login", "email", w.a.Email, "password", ownersPassword, "next", "/team"), "")
	if got.status != 303 || got.location() != "/login/second?next=%2Fteam" {
		t.Fatalf("the first step: %d to %q", got.status, got.location())
	}
	half := ""
	for _, c := range got.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "session=") && !strings.HasPrefix(c, "session=;") {
			t.Errorf("the first step sets a session: %s", c)
		}
		if rest, ok := strings.CutPrefix(c, "half_way="); ok {
			half, _, _ = strings.Cut(rest, ";")
		}
	}
	if w.send("GET", ask{path: "/team"}, half).status == 200 {
		t.Error("half way is a session")
	}
	second := func(k ask) answer {
		r, err := k.request(map[bool]string{true: "GET", false: "POST"}[k.form == nil], w.url)
		w.ok(err)
		r.AddCookie(&http.Cookie{Name: "half_way", Value: half})
		return w.do(r, "")
	}
	got = second(ask{path: "/login/second?next=%2Fteam"})
	if got.status != 200 || !strings.Contains(got.body, `name="code"`) || !strings.Contains(got.body, "/team") {
		t.Fatalf("the second step: %d %.300s", got.status, got.body)
	}
	got = second(form("/login/second", "next", "/team", "passkey", ""))
	if got.status != 422 || !strings.Contains(got.body, "Passkeys need JavaScript.") {
		t.Errorf("the passkey's button without JavaScript: %d", got.status)
	}
	got = second(form("/login/second", "next", "/team", "code", "AAAA-AAAA-AAAA-AAAA"))
	if got.status != 422 || !strings.Contains(got.body, "This code is wrong") || got.cookie("session") != "" {
		t.Errorf("a wrong code: %d %.300s", got.status, got.body)
	}
	got = second(form("/login/second", "next", "/team", "code", codes[3]))
	if got.status != 303 || got.location() != "/team" || got.cookie("session") == "" {
		t.Fatalf("a recovery code: %d to %q", got.status, got.location())
	}
	if page := w.send("GET", ask{path: "/team"}, got.cookie("session")); page.status != 200 {
		t.Errorf("after both steps: %d", page.status)
	}
	got = second(form("/login/second", "code", codes[4]))
	if got.status != 422 || got.cookie("session") != "" {
		t.Errorf("the same first step again: %d", got.status)
	}
}

// cookie is the value that an answer sets, "" for none or one that ends.
func (a answer) cookie(name string) string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == name && c.MaxAge >= 0 {
			return c.Value
		}
	}
	return ""
}
