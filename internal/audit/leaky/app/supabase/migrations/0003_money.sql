-- Plans, credits, and what the provider sends.

create table subscriptions (
  user_id uuid primary key references auth.users, plan text not null default 'basic', ends_at timestamptz);
alter table subscriptions enable row level security;
-- if billing-table-writable
create policy own on subscriptions for all to authenticated using (user_id = (select auth.uid()));
-- else
create policy own on subscriptions for select to authenticated using (user_id = (select auth.uid()));
-- end

-- if payment-customer-not-unique
create table payers (user_id uuid primary key references auth.users, customer_id text);
-- else
create table payers (user_id uuid primary key references auth.users, customer_id text unique);
-- end
alter table payers enable row level security;

-- if idempotency-not-unique
create table webhook_events (
  id bigint generated always as identity primary key, provider text not null, event_id text not null, body jsonb not null);
-- else
create table webhook_events (
  id bigint generated always as identity primary key, provider text not null, event_id text not null, body jsonb not null,
  unique (provider, event_id));
-- end
alter table webhook_events enable row level security;

-- if balance-without-check
create table vouchers (user_id uuid primary key references auth.users, balance int not null default 0);
-- else
create table vouchers (
  user_id uuid primary key references auth.users, balance int not null default 0 check (balance >= 0));
-- end
alter table vouchers enable row level security;
create policy own on vouchers for select to authenticated using (user_id = (select auth.uid()));
create function use_voucher(n int) returns void language plpgsql security definer set search_path = '' as $$
begin
  if n <= 0 then raise exception 'not so'; end if;
  update public.vouchers set balance = balance - n where user_id = auth.uid() and balance >= n;
end $$;
revoke execute on function use_voucher(int) from public, anon;

create table credits (
  user_id uuid primary key references auth.users, balance int not null default 0 check (balance >= 0));
alter table credits enable row level security;
create policy own on credits for select to authenticated using (user_id = (select auth.uid()));
create function spend(n int) returns void language plpgsql security definer set search_path = '' as $$
declare have int;
begin
  if n <= 0 then raise exception 'not so'; end if;
-- if credit-read-then-write
  select balance into have from public.credits where user_id = auth.uid();
-- else
  select balance into have from public.credits where user_id = auth.uid() for update;
-- end
  if have < n then raise exception 'not enough'; end if;
  update public.credits set balance = have - n where user_id = auth.uid();
end $$;
revoke execute on function spend(int) from public, anon;

create table points (
  user_id uuid primary key references auth.users, balance int not null default 0 check (balance >= 0));
alter table points enable row level security;
create policy own on points for select to authenticated using (user_id = (select auth.uid()));
create function points_of(p uuid) returns int language sql stable security definer set search_path = '' as
-- if secdef-unchecked-argument
  $$ select balance from public.points where user_id = p $$;
-- else
  $$ select balance from public.points where user_id = p and p = auth.uid() $$;
-- end
