package ios

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/limit"
)

const signalPath = "AppDomainGroup-group.org.whispersystems.signal.group/grdb/signal.sqlite"

// cipherStore is a store of SQLCipher with the 32 bytes of plain header that
// iOS needs to tell a database from other files, and pages that look random.
func cipherStore(header int) []byte {
	const size = 4096
	data := []byte("SQLite format 3\x00\x04\x00\x02\x02\x50\x40\x20\x20\x00\x00\x00\x07\x00\x00\x00\x04")[:header]
	for sum := sha256.Sum256([]byte("key")); len(data) < size; sum = sha256.Sum256(sum[:]) {
		data = append(data, sum[:]...)
	}
	return data[:size]
}

func signalSamples(tb testing.TB) []artifacttest.Sample {
	return []artifacttest.Sample{
		fileSample("encrypted", signalPath, string(cipherStore(32))),
		fileSample("salted", signalPath, string(cipherStore(0))),
		// The columns are those of Signal's own migrations.
		databaseSample(tb, "plain", signalPath, `
CREATE TABLE model_TSThread (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, recordType INTEGER NOT NULL, uniqueId TEXT NOT NULL UNIQUE, contactPhoneNumber TEXT, contactUUID TEXT, groupModel BLOB);
CREATE TABLE model_TSInteraction (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, recordType INTEGER NOT NULL, uniqueId TEXT NOT NULL UNIQUE, receivedAtTimestamp INTEGER NOT NULL, timestamp INTEGER NOT NULL, uniqueThreadId TEXT NOT NULL, attachmentIds BLOB, authorPhoneNumber TEXT, authorUUID TEXT, body TEXT, linkPreview BLOB, read INTEGER);
INSERT INTO model_TSThread VALUES (1, 30, 'T1', '+5215550001111', '0b1c', NULL), (2, 31, 'gAbc', NULL, NULL, x'00');
INSERT INTO model_TSInteraction VALUES (1, 19, 'A', 1680000000500, 1680000000123, 'T1', NULL, '+5215550001111', '0b1c', 'mira https://bad.example.com/3', x'00', 1),
 (2, 20, 'B', 1680000001000, 1680000001000, 'T1', NULL, NULL, NULL, 'ya', NULL, 1), (3, 10, 'C', 1680000002000, 1680000002000, 'gAbc', NULL, NULL, NULL, NULL, NULL, 1), (4, 19, 'D', 0, 1680000003000, 'other', NULL, NULL, 'ffff', 'x', NULL, 0);`),
		listSample(tb, "settings", "AppDomainGroup-group.org.whispersystems.signal.group/Library/Preferences/group.org.whispersystems.signal.group.plist",
			oracle.BinaryFormat, map[string]any{"isMessagesFromLinkedDevices": true, "lastAppVersion": "5.26.6"}),
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, signal{}, "testdata/signal", signalSamples(t)...)
}

func FuzzSignal(f *testing.F) { artifacttest.Fuzz(f, signal{}, signalSamples(f)...) }

// TestSignalEncrypted: that a store is encrypted is both a record and the
// reason why the file counts as not read.
func TestSignalEncrypted(t *testing.T) {
	t.Parallel()
	for _, s := range signalSamples(t)[:2] {
		recs, errs := artifacttest.Parse(t, signal{}, s)
		if len(recs) != 1 || recs[0].Kind != "store" || len(errs) != 1 || !errors.Is(errs[0], limit.ErrEncrypted) {
			t.Fatalf("%s: %v %v", s.Name, recs, errs)
		}
		if reason := recs[0].Text("reason"); !strings.HasPrefix(reason, "encrypted: ") {
			t.Errorf("%s: reason %q", s.Name, reason)
		}
	}
}

// TestSignalAttachments: in a dump the folder of the app has a random name,
// and is known by the store in it.
func TestSignalAttachments(t *testing.T) {
	t.Parallel()
	const group, other = "private/var/mobile/Containers/Shared/AppGroup/0A/", "private/var/mobile/Containers/Shared/AppGroup/0B/"
	at := time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC)
	files := []artifact.File{
		{Path: group + "attachment_files/ab/abcd", Size: 5, Modified: at},
		{Path: group + "Attachments/x.jpg", Size: 6},
		{Path: other + "Attachments/y.jpg"},
		{Path: group + "grdb/signal.sqlite"},
		{Path: group + "ProfileAvatars/z"},
	}
	in := artifact.NewListing(func(context.Context) iter.Seq2[artifact.File, error] {
		return func(yield func(artifact.File, error) bool) {
			for _, f := range files {
				if !yield(f, nil) {
					return
				}
			}
		}
	})
	var got []string
	for rec, err := range (signal{}).Parse(t.Context(), in) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rec.Text("file"))
	}
	if len(got) != 2 || got[0] != files[0].Path || got[1] != files[1].Path {
		t.Errorf("%q", got)
	}
}
