package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/platform"
)

// TestOneCustomerIsFrozen: a customer who is frozen buys and spends nothing, whoever asks for them, and reads what they
// have; nobody else notices; thawed, all is as before.
func TestOneCustomerIsFrozen(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	ops := incident.New(w.db.DB)
	own, shared := w.a.ids["customer"], w.a.ids["own customer"]
	token := w.tokenFor(w.a, own, platform.MayPay, "https://"+wordOfA+".example")
	link := w.portalLink(w.a, own)
	_, session := w.openPortal(w.portalLink(w.a, own))
	w.writeCounts()
	before := w.appRows(w.b.app.ID)
	ask := func(method, customer, rest string, body map[string]any, key string) int {
		t.Helper()
		k := ask{path: "/api/v1/customers/" + customer + rest, json: body}
		if method == "GET" {
			k.json = nil
		}
		r, err := k.request(method, w.url)
		w.ok(err)
		if key == token {
			r.Header.Set("Origin", "https://"+wordOfA+".example")
		}
		return w.do(r, key).status
	}
	spend := func() map[string]any {
		return map[string]any{"meter": "credits", "amount": 1, "idempotency_key": uuid.NewString()}
	}
	buy := map[string]any{
		"plan": "studio", "interval": "month", "provider": "stripe", "idempotency_key": "frozen",
		"return_url": "https://" + wordOfA + ".example/back",
	}
	if _, err := ops.AccountOf(t.Context(), w.b.app.ID, own); err == nil {
		t.Error("a customer of another app was found")
	}
	if _, err := ops.AccountOf(t.Context(), "khata", own); err == nil {
		t.Error("a customer of the khata was found")
	}
	account, err := ops.AccountOf(t.Context(), w.a.app.ID, own)
	w.ok(err)
	_, _, err = ops.Freeze(t.Context(), "test", 0, freeze.Billing|freeze.Credits, account, "a token leaked")
	w.ok(err)
	for what, got := range map[string]int{
		"spend":            ask("POST", own, "/consume", spend(), w.a.appKey),
		"hold":             ask("POST", own, "/holds", spend(), w.a.appKey),
		"checkout":         ask("POST", own, "/checkout", buy, w.a.appKey),
		"a token's buying": ask("POST", own, "/checkout", buy, token),
		"a portal's link": ask("POST", own, "/portal", map[string]any{
			"return_url": "https://" + wordOfA + ".example/",
		}, w.a.appKey),
	} {
		if got != http.StatusServiceUnavailable {
			t.Errorf("%s of a frozen customer: %d, want 503", what, got)
		}
	}
	if _, opened := w.openPortal(link); opened != "" {
		t.Error("a link of a frozen customer was opened")
	}
	if got := w.withPortal("GET", form("/portal"), session, "portal"); got.status != http.StatusGone {
		t.Errorf("the portal of a frozen customer: %d", got.status)
	}
	for what, got := range map[string]int{
		"the state":                 ask("GET", own, "", nil, w.a.appKey),
		"a check":                   ask("POST", own, "/check", map[string]any{"feature": "render"}, w.a.appKey),
		"another customer's spend":  ask("POST", shared, "/consume", spend(), w.a.appKey),
		"the other app's namesake":  ask("POST", shared, "/consume", spend(), w.b.appKey),
		"another customer's buying": ask("POST", shared, "/checkout", buy, w.a.appKey),
	} {
		if got != http.StatusOK {
			t.Errorf("%s while one customer is frozen: %d", what, got)
		}
	}
	_, err = ops.Thaw(t.Context(), "test", freeze.All, account, "the token was revoked")
	w.ok(err)
	if got := ask("POST", own, "/consume", spend(), w.a.appKey); got != http.StatusOK {
		t.Errorf("a spend after the thaw: %d", got)
	}
	for what, sum := range w.appRows(w.b.app.ID) {
		if before[what] != sum && !strings.HasPrefix(what, "credit_") && !strings.HasPrefix(what, "calendar") {
			t.Errorf("%s of the other app has changed", what)
		}
	}
}
