package iosbackup

import (
	"path"
	"slices"

	"github.com/amparo-project/amparo/internal/evidence"
)

// Recognize reports whether a folder that holds these names is a backup, and by
// which of them: it has a manifest, or what stands beside one. A backup of iOS 9 or earlier
// (Manifest.mbdb) is one too; Open says that it is not supported.
func Recognize(list []evidence.TreeEntry) (signs []string, ok bool) {
	has := func(name string) bool {
		return slices.ContainsFunc(list, func(e evidence.TreeEntry) bool { return e.Name == name && !e.Dir })
	}
	for _, name := range []string{manifestFile, oldManifest, keysFile, infoFile, statusFile} {
		if has(name) {
			signs = append(signs, name)
		}
	}
	return signs, len(signs) >= 2 || has(manifestFile) || has(oldManifest)
}

// Early reports whether a file is read as soon as a backup is opened.
func Early(name string) bool {
	switch path.Base(name) {
	case infoFile, keysFile, statusFile, manifestFile, manifestFile + "-wal":
		return true
	}
	return false
}
