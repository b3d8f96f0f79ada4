-- +goose Up
-- compatible from: 1001
-- Which accounts' plans have changed since their calendars of credits were worked. Calendars compared the time of a change
-- with the time at which they had been worked: one that was worked between the writing of a subscription and its commit
-- missed the change. Now each change leaves a row in its own transaction, and whoever takes the row makes the calendar due:
-- a row that is not yet committed is found by the next look. Older programs still compare times; rows that they leave are
-- taken by the next program.
create table tijori.calendar_changes (
    account_id uuid not null,
    id uuid not null default gen_random_uuid(),
    app_id text not null,
    constraint calendar_changes_pkey primary key (account_id, id),
    constraint calendar_changes_account_fkey foreign key (account_id, app_id)
        references tijori.accounts (account_id, app_id)
);
call tijori_access.protect('tijori.calendar_changes');
call tijori_access.open_to('tijori.calendar_changes', 'tijori_guard', 'insert');
grant insert on tijori.calendar_changes to tijori_guard;
call tijori_access.open_to_billing('tijori.calendar_changes', 'select', 'delete');
grant select, delete on tijori.calendar_changes to tijori_billing;
call tijori_access.erase_with_account('tijori.calendar_changes', 135);

-- tijori_credits.note_change() notes the account of a subscription that changed in what the calendar reads of it.
-- +goose StatementBegin
create function tijori_credits.note_change() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    insert into tijori.calendar_changes (account_id, app_id) values (new.account_id, new.app_id);
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_credits.note_change() owner to tijori_guard;
revoke all on function tijori_credits.note_change() from public;

create trigger subscriptions_note_new after insert on tijori.subscriptions
    for each row when (new.plan_id is not null) execute function tijori_credits.note_change();
create trigger subscriptions_note_change after update on tijori.subscriptions
    for each row when ((old.plan_id, old.period_start, old.trial_end, old.created_at, old.access_until, old.paid_through,
            old.paid_since)
        is distinct from (new.plan_id, new.period_start, new.trial_end, new.created_at, new.access_until,
            new.paid_through, new.paid_since))
    execute function tijori_credits.note_change();

-- What may have been missed so far: older changes have been seen, because no calendar rests for more than 30 days.
insert into tijori.calendar_changes (account_id, app_id)
select distinct s.account_id, s.app_id from tijori.subscriptions s
 where s.changed_at > tijori_ops.clock() - interval '32 days';

drop index tijori.subscriptions_changed_idx;
