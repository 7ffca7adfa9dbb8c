package ios

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/jbig2"
	"github.com/amparo-project/amparo/internal/format/vp8l"
	"github.com/amparo-project/amparo/internal/limit"
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

// Limits of the pictures that are looked into.
const (
	maxLossless = 16 * limit.MiB // bytes of one
	maxPictures = 64             // in one file: the frames of an animation
	maxJBIG2    = 64 * limit.MiB // bytes of a PDF
)

// losslessWebP returns what the codes of the chunks VP8L of a WebP file ask
// for: the worst of them, nil where there is none.
func losslessWebP(r io.ReaderAt, size int64) (*vp8l.Report, error) {
	var worst *vp8l.Report
	var head [8]byte
	pictures := 0
	off := int64(12)
	for range maxChunks {
		n, err := readAt(r, head[:], off, size)
		if err != nil || n < len(head) {
			return worst, err
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		if string(head[:4]) == "VP8L" && pictures < maxPictures {
			pictures++
			data := make([]byte, min(length, maxLossless, max(0, size-off-8)))
			if _, err := readAt(r, data, off+8, size); err != nil {
				return worst, err
			}
			report, _ := vp8l.Inspect(data) // what came before the fault counts
			if worst == nil || report.Overflow && !worst.Overflow || report.Overflow == worst.Overflow && report.Tables > worst.Tables {
				worst = &report
			}
		}
		if string(head[:4]) == "ANMF" {
			// A frame of an animation has chunks of its own after 16 bytes.
			off += 8 + 16
			continue
		}
		off += 8 + length + length&1
	}
	return worst, nil
}

// setWebP says what the tables of a picture need.
func setWebP(rec *artifact.Record, r *vp8l.Report) {
	rec.Set("webp_tables", artifact.IntValue(int64(r.Tables)))
	rec.Set("webp_room", artifact.IntValue(int64(r.Room)))
	if r.Overflow {
		rec.Set("webp_overflow", artifact.BoolValue(true))
	}
}

// setJBIG2 says what the pictures in JBIG2 of a PDF are made of.
func setJBIG2(rec *artifact.Record, in *artifact.Input) error {
	data := make([]byte, min(in.Size, maxJBIG2))
	if _, err := readAt(in, data, 0, in.Size); err != nil {
		return err
	}
	r := jbig2.Scan(data)
	rec.Truncated = rec.Truncated || r.Partial || in.Size > maxJBIG2
	rec.Set("jbig2_segments", artifact.IntValue(int64(r.Segments)))
	rec.Set("jbig2_refinements", artifact.IntValue(int64(r.Refinements)))
	rec.Set("jbig2_symbols", artifact.IntValue(int64(min(r.Symbols, math.MaxInt64))))
	if r.Overflow {
		rec.Set("jbig2_overflow", artifact.BoolValue(true))
	}
	return nil
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
	var worst *vp8l.Report
	for i, f := range archive.File {
		if i == maxPassFiles || len(found) == maxListed {
			break
		}
		if passFileType(f) == "webp" {
			found = append(found, cutField(rec, in, f.Name))
			if r := passPicture(f); r != nil && (worst == nil || r.Overflow || !worst.Overflow && r.Tables > worst.Tables) {
				worst = r
			}
			rec.Observe(artifact.FileName, path.Base(f.Name), "pass_webp")
		}
	}
	rec.Set("pass_webp", artifact.StringsValue(found))
	if worst != nil {
		setWebP(rec, worst)
	}
	return readFailed(in)
}

// readFailed reads the last byte again: archive/zip tells a damaged archive
// and a failed read apart no more.
func readFailed(in *artifact.Input) error {
	var last [1]byte
	_, err := readAt(in, last[:], in.Size-1, in.Size)
	return err
}

// passPicture looks into a WebP picture in an archive, nil where it is none of
// the lossless kind or cannot be read.
func passPicture(f *zip.File) *vp8l.Report {
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer func() { _ = r.Close() }() // nothing was written
	var data bytes.Buffer
	_, _ = io.Copy(&data, io.LimitReader(r, maxLossless)) // a damaged file is told from what there is
	report, _ := losslessWebP(bytes.NewReader(data.Bytes()), int64(data.Len()))
	return report
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
