-- +goose Up
-- Credits set aside for work that is under way. A hold ends once: captured (all or part; the rest comes back),
-- released, or expired by itself. lots and parts say which grants it was taken from; available is what could be spent
-- after it was made, so the first answer can be given again. While a hold is open its credits do not expire. No foreign
-- key, for the same reason as with entries. The id is made from account and idempotency key, so that its primary key is
-- what makes a hold once.
create table tijori.credit_holds (
    account_id uuid not null,
    id uuid not null,
    meter text not null,
    amount bigint not null,
    status text not null,
    key text not null,
    note text not null default '',
    seconds integer not null,
    lots uuid[] not null,
    parts bigint[] not null,
    available bigint not null,
    captured bigint,
    entry bigint,
    left_after bigint,
    credential_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint credit_holds_pkey primary key (account_id, id),
    constraint credit_holds_amount_check check (amount between 1 and 1000000000000),
    constraint credit_holds_status_check check (status in ('open', 'captured', 'released', 'expired')),
    constraint credit_holds_captured_check check ((status = 'captured') = (captured is not null) and captured between 1 and amount),
    constraint credit_holds_ended_check check ((status = 'open') = (ended_at is null)),
    constraint credit_holds_key_check check (length(key) between 1 and 200),
    constraint credit_holds_note_check check (length(note) <= 500)
) with (fillfactor = 60);
create index credit_holds_open_idx on tijori.credit_holds (account_id, meter, expires_at) where status = 'open';
alter table tijori.credit_holds enable row level security;
alter table tijori.credit_holds force row level security;
create policy credit_holds_select_app on tijori.credit_holds for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy credit_holds_select_guard on tijori.credit_holds for select to tijori_guard using (true);
create policy credit_holds_insert_guard on tijori.credit_holds for insert to tijori_guard with check (true);
create policy credit_holds_update_guard on tijori.credit_holds for update to tijori_guard using (true) with check (true);
create policy credit_holds_select_billing on tijori.credit_holds for select to tijori_billing using (true);
grant select on tijori.credit_holds to tijori_app;
grant select, insert on tijori.credit_holds to tijori_guard;
grant update (status, captured, entry, left_after, ended_at) on tijori.credit_holds to tijori_guard;
grant select on tijori.credit_holds to tijori_billing;
