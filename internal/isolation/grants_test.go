package isolation

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

var update = flag.Bool("update", false,
	"write testdata/grants.txt again; read the difference as you would read a pull request that gives out keys")

// A grant is what a role may do with a table: with all columns, or with some.
type grant struct {
	Role, Schema, Table, Verb string
	Columns                   []string // nil: the table as a whole
}

// tableGrants lists every privilege on tables of ours that anybody but their owner has.
func tableGrants(t testing.TB, super querier) []grant {
	t.Helper()
	return rowsOf[grant](t, super, `
		with whole as (
			select coalesce(r.rolname, 'public')::text as role, n.nspname::text as schema, c.relname::text as tab,
			    lower(x.privilege_type) as verb, null::text as col
			  from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) x left
			      join pg_roles r on r.oid = x.grantee
			 where n.nspname in ('tijori', `+partSchemas+
		`, 'tijori_river') and c.relkind in ('r', 'p', 'v', 'S') and x.grantee <> c.relowner
		), part as (
			select coalesce(r.rolname, 'public')::text, n.nspname::text, c.relname::text, lower(x.privilege_type),
			    a.attname::text
			  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace,
			      aclexplode(a.attacl) x left join pg_roles r on r.oid = x.grantee
			 where n.nspname in ('tijori', `+partSchemas+
		`, 'tijori_river') and not a.attisdropped and x.grantee <> c.relowner
		)
		select role, schema, tab, verb, array_agg(col order by col) filter (where col is not null)
		  from (select * from whole union all select * from part) g
		 group by 1, 2, 3, 4 order by 1, 2, 3, 4`)
}

// TestGrantsAreThose holds every grant to a table or sequence against the list in
// testdata/grants.txt: a new one fails until somebody has looked at it.
func TestGrantsAreThose(t *testing.T) {
	t.Parallel()
	super := pgtest.New(t).Super
	var b strings.Builder
	b.WriteString("# Who may touch which table: role, table, verb and, where not all are granted, the columns.\n# Written by: go test ./internal/isolation -run TestGrantsAreThose -update\n")
	for _, g := range tableGrants(t, super) {
		line := g.Role + " " + g.Schema + "." + g.Table + " " + g.Verb
		if g.Columns != nil {
			line += " (" + strings.Join(g.Columns, ", ") + ")"
		}
		b.WriteString(line + "\n")
	}
	const golden = "testdata/grants.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("grants differ from %s (-there, +found):\n%s", golden, diff)
	}
}

// closedRooms says which tables are closed to whom, whatever the list of grants says.
func closedRooms(t testing.TB, super querier) {
	closed := map[string][]string{
		"tijori_app": {
			"operator_acts", "support_uses", "reconcile_runs", "reconcile_findings", "reconcile_seen",
			"alerts", "provider_directory", "credit_lots", "credit_reclaims", "credit_anchors", "users", "credentials",
			"calendar_changes",
			"signups", "recoveries", "throttles", "inbox", "review_items", "service_clock", "provider_customers",
			"devices", "email_changes", "sign_in_failures", "notices", "security_log", "security_kinds",
			"passkeys", "totps", "recovery_codes", "challenges", "plan_spans", "incidents", "freezes",
			"incident_acts", "releases", "turns", "complaints", "evidence",
			"access_log", "access_log_allowed", "access_log_refused", "access_log_allowed_rest",
			"access_log_refused_rest",
		},
		// Sign-in knows people, not their books, and not what they pay.
		"tijori_auth": {
			"accounts", "businesses", "members", "invitations", "parties", "entries", "changes", "party_sums",
			"period_locks", "payees", "shares", "reminders",
			"checkouts", "subscriptions", "payments", "invoices", "provider_customers", "provider_directory", "inbox",
			"review_items", "batches", "merges", "till_counts", "drafts", "uploads", "tasks",
			"credit_balances", "credit_entries", "credit_grants", "credit_lots", "credit_reclaims", "credit_holds",
			"credit_calendars", "calendar_changes", "purchases", "security_log", "plan_spans",
		},
		// Billing knows accounts, not their books, and not how people sign in.
		"tijori_billing": {
			"users", "credentials", "signups", "recoveries", "throttles", "passkeys", "totps", "recovery_codes",
			"challenges", "businesses", "invitations",
			"parties", "entries", "changes", "party_sums", "period_locks", "payees", "shares", "reminders", "batches",
			"merges", "till_counts", "drafts", "uploads", "tasks", "devices", "email_changes",
			"sign_in_failures", "notices",
			"security_log", "plan_spans",
		},
	}
	for _, table := range namesOf(t, super,
		`select relname::text from pg_class where relnamespace = 'tijori'::regnamespace
			and relkind in ('r', 'p', 'v')`) {
		if table != "service_clock" {
			closed["tijori_jobs"] = append(closed["tijori_jobs"], table)
		}
		if table != "access_log" {
			closed["tijori_log"] = append(closed["tijori_log"], table)
		}
		if strings.HasPrefix(table, "access_log") || strings.HasPrefix(table, "watch_") ||
			strings.HasPrefix(table, "probe_") {
			closed["tijori_auth"] = append(closed["tijori_auth"], table)
			closed["tijori_billing"] = append(closed["tijori_billing"], table)
		} else {
			closed["tijori_watch"] = append(closed["tijori_watch"], table)
		}
		if table != "plans" && table != "prices" {
			closed["tijori_support"] = append(closed["tijori_support"], table)
		}
	}
	for role, tables := range closed {
		none(t, super, role+" has nothing to do with a table it holds a grant on", `
			select v.verb || ' on ' || c.relname from pg_class c, unnest(array['select', 'insert', 'update',
			    'references']) v(verb)
			 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($2)
			   and (has_table_privilege($1, c.oid, v.verb) or has_any_column_privilege($1, c.oid, v.verb))
			union all
			select v.verb || ' on ' || c.relname from pg_class c, unnest(array['delete', 'truncate', 'trigger']) v(verb)
			 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($2) and has_table_privilege($1, c.oid, v.verb)`, role, tables)
	}
	none(t, super, "nobody of ours truncates, refers to or puts triggers on tables", `
		select r.rolname || ': ' || v.verb || ' on ' || c.oid::regclass
		  from pg_class c, pg_roles r, unnest(array['truncate', 'references', 'trigger']) v(verb)
		 where c.relnamespace = any (array['tijori', 'tijori_river']::regnamespace[]) and c.relkind in ('r', 'p', 'v')
		   and r.rolname = any ($1) and has_table_privilege(r.oid, c.oid, v.verb)`, append(slices.Clone(loginRoles),
		"tijori_guard"))
	none(t, super, "tijori_app deletes nothing", `
		select c.relname::text from pg_class c where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege('tijori_app', c.oid, 'delete')`)
	none(t, super, "what is append-only stays as it was written", `
		select r.rolname || ' on ' || c.relname from pg_class c, pg_roles r
		 where c.oid = any (array['tijori.changes', 'tijori.payments', 'tijori.period_locks', 'tijori.payees',
		     'tijori.reminders', 'tijori.till_counts', 'tijori.credit_entries', 'tijori.credit_grants',
		     'tijori.operator_acts',
		     'tijori.support_uses', 'tijori.access_log', 'tijori.incident_acts',
		     'tijori.releases', 'tijori.evidence']::regclass[])
		   and r.rolname like 'tijori\_%' and r.rolname <> 'tijori_owner'
		   and (exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		       and has_column_privilege(r.oid, c.oid, a.attnum, 'update')
		       -- an address that is erased
		       and (r.rolname, c.relname, a.attname) <> ('tijori_guard', 'support_uses', 'subject'))
		    -- but with the whole account, when its grace has ended
		    or has_table_privilege(r.oid, c.oid, 'delete') and not exists (
		        select 1 from pg_policy p where p.polrelid = c.oid and p.polcmd = 'd' and p.polroles = array[r.oid]
		            and r.rolname = 'tijori_guard'
		           and pg_get_expr(p.polqual, p.polrelid) ~ '^\(account_id IN \( SELECT tijori_access\.erasable\(\) AS erasable\)\)$'))`)
	none(t, super, "tijori_app reads no token's hash, no password's and no request's of others", `
		select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
		 where c.relnamespace = 'tijori'::regnamespace and a.attname in ('token_hash', 'password_hash', 'hash') and has_column_privilege('tijori_app', c.oid, a.attnum, 'select')`)
	none(t, super, "who, when and which tenant is not for an update to say", `
		select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
		 where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p')
		   and a.attname in ('account_id', 'business_id', 'id', 'user_id', 'created_by', 'created_at', 'changed_by',
		       'version', 'party_id', 'invited_by')
		   and (c.relname, a.attname) <> ('entries', 'party_id') -- moves within its business
		   and has_column_privilege('tijori_app', c.oid, a.attnum, 'update')`)
}
