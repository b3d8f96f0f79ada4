-- +goose Up
-- Erasing an account for good. What goes and what stays is told in docs/privacy.md, and held by a test that reads the
-- catalogue. tijori_guard may delete rows of an account whose grace has ended, and no others: the policies say so
-- themselves. The row of the account stays, without its name, because payments refer to it.
create index credentials_owner_idx on tijori.credentials (user_id);

-- +goose StatementBegin
-- auth.erasable() lists the accounts whose erasing has begun and whose grace has ended. For the policies of tijori_guard.
create function auth.erasable() returns setof uuid
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select a.account_id from tijori.accounts a
     where a.erase_at is not null and a.erased_at is null and a.erasing_at is not null and a.erase_at <= auth.clock();
end $$;
-- +goose StatementEnd
alter function auth.erasable() owner to tijori_guard;
revoke all on function auth.erasable() from public;

create policy entries_delete_guard on tijori.entries for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy parties_delete_guard on tijori.parties for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy changes_delete_guard on tijori.changes for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy changes_select_guard on tijori.changes for select to tijori_guard using (account_id in (select auth.erasable()));
create policy batches_delete_guard on tijori.batches for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy drafts_delete_guard on tijori.drafts for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy drafts_select_guard on tijori.drafts for select to tijori_guard using (account_id in (select auth.erasable()));
create policy period_locks_delete_guard on tijori.period_locks for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy payees_delete_guard on tijori.payees for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy shares_delete_guard on tijori.shares for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy reminders_delete_guard on tijori.reminders for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy reminders_select_guard on tijori.reminders for select to tijori_guard using (account_id in (select auth.erasable()));
create policy businesses_delete_guard on tijori.businesses for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy invitations_delete_guard on tijori.invitations for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_balances_delete_guard on tijori.credit_balances for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_entries_delete_guard on tijori.credit_entries for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_grants_delete_guard on tijori.credit_grants for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_holds_delete_guard on tijori.credit_holds for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_calendars_delete_guard on tijori.credit_calendars for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_anchors_delete_guard on tijori.credit_anchors for delete to tijori_guard using (account_id in (select auth.erasable()));
create policy credit_anchors_select_guard on tijori.credit_anchors for select to tijori_guard using (account_id in (select auth.erasable()));
create policy invoices_select_guard on tijori.invoices for select to tijori_guard using (account_id in (select auth.erasable()));
create policy invoices_update_guard on tijori.invoices for update to tijori_guard using (account_id in (select auth.erasable())) with check (true);
grant delete on tijori.entries, tijori.parties, tijori.changes, tijori.batches, tijori.drafts, tijori.period_locks, tijori.payees,
    tijori.shares, tijori.reminders, tijori.businesses, tijori.invitations, tijori.credit_balances, tijori.credit_entries,
    tijori.credit_grants, tijori.credit_holds, tijori.credit_calendars, tijori.credit_anchors to tijori_guard;
grant select (account_id, business_id, subject, subject_id) on tijori.changes to tijori_guard;
grant select (account_id, business_id) on tijori.drafts, tijori.uploads to tijori_guard;
grant select (account_id, business_id, id) on tijori.reminders to tijori_guard;
grant select (account_id) on tijori.credit_anchors, tijori.invoices to tijori_guard;
grant update (url) on tijori.invoices to tijori_guard;

-- People who belong to nobody any more go with what proves them. A member is never deleted: the policy says so, and the
-- reference of members holds it against whoever joins at the same moment.
create policy users_delete_guard on tijori.users for delete to tijori_guard
    using (not exists (select 1 from tijori.members m where m.user_id = users.id));
create policy credentials_delete_guard on tijori.credentials for delete to tijori_guard
    using (kind = 'api_key' and account_id in (select auth.erasable()) or not exists (select 1 from tijori.members m where m.user_id = credentials.user_id));
create policy recoveries_select_guard on tijori.recoveries for select to tijori_guard using (true);
create policy recoveries_delete_guard on tijori.recoveries for delete to tijori_guard using (true);
create policy signups_select_guard on tijori.signups for select to tijori_guard using (true);
create policy signups_delete_guard on tijori.signups for delete to tijori_guard using (true);
create policy support_uses_update_guard on tijori.support_uses for update to tijori_guard using (true) with check (true);
grant delete on tijori.users, tijori.credentials, tijori.recoveries, tijori.signups to tijori_guard;
grant select (email, user_id) on tijori.recoveries to tijori_guard;
grant select (email) on tijori.signups to tijori_guard;
grant update (subject) on tijori.support_uses to tijori_guard;

-- +goose StatementBegin
-- auth.forget_users erases those of the users who belong to no account: their row with name and address, their
-- sessions and keys, their recoveries and sign-ups, and the address where support wrote it down.
create function auth.forget_users(candidates uuid[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    alone uuid[];
    addresses text[];
begin
    select array_agg(u.id), array_agg(u.email) into alone, addresses from tijori.users u
     where u.id = any (candidates) and not exists (select 1 from tijori.members m where m.user_id = u.id);
    delete from tijori.credentials c where c.user_id = any (alone);
    delete from tijori.recoveries r where r.user_id = any (alone) or r.email = any (addresses);
    delete from tijori.signups s where s.email = any (addresses);
    update tijori.support_uses s set subject = 'erased' where lower(s.subject) = any (addresses);
    delete from tijori.users u where u.id = any (alone);
end $$;

-- auth.due_erasures() lists accounts whose grace has ended and that are not erased yet. late: for a day already. An
-- account whose subscription renews waits until it does not.
create function auth.due_erasures() returns table (account_id uuid, begun boolean, told smallint, late boolean)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    today constant timestamptz := auth.clock();
begin
    return query select a.account_id, a.erasing_at is not null, a.told, a.erase_at + interval '1 day' <= today from tijori.accounts a
     where a.erase_at <= today and a.erased_at is null and (a.erasing_at is not null or not auth.renews(a.account_id))
     order by a.erase_at, a.account_id limit 100;
end $$;

-- auth.told_erasure(account) writes down that the last letters of an account are out.
create function auth.told_erasure(leaving uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.accounts a set told = 3 where a.account_id = leaving and a.leaving_at is not null and a.erasing_at is null;
end $$;

-- auth.begin_erasing(account) takes an account whose grace has ended from its members, for good, and erases who of them
-- belongs to no other. From then on nobody reads or writes it, and nobody can keep it. False, and nothing done, when a
-- subscription would go on asking for money. Twice is no error. Raises 42501 before the end of the grace.
create function auth.begin_erasing(leaving uuid) returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    a tijori.accounts;
    leavers uuid[];
begin
    select v.* into a from tijori.accounts v where v.account_id = leaving for update;
    if not found or a.erase_at is null or a.erase_at > auth.clock() then
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erasing_at is not null then
        return true;
    end if;
    if auth.renews(leaving) then
        return false;
    end if;
    update tijori.accounts v set erasing_at = auth.clock(), name = 'erased' where v.account_id = leaving;
    select array_agg(distinct m.user_id) into leavers from tijori.members m where m.account_id = leaving;
    delete from tijori.members m where m.account_id = leaving;
    delete from tijori.credentials c where c.account_id = leaving and c.kind = 'api_key';
    perform auth.forget_users(leavers);
    return true;
end $$;

-- auth.erase_rows(account, most) erases at most so many rows of an account (of small tables, all at once) and returns how
-- many; 0 when there are none left and the account is marked as erased; null while another node is at it. Each
-- call is a transaction: it may be broken off anywhere and taken up again. Raises 42501 before auth.begin_erasing, and
-- before the end of the grace.
create function auth.erase_rows(leaving uuid, most integer) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    a tijori.accounts;
    shop uuid;
    unit text;
    n integer;
begin
    select v.* into a from tijori.accounts v where v.account_id = leaving for no key update skip locked;
    if not found then
        if exists (select 1 from tijori.accounts v where v.account_id = leaving) then
            return null;
        end if;
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erasing_at is null or a.erase_at > auth.clock() or most < 1 then
        raise exception 'the grace has not ended' using errcode = '42501';
    end if;
    if a.erased_at is not null then
        return 0;
    end if;

    select b.id into shop from tijori.businesses b where b.account_id = leaving limit 1;
    if found then
        delete from tijori.reminders x where x.account_id = leaving and x.business_id = shop
           and x.id = any (array(select y.id from tijori.reminders y where y.account_id = leaving and y.business_id = shop limit most));
        get diagnostics n = row_count;
        if n > 0 then return n; end if;
        delete from tijori.shares x where x.account_id = leaving and x.business_id = shop
           and x.id = any (array(select y.id from tijori.shares y where y.account_id = leaving and y.business_id = shop limit most));
        get diagnostics n = row_count;
        if n > 0 then return n; end if;
        delete from tijori.changes x where x.account_id = leaving and x.business_id = shop and x.subject in ('party', 'entry')
           and x.subject_id = any (array(select y.subject_id from tijori.changes y where y.account_id = leaving and y.business_id = shop limit most));
        get diagnostics n = row_count;
        if n > 0 then return n; end if;
        delete from tijori.entries x where x.account_id = leaving and x.business_id = shop
           and x.id = any (array(select y.id from tijori.entries y where y.account_id = leaving and y.business_id = shop limit most));
        get diagnostics n = row_count;
        if n > 0 then return n; end if;
        delete from tijori.parties x where x.account_id = leaving and x.business_id = shop
           and x.id = any (array(select y.id from tijori.parties y where y.account_id = leaving and y.business_id = shop limit greatest(most / 20, 1)));
        get diagnostics n = row_count;
        if n > 0 then return n; end if;
        delete from tijori.batches x where x.account_id = leaving and x.business_id = shop
           and x.id = any (array(select y.id from tijori.batches y where y.account_id = leaving and y.business_id = shop limit most));
        get diagnostics n = row_count;
        if n > 0 then return n; end if;
        delete from tijori.invitations x where x.account_id = leaving;
        delete from tijori.drafts x where x.account_id = leaving and x.business_id = shop;
        delete from tijori.uploads x where x.account_id = leaving and x.business_id = shop;
        delete from tijori.period_locks x where x.account_id = leaving and x.business_id = shop;
        delete from tijori.payees x where x.account_id = leaving and x.business_id = shop;
        delete from tijori.businesses x where x.account_id = leaving and x.id = shop;
        return 1;
    end if;

    delete from tijori.invitations x where x.account_id = leaving;
    delete from tijori.credit_calendars x where x.account_id = leaving;
    delete from tijori.credit_anchors x where x.account_id = leaving;
    select y.meter into unit from tijori.credit_entries y where y.account_id = leaving limit 1;
    delete from tijori.credit_entries x where x.account_id = leaving and x.meter = unit
       and x.number = any (array(select y.number from tijori.credit_entries y where y.account_id = leaving and y.meter = unit limit most));
    get diagnostics n = row_count;
    if n > 0 then return n; end if;
    delete from tijori.credit_holds x where x.account_id = leaving
       and x.id = any (array(select y.id from tijori.credit_holds y where y.account_id = leaving limit most));
    get diagnostics n = row_count;
    if n > 0 then return n; end if;
    delete from tijori.credit_lots x where x.account_id = leaving;
    delete from tijori.credit_grants x where x.account_id = leaving;
    delete from tijori.credit_balances x where x.account_id = leaving;
    update tijori.invoices x set url = '' where x.account_id = leaving;
    update tijori.accounts v set erased_at = auth.clock() where v.account_id = leaving;
    return 0;
end $$;
-- +goose StatementEnd
alter function auth.forget_users(uuid[]) owner to tijori_guard;
alter function auth.due_erasures() owner to tijori_guard;
alter function auth.told_erasure(uuid) owner to tijori_guard;
alter function auth.begin_erasing(uuid) owner to tijori_guard;
alter function auth.erase_rows(uuid, integer) owner to tijori_guard;
revoke all on function auth.forget_users(uuid[]), auth.due_erasures(), auth.told_erasure(uuid), auth.begin_erasing(uuid), auth.erase_rows(uuid, integer) from public;
grant execute on function auth.due_erasures(), auth.told_erasure(uuid), auth.begin_erasing(uuid), auth.erase_rows(uuid, integer) to tijori_auth;
