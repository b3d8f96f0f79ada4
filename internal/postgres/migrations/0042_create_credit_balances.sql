-- +goose Up
-- What an account has of a meter: one row, which is also the lock under which its credits change. balance is the sum
-- of its entries; held is set aside by open holds; what can be spent is balance - held. The row carries the lot that
-- burns first (lot_grant, with lot_left in it), so that spending touches this row alone as long as that lot lasts; the
-- others wait in credit_lots: balance - held = lot_left + sum of the waiting. From due_at on, something has ended or must
-- be sorted anew, and auth.settle_credits comes before anything is spent.
create table tijori.credit_balances (
    account_id uuid not null,
    meter text not null,
    balance bigint not null default 0,
    held bigint not null default 0,
    entries bigint not null default 0,
    lot_grant uuid,
    lot_left bigint not null default 0,
    due_at timestamptz not null default 'infinity',
    constraint credit_balances_pkey primary key (account_id, meter),
    constraint credit_balances_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_balances_meter_fkey foreign key (meter) references tijori.meters (id),
    constraint credit_balances_balance_check check (balance >= 0),
    constraint credit_balances_held_check check (held between 0 and balance),
    constraint credit_balances_lot_check check (lot_left between 0 and balance - held and (lot_grant is not null or lot_left = 0))
) with (fillfactor = 50);
create index credit_balances_due_idx on tijori.credit_balances (due_at);
alter table tijori.credit_balances enable row level security;
alter table tijori.credit_balances force row level security;
create policy credit_balances_select_app on tijori.credit_balances for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy credit_balances_select_guard on tijori.credit_balances for select to tijori_guard using (true);
create policy credit_balances_insert_guard on tijori.credit_balances for insert to tijori_guard with check (true);
create policy credit_balances_update_guard on tijori.credit_balances for update to tijori_guard using (true) with check (true);
create policy credit_balances_select_billing on tijori.credit_balances for select to tijori_billing using (true);
grant select (account_id, meter, balance, held, entries) on tijori.credit_balances to tijori_app;
grant select, insert, update on tijori.credit_balances to tijori_guard;
grant select on tijori.credit_balances to tijori_billing;
