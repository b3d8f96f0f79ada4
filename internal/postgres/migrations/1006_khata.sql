-- +goose Up
-- compatible from: 1001
-- The khata: the parties a business trades with, their entries, and what is kept around them. Triggers keep the
-- history, the period lock and the sums, whatever the program asks for.

-- A batch is what was added together, by the grid or by an import, and can be undone together. Entries and parties
-- carry its id; how many they are is counted, never stored.
create table tijori.batches (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    kind text not null,
    name text not null default '',
    digest bytea,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_by uuid,
    constraint batches_pkey primary key (account_id, business_id, id),
    constraint batches_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id),
    constraint batches_kind_check check (kind in ('import', 'grid')),
    constraint batches_name_check check (length(name) <= 200 and name !~ '[\u0001-\u001f\u007f-\u009f]'),
    constraint batches_digest_check check (octet_length(digest) = 32),
    constraint batches_undone_check check ((undone_at is null) = (undone_by is null))
);
create index batches_recent_idx on tijori.batches (account_id, business_id, created_at desc);
comment on column tijori.batches.name is 'of an import: the file';
comment on column tijori.batches.digest is
    'of an import: the SHA-256 of the file, so that it is recognized under another name';

call tijori_access.protect('tijori.batches');
call tijori_access.open_to_app('tijori.batches', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.batches', 'insert', 'business', 'runs_khata');
call tijori_access.open_to_app('tijori.batches', 'update', 'business', 'runs_khata');
call tijori_access.open_to('tijori.batches', 'tijori_guard', 'select');
grant select on tijori.batches to tijori_app;
grant insert (account_id, business_id, id, kind, name, digest, created_by) on tijori.batches to tijori_app;
grant update (undone_at) on tijori.batches to tijori_app;
grant select (account_id, business_id, id, kind) on tijori.batches to tijori_guard;

-- Someone a business trades with. A deleted party stays in the bin, with its entries. created_by is no foreign key to
-- users: it comes from the credential, and the key's lock on the user's row would queue everything that one user
-- writes at the same time.
create table tijori.parties (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    kind text not null,
    name text not null,
    name_key text collate "C" not null,
    phone text not null default '',
    note text not null default '',
    batch_id uuid,
    request_hash bytea not null,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    deleted_by uuid,
    version integer not null default 1,
    constraint parties_pkey primary key (account_id, business_id, id),
    constraint parties_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id) deferrable initially deferred, -- see hold_lock
    constraint parties_batch_fkey foreign key (account_id, business_id, batch_id)
        references tijori.batches (account_id, business_id, id),
    constraint parties_kind_check check (kind in ('customer', 'supplier')),
    constraint parties_name_check check (length(name) between 1 and 120 and name = btrim(name)
        and name !~ '[\u0001-\u001f\u007f-\u009f]'),
    constraint parties_name_key_check check (length(name_key) <= 480),
    constraint parties_phone_check check (phone ~ '^(\+?[0-9]{3,15})?$'),
    constraint parties_note_check check (length(note) <= 500 and note !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'),
    constraint parties_request_check check (length(request_hash) = 32),
    constraint parties_deleted_check check ((deleted_at is null) = (deleted_by is null)),
    constraint parties_version_check check (version > 0)
);
create index parties_bin_idx on tijori.parties (account_id, business_id, deleted_at, id) where deleted_at is not null;
create index parties_batch_idx on tijori.parties (account_id, business_id, batch_id) where batch_id is not null;
-- The list of parties by name is read from this index in order, and a search for words or digits reads it alone. The
-- condition on name_key is always true: without it the planner would use this index to look up a single party, and
-- read a whole business.
create index parties_name_idx on tijori.parties (account_id, business_id, name_key, id) include (phone, kind)
    where deleted_at is null and name_key is not null;
-- A business belongs to one account. Without these statistics the planner multiplies the two selectivities and
-- expects one row.
create statistics tijori.parties_tenant_stats (ndistinct, dependencies)
    on account_id, business_id from tijori.parties;

call tijori_access.protect('tijori.parties');
call tijori_access.open_to_app('tijori.parties', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.parties', 'insert', 'business', 'runs_khata');
call tijori_access.open_to_app('tijori.parties', 'update', 'business', 'runs_khata');
call tijori_access.open_to('tijori.parties', 'tijori_guard', 'select');
-- Nobody deletes. By whom, when and in which version a row was written is not for the program to say, so those
-- columns are not granted.
grant select on tijori.parties to tijori_app;
grant insert (account_id, business_id, id, kind, name, name_key, phone, note, batch_id, request_hash, created_by)
    on tijori.parties to tijori_app;
grant update (kind, name, name_key, phone, note, deleted_at) on tijori.parties to tijori_app;
grant select (account_id, business_id, id, kind, name, name_key, created_at, deleted_at)
    on tijori.parties to tijori_guard;

-- One Given or Received line of a party. Entries are the only truth about money: a balance is their sum.
-- An opening entry is what was open with a party before its book began: one dated entry, counted like any other.
create table tijori.entries (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    party_id uuid not null,
    side text not null,
    amount_minor bigint not null,
    business_date date not null,
    note text not null default '',
    opening boolean not null default false,
    batch_id uuid,
    request_hash bytea not null,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    deleted_by uuid,
    version integer not null default 1,
    constraint entries_pkey primary key (account_id, business_id, id),
    constraint entries_party_fkey foreign key (account_id, business_id, party_id)
        references tijori.parties (account_id, business_id, id),
    constraint entries_batch_fkey foreign key (account_id, business_id, batch_id)
        references tijori.batches (account_id, business_id, id),
    constraint entries_side_check check (side in ('given', 'received')),
    constraint entries_amount_check check (amount_minor between 1 and 10000000000000), -- money.Max
    constraint entries_date_check check (business_date between date '2000-01-01' and date '2099-12-31'),
    constraint entries_note_check check (length(note) <= 500 and note !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'),
    constraint entries_request_check check (length(request_hash) = 32),
    constraint entries_deleted_check check ((deleted_at is null) = (deleted_by is null)),
    constraint entries_version_check check (version > 0)
);
-- A party's balance and running balances are read from this index alone; created_by is in it for the policy.
create index entries_party_date_idx on tijori.entries (account_id, business_id, party_id, business_date, id)
    include (side, amount_minor, created_by) where deleted_at is null;
create index entries_bin_idx on tijori.entries (account_id, business_id, deleted_at, id) where deleted_at is not null;
create index entries_batch_idx on tijori.entries (account_id, business_id, batch_id) where batch_id is not null;
-- One opening entry a party. One in the bin makes room for a new one, and then cannot come back.
create unique index entries_opening_key on tijori.entries (account_id, business_id, party_id)
    where opening and deleted_at is null;
-- A party belongs to one business, and that to one account. Without these statistics the planner expects one row.
create statistics tijori.entries_tenant_stats (ndistinct, dependencies)
    on account_id, business_id, party_id from tijori.entries;

call tijori_access.protect('tijori.entries');
-- Members who do not see totals see no entries but their own, so that no total can be derived, and correct them for a
-- day.
call tijori_access.open_to_app('tijori.entries', 'select', 'business', null, narrowed => true);
call tijori_access.open_to_app('tijori.entries', 'insert', 'business', 'adds_entries');
call tijori_access.open_to_app('tijori.entries', 'update', 'business', 'adds_entries',
    narrowed => true, until => interval '24 hours');
-- The guard reads dates to keep the period lock, and figures for sums and shared statements.
call tijori_access.open_to('tijori.entries', 'tijori_guard', 'select');
grant select on tijori.entries to tijori_app;
grant insert (account_id, business_id, id, party_id, side, amount_minor, business_date, note, opening, batch_id,
        request_hash, created_by)
    on tijori.entries to tijori_app;
grant update (side, amount_minor, business_date, note, deleted_at) on tijori.entries to tijori_app;
grant select (account_id, business_id, id, party_id, side, amount_minor, business_date, note, opening, created_at,
        updated_at, deleted_at)
    on tijori.entries to tijori_guard;

-- +goose StatementBegin
-- tijori_khata.stamp_update() counts versions and writes down who deleted a row and when, whatever the statement
-- says.
create function tijori_khata.stamp_update() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    if new.deleted_at is null then
        new.deleted_by := null;
    elsif old.deleted_at is null then
        new.deleted_at := now();
        new.deleted_by := tijori_access.user_id();
    else
        new.deleted_at := old.deleted_at;
        new.deleted_by := old.deleted_by;
    end if;
    return new;
end $$;

-- tijori_khata.stamp_undo() writes down who undid a batch and when, whatever the statement says. An undone batch
-- stays undone.
create function tijori_khata.stamp_undo() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.undone_at := old.undone_at;
    new.undone_by := old.undone_by;
    if old.undone_at is null then
        new.undone_at := now();
        new.undone_by := tijori_access.user_id();
    end if;
    return new;
end $$;

-- tijori_khata.refuse_far_date() refuses a date more than a year after the service's today: a slip of the keyboard
-- that would stay on top of the page for decades.
create function tijori_khata.refuse_far_date() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    if new.business_date > (tijori_ops.clock() at time zone 'Asia/Kolkata')::date + 366 then
        raise exception 'date too far ahead'
            using errcode = 'check_violation', constraint = 'entries_far_date_check';
    end if;
    return new;
end $$;

-- tijori_khata.party_names(only_id, patterns) is all that members who do not see totals learn of parties: the names
-- of those outside the bin, to choose from. With only_id it returns that one, without it those whose name_key matches
-- every LIKE pattern.
create function tijori_khata.party_names(only_id uuid default null, patterns text[] default '{}')
    returns table (id uuid, kind text, name text, name_key text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    if only_id is not null then
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.id = only_id
            and p.deleted_at is null;
    else
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.deleted_at is null
            and p.name_key like all (patterns);
    end if;
end $$;

-- tijori_khata.limit_parties() keeps the number of parties that a plan allows: under the account's lock, whoever
-- inserts and however many do so at the same time. It runs after the policy has let the row in: earlier, it would
-- lock and count the account that a forged row names. A repeated insert of the same id writes nothing, so it is not
-- counted. Above read committed, a transaction that waited for the lock would not see what the one before it wrote,
-- and would count too few: there, no party is added.
create function tijori_khata.limit_parties() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    room bigint;
begin
    perform 1 from tijori.accounts a where a.account_id = new.account_id for no key update;
    room := tijori_plans.limit_of(new.account_id, 'parties.max');
    if room is null then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'parties are counted in read committed only' using errcode = '25001';
    end if;
    if (select count(*) from (
        select 1 from tijori.parties p where p.account_id = new.account_id and p.deleted_at is null limit room + 1
       ) taken) > room then
        raise exception 'no room for another party'
            using errcode = '23514', constraint = 'party_limit', detail = room::text;
    end if;
    return null;
end $$;

-- tijori_khata.party_count() is how many parties outside the bin the caller's account has in all its businesses.
-- Callers who do not own the account get 0.
create function tijori_khata.party_count() returns integer
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    return (select count(*) from tijori.parties p where p.account_id = mine and p.deleted_at is null);
end $$;

-- tijori_khata.require_batch_entry() lets only accounts whose plan includes the grid begin a batch of it, whatever
-- the program checked. It runs after the policy has let the row in.
create function tijori_khata.require_batch_entry() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if not tijori_plans.entitled(new.account_id, 'batch_entry') then
        raise exception 'the plan has no batch entry' using errcode = '23514', constraint = 'batch_entry_plan';
    end if;
    return null;
end $$;

-- tijori_khata.require_batch_entry_rows() asks the same of every statement that adds entries to a batch of the grid:
-- otherwise a batch could be opened while the plan includes the grid, and be filled after that plan has ended.
create function tijori_khata.require_batch_entry_rows() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    b record;
begin
    for b in select distinct w.account_id, w.business_id, w.batch_id from written w where w.batch_id is not null loop
        if exists (select 1 from tijori.batches x where x.account_id = b.account_id and x.business_id = b.business_id
                    and x.id = b.batch_id and x.kind = 'grid')
           and not tijori_plans.entitled(b.account_id, 'batch_entry') then
            raise exception 'the plan has no batch entry' using errcode = '23514', constraint = 'batch_entry_plan';
        end if;
    end loop;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_khata.party_names(uuid, text[]) owner to tijori_guard;
alter function tijori_khata.limit_parties() owner to tijori_guard;
alter function tijori_khata.party_count() owner to tijori_guard;
alter function tijori_khata.require_batch_entry() owner to tijori_guard;
alter function tijori_khata.require_batch_entry_rows() owner to tijori_guard;
revoke all on function tijori_khata.stamp_update(), tijori_khata.stamp_undo(), tijori_khata.refuse_far_date(),
    tijori_khata.party_names(uuid, text[]), tijori_khata.limit_parties(), tijori_khata.party_count(),
    tijori_khata.require_batch_entry(), tijori_khata.require_batch_entry_rows() from public;
grant execute on function tijori_khata.party_names(uuid, text[]), tijori_khata.party_count() to tijori_app;
create trigger batches_stamp before update on tijori.batches
    for each row execute function tijori_khata.stamp_undo();
create trigger batches_plan after insert on tijori.batches
    for each row when (new.kind = 'grid') execute function tijori_khata.require_batch_entry();
create trigger parties_stamp before update on tijori.parties
    for each row execute function tijori_khata.stamp_update();
create trigger parties_limit_insert after insert on tijori.parties
    for each row execute function tijori_khata.limit_parties();
create trigger parties_limit_restore after update of deleted_at on tijori.parties
    for each row when (old.deleted_at is not null and new.deleted_at is null)
    execute function tijori_khata.limit_parties();
create trigger entries_stamp before update on tijori.entries
    for each row execute function tijori_khata.stamp_update();
create trigger entries_far_date before insert or update of business_date on tijori.entries
    for each row when (new.business_date > current_date + 365) execute function tijori_khata.refuse_far_date();
create trigger entries_batch_plan after insert on tijori.entries referencing new table as written
    for each statement execute function tijori_khata.require_batch_entry_rows();

-- What every edit, delete and restore of a party or an entry changed; the row itself tells of its first version.
-- Append-only by grant: only the trigger's owner may insert, nobody may update or delete.
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
    constraint changes_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id) deferrable initially deferred, -- see hold_lock
    constraint changes_subject_check check (subject in ('party', 'entry')),
    constraint changes_action_check check (action in ('edit', 'delete', 'restore')),
    constraint changes_version_check check (version > 1),
    constraint changes_created_by_check
        check (subject = 'entry' or created_by = '00000000-0000-0000-0000-000000000000')
);
create statistics tijori.changes_tenant_stats (ndistinct, dependencies)
    on account_id, business_id, subject_id from tijori.changes;
comment on column tijori.changes.created_by is
    'of an entry: its maker, as the policy for members who see only their own entries asks; of a party: the zero uuid, '
    'nobody, because those members see no party''s history, not even of one that they made';
comment on column tijori.changes.changed_by_name is
    'as it was then, so that it still names somebody who has left the business';

call tijori_access.protect('tijori.changes');
call tijori_access.open_to_app('tijori.changes', 'select', 'business', null, narrowed => true);
call tijori_access.open_to('tijori.changes', 'tijori_guard', 'insert');
grant select on tijori.changes to tijori_app;
grant insert on tijori.changes to tijori_guard;

-- +goose StatementBegin
-- tijori_khata.record_changes() writes the history of a statement. Its argument names the subject. It runs once a
-- statement and not once a row: asking for each row who is calling took as long as all the rest of undoing an import
-- of 50,000 entries. The batch that a row came with never changes, so it is hidden too.
--
-- The query that joins what was with what is now is planned once a session, perhaps when that is one row, and kept:
-- 50,000 rows later, nested loops would compare each row with each. So they are off.
create function tijori_khata.record_changes() returns trigger
    language plpgsql security definer set search_path = '' set enable_nestloop = off
    as $$
declare
    caller uuid := tijori_access.user_id();
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    hidden constant text[] := '{account_id,business_id,id,party_id,name_key,request_hash,created_by,created_at,'
        'updated_at,deleted_at,deleted_by,version,batch_id}';
begin
    insert into tijori.changes (account_id, business_id, subject, subject_id, version, created_by, action,
        before, after, changed_by, changed_by_name)
    select w.account_id, w.business_id, tg_argv[0], w.id, w.version,
        case tg_argv[0] when 'entry' then w.created_by else nobody end,
        case when f.deleted_at is null and w.deleted_at is not null then 'delete'
             when f.deleted_at is not null and w.deleted_at is null then 'restore'
             else 'edit' end,
        to_jsonb(f) - hidden, to_jsonb(w) - hidden, caller,
        coalesce((select u.name from tijori.users u where u.id = caller), '')
      from former f
      join written w on w.account_id = f.account_id and w.business_id = f.business_id and w.id = f.id;
    return null;
end $$;

-- tijori_access.colleagues() names the members who may work in the caller's business: those whom a history may name.
create function tijori_access.colleagues() returns table (user_id uuid, name text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    return query
    select distinct u.id, u.name
      from tijori.members m
      join tijori.users u on u.id = m.user_id
     where m.account_id = s.account_id and s.business_id is not null
       and (m.business_id is null or m.business_id = s.business_id);
end $$;
-- +goose StatementEnd
alter function tijori_khata.record_changes() owner to tijori_guard;
alter function tijori_access.colleagues() owner to tijori_guard;
revoke all on function tijori_khata.record_changes(), tijori_access.colleagues() from public;
grant execute on function tijori_access.colleagues() to tijori_app;
create trigger parties_history after update on tijori.parties
    referencing old table as former new table as written
    for each statement execute function tijori_khata.record_changes('party');
create trigger entries_history after update on tijori.entries
    referencing old table as former new table as written
    for each statement execute function tijori_khata.record_changes('entry');

-- What a user has begun on a page and not saved yet: the rows of the grid. Nobody else sees it, not even the owner.
-- writer is the tab that wrote last: it may repeat its write when the answer was lost.
create table tijori.drafts (
    account_id uuid not null,
    business_id uuid not null,
    created_by uuid not null,
    name text not null,
    body jsonb not null,
    writer uuid not null,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    constraint drafts_pkey primary key (account_id, business_id, created_by, name),
    constraint drafts_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id),
    constraint drafts_name_check check (length(name) between 1 and 60),
    constraint drafts_body_check check (octet_length(body::text) <= 4194304),
    constraint drafts_version_check check (version > 0)
);
call tijori_access.protect('tijori.drafts');
call tijori_access.open_to_app('tijori.drafts', 'select', 'maker', 'runs_khata');
call tijori_access.open_to_app('tijori.drafts', 'insert', 'maker', 'runs_khata');
call tijori_access.open_to_app('tijori.drafts', 'update', 'maker', 'runs_khata');
grant select on tijori.drafts to tijori_app;
grant insert (account_id, business_id, created_by, name, body, writer) on tijori.drafts to tijori_app;
grant update (body, writer) on tijori.drafts to tijori_app;

-- +goose StatementBegin
-- tijori_khata.stamp_draft() counts versions.
create function tijori_khata.stamp_draft() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end $$;
-- +goose StatementEnd
revoke all on function tijori_khata.stamp_draft() from public;
create trigger drafts_stamp before update on tijori.drafts
    for each row execute function tijori_khata.stamp_draft();

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
    constraint uploads_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id),
    constraint uploads_name_check check (length(name) between 1 and 200 and name !~ '[\u0001-\u001f\u007f-\u009f]'),
    constraint uploads_body_check check (octet_length(body) <= 10485760)
);
create index uploads_user_idx on tijori.uploads (account_id, business_id, created_by, created_at);
alter table tijori.uploads alter column body set storage external; -- files are compressed already, or soon gone
call tijori_access.protect('tijori.uploads');
call tijori_access.open_to_app('tijori.uploads', 'select', 'maker', 'runs_khata');
call tijori_access.open_to_app('tijori.uploads', 'insert', 'maker', 'runs_khata');
call tijori_access.open_to_app('tijori.uploads', 'update', 'maker', 'runs_khata');
call tijori_access.open_to('tijori.uploads', 'tijori_guard', 'select', 'delete');
grant select on tijori.uploads to tijori_app;
grant insert (account_id, business_id, id, name, body, created_by) on tijori.uploads to tijori_app;
grant update (body) on tijori.uploads to tijori_app; -- to empty it
grant select (expires_at), delete on tijori.uploads to tijori_guard;

-- Long work that whoever began it may watch, and stop, from another request, which may reach another node. The work
-- itself writes down its progress about once a second. Short work leaves no row. Nobody else sees it, not even the
-- owner.
create table tijori.tasks (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    kind text not null,
    state text not null default 'running',
    done bigint not null default 0,
    total bigint not null default 0,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    constraint tasks_pkey primary key (account_id, business_id, id),
    constraint tasks_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id) on delete cascade,
    constraint tasks_kind_check check (kind in ('export', 'import')),
    constraint tasks_state_check check (state in ('running', 'stopped', 'done', 'failed')),
    constraint tasks_count_check check (done >= 0 and total >= 0)
);
comment on column tijori.tasks.total is 'rows in all; 0 while nobody knows';
comment on column tijori.tasks.seen_at is 'when the work last wrote: a node that died writes no end';

call tijori_access.protect('tijori.tasks');
call tijori_access.open_to_app('tijori.tasks', 'select', 'maker', 'sees_totals');
call tijori_access.open_to_app('tijori.tasks', 'insert', 'maker', 'sees_totals');
call tijori_access.open_to_app('tijori.tasks', 'update', 'maker', 'sees_totals');
call tijori_access.open_to('tijori.tasks', 'tijori_guard', 'select', 'delete');
grant select on tijori.tasks to tijori_app;
grant insert (account_id, business_id, id, kind, done, created_by) on tijori.tasks to tijori_app;
grant update (state, done, total, seen_at) on tijori.tasks to tijori_app;
grant select (seen_at), delete on tijori.tasks to tijori_guard;

-- +goose StatementBegin
-- tijori_khata.forget_uploads() deletes every file whose hour is over. For the sweep.
create function tijori_khata.forget_uploads() returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n bigint;
begin
    delete from tijori.uploads u where u.expires_at < now();
    get diagnostics n = row_count;
    return n;
end $$;

-- tijori_khata.forget_tasks() deletes the rows of work that was last seen more than a day ago. For the sweep.
create function tijori_khata.forget_tasks() returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n bigint;
begin
    delete from tijori.tasks t where t.seen_at < now() - interval '1 day';
    get diagnostics n = row_count;
    return n;
end $$;
-- +goose StatementEnd
alter function tijori_khata.forget_uploads() owner to tijori_guard;
alter function tijori_khata.forget_tasks() owner to tijori_guard;
revoke all on function tijori_khata.forget_uploads(), tijori_khata.forget_tasks() from public;
grant execute on function tijori_khata.forget_uploads(), tijori_khata.forget_tasks() to tijori_auth;

-- How far a business has closed its books. Each row is a decision of an owner, and the newest is in force: what holds
-- and what the log says cannot differ. Append-only by grant.
create table tijori.period_locks (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    locked_from date,
    locked_until date,
    reason text not null default '',
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    constraint period_locks_pkey primary key (account_id, business_id, id),
    constraint period_locks_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id) deferrable initially deferred, -- see hold_lock
    constraint period_locks_date_check check (locked_until between date '2000-01-01' and date '2099-12-31'),
    constraint period_locks_reason_check check (locked_from is null
        or locked_until >= locked_from and locked_until is not null or length(btrim(reason)) > 0),
    constraint period_locks_text_check
        check (length(reason) <= 500 and reason !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]')
);
comment on column tijori.period_locks.locked_from is 'what was in force before; null when everything was open';
comment on column tijori.period_locks.locked_until is 'the last locked day; null opens everything';
create index period_locks_order_idx on tijori.period_locks (account_id, business_id, created_at desc);

call tijori_access.protect('tijori.period_locks');
call tijori_access.open_to_app('tijori.period_locks', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.period_locks', 'insert', 'business', 'owns');
call tijori_access.open_to('tijori.period_locks', 'tijori_guard', 'select');
grant select on tijori.period_locks to tijori_app;
grant insert (account_id, business_id, id, locked_from, locked_until, reason, created_by, created_by_name)
    on tijori.period_locks to tijori_app;
grant select on tijori.period_locks to tijori_guard;

-- The functions below lock rows of businesses, for which PostgreSQL wants the right to update some column. The policy
-- lets the guard lock any row and change none.
create policy businesses_update_guard on tijori.businesses for update to tijori_guard using (true) with check (false);
grant update (created_at) on tijori.businesses to tijori_guard;

-- A decision about the period lock waits for every write under way in its business, and writes that come after it wait
-- for it. The locks are on the row of the business, each until the end of the transaction:
--
--   for key share       is for whoever writes entries, or takes a party with entries to the bin or back. They do not
--                       wait for each other. References to the business take it too.
--   for no key update   is for whoever writes a batch (lock_batches): one at a time, beside the other writers.
--   for update          is for a decision.
--
-- PostgreSQL does not queue them: a new key share passes a decision that waits, so the decision is made in the first
-- moment in which nobody holds one. Writers of entries therefore ask for it last, after all that they have to wait
-- for: the triggers entries_unlocked_… come after entries_sums_… by their names, and the references of parties,
-- changes and period_locks to the business are checked at the end of the transaction. Otherwise a few people who keep
-- writing to one party, each waiting for the next while holding the lock, would keep a decision waiting for good.
--
-- A decision asks for nothing else once it has its lock, and nobody who holds a weaker one asks for it, so no two
-- transactions wait for each other. That is also why the reference of period_locks waits: checked with the insert, it
-- would take a key share before order_locks below, and two decisions would each wait for the other's. All triggers run
-- after the policy has let the rows in, so that nobody waits for rows that somebody else forged.
-- +goose StatementBegin
-- tijori_khata.locked_until() is the last locked day of the caller's business, null when everything is open. For
-- every role.
create function tijori_khata.locked_until() returns date
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = s.account_id and l.business_id = s.business_id order by l.created_at desc limit 1);
end $$;

-- tijori_khata.hold_lock(account, business) takes the writers' lock of a business and returns its last locked day.
-- Nothing is written to the book of an account that is leaving. A statement of its own reads the day, after the wait,
-- so that it sees the decision that was waited for; a transaction that looks at an older snapshot is refused.
create function tijori_khata.hold_lock(account uuid, business uuid) returns date
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'entries are written at read committed' using errcode = '25001';
    end if;
    perform 1 from tijori.businesses b where b.account_id = account and b.id = business for key share;
    if exists (select 1 from tijori.accounts a where a.account_id = account and a.leaving_at is not null) then
        raise exception 'the account is leaving' using errcode = 'check_violation', constraint = 'accounts_leaving';
    end if;
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = account and l.business_id = business order by l.created_at desc limit 1);
end $$;

-- tijori_khata.keep_lock() refuses entries that were written on a locked day, or that stood on one.
create function tijori_khata.keep_lock() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    b record;
begin
    if tg_op = 'UPDATE' then
        for b in
            select f.account_id, f.business_id, min(f.business_date) as first_day from former f group by 1, 2
        loop
            if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
                raise exception 'the entry stands on a locked day'
                    using errcode = 'check_violation', constraint = 'entries_locked_check';
            end if;
        end loop;
    end if;
    for b in
        select w.account_id, w.business_id, min(w.business_date) as first_day from written w group by 1, 2
    loop
        if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
            raise exception 'the day is locked'
                using errcode = 'check_violation', constraint = 'entries_locked_date_check';
        end if;
    end loop;
    return null;
end $$;

-- tijori_khata.keep_locked_party() refuses to take a party with locked figures out of the book, or to put it back.
create function tijori_khata.keep_locked_party() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    until date := tijori_khata.hold_lock(new.account_id, new.business_id);
begin
    if exists (select 1 from tijori.entries e
                where e.account_id = new.account_id and e.business_id = new.business_id and e.party_id = new.id
                  and e.deleted_at is null and e.business_date <= until) then
        raise exception 'the party has entries on locked days'
            using errcode = 'check_violation', constraint = 'parties_locked_check';
    end if;
    return null;
end $$;

-- tijori_khata.order_locks() makes a decision wait for the writes that are under way, and lets it follow only the
-- decision that it knew. Above read committed it would not see the one that it waited for.
create function tijori_khata.order_locks() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    latest_at timestamptz;
    latest_until date;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'periods are locked at read committed' using errcode = '25001';
    end if;
    perform 1 from tijori.businesses b where b.account_id = new.account_id and b.id = new.business_id for update;
    select l.created_at, l.locked_until into latest_at, latest_until from tijori.period_locks l
     where l.account_id = new.account_id and l.business_id = new.business_id and l.id <> new.id
     order by l.created_at desc limit 1;
    if latest_at >= new.created_at or latest_until is distinct from new.locked_from then
        raise exception 'the lock has changed meanwhile'
            using errcode = 'check_violation', constraint = 'period_locks_order_check';
    end if;
    return null;
end $$;

-- tijori_khata.lock_batches() makes whoever writes for several parties in several statements wait for others of the
-- caller's business who do: each statement takes rows of party_sums in order, but two transactions of several
-- statements could still wait for each other. It comes first in its transaction.
create function tijori_khata.lock_batches() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    if s.business_id is null or not s.runs_khata then
        raise exception 'not allowed to write batches' using errcode = '42501';
    end if;
    perform 1 from tijori.businesses b where b.account_id = s.account_id and b.id = s.business_id for no key update;
end $$;
-- +goose StatementEnd
alter function tijori_khata.locked_until() owner to tijori_guard;
alter function tijori_khata.hold_lock(uuid, uuid) owner to tijori_guard;
alter function tijori_khata.keep_lock() owner to tijori_guard;
alter function tijori_khata.keep_locked_party() owner to tijori_guard;
alter function tijori_khata.order_locks() owner to tijori_guard;
alter function tijori_khata.lock_batches() owner to tijori_guard;
revoke all on function tijori_khata.locked_until(), tijori_khata.hold_lock(uuid, uuid), tijori_khata.keep_lock(),
    tijori_khata.keep_locked_party(), tijori_khata.order_locks(), tijori_khata.lock_batches() from public;
grant execute on function tijori_khata.locked_until(), tijori_khata.lock_batches() to tijori_app;
create trigger entries_unlocked_insert after insert on tijori.entries referencing new table as written
    for each statement execute function tijori_khata.keep_lock();
create trigger entries_unlocked_update after update on tijori.entries
    referencing old table as former new table as written
    for each statement execute function tijori_khata.keep_lock();
create trigger parties_lock after update of deleted_at on tijori.parties
    for each row when ((old.deleted_at is null) <> (new.deleted_at is null))
    execute function tijori_khata.keep_locked_party();
create trigger period_locks_order after insert on tijori.period_locks
    for each row execute function tijori_khata.order_locks();

-- Where a business is paid by UPI. Each row is a decision of an owner, and the newest counts; an empty id takes the
-- payee away. Append-only by grant: it stays written who put whose id there.
create table tijori.payees (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    upi_id text not null,
    payee_name text not null default '',
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    constraint payees_pkey primary key (account_id, business_id, id),
    constraint payees_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id),
    constraint payees_upi_check check (upi_id ~ '^([a-z0-9._-]{2,190}@[a-z][a-z0-9]{1,63})?$'),
    constraint payees_name_check check (length(payee_name) <= 60 and payee_name !~ '[\u0001-\u001f\u007f-\u009f]'
        and (upi_id = '' or length(payee_name) > 0))
);
create index payees_order_idx on tijori.payees (account_id, business_id, created_at desc);

call tijori_access.protect('tijori.payees');
call tijori_access.open_to_app('tijori.payees', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.payees', 'insert', 'business', 'owns');
call tijori_access.open_to('tijori.payees', 'tijori_guard', 'select');
grant select on tijori.payees to tijori_app;
grant insert (account_id, business_id, id, upi_id, payee_name, created_by, created_by_name)
    on tijori.payees to tijori_app;
grant select on tijori.payees to tijori_guard;

-- Links by which a party reads its statement without signing in. Only the hash of a link's token is kept. digest is
-- of the figures as they were when the link was shared: if they are others today, the statement has "changed since".
create table tijori.shares (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    party_id uuid not null,
    token_hash bytea not null,
    from_date date,
    to_date date not null,
    digest bytea not null,
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by uuid,
    constraint shares_pkey primary key (account_id, business_id, id),
    constraint shares_party_fkey foreign key (account_id, business_id, party_id)
        references tijori.parties (account_id, business_id, id),
    constraint shares_token_check check (length(token_hash) = 32),
    constraint shares_digest_check check (length(digest) = 32),
    constraint shares_range_check
        check (from_date <= to_date and from_date >= date '2000-01-01' and to_date <= date '2099-12-31'),
    constraint shares_revoked_check check ((revoked_at is null) = (revoked_by is null))
);
create index shares_token_idx on tijori.shares (token_hash);
create index shares_party_idx on tijori.shares (account_id, business_id, party_id, created_at desc);

call tijori_access.protect('tijori.shares');
call tijori_access.open_to_app('tijori.shares', 'select', 'business', 'runs_khata');
call tijori_access.open_to_app('tijori.shares', 'insert', 'business', 'runs_khata');
call tijori_access.open_to_app('tijori.shares', 'update', 'business', 'runs_khata');
call tijori_access.open_to('tijori.shares', 'tijori_guard', 'select');
grant select (account_id, business_id, id, party_id, from_date, to_date, created_by, created_by_name, created_at,
        expires_at, revoked_at, revoked_by)
    on tijori.shares to tijori_app;
grant insert (account_id, business_id, id, party_id, token_hash, from_date, to_date, digest, created_by,
        created_by_name, expires_at)
    on tijori.shares to tijori_app;
grant update (revoked_at) on tijori.shares to tijori_app;
grant select on tijori.shares to tijori_guard;

-- +goose StatementBegin
-- tijori_khata.stamp_revoke() writes down who ended a link and when, whatever the statement says. An ended link stays
-- ended.
create function tijori_khata.stamp_revoke() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.revoked_at := old.revoked_at;
    new.revoked_by := old.revoked_by;
    if old.revoked_at is null then
        new.revoked_at := now();
        new.revoked_by := tijori_access.user_id();
    end if;
    return new;
end $$;

-- tijori_khata.shared_statement(given_hash) is the statement that a token opens and nothing else: a row with the head
-- of the statement and no side, then the entries of its days in order. There is no row for an unknown, expired or
-- revoked token, nor for a party in the bin. Should two shares have the same hash, the elder keeps it. payable means
-- that, on balance, nothing was paid after the last day.
create function tijori_khata.shared_statement(given_hash bytea)
    returns table (business_name text, currency text, time_zone text, party_name text, kind text, from_date date,
        to_date date, shared_at timestamptz, expires_at timestamptz, digest bytea, upi_id text, payee_name text,
        payable boolean, opening bigint, side text, amount_minor bigint, business_date date, note text,
        is_opening boolean, changed boolean)
    language sql stable security definer set search_path = ''
    as $$
    with share as materialized (
        select s.* from tijori.shares s where s.token_hash = given_hash order by s.created_at limit 1
    ), head as materialized (
        select s.account_id, s.business_id, s.party_id, b.name as business_name, b.currency, b.time_zone,
               p.name as party_name, p.kind, s.from_date, s.to_date, s.created_at, s.expires_at, s.digest,
               coalesce(y.upi_id, '') as upi_id, coalesce(y.payee_name, '') as payee_name,
               sums.after_it >= 0 as payable, sums.opening
          from share s
          join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
          join tijori.parties p on p.account_id = s.account_id and p.business_id = s.business_id and p.id = s.party_id
           and p.deleted_at is null
          left join lateral (
            select y.upi_id, y.payee_name from tijori.payees y
             where y.account_id = s.account_id and y.business_id = s.business_id
             order by y.created_at desc limit 1) y on true
          cross join lateral (
            select coalesce(sum(e.signed) filter (where e.business_date < s.from_date), 0)::bigint as opening,
                   coalesce(sum(e.signed) filter (where e.business_date > s.to_date), 0)::bigint as after_it
              from (
                select l.business_date,
                       case l.side when 'given' then l.amount_minor else -l.amount_minor end as signed
                  from tijori.entries l
                 where l.account_id = s.account_id and l.business_id = s.business_id and l.party_id = s.party_id
                   and l.deleted_at is null) e) sums
         where s.revoked_at is null and s.expires_at > now()
    )
    select h.business_name, h.currency, h.time_zone, h.party_name, h.kind, h.from_date, h.to_date, h.created_at,
           h.expires_at, h.digest, h.upi_id, h.payee_name, h.payable, h.opening, null, null, null, null, null, null
      from head h
    union all
    (select null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            e.side, e.amount_minor, e.business_date, e.note, e.opening,
            greatest(e.created_at, e.updated_at) > h.created_at
       from head h
       join tijori.entries e on e.account_id = h.account_id and e.business_id = h.business_id
        and e.party_id = h.party_id and e.deleted_at is null and e.business_date <= h.to_date
        and (h.from_date is null or e.business_date >= h.from_date)
      order by e.business_date, e.id) $$;
-- +goose StatementEnd
alter function tijori_khata.shared_statement(bytea) owner to tijori_guard;
revoke all on function tijori_khata.stamp_revoke(), tijori_khata.shared_statement(bytea) from public;
grant execute on function tijori_khata.shared_statement(bytea) to tijori_auth;
create trigger shares_stamp before update of revoked_at on tijori.shares
    for each row execute function tijori_khata.stamp_revoke();

-- Which party was reminded of which balance, when and by whom. Nothing is sent from here: the owner's phone does
-- that. Append-only by grant.
create table tijori.reminders (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    party_id uuid not null,
    balance bigint not null,
    channel text not null,
    locale text not null,
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default now(),
    constraint reminders_pkey primary key (account_id, business_id, id),
    constraint reminders_party_fkey foreign key (account_id, business_id, party_id)
        references tijori.parties (account_id, business_id, id),
    constraint reminders_balance_check check (balance > 0),
    constraint reminders_channel_check check (channel in ('whatsapp', 'sms', 'copy')),
    constraint reminders_locale_check check (locale in ('en', 'hi'))
);
create index reminders_party_idx on tijori.reminders (account_id, business_id, party_id, created_at desc);

call tijori_access.protect('tijori.reminders');
call tijori_access.open_to_app('tijori.reminders', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.reminders', 'insert', 'business', 'runs_khata');
grant select on tijori.reminders to tijori_app;
grant insert (account_id, business_id, id, party_id, balance, channel, locale, created_by, created_by_name)
    on tijori.reminders to tijori_app;

-- What a party's entries outside the bin come to: an index of entries from which the list of parties and its totals are
-- read. It is no stored balance: only the triggers below write it, in the transaction of the entries themselves;
-- wrong_sums() compares it with the entries, and rebuild_sums() makes it from them. Every entry leaves a dead row here,
-- and totals are read from an index alone only where dead rows are few, so vacuum comes after a thousand of them.
create table tijori.party_sums (
    account_id uuid not null,
    business_id uuid not null,
    party_id uuid not null,
    living boolean not null,
    made_on date not null,
    given bigint not null default 0,
    received bigint not null default 0,
    balance bigint not null default 0,
    entries integer not null default 0,
    last_date date,
    due_since date not null default date '2100-01-01',
    constraint party_sums_pkey primary key (account_id, business_id, party_id),
    constraint party_sums_party_fkey foreign key (account_id, business_id, party_id)
        references tijori.parties (account_id, business_id, id) on delete cascade,
    constraint party_sums_sums_check check (given >= 0 and received >= 0 and entries >= 0),
    constraint party_sums_balance_check check (balance = given - received),
    constraint party_sums_entries_check
        check ((entries = 0) = (last_date is null) and (entries > 0) = (given > 0 or received > 0)),
    constraint party_sums_due_check check ((balance > 0) = (due_since < date '2100-01-01'))
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.005);
comment on column tijori.party_sums.living is 'the party is not in the bin';
comment on column tijori.party_sums.made_on is
    'the day the party was made, in UTC: its place among the latest when it has no entry';
comment on column tijori.party_sums.balance is
    'a column, because an index on an expression is not searched before the policy has looked';
comment on column tijori.party_sums.due_since is
    'the date of the oldest Given entry that is not wholly paid, as receipts settle the oldest first; '
    '2100-01-01, after every entry, when nothing is due';
create index party_sums_due_idx on tijori.party_sums (account_id, business_id, due_since, party_id) where living;
-- Pages by balance are read from it in order, and totals from it alone.
create index party_sums_balance_idx on tijori.party_sums (account_id, business_id, balance, party_id) where living;
create statistics tijori.party_sums_tenant_stats (ndistinct, dependencies)
    on account_id, business_id, party_id from tijori.party_sums;

call tijori_access.protect('tijori.party_sums');
call tijori_access.open_to_app('tijori.party_sums', 'select', 'business', 'sees_totals');
call tijori_access.open_to('tijori.party_sums', 'tijori_guard', 'select', 'insert', 'update');
grant select on tijori.party_sums to tijori_app;
grant select, insert, update on tijori.party_sums to tijori_guard;

-- Each function takes the rows of party_sums in order of their key, so that two statements never wait for each other.
-- Whoever writes for several parties in several statements calls lock_batches() first.
-- +goose StatementBegin
-- tijori_khata.open_sums() makes the row of each new party.
create function tijori_khata.open_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    insert into tijori.party_sums (account_id, business_id, party_id, living, made_on)
    select w.account_id, w.business_id, w.id, w.deleted_at is null, (w.created_at at time zone 'utc')::date
      from written w;
    return null;
end $$;

-- tijori_khata.follow_parties() marks the rows of parties that went to the bin or came back.
create function tijori_khata.follow_parties() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    p record;
begin
    for p in
        select w.account_id, w.business_id, w.id, w.deleted_at is null as living from written w order by 1, 2, 3
    loop
        update tijori.party_sums s set living = p.living
         where s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id
           and s.living <> p.living;
    end loop;
    return null;
end $$;

-- tijori_khata.totals() is what the parties of the caller's business come to: how many are outside the bin, how many of
-- them owe and how many are owed, what the business will get and what it will give. All are 0 for who does not see
-- totals, and without a business. Every page of a list shows them, so they are added up here: under the policy each of
-- ten thousand rows would be compared anew with what scope() has said once.
create function tijori_khata.totals(out parties integer, out due integer, out advance integer,
        out get bigint, out give bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select x.account_id, x.business_id into s from tijori_access.scope() x where x.sees_totals;
    select count(*), count(*) filter (where t.balance > 0), count(*) filter (where t.balance < 0),
           coalesce(sum(t.balance) filter (where t.balance > 0), 0),
           coalesce(-sum(t.balance) filter (where t.balance < 0), 0)
      into parties, due, advance, get, give
      from tijori.party_sums t
     where t.account_id = s.account_id and t.business_id = s.business_id and t.living;
end $$;

-- tijori_khata.due_since(account, business, party, owed) is the day since when a party owes a balance. Its latest
-- Given entries are the unpaid ones, so it goes back from the latest until they make up what is owed.
create function tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint) returns date
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    e record;
begin
    if owed > 0 then
        for e in
            select g.business_date, g.amount_minor from tijori.entries g
             where g.account_id = account and g.business_id = business and g.party_id = party and g.side = 'given'
               and g.deleted_at is null
             order by g.business_date desc, g.id desc
        loop
            owed := owed - e.amount_minor;
            if owed <= 0 then
                return e.business_date;
            end if;
        end loop;
    end if;
    return date '2100-01-01';
end $$;

-- tijori_khata.add_sums() counts new entries, whose party has its row. Since when the party owes is looked up under
-- that row's lock, and only where it may have changed: not when goods are given to a party that has owed since an
-- earlier day.
create function tijori_khata.add_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    d record;
begin
    for d in
        select w.account_id, w.business_id, w.party_id,
               coalesce(sum(w.amount_minor) filter (where w.side = 'given'), 0)::bigint as given,
               coalesce(sum(w.amount_minor) filter (where w.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries, min(w.business_date) as first_date, max(w.business_date) as last_date
          from written w where w.deleted_at is null
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform 1 from tijori.party_sums s
          where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id for update;
        update tijori.party_sums s
           set given = s.given + d.given, received = s.received + d.received,
               balance = s.balance + d.given - d.received, entries = s.entries + d.entries,
               last_date = greatest(s.last_date, d.last_date),
               due_since = case when d.received = 0 and s.due_since < d.first_date then s.due_since
                                else tijori_khata.due_since(d.account_id, d.business_id, d.party_id,
                                    s.balance + d.given - d.received) end
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
        if not found then
            raise exception 'party % has no sums', d.party_id;
        end if;
    end loop;
    return null;
end $$;

-- tijori_khata.shift_sums(account, business, party, …) changes a party's sums by what its entries have changed by.
-- What depends on the entries that are left is looked up by a statement that begins after the wait for the row's
-- lock.
create function tijori_khata.shift_sums(account uuid, business uuid, party uuid,
        more_given bigint, more_received bigint, more_entries integer) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform 1 from tijori.party_sums s
      where s.account_id = account and s.business_id = business and s.party_id = party for update;
    update tijori.party_sums s
       set given = s.given + more_given, received = s.received + more_received,
           balance = s.balance + more_given - more_received, entries = s.entries + more_entries,
           last_date = (select max(e.business_date) from tijori.entries e
                         where e.account_id = account and e.business_id = business and e.party_id = party
                           and e.deleted_at is null),
           due_since = tijori_khata.due_since(account, business, party, s.balance + more_given - more_received)
     where s.account_id = account and s.business_id = business and s.party_id = party;
end $$;

-- tijori_khata.move_sums() counts off what entries were, and counts what they are now.
create function tijori_khata.move_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    d record;
begin
    for d in
        select x.account_id, x.business_id, x.party_id,
               coalesce(sum(x.amount_minor) filter (where x.side = 'given'), 0)::bigint as given,
               coalesce(sum(x.amount_minor) filter (where x.side = 'received'), 0)::bigint as received,
               sum(x.n)::integer as entries
          from (
            select f.account_id, f.business_id, f.party_id, f.side, -f.amount_minor as amount_minor, -1 as n
              from former f where f.deleted_at is null
            union all
            select w.account_id, w.business_id, w.party_id, w.side, w.amount_minor, 1
              from written w where w.deleted_at is null
          ) x
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform tijori_khata.shift_sums(d.account_id, d.business_id, d.party_id, d.given, d.received, d.entries);
    end loop;
    return null;
end $$;

-- tijori_khata.take_sums() counts off entries that are deleted for good, with their account. Where the party goes as
-- well, so does its row.
create function tijori_khata.take_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    d record;
begin
    for d in
        select f.account_id, f.business_id, f.party_id,
               coalesce(sum(f.amount_minor) filter (where f.side = 'given'), 0)::bigint as given,
               coalesce(sum(f.amount_minor) filter (where f.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries
          from former f where f.deleted_at is null
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform tijori_khata.shift_sums(d.account_id, d.business_id, d.party_id,
            -d.given, -d.received, -d.entries);
    end loop;
    return null;
end $$;

-- tijori_khata.wrong_sums() names the parties whose row is not what their entries come to, and what of it differs. It
-- returns no row when everything is right, and no figure ever. Since when a party owes is counted the other way round
-- than in due_since(): the oldest Given entry that receipts do not reach. It reads one snapshot.
create function tijori_khata.wrong_sums()
    returns table (account_id uuid, business_id uuid, party_id uuid, what text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    with entry as (
        select l.account_id, l.business_id, l.party_id, l.business_date, x.given, x.received,
               sum(x.given) over (party order by l.business_date, l.id) as reached,
               sum(x.received) over party as paid
          from tijori.entries l
          cross join lateral (
            select case l.side when 'given' then l.amount_minor else 0 end as given,
                   case l.side when 'received' then l.amount_minor else 0 end as received) x
         where l.deleted_at is null
        window party as (partition by l.account_id, l.business_id, l.party_id)
    ), total as (
        select n.account_id, n.business_id, n.party_id, sum(n.given) as given, sum(n.received) as received,
               count(*) as entries, max(n.business_date) as last_date,
               min(n.business_date) filter (where n.given > 0 and n.reached > n.paid) as due_since
          from entry n group by 1, 2, 3
    )
    select p.account_id, p.business_id, p.id,
           case when s.party_id is null then 'the row is missing'
                when s.given <> coalesce(e.given, 0) then 'the sum of what was given'
                when s.received <> coalesce(e.received, 0) then 'the sum of what was received'
                when s.entries <> coalesce(e.entries, 0) then 'the number of entries'
                when s.last_date is distinct from e.last_date then 'the latest date'
                when s.due_since <> coalesce(e.due_since, date '2100-01-01') then 'since when it is due'
                when s.living <> (p.deleted_at is null) then 'whether it is in the bin'
                else 'the day it was made' end
      from tijori.parties p
      left join tijori.party_sums s
        on s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id
      left join total e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
     where s.party_id is null
        or s.given <> coalesce(e.given, 0)
        or s.received <> coalesce(e.received, 0)
        or s.entries <> coalesce(e.entries, 0)
        or s.last_date is distinct from e.last_date
        or s.due_since <> coalesce(e.due_since, date '2100-01-01')
        or s.living <> (p.deleted_at is null)
        or s.made_on <> (p.created_at at time zone 'utc')::date;
end $$;

-- tijori_khata.rebuild_sums() makes party_sums from the entries and returns how many rows were missing or differed.
-- Triggers keep the table, so only two need it: an operator whom wrong_sums() has told of a difference, and whoever
-- filled the tables without triggers. The owner of the schema may call it, and no role that logs in.
--
-- It locks party_sums alone, for everything but plain reads. A transaction that has counted its entries is waited for,
-- and they are seen. One that has inserted entries and not counted them yet waits before it locks any row of the table;
-- its entries are not seen, and it adds them to the new sums afterwards.
create function tijori_khata.rebuild_sums() returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n bigint;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'sums are rebuilt at read committed' using errcode = '25001';
    end if;
    lock table tijori.party_sums in exclusive mode;
    insert into tijori.party_sums as s (account_id, business_id, party_id, living, made_on, given, received, balance,
        entries, last_date, due_since)
    select p.account_id, p.business_id, p.id, p.deleted_at is null, (p.created_at at time zone 'utc')::date,
           coalesce(e.given, 0), coalesce(e.received, 0), coalesce(e.given - e.received, 0),
           coalesce(e.entries, 0), e.last_date,
           tijori_khata.due_since(p.account_id, p.business_id, p.id, e.given - e.received)
      from tijori.parties p
      left join (
        select l.account_id, l.business_id, l.party_id,
               coalesce(sum(l.amount_minor) filter (where l.side = 'given'), 0)::bigint as given,
               coalesce(sum(l.amount_minor) filter (where l.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries, max(l.business_date) as last_date
          from tijori.entries l where l.deleted_at is null
         group by 1, 2, 3
      ) e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
    on conflict (account_id, business_id, party_id) do update
       set living = excluded.living, made_on = excluded.made_on, given = excluded.given,
           received = excluded.received, balance = excluded.balance, entries = excluded.entries,
           last_date = excluded.last_date, due_since = excluded.due_since
     where (s.living, s.made_on, s.given, s.received, s.balance, s.entries, s.last_date, s.due_since)
        is distinct from (excluded.living, excluded.made_on, excluded.given, excluded.received, excluded.balance,
            excluded.entries, excluded.last_date, excluded.due_since);
    get diagnostics n = row_count;
    return n;
end $$;
-- +goose StatementEnd
alter function tijori_khata.open_sums() owner to tijori_guard;
alter function tijori_khata.follow_parties() owner to tijori_guard;
alter function tijori_khata.totals() owner to tijori_guard;
alter function tijori_khata.due_since(uuid, uuid, uuid, bigint) owner to tijori_guard;
alter function tijori_khata.add_sums() owner to tijori_guard;
alter function tijori_khata.shift_sums(uuid, uuid, uuid, bigint, bigint, integer) owner to tijori_guard;
alter function tijori_khata.move_sums() owner to tijori_guard;
alter function tijori_khata.take_sums() owner to tijori_guard;
alter function tijori_khata.wrong_sums() owner to tijori_guard;
alter function tijori_khata.rebuild_sums() owner to tijori_guard;
revoke all on function tijori_khata.open_sums(), tijori_khata.follow_parties(), tijori_khata.totals(),
    tijori_khata.due_since(uuid, uuid, uuid, bigint), tijori_khata.add_sums(),
    tijori_khata.shift_sums(uuid, uuid, uuid, bigint, bigint, integer), tijori_khata.move_sums(),
    tijori_khata.take_sums(), tijori_khata.wrong_sums(), tijori_khata.rebuild_sums() from public;
grant execute on function tijori_khata.wrong_sums() to tijori_auth;
grant execute on function tijori_khata.totals() to tijori_app;

create trigger parties_sums_insert after insert on tijori.parties referencing new table as written
    for each statement execute function tijori_khata.open_sums();
create trigger parties_sums_update after update on tijori.parties referencing new table as written
    for each statement execute function tijori_khata.follow_parties();
create trigger entries_sums_insert after insert on tijori.entries referencing new table as written
    for each statement execute function tijori_khata.add_sums();
create trigger entries_sums_update after update on tijori.entries
    referencing old table as former new table as written
    for each statement execute function tijori_khata.move_sums();
create trigger entries_sums_delete after delete on tijori.entries referencing old table as former
    for each statement execute function tijori_khata.take_sums();
