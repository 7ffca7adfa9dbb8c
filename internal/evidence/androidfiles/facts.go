package androidfiles

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // phones tell their zone by name, and the examiner's machine may have no list of them

	"github.com/amparo-project/amparo/internal/android"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/iosfiles"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/format/dumpsys"
	"github.com/amparo-project/amparo/internal/limit"
)

// FactFiles are the files that Open reads.
func FactFiles() []string { return []string{"getprop.txt", "acquisition.json", "main_entry.txt"} }

// describe fills in what the evidence says of the phone. Its error is of ctx.
func (s *Source) describe(ctx context.Context) error {
	f := facts{props: map[string]string{}}
	var reports []evidence.Entry
	small := map[string]evidence.Entry{}
	for e, err := range s.files.Files(ctx) {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
		case IsReport(e.Path):
			reports = append(reports, e)
		case !strings.Contains(e.Path, "/") || s.o.Files.Kind == iosfiles.Loose:
			small[path.Base(e.Path)] = e
		}
	}
	f.properties(s.read(ctx, small, "getprop.txt"))
	f.acquisition(s.read(ctx, small, "acquisition.json"))
	s.chooseMain(reports, strings.TrimSpace(string(s.read(ctx, small, "main_entry.txt"))))
	for _, e := range reports {
		if e.Path == s.main {
			f.report(ctx, s, e)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ev.Device, s.ev.Acquired = f.device(), f.acquired()
	s.ev.Device.Patch = f.patch()
	if s.o.Files.Kind != iosfiles.Loose || len(f.props) > 0 || len(reports) > 0 {
		s.ev.Device.OS = "Android"
	}
	return nil
}

// chooseMain decides which report's sections stand at the top: the one that
// main_entry.txt names, else the first that is a dumpstate.
func (s *Source) chooseMain(reports []evidence.Entry, named string) {
	if s.o.Files.Kind == iosfiles.Loose {
		return
	}
	rank := func(name string) int {
		switch base := path.Base(name); {
		case named != "" && base == named:
			return 4
		case s.o.Files.Kind == AndroidQF && name == "dumpsys.txt":
			return 3
		case IsMainReport(base):
			return 2
		default:
			return 1
		}
	}
	best := 0
	for _, e := range reports {
		if r := rank(e.Path); r > best {
			s.main, best = e.Path, r
		}
	}
}

// read returns a small file, nil where there is none.
func (s *Source) read(ctx context.Context, from map[string]evidence.Entry, name string) []byte {
	e, ok := from[name]
	if !ok {
		return nil
	}
	f, err := s.files.Open(ctx, e)
	if err != nil {
		return nil // who reads it for its own sake tells
	}
	defer f.Close()
	data, err := limit.ReadFull(f, f.Size(), maxFact)
	if err != nil {
		return nil
	}
	return data
}

// facts is what was found out.
type facts struct {
	props   map[string]string
	started time.Time // when the acquisition began
	local   time.Time // when the report was made, by the phone's clock
}

// maxProps bounds the properties that are kept.
const maxProps = 20_000

// properties reads "[name]: [value]" lines.
func (f *facts) properties(data []byte) {
	for line := range bytes.Lines(data) {
		name, value, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), "]: [")
		if ok && strings.HasPrefix(name, "[") && len(f.props) < maxProps {
			f.props[name[1:]] = strings.TrimSuffix(value, "]")
		}
	}
}

func (f *facts) acquisition(data []byte) {
	var a struct {
		Started time.Time `json:"started"`
	}
	if json.Unmarshal(data, &a) == nil {
		f.started = a.Started
	}
}

// report reads the head of a dumpstate and the phone's properties in it.
func (f *facts) report(ctx context.Context, s *Source, e evidence.Entry) {
	t, err := s.text(ctx, e)
	if err != nil {
		return // listing it tells
	}
	for _, sec := range t.sections {
		if sec.Name != dumpsys.Header && sec.Name != "dumpstate/SYSTEM PROPERTIES" {
			continue
		}
		data, err := limit.ReadFull(newPart(t, sec), sec.Length, maxFact)
		if err != nil {
			continue
		}
		if sec.Name == dumpsys.Header {
			f.header(data)
		} else {
			f.properties(data)
		}
	}
}

// header reads the head of a dumpstate: what it says also stands in the
// properties, which a report may lack.
func (f *facts) header(data []byte) {
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		switch key, value, _ := strings.Cut(text, ": "); key {
		case "== dumpstate":
			f.local, _ = time.Parse("2006-01-02 15:04:05", value)
		case "Build fingerprint":
			f.props[headerFingerprint] = strings.Trim(value, "'")
		}
	}
}

const headerFingerprint = " header fingerprint" // no property begins with a blank

func (f *facts) first(names ...string) string {
	for _, name := range names {
		if v := f.props[name]; v != "" {
			return cut(v)
		}
	}
	return ""
}

// device makes facts of properties. Their names are those of AOSP's
// build/make/tools/buildinfo.sh; some makers leave some of them out.
func (f *facts) device() finding.Device {
	d := finding.Device{
		Model:         f.first("ro.product.model", "ro.product.system.model", "ro.product.vendor.model"),
		Manufacturer:  f.first("ro.product.manufacturer", "ro.product.system.manufacturer", "ro.product.vendor.manufacturer"),
		Version:       f.first("ro.build.version.release", "ro.system.build.version.release"),
		Build:         f.first("ro.build.display.id", "ro.build.id"),
		Fingerprint:   f.first("ro.build.fingerprint", "ro.system.build.fingerprint", headerFingerprint),
		SecurityPatch: f.first("ro.build.version.security_patch"),
		Serial:        f.first("ro.serialno", "ro.boot.serialno"),
		TimeZone:      f.first("persist.sys.timezone"),
	}
	// brand/product/device:release/id/incremental:type/tags
	if parts := strings.Split(d.Fingerprint, "/"); d.Version == "" && len(parts) >= 4 {
		_, d.Version, _ = strings.Cut(parts[2], ":")
	}
	if name := f.first("ro.product.marketname", "ro.config.marketing_name", "ro.product.vendor.marketname"); name != "" {
		d.ModelName = name
	} else if d.Model != "" {
		d.ModelName = d.Model
		if m := d.Manufacturer; m != "" && !strings.HasPrefix(strings.ToLower(d.Model), strings.ToLower(m)) {
			d.ModelName = strings.ToUpper(m[:1]) + m[1:] + " " + d.Model
		}
	}
	return d
}

// patch says how the security patch stood on the day on which the evidence was
// made, nil where the level or the day is not told.
func (f *facts) patch() *finding.Patch {
	day := f.started
	if day.IsZero() {
		day = f.local
	}
	if day.IsZero() {
		return nil
	}
	api, err := strconv.Atoi(f.first("ro.build.version.sdk", "ro.system.build.version.sdk"))
	if err != nil {
		api = 0 // no version: the list says nothing of when its fixes ended
	}
	p, ok := android.PatchOn(f.first("ro.build.version.security_patch"), api, day)
	if !ok {
		return nil
	}
	return &finding.Patch{AgeDays: p.AgeDays, MissedBulletins: p.Missed, Newest: p.Newest, Ended: p.Ended}
}

// acquired is when the evidence was made, where its clock's zone is known.
func (f *facts) acquired() *time.Time {
	if !f.started.IsZero() {
		t := f.started.UTC()
		return &t
	}
	zone, err := loadZone(f.props["persist.sys.timezone"])
	if f.local.IsZero() || err != nil {
		return nil
	}
	l := f.local
	t := time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, zone).UTC()
	return &t
}

var errNoZone = errors.New("no time zone")

// loadZone finds a zone by its name; what is none names no file either.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || strings.ContainsAny(name, "\\.") || len(name) > 64 {
		return nil, errNoZone
	}
	return time.LoadLocation(name)
}

// cut keeps a fact to a length that a person reads.
func cut(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
