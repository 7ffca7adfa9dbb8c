-- +goose Up
CREATE TABLE workspace (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	uid TEXT NOT NULL,
	origin TEXT NOT NULL,  -- of the ledger: the name of its key
	vkey TEXT NOT NULL,    -- public key of the ledger
	created TEXT NOT NULL
);
CREATE TABLE member (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	name TEXT NOT NULL UNIQUE,
	recipient TEXT NOT NULL UNIQUE,
	signing BYTEA NOT NULL, -- the ledger's signing key, sealed for the member
	created TEXT NOT NULL
);
CREATE TABLE cases (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	recipient TEXT NOT NULL,
	title BYTEA NOT NULL,   -- sealed
	state TEXT NOT NULL,
	created TEXT NOT NULL,
	closed TEXT NOT NULL
);
CREATE TABLE case_member (
	case_id TEXT NOT NULL REFERENCES cases (id),
	member_id TEXT NOT NULL REFERENCES member (id),
	wrapped BYTEA NOT NULL, -- the identity of the case, sealed for the member
	PRIMARY KEY (case_id, member_id)
);
CREATE TABLE person (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	case_id TEXT NOT NULL REFERENCES cases (id),
	pseudonym TEXT NOT NULL,
	minor INTEGER NOT NULL,
	sealed BYTEA NOT NULL,
	created TEXT NOT NULL,
	UNIQUE (case_id, pseudonym)
);
CREATE TABLE device (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	case_id TEXT NOT NULL REFERENCES cases (id),
	person_id TEXT NOT NULL REFERENCES person (id),
	sealed BYTEA NOT NULL,
	created TEXT NOT NULL
);
CREATE TABLE consent (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	case_id TEXT NOT NULL REFERENCES cases (id),
	person_id TEXT NOT NULL REFERENCES person (id),
	purposes TEXT NOT NULL, -- codes, joined by commas
	valid_until TEXT NOT NULL,
	guardian INTEGER NOT NULL,
	form_sha256 TEXT NOT NULL,
	sealed BYTEA NOT NULL,
	created TEXT NOT NULL,
	withdrawn TEXT NOT NULL
);
CREATE TABLE evidence (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	case_id TEXT NOT NULL REFERENCES cases (id),
	device_id TEXT NOT NULL REFERENCES device (id),
	consent_id TEXT NOT NULL REFERENCES consent (id),
	state TEXT NOT NULL,     -- receiving, stored, erased
	recipient TEXT NOT NULL,
	wrapped BYTEA,           -- the identity of the evidence, sealed for the case; NULL: destroyed
	sealed BYTEA,            -- where it came from; NULL: erased
	files BIGINT NOT NULL,
	bytes BIGINT NOT NULL,
	manifest_sha256 TEXT NOT NULL,
	received TEXT NOT NULL,
	stored TEXT NOT NULL,
	erased TEXT NOT NULL
);
CREATE INDEX evidence_case ON evidence (case_id, n);
CREATE TABLE bundle_batch (
	bundle TEXT NOT NULL,    -- an evidence or a run
	part BIGINT NOT NULL,
	sealed BYTEA NOT NULL,   -- a part of the list of files
	PRIMARY KEY (bundle, part)
);
CREATE TABLE segment (
	id TEXT PRIMARY KEY,     -- the name in the vault
	case_id TEXT NOT NULL,
	sha256 TEXT NOT NULL,    -- in clear
	size BIGINT NOT NULL,
	stored_sha256 TEXT NOT NULL,
	stored_size BIGINT NOT NULL
);
CREATE INDEX segment_hash ON segment (case_id, sha256);
CREATE TABLE segment_ref (
	bundle TEXT NOT NULL,
	segment_id TEXT NOT NULL REFERENCES segment (id),
	wrapped BYTEA NOT NULL,  -- the segment's file key, sealed for the evidence; empty: its own header has it
	PRIMARY KEY (bundle, segment_id)
);
CREATE INDEX segment_ref_segment ON segment_ref (segment_id);
CREATE TABLE run (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,
	case_id TEXT NOT NULL REFERENCES cases (id),
	evidence_id TEXT NOT NULL REFERENCES evidence (id),
	state TEXT NOT NULL,     -- stored, erased
	version TEXT NOT NULL,   -- of the tool
	started TEXT NOT NULL,
	ended TEXT NOT NULL,
	summary TEXT NOT NULL,   -- JSON: sets, rules, parsers by version, totals
	result_sha256 TEXT NOT NULL
);
CREATE INDEX run_evidence ON run (evidence_id, n);
CREATE TABLE finding (
	n BIGINT PRIMARY KEY,
	id TEXT NOT NULL,
	run_id TEXT NOT NULL REFERENCES run (id),
	case_id TEXT NOT NULL,
	severity INTEGER NOT NULL,
	kind TEXT NOT NULL,
	artifact TEXT NOT NULL,
	at TEXT NOT NULL,
	title TEXT NOT NULL,
	type TEXT NOT NULL,      -- of the indicator
	value TEXT NOT NULL,
	threat TEXT NOT NULL,
	rule TEXT NOT NULL,
	source TEXT NOT NULL,    -- check, hunt
	found TEXT NOT NULL,
	state TEXT NOT NULL,     -- new, confirmed, dismissed
	decided_by TEXT NOT NULL,
	decided TEXT NOT NULL,
	note BYTEA               -- sealed for the case
);
CREATE UNIQUE INDEX finding_run ON finding (run_id, id);
CREATE INDEX finding_case ON finding (case_id, n);
CREATE INDEX finding_id ON finding (id);
CREATE TABLE ledger_head (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	size BIGINT NOT NULL,
	last TEXT NOT NULL       -- time of the last entry
);
CREATE TABLE ledger_entry (
	n BIGINT PRIMARY KEY,
	data BYTEA NOT NULL,
	salt BYTEA NOT NULL,
	detail TEXT NOT NULL,
	case_id TEXT NOT NULL,
	subject TEXT NOT NULL    -- evidence, run or person that it is about
);
CREATE INDEX ledger_subject ON ledger_entry (subject, n);
CREATE TABLE ledger_hash (
	i BIGINT PRIMARY KEY,
	hash BYTEA NOT NULL
);
CREATE TABLE ledger_checkpoint (
	n BIGINT PRIMARY KEY,
	note BYTEA NOT NULL
);
INSERT INTO ledger_head (id, size, last) VALUES (1, 0, '');
