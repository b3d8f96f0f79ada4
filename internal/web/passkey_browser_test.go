package web

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// A holder is a browser with an authenticator in software, at a name as passkeys want it.
type holder struct {
	*desk
	at  string
	key webauthn.AuthenticatorID
}

func (d *desk) holds() *holder {
	d.Helper()
	h := &holder{desk: d, at: strings.Replace(d.url, "127.0.0.1", "localhost", 1)}
	d.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		added, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
				IsUserVerified: true, AutomaticPresenceSimulation: true,
			},
		})
		h.key = added.AuthenticatorID
		return err
	}))
	return h
}

// touches says whether the holder touches the authenticator as soon as it is asked.
func (h *holder) touches(at bool) {
	h.Helper()
	h.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, webauthn.SetAutomaticPresenceSimulation,
			webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: h.key, Enabled: at})
		return err
	}))
}

func (h *holder) visits(path string) {
	h.Helper()
	h.do(chromedp.Navigate(h.at + path))
}

// leaves forgets the session in the browser, as closing it would.
func (h *holder) leaves() {
	h.Helper()
	h.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
}

// fills types into a field of the page's forms.
func (h *holder) fills(name, value string) {
	h.Helper()
	h.read(fmt.Sprintf(`(() => { for (const e of document.querySelectorAll("main input[name=%s]")) e.value = %q; return ""; })()`,
		name, value))
}

const signedIn = `document.body.classList.contains("in")`

// A shopkeeper signs up, signs in, confirms and takes the second step with a passkey, in a real browser.
func TestPasskeysInBrowser(t *testing.T) {
	t.Parallel()
	w := owned(t)
	h := w.browse().holds()

	// Behind the link of the sign-up's mail.
	h.visits("/confirm/" + w.a.ids["sign-up"])
	h.wants("the address is confirmed by a passkey", `document.querySelector("form[data-makes]") !== null`)
	h.click("form[data-makes] button")
	h.wants("signed up", signedIn)
	user := one[string](w, `select user_id::text from passkeys order by created_at desc limit 1`)
	if n := one[int](w, `select count(*) from passkeys where user_id = $1::uuid`, user); n != 1 {
		t.Fatalf("the new user has %d passkeys", n)
	}
	email := one[string](w, `select email from users where id = $1::uuid`, user)

	// The login page offers it by itself, where the e-mail is typed.
	h.leaves()
	h.visits("/login")
	h.wants("signed in", signedIn)

	// Another one, with a name of its own; the same authenticator makes no second.
	h.visits("/settings/signin")
	h.wants("the passkey is listed", `document.querySelectorAll("li.passkey").length === 1`)
	h.fills("name", "again")
	h.click("form[data-makes] button")
	h.wants("the authenticator has one already", `!document.querySelector("form[data-makes] .passkey-error").hidden`)

	// What can do harm is asked once more, and what was typed is not typed again.
	w.exec(`update credentials set proven_at = now() - interval '11 minutes', strong_at = now() - interval '11 minutes'
		where user_id = $1::uuid`, user)
	shop := one[string](w, `
		select b.id::text from businesses b join members m on m.account_id = b.account_id
		 where m.user_id = $1::uuid`, user)
	h.visits("/b/" + shop + "/upi")
	h.wants("the form", `document.querySelector("input[name=upi]") !== null`)
	h.fills("upi", "asha@upi")
	h.fills("payee", "Asha")
	h.click("main form button[type=submit]")
	h.wants("it asks who is there", `document.querySelector("form[data-field=proof_passkey]") !== null`)
	if n := one[int](w, `select count(*) from payees where business_id = $1::uuid`, shop); n != 0 {
		t.Fatal("the payee is changed without a proof")
	}
	h.click("form[data-field=proof_passkey] button")
	h.wants("saved", `document.querySelector("form[data-passkey]") === null &&
		document.querySelector("input[name=upi]")?.value === "asha@upi"`)
	if n := one[int](w, `select count(*) from payees where business_id = $1::uuid and upi_id = 'asha@upi'`,
		shop); n != 1 {
		t.Fatalf("the payee stands %d times", n)
	}

	// Two steps: the password, then the passkey.
	h.visits("/settings/signin")
	h.click("form[action='/settings/twostep'] button")
	h.wants("recovery codes", `document.querySelectorAll(".recovery-codes li").length === 10`)
	w.exec(`update users set password_hash = $2 where id = $1::uuid`, user, argon2Hash(ownersPassword))
	h.leaves()
	h.touches(false)
	h.visits("/login")
	h.fills("email", email)
	h.fills("password", ownersPassword)
	h.click("form[action='/login'] button[type=submit]")
	h.wants("the second step", `location.pathname === "/login/second"`)
	h.touches(true)
	h.click("form[data-field=passkey] button")
	h.wants("signed in by two steps", signedIn)
}
