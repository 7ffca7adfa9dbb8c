package android

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

func TestFileTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 9, 10, 12, 0, 0, 0, time.UTC)
	bad := &artifact.RecordError{Err: errors.New("a folder that cannot be listed")}
	in := artifact.NewListing(func(context.Context) iter.Seq2[artifact.File, error] {
		return func(yield func(artifact.File, error) bool) {
			_ = yield(artifact.File{Path: "FS/data/anr/anr_1", Size: 7, Modified: at}, nil) &&
				yield(artifact.File{}, bad) &&
				yield(artifact.File{Path: "getprop.txt", Size: 1, Modified: at}, nil) &&
				yield(artifact.File{Path: "logs/data/log/x"}, nil) &&
				yield(artifact.File{Path: "tmp/wd/pred.so", Modified: at}, nil)
		}
	})
	var paths []string
	var times, errs int
	for rec, err := range artifact.Run(t.Context(), fileTimes{}, in) {
		if err != nil {
			errs++
			continue
		}
		paths = append(paths, rec.Text("path"))
		times += len(rec.Times)
		if len(rec.Observed) != 1 || rec.Observed[0].Value != rec.Text("path") {
			t.Errorf("observed %v", rec.Observed)
		}
	}
	if want := []string{"/data/anr/anr_1", "/data/log/x", "/data/local/tmp/wd/pred.so"}; !slices.Equal(paths, want) || times != 2 || errs != 1 {
		t.Errorf("%v, %d times, %d errors", paths, times, errs)
	}
}
