create role barn login;
create table stalls (id int primary key, barn_id int not null, horse text);
alter table stalls enable row level security;
grant select on stalls to barn;
create policy own on stalls using (barn_id = nullif(current_setting('app.barn', true), '')::int);
