package indicator

import (
	"encoding/binary"
	"encoding/hex"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// AllOf is the type of an indicator that asks for several things in one
// record, as [file:name = 'x' AND file:hashes.MD5 = 'y'] does.
const AllOf artifact.ObservableType = "all_of"

// An Indicator is one published value that, seen in evidence, speaks of a
// threat. An object of a bundle that lists alternatives becomes several
// indicators of one ID. It is read-only and lives as long as its set.
//
// It is kept small: a feed may hold a million.
type Indicator struct {
	key   string // what is compared; "" for AllOf
	about *about
	form  *form
	id    [16]byte
	from  uint32 // Unix seconds, 0: not said
	until uint32
	kind  kind
	flags flags
}

type flags uint8

const (
	revoked   flags = 1 << iota // withdrawn by its publisher: never matches
	replaced                    // a later version of the same object is in the set
	wholeOnly                   // a domain so broad that nothing below it matches
	popular                     // a host that many people use for ordinary things
	oddID                       // id is a number into set.ids
	lineID                      // id is the number of a line
	bareID                      // id is a UUID that stands alone
)

// about is what many indicators of a set have in common.
type about struct {
	set         *Set
	threats     []string
	references  []Reference
	description string
	confidence  int
	tlp         TLP
	markings    []string // identifiers of marking definitions, while a set is read
}

// form is how an indicator was written around its key. Indicators that were
// written alike share one.
type form struct {
	head, tail string // the pattern, before and behind the value
	pre, post  string // the value, before and behind the key
	upper      bool   // the value is the key in upper case
	whole      string // the pattern, where the value does not stand in it as it is
	value      string // as published, where it is not made of the key
	terms      []term // of AllOf
}

// A term is one of the things that an AllOf indicator asks for.
type term struct {
	kind  kind
	value string
	key   string
	flags flags
}

// A Reference is where an indicator was published.
type Reference struct {
	Name string // "Citizen Lab", or the name of the report
	URL  string // "" where none is given
}

// Type says which observables fit the indicator, or AllOf.
func (d *Indicator) Type() artifact.ObservableType { return d.kind.observable() }

// Value is the value as published. For AllOf it names all of them.
func (d *Indicator) Value() string {
	f := d.form
	switch {
	case f.upper:
		return f.pre + strings.ToUpper(d.key) + f.post
	case f.value != "":
		return f.value
	}
	return f.pre + d.key + f.post
}

// Set is the set that the indicator belongs to.
func (d *Indicator) Set() *Set { return d.about.set }

// ID is the identifier of the published object: "indicator--" and a UUID, or
// what its form of publication has instead; in plain lists and tables the line.
func (d *Indicator) ID() string {
	switch {
	case d.flags&oddID != 0:
		return d.about.set.ids[lineNumber(d.id)]
	case d.flags&lineID != 0:
		return "line " + strconv.Itoa(lineNumber(d.id))
	}
	b := make([]byte, len(idPrefix)+36)
	copy(b, idPrefix)
	putUUID(b[len(idPrefix):], d.id)
	if d.flags&bareID != 0 {
		b = b[len(idPrefix):]
	}
	return string(b)
}

// lineNumber and numbered keep a number where a UUID would be.
func lineNumber(id [16]byte) int { return int(binary.LittleEndian.Uint32(id[:])) }

func numbered(n int) (id [16]byte) {
	binary.LittleEndian.PutUint32(id[:], uint32(n))
	return id
}

// Pattern is the pattern that the indicator was read from; the value alone
// where its form of publication has no patterns.
func (d *Indicator) Pattern() string {
	if d.form.whole != "" {
		return d.form.whole
	}
	return d.form.head + d.Value() + d.form.tail
}

// Threats are the names of what the indicator indicates, in alphabetical
// order: malware, campaigns, actors, tools; where none is linked, the reports
// that list it.
func (d *Indicator) Threats() []string { return slices.Clone(d.about.threats) }

// References are where the indicator was published, as far as the bundle says.
// Where the file says nothing of an indicator, the set's own count.
func (d *Indicator) References() []Reference {
	if len(d.about.references) == 0 {
		return slices.Clone(d.about.set.References)
	}
	return slices.Clone(d.about.references)
}

// TLP is how far the indicator may be passed on, as it or its set is marked.
func (d *Indicator) TLP() TLP { return max(d.about.tlp, d.about.set.TLP) }

// Private reports whether the value must not appear in what leaves the
// machine: it is marked TLP:AMBER or RED, or its set is kept private.
func (d *Indicator) Private() bool { return d.TLP() >= Amber }

// Secrets are the texts by which a record may name a private indicator: its
// value as published, as it is compared, and those of its terms.
func (d *Indicator) Secrets() []string {
	all := []string{d.Value(), d.key}
	for _, t := range d.form.terms {
		all = append(all, t.value, t.key)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// Same reports whether o lists the same value.
func (d *Indicator) Same(o *Indicator) bool {
	return d.kind == o.kind && d.key == o.key && d.kind != kindAllOf
}

// Fits reports whether an observable alone fits the indicator, or one of its
// terms.
func (d *Indicator) Fits(o *artifact.Observable) bool {
	if d.kind != kindAllOf {
		return holds(d.kind, d.key, d.flags, o) != ""
	}
	for _, t := range d.form.terms {
		if holds(t.kind, t.key, t.flags, o) != "" {
			return true
		}
	}
	return false
}

// Popular reports whether the indicator is a host that many people use for
// ordinary things: a match of it alone says little.
func (d *Indicator) Popular() bool { return d.flags&popular != 0 }

// Description is the publisher's own, "" where there is none.
func (d *Indicator) Description() string { return d.about.description }

// Confidence is from 1 to 100; 0 is not said.
func (d *Indicator) Confidence() int { return d.about.confidence }

// ValidFrom is when the indicator began to be valid; zero if not said.
func (d *Indicator) ValidFrom() time.Time { return fromUnix(d.from) }

// ValidUntil is when the indicator ceased to be valid; zero if never.
func (d *Indicator) ValidUntil() time.Time { return fromUnix(d.until) }

// Expired reports whether the indicator was no longer valid at t. It still
// matches: what a phone holds may be older.
func (d *Indicator) Expired(t time.Time) bool {
	return d.until != 0 && !t.Before(d.ValidUntil())
}

// Revoked reports whether its publisher took the indicator back. It never
// matches.
func (d *Indicator) Revoked() bool { return d.flags&revoked != 0 }

// dead reports whether the indicator never matches.
func (d *Indicator) dead() bool { return d.flags&(revoked|replaced) != 0 }

func fromUnix(s uint32) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

const idPrefix = "indicator--"

// putUUID writes the text of a UUID to b, which holds 36 bytes.
func putUUID(b []byte, id [16]byte) {
	hex.Encode(b, id[:4])
	for i := range 3 {
		b[8+5*i] = '-'
		hex.Encode(b[9+5*i:], id[4+2*i:6+2*i])
	}
	b[23] = '-'
	hex.Encode(b[24:], id[10:])
}

// parseUUID reads the text of a UUID in lower case.
func parseUUID(s string) (id [16]byte, ok bool) {
	if len(s) != 36 {
		return id, false
	}
	n := 0
	for i := 0; i < len(s); {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return id, false
			}
			i++
			continue
		}
		hi, lo := fromHex(s[i]), fromHex(s[i+1])
		if hi < 0 || lo < 0 {
			return id, false
		}
		id[n] = byte(hi<<4 | lo)
		n++
		i += 2
	}
	return id, true
}

// fromHex returns the value of a digit in lower case, -1 for another byte.
func fromHex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// chunk is how many indicators are allocated together: pointers to them stay
// good while a set grows.
const chunk = 1024

// All yields the indicators of the set that can match, in the order of the
// bundle.
func (s *Set) All() iter.Seq[*Indicator] {
	return func(yield func(*Indicator) bool) {
		for i := range s.total {
			if d := s.at(i); !d.dead() && !yield(d) {
				return
			}
		}
	}
}

func (s *Set) at(i int) *Indicator { return &s.chunks[i/chunk][i%chunk] }

// add returns a new, empty indicator of the set.
func (s *Set) add() *Indicator {
	if s.total%chunk == 0 {
		s.chunks = append(s.chunks, new([chunk]Indicator))
	}
	s.total++
	return s.at(s.total - 1)
}

// kind is an ObservableType in one byte; several kinds may be of one type.
type kind uint8

const (
	kindDomain kind = iota
	kindURL
	kindURLPrefix
	kindIP
	kindProcess
	kindFileName
	kindFilePath
	kindFileHash
	kindEmail
	kindAppID
	kindCertHash
	kindProfileID
	kindProperty
	kindPhone
	kindAllOf
)

var observables = [...]artifact.ObservableType{
	kindDomain:    artifact.Domain,
	kindURL:       artifact.URL,
	kindURLPrefix: artifact.URL,
	kindIP:        artifact.IP,
	kindProcess:   artifact.Process,
	kindFileName:  artifact.FileName,
	kindFilePath:  artifact.FilePath,
	kindFileHash:  artifact.FileHash,
	kindEmail:     artifact.Email,
	kindAppID:     artifact.AppID,
	kindCertHash:  artifact.CertHash,
	kindProfileID: artifact.ProfileID,
	kindProperty:  artifact.AndroidProperty,
	kindPhone:     artifact.Phone,
	kindAllOf:     AllOf,
}

func (k kind) observable() artifact.ObservableType { return observables[k] }

// allText is the value of an indicator that asks for all of terms.
func allText(terms []term) string {
	var b strings.Builder
	for i, t := range terms {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(string(t.kind.observable()))
		b.WriteByte('=')
		b.WriteString(t.value)
	}
	return b.String()
}
