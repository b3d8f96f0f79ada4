-- +goose Up
-- When an account's next allowance of a meter comes, and how much: what a program is told when it has run out. Written
-- by the calendar (package credits), which takes the row's lock before it grants, so several nodes never do it at once.
-- worked_to and sources say up to when it has been worked, and which plans were in force then.
create table tijori.credit_calendars (
    account_id uuid not null,
    meter text not null,
    next_at timestamptz,
    next_amount bigint,
    due_at timestamptz not null,
    worked_to timestamptz not null,
    sources text[] not null default '{}',
    constraint credit_calendars_pkey primary key (account_id, meter),
    constraint credit_calendars_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_calendars_meter_fkey foreign key (meter) references tijori.meters (id),
    constraint credit_calendars_next_check check ((next_at is null) = (next_amount is null))
);
create index credit_calendars_due_idx on tijori.credit_calendars (due_at);
alter table tijori.credit_calendars enable row level security;
alter table tijori.credit_calendars force row level security;
create policy credit_calendars_select_app on tijori.credit_calendars for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy credit_calendars_select_guard on tijori.credit_calendars for select to tijori_guard using (true);
create policy credit_calendars_select_billing on tijori.credit_calendars for select to tijori_billing using (true);
create policy credit_calendars_insert_billing on tijori.credit_calendars for insert to tijori_billing with check (true);
create policy credit_calendars_update_billing on tijori.credit_calendars for update to tijori_billing using (true) with check (true);
grant select (account_id, meter, next_at, next_amount) on tijori.credit_calendars to tijori_app;
grant select on tijori.credit_calendars to tijori_guard;
grant select, insert on tijori.credit_calendars to tijori_billing;
grant update (next_at, next_amount, due_at, worked_to, sources) on tijori.credit_calendars to tijori_billing;

-- The calendar finds subscriptions that have changed since.
create index subscriptions_changed_idx on tijori.subscriptions (changed_at, account_id); -- with the account, so that EXPLAIN as tijori_app counts nobody else

-- The instant from which an account's months are counted, for the free plan and for each subscription: written once, when
-- it is first seen to grant, so that an anchor on the 31st is the 31st again after February.
create table tijori.credit_anchors (
    account_id uuid not null,
    source text not null,
    anchor timestamptz not null,
    constraint credit_anchors_pkey primary key (account_id, source),
    constraint credit_anchors_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_anchors_source_check check (length(source) between 1 and 300)
);
alter table tijori.credit_anchors enable row level security;
alter table tijori.credit_anchors force row level security;
create policy credit_anchors_select_billing on tijori.credit_anchors for select to tijori_billing using (true);
create policy credit_anchors_insert_billing on tijori.credit_anchors for insert to tijori_billing with check (true);
grant select, insert on tijori.credit_anchors to tijori_billing;
