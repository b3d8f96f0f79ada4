-- +goose Up
-- Long work that who began it may watch, and stop, from another request, which may reach another node. The work itself
-- writes down how far it is, about once a second. Short work leaves no row. Nobody else sees it, the owner neither.
create table tijori.tasks (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    kind text not null,
    state text not null default 'running',
    done bigint not null default 0,
    total bigint not null default 0,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    constraint tasks_pkey primary key (account_id, business_id, id),
    constraint tasks_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id) on delete cascade,
    constraint tasks_kind_check check (kind in ('export', 'import')),
    constraint tasks_state_check check (state in ('running', 'stopped', 'done', 'failed')),
    constraint tasks_count_check check (done >= 0 and total >= 0)
);
comment on column tijori.tasks.total is 'rows in all; 0 while nobody knows';
comment on column tijori.tasks.seen_at is 'when the work last wrote: a node that died ends nothing';

alter table tijori.tasks enable row level security;
alter table tijori.tasks force row level security;
create policy tasks_select_app on tijori.tasks for select to tijori_app
    using ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy tasks_insert_app on tijori.tasks for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy tasks_update_app on tijori.tasks for update to tijori_app
    using ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')))
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy tasks_select_guard on tijori.tasks for select to tijori_guard using (true);
create policy tasks_delete_guard on tijori.tasks for delete to tijori_guard using (true);
grant select on tijori.tasks to tijori_app;
grant insert (account_id, business_id, id, kind, done, created_by) on tijori.tasks to tijori_app;
grant update (state, done, total, seen_at) on tijori.tasks to tijori_app;
grant select (seen_at), delete on tijori.tasks to tijori_guard;

-- +goose StatementBegin
-- auth.forget_tasks() deletes what was written of work that was last seen a day ago. For the sweep.
create function auth.forget_tasks() returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n bigint;
begin
    delete from tijori.tasks t where t.seen_at < now() - interval '1 day';
    get diagnostics n = row_count;
    return n;
end $$;
-- +goose StatementEnd
alter function auth.forget_tasks() owner to tijori_guard;
revoke all on function auth.forget_tasks() from public;
grant execute on function auth.forget_tasks() to tijori_auth;
