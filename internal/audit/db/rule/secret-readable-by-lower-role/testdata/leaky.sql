create role crew_app login;
create function ship() returns int language sql stable as $$ select nullif(current_setting('app.ship', true), '')::int $$;
create table sailors (id int primary key, ship_id int not null, full_name text not null, password_hash text not null);
alter table sailors enable row level security;
create policy own on sailors for select using (ship_id = ship());
grant select on sailors to crew_app;
