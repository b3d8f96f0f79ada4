package attack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
)

// victims are stored rows of the other tenant.
func (a *Attacker) rows(r *catalog.Relation, letter string) []*seed.Row {
	var out []*seed.Row
	for _, row := range a.Seeder.Rows {
		if row.Relation == r && row.Letter == letter && row.Kind != "ended" {
			out = append(out, row)
		}
	}
	return out
}

func (a *Attacker) writes(ctx context.Context) {
	for _, p := range a.Personas {
		if p.Former {
			continue
		}
		for _, r := range a.relations(p, "delete") {
			a.delete(ctx, p, r)
		}
		for _, r := range a.relations(p, "update") {
			a.update(ctx, p, r)
		}
		for _, r := range a.relations(p, "insert") {
			a.insert(ctx, p, r)
		}
		if a.late() {
			return
		}
	}
}

func (a *Attacker) known(p *Persona, r *catalog.Relation, verb string) bool {
	for _, h := range a.Hits {
		if h.Relation == r && h.Verb == verb && h.Persona.Actor == p.Actor &&
			(h.Persona == p || h.Persona.Nobody || h.Persona.Context == nil) {
			return true
		}
	}
	return false
}

// count asks, with the loader's rights, how many of B's rows meet a condition.
func (a *Attacker) count(ctx context.Context, tx pgx.Tx, r *catalog.Relation, where string) int {
	text, _, err := try(ctx, tx, "select count(*) from "+r.SQL()+" where "+where)
	if err != nil {
		return -1
	}
	n := 0
	_, _ = fmt.Sscan(text, &n)
	return n
}

func keys(rows []*seed.Row) string {
	var parts []string
	for _, r := range rows {
		if k := r.Key(); k != "" {
			parts = append(parts, "("+k+")")
		}
	}
	return strings.Join(parts, " or ")
}

// loosen removes what would stop a statement after the policies let it pass:
// foreign keys that point at the table.
func (a *Attacker) loosen(r *catalog.Relation) string {
	var b strings.Builder
	for _, t := range a.Model.Schema.Relations {
		for _, f := range t.Foreign {
			if f.Target == r.OID && !t.Partition {
				fmt.Fprintf(&b, "alter table %s drop constraint if exists %s;\n", t.SQL(), catalog.Quote(f.Name))
			}
		}
	}
	return b.String()
}

func (a *Attacker) delete(ctx context.Context, p *Persona, r *catalog.Relation) {
	if a.tired(r.FullName()) || a.known(p, r, "delete") {
		return
	}
	base := r
	if r.Kind == "v" {
		a.viewWrite(ctx, p, r, "delete")
		return
	}
	victims := a.rows(base, "b")
	where := keys(victims)
	if where == "" {
		return
	}
	a.Reached[r.FullName()+" delete"] = true
	for _, sql := range []string{"delete from " + r.SQL(), "delete from " + r.SQL() + " where " + where} {
		done := false
		a.as(ctx, p, a.loosen(r), func(tx pgx.Tx) {
			_, n, err := try(ctx, tx, sql)
			a.timed(r.FullName(), err)
			if err != nil || n == 0 {
				return
			}
			own(ctx, tx)
			if left := a.count(ctx, tx, r, where); left >= 0 && left < len(victims) {
				a.Hits = append(
					a.Hits,
					Hit{
						Relation: r, Verb: "delete", How: "delete", Persona: p, Steps: append(a.session(p), sql+";"),
						Saw: fmt.Sprintf(
							"%d of the other tenant's rows are gone",
							len(victims)-left,
						), Orphan: onlyOrphans(victims),
					},
				)
				done = true
			}
		})
		if done {
			return
		}
	}
}

func onlyOrphans(rows []*seed.Row) bool {
	return !slices.ContainsFunc(rows, func(r *seed.Row) bool { return r.Kind != "orphan" })
}

// changeable picks columns that can be set without breaking keys.
func (a *Attacker) changeable(p *Persona, r *catalog.Relation) []*catalog.Column {
	var out []*catalog.Column
	for _, c := range r.Columns {
		unique := slices.ContainsFunc(r.Keys, func(k *catalog.Key) bool { return slices.Contains(k.Columns, c.Num) })
		if c.Generated || c.Identity == "a" || unique || len(r.Refers(c.Num)) > 0 ||
			!a.Privs.Column(p.Actor.Role, r, "update", c.Num) ||
			a.Model.Isolating(r, c.Num) {
			continue
		}
		out = append(out, c)
	}
	return out
}

func (a *Attacker) update(ctx context.Context, p *Persona, r *catalog.Relation) {
	if r.Kind == "v" {
		a.viewWrite(ctx, p, r, "update")
		return
	}
	victims := a.rows(r, "b")
	where := keys(victims)
	if where == "" {
		return
	}
	a.Reached[r.FullName()+" update"] = true
	if !a.known(p, r, "update") {
		a.change(ctx, p, r, victims, where)
	}
	if !a.known(p, r, "update") {
		a.takeover(ctx, p, r, victims, where)
	}
	if !a.known(p, r, "update") && p.Context != nil && p.Extra == nil {
		a.move(ctx, p, r)
	}
}

// change sets a harmless column of the other tenant's rows.
func (a *Attacker) change(ctx context.Context, p *Persona, r *catalog.Relation, victims []*seed.Row, where string) {
	for i, c := range a.changeable(p, r) {
		if i == 3 {
			return
		}
		for _, v := range a.Seeder.Fresh(r, c)[:] {
			set := catalog.Quote(c.Name) + " = " + v
			for _, sql := range []string{
				"update " + r.SQL() + " set " + set,
				"update " + r.SQL() + " set " + set + " where " + where,
			} {
				hit := false
				a.as(ctx, p, "", func(tx pgx.Tx) {
					own(ctx, tx)
					before := a.count(ctx, tx, r, "("+where+") and "+catalog.Quote(c.Name)+" is not distinct from "+v)
					_, _ = tx.Exec(ctx, "set local role "+catalog.Quote(p.Actor.Role))
					_, n, err := try(ctx, tx, sql)
					if err != nil || n == 0 {
						return
					}
					own(ctx, tx)
					if after := a.count(ctx, tx, r,
						"("+where+") and "+catalog.Quote(c.Name)+" is not distinct from "+v); after > before &&
						before >= 0 {
						hit = true
						a.Hits = append(
							a.Hits,
							Hit{
								Relation: r,
								Verb:     "update",
								How:      "change",
								Persona:  p,
								Steps:    append(a.session(p), sql+";"),
								Saw: fmt.Sprintf(
									"%d of the other tenant's rows changed",
									after-before,
								),
								Orphan: onlyOrphans(victims),
							},
						)
					}
				})
				if hit {
					return
				}
			}
		}
	}
}

// isolatingColumns are the columns that say whose a row is.
func (a *Attacker) isolatingColumns(p *Persona, r *catalog.Relation, verb string) []*catalog.Column {
	var out []*catalog.Column
	for _, c := range r.Columns {
		if !c.Generated && a.Model.Isolating(r, c.Num) && a.Privs.Column(p.Actor.Role, r, verb, c.Num) {
			out = append(out, c)
		}
	}
	return out
}

// takeover makes the other tenant's rows one's own.
func (a *Attacker) takeover(ctx context.Context, p *Persona, r *catalog.Relation, victims []*seed.Row, where string) {
	var sets []string
	var columns []*catalog.Column
	for _, c := range a.isolatingColumns(p, r, "update") {
		if v, ok := p.Context.Value(a.Model.Class(r, c.Num)); ok && !r.InKey(c.Num) {
			sets = append(sets, catalog.Quote(c.Name)+" = "+seed.Literal(v, c))
			columns = append(columns, c)
		}
	}
	tries := slices.Clone(sets)
	if len(sets) > 1 {
		tries = append(tries, strings.Join(sets, ", "))
	}
	for _, set := range tries {
		for _, sql := range []string{
			"update " + r.SQL() + " set " + set,
			"update " + r.SQL() + " set " + set + " where " + where,
		} {
			hit := false
			a.as(ctx, p, "", func(tx pgx.Tx) {
				_, n, err := try(ctx, tx, sql)
				if err != nil || n == 0 {
					return
				}
				own(ctx, tx)
				left := a.count(ctx, tx, r, "("+where+") and "+strings.ReplaceAll(set, ", ", " and "))
				if left > 0 {
					hit = true
					a.Hits = append(
						a.Hits,
						Hit{
							Relation: r,
							Verb:     "update",
							How:      "takeover",
							Persona:  p,
							Steps:    append(a.session(p), sql+";"),
							Columns:  columns,
							Saw: fmt.Sprintf(
								"%d of the other tenant's rows belong to the attacker now",
								left,
							),
							Orphan: onlyOrphans(victims),
						},
					)
				}
			})
			if hit {
				return
			}
		}
	}
}

// move hands one's own row to the other tenant, or hangs it on its parent.
func (a *Attacker) move(ctx context.Context, p *Persona, r *catalog.Relation) {
	mine := a.rows(r, "a")
	where := keys(mine)
	if where == "" || a.Model.MembershipOf(r) != nil {
		return
	}
	var columns []*catalog.Column
	for _, c := range r.Columns {
		if c.Generated || r.InKey(c.Num) && len(r.Primary().Columns) == 1 ||
			!a.Privs.Column(p.Actor.Role, r, "update", c.Num) {
			continue
		}
		if a.Model.Isolating(r, c.Num) && !a.Model.PersonColumn(r, c.Num) {
			columns = append(columns, c)
		}
	}
	if slices.ContainsFunc(columns, func(c *catalog.Column) bool { return c.NotNull }) {
		columns = slices.DeleteFunc(columns, func(c *catalog.Column) bool { return !c.NotNull })
	}
	for _, c := range columns {
		v, ok := a.Seeder.B.Value(a.Model.Class(r, c.Num))
		if !ok {
			continue
		}
		set := catalog.Quote(c.Name) + " = " + seed.Literal(v, c)
		for _, sql := range []string{
			"update " + r.SQL() + " set " + set,
			"update " + r.SQL() + " set " + set + " where " + where,
		} {
			hit := false
			a.as(ctx, p, "", func(tx pgx.Tx) {
				_, n, err := try(ctx, tx, sql)
				if err != nil || n == 0 {
					return
				}
				own(ctx, tx)
				if left := a.count(ctx, tx, r, "("+where+") and "+set); left > 0 {
					hit = true
					a.Hits = append(
						a.Hits,
						Hit{
							Relation: r,
							Verb:     "update",
							How:      "move",
							Persona:  p,
							Steps:    append(a.session(p), sql+";"),
							Columns:  []*catalog.Column{c},
							Saw:      "a row was handed to the other tenant",
						},
					)
				}
			})
			if hit {
				return
			}
		}
	}
}

// insert plants rows with the other tenant.
func (a *Attacker) insert(ctx context.Context, p *Persona, r *catalog.Relation) {
	if a.tired(r.FullName()) || a.known(p, r, "insert") || r.Schema == "storage" {
		return
	}
	if r.Kind == "v" {
		a.viewWrite(ctx, p, r, "insert")
		return
	}
	victims := a.rows(r, "b")
	if len(victims) == 0 {
		return
	}
	a.Reached[r.FullName()+" insert"] = true
	columns := a.isolatingColumns(p, r, "insert")
	tenant := slices.ContainsFunc(columns, func(c *catalog.Column) bool { return !a.Model.PersonColumn(r, c.Num) })
	// all of it the other tenant's; then the author oneself and the tenant the other's
	plans := []bool{false}
	if tenant && p.Context != nil {
		plans = append(plans, true)
	}
	for _, author := range plans {
		values := a.Seeder.Draft(r, a.Seeder.B)
		free := false
		for _, c := range columns {
			own := author && a.Model.PersonColumn(r, c.Num)
			x := a.Seeder.B
			if own {
				x = p.Context
			}
			if v, ok := x.Value(a.Model.Class(r, c.Num)); ok &&
				!(r.InKey(c.Num) && len(r.Primary().Columns) == 1 && len(r.Refers(c.Num)) == 0) {
				values[c.Num] = seed.Literal(v, c)
				free = free || !own
			}
		}
		if !free && !a.chained(r) {
			continue
		}
		sql := insertSQL(
			r,
			values,
			func(c *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", c.Num) },
		)
		hit := false
		a.as(ctx, p, "", func(tx pgx.Tx) {
			_, n, err := try(ctx, tx, sql)
			if code := sqlstate(err); code == "23505" || code == "23503" || err == nil && n > 0 {
				hit = true
				how := "plant"
				if author {
					how = "author"
				}
				a.Hits = append(
					a.Hits,
					Hit{
						Relation: r,
						Verb:     "insert",
						How:      how,
						Persona:  p,
						Steps:    append(a.session(p), sql+";"),
						Columns:  columns,
						Saw:      "a row was stored with the other tenant",
					},
				)
			}
		})
		if hit {
			return
		}
	}
}

// chained says whether a row belongs to somebody through a parent only.
func (a *Attacker) chained(r *catalog.Relation) bool {
	return a.Model.Tied(r) &&
		!slices.ContainsFunc(r.Columns, func(c *catalog.Column) bool { return a.Model.Isolating(r, c.Num) })
}

func insertSQL(r *catalog.Relation, values map[int]string, may func(*catalog.Column) bool) string {
	var names, literals []string
	for _, c := range r.Columns {
		if v, ok := values[c.Num]; ok && may(c) && !c.Generated && c.Identity != "a" {
			names = append(names, catalog.Quote(c.Name))
			literals = append(literals, v)
		}
	}
	if len(names) == 0 {
		return "insert into " + r.SQL() + " default values"
	}
	return fmt.Sprintf(
		"insert into %s (%s) values (%s)",
		r.SQL(),
		strings.Join(names, ", "),
		strings.Join(literals, ", "),
	)
}

// viewWrite writes through a view.
func (a *Attacker) viewWrite(ctx context.Context, p *Persona, r *catalog.Relation, verb string) {
	if a.known(p, r, verb) || !r.Updatable && verb != "insert" || !r.Insertable && verb == "insert" {
		return
	}
	q := a.Model.Reader.View(r)
	if q == nil || len(q.From) != 1 || q.From[0].Relation == nil {
		return
	}
	base := q.From[0].Relation
	column := func(c *catalog.Column) *catalog.Column { // of the view
		for i, x := range q.Select {
			if v := x; v.Op == cond.Var && v.Column == c && i < len(r.Columns) {
				return r.Columns[i]
			}
		}
		return nil
	}
	victims := a.rows(base, "b")
	where := keys(victims)
	if where == "" {
		return
	}
	a.Reached[r.FullName()+" "+verb] = true
	var tries []string
	switch verb {
	case "delete":
		tries = []string{"delete from " + r.SQL()}
	case "update":
		for _, c := range base.Columns {
			unique := slices.ContainsFunc(
				base.Keys,
				func(k *catalog.Key) bool { return slices.Contains(k.Columns, c.Num) },
			)
			if vc := column(c); vc != nil && !unique && !c.Generated && len(base.Refers(c.Num)) == 0 &&
				a.Privs.Column(p.Actor.Role, r, "update", vc.Num) &&
				len(tries) < 3 {
				for _, v := range a.Seeder.Fresh(base, c) {
					tries = append(tries, "update "+r.SQL()+" set "+catalog.Quote(vc.Name)+" = "+v)
					break
				}
			}
		}
	case "insert":
		values := map[int]string{}
		for n, v := range a.Seeder.Draft(base, a.Seeder.B) {
			if vc := column(base.Column(n)); vc != nil {
				values[vc.Num] = v
			}
		}
		identity := func(c *catalog.Column) bool {
			for _, b := range base.Columns {
				if column(b) == c && (b.Identity == "a" || b.Generated) {
					return false
				}
			}
			return a.Privs.Column(p.Actor.Role, r, "insert", c.Num)
		}
		tries = []string{insertSQL(r, values, identity)}
	}
	for _, sql := range tries {
		hit := false
		a.as(ctx, p, a.loosen(base), func(tx pgx.Tx) {
			own(ctx, tx)
			before := a.snapshot(ctx, tx, []*catalog.Relation{base})
			_, _ = tx.Exec(ctx, "set local role "+catalog.Quote(p.Actor.Role))
			_, n, err := try(ctx, tx, sql)
			a.timed(r.FullName(), err)
			if err != nil || n == 0 {
				return
			}
			own(ctx, tx)
			if changed := a.changed(before, a.snapshot(ctx, tx, []*catalog.Relation{base}), "b"); changed != "" {
				hit = true
				a.Hits = append(
					a.Hits,
					Hit{
						Relation: r,
						Verb:     verb,
						How:      "view",
						Persona:  p,
						Steps:    append(a.session(p), sql+";"),
						Saw:      changed,
					},
				)
			}
		})
		if hit {
			return
		}
	}
}

// changed is a row of a tenant that is in one snapshot and not in the other.
func (a *Attacker) changed(before, after map[*catalog.Relation][]string, letter string) string {
	for r, rows := range before {
		for _, line := range rows {
			if len(a.Seeder.Seen(line, letter)) > 0 && !slices.Contains(after[r], line) {
				return "changed: " + cut(line)
			}
		}
		for _, line := range after[r] {
			if len(a.Seeder.Seen(line, letter)) > 0 && !slices.Contains(rows, line) {
				return "new: " + cut(line)
			}
		}
	}
	return ""
}

func cut(s string) string {
	if len(s) > 300 {
		return strings.ToValidUTF8(s[:300], "") + " …"
	}
	return s
}
