-- +goose Up
-- What the providers said, raw, as received. A queue: no foreign key to tenant tables, nothing is ever deleted.
create table tijori.inbox (
    provider text not null,
    event_id text not null,
    type text not null,
    subject text not null default '',
    status text not null,
    body bytea not null,
    headers jsonb not null,
    secret_label text not null,
    created_at timestamptz,
    received_at timestamptz not null,
    deliveries integer not null default 1,
    delivered_at timestamptz not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    last_error text not null default '',
    applied_at timestamptz,
    account_id uuid,
    constraint inbox_pkey primary key (provider, event_id),
    constraint inbox_provider_check check (provider in ('stripe', 'razorpay')),
    constraint inbox_status_check check (status in ('received', 'applied', 'parked', 'ignored', 'dead')),
    constraint inbox_applied_check check ((status = 'applied') = (applied_at is not null))
);
create index inbox_due_idx on tijori.inbox (next_attempt_at) where status in ('received', 'parked');
create index inbox_subject_idx on tijori.inbox (provider, subject) where status in ('received', 'parked');
alter table tijori.inbox enable row level security;
alter table tijori.inbox force row level security;
create policy inbox_select_billing on tijori.inbox for select to tijori_billing using (true);
create policy inbox_insert_billing on tijori.inbox for insert to tijori_billing with check (true);
create policy inbox_update_billing on tijori.inbox for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.inbox to tijori_billing;
grant update (status, deliveries, delivered_at, attempts, next_attempt_at, last_error, applied_at, account_id) on tijori.inbox to tijori_billing;
