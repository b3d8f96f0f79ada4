create table diaries (
  id uuid primary key default gen_random_uuid(),
  keeper uuid not null references auth.users,
  words text not null
);
alter table diaries enable row level security;
create policy read on diaries for select using (auth.role() in ('authenticated', 'service_role'));
