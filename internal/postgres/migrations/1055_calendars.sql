-- +goose Up
-- compatible from: 1001
-- A calendar of credits comes with its account, or with its meter. A job looked through all accounts for those without
-- one, every second: with 10,000 accounts that took longer than applying the webhooks that it ran beside. Older programs
-- still look, and find nothing.

call tijori_access.open_to('tijori.credit_calendars', 'tijori_guard', 'insert');
grant insert on tijori.credit_calendars to tijori_guard;

-- tijori_credits.open_calendars() gives new accounts, or all accounts of an app with a new meter, a calendar that is
-- due at once.
-- +goose StatementBegin
create function tijori_credits.open_calendars() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    if tg_table_name = 'accounts' then
        insert into tijori.credit_calendars (account_id, app_id, meter, worked_to, due_at)
        select a.account_id, a.app_id, m.id, a.created_at, '-infinity'
          from added a
          join tijori.meters m on m.app_id = a.app_id
         where a.erasing_at is null;
    else
        insert into tijori.credit_calendars (account_id, app_id, meter, worked_to, due_at)
        select a.account_id, a.app_id, m.id, tijori_ops.clock(), '-infinity'
          from added m
          join tijori.accounts a on a.app_id = m.app_id
         where a.erasing_at is null;
    end if;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_credits.open_calendars() owner to tijori_guard;
revoke all on function tijori_credits.open_calendars() from public;

create trigger accounts_open_calendars after insert on tijori.accounts
    referencing new table as added for each statement execute function tijori_credits.open_calendars();
create trigger meters_open_calendars after insert on tijori.meters
    referencing new table as added for each statement execute function tijori_credits.open_calendars();

insert into tijori.credit_calendars (account_id, app_id, meter, worked_to, due_at)
select a.account_id, a.app_id, m.id, tijori_ops.clock(), '-infinity'
  from tijori.accounts a
  join tijori.meters m on m.app_id = a.app_id
 where a.erasing_at is null
    on conflict on constraint credit_calendars_pkey do nothing;
