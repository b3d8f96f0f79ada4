package flow

import (
	"path"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/golang"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// ensure runs the top level of a module once.
func (p *Program) ensure(m *Module) {
	if m == nil || m.state != 0 {
		return
	}
	m.state = 1
	m.Scope = newScope(nil)
	m.Exports = map[string]*Val{}
	in := p.interp(&Entry{Kind: "module", Module: m})
	in.limit = 20000
	defer func() {
		if len(in.entry.Ops) > 0 {
			in.entry.Pos = Pos{File: m.Files[0]}
			p.modOps = append(p.modOps, in.entry)
		}
	}()
	if m.Go {
		p.ensureGo(m, in)
		m.state = 2
		return
	}
	f := m.Files[0]
	in.stack = []*frame{{mod: m, scope: m.Scope, fn: &ir.Func{File: f, Name: ""}}}
	m.Scope.set("module",
		&Val{
			Lib: "module", Mod: nil,
			Fields: map[string]*Val{"exports": {Lib: "module.exports", Fields: map[string]*Val{}}},
			Order:  []string{"exports"},
		}, 0)
	m.Scope.set("exports", m.Scope.vars["module"].val.Fields["exports"], 0)
	in.hoist(f.Stmts, m.Scope)
	for _, e := range f.Exports { // functions and classes may be used before the top level is done
		if e.Module == "" {
			if b := m.Scope.vars[e.Local]; b != nil {
				m.Exports[e.Name] = b.val
			}
		}
	}
	in.block(f.Stmts, m.Scope)
	for _, e := range f.Exports {
		if e.Module == "" {
			if b := m.Scope.vars[e.Local]; b != nil {
				m.Exports[e.Name] = b.val
			} else if v := p.lookup(m, f, e.Local); v != nil {
				m.Exports[e.Name] = v
			}
		}
	}
	if ex := m.Scope.vars["module"].val.Fields["exports"]; ex != nil {
		for _, k := range ex.Order {
			m.Exports[k] = ex.Fields[k]
		}
		if ex.Lib != "module.exports" || ex.Fn != nil || ex.Class != nil {
			if m.Exports["default"] == nil {
				m.Exports["default"] = ex
			}
		}
	}
	if ex := m.Scope.vars["exports"]; ex != nil && ex.val != nil {
		for _, k := range ex.val.Order {
			if m.Exports[k] == nil {
				m.Exports[k] = ex.val.Fields[k]
			}
		}
	}
	m.Guards = append(m.Guards, in.guards...)
	m.state = 2
}

func (p *Program) ensureGo(m *Module, in *interp) {
	for _, f := range m.Files {
		for _, s := range f.Stmts {
			if s.Kind != ir.SFunc {
				continue
			}
			c := &Closure{Fn: s.Func, Scope: m.Scope, Mod: m}
			if s.Func.Recv == nil {
				m.Scope.set(s.Func.Name, &Val{Fn: c}, 0)
				continue
			}
			t := s.Func.RecvType
			if m.Methods[t] == nil {
				m.Methods[t] = map[string]*Closure{}
			}
			m.Methods[t][s.Func.Name] = c
		}
	}
	for _, f := range m.Files {
		in.stack = []*frame{{mod: m, scope: m.Scope, fn: &ir.Func{File: f, Name: ""}}}
		for _, s := range f.Stmts {
			if s.Kind == ir.SVar {
				in.stmt(s, m.Scope)
			}
		}
	}
}

// lookup finds a name of a module: its own, an imported one.
func (p *Program) lookup(m *Module, f *ir.File, name string) *Val {
	if m == nil {
		return nil
	}
	if m.Go {
		if m.Scope != nil {
			if b := m.Scope.vars[name]; b != nil {
				return b.val
			}
		}
		if t := m.Types[name]; t != nil {
			return &Val{Lib: "type", Type: &Ref{
				Name: m.Path + "#" + name, Type: t.Type, Decl: t,
				File: m.typeFile[name],
			}}
		}
		return nil
	}
	if m.Scope != nil {
		if b := m.Scope.vars[name]; b != nil {
			return b.val
		}
	}
	if i, ok := m.Imports[name]; ok {
		return p.imported(m, i)
	}
	return nil
}

func (p *Program) imported(m *Module, i ir.Import) *Val {
	d := p.resolve(m, i.Module)
	if d == nil {
		v := external(i.Module, i.Name)
		if strings.HasPrefix(v.Lib, "?") && !i.Type {
			if p.Missing == nil {
				p.Missing = map[string]string{}
			}
			if p.Missing[i.Module] == "" {
				p.Missing[i.Module] = m.Path
			}
		}
		return v
	}
	p.ensure(d)
	if i.Name == "*" {
		return &Val{Mod: d, Name: i.Local}
	}
	if v := p.export(d, i.Name, 0); v != nil {
		return v
	}
	if i.Name == "default" {
		return &Val{Mod: d, Name: i.Local}
	}
	return &Val{Lib: "?" + i.Module + "#" + i.Name, Name: i.Name}
}

// external is a name of a module that is not at hand. A question mark tells
// that it belongs to the program.
func external(module, name string) *Val {
	local := strings.HasPrefix(module, ".") || strings.HasPrefix(module, "@/") || strings.HasPrefix(module, "~") ||
		strings.HasPrefix(module, "$lib/") || strings.HasPrefix(module, "src/") || strings.HasPrefix(module, "#") ||
		strings.HasPrefix(module, "/")
	module = strings.TrimPrefix(strings.TrimPrefix(module, "npm:"), "node:")
	module = libVersion.ReplaceAllString(module, "$1")
	if i := strings.Index(module, "esm.sh/"); i >= 0 {
		module = libVersion.ReplaceAllString(module[i+7:], "$1")
	}
	if strings.HasPrefix(module, "jsr:") {
		module = libVersion.ReplaceAllString(module[4:], "$1")
	}
	if module == "$env/static/public" || module == "$env/static/private" {
		return &Val{From: []*Origin{{Kind: Env, Path: name}}}
	}
	if module == "$env/dynamic/private" || module == "$env/dynamic/public" {
		return &Val{Lib: "global.env"}
	}
	if local {
		return &Val{Lib: "?" + module + "#" + name, Name: name}
	}
	if name == "*" {
		return &Val{Lib: module + "#*", Name: name}
	}
	return &Val{Lib: module + "#" + name, Name: name}
}

var libVersion = lazyregexp.New(`^(@?[^@?]+)(@[^/?]*)?(\?.*)?$`)

// export finds what a module exports under a name, also through re-exports.
func (p *Program) export(m *Module, name string, depth int) *Val {
	if depth > 6 {
		return nil
	}
	p.ensure(m)
	if v := m.Exports[name]; v != nil {
		return v
	}
	if len(m.Files) == 0 || m.Go {
		if m.Go && m.Scope != nil {
			if b := m.Scope.vars[name]; b != nil {
				return b.val
			}
		}
		return nil
	}
	for _, e := range m.Files[0].Exports {
		if e.Module == "" || e.Name != name && e.Name != "*" {
			continue
		}
		d := p.resolve(m, e.Module)
		if d == nil {
			if e.Name == name {
				return external(e.Module, e.Local)
			}
			continue
		}
		if e.Name == "*" {
			if v := p.export(d, name, depth+1); v != nil {
				return v
			}
			continue
		}
		if e.Local == "*" {
			p.ensure(d)
			return &Val{Mod: d}
		}
		return p.export(d, e.Local, depth+1)
	}
	return nil
}

// namespace is a module as require and import() give it.
func (p *Program) namespace(m *Module, name string) *Val {
	d := p.resolve(m, name)
	if d == nil {
		v := external(name, "default")
		if strings.HasPrefix(v.Lib, "?") {
			v.Lib = strings.TrimSuffix(v.Lib, "#default") + "#*"
			v.Name = "*"
		}
		return v
	}
	p.ensure(d)
	if v := d.Exports["default"]; v != nil && len(d.Files[0].Exports) == 0 {
		return v
	}
	return &Val{Mod: d}
}

// goImport is a member of an imported Go package, or nil when the name is no
// import.
func (p *Program) goImport(m *Module, f *ir.File, local, name string) *Val {
	if m.Scope != nil && m.Scope.vars[local] != nil {
		return nil
	}
	for _, i := range f.Imports {
		if i.Local != local {
			continue
		}
		d := p.resolveGo(i.Module)
		if d == nil {
			return &Val{Lib: i.Module + "." + name, Name: name}
		}
		p.ensure(d)
		if b := d.Scope.vars[name]; b != nil {
			return b.val
		}
		if t := d.Types[name]; t != nil {
			return &Val{Lib: "type", Type: &Ref{
				Name: d.Path + "#" + name, Type: t.Type, Decl: t,
				File: d.typeFile[name],
			}}
		}
		return &Val{Lib: i.Module + "." + name, Name: name}
	}
	return nil
}

func (p *Program) moduleOf(f *ir.File) *Module {
	if f == nil {
		return nil
	}
	if f.Lang == "go" {
		return p.Modules["go:"+path.Dir(f.Path)+":"+strings.TrimSuffix(f.Package, "_test")]
	}
	return p.Modules[f.Path]
}

// typeRef resolves a type as it is written in a file.
func (p *Program) typeRef(t *ir.Type, f *ir.File, m *Module) *Ref {
	return p.typeRefDepth(t, f, m, 0)
}

func (p *Program) typeRefDepth(t *ir.Type, f *ir.File, m *Module, depth int) *Ref {
	if t == nil || m == nil || depth > 6 {
		return nil
	}
	switch t.Name {
	case "{}", "[]", "map", "func", "interface", "[,]", "chan":
		return &Ref{Name: t.Name, Type: t, File: f}
	case "|":
		for _, a := range t.Args {
			switch a.Name {
			case "null", "undefined", "'":
			default:
				return p.typeRefDepth(a, f, m, depth+1)
			}
		}
		return nil
	case "&":
		var r *Ref
		for _, a := range t.Args {
			x := p.typeRefDepth(a, f, m, depth+1)
			if r == nil || x != nil && libOfType(r) == "" && libOfType(x) != "" {
				r = x
			}
		}
		return r
	case "Promise", "Readonly", "Awaited", "Partial", "Required", "NonNullable", "RawBodyRequest":
		if len(t.Args) > 0 {
			return p.typeRefDepth(t.Args[0], f, m, depth+1)
		}
	case "string", "number", "boolean", "any", "unknown", "void", "null", "undefined", "const", "error", "int",
		"int64", "bool":
		return &Ref{Name: t.Name, Type: t, File: f}
	}
	first, rest, qualified := strings.Cut(t.Name, ".")
	if m.Go {
		if !qualified {
			if d := m.Types[t.Name]; d != nil {
				ref := &Ref{Name: m.Path + "#" + t.Name, Type: d.Type, Decl: d, File: m.typeFile[t.Name]}
				if d.Type != nil && d.Type.Name != "{}" && d.Type.Name != "interface" && d.Type.Name != "func" &&
					d.Type.Name != "map" && d.Type.Name != "[]" {
					if x := p.typeRefDepth(d.Type, ref.File, m, depth+1); x != nil && libOfType(x) != "" {
						return x
					}
				}
				return ref
			}
			return &Ref{Name: t.Name, Type: t, File: f}
		}
		for _, i := range f.Imports {
			if i.Local != first {
				continue
			}
			if d := p.resolveGo(i.Module); d != nil {
				if td := d.Types[rest]; td != nil {
					return &Ref{Name: d.Path + "#" + rest, Type: td.Type, Decl: td, File: d.typeFile[rest]}
				}
			}
			return &Ref{Name: i.Module + "#" + rest, Type: t, File: f}
		}
		for _, i := range f.Imports { // a package whose name differs from its path
			if golang.LocalName(i.Module) == first || strings.HasSuffix(i.Module, "/"+first) {
				return &Ref{Name: i.Module + "#" + rest, Type: t, File: f}
			}
		}
		return &Ref{Name: t.Name, Type: t, File: f}
	}
	if d := m.Types[first]; d != nil && !qualified {
		ref := &Ref{Name: m.Path + "#" + first, Type: d.Type, Decl: d, File: m.typeFile[first]}
		for _, x := range d.Extends {
			if y := p.typeRefDepth(x, f, m, depth+1); y != nil && libOfType(y) != "" {
				return y
			}
		}
		if d.Type != nil && d.Type.Name != "{}" {
			if x := p.typeRefDepth(d.Type, ref.File, m, depth+1); x != nil {
				return x
			}
		}
		return ref
	}
	if i, ok := m.Imports[first]; ok {
		if d := p.resolve(m, i.Module); d != nil {
			name := i.Name
			if name == "*" {
				name = rest
			}
			if td := d.Types[name]; td != nil {
				return p.typeRefDepth(&ir.Type{Name: name, Args: t.Args}, d.Files[0], d, depth+1)
			}
			return &Ref{Name: d.Path + "#" + name, Type: t, File: f}
		}
		name := i.Name
		if qualified {
			name += "." + rest
		}
		return &Ref{
			Name: strings.TrimPrefix(strings.TrimPrefix(i.Module, "npm:"), "node:") + "#" + name, Type: t,
			File: f,
		}
	}
	return &Ref{Name: t.Name, Type: t, File: f}
}

// classOf is the class of the program that a type names.
func (p *Program) classOf(ref *Ref) *ClassVal {
	modPath, name, ok := strings.Cut(ref.Name, "#")
	var m *Module
	if ok {
		m = p.Modules[modPath]
	} else if ref.File != nil {
		m, name = p.moduleOf(ref.File), ref.Name
	}
	if m == nil || m.Go {
		return nil
	}
	p.ensure(m)
	if b := m.Scope.vars[name]; b != nil && b.val != nil && b.val.Class != nil {
		return b.val.Class
	}
	if v := p.export(m, name, 0); v != nil && v.Class != nil {
		return v.Class
	}
	return nil
}

// fields of a struct, interface or object type.
func (r *Ref) fields() []ir.Field {
	if r == nil || r.Type == nil {
		return nil
	}
	if r.Type.Name == "{}" || r.Type.Name == "interface" {
		return r.Type.Fields
	}
	return nil
}

func (r *Ref) field(name string) *ir.Field {
	fields := r.fields()
	for i := range fields {
		if fields[i].Name == name && fields[i].Type != nil {
			return &fields[i]
		}
	}
	return nil
}

// Named is the name of the type without its module.
func (r *Ref) Named() string {
	if r == nil {
		return ""
	}
	return r.Name[strings.IndexByte(r.Name, '#')+1:]
}

func global(name string, goLang bool) *Val {
	if goLang {
		return &Val{Lib: "go." + name, Name: name}
	}
	switch name {
	case "window", "globalThis", "self":
		return &Val{Lib: "global"}
	case "import.meta":
		return &Val{Lib: "global.import.meta"}
	}
	return &Val{Lib: "global." + name, Name: name}
}
