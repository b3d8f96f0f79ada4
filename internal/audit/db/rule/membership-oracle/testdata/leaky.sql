create table choirs (id uuid primary key default gen_random_uuid(), title text not null);
create table singers (
  choir_id uuid not null references choirs,
  user_id uuid not null references auth.users,
  part text not null default 'guest' check (part in ('conductor', 'voice', 'guest')),
  gone_at timestamptz,
  primary key (choir_id, user_id)
);
create table scores (
  id uuid primary key default gen_random_uuid(),
  choir_id uuid not null references choirs,
  author uuid not null references auth.users,
  sheet text not null
);
alter table choirs enable row level security;
alter table singers enable row level security;
alter table scores enable row level security;
create policy me on singers for select to authenticated using (user_id = auth.uid());
create policy read on scores for select to authenticated using (exists (select 1 from singers s where s.choir_id = scores.choir_id and s.user_id = auth.uid() and s.gone_at is null));
create function sings(who uuid, choir uuid) returns boolean language sql stable security definer set search_path = '' as
  $$ select exists (select 1 from public.singers s where s.user_id = who and s.choir_id = choir) $$;
