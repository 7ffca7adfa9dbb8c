package iosfiles

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// Files that say which phone this is.
const (
	systemVersion = "System/Library/CoreServices/SystemVersion.plist"
	dataArk       = "private/var/root/Library/Lockdown/data_ark.plist"
	dumpState     = "remotectl_dumpstate.txt"
)

// FactFiles are the files that Open reads.
func FactFiles() []string { return []string{systemVersion, dataArk, dumpState} }

// maxFact bounds a file that is read for facts.
const maxFact = 16 * limit.MiB

// describe fills in what the evidence says of the phone, as far as that is
// cheap to know.
func (s *Source) describe(ctx context.Context) {
	d := &s.ev.Device
	switch s.o.Kind {
	case Filesystem:
		s.fromLists(ctx, d)
	case Sysdiagnose:
		s.ev.Acquired, d.Build = fromName(s.o.Name)
		fromDumpState(s.read(ctx, dumpState, maxFact), d)
	}
	evidence.Describe(d)
}

// fromLists reads property lists of the file system.
func (s *Source) fromLists(ctx context.Context, d *finding.Device) {
	v := s.list(ctx, systemVersion)
	d.Version, _ = v.Get("ProductVersion").Str()
	d.Build, _ = v.Get("ProductBuildVersion").Str()
	ark := s.list(ctx, dataArk)
	d.Name, _ = ark.Get("-DeviceName").Str()
	d.Serial, _ = ark.Get("-SerialNumber").Str()
	d.UDID, _ = ark.Get("-UniqueDeviceID").Str()
	d.Model, _ = ark.Get("-ProductType").Str()
	for _, f := range []*string{&d.Version, &d.Build, &d.Name, &d.Serial, &d.UDID, &d.Model} {
		*f = cut(*f)
	}
}

// cut keeps a fact to a length that a person reads.
func cut(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// list reads a property list; the value is Invalid where that fails.
func (s *Source) list(ctx context.Context, name string) plist.Value {
	data := s.read(ctx, name, maxFact)
	if data == nil {
		return plist.Value{}
	}
	v, err := plist.Parse(data)
	if err != nil {
		s.note(name, fmt.Errorf("facts about the phone: %w", err))
		return plist.Value{}
	}
	return v
}

// archiveName is how a phone calls its sysdiagnose:
// sysdiagnose_2024.05.17_10-11-12+0200_iPhone-OS_iPhone_21F79.tar.gz.
var archiveName = regexp.MustCompile(`^sysdiagnose_(\d{4}\.\d{2}\.\d{2}_\d{2}-\d{2}-\d{2}[+-]\d{4})_[A-Za-z-]+_[A-Za-z]+_([0-9]{1,3}[A-Z][0-9]{1,6}[a-z]?)`)

// fromName reads when a sysdiagnose was made, and by which build.
func fromName(name string) (acquired *time.Time, build string) {
	m := archiveName.FindStringSubmatch(name)
	if m == nil {
		return nil, ""
	}
	t, err := time.Parse("2006.01.02_15-04-05-0700", m[1])
	if err != nil {
		return nil, m[2]
	}
	t = t.UTC()
	return &t, m[2]
}

// fromDumpState reads the properties at the start of remotectl_dumpstate.txt:
// "ProductType => iPhone14,5".
func fromDumpState(data []byte, d *finding.Device) {
	for line := range bytes.Lines(data) {
		key, value, ok := strings.Cut(string(line), "=>")
		if !ok {
			continue
		}
		value = cut(strings.TrimSpace(value))
		for name, to := range map[string]*string{
			"OSVersion": &d.Version, "BuildVersion": &d.Build, "ProductType": &d.Model, "SerialNumber": &d.Serial, "UniqueDeviceID": &d.UDID,
		} {
			if strings.TrimSpace(key) == name && value != "" && (*to == "" || name == "BuildVersion") {
				*to = value
			}
		}
	}
}
