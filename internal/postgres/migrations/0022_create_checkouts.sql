-- +goose Up
-- A purchase under way. At most one of an account can be paid: starting another closes the one before.
create table tijori.checkouts (
    account_id uuid not null,
    id uuid not null,
    user_id uuid not null,
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
    constraint checkouts_pkey primary key (account_id, id),
    constraint checkouts_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint checkouts_plan_fkey foreign key (plan_id) references tijori.plans (id),
    constraint checkouts_provider_check check (provider in ('stripe', 'razorpay')),
    constraint checkouts_period_check check (period in ('month', 'year')),
    constraint checkouts_status_check check (status in ('creating', 'open', 'complete', 'closed')),
    constraint checkouts_open_check check (status <> 'open' or url is not null)
);
create unique index checkouts_live_idx on tijori.checkouts (account_id) where status in ('creating', 'open');
alter table tijori.checkouts enable row level security;
alter table tijori.checkouts force row level security;
create policy checkouts_select_app on tijori.checkouts for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy checkouts_select_billing on tijori.checkouts for select to tijori_billing using (true);
create policy checkouts_insert_billing on tijori.checkouts for insert to tijori_billing with check (true);
create policy checkouts_update_billing on tijori.checkouts for update to tijori_billing using (true) with check (true);
grant select on tijori.checkouts to tijori_app;
grant select, insert on tijori.checkouts to tijori_billing;
grant update (status, session_id, subscription_id, url, expires_at) on tijori.checkouts to tijori_billing;
