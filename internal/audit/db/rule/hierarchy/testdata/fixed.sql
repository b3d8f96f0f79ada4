create role unit_api login;
create function unit() returns text language sql stable as $$ select nullif(current_setting('app.unit', true), '') $$;
create table unit_files (id bigserial primary key, unit_path text not null, body text not null);
alter table unit_files enable row level security;
grant select on unit_files to unit_api;
create policy sub on unit_files using (unit_path = unit() or starts_with(unit_path, unit() || '/'));
