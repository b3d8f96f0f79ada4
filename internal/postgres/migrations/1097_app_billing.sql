-- +goose Up
-- compatible from: 1001
-- What programs of apps buy for their customers: what was asked under an idempotency key and what was answered, and the
-- tokens that pages use.

-- A request that costs money is done once for its key: the digest says what was asked, the answer what came of it. Kept
-- for ever, because a charge that is made twice is wrong after years, too.
create table tijori.customer_requests (
    account_id uuid not null,
    key text not null,
    digest bytea not null,
    answer text,
    created_at timestamptz not null,
    constraint customer_requests_pkey primary key (account_id, key),
    constraint customer_requests_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint customer_requests_key_check check (length(key) between 1 and 200),
    constraint customer_requests_digest_check check (length(digest) = 32),
    constraint customer_requests_answer_check check (length(answer) <= 5000)
);
call tijori_access.protect('tijori.customer_requests');
call tijori_access.open_to_billing('tijori.customer_requests', 'select', 'insert', 'update');
call tijori_plans.bind_billing('tijori.customer_requests');
grant select, insert on tijori.customer_requests to tijori_billing;
grant update (answer) on tijori.customer_requests to tijori_billing;
call tijori_access.erase_with_account('tijori.customer_requests', 1097);

-- +goose StatementBegin
-- tijori_access.make_customer_token(...) makes a token for the customer whom the holder of a server key names, for pages
-- of one of the app's origins. Those of the customer that have ended go.
create function tijori_access.make_customer_token(token_id uuid, token_hash bytea, token_may text, token_origin text,
        seconds integer) returns timestamptz
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    s record;
    p tijori.apps;
    until constant timestamptz := now() + make_interval(secs => seconds);
begin
    s := tijori_access.app_scope('customers:write');
    if s.account_id is null then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    select * into strict p from tijori.apps v where v.app_id = s.app_id;
    if not token_origin = any (p.origins) then
        raise exception 'not an origin of the app' using errcode = '23514', constraint = 'customer_tokens_origin';
    end if;
    delete from tijori.customer_tokens t where t.account_id = s.account_id and t.expires_at < now();
    insert into tijori.customer_tokens (account_id, id, hash, may, origin, app_generation, generation, expires_at)
    select a.account_id, token_id, token_hash, token_may, token_origin, p.token_generation, a.token_generation, until
      from tijori.accounts a where a.account_id = s.account_id;
    return until;
end $$;

-- tijori_access.end_customer_tokens() ends every token of the customer whom the holder of a server key names.
create function tijori_access.end_customer_tokens() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    account constant uuid := tijori_access.customer_scope('customers:write');
begin
    update tijori.accounts a set token_generation = a.token_generation + 1 where a.account_id = account;
end $$;
-- +goose StatementEnd
alter function tijori_access.make_customer_token(uuid, bytea, text, text, integer) owner to tijori_guard;
alter function tijori_access.end_customer_tokens() owner to tijori_guard;
revoke all on function tijori_access.make_customer_token(uuid, bytea, text, text, integer),
    tijori_access.end_customer_tokens() from public;
grant execute on function tijori_access.make_customer_token(uuid, bytea, text, text, integer),
    tijori_access.end_customer_tokens() to tijori_app;
