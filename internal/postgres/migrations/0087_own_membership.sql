-- +goose Up
-- What users decide about themselves: to open an account of their own, to leave somebody else's, and to delete their login.
-- +goose StatementBegin
-- auth.open_own_account makes an account for a user who owns none, as a sign-up does. Who owns one already gets that
-- one's id: a double tap, or two at once, open one account.
create function auth.open_own_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid, title text, money text) returns uuid
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    owned uuid;
begin
    perform pg_catalog.pg_advisory_xact_lock(7101, pg_catalog.hashtext(owner_id::text));
    select m.account_id into owned from tijori.members m where m.user_id = owner_id and m.role = 'owner' order by m.created_at limit 1;
    if found then
        return owned;
    end if;
    perform auth.open_account(owner_id, new_account, new_business, new_member, title, money);
    return new_account;
end $$;

-- auth.my_memberships() lists in which accounts and businesses the caller has which role. stays: the last owner, who
-- cannot leave.
create function auth.my_memberships()
    returns table (id uuid, account_name text, business_name text, role text, stays boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    caller uuid := (select s.user_id from auth.scope() s);
begin
    return query
    select m.id, a.name, coalesce(b.name, ''), m.role,
           m.role = 'owner' and not exists (select 1 from tijori.members o where o.account_id = m.account_id and o.role = 'owner' and o.id <> m.id)
      from tijori.members m
      join tijori.accounts a on a.account_id = m.account_id
      left join tijori.businesses b on b.account_id = m.account_id and b.id = m.business_id
     where m.user_id = caller
     order by m.created_at, m.id;
end $$;

-- auth.leave_team ends a membership of the caller's own, as auth.remove_member does of others. The last owner stays.
create function auth.leave_team(membership uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    caller uuid := (select s.user_id from auth.scope() s);
    m tijori.members;
begin
    perform 1 from tijori.accounts a join tijori.members v on v.account_id = a.account_id
      where v.user_id = caller and v.id = membership for no key update of a;
    select v.* into m from tijori.members v where v.user_id = caller and v.id = membership;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    perform auth.keep_owner(m);
    delete from tijori.members v where v.account_id = m.account_id and v.id = m.id;
    update tijori.invitations i set revoked_at = now()
     where i.account_id = m.account_id and i.accepted_at is null and i.revoked_at is null
       and (m.role = 'owner' and i.invited_by = m.user_id
            or i.business_id is not distinct from m.business_id and i.email = (select u.email from tijori.users u where u.id = m.user_id));
end $$;

-- auth.forget_me() erases the caller's user, out of every team. Who is the last owner of an account deletes that first.
-- For the sign-in role alone, which has asked for the password.
create function auth.forget_me() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    caller uuid := (select s.user_id from auth.scope() s);
    membership uuid;
begin
    for membership in select m.id from tijori.members m where m.user_id = caller order by m.account_id, m.id loop
        perform auth.leave_team(membership);
    end loop;
    perform auth.forget_users(array[caller]);
end $$;
-- +goose StatementEnd
alter function auth.open_own_account(uuid, uuid, uuid, uuid, text, text) owner to tijori_guard;
alter function auth.my_memberships() owner to tijori_guard;
alter function auth.leave_team(uuid) owner to tijori_guard;
alter function auth.forget_me() owner to tijori_guard;
revoke all on function auth.open_own_account(uuid, uuid, uuid, uuid, text, text), auth.my_memberships(), auth.leave_team(uuid), auth.forget_me() from public;
grant execute on function auth.my_memberships(), auth.leave_team(uuid) to tijori_app;
grant execute on function auth.open_own_account(uuid, uuid, uuid, uuid, text, text), auth.forget_me() to tijori_auth;
