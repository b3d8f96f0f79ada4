package pdf

import (
	"encoding/binary"
	"slices"

	"github.com/go-text/typesetting/font"
)

// kept are the tables of a TrueType font that a PDF needs to draw glyphs by number.
var kept = []string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"}

// subset returns a TrueType font with the outlines of the used glyphs alone. All
// glyphs keep their numbers. The font is one of ours and well-formed.
func subset(ttf []byte, used map[font.GID]bool) []byte {
	tables := tablesOf(ttf)
	long := binary.BigEndian.Uint16(tables["head"][50:]) == 1
	loca := offsetsOf(tables["loca"], long)
	glyf := tables["glyf"]
	keep := withParts(glyf, loca, used)
	var outlines []byte
	var places []byte
	for i := range loca {
		places = binary.BigEndian.AppendUint32(places, uint32(len(outlines)))
		if i+1 < len(loca) && keep[font.GID(i)] {
			outlines = append(outlines, glyf[loca[i]:loca[i+1]]...)
			for len(outlines)%4 != 0 {
				outlines = append(outlines, 0)
			}
		}
	}
	head := slices.Clone(tables["head"])
	binary.BigEndian.PutUint16(head[50:], 1) // places are long now
	tables["glyf"], tables["loca"], tables["head"] = outlines, places, head
	return joined(tables)
}

// tablesOf returns the kept tables of a font by tag.
func tablesOf(ttf []byte) map[string][]byte {
	out := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		record := ttf[12+16*i:]
		if tag := string(record[:4]); slices.Contains(kept, tag) {
			at, n := binary.BigEndian.Uint32(record[8:]), binary.BigEndian.Uint32(record[12:])
			out[tag] = ttf[at : at+n]
		}
	}
	return out
}

func offsetsOf(loca []byte, long bool) []uint32 {
	var out []uint32
	if long {
		for i := 0; i+4 <= len(loca); i += 4 {
			out = append(out, binary.BigEndian.Uint32(loca[i:]))
		}
		return out
	}
	for i := 0; i+2 <= len(loca); i += 2 {
		out = append(out, 2*uint32(binary.BigEndian.Uint16(loca[i:])))
	}
	return out
}

// withParts adds to the used glyphs those that they are composed of, and the
// glyph for what is missing.
func withParts(glyf []byte, loca []uint32, used map[font.GID]bool) map[font.GID]bool {
	keep := map[font.GID]bool{}
	todo := []font.GID{0}
	for g := range used {
		todo = append(todo, g)
	}
	for len(todo) > 0 {
		g := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if keep[g] || int(g)+1 >= len(loca) {
			continue
		}
		keep[g] = true
		todo = append(todo, partsOf(glyf[loca[g]:loca[g+1]])...)
	}
	return keep
}

// Flags of the parts of a composed glyph.
const (
	wordArguments = 1 << 0
	scaled        = 1 << 3
	moreParts     = 1 << 5
	scaledTwice   = 1 << 6
	transformed   = 1 << 7
)

func partsOf(outline []byte) []font.GID {
	if len(outline) < 10 || int16(binary.BigEndian.Uint16(outline)) >= 0 {
		return nil
	}
	var parts []font.GID
	for p := outline[10:]; ; {
		flags := binary.BigEndian.Uint16(p)
		parts = append(parts, font.GID(binary.BigEndian.Uint16(p[2:])))
		n := 6
		if flags&wordArguments != 0 {
			n += 2
		}
		switch {
		case flags&scaled != 0:
			n += 2
		case flags&scaledTwice != 0:
			n += 4
		case flags&transformed != 0:
			n += 8
		}
		if flags&moreParts == 0 {
			return parts
		}
		p = p[n:]
	}
}

// joined writes tables as a font file.
func joined(tables map[string][]byte) []byte {
	var tags []string
	for _, tag := range kept {
		if len(tables[tag]) > 0 {
			tags = append(tags, tag)
		}
	}
	n, power, exponent := len(tags), 1, 0
	for power*2 <= n {
		power, exponent = power*2, exponent+1
	}
	out := []byte{0, 1, 0, 0}
	for _, v := range []int{n, power * 16, exponent, (n - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at := 12 + 16*n
	var body []byte
	for _, tag := range tags {
		t := tables[tag]
		out = append(out, tag...)
		for _, v := range []uint32{checksum(t), uint32(at + len(body)), uint32(len(t))} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		body = append(body, t...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(out, body...)
}

func checksum(table []byte) uint32 {
	var sum uint32
	for i := 0; i < len(table); i += 4 {
		var word [4]byte
		copy(word[:], table[i:])
		sum += binary.BigEndian.Uint32(word[:])
	}
	return sum
}
