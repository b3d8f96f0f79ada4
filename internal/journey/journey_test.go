package journey

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const password = "a brass lamp in the window"

// TestFromSignUpToPro is what Tijori is for, as a shopkeeper does it: from nothing to a khata on Pro, which
// nobody else can read. Once by each provider.
func TestFromSignUpToPro(t *testing.T) {
	t.Parallel()
	for _, by := range []purchase{
		{provider: "razorpay", currency: "INR", offer: "Get Pro for ₹299", pay: "Pay ₹299", back: "Continue to Tijori"},
		{provider: "stripe", currency: "USD", offer: "Get Pro for $5", pay: "Pay $5"},
	} {
		t.Run(by.provider, func(t *testing.T) {
			t.Parallel()
			s := serve(t, stateDir(t))
			asha := visit(t, s, "asha-"+by.provider)
			asha.signUp("Asha Devi", "Asha Kirana "+by.provider, "asha@example.com", by.currency)
			shop := asha.at()
			parties := asha.fiveParties(shop)
			asha.entries(parties[0], by)
			asha.sixthRefused(shop)
			asha.buy(s, by)
			asha.sixthTaken(shop)
			asha.download(shop, by)
			asha.hindi(shop)
			asha.byKeyboard(parties[1])
			seen := asha.everyAddress(shop, parties)

			banu := visit(t, s, "banu-"+by.provider)
			banu.signUp("Banu Bibi", "Banu Stores", "banu@example.com", by.currency)
			banu.seesNothing(seen)

			asha.signOut(shop)
			if said := s.stderr.String(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
				t.Errorf("the server says:\n%s", said)
			}
		})
	}
}

type purchase struct{ provider, currency, offer, pay, back string }

var names = []string{"Ramesh Tea Stall", "सुनीता देवी", "Iqbal & Sons", "=SUM(A1)", "Lakshmi"}

func (v *visitor) signUp(name, shop, mail, currency string) {
	v.Helper()
	v.open("/")
	v.press("Start free")
	v.fill("name", name)
	v.fill("business", shop)
	v.fill("email", mail)
	v.choose("currency", currency)
	v.press("Start free")
	if v.at() != "/signup/sent" {
		v.Fatalf("after the sign-up %s is on %s:\n%s", v.name, v.at(), v.text())
	}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); { // a job mails it
		if v.open("/dev/outbox"); strings.Contains(v.text(), mail) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	v.leave(func() { v.click(`//a[contains(., "` + mail + `")]`) })
	v.leave(func() { v.click(`//a[contains(@href, "/confirm/")]`) })
	v.fill("password", password)
	v.press("Open my khata")
	if !regexp.MustCompile(`^/b/[0-9a-f-]{36}$`).MatchString(v.at()) {
		v.Fatalf("after the confirmation %s is on %s", v.name, v.at())
	}
	v.wants(shop)
}

// fiveParties adds as many as Free has room for, and returns their pages.
func (v *visitor) fiveParties(shop string) (pages []string) {
	v.Helper()
	v.press("Add the first party")
	for i, name := range names {
		if i > 0 {
			v.open(shop)
			v.leave(func() { v.click(`//a[contains(@href, "/parties/new")]`) })
		}
		v.fill("name", name)
		v.fill("phone", fmt.Sprintf("98765 4321%d", i))
		v.press("Add party")
		v.wants(name)
		pages = append(pages, v.at())
	}
	return pages
}

// entries writes one Given, with a sum, and one Received, and reads the balance.
func (v *visitor) entries(party string, by purchase) {
	v.Helper()
	v.open(party)
	v.leave(func() { v.click(`//a[@data-key="g"]`) })
	v.fill("amount", "250+90")
	v.fill("note", "चाय और चीनी")
	v.press("Save")
	v.wants("340")
	v.leave(func() { v.click(`//a[@data-key="r"]`) })
	v.fill("amount", "99.50")
	v.press("Save")
	v.wants("240.50")
	v.wants("चाय और चीनी")
}

// sixthRefused is told what Free has room for: of parties, and of downloads.
func (v *visitor) sixthRefused(shop string) {
	v.Helper()
	if status := v.open(shop + "/export.csv"); status != http.StatusForbidden {
		v.Errorf("a download on Free is answered with %d, want 403", status)
	}
	v.wants("Get Pro for")
	v.open(shop)
	v.wants("5 of 5")
	v.leave(func() { v.click(`//a[contains(@href, "/parties/new")]`) }) // no form to fill in for nothing
	v.wants("Get Pro for")
	if status := eval[int](v,
		`performance.getEntriesByType("navigation")[0].responseStatus`); status != http.StatusForbidden {
		v.Errorf("the sixth party is answered with %d, want 403", status)
	}
}

// buy starts from the page that refused. The provider's word is held back until the customer is back, so that
// the page is seen to wait, and to turn by itself.
func (v *visitor) buy(s *server, by purchase) {
	v.Helper()
	v.press(by.offer)
	v.wants("asha@example.com")
	s.act(v.T, "hold")
	v.leave(func() { v.click(`//main//form[@action="/billing/checkout"]//button`) })
	if !v.eventually(`location.origin === `+quoted(s.sim)+` && document.readyState === "complete"`, 2*time.Minute) {
		v.Fatalf("%s does not reach the payment page but %s:\n%s", v.name, v.at(), v.text())
	}
	v.press(by.pay)
	if by.back != "" {
		v.press(by.back)
	}
	if !v.eventually(`location.pathname === "/billing/return" && document.readyState === "complete"`, 2*time.Minute) {
		v.Fatalf("%s does not come back from the payment but is on %s", v.name, v.at())
	}
	v.inspect()
	v.wants("Confirming your payment")
	eval[bool](v, `window.tijoriSamePage = true`)
	s.act(v.T, "release")
	if !v.eventually(`[...document.querySelectorAll("h1")].some((h) => h.checkVisibility() && h.textContent.includes("You are on Pro"))`, 2*time.Minute) {
		v.shoot("failed")
		v.Fatalf("the page does not turn Pro: %s", v.text())
	}
	if !eval[bool](v, `window.tijoriSamePage === true`) {
		v.Error("the page was loaded again to turn Pro")
	}
	v.shoot("turned-pro")
	v.open("/billing")
	v.wants("Tijori Pro")
	v.wants("Asha Kirana")
}

// act presses a button of the simulator's control page.
func (s *server) act(t *testing.T, what string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request,
		[]*http.Request,
	) error {
		return http.ErrUseLastResponse
	}}
	res, err := client.PostForm(s.sim+"/act", url.Values{"do": {what}})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if res.StatusCode >= 400 {
		t.Fatalf("the simulator answers %s to %q", res.Status, what)
	}
}

func (v *visitor) sixthTaken(shop string) {
	v.Helper()
	v.open(shop)
	v.leave(func() { v.click(`//a[contains(@href, "/parties/new")]`) })
	v.fill("name", "The Sixth")
	v.press("Add party")
	v.wants("The Sixth")
}

func (v *visitor) download(shop string, by purchase) {
	v.Helper()
	v.open(shop)
	bytes := eval[[]int](v,
		`fetch(`+quoted(shop+"/export.csv")+`).then((r) => r.arrayBuffer()).then((b) => [...new Uint8Array(b)])`)
	file := make([]byte, len(bytes))
	for i, b := range bytes {
		file[i] = byte(b)
	}
	text := string(file)
	if !strings.HasPrefix(text, "\ufeff") || !strings.HasSuffix(text, "\r\n") ||
		strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		v.Errorf("the file has no byte order mark or not CRLF: %q", text)
	}
	today := time.Now().In(time.FixedZone("IST", 19800)).Format("2006-01-02")
	for _, want := range []string{
		"Ramesh Tea Stall,", "सुनीता देवी", "चाय और चीनी", "340.00", "99.50", "240.50", today,
		"'=SUM(A1)",
	} {
		if !strings.Contains(text, want) {
			v.Errorf("the file has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "₹") || strings.Contains(text, ",=SUM") {
		v.Errorf("the file has signs among its numbers, or a formula:\n%s", text)
	}
}

func (v *visitor) hindi(shop string) {
	v.Helper()
	v.open(shop)
	v.click(`//details[contains(@class, "menu me")]/summary`)
	v.press("हिन्दी")
	if lang := eval[string](v, `document.documentElement.lang`); lang != "hi" {
		v.Errorf("after the switch the language is %q", lang)
	}
	v.wants("खाता")
	for _, path := range []string{"/settings", "/team", "/billing", "/pricing", shop + "/settings", shop + "/bin"} {
		if status := v.open(path); status != 200 {
			v.Errorf("%s: %d", path, status)
		}
	}
	v.open(shop)
	v.click(`//details[contains(@class, "menu me")]/summary`)
	v.press("English")
}

// byKeyboard adds an entry with a keyboard alone: g, the sum, Enter, which stays for the next.
func (v *visitor) byKeyboard(party string) {
	v.Helper()
	v.open(party)
	v.leave(func() { v.do(chromedp.KeyEvent("g")) })
	if focused := eval[string](v, `document.activeElement.name ?? ""`); focused != "amount" {
		v.Errorf("in a new entry the cursor stands in %q, want the amount", focused)
	}
	v.do(chromedp.KeyEvent("1200"))
	v.leave(func() { v.do(chromedp.KeyEvent(kb.Enter)) })
	v.wants("1,200")
	if focused := eval[string](v, `document.activeElement.name + document.activeElement.value`); focused != "amount" {
		v.Errorf("after Enter the cursor stands in %q, want the empty amount of the next entry", focused)
	}
	v.open(party)
	// By Tab alone every field of the form is reached in the order of the page, and the way out as well.
	v.leave(func() { v.do(chromedp.KeyEvent("r")) })
	var order []string
	for range 40 {
		v.do(chromedp.KeyEvent(kb.Tab))
		order = append(order,
			eval[string](v,
				`document.activeElement.name || document.activeElement.value || document.activeElement.tagName`))
		if strings.HasPrefix(order[len(order)-1], "then") {
			break
		}
	}
	if date, note := slices.Index(order, "date"), slices.Index(order, "note"); date < 0 || note < date {
		v.Errorf("Tab goes through %v, want the date and then the note", order)
	}
}

// everyAddress is what this user has looked at: the pages of the khata, and what posts there.
func (v *visitor) everyAddress(shop string, parties []string) (paths []string) {
	v.Helper()
	id := strings.TrimPrefix(shop, "/b/")
	paths = append(paths, shop, shop+"/bin", shop+"/settings", shop+"/export.csv", shop+"/upgrade", shop+"/parties/new",
		"/api/businesses/"+id+"/parties", "/api/businesses/"+id+"/export.csv")
	for _, p := range parties {
		paths = append(paths, p, p+"/edit", p+"/history", p+"/export.csv", p+"/entries/new")
		_, party, _ := strings.Cut(p, "/p/")
		paths = append(paths, "/api/businesses/"+id+"/parties/"+party)
	}
	v.open(parties[0])
	paths = append(paths,
		eval[[]string](v,
			`[...document.querySelectorAll("a[href*='/entries/']")].map((a) => a.getAttribute("href"))`)...)
	return paths
}

// seesNothing opens everything of somebody else, by address and by script, and with the ids in her own addresses.
func (v *visitor) seesNothing(paths []string) {
	v.Helper()
	if len(paths) < 30 {
		v.Fatalf("only %d addresses to try", len(paths))
	}
	v.open("/")
	own := v.at()
	for _, path := range paths {
		mine := regexp.MustCompile(`(/b/|/businesses/)[0-9a-f-]{36}`).ReplaceAllString(path,
			"${1}"+strings.TrimPrefix(own, "/b/"))
		for _, p := range []string{path, mine} {
			if p == mine && !strings.Contains(p, "/p/") && !strings.Contains(p, "/parties/") ||
				strings.HasSuffix(p, "/parties/new") && p == mine {
				continue // her own
			}
			got := eval[struct {
				Status int
				Body   string
			}](v, `fetch(`+quoted(p)+`).then(async (r) => ({ Status: r.status, Body: await r.text() }))`)
			if got.Status != http.StatusNotFound {
				v.Errorf("%s is answered with %d for %s, want 404", p, got.Status, v.name)
			}
			for _, secret := range append([]string{"Asha", "asha@", "98765", "240.50"}, names...) {
				if strings.Contains(got.Body, secret) {
					v.Errorf("%s tells %s of %q", p, v.name, secret)
				}
			}
		}
	}
	if status := v.open(paths[0]); status != http.StatusNotFound {
		v.Errorf("typed in, %s is answered with %d", paths[0], status)
	}
	for _, path := range []string{own, "/billing", "/team", "/settings"} {
		v.open(path)
		if text := eval[string](v, `document.documentElement.outerHTML`); strings.Contains(text, "Asha") {
			v.Errorf("%s tells of Asha", path)
		}
	}
}

func (v *visitor) signOut(shop string) {
	v.Helper()
	v.open(shop)
	v.click(`//details[contains(@class, "menu me")]/summary`)
	v.press("Sign out")
	if stored := eval[int](v, `localStorage.length + sessionStorage.length`); stored != 0 {
		v.Errorf("%d things are stored in the browser", stored)
	}
	v.open(shop)
	if at := v.at(); !strings.HasPrefix(at, "/login") {
		v.Errorf("signed out, %s opens %s", v.name, at)
	}
	// What the back button brings is asked for again, not kept.
	if text := v.text(); strings.Contains(text, "Ramesh") {
		v.Error("a page of the khata is shown after signing out")
	}
}
