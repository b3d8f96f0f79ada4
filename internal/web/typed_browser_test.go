package web

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// TestAmountsOfOtherCurrenciesOffline: what is written without a connection is the amount that was typed, also of a
// currency without decimal places, or with three.
func TestAmountsOfOtherCurrenciesOffline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency, first, second, shown string
		minor                          []int64
	}{
		{"JPY", "1,500", "2500+20", "¥2,520", []int64{1500, 2520}},
		{"KWD", "1.250", "2.5+0.005", "KWD2.505", []int64{1250, 2505}},
	} {
		t.Run(c.currency, func(t *testing.T) {
			t.Parallel()
			p := newPhone(t)
			p.exec(`update businesses set currency = $2 where id = $1`, p.a.BusinessID, c.currency)
			p.visit(p.party() + "/entries/new?side=given")
			p.wants("the page knows the currency", `document.querySelector("[data-sum]").dataset.symbol !== "₹"`)
			p.online(false)
			p.write(c.first) // on the party's page, kept by the worker
			p.wants("the entry waits",
				`location.pathname === "/waiting" && document.querySelectorAll("[data-entries] li").length === 1`)
			p.write(c.second) // on the device's own page
			p.wants("another one waits, with its amount", `[...document.querySelectorAll("[data-entries] li")]
				.some((li) => li.innerText.replace(/\s/g, "").includes("`+c.shown+`"))`)
			p.do(chromedp.SetValue(chromedp.CSS("#amount"), "10,00"),
				chromedp.Click(chromedp.CSS("form.entry-form .button.wide"), chromedp.NodeVisible))
			p.wants("a comma that divides nothing is refused here as there",
				`!document.getElementById("amount-error").hidden &&
					document.querySelectorAll("[data-entries] li").length === 2`)
			p.read(`document.getElementById("amount").value = ""`)
			p.online(true)
			p.visit(p.party())
			p.sent(frame.MarkOf(p.a.UserID))
			for _, minor := range c.minor {
				if n := p.onServer(minor); n != 1 {
					t.Errorf("%d entries of %d minor units, want 1", n, minor)
				}
			}
		})
	}
}
