create table jars (user_id uuid primary key references auth.users, beans int not null default 0 check (beans >= 0));
alter table jars enable row level security;
create policy own on jars for select to authenticated using (user_id = auth.uid());
create function take(n int) returns void language plpgsql security definer set search_path = '' as $$
declare have int;
begin
  if n <= 0 then raise exception 'no'; end if;
  select beans into have from public.jars where user_id = auth.uid();
  if have < n then raise exception 'not enough'; end if;
  update public.jars set beans = have - n where user_id = auth.uid();
end $$;
