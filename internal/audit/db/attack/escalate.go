package attack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
)

// escalations change what one may change about oneself, and look whether that
// opens anything.
func (a *Attacker) escalations(ctx context.Context) {
	for _, p := range a.Personas {
		if p.Context == nil || p.Former || p.Extra != nil || p.Context.Rank != "" {
			continue
		}
		for _, ms := range a.Model.Memberships {
			if a.Privs.Some(p.Actor.Role, ms.Relation, "insert") {
				a.joinIn(ctx, p, ms.Relation, ms.Person, ms.Tenants, ms.Ranks)
			}
		}
		for _, r := range a.relations(p, "update") {
			if r.Table() && len(a.Model.Dependents(r)) > 0 {
				a.raise(ctx, p, r)
			}
			if a.late() {
				return
			}
		}
		for _, r := range a.relations(p, "insert") {
			if r.Table() && len(a.Model.Dependents(r)) > 0 && a.Model.MembershipOf(r) == nil {
				a.begetting(ctx, p, r)
			}
		}
	}
}

// joinIn makes oneself a member of the other tenant.
func (a *Attacker) joinIn(
	ctx context.Context,
	p *Persona,
	r *catalog.Relation,
	person *catalog.Column,
	tenants, ranks []*catalog.Column,
) {
	base := a.Seeder.Draft(r, a.Seeder.B)
	me, ok := p.Context.Value(a.Model.Class(r, person.Num))
	if !ok {
		return
	}
	base[person.Num] = seed.Literal(me, person)
	for _, t := range tenants {
		if v, ok := a.Seeder.B.Value(a.Model.Class(r, t.Num)); ok {
			base[t.Num] = seed.Literal(v, t)
		}
	}
	plans := []map[int]string{base}
	for _, c := range ranks {
		for _, v := range a.Seeder.Ranks(r, c) {
			plan := map[int]string{}
			for k, w := range base {
				plan[k] = w
			}
			plan[c.Num] = seed.Literal(v, c)
			plans = append(plans, plan)
		}
	}
	for _, plan := range plans {
		sql := insertSQL(
			r,
			plan,
			func(c *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", c.Num) },
		)
		done := false
		a.as(ctx, p, "", func(tx pgx.Tx) {
			_, n, err := try(ctx, tx, sql)
			if err != nil || n == 0 {
				return
			}
			done = true
			opened, saw := a.openedBy(ctx, tx, p, r)
			if saw == "" {
				saw = "the attacker is a member of the other tenant now"
			}
			a.Hits = append(
				a.Hits,
				Hit{
					Relation: r,
					Verb:     "insert",
					How:      "join",
					Persona:  p,
					Steps:    append(a.session(p), sql+";"),
					Saw:      saw,
					Opened:   opened,
					Columns:  tenants,
				},
			)
		})
		if done {
			return
		}
	}
}

// openedBy are dependents of a relation that show more than they did before.
func (a *Attacker) openedBy(
	ctx context.Context,
	tx pgx.Tx,
	p *Persona,
	r *catalog.Relation,
) (out []*catalog.Relation, saw string) {
	for _, t := range a.relations(p, "select") {
		if !a.Model.Dependents(r)[t] || t == r {
			continue
		}
		text, _, err := try(ctx, tx, a.selectSQL(p, t))
		if err != nil {
			continue
		}
		for _, letter := range []string{"b", "s"} {
			old := a.sights[p][t]
			if letter == "s" {
				old = a.shared[p][t]
			}
			for _, w := range a.Seeder.Seen(text, letter) {
				if !slices.Contains(old, w) {
					out = append(out, t)
					if saw == "" {
						saw = lineWith(text, []string{w})
					}
					break
				}
			}
		}
	}
	return out, saw
}

// raise updates one's own row, column by column, and looks what opens.
func (a *Attacker) raise(ctx context.Context, p *Persona, r *catalog.Relation) {
	mine := keys(a.rows(r, "a"))
	if p.Nobody || mine == "" {
		return
	}
	ms := a.Model.MembershipOf(r)
	for _, c := range r.Columns {
		if c.Generated || c.Identity == "a" || r.InKey(c.Num) && ms == nil ||
			!a.Privs.Column(p.Actor.Role, r, "update", c.Num) {
			continue
		}
		for _, v := range a.tempting(r, c) {
			set := catalog.Quote(c.Name) + " = " + v
			if ms != nil && slices.Contains(ms.Tenants, c) {
				for _, k := range ms.Ranks {
					if ranks := a.tempting(r, k); len(ranks) > 0 && a.Privs.Column(p.Actor.Role, r, "update", k.Num) {
						set += ", " + catalog.Quote(k.Name) + " = " + ranks[0]
					}
				}
			}
			sql := "update " + r.SQL() + " set " + set + " where " + mine
			done := false
			a.as(ctx, p, "", func(tx pgx.Tx) {
				_, n, err := try(ctx, tx, sql)
				if err != nil || n == 0 {
					return
				}
				if opened, saw := a.openedBy(ctx, tx, p, r); len(opened) > 0 {
					done = true
					a.Hits = append(
						a.Hits,
						Hit{
							Relation: r, Verb: "update", How: "raise", Persona: p, Columns: []*catalog.Column{c},
							Steps: append(
								a.session(p),
								sql+";",
								a.selectSQL(p, opened[0])+";",
							), Saw: saw, Opened: opened,
						},
					)
				}
			})
			if done {
				break
			}
		}
	}
}

// begetting inserts a row of one's own with tempting values.
func (a *Attacker) begetting(ctx context.Context, p *Persona, r *catalog.Relation) {
	base := a.Seeder.Draft(r, a.Seeder.A)
	for _, c := range r.Columns {
		if v, ok := p.Context.Value(a.Model.Class(r, c.Num)); ok && a.Model.Isolating(r, c.Num) {
			base[c.Num] = seed.Literal(v, c)
		}
	}
	for _, c := range r.Columns {
		if c.Generated || r.InKey(c.Num) || a.Model.Isolating(r, c.Num) || !a.Model.Decides(r, c.Num) ||
			!a.Privs.Column(p.Actor.Role, r, "insert", c.Num) {
			continue
		}
		for _, v := range a.tempting(r, c) {
			base[c.Num] = v
			sql := insertSQL(
				r,
				base,
				func(c *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", c.Num) },
			)
			done := false
			a.as(ctx, p, "", func(tx pgx.Tx) {
				if mine := keys(a.rows(r, "a")); mine != "" {
					own(ctx, tx)
					_, _, _ = try(ctx, tx, "delete from "+r.SQL()+" where "+mine)
					_, _ = tx.Exec(ctx, "set local role "+catalog.Quote(p.Actor.Role))
				}
				_, n, err := try(ctx, tx, sql)
				if err != nil || n == 0 {
					return
				}
				if opened, saw := a.openedBy(ctx, tx, p, r); len(opened) > 0 {
					done = true
					a.Hits = append(
						a.Hits,
						Hit{
							Relation: r,
							Verb:     "insert",
							How:      "raise",
							Persona:  p,
							Columns:  []*catalog.Column{c},
							Steps:    append(a.session(p), sql+";"),
							Saw:      saw,
							Opened:   opened,
						},
					)
				}
			})
			if done {
				return
			}
		}
	}
}

// tempting are values of a column that conditions ask for.
func (a *Attacker) tempting(r *catalog.Relation, c *catalog.Column) []string {
	t := a.Model.Schema.BaseType(c.Type)
	known := a.Model.Constants(r.FullName() + "." + c.Name)
	var out []string
	add := func(v string) {
		if s := seed.Literal(v, c); !slices.Contains(out, s) && len(out) < 10 {
			out = append(out, s)
		}
	}
	if ms := a.Model.MembershipOf(r); ms != nil && slices.Contains(ms.Tenants, c) {
		if v, ok := a.Seeder.B.Value(a.Model.Class(r, c.Num)); ok {
			add(v)
		}
		return out
	}
	if a.Model.Isolating(r, c.Num) || len(r.Refers(c.Num)) > 0 {
		return nil
	}
	switch {
	case t.OID == 16:
		add("true")
	case t.Kind == "e":
		for i := len(t.Labels) - 1; i >= 0; i-- {
			add(t.Labels[i])
		}
		for _, l := range t.Labels {
			add(l)
		}
	case t.Category == "N":
		for _, k := range known {
			add(k)
		}
		add("7")
		add("32767")
	case t.OID == 3802 || t.OID == 114:
		for _, path := range a.Model.Paths(r, c.Num) {
			for _, k := range known {
				add(fmt.Sprintf(`{"%s":"%s"}`, path, k))
			}
			add(fmt.Sprintf(`{"%s":true}`, path))
		}
	case t.Category == "S":
		for _, k := range known {
			if strings.HasPrefix(k, "enum:") {
				k = a.Seeder.Labels[strings.TrimPrefix(k, "enum:")]
			}
			add(k)
		}
	}
	return out
}

// Sets proves that somebody sets a column of his own row: it says what came of
// it, and whether it could be tried at all.
func (a *Attacker) Sets(
	ctx context.Context,
	r *catalog.Relation,
	c *catalog.Column,
	verb string,
) (hit *Hit, tried bool) {
	mine := a.rows(r, "a")
	if len(mine) == 0 {
		return nil, false
	}
	list := append(a.tempting(r, c), a.Seeder.Fresh(r, c)...)
	for _, p := range a.Personas {
		if p.Context == nil || p.Former || p.Nobody || p.Extra != nil ||
			!a.Privs.Column(p.Actor.Role, r, verb, c.Num) {
			continue
		}
		for _, v := range list {
			where := "(" + keys(mine) + ")"
			sql := "update " + r.SQL() + " set " + catalog.Quote(c.Name) + " = " + v + " where " + where
			if verb == "insert" {
				values := a.Seeder.Draft(r, a.Seeder.A)
				for _, col := range r.Columns {
					if x, ok := p.Context.Value(a.Model.Class(r, col.Num)); ok && a.Model.Isolating(r, col.Num) {
						values[col.Num] = seed.Literal(x, col)
					}
				}
				values[c.Num] = v
				sql = insertSQL(
					r,
					values,
					func(col *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", col.Num) },
				)
				where = "true"
			}
			a.as(ctx, p, "", func(tx pgx.Tx) {
				if verb == "insert" && a.Model.Schema != nil {
					own(ctx, tx)
					if oneRow(r, a) {
						_, _, _ = try(ctx, tx, "delete from "+r.SQL()+" where "+keys(mine))
					}
					_, _ = tx.Exec(ctx, "set local role "+catalog.Quote(p.Actor.Role))
				}
				tried = true
				_, n, err := try(ctx, tx, sql)
				if err != nil || n == 0 {
					return
				}
				own(ctx, tx)
				if a.count(ctx, tx, r, where+" and "+catalog.Quote(c.Name)+"::text = ("+v+")::text") > 0 {
					hit = &Hit{
						Relation: r,
						Verb:     verb,
						How:      "own",
						Persona:  p,
						Columns:  []*catalog.Column{c},
						Steps:    append(a.session(p), sql+";"),
						Saw:      c.Name + " = " + v,
					}
					if verb == "update" {
						again := *hit
						again.Steps = append(a.session(p), raised(sql, c, v))
						a.Raised = append(a.Raised, again)
					}
				}
			})
			if hit != nil {
				return hit, true
			}
		}
	}
	return nil, tried
}

func oneRow(r *catalog.Relation, a *Attacker) bool {
	k := r.Primary()
	return k != nil && len(k.Columns) == 1 && a.Model.Isolating(r, k.Columns[0])
}

// Colleague proves that a member of a low rank uses a verb on his own tenant's
// rows.
func (a *Attacker) Colleague(ctx context.Context, r *catalog.Relation, verb string) *Hit {
	victims := a.rows(r, "a")
	where := keys(victims)
	if where == "" {
		return nil
	}
	for _, p := range a.Personas {
		if p.Context == nil || p.Context.Parent != a.Seeder.A || p.Former || !a.Privs.Some(p.Actor.Role, r, verb) {
			continue
		}
		sql := ""
		switch verb {
		case "select":
			sql = a.selectSQL(p, r)
		case "delete":
			sql = "delete from " + r.SQL() + " where " + where
		case "update":
			for _, c := range a.changeable(p, r) {
				if f := a.Seeder.Fresh(r, c); len(f) > 0 {
					sql = "update " + r.SQL() + " set " + catalog.Quote(c.Name) + " = " + f[0] + " where " + where
					break
				}
			}
		}
		if sql == "" {
			continue
		}
		var hit *Hit
		a.as(ctx, p, a.loosen(r), func(tx pgx.Tx) {
			text, n, err := try(ctx, tx, sql)
			if err == nil && n > 0 && (verb != "select" || len(a.Seeder.Seen(text, "a")) > 0) {
				who := "a colleague"
				if p.Context.Rank != "" {
					who += " with " + p.Context.Rank
				}
				q := *p
				q.Who = who
				hit = &Hit{
					Relation: r,
					Verb:     verb,
					How:      "colleague",
					Persona:  &q,
					Steps:    append(a.session(p), sql+";"),
					Saw:      fmt.Sprintf("%d rows of colleagues", n),
				}
			}
		})
		if hit != nil {
			return hit
		}
	}
	return nil
}
