-- +goose Up
-- compatible from: 1001

-- What an account has of a meter: one row, which is also the lock under which its credits change. balance is the sum
-- of its entries; held is set aside by open holds; what can be spent is balance - held. The row carries the lot that
-- burns first (lot_grant, with lot_left in it), so that spending touches this row alone as long as that lot lasts; the
-- others wait in credit_lots: balance - held = lot_left + sum of the waiting. From due_at on, something has ended or must
-- be sorted anew, and tijori_credits.settle_credits comes before anything is spent.
create table tijori.credit_balances (
    account_id uuid not null,
    app_id text,
    meter text not null,
    balance bigint not null default 0,
    held bigint not null default 0,
    entries bigint not null default 0,
    lot_grant uuid,
    lot_left bigint not null default 0,
    due_at timestamptz not null default 'infinity',
    constraint credit_balances_pkey primary key (account_id, meter),
    constraint credit_balances_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_balances_meter_fkey check (true),
    constraint credit_balances_balance_check check (balance >= 0),
    constraint credit_balances_held_check check (held between 0 and balance),
    constraint credit_balances_lot_check check (lot_left between 0 and balance - held and (lot_grant is not null or lot_left = 0))
) with (fillfactor = 50);
create index credit_balances_due_idx on tijori.credit_balances (due_at);
alter table tijori.credit_balances enable row level security;
alter table tijori.credit_balances force row level security;
call tijori_access.open_to_app('tijori.credit_balances', 'select', 'account', 'owns');
create policy credit_balances_select_guard on tijori.credit_balances for select to tijori_guard using (true);
create policy credit_balances_insert_guard on tijori.credit_balances for insert to tijori_guard with check (true);
create policy credit_balances_update_guard on tijori.credit_balances for update to tijori_guard using (true) with check (true);
call tijori_access.open_to_billing('tijori.credit_balances', 'select');
grant select (account_id, meter, balance, held, entries) on tijori.credit_balances to tijori_app;
grant select, insert, update on tijori.credit_balances to tijori_guard;
grant select on tijori.credit_balances to tijori_billing;

-- Every change of a balance, numbered without a gap within account and meter, in the order in which they were
-- committed. Append-only: nobody has a grant to change or delete one. balance and held are what there was after it,
-- so the answer to a request can be given again. A consume carries the program's idempotency key. No foreign key: only
-- functions of auth write here, while they hold the balance row, and a check a row would cost a third of the speed.
create table tijori.credit_entries (
    account_id uuid not null,
    meter text not null,
    number bigint not null,
    kind text not null,
    amount bigint not null,
    balance bigint not null,
    held bigint not null,
    key text,
    note text not null default '',
    grant_id uuid,
    hold_id uuid,
    credential_id uuid,
    created_at timestamptz not null,
    constraint credit_entries_pkey primary key (account_id, meter, number),
    constraint credit_entries_kind_check check (kind in ('allowance', 'top_up', 'promotional', 'consume', 'capture', 'expire', 'take_back')),
    constraint credit_entries_amount_check check (case when kind in ('allowance', 'top_up', 'promotional') then amount > 0 else amount < 0 end),
    constraint credit_entries_balance_check check (balance >= 0 and held between 0 and balance),
    constraint credit_entries_key_check check ((kind = 'consume') = (key is not null) and length(key) between 1 and 200),
    constraint credit_entries_note_check check (length(note) <= 500)
);
create unique index credit_entries_key on tijori.credit_entries (account_id, key) where key is not null;
alter table tijori.credit_entries enable row level security;
alter table tijori.credit_entries force row level security;
call tijori_access.open_to_app('tijori.credit_entries', 'select', 'account', 'owns');
create policy credit_entries_select_guard on tijori.credit_entries for select to tijori_guard using (true);
create policy credit_entries_insert_guard on tijori.credit_entries for insert to tijori_guard with check (true);
call tijori_access.open_to_billing('tijori.credit_entries', 'select');
grant select on tijori.credit_entries to tijori_app;
grant select, insert on tijori.credit_entries to tijori_guard;
grant select on tijori.credit_entries to tijori_billing;

-- Additions of credits, never changed: what, why, until when. key says what a grant is for (a period, a payment, an
-- operator's own id), so the same thing is granted once. For an allowance, source and period say which month or day of
-- which subscription, and level how much that period has been given with it: an upgrade in between adds the difference.
create table tijori.credit_grants (
    account_id uuid not null,
    id uuid not null,
    meter text not null,
    kind text not null,
    amount bigint not null,
    priority integer not null,
    expires_at timestamptz not null default 'infinity',
    key text not null,
    reason text not null default '',
    granted_by text not null,
    source text,
    period integer,
    level bigint,
    created_at timestamptz not null,
    constraint credit_grants_pkey primary key (account_id, id),
    constraint credit_grants_key unique (account_id, key),
    constraint credit_grants_period_key unique (account_id, meter, source, period, level),
    constraint credit_grants_balance_fkey foreign key (account_id, meter) references tijori.credit_balances (account_id, meter),
    constraint credit_grants_kind_check check (kind in ('allowance', 'top_up', 'promotional')),
    constraint credit_grants_amount_check check (amount between 1 and 1000000000000),
    constraint credit_grants_priority_check check (priority between 0 and 1000),
    constraint credit_grants_key_check check (length(key) between 1 and 300),
    constraint credit_grants_reason_check check (length(reason) <= 500 and (kind <> 'promotional' or reason <> '')),
    constraint credit_grants_allowance_check check ((kind = 'allowance') = (source is not null) and (source is null) = (period is null) and (source is null) = (level is null))
);
alter table tijori.credit_grants enable row level security;
alter table tijori.credit_grants force row level security;
call tijori_access.open_to_app('tijori.credit_grants', 'select', 'account', 'owns');
create policy credit_grants_select_guard on tijori.credit_grants for select to tijori_guard using (true);
create policy credit_grants_insert_guard on tijori.credit_grants for insert to tijori_guard with check (true);
call tijori_access.open_to_billing('tijori.credit_grants', 'select');
grant select on tijori.credit_grants to tijori_app;
grant select, insert on tijori.credit_grants to tijori_guard;
grant select on tijori.credit_grants to tijori_billing;

-- What is left of grants that wait for their turn; the one whose turn it is stands in the balance row. An empty lot is
-- no row. Burn order: lower priority first, then what ends earlier, then what was granted earlier.
create table tijori.credit_lots (
    account_id uuid not null,
    meter text not null,
    grant_id uuid not null,
    priority integer not null,
    expires_at timestamptz not null,
    lot_left bigint not null,
    constraint credit_lots_pkey primary key (account_id, meter, grant_id),
    constraint credit_lots_grant_fkey foreign key (account_id, grant_id) references tijori.credit_grants (account_id, id),
    constraint credit_lots_left_check check (lot_left > 0)
);
alter table tijori.credit_lots enable row level security;
alter table tijori.credit_lots force row level security;
create policy credit_lots_select_guard on tijori.credit_lots for select to tijori_guard using (true);
create policy credit_lots_insert_guard on tijori.credit_lots for insert to tijori_guard with check (true);
create policy credit_lots_update_guard on tijori.credit_lots for update to tijori_guard using (true) with check (true);
create policy credit_lots_delete_guard on tijori.credit_lots for delete to tijori_guard using (true);
call tijori_access.open_to_billing('tijori.credit_lots', 'select');
grant select, insert, delete on tijori.credit_lots to tijori_guard;
grant update (lot_left) on tijori.credit_lots to tijori_guard;
grant select on tijori.credit_lots to tijori_billing;

-- Credits set aside for work that is under way. A hold ends once: captured (all or part; the rest comes back),
-- released, or expired by itself. lots and parts say which grants it was taken from; available is what could be spent
-- after it was made, so the first answer can be given again. While a hold is open its credits do not expire. No foreign
-- key, for the same reason as with entries. The id is made from account and idempotency key, so that its primary key is
-- what makes a hold once.
create table tijori.credit_holds (
    account_id uuid not null,
    id uuid not null,
    meter text not null,
    amount bigint not null,
    status text not null,
    key text not null,
    note text not null default '',
    seconds integer not null,
    lots uuid[] not null,
    parts bigint[] not null,
    available bigint not null,
    captured bigint,
    entry bigint,
    left_after bigint,
    credential_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint credit_holds_pkey primary key (account_id, id),
    constraint credit_holds_amount_check check (amount between 1 and 1000000000000),
    constraint credit_holds_status_check check (status in ('open', 'captured', 'released', 'expired')),
    constraint credit_holds_captured_check check ((status = 'captured') = (captured is not null) and captured between 1 and amount),
    constraint credit_holds_ended_check check ((status = 'open') = (ended_at is null)),
    constraint credit_holds_key_check check (length(key) between 1 and 200),
    constraint credit_holds_note_check check (length(note) <= 500)
) with (fillfactor = 60);
create index credit_holds_open_idx on tijori.credit_holds (account_id, meter, expires_at) where status = 'open';
alter table tijori.credit_holds enable row level security;
alter table tijori.credit_holds force row level security;
call tijori_access.open_to_app('tijori.credit_holds', 'select', 'account', 'owns');
create policy credit_holds_select_guard on tijori.credit_holds for select to tijori_guard using (true);
create policy credit_holds_insert_guard on tijori.credit_holds for insert to tijori_guard with check (true);
create policy credit_holds_update_guard on tijori.credit_holds for update to tijori_guard using (true) with check (true);
call tijori_access.open_to_billing('tijori.credit_holds', 'select');
grant select on tijori.credit_holds to tijori_app;
grant select, insert on tijori.credit_holds to tijori_guard;
grant update (status, captured, entry, left_after, ended_at) on tijori.credit_holds to tijori_guard;
grant select on tijori.credit_holds to tijori_billing;

-- +goose StatementBegin
-- tijori_credits.settle_credits(account, meter, at) does what time has brought to a balance that the caller has locked: holds that
-- have ended give back, lots that have ended expire, and the lot that burns first moves into the balance row.
create function tijori_credits.settle_credits(account uuid, unit text, at timestamptz) returns void
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
        perform tijori_credits.return_credits(account, unit, h.lots, h.parts, h.amount);
    end loop;
    if b.lot_left > 0 then
        perform tijori_credits.return_credits(account, unit, array[b.lot_grant], array[b.lot_left], b.lot_left);
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
    select t.grant_id, t.lot_left into b.lot_grant, b.lot_left from tijori_credits.take_lot(account, unit) t;
    update tijori.credit_balances c
       set balance = b.balance, held = b.held, entries = b.entries, lot_grant = b.lot_grant, lot_left = coalesce(b.lot_left, 0), due_at = b.due_at
     where c.account_id = account and c.meter = unit;
end $$;

-- tijori_credits.take_lot(account, meter) takes the lot that burns first out of those that wait; nulls when none does.
create function tijori_credits.take_lot(account uuid, unit text, out grant_id uuid, out lot_left bigint)
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

-- tijori_credits.return_credits(account, meter, lots, parts, total) puts credits back among the lots that wait: the last taken first.
create function tijori_credits.return_credits(account uuid, unit text, lots uuid[], parts bigint[], total bigint) returns void
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

-- tijori_credits.grant_credits(...) adds credits to an account once for each key, and returns the grant's id: the first one's when
-- the key was used. A key that was used for something else raises credit_grants_key. Operators must give a reason.
create function tijori_credits.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint, burn integer, until timestamptz,
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
    perform tijori_credits.settle_credits(account, unit, at);
    return new_id;
end $$;

-- tijori_credits.sweep_credits(most) settles balances whose time has come, on one node each, and returns how many.
create function tijori_credits.sweep_credits(most integer) returns integer
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    at timestamptz := tijori_ops.clock();
    b record;
    n integer := 0;
begin
    for b in
        select c.account_id, c.meter from tijori.credit_balances c where c.due_at <= at order by c.due_at limit most for update skip locked
    loop
        perform tijori_credits.settle_credits(b.account_id, b.meter, at);
        n := n + 1;
    end loop;
    return n;
end $$;
-- +goose StatementEnd
alter function tijori_credits.settle_credits(uuid, text, timestamptz) owner to tijori_guard;
alter function tijori_credits.take_lot(uuid, text) owner to tijori_guard;
alter function tijori_credits.return_credits(uuid, text, uuid[], bigint[], bigint) owner to tijori_guard;
alter function tijori_credits.grant_credits(uuid, text, uuid, text, bigint, integer, timestamptz, text, text, text, text, integer, bigint, timestamptz) owner to tijori_guard;
alter function tijori_credits.sweep_credits(integer) owner to tijori_guard;
revoke all on function tijori_credits.settle_credits(uuid, text, timestamptz), tijori_credits.take_lot(uuid, text), tijori_credits.return_credits(uuid, text, uuid[], bigint[], bigint),
    tijori_credits.grant_credits(uuid, text, uuid, text, bigint, integer, timestamptz, text, text, text, text, integer, bigint, timestamptz), tijori_credits.sweep_credits(integer) from public;
grant execute on function tijori_credits.grant_credits(uuid, text, uuid, text, bigint, integer, timestamptz, text, text, text, text, integer, bigint, timestamptz), tijori_credits.sweep_credits(integer) to tijori_billing;

-- When an account's next allowance of a meter comes, and how much: what a program is told when it has run out. Written
-- by the calendar (package credits), which takes the row's lock before it grants, so several nodes never do it at once.
-- worked_to and sources say up to when it has been worked, and which plans were in force then.
create table tijori.credit_calendars (
    account_id uuid not null,
    app_id text not null,
    meter text not null,
    next_at timestamptz,
    next_amount bigint,
    due_at timestamptz not null,
    worked_to timestamptz not null,
    sources text[] not null default '{}',
    constraint credit_calendars_pkey primary key (account_id, meter),
    constraint credit_calendars_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_calendars_meter_fkey check (true),
    constraint credit_calendars_next_check check ((next_at is null) = (next_amount is null))
);
create index credit_calendars_due_idx on tijori.credit_calendars (due_at);
alter table tijori.credit_calendars enable row level security;
alter table tijori.credit_calendars force row level security;
call tijori_access.open_to_app('tijori.credit_calendars', 'select', 'account', 'owns');
create policy credit_calendars_select_guard on tijori.credit_calendars for select to tijori_guard using (true);
call tijori_access.open_to_billing('tijori.credit_calendars', 'select');
call tijori_access.open_to_billing('tijori.credit_calendars', 'insert');
call tijori_access.open_to_billing('tijori.credit_calendars', 'update');
grant select (account_id, meter, next_at, next_amount) on tijori.credit_calendars to tijori_app;
grant select on tijori.credit_calendars to tijori_guard;
grant select, insert on tijori.credit_calendars to tijori_billing;
grant update (next_at, next_amount, due_at, worked_to, sources) on tijori.credit_calendars to tijori_billing;

-- The calendar finds subscriptions that have changed since.
-- on tijori.subscriptions (changed_at, account_id); -- with the account, so that EXPLAIN as tijori_app counts nobody else

-- The instant from which an account's months are counted, for the free plan and for each subscription: written once, when
-- it is first seen to grant, so that an anchor on the 31st is the 31st again after February.
create table tijori.credit_anchors (
    account_id uuid not null,
    source text not null,
    anchor timestamptz not null,
    constraint credit_anchors_pkey primary key (account_id, source),
    constraint credit_anchors_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_anchors_source_check check (length(source) between 1 and 300)
);
alter table tijori.credit_anchors enable row level security;
alter table tijori.credit_anchors force row level security;
call tijori_access.open_to_billing('tijori.credit_anchors', 'select');
call tijori_access.open_to_billing('tijori.credit_anchors', 'insert');
grant select, insert on tijori.credit_anchors to tijori_billing;

-- +goose StatementBegin
-- tijori_credits.spend_credits(...) is the hot path: what many programs ask at the same moment, done in one transaction, each with an
-- answer of its own, in the order of the arrays within an account. It takes hashes of API keys and looks the accounts up
-- itself: who calls it never names an account. A request is consume (key, meter, amount, note), hold (the same, and how
-- many seconds), capture (id; amount 0 is all) or release (id).
--
-- Outcomes: ok; repeated (the first answer again); conflict (the key or the hold was used for something else);
-- insufficient (nothing written; what is there, when the next allowance comes); not_found; gone (the hold has ended);
-- too_much (more than the hold); forbidden (the key lacks the scope); unauthorized. Locks come first, in one order over
-- all accounts; every answer, a repeated one too, is given under the account's lock. The same key or hold twice in one
-- call is the caller's mistake: it raises, and nothing is done.
create function tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[], notes text[], ids uuid[], seconds integer[])
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
           and exists (select from tijori.members m where m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null and exists (select from tijori.roles r where r.role = m.role and r.owns))
      ) k on true;
    for r in
        select c.due_at from tijori.credit_balances c
         where c.account_id = any (accounts) order by c.account_id, c.meter for update
    loop
        first := least(first, r.due_at);
    end loop;
    -- The time is taken under the locks: what comes later to an account happens later.
    at := clock_timestamp() + (tijori_ops.clock() - now());
    if first <= at then
        for r in
            select c.account_id, c.meter from tijori.credit_balances c where c.account_id = any (accounts) and c.due_at <= at order by c.account_id, c.meter
        loop
            perform tijori_credits.settle_credits(r.account_id, r.meter, at);
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
                select t.grant_id, t.lot_left into b.lot_grant, b.lot_left from tijori_credits.take_lot(r.account, r.meter) t;
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
                        perform tijori_credits.return_credits(r.account, r.meter, array[r.o_lots[j]], array[r.o_parts[j]], least(rest, r.o_parts[j]));
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
                    perform tijori_credits.settle_credits(b.account_id, b.meter, at);
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
alter function tijori_credits.spend_credits(bytea[], text[], text[], bigint[], text[], text[], uuid[], integer[]) owner to tijori_guard;
revoke all on function tijori_credits.spend_credits(bytea[], text[], text[], bigint[], text[], text[], uuid[], integer[]) from public;
grant execute on function tijori_credits.spend_credits(bytea[], text[], text[], bigint[], text[], text[], uuid[], integer[]) to tijori_app;

-- +goose StatementBegin
-- tijori_credits.my_credits() is what the account of the API key that asks has of each meter: settled in mind, if not in the rows: what
-- has ended by now is not counted.
create function tijori_credits.my_credits() returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := tijori_access.key_account('credits:read');
begin
    return query
    select m.id, m.name, coalesce(v.available, 0), coalesce(v.held, 0), c.next_at, c.next_amount
      from tijori.meters m
      left join lateral tijori_credits.credits_now(mine, m.id) v on true
      left join tijori.credit_calendars c on c.account_id = mine and c.meter = m.id
     order by m.id;
end $$;

-- tijori_credits.credits_now(account, meter) is what there is by the service clock, whether or not anything has settled the row yet.
create function tijori_credits.credits_now(account uuid, unit text, out available bigint, out held bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    at timestamptz := tijori_ops.clock();
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

-- tijori_credits.my_credit_entries(...) is a page of entries of one meter of the account of the API key that asks, the newest first.
create function tijori_credits.my_credit_entries(unit text, before bigint, most integer)
    returns table (number bigint, kind text, amount bigint, balance bigint, key text, note text, grant_id uuid, hold_id uuid, created_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := tijori_access.key_account('credits:read');
begin
    return query
    select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
      from tijori.credit_entries e
     where e.account_id = mine and e.meter = unit and e.number < before
     order by e.number desc limit least(most, 200);
end $$;

-- tijori_credits.my_credits_left() is what the caller's own account has, for its owner: the same as tijori_credits.my_credits(), for pages.
create function tijori_credits.my_credits_left() returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    return query
    select m.id, m.name, coalesce(v.available, 0), coalesce(v.held, 0), c.next_at, c.next_amount
      from tijori.meters m
      left join lateral tijori_credits.credits_now(mine, m.id) v on true
      left join tijori.credit_calendars c on c.account_id = mine and c.meter = m.id
     where mine is not null
     order by m.id;
end $$;
-- +goose StatementEnd
alter function tijori_credits.my_credits() owner to tijori_guard;
alter function tijori_credits.credits_now(uuid, text) owner to tijori_guard;
alter function tijori_credits.my_credit_entries(text, bigint, integer) owner to tijori_guard;
alter function tijori_credits.my_credits_left() owner to tijori_guard;
revoke all on function tijori_credits.my_credits(), tijori_credits.credits_now(uuid, text), tijori_credits.my_credit_entries(text, bigint, integer), tijori_credits.my_credits_left() from public;
grant execute on function tijori_credits.my_credits(), tijori_credits.my_credit_entries(text, bigint, integer), tijori_credits.my_credits_left() to tijori_app;

-- The checks of the step before, which older rows fulfil: only reading locks are taken.




-- +goose StatementBegin
-- tijori_credits.take_back_credits(account, meter, grant, most, why, at) takes back what is left of one grant, at most so much, and
-- returns how many that were. What is spent stays spent, what is held stays held, and other grants are not touched.
create function tijori_credits.take_back_credits(account uuid, unit text, lot uuid, most bigint, why text, at timestamptz) returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    b tijori.credit_balances;
    part bigint;
begin
    if most <= 0 then
        return 0;
    end if;
    perform tijori_credits.settle_credits(account, unit, at);
    select * into strict b from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    if b.lot_grant = lot then
        part := least(most, b.lot_left);
        b.lot_left := b.lot_left - part;
    else
        select least(most, c.lot_left) into part from tijori.credit_lots c where c.account_id = account and c.meter = unit and c.grant_id = lot;
        delete from tijori.credit_lots c where c.account_id = account and c.meter = unit and c.grant_id = lot and c.lot_left = part;
        update tijori.credit_lots c set lot_left = c.lot_left - part where c.account_id = account and c.meter = unit and c.grant_id = lot;
    end if;
    if coalesce(part, 0) = 0 then
        return 0;
    end if;
    update tijori.credit_balances c set balance = c.balance - part, entries = c.entries + 1, lot_left = b.lot_left
     where c.account_id = account and c.meter = unit
    returning * into b;
    insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
    values (account, unit, b.entries, 'take_back', -part, b.balance, b.held, why, lot, at);
    perform tijori_credits.settle_credits(account, unit, at);
    return part;
end $$;
-- +goose StatementEnd
alter function tijori_credits.take_back_credits(uuid, text, uuid, bigint, text, timestamptz) owner to tijori_guard;
revoke all on function tijori_credits.take_back_credits(uuid, text, uuid, bigint, text, timestamptz) from public;
grant execute on function tijori_credits.take_back_credits(uuid, text, uuid, bigint, text, timestamptz) to tijori_billing;
