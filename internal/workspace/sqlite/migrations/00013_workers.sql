-- +goose Up
ALTER TABLE job ADD COLUMN queue TEXT NOT NULL DEFAULT '';         -- whose keys it runs with: a member's id, or "workers"; '': member_id
ALTER TABLE job ADD COLUMN version INTEGER NOT NULL DEFAULT 1;     -- of the program that can run it, at least
ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 2;    -- 1 before 4
ALTER TABLE job ADD COLUMN due TEXT NOT NULL DEFAULT '';           -- it waits until then
ALTER TABLE job ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;     -- how often it failed of something that passes
ALTER TABLE job ADD COLUMN once TEXT NOT NULL DEFAULT '';          -- what there is one job of: a recheck of a case, the reminders of a day
ALTER TABLE job ADD COLUMN wrapped BLOB;                           -- key of the case, for the workers; NULL once it ended
ALTER TABLE job ADD COLUMN delivery BIGINT NOT NULL DEFAULT 0;     -- of the engine that brings it to a process
CREATE UNIQUE INDEX job_once ON job (once) WHERE once <> '';
CREATE INDEX job_state ON job (state, priority, n);
CREATE TABLE workers (
	recipient TEXT PRIMARY KEY,  -- age1…: of the key that all workers have
	n BIGINT NOT NULL,           -- of its entry in the ledger
	added TEXT NOT NULL,
	removed TEXT NOT NULL        -- '': it is the one that keys are wrapped for
);
