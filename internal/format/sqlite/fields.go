package sqlite

// A Field is one column of a cell, and where its bytes lie in it.
type Field struct {
	Name   string
	Offset int // from the first byte of the cell
	Length int // bytes on the page of the cell; what overflow pages hold is not counted
	Type   uint64
	Value  Value
}

// The names of the parts of a cell that are no columns.
const (
	FieldLength = "(length of the record)"
	FieldRowID  = "(rowid)"
	FieldHeader = "(types of the columns)"
)

// Fields takes the bytes of one cell of t apart, as they lie on a leaf page,
// also one whose first four bytes were overwritten when it was deleted. It
// returns nil for bytes that are no such cell.
func (t *Table) Fields(cell []byte) []Field {
	c := &carver{db: t.db}
	if f, ok := c.whole(cell, t); ok && f.size == len(cell) {
		return c.wholeFields(cell, t)
	}
	if c.sound(cell, t) {
		return c.wholeFields(cell, t)
	}
	for fixed := 2; fixed <= 9 && !t.WithoutRowid && len(cell) >= 8; fixed++ {
		if f, ok := c.behind(cell, fixed, t); ok && f.size == len(cell) {
			_, n := varint(f.header)
			c.serialsOf(f.header[n:])
			head := []Field{{Name: FieldHeader, Offset: 4, Length: f.body - 4}}
			return append(head, columnFields(t, c.types, cell, f.body)...)
		}
	}
	return nil
}

// sound reports whether a cell's own lengths agree, whatever its values are: a
// row that stands in its table may hold what no recovered one is believed.
func (c *carver) sound(cell []byte, t *Table) bool {
	total, at := varint(cell)
	kind := byte(leafIndex)
	if !t.WithoutRowid {
		_, n := varint(cell[min(at, len(cell)):])
		at, kind = at+n, leafTable
	}
	if at >= len(cell) || total > 1<<40 {
		return false
	}
	local := c.db.localSize(int64(total), kind)
	if local < int64(total) {
		local += 4 // the number of the first overflow page
	}
	header, n := varint(cell[at:])
	if n == 0 || int64(at)+local != int64(len(cell)) || header > uint64(len(cell)-at) || int(header) < n {
		return false
	}
	sum, ok := c.serials(cell[at+n : at+int(header)])
	return ok && int64(header)+sum == int64(total)
}

// serialsOf reads serial types, which are known to be sound, into c.types.
func (c *carver) serialsOf(b []byte) { _, _ = c.serials(b) }

func (c *carver) wholeFields(cell []byte, t *Table) []Field {
	var list []Field
	_, at := varint(cell)
	list = append(list, Field{Name: FieldLength, Length: at})
	if !t.WithoutRowid {
		rowid, n := varint(cell[at:])
		list = append(list, Field{Name: FieldRowID, Offset: at, Length: n, Value: intValue(int64(rowid))})
		at += n
	}
	header, n := varint(cell[at:])
	list = append(list, Field{Name: FieldHeader, Offset: at, Length: int(header)})
	c.serialsOf(cell[at+n : at+int(header)])
	return append(list, columnFields(t, c.types, cell, at+int(header))...)
}

// columnFields are the columns of a record whose values start at an offset of its cell.
func columnFields(t *Table, types []uint64, cell []byte, at int) []Field {
	var list []Field
	for i, typ := range types {
		if i >= len(t.order) {
			return list
		}
		size := int(min(serialSize(typ), int64(len(cell)-at)))
		f := Field{Name: t.Columns[t.order[i]].Name, Offset: at, Length: size, Type: typ}
		if int64(size) == serialSize(typ) {
			f.Value = serialValue(typ, cell[at:at+size])
		} else {
			f.Value = Value{lost: true}
		}
		list = append(list, f)
		at += size
	}
	return list
}

// serialValue is the value of a type whose bytes are all there.
func serialValue(typ uint64, b []byte) Value {
	switch {
	case typ == 0:
		return Value{}
	case typ == 8 || typ == 9:
		return intValue(int64(typ - 8))
	case typ == 7:
		return real8(b)
	case typ < 7:
		return intValue(number(typ, b))
	case typ&1 == 1:
		return Value{kind: Text, data: b}
	}
	return Value{kind: Blob, data: b}
}
