-- +goose Up
-- compatible from: 1001
-- What is known on the day of an incident: which program ran when, with what settings; what people reported as not
-- theirs; and a chain of bundles of evidence. Functions write and read; nobody else does.

-- One row for each start of a server. settings has the plain ones with their values, and of secrets only whether they
-- are set.
create table tijori.releases (
    id uuid not null default gen_random_uuid(),
    started_at timestamptz not null default now(),
    node text not null,
    version text not null,
    migration bigint not null,
    fingerprint text not null,
    settings jsonb not null,
    mode text not null,
    accounts jsonb not null,
    constraint releases_pkey primary key (id),
    constraint releases_text_check check (length(node) <= 254 and length(version) between 1 and 100
        and fingerprint ~ '^[0-9a-f]{16}$' and length(settings::text) <= 20000 and length(accounts::text) <= 2000),
    constraint releases_mode_check check (mode in ('simulated', 'test', 'live'))
);
create index releases_started_idx on tijori.releases (started_at);

-- What somebody saw that is not theirs, in their words. The account is the one that they were in; of a shared
-- statement, the one whose link it is. Told are those that operators had a letter about.
create table tijori.complaints (
    id uuid not null,
    at timestamptz not null default now(),
    release text not null,
    user_id uuid,
    account_id uuid,
    business_id uuid,
    shared boolean not null,
    page text not null,
    object text,
    request_id text,
    words text not null,
    told_at timestamptz,
    constraint complaints_pkey primary key (id),
    constraint complaints_text_check check (length(release) <= 100 and length(page) <= 300 and length(object) <= 100
        and length(request_id) <= 64 and length(words) <= 1000)
);
create index complaints_at_idx on tijori.complaints (at);
create index complaints_untold_idx on tijori.complaints (at) where told_at is null;

-- Bundles of evidence, each bound to the one before by the hash of its manifest.
create table tijori.evidence (
    id bigint not null,
    made_at timestamptz not null default now(),
    made_by text not null,
    manifest bytea not null,
    previous bytea,
    file bytea not null,
    constraint evidence_pkey primary key (id),
    constraint evidence_hash_check check (length(manifest) = 32 and length(file) = 32 and length(previous) = 32
        and (previous is null) = (id = 1)),
    constraint evidence_who_check check (length(made_by) between 1 and 254)
);

call tijori_access.protect('tijori.releases');
call tijori_access.open_to('tijori.releases', 'tijori_guard', 'select', 'insert');
grant select, insert on tijori.releases to tijori_guard;
call tijori_access.protect('tijori.complaints');
call tijori_access.open_to('tijori.complaints', 'tijori_guard', 'select', 'insert', 'update');
create policy complaints_delete_guard on tijori.complaints for delete to tijori_guard
    using (at < now() - interval '400 days');
grant select, insert, delete on tijori.complaints to tijori_guard;
grant update (told_at, user_id, words) on tijori.complaints to tijori_guard;
call tijori_access.protect('tijori.evidence');
call tijori_access.open_to('tijori.evidence', 'tijori_guard', 'select', 'insert');
grant select, insert on tijori.evidence to tijori_guard;

-- +goose StatementBegin
-- tijori_ops.record_release(...) writes down that a server starts.
create function tijori_ops.record_release(node text, version text, migration bigint, fingerprint text, settings jsonb,
        mode text, accounts jsonb) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    insert into tijori.releases (node, version, migration, fingerprint, settings, mode, accounts)
    values (left(node, 254), left(version, 100), migration, fingerprint, settings, mode, accounts);
end $$;

-- tijori_ops.releases(until, most) lists the last starts before a moment, the newest first.
create function tijori_ops.releases(until timestamptz, most integer) returns setof tijori.releases
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select r.* from tijori.releases r where r.started_at < until
     order by r.started_at desc, r.id desc limit most;
end $$;

-- tijori_ops.complain(...) keeps what the caller reports as not theirs.
create function tijori_ops.complain(complaint uuid, release text, page text, object text, request text, words text)
    returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    s record;
begin
    select * into s from tijori_access.scope();
    insert into tijori.complaints (id, release, user_id, account_id, business_id, shared, page, object, request_id, words)
    values (complaint, release, s.user_id, s.account_id, s.business_id, false, page, object, request, words)
    on conflict do nothing;
end $$;

-- tijori_ops.complain_of_share(...) keeps what somebody reports who was sent a statement that is not theirs. It returns
-- whether the link is one of ours, living or not.
create function tijori_ops.complain_of_share(given_hash bytea, complaint uuid, release text, request text, words text)
    returns boolean
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    s record;
begin
    select x.account_id, x.business_id, x.party_id into s from tijori.shares x where x.token_hash = given_hash
     order by x.account_id limit 1;
    if not found then
        return false;
    end if;
    insert into tijori.complaints (id, release, account_id, business_id, shared, page, object, request_id, words)
    values (complaint, release, s.account_id, s.business_id, true, '/s/…', s.party_id::text, request, words)
    on conflict do nothing;
    return true;
end $$;

-- tijori_ops.complaints(since, until) lists what was reported, in order.
create function tijori_ops.complaints(since timestamptz, until timestamptz) returns setof tijori.complaints
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query select c.* from tijori.complaints c where c.at >= since and c.at < until order by c.at, c.id;
end $$;

-- tijori_ops.untold_complaints() lists what operators had no letter about yet and holds it until the transaction ends;
-- tell_complaints(ids) says that they have.
create function tijori_ops.untold_complaints() returns setof tijori.complaints
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    return query select c.* from tijori.complaints c where c.told_at is null order by c.at, c.id limit 100
     for update skip locked;
end $$;
create function tijori_ops.tell_complaints(ids uuid[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.complaints c set told_at = now() where c.id = any (ids) and c.told_at is null;
    delete from tijori.complaints c where c.at < now() - interval '400 days';
end $$;

-- tijori_ops.forget_complainer() takes the person out of what an erased user has reported.
create function tijori_ops.forget_complainer() returns trigger
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    update tijori.complaints c set user_id = null, words = '' where c.user_id = old.id;
    return null;
end $$;

-- tijori_ops.last_evidence() is the newest bundle; record_evidence(...) adds the next one and fails with 40001 when
-- another was made meanwhile.
create function tijori_ops.last_evidence() returns setof tijori.evidence
    language plpgsql stable security definer set search_path = ''
    as $$ begin return query select e.* from tijori.evidence e order by e.id desc limit 1; end $$;
create function tijori_ops.record_evidence(number bigint, who text, hash bytea, before bytea, whole bytea, about text,
        why text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform pg_advisory_xact_lock(7310580);
    if before is distinct from (select e.manifest from tijori.evidence e order by e.id desc limit 1)
       or number <> 1 + coalesce((select e.id from tijori.evidence e order by e.id desc limit 1), 0) then
        raise exception 'another bundle was made meanwhile' using errcode = '40001';
    end if;
    insert into tijori.evidence (id, made_by, manifest, previous, file) values (number, who, hash, before, whole);
    perform tijori_ops.write_act(null, who, 'evidence', about, why);
end $$;

-- tijori_ops.evidence() lists all bundles, in order.
create function tijori_ops.evidence() returns setof tijori.evidence
    language plpgsql stable security definer set search_path = ''
    as $$ begin return query select e.* from tijori.evidence e order by e.id; end $$;

-- tijori_ops.asked_blast(...) writes down that somebody asks who saw what, or drafts letters about it.
create function tijori_ops.asked_blast(who text, act text, about text, why text) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform tijori_ops.write_act(null, who, act, about, why);
end $$;

-- tijori_ops.owners_of(objects) says which account each id belongs to: parties, entries, businesses, accounts and
-- invoices. What it does not find is not listed.
create function tijori_ops.owners_of(objects text[]) returns table (object text, account_id uuid, kind text)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    ids uuid[] := array(select o::uuid from unnest(objects) o
        where o ~ '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$');
begin
    return query
    select a.account_id::text, a.account_id, 'account' from tijori.accounts a where a.account_id = any (ids)
    union select b.id::text, b.account_id, 'business' from tijori.businesses b where b.id = any (ids)
    union select p.id::text, p.account_id, 'party' from tijori.parties p where p.id = any (ids)
    union select e.id::text, e.account_id, 'entry' from tijori.entries e where e.id = any (ids)
    union select i.id, i.account_id, 'invoice' from tijori.invoices i where i.id = any (objects);
end $$;

-- tijori_ops.affected(accounts) tells whom a letter about an incident goes to: the owners of accounts.
create function tijori_ops.affected(accounts uuid[])
    returns table (account_id uuid, account_name text, name text, email text, locale text)
    language plpgsql stable security definer set search_path = ''
    as $$
begin
    return query
    select a.account_id, a.name, u.name, u.email, u.locale
      from tijori.accounts a
      join tijori.members m on m.account_id = a.account_id and m.business_id is null
      join tijori.roles r on r.role = m.role and r.owns
      join tijori.users u on u.id = m.user_id
     where a.account_id = any (accounts)
     order by a.account_id, u.email;
end $$;
-- +goose StatementEnd
drop policy invoices_select_guard on tijori.invoices;
call tijori_access.open_to('tijori.invoices', 'tijori_guard', 'select');
grant select (id) on tijori.invoices to tijori_guard;
create trigger users_forget_complaints after delete on tijori.users
    for each row execute function tijori_ops.forget_complainer();
alter function tijori_ops.record_release(text, text, bigint, text, jsonb, text, jsonb) owner to tijori_guard;
alter function tijori_ops.releases(timestamptz, integer) owner to tijori_guard;
alter function tijori_ops.complain(uuid, text, text, text, text, text) owner to tijori_guard;
alter function tijori_ops.complain_of_share(bytea, uuid, text, text, text) owner to tijori_guard;
alter function tijori_ops.complaints(timestamptz, timestamptz) owner to tijori_guard;
alter function tijori_ops.untold_complaints() owner to tijori_guard;
alter function tijori_ops.tell_complaints(uuid[]) owner to tijori_guard;
alter function tijori_ops.forget_complainer() owner to tijori_guard;
alter function tijori_ops.last_evidence() owner to tijori_guard;
alter function tijori_ops.record_evidence(bigint, text, bytea, bytea, bytea, text, text) owner to tijori_guard;
alter function tijori_ops.evidence() owner to tijori_guard;
alter function tijori_ops.asked_blast(text, text, text, text) owner to tijori_guard;
alter function tijori_ops.owners_of(text[]) owner to tijori_guard;
alter function tijori_ops.affected(uuid[]) owner to tijori_guard;
revoke all on function tijori_ops.record_release(text, text, bigint, text, jsonb, text, jsonb),
    tijori_ops.releases(timestamptz, integer), tijori_ops.complain(uuid, text, text, text, text, text),
    tijori_ops.complain_of_share(bytea, uuid, text, text, text), tijori_ops.complaints(timestamptz, timestamptz),
    tijori_ops.untold_complaints(), tijori_ops.tell_complaints(uuid[]), tijori_ops.forget_complainer(),
    tijori_ops.last_evidence(), tijori_ops.record_evidence(bigint, text, bytea, bytea, bytea, text, text),
    tijori_ops.evidence(), tijori_ops.asked_blast(text, text, text, text), tijori_ops.owners_of(text[]),
    tijori_ops.affected(uuid[]) from public;
grant execute on function tijori_ops.complain(uuid, text, text, text, text, text) to tijori_app;
grant execute on function tijori_ops.complain_of_share(bytea, uuid, text, text, text) to tijori_auth;
grant execute on function tijori_ops.record_release(text, text, bigint, text, jsonb, text, jsonb),
    tijori_ops.releases(timestamptz, integer), tijori_ops.complaints(timestamptz, timestamptz),
    tijori_ops.untold_complaints(), tijori_ops.tell_complaints(uuid[]), tijori_ops.last_evidence(),
    tijori_ops.record_evidence(bigint, text, bytea, bytea, bytea, text, text), tijori_ops.evidence(),
    tijori_ops.asked_blast(text, text, text, text), tijori_ops.owners_of(text[]), tijori_ops.affected(uuid[])
    to tijori_support;
