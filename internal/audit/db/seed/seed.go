// Package seed fills a scratch database with the rows of two tenants, from the
// catalogue alone, and marks every value so that it is known again wherever it
// shows up.
package seed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A Context is a tenant, or one of its people.
type Context struct {
	Name   string
	Letter string // a, b, s for what belongs to nobody
	Parent *Context
	Values map[cond.Place]string // of classes
	Rows   map[*catalog.Relation]*Row
	Rank   string // what the person's membership says
	Former bool
	extra  int
}

// A Row is a row that was stored.
type Row struct {
	Relation *catalog.Relation
	Letter   string
	Values   map[string]any
	Kind     string // main, orphan, ended
}

// Key is a condition that finds the row by its primary key, empty without one.
func (r *Row) Key() string {
	k := r.Relation.Primary()
	var parts []string
	if k == nil { // what is rare enough
		for _, c := range r.Relation.Columns {
			if v := r.Values[c.Name]; v != nil && strong(text(v)) {
				parts = append(parts, fmt.Sprintf("%s = %s", catalog.Quote(c.Name), Literal(v, c)))
			}
		}
		return strings.Join(parts, " and ")
	}
	for _, n := range k.Columns {
		c := r.Relation.Column(n)
		if c == nil || r.Values[c.Name] == nil {
			return ""
		}
		parts = append(parts, fmt.Sprintf("%s = %s", catalog.Quote(c.Name), Literal(r.Values[c.Name], c)))
	}
	return strings.Join(parts, " and ")
}

// A Seeder makes rows.
type Seeder struct {
	Model  *model.Model
	Conn   *pgx.Conn
	A, B   *Context
	Shared *Context
	People []*Context // further people of tenant A
	Nobody *Context
	Rows   []*Row
	Failed []finding.NotTested
	// Logins are the tenants' own, where the role that asks is the tenant.
	Logins map[string]*Context
	// Patience multiplies the time for making rows; 0 counts as 1.
	Patience int
	Labels   map[string]string // of enums by number
	Bounds   map[int]string    // a value within a partition
	tokens   map[string]string
	bases    map[cond.Place]int
	closed   map[*catalog.Column]string
	busy     map[*catalog.Relation]*Row
	// lookups are settings that name a row rather than a person.
	lookups map[cond.Slot]lookup
	n       int
	until   time.Time
}

// New prepares a seeder on a superuser's connection.
func New(m *model.Model, c *pgx.Conn) *Seeder {
	return &Seeder{
		Model: m, Conn: c, Labels: map[string]string{}, Bounds: map[int]string{}, tokens: map[string]string{},
		bases: map[cond.Place]int{}, closed: map[*catalog.Column]string{}, busy: map[*catalog.Relation]*Row{},
	}
}

func newContext(name, letter string, parent *Context) *Context {
	return &Context{
		Name:   name,
		Letter: letter,
		Parent: parent,
		Values: map[cond.Place]string{},
		Rows:   map[*catalog.Relation]*Row{},
	}
}

// Fill makes the rows of both tenants.
func (s *Seeder) Fill(ctx context.Context) error {
	s.until = time.Now().Add(40 * time.Second * time.Duration(max(1, s.Patience)))
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("prepare seeding: %w", err)
	}
	s.Shared, s.A, s.B = newContext("shared", "s", nil), newContext("A", "a", nil), newContext("B", "b", nil)
	s.logins()
	s.findLookups()
	tables := s.tables()
	for _, r := range tables {
		if !s.Model.Tied(r) {
			s.row(ctx, r, s.Shared)
		}
	}
	for _, w := range []*Context{s.A, s.B} {
		for _, r := range tables {
			if s.Model.Tied(r) {
				s.row(ctx, r, w)
			}
		}
		for _, r := range tables {
			s.orphan(ctx, r, w)
		}
	}
	s.people(ctx)
	s.storage(ctx)
	for _, r := range s.Model.Schema.Relations {
		if r.Kind == "m" {
			_, _ = s.Conn.Exec(ctx, "refresh materialized view "+r.SQL())
		}
	}
	return ctx.Err()
}

func (s *Seeder) prepare(ctx context.Context) error {
	limit := fmt.Sprintf("set statement_timeout = '%ds'; ", 4*max(1, s.Patience))
	if _, err := s.Conn.Exec(ctx,
		limit+`set search_path = pg_catalog; set lock_timeout = '2s'; set client_min_messages = error`); err != nil {
		return err
	}
	rows, _ := s.Conn.Query(ctx, `select oid::text, enumlabel::text from pg_enum`)
	var k, v string
	if _, err := pgx.ForEachRow(rows, []any{&k, &v}, func() error { s.Labels[k] = v; return nil }); err != nil {
		return err
	}
	rows, _ = s.Conn.Query(
		ctx,
		`select oid::int, pg_get_expr(relpartbound, oid) from pg_class where relpartbound is not null`,
	)
	var oid int
	_, err := pgx.ForEachRow(rows, []any{&oid, &v}, func() error { s.Bounds[oid] = v; return nil })
	for _, r := range s.Model.Schema.Relations { // what publishes a row stays shut
		for _, p := range r.Policies {
			if p.Command != "r" && p.Command != "*" {
				continue
			}
			for _, b := range s.Model.Judge("").Using(p) {
				if b.Tied() {
					continue
				}
				for _, a := range b {
					if a.Kind == cond.Gate && len(a.Columns) == 1 &&
						s.Model.Schema.BaseType(a.Columns[0].Type).OID == oidBool {
						s.closed[a.Columns[0]] = map[bool]string{true: "true", false: "false"}[a.Negated ||
							a.Value == "false"]
					}
				}
			}
		}
	}
	return err
}

// logins gives each tenant a role of its own where the role is the tenant.
func (s *Seeder) logins() {
	for _, slot := range s.Model.Slots {
		c, ok := s.Model.ClassOfSlot(slot)
		if !slot.Login() || !ok {
			continue
		}
		var names []string
		for _, a := range s.Model.Acting {
			if x := s.Model.Schema.Role(a.Login); a.Primary && x != nil && !x.Bypass &&
				!s.Model.Schema.Member(a.Login, c.Relation.Owner, true) {
				names = append(names, a.Login)
			}
		}
		if len(names) > 1 {
			s.A.Values[c], s.B.Values[c] = names[0], names[1]
			s.Logins = map[string]*Context{names[0]: s.A, names[1]: s.B}
		}
	}
}

func (s *Seeder) tables() []*catalog.Relation {
	var parents, parts []*catalog.Relation
	for _, r := range s.Model.Schema.Relations {
		switch {
		case !r.Table() || r.Kind == "f" || r.Extension || r.Schema == "realtime" || r.Schema == "storage":
		case r.Partition && strings.Contains(s.Bounds[r.OID], "modulus"): // filled through its parent
		case r.Partition:
			parts = append(parts, r)
		default:
			parents = append(parents, r)
		}
	}
	return append(parts, parents...)
}

// Value is the value of a class for a person or tenant, if there is one.
func (x *Context) Value(c cond.Place) (string, bool) {
	for ; x != nil; x = x.Parent {
		if v, ok := x.Values[c]; ok {
			return v, true
		}
	}
	return "", false
}

// row is the context's row of a relation, which is made when there is none.
func (s *Seeder) row(ctx context.Context, r *catalog.Relation, x *Context) *Row {
	if row := x.Rows[r]; row != nil {
		return row
	}
	if x.Parent != nil && !s.personal(r, x) {
		return s.row(ctx, r, x.Parent)
	}
	if !s.Model.Tied(r) && x.Letter != "s" {
		return s.row(ctx, r, s.Shared)
	}
	return s.make(ctx, r, x, nil, "main")
}

// personal says whether a further person needs a row of his own.
func (s *Seeder) personal(r *catalog.Relation, x *Context) bool {
	k := r.Primary()
	if k == nil || len(k.Columns) != 1 {
		return false
	}
	_, ok := x.Values[s.Model.Class(r, k.Columns[0])]
	return ok
}

// make stores a row; fixed are values that the caller demands.
func (s *Seeder) make(ctx context.Context, r *catalog.Relation, x *Context, fixed map[int]*string, kind string) *Row {
	if s.busy[r] != nil {
		return s.busy[r]
	}
	if time.Now().After(s.until) || ctx.Err() != nil {
		return nil
	}
	draft := &Row{Relation: r, Letter: x.Letter, Values: map[string]any{}, Kind: kind}
	s.busy[r] = draft
	defer delete(s.busy, r)

	values := map[int]*string{}
	options := map[int][]*string{}
	cyclic := false
	set := func(n int, v string) {
		values[n] = &v
		draft.Values[r.Column(n).Name] = v
	}
	if k := r.Primary(); k != nil { // first, for rows that point back
		for _, n := range k.Columns {
			if c := r.Column(n); fixed[n] == nil && len(r.Refers(n)) == 0 {
				s.own(r, c, x, kind, set, options)
			}
		}
	}
	for _, f := range r.Foreign {
		t := s.Model.Schema.Relation(f.Target)
		if t == nil {
			continue
		}
		if busy := s.busy[t]; busy != nil {
			for i, n := range f.Columns {
				c, tc := r.Column(n), t.Column(f.Targets[i])
				if v := busy.Values[tc.Name]; c.NotNull && v != nil {
					cyclic = true
					set(n, fmt.Sprint(v))
				} else if values[n] == nil && !c.NotNull {
					options[n] = []*string{nil}
				}
			}
			continue
		}
		free := false
		for _, n := range f.Columns {
			if _, ok := fixed[n]; !ok && values[n] == nil {
				free = true
			}
		}
		if !free {
			continue
		}
		row := s.row(ctx, t, x)
		if row == nil {
			continue
		}
		for i, n := range f.Columns {
			if v := row.Values[t.Column(f.Targets[i]).Name]; v != nil && values[n] == nil {
				set(n, text(v))
			}
		}
	}
	for _, c := range r.Columns {
		if values[c.Num] != nil || options[c.Num] != nil || c.Generated {
			continue
		}
		if v, ok := s.closed[c]; ok {
			set(c.Num, v)
			continue
		}
		s.own(r, c, x, kind, set, options)
	}
	for n, v := range fixed {
		delete(options, n)
		values[n] = v
		if v == nil {
			options[n] = []*string{nil}
			delete(values, n)
		}
	}
	row := s.insert(ctx, r, x, values, options, cyclic, kind)
	if row == nil {
		return nil
	}
	s.Rows = append(s.Rows, row)
	if kind == "main" {
		x.Rows[r] = row
	}
	return row
}

// own decides a column that no foreign key decides.
func (s *Seeder) own(
	r *catalog.Relation,
	c *catalog.Column,
	x *Context,
	kind string,
	set func(int, string),
	options map[int][]*string,
) {
	cl := s.Model.Class(r, c.Num)
	t := s.Model.Schema.BaseType(c.Type)
	isolating := s.Model.Isolating(r, c.Num)
	if isolating && x.Letter != "s" && t.Category != "A" && t.OID != oidBool && t.OID != oidJSONB {
		if v, ok := x.Value(cl); ok && (kind == "main" || !r.InKey(c.Num) || len(r.Primary().Columns) > 1) {
			set(c.Num, v)
			return
		}
		if root := s.rootOf(cl); root != nil && root != r && s.busy[root] == nil {
			if row := s.row(context.Background(), root, x); row != nil {
				if v, ok := x.Value(cl); ok {
					set(c.Num, v)
					return
				}
			}
		}
		v, ok := "", false
		if h := s.hints(r, c, x); len(h) == 0 || t.Category == "S" && accepts(r, c, s) {
			v, ok = s.key(t, x.Letter, cl)
		}
		if kind != "main" {
			ok = false
		}
		if !ok {
			if list := s.candidates(r, c, x); len(list) > 0 && list[0] != nil {
				v, ok = *list[0], true
			}
		}
		if ok {
			if kind == "main" {
				x.Values[cl] = v
			}
			set(c.Num, v)
			return
		}
	}
	if root := s.rootOf(cl); root != nil && root != r && !isolating && s.Model.Tied(root) && x.Letter != "s" &&
		s.busy[root] == nil {
		if row := s.row(context.Background(), root, x); row != nil {
			set(c.Num, text(row.Values[root.Column(root.Primary().Columns[0]).Name]))
			return
		}
	}
	if b := s.bound(r, c); b != "" {
		set(c.Num, b)
		return
	}
	if isolating && t.Category == "A" && x.Letter != "s" {
		if v, ok := x.Value(cl); ok {
			set(c.Num, "{"+v+"}")
			return
		}
	}
	if list := s.candidates(r, c, x); len(list) > 0 {
		options[c.Num] = list
	}
}

// accepts says whether a number in text passes the column's patterns.
func accepts(r *catalog.Relation, c *catalog.Column, s *Seeder) bool {
	for _, k := range r.Checks {
		if !slices.Contains(k.Columns, c.Num) {
			continue
		}
		m := lazyregexp.New(`~ '((?:[^']|'')*)'`).FindStringSubmatch(k.Expression)
		if m == nil {
			return false
		}
		re, err := regexp.Compile(m[1])
		if err != nil || !re.MatchString("9001") || !re.MatchString("90012") {
			return false
		}
	}
	return true
}

// rootOf is the relation whose primary key a class starts from.
func (s *Seeder) rootOf(c cond.Place) *catalog.Relation {
	for _, r := range s.Model.Schema.Relations {
		k := r.Primary()
		if k == nil || len(k.Columns) != 1 || s.Model.Class(r, k.Columns[0]) != c ||
			len(r.Refers(k.Columns[0])) > 0 ||
			!r.Table() {
			continue
		}
		return r
	}
	return nil
}

var boundValue = lazyregexp.New(`FROM \(('?[^,')]*'?)|IN \(('?[^,')]*'?)`)

// bound is a value that falls into a partition.
func (s *Seeder) bound(r *catalog.Relation, c *catalog.Column) string {
	for oid, b := range s.Bounds {
		p := s.Model.Schema.Relation(oid)
		if p == nil || p != r && !slices.Contains(p.Parents, r.OID) {
			continue
		}
		m := boundValue.FindStringSubmatch(b)
		if m == nil {
			continue
		}
		v := strings.Trim(m[1]+m[2], "'")
		t := s.Model.Schema.BaseType(c.Type)
		isDate := lazyregexp.New(`^\d{4}-\d\d-\d\d`).MatchString(v)
		if isDate == (t.Category == "D") && v != "MINVALUE" &&
			(t.Category == "D" || t.Category == "N" && len(r.Refers(c.Num)) == 0 || t.Kind == "e") {
			return v
		}
	}
	return ""
}

// Literal writes a value for a column.
func Literal(v any, c *catalog.Column) string {
	if v == nil {
		return "null"
	}
	t := c.TypeText
	if t == `"char"` || strings.HasPrefix(t, "character(") {
		return catalog.Literal(text(v))
	}
	return catalog.Literal(text(v)) + "::" + t
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return fmt.Sprint(int64(v))
	case bool:
		return fmt.Sprint(v)
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, text(e))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case nil:
		return ""
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// insert tries candidates until the database takes the row.
func (s *Seeder) insert(
	ctx context.Context,
	r *catalog.Relation,
	x *Context,
	values map[int]*string,
	options map[int][]*string,
	cyclic bool,
	kind string,
) *Row {
	at := map[int]int{}
	var solved []*catalog.Check
	quiet := cyclic
	var last error
	for range 24 {
		var names, literals []string
		for _, c := range r.Columns {
			v, ok := values[c.Num], values[c.Num] != nil
			if !ok {
				if list := options[c.Num]; len(list) > 0 {
					v, ok = list[at[c.Num]%len(list)], true
				}
			}
			if !ok || c.Generated {
				continue
			}
			names = append(names, catalog.Quote(c.Name))
			if v == nil {
				literals = append(literals, "null")
			} else {
				literals = append(literals, Literal(*v, c))
			}
		}
		sql := fmt.Sprintf(
			"insert into %s (%s) overriding system value values (%s)",
			r.SQL(),
			strings.Join(names, ", "),
			strings.Join(literals, ", "),
		)
		if len(names) == 0 {
			sql = "insert into " + r.SQL() + " default values"
		}
		sql += " on conflict do nothing returning to_jsonb(" + catalog.Quote(r.Name) + ".*)::text"
		got, err := s.store(ctx, sql, x, quiet)
		if err == nil && got != "" {
			return s.remember(r, x, got, kind)
		}
		if err == nil { // a trigger was faster
			if row := s.existing(ctx, r, x, values, options, kind); row != nil {
				return row
			}
			moved := false
			for n, list := range options {
				if len(list) > 1 && s.inUnique(r, n) {
					at[n]++
					moved = true
				}
			}
			if !moved && quiet {
				if row := s.settled(ctx, r, x, kind); row != nil {
					return row
				}
				last = errors.New("a row with the same key is there already")
				break
			}
			quiet = quiet || !moved
			continue
		}
		last = err
		if k := refusedBy(r, err); k != nil && !slices.Contains(solved, k) {
			solved = append(solved, k)
			if s.solve(ctx, r, k, values, options, at) {
				continue
			}
		}
		if !s.move(r, err, options, at, &quiet) {
			break
		}
	}
	if last != nil && kind == "main" {
		s.Failed = append(
			s.Failed,
			finding.NotTested{What: r.FullName(), Reason: "no row could be made: " + short(last)},
		)
	}
	return nil
}

// settled is the row that the migrations themselves put into a table that
// belongs to nobody, and that has room for no other: a switch, a clock.
func (s *Seeder) settled(ctx context.Context, r *catalog.Relation, x *Context, kind string) *Row {
	if x.Letter != "s" || kind != "main" {
		return nil
	}
	var got string
	if err := s.Conn.QueryRow(ctx, "select to_jsonb(t.*)::text from "+r.SQL()+" t limit 1").Scan(&got); err != nil {
		return nil
	}
	return &Row{Relation: r, Letter: x.Letter, Kind: kind, Values: decode(got)}
}

func (s *Seeder) inUnique(r *catalog.Relation, n int) bool {
	return slices.ContainsFunc(r.Keys, func(k *catalog.Key) bool { return slices.Contains(k.Columns, n) })
}

func short(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Sprintf("%s (%s)", pg.Message, pg.Code)
	}
	return err.Error()
}

// move changes the candidates that an error is about; false when it is about
// nothing that can change.
func (s *Seeder) move(r *catalog.Relation, err error, options map[int][]*string, at map[int]int, quiet *bool) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	var about []int
	for _, k := range r.Checks {
		if k.Name == pg.ConstraintName {
			about = k.Columns
		}
	}
	if pg.ColumnName != "" {
		for _, c := range r.Columns {
			if c.Name == pg.ColumnName {
				about = append(about, c.Num)
			}
		}
	}
	moved := false
	for _, n := range about {
		if len(options[n]) > 1 {
			at[n]++
			moved = true
		}
	}
	if moved {
		return true
	}
	if strings.HasPrefix(pg.Code, "22") || pg.Code == "23514" || pg.Code == "23502" {
		for _, c := range r.Columns {
			t := s.Model.Schema.Types[c.Type]
			if len(options[c.Num]) > 1 &&
				(t == nil || t.Kind == "d" || t.Kind == "e" || strings.HasPrefix(pg.Code, "22") ||
					pg.DataTypeName != "") {
				at[c.Num]++
				moved = true
			}
		}
		if moved {
			return true
		}
	}
	if !*quiet { // a trigger that refuses
		*quiet = true
		return true
	}
	return false
}

// store runs one insert in a savepoint of its own, with the person's settings
// so that triggers know who acts; quiet leaves triggers out.
func (s *Seeder) store(ctx context.Context, sql string, x *Context, quiet bool) (string, error) {
	tx, err := s.Conn.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	before := s.Settings(x, "authenticated")
	if quiet {
		before += "set local session_replication_role = replica;"
	}
	if _, err := tx.Exec(ctx, before+"set local search_path = public, extensions, pg_catalog"); err != nil {
		return "", err
	}
	var got string
	err = tx.QueryRow(ctx, sql).Scan(&got)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", tx.Commit(ctx)
	}
	if err != nil {
		return "", err
	}
	return got, tx.Commit(ctx)
}

func (s *Seeder) remember(r *catalog.Relation, x *Context, got, kind string) *Row {
	row := &Row{Relation: r, Letter: x.Letter, Kind: kind, Values: decode(got)}
	for _, c := range r.Columns {
		s.mark(row.Values[c.Name], x.Letter, s.Model.Schema.BaseType(c.Type))
	}
	if kind == "main" {
		if k := r.Primary(); k != nil && len(k.Columns) == 1 {
			cl := s.Model.Class(r, k.Columns[0])
			if _, ok := x.Values[cl]; !ok && s.Model.Isolating(r, k.Columns[0]) {
				x.Values[cl] = text(row.Values[r.Column(k.Columns[0]).Name])
			}
		}
		for _, c := range r.Columns { // e-mail addresses that a token carries
			cl := s.Model.Class(r, c.Num)
			if _, ok := x.Values[cl]; !ok && len(s.Model.ClassSlots(cl)) > 0 && row.Values[c.Name] != nil {
				x.Values[cl] = text(row.Values[c.Name])
			}
		}
	}
	return row
}

func decode(got string) map[string]any {
	out := map[string]any{}
	d := json.NewDecoder(strings.NewReader(got))
	d.UseNumber()
	_ = d.Decode(&out)
	return out
}

// existing takes over a row that a trigger has made, and marks its values.
func (s *Seeder) existing(
	ctx context.Context,
	r *catalog.Relation,
	x *Context,
	values map[int]*string,
	options map[int][]*string,
	kind string,
) *Row {
	var where []string
	for _, k := range r.Keys {
		var parts []string
		for _, n := range k.Columns {
			c := r.Column(n)
			if c == nil || values[n] == nil {
				parts = nil
				break
			}
			parts = append(parts, catalog.Quote(c.Name)+" = "+Literal(*values[n], c))
		}
		if parts != nil {
			where = append(where, strings.Join(parts, " and "))
		}
	}
	if len(where) == 0 {
		return nil
	}
	cond := "(" + strings.Join(where, ") or (") + ")"
	for n, list := range options {
		c := r.Column(n)
		if len(list) > 0 && list[0] != nil && !c.Generated && c.Identity == "" {
			_, _ = s.store(
				ctx,
				fmt.Sprintf(
					"update %s set %s = %s where %s returning 'x'",
					r.SQL(),
					catalog.Quote(c.Name),
					Literal(*list[0], c),
					cond,
				),
				x,
				true,
			)
		}
	}
	var got string
	err := s.Conn.QueryRow(ctx, "select to_jsonb(t.*)::text from "+r.SQL()+" t where "+cond+" limit 1").Scan(&got)
	if err != nil {
		return nil
	}
	return s.remember(r, x, got, kind)
}

// orphan makes a second row whose optional owner is empty.
func (s *Seeder) orphan(ctx context.Context, r *catalog.Relation, x *Context) {
	if !s.Model.Tied(r) || x.Rows[r] == nil || r.Schema == "auth" {
		return
	}
	fixed := map[int]*string{}
	for _, c := range r.Columns {
		if !c.NotNull && s.Model.Isolating(r, c.Num) {
			fixed[c.Num] = nil
		}
	}
	if len(fixed) == 0 {
		return
	}
	x.extra++
	s.make(ctx, r, x, fixed, "orphan")
	x.extra--
}

var ended = lazyregexp.New(
	`(?i)left|ended|revok|delet|remov|expir|disabl|archiv|cancel|until|deactiv|suspend|banned`,
)

// people gives tenant A further members: one for each rank, one who has left,
// and somebody who belongs nowhere.
func (s *Seeder) people(ctx context.Context) {
	s.Nobody = s.person(ctx, "nobody")
	for _, ms := range s.Model.Memberships {
		r := ms.Relation
		for _, c := range ms.Ranks {
			for i, v := range s.ranks(r, c) {
				if i == 6 || len(s.People) > 14 {
					break
				}
				p := s.person(ctx, "A")
				if p == nil {
					return
				}
				p.Rank = c.Name + " " + v
				s.make(ctx, r, p, map[int]*string{c.Num: &v}, "member")
			}
		}
		fixed := map[int]*string{}
		past := "2020-01-02 00:00:00+00"
		for _, c := range r.Columns {
			t := s.Model.Schema.BaseType(c.Type)
			if t.Category == "D" && c.Default == "" &&
				(ended.MatchString(c.Name) || !c.NotNull && s.Model.NullTested(r, c.Num)) {
				fixed[c.Num] = &past
			}
		}
		if len(fixed) > 0 && len(s.People) < 16 {
			if p := s.person(ctx, "A"); p != nil && s.make(ctx, r, p, fixed, "ended") != nil {
				p.Former, p.Rank = true, "former"
			}
		}
		if len(ms.Ranks) == 0 && len(s.People) < 16 { // a plain colleague
			if p := s.person(ctx, "A"); p != nil {
				s.make(ctx, r, p, nil, "member")
			}
		}
	}
}

// ranks are the values that a rank takes.
func (s *Seeder) ranks(r *catalog.Relation, c *catalog.Column) []string {
	t := s.Model.Schema.BaseType(c.Type)
	switch {
	case t.OID == oidBool:
		return []string{"false", "true"}
	case t.Kind == "e":
		return t.Labels
	}
	out := s.hints(r, c, s.A)
	if m := lazyregexp.New(`^'([^']*)'`).FindStringSubmatch(c.Default); m != nil {
		out = append(out, m[1])
	}
	for _, v := range s.Model.Constants(r.FullName() + "." + c.Name) {
		out = append(out, s.enum(v))
	}
	var uniq []string
	for _, v := range out {
		if !slices.Contains(uniq, v) {
			uniq = append(uniq, v)
		}
	}
	return uniq
}

// person makes somebody who can sign in.
func (s *Seeder) person(ctx context.Context, of string) *Context {
	parent := s.A
	if of == "nobody" {
		parent = nil
	}
	letter := "a"
	if of == "nobody" {
		letter = "n"
	}
	p := newContext(of, letter, parent)
	classes := s.personClasses()
	if len(classes) == 0 {
		return nil
	}
	for _, c := range classes {
		t := s.Model.Schema.BaseType(c.Relation.Column(c.Column).Type)
		switch {
		case t.OID == oidUUID:
			p.Values[c] = s.uuid("a")
		case t.Category == "N":
			s.n++
			p.Values[c] = fmt.Sprint(3000 + s.n)
		default:
			p.Values[c] = s.word(letter)
		}
		root := s.rootOf(c)
		if root == nil {
			continue
		}
		for _, col := range root.Columns { // an address of his own
			cl := s.Model.Class(root, col.Num)
			if cl != c && s.Model.Isolating(root, col.Num) && s.inUnique(root, col.Num) &&
				len(root.Refers(col.Num)) == 0 {
				p.Values[cl] = s.word(letter)
			}
		}
		s.make(ctx, root, p, nil, "main")
	}
	p.extra = 1
	if of != "nobody" {
		s.People = append(s.People, p)
	}
	return p
}

func (s *Seeder) personClasses() []cond.Place {
	var out []cond.Place
	add := func(c cond.Place) {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	for _, ms := range s.Model.Memberships {
		add(s.Model.Class(ms.Relation, ms.Person.Num))
	}
	for _, slot := range s.Model.Slots {
		if slot.Path == "sub" {
			if c, ok := s.Model.ClassOfSlot(slot); ok {
				add(c)
			}
		}
	}
	return out
}

// storage puts files of both tenants under every kind of path.
func (s *Seeder) storage(ctx context.Context) {
	objects := s.Model.Schema.ByName("storage.objects")
	if objects == nil || !s.Model.Supabase {
		return
	}
	rows, _ := s.Conn.Query(ctx, `select id from storage.buckets order by 1 limit 12`)
	buckets, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	keys := func(x *Context) []string {
		var out []string
		for c, v := range x.Values {
			if t := s.Model.Schema.BaseType(c.Relation.Column(c.Column).Type); (t.OID == oidUUID ||
				t.Category == "N") &&
				!slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		slices.Sort(out)
		return out[:min(len(out), 8)]
	}
	mine := keys(s.A)
	for _, b := range buckets {
		for _, x := range []*Context{s.A, s.B} {
			person := ""
			for _, c := range s.personClasses() {
				person, _ = x.Value(c)
			}
			for _, k := range keys(x) {
				paths := []string{k + "/" + s.word(x.Letter) + ".pdf"}
				if x == s.B {
					for _, m := range mine {
						paths = append(paths, k+"/"+m+"/"+s.word("b")+".csv")
					}
				}
				for _, p := range paths {
					owner := "null"
					if person != "" {
						owner = catalog.Literal(person)
					}
					sql := fmt.Sprintf(
						"insert into storage.objects (bucket_id, name, owner, owner_id) values (%s, %s, %s, %s) on conflict do nothing returning to_jsonb(objects.*)::text",
						catalog.Literal(b),
						catalog.Literal(p),
						owner,
						owner,
					)
					if got, err := s.store(ctx, sql, x, false); err == nil && got != "" {
						row := &Row{Relation: objects, Letter: x.Letter, Kind: "file", Values: decode(got)}
						s.mark(row.Values["name"], x.Letter, s.Model.Schema.BaseType(25))
						s.mark(row.Values["id"], x.Letter, s.Model.Schema.BaseType(oidUUID))
						s.Rows = append(s.Rows, row)
					}
				}
			}
		}
	}
}

// Ranks are the values that a rank takes.
func (s *Seeder) Ranks(r *catalog.Relation, c *catalog.Column) []string { return s.ranks(r, c) }
