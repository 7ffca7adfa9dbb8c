package plist

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/amparo-project/amparo/internal/limit"
)

func FuzzParse(f *testing.F) {
	f.Add(makeList(0, "\xd2\x01\x03\x02\x04", "\x51a", "\x10\x01", "\x51b", "\xa1\x02"))
	f.Add(bomb())
	f.Add([]byte(header + `<plist version="1.0"><dict><key>a</key><date>2020-01-01T00:00:00Z</date></dict></plist>`))
	f.Add([]byte("<array><data>AQ</data><string>&#x41;<![CDATA[<]]></string><real>1</real><integer>-1</integer></array>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil && !errors.Is(err, limit.ErrCorrupt) && !errors.Is(err, limit.ErrLimit) && !errors.Is(err, limit.ErrUnsupported) {
			t.Fatalf("an error without a sentinel: %v", err)
		}
		x, err := Any(v, Limits{Depth: 20, Nodes: 5000, Bytes: 1 << 20})
		if err == nil {
			if _, err := json.Marshal(x); err != nil {
				t.Fatal(err)
			}
		}
		budget := 1000
		walk(t, v, 10, &budget, int64(len(data)))
	})
}

// walk asks each value for all it may have.
func walk(t *testing.T, v Value, depth int, budget *int, size int64) {
	if *budget--; *budget < 0 || depth == 0 {
		return
	}
	if off := v.Offset(); off >= size {
		t.Fatalf("it lies at %d of %d", off, size)
	}
	if at, n, ok := v.Extent(); ok {
		if at < 0 || n < 1 || at+n > size {
			t.Fatalf("%d bytes at %d of %d", n, at, size)
		}
		if got, _, found := v.Find(at).Extent(); !found || got != at {
			t.Fatalf("at %d nothing is found", at)
		}
	}
	if (v.Kind() == Invalid) != (v.Err() != nil) && v != (Value{}) {
		t.Fatalf("a %v with %v", v.Kind(), v.Err())
	}
	if s, ok := v.Str(); ok && !v.Is(s) && v.ASCII() == nil {
		t.Fatalf("%q is not itself", s)
	}
	for k, e := range v.Pairs() {
		walk(t, k, depth-1, budget, size)
		walk(t, e, depth-1, budget, size)
	}
	for e := range v.Items() {
		walk(t, e, depth-1, budget, size)
	}
}
