-- +goose Up
-- How operators read the inbox: newest first of a provider, what waits for a person, and what happened to an account.
create index inbox_received_idx on tijori.inbox (provider, received_at desc, event_id);
create index inbox_attention_idx on tijori.inbox (provider, received_at desc) where status in ('parked', 'dead');
create index inbox_foreign_idx on tijori.inbox (provider, last_error) where status = 'ignored' and last_error in ('livemode_mismatch', 'account_mismatch');
create index inbox_account_idx on tijori.inbox (account_id, received_at desc) where account_id is not null;
