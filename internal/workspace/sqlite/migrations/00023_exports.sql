-- +goose Up
ALTER TABLE kept ADD COLUMN begun TEXT NOT NULL DEFAULT ''; -- the first attempt that it is of
ALTER TABLE kept ADD COLUMN mark TEXT NOT NULL DEFAULT '';  -- what it is made by, hashed with its key; '': nobody goes on with it
