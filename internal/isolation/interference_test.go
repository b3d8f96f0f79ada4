package isolation

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestForeignRowsDoNotInterfere sends statements as an actor, deletes every row that the actor may not see, and
// sends them again. Whatever came back the first time, an error, rows or a plan, must come back the second time:
// then it told nothing of the rows that are gone.
//
// Conditions are put together from what costs the planner less than a policy's comparison, so that it would run them
// first if it could: every column that tijori_app may read, in each cheap form, in each kind of scan, beside a
// sub-select
// that fails as soon as a row gets so far, and beside sub-selects that change the settings meanwhile.
func TestForeignRowsDoNotInterfere(t *testing.T) {
	t.Parallel()
	names := []string{
		"stranger", "stranger naming the victim's business", "counter", "manager of the other business",
		"no credential",
	}
	if thorough {
		names = append(names, "stranger, account", "stranger with a forged user and account",
			"accountant of the other business",
			"counter of a business, naming none")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			i := slices.IndexFunc(w.actors(), func(a actor) bool { return a.name == name })
			if i < 0 {
				t.Fatalf("no actor is called %q", name)
			}
			a := w.actors()[i]
			w.still(t)
			for _, table := range w.tables {
				if len(w.grants[table]["select"]) == 0 {
					continue
				}
				t.Run(table, func(t *testing.T) {
					probes := w.lazyProbes(table)
					before := make([]outcome, len(probes))
					for i, p := range probes {
						before[i] = w.run(t, a, p.sql, false)
						if strings.Contains(before[i].text, "syntax error") || before[i].code == "42703" ||
							before[i].code == "42883" {
							t.Fatalf("%s: a broken probe: %s: %v", p.name, p.sql, before[i])
						}
					}
					restore := w.hideForeign(t, a, table)
					defer restore()
					told := 0
					for i, p := range probes {
						after := w.run(t, a, p.sql, false)
						if before[i].code == after.code && plain(before[i].text) == plain(after.text) {
							continue
						}
						if told++; told > 3 {
							t.Fatal("and more")
						}
						t.Errorf("%s: with foreign rows\n\t%s\nand without\n\t%s\nto %s",
							p.name, plain(before[i].String()), plain(after.String()), p.sql)
					}
				})
			}
		})
	}
}

// still keeps plans from changing meanwhile: nothing is analyzed or vacuumed.
func (w *world) still(t testing.TB) {
	t.Helper()
	for _, table := range w.tables {
		w.exec(t, "alter table tijori."+table+" set (autovacuum_enabled = off)")
	}
}

// hideForeign takes the rows of a table away that the actor may not see, and returns what brings them back.
func (w *world) hideForeign(t testing.TB, a actor, table string) (restore func()) {
	t.Helper()
	tx, err := w.Super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // after a commit it changes nothing
	do := func(sql string) {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	do("set local session_replication_role = replica")
	do("create table if not exists public.hidden_" + table + " as select * from tijori." + table + " where false")
	foreign := "account_id = " + literal(w.victim.AccountID.String()) + " and not (" + w.inScope(a, table,
		"select") + ")"
	if slices.Contains([]string{"accounts", "businesses", "members"}, table) { // they say who the actor is
		foreign += " and account_id <> " + literal(a.account.String())
		if a.refused != "" {
			foreign = "false"
		}
	}
	do("insert into public.hidden_" + table + " select * from tijori." + table + " where " + foreign)
	do("delete from tijori." + table + " where " + foreign)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, c := range w.columns[table] {
		if !c.Generated {
			columns = append(columns, c.Name)
		}
	}
	list := strings.Join(columns, ", ")
	return func() {
		w.exec(t, "set session_replication_role = replica; insert into tijori."+table+" ("+list+") select "+list+
			" from public.hidden_"+table+"; reset session_replication_role; drop table public.hidden_"+table)
	}
}

var (
	digits  = regexp.MustCompile(`[0-9]+`)
	nothing = regexp.MustCompile(`\s*\[\s*Rows Removed by (?:Filter|Index Recheck): #\]`)
)

// plain is a text without numbers: how many rows a table has in all is no secret (docs/isolation.md, Limits).
func plain(s string) string {
	return strings.Join(strings.Fields(nothing.ReplaceAllString(digits.ReplaceAllString(s, "#"), "")), " ")
}

// lazyProbes are statements about the rows of the victim in a table.
func (w *world) lazyProbes(table string) []probe {
	name := "tijori." + table
	columns := w.grants[table]["select"]
	// A sub-select that fails as soon as it is asked, in a form that is asked as late as possible.
	const failing = "account_id = any (array[(select ('x' || (random() * 0)::text)::uuid)])"
	var ctids []string
	for i := range 60 {
		ctids = append(ctids, fmt.Sprintf("'(0,%d)'::tid", i+1))
	}
	scans := []struct{ name, settings, from, where string }{
		{"any scan", "", name, ""},
		{
			"sequential scan",
			"set local enable_indexscan = off; set local enable_bitmapscan = off; set local enable_indexonlyscan = off; ", name, "",
		},
		{"tid scan", "", name, "ctid = any (array[" + strings.Join(ctids, ", ") + "]) and "},
	}
	flips := []string{""}
	if thorough {
		scans = append(scans, []struct{ name, settings, from, where string }{
			{"index scan", "set local enable_seqscan = off; ", name, ""},
			{"sample scan", "", name + " tablesample system (100)", ""},
			{"lateral", "", "(values (1), (2)) v(i), lateral (select * from " + name + " offset 0) y", ""},
			{
				"parallel scan",
				"set local min_parallel_table_scan_size = 0; set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0; ", name, "",
			},
			{
				"free operators",
				"set local cpu_operator_cost = 0; set local enable_indexscan = off; set local enable_bitmapscan = off; ", name, "",
			},
		}...)
	}
	for _, setting := range [][2]string{
		{"tijori.account", w.victim.AccountID.String()},
		{"tijori.business", w.victim.BusinessID.String()},
		{"tijori.own_only", "off"},
		{"tijori.own_only", "on"},
	} {
		flips = append(flips, "(select set_config("+literal(setting[0])+", "+literal(setting[1])+
			", true) is not null) and ")
		if !thorough {
			break
		}
	}
	var out []probe
	for _, c := range columns {
		col, _ := w.column(table, c)
		if strings.HasSuffix(col.Type, "[]") { // an array of arrays is no list of values
			continue
		}
		for _, condition := range w.cheapConditions(table, col) {
			for _, s := range scans {
				for i, flip := range flips {
					if i > 0 && s.name != "sequential scan" && s.name != "tid scan" && !thorough {
						continue
					}
					out = append(out, probe{
						fmt.Sprintf("%s in a %s, settings changed %d", condition, s.name, i),
						s.settings + "select 1 from " + s.from + " where " + s.where + flip + condition + " and " +
							failing,
					})
				}
			}
			// see Limits: conditions that cost nothing
			if !strings.Contains(condition, " is ") && col.Type != "boolean" {
				out = append(out, probe{
					"explain " + condition,
					scans[1].settings + "explain (analyze, costs off, timing off, summary off, buffers off) select 1 from " + name + " where " + condition,
				})
			}
			for _, u := range w.grants[table]["update"][:min(1, len(w.grants[table]["update"]))] {
				out = append(out, probe{"update where " + condition, scans[1].settings + "update " + name + " set " +
					u + " = " + u + " where " + condition + " and " + failing})
			}
			if thorough {
				out = append(out,
					probe{"as xml " + condition, scans[1].settings + "select query_to_xml(" + literal("select 1 from "+
						name+" where "+condition+" and "+failing) + ", true, true, '')"},
					probe{"merge " + condition, scans[1].settings + "merge into " + name + " using (select 1) x on " +
						condition + " and " + failing + " when matched then do nothing"},
					probe{"locked " + condition, scans[1].settings + "select 1 from " + name + " where " + condition +
						" and " + failing + " for key share"})
			}
		}
	}
	return out
}

// thorough asks for the whole product, which takes minutes: make torture.
var thorough = os.Getenv("TIJORI_TORTURE") != ""

// cheapConditions are the conditions on a column that cost the planner half an operator or nothing, about values that
// rows of the victim have.
func (w *world) cheapConditions(table string, col column) []string {
	out := []string{col.Name + " is null", col.Name + " is not null"}
	if col.Type == "boolean" {
		return append(out, col.Name, "not "+col.Name, col.Name+" is true", col.Name+" is not false")
	}
	values := []string{}
	for _, r := range append(slices.Clone(w.rows[table]), w.others[table]...) {
		if v, ok := r[col.Name]; ok && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return out
	}
	array := "any (array[" + literal(values[0]) + "::" + col.Type + "])"
	out = append(out, col.Name+" = "+array)
	if !strings.HasSuffix(col.Type, "json") {
		out = append(out, col.Name+" >= "+array)
	}
	if thorough {
		out = append(out, col.Name+" < "+array, col.Name+" <> "+array)
	}
	return out
}
