package ios

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// magics are the bytes that files begin with, by type.
var magics = []struct{ begin, kind string }{
	{"GIF87a", "gif"},
	{"GIF89a", "gif"},
	{"\x89PNG\r\n\x1a\n", "png"},
	{"\xff\xd8\xff", "jpeg"},
	{"8BPS", "psd"},
	{"II*\x00", "tiff"},
	{"MM\x00*", "tiff"},
	{"PK\x03\x04", "zip"},
	{"PK\x05\x06", "zip"},
	{"bplist0", "property list"},
	{"SQLite format 3\x00", "sqlite"},
	{"\x00\x01\x00\x00\x00", "truetype"},
	{"OTTO", "opentype"},
	{"\xca\xfe\xba\xbe", "mach-o"},
	{"\xcf\xfa\xed\xfe", "mach-o"},
	{"<?xml", "xml"},
	{"\x1f\x8b", "gzip"},
}

// pdfWithin is how far from its beginning readers look for that of a PDF.
const pdfWithin = 1024

// contentType tells a type from the beginning of a file, "" where none is known.
func contentType(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.begin)) {
			return m.kind
		}
	}
	switch {
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "webp"
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		if brand := string(head[8:12]); brand == "heic" || brand == "heix" || brand == "mif1" || brand == "msf1" || brand == "avif" {
			return "heif"
		}
		return "mp4"
	case bytes.Contains(head[:min(len(head), pdfWithin)], []byte("%PDF-")):
		return "pdf"
	}
	return ""
}

// declaredType is the type that the extension of a name claims.
func declaredType(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	switch ext {
	case "jpg":
		return "jpeg"
	case "tif":
		return "tiff"
	}
	return ext
}

// sameType reports whether a file of the declared type has that content.
func sameType(declared, content string) bool {
	switch declared {
	case "dng":
		return content == "tiff"
	case "pkpass", "watchface":
		return content == "zip"
	}
	return declared == content
}

// maxChunks bounds the chunks of a WebP file that are looked at.
const maxChunks = 10_000

// losslessWebP reports whether a WebP file has a chunk VP8L.
func losslessWebP(r io.ReaderAt, size int64) (bool, error) {
	var head [8]byte
	off := int64(12)
	for range maxChunks {
		n, err := readAt(r, head[:], off, size)
		if err != nil || n < len(head) {
			return false, err
		}
		if string(head[:4]) == "VP8L" {
			return true, nil
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		if string(head[:4]) == "ANMF" {
			// A frame of an animation has chunks of its own after 16 bytes.
			off += 8 + 16
			continue
		}
		off += 8 + length + length&1
	}
	return false, nil
}

const (
	maxPassFiles = 2_000
	maxListed    = 50
)

// setPass lists what a pass holds that passes do not have. What is no archive
// after all has no such files.
func setPass(rec *artifact.Record, in *artifact.Input) error {
	archive, err := zip.NewReader(io.NewSectionReader(in, 0, in.Size), in.Size)
	if err != nil {
		return readFailed(in)
	}
	rec.Set("pass_files", artifact.IntValue(int64(len(archive.File))))
	var found []string
	for i, f := range archive.File {
		if i == maxPassFiles || len(found) == maxListed {
			break
		}
		if passFileType(f) == "webp" {
			found = append(found, cutField(rec, in, f.Name))
			rec.Observe(artifact.FileName, path.Base(f.Name), "pass_webp")
		}
	}
	rec.Set("pass_webp", artifact.StringsValue(found))
	return readFailed(in)
}

// readFailed reads the last byte again: archive/zip tells a damaged archive
// and a failed read apart no more.
func readFailed(in *artifact.Input) error {
	var last [1]byte
	_, err := readAt(in, last[:], in.Size-1, in.Size)
	return err
}

// passFileType tells the type of a file in an archive from its first bytes.
func passFileType(f *zip.File) string {
	r, err := f.Open()
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }() // nothing was written
	head := make([]byte, 16)
	n, _ := io.ReadFull(r, head) // a short or damaged file is told from what there is
	return contentType(head[:n])
}
