package iosbackup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxListBytes bounds a property list of the backup itself. Info.plist holds
// the icons of all apps in old backups.
const maxListBytes = 64 * limit.MiB

// maxFactBytes bounds one fact about the device.
const maxFactBytes = 256

// keyFacts is what Manifest.plist says of encryption.
type keyFacts struct {
	encrypted   bool
	bag         []byte
	manifestKey []byte
}

// readFacts reads the three property lists. One that is missing or damaged is
// a problem of the evidence; the others still count.
func (s *Source) readFacts(ctx context.Context) keyFacts {
	info := s.readList(ctx, infoFile)
	manifest := s.readList(ctx, keysFile)
	status := s.readList(ctx, statusFile)
	s.ev.Device = s.device(info, manifest, status)
	if state, ok := status.Get("SnapshotState").Str(); ok && state != "finished" {
		s.note(statusFile, "SnapshotState", fmt.Errorf("the backup says that it was not finished: %.40q", state))
	}
	var k keyFacts
	k.encrypted, _ = manifest.Get("IsEncrypted").Bool()
	k.bag, _ = manifest.Get("BackupKeyBag").Bytes()
	k.manifestKey, _ = manifest.Get("ManifestKey").Bytes()
	return k
}

// readList reads a property list; the value is Invalid where that fails.
func (s *Source) readList(ctx context.Context, name string) plist.Value {
	v, err := s.parseList(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("it is missing")
	}
	if err == nil && v.Kind() != plist.Dict {
		err = fmt.Errorf("%w: not a dictionary", limit.ErrCorrupt)
	}
	if err != nil {
		s.note(name, "", err)
		return plist.Value{}
	}
	return v
}

func (s *Source) parseList(ctx context.Context, name string) (plist.Value, error) {
	b, err := s.tree.Open(ctx, name)
	if err != nil {
		return plist.Value{}, err
	}
	defer b.Close()
	data, err := limit.ReadFull(b, b.Size(), maxListBytes)
	if err != nil {
		return plist.Value{}, err
	}
	return plist.Parse(data)
}

// device gathers what the lists say of the phone: Info.plist is written by the
// computer, the dictionary Lockdown in Manifest.plist comes from the phone.
func (s *Source) device(info, manifest, status plist.Value) finding.Device {
	lockdown := manifest.Get("Lockdown")
	d := finding.Device{
		Name:        first(fact(info, "Device Name"), fact(lockdown, "DeviceName"), fact(info, "Display Name")),
		Model:       first(fact(info, "Product Type"), fact(lockdown, "ProductType")),
		Version:     first(fact(info, "Product Version"), fact(lockdown, "ProductVersion")),
		Build:       first(fact(info, "Build Version"), fact(lockdown, "BuildVersion")),
		Serial:      first(fact(info, "Serial Number"), fact(lockdown, "SerialNumber")),
		UDID:        first(fact(info, "Unique Identifier"), fact(lockdown, "UniqueDeviceID"), fact(info, "Target Identifier")),
		ICCID:       fact(info, "ICCID"),
		PhoneNumber: fact(info, "Phone Number"),
		LastBackup:  when(info.Get("Last Backup Date"), status.Get("Date"), manifest.Get("Date")),
	}
	for _, key := range []string{"IMEI", "IMEI 2"} {
		if v := fact(info, key); v != "" {
			d.IMEI = append(d.IMEI, v)
		}
	}
	s.compare("serial number", fact(info, "Serial Number"), fact(lockdown, "SerialNumber"))
	s.compare("device identifier", fact(info, "Unique Identifier"), fact(lockdown, "UniqueDeviceID"))
	evidence.Describe(&d)
	return d
}

// compare notes that two lists name different phones: files of two backups
// lie together.
func (s *Source) compare(what, info, manifest string) {
	if info != "" && manifest != "" && !strings.EqualFold(info, manifest) {
		s.note(infoFile, "", fmt.Errorf("its %s is not the one in %s: they are of two backups", what, keysFile))
	}
}

// fact returns a text, or a number as text, cut where nobody would read on.
func fact(v plist.Value, key string) string {
	v = v.Get(key)
	text, ok := v.Str()
	if n, isInt := v.Int(); !ok && isInt {
		text = fmt.Sprint(n)
	}
	if len(text) > maxFactBytes {
		text = strings.ToValidUTF8(text[:maxFactBytes], "") + "…"
	}
	return text
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func when(list ...plist.Value) *time.Time {
	for _, v := range list {
		if t, ok := v.Time(); ok {
			t = t.UTC()
			return &t
		}
	}
	return nil
}
