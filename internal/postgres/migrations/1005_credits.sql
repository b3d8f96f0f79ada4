-- +goose Up
-- compatible from: 1001
-- Credits: what accounts have of each meter and every change of it, the grants that add to it, the holds that set some
-- aside, the calendar of allowances, and the one function that spends.

-- What an account has of a meter: one row, which is also the lock under which its credits change. balance is the sum of
-- its entries, held is what open holds have set aside, and balance - held can be spent. The row carries the lot that
-- burns first (lot_grant, with lot_left in it), so that spending touches this row alone as long as that lot lasts. The
-- others wait in credit_lots: balance - held = lot_left + the sum of those that wait. From due_at on, something has
-- ended or the lots must be put in order again, and settle_credits comes before anything is spent.
create table tijori.credit_balances (
    account_id uuid not null,
    meter text not null,
    app_id text not null,
    balance bigint not null default 0,
    held bigint not null default 0,
    entries bigint not null default 0,
    lot_grant uuid,
    lot_left bigint not null default 0,
    due_at timestamptz not null default 'infinity',
    constraint credit_balances_pkey primary key (account_id, meter),
    constraint credit_balances_account_fkey foreign key (account_id, app_id)
        references tijori.accounts (account_id, app_id),
    constraint credit_balances_meter_fkey foreign key (app_id, meter) references tijori.meters (app_id, id),
    constraint credit_balances_balance_check check (balance >= 0),
    constraint credit_balances_held_check check (held between 0 and balance),
    constraint credit_balances_lot_check
        check (lot_left between 0 and balance - held and (lot_grant is not null or lot_left = 0))
) with (fillfactor = 50);
create index credit_balances_due_idx on tijori.credit_balances (due_at);
call tijori_access.protect('tijori.credit_balances');
call tijori_access.open_to_app('tijori.credit_balances', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.credit_balances', 'tijori_guard', 'select', 'insert', 'update');
call tijori_access.open_to_billing('tijori.credit_balances', 'select');
grant select (account_id, meter, balance, held, entries) on tijori.credit_balances to tijori_app;
grant select, insert, update on tijori.credit_balances to tijori_guard;
grant select on tijori.credit_balances to tijori_billing;

-- Every change of a balance, numbered without a gap within account and meter, in the order in which the changes were
-- committed. Append-only: nobody may change or delete one. balance and held are what there was after it, so that the
-- answer to a request can be given again. A consume carries the program's idempotency key. There is no foreign key:
-- only the functions below write here, while they hold the lock on the balance row, and checking a reference for each
-- row would cost a third of the speed.
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
    constraint credit_entries_kind_check
        check (kind in ('allowance', 'top_up', 'promotional', 'consume', 'capture', 'expire', 'take_back', 'give_back')),
    constraint credit_entries_amount_check
        check (case when kind in ('allowance', 'top_up', 'promotional', 'give_back') then amount > 0
                    else amount < 0 end),
    constraint credit_entries_balance_check check (balance >= 0 and held between 0 and balance),
    constraint credit_entries_key_check
        check ((kind = 'consume') = (key is not null) and length(key) between 1 and 200),
    constraint credit_entries_note_check check (length(note) <= 500)
);
create unique index credit_entries_key on tijori.credit_entries (account_id, key) where key is not null;
call tijori_access.protect('tijori.credit_entries');
call tijori_access.open_to_app('tijori.credit_entries', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.credit_entries', 'tijori_guard', 'select', 'insert');
call tijori_access.open_to_billing('tijori.credit_entries', 'select');
grant select on tijori.credit_entries to tijori_app;
grant select, insert on tijori.credit_entries to tijori_guard;
grant select on tijori.credit_entries to tijori_billing;

-- Additions of credits, never changed: what, why and until when. key says what a grant is for (a period, a payment, an
-- operator's own id), so that the same thing is granted once. For an allowance, source and period say which month or
-- day of which subscription it is for, and level how much that period has been given with it: an upgrade in between
-- adds the difference.
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
    constraint credit_grants_balance_fkey foreign key (account_id, meter)
        references tijori.credit_balances (account_id, meter),
    constraint credit_grants_kind_check check (kind in ('allowance', 'top_up', 'promotional')),
    constraint credit_grants_amount_check check (amount between 1 and 1000000000000),
    constraint credit_grants_priority_check check (priority between 0 and 1000),
    constraint credit_grants_key_check check (length(key) between 1 and 300),
    constraint credit_grants_reason_check check (length(reason) <= 500 and (kind <> 'promotional' or reason <> '')),
    constraint credit_grants_allowance_check check (
        (kind = 'allowance') = (source is not null)
        and (source is null) = (period is null) and (source is null) = (level is null))
);
call tijori_access.protect('tijori.credit_grants');
call tijori_access.open_to_app('tijori.credit_grants', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.credit_grants', 'tijori_guard', 'select', 'insert');
call tijori_access.open_to_billing('tijori.credit_grants', 'select');
grant select on tijori.credit_grants to tijori_app;
grant select, insert on tijori.credit_grants to tijori_guard;
grant select on tijori.credit_grants to tijori_billing;

-- What is left of grants that wait for their turn; the one whose turn it is stands in the balance row. An empty lot has
-- no row. Burn order: the lower priority first, then what ends earlier, then what was granted earlier.
create table tijori.credit_lots (
    account_id uuid not null,
    meter text not null,
    grant_id uuid not null,
    priority integer not null,
    expires_at timestamptz not null,
    lot_left bigint not null,
    constraint credit_lots_pkey primary key (account_id, meter, grant_id),
    constraint credit_lots_grant_fkey foreign key (account_id, grant_id)
        references tijori.credit_grants (account_id, id),
    constraint credit_lots_left_check check (lot_left > 0)
);
call tijori_access.protect('tijori.credit_lots');
call tijori_access.open_to('tijori.credit_lots', 'tijori_guard', 'select', 'insert', 'update', 'delete');
call tijori_access.open_to_billing('tijori.credit_lots', 'select');
grant select, insert, delete on tijori.credit_lots to tijori_guard;
grant update (lot_left) on tijori.credit_lots to tijori_guard;
grant select on tijori.credit_lots to tijori_billing;

-- How many credits of a grant are to be taken back in all, because the money for it was given back or lost, and how many
-- of these have been. As long as some are lacking, nothing of the grant can be spent: what comes back from a hold is taken
-- before it reaches a lot that burns. What is spent is never got back.
create table tijori.credit_reclaims (
    account_id uuid not null,
    meter text not null,
    grant_id uuid not null,
    total bigint not null,
    taken bigint not null default 0,
    why text not null,
    constraint credit_reclaims_pkey primary key (account_id, meter, grant_id),
    constraint credit_reclaims_grant_fkey foreign key (account_id, grant_id)
        references tijori.credit_grants (account_id, id),
    constraint credit_reclaims_taken_check check (taken between 0 and total)
);
call tijori_access.protect('tijori.credit_reclaims');
call tijori_access.open_to('tijori.credit_reclaims', 'tijori_guard', 'select', 'insert', 'update');
call tijori_access.open_to_billing('tijori.credit_reclaims', 'select');
grant select, insert on tijori.credit_reclaims to tijori_guard;
grant update (total, taken, why) on tijori.credit_reclaims to tijori_guard;
grant select on tijori.credit_reclaims to tijori_billing;

-- Credits set aside for work that is under way. A hold ends once: captured (all or part; the rest comes back),
-- released, or expired by itself. attempt names the one caller that may do the work: whoever asks for the same hold
-- again with another one is told what became of it. lots and parts say which grants it was taken from; available is
-- what could be spent after it was made, so that the first answer can be given again. While a hold is open its credits do not expire. There
-- is no foreign key, for the same reason as with entries. The id is made from account and idempotency key, so that the
-- primary key is what makes a hold once.
create table tijori.credit_holds (
    account_id uuid not null,
    id uuid not null,
    meter text not null,
    amount bigint not null,
    status text not null,
    key text not null,
    note text not null default '',
    seconds integer not null,
    attempt uuid not null,
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
    constraint credit_holds_captured_check
        check ((status = 'captured') = (captured is not null) and captured between 1 and amount),
    constraint credit_holds_ended_check check ((status = 'open') = (ended_at is null)),
    constraint credit_holds_key_check check (length(key) between 1 and 200),
    constraint credit_holds_note_check check (length(note) <= 500)
) with (fillfactor = 60);
create index credit_holds_open_idx on tijori.credit_holds (account_id, meter, expires_at) where status = 'open';
call tijori_access.protect('tijori.credit_holds');
call tijori_access.open_to_app('tijori.credit_holds', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.credit_holds', 'tijori_guard', 'select', 'insert', 'update');
call tijori_access.open_to_billing('tijori.credit_holds', 'select');
grant select on tijori.credit_holds to tijori_app;
grant select, insert on tijori.credit_holds to tijori_guard;
grant update (status, captured, entry, left_after, ended_at) on tijori.credit_holds to tijori_guard;
grant select on tijori.credit_holds to tijori_billing;

-- When an account's next allowance of a meter comes, and how much: what a program that has run out is answered. Written
-- by the calendar (package credits), which locks the row before it grants, so that several nodes never grant at once.
-- worked_to and sources say up to when it has been worked, and which plans were in force then.
create table tijori.credit_calendars (
    account_id uuid not null,
    meter text not null,
    app_id text not null,
    next_at timestamptz,
    next_amount bigint,
    due_at timestamptz not null,
    worked_to timestamptz not null,
    sources text[] not null default '{}',
    constraint credit_calendars_pkey primary key (account_id, meter),
    constraint credit_calendars_account_fkey foreign key (account_id, app_id)
        references tijori.accounts (account_id, app_id),
    constraint credit_calendars_meter_fkey foreign key (app_id, meter) references tijori.meters (app_id, id),
    constraint credit_calendars_next_check check ((next_at is null) = (next_amount is null))
);
create index credit_calendars_due_idx on tijori.credit_calendars (due_at);
call tijori_access.protect('tijori.credit_calendars');
call tijori_access.open_to_app('tijori.credit_calendars', 'select', 'account', 'owns');
call tijori_access.open_to('tijori.credit_calendars', 'tijori_guard', 'select');
call tijori_access.open_to_billing('tijori.credit_calendars', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.credit_calendars');
grant select (account_id, meter, next_at, next_amount) on tijori.credit_calendars to tijori_app;
grant select on tijori.credit_calendars to tijori_guard;
grant select, insert on tijori.credit_calendars to tijori_billing;
grant update (next_at, next_amount, due_at, worked_to, sources) on tijori.credit_calendars to tijori_billing;

-- The instant from which an account's months are counted, for the default plan and for each subscription: written once,
-- when it is first seen to grant, so that an anchor on the 31st is the 31st again after February.
create table tijori.credit_anchors (
    account_id uuid not null,
    source text not null,
    anchor timestamptz not null,
    constraint credit_anchors_pkey primary key (account_id, source),
    constraint credit_anchors_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint credit_anchors_source_check check (length(source) between 1 and 300)
);
call tijori_access.protect('tijori.credit_anchors');
call tijori_access.open_to_billing('tijori.credit_anchors', 'select', 'insert');
grant select, insert on tijori.credit_anchors to tijori_billing;

-- A purse is the balance of one account and meter while a call of spend_credits works on it, and what the request that
-- it worked last has come to. It is written back once, however many requests there are.
create type tijori_credits.purse as (
    -- The row of credit_balances, as it will be.
    account_id uuid,
    meter text,
    balance bigint,
    held bigint,
    entries bigint,
    lot_grant uuid,
    lot_left bigint,
    due_at timestamptz,
    -- The answer: what spend_credits returns under these names.
    outcome text,
    number bigint,
    available bigint,
    captured bigint,
    expires_at timestamptz,
    -- Which grants the request took from, and how much from each.
    lots uuid[],
    parts bigint[]
);

-- A request is what one element of each of spend_credits's arrays asks, with what the tables know of it. The query of
-- spend_credits that fills it selects its columns in this order.
create type tijori_credits.request as (
    i integer,
    op text,
    account_id uuid, -- null where the key is not good for this
    credential_id uuid, -- null where there is no such key
    meter text, -- of a capture or a release: the hold's
    amount bigint,
    key text,
    note text,
    id uuid, -- of the hold that is to be made or that is named
    seconds integer,
    attempt uuid, -- of a hold: who may do the work
    -- The balance, nulls if the account has none.
    balance bigint,
    held bigint,
    entries bigint,
    lot_grant uuid,
    lot_left bigint,
    due_at timestamptz,
    -- The entry that a consume with this key has made, nulls if none has.
    entry_number bigint,
    entry_meter text,
    entry_amount bigint,
    entry_note text,
    entry_available bigint,
    -- The hold, nulls if there is none.
    hold_id uuid,
    hold_meter text,
    hold_status text,
    hold_key text,
    hold_amount bigint,
    hold_note text,
    hold_seconds integer,
    hold_available bigint,
    hold_lots uuid[],
    hold_parts bigint[],
    hold_captured bigint,
    hold_entry bigint,
    hold_left_after bigint,
    hold_expires_at timestamptz,
    hold_attempt uuid
);

-- What the functions share. None of these has a SET clause or is a definer's: both cost more than most of them do. They
-- belong to tijori_guard and are granted to nobody, so that they are reached only through the definer functions below,
-- whose search_path and planner settings they run with.
-- +goose StatementBegin
-- tijori_credits.settle_credits(account, meter, at) does what time has brought to a balance that the caller has locked:
-- holds that have ended give back, lots that have ended expire, what is to be taken back is taken, and the lot that
-- burns first moves into the balance row.
create function tijori_credits.settle_credits(account uuid, unit text, at timestamptz) returns void
    language plpgsql volatile
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
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, grant_id, created_at)
        values (account, unit, b.entries, 'expire', -l.lot_left, b.balance, b.held, l.grant_id, at);
    end loop;
    for l in
        select r.grant_id, r.why, c.lot_left, least(c.lot_left, r.total - r.taken) as part
          from tijori.credit_reclaims r
          join tijori.credit_lots c
            on c.account_id = r.account_id and c.meter = r.meter and c.grant_id = r.grant_id
         where r.account_id = account and r.meter = unit and r.taken < r.total
    loop
        b.entries := b.entries + 1;
        b.balance := b.balance - l.part;
        if l.part = l.lot_left then
            delete from tijori.credit_lots c
             where c.account_id = account and c.meter = unit and c.grant_id = l.grant_id;
        else
            update tijori.credit_lots c set lot_left = c.lot_left - l.part
             where c.account_id = account and c.meter = unit and c.grant_id = l.grant_id;
        end if;
        update tijori.credit_reclaims c set taken = c.taken + l.part
         where c.account_id = account and c.meter = unit and c.grant_id = l.grant_id;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
        values (account, unit, b.entries, 'take_back', -l.part, b.balance, b.held, l.why, l.grant_id, at);
    end loop;
    select least((select min(c.expires_at) from tijori.credit_lots c where c.account_id = account and c.meter = unit),
                 (select min(c.expires_at) from tijori.credit_holds c
                   where c.account_id = account and c.meter = unit and c.status = 'open'),
                 'infinity')
      into b.due_at;
    select t.grant_id, t.lot_left into b.lot_grant, b.lot_left from tijori_credits.take_lot(account, unit) t;
    update tijori.credit_balances c
       set balance = b.balance, held = b.held, entries = b.entries,
           lot_grant = b.lot_grant, lot_left = coalesce(b.lot_left, 0), due_at = b.due_at
     where c.account_id = account and c.meter = unit;
end $$;

-- tijori_credits.take_lot(account, meter) takes the lot that burns first out of those that wait; nulls if none does.
create function tijori_credits.take_lot(account uuid, unit text, out grant_id uuid, out lot_left bigint)
    language plpgsql volatile
    as $$
begin
    delete from tijori.credit_lots c
     where c.account_id = account and c.meter = unit and c.grant_id = (
        select w.grant_id from tijori.credit_lots w
         where w.account_id = account and w.meter = unit
         order by w.priority, w.expires_at, w.grant_id limit 1)
    returning c.grant_id, c.lot_left into take_lot.grant_id, take_lot.lot_left;
end $$;

-- tijori_credits.return_credits(account, meter, lots, parts, total) puts credits back among the lots that wait. What
-- was taken last comes back first.
create function tijori_credits.return_credits(account uuid, unit text, lots uuid[], parts bigint[], total bigint)
    returns void
    language plpgsql volatile
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

-- tijori_credits.burn(purse, credits) takes credits, which the caller knows to be there, out of the lot whose turn it
-- is and then out of those that wait.
create function tijori_credits.burn(p tijori_credits.purse, credits bigint) returns tijori_credits.purse
    language plpgsql volatile
    as $$
declare
    rest bigint := credits;
    part bigint;
begin
    p.lots := '{}';
    p.parts := '{}';
    loop
        part := least(rest, p.lot_left);
        if part > 0 then
            p.lots := p.lots || p.lot_grant;
            p.parts := p.parts || part;
            p.lot_left := p.lot_left - part;
            rest := rest - part;
        end if;
        exit when rest = 0;
        select t.grant_id, t.lot_left into p.lot_grant, p.lot_left
          from tijori_credits.take_lot(p.account_id, p.meter) t;
        if p.lot_grant is null then
            raise exception 'the lots of account % do not add up to its balance', p.account_id;
        end if;
    end loop;
    return p;
end $$;

-- tijori_credits.give_back(purse, request, credits) ends the hold that a request names: it is held no more, and so much
-- of it returns to the lots that it was taken from, the last one first. When a lot that waits gets something, the purse
-- is due: which lot burns first, and what has ended meanwhile, must be found again.
create function tijori_credits.give_back(p tijori_credits.purse, r tijori_credits.request, credits bigint)
    returns tijori_credits.purse
    language plpgsql volatile
    as $$
declare
    rest bigint := credits;
    part bigint;
begin
    p.held := p.held - r.hold_amount;
    for j in reverse cardinality(r.hold_lots) .. 1 loop
        exit when rest = 0;
        part := least(rest, r.hold_parts[j]);
        rest := rest - part;
        if r.hold_lots[j] = p.lot_grant then
            p.lot_left := p.lot_left + part;
        else
            perform tijori_credits.return_credits(p.account_id, p.meter, array[r.hold_lots[j]], array[part], part);
            p.due_at := '-infinity';
        end if;
    end loop;
    return p;
end $$;

-- tijori_credits.settle_purse(purse, at, early) is settle_credits for a purse that is due in the middle of a call. Of
-- the holds that the call has made and not written yet, the first ends at early.
create function tijori_credits.settle_purse(p tijori_credits.purse, at timestamptz, early timestamptz)
    returns tijori_credits.purse
    language plpgsql volatile
    as $$
begin
    update tijori.credit_balances c
       set balance = p.balance, held = p.held, entries = p.entries,
           lot_grant = p.lot_grant, lot_left = p.lot_left, due_at = p.due_at
     where c.account_id = p.account_id and c.meter = p.meter;
    perform tijori_credits.settle_credits(p.account_id, p.meter, at);
    select c.balance, c.held, c.entries, c.lot_grant, c.lot_left, least(c.due_at, early)
      into strict p.balance, p.held, p.entries, p.lot_grant, p.lot_left, p.due_at
      from tijori.credit_balances c where c.account_id = p.account_id and c.meter = p.meter;
    p.available := p.balance - p.held;
    return p;
end $$;
-- +goose StatementEnd

-- The four verbs. Each takes the purse as it stands and a request, and returns the purse as it stands then with the
-- answer in it. An answer that is ok and has a number stands for an entry of that number, which spend_credits writes.
-- +goose StatementBegin
-- tijori_credits.consume(purse, request) spends at once.
create function tijori_credits.consume(p tijori_credits.purse, r tijori_credits.request) returns tijori_credits.purse
    language plpgsql volatile
    as $$
begin
    if r.entry_number is not null then
        p.outcome := case when r.entry_meter = r.meter and r.entry_amount = -r.amount and r.entry_note = r.note
                          then 'repeated' else 'conflict' end;
        p.number := r.entry_number;
        p.available := r.entry_available;
        return p;
    end if;
    if p.balance - p.held < r.amount then
        p.outcome := 'insufficient';
    else
        if r.amount <= p.lot_left then
            p.lot_left := p.lot_left - r.amount;
        else
            p := tijori_credits.burn(p, r.amount);
        end if;
        p.balance := p.balance - r.amount;
        p.entries := p.entries + 1;
        p.number := p.entries;
        p.outcome := 'ok';
    end if;
    p.available := p.balance - p.held;
    return p;
end $$;

-- tijori_credits.hold(purse, request, at) sets aside. Asked again it is ok only for the attempt that made the hold, as
-- long as it is open. Everybody else is told what became of it, so that the work is done once.
create function tijori_credits.hold(p tijori_credits.purse, r tijori_credits.request, at timestamptz)
    returns tijori_credits.purse
    language plpgsql volatile
    as $$
begin
    if r.hold_id is not null then
        p.outcome := case when (r.hold_meter, r.hold_amount, r.hold_note, r.hold_seconds, r.hold_key)
                               is distinct from (r.meter, r.amount, r.note, r.seconds, r.key) then 'conflict'
                          when r.hold_status <> 'open' then r.hold_status
                          when r.hold_attempt is distinct from r.attempt then 'held'
                          else 'repeated' end;
        p.captured := r.hold_captured;
        p.available := r.hold_available;
        return p;
    end if;
    if p.balance - p.held < r.amount then
        p.outcome := 'insufficient';
    else
        p := tijori_credits.burn(p, r.amount);
        p.held := p.held + r.amount;
        p.expires_at := at + make_interval(secs => r.seconds);
        p.due_at := least(p.due_at, p.expires_at);
        p.outcome := 'ok';
    end if;
    p.available := p.balance - p.held;
    return p;
end $$;

-- tijori_credits.capture(purse, request) spends what a hold has set aside, or a part of it; the rest comes back. An
-- amount of 0 is all.
create function tijori_credits.capture(p tijori_credits.purse, r tijori_credits.request) returns tijori_credits.purse
    language plpgsql volatile
    as $$
declare
    part bigint := case when r.amount = 0 then r.hold_amount else r.amount end;
begin
    if r.hold_id is null then
        p.outcome := 'not_found';
    elsif r.hold_status = 'captured' then
        p.outcome := case when part = r.hold_captured then 'repeated' else 'conflict' end;
        p.number := r.hold_entry;
        p.captured := r.hold_captured;
        p.available := r.hold_left_after;
    elsif r.hold_status <> 'open' then
        p.outcome := 'gone';
        p.available := coalesce(r.hold_left_after, p.balance - p.held);
    elsif part > r.hold_amount then
        p.outcome := 'too_much';
        p.available := p.balance - p.held;
    else
        p := tijori_credits.give_back(p, r, r.hold_amount - part);
        p.balance := p.balance - part;
        p.entries := p.entries + 1;
        p.number := p.entries;
        p.captured := part;
        p.available := p.balance - p.held;
        p.outcome := 'ok';
    end if;
    return p;
end $$;

-- tijori_credits.release(purse, request) ends a hold and spends nothing of it.
create function tijori_credits.release(p tijori_credits.purse, r tijori_credits.request) returns tijori_credits.purse
    language plpgsql volatile
    as $$
begin
    if r.hold_id is null then
        p.outcome := 'not_found';
    elsif r.hold_status = 'captured' then
        p.outcome := 'conflict';
        p.number := r.hold_entry;
        p.captured := r.hold_captured;
        p.available := r.hold_left_after;
    elsif r.hold_status <> 'open' then
        p.outcome := 'repeated';
        p.available := coalesce(r.hold_left_after, p.balance - p.held);
    else
        p := tijori_credits.give_back(p, r, r.hold_amount);
        p.available := p.balance - p.held;
        p.outcome := 'ok';
    end if;
    return p;
end $$;

-- tijori_credits.spend_credits(...) is the hot path: what many programs ask at the same moment, done in one
-- transaction, each request with an answer of its own, in the order of the arrays within an account. It takes hashes of
-- API keys and looks the accounts up itself: its caller never names an account. A request is consume (key, meter,
-- amount, note), hold (the same, for how many seconds, and in id the attempt), capture (id; an amount of 0 is all) or
-- release (id).
--
-- Outcomes: ok; repeated (the first answer again); conflict (the key or the hold was used for something else);
-- held, captured, released, expired (what became of the hold that another attempt, or this one, has asked for before);
-- insufficient (nothing written; what is there, and when the next allowance comes); not_found; gone (the hold has
-- ended); too_much (more than the hold); forbidden (the key lacks the scope); unauthorized.
--
-- Locks come first, in one order over all accounts, and every answer, a repeated one too, is given under the account's
-- lock. A key or a hold may stand in a call more than once: each time is answered as if it had a call of its own.
create function tijori_credits.spend_credits(hashes bytea[], ops text[], units text[], amounts bigint[], keys text[],
        notes text[], ids uuid[], seconds integer[])
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
    select array_agg(x.account_id), array_agg(x.credential_id), array_agg(x.hold_id),
           array_agg(x.hash) filter (where x.stale),
           -- Whether a key or a hold may stand more than once: hashes are cheap to compare, and a chance match does
           -- no harm.
           count(distinct uuid_hash_extended(x.account_id,
                     coalesce(uuid_hash_extended(x.hold_id, 0), hashtextextended(x.key, 0)))) < count(x.account_id)
      into accounts, credentials, holds, stale, again
      from (
        select k.hash, k.id as credential_id, k.used_at < now() - interval '1 minute' as stale, q.key,
               case when 'credits:spend' = any (k.scopes) then k.account_id end as account_id,
               case q.op when 'consume' then null
                    when 'hold' then encode(substr(sha256(
                        convert_to(k.account_id::text || ' ' || q.key, 'UTF8')), 1, 16), 'hex')::uuid
                    else q.id end as hold_id
          from (select unnest(hashes) as hash, unnest(ops) as op, unnest(keys) as key, unnest(ids) as id,
                       generate_subscripts(ops, 1) as i) q
          left join lateral (
            select c.hash, c.id, c.account_id, c.scopes, c.used_at
              from tijori.credentials c
             where c.hash = q.hash and c.kind = 'api_key' and c.revoked_at is null and c.expires_at > now()
               and exists (select from tijori.members m
                            where m.user_id = c.user_id and m.account_id = c.account_id and m.business_id is null
                              and m.role = any (array(select o.role from tijori.roles o where o.owns)))
          ) k on true
         order by q.i) x;

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
                outcome := case when r.credential_id is null then 'unauthorized' else 'forbidden' end;
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
            case r.op
                when 'consume' then p := tijori_credits.consume(p, r);
                when 'hold' then p := tijori_credits.hold(p, r, at);
                when 'capture' then p := tijori_credits.capture(p, r);
                when 'release' then p := tijori_credits.release(p, r);
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
    end if;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- tijori_credits.grant_credits(...) adds credits to an account once for each key, and returns the grant's id: the first
-- one's when the key was used. A key that was used for something else raises credit_grants_key. Operators must give a
-- reason.
create function tijori_credits.grant_credits(account uuid, unit text, new_id uuid, sort text, credits bigint,
        burn integer, until timestamptz, once text, why text, who text, from_source text, of_period integer,
        to_level bigint, at timestamptz) returns uuid
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    b tijori.credit_balances;
    g record;
begin
    perform tijori_access.require_app(account);
    insert into tijori.credit_balances (account_id, meter, app_id)
    select a.account_id, unit, a.app_id from tijori.accounts a where a.account_id = account
    on conflict on constraint credit_balances_pkey do nothing;
    -- All of the account's rows: a key is used once, whatever the meter. The lock comes before the look.
    perform from tijori.credit_balances c where c.account_id = account order by c.meter for update;
    select c.id, c.meter, c.kind, c.amount into g
      from tijori.credit_grants c where c.account_id = account and c.key = once;
    if found then
        if (g.meter, g.kind, g.amount) is distinct from (unit, sort, credits) then
            raise exception 'another grant has this key' using errcode = '23505', constraint = 'credit_grants_key';
        end if;
        return g.id;
    end if;
    insert into tijori.credit_grants (account_id, id, meter, kind, amount, priority, expires_at, key, reason,
                                      granted_by, source, period, level, created_at)
    values (account, new_id, unit, sort, credits, burn, until, once, why, who, from_source, of_period, to_level, at);
    insert into tijori.credit_lots (account_id, meter, grant_id, priority, expires_at, lot_left)
    values (account, unit, new_id, burn, until, credits);
    update tijori.credit_balances c
       set balance = c.balance + credits, entries = c.entries + 1, due_at = '-infinity'
     where c.account_id = account and c.meter = unit
    returning * into b;
    insert into tijori.credit_entries
        (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
    values (account, unit, b.entries, sort, credits, b.balance, b.held, why, new_id, at);
    perform tijori_credits.settle_credits(account, unit, at);
    return new_id;
end $$;

-- tijori_credits.take_back_credits(account, meter, grant, total, why, at) says how many credits of a grant are to be
-- taken back in all, and takes what is there of them. What is held is taken when it comes back, what is spent stays
-- spent, and other grants are not touched. A smaller total than before gives back what was taken too much; what has
-- ended meanwhile then ends at once. It returns how many are taken in all, and how many of those that lack are held.
create function tijori_credits.take_back_credits(account uuid, unit text, lot uuid, total bigint, why text,
        at timestamptz, out taken bigint, out held bigint)
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    b tijori.credit_balances;
    g tijori.credit_grants;
    r tijori.credit_reclaims;
begin
    perform tijori_access.require_app(account);
    perform from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    select * into strict g from tijori.credit_grants c where c.account_id = account and c.id = lot and c.meter = unit;
    if total < 0 or total > g.amount then
        raise exception '% of the % credits of grant % cannot be taken back', total, g.amount, lot;
    end if;
    select * into r from tijori.credit_reclaims c
     where c.account_id = account and c.meter = unit and c.grant_id = lot;
    if total < r.taken then
        update tijori.credit_balances c
           set balance = c.balance + (r.taken - total), entries = c.entries + 1, due_at = '-infinity'
         where c.account_id = account and c.meter = unit
        returning * into b;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
        values (account, unit, b.entries, 'give_back', r.taken - total, b.balance, b.held, why, lot, at);
        perform tijori_credits.return_credits(account, unit, array[lot], array[r.taken - total], r.taken - total);
    end if;
    insert into tijori.credit_reclaims as c (account_id, meter, grant_id, total, why)
    values (account, unit, lot, take_back_credits.total, take_back_credits.why)
    on conflict on constraint credit_reclaims_pkey
    do update set total = excluded.total, taken = least(c.taken, excluded.total), why = excluded.why;
    perform tijori_credits.settle_credits(account, unit, at);
    select c.taken into strict take_back_credits.taken from tijori.credit_reclaims c
     where c.account_id = account and c.meter = unit and c.grant_id = lot;
    select least(coalesce(sum(x.part), 0), take_back_credits.total - take_back_credits.taken)
      into take_back_credits.held
      from tijori.credit_holds h cross join unnest(h.lots, h.parts) x(lot, part)
     where h.account_id = account and h.meter = unit and h.status = 'open' and x.lot = take_back_credits.lot;
end $$;

-- tijori_credits.take_credits(account, meter, most, why, at) takes away what can be spent, at most so much, in the order
-- in which it would burn, and returns how many credits that were. It is for operators, who give a reason.
create function tijori_credits.take_credits(account uuid, unit text, most bigint, why text, at timestamptz)
    returns bigint
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    b tijori.credit_balances;
    l record;
    rest bigint := most;
    part bigint;
begin
    perform tijori_access.require_app(account);
    perform from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    if not found then
        return 0;
    end if;
    perform tijori_credits.settle_credits(account, unit, at);
    -- The lot whose turn it is waits with the others while some are taken, and is found again afterwards.
    select * into strict b from tijori.credit_balances c where c.account_id = account and c.meter = unit;
    if b.lot_left > 0 then
        perform tijori_credits.return_credits(account, unit, array[b.lot_grant], array[b.lot_left], b.lot_left);
    end if;
    update tijori.credit_balances c set lot_grant = null, lot_left = 0, due_at = '-infinity'
     where c.account_id = account and c.meter = unit;
    while rest > 0 loop
        select * into l from tijori_credits.take_lot(account, unit) t;
        exit when l.grant_id is null;
        part := least(rest, l.lot_left);
        rest := rest - part;
        if l.lot_left > part then
            perform tijori_credits.return_credits(account, unit, array[l.grant_id], array[l.lot_left - part],
                                                  l.lot_left - part);
        end if;
        update tijori.credit_balances c set balance = c.balance - part, entries = c.entries + 1
         where c.account_id = account and c.meter = unit
        returning * into b;
        insert into tijori.credit_entries
            (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
        values (account, unit, b.entries, 'take_back', -part, b.balance, b.held, why, l.grant_id, at);
    end loop;
    perform tijori_credits.settle_credits(account, unit, at);
    return most - rest;
end $$;

-- tijori_credits.sweep_credits(most) settles balances of the app that its caller works for whose time has come, each on
-- one node, and returns how many.
create function tijori_credits.sweep_credits(most integer) returns integer
    language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set jit = off
    as $$
declare
    at timestamptz := tijori_ops.clock();
    b record;
    n integer := 0;
begin
    for b in
        select c.account_id, c.meter from tijori.credit_balances c
         where c.due_at <= at and c.app_id = current_setting('tijori.app', true)
         order by c.due_at limit most for update skip locked
    loop
        perform tijori_credits.settle_credits(b.account_id, b.meter, at);
        n := n + 1;
    end loop;
    return n;
end $$;

-- tijori_credits.credits_now(account, meter) is what there is by the service clock, whether or not anything has settled
-- the row yet; nulls where there is no balance.
create function tijori_credits.credits_now(account uuid, unit text, out available bigint, out held bigint)
    language plpgsql stable
    as $$
declare
    at timestamptz := tijori_ops.clock();
    due timestamptz;
    lapsed bigint;
    stuck bigint;
begin
    select c.balance - c.held, c.held, c.due_at into credits_now.available, credits_now.held, due
      from tijori.credit_balances c where c.account_id = account and c.meter = unit;
    if not found or due > at then
        return;
    end if;
    -- Holds that have ended come back, but for the parts whose grant has ended or whose credits are to be taken back;
    -- those are gone, as is what is left of lots that have ended.
    select coalesce(sum(h.amount), 0) into stuck from tijori.credit_holds h
     where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at;
    select coalesce(sum(x.n), 0) into lapsed from (
        select w.lot_left as n from tijori.credit_lots w
         where w.account_id = account and w.meter = unit and w.expires_at <= at
        union all
        select c.lot_left from tijori.credit_balances c
          join tijori.credit_grants g on g.account_id = c.account_id and g.id = c.lot_grant
         where c.account_id = account and c.meter = unit and g.expires_at <= at
        union all
        select p.part from tijori.credit_holds h cross join unnest(h.lots, h.parts) p(lot, part)
          join tijori.credit_grants g on g.account_id = h.account_id and g.id = p.lot
         where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at
           and g.expires_at <= at
        union all
        select least(sum(p.part), min(r.total - r.taken))
          from tijori.credit_holds h cross join unnest(h.lots, h.parts) p(lot, part)
          join tijori.credit_grants g on g.account_id = h.account_id and g.id = p.lot and g.expires_at > at
          join tijori.credit_reclaims r
            on r.account_id = h.account_id and r.meter = h.meter and r.grant_id = p.lot and r.taken < r.total
         where h.account_id = account and h.meter = unit and h.status = 'open' and h.expires_at <= at
         group by p.lot) x;
    credits_now.held := credits_now.held - stuck;
    credits_now.available := credits_now.available + stuck - lapsed;
end $$;

-- tijori_credits.credits_of(account) is what an account has of each meter of its app, and when the next allowance
-- comes. No rows for null.
create function tijori_credits.credits_of(account uuid)
    returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable
    as $$
begin
    return query
    select m.id, m.name, coalesce(v.available, 0), coalesce(v.held, 0), c.next_at, c.next_amount
      from tijori.accounts a
      join tijori.meters m on m.app_id = a.app_id
      left join lateral tijori_credits.credits_now(a.account_id, m.id) v on true
      left join tijori.credit_calendars c on c.account_id = a.account_id and c.meter = m.id
     where a.account_id = account
     order by m.id;
end $$;

-- tijori_credits.my_credits() is what the account of the API key that asks has of each meter. What has ended by now is
-- not counted, even if the rows still say so.
create function tijori_credits.my_credits()
    returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select * from tijori_credits.credits_of(tijori_access.key_account('credits:read'));
end $$;

-- tijori_credits.my_credits_left() is the same for pages: what the caller's own account has, for its owner.
create function tijori_credits.my_credits_left()
    returns table (meter text, name text, available bigint, held bigint, next_at timestamptz, next_amount bigint)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select * from tijori_credits.credits_of((select s.account_id from tijori_access.scope() s where s.owns));
end $$;

-- tijori_credits.my_credit_entries(...) is a page of entries of one meter of the account of the API key that asks, the
-- newest first.
create function tijori_credits.my_credit_entries(unit text, before bigint, most integer)
    returns table (number bigint, kind text, amount bigint, balance bigint, key text, note text, grant_id uuid,
                   hold_id uuid, created_at timestamptz)
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
-- +goose StatementEnd
alter function tijori_credits.settle_credits owner to tijori_guard;
alter function tijori_credits.take_lot owner to tijori_guard;
alter function tijori_credits.return_credits owner to tijori_guard;
alter function tijori_credits.burn owner to tijori_guard;
alter function tijori_credits.give_back owner to tijori_guard;
alter function tijori_credits.settle_purse owner to tijori_guard;
alter function tijori_credits.consume owner to tijori_guard;
alter function tijori_credits.hold owner to tijori_guard;
alter function tijori_credits.capture owner to tijori_guard;
alter function tijori_credits.release owner to tijori_guard;
alter function tijori_credits.spend_credits owner to tijori_guard;
alter function tijori_credits.grant_credits owner to tijori_guard;
alter function tijori_credits.take_back_credits owner to tijori_guard;
alter function tijori_credits.take_credits owner to tijori_guard;
alter function tijori_credits.sweep_credits owner to tijori_guard;
alter function tijori_credits.credits_now owner to tijori_guard;
alter function tijori_credits.credits_of owner to tijori_guard;
alter function tijori_credits.my_credits owner to tijori_guard;
alter function tijori_credits.my_credits_left owner to tijori_guard;
alter function tijori_credits.my_credit_entries owner to tijori_guard;
revoke all on function tijori_credits.settle_credits, tijori_credits.take_lot, tijori_credits.return_credits,
    tijori_credits.burn, tijori_credits.give_back, tijori_credits.settle_purse, tijori_credits.consume,
    tijori_credits.hold, tijori_credits.capture, tijori_credits.release, tijori_credits.spend_credits,
    tijori_credits.grant_credits, tijori_credits.take_back_credits, tijori_credits.take_credits,
    tijori_credits.sweep_credits, tijori_credits.credits_now, tijori_credits.credits_of, tijori_credits.my_credits, tijori_credits.my_credits_left,
    tijori_credits.my_credit_entries from public;
grant execute on function tijori_credits.spend_credits, tijori_credits.my_credits, tijori_credits.my_credits_left,
    tijori_credits.my_credit_entries to tijori_app;
grant execute on function tijori_credits.grant_credits, tijori_credits.take_back_credits, tijori_credits.take_credits,
    tijori_credits.sweep_credits to tijori_billing;
