package glyph

import "testing"

func TestPrintable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"¿Qué pasó?\nñ", "¿Qué pasó?\nñ"},
		{"a\U0001F4A3b", "a⟦U+1F4A3⟧b"},
		{"漢", "⟦U+6F22⟧"},
	} {
		if got := Printable(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}
