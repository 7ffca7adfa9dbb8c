package indicator

import (
	"strings"
	"time"
)

// An object holds what we read of one STIX object. Its texts are good until
// the next one is read.
type object struct {
	kind, id, name, description string
	modified                    time.Time
	revoked                     bool
	confidence                  int
	references                  []Reference

	markings []string // identifiers of marking definitions

	pattern, patternType  string // of an indicator
	validFrom, validUntil time.Time

	relation, source, target string   // of a relationship
	refs                     []string // of a report

	tlp TLP // of a marking definition

	bundle bool // it has objects itself
	misp   bool // it holds an event or attributes of MISP
	flags  flags
}

// bareIndicator reports whether the object is no line of a list.
func (o *object) bareIndicator() bool { return o.flags&lineID == 0 }

// Bounds of what one object brings along.
const (
	maxReferences  = 16
	maxDescription = 1024
	maxName        = 256
)

// readObject reads the object that b holds.
func readObject(b string, o *object) error {
	o.clear()
	v := value{b: b}
	if err := v.object(func(key string) error { return o.field(&v, key) }); err != nil {
		return err
	}
	if v.next() != 0 {
		return v.fail("the end")
	}
	return nil
}

// clear empties o, and keeps its room.
func (o *object) clear() {
	*o = object{references: o.references[:0], refs: o.refs[:0], markings: o.markings[:0]}
}

// field reads the member called key.
func (o *object) field(v *value, key string) (err error) {
	if at := o.textField(key); at != nil {
		*at, err = v.optional()
		return err
	}
	switch key {
	case "modified":
		o.modified, err = readTime(v)
	case "valid_from":
		o.validFrom, err = readTime(v)
	case "valid_until":
		o.validUntil, err = readTime(v)
	case "revoked":
		o.revoked, err = v.boolean()
	case "confidence":
		o.confidence, err = v.integer()
	case "external_references":
		err = o.readReferences(v)
	case "object_refs":
		err = o.readRefs(v)
	case "object_marking_refs":
		err = o.readMarkings(v)
	case "granular_markings":
		err = o.readGranular(v)
	case "definition", "extensions":
		err = o.readDefinition(v)
	case "Event", "Attribute", "response":
		o.misp = true
		err = v.skip()
	case "objects":
		o.bundle = true
		err = v.skip()
	default:
		err = v.skip()
	}
	return err
}

// textField returns where the text of the member called key goes, nil if
// nowhere.
func (o *object) textField(key string) *string {
	switch key {
	case "type":
		return &o.kind
	case "id":
		return &o.id
	case "name":
		return &o.name
	case "description":
		return &o.description
	case "pattern":
		return &o.pattern
	case "pattern_type":
		return &o.patternType
	case "relationship_type":
		return &o.relation
	case "source_ref":
		return &o.source
	case "target_ref":
		return &o.target
	}
	return nil
}

func (o *object) readRefs(v *value) error {
	if v.null() {
		return nil
	}
	return v.list(func() error {
		ref, err := v.optional()
		if err == nil && strings.HasPrefix(ref, idPrefix) {
			o.refs = append(o.refs, ref)
		}
		return err
	})
}

func (o *object) readReferences(v *value) error {
	if v.null() {
		return nil
	}
	return v.list(func() error {
		var r Reference
		err := v.object(func(key string) (err error) {
			switch key {
			case "source_name":
				r.Name, err = v.optional()
			case "url":
				r.URL, err = v.optional()
			default:
				err = v.skip()
			}
			return err
		})
		if len(o.references) < maxReferences && r.URL != "" {
			o.references = append(o.references, Reference{Name: clip(r.Name, maxName), URL: clip(r.URL, maxDescription)})
		}
		return err
	})
}

func (o *object) readMarkings(v *value) error {
	if v.null() {
		return nil
	}
	return v.list(func() error {
		ref, err := v.optional()
		o.mark(ref)
		return err
	})
}

// maxMarkings bounds the markings of one object.
const maxMarkings = 8

func (o *object) mark(ref string) {
	if ref != "" && len(o.markings) < maxMarkings {
		o.markings = append(o.markings, ref)
	}
}

// readGranular reads markings of parts of an object: what a part of an
// indicator is marked with holds for all of it.
func (o *object) readGranular(v *value) error {
	if v.null() {
		return nil
	}
	return v.list(func() error {
		return v.object(func(key string) error {
			if key != "marking_ref" {
				return v.skip()
			}
			ref, err := v.optional()
			o.mark(ref)
			return err
		})
	})
}

// readDefinition looks for the level in what a marking definition says:
// {"tlp": "amber"}, a statement that names it, or the extension of TLP 2.0,
// {"extension-definition--…": {"tlp_2_0": "amber+strict"}}. In extensions of
// other objects there is none.
func (o *object) readDefinition(v *value) error {
	if v.next() != '{' {
		return v.skip()
	}
	return v.object(func(key string) error {
		switch {
		case v.next() == '{':
			return o.readDefinition(v)
		case v.next() != '"':
			return v.skip()
		}
		text, err := v.text()
		switch key {
		case "tlp", "tlp_2_0":
			o.tlp = max(o.tlp, parseTLP("TLP:"+text))
		case "statement":
			o.tlp = max(o.tlp, parseTLP(text))
		}
		return err
	})
}

// readTime reads a time stamp; one that is none counts as not said, because
// the indicator is good without it.
func readTime(v *value) (time.Time, error) {
	s, err := v.optional()
	if err != nil || s == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, nil //nolint:nilerr // see above
	}
	return t.UTC(), nil
}
