-- +goose Up
-- Support reads through the functions below and nothing else. Every use is first written down by
-- auth.support_use and committed; the others answer only about the subject of a use that another, committed
-- transaction has written, so that no look-up can be rolled back together with its trace. None of them
-- reads a party, an entry, a credential or the body of an event.
create table tijori.support_uses (
    id uuid not null,
    at timestamptz not null default now(),
    who text not null,
    question text not null,
    subject text not null,
    detail text not null,
    xact xid8 not null default pg_current_xact_id(),
    constraint support_uses_pkey primary key (id),
    constraint support_uses_who_check check (length(who) between 1 and 254),
    constraint support_uses_question_check check (question in ('lookup', 'why')),
    constraint support_uses_subject_check check (length(subject) between 1 and 254),
    constraint support_uses_detail_check check (length(detail) <= 1000)
);
create index support_uses_at_idx on tijori.support_uses (at desc);
alter table tijori.support_uses enable row level security;
alter table tijori.support_uses force row level security;
create policy support_uses_select_guard on tijori.support_uses for select to tijori_guard using (true);
create policy support_uses_insert_guard on tijori.support_uses for insert to tijori_guard with check (true);
create policy support_uses_select_billing on tijori.support_uses for select to tijori_billing using (true);
grant select, insert on tijori.support_uses to tijori_guard;
grant select on tijori.support_uses to tijori_billing;

-- What the functions may read beside what tijori_guard sees already.
grant select (provider, id, customer_id, status, provider_status, price_id, period, period_start, period_end, paid_through,
    failed_at, cancel_at_period_end, cancel_at, trial_end, ended_at, seen_at, changed_at) on tijori.subscriptions to tijori_guard;
create policy inbox_select_guard on tijori.inbox for select to tijori_guard using (true);
grant select (provider, event_id, type, subject, status, received_at, applied_at, attempts, last_error, account_id) on tijori.inbox to tijori_guard;
create policy review_items_select_guard on tijori.review_items for select to tijori_guard using (true);
grant select (provider, key, reason, detail, account_id, subscription_id, status, opened_at) on tijori.review_items to tijori_guard;

-- +goose StatementBegin
create function auth.support_use(use_id uuid, asker text, asked text, about text, remark text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.support_uses (id, who, question, subject, detail) values (use_id, asker, asked, about, remark);
end $$;

-- auth.support_scope(use) lists the accounts that a use is about: those that the user of an address belongs to, or
-- the one account that was named. Raises 28000 for a use that is not written down yet, or was an hour ago.
create function auth.support_scope(use_id uuid) returns table (account uuid)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    u record;
begin
    select s.question, s.subject into u from tijori.support_uses s
     where s.id = use_id and s.at > now() - interval '1 hour' and s.xact is distinct from pg_current_xact_id_if_assigned();
    if not found then
        raise exception 'this use is not written down' using errcode = '28000';
    end if;
    if u.question = 'lookup' then
        return query select distinct m.account_id from tijori.members m join tijori.users p on p.id = m.user_id where p.email = lower(u.subject);
    else
        return query select a.account_id from tijori.accounts a where a.account_id::text = u.subject;
    end if;
end $$;

-- auth.support_people(use) tells who the user of an address is, with each account and the role there; for a
-- named account, its owners.
create function auth.support_people(use_id uuid)
    returns table (user_id uuid, name text, locale text, account_id uuid, account_name text, currency text, account_created timestamptz, role text, businesses bigint, plan text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select p.id, p.name, p.locale, a.account_id, a.name, a.currency, a.created_at, m.role,
           (select count(*) from tijori.businesses b where b.account_id = a.account_id), auth.plan_of(a.account_id)
      from auth.support_scope(use_id) s
      join tijori.support_uses u on u.id = use_id
      join tijori.accounts a on a.account_id = s.account
      join tijori.members m on m.account_id = a.account_id
      join tijori.users p on p.id = m.user_id
     where case when u.question = 'lookup' then p.email = lower(u.subject) else m.role = 'owner' end
     order by a.created_at, a.account_id, m.created_at;
end $$;

create function auth.support_subscriptions(use_id uuid)
    returns table (account_id uuid, provider text, id text, customer_id text, status text, provider_status text, price_id text, plan_id text, period text,
        period_start timestamptz, period_end timestamptz, paid_through timestamptz, access_until timestamptz, failed_at timestamptz,
        cancel_at_period_end boolean, cancel_at timestamptz, trial_end timestamptz, ended_at timestamptz, seen_at timestamptz, changed_at timestamptz,
        event_id text, event_type text, event_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select v.account_id, v.provider, v.id, v.customer_id, v.status, v.provider_status, v.price_id, coalesce(v.plan_id, ''), v.period,
           v.period_start, v.period_end, v.paid_through, v.access_until, v.failed_at,
           v.cancel_at_period_end, v.cancel_at, v.trial_end, v.ended_at, v.seen_at, v.changed_at,
           coalesce(e.event_id, ''), coalesce(e.type, ''), e.received_at
      from auth.support_scope(use_id) s
      join tijori.subscriptions v on v.account_id = s.account
      left join lateral (
        select i.event_id, i.type, i.received_at from tijori.inbox i
         where i.account_id = v.account_id and i.provider = v.provider and i.subject = v.id and i.status = 'applied'
         order by i.received_at desc limit 1) e on true
     order by v.account_id, v.changed_at desc;
end $$;

create function auth.support_events(use_id uuid)
    returns table (account_id uuid, provider text, event_id text, type text, subject text, status text, received_at timestamptz, applied_at timestamptz, attempts integer, last_error text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select e.account_id, e.provider, e.event_id, e.type, e.subject, e.status, e.received_at, e.applied_at, e.attempts, e.last_error
      from auth.support_scope(use_id) s
      cross join lateral (select i.account_id, i.provider, i.event_id, i.type, i.subject, i.status, i.received_at, i.applied_at, i.attempts, i.last_error from tijori.inbox i where i.account_id = s.account order by i.received_at desc limit 15) e
     order by e.received_at desc;
end $$;

create function auth.support_items(use_id uuid)
    returns table (account_id uuid, provider text, key text, reason text, detail text, opened_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select r.account_id, r.provider, r.key, r.reason, r.detail, r.opened_at
      from auth.support_scope(use_id) s
      join tijori.review_items r on r.account_id = s.account and r.status = 'open'
     order by r.opened_at desc limit 50;
end $$;
-- +goose StatementEnd
alter function auth.support_use(uuid, text, text, text, text) owner to tijori_guard;
alter function auth.support_scope(uuid) owner to tijori_guard;
alter function auth.support_people(uuid) owner to tijori_guard;
alter function auth.support_subscriptions(uuid) owner to tijori_guard;
alter function auth.support_events(uuid) owner to tijori_guard;
alter function auth.support_items(uuid) owner to tijori_guard;
revoke all on function auth.support_use(uuid, text, text, text, text), auth.support_scope(uuid), auth.support_people(uuid),
    auth.support_subscriptions(uuid), auth.support_events(uuid), auth.support_items(uuid) from public;
grant execute on function auth.support_use(uuid, text, text, text, text), auth.support_people(uuid),
    auth.support_subscriptions(uuid), auth.support_events(uuid), auth.support_items(uuid) to tijori_support;
