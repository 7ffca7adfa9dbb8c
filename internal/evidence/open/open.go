// Package open finds out what evidence a path holds. It is the only package
// that knows every kind; evidence itself knows none.
package open

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
)

// maxDepth is how many folders below the path evidence is looked for.
const maxDepth = 3

// Options says what parsers read.
type Options struct {
	// Wanted says of a path on the phone whether some parser reads it: such
	// files of a compressed archive are kept while it is listed, so that one
	// pass is enough. nil: none are.
	Wanted func(path string) bool
	// Named says of the name of a single file whether some parser knows it.
	// nil: single files are no evidence.
	Named func(name string) bool
	// Tree opens what lies at a path that is not of the file system: that
	// given to Find, or that of an archive found in it, joined by slashes. It
	// says whether it is a folder. nil: paths are of the file system.
	Tree func(ctx context.Context, path string, early func(name string) bool) (tree evidence.Tree, folder bool, err error)
}

// Result is what a path holds.
type Result struct {
	Candidates []evidence.Candidate // sorted by place
	Seen       []Seen               // why, for each of them, and what was passed over
	Folders    int                  // that were looked into
}

// Seen says what a place was taken for, and by which names in it.
type Seen struct {
	Path, Root string
	Kind       string   // "" for something that is not read
	Signs      []string // names that show it, a few
	Reason     string   // why it is not read, "" where it is
}

// Find returns the evidence that a path holds: a backup, a copy of a phone's
// file system, a sysdiagnose, crash reports and single files of known names; as
// a folder, at most three levels down in one, or in an archive of either. In
// a folder there may be several, archives too. Nothing is decrypted and no
// password is asked for yet.
//
// The error wraps evidence.ErrNotEvidence where there is none, fs.ErrNotExist,
// fs.ErrPermission, or limit.ErrUnsupported for an archive of a kind that is
// not read. Each names the path.
func Find(ctx context.Context, name string, o Options) (Result, error) {
	f := &finder{path: name, o: o, levels: maxLevels}
	if file, ok := f.single(); ok {
		return file, nil
	}
	if err := f.look(ctx); err != nil {
		return f.result, err
	}
	if len(f.result.Candidates) > 0 {
		return f.result, nil
	}
	if f.denied != nil {
		return f.result, fmt.Errorf("look for evidence in %s: %w", name, f.denied)
	}
	return f.result, &evidence.NotEvidenceError{Path: name, Reason: f.reason()}
}

// reason says what was looked for in vain.
func (f *finder) reason() string {
	reason := fmt.Sprintf("no backup (Manifest.db), no copy of a file system (private/var), no sysdiagnose and no file of a known name "+
		"is there, nor at most %d folders down", maxDepth)
	if f.empty {
		reason = "it is empty"
	}
	if len(f.problems) > 0 {
		reason += " (" + f.problems[0].Error + ")"
	}
	for _, s := range f.result.Seen {
		if s.Kind == "" {
			return reason + "; " + s.Root + ": " + s.Reason
		}
	}
	return reason
}

// archiveSuffixes end the names of archives that are read.
var archiveSuffixes = []string{".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst"}

// isArchive reports whether a file may be an archive by its name.
func isArchive(name string) bool {
	lower := strings.ToLower(name)
	for _, suffix := range archiveSuffixes {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return false
}

// nameOf calls evidence by its folder, or by its archive without what tells its
// kind.
func nameOf(name, root string) string {
	if root != "" {
		return root[strings.LastIndexByte(root, '/')+1:]
	}
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	base := filepath.Base(name)
	for _, suffix := range archiveSuffixes {
		if short, ok := strings.CutSuffix(base, suffix); ok && short != "" {
			return short
		}
	}
	return base
}

// isNone reports whether an error says that a path holds no evidence.
func isNone(err error) bool { return errors.Is(err, evidence.ErrNotEvidence) }
