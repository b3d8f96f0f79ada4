package flow

import (
	"encoding/json"
	"path"
	"sort"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/sqltext"
)

// A Module is a file of JavaScript, or a package of Go.
type Module struct {
	Path       string
	Dir        string
	Files      []*ir.File
	Go         bool
	Scope      *Scope
	Exports    map[string]*Val
	Imports    map[string]ir.Import
	state      int
	Client     bool // its code reaches the browser
	ServerOnly bool
	Guards     []*Guard // of its top level, which end the program
	Test       bool
	Types      map[string]*ir.TypeDecl
	typeFile   map[string]*ir.File
	Methods    map[string]map[string]*Closure // of Go types
}

// A Table is what SQL files and schemas say of a table.
type Table struct {
	Name    string
	Columns []string
	Owner   []string // columns that refer to a user, tenant or the like
	RLS     bool
}

// A Program is everything that was read.
type Program struct {
	Files      []*ir.File
	Modules    map[string]*Module
	Order      []*Module
	Entries    []*Entry
	Ctx        map[string]*Val // what handlers keep for later ones
	Tables     map[string]*Table
	Deps       map[string]map[string]string // folder of a package.json or go.mod: versions
	Crons      []string
	SQL        map[string][]*sqltext.Stmt // files of SQL
	Funcs      map[string]string          // SQL functions by name: their bodies
	Text       map[string]string          // configuration files
	Skipped    map[string]string
	RLSUsed    bool
	aliases    []alias
	byBase     map[string][]string
	pkgNames   map[string]string
	goMods     map[string]string
	ctxNew     map[string]*Val
	Owned      map[string]map[string]bool // table: columns that were compared with the session
	called     map[*ir.Func]bool
	done       map[*ir.Func]bool
	MaxSteps   int
	Cut        map[string]bool // entries that were cut short
	routes     []*Entry
	known      map[*ir.Func]bool
	busy       int
	routers    map[string]*router
	seenRoutes []*Entry
	placed     map[Pos]int // routes that a line has registered
	from       int
	Panics     map[string]string
	actions    []*ir.Func
	now        func(string) bool
	modOps     []*Entry
	goMemo     map[string]*Module
	total      int               // steps of all entries
	Missing    map[string]string // modules of the program that are not there, and who wants them
	CutFuncs   int               // functions, not routes, that were cut short
}

type alias struct{ dir, prefix, target string }

// New makes a program of parsed files; texts are configuration and SQL files.
func New(files []*ir.File, texts map[string]string) *Program {
	p := &Program{
		Files: files, Modules: map[string]*Module{}, Ctx: map[string]*Val{}, Tables: map[string]*Table{},
		Deps: map[string]map[string]string{}, SQL: map[string][]*sqltext.Stmt{}, Text: texts,
		Funcs:  map[string]string{},
		byBase: map[string][]string{}, pkgNames: map[string]string{}, goMods: map[string]string{},
		Owned:  map[string]map[string]bool{},
		called: map[*ir.Func]bool{}, done: map[*ir.Func]bool{}, MaxSteps: 60000, Cut: map[string]bool{},
		known: map[*ir.Func]bool{}, placed: map[Pos]int{},
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
	for _, f := range files {
		if f.Lang == "go" {
			dir := path.Dir(f.Path)
			key := "go:" + dir + ":" + strings.TrimSuffix(f.Package, "_test")
			m := p.Modules[key]
			if m == nil {
				m = &Module{Path: dir, Dir: dir, Go: true}
				p.add(key, m)
			}
			m.Files = append(m.Files, f)
			continue
		}
		m := &Module{Path: f.Path, Dir: path.Dir(f.Path), Files: []*ir.File{f}}
		m.Test = isTest(f.Path)
		p.add(f.Path, m)
		base := strings.TrimSuffix(f.Path, path.Ext(f.Path))
		p.byBase[base] = append(p.byBase[base], f.Path)
		if path.Base(base) == "index" {
			p.byBase[path.Dir(base)] = append(p.byBase[path.Dir(base)], f.Path)
		}
	}
	for _, m := range p.Order {
		m.Types, m.typeFile = map[string]*ir.TypeDecl{}, map[string]*ir.File{}
		m.Imports = map[string]ir.Import{}
		m.Methods = map[string]map[string]*Closure{}
		for _, f := range m.Files {
			for name, t := range f.Types {
				m.Types[name], m.typeFile[name] = t, f
			}
			for _, i := range f.Imports {
				if i.Local != "" {
					m.Imports[i.Local] = i
				}
				if i.Module == "server-only" {
					m.ServerOnly = true
				}
			}
		}
	}
	p.readTexts(texts)
	p.markClient()
	return p
}

var testFile = lazyregexp.New(`(^|/)(__tests__|__mocks__|tests?|e2e|spec|cypress|playwright|fixtures|stories)/|\.(test|spec|stories|d|e2e)\.[cm]?[jt]sx?$|_test\.go$`)

func isTest(p string) bool { return testFile.MatchString(p) }

func (p *Program) add(key string, m *Module) {
	p.Modules[key] = m
	p.Order = append(p.Order, m)
}

func (p *Program) readTexts(texts map[string]string) {
	names := make([]string, 0, len(texts))
	for n := range texts {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, name := range names {
		text := texts[name]
		base := path.Base(name)
		switch {
		case base == "package.json":
			var pkg struct {
				Name                          string
				Dependencies, DevDependencies map[string]string
			}
			if json.Unmarshal([]byte(text), &pkg) == nil {
				if pkg.Name != "" {
					p.pkgNames[pkg.Name] = path.Dir(name)
				}
				all := map[string]string{}
				for k, v := range pkg.DevDependencies {
					all[k] = v
				}
				for k, v := range pkg.Dependencies {
					all[k] = v
				}
				p.Deps[path.Dir(name)] = all
			}
		case base == "go.mod":
			all := map[string]string{}
			for _, line := range strings.Split(text, "\n") {
				f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
				if len(f) >= 2 && f[0] == "module" {
					p.goMods[path.Dir(name)] = f[1]
				} else if len(f) >= 2 && strings.Contains(f[0], "/") {
					all[f[0]] = f[1]
				}
			}
			p.Deps[path.Dir(name)] = all
		case base == "tsconfig.json" || base == "jsconfig.json":
			p.tsconfig(path.Dir(name), text)
		case base == "vercel.json":
			var v struct{ Crons []struct{ Path string } }
			if json.Unmarshal([]byte(text), &v) == nil {
				for _, c := range v.Crons {
					p.Crons = append(p.Crons, c.Path)
				}
			}
		case strings.HasSuffix(base, ".prisma"):
			p.prisma(text)
		case strings.HasSuffix(base, ".sql"):
			p.sqlFile(name, text)
		}
	}
}

func (p *Program) tsconfig(dir, text string) {
	var v struct {
		CompilerOptions struct {
			BaseURL string              `json:"baseUrl"`
			Paths   map[string][]string `json:"paths"`
		} `json:"compilerOptions"`
	}
	if json.Unmarshal([]byte(stripJSON(text)), &v) != nil {
		return
	}
	base := path.Join(dir, v.CompilerOptions.BaseURL)
	for k, list := range v.CompilerOptions.Paths {
		if len(list) > 0 {
			p.aliases = append(p.aliases,
				alias{dir, strings.TrimSuffix(k, "*"), path.Join(base, strings.TrimSuffix(list[0], "*"))})
		}
	}
	sort.Slice(p.aliases, func(i, j int) bool { return len(p.aliases[i].prefix) > len(p.aliases[j].prefix) })
}

var jsonComment = lazyregexp.New(`(?m)^\s*//.*$|/\*[\s\S]*?\*/|,(\s*[}\]])`)

func stripJSON(s string) string { return jsonComment.ReplaceAllString(s, "$1") }

var prismaModel = lazyregexp.New(`(?m)^\s*model\s+(\w+)\s*\{([^}]*)\}`)

func (p *Program) prisma(text string) {
	for _, m := range prismaModel.FindAllStringSubmatch(text, -1) {
		t := &Table{Name: strings.ToLower(m[1])}
		for _, line := range strings.Split(m[2], "\n") {
			f := strings.Fields(line)
			if len(f) >= 2 && !strings.HasPrefix(f[0], "@") && !strings.HasPrefix(f[0], "//") {
				t.Columns = append(t.Columns, strings.ToLower(f[0]))
			}
		}
		p.Tables[t.Name] = t
	}
}

var (
	createTable = lazyregexp.New(`(?is)create\s+table\s+(?:if\s+not\s+exists\s+)?([\w."]+)\s*\((.*?)\)\s*(?:;|$)`)
	enableRLS   = lazyregexp.New(`(?i)alter\s+table\s+(?:only\s+)?([\w."]+)\s+enable\s+row\s+level\s+security`)
	createFunc  = lazyregexp.New(`(?is)create\s+(?:or\s+replace\s+)?function\s+([\w."]+)\s*\(.*?\$(\w*)\$(.*?)\$\w*\$`)
)

func (p *Program) sqlFile(name, text string) {
	for _, m := range createTable.FindAllStringSubmatch(text, -1) {
		t := p.table(m[1])
		for _, part := range strings.Split(m[2], ",") {
			f := strings.Fields(part)
			if len(f) >= 2 {
				switch strings.ToLower(f[0]) {
				case "primary", "unique", "foreign", "check", "constraint", "exclude":
				default:
					t.Columns = append(t.Columns, strings.ToLower(strings.Trim(f[0], `"`)))
				}
			}
		}
	}
	for _, m := range enableRLS.FindAllStringSubmatch(text, -1) {
		p.table(m[1]).RLS = true
	}
	for _, m := range createFunc.FindAllStringSubmatch(text, -1) {
		p.Funcs[bare(m[1])] = m[3]
	}
	p.SQL[name] = sqltext.ParseAll(text)
}

func bare(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), `"`, "")
	return name[strings.LastIndexByte(name, '.')+1:]
}

func (p *Program) table(name string) *Table {
	name = bare(name)
	t := p.Tables[name]
	if t == nil {
		t = &Table{Name: name}
		p.Tables[name] = t
	}
	return t
}

var kinds = []string{"", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".vue", ".svelte"}

// resolve finds the module that a file imports by a name, or nil.
func (p *Program) resolve(from *Module, name string) *Module {
	if from.Go {
		return p.resolveGo(name)
	}
	if strings.HasPrefix(name, ".") {
		return p.at(path.Join(from.Dir, name))
	}
	for _, a := range p.aliases {
		if (a.dir == "." || strings.HasPrefix(from.Path, a.dir+"/")) && a.prefix != "" &&
			strings.HasPrefix(name, a.prefix) {
			if m := p.at(path.Join(a.target, name[len(a.prefix):])); m != nil {
				return m
			}
		}
	}
	for _, prefix := range []string{"@/", "~/", "$lib/", "#/", "~~/", "src/", "@@/"} {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		rest := name[len(prefix):]
		if prefix == "$lib/" {
			rest = "lib/" + rest
		}
		for dir := from.Dir; ; dir = path.Dir(dir) {
			for _, sub := range []string{"", "src", "app"} {
				if m := p.at(path.Join(dir, sub, rest)); m != nil {
					return m
				}
			}
			if dir == "." || dir == "/" || dir == "" {
				return nil
			}
		}
	}
	for pkg, dir := range p.pkgNames {
		if name == pkg {
			for _, sub := range []string{"src/index", "index", "src"} {
				if m := p.at(path.Join(dir, sub)); m != nil {
					return m
				}
			}
		}
		if strings.HasPrefix(name, pkg+"/") {
			rest := name[len(pkg)+1:]
			for _, sub := range []string{"", "src"} {
				if m := p.at(path.Join(dir, sub, rest)); m != nil {
					return m
				}
			}
		}
	}
	return nil
}

func (p *Program) at(base string) *Module {
	base = path.Clean(base)
	for _, ext := range kinds {
		if m := p.Modules[base+ext]; m != nil {
			return m
		}
	}
	for _, ext := range []string{".js", ".jsx", ".mjs", ".cjs"} { // an import of the compiled name
		if strings.HasSuffix(base, ext) {
			return p.at(strings.TrimSuffix(base, ext))
		}
	}
	if list := p.byBase[base]; len(list) > 0 {
		return p.Modules[list[0]]
	}
	return nil
}

func (p *Program) resolveGo(name string) *Module {
	if m, ok := p.goMemo[name]; ok {
		return m
	}
	m := p.findGo(name)
	if p.goMemo == nil {
		p.goMemo = map[string]*Module{}
	}
	p.goMemo[name] = m
	return m
}

func (p *Program) findGo(name string) *Module {
	best, n := (*Module)(nil), 0
	for dir, mod := range p.goMods {
		if name == mod || strings.HasPrefix(name, mod+"/") {
			if m := p.goDir(path.Join(dir, strings.TrimPrefix(strings.TrimPrefix(name, mod), "/"))); m != nil {
				return m
			}
		}
	}
	if !strings.Contains(name, "/") {
		return nil
	}
	if len(p.goMods) > 0 {
		return nil
	}
	// without a go.mod: the folder that shares the longest end with the path
	for _, m := range p.Order {
		if !m.Go || m.Dir == "." {
			continue
		}
		parts, want := strings.Split(m.Dir, "/"), strings.Split(name, "/")
		k := 0
		for k < len(parts) && k < len(want) && parts[len(parts)-1-k] == want[len(want)-1-k] {
			k++
		}
		if k > n && (k == len(parts) || k >= 2 || k == len(want)-1) {
			best, n = m, k
		}
	}
	return best
}

func (p *Program) goDir(dir string) *Module {
	for _, m := range p.Order {
		if m.Go && m.Dir == dir {
			return m
		}
	}
	return nil
}

// markClient finds the files whose code reaches the browser.
func (p *Program) markClient() {
	var queue []*Module
	for _, m := range p.Order {
		if m.Go || m.Test {
			continue
		}
		f := m.Files[0]
		if clientRoot(f) {
			m.Client = true
			queue = append(queue, m)
		}
	}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		for _, i := range m.Files[0].Imports {
			if i.Type {
				continue
			}
			d := p.resolve(m, i.Module)
			if d == nil || d.Client || d.ServerOnly || d.Test {
				continue
			}
			if has(d.Files[0].Directives, "use server") || serverFile.MatchString(d.Path) {
				continue
			}
			d.Client = true
			queue = append(queue, d)
		}
	}
}

var serverFile = lazyregexp.New(`(^|/)(lib/server|server)/|\.server\.[jt]sx?$|\+(page|layout)\.server\.|\+server\.|(^|/)(route|middleware|proxy)\.[jt]sx?$|(^|/)pages/api/`)

// clientRoot tells whether a file is by itself made for the browser.
func clientRoot(f *ir.File) bool {
	if has(f.Directives, "use client") {
		return true
	}
	if serverFile.MatchString(f.Path) {
		return false
	}
	base := path.Base(f.Path)
	if base == "+page.ts" || base == "+page.js" || base == "+layout.ts" || base == "+layout.js" ||
		strings.HasSuffix(base, ".svelte") {
		return true
	}
	if strings.Contains(f.Src, "import.meta.env.VITE_") || strings.Contains(f.Src, "$env/static/public") &&
		!strings.Contains(f.Path, "server") {
		return true
	}
	// a component with state outside of Next.js' app folder runs in the browser
	for _, i := range f.Imports {
		if i.Module == "react" && !i.Type && (i.Name == "useState" || i.Name == "useEffect" || i.Name == "useReducer") {
			return true
		}
		if i.Module == "react-dom/client" {
			return true
		}
	}
	return false
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Version is the version that the closest package.json or go.mod asks for.
func (p *Program) Version(file, pkg string) string {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		if v := p.Deps[dir][pkg]; v != "" {
			return v
		}
		if dir == "." || dir == "/" {
			return ""
		}
	}
}

// ImportsOf are the files that a file imports, as far as they are at hand.
func (p *Program) ImportsOf(f *ir.File) (list []*ir.File) {
	m := p.moduleOf(f)
	if m == nil {
		return nil
	}
	for _, i := range f.Imports {
		if d := p.resolve(m, i.Module); d != nil {
			list = append(list, d.Files...)
		}
	}
	return list
}

// HasMethod tells whether a value's Go type has a method.
func (p *Program) HasMethod(v *Val, name string) bool {
	if v == nil || v.Type == nil || v.Type.Decl == nil || v.Type.File == nil || v.Type.File.Lang != "go" {
		return false
	}
	m := p.moduleOf(v.Type.File)
	return m != nil && m.Methods[v.Type.Decl.Name][name] != nil
}
