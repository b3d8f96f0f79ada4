-- +goose Up
-- compatible from: 1001
-- What accounts have bought and what the providers said of it: the directory of the providers' objects, purchases on
-- their way, subscriptions, payments and invoices, the inbox and what a person must decide, the comparisons with the
-- providers, and what operators and support did.
--
-- The billing role reaches rows of the connections or of the app that its transaction works for (open_to_billing), and
-- writes none that name another app's account (bind_billing).

-- Which account a provider's object belongs to: exactly one, for ever. Subscriptions and customers refer to it with
-- their account, so that the database refuses a second owner whatever a program forgets. A directory, without a foreign
-- key to tenant tables; its subscription rows are also the lock under which a subscription is refetched and written.
create table tijori.provider_directory (
    connection_id text not null,
    kind text not null,
    provider_id text not null,
    provider text not null,
    account_id uuid not null,
    created_at timestamptz not null,
    constraint provider_directory_pkey primary key (connection_id, kind, provider_id),
    constraint provider_directory_account_key unique (connection_id, kind, provider_id, account_id),
    constraint provider_directory_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint provider_directory_provider_check check (provider in ('stripe', 'razorpay')),
    constraint provider_directory_kind_check
        check (kind in ('customer', 'subscription', 'session', 'payment_link', 'payment')),
    constraint provider_directory_id_check check (length(provider_id) between 1 and 255)
);
call tijori_access.protect('tijori.provider_directory');
call tijori_access.open_to_billing('tijori.provider_directory', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.provider_directory');
grant select, insert on tijori.provider_directory to tijori_billing;
grant update (created_at) on tijori.provider_directory to tijori_billing; -- row locks ask for it; owners stay

-- The customer an account checks out with. The row is the claim, made before the provider is asked; generation
-- counts customers that were deleted at the provider, so that the next one gets an idempotency key of its own.
create table tijori.provider_customers (
    account_id uuid not null,
    connection_id text not null,
    app_id text not null,
    provider text not null,
    customer_id text,
    directory_kind text not null generated always as ('customer') stored,
    generation integer not null default 0,
    claimed_at timestamptz not null,
    constraint provider_customers_pkey primary key (account_id, connection_id),
    constraint provider_customers_account_fkey foreign key (account_id, app_id)
        references tijori.accounts (account_id, app_id),
    constraint provider_customers_connection_fkey foreign key (app_id, connection_id)
        references tijori.connections (app_id, connection_id),
    constraint provider_customers_provider_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint provider_customers_directory_fkey foreign key (connection_id, directory_kind, customer_id, account_id)
        references tijori.provider_directory (connection_id, kind, provider_id, account_id),
    constraint provider_customers_provider_check check (provider in ('stripe', 'razorpay')),
    constraint provider_customers_id_check check (length(customer_id) between 1 and 255)
);
call tijori_access.protect('tijori.provider_customers');
call tijori_access.open_to_billing('tijori.provider_customers', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.provider_customers');
grant select, insert on tijori.provider_customers to tijori_billing;
grant update (customer_id, generation, claimed_at) on tijori.provider_customers to tijori_billing;

-- The purchase of a plan on its way. At most one of an account can be paid: starting another closes the one before.
create table tijori.checkouts (
    account_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    app_id text not null,
    connection_id text not null,
    provider text not null,
    plan_id text not null,
    period text not null,
    price_id text not null,
    status text not null,
    session_id text,
    subscription_id text,
    url text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    starts_at timestamptz,
    constraint checkouts_pkey primary key (account_id, id),
    constraint checkouts_account_fkey foreign key (account_id, app_id) references tijori.accounts (account_id, app_id),
    constraint checkouts_connection_fkey foreign key (app_id, connection_id)
        references tijori.connections (app_id, connection_id),
    constraint checkouts_provider_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint checkouts_plan_fkey foreign key (app_id, plan_id) references tijori.plans (app_id, id),
    constraint checkouts_provider_check check (provider in ('stripe', 'razorpay')),
    constraint checkouts_period_check check (period in ('month', 'year')),
    constraint checkouts_status_check check (status in ('creating', 'open', 'complete', 'closed')),
    constraint checkouts_open_check check (status <> 'open' or url is not null)
);
comment on column tijori.checkouts.starts_at is
    'when it begins, after a plan that is paid for: Razorpay changes a plan by ending it and beginning another';
create unique index checkouts_live_idx on tijori.checkouts (account_id) where status in ('creating', 'open');
call tijori_access.protect('tijori.checkouts');
call tijori_access.open_to_app('tijori.checkouts', 'select', 'account', 'owns');
call tijori_access.open_to_billing('tijori.checkouts', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.checkouts');
grant select on tijori.checkouts to tijori_app;
grant select, insert on tijori.checkouts to tijori_billing;
grant update (status, session_id, subscription_id, url, expires_at) on tijori.checkouts to tijori_billing;

-- An account's agreements to a price, as the provider last told us. Only the reducer writes them; the tier is
-- read from plan_id and access_until, against the clock.
create table tijori.subscriptions (
    account_id uuid not null,
    connection_id text not null,
    id text not null,
    app_id text not null,
    provider text not null,
    directory_kind text not null generated always as ('subscription') stored,
    customer_id text not null default '',
    status text not null,
    provider_status text not null,
    price_id text not null,
    plan_id text,
    period text not null default '',
    period_start timestamptz,
    period_end timestamptz,
    paid_through timestamptz,
    paid_from timestamptz,
    paid_price_id text not null default '',
    paid_count integer not null default 0,
    access_until timestamptz,
    failed_at timestamptz,
    cancel_at_period_end boolean not null default false,
    cancel_at timestamptz,
    trial_end timestamptz,
    ended_at timestamptz,
    next_price_id text not null default '',
    next_at timestamptz,
    pay_url text not null default '',
    seen_at timestamptz not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    constraint subscriptions_pkey primary key (account_id, connection_id, id),
    constraint subscriptions_account_fkey foreign key (account_id, app_id)
        references tijori.accounts (account_id, app_id),
    constraint subscriptions_connection_fkey foreign key (app_id, connection_id)
        references tijori.connections (app_id, connection_id),
    constraint subscriptions_provider_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint subscriptions_directory_fkey foreign key (connection_id, directory_kind, id, account_id)
        references tijori.provider_directory (connection_id, kind, provider_id, account_id),
    constraint subscriptions_plan_fkey foreign key (app_id, plan_id) references tijori.plans (app_id, id),
    constraint subscriptions_provider_check check (provider in ('stripe', 'razorpay')),
    constraint subscriptions_status_check
        check (status in ('incomplete', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'expired')),
    constraint subscriptions_access_check check (status not in ('incomplete', 'expired') or access_until is null),
    constraint subscriptions_next_check check ((next_price_id = '') = (next_at is null))
);
comment on column tijori.subscriptions.paid_through is
    'the end of the latest period that a line of a paid invoice covers, or of the trial; no status moves it';
comment on column tijori.subscriptions.paid_from is 'when that line begins';
comment on column tijori.subscriptions.paid_price_id is 'the price that it was paid for: no higher plan is given';
comment on column tijori.subscriptions.paid_count is 'Razorpay: how many cycles were collected';
comment on column tijori.subscriptions.pay_url is
    'the provider''s page on which what is outstanding is paid, or a card replaced';
comment on column tijori.subscriptions.next_price_id is
    'the price that it changes to by itself, at next_at: a lower plan begins when what is paid has run out';
create index subscriptions_access_idx on tijori.subscriptions (account_id, access_until) include (plan_id);
-- The calendar of credits finds what has changed since. With the account, so that EXPLAIN as tijori_app counts nobody
-- else.
create index subscriptions_changed_idx on tijori.subscriptions (changed_at, account_id);
call tijori_access.protect('tijori.subscriptions');
call tijori_access.open_to_app('tijori.subscriptions', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.subscriptions', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.subscriptions', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.subscriptions');
grant select on tijori.subscriptions to tijori_app;
grant select (account_id, connection_id, id, app_id, provider, customer_id, status, provider_status, price_id, plan_id,
    period, period_start, period_end, paid_through, access_until, failed_at, cancel_at_period_end, cancel_at, trial_end,
    ended_at, seen_at, changed_at) on tijori.subscriptions to tijori_guard;
grant select, insert, update on tijori.subscriptions to tijori_billing;

-- Money that was collected, once for each payment of the provider (Stripe: for each invoice). Append-only, by grant.
create table tijori.payments (
    account_id uuid not null,
    connection_id text not null,
    id text not null,
    provider text not null,
    subscription_id text not null,
    invoice_id text not null default '',
    amount_minor bigint not null,
    currency text not null,
    paid_at timestamptz,
    recorded_at timestamptz not null,
    constraint payments_pkey primary key (account_id, connection_id, id),
    constraint payments_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint payments_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint payments_subscription_fkey foreign key (account_id, connection_id, subscription_id)
        references tijori.subscriptions (account_id, connection_id, id),
    constraint payments_amount_check check (amount_minor > 0),
    constraint payments_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index payments_subscription_idx on tijori.payments (account_id, connection_id, subscription_id);
-- The reconciler asks which of the provider's payments are in the books, before it knows whose they are. With the
-- account, so that EXPLAIN as tijori_app counts nobody else.
create index payments_known_idx on tijori.payments (connection_id, id, account_id);
call tijori_access.protect('tijori.payments');
call tijori_access.open_to_app('tijori.payments', 'select', 'account', 'owns');
call tijori_access.open_to_billing('tijori.payments', 'select', 'insert');
call tijori_plans.bind_billing('tijori.payments');
grant select on tijori.payments to tijori_app;
grant select, insert on tijori.payments to tijori_billing;

-- What the billing page lists. The last state of an invoice stays, whatever order its events come in.
create table tijori.invoices (
    account_id uuid not null,
    connection_id text not null,
    id text not null,
    provider text not null,
    subscription_id text not null,
    number text not null default '',
    status text not null,
    amount_minor bigint not null,
    currency text not null,
    period_start timestamptz,
    period_end timestamptz,
    issued_at timestamptz not null,
    paid_at timestamptz,
    url text not null default '',
    constraint invoices_pkey primary key (account_id, connection_id, id),
    constraint invoices_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint invoices_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint invoices_subscription_fkey foreign key (account_id, connection_id, subscription_id)
        references tijori.subscriptions (account_id, connection_id, id),
    constraint invoices_amount_check check (amount_minor >= 0),
    constraint invoices_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index invoices_issued_idx on tijori.invoices (account_id, issued_at desc);
create index invoices_subscription_idx on tijori.invoices (account_id, connection_id, subscription_id);
-- The reconciler asks again about those that may still change.
create index invoices_unsettled_idx on tijori.invoices (connection_id, id, account_id)
    where status not in ('paid', 'void', 'deleted', 'cancelled', 'expired', 'uncollectible');
call tijori_access.protect('tijori.invoices');
call tijori_access.open_to_app('tijori.invoices', 'select', 'account', 'owns');
call tijori_access.open_to_billing('tijori.invoices', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.invoices');
grant select on tijori.invoices to tijori_app;
grant select, insert, update on tijori.invoices to tijori_billing;

-- One-time purchases of credits. What is bought and what it costs is written down before the provider is asked; it is
-- granted when the provider says that it was paid, by the key of this row, once.
create table tijori.purchases (
    account_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    app_id text not null,
    connection_id text not null,
    provider text not null,
    top_up_id text not null,
    meter text not null,
    credits bigint not null,
    days integer not null,
    amount_minor bigint not null,
    currency text not null,
    status text not null,
    provider_id text,
    url text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    paid_at timestamptz,
    payment_id text,
    refunded_minor bigint not null default 0,
    lost_minor bigint not null default 0,
    lost_disputes text[] not null default '{}',
    taken_back bigint not null default 0,
    held_back bigint not null default 0,
    charge_id text not null default '',
    constraint purchases_pkey primary key (account_id, id),
    constraint purchases_account_fkey foreign key (account_id, app_id) references tijori.accounts (account_id, app_id),
    constraint purchases_connection_fkey foreign key (app_id, connection_id)
        references tijori.connections (app_id, connection_id),
    constraint purchases_provider_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint purchases_meter_fkey foreign key (app_id, meter) references tijori.meters (app_id, id),
    constraint purchases_provider_check check (provider in ('stripe', 'razorpay')),
    constraint purchases_status_check check (status in ('creating', 'open', 'paid', 'closed')),
    constraint purchases_open_check check (status <> 'open' or url is not null and provider_id is not null),
    constraint purchases_paid_check check ((status = 'paid') = (paid_at is not null)),
    constraint purchases_credits_check check (credits > 0 and days >= 0 and amount_minor > 0),
    constraint purchases_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint purchases_refunded_check check (refunded_minor >= 0 and lost_minor >= 0 and taken_back between 0 and credits)
);
comment on column tijori.purchases.payment_id is 'the payment by which it was paid';
comment on column tijori.purchases.refunded_minor is 'how much of the amount was given back';
comment on column tijori.purchases.lost_minor is 'how much of the amount the bank has given back in lost_disputes';
comment on column tijori.purchases.taken_back is 'how many credits were taken back for that';
create index purchases_open_idx on tijori.purchases (account_id, created_at) where status in ('creating', 'open');
comment on column tijori.purchases.held_back is 'how many more are taken back as soon as they are no longer held';
create index purchases_held_idx on tijori.purchases (account_id, id) where held_back > 0;
call tijori_access.protect('tijori.purchases');
call tijori_access.open_to_app('tijori.purchases', 'select', 'account', 'owns');
call tijori_access.open_to_billing('tijori.purchases', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.purchases');
grant select on tijori.purchases to tijori_app;
grant select, insert on tijori.purchases to tijori_billing;
grant update (status, provider_id, url, expires_at, paid_at, payment_id, refunded_minor, lost_minor, lost_disputes,
              taken_back, held_back, charge_id)
    on tijori.purchases to tijori_billing;

-- What the providers said, raw, as received. A queue: no foreign key to tenant tables, nothing is ever deleted.
create table tijori.inbox (
    connection_id text not null,
    event_id text not null,
    provider text not null,
    type text not null,
    subject text not null default '',
    status text not null,
    body bytea not null,
    headers jsonb not null,
    secret_label text not null,
    created_at timestamptz,
    received_at timestamptz not null,
    deliveries integer not null default 1,
    delivered_at timestamptz not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    last_error text not null default '',
    applied_at timestamptz,
    account_id uuid,
    constraint inbox_pkey primary key (connection_id, event_id),
    constraint inbox_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint inbox_provider_check check (provider in ('stripe', 'razorpay')),
    constraint inbox_status_check check (status in ('received', 'applied', 'parked', 'ignored', 'dead')),
    constraint inbox_applied_check check ((status = 'applied') = (applied_at is not null))
);
create index inbox_due_idx on tijori.inbox (next_attempt_at) where status in ('received', 'parked');
create index inbox_subject_idx on tijori.inbox (connection_id, subject) where status in ('received', 'parked');
-- How operators read it: the newest first, what waits for a person, and what happened to an account.
create index inbox_received_idx on tijori.inbox (connection_id, received_at desc, event_id);
create index inbox_attention_idx on tijori.inbox (connection_id, received_at desc) where status in ('parked', 'dead');
create index inbox_foreign_idx on tijori.inbox (connection_id, last_error)
    where status = 'ignored' and last_error in ('livemode_mismatch', 'account_mismatch');
create index inbox_account_idx on tijori.inbox (account_id, received_at desc) where account_id is not null;
call tijori_access.protect('tijori.inbox');
call tijori_access.open_to('tijori.inbox', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.inbox', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.inbox');
grant select (connection_id, event_id, provider, type, subject, status, received_at, applied_at, attempts, last_error,
    account_id) on tijori.inbox to tijori_guard;
grant select, insert on tijori.inbox to tijori_billing;
grant update (status, deliveries, delivered_at, attempts, next_attempt_at, last_error, applied_at, account_id)
    on tijori.inbox to tijori_billing;

-- What only a person may decide. The key says what an item is about, so the same finding is one item.
create table tijori.review_items (
    connection_id text not null,
    key text not null,
    provider text not null,
    reason text not null,
    detail text not null,
    account_id uuid,
    subscription_id text not null default '',
    event_id text not null default '',
    status text not null default 'open',
    opened_at timestamptz not null,
    seen_at timestamptz not null,
    times integer not null default 1,
    resolved_at timestamptz,
    resolved_by text not null default '',
    resolution text not null default '',
    gravity bigint not null default 0,
    due_at timestamptz,
    turned_at timestamptz not null default now(),
    snoozed_until timestamptz,
    constraint review_items_pkey primary key (connection_id, key),
    constraint review_items_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint review_items_provider_check check (provider in ('stripe', 'razorpay')),
    constraint review_items_status_check check (status in ('open', 'resolved')),
    constraint review_items_resolved_check check ((status = 'resolved') = (resolved_at is not null))
);
comment on column tijori.review_items.turned_at is 'when it last opened or took a graver turn';
comment on column tijori.review_items.snoozed_until is 'until when no alert tells of it';
create index review_items_open_idx on tijori.review_items (opened_at) where status = 'open';
create index review_items_account_idx on tijori.review_items (account_id) where account_id is not null;
call tijori_access.protect('tijori.review_items');
call tijori_access.open_to('tijori.review_items', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.review_items', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.review_items');
grant select (connection_id, key, provider, reason, detail, account_id, subscription_id, status, opened_at)
    on tijori.review_items to tijori_guard;
grant select, insert on tijori.review_items to tijori_billing;
grant update (reason, detail, account_id, seen_at, times, status, resolved_at, resolved_by, resolution, gravity,
    due_at, turned_at, snoozed_until)
    on tijori.review_items to tijori_billing;

-- What operators did with the inbox, the review queue and the reconciler: who, when and why. Append-only, by grant.
-- Not a tenant's table: the subject is a provider's id, an event or an account.
create table tijori.operator_acts (
    app_id text not null,
    id uuid not null,
    at timestamptz not null default now(),
    who text not null,
    act text not null,
    provider text not null default '',
    subject text not null,
    reason text not null,
    detail text not null default '',
    constraint operator_acts_pkey primary key (app_id, id),
    constraint operator_acts_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint operator_acts_who_check check (length(who) between 1 and 254),
    constraint operator_acts_act_check
        check (act in ('replay', 'retry', 'resolve', 'assign', 'snooze', 'dismiss', 'reconcile', 'grant', 'take_back',
            'end')),
    constraint operator_acts_reason_check check (length(trim(reason)) between 3 and 1000)
);
create index operator_acts_at_idx on tijori.operator_acts (app_id, at desc);
create index operator_acts_subject_idx on tijori.operator_acts (app_id, subject, at desc);
call tijori_access.protect('tijori.operator_acts');
call tijori_access.open_to_billing('tijori.operator_acts', 'select', 'insert');
grant select, insert on tijori.operator_acts to tijori_billing;

-- The reconciler's book: its runs, each with the cursor at which one that broke off is continued, what each found and
-- did, and which subscriptions a run has met at the provider. Queues over all accounts, without a foreign key to tenant
-- tables.
create table tijori.reconcile_runs (
    connection_id text not null,
    id uuid not null,
    provider text not null,
    account_id uuid,
    dry_run boolean not null,
    asked_by text not null,
    state text not null,
    phase text not null,
    cursor text not null default '',
    since timestamptz not null,
    started_at timestamptz not null,
    lease_until timestamptz not null,
    finished_at timestamptz,
    calls integer not null default 0,
    looked integer not null default 0,
    differ integer not null default 0,
    repaired integer not null default 0,
    queued integer not null default 0,
    failed integer not null default 0,
    note text not null default '',
    constraint reconcile_runs_pkey primary key (connection_id, id),
    constraint reconcile_runs_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint reconcile_runs_provider_check check (provider in ('stripe', 'razorpay')),
    constraint reconcile_runs_state_check check (state in ('running', 'complete', 'partial')),
    constraint reconcile_runs_finished_check check ((state = 'running') = (finished_at is null))
);
create unique index reconcile_runs_live_idx on tijori.reconcile_runs (connection_id)
    where state = 'running' and account_id is null and not dry_run;
create index reconcile_runs_started_idx on tijori.reconcile_runs (connection_id, started_at desc);
call tijori_access.protect('tijori.reconcile_runs');
call tijori_access.open_to_billing('tijori.reconcile_runs', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.reconcile_runs');
grant select, insert on tijori.reconcile_runs to tijori_billing;
grant update (state, phase, cursor, lease_until, finished_at, calls, looked, differ, repaired, queued, failed, note)
    on tijori.reconcile_runs to tijori_billing;

create table tijori.reconcile_findings (
    connection_id text not null,
    run_id uuid not null,
    subscription_id text not null,
    class text not null,
    account_id uuid,
    outcome text not null,
    detail text not null,
    found_at timestamptz not null,
    constraint reconcile_findings_pkey primary key (connection_id, run_id, subscription_id, class),
    constraint reconcile_findings_run_fkey foreign key (connection_id, run_id)
        references tijori.reconcile_runs (connection_id, id),
    constraint reconcile_findings_outcome_check check (outcome in ('differs', 'repaired', 'queued', 'failed'))
);
call tijori_access.protect('tijori.reconcile_findings');
call tijori_access.open_to_billing('tijori.reconcile_findings', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.reconcile_findings');
grant select, insert on tijori.reconcile_findings to tijori_billing;
grant update (outcome, detail, found_at) on tijori.reconcile_findings to tijori_billing;

create table tijori.reconcile_seen (
    connection_id text not null,
    run_id uuid not null,
    subscription_id text not null,
    constraint reconcile_seen_pkey primary key (connection_id, run_id, subscription_id),
    constraint reconcile_seen_run_fkey foreign key (connection_id, run_id)
        references tijori.reconcile_runs (connection_id, id)
);
call tijori_access.protect('tijori.reconcile_seen');
call tijori_access.open_to_billing('tijori.reconcile_seen', 'select', 'insert', 'delete');
grant select, insert, delete on tijori.reconcile_seen to tijori_billing;

-- What is wrong with the webhooks, one row for each kind of trouble, however many events it concerns: whoever is
-- configured to be told hears of the group, not of each event. It says nothing about a tenant.
create table tijori.alerts (
    connection_id text not null,
    kind text not null,
    provider text not null,
    state text not null,
    times bigint not null,
    told_times bigint not null default 0,
    detail text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    told_at timestamptz,
    newest_at timestamptz,
    muted_at timestamptz,
    muted_until timestamptz,
    muted_times bigint,
    muted_newest timestamptz,
    constraint alerts_pkey primary key (connection_id, kind),
    constraint alerts_connection_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint alerts_provider_check check (provider in ('stripe', 'razorpay')),
    constraint alerts_state_check check (state in ('raised', 'over')),
    constraint alerts_times_check check (times >= 0 and told_times >= 0)
);
comment on column tijori.alerts.newest_at is 'the newest of what the group is about, where it has a time';
comment on column tijori.alerts.muted_at is 'since when an operator wants to hear nothing of it';
comment on column tijori.alerts.muted_until is 'the end of a snooze; null for a dismissal, which ends with news';
comment on column tijori.alerts.muted_times is 'how large the group was then, and muted_newest its newest';
call tijori_access.protect('tijori.alerts');
call tijori_access.open_to_billing('tijori.alerts', 'select', 'insert', 'update');
grant select, insert on tijori.alerts to tijori_billing;
grant update (state, times, told_times, detail, first_at, last_at, told_at, newest_at, muted_at, muted_until, muted_times,
    muted_newest)
    on tijori.alerts to tijori_billing;

-- Support reads through the functions below and nothing else. Every use is first written down by tijori_ops.support_use
-- and committed; the others answer only about the subject of a use that another, committed transaction has written, so
-- that no look-up can be rolled back together with its trace. None of them reads a party, an entry, a credential or the
-- body of an event.
create table tijori.support_uses (
    id uuid not null,
    app_id text not null default 'khata',
    at timestamptz not null default now(),
    who text not null,
    question text not null,
    subject text not null,
    detail text not null,
    xact xid8 not null default pg_current_xact_id(),
    constraint support_uses_pkey primary key (id),
    constraint support_uses_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint support_uses_who_check check (length(who) between 1 and 254),
    constraint support_uses_question_check check (question in ('lookup', 'why')),
    constraint support_uses_subject_check check (length(subject) between 1 and 254),
    constraint support_uses_detail_check check (length(detail) <= 1000)
);
create index support_uses_at_idx on tijori.support_uses (app_id, at desc);
call tijori_access.protect('tijori.support_uses');
call tijori_access.open_to('tijori.support_uses', 'tijori_guard', 'select', 'insert');
call tijori_access.open_to_billing('tijori.support_uses', 'select');
grant select, insert on tijori.support_uses to tijori_guard;
grant select on tijori.support_uses to tijori_billing;

-- +goose StatementBegin
-- tijori_ops.support_use(use, asker, asked, about, remark) writes down what is about to be asked. A use about an
-- account belongs to its app. One about an address is the khata's, whose users have addresses.
create function tijori_ops.support_use(use_id uuid, asker text, asked text, about text, remark text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app text := 'khata';
begin
    if asked = 'why' then
        app := coalesce((select a.app_id from tijori.accounts a where a.account_id::text = about), app);
    end if;
    insert into tijori.support_uses (id, app_id, who, question, subject, detail)
    values (use_id, app, asker, asked, about, remark);
end $$;

-- tijori_ops.support_scope(use) lists the accounts that a use is about: those that the user of an address belongs to,
-- or the one account that was named. It raises 28000 for a use that is not written down yet, or was an hour ago.
create function tijori_ops.support_scope(use_id uuid) returns table (account uuid)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    u record;
begin
    select s.question, s.subject into u from tijori.support_uses s
     where s.id = use_id and s.at > now() - interval '1 hour'
       and s.xact is distinct from pg_current_xact_id_if_assigned();
    if not found then
        raise exception 'this use is not written down' using errcode = '28000';
    end if;
    if u.question = 'lookup' then
        return query
        select distinct m.account_id from tijori.members m join tijori.users p on p.id = m.user_id
         where p.email = lower(u.subject);
    else
        return query select a.account_id from tijori.accounts a where a.account_id::text = u.subject;
    end if;
end $$;

-- tijori_ops.support_people(use) tells who the user of an address is, with each account and the role there; for a
-- named account, its owners.
create function tijori_ops.support_people(use_id uuid)
    returns table (user_id uuid, name text, locale text, account_id uuid, account_name text, currency text,
        account_created timestamptz, role text, businesses bigint, plan text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select p.id, p.name, p.locale, a.account_id, a.name, a.currency, a.created_at, m.role,
           (select count(*) from tijori.businesses b where b.account_id = a.account_id),
           tijori_plans.plan_of(a.account_id)
      from tijori_ops.support_scope(use_id) s
      join tijori.support_uses u on u.id = use_id
      join tijori.accounts a on a.account_id = s.account
      join tijori.members m on m.account_id = a.account_id
      join tijori.roles r on r.role = m.role
      join tijori.users p on p.id = m.user_id
     where case when u.question = 'lookup' then p.email = lower(u.subject) else r.owns end
     order by a.created_at, a.account_id, m.created_at;
end $$;

-- tijori_ops.support_subscriptions(use) lists the subscriptions, each with the last event that was applied to it.
create function tijori_ops.support_subscriptions(use_id uuid)
    returns table (account_id uuid, provider text, id text, customer_id text, status text, provider_status text,
        price_id text, plan_id text, period text, period_start timestamptz, period_end timestamptz,
        paid_through timestamptz, access_until timestamptz, failed_at timestamptz, cancel_at_period_end boolean,
        cancel_at timestamptz, trial_end timestamptz, ended_at timestamptz, seen_at timestamptz, changed_at timestamptz,
        event_id text, event_type text, event_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select v.account_id, v.provider, v.id, v.customer_id, v.status, v.provider_status,
           v.price_id, coalesce(v.plan_id, ''), v.period, v.period_start, v.period_end,
           v.paid_through, v.access_until, v.failed_at, v.cancel_at_period_end,
           v.cancel_at, v.trial_end, v.ended_at, v.seen_at, v.changed_at,
           coalesce(e.event_id, ''), coalesce(e.type, ''), e.received_at
      from tijori_ops.support_scope(use_id) s
      join tijori.subscriptions v on v.account_id = s.account
      left join lateral (
        select i.event_id, i.type, i.received_at from tijori.inbox i
         where i.account_id = v.account_id and i.connection_id = v.connection_id and i.subject = v.id
           and i.status = 'applied'
         order by i.received_at desc limit 1) e on true
     order by v.account_id, v.changed_at desc;
end $$;

-- tijori_ops.support_events(use) lists the last events of each account, without their bodies.
create function tijori_ops.support_events(use_id uuid)
    returns table (account_id uuid, provider text, event_id text, type text, subject text, status text,
        received_at timestamptz, applied_at timestamptz, attempts integer, last_error text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select e.account_id, e.provider, e.event_id, e.type, e.subject, e.status,
           e.received_at, e.applied_at, e.attempts, e.last_error
      from tijori_ops.support_scope(use_id) s
      cross join lateral (
        select i.account_id, i.provider, i.event_id, i.type, i.subject, i.status,
               i.received_at, i.applied_at, i.attempts, i.last_error
          from tijori.inbox i where i.account_id = s.account
         order by i.received_at desc limit 15) e
     order by e.received_at desc;
end $$;

-- tijori_ops.support_items(use) lists what waits for a person to decide about the accounts.
create function tijori_ops.support_items(use_id uuid)
    returns table (account_id uuid, provider text, key text, reason text, detail text, opened_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select r.account_id, r.provider, r.key, r.reason, r.detail, r.opened_at
      from tijori_ops.support_scope(use_id) s
      join tijori.review_items r on r.account_id = s.account and r.status = 'open'
     order by r.opened_at desc limit 50;
end $$;
-- +goose StatementEnd
alter function tijori_ops.support_use(uuid, text, text, text, text) owner to tijori_guard;
alter function tijori_ops.support_scope(uuid) owner to tijori_guard;
alter function tijori_ops.support_people(uuid) owner to tijori_guard;
alter function tijori_ops.support_subscriptions(uuid) owner to tijori_guard;
alter function tijori_ops.support_events(uuid) owner to tijori_guard;
alter function tijori_ops.support_items(uuid) owner to tijori_guard;
revoke all on function tijori_ops.support_use(uuid, text, text, text, text), tijori_ops.support_scope(uuid),
    tijori_ops.support_people(uuid), tijori_ops.support_subscriptions(uuid), tijori_ops.support_events(uuid),
    tijori_ops.support_items(uuid) from public;
grant execute on function tijori_ops.support_use(uuid, text, text, text, text), tijori_ops.support_people(uuid),
    tijori_ops.support_subscriptions(uuid), tijori_ops.support_events(uuid), tijori_ops.support_items(uuid)
    to tijori_support;
