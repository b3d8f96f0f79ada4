create table beats (
  keeper uuid not null references auth.users,
  at date not null,
  pulse int
) partition by range (at);
create table beats_2030 partition of beats for values from ('2030-01-01') to ('2031-01-01');
alter table beats enable row level security;
create policy own on beats for select to authenticated using (keeper = auth.uid());
