//go:build examples

package journey

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nextDir has the example app in Next.js; scripts/setup-examples installs and builds it.
const nextDir = "../../examples/next"

// freeAddress is an address of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// startNext serves the example app that was built, for a shop, until the test ends.
func startNext(t *testing.T, s *shop) {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.origin, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "node_modules/next/dist/bin/next", "start", "--hostname", "localhost", "--port", port)
	cmd.Dir = nextDir
	cmd.Env = environment(append(s.settings(), "APP_URL="+s.origin, "NEXT_TELEMETRY_DISABLED=1",
		"SESSION_SECRET=a brass lamp in the window of a shop",
		"TIJORI_WEBHOOK_SECRET=whsec_YSBicmFzcyBsYW1wIGluIHRoZSB3aW5kb3c=")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
		if strings.Contains(said.String(), "Error") || strings.Contains(said.String(), s.key) {
			t.Errorf("the example app says:\n%s", said)
		}
	})
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get(s.origin + "/sign-in")
		if err == nil {
			_ = answer.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the example app does not answer: %v\n%s", err, said)
		}
	}
}

// TestNextExample buys a plan and credits in the example app, once by each provider, and tries what must not work.
func TestNextExample(t *testing.T) {
	s := openShop(t, "http://"+freeAddress(t))
	startNext(t, s)
	for _, by := range []purchase{
		{provider: "razorpay", currency: "INR", pay: "Pay ₹499"},
		{provider: "stripe", currency: "USD", pay: "Pay $9"},
	} {
		t.Run(by.provider, func(t *testing.T) {
			v := visit(t, &server{t: t, url: s.origin, sim: s.payments}, by.provider)
			v.open("/sign-in")
			v.fill("name", "Posters by "+by.provider)
			v.click(`//main//button[contains(., "Sign in")]`)
			v.wants("5 credits left")
			v.draw("Sketch")
			v.wants("4 credits left")
			v.draw("Poster")
			v.wants("Posters need the plan Studio.")
			v.wants("4 credits left")

			v.open("/pricing")
			v.click(`//input[@value="` + by.currency + `"]`)
			v.buyFrom(s, "Choose Studio", by.pay)
			v.wantsOwn("Studio")
			before := v.creditsAtLeast("/", 100) // the plan's allowance comes a moment after the plan
			v.open("/")
			v.draw("Poster")
			v.wants(fmt.Sprintf("%d credits left", before-10))
			v.open("/pricing")
			v.click(`//input[@value="` + by.currency + `"]`)
			v.buyFrom(s, "Buy 50 credits", "Pay ")
			v.creditsAtLeast("/billing", before+40) // they come with the provider's webhook
			v.wants(fmt.Sprintf("%d credits left", before+40))

			v.attack(before + 40)
			v.open("/billing")
			v.click(`//button[contains(., "Cancel plan")]`)
			v.wants("What is paid is kept")
			v.click(`//div[@role="group"]//button[contains(., "Cancel plan")]`)
			v.wants("Ends on")
			v.shoot("ended")
		})
	}
}

// draw asks for a picture and waits until the page is done with it.
func (v *visitor) draw(kind string) {
	v.Helper()
	v.fill("title", "Chai & samosa <today>")
	v.click(`//button[contains(., "` + kind + `")]`)
	if !v.eventually(`document.querySelector("form[aria-busy=false]") !== null &&
		(document.querySelector("img")?.naturalWidth > 0 || !!document.querySelector("form [role=alert]"))`, time.Minute) {
		v.Fatalf("%s: nothing is drawn:\n%s", v.name, v.text())
	}
	v.inspect()
}

var credits = regexp.MustCompile(`(\d+) credits left`)

func (v *visitor) creditsLeft() int {
	v.Helper()
	v.wants("credits left")
	n, err := strconv.Atoi(credits.FindStringSubmatch(v.text())[1])
	if err != nil {
		v.Fatal(err)
	}
	return n
}

// creditsAtLeast opens a page until it shows so many, and returns how many it shows.
func (v *visitor) creditsAtLeast(path string, want int) int {
	v.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		v.open(path)
		if n := v.creditsLeft(); n >= want {
			return n
		} else if time.Now().After(end) {
			v.Fatalf("%s has %d credits, want %d", v.name, n, want)
		}
	}
}

// buyFrom presses a button of the pricing table, pays at the simulated provider and comes back.
func (v *visitor) buyFrom(s *shop, offer, pay string) {
	v.Helper()
	v.leave(func() { v.click(`//button[contains(., "` + offer + `")]`) })
	if !v.eventually(`location.origin === `+quoted(s.payments)+` && document.readyState === "complete"`, time.Minute) {
		v.Fatalf("%s does not reach the payment page but %s:\n%s", v.name, v.at(), v.text())
	}
	v.press(pay)
	if strings.HasPrefix(v.at(), s.payments) { // Razorpay's page of a subscription ends here: people go back themselves
		v.open("/pricing")
	}
	if !v.eventually(`location.pathname === "/pricing" && !location.search`, time.Minute) {
		v.Fatalf("%s does not come back but is on %s:\n%s", v.name, v.at(), v.text())
	}
}

// wantsOwn waits until a plan is the customer's.
func (v *visitor) wantsOwn(plan string) {
	v.Helper()
	own := `document.querySelector("[aria-current]")?.innerText.includes(` + quoted(plan) + `)`
	for range 20 { // the provider's word may come after the customer
		if v.eventually(own, 3*time.Second) {
			return
		}
		v.open("/pricing")
	}
	v.Fatalf("%s does not have %s:\n%s", v.name, plan, v.text())
}

// attack tries, with the visitor's own session, what founders get wrong: none of it may do anything.
func (v *visitor) attack(balance int) {
	v.Helper()
	ask := func(method, path, body string) string {
		v.Helper()
		return eval[string](v, `(async () => {
			const init = { method: `+quoted(method)+`, headers: { "content-type": "application/json" } };
			if (init.method !== "GET") init.body = `+quoted(body)+`;
			const answer = await fetch(`+quoted(path)+`, init);
			return answer.status + " " + await answer.text();
		})()`)
	}
	plan := `{"plan":"studio","interval":"month"`
	for _, one := range []struct{ method, path, body, want string }{
		{"POST", "/api/tijori/checkout", plan + `,"customer":"org-other"}`, "422 "},
		{"POST", "/api/tijori/checkout", plan + `,"amount":"1"}`, "422 "},
		{"POST", "/api/tijori/checkout", plan + `,"return_to":"https://evil.example/"}`, "422 "},
		{"POST", "/api/tijori/checkout", plan + `}`, "409 "}, // it is paid for already
		{"POST", "/api/tijori/consume", `{"amount":"1"}`, "404 "},
		{"GET", "/api/tijori/state?customer=org-other", "", `200 {"id":"org-`},
		{"POST", "/api/jobs/00000000-0000-4000-8000-000000000000", "{}", "404 "},
		{"POST", "/api/hooks/tijori", `{"type":"customer.state_changed"}`, "400 "},
	} {
		if got := ask(one.method, one.path, one.body); !strings.HasPrefix(got, one.want) ||
			strings.Contains(got, "org-other") {
			v.Errorf("%s: %s %s %s is answered %s, want %s", v.name, one.method, one.path, one.body, got, one.want)
		}
	}
	// One job, asked for ten times at once, is paid once.
	id := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(ask("POST", "/api/jobs", `{"kind":"poster","title":"Sale"}`))
	eval[int](v, `Promise.all(Array.from({ length: 10 }, () => fetch("/api/jobs/`+id+`", { method: "POST" })))
		.then((all) => all.length)`)
	v.open("/billing")
	v.wants(fmt.Sprintf("%d credits left", balance-10))
	stranger := visit(v.T, &server{t: v.T, url: v.base}, v.name+"'s neighbour")
	stranger.open("/sign-in")
	stranger.fill("name", "Neighbour of "+v.name)
	stranger.click(`//main//button[contains(., "Sign in")]`)
	stranger.wants("5 credits left")
	status := func(v *visitor) int { return eval[int](v, `fetch("/api/jobs/`+id+`").then((answer) => answer.status)`) }
	if own, other := status(v), status(stranger); own != http.StatusOK || other != http.StatusNotFound {
		v.Errorf("the picture is answered with %d to its owner and with %d to a neighbour", own, other)
	}
}
