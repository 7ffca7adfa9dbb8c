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

	pattern, patternType  string // of an indicator
	validFrom, validUntil time.Time

	relation, source, target string   // of a relationship
	refs                     []string // of a report

	bundle bool // it has objects itself
}

// Bounds of what one object brings along.
const (
	maxReferences  = 16
	maxDescription = 1024
	maxName        = 256
)

// readObject reads the object that b holds.
func readObject(b string, o *object) error {
	*o = object{references: o.references[:0], refs: o.refs[:0]}
	v := value{b: b}
	if err := v.object(func(key string) error { return o.field(&v, key) }); err != nil {
		return err
	}
	if v.next() != 0 {
		return v.fail("the end")
	}
	return nil
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
