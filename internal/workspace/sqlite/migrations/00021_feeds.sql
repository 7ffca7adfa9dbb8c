-- +goose Up
CREATE TABLE schedule (        -- what is queued again and again, by whichever process looks first
	kind TEXT PRIMARY KEY,     -- of the jobs: update
	member_id TEXT NOT NULL REFERENCES member (id), -- who set it, and for whom the jobs act
	every BIGINT NOT NULL,     -- seconds
	next TEXT NOT NULL,        -- not before, by the clock of the database; '': at once
	made TEXT NOT NULL
);
CREATE TABLE standing (        -- cases that are hunted in after each news of the feeds
	case_id TEXT PRIMARY KEY REFERENCES cases (id),
	member_id TEXT NOT NULL REFERENCES member (id), -- who ordered it, and for whom the hunts act
	made TEXT NOT NULL
);
CREATE TABLE feed_record (     -- one row: what came when the feeds were asked last
	id INTEGER PRIMARY KEY,    -- 1
	job_id TEXT NOT NULL REFERENCES job (id),
	sealed BLOB NOT NULL,      -- under shared_key
	changed TEXT NOT NULL
);
