package iosfiles

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/evidence"
)

// List yields each file with its size and time, whatever the kind of evidence.
func (s *Source) List(ctx context.Context) iter.Seq2[evidence.Listed, error] {
	return func(yield func(evidence.Listed, error) bool) {
		s.walk(ctx, true, func(e evidence.Listed, _ string, err error) bool { return yield(e, err) })
	}
}

// Listing implements evidence.Lister: a copy of the file system says what was
// on the phone also by its names and times. Other kinds of evidence have
// nothing to tell there.
func (s *Source) Listing(ctx context.Context) iter.Seq2[evidence.Listed, error] {
	return func(yield func(evidence.Listed, error) bool) {
		if s.o.Kind == Filesystem {
			s.walk(ctx, true, func(e evidence.Listed, _ string, err error) bool { return yield(e, err) })
		}
	}
}
