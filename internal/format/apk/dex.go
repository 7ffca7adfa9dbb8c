package apk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Text is a text in a package, with the file and the byte of it, unpacked,
// where it lies.
type Text struct {
	Value  string
	File   string
	Offset int64
}

// Heads of files of code.
const (
	dexHead      = 0x70 // of all versions until 040
	dexSize      = 0x20
	dexTexts     = 0x38
	dexTextsAt   = 0x3c
	maxDexFiles  = 1000
	maxDexTexts  = 4 << 20
	containerV41 = "041"
)

// CodeTexts calls each at every text of the package's code, in the order of
// files and of their tables, until it returns false. Where an error is
// returned, some file could not be read, or not to its end.
func (a *APK) CodeTexts(each func(Text) bool) error {
	var errs error
	files := 0
	for _, f := range a.files {
		if !strings.HasSuffix(f.Name, ".dex") || files >= maxDexFiles {
			continue
		}
		files++
		data, err := a.Read(f.Name, maxDex)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		more, err := dexStrings(data, func(s string, offset int64) bool { return each(Text{s, f.Name, offset}) })
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", f.Name, err))
		}
		if !more {
			break
		}
	}
	return errs
}

// dexStrings walks the table of texts of a file of code, and of all that lie
// behind each other in one since version 041. It reports whether each wants
// more.
func dexStrings(data []byte, each func(string, int64) bool) (more bool, err error) {
	if len(data) < dexHead || !bytes.HasPrefix(data, []byte("dex\n")) {
		return true, fmt.Errorf("%w: no code of Android", limit.ErrUnsupported)
	}
	joined := string(data[4:7]) >= containerV41
	for at := 0; len(data)-at >= dexHead && bytes.HasPrefix(data[at:], []byte("dex\n")); {
		if more, err = dexTable(data, at, each); err != nil || !more || !joined {
			return more, err
		}
		size := int64(u32(data, at+dexSize))
		if size < dexHead || size > int64(len(data)-at) {
			break
		}
		at += int(size)
	}
	return true, nil
}

func dexTable(data []byte, at int, each func(string, int64) bool) (more bool, err error) {
	count, start := int64(u32(data, at+dexTexts)), int64(u32(data, at+dexTextsAt))
	if count > maxDexTexts || start > int64(len(data)) || count > (int64(len(data))-start)/4 {
		return true, fmt.Errorf("%w: table of %d texts at byte %d of %d", limit.ErrCorrupt, count, start, len(data))
	}
	for i := range int(count) {
		offset := int64(u32(data, int(start)+4*i))
		if offset >= int64(len(data)) {
			return true, fmt.Errorf("%w: text %d at byte %d of %d", limit.ErrCorrupt, i, offset, len(data))
		}
		if s, ok := dexText(data[offset:]); ok && !each(s, offset) {
			return false, nil
		}
	}
	return true, nil
}

// dexText reads a text, which is preceded by its length in characters and
// ended by a zero byte. Texts without a dot or a slash name nothing that is
// outside of the phone, and are left out.
func dexText(b []byte) (string, bool) {
	length, n := binary.Uvarint(b[:min(len(b), 5)])
	if n <= 0 || length < minDexText {
		return "", false
	}
	b = b[n:]
	end := bytes.IndexByte(b[:min(len(b), maxText)], 0)
	if end < 0 {
		end = min(len(b), maxText)
	}
	b = b[:end]
	if bytes.IndexByte(b, '.') < 0 {
		return "", false
	}
	return modifiedUTF8(b), true
}

// minDexText is the length of the shortest host: "t.co".
const minDexText = 4

// modifiedUTF8 decodes the texts of Java: zero is two bytes, a character
// beyond 16 bits two of three bytes each.
func modifiedUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if high, ok := surrogate(b); ok {
			if low, ok := surrogate(b[3:]); ok && high < 0xdc00 && low >= 0xdc00 {
				r, n = 0x10000+(high-0xd800)<<10+(low-0xdc00), 6
			}
		}
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

func surrogate(b []byte) (rune, bool) {
	if len(b) < 3 || b[0] != 0xed || b[1]&0xe0 != 0xa0 || b[2]&0xc0 != 0x80 {
		return 0, false
	}
	return rune(b[0]&0xf)<<12 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), true
}

// ResourceTexts calls each at every text in the table of resources, until it
// returns false.
func (a *APK) ResourceTexts(each func(Text) bool) error {
	if !a.Has(tableName) {
		return nil
	}
	data, err := a.Read(tableName, maxTable)
	if err != nil {
		return err
	}
	table, err := nextChunk(data)
	if err != nil {
		return fmt.Errorf("%s: %w", tableName, err)
	}
	c, err := nextChunk(table.data[len(table.head):])
	if err != nil || c.typ != chunkPool {
		return err
	}
	texts := readPool(c)
	at := int64(len(table.head)) + int64(u32(c.head, 20))
	for i := range texts.count {
		s := texts.at(uint32(i))
		if strings.Contains(s, ".") && !each(Text{s, tableName, at + int64(u32(texts.offsets, 4*i))}) {
			return nil
		}
	}
	return nil
}

// maxAsset bounds one further file that is searched for texts.
const maxAsset = 4 * limit.MiB

// Assets calls each at the content of every file that may hold settings or
// pages: those in assets and res/raw, unless they are pictures, sounds, fonts
// or larger than 4 MiB. What each returns false for ends it.
func (a *APK) Assets(each func(name string, data []byte) bool) error {
	var errs error
	for _, f := range a.files {
		if !strings.HasPrefix(f.Name, "assets/") && !strings.HasPrefix(f.Name, "res/raw") {
			continue
		}
		if f.UncompressedSize64 > maxAsset || media(f.Name) {
			continue
		}
		data, err := a.Read(f.Name, maxAsset)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		if !each(f.Name, data) {
			break
		}
	}
	return errs
}

func media(name string) bool {
	switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
	case "png", "jpg", "jpeg", "webp", "gif", "mp3", "ogg", "mp4", "webm", "wav", "m4a", "ttf", "otf", "woff", "woff2":
		return true
	}
	return false
}
