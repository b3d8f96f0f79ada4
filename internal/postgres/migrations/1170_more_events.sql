-- +goose Up
-- compatible from: 1001
-- An app hears of bought credits, of money that goes back, of disputes and of credits that run low; the state names the
-- provider of the subscription that decides.

alter table tijori.events drop constraint events_type_check;
alter table tijori.events
    add column once text,
    add constraint events_type_check check (type in ('customer.state_changed', 'payment.collected', 'payment.refunded',
        'payment.refund_failed', 'payment.disputed', 'credits.low', 'webhook.test'));
comment on column tijori.events.once is 'what is told once: the same is not told again while its event is kept';
create unique index events_once_key on tijori.events (app_id, once) where once is not null;

alter table tijori.meters
    add column low bigint,
    add constraint meters_low_check check (low > 0);
comment on column tijori.meters.low is 'when a customer can spend less, the app is told; null: never';
alter table tijori.credit_balances add column low bigint;
comment on column tijori.credit_balances.low is 'that of the meter, so that a spend looks nothing up';

grant select (provider, meter) on tijori.purchases to tijori_guard;

-- +goose StatementBegin
-- Balances have the threshold of their meter: triggers with the rights of whoever writes balances and meters.
create function tijori_credits.take_low() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.low := (select m.low from tijori.meters m where m.app_id = new.app_id and m.id = new.meter);
    return new;
end $$;

create function tijori_credits.spread_low() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    update tijori.credit_balances b set low = new.low
     where b.app_id = new.app_id and b.meter = new.id and b.low is distinct from new.low;
    return null;
end $$;

-- tijori_plans.tell_low() tells, at the end of the transaction that spends, that a customer can spend less than the
-- meter's threshold: once until credits come in again.
create function tijori_plans.tell_low() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    b tijori.credit_balances;
    a record;
    got bigint;
begin
    select * into b from tijori.credit_balances c where c.account_id = new.account_id and c.meter = new.meter;
    if b.low is null or b.balance - b.held >= b.low then
        return null;
    end if;
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = b.account_id and v.app_id <> 'khata' and v.erasing_at is null;
    if not found then
        return null;
    end if;
    select e.number into got from tijori.credit_entries e
     where e.account_id = b.account_id and e.meter = b.meter and e.amount > 0 order by e.number desc limit 1;
    if exists (select from tijori.events v
                where v.app_id = a.app_id
                  and v.once = 'low ' || b.account_id || ' ' || b.meter || ' ' || coalesce(got, 0)) then
        return null;
    end if;
    perform tijori_plans.write_event(a.app_id, b.account_id, 'credits.low', jsonb_build_object(
        'customer', a.external_id, 'meter', b.meter, 'balance', b.balance - b.held, 'held', b.held, 'low', b.low), null,
        'low ' || b.account_id || ' ' || b.meter || ' ' || coalesce(got, 0));
    return null;
end $$;

-- tijori_plans.write_event(...) is as in 1098, with what is told once. Whoever tells the same at the same time waits for
-- the app's row, and then tells nothing.
create function tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid, told_once text)
    returns bigint
    language plpgsql volatile
    as $$
declare
    n bigint;
    m text;
    event constant uuid := gen_random_uuid();
begin
    perform from tijori.apps p where p.app_id = app for no key update;
    if exists (select from tijori.events e where e.app_id = app and e.once = told_once) then
        return null;
    end if;
    update tijori.apps p set last_event = p.last_event + 1 where p.app_id = app
    returning p.last_event, p.mode into n, m;
    insert into tijori.events (app_id, number, id, type, account_id, once, body)
    values (app, n, event, sort, account, told_once, jsonb_build_object('id', event, 'number', n, 'type', sort, 'mode', m,
        'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', data)::text);
    insert into tijori.deliveries (app_id, endpoint_id, number)
    select e.app_id, e.id, n from tijori.webhook_endpoints e
     where e.app_id = app and (e.id = only_to or only_to is null and e.state = 'on');
    return n;
end $$;

-- tijori_plans.tell_purchase() tells that credits which were bought once are paid.
create function tijori_plans.tell_purchase() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    p record;
    a record;
begin
    select v.id, v.status, v.account_id, v.payment_id, v.provider_id, v.provider, v.amount_minor, v.currency, v.top_up_id,
           v.meter, v.credits, v.paid_at
      into p from tijori.purchases v where v.account_id = new.account_id and v.id = new.id;
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = new.account_id and v.erasing_at is null;
    if found and p.status = 'paid' then
        perform tijori_plans.write_event(a.app_id, p.account_id, 'payment.collected', jsonb_build_object(
            'customer', a.external_id, 'id', coalesce(p.payment_id, p.provider_id), 'provider', p.provider,
            'amount', p.amount_minor, 'currency', p.currency, 'invoice', null,
            'top_up', p.top_up_id, 'meter', p.meter, 'credits', p.credits,
            'paid_at', to_char(p.paid_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), null,
            'purchase ' || p.id);
    end if;
    return null;
end $$;

-- tijori_plans.tell_reversal(account, type, once, data) tells the app, of which the caller's transaction works, that a
-- payment of a customer was given back or is disputed. It returns whether that was news.
create function tijori_plans.tell_reversal(account uuid, sort text, told_once text, data jsonb) returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    a record;
begin
    perform tijori_access.require_app(account);
    if sort not in ('payment.refunded', 'payment.refund_failed', 'payment.disputed') then
        raise exception 'no such event' using errcode = '22023';
    end if;
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = account and v.app_id <> 'khata' and v.erasing_at is null;
    if not found then
        return false;
    end if;
    return tijori_plans.write_event(a.app_id, account, sort, jsonb_build_object('customer', a.external_id) || data, null,
        told_once) is not null;
end $$;

-- tijori_plans.state_of(account) is as in 1095, and names the provider of the subscription that decides.
create or replace function tijori_plans.state_of(account uuid) returns jsonb
    language plpgsql stable
    as $$
declare
    today constant timestamptz := tijori_ops.clock();
    format constant text := 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
    p constant tijori.plans := tijori_plans.in_force(account);
    a record;
    s record;
    meters jsonb;
begin
    select v.external_id, v.revision into strict a from tijori.accounts v where v.account_id = account;
    select case when v.provider_status = 'completed' and v.paid_through <= today then 'expired' else v.status end
               as status,
           case when v.access_until > today then v.access_until end as until,
           case when v.cancel_at_period_end or v.cancel_at is not null or v.ended_at is not null
                then coalesce(v.cancel_at, v.access_until, v.ended_at) end as ends_at,
           v.period, v.provider
      into s
      from tijori.subscriptions v left join tijori.plans q on q.app_id = v.app_id and q.id = v.plan_id
     where v.account_id = account
     order by v.plan_id is not null and coalesce(v.access_until > today, false) desc,
              case when v.access_until > today then q.rank end desc nulls last,
              v.status in ('trialing', 'active', 'past_due', 'paused') and v.provider_status not in
                  ('canceled', 'incomplete_expired', 'cancelled', 'expired', 'completed') desc,
              v.paid_through desc nulls last, v.id desc
     limit 1;
    select coalesce(jsonb_agg(jsonb_build_object('meter', c.meter, 'balance', c.available, 'held', c.held,
               'next_allowance', case when c.next_at is not null then jsonb_build_object(
                   'at', to_char(c.next_at at time zone 'UTC', format), 'amount', c.next_amount) end)
               order by c.meter), '[]')
      into meters from tijori_credits.credits_of(account) c;
    return jsonb_build_object(
        'id', a.external_id, 'revision', a.revision,
        'plan', p.id, 'status', coalesce(s.status, 'none'), 'interval', nullif(s.period, ''),
        'provider', s.provider,
        'until', to_char(s.until at time zone 'UTC', format), 'ends_at', to_char(s.ends_at at time zone 'UTC', format),
        'entitlements', to_jsonb(coalesce(p.entitlements, '{}')), 'limits', coalesce(p.limits, '{}'), 'meters', meters);
end $$;
-- +goose StatementEnd
alter function tijori_credits.take_low() owner to tijori_guard;
alter function tijori_credits.spread_low() owner to tijori_guard;
alter function tijori_plans.tell_low() owner to tijori_guard;
alter function tijori_plans.write_event(text, uuid, text, jsonb, uuid, text) owner to tijori_guard;
alter function tijori_plans.tell_purchase() owner to tijori_guard;
alter function tijori_plans.tell_reversal(uuid, text, text, jsonb) owner to tijori_guard;
revoke all on function tijori_credits.take_low(), tijori_credits.spread_low(), tijori_plans.tell_low(),
    tijori_plans.write_event(text, uuid, text, jsonb, uuid, text), tijori_plans.tell_purchase(),
    tijori_plans.tell_reversal(uuid, text, text, jsonb) from public;
grant execute on function tijori_plans.tell_reversal(uuid, text, text, jsonb) to tijori_billing;

create trigger credit_balances_low before insert on tijori.credit_balances
    for each row execute function tijori_credits.take_low();
create trigger meters_low after update of low on tijori.meters
    for each row when (old.low is distinct from new.low) execute function tijori_credits.spread_low();
create constraint trigger credit_balances_tell after update on tijori.credit_balances
    deferrable initially deferred for each row
    when (old.balance - old.held >= old.low and new.balance - new.held < new.low)
    execute function tijori_plans.tell_low();
create constraint trigger purchases_tell after insert on tijori.purchases
    deferrable initially deferred for each row when (new.status = 'paid' and new.app_id <> 'khata')
    execute function tijori_plans.tell_purchase();
create constraint trigger purchases_tell_paid after update of status on tijori.purchases
    deferrable initially deferred for each row
    when (new.status = 'paid' and old.status <> 'paid' and new.app_id <> 'khata')
    execute function tijori_plans.tell_purchase();
