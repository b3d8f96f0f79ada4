package isolation

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// erased are the tables of which nothing is left of an account that was erased.
var erased = []string{
	"members", "invitations", "businesses", "parties", "entries", "changes", "batches", "merges", "till_counts",
	"drafts", "uploads",
	"period_locks", "payees",
	"shares", "reminders", "tasks", "party_sums", "credit_balances", "credit_entries", "credit_grants", "credit_lots",
	"credit_reclaims", "credit_holds", "credit_calendars", "credit_anchors",
	"calendar_changes",
	"security_log", "customer_tokens", "customer_requests", "customer_links",
}

// kept are the tables of which rows stay, with the reason. docs/privacy.md tells it to people.
var kept = map[string]string{
	"accounts":           "without its name: payments refer to it, and a late webhook finds whose it was",
	"subscriptions":      "what was sold, as the law asks; ids of the provider and no names",
	"payments":           "what was paid, as the law asks",
	"plan_spans":         "when which plan was sold, as the subscriptions; ids of the provider and no names",
	"invoices":           "what was billed, as the law asks; the address of the document is taken out",
	"purchases":          "what was paid for credits, as the law asks",
	"checkouts":          "which price was agreed to; a late webhook asks for it",
	"provider_customers": "whose a provider's customer was: never another account's",
}

// everybody's tables: what of a person is erased with the last account, and what stays, with the reason.
var ofPeople = map[string]string{
	"users": "erased", "credentials": "erased", "recoveries": "erased", "signups": "erased",
	"devices": "erased", "email_changes": "erased", "notices": "erased",
	"sign_in_failures": "gone within a minute", "security_kinds": "nobody's",
	"passkeys": "erased", "totps": "erased", "recovery_codes": "erased", "challenges": "erased",
	"support_uses": "the address in them is erased",
	"access_log":   "ids and network addresses, gone after 90 days, or 400 for what was refused",
	"watch_alerts": "ids and network addresses", "watch_acts": "what operators did",
	"watch_cursor": "nobody's", "watch_hours": "ids and numbers, gone after 36 days",
	"probe_lines": "nobody's", "probe_days": "nobody's", "probe_outages": "nobody's",
	"watch_visits":       "ids, gone 400 days after the last visit",
	"access_log_allowed": "part of it", "access_log_refused": "part of it",
	"access_log_allowed_rest": "part of it", "access_log_refused_rest": "part of it",
	"apps": "nobody's", "connections": "nobody's", "roles": "nobody's", "erasures": "nobody's",
	"events": "erased", "deliveries": "go with their event", "webhook_endpoints": "an app's, not a person's",
	"delivery_tries": "go with their delivery",
	"imports":        "an app's, gone after ninety days",
	"import_rows":    "erased with the customer whom they name", "shadow_checks": "erased with the customer",
	"app_keys":         "an app's, not a person's",
	"schema_compat":    "nobody's",
	"goose_db_version": "nobody's", "service_clock": "nobody's", "plans": "nobody's", "prices": "nobody's",
	"meters": "nobody's", "allowances": "nobody's",
	"throttles":          "hashes of addresses, gone within a day",
	"provider_directory": "ids of providers: whose they were, for ever",
	"operator_acts":      "what operators did, by ids",
	"incidents":          "nobody's",
	"releases":           "nobody's",
	"turns":              "nobody's",
	"complaints":         "the user and the words go with the user; ids stay for 400 days",
	"evidence":           "nobody's",
	"freezes":            "what operators stopped, by ids",
	"incident_acts":      "what operators did, by ids",
	"reconcile_runs":     "nobody's", "reconcile_findings": "ids of providers", "reconcile_seen": "ids of providers",
	"alerts":       "nobody's",
	"inbox":        "what providers sent, signed: evidence of payments",
	"review_items": "what a person must decide, by ids",
}

// A new table is erased with its account, or named with the reason why not.
func TestEveryTableIsErasedOrKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	classed := map[string]bool{}
	for _, table := range erased {
		classed[table] = true
	}
	for table := range kept {
		if classed[table] {
			t.Errorf("table %s is both erased and kept", table)
		}
		classed[table] = true
	}
	listed(t, "tenant table", w.tables, classed)
	listed(t, "table of everybody", namesOf(t, w.Super, `
		select relname::text from pg_class where relnamespace = 'tijori'::regnamespace and relkind in ('r', 'p') and relname <> all ($1)`, w.tables), ofPeople)
}

// leave makes the victim's account one whose thirty days end so many days from now.
func (w *world) leave(t testing.TB, days int) {
	t.Helper()
	w.exec(t, `update accounts set leaving_at = now(), erase_at = now() + make_interval(days => $2)
		where account_id = $1`, w.victim.AccountID, days)
	w.exec(t, `update subscriptions set cancel_at_period_end = true where account_id = $1`, w.victim.AccountID)
}

// notTheirs is every row that is not the victim's, by table.
func (w *world) notTheirs(t testing.TB, gone []uuid.UUID) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range namesOf(t, w.Super,
		`select relname::text from pg_class where relnamespace = 'tijori'::regnamespace and relkind = 'r'`) {
		condition := "true"
		switch {
		case slices.Contains(w.tables, table):
			condition = "account_id <> " + literal(w.victim.AccountID.String())
		case table == "users":
			condition = "id <> all ($1)"
		case slices.Contains([]string{"credentials", "devices", "email_changes", "notices"}, table):
			condition = "user_id <> all ($1)"
		}
		args := []any{}
		if strings.Contains(condition, "$1") {
			args = append(args, gone)
		}
		out[table] = w.digest(t, table, condition, args...)
	}
	return out
}

func TestErasedAccountLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := w.members["account manager"] // works for the stranger too
	w.exec(t, `insert into members (account_id, id, user_id, business_id, role)
		values ($1, gen_random_uuid(), $2, null, 'accountant')`, w.stranger.AccountID, both.UserID)
	var gone []uuid.UUID
	for _, id := range rowsOf[struct{ ID uuid.UUID }](t, w.Super,
		`select distinct user_id from tijori.members where account_id = $1
			and user_id <> $2`, w.victim.AccountID, both.UserID) {
		gone = append(gone, id.ID)
	}
	w.exec(t, `insert into support_uses (id, who, question, subject, detail) select gen_random_uuid(), 'op', 'lookup', email, '' from users where id = $1`, w.victim.UserID)
	address := namesOf(t, w.Super, `select email from tijori.users where id = $1`, w.victim.UserID)[0]
	w.leave(t, -1)
	before := w.notTheirs(t, gone)
	delete(before, "support_uses") // the address in it goes
	counts := map[string]int64{}
	mine := "account_id = " + literal(w.victim.AccountID.String())
	for table := range kept {
		counts[table] = w.count(t, table, mine)
	}
	var begun bool
	if err := w.Auth.QueryRow(t.Context(), `select tijori_access.begin_erasing($1)`,
		w.victim.AccountID).Scan(&begun); err != nil || !begun {
		t.Fatalf("begin_erasing = %t, %v", begun, err)
	}
	for calls := 0; ; calls++ {
		var n *int
		if err := w.Auth.QueryRow(t.Context(), `select tijori_access.erase_rows($1, 1)`,
			w.victim.AccountID).Scan(&n); err != nil || n == nil || calls > 1000 {
			t.Fatalf("erase_rows, call %d = %v, %v", calls, n, err)
		}
		if *n == 0 {
			break
		}
	}
	for _, table := range erased {
		if n := w.count(t, table, mine); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	for table, want := range counts {
		if n := w.count(t, table, mine); n != want {
			t.Errorf("%s has %d rows, want %d: %s", table, n, want, kept[table])
		}
	}
	for table, want := range before {
		if got := w.notTheirs(t, gone)[table]; got != want {
			t.Errorf("rows of %s that are not the account's changed: %s, want %s", table, got, want)
		}
	}
	if n := w.count(t, "users", "id = any (array["+joined(gone)+"]::uuid[])"); n != 0 {
		t.Errorf("%d users who belonged to this account alone are left", n)
	}
	if w.count(t, "users", "id = "+literal(both.UserID.String())) != 1 {
		t.Error("a user who belongs to another account was erased")
	}
	for _, table := range []string{"users", "support_uses", "signups", "recoveries", "invitations"} {
		if n := w.count(t, table+" x", "x::text like '%"+address+"%'"); n != 0 {
			t.Errorf("%d rows of %s hold the owner's address", n, table)
		}
	}
	if n := w.count(t, "accounts", mine+" and erased_at is not null and name = 'erased'"); n != 1 {
		t.Error("the account is not marked as erased")
	}
}

func joined(ids []uuid.UUID) string {
	var out []string
	for _, id := range ids {
		out = append(out, literal(id.String()))
	}
	return strings.Join(out, ", ")
}

// Nobody erases before the time: not the functions, and not tijori_guard itself.
func TestNobodyErasesEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, days := range []int{0, 1} { // not leaving at all, and leaving tomorrow
		if days > 0 {
			w.leave(t, days)
		}
		for _, sql := range []string{
			`select tijori_access.begin_erasing($1)`,
			`select tijori_access.erase_rows($1, 10)`,
		} {
			if _, err := w.Auth.Exec(t.Context(), sql, w.victim.AccountID); err == nil || !strings.Contains(err.Error(),
				"42501") {
				t.Errorf("%s, %d days early = %v, want 42501", sql, days, err)
			}
		}
	}
	// Even were an account marked as being erased, the grace would hold.
	w.exec(t, `update accounts set erasing_at = now() where account_id = $1`, w.victim.AccountID)
	if _, err := w.Auth.Exec(t.Context(), `select tijori_access.erase_rows($1, 10)`, w.victim.AccountID); err == nil ||
		!strings.Contains(err.Error(), "42501") {
		t.Errorf("erase_rows of an account marked early = %v", err)
	}
	tx, err := w.Super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `set local role tijori_guard`); err != nil {
		t.Fatal(err)
	}
	for _, table := range erased {
		// Removed, spent and forgotten every day; or gone with the party, by its reference.
		if slices.Contains([]string{
			"members", "credit_lots", "uploads", "tasks", "party_sums", "customer_tokens", "customer_links",
		}, table) {
			continue
		}
		tag, err := tx.Exec(t.Context(), "delete from tijori."+table)
		if err != nil || tag.RowsAffected() != 0 {
			t.Errorf("tijori_guard deletes %d rows of %s, %v", tag.RowsAffected(), table, err)
		}
	}
	for _, sql := range []string{
		"delete from tijori.credentials",
		"delete from tijori.users u where not exists (select 1 from tijori.recoveries r where r.user_id = u.id)",
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec(t.Context(), `reset role`); err != nil {
		t.Fatal(err)
	}
	var members, people int
	if err := tx.QueryRow(t.Context(),
		`select count(distinct user_id), (select count(*) from tijori.users u where exists (select 1 from tijori.members x where x.user_id = u.id)
		and exists (select 1 from tijori.credentials c where c.user_id = u.id)) from tijori.members`).Scan(&members,
		&people); err != nil || members != people {
		t.Errorf("of %d members %d are left with their sessions, %v", members, people, err)
	}
}

// An account that leaves is read and not written, by anybody.
func TestLeavingAccountStandsStill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tried := 0
	for _, leaving := range []bool{false, true} {
		if leaving {
			w.leave(t, 20)
		}
		for _, a := range w.actors() {
			for _, table := range []string{
				"parties", "entries", "batches", "shares", "reminders", "payees",
				"period_locks", "invitations", "businesses",
			} {
				if yes, _ := allowed(a, table, "insert"); !yes || a.account != w.victim.AccountID ||
					(w.businessColumn(table) != "") != (a.business != uuid.Nil) && table != "businesses" {
					continue
				}
				o := w.insertAs(t, a, table)
				if leaving && (o.code != "23514" || !strings.Contains(o.text, "accounts_leaving")) {
					t.Errorf("%s inserts into %s of an account that leaves: %v", a.name, table, o)
				}
				if !leaving && o.code != "" {
					t.Errorf("%s inserts into %s: %v", a.name, table, o)
				}
				tried++
			}
			if leaving && a.account == w.victim.AccountID && a.business == w.victim.BusinessID {
				if o := w.run(t, a, "select count(*) from tijori.businesses", false); o.code != "" ||
					o.rows[0][0] != "1" {
					t.Errorf("%s does not read an account that leaves: %v", a.name, o)
				}
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d inserts tried", tried)
	}
	w.run(t, w.actors()[3], "select tijori_access.keep_account()", true)
	if n := w.count(t, "accounts", "leaving_at is not null"); n != 0 {
		t.Error("the owner cannot keep the account")
	}
}

// insertAs tries a row in the actor's own place.
func (w *world) insertAs(t testing.TB, a actor, table string) outcome {
	t.Helper()
	business := a.business
	if business == uuid.Nil {
		business = w.victim.BusinessID
	}
	r := w.make(t, table, place{account: a.account, business: business, user: a.user, mark: "mark"},
		func(parent string, p place) row { return w.find(t, parent, p) })
	if table == "businesses" {
		r["id"] = uuid.NewString()
	}
	columns, values := r.values(w.grants[table]["insert"])
	return w.run(t, a, "insert into tijori."+table+" ("+columns+") values ("+values+")", false)
}
