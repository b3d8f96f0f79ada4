-- +goose Up
-- compatible from: 1001
-- The access log names the keys of apps and the tokens of their customers as it names API keys.

-- +goose StatementBegin
create or replace function tijori_access.keys_of(hashes bytea[])
    returns table (hash bytea, key_id uuid, account_id uuid)
    language sql stable security definer set search_path = ''
    as $$
    select c.hash, c.id, c.account_id from tijori.credentials c where c.hash = any (hashes) and c.kind = 'api_key'
    union all
    select k.hash, k.id, null from tijori.app_keys k where k.hash = any (hashes)
    union all
    select t.hash, t.id, t.account_id from tijori.customer_tokens t where t.hash = any (hashes) $$;
-- +goose StatementEnd
