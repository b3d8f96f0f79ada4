package seed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// Secret is what a member of a world knows and nobody else should.
func Secret(letter string) string { return "w" + letter + "secret" }

// word makes a marker: a word that stands nowhere else.
func (s *Seeder) word(letter string) string {
	s.n++
	return fmt.Sprintf("w%s%05d", letter, s.n)
}

// number makes a number that tells the world it belongs to.
func (s *Seeder) number(letter string, digits int) string {
	s.n++
	lead := map[string]int{"a": 4, "b": 7}[letter]
	if lead == 0 {
		lead = 5
	}
	switch {
	case digits >= 7:
		return fmt.Sprintf("%d%06d", lead, s.n)
	case digits >= 5:
		return fmt.Sprintf("%d%04d", lead%3+1, s.n%10000)
	case digits >= 3:
		return strconv.Itoa(lead*10 + s.n%10)
	}
	return strconv.Itoa(1 + s.n%9)
}

func (s *Seeder) uuid(letter string) string {
	s.n++
	d := map[string]string{"a": "a", "b": "b"}[letter]
	if d == "" {
		d = "5"
	}
	return fmt.Sprintf("%s%07d-0000-4000-8000-%012d", d, s.n, s.n)
}

// key makes the value of a class that isolates: those of one world begin with
// those of the other, which a missing separator lets pass.
func (s *Seeder) key(t *catalog.Type, letter string, c cond.Place) (string, bool) {
	base, ok := s.bases[c]
	if !ok {
		s.n++
		base = s.n%500 + 400
		s.bases[c] = base
	}
	n := strconv.Itoa(base) + "0"
	if letter == "b" {
		n += "2"
	}
	if letter != "a" && letter != "b" {
		s.n++
		n = strconv.Itoa(8000 + s.n%1000)
	}
	switch {
	case t.OID == 21 || t.OID == 23 || t.OID == 20 || t.OID == 1700:
		return n, true
	case t.Category == "S" && t.Kind == "b" && t.OID != 19:
		return n, true
	}
	return "", false
}

const (
	oidBool  = 16
	oidBytea = 17
	oidName  = 19
	oidInt8  = 20
	oidInt2  = 21
	oidInt4  = 23
	oidJSON  = 114
	oidUUID  = 2950
	oidJSONB = 3802
	oidNum   = 1700
	oidChar  = 1042
)

// candidates are values for a column, the best first. Nil stands for null, and
// an empty list for the column's default.
func (s *Seeder) candidates(r *catalog.Relation, c *catalog.Column, x *Context) (out []*string) {
	add := func(v ...string) {
		for _, t := range v {
			out = append(out, &t)
		}
	}
	t := s.Model.Schema.BaseType(c.Type)
	hints := s.hints(r, c, x)
	if t.Category != "N" {
		add(hints...)
	}
	defer func() {
		if t.Category == "N" && len(out) > 1 { // a number that tells whose it is, or one that the checks want
			var more []*string
			for _, h := range hints {
				more = append(more, &h)
			}
			out = append(out[:1:1], append(more, out[1:]...)...)
		}
	}()
	nullable := !c.NotNull && !s.domainNotNull(c.Type)
	switch {
	case c.Default != "" && (t.OID == oidBool || t.Kind == "e" || t.Category == "D" || t.Category == "T"):
		return nil
	case len(hints) > 0 && t.Category == "S" && c.Default != "" && !r.InKey(c.Num):
		return nil
	case t.Category == "D" && nullable:
		return []*string{nil}
	}
	switch {
	case t.OID == oidBool:
		add("false", "true")
	case t.OID == oidUUID:
		add(s.uuid(x.Letter))
	case t.OID == oidInt2:
		add(s.number(x.Letter, 5), "1", "0", "2", "3", "10", "100", "-1")
	case t.OID == oidInt4 || t.OID == oidInt8 || t.Name == "double precision" || t.Name == "real" || t.Name == "money":
		add(s.number(x.Letter, 9), s.number(x.Letter, 5), "1", "0", "2", "5", "10", "50", "100", "2024", "-1")
	case t.OID == oidNum:
		digits := 12
		if c.TypeMod > 4 {
			digits = (c.TypeMod-4)>>16&0xffff - (c.TypeMod-4)&0xffff
		}
		add(s.number(x.Letter, digits), "1", "0", "0.5", "5", "10", "50", "-1")
	case t.Kind == "e":
		add(t.Labels...)
	case t.Category == "S" || t.OID == oidName:
		w := s.word(x.Letter)
		n := 1000
		if (t.OID == oidChar || t.OID == 1043) && c.TypeMod > 4 {
			n = c.TypeMod - 4
		}
		d := s.number(x.Letter, 9)
		for _, v := range []string{
			w, w + "@example.test", d, "https://example.test/" + w, "+91" + d + d[4:],
			strings.ToUpper(w), w[len(w)-min(2, len(w)):], "en", "A", "IN", "INR", "#aabbcc", d + d + d, "1",
		} {
			if len(v) > n {
				v = v[len(v)-n:]
			}
			add(v)
		}
	case t.OID == oidJSONB || t.OID == oidJSON:
		w := s.word(x.Letter)
		add(`{"note":"`+w+`"}`, `["`+w+`"]`, `{}`, `[]`)
	case t.OID == oidBytea:
		sum := sha256.Sum256([]byte(Secret(x.Letter)))
		if x.extra > 0 {
			sum = sha256.Sum256([]byte(s.word(x.Letter)))
		}
		add(`\x` + hex.EncodeToString(sum[:]))
	case t.Category == "D":
		add("2030-06-15 10:00:00+00", "2020-06-15 10:00:00+00", "10:00")
	case t.Category == "T":
		add("1 day")
	case t.Category == "A":
		w := s.word(x.Letter)
		e := s.Model.Schema.BaseType(t.Element)
		switch {
		case e.OID == oidUUID:
			w = s.uuid(x.Letter)
		case e.Category == "N":
			w = s.number(x.Letter, 9)
		case e.Kind == "e" && len(e.Labels) > 0:
			w = e.Labels[0]
		}
		add("{"+w+"}", "{}")
	case t.Category == "I":
		s.n++
		add(fmt.Sprintf("10.%d.%d.%d", s.n>>16&255, s.n>>8&255, s.n&255))
	case t.Kind == "r" || t.Category == "R":
		add("[2030-01-01,2030-02-01)", "[1,10)", "empty")
	case t.Category == "G":
		add("(1,2)", "((1,2),(3,4))", "<(1,2),3>")
	default:
		if nullable {
			return append(out, nil)
		}
		add(s.word(x.Letter), "1", "{}", "2030-01-01")
	}
	if nullable {
		out = append(out, nil)
	}
	return out
}

func (s *Seeder) domainNotNull(oid int) bool {
	for t := s.Model.Schema.Types[oid]; t != nil && t.Kind == "d"; t = s.Model.Schema.Types[t.Base] {
		if t.NotNull {
			return true
		}
	}
	return false
}

// hints are values that the column's checks and its type's checks suggest.
func (s *Seeder) hints(r *catalog.Relation, c *catalog.Column, x *Context) []string {
	var out []string
	visit := func(n *cond.Expr) {
		cond.Walk(n, func(e *cond.Expr) {
			if len(e.Args) != 2 || e.Args[1].Op != cond.Const {
				return
			}
			v := cond.VarOf(e.Args[0])
			if v != nil && v.Column != c {
				return
			}
			k := e.Args[1].Text
			switch {
			case e.Op == cond.Eq && e.Args[0].Op == cond.Var:
				out = append(out, s.enum(k))
			case e.Name == "~" || e.Name == "~*":
				out = append(out, s.matching(k, x)...)
			case e.Name == "~~" && strings.ContainsAny(k, "%_"):
				out = append(out, strings.ReplaceAll(strings.ReplaceAll(k, "%", s.word(x.Letter)), "_", "x"))
			case e.Op == cond.Eq && e.Args[0].Op == cond.Func && strings.Contains(e.Args[0].Name, "length"):
				if n, err := strconv.Atoi(k); err == nil && n > 0 && n < 500 {
					out = append(out, (s.number(x.Letter, 9) + strings.Repeat("0", n))[:n])
				}
			case (e.Name == ">=" || e.Name == "<=") && e.Args[0].Op == cond.Var:
				out = append(out, k)
			case e.Name == ">" && e.Args[0].Op == cond.Var:
				if n, err := strconv.Atoi(k); err == nil && n != 0 {
					out = append(out, strconv.Itoa(n+1))
				}
			case e.Name == "<" && e.Args[0].Op == cond.Var:
				if n, err := strconv.Atoi(k); err == nil {
					out = append(out, strconv.Itoa(n-1))
				}
			}
		})
	}
	for _, k := range r.Checks {
		if slices.Contains(k.Columns, c.Num) {
			if e, _ := s.Model.Reader.Row(k.Node, r); e != nil {
				visit(e)
			}
		}
	}
	for t := s.Model.Schema.Types[c.Type]; t != nil && t.Kind == "d"; t = s.Model.Schema.Types[t.Base] {
		for _, k := range t.Checks {
			for _, m := range quoted.FindAllStringSubmatch(k.Expression, -1) {
				if strings.Contains(k.Expression, "~") {
					out = append(out, s.matching(m[1], x)...)
				} else {
					out = append(out, m[1])
				}
			}
			for _, m := range lazyregexp.New(`(>=|<=) \(?(-?\d+)`).FindAllStringSubmatch(k.Expression, -1) {
				out = append(out, m[2])
			}
		}
	}
	numeric := s.Model.Schema.BaseType(c.Type).Category == "N"
	return slices.DeleteFunc(out, func(v string) bool {
		_, err := strconv.ParseFloat(v, 64)
		return v == "?" || numeric && err != nil
	})
}

var quoted = lazyregexp.New(`'((?:[^']|'')*)'`)

// enum turns the number of an enum's label into the label.
func (s *Seeder) enum(v string) string {
	if n, ok := strings.CutPrefix(v, "enum:"); ok {
		return s.Labels[n]
	}
	return v
}

// matching makes texts that a regular expression accepts.
func (s *Seeder) matching(pattern string, x *Context) []string {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	var out []string
	for _, v := range []string{
		s.word(x.Letter), s.number(x.Letter, 9), s.word(x.Letter) + "@example.test",
		s.generate(pattern),
	} {
		if v != "" && re.MatchString(v) {
			out = append(out, v)
		}
	}
	return out
}

func (s *Seeder) generate(pattern string) string {
	p, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	var walk func(*syntax.Regexp, int)
	walk = func(p *syntax.Regexp, depth int) {
		if depth > 50 || b.Len() > 300 {
			return
		}
		repeat := func(n int) {
			for range n {
				walk(p.Sub[0], depth+1)
			}
		}
		switch p.Op {
		case syntax.OpLiteral:
			b.WriteString(string(p.Rune))
		case syntax.OpCharClass:
			if len(p.Rune) >= 2 {
				s.n++
				lo, hi := p.Rune[0], p.Rune[1]
				b.WriteRune(lo + rune(s.n)%(min(hi, lo+25)-lo+1))
			}
		case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
			b.WriteByte('x')
		case syntax.OpPlus:
			repeat(3)
		case syntax.OpRepeat:
			repeat(max(p.Min, min(1, p.Max)))
		case syntax.OpCapture, syntax.OpConcat:
			for _, c := range p.Sub {
				walk(c, depth+1)
			}
		case syntax.OpAlternate:
			walk(p.Sub[0], depth+1)
		}
	}
	walk(p.Simplify(), 0)
	return b.String()
}
