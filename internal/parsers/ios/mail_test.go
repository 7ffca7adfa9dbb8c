package ios

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const mailFolder = "private/var/mobile/Library/Mail/"

// mailSample has both files of the index.
func mailSample(tb testing.TB, name, envelope, protected string) artifacttest.Sample {
	tb.Helper()
	s := databaseSample(tb, name, mailFolder+"Envelope Index", envelope)
	other := databaseSample(tb, name, mailFolder+"Protected Index", protected)
	s.Files[other.Path] = other.Files[other.Path]
	return s
}

func mailSamples(tb testing.TB) []artifacttest.Sample {
	return []artifacttest.Sample{
		// iOS 13 and later: texts by row in Protected Index.
		mailSample(tb, "ios13", `
CREATE TABLE mailboxes (ROWID INTEGER PRIMARY KEY, url TEXT UNIQUE, total_count INTEGER);
CREATE TABLE message_global_data (ROWID INTEGER PRIMARY KEY, message_id INTEGER, message_id_header TEXT);
CREATE TABLE messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, message_id INTEGER NOT NULL DEFAULT 0, global_message_id INTEGER NOT NULL, remote_id INTEGER, document_id TEXT COLLATE BINARY, sender INTEGER, subject_prefix TEXT COLLATE BINARY, subject INTEGER NOT NULL, summary INTEGER, date_sent INTEGER, date_received INTEGER, mailbox INTEGER NOT NULL, flags INTEGER NOT NULL DEFAULT 0, read INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, date_last_viewed INTEGER);
CREATE TABLE recipients (ROWID INTEGER PRIMARY KEY, message INTEGER NOT NULL, address INTEGER NOT NULL, type INTEGER, position INTEGER);
CREATE TABLE message_attachments (ROWID INTEGER PRIMARY KEY, global_message_id INTEGER, attachment INTEGER, name TEXT);
CREATE TABLE message_rich_links (global_message_id INTEGER NOT NULL, rich_link INTEGER NOT NULL, PRIMARY KEY(global_message_id, rich_link)) WITHOUT ROWID;
INSERT INTO mailboxes VALUES (1, 'imap://0A0B/INBOX', 2);
INSERT INTO message_global_data VALUES (9, 77, '<abc@mail.example.com>');
INSERT INTO messages (ROWID, message_id, global_message_id, sender, subject_prefix, subject, summary, date_sent, date_received, mailbox, read, date_last_viewed) VALUES (1, 77, 9, 2, 'RE: ', 5, 6, 1680000000, 1680000005, 1, 1, 1680000100), (2, 78, 10, NULL, NULL, 99, NULL, NULL, 1680000007, 3, 0, NULL);
INSERT INTO recipients VALUES (1, 1, 3, 0, 0), (2, 1, 2, 1, 0);
INSERT INTO message_attachments VALUES (1, 9, 4, 'factura.pdf');
INSERT INTO message_rich_links VALUES (9, 1);`, `
CREATE TABLE subjects (ROWID INTEGER PRIMARY KEY, subject TEXT UNIQUE);
CREATE TABLE addresses (ROWID INTEGER PRIMARY KEY, address TEXT COLLATE NOCASE, comment TEXT);
CREATE TABLE summaries (ROWID INTEGER PRIMARY KEY, summary TEXT);
CREATE TABLE rich_links (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, url TEXT NOT NULL, hash TEXT NOT NULL);
INSERT INTO subjects VALUES (5, 'Tu cuenta: https://login.example.net/r');
INSERT INTO addresses VALUES (2, 'aviso@login.example.net', 'Equipo'), (3, 'ana@example.org', '');
INSERT INTO summaries VALUES (6, 'Hola Ana, entra en http://short.example.com/z');
INSERT INTO rich_links VALUES (1, 'Página', 'https://rich.example.org/page', 'h');`),
		// iOS 11 and 12: texts by message in Protected Index.
		mailSample(tb, "ios12", `
CREATE TABLE mailboxes (ROWID INTEGER PRIMARY KEY, url TEXT UNIQUE);
CREATE TABLE messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, remote_id INTEGER, date_sent INTEGER, date_received INTEGER, size INTEGER, mailbox INTEGER, read, deleted);
CREATE TABLE message_data (ROWID INTEGER PRIMARY KEY, message_id INTEGER, part TEXT);
INSERT INTO mailboxes VALUES (1, 'imap://ana%40example.org@imap.example.org/INBOX');
INSERT INTO messages (ROWID, date_sent, date_received, size, mailbox, read) VALUES (4, 1540000000, 1540000003, 2048, 1, 1);
INSERT INTO message_data VALUES (8, 4, 'summary');`, `
CREATE TABLE messages (message_id INTEGER PRIMARY KEY, sender TEXT, subject TEXT, _to TEXT, cc TEXT, bcc TEXT);
CREATE TABLE message_data (message_data_id INTEGER PRIMARY KEY, data TEXT);
INSERT INTO messages VALUES (4, '"Banco" <info@bank.example.com>', 'Aviso', 'Ana <ana@example.org>, beto@example.org', '', NULL);
INSERT INTO message_data VALUES (8, 'Pulsa https://bank.example.com/x');`),
		withBadValues(mailSample(tb, "bad", `CREATE TABLE messages (sender, subject, summary, mailbox, date_sent, global_message_id);
INSERT INTO messages VALUES ('x', x'ff', 1, 'a', 'then', 1.5), (1, 1, 1, 1, -1, 1);`,
			"CREATE TABLE subjects (subject); INSERT INTO subjects VALUES (x'ff'); CREATE TABLE addresses (address, comment); INSERT INTO addresses VALUES (7, 8); CREATE TABLE summaries (other);")),
		databaseSample(tb, "alone", mailFolder+"Envelope Index", "CREATE TABLE messages (ROWID INTEGER PRIMARY KEY, subject INTEGER, date_received INTEGER); INSERT INTO messages VALUES (1, 2, 1680000000);"),
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, mail{}, "testdata/mail", mailSamples(t)...)
}

func FuzzMail(f *testing.F) { artifacttest.Fuzz(f, mail{}, mailSamples(f)...) }

func TestMailObservables(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, mail{}, mailSamples(t)[0])
	if len(errs) != 0 || len(recs) != 2 {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.Email, Value: "aviso@login.example.net", Field: "sender"},
		{Type: artifact.Email, Value: "ana@example.org", Field: "recipients"},
		{Type: artifact.Email, Value: "aviso@login.example.net", Field: "recipients"},
		{Type: artifact.FileName, Value: "factura.pdf", Field: "attachments"},
		{Type: artifact.URL, Value: "https://login.example.net/r", Field: "links"},
		{Type: artifact.URL, Value: "http://short.example.com/z", Field: "links"},
		{Type: artifact.URL, Value: "https://rich.example.org/page", Field: "links"},
	})
}

func TestMailAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"":                                     nil,
		`"Ana, la" <ana@example.org>, b@c.de`:  {"ana@example.org", "b@c.de"},
		"@ x@ @y mailto:z@example.net (c@d.e)": {"z@example.net", "c@d.e"},
		"a@b.c a@b.c":                          {"a@b.c"},
	} {
		if diff := cmp.Diff(want, mailAddresses(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}
