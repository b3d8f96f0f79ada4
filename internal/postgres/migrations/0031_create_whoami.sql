-- +goose Up
-- +goose StatementBegin
-- auth.whoami() is all that the frame of a page shows of who is asking: one row, the caller's own. Every page
-- asks, so it is one statement after the scope, by primary keys.
create function auth.whoami(
        out user_id uuid, out name text, out email text, out locale text, out seen_at timestamptz,
        out account_id uuid, out account_name text, out account_currency text, out plan text, out role text,
        out business_id uuid, out business_name text, out business_currency text, out business_time_zone text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from auth.scope();
    select u.id, u.name, u.email, u.locale, c.used_at,
           a.account_id, coalesce(a.name, ''), coalesce(a.currency, ''),
           case when a.account_id is null then '' else auth.plan_of(a.account_id) end, s.role,
           b.id, coalesce(b.name, ''), coalesce(b.currency, ''), coalesce(b.time_zone, '')
      into whoami.user_id, whoami.name, whoami.email, whoami.locale, whoami.seen_at,
           whoami.account_id, whoami.account_name, whoami.account_currency, whoami.plan, whoami.role,
           whoami.business_id, whoami.business_name, whoami.business_currency, whoami.business_time_zone
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
