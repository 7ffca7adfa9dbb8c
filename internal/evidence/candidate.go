package evidence

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotEvidence says that a path holds nothing that Amparo knows how to read.
var ErrNotEvidence = errors.New("no evidence found")

// A NotEvidenceError says what a path is, and what was looked for in it. It
// wraps ErrNotEvidence.
type NotEvidenceError struct {
	Path   string
	Reason string // such as "the folder is empty"
}

func (e *NotEvidenceError) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.Path, e.Reason, ErrNotEvidence)
}

// Unwrap returns ErrNotEvidence.
func (e *NotEvidenceError) Unwrap() error { return ErrNotEvidence }

// OpenOptions is what opening evidence may need from outside.
type OpenOptions struct {
	// Password is called at most once, and only for evidence that is
	// encrypted. nil: there is no password, and such evidence is refused with
	// limit.ErrEncrypted.
	Password func(context.Context) (string, error)
	// Identity returns the content of a file of age identities, for evidence
	// that was encrypted to one of them. nil: there is none.
	Identity func(context.Context) ([]byte, error)
}

// A Candidate is evidence that was recognised at a path and not yet opened.
type Candidate struct {
	path, root, name, kind string
	open                   func(context.Context, OpenOptions) (Source, error)
}

// NewCandidate describes evidence of a kind such as "ios-backup": path is what
// the user gave, root where it lies within, "" if it is path itself, and name
// what to call it.
func NewCandidate(path, root, name, kind string, open func(context.Context, OpenOptions) (Source, error)) Candidate {
	return Candidate{path: path, root: root, name: name, kind: kind, open: open}
}

// Path is the path that the user gave.
func (c Candidate) Path() string { return c.path }

// Root is where the evidence lies within Path: slash-separated, "" if it is
// Path itself.
func (c Candidate) Root() string { return c.root }

// Name is a short name for it: that of its folder or of its archive. It comes
// from evidence and may hold anything but a slash.
func (c Candidate) Name() string { return c.name }

// Kind says what it was recognised as.
func (c Candidate) Kind() string { return c.kind }

// Open opens it. The caller closes the Source.
func (c Candidate) Open(ctx context.Context, o OpenOptions) (Source, error) { return c.open(ctx, o) }
