-- +goose Up
-- An account's agreements to a price, as the provider last told us. Only the reducer writes them; the tier is
-- read from plan_id and access_until, against the clock.
create table tijori.subscriptions (
    account_id uuid not null,
    provider text not null,
    id text not null,
    customer_id text not null default '',
    status text not null,
    provider_status text not null,
    price_id text not null,
    plan_id text,
    period text not null default '',
    period_start timestamptz,
    period_end timestamptz,
    paid_through timestamptz,
    access_until timestamptz,
    failed_at timestamptz,
    cancel_at_period_end boolean not null default false,
    cancel_at timestamptz,
    trial_end timestamptz,
    ended_at timestamptz,
    seen_at timestamptz not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    constraint subscriptions_pkey primary key (account_id, provider, id),
    constraint subscriptions_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint subscriptions_plan_fkey foreign key (plan_id) references tijori.plans (id),
    constraint subscriptions_provider_check check (provider in ('stripe', 'razorpay')),
    constraint subscriptions_status_check
        check (status in ('incomplete', 'trialing', 'active', 'past_due', 'paused', 'canceled', 'expired')),
    constraint subscriptions_access_check check (status not in ('incomplete', 'expired') or access_until is null)
);
create index subscriptions_access_idx on tijori.subscriptions (account_id, access_until) include (plan_id);
alter table tijori.subscriptions enable row level security;
alter table tijori.subscriptions force row level security;
create policy subscriptions_select_app on tijori.subscriptions for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy subscriptions_select_guard on tijori.subscriptions for select to tijori_guard using (true);
create policy subscriptions_select_billing on tijori.subscriptions for select to tijori_billing using (true);
create policy subscriptions_insert_billing on tijori.subscriptions for insert to tijori_billing with check (true);
create policy subscriptions_update_billing on tijori.subscriptions for update to tijori_billing using (true) with check (true);
grant select on tijori.subscriptions to tijori_app;
grant select (account_id, plan_id, access_until) on tijori.subscriptions to tijori_guard;
grant select, insert, update on tijori.subscriptions to tijori_billing;
