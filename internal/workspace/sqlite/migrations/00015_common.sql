-- +goose Up
CREATE TABLE shared_key (     -- one row: of what all servers and workers have in common
	id INTEGER PRIMARY KEY,   -- 1
	sealed BLOB NOT NULL,     -- the key, under what comes out of the key of the ledger, which all members have
	created TEXT NOT NULL
);
CREATE TABLE shared (
	name TEXT PRIMARY KEY,    -- indicators, or of a file: notices.yaml
	revision BIGINT NOT NULL, -- it rises with each change
	sealed BLOB NOT NULL,     -- under shared_key
	changed TEXT NOT NULL
);
ALTER TABLE workers ADD COLUMN shared BLOB; -- that key, for them; NULL where nothing is shared, or once they are removed
CREATE TABLE guess (          -- wrong guesses of something from somewhere, by whichever server
	id TEXT PRIMARY KEY,      -- SHA-256 of what was guessed, and from where
	wrong INTEGER NOT NULL,
	until TEXT NOT NULL,      -- no guess before; '': at once
	seen TEXT NOT NULL
);
