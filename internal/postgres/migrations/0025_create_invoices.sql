-- +goose Up
-- What the billing page lists. A paid invoice stays paid, whatever order its events come in.
create table tijori.invoices (
    account_id uuid not null,
    provider text not null,
    id text not null,
    subscription_id text not null,
    number text not null default '',
    status text not null,
    amount bigint not null,
    currency text not null,
    period_start timestamptz,
    period_end timestamptz,
    issued_at timestamptz not null,
    paid_at timestamptz,
    url text not null default '',
    constraint invoices_pkey primary key (account_id, provider, id),
    constraint invoices_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint invoices_subscription_fkey
        foreign key (account_id, provider, subscription_id) references tijori.subscriptions (account_id, provider, id),
    constraint invoices_amount_check check (amount >= 0),
    constraint invoices_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index invoices_issued_idx on tijori.invoices (account_id, issued_at desc);
create index invoices_subscription_idx on tijori.invoices (account_id, provider, subscription_id);
alter table tijori.invoices enable row level security;
alter table tijori.invoices force row level security;
create policy invoices_select_app on tijori.invoices for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy invoices_select_billing on tijori.invoices for select to tijori_billing using (true);
create policy invoices_insert_billing on tijori.invoices for insert to tijori_billing with check (true);
create policy invoices_update_billing on tijori.invoices for update to tijori_billing using (true) with check (true);
grant select on tijori.invoices to tijori_app;
grant select, insert, update on tijori.invoices to tijori_billing;
