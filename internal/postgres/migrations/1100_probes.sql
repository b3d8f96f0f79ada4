-- +goose Up
-- compatible from: 1001
-- What probers found from outside: how each address and canary is now, how its looks went on each day, and when it
-- failed. None of it is about a tenant. All of it is tijori_watch's; the public status page shows it.

create table tijori.probe_lines (
    name text not null,
    location text not null,           -- of the prober
    kind text not null,
    title text not null,
    title_hi text not null,
    hidden boolean not null,          -- not on the public page
    place smallint not null,          -- of its line
    state text not null,
    since timestamptz not null,
    checked_at timestamptz not null,
    took_ms integer not null,
    detail text not null,             -- why it is down; operators only
    constraint probe_lines_pkey primary key (name, location),
    constraint probe_lines_kind_check check (kind in ('address', 'canary')),
    constraint probe_lines_state_check check (state in ('up', 'down')),
    constraint probe_lines_text_check check (length(name) <= 40 and length(location) <= 40 and length(title) <= 80
        and length(title_hi) <= 80 and length(detail) <= 400)
);
call tijori_access.protect('tijori.probe_lines');
call tijori_access.open_to('tijori.probe_lines', 'tijori_watch', 'select', 'insert', 'update', 'delete');
grant select, insert, update, delete on tijori.probe_lines to tijori_watch;

create table tijori.probe_days (
    name text not null,
    location text not null,
    day date not null,                -- by UTC
    checks integer not null,
    failures integer not null,
    constraint probe_days_pkey primary key (name, location, day),
    constraint probe_days_text_check check (length(name) <= 40 and length(location) <= 40),
    constraint probe_days_count_check check (failures between 0 and checks)
);
create index probe_days_day_idx on tijori.probe_days (day);
call tijori_access.protect('tijori.probe_days');
call tijori_access.open_to('tijori.probe_days', 'tijori_watch', 'select', 'insert', 'update', 'delete');
grant select, insert, update, delete on tijori.probe_days to tijori_watch;

create table tijori.probe_outages (
    id uuid not null,
    name text not null,
    location text not null,
    began_at timestamptz not null,
    until timestamptz,                -- null while it goes on
    constraint probe_outages_pkey primary key (id),
    constraint probe_outages_text_check check (length(name) <= 40 and length(location) <= 40)
);
create index probe_outages_began_idx on tijori.probe_outages (began_at);
create index probe_outages_open_idx on tijori.probe_outages (name, location) where until is null;
call tijori_access.protect('tijori.probe_outages');
call tijori_access.open_to('tijori.probe_outages', 'tijori_watch', 'select', 'insert', 'update', 'delete');
grant select, insert, update, delete on tijori.probe_outages to tijori_watch;
