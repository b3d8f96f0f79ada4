-- +goose Up
-- auth.record_changes() joins what was with what is. Its query is analysed once a session, when that may be one row, and
-- kept: 50,000 rows later it would compare each with each.
alter function auth.record_changes() set enable_nestloop = off;
