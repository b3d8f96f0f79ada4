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

// longLists are files that nest or go on for ever, on lines of their own, so
// that nobody takes them for minified.
func longLists() map[string]string {
	repeat := strings.Repeat
	return map[string]string{
		"lines/arrays.js":    "const x = " + repeat("[\n", 50_000) + repeat("]\n", 50_000),
		"lines/parens.js":    "const x = " + repeat("(\n", 50_000) + "1" + repeat(")\n", 50_000),
		"lines/ifs.ts":       repeat("if(a){\n", 20_000) + repeat("}\n", 20_000),
		"lines/tags.tsx":     "const x = " + repeat("<div>\n", 20_000) + repeat("</div>\n", 20_000),
		"lines/chain.ts":     "const x = a\n" + repeat(".b()\n", 100_000),
		"lines/sums.ts":      "const x = 'a'\n" + repeat(" + 'b'\n", 100_000),
		"lines/choices.ts":   "const x = " + repeat("a ? 1 :\n", 50_000) + "2",
		"lines/templates.ts": "const x = " + repeat("`${\n", 10_000) + "1" + repeat("}`\n", 10_000),
		"lines/types.ts":     "type X = " + repeat("Array<\n", 20_000) + "string" + repeat(">\n", 20_000),
		"lines/arrows.ts":    "const f = " + repeat("(a) =>\n", 20_000) + "1",
		"lines/funcs.ts":     repeat("function f() {\n", 10_000) + repeat("}\n", 10_000),
		"lines/objects.ts":   "const x = " + repeat("{a:\n", 30_000) + "1" + repeat("}\n", 30_000),
		"lines/unary.ts":     "const x = " + repeat("!\n", 90_000) + "a",
		"lines/assign.ts":    repeat("a = \n", 90_000) + "1",
		"lines/tries.ts":     repeat("try {\n", 10_000) + repeat("}catch(e){}\n", 10_000),
		"lines/ifs.go":       "package a\n\nfunc f() {\n" + repeat("if true {\n", 5_000) + repeat("}\n", 5_000) + "}\n",
		"lines/sums.go":      "package a\n\nvar x = 1" + repeat(" +\n1", 50_000) + "\n",
		"lines/q.sql":        "select " + repeat("(\n", 50_000) + "1" + repeat(")\n", 50_000),
	}
}

// TestOtherEncodings reads files that are not UTF-8.
func TestOtherEncodings(t *testing.T) {
	t.Parallel()
	text := "'use server'\nimport { db } from './db'\n" +
		"export async function f(userId: string) { const n\u00e9v = 1; await db.user.update({ where: { id: userId }, data: { n\u00e9v } }) }\n"
	var latin, wide []byte
	wide = append(wide, 0xff, 0xfe)
	for _, c := range text {
		latin = append(latin, byte(c))
		wide = append(wide, byte(c), byte(c>>8))
	}
	for name, data := range map[string][]byte{"latin": latin, "utf16": wide} {
		dir := t.TempDir()
		write(t, dir, "app/a.ts", string(data))
		r, err := Audit(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) != 1 || r.Findings[0].Rule != "identity-from-request" {
			t.Errorf("%s: findings %v, not tested %v; want identity-from-request", name, r.Findings, r.NotTested)
		}
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
	for name, text := range longLists() {
		write(t, dir, name, text)
	}
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
// TestRoutesThatRegisterThemselves ends: a brace was lost, so that a middleware registers the routes that it is of.
func TestRoutesThatRegisterThemselves(t *testing.T) {
	t.Parallel()
	goes := golang.Parse("x.go", `package main
import "github.com/gofiber/fiber/v2"
func auth(c *fiber.Ctx) error {
	app := fiber.New()
	app.Get("/a", auth, func(c *fiber.Ctx) error { return c.JSON(1) })
	app.Get("/b", auth, func(c *fiber.Ctx) error { return c.JSON(2) })
	return c.Next()
}
func main() { fiber.New().Get("/c", auth, auth) }`)
	script := script.Parse("x.ts", `import express from "express";
function auth(req, res, next) {
	const app = express();
	app.get("/a", auth, (req, res) => res.json(1));
	app.get("/b", auth, (req, res) => res.json(2));
	next();
}
express().get("/c", auth, auth);`)
	for _, f := range []*ir.File{goes, script} {
		p := flow.New([]*ir.File{f}, nil)
		p.Run(func() bool { return false })
		if len(p.Entries) == 0 {
			t.Errorf("%s has no routes", f.Path)
		}
	}
}

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

// An object may hold itself, and two of them may be joined: there is no end to their fields.
func TestObjectsThatHoldThemselves(t *testing.T) {
	t.Parallel()
	loop := func() *flow.Val {
		v := &flow.Val{Fields: map[string]*flow.Val{}, Order: []string{"self"}}
		v.Fields["self"] = v
		return v
	}
	if v := flow.Join(loop(), loop()); v.Fields["self"] == nil {
		t.Error("what is joined has lost its field")
	}
}

// Code of which no part is recognised is not clean.
func TestNothingRecognisedIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "lib/sums.js", "module.exports = (a, b) => a + b\n")
	write(t, dir, "dist/server.js", "app.get('/', (req, res) => res.end())\n")
	r, err := Audit(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.NotTested) != 1 || !strings.Contains(r.NotTested[0].Reason, "left out: dist") {
		t.Errorf("not tested %v, want that no route was recognised and that dist was left out", r.NotTested)
	}
}
