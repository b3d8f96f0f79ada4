-- +goose Up
-- compatible from: 1001
-- One customer of an app can be frozen: they buy and spend nothing until they are thawed. What they have is still read.

-- +goose StatementBegin
-- tijori_ops.frozen_customer(account, part) reports whether a part is frozen for one account.
create function tijori_ops.frozen_customer(account uuid, which integer) returns boolean
    language sql stable
    as $$
    select exists (select from tijori.freezes f
                    where f.thawed_at is null and f.account_id = account and f.part = which) $$;

-- tijori_ops.without_frozen_customers(hashes, customers) is without_frozen() for keys of apps as well: '' in the place of
-- each whose account, or the customer whom it names, may not spend now.
create function tijori_ops.without_frozen_customers(hashes bytea[], customers text[]) returns bytea[]
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    if not exists (select from tijori.freezes f where f.thawed_at is null and f.part = 16) then
        return hashes;
    end if;
    return array(
        select case when exists (
                   select from tijori.freezes f where f.thawed_at is null and f.part = 16
                      and (f.account_id is null
                           or f.account_id = (
                              select c.account_id from tijori.credentials c
                               where c.hash = h.hash and c.kind = 'api_key' and h.customer = '')
                           or f.account_id = (
                              select a.account_id from tijori.app_keys v join tijori.accounts a on a.app_id = v.app_id
                               where v.hash = h.hash and a.external_id = h.customer)))
               then '' else h.hash end
          from unnest(hashes, customers) with ordinality h(hash, customer, i) order by h.i);
end $$;

-- tijori_ops.account_of(app, customer) is the account of a customer of an app, for operators who freeze it. P0002 for
-- none.
create function tijori_ops.account_of(app text, customer text) returns uuid
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    found_account uuid;
begin
    select a.account_id into found_account from tijori.accounts a
     where a.app_id = app and a.external_id = customer and a.app_id <> 'khata' and a.erasing_at is null;
    if found_account is null then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return found_account;
end $$;

-- tijori_access.holder(...) is as in 1130, and refuses with TJ503 what is frozen for the customer: buying, and holds and
-- spends of their credits.
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
    else
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
    end if;
    if refused = '' and account_id is not null
       and (needed = 'billing:write' and tijori_ops.frozen_customer(account_id, 2)
            or needed = 'credits:spend' and tijori_ops.frozen_customer(account_id, 16)) then
        refused := 'TJ503';
    end if;
end $$;

create or replace function tijori_access.app_scope(needed text, out app_id text, out mode text, out key_id uuid,
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
        when 'TJ503' then raise exception 'frozen' using errcode = 'TJ503';
        else raise exception 'not found' using errcode = 'P0002';
    end case;
end $$;

-- tijori_access.link_of(opens) is as in 1171, and no link of a customer whose billing is frozen.
create or replace function tijori_access.link_of(wanted text) returns setof tijori.customer_links
    language sql stable
    as $$
    select l.* from tijori.customer_links l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id
     where l.hash = decode(coalesce(nullif(current_setting('tijori.credential', true), ''), '00'), 'hex')
       and l.opens = wanted and l.used_at is null and l.expires_at > now() and a.erasing_at is null
       and (l.opens = 'pay' or l.generation = a.token_generation and l.app_generation = p.token_generation)
       and not tijori_ops.frozen_customer(a.account_id, 2)
     limit 1 $$;
-- +goose StatementEnd
alter function tijori_ops.frozen_customer(uuid, integer) owner to tijori_guard;
alter function tijori_ops.without_frozen_customers(bytea[], text[]) owner to tijori_guard;
alter function tijori_ops.account_of(text, text) owner to tijori_guard;
revoke all on function tijori_ops.frozen_customer(uuid, integer),
    tijori_ops.without_frozen_customers(bytea[], text[]), tijori_ops.account_of(text, text) from public;
grant execute on function tijori_ops.without_frozen_customers(bytea[], text[]) to tijori_app;
grant execute on function tijori_ops.account_of(text, text) to tijori_support;
