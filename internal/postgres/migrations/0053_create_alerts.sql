-- +goose Up
-- What is wrong with the webhooks, one row for each kind of trouble, however many events it concerns: those who
-- are configured hear of the group, not of each event. Tells nothing of a tenant.
create table tijori.alerts (
    provider text not null,
    kind text not null,
    state text not null,
    times bigint not null,
    told_times bigint not null default 0,
    detail text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    told_at timestamptz,
    constraint alerts_pkey primary key (provider, kind),
    constraint alerts_provider_check check (provider in ('stripe', 'razorpay')),
    constraint alerts_state_check check (state in ('raised', 'over')),
    constraint alerts_times_check check (times >= 0 and told_times >= 0)
);
alter table tijori.alerts enable row level security;
alter table tijori.alerts force row level security;
create policy alerts_select_billing on tijori.alerts for select to tijori_billing using (true);
create policy alerts_insert_billing on tijori.alerts for insert to tijori_billing with check (true);
create policy alerts_update_billing on tijori.alerts for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.alerts to tijori_billing;
grant update (state, times, told_times, detail, first_at, last_at, told_at) on tijori.alerts to tijori_billing;
