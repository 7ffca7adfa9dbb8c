package keyedarchive

import (
	"fmt"
	"iter"
	"slices"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// Any makes Go values of the object, as plist.Any does, with Foundation's
// classes unwrapped. Other classes become maps with their class as "$class".
// An object within itself, as parents and children refer to each other, is
// map[string]any{"$cycle": its class}.
//
// An archive that grows past the limits by shared references gives an error
// that wraps limit.ErrLimit; a damaged object or reference in it, one that
// wraps limit.ErrCorrupt; and then no value.
func (o Object) Any(lim plist.Limits) (any, error) {
	w := walker{left: lim}
	return w.object(o)
}

type walker struct {
	left plist.Limits
	path []plist.Value // the objects around
}

func (w *walker) object(o Object) (any, error) {
	if w.left.Nodes--; w.left.Nodes < 0 {
		return nil, w.limit(o, "too many objects")
	}
	switch k := o.v.Kind(); {
	case k == plist.Invalid:
		return nil, o.Err()
	case k != plist.Dict && k != plist.Array && k != plist.Set:
		return w.plain(o)
	case slices.Contains(w.path, o.v):
		return map[string]any{"$cycle": o.Class()}, nil
	case len(w.path) >= w.left.Depth:
		return nil, w.limit(o, "nested too deeply")
	}
	w.path = append(w.path, o.v)
	x, err := w.unwrap(o)
	w.path = w.path[:len(w.path)-1]
	return x, err
}

func (w *walker) limit(o Object, what string) error {
	return fmt.Errorf("keyed archive at byte %d: %w: %s", o.v.Offset(), limit.ErrLimit, what)
}

func (w *walker) spend(o Object, n int) error {
	if w.left.Bytes -= int64(n); w.left.Bytes < 0 {
		return w.limit(o, "too much text and data")
	}
	return nil
}

// plain makes a value that is no container.
func (w *walker) plain(o Object) (any, error) {
	x, err := plist.Any(o.v, plist.Limits{Nodes: 1, Bytes: w.left.Bytes})
	if err != nil {
		return nil, err
	}
	switch x := x.(type) {
	case string:
		err = w.spend(o, len(x))
	case []byte:
		err = w.spend(o, len(x))
	}
	return x, err
}

// unwrap makes a value of a container, as its class has it.
func (w *walker) unwrap(o Object) (any, error) {
	if o.v.Kind() != plist.Dict {
		return w.list(o)
	}
	if s, ok := o.Str(); ok {
		return s, w.spend(o, len(s))
	}
	if b, ok := o.Bytes(); ok {
		return b, w.spend(o, len(b))
	}
	if t, ok := o.Time(); ok {
		return t, nil
	}
	class := o.Class()
	switch {
	case class == "NSNull":
		return nil, nil
	case o.v.Get("NS.keys").Kind() == plist.Array:
		return w.pairs(o, o.Pairs(), map[string]any{})
	case o.Get("NS.objects").v.Kind() == plist.Array:
		return w.list(o)
	}
	m := map[string]any{}
	if class != "" {
		m["$class"] = class
	}
	return w.pairs(o, o.fields(), m)
}

// fields yields what an object of any class has.
func (o Object) fields() iter.Seq2[string, Object] {
	return func(yield func(string, Object) bool) {
		for k, v := range o.v.All() {
			if k != "$class" && !yield(k, o.a.resolve(v)) {
				return
			}
		}
	}
}

func (w *walker) list(o Object) (any, error) {
	list := []any{}
	for e := range o.Items() {
		x, err := w.object(e)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// pairs adds pairs to m. Of a key that is there twice, the first counts.
func (w *walker) pairs(o Object, pairs iter.Seq2[string, Object], m map[string]any) (any, error) {
	for k, v := range pairs {
		if err := w.spend(o, len(k)); err != nil {
			return nil, err
		}
		x, err := w.object(v)
		if err != nil {
			return nil, err
		}
		if _, twice := m[k]; !twice {
			m[k] = x
		}
	}
	return m, nil
}
