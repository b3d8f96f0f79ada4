create table subscriptions (
  user_id uuid primary key references auth.users,
  plan text not null default 'free',
  ends_at timestamptz
);
alter table subscriptions enable row level security;
create policy own on subscriptions for select to authenticated using (user_id = auth.uid());
