package android

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
	"github.com/amparo-project/amparo/internal/limit"
)

// fileList reads AndroidQF's list of the files on the phone.
type fileList struct{}

var fileListInfo = artifact.Info{
	Name:    "android.files",
	Version: 1,
	Summary: "Files on the phone with their times, owners, rights and SELinux labels, as AndroidQF listed them.",
	Files:   []string{"**/files.json"},
	Kinds: []artifact.KindInfo{{
		Kind: "file",
		Doc:  "A file or folder.",
		Fields: []artifact.FieldInfo{
			{Name: "path", Type: artifact.Text, Doc: "where it lies"},
			{Name: "size", Type: artifact.Int, Doc: "bytes"},
			{Name: "mode", Type: artifact.Text, Doc: "kind and rights: -rwxr-xr-x, or in octal"},
			{Name: "executable", Type: artifact.Bool, Doc: "it is a file, and somebody may run it"},
			{Name: "suid", Type: artifact.Bool, Doc: "it runs as its owner or group, whoever starts it"},
			{Name: "user_id", Type: artifact.Int, Doc: "number of the owner"},
			{Name: "user_name", Type: artifact.Text, Doc: "name of the owner"},
			{Name: "group_id", Type: artifact.Int, Doc: "number of the group"},
			{Name: "group_name", Type: artifact.Text, Doc: "name of the group"},
			{Name: "context", Type: artifact.Text, Doc: "SELinux label"},
			{Name: "error", Type: artifact.Text, Doc: "why it could not be looked at"},
			{Name: "md5", Type: artifact.Text, Doc: "MD5 of it, where it was read"},
			{Name: "sha1", Type: artifact.Text, Doc: "SHA-1 of it"},
			{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of it"},
			{Name: "sha512", Type: artifact.Text, Doc: "SHA-512 of it"},
		},
		Times: []string{"changed", "modified", "accessed"},
	}},
	Caveats: []string{
		"Without root most of /data cannot be listed.",
		"Files in the shared storage have the times that apps gave them; in the system, those of the build.",
	},
	Refs: []string{
		"https://github.com/mvt-project/androidqf (modules/files.go, adb/collector.go)",
		"https://docs.mvt.re/en/latest/android/",
	},
}

// Info implements artifact.Parser.
func (fileList) Info() artifact.Info { return fileListInfo }

// Parse implements artifact.Parser.
func (fileList) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		summary := func(b []byte) []byte { return appendSummary(b, "file ", r.Rec.Text("path")) }
		return r.objects(limit.MiB, func(v ips.Value, at jsonlist.Element) error { return r.file(v, at, summary) })
	})
}

func (r *fileReading) file(v ips.Value, at jsonlist.Element, summary func([]byte) []byte) error {
	rec := r.Start("file", at.Offset, v.Length())
	var times [3]ips.Value
	for key, member := range v.Members() {
		switch key {
		case "path", "size", "mode", "user_id", "user_name", "group_id", "group_name", "context", "error", "md5", "sha1", "sha256", "sha512":
			if rec.Get(key).Kind() == artifact.Null { // the first of two counts
				rec.Set(key, r.Scalar(member))
			}
		case "changed_time":
			times[0] = member
		case "modified_time":
			times[1] = member
		case "access_time":
			times[2] = member
		}
	}
	path := rec.Text("path")
	if path == "" {
		return r.Problem(at.Offset, errNoName)
	}
	r.rights(rec)
	for i, meaning := range fileListInfo.Kinds[0].Times {
		if n, ok := times[i].Int(); ok && n != 0 {
			rec.When(meaning, artifact.UnixSeconds, artifact.IntValue(n))
		}
	}
	rec.Observe(artifact.FilePath, path, "path")
	for _, field := range []string{"md5", "sha1", "sha256"} {
		rec.Observe(artifact.FileHash, rec.Text(field), field)
	}
	rec.Summary = summary
	return r.Give()
}

// rights sets what the mode says: ten letters, or octal digits as find writes
// them. A mode of another form says nothing.
func (r *fileReading) rights(rec *artifact.Record) {
	mode := rec.Text("mode")
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil && mode != "" {
		rec.Set("suid", artifact.BoolValue(n&0o6000 != 0))
		if kind := n >> 12; kind == 0 || kind == 8 {
			rec.Set("executable", artifact.BoolValue(n&0o111 != 0))
		}
		return
	}
	if len(mode) < 10 {
		return
	}
	// Go writes a file that runs as its owner as "urwxr-xr-x", "dgrwx…" as a
	// folder; ls writes the "s" in place of the "x".
	kind, letters := mode[:len(mode)-9], mode[len(mode)-9:]
	plain := !strings.ContainsAny(kind, "dLlDcpbS")
	rec.Set("executable", artifact.BoolValue(plain && strings.ContainsAny(letters, "xs")))
	rec.Set("suid", artifact.BoolValue(strings.ContainsAny(kind, "ug") || strings.ContainsAny(letters, "sS")))
}
