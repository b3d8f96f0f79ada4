-- +goose Up
-- compatible from: 1001
-- What is true today. An entry may be dated ahead: until its day it is in no balance, total, reminder or ageing. The
-- day is that of the business, by the service clock, and only tijori_khata.today_in() says which it is. Sums of parties
-- stay those of all entries, so nothing has to run at midnight: the few entries dated ahead are found in an index by
-- date and taken off when a list is read.

-- How an entry was paid. Null is an entry for which nobody said so, as all are that are older than the column: what was
-- received without a word is cash, and what was given goods on credit. The cash book counts cash alone.
alter table tijori.entries add column mode text
    constraint entries_mode_check check (mode in ('cash', 'upi', 'bank', 'cheque', 'goods'));
grant insert (mode), update (mode) on tijori.entries to tijori_app;

-- Entries dated ahead are the end of this index. It holds all that is added up of them, and all that the cash book and
-- the collections ask for; created_by is in it for the policy.
create index entries_date_idx on tijori.entries (account_id, business_id, business_date)
    include (party_id, side, amount_minor, mode, opening, created_by) where deleted_at is null;

-- tijori_khata.shift_sums() is as before, but asks for a party's last day in the order of entries_party_date_idx: max()
-- of it could be read from entries_date_idx, through the entries of all other parties.
-- +goose StatementBegin
create or replace function tijori_khata.shift_sums(account uuid, business uuid, party uuid,
        more_given bigint, more_received bigint, more_entries integer) returns void
    language plpgsql security definer set search_path = ''
    as $$
begin
    perform 1 from tijori.party_sums s
      where s.account_id = account and s.business_id = business and s.party_id = party for update;
    update tijori.party_sums s
       set given = s.given + more_given, received = s.received + more_received,
           balance = s.balance + more_given - more_received, entries = s.entries + more_entries,
           last_date = (select e.business_date from tijori.entries e
                         where e.account_id = account and e.business_id = business and e.party_id = party
                           and e.deleted_at is null
                         order by e.business_date desc, e.id desc limit 1),
           due_since = tijori_khata.due_since(account, business, party, s.balance + more_given - more_received)
     where s.account_id = account and s.business_id = business and s.party_id = party;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- tijori_khata.today_in(zone) is the day it is in a time zone. A zone that this server does not know, which the program
-- may have known, is India's: a book stays readable.
create function tijori_khata.today_in(zone text) returns date
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return (tijori_ops.clock() at time zone zone)::date;
exception when invalid_parameter_value then
    return (tijori_ops.clock() at time zone 'Asia/Kolkata')::date;
end $$;

-- tijori_khata.today() is the day it is in the caller's business, null without one. A transaction has one such day: the
-- program reads it with the scope.
create function tijori_khata.today() returns date
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select x.account_id, x.business_id into s from tijori_access.scope() x;
    return (select tijori_khata.today_in(b.time_zone) from tijori.businesses b
             where b.account_id = s.account_id and b.id = s.business_id);
end $$;

-- tijori_khata.due_since(account, business, party, owed, until) is due_since() of the entries up to a day.
create function tijori_khata.due_since(account uuid, business uuid, party uuid, owed bigint, until date) returns date
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    e record;
begin
    if owed > 0 then
        for e in
            select g.business_date, g.amount_minor from tijori.entries g
             where g.account_id = account and g.business_id = business and g.party_id = party and g.side = 'given'
               and g.deleted_at is null and g.business_date <= until
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

-- tijori_khata.ahead_of(account, business, today) is a row for each party with entries dated after today: what its
-- entries up to today come to, as party_sums has it for all other parties, and what lies ahead. The entries ahead are
-- read from entries_date_idx alone; the plan is made once, without knowing how few they are, so it is told not to read
-- the table.
create function tijori_khata.ahead_of(account uuid, business uuid, today date)
    returns table (party_id uuid, living boolean, made_on date, balance bigint, entries integer, last_date date,
        due_since date, given_ahead bigint, received_ahead bigint, entries_ahead integer)
    language plpgsql stable security definer rows 10
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
declare
    l record;
begin
    for l in
        with late as materialized (
            select e.party_id, e.side, e.amount_minor from tijori.entries e
             where e.account_id = account and e.business_id = business and e.business_date > today
               and e.deleted_at is null
        )
        select t.party_id,
               coalesce(sum(t.amount_minor) filter (where t.side = 'given'), 0)::bigint as given,
               coalesce(sum(t.amount_minor) filter (where t.side = 'received'), 0)::bigint as received,
               count(*)::integer as entries
          from late t group by t.party_id
    loop
        select s.party_id, s.living, s.made_on, s.balance - l.given + l.received, s.entries - l.entries,
               l.given, l.received, l.entries
          into party_id, living, made_on, balance, entries, given_ahead, received_ahead, entries_ahead
          from tijori.party_sums s
         where s.account_id = account and s.business_id = business and s.party_id = l.party_id;
        last_date := (select e.business_date from tijori.entries e
                       where e.account_id = account and e.business_id = business and e.party_id = l.party_id
                         and e.deleted_at is null and e.business_date <= today
                       order by e.business_date desc, e.id desc limit 1);
        due_since := tijori_khata.due_since(account, business, l.party_id, balance, today);
        return next;
    end loop;
end $$;

-- tijori_khata.ahead() is ahead_of() for the caller's business, and no row for who does not see totals.
create function tijori_khata.ahead()
    returns table (party_id uuid, living boolean, made_on date, balance bigint, entries integer, last_date date,
        due_since date, given_ahead bigint, received_ahead bigint, entries_ahead integer)
    language plpgsql stable security definer rows 10 set search_path = ''
    as $$
declare
    s record;
begin
    select x.account_id, x.business_id, tijori_khata.today_in(b.time_zone) as today into s
      from tijori_access.scope() x
      join tijori.businesses b on b.account_id = x.account_id and b.id = x.business_id
     where x.sees_totals;
    return query select a.* from tijori_khata.ahead_of(s.account_id, s.business_id, s.today) a;
end $$;

-- tijori_khata.totals() is what the parties of the caller's business come to today: how many are outside the bin, how
-- many of them owe and how many are owed, what the business will get and what it will give. All are 0 for who does not
-- see totals, and without a business. Every page of a list shows them, so they are added up here: under the policy each
-- of ten thousand rows would be compared anew with what scope() has said once. Parties with entries dated ahead are
-- counted off as all their entries make them, and counted as today's do.
create or replace function tijori_khata.totals(out parties integer, out due integer, out advance integer,
        out get bigint, out give bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
    d record;
begin
    select x.account_id, x.business_id, tijori_khata.today_in(b.time_zone) as today into s
      from tijori_access.scope() x
      join tijori.businesses b on b.account_id = x.account_id and b.id = x.business_id
     where x.sees_totals;
    select count(*), count(*) filter (where t.balance > 0), count(*) filter (where t.balance < 0),
           coalesce(sum(t.balance) filter (where t.balance > 0), 0),
           coalesce(-sum(t.balance) filter (where t.balance < 0), 0)
      into parties, due, advance, get, give
      from tijori.party_sums t
     where t.account_id = s.account_id and t.business_id = s.business_id and t.living;
    select coalesce(sum(sign(greatest(n.today, 0)) - sign(greatest(n.all_days, 0))), 0) as due,
           coalesce(sum(sign(greatest(-n.today, 0)) - sign(greatest(-n.all_days, 0))), 0) as advance,
           coalesce(sum(greatest(n.today, 0) - greatest(n.all_days, 0)), 0) as get,
           coalesce(sum(greatest(-n.today, 0) - greatest(-n.all_days, 0)), 0) as give
      into d
      from (
        select a.balance as today, a.balance + a.given_ahead - a.received_ahead as all_days
          from tijori_khata.ahead_of(s.account_id, s.business_id, s.today) a where a.living) n;
    due := due + d.due;
    advance := advance + d.advance;
    get := get + d.get;
    give := give + d.give;
end $$;

-- tijori_khata.shared_statement(given_hash) is the statement that a token opens and nothing else: a row with the head
-- of the statement and no side, then the entries of its days in order, of those up to today. There is no row for an
-- unknown, expired or revoked token, nor for a party in the bin. Should two shares have the same hash, the elder keeps
-- it. payable means that, on balance, nothing was paid after the last day.
create or replace function tijori_khata.shared_statement(given_hash bytea)
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
               p.name as party_name, p.kind, s.from_date, day.until, s.to_date, s.created_at, s.expires_at, s.digest,
               coalesce(y.upi_id, '') as upi_id, coalesce(y.payee_name, '') as payee_name,
               sums.after_it >= 0 as payable, sums.opening
          from share s
          join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
          join tijori.parties p on p.account_id = s.account_id and p.business_id = s.business_id and p.id = s.party_id
           and p.deleted_at is null
          cross join lateral (select tijori_khata.today_in(b.time_zone) as today) here
          cross join lateral (select least(s.to_date, here.today) as until) day
          left join lateral (
            select y.upi_id, y.payee_name from tijori.payees y
             where y.account_id = s.account_id and y.business_id = s.business_id
             order by y.created_at desc limit 1) y on true
          cross join lateral (
            select coalesce(sum(e.signed) filter (where e.business_date < s.from_date), 0)::bigint as opening,
                   coalesce(sum(e.signed) filter (where e.business_date > day.until), 0)::bigint as after_it
              from (
                select l.business_date,
                       case l.side when 'given' then l.amount_minor else -l.amount_minor end as signed
                  from tijori.entries l
                 where l.account_id = s.account_id and l.business_id = s.business_id and l.party_id = s.party_id
                   and l.deleted_at is null and l.business_date <= here.today) e) sums
         where s.revoked_at is null and s.expires_at > now()
    )
    select h.business_name, h.currency, h.time_zone, h.party_name, h.kind, h.from_date,
           case when h.from_date > h.until then h.to_date else h.until end, h.created_at,
           h.expires_at, h.digest, h.upi_id, h.payee_name, h.payable, h.opening, null, null, null, null, null, null
      from head h
    union all
    (select null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            e.side, e.amount_minor, e.business_date, e.note, e.opening,
            greatest(e.created_at, e.updated_at) > h.created_at
       from head h
       join tijori.entries e on e.account_id = h.account_id and e.business_id = h.business_id
        and e.party_id = h.party_id and e.deleted_at is null and e.business_date <= h.until
        and (h.from_date is null or e.business_date >= h.from_date)
      order by e.business_date, e.id) $$;
-- +goose StatementEnd
alter function tijori_khata.today_in(text) owner to tijori_guard;
alter function tijori_khata.today() owner to tijori_guard;
alter function tijori_khata.due_since(uuid, uuid, uuid, bigint, date) owner to tijori_guard;
alter function tijori_khata.ahead_of(uuid, uuid, date) owner to tijori_guard;
alter function tijori_khata.ahead() owner to tijori_guard;
revoke all on function tijori_khata.today_in(text), tijori_khata.today(),
    tijori_khata.due_since(uuid, uuid, uuid, bigint, date), tijori_khata.ahead_of(uuid, uuid, date),
    tijori_khata.ahead() from public;
grant execute on function tijori_khata.today(), tijori_khata.ahead() to tijori_app;
