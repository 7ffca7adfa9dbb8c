package artifact

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// TestSHA256: the input is read, unless the run knows its hash.
func TestSHA256(t *testing.T) {
	t.Parallel()
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got, err := NewInput("a", strings.NewReader(""), 0, nil).SHA256(); got != empty || err != nil {
		t.Errorf("%s %v", got, err)
	}
	in := NewInput("a", strings.NewReader("abc"), 3, nil)
	if got, err := in.SHA256(); got != abc || err != nil {
		t.Errorf("%s %v", got, err)
	}
	companion := NewInput("a", strings.NewReader("abc"), 3, func(string) (io.ReaderAt, int64, error) { return strings.NewReader(""), 0, nil }).
		Summing(func() (string, error) { return "sum of a", nil }).
		SummingCompanions(func(path string) func() (string, error) {
			if path == "known" {
				return func() (string, error) { return "sum of known", nil }
			}
			return nil
		})
	for path, want := range map[string]string{"known": "sum of known", "other": empty} {
		c, err := companion.Companion(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.SHA256(); got != want || err != nil {
			t.Errorf("%s: %s %v", path, got, err)
		}
	}
	broken := errors.New("broken")
	if got, err := in.Summing(func() (string, error) { return abc, broken }).SHA256(); got != abc || !errors.Is(err, broken) {
		t.Errorf("%s %v", got, err)
	}
}
