-- +goose Up
-- compatible from: 1001
-- Since when a subscription is paid for without a break: months that lie in a break bring no credits.
alter table tijori.subscriptions add column paid_since timestamptz;
comment on column tijori.subscriptions.paid_since is 'since when it is paid for without a break, as far as is known; null when there was none';
