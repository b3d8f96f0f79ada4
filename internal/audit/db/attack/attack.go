// Package attack acts as strangers in a seeded scratch copy and watches which
// of the other tenant's rows they see and change. Everything it does is rolled
// back.
package attack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// A Persona is somebody who attacks.
type Persona struct {
	Who     string
	Actor   *model.Actor
	Context *seed.Context // nil: a visitor
	Former  bool
	Nobody  bool
	Extra   map[cond.Slot]string // what the client says about itself
}

// A Hit is an attack that got through.
type Hit struct {
	Relation *catalog.Relation
	Function *catalog.Function
	Policy   *catalog.Policy
	Verb     string
	How      string // read, takeover, move, plant, delete, change, escalate, oracle, inject, shared
	Persona  *Persona
	Steps    []string
	Saw      string
	Opened   []*catalog.Relation // what an escalation shows
	Columns  []*catalog.Column
	Orphan   bool
}

// An Attacker acts as one persona after the other.
type Attacker struct {
	Model    *model.Model
	Seeder   *seed.Seeder
	Privs    *catalog.Privileges
	Conn     *pgx.Conn // of the loader
	Personas []*Persona
	Hits     []Hit
	Raised   []Hit // columns of one's own row that Sets has set
	Failed   []finding.NotTested
	Tried    int
	Patience int // multiplies the time that the attack and its statements get
	// Reached are relations with rows of B on which a verb was really tried.
	Reached map[string]bool
	until   time.Time
	slow    map[string]int // statements that were cut off, by what they were about
	shared  map[*Persona]map[*catalog.Relation][]string
	sights  map[*Persona]map[*catalog.Relation][]string
}

// New prepares an attack on what the seeder has filled.
func New(m *model.Model, s *seed.Seeder, p *catalog.Privileges, c *pgx.Conn) *Attacker {
	return &Attacker{
		slow: map[string]int{}, Model: m, Seeder: s, Privs: p, Conn: c, Reached: map[string]bool{},
		shared: map[*Persona]map[*catalog.Relation][]string{}, sights: map[*Persona]map[*catalog.Relation][]string{},
	}
}

// Run carries out all attacks.
func (a *Attacker) Run(ctx context.Context) error {
	a.Patience = max(1, a.Patience)
	a.until = time.Now().Add(55 * time.Second * time.Duration(a.Patience))
	a.personas()
	if len(a.Personas) == 0 {
		a.Failed = append(
			a.Failed,
			finding.NotTested{What: "requests", Reason: "no role serves requests; name one with --connects-as"},
		)
		return nil
	}
	for _, step := range []func(context.Context){a.reads, a.writes, a.functions, a.escalations} {
		step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if a.late() {
			a.Failed = append(a.Failed, finding.NotTested{What: "the rest of the attack", Reason: "it took too long"})
			return nil
		}
	}
	return nil
}

func (a *Attacker) late() bool { return time.Now().After(a.until) }

func (a *Attacker) personas() {
	s := a.Seeder
	client := a.clientSlots()
	for _, actor := range a.Model.Acting {
		if s.Logins[actor.Login] == s.B {
			continue // the other tenant itself
		}
		if actor.Visitor {
			a.add(&Persona{Who: "a visitor who has not signed in", Actor: actor})
			continue
		}
		if len(s.Model.Slots) == 0 || s.Nobody == nil {
			a.add(
				&Persona{
					Who:    "a request as " + actor.Role + " that says nothing about itself",
					Actor:  actor,
					Nobody: true,
				},
			)
		}
		if s.Nobody != nil {
			a.add(&Persona{Who: "somebody who has just signed up", Actor: actor, Context: s.Nobody, Nobody: true})
		}
		a.add(&Persona{Who: "a member of another tenant", Actor: actor, Context: s.A})
		for _, p := range s.People {
			who := "a member of another tenant"
			switch {
			case p.Former:
				who = "a former member"
			case p.Rank != "":
				who += " with " + p.Rank
			}
			a.add(&Persona{Who: who, Actor: actor, Context: p, Former: p.Former})
		}
		if len(client) > 0 {
			a.add(
				&Persona{
					Who:     "a member of another tenant who fills in " + names(client),
					Actor:   actor,
					Context: s.A,
					Extra:   client,
				},
			)
		}
	}
}

func names(m map[cond.Slot]string) string {
	var out []string
	for s := range m {
		out = append(out, s.String())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (a *Attacker) add(p *Persona) { a.Personas = append(a.Personas, p) }

// clientSlots are what a caller can claim about himself: identifiers of the
// other tenant, but no secrets; and the words that conditions ask for.
func (a *Attacker) clientSlots() map[cond.Slot]string {
	out := map[cond.Slot]string{}
	for _, s := range a.Model.Slots {
		if !s.Client() {
			continue
		}
		if c, ok := a.Model.ClassOfSlot(s); ok {
			t := a.Model.Schema.BaseType(c.Relation.Column(c.Column).Type)
			if v, ok := a.Seeder.B.Value(c); ok && (t.OID == 2950 || t.Category == "N") {
				out[s] = v
				continue
			}
		}
		if k := a.Model.Constants(s.String()); len(k) > 0 {
			out[s] = k[0]
		} else if s.UserMetadata() {
			out[s] = "true"
		}
	}
	return out
}

// begin opens a transaction as a persona.
func (a *Attacker) begin(ctx context.Context, p *Persona, before string) (pgx.Tx, error) {
	tx, err := a.Conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	sql := before + "set local search_path = public, extensions, pg_catalog; set local lock_timeout = '1s';\n" +
		fmt.Sprintf("set local statement_timeout = '%ds';\n", 2*a.Patience) +
		a.Seeder.SettingsWith(
			p.Context,
			p.Actor.Role,
			p.Extra,
		) + "set local role " + catalog.Quote(
		p.Actor.Role,
	)
	if _, err := tx.Exec(ctx, sql); err != nil {
		_ = tx.Rollback(ctx)
		return nil, err
	}
	return tx, nil
}

// tired says whether something was cut off too often to go on with it.
func (a *Attacker) tired(what string) bool { return a.slow[what] >= 2 }

// timed remembers a statement that was cut off.
func (a *Attacker) timed(what string, err error) {
	if sqlstate(err) != "57014" {
		return
	}
	if a.slow[what]++; a.slow[what] == 2 {
		a.Failed = append(a.Failed, finding.NotTested{What: what, Reason: "statements took longer than two seconds"})
	}
}

// session describes how a session becomes the persona's, for proofs.
func (a *Attacker) session(p *Persona) []string {
	out := []string{"set local role " + catalog.Quote(p.Actor.Role) + ";"}
	for line := range strings.Lines(a.Seeder.SettingsWith(p.Context, p.Actor.Role, p.Extra)) {
		out = append(out, strings.TrimSpace(line))
	}
	return out
}

// query runs a statement and writes down what it yields; n counts rows.
func query(ctx context.Context, tx pgx.Tx, sql string) (text string, n int64, err error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return "", 0, err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		for i, v := range rows.RawValues() {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.Write(v)
		}
		b.WriteByte('\n')
		if b.Len() > 1<<20 {
			break
		}
	}
	rows.Close()
	return b.String(), rows.CommandTag().RowsAffected(), rows.Err()
}

func sqlstate(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	if err != nil {
		return "other"
	}
	return ""
}

// as runs do as a persona and undoes everything.
func (a *Attacker) as(ctx context.Context, p *Persona, before string, do func(tx pgx.Tx)) {
	if a.Conn.IsClosed() || ctx.Err() != nil {
		return
	}
	tx, err := a.begin(ctx, p, before)
	if err != nil {
		if k := "acting as " + p.Actor.Role; before == "" && a.slow[k] == 0 {
			a.slow[k] = 1
			a.Failed = append(a.Failed, finding.NotTested{What: k, Reason: err.Error()})
		}
		return
	}
	a.Tried++
	do(tx)
	_ = tx.Rollback(ctx)
}

// try runs a statement in a savepoint; its work stays when it succeeds.
func try(ctx context.Context, tx pgx.Tx, sql string) (string, int64, error) {
	if _, err := tx.Exec(ctx, "savepoint t"); err != nil {
		return "", 0, err
	}
	text, n, err := query(ctx, tx, sql)
	if err != nil {
		_, _ = tx.Exec(ctx, "rollback to savepoint t")
	}
	return text, n, err
}

func (a *Attacker) reads(ctx context.Context) {
	for _, p := range a.Personas {
		a.sights[p] = map[*catalog.Relation][]string{}
		a.shared[p] = map[*catalog.Relation][]string{}
		a.as(ctx, p, "", func(tx pgx.Tx) {
			for _, r := range a.relations(p, "select") {
				a.read(ctx, tx, p, r)
				if a.late() {
					return
				}
			}
		})
	}
}

// relations are those that a persona can reach for a verb.
func (a *Attacker) relations(p *Persona, verb string) []*catalog.Relation {
	var out []*catalog.Relation
	for _, r := range a.Model.Schema.Relations {
		if !a.tired(r.FullName()) && a.Model.Reachable(r.Schema) && a.Privs.Some(p.Actor.Role, r, verb) &&
			!r.Extension &&
			r.Schema != "realtime" &&
			r.FullName() != "storage.buckets" {
			out = append(out, r)
		}
	}
	return out
}

func (a *Attacker) selectSQL(p *Persona, r *catalog.Relation) string {
	var cols []string
	for _, c := range r.Columns {
		if a.Privs.Column(p.Actor.Role, r, "select", c.Num) {
			cols = append(cols, catalog.Quote(c.Name))
		}
	}
	if len(cols) == 0 {
		return ""
	}
	return "select " + strings.Join(cols, ", ") + " from " + r.SQL() + " limit 400"
}

func (a *Attacker) read(ctx context.Context, tx pgx.Tx, p *Persona, r *catalog.Relation) {
	sql := a.selectSQL(p, r)
	if sql == "" {
		return
	}
	if a.tired(r.FullName()) {
		return
	}
	text, _, err := try(ctx, tx, sql)
	a.timed(r.FullName(), err)
	if err != nil {
		return
	}
	a.Reached[r.FullName()+" select"] = true
	a.shared[p][r] = a.Seeder.Seen(text, "s")
	if p.Former {
		a.formerRead(p, r, sql, text)
		return
	}
	seen := a.Seeder.Seen(text, "b")
	if len(seen) == 0 {
		return
	}
	a.sights[p][r] = seen
	line := lineWith(text, seen)
	a.Hits = append(
		a.Hits,
		Hit{Relation: r, Verb: "select", How: "read", Persona: p, Steps: append(a.session(p), sql+";"), Saw: line},
	)
}

// formerRead looks whether somebody who has left still reads what belongs to
// the others of his tenant.
func (a *Attacker) formerRead(p *Persona, r *catalog.Relation, sql, text string) {
	if a.Model.MembershipOf(r) != nil || !a.Model.Tied(r) || len(a.Seeder.Seen(text, "b")) > 0 {
		return
	}
	for line := range strings.Lines(text) {
		seen := a.Seeder.Seen(line, "a")
		mine := slices.ContainsFunc(seen, func(w string) bool {
			for _, v := range p.Context.Values {
				if v == w {
					return true
				}
			}
			return false
		})
		if len(seen) == 0 || mine {
			continue
		}
		for q, s := range a.sights { // what everybody sees is no news
			if q.Actor == p.Actor && q.Nobody && len(s[r]) > 0 {
				return
			}
		}
		a.Hits = append(
			a.Hits,
			Hit{
				Relation: r,
				Verb:     "select",
				How:      "former",
				Persona:  p,
				Steps:    append(a.session(p), sql+";"),
				Saw:      lineWith(line, seen),
			},
		)
		return
	}
}

// lineWith is the first row that shows one of the words.
func lineWith(text string, seen []string) string {
	for line := range strings.Lines(text) {
		for _, w := range seen {
			if strings.Contains(line, w) {
				line = strings.ReplaceAll(strings.TrimSpace(line), "\t", " | ")
				if len(line) > 300 {
					line = strings.ToValidUTF8(line[:300], "") + " …"
				}
				return line
			}
		}
	}
	return ""
}

// Responsible are the permissive policies each of which alone lets a read through.
func (a *Attacker) Responsible(ctx context.Context, h Hit) []*catalog.Policy {
	r := h.Relation
	letter := map[string]string{"select": "r", "insert": "a", "update": "w", "delete": "d"}[h.Verb]
	var list []*catalog.Policy
	for _, p := range r.Policies {
		if p.Permissive && a.Model.Schema.Applies(p, h.Persona.Actor.Role, letter) {
			list = append(list, p)
		}
	}
	if len(list) < 2 || h.Verb != "select" {
		return list
	}
	var out []*catalog.Policy
	for _, p := range list {
		drop := ""
		for _, q := range list {
			if q != p {
				drop += "drop policy " + catalog.Quote(q.Name) + " on " + r.SQL() + ";\n"
			}
		}
		a.as(ctx, h.Persona, drop, func(tx pgx.Tx) {
			text, _, err := query(ctx, tx, a.selectSQL(h.Persona, r))
			if err == nil && len(a.Seeder.Seen(text, "b")) > 0 {
				out = append(out, p)
			}
		})
	}
	return out
}

// own returns to the loader's rights within the transaction.
func own(ctx context.Context, tx pgx.Tx) {
	_, _ = tx.Exec(ctx, "reset role; set local row_security = on")
}

// snapshot writes down all rows of a tenant in the tables given.
func (a *Attacker) snapshot(
	ctx context.Context,
	tx pgx.Tx,
	tables []*catalog.Relation,
) map[*catalog.Relation][]string {
	out := map[*catalog.Relation][]string{}
	for _, r := range tables {
		text, _, err := try(ctx, tx, "select to_jsonb(t.*)::text from only "+r.SQL()+" t limit 2000")
		if err != nil {
			continue
		}
		out[r] = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	return out
}
