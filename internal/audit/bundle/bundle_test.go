package bundle

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func token(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." +
		enc([]byte("a signature of 32 bytes, or so..."))
}

const random, random2 = "q7Rk2Zw9TnB4xVd8MsL3hYc6", "Hw5Tz8Qm1Kp7Xb3Rf9Ld2Vn4"

// values stand in the cases as {{name}}, so that no file of the repository looks like it held a key.
var values = map[string]string{
	"random": random, "random2": random2,
	"stripe_live":  "sk_" + "live_51H" + random,
	"rzp_id":       "rzp_" + "live_Ab3dEf8hIj1kLm",
	"service_role": token(`{"iss":"supabase","ref":"abcd","role":"service_role","exp":2000000000}`),
	"anon":         token(`{"iss":"supabase","ref":"abcd","role":"anon","exp":2000000000}`),
	"session":      token(`{"sub":"6a1f","email":"asha@shop.in","role":"authenticated","exp":2000000000}`),
	"aws_id":       "AK" + "IAQ7RZW5TNB4XVD3MS",
	"aws_secret":   random + "AbCd/fGh+jKl1234",
	"github_b64":   base64.StdEncoding.EncodeToString([]byte("gh" + "p_" + random + "Aa3Dq8Zx7Lw0")),
	"openai":       "sk-" + "proj-" + random + random2,
	"resend":       "re" + "_Ab3dEf8h_" + random,
	"maps_key":     "AI" + "zaSy" + random + "Aa3Dq8Zx7",
	"bcrypt":       "$2b$" + "10$" + strings.Repeat("Ab3dEf8hIj1", 5)[:53],
}

// lay copies a case into a folder of its own, with its values.
func lay(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for k, v := range values {
			b = bytes.ReplaceAll(b, []byte("{{"+k+"}}"), []byte(v))
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		return put(to, rel, b)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func put(dir, name string, b []byte) error {
	to := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := put(dir, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func audit(t testing.TB, target string) *finding.Report {
	t.Helper()
	r, err := Audit(context.Background(), Options{Target: target, Now: now})
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return r
}

// withoutSecrets fails when a report shows nine characters of a secret in a row.
func withoutSecrets(t testing.TB, r *finding.Report) {
	t.Helper()
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range values {
		if name == "anon" || name == "rzp_id" || name == "maps_key" {
			continue
		}
		for i := 0; i+9 <= len(v); i++ {
			if strings.Contains(string(out), v[i:i+9]) {
				t.Fatalf("the report shows %q of %s", v[i:i+9], name)
			}
		}
	}
}

// Every rule finds its leak and is silent on the repaired twin, in a folder and
// on a running site alike.
func TestEveryRuleHasAPair(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []string{"leaking", "repaired"} {
				dir := lay(t, filepath.Join("testdata", "cases", rule.ID, kind))
				server := httptest.NewServer(http.FileServer(http.Dir(dir)))
				defer server.Close()
				var prints [2][]string // a leak is the same finding in the folder and on the site
				for i, target := range []string{dir, server.URL} {
					r := audit(t, target)
					for _, f := range r.Findings {
						prints[i] = append(prints[i], f.Fingerprint())
					}
					withoutSecrets(t, r)
					if len(r.NotTested) > 0 {
						t.Errorf("%s of %s: not tested: %+v", kind, target, r.NotTested)
					}
					if kind == "repaired" {
						if len(r.Findings) > 0 {
							t.Errorf("the repaired twin at %s has findings: %+v", target, r.Findings)
						}
						continue
					}
					if len(r.Findings) == 0 {
						t.Errorf("nothing is found at %s", target)
					}
					for _, f := range r.Findings {
						if f.Rule != rule.ID || f.Proof == nil || f.Proof.Saw == "" || f.Object == "" ||
							f.Place.File == "" ||
							f.Key == "" && rule.ID != "bundle-source-map" && rule.ID != "bundle-private-file" {
							t.Errorf("%s: %+v", target, f)
						}
					}
				}
				if slices.Sort(prints[0]); kind == "leaking" &&
					!slices.Equal(prints[0], slices.Sorted(slices.Values(prints[1]))) {
					t.Errorf("the folder has %v, the site %v", prints[0], prints[1])
				}
			}
		})
	}
}

func TestRulesExplainThemselves(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		if r.Engine != "bundle" || !strings.HasPrefix(r.ID, "bundle-") || r.Title == "" || r.Why == "" || r.Fix == "" ||
			len(r.ASVS) == 0 || len(r.CWE) == 0 {
			t.Errorf("%+v", r)
		}
		if _, err := os.Stat("../../../docs/audit/" + r.ID + ".md"); err != nil {
			t.Error(err)
		}
	}
}

// A secret is found however the build has wrapped it.
func TestWrappings(t *testing.T) {
	t.Parallel()
	key := values["stripe_live"]
	b64 := base64.StdEncoding.EncodeToString
	var hexEscaped, unicodeEscaped strings.Builder
	for _, c := range []byte(key) {
		fmt.Fprintf(&hexEscaped, `\x%02x`, c)
		fmt.Fprintf(&unicodeEscaped, `\u%04x`, c)
	}
	inner, err := json.Marshal(map[string]string{"a": `{"k":"` + key + `"}`})
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(inner))
	if err != nil {
		t.Fatal(err)
	}
	sourceMap, err := json.Marshal(map[string]any{
		"version": 3, "sources": []string{"src/a.ts"},
		"sourcesContent": []string{"const a = 1\nconst k = \"" + key + "\""},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"hex": `k="` + hexEscaped.String() + `"`, "unicode": `k="` + unicodeEscaped.String() + `"`,
		"joined":       `k="` + key[:5] + `" + "` + key[5:12] + `"+'` + key[12:] + `'`,
		"base64":       `atob("` + b64([]byte(key)) + `")`,
		"base64 twice": `"` + b64([]byte(`{"env":"`+b64([]byte("STRIPE="+key))+`"}`)) + `"`,
		"json in json": `JSON.parse(` + string(twice) + `)`,
		"percent":      `decodeURIComponent("%7B%22k%22%3A%22` + key + `%22%7D")`, "hexadecimal": fmt.Sprintf(`"%x"`,
			"key="+key),
		"basic authentication": `Authorization:"Basic ` + b64([]byte(key+":")) + `"`,
		"inline map":           "a()\n//# sourceMappingURL=data:application/json;base64," + b64(sourceMap),
	} {
		r := audit(t, folder(t, map[string]string{"a.js": "\n\n  x=1;" + text + ";"}))
		withoutSecrets(t, r)
		if len(r.Findings) != 1 || r.Findings[0].Rule != "bundle-payment-key" {
			t.Errorf("%s: %+v", name, r.Findings)
			continue
		}
		if f := r.Findings[0]; name == "inline map" {
			if f.Proof.Steps[1] != "look in the source src/a.ts:2:12" {
				t.Errorf("%s: %q", name, f.Proof.Steps)
			}
		} else if f.Place.Line != 3 || f.Place.Column < 7 {
			t.Errorf("%s: placed at %v", name, f.Place)
		}
	}
}

func TestOneSecretInManyFilesIsOneFinding(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprintf("c%02d.js", i)] = `k="` + values["stripe_live"] + `"`
	}
	r := audit(t, folder(t, files))
	if len(r.Findings) != 1 || len(r.Findings[0].Affects) != maxNames+1 ||
		r.Findings[0].Affects[maxNames] != "and 19 more" {
		t.Fatalf("%+v", r.Findings)
	}
}

func TestFingerprintOutlivesABuild(t *testing.T) {
	t.Parallel()
	text := `k="` + values["stripe_live"] + `"`
	a := audit(t, folder(t, map[string]string{"_next/static/chunks/app-3fa9c1d2e4b5a697.js": text}))
	b := audit(t, folder(t, map[string]string{"_next/static/chunks/app-00b1c2d3e4f5a6b7.js": "var z;\n" + text}))
	if a.Findings[0].Fingerprint() != b.Findings[0].Fingerprint() {
		t.Errorf("%s and %s", a.Findings[0].Object, b.Findings[0].Object)
	}
	for name, want := range map[string]string{
		"index-Bx3kT9aQ.js": "/index-[hash].js", "assets/4bd1b696-100b9d70ed4e49c1.js": "/assets/4bd1b696-[hash].js",
		"settings.js":       "/settings.js",
		"service-worker.js": "/service-worker.js", "main.3f2a1b9c.chunk.js": "/main.[hash].chunk.js",
		"_next/data/AbC3dEf6hIj9kLm2nOp5q/a.json": "/_next/data/[build]/a.json",
		"index-Bx3kT9aQ.js.map":                   "/index-[hash].js.map", "documentation.js": "/documentation.js",
		".next/server/app/sellers.html":                    "/sellers",
		".next/static/chunks/app/page-54b1f8edc6986cd9.js": "/_next/static/chunks/app/page-[hash].js",
		"https://a.in/x-54b1f8edc6986cd9.js?v=1":           "/x-[hash].js",
		"dist/assets/a.js":                                 "/assets/a.js", ".next/server/pages/index.html": "/",
	} {
		if got := stable(name); got != want {
			t.Errorf("stable(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestProjectsAreRecognised(t *testing.T) {
	t.Parallel()
	leak := `k="` + values["stripe_live"] + `"`
	r := audit(t, folder(t, map[string]string{
		"package.json": "{}", "src/server.ts": leak, ".next/BUILD_ID": "x", ".next/static/chunks/a.js": "1",
		".next/server/app/api/route.js": leak,
		".next/server/app/index.html":   "<html></html>", "public/robots.txt": "x",
		".env": "A_KEY=" + values["stripe_live"],
	}))
	if len(r.Findings) != 0 || len(r.Notes) != 1 || len(r.NotTested) != 0 {
		t.Errorf("server code is taken for published: %+v %v %v", r.Findings, r.Notes, r.NotTested)
	}
	if _, err := Audit(t.Context(),
		Options{Target: folder(t, map[string]string{"package.json": "{}", "src/a.ts": leak})}); err == nil ||
		!strings.Contains(err.Error(), "run the build first") {
		t.Errorf("%v", err)
	}
	r = audit(t, folder(t, map[string]string{"package.json": "{}", "dist/a.js": leak}))
	if len(r.Findings) != 1 || r.Findings[0].Place.File != "dist/a.js" {
		t.Errorf("%+v", r.Findings)
	}
	for _, bad := range []string{"/does/not/exist", folder(t, map[string]string{"a": ""}) + "/a"} {
		if _, err := Audit(t.Context(), Options{Target: bad}); err == nil {
			t.Errorf("%s was audited", bad)
		}
	}
}

// What is hostile, broken or out of reach is survived, and said.
func TestHostileFolder(t *testing.T) {
	t.Parallel()
	minified := `var a="` + strings.Repeat(`x\"y`+"sk_live_", (10<<20)/12) + `";k="` + values["stripe_live"] + `"`
	nested := `<!doctype html><script id="__NEXT_DATA__" type="application/json">` + strings.Repeat(`{"a":[`,
		4000) + strings.Repeat(`]}`, 4000) + `</script>`
	deep := `<!doctype html><script id="__NEXT_DATA__" type="application/json">` + strings.Repeat(`[`,
		2_000_000) + `</script>` + strings.Repeat("<div>", 500_000)
	b64 := "x"
	for range 12 {
		b64 = base64.StdEncoding.EncodeToString([]byte(`{"k":"` + b64 + values["stripe_live"] + `"}`))
	}
	dir := folder(t, map[string]string{
		"ten.js": minified, "nested.html": nested, "deep.html": deep, "bomb.js": `"` + b64 + `"`,
		"binary.bin": strings.Repeat("\x00\xff\x01eyJ", 1<<18),
		"latin.js":   "caf\xe9=\"" + values["openai"] + "\"", "broken.js.map": `{"sources":[`, "empty.js": "",
		"node_modules/x/a.js": "x", "pages.json": "[" + strings.Repeat(`{"email":"a@b.in"},`, 200_000) + "1]",
		"utf16.js": "\xff\xfe" + wide("k=\""+values["resend"]+"\""),
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(dir, filepath.Join(dir, "loop")))
	must(os.Symlink("/etc/passwd", filepath.Join(dir, "outside.js")))
	must(os.Symlink("nowhere", filepath.Join(dir, "dangling.js")))
	must(os.Symlink("empty.js", filepath.Join(dir, "inside.js")))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe.js"), 0o600))
	start := time.Now()
	r := audit(t, dir)
	if took := time.Since(start); took > 4*time.Minute {
		t.Errorf("it took %v", took)
	}
	withoutSecrets(t, r)
	said := fmt.Sprint(r.NotTested)
	for _, what := range []string{
		"loop", "outside.js", "dangling.js", "pipe.js", "nested.html", "node_modules",
		"broken.js.map",
	} {
		if !strings.Contains(said, what) {
			t.Errorf("nothing is said of %s: %s", what, said)
		}
	}
	if strings.Contains(said, "inside.js") {
		t.Error("a link to a file that is read anyway is not tested")
	}
	found := map[string]bool{}
	for _, f := range r.Findings {
		found[f.Place.File] = true
	}
	for _, name := range []string{"ten.js", "latin.js", "utf16.js", "bomb.js"} {
		if !found[name] && !slices.ContainsFunc(r.Findings,
			func(f finding.Finding) bool { return slices.Contains(f.Affects, name) }) {
			t.Errorf("the secret in %s is not found: %v", name, found)
		}
	}
}

func wide(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

func TestFileBeyondTheBound(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.js": ""})
	if err := os.Truncate(filepath.Join(dir, "a.js"), maxFile+5); err != nil {
		t.Fatal(err)
	}
	if r := audit(t, dir); len(r.NotTested) != 1 || !strings.Contains(r.NotTested[0].Reason, "first 32 MB") {
		t.Errorf("%+v", r.NotTested)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Audit(ctx, Options{Target: folder(t, map[string]string{"a.js": "1"})}); err == nil {
		t.Error("an audit that was stopped has a result")
	}
}

// A site of a Next.js kind: chunks, a map that only a header names, a service
// worker, further pages, and an address in the data of one of them.
func TestSite(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	text := func(path, kind, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			if path == "/_next/static/chunks/main-1.js" {
				w.Header().Set("SourceMap", "/maps/main.map")
			}
			io.WriteString(w, body)
		})
	}
	text("/{$}", "text/html",
		`<html><body><a href="/sellers">Sellers</a><a href="/logout">out</a><a href="https://other.example/">x</a><script src="/_next/static/chunks/main-1.js"></script>
		<script>navigator.serviceWorker.register("/worker.js")</script></body></html>`)
	text("/sellers", "text/html",
		`<html><body>Meena<script id="__NEXT_DATA__" type="application/json">{"props":{"p":[{"name":"Meena","email":"meena.s@mail.in"}]}}</script></body></html>`)
	text("/_next/static/chunks/main-1.js", "text/javascript", `a("static/chunks/lazy-2.js")`)
	text("/_next/static/chunks/lazy-2.js", "text/javascript", `k="`+values["stripe_live"]+`"`)
	text("/worker.js", "text/javascript", `importScripts("/x/sw-part.js")`)
	text("/x/sw-part.js", "text/javascript", `k="`+values["openai"]+`"`)
	text("/maps/main.map", "application/json",
		`{"version":3,"sources":["app/actions.ts"],"sourcesContent":["'use server'\nexport async function pay() {}"]}`)
	var out bool
	mux.HandleFunc("GET /logout", func(http.ResponseWriter, *http.Request) { out = true })
	server := httptest.NewServer(mux)
	defer server.Close()
	r := audit(t, server.URL)
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Rule+" "+strings.TrimPrefix(f.Place.File, server.URL))
	}
	want := []string{
		"bundle-payment-key /_next/static/chunks/lazy-2.js", "bundle-service-key /x/sw-part.js",
		"bundle-source-map /maps/main.map", "bundle-personal-data /sellers",
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) || out {
		t.Errorf("found %q, want %q; signed out: %v; not tested: %v", got, want, out, r.NotTested)
	}
}

func TestHostileSites(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request,
	) {
		t.Error("another host was asked")
	}))
	defer elsewhere.Close()
	mux := http.NewServeMux()
	n := 0
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { // a site without an end
		w.Header().Set("Content-Type", "text/html")
		for i := range 50 {
			fmt.Fprintf(w, `<a href="/p%d/%d">x</a><script src="/s%d/%d.js"></script>`, n, i, n, i)
		}
		n++
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL,
			http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/round",
			http.StatusFound)
	})
	mux.HandleFunc("/denied", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/part", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w,
			`<html><script src="/away2.js"></script><script src="/endless.js"></script><a href="/away"></a></html>`)
	})
	mux.HandleFunc("/away2.js", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL,
			http.StatusFound)
	})
	mux.HandleFunc("/endless.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		chunk := []byte(strings.Repeat("a=1;", 1<<16))
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	for _, name := range []string{
		"/sw.js", "/service-worker.js", "/.env", "/.git/config",
		"/tijori-audit-no-such-file.js", "/endless.js.map",
	} {
		mux.HandleFunc(name, http.NotFound)
	}
	server := httptest.NewServer(mux)
	defer server.Close()

	for path, says := range map[string]string{
		"/away": "leads to another host", "/round": "redirects more than",
		"/denied": "answers 403",
	} {
		if r, err := Audit(t.Context(), Options{Target: server.URL + path}); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v; want %q", path, r, err, says)
		}
	}
	said := fmt.Sprint(audit(t, server.URL+"/part").NotTested)
	for _, what := range []string{"away2.js", "endless.js"} {
		if !strings.Contains(said, what) {
			t.Errorf("nothing is said of %s: %s", what, said)
		}
	}
	before := n
	r := audit(t, server.URL+"/endless")
	if n-before > maxRequests || len(r.NotTested) == 0 {
		t.Errorf("%d requests; %v", n-before, r.NotTested)
	}
}

func TestSilentAndUntrustedSites(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	if r, err := Audit(t.Context(), Options{Target: untrusted.URL}); err == nil || !strings.Contains(err.Error(),
		"certificate") {
		t.Errorf("%+v, %v", r, err)
	}
	stop := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer silent.Close()
	defer close(stop)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if r, err := Audit(ctx, Options{Target: silent.URL}); err == nil {
		t.Errorf("a site that never answers: %+v", r)
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"http://10.0.0.1/", "http://192.168.1.1/",
		"http://169.254.169.254/latest/meta-data", "http://[::ffff:10.0.0.1]/",
		"http://0.0.0.0/", "http://[fd00::1]/", "http://100.64.0.1/",
	} {
		if r, err := Audit(t.Context(), Options{Target: target}); err == nil || !strings.Contains(err.Error(),
			"private address") {
			t.Errorf("%s: %+v, %v", target, r, err)
		}
	}
	for _, target := range []string{"http://user:password@127.0.0.1/", "http://", "http:///x"} {
		if r, err := Audit(t.Context(), Options{Target: target}); err == nil || strings.Contains(err.Error(),
			"password@") {
			t.Errorf("%s: %+v, %v", target, r, err)
		}
	}
	if err := allowed("10.0.0.1:80", true); err == nil {
		t.Error("a name of this machine may lead to another one")
	}
}

// The data of a page is found in the forms of many frameworks.
func TestFormsOfPageData(t *testing.T) {
	t.Parallel()
	row := `{"name":"Meena","ownerEmail":"meena.s@mail.in"}`
	escaped := strings.ReplaceAll(row, `"`, "&quot;")
	page := func(s string) string { return "<!doctype html><html><body><h1>Meena</h1>" + s + "</body></html>" }
	for name, files := range map[string]map[string]string{
		"json script": {"index.html": page(`<script type="application/json">{"a":[` + row + `]}</script>`)},
		"state":       {"index.html": page(`<script>window.__INITIAL_STATE__ = {"a":[` + row + `]};</script>`)},
		"state in quote": {"index.html": page(`<script>window["__STATE__"] = JSON.parse("{\"a\":` +
			strings.ReplaceAll(row, `"`, `\"`) + `}")</script>`)},
		"nuxt": {"index.html": page(`<script type="application/json" id="__NUXT_DATA__">[{"data":1},["ShallowReactive",2],{"s":3},{"name":4,"ownerEmail":5},"Meena","meena.s@mail.in"]</script>`)},
		"sveltekit": {
			"sellers/index.html":  page(""),
			"sellers/__data.json": `{"type":"data","nodes":[null,{"type":"data","data":[{"s":1},{"name":2,"ownerEmail":3},"Meena","meena.s@mail.in"]}]}`,
		},
		"remix":     {"index.html": page(`<script>window.__reactRouterContext.streamController.enqueue("[{\"_1\":2},\"s\",{\"_3\":4,\"_5\":6},\"name\",\"Meena\",\"ownerEmail\",\"meena.s@mail.in\"]\n")</script>`)},
		"inertia":   {"index.html": page(`<div id="app" data-page="{&quot;props&quot;:` + escaped + `}"></div>`)},
		"astro":     {"index.html": page(`<astro-island props="{&quot;s&quot;:[0,` + escaped + `]}"></astro-island>`)},
		"flight":    {"index.html": page(""), "index.rsc": `1:["$","$L2",null,{"seller":` + row + "}]\n"},
		"next data": {"_next/data/b/a.json": `{"pageProps":` + row + `}`},
	} {
		r := audit(t, folder(t, files))
		if len(r.Findings) != 1 || r.Findings[0].Rule != "bundle-personal-data" ||
			!strings.Contains(r.Findings[0].Proof.Saw, "ownerEmail = m…@mail.in") {
			t.Errorf("%s: %+v", name, r.Findings)
		}
		for file, text := range files { // the repaired twin: the page shows it
			files[file] = strings.Replace(text, "<h1>Meena</h1>", "<h1>Meena</h1> meena.s@mail.in", 1)
		}
		if name == "next data" { // which has no page
			continue
		}
		if r := audit(t, folder(t, files)); len(r.Findings) != 0 {
			t.Errorf("%s: what the page shows is reported: %+v", name, r.Findings)
		}
	}
}

// What a page says on purpose, or in the texts of its interface, is nobody's secret.
func TestDataThatIsNoLeak(t *testing.T) {
	t.Parallel()
	page := func(body, data string) map[string]string {
		return map[string]string{"index.html": `<!doctype html><html><head><meta name="author" content="ravi.k@mail.in"></head><body>` + body +
			`<script id="__NEXT_DATA__" type="application/json">` + data + `</script></body></html>`}
	}
	for name, files := range map[string]map[string]string{
		"shown": page(`<p>Call +91 (98200) 12345 or write to Ravi.K@mail.in</p>`,
			`{"email":"ravi.k@mail.in","phone":"+919820012345"}`),
		"mailto":         page(`<a href="mailto:meena.s@mail.in">Write</a>`, `{"email":"meena.s@mail.in"}`),
		"search engines": page(`<script type="application/ld+json">{"@type":"Store","email":"meena.s@mail.in","telephone":"+91 98200 54321"}</script>`, `{"email":"meena.s@mail.in","phone":"+91 98200 54321"}`),
		"translations": page("",
			`{"_nextI18Next":{"hi":{"password":"पासवर्ड8","internalNote":"आंतरिक नोट","backupCodes":"codes10"}},"password":"Contraseña","form":{"password":"required"}}`),
		"roles": page("",
			`{"email":"support@shop.in","from":"no-reply@mail.shop.in","image":"logo@2x.png","demo":"asha@example.com"}`),
		"numbers": page("",
			`{"id":123456789012,"price":4200,"riskScore":0,"internalNotes":null,"adminNote":"","margin":null,"phone":"","time":"2026-03-01T09:00:00Z"}`),
		"keys": page("", `{"buildId":"aZ09_x","csrfToken":"q7Rk2Zw9TnB4","publishableKey":"pk_`+
			`live_q7Rk2Zw9TnB4xVd8MsL3hYc6","anonKey":"`+values["anon"]+`"}`),
		"program": {"a.js": `const t=JSON.parse('{"password":"Passwort1","author":"dev.one@mail.in","adminNote":"Note for admins"}')`},
	} {
		if r := audit(t, folder(t, files)); len(r.Findings) != 0 {
			t.Errorf("%s: %+v %+v", name, r.Findings[0], r.Findings[0].Proof)
		}
	}
}

// What our own server gives to every visitor.
func TestOwnFiles(t *testing.T) {
	t.Parallel()
	r := audit(t, "../../web/static/files")
	if len(r.Findings) != 0 || len(r.NotTested) != 0 || r.Looked[0].N == 0 {
		t.Errorf("%+v %+v %+v", r.Findings, r.NotTested, r.Looked)
	}
}

func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		`<script id="__NEXT_DATA__" type="application/json">{"a":1}</script>`,
		`self.__next_f.push([1,"1:T5,abcde2:[1]\n"])`, `{"sources":["a"],"sourcesContent":["x"]}`,
		`[{"data":1},{"a":2},3]`, `"a"+"b"\x41`,
	} {
		for _, kind := range []string{"html", "script", "map", "data", "other"} {
			f.Add(kind, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		a := &auditor{
			o: Options{Now: now, Progress: func(int, string) {}}, secrets: map[string]*leak{},
			data: map[string]*leak{}, counts: map[string]int{}, report: &finding.Report{},
		}
		a.read(t.Context(), file{name: "x", body: b, kind: kind})
		a.finish()
	})
}
