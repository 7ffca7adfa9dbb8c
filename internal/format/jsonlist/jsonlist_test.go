package jsonlist_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/format/jsonlist"
	"github.com/amparo-project/amparo/internal/limit"
)

// scan returns the values, and "!" for each place of damage.
func scan(t *testing.T, text string, max int) []string {
	t.Helper()
	var got []string
	for e, err := range jsonlist.Scan(strings.NewReader(text), int64(len(text)), max) {
		var damage *jsonlist.DamageError
		switch {
		case errors.As(err, &damage):
			got = append(got, fmt.Sprintf("!%d", damage.Offset))
		case err != nil:
			t.Fatal(err)
		default:
			if at := text[e.Offset:]; !strings.HasPrefix(at, string(e.Raw)) {
				t.Errorf("%q is not at byte %d", e.Raw, e.Offset)
			}
			got = append(got, string(e.Raw))
		}
	}
	return got
}

func TestScan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", nil},
		{"empty_array", " [ ]\n", nil},
		{"array", `[{"a":1}, "b,]", 3, [4,{"c":"}"}],null]`, []string{`{"a":1}`, `"b,]"`, "3", `[4,{"c":"}"}]`, "null"}},
		{"lines", "{\"a\":1}\r\n\n{\"a\":\"\\\"}\"}\n7", []string{`{"a":1}`, `{"a":"\"}"}`, "7"}},
		{"mark", "\xef\xbb\xbf[1]", []string{"1"}},
		{"object", `{"a":[1,2]}`, []string{`{"a":[1,2]}`}},
		{"cut_array", `[{"a":1},{"b":`, []string{`{"a":1}`, "!9", "!14"}},
		{"cut_list", `[{"a":1},`, []string{`{"a":1}`, "!9"}},
		{"noise", "{\"a\":1}\nerror: x\n{\"b\":2}\n", []string{`{"a":1}`, "!8", `{"b":2}`}},
		{"long", "{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n{\"b\":2}\n", []string{"!0", `{"b":2}`}},
	} {
		if d := cmp.Diff(c.want, scan(t, c.text, 32)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestBlocks: values that lie across the blocks that are read are whole.
func TestBlocks(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 30_000 {
		all = append(all, fmt.Sprintf(`{"n":%d,"text":"%s"}`, i, strings.Repeat("x", i%97)))
	}
	for name, text := range map[string]string{"array": "[" + strings.Join(all, ",\n") + "]", "lines": strings.Join(all, "\n")} {
		if d := cmp.Diff(all, scan(t, text, limit.MiB)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestReadError(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad disk")
	for _, err := range jsonlist.Scan(failing{bad}, 100, 100) {
		if !errors.Is(err, bad) {
			t.Errorf("%v", err)
		}
	}
	for _, err := range jsonlist.Scan(bytes.NewReader([]byte("[1")), 100, 100) {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a file that is shorter than it says: %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func FuzzScan(f *testing.F) {
	f.Add(`[{"a":1}, "b,]", 3, [4,{"c":"}"}],null]`)
	f.Add("{\"a\":1}\n{\"b\":[]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		values := 0
		for e, err := range jsonlist.Scan(strings.NewReader(text), int64(len(text)), 1<<16) {
			if values++; values > len(text)+2 {
				t.Fatal("more values than bytes")
			}
			if err == nil && len(e.Raw) == 0 {
				t.Error("an empty value")
			}
		}
		// What the standard library takes for a list gives as many values.
		var list []json.RawMessage
		if json.Unmarshal([]byte(text), &list) == nil && strings.HasPrefix(strings.TrimSpace(text), "[") && values != len(list) {
			t.Errorf("%d values, not %d", values, len(list))
		}
	})
}

func BenchmarkScan(b *testing.B) {
	text := "[" + strings.Repeat(`{"path":"/system/lib64/libx.so","size":1234,"mode":"-rw-r--r--"},`, 20_000) + "1]"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		for range jsonlist.Scan(strings.NewReader(text), int64(len(text)), limit.MiB) {
		}
	}
}
