-- +goose Up
-- What a party's living entries come to: an index of entries that the list of parties and its totals are read from.
-- It is no stored balance: nobody may write it but the triggers below, in the transaction of the entries themselves;
-- auth.wrong_sums() holds it against the entries, and the statement that fills it here makes it anew.
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
    constraint party_sums_pkey primary key (account_id, business_id, party_id),
    constraint party_sums_party_fkey foreign key (account_id, business_id, party_id) references tijori.parties (account_id, business_id, id) on delete cascade,
    constraint party_sums_sums_check check (given >= 0 and received >= 0 and entries >= 0),
    constraint party_sums_balance_check check (balance = given - received),
    constraint party_sums_entries_check check ((entries = 0) = (last_date is null) and (entries > 0) = (given > 0 or received > 0))
);
comment on column tijori.party_sums.living is 'the party is not in the bin';
comment on column tijori.party_sums.made_on is 'the day the party was made, in UTC: where it stands among the latest when it has no entry';
comment on column tijori.party_sums.balance is 'a column, because an index on an expression is not searched before the policy has looked';
-- Pages by balance are read from it in order, and the totals from it alone.
create index party_sums_balance_idx on tijori.party_sums (account_id, business_id, balance, party_id) where living;
create statistics party_sums_tenant_stats (ndistinct, dependencies) on account_id, business_id, party_id from tijori.party_sums;

alter table tijori.party_sums enable row level security;
alter table tijori.party_sums force row level security;
create policy party_sums_select_app on tijori.party_sums for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy party_sums_select_guard on tijori.party_sums for select to tijori_guard using (true);
create policy party_sums_insert_guard on tijori.party_sums for insert to tijori_guard with check (true);
create policy party_sums_update_guard on tijori.party_sums for update to tijori_guard using (true) with check (true);
grant select on tijori.party_sums to tijori_app;
grant select, insert, update on tijori.party_sums to tijori_guard;
grant select (created_at) on tijori.parties to tijori_guard;

-- Every function takes the rows of party_sums in order of their key, so that two statements never wait for each other;
-- who writes for several parties in several statements goes one after the other (ledger.OpenBatch).
-- +goose StatementBegin
-- auth.open_sums() makes the row of each new party.
create function auth.open_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    insert into tijori.party_sums (account_id, business_id, party_id, living, made_on)
    select w.account_id, w.business_id, w.id, w.deleted_at is null, (w.created_at at time zone 'utc')::date from written w;
    return null;
end $$;

-- auth.follow_parties() marks the rows of parties that went to the bin or came back.
create function auth.follow_parties() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    p record;
begin
    for p in
        select w.account_id, w.business_id, w.id, w.deleted_at is null as living from written w order by 1, 2, 3
    loop
        update tijori.party_sums s set living = p.living
         where s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id and s.living <> p.living;
    end loop;
    return null;
end $$;

-- auth.add_sums() counts new entries. The row is there since the party is; the insert only leads to it.
create function auth.add_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    insert into tijori.party_sums as s (account_id, business_id, party_id, living, made_on, given, received, balance, entries, last_date)
    select w.account_id, w.business_id, w.party_id, true, date '2000-01-01', coalesce(sum(w.paise) filter (where w.side = 'given'), 0)::bigint,
           coalesce(sum(w.paise) filter (where w.side = 'received'), 0)::bigint, sum(case w.side when 'given' then w.paise else -w.paise end)::bigint,
           count(*)::integer, max(w.business_date)
      from written w where w.deleted_at is null
     group by w.account_id, w.business_id, w.party_id
     order by w.account_id, w.business_id, w.party_id
    on conflict (account_id, business_id, party_id) do update
       set given = s.given + excluded.given, received = s.received + excluded.received, balance = s.balance + excluded.balance, entries = s.entries + excluded.entries,
           last_date = greatest(s.last_date, excluded.last_date);
    return null;
end $$;

-- auth.move_sums() counts what entries were and what they are now. The latest date is looked up by a statement that
-- begins after the row's lock was waited for.
create function auth.move_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    d record;
begin
    for d in
        select x.account_id, x.business_id, x.party_id, coalesce(sum(x.paise) filter (where x.side = 'given'), 0)::bigint as given,
               coalesce(sum(x.paise) filter (where x.side = 'received'), 0)::bigint as received, sum(x.n)::integer as entries
          from (
            select f.account_id, f.business_id, f.party_id, f.side, -f.paise as paise, -1 as n from former f where f.deleted_at is null
            union all
            select w.account_id, w.business_id, w.party_id, w.side, w.paise, 1 from written w where w.deleted_at is null
          ) x
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform 1 from tijori.party_sums s
          where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id for update;
        update tijori.party_sums s
           set given = s.given + d.given, received = s.received + d.received, balance = s.balance + d.given - d.received, entries = s.entries + d.entries,
               last_date = (select max(e.business_date) from tijori.entries e
                             where e.account_id = d.account_id and e.business_id = d.business_id and e.party_id = d.party_id and e.deleted_at is null)
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
    end loop;
    return null;
end $$;

-- auth.take_sums() counts entries off that are deleted for good, with their account. Where the party goes as well, so does its row.
create function auth.take_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    d record;
begin
    for d in
        select f.account_id, f.business_id, f.party_id, coalesce(sum(f.paise) filter (where f.side = 'given'), 0)::bigint as given,
               coalesce(sum(f.paise) filter (where f.side = 'received'), 0)::bigint as received, count(*)::integer as entries
          from former f where f.deleted_at is null group by 1, 2, 3 order by 1, 2, 3
    loop
        perform 1 from tijori.party_sums s
          where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id for update;
        update tijori.party_sums s
           set given = s.given - d.given, received = s.received - d.received, balance = s.balance - d.given + d.received, entries = s.entries - d.entries,
               last_date = (select max(e.business_date) from tijori.entries e
                             where e.account_id = d.account_id and e.business_id = d.business_id and e.party_id = d.party_id and e.deleted_at is null)
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
    end loop;
    return null;
end $$;

-- auth.wrong_sums() names the parties whose row is not what their entries come to, and what of it: none, when all is as
-- it must be. It tells no figure. One snapshot.
create function auth.wrong_sums() returns table (account_id uuid, business_id uuid, party_id uuid, what text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select p.account_id, p.business_id, p.id,
           case when s.party_id is null then 'the row is missing'
                when s.given <> coalesce(e.given, 0) then 'the sum of what was given'
                when s.received <> coalesce(e.received, 0) then 'the sum of what was received'
                when s.entries <> coalesce(e.entries, 0) then 'the number of entries'
                when s.last_date is distinct from e.last_date then 'the latest date'
                when s.living <> (p.deleted_at is null) then 'whether it is in the bin'
                else 'the day it was made' end
      from tijori.parties p
      left join tijori.party_sums s on s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id
      left join (
            select l.account_id, l.business_id, l.party_id, coalesce(sum(l.paise) filter (where l.side = 'given'), 0) as given,
                   coalesce(sum(l.paise) filter (where l.side = 'received'), 0) as received, count(*) as entries, max(l.business_date) as last_date
              from tijori.entries l where l.deleted_at is null group by 1, 2, 3
           ) e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
     where s.party_id is null or s.given <> coalesce(e.given, 0) or s.received <> coalesce(e.received, 0) or s.entries <> coalesce(e.entries, 0)
        or s.last_date is distinct from e.last_date or s.living <> (p.deleted_at is null) or s.made_on <> (p.created_at at time zone 'utc')::date;
end $$;
-- +goose StatementEnd
alter function auth.open_sums() owner to tijori_guard;
alter function auth.follow_parties() owner to tijori_guard;
alter function auth.add_sums() owner to tijori_guard;
alter function auth.move_sums() owner to tijori_guard;
alter function auth.take_sums() owner to tijori_guard;
alter function auth.wrong_sums() owner to tijori_guard;
revoke all on function auth.open_sums(), auth.follow_parties(), auth.add_sums(), auth.move_sums(), auth.take_sums(), auth.wrong_sums() from public;
grant execute on function auth.wrong_sums() to tijori_auth;

-- The triggers come before the fill: from here on writers wait until this migration is done.
create trigger parties_sums_insert after insert on tijori.parties referencing new table as written
    for each statement execute function auth.open_sums();
create trigger parties_sums_update after update on tijori.parties referencing new table as written
    for each statement execute function auth.follow_parties();
create trigger entries_sums_insert after insert on tijori.entries referencing new table as written
    for each statement execute function auth.add_sums();
create trigger entries_sums_update after update on tijori.entries referencing old table as former new table as written
    for each statement execute function auth.move_sums();
create trigger entries_sums_delete after delete on tijori.entries referencing old table as former
    for each statement execute function auth.take_sums();

set local role tijori_guard; -- who sees every row; the owner of the tables sees none
insert into tijori.party_sums (account_id, business_id, party_id, living, made_on, given, received, balance, entries, last_date)
select p.account_id, p.business_id, p.id, p.deleted_at is null, (p.created_at at time zone 'utc')::date,
       coalesce(e.given, 0), coalesce(e.received, 0), coalesce(e.given - e.received, 0), coalesce(e.entries, 0), e.last_date
  from tijori.parties p
  left join (
        select l.account_id, l.business_id, l.party_id, coalesce(sum(l.paise) filter (where l.side = 'given'), 0)::bigint as given,
               coalesce(sum(l.paise) filter (where l.side = 'received'), 0)::bigint as received, count(*)::integer as entries, max(l.business_date) as last_date
          from tijori.entries l where l.deleted_at is null group by 1, 2, 3
       ) e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
on conflict (account_id, business_id, party_id) do update
   set living = excluded.living, made_on = excluded.made_on, given = excluded.given, received = excluded.received, balance = excluded.balance,
       entries = excluded.entries, last_date = excluded.last_date;
set local role tijori_owner;
