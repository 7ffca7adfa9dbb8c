// Package open finds out what evidence a path holds. It is the only package
// that knows every kind; evidence itself knows none.
package open

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosbackup"
)

// maxDepth is how many folders below the path evidence is looked for.
const maxDepth = 3

// maxVisited bounds how many folders are looked into.
const maxVisited = 20_000

// Find returns the evidence that a path holds, sorted by place: the path is a
// backup, a folder with backups at most three levels down, or an archive of
// either. Nothing is decrypted and no password is asked for yet.
//
// The error wraps evidence.ErrNotEvidence where there is none, fs.ErrNotExist,
// fs.ErrPermission, or limit.ErrUnsupported for an archive of a kind that is
// not read. Each names the path.
func Find(ctx context.Context, name string) (_ []evidence.Candidate, err error) {
	tree, err := evidence.OpenTree(ctx, name, iosbackup.Early)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	f := finder{tree: tree, path: name}
	if err := f.walk(ctx, "", 0); err != nil {
		return nil, fmt.Errorf("look for backups in %s: %w", name, err)
	}
	if len(f.found) > 0 {
		return f.found, nil
	}
	if f.denied != nil {
		return nil, fmt.Errorf("look for backups in %s: %w", name, f.denied)
	}
	reason := fmt.Sprintf("neither Manifest.db nor Manifest.plist with Info.plist or Status.plist is there, nor at most %d folders down", maxDepth)
	if f.empty {
		reason = "it is empty"
	}
	if problems := tree.Problems(); len(problems) > 0 {
		reason += " (" + problems[0].Error + ")"
	}
	return nil, &evidence.NotEvidenceError{Path: name, Reason: reason}
}

// finder walks a tree.
type finder struct {
	tree    evidence.Tree
	path    string
	found   []evidence.Candidate
	visited int
	empty   bool  // the tree as a whole
	denied  error // a folder that may not be listed
}

func (f *finder) walk(ctx context.Context, dir string, depth int) error {
	f.visited++
	if f.visited > maxVisited {
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
	if iosbackup.Recognize(list) {
		f.found = append(f.found, f.candidate(dir))
		return nil
	}
	for _, e := range list {
		if !e.Dir || depth == maxDepth {
			continue
		}
		if err := f.walk(ctx, path.Join(dir, e.Name), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// candidate keeps what was opened of an archive: its index cost a pass.
func (f *finder) candidate(root string) evidence.Candidate {
	var held atomic.Pointer[evidence.Tree]
	if tree, err := f.tree.Sub(""); err == nil {
		held.Store(&tree)
	}
	return evidence.NewCandidate(f.path, root, nameOf(f.path, root), iosbackup.Kind,
		func(ctx context.Context, o evidence.OpenOptions) (evidence.Source, error) {
			tree, err := f.again(ctx, held.Swap(nil))
			if err != nil {
				return nil, err
			}
			s, err := iosbackup.Open(ctx, tree, root, iosbackup.Options{OpenOptions: o, Path: f.path, Root: root})
			if err != nil {
				return nil, err
			}
			return s, nil
		})
}

// again returns the tree that was held, or opens it once more.
func (f *finder) again(ctx context.Context, held *evidence.Tree) (evidence.Tree, error) {
	if held != nil {
		return *held, nil
	}
	return evidence.OpenTree(ctx, f.path, iosbackup.Early)
}

// nameOf calls evidence by its folder, or by its archive without what tells its
// kind.
func nameOf(name, root string) string {
	if root != "" {
		return path.Base(root)
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	base := filepath.Base(name)
	for _, suffix := range []string{".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst"} {
		if short, ok := strings.CutSuffix(base, suffix); ok && short != "" {
			return short
		}
	}
	return base
}
