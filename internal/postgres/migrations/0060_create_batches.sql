-- +goose Up
-- A batch is what was added together, by the grid or by an import, and can be undone together. Entries and parties
-- carry its id; how many they are is counted, never stored.
create table tijori.batches (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    kind text not null,
    name text not null default '',
    created_by uuid not null,
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_by uuid,
    constraint batches_pkey primary key (account_id, business_id, id),
    constraint batches_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint batches_kind_check check (kind in ('import', 'grid')),
    constraint batches_name_check check (length(name) <= 200 and name !~ '[\u0001-\u001f\u007f-\u009f]'),
    constraint batches_undone_check check ((undone_at is null) = (undone_by is null))
);
create index batches_recent_idx on tijori.batches (account_id, business_id, created_at desc);
comment on column tijori.batches.name is 'of an import: the file';

alter table tijori.batches enable row level security;
alter table tijori.batches force row level security;
create policy batches_select_app on tijori.batches for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy batches_insert_app on tijori.batches for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy batches_update_app on tijori.batches for update to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')))
    with check ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')));
grant select on tijori.batches to tijori_app;
grant insert (account_id, business_id, id, kind, name, created_by) on tijori.batches to tijori_app;
grant update (undone_at) on tijori.batches to tijori_app;

alter table tijori.entries add column batch_id uuid,
    add constraint entries_batch_fkey foreign key (account_id, business_id, batch_id) references tijori.batches (account_id, business_id, id);
alter table tijori.parties add column batch_id uuid,
    add constraint parties_batch_fkey foreign key (account_id, business_id, batch_id) references tijori.batches (account_id, business_id, id);
create index entries_batch_idx on tijori.entries (account_id, business_id, batch_id) where batch_id is not null;
create index parties_batch_idx on tijori.parties (account_id, business_id, batch_id) where batch_id is not null;
grant insert (batch_id) on tijori.entries, tijori.parties to tijori_app;

-- +goose StatementBegin
-- stamp_undo writes down who undid a batch and when, whatever the statement says. What is undone stays undone.
create function tijori.stamp_undo() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.undone_at := old.undone_at;
    new.undone_by := old.undone_by;
    if old.undone_at is null then
        new.undone_at := now();
        new.undone_by := auth.user_id();
    end if;
    return new;
end $$;

-- auth.require_batch_entry() lets the grid write for accounts whose plan has it, whatever the program asked.
-- It runs after the policy has let the row in.
create function auth.require_batch_entry() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if not exists (select 1 from tijori.plans p where p.id = auth.plan_of(new.account_id) and 'batch_entry' = any (p.entitlements)) then
        raise exception 'the plan has no batch entry' using errcode = '23514', constraint = 'batch_entry_plan';
    end if;
    return null;
end $$;

-- auth.record_change() as in 0012; which batch a row came with is no change of it.
create or replace function auth.record_change() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    caller uuid := auth.user_id();
    hidden constant text[] := '{account_id,business_id,id,party_id,name_key,request_hash,created_by,created_at,updated_at,deleted_at,deleted_by,version,batch_id}';
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
-- +goose StatementEnd
revoke all on function tijori.stamp_undo() from public;
alter function auth.require_batch_entry() owner to tijori_guard;
revoke all on function auth.require_batch_entry() from public;
create trigger batches_stamp before update on tijori.batches for each row execute function tijori.stamp_undo();
create trigger batches_plan after insert on tijori.batches for each row when (new.kind = 'grid') execute function auth.require_batch_entry();
