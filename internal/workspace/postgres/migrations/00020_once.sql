-- +goose Up
ALTER TABLE api_once ADD COLUMN try TEXT NOT NULL DEFAULT '';      -- which attempt has the call
ALTER TABLE api_once ADD COLUMN did INTEGER NOT NULL DEFAULT 0;    -- 1: an act was written for it
