package tracev3

import (
	"bytes"
	"testing"
)

// TestLZ4Block reads blocks written by hand from the description of the
// format.
func TestLZ4Block(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before string
		src          []byte
		want         string
		ok           bool
	}{
		{"literals", "", []byte("\x30abc"), "abc", true},
		{"match", "", []byte("\x32abc\x03\x00\x10!"), "abcabcabc!", true},
		{"run", "", []byte("\x1fa\x01\x00\x05\x10b"), "aaaaaaaaaaaaaaaaaaaaaaaaab", true},
		{"block_before", "abcd", []byte("\x00\x04\x00\x10!"), "abcdabcd!", true},
		{"before_the_start", "", []byte("\x10a\x02\x00\x10!"), "", false},
		{"no_distance", "", []byte("\x10a\x00\x00\x10!"), "", false},
		{"cut", "", []byte("\x30ab"), "", false},
		{"endless_length", "", []byte("\xf0\xff\xff\xff"), "", false},
		{"empty", "", nil, "", false},
	} {
		dst := append([]byte(tt.before), make([]byte, max(0, len(tt.want)-len(tt.before)))...)
		if !tt.ok {
			dst = append(dst, make([]byte, 64)...)
		}
		n, ok := lz4Block(dst, len(tt.before), tt.src)
		if ok != tt.ok || ok && (string(dst[:n]) != tt.want || n != len(dst)) {
			t.Errorf("%s: %q, %v", tt.name, dst[:n], ok)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("bv41\x0a\x00\x00\x00\x08\x00\x00\x00\x32abc\x03\x00\x10!bv4$"))
	f.Add([]byte("bv4-\x03\x00\x00\x00abcbv4$"))
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := unpack(nil, src)
		if len(out) > maxSet {
			t.Fatal("more than the limit")
		}
		if again, _ := unpack(make([]byte, 0, len(out)), src); err == nil && !bytes.Equal(out, again) {
			t.Error("two readings differ")
		}
	})
}
