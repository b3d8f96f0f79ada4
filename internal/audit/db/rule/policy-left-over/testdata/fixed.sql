create table diaries (
  id uuid primary key default gen_random_uuid(),
  keeper uuid not null references auth.users,
  words text not null
);
alter table diaries enable row level security;
create policy own on diaries for all to authenticated using (keeper = auth.uid());
