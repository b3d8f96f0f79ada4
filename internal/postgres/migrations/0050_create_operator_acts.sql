-- +goose Up
-- What operators did with the inbox, the review queue and the reconciler: who, when and why. Append-only, by grant.
-- Not a tenant's table: the subject is a provider's id, an event or an account.
create table tijori.operator_acts (
    id uuid not null,
    at timestamptz not null default now(),
    who text not null,
    act text not null,
    provider text not null default '',
    subject text not null,
    reason text not null,
    detail text not null default '',
    constraint operator_acts_pkey primary key (id),
    constraint operator_acts_who_check check (length(who) between 1 and 254),
    constraint operator_acts_act_check check (act in ('replay', 'retry', 'resolve', 'assign', 'reconcile')),
    constraint operator_acts_reason_check check (length(trim(reason)) between 3 and 1000)
);
create index operator_acts_at_idx on tijori.operator_acts (at desc);
create index operator_acts_subject_idx on tijori.operator_acts (subject, at desc);
alter table tijori.operator_acts enable row level security;
alter table tijori.operator_acts force row level security;
create policy operator_acts_select_billing on tijori.operator_acts for select to tijori_billing using (true);
create policy operator_acts_insert_billing on tijori.operator_acts for insert to tijori_billing with check (true);
grant select, insert on tijori.operator_acts to tijori_billing;
