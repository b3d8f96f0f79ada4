// Package script parses JavaScript and TypeScript, with JSX, into ir. It keeps
// types, decorators and comments, which compilers to JavaScript throw away and
// which tell what a parameter is. It never fails as a whole: what it cannot
// parse becomes a problem of the file, and it goes on with the next statement.
package script

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

type tkind uint8

const (
	tEOF tkind = iota
	tIdent
	tPunct
	tNum
	tStr
	tTemplate // the text up to ${ or the end
	tRegex
	tPrivate
	tJSXText
)

type token struct {
	kind     tkind
	text     string // identifier, punctuator, value of a string
	pos, end int32
	nl       bool // a line ended before it
	tail     bool // of a template: no ${ follows
}

type lexer struct {
	src      string
	pos      int
	comments []ir.Comment
	seen     int // comments before this offset are collected already
}

func isIdentStart(r rune) bool {
	return r == '$' || r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 && unicode.IsLetter(r)
}

func isIdentPart(r rune) bool {
	return isIdentStart(r) || r >= '0' && r <= '9' || r >= 0x80 &&
		(unicode.IsDigit(r) || r == 0x200c || r == 0x200d || unicode.IsMark(r))
}

// space skips white space and comments, and reports whether a line ended.
func (l *lexer) space() (nl bool) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n' || c == '\r':
			nl = true
			l.pos++
		case c == ' ' || c == '\t' || c == '\v' || c == '\f':
			l.pos++
		case c == '/' && l.pos+1 < len(l.src) && l.src[l.pos+1] == '/':
			end := strings.IndexByte(l.src[l.pos:], '\n')
			if end < 0 {
				end = len(l.src) - l.pos
			}
			l.comment(l.src[l.pos+2:l.pos+end], l.pos)
			l.pos += end
		case c == '/' && l.pos+1 < len(l.src) && l.src[l.pos+1] == '*':
			end := strings.Index(l.src[l.pos+2:], "*/")
			stop := len(l.src)
			if end >= 0 {
				stop = l.pos + 2 + end + 2
			}
			if strings.ContainsRune(l.src[l.pos:stop], '\n') {
				nl = true
			}
			l.comment(strings.TrimSuffix(l.src[l.pos+2:stop], "*/"), l.pos)
			l.pos = stop
		case c == '#' && l.pos == 0 && strings.HasPrefix(l.src, "#!"):
			end := strings.IndexByte(l.src, '\n')
			if end < 0 {
				end = len(l.src)
			}
			l.pos = end
		case c == '<' && strings.HasPrefix(l.src[l.pos:], "<!--"):
			return nl
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(l.src[l.pos:])
			if r == 0x2028 || r == 0x2029 {
				nl = true
			} else if !unicode.IsSpace(r) && r != 0xfeff {
				return nl
			}
			l.pos += n
		default:
			return nl
		}
	}
	return nl
}

func (l *lexer) comment(text string, pos int) {
	if pos < l.seen {
		return
	}
	l.seen = pos + 1
	l.comments = append(l.comments, ir.Comment{Text: text, Pos: int32(pos)})
}

var puncts = []string{
	">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=",
	"=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
	"<<", ">>", "**",
}

// next reads a token; regex tells whether a slash starts a regular expression.
func (l *lexer) next(regex bool) token {
	nl := l.space()
	t := token{pos: int32(l.pos), nl: nl}
	if l.pos >= len(l.src) {
		t.end = t.pos
		return t
	}
	c := l.src[l.pos]
	switch {
	case c == '"' || c == '\'':
		t.kind = tStr
		t.text = l.str(c)
	case c == '`':
		l.pos++
		l.template(&t)
	case c >= '0' && c <= '9' || c == '.' && l.pos+1 < len(l.src) && l.src[l.pos+1] >= '0' && l.src[l.pos+1] <= '9':
		t.kind = tNum
		start := l.pos
		for l.pos < len(l.src) {
			d := l.src[l.pos]
			if d >= '0' && d <= '9' || d == '.' || d == '_' || d >= 'a' && d <= 'z' || d >= 'A' && d <= 'Z' {
				l.pos++
				continue
			}
			if (d == '+' || d == '-') && (l.src[l.pos-1] == 'e' || l.src[l.pos-1] == 'E') &&
				!strings.HasPrefix(l.src[start:], "0x") {
				l.pos++
				continue
			}
			break
		}
		t.text = strings.ReplaceAll(l.src[start:l.pos], "_", "")
	case c == '/' && regex:
		t.kind = tRegex
		t.text = l.regex()
	case c == '#':
		l.pos++
		t.kind = tPrivate
		t.text = "#" + l.ident()
	default:
		r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
		if isIdentStart(r) || c == '\\' {
			t.kind = tIdent
			t.text = l.ident()
			break
		}
		t.kind = tPunct
		for _, p := range puncts {
			if strings.HasPrefix(l.src[l.pos:], p) {
				if p == "?." && l.pos+2 < len(l.src) && l.src[l.pos+2] >= '0' && l.src[l.pos+2] <= '9' {
					continue
				}
				t.text = p
				break
			}
		}
		if t.text == "" {
			_, n := utf8.DecodeRuneInString(l.src[l.pos:])
			t.text = l.src[l.pos : l.pos+n]
		}
		l.pos += len(t.text)
	}
	t.end = int32(l.pos)
	return t
}

func (l *lexer) ident() string {
	start := l.pos
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if r == '\\' {
			n = 1
		} else if !isIdentPart(r) {
			break
		}
		l.pos += n
	}
	if l.pos == start && l.pos < len(l.src) {
		l.pos++
	}
	return l.src[start:l.pos]
}

func (l *lexer) str(quote byte) string {
	l.pos++
	start := l.pos
	escaped := false
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		if c == '\\' {
			escaped = true
			l.pos += 2
			continue
		}
		if c == quote || c == '\n' {
			break
		}
		l.pos++
	}
	end := min(l.pos, len(l.src))
	if l.pos < len(l.src) && l.src[l.pos] == quote {
		l.pos++
	}
	l.pos = min(l.pos, len(l.src))
	if !escaped {
		return l.src[start:end]
	}
	return unescape(l.src[start:end])
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '\n':
		case 'x':
			if i+2 < len(s) {
				b.WriteByte(hex(s[i+1])<<4 | hex(s[i+2]))
				i += 2
			}
		case 'u':
			var r rune
			j := i + 1
			if j < len(s) && s[j] == '{' {
				for j++; j < len(s) && s[j] != '}'; j++ {
					r = r<<4 | rune(hex(s[j]))
				}
			} else {
				for ; j < len(s) && j < i+5; j++ {
					r = r<<4 | rune(hex(s[j]))
				}
				j--
			}
			b.WriteRune(r)
			i = j
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func hex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0
}

// template reads from behind ` or } to ${ or `.
func (l *lexer) template(t *token) {
	t.kind = tTemplate
	start := l.pos
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '\\':
			l.pos = min(l.pos+2, len(l.src))
		case c == '`':
			t.text = unescape(l.src[start:l.pos])
			l.pos++
			t.tail = true
			t.end = int32(l.pos)
			return
		case c == '$' && l.pos+1 < len(l.src) && l.src[l.pos+1] == '{':
			t.text = unescape(l.src[start:l.pos])
			l.pos += 2
			t.end = int32(l.pos)
			return
		default:
			l.pos++
		}
	}
	t.text, t.tail, t.end = l.src[start:l.pos], true, int32(l.pos)
}

func (l *lexer) regex() string {
	start := l.pos
	l.pos++
	class := false
	for l.pos < len(l.src) && l.src[l.pos] != '\n' {
		switch l.src[l.pos] {
		case '\\':
			l.pos++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				l.pos++
				l.ident2()
				return l.src[start:min(l.pos, len(l.src))]
			}
		}
		l.pos++
	}
	l.pos = min(l.pos, len(l.src))
	return l.src[start:l.pos]
}

func (l *lexer) ident2() {
	for l.pos < len(l.src) && l.src[l.pos] >= 'a' && l.src[l.pos] <= 'z' {
		l.pos++
	}
}
