//go:build linux

package job_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/vault/vaulttest"
	"github.com/amparo-project/amparo/internal/workspace"
)

// BenchmarkExport makes an exhibit of all files of some evidence as a job does,
// and one that was killed in its middle; copies, beside, are a copy of the same
// files that is synced, made in turn with it. AMPARO_BENCH_MB is the size.
func BenchmarkExport(b *testing.B) {
	l := newLab(b, databases(b)["sqlite"])
	const files = 16
	dir := b.TempDir()
	size := fromEnv("AMPARO_BENCH_MB", 64) << 20
	for i := range files {
		l.ok(os.WriteFile(filepath.Join(dir, string(rune('a'+i))), vaulttest.Bytes(size/files, uint64(i)), 0o600))
	}
	r := workspace.Run{Evidence: l.evidence(dir).ID}
	l.consentTo(r, "evidence:the court")
	var exporting, goingOn, copying time.Duration
	whole := 0
	for b.Loop() {
		copying += timed(func() { l.ok(copyAll(filepath.Join(b.TempDir(), "copy"), dir)) })
		x := l.exporting(r, exhibit.All)
		exporting += timed(func() { whole = x.attempt(0, "test").created })
		x = l.exporting(r, exhibit.All)
		x.attempt(whole/2, "test")
		goingOn += timed(func() { x.attempt(0, "test") })
	}
	b.SetBytes(int64(size))
	b.ReportMetric(exporting.Seconds()/float64(b.N), "s/export")
	b.ReportMetric(exporting.Seconds()/copying.Seconds(), "copies/export")
	b.ReportMetric(goingOn.Seconds()/copying.Seconds(), "copies/rest")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func copyAll(to, dir string) error {
	list, err := os.ReadDir(dir)
	err = errors.Join(err, os.Mkdir(to, 0o700))
	for _, e := range list {
		err = errors.Join(err, copyOne(filepath.Join(to, e.Name()), filepath.Join(dir, e.Name())))
	}
	return err
}

func copyOne(to, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{out}, struct{ io.Reader }{in}) // through memory, as an export's
	return errors.Join(err, out.Sync(), out.Close())
}
