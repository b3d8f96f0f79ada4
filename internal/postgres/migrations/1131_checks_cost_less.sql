-- +goose Up
-- compatible from: 1001
-- A check costs the database half: the key is looked up once for all its questions, and the plan in force without a
-- function that has settings of its own.

-- +goose StatementBegin
-- tijori_plans.plans_in_force(account, app, at) is the plan of an account of an app that is in force at a time: the
-- highest that is paid for, else the app's own. It runs with its caller's rights, so that the planner takes it in.
create function tijori_plans.plans_in_force(account uuid, app text, at timestamptz) returns setof tijori.plans
    language sql stable
    as $$
    select p.* from tijori.plans p
     where p.app_id = app
       and (p.is_default
            or exists (select from tijori.subscriptions s
                        where s.account_id = account and s.app_id = p.app_id and s.plan_id = p.id
                          and s.access_until > at))
     order by p.is_default, p.rank desc
     limit 1 $$;

create or replace function tijori_plans.in_force(account uuid) returns tijori.plans
    language plpgsql stable security definer
    set search_path = '' set plan_cache_mode = force_generic_plan
    as $$
declare
    today constant timestamptz := tijori_ops.clock(); -- asked once, not once a row
    app constant text := (select a.app_id from tijori.accounts a where a.account_id = account);
    best tijori.plans;
begin
    select p.* into best from tijori_plans.plans_in_force(account, app, today) p;
    return best;
end $$;

-- tijori_plans.check_customers(...) is as in 1095.
create or replace function tijori_plans.check_customers(hashes bytea[], customers text[], origins text[],
        features text[], needs bigint[])
    returns table (i integer, refused text, allowed boolean, kind text, plan text, most bigint, balance bigint,
                   revision bigint)
    language plpgsql stable security definer
    set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan
    as $$
#variable_conflict use_column
declare
    today constant timestamptz := tijori_ops.clock();
    asked bytea; -- the hash that the next two are of
    key_app text;
    key_reads boolean;
    app text;
    account uuid;
    feature text;
    p tijori.plans;
    purse record;
begin
    for n in 1 .. cardinality(customers) loop
        i := n; refused := ''; allowed := false; kind := null; plan := null; most := null; balance := null;
        revision := null; account := null; app := null;
        feature := features[n];
        if asked is distinct from hashes[n] then
            asked := hashes[n];
            select v.app_id, 'customers:read' = any (v.scopes) into key_app, key_reads
              from tijori.app_keys v where v.hash = asked and v.revoked_at is null;
        end if;
        if key_app is null then -- a token, or nothing
            select h.refused, h.app_id, h.account_id, a.revision into refused, app, account, revision
              from tijori_access.holder(asked, customers[n], origins[n], 'customers:read') h
              left join tijori.accounts a on a.account_id = h.account_id;
        elsif not key_reads then
            refused := '42501';
        else
            app := key_app;
            select a.account_id, a.revision into account, revision from tijori.accounts a
             where a.app_id = app and a.external_id = customers[n] and a.erasing_at is null;
        end if;
        if refused = '' and (account is null or customers[n] = '') then
            refused := 'P0002';
        end if;
        if refused = '' then
            select q.* into p from tijori_plans.plans_in_force(account, app, today) q;
            plan := p.id;
            if feature = any (p.entitlements) then
                kind := 'feature'; allowed := true;
            elsif p.limits ? feature then
                kind := 'limit'; most := (p.limits -> feature)::bigint; allowed := needs[n] <= most;
            else
                select c.balance - c.held as available, c.due_at into purse from tijori.credit_balances c
                 where c.account_id = account and c.meter = feature;
                if purse.due_at > today then
                    kind := 'meter'; balance := purse.available; allowed := balance >= needs[n];
                elsif exists (select from tijori.meters m where m.app_id = app and m.id = feature) then
                    kind := 'meter';
                    balance := coalesce((select c.available from tijori_credits.credits_now(account, feature) c), 0);
                    allowed := balance >= needs[n];
                elsif exists (select from tijori.plans q where q.app_id = app and feature = any (q.entitlements)) then
                    kind := 'feature';
                elsif exists (select from tijori.plans q where q.app_id = app and q.limits ? feature) then
                    kind := 'limit'; allowed := p.id is not null;
                else
                    refused := '22023';
                end if;
            end if;
        end if;
        return next;
    end loop;
end $$;
-- +goose StatementEnd
alter function tijori_plans.plans_in_force(uuid, text, timestamptz) owner to tijori_guard;
revoke all on function tijori_plans.plans_in_force(uuid, text, timestamptz) from public;
