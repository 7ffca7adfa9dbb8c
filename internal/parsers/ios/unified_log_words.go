package ios

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/format/tracev3"
)

// A logRule says which entries of a process are worth a record.
type logRule struct {
	about string
	any   []string // one of which the message has
}

func (l *logRule) match(msg []byte) string {
	for _, s := range l.any {
		if bytes.Contains(msg, []byte(s)) {
			return l.about
		}
	}
	return ""
}

// kernelRules and the like are the words of Apple's own programs, as they
// stand in their logs.
var (
	kernelRules = []logRule{
		{"killed", []string{"memorystatus: killing", "EXC_RESOURCE", "EXC_GUARD"}},
		{"code_signature", []string{"AMFI:", "CODE SIGNING:", "code signature"}},
		{"crash", []string{"panic("}},
	}
	launchdRules = []logRule{
		{"process_start", []string{"uccessfully spawned", "Spawned process", "xpcproxy spawned"}},
		{"process_end", []string{"exited due to", "exited with", "Service exited"}},
	}
	crashRules = []logRule{
		{"crash", []string{"Formulating", "Saved type", "corpse", "crash report", ".ips"}},
	}
	signatureRules = []logRule{
		{"code_signature", []string{"ot signed", "nvalid signature", "not valid", "adhoc", "CMS blob"}},
	}
)

// rulesOf returns the rules for a process. The kernel and launchd are known by
// their numbers, which no other process can have.
func rulesOf(name string, pid uint32) []logRule {
	switch pid {
	case 0:
		return kernelRules
	case 1:
		return launchdRules
	}
	switch name {
	case "ReportCrash", "osanalyticshelper", "CrashReporterSupportHelper":
		return crashRules
	case "amfid":
		return signatureRules
	}
	return nil
}

// saysLockdownMode reports whether a format string is of an entry by which
// Apple's programs tell that they leave something out because Lockdown Mode is
// on: callservicesd on Handoff, IMAVCore on calls, and others. None is known
// that tells when it was turned on or off.
func saysLockdownMode(format string) bool {
	return strings.Contains(format, "because lockdown mode is enabled") || strings.Contains(format, "because Lockdown Mode is enabled")
}

type namedKey struct {
	typ   artifact.ObservableType
	value string
	proc  *seenProcess
}

// A namedValue is something that a process named.
type namedValue struct {
	namedKey
	logPlace
	logSpan
	entries             int64
	pid                 int64
	subsystem, category string
	example             string
	cut                 bool
}

// plainTexts remembers texts that name nothing, for logs repeat themselves.
// The seed is of the reading, so nobody can write a text that hides another.
type plainTexts struct {
	seed maphash.Seed
	seen [1 << 14]uint64
}

// at returns where a text is remembered, and its hash.
func (p *plainTexts) at(b []byte) (slot *uint64, hash uint64) {
	hash = maphash.Bytes(p.seed, b)
	return &p.seen[hash%uint64(len(p.seen))], hash
}

// text looks for what a text among the arguments of an entry names.
func (r *logReading) text(b []byte) {
	if len(b) < 4 || bytes.IndexByte(b, '.') < 0 && bytes.IndexByte(b, '/') < 0 && bytes.IndexByte(b, ':') < 0 {
		return
	}
	slot, hash := r.plain.at(b)
	if *slot == hash {
		return
	}
	before := r.names
	r.words(b)
	if r.names == before {
		*slot = hash
	}
}

// Bounds of what is searched of one state dump: logd writes some 32 KiB.
const (
	maxStateValues = 10_000
	maxStateDepth  = 16
)

// state looks for what the texts of a property list name. A dump that is not
// whole is searched as far as it can be read.
func (r *logReading) state(data []byte) {
	root, err := plist.Parse(data)
	if err != nil {
		return
	}
	left := maxStateValues
	r.stateValue(root, maxStateDepth, &left)
}

func (r *logReading) stateValue(v plist.Value, depth int, left *int) {
	if *left--; *left < 0 || depth == 0 {
		return
	}
	switch v.Kind() {
	case plist.String:
		r.stateText(v)
	case plist.Array, plist.Set:
		for e := range v.Items() {
			if *left < 0 {
				return
			}
			r.stateValue(e, depth-1, left)
		}
	case plist.Dict:
		for k, e := range v.Pairs() {
			if *left < 0 {
				return
			}
			r.stateValue(k, 1, left)
			r.stateValue(e, depth-1, left)
		}
	}
}

func (r *logReading) stateText(v plist.Value) {
	if b := v.ASCII(); b != nil {
		r.text(b)
	} else if s, ok := v.Str(); ok {
		r.text([]byte(s))
	}
}

// words looks for hosts, addresses, links and files in a text.
func (r *logReading) words(b []byte) {
	if len(b) <= maxHostLen {
		if host := wholeHost(b); host != "" {
			r.name(artifact.Domain, host)
			return
		}
		if ip := wholeIP(b); ip != "" {
			r.name(artifact.IP, ip)
			return
		}
	}
	if r.mayLink(b) {
		r.links(b)
	}
	if bytes.Contains(b, []byte("/var/")) || bytes.Contains(b, []byte("/tmp/")) || bytes.Contains(b, []byte("/private/")) {
		for _, p := range filePaths(string(b), nil) {
			r.name(artifact.FilePath, p)
		}
	}
}

// mayLink reports whether a text is worth a search for links. State dumps
// have many texts with dots, names of classes most of them: there links need a
// scheme.
func (r *logReading) mayLink(b []byte) bool {
	if r.e.Type != tracev3.State && bytes.IndexByte(b, '.') >= 0 {
		return true
	}
	return bytes.Contains(b, []byte("://"))
}

func (r *logReading) links(b []byte) {
	r.found = links.ScanBytes(b, r.found[:0])
	for i := range r.found {
		l := &r.found[i]
		if l.Kind == links.NoScheme && reversed(l.Text) || strings.HasPrefix(l.URL, "file:") {
			continue
		}
		r.name(artifact.URL, l.URL)
	}
}

// addresses looks for hosts and addresses in a message whose format string
// says that it has them.
func (r *logReading) addresses(msg string) {
	for word := range strings.FieldsFuncSeq(msg, func(c rune) bool { return strings.ContainsRune(" \t\n,;()<>\"'=", c) }) {
		word = strings.Trim(word, ".:")
		if len(word) > maxHostLen {
			continue
		}
		if ip := wholeIP([]byte(word)); ip != "" {
			r.name(artifact.IP, ip)
		} else if host := wholeHost([]byte(word)); host != "" {
			r.name(artifact.Domain, host)
		}
	}
}

// name counts a value that the entry names.
func (r *logReading) name(t artifact.ObservableType, value string) {
	if len(value) > r.in.Limits.FieldLen || !utf8.ValidString(value) {
		return
	}
	r.names++
	proc := r.seen
	if r.e.Process == nil {
		proc = nil
	}
	key := namedKey{t, value, proc}
	n := r.named[key]
	if n == nil {
		if len(r.namedOrder) >= maxLogNamed {
			r.full = true
			return
		}
		n = r.newNamed(key)
		r.named[key] = n
		r.namedOrder = append(r.namedOrder, n)
	}
	n.entries++
	n.add(r.at)
}

func (r *logReading) newNamed(key namedKey) *namedValue {
	n := &namedValue{namedKey: key, logPlace: logPlace{r.e.Offset, r.e.Length}, pid: -1}
	if p := r.e.Process; p != nil {
		n.pid = int64(p.PID)
	}
	sub, category := r.e.Subsystem()
	n.subsystem, n.category = strings.ToValidUTF8(sub, "\uFFFD"), strings.ToValidUTF8(category, "\uFFFD")
	msg := r.render()
	if most := min(maxLogExample, r.in.Limits.FieldLen); len(msg) > most {
		msg, n.cut = msg[:most], true
	}
	n.example = strings.ToValidUTF8(string(msg), "")
	return n
}

func (r *logReading) giveNamed(n *namedValue) error {
	r.start("named", n.logPlace)
	r.rec.Truncated = n.cut
	r.rec.Set("value", artifact.TextValue(n.value))
	r.rec.Set("type", artifact.TextValue(string(n.typ)))
	r.rec.Set("entries", artifact.IntValue(n.entries))
	who := ""
	if n.proc != nil {
		who = n.proc.name
		r.rec.Set("process", artifact.TextOrNull(n.proc.name))
		r.rec.Set("path", artifact.TextOrNull(n.proc.path))
	}
	if n.pid >= 0 {
		r.rec.Set("pid", artifact.IntValue(n.pid))
	}
	r.rec.Set("subsystem", artifact.TextOrNull(r.cut(n.subsystem)))
	r.rec.Set("category", artifact.TextOrNull(r.cut(n.category)))
	r.rec.Set("message", artifact.TextOrNull(n.example))
	r.rec.Observe(n.typ, n.value, "value")
	n.set(&r.rec, "first_seen", "last_seen")
	r.rec.Summary = func(b []byte) []byte {
		return appendSummary(b, firstText(who, "a process"), " named ", n.value)
	}
	return r.give()
}

// maxHostLen is longer than any host with a port.
const maxHostLen = 262

// wholeIP returns the address that the text is, without its port. An address
// that only means this device, or any, is none.
func wholeIP(b []byte) string {
	if len(b) < 3 || len(b) > 56 || !isHexDigit(b[0]) && b[0] != ':' && b[0] != '[' {
		return ""
	}
	s := string(b)
	a, err := netip.ParseAddr(s)
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return ""
		}
		a = ap.Addr()
	}
	a = a.WithZone("").Unmap()
	if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return ""
	}
	return a.String()
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// wholeHost returns the host that the text is, without its port and the dot
// that ends it in DNS.
func wholeHost(b []byte) string {
	end, labels, start := len(b), 0, 0
	if i := bytes.LastIndexByte(b, ':'); i > 0 {
		if _, err := strconv.ParseUint(string(b[i+1:]), 10, 16); err != nil {
			return ""
		}
		end = i
	}
	b = bytes.TrimSuffix(b[:end], []byte{'.'})
	for i := 0; i <= len(b); i++ {
		if i == len(b) || b[i] == '.' {
			if i == start || i-start > 63 {
				return ""
			}
			labels, start = labels+1, i+1
			continue
		}
		if c := b[i] | 0x20; (c < 'a' || c > 'z') && (b[i] < '0' || b[i] > '9') && b[i] != '-' && b[i] != '_' {
			return ""
		}
	}
	if labels < 2 {
		return ""
	}
	s := string(b)
	suffix, icann := publicsuffix.PublicSuffix(strings.ToLower(s))
	if !icann || len(suffix) == len(s) || reversed(s) {
		return ""
	}
	return s
}

// reversed reports whether a name is that of an app or a service, whose
// domain stands the other way round: "com.apple.network".
func reversed(s string) bool {
	first, _, _ := strings.Cut(s, ".")
	switch strings.ToLower(first) {
	case "com", "org", "net", "io", "co", "de", "me", "app", "us", "uk", "group", "systemgroup", "user", "gui", "system":
		return true
	}
	return false
}

// maxLogPaths bounds what is taken of one text.
const maxLogPaths = 64

// filePaths appends the files of the part of the phone that can be written to
// which a text names. A blank ends a path, so one with blanks is cut.
func filePaths(s string, dst []string) []string {
	for len(dst) < maxLogPaths {
		i := strings.IndexByte(s, '/')
		if i < 0 {
			break
		}
		if i > 0 && strings.IndexByte(" \t\n\"'([<=:,{|", s[i-1]) < 0 {
			s = s[i+1:]
			continue
		}
		s = s[i:]
		n := strings.IndexAny(s, " \t\r\n\"'<>()[]{},;|\\:")
		if n < 0 {
			n = len(s)
		}
		if p := "/" + strings.Trim(s[:n], "/."); writable(p) {
			dst = append(dst, devicePath(p))
		}
		s = s[max(n, 1):]
	}
	return dst
}

// writable reports whether a path lies outside the sealed system.
func writable(p string) bool {
	for _, root := range []string{"/private/", "/var/", "/tmp/"} {
		if strings.HasPrefix(p, root) && len(p) > len(root) {
			return true
		}
	}
	return false
}
