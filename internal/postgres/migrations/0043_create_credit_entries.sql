-- +goose Up
-- Every change of a balance, numbered without a gap within account and meter, in the order in which they were
-- committed. Append-only: nobody has a grant to change or delete one. balance and held are what there was after it,
-- so the answer to a request can be given again. A consume carries the program's idempotency key. No foreign key: only
-- functions of auth write here, while they hold the balance row, and a check a row would cost a third of the speed.
create table tijori.credit_entries (
    account_id uuid not null,
    meter text not null,
    number bigint not null,
    kind text not null,
    amount bigint not null,
    balance bigint not null,
    held bigint not null,
    key text,
    note text not null default '',
    grant_id uuid,
    hold_id uuid,
    credential_id uuid,
    created_at timestamptz not null,
    constraint credit_entries_pkey primary key (account_id, meter, number),
    constraint credit_entries_kind_check check (kind in ('allowance', 'top_up', 'promotional', 'consume', 'capture', 'expire')),
    constraint credit_entries_amount_check check (case when kind in ('allowance', 'top_up', 'promotional') then amount > 0 else amount < 0 end),
    constraint credit_entries_balance_check check (balance >= 0 and held between 0 and balance),
    constraint credit_entries_key_check check ((kind = 'consume') = (key is not null) and length(key) between 1 and 200),
    constraint credit_entries_note_check check (length(note) <= 500)
);
create unique index credit_entries_key on tijori.credit_entries (account_id, key) where key is not null;
alter table tijori.credit_entries enable row level security;
alter table tijori.credit_entries force row level security;
create policy credit_entries_select_app on tijori.credit_entries for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy credit_entries_select_guard on tijori.credit_entries for select to tijori_guard using (true);
create policy credit_entries_insert_guard on tijori.credit_entries for insert to tijori_guard with check (true);
create policy credit_entries_select_billing on tijori.credit_entries for select to tijori_billing using (true);
grant select on tijori.credit_entries to tijori_app;
grant select, insert on tijori.credit_entries to tijori_guard;
grant select on tijori.credit_entries to tijori_billing;
