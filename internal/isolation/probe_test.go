package isolation

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// A probe is a statement about a row by which somebody might learn that it exists.
type probe struct{ name, sql string }

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:victimsecret|absentsecret|stranger)-[0-9a-f]{8}|\\x[0-9a-f]+`)

// blind removes from what an actor learned the values that the statement itself named.
func blind(s string) string { return ids.ReplaceAllString(s, "*") }

// probes are the statements to try about a row of a table. own is a row as the
// actor may make it in the actor's own place.
func (w *world) probes(table string, r, own row) []probe {
	name := "tijori." + table
	where := w.where(table, r)
	grants := w.grants[table]
	columns := strings.Join(grants["select"], ", ")
	key := strings.Join(w.keys[table], ", ")
	insert := func(r row, tail string) string {
		cs, vs := r.values(grants["insert"])
		if grants["insert"] == nil {
			cs, vs = r.values(nil)
		}
		return "insert into " + name + " (" + cs + ") values (" + vs + ") " + tail
	}
	ps := []probe{
		{"all columns", "select * from " + name + " where " + where},
		{"count", "select count(*) from " + name + " where " + where},
		{"columns", "select " + columns + " from " + name + " where " + where},
		{"exists", "select exists (select from " + name + " where " + where + ")"},
		{"lock", "select 1 from " + name + " where " + where + " for update nowait"},
		{"share lock", "select 1 from " + name + " where " + where + " for key share skip locked"},
		{"delete", "delete from " + name + " where " + where},
		{"insert in its place", insert(r, "")},
		{"insert in its place, returning", insert(r, "returning "+key)},
		{"insert or nothing", insert(r, "on conflict do nothing")},
		{"insert or nothing by key", insert(r, "on conflict ("+key+") do nothing")},
		{"move into its place", "update " + name + " set account_id = " + literal(r["account_id"])},
		{"physical rows", "select ctid, xmin from " + name + " where " + where},
		{"sample", "select 1 from " + name + " tablesample system (100) where " + where},
		{"cursor", "declare c cursor for select 1 from " + name + " where " + where + "; fetch all c"},
		{"kept cursor", "declare c cursor with hold for select 1 from " + name + " where " + where + "; fetch all c"},
		{"copy", "\\copy copy (select 1 from " + name + " where " + where + ") to stdout"},
		{"copy all", "\\copy copy " + name + " (" + key + ") to stdout"},
		{"as xml", "select query_to_xml(" + literal("select 1 from "+name+" where "+where) + ", false, false, '')"},
		{"explain", "explain (analyze, verbose, costs off, timing off, summary off, buffers off) select 1 from " +
			name + " where " + where},
		{
			"explain with indexes only",
			"set local enable_seqscan = off; explain (analyze, costs off, timing off, summary off, buffers off) select 1 from " + name + " where " + where,
		},
		{
			"explain without indexes",
			"set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off; explain (analyze, costs off, timing off, summary off, buffers off) select 1 from " + name + " where " + where,
		},
		{"no policies", "set local row_security = off; select 1 from " + name + " where " + where},
		{"divide by rows", "select 1 / (select count(*) from " + name + " where " + where + ")"},
		{"self join", "select count(*) from " + name + " a join " + name + " b using (account_id) where a." +
			strings.ReplaceAll(where, " and ", " and a.")},
		{"merge", "merge into " + name + " using (select 1) x on " + where +
			" when matched then do nothing when not matched then do nothing"},
		{"merge delete", "merge into " + name + " using (select 1) x on " + where + " when matched then delete"},
	}
	for _, k := range w.keys[table] {
		condition := k + " = " + literal(r[k])
		ps = append(ps,
			probe{"by " + k + " alone", "select count(*) from " + name + " where " + condition},
			probe{
				"explain by " + k,
				"set local enable_seqscan = off; explain (analyze, costs off, timing off, summary off, buffers off) select 1 from " + name + " where " + condition,
			})
	}
	for _, c := range grants["update"] {
		ps = append(ps,
			probe{"update " + c, "update " + name + " set " + c + " = " + c + " where " + where},
			probe{"update " + c + " returning", "with u as (update " + name + " set " + c + " = " + c + " where " +
				where + " returning " + key + ") select * from u"},
			probe{"insert or update " + c, insert(r, "on conflict ("+key+") do update set "+c+" = excluded."+c)},
			probe{"merge update " + c, "merge into " + name + " using (select 1) x on " + where +
				" when matched then update set " + c + " = " + c})
	}
	// Statements in the actor's own place that borrow one value of the row.
	for _, col := range w.columns[table] {
		v, ok := r[col.Name]
		if !ok || v == own[col.Name] {
			continue
		}
		borrowed := own.clone()
		borrowed[col.Name] = v
		ps = append(ps,
			probe{"own row with its " + col.Name, insert(borrowed, "")},
			probe{"own row with its " + col.Name + " or nothing", insert(borrowed, "on conflict do nothing")})
		if slices.Contains(grants["select"], col.Name) {
			ps = append(ps,
				probe{"where " + col.Name, "select count(*) from " + name + " where " + col.Name + "::text = " +
					literal(v)},
				probe{"cast " + col.Name, "select count(*) from " + name + " where case when " + col.Name +
					"::text = " + literal(v) + " then 1 / 0 = 1 else true end"})
		}
		if slices.Contains(grants["update"], col.Name) {
			ps = append(ps, probe{"set " + col.Name, "update " + name + " set " + col.Name + " = " + literal(v)})
		}
	}
	return ps
}

// twins are rows that do not exist but differ from r only in what names it: in
// all ids, in the last part of the key, in the tenant.
func (w *world) twins(t testing.TB, table string, r row) []row {
	t.Helper()
	fresh := func(names ...string) row {
		out := r.clone()
		for _, n := range names {
			if col, ok := w.column(table, n); ok && ids.FindString(r[n]) == r[n] && r[n] != "" {
				out[n] = valueOf(t, col, "absentsecret")
			}
		}
		return out
	}
	var all []string
	for _, col := range w.columns[table] {
		all = append(all, col.Name)
	}
	out := []row{fresh(all...), fresh("account_id"), fresh(w.keys[table][len(w.keys[table])-1])}
	for _, col := range w.columns[table] {
		if col.Type == "uuid" {
			out = append(out, fresh(col.Name))
		}
	}
	return out
}

// refusals are those who are refused, one of each kind; the matrix has them all.
var refusals = []string{
	"stranger naming the victim's business", "removed member", "removed member, account",
	"counter of a business, naming none",
	"manager of the other business, naming this one", "revoked credential", "no credential", "half a credential",
}

// outsiders are the actors who have nothing to do with the victim's first business.
func (w *world) outsiders() []actor {
	var out []actor
	for _, a := range w.actors() {
		switch {
		case a.account == w.victim.AccountID && a.business != w.second:
		case a.name == "owner in the other business": // owns the account: its tables are the owner's own
		case a.role == "" && !slices.Contains(refusals, a.name): // refused with the same words as one of those
		default:
			out = append(out, a)
		}
	}
	return out
}

// TestNothingTellsThatARowExists sends each probe about a row that is there and about
// rows that are not. What comes back must be the same, but for the ids that were sent.
func TestNothingTellsThatARowExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, table := range w.tables {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			r := w.rows[table][0]
			twins := w.twins(t, table, r)
			for _, a := range w.outsiders() {
				if a.account == w.victim.AccountID && w.businessColumn(table) != "business_id" {
					continue // a member of the account: the row is no stranger's
				}
				p := place{account: a.account, business: a.business, user: a.user, mark: strangerMark}
				if a.role == "" {
					p = place{
						account: w.stranger.AccountID, business: w.stranger.BusinessID, user: w.stranger.UserID,
						mark: strangerMark,
					}
				}
				if p.business == uuid.Nil {
					p.business = w.stranger.BusinessID
				}
				own := w.make(t, table, p, func(parent string, p place) row { return w.find(t, parent, p) })
				absent := w.probesOfTwins(t, a, table, r, own, twins)
				for _, p := range w.probes(table, r, own) {
					here := w.run(t, a, p.sql, false)
					if strings.Contains(here.text, "syntax error") || here.code == "42703" {
						t.Fatalf("%s: a broken probe: %s: %v", p.name, p.sql, here)
					}
					if a.account != w.victim.AccountID && strings.Contains(blind(here.text), victimMark) {
						t.Errorf("%s, %s tells the victim's: %v", a.name, p.name, here)
					}
					for sql := range absent[p.name] {
						if sql == p.sql {
							continue
						}
						gone := w.run(t, a, sql, false)
						if here.code != gone.code || blind(here.text) != blind(gone.text) {
							t.Errorf("%s, %s: a row that exists answers\n\t%s\nand one that does not\n\t%s\nto %s",
								a.name, p.name, blind(here.String()), blind(gone.String()), p.sql)
							break
						}
					}
				}
			}
		})
	}
}

// probesOfTwins are the probes about rows that do not exist, by name. Twins in
// what the actor knows from own rows, such as the account of a colleague, say nothing.
func (w *world) probesOfTwins(t testing.TB, a actor, table string, r, own row, twins []row) map[string]map[string]bool {
	t.Helper()
	out := map[string]map[string]bool{}
	tried := 0
	for _, twin := range twins {
		known := false
		for name, v := range r {
			if twin[name] != v && a.account == w.victim.AccountID {
				known = known || w.count(t, table, w.inScope(a, table, "select")+" and "+name+"::text = "+
					literal(v)) > 0 || name == "account_id" || name == "created_by"
			}
		}
		if known {
			continue
		}
		for _, p := range w.probes(table, twin, own) {
			if out[p.name] == nil {
				out[p.name] = map[string]bool{}
			}
			out[p.name][p.sql] = true
		}
		if tried++; a.role == "" {
			break // refused before any row is looked at
		}
	}
	if tried == 0 {
		t.Errorf("%s: nothing was compared", a.name)
	}
	return out
}

// TestFunctionsTellNothing calls every function that tijori_app may call with the
// victim's ids and with ids of nobody.
func TestFunctionsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type fn struct {
		Name  string
		Types []string
	}
	fns := rowsOf[fn](t, w.Super, `
		select n.nspname || '.' || p.proname, array(select format_type(a.id, null)
		    from unnest(p.proargtypes) with ordinality a(id, i) order by a.i)
		  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		 where n.nspname in ('tijori', `+partSchemas+
		`) and p.prorettype <> 'trigger'::regtype and has_function_privilege('tijori_app', p.oid, 'execute')`)
	if len(fns) < 10 {
		t.Fatalf("only %d functions found", len(fns))
	}
	real := []string{
		w.victim.UserID.String(), w.victim.AccountID.String(), w.victim.BusinessID.String(),
		w.second.String(),
	}
	for _, table := range w.tables {
		if id := w.rows[table][0]["id"]; id != "" && len(id) == 36 {
			real = append(real, id)
		}
	}
	call := func(f fn, id string) string {
		var args []string
		for _, typ := range f.Types {
			switch typ {
			case "uuid":
				args = append(args, literal(id)+"::uuid")
			case "text":
				args = append(args, "'owner'")
			case "text[]":
				args = append(args, "'{%}'")
			case "uuid[]":
				args = append(args, literal("{"+id+"}"))
			case "boolean":
				args = append(args, "true")
			case "bytea[]", "bigint[]", "integer[]", "jsonb[]":
				args = append(args, "'{}'")
			case "bytea":
				args = append(args, "sha256("+literal(uuid.NewString())+")")
			case "interval":
				args = append(args, "interval '0'")
			case "timestamp with time zone":
				args = append(args, "now()")
			case "integer", "bigint":
				args = append(args, strconv.Itoa(1))
			case "date":
				args = append(args, "date '2099-12-31'")
			default:
				t.Fatalf("function %s takes a %s: say here what to send", f.Name, typ)
			}
		}
		return "select * from " + f.Name + "(" + strings.Join(args, ", ") + ")"
	}
	for _, a := range w.outsiders() {
		if a.account == w.victim.AccountID {
			continue
		}
		before := w.snapshot(t, a)
		for _, f := range fns {
			absent := w.run(t, a, call(f, uuid.NewString()), true)
			for _, id := range real {
				here := w.run(t, a, call(f, id), true)
				if len(f.Types) > 0 && (here.code != absent.code || blind(here.text) != blind(absent.text)) {
					t.Errorf("%s, %s: an id that exists answers\n\t%v\nand one that does not\n\t%v", a.name, f.Name,
						here, absent)
				}
				if strings.Contains(here.text, victimMark) && !slices.Contains([]string{
					"tijori_access.my_businesses",
					"tijori_access.my_memberships",
				}, f.Name) {
					t.Errorf("%s, %s tells the victim's: %v", a.name, f.Name, here)
				}
				if a.refused == "28000" && here.code != "28000" && f.Name != "tijori_ops.clock" &&
					!strings.HasPrefix(f.Name, "tijori_khata.sound_") && // a computation
					!strings.Contains(here.text, "[[1 unauthorized ") && !answersRefusal(f.Name, here.text) {
					t.Errorf("%s, %s: %v, want SQLSTATE 28000", a.name, f.Name, here)
				}
			}
		}
		for table, sum := range w.snapshot(t, a) {
			if sum != before[table] && table != "complaints" { // everybody may report what is not theirs
				t.Errorf("%s: a function changed rows of %s", a.name, table)
			}
		}
	}
}

// TestClaimedRoleFindsLess claims to see more or less than it does, also from within a
// statement that has begun: a counter must see and change own entries at most.
func TestClaimedRoleFindsLess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	counter := w.members["counter"]
	own := w.count(t, "entries", "created_by = "+literal(counter.UserID.String()))
	others := w.count(t, "entries", "business_id = "+literal(w.victim.BusinessID.String())) - own
	if own == 0 || others == 0 {
		t.Fatalf("%d entries of the counter, %d of others: both are needed", own, others)
	}
	flip := "(select set_config('tijori.own_only', case when g %% 2 = %d then 'on' else 'off' end, true) as claim from generate_series(1, 4) g) x"
	for _, claim := range []string{"on", "off", "", "anything"} {
		settings := claims(counter, w.victim.BusinessID)
		settings["tijori.own_only"], settings["tijori.account"] = claim, w.victim.AccountID.String()
		a := actor{name: "counter claiming to be " + claim, settings: settings}
		queries := []string{
			"select created_by from tijori.entries", "select created_by from tijori.changes",
			"select created_by from tijori.entries where set_config('tijori.own_only', 'off', true) <> ''",
			"with x as materialized (select set_config('tijori.own_only', 'off', true)) select created_by from x, tijori.entries",
			"select e.created_by from (select set_config('tijori.own_only', 'off', true) as claim) x, lateral (select * from tijori.entries where x.claim <> '' offset 0) e",
		}
		for _, odd := range []int{0, 1} {
			for _, table := range []string{"entries", "changes"} {
				queries = append(queries,
					fmt.Sprintf("set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_material = off; select e.created_by from "+flip+", lateral (select * from tijori."+table+" where x.claim <> '' offset 0) e", odd))
			}
		}
		for _, sql := range queries {
			o := w.run(t, a, sql, false)
			if o.code != "" {
				t.Errorf("%s: %s: %v", a.name, sql, o)
			}
			for _, r := range o.rows {
				if r[0] != counter.UserID.String() {
					t.Errorf("%s sees another's row by %s", a.name, sql)
				}
			}
		}
		for _, sql := range []string{
			"update tijori.entries set note = 'mine'",
			"update tijori.entries set note = 'mine' where set_config('tijori.own_only', 'off', true) <> ''",
			"update tijori.entries e set note = 'mine' from " + fmt.Sprintf(flip, 0),
		} {
			if o := w.run(t, a, sql, true); o.code != "" && o.code != "42501" || o.n > own {
				t.Errorf("%s: %s: %d rows %v, at most %d are own", a.name, sql, o.n, o, own)
			}
		}
		if n := w.count(t, "entries", "note = 'mine' and created_by <> "+literal(counter.UserID.String())); n > 0 {
			t.Errorf("%s changed %d entries of others", a.name, n)
		}
	}
}

// TestLeakyConditions runs conditions that fail, count or speak when they see a row.
// The policy must have sorted the rows out before.
func TestLeakyConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, a := range w.outsiders() {
		if a.account == w.victim.AccountID || a.role == "" {
			continue
		}
		for _, table := range w.tables {
			columns := w.grants[table]["select"]
			if columns == nil {
				continue
			}
			name, all := "tijori."+table, "row("+strings.Join(columns, ", ")+")::text"
			for _, sql := range []string{
				"select 1 from " + name + " where account_id <> " + literal(a.account.String()) +
					" and 1 / (case when account_id is null then 1 else 0 end) = 1",
				"select 1 from " + name + " where case when account_id <> " + literal(a.account.String()) + " then " +
					all + "::int = 1 end",
				"select 1 from " + name + " where account_id <> " + literal(a.account.String()) + " and " + all +
					"::int = 1",
				"select sum(1) over (), max(account_id::text) over () from " + name + " where account_id <> " +
					literal(a.account.String()),
				"select count(*) filter (where account_id <> " + literal(a.account.String()) + ") from " + name +
					" having count(*) filter (where account_id <> " + literal(a.account.String()) + ") > 0",
				"set local enable_indexscan = off; set local enable_bitmapscan = off; select 1 from " + name +
					" where account_id <> " + literal(a.account.String()) + " and pg_catalog.set_config('my.leak', " +
					all + ", true) = ''",
			} {
				o := w.run(t, a,
					sql+"; select current_setting('my.leak', true) where current_setting('my.leak', true) <> ''", false)
				if o.code != "" || len(o.rows) != 0 || strings.Contains(o.text, victimMark) {
					t.Errorf("%s: %s: %v, want no rows", a.name, sql, o)
				}
			}
		}
	}
}

// linkFunctions ask for a link whose hash the caller claims, which may be made up: they answer and log no refusal.
var linkFunctions = []string{
	"tijori_access.open_portal", "tijori_access.pending_link", "tijori_access.leave_portal", "tijori_plans.portal",
}

// answersRefusal reports whether a function that does not raise has answered nothing but that the caller is refused.
func answersRefusal(function, answer string) bool {
	_, row, _ := strings.Cut(answer, "[[")
	row = strings.TrimSpace(strings.TrimRight(row, "]"))
	if strings.HasPrefix(function, "tijori_ops.") { // what is frozen for everybody: nothing, here
		return slices.Contains([]string{"0", "{}", ""}, row)
	}
	if slices.Contains(linkFunctions, function) { // without a link there is nothing, false or no row
		return slices.Contains([]string{"", "f", "false"}, row)
	}
	if function == "tijori_plans.check_customers" {
		return strings.HasPrefix(row, "1 28000 f")
	}
	return slices.Contains([]string{
		"tijori_access.try_scope", "tijori_access.try_key", "tijori_access.try_app",
	}, function) && row == "28000"
}
