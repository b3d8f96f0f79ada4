create table payers (user_id uuid primary key references auth.users, customer_id text unique);
alter table payers enable row level security;
