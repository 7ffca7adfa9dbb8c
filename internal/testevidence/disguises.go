package testevidence

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"time"
)

// The reports that described exploits in attachments.
const (
	forcedEntry2021 = "https://citizenlab.ca/2021/09/forcedentry-nso-group-imessage-zero-click-exploit-captured-in-the-wild/"
	blastPass2023   = "https://citizenlab.ca/2023/09/blastpass-nso-group-iphone-zero-click-zero-day-exploit-captured-in-the-wild/"
	cve202543300    = "https://support.apple.com/124925"
)

// disguises writes attachments that have the outside of published exploits and
// nothing within.
func (b *builder) disguises() error {
	if !b.o.Plant {
		return nil
	}
	r := newRandom(b.o.Seed, "disguises")
	for _, a := range []struct {
		name, rule, severity, source string
		data                         []byte
	}{
		{"IMG_7A1F.gif", "attachment_disguised", "high", forcedEntry2021, JBIG2PDF(1, 0)},
		{"sample.pkpass", "attachment_pass_webp", "medium", blastPass2023, passWith("background.png", WebPTables(false))},
		{"IMG_0404.DNG", "attachment_dng_mismatch", "medium", cve202543300, dngOf(2, 1)},
	} {
		path := "Library/SMS/Attachments/" + r.token(2) + "/0" + "7/" + r.uuid() + "/" + a.name
		if err := b.addBytes("MediaDomain", path, a.data, fileMeta{protection: 3, at: b.pegasus(-time.Hour)}); err != nil {
			return err
		}
		b.plantRule(a.rule, a.severity, "ios.sms_attachment_files", "MediaDomain/"+path, a.name, a.source)
	}
	return nil
}

// passWith makes a pass with a picture in it.
func passWith(name string, picture []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range []struct {
		name string
		data []byte
	}{{"pass.json", []byte(`{"formatVersion":1}`)}, {name, picture}} {
		to, err := w.Create(f.name)
		if err == nil {
			_, err = to.Write(f.data)
		}
		if err != nil {
			panic(err) // into memory
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// dngOf makes a DNG whose lossless JPEG has other components than it says:
// the directories of TIFF 6.0, and the header of the frame.
func dngOf(samples uint16, components byte) []byte {
	o := binary.LittleEndian
	entry := func(b []byte, tag, kind uint16, value uint32) []byte {
		b = o.AppendUint16(o.AppendUint16(b, tag), kind)
		return o.AppendUint32(o.AppendUint32(b, 1), value)
	}
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	b = o.AppendUint32(entry(b, 0x14a, 4, 26), 0)
	b = o.AppendUint16(b, 3)
	b = entry(b, 0x103, 3, 7)
	b = entry(b, 0x115, 3, uint32(samples))
	b = o.AppendUint32(entry(b, 0x111, 4, 68), 0)
	b = append(b, "\xff\xd8\xff\xc4\x00\x03\x00\xff\xc3\x00\x0b\x08\x00\x10\x00\x10"...)
	return append(b, components, 1, 0x11, 0)
}
