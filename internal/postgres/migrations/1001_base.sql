-- +goose Up
-- compatible from: 1001
-- What every part stands on: which program versions the schema works with, the shapes of policies, the apps that
-- customers belong to, the roles of members with their rights, and the service clock.

-- One row for each migration: the oldest program, named by the newest migration it carries, that works with the schema
-- after it. A program that meets migrations it does not know reads here whether it may run. See docs/architecture.md.
create table tijori.schema_compat (
    migration bigint not null,
    compatible_from bigint not null,
    constraint schema_compat_pkey primary key (migration),
    constraint schema_compat_from_check check (compatible_from between 1001 and migration)
);

-- +goose StatementBegin
-- tijori_access.protect(table) turns row-level security on, for the table's owner too.
create procedure tijori_access.protect(tab regclass)
    language plpgsql set search_path = ''
    as $$
begin
    execute format('alter table %s enable row level security', tab);
    execute format('alter table %s force row level security', tab);
end $$;

-- tijori_access.policy_name(table, verb, role) is the name of the one policy that a role has for a verb.
create function tijori_access.policy_name(tab regclass, verb text, role_name text) returns text
    language sql stable set search_path = ''
    as $$
    select c.relname || '_' || verb || '_' || regexp_replace(role_name, '^.*_', '')
      from pg_catalog.pg_class c where c.oid = tab
$$;

-- tijori_access.open_to(table, role, verbs) lets an internal role, which serves no tenant's statement, reach every row.
create procedure tijori_access.open_to(tab regclass, role_name text, variadic verbs text[])
    language plpgsql set search_path = ''
    as $$
declare
    verb text;
begin
    foreach verb in array verbs loop
        execute format('create policy %I on %s for %s to %I %s',
            tijori_access.policy_name(tab, verb, role_name), tab, verb, role_name,
            case verb when 'insert' then 'with check (true)'
                      when 'update' then 'using (true) with check (true)'
                      else 'using (true)' end);
    end loop;
end $$;

-- tijori_access.open_to_billing(table, verbs) lets the billing role reach rows of the app or of the connections that
-- its transaction works for (tijori.app, tijori.connections) and no others, so that a fault in a worker stays within
-- one app.
-- A table without either column is reached through its account.
create procedure tijori_access.open_to_billing(tab regclass, variadic verbs text[])
    language plpgsql set search_path = ''
    as $$
declare
    verb text;
    app constant text := $q$(select nullif(current_setting('tijori.app', true), ''))$q$;
    columns constant text[] := array(
        select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = tab and not a.attisdropped);
    mine constant text := case
        when 'connection_id' = any (columns)
        then 'connection_id = any ('
            || $q$(select string_to_array(current_setting('tijori.connections', true), ','))::text[])$q$
        when 'app_id' = any (columns) then 'app_id = ' || app
        else format('exists (select from tijori.accounts a where a.account_id = %s.account_id and a.app_id = %s)',
            tab, app)
        end;
begin
    foreach verb in array verbs loop
        execute format('create policy %I on %s for %s to tijori_billing %s',
            tijori_access.policy_name(tab, verb, 'tijori_billing'), tab, verb,
            case verb when 'insert' then format('with check (%s)', mine)
                      when 'update' then format('using (%1$s) with check (%1$s)', mine)
                      else format('using (%s)', mine) end);
    end loop;
end $$;

-- tijori_access.open_to_app(table, verb, whose, may, narrowed, until) makes the policy by which tijori_app reaches
-- rows.
--
-- whose says which rows are the caller's: 'account', 'business', 'maker' (of the business, and made by the caller) or
-- 'itself' (the row is a business; a caller who names none reaches all of the account). may names the right that it
-- takes, or is null for every member. With narrowed, members who see only their own entries reach only what they made;
-- until says for how long they may change it.
--
-- Four things make the shape; docs/isolation.md tells what was read from foreign rows without each:
--   1. column = any (array[(select truth)]) for each tenant column. The planner sorts conditions by what it thinks they
--      cost. This form costs half an operator, as little as any condition of a statement that reads a column, and it
--      stands before them: a foreign row gets no further. (case … end) is not null around it changes nothing but the
--      planner's guess of how many rows fulfil it: all. The narrowest comes first, so that EXPLAIN ANALYZE, which shows
--      whether a look-up was made, tells of no row but the caller's. Only reading needs this; PostgreSQL adds the policy
--      for select wherever a statement reads a column.
--   2. (columns) = (select … from tijori_access.scope()), which binds the index.
--   3. account_id = (select hint): with 2 the planner makes of it one comparison, hint with truth, before any row. So
--      the look-up is always made, and whoever has no credential is refused whether rows exist or not.
--   4. the right, compared with true in 2, which costs nothing and so stands first of all.
-- 1, 2 and 4 ask the database who is calling. No setting is believed: a false hint (tijori.account) makes 3 false, and
-- tijori.own_only only says which of two comparisons with the truth is made; the wrong one finds nothing.
create procedure tijori_access.open_to_app(
        tab regclass, verb text, whose text, may text, narrowed boolean default false, until interval default null)
    language plpgsql set search_path = ''
    as $$
declare
    nobody constant text := quote_literal('00000000-0000-0000-0000-000000000000') || '::uuid';
    own_only constant text := $q$(select current_setting('tijori.own_only', true) = 'on')$q$;
    hint constant text := $q$account_id = (select nullif(current_setting('tijori.account', true), '')::uuid)$q$;
    cheap constant text := '(case when %s = any (array[%s]) then true end) is not null and ';
    its_right constant text := coalesce('s.' || may, $q$s.role <> ''$q$);
    first text := format(cheap, 'account_id', '(select tijori_access.account_id())');
    columns text := 'account_id';
    truths text := 's.account_id';
    truth text;
begin
    if whose in ('business', 'maker') then
        first := format(cheap, 'business_id', '(select tijori_access.business_id())') || first;
        columns := columns || ', business_id';
        truths := truths || ', s.business_id';
    elsif whose = 'itself' then
        first := format(cheap, 'id', 'coalesce((select tijori_access.business_id()), id)') || first;
    elsif whose <> 'account' then
        raise exception 'whose rows: %', whose;
    end if;
    if whose = 'maker' then
        first := format(cheap, 'created_by', '(select tijori_access.user_id())') || first;
    end if;
    if narrowed then
        first := format('case when %s then (case when created_by = any (array[(select tijori_access.maker())])'
            ' then true end) is not null else (select tijori_access.maker() = %s) end and ', own_only, nobody) || first;
    end if;
    if whose = 'maker' and verb <> 'select' or verb = 'insert'
       and exists (select from pg_catalog.pg_attribute a where a.attrelid = tab and a.attname = 'created_by') then
        columns := columns || ', created_by';
        truths := truths || ', s.user_id';
    end if;
    if narrowed and verb <> 'select' then
        columns := columns || format(', case when %s then %s else %s end', own_only,
            case when until is null then 'created_by'
                 else format('case when created_at > now() - %L::interval then created_by end', until) end, nobody);
        truths := truths || ', tijori_access.maker()';
    end if;
    truth := format('(%s, true) = (select %s, %s from tijori_access.scope() s)', columns, truths, its_right);
    if whose = 'itself' then -- a sub-select that read the row's id would be made for each row
        truth := format('(account_id, true) = (select s.account_id, %s from tijori_access.scope() s)', its_right)
            || case when verb = 'insert' then '' else ' and id = coalesce((select tijori_access.business_id()), id)' end;
    end if;
    execute format('create policy %I on %s for %s to tijori_app %s',
        tijori_access.policy_name(tab, verb, 'tijori_app'), tab, verb,
        case verb when 'select' then format('using (%s%s and %s)', first, hint, truth)
                  when 'insert' then format('with check (%s)', truth)
                  else format('using (%1$s) with check (%1$s)', truth) end);
end $$;
-- +goose StatementEnd
revoke all on procedure tijori_access.protect(regclass), tijori_access.open_to(regclass, text, text[]),
    tijori_access.open_to_billing(regclass, text[]),
    tijori_access.open_to_app(regclass, text, text, text, boolean, interval) from public;
revoke all on function tijori_access.policy_name(regclass, text, text) from public;

grant select on tijori.schema_compat to tijori_app;

-- Whose customers the accounts are. The khata is the first app; a founder's app is another, and its test mode one more.
create table tijori.apps (
    app_id text not null,
    name text not null,
    created_at timestamptz not null default now(),
    constraint apps_pkey primary key (app_id),
    constraint apps_id_check check (app_id ~ '^[a-z][a-z0-9-]{0,30}$'),
    constraint apps_name_check check (length(name) between 1 and 120)
);
insert into tijori.apps (app_id, name) values ('khata', 'Khata');
call tijori_access.protect('tijori.apps');
call tijori_access.open_to_billing('tijori.apps', 'select');
grant select on tijori.apps to tijori_billing;

-- One account of an app at a provider. Its secrets are in the environment; what it said is kept by its id. The first
-- start with its keys records their mode and, once it is known, the provider's name for the account: everything that
-- hangs on the connection is of that mode and that account.
create table tijori.connections (
    app_id text not null,
    connection_id text not null,
    provider text not null,
    mode text,
    provider_account text,
    created_at timestamptz not null default now(),
    constraint connections_pkey primary key (app_id, connection_id),
    constraint connections_id_key unique (connection_id),
    constraint connections_provider_key unique (connection_id, provider),
    constraint connections_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint connections_id_check check (connection_id ~ '^[a-z][a-z0-9-]{0,60}$'),
    constraint connections_provider_check check (provider in ('stripe', 'razorpay')),
    constraint connections_mode_check check (mode in ('simulated', 'test', 'live')),
    constraint connections_account_check
        check (provider_account is null
            or provider_account ~ '^[A-Za-z0-9_]{1,100}$' and mode is not null and mode <> 'simulated')
);
insert into tijori.connections (app_id, connection_id, provider) values
    ('khata', 'razorpay', 'razorpay'),
    ('khata', 'stripe', 'stripe');
call tijori_access.protect('tijori.connections');
call tijori_access.open_to_billing('tijori.connections', 'select');
grant select on tijori.connections to tijori_billing;

-- The roles of members, the widest first, and what each may. Policies and functions ask for these rights, never for a
-- role's name; package role says the same in Go. A role that does not see totals sees only its own entries.
create table tijori.roles (
    role text not null,
    rank integer not null,
    sees_totals boolean not null,
    adds_entries boolean not null,
    runs_khata boolean not null,
    owns boolean not null,
    constraint roles_pkey primary key (role),
    constraint roles_rank_key unique (rank),
    constraint roles_owns_check check (not owns or sees_totals and adds_entries and runs_khata),
    constraint roles_runs_check check (not runs_khata or sees_totals and adds_entries)
);
insert into tijori.roles (role, rank, sees_totals, adds_entries, runs_khata, owns) values
    ('owner',      1, true,  true,  true,  true),
    ('manager',    2, true,  true,  true,  false),
    ('accountant', 3, true,  false, false, false),
    ('counter',    4, false, true,  false, false);
grant select on tijori.roles to tijori_guard;

-- The service clock: how far development and tests have moved time. With real keys the program sets simulated to false
-- and the offset to zero, and then nobody can move it.
create table tijori.service_clock (
    id boolean not null default true,
    offset_seconds bigint not null default 0,
    simulated boolean not null default false,
    constraint service_clock_pkey primary key (id),
    constraint service_clock_one_row_check check (id),
    constraint service_clock_real_check check (simulated or offset_seconds = 0)
);
insert into tijori.service_clock default values;
grant select on tijori.service_clock to tijori_guard, tijori_billing, tijori_jobs;
grant update (offset_seconds) on tijori.service_clock to tijori_guard;

-- +goose StatementBegin
-- tijori_ops.clock() is the time by which plans, grace and credits are judged. In PL/pgSQL, whose plan a session keeps: as
-- SQL it is planned at every call, which took three times as long.
create function tijori_ops.clock() returns timestamptz
    language plpgsql stable security definer set search_path = ''
    as $$ begin return now() + make_interval(secs => (select c.offset_seconds from tijori.service_clock c)); end $$;

-- tijori_ops.set_clock(seconds) moves the service clock where payments are simulated, and fails elsewhere.
create function tijori_ops.set_clock(seconds bigint) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.service_clock set offset_seconds = seconds;
end $$;
-- +goose StatementEnd
alter function tijori_ops.clock() owner to tijori_guard;
alter function tijori_ops.set_clock(bigint) owner to tijori_guard;
revoke all on function tijori_ops.clock(), tijori_ops.set_clock(bigint) from public;
grant execute on function tijori_ops.clock() to tijori_app, tijori_billing, tijori_jobs, tijori_support, tijori_owner;
grant execute on function tijori_ops.set_clock(bigint) to tijori_billing;
