-- +goose Up
-- One-time purchases of credits. What is bought and what it costs is written down before the provider is asked; it is
-- granted when the provider says that it was paid, by the key of this row, once.
create table tijori.purchases (
    account_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    provider text not null,
    top_up_id text not null,
    meter text not null,
    credits bigint not null,
    days integer not null,
    amount bigint not null,
    currency text not null,
    status text not null,
    provider_id text,
    url text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    paid_at timestamptz,
    constraint purchases_pkey primary key (account_id, id),
    constraint purchases_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint purchases_meter_fkey foreign key (meter) references tijori.meters (id),
    constraint purchases_provider_check check (provider in ('stripe', 'razorpay')),
    constraint purchases_status_check check (status in ('creating', 'open', 'paid', 'closed')),
    constraint purchases_open_check check (status <> 'open' or url is not null and provider_id is not null),
    constraint purchases_paid_check check ((status = 'paid') = (paid_at is not null)),
    constraint purchases_credits_check check (credits > 0 and days >= 0 and amount > 0),
    constraint purchases_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index purchases_open_idx on tijori.purchases (account_id, created_at) where status in ('creating', 'open');
alter table tijori.purchases enable row level security;
alter table tijori.purchases force row level security;
create policy purchases_select_app on tijori.purchases for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy purchases_select_billing on tijori.purchases for select to tijori_billing using (true);
create policy purchases_insert_billing on tijori.purchases for insert to tijori_billing with check (true);
create policy purchases_update_billing on tijori.purchases for update to tijori_billing using (true) with check (true);
grant select on tijori.purchases to tijori_app;
grant select, insert on tijori.purchases to tijori_billing;
grant update (status, provider_id, url, expires_at, paid_at) on tijori.purchases to tijori_billing;

alter table tijori.provider_directory drop constraint provider_directory_kind_check;
alter table tijori.provider_directory add constraint provider_directory_kind_check check (kind in ('customer', 'subscription', 'session', 'payment_link'));
