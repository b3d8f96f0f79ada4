-- +goose Up
-- What was open with a party before its book began: one dated entry, counted like any other. One in the bin
-- leaves room for a new one; then it cannot come back.
alter table tijori.entries add column opening boolean not null default false;
create unique index entries_opening_key on tijori.entries (account_id, business_id, party_id) where opening and deleted_at is null;
grant insert (opening) on tijori.entries to tijori_app;
