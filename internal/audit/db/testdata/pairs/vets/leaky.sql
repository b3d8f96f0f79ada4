create type public.staff_rank as enum ('owner', 'vet', 'desk');
create table public.practices (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_by uuid default auth.uid() references auth.users
);
create table public.staff (
  practice_id uuid not null references public.practices on delete cascade,
  user_id uuid not null references auth.users on delete cascade,
  rank public.staff_rank not null default 'desk',
  primary key (practice_id, user_id)
);
create table public.animals (
  id uuid primary key default gen_random_uuid(),
  practice_id uuid not null references public.practices,
  name text not null, keeper_phone text, chip text
);
create table public.visits (
  id bigint generated always as identity primary key,
  practice_id uuid not null references public.practices,
  animal_id uuid not null references public.animals,
  notes text, fee_cents int not null default 0
);
create table public.staff_invites (
  id uuid primary key default gen_random_uuid(),
  practice_id uuid not null references public.practices,
  email text not null,
  rank public.staff_rank not null default 'desk',
  code text not null unique default encode(gen_random_bytes(16), 'hex'),
  used_at timestamptz
);
alter table public.practices enable row level security;
alter table public.staff enable row level security;
alter table public.animals enable row level security;
alter table public.visits enable row level security;
alter table public.staff_invites enable row level security;

create schema if not exists private;
create or replace function private.my_practices() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select practice_id from public.staff where user_id = (select auth.uid())
$$;
create or replace function private.is_owner(p uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select 1 from public.staff where practice_id = p and user_id = (select auth.uid()) and rank = 'owner')
$$;
grant usage on schema private to authenticated;
grant execute on all functions in schema private to authenticated;

create policy "practice visible to staff" on public.practices for select to authenticated using (id in (select private.my_practices()));
create policy "staff see colleagues" on public.staff for select to authenticated using (practice_id in (select private.my_practices()));
create policy "owner manages staff" on public.staff for all to authenticated
  using (private.is_owner(practice_id)) with check (private.is_owner(practice_id));
create policy "animals of practice" on public.animals for all to authenticated
  using (practice_id in (select private.my_practices())) with check (practice_id in (select private.my_practices()));
create policy "visits of practice" on public.visits for select to authenticated
  using (practice_id = ((auth.jwt() -> 'user_metadata' ->> 'practice')::uuid));
create policy "visits written by staff" on public.visits for insert to authenticated
  with check (practice_id in (select private.my_practices()) and exists (select 1 from public.animals a where a.id = animal_id and a.practice_id = visits.practice_id));

create policy "owner invites" on public.staff_invites for all to authenticated
  using (private.is_owner(practice_id)) with check (private.is_owner(practice_id));
create policy "look up an invite" on public.staff_invites for select to anon, authenticated using (used_at is null);

create or replace function public.join_practice(p_practice uuid, p_rank public.staff_rank default 'desk')
returns void language plpgsql security definer set search_path = '' as $$
begin
  if auth.uid() is null then raise exception 'sign in first'; end if;
  insert into public.staff (practice_id, user_id, rank) values (p_practice, auth.uid(), p_rank)
  on conflict do nothing;
end $$;
create or replace function public.found_practice(p_name text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare v uuid;
begin
  if auth.uid() is null then raise exception 'sign in first'; end if;
  insert into public.practices (name, created_by) values (p_name, auth.uid()) returning id into v;
  insert into public.staff values (v, auth.uid(), 'owner');
  return v;
end $$;
revoke execute on function public.found_practice(text) from public, anon;

insert into storage.buckets (id, name, public) values ('xrays', 'xrays', false);
create policy "xrays readable" on storage.objects for select to authenticated using (bucket_id = 'xrays');
create policy "xrays uploaded" on storage.objects for insert to authenticated
  with check (bucket_id = 'xrays' and (storage.foldername(name))[1] in (select p::text from private.my_practices() p));
