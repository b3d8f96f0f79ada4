package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// js runs a script that waits, and answers with text.
func (p *phone) js(script string) string {
	p.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(async () => { `+script+` })()`,
		chromedp.EvalAwaitPromise))
	p.ok(err)
	return text
}

// keepBooks turns reading without a connection on, as a user does.
func (p *phone) keepBooks(pin string) {
	p.Helper()
	p.visit("/settings/offline")
	p.wants("it can be turned on", `!document.querySelector("[data-keep]").hidden`)
	if pin != "" {
		p.do(chromedp.SetValue(chromedp.CSS("#pin"), pin))
	}
	p.click("[data-keep] [type=submit]")
	p.wants("it is on", `!document.querySelector("[data-kept]").hidden`)
}

// kept is whose books the device keeps, and of how many businesses; "none" when there is nothing of them left, neither
// books nor keys.
func (p *phone) kept() string {
	p.Helper()
	p.wants("the store is there", `typeof store === "object"`)
	return p.js(`
		const flag = await store.books();
		if (!(await indexedDB.databases()).some((d) => d.name === "tijori-books")) return flag ? "a flag" : "none";
		const db = await new Promise((done) => indexedDB.open("tijori-books").onsuccess = (e) => done(e.target.result));
		const all = (name) => new Promise((done) => {
			if (!db.objectStoreNames.contains(name)) return done([]);
			db.transaction(name).objectStore(name).getAll().onsuccess = (e) => done(e.target.result);
		});
		const [keys, books] = [await all("keys"), await all("books")];
		db.close();
		if (!keys.length && !books.length && !flag) return "none";
		return flag?.user + " " + keys[0]?.user + " " + books.length;`)
}

// erased waits until nothing of the books is left on the device.
func (p *phone) erased(after string) {
	p.Helper()
	for end := time.Now().Add(2 * time.Minute); p.kept() != "none"; time.Sleep(40 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("%s the device keeps %s", after, p.kept())
		}
	}
}

// renewed waits until the copy has what was written on the device.
func (p *phone) renewed() {
	p.Helper()
	flag := func() string {
		p.wants("the store is there", `typeof store === "object"`)
		return p.js(`return JSON.stringify(await store.books())`)
	}
	for end := time.Now().Add(2 * time.Minute); flag() == "" || strings.Contains(flag(), "stale"); {
		if time.Now().After(end) {
			p.Fatal("the copy stays behind what was written")
		}
		time.Sleep(40 * time.Millisecond)
	}
}

// nothingInClear fails when something of the khata can be read on the device as it is: nothing may.
func (p *phone) nothingInClear() {
	p.Helper()
	text := p.cached() + p.js(`
		const out = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
		const text = new TextDecoder("latin1");
		const tell = (x) => x instanceof ArrayBuffer || ArrayBuffer.isView(x) ? text.decode(x)
			: x instanceof CryptoKey ? "key " + x.algorithm.name + " " + x.type + " " + x.extractable
			: x && typeof x === "object" ? Object.entries(x).map(([k, v]) => k + ":" + tell(v)).join(",") : String(x);
		const db = await new Promise((done) => indexedDB.open("tijori-books").onsuccess = (e) => done(e.target.result));
		for (const name of db.objectStoreNames) {
			const all = db.transaction(name).objectStore(name).getAll();
			out.push(tell(await new Promise((done) => all.onsuccess = () => done(all.result))));
		}
		db.close();
		return out.join("\n");`)
	for _, word := range []string{
		wordOfA + "party", wordOfA + "note", "123456789", phoneA, "private true", "secret true",
	} {
		if strings.Contains(text, word) {
			p.Errorf("the device keeps %q: %.2000s", word, text)
		}
	}
	if !strings.Contains(text, "key AES-GCM secret false") {
		p.Errorf("the device has no key that cannot be read out: %.2000s", text)
	}
}

// opened waits for the list of parties on the page without a connection.
func (p *phone) opened() {
	p.Helper()
	p.wants("the list of parties is drawn", `"offline" in document.body.dataset
		&& !document.querySelector("[data-book]").hidden && !!document.querySelector("[data-parties] li")`)
}

// Balances and entries are read without a connection, from what the device keeps encrypted; nothing is left of it after
// the sign-out.
func TestBooksAreReadOffline(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.keepBooks("")
	p.nothingInClear()

	p.online(false)
	p.visit("/b/" + p.a.ids["business"])
	p.opened()
	p.wants("a party has its balance", `[...document.querySelectorAll("[data-parties] li")].some((li) =>
		li.innerText.includes("qzxparty living") && li.innerText.includes("12,34,568.89"))`)
	p.wants("a deleted one is not there", `!document.body.innerText.includes("party deleted")`)
	p.do(chromedp.SetValue(chromedp.CSS("#find"), "nobody at all"))
	p.read(`document.getElementById("find").dispatchEvent(new Event("input")), ""`)
	p.wants("nobody is found", `!document.querySelector("[data-nobody]").hidden`)
	p.do(chromedp.SetValue(chromedp.CSS("#find"), "LIVING"))
	p.read(`document.getElementById("find").dispatchEvent(new Event("input")), ""`)
	p.wants("one is found", `document.querySelectorAll("[data-parties] li").length === 1`)
	p.click("[data-parties] li a")
	p.wants("its entries are drawn", fmt.Sprintf(`location.pathname === "%s"
		&& document.querySelector(".reader-name").textContent === "qzxparty living"
		&& document.querySelector("[data-lines]").innerText.includes("12,34,567.89")`, p.party()))
	p.read(`history.back(), ""`)
	p.wants("back is the list", `!document.querySelector("[data-book]").hidden`)
	p.visit(p.party())
	p.wants("the address of a party opens it", `document.querySelector(".reader-name").textContent === "qzxparty living"`)
	if text := p.cached(); strings.Contains(text, wordOfA) {
		t.Error("the cache of the worker holds the khata")
	}

	// What is written is in the next copy.
	p.online(true)
	p.wants("the khata is back", `!("offline" in document.body.dataset)`)
	p.visit(p.party() + "/entries/new?side=given")
	p.write("111.11")
	p.wants("it is saved", `location.pathname === "`+p.party()+`"`)
	p.renewed()
	p.online(false)
	p.visit("/b/" + p.a.ids["business"])
	p.opened()
	p.wants("the balance is the new one", `document.querySelector("[data-parties]").innerText.includes("12,34,680")`)

	p.online(true)
	p.wants("the khata is back", `!("offline" in document.body.dataset)`)
	p.visit(p.party())
	p.click(".me summary")
	p.click(`form[action="/logout"] button`)
	p.wants("signed out", `document.body.classList.contains("out")`)
	p.erased("after the sign-out")
	p.online(false)
	p.visit(p.party())
	p.wants("there is nothing to read", `"offline" in document.body.dataset
		&& document.querySelector("[data-reader]").hidden && !document.body.innerText.includes("qzx")`)
}

// With a PIN the copy is renewed without it, and read only with it; the fifth wrong one erases everything.
func TestBooksNeedTheirPIN(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.visit("/settings/offline")
	p.wants("it can be turned on", `!document.querySelector("[data-keep]").hidden`)
	p.do(chromedp.SetValue(chromedp.CSS("#pin"), "12345"))
	p.click("[data-keep] [type=submit]")
	p.wants("a short PIN is refused", `!document.getElementById("pin-error").hidden`)
	p.keepBooks("482916")
	p.nothingInClear()
	p.js(`await store.staleBooks(); return ""`)
	p.visit(p.party())
	p.renewed()

	p.online(false)
	p.visit("/b/" + p.a.ids["business"])
	try := func(pin string) {
		t.Helper()
		p.wants("a PIN is asked for", `!document.querySelector("[data-unlock]").hidden`)
		p.do(chromedp.SetValue(chromedp.CSS("#pin"), pin))
		p.click("[data-unlock] [type=submit]")
	}
	try("482917")
	p.wants("a wrong one is told", `document.getElementById("pin-error").innerText.includes("4 more times")
		&& document.querySelector("[data-book]").hidden && !document.querySelector("[data-reader]").innerText.includes("qzxparty")`)
	try("482916")
	p.opened()
	p.visit("/b/" + p.a.ids["business"])
	for left := 4; left > 0; left-- {
		if left == 2 {
			p.visit("/b/" + p.a.ids["business"]) // to open the page again is no way to more tries
		}
		try("000000")
		said := fmt.Sprintf("%d more times", left)
		if left == 1 {
			said = "one more wrong one"
		}
		p.wants(said, fmt.Sprintf(`document.getElementById("pin-error").innerText.includes(%q)`, said))
	}
	try("111111")
	p.wants("they are erased", `document.getElementById("pin-error").innerText.includes("The books are erased")`)
	p.erased("after the fifth wrong PIN")
}

// Who is removed keeps nothing: with the first page that reaches the server, whichever it is, the books go. So they do
// when the session was ended from another device.
func TestBooksGoWithTheRightToThem(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	manager := p.people["manager of business"]
	p.as(manager.Token)
	p.keepBooks("")
	if got, want := p.kept(), frame.MarkOf(manager.UserID); !strings.HasPrefix(got, want+" "+want+" 1") {
		t.Fatalf("the device keeps %s", got)
	}
	p.online(false)
	p.visit(p.party())
	p.wants("it is read", `document.querySelector(".reader-name").textContent === "qzxparty living"`)
	one[int](p.world, `with gone as (delete from members where user_id = $1 and account_id = $2 returning 1)
		select count(*)::int from gone`, manager.UserID, p.a.AccountID)
	p.online(true)
	p.visit("/settings")
	p.erased("removed from the team,")

	p.as(p.a.Token)
	p.keepBooks("")
	one[int](p.world, `with gone as (update credentials set revoked_at = now() where user_id = $1 returning 1)
		select count(*)::int from gone`, p.a.UserID)
	p.visit("/login")
	p.erased("after its session was ended elsewhere,")
}

// A page that nobody's session is read for, such as the status page, decides nothing.
func TestBooksStayOnPublicPages(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.keepBooks("")
	before := p.kept()
	p.visit("/status")
	p.wants("the store is there", `typeof store === "object"`)
	p.js(`await navigator.locks.request("books", () => {}); return ""`)
	p.visit("/pricing")
	if after := p.kept(); after != before || after == "none" {
		t.Errorf("after public pages the device keeps %s, before %s", after, before)
	}
}

// Somebody else who signs in on the device sees nothing, and what was kept is erased before they do.
func TestBooksAreTheirUsers(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.keepBooks("")
	p.as(p.people["manager of business"].Token) // without a sign-out before it
	p.visit("/settings/offline")
	p.wants("nothing is kept for them", `!document.querySelector("[data-keep]").hidden
		&& document.querySelector("[data-kept]").hidden`)
	p.erased("for somebody else")
	// Nor does the server answer one user what a device asks for another.
	for _, path := range []string{"/api/offline", "/api/businesses/" + p.a.ids["business"] + "/offline"} {
		got := p.js(fmt.Sprintf(`const r = await fetch(%q, { headers: { "Tijori-User": %q } });
			return r.status + " " + await r.text();`, path, frame.MarkOf(p.a.UserID)))
		if !strings.HasPrefix(got, "401 ") || strings.Contains(got, wordOfA) {
			t.Errorf("%s for another user: %.200s", path, got)
		}
	}
	p.online(false)
	p.visit("/b/" + p.a.ids["business"])
	p.wants("nothing is read", `"offline" in document.body.dataset && document.querySelector("[data-reader]").hidden`)
}
