package android

import (
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
)

// mounts reads the list of mounted file systems.
type mounts struct{}

var mountsInfo = artifact.Info{
	Name:    "android.mounts",
	Version: 1,
	Summary: "File systems that were mounted, and whether the system's own could be written to.",
	Files:   []string{"**/mounts.json", "**/mounts.txt", "**/proc/mounts"},
	Kinds: []artifact.KindInfo{{
		Kind: "mount",
		Doc:  "A mounted file system.",
		Fields: []artifact.FieldInfo{
			{Name: "device", Type: artifact.Text, Doc: "device or name of it"},
			{Name: "mount_point", Type: artifact.Text, Doc: "where it is in the tree"},
			{Name: "filesystem_type", Type: artifact.Text, Doc: "ext4, erofs, overlay…"},
			{Name: "options", Type: artifact.Strings, Doc: "options"},
			{Name: "system_partition", Type: artifact.Bool, Doc: "it is a part of the system: /system, /vendor, /product, /system_ext, or within"},
			{Name: "read_write", Type: artifact.Bool, Doc: "it can be written to"},
			{Name: "overlay", Type: artifact.Bool, Doc: "it lies over another, and changes what is seen there"},
		},
	}},
	Caveats: []string{"AndroidQF lists the lines that name /system alone."},
	Refs: []string{
		"https://github.com/mvt-project/androidqf (modules/mounts.go)",
		"https://man7.org/linux/man-pages/man8/mount.8.html",
	},
}

// Info implements artifact.Parser.
func (mounts) Info() artifact.Info { return mountsInfo }

// Parse implements artifact.Parser.
func (mounts) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		if strings.HasSuffix(in.Path, ".json") {
			return r.elements(maxPackage, func(v ips.Value, at jsonlist.Element) error {
				return r.mount(v.Text(), at.Offset, v.Length())
			})
		}
		return r.lines(func(l textLine) error {
			if strings.TrimSpace(l.text) == "" {
				return nil
			}
			return r.mount(l.text, l.offset, l.length)
		})
	})
}

// The two forms of a line: of the command mount, and of /proc/mounts.
var (
	mountCommand = regexp.MustCompile(`^(.+) on (/.*) type (\S+) \((.*)\)$`)
	mountTable   = regexp.MustCompile(`^(\S+) (/\S*) (\S+) (\S+) \d+ \d+$`)
)

// systemPartitions are the parts of the system that a phone mounts read-only.
var systemPartitions = []string{"/system", "/vendor", "/product", "/system_ext"}

func (r *fileReading) mount(line string, offset, length int64) error {
	m := mountCommand.FindStringSubmatch(line)
	if m == nil {
		m = mountTable.FindStringSubmatch(line)
	}
	if m == nil {
		return r.Problem(offset, errUnknownForm)
	}
	rec := r.Start("mount", offset, length)
	r.set("device", m[1])
	r.set("mount_point", m[2])
	r.set("filesystem_type", m[3])
	options := strings.Split(m[4], ",")
	r.list("options", options[:min(len(options), maxTexts)])
	inSystem := slices.ContainsFunc(systemPartitions, func(p string) bool { return m[2] == p || strings.HasPrefix(m[2], p+"/") })
	rec.Set("system_partition", artifact.BoolValue(inSystem))
	rec.Set("read_write", artifact.BoolValue(slices.Contains(options, "rw")))
	rec.Set("overlay", artifact.BoolValue(m[3] == "overlay"))
	rec.Observe(artifact.FilePath, m[2], "mount_point")
	if strings.HasPrefix(m[1], "/") {
		rec.Observe(artifact.FilePath, m[1], "device")
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "mounted: ", rec.Text("device"), " at ", rec.Text("mount_point"))
	}
	return r.Give()
}
