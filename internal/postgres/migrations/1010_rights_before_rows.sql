-- +goose Up
-- compatible from: 1001
-- A right that a member lacks closes a table before any row of it is looked for. Until now it was compared with each row
-- that an index had found, after the account and the business: no row came out, but EXPLAIN ANALYZE told how many there
-- were above a balance, so that a counter could find each balance by halving.
--
-- Of the four parts of a policy for select (see 1001) the fourth becomes one with the second: without the right, the look-up
-- has no account. Then hint and truth differ, and that comparison is made once, before any row.

-- +goose StatementBegin
create or replace procedure tijori_access.open_to_app(
        tab regclass, verb text, whose text, may text, narrowed boolean default false, until interval default null)
    language plpgsql set search_path = ''
    as $$
declare
    nobody constant text := quote_literal('00000000-0000-0000-0000-000000000000') || '::uuid';
    own_only constant text := $q$(select current_setting('tijori.own_only', true) = 'on')$q$;
    hint constant text := $q$account_id = (select nullif(current_setting('tijori.account', true), '')::uuid)$q$;
    cheap constant text := '(case when %s = any (array[%s]) then true end) is not null and ';
    its_right constant text := coalesce('s.' || may, $q$s.role <> ''$q$);
    first text := format(cheap, 'account_id', '(select tijori_access.account_id())');
    columns text := 'account_id';
    truths text := 's.account_id';
    truth text;
begin
    if whose in ('business', 'maker') then
        first := format(cheap, 'business_id', '(select tijori_access.business_id())') || first;
        columns := columns || ', business_id';
        truths := truths || ', s.business_id';
    elsif whose = 'itself' then
        first := format(cheap, 'id', 'coalesce((select tijori_access.business_id()), id)') || first;
    elsif whose <> 'account' then
        raise exception 'whose rows: %', whose;
    end if;
    if whose = 'maker' then
        first := format(cheap, 'created_by', '(select tijori_access.user_id())') || first;
    end if;
    if narrowed then
        first := format('case when %s then (case when created_by = any (array[(select tijori_access.maker())])'
            ' then true end) is not null else (select tijori_access.maker() = %s) end and ', own_only, nobody) || first;
    end if;
    if whose = 'maker' and verb <> 'select' or verb = 'insert'
       and exists (select from pg_catalog.pg_attribute a where a.attrelid = tab and a.attname = 'created_by') then
        columns := columns || ', created_by';
        truths := truths || ', s.user_id';
    end if;
    if narrowed and verb <> 'select' then
        columns := columns || format(', case when %s then %s else %s end', own_only,
            case when until is null then 'created_by'
                 else format('case when created_at > now() - %L::interval then created_by end', until) end, nobody);
        truths := truths || ', tijori_access.maker()';
    end if;
    if verb = 'select' then
        truth := format('(%s) = (select %s from tijori_access.scope() s)', columns,
            replace(truths, 's.account_id', format('case when %s then s.account_id end as account_id', its_right)));
    elsif whose = 'itself' then -- a sub-select that read the row's id would be made for each row
        truth := format('(account_id, true) = (select s.account_id, %s from tijori_access.scope() s)', its_right);
    else
        truth := format('(%s, true) = (select %s, %s from tijori_access.scope() s)', columns, truths, its_right);
    end if;
    if whose = 'itself' and verb <> 'insert' then
        truth := truth || ' and id = coalesce((select tijori_access.business_id()), id)';
    end if;
    execute format('create policy %I on %s for %s to tijori_app %s',
        tijori_access.policy_name(tab, verb, 'tijori_app'), tab, verb,
        case verb when 'select' then format('using (%s%s and %s)', first, hint, truth)
                  when 'insert' then format('with check (%s)', truth)
                  else format('using (%1$s) with check (%1$s)', truth) end);
end $$;

do $$
declare
    p record;
begin
    for p in
        select c.polname, c.polrelid::regclass as tab from pg_catalog.pg_policy c
         where c.polcmd = 'r' and c.polroles = array[to_regrole('tijori_app')::oid]
    loop
        execute format('drop policy %I on %s', p.polname, p.tab);
    end loop;
end $$;
-- +goose StatementEnd

call tijori_access.open_to_app('tijori.accounts', 'select', 'account', null);
call tijori_access.open_to_app('tijori.businesses', 'select', 'itself', null);
call tijori_access.open_to_app('tijori.members', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.invitations', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.checkouts', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.subscriptions', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.payments', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.invoices', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.purchases', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.credit_balances', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.credit_entries', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.credit_grants', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.credit_holds', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.credit_calendars', 'select', 'account', 'owns');
call tijori_access.open_to_app('tijori.batches', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.parties', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.entries', 'select', 'business', null, narrowed => true);
call tijori_access.open_to_app('tijori.changes', 'select', 'business', null, narrowed => true);
call tijori_access.open_to_app('tijori.drafts', 'select', 'maker', 'runs_khata');
call tijori_access.open_to_app('tijori.uploads', 'select', 'maker', 'runs_khata');
call tijori_access.open_to_app('tijori.tasks', 'select', 'maker', 'sees_totals');
call tijori_access.open_to_app('tijori.period_locks', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.payees', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.shares', 'select', 'business', 'runs_khata');
call tijori_access.open_to_app('tijori.reminders', 'select', 'business', 'sees_totals');
call tijori_access.open_to_app('tijori.party_sums', 'select', 'business', 'sees_totals');
