package script

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

func (p *parser) typeParams() {
	if !p.is("<") {
		return
	}
	p.advance()
	for !p.is(">") {
		for p.isWord("const") || p.isWord("in") || p.isWord("out") {
			p.advance()
		}
		if p.tok.kind != tIdent {
			p.fail("found %q, want a type parameter", p.tok.text)
		}
		p.advance()
		if p.eatWord("extends") {
			p.typ()
		}
		if p.eat("=") {
			p.typ()
		}
		if !p.eat(",") {
			break
		}
	}
	p.expect(">")
}

func (p *parser) typeArgs() (list []*ir.Type) {
	if p.is("<<") {
		p.l.pos = int(p.tok.pos) + 1
		p.tok = p.l.next(false)
	} else {
		p.expect("<")
	}
	for !p.is(">") {
		list = append(list, p.typ())
		if !p.eat(",") {
			break
		}
	}
	p.expect(">")
	return list
}

// typ parses a type.
func (p *parser) typ() *ir.Type {
	p.enter()
	defer func() { p.depth-- }()
	t := p.unionType()
	if p.isWord("extends") && !p.tok.nl {
		p.advance()
		p.unionType()
		if p.eat("?") {
			a := p.typ()
			p.expect(":")
			b := p.typ()
			return &ir.Type{Name: "|", Args: []*ir.Type{a, b}}
		}
	}
	return t
}

func (p *parser) unionType() *ir.Type {
	if !p.eat("|") {
		p.eat("&")
	}
	t := p.postfixType()
	for p.is("|") || p.is("&") {
		op := p.tok.text
		p.advance()
		u := p.postfixType()
		if t.Name == op {
			t.Args = append(t.Args, u)
		} else {
			t = &ir.Type{Name: op, Args: []*ir.Type{t, u}, Pos: t.Pos}
		}
	}
	return t
}

func (p *parser) postfixType() *ir.Type {
	t := p.primaryType()
	for p.is("[") && !p.tok.nl {
		p.advance()
		if p.eat("]") {
			t = &ir.Type{Name: "[]", Args: []*ir.Type{t}, Pos: t.Pos}
			continue
		}
		idx := p.typ()
		p.expect("]")
		t = &ir.Type{Name: "index", Args: []*ir.Type{t, idx}, Pos: t.Pos}
	}
	return t
}

func (p *parser) primaryType() *ir.Type {
	p.enter()
	defer func() { p.depth-- }()
	tok := p.tok
	t := &ir.Type{Pos: tok.pos}
	switch tok.kind {
	case tStr, tNum:
		p.advance()
		t.Name = "'" + tok.text
		return t
	case tTemplate:
		for {
			tail := p.tok.tail
			if tail {
				p.advance()
				break
			}
			p.advance()
			p.typ()
			if !p.is("}") {
				p.fail("found %q in a type", p.tok.text)
			}
			p.l.pos = int(p.tok.end)
			next := token{pos: p.tok.pos}
			p.l.template(&next)
			p.tok = next
		}
		t.Name = "string"
		return t
	case tIdent:
		return p.wordType(t)
	}
	switch tok.text {
	case "{":
		t.Name = "{}"
		t.Fields = p.typeMembers()
		return t
	case "[":
		p.advance()
		t.Name = "[,]"
		for !p.is("]") {
			p.eat("...")
			if p.tok.kind == tIdent {
				if n := p.peek(); n.text == ":" || n.text == "?" {
					s := p.save()
					p.advance()
					p.eat("?")
					if !p.eat(":") {
						p.restore(s)
					}
				}
			}
			t.Args = append(t.Args, p.typ())
			p.eat("?")
			if !p.eat(",") {
				break
			}
		}
		p.expect("]")
		return t
	case "(":
		if f := p.funcType(t); f != nil {
			return f
		}
		p.advance()
		t = p.typ()
		p.expect(")")
		return t
	case "<":
		p.typeParams()
		if f := p.funcType(t); f != nil {
			return f
		}
	case "-":
		p.advance()
		p.advance()
		t.Name = "number"
		return t
	}
	p.fail("found %q, want a type", tok.text)
	return nil
}

func (p *parser) funcType(t *ir.Type) *ir.Type {
	ok := p.try(func() *ir.Expr {
		params := p.params()
		if !p.is("=>") {
			return nil
		}
		p.advance()
		t.Name = "func"
		t.Args = []*ir.Type{p.typ()}
		for _, q := range params {
			f := ir.Field{Type: q.Type}
			if q.Target != nil {
				f.Name = q.Target.Name
			}
			t.Fields = append(t.Fields, f)
		}
		return &ir.Expr{}
	})
	if ok == nil {
		return nil
	}
	return t
}

func (p *parser) wordType(t *ir.Type) *ir.Type {
	word := p.tok.text
	next := p.peek()
	operand := next.kind == tIdent && next.text != "extends" && next.text != "is" && next.text != "as" ||
		next.kind == tPunct && (next.text == "{" || next.text == "(" || next.text == "[") || next.kind == tStr
	switch word {
	case "keyof", "unique", "readonly", "infer":
		if operand && !next.nl {
			p.advance()
			inner := p.postfixType()
			if word == "infer" && p.isWord("extends") {
				if s := p.save(); true {
					p.advance()
					p.unionType()
					if p.is("?") {
						p.restore(s)
					}
				}
			}
			if word == "readonly" {
				return inner
			}
			t.Name, t.Args = word, []*ir.Type{inner}
			return t
		}
	case "asserts":
		if next.kind == tIdent && !next.nl {
			p.advance()
			p.advance()
			if p.eatWord("is") {
				p.typ()
			}
			t.Name = "void"
			return t
		}
	case "new", "abstract":
		if next.text == "(" || next.text == "<" || next.text == "new" {
			p.advance()
			p.eatWord("new")
			p.typeParams()
			if f := p.funcType(t); f != nil {
				return f
			}
		}
	case "typeof":
		p.advance()
		if p.isWord("import") {
			inner := p.wordType(t)
			return &ir.Type{Name: "typeof", Args: []*ir.Type{inner}, Pos: t.Pos}
		}
		t.Name = "typeof " + p.qualified()
		if p.is("<") {
			p.typeArgs()
		}
		return t
	case "import":
		p.advance()
		p.expect("(")
		t.Name = "import(" + p.tok.text + ")"
		p.advance()
		if p.eat(",") {
			p.assignment()
		}
		p.expect(")")
		for p.eat(".") {
			t.Name += "." + p.tok.text
			p.advance()
		}
		if p.is("<") {
			t.Args = p.typeArgs()
		}
		return t
	}
	t.Name = p.qualified()
	if p.isWord("is") && !p.tok.nl {
		p.advance()
		p.typ()
		t.Name = "boolean"
		return t
	}
	if (p.is("<") || p.is("<<")) && !p.tok.nl {
		t.Args = p.typeArgs()
	}
	return t
}

func (p *parser) qualified() string {
	if p.tok.kind != tIdent {
		p.fail("found %q, want the name of a type", p.tok.text)
	}
	name := p.tok.text
	p.advance()
	for p.is(".") {
		p.advance()
		name += "." + p.tok.text
		p.advance()
	}
	return name
}

// typeMembers parses the body of an interface or object type.
func (p *parser) typeMembers() (fields []ir.Field) {
	p.expect("{")
	for !p.is("}") {
		if p.tok.kind == tEOF {
			p.fail("unexpected end of the file")
		}
		if p.eat(";") || p.eat(",") {
			continue
		}
		p.typeMember(&fields)
	}
	p.advance()
	return fields
}

func (p *parser) typeMember(fields *[]ir.Field) {
	f := ir.Field{Pos: p.tok.pos}
	for p.tok.kind == tIdent &&
		(p.tok.text == "readonly" || p.tok.text == "get" || p.tok.text == "set" || p.tok.text == "new") || p.is("+") ||
		p.is("-") {
		n := p.peek()
		if p.tok.kind == tIdent && n.kind == tPunct && n.text != "[" || n.nl {
			break
		}
		p.advance()
	}
	if p.isWord("new") {
		p.advance()
	}
	if p.is("(") || p.is("<") { // call signature
		p.typeParams()
		p.params()
		if p.eat(":") {
			p.typ()
		}
		return
	}
	if p.eat("[") { // index signature, mapped type, computed name
		depth := 1
		for depth > 0 {
			switch {
			case p.tok.kind == tEOF:
				p.fail("unexpected end of the file")
			case p.tok.kind == tTemplate:
				p.primaryType()
				continue
			case p.is("["):
				depth++
			case p.is("]"):
				depth--
			}
			p.advance()
		}
		f.Name = "*"
	} else {
		if p.tok.kind != tIdent && p.tok.kind != tStr && p.tok.kind != tNum && p.tok.kind != tPrivate {
			p.fail("found %q in a type", p.tok.text)
		}
		f.Name = p.tok.text
		p.advance()
	}
	if p.eat("-") || p.eat("+") {
	}
	p.eat("?")
	if p.is("(") || p.is("<") {
		t := &ir.Type{Name: "func"}
		p.typeParams()
		for _, q := range p.params() {
			pf := ir.Field{Type: q.Type}
			if q.Target != nil {
				pf.Name = q.Target.Name
			}
			t.Fields = append(t.Fields, pf)
		}
		if p.eat(":") {
			t.Args = []*ir.Type{p.typ()}
		}
		f.Type = t
	} else if p.eat(":") {
		f.Type = p.typ()
	}
	*fields = append(*fields, f)
	if !p.is(";") && !p.is(",") && !p.is("}") && !p.tok.nl {
		p.fail("found %q in a type", p.tok.text)
	}
}

func (p *parser) interfaceDecl() {
	p.expectWord("interface")
	d := &ir.TypeDecl{Name: p.tok.text, Pos: p.tok.pos}
	p.advance()
	p.typeParams()
	if p.eatWord("extends") {
		for {
			d.Extends = append(d.Extends, p.typ())
			if !p.eat(",") {
				break
			}
		}
	}
	d.Type = &ir.Type{Name: "{}", Fields: p.typeMembers(), Pos: d.Pos}
	if old := p.file.Types[d.Name]; old != nil && old.Type != nil && strings.HasPrefix(old.Type.Name, "{") {
		old.Type.Fields = append(old.Type.Fields, d.Type.Fields...)
		return
	}
	p.file.Types[d.Name] = d
}
