package script

import (
	"fmt"
	"path"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// maxDepth bounds how deep expressions and statements may nest.
const maxDepth = 600

type syntaxError struct {
	pos int32
	msg string
}

type parser struct {
	l       lexer
	tok     token
	prevEnd int32
	ts, jsx bool
	depth   int
	steps   int
	limit   int
	noIn    bool
	inCond  int
	file    *ir.File
	fn      *ir.Func
	class   *ir.Class
	decos   []*ir.Expr
}

// Parse parses a file. It always returns one; what could not be parsed stands
// in its Problems.
func Parse(name, src string) *ir.File {
	ext := strings.ToLower(path.Ext(name))
	p := &parser{file: &ir.File{Path: name, Lang: "js", Src: src, Types: map[string]*ir.TypeDecl{}}}
	switch ext {
	case ".ts", ".mts", ".cts":
		p.ts = true
	case ".tsx":
		p.ts, p.jsx = true, true
	default:
		p.jsx = true
		p.ts = ext != ".js" && ext != ".jsx" && ext != ".mjs" && ext != ".cjs"
	}
	if p.ts {
		p.file.Lang = "ts"
	}
	p.l.src = src
	p.limit = 20*len(src) + 20000
	p.tok = p.l.next(false)
	for p.tok.kind != tEOF {
		before := p.tok.pos
		if s := p.topStatement(); s != nil {
			p.file.Stmts = append(p.file.Stmts, s)
		}
		if p.tok.pos == before && p.tok.kind != tEOF {
			p.advance()
		}
	}
	p.file.Directives = directives(p.file.Stmts)
	p.file.Comments = p.l.comments
	return p.file
}

func directives(list []*ir.Stmt) (out []string) {
	for _, s := range list {
		if s.Kind != ir.SExpr || s.X == nil || s.X.Kind != ir.Str {
			break
		}
		out = append(out, s.X.Name)
	}
	return out
}

// topStatement parses a statement; after an error it skips to the next line
// that looks like the start of one.
func (p *parser) topStatement() (s *ir.Stmt) {
	start := p.tok.pos
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		e, ok := r.(syntaxError)
		if !ok {
			panic(r)
		}
		p.file.Problems = append(p.file.Problems, ir.Problem{Pos: e.pos, Text: e.msg})
		p.depth, p.noIn, p.inCond, p.fn, p.class, p.decos = 0, false, 0, nil, nil, nil
		p.l.pos = max(int(e.pos), int(start)+1)
		if e.msg == givenUp || len(p.file.Problems) > 200 {
			p.l.pos = len(p.l.src)
		}
		for {
			i := strings.IndexByte(p.l.src[min(p.l.pos, len(p.l.src)):], '\n')
			if i < 0 {
				p.l.pos = len(p.l.src)
				break
			}
			p.l.pos += i + 1
			if p.l.pos < len(p.l.src) {
				if c := p.l.src[p.l.pos]; c >= 'a' && c <= 'z' || c == '@' {
					break
				}
			}
		}
		p.tok = p.l.next(false)
		s = nil
	}()
	return p.statement()
}

func (p *parser) fail(format string, args ...any) {
	panic(syntaxError{p.tok.pos, fmt.Sprintf(format, args...)})
}

func (p *parser) advance() {
	p.prevEnd = p.tok.end
	p.tok = p.l.next(false)
	p.steps++
	if p.steps > p.limit {
		panic(syntaxError{p.tok.pos, givenUp})
	}
}

// givenUp is said of a file that takes too much going back and forth.
const givenUp = "given up: it can be read in too many ways"

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.fail("nested too deeply")
	}
}

func (p *parser) is(text string) bool {
	return p.tok.kind == tPunct && p.tok.text == text
}

func (p *parser) isWord(text string) bool {
	return p.tok.kind == tIdent && p.tok.text == text
}

func (p *parser) eat(text string) bool {
	if p.is(text) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) eatWord(text string) bool {
	if p.isWord(text) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if text == ">" && p.tok.kind == tPunct && len(p.tok.text) > 1 && p.tok.text[0] == '>' {
		p.l.pos = int(p.tok.pos) + 1
		p.tok = p.l.next(false)
		return
	}
	if !p.is(text) {
		p.fail("found %q, want %q", p.tok.text, text)
	}
	p.advance()
}

func (p *parser) expectWord(text string) {
	if !p.isWord(text) {
		p.fail("found %q, want %q", p.tok.text, text)
	}
	p.advance()
}

type state struct {
	lpos           int
	tok            token
	prevEnd        int32
	depth, inCond  int
	noIn           bool
	funcs, problem int
	fn             *ir.Func
}

func (p *parser) save() state {
	return state{p.l.pos, p.tok, p.prevEnd, p.depth, p.inCond, p.noIn, len(p.file.Funcs), len(p.file.Problems), p.fn}
}

func (p *parser) restore(s state) {
	p.l.pos, p.tok, p.prevEnd, p.depth, p.inCond, p.noIn = s.lpos, s.tok, s.prevEnd, s.depth, s.inCond, s.noIn
	p.file.Funcs = p.file.Funcs[:s.funcs]
	p.fn = s.fn
}

// try runs f and goes back to where it was when f fails.
func (p *parser) try(f func() *ir.Expr) (e *ir.Expr) {
	s := p.save()
	defer func() {
		if r := recover(); r != nil {
			if se, ok := r.(syntaxError); !ok || se.msg == "nested too deeply" || se.msg == givenUp {
				panic(r)
			}
			p.restore(s)
			e = nil
		}
	}()
	e = f()
	if e == nil {
		p.restore(s)
	}
	return e
}

// peek looks at the token after the current one.
func (p *parser) peek() token {
	pos := p.l.pos
	t := p.l.next(false)
	p.l.pos = pos
	return t
}

func (p *parser) semicolon() {
	if p.eat(";") {
		return
	}
	if p.is("}") || p.tok.kind == tEOF || p.tok.nl {
		return
	}
	p.fail("found %q, want the end of a statement", p.tok.text)
}

func (p *parser) block() []*ir.Stmt {
	p.expect("{")
	var list []*ir.Stmt
	for !p.is("}") {
		if p.tok.kind == tEOF {
			p.fail("unexpected end of the file")
		}
		list = append(list, p.statement())
	}
	p.advance()
	return list
}

func (p *parser) body() []*ir.Stmt {
	if p.is("{") {
		return p.block()
	}
	return []*ir.Stmt{p.statement()}
}

func (p *parser) statement() *ir.Stmt {
	p.enter()
	defer func() { p.depth-- }()
	s := &ir.Stmt{Pos: p.tok.pos}
	p.statementInto(s)
	s.End = p.prevEnd
	return s
}

func (p *parser) statementInto(s *ir.Stmt) {
	t := p.tok
	if t.kind == tPunct {
		switch t.text {
		case ";":
			p.advance()
			return
		case "{":
			s.Kind = ir.SBlock
			s.Body = p.block()
			return
		case "@":
			p.decos = p.decorators()
			p.statementInto(s)
			return
		}
	}
	if t.kind == tIdent {
		if p.keywordStatement(s, t.text) {
			return
		}
	}
	x := p.expression()
	if x.Kind == ir.Ident && p.is(":") {
		p.advance()
		p.statementInto(s)
		return
	}
	s.Kind, s.X = ir.SExpr, x
	p.semicolon()
}

func (p *parser) keywordStatement(s *ir.Stmt, word string) bool {
	switch word {
	case "var", "const", "let", "using":
		next := p.peek()
		if word == "const" && next.kind == tIdent && next.text == "enum" {
			p.advance()
			p.enum(s)
			return true
		}
		if word == "let" || word == "using" {
			ok := next.kind == tIdent && next.text != "in" && next.text != "instanceof" && next.text != "of" ||
				next.kind == tPunct && (next.text == "{" || next.text == "[") && word == "let"
			if !ok {
				return false
			}
		}
		p.advance()
		s.Kind, s.Name = ir.SVar, word
		s.Decls = p.declarations()
		p.semicolon()
	case "await":
		if next := p.peek(); next.kind != tIdent || next.text != "using" {
			return false
		}
		p.advance()
		p.advance()
		s.Kind, s.Name = ir.SVar, "using"
		s.Decls = p.declarations()
		p.semicolon()
	case "function":
		s.Kind = ir.SFunc
		s.Func = p.function(false)
	case "async":
		next := p.peek()
		if next.kind != tIdent || next.text != "function" || next.nl {
			return false
		}
		p.advance()
		s.Kind = ir.SFunc
		s.Func = p.function(true)
	case "class":
		s.Kind = ir.SClass
		s.Class = p.classLit()
	case "abstract":
		if next := p.peek(); next.kind != tIdent || next.text != "class" {
			return false
		}
		p.advance()
		s.Kind = ir.SClass
		s.Class = p.classLit()
	case "if":
		p.advance()
		p.expect("(")
		s.Kind = ir.SIf
		s.X = p.expression()
		p.expect(")")
		s.Body = p.body()
		if p.eatWord("else") {
			s.HasElse = true
			s.Else = p.body()
		}
	case "for":
		p.forStatement(s)
	case "while":
		p.advance()
		p.expect("(")
		s.Kind = ir.SWhile
		s.X = p.expression()
		p.expect(")")
		s.Body = p.body()
	case "do":
		p.advance()
		s.Kind = ir.SWhile
		s.Name = "do"
		s.Body = p.body()
		p.expectWord("while")
		p.expect("(")
		s.X = p.expression()
		p.expect(")")
		p.eat(";")
	case "return":
		p.advance()
		s.Kind = ir.SReturn
		if !p.is(";") && !p.is("}") && !p.tok.nl && p.tok.kind != tEOF {
			s.X = p.expression()
		}
		p.semicolon()
	case "throw":
		p.advance()
		s.Kind = ir.SThrow
		s.X = p.expression()
		p.semicolon()
	case "break", "continue":
		p.advance()
		s.Kind = ir.SBreak
		if word == "continue" {
			s.Kind = ir.SContinue
		}
		if p.tok.kind == tIdent && !p.tok.nl {
			s.Name = p.tok.text
			p.advance()
		}
		p.semicolon()
	case "debugger":
		p.advance()
		p.semicolon()
	case "try":
		p.advance()
		s.Kind = ir.STry
		s.Body = p.block()
		if p.eatWord("catch") {
			s.HasCatch = true
			if p.eat("(") {
				s.Param = p.pattern()
				if p.eat(":") {
					p.typ()
				}
				p.expect(")")
			}
			s.Catch = p.block()
		}
		if p.eatWord("finally") {
			s.Finally = p.block()
		}
	case "switch":
		p.switchStatement(s)
	case "import":
		if next := p.peek(); next.kind == tPunct && (next.text == "(" || next.text == ".") {
			return false
		}
		p.importStatement(s)
	case "export":
		p.exportStatement(s)
	case "interface":
		if next := p.peek(); next.kind != tIdent || next.nl {
			return false
		}
		p.interfaceDecl()
	case "type":
		if next := p.peek(); next.kind != tIdent || next.nl {
			return false
		}
		p.advance()
		name, pos := p.tok.text, p.tok.pos
		p.advance()
		p.typeParams()
		p.expect("=")
		p.file.Types[name] = &ir.TypeDecl{Name: name, Type: p.typ(), Pos: pos}
		p.semicolon()
	case "enum":
		if next := p.peek(); next.kind != tIdent {
			return false
		}
		p.enum(s)
	case "declare":
		next := p.peek()
		if next.kind != tIdent || next.nl {
			return false
		}
		p.advance()
		if p.isWord("global") {
			p.advance()
			p.block()
			return true
		}
		inner := &ir.Stmt{Pos: s.Pos}
		p.statementInto(inner)
	case "namespace", "module":
		next := p.peek()
		if next.nl || next.kind != tIdent && next.kind != tStr {
			return false
		}
		p.advance()
		p.advance()
		for p.eat(".") {
			p.advance()
		}
		if !p.is("{") {
			p.semicolon()
			return true
		}
		s.Kind = ir.SBlock
		s.Body = p.block()
	default:
		return false
	}
	return true
}

func (p *parser) enum(s *ir.Stmt) {
	p.expectWord("enum")
	name := p.tok
	p.advance()
	p.expect("{")
	obj := &ir.Expr{Kind: ir.Object, Pos: name.pos}
	for !p.is("}") {
		key := p.tok
		p.advance()
		v := &ir.Expr{Kind: ir.Str, Name: key.text, Pos: key.pos, End: key.end}
		if p.eat("=") {
			v = p.assignment()
		}
		obj.List = append(obj.List, &ir.Expr{Kind: ir.Prop, Name: key.text, Y: v, Pos: key.pos, End: p.prevEnd})
		if !p.eat(",") {
			break
		}
	}
	p.expect("}")
	obj.End = p.prevEnd
	s.Kind = ir.SVar
	s.Decls = []*ir.Decl{{Target: &ir.Expr{Kind: ir.Ident, Name: name.text, Pos: name.pos, End: name.end}, Init: obj}}
}

func (p *parser) declarations() (list []*ir.Decl) {
	for {
		d := &ir.Decl{Target: p.pattern()}
		p.eat("!")
		if p.eat(":") {
			d.Type = p.typ()
		}
		if p.eat("=") {
			d.Init = p.assignment()
		}
		list = append(list, d)
		if !p.eat(",") {
			return list
		}
	}
}

func (p *parser) forStatement(s *ir.Stmt) {
	p.advance()
	p.eatWord("await")
	p.expect("(")
	s.Kind = ir.SFor
	init := &ir.Stmt{Pos: p.tok.pos}
	switch {
	case p.is(";"):
	case p.isWord("var") || p.isWord("const") || p.isWord("let") && p.peek().kind != tPunct || p.isWord("let") &&
		(p.peek().text == "[" || p.peek().text == "{") || p.isWord("using"):
		p.advance()
		init.Kind = ir.SVar
		target := p.pattern()
		d := &ir.Decl{Target: target}
		if p.eat(":") {
			d.Type = p.typ()
		}
		if p.isWord("of") || p.isWord("in") {
			s.Kind, s.Name = ir.SForIn, p.tok.text
			p.advance()
			s.Decls = []*ir.Decl{d}
			s.X = p.expression()
			p.expect(")")
			s.Body = p.body()
			return
		}
		p.noIn = true
		if p.eat("=") {
			d.Init = p.assignment()
		}
		init.Decls = []*ir.Decl{d}
		if p.eat(",") {
			init.Decls = append(init.Decls, p.declarations()...)
		}
		p.noIn = false
	default:
		p.noIn = true
		x := p.expression()
		p.noIn = false
		if p.isWord("of") || p.isWord("in") {
			s.Kind, s.Name = ir.SForIn, p.tok.text
			p.advance()
			s.Decls = []*ir.Decl{{Target: x}}
			s.X = p.expression()
			p.expect(")")
			s.Body = p.body()
			return
		}
		init.Kind, init.X = ir.SExpr, x
	}
	init.End = p.prevEnd
	s.Init = init
	p.expect(";")
	if !p.is(";") {
		s.X = p.expression()
	}
	p.expect(";")
	if !p.is(")") {
		x := p.expression()
		s.Post = &ir.Stmt{Kind: ir.SExpr, X: x, Pos: x.Pos, End: x.End}
	}
	p.expect(")")
	s.Body = p.body()
}

func (p *parser) switchStatement(s *ir.Stmt) {
	p.advance()
	p.expect("(")
	s.Kind = ir.SSwitch
	s.X = p.expression()
	p.expect(")")
	p.expect("{")
	for !p.is("}") {
		c := &ir.Case{Pos: p.tok.pos}
		if p.eatWord("default") {
		} else {
			p.expectWord("case")
			c.Values = []*ir.Expr{p.expression()}
		}
		p.expect(":")
		for !p.is("}") && !p.isWord("case") && !p.isWord("default") {
			if p.tok.kind == tEOF {
				p.fail("unexpected end of the file")
			}
			c.Body = append(c.Body, p.statement())
		}
		s.Cases = append(s.Cases, c)
	}
	p.advance()
}

func (p *parser) moduleName() string {
	t := p.tok
	if t.kind != tStr {
		p.fail("found %q, want the name of a module", t.text)
	}
	p.advance()
	if p.isWord("with") || p.isWord("assert") && !p.tok.nl {
		p.advance()
		if p.is("{") {
			p.objectLit()
		}
	}
	return t.text
}

func (p *parser) importStatement(s *ir.Stmt) {
	pos := p.tok.pos
	p.advance()
	add := func(i ir.Import) {
		i.Pos = pos
		p.file.Imports = append(p.file.Imports, i)
	}
	if p.tok.kind == tStr {
		add(ir.Import{Module: p.moduleName()})
		p.semicolon()
		return
	}
	typeOnly := false
	if p.isWord("type") {
		if n := p.peek(); n.kind == tPunct && (n.text == "{" || n.text == "*") || n.kind == tIdent && n.text != "from" {
			p.advance()
			typeOnly = true
		}
	}
	var list []ir.Import
	if p.tok.kind == tIdent {
		name := p.tok.text
		p.advance()
		if p.eat("=") { // import x = require("y") or import A = B.C
			x := p.expression()
			s.Kind = ir.SVar
			s.Decls = []*ir.Decl{{Target: &ir.Expr{Kind: ir.Ident, Name: name, Pos: pos}, Init: x}}
			p.semicolon()
			return
		}
		list = append(list, ir.Import{Name: "default", Local: name, Type: typeOnly})
		p.eat(",")
	}
	if p.eat("*") {
		p.expectWord("as")
		list = append(list, ir.Import{Name: "*", Local: p.tok.text, Type: typeOnly})
		p.advance()
	} else if p.eat("{") {
		for !p.is("}") {
			t := typeOnly
			if p.isWord("type") {
				if n := p.peek(); n.kind == tIdent && n.text != "as" || n.kind == tStr {
					p.advance()
					t = true
				}
			}
			name := p.tok.text
			p.advance()
			local := name
			if p.eatWord("as") {
				local = p.tok.text
				p.advance()
			}
			list = append(list, ir.Import{Name: name, Local: local, Type: t})
			if !p.eat(",") {
				break
			}
		}
		p.expect("}")
	}
	p.expectWord("from")
	module := p.moduleName()
	for _, i := range list {
		i.Module = module
		add(i)
	}
	p.semicolon()
}

func (p *parser) exportStatement(s *ir.Stmt) {
	pos := p.tok.pos
	p.advance()
	add := func(e ir.Export) {
		e.Pos = pos
		p.file.Exports = append(p.file.Exports, e)
	}
	switch {
	case p.eat("="):
		s.Kind = ir.SExportDefault
		s.X = p.assignment()
		p.semicolon()
	case p.eatWord("default"):
		p.exportDefault(s, add)
	case p.is("*"):
		p.advance()
		name := "*"
		if p.eatWord("as") {
			name = p.tok.text
			p.advance()
		}
		p.expectWord("from")
		add(ir.Export{Name: name, Local: "*", Module: p.moduleName()})
		p.semicolon()
	case p.is("{") || p.isWord("type") && p.peek().text == "{":
		p.eatWord("type")
		p.expect("{")
		var list []ir.Export
		for !p.is("}") {
			if p.isWord("type") && p.peek().kind == tIdent && p.peek().text != "as" {
				p.advance()
			}
			e := ir.Export{Local: p.tok.text, Name: p.tok.text}
			p.advance()
			if p.eatWord("as") {
				e.Name = p.tok.text
				p.advance()
			}
			list = append(list, e)
			if !p.eat(",") {
				break
			}
		}
		p.expect("}")
		module := ""
		if p.eatWord("from") {
			module = p.moduleName()
		}
		for _, e := range list {
			e.Module = module
			add(e)
		}
		p.semicolon()
	default:
		if p.isWord("as") { // export as namespace X
			p.advance()
			p.advance()
			p.advance()
			p.semicolon()
			return
		}
		p.statementInto(s)
		s.Exported = true
		switch s.Kind {
		case ir.SFunc:
			add(ir.Export{Name: s.Func.Name, Local: s.Func.Name})
		case ir.SClass:
			add(ir.Export{Name: s.Class.Name, Local: s.Class.Name})
		case ir.SVar:
			for _, d := range s.Decls {
				for _, name := range Bound(d.Target) {
					add(ir.Export{Name: name, Local: name})
				}
			}
		}
	}
}

func (p *parser) exportDefault(s *ir.Stmt, add func(ir.Export)) {
	name := ""
	switch {
	case p.isWord("function") || p.isWord("async") && p.peek().text == "function" && !p.peek().nl:
		async := p.eatWord("async")
		s.Kind = ir.SFunc
		s.Func = p.function(async)
		name = s.Func.Name
		if name == "" {
			s.Func.Name = "default"
			name = "default"
		}
	case p.isWord("class") || p.isWord("abstract") && p.peek().text == "class" || p.is("@"):
		if p.is("@") {
			p.decos = p.decorators()
		}
		p.eatWord("abstract")
		s.Kind = ir.SClass
		s.Class = p.classLit()
		name = s.Class.Name
		if name == "" {
			s.Class.Name = "default"
			name = "default"
		}
	case p.isWord("interface"):
		p.interfaceDecl()
		return
	default:
		s.Kind = ir.SExportDefault
		s.X = p.assignment()
		p.semicolon()
		return
	}
	s.Exported = true
	add(ir.Export{Name: "default", Local: name})
}

// Bound lists the names that a pattern binds.
func Bound(e *ir.Expr) (names []string) {
	if e == nil {
		return nil
	}
	switch e.Kind {
	case ir.Ident:
		return []string{e.Name}
	case ir.Object, ir.Array, ir.Tuple:
		for _, x := range e.List {
			names = append(names, Bound(x)...)
		}
	case ir.Prop:
		return Bound(e.Y)
	case ir.Spread, ir.Default:
		return Bound(e.X)
	}
	return names
}

func (p *parser) decorators() (list []*ir.Expr) {
	for p.is("@") {
		p.advance()
		list = append(list, p.callExpr(p.primary()))
	}
	return list
}
