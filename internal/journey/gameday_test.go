//go:build gameday

package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func init() { tags = "gameday" }

// A drill is a day on which a leak is suspected. What is typed and what comes of it goes into docs/incident.md.
type drill struct {
	*testing.T
	s     *server
	db    *pgx.Conn
	text  strings.Builder
	plain []string // old, new …
	asked string   // the id of the last request
}

// say is a sentence of the transcript.
func (d *drill) say(format string, args ...any) {
	fmt.Fprintf(&d.text, "# "+format+"\n", args...)
	d.Logf(format, args...)
}

// run types a command, and returns what it prints. It fails unless the command ends with the exit code.
func (d *drill) run(code int, args ...string) string {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = environment("TIJORI_DATA=" + d.s.data)
	var complaint lockedBuffer
	cmd.Stderr = &complaint
	out, _ := cmd.Output()
	if got := cmd.ProcessState.ExitCode(); got != code {
		d.Fatalf("tijori %v: exit %d, want %d\n%s%s", args, got, code, out, complaint.String())
	}
	if !slices.Contains(args, "--json") {
		for i, a := range args {
			if strings.Contains(a, " ") {
				args[i] = `"` + a + `"`
			}
		}
		fmt.Fprintf(&d.text, "$ tijori %s\n%s", strings.Join(args, " "), out)
		for line := range strings.Lines(complaint.String()) {
			d.text.WriteString(line)
		}
		d.text.WriteString("\n")
	}
	return string(out)
}

// status is what a person's request is answered with.
func (d *drill) status(p *person, path string) int {
	d.Helper()
	res, err := p.client.Get(d.s.url + path)
	if err != nil {
		d.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		d.Error(err)
	}
	d.asked = res.Header.Get("X-Request-Id")
	return res.StatusCode
}

func (d *drill) one(sql string, args ...any) (text string) {
	d.Helper()
	if err := d.db.QueryRow(d.Context(), sql, args...).Scan(&text); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
	return text
}

// within waits for a state, and returns how long it took.
func (d *drill) within(most time.Duration, what string, is func() bool) time.Duration {
	d.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > most {
			d.Fatalf("%s did not come within %s\n%s", what, most, d.s.stderr)
		}
		select {
		case <-d.Context().Done():
			d.Fatal(d.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return time.Since(began)
}

const invoicesRoute = "GET /billing/invoices/{provider}/{invoice}"

// TestGameday plays a leak from the alert to the thaw: three shops, and a program that forgets whose an invoice is.
func TestGameday(t *testing.T) {
	d := &drill{T: t}
	d.s = serve(t, stateDir(t), "TIJORI_GAMEDAY=invoices")
	d.open()
	asha, ravi, meena := register(t, d.s, "asha@example.in"), register(t, d.s, "ravi@example.in"),
		register(t, d.s, "meena@example.in")
	accounts := map[string]string{}
	for name, p := range map[string]*person{"asha": asha, "ravi": ravi, "meena": meena} {
		accounts[name] = d.one(`select account_id::text from tijori.businesses where id = $1::uuid`, p.business)
		d.plain = append(d.plain, accounts[name], name+"s-account", d.one(
			`select user_id::text from tijori.members where account_id = $1::uuid`, accounts[name]), name)
	}
	for name, account := range accounts {
		d.one(`insert into tijori.provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
			values ('stripe', 'stripe', 'subscription', $1, $2::uuid, now()) returning provider_id`, "sub_"+name, account)
		d.one(`
			insert into tijori.subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status,
			    price_id, seen_at, created_at, changed_at)
			values ('khata', $2::uuid, 'stripe', 'stripe', $1, 'active', 'active', 'price_drill', now(), now(), now())
			returning id`, "sub_"+name, account)
	}
	for invoice, name := range map[string]string{
		"in_asha1": "asha", "in_asha2": "asha", "in_meena1": "meena", "in_ravi1": "ravi",
	} {
		d.one(`
			insert into tijori.invoices (account_id, connection_id, id, provider, subscription_id, status, amount_minor,
			    currency, issued_at, url)
			values ($1::uuid, 'stripe', $2, 'stripe', $3, 'paid', 49900, 'INR', now(),
			    'https://invoice.example/' || $2) returning id`, accounts[name], invoice, "sub_"+name)
	}
	began := time.Now().Add(-time.Second)

	// The leak. A script of Ravi's opens invoices that are not his; Meena and he also open their own.
	planted := map[string]int{"in_asha1": 22, "in_asha2": 22, "in_meena1": 1}
	for invoice, times := range planted {
		for range times {
			if got := d.status(ravi, "/billing/invoices/stripe/"+invoice); got != http.StatusSeeOther {
				t.Fatalf("the planted leak answers %d: is the program built with the tag gameday?", got)
			}
		}
	}
	d.status(ravi, "/billing/invoices/stripe/in_ravi1")
	d.status(meena, "/billing/invoices/stripe/in_meena1")
	last := time.Now()
	d.status(ravi, "/billing/invoices/stripe/in_meena1")
	planted["in_meena1"]++
	d.say("A program that forgets whose an invoice is. Ravi opened 3 invoices of others, 46 times.")

	// The alert, by the detector; and by what Ravi reports.
	raised := func(rule string) func() bool {
		return func() bool {
			return d.one(`select count(*)::text from tijori.watch_alerts where rule = $1 and state = 'raised'`, rule) != "0"
		}
	}
	d.within(time.Minute, "the alert of the detector", raised("invoices"))
	d.say("%.0f s after the last of them, the detector raised: %s", time.Since(last).Seconds(),
		d.one(`select rule || ': ' || detail from tijori.watch_alerts where rule = 'invoices'`))
	ravi.post(t, d.s.url+"/report", url.Values{
		"id": {newID()}, "from": {"/billing"}, "request": {d.asked},
		"words": {"I saw a bill in the name of Asha Kirana."},
	})
	reported := d.within(time.Minute, "the alert about the report", raised("reported"))
	d.say(`Ravi pressed "This is not mine"; %.0f s later operators were told.`, reported.Seconds())

	// Freeze.
	d.run(0, "incident", "freeze", "billing", "--as", "priya", "--reason", "a user saw another shop's invoice")
	if got := d.status(ravi, "/billing/invoices/stripe/in_asha1"); got != http.StatusServiceUnavailable {
		t.Errorf("frozen, an invoice is answered with %d", got)
	}
	for _, path := range []string{"/login", "/b/" + meena.business, "/healthz"} {
		if got := d.status(meena, path); got != http.StatusOK && got != http.StatusSeeOther {
			t.Errorf("frozen, %s is answered with %d", path, got)
		}
	}
	res, err := http.Post(d.s.url+"/api/stripe/webhook", "application/json", strings.NewReader("{}"))
	if err != nil || res.StatusCode == http.StatusServiceUnavailable {
		t.Errorf("frozen, a webhook is answered with %v, %v", res, err)
	}
	d.say("An invoice is answered with 503 now; sign-in, the khata and webhooks work.")

	// Evidence.
	shot := filepath.Join(t.TempDir(), "screenshot.png")
	if err := os.WriteFile(shot, []byte("\x89PNG the screenshot that Ravi sent"), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "evidence.zip")
	d.plain = append(d.plain, shot, "screenshot.png", bundle, "evidence.zip")
	d.within(time.Minute, "the whole access log", func() bool {
		return "49" <= d.one(`select count(*)::text from tijori.access_log where route = $1 and at > $2`,
			invoicesRoute, began)
	})
	d.run(0, "incident", "evidence", "--as", "priya", "--from", "1h", "--reason", "invoices", "--attach", shot, "--out",
		bundle)
	d.run(0, "incident", "evidence", "verify", bundle)
	d.tampered(bundle)

	// The blast radius names exactly what was planted.
	d.run(0, "incident", "blast", "--as", "priya", "--route", invoicesRoute, "--from", "1h")
	var radius struct {
		Sights []struct {
			User, Owner, Object string
			Times               int
		}
	}
	text := d.run(0, "incident", "blast", "--as", "priya", "--route", invoicesRoute, "--from", "1h", "--json")
	if err := json.Unmarshal([]byte(text), &radius); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, s := range radius.Sights {
		seen[s.Object] += s.Times
		if s.Owner == accounts["ravi"] || s.User == "" {
			t.Errorf("blast names %+v", s)
		}
	}
	if fmt.Sprint(seen) != fmt.Sprint(planted) {
		t.Errorf("blast names %v, planted were %v", seen, planted)
	}

	// Letters.
	letters := filepath.Join(t.TempDir(), "letters")
	d.plain = append(d.plain, letters, "letters")
	d.run(0, "incident", "notify", "--as", "priya", "--route", invoicesRoute, "--from", "1h", "--out", letters)
	files, err := filepath.Glob(filepath.Join(letters, "*.txt"))
	if err != nil || len(files) != 2 {
		t.Errorf("letters: %v, %v, want one to Asha and one to Meena", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "ravi") || !strings.Contains(string(text), "नमस्ते") {
			t.Errorf("a letter says who looked, or lacks a language:\n%s", text)
		}
	}

	// The repaired program, and the thaw.
	d.s.stop()
	d.s = serve(t, d.s.data)
	d.open()
	d.say("The repaired program was started.")
	d.run(0, "incident", "thaw", "billing", "--as", "priya", "--reason", "repaired, and checked")
	if got := d.status(ravi, "/billing/invoices/stripe/in_asha1"); got != http.StatusNotFound {
		t.Errorf("repaired and thawed, the invoice of another is answered with %d, want 404", got)
	}
	d.say("Another's invoice is answered with 404 now.")
	d.run(0, "incident", "close", "1", "--as", "priya", "--outcome", "invoices were looked up without their account")
	d.run(0, "incident", "list")
	d.run(0, "incident", "reports", "--from", "1h")
	d.write()
}

// open connects to the private database as its owner.
func (d *drill) open() {
	conn, err := pgx.Connect(d.Context(), "host="+filepath.Join(d.s.data, "postgres", "s")+
		" port=5432 user=postgres dbname=postgres sslmode=disable")
	if err != nil {
		d.Fatal(err)
	}
	d.db = conn
	d.Cleanup(func() { _ = conn.Close(context.WithoutCancel(d.Context())) })
}

// tampered changes each of some bytes of a copy of a bundle, and wants every change to be noticed.
func (d *drill) tampered(bundle string) {
	whole, err := os.ReadFile(bundle)
	if err != nil {
		d.Fatal(err)
	}
	other := filepath.Join(d.TempDir(), "evidence.zip")
	for _, at := range []int{40, len(whole) / 2, len(whole) - 10} {
		whole[at] ^= 1
		if err := os.WriteFile(other, whole, 0o600); err != nil {
			d.Fatal(err)
		}
		whole[at] ^= 1
		d.run(3, "incident", "evidence", "verify", "--json", other)
	}
	d.say("A bundle with one bit changed, at three places: each was noticed.")
}

var (
	wrapped = regexp.MustCompile(`(?s)(<!-- gameday -->\n).*(<!-- /gameday -->)`)
	hash64  = regexp.MustCompile(`\b([0-9a-f]{8})[0-9a-f]{56}\b`)
)

// write puts the transcript into the runbook, with -update.
func (d *drill) write() {
	if !*update || d.Failed() {
		return
	}
	text := strings.NewReplacer(d.plain...).Replace(d.text.String())
	text = hash64.ReplaceAllString(text, "$1…")
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight("    "+line, " \n"))
	}
	const file = "../../docs/incident.md"
	doc, err := os.ReadFile(file)
	if err != nil {
		d.Fatal(err)
	}
	doc = wrapped.ReplaceAll(doc, []byte("${1}\n"+strings.ReplaceAll(strings.Join(lines, "\n"), "$", "$$")+"\n\n$2"))
	if err := os.WriteFile(file, doc, 0o644); err != nil {
		d.Fatal(err)
	}
}
