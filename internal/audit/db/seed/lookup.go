package seed

import (
	"regexp"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A lookup is a setting that names no person itself: code looks it up in a
// table of sessions or keys.
type lookup struct {
	relation *catalog.Relation
	column   *catalog.Column
	hex      bool // the setting is the column's bytes in hexadecimal
	secret   bool // the column holds a digest of the setting
}

var digested = lazyregexp.New(`(?i)\b(sha224|sha256|sha384|sha512|md5|digest|crypt|hmac)\s*\(`)

// findLookups reads from the bodies of functions which settings are looked up.
func (s *Seeder) findLookups() {
	s.lookups = map[cond.Slot]lookup{}
	for _, slot := range s.Model.Slots {
		if _, known := s.Model.ClassOfSlot(slot); known || slot.Path != "" || slot.Login() || slot.Client() {
			continue
		}
		for _, f := range s.Model.Schema.Functions {
			if f.Extension || !strings.Contains(f.Body, slot.Setting) {
				continue
			}
			if l, ok := s.lookupIn(f.Body, slot.Setting); ok {
				s.lookups[slot] = l
				break
			}
		}
	}
}

// lookupIn finds the column that a body compares with a setting, directly or
// through a variable that holds it.
func (s *Seeder) lookupIn(body, setting string) (lookup, bool) {
	call := `current_setting\s*\(\s*'` + regexp.QuoteMeta(setting) + `'`
	needles := []string{`[^;=]{0,60}` + call}
	for _, m := range regexp.MustCompile(`(?i)\b(\w+)\s+(?:constant\s+)?[\w.]+\s*:?=\s*([^;]*`+call+`[^;]*);`).
		FindAllStringSubmatch(body, 4) {
		needles = append(needles, regexp.QuoteMeta(m[1])+`\b`)
	}
	for _, n := range needles {
		for _, m := range regexp.MustCompile(`(?i)(?:(\w+)\.)?\b(\w+)\s*=\s*(`+n+`)`).FindAllStringSubmatch(body, -1) {
			for _, r := range s.Model.Schema.Relations {
				if !r.Table() || r.Extension || !named(body, r.Name, m[1]) {
					continue
				}
				for _, c := range r.Columns {
					if c.Name == strings.ToLower(m[2]) && s.inUnique(r, c.Num) {
						return lookup{
							relation: r, column: c,
							hex:    s.Model.Schema.BaseType(c.Type).OID == oidBytea,
							secret: digested.MatchString(body),
						}, true
					}
				}
			}
		}
	}
	return lookup{}, false
}

// named says whether a body names a table, under an alias where there is one.
func named(body, table, alias string) bool {
	pattern := `(?i)\b` + regexp.QuoteMeta(table) + `\b`
	if alias != "" && !strings.EqualFold(alias, table) {
		pattern += `\s+(as\s+)?` + regexp.QuoteMeta(alias) + `\b`
	}
	return regexp.MustCompile(pattern).MatchString(body)
}

// looked is what a person puts into a setting that code looks up.
func (s *Seeder) looked(slot cond.Slot, x *Context) (string, bool) {
	l, ok := s.lookups[slot]
	if !ok {
		return "", false
	}
	if l.secret {
		return Secret(x.Letter), true
	}
	for ; x != nil; x = x.Parent {
		row := x.Rows[l.relation]
		if row == nil {
			continue
		}
		v := text(row.Values[l.column.Name])
		if l.hex {
			v = strings.TrimPrefix(v, `\x`)
		}
		return v, v != ""
	}
	return "", false
}
