-- +goose Up
-- compatible from: 1001
-- Passkeys, authenticator apps and recovery codes, and the proof that a session gives once more before it does what
-- cannot be taken back. All of it belongs to a user and is the sign-in role's alone.

-- With two_step, a password alone opens no session.
alter table tijori.users add column two_step boolean not null default false;
grant update (two_step) on tijori.users to tijori_auth;
grant select (two_step) on tijori.users to tijori_guard;

-- A session begins with a proof. Sessions that are older than these columns have none and are asked for one.
alter table tijori.credentials add column proven_at timestamptz, add column strong_at timestamptz;
alter table tijori.credentials alter column proven_at set default now();
comment on column tijori.credentials.proven_at is
    'when the user of a session last proved to be there, by a password, a passkey or a code';
comment on column tijori.credentials.strong_at is
    'when that was by more than a password: a passkey, or a code of an authenticator app or a recovery code';
grant update (proven_at, strong_at) on tijori.credentials to tijori_auth;

-- What a passkey leaves here: its public key. A counter that goes back tells of a copy: then neither is believed.
create table tijori.passkeys (
    user_id uuid not null,
    id uuid not null,
    credential_id bytea not null,
    public_key bytea not null,
    aaguid bytea not null,
    transports text[] not null default '{}',
    name text not null,
    sign_count bigint not null,
    backup_eligible boolean not null,
    backed_up boolean not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    copied_at timestamptz,
    constraint passkeys_pkey primary key (user_id, id),
    constraint passkeys_credential_key unique (credential_id),
    constraint passkeys_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint passkeys_credential_check check (length(credential_id) between 16 and 1023),
    constraint passkeys_key_check check (length(public_key) between 1 and 8192),
    constraint passkeys_aaguid_check check (length(aaguid) = 16),
    constraint passkeys_name_check check (length(name) between 1 and 120),
    constraint passkeys_count_check check (sign_count between 0 and 4294967295),
    constraint passkeys_backup_check check (backup_eligible or not backed_up)
);
comment on column tijori.passkeys.copied_at is 'when its counter went back, so that there must be a copy';
call tijori_access.protect('tijori.passkeys');
call tijori_access.open_to('tijori.passkeys', 'tijori_auth', 'select', 'insert', 'update', 'delete');
grant select, insert, delete on tijori.passkeys to tijori_auth;
grant update (name, sign_count, backed_up, used_at, copied_at) on tijori.passkeys to tijori_auth;

-- The secret of an authenticator app, sealed with the installation's key. It counts once a code of it was entered.
-- last_step is the time step of the last code that was accepted: no code counts twice.
create table tijori.totps (
    user_id uuid not null,
    sealed bytea not null,
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    last_step bigint not null default 0,
    constraint totps_pkey primary key (user_id),
    constraint totps_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint totps_sealed_check check (length(sealed) between 48 and 128)
);
call tijori_access.protect('tijori.totps');
call tijori_access.open_to('tijori.totps', 'tijori_auth', 'select', 'insert', 'update', 'delete');
grant select, insert, delete on tijori.totps to tijori_auth;
grant update (sealed, created_at, confirmed_at, last_step) on tijori.totps to tijori_auth;

-- Recovery codes have 80 random bits, so a plain hash tells nothing. The user stands in it.
create table tijori.recovery_codes (
    user_id uuid not null,
    hash bytea not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    constraint recovery_codes_pkey primary key (user_id, hash),
    constraint recovery_codes_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint recovery_codes_hash_check check (length(hash) = 32)
);
call tijori_access.protect('tijori.recovery_codes');
call tijori_access.open_to('tijori.recovery_codes', 'tijori_auth', 'select', 'insert', 'update', 'delete');
grant select, insert, delete on tijori.recovery_codes to tijori_auth;
grant update (used_at) on tijori.recovery_codes to tijori_auth;

-- What waits for an answer: the challenge of a passkey, and a sign-in whose password was right (half_way). hash is that
-- of the challenge or of the token that the browser holds; bound is the hash of what the answer must come with: the
-- session, the sign-in that is half way, the link of a sign-up. Who uses a row deletes it, so none is used twice.
create table tijori.challenges (
    hash bytea not null,
    kind text not null,
    user_id uuid,
    bound bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint challenges_pkey primary key (hash),
    constraint challenges_user_fkey foreign key (user_id) references tijori.users (id) on delete cascade,
    constraint challenges_hash_check check (length(hash) = 32),
    constraint challenges_bound_check check (length(bound) = 32),
    constraint challenges_kind_check
        check (kind in ('sign_up', 'register', 'sign_in', 'half_way', 'second_step', 'step_up')),
    constraint challenges_whose_check check ((user_id is null) = (kind in ('sign_up', 'sign_in'))),
    constraint challenges_binding_check check ((bound is null) = (kind in ('sign_in', 'half_way')))
);
create index challenges_user_idx on tijori.challenges (user_id) where user_id is not null;
create index challenges_expires_idx on tijori.challenges (expires_at);
call tijori_access.protect('tijori.challenges');
call tijori_access.open_to('tijori.challenges', 'tijori_auth', 'select', 'insert', 'delete');
grant select, insert, delete on tijori.challenges to tijori_auth;

-- +goose StatementBegin
-- tijori_access.fresh(hash) reports whether the user of a living session has just proved to be there; with two_step, by
-- more than a password.
create function tijori_access.fresh(session bytea) returns boolean
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return exists (
        select from tijori.credentials c join tijori.users u on u.id = c.user_id
         where c.hash = session and c.kind = 'session' and c.revoked_at is null and c.expires_at > now()
           and case when u.two_step then c.strong_at else c.proven_at end > now() - interval '10 minutes');
end $$;

-- tijori_access.require_fresh() raises step_up unless the caller has just proved to be there.
create function tijori_access.require_fresh() returns void
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    caller uuid := tijori_access.user_id();
begin
    if caller is null
        or not tijori_access.fresh(decode(nullif(current_setting('tijori.credential', true), ''), 'hex')) then
        raise exception 'a fresh proof is needed' using errcode = '42501', constraint = 'step_up';
    end if;
end $$;

-- tijori_access.check_fresh() lets a row stay whose maker has just proved to be there, in the session that asks where
-- one asks. Of invitations only those of an owner need it. It runs after the policies have looked at the row, which
-- hold the maker against the caller.
create function tijori_access.check_fresh() returns trigger
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.proof() says whether the caller's session was proved by more than a password, and whether the user asks
-- for that.
create function tijori_access.proof(out strong boolean, out two_step boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    caller uuid := tijori_access.user_id();
begin
    select c.strong_at is not null, u.two_step into proof.strong, proof.two_step
      from tijori.credentials c join tijori.users u on u.id = c.user_id
     where c.hash = decode(nullif(current_setting('tijori.credential', true), ''), 'hex') and c.user_id = caller;
end $$;

-- tijori_access.change_role(member, role) gives a member of the caller's account another role. With the right to own,
-- the invitations end that the member sent as an owner. Who makes somebody an owner proves to be there.
create or replace function tijori_access.change_role(member uuid, new_role text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.create_api_key(...) stores the hash of a key that an owner, who has just proved to be there, has made.
-- At most fifty live at a time.
create or replace function tijori_access.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[],
        key_hint text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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
-- +goose StatementEnd
alter function tijori_access.fresh(bytea) owner to tijori_guard;
alter function tijori_access.require_fresh() owner to tijori_guard;
alter function tijori_access.check_fresh() owner to tijori_guard;
alter function tijori_access.proof() owner to tijori_guard;
revoke all on function tijori_access.fresh(bytea), tijori_access.require_fresh(), tijori_access.check_fresh(),
    tijori_access.proof() from public;
grant execute on function tijori_access.require_fresh(), tijori_access.proof() to tijori_app;
grant execute on function tijori_access.fresh(bytea) to tijori_auth;

-- Whom a shop's customers pay, and who owns it, changes only for who has just proved to be there.
create trigger payees_fresh after insert on tijori.payees
    for each row execute function tijori_access.check_fresh();
create trigger invitations_fresh after insert on tijori.invitations
    for each row execute function tijori_access.check_fresh();

-- What operators did to the ways in of a user is written down like what support asked.
alter table tijori.support_uses drop constraint support_uses_question_check;
alter table tijori.support_uses add constraint support_uses_question_check
    check (question in ('lookup', 'why', 'reset_factors'));
