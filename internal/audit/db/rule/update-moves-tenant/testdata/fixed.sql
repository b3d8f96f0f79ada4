create role farm_web login;
create function farm() returns int language sql stable as $$ select nullif(current_setting('app.farm', true), '')::int $$;
create table fields (
  id bigserial primary key,
  farm_id int not null,
  crop text not null
);
alter table fields enable row level security;
grant select, insert, update, delete on fields to farm_web;
grant usage on all sequences in schema public to farm_web;
create policy r on fields for select using (farm_id = farm());
create policy w on fields for update using (farm_id = farm());
