-- +goose Up
-- Where a business is paid by UPI. Each row is a decision of an owner, the newest counts; an empty id takes it
-- away. Append-only by grant: who put whose id there stays written.
create table tijori.payees (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    upi_id text not null,
    payee_name text not null default '',
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    constraint payees_pkey primary key (account_id, business_id, id),
    constraint payees_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint payees_upi_check check (upi_id ~ '^([a-z0-9._-]{2,190}@[a-z][a-z0-9]{1,63})?$'),
    constraint payees_name_check check (length(payee_name) <= 60 and payee_name !~ '[\u0001-\u001f\u007f-\u009f]' and (upi_id = '' or length(payee_name) > 0))
);
create index payees_order_idx on tijori.payees (account_id, business_id, created_at desc);

alter table tijori.payees enable row level security;
alter table tijori.payees force row level security;
create policy payees_select_app on tijori.payees for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy payees_insert_app on tijori.payees for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role = 'owner'));
create policy payees_select_guard on tijori.payees for select to tijori_guard using (true);
grant select on tijori.payees to tijori_app;
grant insert (account_id, business_id, id, upi_id, payee_name, created_by, created_by_name) on tijori.payees to tijori_app;
grant select on tijori.payees to tijori_guard;
