package pagetest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/web/static"
)

// program is the text of a template or a format that was to be worked off, and stands on the page instead.
var program = regexp.MustCompile(`@[A-Za-z.]+\(|%!|\b[vs]\.[A-Z]\w*|<nil>|\bmap\[`)

// TestPagesShowNoProgram finds a component that was called in the middle of a line, which is text to templ.
func TestPagesShowNoProgram(t *testing.T) {
	each(t, func(t *testing.T, _, page string) {
		text := markup.ReplaceAllString(page, " ")
		if at := program.FindStringIndex(text); at != nil {
			t.Errorf("the page says %q", text[max(0, at[0]-40):min(len(text), at[1]+20)])
		}
	})
}

// markup is what a reader does not see.
var markup = regexp.MustCompile(`(?s)<(script|style)\b.*?</(script|style)>|<[^>]*>`)

// The limits of a first view: everything that a browser fetches to show a
// page for the first time, as compressed bytes.
const (
	maxFirstView = 40 << 10
	maxScripts   = 30 << 10
)

// each renders every page in both languages.
func each(t *testing.T, test func(t *testing.T, locale, page string)) {
	t.Parallel()
	for _, locale := range []string{"en", "hi"} {
		for _, s := range All(locale) {
			t.Run(s.Name+"/"+locale, func(t *testing.T) {
				t.Parallel()
				var buf bytes.Buffer
				if err := s.Page.Render(t.Context(), &buf); err != nil {
					t.Fatal(err)
				}
				test(t, locale, buf.String())
			})
		}
	}
}

var (
	tag  = regexp.MustCompile(`<([a-z][a-z0-9]*)((?:[^>"]|"[^"]*")*)>`)
	attr = regexp.MustCompile(`([a-z][a-z0-9:-]*)(?:="([^"]*)")?`)
)

type element struct {
	name  string
	attrs map[string]string
}

func (e element) has(name string) bool { _, ok := e.attrs[name]; return ok }

func elements(page string) []element {
	var out []element
	for _, m := range tag.FindAllStringSubmatch(page, -1) {
		e := element{name: m[1], attrs: map[string]string{}}
		for _, a := range attr.FindAllStringSubmatch(m[2], -1) {
			e.attrs[a[1]] = a[2]
		}
		out = append(out, e)
	}
	return out
}

// TestPages holds what every page owes its reader, whatever is on it.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, locale, page string) {
		ids, labelled, headings := map[string]bool{}, map[string]bool{}, 0
		all := elements(page)
		for _, e := range all {
			if id := e.attrs["id"]; id != "" {
				if ids[id] {
					t.Errorf("id %q stands twice", id)
				}
				ids[id] = true
			}
			secret := e.attrs["type"] == "password"
			if e.name == "input" && secret != strings.HasSuffix(e.attrs["autocomplete"], "-password") {
				t.Errorf("a password is typed openly, or a browser's store is not told which it is: %v", e.attrs)
			}
			if e.name == "label" {
				labelled[e.attrs["for"]] = true
			}
			if e.name == "h1" {
				headings++
			}
			checkInline(t, e)
		}
		if headings < 1 || headings > 2 {
			t.Errorf("%d first-level headings, want one (two where a state is hidden)", headings)
		}
		if all[0].name != "html" || all[0].attrs["lang"] != locale {
			t.Errorf("the document is %v, want html in %s", all[0], locale)
		}
		if !ids["main"] || !strings.Contains(page, `<a class="skip" href="#main">`) {
			t.Error("no way past the navigation")
		}
		for _, e := range all {
			checkNamed(t, e, ids, labelled)
		}
		if strings.Contains(page, "%!") {
			t.Error("a sentence has the wrong arguments")
		}
	})
}

// checkInline finds what the content security policy would refuse.
func checkInline(t *testing.T, e element) {
	t.Helper()
	if e.name == "style" || e.has("style") || e.name == "script" && !e.has("src") {
		t.Errorf("inline style or script: %v", e)
	}
	for name := range e.attrs {
		if strings.HasPrefix(name, "on") {
			t.Errorf("inline handler %s on %s", name, e.name)
		}
	}
	for _, name := range []string{"src", "href", "action"} {
		if v := e.attrs[name]; strings.HasPrefix(v, "javascript:") ||
			(e.name == "script" || e.name == "link") && e.has(name) && !strings.HasPrefix(v, static.Prefix) {
			t.Errorf("%s of %s leads to %q", name, e.name, v)
		}
	}
}

// checkNamed holds that every input has a label and that described-by leads somewhere.
func checkNamed(t *testing.T, e element, ids, labelled map[string]bool) {
	t.Helper()
	field := slices.Contains([]string{"input", "select", "textarea"}, e.name)
	kind := e.attrs["type"]
	if field && kind != "hidden" && kind != "radio" && !e.has("aria-hidden") && !labelled[e.attrs["id"]] {
		t.Errorf("no label for %v", e)
	}
	for _, name := range []string{"aria-describedby", "aria-labelledby"} {
		for id := range strings.FieldsSeq(e.attrs[name]) {
			if !ids[id] {
				t.Errorf("%s of %s names %q, which is not there", name, e.name, id)
			}
		}
	}
	if e.name == "form" && e.attrs["action"] == "" {
		t.Error("a form without an address")
	}
}

func TestFirstView(t *testing.T) {
	each(t, func(t *testing.T, _, page string) {
		all, scripts := packed(page), 0
		seen := map[string]bool{}
		var count func(name string)
		count = func(name string) {
			if seen[name] {
				return
			}
			seen[name] = true
			size := downloaded(t, name)
			all += size
			if strings.HasSuffix(name, ".js") {
				scripts += size
				for _, more := range static.Imports(name) {
					count(more)
				}
			}
		}
		for _, e := range elements(page) {
			for _, name := range []string{"src", "href"} {
				if file, _, _ := strings.Cut(e.attrs[name], "#"); strings.HasPrefix(file, static.Prefix) {
					count(file[strings.LastIndex(file, "/")+1:])
				}
			}
		}
		if all > maxFirstView {
			t.Errorf("the first view is %d bytes, want at most %d", all, maxFirstView)
		}
		if scripts > maxScripts {
			t.Errorf("its scripts are %d bytes, want at most %d", scripts, maxScripts)
		}
	})
}

// downloaded is how many bytes a browser downloads for a file.
func downloaded(t *testing.T, name string) int {
	t.Helper()
	r := httptest.NewRequest("GET", static.URL(name), nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	if w.Code != 200 || w.Body.Len() == 0 {
		t.Fatalf("%s: status %d, %d bytes", name, w.Code, w.Body.Len())
	}
	return w.Body.Len()
}

func packed(page string) int {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	io.WriteString(z, page)
	z.Close()
	return buf.Len()
}

// TestCounterSeesNoBalance holds the words of sums away from a counter's pages.
func TestCounterSeesNoBalance(t *testing.T) {
	t.Parallel()
	for _, s := range All("en") {
		if !strings.HasSuffix(s.Name, "-counter") {
			continue
		}
		var buf bytes.Buffer
		if err := s.Page.Render(t.Context(), &buf); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{
			"You&#39;ll get", "You'll get", "Settled", "export.csv", "/history",
			"12,34,567",
		} {
			if strings.Contains(buf.String(), word) {
				t.Errorf("%s says %q to a counter", s.Name, word)
			}
		}
	}
}
