package script

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

func (p *parser) node(k ir.Kind, pos int32) *ir.Expr {
	return &ir.Expr{Kind: k, Pos: pos, End: p.prevEnd}
}

func (p *parser) expression() *ir.Expr {
	pos := p.tok.pos
	x := p.assignment()
	if !p.is(",") {
		return x
	}
	list := []*ir.Expr{x}
	for p.eat(",") {
		list = append(list, p.assignment())
	}
	e := p.node(ir.Seq, pos)
	e.List = list
	return e
}

var assignOps = map[string]bool{
	"=": true, "+=": true, "-=": true, "*=": true, "/=": true, "%=": true, "**=": true, "<<=": true, ">>=": true,
	">>>=": true, "&=": true, "|=": true, "^=": true, "&&=": true, "||=": true, "??=": true,
}

func (p *parser) assignment() *ir.Expr {
	p.enter()
	defer func() { p.depth-- }()
	pos := p.tok.pos
	if e := p.arrowStart(pos); e != nil {
		return e
	}
	if p.isWord("yield") && p.fn != nil && p.fn.Generator {
		p.advance()
		var x *ir.Expr
		p.eat("*")
		if !p.tok.nl && !p.is(")") && !p.is("]") && !p.is("}") && !p.is(",") && !p.is(";") && p.tok.kind != tEOF {
			x = p.assignment()
		}
		e := p.node(ir.Yield, pos)
		e.X = x
		return e
	}
	x := p.conditional()
	if p.tok.kind == tPunct && assignOps[p.tok.text] {
		op := p.tok.text
		p.advance()
		y := p.assignment()
		e := p.node(ir.Assign, pos)
		e.Name, e.X, e.Y = op, x, y
		return e
	}
	return x
}

// arrowStart parses an arrow function when one starts here.
func (p *parser) arrowStart(pos int32) *ir.Expr {
	switch {
	case p.tok.kind == tIdent:
		next := p.peek()
		if p.tok.text == "async" && !next.nl {
			if next.kind == tIdent && next.text != "function" {
				return p.try(func() *ir.Expr {
					p.advance()
					return p.simpleArrow(pos, true)
				})
			}
			if next.kind == tPunct && (next.text == "(" || next.text == "<") {
				return p.try(func() *ir.Expr {
					p.advance()
					return p.arrow(pos, true)
				})
			}
			return nil
		}
		if next.kind == tPunct && next.text == "=>" && !next.nl {
			return p.simpleArrow(pos, false)
		}
	case p.is("("):
		return p.try(func() *ir.Expr { return p.arrow(pos, false) })
	case p.is("<") && p.ts:
		if p.jsx {
			n := p.peek()
			save := p.save()
			p.advance()
			after := p.peek()
			p.restore(save)
			if n.kind != tIdent ||
				n.text != "const" && !(after.text == "," || after.text == "extends" || after.text == "=") {
				return nil
			}
		}
		return p.try(func() *ir.Expr { return p.arrow(pos, false) })
	}
	return nil
}

func (p *parser) newFunc(pos int32) *ir.Func {
	f := &ir.Func{Pos: pos, File: p.file}
	p.file.Funcs = append(p.file.Funcs, f)
	return f
}

func (p *parser) simpleArrow(pos int32, async bool) *ir.Expr {
	if p.tok.kind != tIdent {
		p.fail("no arrow")
	}
	f := p.newFunc(pos)
	f.Async, f.IsArrow = async, true
	f.Params = []*ir.Param{{Target: &ir.Expr{Kind: ir.Ident, Name: p.tok.text, Pos: p.tok.pos, End: p.tok.end}}}
	p.advance()
	return p.arrowBody(f, pos)
}

func (p *parser) arrow(pos int32, async bool) *ir.Expr {
	f := p.newFunc(pos)
	f.Async, f.IsArrow = async, true
	p.typeParams()
	f.Params = p.params()
	typed := false
	if p.is(":") {
		p.advance()
		f.Results = []*ir.Type{p.typ()}
		typed = p.inCond > 0
	}
	e := p.arrowBody(f, pos)
	if typed && !p.is(":") {
		p.fail("no arrow")
	}
	return e
}

func (p *parser) arrowBody(f *ir.Func, pos int32) *ir.Expr {
	if !p.is("=>") || p.tok.nl {
		p.fail("no arrow")
	}
	p.advance()
	outer, noIn, inCond := p.fn, p.noIn, p.inCond
	p.fn, p.noIn = f, false
	if p.is("{") {
		p.inCond = 0
		f.Body = p.block()
		f.Directives = directives(f.Body)
	} else {
		p.noIn = noIn
		f.Arrow = p.assignment()
	}
	p.fn, p.noIn, p.inCond = outer, noIn, inCond
	f.End = p.prevEnd
	e := p.node(ir.FuncLit, pos)
	e.Func = f
	return e
}

func (p *parser) params() (list []*ir.Param) {
	p.expect("(")
	for !p.is(")") {
		q := &ir.Param{}
		if p.is("@") {
			q.Decorators = p.decorators()
		}
		for p.tok.kind == tIdent &&
			(p.tok.text == "private" || p.tok.text == "public" || p.tok.text == "protected" ||
				p.tok.text == "readonly" ||
				p.tok.text == "override") {
			if n := p.peek(); n.kind != tIdent && !(n.kind == tPunct && (n.text == "{" || n.text == "[")) {
				break
			}
			q.Property = true
			p.advance()
		}
		q.Rest = p.eat("...")
		q.Target = p.pattern()
		p.eat("?")
		if p.eat(":") {
			q.Type = p.typ()
		}
		if p.eat("=") {
			q.Default = p.assignment()
		}
		list = append(list, q)
		if !p.eat(",") {
			break
		}
	}
	p.expect(")")
	return list
}

// pattern parses what can be bound: a name, {…} or […].
func (p *parser) pattern() *ir.Expr {
	p.enter()
	defer func() { p.depth-- }()
	pos := p.tok.pos
	switch {
	case p.eat("{"):
		e := &ir.Expr{Kind: ir.Object, Pos: pos}
		for !p.is("}") {
			at := p.tok.pos
			if p.eat("...") {
				x := p.pattern()
				s := p.node(ir.Spread, at)
				s.X = x
				e.List = append(e.List, s)
			} else {
				e.List = append(e.List, p.patternProp(at))
			}
			if !p.eat(",") {
				break
			}
		}
		p.expect("}")
		e.End = p.prevEnd
		return e
	case p.eat("["):
		e := &ir.Expr{Kind: ir.Array, Pos: pos}
		for !p.is("]") {
			if p.is(",") {
				p.advance()
				e.List = append(e.List, nil)
				continue
			}
			at := p.tok.pos
			if p.eat("...") {
				x := p.pattern()
				s := p.node(ir.Spread, at)
				s.X = x
				e.List = append(e.List, s)
			} else {
				e.List = append(e.List, p.withDefault(p.pattern(), at))
			}
			if !p.eat(",") {
				break
			}
		}
		p.expect("]")
		e.End = p.prevEnd
		return e
	case p.tok.kind == tIdent:
		e := &ir.Expr{Kind: ir.Ident, Name: p.tok.text, Pos: pos, End: p.tok.end}
		p.advance()
		return e
	}
	p.fail("found %q, want a name", p.tok.text)
	return nil
}

func (p *parser) withDefault(x *ir.Expr, pos int32) *ir.Expr {
	if !p.eat("=") {
		return x
	}
	y := p.assignment()
	d := p.node(ir.Default, pos)
	d.X, d.Y = x, y
	return d
}

func (p *parser) patternProp(pos int32) *ir.Expr {
	e := &ir.Expr{Kind: ir.Prop, Pos: pos}
	shorthand := p.tok
	p.propName(e)
	if p.eat(":") {
		at := p.tok.pos
		e.Y = p.withDefault(p.pattern(), at)
	} else {
		if shorthand.kind != tIdent {
			p.fail("found %q, want a name", shorthand.text)
		}
		name := &ir.Expr{Kind: ir.Ident, Name: shorthand.text, Pos: shorthand.pos, End: shorthand.end}
		e.Y = p.withDefault(name, pos)
	}
	e.End = p.prevEnd
	return e
}

// propName reads the key of a property into Name or X.
func (p *parser) propName(e *ir.Expr) {
	switch p.tok.kind {
	case tIdent, tStr, tNum, tPrivate:
		e.Name = p.tok.text
		p.advance()
	default:
		if !p.is("[") {
			p.fail("found %q, want a property", p.tok.text)
		}
		p.advance()
		noIn := p.noIn
		p.noIn = false
		e.X = p.assignment()
		p.noIn = noIn
		p.expect("]")
	}
}

func (p *parser) conditional() *ir.Expr {
	pos := p.tok.pos
	x := p.binary(0)
	if !p.is("?") {
		return x
	}
	p.advance()
	noIn := p.noIn
	p.noIn = false
	p.inCond++
	y := p.assignment()
	p.inCond--
	p.noIn = noIn
	p.expect(":")
	z := p.assignment()
	e := p.node(ir.Cond, pos)
	e.X, e.Y, e.Z = x, y, z
	return e
}

var precedence = map[string]int{
	"??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6,
	"==": 7, "!=": 7, "===": 7, "!==": 7,
	"<": 8, ">": 8, "<=": 8, ">=": 8, "instanceof": 8, "in": 8,
	"<<": 9, ">>": 9, ">>>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11, "**": 12,
}

func (p *parser) binary(level int) *ir.Expr {
	pos := p.tok.pos
	x := p.unary()
	for {
		if p.tok.kind == tIdent && (p.tok.text == "as" || p.tok.text == "satisfies") && !p.tok.nl && p.ts {
			p.advance()
			var t *ir.Type
			if p.eatWord("const") {
				t = &ir.Type{Name: "const"}
			} else {
				t = p.typ()
			}
			e := p.node(ir.Cast, pos)
			e.X, e.Type = x, t
			x = e
			continue
		}
		if p.tok.kind != tPunct && p.tok.kind != tIdent {
			return x
		}
		op := p.tok.text
		prec := precedence[op]
		if prec == 0 || prec <= level || op == "in" && (p.noIn || p.tok.kind != tIdent) || op == "instanceof" &&
			p.tok.kind != tIdent {
			return x
		}
		p.advance()
		next := prec
		if op == "**" {
			next--
		}
		y := p.binary(next)
		e := p.node(ir.Binary, pos)
		e.Name, e.X, e.Y = op, x, y
		x = e
	}
}

func (p *parser) unary() *ir.Expr {
	p.enter()
	defer func() { p.depth-- }()
	pos := p.tok.pos
	if p.tok.kind == tPunct {
		switch op := p.tok.text; op {
		case "!", "~", "+", "-":
			p.advance()
			x := p.unary()
			e := p.node(ir.Unary, pos)
			e.Name, e.X = op, x
			return e
		case "++", "--":
			p.advance()
			x := p.unary()
			e := p.node(ir.Update, pos)
			e.Name, e.X = op, x
			return e
		case "<":
			if p.ts && !p.jsx {
				p.advance()
				t := p.typ()
				p.expect(">")
				x := p.unary()
				e := p.node(ir.Cast, pos)
				e.X, e.Type = x, t
				return e
			}
		}
	}
	if p.tok.kind == tIdent {
		switch op := p.tok.text; op {
		case "typeof", "void", "delete":
			p.advance()
			x := p.unary()
			e := p.node(ir.Unary, pos)
			e.Name, e.X = op, x
			return e
		case "await":
			n := p.peek()
			if n.kind == tPunct &&
				(n.text == ")" || n.text == ";" || n.text == "," || n.text == "=" || n.text == "." || n.text == "=>") {
				break
			}
			p.advance()
			x := p.unary()
			e := p.node(ir.Await, pos)
			e.X = x
			return e
		}
	}
	x := p.callExpr(p.primary())
	if p.tok.kind == tPunct && (p.tok.text == "++" || p.tok.text == "--") && !p.tok.nl {
		op := p.tok.text
		p.advance()
		e := p.node(ir.Update, pos)
		e.Name, e.X = op, x
		return e
	}
	return x
}

func (p *parser) args() (list []*ir.Expr) {
	p.expect("(")
	noIn, inCond := p.noIn, p.inCond
	p.noIn, p.inCond = false, 0
	for !p.is(")") {
		pos := p.tok.pos
		if p.eat("...") {
			x := p.assignment()
			e := p.node(ir.Spread, pos)
			e.X = x
			list = append(list, e)
		} else {
			list = append(list, p.assignment())
		}
		if !p.eat(",") {
			break
		}
	}
	p.noIn, p.inCond = noIn, inCond
	p.expect(")")
	return list
}

// callExpr parses what follows a primary: members, calls, templates.
func (p *parser) callExpr(x *ir.Expr) *ir.Expr {
	pos := x.Pos
	for {
		switch {
		case p.tok.kind == tTemplate:
			t := p.templateLit()
			t.X = x
			t.Pos = pos
			x = t
		case p.is("."):
			p.advance()
			x = p.memberOf(x, pos, false)
		case p.is("?."):
			p.advance()
			switch {
			case p.is("("):
				args := p.args()
				e := p.node(ir.Call, pos)
				e.X, e.List, e.Opt = x, args, true
				x = e
			case p.is("["):
				x = p.indexOf(x, pos)
				x.Opt = true
			default:
				x = p.memberOf(x, pos, true)
			}
		case p.is("["):
			x = p.indexOf(x, pos)
		case p.is("("):
			args := p.args()
			e := p.node(ir.Call, pos)
			e.X, e.List = x, args
			x = e
		case p.is("!") && p.ts && !p.tok.nl:
			p.advance()
		case (p.is("<") || p.is("<<")) && p.ts:
			e := p.try(func() *ir.Expr {
				t := p.typeArgs()
				if !p.is("(") && p.tok.kind != tTemplate && !p.is(")") && !p.is(",") && !p.is(";") && !p.is("]") &&
					!p.is("}") && !p.is(".") && !p.is("?.") && !p.tok.nl {
					return nil
				}
				if p.is("(") {
					args := p.args()
					e := p.node(ir.Call, pos)
					e.X, e.List = x, args
					if len(t) > 0 {
						e.Type = t[0]
					}
					return e
				}
				if p.tok.kind == tTemplate {
					e := p.templateLit()
					e.X, e.Pos = x, pos
					return e
				}
				c := *x
				return &c
			})
			if e == nil {
				return x
			}
			x = e
		default:
			return x
		}
	}
}

func (p *parser) memberOf(x *ir.Expr, pos int32, opt bool) *ir.Expr {
	if p.tok.kind != tIdent && p.tok.kind != tPrivate {
		p.fail("found %q, want a member", p.tok.text)
	}
	name := p.tok.text
	p.advance()
	e := p.node(ir.Member, pos)
	e.X, e.Name, e.Opt = x, name, opt
	return e
}

func (p *parser) indexOf(x *ir.Expr, pos int32) *ir.Expr {
	p.expect("[")
	noIn := p.noIn
	p.noIn = false
	y := p.expression()
	p.noIn = noIn
	p.expect("]")
	e := p.node(ir.Index, pos)
	e.X, e.Y = x, y
	return e
}

func (p *parser) templateLit() *ir.Expr {
	e := &ir.Expr{Kind: ir.Template, Pos: p.tok.pos}
	for {
		t := p.tok
		e.Strs = append(e.Strs, t.text)
		if t.tail {
			p.advance()
			e.End = p.prevEnd
			return e
		}
		p.advance()
		noIn, inCond := p.noIn, p.inCond
		p.noIn, p.inCond = false, 0
		e.List = append(e.List, p.expression())
		p.noIn, p.inCond = noIn, inCond
		if !p.is("}") {
			p.fail("found %q in a template", p.tok.text)
		}
		p.l.pos = int(p.tok.end)
		next := token{pos: p.tok.pos}
		p.l.template(&next)
		p.tok = next
	}
}

func (p *parser) primary() *ir.Expr {
	p.enter()
	defer func() { p.depth-- }()
	t := p.tok
	pos := t.pos
	switch t.kind {
	case tNum:
		p.advance()
		e := p.node(ir.Num, pos)
		e.Name = t.text
		return e
	case tStr:
		p.advance()
		e := p.node(ir.Str, pos)
		e.Name = t.text
		return e
	case tTemplate:
		return p.templateLit()
	case tPrivate:
		p.advance()
		e := p.node(ir.Ident, pos)
		e.Name = t.text
		return e
	case tIdent:
		return p.wordPrimary(t)
	case tEOF:
		p.fail("unexpected end of the file")
	}
	switch t.text {
	case "(":
		p.advance()
		noIn, inCond := p.noIn, p.inCond
		p.noIn, p.inCond = false, 0
		x := p.expression()
		p.noIn, p.inCond = noIn, inCond
		p.expect(")")
		return x
	case "[":
		p.advance()
		e := &ir.Expr{Kind: ir.Array, Pos: pos}
		noIn, inCond := p.noIn, p.inCond
		p.noIn, p.inCond = false, 0
		for !p.is("]") {
			at := p.tok.pos
			switch {
			case p.is(","):
				e.List = append(e.List, nil)
			case p.eat("..."):
				x := p.assignment()
				s := p.node(ir.Spread, at)
				s.X = x
				e.List = append(e.List, s)
			default:
				e.List = append(e.List, p.assignment())
			}
			if !p.eat(",") {
				break
			}
		}
		p.noIn, p.inCond = noIn, inCond
		p.expect("]")
		e.End = p.prevEnd
		return e
	case "{":
		return p.objectLit()
	case "/", "/=":
		p.l.pos = int(t.pos)
		p.tok = p.l.next(true)
		re := p.tok
		p.advance()
		e := p.node(ir.Regex, pos)
		e.Name = re.text
		return e
	case "<":
		if p.jsx {
			return p.jsxElement()
		}
	case "@":
		p.decos = p.decorators()
		return p.primary()
	}
	p.fail("unexpected %q", t.text)
	return nil
}

func (p *parser) wordPrimary(t token) *ir.Expr {
	pos := t.pos
	switch t.text {
	case "function":
		f := p.function(false)
		e := p.node(ir.FuncLit, pos)
		e.Func = f
		return e
	case "async":
		if n := p.peek(); n.kind == tIdent && n.text == "function" && !n.nl {
			p.advance()
			f := p.function(true)
			e := p.node(ir.FuncLit, pos)
			e.Func = f
			return e
		}
	case "class":
		c := p.classLit()
		e := p.node(ir.ClassLit, pos)
		e.Class = c
		return e
	case "new":
		return p.newExpr(pos)
	case "this", "super", "null", "undefined", "true", "false":
		p.advance()
		kind := map[string]ir.Kind{
			"this": ir.This, "super": ir.Super, "null": ir.Null, "undefined": ir.Undef,
			"true": ir.Bool, "false": ir.Bool,
		}[t.text]
		e := p.node(kind, pos)
		e.Name = t.text
		return e
	case "import":
		p.advance()
		if p.eat(".") {
			p.advance()
			e := p.node(ir.Ident, pos)
			e.Name = "import.meta"
			return e
		}
		e := p.node(ir.Ident, pos)
		e.Name = "import"
		return e
	case "case", "default", "else", "catch", "finally", "in", "instanceof", "extends", "return", "throw", "if", "for",
		"while", "const", "var", "switch":
		p.fail("unexpected %q", t.text)
	}
	p.advance()
	e := p.node(ir.Ident, pos)
	e.Name = t.text
	return e
}

func (p *parser) newExpr(pos int32) *ir.Expr {
	p.advance()
	if p.eat(".") { // new.target
		p.advance()
		return p.node(ir.Undef, pos)
	}
	var x *ir.Expr
	if p.isWord("new") {
		x = p.newExpr(p.tok.pos)
	} else {
		x = p.primary()
	}
	for p.is(".") || p.is("[") || p.is("!") && p.ts && !p.tok.nl {
		switch {
		case p.eat("."):
			x = p.memberOf(x, x.Pos, false)
		case p.eat("!"):
		default:
			x = p.indexOf(x, x.Pos)
		}
	}
	var typ *ir.Type
	if p.is("<") && p.ts {
		p.try(func() *ir.Expr {
			t := p.typeArgs()
			if len(t) > 0 {
				typ = t[0]
			}
			return x
		})
	}
	var args []*ir.Expr
	if p.is("(") {
		args = p.args()
	}
	e := p.node(ir.New, pos)
	e.X, e.List, e.Type = x, args, typ
	return e
}

func (p *parser) objectLit() *ir.Expr {
	pos := p.tok.pos
	p.expect("{")
	noIn, inCond := p.noIn, p.inCond
	p.noIn, p.inCond = false, 0
	e := &ir.Expr{Kind: ir.Object, Pos: pos}
	for !p.is("}") {
		at := p.tok.pos
		if p.eat("...") {
			x := p.assignment()
			s := p.node(ir.Spread, at)
			s.X = x
			e.List = append(e.List, s)
		} else {
			e.List = append(e.List, p.property(at))
		}
		if !p.eat(",") {
			break
		}
	}
	p.noIn, p.inCond = noIn, inCond
	p.expect("}")
	e.End = p.prevEnd
	return e
}

func (p *parser) property(pos int32) *ir.Expr {
	e := &ir.Expr{Kind: ir.Prop, Pos: pos}
	async, gen := false, false
	for p.tok.kind == tIdent && (p.tok.text == "async" || p.tok.text == "get" || p.tok.text == "set") {
		n := p.peek()
		if n.kind == tPunct && n.text != "[" && n.text != "*" || n.nl && p.tok.text == "async" {
			break
		}
		async = async || p.tok.text == "async"
		p.advance()
	}
	gen = p.eat("*")
	name := p.tok
	p.propName(e)
	switch {
	case p.is("(") || p.is("<"):
		f := p.method(pos, async, gen)
		f.Name = e.Name
		e.Y = &ir.Expr{Kind: ir.FuncLit, Func: f, Pos: pos, End: p.prevEnd}
	case p.eat(":"):
		e.Y = p.assignment()
		if e.Y.Kind == ir.FuncLit && e.Y.Func.Name == "" {
			e.Y.Func.Name = e.Name
		}
	default:
		if name.kind != tIdent {
			p.fail("found %q, want a value", p.tok.text)
		}
		e.Y = &ir.Expr{Kind: ir.Ident, Name: name.text, Pos: name.pos, End: name.end}
		if p.is("=") { // only in what turns out to be a pattern
			e.Y = p.withDefault(e.Y, pos)
		}
	}
	e.End = p.prevEnd
	return e
}

func (p *parser) method(pos int32, async, gen bool) *ir.Func {
	f := p.newFunc(pos)
	f.Async, f.Generator, f.Class = async, gen, p.class
	p.typeParams()
	f.Params = p.params()
	if p.eat(":") {
		f.Results = []*ir.Type{p.typ()}
	}
	if p.is("{") {
		p.funcBody(f)
	} else {
		p.semicolon() // an overload or an abstract method
	}
	f.End = p.prevEnd
	return f
}

func (p *parser) funcBody(f *ir.Func) {
	outer, noIn, inCond := p.fn, p.noIn, p.inCond
	p.fn, p.noIn, p.inCond = f, false, 0
	f.Body = p.block()
	f.Directives = directives(f.Body)
	p.fn, p.noIn, p.inCond = outer, noIn, inCond
}

func (p *parser) function(async bool) *ir.Func {
	pos := p.tok.pos
	p.expectWord("function")
	gen := p.eat("*")
	name := ""
	if p.tok.kind == tIdent {
		name = p.tok.text
		p.advance()
	}
	decos := p.decos
	p.decos = nil
	f := p.method(pos, async, gen)
	f.Name, f.Class, f.Decorators = name, nil, decos
	return f
}

func (p *parser) classLit() *ir.Class {
	c := &ir.Class{Pos: p.tok.pos, File: p.file, Decorators: p.decos}
	p.decos = nil
	p.expectWord("class")
	if p.tok.kind == tIdent && p.tok.text != "extends" && p.tok.text != "implements" {
		c.Name = p.tok.text
		p.advance()
	}
	p.typeParams()
	if p.eatWord("extends") {
		c.Super = p.callExpr(p.primary())
		if p.is("<") {
			p.typeArgs()
		}
	}
	if p.eatWord("implements") {
		for {
			p.typ()
			if !p.eat(",") {
				break
			}
		}
	}
	outer := p.class
	p.class = c
	p.expect("{")
	for !p.is("}") {
		if p.eat(";") {
			continue
		}
		p.classMember(c)
	}
	p.advance()
	p.class = outer
	c.End = p.prevEnd
	return c
}

var modifiers = map[string]bool{
	"public": true, "private": true, "protected": true, "readonly": true, "static": true, "abstract": true,
	"override": true, "declare": true, "async": true, "get": true, "set": true, "accessor": true,
}

func (p *parser) classMember(c *ir.Class) {
	m := &ir.ClassMember{Pos: p.tok.pos}
	if p.is("@") {
		m.Decorators = p.decorators()
	}
	async := false
	for p.tok.kind == tIdent && modifiers[p.tok.text] {
		n := p.peek()
		if n.kind == tPunct && n.text != "[" && n.text != "*" && n.text != "{" || n.kind == tEOF {
			break
		}
		if n.kind == tPunct && n.text == "{" && p.tok.text != "static" {
			break
		}
		switch p.tok.text {
		case "static":
			m.Static = true
		case "async":
			async = true
		case "get":
			m.Getter = true
		}
		p.advance()
	}
	if m.Static && p.is("{") {
		p.block()
		return
	}
	gen := p.eat("*")
	if p.is("[") { // an index signature, or a computed name
		if s := p.save(); p.peek().kind == tIdent {
			p.advance()
			p.advance()
			if p.is(":") {
				p.advance()
				p.typ()
				p.expect("]")
				if p.eat(":") {
					p.typ()
				}
				p.semicolon()
				return
			}
			p.restore(s)
		}
	}
	key := &ir.Expr{}
	p.propName(key)
	m.Name = key.Name
	if !p.eat("?") {
		p.eat("!")
	}
	if p.is("(") || p.is("<") {
		m.Func = p.method(m.Pos, async, gen)
		m.Func.Name, m.Func.Class, m.Func.Decorators = m.Name, c, m.Decorators
	} else {
		if p.eat(":") {
			m.Type = p.typ()
		}
		if p.eat("=") {
			m.Init = p.assignment()
			if m.Init.Kind == ir.FuncLit {
				m.Init.Func.Class = c
				if m.Init.Func.Name == "" {
					m.Init.Func.Name = m.Name
				}
			}
		}
		p.semicolon()
	}
	c.Members = append(c.Members, m)
}

// jsxElement parses <a b={c}>…</a>; it works on the text where tokens differ.
func (p *parser) jsxElement() *ir.Expr {
	p.enter()
	defer func() { p.depth-- }()
	pos := p.tok.pos
	e := &ir.Expr{Kind: ir.JSX, Pos: pos}
	p.expect("<")
	if !p.is(">") {
		e.Name = p.jsxName()
		if p.is("<") {
			p.typeArgs()
		}
		for !p.is(">") && !p.is("/") {
			p.jsxAttr(e)
		}
	}
	if p.is("/") {
		p.advance()
		if !p.is(">") {
			p.fail("found %q, want >", p.tok.text)
		}
		p.advance()
		e.End = p.prevEnd
		return e
	}
	// children: text from behind the >
	p.l.pos = int(p.tok.end)
	for {
		start := p.l.pos
		i := strings.IndexAny(p.l.src[p.l.pos:], "<{")
		if i < 0 {
			p.tok = token{kind: tEOF, pos: int32(len(p.l.src))}
			p.fail("an element is not closed")
		}
		if text := strings.TrimSpace(p.l.src[start : start+i]); text != "" {
			e.Kids = append(e.Kids, &ir.Expr{Kind: ir.Str, Name: text, Pos: int32(start), End: int32(start + i)})
		}
		p.l.pos += i
		if p.l.src[p.l.pos] == '{' {
			p.tok = p.l.next(false)
			p.advance()
			if !p.is("}") {
				p.eat("...")
				e.Kids = append(e.Kids, p.expression())
			}
			if !p.is("}") {
				p.fail("found %q, want }", p.tok.text)
			}
			p.l.pos = int(p.tok.end)
			continue
		}
		p.tok = p.l.next(false)
		if n := p.peek(); n.text == "/" {
			p.advance()
			p.advance()
			if !p.is(">") {
				p.jsxName()
			}
			if !p.is(">") {
				p.fail("found %q, want >", p.tok.text)
			}
			p.advance()
			e.End = p.prevEnd
			return e
		}
		kid := p.jsxElement()
		e.Kids = append(e.Kids, kid)
		p.l.pos = int(p.prevEnd)
	}
}

func (p *parser) jsxName() string {
	if p.tok.kind != tIdent {
		p.fail("found %q, want the name of an element", p.tok.text)
	}
	var b strings.Builder
	b.WriteString(p.tok.text)
	p.advance()
	for p.is("-") || p.is(".") || p.is(":") {
		b.WriteString(p.tok.text)
		p.advance()
		if p.tok.kind == tIdent || p.tok.kind == tNum {
			b.WriteString(p.tok.text)
			p.advance()
		}
	}
	return b.String()
}

func (p *parser) jsxAttr(e *ir.Expr) {
	pos := p.tok.pos
	if p.eat("{") {
		p.expect("...")
		x := p.assignment()
		p.expect("}")
		s := p.node(ir.Spread, pos)
		s.X = x
		e.List = append(e.List, s)
		return
	}
	a := &ir.Expr{Kind: ir.Prop, Pos: pos, Name: p.jsxName()}
	if p.is("=") {
		// a string attribute knows no escapes and may hold line ends
		p.l.pos = int(p.tok.end)
		p.l.space()
		if p.l.pos < len(p.l.src) && (p.l.src[p.l.pos] == '"' || p.l.src[p.l.pos] == '\'') {
			quote := p.l.src[p.l.pos]
			start := p.l.pos + 1
			i := strings.IndexByte(p.l.src[start:], quote)
			if i < 0 {
				p.fail("an attribute is not closed")
			}
			a.Y = &ir.Expr{
				Kind: ir.Str, Name: p.l.src[start : start+i], Pos: int32(start - 1),
				End: int32(start + i + 1),
			}
			p.l.pos = start + i + 1
			p.tok.end = int32(p.l.pos)
			p.advance()
		} else {
			p.advance()
			if p.is("{") {
				p.advance()
				a.Y = p.assignment()
				p.expect("}")
			} else {
				a.Y = p.jsxElement()
			}
		}
	}
	a.End = p.prevEnd
	e.List = append(e.List, a)
}
