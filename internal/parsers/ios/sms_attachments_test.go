package ios

import (
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

func smsAttachmentsSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	modern := messagesSchema + `
INSERT INTO handle VALUES (1, '+525555550101', 'mx', 'iMessage', NULL, NULL), (2, 'lure@example.com', NULL, 'iMessage', NULL, NULL);
INSERT INTO message (ROWID, guid, handle_id, service) VALUES (10, 'M-10', 1, 'iMessage'), (11, 'M-11', 2, 'SMS'), (12, 'M-12', 0, 'iMessage');
INSERT INTO attachment (ROWID, guid, created_date, start_date, filename, uti, mime_type, transfer_state, is_outgoing, user_info,
	transfer_name, total_bytes, original_guid) VALUES
	(1, 'A-1', 700000000, 0, '~/Library/SMS/Attachments/ab/01/A-1/photo.HEIC', 'public.heic', 'image/heic', 5, 0, NULL, 'photo.HEIC', 123456, 'O-1'),
	(2, 'A-2', 700000100, 700000101, '/var/tmp/com.apple.messages/sticker.gif-1', 'com.compuserve.gif', 'image/gif', 5, 0, x'62706c697374', 'sticker.pdf', 712, 'O-2'),
	(3, 'A-3', 700000200, 0, '/private/var/mobile/Library/SMS/Attachments/cd/02/A-3/report.pdf', 'com.adobe.pdf', NULL, 5, 1, NULL, 'report.pdf', 1, 'O-3'),
	(4, 'A-4', 0, 0, NULL, NULL, NULL, 0, 0, NULL, NULL, 0, 'O-4');
INSERT INTO message_attachment_join VALUES (10, 1), (11, 2), (12, 3), (99, 4);
`
	old := `
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, created_date INTEGER DEFAULT 0,
	start_date INTEGER DEFAULT 0, filename TEXT, uti TEXT, mime_type TEXT, transfer_state INTEGER DEFAULT 0,
	is_outgoing INTEGER DEFAULT 0, user_info BLOB, transfer_name TEXT, total_bytes INTEGER DEFAULT 0);
INSERT INTO attachment VALUES (1, 'A-1', 420000000, 420000000, '/var/mobile/Library/SMS/Attachments/a/b/c.jpg', 'public.jpeg', 'image/jpeg', 5, 1, NULL, 'c.jpg', 9);
`
	bad := messagesSchema + `
INSERT INTO message (ROWID, guid, handle_id, service) VALUES (10, 'M-10', 'one', x'00');
INSERT INTO attachment (ROWID, guid, created_date, filename, mime_type, is_outgoing, transfer_name, total_bytes, original_guid) VALUES
	(1, 'A-1', 'never', x'00ff', 7, 'yes', '../../etc/passwd', 'many', 'O-1'),
	(9223372036854775807, 'A-2', 1e300, 'x', '', 2, '', -1, 'O-2');
INSERT INTO message_attachment_join VALUES (10, 1), ('ten', 'one'), (10, 9223372036854775807);
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", messagesPath, modern),
		databaseSample(tb, "old", messagesPath, old),
		withBadValues(databaseSample(tb, "bad", messagesPath, bad)),
	}
}

func TestSMSAttachments(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, smsAttachments{}, "testdata/sms_attachments", smsAttachmentsSamples(t)...)
}

func FuzzSMSAttachments(f *testing.F) {
	artifacttest.Fuzz(f, smsAttachments{}, smsAttachmentsSamples(f)...)
}

func TestSMSAttachmentsObservesDevicePath(t *testing.T) {
	t.Parallel()
	recs, _ := artifacttest.Parse(t, smsAttachments{}, smsAttachmentsSamples(t)[0])
	want := []artifact.Observable{
		{Type: artifact.FilePath, Value: "/private/var/tmp/com.apple.messages/sticker.gif-1", Field: "filename"},
		{Type: artifact.FileName, Value: "sticker.gif-1", Field: "filename"},
		{Type: artifact.FileName, Value: "sticker.pdf", Field: "transfer_name"},
		{Type: artifact.Email, Value: "lure@example.com", Field: "phone_number"},
	}
	compareObserved(t, recs[1], want)
}

func TestSMSAttachmentsOfRealDatabase(t *testing.T) {
	t.Parallel()
	s := artifacttest.Sample{Path: messagesPath, Files: map[string][]byte{messagesPath: readEvidence(t, "plaso", "sqlite", "imessage_chat.db")}}
	artifacttest.Laws(t, smsAttachments{}, s)
	recs, errs := artifacttest.Parse(t, smsAttachments{}, s)
	if len(recs) != 1 || errs != nil || recs[0].Text("transfer_name") != "sslsplit.der" {
		t.Errorf("%d records, errors %v", len(recs), errs)
	}
}

func TestExtensionMismatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, mime, uti string
		want            bool
	}{
		{"a.gif", "image/gif", "", false},
		{"a.GIF", "IMAGE/GIF", "com.compuserve.gif", false},
		{"a.pdf", "image/gif", "", true},
		{"a.psd", "", "com.compuserve.gif", true},
		{"a", "image/gif", "", false},
		{"a.", "image/gif", "", false},
		{"dir.pdf/a", "image/gif", "", false},
		{"a.pdf", "application/x-unknown", "", false},
	} {
		if got := extensionMismatch(c.name, c.mime, c.uti); got != c.want {
			t.Errorf("extensionMismatch(%q, %q, %q) = %v", c.name, c.mime, c.uti, got)
		}
	}
}
