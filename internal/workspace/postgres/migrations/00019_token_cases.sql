-- +goose Up
ALTER TABLE api_token ADD COLUMN cases TEXT NOT NULL DEFAULT ''; -- ids, with commas between, that it is limited to; '': none
