package ips_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
)

const (
	header = `{"app_name":"a","timestamp":"2024-01-21 23:07:29.00 +0100","bug_type":"309"}` + "\n"
	body   = `{ "pid" : 7, "list" : [1, "two", {"x" : null}], "nested" : {"deep" : {"er" : "q\"\n"}}, "flag" : true }`
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, bugType, body string
		offset            int64
		err               error
	}{
		"json":         {in: header + body, bugType: "309", body: body, offset: int64(len(header))},
		"text":         {in: header + "Process: a [1]\n", bugType: "309", body: "Process: a [1]\n", offset: int64(len(header))},
		"no_header":    {in: "\n Process: a [1]", body: "Process: a [1]", offset: 2},
		"header_alone": {in: header, bugType: "309", offset: int64(len(header))},
		"mark":         {in: "\ufeff" + header + "x", bugType: "309", body: "x", offset: int64(len(header)) + 3},
		"empty":        {in: " \n\x00", err: limit.ErrCorrupt},
		"cut":          {in: `{"bug_type":"309`, err: limit.ErrCorrupt},
	} {
		r, err := ips.Parse([]byte(tt.in))
		if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
			t.Errorf("%s: error %v", name, err)
		}
		if err != nil {
			continue
		}
		if got := r.Text("bug_type"); got != tt.bugType || string(r.Body) != tt.body || r.Offset != tt.offset {
			t.Errorf("%s: bug type %q, body %q at %d", name, got, r.Body, r.Offset)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	in := header + body
	r, err := ips.Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	root, ok := r.JSON()
	if !ok || root.Err() != nil {
		t.Fatalf("no JSON: %v", root.Err())
	}
	m := root.Map()
	if n, ok := m["pid"].Int(); !ok || n != 7 || !m["flag"].Bool() || m["nested"].Get("deep").Get("er").Text() != "q\"\n" {
		t.Errorf("%v", m)
	}
	var list []string
	for v := range m["list"].Elements() {
		list = append(list, in[v.Offset():v.Offset()+v.Length()])
	}
	if diff := cmp.Diff([]string{"1", `"two"`, `{"x" : null}`}, list); diff != "" {
		t.Error(diff)
	}
}

// TestDamaged: what stands before the damage is read, and the damage told.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{
		`{"a":1,"b":[1,2`:        1,
		`{"a":1,"b":2,"c":"open`: 2,
		`{"a":1 "b":2}`:          1,
		`{"a":1,7:2}`:            1,
		`{"a":]}`:                0,
		`{"a"`:                   0,
		`{`:                      0,
	} {
		r, err := ips.Parse([]byte(header + in))
		if err != nil {
			t.Fatal(err)
		}
		root, ok := r.JSON()
		if n := len(root.Map()); !ok || n != want || !errors.Is(root.Err(), limit.ErrCorrupt) {
			t.Errorf("%s: %d members, error %v", in, n, root.Err())
		}
	}
}

// TestDeep: nesting costs neither stack nor memory.
func TestDeep(t *testing.T) {
	t.Parallel()
	const depth = 1 << 20
	r, err := ips.Parse([]byte(`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"))
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Header.Get("a"); v.Length() != 2*depth {
		t.Errorf("%d bytes", v.Length())
	}
}

// TestEscapes: where a text ends, and that a long one of escapes is read in
// one pass.
func TestEscapes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"a\\"b`:                                `"a\\"`,
		`"a\"b"c`:                               `"a\"b"`,
		`"\\\""x`:                               `"\\\""`,
		`"" x`:                                  `""`,
		`"` + strings.Repeat(`\n`, 1<<20) + `"`: `"` + strings.Repeat(`\n`, 1<<20) + `"`,
	} {
		v, err := ips.ValueAt([]byte(in), 0)
		if err != nil || in[:v.Length()] != want {
			t.Errorf("%.20s: %d bytes, error %v", in, v.Length(), err)
		}
	}
	for _, in := range []string{`"a\"`, `"a`, `"\`, `"`} {
		if _, err := ips.ValueAt([]byte(in), 0); err == nil {
			t.Errorf("%s ends", in)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{`7`: 7, `"8"`: 8, `-1`: -1, `18446744073709551615`: -1} {
		v, err := ips.ValueAt([]byte(in), 0)
		if n, ok := v.Int(); err != nil || !ok || n != want {
			t.Errorf("%s: %d %v %v", in, n, ok, err)
		}
	}
	for _, in := range []string{`1.5`, `true`, `"x"`, `99999999999999999999`} {
		v, err := ips.ValueAt([]byte(in), 0)
		if n, ok := v.Int(); err != nil || ok {
			t.Errorf("%s is %d, %v", in, n, err)
		}
	}
	v, _ := ips.ValueAt([]byte(`1e999`), 0)
	if f, ok := v.Float(); ok {
		t.Errorf("%v", f)
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2024-01-21 23:07:29.5578 +0100": "2024-01-21T22:07:29.5578Z",
		"2017-04-10 10:14:02.93 +1000":   "2017-04-10T00:14:02.93Z",
		"2024-01-21 23:07:29 -0330":      "2024-01-22T02:37:29Z",
		"2024-01-21T23:07:29Z":           "2024-01-21T23:07:29Z",
	} {
		if got, ok := ips.Time(in); !ok || got.UTC().Format("2006-01-02T15:04:05.999999999Z07:00") != want {
			t.Errorf("%s: %v, want %s", in, got.UTC(), want)
		}
	}
	for _, in := range []string{"", "2024-01-21 23:07:29", "2024-13-21 23:07:29 +0100", "yesterday"} {
		if got, ok := ips.Time(in); ok {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		name string
		n    int64
		ok   bool
	}{
		"launchd [1]":              {"launchd", 1, true},
		"a [b] [22] (dead)":        {"a [b]", 22, true},
		"<none> [379]":             {"<none>", 379, true},
		"none":                     {"none", 0, false},
		"a [x]":                    {"a [x]", 0, false},
		"a [":                      {"a [", 0, false},
		"a [12345678901234567890]": {"a [12345678901234567890]", 0, false},
	} {
		if name, n, ok := ips.Numbered(in); name != want.name || n != want.n || ok != want.ok {
			t.Errorf("%s: %q %d %v", in, name, n, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(header + body))
	f.Add([]byte(header + "Process: a [1]\nThread 0 Crashed:\n0 a 0x1 0x2 + 3\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ips.Parse(data)
		if err != nil {
			return
		}
		for l := range ips.Lines(r.Body) {
			ips.Numbered(l.Value)
		}
		if v, ok := r.JSON(); ok {
			walk(t, v, int64(len(data)), 0)
		}
	})
}

// walk reads values a few levels deep and holds their places to the file.
func walk(t *testing.T, v ips.Value, size int64, depth int) {
	t.Helper()
	if v.Offset() < 0 || v.Offset()+v.Length() > size {
		t.Fatalf("%d+%d of %d", v.Offset(), v.Length(), size)
	}
	v.Text()
	v.Int()
	v.Float()
	if depth == 4 {
		return
	}
	for _, member := range v.Members() {
		walk(t, member, size, depth+1)
	}
	for element := range v.Elements() {
		walk(t, element, size, depth+1)
	}
	_ = v.Err()
}
