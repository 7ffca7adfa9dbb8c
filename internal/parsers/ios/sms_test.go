package ios

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// attributed is an attributed string as Messages writes it, with a link in
// its attributes unless that is empty. Texts are shorter than 128 bytes.
func attributed(text, link string) []byte {
	var b bytes.Buffer
	str := func(s string) { b.WriteByte(byte(len(s))); b.WriteString(s) }
	b.WriteString("\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85" +
		"\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01+")
	str(text)
	b.WriteString("\x86\x84\x02iI\x01")
	b.WriteByte(byte(len([]rune(text))))
	b.WriteString("\x92\x84\x84\x84\x0cNSDictionary\x00\x94\x84\x01i\x01\x92\x84\x96\x96")
	if link == "" {
		str("__kIMMessagePartAttributeName")
		b.WriteString("\x86\x92\x84\x84\x84\x08NSNumber\x00\x84\x84\x07NSValue\x00\x94\x84\x01*\x84\x99\x99\x00\x86\x86\x86")
		return b.Bytes()
	}
	str("__kIMLinkAttributeName")
	b.WriteString("\x86\x92\x84\x84\x84\x05NSURL\x00\x94\x84\x01c\x00\x92\x84\x96\x96")
	str(link)
	b.WriteString("\x86\x86\x86\x86")
	return b.Bytes()
}

func binaryList(tb testing.TB, v any) []byte {
	tb.Helper()
	data, err := plist.Marshal(v, plist.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// richLink is the payload of a link preview, as LinkPresentation archives it.
func richLink(tb testing.TB, url, original, title, image string) []byte {
	tb.Helper()
	return binaryList(tb, map[string]any{
		"$archiver": "NSKeyedArchiver", "$version": 100000,
		"$top": map[string]any{"root": plist.UID(1)},
		"$objects": []any{
			"$null",
			map[string]any{"$class": plist.UID(11), "richLinkMetadata": plist.UID(2), "richLinkIsPlaceholder": false},
			map[string]any{
				"$class": plist.UID(12), "URL": plist.UID(3), "originalURL": plist.UID(5), "title": plist.UID(7),
				"summary": plist.UID(0), "imageMetadata": plist.UID(8),
			},
			map[string]any{"$class": plist.UID(10), "NS.base": plist.UID(0), "NS.relative": plist.UID(4)},
			url,
			map[string]any{"$class": plist.UID(10), "NS.base": plist.UID(0), "NS.relative": plist.UID(6)},
			original,
			title,
			map[string]any{"$class": plist.UID(13), "URL": plist.UID(9)},
			map[string]any{"$class": plist.UID(10), "NS.base": plist.UID(0), "NS.relative": plist.UID(14)},
			map[string]any{"$classname": "NSURL", "$classes": []any{"NSURL", "NSObject"}},
			map[string]any{"$classname": "RichLink", "$classes": []any{"RichLink", "NSObject"}},
			map[string]any{"$classname": "LPLinkMetadata", "$classes": []any{"LPLinkMetadata", "NSObject"}},
			map[string]any{"$classname": "LPImageMetadata", "$classes": []any{"LPImageMetadata", "NSObject"}},
			image,
		},
	})
}

// editedSummary is message_summary_info of a message that was edited: the
// versions of its first part, and the number of a part that was unsent.
func editedSummary(tb testing.TB, unsent int, versions ...[]byte) []byte {
	tb.Helper()
	var list []any
	for i, v := range versions {
		list = append(list, map[string]any{"d": 700000000 + float64(i), "t": v})
	}
	return binaryList(tb, map[string]any{
		"amc": uint64(1), "ust": true, "ec": map[string]any{"0": list}, "rp": []any{uint64(unsent)},
		"otr": map[string]any{"0": map[string]any{"lo": uint64(0), "le": uint64(9)}},
	})
}

func smsSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	modern := messagesSchema + fmt.Sprintf(`
INSERT INTO handle VALUES (1, '+525555550101', 'mx', 'iMessage', NULL, NULL), (2, 'lure@example.com', NULL, 'iMessage', NULL, NULL), (3, 'BANCO', 'mx', 'SMS', NULL, NULL);
INSERT INTO chat (ROWID, guid, style, chat_identifier, display_name) VALUES (1, 'iMessage;-;+525555550101', 45, '+525555550101', ''), (2, 'iMessage;+;chat1', 43, 'chat1', 'Familia');
INSERT INTO attachment (ROWID, guid, filename, transfer_name, original_guid) VALUES (1, 'A-1', '~/Library/SMS/Attachments/a/IMG_1.HEIC', 'IMG_1.HEIC', 'O-1'), (2, 'A-2', '~/x/y.gif', NULL, 'O-2');
INSERT INTO message (ROWID, guid, text, handle_id, service, account, destination_caller_id, date, date_read, is_from_me, is_read, subject) VALUES
	(1, 'M-1', 'Mira: https://lure.example.com/a?b=1, urgente', 1, 'SMS', 'P:+525555550199', '+525555550199', 500000000, 500000060, 0, 1, 'http://subject.example.com');
INSERT INTO message (ROWID, guid, text, attributedBody, handle_id, service, account, date, date_read, date_delivered, is_from_me, is_delivered) VALUES
	(2, 'M-2', NULL, x'%x', 2, 'iMessage', 'E:owner@example.com', 700000000123456789, 0, 0, 0, 0),
	(3, 'M-3', 'click here', x'%x', 2, 'iMessage', 'E:owner@example.com', 700000100000000000, 700000160000000000, 0, 0, 0),
	(4, 'M-4', NULL, x'%x', 0, 'iMessage', 'e:owner@example.com', 700000200000000000, 0, 700000201000000000, 1, 1),
	(11, 'M-11', 'nothing here', x'%x', 2, 'iMessage', 'E:owner@example.com', 700000210000000000, 0, 0, 0, 0);
INSERT INTO message (ROWID, guid, text, handle_id, service, date, is_from_me, balloon_bundle_id, payload_data) VALUES
	(5, 'M-5', 'https://short.example.com/1', 1, 'iMessage', 700000300000000000, 0, 'com.apple.messages.URLBalloonProvider', x'%x'),
	(6, 'M-6', NULL, 1, 'iMessage', 700000400000000000, 0, 'com.apple.DigitalTouchBalloonProvider', x'08081100');
INSERT INTO message (ROWID, guid, text, handle_id, service, date, date_edited, is_from_me, message_summary_info) VALUES
	(7, 'M-7', 'third version', 1, 'iMessage', 700000500000000000, 700000560000000000, 0, x'%x'),
	(8, 'M-8', 'never edited', 1, 'iMessage', 700000600000000000, 0, 1, x'%x');
INSERT INTO message (ROWID, guid, handle_id, service, date, date_retracted, date_recovered, is_from_me, item_type, group_action_type, group_title, other_handle, associated_message_guid, associated_message_type) VALUES
	(9, 'M-9', 1, 'iMessage', 700000700000000000, 700000710000000000, 700000720000000000, 0, 1, 1, 'Familia', 2, 'p:0/M-1', 2000);
INSERT INTO message (ROWID, guid, text, handle_id, service, date) VALUES (10, 'M-10', 'Su cuenta: banco-mx.example.net/x', 3, 'SMS', 700000800000000000);
INSERT INTO chat_message_join VALUES (1, 1, 0), (2, 4, 0), (1, 4, 0), (2, 9, 0);
INSERT INTO message_attachment_join VALUES (4, 2), (4, 1);
INSERT INTO chat_recoverable_message_join VALUES (1, 3, 700000900000000000, 0);
INSERT INTO recoverable_message_part VALUES (1, 3, 0, 700000900000000000, x'%x', 0);
INSERT INTO deleted_messages VALUES (1, 'M-0');
INSERT INTO sync_deleted_messages VALUES (1, 'M-00', 'record');
`,
		attributed("solo aquí: https://hidden.example.com/z", ""), attributed("click here", "https://attribute.example.com/q"),
		attributed("a mis grupos", ""), attributed("other words: https://other.example.com/w", ""), richLink(tb, "https://final.example.com/landing", "https://short.example.com/1", "Título", "https://image.example.com/i.png"),
		editedSummary(tb, 1, attributed("first https://first.example.com", ""), attributed("second version", ""), attributed("third version", "")),
		binaryList(tb, map[string]any{"amc": uint64(0), "ust": true}), attributed("deleted part https://part.example.com", ""))
	old := `
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, handle_id INTEGER DEFAULT 0, date INTEGER, is_from_me INTEGER DEFAULT 0, service TEXT);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT);
INSERT INTO handle VALUES (1, '+15555550123');
INSERT INTO message VALUES (1, 'hello', 1, 420000000, 0, 'SMS'), (2, 'orphan', 99, 420000100, 1, 'SMS');
`
	bad := messagesSchema + `
INSERT INTO handle VALUES (1, x'2b31', NULL, '', NULL, NULL);
INSERT INTO chat (ROWID, guid, chat_identifier, display_name) VALUES (1, 'G', 42, x'ff');
INSERT INTO message (ROWID, guid, text, handle_id, date, date_read, is_from_me, attributedBody, payload_data, message_summary_info, service) VALUES
	(1, 'M-1', x'fffe', 'one', 'yesterday', 'x', 'me', 'not a stream', 'not a list', 'not a list', 7),
	(2, x'00', 42, NULL, x'00', 1.5, 2, x'040b73747265616d7479706564', x'62706c6973743030', x'62706c6973743030', NULL),
	(9223372036854775807, 'M-3', 'last https://last.example.com', 9223372036854775807, 9223372036854775807, -1, 1, NULL, NULL, NULL, NULL);
INSERT INTO message (ROWID, guid, date, is_from_me) VALUES (-1, 'M-4', 1e300, 0);
INSERT INTO chat_message_join VALUES ('x', 'y', 0), (1, 1, 0);
INSERT INTO chat_recoverable_message_join VALUES (1, 1, 'never', 0);
INSERT INTO recoverable_message_part VALUES (1, 1, 0, 1, 'no stream', 0);
INSERT INTO deleted_messages VALUES (1, x'00');
`
	return []artifacttest.Sample{
		databaseSample(tb, "modern", messagesPath, modern),
		databaseSample(tb, "old", messagesPath, old),
		withBadValues(databaseSample(tb, "bad", messagesPath, bad)),
	}
}

func TestSMS(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, sms{}, "testdata/sms", smsSamples(t)...)
}

func FuzzSMS(f *testing.F) { artifacttest.Fuzz(f, sms{}, smsSamples(f)...) }

// TestSMSFindsLinks: wherever a link hides, it comes out once.
func TestSMSFindsLinks(t *testing.T) {
	t.Parallel()
	recs, errs := artifacttest.Parse(t, sms{}, smsSamples(t)[0])
	if errs != nil {
		t.Fatal(errs)
	}
	got := map[string][]string{}
	for _, r := range recs {
		if links := r.Get("links").Strings(); links != nil {
			got[r.Text("guid")] = links
		}
	}
	want := map[string][]string{
		"M-1":  {"https://lure.example.com/a?b=1", "http://subject.example.com"},
		"M-2":  {"https://hidden.example.com/z"},
		"M-3":  {"https://attribute.example.com/q", "https://part.example.com"},
		"M-5":  {"https://short.example.com/1", "https://final.example.com/landing", "https://image.example.com/i.png"},
		"M-7":  {"https://first.example.com"},
		"M-10": {"http://banco-mx.example.net/x"},
		"M-11": {"https://other.example.com/w"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestSMSObserves(t *testing.T) {
	t.Parallel()
	recs, _ := artifacttest.Parse(t, sms{}, smsSamples(t)[0])
	compareObserved(t, recs[1], []artifact.Observable{
		{Type: artifact.Email, Value: "lure@example.com", Field: "phone_number"},
		{Type: artifact.Email, Value: "owner@example.com", Field: "account"},
		{Type: artifact.URL, Value: "https://hidden.example.com/z", Field: "links"},
	})
}

// TestSMSCutsLongText: a text past the limit is cut, said to be, and its
// record is there.
func TestSMSCutsLongText(t *testing.T) {
	t.Parallel()
	s := databaseSample(t, "long", messagesPath, messagesSchema+
		fmt.Sprintf("INSERT INTO message (ROWID, guid, text) VALUES (1, 'M-1', '%s')", strings.Repeat("ñ", 700_000)))
	recs, errs := artifacttest.Parse(t, sms{}, s)
	if len(recs) != 1 || errs != nil {
		t.Fatalf("%d records, errors %v", len(recs), errs)
	}
	if n := len(recs[0].Text("text")); n != artifact.DefaultLimits.FieldLen || !recs[0].Truncated {
		t.Errorf("text of %d bytes, truncated %v", n, recs[0].Truncated)
	}
}

func TestSMSOfRealDatabases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path     []string
		messages int
		first    string
	}{
		{[]string{"ios_backup_small", "3d", "3d0d7e5fb2ce288813306e4d4636395e047a3d28"}, 1, "Please click here https://badbadbad.example.org/"},
		{[]string{"plaso", "sqlite", "imessage_chat.db"}, 10, ""},
	} {
		s := artifacttest.Sample{Path: messagesPath, Files: map[string][]byte{messagesPath: readEvidence(t, c.path...)}}
		recs, errs := artifacttest.Parse(t, sms{}, s)
		n := 0
		for _, r := range recs {
			if r.Kind == "message" {
				n++
			}
		}
		if n != c.messages || errs != nil {
			t.Errorf("%v: %d messages, errors %v", c.path, n, errs)
		}
		if got := recs[0].Text("text"); c.first != "" && got != c.first {
			t.Errorf("%v: the first text is %q", c.path, got)
		}
	}
}
