package open

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/androidfiles"
	"github.com/amparo-project/amparo/internal/evidence/iosbackup"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/finding"
)

// maxVisited bounds how many folders are looked into.
const maxVisited = 20_000

// maxLooseDepth is how many folders down single files are looked for: people
// send them with the folders of the phone around them.
const maxLooseDepth = 12

// Archives are looked into that lie in the path, and those that lie in them:
// a messenger or a colleague packs a sysdiagnose once more. Beyond that a file
// is more likely made to keep the examiner busy.
const (
	maxLevels   = 2
	maxArchives = 200
)

// finder walks a tree.
type finder struct {
	path   string
	o      Options
	levels int // how many archives deep may still be looked into

	tree     evidence.Tree
	onDisk   bool // the tree is a folder
	result   Result
	taken    []string // roots of what was recognized
	loose    []string // single files, a few
	reports  bool     // all of them are crash reports
	bare     []string // reports of Android without their archive
	any      bool     // there are single files
	archives []string
	empty    bool  // the tree as a whole
	denied   error // a folder that may not be listed
	problems []finding.Problem
}

// single takes a path that is a file of a known name and no archive.
func (f *finder) single() (Result, bool) {
	if f.o.Tree != nil {
		return Result{}, false
	}
	info, err := os.Stat(f.path)
	name := filepath.Base(f.path)
	if err != nil || !info.Mode().IsRegular() || isArchive(name) {
		return Result{}, false
	}
	if f.singlePacked() {
		return f.result, true
	}
	kind := iosfiles.Loose
	switch {
	case isBareReport(f.path):
		kind = androidfiles.Bugreport
	case f.o.Named == nil || !f.o.Named(name) && !androidfiles.IsReport(name):
		return Result{}, false
	case iosfiles.IsReport(name):
		kind = iosfiles.Reports
	}
	dir := filepath.Dir(f.path)
	// What SQLite keeps beside a database belongs to it.
	keep := func(other string) bool { return other == name || other == name+"-wal" || other == name+"-journal" }
	f.result.Candidates = append(f.result.Candidates, evidence.NewCandidate(f.path, "", name, kind,
		func(ctx context.Context, _ evidence.OpenOptions) (evidence.Source, error) {
			tree, err := evidence.OpenDir(dir)
			if err != nil {
				return nil, err
			}
			return single(ctx, tree, iosfiles.Options{Kind: kind, Path: f.path, Flat: true, Keep: keep})
		}))
	f.result.Seen = append(f.result.Seen, Seen{Path: f.path, Kind: kind, Signs: []string{name}})
	return f.result, true
}

// look opens the tree and walks it, then the archives in it.
func (f *finder) look(ctx context.Context) (err error) {
	if f.tree, f.onDisk, err = f.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.tree.Close()) }()
	f.reports = true
	if err := f.walk(ctx, "", 0); err != nil {
		return fmt.Errorf("look for evidence in %s: %w", f.path, err)
	}
	f.problems = f.tree.Problems()
	if f.any {
		f.addLoose()
	}
	return f.inArchives(ctx)
}

func (f *finder) walk(ctx context.Context, dir string, depth int) error {
	f.result.Folders++
	if f.result.Folders > maxVisited {
		return nil
	}
	list, err := f.tree.ReadDir(ctx, dir)
	switch {
	case err == nil:
	case depth > 0 && errors.Is(err, fs.ErrPermission):
		f.denied = err
		return nil
	default:
		return err
	}
	if depth == 0 {
		f.empty = len(list) == 0
	}
	if depth <= maxDepth && f.recognize(ctx, dir, list) {
		return nil
	}
	for _, e := range list {
		name := path.Join(dir, e.Name)
		switch {
		case e.Dir && (depth < maxDepth || f.o.Named != nil && depth < maxLooseDepth):
			if err := f.walk(ctx, name, depth+1); err != nil {
				return err
			}
		case e.Dir:
		case e.Regular && f.levels > 0 && depth <= maxDepth && len(f.archives) < maxArchives && isArchive(e.Name):
			f.archives = append(f.archives, name)
		case e.Regular && f.takePacked(ctx, dir, e.Name):
		case e.Regular && androidfiles.IsMainReport(e.Name):
			f.bareReport(dir, e.Name)
		case e.Regular && f.o.Named != nil && (f.o.Named(e.Name) || androidfiles.IsReport(e.Name)):
			f.note(name)
		}
	}
	return nil
}

// note remembers a single file.
func (f *finder) note(name string) {
	f.any = true
	f.reports = f.reports && iosfiles.IsReport(name)
	if len(f.loose) < maxSigns {
		f.loose = append(f.loose, name)
	}
}

// maxSigns is how many names explain a decision.
const maxSigns = 5

// recognize takes a folder that is the top of some evidence.
func (f *finder) recognize(ctx context.Context, dir string, list []evidence.TreeEntry) bool {
	if signs, ok := iosbackup.Recognize(list); ok {
		f.add(dir, iosbackup.Kind, signs, func(ctx context.Context, tree evidence.Tree, o evidence.OpenOptions) (evidence.Source, error) {
			s, err := iosbackup.Open(ctx, tree, dir, iosbackup.Options{OpenOptions: o, Path: f.path, Root: dir})
			if err != nil {
				return nil, err
			}
			return s, nil
		})
		return true
	}
	name := nameOf(f.path, dir)
	folder := iosfiles.Folder{Name: name, List: list, Sub: func(sub string) []evidence.TreeEntry {
		list, err := f.tree.ReadDir(ctx, path.Join(dir, sub))
		if err != nil {
			return nil
		}
		return list
	}}
	if f.recognizeAndroid(ctx, dir, folder) {
		return true
	}
	r, ok := iosfiles.Recognize(folder)
	if !ok {
		return false
	}
	f.add(dir, r.Kind, r.Signs, func(ctx context.Context, tree evidence.Tree, _ evidence.OpenOptions) (evidence.Source, error) {
		return files(ctx, tree, iosfiles.Options{Kind: r.Kind, Path: f.path, Root: dir, Name: name, Mounts: r.Mounts, Skip: r.Skip})
	})
	return true
}

// files opens a tree of files; a nil source must not become an interface.
func files(ctx context.Context, tree evidence.Tree, o iosfiles.Options) (evidence.Source, error) {
	s, err := iosfiles.Open(ctx, tree, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// addLoose makes one evidence of all single files that belong to no other.
func (f *finder) addLoose() {
	kind := iosfiles.Loose
	if f.reports {
		kind = iosfiles.Reports
	}
	taken, reports := f.taken, f.bare
	f.add("", kind, f.loose, func(ctx context.Context, tree evidence.Tree, _ evidence.OpenOptions) (evidence.Source, error) {
		return single(ctx, tree, iosfiles.Options{Kind: kind, Path: f.path, Skip: taken, Depth: maxLooseDepth, Keep: func(name string) bool {
			return !slices.Contains(reports, name)
		}})
	})
}

// add keeps what was opened of an archive: its index cost a pass.
func (f *finder) add(
	root, kind string, signs []string,
	open func(context.Context, evidence.Tree, evidence.OpenOptions) (evidence.Source, error),
) {
	f.taken = append(f.taken, root)
	f.addAs(root, nameOf(f.path, root), kind, signs, open)
}

// addAs is add for evidence that takes no folder for itself.
func (f *finder) addAs(
	root, name, kind string, signs []string,
	open func(context.Context, evidence.Tree, evidence.OpenOptions) (evidence.Source, error),
) {
	f.result.Seen = append(f.result.Seen, Seen{Path: f.path, Root: root, Kind: kind, Signs: signs[:min(len(signs), maxSigns)]})
	var held atomic.Pointer[evidence.Tree]
	if tree, err := f.tree.Sub(""); err == nil {
		held.Store(&tree)
	}
	f.result.Candidates = append(f.result.Candidates, evidence.NewCandidate(f.path, root, name, kind,
		func(ctx context.Context, o evidence.OpenOptions) (evidence.Source, error) {
			tree, err := f.again(ctx, held.Swap(nil))
			if err != nil {
				return nil, err
			}
			return open(ctx, tree, o)
		}))
}

// again returns the tree that was held, or opens it once more.
func (f *finder) again(ctx context.Context, held *evidence.Tree) (evidence.Tree, error) {
	if held != nil {
		return *held, nil
	}
	tree, _, err := f.open(ctx)
	return tree, err
}

// open opens the tree at the path, and says whether it is a folder.
func (f *finder) open(ctx context.Context) (evidence.Tree, bool, error) {
	if f.o.Tree != nil {
		return f.o.Tree(ctx, filepath.ToSlash(f.path), f.early)
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, false, err
	}
	tree, err := evidence.OpenTree(ctx, f.path, f.early)
	return tree, info.IsDir(), err
}

// inArchives looks into the archives that lie in a folder, or in an archive,
// each on its own: one that cannot be read costs no other.
func (f *finder) inArchives(ctx context.Context) error {
	for _, name := range f.archives {
		in := &finder{path: filepath.Join(f.path, filepath.FromSlash(name)), o: f.o, levels: f.levels - 1}
		if !f.onDisk {
			in.o.Tree = f.within(name)
		}
		err := in.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f.result.Candidates = append(f.result.Candidates, in.result.Candidates...)
		f.result.Seen = append(f.result.Seen, in.result.Seen...)
		f.result.Folders += in.result.Folders
		switch {
		case err != nil && !isNone(err):
			f.result.Seen = append(f.result.Seen, Seen{Path: f.path, Root: name, Reason: err.Error()})
		case len(in.result.Candidates) == 0:
			f.result.Seen = append(f.result.Seen, Seen{Path: f.path, Root: name, Reason: "an archive with no evidence in it"})
		}
	}
	return nil
}

// within opens an archive that is a file of this one.
func (f *finder) within(name string) func(context.Context, string, func(string) bool) (evidence.Tree, bool, error) {
	return func(ctx context.Context, _ string, early func(string) bool) (evidence.Tree, bool, error) {
		outer, _, err := f.open(ctx)
		if err != nil {
			return nil, false, err
		}
		blob, err := outer.Open(ctx, name)
		if err != nil {
			return nil, false, errors.Join(fmt.Errorf("open %s: %w", name, err), outer.Close())
		}
		tree, err := evidence.OpenArchive(ctx, name, &innerBlob{blob, outer}, early)
		return tree, false, err
	}
}

// An innerBlob is an archive in an archive: closing it closes both.
type innerBlob struct {
	evidence.Blob
	outer evidence.Tree
}

func (b *innerBlob) Close() error { return errors.Join(b.Blob.Close(), b.outer.Close()) }

// early says of a file in a compressed archive that it will be wanted: the
// archive's own top folders, and what an extraction tool puts before the
// paths of the phone, are not known yet, so a few of the leading folders are
// tried without.
func (f *finder) early(name string) bool {
	if iosbackup.Early(name) {
		return true
	}
	for _, fact := range slices.Concat(iosfiles.FactFiles(), androidfiles.FactFiles()) {
		if strings.HasSuffix(name, fact) {
			return true
		}
	}
	if f.o.Wanted == nil {
		return false
	}
	for rest := name; ; {
		if f.o.Wanted(rest) || f.o.Wanted("private/var/"+rest) || strings.HasPrefix(rest, "var/") && f.o.Wanted("private/"+rest) {
			return true
		}
		_, after, ok := strings.Cut(rest, "/")
		if !ok || strings.Count(name, "/")-strings.Count(after, "/") > maxDepth+1 {
			return false
		}
		rest = after
	}
}
