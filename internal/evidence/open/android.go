package open

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/androidfiles"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
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
