-- The branches of the shop on a PostgreSQL of their own: each program connects as a role, and says its branch.

create role branch_web login;
create function branch() returns text language sql stable as
  $$ select nullif(current_setting('app.branch', true), '') $$;
create table branch_files (id bigserial primary key, branch_path text not null, body text not null);
alter table branch_files enable row level security;
grant select on branch_files to branch_web;
-- if hierarchy
create policy below on branch_files to branch_web using (branch_path like branch() || '%');
-- else
create policy below on branch_files to branch_web
  using (branch_path = branch() or starts_with(branch_path, branch() || '/'));
-- end

create table branch_stock (id bigserial primary key, branch_path text not null, item text not null);
alter table branch_stock enable row level security;
grant select on branch_stock to branch_web;
create policy own on branch_stock to branch_web using (branch_path = branch());
create role branch_stats login;
-- if view-without-barrier
create view branch_items as select id, item from branch_stock where branch_path = branch();
-- else
create view branch_items with (security_barrier) as select id, item from branch_stock where branch_path = branch();
-- end
grant select on branch_items to branch_stats;

create role helper login;
-- if bypassrls-in-request-path
create role sees_all nologin bypassrls;
grant select on branch_stock to sees_all;
grant sees_all to helper;
-- end

create role till login;
create table tills (id int primary key, branch_path text not null, cents int not null);
-- if owner-connection
alter table tills owner to till;
alter table tills enable row level security;
-- else
alter table tills enable row level security;
grant select on tills to till;
-- end
create policy own on tills to till using (branch_path = branch());

create role north_web login;
create role south_web login;
create schema north;
create schema south;
-- if default-privileges
create role branches nologin;
grant branches to north_web, south_web;
grant usage on schema north, south to branches;
alter default privileges in schema north grant select on tables to branches;
alter default privileges in schema south grant select on tables to branches;
-- else
grant usage on schema north to north_web;
grant usage on schema south to south_web;
alter default privileges in schema north grant select on tables to north_web;
alter default privileges in schema south grant select on tables to south_web;
-- end
create table north.sacks (id int primary key, grain text);
create table south.sacks (id int primary key, grain text);

create table till_users (id int primary key, branch_path text not null, full_name text not null, password_hash text not null);
alter table till_users enable row level security;
create policy own on till_users for select to branch_web using (branch_path = branch());
-- if secret-readable-by-lower-role
grant select on till_users to branch_web;
-- else
grant select (id, branch_path, full_name) on till_users to branch_web;
-- end
