// Package backup copies a workspace to a folder and brings it back, into either
// kind of database and either kind of vault.
//
// The folder holds one file for each time that it was done, with all tables as
// they were at one moment, encrypted for its maker and whom they named; and the
// segments of the vault, encrypted as they are, each once. Start with Make and
// Restore.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Errors of this package.
var (
	// ErrDamaged says that a backup is not what was written.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNotForYou says that a backup was not made for the identity.
	ErrNotForYou = errors.New("the backup was not made for this identity")
	// ErrNoBackup says that a folder holds none.
	ErrNoBackup = errors.New("the folder holds no backup")
	// ErrInUse says that a database to restore into is not empty.
	ErrInUse = errors.New("there is a workspace already: a backup is restored into an empty database")
)

// Names in the folder.
const (
	prefix   = "database-"
	ending   = ".age"
	unnamed  = ".database-incoming"
	timeForm = "20060102T150405Z"
	workers  = 4
)

// Options is what Make needs.
type Options struct {
	Recipients []string // age1…, who can restore it
	Keep       int      // how many files of the database stay; 0: all
	Now        func() time.Time
	Progress   func(done, of int64) // bytes of segments; nil: nobody is told
}

// A Report is what was done.
type Report struct {
	File      string   `json:"file"` // of the database
	Workspace string   `json:"workspace"`
	Created   string   `json:"created"`
	Schema    int64    `json:"schema"`
	Segments  int      `json:"segments"` // that the workspace names
	Copied    int      `json:"copied"`
	Removed   int      `json:"removed"` // that no workspace names any more
	Bytes     int64    `json:"bytes"`   // copied
	Missing   []string `json:"missing"` // segments that are not there, or damaged
}

// Make copies the workspace of a database and its vault to the folder dir.
func Make(ctx context.Context, db *workspace.DB, store vault.Store, dir string, o Options) (r Report, err error) {
	to, err := vault.OpenDir(dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	var recipients []age.Recipient
	for _, text := range o.Recipients {
		one, err := age.ParseX25519Recipient(text)
		if err != nil {
			return r, fmt.Errorf("%w: recipient %q", workspace.ErrInvalid, text)
		}
		recipients = append(recipients, one)
	}
	if len(recipients) == 0 {
		return r, fmt.Errorf("%w: a backup for nobody", workspace.ErrInvalid)
	}
	at := o.Now().UTC()
	name := filepath.Join(dir, unnamed)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return r, fmt.Errorf("backup: %w", err)
	}
	h, list, err := dump(ctx, db, recipients, at.Format(time.RFC3339), f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return r, errors.Join(fmt.Errorf("backup: %w", err), os.Remove(name))
	}
	r = Report{Workspace: h.Workspace, Created: h.Created, Schema: h.Schema, Segments: len(list)}
	if err := copyAll(ctx, store, to, list, o.Progress, &r); err != nil {
		return r, errors.Join(err, os.Remove(name))
	}
	// The file appears when all that it names is there.
	r.File = prefix + at.Format(timeForm) + ending
	if err := os.Rename(name, filepath.Join(dir, r.File)); err != nil {
		return r, fmt.Errorf("backup: %w", err)
	}
	return r, errors.Join(forget(ctx, to, list, &r), thin(dir, o.Keep))
}

// copyAll copies the segments that are not there yet.
func copyAll(ctx context.Context, from, to vault.Store, list []segment, progress func(done, of int64), r *Report) error {
	have := map[string]bool{}
	if err := to.List(ctx, func(id string, _ time.Time) error {
		have[id] = true
		return nil
	}); err != nil {
		return err
	}
	var of int64
	list = slices.DeleteFunc(slices.Clone(list), func(s segment) bool { return have[s.id] })
	for _, s := range list {
		of += s.size
	}
	var done atomic.Int64
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, s := range list {
		g.Go(func() error {
			err := copySegment(ctx, from, to, s, func(n int64) {
				if sum := done.Add(n); progress != nil {
					progress(sum, of)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, vault.ErrDamaged):
				r.Missing = append(r.Missing, s.id) // it is told, and the rest is copied
				return nil
			case err != nil:
				return err
			}
			r.Copied++
			r.Bytes += s.size
			return nil
		})
	}
	err := g.Wait()
	slices.Sort(r.Missing)
	return err
}

func copySegment(ctx context.Context, from, to vault.Store, s segment, told func(int64)) error {
	blob, err := from.Open(ctx, s.id)
	if err != nil {
		return err
	}
	defer blob.Close()
	if blob.Size() != s.size {
		return fmt.Errorf("%w: segment %s has %d bytes", vault.ErrDamaged, s.id, blob.Size())
	}
	w, err := to.Create(ctx, s.id)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("segment %s: another process writes it: %w", s.id, err)
	}
	if err != nil {
		return err
	}
	defer w.Abort()
	sum := sha256.New()
	buf := make([]byte, 4<<20)
	for off := int64(0); off < s.size; {
		n, err := blob.ReadAt(buf[:min(int64(len(buf)), s.size-off)], off)
		if n == 0 && err != nil {
			return err
		}
		sum.Write(buf[:n])
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		off += int64(n)
		told(int64(n))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != s.sum {
		return fmt.Errorf("%w: segment %s", vault.ErrDamaged, s.id)
	}
	return errors.Join(w.Sync(), w.Commit())
}

// forget removes segments that the workspace no longer has: what was erased
// because a person withdrew their consent is erased here too.
func forget(ctx context.Context, to vault.Store, list []segment, r *Report) error {
	known := map[string]bool{}
	for _, s := range list {
		known[s.id] = true
	}
	var old []string
	if err := to.List(ctx, func(id string, _ time.Time) error {
		if !known[id] {
			old = append(old, id)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, id := range old {
		if err := to.Delete(ctx, id); err != nil {
			return err
		}
		r.Removed++
	}
	return nil
}

// files lists the files of the database, the oldest first.
func files(dir string) ([]string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	var out []string
	for _, e := range list {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), ending) {
			out = append(out, e.Name())
		}
	}
	return out, nil // ReadDir sorts, and the names hold the time
}

func thin(dir string, keep int) error {
	list, err := files(dir)
	if err != nil || keep <= 0 || len(list) <= keep {
		return err
	}
	for _, name := range list[:len(list)-keep] {
		err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
	}
	return err
}

// Target is what a backup is restored into.
type Target struct {
	DB *workspace.DB // open, its schema untouched
	// Vault opens the vault of the workspace of that id.
	Vault func(ctx context.Context, workspace string) (vault.Store, error)
}

// Restore brings back the newest backup of the folder dir, or the one of that
// file name. The schema is that of the backup afterwards: the caller migrates.
// Errors wrap ErrInUse, ErrNoBackup, ErrNotForYou, ErrDamaged or
// workspace.ErrNewer; then nothing was changed.
func Restore(ctx context.Context, dir, file string, id seal.Identity, to Target, progress func(done, of int64)) (r Report, err error) {
	if _, err := os.Stat(dir); err != nil {
		return r, fmt.Errorf("backup: %w", err)
	}
	if file == "" {
		list, err := files(dir)
		if err != nil {
			return r, err
		}
		if len(list) == 0 {
			return r, fmt.Errorf("%s: %w", dir, ErrNoBackup)
		}
		file = list[len(list)-1]
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return r, fmt.Errorf("backup: %w", err)
	}
	defer root.Close()
	f, err := root.Open(file)
	if err != nil {
		return r, fmt.Errorf("backup: %w", err)
	}
	defer f.Close()
	d, err := open(f, id.Age())
	if err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	defer d.close()
	r = Report{File: file, Workspace: d.head.Workspace, Created: d.head.Created, Schema: d.head.Schema}
	if err := empty(ctx, to.DB); err != nil {
		return r, err
	}
	if err := workspace.MigrateTo(ctx, to.DB, d.head.Schema); err != nil {
		return r, err
	}
	// All of it is read before anything is changed. The database comes last: one
	// that was interrupted is still empty, and goes on.
	list, err := d.segments()
	if err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	if err := segmentsBack(ctx, dir, to, list, progress, &r); err != nil {
		return r, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return r, fmt.Errorf("backup: %w", err)
	}
	again, err := open(f, id.Age())
	if err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	defer again.close()
	if err := load(ctx, to.DB, again); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// empty reports, as ErrInUse, that a database holds a workspace.
func empty(ctx context.Context, db *workspace.DB) error {
	now, _, err := workspace.Schemas(ctx, db)
	if err != nil || now == 0 {
		return err
	}
	var n int64
	if err := db.Pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM workspace").Scan(&n); err != nil {
		return db.Explain(err)
	}
	if n != 0 {
		return fmt.Errorf("%s: %w", db.Name, ErrInUse)
	}
	return nil
}

func segmentsBack(ctx context.Context, dir string, to Target, list []segment, progress func(done, of int64), r *Report) (err error) {
	r.Segments = len(list)
	from, err := vault.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	store, err := to.Vault(ctx, r.Workspace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return copyAll(ctx, from, store, list, progress, r)
}
