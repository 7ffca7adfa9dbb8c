package ios

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
	"github.com/amparo-project/amparo/internal/testevidence"
)

func attachmentPath(name string) string {
	return "MediaDomain/Library/SMS/Attachments/ab/11/0B1D8F3E-2F5A-4C6B-9D7E-1A2B3C4D5E6F/" + name
}

// webp makes a WebP file of chunks, as the container is described at
// https://developers.google.com/speed/webp/docs/riff_container.
func webp(chunks ...string) string {
	var body []byte
	body = append(body, "WEBP"...)
	for _, id := range chunks {
		body = append(body, id...)
		body = binary.LittleEndian.AppendUint32(body, 5)
		body = append(body, "12345\x00"...)
	}
	return "RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + string(body)
}

// pass makes a pass as Apple describes it: pass.json, manifest.json, pictures.
func pass(tb testing.TB, files map[string]string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	names := []string{}
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(files[name]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// dng makes a TIFF file with a directory below the first, which holds a
// lossless JPEG: the layout of DNG files of phones.
func dng(samples uint16, components byte) string {
	o := binary.LittleEndian
	entry := func(b []byte, tag, kind uint16, value uint32) []byte {
		b = o.AppendUint16(o.AppendUint16(b, tag), kind)
		return o.AppendUint32(o.AppendUint32(b, 1), value)
	}
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	b = entry(b, tagSubIFDs, 4, 26)
	b = o.AppendUint32(b, 0)
	b = o.AppendUint16(b, 3)
	b = entry(b, tagCompression, 3, losslessJPEG)
	b = entry(b, tagSamplesPerPixel, 3, uint32(samples))
	b = entry(b, tagStripOffsets, 4, 68)
	b = o.AppendUint32(b, 0)
	return string(b) + "\xff\xd8\xff\xc4\x00\x03\x00\xff\xc3\x00\x0b\x08\x00\x10\x00\x10" + string([]byte{components}) + "\x01\x11\x00"
}

func attachmentFileSamples(tb testing.TB) []artifacttest.Sample {
	png := "\x89PNG\r\n\x1a\nIHDR"
	var list []artifacttest.Sample
	for _, f := range []struct{ name, file, data string }{
		{"gif", "dance.gif", "GIF89a\x01\x00\x01\x00\x00\x00\x00;"},
		{"forcedentry_pdf", "a1b2.gif", "%PDF-1.3\n1 0 obj <</Type /XObject /Filter /JBIG2Decode>> stream\nendstream"},
		{"forcedentry_psd", "c3d4.gif", "8BPS\x00\x01\x00\x00"},
		{"scan", "contract.pdf", "\n%PDF-1.7\n/Filter [/FlateDecode /JBIG2Decode]"},
		{"letter", "letter.pdf", "%PDF-1.7\n/Filter /FlateDecode"},
		{"pass", "ticket.pkpass", pass(tb, map[string]string{"pass.json": "{}", "logo.png": png})},
		{"blastpass", "sample.pkpass", pass(tb, map[string]string{"pass.json": "{}", "logo.png": webp("VP8L"), "background.png": png})},
		{"sticker", "sticker.webp", webp("VP8X", "ALPH", "VP8L")},
		{"photo_webp", "photo.webp", webp("VP8 ")},
		{"webp_full", "full.webp", string(testevidence.WebPTables(false))},
		{"webp_overflow", "e5f6.webp", string(testevidence.WebPTables(true))},
		{"blastpass_overflow", "g7h8.pkpass", pass(tb, map[string]string{"pass.json": "{}", "logo.png": string(testevidence.WebPTables(true))})},
		{"forcedentry_overflow", "i9j0.gif", string(testevidence.JBIG2PDF(2, 3))},
		{"jbig2_scan", "scan.pdf", string(testevidence.JBIG2PDF(1, 3))},
		{"dng", "shot.dng", dng(3, 3)},
		{"dng_mismatch", "IMG_0001.DNG", dng(2, 1)},
		{"broken_pass", "broken.pkpass", "PK\x03\x04 no archive"},
		{"watchface", "face.watchface", pass(tb, map[string]string{"face.json": "{}"})},
		{"none", "empty.gif", ""},
		{"unknown", "x.psd", "something"},
	} {
		p := attachmentPath(f.file)
		list = append(list, artifacttest.Sample{Name: f.name, Path: p, Files: map[string][]byte{p: []byte(f.data)}})
	}
	return list
}

func TestSMSAttachmentFiles(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, smsAttachmentFiles{}, "testdata/sms_attachment_files", attachmentFileSamples(t)...)
}

func FuzzSMSAttachmentFiles(f *testing.F) {
	artifacttest.Fuzz(f, smsAttachmentFiles{}, attachmentFileSamples(f)...)
}

// TestJBIG2AcrossReads finds a filter whose name lies across two readings.
func TestJBIG2AcrossReads(t *testing.T) {
	t.Parallel()
	for _, at := range []int{64<<10 - 5, 64<<10 - 12, 64<<10 - 11, 128<<10 - 1} {
		data := append([]byte("%PDF-1.4"), bytes.Repeat([]byte{' '}, 200<<10)...)
		copy(data[at:], jbig2Name)
		in := artifact.NewInput("x.pdf", bytes.NewReader(data), int64(len(data)), nil)
		if l, err := inspect(in); err != nil || !l.jbig2 {
			t.Errorf("at %d: %v, %v", at, l.jbig2, err)
		}
	}
}
