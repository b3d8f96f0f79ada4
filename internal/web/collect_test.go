package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/ledger"
)

// linkOf is the link that a browser holds after it made one, as its cookie has it.
func linkOf(t *testing.T, got answer) string {
	t.Helper()
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Name == "link" && c.MaxAge > 0 && c.MaxAge <= 600 {
			_, token, _ := strings.Cut(c.Value, "|")
			return token
		}
	}
	t.Fatalf("no link in %v", got.header.Values("Set-Cookie"))
	return ""
}

// A link is made, opened by nobody in particular, marked after an edit, and ended.
func TestShareFromFormToEnd(t *testing.T) {
	t.Parallel()
	w := owned(t)
	party := newIDs(w.a.ids).party()
	page := w.send("GET", ask{path: party + "/share"}, w.a.Token)
	fields := url.Values{"to": {"2026-04-30"}, "days": {"7"}}
	for _, name := range []string{"id", "token"} {
		m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(page.body)
		if m == nil {
			t.Fatalf("the form has no %s", name)
		}
		fields.Set(name, m[1])
	}
	token := ""
	for range 2 {
		got := w.send("POST", ask{path: party + "/share", form: fields}, w.a.Token)
		if got.status != 303 {
			t.Fatalf("POST share: %d %.300s", got.status, got.body)
		}
		token = linkOf(t, got)
	}
	if token != fields.Get("token") {
		t.Errorf("the link is %q", token)
	}
	if n := one[int](w, `select count(*) from shares where account_id = $1 and token_hash = sha256($2::bytea)`,
		w.a.AccountID, []byte(token)); n != 1 {
		t.Errorf("two presses made %d links, want one, kept as its hash", n)
	}
	open := func() answer { return w.send("GET", ask{path: "/s/" + token}, "") }
	got := open()
	for _, word := range []string{
		wordOfA + "shop one", wordOfA + "party living", "₹12,34,567.89", wordOfA + "note",
		"upi://pay?pa=" + wordOfA,
	} {
		if !strings.Contains(html.UnescapeString(got.body), word) {
			t.Errorf("the shared statement does not say %q", word)
		}
	}
	if got.status != 200 || got.header.Get("Referrer-Policy") != "no-referrer" ||
		got.header.Get("X-Robots-Tag") != "noindex" || len(got.header.Values("Set-Cookie")) > 0 {
		t.Errorf("the shared statement: %d %v", got.status, got.header)
	}
	if word := got.leaks(phoneA, wordOfA+"note changed", wordOfA+"account", w.a.ids["party"], w.a.ids["business"],
		w.a.ids["account"], w.a.ids["user"], w.a.ids["entry"], "changed since"); word != "" {
		t.Errorf("the shared statement tells %q", word)
	}
	// Who is signed in makes no difference.
	if signed := w.send("GET", ask{path: "/s/" + token}, w.b.Token); signed.same(nil) != got.same(nil) {
		t.Error("the shared statement is another for somebody who is signed in")
	}
	w.send("POST", form(newIDs(w.a.ids).entry()+"/edit", "version", "1", "side", "given", "amount", "10", "date",
		"2026-03-30", "note", ""), w.a.Token)
	if got := open(); got.leaks("changed since it was shared") == "" || got.leaks("1234567.89", "12,34,567.89") != "" {
		t.Errorf("after an edit the page is %.2000s", got.body)
	}
	id := one[string](w, `select id::text from shares where account_id = $1 and token_hash = sha256($2::bytea)`,
		w.a.AccountID, []byte(token))
	if got := w.send("POST", form(party+"/share/"+id+"/revoke"), w.a.Token); got.status != 303 {
		t.Errorf("revoke: %d", got.status)
	}
	// Ended, expired, unknown and malformed: one answer.
	expired := w.a.ids["link"]
	w.exec(`update shares set expires_at = now() - interval '1 hour' where id = $1`, w.a.ids["share"])
	unknown := w.send("GET", ask{path: "/s/" + ledger.NewShareToken()}, "")
	for what, tok := range map[string]string{
		"ended": token, "expired": expired, "malformed": "x",
		"long": strings.Repeat("a", 3000),
	} {
		got := w.send("GET", ask{path: "/s/" + tok}, "")
		if got.status != 404 || !sameButPath(got, unknown) {
			t.Errorf("%s: %d, and another page than for an unknown link", what, got.status)
		}
	}
	if strings.Contains(w.log.String(), token) || strings.Contains(w.log.String(), expired) {
		t.Error("a token stands in the log")
	}
}

// pathIn is where a page repeats its own address: the language's form leads back to it.
var pathIn = regexp.MustCompile(`name="next" value="[^"]*"`)

func sameButPath(a, b answer) bool {
	return pathIn.ReplaceAllString(a.same(nil), "") == pathIn.ReplaceAllString(b.same(nil), "")
}

func TestLinksAreThrottled(t *testing.T) {
	t.Parallel()
	w := owned(t)
	var last answer
	for range 301 {
		if last = w.send("GET", ask{path: "/s/" + ledger.NewShareToken()}, ""); last.status == 429 {
			break
		}
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" {
		t.Errorf("after 301 guesses: %d", last.status)
	}
	if got := w.send("GET", ask{path: "/s/" + w.a.ids["link"]}, ""); got.status != 429 {
		t.Errorf("a right link of the same network: %d, want 429 like a wrong one", got.status)
	}
}

// A reminder says the figure of the page and of the log, in both languages, by all ways.
func TestReminderSaysTheSameFigure(t *testing.T) {
	t.Parallel()
	w := owned(t)
	party := newIDs(w.a.ids).party()
	page := w.send("GET", ask{path: party}, w.a.Token)
	const figure = "₹12,34,568.89"
	if !strings.Contains(page.body, figure) {
		t.Fatalf("the page does not show %s", figure)
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy,
		"form-action 'self' https://wa.me https://api.whatsapp.com sms:") {
		t.Errorf("the policy of a page with a reminder: %s", policy)
	}
	if policy := w.send("GET", ask{path: "/settings"},
		w.a.Token).header.Get("Content-Security-Policy"); strings.Contains(policy, "wa.me") {
		t.Errorf("other pages may lead to WhatsApp: %s", policy)
	}
	for _, lang := range []string{"en", "hi"} {
		for channel, prefix := range map[string]string{
			"whatsapp": "https://wa.me/91" + phoneA + "?text=",
			"sms":      "sms:+91" + phoneA + "?body=", "copy": party + "/remind",
		} {
			got := w.send("POST", form(party+"/remind", "id", newIDText(), "channel", channel, "lang", lang), w.a.Token)
			if got.status != 303 || !strings.HasPrefix(got.location(), prefix) {
				t.Errorf("%s in %s: %d to %s", channel, lang, got.status, got.location())
				continue
			}
			if channel == "copy" {
				continue
			}
			text, err := url.PathUnescape(got.location()[strings.IndexByte(got.location(), '=')+1:])
			if err != nil || !strings.Contains(text, figure) || !strings.Contains(text, "am=1234568.89&cu=INR") ||
				!strings.Contains(text, wordOfA+"shop one") || strings.Contains(text, "%!") {
				t.Errorf("%s in %s says %q (%v)", channel, lang, text, err)
			}
			if hindi := strings.Contains(text, "बाकी हैं"); hindi != (lang == "hi") {
				t.Errorf("%s in %s says %q", channel, lang, text)
			}
		}
	}
	if n := one[int](w, `select count(*) from reminders where account_id = $1 and balance = 123456889`,
		w.a.AccountID); n < 6 {
		t.Errorf("the log has %d reminders of that balance, want at least 6", n)
	}
	if got := w.send("GET", ask{path: party + "/remind", query: values("lang", "hi", "upi", "no")},
		w.a.Token); !strings.Contains(got.body, "बाकी हैं") || strings.Contains(got.body, "am=1234568.89") {
		t.Error("the page does not follow the choice of language and UPI")
	}
}

// The lock is set on its page and held against every form.
func TestLockOnThePages(t *testing.T) {
	t.Parallel()
	w := owned(t)
	ids := newIDs(w.a.ids)
	until := time.Now().UTC().AddDate(0, 0, -1)
	set := func(token, from, to, reason string) answer {
		return w.send("POST", form(ids.shop()+"/lock", "id", newIDText(), "from", from, "until", to, "reason", reason),
			token)
	}
	if got := set(w.a.Token, "2001-01-31", time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly),
		""); got.status != 422 || got.leaks("lock days that are over") == "" {
		t.Errorf("a day to come: %d", got.status)
	}
	if got := set(w.people["manager of account"].Token, "2001-01-31", "2026-01-31", ""); got.status != 403 {
		t.Errorf("a manager locks: %d", got.status)
	}
	if got := set(w.a.Token, "2001-01-31", until.Format(time.DateOnly), ""); got.status != 303 {
		t.Fatalf("lock: %d %.500s", got.status, got.body)
	}
	if got := w.send("GET", ask{path: ids.party()}, w.a.Token); got.leaks("locked") == "" || strings.Contains(got.body,
		ids.entry()+"/edit") {
		t.Error("the page of the party does not show what is locked")
	}
	late := form(ids.party()+"/entries/new", "id", newIDText(), "side", "given", "amount", "5", "date", "2026-03-31",
		"note", "")
	if got := w.send("POST", late, w.a.Token); got.status != 422 || got.leaks("this day is locked") == "" ||
		!strings.Contains(got.body, `value="5"`) {
		t.Errorf("an entry on a locked day: %d, want 422 beside the date with what was typed kept", got.status)
	}
	if got := w.send("POST", form(ids.entry()+"/delete"), w.a.Token); got.status != 409 ||
		got.leaks("stands in a locked period") == "" {
		t.Errorf("deleting: %d", got.status)
	}
	if got := w.send("POST", form(ids.party()+"/delete"), w.a.Token); got.status != 409 ||
		got.leaks("locked period") == "" {
		t.Errorf("deleting the party: %d", got.status)
	}
	everything := func(reason string) answer {
		return w.send("POST", form(ids.shop()+"/lock", "id", newIDText(), "from", until.Format(time.DateOnly), "open",
			"all", "reason", reason), w.a.Token)
	}
	if got := everything(""); got.status != 422 || got.leaks("say why you open") == "" {
		t.Errorf("opening without a reason: %d", got.status)
	}
	if got := everything("a bill came late"); got.status != 303 {
		t.Errorf("opening: %d", got.status)
	}
	if got := w.send("GET", ask{path: ids.shop() + "/lock"},
		w.people["accountant of business"].Token); got.leaks("a bill came late") == "" ||
		got.leaks("opened everything") == "" {
		t.Error("the log does not tell who opened and why")
	}
	if got := w.send("POST", late, w.a.Token); got.status != 303 {
		t.Errorf("an entry after opening: %d", got.status)
	}
}

// A party and what was open before are typed in one form.
func TestPartyWithOpeningBalance(t *testing.T) {
	t.Parallel()
	w := owned(t)
	shop := newIDs(w.a.ids).shop()
	id := newIDText()
	k := form(shop+"/parties/new", "id", id, "kind", "customer", "name", "Old friend", "phone", "", "note", "",
		"opening", "2,500+40", "opening_side", "received", "opening_date", "2026-04-01")
	for range 2 {
		if got := w.send("POST", k, w.a.Token); got.status != 303 {
			t.Fatalf("add: %d %.300s", got.status, got.body)
		}
	}
	if n := one[int](w, `select count(*) from entries where party_id = $1 and opening and side = 'received'
		and amount_minor = 254000`, id); n != 1 {
		t.Errorf("%d opening balances, want one", n)
	}
	if got := w.send("GET", ask{path: shop + "/p/" + id}, w.a.Token); got.leaks("opening balance") == "" ||
		!strings.Contains(got.body, "₹2,540") || strings.Contains(got.body, "/opening") {
		t.Error("the page of the party does not show its opening balance")
	}
	bad := form(shop+"/parties/new", "id", newIDText(), "kind", "customer", "name", "New friend", "opening", "2x",
		"opening_side", "given", "opening_date", "")
	if got := w.send("POST", bad, w.a.Token); got.status != 422 || !strings.Contains(got.body, `id="opening-error"`) ||
		!strings.Contains(got.body, `value="2x"`) {
		t.Errorf("a bad amount: %d", got.status)
	}
	if n := one[int](w, `select count(*) from parties where name = 'New friend'`); n != 0 {
		t.Error("the party was added without its opening balance")
	}
}
