-- +goose Up
CREATE TABLE job (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL UNIQUE,
	case_id TEXT NOT NULL REFERENCES cases (id),
	member_id TEXT NOT NULL REFERENCES member (id), -- who asked for it: with whose keys it runs
	kind TEXT NOT NULL,      -- receive, check
	device_id TEXT NOT NULL, -- of the evidence that is received
	evidence_id TEXT NOT NULL,
	state TEXT NOT NULL,     -- waiting, running, done, failed, cancelled
	sealed BLOB,             -- path and password, for the case; NULL once it ended
	progress TEXT NOT NULL,  -- JSON: counts alone
	runs TEXT NOT NULL,      -- that were stored, joined by commas
	error TEXT NOT NULL,     -- id of a message
	created TEXT NOT NULL,
	started TEXT NOT NULL,
	ended TEXT NOT NULL,
	owner TEXT NOT NULL,     -- the process that runs it
	beat TEXT NOT NULL,      -- when it last said so
	attempts INTEGER NOT NULL,
	cancel INTEGER NOT NULL
);
CREATE INDEX job_member ON job (member_id, state, n);
CREATE INDEX job_case ON job (case_id, n);
