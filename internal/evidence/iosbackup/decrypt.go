package iosbackup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/limit"
)

// ErrInside says that a folder to write to lies in the evidence.
var ErrInside = errors.New("the folder to write to lies inside the evidence")

// DecryptOptions says how to write a backup to a folder.
type DecryptOptions struct {
	Workers  int                      // files at a time; 0: one a core
	Progress func(files, bytes int64) // called from several goroutines with what is done so far; nil: none
}

// DecryptResult counts what Decrypt did.
type DecryptResult struct {
	Written int64 `json:"written"` // files
	Skipped int64 `json:"skipped"` // files that were there, of the same size and time
	Bytes   int64 `json:"bytes"`   // of the files that were written
	Folders int64 `json:"folders"`
	// Renamed counts files whose name not every system could take, or differs
	// from another only in case: it is changed, and ends in "~" and 8 digits.
	Renamed int64 `json:"renamed"`
	// Links are the symbolic links of the phone, which are never made, and
	// Failed the files that could not be written: each at most maxListed.
	// The others are counted.
	Links      []Link    `json:"links"`
	Failed     []Failure `json:"failed"`
	MoreLinks  int64     `json:"more_links,omitempty"`
	MoreFailed int64     `json:"more_failed,omitempty"`
}

// maxListed bounds the lists of a DecryptResult.
const maxListed = 100_000

// A Link is a symbolic link of the phone.
type Link struct {
	Path   string `json:"path"`
	Target string `json:"target"`
}

// A Failure is a file that could not be written, and why.
type Failure struct {
	Path string
	Err  error
}

// MarshalJSON writes the error as its text.
func (f Failure) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Path  string `json:"path"`
		Error string `json:"error"`
	}{f.Path, f.Err.Error()})
}

// Decrypt writes all files of a backup, decrypted where they are encrypted, to
// dir/<domain>/<relativePath>, with the times that the manifest gives them
// (1970 where it gives none) and readable by their owner alone.
//
// It can be run again after an interruption: files that are complete, of the
// same size and time, are skipped, and a file has its name only once it is
// complete. A file that cannot be read or written is listed in the result and
// costs no other; a full disk, or the end of ctx, ends it with an error and
// the result so far.
func Decrypt(ctx context.Context, src evidence.Source, dir string, o DecryptOptions) (*DecryptResult, error) {
	res := &DecryptResult{Links: []Link{}, Failed: []Failure{}}
	s, ok := src.(*Source)
	if !ok {
		return res, fmt.Errorf("decrypt %s: %w: not an iTunes or Finder backup", src.Evidence().Path, limit.ErrUnsupported)
	}
	if path := s.Evidence().Path; path != "" {
		if err := outside(dir, path); err != nil {
			return res, fmt.Errorf("write to %s: %w", dir, err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return res, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return res, err
	}
	d := &decryption{s: s, out: root, res: res, names: newNames(), opts: o}
	if d.opts.Workers <= 0 {
		d.opts.Workers = runtime.GOMAXPROCS(0)
	}
	_, d.packed = s.tree.(evidence.TreePrefetcher)
	return res, errors.Join(d.run(ctx), root.Close())
}

// decryption is the state of one call of Decrypt.
type decryption struct {
	s     *Source
	out   *os.Root
	opts  DecryptOptions
	names *names // used by one goroutine
	// packed says that the backup lies in an archive, where files are brought
	// in batches.
	packed bool

	mu  sync.Mutex
	res *DecryptResult // guarded by mu
}

// job is one file to write.
type job struct {
	entry evidence.Entry
	name  string // in out
}

// A batch is what is brought from a compressed archive in one pass. It takes
// that much room, encrypted, in the folder for temporary files.
const (
	batchFiles = 20_000
	batchBytes = 4 * limit.GiB
)

func (d *decryption) run(ctx context.Context) error {
	var (
		batch []job
		bytes int64
	)
	for e, err := range d.s.Files(ctx) {
		var bad *evidence.EntryError
		if errors.As(err, &bad) {
			d.fail(bad.Path, bad.Err)
			continue
		}
		if err != nil {
			return err
		}
		batch = append(batch, job{e, d.name(e.Path)})
		if d.packed {
			bytes += d.storedSize(e)
		}
		if len(batch) >= batchFiles || bytes >= batchBytes {
			if err := d.write(ctx, batch); err != nil {
				return err
			}
			batch, bytes = batch[:0], 0
		}
	}
	if err := d.write(ctx, batch); err != nil {
		return err
	}
	return d.folders(ctx)
}

// storedSize is 0 where it is not known, which Open will tell.
func (d *decryption) storedSize(e evidence.Entry) int64 {
	name, err := d.s.storedName(e)
	if err != nil {
		return 0
	}
	n, err := d.s.tree.Stat(name)
	if err != nil {
		return 0
	}
	return n
}

// name chooses a name for a logical path.
func (d *decryption) name(path string) string {
	name, changed := d.names.pick(path)
	if changed {
		d.mu.Lock()
		d.res.Renamed++
		d.mu.Unlock()
	}
	return name
}

// write writes a batch with all workers.
func (d *decryption) write(ctx context.Context, batch []job) error {
	entries := make([]evidence.Entry, len(batch))
	for i := range batch {
		entries[i] = batch[i].entry
	}
	if err := d.s.Prefetch(ctx, entries); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job)
	g.Go(func() error {
		defer close(jobs)
		for _, j := range batch {
			select {
			case jobs <- j:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for range d.opts.Workers {
		g.Go(func() error {
			buf := make([]byte, copyBytes)
			for j := range jobs {
				if err := d.one(ctx, j, buf); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// fail lists a file that is not written.
func (d *decryption) fail(path string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.res.Failed) == maxListed {
		d.res.MoreFailed++
		return
	}
	d.res.Failed = append(d.res.Failed, Failure{path, err})
}

// done counts a file, of n bytes if it was written.
func (d *decryption) done(n int64, written bool) {
	d.mu.Lock()
	if written {
		d.res.Written++
		d.res.Bytes += n
	} else {
		d.res.Skipped++
	}
	files, bytes := d.res.Written+d.res.Skipped, d.res.Bytes
	d.mu.Unlock()
	if d.opts.Progress != nil {
		d.opts.Progress(files, bytes)
	}
}

// outside refuses a folder that lies in the evidence, also by way of links.
func outside(dir, evidencePath string) error {
	in, err := resolve(evidencePath)
	if err != nil {
		return err
	}
	out, err := resolve(dir)
	if err != nil {
		return err
	}
	if out == in || strings.HasPrefix(out, in+string(filepath.Separator)) {
		return ErrInside
	}
	return nil
}

// resolve follows the links of a path as far as it exists.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for {
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			return filepath.Join(real, rest), nil
		}
		up := filepath.Dir(abs)
		if up == abs {
			return filepath.Join(abs, rest), nil
		}
		abs, rest = up, filepath.Join(filepath.Base(abs), rest)
	}
}
