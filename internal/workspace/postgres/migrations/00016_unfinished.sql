-- +goose Up
CREATE TABLE check_part (
	job_id TEXT NOT NULL,
	evidence_id TEXT NOT NULL,
	piece INTEGER NOT NULL,       -- which of what was found in the evidence
	n INTEGER NOT NULL,           -- its number, from 1
	mark TEXT NOT NULL,           -- a hash over what it was made with; '': it is of no use any more
	segment_id TEXT NOT NULL,     -- of the vault, sealed for the evidence
	size BIGINT NOT NULL,
	stored_sha256 TEXT NOT NULL,
	stored_size BIGINT NOT NULL,
	PRIMARY KEY (job_id, evidence_id, piece, n)
);
CREATE INDEX check_part_evidence ON check_part (evidence_id);
