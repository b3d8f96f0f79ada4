-- +goose Up
-- API keys: credentials of an account's own programs. They have a name, a list of what they may do, and no business.
-- A key is for credits alone: auth.scope(), on which every page and the whole ledger stand, knows sessions only.
alter table tijori.credentials
    add column name text not null default '',
    add column scopes text[] not null default '{}',
    add column hint text not null default '',
    add constraint credentials_name_check check (length(name) <= 120 and (kind = 'session' or name <> '')),
    add constraint credentials_scopes_check check (scopes <@ array['credits:read', 'credits:spend'] and (kind = 'api_key') = (cardinality(scopes) > 0)),
    add constraint credentials_account_check check (kind = 'session' or account_id is not null);
create index credentials_account_idx on tijori.credentials (account_id, created_at) where kind = 'api_key';
create policy credentials_insert_guard on tijori.credentials for insert to tijori_guard with check (kind = 'api_key');
create policy credentials_update_guard on tijori.credentials for update to tijori_guard using (kind = 'api_key') with check (kind = 'api_key');
grant insert (hash, id, kind, user_id, account_id, name, scopes, hint, expires_at), update (used_at, revoked_at) on tijori.credentials to tijori_guard;

-- +goose StatementBegin
-- auth.scope() as in 0005, for sessions alone: an API key is no credential here.
create or replace function auth.scope(out user_id uuid, out account_id uuid, out business_id uuid, out role text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    business uuid := nullif(current_setting('tijori.business', true), '')::uuid;
begin
    if credential is null then
        raise exception 'no credential' using errcode = '28000';
    end if;
    if business is null then
        select c.user_id, m.account_id, coalesce(m.role, '')
          into scope.user_id, scope.account_id, scope.role
          from tijori.credentials c
          left join tijori.members m
            on m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null
         where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now();
        if not found then
            raise exception 'no credential' using errcode = '28000';
        end if;
        return;
    end if;
    select c.user_id, b.account_id, b.id, m.role
      into scope.user_id, scope.account_id, scope.business_id, scope.role
      from tijori.credentials c
      join tijori.members m on m.user_id = c.user_id
      join tijori.businesses b on b.account_id = m.account_id and b.id = business
     where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now()
       and (m.business_id is null or m.business_id = b.id)
     -- Ids of businesses are the client's to choose: should another account hold the same one, the elder keeps it.
     order by b.created_at, b.account_id, array_position(array['owner', 'manager', 'accountant', 'counter'], m.role)
     limit 1;
    if not found then
        perform 1 from tijori.credentials c
          where c.hash = credential and c.kind = 'session' and c.revoked_at is null and c.expires_at > now();
        if not found then
            raise exception 'no credential' using errcode = '28000';
        end if;
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;

-- auth.key_account(scope) is the account of the API key that is asking (tijori.credential). Raises 28000 for what is no
-- living key of somebody who owns the account still, and 42501 for a key without the scope.
create function auth.key_account(needed text) returns uuid
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    credential bytea := decode(nullif(current_setting('tijori.credential', true), ''), 'hex');
    k record;
begin
    select c.account_id, c.scopes into k
      from tijori.credentials c
      join tijori.members m on m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null and m.role = 'owner'
     where c.hash = credential and c.kind = 'api_key' and c.revoked_at is null and c.expires_at > now();
    if not found then
        raise exception 'no credential' using errcode = '28000';
    end if;
    if not needed = any (k.scopes) then
        raise exception 'the key lacks %', needed using errcode = '42501';
    end if;
    return k.account_id;
end $$;

-- auth.create_api_key(...) stores the hash of a key that an owner has just made. At most fifty live at a time.
create function auth.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[], key_hint text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    if s.role is distinct from 'owner' then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    perform 1 from tijori.accounts a where a.account_id = s.account_id for no key update;
    if (select count(*) from tijori.credentials c where c.account_id = s.account_id and c.kind = 'api_key' and c.revoked_at is null) >= 50 then
        raise exception 'too many keys' using errcode = '23514', constraint = 'api_keys_limit';
    end if;
    insert into tijori.credentials (hash, id, kind, user_id, account_id, name, scopes, hint, expires_at)
    values (key_hash, key_id, 'api_key', s.user_id, s.account_id, key_name, key_scopes, key_hint, 'infinity');
end $$;

-- auth.api_keys() lists the keys of the caller's account, the living ones first. Owners only: others get no rows.
create function auth.api_keys()
    returns table (id uuid, name text, scopes text[], hint text, made_by text, created_at timestamptz, used_at timestamptz, revoked_at timestamptz, live boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from auth.scope() s where s.role = 'owner');
begin
    return query
    select c.id, c.name, c.scopes, c.hint, u.name, c.created_at, nullif(c.used_at, c.created_at), c.revoked_at,
           c.revoked_at is null and m.id is not null
      from tijori.credentials c
      join tijori.users u on u.id = c.user_id
      left join tijori.members m on m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null and m.role = 'owner'
     where c.account_id = mine and c.kind = 'api_key'
     order by c.revoked_at is not null, c.created_at desc, c.id limit 200;
end $$;

-- auth.revoke_api_key(id) ends a key of the caller's account at once, and says nothing of any other.
create function auth.revoke_api_key(key_id uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    if s.role is distinct from 'owner' then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    update tijori.credentials c set revoked_at = coalesce(c.revoked_at, now())
     where c.account_id = s.account_id and c.id = key_id and c.kind = 'api_key';
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;
-- +goose StatementEnd
alter function auth.key_account(text) owner to tijori_guard;
alter function auth.create_api_key(uuid, bytea, text, text[], text) owner to tijori_guard;
alter function auth.api_keys() owner to tijori_guard;
alter function auth.revoke_api_key(uuid) owner to tijori_guard;
revoke all on function auth.key_account(text), auth.create_api_key(uuid, bytea, text, text[], text), auth.api_keys(), auth.revoke_api_key(uuid) from public;
grant execute on function auth.create_api_key(uuid, bytea, text, text[], text), auth.api_keys(), auth.revoke_api_key(uuid) to tijori_app;
