-- +goose Up
-- Money that was collected, once per provider payment (Stripe: per invoice). Append-only, by grant.
create table tijori.payments (
    account_id uuid not null,
    provider text not null,
    id text not null,
    subscription_id text not null,
    invoice_id text not null default '',
    amount bigint not null,
    currency text not null,
    paid_at timestamptz,
    recorded_at timestamptz not null,
    constraint payments_pkey primary key (account_id, provider, id),
    constraint payments_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint payments_subscription_fkey
        foreign key (account_id, provider, subscription_id) references tijori.subscriptions (account_id, provider, id),
    constraint payments_amount_check check (amount > 0),
    constraint payments_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index payments_subscription_idx on tijori.payments (account_id, provider, subscription_id);
alter table tijori.payments enable row level security;
alter table tijori.payments force row level security;
create policy payments_select_app on tijori.payments for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy payments_select_billing on tijori.payments for select to tijori_billing using (true);
create policy payments_insert_billing on tijori.payments for insert to tijori_billing with check (true);
grant select on tijori.payments to tijori_app;
grant select, insert on tijori.payments to tijori_billing;
