-- +goose Up
-- An account that its owner deletes stands still for thirty days: everybody reads, nobody writes, and an owner may keep
-- it. leaving_at says since when, erase_at from when it may be erased, erasing_at and erased_at that this has begun and
-- ended, all by the service clock; told counts the letters: 1 at the start, 2 some days before the end, 3 at the end.
alter table tijori.accounts
    add column leaving_at timestamptz,
    add column erase_at timestamptz,
    add column erasing_at timestamptz,
    add column erased_at timestamptz,
    add column told smallint not null default 0,
    add constraint accounts_leaving_check check ((leaving_at is null) = (erase_at is null)
        and (erasing_at is null or leaving_at is not null) and (erased_at is null or erasing_at is not null)),
    add constraint accounts_told_check check (told between 0 and 3 and (told = 0 or leaving_at is not null));
create index accounts_leaving_idx on tijori.accounts (erase_at, account_id) where erase_at is not null and erased_at is null;

create policy shares_update_guard on tijori.shares for update to tijori_guard using (true) with check (true);
grant update (revoked_at) on tijori.shares to tijori_guard;

-- +goose StatementBegin
-- auth.refuse_leaving refuses new rows for an account that is leaving. The account is looked at under a lock that waits
-- for an owner who is about to leave it.
create function auth.refuse_leaving() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    leaving boolean;
begin
    select a.leaving_at is not null into leaving from tijori.accounts a where a.account_id = new.account_id for key share;
    if leaving then
        raise exception 'the account is leaving' using errcode = 'check_violation', constraint = 'accounts_leaving';
    end if;
    return null;
end $$;

-- auth.hold_lock as in 0071; and nothing is written to the book of an account that is leaving.
create or replace function auth.hold_lock(account uuid, business uuid) returns date
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'entries are written at read committed' using errcode = '25001';
    end if;
    perform pg_catalog.pg_advisory_xact_lock_shared(7100, pg_catalog.hashtext(business::text));
    if exists (select 1 from tijori.accounts a where a.account_id = account and a.leaving_at is not null) then
        raise exception 'the account is leaving' using errcode = 'check_violation', constraint = 'accounts_leaving';
    end if;
    return (select l.locked_until from tijori.period_locks l
             where l.account_id = account and l.business_id = business order by l.created_at desc limit 1);
end $$;

-- auth.renews says whether a subscription of an account will ask for money again.
create function auth.renews(account uuid) returns boolean
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return exists (select 1 from tijori.subscriptions s
                    where s.account_id = account and s.ended_at is null and s.status in ('trialing', 'active', 'past_due', 'paused')
                      and not s.cancel_at_period_end and s.cancel_at is null);
end $$;

-- auth.leave_account begins the thirty days of the account that the caller owns, and ends at once what works without a
-- person: shared links, API keys, and invitations. Twice is no error. Returns when the account may be erased. For the
-- sign-in role alone, which has asked for the password; who calls, auth.scope() says here as everywhere.
create function auth.leave_account(leaving uuid) returns timestamptz
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    today constant timestamptz := auth.clock();
    a tijori.accounts;
begin
    select v.* into a from tijori.accounts v
     where v.account_id = (select s.account_id from auth.scope() s where s.role = 'owner') and v.account_id = leaving for update;
    if not found or not exists (select 1 from auth.scope() s where s.role = 'owner' and s.account_id = leaving) then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    if a.leaving_at is not null then
        return a.erase_at;
    end if;
    if auth.renews(leaving) then
        raise exception 'a subscription renews' using errcode = 'check_violation', constraint = 'accounts_renewing';
    end if;
    update tijori.accounts v set leaving_at = today, erase_at = today + interval '30 days', told = 0 where v.account_id = leaving;
    update tijori.credentials c set revoked_at = now() where c.account_id = leaving and c.kind = 'api_key' and c.revoked_at is null;
    update tijori.shares h set revoked_at = now() where h.account_id = leaving and h.revoked_at is null;
    update tijori.invitations i set revoked_at = now() where i.account_id = leaving and i.accepted_at is null and i.revoked_at is null;
    return today + interval '30 days';
end $$;

-- auth.keep_account() ends the thirty days of the account that the caller owns, as if nothing had been asked for.
create function auth.keep_account() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from auth.scope() s where s.role = 'owner');
begin
    if mine is null then
        raise exception 'not an owner' using errcode = '42501';
    end if;
    update tijori.accounts a set leaving_at = null, erase_at = null, told = 0
     where a.account_id = mine and a.leaving_at is not null and a.erasing_at is null;
end $$;

-- auth.tell_leaving() counts the letters that are due to owners of accounts that leave, and returns whom to write to:
-- each letter once, in the transaction that queues it. With only, of that account.
create function auth.tell_leaving(only_account uuid default null) returns table (account_id uuid, user_id uuid)
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    return query
    with due as (
        select a.account_id from tijori.accounts a
         where a.erase_at is not null and a.erased_at is null and a.erasing_at is null and a.erase_at > auth.clock()
           and (a.told = 0 or a.told = 1 and a.erase_at - interval '3 days' <= auth.clock())
           and (only_account is null or a.account_id = only_account)
         order by a.account_id limit 100 for no key update skip locked
    ), told as (
        update tijori.accounts a set told = case when a.erase_at - interval '3 days' <= auth.clock() then 2 else 1 end
          from due where a.account_id = due.account_id
        returning a.account_id
    )
    select t.account_id, m.user_id from told t
      join tijori.members m on m.account_id = t.account_id and m.business_id is null and m.role = 'owner';
end $$;

-- auth.leaving_letters is what the letters to the owners of an account that leaves say; with only_user, that one's.
create function auth.leaving_letters(leaving uuid, only_user uuid default null)
    returns table (email text, name text, locale text, account_name text, erase_at timestamptz, told smallint)
    language sql stable security definer set search_path = ''
    as $$
    select u.email, u.name, u.locale, a.name, a.erase_at, a.told
      from tijori.accounts a
      join tijori.members m on m.account_id = a.account_id and m.business_id is null and m.role = 'owner'
      join tijori.users u on u.id = m.user_id
     where a.account_id = leaving and a.leaving_at is not null and a.erasing_at is null and (only_user is null or u.id = only_user)
     order by u.id $$;

-- auth.whoami() as in 0031, with the day from which the account may be erased, null unless it leaves.
drop function auth.whoami();
create function auth.whoami(
        out user_id uuid, out name text, out email text, out locale text, out seen_at timestamptz,
        out account_id uuid, out account_name text, out account_currency text, out plan text, out role text,
        out business_id uuid, out business_name text, out business_currency text, out business_time_zone text, out erase_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    select u.id, u.name, u.email, u.locale, c.used_at,
           a.account_id, coalesce(a.name, ''), coalesce(a.currency, ''),
           case when a.account_id is null then '' else auth.plan_of(a.account_id) end, s.role,
           b.id, coalesce(b.name, ''), coalesce(b.currency, ''), coalesce(b.time_zone, ''), a.erase_at
      into whoami.user_id, whoami.name, whoami.email, whoami.locale, whoami.seen_at,
           whoami.account_id, whoami.account_name, whoami.account_currency, whoami.plan, whoami.role,
           whoami.business_id, whoami.business_name, whoami.business_currency, whoami.business_time_zone, whoami.erase_at
      from tijori.credentials c
      join tijori.users u on u.id = c.user_id
      left join tijori.accounts a on a.account_id = s.account_id
      left join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
     where c.hash = decode(current_setting('tijori.credential', true), 'hex');
end $$;
-- +goose StatementEnd
alter function auth.refuse_leaving() owner to tijori_guard;
alter function auth.renews(uuid) owner to tijori_guard;
alter function auth.leave_account(uuid) owner to tijori_guard;
alter function auth.keep_account() owner to tijori_guard;
alter function auth.tell_leaving(uuid) owner to tijori_guard;
alter function auth.leaving_letters(uuid, uuid) owner to tijori_guard;
alter function auth.whoami() owner to tijori_guard;
revoke all on function auth.refuse_leaving(), auth.renews(uuid), auth.leave_account(uuid), auth.keep_account(),
    auth.tell_leaving(uuid), auth.leaving_letters(uuid, uuid), auth.whoami() from public;
grant execute on function auth.keep_account(), auth.whoami() to tijori_app;
grant execute on function auth.leave_account(uuid), auth.tell_leaving(uuid), auth.leaving_letters(uuid, uuid) to tijori_auth;

-- Entries ask through auth.hold_lock. Drafts and files of an import are no part of the book.
create trigger members_leaving after insert on tijori.members for each row execute function auth.refuse_leaving();
create trigger invitations_leaving after insert on tijori.invitations for each row execute function auth.refuse_leaving();
create trigger businesses_leaving after insert on tijori.businesses for each row execute function auth.refuse_leaving();
create trigger parties_leaving after insert or update on tijori.parties for each row execute function auth.refuse_leaving();
create trigger batches_leaving after insert on tijori.batches for each row execute function auth.refuse_leaving();
create trigger period_locks_leaving after insert on tijori.period_locks for each row execute function auth.refuse_leaving();
create trigger payees_leaving after insert on tijori.payees for each row execute function auth.refuse_leaving();
create trigger shares_leaving after insert on tijori.shares for each row execute function auth.refuse_leaving();
create trigger reminders_leaving after insert on tijori.reminders for each row execute function auth.refuse_leaving();
create trigger checkouts_leaving after insert on tijori.checkouts for each row execute function auth.refuse_leaving();
create trigger purchases_leaving after insert on tijori.purchases for each row execute function auth.refuse_leaving();
create trigger credentials_leaving after insert on tijori.credentials for each row when (new.kind = 'api_key') execute function auth.refuse_leaving();
