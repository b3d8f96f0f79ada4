-- +goose Up
-- compatible from: 1001
-- What each app sells (plans, prices, the kinds of credit and what a plan brings of them), and which plan of its app an
-- account has now, with what it allows.

-- The plan files are written into these tables at every start. They hold nobody's data, but an app's price list is its
-- own: policies keep a worker to the app it works for, and no caller reads them but through the functions below. A plan
-- that has left the file stays, because subscriptions may still name it.
create table tijori.plans (
    app_id text not null,
    id text not null,
    name text not null,
    rank integer not null,
    is_default boolean not null default false,
    limits jsonb not null default '{}',
    entitlements text[] not null,
    credits_per_month bigint not null,
    constraint plans_pkey primary key (app_id, id),
    constraint plans_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint plans_rank_check check (rank >= 0),
    constraint plans_limits_check check (jsonb_typeof(limits) = 'object' and not jsonb_path_exists(
        limits, 'strict $.* ? (@.type() != "number" || @ < 0 || @ > 9223372036854775807 || @ != @.floor())')),
    constraint plans_credits_check check (credits_per_month >= 0)
);
comment on column tijori.plans.is_default is 'the plan of an account that no subscription gives another';
comment on column tijori.plans.limits is
    'whole numbers by name, such as {"parties.max": 5}; what is absent has no limit';
create unique index plans_default_idx on tijori.plans (app_id) where is_default;

create table tijori.prices (
    connection_id text not null,
    id text not null,
    app_id text not null,
    provider text not null,
    plan_id text not null,
    period text not null,
    currency text not null,
    amount_minor bigint not null,
    constraint prices_pkey primary key (connection_id, id),
    constraint prices_connection_fkey foreign key (app_id, connection_id)
        references tijori.connections (app_id, connection_id),
    constraint prices_provider_fkey foreign key (connection_id, provider)
        references tijori.connections (connection_id, provider),
    constraint prices_plan_fkey foreign key (app_id, plan_id) references tijori.plans (app_id, id),
    constraint prices_provider_check check (provider in ('stripe', 'razorpay')),
    constraint prices_period_check check (period in ('month', 'year')),
    constraint prices_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint prices_amount_check check (amount_minor > 0)
);

create table tijori.meters (
    app_id text not null,
    id text not null,
    name text not null,
    constraint meters_pkey primary key (app_id, id),
    constraint meters_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint meters_id_check check (id ~ '^[a-z][a-z0-9_]{0,30}$'),
    constraint meters_name_check check (length(name) between 1 and 60)
);

create table tijori.allowances (
    app_id text not null,
    plan_id text not null,
    meter text not null,
    amount bigint not null,
    every text not null,
    roll_over integer not null default 0,
    constraint allowances_pkey primary key (app_id, plan_id, meter),
    constraint allowances_plan_fkey foreign key (app_id, plan_id) references tijori.plans (app_id, id),
    constraint allowances_meter_fkey foreign key (app_id, meter) references tijori.meters (app_id, id),
    constraint allowances_amount_check check (amount between 0 and 1000000000000),
    constraint allowances_every_check check (every in ('month', 'day')),
    constraint allowances_roll_over_check check (roll_over between 0 and 12)
);

-- +goose StatementBegin
-- tijori_plans.bind_billing(table) completes what open_to_billing says of the rows that the billing role writes: the
-- app and the account that a row names must be those that its transaction works for, whichever column the row is
-- reached by. Without it unique indexes and foreign keys, which look past policies, would be the first to see a foreign
-- account or app, and their errors would tell whether it has such a row.
create procedure tijori_plans.bind_billing(tab regclass)
    language plpgsql set search_path = ''
    as $$
declare
    app constant text := $q$(select nullif(current_setting('tijori.app', true), ''))$q$;
    whose text := '';
    col record;
    rule record;
begin
    for col in
        select a.attname, a.attnotnull from pg_catalog.pg_attribute a
         where a.attrelid = tab and not a.attisdropped and a.attname in ('app_id', 'account_id') order by a.attname desc
    loop
        if col.attname = 'app_id' then
            whose := whose || format(' and app_id = %s', app);
        else
            whose := whose || format(' and (%sexists (select from tijori.accounts a'
                ' where a.account_id = %s.account_id and a.app_id = %s))',
                case when col.attnotnull then '' else 'account_id is null or ' end, tab, app);
        end if;
    end loop;
    for rule in
        select p.polname, pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as said from pg_catalog.pg_policy p
         where p.polrelid = tab and p.polcmd in ('a', 'w') and p.polroles = array['tijori_billing'::regrole::oid]
    loop
        execute format('alter policy %I on %s with check (%s%s)', rule.polname, tab, rule.said, whose);
    end loop;
end $$;
-- +goose StatementEnd
revoke all on procedure tijori_plans.bind_billing(regclass) from public;

call tijori_access.protect('tijori.plans');
call tijori_access.open_to('tijori.plans', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.plans', 'select', 'insert', 'update');
call tijori_access.protect('tijori.prices');
call tijori_access.open_to('tijori.prices', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.prices', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.prices');
call tijori_access.protect('tijori.meters');
call tijori_access.open_to('tijori.meters', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.meters', 'select', 'insert', 'update');
call tijori_access.protect('tijori.allowances');
call tijori_access.open_to('tijori.allowances', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.allowances', 'select', 'insert', 'update', 'delete');
grant select on tijori.plans, tijori.prices, tijori.meters, tijori.allowances to tijori_guard;
grant select, insert, update on tijori.plans, tijori.prices, tijori.meters, tijori.allowances to tijori_billing;
grant delete on tijori.allowances to tijori_billing;

-- A connection's row is what work that must not be done twice at once is locked by: see lock_connection.
call tijori_access.open_to('tijori.connections', 'tijori_guard', 'select', 'update');
grant select on tijori.connections to tijori_guard;
-- Row locks ask for a right to update. The set-up, as the guard, records what a connection belongs to; nothing else
-- does.
grant update (mode, provider_account) on tijori.connections to tijori_guard;

-- The functions read tijori.subscriptions, which 1004 makes.
-- +goose StatementBegin
-- tijori_plans.in_force(account) is the plan now in force: of the plans of subscriptions that grant access by the service
-- clock the one of highest rank, the app's default plan when none does. Nothing has to run for a lapsed account to be
-- back on it. All null for an account that does not exist, and where the app has no default plan.
create function tijori_plans.in_force(account uuid) returns tijori.plans
    language plpgsql stable security definer
    set search_path = '' set plan_cache_mode = force_generic_plan
    as $$
declare
    today constant timestamptz := tijori_ops.clock(); -- asked once, not once a row
    best tijori.plans;
begin
    select p.* into best
      from tijori.accounts a
      join tijori.plans p on p.app_id = a.app_id
     where a.account_id = account
       and (p.is_default
            or exists (select from tijori.subscriptions s
                        where s.account_id = account and s.app_id = p.app_id and s.plan_id = p.id
                          and s.access_until > today))
     order by p.is_default, p.rank desc
     limit 1;
    return best;
end $$;

-- tijori_plans.plan_of(account) is the id of the plan now in force, null as in_force says.
create function tijori_plans.plan_of(account uuid) returns text
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    current constant tijori.plans := tijori_plans.in_force(account);
begin
    return current.id;
end $$;

-- tijori_plans.plan() is the plan of the account that the caller's scope is about, with what it allows. A caller
-- without an account has no plan: its id is '', and it entitles to nothing.
create function tijori_plans.plan(out plan_id text, out name text, out limits jsonb, out entitlements text[])
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine constant uuid := (select s.account_id from tijori_access.scope() s);
    current tijori.plans;
begin
    if mine is null then
        plan_id := '';
        name := '';
        limits := '{}';
        entitlements := '{}';
        return;
    end if;
    current := tijori_plans.in_force(mine);
    if current.id is null then
        raise exception 'the account has no plan' using errcode = 'object_not_in_prerequisite_state';
    end if;
    plan_id := current.id;
    name := current.name;
    limits := current.limits;
    entitlements := current.entitlements;
end $$;

-- tijori_plans.limit_of(account, name) is how much of something the plan in force allows; null is no limit. It raises
-- 55000 where no plan is in force: what is not known must not pass for "no limit".
create function tijori_plans.limit_of(account uuid, limit_name text) returns bigint
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    current constant tijori.plans := tijori_plans.in_force(account);
begin
    if current.id is null then
        raise exception 'the account has no plan' using errcode = 'object_not_in_prerequisite_state';
    end if;
    return (current.limits -> limit_name)::bigint;
end $$;

-- tijori_plans.entitled(account, entitlement) reports whether the plan in force carries an entitlement.
create function tijori_plans.entitled(account uuid, entitlement text) returns boolean
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    current constant tijori.plans := tijori_plans.in_force(account);
begin
    return coalesce(entitlement = any (current.entitlements), false);
end $$;

-- tijori_plans.renews(account) reports whether a subscription of an account will ask for money again.
create function tijori_plans.renews(account uuid) returns boolean
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return exists (select from tijori.subscriptions s
                    where s.account_id = account and s.ended_at is null
                      and (s.status = 'past_due' -- what is outstanding is tried until it is cancelled at once
                           or s.status in ('trialing', 'active', 'paused')
                              and not s.cancel_at_period_end and s.cancel_at is null));
end $$;

-- tijori_plans.lock_connection(connection) makes transactions that work for a connection go one by one, until each
-- ends: two nodes that would both begin a comparison with the provider, for one. It leaves foreign keys alone, so that
-- webhooks are stored meanwhile. It raises 42501 for a connection that the transaction does not work for.
create function tijori_plans.lock_connection(connection text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if connection = any (string_to_array(current_setting('tijori.connections', true), ',')) then
        perform from tijori.connections c where c.connection_id = connection for no key update;
        if found then
            return;
        end if;
    end if;
    raise exception 'not a connection of this work' using errcode = 'insufficient_privilege';
end $$;
-- +goose StatementEnd
alter function tijori_plans.in_force(uuid) owner to tijori_guard;
alter function tijori_plans.plan_of(uuid) owner to tijori_guard;
alter function tijori_plans.plan() owner to tijori_guard;
alter function tijori_plans.limit_of(uuid, text) owner to tijori_guard;
alter function tijori_plans.entitled(uuid, text) owner to tijori_guard;
alter function tijori_plans.renews(uuid) owner to tijori_guard;
alter function tijori_plans.lock_connection(text) owner to tijori_guard;
revoke all on function tijori_plans.in_force(uuid), tijori_plans.plan_of(uuid), tijori_plans.plan(),
    tijori_plans.limit_of(uuid, text), tijori_plans.entitled(uuid, text), tijori_plans.renews(uuid), tijori_plans.lock_connection(text) from public;
grant execute on function tijori_plans.plan() to tijori_app;
grant execute on function tijori_plans.lock_connection(text) to tijori_billing;
