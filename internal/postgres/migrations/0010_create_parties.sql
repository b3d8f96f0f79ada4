-- +goose Up
-- Someone a business trades with. A deleted party stays, in the bin, with its entries.
-- created_by is no foreign key to users: it is what the credential says, and the key's lock on the
-- user's row would queue everything that user writes at once.
create table tijori.parties (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    kind text not null,
    name text not null,
    name_key text collate "C" not null,
    phone text not null default '',
    note text not null default '',
    request_hash bytea not null,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    deleted_by uuid,
    version integer not null default 1,
    constraint parties_pkey primary key (account_id, business_id, id),
    constraint parties_business_fkey foreign key (account_id, business_id) references tijori.businesses (account_id, id),
    constraint parties_kind_check check (kind in ('customer', 'supplier')),
    constraint parties_name_check check (length(name) between 1 and 120 and name = btrim(name) and name !~ '[\u0001-\u001f\u007f-\u009f]'),
    constraint parties_name_key_check check (length(name_key) <= 480),
    constraint parties_phone_check check (phone ~ '^(\+?[0-9]{3,15})?$'),
    constraint parties_note_check check (length(note) <= 500 and note !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'),
    constraint parties_request_check check (length(request_hash) = 32),
    constraint parties_deleted_check check ((deleted_at is null) = (deleted_by is null)),
    constraint parties_version_check check (version > 0)
);
create index parties_bin_idx on tijori.parties (account_id, business_id, deleted_at, id) where deleted_at is not null;
-- A business belongs to one account: without this the planner multiplies the two and expects one row.
create statistics parties_tenant_stats (ndistinct, dependencies) on account_id, business_id from tijori.parties;

alter table tijori.parties enable row level security;
alter table tijori.parties force row level security;
create policy parties_select_app on tijori.parties for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy parties_insert_app on tijori.parties for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy parties_update_app on tijori.parties for update to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')))
    with check ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager')));
create policy parties_select_guard on tijori.parties for select to tijori_guard using (true);
-- Nobody deletes. Who, when and which version are not the program's to say, so they are not granted.
grant select on tijori.parties to tijori_app;
grant insert (account_id, business_id, id, kind, name, name_key, phone, note, request_hash, created_by) on tijori.parties to tijori_app;
grant update (kind, name, name_key, phone, note, deleted_at) on tijori.parties to tijori_app;
grant select (account_id, business_id, id, kind, name, name_key, deleted_at) on tijori.parties to tijori_guard;

-- +goose StatementBegin
-- stamp_update counts the version and writes down who deleted and when, whatever the statement says.
create function tijori.stamp_update() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    if new.deleted_at is null then
        new.deleted_by := null;
    elsif old.deleted_at is null then
        new.deleted_at := now();
        new.deleted_by := auth.user_id();
    else
        new.deleted_at := old.deleted_at;
        new.deleted_by := old.deleted_by;
    end if;
    return new;
end $$;

-- auth.party_names is all that a counter sees of parties: names of living ones, to choose from.
-- With only_id, that one; without, those whose name_key matches every LIKE pattern.
create function auth.party_names(only_id uuid default null, patterns text[] default '{}')
    returns table (id uuid, kind text, name text, name_key text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    if only_id is not null then
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.id = only_id and p.deleted_at is null;
    else
        return query select p.id, p.kind, p.name, p.name_key from tijori.parties p
          where p.account_id = s.account_id and p.business_id = s.business_id and p.deleted_at is null and p.name_key like all (patterns);
    end if;
end $$;
-- +goose StatementEnd
revoke all on function tijori.stamp_update() from public;
alter function auth.party_names(uuid, text[]) owner to tijori_guard;
revoke all on function auth.party_names(uuid, text[]) from public;
grant execute on function auth.party_names(uuid, text[]) to tijori_app;
create trigger parties_stamp before update on tijori.parties for each row execute function tijori.stamp_update();
