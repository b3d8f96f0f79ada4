-- +goose Up
-- The kinds of credit there are, and what each plan brings of them, written from plans.toml at every start.
create table tijori.meters (
    id text not null,
    name text not null,
    constraint meters_pkey primary key (id),
    constraint meters_id_check check (id ~ '^[a-z][a-z0-9_]{0,30}$'),
    constraint meters_name_check check (length(name) between 1 and 60)
);
create table tijori.allowances (
    plan_id text not null,
    meter text not null,
    amount bigint not null,
    every text not null,
    roll_over integer not null default 0,
    constraint allowances_pkey primary key (plan_id, meter),
    constraint allowances_plan_fkey foreign key (plan_id) references tijori.plans (id),
    constraint allowances_meter_fkey foreign key (meter) references tijori.meters (id),
    constraint allowances_amount_check check (amount between 0 and 1000000000000),
    constraint allowances_every_check check (every in ('month', 'day')),
    constraint allowances_roll_over_check check (roll_over between 0 and 12)
);
grant select on tijori.meters, tijori.allowances to tijori_app, tijori_guard;
grant select, insert, update on tijori.meters, tijori.allowances to tijori_billing;
grant delete on tijori.allowances to tijori_billing;
insert into tijori.meters (id, name) values ('credits', 'Credits');
