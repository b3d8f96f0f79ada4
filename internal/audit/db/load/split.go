package load

import "strings"

// A Statement is one statement of a file.
type Statement struct {
	Text string
	File string
	Line int    // of its first word
	Data string // that follows COPY FROM stdin
}

// Split cuts a file into statements as psql does: it knows comments, strings,
// dollar quotes and bodies between BEGIN ATOMIC and END. The data of COPY FROM
// stdin comes with its statement; psql's own commands are left out.
func Split(file, text string) []Statement {
	s := &splitter{text: text, file: file, line: 1}
	s.run()
	return s.out
}

type splitter struct {
	text, file string
	at, line   int
	start      int // of the statement, -1 before its first word
	startLine  int
	parens     int
	atomic     int // depth of BEGIN ATOMIC and CASE within it
	out        []Statement
}

func (s *splitter) run() {
	s.start = -1
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '\n':
			s.line++
			s.at++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == 0xEF || c == 0xBB || c == 0xBF:
			s.at++
		case strings.HasPrefix(s.text[s.at:], "--"):
			s.to(s.find("\n", s.at))
		case strings.HasPrefix(s.text[s.at:], "/*"):
			s.comment()
		case c == '\\' && s.start < 0:
			s.to(s.find("\n", s.at))
		case c == ';' && s.parens <= 0 && s.atomic == 0:
			s.at++
			s.cut()
		default:
			if s.start < 0 {
				s.start, s.startLine = s.at, s.line
			}
			s.token(c)
		}
	}
	s.cut()
}

func (s *splitter) token(c byte) {
	switch {
	case c == '\'':
		escaped := s.at > 0 && (s.text[s.at-1] == 'E' || s.text[s.at-1] == 'e') && (s.at < 2 || !word(s.text[s.at-2]))
		s.quoted('\'', escaped)
	case c == '"':
		s.quoted('"', false)
	case c == '$':
		s.dollar()
	case c == '(':
		s.parens++
		s.at++
	case c == ')':
		s.parens--
		s.at++
	case word(c):
		s.word()
	default:
		s.at++
	}
}

// to moves forward and counts lines.
func (s *splitter) to(at int) {
	s.line += strings.Count(s.text[s.at:at], "\n")
	s.at = at
}

func (s *splitter) find(what string, from int) int {
	if i := strings.Index(s.text[from:], what); i >= 0 {
		return from + i
	}
	return len(s.text)
}

func (s *splitter) comment() {
	depth, i := 0, s.at
	for i < len(s.text) {
		switch {
		case strings.HasPrefix(s.text[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s.text[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				s.to(i)
				return
			}
		default:
			i++
		}
	}
	s.to(len(s.text))
}

func (s *splitter) quoted(q byte, escaped bool) {
	i := s.at + 1
	for i < len(s.text) {
		switch {
		case escaped && s.text[i] == '\\':
			i++
		case s.text[i] == q && i+1 < len(s.text) && s.text[i+1] == q:
			i++
		case s.text[i] == q:
			s.to(i + 1)
			return
		}
		i++
	}
	s.to(len(s.text))
}

func (s *splitter) dollar() {
	i := s.at + 1
	for i < len(s.text) && word(s.text[i]) {
		i++
	}
	if i >= len(s.text) || s.text[i] != '$' || (i > s.at+1 && s.text[s.at+1] >= '0' && s.text[s.at+1] <= '9') ||
		(s.at > 0 && word(s.text[s.at-1])) {
		s.at++
		return
	}
	tag := s.text[s.at : i+1]
	end := s.find(tag, i+1)
	s.to(min(end+len(tag), len(s.text)))
}

func word(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

func (s *splitter) word() {
	i := s.at
	for i < len(s.text) && word(s.text[i]) {
		i++
	}
	w := strings.ToLower(s.text[s.at:i])
	rest := s.text[i:min(len(s.text), i+40)]
	switch {
	case w == "begin" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(rest)), "atomic"):
		s.atomic++
	case s.atomic > 0 && w == "case":
		s.atomic++
	case s.atomic > 0 && w == "end":
		s.atomic--
	}
	s.at = i
}

func (s *splitter) cut() {
	if s.start >= 0 {
		text := strings.TrimSpace(s.text[s.start:s.at])
		if text != ";" && text != "" {
			s.out = append(s.out, Statement{Text: text, File: s.file, Line: s.startLine})
			if up := head(text, 2000); strings.HasPrefix(up, "COPY ") && strings.Contains(up, " FROM STDIN") {
				begin, end := s.find("\n", s.at), s.find("\n\\.", s.at)
				if begin < end {
					s.out[len(s.out)-1].Data = s.text[begin+1 : min(end+1, len(s.text))]
				}
				s.to(min(end+3, len(s.text)))
			}
		}
	}
	s.start, s.parens, s.atomic = -1, 0, 0
}

// head is the beginning of a statement in capitals, with single spaces and
// without comments.
func head(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if i := strings.Index(line, "--"); i >= 0 {
			line = line[:i]
		}
		b.WriteString(line)
		b.WriteByte(' ')
	}
	return strings.ToUpper(strings.Join(strings.Fields(b.String()), " "))
}
