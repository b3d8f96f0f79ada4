-- +goose Up
-- Links by which a party reads its statement without signing in. Only the hash of a link's token is kept. digest
-- is of the figures as they were when it was shared: other figures today are "changed since".
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
    constraint shares_party_fkey foreign key (account_id, business_id, party_id) references tijori.parties (account_id, business_id, id),
    constraint shares_token_check check (length(token_hash) = 32),
    constraint shares_digest_check check (length(digest) = 32),
    constraint shares_range_check check (from_date <= to_date and from_date >= date '2000-01-01' and to_date <= date '2099-12-31'),
    constraint shares_revoked_check check ((revoked_at is null) = (revoked_by is null))
);
create index shares_token_idx on tijori.shares (token_hash);
create index shares_party_idx on tijori.shares (account_id, business_id, party_id, created_at desc);

alter table tijori.shares enable row level security;
alter table tijori.shares force row level security;
create policy shares_select_app on tijori.shares for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy shares_insert_app on tijori.shares for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy shares_update_app on tijori.shares for update to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')))
    with check ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy shares_select_guard on tijori.shares for select to tijori_guard using (true);
grant select (account_id, business_id, id, party_id, from_date, to_date, created_by, created_by_name, created_at, expires_at, revoked_at, revoked_by) on tijori.shares to tijori_app;
grant insert (account_id, business_id, id, party_id, token_hash, from_date, to_date, digest, created_by, created_by_name, expires_at) on tijori.shares to tijori_app;
grant update (revoked_at) on tijori.shares to tijori_app;
grant select on tijori.shares to tijori_guard;

-- +goose StatementBegin
-- stamp_revoke writes down who ended a link and when, whatever the statement says. What has ended stays so.
create function tijori.stamp_revoke() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.revoked_at := old.revoked_at;
    new.revoked_by := old.revoked_by;
    if old.revoked_at is null then
        new.revoked_at := now();
        new.revoked_by := auth.user_id();
    end if;
    return new;
end $$;

-- auth.shared_statement is the statement that a token opens and nothing else: a row with what stands above it and
-- no side, then the entries of its days in order. No row for an unknown, ended or revoked token, nor for a party
-- in the bin. Should two shares have one hash, the elder keeps it. payable: nothing was paid after its last day.
create function auth.shared_statement(given_hash bytea)
    returns table (business_name text, currency text, time_zone text, party_name text, kind text, from_date date, to_date date,
        shared_at timestamptz, expires_at timestamptz, digest bytea, upi_id text, payee_name text, payable boolean, opening bigint,
        side text, paise bigint, business_date date, note text, is_opening boolean, changed boolean)
    language sql stable security definer set search_path = ''
    as $$
    with share as materialized (
        select s.* from tijori.shares s where s.token_hash = given_hash order by s.created_at limit 1
    ), head as materialized (
        select s.account_id, s.business_id, s.party_id, b.name as business_name, b.currency, b.time_zone, p.name as party_name, p.kind,
               s.from_date, s.to_date, s.created_at, s.expires_at, s.digest, coalesce(y.upi_id, '') as upi_id, coalesce(y.payee_name, '') as payee_name,
               sums.after_it >= 0 as payable, sums.opening
          from share s
          join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
          join tijori.parties p on p.account_id = s.account_id and p.business_id = s.business_id and p.id = s.party_id and p.deleted_at is null
          left join lateral (select y.upi_id, y.payee_name from tijori.payees y
                              where y.account_id = s.account_id and y.business_id = s.business_id order by y.created_at desc limit 1) y on true
          cross join lateral (
            select coalesce(sum(case e.side when 'given' then e.paise else -e.paise end) filter (where e.business_date < s.from_date), 0)::bigint as opening,
                   coalesce(sum(case e.side when 'given' then e.paise else -e.paise end) filter (where e.business_date > s.to_date), 0)::bigint as after_it
              from tijori.entries e
             where e.account_id = s.account_id and e.business_id = s.business_id and e.party_id = s.party_id and e.deleted_at is null) sums
         where s.revoked_at is null and s.expires_at > now()
    )
    select h.business_name, h.currency, h.time_zone, h.party_name, h.kind, h.from_date, h.to_date, h.created_at, h.expires_at, h.digest,
           h.upi_id, h.payee_name, h.payable, h.opening, null, null, null, null, null, null
      from head h
    union all
    (select null, null, null, null, null, null, null, null, null, null, null, null, null, null,
            e.side, e.paise, e.business_date, e.note, e.opening, greatest(e.created_at, e.updated_at) > h.created_at
       from head h
       join tijori.entries e on e.account_id = h.account_id and e.business_id = h.business_id and e.party_id = h.party_id
        and e.deleted_at is null and e.business_date <= h.to_date and (h.from_date is null or e.business_date >= h.from_date)
      order by e.business_date, e.id) $$;
-- +goose StatementEnd
revoke all on function tijori.stamp_revoke() from public;
alter function auth.shared_statement(bytea) owner to tijori_guard;
revoke all on function auth.shared_statement(bytea) from public;
grant execute on function auth.shared_statement(bytea) to tijori_auth;
create trigger shares_stamp before update of revoked_at on tijori.shares for each row execute function tijori.stamp_revoke();
