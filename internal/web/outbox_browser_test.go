package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// fill types into a form that is open, and sends it.
func (p *phone) fill(form string, fields ...string) {
	p.Helper()
	p.wants("the form is open", fmt.Sprintf(`!!document.querySelector(%q)`, form))
	for i := 0; i < len(fields); i += 2 {
		p.do(chromedp.SetValue(chromedp.CSS(form+" [name="+fields[i]+"]"), fields[i+1]))
	}
	p.click(form + " [type=submit]:not(.sr)")
}

// waitsHere waits until so many things wait on the device, and one of them says a text.
func (p *phone) waitsHere(n int, text string) {
	p.Helper()
	p.wants("it waits", fmt.Sprintf(`document.querySelectorAll("[data-entries] li").length === %d
		&& [...document.querySelectorAll("[data-entries] li")].some((li) => li.innerText.includes(%q))`, n, text))
}

// A new party with its opening balance, an entry of that party, and edits of an entry and of a party wait as entries
// do. Their answers are lost, they are sent again from two tabs, and each is done once.
func TestPartiesAndEditsWaitOffline(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	user := frame.MarkOf(p.a.UserID)
	business := "/b/" + p.a.ids["business"]
	edit := p.party() + "/entries/" + p.a.ids["entry"] + "/edit"

	p.visit(business + "/parties/new")
	p.state.Store(lineCut)
	p.click("details.opening-fields summary")
	p.fill("form.card", "name", "Waiting Wala", "phone", "98200 12345", "opening", "500")
	p.waitsHere(1, "Waiting Wala")
	p.wants("it says what it is", `document.querySelector("[data-entries]").innerText.includes("New party")`)
	p.wants("an entry may be of it already",
		`[...document.querySelector("#party").options].some((o) => o.textContent.startsWith("Waiting Wala"))`)
	p.read(`document.querySelector("#party").value = [...document.querySelector("#party").options].find((o) => o.textContent.startsWith("Waiting Wala")).value, ""`)
	p.write("12.34")
	p.wants("two wait", `document.querySelectorAll("[data-entries] li").length === 2`)

	p.state.Store(apiCut)
	p.visit(edit)
	p.wants("the form has its version", `!!document.querySelector("[name=version]")`)
	p.state.Store(lineCut)
	p.fill("form.entry-form", "amount", "4321.09", "note", "put right")
	p.waitsHere(3, "4,321.09")
	p.state.Store(apiCut)
	p.visit(p.party() + "/edit")
	p.wants("the form has its version", `!!document.querySelector("[name=version]")`)
	p.state.Store(lineCut)
	p.fill("form.card", "name", "qzxparty renamed")
	p.waitsHere(4, "qzxparty renamed")

	p.state.Store(answersLost)
	p.visit(business)
	p.wants("nothing of it has arrived as far as the device knows", badge+`.innerText.startsWith("waiting (")`)
	second, cancel := chromedp.NewContext(p.ctx)
	t.Cleanup(cancel)
	two := &phone{desk: &desk{p.world, second}, line: p.line, base: p.base}
	p.state.Store(lineOpen)
	two.visit(business)
	p.visit(business)
	p.sent(user)

	if n := one[int](p.world, `select count(*) from parties where business_id = $1 and name = 'Waiting Wala'`,
		p.a.BusinessID); n != 1 {
		t.Errorf("%d parties, want 1", n)
	}
	if n := one[int](p.world, `select count(*) from entries e join parties p on p.id = e.party_id
		where p.name = 'Waiting Wala' and (e.opening and e.amount_minor = 50000 or not e.opening and e.amount_minor = 1234)`,
	); n != 2 {
		t.Errorf("%d of its entries, want 2", n)
	}
	if got := one[string](p.world, `select amount_minor || ' ' || note || ' ' || version from entries where id = $1`,
		p.a.ids["entry"]); got != "432109 put right 2" {
		t.Errorf("the entry is %q", got)
	}
	if got := one[string](p.world, `select name || ' ' || version from parties where id = $1`,
		p.a.ids["party"]); !strings.HasPrefix(got, "qzxparty renamed ") {
		t.Errorf("the party is %q", got)
	}
	if n := one[int](p.world, `select count(*) from changes where subject_id = $1 and after->>'name' = 'qzxparty renamed'
		and before->>'name' <> 'qzxparty renamed'`, p.a.ids["party"]); n != 1 {
		t.Errorf("the party was renamed %d times", n)
	}
}

// An edit of what somebody else has changed meanwhile is not carried out: it stays, says so, and leads to what is
// there. Nor is it carried out for another user, or after its user has lost the right to it.
func TestWaitingEditIsHeldAgainstWhatIs(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	edit := p.party() + "/entries/" + p.a.ids["entry"] + "/edit"
	was := one[int64](p.world, `select amount_minor from entries where id = $1`, p.a.ids["entry"])
	p.visit(edit)
	p.wants("the form has its version", `!!document.querySelector("[name=version]")`)
	p.state.Store(lineCut)
	p.fill("form.entry-form", "amount", "4444")
	p.waitsHere(1, "4,444")

	p.as(p.people["manager of business"].Token)
	p.state.Store(lineOpen)
	p.visit(p.party())
	p.wants("a colleague sees nothing of it", badge+`.hidden`)
	status := p.js(fmt.Sprintf(`return "" + (await fetch("/api/businesses/%s/entries/%s", { method: "PUT", headers: { "Content-Type": "application/json", "Tijori-User": %q }, body: JSON.stringify({ version: 1, side: "given", amount: 444400, date: "2026-04-01", note: "", mode: "", cheque_date: "" }) })).status`,
		p.a.ids["business"], p.a.ids["entry"], frame.MarkOf(p.a.UserID)))
	now := one[int64](p.world, `select amount_minor from entries where id = $1`, p.a.ids["entry"])
	if status != "401" || now != was {
		t.Fatalf("for another user: %s, the entry has %d", status, now)
	}

	theirs := form(edit, "version", "1", "side", "given", "amount", "777", "date", "2026-04-01", "note", "")
	got := p.send("POST", theirs, p.people["manager of business"].Token)
	if got.status != 303 {
		t.Fatalf("the colleague's edit: %d", got.status)
	}
	p.as(p.a.Token)
	p.visit("/waiting")
	p.wants("it is refused", badge+`.classList.contains("refused")
		&& document.querySelector("[data-entries] [data-open]").getAttribute("href") === "`+edit+`"
		&& !document.querySelector("[data-entries] details")`)
	if got := one[int64](p.world, `select amount_minor from entries where id = $1`, p.a.ids["entry"]); got != 77700 {
		t.Errorf("the entry has %d, want the colleague's 77700", got)
	}
}

// What is kept for reading is also written on: an entry is corrected and a party added on the page without a
// connection.
func TestBooksAreWrittenOnOffline(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.keepBooks("")
	p.online(false)
	p.visit(p.party())
	p.wants("the party is open", `!!document.querySelector("[data-lines] .reader-edit")`)
	p.click("[data-lines] li:first-child .reader-edit summary")
	p.fill("[data-lines] li:first-child form", "amount", "87.65")
	p.waitsHere(1, "87.65")
	p.click("[data-back]")
	p.click("[data-add] summary")
	p.fill("[data-add] form", "name", "Nayi Party")
	p.waitsHere(2, "Nayi Party")
	p.online(true)
	p.wants("the khata is back", `!("offline" in document.body.dataset)`)
	p.sent(frame.MarkOf(p.a.UserID))
	if p.onServer(8765) != 1 || one[int](p.world, `select count(*) from parties where name = 'Nayi Party'`) != 1 {
		t.Error("what was written has not arrived once")
	}
}
