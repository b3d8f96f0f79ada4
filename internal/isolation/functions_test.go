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

// functions are all the functions of the parts' schemas. They run
// with the rights of tijori_guard, who sees every row: each must begin by asking
// tijori_access.scope() who calls, unless only a role that signs people in or applies
// payments may call it.
var functions = map[string]use{
	"tijori_access.scope()": {
		"tijori_app",
		"says who is asking, from the credential",
	},
	"tijori_access.enter()": {
		"tijori_app",
		"scope, the day and what is frozen, as a transaction begins",
	},
	"tijori_access.user_id()":     {"tijori_app", "part of scope"},
	"tijori_access.account_id()":  {"tijori_app", "part of scope"},
	"tijori_access.business_id()": {"tijori_app", "part of scope"},
	"tijori_access.role()":        {"tijori_app", "part of scope"},
	"tijori_access.maker()": {
		"tijori_app",
		"part of scope: whose entries the caller is narrowed to",
	},
	"tijori_access.require_app(uuid)": {
		"",
		"called by what billing may call: the account is of the app that the transaction works for",
	},
	"tijori_access.lock_leaving(uuid)": {
		"tijori_auth",
		"one node at a time writes the last mails of an account that is deleted",
	},
	"tijori_access.end_membership(members)": {
		"",
		"called by what ends a membership: takes the ways back with it",
	},
	"tijori_access.refuse_demonstration()": {
		"",
		"trigger: the demonstration's people exist where payments are simulated",
	},
	"tijori_access.refuse_to_keep_demonstration()": {
		"",
		"trigger: a database with the demonstration stays simulated",
	},
	"tijori_access.refuse_reserved_address()": {
		"",
		"trigger: an address stays its former user's while it may be taken back",
	},
	"tijori_access.origin()": {"", "called by what writes the log: who acts, and from where"},
	"tijori_access.write_log(text,uuid,uuid,uuid,text)": {
		"",
		"called by triggers and the functions below: a line of the log, and its notices",
	},
	"tijori_access.log_user(text,uuid)": {"tijori_auth", "logs what a user did"},
	"tijori_access.log_failures()":      {"tijori_auth", "the sweep logs wrong passwords"},
	"tijori_access.log_export(text,text)": {
		"tijori_app",
		"logs that the caller downloads data of the own account",
	},
	"tijori_access.security_log(timestamp with time zone,uuid,integer)": {
		"tijori_app",
		"an owner reads the log of the own account",
	},
	"tijori_access.log_member()":     {"", "trigger: members of an account are logged"},
	"tijori_access.log_invitation()": {"", "trigger: invitations are logged"},
	"tijori_access.log_key()":        {"", "trigger: API keys are logged"},
	"tijori_access.log_payee()":      {"", "trigger: changes of the payee are logged"},
	"tijori_access.log_deletion()":   {"", "trigger: the deletion of an account is logged"},
	"tijori_access.forget_origin()":  {"", "trigger: an erased user's addresses leave the logs"},
	"tijori_access.keys_of(bytea[])": {
		"tijori_log",
		"the writer of the access log names the keys that requests came with",
	},
	"tijori_ops.strangers_among(uuid[],uuid[])": {
		"tijori_watch",
		"says of ids in a sampled answer whether they are another account's",
	},
	"tijori_access.inviter_address(uuid,uuid)": {
		"tijori_auth",
		"the mailer names who invites",
	},
	"tijori_access.keep_owner_whole()": {"", "trigger: an owner owns the whole account"},
	"tijori_khata.lock_batches()": {
		"tijori_app",
		"locks the caller's own business, so that batches go one by one",
	},
	"tijori_khata.rebuild_sums()": {
		"",
		"an operator makes the sums from the entries",
	},
	"tijori_plans.entitled(uuid,text)": {
		"",
		"called by triggers: whether the plan in force carries an entitlement",
	},
	"tijori_plans.limit_of(uuid,text)": {
		"",
		"called by triggers: what the plan in force allows",
	},
	"tijori_plans.lock_connection(text)": {
		"tijori_billing",
		"locks a connection of the transaction's own work",
	},
	"tijori_access.my_businesses()": {
		"tijori_app",
		"lists the caller's own memberships",
	},
	"tijori_access.whoami()": {
		"tijori_app",
		"the caller's own name, address, account and business",
	},
	"tijori_access.team()": {
		"tijori_app",
		"an owner lists the members of the account with their addresses",
	},
	"tijori_access.colleagues()": {
		"tijori_app",
		"a member sees the names of those who work in the same business",
	},
	"tijori_plans.plan()": {
		"tijori_app",
		"the plan of the caller's own account",
	},
	"tijori_khata.party_names(uuid,text[],text)": {
		"tijori_app",
		"a counter chooses from the names of the business",
	},
	"tijori_khata.keep_locked_count()":  {"", "trigger: refuses a count of the till on a locked day"},
	"tijori_khata.forget_cheque()":      {"", "trigger: only a cheque has the state of one"},
	"tijori_khata.sound_of(text)":       {"tijori_app", "how a name sounds; reads no table"},
	"tijori_khata.sound_patterns(text)": {"tijori_app", "how what is looked for sounds; reads no table"},
	"tijori_khata.stamp_sound()":        {"", "trigger: keeps how a party's name sounds"},
	"tijori_access.remove_member(uuid)": {
		"tijori_app",
		"an owner removes a member of the own account",
	},
	"tijori_access.change_role(uuid,text)": {
		"tijori_app",
		"an owner changes a role in the own account",
	},
	"tijori_access.lock_member(uuid)":   {"", "called by the two above"},
	"tijori_access.keep_owner(members)": {"", "called by the two above"},
	"tijori_access.end_sent_invitations(uuid,uuid)": {
		"",
		"called by tijori_access.change_role, which has locked the account as its owner",
	},
	"tijori_ops.clock()": {
		"tijori_app tijori_billing tijori_jobs tijori_support",
		"the service clock; tells nothing of anybody",
	},
	"tijori_ops.set_clock(bigint)": {
		"tijori_billing",
		"development and tests; a constraint refuses it elsewhere",
	},
	"tijori_plans.plan_of(uuid)": {
		"",
		"the plan of any account, for those who apply payments and help",
	},
	"tijori_plans.in_force(uuid)": {
		"",
		"the plan of any account, for those who apply payments and help",
	},
	"tijori_access.open_account(uuid,uuid,uuid,uuid,text,text,text)": {
		"tijori_auth",
		"a confirmed sign-up makes its account",
	},
	"tijori_access.home_account(uuid)": {"tijori_auth", "where a new session starts"},
	"tijori_access.belongs(uuid,uuid)": {
		"tijori_auth",
		"whether a session may switch to an account",
	},
	"tijori_access.unmailed_invitations(interval)": {
		"tijori_auth",
		"the sweep of invitations without a mail",
	},
	"tijori_access.issue_invitation(uuid,uuid,bytea,boolean)": {
		"tijori_auth",
		"the mailer stores a token's hash and reads what the letter says",
	},
	"tijori_access.invitation_by_token(bytea)": {
		"tijori_auth",
		"whoever holds the token sees what it offers",
	},
	"tijori_access.accept_invitation(bytea,uuid,uuid)": {
		"tijori_auth",
		"whoever holds the token and has the address becomes a member",
	},
	"tijori_khata.today_in(text)": {
		"",
		"called by what says or needs the day: which one it is in a time zone",
	},
	"tijori_khata.today()": {"tijori_app", "the day it is in the caller's own business"},
	"tijori_khata.ahead_of(uuid,uuid,date)": {
		"",
		"called by totals and ahead: parties of a business with entries dated ahead",
	},
	"tijori_khata.ahead()": {
		"tijori_app",
		"parties of the caller's own business with entries dated ahead, for who sees totals",
	},
	"tijori_khata.due_since(uuid,uuid,uuid,bigint,date)": {
		"",
		"called by ahead_of: since when a party owes what it owes on a day",
	},
	"tijori_khata.totals()": {
		"tijori_app",
		"what the parties of the caller's own business come to, for who sees totals",
	},
	"tijori_khata.party_list(bigint,bigint,uuid,integer,date)": {
		"tijori_app",
		"parties of the caller's own business by balance, for who sees totals",
	},
	"tijori_khata.party_page(uuid,date,uuid,integer,date)": {
		"tijori_app",
		"a party of the caller's own business with its entries, for who sees totals",
	},
	"tijori_khata.party_count()": {
		"tijori_app",
		"an owner counts the parties of the own account",
	},
	"tijori_khata.limit_parties()": {
		"",
		"trigger: counts the account's parties under its lock",
	},
	"tijori_access.key_account(text)": {
		"",
		"the account of an API key, as my_credits and my_credit_entries ask",
	},
	"tijori_access.holder(bytea,text,text,text)": {
		"",
		"called by what apps ask: the app of a key or token, and the customer inside that app",
	},
	"tijori_access.app_scope(text)":      {"", "holder() of the caller's own claims"},
	"tijori_access.app_alone(text)":      {"", "the app of app_scope(), for server keys alone"},
	"tijori_access.customer_scope(text)": {"", "the account of the customer whom the holder of a key or token names"},
	"tijori_access.try_app(text)": {
		"tijori_app",
		"whether app_scope() would refuse a key that was not seen before, and which app it is of",
	},
	"tijori_access.forget_email()": {"", "trigger: the address of an app's customer goes with the account"},
	"tijori_plans.put_customer(uuid,text,text,text)": {
		"tijori_app",
		"makes a customer of the app of the key that asks",
	},
	"tijori_plans.customer_state()": {"tijori_app", "what a customer of the app of the key or token that asks has"},
	"tijori_plans.check_customers(bytea[],text[],text[],text[],bigint[])": {
		"tijori_app",
		"answers the holders of keys and tokens about customers of their apps; writes nothing",
	},
	"tijori_access.make_app(text,text,text,text[])": {"tijori_billing", "who runs the server makes an app"},
	"tijori_access.set_app_origins(text[])":         {"tijori_billing", "of the app that the transaction works for"},
	"tijori_access.end_app_tokens()":                {"tijori_billing", "of the app that the transaction works for"},
	"tijori_access.make_app_key(uuid,text,bytea,text,text[],text)": {
		"tijori_billing",
		"a key of the app that the transaction works for",
	},
	"tijori_access.revoke_app_key(uuid)": {"tijori_billing", "of the app that the transaction works for"},
	"tijori_access.app_list()":           {"tijori_billing", "names of apps, for who runs the server"},
	"tijori_access.fresh(bytea)":         {"tijori_auth", "whether a session has just proved whose it is"},
	"tijori_access.require_fresh()": {
		"tijori_app",
		"refuses a caller who has not just proved to be there",
	},
	"tijori_access.check_fresh()": {"", "trigger: whose maker has just proved to be there"},
	"tijori_access.proof()":       {"tijori_app", "how the caller's own session was proved"},
	"tijori_access.create_api_key(uuid,bytea,text,text[],text)": {
		"tijori_app",
		"an owner stores a new key's hash for the own account",
	},
	"tijori_access.api_keys()": {
		"tijori_app",
		"an owner lists the keys of the own account, without their hashes",
	},
	"tijori_access.revoke_api_key(uuid)": {"tijori_app", "an owner ends a key of the own account"},
	"tijori_credits.note_change()": {
		"", "trigger: the account of a subscription that changed; the row is the one that was written",
	},
	"tijori_credits.open_calendars()": {
		"", "trigger: a new account or meter has a calendar; the rows are those of the statement that made it",
	},
	"tijori_credits.spend_for(bytea[],text[],text[],text[],text[],bigint[],text[],text[],uuid[],integer[])": {
		"tijori_app",
		"spends for whoever holds the keys with these hashes; an app's key, for customers of its app",
	},
	"tijori_credits.customer_entries(text,bigint,integer)": {
		"tijori_app",
		"the entries of a customer of the app of the key or token that asks",
	},
	"tijori_access.make_customer_token(uuid,bytea,text,text,integer)": {
		"tijori_app",
		"a token for a customer of the app of the server key that asks",
	},
	"tijori_access.end_customer_tokens()": {
		"tijori_app",
		"ends the tokens of a customer of the app of the server key that asks",
	},
	"tijori_plans.tell_subscription()": {"", "trigger: writes the event of a changed state"},
	"tijori_plans.tell_payment()":      {"", "trigger: writes the event of a payment"},
	"tijori_plans.tell_purchase()":     {"", "trigger: writes the event of credits that were bought"},
	"tijori_plans.tell_low()":          {"", "trigger: writes the event of credits that run low"},
	"tijori_credits.spread_low()":      {"", "trigger: balances get the threshold of their meter"},
	"tijori_plans.tell_reversal(uuid,text,text,jsonb)": {
		"tijori_billing",
		"writes the event of a refund or dispute, of the app that the transaction works for",
	},
	"tijori_access.make_portal_link(uuid,bytea,text,integer)": {
		"tijori_app",
		"a link for a customer of the app of the key or token that asks",
	},
	"tijori_access.make_pay_link(uuid,uuid,bytea,text,uuid,timestamp with time zone)": {
		"tijori_billing",
		"a link to pay for a checkout, of the app that the transaction works for",
	},
	"tijori_access.open_portal(uuid,bytea,integer)": {
		"tijori_app",
		"uses up the link whose hash the caller claims",
	},
	"tijori_plans.portal()": {"tijori_app", "whose page the session opens whose hash the caller claims"},
	"tijori_access.pending_link(text)": {
		"tijori_app",
		"of which app the link is whose hash the caller claims",
	},
	"tijori_access.leave_portal()": {"tijori_app", "ends the session whose hash the caller claims"},
	"tijori_plans.tell_lapses()": {
		"tijori_billing",
		"tells of customers whose time has run out, of the app that the transaction works for",
	},
	"tijori_plans.forget_webhooks(integer)": {
		"tijori_billing",
		"old webhooks of the connections that the transaction works for",
	},
	"tijori_ops.take_turn(text,interval)": {"tijori_jobs", "says which node of several does a piece of work"},
	"tijori_plans.forget_events()": {
		"tijori_billing",
		"old events of the app that the transaction works for",
	},
	"tijori_plans.send_again_here(uuid,bigint,bigint)": {
		"tijori_billing",
		"events of the app that the transaction works for",
	},
	"tijori_plans.begin_import(uuid,boolean,integer[],text[],text[],text[],jsonb[])": {
		"tijori_app",
		"keeps a file of the app of the server key that asks",
	},
	"tijori_plans.begin_import_here(uuid,boolean,integer[],text[],text[],text[],jsonb[])": {
		"tijori_billing",
		"keeps a file of the app that the transaction works for",
	},
	"tijori_plans.import_file(uuid)":  {"tijori_app", "a file of the app of the server key that asks"},
	"tijori_plans.import_lines(uuid)": {"tijori_app", "a file of the app of the server key that asks"},
	"tijori_plans.end_import()":       {"tijori_app", "of the app of the server key that asks"},
	"tijori_plans.end_import_here()":  {"tijori_billing", "of the app that the transaction works for"},
	"tijori_plans.import_customer(uuid,text)": {
		"tijori_billing",
		"a customer of the app that the transaction works for",
	},
	"tijori_plans.shadow_list()":     {"tijori_app", "counts of the app of the server key that asks"},
	"tijori_plans.forget_imported()": {"", "trigger: what files and counts say of a customer goes with the account"},
	"tijori_plans.app_events(bigint,integer)": {
		"tijori_app",
		"events of the app of the server key that asks",
	},
	"tijori_plans.webhook_list()": {
		"tijori_app",
		"endpoints of the app of the server key that asks",
	},
	"tijori_plans.webhook_deliveries(uuid,bigint,integer)": {
		"tijori_app",
		"what was sent, of the app of the server key that asks",
	},
	"tijori_plans.add_webhook(uuid,text,bytea)": {
		"tijori_app",
		"an endpoint of the app of the server key that asks",
	},
	"tijori_plans.change_webhook(uuid,text,bytea)": {
		"tijori_app",
		"an endpoint of the app of the server key that asks",
	},
	"tijori_plans.send_webhook(uuid,bigint)": {
		"tijori_app",
		"an event of the app of the server key that asks",
	},
	"tijori_access.customer_account(text)": {
		"tijori_app",
		"the account of a customer of the app of the key or token that asks",
	},
	"tijori_credits.spend_credits(bytea[],text[],text[],bigint[],text[],text[],uuid[],integer[])": {
		"tijori_app",
		"spends for whoever holds the keys with these hashes; the account is looked up from each",
	},
	"tijori_credits.my_credits()": {
		"tijori_app",
		"the credits of the account of the key that asks",
	},
	"tijori_credits.my_credit_entries(text,bigint,integer)": {
		"tijori_app",
		"the entries of the account of the key that asks",
	},
	"tijori_credits.my_credits_left()":  {"tijori_app", "the credits of an owner's own account"},
	"tijori_access.limit_invitations()": {"", "trigger: counts the people of an account against its plan"},
	"tijori_credits.take_back_credits(uuid,text,uuid,bigint,text,timestamp with time zone)":                                                                 {"tijori_billing", "takes back what is left of a grant whose payment was given back"},
	"tijori_credits.take_credits(uuid,text,bigint,text,timestamp with time zone)":                                                                           {"tijori_billing", "takes credits away for an operator, who gives a reason"},
	"tijori_credits.grant_credits(uuid,text,uuid,text,bigint,integer,timestamp with time zone,text,text,text,text,integer,bigint,timestamp with time zone)": {"tijori_billing", "adds credits that were paid for, are due, or an operator gives"},
	"tijori_credits.sweep_credits(integer)": {"tijori_billing", "lets credits expire"},
	"tijori_ops.support_use(uuid,text,text,text,text)": {
		"tijori_support",
		"writes down what support is about to ask",
	},
	"tijori_ops.support_scope(uuid)": {
		"",
		"the accounts of a use that is written down",
	},
	"tijori_ops.support_people(uuid)": {
		"tijori_support",
		"who the accounts of a written use belong to",
	},
	"tijori_ops.support_subscriptions(uuid)": {"tijori_support", "their subscriptions"},
	"tijori_ops.support_events(uuid)": {
		"tijori_support",
		"their events, without bodies",
	},
	"tijori_ops.support_items(uuid)": {"tijori_support", "their open review items"},
	"tijori_plans.note_span()":       {"", "trigger: since when and until when a subscription gave which plan"},
	"tijori_ops.note_use(uuid,text,text,text,text,text,uuid)": {
		"tijori_support",
		"writes down what an operator is about to see, as part of a piece of work that has a reason",
	},
	"tijori_ops.open_work(text)": {"tijori_support", "the piece of work that an operator is at"},
	"tijori_ops.open_account(text,uuid)": {
		"tijori_support",
		"the written use under which an operator has an account open",
	},
	"tijori_ops.app_of_use(uuid,text[])": {"", "the app of a use that is written down"},
	"tijori_ops.islands(text)":           {"", "called by figures: when accounts of an app paid without a break"},
	"tijori_ops.figures_paid(uuid,timestamp with time zone[])": {
		"tijori_support",
		"sums over the accounts of an app, for a written use",
	},
	"tijori_ops.figures_moves(uuid,timestamp with time zone[])": {
		"tijori_support",
		"sums over the accounts of an app, for a written use",
	},
	"tijori_ops.figures_now(uuid)": {"tijori_support", "sums over the accounts of an app, for a written use"},
	"tijori_ops.accounts_behind(uuid,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,uuid,integer)": {
		"tijori_support",
		"the accounts behind a figure, for a written use",
	},
	"tijori_ops.search_accounts(uuid,text,text,uuid,uuid,integer)": {
		"tijori_support",
		"accounts of an app by an address or an id, for a written use",
	},
	"tijori_ops.account_opened(uuid)":  {"", "the account that a written use has opened"},
	"tijori_ops.account_facts(uuid)":   {"tijori_support", "the opened account"},
	"tijori_ops.account_people(uuid)":  {"tijori_support", "its people; addresses of owners alone"},
	"tijori_ops.account_credits(uuid)": {"tijori_support", "its credits"},
	"tijori_ops.account_life(uuid,timestamp with time zone,integer,integer)": {
		"tijori_support",
		"what happened to it, without bodies of events and without any ledger",
	},
	"tijori_access.my_calls(integer)": {
		"tijori_app",
		"an owner reads which calls the own account's programs made within a week",
	},
	"tijori_ops.frozen()":               {"tijori_app", "what is stopped for the caller's own account, and for everybody"},
	"tijori_ops.refuse_frozen(integer)": {"tijori_app", "frozen(), as an error"},
	"tijori_ops.without_frozen_customers(bytea[],text[])": {
		"tijori_app",
		"keys without those whose account, or the customer whom they name, is stopped",
	},
	"tijori_ops.account_of(text,text)": {"tijori_support", "the account of a customer of an app, to freeze it"},
	"tijori_ops.without_frozen(bytea[])": {
		"tijori_app",
		"takes the keys of accounts that are stopped out of a list, for whoever holds them",
	},
	"tijori_ops.frozen_for_all()":    {"tijori_auth", "what is stopped for everybody; tells nothing of anybody"},
	"tijori_ops.frozen_share(bytea)": {"tijori_auth", "what is stopped, for whoever holds the token of a statement"},
	"tijori_ops.write_act(integer,text,text,text,text)": {
		"",
		"called by the functions of incidents: a line of their log",
	},
	"tijori_ops.open_incident(text,text)":               {"tijori_support", "an operator opens an incident, logged"},
	"tijori_ops.close_incident(integer,text,text)":      {"tijori_support", "an operator closes one, logged"},
	"tijori_ops.freeze(integer,integer,uuid,text,text)": {"tijori_support", "an operator stops a part, logged"},
	"tijori_ops.thaw(integer,uuid,text,text)":           {"tijori_support", "an operator lets it work again, logged"},
	"tijori_ops.incidents()":                            {"tijori_support", "the list of incidents"},
	"tijori_ops.freezes(timestamp with time zone)":      {"tijori_support", "what is stopped, for whom and why"},
	"tijori_ops.incident_acts(timestamp with time zone,timestamp with time zone)": {
		"tijori_support", "who did what about incidents",
	},
	"tijori_ops.record_release(text,text,bigint,text,jsonb,text,jsonb)": {"tijori_support", "a server starts"},
	"tijori_ops.releases(timestamp with time zone,integer)":             {"tijori_support", "which program ran when"},
	"tijori_ops.complain(uuid,text,text,text,text,text)": {
		"tijori_app", "keeps what the caller reports as not theirs",
	},
	"tijori_ops.complain_of_share(bytea,uuid,text,text,text)": {
		"tijori_auth", "keeps what whoever holds a link reports",
	},
	"tijori_ops.complaints(timestamp with time zone,timestamp with time zone)": {
		"tijori_support", "what was reported",
	},
	"tijori_ops.untold_complaints()":     {"tijori_support", "what operators had no letter about"},
	"tijori_ops.tell_complaints(uuid[])": {"tijori_support", "they had; forgets what is older than 400 days"},
	"tijori_ops.forget_complainer()":     {"", "trigger: an erased user leaves the reports"},
	"tijori_ops.last_evidence()":         {"tijori_support", "the end of the chain of evidence"},
	"tijori_ops.record_evidence(bigint,text,bytea,bytea,bytea,text,text)": {
		"tijori_support", "the next bundle of evidence, logged",
	},
	"tijori_ops.evidence()":                       {"tijori_support", "the chain of evidence"},
	"tijori_ops.asked_blast(text,text,text,text)": {"tijori_support", "an operator asks who saw what, logged"},
	"tijori_ops.owners_of(text[])":                {"tijori_support", "which account an id belongs to"},
	"tijori_ops.affected(uuid[])":                 {"tijori_support", "whom a letter about an incident goes to"},
	"tijori_khata.record_changes()": {
		"",
		"trigger: writes the history, which nobody may write",
	},
	"tijori_khata.require_batch_entry_rows()": {
		"",
		"trigger: asks the account's plan for the grid, for each statement of entries",
	},
	"tijori_khata.forget_tasks()": {
		"tijori_auth",
		"the sweep deletes how far long work was; tells nothing but their number",
	},
	"tijori_khata.require_batch_entry()": {
		"",
		"trigger: asks the account's plan for the grid",
	},
	"tijori_khata.open_sums()": {
		"",
		"trigger: the sums of a new party, which nobody may write",
	},
	"tijori_khata.follow_parties()": {
		"",
		"trigger: marks the sums of parties in the bin",
	},
	"tijori_khata.add_sums()":  {"", "trigger: counts new entries"},
	"tijori_khata.move_sums()": {"", "trigger: counts changed entries"},
	"tijori_khata.take_sums()": {"", "trigger: counts deleted entries off"},
	"tijori_khata.shift_sums(uuid,uuid,uuid,bigint,bigint,integer)": {
		"",
		"called by the triggers of sums: what entries have changed",
	},
	"tijori_khata.due_since(uuid,uuid,uuid,bigint)": {
		"",
		"called by the triggers of sums: since when a party owes",
	},
	"tijori_khata.wrong_sums()": {
		"tijori_auth",
		"the sweep that holds sums against entries: names parties, tells no figure",
	},
	"tijori_khata.forget_uploads()": {
		"tijori_auth",
		"the sweep deletes files whose hour is over; tells nothing but their number",
	},
	"tijori_khata.stamp_update()": {"", "trigger: counts the version"},
	"tijori_khata.stamp_undo()":   {"", "trigger: who undid a batch, and when"},
	"tijori_khata.stamp_draft()":  {"", "trigger: counts the version"},
	"tijori_khata.locked_until()": {
		"tijori_app",
		"every member learns which days of the own business are locked",
	},
	"tijori_khata.hold_lock(uuid,uuid)": {"", "called by the two below"},
	"tijori_khata.keep_lock()": {
		"",
		"trigger: refuses entries on locked days, whatever their writer sees",
	},
	"tijori_khata.keep_locked_party()": {
		"",
		"trigger: refuses to bin or restore a party with entries on locked days",
	},
	"tijori_khata.order_locks()": {
		"",
		"trigger: a decision waits for the writes that are under way",
	},
	"tijori_khata.shared_statement(bytea)": {
		"tijori_auth",
		"whoever holds the token of a shared statement reads that statement: for programs before 1054",
	},
	"tijori_access.try_scope()": {
		"tijori_app",
		"scope() for callers that were not seen before, with a refusal that the server does not log",
	},
	"tijori_access.try_key(text)": {
		"tijori_app",
		"whether key_account() would refuse a key that was not seen before, likewise",
	},
	"tijori_khata.shared_page(bytea,integer,integer)": {
		"tijori_auth",
		"whoever holds the token of a shared statement reads a page of it",
	},
	"tijori_access.refuse_leaving()": {
		"",
		"trigger: nothing new in an account that leaves",
	},
	"tijori_plans.renews(uuid)": {
		"",
		"called by what leaves and erases: whether a subscription asks for money again",
	},
	"tijori_access.leave_account(uuid)": {
		"tijori_auth",
		"an owner, whose password was asked again, begins the thirty days of the own account",
	},
	"tijori_access.keep_account()": {
		"tijori_app",
		"an owner ends the thirty days of the own account",
	},
	"tijori_access.tell_leaving(uuid)": {
		"tijori_auth",
		"which owners get a letter now; counts it",
	},
	"tijori_access.leaving_letters(uuid,uuid)": {
		"tijori_auth",
		"what the letters to owners of an account that leaves say",
	},
	"tijori_access.erasable()": {
		"",
		"called by policies of tijori_guard: which accounts may be erased now",
	},
	"tijori_access.forget_users(uuid[])": {
		"",
		"called by what erases: users who belong to no account",
	},
	"tijori_access.due_erasures()": {
		"tijori_auth",
		"which accounts are to be erased; nothing of what they hold",
	},
	"tijori_access.told_erasure(uuid)": {
		"tijori_auth",
		"the last letters of an account are out",
	},
	"tijori_access.begin_erasing(uuid)": {
		"tijori_auth",
		"takes an account from its members; checks by itself that the grace has ended",
	},
	"tijori_access.erase_rows(uuid,integer)": {
		"tijori_auth",
		"erases rows of an account; checks by itself that the grace has ended",
	},
	"tijori_access.open_own_account(uuid,uuid,uuid,uuid,text,text,text)": {
		"tijori_auth",
		"a user who owns none opens an account",
	},
	"tijori_access.my_memberships()": {"tijori_app", "the caller's own roles"},
	"tijori_access.leave_team(uuid)": {"tijori_app", "ends a membership of the caller's own"},
	"tijori_access.forget_me()":      {"tijori_auth", "erases the caller, whose password was asked again"},
	"tijori_khata.stamp_revoke()":    {"", "trigger: who ended a link and when"},
	"tijori_khata.refuse_far_date()": {"", "trigger: reads the clock"},
}

// inner are parts of functions that run with the rights of tijori_guard: they have those and the empty search_path from
// whoever calls them, and nobody else may.
var inner = []string{
	"tijori_credits.burn(tijori_credits.purse,bigint)",
	"tijori_credits.capture(tijori_credits.purse,tijori_credits.request)",
	"tijori_credits.consume(tijori_credits.purse,tijori_credits.request)", "tijori_credits.credits_now(uuid,text)",
	"tijori_credits.credits_of(uuid)", "tijori_credits.give_back(tijori_credits.purse,tijori_credits.request,bigint)",
	"tijori_credits.hold(tijori_credits.purse,tijori_credits.request,timestamp with time zone)",
	"tijori_credits.release(tijori_credits.purse,tijori_credits.request)",
	"tijori_credits.return_credits(uuid,text,uuid[],bigint[],bigint)",
	"tijori_credits.settle_credits(uuid,text,timestamp with time zone)",
	"tijori_credits.settle_purse(tijori_credits.purse,timestamp with time zone,timestamp with time zone)",
	"tijori_credits.take_lot(uuid,text)", "tijori_plans.state_of(uuid)", "tijori_plans.note_state(uuid)",
	"tijori_plans.write_event(text,uuid,text,jsonb,uuid)",
	"tijori_plans.write_event(text,uuid,text,jsonb,uuid,text)", "tijori_credits.take_low()",
	"tijori_access.link_of(text)", "tijori_ops.frozen_customer(uuid,integer)",
	"tijori_plans.plans_in_force(uuid,text,timestamp with time zone)",
	"tijori_plans.write_import(text,uuid,boolean,integer[],text[],text[],text[],jsonb[])",
}

// builders make policies while a migration runs, from names of tables and columns that the catalogue knows. Only
// the tables' owner may call them, as whom nobody can log in; they alone put SQL together.
var builders = []string{
	"tijori_access.protect(regclass)", "tijori_access.policy_name(regclass,text,text)",
	"tijori_access.open_to(regclass,text,text[])", "tijori_access.open_to_billing(regclass,text[])",
	"tijori_access.open_to_app(regclass,text,text,text,boolean,interval)", "tijori_plans.bind_billing(regclass)",
	"tijori_access.erase_with_account(regclass,integer,integer)",
}

// composers put SQL together at run time, with the reason. Nothing of it may come from a caller.
var composers = map[string]string{
	"tijori_access.erase_rows(uuid,integer)": "deletes from the tables that tijori.erasures names, which only the owner writes",
}

// tenders make and drop the parts of a table, which nobody but the tables' owner may. They take nothing from a caller.
var tenders = map[string]string{
	"tijori_ops.tend_access_log()": "tijori_watch",
}

// invokers run with the caller's own rights, and need no owner of their own.
var invokers = []string{
	"tijori_khata.stamp_revoke()", "tijori_khata.stamp_update()", "tijori_khata.refuse_far_date()",
	"tijori_khata.stamp_undo()", "tijori_khata.stamp_draft()", "tijori_khata.stamp_sound()",
	"tijori_khata.forget_cheque()",
	"tijori_khata.sound_of(text)", "tijori_khata.sound_patterns(text)",
}

type function struct {
	Name, Owner, Language, Kind, Body string
	Definer, Trigger, Leakproof       bool
	Config                            []string
	Public                            bool
	Callers                           []string
}

// A function that asks who calls does it through one of these.
var asksScope = regexp.MustCompile(`tijori_access\.(scope|user_id|maker|account_id|business_id|role|lock_member|key_account|app_scope|link_of|app_alone|customer_scope|holder)\(|tijori_ops\.frozen\(|tijori_credits\.spend_for\(|c\.hash = h\.hash and c\.kind = 'api_key'|c\.hash = q\.hash and c\.kind = 'api_key' and c\.revoked_at is null and c\.expires_at > now\(\)`)

// functionsAreListed holds every function against the list above.
func functionsAreListed(t testing.TB, super querier) {
	found := rowsOf[function](t, super, `
		select n.nspname || '.' || p.proname || '(' || coalesce(x.args, '') || ')',
		       p.proowner::regrole::text, l.lanname::text, p.prokind::text, p.prosrc,
		       p.prosecdef, p.prorettype = 'trigger'::regtype, p.proleakproof,
		       coalesce(p.proconfig, '{}'), has_function_privilege('public', p.oid, 'execute'),
		       array(select r.rolname::text from pg_roles r where r.rolname = any ($1) and has_function_privilege(r.oid,
		           p.oid, 'execute') order by 1)
		  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
		  cross join lateral (select string_agg(format_type(a.id, null), ',' order by a.i)
		      from unnest(p.proargtypes) with ordinality a(id, i)) x(args)
		 where n.nspname in ('tijori', `+partSchemas+`) order by 1`, loginRoles)
	var names []string
	for _, f := range found {
		if f.Public {
			t.Errorf("function %s may be called by PUBLIC", f.Name)
		}
		if slices.Contains(builders, f.Name) {
			if f.Definer || f.Owner != "tijori_owner" || len(f.Callers) > 0 || !slices.Contains(f.Config,
				`search_path=""`) {
				t.Errorf("%s is for migrations: it belongs to tijori_owner, runs with its caller's rights, and nobody else may call it", f.Name)
			}
			continue
		}
		if callers, ok := tenders[f.Name]; ok {
			if !f.Definer || f.Owner != "tijori_owner" || strings.Join(f.Callers, " ") != callers ||
				!slices.Contains(f.Config, `search_path=""`) {
				t.Errorf("%s tends a table: it runs as tijori_owner, for %s alone, with no search_path", f.Name, callers)
			}
			continue
		}
		if slices.Contains(inner, f.Name) {
			if f.Definer || f.Owner != "tijori_guard" || len(f.Callers) > 0 || f.Kind != "f" ||
				regexp.MustCompile(`(?i)\bexecute\b`).MatchString(f.Body) {
				t.Errorf("%s is part of other functions: it belongs to tijori_guard, runs with their rights, and nobody else may call it", f.Name)
			}
			continue
		}
		names = append(names, f.Name)
		if use, ok := functions[f.Name]; ok && use.roles != strings.Join(f.Callers, " ") {
			t.Errorf("function %s may be called by %v, want %q", f.Name, f.Callers, use.roles)
		}
		if f.Kind != "f" || f.Language != "sql" && f.Language != "plpgsql" || f.Leakproof {
			t.Errorf("function %s is of kind %s in language %s (leakproof: %t)", f.Name, f.Kind, f.Language,
				f.Leakproof)
		}
		if !slices.Contains(f.Config, `search_path=""`) {
			t.Errorf("function %s takes its search_path from the caller: %v", f.Name, f.Config)
		}
		if regexp.MustCompile(`(?i)\bexecute\b`).MatchString(f.Body) && composers[f.Name] == "" {
			t.Errorf("function %s runs SQL that it puts together", f.Name)
		}
		if slices.Contains(invokers, f.Name) {
			if f.Definer || f.Owner != "tijori_owner" {
				t.Errorf("function %s should run with its caller's rights and belong to tijori_owner, not %s", f.Name,
					f.Owner)
			}
			continue
		}
		if !f.Definer || f.Owner != "tijori_guard" {
			t.Errorf("function %s belongs to %s (security definer: %t), want tijori_guard", f.Name, f.Owner, f.Definer)
		}
		if slices.Contains(f.Callers, "tijori_app") && f.Name != "tijori_access.scope()" &&
			f.Name != "tijori_ops.clock()" && !asksScope.MatchString(f.Body) {
			t.Errorf("function %s may be called by tijori_app and does not ask who is calling", f.Name)
		}
	}
	listed(t, "function", names, functions)
	none(t, super, "a trigger with rights of its own that runs before the policy has looked at the new row", `
		select g.tgname || ' on ' || g.tgrelid::regclass from pg_trigger g join pg_proc p on p.oid = g.tgfoid
		 where not g.tgisinternal and p.prosecdef and g.tgtype & 2 = 2`)
	none(t, super, "a security definer function outside the schemas of parts", `
		select p.oid::regprocedure::text from pg_proc p where p.prosecdef and p.pronamespace <> all (array[`+
		partSchemas+`]::regnamespace[])`)
	none(t, super, "functions of the job queue belong to tijori_owner and run with their caller's rights", `
		select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'tijori_river'::regnamespace and (p.prosecdef or p.proowner <> 'tijori_owner'::regrole)`)
	none(t, super, "functions elsewhere", `
		select p.oid::regprocedure::text from pg_proc p where p.pronamespace <> all (array['tijori', `+partSchemas+
		`, 'tijori_river', 'pg_catalog', 'information_schema']::regnamespace[])`)
	none(t, super, "operators, casts and event triggers of our own could run in somebody else's statement", `
		select o.oid::regoperator::text from pg_operator o where o.oprnamespace <> 'pg_catalog'::regnamespace
		union all select 'cast to ' || c.casttarget::regtype from pg_cast c join pg_proc p on p.oid = c.castfunc
		    where p.pronamespace <> 'pg_catalog'::regnamespace
		union all select evtname::text from pg_event_trigger`)
}
