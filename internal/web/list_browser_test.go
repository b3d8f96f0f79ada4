package web

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// screen makes the browser a screen of a size.
func (d *desk) screen(width, height int64) {
	d.do(chromedp.EmulateViewport(width, height))
}

// On a desktop the list is walked by keys, a party opens beside it, and an entry is a row: nobody leaves the page.
func TestListOnADesktop(t *testing.T) {
	t.Parallel()
	w := owned(t)
	d := w.browse()
	d.screen(1600, 900)
	shop, party := newIDs(w.a.ids).shop(), newIDs(w.a.ids).party()
	press := func(key string) {
		d.read(`(document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "` + key +
			`", bubbles: true, cancelable: true })), "")`)
	}
	d.do(chromedp.Navigate(d.url + shop))
	d.wants("the list uses the width", `document.querySelector(".people").getBoundingClientRect().width > 1100`)
	d.wants("its rows are dense", `document.querySelector(".people .row").getBoundingClientRect().height <= 48`)
	for range 60 { // j leads down the list, to the party of the test
		press("j")
		if d.read(`document.activeElement.pathname ?? ""`) == party {
			break
		}
	}
	d.wants("j leads to the party", `document.activeElement.pathname === "`+party+`"`)
	d.read(`(document.activeElement.click(), "")`)
	d.wants("the party is beside the list", `document.querySelector("#beside .party-name h1")?.textContent.includes("`+
		wordOfA+`party living") && location.pathname === "`+shop+`"`)
	before := d.read(`document.querySelector("#beside .bal .num").textContent`)
	press("r")
	d.wants("r leads to the amount of what came in", `document.activeElement.name === "amount" &&
		document.querySelector(".quick [value=received]").checked`)
	d.read(`(document.activeElement.value = "11", document.querySelector(".quick").requestSubmit(), "")`)
	d.wants("the party is shown with the entry", `document.querySelector("#beside .bal .num").textContent !== "`+before+
		`" && location.pathname === "`+shop+`"`)
	d.wants("the list says the same", `document.querySelector("a[data-row][aria-current] .bal .num").textContent ===
		document.querySelector("#beside .bal .num").textContent`)
	if n := one[int](w, `select count(*) from entries where party_id = $1 and amount_minor = 1100 and side = 'received'`,
		w.a.ids["party"]); n != 1 {
		t.Errorf("the row made %d entries, want one", n)
	}
	press("Escape")
	d.wants("Escape closes it", `document.getElementById("beside").hidden`)
}

// The arrow of a party leads back to the list as it was, and no way back leads to a form that was saved.
func TestWaysBack(t *testing.T) {
	t.Parallel()
	w := owned(t)
	d := w.browse()
	d.screen(360, 740)
	shop, party := newIDs(w.a.ids).shop(), newIDs(w.a.ids).party()
	d.do(chromedp.Navigate(d.url + shop + "?show=due&sort=oldest"))
	d.wants("the list is there", `document.querySelectorAll("a[data-row]").length > 0 &&
		document.readyState === "complete"`)
	d.do(chromedp.Navigate(d.url + party))
	d.wants("the party is there", `document.querySelector(".party-head .back") !== null`)
	d.do(chromedp.Navigate(d.url + party + "/entries/new?side=given"))
	d.wants("the form is there", `(() => { const a = document.getElementById("amount");
		if (!a || document.readyState !== "complete") return false;
		a.value = "12"; document.querySelector(".save-bar [type=submit]").click(); return true; })()`)
	d.wants("it is saved", `document.querySelector(".flash-done:not([data-sent])") !== null &&
		document.readyState === "complete"`)
	d.read(`(history.back(), "")`)
	d.wants("the way back passes the form by",
		`location.pathname === "`+party+`" && document.querySelector(".flash-done:not([data-sent])") === null &&
			document.readyState === "complete"`)
	d.read(`(document.querySelector(".party-head .back").click(), "")`)
	d.wants("the list is as it was", `location.pathname + location.search === "`+shop+`?show=due&sort=oldest"`)
}
