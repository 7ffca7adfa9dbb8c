package keyedarchive

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// MBFile is what the manifest of an iOS backup says of one file, in the
// column "file" of its table Files. Byte slices refer to the blob.
type MBFile struct {
	Has MBField // which of the numbers are there

	LastModified     int64 // Unix seconds, as all times here
	LastStatusChange int64
	Birth            int64
	Mode             int64 // as in stat(2)
	UserID           int64
	GroupID          int64
	Size             int64 // bytes, decrypted
	InodeNumber      int64
	ProtectionClass  int64
	Flags            int64

	RelativePath  plist.Value // String
	Target        plist.Value // String: of a symbolic link
	Digest        []byte
	EncryptionKey []byte // protection class, 4 bytes little-endian, then the wrapped key
	Extended      bool   // there are extended attributes
}

// MBField is a set of fields.
type MBField uint16

// The fields that an archive may lack.
const (
	HasLastModified MBField = 1 << iota
	HasLastStatusChange
	HasBirth
	HasMode
	HasUserID
	HasGroupID
	HasSize
	HasInodeNumber
	HasProtectionClass
	HasFlags
)

// ParseMBFile reads the archive in blob into out, through doc, which it
// resets. Fields that are missing, or of another type, are left out of
// out.Has: one bad field does not cost the others.
func ParseMBFile(doc *plist.Doc, blob []byte, out *MBFile) error {
	*out = MBFile{}
	if err := doc.Reset(blob); err != nil {
		return err
	}
	v := doc.Root()
	a := Archive{objects: v.Get("$objects"), top: v.Get("$top")}
	root := a.Top("root")
	if root.v.Kind() != plist.Dict {
		return fmt.Errorf("file of a manifest: %w: no root object", limit.ErrCorrupt)
	}
	for k, e := range pairs(root.v) {
		out.set(a, k, e)
	}
	return nil
}

// pairs yields the pairs of a dictionary with keys as they lie there.
func pairs(v plist.Value) func(func(plist.Value, plist.Value) bool) {
	return func(yield func(plist.Value, plist.Value) bool) {
		for i := range v.Len() {
			if !yield(v.Key(i), v.At(i)) {
				return
			}
		}
	}
}

// set takes one pair of the root object.
func (m *MBFile) set(a Archive, key, v plist.Value) {
	for i := range mbNumbers {
		if n := &mbNumbers[i]; key.Is(n.key) {
			if x, ok := v.Int(); ok {
				*n.field(m) = x
				m.Has |= n.has
			}
			return
		}
	}
	switch {
	case key.Is("RelativePath"):
		m.RelativePath = a.resolve(v).v
	case key.Is("EncryptionKey"):
		m.EncryptionKey, _ = a.resolve(v).Bytes()
	case key.Is("Digest"):
		m.Digest, _ = a.resolve(v).Bytes()
	case key.Is("Target"):
		m.Target = a.resolve(v).v
	case key.Is("ExtendedAttributes"):
		m.Extended = a.resolve(v).Valid()
	}
}

var mbNumbers = [...]struct {
	key   string
	has   MBField
	field func(*MBFile) *int64
}{
	{"LastModified", HasLastModified, func(m *MBFile) *int64 { return &m.LastModified }},
	{"LastStatusChange", HasLastStatusChange, func(m *MBFile) *int64 { return &m.LastStatusChange }},
	{"Birth", HasBirth, func(m *MBFile) *int64 { return &m.Birth }},
	{"Mode", HasMode, func(m *MBFile) *int64 { return &m.Mode }},
	{"UserID", HasUserID, func(m *MBFile) *int64 { return &m.UserID }},
	{"GroupID", HasGroupID, func(m *MBFile) *int64 { return &m.GroupID }},
	{"Size", HasSize, func(m *MBFile) *int64 { return &m.Size }},
	{"InodeNumber", HasInodeNumber, func(m *MBFile) *int64 { return &m.InodeNumber }},
	{"ProtectionClass", HasProtectionClass, func(m *MBFile) *int64 { return &m.ProtectionClass }},
	{"Flags", HasFlags, func(m *MBFile) *int64 { return &m.Flags }},
}
