-- +goose Up
-- compatible from: 1001
-- Payments and invoices belong to a subscription, and through it to its account and its connection: what the subscription's
-- foreign keys and policies say holds for them, and is not asked again for each row. The inbox refers to no connection any
-- more: every delivery locked its one row, and deliveries at the same time waited for each other. No role may delete a
-- connection, and none but billing writes events, of connections that it works for.

alter table tijori.payments
    drop constraint payments_account_fkey,
    drop constraint payments_connection_fkey;
alter table tijori.invoices
    drop constraint invoices_account_fkey,
    drop constraint invoices_connection_fkey;
alter table tijori.inbox
    drop constraint inbox_connection_fkey;

alter policy payments_insert_billing on tijori.payments with check (
    connection_id = any ((select string_to_array(current_setting('tijori.connections', true), ','))::text[]));
alter policy invoices_insert_billing on tijori.invoices with check (
    connection_id = any ((select string_to_array(current_setting('tijori.connections', true), ','))::text[]));
alter policy invoices_update_billing on tijori.invoices with check (
    connection_id = any ((select string_to_array(current_setting('tijori.connections', true), ','))::text[]));

-- Whose an event is, is known when it is applied.
alter policy inbox_insert_billing on tijori.inbox with check (
    connection_id = any ((select string_to_array(current_setting('tijori.connections', true), ','))::text[])
    and account_id is null);
