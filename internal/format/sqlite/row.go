package sqlite

// A Row is one row of a table, with the place of its bytes. It is valid until
// the next row is asked for.
type Row struct {
	rowid  int64
	page   uint32
	frame  uint32
	state  State
	offset int64
	length int64
	noRow  bool
	sure   uint8
	vals   []Value
}

// RowIDLost reports whether the rowid of a row that [DB.Recover] found was
// overwritten: RowID is 0 then.
func (r *Row) RowIDLost() bool { return r.noRow }

// Confidence says in percent how sure it is that a row that [DB.Recover] found
// was one of its table. It is 0 for a row of a scan.
func (r *Row) Confidence() int { return int(r.sure) }

// RowID returns the rowid. It is 0 in a table without rowid.
func (r *Row) RowID() int64 { return r.rowid }

// Value returns column i of those that were asked for.
func (r *Row) Value(i int) Value { return r.vals[i] }

// Empty reports whether column i is Null, 0, or a Text or a Blob without
// bytes, as most columns of wide tables are. It copies nothing, so asking
// first costs a fraction of taking each Value.
func (r *Row) Empty(i int) bool {
	switch v := &r.vals[i]; v.kind {
	case Null:
		return true
	case Int, Float:
		return v.num == 0
	default:
		return len(v.data) == 0
	}
}

// Kind returns the storage class of column i, as Value(i).Kind() does.
func (r *Row) Kind(i int) Kind { return r.vals[i].kind }

// Len returns how many columns were asked for.
func (r *Row) Len() int { return len(r.vals) }

// Page returns the number of the page that holds the cell of the row.
func (r *Row) Page() uint32 { return r.page }

// Offset returns where the cell starts: in the database file, in the
// write-ahead log if State is one of its states, in the journal if it is StateJournal.
func (r *Row) Offset() int64 { return r.offset }

// Length returns how many bytes the cell has on its page. What a long row has
// on overflow pages is not counted.
func (r *Row) Length() int64 { return r.length }

// State says which file has the cell.
func (r *Row) State() State { return r.state }

// Frame returns the number of the frame of the write-ahead log that holds the
// cell, counted from 1: Offset counts in the log then, also where State is
// StateDeleted. It is 0 elsewhere.
func (r *Row) Frame() uint32 { return r.frame }
