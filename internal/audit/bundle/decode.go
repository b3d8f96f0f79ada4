package bundle

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"unicode/utf8"
)

// The bounds of decoding: a text within a text within a text is a program, and
// more than that an attack on the reader.
const (
	maxDepth    = 4
	maxDecoded  = 96 << 20 // of all layers of one file
	shortestB64 = 24
	longestB64  = 24 << 20
)

// A layer is a text that was found by decoding another one.
type layer struct {
	text  []byte
	how   string // "unescaped", "decoded" or "percent"
	marks []mark // in order
}

// A mark says where a part of the layer comes from.
type mark struct{ at, origin int }

// origin is where in the text below something in the layer comes from.
func (l *layer) origin(at int) int {
	i := sort.Search(len(l.marks), func(i int) bool { return l.marks[i].at > at })
	if i == 0 {
		return at
	}
	m := l.marks[i-1]
	if l.how != "unescaped" {
		return m.origin
	}
	return m.origin + at - m.at
}

// layers decodes a text in every way that code hides text from a search for
// letters, each once; it is called again on what comes out.
func layers(b []byte, depth int) []layer {
	var out []layer
	if depth == 0 || slices.ContainsFunc(escapes, func(e []byte) bool { return bytes.Contains(b, e) }) {
		if l := unescape(b); l != nil {
			out = append(out, *l)
		}
	}
	if l := decodeRuns(b); l != nil {
		out = append(out, *l)
	}
	if l := unpercent(b); l != nil {
		out = append(out, *l)
	}
	return out
}

// escapes show that a text within a text is escaped once more. Other backslashes, as in expressions, hide nothing.
var escapes = [][]byte{[]byte(`\"`), []byte(`\x`), []byte(`\u`), []byte(`\/`)}

// unescape resolves the escapes of JavaScript and JSON, and joins literals that
// are added ("sk_" + "live_"). It returns nil when there are none.
func unescape(b []byte) *layer {
	if bytes.IndexByte(b, '\\') < 0 && !hasJoin(b) {
		return nil
	}
	l := &layer{how: "unescaped", text: make([]byte, 0, len(b))}
	changed, lastMark := false, -1<<30
	for i := 0; i < len(b); {
		c := b[i]
		size, n := 1, 0 // read, and written
		var buf [utf8.UTFMax]byte
		switch c {
		case '\\':
			size, n = escape(b[i:], &buf)
		case '"', '\'', '`':
			if j := join(b[i:]); j > 0 {
				size = j
				break
			}
			buf[0], n = c, 1
		default:
			buf[0], n = c, 1
		}
		l.text = append(l.text, buf[:n]...)
		i += size
		if size != n {
			changed = true
			if len(l.text)-lastMark >= 32 {
				l.marks = append(l.marks, mark{len(l.text), i})
				lastMark = len(l.text)
			}
		}
	}
	if !changed {
		return nil
	}
	return l
}

// escape resolves the escape at the beginning of b.
func escape(b []byte, buf *[utf8.UTFMax]byte) (size, n int) {
	if len(b) < 2 {
		buf[0] = b[0]
		return 1, 1
	}
	number := func(from, digits int) (rune, bool) {
		if len(b) < from+digits {
			return 0, false
		}
		v, err := strconv.ParseUint(string(b[from:from+digits]), 16, 32)
		return rune(v), err == nil && v <= utf8.MaxRune
	}
	switch b[1] {
	case 'n', 'r':
		buf[0] = '\n'
		return 2, 1
	case 't', 'b', 'f', 'v':
		buf[0] = ' '
		return 2, 1
	case 'x':
		if r, ok := number(2, 2); ok {
			return 4, utf8.EncodeRune(buf[:], r)
		}
	case 'u':
		if r, ok := number(2, 4); ok {
			return 6, utf8.EncodeRune(buf[:], r)
		}
		if end := bytes.IndexByte(b[:min(len(b), 12)], '}'); len(b) > 3 && b[2] == '{' && end > 3 {
			if r, ok := number(3, end-3); ok {
				return end + 1, utf8.EncodeRune(buf[:], r)
			}
		}
	}
	buf[0] = b[1]
	return 2, 1
}

// join is the length of a quote, a plus and a quote at the beginning of b.
func join(b []byte) int {
	i := 1
	for i < len(b) && i < 8 && (b[i] == ' ' || b[i] == '\n') {
		i++
	}
	if i >= len(b) || b[i] != '+' {
		return 0
	}
	for i++; i < len(b) && i < 16 && (b[i] == ' ' || b[i] == '\n'); i++ {
		continue
	}
	if i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == '`') {
		return i + 1
	}
	return 0
}

func hasJoin(b []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '+')
		if i < 0 {
			return false
		}
		i += at
		at = i + 1
		before := bytes.TrimRight(b[max(0, i-8):i], " \n")
		after := bytes.TrimLeft(b[i+1:min(len(b), i+9)], " \n")
		if len(before) > 0 && len(after) > 0 && bytes.IndexByte([]byte("\"'`"), before[len(before)-1]) >= 0 &&
			bytes.IndexByte([]byte("\"'`"), after[0]) >= 0 {
			return true
		}
	}
}

// runByte are the characters of base64, of its variant for addresses, and of hexadecimal numbers.
var runByte = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' ||
			c == '-' || c == '_'
	}
	return t
}()

// decodeRuns decodes what looks like base64 or hexadecimal and yields text. All
// that comes out is one layer, a line for each.
func decodeRuns(b []byte) *layer {
	l := &layer{how: "decoded"}
	for i := 0; i < len(b); {
		if !runByte[b[i]] {
			i++
			continue
		}
		end := i
		for end < len(b) && runByte[b[end]] {
			end++
		}
		if n := end - i; n >= shortestB64 && n <= longestB64 && len(l.text) < maxDecoded {
			for _, text := range decoded(b[i:end]) {
				l.marks = append(l.marks, mark{len(l.text), i})
				l.text = append(append(l.text, text...), '\n')
			}
		}
		i = end
	}
	if len(l.text) == 0 {
		return nil
	}
	return l
}

func decoded(run []byte) (out [][]byte) {
	if len(run)%2 == 0 && len(run) >= 40 {
		if text, err := hex.DecodeString(string(run)); err == nil && readable(text) {
			return [][]byte{text}
		}
	}
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(run, "-_") {
		encoding = base64.RawURLEncoding
	}
	if len(run)%4 == 1 { // no base64 has this length; the first character may belong to what stands before
		run = run[1:]
	}
	text := make([]byte, encoding.DecodedLen(len(run)))
	n, err := encoding.Decode(text, run)
	if err == nil && readable(text[:n]) {
		out = append(out, text[:n])
	}
	return out
}

// readable tells text from what comes out when a word is taken for base64.
func readable(b []byte) bool {
	if len(b) < 12 {
		return false
	}
	head := b[:min(len(b), 2048)]
	good := 0
	for _, c := range head {
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\r' || c == '\t' {
			good++
		}
	}
	return good*100 >= len(head)*85 && (good == len(head) || utf8.Valid(head[:len(head)-min(len(head), utf8.UTFMax)]))
}

// unpercent resolves percent-encoding, which carries JSON in addresses and
// cookies. Only the words that hold it are in the layer, a line for each.
func unpercent(b []byte) *layer {
	l := &layer{how: "percent"}
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '%')
		if i < 0 {
			break
		}
		i += at
		start, end := i, i
		for start > at && i-start < 4096 && inAddress[b[start-1]] {
			start--
		}
		for end < len(b) && end-i < 1<<20 && inAddress[b[end]] {
			end++
		}
		if text, changed := fromPercent(b[start:end]); changed {
			l.marks = append(l.marks, mark{len(l.text), start})
			l.text = append(append(l.text, text...), '\n')
		}
		at = max(end, i+1)
	}
	if len(l.text) == 0 {
		return nil
	}
	return l
}

// inAddress are the characters that an encoded address or cookie has.
var inAddress = func() (t [256]bool) {
	for _, c := range []byte("%._~!*()&=+-/:?,;@|[]{}") {
		t[c] = true
	}
	for c := range 256 {
		t[c] = t[c] || runByte[c]
	}
	return t
}()

func fromPercent(b []byte) (text []byte, changed bool) {
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if v, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				text = append(text, byte(v))
				i += 2
				changed = true
				continue
			}
		}
		text = append(text, b[i])
	}
	return text, changed
}
