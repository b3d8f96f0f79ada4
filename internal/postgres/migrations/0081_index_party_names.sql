-- +goose Up
-- The list of parties by name comes out of it in order, and a search by words or digits reads it alone.
create index parties_name_idx on tijori.parties (account_id, business_id, name_key, id) include (phone, kind) where deleted_at is null;
