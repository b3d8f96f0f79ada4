-- +goose Up
-- How many people an account may have by its plan, kept by the database: under the account's lock, whoever invites and
-- however many at once. Members who are there stay, also when the plan ends; what is counted is who would come. Plans
-- without a number have no limit.
alter table tijori.plans add column members_max integer;

-- +goose StatementBegin
create function auth.limit_invitations() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
declare
    room integer;
begin
    perform 1 from tijori.accounts a where a.account_id = new.account_id for no key update;
    select p.members_max into room from tijori.plans p where p.id = auth.plan_of(new.account_id);
    if room is null then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'members are counted in read committed only' using errcode = '25001';
    end if;
    if (select count(distinct who) from (
        select u.email as who from tijori.members m join tijori.users u on u.id = m.user_id where m.account_id = new.account_id
        union all
        select i.email from tijori.invitations i
         where i.account_id = new.account_id and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()) people) > room then
        raise exception 'no room for another member' using errcode = '23514', constraint = 'plan_member_limit';
    end if;
    return null;
end $$;
-- +goose StatementEnd
alter function auth.limit_invitations() owner to tijori_guard;
revoke all on function auth.limit_invitations() from public;
create trigger invitations_limit_insert after insert on tijori.invitations for each row execute function auth.limit_invitations();
