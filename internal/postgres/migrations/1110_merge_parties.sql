-- +goose Up
-- compatible from: 1001
-- An entry can be moved to another party, and two parties that are one person can be merged: the entries of one move
-- to the other, and the one without entries goes to the bin. Both are in the history, and both can be undone.

grant update (party_id, opening) on tijori.entries to tijori_app;

-- A change that moves an entry says from which party to which, so that the history of both tells of it.
alter table tijori.changes
    add column from_party uuid,
    add column to_party uuid,
    drop constraint changes_action_check,
    add constraint changes_action_check check (action in ('edit', 'delete', 'restore', 'move')),
    add constraint changes_move_check check ((action = 'move') = (from_party is not null)
        and (from_party is null) = (to_party is null) and (from_party is null or subject = 'entry'));
create index changes_from_idx on tijori.changes (account_id, business_id, from_party) where from_party is not null;
create index changes_to_idx on tijori.changes (account_id, business_id, to_party) where to_party is not null;

-- A merge of one party into another. Which entries it moved is in their changes, which have its time: they were written
-- by its transaction.
create table tijori.merges (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    from_party uuid not null,
    into_party uuid not null,
    opening_id uuid,
    filled boolean not null default false,
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_by uuid,
    constraint merges_pkey primary key (account_id, business_id, id),
    constraint merges_from_fkey foreign key (account_id, business_id, from_party)
        references tijori.parties (account_id, business_id, id),
    constraint merges_into_fkey foreign key (account_id, business_id, into_party)
        references tijori.parties (account_id, business_id, id),
    constraint merges_undone_check check ((undone_at is null) = (undone_by is null))
);
comment on column tijori.merges.opening_id is
    'the opening balance of the party that went, which became a plain entry because the other has one as well';
comment on column tijori.merges.filled is 'the party that stayed had no phone and got that of the other';
create index merges_from_idx on tijori.merges (account_id, business_id, from_party);
create index merges_into_idx on tijori.merges (account_id, business_id, into_party);
create statistics tijori.merges_tenant_stats (ndistinct, dependencies)
    on account_id, business_id from tijori.merges;

call tijori_access.protect('tijori.merges');
call tijori_access.open_to_app('tijori.merges', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.merges', 'insert', 'business', 'runs_khata');
call tijori_access.open_to_app('tijori.merges', 'update', 'business', 'runs_khata');
grant select on tijori.merges to tijori_app;
grant insert (account_id, business_id, id, from_party, into_party, opening_id, filled, created_by, created_by_name)
    on tijori.merges to tijori_app;
grant update (undone_at) on tijori.merges to tijori_app;
call tijori_access.erase_with_account('tijori.merges', 45);
create trigger merges_stamp before update of undone_at on tijori.merges
    for each row execute function tijori_khata.stamp_undo();

-- +goose StatementBegin
-- tijori_khata.record_changes() writes the history of a statement. Its argument names the subject. It runs once a
-- statement and not once a row: asking for each row who is calling took as long as all the rest of undoing an import
-- of 50,000 entries. The batch that a row came with never changes, so it is hidden too. Of the party of an entry only a
-- move tells, by the columns for it.
--
-- The query that joins what was with what is now is planned once a session, perhaps when that is one row, and kept:
-- 50,000 rows later, nested loops would compare each row with each. So they are off.
create or replace function tijori_khata.record_changes() returns trigger
    language plpgsql security definer set search_path = '' set enable_nestloop = off
    as $$
declare
    caller uuid := tijori_access.user_id();
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    hidden constant text[] := '{account_id,business_id,id,party_id,name_key,request_hash,created_by,created_at,'
        'updated_at,deleted_at,deleted_by,version,batch_id}';
begin
    insert into tijori.changes (account_id, business_id, subject, subject_id, version, created_by, action,
        before, after, from_party, to_party, changed_by, changed_by_name)
    select c.account_id, c.business_id, tg_argv[0], c.id, c.version,
        case tg_argv[0] when 'entry' then c.created_by else nobody end,
        case when c.from_party <> c.to_party then 'move'
             when c.was_there and not c.is_there then 'delete'
             when c.is_there and not c.was_there then 'restore'
             else 'edit' end,
        c.former - hidden, c.written - hidden,
        nullif(c.from_party, c.to_party), case when c.from_party <> c.to_party then c.to_party end,
        caller, coalesce((select u.name from tijori.users u where u.id = caller), '')
      from (
        select w.account_id, w.business_id, w.id, w.version, w.created_by,
               f.deleted_at is null as was_there, w.deleted_at is null as is_there,
               to_jsonb(f) as former, to_jsonb(w) as written,
               (to_jsonb(f) ->> 'party_id')::uuid as from_party, (to_jsonb(w) ->> 'party_id')::uuid as to_party
          from former f
          join written w on w.account_id = f.account_id and w.business_id = f.business_id and w.id = f.id
        offset 0
      ) c;
    return null;
end $$;
-- +goose StatementEnd
