package fulltext

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite/vfs"
)

// Narrow says which of the records with the words are wanted.
type Narrow struct {
	Artifact string // "": any
	From, To int64  // milliseconds since 1970; both 0: any time, and undated ones
	After    Cursor // those that follow it in the order of time
	Limit    int
}

// A Cursor is where a list of hits goes on: the last hit that was shown.
type Cursor struct {
	At   int64 // its time; undated ones are after all others, at math.MaxInt64
	File int   // of the index
	ID   int64 // in it
}

// A Hit is a record that has the words.
type Hit struct {
	Artifact string
	Offset   int64 // of its line in records/NAME.jsonl
	At       int64 // milliseconds since 1970
	Dated    bool
	Cursor   Cursor // of the hits after it
}

// A File is one file of an index, open for reading at any offset.
type File interface {
	io.ReaderAt
	Size() int64
}

// Search finds records in the files of an index, in the order of time, the
// undated last: at most n.Limit of them. more says that there are others.
func Search(ctx context.Context, files []File, q Query, n Narrow) (hits []Hit, more bool, err error) {
	for i, f := range files {
		list, err := searchFile(ctx, f, i, q, n)
		if err != nil {
			return nil, false, fmt.Errorf("index of words: %w", err)
		}
		hits = append(hits, list...)
	}
	slices.SortFunc(hits, func(a, b Hit) int { return a.Cursor.Compare(b.Cursor) })
	if len(hits) > n.Limit {
		return hits[:n.Limit], true, nil
	}
	return hits, false, nil
}

// Compare orders cursors of one index.
func (c Cursor) Compare(o Cursor) int {
	return cmp.Or(cmp.Compare(c.At, o.At), cmp.Compare(c.File, o.File), cmp.Compare(c.ID, o.ID))
}

// searchFile returns one hit more than asked for, where there are so many.
func searchFile(ctx context.Context, f File, number int, q Query, n Narrow) ([]Hit, error) {
	db, closeDB, err := openFile(f)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	// The rows of a file come in the order of its number and their own: of those
	// at the time of the cursor the files before it are done.
	id := n.After.ID
	switch {
	case number < n.After.File:
		id = math.MaxInt64
	case number > n.After.File:
		id = 0
	}
	query := `SELECT p.id, a.name, p.offset, p.at FROM words w JOIN place p ON p.id = w.rowid JOIN artifact a ON a.id = p.artifact
		WHERE words MATCH $1 AND ($2 = '' OR a.name = $2) AND ($3 = 0 AND $4 = 0 OR p.at BETWEEN $3 AND $4)
		AND (COALESCE(p.at, $5) > $6 OR COALESCE(p.at, $5) = $6 AND p.id > $7)
		ORDER BY COALESCE(p.at, $5), p.id LIMIT $8`
	after := n.After.At
	if n.After == (Cursor{}) {
		after = math.MinInt64
	}
	rows, err := db.QueryContext(ctx, query, q.match(), n.Artifact, n.From, n.To, int64(math.MaxInt64), after, id, n.Limit+1)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hits []Hit
	for rows.Next() {
		var (
			h  Hit
			at sql.NullInt64
		)
		if err := rows.Scan(&h.Cursor.ID, &h.Artifact, &h.Offset, &at); err != nil {
			return nil, err
		}
		h.At, h.Dated, h.Cursor.File, h.Cursor.At = at.Int64, at.Valid, number, math.MaxInt64
		if at.Valid {
			h.Cursor.At = at.Int64
		}
		hits = append(hits, h)
	}
	return hits, rows.Err()
}

// served are the files that are open now, by a name that only this process
// knows: what SQLite opens through the file system that is registered with it.
type served struct {
	next  atomic.Int64
	files sync.Map // string to File
}

var (
	open     served
	register = sync.OnceValues(func() (string, error) {
		name, _, err := vfs.New(&open)
		return name, err
	})
)

// openFile opens a file of an index as a database that is only read.
func openFile(f File) (*sql.DB, func(), error) {
	system, err := register()
	if err != nil {
		return nil, nil, err
	}
	name := "words-" + strconv.FormatInt(open.next.Add(1), 10)
	open.files.Store(name, f)
	// immutable: no journal is looked for. What a query sorts stays in memory.
	db, err := sql.Open("sqlite", "file:"+name+"?vfs="+system+"&mode=ro&immutable=1&_pragma=temp_store(memory)&_pragma=query_only(1)")
	if err != nil {
		open.files.Delete(name)
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	return db, func() {
		_ = db.Close() // nothing was written
		open.files.Delete(name)
	}, nil
}

// Open implements fs.FS.
func (s *served) Open(name string) (fs.File, error) {
	v, _ := s.files.Load(name)
	f, ok := v.(File)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &servedFile{SectionReader: io.NewSectionReader(f, 0, f.Size()), name: name}, nil
}

// servedFile implements fs.File and io.Seeker.
type servedFile struct {
	*io.SectionReader
	name string
}

// Stat implements fs.File.
func (f *servedFile) Stat() (fs.FileInfo, error) { return servedInfo{f.name, f.Size()}, nil }

// Close implements fs.File. The file is its owner's.
func (f *servedFile) Close() error { return nil }

type servedInfo struct {
	name string
	size int64
}

// Name, Size and the others implement fs.FileInfo.
func (i servedInfo) Name() string     { return i.name }
func (i servedInfo) Size() int64      { return i.size }
func (servedInfo) Mode() fs.FileMode  { return 0o400 }
func (servedInfo) ModTime() time.Time { return time.Time{} }
func (servedInfo) IsDir() bool        { return false }
func (servedInfo) Sys() any           { return nil }
