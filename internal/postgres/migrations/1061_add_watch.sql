-- +goose Up
-- compatible from: 1001
-- What the detector found in the access log, what operators said to it, and what it must remember over a restart. All of
-- it is tijori_watch's.

-- When a row was written. A request that took minutes has an old time and is new to whoever reads on from the last row.
alter table tijori.access_log add column kept_at timestamptz not null default now();
create index access_log_kept_idx on tijori.access_log (kept_at);
drop index tijori.access_log_at_idx;

create table tijori.watch_alerts (
    id uuid not null,
    rule text not null,
    subject text not null,            -- a user, key, account, address or mark of a name; '' is everything
    account_id uuid,                  -- of whoever caused it
    state text not null,
    times bigint not null,
    told_times bigint not null default 0,
    detail text not null,
    requests text[] not null,         -- ids of some of the requests
    first_at timestamptz not null,
    last_at timestamptz not null,
    told_at timestamptz,
    muted_at timestamptz,
    muted_until timestamptz,
    muted_times bigint,
    taken_by text,                    -- the operator who looks after it
    constraint watch_alerts_pkey primary key (id),
    constraint watch_alerts_group_key unique (rule, subject),
    constraint watch_alerts_state_check check (state in ('raised', 'over')),
    constraint watch_alerts_times_check check (times >= 0 and told_times >= 0),
    constraint watch_alerts_text_check
        check (length(rule) <= 40 and length(subject) <= 200 and length(detail) <= 500 and cardinality(requests) <= 20)
);
call tijori_access.protect('tijori.watch_alerts');
call tijori_access.open_to('tijori.watch_alerts', 'tijori_watch', 'select', 'insert', 'update');
grant select, insert, update on tijori.watch_alerts to tijori_watch;

-- What operators did about an alert, with the reason.
create table tijori.watch_acts (
    id uuid not null,
    alert_id uuid not null,
    at timestamptz not null default now(),
    who text not null,
    act text not null,
    until timestamptz,
    reason text not null,
    constraint watch_acts_pkey primary key (id),
    constraint watch_acts_alert_fkey foreign key (alert_id) references tijori.watch_alerts (id),
    constraint watch_acts_act_check check (act in ('take', 'snooze', 'dismiss')),
    constraint watch_acts_text_check check (length(who) <= 320 and length(reason) between 3 and 1000)
);
create index watch_acts_alert_idx on tijori.watch_acts (alert_id, at);
call tijori_access.protect('tijori.watch_acts');
call tijori_access.open_to('tijori.watch_acts', 'tijori_watch', 'select', 'insert');
grant select, insert on tijori.watch_acts to tijori_watch;

-- Up to where the log was read, and which node reads on.
create table tijori.watch_cursor (
    id boolean not null default true,
    kept_at timestamptz not null,
    holder uuid,
    held_until timestamptz,
    constraint watch_cursor_pkey primary key (id),
    constraint watch_cursor_one_row_check check (id)
);
insert into tijori.watch_cursor (kept_at) values (now());
call tijori_access.protect('tijori.watch_cursor');
call tijori_access.open_to('tijori.watch_cursor', 'tijori_watch', 'select', 'update');
grant select, update on tijori.watch_cursor to tijori_watch;

-- How much of a kind each account took in each hour: what it is compared with.
create table tijori.watch_hours (
    account_id uuid not null,
    kind smallint not null,
    hour timestamptz not null,
    taken integer not null,
    constraint watch_hours_pkey primary key (account_id, kind, hour)
);
create index watch_hours_hour_idx on tijori.watch_hours (hour);
call tijori_access.protect('tijori.watch_hours');
call tijori_access.open_to('tijori.watch_hours', 'tijori_watch', 'select', 'insert', 'update', 'delete');
grant select, insert, update, delete on tijori.watch_hours to tijori_watch;

-- Which businesses a user or key was let into.
create table tijori.watch_visits (
    caller_id uuid not null,
    business_id uuid not null,
    day date not null,
    constraint watch_visits_pkey primary key (caller_id, business_id)
);
create index watch_visits_day_idx on tijori.watch_visits (day);
call tijori_access.protect('tijori.watch_visits');
call tijori_access.open_to('tijori.watch_visits', 'tijori_watch', 'select', 'insert', 'update', 'delete');
grant select, insert, update, delete on tijori.watch_visits to tijori_watch;

-- +goose StatementBegin
-- tijori_ops.strangers_among(ids, mine) says which of the ids are accounts or businesses of other accounts than those
-- named: what an answer must not hold.
create function tijori_ops.strangers_among(ids uuid[], mine uuid[]) returns table (id uuid)
    language sql stable security definer set search_path = ''
    as $$
    select a.account_id from tijori.accounts a where a.account_id = any (ids) and a.account_id <> all (mine)
    union all
    select b.id from tijori.businesses b where b.id = any (ids) and b.account_id <> all (mine) $$;
-- +goose StatementEnd
alter function tijori_ops.strangers_among(uuid[], uuid[]) owner to tijori_guard;
revoke all on function tijori_ops.strangers_among(uuid[], uuid[]) from public;
grant execute on function tijori_ops.strangers_among(uuid[], uuid[]) to tijori_watch;
create index businesses_id_idx on tijori.businesses (id, account_id);
