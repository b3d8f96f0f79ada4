-- +goose Up
-- One Given or Received line of a party. No balance is stored anywhere: it is the sum of these.
create table tijori.entries (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    party_id uuid not null,
    side text not null,
    paise bigint not null,
    business_date date not null,
    note text not null default '',
    request_hash bytea not null,
    created_by uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    deleted_by uuid,
    version integer not null default 1,
    constraint entries_pkey primary key (account_id, business_id, id),
    constraint entries_party_fkey foreign key (account_id, business_id, party_id) references tijori.parties (account_id, business_id, id),
    constraint entries_side_check check (side in ('given', 'received')),
    constraint entries_amount_check check (paise between 1 and 10000000000000), -- money.Max
    constraint entries_date_check check (business_date between date '2000-01-01' and date '2099-12-31'),
    constraint entries_note_check check (length(note) <= 500 and note !~ '[\u0001-\u0009\u000b-\u001f\u007f-\u009f]'),
    constraint entries_request_check check (length(request_hash) = 32),
    constraint entries_deleted_check check ((deleted_at is null) = (deleted_by is null)),
    constraint entries_version_check check (version > 0)
);
-- Every balance and every running balance is read from this index alone; created_by is in it for the policy.
create index entries_party_date_idx on tijori.entries (account_id, business_id, party_id, business_date, id)
    include (side, paise, created_by) where deleted_at is null;
create index entries_bin_idx on tijori.entries (account_id, business_id, deleted_at, id) where deleted_at is not null;
-- A party belongs to one business, and that to one account: without this the planner expects one row.
create statistics entries_tenant_stats (ndistinct, dependencies) on account_id, business_id, party_id from tijori.entries;

alter table tijori.entries enable row level security;
alter table tijori.entries force row level security;
-- A counter sees no entry but his own, so that no total can be derived. tijori.role is what the program was told the
-- role is; it is believed for nothing: the look-up asks of a counter that the third value is his own id, and of
-- others that it is not asked for, so a wrong claim finds less, never more. All of it is one look-up, and binds the
-- index; an OR of two would not, and then whether somebody else's row is there could be told from how the scan ends.
create policy entries_select_app on tijori.entries for select to tijori_app
    using ((account_id, business_id, case when (select current_setting('tijori.role', true) = 'counter') then created_by else '00000000-0000-0000-0000-000000000000'::uuid end)
        = (select s.account_id, s.business_id, case when s.role = 'counter' then s.user_id else '00000000-0000-0000-0000-000000000000'::uuid end from auth.scope() s));
create policy entries_insert_app on tijori.entries for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager', 'counter')));
create policy entries_update_app on tijori.entries for update to tijori_app
    using ((account_id, business_id, case when (select current_setting('tijori.role', true) = 'counter')
            then case when created_at > now() - interval '24 hours' then created_by end else '00000000-0000-0000-0000-000000000000'::uuid end)
        = (select s.account_id, s.business_id, case when s.role = 'counter' then s.user_id else '00000000-0000-0000-0000-000000000000'::uuid end from auth.scope() s
            where s.role in ('owner', 'manager', 'counter')))
    with check ((account_id, business_id, case when (select current_setting('tijori.role', true) = 'counter')
            then case when created_at > now() - interval '24 hours' then created_by end else '00000000-0000-0000-0000-000000000000'::uuid end)
        = (select s.account_id, s.business_id, case when s.role = 'counter' then s.user_id else '00000000-0000-0000-0000-000000000000'::uuid end from auth.scope() s
            where s.role in ('owner', 'manager', 'counter')));
grant select on tijori.entries to tijori_app;
grant insert (account_id, business_id, id, party_id, side, paise, business_date, note, request_hash, created_by) on tijori.entries to tijori_app;
grant update (side, paise, business_date, note, deleted_at) on tijori.entries to tijori_app;

create trigger entries_stamp before update on tijori.entries for each row execute function tijori.stamp_update();

-- +goose StatementBegin
-- refuse_far_date refuses a date more than a year after the service's today: a slip of the keyboard that
-- would stand on top of the page for decades.
create function tijori.refuse_far_date() returns trigger
    language plpgsql set search_path = ''
    as $$
begin
    if new.business_date > (auth.clock() at time zone 'Asia/Kolkata')::date + 366 then
        raise exception 'date too far ahead' using errcode = 'check_violation', constraint = 'entries_far_date_check';
    end if;
    return new;
end $$;
-- +goose StatementEnd
revoke all on function tijori.refuse_far_date() from public;
create trigger entries_far_date before insert or update of business_date on tijori.entries
    for each row when (new.business_date > current_date + 365) execute function tijori.refuse_far_date();
