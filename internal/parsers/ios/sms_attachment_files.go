package ios

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// smsAttachmentFiles looks into the files themselves that came with messages,
// of those types in which published exploits came.
type smsAttachmentFiles struct{}

// exploitTypes are the types of file in which published exploits came: GIF that
// was PSD or PDF (FORCEDENTRY), passes with WebP (BLASTPASS), watch faces
// (Operation Triangulation), DNG (CVE-2025-43300).
var exploitTypes = []string{"gif", "psd", "pdf", "pkpass", "webp", "watchface", "dng", "tif", "tiff"}

var smsAttachmentFilesInfo = artifact.Info{
	Name:    "ios.sms_attachment_files",
	Version: 2,
	Summary: "What files that came with messages really are, of the types in which exploits were sent.",
	Files:   attachmentPatterns(),
	Kinds: []artifact.KindInfo{{
		Kind: "file",
		Doc:  "One file.",
		Fields: []artifact.FieldInfo{
			{Name: "path", Type: artifact.Text, Doc: "path on the phone"},
			{Name: "name", Type: artifact.Text, Doc: "name of the file"},
			{Name: "size", Type: artifact.Int, Doc: "bytes"},
			{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of the file"},
			{Name: "declared", Type: artifact.Text, Doc: "type that its name claims"},
			{Name: "content", Type: artifact.Text, Doc: "type that its bytes tell: gif, png, jpeg, pdf, psd, webp, tiff, heif, zip…; absent: none that is known"},
			{Name: "disguised", Type: artifact.Bool, Doc: "true: it is of another type than its name claims"},
			{Name: "jbig2", Type: artifact.Bool, Doc: "true: a PDF with pictures in JBIG2"},
			{Name: "jbig2_segments", Type: artifact.Int, Doc: "segments of the picture in JBIG2 with the most of them"},
			{Name: "jbig2_refinements", Type: artifact.Int, Doc: "generic refinement regions of that with the most of them"},
			{Name: "jbig2_symbols", Type: artifact.Int, Doc: "most symbols that a text region of one refers to"},
			{Name: "jbig2_overflow", Type: artifact.Bool, Doc: "true: more than fit into 32 bits"},
			{Name: "lossless_webp", Type: artifact.Bool, Doc: "true: a WebP picture of the lossless kind (VP8L)"},
			{Name: "webp_tables", Type: artifact.Int, Doc: "entries that the largest tables of a lossless WebP picture need, also of one in a pass"},
			{Name: "webp_room", Type: artifact.Int, Doc: "entries that libwebp took memory for there before it was repaired"},
			{Name: "webp_overflow", Type: artifact.Bool, Doc: "true: the tables need more than that"},
			{Name: "pass_files", Type: artifact.Int, Doc: "files in a pass"},
			{Name: "pass_webp", Type: artifact.Strings, Doc: "files in a pass that are WebP pictures: passes have PNG"},
			{Name: "dng_samples", Type: artifact.Int, Doc: "samples a pixel, as a DNG says"},
			{Name: "dng_components", Type: artifact.Int, Doc: "components of the lossless JPEG in it"},
		},
	}},
	Caveats: []string{
		"Other types, photos and films among them, are not looked into.",
		"Pictures inside the packed parts of a PDF are not found, and those beyond its first 64 MiB.",
		"Pictures are not decoded: of JBIG2 and WebP only headers and codes are read.",
		"When a file came is told by ios.sms_attachments and, in a backup, by ios.manifest.",
	},
	Refs: []string{
		"https://citizenlab.ca/2021/09/forcedentry-nso-group-imessage-zero-click-exploit-captured-in-the-wild/",
		"https://googleprojectzero.blogspot.com/2021/12/a-deep-dive-into-nso-zero-click.html",
		"https://citizenlab.ca/2023/09/blastpass-nso-group-iphone-zero-click-zero-day-exploit-captured-in-the-wild/",
		"https://securelist.com/operation-triangulation-the-last-hardware-mystery/111669/",
		"https://support.apple.com/124925 (CVE-2025-43300)",
		"https://developers.google.com/speed/webp/docs/riff_container",
	},
}

func attachmentPatterns() []string {
	var list []string
	for _, ext := range exploitTypes {
		for _, ext := range []string{ext, strings.ToUpper(ext)} {
			list = append(list, "MediaDomain/Library/SMS/Attachments/*/*/*/*."+ext)
		}
	}
	return onPhone(list...)
}

// Info implements artifact.Parser.
func (smsAttachmentFiles) Info() artifact.Info { return smsAttachmentFilesInfo }

// maxAttachment bounds the files that are read; messages carry up to 100 MB.
const maxAttachment = 128 * limit.MiB

// Parse implements artifact.Parser.
func (smsAttachmentFiles) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		rec, err := readAttachmentFile(in)
		if err != nil {
			yield(nil, fmt.Errorf("read %s: %w", in.Path, err))
			return
		}
		yield(rec, nil)
	}
}

func readAttachmentFile(in *artifact.Input) (*artifact.Record, error) {
	rec := new(artifact.Record)
	rec.Reset("file")
	rec.Loc = artifact.Location{Path: in.Path, Length: in.Size}
	name := path.Base(in.Path)
	full := in.Path
	if domain, rest, ok := strings.Cut(in.Path, "/"); ok && domain == "MediaDomain" {
		full = string(appendDevicePath(nil, domain, []byte(rest)))
	} else if strings.HasPrefix(full, "private/") {
		full = "/" + full
	}
	rec.Set("path", artifact.TextValue(cutField(rec, in, full)))
	rec.Set("name", artifact.TextValue(cutField(rec, in, name)))
	rec.Set("size", artifact.IntValue(in.Size))
	rec.Observe(artifact.FilePath, full, "path")
	look, err := inspect(in)
	if err != nil {
		return nil, err
	}
	rec.Set("sha256", artifact.TextValue(look.sha256))
	rec.Observe(artifact.FileHash, look.sha256, "sha256")
	declared := declaredType(name)
	rec.Set("declared", artifact.TextOrNull(cutField(rec, in, declared)))
	rec.Set("content", artifact.TextOrNull(look.content))
	if look.content != "" && !sameType(declared, look.content) {
		rec.Set("disguised", artifact.BoolValue(true))
	}
	if err := setInside(rec, in, &look); err != nil {
		return nil, err
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "attachment ", rec.Text("name"), ": ", firstText(rec.Text("content"), "of no known type"))
	}
	return rec, nil
}

// cutField cuts a text to the longest that a field may have.
func cutField(rec *artifact.Record, in *artifact.Input, s string) string {
	if len(s) <= in.Limits.FieldLen {
		return s
	}
	rec.Truncated = true
	return input.CutAt(s, in.Limits.FieldLen)
}

// setInside looks for what exploits have inside. What cannot be read in there
// is not an error: broken files are what exploits are made of, and the record
// with its hash stands.
func setInside(rec *artifact.Record, in *artifact.Input, look *looked) error {
	switch look.content {
	case "pdf":
		if look.jbig2 {
			rec.Set("jbig2", artifact.BoolValue(true))
			return setJBIG2(rec, in)
		}
	case "webp":
		lossless, err := losslessWebP(in, in.Size)
		if err != nil {
			return err
		}
		if lossless != nil {
			rec.Set("lossless_webp", artifact.BoolValue(true))
			setWebP(rec, lossless)
		}
	case "zip":
		return setPass(rec, in)
	case "tiff":
		samples, components, err := dngCounts(in, in.Size)
		if err != nil {
			return err
		}
		if samples > 0 && components > 0 {
			rec.Set("dng_samples", artifact.IntValue(samples))
			rec.Set("dng_components", artifact.IntValue(components))
		}
	}
	return nil
}

// looked is what one reading of a file tells.
type looked struct {
	sha256, content string
	jbig2           bool
}

// jbig2Name is the filter of a picture in JBIG2 as a PDF names it.
const jbig2Name = "/JBIG2Decode"

// inspect reads a file once, from its beginning to its end.
func inspect(in *artifact.Input) (looked, error) {
	var l looked
	if in.Size > maxAttachment {
		return l, fmt.Errorf("%w: a file of %d bytes", limit.ErrLimit, in.Size)
	}
	h := sha256.New()
	buf := make([]byte, 64<<10)
	tail := ""
	for off := int64(0); off < in.Size; {
		n := int(min(int64(len(buf)), in.Size-off))
		if _, err := readAt(in, buf[:n], off, in.Size); err != nil {
			return l, err
		}
		_, _ = h.Write(buf[:n]) // a hash takes everything
		if off == 0 {
			l.content = contentType(buf[:n])
		}
		if l.content == "pdf" && !l.jbig2 {
			l.jbig2 = strings.Contains(tail+string(buf[:n]), jbig2Name)
			tail = string(buf[max(0, n-len(jbig2Name)+1):n])
		}
		off += int64(n)
	}
	l.sha256 = hex.EncodeToString(h.Sum(nil))
	return l, nil
}

// readAt reads as much of p as the size leaves. A short read is an error.
func readAt(r io.ReaderAt, p []byte, off, size int64) (int, error) {
	if off < 0 || off >= size {
		return 0, nil
	}
	p = p[:min(int64(len(p)), size-off)]
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return n, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
