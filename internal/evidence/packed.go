package evidence

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/ab"
)

// formats are the formats of archives by the ends of their names.
var formats = []struct{ suffix, format string }{
	{".zip", kindZip},
	{".tar", kindTar},
	{".tar.gz", kindGzip},
	{".tgz", kindGzip},
	{".gz", kindGzip},
	{".tar.zst", kindZstd},
	{".tzst", kindZstd},
	{".zst", kindZstd},
}

// Packed says in which archives the evidence at name lies, the outermost
// first; none for a folder. name goes on within an archive where that holds
// another one, as Candidate.Path has it.
func Packed(name string) []finding.Archive {
	outer, rest := outermost(name)
	if outer == "" {
		return nil
	}
	list := []finding.Archive{{Path: outer, Format: formatOf(outer)}}
	if list[0].Format == "" {
		return nil // a single file
	}
	at := ""
	for _, part := range strings.Split(rest, "/") {
		if part == "" {
			continue
		}
		at = path.Join(at, part)
		if f := FormatByName(part); f != "" {
			list = append(list, finding.Archive{Path: at, Format: f})
			at = ""
		}
	}
	return list
}

// outermost splits name into the part that is a file on the disk and what
// follows it; "" where it is a folder, or nothing.
func outermost(name string) (outer, rest string) {
	for outer = name; ; {
		info, err := os.Stat(outer)
		if err == nil {
			if info.Mode().IsRegular() {
				return outer, filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(name, outer), string(filepath.Separator)))
			}
			return "", ""
		}
		up := filepath.Dir(outer)
		if up == outer {
			return "", ""
		}
		outer = up
	}
}

// FormatByName tells the format of an archive by its name, "" for none.
func FormatByName(name string) string {
	lower := strings.ToLower(name)
	for _, f := range formats {
		if strings.HasSuffix(lower, f.suffix) {
			return f.format
		}
	}
	return ""
}

// formatOf tells the format of a file by its first bytes: zip, tar, gzip,
// zstd, ab and ab_plain (an Android backup, compressed or not), age; "" for none.
func formatOf(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, sniffBytes)
	n, _ := f.ReadAt(head, 0) // what is shorter is no archive
	head = head[:n]
	switch text := string(head); {
	case strings.HasPrefix(text, ab.Magic):
		lines := strings.SplitN(text, "\n", 5)
		if len(lines) == 5 && lines[2] == "0" {
			return "ab_plain"
		}
		return "ab"
	case strings.HasPrefix(text, "age-encryption.org/v1"):
		return "age"
	}
	switch k := sniff(head); k {
	case kindZip, kindTar, kindGzip, kindZstd:
		return k
	}
	return ""
}
