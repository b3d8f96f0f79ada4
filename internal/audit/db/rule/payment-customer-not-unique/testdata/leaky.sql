create table payers (user_id uuid primary key references auth.users, customer_id text);
alter table payers enable row level security;
create index on payers (customer_id);
