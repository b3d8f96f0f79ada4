-- +goose Up
-- compatible from: 1001
-- A customer's token asks about its customer, and about nothing that concerns the whole app: it could read the app's log
-- of events, where all its customers stand.

-- +goose StatementBegin
-- tijori_access.holder(...) is as in 1095, except that a token which names no customer means its own.
create or replace function tijori_access.holder(hash bytea, customer text, origin text, needed text, out refused text,
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
    elsif customer in ('', k.external_id) then
        account_id := k.account_id;
    else
        refused := 'P0002';
    end if;
end $$;

-- tijori_access.app_alone(needed) is the app of the caller's server key, for what concerns no single customer. Whoever
-- holds a customer's token is refused, whatever it may.
create function tijori_access.app_alone(needed text) returns text
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    s := tijori_access.app_scope(needed);
    if s.account_id is not null then
        raise exception 'not for a customer' using errcode = '42501';
    end if;
    return s.app_id;
end $$;

create or replace function tijori_plans.app_events(after bigint, most integer)
    returns table (number bigint, body text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := tijori_access.app_alone('customers:read');
begin
    return query
    select e.number, e.body from tijori.events e
     where e.app_id = app and e.number > after order by e.number limit least(most, 200);
end $$;
-- +goose StatementEnd
alter function tijori_access.app_alone(text) owner to tijori_guard;
revoke all on function tijori_access.app_alone(text) from public;

-- What stands in paths, logs and providers' records as it is must read the same to each of them.
alter table tijori.accounts add constraint accounts_external_plain_check
    check (external_id ~ '^[A-Za-z0-9_][A-Za-z0-9._:@|~+=-]*$');
