package indicator

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// column says what a column of a table is for.
type column struct {
	role role
	kind kind // of values; kindUnknown where the value shows it
}

type role uint8

const (
	roleOther role = iota // nothing to us
	roleValue
	roleType // of the value beside it
	roleID
	roleComment
	roleThreat
	roleReference
	roleFrom
	roleUntil
	roleConfidence
	roleTLP
	roleDetect  // to_ids
	roleRevoked // deleted
)

var columnOther = column{}

// columnNames are the names that publishers give to columns, without case,
// spaces, hyphens and low lines. "Resolution", "relevant resolution" and the
// like are not among them: to where a name once led says little of others who
// went there.
var columnNames = map[string]column{
	"domain": {roleValue, kindDomain}, "domains": {roleValue, kindDomain}, "domainname": {roleValue, kindDomain}, "hostname": {roleValue, kindDomain},
	"host": {roleValue, kindDomain}, "fqdn": {roleValue, kindDomain}, "c2": {roleValue, kindDomain}, "c2domain": {roleValue, kindDomain}, "c2server": {roleValue, kindDomain},
	"url": {roleValue, kindURL}, "urls": {roleValue, kindURL}, "uri": {roleValue, kindURL},
	"ip": {roleValue, kindIP}, "ips": {roleValue, kindIP}, "ipaddress": {roleValue, kindIP}, "ipaddr": {roleValue, kindIP}, "ipv4": {roleValue, kindIP}, "ipv6": {roleValue, kindIP},
	"dstip": {roleValue, kindIP}, "md5": {roleValue, kindFileHash}, "sha1": {roleValue, kindFileHash}, "sha256": {roleValue, kindFileHash},
	"sha256hash": {roleValue, kindFileHash}, "hash": {roleValue, kindFileHash}, "filehash": {roleValue, kindFileHash}, "md5hash": {roleValue, kindFileHash}, "sha1hash": {roleValue, kindFileHash},
	"email": {roleValue, kindEmail}, "emailaddress": {roleValue, kindEmail}, "mail": {roleValue, kindEmail}, "sender": {roleValue, kindUnknown},
	"package": {roleValue, kindAppID}, "packagename": {roleValue, kindAppID}, "appid": {roleValue, kindAppID}, "bundleid": {roleValue, kindAppID},
	"process": {roleValue, kindProcess}, "processname": {roleValue, kindProcess},
	"filename": {roleValue, kindFileName}, "filepath": {roleValue, kindFilePath}, "path": {roleValue, kindFilePath},
	"certificate": {roleValue, kindCertHash}, "certhash": {roleValue, kindCertHash}, "certificatehash": {roleValue, kindCertHash}, "certsha1": {roleValue, kindCertHash}, "certsha256": {roleValue, kindCertHash},
	"phone": {roleValue, kindPhone}, "phonenumber": {roleValue, kindPhone}, "profileid": {roleValue, kindProfileID}, "androidproperty": {roleValue, kindProperty},
	"indicator": {roleValue, kindUnknown}, "indicators": {roleValue, kindUnknown}, "ioc": {roleValue, kindUnknown}, "iocs": {roleValue, kindUnknown}, "iocvalue": {roleValue, kindUnknown},
	"value": {roleValue, kindUnknown}, "observable": {roleValue, kindUnknown}, "indicatorvalue": {roleValue, kindUnknown}, "artifact": {roleValue, kindUnknown},
	"type": {role: roleType}, "indicatortype": {role: roleType}, "ioctype": {role: roleType}, "kind": {role: roleType},
	"uuid": {role: roleID}, "id": {role: roleID},
	"comment": {role: roleComment}, "comments": {role: roleComment}, "description": {role: roleComment}, "note": {role: roleComment}, "notes": {role: roleComment}, "details": {role: roleComment},
	"malware": {role: roleThreat}, "malwarefamily": {role: roleThreat}, "family": {role: roleThreat}, "threat": {role: roleThreat}, "threatname": {role: roleThreat}, "campaign": {role: roleThreat}, "actor": {role: roleThreat}, "threatactor": {role: roleThreat},
	"reference": {role: roleReference}, "references": {role: roleReference}, "source": {role: roleReference}, "report": {role: roleReference}, "link": {role: roleReference},
	"date": {role: roleFrom}, "firstseen": {role: roleFrom}, "validfrom": {role: roleFrom}, "added": {role: roleFrom}, "dateadded": {role: roleFrom},
	"validuntil": {role: roleUntil}, "expires": {role: roleUntil}, "expiration": {role: roleUntil},
	"confidence": {role: roleConfidence}, "tlp": {role: roleTLP}, "marking": {role: roleTLP}, "sharing": {role: roleTLP},
	"toids": {role: roleDetect}, "revoked": {role: roleRevoked}, "deleted": {role: roleRevoked},
}

func columnOf(name string) column {
	name = strings.NewReplacer(" ", "", "_", "", "-", "", "\uFEFF", "", "#", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	return columnNames[name]
}

// separator returns what separates the cells of most lines, 0 for nothing.
func separator(lines []string) rune {
	best, most := rune(0), 0
	for _, sep := range [...]rune{',', ';', '\t', '|'} {
		n := 0
		for _, line := range lines {
			if strings.ContainsRune(line, sep) {
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

// splitLine returns the cells of the first line that has some.
func splitLine(lines []string, sep rune) []string {
	for _, line := range lines {
		if strings.TrimSpace(line) == "" || line[0] == '#' && !strings.ContainsRune(line, sep) {
			continue
		}
		cells := strings.Split(line, string(sep))
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(strings.TrimPrefix(cells[i], "\uFEFF")), `"`)
		}
		return cells
	}
	return nil
}

// A tableReader reads rows whose columns a header names, or their values show.
type tableReader struct {
	*loader
	columns []column
	forced  kind // of all values, kindUnknown: as the columns say
}

// readTable reads a table with separators. A row that is broken costs itself;
// what it costs is told.
func (l *loader) readTable(r io.Reader, head []byte, forced kind) error {
	lines := headLines(head)
	sep := separator(lines)
	if sep == 0 {
		return l.readList(r, forced) // a table of one column
	}
	guard := &guard{r: r, most: maxLine + sniffed}
	rows := csv.NewReader(guard)
	rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord, rows.ReuseRecord, rows.TrimLeadingSpace = sep, true, -1, true, true
	t := &tableReader{loader: l, forced: forced}
	for n := 0; ; n++ {
		guard.n = 0
		cells, err := rows.Read()
		line := n + 1
		if err == nil && len(cells) > 0 {
			line, _ = rows.FieldPos(0)
		}
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &broken):
			l.set.problem(fmt.Sprintf("line %d", broken.Line), "", broken.Err.Error())
			continue
		case errors.Is(err, limit.ErrLimit):
			l.set.problem(fmt.Sprintf("line %d", line), "", err.Error())
			return nil
		case err != nil:
			return err
		}
		for i, c := range cells {
			cells[i] = strings.TrimSpace(latin1([]byte(c)))
		}
		if t.columns == nil && t.header(cells, lines, sep) {
			continue
		}
		t.row(line, cells)
	}
}

// header decides what the columns are, and reports whether the first row only
// names them.
func (t *tableReader) header(cells, lines []string, sep rune) bool {
	named := false
	for _, c := range cells {
		col := columnOf(c)
		t.columns = append(t.columns, col)
		named = named || col.role == roleValue
	}
	if named {
		t.tellUnread(cells)
		return true
	}
	t.columns = guessColumns(lines, sep, len(cells))
	return false
}

// tellUnread names the columns that are not read.
func (t *tableReader) tellUnread(cells []string) {
	var other []string
	for i, c := range t.columns {
		if c.role == roleOther && cells[i] != "" && len(other) < 10 {
			other = append(other, clip(cells[i], 60))
		}
	}
	if len(other) > 0 {
		t.set.note("columns", "columns that are not matched: %s", strings.Join(other, ", "))
	}
}

// guessColumns takes the columns for values in which most cells of the first
// rows are.
func guessColumns(lines []string, sep rune, n int) []column {
	columns := make([]column, n)
	for i := range columns {
		known, all := 0, 0
		for _, line := range lines {
			cells := splitLine([]string{line}, sep)
			if i >= len(cells) || cells[i] == "" {
				continue
			}
			all++
			if _, ok := guess(cells[i]); ok {
				known++
			}
		}
		if 10*known >= 6*all && known > 0 {
			columns[i] = column{roleValue, kindUnknown}
		}
	}
	return columns
}

// A row is what one row says beside its values.
type row struct {
	typ, comment, threat, reference string
	e                               listing
	confidence                      int
	tlp                             TLP
	quiet                           bool
}

func (t *tableReader) row(line int, cells []string) {
	r := row{e: listing{line: line}}
	for i, c := range cells {
		if i < len(t.columns) && c != "" {
			r.read(t.columns[i].role, c)
		}
	}
	if len(cells) == 1 && cells[0] == "" || len(cells) > 0 && strings.HasPrefix(cells[0], "#") {
		return
	}
	values := 0
	for i, c := range cells {
		if i < len(t.columns) && t.columns[i].role == roleValue && c != "" {
			values++
			t.value(&r, t.columns[i].kind, c)
		}
	}
	if values == 0 {
		t.set.problem(fmt.Sprintf("line %d", line), strings.Join(cells, ","), "no value in it")
	}
}

func (r *row) read(to role, cell string) {
	switch to {
	case roleType:
		r.typ = strings.ToLower(cell)
	case roleID:
		r.e.id = cell
	case roleComment:
		r.comment = cell
		r.tlp = max(r.tlp, parseTLP(cell))
	case roleThreat:
		r.threat = cell
	case roleReference:
		r.reference = cell
	case roleFrom:
		r.e.from = publishedTime(cell)
	case roleUntil:
		r.e.until = publishedTime(cell)
	case roleConfidence:
		r.confidence = confidence(cell)
	case roleTLP:
		if r.tlp = max(r.tlp, parseTLP(cell)); r.tlp == Unmarked {
			r.tlp = tlpLevel(strings.ToLower(cell))
		}
	case roleDetect:
		r.quiet = cell == "0" || strings.EqualFold(cell, "false")
	case roleRevoked:
		r.e.revoked = cell == "1" || strings.EqualFold(cell, "true")
	}
}

// value adds one value of a row.
func (t *tableReader) value(r *row, k kind, cell string) {
	place := fmt.Sprintf("line %d", r.e.line)
	about := t.aboutOfRow(r)
	e := r.e
	if t.forced != kindUnknown {
		k = t.forced
	}
	if k == kindUnknown && r.typ != "" {
		t.typedValue(r, e, cell, about)
		return
	}
	if k == kindUnknown {
		var ok bool
		if k, ok = guess(cell); !ok {
			t.set.problem(place, cell, "what it is cannot be seen from the value; --type says it")
			return
		}
	}
	e.kind, e.value = k, cell
	if r.quiet {
		t.set.count(&t.set.quiet, string(k.observable()))
		return
	}
	if err := t.put(e, about); err != nil {
		t.set.problem(place, cell, err.Error())
	}
}

// typedValue adds a value whose type another column tells, in the words of
// MISP or in ours.
func (t *tableReader) typedValue(r *row, e listing, cell string, about *about) {
	place := fmt.Sprintf("line %d", e.line)
	kinds, known := mispKinds(r.typ, cell)
	switch {
	case r.typ == "link" || !known && r.typ == "reference":
		t.set.refer(Reference{URL: clip(cell, maxDescription)})
	case r.quiet:
		t.set.count(&t.set.quiet, r.typ)
	case !known:
		if k := kindOfType(r.typ); k != kindUnknown {
			e.kind, e.value = k, cell
			if err := t.put(e, about); err != nil {
				t.set.problem(place, cell, err.Error())
			}
			return
		}
		t.set.count(&t.set.unused, r.typ)
	default:
		for _, v := range kinds {
			e.kind, e.value = v.kind, v.value
			if err := t.put(e, about); err != nil {
				t.set.problem(place, cell, err.Error())
			}
		}
	}
}

func (t *tableReader) aboutOfRow(r *row) *about {
	if r.comment == "" && r.threat == "" && r.reference == "" && r.confidence == 0 && r.tlp == Unmarked {
		return t.nothing
	}
	key := fmt.Sprintf("%q %q %q %d %d", r.comment, r.threat, r.reference, r.confidence, r.tlp)
	return t.aboutFor(key, func(a *about) {
		a.description, a.confidence, a.tlp = strings.Clone(clip(r.comment, maxDescription)), r.confidence, r.tlp
		if r.threat != "" {
			a.threats = []string{strings.Clone(clip(r.threat, maxName))}
		}
		if r.reference != "" {
			a.references = []Reference{referenceOf(r.reference)}
		}
	})
}

// referenceOf makes a reference of a link or a name.
func referenceOf(text string) Reference {
	text = strings.Clone(clip(text, maxDescription))
	if strings.Contains(text, "://") {
		return Reference{URL: text}
	}
	return Reference{Name: text}
}

// refer adds a reference of the set as a whole.
func (s *Set) refer(r Reference) {
	for _, known := range s.References {
		if known == r {
			return
		}
	}
	if len(s.References) < maxReferences && (r.URL != "" || r.Name != "") {
		s.References = append(s.References, Reference{Name: strings.Clone(r.Name), URL: strings.Clone(r.URL)})
	}
}

// confidence reads a confidence as a number from 0 to 100, or as the words of
// STIX 2.1, appendix A, which says what they are as numbers.
func confidence(s string) int {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "high":
		return 85
	case "medium", "med", "moderate":
		return 50
	case "low":
		return 15
	}
	n := 0
	for _, c := range strings.TrimSuffix(strings.TrimSpace(s), "%") {
		if c < '0' || c > '9' || n > 100 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return min(n, 100)
}

// A guard refuses to read more than most bytes until n is set back: a reader
// that must see a whole row or token before it says anything stays bounded.
type guard struct {
	r    io.Reader
	n    int
	most int
}

func (g *guard) Read(b []byte) (int, error) {
	if g.n > g.most {
		return 0, fmt.Errorf("%w: one part is larger than %d bytes", limit.ErrLimit, g.most)
	}
	if len(b) > 64<<10 {
		b = b[:64<<10]
	}
	n, err := g.r.Read(b)
	g.n += n
	return n, err
}
