-- +goose Up
-- The reconciler asks which of the provider's payments are in the books, before it knows whose they are.
create index payments_known_idx on tijori.payments (provider, id, account_id); -- with the account, so that EXPLAIN as tijori_app counts nobody else
