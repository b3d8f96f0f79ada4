-- +goose Up
-- What proves a caller: the SHA-256 of a session token or an API key, never the token itself.
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
    constraint credentials_pkey primary key (hash),
    constraint credentials_id_key unique (id),
    constraint credentials_hash_check check (length(hash) = 32),
    constraint credentials_kind_check check (kind in ('session', 'api_key')),
    constraint credentials_user_fkey foreign key (user_id) references tijori.users (id)
);
create index credentials_user_idx on tijori.credentials (user_id) where revoked_at is null;
alter table tijori.credentials enable row level security;
alter table tijori.credentials force row level security;
create policy credentials_select_auth on tijori.credentials for select to tijori_auth using (true);
create policy credentials_insert_auth on tijori.credentials for insert to tijori_auth with check (true);
create policy credentials_update_auth on tijori.credentials for update to tijori_auth using (true) with check (true);
create policy credentials_delete_auth on tijori.credentials for delete to tijori_auth using (expires_at < now() - interval '90 days' or revoked_at < now() - interval '90 days');
create policy credentials_select_guard on tijori.credentials for select to tijori_guard using (true);
grant select, insert, delete on tijori.credentials to tijori_auth;
grant update (account_id, used_at, expires_at, revoked_at) on tijori.credentials to tijori_auth;
grant select on tijori.credentials to tijori_guard;

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
alter table tijori.signups enable row level security;
alter table tijori.signups force row level security;
create policy signups_select_auth on tijori.signups for select to tijori_auth using (true);
create policy signups_insert_auth on tijori.signups for insert to tijori_auth with check (true);
create policy signups_update_auth on tijori.signups for update to tijori_auth using (true) with check (true);
create policy signups_delete_auth on tijori.signups for delete to tijori_auth using (true);
grant select, insert, delete on tijori.signups to tijori_auth;
grant update (token_hash, expires_at) on tijori.signups to tijori_auth;

-- Recoveries asked for, of known and unknown addresses alike. The user is looked up and the
-- token made when the mail is sent; its link is good for thirty minutes and one use.
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
alter table tijori.recoveries enable row level security;
alter table tijori.recoveries force row level security;
create policy recoveries_select_auth on tijori.recoveries for select to tijori_auth using (true);
create policy recoveries_insert_auth on tijori.recoveries for insert to tijori_auth with check (true);
create policy recoveries_update_auth on tijori.recoveries for update to tijori_auth using (true) with check (true);
create policy recoveries_delete_auth on tijori.recoveries for delete to tijori_auth using (user_id is null or expires_at < now() - interval '1 day');
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
alter table tijori.throttles enable row level security;
alter table tijori.throttles force row level security;
create policy throttles_select_auth on tijori.throttles for select to tijori_auth using (true);
create policy throttles_insert_auth on tijori.throttles for insert to tijori_auth with check (true);
create policy throttles_update_auth on tijori.throttles for update to tijori_auth using (true) with check (true);
create policy throttles_delete_auth on tijori.throttles for delete to tijori_auth using (ends_at < now());
grant select, insert, update, delete on tijori.throttles to tijori_auth;
