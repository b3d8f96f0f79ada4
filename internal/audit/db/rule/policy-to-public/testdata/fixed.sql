create table diaries (
  id uuid primary key default gen_random_uuid(),
  keeper uuid references auth.users,
  words text not null
);
alter table diaries enable row level security;
create policy own on diaries to authenticated using (keeper = auth.uid());
