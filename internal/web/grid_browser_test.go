package web

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A desk is a real browser, signed in as A's owner.
type desk struct {
	*world
	ctx context.Context
}

func (w *world) browse(more ...chromedp.ExecAllocatorOption) *desk {
	w.Helper()
	path := os.Getenv("TIJORI_BROWSER")
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome-stable", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		w.Fatal("no browser; set TIJORI_BROWSER or install chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.ExecPath(path), chromedp.UserDataDir(w.TempDir()), chromedp.Flag("disable-quic", true))
	ctx, cancel := chromedp.NewExecAllocator(w.Context(), append(opts, more...)...)
	w.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	w.Cleanup(cancel)
	d := &desk{w, ctx}
	d.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride,
			emulation.SetDeviceMetricsOverrideParams{Width: 1280, Height: 800, DeviceScaleFactor: 1}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{
			Name: "session", Value: w.a.Token,
			URL: w.url,
		})
		return err
	}))
	return d
}

func (d *desk) do(steps ...chromedp.Action[chromedp.Void]) {
	d.Helper()
	if err := chromedp.Do(d.ctx, steps...); err != nil {
		d.Fatalf("%v\n%.1500s", err, d.read(`document.body.innerText`))
	}
}

func (d *desk) read(script string) string {
	got, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		return err.Error()
	}
	return got
}

// wants asks the page until a script says true.
func (d *desk) wants(what, script string) {
	d.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if ok, err := chromedp.Run(d.ctx, chromedp.Evaluate[bool](script)); err == nil && ok {
			return
		}
	}
	d.Fatalf("%s: never true: %s\nfocus on %s\n%.1500s", what, script, d.read(`document.activeElement.id`),
		d.read(`[...document.querySelectorAll("[data-column]")].map((e) => e.id + "=" + e.value).join(" ") + document.body.innerText`))
}

func (d *desk) keys(keys ...string) {
	d.Helper()
	for _, k := range keys {
		d.do(chromedp.KeyEvent(k))
	}
}

func (d *desk) open() {
	d.Helper()
	d.do(chromedp.Navigate(d.url + "/b/" + d.a.ids["business"] + "/grid"))
	d.wants("the module has begun", `document.querySelector("[data-more]").hidden === false`)
}

// at is a script for the input in a row (from 1) and column.
func at1(row int, column string) string {
	return fmt.Sprintf(`document.querySelector("[data-rows]").rows[%d].querySelector("[data-column=%s]")`, row-1,
		column)
}

// click taps what a selector finds, again if the page has redrawn it in between.
func (d *desk) click(selector string) {
	d.Helper()
	for {
		err := chromedp.Do(d.ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "node with given id") {
			d.Fatalf("%v\n%.1500s", err, d.read(`document.body.innerText`))
		}
	}
}

func (d *desk) paste(text string) {
	d.Helper()
	d.read(fmt.Sprintf(`(() => { const data = new DataTransfer(); data.setData("text/plain", %q); document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); return ""; })()`, text))
}

func (d *desk) entries() int {
	return one[int](d.world, `select count(*) from entries where business_id = $1 and deleted_at is null`,
		d.a.BusinessID)
}

const keptState = `document.querySelector("[data-state]").textContent.includes("is kept")`

// A day's entries as a shopkeeper makes them on a desktop.
func TestGridInBrowser(t *testing.T) {
	t.Parallel()
	d := owned(t).browse()
	had := d.entries()
	d.open()

	// Typing, choosing a name, moving.
	d.wants("the first party cell has the focus", `document.activeElement === `+at1(1, "party"))
	d.keys(wordOfA + "party")
	d.wants("names are offered",
		`document.querySelectorAll("#grid-parties [role=option]").length === 2 && !document.getElementById("grid-parties").hidden`)
	d.keys(kb.Tab)
	d.wants("the name is chosen", at1(1, "party")+`.value === "qzxparty living" && document.activeElement === `+at1(1,
		"given"))
	d.keys("250+90", kb.Enter)
	d.wants("Enter goes to the column where Tab began, a row below", `document.activeElement === `+at1(2, "party"))
	d.wants("the footer adds up", `document.querySelector("[data-total=given]").textContent.includes("₹340")`)
	d.keys(kb.ArrowUp, kb.ArrowRight)
	d.wants("arrows move", `document.activeElement === `+at1(1, "given"))
	d.keys(kb.F2, kb.ArrowLeft, kb.ArrowLeft, "1")
	d.wants("F2 edits within", at1(1, "given")+`.value === "250+190"`)
	d.keys(kb.Escape)
	d.wants("Esc takes back", at1(1, "given")+`.value === "250+90"`)
	d.keys(kb.ArrowRight, kb.ArrowRight, "rice", kb.Enter)

	// A party on the way.
	d.keys(kb.ArrowLeft, kb.ArrowLeft, kb.ArrowLeft, "Sita Devi")
	d.wants("the new name is offered",
		`document.querySelector("#grid-parties")?.textContent.includes("Add “Sita Devi”")`)
	d.keys(kb.Enter)
	d.wants("it is called new", at1(2, "party")+`.closest("td").textContent.includes("new")`)
	d.keys(kb.ArrowUp, kb.ArrowRight, kb.ArrowRight, "५००")
	d.wants("Devanagari digits count", `document.querySelector("[data-total=received]").textContent.includes("₹500")`)

	// A sheet from Excel: quotes, grouping, a day by its month's name, an empty side, a wrong day, an unknown name.
	d.keys(kb.ArrowDown, kb.ArrowLeft, kb.ArrowLeft, kb.ArrowLeft)
	d.wants("at the third row", `document.activeElement === `+at1(3, "date"))
	d.paste("Date\tParty\tGave\tGot\tNote\r\n1-Apr-26\tqzxparty living\t₹1,00,000.50\t0.00\t\"two\nlines\"\r\n०२/०४/२०२६\tQZXPARTY  LIVING\t\t₹ 5,000\t\r\n31/02/2026\tMohan\t10\t\t\r\n3/4/2026\tMohan\t20\t\t\r\n")
	d.wants("the block is pasted", at1(6, "given")+`.value === "20" && `+at1(3, "note")+`.value === "two lines" && `+
		at1(3, "received")+`.value === ""`)
	d.wants("the server says what is wrong in which cell",
		at1(5, "date")+`.closest("td").textContent.includes("This is not a date.") && `+at1(6,
			"party")+`.closest("td").textContent.includes("There is no such party yet.") && !`+at1(6, "date")+`.closest("td").querySelector(".error")`)
	d.wants("and keeps the draft", keptState)
	d.wants("the other name is offered for all",
		`document.querySelector("[data-create]").textContent.includes("Mohan")`)

	// A reload loses nothing.
	d.open()
	d.wants("the draft is back", at1(1, "given")+`.value === "250+90" && `+at1(2, "party")+`.value === "Sita Devi" && `+
		at1(5, "date")+`.closest("td").textContent.includes("This is not a date.")`)
	d.click("[data-create]")
	d.wants("the name's cells are good", `!`+at1(6, "party")+`.closest("td").querySelector(".error")`)
	d.wants("kept", keptState)

	// All or nothing, then the good ones.
	d.click("[data-save=all]")
	d.wants("one cell keeps all from being saved",
		`!document.querySelector("[data-alert]").hidden && document.activeElement === `+at1(5, "date"))
	if n := d.entries(); n != had {
		t.Fatalf("%d entries after a refusal, want %d", n, had)
	}
	d.wants("the good ones are counted",
		`document.querySelector("[data-save=good]").textContent.includes("Save 5 valid rows, keep 1 here")`)
	d.click("[data-save=good]")
	d.wants("five are saved, one stays",
		`document.querySelector("[data-done-text]").textContent === "5 saved, 1 still to correct." && `+at1(1,
			"date")+`.value === "31/02/2026"`)
	if n := d.entries(); n != had+5 {
		t.Fatalf("%d entries, want %d", n, had+5)
	}
	d.keys("31/3/2026")
	d.do(chromedp.DoubleClick(chromedp.CSS("[data-save=all]"), chromedp.NodeVisible))
	d.wants("the last one is saved", `document.querySelector("[data-done-text]").textContent === "1 saved."`)
	if n := d.entries(); n != had+6 {
		t.Fatalf("%d entries after a double click, want %d", n, had+6)
	}
	if n := one[int](d.world, `select count(*) from parties where business_id = $1 and name in ('Sita Devi', 'Mohan')`,
		d.a.BusinessID); n != 2 {
		t.Errorf("%d new parties, want 2", n)
	}
	if got := one[int64](d.world,
		`select sum(case side when 'given' then amount_minor else -amount_minor end)::bigint from entries
			where business_id = $1 and deleted_at is null and batch_id is not null and created_at > now() - interval '1 minute' and note <> $2`, d.a.BusinessID, wordOfA+"note"); got != 34000-50000+10000050-500000+1000+2000 {
		t.Errorf("the saved entries sum up to %d", got)
	}

	// Undo.
	d.do(chromedp.Click(chromedp.CSS("[data-done] button"), chromedp.NodeVisible))
	d.wants("it is undone", `document.body.innerText.includes("Undone. What was added is in the bin.")`)
	if n := d.entries(); n != had+5 {
		t.Errorf("%d entries after the undo, want %d", n, had+5)
	}
	d.do(chromedp.Click(chromedp.CSS(`.rows form[action*="/batches/"] button`), chromedp.NodeVisible))
	d.wants("the first batch as well", `document.querySelectorAll('.rows form[action*="/batches/"]').length === 1`)
	if n := d.entries(); n != had {
		t.Errorf("%d entries after both undos, want %d", n, had)
	}
}

// Five hundred rows are pasted, kept and saved in one go.
func TestGridTakesFiveHundredRows(t *testing.T) {
	t.Parallel()
	d := owned(t).browse()
	had := d.entries()
	d.open()
	d.wants("the focus is in the grid", `document.activeElement === `+at1(1, "party"))
	d.keys(kb.ArrowLeft)
	var sheet strings.Builder
	for i := range 500 {
		fmt.Fprintf(&sheet, "%d/4/2026\tqzxparty living\t%d\t\trow %d\n", i%28+1, i+1, i)
	}
	start := time.Now()
	d.paste(sheet.String())
	d.wants("they are pasted",
		`document.querySelector("[data-rows]").rows.length >= 500 && document.querySelector("[data-count]").textContent === "500 rows"`)
	pasted := time.Since(start)
	d.wants("the footer adds up", `document.querySelector("[data-total=given]").textContent.includes("₹1,25,250")`)
	d.wants("they are kept", keptState)
	kept := time.Since(start)
	start = time.Now()
	d.click("[data-save=all]")
	d.wants("they are saved", `document.querySelector("[data-done-text]").textContent === "500 saved."`)
	t.Logf("pasted after %v, kept after %v, saved in %v", pasted, kept, time.Since(start))
	if n := d.entries(); n != had+500 {
		t.Errorf("%d entries, want %d", n, had+500)
	}
}

// A month on a phone: each entry is a card with labels of its own, nothing is wider than the screen, and what looks
// like an entry that is
// there already is told and saved all the same. Without a mouse, and in the roles that a screen reader needs.
func TestGridOnPhone(t *testing.T) {
	t.Parallel()
	d := owned(t).browse()
	had := d.entries()
	d.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride,
			emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 640, DeviceScaleFactor: 1, Mobile: true})
		return err
	}))
	d.open()
	d.wants("one empty card", `document.querySelectorAll(".grid-row").length === 1`)
	d.wants("its labels are in sight",
		`[...document.querySelectorAll(".grid-row label")].every((l) => l.getBoundingClientRect().height > 8)`)
	d.wants("nothing is wider than the screen",
		`document.documentElement.scrollWidth <= 320 && [...document.querySelectorAll(".grid-row input:not([type=hidden]), .grid-tools button:not([hidden])")].every((e) => { const r = e.getBoundingClientRect(); return r.right <= 320 && r.height >= 44; })`)
	d.wants("roles and names", `(() => {
		const table = document.querySelector("[role=grid]"), rows = [...table.querySelectorAll("[role=row]")];
		const cell = (c) => ["columnheader", "rowheader", "gridcell"].includes(c.getAttribute("role"));
		const labelled = (i) => i.labels.length === 1 && i.labels[0].textContent.trim() !== "";
		return table.getAttribute("aria-label") !== "" &&
			rows.length === 3 && rows.every((r) => [...r.children].every(cell)) &&
			[...table.querySelectorAll("input[data-column]")].every(labelled) &&
			table.querySelector("[data-column=party]").getAttribute("role") === "combobox";
	})()`)
	d.do(chromedp.Focus(chromedp.CSS("[data-rows] [data-column=party]")))
	for range 2 {
		d.keys(wordOfA+"party living", kb.Tab, "77", kb.Enter)
	}
	d.wants("the second is told to be like the first",
		at1(2, "party")+`.closest("td").textContent.includes("The same entry is there already.") && `+keptState)
	d.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2)))
	d.wants("both are saved", `document.querySelector("[data-done-text]").textContent === "2 saved."`)
	if n := d.entries(); n != had+2 {
		t.Errorf("%d entries more, want 2", n-had)
	}
}

// What one window has typed, another does not overwrite unseen.
func TestGridInTwoWindows(t *testing.T) {
	t.Parallel()
	d := owned(t).browse()
	d.open()
	second, cancel := chromedp.NewContext(d.ctx)
	t.Cleanup(cancel)
	two := &desk{d.world, second}
	two.open()
	two.keys("Second")
	two.wants("the second window keeps", keptState)
	d.keys("First")
	d.wants("the first is told", `document.querySelector("[data-alert]").textContent.includes("another window")`)
	d.open()
	d.wants("and reads what the second wrote", at1(1, "party")+`.value === "Second"`)
}
