-- The schema as PostgreSQL 15 dumps it. Written by: go test ./internal/postgres -run TestSchema -update
CREATE SCHEMA tijori;
ALTER SCHEMA tijori OWNER TO tijori_owner;
CREATE SCHEMA tijori_access;
ALTER SCHEMA tijori_access OWNER TO tijori_owner;
CREATE SCHEMA tijori_credits;
ALTER SCHEMA tijori_credits OWNER TO tijori_owner;
CREATE SCHEMA tijori_khata;
ALTER SCHEMA tijori_khata OWNER TO tijori_owner;
CREATE SCHEMA tijori_ops;
ALTER SCHEMA tijori_ops OWNER TO tijori_owner;
CREATE SCHEMA tijori_plans;
ALTER SCHEMA tijori_plans OWNER TO tijori_owner;
CREATE TYPE tijori_credits.purse AS (
	account_id uuid,
	meter text,
	balance bigint,
	held bigint,
	entries bigint,
	lot_grant uuid,
	lot_left bigint,
	due_at timestamp with time zone,
	outcome text,
	number bigint,
	available bigint,
	captured bigint,
	expires_at timestamp with time zone,
	lots uuid[],
	parts bigint[]
);
ALTER TYPE tijori_credits.purse OWNER TO tijori_owner;
CREATE TYPE tijori_credits.request AS (
	i integer,
	op text,
	account_id uuid,
	credential_id uuid,
	meter text,
	amount bigint,
	key text,
	note text,
	id uuid,
	seconds integer,
	attempt uuid,
	balance bigint,
	held bigint,
	entries bigint,
	lot_grant uuid,
	lot_left bigint,
	due_at timestamp with time zone,
	entry_number bigint,
	entry_meter text,
	entry_amount bigint,
	entry_note text,
	entry_available bigint,
	hold_id uuid,
	hold_meter text,
	hold_status text,
	hold_key text,
	hold_amount bigint,
	hold_note text,
	hold_seconds integer,
	hold_available bigint,
	hold_lots uuid[],
	hold_parts bigint[],
	hold_captured bigint,
	hold_entry bigint,
	hold_left_after bigint,
	hold_expires_at timestamp with time zone,
	hold_attempt uuid
);
ALTER TYPE tijori_credits.request OWNER TO tijori_owner;
CREATE FUNCTION tijori_access.accept_invitation(given_hash bytea, new_member uuid, acceptor uuid) RETURNS TABLE(account_id uuid, business_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    i tijori.invitations;
begin
    select v.* into i from tijori.invitations v
      join tijori.users u on u.id = acceptor and u.email = v.email
     where v.token_hash = given_hash and v.revoked_at is null and v.expires_at > now()
       for update of v;
    if not found then
        return;
    end if;
    if i.accepted_at is null then
        update tijori.invitations v set accepted_at = now() where v.account_id = i.account_id and v.id = i.id;
        insert into tijori.members (account_id, id, user_id, business_id, role)
        values (i.account_id, new_member, acceptor, i.business_id, i.role)
        on conflict on constraint members_once_key do nothing;
    end if;
    return query
    select m.account_id, m.business_id from tijori.members m
     where m.account_id = i.account_id and m.user_id = acceptor and m.business_id is not distinct from i.business_id;
end $$;
ALTER FUNCTION tijori_access.accept_invitation(given_hash bytea, new_member uuid, acceptor uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.account_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
    account uuid := nullif(current_setting('tijori.account', true), '')::uuid;
begin
    if business is null then
        select m.account_id into account
          from tijori.members m
         where m.business_id is null and (m.user_id, m.account_id) = (
               select c.user_id, c.account_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now());
    elsif account is not null then
        perform from tijori.members m
           join tijori.businesses b on b.account_id = account and b.id = business
          where m.account_id = account and (m.business_id is null or m.business_id = business) and m.user_id = (
                select c.user_id from tijori.credentials c
                 where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now());
    end if;
    if found then
        return account;
    end if;
    return (select s.account_id from tijori_access.scope() s);
end $$;
ALTER FUNCTION tijori_access.account_id() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.api_keys() RETURNS TABLE(id uuid, name text, scopes text[], hint text, made_by text, created_at timestamp with time zone, used_at timestamp with time zone, revoked_at timestamp with time zone, live boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    return query
    select c.id, c.name, c.scopes, c.hint, u.name, c.created_at, nullif(c.used_at, c.created_at), c.revoked_at,
           c.revoked_at is null and exists (
               select from tijori.members m join tijori.roles r on r.role = m.role and r.owns
                where m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null)
      from tijori.credentials c
      join tijori.users u on u.id = c.user_id
     where c.account_id = mine and c.kind = 'api_key'
     order by c.revoked_at is not null, c.created_at desc, c.id limit 200;
end $$;
ALTER FUNCTION tijori_access.api_keys() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.app_alone(needed text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    s := tijori_access.app_scope(needed);
    if s.account_id is not null then
        raise exception 'not for a customer' using errcode = '42501';
    end if;
    return s.app_id;
end $$;
ALTER FUNCTION tijori_access.app_alone(needed text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.app_list() RETURNS TABLE(app_id text, name text, mode text, origins text[], created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select p.app_id, p.name, p.mode, p.origins, p.created_at from tijori.apps p order by p.created_at, p.app_id;
end $$;
ALTER FUNCTION tijori_access.app_list() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.app_scope(needed text, OUT app_id text, OUT mode text, OUT key_id uuid, OUT account_id uuid) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    refused text;
begin
    select h.refused, h.app_id, h.mode, h.key_id, h.account_id
      into refused, app_scope.app_id, app_scope.mode, app_scope.key_id, app_scope.account_id
      from tijori_access.holder(decode(coalesce(current_setting('tijori.credential', true), ''), 'hex'),
               coalesce(current_setting('tijori.customer', true), ''),
               coalesce(current_setting('tijori.origin', true), ''), needed) h;
    case refused
        when '' then null;
        when '28000' then raise exception 'no credential' using errcode = '28000';
        when '42501' then raise exception 'the key lacks %', needed using errcode = '42501';
        when 'TJ503' then raise exception 'frozen' using errcode = 'TJ503';
        else raise exception 'not found' using errcode = 'P0002';
    end case;
end $$;
ALTER FUNCTION tijori_access.app_scope(needed text, OUT app_id text, OUT mode text, OUT key_id uuid, OUT account_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.begin_erasing(leaving uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    a tijori.accounts;
    leavers uuid[];
begin
    select v.* into a from tijori.accounts v where v.account_id = leaving for update;
    if not found or a.erase_at is null or a.erase_at > tijori_ops.clock() then
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erasing_at is not null then
        return true;
    end if;
    if tijori_plans.renews(leaving) then
        return false;
    end if;
    update tijori.accounts v set erasing_at = tijori_ops.clock(), name = 'erased', external_id = null
     where v.account_id = leaving;
    select array_agg(distinct m.user_id) into leavers from tijori.members m where m.account_id = leaving;
    delete from tijori.members m where m.account_id = leaving;
    delete from tijori.credentials c where c.account_id = leaving and c.kind = 'api_key';
    perform tijori_access.forget_users(leavers);
    return true;
end $$;
ALTER FUNCTION tijori_access.begin_erasing(leaving uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.belongs(member_id uuid, account uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select exists (select from tijori.members m
                    where m.user_id = member_id and m.account_id = account and m.business_id is null) $$;
ALTER FUNCTION tijori_access.belongs(member_id uuid, account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.business_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
    account uuid := nullif(current_setting('tijori.account', true), '')::uuid;
begin
    if business is null then
        perform from tijori.credentials c
          where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now();
    elsif account is not null then
        perform from tijori.members m
           join tijori.businesses b on b.account_id = account and b.id = business
          where m.account_id = account and (m.business_id is null or m.business_id = business) and m.user_id = (
                select c.user_id from tijori.credentials c
                 where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now());
    end if;
    if found then
        return business;
    end if;
    return (select s.business_id from tijori_access.scope() s);
end $$;
ALTER FUNCTION tijori_access.business_id() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.change_role(member uuid, new_role text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    m tijori.members := tijori_access.lock_member(member);
begin
    if m.role <> new_role and exists (select from tijori.roles r where r.role = new_role and r.owns) then
        perform tijori_access.require_fresh();
    end if;
    if not exists (select from tijori.roles r where r.role = new_role and r.owns) then
        perform tijori_access.keep_owner(m);
        perform tijori_access.end_sent_invitations(m.account_id, m.user_id);
    end if;
    update tijori.members v set role = new_role where v.account_id = m.account_id and v.id = m.id;
end $$;
ALTER FUNCTION tijori_access.change_role(member uuid, new_role text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.check_fresh() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    written constant jsonb := to_jsonb(new);
    maker constant uuid := coalesce(written ->> 'created_by', written ->> 'invited_by')::uuid;
    asking constant bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
begin
    if written ? 'role'
        and not exists (select from tijori.roles r where r.role = written ->> 'role' and r.owns) then
        return null;
    end if;
    if not exists (select from tijori.credentials c
                    where c.user_id = maker and (asking is null or c.hash = asking) and tijori_access.fresh(c.hash)) then
        raise exception 'a fresh proof is needed' using errcode = '42501', constraint = 'step_up';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.check_fresh() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.colleagues() RETURNS TABLE(user_id uuid, name text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    return query
    select distinct u.id, u.name
      from tijori.members m
      join tijori.users u on u.id = m.user_id
     where m.account_id = s.account_id and s.business_id is not null
       and (m.business_id is null or m.business_id = s.business_id);
end $$;
ALTER FUNCTION tijori_access.colleagues() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[], key_hint text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    if not s.owns then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    perform tijori_access.require_fresh();
    perform from tijori.accounts a where a.account_id = s.account_id for no key update;
    if (select count(*) from tijori.credentials c
         where c.account_id = s.account_id and c.kind = 'api_key' and c.revoked_at is null) >= 50 then
        raise exception 'too many keys' using errcode = '23514', constraint = 'api_keys_limit';
    end if;
    insert into tijori.credentials (hash, id, kind, user_id, account_id, name, scopes, hint, expires_at)
    values (key_hash, key_id, 'api_key', s.user_id, s.account_id, key_name, key_scopes, key_hint, 'infinity');
end $$;
ALTER FUNCTION tijori_access.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[], key_hint text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.customer_account(needed text, OUT account uuid, OUT email text, OUT name text, OUT origins text[]) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    account := tijori_access.customer_scope(needed);
    select coalesce(a.email, ''), a.name, p.origins
      into customer_account.email, customer_account.name, customer_account.origins
      from tijori.accounts a join tijori.apps p on p.app_id = a.app_id where a.account_id = account;
end $$;
ALTER FUNCTION tijori_access.customer_account(needed text, OUT account uuid, OUT email text, OUT name text, OUT origins text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.customer_scope(needed text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    account uuid := (select s.account_id from tijori_access.app_scope(needed) s);
begin
    if account is null then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return account;
end $$;
ALTER FUNCTION tijori_access.customer_scope(needed text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.due_erasures() RETURNS TABLE(account_id uuid, begun boolean, told smallint, late boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    today constant timestamptz := tijori_ops.clock();
begin
    return query
    select a.account_id, a.erasing_at is not null, a.told, a.erase_at + interval '1 day' <= today
      from tijori.accounts a
     where a.erase_at <= today and a.erased_at is null
       and (a.erasing_at is not null or not tijori_plans.renews(a.account_id))
     order by a.erase_at, a.account_id limit 100;
end $$;
ALTER FUNCTION tijori_access.due_erasures() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.end_app_tokens() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.apps p set token_generation = p.token_generation + 1
     where p.app_id = current_setting('tijori.app', true);
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
ALTER FUNCTION tijori_access.end_app_tokens() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.end_customer_tokens() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    account constant uuid := tijori_access.customer_scope('customers:write');
begin
    update tijori.accounts a set token_generation = a.token_generation + 1 where a.account_id = account;
end $$;
ALTER FUNCTION tijori_access.end_customer_tokens() OWNER TO tijori_guard;
CREATE TABLE tijori.members (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    business_id uuid,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY tijori.members FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.members OWNER TO tijori_owner;
CREATE FUNCTION tijori_access.end_membership(m tijori.members) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.keep_owner(m);
    delete from tijori.members v where v.account_id = m.account_id and v.id = m.id;
    update tijori.invitations i set revoked_at = now()
     where i.account_id = m.account_id and i.accepted_at is null and i.revoked_at is null
       and i.business_id is not distinct from m.business_id
       and i.email = (select u.email from tijori.users u where u.id = m.user_id);
    if exists (select from tijori.roles r where r.role = m.role and r.owns) then
        perform tijori_access.end_sent_invitations(m.account_id, m.user_id);
    end if;
end $$;
ALTER FUNCTION tijori_access.end_membership(m tijori.members) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.end_sent_invitations(account uuid, sender uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.invitations i set revoked_at = now()
     where i.account_id = account and i.invited_by = sender and i.accepted_at is null and i.revoked_at is null;
end $$;
ALTER FUNCTION tijori_access.end_sent_invitations(account uuid, sender uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.enter(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean, OUT today date, OUT frozen integer) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
ALTER FUNCTION tijori_access.enter(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean, OUT today date, OUT frozen integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.erasable() RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select a.account_id from tijori.accounts a
     where a.erase_at is not null and a.erased_at is null and a.erasing_at is not null
       and a.erase_at <= tijori_ops.clock();
end $$;
ALTER FUNCTION tijori_access.erasable() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.erase_rows(leaving uuid, most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
declare
    a tijori.accounts;
    e record;
    piece integer;
    erased integer;
    n integer := 0;
begin
    select v.* into a from tijori.accounts v where v.account_id = leaving for no key update skip locked;
    if not found then
        if exists (select from tijori.accounts v where v.account_id = leaving) then
            return null;
        end if;
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erasing_at is null or a.erase_at > tijori_ops.clock() or most < 1 then
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erased_at is not null then
        return 0;
    end if;
    for e in select x.table_name, x.weight from tijori.erasures x order by x.step loop
        piece := greatest((most - n) / e.weight, 1);
        execute format('delete from tijori.%1$I x where x.account_id = $1'
                       ' and x.ctid = any (array(select y.ctid from tijori.%1$I y where y.account_id = $1 limit $2))',
                       e.table_name)
          using leaving, piece;
        get diagnostics erased = row_count;
        n := n + erased;
        if erased = piece then -- there may be more, and the tables after this one wait for it
            return n;
        end if;
    end loop;
    if n = 0 then
        update tijori.invoices x set url = '' where x.account_id = leaving;
        update tijori.accounts v set erased_at = tijori_ops.clock() where v.account_id = leaving;
    end if;
    return n;
end $_$;
ALTER FUNCTION tijori_access.erase_rows(leaving uuid, most integer) OWNER TO tijori_guard;
CREATE PROCEDURE tijori_access.erase_with_account(IN tab regclass, IN step integer, IN weight integer DEFAULT 1)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
    verb text;
    policy text;
begin
    insert into tijori.erasures (step, table_name, weight)
    select erase_with_account.step, c.relname, erase_with_account.weight from pg_catalog.pg_class c where c.oid = tab;
    foreach verb in array array['select', 'delete'] loop
        policy := tijori_access.policy_name(tab, verb, 'tijori_guard');
        if not exists (select from pg_catalog.pg_policy p where p.polrelid = tab and p.polname = policy) then
            execute format('create policy %I on %s for %s to tijori_guard'
                           ' using (account_id in (select tijori_access.erasable()))', policy, tab, verb);
        end if;
    end loop;
    if not pg_catalog.has_table_privilege('tijori_guard', tab, 'select') then
        execute format('grant select (account_id, ctid) on %s to tijori_guard', tab);
    end if;
    execute format('grant delete on %s to tijori_guard', tab);
end $$;
ALTER PROCEDURE tijori_access.erase_with_account(IN tab regclass, IN step integer, IN weight integer) OWNER TO tijori_owner;
CREATE FUNCTION tijori_access.forget_email() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.accounts a set email = null where a.account_id = new.account_id and a.email is not null;
    delete from tijori.events e where e.app_id = new.app_id and e.account_id = new.account_id;
    return null;
end $$;
ALTER FUNCTION tijori_access.forget_email() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.forget_me() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    caller uuid := tijori_access.user_id();
    membership uuid;
begin
    for membership in select m.id from tijori.members m where m.user_id = caller order by m.account_id, m.id loop
        perform tijori_access.leave_team(membership);
    end loop;
    perform tijori_access.forget_users(array[caller]);
end $$;
ALTER FUNCTION tijori_access.forget_me() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.forget_origin() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.security_log l set network = '', user_agent = '' where l.user_id = old.id;
    return null;
end $$;
ALTER FUNCTION tijori_access.forget_origin() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.forget_users(candidates uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    alone uuid[];
    addresses text[];
begin
    select array_agg(u.id), array_agg(u.email) into alone, addresses from tijori.users u
     where u.id = any (candidates) and not exists (select from tijori.members m where m.user_id = u.id);
    delete from tijori.credentials c where c.user_id = any (alone);
    delete from tijori.recoveries r where r.user_id = any (alone) or r.email = any (addresses);
    delete from tijori.signups s where s.email = any (addresses);
    update tijori.support_uses s set subject = 'erased'
     where lower(s.subject) = any (addresses)
        or s.question = 'search' and exists (select from unnest(addresses) a (email) where a.email ^@ lower(s.subject));
    delete from tijori.users u where u.id = any (alone);
end $$;
ALTER FUNCTION tijori_access.forget_users(candidates uuid[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.fresh(session bytea) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return exists (
        select from tijori.credentials c join tijori.users u on u.id = c.user_id
         where c.hash = session and c.kind = 'session' and c.revoked_at is null and c.expires_at > now()
           and case when u.two_step then c.strong_at else c.proven_at end > now() - interval '10 minutes');
end $$;
ALTER FUNCTION tijori_access.fresh(session bytea) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.holder(hash bytea, customer text, origin text, needed text, OUT refused text, OUT app_id text, OUT mode text, OUT key_id uuid, OUT account_id uuid) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    k record;
begin
    refused := '';
    select v.app_id, p.mode, v.id, v.kind, v.scopes into k
      from tijori.app_keys v join tijori.apps p on p.app_id = v.app_id
     where v.hash = holder.hash and v.revoked_at is null;
    if found then
        app_id := k.app_id; mode := k.mode; key_id := k.id;
        if needed <> 'plans:read' and not needed = any (k.scopes) then
            refused := '42501';
        elsif customer <> '' then
            select a.account_id into account_id from tijori.accounts a
             where a.app_id = k.app_id and a.external_id = customer and a.erasing_at is null;
            if not found then
                refused := 'P0002';
            end if;
        end if;
    else
        select a.app_id, p.mode, t.id, t.may, a.account_id, a.external_id into k
          from tijori.customer_tokens t
          join tijori.accounts a on a.account_id = t.account_id
          join tijori.apps p on p.app_id = a.app_id
         where t.hash = holder.hash and t.expires_at > now() and t.generation = a.token_generation
           and t.app_generation = p.token_generation and t.origin = holder.origin and a.erasing_at is null
         limit 1;
        if not found then
            refused := '28000';
            return;
        end if;
        app_id := k.app_id; mode := k.mode; key_id := k.id;
        if not (needed in ('plans:read', 'customers:read') or needed = 'billing:write' and k.may = 'pay') then
            refused := '42501';
        elsif customer in ('', k.external_id) then
            account_id := k.account_id;
        else
            refused := 'P0002';
        end if;
    end if;
    if refused = '' and account_id is not null
       and (needed = 'billing:write' and tijori_ops.frozen_customer(account_id, 2)
            or needed = 'credits:spend' and tijori_ops.frozen_customer(account_id, 16)) then
        refused := 'TJ503';
    end if;
end $$;
ALTER FUNCTION tijori_access.holder(hash bytea, customer text, origin text, needed text, OUT refused text, OUT app_id text, OUT mode text, OUT key_id uuid, OUT account_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.home_account(member_id uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select m.account_id from tijori.members m join tijori.roles r on r.role = m.role
     where m.user_id = member_id and m.business_id is null
     order by r.rank, m.created_at, m.account_id
     limit 1 $$;
ALTER FUNCTION tijori_access.home_account(member_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.invitation_by_token(given_hash bytea) RETURNS TABLE(email text, role text, account_name text, business_name text, inviter text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select i.email, i.role, a.name, coalesce(b.name, ''), u.name
      from tijori.invitations i
      join tijori.accounts a on a.account_id = i.account_id
      left join tijori.businesses b on b.account_id = i.account_id and b.id = i.business_id
      join tijori.users u on u.id = i.invited_by
     where i.token_hash = given_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() $$;
ALTER FUNCTION tijori_access.invitation_by_token(given_hash bytea) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.inviter_address(account uuid, invitation uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select u.email from tijori.invitations i join tijori.users u on u.id = i.invited_by
     where i.account_id = account and i.id = invitation $$;
ALTER FUNCTION tijori_access.inviter_address(account uuid, invitation uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.issue_invitation(account uuid, invitation uuid, new_hash bytea, only_first boolean) RETURNS TABLE(email text, role text, account_name text, business_name text, inviter text, locale text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    with issued as (
        update tijori.invitations i set token_hash = new_hash
         where i.account_id = account and i.id = invitation
           and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
           and not (only_first and i.token_hash is not null)
        returning i.*)
    select i.email, i.role, a.name, coalesce(b.name, ''), u.name, coalesce(addressee.locale, u.locale)
      from issued i
      join tijori.accounts a on a.account_id = i.account_id
      left join tijori.businesses b on b.account_id = i.account_id and b.id = i.business_id
      join tijori.users u on u.id = i.invited_by
      left join tijori.users addressee on addressee.email = i.email;
end $$;
ALTER FUNCTION tijori_access.issue_invitation(account uuid, invitation uuid, new_hash bytea, only_first boolean) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.keep_account() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    if mine is null then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    update tijori.accounts a set leaving_at = null, erase_at = null, told = 0
     where a.account_id = mine and a.leaving_at is not null and a.erasing_at is null;
end $$;
ALTER FUNCTION tijori_access.keep_account() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.keep_owner(m tijori.members) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if exists (select from tijori.roles r where r.role = m.role and r.owns)
       and not exists (select from tijori.members v join tijori.roles r on r.role = v.role
                        where v.account_id = m.account_id and r.owns and v.id <> m.id) then
        raise exception 'the last owner stays' using errcode = '23514', constraint = 'members_last_owner';
    end if;
end $$;
ALTER FUNCTION tijori_access.keep_owner(m tijori.members) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.keep_owner_whole() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if exists (select from tijori.roles r where r.role = new.role and r.owns) then
        raise exception 'an owner owns the whole account'
            using errcode = '23514', constraint = tg_table_name || '_owner_check';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.keep_owner_whole() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.key_account(needed text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    k record;
begin
    select c.user_id, c.account_id, c.kind, c.scopes into k
      from tijori.credentials c
     where c.hash = credential and c.revoked_at is null and c.expires_at > now();
    if not found or k.kind <> 'api_key' or not exists (
        select from tijori.members m join tijori.roles r on r.role = m.role and r.owns
         where m.user_id = k.user_id and m.account_id = k.account_id and m.business_id is null) then
        raise exception 'no credential' using errcode = '28000';
    end if;
    if not needed = any (k.scopes) then
        raise exception 'the key lacks %', needed using errcode = '42501';
    end if;
    if exists (select from tijori.freezes f where f.thawed_at is null and f.part = 16
                  and (f.account_id is null or f.account_id = k.account_id)) then
        raise exception 'frozen' using errcode = 'TJ503';
    end if;
    return k.account_id;
end $$;
ALTER FUNCTION tijori_access.key_account(needed text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.keys_of(hashes bytea[]) RETURNS TABLE(hash bytea, key_id uuid, account_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select c.hash, c.id, c.account_id from tijori.credentials c where c.hash = any (hashes) and c.kind = 'api_key'
    union all
    select k.hash, k.id, null from tijori.app_keys k where k.hash = any (hashes)
    union all
    select t.hash, t.id, t.account_id from tijori.customer_tokens t where t.hash = any (hashes) $$;
ALTER FUNCTION tijori_access.keys_of(hashes bytea[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.leave_account(leaving uuid) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    today constant timestamptz := tijori_ops.clock();
    grace constant interval := interval '30 days';
    a tijori.accounts;
begin
    select v.* into a from tijori.accounts v
     where v.account_id = (select s.account_id from tijori_access.scope() s where s.owns) and v.account_id = leaving
       for update;
    if not found or not exists (select from tijori_access.scope() s where s.owns and s.account_id = leaving) then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    if a.leaving_at is not null then
        return a.erase_at;
    end if;
    if tijori_plans.renews(leaving) then
        raise exception 'a subscription renews' using errcode = 'check_violation', constraint = 'accounts_renewing';
    end if;
    update tijori.accounts v set leaving_at = today, erase_at = today + grace, told = 0
     where v.account_id = leaving;
    update tijori.credentials c set revoked_at = now()
     where c.account_id = leaving and c.kind = 'api_key' and c.revoked_at is null;
    update tijori.shares h set revoked_at = now() where h.account_id = leaving and h.revoked_at is null;
    update tijori.invitations i set revoked_at = now()
     where i.account_id = leaving and i.accepted_at is null and i.revoked_at is null;
    return today + grace;
end $$;
ALTER FUNCTION tijori_access.leave_account(leaving uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.leave_portal() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.customer_links v set used_at = now()
      from tijori_access.link_of('session') l where v.account_id = l.account_id and v.id = l.id;
end $$;
ALTER FUNCTION tijori_access.leave_portal() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.leave_team(membership uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    caller uuid := tijori_access.user_id();
    m tijori.members;
begin
    perform from tijori.accounts a join tijori.members v on v.account_id = a.account_id
      where v.user_id = caller and v.id = membership for no key update of a;
    select v.* into m from tijori.members v where v.user_id = caller and v.id = membership;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    perform tijori_access.end_membership(m);
end $$;
ALTER FUNCTION tijori_access.leave_team(membership uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.leaving_letters(leaving uuid, only_user uuid DEFAULT NULL::uuid) RETURNS TABLE(email text, name text, locale text, account_name text, erase_at timestamp with time zone, told smallint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select u.email, u.name, u.locale, a.name, a.erase_at, a.told
      from tijori.accounts a
      join tijori.members m on m.account_id = a.account_id and m.business_id is null
      join tijori.roles r on r.role = m.role and r.owns
      join tijori.users u on u.id = m.user_id
     where a.account_id = leaving and a.leaving_at is not null and a.erasing_at is null
       and (only_user is null or u.id = only_user)
     order by u.id $$;
ALTER FUNCTION tijori_access.leaving_letters(leaving uuid, only_user uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.limit_invitations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    room bigint;
begin
    perform from tijori.accounts a where a.account_id = new.account_id for no key update;
    room := tijori_plans.limit_of(new.account_id, 'members.max');
    if room is null then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'members are counted in read committed only' using errcode = '25001';
    end if;
    if (select count(distinct people.address) from (
        select u.email as address from tijori.members m join tijori.users u on u.id = m.user_id
         where m.account_id = new.account_id
        union all
        select i.email from tijori.invitations i
         where i.account_id = new.account_id and i.accepted_at is null and i.revoked_at is null
           and i.expires_at > now()) people) > room then
        raise exception 'no room for another member'
            using errcode = '23514', constraint = 'plan_member_limit', detail = room::text;
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.limit_invitations() OWNER TO tijori_guard;
CREATE TABLE tijori.customer_links (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    opens text NOT NULL,
    hash bytea NOT NULL,
    back text NOT NULL,
    checkout_id uuid,
    app_generation integer NOT NULL,
    generation integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT customer_links_back_check CHECK (((length(back) >= 8) AND (length(back) <= 2000))),
    CONSTRAINT customer_links_checkout_check CHECK (((opens = 'pay'::text) = (checkout_id IS NOT NULL))),
    CONSTRAINT customer_links_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT customer_links_life_check CHECK ((expires_at <= (created_at +
CASE opens
    WHEN 'pay'::text THEN '2 days'::interval
    WHEN 'link'::text THEN '00:10:00'::interval
    ELSE '00:30:00'::interval
END))),
    CONSTRAINT customer_links_opens_check CHECK ((opens = ANY (ARRAY['pay'::text, 'link'::text, 'session'::text])))
);
ALTER TABLE ONLY tijori.customer_links FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.customer_links OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.customer_links.back IS 'an address of the app, to which the customer is led back';
COMMENT ON COLUMN tijori.customer_links.used_at IS 'when a link was opened, or a session left';
CREATE FUNCTION tijori_access.link_of(wanted text) RETURNS SETOF tijori.customer_links
    LANGUAGE sql STABLE
    AS $$
    select l.* from tijori.customer_links l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id
     where l.hash = decode(coalesce(nullif(current_setting('tijori.credential', true), ''), '00'), 'hex')
       and l.opens = wanted and l.used_at is null and l.expires_at > now() and a.erasing_at is null
       and (l.opens = 'pay' or l.generation = a.token_generation and l.app_generation = p.token_generation)
       and not tijori_ops.frozen_customer(a.account_id, 2)
     limit 1 $$;
ALTER FUNCTION tijori_access.link_of(wanted text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.lock_leaving(account uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform from tijori.accounts a
      where a.account_id = account and a.leaving_at is not null and a.erasing_at is null
        for no key update skip locked;
    return found;
end $$;
ALTER FUNCTION tijori_access.lock_leaving(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.lock_member(member uuid) RETURNS tijori.members
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    owned uuid := (select s.account_id from tijori_access.scope() s where s.owns);
    m tijori.members;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'members are changed in read committed only' using errcode = '25001';
    end if;
    perform from tijori.accounts a where a.account_id = owned for no key update;
    if not found or owned is distinct from (select s.account_id from tijori_access.scope() s where s.owns) then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    select v.* into m from tijori.members v where v.account_id = owned and v.id = member;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return m;
end $$;
ALTER FUNCTION tijori_access.lock_member(member uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_deletion() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.write_log(case when new.leaving_at is null then 'deletion_ended' else 'deletion_begun' end,
        new.account_id, null, null);
    return null;
end $$;
ALTER FUNCTION tijori_access.log_deletion() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_export(what text, more text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    if s.account_id is null or not s.sees_totals or what not in ('data_exported', 'data_taken')
       or what = 'data_taken' and not s.owns then
        raise exception 'not an export' using errcode = '42501';
    end if;
    perform tijori_access.write_log(what, s.account_id, s.user_id, null, more);
end $$;
ALTER FUNCTION tijori_access.log_export(what text, more text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_failures() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    f record;
    n bigint := 0;
begin
    for f in
        with gone as (delete from tijori.sign_in_failures x where x.id in (
                select y.id from tijori.sign_in_failures y order by y.id limit 500 for update skip locked)
            returning x.*)
        select u.id as user_id, m.account_id, g.network, g.user_agent, g.created_at
          from gone g
          join tijori.users u on u.email = g.email
          join tijori.members m on m.user_id = u.id
          join tijori.accounts a on a.account_id = m.account_id and a.erasing_at is null
    loop
        insert into tijori.security_log (account_id, at, kind, about_id, network, user_agent)
        values (f.account_id, f.created_at, 'sign_in_failed', f.user_id, f.network, f.user_agent);
        n := n + 1;
    end loop;
    return n;
end $$;
ALTER FUNCTION tijori_access.log_failures() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_invitation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.write_log(
        case when exists (select from tijori.roles r where r.role = new.role and r.owns)
             then 'owner_invited' else 'member_invited' end,
        new.account_id, new.invited_by, null, new.role);
    return null;
end $$;
ALTER FUNCTION tijori_access.log_invitation() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_key() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.write_log(case when new.revoked_at is null then 'key_made' else 'key_ended' end,
        new.account_id, coalesce((select o.user_id from tijori_access.origin() o), new.user_id), null, new.hint);
    return null;
end $$;
ALTER FUNCTION tijori_access.log_key() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    before_owns boolean := tg_op <> 'INSERT' and exists (
        select from tijori.roles r where r.role = old.role and r.owns);
    after_owns boolean := tg_op <> 'DELETE' and exists (
        select from tijori.roles r where r.role = new.role and r.owns);
    who uuid := coalesce((select o.user_id from tijori_access.origin() o),
        case when tg_op = 'INSERT' then new.user_id end);
begin
    if tg_op = 'INSERT' then
        -- the first owner of an account opens it
        if exists (select from tijori.members m where m.account_id = new.account_id and m.id <> new.id) then
            perform tijori_access.write_log(case when after_owns then 'owner_added' else 'member_added' end,
                new.account_id, who, new.user_id, new.role);
        end if;
    elsif tg_op = 'DELETE' then
        perform tijori_access.write_log(case when before_owns then 'owner_removed' else 'member_removed' end,
            old.account_id, who, old.user_id, old.role);
    elsif new.role <> old.role then
        perform tijori_access.write_log(case when after_owns then 'owner_added' else 'role_changed' end,
            new.account_id, who, new.user_id, new.role);
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.log_member() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_payee() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.write_log('payee_changed', new.account_id, new.created_by, null, new.upi_id);
    return null;
end $$;
ALTER FUNCTION tijori_access.log_payee() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.log_user(what text, whose uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.write_log(what, null, whose, whose);
end $$;
ALTER FUNCTION tijori_access.log_user(what text, whose uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.make_app(new_app text, new_name text, new_mode text, allowed_origins text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.apps (app_id, name, mode, origins) values (new_app, new_name, new_mode, allowed_origins);
    insert into tijori.connections (app_id, connection_id, provider)
    values (new_app, new_app || '-razorpay', 'razorpay'), (new_app, new_app || '-stripe', 'stripe');
end $$;
ALTER FUNCTION tijori_access.make_app(new_app text, new_name text, new_mode text, allowed_origins text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.make_app_key(key_id uuid, key_kind text, key_hash bytea, key_name text, key_scopes text[], key_hint text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
begin
    perform from tijori.apps p where p.app_id = app for no key update;
    if not found or app = 'khata' then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    if (select count(*) from tijori.app_keys k where k.app_id = app and k.revoked_at is null) >= 50 then
        raise exception 'too many keys' using errcode = '23514', constraint = 'api_keys_limit';
    end if;
    insert into tijori.app_keys (app_id, id, kind, hash, name, scopes, hint)
    values (app, key_id, key_kind, key_hash, key_name, key_scopes, key_hint);
end $$;
ALTER FUNCTION tijori_access.make_app_key(key_id uuid, key_kind text, key_hash bytea, key_name text, key_scopes text[], key_hint text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.make_customer_token(token_id uuid, token_hash bytea, token_may text, token_origin text, seconds integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
    p tijori.apps;
    until constant timestamptz := now() + make_interval(secs => seconds);
begin
    s := tijori_access.app_scope('customers:write');
    if s.account_id is null then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    select * into strict p from tijori.apps v where v.app_id = s.app_id;
    if not token_origin = any (p.origins) then
        raise exception 'not an origin of the app' using errcode = '23514', constraint = 'customer_tokens_origin';
    end if;
    delete from tijori.customer_tokens t where t.account_id = s.account_id and t.expires_at < now();
    insert into tijori.customer_tokens (account_id, id, hash, may, origin, app_generation, generation, expires_at)
    select a.account_id, token_id, token_hash, token_may, token_origin, p.token_generation, a.token_generation, until
      from tijori.accounts a where a.account_id = s.account_id;
    return until;
end $$;
ALTER FUNCTION tijori_access.make_customer_token(token_id uuid, token_hash bytea, token_may text, token_origin text, seconds integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.make_pay_link(account uuid, link_id uuid, link_hash bytea, link_back text, checkout uuid, until timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.require_app(account);
    insert into tijori.customer_links (account_id, id, opens, hash, back, checkout_id, app_generation, generation,
                                       expires_at)
    values (account, link_id, 'pay', link_hash, link_back, checkout, 1, 1, least(until, now() + interval '2 days'));
end $$;
ALTER FUNCTION tijori_access.make_pay_link(account uuid, link_id uuid, link_hash bytea, link_back text, checkout uuid, until timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.make_portal_link(link_id uuid, link_hash bytea, link_back text, seconds integer) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    theirs constant uuid := tijori_access.customer_scope('billing:write');
    until constant timestamptz := now() + make_interval(secs => seconds);
begin
    delete from tijori.customer_links l where l.account_id = theirs and l.expires_at < now();
    insert into tijori.customer_links (account_id, id, opens, hash, back, app_generation, generation, expires_at)
    select a.account_id, link_id, 'link', link_hash, link_back, p.token_generation, a.token_generation, until
      from tijori.accounts a join tijori.apps p on p.app_id = a.app_id where a.account_id = theirs;
    return until;
end $$;
ALTER FUNCTION tijori_access.make_portal_link(link_id uuid, link_hash bytea, link_back text, seconds integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.maker() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    everybody constant uuid := '00000000-0000-0000-0000-000000000000';
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
    account uuid := nullif(current_setting('tijori.account', true), '')::uuid;
    maker uuid;
begin
    if business is null then
        select case when r.sees_totals then everybody else m.user_id end into maker
          from tijori.members m
          join tijori.roles r on r.role = m.role
         where m.business_id is null and (m.user_id, m.account_id) = (
               select c.user_id, c.account_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now());
    elsif account is not null then
        select case when r.sees_totals then everybody else m.user_id end into maker
          from tijori.members m
          join tijori.businesses b on b.account_id = account and b.id = business
          join tijori.roles r on r.role = m.role
         where m.account_id = account and (m.business_id is null or m.business_id = business) and m.user_id = (
               select c.user_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now())
         order by r.rank
         limit 1;
    end if;
    if maker is not null then
        return maker;
    end if;
    return (select case when s.sees_totals then everybody else s.user_id end from tijori_access.scope() s);
end $$;
ALTER FUNCTION tijori_access.maker() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.my_businesses() RETURNS TABLE(account_id uuid, account_name text, business_id uuid, business_name text, currency text, role text, time_zone text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    caller uuid := tijori_access.user_id();
begin
    return query
    select distinct on (b.account_id, b.id) b.account_id, a.name, b.id, b.name, b.currency, m.role, b.time_zone
      from tijori.members m
      join tijori.roles r on r.role = m.role
      join tijori.accounts a on a.account_id = m.account_id
      join tijori.businesses b on b.account_id = m.account_id and (m.business_id is null or m.business_id = b.id)
     where m.user_id = caller
     order by b.account_id, b.id, r.rank;
end $$;
ALTER FUNCTION tijori_access.my_businesses() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.my_calls(most integer) RETURNS TABLE(at timestamp with time zone, key_name text, route text, status smallint, took_ms integer, request_id text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine constant uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    if mine is null then
        return;
    end if;
    return query
    select l.at, coalesce(c.name, ''), l.route, l.status, l.took_ms, l.request_id
      from tijori.access_log l
      left join tijori.credentials c on c.account_id = mine and c.id = l.key_id and c.kind = 'api_key'
     where l.account_id = mine and l.key_id is not null and l.at > now() - interval '7 days'
     order by l.at desc limit least(most, 100);
end $$;
ALTER FUNCTION tijori_access.my_calls(most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.my_memberships() RETURNS TABLE(id uuid, account_name text, business_name text, role text, stays boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    caller uuid := tijori_access.user_id();
begin
    return query
    select m.id, a.name, coalesce(b.name, ''), m.role,
           r.owns and not exists (select from tijori.members o join tijori.roles p on p.role = o.role
                                   where o.account_id = m.account_id and p.owns and o.id <> m.id)
      from tijori.members m
      join tijori.roles r on r.role = m.role
      join tijori.accounts a on a.account_id = m.account_id
      left join tijori.businesses b on b.account_id = m.account_id and b.id = m.business_id
     where m.user_id = caller
     order by m.created_at, m.id;
end $$;
ALTER FUNCTION tijori_access.my_memberships() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.open_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text DEFAULT 'khata'::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.accounts (account_id, app_id, name, currency) values (new_account, app, title, money);
    insert into tijori.businesses (account_id, id, name, currency) values (new_account, new_business, title, money);
    insert into tijori.members (account_id, id, user_id, role)
    select new_account, new_member, owner_id, r.role from tijori.roles r where r.owns order by r.rank limit 1;
end $$;
ALTER FUNCTION tijori_access.open_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.open_own_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text DEFAULT 'khata'::text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    owned uuid;
begin
    perform from tijori.users u where u.id = owner_id for no key update;
    select m.account_id into owned
      from tijori.members m
      join tijori.roles r on r.role = m.role and r.owns
      join tijori.accounts a on a.account_id = m.account_id and a.app_id = app
     where m.user_id = owner_id
     order by m.created_at
     limit 1;
    if found then
        return owned;
    end if;
    perform tijori_access.open_account(owner_id, new_account, new_business, new_member, title, money, app);
    return new_account;
end $$;
ALTER FUNCTION tijori_access.open_own_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.open_portal(session_id uuid, session_hash bytea, seconds integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    l tijori.customer_links;
begin
    select * into l from tijori_access.link_of('link');
    update tijori.customer_links v set used_at = now()
     where v.account_id = l.account_id and v.id = l.id and v.used_at is null;
    if not found then
        return false;
    end if;
    insert into tijori.customer_links (account_id, id, opens, hash, back, app_generation, generation, expires_at)
    values (l.account_id, session_id, 'session', session_hash, l.back, l.app_generation, l.generation,
            now() + make_interval(secs => seconds));
    return true;
end $$;
ALTER FUNCTION tijori_access.open_portal(session_id uuid, session_hash bytea, seconds integer) OWNER TO tijori_guard;
CREATE PROCEDURE tijori_access.open_to(IN tab regclass, IN role_name text, VARIADIC verbs text[])
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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
ALTER PROCEDURE tijori_access.open_to(IN tab regclass, IN role_name text, VARIADIC verbs text[]) OWNER TO tijori_owner;
CREATE PROCEDURE tijori_access.open_to_app(IN tab regclass, IN verb text, IN whose text, IN may text, IN narrowed boolean DEFAULT false, IN until interval DEFAULT NULL::interval)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
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
    if verb = 'select' then
        truth := format('(%s) = (select %s from tijori_access.scope() s)', columns,
            replace(truths, 's.account_id', format('case when %s then s.account_id end as account_id', its_right)));
    elsif whose = 'itself' then -- a sub-select that read the row's id would be made for each row
        truth := format('(account_id, true) = (select s.account_id, %s from tijori_access.scope() s)', its_right);
    else
        truth := format('(%s, true) = (select %s, %s from tijori_access.scope() s)', columns, truths, its_right);
    end if;
    if whose = 'itself' and verb <> 'insert' then
        truth := truth || ' and id = coalesce((select tijori_access.business_id()), id)';
    end if;
    execute format('create policy %I on %s for %s to tijori_app %s',
        tijori_access.policy_name(tab, verb, 'tijori_app'), tab, verb,
        case verb when 'select' then format('using (%s%s and %s)', first, hint, truth)
                  when 'insert' then format('with check (%s)', truth)
                  else format('using (%1$s) with check (%1$s)', truth) end);
end $_$;
ALTER PROCEDURE tijori_access.open_to_app(IN tab regclass, IN verb text, IN whose text, IN may text, IN narrowed boolean, IN until interval) OWNER TO tijori_owner;
CREATE PROCEDURE tijori_access.open_to_billing(IN tab regclass, VARIADIC verbs text[])
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
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
end $_$;
ALTER PROCEDURE tijori_access.open_to_billing(IN tab regclass, VARIADIC verbs text[]) OWNER TO tijori_owner;
CREATE FUNCTION tijori_access.origin(OUT user_id uuid, OUT network text, OUT user_agent text) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    select c.user_id, c.network, c.user_agent into origin.user_id, origin.network, origin.user_agent
      from tijori.credentials c
     where c.hash = decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    if coalesce(current_setting('tijori.network', true), '') <> '' then
        network := left(current_setting('tijori.network', true), 64);
        user_agent := left(current_setting('tijori.user_agent', true), 300);
    end if;
    network := coalesce(network, '');
    user_agent := coalesce(user_agent, '');
end $$;
ALTER FUNCTION tijori_access.origin(OUT user_id uuid, OUT network text, OUT user_agent text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.pending_link(wanted text) RETURNS TABLE(app_id text, app_name text, account uuid, name text, back text, checkout uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select a.app_id, p.name, a.account_id, a.name, l.back, l.checkout_id
      from tijori_access.link_of(case when wanted = 'pay' then 'pay' else 'link' end) l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id $$;
ALTER FUNCTION tijori_access.pending_link(wanted text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.policy_name(tab regclass, verb text, role_name text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
    select c.relname || '_' || verb || '_' || regexp_replace(role_name, '^.*_', '')
      from pg_catalog.pg_class c where c.oid = tab
$$;
ALTER FUNCTION tijori_access.policy_name(tab regclass, verb text, role_name text) OWNER TO tijori_owner;
CREATE FUNCTION tijori_access.proof(OUT strong boolean, OUT two_step boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    caller uuid := tijori_access.user_id();
begin
    select c.strong_at is not null, u.two_step into proof.strong, proof.two_step
      from tijori.credentials c join tijori.users u on u.id = c.user_id
     where c.hash = decode(nullif(current_setting('tijori.credential', true), ''), 'hex') and c.user_id = caller;
end $$;
ALTER FUNCTION tijori_access.proof(OUT strong boolean, OUT two_step boolean) OWNER TO tijori_guard;
CREATE PROCEDURE tijori_access.protect(IN tab regclass)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    execute format('alter table %s enable row level security', tab);
    execute format('alter table %s force row level security', tab);
    call tijori_access.open_to(tab, 'tijori_backup', 'select');
    execute format('grant select on %s to tijori_backup', tab);
end $$;
ALTER PROCEDURE tijori_access.protect(IN tab regclass) OWNER TO tijori_owner;
CREATE FUNCTION tijori_access.refuse_demonstration() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if new.email like '%@demo.example' then
        perform from tijori.service_clock c where c.simulated for share;
        if not found then
            raise exception 'the demonstration exists where payments are simulated'
                using errcode = 'check_violation', constraint = 'users_demonstration_check';
        end if;
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.refuse_demonstration() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.refuse_leaving() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    leaving boolean;
begin
    select a.leaving_at is not null into leaving from tijori.accounts a
     where a.account_id = new.account_id for key share;
    if leaving then
        raise exception 'the account is leaving' using errcode = 'check_violation', constraint = 'accounts_leaving';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.refuse_leaving() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.refuse_reserved_address() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if exists (select from tijori.email_changes e
                where e.old_email = new.email and e.user_id <> new.id
                  and e.done_at is not null and e.ended_at is null and e.back_until > now()) then
        raise exception 'the address is kept for its former user'
            using errcode = '23505', constraint = 'users_email_key';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.refuse_reserved_address() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.refuse_to_keep_demonstration() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if old.simulated and not new.simulated
        and exists (select from tijori.users u where u.email like '%@demo.example') then
        raise exception 'the demonstration account is in this database'
            using errcode = 'check_violation', constraint = 'service_clock_demonstration_check';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_access.refuse_to_keep_demonstration() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.remove_member(member uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.end_membership(tijori_access.lock_member(member));
end $$;
ALTER FUNCTION tijori_access.remove_member(member uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.require_app(account uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if not exists (select from tijori.accounts a
                    where a.account_id = account and a.app_id = current_setting('tijori.app', true)) then
        raise exception 'not an account of this app' using errcode = '42501';
    end if;
end $$;
ALTER FUNCTION tijori_access.require_app(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.require_fresh() RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    caller uuid := tijori_access.user_id();
begin
    if caller is null
        or not tijori_access.fresh(decode(nullif(current_setting('tijori.credential', true), ''), 'hex')) then
        raise exception 'a fresh proof is needed' using errcode = '42501', constraint = 'step_up';
    end if;
end $$;
ALTER FUNCTION tijori_access.require_fresh() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.revoke_api_key(key_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    if not s.owns then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    update tijori.credentials c set revoked_at = coalesce(c.revoked_at, now())
     where c.account_id = s.account_id and c.id = key_id and c.kind = 'api_key';
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
ALTER FUNCTION tijori_access.revoke_api_key(key_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.revoke_app_key(key_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.app_keys k set revoked_at = coalesce(k.revoked_at, now())
     where k.app_id = current_setting('tijori.app', true) and k.id = key_id;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
ALTER FUNCTION tijori_access.revoke_app_key(key_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.role() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$ begin return (select s.role from tijori_access.scope() s); end $$;
ALTER FUNCTION tijori_access.role() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.scope(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
    account uuid := nullif(current_setting('tijori.account', true), '')::uuid;
begin
    if credential is null then
        raise exception 'no credential' using errcode = '28000';
    end if;
    if business is null then
        select m.user_id, m.account_id, m.role, r.sees_totals, r.adds_entries, r.runs_khata, r.owns
          into scope.user_id, scope.account_id, scope.role,
               scope.sees_totals, scope.adds_entries, scope.runs_khata, scope.owns
          from tijori.members m
          join tijori.roles r on r.role = m.role
         where m.business_id is null and (m.user_id, m.account_id) = (
               select c.user_id, c.account_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now());
        if not found then
            select c.user_id, '', false, false, false, false
              into scope.user_id, scope.role,
                   scope.sees_totals, scope.adds_entries, scope.runs_khata, scope.owns
              from tijori.credentials c
             where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now();
        end if;
        if not found then
            raise exception 'no credential' using errcode = '28000';
        end if;
        return;
    end if;
    if account is not null then
        select m.user_id, b.account_id, b.id, m.role, r.sees_totals, r.adds_entries, r.runs_khata, r.owns
          into scope.user_id, scope.account_id, scope.business_id, scope.role,
               scope.sees_totals, scope.adds_entries, scope.runs_khata, scope.owns
          from tijori.members m
          join tijori.businesses b on b.account_id = account and b.id = business
          join tijori.roles r on r.role = m.role
         where m.account_id = account and (m.business_id is null or m.business_id = business) and m.user_id = (
               select c.user_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now())
         order by r.rank
         limit 1;
        if found then
            return;
        end if;
    end if;
    -- Clients choose the ids of businesses: should two accounts of the user hold the same one, the elder keeps it.
    select m.user_id, m.account_id, business, m.role, r.sees_totals, r.adds_entries, r.runs_khata, r.owns
      into scope.user_id, scope.account_id, scope.business_id, scope.role,
           scope.sees_totals, scope.adds_entries, scope.runs_khata, scope.owns
      from tijori.members m
     cross join lateral (
           select x.account_id, x.created_at from tijori.businesses x
            where x.account_id = m.account_id and x.id = business offset 0) b
      join tijori.roles r on r.role = m.role
     where (m.business_id is null or m.business_id = business) and m.user_id = (
           select c.user_id from tijori.credentials c
            where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now())
     order by b.created_at, b.account_id, r.rank
     limit 1;
    if not found then
        perform from tijori.credentials c
          where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now();
        if not found then
            raise exception 'no credential' using errcode = '28000';
        end if;
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
ALTER FUNCTION tijori_access.scope(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.security_log(before timestamp with time zone, before_id uuid, most integer) RETURNS TABLE(id uuid, at timestamp with time zone, kind text, who text, about text, detail text, network text, user_agent text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    return query
    select l.id, l.at, l.kind, coalesce(u.email, ''), coalesce(a.email, ''), l.detail, l.network, l.user_agent
      from tijori.security_log l
      left join tijori.users u on u.id = l.user_id
      left join tijori.users a on a.id = l.about_id
     where l.account_id = mine and (before is null or (l.at, l.id) < (before, before_id))
     order by l.at desc, l.id desc
     limit least(most, 100000);
end $$;
ALTER FUNCTION tijori_access.security_log(before timestamp with time zone, before_id uuid, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.set_app_origins(allowed_origins text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.apps p set origins = allowed_origins where p.app_id = current_setting('tijori.app', true);
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
ALTER FUNCTION tijori_access.set_app_origins(allowed_origins text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.team() RETURNS TABLE(id uuid, user_id uuid, name text, email text, business_id uuid, business_name text, role text, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    return query
    select m.id, m.user_id, u.name, u.email, m.business_id, coalesce(b.name, ''), m.role, m.created_at
      from tijori.members m
      join tijori.users u on u.id = m.user_id
      left join tijori.businesses b on b.account_id = m.account_id and b.id = m.business_id
     where m.account_id = mine
     order by m.created_at, m.id;
end $$;
ALTER FUNCTION tijori_access.team() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.tell_leaving(only_account uuid DEFAULT NULL::uuid) RETURNS TABLE(account_id uuid, user_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    last_days constant interval := interval '3 days';
begin
    return query
    with due as (
        select a.account_id from tijori.accounts a
         where a.erase_at is not null and a.erased_at is null and a.erasing_at is null
           and a.erase_at > tijori_ops.clock()
           and (a.told = 0 or a.told = 1 and a.erase_at - last_days <= tijori_ops.clock())
           and (only_account is null or a.account_id = only_account)
         order by a.account_id limit 100 for no key update skip locked
    ), told as (
        update tijori.accounts a
           set told = case when a.erase_at - last_days <= tijori_ops.clock() then 2 else 1 end
          from due where a.account_id = due.account_id
        returning a.account_id
    )
    select t.account_id, m.user_id from told t
      join tijori.members m on m.account_id = t.account_id and m.business_id is null
      join tijori.roles r on r.role = m.role and r.owns;
end $$;
ALTER FUNCTION tijori_access.tell_leaving(only_account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.told_erasure(leaving uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.accounts a set told = 3
     where a.account_id = leaving and a.leaving_at is not null and a.erasing_at is null;
end $$;
ALTER FUNCTION tijori_access.told_erasure(leaving uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.try_app(needed text, OUT refused text, OUT app_id text) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    select h.refused, h.app_id into try_app.refused, try_app.app_id
      from tijori_access.holder(decode(coalesce(current_setting('tijori.credential', true), ''), 'hex'), '',
               coalesce(current_setting('tijori.origin', true), ''), needed) h;
end $$;
ALTER FUNCTION tijori_access.try_app(needed text, OUT refused text, OUT app_id text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.try_key(needed text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.key_account(needed);
    return '';
exception
    when sqlstate '28000' then return '28000';
    when sqlstate '42501' then return '42501';
    when sqlstate 'TJ503' then return 'TJ503';
end $$;
ALTER FUNCTION tijori_access.try_key(needed text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.try_scope(OUT refused text, OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    select s.user_id, s.account_id, s.business_id, s.role, s.sees_totals, s.adds_entries, s.runs_khata, s.owns
      into try_scope.user_id, try_scope.account_id, try_scope.business_id, try_scope.role,
           try_scope.sees_totals, try_scope.adds_entries, try_scope.runs_khata, try_scope.owns
      from tijori_access.scope() s;
exception
    when sqlstate '28000' then refused := '28000';
    when sqlstate 'P0002' then refused := 'P0002';
end $$;
ALTER FUNCTION tijori_access.try_scope(OUT refused text, OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.unmailed_invitations(min_age interval) RETURNS TABLE(account_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select i.account_id, i.id from tijori.invitations i
     where i.token_hash is null and i.accepted_at is null and i.revoked_at is null
       and i.expires_at > now() and i.created_at < now() - min_age
     order by i.created_at limit 100 $$;
ALTER FUNCTION tijori_access.unmailed_invitations(min_age interval) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.user_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
    account uuid := nullif(current_setting('tijori.account', true), '')::uuid;
    caller uuid;
begin
    if business is null then
        select c.user_id into caller
          from tijori.credentials c
         where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now();
    elsif account is not null then
        select m.user_id into caller
          from tijori.members m
          join tijori.businesses b on b.account_id = account and b.id = business
         where m.account_id = account and (m.business_id is null or m.business_id = business) and m.user_id = (
               select c.user_id from tijori.credentials c
                where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now());
    end if;
    if caller is not null then
        return caller;
    end if;
    return (select s.user_id from tijori_access.scope() s);
end $$;
ALTER FUNCTION tijori_access.user_id() OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.whoami(OUT user_id uuid, OUT name text, OUT email text, OUT locale text, OUT seen_at timestamp with time zone, OUT account_id uuid, OUT account_name text, OUT account_currency text, OUT plan text, OUT role text, OUT business_id uuid, OUT business_name text, OUT business_currency text, OUT business_time_zone text, OUT erase_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    select u.id, u.name, u.email, u.locale, c.used_at,
           a.account_id, coalesce(a.name, ''), coalesce(a.currency, ''),
           case when a.account_id is null then '' else tijori_plans.plan_of(a.account_id) end, s.role,
           b.id, coalesce(b.name, ''), coalesce(b.currency, ''), coalesce(b.time_zone, ''), a.erase_at
      into whoami.user_id, whoami.name, whoami.email, whoami.locale, whoami.seen_at,
           whoami.account_id, whoami.account_name, whoami.account_currency, whoami.plan, whoami.role,
           whoami.business_id, whoami.business_name, whoami.business_currency, whoami.business_time_zone,
           whoami.erase_at
      from tijori.credentials c
      join tijori.users u on u.id = c.user_id
      left join tijori.accounts a on a.account_id = s.account_id
      left join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
     where c.hash = decode(current_setting('tijori.credential', true), 'hex');
end $$;
ALTER FUNCTION tijori_access.whoami(OUT user_id uuid, OUT name text, OUT email text, OUT locale text, OUT seen_at timestamp with time zone, OUT account_id uuid, OUT account_name text, OUT account_currency text, OUT plan text, OUT role text, OUT business_id uuid, OUT business_name text, OUT business_currency text, OUT business_time_zone text, OUT erase_at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_access.write_log(what text, account uuid, actor uuid, about uuid, more text DEFAULT ''::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    o record;
    heard text := (select k.tells from tijori.security_kinds k where k.kind = what);
    place uuid;
begin
    select * into o from tijori_access.origin();
    for place in
        select a.account_id from tijori.accounts a
         where a.erasing_at is null and (a.account_id = account or account is null
           and a.account_id in (select m.account_id from tijori.members m where m.user_id = coalesce(about, actor)))
    loop
        delete from tijori.security_log l
         where l.account_id = place and l.at < now() - interval '365 days';
        insert into tijori.security_log (account_id, kind, user_id, about_id, detail, network, user_agent)
        values (place, what, coalesce(actor, o.user_id), about, left(more, 200), o.network, o.user_agent);
    end loop;
    if heard = 'nobody' or account is not null and not found then
        return;
    end if;
    insert into tijori.notices (user_id, kind, account_id, actor_id, network, user_agent)
    select distinct u.id, what, account, coalesce(actor, o.user_id), o.network, o.user_agent
      from tijori.users u
     where u.id = about
        or heard = 'owners' and u.id in (select m.user_id from tijori.members m
                                           join tijori.roles r on r.role = m.role and r.owns
                                          where m.account_id = account);
end $$;
ALTER FUNCTION tijori_access.write_log(what text, account uuid, actor uuid, about uuid, more text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.burn(p tijori_credits.purse, credits bigint) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
declare
    rest bigint := credits;
    part bigint;
begin
    p.lots := '{}';
    p.parts := '{}';
    loop
        part := least(rest, p.lot_left);
        if part > 0 then
            p.lots := p.lots || p.lot_grant;
            p.parts := p.parts || part;
            p.lot_left := p.lot_left - part;
            rest := rest - part;
        end if;
        exit when rest = 0;
        select t.grant_id, t.lot_left into p.lot_grant, p.lot_left
          from tijori_credits.take_lot(p.account_id, p.meter) t;
        if p.lot_grant is null then
            raise exception 'the lots of account % do not add up to its balance', p.account_id;
        end if;
    end loop;
    return p;
end $$;
ALTER FUNCTION tijori_credits.burn(p tijori_credits.purse, credits bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.capture(p tijori_credits.purse, r tijori_credits.request) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
declare
    part bigint := case when r.amount = 0 then r.hold_amount else r.amount end;
begin
    if r.hold_id is null then
        p.outcome := 'not_found';
    elsif r.hold_status = 'captured' then
        p.outcome := case when part = r.hold_captured then 'repeated' else 'conflict' end;
        p.number := r.hold_entry;
        p.captured := r.hold_captured;
        p.available := r.hold_left_after;
    elsif r.hold_status <> 'open' then
        p.outcome := 'gone';
        p.available := coalesce(r.hold_left_after, p.balance - p.held);
    elsif part > r.hold_amount then
        p.outcome := 'too_much';
        p.available := p.balance - p.held;
    else
        p := tijori_credits.give_back(p, r, r.hold_amount - part);
        p.balance := p.balance - part;
        p.entries := p.entries + 1;
        p.number := p.entries;
        p.captured := part;
        p.available := p.balance - p.held;
        p.outcome := 'ok';
    end if;
    return p;
end $$;
ALTER FUNCTION tijori_credits.capture(p tijori_credits.purse, r tijori_credits.request) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.consume(p tijori_credits.purse, r tijori_credits.request) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
begin
    if r.entry_number is not null then
        p.outcome := case when r.entry_meter = r.meter and r.entry_amount = -r.amount and r.entry_note = r.note
                          then 'repeated' else 'conflict' end;
        p.number := r.entry_number;
        p.available := r.entry_available;
        return p;
    end if;
    if p.balance - p.held < r.amount then
        p.outcome := 'insufficient';
    else
        if r.amount <= p.lot_left then
            p.lot_left := p.lot_left - r.amount;
        else
            p := tijori_credits.burn(p, r.amount);
        end if;
        p.balance := p.balance - r.amount;
        p.entries := p.entries + 1;
        p.number := p.entries;
        p.outcome := 'ok';
    end if;
    p.available := p.balance - p.held;
    return p;
end $$;
ALTER FUNCTION tijori_credits.consume(p tijori_credits.purse, r tijori_credits.request) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.credits_now(account uuid, unit text, OUT available bigint, OUT held bigint) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
declare
    at timestamptz := tijori_ops.clock();
    due timestamptz;
    lapsed bigint;
    stuck bigint;
begin
    select c.balance - c.held, c.held, c.due_at into credits_now.available, credits_now.held, due
      from tijori.credit_balances c where c.account_id = account and c.meter = unit;
    if not found or due > at then
        return;
    end if;
    -- Holds that have ended come back, but for the parts whose grant has ended or whose credits are to be taken back;
    -- those are gone, as is what is left of lots that have ended.
    select coalesce(sum(h.amount), 0) into stuck from tijori.credit_holds h
     where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at;
    select coalesce(sum(x.n), 0) into lapsed from (
        select w.lot_left as n from tijori.credit_lots w
         where w.account_id = account and w.meter = unit and w.expires_at <= at
        union all
        select c.lot_left from tijori.credit_balances c
          join tijori.credit_grants g on g.account_id = c.account_id and g.id = c.lot_grant
         where c.account_id = account and c.meter = unit and g.expires_at <= at
        union all
        select p.part from tijori.credit_holds h cross join unnest(h.lots, h.parts) p(lot, part)
          join tijori.credit_grants g on g.account_id = h.account_id and g.id = p.lot
         where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at
           and g.expires_at <= at
        union all
        select least(sum(p.part), min(r.total - r.taken))
          from tijori.credit_holds h cross join unnest(h.lots, h.parts) p(lot, part)
          join tijori.credit_grants g on g.account_id = h.account_id and g.id = p.lot and g.expires_at > at
          join tijori.credit_reclaims r
            on r.account_id = h.account_id and r.meter = h.meter and r.grant_id = p.lot and r.taken < r.total
         where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at
         group by p.lot) x;
    credits_now.held := credits_now.held - stuck;
    credits_now.available := credits_now.available + stuck - lapsed;
end $$;
ALTER FUNCTION tijori_credits.credits_now(account uuid, unit text, OUT available bigint, OUT held bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.credits_of(account uuid) RETURNS TABLE(meter text, name text, available bigint, held bigint, next_at timestamp with time zone, next_amount bigint)
    LANGUAGE plpgsql STABLE
    AS $$
begin
    return query
    select m.id, m.name, coalesce(v.available, 0), coalesce(v.held, 0), c.next_at, c.next_amount
      from tijori.accounts a
      join tijori.meters m on m.app_id = a.app_id
      left join lateral tijori_credits.credits_now(a.account_id, m.id) v on true
      left join tijori.credit_calendars c on c.account_id = a.account_id and c.meter = m.id
     where a.account_id = account
     order by m.id;
end $$;
ALTER FUNCTION tijori_credits.credits_of(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.customer_entries(unit text, before bigint, most integer) RETURNS TABLE(number bigint, kind text, amount bigint, balance bigint, key text, note text, grant_id uuid, hold_id uuid, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    theirs constant uuid := tijori_access.customer_scope('customers:read');
begin
    return query
    select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
      from tijori.credit_entries e
     where e.account_id = theirs and e.meter = unit and e.number < before
     order by e.number desc limit least(most, 200);
end $$;
ALTER FUNCTION tijori_credits.customer_entries(unit text, before bigint, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.give_back(p tijori_credits.purse, r tijori_credits.request, credits bigint) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
declare
    rest bigint := credits;
    part bigint;
begin
    p.held := p.held - r.hold_amount;
    for j in reverse cardinality(r.hold_lots) .. 1 loop
        exit when rest = 0;
        part := least(rest, r.hold_parts[j]);
        rest := rest - part;
        if r.hold_lots[j] = p.lot_grant then
            p.lot_left := p.lot_left + part;
        else
            perform tijori_credits.return_credits(p.account_id, p.meter, array[r.hold_lots[j]], array[part], part);
            p.due_at := '-infinity';
        end if;
    end loop;
    return p;
end $$;
ALTER FUNCTION tijori_credits.give_back(p tijori_credits.purse, r tijori_credits.request, credits bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint, burn integer, until timestamp with time zone, once text, why text, who text, from_source text, of_period integer, to_level bigint, at timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    b tijori.credit_balances;
    g record;
begin
    perform tijori_access.require_app(account);
    insert into tijori.credit_balances (account_id, meter, app_id)
    select a.account_id, unit, a.app_id from tijori.accounts a where a.account_id = account
    on conflict on constraint credit_balances_pkey do nothing;
    -- All of the account's rows: a key is used once, whatever the meter. The lock comes before the look.
    perform from tijori.credit_balances c where c.account_id = account order by c.meter for update;
    select c.id, c.meter, c.kind, c.amount into g
      from tijori.credit_grants c where c.account_id = account and c.key = once;
    if found then
        if (g.meter, g.kind, g.amount) is distinct from (unit, sort, credits) then
            raise exception 'another grant has this key' using errcode = '23505', constraint = 'credit_grants_key';
        end if;
        return g.id;
    end if;
    insert into tijori.credit_grants (account_id, id, meter, kind, amount, priority, expires_at, key, reason,
                                      granted_by, source, period, level, created_at)
    values (account, new_id, unit, sort, credits, burn, until, once, why, who, from_source, of_period, to_level, at);
    insert into tijori.credit_lots (account_id, meter, grant_id, priority, expires_at, lot_left)
    values (account, unit, new_id, burn, until, credits);
    update tijori.credit_balances c
       set balance = c.balance + credits, entries = c.entries + 1, due_at = '-infinity'
     where c.account_id = account and c.meter = unit
    returning * into b;
    insert into tijori.credit_entries
        (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
    values (account, unit, b.entries, sort, credits, b.balance, b.held, why, new_id, at);
    perform tijori_credits.settle_credits(account, unit, at);
    return new_id;
end $$;
ALTER FUNCTION tijori_credits.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint, burn integer, until timestamp with time zone, once text, why text, who text, from_source text, of_period integer, to_level bigint, at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.hold(p tijori_credits.purse, r tijori_credits.request, at timestamp with time zone) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
begin
    if r.hold_id is not null then
        p.outcome := case when (r.hold_meter, r.hold_amount, r.hold_note, r.hold_seconds, r.hold_key)
                               is distinct from (r.meter, r.amount, r.note, r.seconds, r.key) then 'conflict'
                          when r.hold_status <> 'open' then r.hold_status
                          when r.hold_attempt is distinct from r.attempt then 'held'
                          else 'repeated' end;
        p.captured := r.hold_captured;
        p.available := r.hold_available;
        return p;
    end if;
    if p.balance - p.held < r.amount then
        p.outcome := 'insufficient';
    else
        p := tijori_credits.burn(p, r.amount);
        p.held := p.held + r.amount;
        p.expires_at := at + make_interval(secs => r.seconds);
        p.due_at := least(p.due_at, p.expires_at);
        p.outcome := 'ok';
    end if;
    p.available := p.balance - p.held;
    return p;
end $$;
ALTER FUNCTION tijori_credits.hold(p tijori_credits.purse, r tijori_credits.request, at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.my_credit_entries(unit text, before bigint, most integer) RETURNS TABLE(number bigint, kind text, amount bigint, balance bigint, key text, note text, grant_id uuid, hold_id uuid, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine uuid := tijori_access.key_account('credits:read');
begin
    return query
    select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
      from tijori.credit_entries e
     where e.account_id = mine and e.meter = unit and e.number < before
     order by e.number desc limit least(most, 200);
end $$;
ALTER FUNCTION tijori_credits.my_credit_entries(unit text, before bigint, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.my_credits() RETURNS TABLE(meter text, name text, available bigint, held bigint, next_at timestamp with time zone, next_amount bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select * from tijori_credits.credits_of(tijori_access.key_account('credits:read'));
end $$;
ALTER FUNCTION tijori_credits.my_credits() OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.my_credits_left() RETURNS TABLE(meter text, name text, available bigint, held bigint, next_at timestamp with time zone, next_amount bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select * from tijori_credits.credits_of((select s.account_id from tijori_access.scope() s where s.owns));
end $$;
ALTER FUNCTION tijori_credits.my_credits_left() OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.note_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.calendar_changes (account_id, app_id) values (new.account_id, new.app_id);
    return null;
end $$;
ALTER FUNCTION tijori_credits.note_change() OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.open_calendars() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if tg_table_name = 'accounts' then
        insert into tijori.credit_calendars (account_id, app_id, meter, worked_to, due_at)
        select a.account_id, a.app_id, m.id, a.created_at, '-infinity'
          from added a
          join tijori.meters m on m.app_id = a.app_id
         where a.erasing_at is null;
    else
        insert into tijori.credit_calendars (account_id, app_id, meter, worked_to, due_at)
        select a.account_id, a.app_id, m.id, tijori_ops.clock(), '-infinity'
          from added m
          join tijori.accounts a on a.app_id = m.app_id
         where a.erasing_at is null;
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_credits.open_calendars() OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.release(p tijori_credits.purse, r tijori_credits.request) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
begin
    if r.hold_id is null then
        p.outcome := 'not_found';
    elsif r.hold_status = 'captured' then
        p.outcome := 'conflict';
        p.number := r.hold_entry;
        p.captured := r.hold_captured;
        p.available := r.hold_left_after;
    elsif r.hold_status <> 'open' then
        p.outcome := 'repeated';
        p.available := coalesce(r.hold_left_after, p.balance - p.held);
    else
        p := tijori_credits.give_back(p, r, r.hold_amount);
        p.available := p.balance - p.held;
        p.outcome := 'ok';
    end if;
    return p;
end $$;
ALTER FUNCTION tijori_credits.release(p tijori_credits.purse, r tijori_credits.request) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.return_credits(account uuid, unit text, lots uuid[], parts bigint[], total bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    rest bigint := total;
    part bigint;
begin
    for i in reverse cardinality(lots) .. 1 loop
        exit when rest = 0;
        part := least(rest, parts[i]);
        rest := rest - part;
        insert into tijori.credit_lots as w (account_id, meter, grant_id, priority, expires_at, lot_left)
        select g.account_id, g.meter, g.id, g.priority, g.expires_at, part
          from tijori.credit_grants g where g.account_id = account and g.id = lots[i]
        on conflict on constraint credit_lots_pkey do update set lot_left = w.lot_left + excluded.lot_left;
    end loop;
    if rest <> 0 then
        raise exception 'a hold of % returns % more than it took', account, rest;
    end if;
end $$;
ALTER FUNCTION tijori_credits.return_credits(account uuid, unit text, lots uuid[], parts bigint[], total bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.settle_credits(account uuid, unit text, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    b tijori.credit_balances;
    h record;
    l record;
begin
    select * into strict b from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    for h in
        update tijori.credit_holds c set status = 'expired', ended_at = at
         where c.account_id = account and c.meter = unit and c.status = 'open' and c.expires_at <= at
        returning c.amount, c.lots, c.parts
    loop
        b.held := b.held - h.amount;
        perform tijori_credits.return_credits(account, unit, h.lots, h.parts, h.amount);
    end loop;
    if b.lot_left > 0 then
        perform tijori_credits.return_credits(account, unit, array[b.lot_grant], array[b.lot_left], b.lot_left);
    end if;
    for l in
        delete from tijori.credit_lots c where c.account_id = account and c.meter = unit and c.expires_at <= at
        returning c.grant_id, c.lot_left
    loop
        b.entries := b.entries + 1;
        b.balance := b.balance - l.lot_left;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, grant_id, created_at)
        values (account, unit, b.entries, 'expire', -l.lot_left, b.balance, b.held, l.grant_id, at);
    end loop;
    for l in
        select r.grant_id, r.why, c.lot_left, least(c.lot_left, r.total - r.taken) as part
          from tijori.credit_reclaims r
          join tijori.credit_lots c
            on c.account_id = r.account_id and c.meter = r.meter and c.grant_id = r.grant_id
         where r.account_id = account and r.meter = unit and r.taken < r.total
    loop
        b.entries := b.entries + 1;
        b.balance := b.balance - l.part;
        if l.part = l.lot_left then
            delete from tijori.credit_lots c
             where c.account_id = account and c.meter = unit and c.grant_id = l.grant_id;
        else
            update tijori.credit_lots c set lot_left = c.lot_left - l.part
             where c.account_id = account and c.meter = unit and c.grant_id = l.grant_id;
        end if;
        update tijori.credit_reclaims c set taken = c.taken + l.part
         where c.account_id = account and c.meter = unit and c.grant_id = l.grant_id;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
        values (account, unit, b.entries, 'take_back', -l.part, b.balance, b.held, l.why, l.grant_id, at);
    end loop;
    select least((select min(c.expires_at) from tijori.credit_lots c where c.account_id = account and c.meter = unit),
                 (select min(c.expires_at) from tijori.credit_holds c
                   where c.account_id = account and c.meter = unit and c.status = 'open'),
                 'infinity')
      into b.due_at;
    select t.grant_id, t.lot_left into b.lot_grant, b.lot_left from tijori_credits.take_lot(account, unit) t;
    update tijori.credit_balances c
       set balance = b.balance, held = b.held, entries = b.entries,
           lot_grant = b.lot_grant, lot_left = coalesce(b.lot_left, 0), due_at = b.due_at
     where c.account_id = account and c.meter = unit;
end $$;
ALTER FUNCTION tijori_credits.settle_credits(account uuid, unit text, at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.settle_purse(p tijori_credits.purse, at timestamp with time zone, early timestamp with time zone) RETURNS tijori_credits.purse
    LANGUAGE plpgsql
    AS $$
begin
    update tijori.credit_balances c
       set balance = p.balance, held = p.held, entries = p.entries,
           lot_grant = p.lot_grant, lot_left = p.lot_left, due_at = p.due_at
     where c.account_id = p.account_id and c.meter = p.meter;
    perform tijori_credits.settle_credits(p.account_id, p.meter, at);
    select c.balance, c.held, c.entries, c.lot_grant, c.lot_left, least(c.due_at, early)
      into strict p.balance, p.held, p.entries, p.lot_grant, p.lot_left, p.due_at
      from tijori.credit_balances c where c.account_id = p.account_id and c.meter = p.meter;
    p.available := p.balance - p.held;
    return p;
end $$;
ALTER FUNCTION tijori_credits.settle_purse(p tijori_credits.purse, at timestamp with time zone, early timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) RETURNS TABLE(i integer, outcome text, number bigint, available bigint, hold_id uuid, hold_meter text, hold_amount bigint, captured bigint, expires_at timestamp with time zone, next_at timestamp with time zone, next_amount bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    none constant text[] := array_fill(''::text, array[cardinality(ops)]);
begin
    return query
    select * from tijori_credits.spend_for(hashes, none, none, ops, units, amounts, keys, notes, ids, seconds);
end $$;
ALTER FUNCTION tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.spend_for(hashes bytea[], customers text[], features text[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) RETURNS TABLE(i integer, outcome text, number bigint, available bigint, hold_id uuid, hold_meter text, hold_amount bigint, captured bigint, expires_at timestamp with time zone, next_at timestamp with time zone, next_amount bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_material TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    at timestamptz;
    due timestamptz;
    accounts uuid[];
    credentials uuid[];
    holds uuid[];
    stale bytea[];
    refusals text[];
    again boolean;
    turns bigint[];
    last_turn bigint := 1;
    r tijori_credits.request;
    p tijori_credits.purse;
    touched boolean;
    early timestamptz;
    entry tijori.credit_entries;
    hold tijori.credit_holds;
    changed tijori_credits.purse[];
    written tijori.credit_entries[];
    opened tijori.credit_holds[];
    ended tijori.credit_holds[];
    n integer;
begin
    -- Who asks: a key counts as long as whoever made it owns the account. A hold's id is made here, and nowhere else.
    -- Arrays are unnested in the select list: as functions in FROM, each would be written to a store of its own first.
    select array_agg(x.account_id order by x.i), array_agg(x.credential_id order by x.i),
           array_agg(x.hold_id order by x.i), array_agg(x.hash order by x.i) filter (where x.stale),
           array_agg(x.refusal order by x.i),
           -- Whether a key or a hold may stand more than once: hashes are cheap to compare, and a chance match does
           -- no harm.
           count(distinct uuid_hash_extended(x.account_id,
                     coalesce(uuid_hash_extended(x.hold_id, 0), hashtextextended(x.key, 0)))) < count(x.account_id)
      into accounts, credentials, holds, stale, refusals, again
      from (
        select q.i, k.hash, k.id as credential_id, coalesce(k.used_at < now() - interval '1 minute', k.id is not null) as stale, q.key,
               k.refusal, k.account_id,
               case q.op when 'consume' then null
                    when 'hold' then encode(substr(sha256(
                        convert_to(k.account_id::text || ' ' || q.key, 'UTF8')), 1, 16), 'hex')::uuid
                    else q.id end as hold_id
          from (select unnest(hashes) as hash, unnest(customers) as customer, unnest(ops) as op, unnest(keys) as key,
                       unnest(ids) as id, generate_subscripts(ops, 1) as i) q
          left join lateral (
            -- An account's own key, which names no customer.
            select c.hash, c.id, c.used_at, case when 'credits:spend' = any (c.scopes) then c.account_id end
                   as account_id, case when 'credits:spend' = any (c.scopes) then '' else 'forbidden' end as refusal
              from tijori.credentials c
             where c.hash = q.hash and c.kind = 'api_key' and c.revoked_at is null and c.expires_at > now()
               and q.customer = ''
               and exists (select from tijori.members m
                            where m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null
                              and m.role = any (array(select o.role from tijori.roles o where o.owns)))
            union all
            -- An app's key, for a customer whom it names: looked up inside the app of the key, and nowhere else.
            select v.hash, v.id, v.used_at, case when 'credits:spend' = any (v.scopes) then a.account_id end,
                   case when not 'credits:spend' = any (v.scopes) then 'forbidden'
                        when a.account_id is null then 'no_customer' else '' end
              from tijori.app_keys v
              left join tijori.accounts a
                on a.app_id = v.app_id and a.external_id = q.customer and a.erasing_at is null
             where v.hash = q.hash and v.revoked_at is null and q.customer <> ''
             limit 1
          ) k on true) x;
    select min(l.due_at) into due from (
        select c.due_at from tijori.credit_balances c
         where c.account_id = any (accounts) order by c.account_id, c.meter for update) l;
    -- The time is taken under the locks: what comes to an account later happens later.
    at := clock_timestamp() + (tijori_ops.clock() - now());
    if due <= at then
        perform tijori_credits.settle_credits(d.account_id, d.meter, at)
           from (select c.account_id, c.meter from tijori.credit_balances c
                  where c.account_id = any (accounts) and c.due_at <= at order by c.account_id, c.meter) d;
    end if;
    -- What a key or a hold has come to is looked up in the tables. So where one stands again, that request and all that
    -- its account asks after it wait for another turn, when what goes before has been written.
    if again then
        select array_agg(t.turn order by t.i), max(t.turn) into turns, last_turn
          from (select s.i, 1 + count(*) filter (where s.again) over (partition by s.account_id order by s.i) as turn
                  from (select q.i, q.account_id, q.account_id is not null and row_number() over (
                                   partition by q.account_id, q.hold_id, case when q.hold_id is null then q.key end
                                   order by q.i) > 1 as again
                          from unnest(accounts, holds, keys) with ordinality q(account_id, hold_id, key, i)) s) t;
    end if;
    for this_turn in 1 .. last_turn loop
        p := null; touched := false;
        changed := null; written := null; opened := null; ended := null;
        for r in
            select q.i, q.op, q.account_id, q.credential_id,
                   case when q.op in ('consume', 'hold') then q.unit else coalesce(h.meter, '') end,
                   q.amount, q.key, q.note, q.id, q.seconds, q.attempt,
                   b.balance, b.held, b.entries, b.lot_grant, b.lot_left, b.due_at,
                   e.number, e.meter, e.amount, e.note, e.balance - e.held,
                   h.id, h.meter, h.status, h.key, h.amount, h.note, h.seconds, h.available, h.lots, h.parts,
                   h.captured, h.entry, h.left_after, h.expires_at, h.attempt
              from (select unnest(ops) as op, unnest(accounts) as account_id, unnest(credentials) as credential_id,
                           unnest(units) as unit, unnest(amounts) as amount, unnest(keys) as key, unnest(notes) as note,
                           unnest(holds) as id, unnest(seconds) as seconds, unnest(ids) as attempt,
                           unnest(turns) as turn,
                           generate_subscripts(ops, 1) as i) q
              -- The limits keep the planner from turning a look-up into a join over the whole table.
              left join lateral (
                select * from tijori.credit_entries e
                 where e.account_id = q.account_id and e.key = case when q.op = 'consume' then q.key end
                 limit 1) e on true
              left join lateral (
                select * from tijori.credit_holds h where h.account_id = q.account_id and h.id = q.id
                 limit 1) h on true
              left join lateral (
                select * from tijori.credit_balances b
                 where b.account_id = q.account_id
                   and b.meter = case when q.op in ('consume', 'hold') then q.unit else h.meter end
                 limit 1) b on true
             where turns is null or q.turn = this_turn
             order by q.account_id, case when q.op in ('consume', 'hold') then q.unit else h.meter end, q.i
        loop
            i := r.i;
            hold_id := r.hold_id; hold_meter := r.hold_meter; hold_amount := r.hold_amount;
            expires_at := r.hold_expires_at; next_at := null; next_amount := null;
            if r.account_id is null then
                outcome := case when r.credential_id is null then 'unauthorized' else refusals[r.i] end;
                number := null; available := null; captured := null;
                return next;
                continue;
            end if;
            if p.account_id is distinct from r.account_id or p.meter <> r.meter then
                if touched then
                    changed := changed || p;
                    touched := false;
                end if;
                early := 'infinity';
                p.account_id := r.account_id; p.meter := r.meter;
                p.balance := coalesce(r.balance, 0); p.held := coalesce(r.held, 0); p.entries := r.entries;
                p.lot_grant := r.lot_grant; p.lot_left := coalesce(r.lot_left, 0); p.due_at := r.due_at;
            end if;
            p.number := null; p.available := null; p.captured := null;
            case
                -- What was done under a key stays done when the plan ends; nothing new is.
                when features[r.i] <> '' and r.op in ('consume', 'hold') and r.entry_number is null and r.hold_id is null
                     and not tijori_plans.entitled(r.account_id, features[r.i])
                then p.outcome := 'not_in_plan'; p.available := p.balance - p.held;
                when r.op = 'consume' then p := tijori_credits.consume(p, r);
                when r.op = 'hold' then p := tijori_credits.hold(p, r, at);
                when r.op = 'capture' then p := tijori_credits.capture(p, r);
                when r.op = 'release' then p := tijori_credits.release(p, r);
            end case;
            if p.outcome = 'ok' then
                touched := true;
                if p.number is not null then
                    entry.account_id := p.account_id; entry.meter := p.meter; entry.number := p.number;
                    entry.balance := p.balance; entry.held := p.held; entry.credential_id := r.credential_id;
                    entry.kind := r.op;
                    if r.op = 'consume' then
                        entry.amount := -r.amount; entry.key := r.key; entry.note := r.note; entry.hold_id := null;
                    else
                        entry.amount := -p.captured; entry.key := null; entry.note := r.hold_note;
                        entry.hold_id := r.hold_id;
                    end if;
                    written := written || entry;
                end if;
                if r.op = 'hold' then
                    hold_id := r.id; hold_meter := r.meter; hold_amount := r.amount; expires_at := p.expires_at;
                    hold.account_id := r.account_id; hold.id := r.id; hold.meter := r.meter; hold.amount := r.amount;
                    hold.key := r.key; hold.note := r.note; hold.seconds := r.seconds; hold.attempt := r.attempt;
                    hold.lots := p.lots; hold.parts := p.parts; hold.available := p.available;
                    hold.credential_id := r.credential_id; hold.expires_at := p.expires_at;
                    opened := opened || hold;
                    early := least(early, p.expires_at);
                elsif r.op in ('capture', 'release') then
                    if p.due_at <= at then
                        p := tijori_credits.settle_purse(p, at, early);
                    end if;
                    hold.account_id := r.account_id; hold.id := r.id;
                    hold.captured := p.captured; hold.entry := p.number; hold.left_after := p.available;
                    ended := ended || hold;
                end if;
            elsif p.outcome = 'insufficient' then
                select c.next_at, c.next_amount into next_at, next_amount
                  from tijori.credit_calendars c where c.account_id = r.account_id and c.meter = r.meter;
            end if;
            outcome := p.outcome; number := p.number; available := p.available; captured := p.captured;
            return next;
        end loop;
        if touched then
            changed := changed || p;
        end if;
        if changed is not null then
            update tijori.credit_balances c
               set balance = u.balance, held = u.held, entries = u.entries,
                   lot_grant = u.lot_grant, lot_left = u.lot_left, due_at = u.due_at
              from unnest(changed) u where c.account_id = u.account_id and c.meter = u.meter;
        end if;
        if written is not null then
            insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, key, note,
                                               hold_id, credential_id, created_at)
            select u.account_id, u.meter, u.number, u.kind, u.amount, u.balance, u.held, u.key, u.note,
                   u.hold_id, u.credential_id, at
              from unnest(written) u;
        end if;
        if opened is not null then
            insert into tijori.credit_holds (account_id, id, meter, amount, status, key, note, seconds, attempt, lots,
                                             parts, available, credential_id, created_at, expires_at)
            select u.account_id, u.id, u.meter, u.amount, 'open', u.key, u.note, u.seconds, u.attempt, u.lots,
                   u.parts, u.available, u.credential_id, at, u.expires_at
              from unnest(opened) u;
        end if;
        if ended is not null then
            -- By ended_at, not by status: the planner would take the small index of open holds for a look-up by key.
            update tijori.credit_holds c
               set status = case when u.captured is null then 'released' else 'captured' end,
                   captured = u.captured, entry = u.entry, left_after = u.left_after, ended_at = at
              from unnest(ended) u where c.account_id = u.account_id and c.id = u.id and c.ended_at is null;
            get diagnostics n = row_count;
            if n <> cardinality(ended) then
                raise exception 'of % holds to be ended % were open', cardinality(ended), n;
            end if;
        end if;
    end loop;
    if stale is not null then
        update tijori.credentials c set used_at = now()
         where c.hash in (select k.hash from tijori.credentials k where k.hash = any (stale) for update skip locked);
        update tijori.app_keys c set used_at = now()
         where c.hash in (select k.hash from tijori.app_keys k where k.hash = any (stale) for update skip locked);
    end if;
end $$;
ALTER FUNCTION tijori_credits.spend_for(hashes bytea[], customers text[], features text[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.spread_low() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.credit_balances b set low = new.low
     where b.app_id = new.app_id and b.meter = new.id and b.low is distinct from new.low;
    return null;
end $$;
ALTER FUNCTION tijori_credits.spread_low() OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.sweep_credits(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    at timestamptz := tijori_ops.clock();
    b record;
    n integer := 0;
begin
    for b in
        select c.account_id, c.meter from tijori.credit_balances c
         where c.due_at <= at and c.app_id = current_setting('tijori.app', true)
         order by c.due_at limit most for update skip locked
    loop
        perform tijori_credits.settle_credits(b.account_id, b.meter, at);
        n := n + 1;
    end loop;
    return n;
end $$;
ALTER FUNCTION tijori_credits.sweep_credits(most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.take_back_credits(account uuid, unit text, lot uuid, total bigint, why text, at timestamp with time zone, OUT taken bigint, OUT held bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    b tijori.credit_balances;
    g tijori.credit_grants;
    r tijori.credit_reclaims;
begin
    perform tijori_access.require_app(account);
    perform from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    select * into strict g from tijori.credit_grants c where c.account_id = account and c.id = lot and c.meter = unit;
    if total < 0 or total > g.amount then
        raise exception '% of the % credits of grant % cannot be taken back', total, g.amount, lot;
    end if;
    select * into r from tijori.credit_reclaims c
     where c.account_id = account and c.meter = unit and c.grant_id = lot;
    if total < r.taken then
        update tijori.credit_balances c
           set balance = c.balance + (r.taken - total), entries = c.entries + 1, due_at = '-infinity'
         where c.account_id = account and c.meter = unit
        returning * into b;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
        values (account, unit, b.entries, 'give_back', r.taken - total, b.balance, b.held, why, lot, at);
        perform tijori_credits.return_credits(account, unit, array[lot], array[r.taken - total], r.taken - total);
    end if;
    insert into tijori.credit_reclaims as c (account_id, meter, grant_id, total, why)
    values (account, unit, lot, take_back_credits.total, take_back_credits.why)
    on conflict on constraint credit_reclaims_pkey
    do update set total = excluded.total, taken = least(c.taken, excluded.total), why = excluded.why;
    perform tijori_credits.settle_credits(account, unit, at);
    select c.taken into strict take_back_credits.taken from tijori.credit_reclaims c
     where c.account_id = account and c.meter = unit and c.grant_id = lot;
    select least(coalesce(sum(x.part), 0), take_back_credits.total - take_back_credits.taken)
      into take_back_credits.held
      from tijori.credit_holds h cross join unnest(h.lots, h.parts) x(lot, part)
     where h.account_id = account and h.meter = unit and h.status = 'open' and x.lot = take_back_credits.lot;
end $$;
ALTER FUNCTION tijori_credits.take_back_credits(account uuid, unit text, lot uuid, total bigint, why text, at timestamp with time zone, OUT taken bigint, OUT held bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.take_credits(account uuid, unit text, most bigint, why text, at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    b tijori.credit_balances;
    l record;
    rest bigint := most;
    part bigint;
begin
    perform tijori_access.require_app(account);
    perform from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    if not found then
        return 0;
    end if;
    perform tijori_credits.settle_credits(account, unit, at);
    -- The lot whose turn it is waits with the others while some are taken, and is found again afterwards.
    select * into strict b from tijori.credit_balances c where c.account_id = account and c.meter = unit;
    if b.lot_left > 0 then
        perform tijori_credits.return_credits(account, unit, array[b.lot_grant], array[b.lot_left], b.lot_left);
    end if;
    update tijori.credit_balances c set lot_grant = null, lot_left = 0, due_at = '-infinity'
     where c.account_id = account and c.meter = unit;
    while rest > 0 loop
        select * into l from tijori_credits.take_lot(account, unit) t;
        exit when l.grant_id is null;
        part := least(rest, l.lot_left);
        rest := rest - part;
        if l.lot_left > part then
            perform tijori_credits.return_credits(account, unit, array[l.grant_id], array[l.lot_left - part],
                                                  l.lot_left - part);
        end if;
        update tijori.credit_balances c set balance = c.balance - part, entries = c.entries + 1
         where c.account_id = account and c.meter = unit
        returning * into b;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
        values (account, unit, b.entries, 'take_back', -part, b.balance, b.held, why, l.grant_id, at);
    end loop;
    perform tijori_credits.settle_credits(account, unit, at);
    return most - rest;
end $$;
ALTER FUNCTION tijori_credits.take_credits(account uuid, unit text, most bigint, why text, at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.take_lot(account uuid, unit text, OUT grant_id uuid, OUT lot_left bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
    delete from tijori.credit_lots c
     where c.account_id = account and c.meter = unit and c.grant_id = (
        select w.grant_id from tijori.credit_lots w
         where w.account_id = account and w.meter = unit
         order by w.priority, w.expires_at, w.grant_id limit 1)
    returning c.grant_id, c.lot_left into take_lot.grant_id, take_lot.lot_left;
end $$;
ALTER FUNCTION tijori_credits.take_lot(account uuid, unit text, OUT grant_id uuid, OUT lot_left bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_credits.take_low() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.low := (select m.low from tijori.meters m where m.app_id = new.app_id and m.id = new.meter);
    return new;
end $$;
ALTER FUNCTION tijori_credits.take_low() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.add_sums() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    d record;
begin
    for d in
        select w.account_id, w.business_id, w.party_id,
               coalesce(sum(w.amount_minor) filter (where w.side = 'given'), 0)::bigint as given,
               coalesce(sum(w.amount_minor) filter (where w.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries, min(w.business_date) as first_date, max(w.business_date) as last_date
          from written w where w.deleted_at is null
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform 1 from tijori.party_sums s
          where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id for update;
        update tijori.party_sums s
           set given = s.given + d.given, received = s.received + d.received,
               balance = s.balance + d.given - d.received, entries = s.entries + d.entries,
               last_date = greatest(s.last_date, d.last_date),
               due_since = case when d.received = 0 and s.due_since < d.first_date then s.due_since
                                else tijori_khata.due_since(d.account_id, d.business_id, d.party_id,
                                    s.balance + d.given - d.received) end
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
        if not found then
            raise exception 'party % has no sums', d.party_id;
        end if;
    end loop;
    return null;
end $$;
ALTER FUNCTION tijori_khata.add_sums() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.ahead() RETURNS TABLE(party_id uuid, living boolean, made_on date, balance bigint, entries integer, last_date date, due_since date, given_ahead bigint, received_ahead bigint, entries_ahead integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select x.account_id, x.business_id, tijori_khata.today_in(b.time_zone) as today into s
      from tijori_access.scope() x
      join tijori.businesses b on b.account_id = x.account_id and b.id = x.business_id
     where x.sees_totals;
    return query select a.* from tijori_khata.ahead_of(s.account_id, s.business_id, s.today) a;
end $$;
ALTER FUNCTION tijori_khata.ahead() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.ahead_of(account uuid, business uuid, today date) RETURNS TABLE(party_id uuid, living boolean, made_on date, balance bigint, entries integer, last_date date, due_since date, given_ahead bigint, received_ahead bigint, entries_ahead integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    l record;
begin
    for l in
        with late as materialized (
            select e.party_id, e.side, e.amount_minor from tijori.entries e
             where e.account_id = account and e.business_id = business and e.business_date > today
               and e.deleted_at is null
        )
        select t.party_id,
               coalesce(sum(t.amount_minor) filter (where t.side = 'given'), 0)::bigint as given,
               coalesce(sum(t.amount_minor) filter (where t.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries
          from late t group by t.party_id
    loop
        select s.party_id, s.living, s.made_on, s.balance - l.given + l.received, s.entries - l.entries,
               l.given, l.received, l.entries
          into party_id, living, made_on, balance, entries, given_ahead, received_ahead, entries_ahead
          from tijori.party_sums s
         where s.account_id = account and s.business_id = business and s.party_id = l.party_id;
        last_date := (select e.business_date from tijori.entries e
                       where e.account_id = account and e.business_id = business and e.party_id = l.party_id
                         and e.deleted_at is null and e.business_date <= today
                       order by e.business_date desc, e.id desc limit 1);
        due_since := tijori_khata.due_since(account, business, l.party_id, balance, today);
        return next;
    end loop;
end $$;
ALTER FUNCTION tijori_khata.ahead_of(account uuid, business uuid, today date) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint) RETURNS date
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    e record;
begin
    if owed > 0 then
        for e in
            select g.business_date, g.amount_minor from tijori.entries g
             where g.account_id = account and g.business_id = business and g.party_id = party and g.side = 'given'
               and g.deleted_at is null
             order by g.business_date desc, g.id desc
        loop
            owed := owed - e.amount_minor;
            if owed <= 0 then
                return e.business_date;
            end if;
        end loop;
    end if;
    return date '2100-01-01';
end $$;
ALTER FUNCTION tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint, until date) RETURNS date
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    e record;
begin
    if owed > 0 then
        for e in
            select g.business_date, g.amount_minor from tijori.entries g
             where g.account_id = account and g.business_id = business and g.party_id = party and g.side = 'given'
               and g.deleted_at is null and g.business_date <= until
             order by g.business_date desc, g.id desc
        loop
            owed := owed - e.amount_minor;
            if owed <= 0 then
                return e.business_date;
            end if;
        end loop;
    end if;
    return date '2100-01-01';
end $$;
ALTER FUNCTION tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint, until date) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.follow_parties() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    p record;
begin
    for p in
        select w.account_id, w.business_id, w.id, w.deleted_at is null as living from written w order by 1, 2, 3
    loop
        update tijori.party_sums s set living = p.living
         where s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id
           and s.living <> p.living;
    end loop;
    return null;
end $$;
ALTER FUNCTION tijori_khata.follow_parties() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.forget_cheque() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    if new.mode is distinct from 'cheque' then
        new.cheque_date := null;
        new.cheque_state := null;
    end if;
    return new;
end $$;
ALTER FUNCTION tijori_khata.forget_cheque() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.forget_tasks() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    n bigint;
begin
    delete from tijori.tasks t where t.seen_at < now() - interval '1 day';
    get diagnostics n = row_count;
    return n;
end $$;
ALTER FUNCTION tijori_khata.forget_tasks() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.forget_uploads() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    n bigint;
begin
    delete from tijori.uploads u where u.expires_at < now();
    get diagnostics n = row_count;
    return n;
end $$;
ALTER FUNCTION tijori_khata.forget_uploads() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.hold_lock(account uuid, business uuid) RETURNS date
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'entries are written at read committed' using errcode = '25001';
    end if;
    perform 1 from tijori.businesses b where b.account_id = account and b.id = business for key share;
    if exists (select 1 from tijori.accounts a where a.account_id = account and a.leaving_at is not null) then
        raise exception 'the account is leaving' using errcode = 'check_violation', constraint = 'accounts_leaving';
    end if;
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = account and l.business_id = business order by l.created_at desc limit 1);
end $$;
ALTER FUNCTION tijori_khata.hold_lock(account uuid, business uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.keep_lock() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    b record;
begin
    if tg_op = 'INSERT' then
        for b in
            select w.account_id, w.business_id, min(w.business_date) as first_day from written w group by 1, 2
        loop
            if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
                raise exception 'the day is locked'
                    using errcode = 'check_violation', constraint = 'entries_locked_date_check';
            end if;
        end loop;
        return null;
    end if;
    for b in
        select f.account_id, f.business_id, min(f.business_date) as first_day
          from (
            select x.account_id, x.business_id, x.id, x.party_id, x.side, x.amount_minor, x.business_date, x.note,
                   x.opening, x.mode, x.cheque_date, x.deleted_at from former x
            except
            select x.account_id, x.business_id, x.id, x.party_id, x.side, x.amount_minor, x.business_date, x.note,
                   x.opening, x.mode, x.cheque_date, x.deleted_at from written x where x.cheque_state is not null) f
         group by 1, 2
    loop
        if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
            raise exception 'the entry stands on a locked day'
                using errcode = 'check_violation', constraint = 'entries_locked_check';
        end if;
    end loop;
    for b in
        select w.account_id, w.business_id, min(w.business_date) as first_day
          from (
            select x.account_id, x.business_id, x.id, x.business_date from written x
            except
            select x.account_id, x.business_id, x.id, x.business_date from former x) w
         group by 1, 2
    loop
        if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
            raise exception 'the day is locked'
                using errcode = 'check_violation', constraint = 'entries_locked_date_check';
        end if;
    end loop;
    return null;
end $$;
ALTER FUNCTION tijori_khata.keep_lock() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.keep_locked_count() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if new.business_date <= tijori_khata.hold_lock(new.account_id, new.business_id) then
        raise exception 'the day is locked'
            using errcode = 'check_violation', constraint = 'entries_locked_date_check';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_khata.keep_locked_count() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.keep_locked_party() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    until date := tijori_khata.hold_lock(new.account_id, new.business_id);
begin
    if exists (select 1 from tijori.entries e
                where e.account_id = new.account_id and e.business_id = new.business_id and e.party_id = new.id
                  and e.deleted_at is null and e.business_date <= until) then
        raise exception 'the party has entries on locked days'
            using errcode = 'check_violation', constraint = 'parties_locked_check';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_khata.keep_locked_party() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.limit_parties() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    room bigint;
begin
    perform 1 from tijori.accounts a where a.account_id = new.account_id for no key update;
    room := tijori_plans.limit_of(new.account_id, 'parties.max');
    if room is null then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'parties are counted in read committed only' using errcode = '25001';
    end if;
    if (select count(*) from (
        select 1 from tijori.parties p where p.account_id = new.account_id and p.deleted_at is null limit room + 1
       ) taken) > room then
        raise exception 'no room for another party'
            using errcode = '23514', constraint = 'party_limit', detail = room::text;
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_khata.limit_parties() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.lock_batches() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    if s.business_id is null or not s.runs_khata then
        raise exception 'not allowed to write batches' using errcode = '42501';
    end if;
    perform 1 from tijori.businesses b where b.account_id = s.account_id and b.id = s.business_id for no key update;
end $$;
ALTER FUNCTION tijori_khata.lock_batches() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.locked_until() RETURNS date
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = s.account_id and l.business_id = s.business_id order by l.created_at desc limit 1);
end $$;
ALTER FUNCTION tijori_khata.locked_until() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.move_sums() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    d record;
begin
    for d in
        select x.account_id, x.business_id, x.party_id,
               coalesce(sum(x.amount_minor) filter (where x.side = 'given'), 0)::bigint as given,
               coalesce(sum(x.amount_minor) filter (where x.side = 'received'), 0)::bigint as received,
               sum(x.n)::integer as entries
          from (
            select f.account_id, f.business_id, f.party_id, f.side, -f.amount_minor as amount_minor, -1 as n
              from former f where f.deleted_at is null
            union all
            select w.account_id, w.business_id, w.party_id, w.side, w.amount_minor, 1
              from written w where w.deleted_at is null
          ) x
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform tijori_khata.shift_sums(d.account_id, d.business_id, d.party_id, d.given, d.received, d.entries);
    end loop;
    return null;
end $$;
ALTER FUNCTION tijori_khata.move_sums() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.open_sums() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.party_sums (account_id, business_id, party_id, living, made_on)
    select w.account_id, w.business_id, w.id, w.deleted_at is null, (w.created_at at time zone 'utc')::date
      from written w;
    return null;
end $$;
ALTER FUNCTION tijori_khata.open_sums() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.order_locks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    latest_at timestamptz;
    latest_until date;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'periods are locked at read committed' using errcode = '25001';
    end if;
    perform 1 from tijori.businesses b where b.account_id = new.account_id and b.id = new.business_id for update;
    select l.created_at, l.locked_until into latest_at, latest_until from tijori.period_locks l
     where l.account_id = new.account_id and l.business_id = new.business_id and l.id <> new.id
     order by l.created_at desc limit 1;
    if latest_at >= new.created_at or latest_until is distinct from new.locked_from then
        raise exception 'the lock has changed meanwhile'
            using errcode = 'check_violation', constraint = 'period_locks_order_check';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_khata.order_locks() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.party_count() RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    return (select count(*) from tijori.parties p where p.account_id = mine and p.deleted_at is null);
end $$;
ALTER FUNCTION tijori_khata.party_count() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.party_list(at_least bigint, below bigint, below_id uuid, most integer, today date) RETURNS TABLE(get bigint, give bigint, parties integer, due integer, advance integer, matching integer, id uuid, kind text, name text, name_key text, phone text, version integer, balance bigint, entries integer, last_date date, oldest_due date, key bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
ALTER FUNCTION tijori_khata.party_list(at_least bigint, below bigint, below_id uuid, most integer, today date) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.party_names(only_id uuid DEFAULT NULL::uuid, patterns text[] DEFAULT '{}'::text[], query text DEFAULT ''::text) RETURNS TABLE(id uuid, kind text, name text, name_key text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
    sounds text[];
begin
    select * into s from tijori_access.scope();
    if only_id is not null then
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.id = only_id
            and p.deleted_at is null;
    else
        sounds := tijori_khata.sound_patterns(party_names.query);
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.deleted_at is null
            and (p.name_key like all (patterns) or cardinality(sounds) > 0 and p.sound_key like all (sounds));
    end if;
end $$;
ALTER FUNCTION tijori_khata.party_names(only_id uuid, patterns text[], query text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.party_page(party uuid, before date, before_id uuid, most integer, today date) RETURNS TABLE(id uuid, kind text, name text, phone text, note text, created_by uuid, created_at timestamp with time zone, updated_at timestamp with time zone, deleted_at timestamp with time zone, version integer, given bigint, received bigint, entries integer, given_ahead bigint, received_ahead bigint, entries_ahead integer, entry_id uuid, party_id uuid, side text, amount_minor bigint, business_date date, entry_note text, opening boolean, mode text, cheque_date date, cheque_state text, reverses uuid, entry_created_by uuid, entry_created_at timestamp with time zone, entry_updated_at timestamp with time zone, entry_version integer, balance bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
ALTER FUNCTION tijori_khata.party_page(party uuid, before date, before_id uuid, most integer, today date) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.rebuild_sums() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    n bigint;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'sums are rebuilt at read committed' using errcode = '25001';
    end if;
    lock table tijori.party_sums in exclusive mode;
    insert into tijori.party_sums as s (account_id, business_id, party_id, living, made_on, given, received, balance,
        entries, last_date, due_since)
    select p.account_id, p.business_id, p.id, p.deleted_at is null, (p.created_at at time zone 'utc')::date,
           coalesce(e.given, 0), coalesce(e.received, 0), coalesce(e.given - e.received, 0),
           coalesce(e.entries, 0), e.last_date,
           tijori_khata.due_since(p.account_id, p.business_id, p.id, e.given - e.received)
      from tijori.parties p
      left join (
        select l.account_id, l.business_id, l.party_id,
               coalesce(sum(l.amount_minor) filter (where l.side = 'given'), 0)::bigint as given,
               coalesce(sum(l.amount_minor) filter (where l.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries, max(l.business_date) as last_date
          from tijori.entries l where l.deleted_at is null
         group by 1, 2, 3
      ) e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
    on conflict (account_id, business_id, party_id) do update
       set living = excluded.living, made_on = excluded.made_on, given = excluded.given,
           received = excluded.received, balance = excluded.balance, entries = excluded.entries,
           last_date = excluded.last_date, due_since = excluded.due_since
     where (s.living, s.made_on, s.given, s.received, s.balance, s.entries, s.last_date, s.due_since)
        is distinct from (excluded.living, excluded.made_on, excluded.given, excluded.received, excluded.balance,
            excluded.entries, excluded.last_date, excluded.due_since);
    get diagnostics n = row_count;
    return n;
end $$;
ALTER FUNCTION tijori_khata.rebuild_sums() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.record_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_nestloop TO 'off'
    AS $$
declare
    caller uuid := tijori_access.user_id();
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    hidden constant text[] := '{account_id,business_id,id,party_id,name_key,sound_key,request_hash,created_by,'
        'created_at,updated_at,deleted_at,deleted_by,version,batch_id}';
begin
    insert into tijori.changes (account_id, business_id, subject, subject_id, version, created_by, action,
        before, after, from_party, to_party, changed_by, changed_by_name)
    select c.account_id, c.business_id, tg_argv[0], c.id, c.version,
        case tg_argv[0] when 'entry' then c.created_by else nobody end,
        case when c.from_party <> c.to_party then 'move'
             when c.was_there and not c.is_there then 'delete'
             when c.is_there and not c.was_there then 'restore'
             else 'edit' end,
        c.former - hidden, c.written - hidden,
        nullif(c.from_party, c.to_party), case when c.from_party <> c.to_party then c.to_party end,
        caller, coalesce((select u.name from tijori.users u where u.id = caller), '')
      from (
        select w.account_id, w.business_id, w.id, w.version, w.created_by,
               f.deleted_at is null as was_there, w.deleted_at is null as is_there,
               to_jsonb(f) as former, to_jsonb(w) as written,
               (to_jsonb(f) ->> 'party_id')::uuid as from_party, (to_jsonb(w) ->> 'party_id')::uuid as to_party
          from former f
          join written w on w.account_id = f.account_id and w.business_id = f.business_id and w.id = f.id
        offset 0
      ) c;
    return null;
end $$;
ALTER FUNCTION tijori_khata.record_changes() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.refuse_far_date() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    if new.business_date > (tijori_ops.clock() at time zone 'Asia/Kolkata')::date + 366 then
        raise exception 'date too far ahead'
            using errcode = 'check_violation', constraint = 'entries_far_date_check';
    end if;
    return new;
end $$;
ALTER FUNCTION tijori_khata.refuse_far_date() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.require_batch_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if not tijori_plans.entitled(new.account_id, 'batch_entry') then
        raise exception 'the plan has no batch entry' using errcode = '23514', constraint = 'batch_entry_plan';
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_khata.require_batch_entry() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.require_batch_entry_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    b record;
begin
    for b in select distinct w.account_id, w.business_id, w.batch_id from written w where w.batch_id is not null loop
        if exists (select 1 from tijori.batches x where x.account_id = b.account_id and x.business_id = b.business_id
                    and x.id = b.batch_id and x.kind = 'grid')
           and not tijori_plans.entitled(b.account_id, 'batch_entry') then
            raise exception 'the plan has no batch entry' using errcode = '23514', constraint = 'batch_entry_plan';
        end if;
    end loop;
    return null;
end $$;
ALTER FUNCTION tijori_khata.require_batch_entry_rows() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.shared_page(given_hash bytea, skip integer, most integer) RETURNS TABLE(business_name text, currency text, time_zone text, party_name text, kind text, from_date date, to_date date, shared_at timestamp with time zone, expires_at timestamp with time zone, upi_id text, payee_name text, payable boolean, opening bigint, given bigint, received bigint, lines integer, brought bigint, changed boolean, side text, amount_minor bigint, business_date date, note text, is_opening boolean, balance bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    with share as materialized (
        select s.* from tijori.shares s where s.token_hash = given_hash order by s.created_at limit 1
    ), head as materialized (
        select s.account_id, s.business_id, s.party_id, b.name as business_name, b.currency, b.time_zone,
               p.name as party_name, p.kind, s.from_date,
               case when s.from_date > day.until then s.to_date else day.until end as to_date, here.today, s.created_at, s.expires_at, s.digest,
               coalesce(y.upi_id, '') as upi_id, coalesce(y.payee_name, '') as payee_name
          from share s
          join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
          join tijori.parties p on p.account_id = s.account_id and p.business_id = s.business_id and p.id = s.party_id
           and p.deleted_at is null
          cross join lateral (select tijori_khata.today_in(b.time_zone) as today) here
          cross join lateral (select least(s.to_date, here.today) as until) day
          left join lateral (
            select y.upi_id, y.payee_name from tijori.payees y
             where y.account_id = s.account_id and y.business_id = s.business_id
             order by y.created_at desc limit 1) y on true
         where s.revoked_at is null and s.expires_at > now()
    ), entry as materialized (
        select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening,
               greatest(e.created_at, e.updated_at) > h.created_at as changed,
               case e.side when 'given' then e.amount_minor else -e.amount_minor end as signed,
               e.business_date < h.from_date as before, e.business_date > h.to_date as after
          from head h
          join tijori.entries e on e.account_id = h.account_id and e.business_id = h.business_id
           and e.party_id = h.party_id and e.deleted_at is null and e.business_date <= h.today
    ), sums as materialized (
        select coalesce(sum(e.signed) filter (where e.before), 0)::bigint as opening,
               coalesce(sum(e.signed) filter (where e.after), 0)::bigint as after_it
          from entry e
    ), line as materialized (
        select e.*, row_number() over w as n, s.opening + sum(e.signed) over w as balance
          from entry e cross join sums s
         where not coalesce(e.before, false) and not e.after
        window w as (order by e.business_date, e.id)
    ), whole as materialized (
        select count(*)::integer as lines,
               coalesce(sum(l.amount_minor) filter (where l.side = 'given'), 0)::bigint as given,
               coalesce(sum(l.amount_minor) filter (where l.side = 'received'), 0)::bigint as received,
               max(l.balance) filter (where l.n = skip)::bigint as brought,
               pg_catalog.string_agg(pg_catalog.octet_length(l.side) || ':' || l.side
                   || pg_catalog.octet_length(l.amount_minor::text) || ':' || l.amount_minor || '10:'
                   || pg_catalog.to_char(l.business_date, 'YYYY-MM-DD') || pg_catalog.octet_length(l.note) || ':'
                   || l.note, '' order by l.n) as text
          from line l
    )
    select h.business_name, h.currency, h.time_zone, h.party_name, h.kind, h.from_date, h.to_date, h.created_at,
           h.expires_at, h.upi_id, h.payee_name, s.after_it >= 0, s.opening, w.given, w.received, w.lines,
           coalesce(w.brought, s.opening),
           h.digest <> pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.octet_length(s.opening::text) || ':'
               || s.opening || coalesce(w.text, ''), 'UTF8')),
           null, null, null, null, null, null
      from head h cross join sums s cross join whole w
    union all
    (select null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            l.changed, l.side, l.amount_minor, l.business_date, l.note, l.opening, l.balance::bigint
       from line l where l.n > skip and l.n <= skip::bigint + most
      order by l.n) $$;
ALTER FUNCTION tijori_khata.shared_page(given_hash bytea, skip integer, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.shared_statement(given_hash bytea) RETURNS TABLE(business_name text, currency text, time_zone text, party_name text, kind text, from_date date, to_date date, shared_at timestamp with time zone, expires_at timestamp with time zone, digest bytea, upi_id text, payee_name text, payable boolean, opening bigint, side text, amount_minor bigint, business_date date, note text, is_opening boolean, changed boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    with share as materialized (
        select s.* from tijori.shares s where s.token_hash = given_hash order by s.created_at limit 1
    ), head as materialized (
        select s.account_id, s.business_id, s.party_id, b.name as business_name, b.currency, b.time_zone,
               p.name as party_name, p.kind, s.from_date, day.until, s.to_date, s.created_at, s.expires_at, s.digest,
               coalesce(y.upi_id, '') as upi_id, coalesce(y.payee_name, '') as payee_name,
               sums.after_it >= 0 as payable, sums.opening
          from share s
          join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
          join tijori.parties p on p.account_id = s.account_id and p.business_id = s.business_id and p.id = s.party_id
           and p.deleted_at is null
          cross join lateral (select tijori_khata.today_in(b.time_zone) as today) here
          cross join lateral (select least(s.to_date, here.today) as until) day
          left join lateral (
            select y.upi_id, y.payee_name from tijori.payees y
             where y.account_id = s.account_id and y.business_id = s.business_id
             order by y.created_at desc limit 1) y on true
          cross join lateral (
            select coalesce(sum(e.signed) filter (where e.business_date < s.from_date), 0)::bigint as opening,
                   coalesce(sum(e.signed) filter (where e.business_date > day.until), 0)::bigint as after_it
              from (
                select l.business_date,
                       case l.side when 'given' then l.amount_minor else -l.amount_minor end as signed
                  from tijori.entries l
                 where l.account_id = s.account_id and l.business_id = s.business_id and l.party_id = s.party_id
                   and l.deleted_at is null and l.business_date <= here.today) e) sums
         where s.revoked_at is null and s.expires_at > now()
    )
    select h.business_name, h.currency, h.time_zone, h.party_name, h.kind, h.from_date,
           case when h.from_date > h.until then h.to_date else h.until end, h.created_at,
           h.expires_at, h.digest, h.upi_id, h.payee_name, h.payable, h.opening, null, null, null, null, null, null
      from head h
    union all
    (select null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            e.side, e.amount_minor, e.business_date, e.note, e.opening,
            greatest(e.created_at, e.updated_at) > h.created_at
       from head h
       join tijori.entries e on e.account_id = h.account_id and e.business_id = h.business_id
        and e.party_id = h.party_id and e.deleted_at is null and e.business_date <= h.until
        and (h.from_date is null or e.business_date >= h.from_date)
      order by e.business_date, e.id) $$;
ALTER FUNCTION tijori_khata.shared_statement(given_hash bytea) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.shift_sums(account uuid, business uuid, party uuid, more_given bigint, more_received bigint, more_entries integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform 1 from tijori.party_sums s
      where s.account_id = account and s.business_id = business and s.party_id = party for update;
    update tijori.party_sums s
       set given = s.given + more_given, received = s.received + more_received,
           balance = s.balance + more_given - more_received, entries = s.entries + more_entries,
           last_date = (select e.business_date from tijori.entries e
                         where e.account_id = account and e.business_id = business and e.party_id = party
                           and e.deleted_at is null
                         order by e.business_date desc, e.id desc limit 1),
           due_since = tijori_khata.due_since(account, business, party, s.balance + more_given - more_received)
     where s.account_id = account and s.business_id = business and s.party_id = party;
end $$;
ALTER FUNCTION tijori_khata.shift_sums(account uuid, business uuid, party uuid, more_given bigint, more_received bigint, more_entries integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.sound_of(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $_$
declare
    consonants constant text[] := '{k,kh,g,gh,ng,ch,chh,j,jh,!,t,th,d,dh,n,t,th,d,dh,n,n,p,ph,b,bh,m,y,r,r,l,l,l,v,'
        'sh,sh,s,h}'; -- 0x15 to 0x39
    vowels constant text[] := '{a,a,i,i,u,u,ri,l,e,e,e,ai,o,o,o,au}'; -- 0x05 to 0x14
    signs constant text[] := '{a,i,i,u,u,ri,ri,e,e,e,ai,o,o,o,au}'; -- 0x3e to 0x4c
    final constant text[] := '{n,n,r,l,l,k}'; -- of Malayalam, 0x7a to 0x7f
    letter text;
    code integer;
    place integer;
    latin text := '';
    inherent text := ''; -- the a that a consonant has until a sign takes it away
    plain constant boolean := name ~ '^[ -~]*$';
begin
    if plain then
        latin := regexp_replace(name, '[^0-9A-Za-z]+', ' ', 'g');
    end if;
    foreach letter in array case when plain then '{}' else string_to_array(normalize(name, nfkc), null) end loop
        code := ascii(letter);
        if code < 2304 or code > 3455 then -- 0x0900 to 0x0d7f
            -- What is neither letter nor digit parts words.
            if code < 192 and letter !~ '[0-9A-Za-z]' or code between 8192 and 8303 then
                letter := case when code in (8204, 8205) then '' else ' ' end;
            end if;
            latin := latin || inherent || letter;
            inherent := '';
            continue;
        end if;
        place := code % 128;
        if place between 21 and 57 then
            latin := latin || inherent || case
                when code = 2965 then '<' when code = 2975 then '>' when code = 2986 then '=' when code = 2970 then '%'
                when code = 2993 then '&' else consonants[place - 20] end;
            inherent := 'a';
        elsif place between 62 and 76 then
            latin := latin || signs[place - 61];
            inherent := '';
        elsif place = 77 then -- the sign for no vowel
            inherent := '';
        elsif place = 60 then -- a dot below: ड़ is heard as r
            latin := regexp_replace(latin, 'dh?$', 'r');
        elsif place between 5 and 20 then
            latin := latin || inherent || vowels[place - 4];
            inherent := '';
        elsif place in (0, 1, 2) or code = 2672 then
            latin := latin || inherent || '~';
            inherent := '';
        elsif place between 102 and 111 then
            latin := latin || inherent || (place - 102);
            inherent := '';
        elsif code between 3450 and 3455 then
            latin := latin || inherent || final[place - 121];
            inherent := '';
        elsif code = 2510 then
            latin := latin || inherent || 't';
            inherent := '';
        elsif place = 95 or code in (2929, 2544, 2545) then -- य़ of Odia, and letters of Odia and Assamese
            latin := latin || inherent || case when code = 2544 then 'r' when place = 95 then 'y' else 'v' end;
            inherent := 'a';
        end if;
    end loop;
    latin := lower(regexp_replace(normalize(latin || inherent, nfkd), '[\u0300-\u036f]', '', 'g') collate "C");
    -- Tamil: doubled it is hard, between vowels and after a nasal it is soft.
    if latin ~ '[<>=%&]' then
        latin := regexp_replace(latin, '<<', 'k', 'g');
        latin := regexp_replace(latin, '([aeiou]|ng?)<(?=[aeiou])', '\1g', 'g');
        latin := regexp_replace(latin, '>>', 't', 'g');
        latin := regexp_replace(latin, '([aeioun])>(?=[aeiou])', '\1d', 'g');
        latin := regexp_replace(latin, '==', 'p', 'g');
        latin := regexp_replace(latin, '([aeiounm])=(?=[aeiou])', '\1b', 'g');
        latin := regexp_replace(latin, '%%', 'ch', 'g');
        latin := regexp_replace(latin, '([n!])%', '\1j', 'g');
        latin := regexp_replace(latin, '&&', 'tr', 'g');
        latin := translate(latin, '<>=%&', 'ktpsr');
    end if;
    latin := regexp_replace(latin, '~(?=h)', 'ng', 'g');
    latin := regexp_replace(latin, '[~n](?=[pbmf])', 'm', 'g');
    latin := translate(replace(latin, 'j!', 'gy'), '~!', 'nn');
    -- As Latin letters are spelled.
    latin := regexp_replace(latin, 'c(?=[eiy])', 's', 'g');
    latin := replace(replace(latin, 'ch', '~'), 'c', 'k');
    latin := replace(replace(replace(latin, '~', 'c'), 'x', 'ks'), 'zh', 'l');
    latin := regexp_replace(latin, '([bcdfgjklmnpqrstvwyz])h+', '\1', 'g');
    latin := regexp_replace(latin, 'ee|ii', 'i', 'g');
    latin := regexp_replace(latin, 'ei|ey(?![aeiou])', 'e', 'g');
    latin := regexp_replace(latin, 'oo|ou|ow(?![aeiou])|o', 'u', 'g');
    latin := translate(latin, 'qfvwz', 'kpbbj');
    latin := regexp_replace(latin, '([^ ])y', '\1i', 'g');
    latin := regexp_replace(latin, '([^ ])[ae]+', '\1', 'g');
    latin := regexp_replace(latin, '([a-z])\1+', '\1', 'g');
    return rtrim(' ' || regexp_replace(ltrim(latin), ' +', ' ', 'g'));
end $_$;
ALTER FUNCTION tijori_khata.sound_of(name text) OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.sound_patterns(query text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
    return coalesce((
        select array_agg('% ' || w || '%' order by n)
          from string_to_table(ltrim(tijori_khata.sound_of(query)), ' ') with ordinality x(w, n)
         where w <> ''), '{}');
end $$;
ALTER FUNCTION tijori_khata.sound_patterns(query text) OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.stamp_draft() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end $$;
ALTER FUNCTION tijori_khata.stamp_draft() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.stamp_revoke() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.revoked_at := old.revoked_at;
    new.revoked_by := old.revoked_by;
    if old.revoked_at is null then
        new.revoked_at := now();
        new.revoked_by := tijori_access.user_id();
    end if;
    return new;
end $$;
ALTER FUNCTION tijori_khata.stamp_revoke() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.stamp_sound() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.sound_key := left(tijori_khata.sound_of(new.name), 480);
    return new;
end $$;
ALTER FUNCTION tijori_khata.stamp_sound() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.stamp_undo() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.undone_at := old.undone_at;
    new.undone_by := old.undone_by;
    if old.undone_at is null then
        new.undone_at := now();
        new.undone_by := tijori_access.user_id();
    end if;
    return new;
end $$;
ALTER FUNCTION tijori_khata.stamp_undo() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.stamp_update() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    if new.deleted_at is null then
        new.deleted_by := null;
    elsif old.deleted_at is null then
        new.deleted_at := now();
        new.deleted_by := tijori_access.user_id();
    else
        new.deleted_at := old.deleted_at;
        new.deleted_by := old.deleted_by;
    end if;
    return new;
end $$;
ALTER FUNCTION tijori_khata.stamp_update() OWNER TO tijori_owner;
CREATE FUNCTION tijori_khata.take_sums() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    d record;
begin
    for d in
        select f.account_id, f.business_id, f.party_id,
               coalesce(sum(f.amount_minor) filter (where f.side = 'given'), 0)::bigint as given,
               coalesce(sum(f.amount_minor) filter (where f.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries
          from former f where f.deleted_at is null
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform tijori_khata.shift_sums(d.account_id, d.business_id, d.party_id,
            -d.given, -d.received, -d.entries);
    end loop;
    return null;
end $$;
ALTER FUNCTION tijori_khata.take_sums() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.today() RETURNS date
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select x.account_id, x.business_id into s from tijori_access.scope() x;
    return (select tijori_khata.today_in(b.time_zone) from tijori.businesses b
             where b.account_id = s.account_id and b.id = s.business_id);
end $$;
ALTER FUNCTION tijori_khata.today() OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.today_in(zone text) RETURNS date
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return (tijori_ops.clock() at time zone zone)::date;
exception when invalid_parameter_value then
    return (tijori_ops.clock() at time zone 'Asia/Kolkata')::date;
end $$;
ALTER FUNCTION tijori_khata.today_in(zone text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.totals(OUT parties integer, OUT due integer, OUT advance integer, OUT get bigint, OUT give bigint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
    d record;
begin
    select x.account_id, x.business_id, tijori_khata.today_in(b.time_zone) as today into s
      from tijori_access.scope() x
      join tijori.businesses b on b.account_id = x.account_id and b.id = x.business_id
     where x.sees_totals;
    select count(*), count(*) filter (where t.balance > 0), count(*) filter (where t.balance < 0),
           coalesce(sum(t.balance) filter (where t.balance > 0), 0),
           coalesce(-sum(t.balance) filter (where t.balance < 0), 0)
      into parties, due, advance, get, give
      from tijori.party_sums t
     where t.account_id = s.account_id and t.business_id = s.business_id and t.living;
    select coalesce(sum(sign(greatest(n.today, 0)) - sign(greatest(n.all_days, 0))), 0) as due,
           coalesce(sum(sign(greatest(-n.today, 0)) - sign(greatest(-n.all_days, 0))), 0) as advance,
           coalesce(sum(greatest(n.today, 0) - greatest(n.all_days, 0)), 0) as get,
           coalesce(sum(greatest(-n.today, 0) - greatest(-n.all_days, 0)), 0) as give
      into d
      from (
        select a.balance as today, a.balance + a.given_ahead - a.received_ahead as all_days
          from tijori_khata.ahead_of(s.account_id, s.business_id, s.today) a where a.living) n;
    due := due + d.due;
    advance := advance + d.advance;
    get := get + d.get;
    give := give + d.give;
end $$;
ALTER FUNCTION tijori_khata.totals(OUT parties integer, OUT due integer, OUT advance integer, OUT get bigint, OUT give bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_khata.wrong_sums() RETURNS TABLE(account_id uuid, business_id uuid, party_id uuid, what text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    with entry as (
        select l.account_id, l.business_id, l.party_id, l.business_date, x.given, x.received,
               sum(x.given) over (party order by l.business_date, l.id) as reached,
               sum(x.received) over party as paid
          from tijori.entries l
          cross join lateral (
            select case l.side when 'given' then l.amount_minor else 0 end as given,
                   case l.side when 'received' then l.amount_minor else 0 end as received) x
         where l.deleted_at is null
        window party as (partition by l.account_id, l.business_id, l.party_id)
    ), total as (
        select n.account_id, n.business_id, n.party_id, sum(n.given) as given, sum(n.received) as received,
               count(*) as entries, max(n.business_date) as last_date,
               min(n.business_date) filter (where n.given > 0 and n.reached > n.paid) as due_since
          from entry n group by 1, 2, 3
    )
    select p.account_id, p.business_id, p.id,
           case when s.party_id is null then 'the row is missing'
                when s.given <> coalesce(e.given, 0) then 'the sum of what was given'
                when s.received <> coalesce(e.received, 0) then 'the sum of what was received'
                when s.entries <> coalesce(e.entries, 0) then 'the number of entries'
                when s.last_date is distinct from e.last_date then 'the latest date'
                when s.due_since <> coalesce(e.due_since, date '2100-01-01') then 'since when it is due'
                when s.living <> (p.deleted_at is null) then 'whether it is in the bin'
                else 'the day it was made' end
      from tijori.parties p
      left join tijori.party_sums s
        on s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id
      left join total e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
     where s.party_id is null
        or s.given <> coalesce(e.given, 0)
        or s.received <> coalesce(e.received, 0)
        or s.entries <> coalesce(e.entries, 0)
        or s.last_date is distinct from e.last_date
        or s.due_since <> coalesce(e.due_since, date '2100-01-01')
        or s.living <> (p.deleted_at is null)
        or s.made_on <> (p.created_at at time zone 'utc')::date;
end $$;
ALTER FUNCTION tijori_khata.wrong_sums() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.account_credits(use_id uuid) RETURNS TABLE(meter text, balance bigint, held bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
begin
    return query
    select b.meter, b.balance, b.held from tijori.credit_balances b where b.account_id = opened order by b.meter;
end $$;
ALTER FUNCTION tijori_ops.account_credits(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.account_facts(use_id uuid) RETURNS TABLE(account_id uuid, name text, currency text, time_zone text, created_at timestamp with time zone, leaving_at timestamp with time zone, erased_at timestamp with time zone, businesses bigint, people bigint, api_keys bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
begin
    return query
    select a.account_id, a.name, a.currency, a.time_zone, a.created_at, a.leaving_at, a.erased_at,
           (select count(*) from tijori.businesses b where b.account_id = opened),
           (select count(distinct m.user_id) from tijori.members m where m.account_id = opened),
           (select count(*) from tijori.credentials c
             where c.account_id = opened and c.kind = 'api_key' and c.revoked_at is null)
      from tijori.accounts a where a.account_id = opened;
end $$;
ALTER FUNCTION tijori_ops.account_facts(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.account_life(use_id uuid, until timestamp with time zone, past integer, most integer) RETURNS TABLE(at timestamp with time zone, kind text, what text, detail text, amount_minor bigint, currency text, reference text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
    today constant timestamptz := tijori_ops.clock();
    horizon constant timestamptz := coalesce(until, 'infinity');
begin
    return query
    select x.at, x.kind, x.what, x.detail, x.amount_minor, x.currency, x.reference from (
        select a.created_at as at, 'account' as kind, 'opened' as what, a.name as detail, null::bigint as amount_minor,
               null as currency, '' as reference
          from tijori.accounts a where a.account_id = opened
        union all
        select a.leaving_at, 'account', 'leaving', '', null, null, ''
          from tijori.accounts a where a.account_id = opened and a.leaving_at is not null
        union all
        select m.created_at, 'person', m.role, p.name, null, null, ''
          from tijori.members m join tijori.users p on p.id = m.user_id where m.account_id = opened
        union all
        select s.began_at, 'plan', s.kind, s.plan_id, s.monthly_minor, s.currency, s.subscription_id
          from tijori.plan_spans s where s.account_id = opened
        union all
        select s.until_at, 'plan', 'ended', s.plan_id, null, null, s.subscription_id
          from tijori.plan_spans s where s.account_id = opened and s.until_at <= today
        union all
        select coalesce(p.paid_at, p.recorded_at), 'payment', 'paid', p.connection_id, p.amount_minor, p.currency, p.id
          from tijori.payments p where p.account_id = opened
        union all
        select p.paid_at, 'payment', 'credits', p.top_up_id, p.amount_minor, p.currency, coalesce(p.payment_id, '')
          from tijori.purchases p where p.account_id = opened and p.paid_at is not null
        union all
        select i.issued_at, 'invoice', i.status, i.number, i.amount_minor, i.currency, i.id
          from tijori.invoices i where i.account_id = opened and i.paid_at is null and i.status not in ('draft', 'deleted')
        union all
        (select i.received_at, 'event', i.type, i.status || case when i.last_error = '' then '' else ': ' end || i.last_error,
                null, null, i.provider || '/' || i.event_id
           from tijori.inbox i where i.account_id = opened and i.received_at <= horizon
          order by i.received_at desc limit least(most, 200) + past)
        union all
        select g.created_at, 'credits', g.kind, g.reason, g.amount, null, g.granted_by
          from tijori.credit_grants g where g.account_id = opened
        union all
        select r.opened_at, 'review', r.reason, r.detail, null, null, r.status
          from tijori.review_items r where r.account_id = opened
        union all
        (select l.at, 'security', l.kind, l.detail, null, null, ''
           from tijori.security_log l where l.account_id = opened and l.at <= horizon
          order by l.at desc limit least(most, 200) + past)
        union all
        select o.at, 'act', o.act, o.reason, null, null, o.who
          from tijori.operator_acts o
         where o.app_id = (select a.app_id from tijori.accounts a where a.account_id = opened) and o.subject = opened::text
        union all
        select u.at, 'look', u.question, u.detail, null, null, u.who
          from tijori.support_uses u where u.subject = opened::text and u.question in ('account', 'why')) x
     where x.at <= horizon
     order by x.at desc, x.kind, x.what, x.reference offset past limit least(most, 200);
end $$;
ALTER FUNCTION tijori_ops.account_life(use_id uuid, until timestamp with time zone, past integer, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.account_of(app text, customer text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    found_account uuid;
begin
    select a.account_id into found_account from tijori.accounts a
     where a.app_id = app and a.external_id = customer and a.app_id <> 'khata' and a.erasing_at is null;
    if found_account is null then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return found_account;
end $$;
ALTER FUNCTION tijori_ops.account_of(app text, customer text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.account_opened(use_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_ops.app_of_use(use_id, array['account']);
    return (select s.account from tijori_ops.support_scope(use_id) s);
end $$;
ALTER FUNCTION tijori_ops.account_opened(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.account_people(use_id uuid) RETURNS TABLE(name text, role text, email text, since timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
begin
    return query
    select p.name, m.role, case when r.owns then p.email else '' end, m.created_at
      from tijori.members m
      join tijori.roles r on r.role = m.role
      join tijori.users p on p.id = m.user_id
     where m.account_id = opened
     order by r.rank, m.created_at, m.id limit 50;
end $$;
ALTER FUNCTION tijori_ops.account_people(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.accounts_behind(use_id uuid, figure text, since timestamp with time zone, until timestamp with time zone, before_at timestamp with time zone, before_account uuid, most integer) RETURNS TABLE(account_id uuid, name text, at timestamp with time zone, plan_id text, currency text, monthly_minor bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['list']);
    today constant timestamptz := tijori_ops.clock();
begin
    return query
    with found as (
        select s.account_id, s.began_at as at, s.plan_id, s.currency, s.monthly_minor
          from tijori.plan_spans s
          join tijori.subscriptions v
            on v.account_id = s.account_id and v.connection_id = s.connection_id and v.id = s.subscription_id
         where figure in ('active', 'trials_now', 'failing', 'ending')
           and s.app_id = app and s.began_at <= today and s.until_at > today
           and s.kind = case figure when 'trials_now' then 'trial' else 'paid' end
           and (figure <> 'failing' or v.status = 'past_due') and (figure <> 'ending' or v.cancel_at_period_end)
        union all
        select s.account_id, s.began_at, s.plan_id, s.currency, s.monthly_minor from tijori.plan_spans s
         where figure = 'trials' and s.app_id = app and s.kind = 'trial' and s.until_at > s.began_at
           and s.began_at >= since and s.began_at < until
        union all
        select a.account_id, a.created_at, null, null, null from tijori.accounts a
         where figure = 'sign_ups' and a.app_id = app and a.created_at >= since and a.created_at < until
        union all
        select i.account_id, i.began_at, null, null, null from tijori_ops.islands(case when figure in ('won', 'won_back')
            then app end) i
         where i.began_at >= since and i.began_at < until and (i.number = 1) = (figure = 'won')
        union all
        select i.account_id, i.until_at, null, null, null from tijori_ops.islands(case when figure = 'lost' then app end) i
         where i.until_at >= since and i.until_at < least(until, today)),
    page as (
        select f.* from found f
         where before_at is null or (f.at, f.account_id) < (before_at, before_account)
         order by f.at desc, f.account_id desc limit least(most, 200))
    select p.account_id, a.name, p.at, coalesce(p.plan_id, s.plan_id), coalesce(p.currency, s.currency),
           coalesce(p.monthly_minor, s.monthly_minor)
      from page p
      join tijori.accounts a on a.account_id = p.account_id
      left join lateral (
        select x.plan_id, x.currency, x.monthly_minor from tijori.plan_spans x
         where p.plan_id is null and x.account_id = p.account_id and x.kind = 'paid' and x.began_at <= p.at
         order by x.began_at desc limit 1) s on true
     order by p.at desc, p.account_id desc;
end $$;
ALTER FUNCTION tijori_ops.accounts_behind(use_id uuid, figure text, since timestamp with time zone, until timestamp with time zone, before_at timestamp with time zone, before_account uuid, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.affected(accounts uuid[]) RETURNS TABLE(account_id uuid, account_name text, name text, email text, locale text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select a.account_id, a.name, u.name, u.email, u.locale
      from tijori.accounts a
      join tijori.members m on m.account_id = a.account_id and m.business_id is null
      join tijori.roles r on r.role = m.role and r.owns
      join tijori.users u on u.id = m.user_id
     where a.account_id = any (accounts)
     order by a.account_id, u.email;
end $$;
ALTER FUNCTION tijori_ops.affected(accounts uuid[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.app_of_use(use_id uuid, questions text[]) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app text;
begin
    select u.app_id into app from tijori.support_uses u
     where u.id = use_id and u.question = any (questions) and u.at > now() - interval '1 hour'
       and u.xact is distinct from pg_current_xact_id_if_assigned();
    if not found then
        raise exception 'this use is not written down' using errcode = '28000';
    end if;
    return app;
end $$;
ALTER FUNCTION tijori_ops.app_of_use(use_id uuid, questions text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.asked_blast(who text, act text, about text, why text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_ops.write_act(null, who, act, about, why);
end $$;
ALTER FUNCTION tijori_ops.asked_blast(who text, act text, about text, why text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.clock() RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$ begin return now() + make_interval(secs => (select c.offset_seconds from tijori.service_clock c)); end $$;
ALTER FUNCTION tijori_ops.clock() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.close_incident(number integer, who text, said text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform from tijori.incidents i where i.id = number for update;
    if exists (select from tijori.freezes f where f.incident = number and f.thawed_at is null) then
        raise exception 'something is frozen' using errcode = '23514', constraint = 'incidents_frozen';
    end if;
    update tijori.incidents i set closed_at = now(), closed_by = who, outcome = said
     where i.id = number and i.closed_at is null;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    perform tijori_ops.write_act(number, who, 'close', '', said);
end $$;
ALTER FUNCTION tijori_ops.close_incident(number integer, who text, said text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.complain(complaint uuid, release text, page text, object text, request text, words text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    insert into tijori.complaints (id, release, user_id, account_id, business_id, shared, page, object, request_id, words)
    values (complaint, release, s.user_id, s.account_id, s.business_id, false, page, object, request, words)
    on conflict do nothing;
end $$;
ALTER FUNCTION tijori_ops.complain(complaint uuid, release text, page text, object text, request text, words text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.complain_of_share(given_hash bytea, complaint uuid, release text, request text, words text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    s record;
begin
    select x.account_id, x.business_id, x.party_id into s from tijori.shares x where x.token_hash = given_hash
     order by x.account_id limit 1;
    if not found then
        return false;
    end if;
    insert into tijori.complaints (id, release, account_id, business_id, shared, page, object, request_id, words)
    values (complaint, release, s.account_id, s.business_id, true, '/s/…', s.party_id::text, request, words)
    on conflict do nothing;
    return true;
end $$;
ALTER FUNCTION tijori_ops.complain_of_share(given_hash bytea, complaint uuid, release text, request text, words text) OWNER TO tijori_guard;
CREATE TABLE tijori.complaints (
    id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    release text NOT NULL,
    user_id uuid,
    account_id uuid,
    business_id uuid,
    shared boolean NOT NULL,
    page text NOT NULL,
    object text,
    request_id text,
    words text NOT NULL,
    told_at timestamp with time zone,
    CONSTRAINT complaints_text_check CHECK (((length(release) <= 100) AND (length(page) <= 300) AND (length(object) <= 100) AND (length(request_id) <= 64) AND (length(words) <= 1000)))
);
ALTER TABLE ONLY tijori.complaints FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.complaints OWNER TO tijori_owner;
CREATE FUNCTION tijori_ops.complaints(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF tijori.complaints
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select c.* from tijori.complaints c where c.at >= since and c.at < until order by c.at, c.id;
end $$;
ALTER FUNCTION tijori_ops.complaints(since timestamp with time zone, until timestamp with time zone) OWNER TO tijori_guard;
CREATE TABLE tijori.evidence (
    id bigint NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    made_by text NOT NULL,
    manifest bytea NOT NULL,
    previous bytea,
    file bytea NOT NULL,
    CONSTRAINT evidence_hash_check CHECK (((length(manifest) = 32) AND (length(file) = 32) AND (length(previous) = 32) AND ((previous IS NULL) = (id = 1)))),
    CONSTRAINT evidence_who_check CHECK (((length(made_by) >= 1) AND (length(made_by) <= 254)))
);
ALTER TABLE ONLY tijori.evidence FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.evidence OWNER TO tijori_owner;
CREATE FUNCTION tijori_ops.evidence() RETURNS SETOF tijori.evidence
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$ begin return query select e.* from tijori.evidence e order by e.id; end $$;
ALTER FUNCTION tijori_ops.evidence() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.figures_moves(use_id uuid, bounds timestamp with time zone[]) RETURNS TABLE(part integer, accounts bigint, paying bigint, sign_ups bigint, trials bigint, won bigint, won_back bigint, lost bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['figures']);
begin
    return query
    with made as (
        select width_bucket(a.created_at, bounds) as b, 1 as one, 1 as signed
          from tijori.accounts a where a.app_id = app
        union all
        select width_bucket(a.erased_at, bounds), -1, 0
          from tijori.accounts a where a.app_id = app and a.erased_at is not null),
    made_sums as (select m.b, sum(m.one)::bigint as n, sum(m.signed)::bigint as signed from made m group by 1),
    paid as materialized (select i.number, i.began_at, i.until_at from tijori_ops.islands(app) i),
    moves as (
        select width_bucket(p.began_at, bounds) as b, (p.number = 1)::int as won, (p.number > 1)::int as won_back,
               0 as lost, 1 as one from paid p
        union all
        select width_bucket(p.until_at, bounds), 0, 0, 1, -1 from paid p),
    paid_sums as (
        select m.b, sum(m.won)::bigint as won, sum(m.won_back)::bigint as won_back, sum(m.lost)::bigint as lost,
               sum(m.one)::bigint as n
          from moves m group by 1),
    trial_sums as (
        select width_bucket(s.began_at, bounds) as b, count(*) as n from tijori.plan_spans s
         where s.app_id = app and s.kind = 'trial' and s.until_at > s.began_at group by 1)
    select g.part,
           coalesce((select sum(m.n) from made_sums m where m.b < g.part), 0)::bigint,
           coalesce((select sum(p.n) from paid_sums p where p.b < g.part), 0)::bigint,
           coalesce((select m.signed from made_sums m where m.b = g.part), 0),
           coalesce((select t.n from trial_sums t where t.b = g.part), 0),
           coalesce((select p.won from paid_sums p where p.b = g.part), 0),
           coalesce((select p.won_back from paid_sums p where p.b = g.part), 0),
           coalesce((select p.lost from paid_sums p where p.b = g.part), 0)
      from generate_series(1, cardinality(bounds)) g (part)
     order by g.part;
end $$;
ALTER FUNCTION tijori_ops.figures_moves(use_id uuid, bounds timestamp with time zone[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.figures_now(use_id uuid) RETURNS TABLE(plan_id text, period text, currency text, paid bigint, monthly_minor bigint, failing bigint, failing_minor bigint, ending bigint, ending_minor bigint, trials bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['figures']);
    today constant timestamptz := tijori_ops.clock();
begin
    return query
    with given as (
        select s.plan_id, s.period, coalesce(s.currency, '') as currency, s.kind, coalesce(s.monthly_minor, 0) as monthly,
               v.status = 'past_due' as fails, v.cancel_at_period_end as ends
          from tijori.plan_spans s
          join tijori.subscriptions v
            on v.account_id = s.account_id and v.connection_id = s.connection_id and v.id = s.subscription_id
         where s.app_id = app and s.began_at <= today and s.until_at > today)
    select g.plan_id, g.period, g.currency,
           count(*) filter (where g.kind = 'paid'),
           coalesce(sum(g.monthly) filter (where g.kind = 'paid'), 0)::bigint,
           count(*) filter (where g.kind = 'paid' and g.fails),
           coalesce(sum(g.monthly) filter (where g.kind = 'paid' and g.fails), 0)::bigint,
           count(*) filter (where g.kind = 'paid' and g.ends),
           coalesce(sum(g.monthly) filter (where g.kind = 'paid' and g.ends), 0)::bigint,
           count(*) filter (where g.kind = 'trial')
      from given g group by 1, 2, 3 order by 1, 2, 3;
end $$;
ALTER FUNCTION tijori_ops.figures_now(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.figures_paid(use_id uuid, moments timestamp with time zone[]) RETURNS TABLE(moment integer, currency text, subscriptions bigint, monthly_minor bigint, unpriced bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['figures']);
begin
    -- What is true just before a moment: a span counts where began_at < moment <= until_at. So it is added at the first
    -- moment after began_at, and taken away at the first after until_at.
    return query
    with paid as (
        select coalesce(s.currency, '') as currency, coalesce(s.monthly_minor, 0) as monthly,
               (s.currency is null)::int as unpriced, s.began_at, s.until_at
          from tijori.plan_spans s
         where s.app_id = app and s.kind = 'paid' and s.until_at > s.began_at and s.until_at > moments[1]),
    moves as (
        select p.currency, 1 + width_bucket(p.began_at, moments) as place, 1 as one, p.monthly, p.unpriced from paid p
        union all
        select p.currency, 1 + width_bucket(p.until_at, moments), -1, -p.monthly, -p.unpriced from paid p),
    sums as (
        select m.currency, m.place, sum(m.one)::bigint as n, sum(m.monthly)::bigint as monthly, sum(m.unpriced)::bigint as u
          from moves m group by m.currency, m.place)
    select g.moment, s.currency, sum(s.n)::bigint, sum(s.monthly)::bigint, sum(s.u)::bigint
      from generate_series(1, cardinality(moments)) g (moment)
      join sums s on s.place <= g.moment
     group by g.moment, s.currency
     order by g.moment, s.currency;
end $$;
ALTER FUNCTION tijori_ops.figures_paid(use_id uuid, moments timestamp with time zone[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.forget_complainer() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.complaints c set user_id = null, words = '' where c.user_id = old.id;
    return null;
end $$;
ALTER FUNCTION tijori_ops.forget_complainer() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops."freeze"(number integer, parts integer, account uuid, who text, why text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    added integer;
begin
    perform from tijori.incidents i where i.id = number and i.closed_at is null for share;
    if not found or account is not null and not exists (select from tijori.accounts a where a.account_id = account) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    with added as (
        insert into tijori.freezes (id, incident, part, account_id, frozen_by, reason)
        select gen_random_uuid(), number, p.bit, account, who, why
          from (values (1), (2), (4), (8), (16), (32)) p(bit) where parts & p.bit <> 0
        on conflict do nothing returning part)
    select coalesce(bit_or(a.part), 0) into added from added a;
    perform tijori_ops.write_act(number, who, 'freeze',
        parts || coalesce(' of account ' || account, ''), why);
    return added;
end $$;
ALTER FUNCTION tijori_ops."freeze"(number integer, parts integer, account uuid, who text, why text) OWNER TO tijori_guard;
CREATE TABLE tijori.freezes (
    id uuid NOT NULL,
    incident integer NOT NULL,
    part integer NOT NULL,
    account_id uuid,
    frozen_at timestamp with time zone DEFAULT now() NOT NULL,
    frozen_by text NOT NULL,
    reason text NOT NULL,
    thawed_at timestamp with time zone,
    thawed_by text,
    thaw_reason text,
    CONSTRAINT freezes_part_check CHECK ((part = ANY (ARRAY[1, 2, 4, 8, 16, 32]))),
    CONSTRAINT freezes_reason_check CHECK ((((length(reason) >= 1) AND (length(reason) <= 1000)) AND ((length(thaw_reason) >= 1) AND (length(thaw_reason) <= 1000)))),
    CONSTRAINT freezes_thawed_check CHECK ((((thawed_at IS NULL) = (thawed_by IS NULL)) AND ((thawed_at IS NULL) = (thaw_reason IS NULL)))),
    CONSTRAINT freezes_who_check CHECK ((((length(frozen_by) >= 1) AND (length(frozen_by) <= 254)) AND ((length(thawed_by) >= 1) AND (length(thawed_by) <= 254))))
);
ALTER TABLE ONLY tijori.freezes FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.freezes OWNER TO tijori_owner;
CREATE FUNCTION tijori_ops.freezes(since timestamp with time zone) RETURNS SETOF tijori.freezes
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select f.* from tijori.freezes f where f.thawed_at is null or f.thawed_at >= since
     order by f.frozen_at, f.part, f.id;
end $$;
ALTER FUNCTION tijori_ops.freezes(since timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.frozen() RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    everybody integer;
    narrow boolean;
    mine uuid;
begin
    select bit_or(f.part) filter (where f.account_id is null), bool_or(f.account_id is not null)
      into everybody, narrow
      from tijori.freezes f where f.thawed_at is null;
    if narrow then
        mine := tijori_access.account_id();
        return coalesce(everybody, 0) | coalesce((
            select bit_or(f.part) from tijori.freezes f where f.thawed_at is null and f.account_id = mine), 0);
    end if;
    return coalesce(everybody, 0);
end $$;
ALTER FUNCTION tijori_ops.frozen() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.frozen_customer(account uuid, which integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select exists (select from tijori.freezes f
                    where f.thawed_at is null and f.account_id = account and f.part = which) $$;
ALTER FUNCTION tijori_ops.frozen_customer(account uuid, which integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.frozen_for_all() RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return coalesce((select bit_or(f.part) from tijori.freezes f where f.thawed_at is null and f.account_id is null), 0);
end $$;
ALTER FUNCTION tijori_ops.frozen_for_all() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.frozen_share(given_hash bytea) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return coalesce((select bit_or(f.part) from tijori.freezes f
         where f.thawed_at is null and (f.account_id is null or f.account_id in (
             select s.account_id from tijori.shares s where s.token_hash = given_hash))), 0);
end $$;
ALTER FUNCTION tijori_ops.frozen_share(given_hash bytea) OWNER TO tijori_guard;
CREATE TABLE tijori.incident_acts (
    id uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    incident integer,
    who text NOT NULL,
    act text NOT NULL,
    about text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT incident_acts_act_check CHECK (((length(act) >= 1) AND (length(act) <= 40))),
    CONSTRAINT incident_acts_text_check CHECK (((length(about) <= 1000) AND (length(reason) <= 1000))),
    CONSTRAINT incident_acts_who_check CHECK (((length(who) >= 1) AND (length(who) <= 254)))
);
ALTER TABLE ONLY tijori.incident_acts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.incident_acts OWNER TO tijori_owner;
CREATE FUNCTION tijori_ops.incident_acts(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF tijori.incident_acts
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select a.* from tijori.incident_acts a where a.at >= since and a.at < until order by a.at, a.id;
end $$;
ALTER FUNCTION tijori_ops.incident_acts(since timestamp with time zone, until timestamp with time zone) OWNER TO tijori_guard;
CREATE TABLE tijori.incidents (
    id integer NOT NULL,
    title text NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    opened_by text NOT NULL,
    closed_at timestamp with time zone,
    closed_by text,
    outcome text,
    CONSTRAINT incidents_closed_check CHECK ((((closed_at IS NULL) = (closed_by IS NULL)) AND ((closed_at IS NULL) = (outcome IS NULL)) AND ((length(outcome) >= 1) AND (length(outcome) <= 1000)))),
    CONSTRAINT incidents_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200))),
    CONSTRAINT incidents_who_check CHECK ((((length(opened_by) >= 1) AND (length(opened_by) <= 254)) AND ((length(closed_by) >= 1) AND (length(closed_by) <= 254))))
);
ALTER TABLE ONLY tijori.incidents FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.incidents OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.incidents.outcome IS 'what it was and what was done, as who closed it says';
CREATE FUNCTION tijori_ops.incidents() RETURNS SETOF tijori.incidents
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$ begin return query select i.* from tijori.incidents i order by i.id desc; end $$;
ALTER FUNCTION tijori_ops.incidents() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.islands(app text) RETURNS TABLE(account_id uuid, number bigint, began_at timestamp with time zone, until_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    with ordered as (
        select s.account_id, s.began_at, s.until_at,
               max(s.until_at) over (partition by s.account_id order by s.began_at, s.until_at
                   rows between unbounded preceding and 1 preceding) as before
          from tijori.plan_spans s
         where s.app_id = app and s.kind = 'paid' and s.until_at > s.began_at),
    grouped as (
        select o.account_id, o.began_at, o.until_at,
               count(*) filter (where o.before is null or o.before + interval '1 day' < o.began_at)
                   over (partition by o.account_id order by o.began_at, o.until_at) as number
          from ordered o)
    select g.account_id, g.number, min(g.began_at), max(g.until_at)
      from grouped g group by g.account_id, g.number;
end $$;
ALTER FUNCTION tijori_ops.islands(app text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.last_evidence() RETURNS SETOF tijori.evidence
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$ begin return query select e.* from tijori.evidence e order by e.id desc limit 1; end $$;
ALTER FUNCTION tijori_ops.last_evidence() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.note_use(use_id uuid, app text, asker text, asked text, about text, remark text, work uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if asked <> 'work' and not exists (select from tijori_ops.open_work(asker) w where w.id = work) then
        raise exception 'no work was begun' using errcode = '28000';
    end if;
    insert into tijori.support_uses (id, app_id, who, question, subject, detail, work_id)
    values (use_id, app, asker, asked, about, remark, work);
end $$;
ALTER FUNCTION tijori_ops.note_use(use_id uuid, app text, asker text, asked text, about text, remark text, work uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.open_account(asker text, account uuid) RETURNS TABLE(id uuid, at timestamp with time zone, reason text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select u.id, u.at, u.detail from tijori.support_uses u
     where u.who = asker and u.question = 'account' and u.subject = account::text and u.at > now() - interval '55 minutes'
     order by u.at desc limit 1;
end $$;
ALTER FUNCTION tijori_ops.open_account(asker text, account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.open_incident(title text, who text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    number integer;
begin
    perform pg_advisory_xact_lock(7310579);
    select coalesce(i.id, 0) + 1 into number from (values (1)) one left join lateral (
        select x.id from tijori.incidents x order by x.id desc limit 1) i on true;
    insert into tijori.incidents (id, title, opened_by) values (number, title, who);
    perform tijori_ops.write_act(number, who, 'open', '', title);
    return number;
end $$;
ALTER FUNCTION tijori_ops.open_incident(title text, who text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.open_work(asker text) RETURNS TABLE(id uuid, at timestamp with time zone, reason text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select u.id, u.at, u.detail from tijori.support_uses u
     where u.who = asker and u.question = 'work' and u.at > now() - interval '4 hours'
     order by u.at desc limit 1;
end $$;
ALTER FUNCTION tijori_ops.open_work(asker text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.owners_of(objects text[]) RETURNS TABLE(object text, account_id uuid, kind text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
declare
    ids uuid[] := array(select o::uuid from unnest(objects) o
        where o ~ '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$');
begin
    return query
    select a.account_id::text, a.account_id, 'account' from tijori.accounts a where a.account_id = any (ids)
    union select b.id::text, b.account_id, 'business' from tijori.businesses b where b.id = any (ids)
    union select p.id::text, p.account_id, 'party' from tijori.parties p where p.id = any (ids)
    union select e.id::text, e.account_id, 'entry' from tijori.entries e where e.id = any (ids)
    union select i.id, i.account_id, 'invoice' from tijori.invoices i where i.id = any (objects);
end $_$;
ALTER FUNCTION tijori_ops.owners_of(objects text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.record_evidence(number bigint, who text, hash bytea, before bytea, whole bytea, about text, why text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform pg_advisory_xact_lock(7310580);
    if before is distinct from (select e.manifest from tijori.evidence e order by e.id desc limit 1)
       or number <> 1 + coalesce((select e.id from tijori.evidence e order by e.id desc limit 1), 0) then
        raise exception 'another bundle was made meanwhile' using errcode = '40001';
    end if;
    insert into tijori.evidence (id, made_by, manifest, previous, file) values (number, who, hash, before, whole);
    perform tijori_ops.write_act(null, who, 'evidence', about, why);
end $$;
ALTER FUNCTION tijori_ops.record_evidence(number bigint, who text, hash bytea, before bytea, whole bytea, about text, why text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.record_release(node text, version text, migration bigint, fingerprint text, settings jsonb, mode text, accounts jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.releases (node, version, migration, fingerprint, settings, mode, accounts)
    values (left(node, 254), left(version, 100), migration, fingerprint, settings, mode, accounts);
end $$;
ALTER FUNCTION tijori_ops.record_release(node text, version text, migration bigint, fingerprint text, settings jsonb, mode text, accounts jsonb) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.refuse_frozen(parts integer) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if tijori_ops.frozen() & parts <> 0 then
        raise exception 'frozen' using errcode = 'TJ503';
    end if;
end $$;
ALTER FUNCTION tijori_ops.refuse_frozen(parts integer) OWNER TO tijori_guard;
CREATE TABLE tijori.releases (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    node text NOT NULL,
    version text NOT NULL,
    migration bigint NOT NULL,
    fingerprint text NOT NULL,
    settings jsonb NOT NULL,
    mode text NOT NULL,
    accounts jsonb NOT NULL,
    CONSTRAINT releases_mode_check CHECK ((mode = ANY (ARRAY['simulated'::text, 'test'::text, 'live'::text]))),
    CONSTRAINT releases_text_check CHECK (((length(node) <= 254) AND ((length(version) >= 1) AND (length(version) <= 100)) AND (fingerprint ~ '^[0-9a-f]{16}$'::text) AND (length((settings)::text) <= 20000) AND (length((accounts)::text) <= 2000)))
);
ALTER TABLE ONLY tijori.releases FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.releases OWNER TO tijori_owner;
CREATE FUNCTION tijori_ops.releases(until timestamp with time zone, most integer) RETURNS SETOF tijori.releases
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select r.* from tijori.releases r where r.started_at < until
     order by r.started_at desc, r.id desc limit most;
end $$;
ALTER FUNCTION tijori_ops.releases(until timestamp with time zone, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.search_accounts(use_id uuid, by text, words text, id uuid, after uuid, most integer) RETURNS TABLE(account_id uuid, name text, at timestamp with time zone, plan_id text, matched text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['search']);
    mine constant text[] := array(select c.connection_id from tijori.connections c where c.app_id = app);
begin
    return query
    with found as (
        select m.account_id, u.email as matched from tijori.users u join tijori.members m on m.user_id = u.id
         where by = 'email' and u.email ~>=~ words and u.email ~<~ (words || chr(1114111))
        union all
        select c.account_id, 'API key ' || c.hint || '…' from tijori.credentials c
         where by = 'key' and c.kind = 'api_key' and (c.hint ^@ words or words ^@ c.hint)
        union all
        select a.account_id, 'account' from tijori.accounts a where by = 'id' and a.account_id = search_accounts.id
        union all
        select m.account_id, 'user' from tijori.members m where by = 'id' and m.user_id = search_accounts.id
        union all
        select b.account_id, 'business' from tijori.businesses b where by = 'id' and b.id = search_accounts.id
        union all
        select d.account_id, d.kind from tijori.provider_directory d
         where by = 'provider' and d.connection_id = any (mine) and d.provider_id = words
           and d.kind = any (array['customer', 'subscription', 'session', 'payment_link', 'payment'])
        union all
        select p.account_id, 'payment' from tijori.payments p
         where by = 'provider' and p.connection_id = any (mine) and (p.id = words or p.invoice_id = words)
        union all
        select i.account_id, 'invoice' from tijori.invoices i
         where by = 'provider' and i.connection_id = any (mine) and (i.id = words or i.number = words)
        union all
        select p.account_id, 'purchase of credits' from tijori.purchases p
         where by = 'provider' and p.connection_id = any (mine) and words in (p.provider_id, p.payment_id, p.charge_id)
        union all
        select e.account_id, 'event' from tijori.inbox e
         where by = 'provider' and e.connection_id = any (mine) and e.event_id = words and e.account_id is not null),
    each_once as (
        select f.account_id, string_agg(distinct f.matched, ', ' order by f.matched) as matched from found f
         where after is null or f.account_id > after
         group by f.account_id order by f.account_id limit least(most, 200))
    select a.account_id, a.name, a.created_at, tijori_plans.plan_of(a.account_id), e.matched
      from each_once e join tijori.accounts a on a.account_id = e.account_id and a.app_id = app
     order by a.account_id;
end $$;
ALTER FUNCTION tijori_ops.search_accounts(use_id uuid, by text, words text, id uuid, after uuid, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.set_clock(seconds bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.service_clock set offset_seconds = seconds;
end $$;
ALTER FUNCTION tijori_ops.set_clock(seconds bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.strangers_among(ids uuid[], mine uuid[]) RETURNS TABLE(id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select a.account_id from tijori.accounts a where a.account_id = any (ids) and a.account_id <> all (mine)
    union all
    select b.id from tijori.businesses b where b.id = any (ids) and b.account_id <> all (mine) $$;
ALTER FUNCTION tijori_ops.strangers_among(ids uuid[], mine uuid[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.support_events(use_id uuid) RETURNS TABLE(account_id uuid, provider text, event_id text, type text, subject text, status text, received_at timestamp with time zone, applied_at timestamp with time zone, attempts integer, last_error text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select e.account_id, e.provider, e.event_id, e.type, e.subject, e.status,
           e.received_at, e.applied_at, e.attempts, e.last_error
      from tijori_ops.support_scope(use_id) s
      cross join lateral (
        select i.account_id, i.provider, i.event_id, i.type, i.subject, i.status,
               i.received_at, i.applied_at, i.attempts, i.last_error
          from tijori.inbox i where i.account_id = s.account
         order by i.received_at desc limit 15) e
     order by e.received_at desc;
end $$;
ALTER FUNCTION tijori_ops.support_events(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.support_items(use_id uuid) RETURNS TABLE(account_id uuid, provider text, key text, reason text, detail text, opened_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select r.account_id, r.provider, r.key, r.reason, r.detail, r.opened_at
      from tijori_ops.support_scope(use_id) s
      join tijori.review_items r on r.account_id = s.account and r.status = 'open'
     order by r.opened_at desc limit 50;
end $$;
ALTER FUNCTION tijori_ops.support_items(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.support_people(use_id uuid) RETURNS TABLE(user_id uuid, name text, locale text, account_id uuid, account_name text, currency text, account_created timestamp with time zone, role text, businesses bigint, plan text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select p.id, p.name, p.locale, a.account_id, a.name, a.currency, a.created_at, m.role,
           (select count(*) from tijori.businesses b where b.account_id = a.account_id),
           tijori_plans.plan_of(a.account_id)
      from tijori_ops.support_scope(use_id) s
      join tijori.support_uses u on u.id = use_id
      join tijori.accounts a on a.account_id = s.account
      join tijori.members m on m.account_id = a.account_id
      join tijori.roles r on r.role = m.role
      join tijori.users p on p.id = m.user_id
     where case when u.question = 'lookup' then p.email = lower(u.subject) else r.owns end
     order by a.created_at, a.account_id, m.created_at;
end $$;
ALTER FUNCTION tijori_ops.support_people(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.support_scope(use_id uuid) RETURNS TABLE(account uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    u record;
begin
    select s.question, s.subject into u from tijori.support_uses s
     where s.id = use_id and s.at > now() - interval '1 hour'
       and s.xact is distinct from pg_current_xact_id_if_assigned();
    if not found then
        raise exception 'this use is not written down' using errcode = '28000';
    end if;
    if u.question = 'lookup' then
        return query
        select distinct m.account_id from tijori.members m join tijori.users p on p.id = m.user_id
         where p.email = lower(u.subject);
    else
        return query select a.account_id from tijori.accounts a where a.account_id::text = u.subject;
    end if;
end $$;
ALTER FUNCTION tijori_ops.support_scope(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.support_subscriptions(use_id uuid) RETURNS TABLE(account_id uuid, provider text, id text, customer_id text, status text, provider_status text, price_id text, plan_id text, period text, period_start timestamp with time zone, period_end timestamp with time zone, paid_through timestamp with time zone, access_until timestamp with time zone, failed_at timestamp with time zone, cancel_at_period_end boolean, cancel_at timestamp with time zone, trial_end timestamp with time zone, ended_at timestamp with time zone, seen_at timestamp with time zone, changed_at timestamp with time zone, event_id text, event_type text, event_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query
    select v.account_id, v.provider, v.id, v.customer_id, v.status, v.provider_status,
           v.price_id, coalesce(v.plan_id, ''), v.period, v.period_start, v.period_end,
           v.paid_through, v.access_until, v.failed_at, v.cancel_at_period_end,
           v.cancel_at, v.trial_end, v.ended_at, v.seen_at, v.changed_at,
           coalesce(e.event_id, ''), coalesce(e.type, ''), e.received_at
      from tijori_ops.support_scope(use_id) s
      join tijori.subscriptions v on v.account_id = s.account
      left join lateral (
        select i.event_id, i.type, i.received_at from tijori.inbox i
         where i.account_id = v.account_id and i.connection_id = v.connection_id and i.subject = v.id
           and i.status = 'applied'
         order by i.received_at desc limit 1) e on true
     order by v.account_id, v.changed_at desc;
end $$;
ALTER FUNCTION tijori_ops.support_subscriptions(use_id uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.support_use(use_id uuid, asker text, asked text, about text, remark text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app text := 'khata';
begin
    if asked = 'why' then
        app := coalesce((select a.app_id from tijori.accounts a where a.account_id::text = about), app);
    end if;
    insert into tijori.support_uses (id, app_id, who, question, subject, detail)
    values (use_id, app, asker, asked, about, remark);
end $$;
ALTER FUNCTION tijori_ops.support_use(use_id uuid, asker text, asked text, about text, remark text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.take_turn(name text, every interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.turns as t (name, taken_at) values (take_turn.name, clock_timestamp())
    on conflict on constraint turns_pkey do update set taken_at = excluded.taken_at
     where t.taken_at <= excluded.taken_at - take_turn.every;
    return found;
end $$;
ALTER FUNCTION tijori_ops.take_turn(name text, every interval) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.tell_complaints(ids uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update tijori.complaints c set told_at = now() where c.id = any (ids) and c.told_at is null;
    delete from tijori.complaints c where c.at < now() - interval '400 days';
end $$;
ALTER FUNCTION tijori_ops.tell_complaints(ids uuid[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.tend_access_log(OUT made integer, OUT dropped integer) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
declare
    kind record;
    day date;
    part text;
    today constant date := (now() at time zone 'UTC')::date;
    days date[];
begin
    made := 0;
    dropped := 0;
    if not pg_catalog.pg_try_advisory_xact_lock(7310591) then -- another node is at it
        return;
    end if;
    for kind in
        select * from (values ('access_log_allowed', 90), ('access_log_refused', 400)) k(name, kept)
    loop
        for part in
            select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
             where i.inhparent = ('tijori.' || kind.name)::regclass and c.relname ~ '_[0-9]{8}$'
               and to_date(right(c.relname, 8), 'YYYYMMDD') < today - kind.kept
             order by 1
        loop
            execute format('drop table tijori.%I', part);
            dropped := dropped + 1;
        end loop;
        days := array(select today + n from generate_series(-1, 3) n);
        part := kind.name || '_rest';
        if pg_catalog.pg_relation_size(('tijori.' || part)::regclass) > 0 then
            execute format('alter table tijori.%I no force row level security', part);
            execute format('delete from tijori.%I where at < $1', part)
                using (today - kind.kept)::timestamp at time zone 'UTC';
            execute format('select $1 || array(select distinct (r.at at time zone ''UTC'')::date from tijori.%I r)', part)
                using days into days;
        end if;
        foreach day in array array(select distinct d from unnest(days) d order by d) loop
            part := kind.name || '_' || to_char(day, 'YYYYMMDD');
            if to_regclass('tijori.' || part) is not null then
                continue;
            end if;
            -- attached when it is whole: that waits for no reader, as making it in its place would
            execute format('create table tijori.%I (like tijori.%I including all)', part, kind.name);
            execute format('alter table tijori.%I add constraint at_of_day check (at >= %L and at < %L)', part,
                day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
            if pg_catalog.pg_relation_size(('tijori.' || kind.name || '_rest')::regclass) > 0 then
                execute format('with moved as (delete from tijori.%I where at >= $1 and at < $2 returning *)'
                    ' insert into tijori.%I select * from moved', kind.name || '_rest', part)
                    using day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC';
            end if;
            execute format('alter table tijori.%I attach partition tijori.%I for values from (%L) to (%L)', kind.name,
                part, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
            execute format('alter table tijori.%I drop constraint at_of_day', part);
            call tijori_access.protect(('tijori.' || part)::regclass);
            made := made + 1;
        end loop;
        execute format('alter table tijori.%I force row level security', kind.name || '_rest');
    end loop;
end $_$;
ALTER FUNCTION tijori_ops.tend_access_log(OUT made integer, OUT dropped integer) OWNER TO tijori_owner;
CREATE FUNCTION tijori_ops.thaw(parts integer, account uuid, who text, why text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    line record;
    thawed integer := 0;
begin
    for line in
        update tijori.freezes f set thawed_at = now(), thawed_by = who, thaw_reason = why
         where f.thawed_at is null and f.part & parts <> 0 and f.account_id is not distinct from account
        returning f.incident, f.part
    loop
        thawed := thawed | line.part;
        perform tijori_ops.write_act(line.incident, who, 'thaw', line.part || coalesce(' of account ' || account, ''),
            why);
    end loop;
    return thawed;
end $$;
ALTER FUNCTION tijori_ops.thaw(parts integer, account uuid, who text, why text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.untold_complaints() RETURNS SETOF tijori.complaints
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return query select c.* from tijori.complaints c where c.told_at is null order by c.at, c.id limit 100
     for update skip locked;
end $$;
ALTER FUNCTION tijori_ops.untold_complaints() OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.without_frozen(hashes bytea[]) RETURNS bytea[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if not exists (select from tijori.freezes f where f.thawed_at is null and f.part = 16) then
        return hashes;
    end if;
    return array(
        select case when exists (
                   select from tijori.freezes f where f.thawed_at is null and f.part = 16
                      and (f.account_id is null or f.account_id = (
                          select c.account_id from tijori.credentials c where c.hash = h.hash and c.kind = 'api_key')))
               then '' else h.hash end
          from unnest(hashes) with ordinality h(hash, i) order by h.i);
end $$;
ALTER FUNCTION tijori_ops.without_frozen(hashes bytea[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.without_frozen_customers(hashes bytea[], customers text[]) RETURNS bytea[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if not exists (select from tijori.freezes f where f.thawed_at is null and f.part = 16) then
        return hashes;
    end if;
    return array(
        select case when exists (
                   select from tijori.freezes f where f.thawed_at is null and f.part = 16
                      and (f.account_id is null
                           or f.account_id = (
                              select c.account_id from tijori.credentials c
                               where c.hash = h.hash and c.kind = 'api_key' and h.customer = '')
                           or f.account_id = (
                              select a.account_id from tijori.app_keys v join tijori.accounts a on a.app_id = v.app_id
                               where v.hash = h.hash and a.external_id = h.customer)))
               then '' else h.hash end
          from unnest(hashes, customers) with ordinality h(hash, customer, i) order by h.i);
end $$;
ALTER FUNCTION tijori_ops.without_frozen_customers(hashes bytea[], customers text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_ops.write_act(incident integer, who text, act text, about text, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into tijori.incident_acts (id, incident, who, act, about, reason)
    values (gen_random_uuid(), incident, who, act, left(about, 1000), left(reason, 1000));
end $$;
ALTER FUNCTION tijori_ops.write_act(incident integer, who text, act text, about text, reason text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.add_webhook(new_id uuid, new_url text, sealed bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    perform from tijori.apps p where p.app_id = app for no key update;
    if (select count(*) from tijori.webhook_endpoints e where e.app_id = app) >= 10 then
        raise exception 'too many endpoints' using errcode = '23514', constraint = 'webhooks_limit';
    end if;
    insert into tijori.webhook_endpoints (app_id, id, url, secret) values (app, new_id, new_url, sealed);
end $$;
ALTER FUNCTION tijori_plans.add_webhook(new_id uuid, new_url text, sealed bytea) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.app_events(after bigint, most integer) RETURNS TABLE(number bigint, body text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := tijori_access.app_alone('customers:read');
begin
    return query
    select e.number, e.body from tijori.events e
     where e.app_id = app and e.number > after order by e.number limit least(most, 200);
end $$;
ALTER FUNCTION tijori_plans.app_events(after bigint, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.begin_import(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.app_scope('customers:write');
    perform tijori_plans.write_import((select s.app_id from tijori_access.app_scope('billing:write') s), new_id, dry,
        lines, customers, providers, ids, brought);
end $$;
ALTER FUNCTION tijori_plans.begin_import(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.begin_import_here(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
begin
    if app in ('', 'khata') then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    perform tijori_plans.write_import(app, new_id, dry, lines, customers, providers, ids, brought);
end $$;
ALTER FUNCTION tijori_plans.begin_import_here(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) OWNER TO tijori_guard;
CREATE PROCEDURE tijori_plans.bind_billing(IN tab regclass)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
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
end $_$;
ALTER PROCEDURE tijori_plans.bind_billing(IN tab regclass) OWNER TO tijori_owner;
CREATE FUNCTION tijori_plans.change_webhook(endpoint uuid, act text, sealed bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    case act
        when 'rotate' then
            update tijori.webhook_endpoints e
               set old_secret = e.secret, old_until = now() + interval '1 day', secret = sealed
             where e.app_id = app and e.id = endpoint;
        when 'remove' then
            delete from tijori.webhook_endpoints e where e.app_id = app and e.id = endpoint;
        when 'on' then
            perform from tijori.apps p where p.app_id = app for no key update;
            update tijori.webhook_endpoints e set state = 'on', reason = '', failing_since = null
             where e.app_id = app and e.id = endpoint;
    end case;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    if act = 'on' then
        insert into tijori.deliveries (app_id, endpoint_id, number)
        select app, endpoint, e.number from tijori.events e
          join tijori.webhook_endpoints w on w.app_id = app and w.id = endpoint and e.created_at >= w.created_at
         where e.app_id = app and e.type <> 'webhook.test'
        on conflict on constraint deliveries_pkey do nothing;
        update tijori.deliveries d set status = 'waiting', attempts = 0, next_at = now()
         where d.app_id = app and d.endpoint_id = endpoint and d.status = 'failed';
    end if;
end $$;
ALTER FUNCTION tijori_plans.change_webhook(endpoint uuid, act text, sealed bytea) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.check_customers(hashes bytea[], customers text[], origins text[], features text[], needs bigint[]) RETURNS TABLE(i integer, refused text, allowed boolean, kind text, plan text, most bigint, balance bigint, revision bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    today constant timestamptz := tijori_ops.clock();
    asked bytea; -- the hash that the next two are of
    key_app text;
    key_reads boolean;
    app text;
    account uuid;
    feature text;
    p tijori.plans;
    purse record;
begin
    for n in 1 .. cardinality(customers) loop
        i := n; refused := ''; allowed := false; kind := null; plan := null; most := null; balance := null;
        revision := null; account := null; app := null;
        feature := features[n];
        if asked is distinct from hashes[n] then
            asked := hashes[n];
            select v.app_id, 'customers:read' = any (v.scopes) into key_app, key_reads
              from tijori.app_keys v where v.hash = asked and v.revoked_at is null;
        end if;
        if key_app is null then -- a token, or nothing
            select h.refused, h.app_id, h.account_id, a.revision into refused, app, account, revision
              from tijori_access.holder(asked, customers[n], origins[n], 'customers:read') h
              left join tijori.accounts a on a.account_id = h.account_id;
        elsif not key_reads then
            refused := '42501';
        else
            app := key_app;
            select a.account_id, a.revision into account, revision from tijori.accounts a
             where a.app_id = app and a.external_id = customers[n] and a.erasing_at is null;
        end if;
        if refused = '' and (account is null or customers[n] = '') then
            refused := 'P0002';
        end if;
        if refused = '' then
            select q.* into p from tijori_plans.plans_in_force(account, app, today) q;
            plan := p.id;
            if feature = any (p.entitlements) then
                kind := 'feature'; allowed := true;
            elsif p.limits ? feature then
                kind := 'limit'; most := (p.limits -> feature)::bigint; allowed := needs[n] <= most;
            else
                select c.balance - c.held as available, c.due_at into purse from tijori.credit_balances c
                 where c.account_id = account and c.meter = feature;
                if purse.due_at > today then
                    kind := 'meter'; balance := purse.available; allowed := balance >= needs[n];
                elsif exists (select from tijori.meters m where m.app_id = app and m.id = feature) then
                    kind := 'meter';
                    balance := coalesce((select c.available from tijori_credits.credits_now(account, feature) c), 0);
                    allowed := balance >= needs[n];
                elsif exists (select from tijori.plans q where q.app_id = app and feature = any (q.entitlements)) then
                    kind := 'feature';
                elsif exists (select from tijori.plans q where q.app_id = app and q.limits ? feature) then
                    kind := 'limit'; allowed := p.id is not null;
                else
                    refused := '22023';
                end if;
            end if;
        end if;
        return next;
    end loop;
end $$;
ALTER FUNCTION tijori_plans.check_customers(hashes bytea[], customers text[], origins text[], features text[], needs bigint[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.customer_state() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return tijori_plans.state_of(tijori_access.customer_scope('customers:read'));
end $$;
ALTER FUNCTION tijori_plans.customer_state() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.end_import() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_access.app_scope('customers:write');
    update tijori.apps p set importing_until = null
     where p.app_id = (select s.app_id from tijori_access.app_scope('billing:write') s);
end $$;
ALTER FUNCTION tijori_plans.end_import() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.end_import_here() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO ''
    AS $$
    update tijori.apps p set importing_until = null where p.app_id = current_setting('tijori.app', true) $$;
ALTER FUNCTION tijori_plans.end_import_here() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.entitled(account uuid, entitlement text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    current constant tijori.plans := tijori_plans.in_force(account);
begin
    return coalesce(entitlement = any (current.entitlements), false);
end $$;
ALTER FUNCTION tijori_plans.entitled(account uuid, entitlement text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.forget_events() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    n integer;
begin
    delete from tijori.events e
     where e.app_id = current_setting('tijori.app', true) and e.created_at < now() - interval '30 days';
    get diagnostics n = row_count;
    return n;
end $$;
ALTER FUNCTION tijori_plans.forget_events() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.forget_imported() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    delete from tijori.import_rows r where r.app_id = new.app_id and r.customer = new.external_id;
    delete from tijori.shadow_checks c where c.app_id = new.app_id and c.customer = new.external_id;
    return null;
end $$;
ALTER FUNCTION tijori_plans.forget_imported() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.forget_webhooks(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    n integer;
begin
    with old as (
        select i.connection_id, i.event_id from tijori.inbox i
         where i.connection_id = any (string_to_array(current_setting('tijori.connections', true), ','))
           and i.received_at < now() - interval '400 days' and i.status in ('applied', 'ignored')
           and not exists (
               select from tijori.review_items r
                where r.connection_id = i.connection_id and r.event_id = i.event_id and r.status = 'open')
         order by i.connection_id, i.received_at limit most)
    delete from tijori.inbox i using old o
     where i.connection_id = o.connection_id and i.event_id = o.event_id;
    get diagnostics n = row_count;
    return n;
end $$;
ALTER FUNCTION tijori_plans.forget_webhooks(most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.import_customer(new_id uuid, customer text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
    account uuid;
begin
    if app in ('', 'khata') then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    insert into tijori.accounts as a (account_id, app_id, external_id, name, time_zone)
    values (new_id, app, customer, left(customer, 120), 'Asia/Kolkata')
    on conflict on constraint accounts_external_key do nothing;
    select a.account_id into account from tijori.accounts a
     where a.app_id = app and a.external_id = customer and a.erasing_at is null;
    if not found then -- it is being erased
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return account;
end $$;
ALTER FUNCTION tijori_plans.import_customer(new_id uuid, customer text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.import_file(file uuid, OUT dry_run boolean, OUT created_at timestamp with time zone, OUT finished_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('billing:write') s);
begin
    perform tijori_access.app_scope('customers:write');
    select i.dry_run, i.created_at, i.finished_at
      into import_file.dry_run, import_file.created_at, import_file.finished_at
      from tijori.imports i where i.app_id = app and i.id = file;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
ALTER FUNCTION tijori_plans.import_file(file uuid, OUT dry_run boolean, OUT created_at timestamp with time zone, OUT finished_at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.import_lines(file uuid) RETURNS TABLE(line integer, customer text, provider text, provider_id text, outcome text, detail text, found_json jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('billing:write') s);
begin
    return query
    select r.line, r.customer, r.provider, r.provider_id, r.outcome, r.detail, r.found
      from tijori.import_rows r where r.app_id = app and r.import_id = file order by r.line;
end $$;
ALTER FUNCTION tijori_plans.import_lines(file uuid) OWNER TO tijori_guard;
CREATE TABLE tijori.plans (
    app_id text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    rank integer NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    entitlements text[] NOT NULL,
    credits_per_month bigint NOT NULL,
    per_seat boolean DEFAULT false NOT NULL,
    CONSTRAINT plans_credits_check CHECK ((credits_per_month >= 0)),
    CONSTRAINT plans_limits_check CHECK (((jsonb_typeof(limits) = 'object'::text) AND (NOT jsonb_path_exists(limits, 'strict $.*?(((@.type() != "number" || @ < 0) || @ > 9223372036854775807) || @ != @.floor())'::jsonpath)))),
    CONSTRAINT plans_rank_check CHECK ((rank >= 0))
);
ALTER TABLE ONLY tijori.plans FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.plans OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.plans.is_default IS 'the plan of an account that no subscription gives another';
COMMENT ON COLUMN tijori.plans.limits IS 'whole numbers by name, such as {"parties.max": 5}; what is absent has no limit';
COMMENT ON COLUMN tijori.plans.per_seat IS 'a price is for one seat; the subscription says how many, and the limit seats is that';
CREATE FUNCTION tijori_plans.in_force(account uuid) RETURNS tijori.plans
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    today constant timestamptz := tijori_ops.clock(); -- asked once, not once a row
    app constant text := (select a.app_id from tijori.accounts a where a.account_id = account);
    best tijori.plans;
begin
    select p.* into best from tijori_plans.plans_in_force(account, app, today) p;
    return best;
end $$;
ALTER FUNCTION tijori_plans.in_force(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.limit_of(account uuid, limit_name text) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    current constant tijori.plans := tijori_plans.in_force(account);
begin
    if current.id is null then
        raise exception 'the account has no plan' using errcode = 'object_not_in_prerequisite_state';
    end if;
    return (current.limits -> limit_name)::bigint;
end $$;
ALTER FUNCTION tijori_plans.limit_of(account uuid, limit_name text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.lock_connection(connection text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if connection = any (string_to_array(current_setting('tijori.connections', true), ',')) then
        perform from tijori.connections c where c.connection_id = connection for no key update;
        if found then
            return;
        end if;
    end if;
    raise exception 'not a connection of this work' using errcode = 'insufficient_privilege';
end $$;
ALTER FUNCTION tijori_plans.lock_connection(connection text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.note_span() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    today constant timestamptz := tijori_ops.clock();
    its_kind constant text := case when new.trial_end is not null and new.paid_through <= new.trial_end
        then 'trial' else 'paid' end;
    its_price constant text := coalesce(nullif(new.paid_price_id, ''), new.price_id);
    since timestamptz := least(coalesce(new.paid_from, new.period_start, today), today, new.access_until);
    latest tijori.plan_spans;
    p record;
begin
    select s.* into latest from tijori.plan_spans s
     where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
     order by s.number desc limit 1 for update;
    if new.access_until is null or new.plan_id is null then
        update tijori.plan_spans s set until_at = greatest(s.began_at, least(s.until_at, today))
         where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
           and s.number = latest.number and s.until_at > today;
        return null;
    end if;
    if latest.kind = its_kind and latest.price_id = its_price and latest.plan_id = new.plan_id
       and (since <= latest.until_at or new.access_until <= latest.until_at) then
        update tijori.plan_spans s set until_at = greatest(s.began_at, new.access_until)
         where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
           and s.number = latest.number and s.until_at <> greatest(s.began_at, new.access_until);
        return null;
    end if;
    since := greatest(since, latest.began_at); -- greatest leaves a null out
    update tijori.plan_spans s set until_at = since
     where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
       and s.number = latest.number and s.until_at > since;
    select c.currency, case c.period when 'year' then c.amount_minor / 12 else c.amount_minor end as monthly, c.period
      into p from tijori.prices c where c.connection_id = new.connection_id and c.id = its_price;
    insert into tijori.plan_spans (account_id, connection_id, subscription_id, number, app_id, kind, plan_id, price_id,
        period, currency, monthly_minor, began_at, until_at)
    values (new.account_id, new.connection_id, new.id, coalesce(latest.number, 0) + 1, new.app_id, its_kind, new.plan_id,
        its_price, coalesce(p.period, new.period), p.currency, p.monthly, since, greatest(since, new.access_until));
    return null;
end $$;
ALTER FUNCTION tijori_plans.note_span() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.note_state(account uuid) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
    a record;
    state jsonb := tijori_plans.state_of(account);
    mark text := md5((state - 'revision' - 'meters')::text);
begin
    select v.app_id, v.state_mark into a from tijori.accounts v where v.account_id = account;
    if a.state_mark = mark then
        return false;
    end if;
    perform from tijori.apps p where p.app_id = a.app_id for no key update;
    state := tijori_plans.state_of(account); -- as it is now that nobody else tells of it
    mark := md5((state - 'revision' - 'meters')::text);
    update tijori.accounts v set revision = v.revision + 1, state_mark = mark
     where v.account_id = account and v.state_mark is distinct from mark and v.erasing_at is null
    returning v.revision into a;
    if not found then
        return false;
    end if;
    perform tijori_plans.write_event((select v.app_id from tijori.accounts v where v.account_id = account), account,
        'customer.state_changed', state || jsonb_build_object('revision', a.revision), null);
    return true;
end $$;
ALTER FUNCTION tijori_plans.note_state(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.plan(OUT plan_id text, OUT name text, OUT limits jsonb, OUT entitlements text[]) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
ALTER FUNCTION tijori_plans.plan(OUT plan_id text, OUT name text, OUT limits jsonb, OUT entitlements text[]) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.plan_of(account uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    current constant tijori.plans := tijori_plans.in_force(account);
begin
    return current.id;
end $$;
ALTER FUNCTION tijori_plans.plan_of(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.plans_in_force(account uuid, app text, at timestamp with time zone) RETURNS SETOF tijori.plans
    LANGUAGE sql STABLE
    AS $$
    select p.app_id, p.id, p.name, p.rank, p.is_default,
           case when p.per_seat then p.limits || jsonb_build_object('seats', (
               select coalesce(max(s.quantity), 0) from tijori.subscriptions s
                where s.account_id = account and s.app_id = p.app_id and s.plan_id = p.id and s.access_until > at))
                else p.limits end,
           p.entitlements, p.credits_per_month, p.per_seat
      from tijori.plans p
     where p.app_id = app
       and (p.is_default
            or exists (select from tijori.subscriptions s
                        where s.account_id = account and s.app_id = p.app_id and s.plan_id = p.id
                          and s.access_until > at))
     order by p.is_default, p.rank desc
     limit 1 $$;
ALTER FUNCTION tijori_plans.plans_in_force(account uuid, app text, at timestamp with time zone) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.portal() RETURNS TABLE(app_id text, app_name text, account uuid, name text, email text, back text, expires_at timestamp with time zone, state jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
    select a.app_id, p.name, a.account_id, a.name, coalesce(a.email, ''), l.back, l.expires_at,
           tijori_plans.state_of(a.account_id)
      from tijori_access.link_of('session') l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id $$;
ALTER FUNCTION tijori_plans.portal() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.put_customer(new_id uuid, new_name text, new_email text, new_zone text, OUT created boolean, OUT account uuid, OUT state jsonb) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    customer constant text := coalesce(current_setting('tijori.customer', true), '');
    h record;
begin
    select v.refused, v.app_id into h
      from tijori_access.holder(decode(coalesce(current_setting('tijori.credential', true), ''), 'hex'), '', '',
               'customers:write') v;
    if h.refused = '28000' then
        raise exception 'no credential' using errcode = '28000';
    elsif h.refused <> '' then
        raise exception 'the key lacks customers:write' using errcode = '42501';
    end if;
    insert into tijori.accounts as a (account_id, app_id, external_id, name, email, time_zone)
    values (new_id, h.app_id, customer, coalesce(new_name, left(customer, 120)), new_email,
            coalesce(new_zone, 'Asia/Kolkata'))
    on conflict on constraint accounts_external_key do update
       set name = coalesce(new_name, a.name), email = coalesce(new_email, a.email),
           time_zone = coalesce(new_zone, a.time_zone)
    returning a.account_id = new_id, a.account_id into created, account;
    state := tijori_plans.state_of(account);
end $$;
ALTER FUNCTION tijori_plans.put_customer(new_id uuid, new_name text, new_email text, new_zone text, OUT created boolean, OUT account uuid, OUT state jsonb) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.renews(account uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return exists (select from tijori.subscriptions s
                    where s.account_id = account and s.ended_at is null
                      and (s.status = 'past_due' -- what is outstanding is tried until it is cancelled at once
                           or s.status in ('trialing', 'active', 'paused')
                              and not s.cancel_at_period_end and s.cancel_at is null));
end $$;
ALTER FUNCTION tijori_plans.renews(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.send_again_here(endpoint uuid, first bigint, last bigint) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
    n integer;
begin
    if not exists (select from tijori.webhook_endpoints w where w.app_id = app and w.id = endpoint) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    insert into tijori.deliveries as d (app_id, endpoint_id, number)
    select app, endpoint, e.number from tijori.events e
     where e.app_id = app and e.number between first and last order by e.number limit 1000
    on conflict on constraint deliveries_pkey do update
       set status = 'waiting', attempts = 0, next_at = now(), delivered_at = null, error = '';
    get diagnostics n = row_count;
    return n;
end $$;
ALTER FUNCTION tijori_plans.send_again_here(endpoint uuid, first bigint, last bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.send_webhook(endpoint uuid, again bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    if not exists (select from tijori.webhook_endpoints e where e.app_id = app and e.id = endpoint)
       or again is not null and not exists (select from tijori.events e where e.app_id = app and e.number = again) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    if again is null then
        return tijori_plans.write_event(app, null, 'webhook.test', '{}', endpoint);
    end if;
    insert into tijori.deliveries as d (app_id, endpoint_id, number) values (app, endpoint, again)
    on conflict on constraint deliveries_pkey do update
       set status = 'waiting', attempts = 0, next_at = now(), delivered_at = null, error = '';
    return again;
end $$;
ALTER FUNCTION tijori_plans.send_webhook(endpoint uuid, again bigint) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.shadow_list() RETURNS TABLE(feature text, customer text, agreed bigint, only_here bigint, only_there bigint, first_at timestamp with time zone, last_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('customers:write') s);
begin
    return query
    select r.feature, r.customer, r.agreed, r.only_here, r.only_there, r.first_at, r.last_at
      from (select c.*, row_number() over (partition by c.feature
                   order by c.customer <> '', c.only_here + c.only_there desc, c.customer) as place
              from tijori.shadow_checks c where c.app_id = app) r
     where r.place <= 21 order by r.feature, r.place;
end $$;
ALTER FUNCTION tijori_plans.shadow_list() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.state_of(account uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
declare
    today constant timestamptz := tijori_ops.clock();
    format constant text := 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
    p constant tijori.plans := tijori_plans.in_force(account);
    a record;
    s record;
    meters jsonb;
begin
    select v.external_id, v.revision into strict a from tijori.accounts v where v.account_id = account;
    select case when v.provider_status = 'completed' and v.paid_through <= today then 'expired' else v.status end
               as status,
           case when v.access_until > today then v.access_until end as until,
           case when v.cancel_at_period_end or v.cancel_at is not null or v.ended_at is not null
                then coalesce(v.cancel_at, v.access_until, v.ended_at) end as ends_at,
           v.period, v.provider
      into s
      from tijori.subscriptions v left join tijori.plans q on q.app_id = v.app_id and q.id = v.plan_id
     where v.account_id = account
     order by v.plan_id is not null and coalesce(v.access_until > today, false) desc,
              case when v.access_until > today then q.rank end desc nulls last,
              v.status in ('trialing', 'active', 'past_due', 'paused') and v.provider_status not in
                  ('canceled', 'incomplete_expired', 'cancelled', 'expired', 'completed') desc,
              v.paid_through desc nulls last, v.id desc
     limit 1;
    select coalesce(jsonb_agg(jsonb_build_object('meter', c.meter, 'balance', c.available, 'held', c.held,
               'next_allowance', case when c.next_at is not null then jsonb_build_object(
                   'at', to_char(c.next_at at time zone 'UTC', format), 'amount', c.next_amount) end)
               order by c.meter), '[]')
      into meters from tijori_credits.credits_of(account) c;
    return jsonb_build_object(
        'id', a.external_id, 'revision', a.revision,
        'plan', p.id, 'status', coalesce(s.status, 'none'), 'interval', nullif(s.period, ''),
        'provider', s.provider,
        'until', to_char(s.until at time zone 'UTC', format), 'ends_at', to_char(s.ends_at at time zone 'UTC', format),
        'entitlements', to_jsonb(coalesce(p.entitlements, '{}')), 'limits', coalesce(p.limits, '{}'), 'meters', meters);
end $$;
ALTER FUNCTION tijori_plans.state_of(account uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.tell_lapses() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
    today constant timestamptz := tijori_ops.clock();
    since timestamptz;
    account uuid;
    n integer := 0;
begin
    select p.lapses_to into since from tijori.apps p where p.app_id = app for no key update skip locked;
    if not found or since >= today then
        return 0;
    end if;
    for account in
        select distinct s.account_id from tijori.subscriptions s
         where s.app_id = app and s.access_until > since and s.access_until <= today order by 1
    loop
        if tijori_plans.note_state(account) then
            n := n + 1;
        end if;
    end loop;
    update tijori.apps p set lapses_to = today where p.app_id = app;
    return n;
end $$;
ALTER FUNCTION tijori_plans.tell_lapses() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.tell_low() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    b tijori.credit_balances;
    a record;
    got bigint;
begin
    select * into b from tijori.credit_balances c where c.account_id = new.account_id and c.meter = new.meter;
    if b.low is null or b.balance - b.held >= b.low then
        return null;
    end if;
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = b.account_id and v.app_id <> 'khata' and v.erasing_at is null;
    if not found then
        return null;
    end if;
    select e.number into got from tijori.credit_entries e
     where e.account_id = b.account_id and e.meter = b.meter and e.amount > 0 order by e.number desc limit 1;
    if exists (select from tijori.events v
                where v.app_id = a.app_id
                  and v.once = 'low ' || b.account_id || ' ' || b.meter || ' ' || coalesce(got, 0)) then
        return null;
    end if;
    perform tijori_plans.write_event(a.app_id, b.account_id, 'credits.low', jsonb_build_object(
        'customer', a.external_id, 'meter', b.meter, 'balance', b.balance - b.held, 'held', b.held, 'low', b.low), null,
        'low ' || b.account_id || ' ' || b.meter || ' ' || coalesce(got, 0));
    return null;
end $$;
ALTER FUNCTION tijori_plans.tell_low() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.tell_payment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    a record;
begin
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = new.account_id and v.erasing_at is null;
    if found and a.app_id <> 'khata' then
        perform tijori_plans.write_event(a.app_id, new.account_id, 'payment.collected', jsonb_build_object(
            'customer', a.external_id, 'id', new.id, 'provider', new.provider, 'amount', new.amount_minor,
            'currency', new.currency, 'invoice', nullif(new.invoice_id, ''),
            'paid_at', to_char(new.paid_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), null);
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_plans.tell_payment() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.tell_purchase() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    p record;
    a record;
begin
    select v.id, v.status, v.account_id, v.payment_id, v.provider_id, v.provider, v.amount_minor, v.currency, v.top_up_id,
           v.meter, v.credits, v.paid_at
      into p from tijori.purchases v where v.account_id = new.account_id and v.id = new.id;
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = new.account_id and v.erasing_at is null;
    if found and p.status = 'paid' then
        perform tijori_plans.write_event(a.app_id, p.account_id, 'payment.collected', jsonb_build_object(
            'customer', a.external_id, 'id', coalesce(p.payment_id, p.provider_id), 'provider', p.provider,
            'amount', p.amount_minor, 'currency', p.currency, 'invoice', null,
            'top_up', p.top_up_id, 'meter', p.meter, 'credits', p.credits,
            'paid_at', to_char(p.paid_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), null,
            'purchase ' || p.id);
    end if;
    return null;
end $$;
ALTER FUNCTION tijori_plans.tell_purchase() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.tell_reversal(account uuid, sort text, told_once text, data jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    a record;
begin
    perform tijori_access.require_app(account);
    if sort not in ('payment.refunded', 'payment.refund_failed', 'payment.disputed') then
        raise exception 'no such event' using errcode = '22023';
    end if;
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = account and v.app_id <> 'khata' and v.erasing_at is null;
    if not found then
        return false;
    end if;
    return tijori_plans.write_event(a.app_id, account, sort, jsonb_build_object('customer', a.external_id) || data, null,
        told_once) is not null;
end $$;
ALTER FUNCTION tijori_plans.tell_reversal(account uuid, sort text, told_once text, data jsonb) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.tell_subscription() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform tijori_plans.note_state(new.account_id);
    return null;
end $$;
ALTER FUNCTION tijori_plans.tell_subscription() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.webhook_deliveries(endpoint uuid, before bigint, most integer) RETURNS TABLE(number bigint, type text, status text, attempts integer, answer integer, error text, next_at timestamp with time zone, delivered_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    if not exists (select from tijori.webhook_endpoints e where e.app_id = app and e.id = endpoint) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return query
    select d.number, e.type, d.status, d.attempts, d.answer, d.error,
           case when d.status = 'waiting' then d.next_at end, d.delivered_at
      from tijori.deliveries d join tijori.events e on e.app_id = d.app_id and e.number = d.number
     where d.app_id = app and d.endpoint_id = endpoint and d.number < before
     order by d.number desc limit least(most, 200);
end $$;
ALTER FUNCTION tijori_plans.webhook_deliveries(endpoint uuid, before bigint, most integer) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.webhook_list() RETURNS TABLE(id uuid, url text, state text, reason text, failing_since timestamp with time zone, created_at timestamp with time zone, waiting bigint, failed bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    return query
    select e.id, e.url, e.state, e.reason, e.failing_since, e.created_at,
           (select count(*) from tijori.deliveries d
             where d.app_id = app and d.endpoint_id = e.id and d.status = 'waiting'),
           (select count(*) from tijori.deliveries d
             where d.app_id = app and d.endpoint_id = e.id and d.status = 'failed')
      from tijori.webhook_endpoints e where e.app_id = app order by e.created_at, e.id;
end $$;
ALTER FUNCTION tijori_plans.webhook_list() OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
    n bigint;
    m text;
    event constant uuid := gen_random_uuid();
begin
    update tijori.apps p set last_event = p.last_event + 1 where p.app_id = app
    returning p.last_event, p.mode into n, m;
    insert into tijori.events (app_id, number, id, type, account_id, body)
    values (app, n, event, sort, account, jsonb_build_object('id', event, 'number', n, 'type', sort, 'mode', m,
        'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', data)::text);
    insert into tijori.deliveries (app_id, endpoint_id, number)
    select e.app_id, e.id, n from tijori.webhook_endpoints e
     where e.app_id = app and (e.id = only_to or only_to is null and e.state = 'on');
    return n;
end $$;
ALTER FUNCTION tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid, told_once text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
    n bigint;
    m text;
    event constant uuid := gen_random_uuid();
begin
    perform from tijori.apps p where p.app_id = app for no key update;
    if exists (select from tijori.events e where e.app_id = app and e.once = told_once) then
        return null;
    end if;
    update tijori.apps p set last_event = p.last_event + 1 where p.app_id = app
    returning p.last_event, p.mode into n, m;
    insert into tijori.events (app_id, number, id, type, account_id, once, body)
    values (app, n, event, sort, account, told_once, jsonb_build_object('id', event, 'number', n, 'type', sort, 'mode', m,
        'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', data)::text);
    insert into tijori.deliveries (app_id, endpoint_id, number)
    select e.app_id, e.id, n from tijori.webhook_endpoints e
     where e.app_id = app and (e.id = only_to or only_to is null and e.state = 'on');
    return n;
end $$;
ALTER FUNCTION tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid, told_once text) OWNER TO tijori_guard;
CREATE FUNCTION tijori_plans.write_import(app text, new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    update tijori.apps p set importing_until = tijori_ops.clock() + interval '30 days' where p.app_id = app;
    insert into tijori.imports (app_id, id, dry_run) values (app, new_id, dry);
    insert into tijori.import_rows (app_id, import_id, line, customer, provider, provider_id, credits)
    select app, new_id, r.line, r.customer, r.provider, r.provider_id, r.credits
      from unnest(lines, customers, providers, ids, brought) r(line, customer, provider, provider_id, credits);
end $$;
ALTER FUNCTION tijori_plans.write_import(app text, new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) OWNER TO tijori_guard;
CREATE TABLE tijori.access_log (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    user_id uuid,
    key_id uuid,
    operator boolean NOT NULL,
    account_id uuid,
    business_id uuid,
    route text NOT NULL,
    object text,
    verdict text NOT NULL,
    status smallint NOT NULL,
    rows integer NOT NULL,
    took_ms integer NOT NULL,
    address inet,
    device text NOT NULL,
    release text NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_log_numbers_check CHECK (((rows >= 0) AND (took_ms >= 0) AND ((status >= 0) AND (status <= 999)))),
    CONSTRAINT access_log_text_check CHECK (((length(request_id) <= 64) AND (length(route) <= 200) AND (length(object) <= 100) AND (length(device) <= 60) AND (length(release) <= 100))),
    CONSTRAINT access_log_verdict_check CHECK ((verdict = ANY (ARRAY['allowed'::text, 'denied'::text, 'not_found'::text, 'limited'::text, 'failed'::text, 'lost'::text])))
)
PARTITION BY LIST (verdict);
ALTER TABLE ONLY tijori.access_log FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log OWNER TO tijori_owner;
CREATE TABLE tijori.access_log_allowed (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    user_id uuid,
    key_id uuid,
    operator boolean NOT NULL,
    account_id uuid,
    business_id uuid,
    route text NOT NULL,
    object text,
    verdict text NOT NULL,
    status smallint NOT NULL,
    rows integer NOT NULL,
    took_ms integer NOT NULL,
    address inet,
    device text NOT NULL,
    release text NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_log_numbers_check CHECK (((rows >= 0) AND (took_ms >= 0) AND ((status >= 0) AND (status <= 999)))),
    CONSTRAINT access_log_text_check CHECK (((length(request_id) <= 64) AND (length(route) <= 200) AND (length(object) <= 100) AND (length(device) <= 60) AND (length(release) <= 100))),
    CONSTRAINT access_log_verdict_check CHECK ((verdict = ANY (ARRAY['allowed'::text, 'denied'::text, 'not_found'::text, 'limited'::text, 'failed'::text, 'lost'::text])))
)
PARTITION BY RANGE (at);
ALTER TABLE ONLY tijori.access_log_allowed FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_allowed OWNER TO tijori_owner;
CREATE TABLE tijori.access_log_allowed_rest (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    user_id uuid,
    key_id uuid,
    operator boolean NOT NULL,
    account_id uuid,
    business_id uuid,
    route text NOT NULL,
    object text,
    verdict text NOT NULL,
    status smallint NOT NULL,
    rows integer NOT NULL,
    took_ms integer NOT NULL,
    address inet,
    device text NOT NULL,
    release text NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_log_numbers_check CHECK (((rows >= 0) AND (took_ms >= 0) AND ((status >= 0) AND (status <= 999)))),
    CONSTRAINT access_log_text_check CHECK (((length(request_id) <= 64) AND (length(route) <= 200) AND (length(object) <= 100) AND (length(device) <= 60) AND (length(release) <= 100))),
    CONSTRAINT access_log_verdict_check CHECK ((verdict = ANY (ARRAY['allowed'::text, 'denied'::text, 'not_found'::text, 'limited'::text, 'failed'::text, 'lost'::text])))
);
ALTER TABLE ONLY tijori.access_log_allowed_rest FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_allowed_rest OWNER TO tijori_owner;
CREATE TABLE tijori.access_log_refused (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    user_id uuid,
    key_id uuid,
    operator boolean NOT NULL,
    account_id uuid,
    business_id uuid,
    route text NOT NULL,
    object text,
    verdict text NOT NULL,
    status smallint NOT NULL,
    rows integer NOT NULL,
    took_ms integer NOT NULL,
    address inet,
    device text NOT NULL,
    release text NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_log_numbers_check CHECK (((rows >= 0) AND (took_ms >= 0) AND ((status >= 0) AND (status <= 999)))),
    CONSTRAINT access_log_text_check CHECK (((length(request_id) <= 64) AND (length(route) <= 200) AND (length(object) <= 100) AND (length(device) <= 60) AND (length(release) <= 100))),
    CONSTRAINT access_log_verdict_check CHECK ((verdict = ANY (ARRAY['allowed'::text, 'denied'::text, 'not_found'::text, 'limited'::text, 'failed'::text, 'lost'::text])))
)
PARTITION BY RANGE (at);
ALTER TABLE ONLY tijori.access_log_refused FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_refused OWNER TO tijori_owner;
CREATE TABLE tijori.access_log_refused_rest (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    user_id uuid,
    key_id uuid,
    operator boolean NOT NULL,
    account_id uuid,
    business_id uuid,
    route text NOT NULL,
    object text,
    verdict text NOT NULL,
    status smallint NOT NULL,
    rows integer NOT NULL,
    took_ms integer NOT NULL,
    address inet,
    device text NOT NULL,
    release text NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_log_numbers_check CHECK (((rows >= 0) AND (took_ms >= 0) AND ((status >= 0) AND (status <= 999)))),
    CONSTRAINT access_log_text_check CHECK (((length(request_id) <= 64) AND (length(route) <= 200) AND (length(object) <= 100) AND (length(device) <= 60) AND (length(release) <= 100))),
    CONSTRAINT access_log_verdict_check CHECK ((verdict = ANY (ARRAY['allowed'::text, 'denied'::text, 'not_found'::text, 'limited'::text, 'failed'::text, 'lost'::text])))
);
ALTER TABLE ONLY tijori.access_log_refused_rest FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_refused_rest OWNER TO tijori_owner;
CREATE TABLE tijori.accounts (
    account_id uuid NOT NULL,
    app_id text NOT NULL,
    external_id text,
    name text NOT NULL,
    currency text DEFAULT 'INR'::text NOT NULL,
    time_zone text DEFAULT 'Asia/Kolkata'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    leaving_at timestamp with time zone,
    erase_at timestamp with time zone,
    erasing_at timestamp with time zone,
    erased_at timestamp with time zone,
    told smallint DEFAULT 0 NOT NULL,
    email text,
    token_generation integer DEFAULT 1 NOT NULL,
    state_mark text,
    CONSTRAINT accounts_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT accounts_email_check CHECK (((length(email) >= 3) AND (length(email) <= 254))),
    CONSTRAINT accounts_external_check CHECK (((length(external_id) >= 1) AND (length(external_id) <= 255))),
    CONSTRAINT accounts_external_plain_check CHECK ((external_id ~ '^[A-Za-z0-9_][A-Za-z0-9._:@|~+=-]*$'::text)),
    CONSTRAINT accounts_leaving_check CHECK ((((leaving_at IS NULL) = (erase_at IS NULL)) AND ((erasing_at IS NULL) OR (leaving_at IS NOT NULL)) AND ((erased_at IS NULL) OR (erasing_at IS NOT NULL)))),
    CONSTRAINT accounts_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120))),
    CONSTRAINT accounts_told_check CHECK ((((told >= 0) AND (told <= 3)) AND ((told = 0) OR (leaving_at IS NOT NULL))))
);
ALTER TABLE ONLY tijori.accounts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.accounts OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.accounts.external_id IS 'what the app itself calls this customer';
COMMENT ON COLUMN tijori.accounts.leaving_at IS 'when its owner deleted it';
COMMENT ON COLUMN tijori.accounts.erase_at IS 'from when on it may be erased';
COMMENT ON COLUMN tijori.accounts.erasing_at IS 'when erasing began: nobody can keep it any more';
COMMENT ON COLUMN tijori.accounts.erased_at IS 'when nothing was left to erase';
COMMENT ON COLUMN tijori.accounts.told IS 'which mails its owners were sent: 1 at the start, 2 some days before the end, 3 at the end';
COMMENT ON COLUMN tijori.accounts.email IS 'where the provider may write to a customer of an app; nobody is known or found by it';
COMMENT ON COLUMN tijori.accounts.token_generation IS 'tokens of an earlier generation have ended';
COMMENT ON COLUMN tijori.accounts.state_mark IS 'of the state that was last told: the same state is not told twice';
CREATE TABLE tijori.alerts (
    connection_id text NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL,
    state text NOT NULL,
    times bigint NOT NULL,
    told_times bigint DEFAULT 0 NOT NULL,
    detail text NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    newest_at timestamp with time zone,
    muted_at timestamp with time zone,
    muted_until timestamp with time zone,
    muted_times bigint,
    muted_newest timestamp with time zone,
    CONSTRAINT alerts_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT alerts_state_check CHECK ((state = ANY (ARRAY['raised'::text, 'over'::text]))),
    CONSTRAINT alerts_times_check CHECK (((times >= 0) AND (told_times >= 0)))
);
ALTER TABLE ONLY tijori.alerts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.alerts OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.alerts.newest_at IS 'the newest of what the group is about, where it has a time';
COMMENT ON COLUMN tijori.alerts.muted_at IS 'since when an operator wants to hear nothing of it';
COMMENT ON COLUMN tijori.alerts.muted_until IS 'the end of a snooze; null for a dismissal, which ends with news';
COMMENT ON COLUMN tijori.alerts.muted_times IS 'how large the group was then, and muted_newest its newest';
CREATE TABLE tijori.allowances (
    app_id text NOT NULL,
    plan_id text NOT NULL,
    meter text NOT NULL,
    amount bigint NOT NULL,
    every text NOT NULL,
    roll_over integer DEFAULT 0 NOT NULL,
    CONSTRAINT allowances_amount_check CHECK (((amount >= 0) AND (amount <= '1000000000000'::bigint))),
    CONSTRAINT allowances_every_check CHECK ((every = ANY (ARRAY['month'::text, 'day'::text]))),
    CONSTRAINT allowances_roll_over_check CHECK (((roll_over >= 0) AND (roll_over <= 12)))
);
ALTER TABLE ONLY tijori.allowances FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.allowances OWNER TO tijori_owner;
CREATE TABLE tijori.app_keys (
    app_id text NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    hash bytea NOT NULL,
    name text NOT NULL,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    hint text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT app_keys_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT app_keys_kind_check CHECK ((kind = ANY (ARRAY['server'::text, 'publishable'::text]))),
    CONSTRAINT app_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120))),
    CONSTRAINT app_keys_scopes_check CHECK (((scopes <@ ARRAY['customers:read'::text, 'customers:write'::text, 'credits:spend'::text, 'billing:write'::text, 'webhooks:write'::text]) AND ((kind = 'server'::text) = (cardinality(scopes) > 0))))
);
ALTER TABLE ONLY tijori.app_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.app_keys OWNER TO tijori_owner;
CREATE TABLE tijori.apps (
    app_id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    mode text DEFAULT 'live'::text NOT NULL,
    origins text[] DEFAULT '{}'::text[] NOT NULL,
    token_generation integer DEFAULT 1 NOT NULL,
    last_event bigint DEFAULT 0 NOT NULL,
    lapses_to timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    importing_until timestamp with time zone,
    CONSTRAINT apps_id_check CHECK ((app_id ~ '^[a-z][a-z0-9-]{0,30}$'::text)),
    CONSTRAINT apps_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text]))),
    CONSTRAINT apps_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120)))
);
ALTER TABLE ONLY tijori.apps FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.apps OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.apps.origins IS 'where its customers may be led back to, and where its tokens may be used';
COMMENT ON COLUMN tijori.apps.token_generation IS 'tokens of an earlier generation have ended';
COMMENT ON COLUMN tijori.apps.last_event IS 'the number of the app''s newest event; whoever writes one holds the row';
COMMENT ON COLUMN tijori.apps.lapses_to IS 'up to when the ends of paid time have been told';
COMMENT ON COLUMN tijori.apps.importing_until IS 'until then events of unknown customers wait without an alarm: the app is moving in';
CREATE TABLE tijori.batches (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    digest bytea,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    undone_by uuid,
    filled uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    CONSTRAINT batches_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT batches_kind_check CHECK ((kind = ANY (ARRAY['import'::text, 'grid'::text]))),
    CONSTRAINT batches_name_check CHECK (((length(name) <= 200) AND (name !~ '[\u0001-\u001f\u007f-\u009f]'::text))),
    CONSTRAINT batches_undone_check CHECK (((undone_at IS NULL) = (undone_by IS NULL)))
);
ALTER TABLE ONLY tijori.batches FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.batches OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.batches.name IS 'of an import: the file';
COMMENT ON COLUMN tijori.batches.digest IS 'of an import: the SHA-256 of the file, so that it is recognized under another name';
COMMENT ON COLUMN tijori.batches.filled IS 'of an import: the parties of the khata that got their phone from it';
CREATE TABLE tijori.businesses (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    currency text DEFAULT 'INR'::text NOT NULL,
    time_zone text DEFAULT 'Asia/Kolkata'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT businesses_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT businesses_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120)))
);
ALTER TABLE ONLY tijori.businesses FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.businesses OWNER TO tijori_owner;
CREATE TABLE tijori.calendar_changes (
    account_id uuid NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    app_id text NOT NULL
);
ALTER TABLE ONLY tijori.calendar_changes FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.calendar_changes OWNER TO tijori_owner;
CREATE TABLE tijori.challenges (
    hash bytea NOT NULL,
    kind text NOT NULL,
    user_id uuid,
    bound bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT challenges_binding_check CHECK (((bound IS NULL) = (kind = ANY (ARRAY['sign_in'::text, 'half_way'::text])))),
    CONSTRAINT challenges_bound_check CHECK ((length(bound) = 32)),
    CONSTRAINT challenges_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT challenges_kind_check CHECK ((kind = ANY (ARRAY['sign_up'::text, 'register'::text, 'sign_in'::text, 'half_way'::text, 'second_step'::text, 'step_up'::text]))),
    CONSTRAINT challenges_whose_check CHECK (((user_id IS NULL) = (kind = ANY (ARRAY['sign_up'::text, 'sign_in'::text]))))
);
ALTER TABLE ONLY tijori.challenges FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.challenges OWNER TO tijori_owner;
CREATE TABLE tijori.changes (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    subject text NOT NULL,
    subject_id uuid NOT NULL,
    version integer NOT NULL,
    created_by uuid NOT NULL,
    action text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    changed_by uuid NOT NULL,
    changed_by_name text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    from_party uuid,
    to_party uuid,
    CONSTRAINT changes_action_check CHECK ((action = ANY (ARRAY['edit'::text, 'delete'::text, 'restore'::text, 'move'::text]))),
    CONSTRAINT changes_created_by_check CHECK (((subject = 'entry'::text) OR (created_by = '00000000-0000-0000-0000-000000000000'::uuid))),
    CONSTRAINT changes_move_check CHECK ((((action = 'move'::text) = (from_party IS NOT NULL)) AND ((from_party IS NULL) = (to_party IS NULL)) AND ((from_party IS NULL) OR (subject = 'entry'::text)))),
    CONSTRAINT changes_subject_check CHECK ((subject = ANY (ARRAY['party'::text, 'entry'::text]))),
    CONSTRAINT changes_version_check CHECK ((version > 1))
);
ALTER TABLE ONLY tijori.changes FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.changes OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.changes.created_by IS 'of an entry: its maker, as the policy for members who see only their own entries asks; of a party: the zero uuid, nobody, because those members see no party''s history, not even of one that they made';
COMMENT ON COLUMN tijori.changes.changed_by_name IS 'as it was then, so that it still names somebody who has left the business';
CREATE TABLE tijori.checkouts (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    app_id text NOT NULL,
    connection_id text NOT NULL,
    provider text NOT NULL,
    plan_id text NOT NULL,
    period text NOT NULL,
    price_id text NOT NULL,
    status text NOT NULL,
    session_id text,
    subscription_id text,
    url text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    starts_at timestamp with time zone,
    replaces text,
    quantity bigint DEFAULT 1 NOT NULL,
    CONSTRAINT checkouts_open_check CHECK (((status <> 'open'::text) OR (url IS NOT NULL))),
    CONSTRAINT checkouts_period_check CHECK ((period = ANY (ARRAY['month'::text, 'year'::text]))),
    CONSTRAINT checkouts_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT checkouts_quantity_check CHECK ((quantity >= 1)),
    CONSTRAINT checkouts_status_check CHECK ((status = ANY (ARRAY['creating'::text, 'open'::text, 'complete'::text, 'closed'::text])))
);
ALTER TABLE ONLY tijori.checkouts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.checkouts OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.checkouts.starts_at IS 'when it begins, after a plan that is paid for: Razorpay changes a plan by ending it and beginning another';
COMMENT ON COLUMN tijori.checkouts.replaces IS 'the subscription that is ended as soon as this purchase is paid; null when it replaces none';
CREATE TABLE tijori.connections (
    app_id text NOT NULL,
    connection_id text NOT NULL,
    provider text NOT NULL,
    mode text,
    provider_account text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT connections_account_check CHECK (((provider_account IS NULL) OR ((provider_account ~ '^[A-Za-z0-9_]{1,100}$'::text) AND (mode IS NOT NULL) AND (mode <> 'simulated'::text)))),
    CONSTRAINT connections_id_check CHECK ((connection_id ~ '^[a-z][a-z0-9-]{0,60}$'::text)),
    CONSTRAINT connections_mode_check CHECK ((mode = ANY (ARRAY['simulated'::text, 'test'::text, 'live'::text]))),
    CONSTRAINT connections_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text])))
);
ALTER TABLE ONLY tijori.connections FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.connections OWNER TO tijori_owner;
CREATE TABLE tijori.credentials (
    hash bytea NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    user_id uuid NOT NULL,
    account_id uuid,
    user_agent text DEFAULT ''::text NOT NULL,
    network text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    name text DEFAULT ''::text NOT NULL,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    hint text DEFAULT ''::text NOT NULL,
    proven_at timestamp with time zone DEFAULT now(),
    strong_at timestamp with time zone,
    CONSTRAINT credentials_account_check CHECK (((kind = 'session'::text) OR (account_id IS NOT NULL))),
    CONSTRAINT credentials_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT credentials_kind_check CHECK ((kind = ANY (ARRAY['session'::text, 'api_key'::text]))),
    CONSTRAINT credentials_name_check CHECK (((length(name) <= 120) AND ((kind = 'session'::text) OR (name <> ''::text)))),
    CONSTRAINT credentials_scopes_check CHECK (((scopes <@ ARRAY['credits:read'::text, 'credits:spend'::text]) AND ((kind = 'api_key'::text) = (cardinality(scopes) > 0))))
);
ALTER TABLE ONLY tijori.credentials FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credentials OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.credentials.hint IS 'the first letters of an API key, by which its owner knows it again';
COMMENT ON COLUMN tijori.credentials.proven_at IS 'when the user of a session last proved to be there, by a password, a passkey or a code';
COMMENT ON COLUMN tijori.credentials.strong_at IS 'when that was by more than a password: a passkey, or a code of an authenticator app or a recovery code';
CREATE TABLE tijori.credit_anchors (
    account_id uuid NOT NULL,
    source text NOT NULL,
    anchor timestamp with time zone NOT NULL,
    CONSTRAINT credit_anchors_source_check CHECK (((length(source) >= 1) AND (length(source) <= 300)))
);
ALTER TABLE ONLY tijori.credit_anchors FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_anchors OWNER TO tijori_owner;
CREATE TABLE tijori.credit_balances (
    account_id uuid NOT NULL,
    meter text NOT NULL,
    app_id text NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    entries bigint DEFAULT 0 NOT NULL,
    lot_grant uuid,
    lot_left bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    low bigint,
    CONSTRAINT credit_balances_balance_check CHECK ((balance >= 0)),
    CONSTRAINT credit_balances_held_check CHECK (((held >= 0) AND (held <= balance))),
    CONSTRAINT credit_balances_lot_check CHECK ((((lot_left >= 0) AND (lot_left <= (balance - held))) AND ((lot_grant IS NOT NULL) OR (lot_left = 0))))
)
WITH (fillfactor='50');
ALTER TABLE ONLY tijori.credit_balances FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_balances OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.credit_balances.low IS 'that of the meter, so that a spend looks nothing up';
CREATE TABLE tijori.credit_calendars (
    account_id uuid NOT NULL,
    meter text NOT NULL,
    app_id text NOT NULL,
    next_at timestamp with time zone,
    next_amount bigint,
    due_at timestamp with time zone NOT NULL,
    worked_to timestamp with time zone NOT NULL,
    sources text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT credit_calendars_next_check CHECK (((next_at IS NULL) = (next_amount IS NULL)))
);
ALTER TABLE ONLY tijori.credit_calendars FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_calendars OWNER TO tijori_owner;
CREATE TABLE tijori.credit_entries (
    account_id uuid NOT NULL,
    meter text NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    balance bigint NOT NULL,
    held bigint NOT NULL,
    key text,
    note text DEFAULT ''::text NOT NULL,
    grant_id uuid,
    hold_id uuid,
    credential_id uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_entries_amount_check CHECK (
CASE
    WHEN (kind = ANY (ARRAY['allowance'::text, 'top_up'::text, 'promotional'::text, 'give_back'::text])) THEN (amount > 0)
    ELSE (amount < 0)
END),
    CONSTRAINT credit_entries_balance_check CHECK (((balance >= 0) AND ((held >= 0) AND (held <= balance)))),
    CONSTRAINT credit_entries_key_check CHECK ((((kind = 'consume'::text) = (key IS NOT NULL)) AND ((length(key) >= 1) AND (length(key) <= 200)))),
    CONSTRAINT credit_entries_kind_check CHECK ((kind = ANY (ARRAY['allowance'::text, 'top_up'::text, 'promotional'::text, 'consume'::text, 'capture'::text, 'expire'::text, 'take_back'::text, 'give_back'::text]))),
    CONSTRAINT credit_entries_note_check CHECK ((length(note) <= 500))
);
ALTER TABLE ONLY tijori.credit_entries FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_entries OWNER TO tijori_owner;
CREATE TABLE tijori.credit_grants (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    meter text NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    priority integer NOT NULL,
    expires_at timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    key text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    granted_by text NOT NULL,
    source text,
    period integer,
    level bigint,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_grants_allowance_check CHECK ((((kind = 'allowance'::text) = (source IS NOT NULL)) AND ((source IS NULL) = (period IS NULL)) AND ((source IS NULL) = (level IS NULL)))),
    CONSTRAINT credit_grants_amount_check CHECK (((amount >= 1) AND (amount <= '1000000000000'::bigint))),
    CONSTRAINT credit_grants_key_check CHECK (((length(key) >= 1) AND (length(key) <= 300))),
    CONSTRAINT credit_grants_kind_check CHECK ((kind = ANY (ARRAY['allowance'::text, 'top_up'::text, 'promotional'::text]))),
    CONSTRAINT credit_grants_priority_check CHECK (((priority >= 0) AND (priority <= 1000))),
    CONSTRAINT credit_grants_reason_check CHECK (((length(reason) <= 500) AND ((kind <> 'promotional'::text) OR (reason <> ''::text))))
);
ALTER TABLE ONLY tijori.credit_grants FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_grants OWNER TO tijori_owner;
CREATE TABLE tijori.credit_holds (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    meter text NOT NULL,
    amount bigint NOT NULL,
    status text NOT NULL,
    key text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    seconds integer NOT NULL,
    attempt uuid NOT NULL,
    lots uuid[] NOT NULL,
    parts bigint[] NOT NULL,
    available bigint NOT NULL,
    captured bigint,
    entry bigint,
    left_after bigint,
    credential_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT credit_holds_amount_check CHECK (((amount >= 1) AND (amount <= '1000000000000'::bigint))),
    CONSTRAINT credit_holds_captured_check CHECK ((((status = 'captured'::text) = (captured IS NOT NULL)) AND ((captured >= 1) AND (captured <= amount)))),
    CONSTRAINT credit_holds_ended_check CHECK (((status = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT credit_holds_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT credit_holds_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT credit_holds_status_check CHECK ((status = ANY (ARRAY['open'::text, 'captured'::text, 'released'::text, 'expired'::text])))
)
WITH (fillfactor='60');
ALTER TABLE ONLY tijori.credit_holds FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_holds OWNER TO tijori_owner;
CREATE TABLE tijori.credit_lots (
    account_id uuid NOT NULL,
    meter text NOT NULL,
    grant_id uuid NOT NULL,
    priority integer NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    lot_left bigint NOT NULL,
    CONSTRAINT credit_lots_left_check CHECK ((lot_left > 0))
);
ALTER TABLE ONLY tijori.credit_lots FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_lots OWNER TO tijori_owner;
CREATE TABLE tijori.credit_reclaims (
    account_id uuid NOT NULL,
    meter text NOT NULL,
    grant_id uuid NOT NULL,
    total bigint NOT NULL,
    taken bigint DEFAULT 0 NOT NULL,
    why text NOT NULL,
    CONSTRAINT credit_reclaims_taken_check CHECK (((taken >= 0) AND (taken <= total)))
);
ALTER TABLE ONLY tijori.credit_reclaims FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.credit_reclaims OWNER TO tijori_owner;
CREATE TABLE tijori.customer_requests (
    account_id uuid NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    answer text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT customer_requests_answer_check CHECK ((length(answer) <= 5000)),
    CONSTRAINT customer_requests_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT customer_requests_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);
ALTER TABLE ONLY tijori.customer_requests FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.customer_requests OWNER TO tijori_owner;
CREATE TABLE tijori.customer_tokens (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    hash bytea NOT NULL,
    may text NOT NULL,
    origin text NOT NULL,
    app_generation integer NOT NULL,
    generation integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT customer_tokens_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT customer_tokens_life_check CHECK ((expires_at <= (created_at + '00:15:00'::interval))),
    CONSTRAINT customer_tokens_may_check CHECK ((may = ANY (ARRAY['read'::text, 'pay'::text])))
);
ALTER TABLE ONLY tijori.customer_tokens FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.customer_tokens OWNER TO tijori_owner;
CREATE TABLE tijori.deliveries (
    app_id text NOT NULL,
    endpoint_id uuid NOT NULL,
    number bigint NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    answer integer,
    error text DEFAULT ''::text NOT NULL,
    delivered_at timestamp with time zone,
    CONSTRAINT deliveries_delivered_check CHECK (((status = 'delivered'::text) = (delivered_at IS NOT NULL))),
    CONSTRAINT deliveries_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text])))
);
ALTER TABLE ONLY tijori.deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.deliveries OWNER TO tijori_owner;
CREATE TABLE tijori.delivery_tries (
    app_id text NOT NULL,
    endpoint_id uuid NOT NULL,
    number bigint NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    took_ms integer NOT NULL,
    answer integer,
    error text DEFAULT ''::text NOT NULL,
    said text DEFAULT ''::text NOT NULL,
    CONSTRAINT delivery_tries_said_check CHECK ((length(said) <= 500))
);
ALTER TABLE ONLY tijori.delivery_tries FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.delivery_tries OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.delivery_tries.said IS 'the beginning of what the endpoint answered';
CREATE TABLE tijori.devices (
    hash bytea NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT devices_hash_check CHECK ((length(hash) = 32))
);
ALTER TABLE ONLY tijori.devices FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.devices OWNER TO tijori_owner;
CREATE TABLE tijori.drafts (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    created_by uuid NOT NULL,
    name text NOT NULL,
    body jsonb NOT NULL,
    writer uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT drafts_body_check CHECK ((octet_length((body)::text) <= 4194304)),
    CONSTRAINT drafts_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60))),
    CONSTRAINT drafts_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY tijori.drafts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.drafts OWNER TO tijori_owner;
CREATE TABLE tijori.email_changes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    old_email text NOT NULL,
    new_email text NOT NULL,
    old_hash bytea,
    new_hash bytea,
    back_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    old_at timestamp with time zone,
    new_at timestamp with time zone,
    done_at timestamp with time zone,
    ended_at timestamp with time zone,
    back_until timestamp with time zone,
    CONSTRAINT email_changes_done_check CHECK (((done_at IS NULL) OR ((old_at IS NOT NULL) AND (new_at IS NOT NULL) AND (back_until IS NOT NULL)))),
    CONSTRAINT email_changes_hash_check CHECK (((length(old_hash) = 32) AND (length(new_hash) = 32) AND (length(back_hash) = 32)))
);
ALTER TABLE ONLY tijori.email_changes FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.email_changes OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.email_changes.old_hash IS 'of the link in the mail to the former address; new_hash to the new one';
COMMENT ON COLUMN tijori.email_changes.ended_at IS 'when it was given up, replaced or taken back';
CREATE TABLE tijori.entries (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    party_id uuid NOT NULL,
    side text NOT NULL,
    amount_minor bigint NOT NULL,
    business_date date NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    opening boolean DEFAULT false NOT NULL,
    batch_id uuid,
    request_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    deleted_by uuid,
    version integer DEFAULT 1 NOT NULL,
    mode text,
    cheque_date date,
    cheque_state text,
    reverses uuid,
    CONSTRAINT entries_amount_check CHECK (((amount_minor >= 1) AND (amount_minor <= '10000000000000'::bigint))),
    CONSTRAINT entries_cheque_date_check CHECK (((cheque_date >= '2000-01-01'::date) AND (cheque_date <= '2099-12-31'::date))),
    CONSTRAINT entries_cheque_state_check CHECK ((cheque_state = ANY (ARRAY['received'::text, 'deposited'::text, 'cleared'::text, 'bounced'::text]))),
    CONSTRAINT entries_date_check CHECK (((business_date >= '2000-01-01'::date) AND (business_date <= '2099-12-31'::date))),
    CONSTRAINT entries_deleted_check CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT entries_mode_check CHECK ((mode = ANY (ARRAY['cash'::text, 'upi'::text, 'bank'::text, 'cheque'::text, 'goods'::text]))),
    CONSTRAINT entries_note_check CHECK (((length(note) <= 500) AND (note !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'::text))),
    CONSTRAINT entries_request_check CHECK ((length(request_hash) = 32)),
    CONSTRAINT entries_side_check CHECK ((side = ANY (ARRAY['given'::text, 'received'::text]))),
    CONSTRAINT entries_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY tijori.entries FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.entries OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.entries.cheque_state IS 'null of a cheque of an earlier program: nobody said';
CREATE TABLE tijori.erasures (
    step integer NOT NULL,
    table_name text NOT NULL,
    weight integer DEFAULT 1 NOT NULL,
    CONSTRAINT erasures_weight_check CHECK ((weight > 0))
);
ALTER TABLE tijori.erasures OWNER TO tijori_owner;
CREATE TABLE tijori.events (
    app_id text NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    account_id uuid,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    once text,
    CONSTRAINT events_body_check CHECK ((length(body) < 20000)),
    CONSTRAINT events_type_check CHECK ((type = ANY (ARRAY['customer.state_changed'::text, 'payment.collected'::text, 'payment.refunded'::text, 'payment.refund_failed'::text, 'payment.disputed'::text, 'credits.low'::text, 'webhook.test'::text])))
);
ALTER TABLE ONLY tijori.events FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.events OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.events.once IS 'what is told once: the same is not told again while its event is kept';
CREATE TABLE tijori.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);
ALTER TABLE tijori.goose_db_version OWNER TO tijori_owner;
ALTER TABLE tijori.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME tijori.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tijori.import_rows (
    app_id text NOT NULL,
    import_id uuid NOT NULL,
    line integer NOT NULL,
    customer text NOT NULL,
    provider text NOT NULL,
    provider_id text NOT NULL,
    credits jsonb DEFAULT '{}'::jsonb NOT NULL,
    outcome text DEFAULT 'waiting'::text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    found jsonb DEFAULT '[]'::jsonb NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT import_rows_customer_check CHECK (((length(customer) >= 1) AND (length(customer) <= 255))),
    CONSTRAINT import_rows_id_check CHECK (((length(provider_id) >= 1) AND (length(provider_id) <= 255))),
    CONSTRAINT import_rows_outcome_check CHECK ((outcome = ANY (ARRAY['waiting'::text, 'ready'::text, 'imported'::text, 'unchanged'::text, 'refused'::text, 'failed'::text]))),
    CONSTRAINT import_rows_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text])))
);
ALTER TABLE ONLY tijori.import_rows FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.import_rows OWNER TO tijori_owner;
CREATE TABLE tijori.imports (
    app_id text NOT NULL,
    id uuid NOT NULL,
    dry_run boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone
);
ALTER TABLE ONLY tijori.imports FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.imports OWNER TO tijori_owner;
CREATE TABLE tijori.inbox (
    connection_id text NOT NULL,
    event_id text NOT NULL,
    provider text NOT NULL,
    type text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    body bytea NOT NULL,
    headers jsonb NOT NULL,
    secret_label text NOT NULL,
    created_at timestamp with time zone,
    received_at timestamp with time zone NOT NULL,
    deliveries integer DEFAULT 1 NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    last_error text DEFAULT ''::text NOT NULL,
    applied_at timestamp with time zone,
    account_id uuid,
    CONSTRAINT inbox_applied_check CHECK (((status = 'applied'::text) = (applied_at IS NOT NULL))),
    CONSTRAINT inbox_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT inbox_status_check CHECK ((status = ANY (ARRAY['received'::text, 'applied'::text, 'parked'::text, 'ignored'::text, 'dead'::text])))
);
ALTER TABLE ONLY tijori.inbox FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.inbox OWNER TO tijori_owner;
CREATE TABLE tijori.invitations (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    business_id uuid,
    email text NOT NULL,
    role text NOT NULL,
    token_hash bytea,
    invited_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_email_check CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 254)))),
    CONSTRAINT invitations_token_check CHECK ((length(token_hash) = 32))
);
ALTER TABLE ONLY tijori.invitations FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.invitations OWNER TO tijori_owner;
CREATE TABLE tijori.invoices (
    account_id uuid NOT NULL,
    connection_id text NOT NULL,
    id text NOT NULL,
    provider text NOT NULL,
    subscription_id text NOT NULL,
    number text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    period_start timestamp with time zone,
    period_end timestamp with time zone,
    issued_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    url text DEFAULT ''::text NOT NULL,
    CONSTRAINT invoices_amount_check CHECK ((amount_minor >= 0)),
    CONSTRAINT invoices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);
ALTER TABLE ONLY tijori.invoices FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.invoices OWNER TO tijori_owner;
CREATE TABLE tijori.merges (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    from_party uuid NOT NULL,
    into_party uuid NOT NULL,
    opening_id uuid,
    filled boolean DEFAULT false NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    undone_by uuid,
    CONSTRAINT merges_undone_check CHECK (((undone_at IS NULL) = (undone_by IS NULL)))
);
ALTER TABLE ONLY tijori.merges FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.merges OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.merges.opening_id IS 'the opening balance of the party that went, which became a plain entry because the other has one as well';
COMMENT ON COLUMN tijori.merges.filled IS 'the party that stayed had no phone and got that of the other';
CREATE TABLE tijori.meters (
    app_id text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    low bigint,
    CONSTRAINT meters_id_check CHECK ((id ~ '^[a-z][a-z0-9_]{0,30}$'::text)),
    CONSTRAINT meters_low_check CHECK ((low > 0)),
    CONSTRAINT meters_name_check CHECK (((length(name) >= 1) AND (length(name) <= 60)))
);
ALTER TABLE ONLY tijori.meters FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.meters OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.meters.low IS 'when a customer can spend less, the app is told; null: never';
CREATE TABLE tijori.notices (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    account_id uuid,
    actor_id uuid,
    network text DEFAULT ''::text NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    queued_at timestamp with time zone
);
ALTER TABLE ONLY tijori.notices FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.notices OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.notices.account_id IS 'whose account it is about, null for the user alone';
CREATE TABLE tijori.operator_acts (
    app_id text NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    act text NOT NULL,
    provider text DEFAULT ''::text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    CONSTRAINT operator_acts_act_check CHECK ((act = ANY (ARRAY['replay'::text, 'retry'::text, 'resolve'::text, 'assign'::text, 'snooze'::text, 'dismiss'::text, 'reconcile'::text, 'grant'::text, 'take_back'::text, 'end'::text]))),
    CONSTRAINT operator_acts_reason_check CHECK (((length(TRIM(BOTH FROM reason)) >= 3) AND (length(TRIM(BOTH FROM reason)) <= 1000))),
    CONSTRAINT operator_acts_who_check CHECK (((length(who) >= 1) AND (length(who) <= 254)))
);
ALTER TABLE ONLY tijori.operator_acts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.operator_acts OWNER TO tijori_owner;
CREATE TABLE tijori.parties (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    phone text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    batch_id uuid,
    request_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    deleted_by uuid,
    version integer DEFAULT 1 NOT NULL,
    sound_key text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT parties_deleted_check CHECK (((deleted_at IS NULL) = (deleted_by IS NULL))),
    CONSTRAINT parties_kind_check CHECK ((kind = ANY (ARRAY['customer'::text, 'supplier'::text]))),
    CONSTRAINT parties_name_check CHECK ((((length(name) >= 1) AND (length(name) <= 120)) AND (name = btrim(name)) AND (name !~ '[\u0001-\u001f\u007f-\u009f]'::text))),
    CONSTRAINT parties_name_key_check CHECK ((length(name_key) <= 480)),
    CONSTRAINT parties_note_check CHECK (((length(note) <= 500) AND (note !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'::text))),
    CONSTRAINT parties_phone_check CHECK ((phone ~ '^(\+?[0-9]{3,15})?$'::text)),
    CONSTRAINT parties_request_check CHECK ((length(request_hash) = 32)),
    CONSTRAINT parties_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY tijori.parties FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.parties OWNER TO tijori_owner;
CREATE TABLE tijori.party_sums (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    party_id uuid NOT NULL,
    living boolean NOT NULL,
    made_on date NOT NULL,
    given bigint DEFAULT 0 NOT NULL,
    received bigint DEFAULT 0 NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    entries integer DEFAULT 0 NOT NULL,
    last_date date,
    due_since date DEFAULT '2100-01-01'::date NOT NULL,
    CONSTRAINT party_sums_balance_check CHECK ((balance = (given - received))),
    CONSTRAINT party_sums_due_check CHECK (((balance > 0) = (due_since < '2100-01-01'::date))),
    CONSTRAINT party_sums_entries_check CHECK ((((entries = 0) = (last_date IS NULL)) AND ((entries > 0) = ((given > 0) OR (received > 0))))),
    CONSTRAINT party_sums_sums_check CHECK (((given >= 0) AND (received >= 0) AND (entries >= 0)))
)
WITH (autovacuum_vacuum_threshold='1000', autovacuum_vacuum_scale_factor='0.005');
ALTER TABLE ONLY tijori.party_sums FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.party_sums OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.party_sums.living IS 'the party is not in the bin';
COMMENT ON COLUMN tijori.party_sums.made_on IS 'the day the party was made, in UTC: its place among the latest when it has no entry';
COMMENT ON COLUMN tijori.party_sums.balance IS 'a column, because an index on an expression is not searched before the policy has looked';
COMMENT ON COLUMN tijori.party_sums.due_since IS 'the date of the oldest Given entry that is not wholly paid, as receipts settle the oldest first; 2100-01-01, after every entry, when nothing is due';
CREATE TABLE tijori.passkeys (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    aaguid bytea NOT NULL,
    transports text[] DEFAULT '{}'::text[] NOT NULL,
    name text NOT NULL,
    sign_count bigint NOT NULL,
    backup_eligible boolean NOT NULL,
    backed_up boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    copied_at timestamp with time zone,
    CONSTRAINT passkeys_aaguid_check CHECK ((length(aaguid) = 16)),
    CONSTRAINT passkeys_backup_check CHECK ((backup_eligible OR (NOT backed_up))),
    CONSTRAINT passkeys_count_check CHECK (((sign_count >= 0) AND (sign_count <= '4294967295'::bigint))),
    CONSTRAINT passkeys_credential_check CHECK (((length(credential_id) >= 16) AND (length(credential_id) <= 1023))),
    CONSTRAINT passkeys_key_check CHECK (((length(public_key) >= 1) AND (length(public_key) <= 8192))),
    CONSTRAINT passkeys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120)))
);
ALTER TABLE ONLY tijori.passkeys FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.passkeys OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.passkeys.copied_at IS 'when its counter went back, so that there must be a copy';
CREATE TABLE tijori.payees (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    upi_id text NOT NULL,
    payee_name text DEFAULT ''::text NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT payees_name_check CHECK (((length(payee_name) <= 60) AND (payee_name !~ '[\u0001-\u001f\u007f-\u009f]'::text) AND ((upi_id = ''::text) OR (length(payee_name) > 0)))),
    CONSTRAINT payees_upi_check CHECK ((upi_id ~ '^([a-z0-9._-]{2,190}@[a-z][a-z0-9]{1,63})?$'::text))
);
ALTER TABLE ONLY tijori.payees FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.payees OWNER TO tijori_owner;
CREATE TABLE tijori.payments (
    account_id uuid NOT NULL,
    connection_id text NOT NULL,
    id text NOT NULL,
    provider text NOT NULL,
    subscription_id text NOT NULL,
    invoice_id text DEFAULT ''::text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    paid_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT payments_amount_check CHECK ((amount_minor > 0)),
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);
ALTER TABLE ONLY tijori.payments FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.payments OWNER TO tijori_owner;
CREATE TABLE tijori.period_locks (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    locked_from date,
    locked_until date,
    reason text DEFAULT ''::text NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT period_locks_date_check CHECK (((locked_until >= '2000-01-01'::date) AND (locked_until <= '2099-12-31'::date))),
    CONSTRAINT period_locks_reason_check CHECK (((locked_from IS NULL) OR ((locked_until >= locked_from) AND (locked_until IS NOT NULL)) OR (length(btrim(reason)) > 0))),
    CONSTRAINT period_locks_text_check CHECK (((length(reason) <= 500) AND (reason !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'::text)))
);
ALTER TABLE ONLY tijori.period_locks FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.period_locks OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.period_locks.locked_from IS 'what was in force before; null when everything was open';
COMMENT ON COLUMN tijori.period_locks.locked_until IS 'the last locked day; null opens everything';
CREATE TABLE tijori.plan_spans (
    account_id uuid NOT NULL,
    connection_id text NOT NULL,
    subscription_id text NOT NULL,
    number integer NOT NULL,
    app_id text NOT NULL,
    kind text NOT NULL,
    plan_id text NOT NULL,
    price_id text NOT NULL,
    period text NOT NULL,
    currency text,
    monthly_minor bigint,
    began_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    CONSTRAINT plan_spans_kind_check CHECK ((kind = ANY (ARRAY['trial'::text, 'paid'::text]))),
    CONSTRAINT plan_spans_money_check CHECK ((((currency IS NULL) = (monthly_minor IS NULL)) AND (monthly_minor >= 0) AND (currency ~ '^[A-Z]{3}$'::text))),
    CONSTRAINT plan_spans_order_check CHECK (((until_at >= began_at) AND (number > 0)))
);
ALTER TABLE ONLY tijori.plan_spans FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.plan_spans OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.plan_spans.monthly_minor IS 'the price for a month: a yearly one divided by twelve, without the remainder; null when the price is not known';
COMMENT ON COLUMN tijori.plan_spans.until_at IS 'until when the plan is given as far as is known: it moves on with each payment, and ends early with a subscription';
CREATE TABLE tijori.prices (
    connection_id text NOT NULL,
    id text NOT NULL,
    app_id text NOT NULL,
    provider text NOT NULL,
    plan_id text NOT NULL,
    period text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT prices_amount_check CHECK ((amount_minor > 0)),
    CONSTRAINT prices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT prices_period_check CHECK ((period = ANY (ARRAY['month'::text, 'year'::text]))),
    CONSTRAINT prices_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text])))
);
ALTER TABLE ONLY tijori.prices FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.prices OWNER TO tijori_owner;
CREATE TABLE tijori.probe_days (
    name text NOT NULL,
    location text NOT NULL,
    day date NOT NULL,
    checks integer NOT NULL,
    failures integer NOT NULL,
    CONSTRAINT probe_days_count_check CHECK (((failures >= 0) AND (failures <= checks))),
    CONSTRAINT probe_days_text_check CHECK (((length(name) <= 40) AND (length(location) <= 40)))
);
ALTER TABLE ONLY tijori.probe_days FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.probe_days OWNER TO tijori_owner;
CREATE TABLE tijori.probe_lines (
    name text NOT NULL,
    location text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    title_hi text NOT NULL,
    hidden boolean NOT NULL,
    place smallint NOT NULL,
    state text NOT NULL,
    since timestamp with time zone NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    took_ms integer NOT NULL,
    detail text NOT NULL,
    CONSTRAINT probe_lines_kind_check CHECK ((kind = ANY (ARRAY['address'::text, 'canary'::text]))),
    CONSTRAINT probe_lines_state_check CHECK ((state = ANY (ARRAY['up'::text, 'down'::text]))),
    CONSTRAINT probe_lines_text_check CHECK (((length(name) <= 40) AND (length(location) <= 40) AND (length(title) <= 80) AND (length(title_hi) <= 80) AND (length(detail) <= 400)))
);
ALTER TABLE ONLY tijori.probe_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.probe_lines OWNER TO tijori_owner;
CREATE TABLE tijori.probe_outages (
    id uuid NOT NULL,
    name text NOT NULL,
    location text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    until timestamp with time zone,
    CONSTRAINT probe_outages_text_check CHECK (((length(name) <= 40) AND (length(location) <= 40)))
);
ALTER TABLE ONLY tijori.probe_outages FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.probe_outages OWNER TO tijori_owner;
CREATE TABLE tijori.provider_customers (
    account_id uuid NOT NULL,
    connection_id text NOT NULL,
    app_id text NOT NULL,
    provider text NOT NULL,
    customer_id text,
    directory_kind text GENERATED ALWAYS AS ('customer'::text) STORED NOT NULL,
    generation integer DEFAULT 0 NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    CONSTRAINT provider_customers_id_check CHECK (((length(customer_id) >= 1) AND (length(customer_id) <= 255))),
    CONSTRAINT provider_customers_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text])))
);
ALTER TABLE ONLY tijori.provider_customers FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.provider_customers OWNER TO tijori_owner;
CREATE TABLE tijori.provider_directory (
    connection_id text NOT NULL,
    kind text NOT NULL,
    provider_id text NOT NULL,
    provider text NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT provider_directory_id_check CHECK (((length(provider_id) >= 1) AND (length(provider_id) <= 255))),
    CONSTRAINT provider_directory_kind_check CHECK ((kind = ANY (ARRAY['customer'::text, 'subscription'::text, 'session'::text, 'payment_link'::text, 'payment'::text]))),
    CONSTRAINT provider_directory_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text])))
);
ALTER TABLE ONLY tijori.provider_directory FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.provider_directory OWNER TO tijori_owner;
CREATE TABLE tijori.purchases (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    app_id text NOT NULL,
    connection_id text NOT NULL,
    provider text NOT NULL,
    top_up_id text NOT NULL,
    meter text NOT NULL,
    credits bigint NOT NULL,
    days integer NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    provider_id text,
    url text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    payment_id text,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    lost_minor bigint DEFAULT 0 NOT NULL,
    lost_disputes text[] DEFAULT '{}'::text[] NOT NULL,
    taken_back bigint DEFAULT 0 NOT NULL,
    held_back bigint DEFAULT 0 NOT NULL,
    charge_id text DEFAULT ''::text NOT NULL,
    CONSTRAINT purchases_credits_check CHECK (((credits > 0) AND (days >= 0) AND (amount_minor > 0))),
    CONSTRAINT purchases_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT purchases_open_check CHECK (((status <> 'open'::text) OR ((url IS NOT NULL) AND (provider_id IS NOT NULL)))),
    CONSTRAINT purchases_paid_check CHECK (((status = 'paid'::text) = (paid_at IS NOT NULL))),
    CONSTRAINT purchases_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT purchases_refunded_check CHECK (((refunded_minor >= 0) AND (lost_minor >= 0) AND ((taken_back >= 0) AND (taken_back <= credits)))),
    CONSTRAINT purchases_status_check CHECK ((status = ANY (ARRAY['creating'::text, 'open'::text, 'paid'::text, 'closed'::text])))
);
ALTER TABLE ONLY tijori.purchases FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.purchases OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.purchases.payment_id IS 'the payment by which it was paid';
COMMENT ON COLUMN tijori.purchases.refunded_minor IS 'how much of the amount was given back';
COMMENT ON COLUMN tijori.purchases.lost_minor IS 'how much of the amount the bank has given back in lost_disputes';
COMMENT ON COLUMN tijori.purchases.taken_back IS 'how many credits were taken back for that';
COMMENT ON COLUMN tijori.purchases.held_back IS 'how many more are taken back as soon as they are no longer held';
CREATE TABLE tijori.reconcile_findings (
    connection_id text NOT NULL,
    run_id uuid NOT NULL,
    subscription_id text NOT NULL,
    class text NOT NULL,
    account_id uuid,
    outcome text NOT NULL,
    detail text NOT NULL,
    found_at timestamp with time zone NOT NULL,
    CONSTRAINT reconcile_findings_outcome_check CHECK ((outcome = ANY (ARRAY['differs'::text, 'repaired'::text, 'queued'::text, 'failed'::text])))
);
ALTER TABLE ONLY tijori.reconcile_findings FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.reconcile_findings OWNER TO tijori_owner;
CREATE TABLE tijori.reconcile_runs (
    connection_id text NOT NULL,
    id uuid NOT NULL,
    provider text NOT NULL,
    account_id uuid,
    dry_run boolean NOT NULL,
    asked_by text NOT NULL,
    state text NOT NULL,
    phase text NOT NULL,
    cursor text DEFAULT ''::text NOT NULL,
    since timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    calls integer DEFAULT 0 NOT NULL,
    looked integer DEFAULT 0 NOT NULL,
    differ integer DEFAULT 0 NOT NULL,
    repaired integer DEFAULT 0 NOT NULL,
    queued integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT reconcile_runs_finished_check CHECK (((state = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT reconcile_runs_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT reconcile_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'complete'::text, 'partial'::text])))
);
ALTER TABLE ONLY tijori.reconcile_runs FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.reconcile_runs OWNER TO tijori_owner;
CREATE TABLE tijori.reconcile_seen (
    connection_id text NOT NULL,
    run_id uuid NOT NULL,
    subscription_id text NOT NULL
);
ALTER TABLE ONLY tijori.reconcile_seen FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.reconcile_seen OWNER TO tijori_owner;
CREATE TABLE tijori.recoveries (
    id uuid NOT NULL,
    email text NOT NULL,
    user_id uuid,
    token_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recoveries_token_check CHECK (((token_hash IS NULL) OR ((length(token_hash) = 32) AND (user_id IS NOT NULL))))
);
ALTER TABLE ONLY tijori.recoveries FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.recoveries OWNER TO tijori_owner;
CREATE TABLE tijori.recovery_codes (
    user_id uuid NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_codes_hash_check CHECK ((length(hash) = 32))
);
ALTER TABLE ONLY tijori.recovery_codes FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.recovery_codes OWNER TO tijori_owner;
CREATE TABLE tijori.reminders (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    party_id uuid NOT NULL,
    balance bigint NOT NULL,
    channel text NOT NULL,
    locale text NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reminders_balance_check CHECK ((balance > 0)),
    CONSTRAINT reminders_channel_check CHECK ((channel = ANY (ARRAY['whatsapp'::text, 'sms'::text, 'copy'::text]))),
    CONSTRAINT reminders_locale_check CHECK ((locale = ANY (ARRAY['en'::text, 'hi'::text])))
);
ALTER TABLE ONLY tijori.reminders FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.reminders OWNER TO tijori_owner;
CREATE TABLE tijori.review_items (
    connection_id text NOT NULL,
    key text NOT NULL,
    provider text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    account_id uuid,
    subscription_id text DEFAULT ''::text NOT NULL,
    event_id text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    resolved_at timestamp with time zone,
    resolved_by text DEFAULT ''::text NOT NULL,
    resolution text DEFAULT ''::text NOT NULL,
    gravity bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    turned_at timestamp with time zone DEFAULT now() NOT NULL,
    snoozed_until timestamp with time zone,
    CONSTRAINT review_items_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT review_items_resolved_check CHECK (((status = 'resolved'::text) = (resolved_at IS NOT NULL))),
    CONSTRAINT review_items_status_check CHECK ((status = ANY (ARRAY['open'::text, 'resolved'::text])))
);
ALTER TABLE ONLY tijori.review_items FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.review_items OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.review_items.turned_at IS 'when it last opened or took a graver turn';
COMMENT ON COLUMN tijori.review_items.snoozed_until IS 'until when no alert tells of it';
CREATE TABLE tijori.roles (
    role text NOT NULL,
    rank integer NOT NULL,
    sees_totals boolean NOT NULL,
    adds_entries boolean NOT NULL,
    runs_khata boolean NOT NULL,
    owns boolean NOT NULL,
    CONSTRAINT roles_owns_check CHECK (((NOT owns) OR (sees_totals AND adds_entries AND runs_khata))),
    CONSTRAINT roles_runs_check CHECK (((NOT runs_khata) OR (sees_totals AND adds_entries)))
);
ALTER TABLE tijori.roles OWNER TO tijori_owner;
CREATE TABLE tijori.schema_compat (
    migration bigint NOT NULL,
    compatible_from bigint NOT NULL,
    CONSTRAINT schema_compat_from_check CHECK (((compatible_from >= 1001) AND (compatible_from <= migration)))
);
ALTER TABLE tijori.schema_compat OWNER TO tijori_owner;
CREATE TABLE tijori.security_kinds (
    kind text NOT NULL,
    tells text NOT NULL,
    CONSTRAINT security_kinds_tells_check CHECK ((tells = ANY (ARRAY['nobody'::text, 'user'::text, 'owners'::text])))
);
ALTER TABLE ONLY tijori.security_kinds FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.security_kinds OWNER TO tijori_owner;
CREATE TABLE tijori.security_log (
    account_id uuid NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    kind text NOT NULL,
    user_id uuid,
    about_id uuid,
    detail text DEFAULT ''::text NOT NULL,
    network text DEFAULT ''::text NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL,
    CONSTRAINT security_log_detail_check CHECK ((length(detail) <= 200))
);
ALTER TABLE ONLY tijori.security_log FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.security_log OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.security_log.user_id IS 'who did it, null where that is not known';
COMMENT ON COLUMN tijori.security_log.about_id IS 'the user whom it concerns, null for the account as a whole';
CREATE TABLE tijori.service_clock (
    id boolean DEFAULT true NOT NULL,
    offset_seconds bigint DEFAULT 0 NOT NULL,
    simulated boolean DEFAULT false NOT NULL,
    CONSTRAINT service_clock_one_row_check CHECK (id),
    CONSTRAINT service_clock_real_check CHECK ((simulated OR (offset_seconds = 0)))
);
ALTER TABLE tijori.service_clock OWNER TO tijori_owner;
CREATE TABLE tijori.shadow_checks (
    app_id text NOT NULL,
    feature text NOT NULL,
    customer text DEFAULT ''::text NOT NULL,
    agreed bigint DEFAULT 0 NOT NULL,
    only_here bigint DEFAULT 0 NOT NULL,
    only_there bigint DEFAULT 0 NOT NULL,
    first_at timestamp with time zone DEFAULT now() NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT shadow_checks_customer_check CHECK ((length(customer) <= 255)),
    CONSTRAINT shadow_checks_feature_check CHECK (((length(feature) >= 1) AND (length(feature) <= 100)))
);
ALTER TABLE ONLY tijori.shadow_checks FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.shadow_checks OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.shadow_checks.only_here IS 'Tijori allowed it, the app''s own check did not';
COMMENT ON COLUMN tijori.shadow_checks.only_there IS 'the app''s own check allowed it, Tijori did not';
CREATE TABLE tijori.shares (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    party_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    from_date date,
    to_date date NOT NULL,
    digest bytea NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by uuid,
    CONSTRAINT shares_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT shares_range_check CHECK (((from_date <= to_date) AND (from_date >= '2000-01-01'::date) AND (to_date <= '2099-12-31'::date))),
    CONSTRAINT shares_revoked_check CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
    CONSTRAINT shares_token_check CHECK ((length(token_hash) = 32))
);
ALTER TABLE ONLY tijori.shares FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.shares OWNER TO tijori_owner;
CREATE TABLE tijori.sign_in_failures (
    id uuid NOT NULL,
    email text NOT NULL,
    network text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY tijori.sign_in_failures FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.sign_in_failures OWNER TO tijori_owner;
CREATE TABLE tijori.signups (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text DEFAULT ''::text NOT NULL,
    business_name text NOT NULL,
    locale text NOT NULL,
    currency text NOT NULL,
    token_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT signups_token_check CHECK ((length(token_hash) = 32))
);
ALTER TABLE ONLY tijori.signups FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.signups OWNER TO tijori_owner;
CREATE TABLE tijori.subscriptions (
    account_id uuid NOT NULL,
    connection_id text NOT NULL,
    id text NOT NULL,
    app_id text NOT NULL,
    provider text NOT NULL,
    directory_kind text GENERATED ALWAYS AS ('subscription'::text) STORED NOT NULL,
    customer_id text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    provider_status text NOT NULL,
    price_id text NOT NULL,
    plan_id text,
    period text DEFAULT ''::text NOT NULL,
    period_start timestamp with time zone,
    period_end timestamp with time zone,
    paid_through timestamp with time zone,
    paid_from timestamp with time zone,
    paid_price_id text DEFAULT ''::text NOT NULL,
    paid_count integer DEFAULT 0 NOT NULL,
    access_until timestamp with time zone,
    failed_at timestamp with time zone,
    cancel_at_period_end boolean DEFAULT false NOT NULL,
    cancel_at timestamp with time zone,
    trial_end timestamp with time zone,
    ended_at timestamp with time zone,
    next_price_id text DEFAULT ''::text NOT NULL,
    next_at timestamp with time zone,
    pay_url text DEFAULT ''::text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    paid_since timestamp with time zone,
    quantity bigint DEFAULT 1 NOT NULL,
    CONSTRAINT subscriptions_access_check CHECK (((status <> ALL (ARRAY['incomplete'::text, 'expired'::text])) OR (access_until IS NULL))),
    CONSTRAINT subscriptions_next_check CHECK (((next_price_id = ''::text) = (next_at IS NULL))),
    CONSTRAINT subscriptions_provider_check CHECK ((provider = ANY (ARRAY['stripe'::text, 'razorpay'::text]))),
    CONSTRAINT subscriptions_quantity_check CHECK ((quantity >= 1)),
    CONSTRAINT subscriptions_status_check CHECK ((status = ANY (ARRAY['incomplete'::text, 'trialing'::text, 'active'::text, 'past_due'::text, 'paused'::text, 'canceled'::text, 'expired'::text])))
);
ALTER TABLE ONLY tijori.subscriptions FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.subscriptions OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.subscriptions.paid_through IS 'the end of the latest period that a line of a paid invoice covers, or of the trial; no status moves it';
COMMENT ON COLUMN tijori.subscriptions.paid_from IS 'when that line begins';
COMMENT ON COLUMN tijori.subscriptions.paid_price_id IS 'the price that it was paid for: no higher plan is given';
COMMENT ON COLUMN tijori.subscriptions.paid_count IS 'Razorpay: how many cycles were collected';
COMMENT ON COLUMN tijori.subscriptions.next_price_id IS 'the price that it changes to by itself, at next_at: a lower plan begins when what is paid has run out';
COMMENT ON COLUMN tijori.subscriptions.pay_url IS 'the provider''s page on which what is outstanding is paid, or a card replaced';
COMMENT ON COLUMN tijori.subscriptions.paid_since IS 'since when it is paid for without a break, as far as is known; null when there was none';
COMMENT ON COLUMN tijori.subscriptions.quantity IS 'of the price, as the provider last told us';
CREATE TABLE tijori.support_uses (
    id uuid NOT NULL,
    app_id text DEFAULT 'khata'::text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    question text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    xact xid8 DEFAULT pg_current_xact_id() NOT NULL,
    work_id uuid,
    CONSTRAINT support_uses_detail_check CHECK ((length(detail) <= 1000)),
    CONSTRAINT support_uses_question_check CHECK ((question = ANY (ARRAY['lookup'::text, 'why'::text, 'reset_factors'::text, 'work'::text, 'page'::text, 'figures'::text, 'list'::text, 'search'::text, 'account'::text]))),
    CONSTRAINT support_uses_reason_check CHECK (((question <> ALL (ARRAY['work'::text, 'account'::text])) OR (length(TRIM(BOTH FROM detail)) >= 3))),
    CONSTRAINT support_uses_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 254))),
    CONSTRAINT support_uses_who_check CHECK (((length(who) >= 1) AND (length(who) <= 254)))
);
ALTER TABLE ONLY tijori.support_uses FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.support_uses OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.support_uses.work_id IS 'the piece of work during which it was asked';
CREATE TABLE tijori.tasks (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    done bigint DEFAULT 0 NOT NULL,
    total bigint DEFAULT 0 NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tasks_count_check CHECK (((done >= 0) AND (total >= 0))),
    CONSTRAINT tasks_kind_check CHECK ((kind = ANY (ARRAY['export'::text, 'import'::text]))),
    CONSTRAINT tasks_state_check CHECK ((state = ANY (ARRAY['running'::text, 'stopped'::text, 'done'::text, 'failed'::text])))
);
ALTER TABLE ONLY tijori.tasks FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.tasks OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.tasks.total IS 'rows in all; 0 while nobody knows';
COMMENT ON COLUMN tijori.tasks.seen_at IS 'when the work last wrote: a node that died writes no end';
CREATE TABLE tijori.throttles (
    key text NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    count integer NOT NULL,
    CONSTRAINT throttles_count_check CHECK ((count >= 0))
);
ALTER TABLE ONLY tijori.throttles FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.throttles OWNER TO tijori_owner;
CREATE TABLE tijori.till_counts (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    business_date date NOT NULL,
    closing boolean NOT NULL,
    amount_minor bigint NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT till_counts_amount_check CHECK (((amount_minor >= 0) AND (amount_minor <= '10000000000000'::bigint))),
    CONSTRAINT till_counts_date_check CHECK (((business_date >= '2000-01-01'::date) AND (business_date <= '2099-12-31'::date)))
);
ALTER TABLE ONLY tijori.till_counts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.till_counts OWNER TO tijori_owner;
COMMENT ON COLUMN tijori.till_counts.closing IS 'counted after the entries of the day; otherwise before them';
CREATE TABLE tijori.totps (
    user_id uuid NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    CONSTRAINT totps_sealed_check CHECK (((length(sealed) >= 48) AND (length(sealed) <= 128)))
);
ALTER TABLE ONLY tijori.totps FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.totps OWNER TO tijori_owner;
CREATE TABLE tijori.turns (
    name text NOT NULL,
    taken_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY tijori.turns FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.turns OWNER TO tijori_owner;
CREATE TABLE tijori.uploads (
    account_id uuid NOT NULL,
    business_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    body bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '01:00:00'::interval) NOT NULL,
    CONSTRAINT uploads_body_check CHECK ((octet_length(body) <= 10485760)),
    CONSTRAINT uploads_name_check CHECK ((((length(name) >= 1) AND (length(name) <= 200)) AND (name !~ '[\u0001-\u001f\u007f-\u009f]'::text)))
);
ALTER TABLE ONLY tijori.uploads ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE ONLY tijori.uploads FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.uploads OWNER TO tijori_owner;
CREATE TABLE tijori.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    locale text DEFAULT 'en'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    two_step boolean DEFAULT false NOT NULL,
    CONSTRAINT users_email_check CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 254)))),
    CONSTRAINT users_locale_check CHECK ((locale = ANY (ARRAY['en'::text, 'hi'::text]))),
    CONSTRAINT users_name_check CHECK (((length(name) >= 1) AND (length(name) <= 120)))
);
ALTER TABLE ONLY tijori.users FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.users OWNER TO tijori_owner;
CREATE TABLE tijori.watch_acts (
    id uuid NOT NULL,
    alert_id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    act text NOT NULL,
    until timestamp with time zone,
    reason text NOT NULL,
    CONSTRAINT watch_acts_act_check CHECK ((act = ANY (ARRAY['take'::text, 'snooze'::text, 'dismiss'::text]))),
    CONSTRAINT watch_acts_text_check CHECK (((length(who) <= 320) AND ((length(reason) >= 3) AND (length(reason) <= 1000))))
);
ALTER TABLE ONLY tijori.watch_acts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.watch_acts OWNER TO tijori_owner;
CREATE TABLE tijori.watch_alerts (
    id uuid NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    account_id uuid,
    state text NOT NULL,
    times bigint NOT NULL,
    told_times bigint DEFAULT 0 NOT NULL,
    detail text NOT NULL,
    requests text[] NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    muted_at timestamp with time zone,
    muted_until timestamp with time zone,
    muted_times bigint,
    taken_by text,
    CONSTRAINT watch_alerts_state_check CHECK ((state = ANY (ARRAY['raised'::text, 'over'::text]))),
    CONSTRAINT watch_alerts_text_check CHECK (((length(rule) <= 40) AND (length(subject) <= 200) AND (length(detail) <= 500) AND (cardinality(requests) <= 20))),
    CONSTRAINT watch_alerts_times_check CHECK (((times >= 0) AND (told_times >= 0)))
);
ALTER TABLE ONLY tijori.watch_alerts FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.watch_alerts OWNER TO tijori_owner;
CREATE TABLE tijori.watch_cursor (
    id boolean DEFAULT true NOT NULL,
    kept_at timestamp with time zone NOT NULL,
    holder uuid,
    held_until timestamp with time zone,
    CONSTRAINT watch_cursor_one_row_check CHECK (id)
);
ALTER TABLE ONLY tijori.watch_cursor FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.watch_cursor OWNER TO tijori_owner;
CREATE TABLE tijori.watch_hours (
    account_id uuid NOT NULL,
    kind smallint NOT NULL,
    hour timestamp with time zone NOT NULL,
    taken integer NOT NULL
);
ALTER TABLE ONLY tijori.watch_hours FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.watch_hours OWNER TO tijori_owner;
CREATE TABLE tijori.watch_visits (
    caller_id uuid NOT NULL,
    business_id uuid NOT NULL,
    day date NOT NULL
);
ALTER TABLE ONLY tijori.watch_visits FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.watch_visits OWNER TO tijori_owner;
CREATE TABLE tijori.webhook_endpoints (
    app_id text NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    secret bytea NOT NULL,
    old_secret bytea,
    old_until timestamp with time zone,
    state text DEFAULT 'on'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    failing_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT webhook_endpoints_old_check CHECK (((old_secret IS NULL) = (old_until IS NULL))),
    CONSTRAINT webhook_endpoints_state_check CHECK ((state = ANY (ARRAY['on'::text, 'off'::text]))),
    CONSTRAINT webhook_endpoints_url_check CHECK (((length(url) >= 8) AND (length(url) <= 2000)))
);
ALTER TABLE ONLY tijori.webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE tijori.webhook_endpoints OWNER TO tijori_owner;
ALTER TABLE ONLY tijori.access_log ATTACH PARTITION tijori.access_log_allowed FOR VALUES IN ('allowed');
ALTER TABLE ONLY tijori.access_log_allowed ATTACH PARTITION tijori.access_log_allowed_rest DEFAULT;
ALTER TABLE ONLY tijori.access_log ATTACH PARTITION tijori.access_log_refused FOR VALUES IN ('denied', 'not_found', 'limited', 'failed', 'lost');
ALTER TABLE ONLY tijori.access_log_refused ATTACH PARTITION tijori.access_log_refused_rest DEFAULT;
ALTER TABLE ONLY tijori.accounts
    ADD CONSTRAINT accounts_app_key UNIQUE (account_id, app_id);
ALTER TABLE ONLY tijori.accounts
    ADD CONSTRAINT accounts_external_key UNIQUE (app_id, external_id);
ALTER TABLE ONLY tijori.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY tijori.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (connection_id, kind);
ALTER TABLE ONLY tijori.allowances
    ADD CONSTRAINT allowances_pkey PRIMARY KEY (app_id, plan_id, meter);
ALTER TABLE ONLY tijori.app_keys
    ADD CONSTRAINT app_keys_hash_key UNIQUE (hash);
ALTER TABLE ONLY tijori.app_keys
    ADD CONSTRAINT app_keys_pkey PRIMARY KEY (app_id, id);
ALTER TABLE ONLY tijori.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (app_id);
ALTER TABLE ONLY tijori.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.businesses
    ADD CONSTRAINT businesses_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.calendar_changes
    ADD CONSTRAINT calendar_changes_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.challenges
    ADD CONSTRAINT challenges_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY tijori.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (account_id, business_id, subject, subject_id, version);
ALTER TABLE ONLY tijori.checkouts
    ADD CONSTRAINT checkouts_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.complaints
    ADD CONSTRAINT complaints_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.connections
    ADD CONSTRAINT connections_id_key UNIQUE (connection_id);
ALTER TABLE ONLY tijori.connections
    ADD CONSTRAINT connections_pkey PRIMARY KEY (app_id, connection_id);
ALTER TABLE ONLY tijori.connections
    ADD CONSTRAINT connections_provider_key UNIQUE (connection_id, provider);
ALTER TABLE ONLY tijori.credentials
    ADD CONSTRAINT credentials_id_key UNIQUE (user_id, id);
ALTER TABLE ONLY tijori.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY tijori.credit_anchors
    ADD CONSTRAINT credit_anchors_pkey PRIMARY KEY (account_id, source);
ALTER TABLE ONLY tijori.credit_balances
    ADD CONSTRAINT credit_balances_pkey PRIMARY KEY (account_id, meter);
ALTER TABLE ONLY tijori.credit_calendars
    ADD CONSTRAINT credit_calendars_pkey PRIMARY KEY (account_id, meter);
ALTER TABLE ONLY tijori.credit_entries
    ADD CONSTRAINT credit_entries_pkey PRIMARY KEY (account_id, meter, number);
ALTER TABLE ONLY tijori.credit_grants
    ADD CONSTRAINT credit_grants_key UNIQUE (account_id, key);
ALTER TABLE ONLY tijori.credit_grants
    ADD CONSTRAINT credit_grants_period_key UNIQUE (account_id, meter, source, period, level);
ALTER TABLE ONLY tijori.credit_grants
    ADD CONSTRAINT credit_grants_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.credit_holds
    ADD CONSTRAINT credit_holds_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.credit_lots
    ADD CONSTRAINT credit_lots_pkey PRIMARY KEY (account_id, meter, grant_id);
ALTER TABLE ONLY tijori.credit_reclaims
    ADD CONSTRAINT credit_reclaims_pkey PRIMARY KEY (account_id, meter, grant_id);
ALTER TABLE ONLY tijori.customer_links
    ADD CONSTRAINT customer_links_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.customer_requests
    ADD CONSTRAINT customer_requests_pkey PRIMARY KEY (account_id, key);
ALTER TABLE ONLY tijori.customer_tokens
    ADD CONSTRAINT customer_tokens_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (app_id, endpoint_id, number);
ALTER TABLE ONLY tijori.delivery_tries
    ADD CONSTRAINT delivery_tries_pkey PRIMARY KEY (app_id, endpoint_id, number, id);
ALTER TABLE ONLY tijori.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (hash, user_id);
ALTER TABLE ONLY tijori.drafts
    ADD CONSTRAINT drafts_pkey PRIMARY KEY (account_id, business_id, created_by, name);
ALTER TABLE ONLY tijori.email_changes
    ADD CONSTRAINT email_changes_back_key UNIQUE (back_hash);
ALTER TABLE ONLY tijori.email_changes
    ADD CONSTRAINT email_changes_new_key UNIQUE (new_hash);
ALTER TABLE ONLY tijori.email_changes
    ADD CONSTRAINT email_changes_old_key UNIQUE (old_hash);
ALTER TABLE ONLY tijori.email_changes
    ADD CONSTRAINT email_changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (step);
ALTER TABLE ONLY tijori.erasures
    ADD CONSTRAINT erasures_table_key UNIQUE (table_name);
ALTER TABLE ONLY tijori.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (app_id, number);
ALTER TABLE ONLY tijori.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.freezes
    ADD CONSTRAINT freezes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.import_rows
    ADD CONSTRAINT import_rows_named_key UNIQUE (app_id, import_id, provider, provider_id);
ALTER TABLE ONLY tijori.import_rows
    ADD CONSTRAINT import_rows_pkey PRIMARY KEY (app_id, import_id, line);
ALTER TABLE ONLY tijori.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (app_id, id);
ALTER TABLE ONLY tijori.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (connection_id, event_id);
ALTER TABLE ONLY tijori.incident_acts
    ADD CONSTRAINT incident_acts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (account_id, connection_id, id);
ALTER TABLE ONLY tijori.members
    ADD CONSTRAINT members_once_key UNIQUE NULLS NOT DISTINCT (account_id, user_id, business_id);
ALTER TABLE ONLY tijori.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.merges
    ADD CONSTRAINT merges_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.meters
    ADD CONSTRAINT meters_pkey PRIMARY KEY (app_id, id);
ALTER TABLE ONLY tijori.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.operator_acts
    ADD CONSTRAINT operator_acts_pkey PRIMARY KEY (app_id, id);
ALTER TABLE ONLY tijori.parties
    ADD CONSTRAINT parties_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.party_sums
    ADD CONSTRAINT party_sums_pkey PRIMARY KEY (account_id, business_id, party_id);
ALTER TABLE ONLY tijori.passkeys
    ADD CONSTRAINT passkeys_credential_key UNIQUE (credential_id);
ALTER TABLE ONLY tijori.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (user_id, id);
ALTER TABLE ONLY tijori.payees
    ADD CONSTRAINT payees_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (account_id, connection_id, id);
ALTER TABLE ONLY tijori.period_locks
    ADD CONSTRAINT period_locks_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.plan_spans
    ADD CONSTRAINT plan_spans_pkey PRIMARY KEY (account_id, connection_id, subscription_id, number);
ALTER TABLE ONLY tijori.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (app_id, id);
ALTER TABLE ONLY tijori.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (connection_id, id);
ALTER TABLE ONLY tijori.probe_days
    ADD CONSTRAINT probe_days_pkey PRIMARY KEY (name, location, day);
ALTER TABLE ONLY tijori.probe_lines
    ADD CONSTRAINT probe_lines_pkey PRIMARY KEY (name, location);
ALTER TABLE ONLY tijori.probe_outages
    ADD CONSTRAINT probe_outages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.provider_customers
    ADD CONSTRAINT provider_customers_pkey PRIMARY KEY (account_id, connection_id);
ALTER TABLE ONLY tijori.provider_directory
    ADD CONSTRAINT provider_directory_account_key UNIQUE (connection_id, kind, provider_id, account_id);
ALTER TABLE ONLY tijori.provider_directory
    ADD CONSTRAINT provider_directory_pkey PRIMARY KEY (connection_id, kind, provider_id);
ALTER TABLE ONLY tijori.purchases
    ADD CONSTRAINT purchases_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.reconcile_findings
    ADD CONSTRAINT reconcile_findings_pkey PRIMARY KEY (connection_id, run_id, subscription_id, class);
ALTER TABLE ONLY tijori.reconcile_runs
    ADD CONSTRAINT reconcile_runs_pkey PRIMARY KEY (connection_id, id);
ALTER TABLE ONLY tijori.reconcile_seen
    ADD CONSTRAINT reconcile_seen_pkey PRIMARY KEY (connection_id, run_id, subscription_id);
ALTER TABLE ONLY tijori.recoveries
    ADD CONSTRAINT recoveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.recoveries
    ADD CONSTRAINT recoveries_token_key UNIQUE (token_hash);
ALTER TABLE ONLY tijori.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash);
ALTER TABLE ONLY tijori.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.reminders
    ADD CONSTRAINT reminders_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.review_items
    ADD CONSTRAINT review_items_pkey PRIMARY KEY (connection_id, key);
ALTER TABLE ONLY tijori.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (role);
ALTER TABLE ONLY tijori.roles
    ADD CONSTRAINT roles_rank_key UNIQUE (rank);
ALTER TABLE ONLY tijori.schema_compat
    ADD CONSTRAINT schema_compat_pkey PRIMARY KEY (migration);
ALTER TABLE ONLY tijori.security_kinds
    ADD CONSTRAINT security_kinds_pkey PRIMARY KEY (kind);
ALTER TABLE ONLY tijori.security_log
    ADD CONSTRAINT security_log_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY tijori.service_clock
    ADD CONSTRAINT service_clock_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.shadow_checks
    ADD CONSTRAINT shadow_checks_pkey PRIMARY KEY (app_id, feature, customer);
ALTER TABLE ONLY tijori.shares
    ADD CONSTRAINT shares_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.sign_in_failures
    ADD CONSTRAINT sign_in_failures_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.signups
    ADD CONSTRAINT signups_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.signups
    ADD CONSTRAINT signups_token_key UNIQUE (token_hash);
ALTER TABLE ONLY tijori.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (account_id, connection_id, id);
ALTER TABLE ONLY tijori.support_uses
    ADD CONSTRAINT support_uses_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.throttles
    ADD CONSTRAINT throttles_pkey PRIMARY KEY (key);
ALTER TABLE ONLY tijori.till_counts
    ADD CONSTRAINT till_counts_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.totps
    ADD CONSTRAINT totps_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY tijori.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (name);
ALTER TABLE ONLY tijori.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (account_id, business_id, id);
ALTER TABLE ONLY tijori.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY tijori.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.watch_acts
    ADD CONSTRAINT watch_acts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.watch_alerts
    ADD CONSTRAINT watch_alerts_group_key UNIQUE (rule, subject);
ALTER TABLE ONLY tijori.watch_alerts
    ADD CONSTRAINT watch_alerts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.watch_cursor
    ADD CONSTRAINT watch_cursor_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tijori.watch_hours
    ADD CONSTRAINT watch_hours_pkey PRIMARY KEY (account_id, kind, hour);
ALTER TABLE ONLY tijori.watch_visits
    ADD CONSTRAINT watch_visits_pkey PRIMARY KEY (caller_id, business_id);
ALTER TABLE ONLY tijori.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (app_id, id);
CREATE INDEX access_log_account_idx ON ONLY tijori.access_log USING btree (account_id, at);
CREATE INDEX access_log_allowed_account_id_at_idx ON ONLY tijori.access_log_allowed USING btree (account_id, at);
CREATE INDEX access_log_kept_idx ON ONLY tijori.access_log USING btree (kept_at);
CREATE INDEX access_log_allowed_kept_at_idx ON ONLY tijori.access_log_allowed USING btree (kept_at);
CREATE INDEX access_log_object_idx ON ONLY tijori.access_log USING btree (object, at) WHERE (object IS NOT NULL);
CREATE INDEX access_log_allowed_object_at_idx ON ONLY tijori.access_log_allowed USING btree (object, at) WHERE (object IS NOT NULL);
CREATE INDEX access_log_allowed_rest_account_id_at_idx ON tijori.access_log_allowed_rest USING btree (account_id, at);
CREATE INDEX access_log_allowed_rest_kept_at_idx ON tijori.access_log_allowed_rest USING btree (kept_at);
CREATE INDEX access_log_allowed_rest_object_at_idx ON tijori.access_log_allowed_rest USING btree (object, at) WHERE (object IS NOT NULL);
CREATE INDEX access_log_user_idx ON ONLY tijori.access_log USING btree (user_id, at) WHERE (user_id IS NOT NULL);
CREATE INDEX access_log_allowed_user_id_at_idx ON ONLY tijori.access_log_allowed USING btree (user_id, at) WHERE (user_id IS NOT NULL);
CREATE INDEX access_log_allowed_rest_user_id_at_idx ON tijori.access_log_allowed_rest USING btree (user_id, at) WHERE (user_id IS NOT NULL);
CREATE INDEX access_log_refused_account_id_at_idx ON ONLY tijori.access_log_refused USING btree (account_id, at);
CREATE INDEX access_log_refused_kept_at_idx ON ONLY tijori.access_log_refused USING btree (kept_at);
CREATE INDEX access_log_refused_object_at_idx ON ONLY tijori.access_log_refused USING btree (object, at) WHERE (object IS NOT NULL);
CREATE INDEX access_log_refused_rest_account_id_at_idx ON tijori.access_log_refused_rest USING btree (account_id, at);
CREATE INDEX access_log_refused_rest_kept_at_idx ON tijori.access_log_refused_rest USING btree (kept_at);
CREATE INDEX access_log_refused_rest_object_at_idx ON tijori.access_log_refused_rest USING btree (object, at) WHERE (object IS NOT NULL);
CREATE INDEX access_log_refused_user_id_at_idx ON ONLY tijori.access_log_refused USING btree (user_id, at) WHERE (user_id IS NOT NULL);
CREATE INDEX access_log_refused_rest_user_id_at_idx ON tijori.access_log_refused_rest USING btree (user_id, at) WHERE (user_id IS NOT NULL);
CREATE INDEX accounts_leaving_idx ON tijori.accounts USING btree (erase_at, account_id) WHERE ((erase_at IS NOT NULL) AND (erased_at IS NULL));
CREATE INDEX batches_recent_idx ON tijori.batches USING btree (account_id, business_id, created_at DESC);
CREATE INDEX businesses_id_idx ON tijori.businesses USING btree (id, account_id);
CREATE INDEX challenges_expires_idx ON tijori.challenges USING btree (expires_at);
CREATE INDEX challenges_user_idx ON tijori.challenges USING btree (user_id) WHERE (user_id IS NOT NULL);
CREATE INDEX changes_from_idx ON tijori.changes USING btree (account_id, business_id, from_party) WHERE (from_party IS NOT NULL);
CREATE INDEX changes_to_idx ON tijori.changes USING btree (account_id, business_id, to_party) WHERE (to_party IS NOT NULL);
CREATE UNIQUE INDEX checkouts_live_idx ON tijori.checkouts USING btree (account_id) WHERE (status = ANY (ARRAY['creating'::text, 'open'::text]));
CREATE INDEX checkouts_replaces_idx ON tijori.checkouts USING btree (account_id, connection_id, replaces) WHERE (replaces IS NOT NULL);
CREATE INDEX complaints_at_idx ON tijori.complaints USING btree (at);
CREATE INDEX complaints_untold_idx ON tijori.complaints USING btree (at) WHERE (told_at IS NULL);
CREATE INDEX credentials_account_idx ON tijori.credentials USING btree (account_id, created_at) WHERE (kind = 'api_key'::text);
CREATE UNIQUE INDEX credentials_account_key ON tijori.credentials USING btree (account_id, id) WHERE (kind = 'api_key'::text);
CREATE INDEX credit_balances_due_idx ON tijori.credit_balances USING btree (due_at);
CREATE INDEX credit_calendars_due_idx ON tijori.credit_calendars USING btree (due_at);
CREATE UNIQUE INDEX credit_entries_key ON tijori.credit_entries USING btree (account_id, key) WHERE (key IS NOT NULL);
CREATE INDEX credit_holds_open_idx ON tijori.credit_holds USING btree (account_id, meter, expires_at) WHERE (status = 'open'::text);
CREATE INDEX customer_links_hash_idx ON tijori.customer_links USING btree (hash);
CREATE INDEX customer_tokens_hash_idx ON tijori.customer_tokens USING btree (hash);
CREATE INDEX deliveries_due_idx ON tijori.deliveries USING btree (app_id, next_at) WHERE (status = 'waiting'::text);
CREATE INDEX devices_expires_idx ON tijori.devices USING btree (expires_at);
CREATE INDEX devices_user_idx ON tijori.devices USING btree (user_id);
CREATE INDEX email_changes_old_idx ON tijori.email_changes USING btree (old_email) WHERE ((done_at IS NOT NULL) AND (ended_at IS NULL));
CREATE INDEX email_changes_user_idx ON tijori.email_changes USING btree (user_id);
CREATE INDEX entries_batch_idx ON tijori.entries USING btree (account_id, business_id, batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX entries_bin_idx ON tijori.entries USING btree (account_id, business_id, deleted_at, id) WHERE (deleted_at IS NOT NULL);
CREATE INDEX entries_date_idx ON tijori.entries USING btree (account_id, business_id, business_date) INCLUDE (party_id, side, amount_minor, mode, opening, created_by, cheque_state, reverses) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX entries_opening_key ON tijori.entries USING btree (account_id, business_id, party_id) WHERE (opening AND (deleted_at IS NULL));
CREATE INDEX entries_party_date_idx ON tijori.entries USING btree (account_id, business_id, party_id, business_date, id) INCLUDE (side, amount_minor, created_by) WHERE (deleted_at IS NULL);
CREATE INDEX entries_reversed_idx ON tijori.entries USING btree (account_id, business_id, reverses) WHERE (reverses IS NOT NULL);
CREATE UNIQUE INDEX entries_reverses_key ON tijori.entries USING btree (account_id, business_id, reverses) WHERE ((reverses IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX events_account_idx ON tijori.events USING btree (app_id, account_id) WHERE (account_id IS NOT NULL);
CREATE INDEX events_age_idx ON tijori.events USING btree (app_id, created_at);
CREATE UNIQUE INDEX events_once_key ON tijori.events USING btree (app_id, once) WHERE (once IS NOT NULL);
CREATE UNIQUE INDEX freezes_once_key ON tijori.freezes USING btree (account_id, part) NULLS NOT DISTINCT WHERE (thawed_at IS NULL);
CREATE INDEX import_rows_customer_idx ON tijori.import_rows USING btree (app_id, customer);
CREATE INDEX import_rows_waiting_idx ON tijori.import_rows USING btree (app_id, next_at) WHERE (outcome = 'waiting'::text);
CREATE INDEX imports_waiting_idx ON tijori.imports USING btree (app_id, created_at) WHERE (finished_at IS NULL);
CREATE INDEX inbox_account_idx ON tijori.inbox USING btree (account_id, received_at DESC) WHERE (account_id IS NOT NULL);
CREATE INDEX inbox_attention_idx ON tijori.inbox USING btree (connection_id, received_at DESC) WHERE (status = ANY (ARRAY['parked'::text, 'dead'::text]));
CREATE INDEX inbox_due_idx ON tijori.inbox USING btree (next_attempt_at) WHERE (status = ANY (ARRAY['received'::text, 'parked'::text]));
CREATE INDEX inbox_foreign_idx ON tijori.inbox USING btree (connection_id, last_error) WHERE ((status = 'ignored'::text) AND (last_error = ANY (ARRAY['livemode_mismatch'::text, 'account_mismatch'::text])));
CREATE INDEX inbox_received_idx ON tijori.inbox USING btree (connection_id, received_at DESC, event_id);
CREATE INDEX inbox_subject_idx ON tijori.inbox USING btree (connection_id, subject) WHERE (status = ANY (ARRAY['received'::text, 'parked'::text]));
CREATE INDEX incident_acts_at_idx ON tijori.incident_acts USING btree (at);
CREATE UNIQUE INDEX invitations_pending_key ON tijori.invitations USING btree (account_id, email, business_id) NULLS NOT DISTINCT WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));
CREATE INDEX invitations_token_idx ON tijori.invitations USING btree (token_hash);
CREATE INDEX invitations_unmailed_idx ON tijori.invitations USING btree (created_at, account_id) WHERE ((token_hash IS NULL) AND (revoked_at IS NULL));
CREATE INDEX invoices_issued_idx ON tijori.invoices USING btree (account_id, issued_at DESC);
CREATE INDEX invoices_subscription_idx ON tijori.invoices USING btree (account_id, connection_id, subscription_id);
CREATE INDEX invoices_unsettled_idx ON tijori.invoices USING btree (connection_id, id, account_id) WHERE (status <> ALL (ARRAY['paid'::text, 'void'::text, 'deleted'::text, 'cancelled'::text, 'expired'::text, 'uncollectible'::text]));
CREATE INDEX members_user_idx ON tijori.members USING btree (user_id, account_id, business_id, role);
CREATE INDEX merges_from_idx ON tijori.merges USING btree (account_id, business_id, from_party);
CREATE INDEX merges_into_idx ON tijori.merges USING btree (account_id, business_id, into_party);
CREATE INDEX notices_user_idx ON tijori.notices USING btree (user_id);
CREATE INDEX notices_waiting_idx ON tijori.notices USING btree (created_at) WHERE (queued_at IS NULL);
CREATE INDEX operator_acts_at_idx ON tijori.operator_acts USING btree (app_id, at DESC);
CREATE INDEX operator_acts_subject_idx ON tijori.operator_acts USING btree (app_id, subject, at DESC);
CREATE INDEX parties_batch_idx ON tijori.parties USING btree (account_id, business_id, batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX parties_bin_idx ON tijori.parties USING btree (account_id, business_id, deleted_at, id) WHERE (deleted_at IS NOT NULL);
CREATE INDEX parties_name_idx ON tijori.parties USING btree (account_id, business_id, name_key, id) INCLUDE (phone, kind, sound_key) WHERE ((deleted_at IS NULL) AND (name_key IS NOT NULL));
CREATE INDEX party_sums_balance_idx ON tijori.party_sums USING btree (account_id, business_id, balance, party_id) WHERE living;
CREATE INDEX party_sums_due_idx ON tijori.party_sums USING btree (account_id, business_id, due_since, party_id) WHERE living;
CREATE INDEX payees_order_idx ON tijori.payees USING btree (account_id, business_id, created_at DESC);
CREATE INDEX payments_known_idx ON tijori.payments USING btree (connection_id, id, account_id);
CREATE INDEX payments_subscription_idx ON tijori.payments USING btree (account_id, connection_id, subscription_id);
CREATE INDEX period_locks_order_idx ON tijori.period_locks USING btree (account_id, business_id, created_at DESC);
CREATE UNIQUE INDEX plans_default_idx ON tijori.plans USING btree (app_id) WHERE is_default;
CREATE INDEX probe_days_day_idx ON tijori.probe_days USING btree (day);
CREATE INDEX probe_outages_began_idx ON tijori.probe_outages USING btree (began_at);
CREATE INDEX probe_outages_open_idx ON tijori.probe_outages USING btree (name, location) WHERE (until IS NULL);
CREATE INDEX purchases_held_idx ON tijori.purchases USING btree (account_id, id) WHERE (held_back > 0);
CREATE INDEX purchases_open_idx ON tijori.purchases USING btree (account_id, created_at) WHERE (status = ANY (ARRAY['creating'::text, 'open'::text]));
CREATE UNIQUE INDEX reconcile_runs_live_idx ON tijori.reconcile_runs USING btree (connection_id) WHERE ((state = 'running'::text) AND (account_id IS NULL) AND (NOT dry_run));
CREATE INDEX reconcile_runs_started_idx ON tijori.reconcile_runs USING btree (connection_id, started_at DESC);
CREATE INDEX recoveries_expires_idx ON tijori.recoveries USING btree (expires_at);
CREATE INDEX recoveries_user_idx ON tijori.recoveries USING btree (user_id) WHERE (used_at IS NULL);
CREATE INDEX releases_started_idx ON tijori.releases USING btree (started_at);
CREATE INDEX reminders_party_idx ON tijori.reminders USING btree (account_id, business_id, party_id, created_at DESC);
CREATE INDEX review_items_account_idx ON tijori.review_items USING btree (account_id) WHERE (account_id IS NOT NULL);
CREATE INDEX review_items_open_idx ON tijori.review_items USING btree (opened_at) WHERE (status = 'open'::text);
CREATE INDEX security_log_order_idx ON tijori.security_log USING btree (account_id, at DESC, id DESC);
CREATE INDEX security_log_user_idx ON tijori.security_log USING btree (user_id);
CREATE INDEX shadow_checks_customer_idx ON tijori.shadow_checks USING btree (app_id, customer);
CREATE INDEX shares_party_idx ON tijori.shares USING btree (account_id, business_id, party_id, created_at DESC);
CREATE INDEX shares_token_idx ON tijori.shares USING btree (token_hash);
CREATE INDEX signups_email_idx ON tijori.signups USING btree (email);
CREATE INDEX signups_expires_idx ON tijori.signups USING btree (expires_at);
CREATE INDEX subscriptions_access_idx ON tijori.subscriptions USING btree (account_id, access_until) INCLUDE (plan_id);
CREATE INDEX subscriptions_ending_idx ON tijori.subscriptions USING btree (account_id, access_until) WHERE cancel_at_period_end;
CREATE INDEX subscriptions_failing_idx ON tijori.subscriptions USING btree (account_id) WHERE (status = 'past_due'::text);
CREATE INDEX subscriptions_lapse_idx ON tijori.subscriptions USING btree (app_id, access_until, account_id);
CREATE INDEX support_uses_at_idx ON tijori.support_uses USING btree (app_id, at DESC);
CREATE INDEX support_uses_subject_idx ON tijori.support_uses USING btree (subject, at DESC) WHERE (question = ANY (ARRAY['account'::text, 'why'::text]));
CREATE INDEX support_uses_who_idx ON tijori.support_uses USING btree (who, at DESC) WHERE (question = ANY (ARRAY['work'::text, 'account'::text]));
CREATE INDEX till_counts_date_idx ON tijori.till_counts USING btree (account_id, business_id, business_date, created_at);
CREATE INDEX uploads_user_idx ON tijori.uploads USING btree (account_id, business_id, created_by, created_at);
CREATE INDEX users_email_prefix_idx ON tijori.users USING btree (email text_pattern_ops);
CREATE INDEX watch_acts_alert_idx ON tijori.watch_acts USING btree (alert_id, at);
CREATE INDEX watch_hours_hour_idx ON tijori.watch_hours USING btree (hour);
CREATE INDEX watch_visits_day_idx ON tijori.watch_visits USING btree (day);
ALTER INDEX tijori.access_log_account_idx ATTACH PARTITION tijori.access_log_allowed_account_id_at_idx;
ALTER INDEX tijori.access_log_kept_idx ATTACH PARTITION tijori.access_log_allowed_kept_at_idx;
ALTER INDEX tijori.access_log_object_idx ATTACH PARTITION tijori.access_log_allowed_object_at_idx;
ALTER INDEX tijori.access_log_allowed_account_id_at_idx ATTACH PARTITION tijori.access_log_allowed_rest_account_id_at_idx;
ALTER INDEX tijori.access_log_allowed_kept_at_idx ATTACH PARTITION tijori.access_log_allowed_rest_kept_at_idx;
ALTER INDEX tijori.access_log_allowed_object_at_idx ATTACH PARTITION tijori.access_log_allowed_rest_object_at_idx;
ALTER INDEX tijori.access_log_allowed_user_id_at_idx ATTACH PARTITION tijori.access_log_allowed_rest_user_id_at_idx;
ALTER INDEX tijori.access_log_user_idx ATTACH PARTITION tijori.access_log_allowed_user_id_at_idx;
ALTER INDEX tijori.access_log_account_idx ATTACH PARTITION tijori.access_log_refused_account_id_at_idx;
ALTER INDEX tijori.access_log_kept_idx ATTACH PARTITION tijori.access_log_refused_kept_at_idx;
ALTER INDEX tijori.access_log_object_idx ATTACH PARTITION tijori.access_log_refused_object_at_idx;
ALTER INDEX tijori.access_log_refused_account_id_at_idx ATTACH PARTITION tijori.access_log_refused_rest_account_id_at_idx;
ALTER INDEX tijori.access_log_refused_kept_at_idx ATTACH PARTITION tijori.access_log_refused_rest_kept_at_idx;
ALTER INDEX tijori.access_log_refused_object_at_idx ATTACH PARTITION tijori.access_log_refused_rest_object_at_idx;
ALTER INDEX tijori.access_log_refused_user_id_at_idx ATTACH PARTITION tijori.access_log_refused_rest_user_id_at_idx;
ALTER INDEX tijori.access_log_user_idx ATTACH PARTITION tijori.access_log_refused_user_id_at_idx;
CREATE STATISTICS tijori.changes_tenant_stats (ndistinct, dependencies) ON account_id, business_id, subject_id FROM tijori.changes;
ALTER STATISTICS tijori.changes_tenant_stats OWNER TO tijori_owner;
CREATE STATISTICS tijori.entries_tenant_stats (ndistinct, dependencies) ON account_id, business_id, party_id FROM tijori.entries;
ALTER STATISTICS tijori.entries_tenant_stats OWNER TO tijori_owner;
CREATE STATISTICS tijori.merges_tenant_stats (ndistinct, dependencies) ON account_id, business_id FROM tijori.merges;
ALTER STATISTICS tijori.merges_tenant_stats OWNER TO tijori_owner;
CREATE STATISTICS tijori.parties_tenant_stats (ndistinct, dependencies) ON account_id, business_id FROM tijori.parties;
ALTER STATISTICS tijori.parties_tenant_stats OWNER TO tijori_owner;
CREATE STATISTICS tijori.party_sums_tenant_stats (ndistinct, dependencies) ON account_id, business_id, party_id FROM tijori.party_sums;
ALTER STATISTICS tijori.party_sums_tenant_stats OWNER TO tijori_owner;
CREATE TRIGGER accounts_deletion_log AFTER UPDATE OF leaving_at ON tijori.accounts FOR EACH ROW WHEN ((old.leaving_at IS DISTINCT FROM new.leaving_at)) EXECUTE FUNCTION tijori_access.log_deletion();
CREATE TRIGGER accounts_forget_email AFTER UPDATE OF erasing_at ON tijori.accounts FOR EACH ROW WHEN (((new.erasing_at IS NOT NULL) AND (new.app_id <> 'khata'::text))) EXECUTE FUNCTION tijori_access.forget_email();
CREATE TRIGGER accounts_forget_imported AFTER UPDATE OF erasing_at ON tijori.accounts FOR EACH ROW WHEN (((new.erasing_at IS NOT NULL) AND (new.app_id <> 'khata'::text))) EXECUTE FUNCTION tijori_plans.forget_imported();
CREATE TRIGGER accounts_open_calendars AFTER INSERT ON tijori.accounts REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tijori_credits.open_calendars();
CREATE TRIGGER batches_leaving AFTER INSERT ON tijori.batches FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER batches_plan AFTER INSERT ON tijori.batches FOR EACH ROW WHEN ((new.kind = 'grid'::text)) EXECUTE FUNCTION tijori_khata.require_batch_entry();
CREATE TRIGGER batches_stamp BEFORE UPDATE OF undone_at ON tijori.batches FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_undo();
CREATE TRIGGER businesses_leaving AFTER INSERT ON tijori.businesses FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER checkouts_leaving AFTER INSERT ON tijori.checkouts FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER credentials_leaving AFTER INSERT ON tijori.credentials FOR EACH ROW WHEN ((new.kind = 'api_key'::text)) EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER credit_balances_low BEFORE INSERT ON tijori.credit_balances FOR EACH ROW EXECUTE FUNCTION tijori_credits.take_low();
CREATE CONSTRAINT TRIGGER credit_balances_tell AFTER UPDATE ON tijori.credit_balances DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((((old.balance - old.held) >= old.low) AND ((new.balance - new.held) < new.low))) EXECUTE FUNCTION tijori_plans.tell_low();
CREATE TRIGGER drafts_stamp BEFORE UPDATE ON tijori.drafts FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_draft();
CREATE TRIGGER entries_batch_plan AFTER INSERT ON tijori.entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.require_batch_entry_rows();
CREATE TRIGGER entries_cheque BEFORE INSERT OR UPDATE ON tijori.entries FOR EACH ROW WHEN (((new.cheque_date IS NOT NULL) OR (new.cheque_state IS NOT NULL))) EXECUTE FUNCTION tijori_khata.forget_cheque();
CREATE TRIGGER entries_far_date BEFORE INSERT OR UPDATE OF business_date ON tijori.entries FOR EACH ROW WHEN ((new.business_date > (CURRENT_DATE + 365))) EXECUTE FUNCTION tijori_khata.refuse_far_date();
CREATE TRIGGER entries_history AFTER UPDATE ON tijori.entries REFERENCING OLD TABLE AS former NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.record_changes('entry');
CREATE TRIGGER entries_stamp BEFORE UPDATE ON tijori.entries FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_update();
CREATE TRIGGER entries_sums_delete AFTER DELETE ON tijori.entries REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.take_sums();
CREATE TRIGGER entries_sums_insert AFTER INSERT ON tijori.entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.add_sums();
CREATE TRIGGER entries_sums_update AFTER UPDATE ON tijori.entries REFERENCING OLD TABLE AS former NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.move_sums();
CREATE TRIGGER entries_unlocked_insert AFTER INSERT ON tijori.entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.keep_lock();
CREATE TRIGGER entries_unlocked_update AFTER UPDATE ON tijori.entries REFERENCING OLD TABLE AS former NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.keep_lock();
CREATE TRIGGER invitations_check_owner AFTER INSERT OR UPDATE OF role, business_id ON tijori.invitations FOR EACH ROW WHEN ((new.business_id IS NOT NULL)) EXECUTE FUNCTION tijori_access.keep_owner_whole();
CREATE TRIGGER invitations_fresh AFTER INSERT ON tijori.invitations FOR EACH ROW EXECUTE FUNCTION tijori_access.check_fresh();
CREATE TRIGGER invitations_leaving AFTER INSERT ON tijori.invitations FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER invitations_limit_insert AFTER INSERT ON tijori.invitations FOR EACH ROW EXECUTE FUNCTION tijori_access.limit_invitations();
CREATE TRIGGER invitations_limit_update AFTER UPDATE OF expires_at, revoked_at ON tijori.invitations FOR EACH ROW WHEN (((new.accepted_at IS NULL) AND (new.revoked_at IS NULL) AND ((new.expires_at > old.expires_at) OR (old.revoked_at IS NOT NULL)))) EXECUTE FUNCTION tijori_access.limit_invitations();
CREATE TRIGGER invitations_log AFTER INSERT ON tijori.invitations FOR EACH ROW EXECUTE FUNCTION tijori_access.log_invitation();
CREATE TRIGGER keys_ended_log AFTER UPDATE OF revoked_at ON tijori.credentials FOR EACH ROW WHEN (((new.kind = 'api_key'::text) AND (old.revoked_at IS NULL) AND (new.revoked_at IS NOT NULL))) EXECUTE FUNCTION tijori_access.log_key();
CREATE TRIGGER keys_made_log AFTER INSERT ON tijori.credentials FOR EACH ROW WHEN ((new.kind = 'api_key'::text)) EXECUTE FUNCTION tijori_access.log_key();
CREATE TRIGGER members_check_owner AFTER INSERT OR UPDATE OF role, business_id ON tijori.members FOR EACH ROW WHEN ((new.business_id IS NOT NULL)) EXECUTE FUNCTION tijori_access.keep_owner_whole();
CREATE TRIGGER members_leaving AFTER INSERT ON tijori.members FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER members_log AFTER INSERT OR DELETE OR UPDATE OF role ON tijori.members FOR EACH ROW EXECUTE FUNCTION tijori_access.log_member();
CREATE TRIGGER merges_stamp BEFORE UPDATE OF undone_at ON tijori.merges FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_undo();
CREATE TRIGGER meters_low AFTER UPDATE OF low ON tijori.meters FOR EACH ROW WHEN ((old.low IS DISTINCT FROM new.low)) EXECUTE FUNCTION tijori_credits.spread_low();
CREATE TRIGGER meters_open_calendars AFTER INSERT ON tijori.meters REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tijori_credits.open_calendars();
CREATE TRIGGER parties_history AFTER UPDATE ON tijori.parties REFERENCING OLD TABLE AS former NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.record_changes('party');
CREATE TRIGGER parties_leaving AFTER INSERT OR UPDATE ON tijori.parties FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER parties_limit_insert AFTER INSERT ON tijori.parties FOR EACH ROW EXECUTE FUNCTION tijori_khata.limit_parties();
CREATE TRIGGER parties_limit_restore AFTER UPDATE OF deleted_at ON tijori.parties FOR EACH ROW WHEN (((old.deleted_at IS NOT NULL) AND (new.deleted_at IS NULL))) EXECUTE FUNCTION tijori_khata.limit_parties();
CREATE TRIGGER parties_lock AFTER UPDATE OF deleted_at ON tijori.parties FOR EACH ROW WHEN (((old.deleted_at IS NULL) <> (new.deleted_at IS NULL))) EXECUTE FUNCTION tijori_khata.keep_locked_party();
CREATE TRIGGER parties_sound BEFORE INSERT OR UPDATE OF name ON tijori.parties FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_sound();
CREATE TRIGGER parties_stamp BEFORE UPDATE ON tijori.parties FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_update();
CREATE TRIGGER parties_sums_insert AFTER INSERT ON tijori.parties REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.open_sums();
CREATE TRIGGER parties_sums_update AFTER UPDATE ON tijori.parties REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tijori_khata.follow_parties();
CREATE TRIGGER payees_fresh AFTER INSERT ON tijori.payees FOR EACH ROW EXECUTE FUNCTION tijori_access.check_fresh();
CREATE TRIGGER payees_leaving AFTER INSERT ON tijori.payees FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER payees_log AFTER INSERT ON tijori.payees FOR EACH ROW EXECUTE FUNCTION tijori_access.log_payee();
CREATE CONSTRAINT TRIGGER payments_tell AFTER INSERT ON tijori.payments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.connection_id <> ALL (ARRAY['stripe'::text, 'razorpay'::text]))) EXECUTE FUNCTION tijori_plans.tell_payment();
CREATE TRIGGER period_locks_leaving AFTER INSERT ON tijori.period_locks FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER period_locks_order AFTER INSERT ON tijori.period_locks FOR EACH ROW EXECUTE FUNCTION tijori_khata.order_locks();
CREATE TRIGGER purchases_leaving AFTER INSERT ON tijori.purchases FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE CONSTRAINT TRIGGER purchases_tell AFTER INSERT ON tijori.purchases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.status = 'paid'::text) AND (new.app_id <> 'khata'::text))) EXECUTE FUNCTION tijori_plans.tell_purchase();
CREATE CONSTRAINT TRIGGER purchases_tell_paid AFTER UPDATE OF status ON tijori.purchases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.status = 'paid'::text) AND (old.status <> 'paid'::text) AND (new.app_id <> 'khata'::text))) EXECUTE FUNCTION tijori_plans.tell_purchase();
CREATE TRIGGER reminders_leaving AFTER INSERT ON tijori.reminders FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER service_clock_demonstration AFTER UPDATE ON tijori.service_clock FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_to_keep_demonstration();
CREATE TRIGGER shares_leaving AFTER INSERT ON tijori.shares FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_leaving();
CREATE TRIGGER shares_stamp BEFORE UPDATE OF revoked_at ON tijori.shares FOR EACH ROW EXECUTE FUNCTION tijori_khata.stamp_revoke();
CREATE TRIGGER subscriptions_note_change AFTER UPDATE ON tijori.subscriptions FOR EACH ROW WHEN ((((((((old.plan_id IS DISTINCT FROM new.plan_id) OR (old.period_start IS DISTINCT FROM new.period_start)) OR (old.trial_end IS DISTINCT FROM new.trial_end)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.access_until IS DISTINCT FROM new.access_until)) OR (old.paid_through IS DISTINCT FROM new.paid_through)) OR (old.paid_since IS DISTINCT FROM new.paid_since))) EXECUTE FUNCTION tijori_credits.note_change();
CREATE TRIGGER subscriptions_note_new AFTER INSERT ON tijori.subscriptions FOR EACH ROW WHEN ((new.plan_id IS NOT NULL)) EXECUTE FUNCTION tijori_credits.note_change();
CREATE TRIGGER subscriptions_span AFTER INSERT OR UPDATE OF access_until, plan_id, price_id, paid_price_id, paid_from, paid_through, trial_end ON tijori.subscriptions FOR EACH ROW EXECUTE FUNCTION tijori_plans.note_span();
CREATE CONSTRAINT TRIGGER subscriptions_tell AFTER INSERT OR UPDATE ON tijori.subscriptions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.app_id <> 'khata'::text)) EXECUTE FUNCTION tijori_plans.tell_subscription();
CREATE TRIGGER till_counts_unlocked AFTER INSERT ON tijori.till_counts FOR EACH ROW EXECUTE FUNCTION tijori_khata.keep_locked_count();
CREATE TRIGGER users_demonstration AFTER INSERT OR UPDATE ON tijori.users FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_demonstration();
CREATE TRIGGER users_forget_complaints AFTER DELETE ON tijori.users FOR EACH ROW EXECUTE FUNCTION tijori_ops.forget_complainer();
CREATE TRIGGER users_forget_origin AFTER DELETE ON tijori.users FOR EACH ROW EXECUTE FUNCTION tijori_access.forget_origin();
CREATE TRIGGER users_reserved AFTER INSERT OR UPDATE OF email ON tijori.users FOR EACH ROW EXECUTE FUNCTION tijori_access.refuse_reserved_address();
ALTER TABLE ONLY tijori.accounts
    ADD CONSTRAINT accounts_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.alerts
    ADD CONSTRAINT alerts_connection_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.allowances
    ADD CONSTRAINT allowances_meter_fkey FOREIGN KEY (app_id, meter) REFERENCES tijori.meters(app_id, id);
ALTER TABLE ONLY tijori.allowances
    ADD CONSTRAINT allowances_plan_fkey FOREIGN KEY (app_id, plan_id) REFERENCES tijori.plans(app_id, id);
ALTER TABLE ONLY tijori.app_keys
    ADD CONSTRAINT app_keys_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.batches
    ADD CONSTRAINT batches_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id);
ALTER TABLE ONLY tijori.businesses
    ADD CONSTRAINT businesses_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.calendar_changes
    ADD CONSTRAINT calendar_changes_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.challenges
    ADD CONSTRAINT challenges_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.changes
    ADD CONSTRAINT changes_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY tijori.checkouts
    ADD CONSTRAINT checkouts_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.checkouts
    ADD CONSTRAINT checkouts_connection_fkey FOREIGN KEY (app_id, connection_id) REFERENCES tijori.connections(app_id, connection_id);
ALTER TABLE ONLY tijori.checkouts
    ADD CONSTRAINT checkouts_plan_fkey FOREIGN KEY (app_id, plan_id) REFERENCES tijori.plans(app_id, id);
ALTER TABLE ONLY tijori.checkouts
    ADD CONSTRAINT checkouts_provider_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.checkouts
    ADD CONSTRAINT checkouts_replaces_fkey FOREIGN KEY (account_id, connection_id, replaces) REFERENCES tijori.subscriptions(account_id, connection_id, id);
ALTER TABLE ONLY tijori.connections
    ADD CONSTRAINT connections_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.credentials
    ADD CONSTRAINT credentials_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id);
ALTER TABLE ONLY tijori.credit_anchors
    ADD CONSTRAINT credit_anchors_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.credit_balances
    ADD CONSTRAINT credit_balances_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.credit_balances
    ADD CONSTRAINT credit_balances_meter_fkey FOREIGN KEY (app_id, meter) REFERENCES tijori.meters(app_id, id);
ALTER TABLE ONLY tijori.credit_calendars
    ADD CONSTRAINT credit_calendars_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.credit_calendars
    ADD CONSTRAINT credit_calendars_meter_fkey FOREIGN KEY (app_id, meter) REFERENCES tijori.meters(app_id, id);
ALTER TABLE ONLY tijori.credit_grants
    ADD CONSTRAINT credit_grants_balance_fkey FOREIGN KEY (account_id, meter) REFERENCES tijori.credit_balances(account_id, meter);
ALTER TABLE ONLY tijori.credit_lots
    ADD CONSTRAINT credit_lots_grant_fkey FOREIGN KEY (account_id, grant_id) REFERENCES tijori.credit_grants(account_id, id);
ALTER TABLE ONLY tijori.credit_reclaims
    ADD CONSTRAINT credit_reclaims_grant_fkey FOREIGN KEY (account_id, grant_id) REFERENCES tijori.credit_grants(account_id, id);
ALTER TABLE ONLY tijori.customer_links
    ADD CONSTRAINT customer_links_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.customer_requests
    ADD CONSTRAINT customer_requests_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.customer_tokens
    ADD CONSTRAINT customer_tokens_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.deliveries
    ADD CONSTRAINT deliveries_endpoint_fkey FOREIGN KEY (app_id, endpoint_id) REFERENCES tijori.webhook_endpoints(app_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.deliveries
    ADD CONSTRAINT deliveries_event_fkey FOREIGN KEY (app_id, number) REFERENCES tijori.events(app_id, number) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.delivery_tries
    ADD CONSTRAINT delivery_tries_delivery_fkey FOREIGN KEY (app_id, endpoint_id, number) REFERENCES tijori.deliveries(app_id, endpoint_id, number) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.devices
    ADD CONSTRAINT devices_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.drafts
    ADD CONSTRAINT drafts_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id);
ALTER TABLE ONLY tijori.email_changes
    ADD CONSTRAINT email_changes_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.entries
    ADD CONSTRAINT entries_batch_fkey FOREIGN KEY (account_id, business_id, batch_id) REFERENCES tijori.batches(account_id, business_id, id);
ALTER TABLE ONLY tijori.entries
    ADD CONSTRAINT entries_party_fkey FOREIGN KEY (account_id, business_id, party_id) REFERENCES tijori.parties(account_id, business_id, id);
ALTER TABLE ONLY tijori.entries
    ADD CONSTRAINT entries_reverses_fkey FOREIGN KEY (account_id, business_id, reverses) REFERENCES tijori.entries(account_id, business_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.events
    ADD CONSTRAINT events_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.freezes
    ADD CONSTRAINT freezes_incident_fkey FOREIGN KEY (incident) REFERENCES tijori.incidents(id);
ALTER TABLE ONLY tijori.import_rows
    ADD CONSTRAINT import_rows_import_fkey FOREIGN KEY (app_id, import_id) REFERENCES tijori.imports(app_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.imports
    ADD CONSTRAINT imports_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.invitations
    ADD CONSTRAINT invitations_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.invitations
    ADD CONSTRAINT invitations_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id);
ALTER TABLE ONLY tijori.invitations
    ADD CONSTRAINT invitations_role_fkey FOREIGN KEY (role) REFERENCES tijori.roles(role);
ALTER TABLE ONLY tijori.invoices
    ADD CONSTRAINT invoices_subscription_fkey FOREIGN KEY (account_id, connection_id, subscription_id) REFERENCES tijori.subscriptions(account_id, connection_id, id);
ALTER TABLE ONLY tijori.members
    ADD CONSTRAINT members_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.members
    ADD CONSTRAINT members_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id);
ALTER TABLE ONLY tijori.members
    ADD CONSTRAINT members_role_fkey FOREIGN KEY (role) REFERENCES tijori.roles(role);
ALTER TABLE ONLY tijori.members
    ADD CONSTRAINT members_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id);
ALTER TABLE ONLY tijori.merges
    ADD CONSTRAINT merges_from_fkey FOREIGN KEY (account_id, business_id, from_party) REFERENCES tijori.parties(account_id, business_id, id);
ALTER TABLE ONLY tijori.merges
    ADD CONSTRAINT merges_into_fkey FOREIGN KEY (account_id, business_id, into_party) REFERENCES tijori.parties(account_id, business_id, id);
ALTER TABLE ONLY tijori.meters
    ADD CONSTRAINT meters_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.notices
    ADD CONSTRAINT notices_kind_fkey FOREIGN KEY (kind) REFERENCES tijori.security_kinds(kind);
ALTER TABLE ONLY tijori.notices
    ADD CONSTRAINT notices_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.operator_acts
    ADD CONSTRAINT operator_acts_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.parties
    ADD CONSTRAINT parties_batch_fkey FOREIGN KEY (account_id, business_id, batch_id) REFERENCES tijori.batches(account_id, business_id, id);
ALTER TABLE ONLY tijori.parties
    ADD CONSTRAINT parties_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY tijori.party_sums
    ADD CONSTRAINT party_sums_party_fkey FOREIGN KEY (account_id, business_id, party_id) REFERENCES tijori.parties(account_id, business_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.passkeys
    ADD CONSTRAINT passkeys_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.payees
    ADD CONSTRAINT payees_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id);
ALTER TABLE ONLY tijori.payments
    ADD CONSTRAINT payments_subscription_fkey FOREIGN KEY (account_id, connection_id, subscription_id) REFERENCES tijori.subscriptions(account_id, connection_id, id);
ALTER TABLE ONLY tijori.period_locks
    ADD CONSTRAINT period_locks_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY tijori.plan_spans
    ADD CONSTRAINT plan_spans_subscription_fkey FOREIGN KEY (account_id, connection_id, subscription_id) REFERENCES tijori.subscriptions(account_id, connection_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.plans
    ADD CONSTRAINT plans_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.prices
    ADD CONSTRAINT prices_connection_fkey FOREIGN KEY (app_id, connection_id) REFERENCES tijori.connections(app_id, connection_id);
ALTER TABLE ONLY tijori.prices
    ADD CONSTRAINT prices_plan_fkey FOREIGN KEY (app_id, plan_id) REFERENCES tijori.plans(app_id, id);
ALTER TABLE ONLY tijori.prices
    ADD CONSTRAINT prices_provider_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.provider_customers
    ADD CONSTRAINT provider_customers_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.provider_customers
    ADD CONSTRAINT provider_customers_connection_fkey FOREIGN KEY (app_id, connection_id) REFERENCES tijori.connections(app_id, connection_id);
ALTER TABLE ONLY tijori.provider_customers
    ADD CONSTRAINT provider_customers_directory_fkey FOREIGN KEY (connection_id, directory_kind, customer_id, account_id) REFERENCES tijori.provider_directory(connection_id, kind, provider_id, account_id);
ALTER TABLE ONLY tijori.provider_customers
    ADD CONSTRAINT provider_customers_provider_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.provider_directory
    ADD CONSTRAINT provider_directory_connection_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.purchases
    ADD CONSTRAINT purchases_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.purchases
    ADD CONSTRAINT purchases_connection_fkey FOREIGN KEY (app_id, connection_id) REFERENCES tijori.connections(app_id, connection_id);
ALTER TABLE ONLY tijori.purchases
    ADD CONSTRAINT purchases_meter_fkey FOREIGN KEY (app_id, meter) REFERENCES tijori.meters(app_id, id);
ALTER TABLE ONLY tijori.purchases
    ADD CONSTRAINT purchases_provider_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.reconcile_findings
    ADD CONSTRAINT reconcile_findings_run_fkey FOREIGN KEY (connection_id, run_id) REFERENCES tijori.reconcile_runs(connection_id, id);
ALTER TABLE ONLY tijori.reconcile_runs
    ADD CONSTRAINT reconcile_runs_connection_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.reconcile_seen
    ADD CONSTRAINT reconcile_seen_run_fkey FOREIGN KEY (connection_id, run_id) REFERENCES tijori.reconcile_runs(connection_id, id);
ALTER TABLE ONLY tijori.recoveries
    ADD CONSTRAINT recoveries_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id);
ALTER TABLE ONLY tijori.recovery_codes
    ADD CONSTRAINT recovery_codes_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.reminders
    ADD CONSTRAINT reminders_party_fkey FOREIGN KEY (account_id, business_id, party_id) REFERENCES tijori.parties(account_id, business_id, id);
ALTER TABLE ONLY tijori.review_items
    ADD CONSTRAINT review_items_connection_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.security_log
    ADD CONSTRAINT security_log_account_fkey FOREIGN KEY (account_id) REFERENCES tijori.accounts(account_id);
ALTER TABLE ONLY tijori.security_log
    ADD CONSTRAINT security_log_kind_fkey FOREIGN KEY (kind) REFERENCES tijori.security_kinds(kind);
ALTER TABLE ONLY tijori.shadow_checks
    ADD CONSTRAINT shadow_checks_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.shares
    ADD CONSTRAINT shares_party_fkey FOREIGN KEY (account_id, business_id, party_id) REFERENCES tijori.parties(account_id, business_id, id);
ALTER TABLE ONLY tijori.subscriptions
    ADD CONSTRAINT subscriptions_account_fkey FOREIGN KEY (account_id, app_id) REFERENCES tijori.accounts(account_id, app_id);
ALTER TABLE ONLY tijori.subscriptions
    ADD CONSTRAINT subscriptions_connection_fkey FOREIGN KEY (app_id, connection_id) REFERENCES tijori.connections(app_id, connection_id);
ALTER TABLE ONLY tijori.subscriptions
    ADD CONSTRAINT subscriptions_directory_fkey FOREIGN KEY (connection_id, directory_kind, id, account_id) REFERENCES tijori.provider_directory(connection_id, kind, provider_id, account_id);
ALTER TABLE ONLY tijori.subscriptions
    ADD CONSTRAINT subscriptions_plan_fkey FOREIGN KEY (app_id, plan_id) REFERENCES tijori.plans(app_id, id);
ALTER TABLE ONLY tijori.subscriptions
    ADD CONSTRAINT subscriptions_provider_fkey FOREIGN KEY (connection_id, provider) REFERENCES tijori.connections(connection_id, provider);
ALTER TABLE ONLY tijori.support_uses
    ADD CONSTRAINT support_uses_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE ONLY tijori.tasks
    ADD CONSTRAINT tasks_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.till_counts
    ADD CONSTRAINT till_counts_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY tijori.totps
    ADD CONSTRAINT totps_user_fkey FOREIGN KEY (user_id) REFERENCES tijori.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY tijori.uploads
    ADD CONSTRAINT uploads_business_fkey FOREIGN KEY (account_id, business_id) REFERENCES tijori.businesses(account_id, id);
ALTER TABLE ONLY tijori.watch_acts
    ADD CONSTRAINT watch_acts_alert_fkey FOREIGN KEY (alert_id) REFERENCES tijori.watch_alerts(id);
ALTER TABLE ONLY tijori.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_app_fkey FOREIGN KEY (app_id) REFERENCES tijori.apps(app_id);
ALTER TABLE tijori.access_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_allowed ENABLE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_allowed_rest ENABLE ROW LEVEL SECURITY;
CREATE POLICY access_log_allowed_rest_select_backup ON tijori.access_log_allowed_rest FOR SELECT TO tijori_backup USING (true);
CREATE POLICY access_log_allowed_select_backup ON tijori.access_log_allowed FOR SELECT TO tijori_backup USING (true);
CREATE POLICY access_log_insert_log ON tijori.access_log FOR INSERT TO tijori_log WITH CHECK (true);
ALTER TABLE tijori.access_log_refused ENABLE ROW LEVEL SECURITY;
ALTER TABLE tijori.access_log_refused_rest ENABLE ROW LEVEL SECURITY;
CREATE POLICY access_log_refused_rest_select_backup ON tijori.access_log_refused_rest FOR SELECT TO tijori_backup USING (true);
CREATE POLICY access_log_refused_select_backup ON tijori.access_log_refused FOR SELECT TO tijori_backup USING (true);
CREATE POLICY access_log_select_backup ON tijori.access_log FOR SELECT TO tijori_backup USING (true);
CREATE POLICY access_log_select_guard ON tijori.access_log FOR SELECT TO tijori_guard USING (true);
CREATE POLICY access_log_select_watch ON tijori.access_log FOR SELECT TO tijori_watch USING (true);
ALTER TABLE tijori.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_insert_guard ON tijori.accounts FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY accounts_select_app ON tijori.accounts FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN (s.role <> ''::text) THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY accounts_select_backup ON tijori.accounts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY accounts_select_billing ON tijori.accounts FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY accounts_select_guard ON tijori.accounts FOR SELECT TO tijori_guard USING (true);
CREATE POLICY accounts_update_app ON tijori.accounts FOR UPDATE TO tijori_app USING (((account_id, true) = ( SELECT s.account_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, true) = ( SELECT s.account_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY accounts_update_guard ON tijori.accounts FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY alerts_insert_billing ON tijori.alerts FOR INSERT TO tijori_billing WITH CHECK ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY alerts_select_backup ON tijori.alerts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY alerts_select_billing ON tijori.alerts FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY alerts_update_billing ON tijori.alerts FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
ALTER TABLE tijori.allowances ENABLE ROW LEVEL SECURITY;
CREATE POLICY allowances_delete_billing ON tijori.allowances FOR DELETE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY allowances_insert_billing ON tijori.allowances FOR INSERT TO tijori_billing WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY allowances_select_backup ON tijori.allowances FOR SELECT TO tijori_backup USING (true);
CREATE POLICY allowances_select_billing ON tijori.allowances FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY allowances_select_guard ON tijori.allowances FOR SELECT TO tijori_guard USING (true);
CREATE POLICY allowances_update_billing ON tijori.allowances FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.app_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY app_keys_insert_guard ON tijori.app_keys FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY app_keys_select_backup ON tijori.app_keys FOR SELECT TO tijori_backup USING (true);
CREATE POLICY app_keys_select_billing ON tijori.app_keys FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY app_keys_select_guard ON tijori.app_keys FOR SELECT TO tijori_guard USING (true);
CREATE POLICY app_keys_update_guard ON tijori.app_keys FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.apps ENABLE ROW LEVEL SECURITY;
CREATE POLICY apps_insert_guard ON tijori.apps FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY apps_select_backup ON tijori.apps FOR SELECT TO tijori_backup USING (true);
CREATE POLICY apps_select_billing ON tijori.apps FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY apps_select_guard ON tijori.apps FOR SELECT TO tijori_guard USING (true);
CREATE POLICY apps_update_guard ON tijori.apps FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.batches ENABLE ROW LEVEL SECURITY;
CREATE POLICY batches_delete_guard ON tijori.batches FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY batches_insert_app ON tijori.batches FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY batches_select_app ON tijori.batches FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY batches_select_backup ON tijori.batches FOR SELECT TO tijori_backup USING (true);
CREATE POLICY batches_select_guard ON tijori.batches FOR SELECT TO tijori_guard USING (true);
CREATE POLICY batches_update_app ON tijori.batches FOR UPDATE TO tijori_app USING (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.businesses ENABLE ROW LEVEL SECURITY;
CREATE POLICY businesses_delete_guard ON tijori.businesses FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY businesses_insert_app ON tijori.businesses FOR INSERT TO tijori_app WITH CHECK (((account_id, true) = ( SELECT s.account_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY businesses_insert_guard ON tijori.businesses FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY businesses_select_app ON tijori.businesses FOR SELECT TO tijori_app USING (((
CASE
    WHEN (id = ANY (ARRAY[COALESCE(( SELECT tijori_access.business_id() AS business_id), id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN (s.role <> ''::text) THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))) AND (id = COALESCE(( SELECT tijori_access.business_id() AS business_id), id))));
CREATE POLICY businesses_select_backup ON tijori.businesses FOR SELECT TO tijori_backup USING (true);
CREATE POLICY businesses_select_guard ON tijori.businesses FOR SELECT TO tijori_guard USING (true);
CREATE POLICY businesses_update_app ON tijori.businesses FOR UPDATE TO tijori_app USING ((((account_id, true) = ( SELECT s.account_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))) AND (id = COALESCE(( SELECT tijori_access.business_id() AS business_id), id)))) WITH CHECK ((((account_id, true) = ( SELECT s.account_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))) AND (id = COALESCE(( SELECT tijori_access.business_id() AS business_id), id))));
CREATE POLICY businesses_update_guard ON tijori.businesses FOR UPDATE TO tijori_guard USING (true) WITH CHECK (false);
ALTER TABLE tijori.calendar_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY calendar_changes_delete_billing ON tijori.calendar_changes FOR DELETE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY calendar_changes_delete_guard ON tijori.calendar_changes FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY calendar_changes_insert_guard ON tijori.calendar_changes FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY calendar_changes_select_backup ON tijori.calendar_changes FOR SELECT TO tijori_backup USING (true);
CREATE POLICY calendar_changes_select_billing ON tijori.calendar_changes FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY calendar_changes_select_guard ON tijori.calendar_changes FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
ALTER TABLE tijori.challenges ENABLE ROW LEVEL SECURITY;
CREATE POLICY challenges_delete_auth ON tijori.challenges FOR DELETE TO tijori_auth USING (true);
CREATE POLICY challenges_insert_auth ON tijori.challenges FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY challenges_select_auth ON tijori.challenges FOR SELECT TO tijori_auth USING (true);
CREATE POLICY challenges_select_backup ON tijori.challenges FOR SELECT TO tijori_backup USING (true);
ALTER TABLE tijori.changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY changes_delete_guard ON tijori.changes FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY changes_insert_guard ON tijori.changes FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY changes_select_app ON tijori.changes FOR SELECT TO tijori_app USING ((
CASE
    WHEN ( SELECT (current_setting('tijori.own_only'::text, true) = 'on'::text)) THEN (
    CASE
        WHEN (created_by = ANY (ARRAY[( SELECT tijori_access.maker() AS maker)])) THEN true
        ELSE NULL::boolean
    END IS NOT NULL)
    ELSE ( SELECT (tijori_access.maker() = '00000000-0000-0000-0000-000000000000'::uuid))
END AND (
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN (s.role <> ''::text) THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY changes_select_backup ON tijori.changes FOR SELECT TO tijori_backup USING (true);
CREATE POLICY changes_select_guard ON tijori.changes FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
ALTER TABLE tijori.checkouts ENABLE ROW LEVEL SECURITY;
CREATE POLICY checkouts_insert_billing ON tijori.checkouts FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = checkouts.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY checkouts_select_app ON tijori.checkouts FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY checkouts_select_backup ON tijori.checkouts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY checkouts_select_billing ON tijori.checkouts FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY checkouts_update_billing ON tijori.checkouts FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = checkouts.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.complaints ENABLE ROW LEVEL SECURITY;
CREATE POLICY complaints_delete_guard ON tijori.complaints FOR DELETE TO tijori_guard USING ((at < (now() - '400 days'::interval)));
CREATE POLICY complaints_insert_guard ON tijori.complaints FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY complaints_select_backup ON tijori.complaints FOR SELECT TO tijori_backup USING (true);
CREATE POLICY complaints_select_guard ON tijori.complaints FOR SELECT TO tijori_guard USING (true);
CREATE POLICY complaints_update_guard ON tijori.complaints FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.connections ENABLE ROW LEVEL SECURITY;
CREATE POLICY connections_insert_guard ON tijori.connections FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY connections_select_backup ON tijori.connections FOR SELECT TO tijori_backup USING (true);
CREATE POLICY connections_select_billing ON tijori.connections FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY connections_select_guard ON tijori.connections FOR SELECT TO tijori_guard USING (true);
CREATE POLICY connections_update_guard ON tijori.connections FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.credentials ENABLE ROW LEVEL SECURITY;
CREATE POLICY credentials_delete_auth ON tijori.credentials FOR DELETE TO tijori_auth USING (((expires_at < (now() - '90 days'::interval)) OR (revoked_at < (now() - '90 days'::interval))));
CREATE POLICY credentials_delete_guard ON tijori.credentials FOR DELETE TO tijori_guard USING ((((kind = 'api_key'::text) AND (account_id IN ( SELECT tijori_access.erasable() AS erasable))) OR (NOT (EXISTS ( SELECT
   FROM tijori.members m
  WHERE (m.user_id = credentials.user_id))))));
CREATE POLICY credentials_insert_auth ON tijori.credentials FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY credentials_insert_guard ON tijori.credentials FOR INSERT TO tijori_guard WITH CHECK ((kind = 'api_key'::text));
CREATE POLICY credentials_select_auth ON tijori.credentials FOR SELECT TO tijori_auth USING (true);
CREATE POLICY credentials_select_backup ON tijori.credentials FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credentials_select_guard ON tijori.credentials FOR SELECT TO tijori_guard USING (true);
CREATE POLICY credentials_update_auth ON tijori.credentials FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
CREATE POLICY credentials_update_guard ON tijori.credentials FOR UPDATE TO tijori_guard USING ((kind = 'api_key'::text)) WITH CHECK ((kind = 'api_key'::text));
ALTER TABLE tijori.credit_anchors ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_anchors_delete_guard ON tijori.credit_anchors FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_anchors_insert_billing ON tijori.credit_anchors FOR INSERT TO tijori_billing WITH CHECK ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_anchors.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_anchors_select_backup ON tijori.credit_anchors FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_anchors_select_billing ON tijori.credit_anchors FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_anchors.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_anchors_select_guard ON tijori.credit_anchors FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
ALTER TABLE tijori.credit_balances ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_balances_delete_guard ON tijori.credit_balances FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_balances_insert_guard ON tijori.credit_balances FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_balances_select_app ON tijori.credit_balances FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY credit_balances_select_backup ON tijori.credit_balances FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_balances_select_billing ON tijori.credit_balances FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY credit_balances_select_guard ON tijori.credit_balances FOR SELECT TO tijori_guard USING (true);
CREATE POLICY credit_balances_update_guard ON tijori.credit_balances FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.credit_calendars ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_calendars_delete_guard ON tijori.credit_calendars FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_calendars_insert_billing ON tijori.credit_calendars FOR INSERT TO tijori_billing WITH CHECK (((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_calendars.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY credit_calendars_insert_guard ON tijori.credit_calendars FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_calendars_select_app ON tijori.credit_calendars FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY credit_calendars_select_backup ON tijori.credit_calendars FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_calendars_select_billing ON tijori.credit_calendars FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY credit_calendars_select_guard ON tijori.credit_calendars FOR SELECT TO tijori_guard USING (true);
CREATE POLICY credit_calendars_update_billing ON tijori.credit_calendars FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK (((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_calendars.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.credit_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_entries_delete_guard ON tijori.credit_entries FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_entries_insert_guard ON tijori.credit_entries FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_entries_select_app ON tijori.credit_entries FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY credit_entries_select_backup ON tijori.credit_entries FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_entries_select_billing ON tijori.credit_entries FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_entries.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_entries_select_guard ON tijori.credit_entries FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.credit_grants ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_grants_delete_guard ON tijori.credit_grants FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_grants_insert_guard ON tijori.credit_grants FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_grants_select_app ON tijori.credit_grants FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY credit_grants_select_backup ON tijori.credit_grants FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_grants_select_billing ON tijori.credit_grants FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_grants.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_grants_select_guard ON tijori.credit_grants FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.credit_holds ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_holds_delete_guard ON tijori.credit_holds FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_holds_insert_guard ON tijori.credit_holds FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_holds_select_app ON tijori.credit_holds FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY credit_holds_select_backup ON tijori.credit_holds FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_holds_select_billing ON tijori.credit_holds FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_holds.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_holds_select_guard ON tijori.credit_holds FOR SELECT TO tijori_guard USING (true);
CREATE POLICY credit_holds_update_guard ON tijori.credit_holds FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.credit_lots ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_lots_delete_guard ON tijori.credit_lots FOR DELETE TO tijori_guard USING (true);
CREATE POLICY credit_lots_insert_guard ON tijori.credit_lots FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_lots_select_backup ON tijori.credit_lots FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_lots_select_billing ON tijori.credit_lots FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_lots.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_lots_select_guard ON tijori.credit_lots FOR SELECT TO tijori_guard USING (true);
CREATE POLICY credit_lots_update_guard ON tijori.credit_lots FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.credit_reclaims ENABLE ROW LEVEL SECURITY;
CREATE POLICY credit_reclaims_delete_guard ON tijori.credit_reclaims FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY credit_reclaims_insert_guard ON tijori.credit_reclaims FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY credit_reclaims_select_backup ON tijori.credit_reclaims FOR SELECT TO tijori_backup USING (true);
CREATE POLICY credit_reclaims_select_billing ON tijori.credit_reclaims FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = credit_reclaims.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY credit_reclaims_select_guard ON tijori.credit_reclaims FOR SELECT TO tijori_guard USING (true);
CREATE POLICY credit_reclaims_update_guard ON tijori.credit_reclaims FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.customer_links ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_links_delete_guard ON tijori.customer_links FOR DELETE TO tijori_guard USING (((expires_at < now()) OR (account_id IN ( SELECT tijori_access.erasable() AS erasable))));
CREATE POLICY customer_links_insert_guard ON tijori.customer_links FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY customer_links_select_backup ON tijori.customer_links FOR SELECT TO tijori_backup USING (true);
CREATE POLICY customer_links_select_guard ON tijori.customer_links FOR SELECT TO tijori_guard USING (true);
CREATE POLICY customer_links_update_guard ON tijori.customer_links FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.customer_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_requests_delete_guard ON tijori.customer_requests FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY customer_requests_insert_billing ON tijori.customer_requests FOR INSERT TO tijori_billing WITH CHECK (((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = customer_requests.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = customer_requests.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY customer_requests_select_backup ON tijori.customer_requests FOR SELECT TO tijori_backup USING (true);
CREATE POLICY customer_requests_select_billing ON tijori.customer_requests FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = customer_requests.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY customer_requests_select_guard ON tijori.customer_requests FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY customer_requests_update_billing ON tijori.customer_requests FOR UPDATE TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = customer_requests.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))) WITH CHECK (((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = customer_requests.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = customer_requests.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.customer_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_tokens_delete_guard ON tijori.customer_tokens FOR DELETE TO tijori_guard USING (((expires_at < now()) OR (account_id IN ( SELECT tijori_access.erasable() AS erasable))));
CREATE POLICY customer_tokens_insert_guard ON tijori.customer_tokens FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY customer_tokens_select_backup ON tijori.customer_tokens FOR SELECT TO tijori_backup USING (true);
CREATE POLICY customer_tokens_select_guard ON tijori.customer_tokens FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY deliveries_insert_guard ON tijori.deliveries FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY deliveries_select_backup ON tijori.deliveries FOR SELECT TO tijori_backup USING (true);
CREATE POLICY deliveries_select_billing ON tijori.deliveries FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY deliveries_select_guard ON tijori.deliveries FOR SELECT TO tijori_guard USING (true);
CREATE POLICY deliveries_update_billing ON tijori.deliveries FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY deliveries_update_guard ON tijori.deliveries FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.delivery_tries ENABLE ROW LEVEL SECURITY;
CREATE POLICY delivery_tries_insert_billing ON tijori.delivery_tries FOR INSERT TO tijori_billing WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY delivery_tries_select_backup ON tijori.delivery_tries FOR SELECT TO tijori_backup USING (true);
CREATE POLICY delivery_tries_select_billing ON tijori.delivery_tries FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.devices ENABLE ROW LEVEL SECURITY;
CREATE POLICY devices_delete_auth ON tijori.devices FOR DELETE TO tijori_auth USING (true);
CREATE POLICY devices_insert_auth ON tijori.devices FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY devices_select_auth ON tijori.devices FOR SELECT TO tijori_auth USING (true);
CREATE POLICY devices_select_backup ON tijori.devices FOR SELECT TO tijori_backup USING (true);
CREATE POLICY devices_update_auth ON tijori.devices FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.drafts ENABLE ROW LEVEL SECURITY;
CREATE POLICY drafts_delete_guard ON tijori.drafts FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY drafts_insert_app ON tijori.drafts FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY drafts_select_app ON tijori.drafts FOR SELECT TO tijori_app USING (((
CASE
    WHEN (created_by = ANY (ARRAY[( SELECT tijori_access.user_id() AS user_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.runs_khata THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY drafts_select_backup ON tijori.drafts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY drafts_select_guard ON tijori.drafts FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY drafts_update_app ON tijori.drafts FOR UPDATE TO tijori_app USING (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.email_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY email_changes_delete_auth ON tijori.email_changes FOR DELETE TO tijori_auth USING (((expires_at < now()) AND ((back_until IS NULL) OR (back_until < now()))));
CREATE POLICY email_changes_insert_auth ON tijori.email_changes FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY email_changes_select_auth ON tijori.email_changes FOR SELECT TO tijori_auth USING (true);
CREATE POLICY email_changes_select_backup ON tijori.email_changes FOR SELECT TO tijori_backup USING (true);
CREATE POLICY email_changes_select_guard ON tijori.email_changes FOR SELECT TO tijori_guard USING (true);
CREATE POLICY email_changes_update_auth ON tijori.email_changes FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY entries_delete_guard ON tijori.entries FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY entries_insert_app ON tijori.entries FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.adds_entries
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY entries_select_app ON tijori.entries FOR SELECT TO tijori_app USING ((
CASE
    WHEN ( SELECT (current_setting('tijori.own_only'::text, true) = 'on'::text)) THEN (
    CASE
        WHEN (created_by = ANY (ARRAY[( SELECT tijori_access.maker() AS maker)])) THEN true
        ELSE NULL::boolean
    END IS NOT NULL)
    ELSE ( SELECT (tijori_access.maker() = '00000000-0000-0000-0000-000000000000'::uuid))
END AND (
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN (s.role <> ''::text) THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY entries_select_backup ON tijori.entries FOR SELECT TO tijori_backup USING (true);
CREATE POLICY entries_select_guard ON tijori.entries FOR SELECT TO tijori_guard USING (true);
CREATE POLICY entries_update_app ON tijori.entries FOR UPDATE TO tijori_app USING (((account_id, business_id,
CASE
    WHEN ( SELECT (current_setting('tijori.own_only'::text, true) = 'on'::text)) THEN
    CASE
        WHEN (created_at > (now() - '24:00:00'::interval)) THEN created_by
        ELSE NULL::uuid
    END
    ELSE '00000000-0000-0000-0000-000000000000'::uuid
END, true) = ( SELECT s.account_id,
    s.business_id,
    tijori_access.maker() AS maker,
    s.adds_entries
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id,
CASE
    WHEN ( SELECT (current_setting('tijori.own_only'::text, true) = 'on'::text)) THEN
    CASE
        WHEN (created_at > (now() - '24:00:00'::interval)) THEN created_by
        ELSE NULL::uuid
    END
    ELSE '00000000-0000-0000-0000-000000000000'::uuid
END, true) = ( SELECT s.account_id,
    s.business_id,
    tijori_access.maker() AS maker,
    s.adds_entries
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY events_delete_guard ON tijori.events FOR DELETE TO tijori_guard USING (true);
CREATE POLICY events_insert_guard ON tijori.events FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY events_select_backup ON tijori.events FOR SELECT TO tijori_backup USING (true);
CREATE POLICY events_select_billing ON tijori.events FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY events_select_guard ON tijori.events FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.evidence ENABLE ROW LEVEL SECURITY;
CREATE POLICY evidence_insert_guard ON tijori.evidence FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY evidence_select_backup ON tijori.evidence FOR SELECT TO tijori_backup USING (true);
CREATE POLICY evidence_select_guard ON tijori.evidence FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.freezes ENABLE ROW LEVEL SECURITY;
CREATE POLICY freezes_insert_guard ON tijori.freezes FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY freezes_select_backup ON tijori.freezes FOR SELECT TO tijori_backup USING (true);
CREATE POLICY freezes_select_guard ON tijori.freezes FOR SELECT TO tijori_guard USING (true);
CREATE POLICY freezes_update_guard ON tijori.freezes FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.import_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY import_rows_delete_guard ON tijori.import_rows FOR DELETE TO tijori_guard USING (true);
CREATE POLICY import_rows_insert_guard ON tijori.import_rows FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY import_rows_select_backup ON tijori.import_rows FOR SELECT TO tijori_backup USING (true);
CREATE POLICY import_rows_select_billing ON tijori.import_rows FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY import_rows_select_guard ON tijori.import_rows FOR SELECT TO tijori_guard USING (true);
CREATE POLICY import_rows_update_billing ON tijori.import_rows FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY imports_delete_billing ON tijori.imports FOR DELETE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY imports_insert_guard ON tijori.imports FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY imports_select_backup ON tijori.imports FOR SELECT TO tijori_backup USING (true);
CREATE POLICY imports_select_billing ON tijori.imports FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY imports_select_guard ON tijori.imports FOR SELECT TO tijori_guard USING (true);
CREATE POLICY imports_update_billing ON tijori.imports FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY inbox_delete_guard ON tijori.inbox FOR DELETE TO tijori_guard USING (true);
CREATE POLICY inbox_insert_billing ON tijori.inbox FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (account_id IS NULL)));
CREATE POLICY inbox_select_backup ON tijori.inbox FOR SELECT TO tijori_backup USING (true);
CREATE POLICY inbox_select_billing ON tijori.inbox FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY inbox_select_guard ON tijori.inbox FOR SELECT TO tijori_guard USING (true);
CREATE POLICY inbox_update_billing ON tijori.inbox FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = inbox.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
ALTER TABLE tijori.incident_acts ENABLE ROW LEVEL SECURITY;
CREATE POLICY incident_acts_insert_guard ON tijori.incident_acts FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY incident_acts_select_backup ON tijori.incident_acts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY incident_acts_select_guard ON tijori.incident_acts FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.incidents ENABLE ROW LEVEL SECURITY;
CREATE POLICY incidents_insert_guard ON tijori.incidents FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY incidents_select_backup ON tijori.incidents FOR SELECT TO tijori_backup USING (true);
CREATE POLICY incidents_select_guard ON tijori.incidents FOR SELECT TO tijori_guard USING (true);
CREATE POLICY incidents_update_guard ON tijori.incidents FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY invitations_delete_guard ON tijori.invitations FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY invitations_insert_app ON tijori.invitations FOR INSERT TO tijori_app WITH CHECK (((account_id, invited_by, true) = ( SELECT s.account_id,
    s.user_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY invitations_select_app ON tijori.invitations FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY invitations_select_backup ON tijori.invitations FOR SELECT TO tijori_backup USING (true);
CREATE POLICY invitations_select_guard ON tijori.invitations FOR SELECT TO tijori_guard USING (true);
CREATE POLICY invitations_update_app ON tijori.invitations FOR UPDATE TO tijori_app USING (((account_id, true) = ( SELECT s.account_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, true) = ( SELECT s.account_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY invitations_update_guard ON tijori.invitations FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY invoices_insert_billing ON tijori.invoices FOR INSERT TO tijori_billing WITH CHECK ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY invoices_select_app ON tijori.invoices FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY invoices_select_backup ON tijori.invoices FOR SELECT TO tijori_backup USING (true);
CREATE POLICY invoices_select_billing ON tijori.invoices FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY invoices_select_guard ON tijori.invoices FOR SELECT TO tijori_guard USING (true);
CREATE POLICY invoices_update_billing ON tijori.invoices FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY invoices_update_guard ON tijori.invoices FOR UPDATE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable))) WITH CHECK (true);
ALTER TABLE tijori.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY members_delete_guard ON tijori.members FOR DELETE TO tijori_guard USING (true);
CREATE POLICY members_insert_guard ON tijori.members FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY members_select_app ON tijori.members FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY members_select_backup ON tijori.members FOR SELECT TO tijori_backup USING (true);
CREATE POLICY members_select_billing ON tijori.members FOR SELECT TO tijori_billing USING ((EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = members.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))));
CREATE POLICY members_select_guard ON tijori.members FOR SELECT TO tijori_guard USING (true);
CREATE POLICY members_update_guard ON tijori.members FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.merges ENABLE ROW LEVEL SECURITY;
CREATE POLICY merges_delete_guard ON tijori.merges FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY merges_insert_app ON tijori.merges FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY merges_select_app ON tijori.merges FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY merges_select_backup ON tijori.merges FOR SELECT TO tijori_backup USING (true);
CREATE POLICY merges_select_guard ON tijori.merges FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY merges_update_app ON tijori.merges FOR UPDATE TO tijori_app USING (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.meters ENABLE ROW LEVEL SECURITY;
CREATE POLICY meters_insert_billing ON tijori.meters FOR INSERT TO tijori_billing WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY meters_select_backup ON tijori.meters FOR SELECT TO tijori_backup USING (true);
CREATE POLICY meters_select_billing ON tijori.meters FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY meters_select_guard ON tijori.meters FOR SELECT TO tijori_guard USING (true);
CREATE POLICY meters_update_billing ON tijori.meters FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.notices ENABLE ROW LEVEL SECURITY;
CREATE POLICY notices_delete_auth ON tijori.notices FOR DELETE TO tijori_auth USING (true);
CREATE POLICY notices_insert_guard ON tijori.notices FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY notices_select_auth ON tijori.notices FOR SELECT TO tijori_auth USING (true);
CREATE POLICY notices_select_backup ON tijori.notices FOR SELECT TO tijori_backup USING (true);
CREATE POLICY notices_update_auth ON tijori.notices FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.operator_acts ENABLE ROW LEVEL SECURITY;
CREATE POLICY operator_acts_insert_billing ON tijori.operator_acts FOR INSERT TO tijori_billing WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY operator_acts_select_backup ON tijori.operator_acts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY operator_acts_select_billing ON tijori.operator_acts FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY operator_acts_select_guard ON tijori.operator_acts FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.parties ENABLE ROW LEVEL SECURITY;
CREATE POLICY parties_delete_guard ON tijori.parties FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY parties_insert_app ON tijori.parties FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY parties_select_app ON tijori.parties FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY parties_select_backup ON tijori.parties FOR SELECT TO tijori_backup USING (true);
CREATE POLICY parties_select_guard ON tijori.parties FOR SELECT TO tijori_guard USING (true);
CREATE POLICY parties_update_app ON tijori.parties FOR UPDATE TO tijori_app USING (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.party_sums ENABLE ROW LEVEL SECURITY;
CREATE POLICY party_sums_insert_guard ON tijori.party_sums FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY party_sums_select_app ON tijori.party_sums FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY party_sums_select_backup ON tijori.party_sums FOR SELECT TO tijori_backup USING (true);
CREATE POLICY party_sums_select_guard ON tijori.party_sums FOR SELECT TO tijori_guard USING (true);
CREATE POLICY party_sums_update_guard ON tijori.party_sums FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.passkeys ENABLE ROW LEVEL SECURITY;
CREATE POLICY passkeys_delete_auth ON tijori.passkeys FOR DELETE TO tijori_auth USING (true);
CREATE POLICY passkeys_insert_auth ON tijori.passkeys FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY passkeys_select_auth ON tijori.passkeys FOR SELECT TO tijori_auth USING (true);
CREATE POLICY passkeys_select_backup ON tijori.passkeys FOR SELECT TO tijori_backup USING (true);
CREATE POLICY passkeys_update_auth ON tijori.passkeys FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.payees ENABLE ROW LEVEL SECURITY;
CREATE POLICY payees_delete_guard ON tijori.payees FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY payees_insert_app ON tijori.payees FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY payees_select_app ON tijori.payees FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY payees_select_backup ON tijori.payees FOR SELECT TO tijori_backup USING (true);
CREATE POLICY payees_select_guard ON tijori.payees FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY payments_insert_billing ON tijori.payments FOR INSERT TO tijori_billing WITH CHECK ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY payments_select_app ON tijori.payments FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY payments_select_backup ON tijori.payments FOR SELECT TO tijori_backup USING (true);
CREATE POLICY payments_select_billing ON tijori.payments FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY payments_select_guard ON tijori.payments FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.period_locks ENABLE ROW LEVEL SECURITY;
CREATE POLICY period_locks_delete_guard ON tijori.period_locks FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY period_locks_insert_app ON tijori.period_locks FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.owns
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY period_locks_select_app ON tijori.period_locks FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY period_locks_select_backup ON tijori.period_locks FOR SELECT TO tijori_backup USING (true);
CREATE POLICY period_locks_select_guard ON tijori.period_locks FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.plan_spans ENABLE ROW LEVEL SECURITY;
CREATE POLICY plan_spans_insert_guard ON tijori.plan_spans FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY plan_spans_select_backup ON tijori.plan_spans FOR SELECT TO tijori_backup USING (true);
CREATE POLICY plan_spans_select_guard ON tijori.plan_spans FOR SELECT TO tijori_guard USING (true);
CREATE POLICY plan_spans_update_guard ON tijori.plan_spans FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY plans_insert_billing ON tijori.plans FOR INSERT TO tijori_billing WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY plans_select_backup ON tijori.plans FOR SELECT TO tijori_backup USING (true);
CREATE POLICY plans_select_billing ON tijori.plans FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY plans_select_guard ON tijori.plans FOR SELECT TO tijori_guard USING (true);
CREATE POLICY plans_update_billing ON tijori.plans FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY prices_insert_billing ON tijori.prices FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))));
CREATE POLICY prices_select_backup ON tijori.prices FOR SELECT TO tijori_backup USING (true);
CREATE POLICY prices_select_billing ON tijori.prices FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY prices_select_guard ON tijori.prices FOR SELECT TO tijori_guard USING (true);
CREATE POLICY prices_update_billing ON tijori.prices FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))));
ALTER TABLE tijori.probe_days ENABLE ROW LEVEL SECURITY;
CREATE POLICY probe_days_delete_watch ON tijori.probe_days FOR DELETE TO tijori_watch USING (true);
CREATE POLICY probe_days_insert_watch ON tijori.probe_days FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY probe_days_select_backup ON tijori.probe_days FOR SELECT TO tijori_backup USING (true);
CREATE POLICY probe_days_select_watch ON tijori.probe_days FOR SELECT TO tijori_watch USING (true);
CREATE POLICY probe_days_update_watch ON tijori.probe_days FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.probe_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY probe_lines_delete_watch ON tijori.probe_lines FOR DELETE TO tijori_watch USING (true);
CREATE POLICY probe_lines_insert_watch ON tijori.probe_lines FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY probe_lines_select_backup ON tijori.probe_lines FOR SELECT TO tijori_backup USING (true);
CREATE POLICY probe_lines_select_watch ON tijori.probe_lines FOR SELECT TO tijori_watch USING (true);
CREATE POLICY probe_lines_update_watch ON tijori.probe_lines FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.probe_outages ENABLE ROW LEVEL SECURITY;
CREATE POLICY probe_outages_delete_watch ON tijori.probe_outages FOR DELETE TO tijori_watch USING (true);
CREATE POLICY probe_outages_insert_watch ON tijori.probe_outages FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY probe_outages_select_backup ON tijori.probe_outages FOR SELECT TO tijori_backup USING (true);
CREATE POLICY probe_outages_select_watch ON tijori.probe_outages FOR SELECT TO tijori_watch USING (true);
CREATE POLICY probe_outages_update_watch ON tijori.probe_outages FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.provider_customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY provider_customers_insert_billing ON tijori.provider_customers FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = provider_customers.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY provider_customers_select_backup ON tijori.provider_customers FOR SELECT TO tijori_backup USING (true);
CREATE POLICY provider_customers_select_billing ON tijori.provider_customers FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY provider_customers_update_billing ON tijori.provider_customers FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = provider_customers.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.provider_directory ENABLE ROW LEVEL SECURITY;
CREATE POLICY provider_directory_insert_billing ON tijori.provider_directory FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = provider_directory.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY provider_directory_select_backup ON tijori.provider_directory FOR SELECT TO tijori_backup USING (true);
CREATE POLICY provider_directory_select_billing ON tijori.provider_directory FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY provider_directory_select_guard ON tijori.provider_directory FOR SELECT TO tijori_guard USING (true);
CREATE POLICY provider_directory_update_billing ON tijori.provider_directory FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = provider_directory.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.purchases ENABLE ROW LEVEL SECURITY;
CREATE POLICY purchases_insert_billing ON tijori.purchases FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = purchases.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY purchases_select_app ON tijori.purchases FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY purchases_select_backup ON tijori.purchases FOR SELECT TO tijori_backup USING (true);
CREATE POLICY purchases_select_billing ON tijori.purchases FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY purchases_select_guard ON tijori.purchases FOR SELECT TO tijori_guard USING (true);
CREATE POLICY purchases_update_billing ON tijori.purchases FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = purchases.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.reconcile_findings ENABLE ROW LEVEL SECURITY;
CREATE POLICY reconcile_findings_insert_billing ON tijori.reconcile_findings FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = reconcile_findings.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
CREATE POLICY reconcile_findings_select_backup ON tijori.reconcile_findings FOR SELECT TO tijori_backup USING (true);
CREATE POLICY reconcile_findings_select_billing ON tijori.reconcile_findings FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY reconcile_findings_update_billing ON tijori.reconcile_findings FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = reconcile_findings.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
ALTER TABLE tijori.reconcile_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY reconcile_runs_insert_billing ON tijori.reconcile_runs FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = reconcile_runs.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
CREATE POLICY reconcile_runs_select_backup ON tijori.reconcile_runs FOR SELECT TO tijori_backup USING (true);
CREATE POLICY reconcile_runs_select_billing ON tijori.reconcile_runs FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY reconcile_runs_update_billing ON tijori.reconcile_runs FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = reconcile_runs.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
ALTER TABLE tijori.reconcile_seen ENABLE ROW LEVEL SECURITY;
CREATE POLICY reconcile_seen_delete_billing ON tijori.reconcile_seen FOR DELETE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY reconcile_seen_insert_billing ON tijori.reconcile_seen FOR INSERT TO tijori_billing WITH CHECK ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY reconcile_seen_select_backup ON tijori.reconcile_seen FOR SELECT TO tijori_backup USING (true);
CREATE POLICY reconcile_seen_select_billing ON tijori.reconcile_seen FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
ALTER TABLE tijori.recoveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY recoveries_delete_auth ON tijori.recoveries FOR DELETE TO tijori_auth USING (((user_id IS NULL) OR (expires_at < (now() - '1 day'::interval))));
CREATE POLICY recoveries_delete_guard ON tijori.recoveries FOR DELETE TO tijori_guard USING (true);
CREATE POLICY recoveries_insert_auth ON tijori.recoveries FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY recoveries_select_auth ON tijori.recoveries FOR SELECT TO tijori_auth USING (true);
CREATE POLICY recoveries_select_backup ON tijori.recoveries FOR SELECT TO tijori_backup USING (true);
CREATE POLICY recoveries_select_guard ON tijori.recoveries FOR SELECT TO tijori_guard USING (true);
CREATE POLICY recoveries_update_auth ON tijori.recoveries FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.recovery_codes ENABLE ROW LEVEL SECURITY;
CREATE POLICY recovery_codes_delete_auth ON tijori.recovery_codes FOR DELETE TO tijori_auth USING (true);
CREATE POLICY recovery_codes_insert_auth ON tijori.recovery_codes FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY recovery_codes_select_auth ON tijori.recovery_codes FOR SELECT TO tijori_auth USING (true);
CREATE POLICY recovery_codes_select_backup ON tijori.recovery_codes FOR SELECT TO tijori_backup USING (true);
CREATE POLICY recovery_codes_update_auth ON tijori.recovery_codes FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.releases ENABLE ROW LEVEL SECURITY;
CREATE POLICY releases_insert_guard ON tijori.releases FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY releases_select_backup ON tijori.releases FOR SELECT TO tijori_backup USING (true);
CREATE POLICY releases_select_guard ON tijori.releases FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.reminders ENABLE ROW LEVEL SECURITY;
CREATE POLICY reminders_delete_guard ON tijori.reminders FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY reminders_insert_app ON tijori.reminders FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY reminders_select_app ON tijori.reminders FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY reminders_select_backup ON tijori.reminders FOR SELECT TO tijori_backup USING (true);
CREATE POLICY reminders_select_guard ON tijori.reminders FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
ALTER TABLE tijori.review_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY review_items_insert_billing ON tijori.review_items FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = review_items.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
CREATE POLICY review_items_select_backup ON tijori.review_items FOR SELECT TO tijori_backup USING (true);
CREATE POLICY review_items_select_billing ON tijori.review_items FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY review_items_select_guard ON tijori.review_items FOR SELECT TO tijori_guard USING (true);
CREATE POLICY review_items_update_billing ON tijori.review_items FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND ((account_id IS NULL) OR (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = review_items.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))))))));
ALTER TABLE tijori.security_kinds ENABLE ROW LEVEL SECURITY;
CREATE POLICY security_kinds_select_backup ON tijori.security_kinds FOR SELECT TO tijori_backup USING (true);
CREATE POLICY security_kinds_select_guard ON tijori.security_kinds FOR SELECT TO tijori_guard USING (true);
ALTER TABLE tijori.security_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY security_log_delete_guard ON tijori.security_log FOR DELETE TO tijori_guard USING (((at < (now() - '365 days'::interval)) OR (account_id IN ( SELECT tijori_access.erasable() AS erasable))));
CREATE POLICY security_log_insert_guard ON tijori.security_log FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY security_log_select_backup ON tijori.security_log FOR SELECT TO tijori_backup USING (true);
CREATE POLICY security_log_select_guard ON tijori.security_log FOR SELECT TO tijori_guard USING (true);
CREATE POLICY security_log_update_guard ON tijori.security_log FOR UPDATE TO tijori_guard USING (true) WITH CHECK (((network = ''::text) AND (user_agent = ''::text)));
ALTER TABLE tijori.shadow_checks ENABLE ROW LEVEL SECURITY;
CREATE POLICY shadow_checks_delete_billing ON tijori.shadow_checks FOR DELETE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY shadow_checks_delete_guard ON tijori.shadow_checks FOR DELETE TO tijori_guard USING (true);
CREATE POLICY shadow_checks_insert_billing ON tijori.shadow_checks FOR INSERT TO tijori_billing WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY shadow_checks_select_backup ON tijori.shadow_checks FOR SELECT TO tijori_backup USING (true);
CREATE POLICY shadow_checks_select_billing ON tijori.shadow_checks FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY shadow_checks_select_guard ON tijori.shadow_checks FOR SELECT TO tijori_guard USING (true);
CREATE POLICY shadow_checks_update_billing ON tijori.shadow_checks FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
ALTER TABLE tijori.shares ENABLE ROW LEVEL SECURITY;
CREATE POLICY shares_delete_guard ON tijori.shares FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY shares_insert_app ON tijori.shares FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY shares_select_app ON tijori.shares FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.runs_khata THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY shares_select_backup ON tijori.shares FOR SELECT TO tijori_backup USING (true);
CREATE POLICY shares_select_guard ON tijori.shares FOR SELECT TO tijori_guard USING (true);
CREATE POLICY shares_update_app ON tijori.shares FOR UPDATE TO tijori_app USING (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, true) = ( SELECT s.account_id,
    s.business_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY shares_update_guard ON tijori.shares FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.sign_in_failures ENABLE ROW LEVEL SECURITY;
CREATE POLICY sign_in_failures_delete_auth ON tijori.sign_in_failures FOR DELETE TO tijori_auth USING (true);
CREATE POLICY sign_in_failures_delete_guard ON tijori.sign_in_failures FOR DELETE TO tijori_guard USING (true);
CREATE POLICY sign_in_failures_insert_auth ON tijori.sign_in_failures FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY sign_in_failures_select_auth ON tijori.sign_in_failures FOR SELECT TO tijori_auth USING (true);
CREATE POLICY sign_in_failures_select_backup ON tijori.sign_in_failures FOR SELECT TO tijori_backup USING (true);
CREATE POLICY sign_in_failures_select_guard ON tijori.sign_in_failures FOR SELECT TO tijori_guard USING (true);
CREATE POLICY sign_in_failures_update_guard ON tijori.sign_in_failures FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.signups ENABLE ROW LEVEL SECURITY;
CREATE POLICY signups_delete_auth ON tijori.signups FOR DELETE TO tijori_auth USING (true);
CREATE POLICY signups_delete_guard ON tijori.signups FOR DELETE TO tijori_guard USING (true);
CREATE POLICY signups_insert_auth ON tijori.signups FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY signups_select_auth ON tijori.signups FOR SELECT TO tijori_auth USING (true);
CREATE POLICY signups_select_backup ON tijori.signups FOR SELECT TO tijori_backup USING (true);
CREATE POLICY signups_select_guard ON tijori.signups FOR SELECT TO tijori_guard USING (true);
CREATE POLICY signups_update_auth ON tijori.signups FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.subscriptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY subscriptions_insert_billing ON tijori.subscriptions FOR INSERT TO tijori_billing WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = subscriptions.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
CREATE POLICY subscriptions_select_app ON tijori.subscriptions FOR SELECT TO tijori_app USING (((
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND (account_id = ( SELECT
        CASE
            WHEN s.owns THEN s.account_id
            ELSE NULL::uuid
        END AS account_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY subscriptions_select_backup ON tijori.subscriptions FOR SELECT TO tijori_backup USING (true);
CREATE POLICY subscriptions_select_billing ON tijori.subscriptions FOR SELECT TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])));
CREATE POLICY subscriptions_select_guard ON tijori.subscriptions FOR SELECT TO tijori_guard USING (true);
CREATE POLICY subscriptions_update_billing ON tijori.subscriptions FOR UPDATE TO tijori_billing USING ((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[]))) WITH CHECK (((connection_id = ANY (( SELECT string_to_array(current_setting('tijori.connections'::text, true), ','::text) AS string_to_array)::text[])) AND (app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")) AND (EXISTS ( SELECT
   FROM tijori.accounts a
  WHERE ((a.account_id = subscriptions.account_id) AND (a.app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")))))));
ALTER TABLE tijori.support_uses ENABLE ROW LEVEL SECURITY;
CREATE POLICY support_uses_insert_guard ON tijori.support_uses FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY support_uses_select_backup ON tijori.support_uses FOR SELECT TO tijori_backup USING (true);
CREATE POLICY support_uses_select_billing ON tijori.support_uses FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY support_uses_select_guard ON tijori.support_uses FOR SELECT TO tijori_guard USING (true);
CREATE POLICY support_uses_update_guard ON tijori.support_uses FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY tasks_delete_guard ON tijori.tasks FOR DELETE TO tijori_guard USING (true);
CREATE POLICY tasks_insert_app ON tijori.tasks FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.sees_totals
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY tasks_select_app ON tijori.tasks FOR SELECT TO tijori_app USING (((
CASE
    WHEN (created_by = ANY (ARRAY[( SELECT tijori_access.user_id() AS user_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY tasks_select_backup ON tijori.tasks FOR SELECT TO tijori_backup USING (true);
CREATE POLICY tasks_select_guard ON tijori.tasks FOR SELECT TO tijori_guard USING (true);
CREATE POLICY tasks_update_app ON tijori.tasks FOR UPDATE TO tijori_app USING (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.sees_totals
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.sees_totals
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.throttles ENABLE ROW LEVEL SECURITY;
CREATE POLICY throttles_delete_auth ON tijori.throttles FOR DELETE TO tijori_auth USING ((ends_at < now()));
CREATE POLICY throttles_insert_auth ON tijori.throttles FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY throttles_select_auth ON tijori.throttles FOR SELECT TO tijori_auth USING (true);
CREATE POLICY throttles_select_backup ON tijori.throttles FOR SELECT TO tijori_backup USING (true);
CREATE POLICY throttles_update_auth ON tijori.throttles FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.till_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY till_counts_delete_guard ON tijori.till_counts FOR DELETE TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
CREATE POLICY till_counts_insert_app ON tijori.till_counts FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY till_counts_select_app ON tijori.till_counts FOR SELECT TO tijori_app USING (((
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.sees_totals THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY till_counts_select_backup ON tijori.till_counts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY till_counts_select_guard ON tijori.till_counts FOR SELECT TO tijori_guard USING ((account_id IN ( SELECT tijori_access.erasable() AS erasable)));
ALTER TABLE tijori.totps ENABLE ROW LEVEL SECURITY;
CREATE POLICY totps_delete_auth ON tijori.totps FOR DELETE TO tijori_auth USING (true);
CREATE POLICY totps_insert_auth ON tijori.totps FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY totps_select_auth ON tijori.totps FOR SELECT TO tijori_auth USING (true);
CREATE POLICY totps_select_backup ON tijori.totps FOR SELECT TO tijori_backup USING (true);
CREATE POLICY totps_update_auth ON tijori.totps FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
ALTER TABLE tijori.turns ENABLE ROW LEVEL SECURITY;
CREATE POLICY turns_insert_guard ON tijori.turns FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY turns_select_backup ON tijori.turns FOR SELECT TO tijori_backup USING (true);
CREATE POLICY turns_select_guard ON tijori.turns FOR SELECT TO tijori_guard USING (true);
CREATE POLICY turns_update_guard ON tijori.turns FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
ALTER TABLE tijori.uploads ENABLE ROW LEVEL SECURITY;
CREATE POLICY uploads_delete_guard ON tijori.uploads FOR DELETE TO tijori_guard USING (true);
CREATE POLICY uploads_insert_app ON tijori.uploads FOR INSERT TO tijori_app WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
CREATE POLICY uploads_select_app ON tijori.uploads FOR SELECT TO tijori_app USING (((
CASE
    WHEN (created_by = ANY (ARRAY[( SELECT tijori_access.user_id() AS user_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (business_id = ANY (ARRAY[( SELECT tijori_access.business_id() AS business_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (
CASE
    WHEN (account_id = ANY (ARRAY[( SELECT tijori_access.account_id() AS account_id)])) THEN true
    ELSE NULL::boolean
END IS NOT NULL) AND (account_id = ( SELECT (NULLIF(current_setting('tijori.account'::text, true), ''::text))::uuid AS "nullif")) AND ((account_id, business_id) = ( SELECT
        CASE
            WHEN s.runs_khata THEN s.account_id
            ELSE NULL::uuid
        END AS account_id,
    s.business_id
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))));
CREATE POLICY uploads_select_backup ON tijori.uploads FOR SELECT TO tijori_backup USING (true);
CREATE POLICY uploads_select_guard ON tijori.uploads FOR SELECT TO tijori_guard USING (true);
CREATE POLICY uploads_update_app ON tijori.uploads FOR UPDATE TO tijori_app USING (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns)))) WITH CHECK (((account_id, business_id, created_by, true) = ( SELECT s.account_id,
    s.business_id,
    s.user_id,
    s.runs_khata
   FROM tijori_access.scope() s(user_id, account_id, business_id, role, sees_totals, adds_entries, runs_khata, owns))));
ALTER TABLE tijori.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_delete_guard ON tijori.users FOR DELETE TO tijori_guard USING ((NOT (EXISTS ( SELECT
   FROM tijori.members m
  WHERE (m.user_id = users.id)))));
CREATE POLICY users_insert_auth ON tijori.users FOR INSERT TO tijori_auth WITH CHECK (true);
CREATE POLICY users_select_auth ON tijori.users FOR SELECT TO tijori_auth USING (true);
CREATE POLICY users_select_backup ON tijori.users FOR SELECT TO tijori_backup USING (true);
CREATE POLICY users_select_guard ON tijori.users FOR SELECT TO tijori_guard USING (true);
CREATE POLICY users_update_auth ON tijori.users FOR UPDATE TO tijori_auth USING (true) WITH CHECK (true);
CREATE POLICY users_update_guard ON tijori.users FOR UPDATE TO tijori_guard USING (true) WITH CHECK (false);
ALTER TABLE tijori.watch_acts ENABLE ROW LEVEL SECURITY;
CREATE POLICY watch_acts_insert_watch ON tijori.watch_acts FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY watch_acts_select_backup ON tijori.watch_acts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY watch_acts_select_watch ON tijori.watch_acts FOR SELECT TO tijori_watch USING (true);
ALTER TABLE tijori.watch_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY watch_alerts_insert_watch ON tijori.watch_alerts FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY watch_alerts_select_backup ON tijori.watch_alerts FOR SELECT TO tijori_backup USING (true);
CREATE POLICY watch_alerts_select_watch ON tijori.watch_alerts FOR SELECT TO tijori_watch USING (true);
CREATE POLICY watch_alerts_update_watch ON tijori.watch_alerts FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.watch_cursor ENABLE ROW LEVEL SECURITY;
CREATE POLICY watch_cursor_select_backup ON tijori.watch_cursor FOR SELECT TO tijori_backup USING (true);
CREATE POLICY watch_cursor_select_watch ON tijori.watch_cursor FOR SELECT TO tijori_watch USING (true);
CREATE POLICY watch_cursor_update_watch ON tijori.watch_cursor FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.watch_hours ENABLE ROW LEVEL SECURITY;
CREATE POLICY watch_hours_delete_watch ON tijori.watch_hours FOR DELETE TO tijori_watch USING (true);
CREATE POLICY watch_hours_insert_watch ON tijori.watch_hours FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY watch_hours_select_backup ON tijori.watch_hours FOR SELECT TO tijori_backup USING (true);
CREATE POLICY watch_hours_select_watch ON tijori.watch_hours FOR SELECT TO tijori_watch USING (true);
CREATE POLICY watch_hours_update_watch ON tijori.watch_hours FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.watch_visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY watch_visits_delete_watch ON tijori.watch_visits FOR DELETE TO tijori_watch USING (true);
CREATE POLICY watch_visits_insert_watch ON tijori.watch_visits FOR INSERT TO tijori_watch WITH CHECK (true);
CREATE POLICY watch_visits_select_backup ON tijori.watch_visits FOR SELECT TO tijori_backup USING (true);
CREATE POLICY watch_visits_select_watch ON tijori.watch_visits FOR SELECT TO tijori_watch USING (true);
CREATE POLICY watch_visits_update_watch ON tijori.watch_visits FOR UPDATE TO tijori_watch USING (true) WITH CHECK (true);
ALTER TABLE tijori.webhook_endpoints ENABLE ROW LEVEL SECURITY;
CREATE POLICY webhook_endpoints_delete_guard ON tijori.webhook_endpoints FOR DELETE TO tijori_guard USING (true);
CREATE POLICY webhook_endpoints_insert_guard ON tijori.webhook_endpoints FOR INSERT TO tijori_guard WITH CHECK (true);
CREATE POLICY webhook_endpoints_select_backup ON tijori.webhook_endpoints FOR SELECT TO tijori_backup USING (true);
CREATE POLICY webhook_endpoints_select_billing ON tijori.webhook_endpoints FOR SELECT TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY webhook_endpoints_select_guard ON tijori.webhook_endpoints FOR SELECT TO tijori_guard USING (true);
CREATE POLICY webhook_endpoints_update_billing ON tijori.webhook_endpoints FOR UPDATE TO tijori_billing USING ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif"))) WITH CHECK ((app_id = ( SELECT NULLIF(current_setting('tijori.app'::text, true), ''::text) AS "nullif")));
CREATE POLICY webhook_endpoints_update_guard ON tijori.webhook_endpoints FOR UPDATE TO tijori_guard USING (true) WITH CHECK (true);
GRANT USAGE ON SCHEMA tijori TO tijori_app;
GRANT USAGE ON SCHEMA tijori TO tijori_auth;
GRANT USAGE ON SCHEMA tijori TO tijori_billing;
GRANT USAGE ON SCHEMA tijori TO tijori_jobs;
GRANT USAGE ON SCHEMA tijori TO tijori_support;
GRANT USAGE ON SCHEMA tijori TO tijori_log;
GRANT USAGE ON SCHEMA tijori TO tijori_watch;
GRANT USAGE ON SCHEMA tijori TO tijori_guard;
GRANT USAGE ON SCHEMA tijori TO tijori_backup;
GRANT USAGE ON SCHEMA tijori_access TO tijori_app;
GRANT USAGE ON SCHEMA tijori_access TO tijori_auth;
GRANT USAGE ON SCHEMA tijori_access TO tijori_billing;
GRANT USAGE ON SCHEMA tijori_access TO tijori_jobs;
GRANT USAGE ON SCHEMA tijori_access TO tijori_support;
GRANT USAGE ON SCHEMA tijori_access TO tijori_log;
GRANT USAGE ON SCHEMA tijori_access TO tijori_watch;
GRANT ALL ON SCHEMA tijori_access TO tijori_guard;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_app;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_auth;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_billing;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_jobs;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_support;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_log;
GRANT USAGE ON SCHEMA tijori_credits TO tijori_watch;
GRANT ALL ON SCHEMA tijori_credits TO tijori_guard;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_app;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_auth;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_billing;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_jobs;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_support;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_log;
GRANT USAGE ON SCHEMA tijori_khata TO tijori_watch;
GRANT ALL ON SCHEMA tijori_khata TO tijori_guard;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_app;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_auth;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_billing;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_jobs;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_support;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_log;
GRANT USAGE ON SCHEMA tijori_ops TO tijori_watch;
GRANT ALL ON SCHEMA tijori_ops TO tijori_guard;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_app;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_auth;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_billing;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_jobs;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_support;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_log;
GRANT USAGE ON SCHEMA tijori_plans TO tijori_watch;
GRANT ALL ON SCHEMA tijori_plans TO tijori_guard;
REVOKE ALL ON FUNCTION pg_catalog.lo_close(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_creat(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_get(oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_get(oid, bigint, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_lseek(integer, integer, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_lseek64(integer, bigint, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_open(oid, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_put(oid, bigint, bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_tell(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_tell64(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_truncate(integer, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_truncate64(integer, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lo_unlink(oid) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.loread(integer, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.lowrite(integer, bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_cancel_backend(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_copy_logical_replication_slot(src_slot_name name, dst_slot_name name, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_copy_logical_replication_slot(src_slot_name name, dst_slot_name name, temporary boolean, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_copy_logical_replication_slot(src_slot_name name, dst_slot_name name, temporary boolean, plugin name, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_copy_physical_replication_slot(src_slot_name name, dst_slot_name name, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_copy_physical_replication_slot(src_slot_name name, dst_slot_name name, temporary boolean, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_create_logical_replication_slot(slot_name name, plugin name, temporary boolean, twophase boolean, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_create_physical_replication_slot(slot_name name, immediately_reserve boolean, temporary boolean, OUT slot_name name, OUT lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_drop_replication_slot(name) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_export_snapshot() FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_get_replication_slots(OUT slot_name name, OUT plugin name, OUT slot_type text, OUT datoid oid, OUT temporary boolean, OUT active boolean, OUT active_pid integer, OUT xmin xid, OUT catalog_xmin xid, OUT restart_lsn pg_lsn, OUT confirmed_flush_lsn pg_lsn, OUT wal_status text, OUT safe_wal_size bigint, OUT two_phase boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_logical_emit_message(boolean, text, bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_logical_emit_message(boolean, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_logical_slot_get_binary_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[], OUT lsn pg_lsn, OUT xid xid, OUT data bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_logical_slot_get_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[], OUT lsn pg_lsn, OUT xid xid, OUT data text) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_logical_slot_peek_binary_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[], OUT lsn pg_lsn, OUT xid xid, OUT data bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_logical_slot_peek_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[], OUT lsn pg_lsn, OUT xid xid, OUT data text) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_replication_slot_advance(slot_name name, upto_lsn pg_lsn, OUT slot_name name, OUT end_lsn pg_lsn) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_stat_get_replication_slot(slot_name text, OUT slot_name text, OUT spill_txns bigint, OUT spill_count bigint, OUT spill_bytes bigint, OUT stream_txns bigint, OUT stream_count bigint, OUT stream_bytes bigint, OUT total_txns bigint, OUT total_bytes bigint, OUT stats_reset timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION pg_catalog.pg_terminate_backend(pid integer, timeout bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.accept_invitation(given_hash bytea, new_member uuid, acceptor uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.accept_invitation(given_hash bytea, new_member uuid, acceptor uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.account_id() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.account_id() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.api_keys() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.api_keys() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.app_alone(needed text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.app_list() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.app_list() TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.app_scope(needed text, OUT app_id text, OUT mode text, OUT key_id uuid, OUT account_id uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.begin_erasing(leaving uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.begin_erasing(leaving uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.belongs(member_id uuid, account uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.belongs(member_id uuid, account uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.business_id() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.business_id() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.change_role(member uuid, new_role text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.change_role(member uuid, new_role text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.check_fresh() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.colleagues() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.colleagues() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[], key_hint text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[], key_hint text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.customer_account(needed text, OUT account uuid, OUT email text, OUT name text, OUT origins text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.customer_account(needed text, OUT account uuid, OUT email text, OUT name text, OUT origins text[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.customer_scope(needed text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.due_erasures() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.due_erasures() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.end_app_tokens() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.end_app_tokens() TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.end_customer_tokens() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.end_customer_tokens() TO tijori_app;
GRANT SELECT ON TABLE tijori.members TO tijori_app;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.members TO tijori_guard;
GRANT SELECT ON TABLE tijori.members TO tijori_billing;
GRANT SELECT ON TABLE tijori.members TO tijori_backup;
GRANT UPDATE(role) ON TABLE tijori.members TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_access.end_membership(m tijori.members) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.end_sent_invitations(account uuid, sender uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.enter(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean, OUT today date, OUT frozen integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.enter(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean, OUT today date, OUT frozen integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.erasable() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.erase_rows(leaving uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.erase_rows(leaving uuid, most integer) TO tijori_auth;
REVOKE ALL ON PROCEDURE tijori_access.erase_with_account(IN tab regclass, IN step integer, IN weight integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.forget_email() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.forget_me() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.forget_me() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.forget_origin() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.forget_users(candidates uuid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.fresh(session bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.fresh(session bytea) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.holder(hash bytea, customer text, origin text, needed text, OUT refused text, OUT app_id text, OUT mode text, OUT key_id uuid, OUT account_id uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.home_account(member_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.home_account(member_id uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.invitation_by_token(given_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.invitation_by_token(given_hash bytea) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.inviter_address(account uuid, invitation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.inviter_address(account uuid, invitation uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.issue_invitation(account uuid, invitation uuid, new_hash bytea, only_first boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.issue_invitation(account uuid, invitation uuid, new_hash bytea, only_first boolean) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.keep_account() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.keep_account() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.keep_owner(m tijori.members) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.keep_owner_whole() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.key_account(needed text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.keys_of(hashes bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.keys_of(hashes bytea[]) TO tijori_log;
REVOKE ALL ON FUNCTION tijori_access.leave_account(leaving uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.leave_account(leaving uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.leave_portal() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.leave_portal() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.leave_team(membership uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.leave_team(membership uuid) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.leaving_letters(leaving uuid, only_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.leaving_letters(leaving uuid, only_user uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.limit_invitations() FROM PUBLIC;
GRANT SELECT ON TABLE tijori.customer_links TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.customer_links TO tijori_guard;
GRANT UPDATE(used_at) ON TABLE tijori.customer_links TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_access.link_of(wanted text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.lock_leaving(account uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.lock_leaving(account uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.lock_member(member uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.log_deletion() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.log_export(what text, more text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.log_export(what text, more text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.log_failures() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.log_failures() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.log_invitation() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.log_key() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.log_member() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.log_payee() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.log_user(what text, whose uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.log_user(what text, whose uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.make_app(new_app text, new_name text, new_mode text, allowed_origins text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.make_app(new_app text, new_name text, new_mode text, allowed_origins text[]) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.make_app_key(key_id uuid, key_kind text, key_hash bytea, key_name text, key_scopes text[], key_hint text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.make_app_key(key_id uuid, key_kind text, key_hash bytea, key_name text, key_scopes text[], key_hint text) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.make_customer_token(token_id uuid, token_hash bytea, token_may text, token_origin text, seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.make_customer_token(token_id uuid, token_hash bytea, token_may text, token_origin text, seconds integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.make_pay_link(account uuid, link_id uuid, link_hash bytea, link_back text, checkout uuid, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.make_pay_link(account uuid, link_id uuid, link_hash bytea, link_back text, checkout uuid, until timestamp with time zone) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.make_portal_link(link_id uuid, link_hash bytea, link_back text, seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.make_portal_link(link_id uuid, link_hash bytea, link_back text, seconds integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.maker() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.maker() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.my_businesses() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.my_businesses() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.my_calls(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.my_calls(most integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.my_memberships() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.my_memberships() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.open_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.open_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.open_own_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.open_own_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text, app text) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.open_portal(session_id uuid, session_hash bytea, seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.open_portal(session_id uuid, session_hash bytea, seconds integer) TO tijori_app;
REVOKE ALL ON PROCEDURE tijori_access.open_to(IN tab regclass, IN role_name text, VARIADIC verbs text[]) FROM PUBLIC;
REVOKE ALL ON PROCEDURE tijori_access.open_to_app(IN tab regclass, IN verb text, IN whose text, IN may text, IN narrowed boolean, IN until interval) FROM PUBLIC;
REVOKE ALL ON PROCEDURE tijori_access.open_to_billing(IN tab regclass, VARIADIC verbs text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.origin(OUT user_id uuid, OUT network text, OUT user_agent text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.pending_link(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.pending_link(wanted text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.policy_name(tab regclass, verb text, role_name text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.proof(OUT strong boolean, OUT two_step boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.proof(OUT strong boolean, OUT two_step boolean) TO tijori_app;
REVOKE ALL ON PROCEDURE tijori_access.protect(IN tab regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.refuse_demonstration() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.refuse_leaving() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.refuse_reserved_address() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.refuse_to_keep_demonstration() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.remove_member(member uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.remove_member(member uuid) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.require_app(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_access.require_fresh() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.require_fresh() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.revoke_api_key(key_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.revoke_api_key(key_id uuid) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.revoke_app_key(key_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.revoke_app_key(key_id uuid) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.role() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.role() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.scope(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.scope(OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.security_log(before timestamp with time zone, before_id uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.security_log(before timestamp with time zone, before_id uuid, most integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.set_app_origins(allowed_origins text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.set_app_origins(allowed_origins text[]) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_access.team() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.team() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.tell_leaving(only_account uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.tell_leaving(only_account uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.told_erasure(leaving uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.told_erasure(leaving uuid) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.try_app(needed text, OUT refused text, OUT app_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.try_app(needed text, OUT refused text, OUT app_id text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.try_key(needed text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.try_key(needed text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.try_scope(OUT refused text, OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.try_scope(OUT refused text, OUT user_id uuid, OUT account_id uuid, OUT business_id uuid, OUT role text, OUT sees_totals boolean, OUT adds_entries boolean, OUT runs_khata boolean, OUT owns boolean) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.unmailed_invitations(min_age interval) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.unmailed_invitations(min_age interval) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_access.user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.user_id() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.whoami(OUT user_id uuid, OUT name text, OUT email text, OUT locale text, OUT seen_at timestamp with time zone, OUT account_id uuid, OUT account_name text, OUT account_currency text, OUT plan text, OUT role text, OUT business_id uuid, OUT business_name text, OUT business_currency text, OUT business_time_zone text, OUT erase_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_access.whoami(OUT user_id uuid, OUT name text, OUT email text, OUT locale text, OUT seen_at timestamp with time zone, OUT account_id uuid, OUT account_name text, OUT account_currency text, OUT plan text, OUT role text, OUT business_id uuid, OUT business_name text, OUT business_currency text, OUT business_time_zone text, OUT erase_at timestamp with time zone) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_access.write_log(what text, account uuid, actor uuid, about uuid, more text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.burn(p tijori_credits.purse, credits bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.capture(p tijori_credits.purse, r tijori_credits.request) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.consume(p tijori_credits.purse, r tijori_credits.request) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.credits_now(account uuid, unit text, OUT available bigint, OUT held bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.credits_of(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.customer_entries(unit text, before bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.customer_entries(unit text, before bigint, most integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_credits.give_back(p tijori_credits.purse, r tijori_credits.request, credits bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint, burn integer, until timestamp with time zone, once text, why text, who text, from_source text, of_period integer, to_level bigint, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint, burn integer, until timestamp with time zone, once text, why text, who text, from_source text, of_period integer, to_level bigint, at timestamp with time zone) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_credits.hold(p tijori_credits.purse, r tijori_credits.request, at timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.my_credit_entries(unit text, before bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.my_credit_entries(unit text, before bigint, most integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_credits.my_credits() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.my_credits() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_credits.my_credits_left() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.my_credits_left() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_credits.note_change() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.open_calendars() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.release(p tijori_credits.purse, r tijori_credits.request) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.return_credits(account uuid, unit text, lots uuid[], parts bigint[], total bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.settle_credits(account uuid, unit text, at timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.settle_purse(p tijori_credits.purse, at timestamp with time zone, early timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_credits.spend_for(hashes bytea[], customers text[], features text[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.spend_for(hashes bytea[], customers text[], features text[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_credits.spread_low() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.sweep_credits(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.sweep_credits(most integer) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_credits.take_back_credits(account uuid, unit text, lot uuid, total bigint, why text, at timestamp with time zone, OUT taken bigint, OUT held bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.take_back_credits(account uuid, unit text, lot uuid, total bigint, why text, at timestamp with time zone, OUT taken bigint, OUT held bigint) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_credits.take_credits(account uuid, unit text, most bigint, why text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_credits.take_credits(account uuid, unit text, most bigint, why text, at timestamp with time zone) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_credits.take_lot(account uuid, unit text, OUT grant_id uuid, OUT lot_left bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_credits.take_low() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.add_sums() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.ahead() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.ahead() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.ahead_of(account uuid, business uuid, today date) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint, until date) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.follow_parties() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.forget_cheque() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.forget_tasks() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.forget_tasks() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_khata.forget_uploads() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.forget_uploads() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_khata.hold_lock(account uuid, business uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.keep_lock() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.keep_locked_count() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.keep_locked_party() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.limit_parties() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.lock_batches() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.lock_batches() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.locked_until() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.locked_until() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.move_sums() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.open_sums() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.order_locks() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.party_count() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.party_count() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.party_list(at_least bigint, below bigint, below_id uuid, most integer, today date) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.party_list(at_least bigint, below bigint, below_id uuid, most integer, today date) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.party_names(only_id uuid, patterns text[], query text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.party_names(only_id uuid, patterns text[], query text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.party_page(party uuid, before date, before_id uuid, most integer, today date) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.party_page(party uuid, before date, before_id uuid, most integer, today date) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.rebuild_sums() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.record_changes() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.refuse_far_date() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.require_batch_entry() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.require_batch_entry_rows() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.shared_page(given_hash bytea, skip integer, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.shared_page(given_hash bytea, skip integer, most integer) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_khata.shared_statement(given_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.shared_statement(given_hash bytea) TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_khata.shift_sums(account uuid, business uuid, party uuid, more_given bigint, more_received bigint, more_entries integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.sound_of(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.sound_of(name text) TO tijori_app;
GRANT ALL ON FUNCTION tijori_khata.sound_of(name text) TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_khata.sound_patterns(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.sound_patterns(query text) TO tijori_app;
GRANT ALL ON FUNCTION tijori_khata.sound_patterns(query text) TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_khata.stamp_draft() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.stamp_revoke() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.stamp_sound() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.stamp_undo() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.stamp_update() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.take_sums() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.today() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.today() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.today_in(zone text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_khata.totals(OUT parties integer, OUT due integer, OUT advance integer, OUT get bigint, OUT give bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.totals(OUT parties integer, OUT due integer, OUT advance integer, OUT get bigint, OUT give bigint) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_khata.wrong_sums() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_khata.wrong_sums() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_ops.account_credits(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.account_credits(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.account_facts(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.account_facts(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.account_life(use_id uuid, until timestamp with time zone, past integer, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.account_life(use_id uuid, until timestamp with time zone, past integer, most integer) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.account_of(app text, customer text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.account_of(app text, customer text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.account_opened(use_id uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_ops.account_people(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.account_people(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.accounts_behind(use_id uuid, figure text, since timestamp with time zone, until timestamp with time zone, before_at timestamp with time zone, before_account uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.accounts_behind(use_id uuid, figure text, since timestamp with time zone, until timestamp with time zone, before_at timestamp with time zone, before_account uuid, most integer) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.affected(accounts uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.affected(accounts uuid[]) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.app_of_use(use_id uuid, questions text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_ops.asked_blast(who text, act text, about text, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.asked_blast(who text, act text, about text, why text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.clock() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.clock() TO tijori_app;
GRANT ALL ON FUNCTION tijori_ops.clock() TO tijori_billing;
GRANT ALL ON FUNCTION tijori_ops.clock() TO tijori_jobs;
GRANT ALL ON FUNCTION tijori_ops.clock() TO tijori_support;
GRANT ALL ON FUNCTION tijori_ops.clock() TO tijori_owner;
REVOKE ALL ON FUNCTION tijori_ops.close_incident(number integer, who text, said text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.close_incident(number integer, who text, said text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.complain(complaint uuid, release text, page text, object text, request text, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.complain(complaint uuid, release text, page text, object text, request text, words text) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_ops.complain_of_share(given_hash bytea, complaint uuid, release text, request text, words text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.complain_of_share(given_hash bytea, complaint uuid, release text, request text, words text) TO tijori_auth;
GRANT SELECT ON TABLE tijori.complaints TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.complaints TO tijori_guard;
GRANT UPDATE(user_id) ON TABLE tijori.complaints TO tijori_guard;
GRANT UPDATE(words) ON TABLE tijori.complaints TO tijori_guard;
GRANT UPDATE(told_at) ON TABLE tijori.complaints TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_ops.complaints(since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.complaints(since timestamp with time zone, until timestamp with time zone) TO tijori_support;
GRANT SELECT ON TABLE tijori.evidence TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.evidence TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_ops.evidence() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.evidence() TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.figures_moves(use_id uuid, bounds timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.figures_moves(use_id uuid, bounds timestamp with time zone[]) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.figures_now(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.figures_now(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.figures_paid(use_id uuid, moments timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.figures_paid(use_id uuid, moments timestamp with time zone[]) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.forget_complainer() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_ops."freeze"(number integer, parts integer, account uuid, who text, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops."freeze"(number integer, parts integer, account uuid, who text, why text) TO tijori_support;
GRANT SELECT ON TABLE tijori.freezes TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.freezes TO tijori_guard;
GRANT UPDATE(thawed_at) ON TABLE tijori.freezes TO tijori_guard;
GRANT UPDATE(thawed_by) ON TABLE tijori.freezes TO tijori_guard;
GRANT UPDATE(thaw_reason) ON TABLE tijori.freezes TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_ops.freezes(since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.freezes(since timestamp with time zone) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.frozen() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.frozen() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_ops.frozen_customer(account uuid, which integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_ops.frozen_for_all() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.frozen_for_all() TO tijori_auth;
REVOKE ALL ON FUNCTION tijori_ops.frozen_share(given_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.frozen_share(given_hash bytea) TO tijori_auth;
GRANT SELECT ON TABLE tijori.incident_acts TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.incident_acts TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_ops.incident_acts(since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.incident_acts(since timestamp with time zone, until timestamp with time zone) TO tijori_support;
GRANT SELECT ON TABLE tijori.incidents TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.incidents TO tijori_guard;
GRANT UPDATE(closed_at) ON TABLE tijori.incidents TO tijori_guard;
GRANT UPDATE(closed_by) ON TABLE tijori.incidents TO tijori_guard;
GRANT UPDATE(outcome) ON TABLE tijori.incidents TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_ops.incidents() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.incidents() TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.islands(app text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_ops.last_evidence() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.last_evidence() TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.note_use(use_id uuid, app text, asker text, asked text, about text, remark text, work uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.note_use(use_id uuid, app text, asker text, asked text, about text, remark text, work uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.open_account(asker text, account uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.open_account(asker text, account uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.open_incident(title text, who text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.open_incident(title text, who text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.open_work(asker text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.open_work(asker text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.owners_of(objects text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.owners_of(objects text[]) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.record_evidence(number bigint, who text, hash bytea, before bytea, whole bytea, about text, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.record_evidence(number bigint, who text, hash bytea, before bytea, whole bytea, about text, why text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.record_release(node text, version text, migration bigint, fingerprint text, settings jsonb, mode text, accounts jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.record_release(node text, version text, migration bigint, fingerprint text, settings jsonb, mode text, accounts jsonb) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.refuse_frozen(parts integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.refuse_frozen(parts integer) TO tijori_app;
GRANT SELECT ON TABLE tijori.releases TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.releases TO tijori_guard;
REVOKE ALL ON FUNCTION tijori_ops.releases(until timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.releases(until timestamp with time zone, most integer) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.search_accounts(use_id uuid, by text, words text, id uuid, after uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.search_accounts(use_id uuid, by text, words text, id uuid, after uuid, most integer) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.set_clock(seconds bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.set_clock(seconds bigint) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_ops.strangers_among(ids uuid[], mine uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.strangers_among(ids uuid[], mine uuid[]) TO tijori_watch;
REVOKE ALL ON FUNCTION tijori_ops.support_events(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.support_events(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.support_items(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.support_items(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.support_people(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.support_people(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.support_scope(use_id uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_ops.support_subscriptions(use_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.support_subscriptions(use_id uuid) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.support_use(use_id uuid, asker text, asked text, about text, remark text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.support_use(use_id uuid, asker text, asked text, about text, remark text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.take_turn(name text, every interval) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.take_turn(name text, every interval) TO tijori_jobs;
REVOKE ALL ON FUNCTION tijori_ops.tell_complaints(ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.tell_complaints(ids uuid[]) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.tend_access_log(OUT made integer, OUT dropped integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.tend_access_log(OUT made integer, OUT dropped integer) TO tijori_watch;
REVOKE ALL ON FUNCTION tijori_ops.thaw(parts integer, account uuid, who text, why text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.thaw(parts integer, account uuid, who text, why text) TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.untold_complaints() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.untold_complaints() TO tijori_support;
REVOKE ALL ON FUNCTION tijori_ops.without_frozen(hashes bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.without_frozen(hashes bytea[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_ops.without_frozen_customers(hashes bytea[], customers text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_ops.without_frozen_customers(hashes bytea[], customers text[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_ops.write_act(incident integer, who text, act text, about text, reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.add_webhook(new_id uuid, new_url text, sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.add_webhook(new_id uuid, new_url text, sealed bytea) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.app_events(after bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.app_events(after bigint, most integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.begin_import(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.begin_import(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.begin_import_here(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.begin_import_here(new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) TO tijori_billing;
REVOKE ALL ON PROCEDURE tijori_plans.bind_billing(IN tab regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.change_webhook(endpoint uuid, act text, sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.change_webhook(endpoint uuid, act text, sealed bytea) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.check_customers(hashes bytea[], customers text[], origins text[], features text[], needs bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.check_customers(hashes bytea[], customers text[], origins text[], features text[], needs bigint[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.customer_state() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.customer_state() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.end_import() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.end_import() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.end_import_here() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.end_import_here() TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.entitled(account uuid, entitlement text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.forget_events() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.forget_events() TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.forget_imported() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.forget_webhooks(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.forget_webhooks(most integer) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.import_customer(new_id uuid, customer text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.import_customer(new_id uuid, customer text) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.import_file(file uuid, OUT dry_run boolean, OUT created_at timestamp with time zone, OUT finished_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.import_file(file uuid, OUT dry_run boolean, OUT created_at timestamp with time zone, OUT finished_at timestamp with time zone) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.import_lines(file uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.import_lines(file uuid) TO tijori_app;
GRANT SELECT ON TABLE tijori.plans TO tijori_guard;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.plans TO tijori_billing;
GRANT SELECT ON TABLE tijori.plans TO tijori_backup;
REVOKE ALL ON FUNCTION tijori_plans.in_force(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.limit_of(account uuid, limit_name text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.lock_connection(connection text) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.lock_connection(connection text) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.note_span() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.note_state(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.plan(OUT plan_id text, OUT name text, OUT limits jsonb, OUT entitlements text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.plan(OUT plan_id text, OUT name text, OUT limits jsonb, OUT entitlements text[]) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.plan_of(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.plans_in_force(account uuid, app text, at timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.portal() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.portal() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.put_customer(new_id uuid, new_name text, new_email text, new_zone text, OUT created boolean, OUT account uuid, OUT state jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.put_customer(new_id uuid, new_name text, new_email text, new_zone text, OUT created boolean, OUT account uuid, OUT state jsonb) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.renews(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.send_again_here(endpoint uuid, first bigint, last bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.send_again_here(endpoint uuid, first bigint, last bigint) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.send_webhook(endpoint uuid, again bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.send_webhook(endpoint uuid, again bigint) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.shadow_list() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.shadow_list() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.state_of(account uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.tell_lapses() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.tell_lapses() TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.tell_low() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.tell_payment() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.tell_purchase() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.tell_reversal(account uuid, sort text, told_once text, data jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.tell_reversal(account uuid, sort text, told_once text, data jsonb) TO tijori_billing;
REVOKE ALL ON FUNCTION tijori_plans.tell_subscription() FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.webhook_deliveries(endpoint uuid, before bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.webhook_deliveries(endpoint uuid, before bigint, most integer) TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.webhook_list() FROM PUBLIC;
GRANT ALL ON FUNCTION tijori_plans.webhook_list() TO tijori_app;
REVOKE ALL ON FUNCTION tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid, told_once text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tijori_plans.write_import(app text, new_id uuid, dry boolean, lines integer[], customers text[], providers text[], ids text[], brought jsonb[]) FROM PUBLIC;
GRANT SELECT ON TABLE tijori.access_log TO tijori_backup;
GRANT INSERT ON TABLE tijori.access_log TO tijori_log;
GRANT SELECT ON TABLE tijori.access_log TO tijori_watch;
GRANT SELECT(at) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT(request_id) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT(key_id) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT(account_id) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT(route) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT(status) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT(took_ms) ON TABLE tijori.access_log TO tijori_guard;
GRANT SELECT ON TABLE tijori.access_log_allowed TO tijori_backup;
GRANT SELECT ON TABLE tijori.access_log_allowed_rest TO tijori_backup;
GRANT SELECT ON TABLE tijori.access_log_refused TO tijori_backup;
GRANT SELECT ON TABLE tijori.access_log_refused_rest TO tijori_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.accounts TO tijori_guard;
GRANT SELECT ON TABLE tijori.accounts TO tijori_billing;
GRANT SELECT ON TABLE tijori.accounts TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(name),UPDATE(name) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(currency) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(time_zone),UPDATE(time_zone) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(created_at) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(leaving_at) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(erase_at) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(erasing_at) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT(erased_at) ON TABLE tijori.accounts TO tijori_app;
GRANT SELECT,INSERT ON TABLE tijori.alerts TO tijori_billing;
GRANT SELECT ON TABLE tijori.alerts TO tijori_backup;
GRANT UPDATE(state) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(times) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(told_times) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(detail) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(first_at) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(last_at) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(told_at) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(newest_at) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(muted_at) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(muted_until) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(muted_times) ON TABLE tijori.alerts TO tijori_billing;
GRANT UPDATE(muted_newest) ON TABLE tijori.alerts TO tijori_billing;
GRANT SELECT ON TABLE tijori.allowances TO tijori_guard;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.allowances TO tijori_billing;
GRANT SELECT ON TABLE tijori.allowances TO tijori_backup;
GRANT SELECT ON TABLE tijori.app_keys TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.app_keys TO tijori_guard;
GRANT SELECT(app_id) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT(id) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT(kind) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT(name) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT(scopes) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT(hint) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT(created_at) ON TABLE tijori.app_keys TO tijori_billing;
GRANT UPDATE(used_at) ON TABLE tijori.app_keys TO tijori_guard;
GRANT SELECT(used_at) ON TABLE tijori.app_keys TO tijori_billing;
GRANT UPDATE(revoked_at) ON TABLE tijori.app_keys TO tijori_guard;
GRANT SELECT(revoked_at) ON TABLE tijori.app_keys TO tijori_billing;
GRANT SELECT ON TABLE tijori.apps TO tijori_billing;
GRANT SELECT ON TABLE tijori.apps TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.apps TO tijori_guard;
GRANT UPDATE(origins) ON TABLE tijori.apps TO tijori_guard;
GRANT UPDATE(token_generation) ON TABLE tijori.apps TO tijori_guard;
GRANT UPDATE(last_event) ON TABLE tijori.apps TO tijori_guard;
GRANT UPDATE(lapses_to) ON TABLE tijori.apps TO tijori_guard;
GRANT UPDATE(importing_until) ON TABLE tijori.apps TO tijori_guard;
GRANT SELECT ON TABLE tijori.batches TO tijori_app;
GRANT DELETE ON TABLE tijori.batches TO tijori_guard;
GRANT SELECT ON TABLE tijori.batches TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.batches TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.batches TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.batches TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.batches TO tijori_app;
GRANT SELECT(business_id) ON TABLE tijori.batches TO tijori_guard;
GRANT INSERT(id) ON TABLE tijori.batches TO tijori_app;
GRANT SELECT(id) ON TABLE tijori.batches TO tijori_guard;
GRANT INSERT(kind) ON TABLE tijori.batches TO tijori_app;
GRANT SELECT(kind) ON TABLE tijori.batches TO tijori_guard;
GRANT INSERT(name) ON TABLE tijori.batches TO tijori_app;
GRANT INSERT(digest) ON TABLE tijori.batches TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.batches TO tijori_app;
GRANT UPDATE(undone_at) ON TABLE tijori.batches TO tijori_app;
GRANT UPDATE(filled) ON TABLE tijori.batches TO tijori_app;
GRANT SELECT ON TABLE tijori.businesses TO tijori_app;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.businesses TO tijori_guard;
GRANT SELECT ON TABLE tijori.businesses TO tijori_backup;
GRANT INSERT(account_id) ON TABLE tijori.businesses TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.businesses TO tijori_app;
GRANT INSERT(name),UPDATE(name) ON TABLE tijori.businesses TO tijori_app;
GRANT INSERT(currency) ON TABLE tijori.businesses TO tijori_app;
GRANT INSERT(time_zone),UPDATE(time_zone) ON TABLE tijori.businesses TO tijori_app;
GRANT UPDATE(created_at) ON TABLE tijori.businesses TO tijori_guard;
GRANT SELECT ON TABLE tijori.calendar_changes TO tijori_backup;
GRANT INSERT,DELETE ON TABLE tijori.calendar_changes TO tijori_guard;
GRANT SELECT,DELETE ON TABLE tijori.calendar_changes TO tijori_billing;
GRANT SELECT(ctid) ON TABLE tijori.calendar_changes TO tijori_guard;
GRANT SELECT(account_id) ON TABLE tijori.calendar_changes TO tijori_guard;
GRANT SELECT ON TABLE tijori.challenges TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.challenges TO tijori_auth;
GRANT SELECT ON TABLE tijori.changes TO tijori_app;
GRANT INSERT,DELETE ON TABLE tijori.changes TO tijori_guard;
GRANT SELECT ON TABLE tijori.changes TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.changes TO tijori_guard;
GRANT SELECT(account_id) ON TABLE tijori.changes TO tijori_guard;
GRANT SELECT ON TABLE tijori.checkouts TO tijori_app;
GRANT SELECT,INSERT ON TABLE tijori.checkouts TO tijori_billing;
GRANT SELECT ON TABLE tijori.checkouts TO tijori_backup;
GRANT UPDATE(status) ON TABLE tijori.checkouts TO tijori_billing;
GRANT UPDATE(session_id) ON TABLE tijori.checkouts TO tijori_billing;
GRANT UPDATE(subscription_id) ON TABLE tijori.checkouts TO tijori_billing;
GRANT UPDATE(url) ON TABLE tijori.checkouts TO tijori_billing;
GRANT UPDATE(expires_at) ON TABLE tijori.checkouts TO tijori_billing;
GRANT SELECT ON TABLE tijori.connections TO tijori_billing;
GRANT SELECT,INSERT ON TABLE tijori.connections TO tijori_guard;
GRANT SELECT ON TABLE tijori.connections TO tijori_backup;
GRANT UPDATE(mode) ON TABLE tijori.connections TO tijori_guard;
GRANT UPDATE(provider_account) ON TABLE tijori.connections TO tijori_guard;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credentials TO tijori_auth;
GRANT SELECT,DELETE ON TABLE tijori.credentials TO tijori_guard;
GRANT SELECT ON TABLE tijori.credentials TO tijori_backup;
GRANT INSERT(hash) ON TABLE tijori.credentials TO tijori_guard;
GRANT INSERT(id) ON TABLE tijori.credentials TO tijori_guard;
GRANT INSERT(kind) ON TABLE tijori.credentials TO tijori_guard;
GRANT INSERT(user_id) ON TABLE tijori.credentials TO tijori_guard;
GRANT UPDATE(account_id) ON TABLE tijori.credentials TO tijori_auth;
GRANT INSERT(account_id) ON TABLE tijori.credentials TO tijori_guard;
GRANT UPDATE(used_at) ON TABLE tijori.credentials TO tijori_auth;
GRANT UPDATE(used_at) ON TABLE tijori.credentials TO tijori_guard;
GRANT UPDATE(expires_at) ON TABLE tijori.credentials TO tijori_auth;
GRANT INSERT(expires_at) ON TABLE tijori.credentials TO tijori_guard;
GRANT UPDATE(revoked_at) ON TABLE tijori.credentials TO tijori_auth;
GRANT UPDATE(revoked_at) ON TABLE tijori.credentials TO tijori_guard;
GRANT INSERT(name) ON TABLE tijori.credentials TO tijori_guard;
GRANT INSERT(scopes) ON TABLE tijori.credentials TO tijori_guard;
GRANT INSERT(hint) ON TABLE tijori.credentials TO tijori_guard;
GRANT UPDATE(proven_at) ON TABLE tijori.credentials TO tijori_auth;
GRANT UPDATE(strong_at) ON TABLE tijori.credentials TO tijori_auth;
GRANT SELECT,INSERT ON TABLE tijori.credit_anchors TO tijori_billing;
GRANT DELETE ON TABLE tijori.credit_anchors TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_anchors TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.credit_anchors TO tijori_guard;
GRANT SELECT(account_id) ON TABLE tijori.credit_anchors TO tijori_guard;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.credit_balances TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_balances TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_balances TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.credit_balances TO tijori_app;
GRANT SELECT(meter) ON TABLE tijori.credit_balances TO tijori_app;
GRANT SELECT(balance) ON TABLE tijori.credit_balances TO tijori_app;
GRANT SELECT(held) ON TABLE tijori.credit_balances TO tijori_app;
GRANT SELECT(entries) ON TABLE tijori.credit_balances TO tijori_app;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credit_calendars TO tijori_guard;
GRANT SELECT,INSERT ON TABLE tijori.credit_calendars TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_calendars TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.credit_calendars TO tijori_app;
GRANT SELECT(meter) ON TABLE tijori.credit_calendars TO tijori_app;
GRANT SELECT(next_at) ON TABLE tijori.credit_calendars TO tijori_app;
GRANT UPDATE(next_at) ON TABLE tijori.credit_calendars TO tijori_billing;
GRANT SELECT(next_amount) ON TABLE tijori.credit_calendars TO tijori_app;
GRANT UPDATE(next_amount) ON TABLE tijori.credit_calendars TO tijori_billing;
GRANT UPDATE(due_at) ON TABLE tijori.credit_calendars TO tijori_billing;
GRANT UPDATE(worked_to) ON TABLE tijori.credit_calendars TO tijori_billing;
GRANT UPDATE(sources) ON TABLE tijori.credit_calendars TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_entries TO tijori_app;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credit_entries TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_entries TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_entries TO tijori_backup;
GRANT SELECT ON TABLE tijori.credit_grants TO tijori_app;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credit_grants TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_grants TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_grants TO tijori_backup;
GRANT SELECT ON TABLE tijori.credit_holds TO tijori_app;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credit_holds TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_holds TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_holds TO tijori_backup;
GRANT UPDATE(status) ON TABLE tijori.credit_holds TO tijori_guard;
GRANT UPDATE(captured) ON TABLE tijori.credit_holds TO tijori_guard;
GRANT UPDATE(entry) ON TABLE tijori.credit_holds TO tijori_guard;
GRANT UPDATE(left_after) ON TABLE tijori.credit_holds TO tijori_guard;
GRANT UPDATE(ended_at) ON TABLE tijori.credit_holds TO tijori_guard;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credit_lots TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_lots TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_lots TO tijori_backup;
GRANT UPDATE(lot_left) ON TABLE tijori.credit_lots TO tijori_guard;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.credit_reclaims TO tijori_guard;
GRANT SELECT ON TABLE tijori.credit_reclaims TO tijori_billing;
GRANT SELECT ON TABLE tijori.credit_reclaims TO tijori_backup;
GRANT UPDATE(total) ON TABLE tijori.credit_reclaims TO tijori_guard;
GRANT UPDATE(taken) ON TABLE tijori.credit_reclaims TO tijori_guard;
GRANT UPDATE(why) ON TABLE tijori.credit_reclaims TO tijori_guard;
GRANT SELECT ON TABLE tijori.customer_requests TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.customer_requests TO tijori_billing;
GRANT DELETE ON TABLE tijori.customer_requests TO tijori_guard;
GRANT SELECT(ctid) ON TABLE tijori.customer_requests TO tijori_guard;
GRANT SELECT(account_id) ON TABLE tijori.customer_requests TO tijori_guard;
GRANT UPDATE(answer) ON TABLE tijori.customer_requests TO tijori_billing;
GRANT SELECT ON TABLE tijori.customer_tokens TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.customer_tokens TO tijori_guard;
GRANT SELECT ON TABLE tijori.deliveries TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.deliveries TO tijori_guard;
GRANT SELECT ON TABLE tijori.deliveries TO tijori_billing;
GRANT UPDATE(status) ON TABLE tijori.deliveries TO tijori_guard;
GRANT UPDATE(status) ON TABLE tijori.deliveries TO tijori_billing;
GRANT UPDATE(attempts) ON TABLE tijori.deliveries TO tijori_guard;
GRANT UPDATE(attempts) ON TABLE tijori.deliveries TO tijori_billing;
GRANT UPDATE(next_at) ON TABLE tijori.deliveries TO tijori_guard;
GRANT UPDATE(next_at) ON TABLE tijori.deliveries TO tijori_billing;
GRANT UPDATE(answer) ON TABLE tijori.deliveries TO tijori_billing;
GRANT UPDATE(error) ON TABLE tijori.deliveries TO tijori_guard;
GRANT UPDATE(error) ON TABLE tijori.deliveries TO tijori_billing;
GRANT UPDATE(delivered_at) ON TABLE tijori.deliveries TO tijori_guard;
GRANT UPDATE(delivered_at) ON TABLE tijori.deliveries TO tijori_billing;
GRANT SELECT ON TABLE tijori.delivery_tries TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.delivery_tries TO tijori_billing;
GRANT SELECT ON TABLE tijori.devices TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.devices TO tijori_auth;
GRANT UPDATE(hash) ON TABLE tijori.devices TO tijori_auth;
GRANT SELECT ON TABLE tijori.drafts TO tijori_app;
GRANT DELETE ON TABLE tijori.drafts TO tijori_guard;
GRANT SELECT ON TABLE tijori.drafts TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.drafts TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.drafts TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.drafts TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.drafts TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.drafts TO tijori_app;
GRANT INSERT(name) ON TABLE tijori.drafts TO tijori_app;
GRANT INSERT(body),UPDATE(body) ON TABLE tijori.drafts TO tijori_app;
GRANT INSERT(writer),UPDATE(writer) ON TABLE tijori.drafts TO tijori_app;
GRANT SELECT ON TABLE tijori.email_changes TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.email_changes TO tijori_auth;
GRANT SELECT ON TABLE tijori.email_changes TO tijori_guard;
GRANT UPDATE(old_hash) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(new_hash) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(back_hash) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(old_at) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(new_at) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(done_at) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(ended_at) ON TABLE tijori.email_changes TO tijori_auth;
GRANT UPDATE(back_until) ON TABLE tijori.email_changes TO tijori_auth;
GRANT SELECT ON TABLE tijori.entries TO tijori_app;
GRANT DELETE ON TABLE tijori.entries TO tijori_guard;
GRANT SELECT ON TABLE tijori.entries TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(business_id) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(id) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(id) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(party_id),UPDATE(party_id) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(party_id) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(side),UPDATE(side) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(side) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(amount_minor),UPDATE(amount_minor) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(amount_minor) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(business_date),UPDATE(business_date) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(business_date) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(note),UPDATE(note) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(note) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(opening),UPDATE(opening) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(opening) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(batch_id) ON TABLE tijori.entries TO tijori_app;
GRANT INSERT(request_hash) ON TABLE tijori.entries TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(created_by) ON TABLE tijori.entries TO tijori_guard;
GRANT SELECT(created_at) ON TABLE tijori.entries TO tijori_guard;
GRANT SELECT(updated_at) ON TABLE tijori.entries TO tijori_guard;
GRANT UPDATE(deleted_at) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(deleted_at) ON TABLE tijori.entries TO tijori_guard;
GRANT SELECT(version) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(mode),UPDATE(mode) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(mode) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(cheque_date),UPDATE(cheque_date) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(cheque_date) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(cheque_state),UPDATE(cheque_state) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(cheque_state) ON TABLE tijori.entries TO tijori_guard;
GRANT INSERT(reverses) ON TABLE tijori.entries TO tijori_app;
GRANT SELECT(reverses) ON TABLE tijori.entries TO tijori_guard;
GRANT SELECT ON TABLE tijori.erasures TO tijori_guard;
GRANT SELECT ON TABLE tijori.erasures TO tijori_backup;
GRANT SELECT ON TABLE tijori.events TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.events TO tijori_guard;
GRANT SELECT ON TABLE tijori.events TO tijori_billing;
GRANT SELECT ON TABLE tijori.goose_db_version TO tijori_app;
GRANT SELECT ON TABLE tijori.goose_db_version TO tijori_backup;
GRANT SELECT ON SEQUENCE tijori.goose_db_version_id_seq TO tijori_backup;
GRANT SELECT ON TABLE tijori.import_rows TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.import_rows TO tijori_guard;
GRANT SELECT ON TABLE tijori.import_rows TO tijori_billing;
GRANT UPDATE(outcome) ON TABLE tijori.import_rows TO tijori_billing;
GRANT UPDATE(detail) ON TABLE tijori.import_rows TO tijori_billing;
GRANT UPDATE(found) ON TABLE tijori.import_rows TO tijori_billing;
GRANT UPDATE(attempts) ON TABLE tijori.import_rows TO tijori_billing;
GRANT UPDATE(next_at) ON TABLE tijori.import_rows TO tijori_billing;
GRANT SELECT ON TABLE tijori.imports TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.imports TO tijori_guard;
GRANT SELECT,DELETE ON TABLE tijori.imports TO tijori_billing;
GRANT UPDATE(finished_at) ON TABLE tijori.imports TO tijori_billing;
GRANT SELECT,INSERT ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT ON TABLE tijori.inbox TO tijori_backup;
GRANT DELETE ON TABLE tijori.inbox TO tijori_guard;
GRANT SELECT(connection_id) ON TABLE tijori.inbox TO tijori_guard;
GRANT SELECT(event_id) ON TABLE tijori.inbox TO tijori_guard;
GRANT SELECT(provider) ON TABLE tijori.inbox TO tijori_guard;
GRANT SELECT(type) ON TABLE tijori.inbox TO tijori_guard;
GRANT SELECT(subject) ON TABLE tijori.inbox TO tijori_guard;
GRANT SELECT(status) ON TABLE tijori.inbox TO tijori_guard;
GRANT UPDATE(status) ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT(received_at) ON TABLE tijori.inbox TO tijori_guard;
GRANT UPDATE(deliveries) ON TABLE tijori.inbox TO tijori_billing;
GRANT UPDATE(delivered_at) ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT(attempts) ON TABLE tijori.inbox TO tijori_guard;
GRANT UPDATE(attempts) ON TABLE tijori.inbox TO tijori_billing;
GRANT UPDATE(next_attempt_at) ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT(last_error) ON TABLE tijori.inbox TO tijori_guard;
GRANT UPDATE(last_error) ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT(applied_at) ON TABLE tijori.inbox TO tijori_guard;
GRANT UPDATE(applied_at) ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT(account_id) ON TABLE tijori.inbox TO tijori_guard;
GRANT UPDATE(account_id) ON TABLE tijori.inbox TO tijori_billing;
GRANT SELECT,DELETE ON TABLE tijori.invitations TO tijori_guard;
GRANT SELECT ON TABLE tijori.invitations TO tijori_backup;
GRANT SELECT(account_id),INSERT(account_id) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(id),INSERT(id) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(business_id),INSERT(business_id) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(email),INSERT(email) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(role),INSERT(role) ON TABLE tijori.invitations TO tijori_app;
GRANT UPDATE(token_hash) ON TABLE tijori.invitations TO tijori_guard;
GRANT SELECT(invited_by),INSERT(invited_by) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(created_at) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(expires_at),INSERT(expires_at),UPDATE(expires_at) ON TABLE tijori.invitations TO tijori_app;
GRANT SELECT(accepted_at) ON TABLE tijori.invitations TO tijori_app;
GRANT UPDATE(accepted_at) ON TABLE tijori.invitations TO tijori_guard;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE tijori.invitations TO tijori_app;
GRANT UPDATE(revoked_at) ON TABLE tijori.invitations TO tijori_guard;
GRANT SELECT ON TABLE tijori.invoices TO tijori_app;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.invoices TO tijori_billing;
GRANT SELECT ON TABLE tijori.invoices TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(connection_id) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(id) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(number) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(status) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(amount_minor) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(currency) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(issued_at) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT(paid_at) ON TABLE tijori.invoices TO tijori_guard;
GRANT UPDATE(url) ON TABLE tijori.invoices TO tijori_guard;
GRANT SELECT ON TABLE tijori.merges TO tijori_backup;
GRANT SELECT ON TABLE tijori.merges TO tijori_app;
GRANT DELETE ON TABLE tijori.merges TO tijori_guard;
GRANT SELECT(ctid) ON TABLE tijori.merges TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.merges TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.merges TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(from_party) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(into_party) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(opening_id) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(filled) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.merges TO tijori_app;
GRANT INSERT(created_by_name) ON TABLE tijori.merges TO tijori_app;
GRANT UPDATE(undone_at) ON TABLE tijori.merges TO tijori_app;
GRANT SELECT ON TABLE tijori.meters TO tijori_guard;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.meters TO tijori_billing;
GRANT SELECT ON TABLE tijori.meters TO tijori_backup;
GRANT SELECT ON TABLE tijori.notices TO tijori_backup;
GRANT SELECT,DELETE ON TABLE tijori.notices TO tijori_auth;
GRANT INSERT ON TABLE tijori.notices TO tijori_guard;
GRANT UPDATE(queued_at) ON TABLE tijori.notices TO tijori_auth;
GRANT SELECT,INSERT ON TABLE tijori.operator_acts TO tijori_billing;
GRANT SELECT ON TABLE tijori.operator_acts TO tijori_backup;
GRANT SELECT(app_id) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT(at) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT(who) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT(act) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT(subject) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT(reason) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT(detail) ON TABLE tijori.operator_acts TO tijori_guard;
GRANT SELECT ON TABLE tijori.parties TO tijori_app;
GRANT DELETE ON TABLE tijori.parties TO tijori_guard;
GRANT SELECT ON TABLE tijori.parties TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(business_id) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(id) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(id) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(kind),UPDATE(kind) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(kind) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(name),UPDATE(name) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(name) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(name_key),UPDATE(name_key) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(name_key) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(phone),UPDATE(phone) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(phone) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(note),UPDATE(note) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(note) ON TABLE tijori.parties TO tijori_guard;
GRANT INSERT(batch_id) ON TABLE tijori.parties TO tijori_app;
GRANT INSERT(request_hash) ON TABLE tijori.parties TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(created_by) ON TABLE tijori.parties TO tijori_guard;
GRANT SELECT(created_at) ON TABLE tijori.parties TO tijori_guard;
GRANT SELECT(updated_at) ON TABLE tijori.parties TO tijori_guard;
GRANT UPDATE(deleted_at) ON TABLE tijori.parties TO tijori_app;
GRANT SELECT(deleted_at) ON TABLE tijori.parties TO tijori_guard;
GRANT SELECT(version) ON TABLE tijori.parties TO tijori_guard;
GRANT SELECT(sound_key) ON TABLE tijori.parties TO tijori_guard;
GRANT SELECT ON TABLE tijori.party_sums TO tijori_app;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.party_sums TO tijori_guard;
GRANT SELECT ON TABLE tijori.party_sums TO tijori_backup;
GRANT SELECT ON TABLE tijori.passkeys TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.passkeys TO tijori_auth;
GRANT UPDATE(name) ON TABLE tijori.passkeys TO tijori_auth;
GRANT UPDATE(sign_count) ON TABLE tijori.passkeys TO tijori_auth;
GRANT UPDATE(backed_up) ON TABLE tijori.passkeys TO tijori_auth;
GRANT UPDATE(used_at) ON TABLE tijori.passkeys TO tijori_auth;
GRANT UPDATE(copied_at) ON TABLE tijori.passkeys TO tijori_auth;
GRANT SELECT ON TABLE tijori.payees TO tijori_app;
GRANT SELECT,DELETE ON TABLE tijori.payees TO tijori_guard;
GRANT SELECT ON TABLE tijori.payees TO tijori_backup;
GRANT INSERT(account_id) ON TABLE tijori.payees TO tijori_app;
GRANT INSERT(business_id) ON TABLE tijori.payees TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.payees TO tijori_app;
GRANT INSERT(upi_id) ON TABLE tijori.payees TO tijori_app;
GRANT INSERT(payee_name) ON TABLE tijori.payees TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.payees TO tijori_app;
GRANT INSERT(created_by_name) ON TABLE tijori.payees TO tijori_app;
GRANT SELECT ON TABLE tijori.payments TO tijori_app;
GRANT SELECT,INSERT ON TABLE tijori.payments TO tijori_billing;
GRANT SELECT ON TABLE tijori.payments TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(connection_id) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(id) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(subscription_id) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(invoice_id) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(amount_minor) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(currency) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(paid_at) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT(recorded_at) ON TABLE tijori.payments TO tijori_guard;
GRANT SELECT ON TABLE tijori.period_locks TO tijori_app;
GRANT SELECT,DELETE ON TABLE tijori.period_locks TO tijori_guard;
GRANT SELECT ON TABLE tijori.period_locks TO tijori_backup;
GRANT INSERT(account_id) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(business_id) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(locked_from) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(locked_until) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(reason) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.period_locks TO tijori_app;
GRANT INSERT(created_by_name) ON TABLE tijori.period_locks TO tijori_app;
GRANT SELECT ON TABLE tijori.plan_spans TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(plan_id) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(price_id) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(period) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(currency) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(monthly_minor) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(began_at) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT UPDATE(until_at) ON TABLE tijori.plan_spans TO tijori_guard;
GRANT SELECT ON TABLE tijori.prices TO tijori_guard;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.prices TO tijori_billing;
GRANT SELECT ON TABLE tijori.prices TO tijori_backup;
GRANT SELECT ON TABLE tijori.probe_days TO tijori_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.probe_days TO tijori_watch;
GRANT SELECT ON TABLE tijori.probe_lines TO tijori_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.probe_lines TO tijori_watch;
GRANT SELECT ON TABLE tijori.probe_outages TO tijori_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.probe_outages TO tijori_watch;
GRANT SELECT,INSERT ON TABLE tijori.provider_customers TO tijori_billing;
GRANT SELECT ON TABLE tijori.provider_customers TO tijori_backup;
GRANT UPDATE(customer_id) ON TABLE tijori.provider_customers TO tijori_billing;
GRANT UPDATE(generation) ON TABLE tijori.provider_customers TO tijori_billing;
GRANT UPDATE(claimed_at) ON TABLE tijori.provider_customers TO tijori_billing;
GRANT SELECT,INSERT ON TABLE tijori.provider_directory TO tijori_billing;
GRANT SELECT ON TABLE tijori.provider_directory TO tijori_backup;
GRANT SELECT(connection_id) ON TABLE tijori.provider_directory TO tijori_guard;
GRANT SELECT(kind) ON TABLE tijori.provider_directory TO tijori_guard;
GRANT SELECT(provider_id) ON TABLE tijori.provider_directory TO tijori_guard;
GRANT SELECT(account_id) ON TABLE tijori.provider_directory TO tijori_guard;
GRANT UPDATE(created_at) ON TABLE tijori.provider_directory TO tijori_billing;
GRANT SELECT ON TABLE tijori.purchases TO tijori_app;
GRANT SELECT,INSERT ON TABLE tijori.purchases TO tijori_billing;
GRANT SELECT ON TABLE tijori.purchases TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(id) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(connection_id) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(provider) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(top_up_id) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(meter) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(credits) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(amount_minor) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT(currency) ON TABLE tijori.purchases TO tijori_guard;
GRANT UPDATE(status) ON TABLE tijori.purchases TO tijori_billing;
GRANT SELECT(status) ON TABLE tijori.purchases TO tijori_guard;
GRANT UPDATE(provider_id) ON TABLE tijori.purchases TO tijori_billing;
GRANT SELECT(provider_id) ON TABLE tijori.purchases TO tijori_guard;
GRANT UPDATE(url) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(expires_at) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(paid_at) ON TABLE tijori.purchases TO tijori_billing;
GRANT SELECT(paid_at) ON TABLE tijori.purchases TO tijori_guard;
GRANT UPDATE(payment_id) ON TABLE tijori.purchases TO tijori_billing;
GRANT SELECT(payment_id) ON TABLE tijori.purchases TO tijori_guard;
GRANT UPDATE(refunded_minor) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(lost_minor) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(lost_disputes) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(taken_back) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(held_back) ON TABLE tijori.purchases TO tijori_billing;
GRANT UPDATE(charge_id) ON TABLE tijori.purchases TO tijori_billing;
GRANT SELECT(charge_id) ON TABLE tijori.purchases TO tijori_guard;
GRANT SELECT,INSERT ON TABLE tijori.reconcile_findings TO tijori_billing;
GRANT SELECT ON TABLE tijori.reconcile_findings TO tijori_backup;
GRANT UPDATE(outcome) ON TABLE tijori.reconcile_findings TO tijori_billing;
GRANT UPDATE(detail) ON TABLE tijori.reconcile_findings TO tijori_billing;
GRANT UPDATE(found_at) ON TABLE tijori.reconcile_findings TO tijori_billing;
GRANT SELECT,INSERT ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT SELECT ON TABLE tijori.reconcile_runs TO tijori_backup;
GRANT UPDATE(state) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(phase) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(cursor) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(lease_until) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(finished_at) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(calls) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(looked) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(differ) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(repaired) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(queued) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(failed) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT UPDATE(note) ON TABLE tijori.reconcile_runs TO tijori_billing;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.reconcile_seen TO tijori_billing;
GRANT SELECT ON TABLE tijori.reconcile_seen TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.recoveries TO tijori_auth;
GRANT DELETE ON TABLE tijori.recoveries TO tijori_guard;
GRANT SELECT ON TABLE tijori.recoveries TO tijori_backup;
GRANT SELECT(email) ON TABLE tijori.recoveries TO tijori_guard;
GRANT UPDATE(user_id) ON TABLE tijori.recoveries TO tijori_auth;
GRANT SELECT(user_id) ON TABLE tijori.recoveries TO tijori_guard;
GRANT UPDATE(token_hash) ON TABLE tijori.recoveries TO tijori_auth;
GRANT UPDATE(expires_at) ON TABLE tijori.recoveries TO tijori_auth;
GRANT UPDATE(used_at) ON TABLE tijori.recoveries TO tijori_auth;
GRANT SELECT ON TABLE tijori.recovery_codes TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.recovery_codes TO tijori_auth;
GRANT UPDATE(used_at) ON TABLE tijori.recovery_codes TO tijori_auth;
GRANT SELECT ON TABLE tijori.reminders TO tijori_app;
GRANT DELETE ON TABLE tijori.reminders TO tijori_guard;
GRANT SELECT ON TABLE tijori.reminders TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.reminders TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.reminders TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.reminders TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(party_id) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(balance) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(channel) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(locale) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.reminders TO tijori_app;
GRANT INSERT(created_by_name) ON TABLE tijori.reminders TO tijori_app;
GRANT SELECT,INSERT ON TABLE tijori.review_items TO tijori_billing;
GRANT SELECT ON TABLE tijori.review_items TO tijori_backup;
GRANT SELECT(connection_id) ON TABLE tijori.review_items TO tijori_guard;
GRANT SELECT(key) ON TABLE tijori.review_items TO tijori_guard;
GRANT SELECT(provider) ON TABLE tijori.review_items TO tijori_guard;
GRANT SELECT(reason) ON TABLE tijori.review_items TO tijori_guard;
GRANT UPDATE(reason) ON TABLE tijori.review_items TO tijori_billing;
GRANT SELECT(detail) ON TABLE tijori.review_items TO tijori_guard;
GRANT UPDATE(detail) ON TABLE tijori.review_items TO tijori_billing;
GRANT SELECT(account_id) ON TABLE tijori.review_items TO tijori_guard;
GRANT UPDATE(account_id) ON TABLE tijori.review_items TO tijori_billing;
GRANT SELECT(subscription_id) ON TABLE tijori.review_items TO tijori_guard;
GRANT SELECT(event_id) ON TABLE tijori.review_items TO tijori_guard;
GRANT SELECT(status) ON TABLE tijori.review_items TO tijori_guard;
GRANT UPDATE(status) ON TABLE tijori.review_items TO tijori_billing;
GRANT SELECT(opened_at) ON TABLE tijori.review_items TO tijori_guard;
GRANT UPDATE(seen_at) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(times) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(resolved_at) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(resolved_by) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(resolution) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(gravity) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(due_at) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(turned_at) ON TABLE tijori.review_items TO tijori_billing;
GRANT UPDATE(snoozed_until) ON TABLE tijori.review_items TO tijori_billing;
GRANT SELECT ON TABLE tijori.roles TO tijori_guard;
GRANT SELECT ON TABLE tijori.roles TO tijori_backup;
GRANT SELECT ON TABLE tijori.schema_compat TO tijori_app;
GRANT SELECT ON TABLE tijori.schema_compat TO tijori_backup;
GRANT SELECT ON TABLE tijori.security_kinds TO tijori_backup;
GRANT SELECT ON TABLE tijori.security_kinds TO tijori_guard;
GRANT SELECT ON TABLE tijori.security_log TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.security_log TO tijori_guard;
GRANT UPDATE(network) ON TABLE tijori.security_log TO tijori_guard;
GRANT UPDATE(user_agent) ON TABLE tijori.security_log TO tijori_guard;
GRANT SELECT ON TABLE tijori.service_clock TO tijori_guard;
GRANT SELECT ON TABLE tijori.service_clock TO tijori_billing;
GRANT SELECT ON TABLE tijori.service_clock TO tijori_jobs;
GRANT SELECT ON TABLE tijori.service_clock TO tijori_backup;
GRANT UPDATE(offset_seconds) ON TABLE tijori.service_clock TO tijori_guard;
GRANT SELECT ON TABLE tijori.shadow_checks TO tijori_backup;
GRANT SELECT,DELETE ON TABLE tijori.shadow_checks TO tijori_guard;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.shadow_checks TO tijori_billing;
GRANT UPDATE(agreed) ON TABLE tijori.shadow_checks TO tijori_billing;
GRANT UPDATE(only_here) ON TABLE tijori.shadow_checks TO tijori_billing;
GRANT UPDATE(only_there) ON TABLE tijori.shadow_checks TO tijori_billing;
GRANT UPDATE(last_at) ON TABLE tijori.shadow_checks TO tijori_billing;
GRANT SELECT,DELETE ON TABLE tijori.shares TO tijori_guard;
GRANT SELECT ON TABLE tijori.shares TO tijori_backup;
GRANT SELECT(account_id),INSERT(account_id) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(business_id),INSERT(business_id) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(id),INSERT(id) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(party_id),INSERT(party_id) ON TABLE tijori.shares TO tijori_app;
GRANT INSERT(token_hash) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(from_date),INSERT(from_date) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(to_date),INSERT(to_date) ON TABLE tijori.shares TO tijori_app;
GRANT INSERT(digest) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(created_by),INSERT(created_by) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(created_by_name),INSERT(created_by_name) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(created_at) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(expires_at),INSERT(expires_at) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE tijori.shares TO tijori_app;
GRANT UPDATE(revoked_at) ON TABLE tijori.shares TO tijori_guard;
GRANT SELECT(revoked_by) ON TABLE tijori.shares TO tijori_app;
GRANT SELECT ON TABLE tijori.sign_in_failures TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.sign_in_failures TO tijori_auth;
GRANT SELECT,DELETE ON TABLE tijori.sign_in_failures TO tijori_guard;
GRANT UPDATE(id) ON TABLE tijori.sign_in_failures TO tijori_guard;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.signups TO tijori_auth;
GRANT DELETE ON TABLE tijori.signups TO tijori_guard;
GRANT SELECT ON TABLE tijori.signups TO tijori_backup;
GRANT SELECT(email) ON TABLE tijori.signups TO tijori_guard;
GRANT UPDATE(token_hash) ON TABLE tijori.signups TO tijori_auth;
GRANT UPDATE(expires_at) ON TABLE tijori.signups TO tijori_auth;
GRANT SELECT ON TABLE tijori.subscriptions TO tijori_app;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.subscriptions TO tijori_billing;
GRANT SELECT ON TABLE tijori.subscriptions TO tijori_backup;
GRANT SELECT(account_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(connection_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(app_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(provider) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(customer_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(status) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(provider_status) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(price_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(plan_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(period) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(period_start) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(period_end) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(paid_through) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(paid_from) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(paid_price_id) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(access_until) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(failed_at) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(cancel_at_period_end) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(cancel_at) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(trial_end) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(ended_at) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(seen_at) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(changed_at) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT(quantity) ON TABLE tijori.subscriptions TO tijori_guard;
GRANT SELECT,INSERT ON TABLE tijori.support_uses TO tijori_guard;
GRANT SELECT ON TABLE tijori.support_uses TO tijori_billing;
GRANT SELECT ON TABLE tijori.support_uses TO tijori_backup;
GRANT UPDATE(subject) ON TABLE tijori.support_uses TO tijori_guard;
GRANT SELECT ON TABLE tijori.tasks TO tijori_app;
GRANT DELETE ON TABLE tijori.tasks TO tijori_guard;
GRANT SELECT ON TABLE tijori.tasks TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.tasks TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.tasks TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.tasks TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.tasks TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.tasks TO tijori_app;
GRANT INSERT(kind) ON TABLE tijori.tasks TO tijori_app;
GRANT UPDATE(state) ON TABLE tijori.tasks TO tijori_app;
GRANT INSERT(done),UPDATE(done) ON TABLE tijori.tasks TO tijori_app;
GRANT UPDATE(total) ON TABLE tijori.tasks TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.tasks TO tijori_app;
GRANT UPDATE(seen_at) ON TABLE tijori.tasks TO tijori_app;
GRANT SELECT(seen_at) ON TABLE tijori.tasks TO tijori_guard;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.throttles TO tijori_auth;
GRANT SELECT ON TABLE tijori.throttles TO tijori_backup;
GRANT SELECT ON TABLE tijori.till_counts TO tijori_backup;
GRANT SELECT ON TABLE tijori.till_counts TO tijori_app;
GRANT DELETE ON TABLE tijori.till_counts TO tijori_guard;
GRANT SELECT(ctid) ON TABLE tijori.till_counts TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.till_counts TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.till_counts TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.till_counts TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.till_counts TO tijori_app;
GRANT INSERT(business_date) ON TABLE tijori.till_counts TO tijori_app;
GRANT INSERT(closing) ON TABLE tijori.till_counts TO tijori_app;
GRANT INSERT(amount_minor) ON TABLE tijori.till_counts TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.till_counts TO tijori_app;
GRANT INSERT(created_by_name) ON TABLE tijori.till_counts TO tijori_app;
GRANT SELECT ON TABLE tijori.totps TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.totps TO tijori_auth;
GRANT UPDATE(sealed) ON TABLE tijori.totps TO tijori_auth;
GRANT UPDATE(created_at) ON TABLE tijori.totps TO tijori_auth;
GRANT UPDATE(confirmed_at) ON TABLE tijori.totps TO tijori_auth;
GRANT UPDATE(last_step) ON TABLE tijori.totps TO tijori_auth;
GRANT SELECT ON TABLE tijori.turns TO tijori_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.turns TO tijori_guard;
GRANT SELECT ON TABLE tijori.uploads TO tijori_app;
GRANT DELETE ON TABLE tijori.uploads TO tijori_guard;
GRANT SELECT ON TABLE tijori.uploads TO tijori_backup;
GRANT SELECT(ctid) ON TABLE tijori.uploads TO tijori_guard;
GRANT INSERT(account_id) ON TABLE tijori.uploads TO tijori_app;
GRANT SELECT(account_id) ON TABLE tijori.uploads TO tijori_guard;
GRANT INSERT(business_id) ON TABLE tijori.uploads TO tijori_app;
GRANT INSERT(id) ON TABLE tijori.uploads TO tijori_app;
GRANT INSERT(name) ON TABLE tijori.uploads TO tijori_app;
GRANT INSERT(body),UPDATE(body) ON TABLE tijori.uploads TO tijori_app;
GRANT INSERT(created_by) ON TABLE tijori.uploads TO tijori_app;
GRANT SELECT(expires_at) ON TABLE tijori.uploads TO tijori_guard;
GRANT SELECT,INSERT ON TABLE tijori.users TO tijori_auth;
GRANT DELETE ON TABLE tijori.users TO tijori_guard;
GRANT SELECT ON TABLE tijori.users TO tijori_backup;
GRANT SELECT(id) ON TABLE tijori.users TO tijori_guard;
GRANT SELECT(email) ON TABLE tijori.users TO tijori_guard;
GRANT UPDATE(email) ON TABLE tijori.users TO tijori_auth;
GRANT UPDATE(name) ON TABLE tijori.users TO tijori_auth;
GRANT SELECT(name) ON TABLE tijori.users TO tijori_guard;
GRANT UPDATE(password_hash) ON TABLE tijori.users TO tijori_auth;
GRANT UPDATE(locale) ON TABLE tijori.users TO tijori_auth;
GRANT SELECT(locale) ON TABLE tijori.users TO tijori_guard;
GRANT UPDATE(created_at) ON TABLE tijori.users TO tijori_guard;
GRANT UPDATE(two_step) ON TABLE tijori.users TO tijori_auth;
GRANT SELECT(two_step) ON TABLE tijori.users TO tijori_guard;
GRANT SELECT ON TABLE tijori.watch_acts TO tijori_backup;
GRANT SELECT,INSERT ON TABLE tijori.watch_acts TO tijori_watch;
GRANT SELECT ON TABLE tijori.watch_alerts TO tijori_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE tijori.watch_alerts TO tijori_watch;
GRANT SELECT ON TABLE tijori.watch_cursor TO tijori_backup;
GRANT SELECT,UPDATE ON TABLE tijori.watch_cursor TO tijori_watch;
GRANT SELECT ON TABLE tijori.watch_hours TO tijori_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.watch_hours TO tijori_watch;
GRANT SELECT ON TABLE tijori.watch_visits TO tijori_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tijori.watch_visits TO tijori_watch;
GRANT SELECT ON TABLE tijori.webhook_endpoints TO tijori_backup;
GRANT SELECT,INSERT,DELETE ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT SELECT ON TABLE tijori.webhook_endpoints TO tijori_billing;
GRANT UPDATE(secret) ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT UPDATE(old_secret) ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT UPDATE(old_until) ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT UPDATE(state) ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT UPDATE(state) ON TABLE tijori.webhook_endpoints TO tijori_billing;
GRANT UPDATE(reason) ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT UPDATE(reason) ON TABLE tijori.webhook_endpoints TO tijori_billing;
GRANT UPDATE(failing_since) ON TABLE tijori.webhook_endpoints TO tijori_guard;
GRANT UPDATE(failing_since) ON TABLE tijori.webhook_endpoints TO tijori_billing;
