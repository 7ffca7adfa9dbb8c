// Package settings holds the files of settings that a workspace keeps for all
// its servers and workers to what reads them: before one is kept, everything
// that is wrong with it is said, with the line.
//
// Start with Keep. Check looks at a file and keeps nothing.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/workspace"
)

// MaxSize bounds a file in bytes. What reads it may take less.
const MaxSize = 4 * limit.MiB

// MediaType is what a file is, over HTTP (RFC 9512).
const MediaType = "application/yaml"

// Kinds of faults.
const (
	Unknown = "unknown" // Name is no key of the file
	Twice   = "twice"   // Name is there twice
	Type    = "type"    // Name is not what belongs there, which is Want
	Syntax  = "syntax"  // it is no YAML: Text
	Empty   = "empty"   // it holds nothing
	Second  = "second"  // a second document, which nothing would read
	Secret  = "secret"  // an address with a password in it
	NoText  = "no_text" // it is not UTF-8
	Large   = "large"   // it has more than MaxSize bytes
	NoFeed  = "no_feed" // Name is that of no feed; Text are those that there are
	Several = "several" // Name is that of several feeds; Text are their addresses
	Value   = "value"   // a value that cannot be: Why, in the words of Values
	Other   = "other"   // what reads the file says Text
)

// Whys are what a fault of kind Value can be: the ids of limit.Reason in what
// reads the files.
var Whys = []string{
	"helpline", "tls", "timeout", "path",
	"feed_name", "feed_kind", "feed_auth", "feed_type", "feed_address", "feed_password",
	"size", "calendar_empty", "zone", "library", "month", "every", "holiday_law", "day", "weekday", "term_needs", "term_until", "calendar", "span",
	"institutions_none", "institution_empty", "institution_id", "institution_kind", "institution_names", "institution_name_letters",
	"institution_domain", "institution_suffix", "institution_brand", "institution_source", "institution_twice",
}

// What a value should have been.
const (
	Number  = "number"
	Bool    = "bool"
	String  = "string"
	Items   = "list"
	Time    = "time" // a length: 60s, 2m
	Mapping = "mapping"
)

// A Fault is one thing in a file that has to be mended.
type Fault struct {
	Line   int // from 1 on; 0: of the file as a whole
	Column int // from 1 on; 0: of the line as a whole, or not known
	Kind   string
	Name   string // a key, or a value
	Want   string
	Why    string // one of Whys, for a value; one of Forms, or "", for the form of YAML
	Values []any  // its values: name, value, name, value
	Text   string // in English
}

// String says the fault in English.
func (f Fault) String() string {
	text := f.Text
	switch f.Kind {
	case Unknown:
		text = fmt.Sprintf("the key %q is not known here", f.Name)
	case Twice:
		text = fmt.Sprintf("the key %q is there twice", f.Name)
	case Type:
		text = fmt.Sprintf("%q stands where a %s belongs", f.Name, f.Want)
	case Empty:
		text = "the file holds nothing"
	case Second:
		text = "a second document begins, which nothing would read"
	case Secret:
		text = "an address holds a password: a file of each machine, or a variable, holds it"
	case NoText:
		text = "this is not text in UTF-8"
	case Large:
		text = fmt.Sprintf("the file has more than %d bytes", MaxSize)
	case NoFeed:
		text = fmt.Sprintf("no feed is called %q; there are: %s", f.Name, f.Text)
	case Several:
		text = fmt.Sprintf("several feeds are called %q: name one by its address: %s", f.Name, f.Text)
	}
	switch {
	case f.Column > 0:
		return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, text)
	case f.Line > 0:
		return fmt.Sprintf("line %d: %s", f.Line, text)
	}
	return text
}

// Faults are all that has to be mended. As an error they wrap
// workspace.ErrInvalid.
type Faults []Fault

// Error implements error.
func (f Faults) Error() string {
	all := make([]string, len(f))
	for i := range f {
		all[i] = f[i].String()
	}
	return strings.Join(all, "; ")
}

// Unwrap says that what was given is not valid.
func (f Faults) Unwrap() error { return workspace.ErrInvalid }

// readers read a file as servers and workers will.
var readers = map[string]func([]byte) error{
	workspace.SharedNotices:      func(data []byte) error { _, err := notice.ParseConfig(data); return err },
	workspace.SharedTerms:        func(data []byte) error { _, err := term.Load(data); return err },
	workspace.SharedInstitutions: func(data []byte) error { _, err := lure.LoadWith(data); return err },
	workspace.SharedFeeds:        readFeeds,
}

// readFeeds refuses names that are those of no feed, or of several, too.
func readFeeds(data []byte) error {
	c, err := feed.ParseConfig(data)
	if err != nil {
		return err
	}
	return c.Check()
}

// Check reads a file as servers and workers will. The error is Faults, or wraps
// workspace.ErrInvalid where the name is that of none.
func Check(name string, data []byte) error {
	read := readers[name]
	switch {
	case read == nil:
		return unknownFile(name)
	case len(data) > MaxSize:
		return Faults{{Kind: Large}}
	case !utf8.Valid(data):
		return Faults{{Line: lineOfInvalid(data), Kind: NoText}}
	}
	if f := passwords(data); f != nil {
		return f
	}
	var first, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&first); errors.Is(err, io.EOF) {
		return Faults{{Kind: Empty}}
	} else if err != nil {
		return faultsOf(err, nil)
	}
	if err := dec.Decode(&second); err == nil {
		return Faults{{Line: second.Line, Kind: Second}}
	} else if !errors.Is(err, io.EOF) {
		return faultsOf(err, nil)
	}
	if f := twice(&first, nil); f != nil {
		return f
	}
	if err := read(data); err != nil {
		return faultsOf(err, &first)
	}
	return nil
}

// Names are the faults of a check if they are all names of feeds that are not
// there: what reads the file goes on without them.
func Names(err error) Faults {
	var f Faults
	if errors.As(err, &f) && !slices.ContainsFunc(f, func(x Fault) bool { return x.Kind != NoFeed && x.Kind != Several }) {
		return f
	}
	return nil
}

func unknownFile(name string) error {
	return fmt.Errorf("%w: %q is none of %v", workspace.ErrInvalid, name, workspace.SharedFiles)
}

func lineOfInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return 1 + bytes.Count(data[:i], []byte("\n"))
		}
		i += n
	}
	return 0
}

// withPassword is an address with a name and a password before its host.
var withPassword = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:"']*:[^\s/@"']+@`)

// passwords finds addresses with passwords, in comments too.
func passwords(data []byte) (f Faults) {
	n := 0
	for line := range bytes.Lines(data) {
		if n++; withPassword.Match(line) {
			f = append(f, Fault{Line: n, Kind: Secret})
		}
	}
	return f
}

// The forms of what the library says.
var (
	saysUnknown = regexp.MustCompile(`^line (\d+): field (.*) not found in type \S+$`)
	saysTwice   = regexp.MustCompile(`^line (\d+): mapping key "(.*)" already defined at line \d+$`)
	saysType    = regexp.MustCompile("^line (\\d+): cannot unmarshal (\\S+)(?: `(.*)`)? into (\\S+)$")
	saysLine    = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)
)

// faultsOf takes an error apart.
func faultsOf(err error, in *yaml.Node) Faults {
	if types := new(yaml.TypeError); errors.As(err, &types) {
		var out Faults
		for _, text := range types.Errors {
			f := typeFault(text)
			if in != nil {
				f.Column = columnOf(in, f.Line, f.Name)
			}
			out = append(out, f)
		}
		return out
	}
	f := Fault{Kind: Other, Text: err.Error()}
	if name := new(feed.NameError); errors.As(err, &name) {
		f.Kind, f.Name, f.Text = NoFeed, name.Name, strings.Join(name.Known, "; ")
		if errors.Is(err, feed.ErrSeveral) {
			f.Kind = Several
		}
	}
	if why := new(limit.Reason); errors.As(err, &why) {
		f.Kind, f.Why, f.Values = Value, why.ID, why.Values
	}
	if way, ok := limit.WayOf(err); ok && in != nil {
		at := placeOf(in, way)
		f.Line, f.Column = at.Line, at.Column
	}
	if f.Line > 0 || f.Kind != Other {
		return Faults{f}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if m := saysLine.FindStringSubmatch(e.Error()); m != nil {
			return Faults{{Line: number(m[1]) + fromNought(m[2]), Kind: Syntax, Why: formOf(m[2]), Text: m[2]}}
		}
		if text, ok := strings.CutPrefix(e.Error(), "yaml: "); ok {
			return Faults{{Line: fromNought(text), Kind: Syntax, Why: formOf(text), Text: text}}
		}
	}
	return Faults{f}
}

// says are the beginnings of what the library says of the form of a file, by what
// they are called in Forms.
var says = [...]struct{ text, form string }{
	{"mapping values are not allowed", "colon"},
	{"could not find expected ':'", "no_colon"},
	{"did not find expected key", "key"},
	{"did not find expected '-' indicator", "dash"},
	{"did not find expected ',' or ']'", "bracket"},
	{"did not find expected ',' or '}'", "brace"},
	{"did not find expected node content", "node"},
	{"found character that cannot start any token", "token"},
	{"found a tab character", "tab"},
	{"found unexpected end of stream", "end"},
	{"found unknown escape character", "escape"},
	{"control characters are not allowed", "control"},
	{"unknown anchor", "anchor"},
}

// Forms are what a fault of kind Syntax can be; there are rarer ones, of which
// the text alone tells.
func Forms() (list []string) {
	for _, s := range says {
		list = append(list, s.form)
	}
	return list
}

func formOf(text string) string {
	for _, s := range says {
		if strings.HasPrefix(text, s.text) {
			return s.form
		}
	}
	return ""
}

// fromNought is 1 for errors of which the library counts lines from 0 on: those
// of its parser, other than those of its scanner.
func fromNought(text string) int {
	for _, begins := range []string{"did not find expected ", "found undefined tag handle", "found duplicate %"} {
		if strings.HasPrefix(text, begins) {
			return 1
		}
	}
	return 0
}

func typeFault(text string) Fault {
	if m := saysUnknown.FindStringSubmatch(text); m != nil {
		return Fault{Line: number(m[1]), Kind: Unknown, Name: m[2]}
	}
	if m := saysTwice.FindStringSubmatch(text); m != nil {
		return Fault{Line: number(m[1]), Kind: Twice, Name: m[2]}
	}
	if m := saysType.FindStringSubmatch(text); m != nil {
		name := m[3]
		if name == "" {
			name = strings.TrimPrefix(m[2], "!!")
		}
		return Fault{Line: number(m[1]), Kind: Type, Name: name, Want: wanted(m[4])}
	}
	return Fault{Kind: Other, Text: text}
}

// wanted is what a type of Go is in a file.
func wanted(goType string) string {
	switch goType = strings.TrimPrefix(goType, "*"); {
	case goType == "time.Duration":
		return Time
	case goType == "bool":
		return Bool
	case strings.HasPrefix(goType, "[]"):
		return Items
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"), strings.HasPrefix(goType, "float"), goType == "time.Month":
		return Number
	case goType == "string", strings.HasSuffix(goType, ".Kind"), strings.HasSuffix(goType, ".ObservableType"):
		return String
	}
	return Mapping
}

func number(s string) int { n, _ := strconv.Atoi(s); return n } // digits, by the pattern
