package android

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/android"
	"github.com/amparo-project/amparo/internal/artifact"
)

// getprop reads the properties of the system, as the command getprop lists them.
type getprop struct{}

var getpropInfo = artifact.Info{
	Name:    "android.getprop",
	Version: 3,
	Summary: "Properties of the system: model, version, patch level, and how it was started.",
	Files:   []string{"**/getprop.txt", "**/dumpstate/SYSTEM PROPERTIES"}, Companions: []string{"**/dumpstate/HEADER", "**/acquisition.json"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "property",
			Doc:  "A property.",
			Fields: []artifact.FieldInfo{
				{Name: "name", Type: artifact.Text, Doc: "name"},
				{Name: "value", Type: artifact.Text, Doc: "value"},
			},
		},
		{
			Kind: "system",
			Doc:  "What the properties together say of the system.",
			Fields: []artifact.FieldInfo{
				{Name: "manufacturer", Type: artifact.Text, Doc: "maker of the phone"},
				{Name: "model", Type: artifact.Text, Doc: "model"},
				{Name: "version", Type: artifact.Text, Doc: "version of Android"},
				{Name: "api", Type: artifact.Int, Doc: "its API level"},
				{Name: "security_patch", Type: artifact.Text, Doc: "day of the security bulletin whose fixes the system has"},
				{Name: "last_start", Type: artifact.Text, Doc: "the latest start that the properties tell of"},
				{Name: "patch_age_days", Type: artifact.Int, Doc: "days from the patch level to the latest day that the phone or its acquisition tells of: the patch is at least that old"},
				{Name: "missed_bulletins", Type: artifact.Int, Doc: "bulletins with fixes for this version of Android that were out by then and that the patch level lacks: at least so many"},
				{Name: "newest_patch", Type: artifact.Text, Doc: "newest patch level that was out by then for this version, as far as the list of bulletins goes; absent where the phone has it"},
				{Name: "no_more_patches", Type: artifact.Bool, Doc: "bulletins had no more fixes for this version of Android on that day"},
				{Name: "fingerprint", Type: artifact.Text, Doc: "name of the build"},
				{Name: "build_type", Type: artifact.Text, Doc: "user on phones that are sold; userdebug or eng have a way to root"},
				{Name: "build_tags", Type: artifact.Text, Doc: "release-keys on phones that are sold; test-keys and dev-keys are anybody's"},
				{Name: "verified_boot", Type: artifact.Text, Doc: "green: the maker's system, unchanged; yellow: another's with its own key; orange: the bootloader is open"},
				{Name: "bootloader_locked", Type: artifact.Bool, Doc: "false: any system can be started"},
				{Name: "verity", Type: artifact.Text, Doc: "what happens when the system was changed: enforcing, logging, disabled"},
				{Name: "debuggable", Type: artifact.Bool, Doc: "every app can be debugged"},
				{Name: "adb_root", Type: artifact.Bool, Doc: "the cable gives root"},
				{Name: "selinux", Type: artifact.Text, Doc: "enforcing or permissive, as set at the start"},
				{Name: "encryption", Type: artifact.Text, Doc: "encrypted or not, and by file or block"},
				{Name: "timezone", Type: artifact.Text, Doc: "time zone of the phone"},
				{Name: "locale", Type: artifact.Text, Doc: "language and country"},
				{Name: "sim_country", Type: artifact.Text, Doc: "country of the SIM's operator"},
				{Name: "sim_operator", Type: artifact.Text, Doc: "name of it"},
				{Name: "serial", Type: artifact.Text, Doc: "serial number"},
			},
			Times: []string{"built", "last_start"},
		},
	},
	Caveats: []string{
		"A system that was taken over can say of itself what it likes.",
		"The age of the patch is counted to the latest day that the evidence tells of, so it is a lower bound.",
	},
	Refs: []string{
		"https://source.android.com/docs/security/features/verifiedboot/boot-flow",
		"https://android.googlesource.com/platform/system/core/+/refs/heads/main/init/README.md",
		"https://docs.mvt.re/en/latest/android/",
	},
}

// Info implements artifact.Parser.
func (getprop) Info() artifact.Info { return getpropInfo }

// Parse implements artifact.Parser.
func (getprop) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		p := &properties{r: r, values: map[string]string{}}
		err := r.lines(p.line)
		if err == nil {
			p.at.cut = true // if one is still open
			err = p.give()
		}
		if err == nil && p.count == 0 {
			return errUnknownForm
		}
		if err == nil {
			p.made, err = r.madeAt()
		}
		if err == nil {
			err = p.system()
		}
		return err
	})
}

// properties are those of a phone: a line each, of the form [name]: [value].
// A value may go on over lines.
type properties struct {
	r      *fileReading
	values map[string]string // of those that say something of the system
	count  int
	made   time.Time // when the evidence was made; zero: not told

	open        bool
	name, value string
	at          textLine
}

func (p *properties) line(l textLine) error {
	if p.open {
		p.value += "\n" + l.text
		p.at.length = l.offset + l.length - p.at.offset
		p.at.cut = p.at.cut || l.cut
		return p.closed()
	}
	name, value, ok := splitProperty(l.text)
	if !ok {
		if strings.Trim(l.text, "- ") != "" {
			p.r.notUnderstood()
		}
		return nil
	}
	p.open, p.name, p.value, p.at = true, name, value, l
	return p.closed()
}

// closed gives the property if its value has ended.
func (p *properties) closed() error {
	value, ok := strings.CutSuffix(p.value, "]")
	if !ok && len(p.value) < p.r.In.Limits.FieldLen {
		return nil
	}
	p.value = value
	return p.give()
}

// give gives the open property, if there is one.
func (p *properties) give() error {
	if !p.open {
		return nil
	}
	p.open = false
	p.count++
	r := p.r
	rec := r.startLine("property", p.at)
	r.set("name", p.name)
	r.set("value", p.value)
	rec.Observe(artifact.AndroidProperty, p.name, "name")
	if systemProperties[p.name] {
		p.values[p.name] = p.value
	}
	name, value := p.name, p.value
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "property ", name, "=", value) }
	return r.Give()
}

// splitProperty cuts a line into a name and a value, whose closing bracket is
// still there: it may be on a later line.
func splitProperty(s string) (name, value string, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimSpace(s), "[")
	if !ok {
		return "", "", false
	}
	return cutFound(s, "]: [")
}

func cutFound(s, sep string) (before, after string, ok bool) {
	before, after, ok = strings.Cut(s, sep)
	return before, after, ok && before != ""
}

// systemProperties are the properties that the record of the system is made of.
var systemProperties = wordSet(`
	ro.product.manufacturer ro.product.model ro.build.version.release ro.build.version.sdk
	ro.build.version.security_patch ro.build.fingerprint ro.build.type ro.build.tags ro.build.date.utc
	ro.boot.verifiedbootstate ro.boot.flash.locked ro.boot.vbmeta.device_state ro.boot.veritymode
	ro.debuggable ro.secure service.adb.root ro.boot.selinux ro.build.selinux ro.crypto.state ro.crypto.type
	persist.sys.timezone ro.product.locale persist.sys.locale gsm.sim.operator.iso-country gsm.sim.operator.alpha
	ro.serialno persist.sys.boot.reason.history ro.boottime.init ro.runtime.firstboot`)

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// system gives the record of the system, if there are properties of it.
func (p *properties) system() error {
	v := p.values
	if v["ro.build.version.release"] == "" && v["ro.build.fingerprint"] == "" {
		return nil
	}
	r := p.r
	rec := r.Start("system", 0, r.In.Size)
	for _, f := range []struct{ field, property string }{
		{"manufacturer", "ro.product.manufacturer"},
		{"model", "ro.product.model"},
		{"version", "ro.build.version.release"},
		{"security_patch", "ro.build.version.security_patch"},
		{"fingerprint", "ro.build.fingerprint"},
		{"build_type", "ro.build.type"},
		{"build_tags", "ro.build.tags"},
		{"verified_boot", "ro.boot.verifiedbootstate"},
		{"verity", "ro.boot.veritymode"},
		{"timezone", "persist.sys.timezone"},
		{"sim_country", "gsm.sim.operator.iso-country"},
		{"sim_operator", "gsm.sim.operator.alpha"},
		{"serial", "ro.serialno"},
	} {
		r.set(f.field, strings.Trim(v[f.property], ","))
	}
	r.set("locale", firstOf(v["persist.sys.locale"], v["ro.product.locale"]))
	r.set("selinux", firstOf(v["ro.boot.selinux"], v["ro.build.selinux"]))
	r.set("encryption", strings.TrimSpace(v["ro.crypto.state"]+" "+v["ro.crypto.type"]))
	p.flags(rec)
	p.age(rec)
	if built, err := strconv.ParseInt(v["ro.build.date.utc"], 10, 64); err == nil {
		rec.When("built", artifact.UnixSeconds, artifact.IntValue(built))
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "system: ", rec.Text("manufacturer"), " ", rec.Text("model"), ", Android ", rec.Text("version"), ", patch ", rec.Text("security_patch"))
	}
	return r.Give()
}

func (p *properties) flags(rec *artifact.Record) {
	v := p.values
	if api, err := strconv.ParseInt(v["ro.build.version.sdk"], 10, 32); err == nil {
		rec.Set("api", artifact.IntValue(api))
	}
	switch {
	case v["ro.boot.flash.locked"] == "1", v["ro.boot.vbmeta.device_state"] == "locked":
		rec.Set("bootloader_locked", artifact.BoolValue(true))
	case v["ro.boot.flash.locked"] == "0", v["ro.boot.vbmeta.device_state"] == "unlocked":
		rec.Set("bootloader_locked", artifact.BoolValue(false))
	}
	if d := v["ro.debuggable"]; d != "" {
		rec.Set("debuggable", artifact.BoolValue(d == "1"))
	}
	if v["service.adb.root"] != "" || v["ro.secure"] != "" {
		rec.Set("adb_root", artifact.BoolValue(v["service.adb.root"] == "1" || v["ro.secure"] == "0"))
	}
}

// age sets how old the patch is at least, and the latest start of the phone,
// which is what that is counted to.
func (p *properties) age(rec *artifact.Record) {
	latest, raw := p.latest()
	if !latest.IsZero() {
		rec.Set("last_start", artifact.TextValue(latest.Format(time.RFC3339)))
		rec.When("last_start", artifact.UnixSeconds, artifact.IntValue(raw))
	}
	if p.made.After(latest) {
		latest = p.made
	}
	if latest.IsZero() {
		return
	}
	api, hasAPI := rec.Get("api").Int()
	patch, ok := android.PatchOn(p.values["ro.build.version.security_patch"], int(api), latest)
	if ok {
		rec.Set("patch_age_days", artifact.IntValue(int64(patch.AgeDays)))
		rec.Set("missed_bulletins", artifact.IntValue(int64(patch.Missed)))
		p.r.set("newest_patch", patch.Newest)
	}
	if version, known := android.VersionOf(int(api)); known && hasAPI {
		rec.Set("no_more_patches", artifact.BoolValue(version.EndedBy(latest)))
	}
}

// latest returns the latest start of the phone that its history has: lines of
// a reason and the seconds since 1970.
func (p *properties) latest() (at time.Time, raw int64) {
	for _, line := range strings.Fields(p.values["persist.sys.boot.reason.history"]) {
		n, err := strconv.ParseInt(line[strings.LastIndexByte(line, ',')+1:], 10, 64)
		if err != nil || n < raw {
			continue
		}
		if t, ok := artifact.UnixSeconds.At(artifact.IntValue(n)); ok {
			at, raw = t, n
		}
	}
	return at, raw
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
