package keyedarchive

import (
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// MBFile is what the manifest of an iOS backup says of one file, in the
// column "file" of its table Files. Values and byte slices refer to the blob.
type MBFile struct {
	Has   MBField // which fields are there
	Wrong MBField // which are there, but are of another type or damaged

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
	HasRelativePath
	HasTarget
	HasDigest
	HasEncryptionKey
)

var fieldNames = [...]string{
	"LastModified", "LastStatusChange", "Birth", "Mode", "UserID", "GroupID", "Size", "InodeNumber",
	"ProtectionClass", "Flags", "RelativePath", "Target", "Digest", "EncryptionKey",
}

// String names the fields, in the order of MBFile.
func (f MBField) String() string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Err says which fields are of another type than they should be, or damaged.
// It wraps limit.ErrCorrupt, and is nil where there are none.
func (m *MBFile) Err() error {
	if m.Wrong == 0 {
		return nil
	}
	return fmt.Errorf("file of a manifest: %w: wrong type: %v", limit.ErrCorrupt, m.Wrong)
}

// ParseMBFile reads the archive in blob into out, through doc, which it
// resets. Fields that are missing are left out of
// out.Has; those of another type are in out.Wrong, and do not cost the others.
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
		out.set(&a, k.ASCII(), e)
	}
	return nil
}

// set takes one pair of the root object.
func (m *MBFile) set(a *Archive, key []byte, v plist.Value) {
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

func (m *MBFile) reference(a *Archive, key []byte, v plist.Value) {
	switch string(key) {
	case "RelativePath":
		m.text(a.resolve(v), &m.RelativePath, HasRelativePath)
	case "Target":
		m.text(a.resolve(v), &m.Target, HasTarget)
	case "Digest":
		m.bytes(a.resolve(v), &m.Digest, HasDigest)
	case "EncryptionKey":
		m.bytes(a.resolve(v), &m.EncryptionKey, HasEncryptionKey)
	case "ExtendedAttributes":
		m.Extended = a.resolve(v).Valid()
	}
}

func (m *MBFile) number(v plist.Value, into *int64, has MBField) {
	x, ok := v.Int()
	if ok {
		*into = x
	}
	m.mark(has, ok)
}

func (m *MBFile) text(o Object, into *plist.Value, has MBField) {
	if o.absent() {
		return
	}
	ok := o.v.Kind() == plist.String
	if ok {
		*into = o.v
	}
	m.mark(has, ok)
}

func (m *MBFile) bytes(o Object, into *[]byte, has MBField) {
	if o.absent() {
		return
	}
	var ok bool
	*into, ok = o.Bytes()
	m.mark(has, ok)
}

// absent tells nil from what is damaged.
func (o Object) absent() bool { return o.v == plist.Value{} && o.dangling == plist.Value{} }

func (m *MBFile) mark(has MBField, ok bool) {
	if ok {
		m.Has |= has
	} else {
		m.Wrong |= has
	}
}
