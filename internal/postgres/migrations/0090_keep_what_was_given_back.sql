-- +goose Up
-- By which payment a purchase of credits was paid, how much of it was given back, and how many credits were taken back for that.
alter table tijori.purchases
    add column payment_id text,
    add column refunded bigint not null default 0,
    add column taken_back bigint not null default 0,
    add constraint purchases_refunded_check check (refunded >= 0 and taken_back between 0 and credits);
grant update (payment_id, refunded, taken_back) on tijori.purchases to tijori_billing;

alter table tijori.provider_directory drop constraint provider_directory_kind_check;
alter table tijori.provider_directory add constraint provider_directory_kind_check
    check (kind in ('customer', 'subscription', 'session', 'payment_link', 'payment')) not valid;

alter table tijori.operator_acts drop constraint operator_acts_act_check;
alter table tijori.operator_acts add constraint operator_acts_act_check
    check (act in ('replay', 'retry', 'resolve', 'assign', 'reconcile', 'take_back')) not valid;

alter table tijori.credit_entries drop constraint credit_entries_kind_check;
alter table tijori.credit_entries add constraint credit_entries_kind_check
    check (kind in ('allowance', 'top_up', 'promotional', 'consume', 'capture', 'expire', 'take_back')) not valid;
