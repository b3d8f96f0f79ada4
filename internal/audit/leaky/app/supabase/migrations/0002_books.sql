-- What the staff of a shop keep together.

create table parties (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops,
  author uuid not null references auth.users, name text not null);
alter table parties enable row level security;
create policy read on parties for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = parties.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- if insert-without-tenant-check
create policy adds on parties for insert to authenticated with check (author = (select auth.uid()));
-- else
create policy adds on parties for insert to authenticated with check (author = (select auth.uid()) and exists (
  select 1 from staff s where s.shop_id = parties.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- end

create table payments (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, cents int not null);
alter table payments enable row level security;
-- if self-comparison
create policy read on payments for select to authenticated
  using (exists (select 1 from staff s where s.shop_id = shop_id and s.user_id = auth.uid()));
-- else
create policy read on payments for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = payments.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- end

create table tasks (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, words text not null);
alter table tasks enable row level security;
-- if soft-delete-ignored
create policy read on tasks for select to authenticated
  using (exists (select 1 from staff s where s.shop_id = tasks.shop_id and s.user_id = auth.uid()));
-- else
create policy read on tasks for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = tasks.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- end

create table reports (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, words text not null);
alter table reports enable row level security;
-- if tenant-from-client
create policy read on reports for select to authenticated
  using (shop_id = (current_setting('request.headers', true)::json ->> 'x-shop')::uuid);
-- else
create policy read on reports for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = reports.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- end

create table ledgers (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, words text not null);
alter table ledgers enable row level security;
create policy read on ledgers for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = ledgers.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- if admin-of-any-tenant
create policy drops on ledgers for delete to authenticated using (exists (
  select 1 from staff s where s.user_id = auth.uid() and s.role = 'owner' and s.left_at is null));
-- else
create policy drops on ledgers for delete to authenticated using (exists (
  select 1 from staff s
  where s.shop_id = ledgers.shop_id and s.user_id = (select auth.uid()) and s.role = 'owner' and s.left_at is null));
-- end

create table refunds (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, cents int not null);
alter table refunds enable row level security;
create policy read on refunds for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = refunds.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
create policy edits on refunds for update to authenticated using (exists (
  select 1 from staff s
  where s.shop_id = refunds.shop_id and s.user_id = (select auth.uid()) and s.role <> 'viewer' and s.left_at is null));
-- if delete-or-write-by-lower-role
create policy drops on refunds for delete to authenticated using (exists (
  select 1 from staff s where s.shop_id = refunds.shop_id and s.user_id = auth.uid() and s.left_at is null));
-- else
create policy drops on refunds for delete to authenticated using (exists (
  select 1 from staff s
  where s.shop_id = refunds.shop_id and s.user_id = (select auth.uid()) and s.role = 'owner' and s.left_at is null));
-- end

create table quotes (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, words text not null);
alter table quotes enable row level security;
create policy read on quotes for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = quotes.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- if update-moves-tenant
create policy edits on quotes for update to authenticated using (exists (
  select 1 from staff s where s.shop_id = quotes.shop_id and s.user_id = (select auth.uid()) and s.left_at is null))
  with check (true);
-- else
create policy edits on quotes for update to authenticated using (exists (
  select 1 from staff s where s.shop_id = quotes.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- end

create table contracts (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, words text not null);
alter table contracts enable row level security;
-- if permissive-instead-of-restrictive
create policy tenant on contracts as restrictive for select to authenticated using (exists (
  select 1 from staff s where s.shop_id = contracts.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- else
create policy tenant on contracts as restrictive to authenticated using (exists (
  select 1 from staff s where s.shop_id = contracts.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- end
create policy inside on contracts to authenticated using (true);

-- if fk-unique-oracle
create table products (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, sku text not null unique,
  unique (shop_id, id));
-- else
create table products (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, sku text not null,
  unique (shop_id, sku), unique (shop_id, id));
-- end
alter table products enable row level security;
create policy staff on products for all to authenticated using (exists (
  select 1 from staff s where s.shop_id = products.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
-- if cross-tenant-fk
create table sales (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops,
  product_id uuid not null references products, cents int not null);
-- else
create table sales (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, product_id uuid not null,
  cents int not null, foreign key (shop_id, product_id) references products (shop_id, id));
-- end
alter table sales enable row level security;
create policy staff on sales for all to authenticated using (exists (
  select 1 from staff s where s.shop_id = sales.shop_id and s.user_id = (select auth.uid()) and s.left_at is null));
alter table products add column total int not null default 0;
create function add_up() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.products set total = total + new.cents where id = new.product_id;
  return new;
end $$;
revoke execute on function add_up() from public, anon, authenticated;
create trigger add_up after insert on sales for each row execute function add_up();
revoke insert, update on products from authenticated, anon;
grant update (sku) on products to authenticated;
grant insert (id, shop_id, sku) on products to authenticated;

create table invitations (
  id uuid primary key default gen_random_uuid(), shop_id uuid not null references shops, email text not null,
  token text not null unique, ends_at timestamptz not null default now() + interval '7 days');
alter table invitations enable row level security;
-- if invitation-token-readable
create policy lookup on invitations for select using (ends_at > now());
-- end

create table groups (id uuid primary key default gen_random_uuid(), name text not null);
create table group_members (
  group_id uuid not null references groups, user_id uuid not null references auth.users, primary key (group_id, user_id));
create table offers (
  id uuid primary key default gen_random_uuid(), group_id uuid not null references groups, words text not null);
alter table groups enable row level security;
alter table group_members enable row level security;
alter table offers enable row level security;
create policy own on group_members for select to authenticated using (user_id = (select auth.uid()));
create policy read on offers for select to authenticated using (exists (
  select 1 from group_members m where m.group_id = offers.group_id and m.user_id = (select auth.uid())));
-- if self-insert-membership
create policy joins on group_members for insert to authenticated with check (user_id = (select auth.uid()));
-- end

insert into storage.buckets (id, name) values ('receipts', 'receipts');
-- if storage-policy
create policy reads on storage.objects for select to authenticated using (bucket_id = 'receipts');
-- else
create policy reads on storage.objects for select to authenticated using (
  bucket_id = 'receipts' and (storage.foldername(name))[1] in (
    select s.shop_id::text from public.staff s where s.user_id = (select auth.uid()) and s.left_at is null));
-- end
