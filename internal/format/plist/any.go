package plist

import (
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/amparo-project/amparo/internal/limit"
)

// Limits bound what Any makes of a list.
type Limits struct {
	Depth int   // nesting
	Nodes int   // objects made, shared ones counted each time
	Bytes int64 // of text and data
}

// DefaultLimits suit the lists of a phone.
var DefaultLimits = Limits{Depth: 128, Nodes: 250_000, Bytes: 64 << 20}

// Any makes Go values of a list: map[string]any, []any, string, bool, int64,
// uint64 above the signed range, float64, []byte, time.Time, UIDs as uint64,
// and nil (also for a value that is absent), all of which JSON can write. What Go or JSON has no value for is
// given otherwise: integers above 64 bits, infinities and NaN as text, dates
// outside the years 0 to 9999 as seconds since 2001. Of a key that a
// dictionary has twice, the first counts, as with Get.
//
// A list that holds itself, or grows past the limits by shared references,
// gives an error that wraps limit.ErrLimit; a damaged object in it, one that
// wraps limit.ErrCorrupt; and then no value.
func Any(v Value, lim Limits) (any, error) {
	w := walker{left: lim}
	return w.value(v)
}

type walker struct {
	left Limits
	path []int64 // the containers around
}

func (w *walker) value(v Value) (any, error) {
	if w.left.Nodes--; w.left.Nodes < 0 {
		return nil, fmt.Errorf("property list at byte %d: %w: too many objects", v.Offset(), limit.ErrLimit)
	}
	o := v.object()
	if o.kind != Dict && o.kind != Array && o.kind != Set {
		return w.scalar(v, o)
	}
	switch {
	case slices.Contains(w.path, v.ref):
		return nil, fmt.Errorf("property list at byte %d: %w: it holds itself", v.Offset(), limit.ErrLimit)
	case len(w.path) >= w.left.Depth:
		return nil, fmt.Errorf("property list at byte %d: %w: nested too deeply", v.Offset(), limit.ErrLimit)
	}
	w.path = append(w.path, v.ref)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	if o.kind == Dict {
		return w.dict(v)
	}
	list := make([]any, 0, min(o.n, 1024))
	for e := range v.Items() {
		x, err := w.value(e)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

func (w *walker) dict(v Value) (any, error) {
	m := make(map[string]any, min(v.Len(), 1024))
	for key, e := range v.Pairs() {
		if err := w.spend(key, key.object().n); err != nil {
			return nil, err
		}
		x, err := w.value(e)
		if err != nil {
			return nil, err
		}
		if err := key.Err(); err != nil {
			return nil, err
		}
		k := key.keyText()
		if _, twice := m[k]; !twice {
			m[k] = x
		}
	}
	return m, nil
}

func (w *walker) scalar(v Value, o object) (any, error) {
	switch o.kind {
	case Null:
		return nil, nil
	case Bool:
		return o.num != 0, nil
	case UID:
		return o.num, nil
	case Int:
		return v.anyInt(o), nil
	case Real:
		return jsonFloat(math.Float64frombits(o.num)), nil
	case Date:
		if t, ok := v.Time(); ok {
			return t, nil
		}
		return jsonFloat(math.Float64frombits(o.num)), nil
	case Data:
		return v.content(o), w.spend(v, o.n)
	case String:
		if err := w.spend(v, o.n); err != nil {
			return nil, err
		}
		s, ok := v.Str()
		if !ok {
			return nil, v.Err()
		}
		return s, nil
	}
	return nil, v.Err()
}

func (v Value) anyInt(o object) any {
	switch {
	case o.form == wide:
		b := v.content(o)
		n := new(big.Int).SetBytes(b)
		if b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		return n.String()
	case !o.neg && o.num > math.MaxInt64:
		return o.num
	}
	return int64(o.num)
}

func jsonFloat(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return f
}

// spend takes n bytes of the budget.
func (w *walker) spend(v Value, n int) error {
	if w.left.Bytes -= int64(n); w.left.Bytes < 0 {
		return fmt.Errorf("property list at byte %d: %w: too much text and data", v.Offset(), limit.ErrLimit)
	}
	return nil
}
