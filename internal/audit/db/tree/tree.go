// Package tree reads PostgreSQL's node trees, the form in which the catalogue
// keeps the conditions of policies, the queries of views and the bodies of
// functions. Names are resolved there: who owns a column is a matter of record.
package tree

import (
	"fmt"
	"strconv"
	"strings"
)

// A Value is a field of a node: nil, a string, a *Node or a []Value.
type Value any

// A Node is one node with its fields.
type Node struct {
	Tag    string
	fields []field
}

type field struct {
	name  string
	value Value
}

// Get is a field's value, nil when there is none.
func (n *Node) Get(name string) Value {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// Node is a field that is a node.
func (n *Node) Node(name string) *Node {
	v, _ := n.Get(name).(*Node)
	return v
}

// Text is a field that is a word.
func (n *Node) Text(name string) string {
	v, _ := n.Get(name).(string)
	return v
}

// Int is a field that is a number, 0 when there is none.
func (n *Node) Int(name string) int {
	i, _ := strconv.Atoi(n.Text(name))
	return i
}

// Bool is a field that is true.
func (n *Node) Bool(name string) bool { return n.Text(name) == "true" }

// List is a field that is a list; a single value is a list of one.
func (n *Node) List(name string) []Value {
	switch v := n.Get(name).(type) {
	case []Value:
		return v
	case nil:
		return nil
	default:
		return []Value{v}
	}
}

// Nodes are the nodes of a list.
func (n *Node) Nodes(name string) []*Node { return nodes(n.Get(name)) }

func nodes(v Value) []*Node {
	var out []*Node
	switch v := v.(type) {
	case *Node:
		out = append(out, v)
	case []Value:
		for _, e := range v {
			out = append(out, nodes(e)...)
		}
	}
	return out
}

// Children are all nodes directly below n, in order.
func (n *Node) Children() []*Node {
	var out []*Node
	for _, f := range n.fields {
		out = append(out, nodes(f.value)...)
	}
	return out
}

// Walk visits n and all below it, until visit says no for a branch.
func (n *Node) Walk(visit func(*Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	for _, c := range n.Children() {
		c.Walk(visit)
	}
}

// Datum is the bytes of a constant.
func (n *Node) Datum() []byte {
	var out []byte
	for _, v := range n.List("constvalue") {
		if s, ok := v.(string); ok {
			if i, err := strconv.Atoi(s); err == nil {
				out = append(out, byte(i))
			}
		}
	}
	return out
}

// Parse reads a tree. The result is nil, a word, a node or a list.
func Parse(text string) (Value, error) {
	p := &parser{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("node tree: %w", err)
	}
	return v, nil
}

// ParseNodes reads a tree and keeps its nodes.
func ParseNodes(text string) ([]*Node, error) {
	v, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return nodes(v), nil
}

const maxDepth = 2000

type parser struct {
	text string
	at   int
}

func (p *parser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \n\t", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) peek() byte {
	p.skip()
	if p.at >= len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) value(depth int) (Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("deeper than %d", maxDepth)
	}
	switch c := p.peek(); c {
	case 0:
		return nil, fmt.Errorf("unexpected end")
	case '{':
		p.at++
		return p.node(depth)
	case '(':
		p.at++
		return p.list(')', depth)
	case '[':
		p.at++
		return p.list(']', depth)
	default:
		return p.word()
	}
}

func (p *parser) list(end byte, depth int) (Value, error) {
	out := []Value{}
	for {
		switch p.peek() {
		case 0:
			return nil, fmt.Errorf("list without end")
		case end:
			p.at++
			return out, nil
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func (p *parser) node(depth int) (Value, error) {
	p.skip()
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \n}", p.text[p.at]) < 0 {
		p.at++
	}
	n := &Node{Tag: p.text[start:p.at]}
	for {
		switch p.peek() {
		case 0:
			return nil, fmt.Errorf("node without end")
		case '}':
			p.at++
			return n, nil
		case ':':
			p.at++
			w, err := p.word()
			if err != nil {
				return nil, err
			}
			name, _ := w.(string)
			var values []Value
			null := false
			for c := p.peek(); c != ':' && c != '}' && c != 0; c = p.peek() {
				v, err := p.value(depth + 1)
				if err != nil {
					return nil, err
				}
				null = null || v == nil
				values = append(values, v)
			}
			f := field{name: name}
			switch {
			case len(values) == 1:
				f.value = values[0]
			case len(values) == 2 && name == "constvalue": // length, then bytes
				f.value = values[1]
			case len(values) > 1:
				f.value = values
			}
			n.fields = append(n.fields, f)
		default:
			if _, err := p.value(depth + 1); err != nil {
				return nil, err
			}
		}
	}
}

func (p *parser) word() (Value, error) {
	p.skip()
	if p.at < len(p.text) && p.text[p.at] == '"' {
		p.at++
		var b strings.Builder
		for p.at < len(p.text) && p.text[p.at] != '"' {
			if p.text[p.at] == '\\' && p.at+1 < len(p.text) {
				p.at++
			}
			b.WriteByte(p.text[p.at])
			p.at++
		}
		p.at++
		return b.String(), nil
	}
	var b strings.Builder
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \n\t(){}[]", p.text[p.at]) < 0 {
		if p.text[p.at] == '\\' && p.at+1 < len(p.text) {
			p.at++
		}
		b.WriteByte(p.text[p.at])
		p.at++
	}
	if p.at == start {
		return nil, fmt.Errorf("unexpected %q at %d", p.text[p.at], p.at)
	}
	if b.String() == "<>" {
		return nil, nil
	}
	return b.String(), nil
}
