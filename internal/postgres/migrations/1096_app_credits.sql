-- +goose Up
-- compatible from: 1001
-- Programs of apps spend for their customers. tijori_credits.spend_for is spend_credits, where a request may come with an
-- app's key and name a customer of it, and may ask for a feature of the plan at the same moment. It is the one body: the
-- function that older programs call hands its requests on.

-- +goose StatementBegin
-- tijori_credits.spend_for(...) is the hot path: see spend_credits in 1005. customers has, for each request, the app's
-- own id of the customer, or '' for the account of an account's own key; features a feature that the plan must carry for
-- something new to be spent, or ''. Further outcomes: no_customer (the app of the key has none of that name) and
-- not_in_plan (nothing written).
create function tijori_credits.spend_for(hashes bytea[], customers text[], features text[], ops text[], units text[],
        amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[])
    returns table (i integer, outcome text, number bigint, available bigint, hold_id uuid, hold_meter text,
                   hold_amount bigint, captured bigint, expires_at timestamptz, next_at timestamptz, next_amount bigint)
    language plpgsql volatile security definer set search_path = ''
    -- Only look-ups by key: plans are kept for a session's life, and the first may be made when the tables are empty.
    set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_material = off set jit = off
    -- And one plan for calls of every size: small calls would be planned again each time, at twice their cost.
    set plan_cache_mode = force_generic_plan
    as $$
#variable_conflict use_column
declare
    at timestamptz;
    due timestamptz;
    accounts uuid[];
    credentials uuid[];
    holds uuid[];
    stale bytea[];
    refusals text[];
    again boolean;
    turns bigint[];
    last_turn bigint := 1;
    r tijori_credits.request;
    p tijori_credits.purse;
    touched boolean;
    early timestamptz;
    entry tijori.credit_entries;
    hold tijori.credit_holds;
    changed tijori_credits.purse[];
    written tijori.credit_entries[];
    opened tijori.credit_holds[];
    ended tijori.credit_holds[];
    n integer;
begin
    -- Who asks: a key counts as long as whoever made it owns the account. A hold's id is made here, and nowhere else.
    -- Arrays are unnested in the select list: as functions in FROM, each would be written to a store of its own first.
    select array_agg(x.account_id order by x.i), array_agg(x.credential_id order by x.i),
           array_agg(x.hold_id order by x.i), array_agg(x.hash order by x.i) filter (where x.stale),
           array_agg(x.refusal order by x.i),
           -- Whether a key or a hold may stand more than once: hashes are cheap to compare, and a chance match does
           -- no harm.
           count(distinct uuid_hash_extended(x.account_id,
                     coalesce(uuid_hash_extended(x.hold_id, 0), hashtextextended(x.key, 0)))) < count(x.account_id)
      into accounts, credentials, holds, stale, refusals, again
      from (
        select q.i, k.hash, k.id as credential_id, coalesce(k.used_at < now() - interval '1 minute', k.id is not null) as stale, q.key,
               k.refusal, k.account_id,
               case q.op when 'consume' then null
                    when 'hold' then encode(substr(sha256(
                        convert_to(k.account_id::text || ' ' || q.key, 'UTF8')), 1, 16), 'hex')::uuid
                    else q.id end as hold_id
          from (select unnest(hashes) as hash, unnest(customers) as customer, unnest(ops) as op, unnest(keys) as key,
                       unnest(ids) as id, generate_subscripts(ops, 1) as i) q
          left join lateral (
            -- An account's own key, which names no customer.
            select c.hash, c.id, c.used_at, case when 'credits:spend' = any (c.scopes) then c.account_id end
                   as account_id, case when 'credits:spend' = any (c.scopes) then '' else 'forbidden' end as refusal
              from tijori.credentials c
             where c.hash = q.hash and c.kind = 'api_key' and c.revoked_at is null and c.expires_at > now()
               and q.customer = ''
               and exists (select from tijori.members m
                            where m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null
                              and m.role = any (array(select o.role from tijori.roles o where o.owns)))
            union all
            -- An app's key, for a customer whom it names: looked up inside the app of the key, and nowhere else.
            select v.hash, v.id, v.used_at, case when 'credits:spend' = any (v.scopes) then a.account_id end,
                   case when not 'credits:spend' = any (v.scopes) then 'forbidden'
                        when a.account_id is null then 'no_customer' else '' end
              from tijori.app_keys v
              left join tijori.accounts a
                on a.app_id = v.app_id and a.external_id = q.customer and a.erasing_at is null
             where v.hash = q.hash and v.revoked_at is null and q.customer <> ''
             limit 1
          ) k on true) x;

    select min(l.due_at) into due from (
        select c.due_at from tijori.credit_balances c
         where c.account_id = any (accounts) order by c.account_id, c.meter for update) l;
    -- The time is taken under the locks: what comes to an account later happens later.
    at := clock_timestamp() + (tijori_ops.clock() - now());
    if due <= at then
        perform tijori_credits.settle_credits(d.account_id, d.meter, at)
           from (select c.account_id, c.meter from tijori.credit_balances c
                  where c.account_id = any (accounts) and c.due_at <= at order by c.account_id, c.meter) d;
    end if;

    -- What a key or a hold has come to is looked up in the tables. So where one stands again, that request and all that
    -- its account asks after it wait for another turn, when what goes before has been written.
    if again then
        select array_agg(t.turn order by t.i), max(t.turn) into turns, last_turn
          from (select s.i, 1 + count(*) filter (where s.again) over (partition by s.account_id order by s.i) as turn
                  from (select q.i, q.account_id, q.account_id is not null and row_number() over (
                                   partition by q.account_id, q.hold_id, case when q.hold_id is null then q.key end
                                   order by q.i) > 1 as again
                          from unnest(accounts, holds, keys) with ordinality q(account_id, hold_id, key, i)) s) t;
    end if;

    for this_turn in 1 .. last_turn loop
        p := null; touched := false;
        changed := null; written := null; opened := null; ended := null;
        for r in
            select q.i, q.op, q.account_id, q.credential_id,
                   case when q.op in ('consume', 'hold') then q.unit else coalesce(h.meter, '') end,
                   q.amount, q.key, q.note, q.id, q.seconds, q.attempt,
                   b.balance, b.held, b.entries, b.lot_grant, b.lot_left, b.due_at,
                   e.number, e.meter, e.amount, e.note, e.balance - e.held,
                   h.id, h.meter, h.status, h.key, h.amount, h.note, h.seconds, h.available, h.lots, h.parts,
                   h.captured, h.entry, h.left_after, h.expires_at, h.attempt
              from (select unnest(ops) as op, unnest(accounts) as account_id, unnest(credentials) as credential_id,
                           unnest(units) as unit, unnest(amounts) as amount, unnest(keys) as key, unnest(notes) as note,
                           unnest(holds) as id, unnest(seconds) as seconds, unnest(ids) as attempt,
                           unnest(turns) as turn,
                           generate_subscripts(ops, 1) as i) q
              -- The limits keep the planner from turning a look-up into a join over the whole table.
              left join lateral (
                select * from tijori.credit_entries e
                 where e.account_id = q.account_id and e.key = case when q.op = 'consume' then q.key end
                 limit 1) e on true
              left join lateral (
                select * from tijori.credit_holds h where h.account_id = q.account_id and h.id = q.id
                 limit 1) h on true
              left join lateral (
                select * from tijori.credit_balances b
                 where b.account_id = q.account_id
                   and b.meter = case when q.op in ('consume', 'hold') then q.unit else h.meter end
                 limit 1) b on true
             where turns is null or q.turn = this_turn
             order by q.account_id, case when q.op in ('consume', 'hold') then q.unit else h.meter end, q.i
        loop
            i := r.i;
            hold_id := r.hold_id; hold_meter := r.hold_meter; hold_amount := r.hold_amount;
            expires_at := r.hold_expires_at; next_at := null; next_amount := null;
            if r.account_id is null then
                outcome := case when r.credential_id is null then 'unauthorized' else refusals[r.i] end;
                number := null; available := null; captured := null;
                return next;
                continue;
            end if;

            if p.account_id is distinct from r.account_id or p.meter <> r.meter then
                if touched then
                    changed := changed || p;
                    touched := false;
                end if;
                early := 'infinity';
                p.account_id := r.account_id; p.meter := r.meter;
                p.balance := coalesce(r.balance, 0); p.held := coalesce(r.held, 0); p.entries := r.entries;
                p.lot_grant := r.lot_grant; p.lot_left := coalesce(r.lot_left, 0); p.due_at := r.due_at;
            end if;
            p.number := null; p.available := null; p.captured := null;
            case
                -- What was done under a key stays done when the plan ends; nothing new is.
                when features[r.i] <> '' and r.op in ('consume', 'hold') and r.entry_number is null and r.hold_id is null
                     and not tijori_plans.entitled(r.account_id, features[r.i])
                then p.outcome := 'not_in_plan'; p.available := p.balance - p.held;
                when r.op = 'consume' then p := tijori_credits.consume(p, r);
                when r.op = 'hold' then p := tijori_credits.hold(p, r, at);
                when r.op = 'capture' then p := tijori_credits.capture(p, r);
                when r.op = 'release' then p := tijori_credits.release(p, r);
            end case;

            if p.outcome = 'ok' then
                touched := true;
                if p.number is not null then
                    entry.account_id := p.account_id; entry.meter := p.meter; entry.number := p.number;
                    entry.balance := p.balance; entry.held := p.held; entry.credential_id := r.credential_id;
                    entry.kind := r.op;
                    if r.op = 'consume' then
                        entry.amount := -r.amount; entry.key := r.key; entry.note := r.note; entry.hold_id := null;
                    else
                        entry.amount := -p.captured; entry.key := null; entry.note := r.hold_note;
                        entry.hold_id := r.hold_id;
                    end if;
                    written := written || entry;
                end if;
                if r.op = 'hold' then
                    hold_id := r.id; hold_meter := r.meter; hold_amount := r.amount; expires_at := p.expires_at;
                    hold.account_id := r.account_id; hold.id := r.id; hold.meter := r.meter; hold.amount := r.amount;
                    hold.key := r.key; hold.note := r.note; hold.seconds := r.seconds; hold.attempt := r.attempt;
                    hold.lots := p.lots; hold.parts := p.parts; hold.available := p.available;
                    hold.credential_id := r.credential_id; hold.expires_at := p.expires_at;
                    opened := opened || hold;
                    early := least(early, p.expires_at);
                elsif r.op in ('capture', 'release') then
                    if p.due_at <= at then
                        p := tijori_credits.settle_purse(p, at, early);
                    end if;
                    hold.account_id := r.account_id; hold.id := r.id;
                    hold.captured := p.captured; hold.entry := p.number; hold.left_after := p.available;
                    ended := ended || hold;
                end if;
            elsif p.outcome = 'insufficient' then
                select c.next_at, c.next_amount into next_at, next_amount
                  from tijori.credit_calendars c where c.account_id = r.account_id and c.meter = r.meter;
            end if;
            outcome := p.outcome; number := p.number; available := p.available; captured := p.captured;
            return next;
        end loop;
        if touched then
            changed := changed || p;
        end if;

        if changed is not null then
            update tijori.credit_balances c
               set balance = u.balance, held = u.held, entries = u.entries,
                   lot_grant = u.lot_grant, lot_left = u.lot_left, due_at = u.due_at
              from unnest(changed) u where c.account_id = u.account_id and c.meter = u.meter;
        end if;
        if written is not null then
            insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, key, note,
                                               hold_id, credential_id, created_at)
            select u.account_id, u.meter, u.number, u.kind, u.amount, u.balance, u.held, u.key, u.note,
                   u.hold_id, u.credential_id, at
              from unnest(written) u;
        end if;
        if opened is not null then
            insert into tijori.credit_holds (account_id, id, meter, amount, status, key, note, seconds, attempt, lots,
                                             parts, available, credential_id, created_at, expires_at)
            select u.account_id, u.id, u.meter, u.amount, 'open', u.key, u.note, u.seconds, u.attempt, u.lots,
                   u.parts, u.available, u.credential_id, at, u.expires_at
              from unnest(opened) u;
        end if;
        if ended is not null then
            -- By ended_at, not by status: the planner would take the small index of open holds for a look-up by key.
            update tijori.credit_holds c
               set status = case when u.captured is null then 'released' else 'captured' end,
                   captured = u.captured, entry = u.entry, left_after = u.left_after, ended_at = at
              from unnest(ended) u where c.account_id = u.account_id and c.id = u.id and c.ended_at is null;
            get diagnostics n = row_count;
            if n <> cardinality(ended) then
                raise exception 'of % holds to be ended % were open', cardinality(ended), n;
            end if;
        end if;
    end loop;

    if stale is not null then
        update tijori.credentials c set used_at = now()
         where c.hash in (select k.hash from tijori.credentials k where k.hash = any (stale) for update skip locked);
        update tijori.app_keys c set used_at = now()
         where c.hash in (select k.hash from tijori.app_keys k where k.hash = any (stale) for update skip locked);
    end if;
end $$;

-- tijori_credits.spend_credits(...) is spend_for() for accounts' own keys, as programs before 1081 call it.
create or replace function tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[],
        keys text[], notes text[], ids uuid[], seconds integer[])
    returns table (i integer, outcome text, number bigint, available bigint, hold_id uuid, hold_meter text,
                   hold_amount bigint, captured bigint, expires_at timestamptz, next_at timestamptz, next_amount bigint)
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    none constant text[] := array_fill(''::text, array[cardinality(ops)]);
begin
    return query
    select * from tijori_credits.spend_for(hashes, none, none, ops, units, amounts, keys, notes, ids, seconds);
end $$;

-- tijori_credits.customer_entries(meter, before, most) is a page of entries of the customer whom the holder of a key or
-- token names, the newest first.
create function tijori_credits.customer_entries(unit text, before bigint, most integer)
    returns table (number bigint, kind text, amount bigint, balance bigint, key text, note text, grant_id uuid,
                   hold_id uuid, created_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    theirs constant uuid := tijori_access.customer_scope('customers:read');
begin
    return query
    select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
      from tijori.credit_entries e
     where e.account_id = theirs and e.meter = unit and e.number < before
     order by e.number desc limit least(most, 200);
end $$;

-- tijori_access.customer_account(needed) is the account of the customer whom the holder of a key or token names, with
-- what a provider is told of it: for the billing of the app, in the same words of refusal.
create function tijori_access.customer_account(needed text, out account uuid, out email text, out name text,
        out origins text[])
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    account := tijori_access.customer_scope(needed);
    select coalesce(a.email, ''), a.name, p.origins
      into customer_account.email, customer_account.name, customer_account.origins
      from tijori.accounts a join tijori.apps p on p.app_id = a.app_id where a.account_id = account;
end $$;
-- +goose StatementEnd
alter function tijori_credits.spend_for owner to tijori_guard;
alter function tijori_credits.customer_entries(text, bigint, integer) owner to tijori_guard;
alter function tijori_access.customer_account(text) owner to tijori_guard;
revoke all on function tijori_credits.spend_for, tijori_credits.customer_entries(text, bigint, integer),
    tijori_access.customer_account(text) from public;
grant execute on function tijori_credits.spend_for, tijori_credits.customer_entries(text, bigint, integer),
    tijori_access.customer_account(text) to tijori_app;
