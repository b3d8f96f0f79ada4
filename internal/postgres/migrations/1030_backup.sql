-- +goose Up
-- compatible from: 1001
-- tijori_backup reads everything and changes nothing. Nobody logs in as it; whoever sets up may become it. With a role
-- that bypasses row-level security a managed server could not be backed up: its administrator may not make one. A table
-- that is not protected, and a sequence, need a grant of their own; without it no back-up is made.

-- +goose StatementBegin
-- tijori_access.protect(table) turns row-level security on, for the table's owner too, and lets the back-up read.
create or replace procedure tijori_access.protect(tab regclass)
    language plpgsql set search_path = ''
    as $$
begin
    execute format('alter table %s enable row level security', tab);
    execute format('alter table %s force row level security', tab);
    call tijori_access.open_to(tab, 'tijori_backup', 'select');
    execute format('grant select on %s to tijori_backup', tab);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
declare
    tab regclass;
begin
    for tab in
        select c.oid from pg_catalog.pg_class c
         where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
         order by c.relname
    loop
        call tijori_access.open_to(tab, 'tijori_backup', 'select');
    end loop;
end $$;
-- +goose StatementEnd

grant usage on schema tijori to tijori_backup;
grant select on all tables in schema tijori to tijori_backup;
grant select on all sequences in schema tijori to tijori_backup;
