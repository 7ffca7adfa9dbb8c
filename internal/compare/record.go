package compare

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxLine bounds a line of a records file, which may have travelled.
const maxLine = 64 * limit.MiB

// record is a line of records/NAME.jsonl.
type record struct {
	Kind      string          `json:"kind"`
	Times     json.RawMessage `json:"times"`
	Data      json.RawMessage `json:"data"`
	Truncated bool            `json:"truncated"`
	Where     struct {
		Path   string `json:"path"`
		Table  string `json:"table"`
		RowID  *int64 `json:"rowid"`
		Offset int64  `json:"offset"`
		State  string `json:"state"`
	} `json:"provenance"`
}

type hash [16]byte

// naturalKeys are the fields that make a row one where its number does not:
// tables that are written anew each time.
var naturalKeys = map[string][]string{
	"ios.manifest":   {"domain", "relative_path"}, // Manifest.db is made for each backup
	"ios.filesystem": {"path"},
	"ios.tcc":        {"service", "client", "indirect_object_identifier"}, // the table's own primary key
}

// derived are kinds of record that tell of missing rows: a comparison says
// itself which rows are gone, and by what they were.
var derived = map[string]bool{"gap": true, "gaps": true, "process_gap": true, "process_gaps": true}

// live reports whether the row stands in its database: "wal" is a committed
// frame of the log.
func (r *record) live() bool {
	return r.Where.State == "" || r.Where.State == "live" || r.Where.State == "wal"
}

// named reports whether the record has a name of its own in its file: a row, or
// a key. Lines of a log have none; they are the same or they are not.
func (r *record) named() bool { return r.Where.RowID != nil || r.Where.Table != "" }

// identity is where a record lies: file, kind, table or key, and the row.
func (r *record) identity(artifact string, whole bool) hash {
	name := r.Where.Path
	if !whole {
		name = path.Base(name)
	}
	b := append([]byte(r.Kind), 0)
	b = append(append(b, name...), 0)
	b = append(append(b, r.Where.Table...), 0)
	if keys := naturalKeys[artifact]; keys != nil {
		var data map[string]json.RawMessage
		_ = json.Unmarshal(r.Data, &data) // split has seen that it is an object
		for _, key := range keys {
			b = append(append(b, data[key]...), 0)
		}
		return sum(b)
	}
	if r.Where.RowID != nil {
		b = binary.BigEndian.AppendUint64(append(b, 1), uint64(*r.Where.RowID))
	}
	return sum(b)
}

// content is all that the record says, without its place.
func (r *record) content() hash { return sum(r.contentBytes()) }

func (r *record) contentBytes() []byte {
	b := append(append([]byte(r.Kind), 0), r.Times...)
	return append(append(b, 0), r.Data...)
}

// telling is the times and texts of a record: all that a deleted row whose number
// was overwritten has in common with the row that it was. The zero hash stands
// for a record without a text: its times alone do not tell it.
func (r *record) telling() hash {
	var data map[string]json.RawMessage
	_ = json.Unmarshal(r.Data, &data) // split has seen that it is an object
	texts := 0
	b := append(append([]byte("telling\x00"+r.Kind), 0), r.Times...)
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if v := data[name]; len(v) > 0 && v[0] == '"' {
			b = append(append(append(b, 0), name...), 0)
			b, texts = append(b, v...), texts+1
		}
	}
	if texts == 0 {
		return hash{}
	}
	return sum(b)
}

func sum(b []byte) hash {
	full := sha256.Sum256(b)
	return hash(full[:16])
}

// fields returns the names of the fields and times in which two records differ.
func fields(a, b *record) []string {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a.Data, &x) != nil || json.Unmarshal(b.Data, &y) != nil {
		return nil
	}
	var names []string
	for name := range x {
		if string(x[name]) != string(y[name]) {
			names = append(names, name)
		}
	}
	for name := range maps.Keys(y) {
		if _, ok := x[name]; !ok {
			names = append(names, name)
		}
	}
	if string(a.Times) != string(b.Times) {
		names = append(names, "times")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// line is where a line lies in its file.
type line struct {
	offset int64
	length int
}

// lines calls fn with every record of a file. A missing file has none.
func lines(ctx context.Context, files fs.FS, name string, fn func(at line, raw []byte, r *record) error) error {
	f, err := files.Open(name)
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 0, limit.MiB), maxLine)
	at := line{}
	for n := 1; sc.Scan(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		raw := sc.Bytes()
		at.length = len(raw)
		r, err := split(raw)
		if err != nil {
			return fmt.Errorf("read %s, line %d: %w", name, n, err)
		}
		if !derived[r.Kind] {
			if err := fn(at, raw, r); err != nil {
				return err
			}
		}
		at.offset += int64(len(raw)) + 1
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// again reads a line that lines has seen.
func again(f io.ReaderAt, at line) (json.RawMessage, *record, error) {
	raw := make([]byte, at.length)
	if _, err := f.ReadAt(raw, at.offset); err != nil {
		return nil, nil, fmt.Errorf("read a record again: %w", err)
	}
	r, err := split(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read a record again: %w", err)
	}
	return raw, r, nil
}
