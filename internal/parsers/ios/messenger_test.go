package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const messengerPath = "AppDomainGroup-group.com.facebook.Messenger/Library/Application Support/lightspeed-userDatabases/100001.db"

func messengerSamples(tb testing.TB) []artifacttest.Sample {
	columns := "(thread_key INTEGER, timestamp_ms INTEGER, message_id TEXT PRIMARY KEY, sender_id INTEGER, text TEXT, has_attachment INTEGER, is_unsent INTEGER)"
	return []artifacttest.Sample{
		databaseSample(tb, "chats", messengerPath, "CREATE TABLE messages "+columns+`;
CREATE VIEW thread_messages AS SELECT * FROM messages;
CREATE TABLE secure_messages (thread_key INTEGER, timestamp_ms INTEGER, message_id TEXT, sender_id INTEGER, text TEXT, secure_message_attachments_encrypted BLOB);
CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, normalized_name_for_search TEXT, profile_picture_url TEXT, is_messenger_user INTEGER);
CREATE TABLE threads (thread_key INTEGER PRIMARY KEY, thread_name TEXT, last_activity_timestamp_ms INTEGER);
CREATE TABLE attachments (thread_key INTEGER, message_id TEXT, filename TEXT, filesize INTEGER, title_text TEXT, subtitle_text TEXT);
CREATE TABLE attachment_items (message_id TEXT, title_text TEXT, action_url TEXT);
INSERT INTO contacts VALUES (100002, 'Ana', 'ana', 'https://pics.example.net/1', 1), (100001, 'Carla', 'carla', NULL, 0);
INSERT INTO threads VALUES (100002, NULL, 1), (77, 'Vecinas', 2);
INSERT INTO messages VALUES (100002, 1680000000123, 'mid.1', 100002, 'lee http://bad.example.com/2', 0, 0), (77, 1680000001000, 'mid.2', 100001, NULL, 1, 0), (77, 1680000002000, 'mid.3', 100002, '', 1, 1);
INSERT INTO attachments VALUES (77, 'mid.2', 'foto.jpg', 123, NULL, NULL), (77, 'mid.3', NULL, NULL, 'Audio Call', '3 min');
INSERT INTO attachment_items VALUES ('mid.3', 'Noticias', 'https://share.example.org/s');
INSERT INTO secure_messages VALUES (77, 1680000003000, 'mid.4', 100002, NULL, x'0102');`),
		databaseSample(tb, "client", messengerPath, "CREATE TABLE client_messages "+columns+"; INSERT INTO client_messages VALUES (5, 1680000000123, 'm', 6, 'hola', 0, 0);"),
		withBadValues(databaseSample(tb, "bad", messengerPath, `CREATE TABLE messages (thread_key, timestamp_ms, message_id, sender_id, text);
CREATE TABLE contacts (id, name, profile_picture_url); INSERT INTO contacts VALUES (x'ff', 7, 8);
INSERT INTO messages VALUES ('x', 'then', NULL, 1.5, x'ff'), (NULL, -1, 4, NULL, 5);`)),
	}
}

func TestMessenger(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, messenger{}, "testdata/messenger", messengerSamples(t)...)
}

func FuzzMessenger(f *testing.F) { artifacttest.Fuzz(f, messenger{}, messengerSamples(f)...) }
