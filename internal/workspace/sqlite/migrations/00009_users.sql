-- +goose Up
ALTER TABLE member ADD COLUMN manager INTEGER NOT NULL DEFAULT 0; -- invites and removes members
ALTER TABLE member ADD COLUMN removed TEXT NOT NULL DEFAULT '';   -- when; '': works here
ALTER TABLE member ADD COLUMN identity BLOB;                      -- under the member's passphrase; NULL: in a file
ALTER TABLE member ADD COLUMN wrong INTEGER NOT NULL DEFAULT 0;   -- passphrases, since the last right one
ALTER TABLE member ADD COLUMN locked TEXT NOT NULL DEFAULT '';    -- no passphrase is tried before
UPDATE member SET manager = 1 WHERE n = (SELECT MIN(n) FROM member);
CREATE TABLE passkey (
	id TEXT PRIMARY KEY,      -- of the credential, base64url
	n BIGINT NOT NULL,
	member_id TEXT NOT NULL REFERENCES member (id),
	name TEXT NOT NULL,
	record TEXT NOT NULL,     -- JSON: public key, counter, flags
	identity BLOB,            -- under what the passkey's PRF gives; NULL: it opens nothing
	created TEXT NOT NULL,
	used TEXT NOT NULL
);
CREATE INDEX passkey_member ON passkey (member_id, n);
CREATE TABLE subject (        -- who somebody is for a provider of OpenID Connect
	issuer TEXT NOT NULL,
	subject TEXT NOT NULL,
	n BIGINT NOT NULL,
	member_id TEXT NOT NULL REFERENCES member (id),
	created TEXT NOT NULL,
	used TEXT NOT NULL,
	PRIMARY KEY (issuer, subject)
);
CREATE INDEX subject_member ON subject (member_id, n);
CREATE TABLE session (
	id TEXT PRIMARY KEY,      -- SHA-256 of the cookie
	handle TEXT NOT NULL UNIQUE,
	member_id TEXT NOT NULL REFERENCES member (id),
	how TEXT NOT NULL,        -- link, passkey, oidc, invitation
	browser TEXT NOT NULL,    -- family alone
	opened INTEGER NOT NULL,  -- 1: the identity is in sealed
	sealed BLOB,              -- under the cookie
	created TEXT NOT NULL,
	seen TEXT NOT NULL
);
CREATE INDEX session_member ON session (member_id, created);
CREATE TABLE api_token (
	id TEXT PRIMARY KEY,      -- SHA-256 of the token
	handle TEXT NOT NULL UNIQUE,
	n BIGINT NOT NULL,
	member_id TEXT NOT NULL REFERENCES member (id),
	name TEXT NOT NULL,
	scopes TEXT NOT NULL,     -- joined by commas
	sealed BLOB NOT NULL,     -- the member's identity, under the token
	created TEXT NOT NULL,
	until TEXT NOT NULL
);
CREATE INDEX api_token_member ON api_token (member_id, n);
CREATE TABLE invitation (
	id TEXT PRIMARY KEY,      -- SHA-256 of its secret
	handle TEXT NOT NULL UNIQUE,
	n BIGINT NOT NULL,
	name TEXT NOT NULL,
	manager INTEGER NOT NULL,
	case_id TEXT NOT NULL,    -- that is shared when they have come; '': none
	role TEXT NOT NULL,       -- in that case
	person_id TEXT NOT NULL,  -- whom the role is for, where it is that of the person concerned
	member_id TEXT NOT NULL,  -- who may come in by it, or came; '': nobody yet
	invited_by TEXT NOT NULL REFERENCES member (id),
	sealed BLOB,              -- keys for who comes, under its secret; NULL: it is over
	state TEXT NOT NULL,      -- open, used, void
	created TEXT NOT NULL,
	until TEXT NOT NULL
);
CREATE TABLE ceremony (       -- a sign-in that was begun
	id TEXT PRIMARY KEY,      -- SHA-256 of its cookie
	data TEXT NOT NULL,
	until TEXT NOT NULL
);
CREATE INDEX ceremony_until ON ceremony (until);
