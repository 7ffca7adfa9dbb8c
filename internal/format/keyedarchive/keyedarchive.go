// Package keyedarchive reads what NSKeyedArchiver writes: a property list in
// which objects refer to each other by number.
//
// Start with Open. Nothing is resolved until it is asked for, and what walks
// (Any) has a budget and stops at cycles. The layout is that of Apple's
// NSKeyedArchiver, as "Manually parse NSKeyedArchiver" and CoreFoundation's
// sources describe it: $archiver, $objects, $top, and UIDs as references.
package keyedarchive

import (
	"fmt"
	"iter"
	"time"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// An Archive is an opened keyed archive. It refers to the bytes of the list.
type Archive struct {
	objects plist.Value
	top     plist.Value
}

// Open checks that v is a keyed archive.
func Open(v plist.Value) (Archive, error) {
	if s, _ := v.Get("$archiver").Str(); s != "NSKeyedArchiver" && s != "NRKeyedArchiver" {
		return Archive{}, fmt.Errorf("keyed archive: %w: archiver %.40q", limit.ErrUnsupported, s)
	}
	a := Archive{objects: v.Get("$objects"), top: v.Get("$top")}
	if a.objects.Kind() != plist.Array || a.top.Kind() != plist.Dict {
		return Archive{}, fmt.Errorf("keyed archive: %w: no $objects or $top", limit.ErrCorrupt)
	}
	return a, nil
}

// Root returns the object called root or, in archives that have none, the
// first of $top.
func (a Archive) Root() Object {
	if o := a.Top("root"); o.Valid() {
		return o
	}
	return a.resolve(a.top.At(0))
}

// Top returns a named object of $top.
func (a Archive) Top(name string) Object { return a.resolve(a.top.Get(name)) }

// resolve follows a reference; any other value stands for itself.
func (a Archive) resolve(v plist.Value) Object {
	uid, ok := v.UID()
	if !ok {
		return Object{a, v}
	}
	if uid >= uint64(a.objects.Len()) {
		return Object{a, plist.Value{}}
	}
	o := a.objects.At(int(uid))
	if s, ok := o.Str(); ok && s == "$null" {
		return Object{a, plist.Value{}}
	}
	return Object{a, o}
}

// An Object is a resolved object of an archive: a dictionary with a class, or
// a plain value. Nil references give an Object that is not Valid.
type Object struct {
	a Archive
	v plist.Value
}

// Valid reports whether there is an object.
func (o Object) Valid() bool { return o.v.Kind() != plist.Invalid }

// Value returns the object as it lies in the list.
func (o Object) Value() plist.Value { return o.v }

// Class returns the name of the object's class, "" for a plain value.
func (o Object) Class() string {
	s, _ := o.a.resolve(o.v.Get("$class")).v.Get("$classname").Str()
	return s
}

// Get returns the object that the key refers to.
func (o Object) Get(key string) Object { return o.a.resolve(o.v.Get(key)) }

// Str returns the text of a string, NSString, NSURL or NSUUID.
func (o Object) Str() (string, bool) {
	if s, ok := o.v.Str(); ok {
		return s, true
	}
	if o.v.Kind() != plist.Dict {
		return "", false
	}
	if s, ok := o.Get("NS.string").v.Str(); ok {
		return s, true
	}
	if rel, ok := o.Get("NS.relative").v.Str(); ok {
		base, _ := o.Get("NS.base").Get("NS.relative").v.Str()
		return base + rel, true
	}
	if b, ok := o.Get("NS.uuidbytes").v.Bytes(); ok && len(b) == 16 {
		return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
	}
	return "", false
}

// Int returns the integer of a number.
func (o Object) Int() (int64, bool) { return o.v.Int() }

// Bytes returns the bytes of a data, NSData or NSMutableData.
func (o Object) Bytes() ([]byte, bool) {
	if b, ok := o.v.Bytes(); ok {
		return b, true
	}
	return o.Get("NS.data").v.Bytes()
}

// Time returns the instant of an NSDate.
func (o Object) Time() (time.Time, bool) {
	if t, ok := o.v.Time(); ok {
		return t, true
	}
	f, ok := o.Get("NS.time").v.Real()
	if !ok || f != f || f < -1e11 || f > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(978_307_200, 0).Add(time.Duration(f * float64(time.Second))).UTC(), f > -9e9 && f < 9e9
}

// Items yields the elements of an NSArray, NSSet or plain array.
func (o Object) Items() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		list := o.v
		if list.Kind() == plist.Dict {
			list = o.Get("NS.objects").v
		}
		for v := range list.Items() {
			if !yield(o.a.resolve(v)) {
				return
			}
		}
	}
}

// Pairs yields the pairs of an NSDictionary, keys as text.
func (o Object) Pairs() iter.Seq2[string, Object] {
	return func(yield func(string, Object) bool) {
		keys, values := o.Get("NS.keys").v, o.Get("NS.objects").v
		for i := range min(keys.Len(), values.Len()) {
			k, _ := o.a.resolve(keys.At(i)).Str()
			if !yield(k, o.a.resolve(values.At(i))) {
				return
			}
		}
	}
}

// Any makes Go values of the object, as plist.Any does, with Foundation's
// classes unwrapped. Other classes become maps with their class as "$class".
func (o Object) Any(lim plist.Limits) (any, error) {
	w := walker{lim}
	return w.object(o, lim.Depth)
}

type walker struct{ left plist.Limits }

func (w *walker) object(o Object, depth int) (any, error) {
	if w.left.Nodes--; w.left.Nodes < 0 || depth <= 0 {
		return nil, fmt.Errorf("keyed archive: %w: too many objects, or nested too deeply", limit.ErrLimit)
	}
	if o.v.Kind() != plist.Dict && o.v.Kind() != plist.Array && o.v.Kind() != plist.Set {
		x, err := plist.Any(o.v, w.left)
		if s, ok := x.(string); ok {
			w.left.Bytes -= int64(len(s))
		}
		return x, err
	}
	if s, ok := o.Str(); ok {
		w.left.Bytes -= int64(len(s))
		return s, nil
	}
	if b, ok := o.Bytes(); ok {
		w.left.Bytes -= int64(len(b))
		return b, nil
	}
	if t, ok := o.Time(); ok {
		return t, nil
	}
	if w.left.Bytes < 0 {
		return nil, fmt.Errorf("keyed archive: %w: too much text and data", limit.ErrLimit)
	}
	return w.collection(o, depth)
}

func (w *walker) collection(o Object, depth int) (any, error) {
	if o.v.Get("NS.keys").Kind() != plist.Invalid {
		return w.pairs(o.Pairs(), map[string]any{}, depth)
	}
	if o.v.Kind() != plist.Dict || o.v.Get("NS.objects").Kind() != plist.Invalid {
		list := []any{}
		for e := range o.Items() {
			x, err := w.object(e, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		return list, nil
	}
	m := map[string]any{}
	if c := o.Class(); c != "" {
		m["$class"] = c
	}
	return w.pairs(func(yield func(string, Object) bool) {
		for k, v := range o.v.All() {
			if k != "$class" && !yield(k, o.a.resolve(v)) {
				return
			}
		}
	}, m, depth)
}

func (w *walker) pairs(pairs iter.Seq2[string, Object], m map[string]any, depth int) (any, error) {
	for k, v := range pairs {
		x, err := w.object(v, depth-1)
		if err != nil {
			return nil, err
		}
		w.left.Bytes -= int64(len(k))
		m[k] = x
	}
	return m, nil
}
