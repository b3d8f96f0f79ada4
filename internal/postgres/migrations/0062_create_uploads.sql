-- +goose Up
-- A file that waits between its dry run and its import: for an hour, for the user who sent it.
create table tijori.uploads (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    name text not null,
    body bytea not null,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '1 hour',
    constraint uploads_pkey primary key (account_id, business_id, id),
    constraint uploads_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint uploads_name_check check (length(name) between 1 and 200 and name !~ '[\u0001-\u001f\u007f-\u009f]'),
    constraint uploads_body_check check (octet_length(body) <= 10485760)
);
create index uploads_user_idx on tijori.uploads (account_id, business_id, created_by, created_at);
alter table tijori.uploads alter column body set storage external; -- files are packed already, or soon gone
alter table tijori.uploads enable row level security;
alter table tijori.uploads force row level security;
create policy uploads_select_app on tijori.uploads for select to tijori_app
    using ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy uploads_insert_app on tijori.uploads for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy uploads_update_app on tijori.uploads for update to tijori_app
    using ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')))
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy uploads_select_guard on tijori.uploads for select to tijori_guard using (true);
create policy uploads_delete_guard on tijori.uploads for delete to tijori_guard using (true);
grant select on tijori.uploads to tijori_app;
grant insert (account_id, business_id, id, name, body, created_by) on tijori.uploads to tijori_app;
grant update (body) on tijori.uploads to tijori_app; -- to empty it
grant select (expires_at), delete on tijori.uploads to tijori_guard;

-- +goose StatementBegin
-- auth.forget_uploads() deletes every file whose hour is over. For the sweep.
create function auth.forget_uploads() returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n bigint;
begin
    delete from tijori.uploads u where u.expires_at < now();
    get diagnostics n = row_count;
    return n;
end $$;
-- +goose StatementEnd
alter function auth.forget_uploads() owner to tijori_guard;
revoke all on function auth.forget_uploads() from public;
grant execute on function auth.forget_uploads() to tijori_auth;
