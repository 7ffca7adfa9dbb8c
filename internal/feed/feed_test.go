package feed

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := OpenToChange(dir, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func add(t *testing.T, s *Store, name, text string) *Entry {
	t.Helper()
	e := &Entry{Name: name, File: name + ".txt"}
	d, err := s.Draft(strings.NewReader(text), e, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(d, e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestStore installs two sets and loads them: first from their files, then
// compiled; a changed set, a changed file and a changed compiled file show.
func TestStore(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	one := add(t, s, "domains", "evil.com\n")
	add(t, s, "other-domains", "evil-two.com\n")
	for i, compiled := range []bool{false, true} {
		l, err := s.Load()
		if err != nil || l.Compiled != compiled || len(l.Sets) != 2 || len(l.Problems) > 0 {
			t.Fatalf("load %d: %+v %v", i, l, err)
		}
	}
	path := filepath.Join(s.Dir(), compiledFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := s.Load(); err != nil || l.Compiled || len(l.Sets) != 2 {
		t.Fatalf("a changed compiled file is taken: %+v %v", l, err)
	}
	if l, err := s.Load(); err != nil || !l.Compiled {
		t.Fatalf("it is not made anew: %v", err)
	}
	stored := filepath.Join(s.Dir(), versionsDir, one.Current().file())
	if err := os.WriteFile(stored, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := s.Load()
	if err != nil || len(l.Sets) != 1 || len(l.Problems) != 1 || !errors.Is(l.Problems[0], limit.ErrCorrupt) {
		t.Fatalf("a changed file: %+v %v", l, err)
	}
	if len(s.Verify()) == 0 {
		t.Error("verify says nothing of it")
	}
	if err := s.Remove(one.ID); err != nil || len(s.Entries()) != 1 || len(s.Verify()) != 0 {
		t.Error("remove", err)
	}
}

// TestDraftLeavesNothing refuses content and finds the store as it was.
func TestDraftLeavesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for name, text := range map[string]string{"prose.txt": "nothing to see here\n", "domains.txt": strings.Repeat("evil.com\n", 1<<18)} {
		if _, err := s.Draft(strings.NewReader(text), &Entry{File: name}, 1<<20); err == nil {
			t.Errorf("%s is taken", name)
		}
		files, err := os.ReadDir(filepath.Join(s.Dir(), versionsDir))
		if err != nil || len(files) > 0 {
			t.Errorf("%s left %v behind", name, files)
		}
	}
}

// TestPack carries sets from one store to another; whatever is changed on the
// way, nothing of it is installed.
func TestPack(t *testing.T) {
	t.Parallel()
	secret, public, err := GenerateKey("lab")
	if err != nil {
		t.Fatal(err)
	}
	from := open(t, t.TempDir())
	add(t, from, "domains", "evil.com\nevil-two.com\n")
	add(t, from, "ips", "192.0.2.1\n")
	var b bytes.Buffer
	if n, err := from.Pack(&b, secret); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	to := open(t, t.TempDir())
	u, err := to.Unpack(bytes.NewReader(b.Bytes()), []string{public})
	if err != nil || len(u.Added) != 2 || u.Signer != "lab" || len(to.Entries()) != 2 {
		t.Fatalf("%+v %v", u, err)
	}
	if u, err := to.Unpack(bytes.NewReader(b.Bytes()), []string{public}); err != nil || u.Same != 2 {
		t.Errorf("again: %+v %v", u, err)
	}
	_, other, err := GenerateKey("other")
	if err != nil {
		t.Fatal(err)
	}
	third := open(t, t.TempDir())
	if _, err := third.Unpack(bytes.NewReader(b.Bytes()), []string{other}); !errors.Is(err, ErrUnsigned) {
		t.Error("another key:", err)
	}
	for i := 0; i < b.Len(); i += 7 {
		bad := bytes.Clone(b.Bytes())
		bad[i] ^= 0x20
		if _, err := third.Unpack(bytes.NewReader(bad), []string{public}); err == nil && i < b.Len()-1 {
			t.Fatalf("byte %d changed, and nothing says so", i)
		}
		if _, err := third.Unpack(bytes.NewReader(b.Bytes()[:i]), []string{public}); err == nil {
			t.Fatalf("%d bytes of %d are enough", i, b.Len())
		}
	}
	if len(third.Entries()) != 0 {
		t.Error("something was installed")
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	if n := len(BuiltIn()); n < 15 {
		t.Errorf("%d feeds are built in", n)
	}
	for text, good := range map[string]bool{
		"feeds:\n- {name: A, address: 'https://a.example/x'}\n":                                         true,
		"feeds:\n- {name: A, address: 'https://a.example/x', kind: taxii, auth: basic, key_env: KEY}\n": true,
		"feeds:\n- {name: A, address: 'http://a.example/x'}\n":                                          false,
		"feeds:\n- {name: A, address: 'https://a.example/x', kind: odd}\n":                              false,
		"feeds:\n- {name: A, address: 'https://a.example/x', key: secret}\n":                            false,
		"feeds:\n- {address: 'https://a.example/x'}\n":                                                  false,
	} {
		if _, err := ParseConfig([]byte(text)); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
