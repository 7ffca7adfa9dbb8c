// Package plist reads Apple property lists, binary and XML, as evidence:
// bounded against cycles, depth, shared-reference bombs and forged lengths.
//
// Start with Parse, or with Doc where many small lists are read in a row. A
// binary list is not turned into a tree: a Value is a place in the bytes, and
// what it refers to is decoded when it is asked for. So a list that refers to
// itself costs nothing until somebody walks it, and Any, which walks, has a
// budget.
//
// An object that is damaged costs itself: it is Invalid, and Value.Err says why
// and where.
//
// The binary format is described in CFBinaryPList.c of Apple's open source
// CoreFoundation (https://github.com/apple-oss-distributions/CF), the XML one
// by https://www.apple.com/DTDs/PropertyList-1.0.dtd. The old text format is
// not read.
package plist

import (
	"bytes"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// Kind is the type of a value.
type Kind uint8

// The kinds of value.
const (
	Invalid Kind = iota // absent, or damaged: see Value.Err
	Null
	Bool
	Int
	Real
	Date
	Data
	String
	UID
	Array
	Set
	Dict
)

var kindNames = [...]string{"invalid", "null", "bool", "int", "real", "date", "data", "string", "uid", "array", "set", "dict"}

// String names the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Parse reads a property list, binary or XML, and returns its root. The value
// refers to data, which must not change while it is in use.
//
// Of an XML list that is cut or broken in the middle it returns what stands
// before, and an error that wraps limit.ErrCorrupt or limit.ErrLimit. A list
// in another format gives limit.ErrUnsupported.
func Parse(data []byte) (Value, error) {
	d := new(Doc)
	switch {
	case bytes.HasPrefix(data, []byte("bplist")):
		if err := d.Reset(data); err != nil {
			return Value{}, err
		}
		return d.Root(), d.Root().Err()
	case len(data) == 0:
		return Value{}, fmt.Errorf("property list: %w: the file is empty", limit.ErrCorrupt)
	case !looksLikeXML(data):
		return Value{}, fmt.Errorf("property list: %w: neither binary nor XML", limit.ErrUnsupported)
	}
	err := d.parseXML(data)
	return d.Root(), err
}

// fault says why an object is Invalid.
type fault uint8

const (
	sound fault = iota
	badReference
	badOffset
	badMarker
	badLength
	badContent
	badInteger
	badReal
	badDate
	badData
	badText
)

var faultTexts = [...]string{
	badReference: "a reference to an object that is not there",
	badOffset:    "an object outside the part for objects",
	badMarker:    "an unknown marker",
	badLength:    "a length that is no integer",
	badContent:   "content that runs into the offset table",
	badInteger:   "not an integer",
	badReal:      "not a number",
	badDate:      "not a date",
	badData:      "not base64",
	badText:      "an unknown character reference",
}

// object is what lies at a Value.
type object struct {
	kind  Kind
	fault fault // of one that is Invalid
	form  form
	neg   bool   // of an Int
	pos   int    // of the content
	n     int    // bytes; elements or pairs of a container
	num   uint64 // an integer, two's complement; the bits of a Real or Date; a UID; truth of a Bool
}

// form is how a String or Data is stored, or an Int.
type form uint8

const (
	plain form = iota // as it is
	utf16BE
	rewritten // in xmlTree.extra
	wide      // an Int of more than 64 bits, at pos
)

func beUint(b []byte) (u uint64) {
	for _, c := range b {
		u = u<<8 | uint64(c)
	}
	return u
}
