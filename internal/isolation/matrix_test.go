package isolation

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// may says which roles may do what with rows of their own business, or of their own account
// where a row belongs to no business. "counter*" means rows the counter made,
// and so with other roles.
var may = map[string]map[string]string{
	"accounts":    {"select": "owner manager accountant counter", "update": "owner"},
	"businesses":  {"select": "owner manager accountant counter", "insert": "owner", "update": "owner manager"},
	"members":     {"select": "owner"},
	"invitations": {"select": "owner", "insert": "owner", "update": "owner"},
	"parties":     {"select": "owner manager accountant", "insert": "owner manager", "update": "owner manager"},
	"entries": {
		"select": "owner manager accountant counter*", "insert": "owner manager counter",
		"update": "owner manager counter*",
	},
	"changes":     {"select": "owner manager accountant counter*"},
	"party_sums":  {"select": "owner manager accountant"},
	"batches":     {"select": "owner manager accountant", "insert": "owner manager", "update": "owner manager"},
	"till_counts": {"select": "owner manager accountant", "insert": "owner manager"},
	"merges":      {"select": "owner manager accountant", "insert": "owner manager", "update": "owner manager"},
	"drafts":      {"select": "owner* manager*", "insert": "owner manager", "update": "owner* manager*"},
	"uploads":     {"select": "owner* manager*", "insert": "owner manager", "update": "owner* manager*"},
	"tasks": {
		"select": "owner* manager* accountant*", "insert": "owner manager accountant",
		"update": "owner* manager* accountant*",
	},
	"period_locks":       {"select": "owner manager accountant", "insert": "owner"},
	"payees":             {"select": "owner manager accountant", "insert": "owner"},
	"shares":             {"select": "owner manager", "insert": "owner manager", "update": "owner manager"},
	"reminders":          {"select": "owner manager accountant", "insert": "owner manager"},
	"checkouts":          {"select": "owner"},
	"subscriptions":      {"select": "owner"},
	"payments":           {"select": "owner"},
	"plan_spans":         {},
	"invoices":           {"select": "owner"},
	"provider_customers": {},
	"credit_balances":    {"select": "owner"},
	"credit_entries":     {"select": "owner"},
	"credit_grants":      {"select": "owner"},
	"credit_lots":        {},
	"credit_reclaims":    {},
	"credit_holds":       {"select": "owner"},
	"credit_calendars":   {"select": "owner"},
	"credit_anchors":     {},
	"customer_tokens":    {},
	"customer_requests":  {},
	"customer_links":     {},
	"calendar_changes":   {},
	"purchases":          {"select": "owner"},
	"security_log":       {},
}

// allowed reports whether the actor may do it at all, and whether only to own rows.
func allowed(a actor, table, verb string) (yes, ownOnly bool) {
	roles := strings.Fields(may[table][verb])
	return a.role != "" && (slices.Contains(roles, a.role) || slices.Contains(roles, a.role+"*")),
		slices.Contains(roles, a.role+"*")
}

// inScope is the condition that finds the rows an actor may touch, as the superuser asks it.
func (w *world) inScope(a actor, table, verb string) string {
	yes, own := allowed(a, table, verb)
	if !yes {
		return "false"
	}
	condition := "account_id = " + literal(a.account.String())
	business := w.businessColumn(table)
	switch {
	case business == "", table == "businesses" && a.business == uuid.Nil:
	case a.business == uuid.Nil:
		return "false"
	default:
		condition += " and " + business + " = " + literal(a.business.String())
	}
	if own {
		condition += " and created_by = " + literal(a.user.String())
		if table == "changes" { // of a party, a counter sees the name alone
			condition += " and subject = 'entry'"
		}
	}
	return condition
}

func (w *world) count(t testing.TB, table, condition string) int64 {
	t.Helper()
	var n int64
	if err := w.Super.QueryRow(t.Context(), "select count(*) from tijori."+table+" where "+
		condition).Scan(&n); err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
	return n
}

// digest is the number of a table's rows that fulfil a condition, and a hash of all of them.
func (w *world) digest(t testing.TB, table, condition string, args ...any) (sum string) {
	t.Helper()
	if err := w.Super.QueryRow(t.Context(),
		"select count(*) || ' ' || coalesce(md5(string_agg(x::text, ' ' order by x::text)), '') from tijori."+table+
			" x where "+condition, args...).Scan(&sum); err != nil {
		t.Fatalf("digest of %s: %v", table, err)
	}
	return sum
}

// snapshot is every row of the schema that the actor may not change.
func (w *world) snapshot(t testing.TB, a actor) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range namesOf(t, w.Super,
		`select relname::text from pg_class where relnamespace = 'tijori'::regnamespace and relkind = 'r'`) {
		condition := "true"
		switch {
		// written by triggers, about rows that may be changed
		case (table == "changes" || table == "party_sums") && a.role != "":
			condition = "not (account_id = " + literal(a.account.String()) + " and business_id = " +
				literal(a.business.String()) + ")"
		case slices.Contains(w.tables, table):
			condition = "not (" + w.inScope(a, table, "update") + ")"
		}
		out[table] = w.digest(t, table, condition)
	}
	return out
}

// TestMatrix tries every verb on every tenant table as everybody, and counts.
func TestMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listed(t, "tenant table", w.tables, may)
	for _, a := range w.actors() {
		t.Run(a.name, func(t *testing.T) {
			before := w.snapshot(t, a)
			for _, table := range w.tables {
				w.trySelect(t, a, table)
				w.tryInsert(t, a, table)
				w.tryUpdate(t, a, table)
				w.tryDelete(t, a, table)
			}
			for table, sum := range w.snapshot(t, a) {
				if sum != before[table] {
					t.Errorf("rows of %s that are not the actor's have changed", table)
				}
			}
		})
	}
}

// nothing reports whether a refused actor got neither rows nor another error
// than the refusal, or the lack of any right.
func (w *world) nothing(t testing.TB, a actor, what string, o outcome) {
	t.Helper()
	switch {
	case o.code == "42501", o.code == a.refused && o.code != "":
	case o.code == "" && o.n == 0 && a.refused == "nothing":
	default:
		t.Errorf("%s: %v (%d rows), want SQLSTATE %s", what, o, o.n, a.refused)
	}
	if strings.Contains(o.text, victimMark) {
		t.Errorf("%s tells: %v", what, o)
	}
}

func (w *world) trySelect(t *testing.T, a actor, table string) {
	t.Helper()
	may := w.grants[table]["select"]
	if may == nil {
		if o := w.run(t, a, "select * from tijori."+table, false); o.code != "42501" {
			t.Errorf("select from %s: %v, want permission denied", table, o)
		}
		return
	}
	sql := "select " + strings.Join(may, ", ") + " from tijori." + table
	o := w.run(t, a, sql, false)
	if a.role == "" {
		w.nothing(t, a, sql, o)
		return
	}
	want := w.count(t, table, w.inScope(a, table, "select"))
	if o.code != "" || int64(len(o.rows)) != want {
		t.Errorf("select from %s: %d rows %s, want %d", table, len(o.rows), o.code, want)
	}
	if yes, _ := allowed(a, table, "select"); yes && want == 0 && (a.business != uuid.Nil ||
		w.businessColumn(table) == "") && !emptyAtSecond(a, w, table) {
		t.Errorf("select from %s: there is no row to see; the seed is missing", table)
	}
	for _, r := range o.rows {
		if i := slices.Index(may, "account_id"); i >= 0 && r[i] != a.account.String() {
			t.Errorf("select from %s: a row of account %s", table, r[i])
		}
		if i := slices.Index(may, w.businessColumn(table)); i >= 0 && a.business != uuid.Nil &&
			r[i] != a.business.String() {
			t.Errorf("select from %s: a row of business %s", table, r[i])
		}
	}
	if a.account != w.victim.AccountID && strings.Contains(o.text, victimMark) {
		t.Errorf("select from %s tells the victim's: %v", table, o)
	}
}

// emptyAtSecond: the counter of the other business has made nothing there.
func emptyAtSecond(a actor, w *world, table string) bool {
	_, own := allowed(a, table, "select")
	return own && a.user != w.members["counter"].UserID
}

// tryInsert inserts a row where the actor may, and everywhere else.
func (w *world) tryInsert(t *testing.T, a actor, table string) {
	t.Helper()
	insert := func(p place) outcome {
		r := w.make(t, table, p, func(parent string, p place) row { return w.find(t, parent, p) })
		switch {
		case table == "businesses":
			r["id"] = uuid.NewString()
		case p.business == uuid.Nil:
			delete(r, "business_id")
		}
		columns, values := r.values(w.grants[table]["insert"])
		if w.grants[table]["insert"] == nil {
			columns, values = r.values(nil)
		}
		return w.run(t, a, "insert into tijori."+table+" ("+columns+") values ("+values+")", false)
	}
	own := place{account: a.account, business: a.business, user: a.user, mark: strangerMark}
	yes, _ := allowed(a, table, "insert")
	if w.businessColumn(table) != "" && table != "businesses" && a.business == uuid.Nil {
		yes = false
	}
	if yes {
		if o := insert(own); o.code != "" {
			t.Errorf("insert into %s: %v, want one row", table, o)
		}
	} else if a.account != uuid.Nil && a.business != uuid.Nil {
		if o := insert(own); o.code != "42501" {
			t.Errorf("insert into %s: %v, want permission denied", table, o)
		}
	}
	for _, p := range []place{
		{account: w.victim.AccountID, business: w.victim.BusinessID, user: w.victim.UserID, mark: strangerMark},
		{account: w.victim.AccountID, business: w.victim.BusinessID, user: a.user, mark: strangerMark},
		{account: w.victim.AccountID, business: w.second, user: w.victim.UserID, mark: strangerMark},
		{account: w.victim.AccountID, business: w.second, user: a.user, mark: strangerMark},
		{account: w.stranger.AccountID, business: w.stranger.BusinessID, user: w.stranger.UserID, mark: strangerMark},
		{account: w.stranger.AccountID, business: w.stranger.BusinessID, user: a.user, mark: strangerMark},
	} {
		here := p.account == a.account && (p.business == a.business || w.businessColumn(table) == "" ||
			table == "businesses")
		_, attributed := w.column(table, "created_by")
		if _, invites := w.column(table, "invited_by"); invites {
			attributed = true
		}
		if here && yes && (p.user == a.user || !attributed) {
			continue
		}
		o := insert(p)
		if o.code != "42501" && (a.role != "" || o.code != a.refused) {
			t.Errorf("insert into %s at %+v: %v, want permission denied", table, p, o)
		}
		if strings.Contains(o.text, victimMark) {
			t.Errorf("insert into %s tells: %v", table, o)
		}
	}
}

// tryUpdate changes every column that may be, of every row that can be reached.
func (w *world) tryUpdate(t *testing.T, a actor, table string) {
	t.Helper()
	may := w.grants[table]["update"]
	for _, col := range w.columns[table] {
		if col.Generated { // nobody can
			continue
		}
		value := valueOf(t, col, strangerMark)
		if len(col.Choices) > 0 {
			value = col.Choices[0]
		}
		sql := "update tijori." + table + " set " + col.Name + " = " + literal(value)
		if col.Name == "time_zone" {
			sql = "update tijori." + table + " set time_zone = 'Asia/Kolkata'"
		}
		if !slices.Contains(may, col.Name) {
			if o := w.run(t, a, sql, true); o.code != "42501" {
				t.Errorf("%s: %v, want permission denied", sql, o)
			}
			continue
		}
		if col.Name == "phone" {
			sql = "update tijori." + table + " set phone = ''"
		}
		if col.Name == "party_id" { // to the party it has: another must be one of its business, as the reference says
			sql = "update tijori." + table + " set party_id = party_id"
		}
		o := w.run(t, a, sql, true)
		if a.role == "" {
			w.nothing(t, a, sql, o)
			continue
		}
		if want := w.count(t, table, w.inScope(a, table, "update")); o.code != "" || o.n != want {
			t.Errorf("%s: %d rows %v, want %d", sql, o.n, o, want)
		}
	}
}

func (w *world) tryDelete(t *testing.T, a actor, table string) {
	t.Helper()
	for _, sql := range []string{"delete from tijori." + table, "truncate tijori." + table} {
		if o := w.run(t, a, sql, true); o.code != "42501" {
			t.Errorf("%s: %v, want permission denied", sql, o)
		}
	}
}
