// Package sqltext reads the SQL that stands in programs: which rows a
// statement touches, by which parameters, and what it writes. It reads single
// statements of common dialects and never fails; what it does not know it
// leaves out.
package sqltext

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A Cond is a comparison in WHERE, ON or HAVING.
type Cond struct {
	Col    string // column on the left, without its table
	Table  string // alias or table before it
	Op     string // in lower case; "true" and "false" for a bare column
	Params []int  // numbers of the parameters in it, from 1
	Cols   []string
	Raw    string
	Or     bool // joined by OR
	Sub    bool // in a sub-query
}

// A Set is a column that is written.
type Set struct {
	Col      string
	Params   []int
	Relative bool // computed from its own old value
	Cols     []string
	Raw      string
	Minus    bool // something is subtracted
}

// A Call of a function with parameters.
type Call struct {
	Name   string
	Params []int
	Args   []string
}

// A Stmt is a statement.
type Stmt struct {
	Verb     string // select, insert, update, delete, begin, commit, rollback, set, call, ddl
	Table    string
	Tables   []string
	Select   []string // names of what is selected
	Conds    []Cond
	Sets     []Set
	Calls    []Call
	Lock     bool // FOR UPDATE or an advisory lock
	Conflict string
	Return   []string
	Local    bool   // of a setting
	Setting  string // of set_config and SET
	Limit    bool
	Join     bool
	Agg      bool
	Subs     []*Stmt
	MaxParam int
}

type tok struct {
	kind byte // i identifier, n number, s string, p parameter, o operator
	text string
	low  string
	num  int
}

var start = lazyregexp.New(`(?is)^[\s(]*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(select|insert\s+into|update|delete\s+from|with|begin|start\s+transaction|commit|rollback|set\s|call\s|values|merge|lock\s|reset\s|create\s|alter\s|drop\s|truncate\s|do\s|grant\s|revoke\s)\b?`)

var shape = lazyregexp.New(`(?is)^[\s(]*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:select\s.+|insert\s+into\s+\S+.*|update\s+\S+\s+(?:as\s+\S+\s+|\S+\s+)?set\s.+|delete\s+from\s+\S+.*|with\s+(?:recursive\s+)?\S+\s*(?:\([^)]*\))?\s+as\s.*|begin\b[^a-z]*(?:transaction.*|isolation.*|read.*)?|start\s+transaction.*|commit\s*;?|rollback\s*;?|set\s+(?:local|session|transaction|role|\w+\.\w+|search_path)\b.*|reset\s+\S+|call\s+\S+.*|lock\s+table.*|create\s+(?:or\s|table|index|unique|policy|function|type|view|extension|schema|trigger|materialized).*|alter\s+(?:table|policy|function|type|role).*|truncate\s+.*|merge\s+into.*)$`)

// Is reports whether a text is SQL.
func Is(s string) bool {
	if len(s) < 5 || !start.MatchString(s) {
		return false
	}
	return shape.MatchString(strings.TrimSpace(s))
}

func lex(s string) (out []tok) {
	unnamed := 0
	names := map[string]int{}
	named := func(name string) int {
		if names[name] == 0 {
			names[name] = len(names) + 1
		}
		return names[name]
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '-' && strings.HasPrefix(s[i:], "--"):
			j := strings.IndexByte(s[i:], '\n')
			if j < 0 {
				return out
			}
			i += j
		case c == '/' && strings.HasPrefix(s[i:], "/*"):
			j := strings.Index(s[i:], "*/")
			if j < 0 {
				return out
			}
			i += j + 2
		case c == '\'':
			j := i + 1
			for j < len(s) && (s[j] != '\'' || j+1 < len(s) && s[j+1] == '\'') {
				if s[j] == '\'' {
					j++
				}
				j++
			}
			j = min(j, len(s))
			out = append(out, tok{'s', s[i+1 : j], "", 0})
			i = j + 1
		case c == '"' || c == '`':
			j := strings.IndexByte(s[i+1:], c)
			if j < 0 {
				return out
			}
			out = append(out, tok{'i', s[i+1 : i+1+j], strings.ToLower(s[i+1 : i+1+j]), 0})
			i += j + 2
		case c == '$' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			j := i + 1
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			n, _ := strconv.Atoi(s[i+1 : j])
			out = append(out, tok{'p', s[i:j], "", n})
			i = j
		case c == '$' && strings.HasPrefix(s[i:], "$$"):
			j := strings.Index(s[i+2:], "$$")
			if j < 0 {
				return out
			}
			out = append(out, tok{'s', s[i+2 : i+2+j], "", 0})
			i += j + 4
		case c == '?' && (i+1 >= len(s) || s[i+1] != '|' && s[i+1] != '&'):
			unnamed++
			out = append(out, tok{'p', "?", "", unnamed})
			i++
		case (c == ':' && !strings.HasPrefix(s[i:], "::") || c == '@') && i+1 < len(s) && isWord(s[i+1]) &&
			(i == 0 || s[i-1] != ':'):
			j := i + 1
			for j < len(s) && isWord(s[j]) {
				j++
			}
			out = append(out, tok{'p', s[i:j], strings.ToLower(s[i+1 : j]), named(s[i+1 : j])})
			i = j
		case c == ':' && strings.HasPrefix(s[i:], "::"):
			// a cast says nothing here: skip the type, with brackets
			j := i + 2
			for j < len(s) && (isWord(s[j]) || s[j] == '[' || s[j] == ']' || s[j] == '.' || s[j] == '"') {
				j++
			}
			i = max(j, i+2)
		case c >= '0' && c <= '9':
			j := i
			for j < len(s) && (isWord(s[j]) || s[j] == '.') {
				j++
			}
			out = append(out, tok{'n', s[i:j], "", 0})
			i = j
		case isWord(c):
			j := i
			for j < len(s) && isWord(s[j]) {
				j++
			}
			out = append(out, tok{'i', s[i:j], strings.ToLower(s[i:j]), 0})
			i = j
		default:
			for _, op := range []string{"<>", "!=", "<=", ">=", "||", "->>", "->", "@>", "<@", "!~", "=>"} {
				if strings.HasPrefix(s[i:], op) {
					out = append(out, tok{'o', op, op, 0})
					i += len(op)
					goto next
				}
			}
			out = append(out, tok{'o', string(c), string(c), 0})
			i++
		next:
		}
	}
	// sqlc.arg(name) and sqlc.narg(name) are parameters
	for i := 0; i+5 < len(out); i++ {
		if out[i].low == "sqlc" && out[i+1].low == "." && out[i+3].low == "(" {
			n := named(out[i+4].low)
			out = append(out[:i], append([]tok{{'p', out[i+4].text, out[i+4].low, n}}, out[i+6:]...)...)
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// Parse reads the first statement of a text.
func Parse(text string) *Stmt {
	toks := lex(text)
	if len(toks) > 4000 {
		toks = toks[:4000]
	}
	for i, t := range toks {
		if t.low == ";" {
			toks = toks[:i]
			break
		}
	}
	for len(toks) > 0 && toks[0].low == "(" {
		toks = toks[1:]
	}
	s := parse(toks, false)
	for _, t := range toks {
		if t.kind == 'p' {
			s.MaxParam = max(s.MaxParam, t.num)
		}
	}
	return s
}

// ParseAll reads all statements of a text.
func ParseAll(text string) (list []*Stmt) {
	for _, part := range Split(text) {
		if s := Parse(part); s.Verb != "" {
			list = append(list, s)
		}
	}
	return list
}

// Split cuts a script at its semicolons, outside of strings and bodies.
func Split(text string) (list []string) {
	begin := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\'':
			for i++; i < len(text) && text[i] != '\''; i++ {
			}
		case '-':
			if strings.HasPrefix(text[i:], "--") {
				for i < len(text) && text[i] != '\n' {
					i++
				}
			}
		case '$':
			j := i + 1
			for j < len(text) && isWord(text[j]) {
				j++
			}
			if j < len(text) && text[j] == '$' {
				tag := text[i : j+1]
				if k := strings.Index(text[j+1:], tag); k >= 0 {
					i = j + 1 + k + len(tag) - 1
				}
			}
		case ';':
			list = append(list, text[begin:i])
			begin = i + 1
		}
	}
	if strings.TrimSpace(text[begin:]) != "" {
		list = append(list, text[begin:])
	}
	return list
}

var boundary = map[string]bool{
	"and": true, "or": true, "where": true, "on": true, "not": true, "having": true, "when": true, "then": true,
	"else": true, "end": true, "order": true, "group": true, "limit": true, "returning": true, "for": true,
	"union": true, "set": true, "join": true, "left": true, "inner": true, "right": true, "case": true, "offset": true,
	"select": true, "from": true, "do": true, "cross": true, "full": true, "window": true, "except": true,
	"intersect": true,
}

var cmpOps = map[string]bool{
	"=": true, "<>": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true, "like": true, "ilike": true,
	"in": true, "is": true, "between": true, "~": true, "@>": true, "<@": true, "!~": true,
}

var keywords = map[string]bool{
	"any": true, "all": true, "null": true, "true": true, "false": true, "distinct": true, "as": true, "interval": true,
	"exists": true, "current_date": true, "current_timestamp": true, "asc": true, "desc": true, "excluded": true,
	"date": true, "timestamp": true, "array": true, "some": true, "coalesce": true, "default": true,
}

func parse(t []tok, sub bool) *Stmt {
	s := &Stmt{}
	if len(t) == 0 {
		return s
	}
	switch t[0].low {
	case "with":
		return parseWith(t)
	case "begin", "start":
		s.Verb = "begin"
	case "commit", "rollback":
		s.Verb = t[0].low
	case "set", "reset":
		s.Verb = "set"
		i := 1
		for i < len(t) && (t[i].low == "local" || t[i].low == "session") {
			s.Local = s.Local || t[i].low == "local"
			i++
		}
		if t[0].low == "reset" {
			s.Verb = "reset"
		}
		for ; i < len(t) && t[i].low != "=" && t[i].low != "to"; i++ {
			s.Setting += t[i].low
		}
	case "select", "values":
		s.Verb = "select"
	case "insert", "update", "delete":
		s.Verb = t[0].low
	case "merge":
		s.Verb = "insert"
	case "call":
		s.Verb = "call"
	case "lock":
		s.Verb, s.Lock = "lock", true
	case "create", "alter", "drop", "truncate", "grant", "revoke", "do":
		s.Verb = "ddl"
		return s
	default:
		return s
	}
	s.tables(t)
	s.selectList(t)
	s.conds(t, sub)
	s.calls(t)
	switch s.Verb {
	case "update":
		if i := top(t, 0, "set"); i > 0 {
			s.Sets = sets(region(t[i+1:]))
		}
	case "insert":
		s.insert(t)
	}
	for i := range t {
		switch t[i].low {
		case "for":
			if i+1 < len(t) && (t[i+1].low == "update" || t[i+1].low == "no") {
				s.Lock = true
			}
		case "conflict":
			s.Conflict = "update"
			for j := i; j+1 < len(t); j++ {
				if t[j].low == "do" && t[j+1].low == "nothing" {
					s.Conflict = "nothing"
				}
			}
		case "ignore":
			if s.Verb == "insert" && i <= 2 {
				s.Conflict = "nothing"
			}
		case "duplicate":
			s.Conflict = "update"
		case "returning":
			for j := i + 1; j < len(t); j++ {
				if t[j].kind == 'i' || t[j].low == "*" {
					s.Return = append(s.Return, t[j].low)
				}
			}
		case "limit":
			s.Limit = true
		case "join":
			s.Join = true
		case "count", "sum", "avg", "max", "min":
			if i+1 < len(t) && t[i+1].low == "(" {
				s.Agg = true
			}
		}
	}
	for i := 0; i+1 < len(t); i++ {
		if t[i].low == "(" &&
			(t[i+1].low == "select" || t[i+1].low == "update" || t[i+1].low == "insert" || t[i+1].low == "delete") {
			inner := parse(t[i+1:match(t, i)], true)
			s.Subs = append(s.Subs, inner)
		}
	}
	return s
}

// parseWith reads WITH a AS (…), b AS (…) main: the first that writes counts,
// and the others hang below it.
func parseWith(t []tok) *Stmt {
	var list []*Stmt
	i := 1
	for i < len(t) {
		j := i
		for j < len(t) && !(t[j].low == "(" && j > 0 && (t[j-1].low == "as" || t[j-1].low == "materialized")) {
			j++
		}
		if j >= len(t) {
			break
		}
		end := match(t, j)
		list = append(list, parse(t[j+1:end], false))
		i = end + 1
		if i < len(t) && t[i].low == "," {
			i++
			continue
		}
		break
	}
	main := &Stmt{}
	if i < len(t) {
		main = parse(t[i:], false)
	}
	best := main
	if main.Verb == "select" || main.Verb == "" {
		for _, s := range list {
			if s.Verb != "select" {
				best = s
				break
			}
		}
	}
	for _, s := range append(list, main) {
		if s == best {
			continue
		}
		best.Subs = append(best.Subs, s)
		best.Lock = best.Lock || s.Lock
		best.Tables = append(best.Tables, s.Tables...)
		for _, c := range s.Conds {
			c.Sub = c.Sub || best.Verb != "select"
			best.Conds = append(best.Conds, c)
		}
	}
	return best
}

func match(t []tok, open int) int {
	depth := 0
	for i := open; i < len(t); i++ {
		switch t[i].low {
		case "(":
			depth++
		case ")":
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return len(t)
}

func top(t []tok, from int, words ...string) int {
	depth := 0
	for i := from; i < len(t); i++ {
		switch t[i].low {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 && t[i].kind == 'i' && slices.Contains(words, t[i].low) {
			return i
		}
	}
	return -1
}

// region is what stands before the next clause at this level.
func region(t []tok) []tok {
	if i := top(t, 0, "where", "from", "returning", "order", "limit"); i >= 0 {
		return t[:i]
	}
	depth := 0
	for i := range t {
		switch t[i].low {
		case "(":
			depth++
		case ")":
			depth--
			if depth < 0 {
				return t[:i]
			}
		}
	}
	return t
}

func (s *Stmt) tables(t []tok) {
	add := func(i int) {
		if i >= len(t) || t[i].kind != 'i' || keywords[t[i].low] && t[i].low != "date" || t[i].low == "select" ||
			t[i].low == "lateral" {
			return
		}
		name := t[i].low
		for i+2 < len(t) && t[i+1].low == "." && t[i+2].kind == 'i' {
			name = t[i+2].low
			i += 2
		}
		if !slices.Contains(s.Tables, name) {
			s.Tables = append(s.Tables, name)
		}
	}
	for i := range t {
		switch t[i].low {
		case "from", "join", "into", "using":
			if i > 0 && t[i].low == "from" && (t[i-1].low == "distinct" || inExtract(t, i)) {
				continue
			}
			add(i + 1)
		case "update":
			if i == 0 || t[i-1].low != "for" && t[i-1].low != "do" && t[i-1].low != "key" {
				j := i + 1
				if j < len(t) && t[j].low == "only" {
					j++
				}
				add(j)
			}
		}
	}
	if len(s.Tables) > 0 {
		s.Table = s.Tables[0]
		if s.Verb == "select" {
			if i := top(t, 0, "from"); i >= 0 && i+1 < len(t) && t[i+1].kind == 'i' {
				name := t[i+1].low
				for j := i + 1; j+2 < len(t) && t[j+1].low == "."; j += 2 {
					name = t[j+2].low
				}
				s.Table = name
			} else if i < 0 {
				s.Table = ""
			}
		}
	}
}

// inExtract tells whether the from at i belongs to extract(x from y) and the like.
func inExtract(t []tok, i int) bool {
	depth := 0
	for j := i - 1; j >= 0; j-- {
		switch t[j].low {
		case ")":
			depth++
		case "(":
			if depth == 0 {
				return j > 0 && (t[j-1].low == "extract" || t[j-1].low == "substring" || t[j-1].low == "trim")
			}
			depth--
		}
	}
	return false
}

func (s *Stmt) selectList(t []tok) {
	if s.Verb != "select" {
		return
	}
	end := top(t, 1, "from")
	if end < 0 {
		end = len(t)
	}
	for _, part := range split(t[1:end]) {
		if len(part) == 0 {
			continue
		}
		name := ""
		last := part[len(part)-1]
		switch {
		case last.low == "*":
			name = "*"
		case last.kind == 'i':
			name = last.low
		default:
			for _, x := range part {
				if x.kind == 'i' {
					name = x.low
					break
				}
			}
		}
		s.Select = append(s.Select, name)
	}
}

func split(t []tok) (parts [][]tok) {
	depth, begin := 0, 0
	for i := range t {
		switch t[i].low {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if depth == 0 {
				parts = append(parts, t[begin:i])
				begin = i + 1
			}
		}
	}
	return append(parts, t[begin:])
}

func raw(t []tok) string {
	var b strings.Builder
	for i, x := range t {
		if i > 0 {
			b.WriteByte(' ')
		}
		if x.kind == 's' {
			b.WriteString("'" + x.text + "'")
		} else {
			b.WriteString(x.text)
		}
	}
	return b.String()
}

func columns(t []tok) (cols []string, table string) {
	for i, x := range t {
		if x.kind != 'i' || keywords[x.low] {
			continue
		}
		if i+1 < len(t) && (t[i+1].low == "(" || t[i+1].low == ".") {
			if t[i+1].low == "." && table == "" {
				table = x.low
			}
			continue
		}
		if i >= 2 && t[i-1].low == "." && t[i-2].low == "excluded" {
			continue // the new row, not the old
		}
		cols = append(cols, x.low)
	}
	return cols, table
}

func params(t []tok) (out []int) {
	for _, x := range t {
		if x.kind == 'p' && !slices.Contains(out, x.num) {
			out = append(out, x.num)
		}
	}
	return out
}

// conds collects comparisons in WHERE, ON and HAVING, also of sub-queries.
func (s *Stmt) conds(t []tok, sub bool) {
	active := false
	level := []bool{}
	depth := 0
	subDepth := []int{}
	if sub {
		subDepth = append(subDepth, 0)
	}
	for i := 0; i < len(t); i++ {
		x := t[i]
		switch x.low {
		case "(":
			level = append(level, active)
			depth++
			if i+1 < len(t) && t[i+1].low == "select" {
				subDepth = append(subDepth, depth)
				active = false
			}
			continue
		case ")":
			if len(level) > 0 {
				active = level[len(level)-1]
				level = level[:len(level)-1]
			}
			if n := len(subDepth); n > 0 && subDepth[n-1] == depth && depth > 0 {
				subDepth = subDepth[:n-1]
			}
			depth--
			continue
		}
		if x.kind == 'i' {
			switch x.low {
			case "where", "on", "having":
				if x.low == "on" && i+1 < len(t) && (t[i+1].low == "conflict" || t[i+1].low == "duplicate") {
					active = false
					continue
				}
				active = true
			case "order", "group", "limit", "returning", "union", "set", "from", "select":
				if x.low == "from" && i > 0 && (t[i-1].low == "distinct" || inExtract(t, i)) {
					continue
				}
				active = false
			}
		}
		if !active {
			continue
		}
		if cmpOps[x.low] {
			if x.low == "is" && i+1 < len(t) && t[i+1].low == "distinct" {
				continue
			}
			left, or1 := back(t, i)
			right, or2 := forward(t, i+1)
			lc, table := columns(left)
			rc, rt := columns(right)
			c := Cond{
				Op: x.low, Params: append(params(left), params(right)...), Cols: append(lc, rc...),
				Raw: raw(left) + " " + x.text + " " + raw(right), Or: or1 || or2, Sub: len(subDepth) > 0, Table: table,
			}
			if i > 0 && t[i-1].low == "not" {
				c.Op = "not " + c.Op
			}
			switch {
			case len(lc) > 0:
				c.Col = lc[len(lc)-1]
			case len(rc) > 0:
				c.Col, c.Table = rc[len(rc)-1], rt
			}
			s.Conds = append(s.Conds, c)
			continue
		}
		// a bare column: AND listed, AND NOT paid
		if x.kind == 'i' && !boundary[x.low] && !keywords[x.low] && i > 0 {
			prev := t[i-1].low
			j := i - 1
			if prev == "." && i >= 3 {
				j = i - 3
				prev = t[j].low
			}
			nextBound := i+1 >= len(t) || boundary[t[i+1].low] || t[i+1].low == ")"
			if nextBound && (prev == "and" || prev == "or" || prev == "where" || prev == "not" || prev == "on" ||
				prev == "(" && j > 0 && boundary[t[j-1].low]) {
				op := "true"
				if prev == "not" {
					op = "false"
				}
				s.Conds = append(s.Conds, Cond{
					Col: x.low, Op: op, Cols: []string{x.low}, Raw: x.text,
					Sub: len(subDepth) > 0,
				})
			}
		}
	}
}

func back(t []tok, i int) (part []tok, or bool) {
	depth := 0
	j := i - 1
	for ; j >= 0; j-- {
		if t[j].low == ")" {
			depth++
		}
		if t[j].low == "(" {
			if depth == 0 {
				break
			}
			depth--
		}
		if depth == 0 && t[j].kind == 'i' && boundary[t[j].low] {
			or = t[j].low == "or"
			break
		}
	}
	part = t[j+1 : i]
	if n := len(part); n > 0 && part[n-1].low == "not" {
		part = part[:n-1]
	}
	return part, or
}

func forward(t []tok, i int) (part []tok, or bool) {
	depth := 0
	j := i
	for ; j < len(t); j++ {
		if t[j].low == "(" {
			depth++
			if j+1 < len(t) && t[j+1].low == "select" {
				end := match(t, j)
				j = end
				depth--
				continue
			}
		}
		if t[j].low == ")" {
			if depth == 0 {
				break
			}
			depth--
		}
		if depth == 0 && t[j].kind == 'i' && boundary[t[j].low] && t[j].low != "not" {
			or = t[j].low == "or"
			break
		}
	}
	end := min(j, len(t))
	return t[i:end], or
}

func sets(t []tok) (out []Set) {
	for _, part := range split(t) {
		eq := -1
		for i := range part {
			if part[i].low == "=" {
				eq = i
				break
			}
		}
		if eq < 1 {
			continue
		}
		lhs, _ := columns(part[:eq])
		rhs := part[eq+1:]
		cols, _ := columns(rhs)
		for _, col := range lhs {
			st := Set{Col: col, Params: params(rhs), Cols: cols, Raw: raw(rhs)}
			st.Relative = slices.Contains(cols, col)
			for i, x := range rhs {
				if x.low == "-" && i > 0 {
					st.Minus = true
				}
			}
			out = append(out, st)
		}
	}
	return out
}

func (s *Stmt) insert(t []tok) {
	i := 0
	for i < len(t) && t[i].low != "into" {
		i++
	}
	for i < len(t) && t[i].low != "(" && t[i].low != "select" && t[i].low != "values" {
		i++
	}
	var cols []string
	if i < len(t) && t[i].low == "(" {
		end := match(t, i)
		cols, _ = columns(t[i+1 : end])
		i = end + 1
	}
	for i < len(t) && t[i].low != "values" && t[i].low != "select" {
		i++
	}
	if i < len(t) {
		var parts [][]tok
		if t[i].low == "values" && i+1 < len(t) && t[i+1].low == "(" {
			parts = split(t[i+2 : match(t, i+1)])
		} else if t[i].low == "select" {
			end := top(t, i, "from", "where", "on")
			if end < 0 {
				end = len(t)
			}
			parts = split(t[i+1 : end])
		}
		for k, part := range parts {
			st := Set{Params: params(part), Raw: raw(part)}
			st.Cols, _ = columns(part)
			if k < len(cols) {
				st.Col = cols[k]
			}
			s.Sets = append(s.Sets, st)
		}
	}
	for j := i; j < len(t); j++ {
		if t[j].low == "set" {
			s.Sets = append(s.Sets, sets(region(t[j+1:]))...)
			break
		}
	}
}

func (s *Stmt) calls(t []tok) {
	for i := 0; i+1 < len(t); i++ {
		if t[i].kind != 'i' || t[i+1].low != "(" || boundary[t[i].low] || keywords[t[i].low] || cmpOps[t[i].low] ||
			t[i].low == "values" {
			continue
		}
		if i > 0 && (t[i-1].low == "into" || t[i-1].low == "conflict") {
			continue
		}
		inner := t[i+2 : match(t, i+1)]
		c := Call{Name: t[i].low, Params: params(inner)}
		for _, part := range split(inner) {
			c.Args = append(c.Args, raw(part))
		}
		s.Calls = append(s.Calls, c)
		switch {
		case c.Name == "set_config" && len(c.Args) >= 3:
			s.Setting = strings.Trim(c.Args[0], "'")
			s.Local = strings.EqualFold(c.Args[2], "true")
		case strings.HasPrefix(c.Name, "pg_advisory_xact_lock"), strings.HasPrefix(c.Name, "pg_advisory_lock"):
			s.Lock = true
		}
	}
}
