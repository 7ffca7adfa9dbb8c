package ab

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/testevidence"
)

func backup(t testing.TB, b testevidence.AndroidBackup) []byte {
	t.Helper()
	b.Names = []string{"apps/com.x/_manifest", "apps/com.x/f/big"}
	b.Files = map[string]string{"apps/com.x/_manifest": "1\n", "apps/com.x/f/big": strings.Repeat("0123456789abcdef", 5000)}
	data, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// read returns the names in a backup.
func read(data []byte, password string) ([]string, error) {
	b, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if b.Encrypted {
		if _, err := b.Tar(); !errors.Is(err, limit.ErrEncrypted) {
			return nil, errors.New("it is read without its password")
		}
		if err := b.Unlock(password); err != nil {
			return nil, err
		}
	}
	r, err := b.Tar()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var names []string
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, r)
			return names, err
		}
		if err != nil {
			return names, err
		}
		names = append(names, h.Name)
		if n, err := io.Copy(io.Discard, tr); err != nil || n != h.Size {
			return names, errors.Join(err, io.ErrUnexpectedEOF)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for version := 1; version <= 5; version++ {
		for _, compressed := range []bool{false, true} {
			for _, password := range []string{"", "correct horse", "contraseña ñandú"} {
				b := testevidence.AndroidBackup{Version: version, Compressed: compressed, Password: password, Rounds: 100, LowBytes: version == 1}
				names, err := read(backup(t, b), password)
				if err != nil || len(names) != 2 {
					t.Errorf("%+v: %v %v", b, names, err)
				}
			}
		}
	}
}

func TestPasswordAndDamage(t *testing.T) {
	t.Parallel()
	data := backup(t, testevidence.AndroidBackup{Version: 5, Compressed: true, Password: "right", Rounds: 10})
	if _, err := read(data, "wrong"); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := read(data[:len(data)-20], "right"); err == nil || errors.Is(err, ErrWrongPassword) {
		t.Errorf("cut: %v", err)
	}
	for name, tt := range map[string]struct {
		data string
		want error
	}{
		"other":    {"PK\x03\x04", limit.ErrUnsupported},
		"empty":    {"", limit.ErrUnsupported},
		"cut":      {Magic + "1\n", limit.ErrCorrupt},
		"version":  {Magic + "6\n1\nnone\n", limit.ErrUnsupported},
		"zero":     {Magic + "0\n1\nnone\n", limit.ErrCorrupt},
		"cipher":   {Magic + "1\n1\nROT13\n", limit.ErrUnsupported},
		"rounds":   {Magic + "1\n1\nAES-256\n00\n00\n2147483648\n00\n00\n", limit.ErrLimit},
		"negative": {Magic + "1\n1\nAES-256\n00\n00\n-1\n00\n00\n", limit.ErrCorrupt},
		"salt":     {Magic + "1\n1\nAES-256\nxx\n00\n10\n00\n00\n", limit.ErrCorrupt},
		"blocks":   {Magic + "1\n1\nAES-256\n00\n00\n10\n00\n00\n", limit.ErrCorrupt},
		"zlib":     {Magic + "1\n1\nnone\nnot compressed", limit.ErrCorrupt},
	} {
		if _, err := read([]byte(tt.data), "x"); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(backup(f, testevidence.AndroidBackup{Version: 1}))
	f.Add(backup(f, testevidence.AndroidBackup{Version: 5, Compressed: true, Password: "x", Rounds: 1}))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		b.rounds = min(b.rounds, 10)
		if b.Encrypted && b.Unlock("x") != nil {
			return
		}
		r, err := b.Tar()
		if err != nil {
			return
		}
		defer r.Close()
		_, _ = io.CopyN(io.Discard, r, 1<<20)
	})
}
