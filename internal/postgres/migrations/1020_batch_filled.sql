-- +goose Up
-- compatible from: 1001
-- An import may give parties that are in the khata a phone that they had not. Its undo takes the phone away again, unless somebody has
-- changed the party since.
alter table tijori.batches add column filled uuid[] not null default '{}';
comment on column tijori.batches.filled is 'of an import: the parties of the khata that got their phone from it';
grant update (filled) on tijori.batches to tijori_app;
-- Only an undo is written down as one; before, every update of a batch was.
drop trigger batches_stamp on tijori.batches;
create trigger batches_stamp before update of undone_at on tijori.batches
    for each row execute function tijori_khata.stamp_undo();
