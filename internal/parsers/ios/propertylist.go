package ios

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// maxList bounds a property list that is read whole, in bytes. The largest
// that phones write, Info.plist with the icons of all apps, has a few dozen
// megabytes.
const maxPropertyList = 256 * limit.MiB

// A listReading is one Parse of a property list.
type listReading struct {
	*input.Reading

	root plist.Value
}

// readPropertyList is the Parse of a parser of property lists: it reads in,
// whose root must be a dictionary, and has read yield its records.
func readPropertyList(
	ctx context.Context, in *artifact.Input, read func(*listReading) error,
) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(r *input.Reading) error {
		data, err := in.All(maxPropertyList)
		if err != nil {
			return fmt.Errorf("open %s: %w", in.Path, err)
		}
		root, err := plist.Parse(data)
		if err == nil && root.Kind() != plist.Dict {
			err = fmt.Errorf("%w: the root is no dictionary", limit.ErrCorrupt)
		}
		if err != nil {
			return fmt.Errorf("open %s: %w", in.Path, err)
		}
		return read(&listReading{r, root})
	})
}

// start empties the record and places it at v, found under the key path.
func (r *listReading) start(kind artifact.Kind, keyPath string, v plist.Value) *artifact.Record {
	r.Rec.Reset(kind)
	r.Rec.Loc = artifact.Location{Path: r.In.Path, Table: keyPath}
	if at := v.Offset(); at >= 0 {
		r.Rec.Loc.Offset, r.Rec.Loc.Length = at, 1
	}
	return &r.Rec
}

func (r *listReading) problem(keyPath string, err error) error {
	return r.ProblemAt(artifact.Location{Table: keyPath}, err)
}

// treeLimits bound one value that is kept as a tree.
var treeLimits = plist.Limits{Depth: 32, Nodes: 20_000, Bytes: 1 << 20}

// text returns the text of v, "" for anything else.
func (r *listReading) text(v plist.Value) string {
	s, _ := v.Str()
	return r.Cut(s)
}

// set sets a field to v, whatever its type is: a number where a text belongs
// is kept as the number. A value that cannot be read is told of, under its
// key path, and costs no more than itself.
func (r *listReading) set(field, keyPath string, v plist.Value) error {
	value, err := r.value(v)
	if err != nil {
		return r.problem(keyPath, err)
	}
	r.Rec.Set(field, value)
	return nil
}

// value returns v as the value of a field. Null stands for nothing and for an
// empty text; what is nested becomes a tree.
func (r *listReading) value(v plist.Value) (artifact.Value, error) {
	switch v.Kind() {
	case plist.String:
		return artifact.TextOrNull(r.text(v)), nil
	case plist.Int:
		if n, ok := v.Int(); ok {
			return artifact.IntValue(n), nil
		}
	case plist.Real:
		if f, ok := v.Real(); ok {
			return artifact.FloatValue(f), nil
		}
	case plist.Bool:
		if b, ok := v.Bool(); ok {
			return artifact.BoolValue(b), nil
		}
	}
	tree, err := plist.Any(v, treeLimits)
	return artifact.TreeValue(tree), err
}

// when sets a time from a date of the list.
func (r *listReading) when(meaning string, v plist.Value) {
	if t, ok := v.Time(); ok {
		r.Rec.WhenAt(meaning, t)
		return
	}
	if s, ok := v.Str(); ok {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			r.Rec.WhenAt(meaning, t)
		} else if s != "" {
			r.Rec.When(meaning, artifact.Calendar, artifact.TextValue(r.Cut(s)))
		}
	}
}
