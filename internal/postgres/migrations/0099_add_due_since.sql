-- +goose Up
-- Since when a party owes: the date of its oldest Given entry that is not wholly paid, as receipts settle the oldest
-- first. The list by it read every entry of whoever is due. '2100-01-01', after every entry, when nothing is due.
alter table tijori.party_sums add column due_since date not null default date '2100-01-01';
create index party_sums_due_idx on tijori.party_sums (account_id, business_id, due_since, party_id) where living;

-- +goose StatementBegin
-- auth.due_since() is since when a party owes a balance: what is unpaid are its latest Given entries, so it goes back
-- from the latest until they make up what is owed.
create function auth.due_since(account uuid, business uuid, party uuid, owed bigint) returns date
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    e record;
begin
    if owed > 0 then
        for e in
            select g.business_date, g.paise from tijori.entries g
             where g.account_id = account and g.business_id = business and g.party_id = party and g.side = 'given' and g.deleted_at is null
             order by g.business_date desc, g.id desc
        loop
            owed := owed - e.paise;
            if owed <= 0 then
                return e.business_date;
            end if;
        end loop;
    end if;
    return date '2100-01-01';
end $$;

-- auth.add_sums() counts new entries, whose party has its row. Since when it owes is looked up under the row's lock, and
-- only where it may have changed: not when goods are given to who owes since before.
create or replace function auth.add_sums() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    d record;
begin
    for d in
        select w.account_id, w.business_id, w.party_id, coalesce(sum(w.paise) filter (where w.side = 'given'), 0)::bigint as given,
               coalesce(sum(w.paise) filter (where w.side = 'received'), 0)::bigint as received, count(*)::integer as entries,
               min(w.business_date) as first_date, max(w.business_date) as last_date
          from written w where w.deleted_at is null
         group by 1, 2, 3 order by 1, 2, 3
    loop
        perform 1 from tijori.party_sums s
          where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id for update;
        update tijori.party_sums s
           set given = s.given + d.given, received = s.received + d.received, balance = s.balance + d.given - d.received, entries = s.entries + d.entries,
               last_date = greatest(s.last_date, d.last_date),
               due_since = case when d.received = 0 and s.due_since < d.first_date then s.due_since
                                else auth.due_since(d.account_id, d.business_id, d.party_id, s.balance + d.given - d.received) end
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
        if not found then
            raise exception 'party % has no sums', d.party_id;
        end if;
    end loop;
    return null;
end $$;

-- auth.move_sums() as in 0080, and since when the party owes.
create or replace function auth.move_sums() returns trigger
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
                             where e.account_id = d.account_id and e.business_id = d.business_id and e.party_id = d.party_id and e.deleted_at is null),
               due_since = auth.due_since(d.account_id, d.business_id, d.party_id, s.balance + d.given - d.received)
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
    end loop;
    return null;
end $$;

-- auth.take_sums() as in 0080, and since when the party owes.
create or replace function auth.take_sums() returns trigger
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
                             where e.account_id = d.account_id and e.business_id = d.business_id and e.party_id = d.party_id and e.deleted_at is null),
               due_since = auth.due_since(d.account_id, d.business_id, d.party_id, s.balance - d.given + d.received)
         where s.account_id = d.account_id and s.business_id = d.business_id and s.party_id = d.party_id;
    end loop;
    return null;
end $$;

-- auth.wrong_sums() as in 0080, and since when parties owe, counted the other way: the oldest Given entry that receipts do not reach.
create or replace function auth.wrong_sums() returns table (account_id uuid, business_id uuid, party_id uuid, what text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    with entry as (
        select l.account_id, l.business_id, l.party_id, l.business_date,
               case l.side when 'given' then l.paise else 0 end as given, case l.side when 'received' then l.paise else 0 end as received,
               sum(case l.side when 'given' then l.paise else 0 end) over party as reached,
               sum(case l.side when 'received' then l.paise else 0 end) over (partition by l.account_id, l.business_id, l.party_id) as paid
          from tijori.entries l where l.deleted_at is null
        window party as (partition by l.account_id, l.business_id, l.party_id order by l.business_date, l.id)
    ), total as (
        select n.account_id, n.business_id, n.party_id, sum(n.given) as given, sum(n.received) as received, count(*) as entries,
               max(n.business_date) as last_date, min(n.business_date) filter (where n.given > 0 and n.reached > n.paid) as due_since
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
      left join tijori.party_sums s on s.account_id = p.account_id and s.business_id = p.business_id and s.party_id = p.id
      left join total e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
     where s.party_id is null or s.given <> coalesce(e.given, 0) or s.received <> coalesce(e.received, 0) or s.entries <> coalesce(e.entries, 0)
        or s.last_date is distinct from e.last_date or s.due_since <> coalesce(e.due_since, date '2100-01-01')
        or s.living <> (p.deleted_at is null) or s.made_on <> (p.created_at at time zone 'utc')::date;
end $$;
-- +goose StatementEnd
alter function auth.due_since(uuid, uuid, uuid, bigint) owner to tijori_guard;
revoke all on function auth.due_since(uuid, uuid, uuid, bigint) from public;

set local role tijori_guard; -- who sees every row; the owner of the tables sees none
update tijori.party_sums s set due_since = auth.due_since(s.account_id, s.business_id, s.party_id, s.balance) where s.balance > 0;
set local role tijori_owner;
alter table tijori.party_sums add constraint party_sums_due_check check ((balance > 0) = (due_since < date '2100-01-01'));
