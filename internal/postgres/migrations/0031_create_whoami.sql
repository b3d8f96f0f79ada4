-- +goose Up
-- +goose StatementBegin
-- auth.whoami() is all that the frame of a page shows of who is asking: one row, the caller's own.
create function auth.whoami()
    returns table (user_id uuid, name text, email text, locale text, seen_at timestamptz,
                   account_id uuid, account_name text, account_currency text, plan text, role text,
                   business_id uuid, business_name text, business_currency text, business_time_zone text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    return query
    select u.id, u.name, u.email, u.locale, c.used_at,
           a.account_id, coalesce(a.name, ''), coalesce(a.currency, ''),
           case when a.account_id is null then '' else auth.plan_of(a.account_id) end, s.role,
           b.id, coalesce(b.name, ''), coalesce(b.currency, ''), coalesce(b.time_zone, '')
      from tijori.credentials c
      join tijori.users u on u.id = c.user_id
      left join tijori.accounts a on a.account_id = s.account_id
      left join tijori.businesses b on b.account_id = s.account_id and b.id = s.business_id
     where c.hash = decode(current_setting('tijori.credential', true), 'hex');
end $$;
-- +goose StatementEnd
alter function auth.whoami() owner to tijori_guard;
revoke all on function auth.whoami() from public;
grant execute on function auth.whoami() to tijori_app;
