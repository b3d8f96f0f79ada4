-- +goose Up
-- compatible from: 1001
-- How an operator finds an account, and what happened to it. Nothing of a ledger is read: no party, no entry, no phone
-- number of anybody's customer.
call tijori_access.open_to('tijori.provider_directory', 'tijori_guard', 'select');
call tijori_access.open_to('tijori.payments', 'tijori_guard', 'select');
call tijori_access.open_to('tijori.purchases', 'tijori_guard', 'select');
call tijori_access.open_to('tijori.operator_acts', 'tijori_guard', 'select');
alter policy invoices_select_guard on tijori.invoices using (true);
grant select (connection_id, kind, provider_id, account_id) on tijori.provider_directory to tijori_guard;
grant select (account_id, connection_id, id, subscription_id, invoice_id, amount_minor, currency, paid_at, recorded_at)
    on tijori.payments to tijori_guard;
grant select (account_id, connection_id, id, top_up_id, credits, amount_minor, currency, status, provider_id, paid_at,
    payment_id, charge_id) on tijori.purchases to tijori_guard;
grant select (account_id, connection_id, id, number, status, amount_minor, currency, issued_at, paid_at)
    on tijori.invoices to tijori_guard;
grant select (app_id, at, who, act, subject, reason, detail) on tijori.operator_acts to tijori_guard;

create index users_email_prefix_idx on tijori.users (email text_pattern_ops);

-- +goose StatementBegin
-- tijori_ops.search_accounts(use, by, words, id, after, most) lists the accounts of an app that something belongs to, in
-- order of their id, from after on. by says what words are: the beginning of a person's 'email'; the beginning of an
-- API 'key'; a 'provider' id of a customer, subscription, payment, invoice or event. With 'id', id is that of an
-- account, a user or a business.
create function tijori_ops.search_accounts(use_id uuid, by text, words text, id uuid, after uuid, most integer)
    returns table (account_id uuid, name text, at timestamptz, plan_id text, matched text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := tijori_ops.app_of_use(use_id, array['search']);
    mine constant text[] := array(select c.connection_id from tijori.connections c where c.app_id = app);
begin
    return query
    with found as (
        select m.account_id, u.email as matched from tijori.users u join tijori.members m on m.user_id = u.id
         where by = 'email' and u.email ~>=~ words and u.email ~<~ (words || chr(1114111))
        union all
        select c.account_id, 'API key ' || c.hint || '…' from tijori.credentials c
         where by = 'key' and c.kind = 'api_key' and (c.hint ^@ words or words ^@ c.hint)
        union all
        select a.account_id, 'account' from tijori.accounts a where by = 'id' and a.account_id = search_accounts.id
        union all
        select m.account_id, 'user' from tijori.members m where by = 'id' and m.user_id = search_accounts.id
        union all
        select b.account_id, 'business' from tijori.businesses b where by = 'id' and b.id = search_accounts.id
        union all
        select d.account_id, d.kind from tijori.provider_directory d
         where by = 'provider' and d.connection_id = any (mine) and d.provider_id = words
           and d.kind = any (array['customer', 'subscription', 'session', 'payment_link', 'payment'])
        union all
        select p.account_id, 'payment' from tijori.payments p
         where by = 'provider' and p.connection_id = any (mine) and (p.id = words or p.invoice_id = words)
        union all
        select i.account_id, 'invoice' from tijori.invoices i
         where by = 'provider' and i.connection_id = any (mine) and (i.id = words or i.number = words)
        union all
        select p.account_id, 'purchase of credits' from tijori.purchases p
         where by = 'provider' and p.connection_id = any (mine) and words in (p.provider_id, p.payment_id, p.charge_id)
        union all
        select e.account_id, 'event' from tijori.inbox e
         where by = 'provider' and e.connection_id = any (mine) and e.event_id = words and e.account_id is not null),
    each_once as (
        select f.account_id, string_agg(distinct f.matched, ', ' order by f.matched) as matched from found f
         where after is null or f.account_id > after
         group by f.account_id order by f.account_id limit least(most, 200))
    select a.account_id, a.name, a.created_at, tijori_plans.plan_of(a.account_id), e.matched
      from each_once e join tijori.accounts a on a.account_id = e.account_id and a.app_id = app
     order by a.account_id;
end $$;

-- tijori_ops.account_opened(use) is the account that a use has opened.
create function tijori_ops.account_opened(use_id uuid) returns uuid
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    perform tijori_ops.app_of_use(use_id, array['account']);
    return (select s.account from tijori_ops.support_scope(use_id) s);
end $$;

-- tijori_ops.account_facts(use) is what is known of the opened account.
create function tijori_ops.account_facts(use_id uuid)
    returns table (account_id uuid, name text, currency text, time_zone text, created_at timestamptz,
        leaving_at timestamptz, erased_at timestamptz, businesses bigint, people bigint, api_keys bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
begin
    return query
    select a.account_id, a.name, a.currency, a.time_zone, a.created_at, a.leaving_at, a.erased_at,
           (select count(*) from tijori.businesses b where b.account_id = opened),
           (select count(distinct m.user_id) from tijori.members m where m.account_id = opened),
           (select count(*) from tijori.credentials c
             where c.account_id = opened and c.kind = 'api_key' and c.revoked_at is null)
      from tijori.accounts a where a.account_id = opened;
end $$;

-- tijori_ops.account_people(use) is who works in the opened account. Only of its owners the address is told: that is
-- whom one answers.
create function tijori_ops.account_people(use_id uuid)
    returns table (name text, role text, email text, since timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
begin
    return query
    select p.name, m.role, case when r.owns then p.email else '' end, m.created_at
      from tijori.members m
      join tijori.roles r on r.role = m.role
      join tijori.users p on p.id = m.user_id
     where m.account_id = opened
     order by r.rank, m.created_at, m.id limit 50;
end $$;

-- tijori_ops.account_credits(use) is what the opened account has of each kind of credit.
create function tijori_ops.account_credits(use_id uuid) returns table (meter text, balance bigint, held bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
begin
    return query
    select b.meter, b.balance, b.held from tijori.credit_balances b where b.account_id = opened order by b.meter;
end $$;

-- tijori_ops.account_life(use, until, past, most) is what happened to the opened account, the newest first: it began, people
-- joined, plans began and ended, payments came, invoices stay open, the provider sent events, credits were granted, its
-- owners and operators acted, and somebody looked at it. A page goes on from the time of the last line before it, past
-- the lines of that time that were seen.
create function tijori_ops.account_life(use_id uuid, until timestamptz, past integer, most integer)
    returns table (at timestamptz, kind text, what text, detail text, amount_minor bigint, currency text, reference text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    opened constant uuid := tijori_ops.account_opened(use_id);
    today constant timestamptz := tijori_ops.clock();
    horizon constant timestamptz := coalesce(until, 'infinity');
begin
    return query
    select x.at, x.kind, x.what, x.detail, x.amount_minor, x.currency, x.reference from (
        select a.created_at as at, 'account' as kind, 'opened' as what, a.name as detail, null::bigint as amount_minor,
               null as currency, '' as reference
          from tijori.accounts a where a.account_id = opened
        union all
        select a.leaving_at, 'account', 'leaving', '', null, null, ''
          from tijori.accounts a where a.account_id = opened and a.leaving_at is not null
        union all
        select m.created_at, 'person', m.role, p.name, null, null, ''
          from tijori.members m join tijori.users p on p.id = m.user_id where m.account_id = opened
        union all
        select s.began_at, 'plan', s.kind, s.plan_id, s.monthly_minor, s.currency, s.subscription_id
          from tijori.plan_spans s where s.account_id = opened
        union all
        select s.until_at, 'plan', 'ended', s.plan_id, null, null, s.subscription_id
          from tijori.plan_spans s where s.account_id = opened and s.until_at <= today
        union all
        select coalesce(p.paid_at, p.recorded_at), 'payment', 'paid', p.connection_id, p.amount_minor, p.currency, p.id
          from tijori.payments p where p.account_id = opened
        union all
        select p.paid_at, 'payment', 'credits', p.top_up_id, p.amount_minor, p.currency, coalesce(p.payment_id, '')
          from tijori.purchases p where p.account_id = opened and p.paid_at is not null
        union all
        select i.issued_at, 'invoice', i.status, i.number, i.amount_minor, i.currency, i.id
          from tijori.invoices i where i.account_id = opened and i.paid_at is null and i.status not in ('draft', 'deleted')
        union all
        (select i.received_at, 'event', i.type, i.status || case when i.last_error = '' then '' else ': ' end || i.last_error,
                null, null, i.provider || '/' || i.event_id
           from tijori.inbox i where i.account_id = opened and i.received_at <= horizon
          order by i.received_at desc limit least(most, 200) + past)
        union all
        select g.created_at, 'credits', g.kind, g.reason, g.amount, null, g.granted_by
          from tijori.credit_grants g where g.account_id = opened
        union all
        select r.opened_at, 'review', r.reason, r.detail, null, null, r.status
          from tijori.review_items r where r.account_id = opened
        union all
        (select l.at, 'security', l.kind, l.detail, null, null, ''
           from tijori.security_log l where l.account_id = opened and l.at <= horizon
          order by l.at desc limit least(most, 200) + past)
        union all
        select o.at, 'act', o.act, o.reason, null, null, o.who
          from tijori.operator_acts o
         where o.app_id = (select a.app_id from tijori.accounts a where a.account_id = opened) and o.subject = opened::text
        union all
        select u.at, 'look', u.question, u.detail, null, null, u.who
          from tijori.support_uses u where u.subject = opened::text and u.question in ('account', 'why')) x
     where x.at <= horizon
     order by x.at desc, x.kind, x.what, x.reference offset past limit least(most, 200);
end $$;

-- tijori_access.forget_users(users) erases those of the users who belong to no account: their row with name and
-- address, their sessions and keys, their recoveries and sign-ups, and the address where support wrote it down, whole or
-- its beginning.
create or replace function tijori_access.forget_users(candidates uuid[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    alone uuid[];
    addresses text[];
begin
    select array_agg(u.id), array_agg(u.email) into alone, addresses from tijori.users u
     where u.id = any (candidates) and not exists (select from tijori.members m where m.user_id = u.id);
    delete from tijori.credentials c where c.user_id = any (alone);
    delete from tijori.recoveries r where r.user_id = any (alone) or r.email = any (addresses);
    delete from tijori.signups s where s.email = any (addresses);
    update tijori.support_uses s set subject = 'erased'
     where lower(s.subject) = any (addresses)
        or s.question = 'search' and exists (select from unnest(addresses) a (email) where a.email ^@ lower(s.subject));
    delete from tijori.users u where u.id = any (alone);
end $$;
-- +goose StatementEnd
alter function tijori_ops.search_accounts(uuid, text, text, uuid, uuid, integer) owner to tijori_guard;
alter function tijori_ops.account_opened(uuid) owner to tijori_guard;
alter function tijori_ops.account_facts(uuid) owner to tijori_guard;
alter function tijori_ops.account_people(uuid) owner to tijori_guard;
alter function tijori_ops.account_credits(uuid) owner to tijori_guard;
alter function tijori_ops.account_life(uuid, timestamptz, integer, integer) owner to tijori_guard;
revoke all on function tijori_ops.search_accounts(uuid, text, text, uuid, uuid, integer),
    tijori_ops.account_opened(uuid), tijori_ops.account_facts(uuid), tijori_ops.account_people(uuid),
    tijori_ops.account_credits(uuid), tijori_ops.account_life(uuid, timestamptz, integer, integer) from public;
grant execute on function tijori_ops.search_accounts(uuid, text, text, uuid, uuid, integer),
    tijori_ops.account_facts(uuid), tijori_ops.account_people(uuid), tijori_ops.account_credits(uuid),
    tijori_ops.account_life(uuid, timestamptz, integer, integer) to tijori_support;
