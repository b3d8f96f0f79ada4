// Package golang brings Go files to ir. Types of other modules are seldom at
// hand where code is audited, so it keeps names of types as they are written
// and leaves it to the data flow to resolve them by imports.
package golang

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"reflect"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

type conv struct {
	file  *ir.File
	base  int
	fset  *token.FileSet
	depth int
}

// Parse parses a file. It always returns one; what could not be parsed stands
// in its Problems.
func Parse(name, src string) *ir.File {
	f := &ir.File{Path: name, Lang: "go", Src: src, Types: map[string]*ir.TypeDecl{}}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		p := ir.Problem{Text: err.Error()}
		if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
			p = ir.Problem{Pos: int32(list[0].Pos.Offset), Text: list[0].Msg}
		}
		f.Problems = append(f.Problems, p)
	}
	if tree == nil {
		return f
	}
	c := &conv{file: f, fset: fset, base: fset.File(tree.FileStart).Base()}
	f.Package = tree.Name.Name
	for _, i := range tree.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		local := ""
		if i.Name != nil {
			local = i.Name.Name
		} else {
			local = LocalName(path)
		}
		f.Imports = append(f.Imports, ir.Import{Module: path, Name: "*", Local: local, Pos: c.pos(i.Pos())})
	}
	for _, g := range tree.Comments {
		for _, x := range g.List {
			f.Comments = append(f.Comments,
				ir.Comment{Text: strings.TrimPrefix(strings.TrimPrefix(x.Text, "//"), "/*"), Pos: c.pos(x.Pos())})
		}
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			if s := c.genDecl(d); s != nil {
				f.Stmts = append(f.Stmts, s)
			}
		case *ast.FuncDecl:
			fn := c.funcDecl(d)
			f.Stmts = append(f.Stmts, &ir.Stmt{Kind: ir.SFunc, Func: fn, Pos: fn.Pos, End: fn.End})
		}
	}
	return f
}

// LocalName is the name by which an imported package is usually used.
func LocalName(path string) string {
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	if len(parts) > 1 && len(last) > 1 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9' {
		last = parts[len(parts)-2]
	}
	if i := strings.Index(last, ".v"); i > 0 {
		last = last[:i]
	}
	last = strings.TrimSuffix(strings.TrimPrefix(last, "go-"), "-go")
	return strings.TrimSuffix(strings.ReplaceAll(last, "-", ""), ".go")
}

func (c *conv) pos(p token.Pos) int32 {
	if !p.IsValid() {
		return 0
	}
	return int32(int(p) - c.base)
}

func (c *conv) genDecl(d *ast.GenDecl) *ir.Stmt {
	s := &ir.Stmt{Kind: ir.SVar, Name: d.Tok.String(), Pos: c.pos(d.Pos()), End: c.pos(d.End())}
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			t := c.typ(spec.Type)
			c.file.Types[spec.Name.Name] = &ir.TypeDecl{
				Name: spec.Name.Name, Type: t, Pos: c.pos(spec.Pos()),
				Methods: map[string]*ir.Func{},
			}
		case *ast.ValueSpec:
			t := c.typ(spec.Type)
			if len(spec.Values) == 1 && len(spec.Names) > 1 {
				tuple := &ir.Expr{Kind: ir.Tuple, Pos: c.pos(spec.Pos()), End: c.pos(spec.End())}
				for _, n := range spec.Names {
					tuple.List = append(tuple.List, c.ident(n))
				}
				s.Decls = append(s.Decls, &ir.Decl{Target: tuple, Type: t, Init: c.expr(spec.Values[0])})
				continue
			}
			for i, n := range spec.Names {
				decl := &ir.Decl{Target: c.ident(n), Type: t}
				if i < len(spec.Values) {
					decl.Init = c.expr(spec.Values[i])
				}
				s.Decls = append(s.Decls, decl)
			}
		}
	}
	if len(s.Decls) == 0 {
		return nil
	}
	return s
}

func (c *conv) ident(n *ast.Ident) *ir.Expr {
	return &ir.Expr{Kind: ir.Ident, Name: n.Name, Pos: c.pos(n.Pos()), End: c.pos(n.End())}
}

func (c *conv) funcDecl(d *ast.FuncDecl) *ir.Func {
	f := c.fn(d.Type, d.Body, d.Pos(), d.End())
	f.Name = d.Name.Name
	if d.Recv != nil && len(d.Recv.List) > 0 {
		r := d.Recv.List[0]
		f.Recv = &ir.Param{Type: c.typ(r.Type)}
		if len(r.Names) > 0 {
			f.Recv.Target = c.ident(r.Names[0])
		}
		f.RecvType = f.Recv.Type.Name
	}
	return f
}

func (c *conv) fn(t *ast.FuncType, body *ast.BlockStmt, pos, end token.Pos) *ir.Func {
	f := &ir.Func{Pos: c.pos(pos), End: c.pos(end), File: c.file}
	c.file.Funcs = append(c.file.Funcs, f)
	f.Params = c.params(t.Params)
	if t.Results != nil {
		for _, r := range t.Results.List {
			n := max(len(r.Names), 1)
			for i := range n {
				f.Results = append(f.Results, c.typ(r.Type))
				if i < len(r.Names) {
					f.ResultName = append(f.ResultName, r.Names[i].Name)
				}
			}
		}
	}
	if body != nil {
		f.Body = c.block(body)
	}
	return f
}

func (c *conv) params(list *ast.FieldList) (out []*ir.Param) {
	if list == nil {
		return nil
	}
	for _, p := range list.List {
		t := c.typ(p.Type)
		_, rest := p.Type.(*ast.Ellipsis)
		if len(p.Names) == 0 {
			out = append(out, &ir.Param{Target: &ir.Expr{Kind: ir.Ident, Name: "_"}, Type: t, Rest: rest})
		}
		for _, n := range p.Names {
			out = append(out, &ir.Param{Target: c.ident(n), Type: t, Rest: rest})
		}
	}
	return out
}

func (c *conv) typ(e ast.Expr) *ir.Type {
	if e == nil {
		return nil
	}
	t := &ir.Type{Pos: c.pos(e.Pos())}
	switch e := e.(type) {
	case *ast.Ident:
		t.Name = e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			t.Name = x.Name + "." + e.Sel.Name
		}
	case *ast.StarExpr:
		return c.typ(e.X)
	case *ast.ParenExpr:
		return c.typ(e.X)
	case *ast.ArrayType:
		t.Name, t.Args = "[]", []*ir.Type{c.typ(e.Elt)}
	case *ast.Ellipsis:
		t.Name, t.Args = "[]", []*ir.Type{c.typ(e.Elt)}
	case *ast.MapType:
		t.Name, t.Args = "map", []*ir.Type{c.typ(e.Key), c.typ(e.Value)}
	case *ast.ChanType:
		t.Name, t.Args = "chan", []*ir.Type{c.typ(e.Value)}
	case *ast.IndexExpr:
		t = c.typ(e.X)
		t.Args = []*ir.Type{c.typ(e.Index)}
	case *ast.IndexListExpr:
		t = c.typ(e.X)
	case *ast.FuncType:
		t.Name = "func"
		for _, p := range c.params(e.Params) {
			f := ir.Field{Type: p.Type}
			if p.Target != nil {
				f.Name = p.Target.Name
			}
			t.Fields = append(t.Fields, f)
		}
		if e.Results != nil {
			for _, r := range e.Results.List {
				for range max(len(r.Names), 1) {
					t.Args = append(t.Args, c.typ(r.Type))
				}
			}
		}
	case *ast.StructType:
		t.Name = "{}"
		for _, f := range e.Fields.List {
			ft := c.typ(f.Type)
			tag := ""
			if f.Tag != nil {
				s, _ := strconv.Unquote(f.Tag.Value)
				for _, key := range []string{"json", "form", "query", "db", "param", "uri", "header"} {
					if v := reflect.StructTag(s).Get(key); v != "" {
						tag, _, _ = strings.Cut(v, ",")
						if key == "header" {
							tag = "header:" + tag
						}
						break
					}
				}
			}
			if len(f.Names) == 0 && ft != nil {
				name := ft.Name[strings.LastIndexByte(ft.Name, '.')+1:]
				t.Fields = append(t.Fields, ir.Field{
					Name: name, Type: ft, Tag: tag, Pos: c.pos(f.Pos()),
					Embedded: true,
				})
			}
			for _, n := range f.Names {
				t.Fields = append(t.Fields, ir.Field{Name: n.Name, Type: ft, Tag: tag, Pos: c.pos(n.Pos())})
			}
		}
	case *ast.InterfaceType:
		t.Name = "interface"
		for _, m := range e.Methods.List {
			for _, n := range m.Names {
				t.Fields = append(t.Fields, ir.Field{Name: n.Name, Type: c.typ(m.Type), Pos: c.pos(n.Pos())})
			}
		}
	}
	return t
}

func (c *conv) block(b *ast.BlockStmt) (out []*ir.Stmt) {
	if b == nil {
		return nil
	}
	return c.stmts(b.List)
}

func (c *conv) stmts(list []ast.Stmt) (out []*ir.Stmt) {
	for _, s := range list {
		if x := c.stmt(s); x != nil {
			out = append(out, x)
		}
	}
	return out
}

func (c *conv) exprs(list []ast.Expr) (out []*ir.Expr) {
	for _, e := range list {
		out = append(out, c.expr(e))
	}
	return out
}

func (c *conv) tuple(list []ast.Expr) *ir.Expr {
	if len(list) == 1 {
		return c.expr(list[0])
	}
	if len(list) == 0 {
		return nil
	}
	return &ir.Expr{Kind: ir.Tuple, List: c.exprs(list), Pos: c.pos(list[0].Pos()), End: c.pos(list[len(list)-1].End())}
}

func (c *conv) stmt(n ast.Stmt) *ir.Stmt {
	if n == nil {
		return nil
	}
	s := &ir.Stmt{Pos: c.pos(n.Pos()), End: c.pos(n.End())}
	switch n := n.(type) {
	case *ast.DeclStmt:
		if g, ok := n.Decl.(*ast.GenDecl); ok {
			return c.genDecl(g)
		}
		return nil
	case *ast.ExprStmt:
		s.Kind, s.X = ir.SExpr, c.expr(n.X)
	case *ast.SendStmt:
		s.Kind, s.X = ir.SExpr,
			&ir.Expr{Kind: ir.Seq, List: []*ir.Expr{c.expr(n.Chan), c.expr(n.Value)}, Pos: s.Pos, End: s.End}
	case *ast.IncDecStmt:
		s.Kind, s.X = ir.SExpr, &ir.Expr{Kind: ir.Update, Name: n.Tok.String(), X: c.expr(n.X), Pos: s.Pos, End: s.End}
	case *ast.AssignStmt:
		c.assign(s, n)
	case *ast.GoStmt:
		s.Kind, s.X = ir.SGo, c.expr(n.Call)
	case *ast.DeferStmt:
		s.Kind, s.X = ir.SDefer, c.expr(n.Call)
	case *ast.ReturnStmt:
		s.Kind, s.X = ir.SReturn, c.tuple(n.Results)
	case *ast.BranchStmt:
		s.Kind = ir.SBreak
		if n.Tok == token.CONTINUE {
			s.Kind = ir.SContinue
		}
		if n.Tok == token.GOTO || n.Tok == token.FALLTHROUGH {
			s.Kind = ir.SEmpty
		}
		if n.Label != nil {
			s.Name = n.Label.Name
		}
	case *ast.BlockStmt:
		s.Kind, s.Body = ir.SBlock, c.block(n)
	case *ast.IfStmt:
		s.Kind, s.Init, s.X, s.Body = ir.SIf, c.stmt(n.Init), c.expr(n.Cond), c.block(n.Body)
		switch e := n.Else.(type) {
		case *ast.BlockStmt:
			s.HasElse, s.Else = true, c.block(e)
		case *ast.IfStmt:
			s.HasElse, s.Else = true, []*ir.Stmt{c.stmt(e)}
		}
	case *ast.SwitchStmt:
		s.Kind, s.Init, s.X = ir.SSwitch, c.stmt(n.Init), c.expr(n.Tag)
		for _, b := range n.Body.List {
			if cc, ok := b.(*ast.CaseClause); ok {
				s.Cases = append(s.Cases, &ir.Case{
					Values: c.exprs(cc.List), Body: c.stmts(cc.Body),
					Pos: c.pos(cc.Pos()),
				})
			}
		}
		s.Name = "go"
	case *ast.TypeSwitchStmt:
		s.Kind, s.Init, s.Name = ir.SSwitch, c.stmt(n.Init), "type"
		var x *ir.Expr
		var bound *ir.Expr
		switch a := n.Assign.(type) {
		case *ast.AssignStmt:
			x = c.expr(a.Rhs[0])
			bound = c.expr(a.Lhs[0])
		case *ast.ExprStmt:
			x = c.expr(a.X)
		}
		s.X = x
		for _, b := range n.Body.List {
			cc, ok := b.(*ast.CaseClause)
			if !ok {
				continue
			}
			k := &ir.Case{Body: c.stmts(cc.Body), Pos: c.pos(cc.Pos())}
			if bound != nil {
				init := x
				if len(cc.List) == 1 {
					init = &ir.Expr{Kind: ir.Cast, X: x, Type: c.typ(cc.List[0]), Pos: s.Pos, End: s.End}
				}
				k.Body = append([]*ir.Stmt{{
					Kind: ir.SVar, Pos: k.Pos,
					Decls: []*ir.Decl{{Target: bound, Init: init}},
				}}, k.Body...)
			}
			for range cc.List {
				k.Values = append(k.Values, &ir.Expr{Kind: ir.Undef, Pos: k.Pos})
			}
			s.Cases = append(s.Cases, k)
		}
	case *ast.SelectStmt:
		s.Kind, s.Name = ir.SSwitch, "select"
		for _, b := range n.Body.List {
			if cc, ok := b.(*ast.CommClause); ok {
				k := &ir.Case{Body: c.stmts(cc.Body), Pos: c.pos(cc.Pos())}
				if cc.Comm != nil {
					k.Body = append([]*ir.Stmt{c.stmt(cc.Comm)}, k.Body...)
					k.Values = []*ir.Expr{{Kind: ir.Undef, Pos: k.Pos}}
				}
				s.Cases = append(s.Cases, k)
			}
		}
	case *ast.ForStmt:
		s.Kind, s.Init, s.X, s.Post, s.Body = ir.SFor, c.stmt(n.Init), c.expr(n.Cond), c.stmt(n.Post), c.block(n.Body)
	case *ast.RangeStmt:
		s.Kind, s.Name, s.X, s.Body = ir.SForIn, "range", c.expr(n.X), c.block(n.Body)
		t := &ir.Expr{Kind: ir.Tuple, Pos: s.Pos, End: s.End}
		for _, e := range []ast.Expr{n.Key, n.Value} {
			if e != nil {
				t.List = append(t.List, c.expr(e))
			}
		}
		s.Decls = []*ir.Decl{{Target: t}}
		if n.Tok != token.DEFINE {
			s.Name = "range="
		}
	case *ast.LabeledStmt:
		return c.stmt(n.Stmt)
	default:
		return nil
	}
	return s
}

func (c *conv) assign(s *ir.Stmt, n *ast.AssignStmt) {
	if n.Tok == token.DEFINE {
		s.Kind, s.Name = ir.SVar, ":="
		if len(n.Lhs) == len(n.Rhs) {
			for i := range n.Lhs {
				s.Decls = append(s.Decls, &ir.Decl{Target: c.expr(n.Lhs[i]), Init: c.expr(n.Rhs[i])})
			}
			return
		}
		s.Decls = []*ir.Decl{{Target: c.tuple(n.Lhs), Init: c.expr(n.Rhs[0])}}
		return
	}
	s.Kind = ir.SExpr
	if len(n.Lhs) == len(n.Rhs) && len(n.Lhs) > 1 {
		seq := &ir.Expr{Kind: ir.Seq, Pos: s.Pos, End: s.End}
		for i := range n.Lhs {
			seq.List = append(seq.List,
				&ir.Expr{
					Kind: ir.Assign, Name: n.Tok.String(), X: c.expr(n.Lhs[i]), Y: c.expr(n.Rhs[i]), Pos: s.Pos,
					End: s.End,
				})
		}
		s.X = seq
		return
	}
	s.X = &ir.Expr{
		Kind: ir.Assign, Name: n.Tok.String(), X: c.tuple(n.Lhs), Y: c.expr(n.Rhs[0]), Pos: s.Pos,
		End: s.End,
	}
}

func (c *conv) expr(n ast.Expr) *ir.Expr {
	if n == nil {
		return nil
	}
	c.depth++
	defer func() { c.depth-- }()
	e := &ir.Expr{Pos: c.pos(n.Pos()), End: c.pos(n.End())}
	if c.depth > 600 {
		return e
	}
	switch n := n.(type) {
	case *ast.Ident:
		e.Kind, e.Name = ir.Ident, n.Name
		switch n.Name {
		case "nil":
			e.Kind = ir.Null
		case "true", "false":
			e.Kind = ir.Bool
		}
	case *ast.BasicLit:
		switch n.Kind {
		case token.STRING, token.CHAR:
			e.Kind = ir.Str
			s, err := strconv.Unquote(n.Value)
			if err != nil {
				s = strings.Trim(n.Value, "`\"'")
			}
			e.Name = s
		default:
			e.Kind, e.Name = ir.Num, n.Value
		}
	case *ast.CompositeLit:
		c.composite(e, n)
	case *ast.FuncLit:
		e.Kind, e.Func = ir.FuncLit, c.fn(n.Type, n.Body, n.Pos(), n.End())
	case *ast.ParenExpr:
		return c.expr(n.X)
	case *ast.SelectorExpr:
		e.Kind, e.X, e.Name = ir.Member, c.expr(n.X), n.Sel.Name
	case *ast.IndexExpr:
		e.Kind, e.X, e.Y = ir.Index, c.expr(n.X), c.expr(n.Index)
	case *ast.IndexListExpr:
		return c.expr(n.X)
	case *ast.SliceExpr:
		e.Kind, e.Name, e.X = ir.Unary, "slice", c.expr(n.X)
	case *ast.TypeAssertExpr:
		e.Kind, e.X, e.Type = ir.Cast, c.expr(n.X), c.typ(n.Type)
	case *ast.CallExpr:
		e.Kind, e.X, e.List = ir.Call, c.callee(n.Fun), c.exprs(n.Args)
		if n.Ellipsis.IsValid() && len(e.List) > 0 {
			last := e.List[len(e.List)-1]
			e.List[len(e.List)-1] = &ir.Expr{Kind: ir.Spread, X: last, Pos: last.Pos, End: last.End}
		}
		if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "new" || id.Name == "make") && len(n.Args) > 0 {
			e.Kind, e.Type = ir.Object, c.typ(n.Args[0])
			e.List = nil
		}
	case *ast.StarExpr:
		return c.expr(n.X)
	case *ast.UnaryExpr:
		switch n.Op {
		case token.AND:
			e.Kind, e.X = ir.Addr, c.expr(n.X)
		case token.ARROW:
			e.Kind, e.X = ir.Receive, c.expr(n.X)
		default:
			e.Kind, e.Name, e.X = ir.Unary, n.Op.String(), c.expr(n.X)
		}
	case *ast.BinaryExpr:
		e.Kind, e.Name, e.X, e.Y = ir.Binary, n.Op.String(), c.expr(n.X), c.expr(n.Y)
	case *ast.KeyValueExpr:
		e.Kind, e.Y = ir.Prop, c.expr(n.Value)
	case *ast.ArrayType, *ast.MapType, *ast.InterfaceType, *ast.StructType, *ast.FuncType, *ast.ChanType:
		e.Kind, e.Name, e.Type = ir.Ident, "#type", c.typ(n)
	}
	return e
}

// callee is the function of a call, or the type of a conversion.
func (c *conv) callee(n ast.Expr) *ir.Expr {
	if ix, ok := n.(*ast.IndexExpr); ok { // f[T](…)
		return c.expr(ix.X)
	}
	return c.expr(n)
}

func (c *conv) composite(e *ir.Expr, n *ast.CompositeLit) {
	e.Type = c.typ(n.Type)
	keyed := false
	for _, x := range n.Elts {
		if _, ok := x.(*ast.KeyValueExpr); ok {
			keyed = true
		}
	}
	_, isArray := n.Type.(*ast.ArrayType)
	e.Kind = ir.Object
	if !keyed && (isArray || n.Type == nil) && len(n.Elts) > 0 {
		e.Kind = ir.Array
	}
	if isArray && !keyed {
		e.Kind = ir.Array
	}
	var elem ast.Expr
	switch t := n.Type.(type) {
	case *ast.ArrayType:
		elem = t.Elt
	case *ast.MapType:
		elem = t.Value
	}
	for i, x := range n.Elts {
		value, name := x, ""
		var key *ir.Expr
		pos := c.pos(x.Pos())
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			value = kv.Value
			switch k := kv.Key.(type) {
			case *ast.Ident:
				name = k.Name
				if _, isMap := n.Type.(*ast.MapType); isMap {
					key = c.expr(k)
				}
			case *ast.BasicLit:
				name, _ = strconv.Unquote(k.Value)
				if name == "" {
					name = k.Value
				}
			default:
				key = c.expr(k)
			}
		} else {
			name = "#" + strconv.Itoa(i)
		}
		v := c.expr(value)
		if lit, ok := value.(*ast.CompositeLit); ok && lit.Type == nil && elem != nil {
			v.Type = c.typ(elem)
			if v.Kind == ir.Array {
				v.Kind = ir.Object
				for j, p := range v.List {
					v.List[j] = &ir.Expr{Kind: ir.Prop, Name: "#" + strconv.Itoa(j), Y: p, Pos: p.Pos, End: p.End}
				}
			}
		}
		if e.Kind == ir.Array {
			e.List = append(e.List, v)
			continue
		}
		e.List = append(e.List, &ir.Expr{Kind: ir.Prop, Name: name, X: key, Y: v, Pos: pos, End: c.pos(x.End())})
	}
}
