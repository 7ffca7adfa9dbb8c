package iosbackup

import (
	"bytes"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/format/keyedarchive"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// fileMeta is what the manifest says of a file, as far as it is needed here.
type fileMeta struct {
	size     int64  // bytes, -1: not said
	key      []byte // class and wrapped key; empty: the file is not encrypted
	modified time.Time
	mode     uint32 // as in stat(2)
	target   string // of a symbolic link
}

// parseMeta reads the column file of the manifest.
func parseMeta(blob []byte) (*fileMeta, error) {
	var (
		doc plist.Doc
		mb  keyedarchive.MBFile
	)
	if err := keyedarchive.ParseMBFile(&doc, blob, &mb); err != nil {
		return nil, fmt.Errorf("its description: %w", err)
	}
	m := &fileMeta{size: -1, key: bytes.Clone(mb.EncryptionKey)}
	if mb.Has&keyedarchive.HasSize != 0 && mb.Size >= 0 {
		m.size = mb.Size
	}
	if mb.Has&keyedarchive.HasLastModified != 0 && mb.LastModified > 0 {
		m.modified = time.Unix(mb.LastModified, 0).UTC()
	}
	if mb.Has&keyedarchive.HasMode != 0 {
		m.mode = uint32(mb.Mode)
	}
	m.target, _ = mb.Target.Str()
	return m, nil
}
