package seed

import (
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
)

// Fresh are literals that a column takes and that no row holds yet.
func (s *Seeder) Fresh(r *catalog.Relation, c *catalog.Column) []string {
	x := newContext("fresh", "f", nil)
	var out []string
	list := s.candidates(r, c, x)
	if len(list) == 0 { // the default would do for a row, but not for a change
		switch t := s.Model.Schema.BaseType(c.Type); {
		case t.OID == oidBool:
			for _, v := range []string{"true", "false"} {
				list = append(list, &v)
			}
		case t.Kind == "e":
			for _, v := range t.Labels {
				list = append(list, &v)
			}
		case t.Category == "D":
			v := "2031-02-03 04:05:06+00"
			list = append(list, &v)
		case t.Category == "T":
			v := "3 days"
			list = append(list, &v)
		default:
			for _, v := range s.hints(r, c, x) {
				list = append(list, &v)
			}
		}
	}
	if t := s.Model.Schema.BaseType(c.Type); len(list) == 1 && list[0] == nil && t.Category == "D" {
		v := "2031-02-03 04:05:06+00"
		list = append([]*string{&v}, list...)
	}
	for _, v := range list {
		if v != nil && len(out) < 3 {
			out = append(out, Literal(*v, c))
		}
	}
	return out
}

// Draft are literals for a new row that belongs to a tenant, like the one that
// is there but with keys of its own.
func (s *Seeder) Draft(r *catalog.Relation, x *Context) map[int]string {
	out := map[int]string{}
	var old *Row
	for _, row := range s.Rows {
		if row.Relation == r && row.Letter == x.Letter && row.Kind != "ended" {
			old = row
			break
		}
	}
	if old == nil {
		return out
	}
	y := newContext("draft", "d", nil)
	for _, c := range r.Columns {
		v := old.Values[c.Name]
		unique := false
		for _, k := range r.Keys {
			for _, n := range k.Columns {
				unique = unique || n == c.Num
			}
		}
		switch {
		case c.Generated || c.Identity != "":
			continue
		case unique && len(r.Refers(c.Num)) == 0 &&
			(!s.Model.Isolating(r, c.Num) || r.InKey(c.Num) && len(r.Primary().Columns) == 1):
			if list := s.candidates(r, c, y); len(list) > 0 && list[0] != nil {
				out[c.Num] = Literal(*list[0], c)
				continue
			}
		case v == nil && !c.NotNull, c.Default != "" && !s.Model.Isolating(r, c.Num) && len(r.Refers(c.Num)) == 0:
			continue
		}
		if v != nil {
			out[c.Num] = Literal(v, c)
		}
	}
	return out
}
