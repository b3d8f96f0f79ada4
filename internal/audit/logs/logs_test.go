package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Lines of one request in each format: GET /api/invoices/42?user_id=7 by user
// 7 from 203.0.113.9, answered 200, on 1 March 2026 at 09:30.
var formats = map[string]string{
	"common":     `203.0.113.9 - u7 [01/Mar/2026:09:30:00 +0000] "GET /api/invoices/42?user_id=7 HTTP/1.1" 200 512`,
	"combined":   `203.0.113.9 - u7 [01/Mar/2026:15:00:00 +0530] "GET /api/invoices/42?user_id=7 HTTP/2.0" 200 512 "https://a.in/" "Mozilla/5.0 (X; \"y\")"`,
	"vhost":      `app.example.in:443 203.0.113.9 - u7 [01/Mar/2026:09:30:00 +0000] "GET /api/invoices/42?user_id=7 HTTP/2.0" 200 512 "-" "curl"`,
	"json":       `{"time":"2026-03-01T09:30:00Z","level":"info","method":"GET","path":"/api/invoices/42","query":"user_id=7","status":200,"user_id":"u7","ip":"203.0.113.9"}`,
	"pino":       `{"level":30,"time":1772357400000,"req":{"method":"GET","url":"/api/invoices/42?user_id=7","remoteAddress":"203.0.113.9"},"res":{"statusCode":200},"userId":"u7"}`,
	"nginx json": `{"time_iso8601":"2026-03-01T09:30:00+00:00","remote_addr":"203.0.113.9","remote_user":"u7","request":"GET /api/invoices/42?user_id=7 HTTP/1.1","status":"200","request_time":"0.013"}`,
	"vercel":     `{"id":"1","timestamp":1772357400123,"host":"a.in","path":"api/invoices/[id]","statusCode":200,"userId":"u7","proxy":{"timestamp":1772357400100,"method":"GET","host":"a.in","path":"/api/invoices/42?user_id=7","userAgent":["x"],"clientIp":"203.0.113.9","statusCode":200}}`,
	"cloudflare": `{"ClientIP":"203.0.113.9","ClientRequestHost":"a.in","ClientRequestMethod":"GET","ClientRequestURI":"/api/invoices/42?user_id=7","EdgeResponseStatus":200,"EdgeStartTimestamp":1772357400000000000,"user":"u7"}`,
	"supabase": `{"id":"1","timestamp":1772357400000000,"event_message":"GET | 200","metadata":[{"request":[{"method":"GET","path":"/api/invoices/42","search":"?user_id=7",` +
		`"headers":[{"cf_connecting_ip":"203.0.113.9"}],"sb":[{"jwt":[{"apikey":[{"payload":[{"role":"anon"}]}],"authorization":[{"payload":[{"role":"authenticated","subject":"u7"}]}]}]}]}],"response":[{"status_code":200}]}]}`,
	"prefix": `2026-03-01T09:30:00Z app[web.1]: {"time":"2026-03-01T09:30:00Z","method":"GET","url":"https://a.in/api/invoices/42?user_id=7","status":200,"user":{"id":"u7","name":"Asha"},"client_ip":"203.0.113.9:4711"}`,
}

func TestFormats(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	for name, text := range formats {
		e, ok := parseLine([]byte(text))
		if !ok || e.at.Truncate(time.Minute) != want || e.method != "GET" || e.path != "/api/invoices/42" ||
			e.query != "user_id=7" || e.status != 200 || e.user != "u7" || e.ip != "203.0.113.9" {
			t.Errorf("%s: %v %+v", name, ok, e)
		}
		route, ids := e.route()
		if route != "/api/invoices/{id}" || len(ids) != 2 || ids[0] != (id{"42", "invoices"}) ||
			ids[1] != (id{"7", "user"}) {
			t.Errorf("%s: %s %v", name, route, ids)
		}
	}
	anonymous := strings.Replace(strings.Replace(formats["supabase"], "authenticated", "anon", 1), `,"subject":"u7"`,
		"", 1)
	if e, ok := parseLine([]byte(anonymous)); !ok || e.user != "" || !e.says {
		t.Errorf("a request without a session: %+v", e)
	}
	for _, bad := range []string{
		"", "hello", "{", "{}", `{"time":"x","path":"/","status":200}`,
		`{"time":1772357400,"path":"/"}`, `1.2.3.4 - - [yesterday] "GET / HTTP/1.1" 200 1`, "\x00\xff",
		`{"time":1772357400,"path":["a"],"status":{"code":200}}`,
	} {
		if e, ok := parseLine([]byte(bad)); ok {
			t.Errorf("%q is read as %+v", bad, e)
		}
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/users/018f3c1e-7d4b-7aaa-9000-1234567890ab/invoices/7.pdf": "/api/users/{id}/invoices/{id}.pdf",
		"/user_settings/export_history":                                  "/user_settings/export_history",
		"/invoices/inv_8fQz2kPd":                                         "/invoices/{id}",
		"/v1/9/items":                                                    "/v1/{id}/items",
		"/by/asha@shop.in":                                               "/by/{id}",
		"/":                                                              "/",
	} {
		if got, _ := (&event{path: path}).route(); got != want {
			t.Errorf("%s is the route %s, want %s", path, got, want)
		}
	}
}

// A day writes requests as JSON lines.
type day struct {
	b  bytes.Buffer
	at time.Time
}

func (d *day) add(method, path string, status int, more map[string]any) {
	d.at = d.at.Add(7 * time.Second)
	line := map[string]any{
		"time": d.at.Format(time.RFC3339Nano), "method": method, "path": path, "status": status,
		"ip": "198.51.100.7",
	}
	for k, v := range more {
		line[k] = v
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	d.b.Write(append(text, '\n'))
}

func user(n int) map[string]any {
	return map[string]any{"user_id": fmt.Sprintf("u%d", n), "account_id": fmt.Sprintf("acc%d", n/3)}
}

// honest is a day without a flaw, though with much that resembles one:
// colleagues, a catalogue that everybody reads, wrong passwords, lists that are
// opened one after the other, exports, people whose session has ended.
func honest(d *day) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		n := r.IntN(30)
		account := n / 3
		u := user(n)
		switch r.IntN(15) {
		case 12:
			d.add("GET", "/", 403, map[string]any{"user_id": nil}) // a firewall
		case 13: // a public list with sessions that have ended
			d.add("GET", "/api/catalogue", []int{200, 200, 200, 200, 200, 200, 200, 401}[r.IntN(8)],
				map[string]any{"user_id": nil})
		case 14:
			d.add("GET", "/api/notes", 200, map[string]any{
				"user_id": u["user_id"], "account_id": u["account_id"],
				"owner_id": fmt.Sprintf("u%d", account*3+r.IntN(3)),
			})
		case 0, 1, 2:
			d.add("GET", fmt.Sprintf("/api/invoices/%d", 1000+account*100+r.IntN(40)), 200, u)
		case 3:
			d.add("GET", fmt.Sprintf("/api/products/%d", r.IntN(30)), 200, u)
		case 4:
			d.add("POST", "/login", []int{200, 401}[r.IntN(2)], map[string]any{"user_id": nil})
		case 5:
			d.add("GET", fmt.Sprintf("/api/users/u%d/avatar", account*3+r.IntN(3)), 200, u)
		case 6:
			d.add("GET", "/api/invoices/7", 401, map[string]any{"user_id": nil})
		case 7:
			d.add("GET", "/", 200, map[string]any{"user_id": nil})
		case 8:
			if r.IntN(6) == 0 {
				d.add("GET", "/reports/export.csv", 200, u)
			}
		case 9:
			d.add("GET", "/assets/app.js", 200, nil)
		case 10:
			d.add("GET", fmt.Sprintf("/api/accounts/acc%d", account), 200, u)
		case 11:
			d.add("POST", "/api/stripe/webhook", 200, map[string]any{"user_id": nil})
		}
	}
}

func audit(t testing.TB, o Options, text string) *finding.Report {
	t.Helper()
	name := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Files = []string{name}
	r, err := Audit(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every rule finds its incident in a day of work, and nothing in the same day without it.
func TestEveryRuleHasAPair(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	quiet := day{at: start}
	honest(&quiet)
	if r := audit(t, Options{}, quiet.b.String()); len(r.Findings) != 0 || len(r.NotTested) != 0 ||
		len(r.Timeline) != 0 {
		t.Errorf("an honest day: %+v %+v", r.Findings, r.NotTested)
	}
	for _, c := range []struct {
		rule, severity string
		attack         func(*day)
		says           string
	}{
		{
			ruleGuarded, "high",
			func(d *day) { d.add("GET", "/api/invoices/1003", 200, map[string]any{"user_id": nil}) },
			"1 answer with status 2xx and without a session",
		},
		{ruleForeign, "high", func(d *day) { d.add("GET", "/api/users/u29/profile", 200, user(0)) }, "u29"},
		{ruleForeign, "high", func(d *day) {
			d.add("GET", "/api/orders", 200, map[string]any{
				"user_id": "u0", "account_id": "acc0",
				"returned_ids": []string{"acc0", "acc5"},
			})
		}, "acc5"},
		{ruleForeign, "high", func(d *day) { d.add("PUT", "/api/accounts/acc7/plan", 200, user(0)) }, "acc7"},
		{ruleForeign, "high", func(d *day) { d.add("GET", "/api/invoices/1905", 200, user(0)) }, "1905"},
		{ruleWalking, "high", func(d *day) {
			for i := range 60 {
				d.add("GET", fmt.Sprintf("/api/receipts/%d", 1+i), 200, user(4))
			}
		}, "60 requests"},
		{ruleWalking, "medium", func(d *day) {
			for i := range 60 {
				d.add("GET", fmt.Sprintf("/api/notes/%032x", i*7919), []int{404, 404, 404, 404, 404, 404, 200}[i%7],
					user(4))
			}
		}, "refused or not found"},
		{ruleWalking, "medium", func(d *day) { // as a page loads somebody's own
			for i := range 30 {
				d.add("GET", fmt.Sprintf("/api/notes/%d", 500+i), 200, user(4))
			}
		}, "30 answered, 0 refused"},
		{ruleWalking, "low", func(d *day) {
			for i := range 30 {
				d.add("GET", fmt.Sprintf("/api/notes/%d", 500+i), 404, user(4))
			}
		}, "0 answered, 30 refused"},
		{ruleSpike, "medium", func(d *day) {
			for range 40 {
				d.add("GET", "/reports/export.csv", 200, user(11))
			}
		}, "answers with status 2xx between"},
	} {
		d := day{at: start}
		honest(&d)
		began := d.at
		c.attack(&d)
		for i := range 5 {
			d.add("GET", fmt.Sprintf("/api/products/%d", i), 200, user(5))
		}
		r := audit(t, Options{}, d.b.String())
		ofRule := 0
		for _, f := range r.Findings {
			if f.Rule == c.rule {
				ofRule++
				if f.Severity.String() != c.severity || !strings.Contains(f.Proof.Saw, c.says) || f.Place.Line < 3000 ||
					f.Proof.Who == "" || len(f.Proof.Steps) == 0 {
					t.Errorf("%s: %+v %+v", c.rule, f, f.Proof)
				}
			} else if c.rule != ruleWalking || f.Rule != ruleSpike { // walked receipts are a spike as well
				t.Errorf("%s: also %+v", c.rule, f)
			}
		}
		if ofRule != 1 {
			t.Errorf("%s: %d findings (%s): %+v", c.rule, ofRule, c.says, r.Findings)
		}
		if len(r.Timeline) == 0 || r.Timeline[0].At.Before(began.Truncate(time.Minute)) && c.rule != ruleSpike {
			t.Errorf("%s: time line %+v", c.rule, r.Timeline)
		}
	}
}

func TestSearchEnginesReadCatalogues(t *testing.T) {
	t.Parallel()
	d := day{at: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	honest(&d)
	for i := range 300 {
		d.add("GET", fmt.Sprintf("/shop/%d", i), 200, map[string]any{"user_id": nil, "ip": "66.249.66.1"})
		d.add("GET", fmt.Sprintf("/shop/%d", i%7), 200, map[string]any{
			"user_id": nil,
			"ip":      fmt.Sprintf("198.51.100.%d", i%50),
		})
	}
	if r := audit(t, Options{}, d.b.String()); len(r.Findings) != 0 {
		t.Errorf("%+v", r.Findings)
	}
}

// A plain log of a proxy: what can be told without knowing who was signed in.
func TestLogWithoutUsers(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	line := func(ip, path string, status int) {
		at = at.Add(2 * time.Second)
		fmt.Fprintf(&b, "%s - - [%s] \"GET %s HTTP/1.1\" %d 512 \"-\" \"x\"\n", ip,
			at.Format("02/Jan/2006:15:04:05 -0700"), path, status)
	}
	for i := range 400 {
		ip := fmt.Sprintf("198.51.100.%d", i%40)
		line(ip, fmt.Sprintf("/app/orders/%d", i*37%900), []int{200, 200, 200, 401}[i%4])
		line(ip, fmt.Sprintf("/shop/%d", i%9), 200)
		line("66.249.66.1", fmt.Sprintf("/shop/%d", i), 200)
	}
	if r := audit(t, Options{}, b.String()); len(r.Findings) != 0 || len(r.NotTested) != 1 {
		t.Errorf("%+v %+v", r.Findings, r.NotTested)
	}
	for i := range 90 {
		line("203.0.113.9", fmt.Sprintf("/app/orders/%d", 100+i), 200)
	}
	r := audit(t, Options{}, b.String())
	if len(r.Findings) != 1 || r.Findings[0].Rule != ruleWalking || r.Findings[0].Severity != finding.Medium {
		t.Errorf("%+v", r.Findings)
	}
}

func TestNamedRoutes(t *testing.T) {
	t.Parallel()
	text := `{"time":"2026-03-01T09:30:00Z","method":"GET","path":"/app/home","status":200,"user_id":null}` + "\n"
	if r := audit(t, Options{Guarded: []string{"/app/*"}}, text); len(r.Findings) != 1 ||
		r.Findings[0].Rule != ruleGuarded {
		t.Errorf("%+v", r.Findings)
	}
	if r := audit(t, Options{Guarded: []string{"/app/*"}, Public: []string{"/app/home"}}, text); len(r.Findings) != 0 {
		t.Errorf("%+v", r.Findings)
	}
}

func TestWhatALogDoesNotSayIsNotTested(t *testing.T) {
	t.Parallel()
	line := `203.0.113.9 - - [01/Mar/2026:09:30:00 +0000] "GET /api/invoices/42 HTTP/1.1" 200 512` + "\n"
	r := audit(t, Options{}, line+"garbage\n\n"+line)
	said := fmt.Sprint(r.NotTested)
	if len(r.Findings) != 0 || !strings.Contains(said, "do not say who was signed in") ||
		!strings.Contains(said, "1 of 3 lines") || !strings.Contains(said, "line 2") {
		t.Errorf("%+v %s", r.Findings, said)
	}
	for _, text := range []string{"", "nothing\nhere\n"} {
		if r, err := Audit(t.Context(), Options{Files: []string{"-"}, Stdin: strings.NewReader(text)}); err == nil ||
			!strings.Contains(err.Error(), "known format") {
			t.Errorf("%q: %+v %v", text, r, err)
		}
	}
}

func TestPackedAndPiped(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, formats["json"]+"\n"+formats["combined"]+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Audit(t.Context(), Options{Files: []string{"-"}, Stdin: bytes.NewReader(b.Bytes())})
	if err != nil || r.Looked[1].N != 2 {
		t.Errorf("%+v %v", r, err)
	}
	r, err = Audit(t.Context(), Options{Files: []string{"-"}, Stdin: bytes.NewReader(b.Bytes()[:b.Len()-9])})
	if err == nil && !strings.Contains(fmt.Sprint(r.NotTested), "breaks off") {
		t.Errorf("a broken archive: %+v %v", r, err)
	}
}

// endless makes requests of many users, addresses and ids without holding them.
type endless struct {
	n, until int
	line     []byte
}

func (r *endless) Read(p []byte) (int, error) {
	if len(r.line) == 0 {
		if r.n++; r.n > r.until {
			return 0, io.EOF
		}
		r.line = fmt.Appendf(nil,
			`{"time":%d,"method":"GET","path":"/r%d/items/%d","status":200,"user_id":"u%d","account_id":"a%d","ip":"10.0.%d.%d"}`+"\n",
			1772357400+r.n/50, r.n%300_000, r.n, r.n%400_000, r.n%300_000, r.n%250, r.n%251)
	}
	n := copy(p, r.line)
	r.line = r.line[n:]
	return n, nil
}

func TestMemoryDoesNotGrowWithTheLog(t *testing.T) {
	t.Parallel()
	var most uint64
	r, err := Audit(t.Context(), Options{
		Files: []string{"-"}, Stdin: &endless{until: 60_000}, keys: 5000,
		Progress: func(int, string) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if most > 256<<20 {
		t.Errorf("%d MB in use", most>>20)
	}
	if len(r.NotTested) == 0 {
		t.Error("nothing is said of what did not fit")
	}
	t.Logf("%d MB at most; %v", most>>20, r.NotTested)
}

func TestHostileLines(t *testing.T) {
	t.Parallel()
	text := formats["json"] + "\n" + strings.Repeat("x", 3<<20) + "\n" + `{"a":` + strings.Repeat("[", 100_000) + "\n" +
		strings.Repeat(`{"time":`, 1000) + "\n" + formats["json"] + "\n\x00\x01\n"
	r := audit(t, Options{}, text)
	if r.Looked[1].N != 2 || !strings.Contains(fmt.Sprint(r.NotTested), "longer than 1 MB") {
		t.Errorf("%+v", r)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range formats {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if e, ok := parseLine(line); ok {
			if route, _ := e.route(); route == "" || e.path == "" {
				t.Errorf("%q has no route", line)
			}
		}
	})
}

func TestRulesExplainThemselves(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		if r.Engine != "logs" || r.Title == "" || r.Why == "" || r.Fix == "" || len(r.ASVS) == 0 || len(r.CWE) == 0 {
			t.Errorf("%+v", r)
		}
		if _, err := os.Stat("../../../docs/audit/" + r.ID + ".md"); err != nil {
			t.Error(err)
		}
	}
}
