-- +goose Up
-- compatible from: 1001
-- What an account's own programs asked for, and what they were answered, for its owner: from the access log.
call tijori_access.open_to('tijori.access_log', 'tijori_guard', 'select');
grant select (at, request_id, key_id, account_id, route, status, took_ms) on tijori.access_log to tijori_guard;

-- +goose StatementBegin
-- tijori_access.my_calls(most) lists the latest calls that came with an API key of the caller's account, within a week.
-- Callers who do not own the account get no rows.
create function tijori_access.my_calls(most integer)
    returns table (at timestamptz, key_name text, route text, status smallint, took_ms integer, request_id text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine constant uuid := (select s.account_id from tijori_access.scope() s where s.owns);
begin
    if mine is null then
        return;
    end if;
    return query
    select l.at, coalesce(c.name, ''), l.route, l.status, l.took_ms, l.request_id
      from tijori.access_log l
      left join tijori.credentials c on c.account_id = mine and c.id = l.key_id and c.kind = 'api_key'
     where l.account_id = mine and l.key_id is not null and l.at > now() - interval '7 days'
     order by l.at desc limit least(most, 100);
end $$;
-- +goose StatementEnd
alter function tijori_access.my_calls(integer) owner to tijori_guard;
revoke all on function tijori_access.my_calls(integer) from public;
grant execute on function tijori_access.my_calls(integer) to tijori_app;
