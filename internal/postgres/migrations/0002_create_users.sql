-- +goose Up
-- People who sign in. A global table: small, and read only by the sign-in role and by functions of auth.
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
alter table tijori.users enable row level security;
alter table tijori.users force row level security;
create policy users_select_auth on tijori.users for select to tijori_auth using (true);
create policy users_insert_auth on tijori.users for insert to tijori_auth with check (true);
create policy users_update_auth on tijori.users for update to tijori_auth using (true) with check (true);
create policy users_select_guard on tijori.users for select to tijori_guard using (true);
grant select, insert on tijori.users to tijori_auth;
grant update (name, password_hash, locale) on tijori.users to tijori_auth;
grant select (id, email, name, locale) on tijori.users to tijori_guard;
