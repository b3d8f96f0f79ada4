package attack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
)

// Race proves that two calls at once both succeed where one after the other
// the second is refused. Its work is committed: it is the last thing to do in a
// scratch copy. connect opens a further connection of the loader.
func (a *Attacker) Race(
	ctx context.Context,
	f *catalog.Function,
	connect func(context.Context) (*pgx.Conn, error),
) *Hit {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for _, p := range a.members() {
		if !a.Privs.Execute(p.Actor.Role, f) {
			continue
		}
		for _, args := range a.raceArguments(p, f) {
			sql := invoke(f, args)
			n := a.refusedAfter(ctx, p, sql)
			if n < 1 {
				continue
			}
			if saw := a.together(ctx, p, f, sql, n, connect); saw != "" {
				return &Hit{
					Function: f,
					Verb:     "execute",
					How:      "race",
					Persona:  p,
					Steps:    append(a.session(p), sql+";  -- in two sessions at once"),
					Saw:      saw,
				}
			}
			return nil
		}
	}
	return nil
}

// raceArguments are arguments of one's own: figures that use up what there is,
// and codes that can be used once.
func (a *Attacker) raceArguments(p *Persona, f *catalog.Function) [][]string {
	out := [][]string{{}}
	body := strings.ToLower(f.Body)
	for _, arg := range f.Args {
		t := a.Model.Schema.BaseType(arg.Type)
		var list []string
		for _, row := range a.Seeder.Rows {
			if row.Letter == "b" || row.Kind != "main" ||
				!strings.Contains(body, strings.ToLower(row.Relation.Name)) {
				continue
			}
			for _, c := range row.Relation.Columns {
				ct := a.Model.Schema.BaseType(c.Type)
				if v := row.Values[c.Name]; v != nil &&
					(ct.OID == t.OID || ct.Category == "N" && t.Category == "N" ||
						ct.Category == "S" && t.Category == "S") {
					list = append(list, catalog.Literal(fmt.Sprint(v))+"::"+t.Name)
				}
			}
		}
		list = append(list, a.values(p, arg.Type)...)
		if t.Category == "N" {
			list = append(list, "1::"+t.Name)
		}
		slices.Sort(list)
		list = slices.Compact(list)
		var next [][]string
		for _, prefix := range out {
			for _, v := range list[:min(len(list), 8)] {
				if len(next) < 64 {
					next = append(next, append(slices.Clone(prefix), v))
				}
			}
		}
		out = next
	}
	return out
}

// refusedAfter counts how often a call succeeds before it is refused, 0 when it
// never does or never is.
func (a *Attacker) refusedAfter(ctx context.Context, p *Persona, sql string) (n int) {
	refused := false
	a.as(ctx, p, "", func(tx pgx.Tx) {
		last := ""
		for range 6 {
			text, _, err := try(ctx, tx, sql)
			if err != nil || n > 0 && strings.TrimSpace(text) == "f" && last == "t" {
				refused = true
				return
			}
			last = strings.TrimSpace(text)
			if last == "f" {
				return
			}
			n++
		}
	})
	if !refused {
		return 0
	}
	return n
}

// together uses up all but one, then lets two calls wait at a gate: a lock that
// reads pass and writes do not.
func (a *Attacker) together(
	ctx context.Context,
	p *Persona,
	f *catalog.Function,
	sql string,
	n int,
	connect func(context.Context) (*pgx.Conn, error),
) string {
	start := func() (*pgx.Conn, pgx.Tx) {
		c, err := connect(ctx)
		if err != nil {
			return nil, nil
		}
		tx, err := c.Begin(ctx)
		if err == nil {
			_, err = tx.Exec(
				ctx,
				"set local search_path = public, extensions, pg_catalog; set local statement_timeout = '8s';\n"+
					a.Seeder.SettingsWith(
						p.Context,
						p.Actor.Role,
						p.Extra,
					)+"set local role "+catalog.Quote(p.Actor.Role),
			)
		}
		if err != nil {
			c.Close(ctx)
			return nil, nil
		}
		return c, tx
	}
	for range n - 1 {
		c, tx := start()
		if c == nil {
			return ""
		}
		_, _, err := query(ctx, tx, sql)
		if err == nil {
			err = tx.Commit(ctx)
		}
		c.Close(ctx)
		if err != nil {
			return ""
		}
	}
	gate, err := connect(ctx)
	if err != nil {
		return ""
	}
	defer gate.Close(ctx)
	lock, err := gate.Begin(ctx)
	if err != nil {
		return ""
	}
	for _, r := range a.Model.Schema.Relations {
		if r.Kind == "r" && strings.Contains(strings.ToLower(f.Body), strings.ToLower(r.Name)) && r.Schema != "auth" {
			_, _, _ = try(ctx, lock, "lock table "+r.SQL()+" in share mode")
		}
	}
	results := make(chan bool, 2)
	for range 2 {
		c, tx := start()
		if c == nil {
			return ""
		}
		go func() {
			defer c.Close(context.WithoutCancel(ctx))
			text, _, err := query(ctx, tx, sql)
			if err == nil {
				err = tx.Commit(ctx)
			}
			results <- err == nil && strings.TrimSpace(text) != "f"
		}()
	}
	for range 40 { // until both wait
		var waiting int
		if err := gate.QueryRow(ctx,
			`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting); err != nil ||
			waiting >= 2 {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	_ = lock.Rollback(ctx)
	first, second := <-results, <-results
	if first && second {
		return fmt.Sprintf("both calls succeeded; one after the other, call %d is refused", n+1)
	}
	return ""
}
