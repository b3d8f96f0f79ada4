-- +goose Up
-- compatible from: 1001
-- Links that lead a customer of an app to a page of ours: to pay for a checkout at a provider that does not lead back by
-- itself, and, once, to a page with what they have bought, where a short session of its own kind begins. Only hashes are
-- kept. None of them opens anything but the one customer's page, and no session of a user opens that.
create table tijori.customer_links (
    account_id uuid not null,
    id uuid not null,
    opens text not null,
    hash bytea not null,
    back text not null,
    checkout_id uuid,
    app_generation integer not null,
    generation integer not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint customer_links_pkey primary key (account_id, id),
    constraint customer_links_account_fkey foreign key (account_id) references tijori.accounts (account_id),
    constraint customer_links_opens_check check (opens in ('pay', 'link', 'session')),
    constraint customer_links_hash_check check (length(hash) = 32),
    constraint customer_links_back_check check (length(back) between 8 and 2000),
    constraint customer_links_checkout_check check ((opens = 'pay') = (checkout_id is not null)),
    constraint customer_links_life_check check (expires_at <= created_at + case opens
        when 'pay' then interval '2 days' when 'link' then interval '10 minutes' else interval '30 minutes' end)
);
comment on column tijori.customer_links.back is 'an address of the app, to which the customer is led back';
comment on column tijori.customer_links.used_at is 'when a link was opened, or a session left';
create index customer_links_hash_idx on tijori.customer_links (hash);
call tijori_access.protect('tijori.customer_links');
call tijori_access.open_to('tijori.customer_links', 'tijori_guard', 'select', 'insert', 'update');
create policy customer_links_delete_guard on tijori.customer_links for delete to tijori_guard
    using (expires_at < now() or account_id in (select tijori_access.erasable()));
grant select, insert, delete on tijori.customer_links to tijori_guard;
grant update (used_at) on tijori.customer_links to tijori_guard;
call tijori_access.erase_with_account('tijori.customer_links', 1171);

-- +goose StatementBegin
-- tijori_access.link_of(opens) is the living link or session whose hash the transaction claims (tijori.credential); no row
-- for one that is made up, used, ended, or of a customer or app whose tokens were ended since.
create function tijori_access.link_of(wanted text) returns setof tijori.customer_links
    language sql stable
    as $$
    select l.* from tijori.customer_links l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id
     where l.hash = decode(coalesce(nullif(current_setting('tijori.credential', true), ''), '00'), 'hex')
       and l.opens = wanted and l.used_at is null and l.expires_at > now() and a.erasing_at is null
       and (l.opens = 'pay' or l.generation = a.token_generation and l.app_generation = p.token_generation)
     limit 1 $$;

-- tijori_access.make_portal_link(...) makes a link for the customer whom the holder of a key or token names. Those that
-- have ended go.
create function tijori_access.make_portal_link(link_id uuid, link_hash bytea, link_back text, seconds integer)
    returns timestamptz
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    theirs constant uuid := tijori_access.customer_scope('billing:write');
    until constant timestamptz := now() + make_interval(secs => seconds);
begin
    delete from tijori.customer_links l where l.account_id = theirs and l.expires_at < now();
    insert into tijori.customer_links (account_id, id, opens, hash, back, app_generation, generation, expires_at)
    select a.account_id, link_id, 'link', link_hash, link_back, p.token_generation, a.token_generation, until
      from tijori.accounts a join tijori.apps p on p.app_id = a.app_id where a.account_id = theirs;
    return until;
end $$;

-- tijori_access.make_pay_link(...) makes a link to pay for a checkout of a customer of the app that the caller works for.
create function tijori_access.make_pay_link(account uuid, link_id uuid, link_hash bytea, link_back text, checkout uuid,
        until timestamptz) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform tijori_access.require_app(account);
    insert into tijori.customer_links (account_id, id, opens, hash, back, checkout_id, app_generation, generation,
                                       expires_at)
    values (account, link_id, 'pay', link_hash, link_back, checkout, 1, 1, least(until, now() + interval '2 days'));
end $$;

-- tijori_access.open_portal(...) uses the link that the caller claims up and begins a session: false when there is none.
-- Two who open it at once are one.
create function tijori_access.open_portal(session_id uuid, session_hash bytea, seconds integer) returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    l tijori.customer_links;
begin
    select * into l from tijori_access.link_of('link');
    update tijori.customer_links v set used_at = now()
     where v.account_id = l.account_id and v.id = l.id and v.used_at is null;
    if not found then
        return false;
    end if;
    insert into tijori.customer_links (account_id, id, opens, hash, back, app_generation, generation, expires_at)
    values (l.account_id, session_id, 'session', session_hash, l.back, l.app_generation, l.generation,
            now() + make_interval(secs => seconds));
    return true;
end $$;

-- tijori_plans.portal() is whose page the session that the caller claims opens, and what they have; no row for none.
create function tijori_plans.portal()
    returns table (app_id text, app_name text, account uuid, name text, email text, back text, expires_at timestamptz,
                   state jsonb)
    language sql stable security definer set search_path = ''
    as $$
    select a.app_id, p.name, a.account_id, a.name, coalesce(a.email, ''), l.back, l.expires_at,
           tijori_plans.state_of(a.account_id)
      from tijori_access.link_of('session') l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id $$;

-- tijori_access.pending_link(opens) says of which app a link is, before it is used or paid by; no row for none.
create function tijori_access.pending_link(wanted text)
    returns table (app_id text, app_name text, account uuid, name text, back text, checkout uuid)
    language sql stable security definer set search_path = ''
    as $$
    select a.app_id, p.name, a.account_id, a.name, l.back, l.checkout_id
      from tijori_access.link_of(case when wanted = 'pay' then 'pay' else 'link' end) l
      join tijori.accounts a on a.account_id = l.account_id
      join tijori.apps p on p.app_id = a.app_id $$;

-- tijori_access.leave_portal() ends the session that the caller claims.
create function tijori_access.leave_portal() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.customer_links v set used_at = now()
      from tijori_access.link_of('session') l where v.account_id = l.account_id and v.id = l.id;
end $$;
-- +goose StatementEnd
alter function tijori_access.link_of(text) owner to tijori_guard;
alter function tijori_access.make_portal_link(uuid, bytea, text, integer) owner to tijori_guard;
alter function tijori_access.make_pay_link(uuid, uuid, bytea, text, uuid, timestamptz) owner to tijori_guard;
alter function tijori_access.open_portal(uuid, bytea, integer) owner to tijori_guard;
alter function tijori_plans.portal() owner to tijori_guard;
alter function tijori_access.pending_link(text) owner to tijori_guard;
alter function tijori_access.leave_portal() owner to tijori_guard;
revoke all on function tijori_access.link_of(text), tijori_access.make_portal_link(uuid, bytea, text, integer),
    tijori_access.make_pay_link(uuid, uuid, bytea, text, uuid, timestamptz),
    tijori_access.open_portal(uuid, bytea, integer), tijori_plans.portal(), tijori_access.pending_link(text),
    tijori_access.leave_portal() from public;
grant execute on function tijori_access.make_portal_link(uuid, bytea, text, integer),
    tijori_access.open_portal(uuid, bytea, integer), tijori_plans.portal(), tijori_access.pending_link(text),
    tijori_access.leave_portal() to tijori_app;
grant execute on function tijori_access.make_pay_link(uuid, uuid, bytea, text, uuid, timestamptz) to tijori_billing;
