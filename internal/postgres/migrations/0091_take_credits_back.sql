-- +goose Up
-- The checks of the step before, which older rows fulfil: only reading locks are taken.
alter table tijori.provider_directory validate constraint provider_directory_kind_check;
alter table tijori.operator_acts validate constraint operator_acts_act_check;
alter table tijori.credit_entries validate constraint credit_entries_kind_check;

-- +goose StatementBegin
-- auth.take_back_credits(account, meter, grant, most, why, at) takes back what is left of one grant, at most so much, and
-- returns how many that were. What is spent stays spent, what is held stays held, and other grants are not touched.
create function auth.take_back_credits(account uuid, unit text, lot uuid, most bigint, why text, at timestamptz) returns bigint
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    b tijori.credit_balances;
    part bigint;
begin
    if most <= 0 then
        return 0;
    end if;
    perform auth.settle_credits(account, unit, at);
    select * into strict b from tijori.credit_balances c where c.account_id = account and c.meter = unit for update;
    if b.lot_grant = lot then
        part := least(most, b.lot_left);
        b.lot_left := b.lot_left - part;
    else
        select least(most, c.lot_left) into part from tijori.credit_lots c where c.account_id = account and c.meter = unit and c.grant_id = lot;
        delete from tijori.credit_lots c where c.account_id = account and c.meter = unit and c.grant_id = lot and c.lot_left = part;
        update tijori.credit_lots c set lot_left = c.lot_left - part where c.account_id = account and c.meter = unit and c.grant_id = lot;
    end if;
    if coalesce(part, 0) = 0 then
        return 0;
    end if;
    update tijori.credit_balances c set balance = c.balance - part, entries = c.entries + 1, lot_left = b.lot_left
     where c.account_id = account and c.meter = unit
    returning * into b;
    insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, note, grant_id, created_at)
    values (account, unit, b.entries, 'take_back', -part, b.balance, b.held, why, lot, at);
    perform auth.settle_credits(account, unit, at);
    return part;
end $$;
-- +goose StatementEnd
alter function auth.take_back_credits(uuid, text, uuid, bigint, text, timestamptz) owner to tijori_guard;
revoke all on function auth.take_back_credits(uuid, text, uuid, bigint, text, timestamptz) from public;
grant execute on function auth.take_back_credits(uuid, text, uuid, bigint, text, timestamptz) to tijori_billing;
