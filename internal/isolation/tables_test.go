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
	"goose_db_version":        "which migrations have run",
	"schema_compat":           "which programs the schema works with",
	"service_clock":           "one row: how far development and tests moved the time",
	"roles":                   "the roles of members and their rights, the same for everybody",
	"erasures":                "which tables are erased with an account, in which order",
	"users":                   "people; one may belong to many accounts. Sign-in role only",
	"credentials":             "what proves a caller, by its hash, before any account is known. Sign-in role only",
	"signups":                 "sign-ups before there is an account. Sign-in role only",
	"recoveries":              "recoveries, by address. Sign-in role only",
	"devices":                 "browsers that a user signed in from, by a hash. Sign-in role only",
	"email_changes":           "changes of a user's address. Sign-in role only",
	"sign_in_failures":        "addresses with a wrong password, for some seconds. Sign-in role only",
	"security_kinds":          "what the security log knows, the same for everybody",
	"notices":                 "letters to a user that wait. Sign-in role only",
	"passkeys":                "a user's passkeys. Sign-in role only",
	"totps":                   "a user's authenticator app, its secret sealed. Sign-in role only",
	"recovery_codes":          "a user's recovery codes, as hashes. Sign-in role only",
	"challenges":              "what waits for an answer while somebody signs in or proves to be there. Sign-in role only",
	"throttles":               "counts per address and network. Sign-in role only",
	"access_log":              "who asked for what, of whatever account. Written by one role, read by another for operators",
	"access_log_allowed":      "a part of the access log, which nobody reaches but through the whole",
	"access_log_refused":      "a part of the access log",
	"access_log_allowed_rest": "a part of the access log",
	"access_log_refused_rest": "a part of the access log",
	"turns":                   "when work that one node of several does was last begun. A function only",
	"releases":                "which program ran when, with which settings. Functions of operators only",
	"complaints":              "what people report as not theirs: evidence, not the account's. Written by functions, read by operators",
	"evidence":                "the chain of bundles of evidence. Functions of operators only",
	"incidents":               "what is looked into. Functions of operators only",
	"freezes":                 "what operators have stopped, for whom. Functions of operators only",
	"incident_acts":           "who did what about incidents. Functions of operators only",
	"watch_alerts":            "what was found in the access log. Operators only",
	"watch_acts":              "what operators did about it",
	"watch_cursor":            "one row: up to where the log was read",
	"watch_hours":             "how much each account took by the hour. Operators only",
	"watch_visits":            "who was let into which business. Operators only",
	"probe_lines":             "how addresses of our own answer from outside; nobody's data",
	"probe_days":              "how often they did, by the day",
	"probe_outages":           "when they did not",
	"support_uses":            "what support asked, about whom. Written by a function; billing role reads",
}

// appTables belong to an app, or to one of its connections to a provider, and to no account, with the reason. The app
// or the connection stands first in their keys, and tijori_billing reaches those of its work and no others: see
// apps_test.go.
var appTables = map[string]string{
	"apps":               "whose customers the accounts are",
	"deliveries":         "a queue: events on their way to an app's endpoints",
	"events":             "what an app is told of its customers",
	"webhook_endpoints":  "where an app wants to hear of events, with sealed secrets",
	"delivery_tries":     "what an app's endpoint answered, each time",
	"imports":            "files of an app that moves in",
	"import_rows":        "whose a subscription is, as an app says, before it is the customer's; erased with the customer",
	"shadow_checks":      "counts of an app's own checks; erased with the customer whom they name",
	"app_keys":           "what proves an app's programs, by its hash, before any customer is known",
	"connections":        "an app's accounts at providers",
	"plans":              "what an app sells",
	"prices":             "what an app sells",
	"meters":             "kinds of credit of an app",
	"allowances":         "what a plan brings of them",
	"operator_acts":      "what operators did, about provider ids and accounts",
	"provider_directory": "whose a provider's customer or subscription is, unique over all accounts",
	"reconcile_runs":     "a queue: the reconciler's runs over all accounts",
	"reconcile_findings": "a queue: what the reconciler found",
	"reconcile_seen":     "a queue: what the reconciler has met",
	"alerts":             "what is wrong with a connection's webhooks; nobody's rows",
	"inbox":              "a queue: what providers sent, before it is known whom it is about",
	"review_items":       "a queue: what a person must decide, often about nobody we know",
}

// looseIndexes are indexes of tenant tables that do not begin with account_id.
var looseIndexes = map[string]string{
	"businesses_id_idx":        "tijori_ops.strangers_among() finds ids that an answer must not hold; holds the account too; not unique",
	"security_log_user_idx":    "erasing a user finds the lines; not unique; tijori_app may not name the column",
	"members_user_idx":         "tijori_access.scope() finds a user's memberships, before any account is known; not unique",
	"invitations_token_idx":    "the sign-in role finds an invitation by its token's hash; not unique; tijori_app may not name the column",
	"customer_links_hash_idx":  "link_of() finds a link by its hash; not unique; tijori_app may not name the column",
	"customer_tokens_hash_idx": "holder() finds a token by its hash; not unique; tijori_app may not name the column",
	"shares_token_idx":         "the sign-in role finds a shared statement by its token's hash; not unique; tijori_app may not name the column",
	"invitations_unmailed_idx": "the sweep finds invitations without a mail over all accounts; not unique; tijori_app may not name its condition",
	"subscriptions_lapse_idx":  "whose time has run out, of an app; holds the account too; not unique",
	"accounts_leaving_idx":     "the eraser finds accounts whose grace has ended; holds the account too; not unique",
	"accounts_external_key":    "an app finds a customer by its own id; tijori_app may not name the column",
	"payments_known_idx":       "the reconciler asks which payments are in the books, before it knows whose they are; not unique",
	"invoices_unsettled_idx":   "the reconciler asks again about invoices that may still change, over all accounts; holds the account too; not unique",
	"credit_balances_due_idx":  "the sweep of credits finds what is due, over all accounts; tijori_app may not name the column",
	"credit_calendars_due_idx": "the calendar of credits finds what is due, over all accounts; tijori_app may not name the column",
}

// looseKeys are foreign keys of tenant tables to tables that are not: their check
// bypasses row-level security, so it must tell nothing.
var looseKeys = map[string]string{
	"security_log_kind_fkey":             "kinds are public; functions of tijori_guard write",
	"members_user_fkey":                  "only functions of tijori_guard write members, with users that the credential or the invitation names",
	"members_role_fkey":                  "roles are public",
	"invitations_role_fkey":              "roles are public",
	"accounts_app_fkey":                  "tijori_app does not write the app",
	"checkouts_connection_fkey":          "billing role only; the policy looks at the connection first",
	"checkouts_provider_fkey":            "billing role only; the policy looks at the connection first",
	"checkouts_plan_fkey":                "billing role only; the plan is the app's",
	"credit_balances_meter_fkey":         "meters are the app's; functions of tijori_guard write",
	"credit_calendars_meter_fkey":        "billing role only; meters are the app's",
	"provider_customers_connection_fkey": "billing role only; the policy looks at the connection first",
	"provider_customers_provider_fkey":   "billing role only; the policy looks at the connection first",
	"provider_customers_directory_fkey":  "billing role only: a provider's customer is one account's",
	"purchases_connection_fkey":          "billing role only; the policy looks at the connection first",
	"purchases_provider_fkey":            "billing role only; the policy looks at the connection first",
	"purchases_meter_fkey":               "billing role only; meters are the app's",
	"subscriptions_connection_fkey":      "billing role only; the policy looks at the connection first",
	"subscriptions_provider_fkey":        "billing role only; the policy looks at the connection first",
	"subscriptions_directory_fkey":       "billing role only: a provider's subscription is one account's",
	"subscriptions_plan_fkey":            "billing role only; the plan is the app's",
}

func tenantTables(t testing.TB, super querier) []string {
	t.Helper()
	var out []string
	for _, name := range namesOf(t, super,
		`select relname::text from pg_class where relnamespace = 'tijori'::regnamespace
			and relkind in ('r', 'p') order by 1`) {
		if notTenants[name] == "" && appTables[name] == "" {
			out = append(out, name)
		}
	}
	return out
}

// tablesAreClassed holds what there is against the lists above.
func tablesAreClassed(t testing.TB, super querier) {
	tables := namesOf(t, super,
		`select relname::text from pg_class where relnamespace = 'tijori'::regnamespace and relkind in ('r', 'p')`)
	for _, named := range []map[string]string{notTenants, appTables} {
		for name := range named {
			if !slices.Contains(tables, name) {
				t.Errorf("table %s is named here but does not exist", name)
			}
		}
	}
	none(t, super, "tables, views and sequences live in schema tijori (and the job queue's in river)", `
		select c.oid::regclass::text from pg_class c
		 where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relnamespace <> all (array['tijori', 'tijori_river', 'pg_catalog', 'information_schema', 'pg_toast']::regnamespace[])`)
	none(t, super, "neither materialized views nor foreign tables know row-level security", `
		select oid::regclass::text from pg_class where relkind in ('m', 'f') and relnamespace = any (array['tijori', `+
		partSchemas+`]::regnamespace[])`)
	none(t, super, "a view runs as its owner unless it is security_invoker", `
		select oid::regclass::text from pg_class
		 where relkind = 'v' and relnamespace = any (array['tijori', `+partSchemas+`]::regnamespace[])
		   and not coalesce(reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)`)
	none(t, super, "rules rewrite statements behind the policies' back", `
		select r.rulename || ' on ' || r.ev_class::regclass from pg_rewrite r join pg_class c on c.oid = r.ev_class
		 where c.relnamespace = 'tijori'::regnamespace and c.relkind <> 'v'`)
	none(t, super, "a publication copies rows without policies", `select pubname::text from pg_publication`)
	none(t, super, "default privileges would grant what no migration says",
		`select defaclrole::regrole::text from pg_default_acl`)
	none(t, super, "everything belongs to tijori_owner", `
		select c.oid::regclass || ' of ' || c.relowner::regrole from pg_class c
		 where c.relnamespace = any (array['tijori', 'tijori_river']::regnamespace[]) and c.relowner <> 'tijori_owner'::regrole`)
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
		   and not exists (select 1 from pg_constraint k join pg_attribute a on a.attrelid = c.oid
		       and a.attnum = k.conkey[1]
		                    where k.conrelid = c.oid and k.contype = 'p' and a.attname = 'account_id')`, tenants)
	type index struct {
		Name   string
		First  string
		Unique bool
	}
	var loose []string
	for _, i := range rowsOf[index](t, super, `
		select i.indexrelid::regclass::text, coalesce(a.attname::text, '(expression)'), i.indisunique
		    or i.indisexclusion
		  from pg_index i join pg_class c on c.oid = i.indrelid
		  left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1)`, tenants) {
		if i.First == "account_id" {
			continue
		}
		if i.Unique && i.Name != "accounts_external_key" { // of an app; tijori_app writes neither column
			t.Errorf("unique index %s begins with %s: a duplicate would tell of another account's row", i.Name, i.First)
		}
		loose = append(loose, i.Name)
	}
	listed(t, "an index that does not begin with account_id,", loose, looseIndexes)
	none(t, super, "an index over all accounts that tijori_app can search holds the account too: EXPLAIN would count what it hides", `
		select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
		  join pg_attribute f on f.attrelid = c.oid and f.attnum = i.indkey[0]
		      join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1) and f.attname <> 'account_id'
		   and has_column_privilege('tijori_app', c.oid, f.attnum, 'select') and a.attnum <> all ((i.indkey::int2[])[0:i.indnkeyatts - 1])`, tenants)
	none(t, super, "a reference between tenant tables carries the account, and the business where both have one", `
		select k.conname::text from pg_constraint k
		  join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
		 where k.contype = 'f' and c.relname = any ($1) and r.relname = any ($1)
		   and (not exists (select 1 from pg_attribute a, pg_attribute b
		                     where a.attrelid = c.oid and a.attnum = k.conkey[1] and b.attrelid = r.oid
		                         and b.attnum = k.confkey[1]
		                       and a.attname = 'account_id' and b.attname = 'account_id')
		    or exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'business_id'
		        and not a.attisdropped
		                  and exists (select 1 from pg_attribute b where b.attrelid = r.oid
		                      and b.attname = 'business_id' and not b.attisdropped and b.attnotnull)
		                  and not exists (select 1 from unnest(k.conkey, k.confkey) u(x, y)
		                      join pg_attribute b on b.attrelid = r.oid and b.attnum = u.y
		                                   where u.x = a.attnum and b.attname = 'business_id')))`, tenants)
	listed(t, "a reference to a table of everybody,", namesOf(t, super, `
		select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
		    join pg_class r on r.oid = k.confrelid
		 where k.contype = 'f' and c.relname = any ($1) and r.relname <> all ($1)`, tenants), looseKeys)
	none(t, super, "tables of everybody refer to no tenant table", `
		select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
		    join pg_class r on r.oid = k.confrelid
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
		       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
		           when 'd' then 'delete' else 'all' end,
		       p.polpermissive, array(select coalesce(r.rolname, 'public')::text from unnest(p.polroles) o(id) left
		           join pg_roles r on r.oid = o.id),
		       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
		  from pg_policy p order by 1, 2`)
}

// everyRow are roles that a policy lets see every row of a tenant table, by the
// verbs they are granted, with the reason.
var everyRow = map[string]string{
	"tijori_guard":   "owns the functions that decide who is asking; nobody can log in as it, and each of its functions is listed",
	"tijori_backup":  "reads everything for a back-up and changes nothing; nobody can log in as it",
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
		 where relnamespace = 'tijori'::regnamespace and relkind in ('r', 'p') and relname <> all ('{goose_db_version,schema_compat,service_clock,roles,erasures}')
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
		if want := p.Table + "_" + p.Verb + "_" + strings.TrimPrefix(role,
			"tijori_"); p.Name != strings.TrimPrefix(want, "tijori.") {
			t.Errorf("policy %s on %s should be called %s", p.Name, p.Table, want)
		}
		perVerb[p.Table+" "+role+" "+p.Verb]++
		if !slices.Contains(tenants, p.Table) {
			continue
		}
		if role == "tijori_app" {
			checkAppPolicy(t, p, namesOf(t, super, `
				select a.attname::text from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`, p.Table))
		} else if everyRow[role] == "" {
			t.Errorf("policy %s lets %s in: name it in everyRow, with the reason", p.Name, role)
		}
	}
	grants := map[string]bool{}
	for _, g := range tableGrants(t, super) {
		if g.Schema == "tijori" && (slices.Contains(tenants, g.Table) || hasPolicies(perVerb, g.Table)) &&
			g.Role != "tijori_owner" {
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

// The one shape of a policy of tijori_app, as tijori_access.open_to_app makes it (see there why). Parts of an
// expression are replaced by words first; what is left must be the shape and nothing else.
var (
	shapeWords = strings.NewReplacer(
		cheapHead+"account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])"+cheapTail,
		"CHEAP(account_id)",
		cheapHead+"business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])"+cheapTail,
		"CHEAP(business_id)",
		cheapHead+"id = ANY (ARRAY[COALESCE(( SELECT tijori_access.business_id() AS business_id), id)])"+cheapTail,
		"CHEAP(id)",
		cheapHead+"created_by = ANY (ARRAY[( SELECT tijori_access.user_id() AS user_id)])"+cheapTail,
		"CHEAP(created_by)",
		"CASE WHEN "+ownOnly+" THEN "+cheapHead+"created_by = ANY (ARRAY[( SELECT tijori_access.maker() AS maker)])"+
			cheapTail+
			" ELSE ( SELECT (tijori_access.maker() = "+nobody+")) END", "CHEAP(narrowed)",
		"CASE WHEN "+ownOnly+" THEN created_by ELSE "+nobody+" END", "NARROWED",
		"CASE WHEN "+ownOnly+" THEN CASE WHEN (created_at > (now() - '24:00:00'::interval)) THEN created_by ELSE NULL::uuid END ELSE "+nobody+" END", "NARROWED",
		"(account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS \"nullif\"))", "HINT",
		"(id = COALESCE(( SELECT tijori_access.business_id() AS business_id), id))", "ITSELF",
		"tijori_access.maker() AS maker", "s.maker",
		"tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)",
		"SCOPE",
		"(s.role <> ''::text)", "s.member",
	)
	readShape = regexp.MustCompile(`^\((?:CHEAP\((?:created_by|narrowed)\) AND )?(?:CHEAP\((business_id|id)\) AND )?CHEAP\(account_id\) AND HINT AND (\(.*\)\))( AND ITSELF)?\)$`)
	readTruth = regexp.MustCompile(`^\(?\(\(?(account_id(?:, business_id)?)\)? = \( SELECT CASE WHEN s\.(?:member|sees_totals|adds_entries|runs_khata|owns) THEN s\.account_id ELSE NULL::uuid END AS account_id(, s\.business_id)? FROM SCOPE\)\)(?: AND ITSELF\)?)?$`)
	truth     = regexp.MustCompile(`^\(?\(\(([A-Za-z_, ]+), true\) = \( SELECT ([a-z_., ]+), s\.(member|sees_totals|adds_entries|runs_khata|owns) FROM SCOPE\)\)(?: AND ITSELF\))?$`)
)

const (
	cheapHead = "(CASE WHEN ("
	cheapTail = ") THEN true ELSE NULL::boolean END IS NOT NULL)"
	ownOnly   = "( SELECT (current_setting('tijori.own_only'::text, true) = 'on'::text))"
	nobody    = "'00000000-0000-0000-0000-000000000000'::uuid"
)

// truths are the columns of a row and what tijori_access.scope() says each must be.
var truths = map[string]string{
	"account_id": "s.account_id", "business_id": "s.business_id", "id": "s.business_id",
	"created_by": "s.user_id", "invited_by": "s.user_id", "NARROWED": "s.maker",
}

// checkAppPolicy holds a policy of tijori_app against the one shape.
func checkAppPolicy(t testing.TB, p policy, columns []string) {
	t.Helper()
	if p.Verb == "update" && p.Check == "" {
		t.Errorf("policy %s has no WITH CHECK: write it, so that nobody has to know that USING stands in", p.Name)
	}
	for _, expr := range []string{p.Using, p.Check} {
		if expr == "" {
			continue
		}
		bare := shapeWords.Replace(strings.ReplaceAll(strings.Join(strings.Fields(expr), " "), "( CASE", "(CASE"))
		rest := bare
		if p.Table == "businesses" && p.Verb != "insert" && !strings.Contains(bare, "ITSELF") {
			t.Errorf("policy %s does not bind the business that the row is: %s", p.Name, bare)
		}
		if p.Verb == "select" {
			m := readShape.FindStringSubmatch(bare)
			if m == nil {
				t.Errorf("policy %s does not begin with the cheap comparisons, joined to the look-up by AND: %s",
					p.Name, bare)
				continue
			}
			rest = m[2]
			if m[1] == "" && slices.Contains(columns, "business_id") && wholeAccount[p.Name] == "" {
				t.Errorf("policy %s compares no business: %s", p.Name, bare)
			}
		}
		form := truth
		if p.Verb == "select" { // without the right there is no account, so that no row is looked for
			form = readTruth
		}
		m := form.FindStringSubmatch(rest)
		if m == nil {
			t.Errorf("policy %s is not one comparison with the look-up and a right: %s", p.Name, bare)
			continue
		}
		said, must := strings.Split(m[1], ", "), strings.Split(m[2], ", ")
		if p.Verb == "select" {
			must = strings.Split("s.account_id"+m[2], ", ")
		}
		if len(said) != len(must) || said[0] != "account_id" {
			t.Errorf("policy %s compares %v with %v", p.Name, said, must)
			continue
		}
		for i, column := range said {
			if truths[column] != must[i] {
				t.Errorf("policy %s compares %s with %s", p.Name, column, must[i])
			}
		}
		if slices.Contains(columns, "business_id") && !slices.Contains(said, "business_id") &&
			wholeAccount[p.Name] == "" {
			t.Errorf("policy %s does not bind the business: %s", p.Name, bare)
		}
		for _, made := range []string{"created_by", "invited_by"} {
			if p.Verb == "insert" && slices.Contains(columns, made) && !slices.Contains(said, made) {
				t.Errorf("policy %s lets rows in that name another as their maker: %s", p.Name, bare)
			}
		}
	}
}

// wholeAccount are policies about rows that may belong to a business or to the whole account, which only who owns the
// account reaches.
var wholeAccount = map[string]string{
	"members_select_app":     "owners see everybody of the account",
	"invitations_select_app": "owners invite into the account or a business of it",
	"invitations_insert_app": "owners invite into the account or a business of it",
	"invitations_update_app": "owners invite into the account or a business of it",
}
