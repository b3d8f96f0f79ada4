package pdf

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-text/typesetting/font"

	"github.com/tijorihq/tijori/internal/ledger/export/fonts"
)

// writeFonts writes the faces that the document used and returns the font
// dictionary of its pages. Only the glyphs that appear are embedded.
func (d *Doc) writeFonts() string {
	var all strings.Builder
	for i, f := range d.text.faces {
		if len(f.used) == 0 {
			continue
		}
		glyphs := slices.Sorted(maps.Keys(f.used))
		name := subsetTag(glyphs) + "+" + f.name
		file := subset(fonts.Read(f.name), f.used)
		fileID, descriptor, cid, meaning, id := d.newID(), d.newID(), d.newID(), d.newID(), d.newID()
		d.stream(fileID, fmt.Sprintf("/Length1 %d", len(file)), file)
		ext, _ := f.FontHExtents()
		scale := em / float32(f.Upem())
		d.object(descriptor,
			fmt.Sprintf("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[-1000 -600 2500 1200]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight 700/StemV 80/FontFile2 %d 0 R>>",
				name, int(ext.Ascender*scale), int(ext.Descender*scale), fileID))
		var widths strings.Builder
		for _, g := range glyphs {
			fmt.Fprintf(&widths, "%d[%d]", g, f.widthOf(g))
		}
		d.object(cid, fmt.Sprintf("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW %d/W[%s]>>",
			name, descriptor, em, widths.String()))
		d.stream(meaning, "", f.toUnicode(glyphs))
		d.object(id, fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", name, cid, meaning))
		fmt.Fprintf(&all, "/F%d %d 0 R", i, id)
	}
	return "<<" + all.String() + ">>"
}

// toUnicode is the map from glyphs to text, for what is copied and searched.
func (f *face) toUnicode(glyphs []font.GID) []byte {
	var lines []string
	for _, g := range glyphs {
		if text := f.means[g]; text != "" {
			var hex strings.Builder
			for _, u := range utf16.Encode([]rune(text)) {
				fmt.Fprintf(&hex, "%04X", u)
			}
			lines = append(lines, fmt.Sprintf("<%04X> <%s>\n", g, hex.String()))
		}
	}
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for part := range slices.Chunk(lines, 100) { // more than 100 in one block are not allowed
		fmt.Fprintf(&b, "%d beginbfchar\n%sendbfchar\n", len(part), strings.Join(part, ""))
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return []byte(b.String())
}

// subsetTag is the six letters before the name of a font that is not whole. The
// same glyphs have the same letters.
func subsetTag(glyphs []font.GID) string {
	h := fnv.New32a()
	for _, g := range glyphs {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(g)))
	}
	sum, tag := h.Sum32(), make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + byte(sum%26)
		sum /= 26
	}
	return string(tag)
}
