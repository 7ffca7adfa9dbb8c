package tracev3

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendMessage appends the message of the entry as the log tool shows it.
// Where the format string is not known, it is the arguments alone, with a
// blank between them.
func (e *Entry) AppendMessage(b []byte) []byte {
	switch e.Type {
	case Loss:
		b = append(b, "lost "...)
		b = strconv.AppendUint(b, e.Lost, 10)
		return append(b, " messages"...)
	case State:
		return append(b, e.Name...)
	case Simple:
		return append(b, beforeZero(e.args)...)
	}
	e.lookup()
	items := e.arguments()
	if e.format == nil {
		return appendItems(b, items)
	}
	r := renderer{items: items}
	for i := range e.format.ops {
		o := &e.format.ops[i]
		b = append(b, o.text...)
		if o.spec != nil {
			b = r.append(b, o.spec)
		}
	}
	return b
}

// Texts calls f with each text among the arguments, whose bytes are valid
// until the next entry. It is what is left to search once an entry's format
// string is known, and costs far less than its message.
func (e *Entry) Texts(f func([]byte)) {
	if e.Type == Simple {
		f(beforeZero(e.args))
		return
	}
	items := e.arguments()
	for i := range items {
		it := &items[i]
		if (it.kind == kindString || it.kind == kindObject) && !it.private && !it.masked {
			f(beforeZero(it.data))
		}
	}
}

// State returns the content of a state dump, and its type: 1 for a property
// list, 2 for a protocol buffer, 3 for what only its writer knows.
func (e *Entry) State() (kind byte, data []byte) {
	if e.Type != State {
		return 0, nil
	}
	return e.Code, e.args
}

func beforeZero(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// appendItems appends arguments whose format is not known.
func appendItems(b []byte, items []item) []byte {
	first := true
	for i := range items {
		it := &items[i]
		if it.kind == kindCount || it.kind == kindMask && !it.masked {
			continue
		}
		if !first {
			b = append(b, ' ')
		}
		first = false
		b = it.append(b)
	}
	return b
}

// append appends the value as its own kind has it.
func (it *item) append(b []byte) []byte {
	switch {
	case it.private:
		return append(b, "<private>"...)
	case it.masked:
		return appendMask(b, it.data)
	}
	switch it.kind {
	case kindString, kindObject:
		return appendText(b, it, -1)
	case kindData, kindWide:
		return hex.AppendEncode(b, it.data)
	}
	return strconv.AppendInt(b, it.signed(), 10)
}

// appendMask appends the hash that stands for a masked value.
func appendMask(b, hash []byte) []byte {
	if len(hash) == 0 {
		return append(b, "<mask.hash: (null)>"...)
	}
	b = append(b, "<mask.hash: '"...)
	b = base64.StdEncoding.AppendEncode(b, hash)
	return append(b, "'>"...)
}

// appendText appends a text of at most prec bytes, all of it where prec is
// negative.
func appendText(b []byte, it *item, prec int) []byte {
	if len(it.data) == 0 {
		if prec == 0 {
			return b
		}
		return append(b, "(null)"...)
	}
	s := beforeZero(it.data)
	if prec > 0 && prec < len(s) {
		for s = s[:prec]; len(s) > 0 && !utf8.Valid(s) && prec-len(s) < utf8.UTFMax; {
			s = s[:len(s)-1]
		}
	}
	return append(b, s...)
}

// renderer fills the arguments of one entry into its format.
type renderer struct {
	items []item
}

// next returns the argument for a specification, with its width and
// precision. It is nil where none is left.
func (r *renderer) next(sp *spec) (it *item, width, prec int) {
	width, prec = sp.width, sp.prec
	r.skipMasks()
	if sp.starWidth && len(r.items) > 1 && r.items[0].kind == kindScalar {
		width = clampWidth(r.items[0].signed())
		r.items = r.items[1:]
	}
	counted := false
	for len(r.items) > 0 && r.items[0].kind == kindCount {
		v := r.items[0].signed()
		prec, counted = int(min(max(v, -1), maxFormat)), true
		r.items = r.items[1:]
	}
	if sp.starPrec && !counted && len(r.items) > 1 && r.items[0].kind == kindScalar {
		prec = clampWidth(r.items[0].signed())
		r.items = r.items[1:]
	}
	r.skipMasks()
	if len(r.items) == 0 {
		return nil, width, prec
	}
	it = &r.items[0]
	r.items = r.items[1:]
	return it, width, prec
}

func (r *renderer) skipMasks() {
	for len(r.items) > 0 && r.items[0].kind == kindMask && !r.items[0].masked {
		r.items = r.items[1:]
	}
}

func clampWidth(v int64) int { return int(min(max(v, -maxWidth), maxWidth)) }

// append appends the next argument as sp has it.
func (r *renderer) append(b []byte, sp *spec) []byte {
	it, width, prec := r.next(sp)
	switch {
	case it == nil:
		return append(b, "<decode: missing data>"...)
	case it.private:
		return append(b, "<private>"...)
	case it.masked, sp.mask && it.kind == kindData && len(it.data) == 16 && sp.decode == nil:
		return appendMask(b, it.data)
	}
	start := len(b)
	if sp.decode != nil {
		if out, ok := sp.decode(b, it); ok {
			return pad(out, start, width, sp)
		}
	}
	return pad(sp.value(b, it, prec), start, width, sp)
}

// value appends an argument by the verb, or by its own kind where the verb
// does not fit.
func (sp *spec) value(b []byte, it *item, prec int) []byte {
	if it.kind == kindString || it.kind == kindObject {
		return appendText(b, it, prec)
	}
	if it.kind == kindData || it.kind == kindWide {
		return hex.AppendEncode(b, it.data)
	}
	switch sp.verb {
	case 'd', 'D', 'i':
		return sp.integer(b, it, prec)
	case 'u', 'U', 'x', 'X', 'o', 'O', 'p':
		return sp.unsigned(b, it, prec)
	case 'e', 'E', 'f', 'F', 'g', 'G', 'a', 'A':
		return sp.float(b, it, prec)
	case 'c', 'C':
		v, _ := it.scalar()
		return utf8.AppendRune(b, rune(uint32(v)&0x1fffff))
	case 'm':
		return append(b, errnoText(it.signed())...)
	}
	return strconv.AppendInt(b, it.signed(), 10)
}

// narrow cuts a number down to the bytes of its type, "%hhu".
func (sp *spec) narrow(v uint64) uint64 {
	switch sp.long {
	case 1:
		return uint64(uint8(v))
	case 2:
		return uint64(uint16(v))
	}
	return v
}

func (sp *spec) integer(b []byte, it *item, prec int) []byte {
	v := it.signed()
	switch sp.long {
	case 1:
		v = int64(int8(v))
	case 2:
		v = int64(int16(v))
	}
	switch {
	case v < 0:
		b = append(b, '-')
	case sp.plus:
		b = append(b, '+')
	case sp.space:
		b = append(b, ' ')
	}
	start := len(b)
	abs := uint64(v)
	if v < 0 {
		abs = -abs
	}
	return zeros(strconv.AppendUint(b, abs, 10), start, prec)
}

func (sp *spec) unsigned(b []byte, it *item, prec int) []byte {
	v, _ := it.scalar()
	v = sp.narrow(v)
	base := 10
	switch sp.verb {
	case 'x', 'X', 'p':
		base = 16
		if sp.verb == 'p' || sp.hash && v != 0 {
			b = append(b, '0', 'x')
		}
	case 'o', 'O':
		base = 8
		if sp.hash && v != 0 {
			b = append(b, '0')
		}
	}
	start := len(b)
	b = strconv.AppendUint(b, v, base)
	if sp.verb == 'X' {
		copy(b[max(0, start-2):], bytes.ToUpper(b[max(0, start-2):]))
	}
	return zeros(b, start, prec)
}

func (sp *spec) float(b []byte, it *item, prec int) []byte {
	v, n := it.scalar()
	f, size := math.Float64frombits(v), 64
	if n == 4 {
		f, size = float64(math.Float32frombits(uint32(v))), 32
	}
	verb := sp.verb
	switch verb {
	case 'a':
		return strconv.AppendFloat(b, f, 'x', prec, size)
	case 'A':
		return strconv.AppendFloat(b, f, 'X', prec, size)
	case 'F':
		verb = 'f'
	}
	if prec < 0 {
		prec = 6
	}
	if sp.plus && f >= 0 {
		b = append(b, '+')
	}
	start := len(b)
	prec = min(prec, maxWidth)
	if verb == 'g' || verb == 'G' {
		return appendG(b, f, verb, max(prec, 1), size)
	}
	b = strconv.AppendFloat(b, f, verb, prec, size)
	return lower(b, start, f)
}

// appendG is %g of C: as Go's, but it keeps plain digits up to the precision.
func appendG(b []byte, f float64, verb byte, prec, size int) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= math.Pow10(prec)) || math.IsNaN(f) || math.IsInf(f, 0) {
		return lower(strconv.AppendFloat(b, f, verb, prec, size), len(b), f)
	}
	start := len(b)
	digits := 0
	if f != 0 {
		digits = int(math.Floor(math.Log10(math.Abs(f)))) + 1
	}
	b = strconv.AppendFloat(b, f, 'f', max(0, prec-digits), size)
	if bytes.IndexByte(b[start:], '.') >= 0 {
		b = bytes.TrimRight(b, "0")
		b = bytes.TrimSuffix(b, []byte{'.'})
	}
	return b
}

// lower writes what is no number as C does.
func lower(b []byte, start int, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b[:start], "nan"...)
	case math.IsInf(f, 1):
		return append(b[:start], "inf"...)
	case math.IsInf(f, -1):
		return append(b[:start], "-inf"...)
	}
	return b
}

// zeros puts zeros before the digits from start on until there are prec.
func zeros(b []byte, start, prec int) []byte {
	prec = min(prec, maxWidth)
	return insert(b, start, prec-(len(b)-start), '0')
}

// pad brings what stands from start on to the width.
func pad(b []byte, start, width int, sp *spec) []byte {
	left := sp.minus
	if width < 0 {
		left, width = true, -width
	}
	width = min(width, maxWidth)
	n := width - utf8.RuneCount(b[start:])
	switch {
	case n <= 0:
		return b
	case left:
		return insert(b, len(b), n, ' ')
	case sp.zero && sp.prec < 0 && sp.verb != 's' && sp.verb != '@':
		if start < len(b) && (b[start] == '-' || b[start] == '+') {
			start++
		}
		return insert(b, start, n, '0')
	}
	return insert(b, start, n, ' ')
}

// insert puts n times c at i.
func insert(b []byte, i, n int, c byte) []byte {
	if n <= 0 {
		return b
	}
	b = append(b, make([]byte, n)...)
	copy(b[i+n:], b[i:len(b)-n])
	for k := range n {
		b[i+k] = c
	}
	return b
}
