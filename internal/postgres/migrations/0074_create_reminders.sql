-- +goose Up
-- Who was reminded, when, by whom and of which balance. Nothing is sent from here: the owner's phone does that.
-- Append-only by grant.
create table tijori.reminders (
    account_id uuid not null,
    business_id uuid not null,
    id uuid not null,
    party_id uuid not null,
    balance bigint not null,
    channel text not null,
    locale text not null,
    created_by uuid not null,
    created_by_name text not null default '',
    created_at timestamptz not null default now(),
    constraint reminders_pkey primary key (account_id, business_id, id),
    constraint reminders_party_fkey foreign key (account_id, business_id, party_id) references tijori.parties (account_id, business_id, id),
    constraint reminders_balance_check check (balance > 0),
    constraint reminders_channel_check check (channel in ('whatsapp', 'sms', 'copy')),
    constraint reminders_locale_check check (locale in ('en', 'hi'))
);
create index reminders_party_idx on tijori.reminders (account_id, business_id, party_id, created_at desc);

alter table tijori.reminders enable row level security;
alter table tijori.reminders force row level security;
create policy reminders_select_app on tijori.reminders for select to tijori_app
    using ((account_id, business_id) = (select s.account_id, s.business_id from auth.scope() s where s.role in ('owner', 'manager', 'accountant')));
create policy reminders_insert_app on tijori.reminders for insert to tijori_app
    with check ((account_id, business_id, created_by) = (select s.account_id, s.business_id, s.user_id from auth.scope() s where s.role in ('owner', 'manager')));
grant select on tijori.reminders to tijori_app;
grant insert (account_id, business_id, id, party_id, balance, channel, locale, created_by, created_by_name) on tijori.reminders to tijori_app;
