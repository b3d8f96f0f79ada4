-- +goose Up
-- +goose StatementBegin
-- auth.spend_credits(...) is the hot path: what many programs ask at the same moment, done in one transaction, each with an
-- answer of its own, in the order of the arrays within an account. It takes hashes of API keys and looks the accounts up
-- itself: who calls it never names an account. A request is consume (key, meter, amount, note), hold (the same, and how
-- many seconds), capture (id; amount 0 is all) or release (id).
--
-- Outcomes: ok; repeated (the first answer again); conflict (the key or the hold was used for something else);
-- insufficient (nothing written; what is there, when the next allowance comes); not_found; gone (the hold has ended);
-- too_much (more than the hold); forbidden (the key lacks the scope); unauthorized. Locks come first, in one order over
-- all accounts; every answer, a repeated one too, is given under the account's lock. The same key or hold twice in one
-- call is the caller's mistake: it raises, and nothing is done.
create function auth.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[])
    returns table (i integer, outcome text, number bigint, available bigint, hold_id uuid, hold_meter text, hold_amount bigint, captured bigint,
                   expires_at timestamptz, next_at timestamptz, next_amount bigint)
    language plpgsql volatile security definer
    -- Plans are kept for a session's life, and the first may be made when the tables are empty: only look-ups by key, then.
    set search_path = '' set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off set jit = off
    as $$
#variable_conflict use_column
declare
    at timestamptz;
    first timestamptz := 'infinity';
    accounts uuid[];
    credentials uuid[];
    stale bytea[];
    r record;
    b tijori.credit_balances;
    dirty boolean := false;
    early timestamptz;
    e tijori.credit_entries;
    h tijori.credit_holds;
    changed tijori.credit_balances[];
    written tijori.credit_entries[];
    opened tijori.credit_holds[];
    ended tijori.credit_holds[];
    rest bigint;
    part bigint;
    lots uuid[];
    parts bigint[];
begin
    select array_agg(case when 'credits:spend' = any (k.scopes) then k.account_id end order by q.i), array_agg(k.id order by q.i),
           array_agg(distinct k.hash) filter (where k.used_at < now() - interval '1 minute')
      into accounts, credentials, stale
      from unnest(hashes) with ordinality q(hash, i)
      left join lateral (
        select c.hash, c.id, c.account_id, c.scopes, c.used_at
          from tijori.credentials c
         where c.hash = q.hash and c.kind = 'api_key' and c.revoked_at is null and c.expires_at > now()
           and exists (select from tijori.members m where m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null and m.role = 'owner')
      ) k on true;
    for r in
        select c.due_at from tijori.credit_balances c
         where c.account_id = any (accounts) order by c.account_id, c.meter for update
    loop
        first := least(first, r.due_at);
    end loop;
    -- The time is taken under the locks: what comes later to an account happens later.
    at := clock_timestamp() + (auth.clock() - now());
    if first <= at then
        for r in
            select c.account_id, c.meter from tijori.credit_balances c where c.account_id = any (accounts) and c.due_at <= at order by c.account_id, c.meter
        loop
            perform auth.settle_credits(r.account_id, r.meter, at);
        end loop;
    end if;

    for r in
        select q.i::integer, q.op, q.account, q.credential, q.unit, q.amount, q.key, q.note, q.id, q.seconds,
               case when q.op in ('consume', 'hold') then q.unit else coalesce(o.meter, '') end as meter,
               s.account_id is not null as known, s.balance, s.held, s.entries, s.lot_grant, s.lot_left, s.due_at,
               d.number as d_number, d.meter as d_meter, d.amount as d_amount, d.note as d_note, d.balance - d.held as d_available,
               o.id as o_id, o.meter as o_meter, o.status as o_status, o.key as o_key, o.amount as o_amount, o.note as o_note, o.seconds as o_seconds,
               o.available as o_available, o.lots as o_lots, o.parts as o_parts, o.captured as o_captured, o.entry as o_entry, o.left_after as o_left_after,
               o.expires_at as o_expires_at
          from (select u.op, u.account, u.credential, u.unit, u.amount, u.key, u.note, u.seconds, u.i,
                       case u.op when 'hold' then encode(substr(sha256(convert_to(u.account::text || ' ' || u.key, 'UTF8')), 1, 16), 'hex')::uuid
                                 when 'consume' then null else u.id end as id
                  from unnest(ops, accounts, credentials, units, amounts, keys, notes, ids, seconds)
                       with ordinality u(op, account, credential, unit, amount, key, note, id, seconds, i)) q
          -- The limits keep the planner from turning a look-up into a join over the whole table.
          left join lateral (select * from tijori.credit_entries e where e.account_id = q.account and e.key = case when q.op = 'consume' then q.key end limit 1) d on true
          left join lateral (select * from tijori.credit_holds h where h.account_id = q.account and h.id = q.id limit 1) o on true
          left join lateral (select * from tijori.credit_balances c
                              where c.account_id = q.account and c.meter = case when q.op in ('consume', 'hold') then q.unit else o.meter end limit 1) s on true
         order by q.account, case when q.op in ('consume', 'hold') then q.unit else o.meter end, q.i
    loop
        i := r.i;
        number := null; available := null; hold_id := null; hold_meter := null; hold_amount := null; captured := null; expires_at := null; next_at := null; next_amount := null;
        if r.account is null then
            outcome := case when r.credential is null then 'unauthorized' else 'forbidden' end;
            return next;
            continue;
        end if;
        if b.account_id is distinct from r.account or b.meter <> r.meter then
            if dirty then
                changed := changed || b;
                dirty := false;
            end if;
            early := 'infinity';
            b.account_id := r.account; b.meter := r.meter;
            b.balance := coalesce(r.balance, 0); b.held := coalesce(r.held, 0); b.entries := r.entries;
            b.lot_grant := r.lot_grant; b.lot_left := coalesce(r.lot_left, 0); b.due_at := coalesce(r.due_at, 'infinity');
        end if;

        -- What was answered before.
        if r.op = 'consume' and r.d_number is not null then
            number := r.d_number; available := r.d_available;
            outcome := case when r.d_meter = r.unit and r.d_amount = -r.amount and r.d_note = r.note then 'repeated' else 'conflict' end;
            return next;
            continue;
        elsif r.op = 'hold' and r.o_id is not null then
            available := r.o_available; hold_id := r.o_id; hold_meter := r.o_meter; hold_amount := r.o_amount; expires_at := r.o_expires_at;
            outcome := case when (r.o_meter, r.o_amount, r.o_note, r.o_seconds, r.o_key) = (r.unit, r.amount, r.note, r.seconds, r.key) then 'repeated' else 'conflict' end;
            return next;
            continue;
        end if;

        if r.op in ('consume', 'hold') then
            if b.balance - b.held < r.amount then
                outcome := 'insufficient'; available := b.balance - b.held;
                select c.next_at, c.next_amount into next_at, next_amount
                  from tijori.credit_calendars c where c.account_id = r.account and c.meter = r.meter;
                return next;
                continue;
            end if;
            lots := '{}'; parts := '{}'; rest := r.amount;
            loop
                part := least(rest, b.lot_left);
                if part > 0 then
                    b.lot_left := b.lot_left - part;
                    rest := rest - part;
                    if r.op = 'hold' then
                        lots := lots || b.lot_grant; parts := parts || part;
                    end if;
                end if;
                exit when rest = 0;
                select t.grant_id, t.lot_left into b.lot_grant, b.lot_left from auth.take_lot(r.account, r.meter) t;
                if b.lot_grant is null then
                    raise exception 'the lots of account % do not add up to its balance', r.account;
                end if;
            end loop;
            dirty := true;
            outcome := 'ok';
        end if;

        if r.op = 'consume' then
            b.balance := b.balance - r.amount;
            b.entries := b.entries + 1;
            e := row (r.account, r.meter, b.entries, 'consume', -r.amount, b.balance, b.held, r.key, r.note, null, null, r.credential, at);
            written := written || e;
            number := b.entries; available := b.balance - b.held;
        elsif r.op = 'hold' then
            b.held := b.held + r.amount;
            available := b.balance - b.held; hold_id := r.id; hold_meter := r.meter; hold_amount := r.amount; expires_at := at + make_interval(secs => r.seconds);
            early := least(early, expires_at);
            b.due_at := least(b.due_at, expires_at);
            h := row (r.account, r.id, r.meter, r.amount, 'open', r.key, r.note, r.seconds, lots, parts, available, null, null, null, r.credential, at, expires_at, null);
            opened := opened || h;
        else
            hold_id := r.o_id; hold_meter := r.meter; hold_amount := r.o_amount; expires_at := r.o_expires_at;
            part := case when r.op = 'release' then 0 when r.amount = 0 then r.o_amount else r.amount end; -- to be captured
            if r.o_id is null then
                outcome := 'not_found';
            elsif r.o_status = 'captured' then
                number := r.o_entry; available := r.o_left_after; captured := r.o_captured;
                outcome := case when r.op = 'capture' and part = r.o_captured then 'repeated' else 'conflict' end;
            elsif r.o_status <> 'open' then
                available := coalesce(r.o_left_after, b.balance - b.held);
                outcome := case when r.op = 'release' then 'repeated' else 'gone' end;
            elsif part > r.o_amount then
                outcome := 'too_much'; available := b.balance - b.held;
            else
                outcome := 'ok';
                dirty := true;
                b.held := b.held - r.o_amount;
                rest := r.o_amount - part; -- comes back, the last taken first
                for j in reverse cardinality(r.o_lots) .. 1 loop
                    exit when rest = 0;
                    if r.o_lots[j] = b.lot_grant then
                        b.lot_left := b.lot_left + least(rest, r.o_parts[j]);
                    else
                        perform auth.return_credits(r.account, r.meter, array[r.o_lots[j]], array[r.o_parts[j]], least(rest, r.o_parts[j]));
                        b.due_at := '-infinity';
                    end if;
                    rest := rest - least(rest, r.o_parts[j]);
                end loop;
                if part > 0 then
                    captured := part;
                    b.balance := b.balance - part;
                    b.entries := b.entries + 1;
                    number := b.entries;
                    e := row (r.account, r.meter, b.entries, 'capture', -part, b.balance, b.held, null, r.o_note, null, r.o_id, r.credential, at);
                    written := written || e;
                end if;
                if b.due_at <= at then -- something came back to a lot that waits: what burns first, and what has ended, is found anew
                    update tijori.credit_balances c
                       set balance = b.balance, held = b.held, entries = b.entries, lot_grant = b.lot_grant, lot_left = b.lot_left, due_at = b.due_at
                     where c.account_id = b.account_id and c.meter = b.meter;
                    perform auth.settle_credits(b.account_id, b.meter, at);
                    select * into strict b from tijori.credit_balances c where c.account_id = r.account and c.meter = r.meter;
                    b.due_at := least(b.due_at, early);
                end if;
                available := b.balance - b.held;
                h := null;
                h.account_id := r.account; h.id := r.o_id; h.status := case when part > 0 then 'captured' else 'released' end;
                h.captured := captured; h.entry := number; h.left_after := available; h.ended_at := at;
                ended := ended || h;
            end if;
        end if;
        return next;
    end loop;
    if dirty then
        changed := changed || b;
    end if;

    if changed is not null then
        update tijori.credit_balances c
           set balance = u.balance, held = u.held, entries = u.entries, lot_grant = u.lot_grant, lot_left = u.lot_left, due_at = u.due_at
          from unnest(changed) u where c.account_id = u.account_id and c.meter = u.meter;
    end if;
    if written is not null then
        insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, key, note, grant_id, hold_id, credential_id, created_at)
        select u.account_id, u.meter, u.number, u.kind, u.amount, u.balance, u.held, u.key, u.note, u.grant_id, u.hold_id, u.credential_id, u.created_at from unnest(written) u;
    end if;
    if opened is not null then
        insert into tijori.credit_holds (account_id, id, meter, amount, status, key, note, seconds, lots, parts, available, credential_id, created_at, expires_at)
        select u.account_id, u.id, u.meter, u.amount, u.status, u.key, u.note, u.seconds, u.lots, u.parts, u.available, u.credential_id, u.created_at, u.expires_at from unnest(opened) u;
    end if;
    if ended is not null then
        foreach h in array ended loop
            update tijori.credit_holds c
               set status = h.status, captured = h.captured, entry = h.entry, left_after = h.left_after, ended_at = h.ended_at
             where c.account_id = h.account_id and c.id = h.id and c.ended_at is null;
            if not found then
                raise exception 'a hold was named twice in one call' using errcode = '23505';
            end if;
        end loop;
    end if;
    if stale is not null then
        update tijori.credentials c set used_at = now()
         where c.hash in (select k.hash from tijori.credentials k where k.hash = any (stale) for update skip locked);
    end if;
end $$;
-- +goose StatementEnd
alter function auth.spend_credits(bytea[], text[], text[], bigint[], text[], text[], uuid[], integer[]) owner to tijori_guard;
revoke all on function auth.spend_credits(bytea[], text[], text[], bigint[], text[], text[], uuid[], integer[]) from public;
grant execute on function auth.spend_credits(bytea[], text[], text[], bigint[], text[], text[], uuid[], integer[]) to tijori_app;

-- +goose StatementBegin
-- auth.my_credits() is what the account of the API key that asks has of each meter: settled in mind, if not in the rows: what
-- has ended by now is not counted.
create function auth.my_credits() returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := auth.key_account('credits:read');
begin
    return query
    select m.id, m.name, coalesce(v.available, 0), coalesce(v.held, 0), c.next_at, c.next_amount
      from tijori.meters m
      left join lateral auth.credits_now(mine, m.id) v on true
      left join tijori.credit_calendars c on c.account_id = mine and c.meter = m.id
     order by m.id;
end $$;

-- auth.credits_now(account, meter) is what there is by the service clock, whether or not anything has settled the row yet.
create function auth.credits_now(account uuid, unit text, out available bigint, out held bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    at timestamptz := auth.clock();
    lapsed bigint;
    stuck bigint;
begin
    select c.balance - c.held, c.held into credits_now.available, credits_now.held
      from tijori.credit_balances c where c.account_id = account and c.meter = unit;
    if not found or (select c.due_at > at from tijori.credit_balances c where c.account_id = account and c.meter = unit) then
        return;
    end if;
    -- Parts of holds that have ended come back, and those of them whose grant has ended are gone, as is what is left of ended lots.
    select coalesce(sum(h.amount), 0) into stuck from tijori.credit_holds h
     where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at;
    select coalesce(sum(x.n), 0) into lapsed from (
        select w.lot_left as n from tijori.credit_lots w where w.account_id = account and w.meter = unit and w.expires_at <= at
        union all
        select c.lot_left from tijori.credit_balances c join tijori.credit_grants g on g.account_id = c.account_id and g.id = c.lot_grant
         where c.account_id = account and c.meter = unit and g.expires_at <= at
        union all
        select p.part from tijori.credit_holds h cross join unnest(h.lots, h.parts) p(lot, part)
          join tijori.credit_grants g on g.account_id = h.account_id and g.id = p.lot
         where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at and g.expires_at <= at) x;
    credits_now.held := credits_now.held - stuck;
    credits_now.available := credits_now.available + stuck - lapsed;
end $$;

-- auth.my_credit_entries(...) is a page of entries of one meter of the account of the API key that asks, the newest first.
create function auth.my_credit_entries(unit text, before bigint, most integer)
    returns table (number bigint, kind text, amount bigint, balance bigint, key text, note text, grant_id uuid, hold_id uuid, created_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := auth.key_account('credits:read');
begin
    return query
    select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
      from tijori.credit_entries e
     where e.account_id = mine and e.meter = unit and e.number < before
     order by e.number desc limit least(most, 200);
end $$;

-- auth.my_credits_left() is what the caller's own account has, for its owner: the same as auth.my_credits(), for pages.
create function auth.my_credits_left() returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from auth.scope() s where s.role = 'owner');
begin
    return query
    select m.id, m.name, coalesce(v.available, 0), coalesce(v.held, 0), c.next_at, c.next_amount
      from tijori.meters m
      left join lateral auth.credits_now(mine, m.id) v on true
      left join tijori.credit_calendars c on c.account_id = mine and c.meter = m.id
     where mine is not null
     order by m.id;
end $$;
-- +goose StatementEnd
alter function auth.my_credits() owner to tijori_guard;
alter function auth.credits_now(uuid, text) owner to tijori_guard;
alter function auth.my_credit_entries(text, bigint, integer) owner to tijori_guard;
alter function auth.my_credits_left() owner to tijori_guard;
revoke all on function auth.my_credits(), auth.credits_now(uuid, text), auth.my_credit_entries(text, bigint, integer), auth.my_credits_left() from public;
grant execute on function auth.my_credits(), auth.my_credit_entries(text, bigint, integer), auth.my_credits_left() to tijori_app;
