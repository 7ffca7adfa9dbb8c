package indicator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// kindUnknown is the kind of a value whose type nothing tells yet.
const kindUnknown = always + 1

// maxLine bounds a line of a list or a row of a table in bytes.
const maxLine = 1 * limit.MiB

// readList reads a value a line, of the type that the caller knows, the file's
// name says, or the value itself shows.
func (l *loader) readList(r io.Reader, k kind) error {
	if k == kindUnknown {
		k = kindOfName(l.set.File)
	}
	lines := newLines(r)
	for lines.next() {
		if lines.tooLong {
			l.set.problem(lines.place(), "", fmt.Sprintf("a line of more than %d bytes", int64(maxLine)))
			continue
		}
		value, comment := cleanLine(lines.text)
		if value == "" {
			l.set.TLP = max(l.set.TLP, parseTLP(comment))
			continue
		}
		if err := l.line(lines.n, k, value, l.commentAbout(comment)); err != nil {
			l.set.problem(lines.place(), value, err.Error())
		}
	}
	return lines.err
}

// commentAbout keeps the comment behind a value.
func (l *loader) commentAbout(comment string) *about {
	if comment == "" {
		return l.nothing
	}
	comment = clip(comment, maxDescription)
	return l.aboutFor("#"+comment, func(a *about) { a.description, a.tlp = strings.Clone(comment), parseTLP(comment) })
}

// line adds the value of a line.
func (l *loader) line(n int, k kind, value string, a *about) error {
	if k == kindUnknown {
		var ok bool
		if k, ok = guess(value); !ok {
			return errors.New("what it is cannot be seen from the value; --type says it")
		}
	}
	return l.put(listing{line: n, kind: k, value: value}, a)
}

// cleanLine takes comments, quotation marks and what block lists put around a
// value off a line.
func cleanLine(line string) (value, comment string) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
	if line == "" {
		return "", ""
	}
	switch {
	case line[0] == '#' || line[0] == ';' || line[0] == '!' || strings.HasPrefix(line, "//"):
		return "", strings.TrimSpace(strings.TrimLeft(line, "#;!/"))
	case strings.HasPrefix(line, "||"):
		return strings.TrimRight(strings.TrimPrefix(line, "||"), "^"), ""
	}
	for _, mark := range [...]string{" #", "\t#", " //", " ;"} {
		if i := strings.Index(line, mark); i > 0 {
			line, comment = strings.TrimSpace(line[:i]), strings.TrimSpace(strings.TrimLeft(line[i:], " \t#/;"))
		}
	}
	if address, host, ok := strings.Cut(line, " "); ok && (address == "0.0.0.0" || address == "127.0.0.1") {
		line = strings.TrimSpace(host)
	}
	return strings.Trim(line, `"'`+"`,"), comment
}

// fileKinds are the words of file names and of --type, and what they mean. The
// first that is part of a name counts.
var fileKinds = []struct {
	word string
	kind kind
}{
	{"cert_hash", kindCertHash},
	{"certificate", kindCertHash},
	{"config_profile", kindProfileID},
	{"profile_id", kindProfileID},
	{"profile", kindProfileID},
	{"android_propert", kindProperty},
	{"package", kindAppID},
	{"app_id", kindAppID},
	{"bundle_id", kindAppID},
	{"file_path", kindFilePath},
	{"path", kindFilePath},
	{"file_name", kindFileName},
	{"filename", kindFileName},
	{"process", kindProcess},
	{"sha256", kindFileHash},
	{"sha1", kindFileHash},
	{"md5", kindFileHash},
	{"hash", kindFileHash},
	{"email", kindEmail},
	{"e-mail", kindEmail},
	{"phone", kindPhone},
	{"domain", kindDomain},
	{"host", kindDomain},
	{"url", kindURL},
	{"link", kindURL},
	{"ipv4", kindIP},
	{"ipv6", kindIP},
	{"ip-addr", kindIP},
	{"ip_addr", kindIP},
	{"ips", kindIP},
	{"ip", kindIP},
	{"files", kindFileName},
}

// kindOfName returns the kind that a file's name says, kindUnknown for none.
func kindOfName(file string) kind {
	base := strings.ToLower(filepath.Base(file))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	for _, f := range fileKinds {
		if at := strings.Index(base, f.word); at >= 0 && wordEdge(base, at, len(f.word)) {
			return f.kind
		}
	}
	return kindUnknown
}

// wordEdge keeps "ip" from being found in "scripts".
func wordEdge(s string, at, n int) bool {
	if at > 0 && s[at-1] >= 'a' && s[at-1] <= 'z' {
		return false
	}
	return n > 3 || at+n == len(s) || s[at+n] < 'a' || s[at+n] > 'z'
}

// ParseType returns the type that name says, for lists whose values do not
// show it: "domain", "file_path", "cert_hash".
func ParseType(name string) (artifact.ObservableType, error) {
	k := kindOfType(name)
	if k == kindUnknown {
		return "", fmt.Errorf("unknown type %q: one of %s", name, strings.Join(typeNames(), ", "))
	}
	return k.observable(), nil
}

func kindOfType(name string) kind {
	for k := range observables {
		if k := kind(k); k != kindURLPrefix && k != kindAllOf && string(k.observable()) == strings.ToLower(strings.ReplaceAll(name, "-", "_")) {
			return k
		}
	}
	return kindOfName(name)
}

func typeNames() []string {
	var all []string
	for k := range observables {
		if k := kind(k); k != kindURLPrefix && k != kindAllOf {
			all = append(all, string(k.observable()))
		}
	}
	return all
}

var (
	hexValue   = regexp.MustCompile(`^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$`)
	uuidValue  = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	emailValue = regexp.MustCompile(`^[^\s@/:]+(?:@|\[@\]|\[at\]|\(at\))[^\s@/]+$`)
	phoneValue = regexp.MustCompile(`^(?:\+|00)[0-9][0-9 ().-]{5,20}$`)
	appValue   = regexp.MustCompile(`^(?:com|org|net|io|co|de|me|cm|app|remote|xx)(?:\.[A-Za-z_][A-Za-z0-9_]*){2,}$`)
	hostValue  = regexp.MustCompile(`^(?:\*\.)?(?:[\pL\pN_](?:[\pL\pN_-]*[\pL\pN_])?\.)+[\pL][\pL\pN-]*\.?(?::\d{1,5})?$`)
	fileValue  = regexp.MustCompile(`^[^\s/\\]+\.(?i:plist|js|dylib|apk|dex|so|ipa|exe|dll|docx?|xlsx?|pdf|jpe?g|png|gif|sqlite|db|bin|sh|py|html?|lock|cache|log|tmp|jar|mobileconfig|kb|sock|txt|dat)$`)
)

// guess says what a value is where nothing else does. It is careful: a word
// alone may be a process, a file, or prose.
func guess(value string) (kind, bool) {
	v := refang(strings.TrimSpace(value))
	switch {
	case v == "" || len(v) > 8192:
		return kindUnknown, false
	case strings.Contains(v, "://") && !strings.ContainsAny(v, " \t"):
		return kindURL, true
	case hexValue.MatchString(v):
		return kindFileHash, true
	case uuidValue.MatchString(v):
		return kindProfileID, true
	case emailValue.MatchString(v):
		return kindEmail, true
	case phoneValue.MatchString(v):
		return kindPhone, true
	case v[0] == '/' && len(v) > 2 && v[1] != '/':
		return kindFilePath, true
	}
	return guessHost(v)
}

func guessHost(v string) (kind, bool) {
	host, rest, _ := strings.Cut(v, "/")
	if _, err := netip.ParsePrefix(v); err == nil {
		return kindIP, true
	}
	if name, _ := splitPort(host); name != "" {
		if _, ok := parseIP(name); ok {
			return kindIP, true
		}
	}
	switch {
	case rest == "" && appValue.MatchString(host):
		return kindAppID, true
	case rest == "" && fileValue.MatchString(host):
		return kindFileName, true
	case hostValue.MatchString(host) && knownSuffix(host):
		return kindDomain, true // a path behind it makes it the beginning of a URL
	}
	return kindUnknown, false
}

// knownSuffix reports whether a host ends as hosts do.
func knownSuffix(host string) bool {
	name, _ := splitPort(host)
	_, icann := publicsuffix.PublicSuffix(string(appendHost(nil, name)))
	if icann {
		return true
	}
	suffix, _ := publicsuffix.PublicSuffix(string(appendHost(nil, name)))
	return strings.IndexByte(suffix, '.') >= 0 // of a hosting service
}

// lines gives the lines of a text one by one, in bounded memory.
type lines struct {
	r       *bufio.Reader
	n       int // of the line at hand, from 1
	text    string
	tooLong bool
	err     error
	buf     []byte
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

func (l *lines) place() string { return fmt.Sprintf("line %d", l.n) }

// next reads the next line; false at the end, or when reading fails.
func (l *lines) next() bool {
	if l.err != nil {
		return false
	}
	l.buf, l.tooLong = l.buf[:0], false
	any := false
	for {
		part, err := l.r.ReadSlice('\n')
		any = any || len(part) > 0
		if l.tooLong = l.tooLong || len(l.buf)+len(part) > maxLine; !l.tooLong {
			l.buf = append(l.buf, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			l.err = err
			return false
		}
		if err != nil && !any {
			return false
		}
		break
	}
	l.n++
	if l.text = ""; !l.tooLong {
		l.text = latin1(trimEnd(l.buf))
	}
	return true
}

func trimEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
