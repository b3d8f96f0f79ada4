-- +goose Up
-- compatible from: 1001
-- The two pages that a shopkeeper opens all day, and the beginning of every transaction, each ask once who is asking.
-- A policy asks three times for each table that a statement names (see open_to_app in 1001), and half the time of a
-- party list went there. What is as static as these pages is a function, as the totals have always been.

grant select (note, phone, created_by, updated_at, version) on tijori.parties to tijori_guard;
grant select (mode, cheque_date, cheque_state, reverses, created_by, version) on tijori.entries to tijori_guard;

-- +goose StatementBegin
-- tijori_access.enter() is what a transaction begins with: scope(), with a zero id for none; the day it is in the
-- business, or 0001-01-01; and what operators have frozen for the caller. In a business it is one statement, which finds
-- what scope() finds. It writes down two answers for the policies. Neither is believed: the account is a hint for the
-- look-up, and tijori.own_only chooses one of two comparisons with the truth. See tijori_access.open_to_app.
create function tijori_access.enter(out user_id uuid, out account_id uuid, out business_id uuid, out role text,
        out sees_totals boolean, out adds_entries boolean, out runs_khata boolean, out owns boolean, out today date,
        out frozen integer) returns record
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
declare
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
    any_frozen boolean := true;
    written text;
begin
    if business is not null then
        select m.user_id, m.account_id, business, m.role, r.sees_totals, r.adds_entries, r.runs_khata, r.owns,
               tijori_khata.today_in(b.time_zone), exists (select from tijori.freezes f where f.thawed_at is null)
          into enter.user_id, enter.account_id, enter.business_id, enter.role, enter.sees_totals, enter.adds_entries,
               enter.runs_khata, enter.owns, enter.today, any_frozen
          from tijori.members m
         cross join lateral (
               select x.account_id, x.created_at, x.time_zone from tijori.businesses x
                where x.account_id = m.account_id and x.id = business offset 0) b
          join tijori.roles r on r.role = m.role
         where (m.business_id is null or m.business_id = business) and m.user_id = (
               select c.user_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now())
         order by b.created_at, b.account_id, r.rank
         limit 1;
    end if;
    if user_id is null then -- scope() knows why, or who it is without a business
        select s.user_id, s.account_id, s.business_id, s.role, s.sees_totals, s.adds_entries, s.runs_khata, s.owns
          into user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns
          from tijori_access.scope() s;
    end if;
    written := set_config('tijori.account', coalesce(account_id::text, ''), true);
    written := set_config('tijori.own_only', case when sees_totals then 'off' else 'on' end, true);
    frozen := case when any_frozen then tijori_ops.frozen() else 0 end;
    user_id := coalesce(user_id, nobody);
    account_id := coalesce(account_id, nobody);
    business_id := coalesce(business_id, nobody);
    today := coalesce(today, '0001-01-01');
end $$;

-- tijori_khata.party_list(at_least, below, below_id, most, today) is the list by balance, most owed first: a row for each of
-- at most so many parties whose balance is at least the first and comes after the second and its id, with the totals
-- of the business in each row, and one row of totals alone where there is no party. Today is what enter() said. It lists
-- nothing for who does not see totals.
create function tijori_khata.party_list(at_least bigint, below bigint, below_id uuid, most integer, today date)
    returns table (get bigint, give bigint, parties integer, due integer, advance integer, matching integer, id uuid,
        kind text, name text, name_key text, phone text, version integer, balance bigint, entries integer,
        last_date date, oldest_due date, key bigint)
    language plpgsql stable security definer rows 50
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
#variable_conflict use_column
declare
    s record;
    t record;
    late boolean; -- whether any entry is dated ahead, which is seldom
begin
    select x.account_id, x.business_id into s from tijori_access.scope() x where x.sees_totals;
    select coalesce(sum(p.balance) filter (where p.balance > 0), 0)::bigint as get,
           coalesce(-sum(p.balance) filter (where p.balance < 0), 0)::bigint as give,
           count(*)::integer as parties,
           (count(*) filter (where p.balance > 0))::integer as due,
           (count(*) filter (where p.balance < 0))::integer as advance
      into t
      from tijori.party_sums p
     where p.account_id = s.account_id and p.business_id = s.business_id and p.living;
    late := exists (select from tijori.entries e
                     where e.account_id = s.account_id and e.business_id = s.business_id and e.business_date > today
                       and e.deleted_at is null);
    if late then
        select o.get, o.give, o.parties, o.due, o.advance into t from tijori_khata.totals() o;
    end if;
    return query
    with ahead as materialized (
        select a.* from tijori_khata.ahead_of(s.account_id, s.business_id, today) a where late
    ), page as (
        (select p.party_id as id, p.balance, p.entries, p.last_date, nullif(p.due_since, date '2100-01-01') as oldest_due
           from tijori.party_sums p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.living
            and p.balance >= at_least and (p.balance, p.party_id) < (below, below_id)
            and p.party_id <> all (array(select a.party_id from ahead a))
          order by p.balance desc, p.party_id desc
          limit most)
        union all
        select a.party_id, a.balance, a.entries, a.last_date, nullif(a.due_since, date '2100-01-01')
          from ahead a
         where a.living and a.balance >= at_least and (a.balance, a.party_id) < (below, below_id)
         order by balance desc, id desc
         limit most
    )
    select t.get, t.give, t.parties, t.due, t.advance, null::integer,
           n.id, n.kind, n.name, n.name_key, n.phone, n.version, g.balance, g.entries, g.last_date, g.oldest_due, g.balance
      from (select) one
      left join (
           page g
           cross join lateral (
               select p.id, p.kind, p.name, p.name_key, p.phone, p.version
                 from tijori.parties p
                where p.account_id = s.account_id and p.business_id = s.business_id and p.id = g.id
                limit 1) n
      ) on true
     order by g.balance desc, g.id desc;
end $$;

-- tijori_khata.party_page(party, before, before_id, most, today) is a party's page: a row for each of at most so many
-- entries before a day and an id, newest first, with the party, the sums of all its entries up to today and after it, and
-- the balance after the entry; one row without an entry where there is none, and no row where there is no such party or
-- the caller does not see totals. The balance after an entry is the sum of the entries up to the page's first row, less
-- the rows above it. The rows that are summed come in the order of the party's own index: left alone, the planner takes
-- the index of dates and reads the whole business.
create function tijori_khata.party_page(party uuid, before date, before_id uuid, most integer, today date)
    returns table (id uuid, kind text, name text, phone text, note text, created_by uuid, created_at timestamptz,
        updated_at timestamptz, deleted_at timestamptz, version integer,
        given bigint, received bigint, entries integer, given_ahead bigint, received_ahead bigint, entries_ahead integer,
        entry_id uuid, party_id uuid, side text, amount_minor bigint, business_date date, entry_note text,
        opening boolean, mode text, cheque_date date, cheque_state text, reverses uuid, entry_created_by uuid,
        entry_created_at timestamptz, entry_updated_at timestamptz, entry_version integer, balance bigint)
    language plpgsql stable security definer rows 50
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
#variable_conflict use_column
declare
    s record;
begin
    select x.account_id, x.business_id into s from tijori_access.scope() x where x.sees_totals;
    return query
    with total as (
        select coalesce(sum(e.amount_minor) filter (where e.side = 'given' and e.business_date <= today), 0)::bigint
                   as given,
               coalesce(sum(e.amount_minor) filter (where e.side = 'received' and e.business_date <= today), 0)::bigint
                   as received,
               (count(*) filter (where e.business_date <= today))::integer as entries,
               coalesce(sum(e.amount_minor) filter (where e.side = 'given' and e.business_date > today), 0)::bigint
                   as given_ahead,
               coalesce(sum(e.amount_minor) filter (where e.side = 'received' and e.business_date > today), 0)::bigint
                   as received_ahead,
               (count(*) filter (where e.business_date > today))::integer as entries_ahead,
               coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end)
                   filter (where (e.business_date, e.id) < (before, before_id)), 0)::bigint as top
          from (select x.id, x.side, x.amount_minor, x.business_date from tijori.entries x
                 where x.account_id = s.account_id and x.business_id = s.business_id and x.party_id = party
                   and x.deleted_at is null
                 order by x.business_date desc, x.id desc) e
    ), page as (
        select e.id, e.party_id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.cheque_date,
               e.cheque_state, e.reverses, e.created_by, e.created_at, e.updated_at, e.version
          from tijori.entries e
         where e.account_id = s.account_id and e.business_id = s.business_id and e.party_id = party
           and e.deleted_at is null and (e.business_date, e.id) < (before, before_id)
         order by e.business_date desc, e.id desc
         limit most
    )
    select p.id, p.kind, p.name, p.phone, p.note, p.created_by, p.created_at, p.updated_at, p.deleted_at, p.version,
           t.given, t.received, t.entries, t.given_ahead, t.received_ahead, t.entries_ahead,
           e.id, e.party_id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.cheque_date,
           e.cheque_state, e.reverses, e.created_by, e.created_at, e.updated_at, e.version,
           t.top - coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end)
               over (order by e.business_date desc, e.id desc rows between unbounded preceding and 1 preceding), 0)::bigint
      from tijori.parties p
     cross join total t
      left join page e on true
     where p.account_id = s.account_id and p.business_id = s.business_id and p.id = party and p.deleted_at is null
     order by e.business_date desc, e.id desc;
end $$;

-- tijori_plans.plan() is as before, with one look-up less.
create or replace function tijori_plans.plan(out plan_id text, out name text, out limits jsonb, out entitlements text[])
    returns record
    language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan
    as $$
declare
    mine constant uuid := tijori_access.account_id();
    at constant timestamptz := tijori_ops.clock(); -- asked once, not once a row
begin
    plan_id := '';
    name := '';
    limits := '{}';
    entitlements := '{}';
    if mine is null then
        return;
    end if;
    select p.id, p.name, p.limits, p.entitlements into plan_id, name, limits, entitlements
      from tijori.accounts a
     cross join lateral tijori_plans.plans_in_force(a.account_id, a.app_id, at) p
     where a.account_id = mine;
    if plan_id is null then
        raise exception 'the account has no plan' using errcode = 'object_not_in_prerequisite_state';
    end if;
end $$;
-- +goose StatementEnd

alter function tijori_access.enter() owner to tijori_guard;
alter function tijori_khata.party_list(bigint, bigint, uuid, integer, date) owner to tijori_guard;
alter function tijori_khata.party_page(uuid, date, uuid, integer, date) owner to tijori_guard;
revoke all on function tijori_access.enter(), tijori_khata.party_list(bigint, bigint, uuid, integer, date),
    tijori_khata.party_page(uuid, date, uuid, integer, date) from public;
grant execute on function tijori_access.enter(), tijori_khata.party_list(bigint, bigint, uuid, integer, date),
    tijori_khata.party_page(uuid, date, uuid, integer, date) to tijori_app;
