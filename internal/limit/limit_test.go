package limit

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadAll(t *testing.T) {
	t.Parallel()
	if b, err := ReadAll(strings.NewReader("12345"), 5); err != nil || string(b) != "12345" {
		t.Errorf("at the limit: %q, %v", b, err)
	}
	if b, err := ReadAll(strings.NewReader("123456"), 5); !errors.Is(err, ErrLimit) || b != nil {
		t.Errorf("past the limit: %q, %v", b, err)
	}
}

func TestReadFull(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		size, limit int64
		want        error
	}{
		{"whole", 5, 5, nil},
		{"empty", 0, 5, nil},
		{"too_large", 6, 5, ErrLimit},
		{"negative", -1, 5, ErrLimit},
		{"shorter_than_said", 6, 10, io.ErrUnexpectedEOF},
	} {
		b, err := ReadFull(strings.NewReader("12345"), tt.size, tt.limit)
		if !errors.Is(err, tt.want) || err == nil && int64(len(b)) != tt.size {
			t.Errorf("%s: %q, %v", tt.name, b, err)
		}
	}
}
