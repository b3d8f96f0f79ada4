package pdf

import (
	"bytes"
	"strconv"
	"strings"
)

// A Color is red, green and blue, each from 0 to 255.
type Color [3]uint8

// A Style is how text looks. Bold letters are drawn with a thicker pen, so that
// they need no second font.
type Style struct {
	Size  float64 // points
	Bold  bool
	Color Color
}

// A Canvas is a page, or a form to be placed on pages. The origin is at the
// bottom left; the unit is the point.
type Canvas struct {
	doc  *Doc
	body bytes.Buffer
}

// Fill paints a rectangle.
func (c *Canvas) Fill(x, y, w, h float64, color Color) {
	c.color(color, "rg")
	c.numbers(x, y, w, h)
	c.body.WriteString("re f\n")
}

// Line draws a horizontal line of a thickness.
func (c *Canvas) Line(x, y, w, thick float64, color Color) {
	c.Fill(x, y-thick/2, w, thick, color)
}

// Place shows a form with its origin at a point.
func (c *Canvas) Place(f *Form, x, y float64) {
	c.body.WriteString("q 1 0 0 1 ")
	c.numbers(x, y)
	c.body.WriteString("cm /" + f.name + " Do Q\n")
}

// Text writes one line of text that begins at a point.
func (c *Canvas) Text(x, y float64, st Style, s string) {
	if s == "" {
		return
	}
	c.color(st.Color, "rg")
	c.body.WriteString("BT ")
	if st.Bold {
		c.color(st.Color, "RG")
		c.number(st.Size / 28)
		c.body.WriteString("w 2 Tr ")
	}
	c.numbers(x, y)
	c.body.WriteString("Td ")
	p := pen{c: c, size: st.Size, face: -1}
	for i, w := range strings.Split(s, " ") {
		if i > 0 {
			p.word(c.doc.text.word(" "))
		}
		p.word(c.doc.text.word(w))
	}
	p.lift()
	if st.Bold {
		c.body.WriteString("0 Tr ")
	}
	c.body.WriteString("ET\n")
}

// TextRight writes one line of text that ends at x.
func (c *Canvas) TextRight(x, y float64, st Style, s string) {
	c.Text(x-c.doc.Measure(st, s), y, st, s)
}

// pen puts glyphs down. Positions are in thousandths of the size, as PDF counts
// them; they are whole numbers, so that nothing drifts.
type pen struct {
	c     *Canvas
	size  float64
	face  int  // the font that is set, -1 for none
	down  bool // inside an array of glyphs
	hex   bool // inside a string of that array
	at    int  // where the next glyph of the text stands
	moved int  // where a reader of the file would put it
	rise  int
}

func (p *pen) word(w *word) {
	if w.actual != "" {
		p.lift()
		p.c.body.WriteString("/Span<</ActualText<" + w.actual + ">>>BDC ")
	}
	for _, g := range w.glyphs {
		p.glyph(g)
	}
	if w.actual != "" {
		p.lift()
		p.c.body.WriteString("EMC ")
	}
}

func (p *pen) glyph(g glyph) {
	if g.face != p.face {
		p.lift()
		p.face = g.face
		p.c.body.WriteString("/F" + strconv.Itoa(g.face) + " ")
		p.c.number(p.size)
		p.c.body.WriteString("Tf ")
	}
	if g.dy != p.rise {
		p.lift()
		p.rise = g.dy
		p.c.number(float64(g.dy) * p.size / 1000)
		p.c.body.WriteString("Ts ")
	}
	if !p.down {
		p.down = true
		p.c.body.WriteByte('[')
	}
	if want := p.at + g.dx; want != p.moved {
		p.endString()
		p.c.body.WriteString(strconv.Itoa(p.moved - want))
		p.moved = want
	}
	if !p.hex {
		p.hex = true
		p.c.body.WriteByte('<')
	}
	const digits = "0123456789abcdef"
	id := uint16(g.id)
	p.c.body.Write([]byte{digits[id>>12], digits[id>>8&15], digits[id>>4&15], digits[id&15]})
	p.at += g.advance
	p.moved += g.width
}

func (p *pen) endString() {
	if p.hex {
		p.hex = false
		p.c.body.WriteByte('>')
	}
}

// lift ends the array of glyphs.
func (p *pen) lift() {
	p.endString()
	if p.down {
		p.down = false
		p.c.body.WriteString("]TJ ")
	}
}

func (c *Canvas) color(color Color, operator string) {
	for _, v := range color {
		c.number(float64(v) / 255)
	}
	c.body.WriteString(operator + " ")
}

func (c *Canvas) numbers(list ...float64) {
	for _, v := range list {
		c.number(v)
	}
}

// number writes with two decimal places at most, and a blank after it.
func (c *Canvas) number(v float64) {
	s := strconv.AppendFloat(c.body.AvailableBuffer(), v, 'f', 2, 64)
	if s = bytes.TrimRight(s, "0"); s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	c.body.Write(append(s, ' '))
}
