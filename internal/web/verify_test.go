package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/ledger/proof"
)

// TestVerifyPage holds what the page hands out to the code that it is verified
// by, and WebAssembly to this page.
func TestVerifyPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	kept := b.get("/ledger/checkpoint")
	caseID, _ := b.newCase()
	p, err := proof.Key(strings.TrimSpace(b.get("/ledger/key").body))
	if err != nil {
		t.Fatal(err)
	}
	old, err := proof.Verify([]byte(kept.body), p)
	if err != nil {
		t.Fatal(err)
	}
	path := b.get("/ledger/consistency?from=" + strconv.FormatInt(old.N, 10))
	if _, now, err := proof.Consistency([]byte(kept.body), []byte(path.body), p); err != nil || now.N <= old.N {
		t.Errorf("from %d to %d: %v", old.N, now.N, err)
	}
	for at, want := range map[string]int{
		"/ledger/consistency": http.StatusBadRequest, "/ledger/consistency?from=-1": http.StatusNotFound, "/ledger/consistency?from=100000": http.StatusNotFound,
		"/ledger/verify?entry=100000": http.StatusUnprocessableEntity, "/ledger/verify?entry=x": http.StatusUnprocessableEntity,
	} {
		if a := b.get(at); a.status != want {
			t.Errorf("%s: %d", at, a.status)
		}
	}
	page := b.get("/ledger/verify?entry=0")
	if !strings.Contains(page.body, "c2sp.org/tlog-proof@v1") || !strings.Contains(page.body, "amparo ledger verify 000000.proof") {
		t.Error("the page holds no proof")
	}
	if got := page.header.Get("Content-Security-Policy"); got != strings.Replace(policy, "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", 1) {
		t.Errorf("policy %q", got)
	}
	if got := b.get("/cases/" + caseID).header.Get("Content-Security-Policy"); strings.Contains(got, "wasm") {
		t.Errorf("another page: policy %q", got)
	}
}

// TestModule builds the code for browsers again: it is of this source, byte for
// byte, and no larger than what the documentation says.
func TestModule(t *testing.T) {
	t.Parallel()
	p, err := loadPages()
	if err != nil {
		t.Fatal(err)
	}
	if p.module.Size == 0 {
		t.Skip("built without the code for browsers: make module")
	}
	if p.module.Packed > 1<<20 {
		t.Errorf("%d bytes are sent", p.module.Packed)
	}
	out := filepath.Join(t.TempDir(), "verify.wasm")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-gcflags=all=-l", "-ldflags=-s -w -buildid=",
		"-o", out, "github.com/amparo-project/amparo/internal/ledger/inbrowser/module")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	code, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(code); hex.EncodeToString(sum[:]) != p.module.SHA256 {
		t.Errorf("the source gives %x, and the program holds %s: make module", sum, p.module.SHA256)
	}
	a := p.byPath[p.assets[moduleName]]
	if string(a.content) != string(code) || a.kind != "application/wasm" {
		t.Error("what is served is not the module")
	}
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "deflate": false} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", header)
		if got := accepts(r, "gzip"); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
