// Package streamtyped reads the typed streams of NeXT and Apple (NSArchiver),
// as iMessage keeps the body of a message in the column attributedBody.
//
// Start with Decode, or with Text where only the text is wanted.
//
// A typed stream is a list of groups, each a type string and values of those
// types. Objects, classes and C strings that were written once are later
// referred to by number, and so are type strings and names, in a table of
// their own. The layout is that of the NeXTSTEP typedstream, version 4, as
// described at https://github.com/dgelessus/python-typedstream and
// https://chrissardegna.com/blog/reverse-engineering-apples-typedstream-format/.
//
// What a class means is not needed to read past it: every value says its type.
// So an unknown class costs neither the text nor the attributes around it.
package streamtyped

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Attributed is an NSAttributedString: a text, and what is said of parts of it.
type Attributed struct {
	Text       string   // bytes that are not UTF-8 have become U+FFFD
	Runs       []Run    // in the order of the text
	Links      []string // every URL, in order, each once
	Files      []string // GUIDs of the attachments shown in the text, likewise
	Mentions   []string // addresses of the people mentioned, likewise
	Attributes []string // names of the attributes, likewise
}

// A Run is a part of the text with the same attributes.
type Run struct {
	Start, Len int // in UTF-16 code units, as NSString counts
	Attributes []Attribute
}

// An Attribute is one thing that is said of a Run.
type Attribute struct {
	Name  string // such as __kIMLinkAttributeName
	Class string // of the value, such as NSURL; "" for nil
	// Value is a string (NSString, NSURL), int64 or float64 (NSNumber),
	// []byte (NSData), []any (NSArray), map[string]any (NSDictionary), nil,
	// or, for any other class, []any with what it holds.
	Value any
}

// Names of the attributes that Decode gathers.
const (
	linkAttribute    = "__kIMLinkAttributeName"
	fileAttribute    = "__kIMFileTransferGUIDAttributeName"
	mentionAttribute = "__kIMMentionConfirmedMention"
)

// Decode reads an attributed string, or any other stream, whose Text is then
// the first text in it. A stream that is cut or damaged gives what was read,
// with an error that wraps limit.ErrCorrupt, limit.ErrLimit or
// limit.ErrUnsupported and names the byte.
func Decode(data []byte) (Attributed, error) {
	r := reader{data: data, steps: minSteps + stepsPerByte*len(data)}
	if err := r.header(); err != nil {
		return Attributed{}, err
	}
	err := r.top()
	if r.damage != nil {
		err = r.damage
	}
	b := builder{r: &r, left: maxBuilt}
	a := b.attributed()
	if err == nil && b.left < 0 {
		err = fmt.Errorf("typed stream: %w: attributes of more than %d values, or nested deeper than %d",
			limit.ErrLimit, maxBuilt, maxBuiltDepth)
	}
	return a, err
}
