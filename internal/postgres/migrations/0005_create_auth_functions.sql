-- +goose Up
-- Who is asking, decided by the database: the program only hands over the hash of a credential
-- (tijori.credential, hex) and the business it is about (tijori.business). One look-up a statement.
-- Raises 28000 without a living credential and P0002 for a business the user does not belong to,
-- with the same words whether that business exists or not.
-- +goose StatementBegin
create function auth.scope(out user_id uuid, out account_id uuid, out business_id uuid, out role text)
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
         where c.hash = credential and c.revoked_at is null and c.expires_at > now();
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
     where c.hash = credential and c.revoked_at is null and c.expires_at > now()
       and (m.business_id is null or m.business_id = b.id)
     -- Ids of businesses are the client's to choose: should another account hold the same one, the elder keeps it.
     order by b.created_at, b.account_id, array_position(array['owner', 'manager', 'accountant', 'counter'], m.role)
     limit 1;
    if not found then
        perform 1 from tijori.credentials c
          where c.hash = credential and c.revoked_at is null and c.expires_at > now();
        if not found then
            raise exception 'no credential' using errcode = '28000';
        end if;
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;

create function auth.user_id() returns uuid language plpgsql stable security definer set search_path = ''
    as $$ begin return (select s.user_id from auth.scope() s); end $$;
create function auth.account_id() returns uuid language plpgsql stable security definer set search_path = ''
    as $$ begin return (select s.account_id from auth.scope() s); end $$;
create function auth.business_id() returns uuid language plpgsql stable security definer set search_path = ''
    as $$ begin return (select s.business_id from auth.scope() s); end $$;
create function auth.role() returns text language plpgsql stable security definer set search_path = ''
    as $$ begin return (select s.role from auth.scope() s); end $$;

-- auth.my_businesses() lists every business the caller belongs to, over all accounts.
create function auth.my_businesses()
    returns table (account_id uuid, account_name text, business_id uuid, business_name text, currency text, role text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    caller uuid := (select s.user_id from auth.scope() s);
begin
    return query
    select distinct on (b.account_id, b.id) b.account_id, a.name, b.id, b.name, b.currency, m.role
      from tijori.members m
      join tijori.accounts a on a.account_id = m.account_id
      join tijori.businesses b on b.account_id = m.account_id and (m.business_id is null or m.business_id = b.id)
     where m.user_id = caller
     order by b.account_id, b.id, array_position(array['owner', 'manager', 'accountant', 'counter'], m.role);
end $$;

-- auth.team() lists the members of the caller's account with their addresses. Owners only: others get no rows.
create function auth.team()
    returns table (id uuid, user_id uuid, name text, email text, business_id uuid, business_name text, role text, created_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from auth.scope() s where s.role = 'owner');
begin
    return query
    select m.id, m.user_id, u.name, u.email, m.business_id, coalesce(b.name, ''), m.role, m.created_at
      from tijori.members m
      join tijori.users u on u.id = m.user_id
      left join tijori.businesses b on b.account_id = m.account_id and b.id = m.business_id
     where m.account_id = mine
     order by m.created_at, m.id;
end $$;

-- auth.open_account(...) makes an account with its first business and its owner. For the sign-in role only.
create function auth.open_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text)
    returns void language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.accounts (account_id, name, currency) values (new_account, title, money);
    insert into tijori.businesses (account_id, id, name, currency) values (new_account, new_business, title, money);
    insert into tijori.members (account_id, id, user_id, role) values (new_account, new_member, owner_id, 'owner');
end $$;

-- auth.home_account(user) is the account a new session starts in: one the user belongs to as a whole, an own one first.
create function auth.home_account(member_id uuid) returns uuid
    language sql stable security definer set search_path = ''
    as $$
    select m.account_id from tijori.members m
     where m.user_id = member_id and m.business_id is null
     order by array_position(array['owner', 'manager', 'accountant', 'counter'], m.role), m.created_at, m.account_id
     limit 1 $$;

-- auth.belongs(user, account) says whether the user is a member of the whole account.
create function auth.belongs(member_id uuid, account uuid) returns boolean
    language sql stable security definer set search_path = ''
    as $$ select exists (select 1 from tijori.members m where m.user_id = member_id and m.account_id = account and m.business_id is null) $$;
-- +goose StatementEnd
alter function auth.scope() owner to tijori_guard;
alter function auth.user_id() owner to tijori_guard;
alter function auth.account_id() owner to tijori_guard;
alter function auth.business_id() owner to tijori_guard;
alter function auth.role() owner to tijori_guard;
alter function auth.my_businesses() owner to tijori_guard;
alter function auth.team() owner to tijori_guard;
alter function auth.open_account(uuid, uuid, uuid, uuid, text, text) owner to tijori_guard;
alter function auth.home_account(uuid) owner to tijori_guard;
alter function auth.belongs(uuid, uuid) owner to tijori_guard;
revoke all on all functions in schema auth from public;
grant execute on function auth.scope(), auth.user_id(), auth.account_id(), auth.business_id(), auth.role(), auth.my_businesses(), auth.team() to tijori_app;
grant execute on function auth.open_account(uuid, uuid, uuid, uuid, text, text), auth.home_account(uuid), auth.belongs(uuid, uuid) to tijori_auth;

-- What a caller may see and do with accounts, businesses and members.
create policy accounts_select_app on tijori.accounts for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s));
create policy accounts_update_app on tijori.accounts for update to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'))
    with check (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
grant select on tijori.accounts to tijori_app;
grant update (name, time_zone) on tijori.accounts to tijori_app;

create policy businesses_select_app on tijori.businesses for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role <> '')
           and id = coalesce((select s.business_id from auth.scope() s), id));
create policy businesses_insert_app on tijori.businesses for insert to tijori_app
    with check (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy businesses_update_app on tijori.businesses for update to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role in ('owner', 'manager'))
           and id = coalesce((select s.business_id from auth.scope() s), id))
    with check (account_id = (select s.account_id from auth.scope() s where s.role in ('owner', 'manager'))
           and id = coalesce((select s.business_id from auth.scope() s), id));
grant select on tijori.businesses to tijori_app;
grant insert (account_id, id, name, currency, time_zone) on tijori.businesses to tijori_app;
grant update (name, time_zone) on tijori.businesses to tijori_app;

-- Members change only through auth.remove_member and auth.change_role, which keep the last owner.
create policy members_select_app on tijori.members for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
grant select on tijori.members to tijori_app;
