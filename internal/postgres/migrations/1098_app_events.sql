-- +goose Up
-- compatible from: 1001
-- What happens to customers of an app, told to the app: a log of events, written in the transaction that changes the
-- state, the endpoints that want to hear of it, and what has been delivered to each.

alter table tijori.apps
    add column last_event bigint not null default 0,
    add column lapses_to timestamptz not null default '-infinity';
comment on column tijori.apps.last_event is 'the number of the app''s newest event; whoever writes one holds the row';
comment on column tijori.apps.lapses_to is 'up to when the ends of paid time have been told';
alter table tijori.accounts add column state_mark text;
comment on column tijori.accounts.state_mark is 'of the state that was last told: the same state is not told twice';
grant update (last_event, lapses_to) on tijori.apps to tijori_guard;

-- The log. Numbers have no gap and follow the order of commit, so that whoever reads on after a number misses nothing.
-- body is what is sent, byte for byte. Without a foreign key to tenant tables; an account's events go when it is erased.
create table tijori.events (
    app_id text not null,
    number bigint not null,
    id uuid not null,
    type text not null,
    account_id uuid,
    body text not null,
    created_at timestamptz not null default now(),
    constraint events_pkey primary key (app_id, number),
    constraint events_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint events_type_check check (type in ('customer.state_changed', 'payment.collected', 'webhook.test')),
    constraint events_body_check check (length(body) < 20000)
);
create index events_account_idx on tijori.events (app_id, account_id) where account_id is not null;
create index events_age_idx on tijori.events (app_id, created_at);
call tijori_access.protect('tijori.events');
call tijori_access.open_to('tijori.events', 'tijori_guard', 'select', 'insert', 'delete');
call tijori_access.open_to_billing('tijori.events', 'select');
grant select, insert, delete on tijori.events to tijori_guard;
grant select on tijori.events to tijori_billing;

-- Where an app wants to hear of its events. The secrets are sealed with the installation's key; after a rotation both
-- sign until old_until.
create table tijori.webhook_endpoints (
    app_id text not null,
    id uuid not null,
    url text not null,
    secret bytea not null,
    old_secret bytea,
    old_until timestamptz,
    state text not null default 'on',
    reason text not null default '',
    failing_since timestamptz,
    created_at timestamptz not null default now(),
    constraint webhook_endpoints_pkey primary key (app_id, id),
    constraint webhook_endpoints_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint webhook_endpoints_url_check check (length(url) between 8 and 2000),
    constraint webhook_endpoints_state_check check (state in ('on', 'off')),
    constraint webhook_endpoints_old_check check ((old_secret is null) = (old_until is null))
);
call tijori_access.protect('tijori.webhook_endpoints');
call tijori_access.open_to('tijori.webhook_endpoints', 'tijori_guard', 'select', 'insert', 'update', 'delete');
call tijori_access.open_to_billing('tijori.webhook_endpoints', 'select', 'update');
grant select, insert, delete on tijori.webhook_endpoints to tijori_guard;
grant update (secret, old_secret, old_until, state, reason, failing_since) on tijori.webhook_endpoints to tijori_guard;
grant select on tijori.webhook_endpoints to tijori_billing;
grant update (state, reason, failing_since) on tijori.webhook_endpoints to tijori_billing;

-- One event on its way to one endpoint. next_at is when it is tried next; while a try is under way, when another node
-- may take it for lost.
create table tijori.deliveries (
    app_id text not null,
    endpoint_id uuid not null,
    number bigint not null,
    status text not null default 'waiting',
    attempts integer not null default 0,
    next_at timestamptz not null default now(),
    answer integer,
    error text not null default '',
    delivered_at timestamptz,
    constraint deliveries_pkey primary key (app_id, endpoint_id, number),
    constraint deliveries_endpoint_fkey foreign key (app_id, endpoint_id)
        references tijori.webhook_endpoints (app_id, id) on delete cascade,
    constraint deliveries_event_fkey foreign key (app_id, number)
        references tijori.events (app_id, number) on delete cascade,
    constraint deliveries_status_check check (status in ('waiting', 'delivered', 'failed')),
    constraint deliveries_delivered_check check ((status = 'delivered') = (delivered_at is not null))
);
create index deliveries_due_idx on tijori.deliveries (app_id, next_at) where status = 'waiting';
call tijori_access.protect('tijori.deliveries');
call tijori_access.open_to('tijori.deliveries', 'tijori_guard', 'select', 'insert', 'update');
call tijori_access.open_to_billing('tijori.deliveries', 'select', 'update');
grant select, insert on tijori.deliveries to tijori_guard;
grant update (status, attempts, next_at, delivered_at, error) on tijori.deliveries to tijori_guard;
grant select on tijori.deliveries to tijori_billing;
grant update (status, attempts, next_at, answer, error, delivered_at) on tijori.deliveries to tijori_billing;

create index subscriptions_lapse_idx on tijori.subscriptions (app_id, access_until, account_id);

-- +goose StatementBegin
-- tijori_plans.write_event(app, account, type, data, only) writes an event and hands it to the endpoints that are on, or
-- to one. The caller's transaction holds the app's row from here on, so that events are numbered as they are committed.
create function tijori_plans.write_event(app text, account uuid, sort text, data jsonb, only_to uuid) returns bigint
    language plpgsql volatile
    as $$
declare
    n bigint;
    m text;
    event constant uuid := gen_random_uuid();
begin
    update tijori.apps p set last_event = p.last_event + 1 where p.app_id = app
    returning p.last_event, p.mode into n, m;
    insert into tijori.events (app_id, number, id, type, account_id, body)
    values (app, n, event, sort, account, jsonb_build_object('id', event, 'number', n, 'type', sort, 'mode', m,
        'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', data)::text);
    insert into tijori.deliveries (app_id, endpoint_id, number)
    select e.app_id, e.id, n from tijori.webhook_endpoints e
     where e.app_id = app and (e.id = only_to or only_to is null and e.state = 'on');
    return n;
end $$;

-- tijori_plans.note_state(account) tells of an account's state when it is another than was told last, with the next
-- revision. Credits change without it.
create function tijori_plans.note_state(account uuid) returns boolean
    language plpgsql volatile
    as $$
declare
    a record;
    state jsonb := tijori_plans.state_of(account);
    mark text := md5((state - 'revision' - 'meters')::text);
begin
    select v.app_id, v.state_mark into a from tijori.accounts v where v.account_id = account;
    if a.state_mark = mark then
        return false;
    end if;
    perform from tijori.apps p where p.app_id = a.app_id for no key update;
    state := tijori_plans.state_of(account); -- as it is now that nobody else tells of it
    mark := md5((state - 'revision' - 'meters')::text);
    update tijori.accounts v set revision = v.revision + 1, state_mark = mark
     where v.account_id = account and v.state_mark is distinct from mark and v.erasing_at is null
    returning v.revision into a;
    if not found then
        return false;
    end if;
    perform tijori_plans.write_event((select v.app_id from tijori.accounts v where v.account_id = account), account,
        'customer.state_changed', state || jsonb_build_object('revision', a.revision), null);
    return true;
end $$;

-- tijori_plans.tell_subscription() and tell_payment() are triggers at the end of the transaction that changes a
-- subscription or books a payment: however often it did, one event tells what came of it.
create function tijori_plans.tell_subscription() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    perform tijori_plans.note_state(new.account_id);
    return null;
end $$;

create function tijori_plans.tell_payment() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    a record;
begin
    select v.app_id, v.external_id into a from tijori.accounts v
     where v.account_id = new.account_id and v.erasing_at is null;
    if found and a.app_id <> 'khata' then
        perform tijori_plans.write_event(a.app_id, new.account_id, 'payment.collected', jsonb_build_object(
            'customer', a.external_id, 'id', new.id, 'provider', new.provider, 'amount', new.amount_minor,
            'currency', new.currency, 'invoice', nullif(new.invoice_id, ''),
            'paid_at', to_char(new.paid_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), null);
    end if;
    return null;
end $$;

-- tijori_plans.tell_lapses() tells of the customers of the app that its caller works for whose paid time has run out
-- since it last looked: nobody writes anything then. It returns how many it told of.
create function tijori_plans.tell_lapses() returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
    today constant timestamptz := tijori_ops.clock();
    since timestamptz;
    account uuid;
    n integer := 0;
begin
    select p.lapses_to into since from tijori.apps p where p.app_id = app for no key update skip locked;
    if not found or since >= today then
        return 0;
    end if;
    for account in
        select distinct s.account_id from tijori.subscriptions s
         where s.app_id = app and s.access_until > since and s.access_until <= today order by 1
    loop
        if tijori_plans.note_state(account) then
            n := n + 1;
        end if;
    end loop;
    update tijori.apps p set lapses_to = today where p.app_id = app;
    return n;
end $$;

-- tijori_plans.forget_events() deletes events of the app that its caller works for that are older than thirty days.
create function tijori_plans.forget_events() returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n integer;
begin
    delete from tijori.events e
     where e.app_id = current_setting('tijori.app', true) and e.created_at < now() - interval '30 days';
    get diagnostics n = row_count;
    return n;
end $$;

-- tijori_access.forget_email() takes the customer's events along when its account is erased.
create or replace function tijori_access.forget_email() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    update tijori.accounts a set email = null where a.account_id = new.account_id and a.email is not null;
    delete from tijori.events e where e.app_id = new.app_id and e.account_id = new.account_id;
    return null;
end $$;

-- What programs of an app see of it, and do.
create function tijori_plans.app_events(after bigint, most integer) returns table (number bigint, body text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('customers:read') s);
begin
    return query
    select e.number, e.body from tijori.events e
     where e.app_id = app and e.number > after order by e.number limit least(most, 200);
end $$;

create function tijori_plans.webhook_list()
    returns table (id uuid, url text, state text, reason text, failing_since timestamptz, created_at timestamptz,
        waiting bigint, failed bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    return query
    select e.id, e.url, e.state, e.reason, e.failing_since, e.created_at,
           (select count(*) from tijori.deliveries d
             where d.app_id = app and d.endpoint_id = e.id and d.status = 'waiting'),
           (select count(*) from tijori.deliveries d
             where d.app_id = app and d.endpoint_id = e.id and d.status = 'failed')
      from tijori.webhook_endpoints e where e.app_id = app order by e.created_at, e.id;
end $$;

create function tijori_plans.webhook_deliveries(endpoint uuid, before bigint, most integer)
    returns table (number bigint, type text, status text, attempts integer, answer integer, error text,
        next_at timestamptz, delivered_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    if not exists (select from tijori.webhook_endpoints e where e.app_id = app and e.id = endpoint) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return query
    select d.number, e.type, d.status, d.attempts, d.answer, d.error,
           case when d.status = 'waiting' then d.next_at end, d.delivered_at
      from tijori.deliveries d join tijori.events e on e.app_id = d.app_id and e.number = d.number
     where d.app_id = app and d.endpoint_id = endpoint and d.number < before
     order by d.number desc limit least(most, 200);
end $$;

create function tijori_plans.add_webhook(new_id uuid, new_url text, sealed bytea) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    perform from tijori.apps p where p.app_id = app for no key update;
    if (select count(*) from tijori.webhook_endpoints e where e.app_id = app) >= 10 then
        raise exception 'too many endpoints' using errcode = '23514', constraint = 'webhooks_limit';
    end if;
    insert into tijori.webhook_endpoints (app_id, id, url, secret) values (app, new_id, new_url, sealed);
end $$;

-- tijori_plans.change_webhook(id, act, sealed) rotates the secret of an endpoint (both sign for a day), removes it, or
-- turns it on again, which sends what it has missed meanwhile.
create function tijori_plans.change_webhook(endpoint uuid, act text, sealed bytea) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    case act
        when 'rotate' then
            update tijori.webhook_endpoints e
               set old_secret = e.secret, old_until = now() + interval '1 day', secret = sealed
             where e.app_id = app and e.id = endpoint;
        when 'remove' then
            delete from tijori.webhook_endpoints e where e.app_id = app and e.id = endpoint;
        when 'on' then
            perform from tijori.apps p where p.app_id = app for no key update;
            update tijori.webhook_endpoints e set state = 'on', reason = '', failing_since = null
             where e.app_id = app and e.id = endpoint;
    end case;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    if act = 'on' then
        insert into tijori.deliveries (app_id, endpoint_id, number)
        select app, endpoint, e.number from tijori.events e
          join tijori.webhook_endpoints w on w.app_id = app and w.id = endpoint and e.created_at >= w.created_at
         where e.app_id = app and e.type <> 'webhook.test'
        on conflict on constraint deliveries_pkey do nothing;
        update tijori.deliveries d set status = 'waiting', attempts = 0, next_at = now()
         where d.app_id = app and d.endpoint_id = endpoint and d.status = 'failed';
    end if;
end $$;

-- tijori_plans.send_webhook(endpoint, number) sends an event once more; without a number, a test.
create function tijori_plans.send_webhook(endpoint uuid, again bigint) returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('webhooks:write') s);
begin
    if not exists (select from tijori.webhook_endpoints e where e.app_id = app and e.id = endpoint)
       or again is not null and not exists (select from tijori.events e where e.app_id = app and e.number = again) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    if again is null then
        return tijori_plans.write_event(app, null, 'webhook.test', '{}', endpoint);
    end if;
    insert into tijori.deliveries as d (app_id, endpoint_id, number) values (app, endpoint, again)
    on conflict on constraint deliveries_pkey do update
       set status = 'waiting', attempts = 0, next_at = now(), delivered_at = null, error = '';
    return again;
end $$;
-- +goose StatementEnd
alter function tijori_plans.write_event(text, uuid, text, jsonb, uuid) owner to tijori_guard;
alter function tijori_plans.note_state(uuid) owner to tijori_guard;
alter function tijori_plans.tell_subscription() owner to tijori_guard;
alter function tijori_plans.tell_payment() owner to tijori_guard;
alter function tijori_plans.tell_lapses() owner to tijori_guard;
alter function tijori_plans.forget_events() owner to tijori_guard;
alter function tijori_plans.app_events(bigint, integer) owner to tijori_guard;
alter function tijori_plans.webhook_list() owner to tijori_guard;
alter function tijori_plans.webhook_deliveries(uuid, bigint, integer) owner to tijori_guard;
alter function tijori_plans.add_webhook(uuid, text, bytea) owner to tijori_guard;
alter function tijori_plans.change_webhook(uuid, text, bytea) owner to tijori_guard;
alter function tijori_plans.send_webhook(uuid, bigint) owner to tijori_guard;
revoke all on function tijori_plans.write_event(text, uuid, text, jsonb, uuid), tijori_plans.note_state(uuid),
    tijori_plans.tell_subscription(), tijori_plans.tell_payment(), tijori_plans.tell_lapses(),
    tijori_plans.forget_events(), tijori_plans.app_events(bigint, integer), tijori_plans.webhook_list(),
    tijori_plans.webhook_deliveries(uuid, bigint, integer), tijori_plans.add_webhook(uuid, text, bytea),
    tijori_plans.change_webhook(uuid, text, bytea), tijori_plans.send_webhook(uuid, bigint) from public;
grant execute on function tijori_plans.app_events(bigint, integer), tijori_plans.webhook_list(),
    tijori_plans.webhook_deliveries(uuid, bigint, integer), tijori_plans.add_webhook(uuid, text, bytea),
    tijori_plans.change_webhook(uuid, text, bytea), tijori_plans.send_webhook(uuid, bigint) to tijori_app;
grant execute on function tijori_plans.tell_lapses(), tijori_plans.forget_events() to tijori_billing;

drop trigger accounts_forget_email on tijori.accounts;
create trigger accounts_forget_email after update of erasing_at on tijori.accounts
    for each row when (new.erasing_at is not null and new.app_id <> 'khata')
    execute function tijori_access.forget_email();
create constraint trigger subscriptions_tell after insert or update on tijori.subscriptions
    deferrable initially deferred for each row when (new.app_id <> 'khata')
    execute function tijori_plans.tell_subscription();
create constraint trigger payments_tell after insert on tijori.payments
    deferrable initially deferred for each row when (new.connection_id not in ('stripe', 'razorpay'))
    execute function tijori_plans.tell_payment();
