-- +goose Up
-- compatible from: 1001
-- Plans that are sold by the seat: the price is for one, the provider counts how many are paid for, and so many are the
-- customer's limit "seats".

alter table tijori.plans add column per_seat boolean not null default false;
comment on column tijori.plans.per_seat is 'a price is for one seat; the subscription says how many, and the limit seats is that';
alter table tijori.subscriptions
    add column quantity bigint not null default 1,
    add constraint subscriptions_quantity_check check (quantity >= 1);
comment on column tijori.subscriptions.quantity is 'of the price, as the provider last told us';
alter table tijori.checkouts
    add column quantity bigint not null default 1,
    add constraint checkouts_quantity_check check (quantity >= 1);
grant select (quantity) on tijori.subscriptions to tijori_guard;

-- +goose StatementBegin
-- tijori_plans.plans_in_force(account, app, at) is as in 1131, with the seats that are paid for as a limit.
create or replace function tijori_plans.plans_in_force(account uuid, app text, at timestamptz) returns setof tijori.plans
    language sql stable
    as $$
    select p.app_id, p.id, p.name, p.rank, p.is_default,
           case when p.per_seat then p.limits || jsonb_build_object('seats', (
               select coalesce(max(s.quantity), 0) from tijori.subscriptions s
                where s.account_id = account and s.app_id = p.app_id and s.plan_id = p.id and s.access_until > at))
                else p.limits end,
           p.entitlements, p.credits_per_month, p.per_seat
      from tijori.plans p
     where p.app_id = app
       and (p.is_default
            or exists (select from tijori.subscriptions s
                        where s.account_id = account and s.app_id = p.app_id and s.plan_id = p.id
                          and s.access_until > at))
     order by p.is_default, p.rank desc
     limit 1 $$;
-- +goose StatementEnd
