package isolation

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A use says who may call a function, and what for.
type use struct {
	roles string // login roles, in order of the alphabet
	why   string
}

// functions are all the functions of schemas auth and tijori. Those of auth run
// with the rights of tijori_guard, who sees every row: each must begin by asking
// auth.scope() who calls, unless only a role that signs people in or applies
// payments may call it.
var functions = map[string]use{
	"auth.scope()":                         {"tijori_app", "says who is asking, from the credential"},
	"auth.user_id()":                       {"tijori_app", "part of scope"},
	"auth.account_id()":                    {"tijori_app", "part of scope"},
	"auth.business_id()":                   {"tijori_app", "part of scope"},
	"auth.role()":                          {"tijori_app", "part of scope"},
	"auth.my_businesses()":                 {"tijori_app", "lists the caller's own memberships"},
	"auth.whoami()":                        {"tijori_app", "the caller's own name, address, account and business"},
	"auth.team()":                          {"tijori_app", "an owner lists the members of the account with their addresses"},
	"auth.colleagues()":                    {"tijori_app", "a member sees the names of those who work in the same business"},
	"auth.plan()":                          {"tijori_app", "the plan of the caller's own account"},
	"auth.party_names(uuid,text[])":        {"tijori_app", "a counter chooses from the names of the business"},
	"auth.remove_member(uuid)":             {"tijori_app", "an owner removes a member of the own account"},
	"auth.change_role(uuid,text)":          {"tijori_app", "an owner changes a role in the own account"},
	"auth.lock_member(uuid)":               {"", "called by the two above"},
	"auth.keep_owner(members)":             {"", "called by the two above"},
	"auth.end_sent_invitations(uuid,uuid)": {"", "called by auth.change_role, which has locked the account as its owner"},
	"auth.clock()":                         {"tijori_app tijori_billing tijori_jobs tijori_support", "the service clock; tells nothing of anybody"},
	"auth.set_clock(bigint)":               {"tijori_billing", "development and tests; a constraint refuses it elsewhere"},
	"auth.plan_of(uuid)":                   {"tijori_billing tijori_support", "the plan of any account, for those who apply payments and help"},
	"auth.open_account(uuid,uuid,uuid,uuid,text,text)": {"tijori_auth", "a confirmed sign-up makes its account"},
	"auth.home_account(uuid)":                          {"tijori_auth", "where a new session starts"},
	"auth.belongs(uuid,uuid)":                          {"tijori_auth", "whether a session may switch to an account"},
	"auth.unmailed_invitations(interval)":              {"tijori_auth", "the sweep of invitations without a mail"},
	"auth.issue_invitation(uuid,uuid,bytea,boolean)":   {"tijori_auth", "the mailer stores a token's hash and reads what the letter says"},
	"auth.invitation_by_token(bytea)":                  {"tijori_auth", "whoever holds the token sees what it offers"},
	"auth.accept_invitation(bytea,uuid,uuid)":          {"tijori_auth", "whoever holds the token and has the address becomes a member"},
	"auth.party_count()":                               {"tijori_app", "an owner counts the parties of the own account"},
	"auth.limit_parties()":                             {"", "trigger: counts the account's parties under its lock"},
	"auth.key_account(text)":                           {"", "the account of an API key, as my_credits and my_credit_entries ask"},
	"auth.create_api_key(uuid,bytea,text,text[],text)": {"tijori_app", "an owner stores a new key's hash for the own account"},
	"auth.api_keys()":                                  {"tijori_app", "an owner lists the keys of the own account, without their hashes"},
	"auth.revoke_api_key(uuid)":                        {"tijori_app", "an owner ends a key of the own account"},
	"auth.spend_credits(bytea[],text[],text[],bigint[],text[],text[],uuid[],integer[])": {"tijori_app", "spends for whoever holds the keys with these hashes; the account is looked up from each"},
	"auth.my_credits()":                                                           {"tijori_app", "the credits of the account of the key that asks"},
	"auth.my_credit_entries(text,bigint,integer)":                                 {"tijori_app", "the entries of the account of the key that asks"},
	"auth.my_credits_left()":                                                      {"tijori_app", "the credits of an owner's own account"},
	"auth.credits_now(uuid,text)":                                                 {"", "called by the two above"},
	"auth.settle_credits(uuid,text,timestamp with time zone)":                     {"", "called by what spends, grants and sweeps"},
	"auth.take_lot(uuid,text)":                                                    {"", "called by what spends and settles"},
	"auth.return_credits(uuid,text,uuid[],bigint[],bigint)":                       {"", "called by what spends and settles"},
	"auth.limit_invitations()":                                                    {"", "trigger: counts the people of an account against its plan"},
	"auth.take_back_credits(uuid,text,uuid,bigint,text,timestamp with time zone)": {"tijori_billing", "takes back what is left of a grant whose payment was given back"},
	"auth.grant_credits(uuid,text,uuid,text,bigint,integer,timestamp with time zone,text,text,text,text,integer,bigint,timestamp with time zone)": {"tijori_billing", "adds credits that were paid for, are due, or an operator gives"},
	"auth.sweep_credits(integer)":                          {"tijori_billing", "lets credits expire"},
	"auth.support_use(uuid,text,text,text,text)":           {"tijori_support", "writes down what support is about to ask"},
	"auth.support_scope(uuid)":                             {"", "the accounts of a use that is written down"},
	"auth.support_people(uuid)":                            {"tijori_support", "who the accounts of a written use belong to"},
	"auth.support_subscriptions(uuid)":                     {"tijori_support", "their subscriptions"},
	"auth.support_events(uuid)":                            {"tijori_support", "their events, without bodies"},
	"auth.support_items(uuid)":                             {"tijori_support", "their open review items"},
	"auth.record_changes()":                                {"", "trigger: writes the history, which nobody may write"},
	"auth.require_batch_entry_rows()":                      {"", "trigger: asks the account's plan for the grid, for each statement of entries"},
	"auth.forget_tasks()":                                  {"tijori_auth", "the sweep deletes how far long work was; tells nothing but their number"},
	"auth.require_batch_entry()":                           {"", "trigger: asks the account's plan for the grid"},
	"auth.open_sums()":                                     {"", "trigger: the sums of a new party, which nobody may write"},
	"auth.follow_parties()":                                {"", "trigger: marks the sums of parties in the bin"},
	"auth.add_sums()":                                      {"", "trigger: counts new entries"},
	"auth.move_sums()":                                     {"", "trigger: counts changed entries"},
	"auth.take_sums()":                                     {"", "trigger: counts deleted entries off"},
	"auth.due_since(uuid,uuid,uuid,bigint)":                {"", "called by the triggers of sums: since when a party owes"},
	"auth.wrong_sums()":                                    {"tijori_auth", "the sweep that holds sums against entries: names parties, tells no figure"},
	"auth.forget_uploads()":                                {"tijori_auth", "the sweep deletes files whose hour is over; tells nothing but their number"},
	"tijori.stamp_update()":                                {"", "trigger: counts the version"},
	"tijori.stamp_undo()":                                  {"", "trigger: who undid a batch, and when"},
	"tijori.stamp_draft()":                                 {"", "trigger: counts the version"},
	"auth.locked_until()":                                  {"tijori_app", "every member learns which days of the own business are locked"},
	"auth.hold_lock(uuid,uuid)":                            {"", "called by the two below"},
	"auth.keep_lock()":                                     {"", "trigger: refuses entries on locked days, whatever their writer sees"},
	"auth.keep_locked_party()":                             {"", "trigger: refuses to bin or restore a party with entries on locked days"},
	"auth.order_locks()":                                   {"", "trigger: a decision waits for the writes that are under way"},
	"auth.shared_statement(bytea)":                         {"tijori_auth", "whoever holds the token of a shared statement reads that statement"},
	"auth.refuse_leaving()":                                {"", "trigger: nothing new in an account that leaves"},
	"auth.renews(uuid)":                                    {"", "called by what leaves and erases: whether a subscription asks for money again"},
	"auth.leave_account(uuid)":                             {"tijori_auth", "an owner, whose password was asked again, begins the thirty days of the own account"},
	"auth.keep_account()":                                  {"tijori_app", "an owner ends the thirty days of the own account"},
	"auth.tell_leaving(uuid)":                              {"tijori_auth", "which owners get a letter now; counts it"},
	"auth.leaving_letters(uuid,uuid)":                      {"tijori_auth", "what the letters to owners of an account that leaves say"},
	"auth.erasable()":                                      {"", "called by policies of tijori_guard: which accounts may be erased now"},
	"auth.forget_users(uuid[])":                            {"", "called by what erases: users who belong to no account"},
	"auth.due_erasures()":                                  {"tijori_auth", "which accounts are to be erased; nothing of what they hold"},
	"auth.told_erasure(uuid)":                              {"tijori_auth", "the last letters of an account are out"},
	"auth.begin_erasing(uuid)":                             {"tijori_auth", "takes an account from its members; checks by itself that the grace has ended"},
	"auth.erase_rows(uuid,integer)":                        {"tijori_auth", "erases rows of an account; checks by itself that the grace has ended"},
	"auth.open_own_account(uuid,uuid,uuid,uuid,text,text)": {"tijori_auth", "a user who owns none opens an account"},
	"auth.my_memberships()":                                {"tijori_app", "the caller's own roles"},
	"auth.leave_team(uuid)":                                {"tijori_app", "ends a membership of the caller's own"},
	"auth.forget_me()":                                     {"tijori_auth", "erases the caller, whose password was asked again"},
	"tijori.stamp_revoke()":                                {"", "trigger: who ended a link and when"},
	"tijori.refuse_far_date()":                             {"", "trigger: reads the clock"},
}

// invokers run with the caller's own rights, and need no owner of their own.
var invokers = []string{"tijori.stamp_revoke()", "tijori.stamp_update()", "tijori.refuse_far_date()", "tijori.stamp_undo()", "tijori.stamp_draft()"}

type function struct {
	Name, Owner, Language, Kind, Body string
	Definer, Trigger, Leakproof       bool
	Config                            []string
	Public                            bool
	Callers                           []string
}

// A function that asks who calls does it through one of these.
var asksScope = regexp.MustCompile(`auth\.(scope|user_id|account_id|business_id|role|lock_member|key_account)\(|c\.hash = q\.hash and c\.kind = 'api_key' and c\.revoked_at is null and c\.expires_at > now\(\)`)

// functionsAreListed holds every function against the list above.
func functionsAreListed(t testing.TB, super querier) {
	found := rowsOf[function](t, super, `
		select n.nspname || '.' || p.proname || '(' || coalesce(x.args, '') || ')',
		       p.proowner::regrole::text, l.lanname::text, p.prokind::text, p.prosrc, p.prosecdef, p.prorettype = 'trigger'::regtype, p.proleakproof,
		       coalesce(p.proconfig, '{}'), has_function_privilege('public', p.oid, 'execute'),
		       array(select r.rolname::text from pg_roles r where r.rolname = any ($1) and has_function_privilege(r.oid, p.oid, 'execute') order by 1)
		  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
		  cross join lateral (select string_agg(format_type(a.id, null), ',' order by a.i) from unnest(p.proargtypes) with ordinality a(id, i)) x(args)
		 where n.nspname in ('auth', 'tijori') order by 1`, loginRoles)
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
		if f.Public {
			t.Errorf("function %s may be called by PUBLIC", f.Name)
		}
		if use, ok := functions[f.Name]; ok && use.roles != strings.Join(f.Callers, " ") {
			t.Errorf("function %s may be called by %v, want %q", f.Name, f.Callers, use.roles)
		}
		if f.Kind != "f" || f.Language != "sql" && f.Language != "plpgsql" || f.Leakproof {
			t.Errorf("function %s is of kind %s in language %s (leakproof: %t)", f.Name, f.Kind, f.Language, f.Leakproof)
		}
		if !slices.Contains(f.Config, `search_path=""`) {
			t.Errorf("function %s takes its search_path from the caller: %v", f.Name, f.Config)
		}
		if regexp.MustCompile(`(?i)\bexecute\b`).MatchString(f.Body) {
			t.Errorf("function %s runs SQL that it puts together", f.Name)
		}
		if slices.Contains(invokers, f.Name) {
			if f.Definer || f.Owner != "tijori_owner" {
				t.Errorf("function %s should run with its caller's rights and belong to tijori_owner, not %s", f.Name, f.Owner)
			}
			continue
		}
		if !f.Definer || f.Owner != "tijori_guard" {
			t.Errorf("function %s belongs to %s (security definer: %t), want tijori_guard", f.Name, f.Owner, f.Definer)
		}
		if slices.Contains(f.Callers, "tijori_app") && f.Name != "auth.scope()" && f.Name != "auth.clock()" && !asksScope.MatchString(f.Body) {
			t.Errorf("function %s may be called by tijori_app and does not ask who is calling", f.Name)
		}
	}
	listed(t, "function", names, functions)
	none(t, super, "a trigger with rights of its own that runs before the policy has looked at the new row", `
		select g.tgname || ' on ' || g.tgrelid::regclass from pg_trigger g join pg_proc p on p.oid = g.tgfoid
		 where not g.tgisinternal and p.prosecdef and g.tgtype & 2 = 2`)
	none(t, super, "a security definer function outside schema auth", `
		select p.oid::regprocedure::text from pg_proc p where p.prosecdef and p.pronamespace <> 'auth'::regnamespace`)
	none(t, super, "functions of the job queue belong to tijori_owner and run with their caller's rights", `
		select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'river'::regnamespace and (p.prosecdef or p.proowner <> 'tijori_owner'::regrole)`)
	none(t, super, "functions elsewhere", `
		select p.oid::regprocedure::text from pg_proc p where p.pronamespace <> all (array['auth', 'tijori', 'river', 'pg_catalog', 'information_schema']::regnamespace[])`)
	none(t, super, "operators, casts and event triggers of our own could run in somebody else's statement", `
		select o.oid::regoperator::text from pg_operator o where o.oprnamespace <> 'pg_catalog'::regnamespace
		union all select 'cast to ' || c.casttarget::regtype from pg_cast c join pg_proc p on p.oid = c.castfunc where p.pronamespace <> 'pg_catalog'::regnamespace
		union all select evtname::text from pg_event_trigger`)
}
