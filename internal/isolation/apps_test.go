package isolation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Tables of an app are the second class of tables: the billing role reaches those of the app, or of the app's
// connections, that its transaction works for. A worker with a fault in it stays within one app.

// The parts of a billing policy, as tijori_access.open_to_billing and tijori_plans.bind_billing make them.
var (
	byConnection = `\(connection_id = ANY \(\( SELECT string_to_array\(current_setting\('tijori\.connections'::text, true\), ','::text\) AS string_to_array\)::text\[\]\)\)`
	byApp        = `\(app_id = \( SELECT NULLIF\(current_setting\('tijori\.app'::text, true\), ''::text\) AS "nullif"\)\)`
	byAccount    = `\(EXISTS \( SELECT FROM accounts a WHERE \(\(a\.account_id = [a-z_]+\.account_id\) AND \(a\.app_id = \( SELECT NULLIF\(current_setting\('tijori\.app'::text, true\), ''::text\) AS "nullif"\)\)\)\)\)`
	billingShape = regexp.MustCompile(`^(?:` + byConnection + `|` + byApp + `|` + byAccount + `)$`)
	boundShape   = regexp.MustCompile(`^\(+(?:` + byConnection + `|` + byApp + `|` + byAccount +
		`|\(account_id IS NULL\)| AND | OR |\(|\))+\)+$`)
)

// appTablesAreBound holds the keys and the policies of billing against the shapes.
func appTablesAreBound(t testing.TB, super querier) {
	none(t, super, "a table of an app has the app or the connection first in its primary key", `
		select c.relname::text from pg_class c
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1)
		   and not exists (select 1 from pg_constraint k join pg_attribute a on a.attrelid = c.oid
		       and a.attnum = k.conkey[1]
		                    where k.conrelid = c.oid and k.contype = 'p' and a.attname in ('app_id', 'connection_id'))`, sortedKeys(appTables))
	none(t, super, "a table with an app or a connection is a tenant's, or classed as an app's", `
		select distinct c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
		 where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p') and a.attname in ('app_id',
		     'connection_id')
		   and c.relname <> all ($1) and c.relname <> 'support_uses'
		   and not exists (select from pg_attribute b where b.attrelid = c.oid and b.attname = 'account_id' and b.attnotnull)`, sortedKeys(appTables))
	none(t, super, "tijori_app and tijori_support have nothing to do with tables of apps", `
		select r.rolname || ' on ' || c.relname from pg_class c, pg_roles r
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1) and r.rolname in ('tijori_app',
		     'tijori_support', 'tijori_auth')
		   and has_any_column_privilege(r.oid, c.oid, 'select')`, sortedKeys(appTables))
	for _, p := range policies(t, super) {
		if !slices.Contains(p.Roles, "tijori_billing") {
			continue
		}
		if using := strings.Join(strings.Fields(p.Using), " "); using != "" && !billingShape.MatchString(using) {
			t.Errorf("policy %s reaches more than its work: %s", p.Name, using)
		}
		if check := strings.Join(strings.Fields(p.Check), " "); check != "" && !billingShape.MatchString(check) &&
			!boundShape.MatchString(check) {
			t.Errorf("policy %s lets rows of other work in: %s", p.Name, check)
		}
	}
}

// A shop is an account of an app with a connection: what a worker works for.
type shop struct {
	place
	settings map[string]string
}

// twoApps makes an account in each of two apps, with a row in every table that the billing role has to do with.
func twoApps(t testing.TB) (w *world, ours, theirs shop, tables []string) {
	t.Helper()
	db := pgtest.New(t)
	w = &world{DB: db, catalogue: readTables(t, db.Super, slices.Concat(tenantTables(t, db.Super),
		sortedKeys(appTables)))}
	w.exec(t, `insert into tijori.apps (app_id, name) values ('acme', 'Acme')`)
	w.exec(t, `insert into tijori.connections (app_id, connection_id, provider)
		values ('acme', 'acme-rzp', 'razorpay')`)
	w.exec(t, `insert into tijori.plans (app_id, id, name, rank, is_default, entitlements, credits_per_month)
		values ('acme', 'free', 'Acme free', 0, true, '{}', 0)`)
	w.exec(t, `insert into tijori.meters (app_id, id, name) values ('acme', 'credits', 'Acme credits')`)
	a, b := db.User(t, "ours"), db.User(t, "theirs")
	w.exec(t, `delete from tijori.credit_calendars`) // they are the khata's; those of the seeds have all columns
	w.exec(t, `update tijori.accounts set app_id = 'acme' where account_id = $1`, b.AccountID)
	ours = shop{
		place{a.AccountID, a.BusinessID, a.UserID, "ours", "khata", "razorpay"},
		map[string]string{"tijori.app": "khata", "tijori.connections": "razorpay,stripe"},
	}
	theirs = shop{
		place{b.AccountID, b.BusinessID, b.UserID, "theirs", "acme", "acme-rzp"},
		map[string]string{"tijori.app": "acme", "tijori.connections": "acme-rzp"},
	}
	granted := namesOf(t, db.Super, `
		select c.relname::text from pg_class c where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p')
		   and has_any_column_privilege('tijori_billing', c.oid, 'select') and c.relname not in ('service_clock', 'support_uses')`)
	for _, table := range w.tables {
		if !slices.Contains(granted, table) {
			continue
		}
		tables = append(tables, table)
		for _, s := range []shop{ours, theirs} {
			if slices.Contains([]string{"apps", "connections", "accounts", "members", "meters"}, table) {
				continue
			}
			r := w.make(t, table, s.place, func(parent string, p place) row { return w.findIn(t, parent, s) })
			if table == "plans" {
				r["id"], r["is_default"] = "pro-"+s.mark, "false"
			}
			w.direct(t, table, r)
			columns, values := r.values(nil)
			w.exec(t, "insert into tijori."+table+" ("+columns+") values ("+values+") on conflict do nothing")
		}
	}
	return w, ours, theirs, tables
}

// ofShop is the condition that finds a shop's rows of a table, as the superuser asks it.
func (w *world) ofShop(table string, s shop) string {
	for _, by := range []struct{ column, value string }{
		{"connection_id", s.connectionID()}, {"app_id", s.appID()}, {"account_id", s.account.String()},
	} {
		if _, ok := w.column(table, by.column); ok {
			return by.column + " = " + literal(by.value)
		}
	}
	return "false"
}

func (w *world) findIn(t testing.TB, table string, s shop) row {
	t.Helper()
	var keys, texts []string
	err := w.Super.QueryRow(t.Context(), `
		select array_agg(x.key), array_agg(coalesce(x.value, '')) from (select * from tijori.`+table+` where `+
		w.ofShop(table, s)+` order by 1, 2 limit 1) r,
		       jsonb_each_text(to_jsonb(r)) x`).Scan(&keys, &texts)
	if err != nil {
		t.Fatalf("a row of %s: %v", table, err)
	}
	out := row{}
	for i, k := range keys {
		out[k] = texts[i]
	}
	return out
}

// runBilling is run as the billing role.
func (w *world) runBilling(t testing.TB, settings map[string]string, sql string) outcome {
	t.Helper()
	return w.runOn(t, w.Billing, actor{name: "billing for " + settings["tijori.app"], settings: settings}, sql, false)
}

// TestBillingStaysWithinItsApp tries every verb on every table that the billing role has, for one app on the rows of
// another,
// and with no work at all.
func TestBillingStaysWithinItsApp(t *testing.T) {
	t.Parallel()
	w, ours, theirs, tables := twoApps(t)
	if len(tables) < 20 {
		t.Fatalf("only %d tables: %v", len(tables), tables)
	}
	workers := []struct {
		name     string
		settings map[string]string
		own      *shop
	}{
		{"khata", ours.settings, &ours},
		{"acme", theirs.settings, &theirs},
		{"nobody", map[string]string{}, nil},
		{"an empty claim", map[string]string{"tijori.app": "", "tijori.connections": ""}, nil},
		{"an app that is not there", map[string]string{"tijori.app": "none", "tijori.connections": "none"}, nil},
	}
	for _, worker := range workers {
		t.Run(worker.name, func(t *testing.T) {
			for _, table := range tables {
				for _, s := range []shop{ours, theirs} {
					mine := worker.own != nil && worker.own.app == s.app
					w.tryTable(t, worker.settings, table, s, mine)
				}
			}
		})
	}
}

func (w *world) tryTable(t *testing.T, settings map[string]string, table string, s shop, mine bool) {
	t.Helper()
	condition := w.ofShop(table, s)
	there := w.count(t, table, condition)
	if there == 0 {
		t.Errorf("%s has no row of %s: the seed is missing", table, s.app)
	}
	may := func(verb string) bool {
		return len(namesOf(t, w.Super, `select 'x' from pg_class c where c.oid = ('tijori.' || $1)::regclass
			and (has_table_privilege('tijori_billing', c.oid, $2) or $2 <> 'delete' and has_any_column_privilege('tijori_billing', c.oid, $2))`, table, verb)) > 0
	}
	want := int64(0)
	if mine {
		want = there
	}
	if o := w.runBilling(t, settings, "select 1 from tijori."+table+" where "+condition); o.code != "" || o.n != want {
		t.Errorf("select from %s of %s: %d rows %v, want %d", table, s.app, o.n, o, want)
	}
	if mine {
		return
	}
	if may("update") {
		column := namesOf(t, w.Super,
			`select a.attname::text from pg_attribute a where a.attrelid = ('tijori.' || $1)::regclass and a.attnum > 0
			and not a.attisdropped and a.attgenerated = '' and has_column_privilege('tijori_billing', a.attrelid, a.attnum, 'update') limit 1`, table)[0]
		sql := fmt.Sprintf("update tijori.%s set %s = %s where %s", table, column, column, condition)
		if o := w.runBilling(t, settings, sql); o.code != "" || o.n != 0 {
			t.Errorf("%s: %d rows %v, want none", sql, o.n, o)
		}
	}
	if may("delete") {
		if o := w.runBilling(t, settings, "delete from tijori."+table+" where "+condition); o.code != "" || o.n != 0 {
			t.Errorf("delete from %s of %s: %d rows %v, want none", table, s.app, o.n, o)
		}
	}
	if may("insert") {
		// Their row again, and another: both must be refused in the same words.
		r := w.findIn(t, table, s)
		fresh := r.clone()
		for _, k := range w.keys[table] {
			if col, _ := w.column(table, k); !slices.Contains([]string{"app_id", "connection_id", "account_id"}, k) &&
				col.Parent == "" {
				fresh[k] = uuid.NewString()
			}
		}
		var codes []string
		for _, r := range []row{r, fresh} {
			for _, col := range w.columns[table] {
				switch {
				case col.Generated || r[col.Name] == "" && col.Type != "text":
					delete(r, col.Name)
				case strings.HasSuffix(col.Type, "[]"): // to_jsonb writes arrays in another way
					r[col.Name] = "{}"
				}
			}
			columns, values := r.values(nil)
			for _, tail := range []string{"", " on conflict do nothing"} {
				o := w.runBilling(t, settings, "insert into tijori."+table+" ("+columns+") values ("+values+")"+tail)
				codes = append(codes, o.code)
				if o.code != "42501" && o.code != "23503" {
					t.Errorf("insert into %s for %s%s: %v, want it refused", table, s.app, tail, o)
				}
			}
		}
		if len(slices.Compact(codes)) != 1 {
			t.Errorf("insert into %s for %s: %v: the answers tell which rows are there", table, s.app, codes)
		}
	}
}
