-- +goose Up
-- compatible from: 1001
-- A purchase may replace a subscription of the same account and connection, which goes on until the new one is paid.
alter table tijori.checkouts
    add column replaces text,
    add constraint checkouts_replaces_fkey foreign key (account_id, connection_id, replaces)
        references tijori.subscriptions (account_id, connection_id, id);
comment on column tijori.checkouts.replaces is
    'the subscription that is ended as soon as this purchase is paid; null when it replaces none';
create index checkouts_replaces_idx on tijori.checkouts (account_id, connection_id, replaces) where replaces is not null;
