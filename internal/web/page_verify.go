package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

//go:embed wasm
var moduleFiles embed.FS

// moduleName is what the pages call the code that verifies in a browser.
const moduleName = "verify.wasm"

// maxModule bounds the code in bytes, uncompressed.
const maxModule = 16 << 20

// module is the code that verifies in a browser; Size 0: this program was built
// without it.
type module struct {
	Size, Packed int64 // in bytes; as it is sent
	SHA256       string
}

// loadModule gives the code an address like other assets. It is sent compressed,
// as it lies in the program.
func (p *pages) loadModule() error {
	packed, err := moduleFiles.ReadFile("wasm/" + moduleName + ".gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("%s: %w", moduleName, err)
	}
	code, err := limit.ReadAll(z, maxModule)
	if err != nil {
		return fmt.Errorf("%s: %w", moduleName, err)
	}
	sum := sha256.Sum256(code)
	p.module = module{int64(len(code)), int64(len(packed)), hex.EncodeToString(sum[:])}
	p.addAsset(moduleName, asset{content: code, packed: packed, kind: "application/wasm"})
	return nil
}

// verifyData is what somebody verifies in their own browser.
type verifyData struct {
	Key, Entry, Proof string
	File              string // the name of the proof
	Size              int64  // of the ledger
	Module            module
	Code              string // address of the module, "" where there is none
	Version           string
}

// verifyPage lets the browser verify proofs by the code of the command line. It
// is the only page that may compile WebAssembly.
func (q *request) verifyPage() error {
	d := verifyData{Key: q.space.Info().Key, Entry: q.value("entry"), Module: q.s.pages.module, Version: q.s.o.Version}
	d.Code = q.s.pages.assets[moduleName]
	var err error
	if d.Size, err = q.space.LedgerSize(q.ctx()); err != nil {
		return err
	}
	var o []option
	if d.Entry != "" {
		n, err := strconv.ParseInt(d.Entry, 10, 64)
		var file []byte
		if err == nil {
			file, err = q.proofOf(n)
			d.File = proofName(n)
		}
		if err != nil {
			o = append(o, withProblem(q.Text("web.verify.no_entry")))
		}
		d.Proof = string(file)
	}
	h := q.w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", 1))
	return q.render("verify", q.Text("web.verify.title"), d, append(o, inSection("ledger"))...)
}

// proofName is the name under which the proof of an entry is downloaded.
func proofName(n int64) string { return fmt.Sprintf("%06d.proof", n) }

// ledgerCheckpoint hands out today's checkpoint, to be kept.
func (q *request) ledgerCheckpoint() error {
	signed, n, err := q.space.Checkpoint(q.ctx())
	if err != nil {
		return err
	}
	q.attach(fmt.Sprintf("%06d.checkpoint", n), "text/plain; charset=utf-8")
	_, err = q.w.Write(signed)
	return err
}

// ledgerConsistency hands out the proof that the ledger of today continues the
// one of so many entries.
func (q *request) ledgerConsistency() error {
	old, err := strconv.ParseInt(q.value("from"), 10, 64)
	if err != nil {
		return badRequest{err}
	}
	file, err := q.space.ProveConsistency(q.ctx(), old)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = q.w.Write(file)
	return err
}

// accepts reports whether a client takes a content coding.
func accepts(r *http.Request, coding string) bool {
	for _, one := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(one, ";")
		if strings.TrimSpace(name) == coding && strings.TrimSpace(weight) != "q=0" {
			return true
		}
	}
	return false
}
