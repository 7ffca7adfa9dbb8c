package stamp_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/amparo-project/amparo/internal/ledger/stamp"
	"github.com/amparo-project/amparo/internal/ledger/stamp/ask"
	"github.com/amparo-project/amparo/internal/ledger/stamp/stamptest"
)

var noon = time.Now().UTC().Truncate(time.Second)

var data = []byte("amparo.test/w\n3\nAAAA\n")

func authority(t testing.TB) *stamptest.Authority {
	t.Helper()
	a, stop, err := stamptest.Start(noon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return a
}

func TestStamp(t *testing.T) {
	t.Parallel()
	a := authority(t)
	roots, err := stamp.Roots(a.Root)
	if err != nil {
		t.Fatal(err)
	}
	token, at, err := ask.Stamp(t.Context(), a.URL, data, roots)
	if err != nil || !at.Equal(noon) {
		t.Fatal(at, err)
	}
	if at, err := stamp.Verify(token, data, roots, nil); err != nil || !at.Equal(noon) {
		t.Error(at, err)
	}
	if _, err := stamp.Verify(token, append(bytes.Clone(data), 'x'), roots, nil); !errors.Is(err, stamp.ErrNotProven) {
		t.Errorf("other bytes: %v", err)
	}
	if _, err := stamp.Verify(token, data, roots, big.NewInt(1)); !errors.Is(err, stamp.ErrNotProven) {
		t.Errorf("the answer to another request: %v", err)
	}
	others, err := stamp.Roots(authority(t).Root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stamp.Verify(token, data, others, nil); !errors.Is(err, stamp.ErrNotProven) {
		t.Errorf("another root: %v", err)
	}
	// Each changed byte is found, or changes nothing that is said.
	found := 0
	for i := range token {
		bad := bytes.Clone(token)
		bad[i] ^= 1
		if at, err := stamp.Verify(bad, data, roots, nil); err != nil {
			found++
		} else if !at.Equal(noon) {
			t.Errorf("byte %d changes the time to %v", i, at)
		}
	}
	if found < len(token)*8/10 {
		t.Errorf("only %d of %d changed bytes are found", found, len(token))
	}
}

// TestRunOut verifies a timestamp whose certificates ran out long ago: it holds
// as it held then. The clock of the test stands in the year 2000.
func TestRunOut(t *testing.T) {
	t.Parallel()
	var (
		token []byte
		a     *stamptest.Authority
		then  time.Time
	)
	synctest.Test(t, func(t *testing.T) {
		var err error
		then = time.Now().UTC()
		if a, err = stamptest.New(then); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if token, err = a.Sign(&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true}); err != nil {
			t.Fatal(err)
		}
	})
	roots, err := stamp.Roots(a.Root)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := stamp.Verify(token, data, roots, nil); err != nil || !at.Equal(then) || time.Since(at) < 20*365*24*time.Hour {
		t.Error(at, err)
	}
}

// TestOpenSSL lets another program verify the same timestamp.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip(err)
	}
	now, stop, err := stamptest.Start(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	roots, err := stamp.Roots(now.Root)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := ask.Stamp(t.Context(), now.URL, data, roots)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"data": data, "token": token, "root": now.Root, "other": []byte("x")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "openssl", "ts", "-verify", "-data", name, "-in", "token", "-CAfile", "root")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("data"); err != nil || !strings.Contains(out, "Verification: OK") {
		t.Error(err, out)
	}
	if out, err := run("other"); err == nil {
		t.Error(out)
	}
}

// TestUntrustworthy asks authorities that answer wrongly.
func TestUntrustworthy(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*timestamp.Timestamp){
		"another nonce":  func(s *timestamp.Timestamp) { s.Nonce = big.NewInt(7) },
		"no nonce":       func(s *timestamp.Timestamp) { s.Nonce = nil },
		"another hash":   func(s *timestamp.Timestamp) { s.HashedMessage = make([]byte, 32) },
		"no certificate": func(s *timestamp.Timestamp) { s.AddTSACertificate = false },
		"a time at which its certificate did not hold": func(s *timestamp.Timestamp) { s.Time = noon.AddDate(1, 0, 0) },
	} {
		a := authority(t)
		a.Change = change
		roots, err := stamp.Roots(a.Root)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ask.Stamp(t.Context(), a.URL, data, roots); !errors.Is(err, stamp.ErrNotProven) {
			t.Errorf("%s: %v", name, err)
		}
	}
	roots, err := stamp.Roots(authority(t).Root)
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, stamp.MaxToken+2)) },
	} {
		s := httptest.NewServer(handler)
		if _, _, err := ask.Stamp(t.Context(), s.URL, data, roots); !errors.Is(err, ask.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
	for _, address := range []string{"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://u:hunter2@127.0.0.1/", "http://%zz"} {
		if _, _, err := ask.Stamp(t.Context(), address, data, roots); !errors.Is(err, ask.ErrAddress) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	a := authority(f)
	roots, err := stamp.Roots(a.Root)
	if err != nil {
		f.Fatal(err)
	}
	token, _, err := ask.Stamp(f.Context(), a.URL, data, roots)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token[:len(token)/2])
	f.Add([]byte{0x30, 0x80, 0x30, 0x80, 0x30, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		if at, err := stamp.Verify(b, data, roots, nil); err == nil && !at.Equal(noon) {
			t.Errorf("a forged time: %v", at)
		}
	})
}
