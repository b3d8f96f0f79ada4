-- +goose Up
-- compatible from: 1001
-- The inbox kept every webhook for ever, and each node compared every sum on its own.
call tijori_access.open_to('tijori.inbox', 'tijori_guard', 'delete');
grant delete on tijori.inbox to tijori_guard;
grant select (connection_id, event_id, status) on tijori.review_items to tijori_guard;

-- +goose StatementBegin
-- tijori_plans.forget_webhooks(most) deletes webhooks of the connections that its caller works for that were applied or
-- ignored and came more than 400 days ago, the oldest first, and returns how many. What is parked, dead, or under an
-- open item of the review queue stays. Providers send an event again for days, not for months; and what it would do is
-- keyed by the payment.
create function tijori_plans.forget_webhooks(most integer) returns integer
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    n integer;
begin
    with old as (
        select i.connection_id, i.event_id from tijori.inbox i
         where i.connection_id = any (string_to_array(current_setting('tijori.connections', true), ','))
           and i.received_at < now() - interval '400 days' and i.status in ('applied', 'ignored')
           and not exists (
               select from tijori.review_items r
                where r.connection_id = i.connection_id and r.event_id = i.event_id and r.status = 'open')
         order by i.connection_id, i.received_at limit most)
    delete from tijori.inbox i using old o
     where i.connection_id = o.connection_id and i.event_id = o.event_id;
    get diagnostics n = row_count;
    return n;
end $$;
-- +goose StatementEnd
alter function tijori_plans.forget_webhooks(integer) owner to tijori_guard;
revoke all on function tijori_plans.forget_webhooks(integer) from public;
grant execute on function tijori_plans.forget_webhooks(integer) to tijori_billing;

-- Work that one node of several does, and when it was last begun.
create table tijori.turns (
    name text not null,
    taken_at timestamptz not null,
    constraint turns_pkey primary key (name)
);
call tijori_access.protect('tijori.turns');
call tijori_access.open_to('tijori.turns', 'tijori_guard', 'select', 'insert', 'update');
grant select, insert, update on tijori.turns to tijori_guard;

-- +goose StatementBegin
-- tijori_ops.take_turn(name, every) is true for one caller in so long a time, on whatever node.
create function tijori_ops.take_turn(name text, every interval) returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.turns as t (name, taken_at) values (take_turn.name, clock_timestamp())
    on conflict on constraint turns_pkey do update set taken_at = excluded.taken_at
     where t.taken_at <= excluded.taken_at - take_turn.every;
    return found;
end $$;
-- +goose StatementEnd
alter function tijori_ops.take_turn(text, interval) owner to tijori_guard;
revoke all on function tijori_ops.take_turn(text, interval) from public;
grant execute on function tijori_ops.take_turn(text, interval) to tijori_jobs;
