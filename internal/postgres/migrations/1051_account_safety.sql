-- +goose Up
-- compatible from: 1001
-- Devices that a user has signed in from, changes of an address that is confirmed at both ends, the log of what concerns
-- an account's safety, and the notices that people are sent about it.

-- The password of a sign-up is chosen behind the link of its mail, so a sign-up has none. No password matches ''.
alter table tijori.signups alter column password_hash set default '';

-- A browser that a user has signed in from, by the hash of a cookie that outlives its sessions. One browser may know
-- several users. Tries from a known device are counted for that device alone, so nobody else can use them up.
create table tijori.devices (
    hash bytea not null,
    user_id uuid not null,
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint devices_pkey primary key (hash, user_id),
    constraint devices_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint devices_hash_check check (length(hash) = 32)
);
create index devices_user_idx on tijori.devices (user_id);
create index devices_expires_idx on tijori.devices (expires_at);
call tijori_access.protect('tijori.devices');
call tijori_access.open_to('tijori.devices', 'tijori_auth', 'select', 'insert', 'update', 'delete');
grant select, insert, delete, update (hash) on tijori.devices to tijori_auth;

-- A change of a user's address. It is made when both ends have confirmed it; for some days the former address may take
-- it back, and nobody else can sign up with it.
create table tijori.email_changes (
    id uuid not null,
    user_id uuid not null,
    old_email text not null,
    new_email text not null,
    old_hash bytea,
    new_hash bytea,
    back_hash bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    old_at timestamptz,
    new_at timestamptz,
    done_at timestamptz,
    ended_at timestamptz,
    back_until timestamptz,
    constraint email_changes_pkey primary key (id),
    constraint email_changes_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint email_changes_old_key unique (old_hash),
    constraint email_changes_new_key unique (new_hash),
    constraint email_changes_back_key unique (back_hash),
    constraint email_changes_hash_check
        check (length(old_hash) = 32 and length(new_hash) = 32 and length(back_hash) = 32),
    constraint email_changes_done_check
        check (done_at is null or old_at is not null and new_at is not null and back_until is not null)
);
comment on column tijori.email_changes.old_hash is 'of the link in the mail to the former address; new_hash to the new one';
comment on column tijori.email_changes.ended_at is 'when it was given up, replaced or taken back';
create index email_changes_user_idx on tijori.email_changes (user_id);
create index email_changes_old_idx on tijori.email_changes (old_email) where done_at is not null and ended_at is null;
call tijori_access.protect('tijori.email_changes');
call tijori_access.open_to('tijori.email_changes', 'tijori_auth', 'select', 'insert', 'update');
create policy email_changes_delete_auth on tijori.email_changes for delete to tijori_auth
    using (expires_at < now() and (back_until is null or back_until < now()));
call tijori_access.open_to('tijori.email_changes', 'tijori_guard', 'select');
grant select, insert, delete on tijori.email_changes to tijori_auth;
grant update (old_hash, new_hash, back_hash, old_at, new_at, done_at, ended_at, back_until)
    on tijori.email_changes to tijori_auth;
grant select on tijori.email_changes to tijori_guard;
grant update (email) on tijori.users to tijori_auth;

-- Wrong passwords, as they were typed, for a moment: of known and unknown addresses alike, so that both take the same
-- time. The sweep writes those of users into the log.
create table tijori.sign_in_failures (
    id uuid not null,
    email text not null,
    network text not null,
    user_agent text not null,
    created_at timestamptz not null default now(),
    constraint sign_in_failures_pkey primary key (id)
);
call tijori_access.protect('tijori.sign_in_failures');
call tijori_access.open_to('tijori.sign_in_failures', 'tijori_auth', 'select', 'insert', 'delete');
grant select, insert, delete on tijori.sign_in_failures to tijori_auth;

-- What the log knows, and whom a notice goes to: nobody, the user concerned, or the owners of the account as well.
-- account.Events in the program has the same list with the words; a test compares.
create table tijori.security_kinds (
    kind text not null,
    tells text not null,
    constraint security_kinds_pkey primary key (kind),
    constraint security_kinds_tells_check check (tells in ('nobody', 'user', 'owners'))
);
insert into tijori.security_kinds (kind, tells) values
    ('signed_in', 'nobody'), ('device_added', 'user'), ('sign_in_failed', 'nobody'), ('signed_out_everywhere', 'nobody'),
    ('password_changed', 'user'), ('password_recovered', 'user'),
    ('email_change_asked', 'nobody'), ('email_changed', 'nobody'), ('email_taken_back', 'user'),
    ('factor_added', 'user'), ('factor_removed', 'user'), ('recovery_codes_made', 'user'),
    ('recovery_code_used', 'user'),
    ('member_invited', 'nobody'), ('owner_invited', 'owners'), ('member_added', 'nobody'), ('owner_added', 'owners'),
    ('role_changed', 'owners'), ('member_removed', 'user'), ('owner_removed', 'owners'),
    ('key_made', 'owners'), ('key_ended', 'nobody'), ('payee_changed', 'owners'),
    ('data_exported', 'nobody'), ('data_taken', 'owners'),
    ('deletion_begun', 'nobody'), ('deletion_ended', 'nobody');
call tijori_access.protect('tijori.security_kinds');
call tijori_access.open_to('tijori.security_kinds', 'tijori_guard', 'select');
grant select on tijori.security_kinds to tijori_guard;

-- The log of an account: who did what, when and from where. It is added to in the transaction of the act and never
-- changed; what is a year old goes when something new is written. Owners read it through tijori_access.security_log().
create table tijori.security_log (
    account_id uuid not null,
    id uuid not null default gen_random_uuid(),
    at timestamptz not null default clock_timestamp(),
    kind text not null,
    user_id uuid,
    about_id uuid,
    detail text not null default '',
    network text not null default '',
    user_agent text not null default '',
    constraint security_log_pkey primary key (account_id, id),
    constraint security_log_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint security_log_kind_fkey foreign key (kind) references tijori.security_kinds (kind),
    constraint security_log_detail_check check (length(detail) <= 200)
);
comment on column tijori.security_log.user_id is 'who did it, null where that is not known';
comment on column tijori.security_log.about_id is 'the user whom it concerns, null for the account as a whole';
create index security_log_order_idx on tijori.security_log (account_id, at desc, id desc);
create index security_log_user_idx on tijori.security_log (user_id);
call tijori_access.protect('tijori.security_log');
call tijori_access.open_to('tijori.security_log', 'tijori_guard', 'select', 'insert');
create policy security_log_delete_guard on tijori.security_log for delete to tijori_guard
    using (at < now() - interval '365 days' or account_id in (select tijori_access.erasable()));
-- The address and the device go with the person.
create policy security_log_update_guard on tijori.security_log for update to tijori_guard
    using (true) with check (network = '' and user_agent = '');
grant select, insert, update (network, user_agent) on tijori.security_log to tijori_guard;
call tijori_access.erase_with_account('tijori.security_log', 210);

-- Notices to be sent by mail, written with the log. They go when they are sent.
create table tijori.notices (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    kind text not null,
    account_id uuid,
    actor_id uuid,
    network text not null default '',
    user_agent text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    queued_at timestamptz,
    constraint notices_pkey primary key (id),
    constraint notices_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint notices_kind_fkey foreign key (kind) references tijori.security_kinds (kind)
);
comment on column tijori.notices.account_id is 'whose account it is about, null for the user alone';
create index notices_user_idx on tijori.notices (user_id);
create index notices_waiting_idx on tijori.notices (created_at) where queued_at is null;
call tijori_access.protect('tijori.notices');
call tijori_access.open_to('tijori.notices', 'tijori_auth', 'select', 'update', 'delete');
call tijori_access.open_to('tijori.notices', 'tijori_guard', 'insert');
grant select, delete, update (queued_at) on tijori.notices to tijori_auth;
grant insert on tijori.notices to tijori_guard;

-- +goose StatementBegin
-- tijori_access.refuse_reserved_address() keeps an address for the user who may still take it back.
create function tijori_access.refuse_reserved_address() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if exists (select from tijori.email_changes e
                where e.old_email = new.email and e.user_id <> new.id
                  and e.done_at is not null and e.ended_at is null and e.back_until > now()) then
        raise exception 'the address is kept for its former user'
            using errcode = '23505', constraint = 'users_email_key';
    end if;
    return null;
end $$;

-- tijori_access.origin() is who acts, and from where, as far as the transaction tells: the sign-in role writes it down
-- (tijori.network, tijori.user_agent); otherwise it is the session of the caller.
create function tijori_access.origin(out user_id uuid, out network text, out user_agent text)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_access.write_log(kind, account, actor, about, detail) adds a row to the log of an account, or of every account
-- of the user concerned where none is named, and the notices that the kind asks for.
create function tijori_access.write_log(what text, account uuid, actor uuid, about uuid, more text default '')
    returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.log_user(kind, user) is for the sign-in role: what a user did, or what happened to the user.
create function tijori_access.log_user(what text, whose uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform tijori_access.write_log(what, null, whose, whose);
end $$;

-- tijori_access.log_failures() writes wrong passwords into the logs of the users whose addresses were typed, and
-- forgets them all.
create function tijori_access.log_failures() returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.log_export(kind, detail) writes down that the caller downloads data of the own account.
create function tijori_access.log_export(what text, more text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.security_log(before, before_id, most) is the log of the caller's account, the newest first, from a
-- place in it on. Callers who do not own the account get no rows.
create function tijori_access.security_log(before timestamptz, before_id uuid, most integer)
    returns table (id uuid, at timestamptz, kind text, who text, about text, detail text, network text,
        user_agent text)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- Triggers write what changes in the tables of an account, whoever changes it and by whichever way.

create function tijori_access.log_member() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
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

create function tijori_access.log_invitation() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    perform tijori_access.write_log(
        case when exists (select from tijori.roles r where r.role = new.role and r.owns)
             then 'owner_invited' else 'member_invited' end,
        new.account_id, new.invited_by, null, new.role);
    return null;
end $$;

create function tijori_access.log_key() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    perform tijori_access.write_log(case when new.revoked_at is null then 'key_made' else 'key_ended' end,
        new.account_id, coalesce((select o.user_id from tijori_access.origin() o), new.user_id), null, new.hint);
    return null;
end $$;

create function tijori_access.log_payee() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    perform tijori_access.write_log('payee_changed', new.account_id, new.created_by, null, new.upi_id);
    return null;
end $$;

create function tijori_access.log_deletion() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    perform tijori_access.write_log(case when new.leaving_at is null then 'deletion_ended' else 'deletion_begun' end,
        new.account_id, null, null);
    return null;
end $$;

-- tijori_access.forget_origin() takes the addresses and devices of an erased user out of the logs.
create function tijori_access.forget_origin() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    update tijori.security_log l set network = '', user_agent = '' where l.user_id = old.id;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_access.refuse_reserved_address() owner to tijori_guard;
alter function tijori_access.origin() owner to tijori_guard;
alter function tijori_access.write_log(text, uuid, uuid, uuid, text) owner to tijori_guard;
alter function tijori_access.log_user(text, uuid) owner to tijori_guard;
alter function tijori_access.log_failures() owner to tijori_guard;
alter function tijori_access.log_export(text, text) owner to tijori_guard;
alter function tijori_access.security_log(timestamptz, uuid, integer) owner to tijori_guard;
alter function tijori_access.log_member() owner to tijori_guard;
alter function tijori_access.log_invitation() owner to tijori_guard;
alter function tijori_access.log_key() owner to tijori_guard;
alter function tijori_access.log_payee() owner to tijori_guard;
alter function tijori_access.log_deletion() owner to tijori_guard;
alter function tijori_access.forget_origin() owner to tijori_guard;
revoke all on function tijori_access.refuse_reserved_address(), tijori_access.origin(),
    tijori_access.write_log(text, uuid, uuid, uuid, text), tijori_access.log_user(text, uuid),
    tijori_access.log_failures(), tijori_access.log_export(text, text),
    tijori_access.security_log(timestamptz, uuid, integer), tijori_access.log_member(),
    tijori_access.log_invitation(), tijori_access.log_key(), tijori_access.log_payee(),
    tijori_access.log_deletion(), tijori_access.forget_origin()
    from public;
grant execute on function tijori_access.log_user(text, uuid), tijori_access.log_failures() to tijori_auth;
grant execute on function tijori_access.log_export(text, text),
    tijori_access.security_log(timestamptz, uuid, integer) to tijori_app;
call tijori_access.open_to('tijori.sign_in_failures', 'tijori_guard', 'select', 'update', 'delete');
grant select, update (id), delete on tijori.sign_in_failures to tijori_guard;

create trigger users_reserved after insert or update of email on tijori.users
    for each row execute function tijori_access.refuse_reserved_address();
create trigger users_forget_origin after delete on tijori.users
    for each row execute function tijori_access.forget_origin();
create trigger members_log after insert or update of role or delete on tijori.members
    for each row execute function tijori_access.log_member();
create trigger invitations_log after insert on tijori.invitations
    for each row execute function tijori_access.log_invitation();
create trigger keys_made_log after insert on tijori.credentials
    for each row when (new.kind = 'api_key') execute function tijori_access.log_key();
create trigger keys_ended_log after update of revoked_at on tijori.credentials
    for each row when (new.kind = 'api_key' and old.revoked_at is null and new.revoked_at is not null)
    execute function tijori_access.log_key();
create trigger payees_log after insert on tijori.payees
    for each row execute function tijori_access.log_payee();
create trigger accounts_deletion_log after update of leaving_at on tijori.accounts
    for each row when (old.leaving_at is distinct from new.leaving_at)
    execute function tijori_access.log_deletion();

-- An invitation's mail says who invites by the confirmed address, and nothing that somebody typed.
-- +goose StatementBegin
create function tijori_access.inviter_address(account uuid, invitation uuid) returns text
    language sql stable security definer set search_path = ''
    as $$
    select u.email from tijori.invitations i join tijori.users u on u.id = i.invited_by
     where i.account_id = account and i.id = invitation $$;
-- +goose StatementEnd
alter function tijori_access.inviter_address(uuid, uuid) owner to tijori_guard;
revoke all on function tijori_access.inviter_address(uuid, uuid) from public;
grant execute on function tijori_access.inviter_address(uuid, uuid) to tijori_auth;
