-- +goose Up
ALTER TABLE case_member ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';    -- owner, analyst, counsel, reader, person
ALTER TABLE case_member ADD COLUMN person_id TEXT NOT NULL DEFAULT '';    -- that the role person is for
CREATE INDEX case_member_member ON case_member (member_id, role);
