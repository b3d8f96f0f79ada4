-- +goose Up
-- The price that a subscription changes to by itself, and when: a lower plan begins when what is paid has run out.
alter table tijori.subscriptions
    add column next_price_id text not null default '',
    add column next_at timestamptz,
    add constraint subscriptions_next_check check ((next_price_id = '') = (next_at is null));
