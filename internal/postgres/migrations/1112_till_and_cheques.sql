-- +goose Up
-- compatible from: 1001
-- A till is counted, and a cheque clears or bounces.

-- What somebody counted in the till, before a day's entries or after them. The newest count of a moment is in force: the
-- cash book goes on from it, and says by how much it differs from the entries. Append-only by grant.
create table tijori.till_counts (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    business_date date not null,
    closing boolean not null,
    amount_minor bigint not null,
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    constraint till_counts_pkey primary key (account_id, business_id, id),
    constraint till_counts_business_fkey foreign key (account_id, business_id)
        references tijori.businesses (account_id, id) deferrable initially deferred, -- see hold_lock
    constraint till_counts_amount_check check (amount_minor between 0 and 10000000000000), -- money.Max
    constraint till_counts_date_check check (business_date between date '2000-01-01' and date '2099-12-31')
);
comment on column tijori.till_counts.closing is 'counted after the entries of the day; otherwise before them';
create index till_counts_date_idx on tijori.till_counts (account_id, business_id, business_date, created_at);

call tijori_access.protect('tijori.till_counts');
call tijori_access.open_to_app('tijori.till_counts', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.till_counts', 'insert', 'business', 'runs_khata');
grant select on tijori.till_counts to tijori_app;
grant insert (account_id, business_id, id, business_date, closing, amount_minor, created_by, created_by_name)
    on tijori.till_counts to tijori_app;
call tijori_access.erase_with_account('tijori.till_counts', 115);

-- +goose StatementBegin
-- tijori_khata.keep_locked_count() refuses a count of a locked day: the cash book of that day is closed.
create function tijori_khata.keep_locked_count() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if new.business_date <= tijori_khata.hold_lock(new.account_id, new.business_id) then
        raise exception 'the day is locked'
            using errcode = 'check_violation', constraint = 'entries_locked_date_check';
    end if;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_khata.keep_locked_count() owner to tijori_guard;
revoke all on function tijori_khata.keep_locked_count() from public;
create trigger till_counts_unlocked after insert on tijori.till_counts
    for each row execute function tijori_khata.keep_locked_count();

-- A cheque has the date that is written on it, and a state. One that bounces keeps its entry; a second one, of the other
-- side, undoes it on the day it bounced, and says of which entry it is the undoing.
alter table tijori.entries
    add column cheque_date date
        constraint entries_cheque_date_check check (cheque_date between date '2000-01-01' and date '2099-12-31'),
    add column cheque_state text
        constraint entries_cheque_state_check check (cheque_state in ('received', 'deposited', 'cleared', 'bounced')),
    add column reverses uuid,
    add constraint entries_reverses_fkey foreign key (account_id, business_id, reverses)
        references tijori.entries (account_id, business_id, id) on delete cascade;
comment on column tijori.entries.cheque_state is 'null of a cheque of an earlier program: nobody said';
create unique index entries_reverses_key on tijori.entries (account_id, business_id, reverses)
    where reverses is not null and deleted_at is null;
create index entries_reversed_idx on tijori.entries (account_id, business_id, reverses) where reverses is not null;
grant insert (cheque_date, cheque_state, reverses), update (cheque_date, cheque_state) on tijori.entries to tijori_app;

-- What is not paid by cheque has none of it, whatever the statement says: a program that knows no cheques changes the
-- mode alone.
-- +goose StatementBegin
create function tijori_khata.forget_cheque() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    if new.mode is distinct from 'cheque' then
        new.cheque_date := null;
        new.cheque_state := null;
    end if;
    return new;
end $$;
-- +goose StatementEnd
revoke all on function tijori_khata.forget_cheque() from public;
create trigger entries_cheque before insert or update on tijori.entries
    for each row when (new.cheque_date is not null or new.cheque_state is not null)
    execute function tijori_khata.forget_cheque();

-- tijori_khata.keep_lock() refuses entries that were written on a locked day, or that stood on one. What has become of a
-- cheque is no figure, and may be written down later: an update that changes that alone is let through.
-- +goose StatementBegin
create or replace function tijori_khata.keep_lock() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    b record;
begin
    if tg_op = 'INSERT' then
        for b in
            select w.account_id, w.business_id, min(w.business_date) as first_day from written w group by 1, 2
        loop
            if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
                raise exception 'the day is locked'
                    using errcode = 'check_violation', constraint = 'entries_locked_date_check';
            end if;
        end loop;
        return null;
    end if;
    for b in
        select f.account_id, f.business_id, min(f.business_date) as first_day
          from (
            select x.account_id, x.business_id, x.id, x.party_id, x.side, x.amount_minor, x.business_date, x.note,
                   x.opening, x.mode, x.cheque_date, x.deleted_at from former x
            except
            select x.account_id, x.business_id, x.id, x.party_id, x.side, x.amount_minor, x.business_date, x.note,
                   x.opening, x.mode, x.cheque_date, x.deleted_at from written x where x.cheque_state is not null) f
         group by 1, 2
    loop
        if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
            raise exception 'the entry stands on a locked day'
                using errcode = 'check_violation', constraint = 'entries_locked_check';
        end if;
    end loop;
    for b in
        select w.account_id, w.business_id, min(w.business_date) as first_day
          from (
            select x.account_id, x.business_id, x.id, x.business_date from written x
            except
            select x.account_id, x.business_id, x.id, x.business_date from former x) w
         group by 1, 2
    loop
        if b.first_day <= tijori_khata.hold_lock(b.account_id, b.business_id) then
            raise exception 'the day is locked'
                using errcode = 'check_violation', constraint = 'entries_locked_date_check';
        end if;
    end loop;
    return null;
end $$;
-- +goose StatementEnd
