package isolation

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notTenants are the tables that belong to no account, with the reason. Every
// other table of schema tijori is a tenant table and keeps the rules below.
var notTenants = map[string]string{
	"goose_db_version":   "which migrations have run",
	"service_clock":      "one row: how far development and tests moved the time",
	"plans":              "what is sold, the same for everybody",
	"prices":             "what is sold, the same for everybody",
	"users":              "people; one may belong to many accounts. Sign-in role only",
	"credentials":        "what proves a caller, by its hash, before any account is known. Sign-in role only",
	"signups":            "sign-ups before there is an account. Sign-in role only",
	"recoveries":         "recoveries, by address. Sign-in role only",
	"throttles":          "counts per address and network. Sign-in role only",
	"provider_directory": "a directory: whose a provider's customer or subscription is, unique over all accounts. Billing role only",
	"meters":             "kinds of credit, the same for everybody",
	"allowances":         "what a plan brings of them, the same for everybody",
	"operator_acts":      "what operators did, about provider ids and accounts. Billing role only",
	"support_uses":       "what support asked, about whom. Written by a function; billing role reads",
	"reconcile_runs":     "a queue: the reconciler's runs over all accounts. Billing role only",
	"reconcile_findings": "a queue: what the reconciler found. Billing role only",
	"reconcile_seen":     "a queue: what the reconciler has met. Billing role only",
	"alerts":             "what is wrong with a provider's webhooks; nobody's rows. Billing role only",
	"inbox":              "a queue: what providers sent, before it is known whom it is about. Billing role only",
	"review_items":       "a queue: what a person must decide, often about nobody we know. Billing role only",
}

// looseIndexes are indexes of tenant tables that do not begin with account_id.
var looseIndexes = map[string]string{
	"members_user_idx":          "auth.scope() finds a user's memberships, before any account is known; not unique",
	"invitations_token_idx":     "the sign-in role finds an invitation by its token's hash; not unique; tijori_app may not name the column",
	"shares_token_idx":          "the sign-in role finds a shared statement by its token's hash; not unique; tijori_app may not name the column",
	"invitations_unmailed_idx":  "the sweep finds invitations without a mail over all accounts; not unique; tijori_app may not name its condition",
	"subscriptions_changed_idx": "the calendar of credits finds what has changed, over all accounts",
	"accounts_leaving_idx":      "the eraser finds accounts whose grace has ended; holds the account too; not unique",
	"payments_known_idx":        "the reconciler asks which payments are in the books, before it knows whose they are; not unique",
	"credit_balances_due_idx":   "the sweep of credits finds what is due, over all accounts; tijori_app may not name the column",
	"credit_calendars_due_idx":  "the calendar of credits finds what is due, over all accounts; tijori_app may not name the column",
}

// looseKeys are foreign keys of tenant tables to tables that are not: their check
// bypasses row-level security, so it must tell nothing.
var looseKeys = map[string]string{
	"members_user_fkey":           "only functions of tijori_guard write members, with users that the credential or the invitation names",
	"checkouts_plan_fkey":         "plans are public",
	"credit_balances_meter_fkey":  "meters are public",
	"credit_calendars_meter_fkey": "meters are public",
	"purchases_meter_fkey":        "meters are public",
	"subscriptions_plan_fkey":     "plans are public",
}

func tenantTables(t testing.TB, super querier) []string {
	t.Helper()
	var out []string
	for _, name := range namesOf(t, super, `select relname::text from pg_class where relnamespace = 'tijori'::regnamespace and relkind in ('r', 'p') order by 1`) {
		if _, ok := notTenants[name]; !ok {
			out = append(out, name)
		}
	}
	return out
}

// tablesAreClassed holds what there is against the lists above.
func tablesAreClassed(t testing.TB, super querier) {
	tables := namesOf(t, super, `select relname::text from pg_class where relnamespace = 'tijori'::regnamespace and relkind in ('r', 'p')`)
	for name := range notTenants {
		if !slices.Contains(tables, name) {
			t.Errorf("table %s is named here but does not exist", name)
		}
	}
	none(t, super, "tables, views and sequences live in schema tijori (and the job queue's in river)", `
		select c.oid::regclass::text from pg_class c
		 where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relnamespace <> all (array['tijori', 'river', 'pg_catalog', 'information_schema', 'pg_toast']::regnamespace[])`)
	none(t, super, "neither materialized views nor foreign tables know row-level security", `
		select oid::regclass::text from pg_class where relkind in ('m', 'f') and relnamespace = any (array['tijori', 'auth']::regnamespace[])`)
	none(t, super, "a view runs as its owner unless it is security_invoker", `
		select oid::regclass::text from pg_class
		 where relkind = 'v' and relnamespace = any (array['tijori', 'auth']::regnamespace[])
		   and not coalesce(reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)`)
	none(t, super, "rules rewrite statements behind the policies' back", `
		select r.rulename || ' on ' || r.ev_class::regclass from pg_rewrite r join pg_class c on c.oid = r.ev_class
		 where c.relnamespace = 'tijori'::regnamespace and c.relkind <> 'v'`)
	none(t, super, "a publication copies rows without policies", `select pubname::text from pg_publication`)
	none(t, super, "default privileges would grant what no migration says", `select defaclrole::regrole::text from pg_default_acl`)
	none(t, super, "everything belongs to tijori_owner", `
		select c.oid::regclass || ' of ' || c.relowner::regrole from pg_class c
		 where c.relnamespace = any (array['tijori', 'river']::regnamespace[]) and c.relowner <> 'tijori_owner'::regrole`)
}

// tenantTablesBeginWithTheAccount holds keys, indexes and references of tenant tables.
func tenantTablesBeginWithTheAccount(t testing.TB, super querier) {
	tenants := tenantTables(t, super)
	none(t, super, "a tenant table has account_id uuid not null", `
		select c.relname::text from pg_class c
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1)
		   and not exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id' and a.atttypid = 'uuid'::regtype and a.attnotnull)`, tenants)
	none(t, super, "account_id is first in the primary key", `
		select c.relname::text from pg_class c
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1)
		   and not exists (select 1 from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
		                    where k.conrelid = c.oid and k.contype = 'p' and a.attname = 'account_id')`, tenants)
	type index struct {
		Name   string
		First  string
		Unique bool
	}
	var loose []string
	for _, i := range rowsOf[index](t, super, `
		select i.indexrelid::regclass::text, coalesce(a.attname::text, '(expression)'), i.indisunique or i.indisexclusion
		  from pg_index i join pg_class c on c.oid = i.indrelid
		  left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1)`, tenants) {
		if i.First == "account_id" {
			continue
		}
		if i.Unique {
			t.Errorf("unique index %s begins with %s: a duplicate would tell of another account's row", i.Name, i.First)
		}
		loose = append(loose, i.Name)
	}
	listed(t, "an index that does not begin with account_id,", loose, looseIndexes)
	none(t, super, "an index over all accounts that tijori_app can search holds the account too: EXPLAIN would count what it hides", `
		select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
		  join pg_attribute f on f.attrelid = c.oid and f.attnum = i.indkey[0] join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1) and f.attname <> 'account_id'
		   and has_column_privilege('tijori_app', c.oid, f.attnum, 'select') and a.attnum <> all ((i.indkey::int2[])[0:i.indnkeyatts - 1])`, tenants)
	none(t, super, "a reference between tenant tables carries the account, and the business where both have one", `
		select k.conname::text from pg_constraint k
		  join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
		 where k.contype = 'f' and c.relname = any ($1) and r.relname = any ($1)
		   and (not exists (select 1 from pg_attribute a, pg_attribute b
		                     where a.attrelid = c.oid and a.attnum = k.conkey[1] and b.attrelid = r.oid and b.attnum = k.confkey[1]
		                       and a.attname = 'account_id' and b.attname = 'account_id')
		    or exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'business_id' and not a.attisdropped
		                  and exists (select 1 from pg_attribute b where b.attrelid = r.oid and b.attname = 'business_id' and not b.attisdropped and b.attnotnull)
		                  and not exists (select 1 from unnest(k.conkey, k.confkey) u(x, y) join pg_attribute b on b.attrelid = r.oid and b.attnum = u.y
		                                   where u.x = a.attnum and b.attname = 'business_id')))`, tenants)
	listed(t, "a reference to a table of everybody,", namesOf(t, super, `
		select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
		 where k.contype = 'f' and c.relname = any ($1) and r.relname <> all ($1)`, tenants), looseKeys)
	none(t, super, "tables of everybody refer to no tenant table", `
		select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
		 where k.contype = 'f' and c.relnamespace = 'tijori'::regnamespace and c.relname <> all ($1) and r.relname = any ($1)`, tenants)
	none(t, super, "a number that counts over all accounts tells how busy others are", `
		select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
		  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
		 where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'goose_db_version'
		   and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%nextval%')`)
	none(t, super, "constraints and indexes are named, because errors are matched on their names", `
		select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
		 where c.relnamespace = 'tijori'::regnamespace and c.relname <> 'goose_db_version' and k.conname ~ '_(check|key|fkey)[0-9]+$'`)
}

// A policy as the catalogue tells it.
type policy struct {
	Table, Name, Verb string
	Permissive        bool
	Roles             []string
	Using, Check      string
}

func policies(t testing.TB, super querier) []policy {
	t.Helper()
	return rowsOf[policy](t, super, `
		select p.polrelid::regclass::text, p.polname::text,
		       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
		       p.polpermissive, array(select coalesce(r.rolname, 'public')::text from unnest(p.polroles) o(id) left join pg_roles r on r.oid = o.id),
		       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
		  from pg_policy p order by 1, 2`)
}

// everyRow are roles that a policy lets see every row of a tenant table, by the
// verbs they are granted, with the reason.
var everyRow = map[string]string{
	"tijori_guard":   "owns the functions that decide who is asking; nobody can log in as it, and each of its functions is listed",
	"tijori_billing": "applies what providers say, of whatever account; has no grant on ledger tables",
}

// policiesAreOneShape holds each policy against the one shape, and against the grants.
func policiesAreOneShape(t testing.TB, super querier) {
	tenants := tenantTables(t, super)
	none(t, super, "row-level security is on, and forced upon the owner", `
		select relname::text from pg_class
		 where relnamespace = 'tijori'::regnamespace and relname = any ($1) and not (relrowsecurity and relforcerowsecurity)`, tenants)
	none(t, super, "a table that only some roles may read has row-level security as well", `
		select relname::text from pg_class
		 where relnamespace = 'tijori'::regnamespace and relkind in ('r', 'p') and relname <> all ('{goose_db_version,service_clock,plans,prices,meters,allowances}')
		   and not (relrowsecurity and relforcerowsecurity)`)
	perVerb := map[string]int{}
	for _, p := range policies(t, super) {
		if !p.Permissive {
			t.Errorf("policy %s is restrictive: a distributed engine drops the word, and the policy opens", p.Name)
		}
		if len(p.Roles) != 1 || p.Verb == "all" {
			t.Errorf("policy %s is for %s by %v: one verb and one role each", p.Name, p.Verb, p.Roles)
			continue
		}
		role := p.Roles[0]
		if want := p.Table + "_" + p.Verb + "_" + strings.TrimPrefix(role, "tijori_"); p.Name != strings.TrimPrefix(want, "tijori.") {
			t.Errorf("policy %s on %s should be called %s", p.Name, p.Table, want)
		}
		perVerb[p.Table+" "+role+" "+p.Verb]++
		if !slices.Contains(tenants, p.Table) {
			continue
		}
		if role == "tijori_app" {
			checkAppPolicy(t, p)
		} else if everyRow[role] == "" {
			t.Errorf("policy %s lets %s in: name it in everyRow, with the reason", p.Name, role)
		}
	}
	grants := map[string]bool{}
	for _, g := range tableGrants(t, super) {
		if g.Schema == "tijori" && (slices.Contains(tenants, g.Table) || hasPolicies(perVerb, g.Table)) && g.Role != "tijori_owner" {
			grants[g.Table+" "+g.Role+" "+g.Verb] = true
		}
	}
	for key := range grants {
		if perVerb[key] != 1 {
			t.Errorf("%s is granted and has %d policies, want 1", key, perVerb[key])
		}
	}
	for key := range perVerb {
		if !grants[key] {
			t.Errorf("%s has a policy and no grant", key)
		}
	}
}

func hasPolicies(perVerb map[string]int, table string) bool {
	for key := range perVerb {
		if strings.HasPrefix(key, table+" ") {
			return true
		}
	}
	return false
}

var (
	anyCall = regexp.MustCompile(`\b[a-z_]+\.[a-z_]+\(`)
	lookUp  = regexp.MustCompile(`\( SELECT s\.[a-z_]+(?:,\s+s\.[A-Za-z_]+|,\s+'[a-z]+'::text)*\s+FROM auth\.scope\(\) s\([a-z_, ]+\)(?:\s+WHERE \(s\.role (?:= '[a-z]+'::text|<> ''::text|= ANY \(ARRAY\[[a-z', :]+\]\))\))?\)`)
	setting = regexp.MustCompile(`(?i)current_setting|current_user|session_user`)
	// narrowed is the one way in which a policy may look at what the program says the role is: who says counter is
	// compared with the own id, who says otherwise with nothing, and the look-up says which of both it must be.
	narrowed = strings.NewReplacer(
		narrowHead+"created_by"+narrowTail, "NARROWED",
		narrowHead+"CASE subject WHEN 'entry'::text THEN created_by ELSE NULL::uuid END"+narrowTail, "NARROWED",
		narrowHead+"CASE WHEN (created_at > (now() - '24:00:00'::interval)) THEN created_by ELSE NULL::uuid END"+narrowTail, "NARROWED",
		`CASE WHEN (s.role = 'counter'::text) THEN s.user_id`+narrowTail+` AS "case" `, "s.NARROWLY ",
	)
	pinned = regexp.MustCompile(`^\(*(?:account_id|account_id, [A-Za-z_, ]+\)|ROW\(account_id, [A-Za-z_, ]+\)) = LOOKUP\)?$`)
)

const (
	narrowHead = "CASE WHEN ( SELECT (current_setting('tijori.role'::text, true) = 'counter'::text)) THEN "
	narrowTail = " ELSE '00000000-0000-0000-0000-000000000000'::uuid END"
)

// checkAppPolicy holds a policy of tijori_app against the one shape: it begins by
// comparing account_id with a look-up of auth.scope() in a sub-select, which is an
// init plan: evaluated once a statement, not once a row. What follows may only
// narrow, so that every scan is bound to the account before it meets a row.
func checkAppPolicy(t testing.TB, p policy) {
	t.Helper()
	if p.Verb == "update" && p.Check == "" {
		t.Errorf("policy %s has no WITH CHECK: write it, so that nobody has to know that USING stands in", p.Name)
	}
	for _, expr := range []string{p.Using, p.Check} {
		if expr == "" {
			continue
		}
		expr = narrowed.Replace(strings.Join(strings.Fields(expr), " "))
		if strings.Contains(expr, "NARROWED") != strings.Contains(expr, "NARROWLY") {
			t.Errorf("policy %s narrows by a claimed role on one side only: %s", p.Name, expr)
		}
		if setting.MatchString(expr) {
			t.Errorf("policy %s believes a setting: %s", p.Name, expr)
		}
		bare := lookUp.ReplaceAllString(expr, "LOOKUP")
		if calls := anyCall.FindAllString(bare, -1); len(calls) > 0 {
			t.Errorf("policy %s calls %v outside a sub-select of auth.scope(), once a row: %s", p.Name, calls, bare)
		}
		if pin := firstConjunct(bare); !pinned.MatchString(pin) {
			t.Errorf("policy %s does not begin by holding account_id against the look-up, joined to the rest by AND: %s", p.Name, bare)
		}
	}
}

// firstConjunct returns what an expression requires first of every row: up to the
// first AND outside of brackets, or "" when there is an OR.
func firstConjunct(expr string) string {
	for strings.HasPrefix(expr, "(") && closing(expr) == len(expr)-1 {
		expr = expr[1 : len(expr)-1]
	}
	depth, first := 0, ""
	for i, c := range expr {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(expr[i:], " OR "):
			return ""
		case depth == 0 && first == "" && strings.HasPrefix(expr[i:], " AND "):
			first = expr[:i]
		}
	}
	if first == "" {
		return expr
	}
	return strings.Trim(first, " ")
}

// closing is where the bracket that an expression begins with is closed.
func closing(expr string) int {
	depth := 0
	for i, c := range expr {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
