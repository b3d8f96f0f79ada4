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
		"upi://pay?pa=" + wordOfA, "You took", `property="og:title"`, "/s/" + token + "/card.png?of=",
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

// The picture of a link is kept by nobody between us and who has the link, and ends with it.
func TestCardEndsWithItsLink(t *testing.T) {
	t.Parallel()
	w := owned(t)
	at := "/s/" + w.a.ids["link"]
	card := func() answer { return w.send("GET", ask{path: at + "/card.png"}, "") }
	got := card()
	if got.status != 200 || got.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(got.body, "\x89PNG") ||
		!strings.HasPrefix(got.header.Get("Cache-Control"), "private") || got.header.Get("X-Robots-Tag") != "noindex" ||
		len(got.header.Values("Set-Cookie")) > 0 {
		t.Fatalf("the picture: %d %v", got.status, got.header)
	}
	page := w.send("GET", ask{path: at}, "")
	if !strings.Contains(page.body, `property="og:image" content="http`) {
		t.Error("the page names no picture with a whole address")
	}
	w.exec(`update shares set expires_at = now() - interval '1 hour' where id = $1`, w.a.ids["share"])
	if got := card(); got.status != 404 || strings.Contains(got.body, "PNG") {
		t.Errorf("the picture of a link that ended: %d", got.status)
	}
	ended := w.send("GET", ask{path: at}, "")
	if ended.status != 404 || ended.leaks("ask the shop for a new one") == "" || strings.Contains(ended.body, "og:") {
		t.Errorf("a link that ended: %d %.500s", ended.status, ended.body)
	}
}

// sent is the text that a form has typed into a messenger.
func sent(t *testing.T, got answer) string {
	t.Helper()
	at := got.location()
	text, err := url.PathUnescape(at[strings.IndexByte(at, '=')+1:])
	if err != nil || strings.Contains(text, "%!") || strings.Contains(text, "upi://") || len([]rune(text)) > 400 {
		t.Errorf("the message is %q (%v)", text, err)
	}
	return text
}

var linkIn = regexp.MustCompile(`https?://\S+(/s/[A-Za-z0-9_-]{22})`)

// A reminder says the figure of the page and of the log, in both languages, by all ways, and its link opens a page
// that says it too.
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
			token := ledger.NewShareToken()
			k := form(party+"/remind", "id", newIDText(), "token", token, "channel", channel, "lang", lang)
			got := w.send("POST", k, w.a.Token)
			if got.status != 303 || !strings.HasPrefix(got.location(), prefix) {
				t.Errorf("%s in %s: %d to %s", channel, lang, got.status, got.location())
				continue
			}
			if again := w.send("POST", k, w.a.Token); again.location() != got.location() {
				t.Errorf("a double tap on %s leads to %s, then to %s", channel, got.location(), again.location())
			}
			if n := one[int](w, `select count(*) from shares where account_id = $1 and token_hash = sha256($2::bytea)`,
				w.a.AccountID, []byte(token)); n != 1 {
				t.Errorf("a double tap on %s made %d links", channel, n)
			}
			if channel == "copy" {
				continue
			}
			text := sent(t, got)
			if !strings.Contains(text, figure) || !strings.Contains(text, wordOfA+"shop one") {
				t.Errorf("%s in %s says %q", channel, lang, text)
			}
			if hindi := strings.Contains(text, "बाकी हैं"); hindi != (lang == "hi") {
				t.Errorf("%s in %s says %q", channel, lang, text)
			}
			link := linkIn.FindStringSubmatch(text)
			if link == nil {
				t.Errorf("%s in %s has no link: %q", channel, lang, text)
			} else if opened := w.send("GET", ask{path: link[1]}, ""); !strings.Contains(opened.body, figure) {
				t.Errorf("the link of %s opens %d without the figure", channel, opened.status)
			}
		}
	}
	if n := one[int](w, `select count(*) from reminders where account_id = $1 and balance = 123456889`,
		w.a.AccountID); n < 6 {
		t.Errorf("the log has %d reminders of that balance, want at least 6", n)
	}
	if got := w.send("GET", ask{path: party + "/remind", query: values("lang", "hi", "link", "no")},
		w.a.Token); !strings.Contains(got.body, "बाकी हैं") || linkIn.MatchString(got.body) {
		t.Error("the page does not follow the choice of language and link")
	}
	for what, token := range map[string]string{"none": "x", "too long": strings.Repeat("a", 3000)} {
		k := form(party+"/remind", "id", newIDText(), "token", token, "channel", "whatsapp")
		if got := w.send("POST", k, w.a.Token); got.status != 422 {
			t.Errorf("a token that is %s: %d, want 422", what, got.status)
		}
	}
}

// After an entry the party can be told of it, in its own words; of somebody else's entry it cannot.
func TestSendAfterAnEntry(t *testing.T) {
	t.Parallel()
	w := owned(t)
	party := newIDs(w.a.ids).party()
	id := newIDText()
	saved := w.send("POST", form(party+"/entries/new", "id", id, "side", "received", "amount", "40", "date", "", "note",
		"by UPI"), w.a.Token)
	if saved.status != 303 {
		t.Fatalf("save: %d", saved.status)
	}
	flash := ""
	for _, c := range (&http.Response{Header: saved.header}).Cookies() {
		if c.Name == "flash" {
			flash = c.Value
		}
	}
	if !strings.HasSuffix(flash, "|"+id) || !strings.Contains(flash, "/entries/"+id+"/delete|") {
		t.Errorf("what is left for the next page is %q", flash)
	}
	send := func(entry string) answer {
		return w.send("POST", form(party+"/send", "id", newIDText(), "token", ledger.NewShareToken(), "entry", entry,
			"lang", "en"), w.a.Token)
	}
	text := sent(t, send(id))
	for _, words := range []string{"You paid ₹40 on ", "(by UPI)", "Due from you now: ₹12,34,528.89"} {
		if !strings.Contains(text, words) {
			t.Errorf("the message %q does not say %q", text, words)
		}
	}
	if text := sent(t, send("")); !strings.Contains(text, "₹12,34,528.89") || !linkIn.MatchString(text) {
		t.Errorf("the account is sent with %q", text)
	}
	for what, entry := range map[string]string{"unknown": newIDText(), "another account's": w.b.ids["entry"]} {
		if got := send(entry); got.status != 404 {
			t.Errorf("an entry that is %s: %d, want 404", what, got.status)
		}
	}
	for _, role := range []string{"accountant of business", "counter of business"} {
		k := form(party+"/send", "id", newIDText(), "token", ledger.NewShareToken())
		if got := w.send("POST", k, w.people[role].Token); got.status != 403 {
			t.Errorf("%s sends an account: %d, want 403", role, got.status)
		}
	}
}

// The list of whom to call has who owes for so long, the longest first, and says who was reminded.
func TestWhomToCall(t *testing.T) {
	t.Parallel()
	w := owned(t)
	shop := newIDs(w.a.ids).shop()
	late, new := newIDText(), newIDText()
	for id, day := range map[string]int{late: -45, new: -3} {
		w.send("POST", form(shop+"/parties/new", "id", id, "kind", "customer", "name", "Owes "+id), w.a.Token)
		date := time.Now().AddDate(0, 0, day).Format(time.DateOnly)
		w.send("POST", form(shop+"/p/"+id+"/entries/new", "id", newIDText(), "side", "given", "amount", "77", "date",
			date,
			"note", ""), w.a.Token)
	}
	list := func(days string) string {
		return w.send("GET", ask{path: shop + "/collect", query: values("days", days)}, w.a.Token).body
	}
	for days, want := range map[string][2]bool{
		"": {true, false}, "40": {true, false}, "2": {true, true}, "3650": {}, "x": {true, false}, "-1": {true, false},
	} {
		got := list(days)
		if has := [2]bool{strings.Contains(got, "Owes "+late), strings.Contains(got, "Owes "+new)}; has != want {
			t.Errorf("for %q days the list has %v, want %v", days, has, want)
		}
	}
	if got := list("0"); strings.Index(got, "Owes "+late) > strings.Index(got, "Owes "+new) {
		t.Error("the longest due is not first")
	}
	before := strings.Count(list("40"), "Not reminded yet")
	w.send("POST", form(shop+"/p/"+late+"/remind", "id", newIDText(), "channel", "whatsapp"), w.a.Token)
	if after := strings.Count(list("40"), "Not reminded yet"); after != before-1 {
		t.Errorf("before the reminder %d were not reminded, after it %d", before, after)
	}
	if got := w.send("GET", ask{path: shop + "/collect", query: values("after", "x")}, w.a.Token); got.status != 422 {
		t.Errorf("a broken cursor: %d", got.status)
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
		got.leaks("is in a locked period") == "" {
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
