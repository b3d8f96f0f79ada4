package source

import (
	"context"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/golang"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/script"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestHostileFiles audits what no compiler would take: it ends in time, does
// not panic, and says what it could not read.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "min.js", "var a="+strings.Repeat("function(){return 1},", 500_000)+"0")
	write(t, dir, "nested.js", "const x = "+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000))
	write(t, dir, "braces.ts", strings.Repeat("{", 50_000))
	write(t, dir, "parens.ts", "const y = "+strings.Repeat("(", 5_000)+"1"+strings.Repeat(")", 5_000))
	write(t, dir, "arrows.ts", "const z = "+strings.Repeat("(a = ", 300)+"1"+strings.Repeat(")", 300))
	write(t, dir, "generics.ts", "type T = "+strings.Repeat("A<", 5_000)+"B"+strings.Repeat(">", 5_000))
	write(t, dir, "calls.ts", "f"+strings.Repeat("<T>(x => ", 400)+"1"+strings.Repeat(")", 400))
	write(t, dir, "jsx.tsx", "export const a = "+strings.Repeat("<div>", 5_000)+strings.Repeat("</div>", 5_000))
	write(t, dir, "binary.js", "\x00\x01\x02var a = 1")
	write(t, dir, "latin.js", "const a = 'caf\xe9'; export function f(req, res) { res.json({a}) }")
	write(t, dir, "open.js", "const a = `never closed ${ 1 ")
	write(t, dir, "string.js", "const a = 'never closed")
	write(t, dir, "comment.ts", "/* never closed")
	write(t, dir, "regex.js", "const a = /never[closed")
	write(t, dir, "deep.go", "package x\nvar a = "+strings.Repeat("(", 20_000)+"1"+strings.Repeat(")", 20_000))
	write(t, dir, "broken.go", "package x\nfunc (")
	write(t, dir, "loop.ts",
		"export function a(x) { return b(x) }\nexport function b(x) { return a(a(b(x))) }\nconst o = {}; o.o = o; export default o.o.o.o")
	write(t, dir, "a.ts", "export * from './b'\nexport { q } from './b'")
	write(t, dir, "b.ts", "export * from './a'\nimport { q } from './a'\nexport { q }")
	write(t, dir, "ok.ts", "export const fine = 1")
	if err := os.Symlink(dir, filepath.Join(dir, "again")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere.ts"), filepath.Join(dir, "gone.ts")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start := time.Now()
	r, err := Audit(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
	said := map[string]bool{}
	for _, n := range r.NotTested {
		file, _, _ := strings.Cut(n.What, ":")
		said[file] = true
	}
	for _, want := range []string{"min.js", "nested.js", "braces.ts", "binary.js", "gone.ts", "broken.go"} {
		if !said[want] {
			t.Errorf("%s was not said to be untested: %v", want, r.NotTested)
		}
	}
}

// TestBrokenFiles cuts and splices real code at random; nothing may panic.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	var sources []string
	for _, root := range []string{"rules", "flow"} {
		filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (strings.HasSuffix(p, ".ts") || strings.HasSuffix(p, ".tsx") ||
				strings.HasSuffix(p, ".go")) {
				sources = append(sources, p)
			}
			return nil
		})
	}
	rng := rand.New(rand.NewSource(1))
	pieces := []string{
		"{", "}", "(", ")", "[", "]", "`", "${", "<", ">", "=>", "'", "\"", "/*", "//", "?.", "...",
		"async", "await", "class", "\xff", "@x", "#a", "/", "<a", "func", "type",
	}
	start := time.Now()
	for i := 0; i < 400 && time.Since(start) < 20*time.Second; i++ {
		name := sources[rng.Intn(len(sources))]
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		src := string(data)
		if len(src) > 20000 {
			src = src[:20000]
		}
		for range 1 + rng.Intn(4) {
			at := rng.Intn(len(src) + 1)
			switch rng.Intn(3) {
			case 0:
				src = src[:at]
			case 1:
				src = src[:at] + pieces[rng.Intn(len(pieces))] + src[at:]
			case 2:
				end := min(len(src), at+rng.Intn(60))
				src = src[:at] + src[end:]
			}
		}
		var f *ir.File
		if strings.HasSuffix(name, ".go") {
			f = golang.Parse("x.go", src)
		} else {
			f = script.Parse("x"+filepath.Ext(name), strings.ToValidUTF8(src, "?"))
		}
		p := flow.New([]*ir.File{f}, nil)
		p.Run(func() bool { return false })
		for label, msg := range p.Panics {
			t.Fatalf("%s, changed: %s: %s\n%s", name, label, msg, src)
		}
	}
}
