create table diaries (
  id uuid primary key default gen_random_uuid(),
  keeper uuid not null references auth.users,
  words text not null
);
alter table diaries enable row level security;
create policy own on diaries for all to authenticated using (keeper = auth.uid());
create table cursors (keeper uuid primary key references auth.users, x int);
alter table cursors enable row level security;
create policy own on cursors for select to authenticated using (keeper = auth.uid());
alter publication supabase_realtime add table cursors;
