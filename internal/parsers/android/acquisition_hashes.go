package android

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// hashedFiles are the files of an acquisition by AndroidQF, which notes the
// hash of each.
var hashedFiles = []string{"**/*.json", "**/*.txt", "**/*.apk", "**/*.ab", "**/*.zip", "**/*.pub", "**/logs/**", "**/tmp/**"}

// verify sets whether the file that the record names still has its hash. A
// file that the evidence has not is not judged.
func (r *fileReading) verify() error {
	name := r.Rec.Text("path")
	in, err := r.hashed(name)
	if err == nil && in == nil {
		return nil
	}
	var sum string
	if err == nil {
		sum, err = in.SHA256()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.Rec.Set("matches", artifact.BoolValue(strings.EqualFold(sum, r.Rec.Text("sha256"))))
	return nil
}

// maxHashedFolders is how many folders above the acquisition a path may have.
const maxHashedFolders = 32

// hashed finds a file of the list beside it, nil where there is none. The list
// may have the path that the file had on the computer of the acquisition.
func (r *fileReading) hashed(name string) (*artifact.Input, error) {
	name = strings.TrimLeft(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
	for range maxHashedFolders {
		at := path.Join(path.Dir(r.In.Path), name)
		if artifact.MatchAny(hashedFiles, at) {
			in, err := r.In.Companion(at)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return in, err
			}
		}
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			return nil, nil //nolint:nilnil // there is none, and that is no error
		}
		name = rest
	}
	return nil, nil //nolint:nilnil // likewise
}
