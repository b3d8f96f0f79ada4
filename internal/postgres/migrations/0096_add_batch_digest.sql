-- +goose Up
-- The SHA-256 of the file that an import took, so that the same file is known again under another name.
alter table tijori.batches add column digest bytea,
    add constraint batches_digest_check check (octet_length(digest) = 32);
grant insert (digest) on tijori.batches to tijori_app;
