-- +goose Up
-- What is sold, written from plans.toml at every start. Global tables that hold nobody's data; a plan that
-- left the file stays, because subscriptions may still name it.
create table tijori.plans (
    id text not null,
    name text not null,
    rank integer not null,
    parties_max integer,
    entitlements text[] not null,
    credits_per_month bigint not null,
    constraint plans_pkey primary key (id),
    constraint plans_rank_check check (rank >= 0),
    constraint plans_parties_max_check check (parties_max > 0),
    constraint plans_credits_check check (credits_per_month >= 0)
);
create table tijori.prices (
    provider text not null,
    id text not null,
    plan_id text not null,
    period text not null,
    currency text not null,
    amount bigint not null,
    constraint prices_pkey primary key (provider, id),
    constraint prices_plan_fkey foreign key (plan_id) references tijori.plans (id),
    constraint prices_provider_check check (provider in ('stripe', 'razorpay')),
    constraint prices_period_check check (period in ('month', 'year')),
    constraint prices_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint prices_amount_check check (amount > 0)
);
grant select on tijori.plans, tijori.prices to tijori_app, tijori_guard, tijori_support;
grant select, insert, update on tijori.plans, tijori.prices to tijori_billing;
-- The plan that everybody falls back to exists before the first start.
insert into tijori.plans (id, name, rank, parties_max, entitlements, credits_per_month) values ('free', 'Free', 0, 5, '{}', 0);
