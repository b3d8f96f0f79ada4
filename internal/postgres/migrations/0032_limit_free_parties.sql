-- +goose Up
-- How many parties a plan holds, kept by the database: under the account's lock, whoever inserts and however many at once.
-- The trigger runs after the policy has let the row in: before, it would lock and count the account that a forged row
-- names. A repeated insert of the same id writes nothing, so it is not counted. Above read committed a transaction does
-- not see what the one before it wrote under the lock, and would count too few: there no party is added.
-- +goose StatementBegin
create function auth.limit_parties() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    room integer;
begin
    perform 1 from tijori.accounts a where a.account_id = new.account_id for no key update;
    select p.parties_max into strict room from tijori.plans p where p.id = auth.plan_of(new.account_id);
    if room is null then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'parties are counted in read committed only' using errcode = '25001';
    end if;
    if (select count(*) from (
        select 1 from tijori.parties p where p.account_id = new.account_id and p.deleted_at is null limit room + 1) taken) > room then
        raise exception 'no room for another party' using errcode = '23514', constraint = 'free_party_limit';
    end if;
    return null;
end $$;

-- auth.party_count() is how many living parties the caller's account has in all its businesses; 0 for all but owners.
create function auth.party_count() returns integer
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    mine uuid := (select s.account_id from auth.scope() s where s.role = 'owner');
begin
    return (select count(*) from tijori.parties p where p.account_id = mine and p.deleted_at is null);
end $$;
-- +goose StatementEnd
alter function auth.party_count() owner to tijori_guard;
revoke all on function auth.party_count() from public;
grant execute on function auth.party_count() to tijori_app;
alter function auth.limit_parties() owner to tijori_guard;
revoke all on function auth.limit_parties() from public;
create trigger parties_limit_insert after insert on tijori.parties for each row execute function auth.limit_parties();
create trigger parties_limit_restore after update of deleted_at on tijori.parties
    for each row when (old.deleted_at is not null and new.deleted_at is null) execute function auth.limit_parties();
