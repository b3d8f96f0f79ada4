-- +goose Up
-- compatible from: 1001
-- Since when and until when a subscription gave which plan, and what that brought in a month. A founder's figures over
-- time are sums over these rows. Only the trigger below writes them, in the transaction that writes the subscription:
-- they follow from what the reducer found to be paid, and from nothing else.
create table tijori.plan_spans (
    account_id uuid not null,
    connection_id text not null,
    subscription_id text not null,
    number integer not null,
    app_id text not null,
    kind text not null,
    plan_id text not null,
    price_id text not null,
    period text not null,
    currency text,
    monthly_minor bigint,
    began_at timestamptz not null,
    until_at timestamptz not null,
    constraint plan_spans_pkey primary key (account_id, connection_id, subscription_id, number),
    constraint plan_spans_subscription_fkey foreign key (account_id, connection_id, subscription_id)
        references tijori.subscriptions (account_id, connection_id, id) on delete cascade,
    constraint plan_spans_kind_check check (kind in ('trial', 'paid')),
    constraint plan_spans_order_check check (until_at >= began_at and number > 0),
    constraint plan_spans_money_check
        check ((currency is null) = (monthly_minor is null) and monthly_minor >= 0 and currency ~ '^[A-Z]{3}$')
);
comment on column tijori.plan_spans.monthly_minor is
    'the price for a month: a yearly one divided by twelve, without the remainder; null when the price is not known';
comment on column tijori.plan_spans.until_at is
    'until when the plan is given as far as is known: it moves on with each payment, and ends early with a subscription';
call tijori_access.protect('tijori.plan_spans');
call tijori_access.open_to('tijori.plan_spans', 'tijori_guard', 'select', 'insert', 'update');
grant select, insert on tijori.plan_spans to tijori_guard;
grant update (plan_id, price_id, period, currency, monthly_minor, began_at, until_at) on tijori.plan_spans to tijori_guard;
grant select (paid_from, paid_price_id) on tijori.subscriptions to tijori_guard;

-- +goose StatementBegin
-- tijori_plans.note_span() keeps the spans of a subscription. A span goes on as long as plan, price and kind stay and
-- nothing lies between; what changes them ends it and begins the next. Time on trial is a span of its own: nothing was
-- paid beyond the trial's end yet.
create function tijori_plans.note_span() returns trigger
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    today constant timestamptz := tijori_ops.clock();
    its_kind constant text := case when new.trial_end is not null and new.paid_through <= new.trial_end
        then 'trial' else 'paid' end;
    its_price constant text := coalesce(nullif(new.paid_price_id, ''), new.price_id);
    since timestamptz := least(coalesce(new.paid_from, new.period_start, today), today, new.access_until);
    latest tijori.plan_spans;
    p record;
begin
    select s.* into latest from tijori.plan_spans s
     where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
     order by s.number desc limit 1 for update;
    if new.access_until is null or new.plan_id is null then
        update tijori.plan_spans s set until_at = greatest(s.began_at, least(s.until_at, today))
         where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
           and s.number = latest.number and s.until_at > today;
        return null;
    end if;
    if latest.kind = its_kind and latest.price_id = its_price and latest.plan_id = new.plan_id
       and (since <= latest.until_at or new.access_until <= latest.until_at) then
        update tijori.plan_spans s set until_at = greatest(s.began_at, new.access_until)
         where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
           and s.number = latest.number and s.until_at <> greatest(s.began_at, new.access_until);
        return null;
    end if;
    since := greatest(since, latest.began_at); -- greatest leaves a null out
    update tijori.plan_spans s set until_at = since
     where s.account_id = new.account_id and s.connection_id = new.connection_id and s.subscription_id = new.id
       and s.number = latest.number and s.until_at > since;
    select c.currency, case c.period when 'year' then c.amount_minor / 12 else c.amount_minor end as monthly, c.period
      into p from tijori.prices c where c.connection_id = new.connection_id and c.id = its_price;
    insert into tijori.plan_spans (account_id, connection_id, subscription_id, number, app_id, kind, plan_id, price_id,
        period, currency, monthly_minor, began_at, until_at)
    values (new.account_id, new.connection_id, new.id, coalesce(latest.number, 0) + 1, new.app_id, its_kind, new.plan_id,
        its_price, coalesce(p.period, new.period), p.currency, p.monthly, since, greatest(since, new.access_until));
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_plans.note_span() owner to tijori_guard;
revoke all on function tijori_plans.note_span() from public;

create trigger subscriptions_span after insert or update of access_until, plan_id, price_id, paid_price_id, paid_from,
    paid_through, trial_end on tijori.subscriptions
    for each row execute function tijori_plans.note_span();

-- What is known of the subscriptions that there are already: since when they are paid for without a break, at the price
-- of today.
insert into tijori.plan_spans (account_id, connection_id, subscription_id, number, app_id, kind, plan_id, price_id,
    period, currency, monthly_minor, began_at, until_at)
select s.account_id, s.connection_id, s.id, 1, s.app_id,
       case when s.trial_end is not null and s.paid_through <= s.trial_end then 'trial' else 'paid' end,
       s.plan_id, coalesce(nullif(s.paid_price_id, ''), s.price_id), coalesce(p.period, s.period), p.currency,
       case p.period when 'year' then p.amount_minor / 12 else p.amount_minor end,
       least(coalesce(s.paid_since, s.paid_from, s.period_start, s.created_at), s.access_until), s.access_until
  from tijori.subscriptions s
  left join tijori.prices p
    on p.connection_id = s.connection_id and p.id = coalesce(nullif(s.paid_price_id, ''), s.price_id)
 where s.access_until is not null and s.plan_id is not null;

-- What needs somebody: cards that fail, and subscriptions that end by themselves.
create index subscriptions_failing_idx on tijori.subscriptions (account_id) where status = 'past_due';
create index subscriptions_ending_idx on tijori.subscriptions (account_id, access_until) where cancel_at_period_end;
