// Package finding holds what a check says: findings, the coverage that gives
// "nothing found" its meaning, and the run that both belong to. Its JSON is
// the stable contract of findings.jsonl and run.json.
package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Severity grades a finding.
type Severity uint8

// The severities, from least to most.
const (
	Info     Severity = iota + 1 // worth knowing, says nothing of an attack
	Low                          // ordinary on many phones
	Medium                       // unusual; has harmless explanations
	High                         // rarely has a harmless explanation
	Critical                     // a published indicator, or a trace that only spyware leaves
)

var severityNames = [...]string{"", "info", "low", "medium", "high", "critical"}

// Severities lists all severities, most severe first.
var Severities = []Severity{Critical, High, Medium, Low, Info}

// String returns the name of s as the contract spells it.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// ParseSeverity reads the name of a severity in any case.
func ParseSeverity(name string) (Severity, error) {
	for _, s := range Severities {
		if strings.EqualFold(name, s.String()) {
			return s, nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q: one of critical, high, medium, low, info", name)
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// Kind says what made a finding.
type Kind string

// The kinds of finding.
const (
	Indicator Kind = "indicator" // a published indicator matched
	Heuristic Kind = "heuristic" // a rule of behaviour fired
	Lure      Kind = "lure"      // a message pretends to be what it is not
)

// Withheld stands where a value must not appear: that of an indicator that is
// not to be passed on.
const Withheld = "(withheld)"

// A Finding is a record and why it matters.
type Finding struct {
	ID        string          `json:"id"`
	Severity  Severity        `json:"severity"`
	Kind      Kind            `json:"kind"`
	Title     string          `json:"title"`
	Artifact  string          `json:"artifact"`
	Time      *time.Time      `json:"time,omitempty"`         // UTC
	TimeOf    string          `json:"time_meaning,omitempty"` // what Time is of the record: "sent"
	Indicator *Matched        `json:"indicator,omitempty"`
	Rule      string          `json:"rule,omitempty"`
	Reason    string          `json:"reason,omitempty"` // what the rule saw, in values
	Lure      *Pretended      `json:"lure,omitempty"`   // of a lure
	Parts     []Part          `json:"parts,omitempty"`  // of a rule that looks at several records together
	Record    json.RawMessage `json:"record"`           // as in records/NAME.jsonl
	Where     Provenance      `json:"provenance"`
}

// A Part is one of several records that a rule looked at together. The first
// of them in time is the record of the finding.
type Part struct {
	Class    string     `json:"class"` // what it is a trace of, as the rule names it
	Of       string     `json:"of"`    // a process, a path
	Artifact string     `json:"artifact"`
	Time     *time.Time `json:"time"`
	TimeOf   string     `json:"time_meaning"`
	Where    Provenance `json:"provenance"`
}

// Matched is the indicator that a finding rests on, and how it matched.
type Matched struct {
	Type      string   `json:"type"`
	Value     string   `json:"value"`
	Threats   []string `json:"threats"`
	Threat    string   `json:"threat"` // Threats joined by ", ": filled in by Encode
	Set       string   `json:"set"`
	SetSHA256 string   `json:"set_sha256"`
	ID        string   `json:"id"` // of the indicator object
	Reference string   `json:"reference,omitempty"`
	Match     string   `json:"match"`    // "host", "parent_domain", "url", …
	Observed  string   `json:"observed"` // the value in the record that matched
	Field     string   `json:"field"`    // the record's field that holds it
	Expired   bool     `json:"expired,omitempty"`
	TLP       string   `json:"tlp,omitempty"`   // how far the indicator may be passed on: "TLP:GREEN"
	Broad     bool     `json:"broad,omitempty"` // a host that many use for ordinary things
	// Short is the service whose short link the record holds: what is behind it
	// its operator can say, of the time of the finding.
	Short string `json:"short_link,omitempty"`
	// Private says that the indicator must not be passed on: Value, Observed,
	// Threats, Reference and the record are then withheld.
	Private bool     `json:"private,omitempty"`
	Also    []Credit `json:"also,omitempty"` // further sets that list the value
}

// A Credit names a further set that lists the value of a finding.
type Credit struct {
	Set       string   `json:"set"`
	SetSHA256 string   `json:"set_sha256"`
	ID        string   `json:"id"`
	Threats   []string `json:"threats,omitempty"`
	Reference string   `json:"reference,omitempty"`
}

// Pretended is what a message pretends to be, and by what that is told.
type Pretended struct {
	Kind        string `json:"kind,omitempty"`        // of institution: embassy, bank…; "" where it speaks for nobody
	Institution string `json:"institution,omitempty"` // id; "" where only the kind is named
	Name        string `json:"name,omitempty"`        // what people call it
	// Names are its names by language.
	Names      map[string]string `json:"names,omitempty"`
	Pressure   []string          `json:"pressure"`             // themes by id, the gravest first
	Host       string            `json:"host"`                 // of the link that matters most
	Registered string            `json:"registered,omitempty"` // its registered domain
	Language   string            `json:"language,omitempty"`   // of the text, a guess
	Reasons    []Reason          `json:"reasons"`
}

// Withhold puts text in the place of every value that tells where the link
// leads or who sent it.
func (p *Pretended) Withhold(text string) {
	p.Host, p.Registered = text, ""
	for i := range p.Reasons {
		for name := range p.Reasons[i].Values {
			if name != "Name" && name != "Official" && name != "Kind" {
				p.Reasons[i].Values[name] = text
			}
		}
	}
}

// A Reason is one sentence of the message catalogue, "lure.reason.<ID>", and
// the values in it.
type Reason struct {
	ID     string            `json:"id"`
	Values map[string]string `json:"values,omitempty"`
}

// Provenance is the way from a finding to bytes of the evidence.
type Provenance struct {
	Path   string `json:"path"`   // logical: HomeDomain/Library/SMS/sms.db
	Stored string `json:"stored"` // the file as it lies in the evidence: 3d/3d0d7e5f…
	SHA256 string `json:"sha256"` // of the stored file's bytes
	Table  string `json:"table,omitempty"`
	RowID  *int64 `json:"rowid,omitempty"`
	Page   int64  `json:"page,omitempty"`
	Offset int64  `json:"offset"` // in the logical (decrypted) file
	Length int64  `json:"length,omitempty"`
	State  string `json:"state"` // live, wal, or of a recovered row: deleted, journal, wal_history, …
	// Frame of the write-ahead log, and the confidence in percent, of a
	// recovered row.
	Frame      int64  `json:"frame,omitempty"`
	Confidence int    `json:"confidence,omitempty"`
	Bytes      []byte `json:"bytes,omitempty"` // the first bytes at Offset, at most MaxBytes
}

// MaxBytes is how many bytes of a record's place a finding carries, so that a
// report can show them without the evidence at hand.
const MaxBytes = 512

// Encode returns f as one line of findings.jsonl, without the line end.
func Encode(f *Finding) ([]byte, error) {
	if f.Indicator != nil {
		f.Indicator.Threat = strings.Join(f.Indicator.Threats, ", ")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("encode finding %s: %w", f.ID, err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
