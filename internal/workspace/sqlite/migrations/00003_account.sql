-- +goose Up
CREATE TABLE account_entry (
	n BIGINT PRIMARY KEY,    -- the entry of the ledger that wrote this version
	id TEXT NOT NULL,
	version BIGINT NOT NULL, -- from 1
	case_id TEXT NOT NULL REFERENCES cases (id),
	kind TEXT NOT NULL,      -- fact, event, register, promise…
	key TEXT NOT NULL,       -- what it is one of a kind by; '': nothing
	state TEXT NOT NULL,     -- current, replaced, retired, erased
	sealed BLOB,            -- the body; NULL: erased
	sealed_sha256 TEXT NOT NULL,
	created TEXT NOT NULL,
	member_id TEXT NOT NULL,
	UNIQUE (id, version)
);
CREATE INDEX account_entry_case ON account_entry (case_id, kind, n);
CREATE UNIQUE INDEX account_entry_key ON account_entry (case_id, kind, key) WHERE state = 'current' AND key <> '';
CREATE UNIQUE INDEX account_entry_current ON account_entry (id) WHERE state = 'current';
CREATE TABLE account_person (
	entry_n BIGINT NOT NULL REFERENCES account_entry (n),
	person_id TEXT NOT NULL REFERENCES person (id),
	PRIMARY KEY (entry_n, person_id)
);
CREATE INDEX account_person_person ON account_person (person_id);
