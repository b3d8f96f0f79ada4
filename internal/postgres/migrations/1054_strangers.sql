-- +goose Up
-- compatible from: 1001
-- What strangers may do as often as they like costs little. A credential that nobody has was refused by an error, which
-- PostgreSQL writes down with its statement: some gigabytes an hour. And a shared statement was read as a whole, 25,000
-- entries for each view; it is read a page at a time now. shared_statement stays for older programs.

-- tijori_access.try_scope() is scope(), but says by an SQLSTATE that the caller is refused, and raises nothing.
-- +goose StatementBegin
create function tijori_access.try_scope(out refused text, out user_id uuid, out account_id uuid, out business_id uuid,
        out role text, out sees_totals boolean, out adds_entries boolean, out runs_khata boolean, out owns boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    select s.user_id, s.account_id, s.business_id, s.role, s.sees_totals, s.adds_entries, s.runs_khata, s.owns
      into try_scope.user_id, try_scope.account_id, try_scope.business_id, try_scope.role,
           try_scope.sees_totals, try_scope.adds_entries, try_scope.runs_khata, try_scope.owns
      from tijori_access.scope() s;
exception
    when sqlstate '28000' then refused := '28000';
    when sqlstate 'P0002' then refused := 'P0002';
end $$;
-- +goose StatementEnd
alter function tijori_access.try_scope() owner to tijori_guard;
revoke all on function tijori_access.try_scope() from public;
grant execute on function tijori_access.try_scope() to tijori_app;

-- tijori_access.try_key(needed) says by an SQLSTATE why key_account(needed) would refuse the key that is asking; '' when
-- it would not.
-- +goose StatementBegin
create function tijori_access.try_key(needed text) returns text
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    perform tijori_access.key_account(needed);
    return '';
exception
    when sqlstate '28000' then return '28000';
    when sqlstate '42501' then return '42501';
end $$;
-- +goose StatementEnd
alter function tijori_access.try_key(text) owner to tijori_guard;
revoke all on function tijori_access.try_key(text) from public;
grant execute on function tijori_access.try_key(text) to tijori_app;

-- tijori_khata.shared_page(given_hash, skip, most) is one page of the statement that a token opens and nothing else: a
-- row with the head of the statement and no side, then at most so many entries of its days up to today in order, each
-- with the balance after it, after those that are skipped. There is no row for an unknown, expired or revoked token, nor for a
-- party in the bin. Should two shares have the same hash, the elder keeps it. payable means that, on balance, nothing
-- was paid after the last day; changed, of the head, that the figures are no longer those that were shared: the digest
-- is that of ledger.AddShare.
-- +goose StatementBegin
create function tijori_khata.shared_page(given_hash bytea, skip integer, most integer)
    returns table (business_name text, currency text, time_zone text, party_name text, kind text, from_date date,
        to_date date, shared_at timestamptz, expires_at timestamptz, upi_id text, payee_name text, payable boolean,
        opening bigint, given bigint, received bigint, lines integer, brought bigint, changed boolean, side text,
        amount_minor bigint, business_date date, note text, is_opening boolean, balance bigint)
    language sql stable security definer set search_path = ''
    as $$
    with share as materialized (
        select s.* from tijori.shares s where s.token_hash = given_hash order by s.created_at limit 1
    ), head as materialized (
        select s.account_id, s.business_id, s.party_id, b.name as business_name, b.currency, b.time_zone,
               p.name as party_name, p.kind, s.from_date,
               case when s.from_date > day.until then s.to_date else day.until end as to_date, here.today, s.created_at, s.expires_at, s.digest,
               coalesce(y.upi_id, '') as upi_id, coalesce(y.payee_name, '') as payee_name
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
         where s.revoked_at is null and s.expires_at > now()
    ), entry as materialized (
        select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening,
               greatest(e.created_at, e.updated_at) > h.created_at as changed,
               case e.side when 'given' then e.amount_minor else -e.amount_minor end as signed,
               e.business_date < h.from_date as before, e.business_date > h.to_date as after
          from head h
          join tijori.entries e on e.account_id = h.account_id and e.business_id = h.business_id
           and e.party_id = h.party_id and e.deleted_at is null and e.business_date <= h.today
    ), sums as materialized (
        select coalesce(sum(e.signed) filter (where e.before), 0)::bigint as opening,
               coalesce(sum(e.signed) filter (where e.after), 0)::bigint as after_it
          from entry e
    ), line as materialized (
        select e.*, row_number() over w as n, s.opening + sum(e.signed) over w as balance
          from entry e cross join sums s
         where not coalesce(e.before, false) and not e.after
        window w as (order by e.business_date, e.id)
    ), whole as materialized (
        select count(*)::integer as lines,
               coalesce(sum(l.amount_minor) filter (where l.side = 'given'), 0)::bigint as given,
               coalesce(sum(l.amount_minor) filter (where l.side = 'received'), 0)::bigint as received,
               max(l.balance) filter (where l.n = skip)::bigint as brought,
               pg_catalog.string_agg(pg_catalog.octet_length(l.side) || ':' || l.side
                   || pg_catalog.octet_length(l.amount_minor::text) || ':' || l.amount_minor || '10:'
                   || pg_catalog.to_char(l.business_date, 'YYYY-MM-DD') || pg_catalog.octet_length(l.note) || ':'
                   || l.note, '' order by l.n) as text
          from line l
    )
    select h.business_name, h.currency, h.time_zone, h.party_name, h.kind, h.from_date, h.to_date, h.created_at,
           h.expires_at, h.upi_id, h.payee_name, s.after_it >= 0, s.opening, w.given, w.received, w.lines,
           coalesce(w.brought, s.opening),
           h.digest <> pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.octet_length(s.opening::text) || ':'
               || s.opening || coalesce(w.text, ''), 'UTF8')),
           null, null, null, null, null, null
      from head h cross join sums s cross join whole w
    union all
    (select null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            l.changed, l.side, l.amount_minor, l.business_date, l.note, l.opening, l.balance::bigint
       from line l where l.n > skip and l.n <= skip::bigint + most
      order by l.n) $$;
-- +goose StatementEnd
alter function tijori_khata.shared_page(bytea, integer, integer) owner to tijori_guard;
revoke all on function tijori_khata.shared_page(bytea, integer, integer) from public;
grant execute on function tijori_khata.shared_page(bytea, integer, integer) to tijori_auth;
