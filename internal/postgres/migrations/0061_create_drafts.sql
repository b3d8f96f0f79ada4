-- +goose Up
-- What a user has begun on a page and not saved yet: the rows of the grid. Nobody else sees it, the owner neither.
-- writer is the tab that wrote last: it may repeat itself when an answer was lost.
create table tijori.drafts (
    account_id uuid not null,
    business_id uuid not null,
    created_by uuid not null,
    name text not null,
    body jsonb not null,
    writer uuid not null,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    constraint drafts_pkey primary key (account_id, business_id, created_by, name),
    constraint drafts_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint drafts_name_check check (length(name) between 1 and 60),
    constraint drafts_body_check check (octet_length(body::text) <= 4194304),
    constraint drafts_version_check check (version > 0)
);
alter table tijori.drafts enable row level security;
alter table tijori.drafts force row level security;
create policy drafts_select_app on tijori.drafts for select to tijori_app
    using ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy drafts_insert_app on tijori.drafts for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy drafts_update_app on tijori.drafts for update to tijori_app
    using ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')))
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
grant select on tijori.drafts to tijori_app;
grant insert (account_id, business_id, created_by, name, body, writer) on tijori.drafts to tijori_app;
grant update (body, writer) on tijori.drafts to tijori_app;

-- +goose StatementBegin
create function tijori.stamp_draft() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end $$;
-- +goose StatementEnd
revoke all on function tijori.stamp_draft() from public;
create trigger drafts_stamp before update on tijori.drafts for each row execute function tijori.stamp_draft();
