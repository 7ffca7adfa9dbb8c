-- +goose Up
CREATE TABLE observable (
	id BIGINT PRIMARY KEY,   -- the beginning of the SHA-256 over type and value
	type TEXT NOT NULL,
	value TEXT NOT NULL
);
CREATE TABLE observable_key (
	key TEXT COLLATE "C" NOT NULL,
	observable_id BIGINT NOT NULL,
	PRIMARY KEY (key, observable_id)
);
CREATE TABLE sighting (
	observable_id BIGINT NOT NULL,
	run_n BIGINT NOT NULL,
	artifact TEXT NOT NULL,
	first TEXT NOT NULL,     -- time of the first record that has it; '': undated
	last TEXT NOT NULL,
	PRIMARY KEY (observable_id, run_n, artifact)
);
CREATE INDEX sighting_run ON sighting (run_n);
CREATE TABLE hunted (
	run_id TEXT NOT NULL,
	set_sha256 TEXT NOT NULL,
	at TEXT NOT NULL,
	PRIMARY KEY (run_id, set_sha256)
);
CREATE UNIQUE INDEX run_n ON run (n);
