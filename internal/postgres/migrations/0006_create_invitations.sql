-- +goose Up
-- Invitations by mail into the whole account or one business. The link's token is stored as a hash.
create table tijori.invitations (
    account_id uuid not null,
    id uuid not null,
    business_id uuid,
    email text not null,
    role text not null,
    token_hash bytea,
    invited_by uuid not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    constraint invitations_pkey primary key (account_id, id),
    constraint invitations_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint invitations_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint invitations_email_check check (email = lower(email) and length(email) between 3 and 254),
    constraint invitations_role_check check (role in ('owner', 'manager', 'accountant', 'counter')),
    constraint invitations_owner_check check (role <> 'owner' or business_id is null),
    constraint invitations_token_check check (length(token_hash) = 32)
);
create unique index invitations_pending_key on tijori.invitations (account_id, email, business_id) nulls not distinct
    where accepted_at is null and revoked_at is null;
create index invitations_token_idx on tijori.invitations (token_hash);
create index invitations_unmailed_idx on tijori.invitations (created_at, account_id) where token_hash is null and revoked_at is null;
alter table tijori.invitations enable row level security;
alter table tijori.invitations force row level security;
create policy invitations_select_app on tijori.invitations for select to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy invitations_insert_app on tijori.invitations for insert to tijori_app
    with check (account_id = (select s.account_id from auth.scope() s where s.role = 'owner')
                and invited_by = (select s.user_id from auth.scope() s));
create policy invitations_update_app on tijori.invitations for update to tijori_app
    using (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'))
    with check (account_id = (select s.account_id from auth.scope() s where s.role = 'owner'));
create policy invitations_select_guard on tijori.invitations for select to tijori_guard using (true);
create policy invitations_update_guard on tijori.invitations for update to tijori_guard using (true) with check (true);
grant select (account_id, id, business_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at) on tijori.invitations to tijori_app;
grant insert (account_id, id, business_id, email, role, invited_by, expires_at) on tijori.invitations to tijori_app;
grant update (expires_at, revoked_at) on tijori.invitations to tijori_app;
grant select on tijori.invitations to tijori_guard;
grant update (token_hash, accepted_at, revoked_at) on tijori.invitations to tijori_guard;

-- The steps of an invitation that belong to no caller's scope, for the sign-in role only.
-- +goose StatementBegin
-- auth.unmailed_invitations lists living invitations that no mail was ever begun for.
create function auth.unmailed_invitations(min_age interval) returns table (account_id uuid, id uuid)
    language sql stable security definer set search_path = ''
    as $$
    select i.account_id, i.id from tijori.invitations i
     where i.token_hash is null and i.accepted_at is null and i.revoked_at is null
       and i.expires_at > now() and i.created_at < now() - min_age
     order by i.created_at limit 100 $$;

-- auth.issue_invitation stores the hash of the token that is about to be mailed, and returns what the mail says;
-- an older link of the same invitation ends. With only_first it does nothing when a token was issued before.
create function auth.issue_invitation(account uuid, invitation uuid, new_hash bytea, only_first boolean)
    returns table (email text, role text, account_name text, business_name text, inviter text, locale text)
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- auth.invitation_by_token tells what a living invitation offers; no row for an unknown, used, revoked or expired one.
create function auth.invitation_by_token(given_hash bytea)
    returns table (email text, role text, account_name text, business_name text, inviter text)
    language sql stable security definer set search_path = ''
    as $$
    select i.email, i.role, a.name, coalesce(b.name, ''), u.name
      from tijori.invitations i
      join tijori.accounts a on a.account_id = i.account_id
      left join tijori.businesses b on b.account_id = i.account_id and b.id = i.business_id
      join tijori.users u on u.id = i.invited_by
     where i.token_hash = given_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() $$;

-- auth.accept_invitation makes the user a member, once, if the invitation is addressed to the user's own address.
-- Returns the account and the business (null for the whole account); no row when it may not be accepted. A second
-- try by the member it made answers the same.
create function auth.accept_invitation(given_hash bytea, new_member uuid, acceptor uuid)
    returns table (account_id uuid, business_id uuid)
    language plpgsql volatile security definer set search_path = ''
    as $$
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
-- +goose StatementEnd
alter function auth.unmailed_invitations(interval) owner to tijori_guard;
alter function auth.issue_invitation(uuid, uuid, bytea, boolean) owner to tijori_guard;
alter function auth.invitation_by_token(bytea) owner to tijori_guard;
alter function auth.accept_invitation(bytea, uuid, uuid) owner to tijori_guard;
revoke all on function auth.unmailed_invitations(interval), auth.issue_invitation(uuid, uuid, bytea, boolean), auth.invitation_by_token(bytea), auth.accept_invitation(bytea, uuid, uuid) from public;
grant execute on function auth.unmailed_invitations(interval), auth.issue_invitation(uuid, uuid, bytea, boolean), auth.invitation_by_token(bytea), auth.accept_invitation(bytea, uuid, uuid) to tijori_auth;
