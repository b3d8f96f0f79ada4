-- A stand-in for a Supabase project as its owner finds it: roles anon, authenticated and service_role, schemas auth,
-- storage, realtime and extensions, and default privileges that open every new table in "public" to the API roles.
-- The project's owner, "postgres" there, is called project_owner here: no superuser, but CREATEROLE and BYPASSRLS.
-- Roles are shared by the whole cluster, so they are made once.
do $$
declare
  r text;
begin
  foreach r in array array[
    'project_owner nosuperuser login createrole createdb replication bypassrls',
    'anon nologin noinherit',
    'authenticated nologin noinherit',
    'service_role nologin noinherit bypassrls',
    'authenticator login noinherit',
    'supabase_auth_admin nologin noinherit createrole',
    'supabase_storage_admin nologin noinherit createrole']
  loop
    if not exists (select 1 from pg_roles where rolname = split_part(r, ' ', 1)) then
      execute 'create role ' || r;
    end if;
  end loop;
end $$;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to project_owner;
grant supabase_auth_admin, supabase_storage_admin to project_owner;

do $$ begin execute format('grant all on database %I to project_owner', current_database()); end $$;

-- public: everything new is granted to the API roles; only row-level security stands between.
grant usage on schema public to project_owner, anon, authenticated, service_role;
grant all on schema public to project_owner;
alter default privileges for role project_owner in schema public
  grant all on tables to project_owner, anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
  grant all on sequences to project_owner, anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
  grant all on functions to project_owner, anon, authenticated, service_role;

create schema extensions;
grant usage on schema extensions to public;

-- auth ------------------------------------------------------------------------------------------------
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to project_owner, anon, authenticated, service_role;

create table auth.users (
  id                 uuid primary key default gen_random_uuid(),
  aud                text default 'authenticated',
  role               text default 'authenticated',
  email              text unique,
  phone              text unique,
  encrypted_password text,
  email_confirmed_at timestamptz default now(),
  confirmation_token text default '',
  recovery_token     text default '',
  raw_app_meta_data  jsonb default '{}',   -- written by the server only
  raw_user_meta_data jsonb default '{}',   -- written by the user at sign-up and at any later moment
  is_anonymous       boolean not null default false,
  last_sign_in_at    timestamptz,
  created_at         timestamptz default now()
);
alter table auth.users owner to supabase_auth_admin;
alter table auth.users enable row level security;
grant all on auth.users to project_owner, service_role;

create function auth.jwt() returns jsonb language sql stable as
  $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create function auth.uid() returns uuid language sql stable as
  $$ select nullif(coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub'), '')::uuid $$;
create function auth.role() returns text language sql stable as
  $$ select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role') $$;
create function auth.email() returns text language sql stable as
  $$ select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''), auth.jwt() ->> 'email') $$;

-- storage ---------------------------------------------------------------------------------------------
create schema storage authorization supabase_storage_admin;
grant usage on schema storage to project_owner, anon, authenticated, service_role;

create table storage.buckets (
  id                 text primary key,
  name               text not null unique,
  owner              uuid,
  public             boolean default false,   -- true: every object is served by its URL, no policy is asked
  file_size_limit    bigint,
  allowed_mime_types text[],
  created_at         timestamptz default now()
);
create table storage.objects (
  id               uuid primary key default gen_random_uuid(),
  bucket_id        text references storage.buckets (id),
  name             text,
  owner            uuid,
  owner_id         text,
  metadata         jsonb,
  path_tokens      text[] generated always as (string_to_array(name, '/')) stored,
  created_at       timestamptz default now(),
  updated_at       timestamptz default now(),
  last_accessed_at timestamptz default now(),
  unique (bucket_id, name)
);
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on storage.buckets, storage.objects to project_owner, anon, authenticated, service_role;

create function storage.foldername(name text) returns text[] language sql immutable as
  $$ select (string_to_array(name, '/'))[1 : array_length(string_to_array(name, '/'), 1) - 1] $$;
create function storage.filename(name text) returns text language sql immutable as
  $$ select (string_to_array(name, '/'))[array_length(string_to_array(name, '/'), 1)] $$;
create function storage.extension(name text) returns text language sql immutable as
  $$ select reverse(split_part(reverse(storage.filename(name)), '.', 1)) $$;

-- realtime --------------------------------------------------------------------------------------------
-- Tables in this publication are sent to subscribers. Policies filter inserts and updates of tables that
-- have row-level security on; nothing filters a table that has it off, and no policy filters deletes.
create schema realtime;
grant usage on schema realtime to project_owner, anon, authenticated, service_role;
create publication supabase_realtime;
alter publication supabase_realtime owner to project_owner;

-- Hosted Supabase puts "extensions" at the end of every role's search_path.
do $$
begin
  execute format('alter database %I set search_path = "$user", public, extensions', current_database());
end $$;
