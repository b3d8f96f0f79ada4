-- +goose Up
-- Changes to an account's members, decided and done by the database: owners only, one at a time for
-- an account, and never the last owner.
create policy members_update_guard on tijori.members for update to tijori_guard using (true) with check (true);
create policy members_delete_guard on tijori.members for delete to tijori_guard using (true);
grant update (role), delete on tijori.members to tijori_guard;

-- +goose StatementBegin
-- auth.lock_member locks the caller's account and returns the member of it. Raises 42501 for who does
-- not own the account, P0002 for a member who is not of it. The scope is asked for after the
-- lock: of two owners who remove each other at the same time, the second is an owner no more. That is
-- seen in read committed only, so no other isolation is taken.
create function auth.lock_member(member uuid) returns tijori.members
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    owned uuid := (select s.account_id from auth.scope() s where s.role = 'owner');
    m tijori.members;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'members are changed in read committed only' using errcode = '25001';
    end if;
    perform 1 from tijori.accounts a where a.account_id = owned for no key update;
    if not found or owned is distinct from (select s.account_id from auth.scope() s where s.role = 'owner') then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    select v.* into m from tijori.members v where v.account_id = owned and v.id = member;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return m;
end $$;

-- auth.keep_owner raises members_last_owner when the member is the account's only owner.
create function auth.keep_owner(m tijori.members) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if m.role = 'owner' and not exists (
        select 1 from tijori.members v where v.account_id = m.account_id and v.role = 'owner' and v.id <> m.id) then
        raise exception 'the last owner stays' using errcode = '23514', constraint = 'members_last_owner';
    end if;
end $$;

-- auth.remove_member ends a membership at once, and with it the invitations by which the user could come back:
-- those to the user's own address and, of an owner, those the user sent.
create function auth.remove_member(member uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    m tijori.members := auth.lock_member(member);
begin
    perform auth.keep_owner(m);
    delete from tijori.members v where v.account_id = m.account_id and v.id = m.id;
    update tijori.invitations i set revoked_at = now()
     where i.account_id = m.account_id and i.accepted_at is null and i.revoked_at is null
       and (m.role = 'owner' and i.invited_by = m.user_id
            or i.business_id is not distinct from m.business_id and i.email = (select u.email from tijori.users u where u.id = m.user_id));
end $$;

-- auth.change_role gives a member another role.
create function auth.change_role(member uuid, new_role text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    m tijori.members := auth.lock_member(member);
begin
    if new_role <> 'owner' then
        perform auth.keep_owner(m);
    end if;
    update tijori.members v set role = new_role where v.account_id = m.account_id and v.id = m.id;
end $$;
-- +goose StatementEnd
alter function auth.lock_member(uuid) owner to tijori_guard;
alter function auth.keep_owner(tijori.members) owner to tijori_guard;
alter function auth.remove_member(uuid) owner to tijori_guard;
alter function auth.change_role(uuid, text) owner to tijori_guard;
revoke all on function auth.lock_member(uuid), auth.keep_owner(tijori.members), auth.remove_member(uuid), auth.change_role(uuid, text) from public;
grant execute on function auth.remove_member(uuid), auth.change_role(uuid, text) to tijori_app;
