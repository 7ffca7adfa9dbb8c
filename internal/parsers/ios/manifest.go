package ios

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/keyedarchive"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/format/sqlite"
)

// manifest reads the list of all files in a backup.
type manifest struct{}

var manifestInfo = artifact.Info{
	Name:    "ios.manifest",
	Version: 1,
	Summary: "Every file in the backup with its times, and when the folders of apps were made.",
	Files:   []string{"Manifest.db"},
	Kinds: []artifact.KindInfo{
		{
			Kind:   "file",
			Doc:    "A file, folder or symbolic link.",
			Fields: manifestFields,
			Times:  []string{"created", "modified", "status_changed"},
		},
		{
			Kind:   "app_container",
			Doc:    "The top folder of an app's data: it was made when the app was installed.",
			Fields: append([]artifact.FieldInfo{{Name: "bundle_id", Type: artifact.Text, Doc: "bundle identifier of the app"}}, manifestFields...),
			Times:  []string{"installed", "modified", "status_changed"},
		},
	},
	Caveats: []string{
		"Only what iOS puts into backups is listed: no system files, no caches.",
		"Times of files that were restored from another backup are those of that phone.",
	},
	Refs: []string{"https://www.theiphonewiki.com/wiki/ITunes_Backup"},
}

var manifestFields = []artifact.FieldInfo{
	{Name: "file_id", Type: artifact.Text, Doc: "name in the backup: SHA-1 of domain, hyphen, relative path"},
	{Name: "domain", Type: artifact.Text, Doc: "part of the phone that it belongs to"},
	{Name: "relative_path", Type: artifact.Text, Doc: "path within the domain"},
	{Name: "flags", Type: artifact.Int, Doc: "1 file, 2 folder, 4 symbolic link"},
	{Name: "type", Type: artifact.Text, Doc: "the same in words: file, folder or symlink"},
	{Name: "device_path", Type: artifact.Text, Doc: "path on the phone; the random folder name of an app is replaced by its identifier"},
	{Name: "mode", Type: artifact.Text, Doc: "type and permissions, octal"},
	{Name: "owner", Type: artifact.Int, Doc: "user id"},
	{Name: "group", Type: artifact.Int, Doc: "group id"},
	{Name: "size", Type: artifact.Int, Doc: "bytes"},
	{Name: "protection_class", Type: artifact.Int, Doc: "class of the key that protects it"},
	{Name: "digest", Type: artifact.Text, Doc: "hash of the file as the phone gives it, hex"},
	{Name: "encrypted", Type: artifact.Bool, Doc: "true for a file that has a key of its own"},
	{Name: "target", Type: artifact.Text, Doc: "where a symbolic link leads"},
	{Name: "url", Type: artifact.Text, Doc: "origin of a web page that a browser wrote into the name of a storage folder"},
	{Name: "frame_url", Type: artifact.Text, Doc: "origin of the page inside that page, where the storage is its"},
}

// Info implements artifact.Parser.
func (manifest) Info() artifact.Info { return manifestInfo }

// Parse implements artifact.Parser.
func (manifest) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readManifest)
}

// A manifestReader reads the table Files.
type manifestReader struct {
	*table
	doc     plist.Doc
	file    keyedarchive.MBFile
	path    []byte // scratch
	summary func([]byte) []byte

	fileID, domain, relative, flags, blob int
}

func readManifest(r *reading) error {
	t, err := r.table("Files")
	if err != nil {
		return err
	}
	m := &manifestReader{
		table: t, fileID: t.take("fileID"), domain: t.take("domain"), relative: t.take("relativePath"),
		flags: t.take("flags"), blob: t.take("file"),
	}
	m.summary = m.summarize
	return t.each(m.entry)
}

// entry gives the record of one row. A blob that cannot be read costs its own
// fields and is told.
func (m *manifestReader) entry() error {
	rec := m.start("file")
	domain := m.text(m.domain)
	device, relative := m.paths(domain)
	bundle, isApp := strings.CutPrefix(domain, "AppDomain-")
	if isApp && relative == "" {
		rec.Kind = "app_container"
		rec.Set("bundle_id", artifact.TextValue(bundle))
		rec.Observe(artifact.AppID, bundle, "bundle_id")
	}
	rec.Set("file_id", m.value(m.fileID))
	rec.Set("domain", m.value(m.domain))
	if relative != "" {
		rec.Set("relative_path", artifact.TextValue(relative))
	} else {
		rec.Set("relative_path", m.value(m.relative))
	}
	rec.Set("flags", m.value(m.flags))
	if n, ok := m.integer(m.flags); ok {
		rec.Set("type", artifact.TextOrNull(fileTypes[n]))
	}
	m.observePath(rec, device, relative)
	if blob := m.bytes(m.blob); blob != nil {
		if err := keyedarchive.ParseMBFile(&m.doc, blob, &m.file); err != nil {
			if err := m.r.ProblemAt(m.location(), fmt.Errorf("details of the file: %w", err)); err != nil {
				return err
			}
		} else {
			m.details(rec)
		}
	}
	rec.Summary = m.summary
	return m.give()
}

// paths returns the path on the phone, "" for a domain that is not known, and
// the one within the domain. As the first ends in the second, both take one
// piece of memory.
func (m *manifestReader) paths(domain string) (device, relative string) {
	if m.empty(m.relative) || m.row.Kind(m.relative) != sqlite.Text {
		return "", m.text(m.relative)
	}
	b := m.row.Value(m.relative).Bytes()
	m.path = appendDevicePath(m.path[:0], domain, b)
	if len(m.path) == 0 || len(m.path) > m.r.In.Limits.FieldLen {
		relative = m.text(m.relative)
		return m.r.Cut(string(m.path)), relative
	}
	device = string(m.path)
	return device, device[len(device)-len(b):]
}

func (m *manifestReader) observePath(rec *artifact.Record, device, relative string) {
	if device != "" {
		rec.Set("device_path", artifact.TextValue(device))
		rec.Observe(artifact.FilePath, device, "device_path")
	} else if relative != "" {
		rec.Observe(artifact.FileName, fileName(relative), "relative_path")
	}
	first, second := storageOrigins(relative)
	if first != "" {
		rec.Set("url", artifact.TextValue(m.r.Cut(first)))
		rec.Observe(artifact.URL, first, "url")
	}
	if second != "" {
		rec.Set("frame_url", artifact.TextValue(m.r.Cut(second)))
		rec.Observe(artifact.URL, second, "frame_url")
	}
}

// fileTypes are the words for the column flags.
var fileTypes = map[int64]string{1: "file", 2: "folder", 4: "symlink"}

func (m *manifestReader) details(rec *artifact.Record) {
	f := &m.file
	number := func(name string, has keyedarchive.MBField, n int64) {
		if f.Has&has != 0 {
			rec.Set(name, artifact.IntValue(n))
		}
	}
	if f.Has&keyedarchive.HasMode != 0 {
		rec.Set("mode", artifact.TextValue(octal(f.Mode)))
	}
	number("owner", keyedarchive.HasUserID, f.UserID)
	number("group", keyedarchive.HasGroupID, f.GroupID)
	number("size", keyedarchive.HasSize, f.Size)
	number("protection_class", keyedarchive.HasProtectionClass, f.ProtectionClass)
	if len(f.Digest) > 0 && len(f.Digest) <= maxDigest {
		m.path = hex.AppendEncode(m.path[:0], f.Digest)
		rec.Set("digest", artifact.TextValue(string(m.path)))
	}
	if len(f.EncryptionKey) > 0 {
		rec.Set("encrypted", artifact.BoolValue(true))
	}
	if s, ok := f.Target.Str(); ok {
		rec.Set("target", artifact.TextValue(m.r.Cut(s)))
	}
	created := "created"
	if rec.Kind == "app_container" {
		created = "installed"
	}
	m.when(rec, created, keyedarchive.HasBirth, f.Birth)
	m.when(rec, "modified", keyedarchive.HasLastModified, f.LastModified)
	m.when(rec, "status_changed", keyedarchive.HasLastStatusChange, f.LastStatusChange)
}

func (m *manifestReader) when(rec *artifact.Record, meaning string, has keyedarchive.MBField, sec int64) {
	if m.file.Has&has != 0 && sec != 0 {
		rec.When(meaning, artifact.UnixSeconds, artifact.IntValue(sec))
	}
}

// maxDigest is the length of the longest hash in use, SHA-512.
const maxDigest = 64

// usualModes spare memory for the modes of nearly all files.
var usualModes = map[int64]string{
	0o100644: "100644", 0o100600: "100600", 0o100664: "100664", 0o100666: "100666",
	0o40755: "40755", 0o40700: "40700", 0o120755: "120755",
}

func octal(mode int64) string {
	if s, ok := usualModes[mode]; ok {
		return s
	}
	return strconv.FormatInt(mode, 8)
}

func (m *manifestReader) summarize(b []byte) []byte {
	rec := &m.r.Rec
	return appendSummary(b, rec.Text("domain"), "/", rec.Text("relative_path"))
}
