package keyedarchive

import (
	"bytes"
	"errors"
	"strings"
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

func open(t testing.TB, data []byte) *Archive {
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

func TestEveryClass(t *testing.T) {
	t.Parallel()
	ref := func(n int) any { return oracle.UID(n) }
	a := open(t, archive(t,
		dict{
			"$class": ref(2), "name": ref(3), "list": ref(4), "plain": []any{ref(3), 1}, "uuid": ref(6), "url": ref(8), "bytes": ref(11),
			"none": ref(0), "null": ref(13), "mutable": ref(15), "bad_date": ref(16), "numbers": ref(17),
		},
		class("LPLinkMetadata"),
		"a name",
		dict{"$class": ref(5), "NS.objects": []any{ref(3), ref(0)}}, class("NSMutableSet"),
		dict{"$class": ref(7), "NS.uuidbytes": []byte("0123456789abcdef")}, class("NSUUID"),
		dict{"$class": ref(10), "NS.base": ref(9), "NS.relative": "../x?y=1"},
		dict{"$class": ref(10), "NS.base": ref(0), "NS.relative": "https://a.example/b/c/d"}, class("NSURL"),
		dict{"$class": ref(12), "NS.data": []byte{1, 2}}, class("NSMutableData"),
		dict{"$class": ref(14)}, class("NSNull"),
		dict{"NS.string": ref(3)},
		dict{"NS.time": 1e300},
		dict{"NS.keys": []any{ref(18), ref(6), ref(4)}, "NS.objects": []any{ref(19), ref(3), true}}, 7, -1.5,
	))
	got, err := a.Root().Any(plist.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	const uuid = "30313233-3435-3637-3839-616263646566"
	want := any(dict{
		"$class": "LPLinkMetadata", "name": "a name", "list": []any{"a name", nil}, "plain": []any{"a name", int64(1)},
		"uuid": uuid, "url": "https://a.example/b/x?y=1", "bytes": []byte{1, 2}, "none": nil, "null": nil, "mutable": "a name",
		"bad_date": dict{"NS.time": 1e300},
		"numbers":  dict{"7": -1.5, uuid: "a name", "(NSMutableSet)": true},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCyclesAreMarked(t *testing.T) {
	t.Parallel()
	a := open(t, archive(t, dict{"$class": oracle.UID(2), "NS.objects": []any{oracle.UID(3), oracle.UID(1)}}, class("NSArray"),
		dict{"$class": oracle.UID(4), "parent": oracle.UID(1)}, class("Child")))
	got, err := a.Root().Any(plist.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	mark := dict{"$cycle": "NSArray"}
	if diff := cmp.Diff(any([]any{dict{"$class": "Child", "parent": mark}, mark}), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHostile holds archives that grow without bound to an error within a second.
func TestHostile(t *testing.T) {
	t.Parallel()
	var bomb, deep []any
	for i := range 12 {
		refs := make([]any, 10)
		for j := range refs {
			refs[j] = oracle.UID(i + 2)
		}
		bomb = append(bomb, dict{"NS.objects": refs})
	}
	for i := range 1000 {
		deep = append(deep, dict{"NS.objects": []any{oracle.UID(i + 2)}})
	}
	shared := make([]any, 50_000)
	for i := range shared {
		shared[i] = oracle.UID(2)
	}
	var urls []any
	for i := range 50_000 {
		urls = append(urls, dict{"NS.relative": "x", "NS.base": oracle.UID(i + 2)})
	}
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"shared_references", archive(t, append(bomb, "x")...), limit.ErrLimit},
		{"nested", archive(t, append(deep, "x")...), limit.ErrLimit},
		{"one_text_again_and_again", archive(t, dict{"NS.objects": shared}, strings.Repeat("x", 50_000)), limit.ErrLimit},
		{"one_key_again_and_again", archive(t, dict{"NS.keys": shared, "NS.objects": shared}, strings.Repeat("x", 50_000)), limit.ErrLimit},
		{"urls_of_urls", archive(t, append([]any{dict{"NS.relative": "x", "NS.base": oracle.UID(1)}}, urls...)...), nil},
		{"reference_outside", archive(t, dict{"a": oracle.UID(99)}), limit.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			if _, err := open(t, tt.data).Root().Any(plist.DefaultLimits); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if took := time.Since(start); took > 20*time.Second { // a second, and room for a slow machine
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestForgedReference(t *testing.T) {
	t.Parallel()
	a := open(t, archive(t, dict{"a": oracle.UID(1 << 40)}))
	if a.Root().Get("a").Valid() || a.Top("nothing").Valid() {
		t.Error("a reference to nothing is valid")
	}
	if err := a.Root().Get("a").Err(); !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("a reference to nothing: %v", err)
	}
	if o := a.Root().Get("b"); o.Valid() || o.Err() != nil {
		t.Errorf("an absent key: %v", o.Err())
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
	want := HasLastModified | HasLastStatusChange | HasBirth | HasMode | HasUserID | HasSize | HasProtectionClass |
		HasRelativePath | HasDigest | HasEncryptionKey
	if m.Has != want || m.Wrong != HasGroupID {
		t.Errorf("fields %v, want %v; wrong %v: one of another type must be missing alone", m.Has, want, m.Wrong)
	}
	if err := m.Err(); !errors.Is(err, limit.ErrCorrupt) || !strings.Contains(err.Error(), "GroupID") {
		t.Errorf("got %v", err)
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
