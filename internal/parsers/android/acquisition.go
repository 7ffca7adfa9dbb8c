package android

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
)

// acquisition reads what AndroidQF wrote of the acquisition itself.
type acquisition struct{}

var acquisitionInfo = artifact.Info{
	Name:    "android.acquisition",
	Version: 1,
	Summary: "When and with what the acquisition was made, from which computer, and the hashes of its files.",
	Files:   []string{"**/acquisition.json", "**/adb_host_key.pub", "**/hashes.csv"}, Companions: hashedFiles,
	Kinds: []artifact.KindInfo{
		{
			Kind: "acquisition",
			Doc:  "The acquisition.",
			Fields: []artifact.FieldInfo{
				{Name: "uuid", Type: artifact.Text, Doc: "number of the acquisition"},
				{Name: "androidqf_version", Type: artifact.Text, Doc: "version of AndroidQF"},
				{Name: "tmp_dir", Type: artifact.Text, Doc: "folder for temporary files on the phone"},
				{Name: "sdcard", Type: artifact.Text, Doc: "shared storage of the phone"},
				{Name: "cpu", Type: artifact.Text, Doc: "architecture"},
				{Name: "adb_host_public_key", Type: artifact.Text, Doc: "key of the computer that it was made with"},
				{Name: "adb_host_fingerprint", Type: artifact.Text, Doc: "MD5 of that key, as the phone writes it"},
			},
			Times: []string{"started", "completed"},
		},
		{
			Kind: "host_key",
			Doc:  "Key of the computer that it was made with.",
			Fields: []artifact.FieldInfo{
				{Name: "key", Type: artifact.Text, Doc: "the key"},
				{Name: "user", Type: artifact.Text, Doc: "user and computer"},
				{Name: "fingerprint", Type: artifact.Text, Doc: "MD5 of the key, as the phone writes it"},
			},
		},
		{
			Kind: "hash",
			Doc:  "A file of the acquisition with the hash that AndroidQF took.",
			Fields: []artifact.FieldInfo{
				{Name: "path", Type: artifact.Text, Doc: "file, by its path on that computer"},
				{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of it"},
				{Name: "matches", Type: artifact.Bool, Doc: "the file still has that hash; absent: it is not in the evidence"},
			},
		},
	},
	Caveats: []string{"Whoever changed a file of the acquisition could change its hash here too."},
	Refs:    []string{"https://github.com/mvt-project/androidqf (docs/acquisition-archives.md, acquisition/acquisition.go)"},
}

// Info implements artifact.Parser.
func (acquisition) Info() artifact.Info { return acquisitionInfo }

// Parse implements artifact.Parser.
func (acquisition) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		switch baseName(in.Path) {
		case "acquisition.json":
			return r.acquisition()
		case "hashes.csv":
			return r.hashList()
		default:
			return r.lines(r.hostKey)
		}
	})
}

func (r *fileReading) acquisition() error {
	data, err := r.In.All(limit.MiB)
	if err != nil {
		return err
	}
	v, err := ips.ValueAt(data, 0)
	if err != nil {
		return err
	}
	m := v.Map()
	rec := r.Start("acquisition", 0, r.In.Size)
	for _, field := range []string{"uuid", "androidqf_version", "tmp_dir", "sdcard", "cpu", "adb_host_public_key"} {
		r.set(field, strings.TrimSpace(m[field].Text()))
	}
	r.set("adb_host_fingerprint", keyFingerprint(rec.Text("adb_host_public_key")))
	r.when("started", m["started"].Text())
	r.when("completed", m["completed"].Text())
	if len(rec.Fields) == 0 {
		return errUnknownForm
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "acquisition with AndroidQF ", rec.Text("androidqf_version"))
	}
	return r.Give()
}

func (r *fileReading) hostKey(l textLine) error {
	key, user, _ := strings.Cut(strings.TrimSpace(l.text), " ")
	if key == "" {
		return nil
	}
	rec := r.startLine("host_key", l)
	r.set("key", key)
	r.set("user", user)
	r.set("fingerprint", keyFingerprint(key))
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "key of the computer: ", user) }
	return r.Give()
}

// keyFingerprint returns the MD5 of a key as the phone shows it: pairs of hex
// digits with colons. It is "" for what is no key.
func keyFingerprint(line string) string {
	key, _, _ := strings.Cut(line, " ")
	der, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(der) == 0 {
		return ""
	}
	sum := md5.Sum(der)
	var pairs []string
	for _, b := range sum {
		pairs = append(pairs, fmt.Sprintf("%02X", b))
	}
	return strings.Join(pairs, ":")
}

// hashList reads a line for each file: its name and its hash.
func (r *fileReading) hashList() error {
	c := csv.NewReader(io.NewSectionReader(r.In, 0, r.In.Size))
	c.FieldsPerRecord = -1
	for {
		at := c.InputOffset()
		row, err := c.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if err := r.Problem(at, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case len(row) != 2 || len(row[1]) != 64:
			if err := r.Problem(at, errUnknownForm); err != nil {
				return err
			}
			continue
		}
		rec := r.Start("hash", at, c.InputOffset()-at)
		r.set("path", strings.ToValidUTF8(row[0], "\ufffd"))
		r.set("sha256", strings.ToValidUTF8(row[1], "\ufffd"))
		rec.Observe(artifact.FileHash, rec.Text("sha256"), "sha256")
		if bad := r.verify(); bad != nil {
			// The record is told all the same.
			if err := r.Give(); err != nil {
				return err
			}
			if err := r.Problem(at, bad); err != nil {
				return err
			}
			continue
		}
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "file of the acquisition: ", rec.Text("path")) }
		if err := r.Give(); err != nil {
			return err
		}
	}
}
