-- +goose Up
-- compatible from: 1001
-- The day a leak is suspected: incidents, what is frozen meanwhile, and a log of who did what. Operators reach them
-- through the functions below and nothing else; each of them writes the log in the same transaction.

create table tijori.incidents (
    id integer not null,
    title text not null,
    opened_at timestamptz not null default now(),
    opened_by text not null,
    closed_at timestamptz,
    closed_by text,
    outcome text,
    constraint incidents_pkey primary key (id),
    constraint incidents_title_check check (length(title) between 1 and 200),
    constraint incidents_who_check check (length(opened_by) between 1 and 254 and length(closed_by) between 1 and 254),
    constraint incidents_closed_check check ((closed_at is null) = (closed_by is null)
        and (closed_at is null) = (outcome is null) and length(outcome) between 1 and 1000)
);
comment on column tijori.incidents.outcome is 'what it was and what was done, as who closed it says';

-- One row for each part that was stopped, for one account or, without one, for everybody. The bits are those of package
-- freeze.
create table tijori.freezes (
    id uuid not null,
    incident integer not null,
    part integer not null,
    account_id uuid,
    frozen_at timestamptz not null default now(),
    frozen_by text not null,
    reason text not null,
    thawed_at timestamptz,
    thawed_by text,
    thaw_reason text,
    constraint freezes_pkey primary key (id),
    constraint freezes_incident_fkey foreign key (incident) references tijori.incidents (id),
    constraint freezes_part_check check (part in (1, 2, 4, 8, 16, 32)),
    constraint freezes_who_check check (length(frozen_by) between 1 and 254 and length(thawed_by) between 1 and 254),
    constraint freezes_reason_check check (length(reason) between 1 and 1000 and length(thaw_reason) between 1 and 1000),
    constraint freezes_thawed_check check ((thawed_at is null) = (thawed_by is null)
        and (thawed_at is null) = (thaw_reason is null))
);
create unique index freezes_once_key on tijori.freezes (account_id, part) nulls not distinct where thawed_at is null;

create table tijori.incident_acts (
    id uuid not null,
    at timestamptz not null default clock_timestamp(),
    incident integer,
    who text not null,
    act text not null,
    about text not null,
    reason text not null,
    constraint incident_acts_pkey primary key (id),
    constraint incident_acts_who_check check (length(who) between 1 and 254),
    constraint incident_acts_act_check check (length(act) between 1 and 40),
    constraint incident_acts_text_check check (length(about) <= 1000 and length(reason) <= 1000)
);
create index incident_acts_at_idx on tijori.incident_acts (at);

call tijori_access.protect('tijori.incidents');
call tijori_access.open_to('tijori.incidents', 'tijori_guard', 'select', 'insert', 'update');
grant select, insert on tijori.incidents to tijori_guard;
grant update (closed_at, closed_by, outcome) on tijori.incidents to tijori_guard;
call tijori_access.protect('tijori.freezes');
call tijori_access.open_to('tijori.freezes', 'tijori_guard', 'select', 'insert', 'update');
grant select, insert on tijori.freezes to tijori_guard;
grant update (thawed_at, thawed_by, thaw_reason) on tijori.freezes to tijori_guard;
call tijori_access.protect('tijori.incident_acts');
call tijori_access.open_to('tijori.incident_acts', 'tijori_guard', 'select', 'insert');
grant select, insert on tijori.incident_acts to tijori_guard;

-- +goose StatementBegin
-- tijori_ops.frozen() is what is frozen for the caller, as a sum of bits. The program asks with every scope, so nothing
-- lags behind. While nothing is frozen, it looks at an empty index.
create function tijori_ops.frozen() returns integer
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_ops.frozen_for_all() is what is frozen for everybody: of visitors more is not known.
create function tijori_ops.frozen_for_all() returns integer
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return coalesce((select bit_or(f.part) from tijori.freezes f where f.thawed_at is null and f.account_id is null), 0);
end $$;

-- tijori_ops.frozen_share(hash) is what is frozen for the account whose statement a link opens.
create function tijori_ops.frozen_share(given_hash bytea) returns integer
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return coalesce((select bit_or(f.part) from tijori.freezes f
         where f.thawed_at is null and (f.account_id is null or f.account_id in (
             select s.account_id from tijori.shares s where s.token_hash = given_hash))), 0);
end $$;

-- tijori_ops.refuse_frozen(parts) raises TJ503 when one of the parts is frozen for the caller: for statements that are
-- sent before the scope is known.
create function tijori_ops.refuse_frozen(parts integer) returns void
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    if tijori_ops.frozen() & parts <> 0 then
        raise exception 'frozen' using errcode = 'TJ503';
    end if;
end $$;

-- tijori_ops.without_frozen(hashes) is a list of hashes of API keys, with '' in the place of each whose account may not
-- spend now.
create function tijori_ops.without_frozen(hashes bytea[]) returns bytea[]
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_ops.write_act(...) writes a line of the log of incidents.
create function tijori_ops.write_act(incident integer, who text, act text, about text, reason text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.incident_acts (id, incident, who, act, about, reason)
    values (gen_random_uuid(), incident, who, act, left(about, 1000), left(reason, 1000));
end $$;

-- tijori_ops.open_incident(title, who) opens an incident and returns its number.
create function tijori_ops.open_incident(title text, who text) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_ops.close_incident(number, who, outcome) closes an incident of which nothing is frozen any more.
create function tijori_ops.close_incident(number integer, who text, said text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_ops.freeze(...) stops parts, for one account or for everybody, and returns the sum of those that were not
-- stopped before.
create function tijori_ops.freeze(number integer, parts integer, account uuid, who text, why text) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_ops.thaw(...) lets parts work again, for one account or for everybody, and returns the sum of those that were
-- stopped.
create function tijori_ops.thaw(parts integer, account uuid, who text, why text) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_ops.incidents() lists all of them, the newest first.
create function tijori_ops.incidents() returns setof tijori.incidents
    language plpgsql stable security definer set search_path = ''
    as $$ begin return query select i.* from tijori.incidents i order by i.id desc; end $$;

-- tijori_ops.freezes(since) lists what is frozen, and what was thawed since.
create function tijori_ops.freezes(since timestamptz) returns setof tijori.freezes
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select f.* from tijori.freezes f where f.thawed_at is null or f.thawed_at >= since
     order by f.frozen_at, f.part, f.id;
end $$;

-- tijori_ops.incident_acts(since, until) is the log of a span of time.
create function tijori_ops.incident_acts(since timestamptz, until timestamptz) returns setof tijori.incident_acts
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select a.* from tijori.incident_acts a where a.at >= since and a.at < until order by a.at, a.id;
end $$;
-- +goose StatementEnd
alter function tijori_ops.frozen() owner to tijori_guard;
alter function tijori_ops.frozen_for_all() owner to tijori_guard;
alter function tijori_ops.frozen_share(bytea) owner to tijori_guard;
alter function tijori_ops.refuse_frozen(integer) owner to tijori_guard;
alter function tijori_ops.without_frozen(bytea[]) owner to tijori_guard;
alter function tijori_ops.write_act(integer, text, text, text, text) owner to tijori_guard;
alter function tijori_ops.open_incident(text, text) owner to tijori_guard;
alter function tijori_ops.close_incident(integer, text, text) owner to tijori_guard;
alter function tijori_ops.freeze(integer, integer, uuid, text, text) owner to tijori_guard;
alter function tijori_ops.thaw(integer, uuid, text, text) owner to tijori_guard;
alter function tijori_ops.incidents() owner to tijori_guard;
alter function tijori_ops.freezes(timestamptz) owner to tijori_guard;
alter function tijori_ops.incident_acts(timestamptz, timestamptz) owner to tijori_guard;
revoke all on function tijori_ops.frozen(), tijori_ops.frozen_for_all(), tijori_ops.frozen_share(bytea),
    tijori_ops.refuse_frozen(integer), tijori_ops.without_frozen(bytea[]),
    tijori_ops.write_act(integer, text, text, text, text), tijori_ops.open_incident(text, text),
    tijori_ops.close_incident(integer, text, text), tijori_ops.freeze(integer, integer, uuid, text, text),
    tijori_ops.thaw(integer, uuid, text, text), tijori_ops.incidents(), tijori_ops.freezes(timestamptz),
    tijori_ops.incident_acts(timestamptz, timestamptz) from public;
grant execute on function tijori_ops.frozen(), tijori_ops.refuse_frozen(integer), tijori_ops.without_frozen(bytea[])
    to tijori_app;
grant execute on function tijori_ops.frozen_for_all(), tijori_ops.frozen_share(bytea) to tijori_auth;
grant execute on function tijori_ops.open_incident(text, text), tijori_ops.close_incident(integer, text, text),
    tijori_ops.freeze(integer, integer, uuid, text, text), tijori_ops.thaw(integer, uuid, text, text),
    tijori_ops.incidents(), tijori_ops.freezes(timestamptz), tijori_ops.incident_acts(timestamptz, timestamptz)
    to tijori_support;

-- An API key reads nothing while the API of programs is frozen for its account. Otherwise key_account and try_key are as
-- before.
-- +goose StatementBegin
create or replace function tijori_access.key_account(needed text) returns uuid
    language plpgsql stable security definer set search_path = ''
    as $$
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

create or replace function tijori_access.try_key(needed text) returns text
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    perform tijori_access.key_account(needed);
    return '';
exception
    when sqlstate '28000' then return '28000';
    when sqlstate '42501' then return '42501';
    when sqlstate 'TJ503' then return 'TJ503';
end $$;
-- +goose StatementEnd
