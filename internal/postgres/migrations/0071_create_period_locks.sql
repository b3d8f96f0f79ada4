-- +goose Up
-- How far a business has closed its books. Each row is a decision of an owner, the newest is in force: what is in
-- force and what is told of it cannot differ. Append-only by grant.
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
    constraint period_locks_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint period_locks_date_check check (locked_until between date '2000-01-01' and date '2099-12-31'),
    constraint period_locks_reason_check check (locked_from is null or locked_until >= locked_from and locked_until is not null or length(btrim(reason)) > 0),
    constraint period_locks_text_check check (length(reason) <= 500 and reason !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]')
);
comment on column tijori.period_locks.locked_from is 'what was in force before; null when everything was open';
comment on column tijori.period_locks.locked_until is 'the last locked day; null opens everything';
create index period_locks_order_idx on tijori.period_locks (account_id, business_id, created_at desc);

alter table tijori.period_locks enable row level security;
alter table tijori.period_locks force row level security;
create policy period_locks_select_app on tijori.period_locks for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy period_locks_insert_app on tijori.period_locks for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role = 'owner'));
create policy period_locks_select_guard on tijori.period_locks for select to tijori_guard using (true);
grant select on tijori.period_locks to tijori_app;
grant insert (account_id, business_id, id, locked_from, locked_until, reason, created_by, created_by_name) on tijori.period_locks to tijori_app;
grant select on tijori.period_locks to tijori_guard;

-- The guard looks at the dates of entries, to keep the lock, and at their figures, for shared statements (0073).
create policy entries_select_guard on tijori.entries for select to tijori_guard using (true);
grant select (account_id, business_id, id, party_id, side, paise, business_date, note, opening, created_at, updated_at, deleted_at)
    on tijori.entries to tijori_guard;

-- A decision waits for every write that is under way in its business, and the writes that come after wait for it:
-- writers hold the business's advisory lock together, who decides holds it alone, each until the end of the
-- transaction. All triggers run after the policy has let the rows in, so that nobody waits for others' forged rows.
-- +goose StatementBegin
-- auth.locked_until() is the last locked day of the caller's business, null when everything is open. For every role.
create function auth.locked_until() returns date
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = s.account_id and l.business_id = s.business_id order by l.created_at desc limit 1);
end $$;

-- auth.hold_lock takes part in the lock of a business and returns its last locked day. The lock is read by a
-- statement of its own after the wait; a transaction that looks at an older snapshot is refused.
create function auth.hold_lock(account uuid, business uuid) returns date
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'entries are written at read committed' using errcode = '25001';
    end if;
    perform pg_catalog.pg_advisory_xact_lock_shared(7100, pg_catalog.hashtext(business::text));
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = account and l.business_id = business order by l.created_at desc limit 1);
end $$;

-- auth.keep_lock refuses entries that were written on a locked day, or that stood on one.
create function auth.keep_lock() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    b record;
begin
    if tg_op = 'UPDATE' then
        for b in select f.account_id, f.business_id, min(f.business_date) as first_day from former f group by 1, 2 loop
            if b.first_day <= auth.hold_lock(b.account_id, b.business_id) then
                raise exception 'the entry stands on a locked day' using errcode = 'check_violation', constraint = 'entries_locked_check';
            end if;
        end loop;
    end if;
    for b in select w.account_id, w.business_id, min(w.business_date) as first_day from written w group by 1, 2 loop
        if b.first_day <= auth.hold_lock(b.account_id, b.business_id) then
            raise exception 'the day is locked' using errcode = 'check_violation', constraint = 'entries_locked_date_check';
        end if;
    end loop;
    return null;
end $$;

-- auth.keep_locked_party refuses to take a party with locked figures out of the book, or to put it back.
create function auth.keep_locked_party() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    until date := auth.hold_lock(new.account_id, new.business_id);
begin
    if exists (select 1 from tijori.entries e
                where e.account_id = new.account_id and e.business_id = new.business_id and e.party_id = new.id
                  and e.deleted_at is null and e.business_date <= until) then
        raise exception 'the party has entries on locked days' using errcode = 'check_violation', constraint = 'parties_locked_check';
    end if;
    return null;
end $$;

-- auth.order_locks makes a decision wait for the writes that are under way, and lets it follow only what it knew.
create function auth.order_locks() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    before tijori.period_locks;
begin
    perform pg_catalog.pg_advisory_xact_lock(7100, pg_catalog.hashtext(new.business_id::text));
    select * into before from tijori.period_locks l
     where l.account_id = new.account_id and l.business_id = new.business_id and l.id <> new.id order by l.created_at desc limit 1;
    if before.created_at >= new.created_at or before.locked_until is distinct from new.locked_from then
        raise exception 'the lock has changed meanwhile' using errcode = 'check_violation', constraint = 'period_locks_order_check';
    end if;
    return null;
end $$;
-- +goose StatementEnd
alter function auth.locked_until() owner to tijori_guard;
alter function auth.hold_lock(uuid, uuid) owner to tijori_guard;
alter function auth.keep_lock() owner to tijori_guard;
alter function auth.keep_locked_party() owner to tijori_guard;
alter function auth.order_locks() owner to tijori_guard;
revoke all on function auth.locked_until(), auth.hold_lock(uuid, uuid), auth.keep_lock(), auth.keep_locked_party(), auth.order_locks() from public;
grant execute on function auth.locked_until() to tijori_app;
create trigger entries_lock_insert after insert on tijori.entries referencing new table as written
    for each statement execute function auth.keep_lock();
create trigger entries_lock_update after update on tijori.entries referencing old table as former new table as written
    for each statement execute function auth.keep_lock();
create trigger parties_lock after update of deleted_at on tijori.parties
    for each row when ((old.deleted_at is null) <> (new.deleted_at is null)) execute function auth.keep_locked_party();
create trigger period_locks_order after insert on tijori.period_locks for each row execute function auth.order_locks();
