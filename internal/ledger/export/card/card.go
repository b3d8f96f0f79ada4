// Package card draws the picture that a messenger shows beside a shared link: the red book of the shop, its name, and
// what is due. It is drawn here, from the letters that PDFs are written with, so that nothing of a link's content
// leaves for a service that draws.
package card

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"sync"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"github.com/tijorihq/tijori/internal/ledger/export/fonts"
)

// The size of a picture, as messengers want it.
const (
	Width  = 1200
	Height = 630
)

// A Card is what stands on a picture.
type Card struct {
	Shop   string // the name of the business
	Word   string // above the figure: what it is
	Figure string // "" when there is none
	Foot   string // below: what the link is for
}

var (
	cloth  = color.RGBA{0x8e, 0x2b, 0x1c, 0xff}
	thread = color.RGBA{0xf2, 0xd9, 0xa8, 0xff}
	sheet  = color.RGBA{0xff, 0xfd, 0xf8, 0xff}
	ink    = color.RGBA{0x1f, 0x22, 0x33, 0xff}
	pale   = color.RGBA{0x56, 0x59, 0x68, 0xff}
	rule   = color.RGBA{0xe2, 0xd8, 0xc3, 0xff}
	amber  = color.RGBA{0xf2, 0xa7, 0x1b, 0xff}
)

// parsed are the fonts, read once.
var parsed = sync.OnceValue(func() []*font.Font {
	var all []*font.Font
	for _, name := range fonts.Names {
		f, err := font.ParseTTF(bytes.NewReader(fonts.Read(name)))
		if err != nil {
			panic("card: font " + name + ": " + err.Error()) // embedded files cannot fail to be read
		}
		all = append(all, f.Font)
	}
	return all
})

// A pen writes on one picture.
type pen struct {
	on    *image.RGBA
	faces []*font.Face
	split shaping.Segmenter
	harf  shaping.HarfbuzzShaper
}

// ResolveFace picks the first face that has a letter.
func (p *pen) ResolveFace(r rune) *font.Face {
	for _, f := range p.faces {
		if _, ok := f.NominalGlyph(r); ok {
			return f
		}
	}
	return p.faces[0]
}

// PNG draws a card.
func PNG(c Card) ([]byte, error) {
	p := &pen{on: image.NewRGBA(image.Rect(0, 0, Width, Height))}
	for _, f := range parsed() {
		p.faces = append(p.faces, font.NewFace(f))
	}
	p.book()
	const left, room = 150, Width - 150 - 90
	p.write(c.Shop, left, 150, 64, room, ink)
	p.fill(image.Rect(left, 190, Width-90, 193), rule)
	p.fill(image.Rect(left-26, 240, left-18, 470), amber)
	if c.Figure == "" {
		p.write(c.Word, left, 380, 76, room, ink)
	} else {
		p.write(c.Word, left, 296, 46, room, pale)
		p.write(c.Figure, left, 436, 132, room, cloth)
	}
	p.write(c.Foot, left, 545, 42, room, pale)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	err := encoder.Encode(&out, p.on)
	return out.Bytes(), err
}

// book is the red cover with its thread, and the page that lies on it.
func (p *pen) book() {
	p.fill(p.on.Bounds(), cloth)
	for y := 40; y < Height-40; y += 36 {
		p.fill(image.Rect(36, y, 42, y+22), thread)
	}
	p.fill(image.Rect(80, 36, Width-36, Height-36), sheet)
}

func (p *pen) fill(r image.Rectangle, c color.Color) {
	draw.Draw(p.on, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// write puts one line of text on the picture, with its baseline at y. A line that is too long for the room is written
// smaller, down to half, and then cut.
func (p *pen) write(text string, x, y, size, room int, c color.Color) {
	runes := []rune(text)
	line, width := p.shape(runes, size)
	for smallest := size / 2; width > room && size > smallest; line, width = p.shape(runes, size) {
		size -= 2
	}
	for width > room && len(runes) > 1 {
		runes = append(runes[:max(1, len(runes)*9/10-1)], '…')
		line, width = p.shape(runes, size)
	}
	raster := vector.NewRasterizer(Width, Height)
	at := float32(x)
	for _, run := range line {
		scale := float32(size) / float32(run.Face.Upem())
		for _, g := range run.Glyphs {
			outline, ok := run.Face.GlyphDataOutline(g.GlyphID)
			if ok {
				trace(raster, outline, at+float(g.XOffset), float32(y)-float(g.YOffset), scale)
			}
			at += float(g.Advance)
		}
	}
	raster.Draw(p.on, p.on.Bounds(), image.NewUniform(c), image.Point{})
}

func float(v fixed.Int26_6) float32 { return float32(v) / 64 }

func (p *pen) shape(text []rune, size int) (line []shaping.Output, width int) {
	if len(text) == 0 {
		return nil, 0
	}
	in := shaping.Input{
		Text: text, RunEnd: len(text), Direction: di.DirectionLTR, Face: p.faces[0], Size: fixed.I(size),
		Language: language.NewLanguage("hi"),
	}
	for _, run := range p.split.Split(in, p) {
		run.Size = fixed.I(size)
		out := p.harf.Shape(run)
		tighten(&out, text)
		line = append(line, out)
		width += out.Advance.Ceil()
	}
	return line, width
}

// tighten takes away the blank that the font has behind a comma, which would tear figures apart.
func tighten(out *shaping.Output, text []rune) {
	for i := range out.Glyphs {
		if g := &out.Glyphs[i]; text[g.TextIndex()] == ',' {
			out.Advance -= g.Advance * 3 / 8
			g.Advance -= g.Advance * 3 / 8
		}
	}
}

// trace draws the outline of a glyph, whose y axis points up.
func trace(z *vector.Rasterizer, outline font.GlyphOutline, x, y, scale float32) {
	px := func(i opentype.SegmentPoint) (float32, float32) { return x + i.X*scale, y - i.Y*scale }
	open := false
	for _, s := range outline.Segments {
		ax, ay := px(s.Args[0])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if open {
				z.ClosePath()
			}
			z.MoveTo(ax, ay)
			open = true
		case opentype.SegmentOpLineTo:
			z.LineTo(ax, ay)
		case opentype.SegmentOpQuadTo:
			bx, by := px(s.Args[1])
			z.QuadTo(ax, ay, bx, by)
		case opentype.SegmentOpCubeTo:
			bx, by := px(s.Args[1])
			cx, cy := px(s.Args[2])
			z.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	if open {
		z.ClosePath()
	}
}
