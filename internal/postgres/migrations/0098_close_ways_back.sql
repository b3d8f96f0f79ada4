-- +goose Up
-- An invitation that had ended took no room, and sending it again, which is an update, asked for none: any number of
-- people came in by a few at a time. Whatever makes an invitation live on is counted as a new one is.
create trigger invitations_limit_update after update of expires_at, revoked_at on tijori.invitations for each row
    when (new.accepted_at is null and new.revoked_at is null and (new.expires_at > old.expires_at or old.revoked_at is not null))
    execute function auth.limit_invitations();

-- +goose StatementBegin
-- auth.end_sent_invitations ends the open invitations that a user sent into an account: who owns it no more leaves no
-- way back behind.
create function auth.end_sent_invitations(account uuid, sender uuid) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.invitations i set revoked_at = now()
     where i.account_id = account and i.invited_by = sender and i.accepted_at is null and i.revoked_at is null;
end $$;

-- auth.change_role as in 0007; and with a role that is an owner's no more the invitations end that this owner sent.
create or replace function auth.change_role(member uuid, new_role text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    m tijori.members := auth.lock_member(member);
begin
    if new_role <> 'owner' then
        perform auth.keep_owner(m);
        perform auth.end_sent_invitations(m.account_id, m.user_id);
    end if;
    update tijori.members v set role = new_role where v.account_id = m.account_id and v.id = m.id;
end $$;
-- +goose StatementEnd
alter function auth.end_sent_invitations(uuid, uuid) owner to tijori_guard;
alter function auth.change_role(uuid, text) owner to tijori_guard;
revoke all on function auth.end_sent_invitations(uuid, uuid), auth.change_role(uuid, text) from public;
grant execute on function auth.change_role(uuid, text) to tijori_app;

-- What was sent by people who own the account no more.
set local role tijori_guard; -- who sees every row; the owner of the tables sees none
update tijori.invitations i set revoked_at = now()
 where i.accepted_at is null and i.revoked_at is null
   and not exists (select 1 from tijori.members m where m.account_id = i.account_id and m.user_id = i.invited_by and m.business_id is null and m.role = 'owner');
set local role tijori_owner;
