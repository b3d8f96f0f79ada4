-- Views and functions.

create table invoices (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null,
  cents int not null);
alter table invoices enable row level security;
create policy own on invoices for all to authenticated using (keeper = (select auth.uid()));
-- if view-owner-rights
create view invoice_cards as select id, keeper, words from invoices;
-- else
create view invoice_cards with (security_invoker = true) as select id, keeper, words from invoices;
-- end
create materialized view invoice_totals as select keeper, sum(cents) as cents from invoices group by keeper;
-- if materialised-view
-- else
revoke all on invoice_totals from anon, authenticated;
-- end

-- if membership-oracle
create function works_at(who uuid, shop uuid) returns boolean
  language sql stable security definer set search_path = '' as
  $$ select exists (select 1 from public.staff s where s.user_id = who and s.shop_id = shop) $$;
-- else
create function works_at(shop uuid) returns boolean
  language sql stable security definer set search_path = '' as
  $$ select exists (select 1 from public.staff s where s.user_id = auth.uid() and s.shop_id = shop and s.left_at is null) $$;
-- end

create table tariff (item text primary key, price int not null);
alter table tariff enable row level security;
create policy everybody on tariff for select to anon, authenticated using (true);
revoke insert, update, delete, truncate on tariff from anon, authenticated;
-- if secdef-search-path
create function price_of(p text) returns int language sql stable security definer set search_path = public as
  $$ select price from tariff where item = p $$;
-- else
create function price_of(p text) returns int language sql stable security definer set search_path = '' as
  $$ select price from public.tariff where item = p $$;
-- end

create function find_invoices(term text) returns setof text
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
-- if secdef-sql-injection
  return query execute
    'select words from public.invoices where keeper = auth.uid() and words like ''%' || term || '%''';
-- else
  return query execute
    'select words from public.invoices where keeper = auth.uid() and words like $1' using '%' || term || '%';
-- end
end $$;
