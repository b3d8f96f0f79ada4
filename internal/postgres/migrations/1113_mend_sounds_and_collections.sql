-- +goose Up
-- compatible from: 1001
-- Collections leave out cheques that bounced, and are read from this index alone as before.
drop index tijori.entries_date_idx;
create index entries_date_idx on tijori.entries (account_id, business_id, business_date)
    include (party_id, side, amount_minor, mode, opening, created_by, cheque_state, reverses) where deleted_at is null;

-- +goose StatementBegin
-- tijori_khata.sound_patterns(query) is as before, with the patterns in the order of the words.
create or replace function tijori_khata.sound_patterns(query text) returns text[]
    language plpgsql immutable strict parallel safe set search_path = ''
    as $$
begin
    return coalesce((
        select array_agg('% ' || w || '%' order by n)
          from string_to_table(ltrim(tijori_khata.sound_of(query)), ' ') with ordinality x(w, n)
         where w <> ''), '{}');
end $$;
-- +goose StatementEnd
