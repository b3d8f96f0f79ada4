create role till_app login;
create table tariff (item text primary key, price int not null);
grant select on tariff to till_app;
create function price_of(p text) returns int language sql stable security definer set search_path = '' as
  $$ select price from public.tariff where item = p $$;
