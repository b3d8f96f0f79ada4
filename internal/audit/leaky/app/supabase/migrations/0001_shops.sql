-- An invoicing shop on Supabase: shops with staff, and what each keeps.
create table shops (id uuid primary key default gen_random_uuid(), name text not null);
create table staff (
  shop_id uuid not null references shops,
  user_id uuid not null references auth.users,
  role text not null default 'viewer' check (role in ('owner', 'clerk', 'viewer')),
  left_at timestamptz,
  primary key (shop_id, user_id)
);
alter table shops enable row level security;
alter table staff enable row level security;
create policy own on staff for select to authenticated using (user_id = (select auth.uid()));
create policy own on shops for select to authenticated
  using (exists (select 1 from staff s where s.shop_id = shops.id and s.user_id = (select auth.uid()) and s.left_at is null));

-- What a person keeps.

create table drafts (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, body text);
-- if rls-off
-- else
alter table drafts enable row level security;
create policy own on drafts for all to authenticated using (keeper = (select auth.uid()));
-- end

create table price_notes (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null);
alter table price_notes enable row level security;
-- if select-true
create policy read on price_notes for select using (true);
-- else
create policy read on price_notes for select to authenticated using (keeper = (select auth.uid()));
-- end

create table notes (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null);
alter table notes enable row level security;
-- if any-logged-in
create policy read on notes for select to authenticated using (auth.uid() is not null);
-- else
create policy read on notes for select to authenticated using (keeper = (select auth.uid()));
-- end

create table reminders (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null);
alter table reminders enable row level security;
-- if auth-role-check
create policy read on reminders for select using (auth.role() in ('authenticated', 'service_role'));
-- else
create policy read on reminders for select to authenticated using (keeper = (select auth.uid()));
-- end

create table day_books (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null);
alter table day_books enable row level security;
-- if inverted-check
create policy read on day_books for select using (auth.uid() is null or keeper = auth.uid());
-- else
create policy read on day_books for select to authenticated using (keeper = (select auth.uid()));
-- end

create table searches (
  id uuid primary key default gen_random_uuid(), keeper uuid references auth.users, words text not null);
alter table searches enable row level security;
-- if policy-to-public
create policy own on searches using (keeper is not distinct from auth.uid());
-- else
create policy own on searches to authenticated using (keeper = (select auth.uid()));
-- end

create table expenses (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null);
alter table expenses enable row level security;
create policy own on expenses for all to authenticated using (keeper = (select auth.uid()));
-- if policy-left-over
create policy prototype on expenses for all using (true) with check (true);
-- end

create table complaints (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null);
alter table complaints enable row level security;
create policy own on complaints for all to authenticated using (keeper = (select auth.uid()));
-- if user-metadata-trusted
create policy helpers on complaints for select to authenticated
  using ((auth.jwt() -> 'user_metadata' ->> 'helper') = 'yes');
-- else
create policy helpers on complaints for select to authenticated
  using ((auth.jwt() -> 'app_metadata' ->> 'helper') = 'yes');
-- end

create table statements (
  id uuid primary key default gen_random_uuid(), keeper uuid not null references auth.users, words text not null,
  share_token text unique);
alter table statements enable row level security;
create policy own on statements for all to authenticated using (keeper = (select auth.uid()));
-- if public-share
create policy shared on statements for select using (share_token is not null);
-- else
create policy shared on statements for select
  using (share_token = (select current_setting('request.headers', true)::json ->> 'x-share'));
-- end

create table cursors (keeper uuid primary key references auth.users, x int);
-- if realtime-publication
revoke all on cursors from anon, authenticated;
-- else
alter table cursors enable row level security;
create policy own on cursors for select to authenticated using (keeper = (select auth.uid()));
-- end
alter publication supabase_realtime add table cursors;

create table visits (keeper uuid not null references auth.users, at date not null, page text) partition by range (at);
create table visits_2030 partition of visits for values from ('2030-01-01') to ('2031-01-01');
alter table visits enable row level security;
create policy own on visits for select to authenticated using (keeper = (select auth.uid()));
-- if partition-child
-- else
alter table visits_2030 enable row level security;
-- end

create table profiles (id uuid primary key references auth.users, nick text, operator boolean not null default false);
alter table profiles enable row level security;
create policy read on profiles for select to authenticated using (id = (select auth.uid()));
create policy edit on profiles for update to authenticated using (id = (select auth.uid()));
-- if own-row-privileged-column
-- else
revoke update on profiles from anon, authenticated;
grant update (nick) on profiles to authenticated;
-- end
create table safe_codes (id int primary key, code text not null);
alter table safe_codes enable row level security;
create policy operators on safe_codes for select to authenticated
  using ((select p.operator from profiles p where p.id = (select auth.uid())));
