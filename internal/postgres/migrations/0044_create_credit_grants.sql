-- +goose Up
-- Additions of credits, never changed: what, why, until when. key says what a grant is for (a period, a payment, an
-- operator's own id), so the same thing is granted once. For an allowance, source and period say which month or day of
-- which subscription, and level how much that period has been given with it: an upgrade in between adds the difference.
create table tijori.credit_grants (
    account_id uuid not null,
    id uuid not null,
    meter text not null,
    kind text not null,
    amount bigint not null,
    priority integer not null,
    expires_at timestamptz not null default 'infinity',
    key text not null,
    reason text not null default '',
    granted_by text not null,
    source text,
    period integer,
    level bigint,
    created_at timestamptz not null,
    constraint credit_grants_pkey primary key (account_id, id),
    constraint credit_grants_key unique (account_id, key),
    constraint credit_grants_period_key unique (account_id, meter, source, period, level),
    constraint credit_grants_balance_fkey foreign key (account_id, meter) references tijori.credit_balances (account_id, meter),
    constraint credit_grants_kind_check check (kind in ('allowance', 'top_up', 'promotional')),
    constraint credit_grants_amount_check check (amount between 1 and 1000000000000),
    constraint credit_grants_priority_check check (priority between 0 and 1000),
    constraint credit_grants_key_check check (length(key) between 1 and 300),
    constraint credit_grants_reason_check check (length(reason) <= 500 and (kind <> 'promotional' or reason <> '')),
    constraint credit_grants_allowance_check check ((kind = 'allowance') = (source is not null) and (source is null) = (period is null) and (source is null) = (level is null))
);
alter table tijori.credit_grants enable row level security;
alter table tijori.credit_grants force row level security;
create policy credit_grants_select_app on tijori.credit_grants for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy credit_grants_select_guard on tijori.credit_grants for select to tijori_guard using (true);
create policy credit_grants_insert_guard on tijori.credit_grants for insert to tijori_guard with check (true);
create policy credit_grants_select_billing on tijori.credit_grants for select to tijori_billing using (true);
grant select on tijori.credit_grants to tijori_app;
grant select, insert on tijori.credit_grants to tijori_guard;
grant select on tijori.credit_grants to tijori_billing;

-- What is left of grants that wait for their turn; the one whose turn it is stands in the balance row. An empty lot is
-- no row. Burn order: lower priority first, then what ends earlier, then what was granted earlier.
create table tijori.credit_lots (
    account_id uuid not null,
    meter text not null,
    grant_id uuid not null,
    priority integer not null,
    expires_at timestamptz not null,
    lot_left bigint not null,
    constraint credit_lots_pkey primary key (account_id, meter, grant_id),
    constraint credit_lots_grant_fkey foreign key (account_id, grant_id) references tijori.credit_grants (account_id, id),
    constraint credit_lots_left_check check (lot_left > 0)
);
alter table tijori.credit_lots enable row level security;
alter table tijori.credit_lots force row level security;
create policy credit_lots_select_guard on tijori.credit_lots for select to tijori_guard using (true);
create policy credit_lots_insert_guard on tijori.credit_lots for insert to tijori_guard with check (true);
create policy credit_lots_update_guard on tijori.credit_lots for update to tijori_guard using (true) with check (true);
create policy credit_lots_delete_guard on tijori.credit_lots for delete to tijori_guard using (true);
create policy credit_lots_select_billing on tijori.credit_lots for select to tijori_billing using (true);
grant select, insert, delete on tijori.credit_lots to tijori_guard;
grant update (lot_left) on tijori.credit_lots to tijori_guard;
grant select on tijori.credit_lots to tijori_billing;
