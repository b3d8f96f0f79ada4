-- +goose Up
-- The service clock: how far development and tests have moved time. Production keeps it at zero
-- (the program sets simulated = false at every start with real keys, and then nobody can move it).
create table tijori.service_clock (
    id boolean not null default true,
    offset_seconds bigint not null default 0,
    simulated boolean not null default false,
    constraint service_clock_pkey primary key (id),
    constraint service_clock_one_row_check check (id),
    constraint service_clock_real_check check (simulated or offset_seconds = 0)
);
insert into tijori.service_clock default values;
grant select on tijori.service_clock to tijori_guard, tijori_billing, tijori_jobs;
grant update (offset_seconds) on tijori.service_clock to tijori_guard;

-- +goose StatementBegin
-- auth.clock() is the time by which plans, grace and credits are judged. In plpgsql, whose plan a session keeps: as SQL
-- it is planned at every call, which took three times as long.
create function auth.clock() returns timestamptz
    language plpgsql stable security definer set search_path = ''
    as $$ begin return now() + make_interval(secs => (select c.offset_seconds from tijori.service_clock c)); end $$;
-- +goose StatementEnd
alter function auth.clock() owner to tijori_guard;
revoke all on function auth.clock() from public;
grant execute on function auth.clock() to tijori_app, tijori_billing, tijori_jobs, tijori_support, tijori_owner;

-- +goose StatementBegin
-- auth.set_clock(seconds) moves the service clock where payments are simulated, and fails elsewhere.
create function auth.set_clock(seconds bigint) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.service_clock set offset_seconds = seconds;
end $$;
-- +goose StatementEnd
alter function auth.set_clock(bigint) owner to tijori_guard;
revoke all on function auth.set_clock(bigint) from public;
grant execute on function auth.set_clock(bigint) to tijori_billing;
