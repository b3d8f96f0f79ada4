package attack

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
)

// An outcome is what the statements of a proof come to.
type outcome struct {
	err  error
	n    int64  // rows of the last statement
	text string // and what they say
}

var errPatch = errors.New("the change cannot be made")

// replay carries out the statements of a proof after a change of the schema,
// and undoes both.
func (a *Attacker) replay(ctx context.Context, patch string, steps []string) (out outcome) {
	if a.Conn.IsClosed() || ctx.Err() != nil {
		return outcome{err: errPatch}
	}
	tx, err := a.Conn.Begin(ctx)
	if err != nil {
		return outcome{err: errPatch}
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := prepare(ctx, tx, patch); err != nil {
		return outcome{err: errPatch}
	}
	a.Tried++
	for _, s := range steps {
		if out.text, out.n, out.err = try(ctx, tx, strings.TrimSuffix(s, ";")); out.err != nil {
			return out
		}
	}
	return out
}

func prepare(ctx context.Context, tx pgx.Tx, patch string) error {
	if _, err := tx.Exec(ctx, "set local search_path = public, extensions, pg_catalog; "+
		"set local statement_timeout = '8s'; set local lock_timeout = '2s'"); err != nil {
		return err
	}
	if patch == "" {
		return nil
	}
	_, err := tx.Exec(ctx, patch)
	return err
}

// Stops says whether a proof that works fails after a change of the schema:
// the server refuses it, or the other tenant's rows stay out of sight. A proof
// that does not work again without the change shows nothing.
func (a *Attacker) Stops(ctx context.Context, patch string, steps []string) (stops, tested bool) {
	before := a.replay(ctx, "", steps)
	theirs := a.Seeder.Seen(before.text, "b")
	if before.err != nil || before.n == 0 && len(theirs) == 0 {
		return false, false
	}
	after := a.replay(ctx, patch, steps)
	switch {
	case errors.Is(after.err, errPatch):
		return false, true
	case after.err != nil:
		return refusal(sqlstate(after.err)), true
	case after.n == 0:
		return true, true
	case len(theirs) > 0:
		return len(a.Seeder.Seen(after.text, "b")) == 0, true
	}
	return false, true
}

// refusal says whether an error is the server's no, and not a change that
// breaks down, such as a policy that asks itself.
func refusal(code string) bool {
	return code == "42501" || strings.HasPrefix(code, "23") || code == "P0001"
}

// Keeps says whether people still see rows of their own after a change: in
// every relation where they saw some before, but for the one that the change
// closes on purpose.
func (a *Attacker) Keeps(ctx context.Context, patch string, closed *catalog.Relation) bool {
	for _, actor := range a.Model.Acting {
		if !actor.Primary || actor.Visitor {
			continue
		}
		p := &Persona{Who: "a member", Actor: actor, Context: a.Seeder.A}
		relations := a.relations(p, "select")
		if len(relations) > 60 {
			relations = relations[:60]
		}
		before, ok := a.ownSights(ctx, p, "", relations)
		if !ok {
			continue
		}
		after, ok := a.ownSights(ctx, p, patch, relations)
		if !ok {
			return false
		}
		for _, r := range relations {
			if r != closed && before[r] > 0 && after[r] == 0 {
				return false
			}
		}
	}
	return true
}

// ownSights counts what a persona sees of its own tenant.
func (a *Attacker) ownSights(
	ctx context.Context,
	p *Persona,
	patch string,
	relations []*catalog.Relation,
) (map[*catalog.Relation]int, bool) {
	out := map[*catalog.Relation]int{}
	tx, err := a.begin(ctx, p, patch+"\n;")
	if err != nil {
		return nil, false
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, r := range relations {
		text, _, err := try(ctx, tx, a.selectSQL(p, r))
		if sqlstate(err) == "42501" { // some columns are left
			columns, _, _ := try(ctx, tx, `select string_agg(quote_ident(attname), ', ') from pg_attribute
				where attrelid = `+catalog.Literal(r.SQL())+`::regclass and attnum > 0 and not attisdropped
				and has_column_privilege(attrelid, attnum, 'select')`)
			if columns = strings.TrimSpace(columns); columns != "" {
				text, _, _ = try(ctx, tx, "select "+columns+" from "+r.SQL()+" limit 400")
			}
		}
		out[r] = len(a.Seeder.Seen(text, "a"))
	}
	return out, true
}
