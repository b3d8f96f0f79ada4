-- +goose Up
-- What every edit, delete and restore of a party or an entry changed. The first version is told by the row
-- itself. Append-only by grant: only the trigger's owner may insert, nobody may update or delete.
create table tijori.changes (
    account_id uuid not null,
    business_id uuid not null,
    subject text not null,
    subject_id uuid not null,
    version integer not null,
    created_by uuid not null,
    action text not null,
    before jsonb not null,
    after jsonb not null,
    changed_by uuid not null,
    changed_by_name text not null,
    changed_at timestamptz not null default now(),
    constraint changes_pkey primary key (account_id, business_id, subject, subject_id, version),
    constraint changes_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint changes_subject_check check (subject in ('party', 'entry')),
    constraint changes_action_check check (action in ('edit', 'delete', 'restore')),
    constraint changes_version_check check (version > 1)
);
create statistics changes_tenant_stats (ndistinct, dependencies) on account_id, business_id, subject_id from tijori.changes;
-- The name is kept as it was: who has left the business is still told by it.
comment on column tijori.changes.created_by is 'who made the party or entry, as the policy for counters asks';

alter table tijori.changes enable row level security;
alter table tijori.changes force row level security;
create policy changes_select_app on tijori.changes for select to tijori_app
    using ((account_id, business_id, case when (select current_setting('tijori.role', true) = 'counter')
            then case subject when 'entry' then created_by end else '00000000-0000-0000-0000-000000000000'::uuid end)
        = (select s.account_id, s.business_id, case when s.role = 'counter' then s.user_id else '00000000-0000-0000-0000-000000000000'::uuid end from auth.scope() s));
create policy changes_insert_guard on tijori.changes for insert to tijori_guard with check (true);
grant select on tijori.changes to tijori_app;
grant insert on tijori.changes to tijori_guard;

-- +goose StatementBegin
-- auth.record_change writes the history. Its argument names the subject.
create function auth.record_change() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    caller uuid := auth.user_id();
    hidden constant text[] := '{account_id,business_id,id,party_id,name_key,request_hash,created_by,created_at,updated_at,deleted_at,deleted_by,version}';
begin
    insert into tijori.changes (account_id, business_id, subject, subject_id, version, created_by, action, before, after, changed_by, changed_by_name)
    values (new.account_id, new.business_id, tg_argv[0], new.id, new.version, new.created_by,
        case when old.deleted_at is null and new.deleted_at is not null then 'delete'
             when old.deleted_at is not null and new.deleted_at is null then 'restore'
             else 'edit' end,
        to_jsonb(old) - hidden, to_jsonb(new) - hidden, caller,
        coalesce((select u.name from tijori.users u where u.id = caller), ''));
    return null;
end $$;

-- auth.colleagues names the members who may work in the caller's business: whom a history speaks of.
create function auth.colleagues() returns table (user_id uuid, name text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    return query
    select distinct u.id, u.name
      from tijori.members m
      join tijori.users u on u.id = m.user_id
     where m.account_id = s.account_id and s.business_id is not null
       and (m.business_id is null or m.business_id = s.business_id);
end $$;
-- +goose StatementEnd
alter function auth.colleagues() owner to tijori_guard;
revoke all on function auth.colleagues() from public;
grant execute on function auth.colleagues() to tijori_app;
alter function auth.record_change() owner to tijori_guard;
revoke all on function auth.record_change() from public;
create trigger parties_history after update on tijori.parties for each row execute function auth.record_change('party');
create trigger entries_history after update on tijori.entries for each row execute function auth.record_change('entry');
