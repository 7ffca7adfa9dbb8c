package ios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

// dumpOf is the list of a dump of the files, with two databases in it.
func dumpOf(t *testing.T, paths ...string) *artifact.Input {
	t.Helper()
	const schema = `CREATE TABLE ZPROCESS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP, ZBUNDLENAME VARCHAR, ZPROCNAME VARCHAR);
INSERT INTO ZPROCESS (Z_PK, ZFIRSTTIMESTAMP, ZTIMESTAMP, ZBUNDLENAME, ZPROCNAME) VALUES `
	files := map[string][]byte{
		usageDatabases[0]: artifacttest.SQLite(t, schema+`(1, 600000000, 600000001, NULL, 'mDNSResponder/com.apple.datausage.dns'), (2, 600000002.5, NULL, NULL, 'bh'),
 (3, 1, 2, 'org.example.app', 'Example'), (4, 1, 2, NULL, 'a_very_long_proc'), (5, 1, 2, NULL, NULL)`),
		usageDatabases[1]: artifacttest.SQLite(t, schema+`(9, 600000003, 600000004, NULL, 'fservernetd')`),
	}
	in := artifact.NewListing(func(context.Context) iter.Seq2[artifact.File, error] {
		return func(yield func(artifact.File, error) bool) {
			for _, p := range paths {
				if !yield(artifact.File{Path: p}, nil) {
					return
				}
			}
		}
	})
	return in.Opening(func(path string) (io.ReaderAt, int64, error) {
		data, ok := files[path]
		if !ok {
			return nil, 0, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		return bytes.NewReader(data), int64(len(data)), nil
	})
}

func TestMissingPrograms(t *testing.T) {
	t.Parallel()
	system := []string{"System/Library/CoreServices/SpringBoard.app/SpringBoard", "usr/sbin/mDNSResponder", "usr/libexec/a_very_long_process_name"}
	for _, tt := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"two_are_gone", system, []string{"bh", "fservernetd"}},
		{"one_is_there", append(slices.Clone(system), "private/var/tmp/bh"), []string{"fservernetd"}},
		{"no_system", []string{"private/var/mobile/x"}, nil},
		{"no_usr", system[:1], nil},
	} {
		var got []string
		for rec, err := range artifact.Run(t.Context(), missingPrograms{}, dumpOf(t, tt.files...)) {
			if err != nil {
				// Where nothing can be compared that is said.
				if tt.want != nil || !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v", tt.name, err)
				}
				continue
			}
			got = append(got, rec.Text("program"))
			if rec.Loc.Table != "ZPROCESS" || len(rec.Times) == 0 || rec.Times[0].At.Year() != 2020 {
				t.Errorf("%s: %v %v", tt.name, rec.Loc, rec.Times)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	// A backup has no list: nothing is there to be compared.
	for _, err := range artifact.Run(t.Context(), missingPrograms{}, artifact.NewListing(func(context.Context) iter.Seq2[artifact.File, error] {
		return func(func(artifact.File, error) bool) {}
	})) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}
