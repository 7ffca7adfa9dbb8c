-- +goose Up
CREATE TABLE export (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL,       -- of its first entry in the ledger
	case_id TEXT NOT NULL REFERENCES cases (id),
	subject TEXT NOT NULL,   -- case, evidence or finding
	sha256 TEXT NOT NULL,    -- of the bag's payload manifest
	made TEXT NOT NULL,
	sealed BLOB NOT NULL     -- for whom, and how much
);
CREATE INDEX export_case ON export (case_id, n);
CREATE TABLE export_evidence (
	export_id TEXT NOT NULL REFERENCES export (id),
	evidence_id TEXT NOT NULL REFERENCES evidence (id),
	PRIMARY KEY (export_id, evidence_id)
);
CREATE INDEX export_of ON export_evidence (evidence_id);
CREATE TABLE ledger_timestamp (
	n BIGINT NOT NULL,       -- entries that the checkpoint signs
	server TEXT NOT NULL,
	made TEXT NOT NULL,      -- the time that the token says
	token BLOB NOT NULL,     -- RFC 3161 response over the text of the checkpoint
	roots TEXT NOT NULL,     -- PEM: what it was verified by
	PRIMARY KEY (n, server)
);
CREATE TABLE ledger_witness (
	vkey TEXT PRIMARY KEY    -- of a witness whose cosignature was taken in
);
