-- +goose Up
-- What only a person may decide. The key says what an item is about, so the same finding is one item.
create table tijori.review_items (
    provider text not null,
    key text not null,
    reason text not null,
    detail text not null,
    account_id uuid,
    subscription_id text not null default '',
    event_id text not null default '',
    status text not null default 'open',
    opened_at timestamptz not null,
    seen_at timestamptz not null,
    times integer not null default 1,
    resolved_at timestamptz,
    resolved_by text not null default '',
    resolution text not null default '',
    constraint review_items_pkey primary key (provider, key),
    constraint review_items_provider_check check (provider in ('stripe', 'razorpay')),
    constraint review_items_status_check check (status in ('open', 'resolved')),
    constraint review_items_resolved_check check ((status = 'resolved') = (resolved_at is not null))
);
create index review_items_open_idx on tijori.review_items (opened_at) where status = 'open';
create index review_items_account_idx on tijori.review_items (account_id) where account_id is not null;
alter table tijori.review_items enable row level security;
alter table tijori.review_items force row level security;
create policy review_items_select_billing on tijori.review_items for select to tijori_billing using (true);
create policy review_items_insert_billing on tijori.review_items for insert to tijori_billing with check (true);
create policy review_items_update_billing on tijori.review_items for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.review_items to tijori_billing;
grant update (reason, detail, account_id, seen_at, times, status, resolved_at, resolved_by, resolution) on tijori.review_items to tijori_billing;
