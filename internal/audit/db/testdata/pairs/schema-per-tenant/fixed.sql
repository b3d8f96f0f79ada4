create role all_tenants nologin;
create role north_app login;
create role south_app login;
grant all_tenants to north_app, south_app;
create schema north;
create schema south;
create schema common;
grant usage on schema north to north_app;
grant usage on schema south to south_app;
grant usage on schema common to all_tenants;
create table north.patients (id int generated always as identity primary key, full_name text not null, born date, diagnosis text);
create table north.bills (id int generated always as identity primary key, patient_id int not null references north.patients, cents bigint not null, settled boolean not null default false);
create table south.patients (id int generated always as identity primary key, full_name text not null, born date, diagnosis text);
create table south.bills (id int generated always as identity primary key, patient_id int not null references south.patients, cents bigint not null, settled boolean not null default false);
grant select, insert, update, delete on all tables in schema north to north_app;
grant select, insert, update, delete on all tables in schema south to south_app;
grant usage on all sequences in schema north to north_app;
grant usage on all sequences in schema south to south_app;
create table common.icd_codes (code text primary key, label text not null);
grant select on common.icd_codes to all_tenants;
create table common.access_log (id bigint generated always as identity primary key, clinic name not null default current_user, at timestamptz not null default now(), who text, what text not null);
grant select, insert on common.access_log to all_tenants;
alter table common.access_log enable row level security;
create policy own on common.access_log to all_tenants using (clinic = current_user) with check (clinic = current_user);
create materialized view common.open_bills as
  select 'north' as clinic, p.full_name, b.cents from north.bills b join north.patients p on p.id = b.patient_id where not b.settled
  union all
  select 'south', p.full_name, b.cents from south.bills b join south.patients p on p.id = b.patient_id where not b.settled;
create function common.bill_total(clinic text, bill int) returns bigint language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare v bigint;
begin
  if clinic || '_app' <> session_user then raise exception 'not your clinic' using errcode = '42501'; end if;
  execute format('select cents from %I.bills where id = $1', clinic) into v using bill;
  return v;
end $$;
revoke execute on function common.bill_total(text, int) from public;
grant execute on function common.bill_total(text, int) to all_tenants;
