package isolation

import (
	"fmt"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// rules are what holds of any migrated database, read from its catalogue.
var rules = []struct {
	name  string
	check func(testing.TB, querier)
}{
	{"tables are classed", tablesAreClassed},
	{"tenant tables begin with the account", tenantTablesBeginWithTheAccount},
	{"policies are one shape", policiesAreOneShape},
	{"tables of apps are bound", appTablesAreBound},
	{"functions are listed", functionsAreListed},
	{"roles are weak", rolesAreWeak},
	{"rooms are closed", closedRooms},
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	super := pgtest.New(t).Super
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.check(t, super) })
	}
}

// A recorder hears what a rule complains of, and lets the test go on.
type recorder struct {
	testing.TB
	findings []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.findings = append(r.findings, fmt.Sprintf(format, args...))
}

// Each mutant is a migration that somebody might write in a hurry. The rules must catch it.
var mutants = []struct{ name, sql string }{
	{
		"a table without row-level security",
		`create table tijori.notes (account_id uuid not null, id uuid not null, primary key (account_id, id)); grant select on tijori.notes to tijori_app`,
	},
	{"row-level security not forced", `alter table tijori.parties no force row level security`},
	{"row-level security off", `alter table tijori.entries disable row level security`},
	{"an open policy", `create policy parties_delete_app on tijori.parties for delete to tijori_app using (true); grant delete on tijori.parties to tijori_app`},
	{
		"a second policy for the same verb",
		`create policy parties_select_app2 on tijori.parties for select to tijori_app using (account_id = (select s.account_id from tijori_access.scope() s))`,
	},
	{
		"a policy for everybody",
		`create policy parties_select_public on tijori.parties for select using (account_id = (select s.account_id from tijori_access.scope() s))`,
	},
	{
		"a policy for all verbs",
		`drop policy parties_select_app on tijori.parties; create policy parties_select_app on tijori.parties for all to tijori_app using (account_id = (select s.account_id from tijori_access.scope() s))`,
	},
	{
		"a restrictive policy",
		`create policy entries_delete_app on tijori.entries as restrictive for delete to tijori_app using (account_id = (select s.account_id from tijori_access.scope() s)); grant delete on tijori.entries to tijori_app`,
	},
	{
		"a call for each row",
		`alter policy parties_select_app on tijori.parties using (account_id = tijori_access.account_id())`,
	},
	{
		"a policy that believes a setting",
		`alter policy parties_select_app on tijori.parties using (account_id = (select s.account_id from tijori_access.scope() s) or account_id = current_setting('tijori.account', true)::uuid)`,
	},
	{
		"an arm without the account",
		`alter policy entries_select_app on tijori.entries using ((account_id, business_id) = (select s.account_id, s.business_id from tijori_access.scope() s) or created_by = (select s.user_id from tijori_access.scope() s))`,
	},
	{
		"a claimed role that is believed",
		`alter policy entries_select_app on tijori.entries using ((account_id, business_id) = (select s.account_id, s.business_id from tijori_access.scope() s) and ((select current_setting('tijori.role', true)) <> 'counter' or created_by = (select s.user_id from tijori_access.scope() s)))`,
	},
	{
		"a claimed role on one side",
		`alter policy entries_select_app on tijori.entries using ((account_id, business_id, case when (select current_setting('tijori.role', true) = 'counter') then created_by else '00000000-0000-0000-0000-000000000000'::uuid end) = (select s.account_id, s.business_id, s.user_id from tijori_access.scope() s))`,
	},
	{
		"no cheap comparison",
		`alter policy parties_select_app on tijori.parties using (account_id = (select nullif(current_setting('tijori.account', true), '')::uuid) and (account_id, business_id) = (select case when s.sees_totals then s.account_id end as account_id, s.business_id from tijori_access.scope() s))`,
	},
	{
		"no cheap comparison of the business",
		`alter policy parties_select_app on tijori.parties using ((case when account_id = any (array[(select tijori_access.account_id())]) then true end) is not null and account_id = (select nullif(current_setting('tijori.account', true), '')::uuid) and (account_id, business_id) = (select case when s.sees_totals then s.account_id end as account_id, s.business_id from tijori_access.scope() s))`,
	},
	{
		"a cheap comparison that believes a setting",
		`alter policy payments_select_app on tijori.payments using ((case when account_id = any (array[(select nullif(current_setting('tijori.account', true), '')::uuid)]) then true end) is not null and account_id = (select nullif(current_setting('tijori.account', true), '')::uuid) and account_id = (select case when s.owns then s.account_id end as account_id from tijori_access.scope() s))`,
	},
	{"no look-up", `alter policy payments_select_app on tijori.payments using ((case when account_id = any (array[(select tijori_access.account_id())]) then true end) is not null and account_id = (select nullif(current_setting('tijori.account', true), '')::uuid))`},
	{
		"no hint, so no comparison before any row",
		`alter policy payments_select_app on tijori.payments using ((case when account_id = any (array[(select tijori_access.account_id())]) then true end) is not null and account_id = (select case when s.owns then s.account_id end as account_id from tijori_access.scope() s))`,
	},
	{"no right", `alter policy payments_select_app on tijori.payments using ((case when account_id = any (array[(select tijori_access.account_id())]) then true end) is not null and account_id = (select nullif(current_setting('tijori.account', true), '')::uuid) and account_id = (select s.account_id from tijori_access.scope() s))`},
	{
		"a right that is compared with each row",
		`alter policy payments_select_app on tijori.payments using ((case when account_id = any (array[(select tijori_access.account_id())]) then true end) is not null and account_id = (select nullif(current_setting('tijori.account', true), '')::uuid) and (account_id, true) = (select s.account_id, s.owns from tijori_access.scope() s))`,
	},
	{"billing reaches every app", `alter policy subscriptions_select_billing on tijori.subscriptions using (true)`},
	{"billing writes for every app", `alter policy inbox_insert_billing on tijori.inbox with check (true)`},
	{
		"an index that can be searched over all accounts",
		`create index subscriptions_status_idx on tijori.subscriptions (status)`,
	},
	{
		"an arm beside the account",
		`alter policy entries_select_app on tijori.entries using ((account_id, business_id) = (select s.account_id, s.business_id from tijori_access.scope() s where s.role <> 'counter') or (account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from tijori_access.scope() s))`,
	},
	{
		"a policy about the business alone",
		`alter policy parties_select_app on tijori.parties using (business_id = (select s.business_id from tijori_access.scope() s))`,
	},
	{
		"update without a check",
		`drop policy parties_update_app on tijori.parties; create policy parties_update_app on tijori.parties for update to tijori_app using ((account_id, business_id) = (select s.account_id, s.business_id from tijori_access.scope() s))`,
	},
	{"a grant without a policy", `grant delete on tijori.parties to tijori_app`},
	{
		"a policy without a grant",
		`create policy parties_delete_app on tijori.parties for delete to tijori_app using (account_id = (select s.account_id from tijori_access.scope() s))`,
	},
	{
		"a primary key that begins elsewhere",
		`alter table tijori.changes drop constraint changes_pkey, add constraint changes_pkey primary key (subject_id, version)`,
	},
	{"unique over all accounts", `create unique index parties_phone_key on tijori.parties (phone)`},
	{"an index over all accounts", `create index parties_phone_idx on tijori.parties (phone)`},
	{
		"a reference without the tenant",
		`alter table tijori.parties add constraint parties_id_key unique (account_id, id); alter table tijori.entries add constraint entries_loose_fkey foreign key (account_id, party_id) references tijori.parties (account_id, id)`,
	},
	{"a serial number", `alter table tijori.entries add column number bigserial`},
	{
		"a nullable account",
		`create table tijori.tags (account_id uuid, id uuid not null, constraint tags_pkey primary key (id))`,
	},
	{
		"a view with its owner's rights",
		`create view tijori.all_parties as select * from tijori.parties; grant select on tijori.all_parties to tijori_app`,
	},
	{
		"a materialized view",
		`create materialized view tijori.sums as select account_id, count(*) from tijori.entries group by 1`,
	},
	{
		"a function for PUBLIC",
		`create function tijori_access.peek() returns bigint language sql stable security definer set search_path = '' as 'select count(*) from tijori.parties'; alter function tijori_access.peek() owner to tijori_guard`,
	},
	{"a function that takes the caller's path", `alter function tijori_access.scope() reset search_path`},
	{"a function of the superuser", `alter function tijori_access.scope() owner to postgres`},
	{"a function given to another role", `grant execute on function tijori_plans.plan_of(uuid) to tijori_app`},
	{
		"a function that does not ask",
		`create or replace function tijori_access.colleagues() returns table (user_id uuid, name text) language sql stable security definer set search_path = '' as 'select u.id, u.name from tijori.users u'`,
	},
	{
		"billing reads the ledger",
		`grant select on tijori.entries to tijori_billing; create policy entries_select_billing on tijori.entries for select to tijori_billing using (true)`,
	},
	{
		"the app reads addresses",
		`grant select (email) on tijori.users to tijori_app; create policy users_select_app on tijori.users for select to tijori_app using (true)`,
	},
	{"the app reads tokens", `grant select (token_hash) on tijori.invitations to tijori_app`},
	{"the app moves rows", `grant update (account_id) on tijori.parties to tijori_app`},
	{
		"history can be rewritten",
		`grant update on tijori.changes to tijori_guard; create policy changes_update_guard on tijori.changes for update to tijori_guard using (true) with check (true)`,
	},
	{"the app truncates", `grant truncate on tijori.parties to tijori_app`},
	{"the app makes tables", `grant create on schema tijori to tijori_app`},
	{"the app sees the job queue", `grant usage on schema tijori_river to tijori_app`},
	{"the app owns a table", `alter table tijori.parties owner to tijori_app`},
	{"temporary tables", `do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$`},
	{
		"a trigger that runs before the policy",
		`create trigger parties_early before insert on tijori.parties for each row execute function tijori_khata.limit_parties()`,
	},
	{"a rule", `create rule quiet as on delete to tijori.parties do instead nothing`},
	{
		"a trigger function with rights elsewhere",
		`create function tijori.leak() returns trigger language plpgsql security definer set search_path = '' as 'begin return new; end'; revoke all on function tijori.leak() from public`,
	},
	{
		"SQL put together in a function",
		`create or replace function tijori_access.home_account(member_id uuid) returns uuid language plpgsql stable security definer set search_path = '' as 'declare a uuid; begin execute ''select null::uuid'' into a; return a; end'`,
	},
	{"default privileges", `alter default privileges in schema tijori grant select on tables to tijori_app`},
}

func TestRulesCatchMutants(t *testing.T) {
	t.Parallel()
	super := pgtest.New(t).Super
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			tx, err := super.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context())
			if _, err := tx.Exec(t.Context(), m.sql); err != nil {
				t.Fatal(err)
			}
			r := &recorder{TB: t}
			for _, rule := range rules {
				rule.check(r, tx)
			}
			if len(r.findings) == 0 {
				t.Errorf("no rule complains of: %s", m.sql)
			}
		})
	}
}
