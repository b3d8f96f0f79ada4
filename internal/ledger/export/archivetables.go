package export

// An archiveTable is one table as its owner takes it along.
type archiveTable struct{ name, sql string }

// accountTables are those of the account as a whole. Parameter: account. A test
// holds both lists against the catalogue: no table of an account is forgotten.
var accountTables = []archiveTable{
	{"account", `select account_id, name, currency, time_zone, created_at from tijori.accounts where account_id = $1`},
	{"you", `select w.user_id, w.name, w.email, w.locale from tijori_access.whoami() w where w.account_id = $1`},
	{"businesses", `select id, name, currency, time_zone, created_at from tijori.businesses where account_id = $1 order by created_at, id`},
	{"members", `select m.id, m.user_id, m.name, m.email, m.business_id, m.role, m.created_at from tijori_access.team() m where $1::uuid is not null`},
	{"invitations", `select id, business_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at
		from tijori.invitations where account_id = $1 order by created_at, id`},
	{"security_log", `select id, at, kind as event, who, about, detail, network, user_agent from tijori_access.security_log(null, null, 100000) where $1::uuid is not null`},
	{"subscriptions", `select provider, id, customer_id, status, plan_id, price_id, period, period_start, period_end, paid_through, cancel_at_period_end, ended_at, created_at
		from tijori.subscriptions where account_id = $1 order by created_at, id`},
	{"checkouts", `select id, user_id, provider, plan_id, period, status, subscription_id, created_at, expires_at
		from tijori.checkouts where account_id = $1 order by created_at, id`},
	{"payments", `select provider, id, subscription_id, invoice_id, amount_minor as minor_units, currency, paid_at
		from tijori.payments where account_id = $1 order by recorded_at, id`},
	{"invoices", `select provider, id, subscription_id, number, status, amount_minor as minor_units, currency, period_start, period_end, issued_at, paid_at, url
		from tijori.invoices where account_id = $1 order by issued_at, id`},
	{"purchases", `select id, user_id, provider, top_up_id, meter, credits, days, amount_minor as minor_units, currency, status, created_at, paid_at
		from tijori.purchases where account_id = $1 order by created_at, id`},
	{"credit_balances", `select meter, balance, held from tijori.credit_balances where account_id = $1 order by meter`},
	{"credit_calendars", `select meter, next_amount, next_at from tijori.credit_calendars where account_id = $1 order by meter`},
	{"credit_entries", `select meter, number, kind, amount, balance, held, key, note, created_at
		from tijori.credit_entries where account_id = $1 order by meter, number`},
	{"credit_grants", `select id, meter, kind, amount, expires_at, reason, created_at from tijori.credit_grants where account_id = $1 order by created_at, id`},
	{"credit_holds", `select id, meter, amount, status, note, captured, created_at, expires_at, ended_at
		from tijori.credit_holds where account_id = $1 order by created_at, id`},
}

// businessTables are those of one business, the bin and the history as well.
// Parameters: account, business.
var businessTables = []archiveTable{
	{"parties", `select id, kind, name, phone, note, created_by, created_at, updated_at, deleted_at, version
		from tijori.parties where account_id = $1 and business_id = $2 order by id`},
	{"entries", `select e.id, e.party_id, p.name as party, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.cheque_date, e.cheque_state,
			e.reverses, e.batch_id,
			e.created_by, e.created_at, e.updated_at, e.deleted_at, e.version
		from (
			select * from tijori.entries l where l.account_id = $1 and l.business_id = $2 and l.deleted_at is null
			union all
			select * from tijori.entries b where b.account_id = $1 and b.business_id = $2 and b.deleted_at is not null
		) e
		join tijori.parties p on p.account_id = $1 and p.business_id = $2 and p.id = e.party_id`},
	{"changes", `select subject, subject_id, version, action, before, after, from_party, to_party, changed_by, changed_by_name, changed_at
		from tijori.changes where account_id = $1 and business_id = $2 order by subject, subject_id, version`},
	{"batches", `select id, kind, name, created_by, created_at, undone_at, undone_by
		from tijori.batches where account_id = $1 and business_id = $2 order by created_at, id`},
	{"merges", `select id, from_party, into_party, opening_id, created_by, created_by_name, created_at, undone_at, undone_by
		from tijori.merges where account_id = $1 and business_id = $2 order by created_at, id`},
	{"till_counts", `select id, business_date, closing, amount_minor, created_by, created_by_name, created_at
		from tijori.till_counts where account_id = $1 and business_id = $2 order by created_at, id`},
	{"drafts", `select name, body, version, updated_at from tijori.drafts where account_id = $1 and business_id = $2`},
	{"period_locks", `select id, locked_from, locked_until, reason, created_by, created_by_name, created_at
		from tijori.period_locks where account_id = $1 and business_id = $2 order by created_at`},
	{"upi_payees", `select id, upi_id, payee_name, created_by_name, created_at
		from tijori.payees where account_id = $1 and business_id = $2 order by created_at`},
	{"shares", `select id, party_id, from_date, to_date, created_by, created_by_name, created_at, expires_at, revoked_at, revoked_by
		from tijori.shares where account_id = $1 and business_id = $2 order by created_at`},
	{"reminders", `select id, party_id, balance, channel, locale, created_by, created_by_name, created_at
		from tijori.reminders where account_id = $1 and business_id = $2 order by created_at`},
}
