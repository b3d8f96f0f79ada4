-- +goose Up
-- compatible from: 1001
-- Moving in: an app names subscriptions that its customers pay elsewhere already, and they become theirs here. Beside it
-- the answers of its old checks are counted against ours.

alter table tijori.apps add column importing_until timestamptz;
comment on column tijori.apps.importing_until is
    'until then events of unknown customers wait without an alarm: the app is moving in';
grant update (importing_until) on tijori.apps to tijori_guard;

-- A file that an app has sent. dry_run says that nothing is to be written.
create table tijori.imports (
    app_id text not null,
    id uuid not null,
    dry_run boolean not null,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint imports_pkey primary key (app_id, id),
    constraint imports_app_fkey foreign key (app_id) references tijori.apps (app_id)
);
create index imports_waiting_idx on tijori.imports (app_id, created_at) where finished_at is null;
call tijori_access.protect('tijori.imports');
call tijori_access.open_to('tijori.imports', 'tijori_guard', 'select', 'insert');
call tijori_access.open_to_billing('tijori.imports', 'select', 'update', 'delete');
grant select, insert on tijori.imports to tijori_guard;
grant select, delete on tijori.imports to tijori_billing;
grant update (finished_at) on tijori.imports to tijori_billing;

-- One line of it: whose a customer or subscription of a provider is, and what came of it. found lists the subscriptions,
-- each with its plan, until when it is paid, and what differs from what was known.
create table tijori.import_rows (
    app_id text not null,
    import_id uuid not null,
    line integer not null,
    customer text not null,
    provider text not null,
    provider_id text not null,
    credits jsonb not null default '{}',
    outcome text not null default 'waiting',
    detail text not null default '',
    found jsonb not null default '[]',
    attempts integer not null default 0,
    next_at timestamptz not null default now(),
    constraint import_rows_pkey primary key (app_id, import_id, line),
    constraint import_rows_named_key unique (app_id, import_id, provider, provider_id), -- a file says once whose it is
    constraint import_rows_import_fkey foreign key (app_id, import_id)
        references tijori.imports (app_id, id) on delete cascade,
    constraint import_rows_provider_check check (provider in ('stripe', 'razorpay')),
    constraint import_rows_customer_check check (length(customer) between 1 and 255),
    constraint import_rows_id_check check (length(provider_id) between 1 and 255),
    constraint import_rows_outcome_check
        check (outcome in ('waiting', 'ready', 'imported', 'unchanged', 'refused', 'failed'))
);
create index import_rows_waiting_idx on tijori.import_rows (app_id, next_at) where outcome = 'waiting';
create index import_rows_customer_idx on tijori.import_rows (app_id, customer);
call tijori_access.protect('tijori.import_rows');
call tijori_access.open_to('tijori.import_rows', 'tijori_guard', 'select', 'insert', 'delete');
call tijori_access.open_to_billing('tijori.import_rows', 'select', 'update');
grant select, insert, delete on tijori.import_rows to tijori_guard;
grant select on tijori.import_rows to tijori_billing;
grant update (outcome, detail, found, attempts, next_at) on tijori.import_rows to tijori_billing;

-- How often an app's own check agreed with ours, for each feature, and for which customers it did not. The row without
-- a customer is the sum of all.
create table tijori.shadow_checks (
    app_id text not null,
    feature text not null,
    customer text not null default '',
    agreed bigint not null default 0,
    only_here bigint not null default 0,
    only_there bigint not null default 0,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    constraint shadow_checks_pkey primary key (app_id, feature, customer),
    constraint shadow_checks_app_fkey foreign key (app_id) references tijori.apps (app_id),
    constraint shadow_checks_feature_check check (length(feature) between 1 and 100),
    constraint shadow_checks_customer_check check (length(customer) <= 255)
);
comment on column tijori.shadow_checks.only_here is 'Tijori allowed it, the app''s own check did not';
comment on column tijori.shadow_checks.only_there is 'the app''s own check allowed it, Tijori did not';
create index shadow_checks_customer_idx on tijori.shadow_checks (app_id, customer);
call tijori_access.protect('tijori.shadow_checks');
call tijori_access.open_to('tijori.shadow_checks', 'tijori_guard', 'select', 'delete');
call tijori_access.open_to_billing('tijori.shadow_checks', 'select', 'insert', 'update', 'delete');
grant select, delete on tijori.shadow_checks to tijori_guard;
grant select, insert, delete on tijori.shadow_checks to tijori_billing;
grant update (agreed, only_here, only_there, last_at) on tijori.shadow_checks to tijori_billing;

-- +goose StatementBegin
-- tijori_plans.write_import(app, ...) keeps a file and begins, or goes on with, the app's time of moving in.
create function tijori_plans.write_import(app text, new_id uuid, dry boolean, lines integer[], customers text[],
        providers text[], ids text[], brought jsonb[]) returns void
    language plpgsql volatile
    as $$
begin
    update tijori.apps p set importing_until = tijori_ops.clock() + interval '30 days' where p.app_id = app;
    insert into tijori.imports (app_id, id, dry_run) values (app, new_id, dry);
    insert into tijori.import_rows (app_id, import_id, line, customer, provider, provider_id, credits)
    select app, new_id, r.line, r.customer, r.provider, r.provider_id, r.credits
      from unnest(lines, customers, providers, ids, brought) r(line, customer, provider, provider_id, credits);
end $$;

-- tijori_plans.begin_import(...) is it for the holder of a key, who may make customers and bill them;
-- begin_import_here(...) for the app that the caller works for.
create function tijori_plans.begin_import(new_id uuid, dry boolean, lines integer[], customers text[],
        providers text[], ids text[], brought jsonb[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform tijori_access.app_scope('customers:write');
    perform tijori_plans.write_import((select s.app_id from tijori_access.app_scope('billing:write') s), new_id, dry,
        lines, customers, providers, ids, brought);
end $$;

create function tijori_plans.begin_import_here(new_id uuid, dry boolean, lines integer[], customers text[],
        providers text[], ids text[], brought jsonb[]) returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
begin
    if app in ('', 'khata') then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    perform tijori_plans.write_import(app, new_id, dry, lines, customers, providers, ids, brought);
end $$;

-- tijori_plans.import_file(id) and import_lines(id) are a file of the app of the caller's key, and its lines.
create function tijori_plans.import_file(file uuid, out dry_run boolean, out created_at timestamptz,
        out finished_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('billing:write') s);
begin
    perform tijori_access.app_scope('customers:write');
    select i.dry_run, i.created_at, i.finished_at
      into import_file.dry_run, import_file.created_at, import_file.finished_at
      from tijori.imports i where i.app_id = app and i.id = file;
    if not found then
        raise exception 'not found' using errcode = 'P0002';
    end if;
end $$;

create function tijori_plans.import_lines(file uuid)
    returns table (line integer, customer text, provider text, provider_id text, outcome text, detail text,
        found_json jsonb)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('billing:write') s);
begin
    return query
    select r.line, r.customer, r.provider, r.provider_id, r.outcome, r.detail, r.found
      from tijori.import_rows r where r.app_id = app and r.import_id = file order by r.line;
end $$;

-- tijori_plans.end_import() ends the time of moving in of the app of the caller's key; end_import_here() of the app that
-- the caller works for.
create function tijori_plans.end_import() returns void
    language plpgsql volatile security definer set search_path = ''
    as $$
begin
    perform tijori_access.app_scope('customers:write');
    update tijori.apps p set importing_until = null
     where p.app_id = (select s.app_id from tijori_access.app_scope('billing:write') s);
end $$;

create function tijori_plans.end_import_here() returns void
    language sql volatile security definer set search_path = ''
    as $$
    update tijori.apps p set importing_until = null where p.app_id = current_setting('tijori.app', true) $$;

-- tijori_plans.import_customer(id, customer) is the account of a customer of the app that the caller works for, made
-- where there is none.
create function tijori_plans.import_customer(new_id uuid, customer text) returns uuid
    language plpgsql volatile security definer set search_path = ''
    as $$
declare
    app constant text := coalesce(current_setting('tijori.app', true), '');
    account uuid;
begin
    if app in ('', 'khata') then
        raise exception 'not found' using errcode = 'P0002';
    end if;
    insert into tijori.accounts as a (account_id, app_id, external_id, name, time_zone)
    values (new_id, app, customer, left(customer, 120), 'Asia/Kolkata')
    on conflict on constraint accounts_external_key do nothing;
    select a.account_id into account from tijori.accounts a
     where a.app_id = app and a.external_id = customer and a.erasing_at is null;
    if not found then -- it is being erased
        raise exception 'not found' using errcode = 'P0002';
    end if;
    return account;
end $$;

-- tijori_plans.shadow_list() is what was counted for the app of the caller's key: sums, and the customers that differ
-- most, at most twenty of each feature.
create function tijori_plans.shadow_list()
    returns table (feature text, customer text, agreed bigint, only_here bigint, only_there bigint,
        first_at timestamptz, last_at timestamptz)
    language plpgsql stable security definer set search_path = ''
    as $$
declare
    app constant text := (select s.app_id from tijori_access.app_scope('customers:write') s);
begin
    return query
    select r.feature, r.customer, r.agreed, r.only_here, r.only_there, r.first_at, r.last_at
      from (select c.*, row_number() over (partition by c.feature
                   order by c.customer <> '', c.only_here + c.only_there desc, c.customer) as place
              from tijori.shadow_checks c where c.app_id = app) r
     where r.place <= 21 order by r.feature, r.place;
end $$;

-- tijori_plans.forget_imported() takes along what files and counts say of a customer when the account is erased.
create function tijori_plans.forget_imported() returns trigger
    language plpgsql security definer set search_path = ''
    as $$
begin
    delete from tijori.import_rows r where r.app_id = new.app_id and r.customer = new.external_id;
    delete from tijori.shadow_checks c where c.app_id = new.app_id and c.customer = new.external_id;
    return null;
end $$;
-- +goose StatementEnd
alter function tijori_plans.write_import(text, uuid, boolean, integer[], text[], text[], text[], jsonb[])
    owner to tijori_guard;
alter function tijori_plans.begin_import(uuid, boolean, integer[], text[], text[], text[], jsonb[])
    owner to tijori_guard;
alter function tijori_plans.begin_import_here(uuid, boolean, integer[], text[], text[], text[], jsonb[])
    owner to tijori_guard;
alter function tijori_plans.import_file(uuid) owner to tijori_guard;
alter function tijori_plans.import_lines(uuid) owner to tijori_guard;
alter function tijori_plans.end_import() owner to tijori_guard;
alter function tijori_plans.end_import_here() owner to tijori_guard;
alter function tijori_plans.import_customer(uuid, text) owner to tijori_guard;
alter function tijori_plans.shadow_list() owner to tijori_guard;
alter function tijori_plans.forget_imported() owner to tijori_guard;
revoke all on function tijori_plans.write_import(text, uuid, boolean, integer[], text[], text[], text[], jsonb[]),
    tijori_plans.begin_import(uuid, boolean, integer[], text[], text[], text[], jsonb[]),
    tijori_plans.begin_import_here(uuid, boolean, integer[], text[], text[], text[], jsonb[]),
    tijori_plans.import_file(uuid), tijori_plans.import_lines(uuid), tijori_plans.end_import(),
    tijori_plans.end_import_here(), tijori_plans.import_customer(uuid, text), tijori_plans.shadow_list(),
    tijori_plans.forget_imported() from public;
grant execute on function tijori_plans.begin_import(uuid, boolean, integer[], text[], text[], text[], jsonb[]),
    tijori_plans.import_file(uuid), tijori_plans.import_lines(uuid), tijori_plans.end_import(),
    tijori_plans.shadow_list() to tijori_app;
grant execute on function tijori_plans.begin_import_here(uuid, boolean, integer[], text[], text[], text[], jsonb[]),
    tijori_plans.end_import_here(), tijori_plans.import_customer(uuid, text) to tijori_billing;
create trigger accounts_forget_imported after update of erasing_at on tijori.accounts
    for each row when (new.erasing_at is not null and new.app_id <> 'khata')
    execute function tijori_plans.forget_imported();
