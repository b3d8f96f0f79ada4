package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func get(t *testing.T, path, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	t.Parallel()
	for name, f := range all {
		plain, packed := get(t, URL(name), ""), get(t, URL(name), "br, gzip")
		if plain.Code != 200 || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: status %d, Cache-Control %q", name, plain.Code, plain.Header().Get("Cache-Control"))
		}
		if got := packed.Header().Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding %q, want gzip", name, got)
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(unpacked, plain.Body.Bytes()) || !bytes.Equal(unpacked, f.plain) {
			t.Errorf("%s: the packed form differs from the plain one (%v)", name, err)
		}
		if packed.Header().Get("Vary") != "Accept-Encoding" || packed.Header().Get("Content-Type") == "" {
			t.Errorf("%s: headers %v", name, packed.Header())
		}
	}
}

func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		Prefix, Prefix + "tijori.css", Prefix + "0000000000000000/tijori.css", Prefix + hash + "/",
		Prefix + hash + "/css/1-tokens.css",
		Prefix + hash + "/../static.go",
	} {
		if w := get(t, path, "gzip"); w.Code != 404 || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: status %d, Cache-Control %q; want 404 that is not kept", path, w.Code,
				w.Header().Get("Cache-Control"))
		}
	}
}

var symbol = regexp.MustCompile(`<symbol id="([a-z]+)"`)

// TestSprite holds that symbols have names of their own.
func TestSprite(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range symbol.FindAllStringSubmatch(string(all["icons.svg"].plain), -1) {
		if seen[m[1]] {
			t.Errorf("symbol %q stands twice", m[1])
		}
		seen[m[1]] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d symbols", len(seen))
	}
}

// TestStylesheet holds what the content security policy and the themes need.
func TestStylesheet(t *testing.T) {
	t.Parallel()
	var sheet string
	for name, f := range all {
		if strings.HasSuffix(name, ".css") {
			sheet += string(f.plain)
		}
	}
	for _, bad := range []string{"@import", "url(", "http:"} {
		if strings.Contains(sheet, bad) {
			t.Errorf("the stylesheet has %q", bad)
		}
	}
	for _, use := range regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllStringSubmatch(sheet, -1) {
		if !strings.Contains(sheet, use[1]+":") {
			t.Errorf("the stylesheet uses %s, which it never sets", use[1])
		}
	}
	if strings.Count(sheet, "{") != strings.Count(sheet, "}") {
		t.Error("a brace of the stylesheet is missing")
	}
}

// TestSqueeze holds that nothing of a stylesheet changes its meaning when it is made short: no text in it has a sign
// that is taken for a rule's.
func TestSqueeze(t *testing.T) {
	t.Parallel()
	parts, err := fs.Glob(files, "files/*/*.css")
	if err != nil || len(parts) < 5 {
		t.Fatalf("%d parts: %v", len(parts), err)
	}
	for _, name := range parts {
		body, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range regexp.MustCompile(`"[^"\n]*"`).FindAll(remark.ReplaceAll(body, nil), -1) {
			if string(squeeze(text)) != string(text) {
				t.Errorf("%s: %s would become %s", name, text, squeeze(text))
			}
		}
	}
	got := string(squeeze([]byte("/* a { } */\na,\n\tb > i {\n\tmargin: 0 calc(1px + 2px) ;\n}\n")))
	if want := "a,b > i{margin: 0 calc(1px + 2px);}"; strings.TrimSpace(got) != want {
		t.Errorf("squeezed: %q, want %q", got, want)
	}
}

// TestModulesComeWithoutRemarks: browsers get the lines that they run, under their numbers.
func TestModulesComeWithoutRemarks(t *testing.T) {
	t.Parallel()
	modules, err := fs.Glob(files, "files/*.js")
	if err != nil || len(modules) < 10 {
		t.Fatalf("%d modules, %v", len(modules), err)
	}
	for _, name := range modules {
		written, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		served := strings.Split(get(t, URL(path.Base(name)), "").Body.String(), "\n")
		for i, line := range strings.Split(string(written), "\n") {
			want := line
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				want = ""
			}
			if served[i] != want {
				t.Errorf("%s:%d comes as %q, want %q", name, i+1, served[i], want)
			}
			if strings.Count(line, "`")%2 != 0 {
				t.Errorf("%s:%d: a text of several lines, in which a line that begins with // is no remark", name, i+1)
			}
		}
	}
}

// TestWorker holds that the worker keeps every module of the page that it shows, and that a release changes it.
func TestWorker(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Worker().ServeHTTP(w, httptest.NewRequest("GET", WorkerPath, nil))
	if w.Code != 200 || w.Header().Get("Cache-Control") != "no-cache" || !strings.Contains(w.Body.String(), hash) {
		t.Errorf("status %d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
	for _, name := range kept {
		if _, ok := all[name]; !ok {
			t.Errorf("the worker keeps %s, which is not there", name)
		}
	}
	for _, name := range []string{
		"tijori.css", "app.js", "device.js", "store.js", "sum.js", "waiting.js",
		"icons.svg",
	} {
		if !slices.Contains(kept, name) {
			t.Errorf("the worker does not keep %s", name)
		}
	}
}
