-- +goose Up
-- compatible from: 1001
-- Each try of a delivery, so that who runs an app sees what its endpoint answered: the deliveries had the last one only.
create table tijori.delivery_tries (
    app_id text not null,
    endpoint_id uuid not null,
    number bigint not null,
    id uuid not null default gen_random_uuid(),
    at timestamptz not null default clock_timestamp(),
    took_ms integer not null,
    answer integer,
    error text not null default '',
    said text not null default '',
    constraint delivery_tries_pkey primary key (app_id, endpoint_id, number, id),
    constraint delivery_tries_delivery_fkey foreign key (app_id, endpoint_id, number)
        references tijori.deliveries (app_id, endpoint_id, number) on delete cascade,
    constraint delivery_tries_said_check check (length(said) <= 500)
);
comment on column tijori.delivery_tries.said is 'the beginning of what the endpoint answered';
call tijori_access.protect('tijori.delivery_tries');
call tijori_access.open_to_billing('tijori.delivery_tries', 'select', 'insert');
grant select, insert on tijori.delivery_tries to tijori_billing;

-- +goose StatementBegin
-- tijori_plans.send_again_here(endpoint, first, last) sends events of the app that the caller works for once more, a
-- thousand at most, and returns how many. P0002 for an endpoint that the app does not have.
create function tijori_plans.send_again_here(endpoint uuid, first bigint, last bigint) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
    n integer;
begin
    if not exists (select from tijori.webhook_endpoints w where w.app_id = app and w.id = endpoint) then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    insert into tijori.deliveries as d (app_id, endpoint_id, number)
    select app, endpoint, e.number from tijori.events e
     where e.app_id = app and e.number between first and last order by e.number limit 1000
    on conflict on constraint deliveries_pkey do update
       set status = 'waiting', attempts = 0, next_at = now(), delivered_at = null, error = '';
    get diagnostics n = row_count;
    return n;
end $$;
-- +goose StatementEnd
alter function tijori_plans.send_again_here(uuid, bigint, bigint) owner to tijori_guard;
revoke all on function tijori_plans.send_again_here(uuid, bigint, bigint) from public;
grant execute on function tijori_plans.send_again_here(uuid, bigint, bigint) to tijori_billing;
