-- +goose Up
ALTER TABLE webhook ADD COLUMN pool TEXT NOT NULL DEFAULT '';      -- recipient of the workers that pooled is for
ALTER TABLE webhook ADD COLUMN pooled BLOB;                        -- address and secret, sealed for the workers; NULL: for members alone
CREATE TABLE kept (
	bundle TEXT PRIMARY KEY,           -- in the vault: what a job made, until it is fetched
	job_id TEXT NOT NULL UNIQUE REFERENCES job (id),
	case_id TEXT NOT NULL REFERENCES cases (id),
	wrapped BLOB NOT NULL,             -- key of the bundle, sealed for the case
	sealed BLOB,                       -- what it is, and for whom; NULL while it is made
	bytes BIGINT NOT NULL,
	made TEXT NOT NULL,                -- '': it is not whole
	until TEXT NOT NULL                -- it is deleted then
);
CREATE TABLE kept_evidence (
	bundle TEXT NOT NULL REFERENCES kept (bundle),
	evidence_id TEXT NOT NULL REFERENCES evidence (id),
	PRIMARY KEY (bundle, evidence_id)
);
CREATE INDEX kept_of ON kept_evidence (evidence_id);
CREATE TABLE linked (
	member_id TEXT PRIMARY KEY REFERENCES member (id), -- who may see it, by whose key it is sealed
	basis TEXT NOT NULL,               -- hash of what was compared
	sealed BLOB NOT NULL,              -- the graph of all cases of the member
	made TEXT NOT NULL,
	until TEXT NOT NULL                -- it is deleted then: a consent ends
);
