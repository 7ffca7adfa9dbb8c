-- Envelope Index as the sample of ios.mail has it ("amparo artifacts show ios.mail" names the sources).
CREATE TABLE mailboxes (ROWID INTEGER PRIMARY KEY, url TEXT UNIQUE, total_count INTEGER);
CREATE TABLE message_attachments (ROWID INTEGER PRIMARY KEY, global_message_id INTEGER, attachment INTEGER, name TEXT);
CREATE TABLE message_data (ROWID INTEGER PRIMARY KEY, message_id INTEGER, part TEXT);
CREATE TABLE message_global_data (ROWID INTEGER PRIMARY KEY, message_id INTEGER, message_id_header TEXT);
CREATE TABLE message_rich_links (global_message_id INTEGER NOT NULL, rich_link INTEGER NOT NULL, PRIMARY KEY(global_message_id, rich_link)) WITHOUT ROWID;
CREATE TABLE messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, message_id INTEGER NOT NULL DEFAULT 0, global_message_id INTEGER NOT NULL, remote_id INTEGER, document_id TEXT COLLATE BINARY, sender INTEGER, subject_prefix TEXT COLLATE BINARY, subject INTEGER NOT NULL, summary INTEGER, date_sent INTEGER, date_received INTEGER, mailbox INTEGER NOT NULL, flags INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, date_last_viewed INTEGER);
CREATE TABLE other (a, b);
CREATE TABLE recipients (ROWID INTEGER PRIMARY KEY, message INTEGER NOT NULL, address INTEGER NOT NULL, type INTEGER, position INTEGER);
