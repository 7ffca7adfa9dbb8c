package bagit

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// aBag writes a small bag and returns its folder and the hash of its payload
// manifest.
func aBag(t *testing.T) (dir, sum string) {
	t.Helper()
	dir = t.TempDir()
	b, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for name, text := range map[string]string{"data/a": "one", "data/b%/c\nd": "two", "VERIFY.md": "three"} {
		if _, err := b.Put(name, "", func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if sum, err = b.FinishPayload(); err != nil {
		t.Fatal(err)
	}
	if err := b.Finish([]Field{{"Contact-Name", "nobody"}}); err != nil {
		t.Fatal(err)
	}
	return dir, sum
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir, want := aBag(t)
	if got, err := Verify(dir); err != nil || got != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
	write := func(name, text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	edit := func(name, from, to string) func(dir string) error {
		return func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || !strings.Contains(string(data), from) {
				t.Errorf("%s: %v: nothing to change", name, err)
			}
			return write(name, strings.Replace(string(data), from, to, 1))(dir)
		}
	}
	remove := func(name string) func(dir string) error {
		return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
	}
	for name, change := range map[string]func(dir string) error{
		"payload changed":   write("data/a", "other"),
		"payload gone":      remove("data/a"),
		"payload more":      write("data/more", "more"),
		"tag changed":       write("VERIFY.md", "other"),
		"tag more":          write("more.txt", "more"),
		"no tag manifest":   remove(TagManifest),
		"no manifest":       remove(PayloadManifest),
		"manifest changed":  edit(PayloadManifest, "data/a", "data/../a"),
		"listed elsewhere":  edit(TagManifest, "VERIFY.md", "/etc/passwd"),
		"not a hash":        edit(TagManifest, "  VERIFY.md", "0  VERIFY.md"),
		"manifest unlisted": edit(TagManifest, PayloadManifest, "VERIFY.md"),
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			dir, _ := aBag(t)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(dir); !errors.Is(err, ErrDiffers) {
				t.Errorf("%v", err)
			}
		})
	}
}
