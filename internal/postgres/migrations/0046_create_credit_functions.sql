-- +goose Up
-- +goose StatementBegin
-- auth.settle_credits(account, meter, at) does what time has brought to a balance that the caller has locked: holds that
-- have ended give back, lots that have ended expire, and the lot that burns first moves into the balance row.
create function auth.settle_credits(account uuid, unit text, at timestamptz) returns void
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    b tijori.credit_balances;
    h record;
    l record;
begin
    select * into strict b from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    for h in
        update tijori.credit_holds c set status = 'expired', ended_at = at
         where c.account_id = account and c.meter = unit and c.status = 'open' and c.expires_at <= at
        returning c.amount, c.lots, c.parts
    loop
        b.held := b.held - h.amount;
        perform auth.return_credits(account, unit, h.lots, h.parts, h.amount);
    end loop;
    if b.lot_left > 0 then
        perform auth.return_credits(account, unit, array[b.lot_grant], array[b.lot_left], b.lot_left);
    end if;
    for l in
        delete from tijori.credit_lots c where c.account_id = account and c.meter = unit and c.expires_at <= at
        returning c.grant_id, c.lot_left
    loop
        b.entries := b.entries + 1;
        b.balance := b.balance - l.lot_left;
        insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, grant_id, created_at)
        values (account, unit, b.entries, 'expire', -l.lot_left, b.balance, b.held, l.grant_id, at);
    end loop;
    select least((select min(c.expires_at) from tijori.credit_lots c where c.account_id = account and c.meter = unit),
                 (select min(c.expires_at) from tijori.credit_holds c where c.account_id = account and c.meter = unit and c.status = 'open'),
                 'infinity')
      into b.due_at;
    b.lot_grant := null;
    b.lot_left := 0;
    select t.grant_id, t.lot_left into b.lot_grant, b.lot_left from auth.take_lot(account, unit) t;
    update tijori.credit_balances c
       set balance = b.balance, held = b.held, entries = b.entries, lot_grant = b.lot_grant, lot_left = coalesce(b.lot_left, 0), due_at = b.due_at
     where c.account_id = account and c.meter = unit;
end $$;

-- auth.take_lot(account, meter) takes the lot that burns first out of those that wait; nulls when none does.
create function auth.take_lot(account uuid, unit text, out grant_id uuid, out lot_left bigint)
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
begin
    delete from tijori.credit_lots c
     where c.account_id = account and c.meter = unit and c.grant_id = (
        select w.grant_id from tijori.credit_lots w
         where w.account_id = account and w.meter = unit
         order by w.priority, w.expires_at, w.grant_id limit 1)
    returning c.grant_id, c.lot_left into take_lot.grant_id, take_lot.lot_left;
end $$;

-- auth.return_credits(account, meter, lots, parts, total) puts credits back among the lots that wait: the last taken first.
create function auth.return_credits(account uuid, unit text, lots uuid[], parts bigint[], total bigint) returns void
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    rest bigint := total;
    part bigint;
begin
    for i in reverse cardinality(lots) .. 1 loop
        exit when rest = 0;
        part := least(rest, parts[i]);
        rest := rest - part;
        insert into tijori.credit_lots as w (account_id, meter, grant_id, priority, expires_at, lot_left)
        select g.account_id, g.meter, g.id, g.priority, g.expires_at, part
          from tijori.credit_grants g where g.account_id = account and g.id = lots[i]
        on conflict on constraint credit_lots_pkey do update set lot_left = w.lot_left + excluded.lot_left;
    end loop;
    if rest <> 0 then
        raise exception 'a hold of % returns % more than it took', account, rest;
    end if;
end $$;

-- auth.grant_credits(...) adds credits to an account once for each key, and returns the grant's id: the first one's when
-- the key was used. A key that was used for something else raises credit_grants_key. Operators must give a reason.
create function auth.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint, burn integer, until timestamptz,
        once text, why text, who text, from_source text, of_period integer, to_level bigint, at timestamptz) returns uuid
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    b tijori.credit_balances;
    g record;
begin
    insert into tijori.credit_balances (account_id, meter) values (account, unit) on conflict on constraint credit_balances_pkey do nothing;
    -- All of the account's rows: a key is used once whatever the meter. The lock comes before the look.
    perform 1 from tijori.credit_balances c where c.account_id = account order by c.meter for update;
    select c.id, c.meter, c.kind, c.amount into g from tijori.credit_grants c where c.account_id = account and c.key = once;
    if found then
        if (g.meter, g.kind, g.amount) is distinct from (unit, sort, credits) then
            raise exception 'another grant has this key' using errcode = '23505', constraint = 'credit_grants_key';
        end if;
        return g.id;
    end if;
    insert into tijori.credit_grants (account_id, id, meter, kind, amount, priority, expires_at, key, reason, granted_by, source, period, level, created_at)
    values (account, new_id, unit, sort, credits, burn, until, once, why, who, from_source, of_period, to_level, at);
    insert into tijori.credit_lots (account_id, meter, grant_id, priority, expires_at, lot_left) values (account, unit, new_id, burn, until, credits);
    update tijori.credit_balances c set balance = c.balance + credits, entries = c.entries + 1, due_at = '-infinity'
     where c.account_id = account and c.meter = unit
    returning * into b;
    insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
    values (account, unit, b.entries, sort, credits, b.balance, b.held, why, new_id, at);
    perform auth.settle_credits(account, unit, at);
    return new_id;
end $$;

-- auth.sweep_credits(most) settles balances whose time has come, on one node each, and returns how many.
create function auth.sweep_credits(most integer) returns integer
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    at timestamptz := auth.clock();
    b record;
    n integer := 0;
begin
    for b in
        select c.account_id, c.meter from tijori.credit_balances c where c.due_at <= at order by c.due_at limit most for update skip locked
    loop
        perform auth.settle_credits(b.account_id, b.meter, at);
        n := n + 1;
    end loop;
    return n;
end $$;
-- +goose StatementEnd
alter function auth.settle_credits(uuid, text, timestamptz) owner to tijori_guard;
alter function auth.take_lot(uuid, text) owner to tijori_guard;
alter function auth.return_credits(uuid, text, uuid[], bigint[], bigint) owner to tijori_guard;
alter function auth.grant_credits(uuid, text, uuid, text, bigint, integer, timestamptz, text, text, text, text, integer, bigint, timestamptz) owner to tijori_guard;
alter function auth.sweep_credits(integer) owner to tijori_guard;
revoke all on function auth.settle_credits(uuid, text, timestamptz), auth.take_lot(uuid, text), auth.return_credits(uuid, text, uuid[], bigint[], bigint),
    auth.grant_credits(uuid, text, uuid, text, bigint, integer, timestamptz, text, text, text, text, integer, bigint, timestamptz), auth.sweep_credits(integer) from public;
grant execute on function auth.grant_credits(uuid, text, uuid, text, bigint, integer, timestamptz, text, text, text, text, integer, bigint, timestamptz), auth.sweep_credits(integer) to tijori_billing;
