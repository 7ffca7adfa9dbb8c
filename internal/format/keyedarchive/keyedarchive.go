// Package keyedarchive reads what NSKeyedArchiver writes: a property list in
// which objects refer to each other by number.
//
// Start with Open; for the files of a backup's manifest, with ParseMBFile.
// Nothing is resolved until it is asked for, and what walks (Any) has a budget
// and stops at cycles. The layout is that of Apple's NSKeyedArchiver as
// https://developer.apple.com/library/archive/documentation/Cocoa/Conceptual/Archiving/
// describes it: $archiver, $objects, $top, and UIDs as references.
package keyedarchive

import (
	"fmt"
	"math"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
)

// An Archive is an opened keyed archive. It refers to the bytes of the list.
type Archive struct {
	objects plist.Value
	top     plist.Value
}

// Open checks that v is a keyed archive. Errors wrap limit.ErrUnsupported for
// a list that is none, limit.ErrCorrupt for one without objects.
func Open(v plist.Value) (*Archive, error) {
	archiver := v.Get("$archiver")
	if !archiver.Is("NSKeyedArchiver") && !archiver.Is("NRKeyedArchiver") {
		s, _ := archiver.Str()
		return nil, fmt.Errorf("keyed archive: %w: archiver %.40q", limit.ErrUnsupported, s)
	}
	a := Archive{objects: v.Get("$objects"), top: v.Get("$top")}
	if a.objects.Kind() != plist.Array || a.top.Kind() != plist.Dict {
		return nil, fmt.Errorf("keyed archive: %w: no $objects or $top", limit.ErrCorrupt)
	}
	return &a, nil
}

// Root returns the object called root or, in archives that have none, the
// first of $top.
func (a *Archive) Root() Object {
	if root := a.top.Get("root"); root != (plist.Value{}) {
		return a.resolve(root)
	}
	return a.resolve(a.top.At(0))
}

// Top returns a named object of $top.
func (a *Archive) Top(name string) Object { return a.resolve(a.top.Get(name)) }

// resolve follows a reference; any other value stands for itself. The first
// object, the text $null, stands for nil.
func (a *Archive) resolve(v plist.Value) Object {
	uid, ok := v.UID()
	if !ok {
		return Object{a: a, v: v}
	}
	o := a.objects.At(int(min(uid, math.MaxInt32)))
	switch {
	case o == plist.Value{}:
		return Object{a: a, dangling: v}
	case o.Is("$null"):
		return Object{a: a}
	}
	return Object{a: a, v: o}
}

// An Object is a resolved object of an archive: a dictionary with a class, or
// a plain value. Nil references give an Object that is not Valid.
type Object struct {
	a        *Archive
	v        plist.Value
	dangling plist.Value // the reference, where it refers to nothing
}

// Valid reports whether there is an object.
func (o Object) Valid() bool { return o.v.Kind() != plist.Invalid }

// Err says why an Object is not Valid: what it is, or the reference to it, is
// damaged. It wraps limit.ErrCorrupt, and is nil for one that is merely absent.
func (o Object) Err() error {
	if uid, ok := o.dangling.UID(); ok {
		return fmt.Errorf("keyed archive at byte %d: %w: reference to object %d of %d",
			o.dangling.Offset(), limit.ErrCorrupt, uid, o.a.objects.Len())
	}
	return o.v.Err()
}

// Class returns the name of the object's class, "" for a plain value.
func (o Object) Class() string {
	s, _ := o.className().Str()
	return s
}

func (o Object) className() plist.Value {
	if class := o.v.Get("$class"); class != (plist.Value{}) {
		return o.a.resolve(class).v.Get("$classname")
	}
	return plist.Value{}
}

// Get returns the object that the key refers to.
func (o Object) Get(key string) Object {
	v := o.v.Get(key)
	if v == (plist.Value{}) {
		return Object{a: o.a}
	}
	return o.a.resolve(v)
}
