-- +goose Up
-- +goose StatementBegin
-- auth.my_businesses() as in 0005, with each business's time zone: pages that belong to no business tell the time of one.
drop function auth.my_businesses();
create function auth.my_businesses()
    returns table (account_id uuid, account_name text, business_id uuid, business_name text, currency text, role text, time_zone text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    caller uuid := (select s.user_id from auth.scope() s);
begin
    return query
    select distinct on (b.account_id, b.id) b.account_id, a.name, b.id, b.name, b.currency, m.role, b.time_zone
      from tijori.members m
      join tijori.accounts a on a.account_id = m.account_id
      join tijori.businesses b on b.account_id = m.account_id and (m.business_id is null or m.business_id = b.id)
     where m.user_id = caller
     order by b.account_id, b.id, array_position(array['owner', 'manager', 'accountant', 'counter'], m.role);
end $$;
-- +goose StatementEnd
alter function auth.my_businesses() owner to tijori_guard;
revoke all on function auth.my_businesses() from public;
grant execute on function auth.my_businesses() to tijori_app;
