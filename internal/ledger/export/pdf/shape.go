package pdf

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode/utf16"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"

	"github.com/tijorihq/tijori/internal/ledger/export/fonts"
)

// em is the size at which glyphs are measured: PDF counts in thousandths.
const em = 1000

// maxWords is how many shaped words are remembered. Dates, amounts and the words
// of a shop come again and again.
const maxWords = 8192

// A glyph is one sign of a face and where it stands, in thousandths of the size.
type glyph struct {
	face          int
	id            font.GID
	advance       int // from this glyph's place to the next
	dx, dy        int
	width         int // that the font says
	start         int // first letter (rune) of the word that it shows, as part of its cluster
	firstOfLetter bool
}

// A word is a piece of text without a blank, shaped.
type word struct {
	glyphs []glyph
	width  int
	actual string // UTF-16 in hex, when the glyphs alone do not tell the text
}

// A face is one font as this document uses it.
type face struct {
	name string
	*font.Face
	used  map[font.GID]bool
	means map[font.GID]string // the text of a glyph that is not asked twice
}

// parsed are the fonts, read once; each document has faces of its own, because
// faces keep caches.
var parsed = sync.OnceValue(func() []*font.Font {
	var all []*font.Font
	for _, name := range fonts.Names {
		f, err := font.ParseTTF(bytes.NewReader(fonts.Read(name)))
		if err != nil {
			panic("pdf: font " + name + ": " + err.Error()) // embedded files cannot fail to be read
		}
		all = append(all, f.Font)
	}
	return all
})

// A shaper turns text into glyphs, and knows which glyphs of which faces a document uses.
type shaper struct {
	faces []*face
	split shaping.Segmenter
	harf  shaping.HarfbuzzShaper
	words map[string]*word
	hindi language.Language
}

func newShaper() *shaper {
	s := &shaper{words: map[string]*word{}, hindi: language.NewLanguage("hi")}
	for i, f := range parsed() {
		s.faces = append(s.faces, &face{
			name: fonts.Names[i], Face: font.NewFace(f), used: map[font.GID]bool{},
			means: map[font.GID]string{},
		})
	}
	return s
}

// ResolveFace picks the first face that has a letter. A letter that none has is
// a box of the first; its text is kept all the same.
func (s *shaper) ResolveFace(r rune) *font.Face {
	for _, f := range s.faces {
		if _, ok := f.NominalGlyph(r); ok {
			return f.Face
		}
	}
	return s.faces[0].Face
}

// word returns a shaped word. Blanks inside it are those that must not break.
func (s *shaper) word(text string) *word {
	if w, ok := s.words[text]; ok {
		return w
	}
	if len(s.words) >= maxWords {
		clear(s.words)
	}
	w := s.shape(text)
	s.words[strings.Clone(text)] = w
	return w
}

func (s *shaper) shape(text string) *word {
	runes := []rune(text)
	w := &word{}
	if len(runes) == 0 {
		return w
	}
	in := shaping.Input{
		Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR, Face: s.faces[0].Face,
		Size: fixed.I(em), Language: s.hindi,
	}
	plain := true
	for _, run := range s.split.Split(in, s) {
		run.Size = fixed.I(em)
		out := s.harf.Shape(run)
		at := s.indexOf(out.Face)
		for i := 0; i < len(out.Glyphs); {
			n := 1
			for i+n < len(out.Glyphs) && out.Glyphs[i+n].TextIndex() == out.Glyphs[i].TextIndex() {
				n++
			}
			start := out.Glyphs[i].TextIndex()
			cluster := out.Glyphs[i : i+n]
			if !s.faces[at].learn(cluster, runes[start:start+cluster[0].RunesCount()]) {
				plain = false
			}
			for j, g := range cluster {
				if runes[start] == ',' { // the font has a blank behind it that would tear figures apart
					g.Advance -= g.Advance * 3 / 8
				}
				w.glyphs = append(w.glyphs, glyph{
					face: at, id: g.GlyphID, advance: g.Advance.Round(), dx: g.XOffset.Round(), dy: g.YOffset.Round(),
					width: s.faces[at].widthOf(g.GlyphID), start: start, firstOfLetter: j == 0,
				})
				w.width += g.Advance.Round()
			}
			i += n
		}
		plain = plain && !out.Direction.IsVertical() && out.Direction.Progression() == di.FromTopLeft
	}
	if !plain {
		w.actual = utf16Hex(text)
	}
	return w
}

func (s *shaper) indexOf(f *font.Face) int {
	for i, known := range s.faces {
		if known.Face == f {
			return i
		}
	}
	return 0
}

// learn notes the glyphs of a cluster and what they mean. It reports whether
// the glyphs by themselves give back the cluster's text.
func (f *face) learn(cluster []shaping.Glyph, text []rune) bool {
	for _, g := range cluster {
		f.used[g.GlyphID] = true
	}
	if len(cluster) == 1 {
		id, t := cluster[0].GlyphID, string(text)
		if id == 0 {
			return false
		}
		if _, known := f.means[id]; !known {
			f.means[id] = t
		}
		return f.means[id] == t
	}
	if f.inOrder(cluster, text) {
		return true
	}
	// Several glyphs: letters that stand for themselves are known; one that is left has the rest.
	rest, unknown := string(text), []font.GID{}
	for _, g := range cluster {
		found := false
		for _, r := range text {
			if id, ok := f.NominalGlyph(r); ok && id == g.GlyphID && strings.ContainsRune(rest, r) {
				if _, known := f.means[id]; !known {
					f.means[id] = string(r)
				}
				rest, found = strings.Replace(rest, string(r), "", 1), true
				break
			}
		}
		if !found {
			unknown = append(unknown, g.GlyphID)
		}
	}
	if len(unknown) == 1 && rest != "" && unknown[0] != 0 {
		if _, known := f.means[unknown[0]]; !known {
			f.means[unknown[0]] = rest
		}
	}
	return false
}

// inOrder reports whether each letter of a cluster has the glyph that stands for
// it, in order and side by side. Marks above and below would make readers see a
// new line.
func (f *face) inOrder(cluster []shaping.Glyph, text []rune) bool {
	if len(cluster) != len(text) {
		return false
	}
	for i, g := range cluster {
		if id, ok := f.NominalGlyph(text[i]); !ok || id != g.GlyphID || id == 0 || g.YOffset != 0 || g.Advance <= 0 ||
			f.means[id] != "" && f.means[id] != string(text[i]) {
			return false
		}
	}
	for i, g := range cluster {
		f.means[g.GlyphID] = string(text[i])
	}
	return true
}

func (f *face) widthOf(id font.GID) int {
	return int(f.HorizontalAdvance(id)*em/float32(f.Upem()) + .5)
}

// utf16Hex is text as PDF's text strings have it: UTF-16 with a byte order mark, in hex.
func utf16Hex(s string) string {
	var b strings.Builder
	b.WriteString("FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}
