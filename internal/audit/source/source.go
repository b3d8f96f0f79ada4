// Package source audits the code of a subscription application: what its
// routes trust, whose rows they touch, and whether what they charge and grant
// can be had without paying. It needs no configuration, no network and no
// running program.
package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/golang"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
	"github.com/tijorihq/tijori/internal/audit/source/script"
)

// Options say what to audit and how long it may take.
type Options struct {
	Dir      string        // the folder of the code
	Only     []string      // rules to run; none means all
	Tests    bool          // audit test files too
	MaxFile  int64         // larger files are not tested; 0 means 1 MB
	MaxFiles int           // 0 means 20,000
	Deadline time.Duration // for following values; 0 means a minute
}

// Rules explains every rule, in order.
func Rules() []finding.Rule {
	var list []finding.Rule
	for _, r := range all() {
		list = append(list, r.Rule)
	}
	return list
}

var skipDirs = map[string]bool{
	"node_modules": true, ".git": true, ".next": true, "dist": true, "build": true, "vendor": true, "out": true,
	"coverage":    true,
	".svelte-kit": true, ".output": true, ".turbo": true, ".vercel": true, ".nuxt": true, "bower_components": true,
	".yarn": true, "__snapshots__": true,
	".cache": true, "target": true, ".venv": true, "venv": true, "__pycache__": true, "testdata": true,
	".pnpm-store": true, ".idea": true, "storybook-static": true,
}

var builtDirs = map[string]bool{"dist": true, "build": true, "out": true}

type reader struct {
	opt    Options
	report *finding.Report
	mu     sync.Mutex
	files  []*ir.File
	texts  map[string]string
	built  map[string]bool // folders of built files that were left out
}

func (r *reader) notTested(what, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.report.NotTested) < 500 {
		r.report.NotTested = append(r.report.NotTested,
			finding.NotTested{What: what, Reason: fmt.Sprintf(format, args...)})
	}
}

// Audit reads the folder and reports what it finds. What could not be read or
// followed stands in NotTested. An error means that nothing was audited.
func Audit(ctx context.Context, opt Options) (*finding.Report, error) {
	rules, err := choose(opt.Only)
	if err != nil {
		return nil, err
	}
	r, prog, err := follow(ctx, opt)
	if err != nil {
		return nil, err
	}
	var list []finding.Finding
	rule.Run(prog, rules, func(f finding.Finding) { list = append(list, f) }, func(id string, err any) {
		r.notTested("rule "+id, "failed: %v", err)
	})
	r.report.Findings = r.suppress(list)
	r.count(prog)
	r.report.Sort()
	return r.report, nil
}

// follow reads the folder and follows its values.
func follow(ctx context.Context, opt Options) (*reader, *flow.Program, error) {
	if opt.MaxFile == 0 {
		opt.MaxFile = 1 << 20
	}
	if opt.MaxFiles == 0 {
		opt.MaxFiles = 20000
	}
	if opt.Deadline == 0 {
		opt.Deadline = time.Minute
	}
	info, err := os.Stat(opt.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("audit source: %w", err)
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("audit source: %s is not a folder", opt.Dir)
	}
	report := &finding.Report{Command: "audit source", Target: opt.Dir}
	r := &reader{opt: opt, report: report, texts: map[string]string{}, built: map[string]bool{}}
	if err := r.read(ctx); err != nil {
		return nil, nil, err
	}
	if len(r.files) == 0 && len(r.texts) == 0 {
		return nil, nil, fmt.Errorf("audit source: %s holds no JavaScript, TypeScript or Go", opt.Dir)
	}
	for _, f := range r.files {
		for i, p := range f.Problems {
			if i < 3 {
				line, _ := f.Line(p.Pos)
				r.notTested(fmt.Sprintf("%s:%d", f.Path, line), "not parsed: %s", p.Text)
			}
		}
	}
	// many small values are made and dropped: collect them early
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(900 << 20))
	start, before := time.Now(), live() // others in this program may hold much
	late, full, n := false, false, 0
	prog := flow.New(r.files, r.texts)
	stop := func() bool {
		late = late || time.Since(start) > opt.Deadline
		if n++; n%16 == 0 {
			switch heap := live(); {
			case heap > before+640<<20:
				full = true
			case heap > before+420<<20:
				prog.MaxSteps = 3000
			}
		}
		return late || full || ctx.Err() != nil
	}
	prog.Run(stop)
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("audit source: %w", err)
	}
	if late {
		r.notTested(opt.Dir, "the time ran out before all routes were followed")
	}
	for module, from := range prog.Missing {
		r.notTested(from+": "+module, "is not there; what its functions do was guessed from how they are used")
	}
	if full {
		r.notTested(opt.Dir, "too large to follow everything; audit its parts one by one")
	}
	for _, label := range keys(prog.Cut) {
		r.notTested(label, "too long to be followed to its end")
	}
	if prog.CutFuncs > 0 {
		r.notTested(opt.Dir, "functions that no route calls, followed in part: %d", prog.CutFuncs)
	}
	for label, msg := range prog.Panics {
		r.notTested(label, "could not be followed: %s", msg)
	}
	return r, prog, nil
}

// live is how much memory values take.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

func keys(m map[string]bool) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func choose(only []string) ([]*rule.Rule, error) {
	list := all()
	if len(only) == 0 {
		return list, nil
	}
	var out []*rule.Rule
	for _, id := range only {
		i := slices.IndexFunc(list, func(r *rule.Rule) bool { return r.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("audit source: no rule %q", id)
		}
		out = append(out, list[i])
	}
	return out, nil
}

func (r *reader) read(ctx context.Context) error {
	root := r.opt.Dir
	var names []string
	n := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		if err != nil {
			r.notTested(rel, "not read: %v", err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			if rel != "." && (skipDirs[d.Name()] || strings.HasPrefix(d.Name(), ".") && d.Name() != ".github") {
				if builtDirs[d.Name()] && len(r.built) < 10 {
					r.built[rel] = true
				}
				return fs.SkipDir
			}
			return nil
		}
		kind := kindOf(rel)
		if kind == "" {
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 {
			r.notTested(rel, "a symbolic link is not followed")
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		n++
		if n > r.opt.MaxFiles {
			return nil
		}
		names = append(names, rel)
		return nil
	})
	if err != nil {
		return fmt.Errorf("audit source: %w", err)
	}
	if n > r.opt.MaxFiles {
		r.notTested(root, "%d of %d files were read", r.opt.MaxFiles, n)
	}
	jobs := make(chan string)
	var wg sync.WaitGroup
	for range max(1, min(runtime.GOMAXPROCS(0), 4)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for rel := range jobs {
				r.one(rel)
			}
		}()
	}
	for _, rel := range names {
		if ctx.Err() != nil {
			break
		}
		jobs <- rel
	}
	close(jobs)
	wg.Wait()
	return ctx.Err()
}

var configFile = lazyregexp.New(`(^|/)(package\.json|go\.mod|tsconfig\.json|jsconfig\.json|vercel\.json|netlify\.toml|config\.toml|wrangler\.toml|[\w.-]+\.prisma|[\w.-]+\.sql|\.env[\w.-]*|_headers)$`)

func kindOf(rel string) string {
	switch filepath.Ext(rel) {
	case ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts":
		if strings.HasSuffix(rel, ".d.ts") || strings.HasSuffix(rel, ".min.js") {
			return ""
		}
		return "script"
	case ".go":
		return "go"
	case ".svelte", ".vue":
		return "component"
	}
	if configFile.MatchString(rel) {
		return "text"
	}
	return ""
}

// decode is the text of a file in UTF-8, in UTF-16 with a mark, or in Latin-1.
func decode(data []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case utf8.Valid(data):
		return string(data)
	}
	var b strings.Builder
	if order != nil {
		var units []uint16
		for i := 2; i+1 < len(data); i += 2 {
			units = append(units, order.Uint16(data[i:]))
		}
		return string(utf16.Decode(units))
	}
	for len(data) > 0 {
		c, n := utf8.DecodeRune(data)
		if c == utf8.RuneError && n == 1 {
			c = rune(data[0])
		}
		b.WriteRune(c)
		data = data[n:]
	}
	return b.String()
}

// one reads and parses a file.
func (r *reader) one(rel string) {
	defer func() {
		if err := recover(); err != nil {
			r.notTested(rel, "not parsed: %v", err)
		}
	}()
	name := filepath.Join(r.opt.Dir, filepath.FromSlash(rel))
	info, err := os.Stat(name)
	if err != nil {
		r.notTested(rel, "not read: %v", err)
		return
	}
	if info.Size() > r.opt.MaxFile {
		r.notTested(rel, "larger than %d kB", r.opt.MaxFile>>10)
		return
	}
	data, err := os.ReadFile(name)
	if err != nil {
		r.notTested(rel, "not read: %v", err)
		return
	}
	src := decode(data)
	if strings.IndexByte(src, 0) >= 0 {
		r.notTested(rel, "binary")
		return
	}
	kind := kindOf(rel)
	if kind == "script" && minified(src) {
		r.notTested(rel, "minified; see tijori audit bundle")
		return
	}
	var f *ir.File
	switch kind {
	case "script":
		f = script.Parse(rel, src)
	case "go":
		if strings.HasSuffix(rel, "_test.go") && !r.opt.Tests {
			return
		}
		f = golang.Parse(rel, src)
	case "component":
		f = script.Parse(rel, scriptOf(src))
	case "text":
		r.mu.Lock()
		r.texts[rel] = src
		r.mu.Unlock()
		return
	}
	r.mu.Lock()
	r.files = append(r.files, f)
	r.mu.Unlock()
}

// minified tells whether a file was written by a program for browsers.
func minified(src string) bool {
	if len(src) < 20000 {
		return false
	}
	lines := strings.Count(src, "\n") + 1
	return len(src)/lines > 500
}

var scriptTag = lazyregexp.New(`(?s)<script[^>]*>(.*?)</script>`)

// scriptOf keeps the scripts of a component where they stand and blanks the
// rest, so that lines stay.
func scriptOf(src string) string {
	var b strings.Builder
	last := 0
	blank := func(s string) {
		for i := 0; i < len(s); i++ {
			if s[i] == '\n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(' ')
			}
		}
	}
	for _, m := range scriptTag.FindAllStringSubmatchIndex(src, -1) {
		blank(src[last:m[2]])
		b.WriteString(src[m[2]:m[3]])
		last = m[3]
	}
	blank(src[last:])
	return b.String()
}

var allow = lazyregexp.New(`tijori:allow\s+([a-z0-9*,-]+)[ \t]*([^\n]*)`)

// suppress marks the findings that a comment with a reason accepts: on the
// line, or on the line above.
func (r *reader) suppress(list []finding.Finding) []finding.Finding {
	type mark struct {
		rules  []string
		reason string
	}
	marks := map[string]map[int]mark{}
	for _, f := range r.files {
		for _, c := range f.Comments {
			m := allow.FindStringSubmatch(c.Text)
			if m == nil {
				continue
			}
			line, _ := f.Line(c.Pos)
			reason := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(m[2]), "*/"))
			if reason == "" {
				r.notTested(fmt.Sprintf("%s:%d", f.Path, line), "tijori:allow without a reason has no effect")
				continue
			}
			if marks[f.Path] == nil {
				marks[f.Path] = map[int]mark{}
			}
			marks[f.Path][line] = mark{strings.Split(m[1], ","), reason}
		}
	}
	for i := range list {
		f := &list[i]
		for _, line := range []int{f.Place.Line, f.Place.Line - 1} {
			if m, ok := marks[f.Place.File][line]; ok && slices.Contains(m.rules, f.Rule) {
				f.Accepted, f.Reason = true, m.reason
			}
		}
	}
	return list
}
