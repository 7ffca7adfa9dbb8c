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
	for k, e := range root.v.Pairs() {
		out.set(a, k.ASCII(), e)
	}
	return nil
}

// set takes one pair of the root object.
func (m *MBFile) set(a Archive, key []byte, v plist.Value) {
	switch string(key) {
	case "LastModified":
		m.number(v, &m.LastModified, HasLastModified)
	case "LastStatusChange":
		m.number(v, &m.LastStatusChange, HasLastStatusChange)
	case "Birth":
		m.number(v, &m.Birth, HasBirth)
	case "Mode":
		m.number(v, &m.Mode, HasMode)
	case "UserID":
		m.number(v, &m.UserID, HasUserID)
	case "GroupID":
		m.number(v, &m.GroupID, HasGroupID)
	case "Size":
		m.number(v, &m.Size, HasSize)
	case "InodeNumber":
		m.number(v, &m.InodeNumber, HasInodeNumber)
	case "ProtectionClass":
		m.number(v, &m.ProtectionClass, HasProtectionClass)
	case "Flags":
		m.number(v, &m.Flags, HasFlags)
	default:
		m.reference(a, key, v)
	}
}

func (m *MBFile) reference(a Archive, key []byte, v plist.Value) {
	switch string(key) {
	case "RelativePath":
		m.RelativePath = a.resolve(v).v
	case "EncryptionKey":
		m.EncryptionKey, _ = a.resolve(v).Bytes()
	case "Digest":
		m.Digest, _ = a.resolve(v).Bytes()
	case "Target":
		m.Target = a.resolve(v).v
	case "ExtendedAttributes":
		m.Extended = a.resolve(v).Valid()
	}
}

func (m *MBFile) number(v plist.Value, into *int64, has MBField) {
	if x, ok := v.Int(); ok {
		*into = x
		m.Has |= has
	}
}
