package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A mover is a shopkeeper who moves in, and how often they tapped or typed.
type mover struct {
	*visitor
	taps  int
	began time.Time
}

// tap clicks something, which leads to another page.
func (m *mover) tap(xpath string) {
	m.Helper()
	m.taps++
	m.toMiddle(xpath)
	m.leave(func() { m.click(xpath) })
}

// toMiddle scrolls as a thumb does, until the first visible thing of an XPath is in the middle of the screen.
func (m *mover) toMiddle(xpath string) {
	m.Helper()
	m.eventually(`(() => {
		const all = document.evaluate(`+quoted(xpath)+`, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
		for (let i = 0; i < all.snapshotLength; i++) {
			const e = all.snapshotItem(i);
			if (!e.checkVisibility({ visibilityProperty: true })) continue;
			e.scrollIntoView({ block: "center", behavior: "instant" });
			return true;
		}
		return false;
	})()`, 2*time.Minute)
}

func (m *mover) types(field, value string) {
	m.Helper()
	m.taps++
	m.fill(field, value)
}

// sends brings a file to its preview.
func (m *mover) sends(shop, source, file string) {
	m.Helper()
	m.taps++
	if m.at() != shop+"/import" {
		m.tap(`//a[contains(@href, "/import")]`)
	}
	m.taps++
	from := `//summary[.//strong[contains(., "` + source + `")]]`
	m.toMiddle(from)
	m.click(from)
	m.shoot("source-" + filepath.Ext(file)[1:])
	m.taps++
	m.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	m.tap(`//form[@data-import]//button[@type="submit"]`)
	if !strings.HasPrefix(m.at(), shop+"/import/") {
		m.Fatalf("the file is not taken:\n%s", m.text())
	}
}

// step writes down how long and how many taps it took up to here.
func (m *mover) step(what string) {
	m.Helper()
	m.Logf("%-34s %5.1f s, %2d taps", what, time.Since(m.began).Seconds(), m.taps)
}

// contactsFile is 300 contacts as Google's phone book writes them, with people in it who buy nothing.
func contactsFile(t *testing.T, names []string) string {
	t.Helper()
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:2.1\r\nN:;%[1]s;;;\r\nFN:%[1]s\r\nTEL;CELL:+91 98%03d %05d\r\nEND:VCARD\r\n",
			name, i, 10000+i)
	}
	file := filepath.Join(t.TempDir(), "contacts.vcf")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// khatabookFile is two years of 88 customers as Khatabook writes them: titles above the header row, sides in columns
// of their own, days as 05 Jan 26, and a total that is no customer. It returns what they owe in all, in rupees.
func khatabookFile(t *testing.T, names []string, last time.Time) (file string, rows int, get int64) {
	t.Helper()
	var b strings.Builder
	b.WriteString("Khatabook,,,,\r\nAccount Statement,,,,\r\nDate,Name,Details,Debit(-),Credit(+)\r\n")
	var debit, credit int64
	for day := last.AddDate(-2, 0, 0); !day.After(last); day = day.AddDate(0, 0, 1) {
		for range 5 {
			gave := int64(200 + rows*37%900)
			name, got := names[rows%len(names)], ""
			if rows%3 == 2 {
				got, gave = fmt.Sprintf("%d.00", gave), 0
			}
			if gave > 0 {
				debit += gave
				fmt.Fprintf(&b, "%s,%s,saman,%d.00,\r\n", day.Format("02 Jan 06"), name, gave)
			} else {
				var minor int64
				fmt.Sscan(strings.TrimSuffix(got, ".00"), &minor)
				credit += minor
				fmt.Fprintf(&b, "%s,%s,jama,,%s\r\n", day.Format("02 Jan 06"), name, got)
			}
			rows++
		}
	}
	fmt.Fprintf(&b, ",Grand Total,,%d.00,%d.00\r\n", debit, credit)
	file = filepath.Join(t.TempDir(), "khatabook.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, rows, debit - credit
}

// A shopkeeper who has never seen Tijori moves in on a phone of 360 px, in Hindi: on the free plan with five of 300
// contacts that are ticked; then, on a plan with room, with all 300 and with two years from Khatabook. Every figure is
// the file's, and everybody has a phone number.
func TestMovingIn(t *testing.T) {
	t.Parallel()
	s := serve(t, stateDir(t))
	people := []string{"बिजली वाला", "Family", "Sunita didi"}
	for i := len(people); i < 300; i++ {
		people = append(people, fmt.Sprintf("ग्राहक %03d", i))
	}
	contacts := contactsFile(t, people)
	today := time.Now().In(time.FixedZone("IST", 19800))
	khatabook, rows, get := khatabookFile(t, people[5:93], today)
	m := &mover{visitor: visit(t, s, "move-in"), began: time.Now()}

	m.open("/")
	m.tap(`//header//button[contains(., "हिन्दी")]`)
	m.tap(`//a[@href="/signup"]`)
	m.types("name", "सुनीता देवी")
	m.types("business", "सुनीता किराना")
	m.types("email", "sunita@example.com")
	m.tap(`//main//form[@action="/signup"]//button[@type="submit"]`)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); { // a job mails it
		if m.open("/dev/outbox"); strings.Contains(m.text(), "sunita@example.com") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	m.leave(func() { m.click(`//a[contains(., "sunita@example.com")]`) })
	m.tap(`//a[contains(@href, "/confirm/")]`)
	m.types("password", password)
	m.tap(`//main//form//button[@type="submit" and not(@formaction)]`)
	shop := m.at()
	if !strings.HasPrefix(shop, "/b/") || eval[string](m.visitor, `document.documentElement.lang`) != "hi" {
		t.Fatalf("the shop is %s, in %s", shop, eval[string](m.visitor, `document.documentElement.lang`))
	}
	m.step("signed up")

	m.sends(shop, "फ़ोन के संपर्क", contacts)
	m.tick(5)
	m.step("five of 300 contacts, without a plan")

	m.open(shop + "/upgrade")
	m.upgrade(s)
	m.open(shop)
	m.step("a plan with room")

	m.sends(shop, "फ़ोन के संपर्क", contacts)
	m.tap(`//form[@data-task]//button[@type="submit"]`)
	m.parties(shop, 300)
	m.step("all 300 contacts")

	m.sends(shop, "खाताबुक", khatabook)
	m.wants(grouped(int64(rows)))
	m.tap(`//form[@data-task]//button[@type="submit"]`)
	m.parties(shop, 300)
	m.wants("₹" + grouped(get))
	m.step("two years from Khatabook")
	if took := time.Since(m.began); took > 3*time.Minute {
		t.Logf("it took %s: more than three minutes on this machine", took.Round(time.Second))
	}

	// Whoever came with the khata has the phone number of the contacts, so that a reminder has somebody to go to.
	bare := 0
	for _, p := range m.all(shop) {
		if p.Phone == "" {
			bare++
		}
	}
	if bare != 0 {
		t.Errorf("%d parties have no phone number", bare)
	}
	if said := s.stderr.String(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
		t.Errorf("the server says:\n%s", said)
	}
}

// tick chooses as many contacts as there is room for: the boxes say how many, and take no more.
func (m *mover) tick(room int) {
	m.Helper()
	boxes := `[...document.querySelectorAll("[name=pick]")]`
	m.eventually(`!!document.querySelector("[data-picked]").textContent`, 2*time.Minute)
	if n := eval[int](m.visitor, boxes+`.length`); n != 300 {
		m.Fatalf("%d contacts can be chosen, want 300", n)
	}
	tap := func(n int) {
		m.taps++
		box := fmt.Sprintf(`(//label[.//input[@name="pick"]])[%d]`, n+1)
		m.toMiddle(box)
		m.click(box)
	}
	for i := range room {
		tap(5 + i)
	}
	if got := eval[string](m.visitor, boxes+`.filter((b) => b.checked).length + " " +
		`+boxes+`.filter((b) => b.disabled).length + " " + document.querySelector("[data-picked]").textContent`); got !=
		fmt.Sprintf("%d %d (%d/%d)", room, 300-room, room, room) {
		m.Errorf("with %d chosen the page says %q", room, got)
	}
	m.shoot("ticked")
	tap(5)
	if n := eval[int](m.visitor, boxes+`.filter((b) => b.disabled).length`); n != 0 {
		m.Errorf("with room again, %d boxes cannot be ticked", n)
	}
	tap(5)
	m.tap(`//form[@data-picks]//button[@type="submit"]`)
	if n := eval[int](m.visitor, `document.querySelectorAll(".intake-party").length`); n != room {
		m.Errorf("the preview shows %d parties, want those %d that were ticked", n, room)
	}
	m.tap(`//form[@data-task]//button[@type="submit"]`)
	m.parties(m.shop(), room)
	for i := range room {
		m.wants(fmt.Sprintf("ग्राहक %03d", 5+i))
	}
}

func (m *mover) shop() string {
	shop, _, _ := strings.Cut(strings.TrimPrefix(m.at(), "/b/"), "/")
	return "/b/" + shop
}

// parties opens the list and counts them.
func (m *mover) parties(shop string, want int) {
	m.Helper()
	if m.at() != shop {
		m.open(shop)
	}
	got := len(m.all(shop))
	if got != want {
		m.Errorf("%d parties, want %d:\n%.800s", got, want, m.text())
	}
}

// all is every party of a shop, as the API tells them.
func (m *mover) all(shop string) []struct{ Name, Phone string } {
	m.Helper()
	return eval[[]struct{ Name, Phone string }](m.visitor, `(async () => {
		const all = [], list = "/api/businesses/`+strings.TrimPrefix(shop, "/b/")+`/parties?after=";
		let next = "";
		do {
			const page = await (await fetch(list + encodeURIComponent(next))).json();
			all.push(...page.parties.map((p) => ({ Name: p.name, Phone: p.phone ?? "" })));
			next = page.next ?? "";
		} while (next);
		return all;
	})()`)
}

// upgrade buys the plan that has room, in the simulated checkout.
func (m *mover) upgrade(s *server) {
	m.Helper()
	m.tap(`//main//a[contains(@href, "/billing/checkout")]`)
	m.tap(`//main//form[@action="/billing/checkout"]//button`)
	if !m.eventually(`location.origin === `+quoted(s.sim)+` && document.readyState === "complete"`, 2*time.Minute) {
		m.Fatalf("the payment page is not reached, but %s:\n%s", m.at(), m.text())
	}
	m.press("Pay ₹")
	m.press("Continue to Tijori")
	if !m.eventually(`location.pathname === "/billing/return" && document.readyState === "complete"
		&& !document.querySelector("[data-wait]:not([hidden])")`, 2*time.Minute) {
		m.Fatalf("the payment does not come back: %s", m.at())
	}
	m.wants("Pro")
	entitlements := `fetch("/api/billing/me").then((r) => r.json()).then((b) => b.entitlements.length)`
	for end := time.Now().Add(2 * time.Minute); eval[int](m.visitor, entitlements) == 0; {
		if time.Now().After(end) {
			m.Fatal("the plan is not there")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// grouped writes whole rupees as Indians do.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	if len(text) <= 3 {
		return text
	}
	head, tail := text[:len(text)-3], text[len(text)-3:]
	for len(head) > 2 {
		tail = head[len(head)-2:] + "," + tail
		head = head[:len(head)-2]
	}
	return head + "," + tail
}
