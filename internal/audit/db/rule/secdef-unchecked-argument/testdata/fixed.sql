create table purses (owner_id uuid primary key references auth.users, coins int not null default 0 check (coins >= 0));
alter table purses enable row level security;
create policy own on purses for select to authenticated using (owner_id = auth.uid());
create function coins_of(p uuid) returns int language sql stable security definer set search_path = '' as
  $$ select coins from public.purses where owner_id = p and p = auth.uid() $$;
