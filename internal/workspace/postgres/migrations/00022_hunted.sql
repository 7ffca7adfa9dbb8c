-- +goose Up
-- Which runs were hunted with the sets that are installed now: the table has a row
-- for each run and each version of a feed that ever was.
CREATE INDEX hunted_set ON hunted (set_sha256, run_id);
