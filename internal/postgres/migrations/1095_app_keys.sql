-- +goose Up
-- compatible from: 1001
-- Apps of founders: their mode, the keys with which their programs ask, their customers by ids of their own, and what
-- such a customer has and may. The khata is one app among them and has no such keys.

alter table tijori.apps
    add column mode text not null default 'live',
    add column origins text[] not null default '{}',
    add column token_generation integer not null default 1,
    add constraint apps_mode_check check (mode in ('live', 'test'));
comment on column tijori.apps.origins is 'where its customers may be led back to, and where its tokens may be used';
comment on column tijori.apps.token_generation is 'tokens of an earlier generation have ended';

alter table tijori.accounts
    add column email text,
    add column token_generation integer not null default 1,
    add constraint accounts_email_check check (length(email) between 3 and 254);
comment on column tijori.accounts.email is
    'where the provider may write to a customer of an app; nobody is known or found by it';
comment on column tijori.accounts.token_generation is 'tokens of an earlier generation have ended';

-- An app's keys: the SHA-256 of each. A server key may what its scopes say, for every customer of the app; a
-- publishable one is no secret and reads what is sold. They belong to the app, not to who made them.
create table tijori.app_keys (
    app_id text not null,
    id uuid not null,
    kind text not null,
    hash bytea not null,
    name text not null,
    scopes text[] not null default '{}',
    hint text not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    revoked_at timestamptz,
    constraint app_keys_pkey primary key (app_id, id),
    constraint app_keys_hash_key unique (hash),
    constraint app_keys_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint app_keys_kind_check check (kind in ('server', 'publishable')),
    constraint app_keys_hash_check check (length(hash) = 32),
    constraint app_keys_name_check check (length(name) between 1 and 120),
    constraint app_keys_scopes_check check (
        scopes <@ array['customers:read', 'customers:write', 'credits:spend', 'billing:write', 'webhooks:write']
        and (kind = 'server') = (cardinality(scopes) > 0))
);
call tijori_access.protect('tijori.app_keys');
call tijori_access.open_to('tijori.app_keys', 'tijori_guard', 'select', 'insert', 'update');
call tijori_access.open_to_billing('tijori.app_keys', 'select');
grant select, insert on tijori.app_keys to tijori_guard;
grant update (used_at, revoked_at) on tijori.app_keys to tijori_guard;
grant select (app_id, id, kind, name, scopes, hint, created_at, used_at, revoked_at) on tijori.app_keys to tijori_billing;

-- What an app hands to the browser of one of its customers, for some minutes: it reads what that customer has and, with
-- may = 'pay', buys for them. It never spends. Only the hash is kept.
create table tijori.customer_tokens (
    account_id uuid not null,
    id uuid not null,
    hash bytea not null,
    may text not null,
    origin text not null,
    app_generation integer not null,
    generation integer not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint customer_tokens_pkey primary key (account_id, id),
    constraint customer_tokens_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint customer_tokens_hash_check check (length(hash) = 32),
    constraint customer_tokens_may_check check (may in ('read', 'pay')),
    constraint customer_tokens_life_check check (expires_at <= created_at + interval '15 minutes')
);
create index customer_tokens_hash_idx on tijori.customer_tokens (hash);
call tijori_access.protect('tijori.customer_tokens');
call tijori_access.open_to('tijori.customer_tokens', 'tijori_guard', 'select', 'insert');
create policy customer_tokens_delete_guard on tijori.customer_tokens for delete to tijori_guard
    using (expires_at < now() or account_id in (select tijori_access.erasable()));
grant select, insert, delete on tijori.customer_tokens to tijori_guard;
call tijori_access.erase_with_account('tijori.customer_tokens', 1095);

call tijori_access.open_to('tijori.apps', 'tijori_guard', 'select', 'insert', 'update');
grant select, insert on tijori.apps to tijori_guard;
grant update (origins, token_generation) on tijori.apps to tijori_guard;
grant insert on tijori.connections to tijori_guard;
call tijori_access.open_to('tijori.connections', 'tijori_guard', 'insert');

-- An address that is kept for a provider goes with the rest of an account.
-- +goose StatementBegin
create function tijori_access.forget_email() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    update tijori.accounts a set email = null where a.account_id = new.account_id;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_access.forget_email() owner to tijori_guard;
revoke all on function tijori_access.forget_email() from public;
create trigger accounts_forget_email after update of erasing_at on tijori.accounts
    for each row when (new.erasing_at is not null and new.email is not null)
    execute function tijori_access.forget_email();

-- +goose StatementBegin
-- tijori_access.holder(hash, customer, origin, needed) is whom the holder of a key or token asks for: the app by the
-- hash alone and, where one is named, the customer by the id that this app has given it. It raises nothing. refused is
-- '' or an SQLSTATE: 28000 for no living key or token, 42501 for one that may not do it, P0002 for a customer whom the
-- app does not have, in the same words whether another app has one of that name or not.
--
-- A token is for its customer alone, in the pages of its origin, until it ends or its generation does. It buys only
-- where it says so, and never spends or writes anything else.
create function tijori_access.holder(hash bytea, customer text, origin text, needed text, out refused text,
        out app_id text, out mode text, out key_id uuid, out account_id uuid)
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
declare
    k record;
begin
    refused := '';
    select v.app_id, p.mode, v.id, v.kind, v.scopes into k
      from tijori.app_keys v join tijori.apps p on p.app_id = v.app_id
     where v.hash = holder.hash and v.revoked_at is null;
    if found then
        app_id := k.app_id; mode := k.mode; key_id := k.id;
        if needed <> 'plans:read' and not needed = any (k.scopes) then
            refused := '42501';
        elsif customer <> '' then
            select a.account_id into account_id from tijori.accounts a
             where a.app_id = k.app_id and a.external_id = customer and a.erasing_at is null;
            if not found then
                refused := 'P0002';
            end if;
        end if;
        return;
    end if;
    select a.app_id, p.mode, t.id, t.may, a.account_id, a.external_id into k
      from tijori.customer_tokens t
      join tijori.accounts a on a.account_id = t.account_id
      join tijori.apps p on p.app_id = a.app_id
     where t.hash = holder.hash and t.expires_at > now() and t.generation = a.token_generation
       and t.app_generation = p.token_generation and t.origin = holder.origin and a.erasing_at is null
     limit 1;
    if not found then
        refused := '28000';
        return;
    end if;
    app_id := k.app_id; mode := k.mode; key_id := k.id;
    if not (needed in ('plans:read', 'customers:read') or needed = 'billing:write' and k.may = 'pay') then
        refused := '42501';
    elsif customer = k.external_id then
        account_id := k.account_id;
    elsif customer <> '' then
        refused := 'P0002';
    end if;
end $$;

-- tijori_access.app_scope(needed) is holder() of the transaction's own claims (tijori.credential, tijori.customer,
-- tijori.origin), and raises what it is refused with.
create function tijori_access.app_scope(needed text, out app_id text, out mode text, out key_id uuid,
        out account_id uuid)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    refused text;
begin
    select h.refused, h.app_id, h.mode, h.key_id, h.account_id
      into refused, app_scope.app_id, app_scope.mode, app_scope.key_id, app_scope.account_id
      from tijori_access.holder(decode(coalesce(current_setting('tijori.credential', true), ''), 'hex'),
               coalesce(current_setting('tijori.customer', true), ''),
               coalesce(current_setting('tijori.origin', true), ''), needed) h;
    case refused
        when '' then null;
        when '28000' then raise exception 'no credential' using errcode = '28000';
        when '42501' then raise exception 'the key lacks %', needed using errcode = '42501';
        else raise exception 'not found' using errcode = 'P0002';
    end case;
end $$;

-- tijori_access.customer_scope(needed) is the account of the customer that the caller has named; P0002 where it named
-- none.
create function tijori_access.customer_scope(needed text) returns uuid
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    account uuid := (select s.account_id from tijori_access.app_scope(needed) s);
begin
    if account is null then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return account;
end $$;

-- tijori_access.try_app(needed) says by an SQLSTATE why app_scope(needed) would refuse the caller, '' when it would
-- not, and the app of the key or token.
create function tijori_access.try_app(needed text, out refused text, out app_id text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    select h.refused, h.app_id into try_app.refused, try_app.app_id
      from tijori_access.holder(decode(coalesce(current_setting('tijori.credential', true), ''), 'hex'), '',
               coalesce(current_setting('tijori.origin', true), ''), needed) h;
end $$;

-- tijori_plans.state_of(account) is what an account of an app has now, as its programs read it: the plan in force with
-- what it allows, where the subscription that decides stands (as billing.Best chooses), and its credits. It is made
-- here and nowhere else, so that the API and the events say the same.
create function tijori_plans.state_of(account uuid) returns jsonb
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
           v.period
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
        'until', to_char(s.until at time zone 'UTC', format), 'ends_at', to_char(s.ends_at at time zone 'UTC', format),
        'entitlements', to_jsonb(coalesce(p.entitlements, '{}')), 'limits', coalesce(p.limits, '{}'), 'meters', meters);
end $$;

-- tijori_plans.put_customer(...) makes the customer that the caller has named, or changes what is said of it, in one
-- statement; nulls leave what is there. It returns the account and the state, and whether it is new.
create function tijori_plans.put_customer(new_id uuid, new_name text, new_email text, new_zone text,
        out created boolean, out account uuid, out state jsonb)
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    customer constant text := coalesce(current_setting('tijori.customer', true), '');
    h record;
begin
    select v.refused, v.app_id into h
      from tijori_access.holder(decode(coalesce(current_setting('tijori.credential', true), ''), 'hex'), '', '',
               'customers:write') v;
    if h.refused = '28000' then
        raise exception 'no credential' using errcode = '28000';
    elsif h.refused <> '' then
        raise exception 'the key lacks customers:write' using errcode = '42501';
    end if;
    insert into tijori.accounts as a (account_id, app_id, external_id, name, email, time_zone)
    values (new_id, h.app_id, customer, coalesce(new_name, left(customer, 120)), new_email,
            coalesce(new_zone, 'Asia/Kolkata'))
    on conflict on constraint accounts_external_key do update
       set name = coalesce(new_name, a.name), email = coalesce(new_email, a.email),
           time_zone = coalesce(new_zone, a.time_zone)
    returning a.account_id = new_id, a.account_id into created, account;
    state := tijori_plans.state_of(account);
end $$;

-- tijori_plans.customer_state() is the state of the customer that the caller has named.
create function tijori_plans.customer_state() returns jsonb
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return tijori_plans.state_of(tijori_access.customer_scope('customers:read'));
end $$;

-- tijori_plans.check_customers(...) answers many questions at once, each of the holder of a key or token about a
-- customer of its app: may it use a feature, is there room for need of what a plan limits, are there need credits of a
-- meter? It writes nothing. refused is '', what holder() says, or '22023' for what no plan of the app names and no
-- meter is. kind is feature, limit or meter; most is the limit, null for none.
create function tijori_plans.check_customers(hashes bytea[], customers text[], origins text[], features text[],
        needs bigint[])
    returns table (i integer, refused text, allowed boolean, kind text, plan text, most bigint, balance bigint,
                   revision bigint)
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
declare
    h record;
    p tijori.plans;
    feature text;
begin
    for n in 1 .. cardinality(customers) loop
        i := n; allowed := false; kind := null; plan := null; most := null; balance := null; revision := null;
        feature := features[n];
        h := tijori_access.holder(hashes[n], customers[n], origins[n], 'customers:read');
        refused := h.refused;
        if refused = '' and h.account_id is null then
            refused := 'P0002';
        end if;
        if refused = '' then
            select a.revision into revision from tijori.accounts a where a.account_id = h.account_id;
            p := tijori_plans.in_force(h.account_id);
            plan := p.id;
            if feature = any (p.entitlements) then
                kind := 'feature'; allowed := true;
            elsif p.limits ? feature then
                kind := 'limit'; most := (p.limits -> feature)::bigint; allowed := needs[n] <= most;
            elsif exists (select from tijori.meters m where m.app_id = h.app_id and m.id = feature) then
                kind := 'meter';
                balance := coalesce((select c.available from tijori_credits.credits_now(h.account_id, feature) c), 0);
                allowed := balance >= needs[n];
            elsif exists (select from tijori.plans q where q.app_id = h.app_id and feature = any (q.entitlements)) then
                kind := 'feature';
            elsif exists (select from tijori.plans q where q.app_id = h.app_id and q.limits ? feature) then
                kind := 'limit'; allowed := p.id is not null;
            else
                refused := '22023';
            end if;
        end if;
        return next;
    end loop;
end $$;

-- tijori_access.make_app(...) makes an app, tijori_access.make_app_key(...) a key of the app that the transaction works
-- for, and tijori_access.revoke_app_key(id) ends one at once.
create function tijori_access.make_app(new_app text, new_name text, new_mode text, allowed_origins text[])
    returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.apps (app_id, name, mode, origins) values (new_app, new_name, new_mode, allowed_origins);
    insert into tijori.connections (app_id, connection_id, provider)
    values (new_app, new_app || '-razorpay', 'razorpay'), (new_app, new_app || '-stripe', 'stripe');
end $$;

create function tijori_access.set_app_origins(allowed_origins text[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.apps p set origins = allowed_origins where p.app_id = current_setting('tijori.app', true);
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;

create function tijori_access.end_app_tokens() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.apps p set token_generation = p.token_generation + 1
     where p.app_id = current_setting('tijori.app', true);
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;

create function tijori_access.make_app_key(key_id uuid, key_kind text, key_hash bytea, key_name text, key_scopes text[],
        key_hint text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
begin
    perform from tijori.apps p where p.app_id = app for no key update;
    if not found or app = 'khata' then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    if (select count(*) from tijori.app_keys k where k.app_id = app and k.revoked_at is null) >= 50 then
        raise exception 'too many keys' using errcode = '23514', constraint = 'api_keys_limit';
    end if;
    insert into tijori.app_keys (app_id, id, kind, hash, name, scopes, hint)
    values (app, key_id, key_kind, key_hash, key_name, key_scopes, key_hint);
end $$;

create function tijori_access.revoke_app_key(key_id uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.app_keys k set revoked_at = coalesce(k.revoked_at, now())
     where k.app_id = current_setting('tijori.app', true) and k.id = key_id;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;

-- tijori_access.app_list() lists the apps, for who runs the server.
create function tijori_access.app_list()
    returns table (app_id text, name text, mode text, origins text[], created_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select p.app_id, p.name, p.mode, p.origins, p.created_at from tijori.apps p order by p.created_at, p.app_id;
end $$;
-- +goose StatementEnd
alter function tijori_access.holder(bytea, text, text, text) owner to tijori_guard;
alter function tijori_access.app_scope(text) owner to tijori_guard;
alter function tijori_access.customer_scope(text) owner to tijori_guard;
alter function tijori_access.try_app(text) owner to tijori_guard;
alter function tijori_plans.state_of(uuid) owner to tijori_guard;
alter function tijori_plans.put_customer(uuid, text, text, text) owner to tijori_guard;
alter function tijori_plans.customer_state() owner to tijori_guard;
alter function tijori_plans.check_customers(bytea[], text[], text[], text[], bigint[]) owner to tijori_guard;
alter function tijori_access.make_app(text, text, text, text[]) owner to tijori_guard;
alter function tijori_access.set_app_origins(text[]) owner to tijori_guard;
alter function tijori_access.end_app_tokens() owner to tijori_guard;
alter function tijori_access.make_app_key(uuid, text, bytea, text, text[], text) owner to tijori_guard;
alter function tijori_access.revoke_app_key(uuid) owner to tijori_guard;
alter function tijori_access.app_list() owner to tijori_guard;
revoke all on function tijori_access.holder(bytea, text, text, text), tijori_access.app_scope(text),
    tijori_access.customer_scope(text), tijori_access.try_app(text), tijori_plans.state_of(uuid),
    tijori_plans.put_customer(uuid, text, text, text), tijori_plans.customer_state(),
    tijori_plans.check_customers(bytea[], text[], text[], text[], bigint[]),
    tijori_access.make_app(text, text, text, text[]), tijori_access.set_app_origins(text[]),
    tijori_access.end_app_tokens(), tijori_access.make_app_key(uuid, text, bytea, text, text[], text),
    tijori_access.revoke_app_key(uuid), tijori_access.app_list() from public;
grant execute on function tijori_access.try_app(text), tijori_plans.put_customer(uuid, text, text, text),
    tijori_plans.customer_state(), tijori_plans.check_customers(bytea[], text[], text[], text[], bigint[])
    to tijori_app;
grant execute on function tijori_access.make_app(text, text, text, text[]), tijori_access.set_app_origins(text[]),
    tijori_access.end_app_tokens(), tijori_access.make_app_key(uuid, text, bytea, text, text[], text),
    tijori_access.revoke_app_key(uuid), tijori_access.app_list() to tijori_billing;
