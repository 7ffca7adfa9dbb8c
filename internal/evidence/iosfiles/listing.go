package iosfiles

import (
	"context"
	"iter"

	"github.com/amparo-project/amparo/internal/evidence"
)

// Listing implements evidence.Lister: a copy of the file system says what was
// on the phone also by its names and times. Other kinds of evidence have
// nothing to tell there.
func (s *Source) Listing(ctx context.Context) iter.Seq2[evidence.Listed, error] {
	return func(yield func(evidence.Listed, error) bool) {
		if s.o.Kind != Filesystem {
			return
		}
		for e, err := range s.Files(ctx) {
			if err != nil {
				if !yield(evidence.Listed{}, err) {
					return
				}
				continue
			}
			name := string(e.Ref.(ref))
			size, err := s.tree.Stat(name)
			if err != nil {
				size = 0 // opening it tells why
			}
			if !yield(evidence.Listed{Path: e.Path, Size: size, Modified: s.tree.Modified(name)}, nil) {
				return
			}
		}
	}
}
