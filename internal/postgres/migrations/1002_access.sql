-- +goose Up
-- compatible from: 1001
-- People, what proves who they are, the accounts and businesses they belong to, and the functions by which the database
-- itself decides who is asking.

-- People who sign in. A global table: small, and read only by the sign-in role and by functions of tijori_access.
create table tijori.users (
    id uuid not null,
    email text not null,
    name text not null,
    password_hash text not null,
    locale text not null default 'en',
    created_at timestamptz not null default now(),
    constraint users_pkey primary key (id),
    constraint users_email_key unique (email),
    constraint users_email_check check (email = lower(email) and length(email) between 3 and 254),
    constraint users_name_check check (length(name) between 1 and 120),
    constraint users_locale_check check (locale in ('en', 'hi'))
);
call tijori_access.protect('tijori.users');
call tijori_access.open_to('tijori.users', 'tijori_auth', 'select', 'insert', 'update');
call tijori_access.open_to('tijori.users', 'tijori_guard', 'select');
-- open_own_account locks the user's row, for which PostgreSQL wants the right to update some column. The policy lets
-- the guard lock any row and change none.
create policy users_update_guard on tijori.users for update to tijori_guard using (true) with check (false);
grant select, insert on tijori.users to tijori_auth;
grant update (name, password_hash, locale) on tijori.users to tijori_auth;
grant select (id, email, name, locale), update (created_at) on tijori.users to tijori_guard;

-- The people of the demonstration have a password that everybody can read in the program's source. They exist where
-- payments are simulated and nowhere else; a database that holds them cannot leave that mode.
-- +goose StatementBegin
create function tijori_access.refuse_demonstration() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
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

create function tijori_access.refuse_to_keep_demonstration() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if old.simulated and not new.simulated
        and exists (select from tijori.users u where u.email like '%@demo.example') then
        raise exception 'the demonstration account is in this database'
            using errcode = 'check_violation', constraint = 'service_clock_demonstration_check';
    end if;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_access.refuse_demonstration() owner to tijori_guard;
alter function tijori_access.refuse_to_keep_demonstration() owner to tijori_guard;
revoke all on function tijori_access.refuse_demonstration(), tijori_access.refuse_to_keep_demonstration() from public;
create trigger users_demonstration after insert or update on tijori.users
    for each row execute function tijori_access.refuse_demonstration();
create trigger service_clock_demonstration after update on tijori.service_clock
    for each row execute function tijori_access.refuse_to_keep_demonstration();

-- What proves a caller: the SHA-256 of a session token or an API key, never the token itself. A session belongs to a
-- user, and is in one of the user's accounts at a time. An API key belongs to an account's own programs: it has a
-- name, a list of what it may do, and no business. It is for credits alone: tijori_access.scope(), on which every page
-- and the whole khata rest, knows sessions only.
--
-- An id is unique for its user only, and among the keys of an account: callers choose it, and an error must not tell
-- them whether somebody else has used it.
create table tijori.credentials (
    hash bytea not null,
    id uuid not null,
    kind text not null,
    user_id uuid not null,
    account_id uuid,
    user_agent text not null default '',
    network text not null default '',
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    name text not null default '',
    scopes text[] not null default '{}',
    hint text not null default '',
    constraint credentials_pkey primary key (hash),
    constraint credentials_id_key unique (user_id, id),
    constraint credentials_user_fkey foreign key (user_id) references tijori.users (id),
    constraint credentials_hash_check check (length(hash) = 32),
    constraint credentials_kind_check check (kind in ('session', 'api_key')),
    constraint credentials_name_check check (length(name) <= 120 and (kind = 'session' or name <> '')),
    constraint credentials_scopes_check
        check (scopes <@ array['credits:read', 'credits:spend'] and (kind = 'api_key') = (cardinality(scopes) > 0)),
    constraint credentials_account_check check (kind = 'session' or account_id is not null)
);
comment on column tijori.credentials.hint is 'the first letters of an API key, by which its owner knows it again';
create index credentials_account_idx on tijori.credentials (account_id, created_at) where kind = 'api_key';
create unique index credentials_account_key on tijori.credentials (account_id, id) where kind = 'api_key';
call tijori_access.protect('tijori.credentials');
call tijori_access.open_to('tijori.credentials', 'tijori_auth', 'select', 'insert', 'update');
create policy credentials_delete_auth on tijori.credentials for delete to tijori_auth
    using (expires_at < now() - interval '90 days' or revoked_at < now() - interval '90 days');
call tijori_access.open_to('tijori.credentials', 'tijori_guard', 'select');
create policy credentials_insert_guard on tijori.credentials for insert to tijori_guard with check (kind = 'api_key');
create policy credentials_update_guard on tijori.credentials for update to tijori_guard
    using (kind = 'api_key') with check (kind = 'api_key');
grant select, insert, delete on tijori.credentials to tijori_auth;
grant update (account_id, used_at, expires_at, revoked_at) on tijori.credentials to tijori_auth;
grant select, insert (hash, id, kind, user_id, account_id, name, scopes, hint, expires_at), update (used_at, revoked_at)
    on tijori.credentials to tijori_guard;

-- Sign-ups that wait for their address to be confirmed. The token is made when its mail is sent.
create table tijori.signups (
    id uuid not null,
    email text not null,
    name text not null,
    password_hash text not null,
    business_name text not null,
    locale text not null,
    currency text not null,
    token_hash bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint signups_pkey primary key (id),
    constraint signups_token_key unique (token_hash),
    constraint signups_token_check check (length(token_hash) = 32)
);
create index signups_email_idx on tijori.signups (email);
create index signups_expires_idx on tijori.signups (expires_at);
call tijori_access.protect('tijori.signups');
call tijori_access.open_to('tijori.signups', 'tijori_auth', 'select', 'insert', 'update', 'delete');
grant select, insert, delete on tijori.signups to tijori_auth;
grant update (token_hash, expires_at) on tijori.signups to tijori_auth;

-- Recoveries that were asked for, of known and unknown addresses alike. The user is looked up and the token made when
-- the mail is sent; its link is good for thirty minutes and one use.
create table tijori.recoveries (
    id uuid not null,
    email text not null,
    user_id uuid,
    token_hash bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint recoveries_pkey primary key (id),
    constraint recoveries_token_key unique (token_hash),
    constraint recoveries_user_fkey foreign key (user_id) references tijori.users (id),
    constraint recoveries_token_check check (token_hash is null or length(token_hash) = 32 and user_id is not null)
);
create index recoveries_user_idx on tijori.recoveries (user_id) where used_at is null;
create index recoveries_expires_idx on tijori.recoveries (expires_at);
call tijori_access.protect('tijori.recoveries');
call tijori_access.open_to('tijori.recoveries', 'tijori_auth', 'select', 'insert', 'update');
create policy recoveries_delete_auth on tijori.recoveries for delete to tijori_auth
    using (user_id is null or expires_at < now() - interval '1 day');
grant select, insert, delete on tijori.recoveries to tijori_auth;
grant update (user_id, token_hash, expires_at, used_at) on tijori.recoveries to tijori_auth;

-- How often an address or a network has tried something in the current window.
create table tijori.throttles (
    key text not null,
    ends_at timestamptz not null,
    count integer not null,
    constraint throttles_pkey primary key (key),
    constraint throttles_count_check check (count >= 0)
);
call tijori_access.protect('tijori.throttles');
call tijori_access.open_to('tijori.throttles', 'tijori_auth', 'select', 'insert', 'update');
create policy throttles_delete_auth on tijori.throttles for delete to tijori_auth using (ends_at < now());
grant select, insert, update, delete on tijori.throttles to tijori_auth;

-- An account is who pays and who is isolated: a customer of one app, which may know it by an id of its own.
--
-- An account that its owner deletes is read-only for thirty days: members read, nobody writes, and an owner may keep
-- it. Then it is erased (1007). All of this goes by the service clock.
create table tijori.accounts (
    account_id uuid not null,
    app_id text not null,
    external_id text,
    name text not null,
    currency text not null default 'INR',
    time_zone text not null default 'Asia/Kolkata',
    created_at timestamptz not null default now(),
    revision bigint not null default 0,
    leaving_at timestamptz,
    erase_at timestamptz,
    erasing_at timestamptz,
    erased_at timestamptz,
    told smallint not null default 0,
    constraint accounts_pkey primary key (account_id),
    constraint accounts_app_key unique (account_id, app_id),
    constraint accounts_external_key unique (app_id, external_id),
    constraint accounts_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint accounts_external_check check (length(external_id) between 1 and 255),
    constraint accounts_name_check check (length(name) between 1 and 120),
    constraint accounts_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint accounts_leaving_check check ((leaving_at is null) = (erase_at is null)
        and (erasing_at is null or leaving_at is not null) and (erased_at is null or erasing_at is not null)),
    constraint accounts_told_check check (told between 0 and 3 and (told = 0 or leaving_at is not null))
);
comment on column tijori.accounts.external_id is 'what the app itself calls this customer';
comment on column tijori.accounts.leaving_at is 'when its owner deleted it';
comment on column tijori.accounts.erase_at is 'from when on it may be erased';
comment on column tijori.accounts.erasing_at is 'when erasing began: nobody can keep it any more';
comment on column tijori.accounts.erased_at is 'when nothing was left to erase';
comment on column tijori.accounts.told is
    'which mails its owners were sent: 1 at the start, 2 some days before the end, 3 at the end';
create index accounts_leaving_idx on tijori.accounts (erase_at, account_id)
    where erase_at is not null and erased_at is null;

-- One shop's book inside an account.
create table tijori.businesses (
    account_id uuid not null,
    id uuid not null,
    name text not null,
    currency text not null default 'INR',
    time_zone text not null default 'Asia/Kolkata',
    created_at timestamptz not null default now(),
    constraint businesses_pkey primary key (account_id, id),
    constraint businesses_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint businesses_name_check check (length(name) between 1 and 120),
    constraint businesses_currency_check check (currency ~ '^[A-Z]{3}$')
);

-- A user's role in an account (business_id null) or in one of its businesses.
create table tijori.members (
    account_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    business_id uuid,
    role text not null,
    created_at timestamptz not null default now(),
    constraint members_pkey primary key (account_id, id),
    constraint members_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint members_user_fkey foreign key (user_id) references tijori.users (id),
    constraint members_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id),
    constraint members_role_fkey foreign key (role) references tijori.roles (role),
    constraint members_once_key unique nulls not distinct (account_id, user_id, business_id)
);
create index members_user_idx on tijori.members (user_id, account_id, business_id, role);

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
    constraint invitations_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id),
    constraint invitations_role_fkey foreign key (role) references tijori.roles (role),
    constraint invitations_email_check check (email = lower(email) and length(email) between 3 and 254),
    constraint invitations_token_check check (length(token_hash) = 32)
);
create unique index invitations_pending_key on tijori.invitations (account_id, email, business_id) nulls not distinct
    where accepted_at is null and revoked_at is null;
create index invitations_token_idx on tijori.invitations (token_hash);
create index invitations_unmailed_idx on tijori.invitations (created_at, account_id)
    where token_hash is null and revoked_at is null;

-- Who is asking, decided by the database. The program hands over the hash of a credential (tijori.credential, in hex)
-- and the business it is about (tijori.business); it names no user and no account.
--
-- These functions are called three or four times for each table in a statement (see open_to_app in 1001), so they must
-- be fast. With the account that scope() has answered in tijori.account, they look at four tables at most, each by an
-- index. That setting is a hint and is never believed: a false one finds no row, and then, as without one, the account
-- is searched for. user_id, account_id, business_id and maker look up only what their answers need; what they do not
-- find, they leave to scope(), errors included.
--
-- A session plans each query once, possibly while tables are still small or empty. Three things make it a plan of
-- index look-ups all the same, by the whole key: no sequential scans and a generic plan from the start (both settings
-- together cost half a microsecond a call), and the credential read in a sub-select, whose result the planner cannot
-- turn into a join filter. They call no function but scope(): the plans of others would be made, and kept, under these
-- settings.
-- +goose StatementBegin
-- tijori_access.scope() is who is asking, about what, in which role, with which rights. Without a business it is about
-- the account that the session is in; a caller who is no member of that account as a whole has no account, the role ''
-- and no right. It raises 28000 without a living session, and P0002 for a business that the user does not belong to, in
-- the same words whether that business exists or not.
create function tijori_access.scope(out user_id uuid, out account_id uuid, out business_id uuid, out role text,
        out sees_totals boolean, out adds_entries boolean, out runs_khata boolean, out owns boolean)
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
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

-- tijori_access.user_id() is the user who is asking.
create function tijori_access.user_id() returns uuid
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
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

-- tijori_access.account_id() is the account that is asked about, null where scope() has none.
create function tijori_access.account_id() returns uuid
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
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

-- tijori_access.business_id() is the business that is asked about, null where the account as a whole is.
create function tijori_access.business_id() returns uuid
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
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

-- tijori_access.maker() is whose entries the caller is narrowed to: the caller's own id, or the zero uuid where the
-- caller sees totals and so everybody's.
create function tijori_access.maker() returns uuid
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
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

-- tijori_access.role() is the caller's role.
create function tijori_access.role() returns text
    language plpgsql stable security definer set search_path = ''
    as $$ begin return (select s.role from tijori_access.scope() s); end $$;

-- tijori_access.whoami() is all that the frame of a page shows of the caller: one row. Every page asks, so it is one
-- statement after the scope, by primary keys. erase_at is the day from which the account may be erased, null unless it
-- leaves.
create function tijori_access.whoami(
        out user_id uuid, out name text, out email text, out locale text, out seen_at timestamptz,
        out account_id uuid, out account_name text, out account_currency text, out plan text, out role text,
        out business_id uuid, out business_name text, out business_currency text, out business_time_zone text,
        out erase_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_access.my_businesses() lists every business the caller belongs to, over all accounts.
create function tijori_access.my_businesses()
    returns table (account_id uuid, account_name text, business_id uuid, business_name text, currency text, role text,
        time_zone text)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_access.my_memberships() lists in which accounts and businesses the caller has which role. stays marks the last
-- owner, who cannot leave.
create function tijori_access.my_memberships()
    returns table (id uuid, account_name text, business_name text, role text, stays boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_access.team() lists the members of the caller's account with their addresses. Callers who do not own the
-- account get no rows.
create function tijori_access.team()
    returns table (id uuid, user_id uuid, name text, email text, business_id uuid, business_name text, role text,
        created_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_access.require_app(account) raises 42501 unless the account belongs to the app that the transaction works for
-- (tijori.app). Functions that billing may call with any account ask it first.
create function tijori_access.require_app(account uuid) returns void
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    if not exists (select from tijori.accounts a
                    where a.account_id = account and a.app_id = current_setting('tijori.app', true)) then
        raise exception 'not an account of this app' using errcode = '42501';
    end if;
end $$;

-- tijori_access.open_account(...) makes an account of an app, with its first business and its owner. For the sign-in
-- role only.
create function tijori_access.open_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid,
        title text, money text, app text default 'khata') returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.accounts (account_id, app_id, name, currency) values (new_account, app, title, money);
    insert into tijori.businesses (account_id, id, name, currency) values (new_account, new_business, title, money);
    insert into tijori.members (account_id, id, user_id, role)
    select new_account, new_member, owner_id, r.role from tijori.roles r where r.owns order by r.rank limit 1;
end $$;

-- tijori_access.open_own_account(...) makes an account for a user who owns none of the app's, as a sign-up does. A user
-- who owns one already gets that one's id: a double tap, or two at the same time, open one account.
create function tijori_access.open_own_account(owner_id uuid, new_account uuid, new_business uuid, new_member uuid,
        title text, money text, app text default 'khata') returns uuid
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.home_account(user) is the account a new session starts in: one the user belongs to as a whole, an own
-- one first.
create function tijori_access.home_account(member_id uuid) returns uuid
    language sql stable security definer set search_path = ''
    as $$
    select m.account_id from tijori.members m join tijori.roles r on r.role = m.role
     where m.user_id = member_id and m.business_id is null
     order by r.rank, m.created_at, m.account_id
     limit 1 $$;

-- tijori_access.belongs(user, account) reports whether the user is a member of the whole account.
create function tijori_access.belongs(member_id uuid, account uuid) returns boolean
    language sql stable security definer set search_path = ''
    as $$
    select exists (select from tijori.members m
                    where m.user_id = member_id and m.account_id = account and m.business_id is null) $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- tijori_access.keep_owner_whole() refuses a member or an invitation that would own one business: whoever owns, owns
-- the whole account. A check cannot look into tijori.roles, so a trigger raises the error of one.
create function tijori_access.keep_owner_whole() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if exists (select from tijori.roles r where r.role = new.role and r.owns) then
        raise exception 'an owner owns the whole account'
            using errcode = '23514', constraint = tg_table_name || '_owner_check';
    end if;
    return null;
end $$;

-- tijori_access.limit_invitations() keeps the number of people that a plan allows an account: under the account's lock,
-- whoever invites and however many do so at the same time. Members stay when the plan ends; only newcomers are refused.
-- Whatever makes an invitation live again counts as a new one: otherwise any number of people could come in a few at a
-- time, by invitations that had expired and were sent again.
create function tijori_access.limit_invitations() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
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

-- The steps of an invitation that belong to no caller's scope, for the sign-in role only.

-- tijori_access.unmailed_invitations(min_age) lists pending invitations that no mail was ever begun for.
create function tijori_access.unmailed_invitations(min_age interval) returns table (account_id uuid, id uuid)
    language sql stable security definer set search_path = ''
    as $$
    select i.account_id, i.id from tijori.invitations i
     where i.token_hash is null and i.accepted_at is null and i.revoked_at is null
       and i.expires_at > now() and i.created_at < now() - min_age
     order by i.created_at limit 100 $$;

-- tijori_access.issue_invitation(...) stores the hash of the token that is about to be mailed, and returns what the
-- mail says; an older link of the same invitation stops working. With only_first it does nothing when a token was
-- issued before.
create function tijori_access.issue_invitation(account uuid, invitation uuid, new_hash bytea, only_first boolean)
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

-- tijori_access.invitation_by_token(hash) is what a pending invitation offers; there is no row for an unknown, used,
-- revoked or expired one.
create function tijori_access.invitation_by_token(given_hash bytea)
    returns table (email text, role text, account_name text, business_name text, inviter text)
    language sql stable security definer set search_path = ''
    as $$
    select i.email, i.role, a.name, coalesce(b.name, ''), u.name
      from tijori.invitations i
      join tijori.accounts a on a.account_id = i.account_id
      left join tijori.businesses b on b.account_id = i.account_id and b.id = i.business_id
      join tijori.users u on u.id = i.invited_by
     where i.token_hash = given_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() $$;

-- tijori_access.accept_invitation(...) makes the user a member, once, if the invitation is addressed to the user's own
-- address. It returns the account and the business (null for the whole account), and no row when the invitation may not
-- be accepted. A second try by the member it made answers the same.
create function tijori_access.accept_invitation(given_hash bytea, new_member uuid, acceptor uuid)
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

-- Changes to an account's members are decided and made by the database: by owners only, one at a time for an account,
-- and never to the last owner.

-- tijori_access.lock_member(member) locks the caller's account and returns the member of it. It raises 42501 for
-- callers who do not own the account, P0002 for a member of another. The scope is asked for again after the lock: of
-- two owners who remove each other at the same time, the second is no longer an owner. Only read committed sees that,
-- so no other isolation level is accepted.
create function tijori_access.lock_member(member uuid) returns tijori.members
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.keep_owner(member) raises members_last_owner when the member is the account's only owner.
create function tijori_access.keep_owner(m tijori.members) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if exists (select from tijori.roles r where r.role = m.role and r.owns)
       and not exists (select from tijori.members v join tijori.roles r on r.role = v.role
                        where v.account_id = m.account_id and r.owns and v.id <> m.id) then
        raise exception 'the last owner stays' using errcode = '23514', constraint = 'members_last_owner';
    end if;
end $$;

-- tijori_access.end_sent_invitations(account, sender) revokes the open invitations that a user sent into an account:
-- whoever no longer owns it leaves no way back in.
create function tijori_access.end_sent_invitations(account uuid, sender uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.invitations i set revoked_at = now()
     where i.account_id = account and i.invited_by = sender and i.accepted_at is null and i.revoked_at is null;
end $$;

-- tijori_access.end_membership(member) ends a membership at once, and with it the invitations by which the user could
-- come back: those to the user's own address and, of an owner, those the user sent. The last owner stays. The caller
-- holds the account's lock.
create function tijori_access.end_membership(m tijori.members) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.remove_member(member) takes a member out of the caller's account.
create function tijori_access.remove_member(member uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform tijori_access.end_membership(tijori_access.lock_member(member));
end $$;

-- tijori_access.change_role(member, role) gives a member of the caller's account another role. With the right to own,
-- the invitations end that the member sent as an owner.
create function tijori_access.change_role(member uuid, new_role text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    m tijori.members := tijori_access.lock_member(member);
begin
    if not exists (select from tijori.roles r where r.role = new_role and r.owns) then
        perform tijori_access.keep_owner(m);
        perform tijori_access.end_sent_invitations(m.account_id, m.user_id);
    end if;
    update tijori.members v set role = new_role where v.account_id = m.account_id and v.id = m.id;
end $$;

-- tijori_access.leave_team(membership) ends a membership of the caller's own.
create function tijori_access.leave_team(membership uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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

-- tijori_access.key_account(scope) is the account of the API key that is asking (tijori.credential). It raises 28000
-- unless that is a living key of somebody who still owns the account, and 42501 for a key without the scope.
create function tijori_access.key_account(needed text) returns uuid
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
    return k.account_id;
end $$;

-- tijori_access.create_api_key(...) stores the hash of a key that an owner has just made. At most fifty live at a time.
create function tijori_access.create_api_key(key_id uuid, key_hash bytea, key_name text, key_scopes text[],
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
    perform from tijori.accounts a where a.account_id = s.account_id for no key update;
    if (select count(*) from tijori.credentials c
         where c.account_id = s.account_id and c.kind = 'api_key' and c.revoked_at is null) >= 50 then
        raise exception 'too many keys' using errcode = '23514', constraint = 'api_keys_limit';
    end if;
    insert into tijori.credentials (hash, id, kind, user_id, account_id, name, scopes, hint, expires_at)
    values (key_hash, key_id, 'api_key', s.user_id, s.account_id, key_name, key_scopes, key_hint, 'infinity');
end $$;

-- tijori_access.api_keys() lists the keys of the caller's account, the living ones first. Callers who do not own the
-- account get no rows.
create function tijori_access.api_keys()
    returns table (id uuid, name text, scopes text[], hint text, made_by text, created_at timestamptz,
        used_at timestamptz, revoked_at timestamptz, live boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
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

-- tijori_access.revoke_api_key(id) ends a key of the caller's account at once, and tells nothing about any other.
create function tijori_access.revoke_api_key(key_id uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
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
-- +goose StatementEnd
alter function tijori_access.scope() owner to tijori_guard;
alter function tijori_access.user_id() owner to tijori_guard;
alter function tijori_access.account_id() owner to tijori_guard;
alter function tijori_access.business_id() owner to tijori_guard;
alter function tijori_access.maker() owner to tijori_guard;
alter function tijori_access.role() owner to tijori_guard;
alter function tijori_access.whoami() owner to tijori_guard;
alter function tijori_access.my_businesses() owner to tijori_guard;
alter function tijori_access.my_memberships() owner to tijori_guard;
alter function tijori_access.team() owner to tijori_guard;
alter function tijori_access.require_app(uuid) owner to tijori_guard;
alter function tijori_access.open_account(uuid, uuid, uuid, uuid, text, text, text) owner to tijori_guard;
alter function tijori_access.open_own_account(uuid, uuid, uuid, uuid, text, text, text) owner to tijori_guard;
alter function tijori_access.home_account(uuid) owner to tijori_guard;
alter function tijori_access.belongs(uuid, uuid) owner to tijori_guard;
alter function tijori_access.keep_owner_whole() owner to tijori_guard;
alter function tijori_access.limit_invitations() owner to tijori_guard;
alter function tijori_access.unmailed_invitations(interval) owner to tijori_guard;
alter function tijori_access.issue_invitation(uuid, uuid, bytea, boolean) owner to tijori_guard;
alter function tijori_access.invitation_by_token(bytea) owner to tijori_guard;
alter function tijori_access.accept_invitation(bytea, uuid, uuid) owner to tijori_guard;
alter function tijori_access.lock_member(uuid) owner to tijori_guard;
alter function tijori_access.keep_owner(tijori.members) owner to tijori_guard;
alter function tijori_access.end_sent_invitations(uuid, uuid) owner to tijori_guard;
alter function tijori_access.end_membership(tijori.members) owner to tijori_guard;
alter function tijori_access.remove_member(uuid) owner to tijori_guard;
alter function tijori_access.change_role(uuid, text) owner to tijori_guard;
alter function tijori_access.leave_team(uuid) owner to tijori_guard;
alter function tijori_access.key_account(text) owner to tijori_guard;
alter function tijori_access.create_api_key(uuid, bytea, text, text[], text) owner to tijori_guard;
alter function tijori_access.api_keys() owner to tijori_guard;
alter function tijori_access.revoke_api_key(uuid) owner to tijori_guard;
revoke all on all functions in schema tijori_access from public;
grant execute on function tijori_access.scope(), tijori_access.user_id(), tijori_access.account_id(),
    tijori_access.business_id(), tijori_access.maker(), tijori_access.role(), tijori_access.whoami(),
    tijori_access.my_businesses(), tijori_access.my_memberships(), tijori_access.team(),
    tijori_access.remove_member(uuid), tijori_access.change_role(uuid, text), tijori_access.leave_team(uuid),
    tijori_access.create_api_key(uuid, bytea, text, text[], text), tijori_access.api_keys(),
    tijori_access.revoke_api_key(uuid)
    to tijori_app;
grant execute on function tijori_access.open_account(uuid, uuid, uuid, uuid, text, text, text),
    tijori_access.open_own_account(uuid, uuid, uuid, uuid, text, text, text), tijori_access.home_account(uuid),
    tijori_access.belongs(uuid, uuid), tijori_access.unmailed_invitations(interval),
    tijori_access.issue_invitation(uuid, uuid, bytea, boolean), tijori_access.invitation_by_token(bytea),
    tijori_access.accept_invitation(bytea, uuid, uuid)
    to tijori_auth;

-- Who reaches which rows of accounts, businesses, members and invitations.
call tijori_access.protect('tijori.accounts');
call tijori_access.open_to_app('tijori.accounts', 'select', 'account', null);
call tijori_access.open_to_app('tijori.accounts', 'update', 'account', 'owns');
call tijori_access.open_to('tijori.accounts', 'tijori_guard', 'select', 'insert', 'update');
call tijori_access.open_to_billing('tijori.accounts', 'select');
grant select (account_id, name, currency, time_zone, created_at, leaving_at, erase_at, erasing_at, erased_at)
    on tijori.accounts to tijori_app;
grant update (name, time_zone) on tijori.accounts to tijori_app;
grant select, insert, update on tijori.accounts to tijori_guard;
grant select on tijori.accounts to tijori_billing;

call tijori_access.protect('tijori.businesses');
call tijori_access.open_to_app('tijori.businesses', 'select', 'itself', null);
call tijori_access.open_to_app('tijori.businesses', 'insert', 'itself', 'owns');
call tijori_access.open_to_app('tijori.businesses', 'update', 'itself', 'runs_khata');
call tijori_access.open_to('tijori.businesses', 'tijori_guard', 'select', 'insert');
grant select on tijori.businesses to tijori_app;
grant insert (account_id, id, name, currency, time_zone) on tijori.businesses to tijori_app;
grant update (name, time_zone) on tijori.businesses to tijori_app;
grant select, insert on tijori.businesses to tijori_guard;

-- Members change only through remove_member, change_role and leave_team, which keep the last owner.
call tijori_access.protect('tijori.members');
call tijori_access.open_to_app('tijori.members', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.members', 'tijori_guard', 'select', 'insert', 'update', 'delete');
call tijori_access.open_to_billing('tijori.members', 'select');
grant select on tijori.members to tijori_app;
grant select, insert, delete on tijori.members to tijori_guard;
grant update (role) on tijori.members to tijori_guard;
grant select on tijori.members to tijori_billing;
create trigger members_check_owner after insert or update of role, business_id on tijori.members
    for each row when (new.business_id is not null) execute function tijori_access.keep_owner_whole();

-- Who invites is checked as created_by is elsewhere.
call tijori_access.protect('tijori.invitations');
call tijori_access.open_to_app('tijori.invitations', 'select', 'account', 'owns');
create policy invitations_insert_app on tijori.invitations for insert to tijori_app
    with check ((account_id, invited_by, true) = (select s.account_id, s.user_id, s.owns from tijori_access.scope() s));
call tijori_access.open_to_app('tijori.invitations', 'update', 'account', 'owns');
call tijori_access.open_to('tijori.invitations', 'tijori_guard', 'select', 'update');
grant select (account_id, id, business_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at)
    on tijori.invitations to tijori_app;
grant insert (account_id, id, business_id, email, role, invited_by, expires_at) on tijori.invitations to tijori_app;
grant update (expires_at, revoked_at) on tijori.invitations to tijori_app;
grant select on tijori.invitations to tijori_guard;
grant update (token_hash, accepted_at, revoked_at) on tijori.invitations to tijori_guard;
create trigger invitations_check_owner after insert or update of role, business_id on tijori.invitations
    for each row when (new.business_id is not null) execute function tijori_access.keep_owner_whole();
create trigger invitations_limit_insert after insert on tijori.invitations
    for each row execute function tijori_access.limit_invitations();
create trigger invitations_limit_update after update of expires_at, revoked_at on tijori.invitations
    for each row when (new.accepted_at is null and new.revoked_at is null
                       and (new.expires_at > old.expires_at or old.revoked_at is not null))
    execute function tijori_access.limit_invitations();
