-- built with an AI assistant, quickly
create table if not exists public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  username text unique, avatar text, is_coach boolean not null default false, stripe_customer text,
  subscription_status text default 'inactive', created_at timestamptz default now()
);
create table if not exists public.plans_of_training (
  id uuid primary key default gen_random_uuid(), coach uuid not null references public.profiles,
  athlete uuid references public.profiles, title text not null, details jsonb default '{}', published boolean default false
);
create table if not exists public.checkins (
  id uuid primary key default gen_random_uuid(), athlete uuid not null references public.profiles default auth.uid(),
  weight numeric, mood int check (mood between 1 and 5), note text, created_at timestamptz default now()
);
create table if not exists public.messages (
  id bigserial primary key, from_id uuid not null references public.profiles, to_id uuid not null references public.profiles,
  body text not null, read_at timestamptz
);
create table if not exists public.webhook_events (
  id bigserial primary key, provider text not null, event_id text not null, payload jsonb not null, received_at timestamptz default now()
);
alter table public.profiles enable row level security;
alter table public.plans_of_training enable row level security;
alter table public.checkins enable row level security;
alter table public.messages enable row level security;
alter table public.webhook_events enable row level security;
create unique index profiles_customer on public.profiles (stripe_customer);
create unique index webhook_events_key on public.webhook_events (provider, event_id);

create policy "Own profile." on public.profiles for select to authenticated using ((select auth.uid()) = id);
create view public.profile_cards as select id, username, avatar, is_coach from public.profiles;
revoke all on public.profile_cards from anon, authenticated; grant select on public.profile_cards to authenticated;
create policy "Users can update own profile." on public.profiles for update using ((select auth.uid()) = id);
revoke update on public.profiles from anon, authenticated;
grant update (username, avatar) on public.profiles to authenticated;
create policy "coach writes plans" on public.plans_of_training for all to authenticated
  using (coach = (select auth.uid())) with check (coach = (select auth.uid()));
create policy "athlete reads plan" on public.plans_of_training for select to authenticated using (athlete = (select auth.uid()) and published);
create policy "own checkins" on public.checkins for all to authenticated using (athlete = auth.uid()) with check (athlete = auth.uid());
create policy "coaches read checkins" on public.checkins for select to authenticated
  using (exists (select 1 from public.profiles p where p.id = auth.uid() and p.is_coach));
create policy "send" on public.messages for insert to authenticated with check (from_id = auth.uid());
create policy "read" on public.messages for select to authenticated using (auth.uid() in (from_id, to_id));
create policy "mark read" on public.messages for update to authenticated using (to_id = auth.uid()) with check (to_id = auth.uid());
revoke update on public.messages from anon, authenticated; grant update (read_at) on public.messages to authenticated;

create or replace function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.profiles (id, username) values (new.id, new.raw_user_meta_data ->> 'username');
  return new;
end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute procedure public.handle_new_user();
create or replace function public.search_checkins(q text) returns setof public.checkins
language sql stable security invoker set search_path = '' as $$
  select * from public.checkins where note ilike '%' || q || '%'
$$;
