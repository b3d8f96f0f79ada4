-- +goose Up
-- +goose StatementBegin
-- auth.plan_of(account) is the plan now in force: of the subscriptions that grant access by the service clock the
-- one of highest rank, 'free' when none does. Nothing has to run for a lapsed account to be Free.
create function auth.plan_of(account uuid) returns text
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    today constant timestamptz := auth.clock(); -- asked once, not once a row
    best text;
begin
    select s.plan_id into best
      from tijori.subscriptions s
      join tijori.plans p on p.id = s.plan_id
     where s.account_id = account and s.access_until > today
     order by p.rank desc
     limit 1;
    return coalesce(best, 'free');
end $$;

-- auth.plan() is the plan of the account that the caller's scope is about, with what it allows.
create function auth.plan(out plan_id text, out name text, out parties_max integer, out entitlements text[])
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    current text := auth.plan_of((select s.account_id from auth.scope() s));
begin
    select p.id, p.name, p.parties_max, p.entitlements
      into plan.plan_id, plan.name, plan.parties_max, plan.entitlements
      from tijori.plans p
     where p.id = current;
end $$;
-- +goose StatementEnd
alter function auth.plan_of(uuid) owner to tijori_guard;
alter function auth.plan() owner to tijori_guard;
revoke all on function auth.plan_of(uuid), auth.plan() from public;
grant execute on function auth.plan_of(uuid) to tijori_billing, tijori_support;
grant execute on function auth.plan() to tijori_app;
