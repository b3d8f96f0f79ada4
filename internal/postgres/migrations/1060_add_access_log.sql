-- +goose Up
-- compatible from: 1001
-- The access log: one row for each request, by whom, about what, and what was answered. tijori_log adds rows and reads
-- nothing; tijori_watch reads them and changes nothing. What was allowed and what was refused stand apart, because
-- they are kept for different times, and both are parted by day, so that a day ends by dropping a table.
create table tijori.access_log (
    at timestamptz not null,          -- when the request began
    request_id text not null,
    user_id uuid,                     -- who, as the database answered; null for a stranger
    key_id uuid,                      -- the API key
    operator boolean not null,        -- used a page of the operators
    account_id uuid,
    business_id uuid,
    route text not null,              -- method and pattern, never the path
    object text,                      -- the id that the path names last, or a mark of the address that somebody signs in with
    verdict text not null,
    status smallint not null,
    rows integer not null,            -- that the database answered; of a row about losses, how many are lost
    took_ms integer not null,
    address inet,
    device text not null,             -- browser and system, in two words
    release text not null,
    constraint access_log_verdict_check
        check (verdict in ('allowed', 'denied', 'not_found', 'limited', 'failed', 'lost')),
    constraint access_log_text_check
        check (length(request_id) <= 64 and length(route) <= 200 and length(object) <= 100 and length(device) <= 60
            and length(release) <= 100),
    constraint access_log_numbers_check check (rows >= 0 and took_ms >= 0 and status between 0 and 999)
) partition by list (verdict);
call tijori_access.protect('tijori.access_log');
call tijori_access.open_to('tijori.access_log', 'tijori_log', 'insert');
call tijori_access.open_to('tijori.access_log', 'tijori_watch', 'select');
grant insert on tijori.access_log to tijori_log;
grant select on tijori.access_log to tijori_watch;

create table tijori.access_log_allowed partition of tijori.access_log for values in ('allowed')
    partition by range (at);
create table tijori.access_log_refused partition of tijori.access_log
    for values in ('denied', 'not_found', 'limited', 'failed', 'lost') partition by range (at);
-- Rows of a day that has no table yet: none but after a restore, or where nobody tends the log.
create table tijori.access_log_allowed_rest partition of tijori.access_log_allowed default;
create table tijori.access_log_refused_rest partition of tijori.access_log_refused default;
-- Nobody but the back-up reaches a part, except through the whole.
call tijori_access.protect('tijori.access_log_allowed');
call tijori_access.protect('tijori.access_log_refused');
call tijori_access.protect('tijori.access_log_allowed_rest');
call tijori_access.protect('tijori.access_log_refused_rest');

create index access_log_account_idx on tijori.access_log (account_id, at);
create index access_log_user_idx on tijori.access_log (user_id, at) where user_id is not null;
create index access_log_object_idx on tijori.access_log (object, at) where object is not null;
create index access_log_at_idx on tijori.access_log using brin (at) with (pages_per_range = 16);

-- +goose StatementBegin
-- tijori_ops.tend_access_log() makes the tables of the coming days and drops those whose time is over: what was allowed
-- is kept for 90 days, what was refused for 400. It returns how many tables were made and dropped. It puts SQL together
-- from dates alone. It belongs to the owner of the tables, because nobody else can make and drop them.
create function tijori_ops.tend_access_log(out made integer, out dropped integer)
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    kind record;
    day date;
    part text;
    today constant date := (now() at time zone 'UTC')::date;
    days date[];
begin
    made := 0;
    dropped := 0;
    if not pg_catalog.pg_try_advisory_xact_lock(7310591) then -- another node is at it
        return;
    end if;
    for kind in
        select * from (values ('access_log_allowed', 90), ('access_log_refused', 400)) k(name, kept)
    loop
        for part in
            select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
             where i.inhparent = ('tijori.' || kind.name)::regclass and c.relname ~ '_[0-9]{8}$'
               and to_date(right(c.relname, 8), 'YYYYMMDD') < today - kind.kept
             order by 1
        loop
            execute format('drop table tijori.%I', part);
            dropped := dropped + 1;
        end loop;
        days := array(select today + n from generate_series(-1, 3) n);
        part := kind.name || '_rest';
        if pg_catalog.pg_relation_size(('tijori.' || part)::regclass) > 0 then
            execute format('alter table tijori.%I no force row level security', part);
            execute format('delete from tijori.%I where at < $1', part)
                using (today - kind.kept)::timestamp at time zone 'UTC';
            execute format('select $1 || array(select distinct (r.at at time zone ''UTC'')::date from tijori.%I r)', part)
                using days into days;
        end if;
        foreach day in array array(select distinct d from unnest(days) d order by d) loop
            part := kind.name || '_' || to_char(day, 'YYYYMMDD');
            if to_regclass('tijori.' || part) is not null then
                continue;
            end if;
            -- attached when it is whole: that waits for no reader, as making it in its place would
            execute format('create table tijori.%I (like tijori.%I including all)', part, kind.name);
            execute format('alter table tijori.%I add constraint at_of_day check (at >= %L and at < %L)', part,
                day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
            if pg_catalog.pg_relation_size(('tijori.' || kind.name || '_rest')::regclass) > 0 then
                execute format('with moved as (delete from tijori.%I where at >= $1 and at < $2 returning *)'
                    ' insert into tijori.%I select * from moved', kind.name || '_rest', part)
                    using day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC';
            end if;
            execute format('alter table tijori.%I attach partition tijori.%I for values from (%L) to (%L)', kind.name,
                part, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
            execute format('alter table tijori.%I drop constraint at_of_day', part);
            call tijori_access.protect(('tijori.' || part)::regclass);
            made := made + 1;
        end loop;
        execute format('alter table tijori.%I force row level security', kind.name || '_rest');
    end loop;
end $$;

-- tijori_access.keys_of(hashes) says which API keys these are, and whose: to the writer of the access log, which has
-- them from those who hold the keys.
create function tijori_access.keys_of(hashes bytea[])
    returns table (hash bytea, key_id uuid, account_id uuid)
    language sql stable security definer set search_path = ''
    as $$
    select c.hash, c.id, c.account_id from tijori.credentials c where c.hash = any (hashes) and c.kind = 'api_key' $$;
-- +goose StatementEnd
alter function tijori_access.keys_of(bytea[]) owner to tijori_guard;
revoke all on function tijori_access.keys_of(bytea[]), tijori_ops.tend_access_log() from public;
grant execute on function tijori_access.keys_of(bytea[]) to tijori_log;
grant execute on function tijori_ops.tend_access_log() to tijori_watch;
