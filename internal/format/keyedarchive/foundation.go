package keyedarchive

import (
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/format/plist"
)

// Str returns the text of a string, NSString, NSURL or NSUUID.
func (o Object) Str() (string, bool) {
	switch o.v.Kind() {
	case plist.String:
		return o.v.Str()
	case plist.Dict:
		return o.unwrapText()
	}
	return "", false
}

func (o Object) unwrapText() (string, bool) {
	if s := o.Get("NS.string"); s.Valid() {
		return s.v.Str()
	}
	if b, ok := o.Get("NS.uuidbytes").v.Bytes(); ok && len(b) == 16 {
		return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
	}
	const bases = 4 // URLs that are relative to URLs: seen is one
	return o.url(bases)
}

// url returns the text of an NSURL, resolved against its base where it has one.
func (o Object) url(bases int) (string, bool) {
	own, ok := o.Get("NS.relative").v.Str()
	base := o.Get("NS.base")
	if !ok || !base.Valid() || bases == 0 {
		return own, ok
	}
	before, ok := base.url(bases - 1)
	if !ok {
		return own, true
	}
	if u, err := url.Parse(before); err == nil {
		if whole, err := u.Parse(own); err == nil {
			return whole.String(), true
		}
	}
	return before + own, true // as it lies there: it is no URL that Go knows
}

// Int returns the integer of a number.
func (o Object) Int() (int64, bool) { return o.v.Int() }

// Bytes returns the bytes of a data, NSData or NSMutableData, without a copy.
func (o Object) Bytes() ([]byte, bool) {
	if o.v.Kind() == plist.Data {
		return o.v.Bytes()
	}
	return o.Get("NS.data").v.Bytes()
}

// Time returns the instant of a date or NSDate, and whether it is one that
// plist.MacDate knows.
func (o Object) Time() (time.Time, bool) {
	if o.v.Kind() == plist.Date {
		return o.v.Time()
	}
	f, ok := o.Get("NS.time").v.Real()
	if !ok {
		return time.Time{}, false
	}
	return plist.MacDate(f)
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

// Pairs yields the pairs of an NSDictionary in stored order, keys as text. A
// key that is an integer is written as one, any other by its class or kind in
// brackets.
func (o Object) Pairs() iter.Seq2[string, Object] {
	return func(yield func(string, Object) bool) {
		keys, values := o.Get("NS.keys").v, o.Get("NS.objects").v
		for i := range min(keys.Len(), values.Len()) {
			if !yield(o.a.resolve(keys.At(i)).keyText(), o.a.resolve(values.At(i))) {
				return
			}
		}
	}
}

func (o Object) keyText() string {
	if s, ok := o.Str(); ok {
		return s
	}
	if i, ok := o.Int(); ok {
		return strconv.FormatInt(i, 10)
	}
	if c := o.Class(); c != "" {
		return "(" + c + ")"
	}
	return "(" + o.v.Kind().String() + ")"
}
