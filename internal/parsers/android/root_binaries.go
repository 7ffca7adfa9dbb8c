package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
)

// rootBinaries reads AndroidQF's list of programs that give root.
type rootBinaries struct{}

var rootBinariesInfo = artifact.Info{
	Name:    "android.root_binaries",
	Version: 1,
	Summary: "Programs that give root or hide it, as AndroidQF found them.",
	Files:   []string{"**/root_binaries.json"},
	Kinds: []artifact.KindInfo{{
		Kind: "root_binary",
		Doc:  "A program.",
		Fields: []artifact.FieldInfo{
			{Name: "path", Type: artifact.Text, Doc: "where it lies"},
			{Name: "binary_name", Type: artifact.Text, Doc: "its name"},
			{Name: "description", Type: artifact.Text, Doc: "what a program of that name is"},
		},
	}},
	Caveats: []string{"Programs are looked for by their names, in the folders where a shell looks: others are not found."},
	Refs:    []string{"https://github.com/mvt-project/androidqf (modules/root_binaries.go)"},
}

// rootPrograms say what programs of these names are (AndroidQF looks for them).
var rootPrograms = map[string]string{
	"su": "gives root to whoever asks", "busybox": "tools for a root shell", "supersu": "SuperSU, gives root to apps",
	"superuser.apk": "Superuser, gives root to apps", "kingouser.apk": "KingoRoot, gives root to apps",
	"supersu.apk": "SuperSU, gives root to apps", "magisk": "Magisk, gives root to apps", "magiskhide": "Magisk, hides root from apps",
	"magiskinit": "Magisk, changes how the phone starts", "magiskpolicy": "Magisk, changes the rules of SELinux",
	"ksud": "KernelSU, gives root from the kernel", "apd": "APatch, gives root from the kernel",
}

// Info implements artifact.Parser.
func (rootBinaries) Info() artifact.Info { return rootBinariesInfo }

// Parse implements artifact.Parser.
func (rootBinaries) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		return r.elements(maxPackage, func(v ips.Value, at jsonlist.Element) error {
			// One entry holds all places of one name, a line each.
			for path := range strings.FieldsFuncSeq(v.Text(), func(c rune) bool { return c == '\n' || c == '\r' }) {
				if err := r.rootBinary(strings.TrimSpace(path), at.Offset, v.Length()); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r *fileReading) rootBinary(path string, offset, length int64) error {
	if path == "" {
		return nil
	}
	rec := r.Start("root_binary", offset, length)
	r.set("path", path)
	r.set("binary_name", baseName(path))
	r.set("description", rootPrograms[strings.ToLower(baseName(path))])
	rec.Observe(artifact.FilePath, path, "path")
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "program that gives root: ", path) }
	return r.Give()
}
