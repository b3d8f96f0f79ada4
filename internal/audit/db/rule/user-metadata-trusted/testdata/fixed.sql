create table diaries (
  id uuid primary key default gen_random_uuid(),
  keeper uuid not null references auth.users,
  words text not null
);
alter table diaries enable row level security;
create policy own on diaries for all to authenticated using (keeper = auth.uid());
create policy helpers on diaries for select to authenticated using ((auth.jwt() -> 'app_metadata' ->> 'helper') = 'yes');
