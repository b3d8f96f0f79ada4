-- +goose Up
-- Every entry changes a row of party_sums, and the totals of a business are read from an index alone only where no dead
-- rows are left: so they are cleared away after a thousand, not after a fifth of all parties.
alter table tijori.party_sums set (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.005);
