package indicator

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/amparo-project/amparo/internal/limit"
)

// Limits of an XML text.
const (
	maxXMLDepth = 256
	maxXMLToken = 8 * limit.MiB
	maxEntities = 1000
)

// An xmlText gives the tokens of an XML text in bounded memory. It expands
// nothing: an entity that the text declares stands for nothing.
type xmlText struct {
	dec      *xml.Decoder
	guard    *guard
	depth    int
	entities int // declared
}

func newXML(r io.Reader) *xmlText {
	g := &guard{r: r, most: maxXMLToken}
	x := &xmlText{dec: xml.NewDecoder(g), guard: g}
	x.dec.Entity = map[string]string{}
	x.dec.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(name), "utf-16") {
			return in, nil // decoded already
		}
		enc, err := htmlindex.Get(name)
		if err != nil {
			return nil, fmt.Errorf("%w: encoding %s", limit.ErrUnsupported, clip(name, 40))
		}
		return enc.NewDecoder().Reader(in), nil
	}
	return x
}

var entityName = regexp.MustCompile(`<!ENTITY\s+(?:%\s+)?([^\s"'>]+)`)

// next returns the next token: a start, an end, or text. io.EOF ends it.
func (x *xmlText) next() (xml.Token, error) {
	for {
		x.guard.n = 0
		t, err := x.dec.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if x.depth++; x.depth > maxXMLDepth {
				return nil, fmt.Errorf("%w: nested more than %d deep", limit.ErrLimit, maxXMLDepth)
			}
			return t, nil
		case xml.EndElement:
			x.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		case xml.Directive:
			x.declare(t)
		}
	}
}

// declare gives the entities of a document type an empty meaning.
func (x *xmlText) declare(d xml.Directive) {
	for _, m := range entityName.FindAllSubmatch(d, maxEntities) {
		x.entities++
		if len(x.dec.Entity) < maxEntities {
			x.dec.Entity[string(m[1])] = ""
		}
	}
}

// end tells the set how reading ended. Only an error of the reader itself is
// returned.
func (l *loader) endXML(x *xmlText, err error) error {
	if x.entities > 0 {
		l.set.note("entities", "%d entities are declared and stand for nothing here", x.entities)
	}
	var syntax *xml.SyntaxError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &syntax):
		l.set.note("damage", "read up to line %d: %s", syntax.Line, syntax.Msg)
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, limit.ErrLimit), errors.Is(err, limit.ErrUnsupported):
		l.set.note("damage", "read up to byte %d: %v", x.dec.InputOffset(), err)
		return nil
	}
	return err
}

// attr returns an attribute of an element by its local name.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// appendText adds text to what an element holds, up to the longest pattern.
func appendText(b []byte, t xml.CharData) []byte {
	return append(b, t[:min(len(t), max(0, maxPattern-len(b)))]...)
}

// compared makes a comparison of a property and a value; nil for an empty one.
func compared(object, path, op, value string) *node {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	return &node{compare: &comparison{object: object, path: path, op: op, values: []string{value}}}
}
