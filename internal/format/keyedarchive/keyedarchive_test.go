package keyedarchive

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

type dict = map[string]any

// archive writes a keyed archive of the objects; number 1 is the root.
func archive(t testing.TB, objects ...any) []byte {
	t.Helper()
	data, err := oracle.Marshal(dict{
		"$archiver": "NSKeyedArchiver", "$version": 100000,
		"$top":     dict{"root": oracle.UID(1)},
		"$objects": append([]any{"$null"}, objects...),
	}, oracle.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t testing.TB, data []byte) Archive {
	t.Helper()
	v, err := plist.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(v)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func class(name string) dict { return dict{"$classname": name, "$classes": []any{name, "NSObject"}} }

func TestFoundationClasses(t *testing.T) {
	t.Parallel()
	a := open(t, archive(t,
		dict{"$class": oracle.UID(2), "NS.keys": []any{oracle.UID(3), oracle.UID(4)}, "NS.objects": []any{oracle.UID(5), oracle.UID(7)}},
		class("NSDictionary"), "url", "when",
		dict{"$class": oracle.UID(6), "NS.base": oracle.UID(0), "NS.relative": oracle.UID(8)}, class("NSURL"),
		dict{"NS.time": 700_000_000.5}, "https://a.example/",
	))
	got, err := a.Root().Any(plist.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	want := any(dict{"url": "https://a.example/", "when": time.Date(2023, 3, 8, 20, 26, 40, 500_000_000, time.UTC)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c := a.Root().Class(); c != "NSDictionary" {
		t.Errorf("class %q", c)
	}
}

func TestCyclesEnd(t *testing.T) {
	t.Parallel()
	a := open(t, archive(t, dict{"$class": oracle.UID(2), "NS.objects": []any{oracle.UID(1), oracle.UID(1)}}, class("NSArray")))
	if _, err := a.Root().Any(plist.DefaultLimits); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("got %v", err)
	}
}

func TestForgedReference(t *testing.T) {
	t.Parallel()
	a := open(t, archive(t, dict{"a": oracle.UID(1 << 40)}))
	if a.Root().Get("a").Valid() || a.Top("nothing").Valid() {
		t.Error("a reference to nothing is valid")
	}
	for _, v := range []any{dict{"$archiver": "Other"}, dict{"$archiver": "NSKeyedArchiver"}, []any{}} {
		data, err := oracle.Marshal(v, oracle.BinaryFormat)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plist.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(p); err == nil {
			t.Errorf("%v is opened", v)
		}
	}
}

func mbfile(t testing.TB) []byte {
	return archive(t,
		dict{
			"$class": oracle.UID(2), "LastModified": 1_600_000_000, "LastStatusChange": 1_600_000_001, "Birth": 1_500_000_000,
			"Mode": 0o100644, "UserID": 501, "GroupID": "not a number", "Size": 12345, "ProtectionClass": 3,
			"RelativePath": oracle.UID(3), "EncryptionKey": oracle.UID(4), "Digest": oracle.UID(6),
		},
		class("MBFile"), "Library/SMS/sms.db",
		dict{"$class": oracle.UID(5), "NS.data": bytes.Repeat([]byte{7}, 44)}, class("NSMutableData"),
		[]byte{1, 2, 3},
	)
}

func TestParseMBFile(t *testing.T) {
	t.Parallel()
	var (
		doc plist.Doc
		m   MBFile
	)
	if err := ParseMBFile(&doc, mbfile(t), &m); err != nil {
		t.Fatal(err)
	}
	path, _ := m.RelativePath.Str()
	if m.Size != 12345 || m.Birth != 1_500_000_000 || path != "Library/SMS/sms.db" || len(m.EncryptionKey) != 44 || len(m.Digest) != 3 {
		t.Errorf("got %+v, path %q", m, path)
	}
	want := HasLastModified | HasLastStatusChange | HasBirth | HasMode | HasUserID | HasSize | HasProtectionClass
	if m.Has != want {
		t.Errorf("fields %b, want %b: one of another type must be missing alone", m.Has, want)
	}
	if err := ParseMBFile(&doc, []byte("bplist00"), &m); !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func FuzzMBFile(f *testing.F) {
	f.Add(mbfile(f))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var (
			doc plist.Doc
			m   MBFile
		)
		if ParseMBFile(&doc, data, &m) == nil {
			_, _ = m.RelativePath.Str()
			_, _ = m.Target.Str()
		}
		if v, err := plist.Parse(data); err == nil {
			if a, err := Open(v); err == nil {
				_, _ = a.Root().Any(plist.Limits{Depth: 20, Nodes: 2000, Bytes: 1 << 20})
			}
		}
	})
}

func BenchmarkParseMBFile(b *testing.B) {
	blob := mbfile(b)
	var (
		doc plist.Doc
		m   MBFile
	)
	b.SetBytes(int64(len(blob)))
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseMBFile(&doc, blob, &m); err != nil {
			b.Fatal(err)
		}
	}
}
