create table diaries (
  id uuid primary key default gen_random_uuid(),
  keeper uuid not null references auth.users,
  words text not null,
  share_token text unique
);
alter table diaries enable row level security;
create policy own on diaries for all to authenticated using (keeper = auth.uid());
create policy shared on diaries for select
  using (share_token = (select current_setting('request.headers', true)::json ->> 'x-share'));
