package attack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
)

// server acts as the server of the application, whom nothing but constraints
// holds.
func (a *Attacker) server(ctx context.Context, do func(tx pgx.Tx)) *Persona {
	p := &Persona{Who: "the server, as an event of the provider makes it", Actor: &model.Actor{Role: "the server"}}
	if a.Conn.IsClosed() || ctx.Err() != nil {
		return p
	}
	tx, err := a.Conn.Begin(ctx)
	if err != nil {
		return p
	}
	a.Tried++
	_, _ = tx.Exec(ctx, "set local search_path = public, extensions, pg_catalog; set local statement_timeout = '8s'")
	do(tx)
	_ = tx.Rollback(ctx)
	return p
}

// Shares proves that two rows can hold the same value of a column.
func (a *Attacker) Shares(ctx context.Context, r *catalog.Relation, c *catalog.Column) (hit *Hit) {
	mine, theirs := keys(a.rows(r, "a")), keys(a.rows(r, "b"))
	fresh := a.Seeder.Fresh(r, c)
	if mine == "" || theirs == "" || len(fresh) == 0 {
		return nil
	}
	sql := "update " + r.SQL() + " set " + catalog.Quote(
		c.Name,
	) + " = " + fresh[0] + " where " + mine + " or " + theirs
	p := a.server(ctx, func(tx pgx.Tx) {
		if _, n, err := try(ctx, tx, sql); err == nil && n >= 2 {
			hit = &Hit{
				Relation: r,
				Verb:     "mapping",
				How:      "state",
				Steps:    []string{sql + ";"},
				Saw:      fmt.Sprintf("%d accounts have the same %s", n, c.Name),
			}
		}
	})
	if hit != nil {
		hit.Persona = p
	}
	return hit
}

// Repeats proves that the same event can be stored twice.
func (a *Attacker) Repeats(ctx context.Context, r *catalog.Relation, c *catalog.Column) (hit *Hit) {
	x := a.Seeder.Shared
	if a.Model.Tied(r) {
		x = a.Seeder.A
	}
	fresh := a.Seeder.Fresh(r, c)
	if len(fresh) == 0 {
		return nil
	}
	var steps []string
	for range 2 {
		values := a.Seeder.Draft(r, x)
		if len(values) == 0 {
			return nil
		}
		values[c.Num] = fresh[0]
		for _, d := range r.Columns { // a time of arrival differs
			if t := a.Model.Schema.BaseType(d.Type); t.Category == "D" && strings.Contains(d.Default, "now") {
				values[d.Num] = catalog.Literal(fmt.Sprintf("2030-01-01 10:00:%02d", len(steps))) + "::" + d.TypeText
			}
		}
		steps = append(steps, insertSQL(r, values, func(*catalog.Column) bool { return true })+";")
	}
	p := a.server(ctx, func(tx pgx.Tx) {
		for _, s := range steps {
			if _, n, err := try(ctx, tx, s); err != nil || n == 0 {
				return
			}
		}
		hit = &Hit{Relation: r, Verb: "insert", How: "state", Steps: steps, Saw: "both rows were stored"}
	})
	if hit != nil {
		hit.Persona = p
	}
	return hit
}

// Negative proves that a balance goes below zero.
func (a *Attacker) Negative(ctx context.Context, r *catalog.Relation, c *catalog.Column) (hit *Hit) {
	rows := append(a.rows(r, "a"), a.rows(r, "s")...)
	where := keys(rows)
	if where == "" {
		return nil
	}
	n := catalog.Quote(c.Name)
	sql := "update " + r.SQL() + " set " + n + " = " + n + " - " + n + " - 1 where " + where + " returning " + n
	p := a.server(ctx, func(tx pgx.Tx) {
		if text, k, err := try(ctx, tx, sql); err == nil && k > 0 {
			hit = &Hit{
				Relation: r,
				Verb:     "update",
				How:      "state",
				Steps:    []string{sql + ";"},
				Saw:      c.Name + " = " + strings.TrimSpace(text),
			}
		}
	})
	if hit != nil {
		hit.Persona = p
	}
	return hit
}

// member is the persona that belongs to tenant A and to nothing else.
func (a *Attacker) members() []*Persona {
	var out []*Persona
	for _, p := range a.Personas {
		if p.Context == a.Seeder.A && p.Extra == nil && p.Actor.Primary {
			out = append(out, p)
		}
	}
	for _, p := range a.Personas {
		if p.Context != nil && p.Context.Parent == a.Seeder.A && !p.Former && p.Actor.Primary {
			out = append(out, p)
		}
	}
	return out
}

// Crosses proves that one's own row can hang on a row of the other tenant.
func (a *Attacker) Crosses(ctx context.Context, r *catalog.Relation, f *catalog.Foreign) (hit *Hit) {
	t := a.Model.Schema.Relation(f.Target)
	theirs := a.rows(t, "b")
	if len(theirs) == 0 || len(f.Columns) != 1 {
		return nil
	}
	col, target := r.Column(f.Columns[0]), t.Column(f.Targets[0])
	for _, p := range a.members() {
		values := a.Seeder.Draft(r, a.Seeder.A)
		if len(values) == 0 {
			return nil
		}
		values[col.Num] = seed.Literal(theirs[0].Values[target.Name], col)
		sql := insertSQL(
			r,
			values,
			func(c *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", c.Num) },
		)
		a.as(ctx, p, "", func(tx pgx.Tx) {
			own(ctx, tx)
			before := a.snapshot(ctx, tx, []*catalog.Relation{t})
			_, _ = tx.Exec(ctx, "set local role "+catalog.Quote(p.Actor.Role))
			if _, n, err := try(ctx, tx, sql); err == nil && n > 0 {
				own(ctx, tx)
				saw := "the row was stored"
				if changed := a.changed(before, a.snapshot(ctx, tx, []*catalog.Relation{t}), "b"); changed != "" {
					saw = "the other tenant's row " + changed
				}
				hit = &Hit{
					Relation: r,
					Verb:     "insert",
					How:      "cross",
					Persona:  p,
					Steps:    append(a.session(p), sql+";"),
					Saw:      saw,
				}
			}
		})
		if hit != nil {
			return hit
		}
	}
	return nil
}

// Tells proves that a key says whether the other tenant has a value.
func (a *Attacker) Tells(ctx context.Context, r *catalog.Relation, k *catalog.Key) (hit *Hit) {
	theirs := a.rows(r, "b")
	if len(theirs) == 0 || len(k.Columns) != 1 {
		return nil
	}
	col := r.Column(k.Columns[0])
	for _, p := range a.members() {
		values := a.Seeder.Draft(r, a.Seeder.A)
		values[col.Num] = seed.Literal(theirs[0].Values[col.Name], col)
		sql := insertSQL(
			r,
			values,
			func(c *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", c.Num) },
		) + " on conflict do nothing"
		values[col.Num] = a.Seeder.Fresh(r, col)[0]
		free := insertSQL(
			r,
			values,
			func(c *catalog.Column) bool { return a.Privs.Column(p.Actor.Role, r, "insert", c.Num) },
		) + " on conflict do nothing"
		a.as(ctx, p, "", func(tx pgx.Tx) {
			_, taken, err := try(ctx, tx, sql)
			if err != nil || taken != 0 {
				return
			}
			if _, n, err := try(ctx, tx, free); err == nil && n == 1 {
				hit = &Hit{
					Relation: r,
					Verb:     "insert",
					How:      "oracle",
					Persona:  p,
					Steps:    append(a.session(p), sql+";"),
					Saw:      "0 rows for a value that the other tenant has, 1 row for a new one",
				}
			}
		})
		if hit != nil {
			return hit
		}
	}
	return nil
}

// Published opens every state of the other tenant's rows and looks who may use
// a verb on what hangs on them.
func (a *Attacker) Published(ctx context.Context, r *catalog.Relation, verb string) (hit *Hit) {
	before := ""
	seen := map[*catalog.Relation]bool{}
	var open func(*catalog.Relation, int)
	open = func(t *catalog.Relation, depth int) {
		if t == nil || seen[t] || depth > 2 || t.Schema == "auth" {
			return
		}
		seen[t] = true
		where := keys(a.rows(t, "b"))
		for _, c := range t.Columns {
			typ := a.Model.Schema.BaseType(c.Type)
			if where == "" || c.Generated || a.Model.Isolating(t, c.Num) {
				continue
			}
			if typ.OID == 16 {
				before += fmt.Sprintf("update %s set %s = true where %s;\n", t.SQL(), catalog.Quote(c.Name), where)
			} else if typ.Category == "D" && !c.NotNull && c.Default == "" {
				before += fmt.Sprintf("update %s set %s = now() where %s;\n", t.SQL(), catalog.Quote(c.Name), where)
			}
		}
		for _, f := range t.Foreign {
			open(a.Model.Schema.Relation(f.Target), depth+1)
		}
	}
	open(r, 0)
	where := keys(a.rows(r, "b"))
	for _, p := range a.Personas {
		if p.Former || !a.Privs.Some(p.Actor.Role, r, verb) || where == "" {
			continue
		}
		sql := a.selectSQL(p, r)
		if verb == "delete" {
			sql = "delete from " + r.SQL()
		}
		if sql == "" || verb != "select" && verb != "delete" {
			continue
		}
		prepare := before
		if verb == "delete" {
			prepare += a.loosen(r)
		}
		a.as(ctx, p, prepare, func(tx pgx.Tx) {
			text, _, err := try(ctx, tx, sql)
			if err != nil {
				return
			}
			if verb == "select" {
				if w := a.Seeder.Seen(text, "b"); len(w) > 0 {
					hit = &Hit{
						Relation: r,
						Verb:     verb,
						How:      "published",
						Persona:  p,
						Steps: append(
							append(strings.Split(strings.TrimSpace(before), "\n"), a.session(p)...),
							sql+";",
						),
						Saw: lineWith(text, w),
					}
				}
				return
			}
			own(ctx, tx)
			if left := a.count(ctx, tx, r, where); left >= 0 && left < len(a.rows(r, "b")) {
				hit = &Hit{
					Relation: r,
					Verb:     verb,
					How:      "published",
					Persona:  p,
					Steps:    append(a.session(p), sql+";"),
					Saw:      "the other tenant's rows are gone",
				}
			}
		})
		if hit != nil {
			return hit
		}
	}
	return nil
}

// Login proves what a login reads by acting as a role that passes by policies,
// or in a schema of another tenant.
func (a *Attacker) Login(ctx context.Context, role string, r *catalog.Relation) (hit *Hit) {
	for _, p := range a.Personas {
		if p.Actor.Role != role && p.Actor.Login != role || !a.Privs.Some(p.Actor.Role, r, "select") {
			continue
		}
		sql := a.selectSQL(p, r)
		a.as(ctx, p, "", func(tx pgx.Tx) {
			text, n, err := try(ctx, tx, sql)
			if err == nil && n > 0 {
				hit = &Hit{
					Relation: r,
					Verb:     "select",
					How:      "login",
					Persona:  p,
					Steps:    append(a.session(p), sql+";"),
					Saw:      strings.TrimSpace(strings.SplitN(text, "\n", 2)[0]),
				}
			}
		})
		if hit != nil {
			return hit
		}
	}
	return nil
}

// Peeks proves that a caller's own cheap function sees what a view hides.
func (a *Attacker) Peeks(ctx context.Context, r *catalog.Relation) (hit *Hit) {
	for _, p := range a.Personas {
		if p.Context != a.Seeder.A || !a.Privs.Some(p.Actor.Role, r, "select") {
			continue
		}
		for _, c := range r.Columns {
			steps := []string{
				"create temp table seen (x text)",
				"create function pg_temp.peek(v " + c.TypeText +
					") returns boolean language plpgsql cost 0.0000001 as $f$ begin insert into pg_temp.seen values (v::text); return true; end $f$",
				"select * from " + r.SQL() + " where pg_temp.peek(" + catalog.Quote(c.Name) + ")",
				"select x from pg_temp.seen",
			}
			a.as(ctx, p, "", func(tx pgx.Tx) {
				for i, s := range steps {
					text, _, err := try(ctx, tx, s)
					if err != nil {
						return
					}
					if w := a.Seeder.Seen(text, "b"); i == 3 && len(w) > 0 {
						hit = &Hit{
							Relation: r,
							Verb:     "select",
							How:      "peek",
							Persona:  p,
							Steps:    append(a.session(p), steps...),
							Saw:      lineWith(text, w),
						}
					}
				}
			})
			if hit != nil {
				return hit
			}
		}
	}
	return nil
}

// Foreign finds a foreign key by the column that it starts from.
func Foreign(r *catalog.Relation, column string) *catalog.Foreign {
	i := slices.IndexFunc(r.Foreign, func(f *catalog.Foreign) bool {
		c := r.Column(f.Columns[0])
		return len(f.Columns) == 1 && c != nil && c.Name == column
	})
	if i < 0 {
		return nil
	}
	return r.Foreign[i]
}
