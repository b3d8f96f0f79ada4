create table garages (id uuid primary key default gen_random_uuid(), name text not null);
create table mechanics (garage_id uuid not null references garages, user_id uuid not null references auth.users, primary key (garage_id, user_id));
create table cars (id uuid primary key default gen_random_uuid(), garage_id uuid not null references garages, vin text not null, unique (garage_id, vin), unique (garage_id, id));
create table repairs (id uuid primary key default gen_random_uuid(), garage_id uuid not null references garages, car_id uuid not null references cars, cents int not null);
alter table garages enable row level security;
alter table mechanics enable row level security;
alter table cars enable row level security;
alter table repairs enable row level security;
create policy me on mechanics for select to authenticated using (user_id = auth.uid());
create policy cars on cars for all to authenticated using (garage_id in (select garage_id from mechanics where user_id = auth.uid()));
create policy repairs on repairs for all to authenticated using (garage_id in (select garage_id from mechanics where user_id = auth.uid()));
alter table cars add column total int not null default 0;
create function add_up() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.cars set total = total + new.cents where id = new.car_id;
  return new;
end $$;
create trigger add_up after insert on repairs for each row execute function add_up();
revoke update on cars from authenticated, anon;
grant update (vin) on cars to authenticated;
revoke insert on cars from authenticated, anon;
grant insert (id, garage_id, vin) on cars to authenticated;
