create table hikers (id uuid primary key references auth.users, nick text, guide boolean not null default false);
create table huts (id int primary key, door_code text not null);
alter table hikers enable row level security;
alter table huts enable row level security;
create policy read on hikers for select to authenticated using (id = auth.uid());
create policy edit on hikers for update to authenticated using (id = auth.uid());
create policy guides on huts for select to authenticated using ((select h.guide from hikers h where h.id = auth.uid()));
