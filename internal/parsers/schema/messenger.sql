-- 100001.db as the sample of ios.messenger has it ("amparo artifacts show ios.messenger" names the sources).
CREATE TABLE attachment_items (message_id TEXT, title_text TEXT, action_url TEXT);
CREATE TABLE attachments (thread_key INTEGER, message_id TEXT, filename TEXT, filesize INTEGER, title_text TEXT, subtitle_text TEXT);
CREATE TABLE client_messages (thread_key INTEGER, timestamp_ms INTEGER, message_id TEXT PRIMARY KEY, sender_id INTEGER, text TEXT, has_attachment INTEGER, is_unsent INTEGER);
CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, normalized_name_for_search TEXT, profile_picture_url TEXT, is_messenger_user INTEGER);
CREATE TABLE messages (thread_key INTEGER, timestamp_ms INTEGER, message_id TEXT PRIMARY KEY, sender_id INTEGER, text TEXT, has_attachment INTEGER, is_unsent INTEGER);
CREATE TABLE secure_messages (thread_key INTEGER, timestamp_ms INTEGER, message_id TEXT, sender_id INTEGER, text TEXT, secure_message_attachments_encrypted BLOB);
CREATE TABLE threads (thread_key INTEGER PRIMARY KEY, thread_name TEXT, last_activity_timestamp_ms INTEGER);
