package sqlite

import (
	"encoding/binary"
	"math"
)

// maxRecordHeader bounds the header of a record: 32767 columns of nine bytes.
const maxRecordHeader = 9 * (32767 + 1)

// serialSizes are the lengths of the values of serial types 0 to 11
// (https://sqlite.org/fileformat2.html#record_format).
var serialSizes = [12]int64{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0}

func serialSize(t uint64) int64 {
	if t < 12 {
		return serialSizes[t]
	}
	return int64((t - 12) / 2)
}

// decode reads the wanted columns of c into the row. After an error of
// damage the columns that could be read are there, and the others are lost.
func (s *scan) decode(c *cell) error {
	s.arena, s.gathered = s.arena[:0], 0
	err := s.columns(c)
	if s.alias >= 0 {
		s.row.vals[s.alias] = intValue(c.rowid)
	}
	for _, d := range s.dups {
		s.row.vals[d.to] = s.row.vals[d.from]
	}
	return err
}

// columns reads the record of c up to its last wanted column.
func (s *scan) columns(c *cell) error {
	if len(s.want) == 0 {
		return nil
	}
	hdr, body, err := s.recordHeader(&c.pay)
	if err != nil {
		s.lose(0)
		return err
	}
	var first error
	for i, out := range s.want {
		if len(hdr) == 0 {
			s.missing(i)
			return first
		}
		typ, n := uint64(hdr[0]), 1
		if typ >= 0x80 {
			typ, n = varint(hdr)
		}
		if n > 0 && typ <= 9 && serialSizes[typ] == 0 {
			hdr = hdr[n:]
			if out >= 0 {
				s.constant(&s.row.vals[out], i, typ)
			}
			continue
		}
		size := serialSize(typ)
		if n == 0 || size > c.pay.total-body {
			s.lose(i)
			return corrupt(c.pay.page, "column %d runs past the end of its record", i)
		}
		hdr = hdr[n:]
		if out >= 0 {
			if err := s.value(c, i, typ, body, size); err != nil {
				if asDamage(err) == nil {
					return err
				}
				s.row.vals[out] = Value{lost: true}
				if first == nil {
					first = err
				}
			}
		}
		body += size
	}
	return first
}

// constant sets v to what a serial type without bytes means: Null, 0 or 1.
// Most columns of wide tables are one of these, so data stays as it was.
func (s *scan) constant(v *Value, i int, typ uint64) {
	switch {
	case typ == 0:
		v.kind, v.lost = Null, false
	case s.real[i]:
		*v = floatValue(float64(typ - 8))
	default:
		v.kind, v.lost, v.num = Int, false, typ-8
	}
}

// recordHeader returns the serial types of a record, and where its values start.
func (s *scan) recordHeader(pay *payload) (types []byte, body int64, err error) {
	size, n := varint(pay.local)
	if n == 0 || size < uint64(n) || size > uint64(pay.total) || size > maxRecordHeader {
		return nil, 0, corrupt(pay.page, "header of a record claims %d bytes", size)
	}
	body = int64(size)
	b, err := s.span(pay, 0, body)
	if err != nil {
		return nil, 0, err
	}
	return b[n:], body, nil
}

// value reads the value of record column i.
func (s *scan) value(c *cell, i int, typ uint64, off, size int64) error {
	var b []byte
	if end := off + size; end <= int64(len(c.pay.local)) {
		b = c.pay.local[off:end]
	} else {
		var err error
		if b, err = s.span(&c.pay, off, size); err != nil {
			return err
		}
	}
	v := &s.row.vals[s.want[i]]
	switch {
	case typ >= 12 && typ&1 == 0:
		*v = Value{kind: Blob, data: b}
	case typ >= 12:
		*v = Value{kind: Text, data: s.utf8(b)}
	case typ == 10 || typ == 11:
		return corrupt(c.pay.page, "column %d has the reserved type %d", i, typ)
	case typ == 7:
		*v = real8(b)
	case s.real[i]:
		*v = floatValue(float64(number(typ, b)))
	default:
		// Leaves data as it was: a fifth of the time of a scan of integers.
		v.kind, v.lost, v.num = Int, false, uint64(number(typ, b))
	}
	return nil
}

// real8 reads a floating-point number. SQLite reads one that is none as Null.
func real8(b []byte) Value {
	f := math.Float64frombits(binary.BigEndian.Uint64(b))
	if math.IsNaN(f) {
		return Value{}
	}
	return floatValue(f)
}

// number reads an integer, which the serial types 1 to 6 are. It has
// the length that its type asks for.
func number(typ uint64, b []byte) int64 {
	switch typ {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return v
}

// missing fills the wanted columns from i on with what a shorter record means.
func (s *scan) missing(i int) {
	for ; i < len(s.want); i++ {
		if out := s.want[i]; out >= 0 {
			s.row.vals[out] = s.defaults[i]
		}
	}
}

// lose marks the wanted columns from i on as lost.
func (s *scan) lose(i int) {
	for ; i < len(s.want); i++ {
		if out := s.want[i]; out >= 0 {
			s.row.vals[out] = Value{lost: true}
		}
	}
}
