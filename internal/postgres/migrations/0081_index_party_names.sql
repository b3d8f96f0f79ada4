-- +goose Up
-- The list of parties by name comes out of it in order, and a search by words or digits reads it alone. The last condition
-- is always true: without it the planner would take this index for the look-up of one party, and read all of a business.
create index parties_name_idx on tijori.parties (account_id, business_id, name_key, id) include (phone, kind) where deleted_at is null and name_key is not null;
