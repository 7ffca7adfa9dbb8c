package open

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/androidfiles"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/format/ab"
)

// headBytes is how much of a file is looked at.
const headBytes = 4096

// recognizeAndroid takes a folder that is the top of an Android phone's evidence.
func (f *finder) recognizeAndroid(ctx context.Context, dir string, in iosfiles.Folder) bool {
	r, ok := androidfiles.Recognize(androidfiles.Folder{
		Folder: in, Top: dir == "" && !f.onDisk,
		Head: func(name string) []byte {
			b, err := f.tree.Open(ctx, path.Join(dir, name))
			if err != nil {
				return nil
			}
			defer b.Close()
			return head(b, b.Size())
		},
	})
	if !ok {
		return false
	}
	for _, e := range in.List {
		// Backups lie beside what was unpacked of them; one within an acquisition is read with it.
		if r.Kind == androidfiles.Backup && e.Regular && strings.HasSuffix(e.Name, ".ab") {
			f.takePacked(ctx, dir, e.Name)
		}
	}
	f.add(dir, r.Kind, r.Signs, func(ctx context.Context, tree evidence.Tree, o evidence.OpenOptions) (evidence.Source, error) {
		return android(ctx, tree, androidfiles.Options{
			OpenOptions: o, Files: iosfiles.Options{Kind: r.Kind, Path: f.path, Root: dir, Name: in.Name, Mounts: r.Mounts},
		})
	})
	return true
}

// head returns the first bytes of a file.
func head(r io.ReaderAt, size int64) []byte {
	b := make([]byte, min(size, headBytes))
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return b[:n]
}

// android opens a tree; a nil source must not become an interface.
func android(ctx context.Context, tree evidence.Tree, o androidfiles.Options) (evidence.Source, error) {
	s, err := androidfiles.Open(ctx, tree, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// single opens single files, which may be of either platform.
func single(ctx context.Context, tree evidence.Tree, o iosfiles.Options) (evidence.Source, error) {
	if o.Kind == iosfiles.Reports {
		return files(ctx, tree, o)
	}
	return android(ctx, tree, androidfiles.Options{Files: o})
}

// bareReport takes a report of dumpstate without the archive around it.
func (f *finder) bareReport(dir, name string) {
	f.bare = append(f.bare, path.Join(dir, name))
	f.addAs(dir, strings.TrimSuffix(name, path.Ext(name)), androidfiles.Bugreport, []string{name},
		func(ctx context.Context, tree evidence.Tree, o evidence.OpenOptions) (evidence.Source, error) {
			return android(ctx, tree, androidfiles.Options{OpenOptions: o, Files: iosfiles.Options{
				Kind: androidfiles.Bugreport, Path: f.path, Root: dir, Name: name, Flat: true,
				Keep: func(other string) bool { return other == name },
			}})
		})
}

// isBareReport reports whether a file that a person names is a report of
// dumpstate, whatever it is called.
func isBareReport(name string) bool {
	r, err := os.Open(name)
	if err != nil {
		return false
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return false
	}
	return bytes.Contains(head(r, info.Size()), []byte("\n== dumpstate: ")) || androidfiles.IsMainReport(name)
}

// An opener opens a file that holds all of some evidence.
type opener func(context.Context, evidence.File, string, androidfiles.Options) (evidence.Source, error)

// packed takes a file that holds all of some evidence: an Android backup, an
// encrypted acquisition.
func (f *finder) packed(dir, name, kind string, open opener) {
	at := path.Join(dir, name)
	f.addAs(at, strings.TrimSuffix(name, path.Ext(name)), kind, []string{name},
		func(ctx context.Context, tree evidence.Tree, o evidence.OpenOptions) (evidence.Source, error) {
			return f.openPacked(ctx, tree, at, o, open)
		})
}

func (f *finder) openPacked(ctx context.Context, tree evidence.Tree, at string, o evidence.OpenOptions, open opener) (evidence.Source, error) {
	b, err := tree.Open(ctx, at)
	if err != nil {
		return nil, errors.Join(err, tree.Close())
	}
	return open(ctx, &whole{b, tree, at}, at, androidfiles.Options{OpenOptions: o, Files: iosfiles.Options{Path: f.path}})
}

// takePacked takes a file that holds all of some evidence by its name and its
// first bytes, and reports whether it is one.
func (f *finder) takePacked(ctx context.Context, dir, name string) bool {
	if !strings.HasSuffix(name, ".ab") && !strings.HasSuffix(name, ".age") {
		return false
	}
	b, err := f.tree.Open(ctx, path.Join(dir, name))
	if err != nil {
		return false
	}
	defer b.Close()
	switch {
	case evidence.IsAndroidBackup(b):
		f.packed(dir, name, androidfiles.Backup, androidfiles.OpenBackup)
	case androidfiles.IsEncrypted(b):
		f.packed(dir, name, androidfiles.AndroidQF, androidfiles.OpenEncrypted)
	default:
		return false
	}
	return true
}

// whole is a file of a tree as evidence of its own, which closes the tree.
type whole struct {
	evidence.Blob
	tree evidence.Tree
	name string
}

// Stored implements evidence.File.
func (w *whole) Stored() (string, int64, func() (io.ReadCloser, error)) {
	return w.name, w.Size(), func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(w.Blob, 0, w.Size())), nil
	}
}

// Close implements evidence.File.
func (w *whole) Close() error { return errors.Join(w.Blob.Close(), w.tree.Close()) }

// singlePacked takes a path that is an Android backup, or an acquisition that
// is encrypted with age.
func (f *finder) singlePacked() bool {
	r, err := os.Open(f.path)
	if err != nil {
		return false
	}
	defer r.Close()
	if info, err := r.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	kind, sign, open := androidfiles.Backup, strings.TrimSpace(ab.Magic), opener(androidfiles.OpenBackup)
	switch {
	case evidence.IsAndroidBackup(r):
	case androidfiles.IsEncrypted(r):
		kind, sign, open = androidfiles.AndroidQF, "age-encryption.org/v1", androidfiles.OpenEncrypted
	default:
		return false
	}
	dir, base := filepath.Split(f.path)
	if dir == "" {
		dir = "."
	}
	f.result.Candidates = append(f.result.Candidates, evidence.NewCandidate(f.path, "", strings.TrimSuffix(base, path.Ext(base)), kind,
		func(ctx context.Context, o evidence.OpenOptions) (evidence.Source, error) {
			tree, err := evidence.OpenDir(dir)
			if err != nil {
				return nil, err
			}
			return f.openPacked(ctx, tree, base, o, open)
		}))
	f.result.Seen = append(f.result.Seen, Seen{Path: f.path, Kind: kind, Signs: []string{sign}})
	return true
}
