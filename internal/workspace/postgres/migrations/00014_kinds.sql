-- +goose Up
ALTER TABLE webhook ADD COLUMN pool TEXT NOT NULL DEFAULT '';      -- recipient of the workers that pooled is for
ALTER TABLE webhook ADD COLUMN pooled BYTEA;                       -- address and secret, sealed for the workers; NULL: for members alone
