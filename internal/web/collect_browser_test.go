package web

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// One tap in a real browser, under the page's policy: the reminder is written down and WhatsApp's address is
// opened. No name but our own is resolved, so nothing leaves the machine.
func TestOneTapReminder(t *testing.T) {
	t.Parallel()
	w := owned(t)
	d := w.browse(chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	shop := d.url + newIDs(w.a.ids).shop()
	tap := func(page, button string) string {
		t.Helper()
		// The same tab, so that where it went can be asked; the policy is the same.
		d.do(chromedp.Navigate(page))
		d.wants("the button is there", `(() => { const b = document.querySelector('`+button+
			`'); if (!b) return false; b.removeAttribute("formtarget"); b.click(); return true; })()`)
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			h, err := chromedp.Run(d.ctx, chromedp.NavigationEntries())
			if err == nil && len(h.Entries) > 0 {
				if at := h.Entries[h.CurrentIndex].URL; !strings.HasPrefix(at, page) {
					return at
				}
			}
		}
		return ""
	}
	before := one[int](w, `select count(*) from reminders where account_id = $1 and channel = 'whatsapp'`,
		w.a.AccountID)
	party := newIDs(w.a.ids).party()
	for _, p := range []struct{ page, button string }{
		{shop, ".bell"}, {d.url + party, ".card-ways .whatsapp"}, {d.url + party + "/remind", "[value=whatsapp]"},
	} {
		if at := tap(p.page, p.button); !strings.HasPrefix(at, "https://wa.me/91"+phoneA+"?text=Namaste%20") ||
			!strings.Contains(at, "12%2C34%2C568.89") {
			t.Errorf("a tap on %s leads to %q", p.button, at)
		}
	}
	if n := one[int](w, `select count(*) from reminders where account_id = $1 and channel = 'whatsapp'`,
		w.a.AccountID); n != before+3 {
		t.Errorf("three taps wrote down %d reminders", n-before)
	}
}

// A link made on the page can be copied from it, and opens for who has no session.
func TestShareInBrowser(t *testing.T) {
	t.Parallel()
	w := owned(t)
	d := w.browse()
	d.do(chromedp.Navigate(d.url + newIDs(w.a.ids).party() + "/share"))
	d.wants("the form goes",
		`(() => { const b = document.querySelector("form.card [type=submit]"); if (!b) return false; b.click(); return true; })()`)
	d.wants("the link is shown", `document.getElementById("fresh")?.value.includes("/s/") === true`)
	link := d.read(`document.getElementById("fresh").value`)
	if got := w.send("GET", ask{path: strings.TrimPrefix(link, w.url)}, ""); got.status != 200 ||
		got.leaks(wordOfA+"party living") == "" {
		t.Errorf("the link %s opens %d", link, got.status)
	}
	d.do(chromedp.Navigate(link))
	d.wants("the statement has a code to pay by",
		`document.querySelector(".qr path")?.getBBox().width > 20 && document.querySelector(".guest-pay a").href.startsWith("upi://pay?pa=")`)
	if bad := d.read(`document.documentElement.scrollWidth > innerWidth ? "wider than the screen" : ""`); bad != "" {
		t.Error(bad)
	}
}
