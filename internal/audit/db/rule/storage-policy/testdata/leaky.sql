create table dens (id int primary key, title text not null);
create table den_people (den_id int not null references dens, user_id uuid not null references auth.users, primary key (den_id, user_id));
alter table dens enable row level security;
alter table den_people enable row level security;
create policy me on den_people for select to authenticated using (user_id = auth.uid());
insert into storage.buckets (id, name) values ('papers', 'papers');
create policy reads on storage.objects for select to authenticated using (bucket_id = 'papers');
