-- +goose Up
-- compatible from: 1001
-- Whoever runs the server looks at nobody without a trace. A piece of work begins with a reason and lasts some hours;
-- every page that is opened meanwhile is written down with it, and an account is opened with a reason of its own.
alter table tijori.support_uses add column work_id uuid;
comment on column tijori.support_uses.work_id is 'the piece of work during which it was asked';
alter table tijori.support_uses drop constraint support_uses_question_check;
alter table tijori.support_uses add constraint support_uses_question_check check (question in
    ('lookup', 'why', 'reset_factors', 'work', 'page', 'figures', 'list', 'search', 'account'));
alter table tijori.support_uses add constraint support_uses_reason_check
    check (question not in ('work', 'account') or length(trim(detail)) >= 3);
create index support_uses_who_idx on tijori.support_uses (who, at desc) where question in ('work', 'account');
create index support_uses_subject_idx on tijori.support_uses (subject, at desc) where question in ('account', 'why');

-- +goose StatementBegin
-- tijori_ops.note_use(use, app, asker, asked, about, remark, work) writes down what an operator is about to see of an
-- app. work is the piece of work that it is part of: one of the same asker that has not ended.
create function tijori_ops.note_use(
        use_id uuid, app text, asker text, asked text, about text, remark text, work uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if asked <> 'work' and not exists (select from tijori_ops.open_work(asker) w where w.id = work) then
        raise exception 'no work was begun' using errcode = '28000';
    end if;
    insert into tijori.support_uses (id, app_id, who, question, subject, detail, work_id)
    values (use_id, app, asker, asked, about, remark, work);
end $$;

-- tijori_ops.open_work(asker) is the piece of work that somebody is at: the one begun last, for four hours.
create function tijori_ops.open_work(asker text) returns table (id uuid, at timestamptz, reason text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select u.id, u.at, u.detail from tijori.support_uses u
     where u.who = asker and u.question = 'work' and u.at > now() - interval '4 hours'
     order by u.at desc limit 1;
end $$;

-- tijori_ops.open_account(asker, account) is the use under which somebody has opened an account, for an hour.
create function tijori_ops.open_account(asker text, account uuid) returns table (id uuid, at timestamptz, reason text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select u.id, u.at, u.detail from tijori.support_uses u
     where u.who = asker and u.question = 'account' and u.subject = account::text and u.at > now() - interval '55 minutes'
     order by u.at desc limit 1;
end $$;

-- tijori_ops.app_of_use(use, questions) is the app that a use is about. It raises 28000 for one that is not written
-- down yet, was an hour ago, or asks something else.
create function tijori_ops.app_of_use(use_id uuid, questions text[]) returns text
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app text;
begin
    select u.app_id into app from tijori.support_uses u
     where u.id = use_id and u.question = any (questions) and u.at > now() - interval '1 hour'
       and u.xact is distinct from pg_current_xact_id_if_assigned();
    if not found then
        raise exception 'this use is not written down' using errcode = '28000';
    end if;
    return app;
end $$;

-- tijori_ops.figures_paid(use, moments) says for just before each moment, numbered from 1, and each currency how many subscriptions
-- were paid for and what they brought in a month. Currencies are never added together. unpriced counts subscriptions
-- whose price is not known; their currency is ''.
create function tijori_ops.figures_paid(use_id uuid, moments timestamptz[])
    returns table (moment integer, currency text, subscriptions bigint, monthly_minor bigint, unpriced bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['figures']);
begin
    -- What is true just before a moment: a span counts where began_at < moment <= until_at. So it is added at the first
    -- moment after began_at, and taken away at the first after until_at.
    return query
    with paid as (
        select coalesce(s.currency, '') as currency, coalesce(s.monthly_minor, 0) as monthly,
               (s.currency is null)::int as unpriced, s.began_at, s.until_at
          from tijori.plan_spans s
         where s.app_id = app and s.kind = 'paid' and s.until_at > s.began_at and s.until_at > moments[1]),
    moves as (
        select p.currency, 1 + width_bucket(p.began_at, moments) as place, 1 as one, p.monthly, p.unpriced from paid p
        union all
        select p.currency, 1 + width_bucket(p.until_at, moments), -1, -p.monthly, -p.unpriced from paid p),
    sums as (
        select m.currency, m.place, sum(m.one)::bigint as n, sum(m.monthly)::bigint as monthly, sum(m.unpriced)::bigint as u
          from moves m group by m.currency, m.place)
    select g.moment, s.currency, sum(s.n)::bigint, sum(s.monthly)::bigint, sum(s.u)::bigint
      from generate_series(1, cardinality(moments)) g (moment)
      join sums s on s.place <= g.moment
     group by g.moment, s.currency
     order by g.moment, s.currency;
end $$;

-- tijori_ops.islands(app) lists the times without a break in which an account paid, whatever it paid for. What follows
-- within a day goes on: cycles begin at midnight, payments do not.
create function tijori_ops.islands(app text)
    returns table (account_id uuid, number bigint, began_at timestamptz, until_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    with ordered as (
        select s.account_id, s.began_at, s.until_at,
               max(s.until_at) over (partition by s.account_id order by s.began_at, s.until_at
                   rows between unbounded preceding and 1 preceding) as before
          from tijori.plan_spans s
         where s.app_id = app and s.kind = 'paid' and s.until_at > s.began_at),
    grouped as (
        select o.account_id, o.began_at, o.until_at,
               count(*) filter (where o.before is null or o.before + interval '1 day' < o.began_at)
                   over (partition by o.account_id order by o.began_at, o.until_at) as number
          from ordered o)
    select g.account_id, g.number, min(g.began_at), max(g.until_at)
      from grouped g group by g.account_id, g.number;
end $$;

-- tijori_ops.figures_moves(use, bounds) says of each time between two bounds, numbered from 1, how many accounts signed
-- up, began a trial, paid for the first time, paid again after a break, and stopped paying; and how many there were,
-- and paid, just before it began. The last row is that of the last bound, after which nothing has happened yet.
create function tijori_ops.figures_moves(use_id uuid, bounds timestamptz[])
    returns table (part integer, accounts bigint, paying bigint, sign_ups bigint, trials bigint, won bigint,
        won_back bigint, lost bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['figures']);
begin
    return query
    with made as (
        select width_bucket(a.created_at, bounds) as b, 1 as one, 1 as signed
          from tijori.accounts a where a.app_id = app
        union all
        select width_bucket(a.erased_at, bounds), -1, 0
          from tijori.accounts a where a.app_id = app and a.erased_at is not null),
    made_sums as (select m.b, sum(m.one)::bigint as n, sum(m.signed)::bigint as signed from made m group by 1),
    paid as materialized (select i.number, i.began_at, i.until_at from tijori_ops.islands(app) i),
    moves as (
        select width_bucket(p.began_at, bounds) as b, (p.number = 1)::int as won, (p.number > 1)::int as won_back,
               0 as lost, 1 as one from paid p
        union all
        select width_bucket(p.until_at, bounds), 0, 0, 1, -1 from paid p),
    paid_sums as (
        select m.b, sum(m.won)::bigint as won, sum(m.won_back)::bigint as won_back, sum(m.lost)::bigint as lost,
               sum(m.one)::bigint as n
          from moves m group by 1),
    trial_sums as (
        select width_bucket(s.began_at, bounds) as b, count(*) as n from tijori.plan_spans s
         where s.app_id = app and s.kind = 'trial' and s.until_at > s.began_at group by 1)
    select g.part,
           coalesce((select sum(m.n) from made_sums m where m.b < g.part), 0)::bigint,
           coalesce((select sum(p.n) from paid_sums p where p.b < g.part), 0)::bigint,
           coalesce((select m.signed from made_sums m where m.b = g.part), 0),
           coalesce((select t.n from trial_sums t where t.b = g.part), 0),
           coalesce((select p.won from paid_sums p where p.b = g.part), 0),
           coalesce((select p.won_back from paid_sums p where p.b = g.part), 0),
           coalesce((select p.lost from paid_sums p where p.b = g.part), 0)
      from generate_series(1, cardinality(bounds)) g (part)
     order by g.part;
end $$;

-- tijori_ops.figures_now(use) says, by plan, period and currency, what is given now: how many subscriptions are paid
-- for and what they bring in a month, how many of them fail or end by themselves with what these bring, and how many
-- are on trial.
create function tijori_ops.figures_now(use_id uuid)
    returns table (plan_id text, period text, currency text, paid bigint, monthly_minor bigint, failing bigint,
        failing_minor bigint, ending bigint, ending_minor bigint, trials bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['figures']);
    today constant timestamptz := tijori_ops.clock();
begin
    return query
    with given as (
        select s.plan_id, s.period, coalesce(s.currency, '') as currency, s.kind, coalesce(s.monthly_minor, 0) as monthly,
               v.status = 'past_due' as fails, v.cancel_at_period_end as ends
          from tijori.plan_spans s
          join tijori.subscriptions v
            on v.account_id = s.account_id and v.connection_id = s.connection_id and v.id = s.subscription_id
         where s.app_id = app and s.began_at <= today and s.until_at > today)
    select g.plan_id, g.period, g.currency,
           count(*) filter (where g.kind = 'paid'),
           coalesce(sum(g.monthly) filter (where g.kind = 'paid'), 0)::bigint,
           count(*) filter (where g.kind = 'paid' and g.fails),
           coalesce(sum(g.monthly) filter (where g.kind = 'paid' and g.fails), 0)::bigint,
           count(*) filter (where g.kind = 'paid' and g.ends),
           coalesce(sum(g.monthly) filter (where g.kind = 'paid' and g.ends), 0)::bigint,
           count(*) filter (where g.kind = 'trial')
      from given g group by 1, 2, 3 order by 1, 2, 3;
end $$;

-- tijori_ops.accounts_behind(use, figure, since, until, before_at, before_account, most) lists the accounts behind a
-- figure, the newest first, from before the last one of the page before.
create function tijori_ops.accounts_behind(use_id uuid, figure text, since timestamptz, until timestamptz,
        before_at timestamptz, before_account uuid, most integer)
    returns table (account_id uuid, name text, at timestamptz, plan_id text, currency text, monthly_minor bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['list']);
    today constant timestamptz := tijori_ops.clock();
begin
    return query
    with found as (
        select s.account_id, s.began_at as at, s.plan_id, s.currency, s.monthly_minor
          from tijori.plan_spans s
          join tijori.subscriptions v
            on v.account_id = s.account_id and v.connection_id = s.connection_id and v.id = s.subscription_id
         where figure in ('active', 'trials_now', 'failing', 'ending')
           and s.app_id = app and s.began_at <= today and s.until_at > today
           and s.kind = case figure when 'trials_now' then 'trial' else 'paid' end
           and (figure <> 'failing' or v.status = 'past_due') and (figure <> 'ending' or v.cancel_at_period_end)
        union all
        select s.account_id, s.began_at, s.plan_id, s.currency, s.monthly_minor from tijori.plan_spans s
         where figure = 'trials' and s.app_id = app and s.kind = 'trial' and s.until_at > s.began_at
           and s.began_at >= since and s.began_at < until
        union all
        select a.account_id, a.created_at, null, null, null from tijori.accounts a
         where figure = 'sign_ups' and a.app_id = app and a.created_at >= since and a.created_at < until
        union all
        select i.account_id, i.began_at, null, null, null from tijori_ops.islands(case when figure in ('won', 'won_back')
            then app end) i
         where i.began_at >= since and i.began_at < until and (i.number = 1) = (figure = 'won')
        union all
        select i.account_id, i.until_at, null, null, null from tijori_ops.islands(case when figure = 'lost' then app end) i
         where i.until_at >= since and i.until_at < least(until, today)),
    page as (
        select f.* from found f
         where before_at is null or (f.at, f.account_id) < (before_at, before_account)
         order by f.at desc, f.account_id desc limit least(most, 200))
    select p.account_id, a.name, p.at, coalesce(p.plan_id, s.plan_id), coalesce(p.currency, s.currency),
           coalesce(p.monthly_minor, s.monthly_minor)
      from page p
      join tijori.accounts a on a.account_id = p.account_id
      left join lateral (
        select x.plan_id, x.currency, x.monthly_minor from tijori.plan_spans x
         where p.plan_id is null and x.account_id = p.account_id and x.kind = 'paid' and x.began_at <= p.at
         order by x.began_at desc limit 1) s on true
     order by p.at desc, p.account_id desc;
end $$;
-- +goose StatementEnd
alter function tijori_ops.note_use(uuid, text, text, text, text, text, uuid) owner to tijori_guard;
alter function tijori_ops.open_work(text) owner to tijori_guard;
alter function tijori_ops.open_account(text, uuid) owner to tijori_guard;
alter function tijori_ops.app_of_use(uuid, text[]) owner to tijori_guard;
alter function tijori_ops.figures_paid(uuid, timestamptz[]) owner to tijori_guard;
alter function tijori_ops.islands(text) owner to tijori_guard;
alter function tijori_ops.figures_moves(uuid, timestamptz[]) owner to tijori_guard;
alter function tijori_ops.figures_now(uuid) owner to tijori_guard;
alter function tijori_ops.accounts_behind(uuid, text, timestamptz, timestamptz, timestamptz, uuid, integer)
    owner to tijori_guard;
revoke all on function tijori_ops.note_use(uuid, text, text, text, text, text, uuid), tijori_ops.open_work(text),
    tijori_ops.open_account(text, uuid), tijori_ops.app_of_use(uuid, text[]),
    tijori_ops.figures_paid(uuid, timestamptz[]), tijori_ops.islands(text),
    tijori_ops.figures_moves(uuid, timestamptz[]), tijori_ops.figures_now(uuid),
    tijori_ops.accounts_behind(uuid, text, timestamptz, timestamptz, timestamptz, uuid, integer) from public;
grant execute on function tijori_ops.note_use(uuid, text, text, text, text, text, uuid), tijori_ops.open_work(text),
    tijori_ops.open_account(text, uuid), tijori_ops.figures_paid(uuid, timestamptz[]),
    tijori_ops.figures_moves(uuid, timestamptz[]), tijori_ops.figures_now(uuid),
    tijori_ops.accounts_behind(uuid, text, timestamptz, timestamptz, timestamptz, uuid, integer) to tijori_support;
