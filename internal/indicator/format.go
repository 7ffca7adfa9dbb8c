package indicator

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/limit"
)

// Format says what a file is.
type Format string

// The forms in which indicators are published.
const (
	STIX2     Format = "stix2"     // STIX 2.0 or 2.1, also the envelopes of TAXII
	STIX1     Format = "stix1"     // STIX 1.x, XML
	MISP      Format = "misp"      // events or attributes of MISP, JSON
	OpenIOC   Format = "openioc"   // XML
	CSV       Format = "csv"       // a table with separators
	List      Format = "list"      // a value a line
	Catalogue Format = "catalogue" // names feeds and where they are
)

// What else lies beside them.
const (
	MISPManifest Format = "misp_manifest" // the table of contents of a MISP feed
	Yara         Format = "yara"          // rules for files
	Suricata     Format = "suricata"      // rules for networks, also those of Snort
	Text         Format = "text"          // for people
	HTML         Format = "html"
	OtherJSON    Format = "json"
	OtherXML     Format = "xml"
	OtherYAML    Format = "yaml"
	Binary       Format = "binary"
	Empty        Format = "empty"
)

// Listed reports whether files of the format hold indicators.
func (f Format) Listed() bool {
	switch f {
	case STIX2, STIX1, MISP, OpenIOC, CSV, List:
		return true
	}
	return false
}

// An otherError says that a file holds no indicators, and what it is.
type otherError struct{ format Format }

func (e *otherError) Error() string {
	return fmt.Sprintf("%v: no indicators: %s", limit.ErrUnsupported, e.format)
}

func (e *otherError) Unwrap() error { return limit.ErrUnsupported }

// sniffed is how much of a file decides what it is, in bytes.
const sniffed = 64 * 1024

// sniff says what a file is, by how it begins; its name decides only between
// a list and prose.
func sniff(head []byte, file string, typed bool) Format {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	switch {
	case len(text) == 0:
		return Empty
	case bytes.IndexByte(text, 0) >= 0:
		return Binary
	case text[0] == '{' || text[0] == '[' && !sectionHead.Match(text):
		return STIX2 // or another JSON; its reader finds out
	case text[0] == '<':
		return sniffXML(text)
	case suricataRule.Match(text):
		return Suricata
	case yaraRule.Match(text):
		return Yara
	case catalogueHead.Match(text):
		return Catalogue
	case yamlHead.Match(text):
		return OtherYAML
	}
	return sniffLines(text, file, typed)
}

var (
	sectionHead   = regexp.MustCompile(`^\[[^\s"{}\[\],:]+\]?\.[^\s"{}]*\s`) // a list that begins with [.]example or the like
	suricataRule  = regexp.MustCompile(`^(?:#[^\n]*\n|\s)*(alert|drop|pass|reject|sdrop|log|activate)\s+(tcp|udp|icmp|ip|http2?|tls|dns|ftp|smtp|ssh|smb)\s+\S+\s+\S+\s+(->|<>)`)
	yaraRule      = regexp.MustCompile(`^(?:\s|//[^\n]*\n|/\*(?s:.*?)\*/)*(?:import\s+"\w+"|include\s+"|(?:(?:private|global)\s+)*rule\s+\w+\s*[:{\n])`)
	catalogueHead = regexp.MustCompile(`(?m)^(?:\s*#[^\n]*\n|\s)*(?:indicators:|-\s*\n?\s*type:\s*\w+)`)
	yamlHead      = regexp.MustCompile(`^(?:\s*#[^\n]*\n|\s)*---\s*\n`)
)

func sniffXML(text []byte) Format {
	switch {
	case bytes.Contains(text, []byte("STIX_Package")):
		return STIX1
	case openIOCRoot.Match(text):
		return OpenIOC
	case htmlRoot.Match(text):
		return HTML
	}
	return OtherXML
}

var (
	openIOCRoot = regexp.MustCompile(`<(?:\w+:)?(?:ioc|OpenIOC)[\s>]`)
	htmlRoot    = regexp.MustCompile(`(?i)<(?:!doctype\s+html|html|head|body)[\s>]`)
)

// sniffLines tells tables and lists from prose.
func sniffLines(text []byte, file string, typed bool) Format {
	lines, named := headLines(text), kindOfName(file) != kindUnknown
	switch ext := strings.ToLower(filepath.Ext(file)); {
	case typed:
		if tableLike(lines) {
			return CSV
		}
		return List
	case ext == ".md" || ext == ".rst" || readmeName.MatchString(filepath.Base(file)):
		return Text
	case ext == ".csv" || ext == ".tsv" || tableLike(lines):
		return CSV
	case named:
		return List
	}
	known, all := 0, 0
	for _, line := range lines {
		value, _ := cleanLine(line)
		if value == "" {
			continue
		}
		all++
		if _, ok := guess(value); ok {
			known++
		}
	}
	if 2*known >= all && known > 0 {
		return List
	}
	return Text
}

var readmeName = regexp.MustCompile(`(?i)^(readme|license|licence|copying|changelog|notice|authors|contributing)(\.|$)`)

// headLines returns the whole lines of the head, at most 400.
func headLines(text []byte) []string {
	var all []string
	for len(all) < 400 && len(text) > 0 {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		if !more && len(text) > sniffed/2 && len(all) > 0 {
			break // cut by the head's end
		}
		all = append(all, strings.TrimRight(latin1(line), "\r"))
		text = rest
	}
	return all
}

// tableLike reports whether most lines have the same separators, and a row
// names its columns or holds a value.
func tableLike(lines []string) bool {
	sep := separator(lines)
	if sep == 0 {
		return false
	}
	with, all := 0, 0
	for _, line := range lines {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		all++
		if strings.ContainsRune(line, sep) {
			with++
		}
	}
	if 10*with < 8*all {
		return false
	}
	for _, cell := range splitLine(lines, sep) {
		if _, ok := guess(cell); ok || columnOf(cell) != columnOther {
			return true
		}
	}
	return false
}

// latin1 makes text of bytes: UTF-8, or else Windows-1252, of which Latin-1 is
// the greater part.
func latin1(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, err := windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(s)
}
