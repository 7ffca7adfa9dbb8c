package keyedarchive

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

// realBlobs returns the file entries of a public backup, which is not part of
// the repository.
func realBlobs(tb testing.TB) [][]byte {
	tb.Helper()
	shared := os.Getenv("AMPARO_SHARED")
	if shared == "" {
		shared = "../../../../shared"
	}
	data, err := os.ReadFile(filepath.Join(shared, "evidence/ios_backup_small/Manifest.db"))
	if err != nil {
		tb.Skipf("no public evidence here (set AMPARO_SHARED): %v", err)
	}
	db, err := sqlite.Open(bytes.NewReader(data), int64(len(data)), sqlite.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	files, ok := db.Table("Files")
	if !ok {
		tb.Fatal("no table Files")
	}
	var blobs [][]byte
	for row, err := range files.Scan(tb.Context(), "file") {
		if err != nil {
			tb.Fatal(err)
		}
		blobs = append(blobs, bytes.Clone(row.Value(0).Bytes()))
	}
	return blobs
}

func TestRealFiles(t *testing.T) {
	t.Parallel()
	var (
		doc plist.Doc
		m   MBFile
	)
	blobs := realBlobs(t)
	for i, blob := range blobs {
		if err := ParseMBFile(&doc, blob, &m); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		if err := m.Err(); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		var want struct {
			Objects []any `plist:"$objects"`
		}
		if _, err := oracle.Unmarshal(blob, &want); err != nil {
			t.Fatal(err)
		}
		file := want.Objects[1].(dict)
		for key, got := range map[string]int64{
			"LastModified": m.LastModified, "LastStatusChange": m.LastStatusChange, "Birth": m.Birth, "Mode": m.Mode,
			"UserID": m.UserID, "GroupID": m.GroupID, "Size": m.Size, "InodeNumber": m.InodeNumber,
			"ProtectionClass": m.ProtectionClass, "Flags": m.Flags,
		} {
			want, _ := file[key].(int64)
			if n, ok := file[key].(uint64); ok {
				want = int64(n)
			}
			if got != want {
				t.Errorf("entry %d: %s is %d, want %d", i, key, got, want)
			}
		}
		if path, ok := m.RelativePath.Str(); !ok || path != want.Objects[file["RelativePath"].(oracle.UID)] {
			t.Errorf("entry %d: path %q", i, path)
		}
		_, isLink := file["Target"]
		_, extended := file["ExtendedAttributes"]
		_, digest := file["Digest"]
		if (m.Has&HasTarget != 0) != isLink || m.Extended != extended || (m.Has&HasDigest != 0) != digest {
			t.Errorf("entry %d: link %v, extended %v, fields %v", i, isLink, extended, m.Has)
		}
	}
	t.Logf("%d entries", len(blobs))
}

// BenchmarkRealFiles reads one entry a round.
func BenchmarkRealFiles(b *testing.B) {
	blobs := realBlobs(b)
	var (
		doc plist.Doc
		m   MBFile
		i   int
	)
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseMBFile(&doc, blobs[i%len(blobs)], &m); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
