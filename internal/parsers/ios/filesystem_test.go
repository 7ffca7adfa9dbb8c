package ios

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// TestFilesystem reads a list of files: each is a record with its place, a
// part that cannot be listed is told and costs itself alone.
func TestFilesystem(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC)
	list := []artifact.File{
		{Path: "private/var/tmp/hooker", Size: 7, Modified: at},
		{Path: "private/var/mobile/no time", Size: 0},
		{Path: "System/Library/x\ny", Size: 1 << 40, Modified: time.Unix(-1, 0)},
	}
	in := artifact.NewListing(func(context.Context) iter.Seq2[artifact.File, error] {
		return func(yield func(artifact.File, error) bool) {
			for i, f := range list {
				if i == 1 && !yield(artifact.File{}, &artifact.RecordError{Loc: artifact.Location{Path: "locked"}, Err: limit.ErrUnsupported}) {
					return
				}
				if !yield(f, nil) {
					return
				}
			}
		}
	})
	var recs []*artifact.Record
	var errs []error
	for rec, err := range artifact.Run(t.Context(), filesystem{}, in) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		recs = append(recs, rec.Clone())
	}
	if len(recs) != 3 || len(errs) != 1 || !errors.Is(errs[0], limit.ErrUnsupported) {
		t.Fatalf("%d records, %v", len(recs), errs)
	}
	for i, rec := range recs {
		if rec.Text("path") != "/"+list[i].Path || rec.Loc.Path != list[i].Path || (len(rec.Times) == 1) == list[i].Modified.IsZero() {
			t.Errorf("%d: %v %v %v", i, rec.Fields, rec.Loc, rec.Times)
		}
	}
	compareObserved(t, recs[0], []artifact.Observable{{Type: artifact.FilePath, Value: "/private/var/tmp/hooker", Field: "path"}})
}
