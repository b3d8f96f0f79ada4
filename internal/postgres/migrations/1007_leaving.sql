-- +goose Up
-- compatible from: 1001
-- Leaving: an account that its owner deletes is read-only for thirty days, then it is erased for good; people erase
-- their login. docs/privacy.md says what is erased and what stays, and a test that reads the catalogue holds the schema
-- to it.

-- +goose StatementBegin
-- tijori_access.refuse_leaving() refuses new rows for an account that is leaving. It reads the account under a lock
-- that waits for an owner who is about to delete it.
create function tijori_access.refuse_leaving() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    leaving boolean;
begin
    select a.leaving_at is not null into leaving from tijori.accounts a
     where a.account_id = new.account_id for key share;
    if leaving then
        raise exception 'the account is leaving' using errcode = 'check_violation', constraint = 'accounts_leaving';
    end if;
    return null;
end $$;

-- tijori_access.leave_account(account) begins the thirty days of the account that the caller owns, and ends at once
-- what works without a person: shared links, API keys, and invitations. It returns when the account may be erased. A
-- second call changes nothing. For the sign-in role alone, which has asked for the password; who calls, scope() says
-- here as everywhere, and again after the lock.
create function tijori_access.leave_account(leaving uuid) returns timestamptz
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    today constant timestamptz := tijori_ops.clock();
    grace constant interval := interval '30 days';
    a tijori.accounts;
begin
    select v.* into a from tijori.accounts v
     where v.account_id = (select s.account_id from tijori_access.scope() s where s.owns) and v.account_id = leaving
       for update;
    if not found or not exists (select from tijori_access.scope() s where s.owns and s.account_id = leaving) then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    if a.leaving_at is not null then
        return a.erase_at;
    end if;
    if tijori_plans.renews(leaving) then
        raise exception 'a subscription renews' using errcode = 'check_violation', constraint = 'accounts_renewing';
    end if;
    update tijori.accounts v set leaving_at = today, erase_at = today + grace, told = 0
     where v.account_id = leaving;
    update tijori.credentials c set revoked_at = now()
     where c.account_id = leaving and c.kind = 'api_key' and c.revoked_at is null;
    update tijori.shares h set revoked_at = now() where h.account_id = leaving and h.revoked_at is null;
    update tijori.invitations i set revoked_at = now()
     where i.account_id = leaving and i.accepted_at is null and i.revoked_at is null;
    return today + grace;
end $$;

-- tijori_access.keep_account() ends the thirty days of the account that the caller owns, as if nothing had been asked
-- for.
create function tijori_access.keep_account() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    if mine is null then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    update tijori.accounts a set leaving_at = null, erase_at = null, told = 0
     where a.account_id = mine and a.leaving_at is not null and a.erasing_at is null;
end $$;

-- tijori_access.tell_leaving(account) counts the mails that are due to owners of accounts that leave, of one account or
-- of all, and returns whom to write to: each mail once, in the transaction that queues it.
create function tijori_access.tell_leaving(only_account uuid default null)
    returns table (account_id uuid, user_id uuid)
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    last_days constant interval := interval '3 days';
begin
    return query
    with due as (
        select a.account_id from tijori.accounts a
         where a.erase_at is not null and a.erased_at is null and a.erasing_at is null
           and a.erase_at > tijori_ops.clock()
           and (a.told = 0 or a.told = 1 and a.erase_at - last_days <= tijori_ops.clock())
           and (only_account is null or a.account_id = only_account)
         order by a.account_id limit 100 for no key update skip locked
    ), told as (
        update tijori.accounts a
           set told = case when a.erase_at - last_days <= tijori_ops.clock() then 2 else 1 end
          from due where a.account_id = due.account_id
        returning a.account_id
    )
    select t.account_id, m.user_id from told t
      join tijori.members m on m.account_id = t.account_id and m.business_id is null
      join tijori.roles r on r.role = m.role and r.owns;
end $$;

-- tijori_access.leaving_letters(account, user) is what the mails to the owners of an account that leaves say, to one of
-- them or to all.
create function tijori_access.leaving_letters(leaving uuid, only_user uuid default null)
    returns table (email text, name text, locale text, account_name text, erase_at timestamptz, told smallint)
    language sql stable security definer set search_path = ''
    as $$
    select u.email, u.name, u.locale, a.name, a.erase_at, a.told
      from tijori.accounts a
      join tijori.members m on m.account_id = a.account_id and m.business_id is null
      join tijori.roles r on r.role = m.role and r.owns
      join tijori.users u on u.id = m.user_id
     where a.account_id = leaving and a.leaving_at is not null and a.erasing_at is null
       and (only_user is null or u.id = only_user)
     order by u.id $$;

-- tijori_access.lock_leaving(account) takes an account that leaves for the transaction which sends its last mails, and
-- reports whether it did: false while another node has it, and when it was kept or its erasing has begun. Members go on
-- reading; an owner who would keep the account waits until the mails are out.
create function tijori_access.lock_leaving(account uuid) returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform from tijori.accounts a
      where a.account_id = account and a.leaving_at is not null and a.erasing_at is null
        for no key update skip locked;
    return found;
end $$;

-- tijori_access.told_erasure(account) writes down that the last mails of an account are out.
create function tijori_access.told_erasure(leaving uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.accounts a set told = 3
     where a.account_id = leaving and a.leaving_at is not null and a.erasing_at is null;
end $$;

-- tijori_access.due_erasures() lists accounts whose grace has ended and that are not erased yet; late ones have waited
-- for a day already. An account whose subscription renews waits until it does not.
create function tijori_access.due_erasures()
    returns table (account_id uuid, begun boolean, told smallint, late boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    today constant timestamptz := tijori_ops.clock();
begin
    return query
    select a.account_id, a.erasing_at is not null, a.told, a.erase_at + interval '1 day' <= today
      from tijori.accounts a
     where a.erase_at <= today and a.erased_at is null
       and (a.erasing_at is not null or not tijori_plans.renews(a.account_id))
     order by a.erase_at, a.account_id limit 100;
end $$;

-- tijori_access.erasable() lists the accounts whose erasing has begun and whose grace has ended. For the policies of
-- tijori_guard.
create function tijori_access.erasable() returns setof uuid
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select a.account_id from tijori.accounts a
     where a.erase_at is not null and a.erased_at is null and a.erasing_at is not null
       and a.erase_at <= tijori_ops.clock();
end $$;

-- tijori_access.forget_users(users) erases those of the users who belong to no account: their row with name and
-- address, their sessions and keys, their recoveries and sign-ups, and the address where support wrote it down.
create function tijori_access.forget_users(candidates uuid[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    alone uuid[];
    addresses text[];
begin
    select array_agg(u.id), array_agg(u.email) into alone, addresses from tijori.users u
     where u.id = any (candidates) and not exists (select from tijori.members m where m.user_id = u.id);
    delete from tijori.credentials c where c.user_id = any (alone);
    delete from tijori.recoveries r where r.user_id = any (alone) or r.email = any (addresses);
    delete from tijori.signups s where s.email = any (addresses);
    update tijori.support_uses s set subject = 'erased' where lower(s.subject) = any (addresses);
    delete from tijori.users u where u.id = any (alone);
end $$;

-- tijori_access.forget_me() takes the caller out of every team and erases the login. The last owner of an account
-- deletes that first. For the sign-in role alone, which has asked for the password.
create function tijori_access.forget_me() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    caller uuid := tijori_access.user_id();
    membership uuid;
begin
    for membership in select m.id from tijori.members m where m.user_id = caller order by m.account_id, m.id loop
        perform tijori_access.leave_team(membership);
    end loop;
    perform tijori_access.forget_users(array[caller]);
end $$;

-- tijori_access.begin_erasing(account) takes an account whose grace has ended from its members, for good, and erases
-- those of them who belong to no other. From then on nobody reads or writes it, and nobody can keep it. It returns
-- false and does nothing when a subscription would go on asking for money. A second call changes nothing. It raises
-- 42501 before the end of the grace.
create function tijori_access.begin_erasing(leaving uuid) returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    a tijori.accounts;
    leavers uuid[];
begin
    select v.* into a from tijori.accounts v where v.account_id = leaving for update;
    if not found or a.erase_at is null or a.erase_at > tijori_ops.clock() then
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erasing_at is not null then
        return true;
    end if;
    if tijori_plans.renews(leaving) then
        return false;
    end if;
    update tijori.accounts v set erasing_at = tijori_ops.clock(), name = 'erased', external_id = null
     where v.account_id = leaving;
    select array_agg(distinct m.user_id) into leavers from tijori.members m where m.account_id = leaving;
    delete from tijori.members m where m.account_id = leaving;
    delete from tijori.credentials c where c.account_id = leaving and c.kind = 'api_key';
    perform tijori_access.forget_users(leavers);
    return true;
end $$;

-- tijori_access.erase_rows(account, most) erases at most so many rows of an account, table by table in the order of
-- tijori.erasures, and returns how many; 0 when there are none left and the account is marked as erased; null while
-- another node is at it. Each call is a transaction: whatever interrupts them, the next call resumes. It raises 42501
-- before begin_erasing, and before the end of the grace.
--
-- This is the one function that puts SQL together, since it does the same with every table there. Names come from
-- tijori.erasures alone, which nobody but the owner of the schema can write; a row is found by its place, so that keys
-- need not be known.
create function tijori_access.erase_rows(leaving uuid, most integer) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    a tijori.accounts;
    e record;
    piece integer;
    erased integer;
    n integer := 0;
begin
    select v.* into a from tijori.accounts v where v.account_id = leaving for no key update skip locked;
    if not found then
        if exists (select from tijori.accounts v where v.account_id = leaving) then
            return null;
        end if;
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erasing_at is null or a.erase_at > tijori_ops.clock() or most < 1 then
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erased_at is not null then
        return 0;
    end if;
    for e in select x.table_name, x.weight from tijori.erasures x order by x.step loop
        piece := greatest((most - n) / e.weight, 1);
        execute format('delete from tijori.%1$I x where x.account_id = $1'
                       ' and x.ctid = any (array(select y.ctid from tijori.%1$I y where y.account_id = $1 limit $2))',
                       e.table_name)
          using leaving, piece;
        get diagnostics erased = row_count;
        n := n + erased;
        if erased = piece then -- there may be more, and the tables after this one wait for it
            return n;
        end if;
    end loop;
    if n = 0 then
        update tijori.invoices x set url = '' where x.account_id = leaving;
        update tijori.accounts v set erased_at = tijori_ops.clock() where v.account_id = leaving;
    end if;
    return n;
end $$;
-- +goose StatementEnd
alter function tijori_access.refuse_leaving() owner to tijori_guard;
alter function tijori_access.leave_account(uuid) owner to tijori_guard;
alter function tijori_access.keep_account() owner to tijori_guard;
alter function tijori_access.tell_leaving(uuid) owner to tijori_guard;
alter function tijori_access.leaving_letters(uuid, uuid) owner to tijori_guard;
alter function tijori_access.lock_leaving(uuid) owner to tijori_guard;
alter function tijori_access.told_erasure(uuid) owner to tijori_guard;
alter function tijori_access.due_erasures() owner to tijori_guard;
alter function tijori_access.erasable() owner to tijori_guard;
alter function tijori_access.forget_users(uuid[]) owner to tijori_guard;
alter function tijori_access.forget_me() owner to tijori_guard;
alter function tijori_access.begin_erasing(uuid) owner to tijori_guard;
alter function tijori_access.erase_rows(uuid, integer) owner to tijori_guard;
revoke all on function tijori_access.refuse_leaving(), tijori_access.leave_account(uuid), tijori_access.keep_account(),
    tijori_access.tell_leaving(uuid), tijori_access.leaving_letters(uuid, uuid), tijori_access.lock_leaving(uuid),
    tijori_access.told_erasure(uuid), tijori_access.due_erasures(), tijori_access.erasable(),
    tijori_access.forget_users(uuid[]), tijori_access.forget_me(), tijori_access.begin_erasing(uuid),
    tijori_access.erase_rows(uuid, integer)
    from public;
grant execute on function tijori_access.keep_account() to tijori_app;
grant execute on function tijori_access.leave_account(uuid), tijori_access.tell_leaving(uuid),
    tijori_access.leaving_letters(uuid, uuid), tijori_access.lock_leaving(uuid), tijori_access.told_erasure(uuid),
    tijori_access.due_erasures(), tijori_access.forget_me(), tijori_access.begin_erasing(uuid),
    tijori_access.erase_rows(uuid, integer)
    to tijori_auth;

-- Nothing new in an account that leaves. Entries ask through tijori_khata.hold_lock. Drafts and files of an import are
-- not part of the book.
create trigger members_leaving after insert on tijori.members
    for each row execute function tijori_access.refuse_leaving();
create trigger invitations_leaving after insert on tijori.invitations
    for each row execute function tijori_access.refuse_leaving();
create trigger businesses_leaving after insert on tijori.businesses
    for each row execute function tijori_access.refuse_leaving();
create trigger parties_leaving after insert or update on tijori.parties
    for each row execute function tijori_access.refuse_leaving();
create trigger batches_leaving after insert on tijori.batches
    for each row execute function tijori_access.refuse_leaving();
create trigger period_locks_leaving after insert on tijori.period_locks
    for each row execute function tijori_access.refuse_leaving();
create trigger payees_leaving after insert on tijori.payees
    for each row execute function tijori_access.refuse_leaving();
create trigger shares_leaving after insert on tijori.shares
    for each row execute function tijori_access.refuse_leaving();
create trigger reminders_leaving after insert on tijori.reminders
    for each row execute function tijori_access.refuse_leaving();
create trigger checkouts_leaving after insert on tijori.checkouts
    for each row execute function tijori_access.refuse_leaving();
create trigger purchases_leaving after insert on tijori.purchases
    for each row execute function tijori_access.refuse_leaving();
create trigger credentials_leaving after insert on tijori.credentials
    for each row when (new.kind = 'api_key') execute function tijori_access.refuse_leaving();
call tijori_access.open_to('tijori.shares', 'tijori_guard', 'update');
grant update (revoked_at) on tijori.shares to tijori_guard;

-- The tables whose rows are erased with their account, in the order in which references allow it. A row counts as so
-- many: others go with it.
create table tijori.erasures (
    step integer not null,
    table_name text not null,
    weight integer not null default 1,
    constraint erasures_pkey primary key (step),
    constraint erasures_table_key unique (table_name),
    constraint erasures_weight_check check (weight > 0)
);
grant select on tijori.erasures to tijori_guard;

-- +goose StatementBegin
-- tijori_access.erase_with_account(table, step, weight) adds a table to the list. It lets tijori_guard delete rows of
-- an account whose grace has ended, and no others: the policies say so themselves. Where the guard deletes or reads
-- rows for other reasons too, a policy is there already.
create procedure tijori_access.erase_with_account(tab regclass, step integer, weight integer default 1)
    language plpgsql set search_path = ''
    as $$
declare
    verb text;
    policy text;
begin
    insert into tijori.erasures (step, table_name, weight)
    select erase_with_account.step, c.relname, erase_with_account.weight from pg_catalog.pg_class c where c.oid = tab;
    foreach verb in array array['select', 'delete'] loop
        policy := tijori_access.policy_name(tab, verb, 'tijori_guard');
        if not exists (select from pg_catalog.pg_policy p where p.polrelid = tab and p.polname = policy) then
            execute format('create policy %I on %s for %s to tijori_guard'
                           ' using (account_id in (select tijori_access.erasable()))', policy, tab, verb);
        end if;
    end loop;
    if not pg_catalog.has_table_privilege('tijori_guard', tab, 'select') then
        execute format('grant select (account_id, ctid) on %s to tijori_guard', tab);
    end if;
    execute format('grant delete on %s to tijori_guard', tab);
end $$;
-- +goose StatementEnd
revoke all on procedure tijori_access.erase_with_account(regclass, integer, integer) from public;

call tijori_access.erase_with_account('tijori.reminders', 10);
call tijori_access.erase_with_account('tijori.shares', 20);
call tijori_access.erase_with_account('tijori.changes', 30);
call tijori_access.erase_with_account('tijori.entries', 40);
call tijori_access.erase_with_account('tijori.parties', 50, weight => 20); -- their sums go with them
call tijori_access.erase_with_account('tijori.batches', 60);
call tijori_access.erase_with_account('tijori.invitations', 70);
call tijori_access.erase_with_account('tijori.drafts', 80);
call tijori_access.erase_with_account('tijori.uploads', 90);
call tijori_access.erase_with_account('tijori.tasks', 100);
call tijori_access.erase_with_account('tijori.period_locks', 110);
call tijori_access.erase_with_account('tijori.payees', 120);
call tijori_access.erase_with_account('tijori.businesses', 130);
call tijori_access.erase_with_account('tijori.credit_calendars', 140);
call tijori_access.erase_with_account('tijori.credit_anchors', 150);
call tijori_access.erase_with_account('tijori.credit_entries', 160);
call tijori_access.erase_with_account('tijori.credit_holds', 170);
call tijori_access.erase_with_account('tijori.credit_reclaims', 175);
call tijori_access.erase_with_account('tijori.credit_lots', 180);
call tijori_access.erase_with_account('tijori.credit_grants', 190);
call tijori_access.erase_with_account('tijori.credit_balances', 200);

-- The row of the account stays, without its name, because payments refer to it. Of invoices, the address of the
-- document goes.
create policy invoices_select_guard on tijori.invoices for select to tijori_guard
    using (account_id in (select tijori_access.erasable()));
create policy invoices_update_guard on tijori.invoices for update to tijori_guard
    using (account_id in (select tijori_access.erasable())) with check (true);
grant select (account_id), update (url) on tijori.invoices to tijori_guard;

-- People who belong to nobody any more go with what proves them. A member is never deleted: the policy says so, and the
-- foreign key of members refuses it while somebody joins at the same moment.
create policy users_delete_guard on tijori.users for delete to tijori_guard
    using (not exists (select from tijori.members m where m.user_id = users.id));
create policy credentials_delete_guard on tijori.credentials for delete to tijori_guard
    using (kind = 'api_key' and account_id in (select tijori_access.erasable())
           or not exists (select from tijori.members m where m.user_id = credentials.user_id));
call tijori_access.open_to('tijori.recoveries', 'tijori_guard', 'select', 'delete');
call tijori_access.open_to('tijori.signups', 'tijori_guard', 'select', 'delete');
call tijori_access.open_to('tijori.support_uses', 'tijori_guard', 'update');
grant delete on tijori.users, tijori.credentials, tijori.recoveries, tijori.signups to tijori_guard;
grant select (email, user_id) on tijori.recoveries to tijori_guard;
grant select (email) on tijori.signups to tijori_guard;
grant update (subject) on tijori.support_uses to tijori_guard;
