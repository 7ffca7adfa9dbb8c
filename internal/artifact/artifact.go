// Package artifact defines the seam between evidence and analysis: a Parser
// reads one kind of file and yields records, each with the place that it came
// from.
//
// Parsers are given hostile input. They hold no state, start no goroutines,
// open no files and know nothing of indicators, findings or the store. Start
// with Parser and Record; Run is the only caller of Parse outside tests.
package artifact

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// A Parser turns one kind of input into records.
type Parser interface {
	// Info describes the parser. It is constant and costs nothing.
	Info() Info

	// Parse yields the records of in, in the order in which they lie there.
	//
	// The record, and all it points to, belongs to the parser again when the
	// loop body ends: who keeps it takes a Clone. A *RecordError tells of one
	// record or place that could not be read: the sequence goes on after it.
	// Any other error is the last thing yielded. Parse stops, without an error
	// of its own, once yield returns false.
	Parse(ctx context.Context, in *Input) iter.Seq2[*Record, error]
}

// Info is what "amparo artifacts" shows, and the reference page is made of.
type Info struct {
	// Name is unique, "ios.sms": the platform, a dot, the artifact.
	Name string
	// Version is raised when the same input gives other records.
	Version int
	// Summary is one English sentence for people; the message catalogue holds
	// the other languages under "artifact.<Name>".
	Summary string
	// Files are patterns (see Match) of the logical paths that it reads.
	Files []string
	// Companions are patterns of further files that it may consult, such as
	// an address book. A "-wal" or "-journal" beside a file needs no mention.
	Companions []string
	// Kinds are the kinds of record that it yields, with their fields.
	Kinds []KindInfo
	// Refs say where the format is described.
	Refs []string
	// Caveats say what its records cannot tell.
	Caveats []string
	// Skims says that it only looks for names in files that others read, or
	// nobody does: a file that it alone takes does not count as read.
	Skims bool
}

// Kind names the meaning of a record, "message" or "visit".
type Kind string

// KindInfo documents one kind of record.
type KindInfo struct {
	Kind   Kind
	Doc    string
	Fields []FieldInfo
	Times  []string // the meanings of its times
}

// FieldInfo documents one field of a record.
type FieldInfo struct {
	Name string
	Type ValueKind
	Doc  string
}

// A Record is one thing that an artifact says, at one place in the evidence.
// The zero value is empty; parsers reuse one by Reset.
type Record struct {
	Kind     Kind
	Times    []Time
	Observed []Observable
	Fields   []Field
	Loc      Location
	// Truncated says that a limit cut some field short.
	Truncated bool
	// Summary is one line for the timeline: who, what, to whom. It is built
	// only when Events asks for it, so parsers set a function, not a text.
	Summary func(b []byte) []byte
}

// Reset empties r and keeps its memory.
func (r *Record) Reset(k Kind) {
	*r = Record{Kind: k, Times: r.Times[:0], Observed: r.Observed[:0], Fields: r.Fields[:0]}
}

// AppendSummary appends the line of the timeline, or the kind where every value
// that the line would show is blank. A record without a Summary has none.
func (r *Record) AppendSummary(b []byte) []byte {
	if r.Summary == nil {
		return b
	}
	n := len(b)
	if b = r.Summary(b); len(b) == n {
		b = append(b, r.Kind...)
	}
	return b
}

// Clone returns a copy that shares no slice with r. Its Summary is r's of now.
func (r *Record) Clone() *Record {
	c := *r
	c.Times = append([]Time(nil), r.Times...)
	c.Observed = append([]Observable(nil), r.Observed...)
	c.Fields = append([]Field(nil), r.Fields...)
	if r.Summary != nil {
		s := r.AppendSummary(nil)
		c.Summary = func(b []byte) []byte { return append(b, s...) }
	}
	return &c
}

// Set appends a field. A Null value is left out: absence means NULL, or a
// column that this version of the schema lacks.
func (r *Record) Set(name string, v Value) {
	if v.kind != Null {
		r.Fields = append(r.Fields, Field{name, v})
	}
}

// Get returns the field called name, Null where there is none.
func (r *Record) Get(name string) Value {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return r.Fields[i].Value
		}
	}
	return Value{}
}

// Text returns the text of the field called name, "" where there is none.
func (r *Record) Text(name string) string {
	s, _ := r.Get(name).Str()
	return s
}

// Observe notes that value, found in field, is something that an indicator
// can match. Empty values are left out.
func (r *Record) Observe(t ObservableType, value, field string) {
	if value != "" {
		r.Observed = append(r.Observed, Observable{t, value, field})
	}
}

// A Field is one named value of a record, in the artifact's own terms.
type Field struct {
	Name  string
	Value Value
}

// An Observable is a value that an indicator could name. Value is as found:
// normalizing is the matcher's work.
type Observable struct {
	Type  ObservableType
	Value string
	Field string // the record's field that holds it
}

// ObservableType says what an observable is, and so which indicators fit it.
type ObservableType string

// The types of observables and of indicators.
const (
	URL             ObservableType = "url"
	Domain          ObservableType = "domain"
	IP              ObservableType = "ip"
	Process         ObservableType = "process"
	FileName        ObservableType = "file_name"
	FilePath        ObservableType = "file_path"
	FileHash        ObservableType = "file_hash" // MD5, SHA-1 or SHA-256 in hex
	Email           ObservableType = "email"     // also an Apple ID
	AppID           ObservableType = "app_id"    // bundle id or package name
	CertHash        ObservableType = "cert_hash" // MD5, SHA-1 or SHA-256 in hex
	ProfileID       ObservableType = "profile_id"
	AndroidProperty ObservableType = "android_property"
	Phone           ObservableType = "phone"
)

// State says whether a record was live in its database.
type State string

// The states of a record.
const (
	Live State = ""    // in the database proper, or a file that has no such notion
	WAL  State = "wal" // live, read from a committed frame of the write-ahead log
)

// The states of a row that is not, or no longer, in its table. It is a record
// like any other, with a Confidence.
const (
	// Deleted is a row in space that nothing uses: it was deleted, or changed.
	Deleted State = "deleted"
	// Journal is an earlier row, on a page that a rollback journal kept.
	Journal State = "journal"
	// WALHistory is an earlier row, in a committed frame that a later one replaced.
	WALHistory State = "wal_history"
	// WALUncommitted is a row in a frame after the last commit.
	WALUncommitted State = "wal_uncommitted"
	// WALStale is a row in a frame that an earlier log left behind.
	WALStale State = "wal_stale"
	// Carved is a row of a database that could not be read whole.
	Carved State = "carved"
)

// Recovered reports whether a row in that state is not in its table.
func (s State) Recovered() bool { return s != Live && s != WAL }

// A Location is a place inside one input. The zero value of a field means
// that the format has no such thing.
type Location struct {
	// Path is set by parsers only for a record that lies in a companion, and
	// by Run for all others: the logical path of the file.
	Path   string
	Table  string // SQLite table, plist key path, section of a log
	RowID  int64
	Row    bool  // RowID is meaningful
	Page   int64 // SQLite page, from 1
	Offset int64 // of the record's bytes in the file that Suffix names
	Length int64
	State  State
	// Frame of the write-ahead log that holds a recovered row, from 1; 0: none.
	Frame int64
	// Confidence says in percent how sure it is that a recovered row was one of
	// its table. 0: the row is not a recovered one.
	Confidence int
}

// Suffix is what to append to Path for the file in which Offset counts: "-wal",
// "-journal", or nothing.
func (l *Location) Suffix() string {
	switch {
	case l.State == WAL || l.Frame > 0:
		return "-wal"
	case l.State == Journal:
		return "-journal"
	}
	return ""
}

// String names the place for people: "message row 17, page 4, offset 8191".
func (l Location) String() string {
	b := []byte(l.Table)
	if l.Row {
		b = fmt.Appendf(b, " row %d", l.RowID)
	}
	if l.Page > 0 {
		b = fmt.Appendf(b, " page %d", l.Page)
	}
	if l.Offset > 0 || len(b) == 0 {
		b = append(b, " offset "...)
		b = strconv.AppendInt(b, l.Offset, 10)
	}
	if b[0] == ' ' {
		b = b[1:]
	}
	return string(b)
}

// A RecordError tells of one record or place that could not be read.
type RecordError struct {
	Loc Location
	Err error
}

func (e *RecordError) Error() string { return e.Loc.String() + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// A PanicError is a bug in a parser, with what is needed to find it.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("parser panicked: %v", e.Value) }

// Limits bound what one Parse may take.
type Limits struct {
	Records   int64         // records yielded
	ReadBytes int64         // bytes read in all: stops loops through offsets
	FieldLen  int           // bytes of one text field: longer ones are cut, and Truncated set
	Time      time.Duration // by the clock
}

// DefaultLimits suit one file of a phone's backup.
var DefaultLimits = Limits{
	Records:   50_000_000,
	ReadBytes: 64 << 30,
	FieldLen:  1 << 20,
	Time:      30 * time.Minute,
}
