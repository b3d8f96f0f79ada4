package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// A line is the way from a phone to the server, which can be cut before a request arrives or before its answer does.
type line struct {
	state  atomic.Int32
	posted atomic.Int32 // new entries that reached the server
}

const (
	lineOpen int32 = iota
	lineCut
	answersLost
	entriesCut
	apiCut // pages come, what a device sends does not
)

func (l *line) handler(w *world) http.Handler {
	target, err := url.Parse(w.url)
	w.ok(err)
	through := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: func(res *http.Response) error {
			if res.Request.Method == "POST" && strings.Contains(res.Request.URL.Path, "/entries") {
				l.posted.Add(1)
			}
			if res.Request.Method != "GET" && l.state.Load() == answersLost {
				_, err := io.Copy(io.Discard, res.Body)
				w.ok(err)
				panic(http.ErrAbortHandler)
			}
			return nil
		},
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if now := l.state.Load(); now == lineCut || now == entriesCut && strings.HasSuffix(r.URL.Path, "/entries") ||
			now == apiCut && strings.HasPrefix(r.URL.Path, "/api/") {
			panic(http.ErrAbortHandler)
		}
		through.ServeHTTP(rw, r)
	})
}

// A phone is a real browser behind a line.
type phone struct {
	*desk
	*line
	base string
}

func newPhone(t *testing.T) *phone {
	w := owned(t)
	l := &line{}
	front := httptest.NewServer(l.handler(w))
	t.Cleanup(front.Close)
	d := w.browse()
	p := &phone{desk: d, line: l, base: front.URL}
	p.visit("/b/" + w.a.ids["business"])
	p.wants("the worker is at work", `!!navigator.serviceWorker.controller`)
	return p
}

func (p *phone) visit(path string) {
	p.Helper()
	p.do(chromedp.Navigate(p.base + path))
}

// online says so to the browser, and cuts or mends the line.
func (p *phone) online(on bool) {
	p.Helper()
	p.state.Store(lineCut)
	if on {
		p.state.Store(lineOpen)
	}
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{
			Offline:            !on,
			DownloadThroughput: -1, UploadThroughput: -1,
		})
		return err
	}))
}

func (p *phone) party() string { return "/b/" + p.a.ids["business"] + "/p/" + p.a.ids["party"] }

// write fills in the form that is open, and saves.
func (p *phone) write(amount string) {
	p.Helper()
	p.wants("the form is open",
		`document.activeElement.id === "amount" || !!document.getElementById("amount")?.offsetParent`)
	p.do(chromedp.SetValue(chromedp.CSS("#amount"), amount),
		chromedp.Click(chromedp.CSS("form.entry-form .button.wide"), chromedp.NodeVisible))
}

// waits says how many entries wait, as the device has them for a user.
func (p *phone) waits(user string) int {
	p.Helper()
	p.wants("the store is there", `typeof store === "object"`)
	n, err := chromedp.Run(p.ctx, chromedp.Evaluate[int](`(async () => (await store.waiting(`+fmt.Sprintf("%q",
		user)+`)).length)()`, chromedp.EvalAwaitPromise))
	p.ok(err)
	return n
}

// sent waits until nothing waits any more; a page view sends, or the browser by itself.
func (p *phone) sent(user string) {
	p.Helper()
	for end := time.Now().Add(2 * time.Minute); p.waits(user) > 0; time.Sleep(40 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("%d entries still wait", p.waits(user))
		}
	}
	p.wants("and the badge says so", badge+`.hidden`)
}

func (p *phone) onServer(minor int64) int {
	p.Helper()
	return one[int](p.world, `select count(*) from entries where business_id = $1 and amount_minor = $2`,
		p.a.BusinessID, minor)
}

const badge = `document.querySelector("[data-waiting]")`

// Two entries are written without a connection. They wait where one sees them, and are sent once.
func TestEntriesWaitOffline(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	user := frame.MarkOf(p.a.UserID)
	p.visit(p.party() + "/entries/new?side=given")
	p.wants("the device knows who is here",
		`!document.querySelector("[data-sent]")?.dataset.x && !!document.querySelector("[name=user]").value`)
	p.online(false)
	p.write("111+0.11")
	p.wants("the entry waits",
		`location.pathname === "/waiting" && document.querySelectorAll("[data-entries] li").length === 1`)
	p.wants("and is told in full",
		`(() => { const t = document.querySelector("[data-entries] li").innerText; return t.includes("qzxparty living") && t.includes("₹111.11") && t.includes("Gave"); })()`)
	p.wants("the party is chosen already",
		`document.querySelector("#party").selectedOptions[0].textContent.startsWith("qzxparty living")`)
	p.write("222.22")
	p.wants("another one waits", `document.querySelectorAll("[data-entries] li").length === 2`)
	// Any page that is opened now is the page of this device; it has nothing of the khata but what is waiting here.
	p.visit("/b/" + p.a.ids["business"])
	p.wants("no page of the khata was kept",
		`"offline" in document.body.dataset && !document.body.innerText.includes("12,34,567")`)
	p.wants("the form is open", `!!document.getElementById("amount")?.offsetParent`)
	p.do(chromedp.SetValue(chromedp.CSS("#amount"), "5")) // so that it stays until both tabs are there
	if kept := p.cached(); strings.Contains(kept, wordOfA) || strings.Contains(kept, user) ||
		!strings.Contains(kept, "data-outbox") {
		t.Errorf("the cache holds %.300s", kept)
	}
	if n := p.posted.Load(); n != 0 {
		t.Fatalf("%d entries have reached the server", n)
	}

	// Two tabs are open when the connection returns, and both send.
	second, cancel := chromedp.NewContext(p.ctx)
	t.Cleanup(cancel)
	two := &phone{desk: &desk{p.world, second}, line: p.line, base: p.base}
	p.state.Store(lineOpen)
	two.visit(p.party())
	two.wants("it says that entries wait, or have arrived",
		badge+`.innerText === "waiting (2)" || !document.querySelector("[data-sent]").hidden`)
	p.online(true) // no news to a browser that has believed so all the time
	p.read(`document.getElementById("amount").value = ""`)
	p.wants("the page without a connection goes away", `!("offline" in document.body.dataset)`)
	p.sent(user)
	for _, minor := range []int64{11111, 22222} {
		if n := p.onServer(minor); n != 1 {
			t.Errorf("%d entries of %d paise, want 1", n, minor)
		}
	}
	if n := one[int](p.world,
		`select count(*) from entries where business_id = $1 and amount_minor in (11111, 22222) and created_by = $2
			and side = 'given'`, p.a.BusinessID, p.a.UserID); n != 2 {
		t.Errorf("%d of them are the user's", n)
	}
}

// cached is all that the worker has put into a cache.
func (p *phone) cached() string {
	p.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => {
		const out = [];
		for (const name of await caches.keys()) {
			const cache = await caches.open(name);
			for (const r of await cache.keys()) out.push(r.url, await (await cache.match(r)).text());
		}
		return out.join("\n");
	})()`, chromedp.EvalAwaitPromise))
	p.ok(err)
	return text
}

// The server has the entry, but its answer is lost. It waits, is sent again, and is one row.
func TestLostAnswerIsOneEntry(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.visit(p.party() + "/entries/new?side=received")
	p.state.Store(answersLost)
	p.write("333.33")
	p.wants("it waits", `location.pathname === "/waiting" && `+badge+`.innerText === "waiting (1)"`)
	for end := p.posted.Load() + 1; p.posted.Load() < end; { // sent again, and the answer lost again
		p.visit(p.party())
		p.wants("it still waits", badge+`.innerText === "waiting (1)"`)
	}
	p.state.Store(lineOpen)
	p.visit(p.party())
	p.sent(frame.MarkOf(p.a.UserID))
	if n := p.onServer(33333); n != 1 || p.posted.Load() < 3 {
		t.Errorf("%d rows after %d deliveries, want 1 after 3 or more", n, p.posted.Load())
	}
}

// What one user has left waiting, another user of the same browser neither sees nor sends.
func TestWaitingEntriesAreTheirUsers(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	colleague := p.people["manager of business"]
	p.visit(p.party() + "/entries/new?side=given")
	p.state.Store(lineCut)
	p.write("444.44")
	p.wants("it waits", `document.querySelectorAll("[data-entries] li").length === 1`)

	// The first tap on signing out warns.
	p.state.Store(entriesCut)
	p.visit(p.party())
	p.wants("it waits here as well", badge+`.innerText === "waiting (1)"`)
	p.click(".me summary")
	p.click(`form[action="/logout"] button`)
	p.wants("signing out warns",
		`!document.querySelector("[data-leaving]").hidden && document.querySelector("[data-leaving]").innerText.includes("sent when you sign in again")`)
	p.click(`form[action="/logout"] button`)
	p.wants("signed out", `document.body.classList.contains("out")`)
	p.state.Store(lineOpen)
	for end := time.Now().Add(2 * time.Minute); p.device() != "{}"; time.Sleep(40 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after the sign-out the device knows %s", p.device())
		}
	}

	p.as(colleague.Token)
	p.visit(p.party())
	p.wants("a colleague sees nothing of it", badge+`.hidden`)
	p.visit("/waiting")
	p.wants("nor in the list", `!document.querySelector("[data-none]").hidden`)
	if n := p.onServer(44444); n != 0 {
		t.Fatal("the colleague has sent it")
	}
	// Even a page that believes otherwise cannot make the server take it.
	status, err := chromedp.Run(p.ctx,
		chromedp.Evaluate[int](fmt.Sprintf(`(async () => (await fetch("/api/businesses/%s/entries", { method: "POST", headers: { "Content-Type": "application/json", "Tijori-User": %q }, body: JSON.stringify({ id: %q, party_id: %q, side: "given", amount: 44444, date: "2026-04-01", note: "" }) })).status)()`,
			p.a.ids["business"], frame.MarkOf(p.a.UserID), uuid.Must(uuid.NewV7()), p.a.ids["party"]),
			chromedp.EvalAwaitPromise))
	if err != nil || status != 401 || p.onServer(44444) != 0 {
		t.Errorf("an entry of somebody else is answered with %d (%v), %d rows", status, err, p.onServer(44444))
	}

	p.as(p.session(p.a.UserID, p.a.AccountID, "30 days", false).token)
	p.visit(p.party())
	p.sent(frame.MarkOf(p.a.UserID))
	if n := one[int](p.world, `select count(*) from entries where amount_minor = 44444 and created_by = $1`,
		p.a.UserID); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func (p *phone) as(token string) {
	p.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{
			Name: "session", Value: token,
			URL: p.base,
		})
		return err
	}))
}

// device is what the browser keeps beside waiting entries, as JSON.
func (p *phone) device() string {
	p.Helper()
	p.wants("the store is there", `typeof store === "object"`)
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => {
		const out = {};
		const me = await store.who();
		if (me) out.who = me;
		const seen = await store.seen(document.body.dataset.user ?? `+fmt.Sprintf("%q", frame.MarkOf(p.a.UserID))+`);
		if (seen.length) out.seen = seen;
		return JSON.stringify(out);
	})()`, chromedp.EvalAwaitPromise))
	p.ok(err)
	return text
}

// What the khata does not take stays where one sees it, with the reason; it is mended or deleted by its user.
func TestRefusedEntryStays(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.visit(p.party() + "/entries/new?side=given")
	p.state.Store(lineCut)
	p.write("555.55")
	p.wants("it waits", `document.querySelectorAll("[data-entries] li").length === 1`)
	p.write("2x")
	p.wants("what is no amount is told at once", `!document.getElementById("amount-error").hidden`)
	p.write("666.66")
	p.wants("two wait", `document.querySelectorAll("[data-entries] li").length === 2`)

	p.lockUntil(one[string](p.world, `select (now() at time zone 'Asia/Kolkata')::date::text`))
	p.state.Store(lineOpen)
	p.visit("/waiting")
	p.wants("both are refused, with the reason",
		`[...document.querySelectorAll("[data-entries] li")].filter((li) => li.innerText.includes("This day is locked")).length === 2`)
	p.wants("the badge says that something is wrong", badge+`.innerText === "waiting (2)" && `+badge+
		`.classList.contains("refused")`)
	if p.onServer(55555)+p.onServer(66666) != 0 {
		t.Fatal("the lock did not hold")
	}
	p.click("[data-entries] li:last-child [data-drop]")
	p.wants("one is deleted",
		`document.querySelectorAll("[data-entries] li").length === 1 && document.querySelector("[data-entries]").innerText.includes("555.55")`)
	p.click("[data-entries] li summary")
	p.do(chromedp.SetValue(chromedp.CSS(`[data-entries] [name=date]`),
		one[string](p.world, `select (now() + interval '2 days')::date::text`)),
		chromedp.SetValue(chromedp.CSS(`[data-entries] [name=amount]`),
			"777.77"), chromedp.Click(chromedp.CSS(`[data-entries] form button`), chromedp.NodeVisible))
	p.wants("mended, it is sent", badge+`.hidden && !document.querySelector("[data-none]").hidden`)
	if p.onServer(77777) != 1 || p.onServer(55555)+p.onServer(66666) != 0 {
		t.Errorf("%d, %d and %d rows, want 1, 0 and 0", p.onServer(77777), p.onServer(55555), p.onServer(66666))
	}

	// A session that has ended lets it wait, and nothing is lost.
	p.visit(p.party() + "/entries/new?side=given")
	p.state.Store(lineCut)
	p.write("888.88")
	p.wants("it waits", `document.querySelectorAll("[data-entries] li").length === 1`)
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
	p.do(chromedp.SetValue(chromedp.CSS("#amount"), "999")) // while somebody writes, the page does not go away
	p.state.Store(lineOpen)
	p.read(`navigator.serviceWorker.controller.postMessage("send"), ""`)
	p.wants("it waits for the sign-in",
		`document.querySelector("[data-entries]").innerText.includes("Sign in to send this")`)
	p.as(p.a.Token)
	p.lockUntil("")
	p.visit(p.party())
	p.sent(frame.MarkOf(p.a.UserID))
	if n := p.onServer(88888); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// lockUntil locks the books up to a day, or opens them.
func (p *phone) lockUntil(day string) {
	p.Helper()
	from := one[string](p.world,
		`select coalesce((select locked_until::text from period_locks
			where business_id = $1 order by created_at desc, id desc limit 1), '')`, p.a.BusinessID)
	all := ""
	if day == "" {
		all = "all"
	}
	got := p.send("POST", form("/b/"+p.a.ids["business"]+"/lock", "id", newIDText(), "from", from, "until", day, "open",
		all, "reason", "a test"), p.a.Token)
	if got.status != 303 {
		p.Fatalf("lock until %q: %d %.300s", day, got.status, got.body)
	}
}

// The browser would install Tijori, under its name in the user's language.
func TestInstallable(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	var wrong []string
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		found, err := cdp.Call(ctx, t, page.GetInstallabilityErrors, cdp.Empty{})
		if err != nil {
			return err
		}
		for _, e := range found.InstallabilityErrors {
			wrong = append(wrong, e.ErrorID)
		}
		manifest, err := cdp.Call(ctx, t, page.GetAppManifest, page.GetAppManifestParams{})
		if err != nil {
			return err
		}
		for _, e := range manifest.Errors {
			wrong = append(wrong, e.Message)
		}
		var m struct {
			Name, StartURL string
		}
		if err := json.Unmarshal([]byte(manifest.Data), &m); err != nil || !strings.HasPrefix(m.Name, "Tijori") {
			wrong = append(wrong, fmt.Sprintf("%v: name %q", err, m.Name))
		}
		return nil
	}))
	if len(wrong) > 0 {
		t.Errorf("the browser finds %v", wrong)
	}
	p.read(`document.querySelector('form[action="/language"]').submit(), ""`)
	p.wants("in Hindi the name is Hindi",
		`document.documentElement.lang === "hi" && document.querySelector("[rel=manifest]").href.includes("manifest-hi")`)
}

// Keys by themselves open what they say, and a switch turns them off.
func TestKeys(t *testing.T) {
	t.Parallel()
	d := owned(t).browse()
	list := d.url + "/b/" + d.a.ids["business"]
	d.do(chromedp.Navigate(list))
	d.wants("the page is ready", `document.readyState === "complete" && !!document.getElementById("q")`)
	// The slash itself must not be typed: the event says so.
	d.wants("the slash searches",
		`!document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true, cancelable: true })) && document.activeElement.id === "q"`)
	d.keys("g")
	d.wants("in a field a key is a letter", `document.activeElement.value === "g"`)
	d.do(chromedp.Navigate(list))
	d.wants("the row is there", `!!document.querySelector("a[data-seen]")`)
	d.read(`document.querySelector("a[data-seen]").focus(), ""`)
	d.keys("r")
	d.wants("r opens an entry of the chosen row",
		`location.pathname.endsWith("/entries/new") && location.search === "?side=received" && document.activeElement.id === "amount"`)
	d.keys("12", kb.Enter)
	d.wants("Enter saves and stays",
		`location.pathname.endsWith("/entries/new") && document.body.innerText.includes("Entry saved.") && document.activeElement.id === "amount" && document.activeElement.value === ""`)
	d.do(chromedp.Navigate(list))
	d.keys("?")
	d.wants("the list of keys opens", `document.getElementById("shortcuts").open`)
	d.click("#shortcuts input")
	d.keys(kb.Escape)
	d.wants("it closes", `!document.getElementById("shortcuts").open`)
	d.keys("/", "?")
	d.wants("switched off, keys do nothing",
		`document.activeElement.id !== "q" && !document.getElementById("shortcuts").open && document.documentElement.classList.contains("no-keys")`)
}
