package tl

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// write is a string as Telegram's apps write it (NativeByteBuffer.writeString).
func write(s string) []byte {
	b := []byte{byte(len(s))}
	if len(s) >= 254 {
		b = []byte{254, byte(len(s)), byte(len(s) >> 8), byte(len(s) >> 16)}
	}
	b = append(b, s...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func TestString(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 3, 4, 253, 254, 255, 1000, 70_000} {
		s := strings.Repeat("a", n)
		b := append(write(s), 9, 9)
		got, size, ok := Text(b)
		if !ok || got != s || size != len(b)-2 {
			t.Errorf("%d: %v, %d bytes of %d", n, ok, size, len(b)-2)
		}
		if _, _, ok := String(b[:len(b)-3]); ok {
			t.Errorf("%d: one that is cut is read", n)
		}
	}
	for _, bad := range [][]byte{nil, {255, 0, 0, 0}, {254}, {254, 3, 0, 0, 'a', 'b', 'c', 0}, {1, 'a', 1, 0}, {3, 0xff, 0xfe, 0xfd}, {1, 7, 0, 0}} {
		if s, _, ok := Text(bad); ok {
			t.Errorf("% x is read as %q", bad, s)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	b := []byte{1, 0, 0, 0, 2, 0, 0, 0x80}
	if n, ok := Uint32(b, 4); !ok || n != 0x80000002 {
		t.Error(n, ok)
	}
	if n, ok := Int64(b, 0); !ok || n != -0x7ffffffdffffffff {
		t.Error(n, ok)
	}
	for _, off := range []int{-1, 5, 1 << 40} {
		if _, ok := Uint32(b, off); ok {
			t.Errorf("a number at %d", off)
		}
		if _, ok := Int64(b, off); ok {
			t.Errorf("a long at %d", off)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	long := "https://example.org/" + strings.Repeat("x", 300)
	b := slices.Concat([]byte{1, 2, 3, 4}, write("https://a.example/1"), []byte("https://no.length"), write(long), write("see https://inside.example"))
	if got := Texts(b, "https://", 10); !slices.Equal(got, []string{"https://a.example/1", long}) {
		t.Errorf("%q", got)
	}
	if got := Texts(bytes.Repeat(write("https://a"), 100), "https://", 5); len(got) != 5 {
		t.Errorf("%d texts", len(got))
	}
}

func FuzzTexts(f *testing.F) {
	f.Add(write("https://a.example/1"))
	f.Add(write(strings.Repeat("https://", 100)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range Texts(b, "https://", 100) {
			if !strings.HasPrefix(s, "https://") || !bytes.Contains(b, []byte(s)) {
				t.Errorf("%q is not in it", s)
			}
		}
		if s, size, ok := String(b); ok && (size > len(b) || len(s) > size) {
			t.Errorf("%d of %d bytes", size, len(b))
		}
	})
}
