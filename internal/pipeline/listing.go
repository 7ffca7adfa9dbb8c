package pipeline

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
)

// hasListing are the kinds of evidence whose list of files is an artifact.
var hasListing = []string{"ios-filesystem", "android-bugreport", "androidqf"}

// takeListing adds a task for each parser of the list of files.
func (s *Selection) takeListing(kind string, parsers []artifact.Parser) {
	if !slices.Contains(hasListing, kind) {
		return
	}
	for i, p := range parsers {
		info := p.Info()
		if slices.Contains(info.Files, artifact.ListingPath) && isOf(platformOf(kind), &info) {
			s.tasks = append(s.tasks, task{parser: i, entry: evidence.Entry{Path: artifact.ListingPath}})
		}
	}
}

// listing is the input that stands for the list of files.
func listing(src evidence.Lister) *artifact.Input {
	return artifact.NewListing(func(ctx context.Context) iter.Seq2[artifact.File, error] {
		return func(yield func(artifact.File, error) bool) {
			for e, err := range src.Listing(ctx) {
				var ee *evidence.EntryError
				if errors.As(err, &ee) {
					err = &artifact.RecordError{Loc: artifact.Location{Path: ee.Path}, Err: ee.Err}
				}
				if !yield(artifact.File(e), err) {
					return
				}
			}
		}
	})
}
