-- +goose Up
-- Which account a provider's object belongs to: exactly one, for ever. A directory, without a foreign key to
-- tenant tables; its subscription rows are also the lock under which a subscription is refetched and written.
create table tijori.provider_directory (
    provider text not null,
    kind text not null,
    provider_id text not null,
    account_id uuid not null,
    created_at timestamptz not null,
    constraint provider_directory_pkey primary key (provider, kind, provider_id),
    constraint provider_directory_provider_check check (provider in ('stripe', 'razorpay')),
    constraint provider_directory_kind_check check (kind in ('customer', 'subscription', 'session')),
    constraint provider_directory_id_check check (length(provider_id) between 1 and 255)
);
alter table tijori.provider_directory enable row level security;
alter table tijori.provider_directory force row level security;
create policy provider_directory_select_billing on tijori.provider_directory for select to tijori_billing using (true);
create policy provider_directory_insert_billing on tijori.provider_directory for insert to tijori_billing with check (true);
create policy provider_directory_update_billing on tijori.provider_directory for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.provider_directory to tijori_billing;
grant update (created_at) on tijori.provider_directory to tijori_billing; -- row locks ask for it; nobody rewrites an owner

-- The customer an account checks out with. The row is the claim, made before the provider is asked; generation
-- counts customers that were deleted at the provider, so that the next one gets an idempotency key of its own.
create table tijori.provider_customers (
    account_id uuid not null,
    provider text not null,
    customer_id text,
    generation integer not null default 0,
    claimed_at timestamptz not null,
    constraint provider_customers_pkey primary key (account_id, provider),
    constraint provider_customers_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint provider_customers_provider_check check (provider in ('stripe', 'razorpay')),
    constraint provider_customers_id_check check (length(customer_id) between 1 and 255)
);
alter table tijori.provider_customers enable row level security;
alter table tijori.provider_customers force row level security;
create policy provider_customers_select_billing on tijori.provider_customers for select to tijori_billing using (true);
create policy provider_customers_insert_billing on tijori.provider_customers for insert to tijori_billing with check (true);
create policy provider_customers_update_billing on tijori.provider_customers for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.provider_customers to tijori_billing;
grant update (customer_id, generation, claimed_at) on tijori.provider_customers to tijori_billing;
