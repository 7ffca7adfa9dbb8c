package walk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/format/plist"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/report"
)

// maxList bounds a property list that is taken apart, in bytes.
const maxList = 64 << 20

// list takes the object of a binary property list apart whose marker lies at an
// offset. A file that is no such list has no parts.
func (l *Place) list(offset int64) ([]report.ExplainField, error) {
	if l.file.Size() > maxList {
		return nil, nil
	}
	data, err := l.read(0, l.file.Size())
	if err != nil {
		return nil, err
	}
	root, err := plist.Parse(data)
	if errors.Is(err, limit.ErrCorrupt) || errors.Is(err, limit.ErrUnsupported) || errors.Is(err, limit.ErrLimit) {
		return nil, nil // its parser told of it
	}
	if err != nil {
		return nil, err
	}
	v := root.Find(offset)
	at, n, ok := v.Extent()
	if !ok {
		return nil, nil
	}
	list := []report.ExplainField{{Name: "(" + v.Kind().String() + ")", Offset: at, Length: int(n), Value: valueText(v)}}
	add := func(name string, v plist.Value) {
		if at, n, ok := v.Extent(); ok && len(list) < maxFields {
			list = append(list, report.ExplainField{Name: name, Offset: at, Length: int(min(n, MaxPlace)), Value: valueText(v)})
		}
	}
	switch v.Kind() {
	case plist.Dict:
		for key, value := range v.Pairs() {
			name := valueText(key)
			add("("+l.p.Text("explain.list_key")+") "+name, key)
			add(name, value)
		}
	case plist.Array, plist.Set:
		i := 0
		for item := range v.Items() {
			if i == maxFields {
				break
			}
			add("["+strconv.Itoa(i)+"]", item)
			i++
		}
	}
	slices.SortStableFunc(list[1:], func(a, b report.ExplainField) int { return cmp.Compare(a.Offset, b.Offset) })
	return list, nil
}

// maxText bounds the text of a value in bytes.
const maxText = 4096

// valueText is a value as people read it; of a container, how much it holds.
func valueText(v plist.Value) string {
	switch v.Kind() {
	case plist.Null:
		return "null"
	case plist.Bool:
		b, _ := v.Bool()
		return strconv.FormatBool(b)
	case plist.Int:
		if n, ok := v.Int(); ok {
			return strconv.FormatInt(n, 10)
		}
		if n, ok := v.Uint(); ok {
			return strconv.FormatUint(n, 10)
		}
	case plist.Real:
		f, _ := v.Real()
		return strconv.FormatFloat(f, 'f', -1, 64)
	case plist.Date:
		if t, ok := v.Time(); ok {
			return t.UTC().Format(time.RFC3339)
		}
	case plist.Data:
		b, _ := v.Bytes()
		return fmt.Sprintf("x'%x'", b[:min(len(b), 64)])
	case plist.String:
		s, _ := v.Str()
		return s[:min(len(s), maxText)]
	case plist.UID:
		n, _ := v.UID()
		return strconv.FormatUint(n, 10)
	case plist.Array, plist.Set, plist.Dict:
		return strconv.Itoa(v.Len())
	case plist.Invalid:
	}
	return "?"
}
