create table jars (user_id uuid primary key references auth.users, beans int not null default 0 check (beans >= 0));
alter table jars enable row level security;
create policy own on jars for select to authenticated using (user_id = auth.uid());
create function take(n int) returns void language plpgsql security definer set search_path = '' as $$
begin
  update public.jars set beans = beans - n where user_id = auth.uid() and beans >= n;
end $$;
