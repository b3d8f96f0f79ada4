-- +goose Up
-- Who pays and who is isolated. Policies of tijori_app follow in 0005, after the functions they call.
create table tijori.accounts (
    account_id uuid not null,
    name text not null,
    currency text not null default 'INR',
    time_zone text not null default 'Asia/Kolkata',
    created_at timestamptz not null default now(),
    constraint accounts_pkey primary key (account_id),
    constraint accounts_name_check check (length(name) between 1 and 120),
    constraint accounts_currency_check check (currency ~ '^[A-Z]{3}$')
);
alter table tijori.accounts enable row level security;
alter table tijori.accounts force row level security;
create policy accounts_select_guard on tijori.accounts for select to tijori_guard using (true);
create policy accounts_insert_guard on tijori.accounts for insert to tijori_guard with check (true);
create policy accounts_update_guard on tijori.accounts for update to tijori_guard using (true) with check (true);
create policy accounts_select_billing on tijori.accounts for select to tijori_billing using (true);
grant select, insert, update on tijori.accounts to tijori_guard;
grant select on tijori.accounts to tijori_billing;

-- One shop's book inside an account.
create table tijori.businesses (
    account_id uuid not null,
    id uuid not null,
    name text not null,
    currency text not null default 'INR',
    time_zone text not null default 'Asia/Kolkata',
    created_at timestamptz not null default now(),
    constraint businesses_pkey primary key (account_id, id),
    constraint businesses_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint businesses_name_check check (length(name) between 1 and 120),
    constraint businesses_currency_check check (currency ~ '^[A-Z]{3}$')
);
alter table tijori.businesses enable row level security;
alter table tijori.businesses force row level security;
create policy businesses_select_guard on tijori.businesses for select to tijori_guard using (true);
create policy businesses_insert_guard on tijori.businesses for insert to tijori_guard with check (true);
grant select, insert on tijori.businesses to tijori_guard;

-- A user's role in an account (business_id null) or in one of its businesses. An owner owns the whole account.
create table tijori.members (
    account_id uuid not null,
    id uuid not null,
    user_id uuid not null,
    business_id uuid,
    role text not null,
    created_at timestamptz not null default now(),
    constraint members_pkey primary key (account_id, id),
    constraint members_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint members_user_fkey foreign key (user_id) references tijori.users (id),
    constraint members_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint members_once_key unique nulls not distinct (account_id, user_id, business_id),
    constraint members_role_check check (role in ('owner', 'manager', 'accountant', 'counter')),
    constraint members_owner_check check (role <> 'owner' or business_id is null)
);
create index members_user_idx on tijori.members (user_id, account_id, business_id, role);
alter table tijori.members enable row level security;
alter table tijori.members force row level security;
create policy members_select_guard on tijori.members for select to tijori_guard using (true);
create policy members_insert_guard on tijori.members for insert to tijori_guard with check (true);
create policy members_select_billing on tijori.members for select to tijori_billing using (true);
grant select, insert on tijori.members to tijori_guard;
grant select on tijori.members to tijori_billing;
