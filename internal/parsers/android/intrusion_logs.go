package android

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/format/jsonlist"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// intrusionLogs reads the events that Android's Advanced Protection keeps and
// the owner exports.
type intrusionLogs struct{}

// intrusionFiles are the patterns of exported logs: in one folder, in folders
// below it, and in archives there.
var intrusionFiles = []string{
	"**/intrusion_logs/*.txt", "**/intrusion_logs/*/*.txt", "**/intrusion_logs/*/*/*.txt",
	"**/intrusion_logs/*.json", "**/intrusion_logs/*/*.json", "**/intrusion_logs/*/*/*.json",
}

var intrusionLogsInfo = artifact.Info{
	Name:       "android.intrusion_logs",
	Version:    1,
	Summary:    "Names looked up, connections made and events of security, as Android's Advanced Protection logged them.",
	Files:      intrusionFiles,
	Companions: intrusionFiles,
	Kinds: []artifact.KindInfo{
		{
			Kind: "dns",
			Doc:  "An app looked up the name of a server.",
			Fields: []artifact.FieldInfo{
				{Name: "package_name", Type: artifact.Text, Doc: "app"},
				{Name: "hostname", Type: artifact.Text, Doc: "name"},
				{Name: "ip_addresses", Type: artifact.Strings, Doc: "addresses that came back"},
				{Name: "ip_addresses_count", Type: artifact.Int, Doc: "number of them, of which the log may leave some out"},
				{Name: "event_id", Type: artifact.Int, Doc: "number of the event"},
			},
			Times: []string{"looked_up"},
		},
		{
			Kind: "connect",
			Doc:  "An app connected to a server.",
			Fields: []artifact.FieldInfo{
				{Name: "package_name", Type: artifact.Text, Doc: "app"},
				{Name: "ip_address", Type: artifact.Text, Doc: "address"},
				{Name: "port", Type: artifact.Int, Doc: "port"},
				{Name: "event_id", Type: artifact.Int, Doc: "number of the event"},
			},
			Times: []string{"connected"},
		},
		{
			Kind: "security",
			Doc:  "An event of security.",
			Fields: []artifact.FieldInfo{
				{Name: "event", Type: artifact.Text, Doc: "which: adb_shell_cmd, package_installed…"},
				{Name: "tag", Type: artifact.Int, Doc: "its number in Android (SecurityLog), where it is known"},
				{Name: "description", Type: artifact.Text, Doc: "what that means"},
				{Name: "package_name", Type: artifact.Text, Doc: "app, of an event on one"},
				{Name: "process", Type: artifact.Text, Doc: "process that was started"},
				{Name: "command", Type: artifact.Text, Doc: "command that came over the cable"},
				{Name: "path", Type: artifact.Text, Doc: "file that was copied over the cable, or medium"},
				{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of the app's package"},
				{Name: "subject", Type: artifact.Text, Doc: "whom a certificate names"},
				{Name: "success", Type: artifact.Bool, Doc: "it succeeded"},
				{Name: "data", Type: artifact.Tree, Doc: "all that the event holds"},
				{Name: "event_id", Type: artifact.Int, Doc: "number of the event"},
			},
			Times: []string{"happened", "started"},
		},
		{
			Kind: "other",
			Doc:  "An event of another type.",
			Fields: []artifact.FieldInfo{
				{Name: "event", Type: artifact.Text, Doc: "its type"},
				{Name: "data", Type: artifact.Tree, Doc: "all that it holds"},
			},
		},
	},
	Caveats: []string{
		"Events that two exports have in common are told once, from the first of the files by name.",
		"Times are those of the phone's clock, counted in UTC.",
		"Look-ups that an app makes by itself, over encrypted DNS, are not logged.",
	},
	Refs: []string{
		"https://developer.android.com/reference/android/app/admin/SecurityLog",
		"https://docs.mvt.re/en/latest/android/intrusion_log_format/",
		"https://securitylab.amnesty.org/latest/2026/05/android-intrusion-logging-as-a-new-source-of-data-for-consensual-forensic-analysis/",
	},
}

// Info implements artifact.Parser.
func (intrusionLogs) Info() artifact.Info { return intrusionLogsInfo }

// Parse implements artifact.Parser. The first file of a folder by name stands
// for all of them, so that an event of several exports is told once.
func (intrusionLogs) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readWhole(ctx, in, func(r *fileReading) error {
		all := intrusionExports(in)
		if all[0] != in.Path {
			return nil
		}
		l := &intrusionReading{seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
		for _, path := range all {
			if err := l.file(r, path); err != nil {
				return err
			}
		}
		return nil
	})
}

// intrusionExports returns the paths of all files of the evidence that are
// read as one, sorted. in is among them.
func intrusionExports(in *artifact.Input) []string {
	all := []string{in.Path}
	for _, pattern := range intrusionFiles {
		all = append(all, in.Find(pattern)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// maxSeen bounds the events that are remembered, of 16 bytes each; past it an
// event that is there twice is told twice.
const maxSeen = 8 << 20

// An intrusionReading is what was seen of the files so far.
type intrusionReading struct {
	r    *fileReading
	seen map[uint64]struct{}
	seed maphash.Seed
}

// file reads one of the files.
func (l *intrusionReading) file(r *fileReading, path string) error {
	in := r.In
	if path != in.Path {
		var err error
		if in, err = r.In.Companion(path); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return r.problemIn(path, err)
		}
	}
	l.r = &fileReading{&input.Reading{Ctx: r.Ctx, In: in, Yield: r.Yield}}
	err := l.r.objects(limit.MiB, l.event)
	if err == nil || errors.Is(err, input.ErrStopped) || path == r.In.Path || r.Ctx.Err() != nil {
		return err
	}
	return r.problemIn(path, err)
}

// problemIn tells of another file that could not be read.
func (r *fileReading) problemIn(path string, err error) error {
	return r.ProblemAt(artifact.Location{Path: path}, err)
}

// event reads one line: an object with one member, which names the type.
func (l *intrusionReading) event(v ips.Value, at jsonlist.Element) error {
	raw := bytes.TrimSpace(at.Raw)
	sum := maphash.Bytes(l.seed, raw)
	if _, twice := l.seen[sum]; twice {
		return nil
	}
	if len(l.seen) < maxSeen {
		l.seen[sum] = struct{}{}
	}
	some := false
	for name, data := range v.Members() {
		some = true
		var err error
		switch name {
		case "dns_event":
			err = l.dns(data, at, v)
		case "connect_event":
			err = l.connect(data, at, v)
		case "security_event":
			err = l.security(data, at, v)
		default:
			err = l.other(name, data, at, v)
		}
		if err != nil {
			return err
		}
	}
	if !some {
		return l.r.Problem(at.Offset, errUnknownForm)
	}
	return nil
}

func (l *intrusionReading) dns(data ips.Value, at jsonlist.Element, v ips.Value) error {
	r, m := l.r, data.Map()
	rec := r.Start("dns", at.Offset, v.Length())
	r.set("package_name", m["package_name"].Text())
	host := m["hostname"].Text()
	r.set("hostname", host)
	addresses := r.texts(m["ip_addresses"])
	for i, a := range addresses {
		addresses[i] = strings.TrimPrefix(a[strings.LastIndexByte(a, '/')+1:], "/") // Java writes "host/address"
		rec.Observe(artifact.IP, addresses[i], "ip_addresses")
	}
	r.list("ip_addresses", addresses)
	rec.Set("ip_addresses_count", r.Scalar(m["ip_addresses_count"]))
	rec.Set("event_id", r.Scalar(m["event_id"]))
	r.instant("looked_up", artifact.UnixMilliseconds, m["event_time"])
	rec.Observe(artifact.Domain, host, "hostname")
	rec.Observe(artifact.AppID, rec.Text("package_name"), "package_name")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, rec.Text("package_name"), " looked up ", rec.Text("hostname"))
	}
	return r.Give()
}

func (l *intrusionReading) connect(data ips.Value, at jsonlist.Element, v ips.Value) error {
	r, m := l.r, data.Map()
	rec := r.Start("connect", at.Offset, v.Length())
	r.set("package_name", m["package_name"].Text())
	address := m["ip_address"].Text()
	r.set("ip_address", address)
	rec.Set("port", r.Scalar(m["port"]))
	rec.Set("event_id", r.Scalar(m["event_id"]))
	r.instant("connected", artifact.UnixMilliseconds, m["event_time"])
	if ip, err := netip.ParseAddr(address); err != nil || !ip.IsLoopback() && !ip.IsUnspecified() {
		rec.Observe(artifact.IP, address, "ip_address")
	}
	rec.Observe(artifact.AppID, rec.Text("package_name"), "package_name")
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, rec.Text("package_name"), " connected to ", rec.Text("ip_address"))
	}
	return r.Give()
}

// eventMembers are the members of a security event beside the event itself.
var eventMembers = wordSet("event_id event_time event_type timestamp")

func (l *intrusionReading) security(data ips.Value, at jsonlist.Element, v ips.Value) error {
	r := l.r
	var name string
	var payload, when, id ips.Value
	for key, member := range data.Members() {
		switch {
		case key == "event_time":
			when = member
		case key == "event_id":
			id = member
		case name == "" && !eventMembers[key]:
			name, payload = key, member
		}
	}
	if name == "" {
		return r.Problem(at.Offset, errNoName)
	}
	rec := r.Start("security", at.Offset, v.Length())
	r.set("event", name)
	if e, ok := securityEvents[name]; ok {
		rec.Set("tag", artifact.IntValue(e.tag))
		r.set("description", e.doc)
	}
	m := payload.Map()
	for _, field := range []string{"process", "command", "path", "sha256", "subject"} {
		r.set(field, m[field].Text())
	}
	r.set("package_name", firstOf(m["package_name"].Text(), m["package"].Text()))
	if s := m["success"]; s.Kind() == ips.Bool {
		rec.Set("success", artifact.BoolValue(s.Bool()))
	}
	tree := map[string]any{}
	for key, member := range m {
		if s := r.plain(member); s != nil {
			tree[key] = s
		}
	}
	if len(tree) > 0 {
		rec.Set("data", artifact.TreeValue(tree))
	}
	rec.Set("event_id", r.Scalar(id))
	r.instant("happened", artifact.UnixNanoseconds, when)
	if name == "app_process_start" {
		r.instant("started", artifact.UnixMilliseconds, m["start_time"])
	}
	r.observeSecurity(rec, name)
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, rec.Text("event"), ": ", firstOf(rec.Text("command"), rec.Text("path"), rec.Text("process"), rec.Text("package_name"), rec.Text("subject")))
	}
	return r.Give()
}

// plain returns a scalar of JSON as it stands in a tree, nil for what is none.
func (r *fileReading) plain(v ips.Value) any {
	f := r.Scalar(v)
	if s, ok := f.Str(); ok {
		return s
	}
	if b, ok := f.Bool(); ok {
		return b
	}
	if n, ok := f.Int(); ok {
		return n
	}
	if n, ok := f.Float(); ok {
		return n
	}
	return nil
}

// observeSecurity notes what an indicator may name.
func (r *fileReading) observeSecurity(rec *artifact.Record, event string) {
	if p := rec.Text("process"); p != "" {
		rec.Observe(artifact.Process, p, "process")
		for part := range strings.SplitSeq(p, ":") {
			if isPackageName(part) {
				rec.Observe(artifact.AppID, part, "process")
			}
		}
	}
	if strings.HasPrefix(event, "adb_sync_") {
		rec.Observe(artifact.FilePath, rec.Text("path"), "path")
	}
	rec.Observe(artifact.AppID, rec.Text("package_name"), "package_name")
	rec.Observe(artifact.FileHash, rec.Text("sha256"), "sha256")
	for i, word := range strings.FieldsFunc(rec.Text("command"), func(c rune) bool { return strings.ContainsRune(" \t\n'\";&|=()", c) }) {
		if i == maxTexts {
			break
		}
		switch app, _, _ := strings.Cut(word, "/"); {
		case strings.HasPrefix(word, "/"):
			rec.Observe(artifact.FilePath, word, "command")
		case isPackageName(app):
			rec.Observe(artifact.AppID, app, "command")
		}
	}
}

func (l *intrusionReading) other(name string, data ips.Value, at jsonlist.Element, v ips.Value) error {
	r := l.r
	rec := r.Start("other", at.Offset, v.Length())
	r.set("event", name)
	tree := map[string]any{}
	for key, member := range data.Map() {
		if s := r.plain(member); s != nil {
			tree[key] = s
		}
	}
	if len(tree) > 0 {
		rec.Set("data", artifact.TreeValue(tree))
	}
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "event of another type: ", rec.Text("event")) }
	return r.Give()
}

// instant sets a time that is a number, also one that is written as a text.
func (r *fileReading) instant(meaning string, epoch artifact.Epoch, v ips.Value) {
	if n, err := strconv.ParseInt(v.Plain(), 10, 64); err == nil && n != 0 {
		r.Rec.When(meaning, epoch, artifact.IntValue(n))
	} else if s := v.Text(); s != "" && s != "0" {
		r.Rec.When(meaning, artifact.Calendar, artifact.TextValue(r.Cut(s)))
	}
}
