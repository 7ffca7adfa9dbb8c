-- +goose Up
CREATE TABLE api_once (
	member_id TEXT NOT NULL REFERENCES member (id),
	key BLOB NOT NULL,       -- SHA-256 of what the program chose
	request BLOB NOT NULL,   -- of the call, keyed with what the program chose
	answer BLOB,             -- sealed for the member; NULL while the call runs
	made TEXT NOT NULL,
	PRIMARY KEY (member_id, key)
);
CREATE TABLE webhook (
	id TEXT PRIMARY KEY,
	n BIGINT NOT NULL UNIQUE,
	member_id TEXT NOT NULL REFERENCES member (id), -- of whose cases it tells
	events TEXT NOT NULL,    -- kinds, joined by commas
	least INTEGER NOT NULL,  -- severity of findings
	sealed BLOB NOT NULL,    -- address and secret, under a key that members have
	state TEXT NOT NULL,     -- on, off
	read_n BIGINT NOT NULL,  -- entries of the ledger that were read for it
	created TEXT NOT NULL
);
CREATE TABLE webhook_delivery (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	webhook_id TEXT NOT NULL REFERENCES webhook (id),
	event TEXT NOT NULL,
	cause TEXT NOT NULL,     -- what happened: it is told once
	body TEXT NOT NULL,      -- JSON: ids, kinds and counts alone
	state TEXT NOT NULL,     -- waiting, delivered, given_up
	attempts INTEGER NOT NULL,
	next TEXT NOT NULL,      -- not before
	status INTEGER NOT NULL, -- of the last answer; 0: none came
	error TEXT NOT NULL,     -- kind of the last failure
	created TEXT NOT NULL,
	ended TEXT NOT NULL,
	UNIQUE (webhook_id, cause)
);
CREATE INDEX webhook_waiting ON webhook_delivery (state, next);
