-- +goose Up
-- A batch of the grid could be opened with a plan that has the grid, and be filled when the plan had ended: the plan was asked
-- when a batch began only. Now it is asked with every statement that adds entries to one, whatever the program asked.
create policy batches_select_guard on tijori.batches for select to tijori_guard using (true);
grant select (account_id, business_id, id, kind) on tijori.batches to tijori_guard;
-- +goose StatementBegin
create function auth.require_batch_entry_rows() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    b record;
begin
    for b in select distinct w.account_id, w.business_id, w.batch_id from written w where w.batch_id is not null loop
        if exists (select 1 from tijori.batches x where x.account_id = b.account_id and x.business_id = b.business_id and x.id = b.batch_id and x.kind = 'grid')
           and not exists (select 1 from tijori.plans p where p.id = auth.plan_of(b.account_id) and 'batch_entry' = any (p.entitlements)) then
            raise exception 'the plan has no batch entry' using errcode = '23514', constraint = 'batch_entry_plan';
        end if;
    end loop;
    return null;
end $$;
-- +goose StatementEnd
alter function auth.require_batch_entry_rows() owner to tijori_guard;
revoke all on function auth.require_batch_entry_rows() from public;
create trigger entries_batch_plan after insert on tijori.entries referencing new table as written
    for each statement execute function auth.require_batch_entry_rows();
