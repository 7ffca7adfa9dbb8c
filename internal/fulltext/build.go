package fulltext

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
	"modernc.org/sqlite"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Source is the records of one artifact, in the order in which they lie there.
type Source struct {
	Artifact string
	Open     func() (io.ReadCloser, error)
}

// Bounds of one file of an index: so many bytes of text and so many records. A
// check of half a million messages makes some thirty of them. Each is built in
// memory, in about four times its text.
const (
	maxText    = 16 * limit.MiB
	maxRecords = 200_000
	maxLine    = 16 * limit.MiB // of records; a longer one is not read
)

// schema holds the words, and where each record lies: nothing of its text
// beside. The tokenizer folds case and accents.
const schema = `PRAGMA journal_mode = off; PRAGMA page_size = 8192; PRAGMA temp_store = memory;
CREATE VIRTUAL TABLE words USING fts5(t, content = '', columnsize = 0, tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE artifact (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE place (id INTEGER PRIMARY KEY, artifact INTEGER NOT NULL, offset INTEGER NOT NULL, at INTEGER);
INSERT INTO words (words, rank) VALUES ('hashsize', 67108864);`

// Built is what became of the records.
type Built struct {
	Files   int   `json:"files"`
	Records int64 `json:"records"`
	Unread  int64 `json:"unread"` // lines that are no records, or too long
	Text    int64 `json:"text"`   // bytes
	Bytes   int64 `json:"bytes"`  // of the files
}

// Build makes the index of some records and calls put with each of its files,
// by number, in order. The same records give the same files. It works on all
// cores; nothing is written to a disk.
func Build(ctx context.Context, sources []Source, put func(n int, data []byte) error) (Built, error) {
	b := &splitter{}
	g, ctx := errgroup.WithContext(ctx)
	ready := make(chan chan []byte, runtime.GOMAXPROCS(0)) // in order
	b.emit = func(s *shard) error {
		done := make(chan []byte, 1)
		select {
		case ready <- done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		g.Go(func() error {
			data, err := s.build(ctx)
			done <- data
			return err
		})
		return nil
	}
	g.Go(func() error {
		defer close(ready)
		return b.all(ctx, sources)
	})
	n := 0
	var err error
	for done := range ready {
		data := <-done
		if data == nil || err != nil {
			continue // the group says why
		}
		if err = put(n, data); err == nil {
			n, b.built.Bytes = n+1, b.built.Bytes+int64(len(data))
		}
	}
	err = errors.Join(g.Wait(), err)
	b.built.Files = n
	return b.built, err
}

// splitter reads records and cuts them into shards.
type splitter struct {
	emit  func(*shard) error
	s     *shard
	built Built
	rec   record
}

// shard is what goes into one file.
type shard struct {
	artifacts []string
	rows      []place
	text      []byte // of all records
}

type place struct {
	artifact int
	offset   int64
	at       int64
	dated    bool
	end      int // of its text
}

func (b *splitter) all(ctx context.Context, sources []Source) error {
	for _, src := range sources {
		if err := b.source(ctx, src); err != nil {
			return fmt.Errorf("records of %s: %w", src.Artifact, err)
		}
	}
	return b.flush()
}

func (b *splitter) flush() error {
	if b.s == nil || len(b.s.rows) == 0 {
		return nil
	}
	s := b.s
	b.s = nil
	return b.emit(s)
}

func (b *splitter) source(ctx context.Context, src Source) error {
	r, err := src.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	br := bufio.NewReaderSize(r, 256*limit.KiB)
	var at int64
	for i := 0; ; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		line, size, err := readLine(br)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(bytes.TrimSpace(line)) > 0 || size > int64(len(line)) {
			if err := b.add(src.Artifact, line, at); err != nil {
				return err
			}
		}
		at += size
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

// readLine reads a line; of one that is too long nothing but its size.
func readLine(r *bufio.Reader) (line []byte, size int64, err error) {
	line, err = r.ReadSlice('\n')
	size = int64(len(line))
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, size, err
	}
	whole := bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = r.ReadSlice('\n')
		size += int64(len(line))
		if size <= maxLine {
			whole = append(whole, line...)
		}
	}
	if size > maxLine {
		return nil, size, err
	}
	return whole, size, err
}

func (b *splitter) add(artifact string, line []byte, at int64) error {
	if !b.rec.read(line) {
		b.built.Unread++
		return nil
	}
	if b.s == nil {
		b.s = &shard{}
	}
	if n := len(b.s.artifacts); n == 0 || b.s.artifacts[n-1] != artifact {
		b.s.artifacts = append(b.s.artifacts, artifact)
	}
	b.s.text = append(b.s.text, b.rec.text...)
	b.s.rows = append(b.s.rows, place{len(b.s.artifacts) - 1, at, b.rec.at, b.rec.dated, len(b.s.text)})
	b.built.Records++
	b.built.Text += int64(len(b.rec.text))
	if len(b.s.text) >= maxText || len(b.s.rows) >= maxRecords {
		return b.flush()
	}
	return nil
}

// build makes the file of a shard, in memory.
func (s *shard) build(ctx context.Context) ([]byte, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // nothing was written
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("index of words: %w", err)
	}
	defer func() { _ = c.Close() }() // likewise
	if err := s.fill(ctx, c); err != nil {
		return nil, fmt.Errorf("index of words: %w", err)
	}
	var data []byte
	err = c.Raw(func(dc any) error {
		m, ok := dc.(interface{ Serialize() ([]byte, error) })
		if !ok {
			return errors.ErrUnsupported
		}
		data, err = m.Serialize()
		return err
	})
	return data, err
}

var _ = sqlite.Driver{} // registers the engine

func (s *shard) fill(whole context.Context, c *sql.Conn) error {
	// The engine watches a context that can end once for each statement, which
	// costs as much as a small record: here it is asked now and then.
	ctx := context.WithoutCancel(whole)
	if _, err := c.ExecContext(ctx, schema); err != nil {
		return err
	}
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for i, name := range s.artifacts {
		if _, err := tx.ExecContext(ctx, "INSERT INTO artifact (id, name) VALUES ($1, $2)", i, name); err != nil {
			return err
		}
	}
	words, err := tx.PrepareContext(ctx, "INSERT INTO words (rowid, t) VALUES ($1, $2)")
	if err != nil {
		return err
	}
	defer words.Close()
	places, err := tx.PrepareContext(ctx, "INSERT INTO place (id, artifact, offset, at) VALUES ($1, $2, $3, $4)")
	if err != nil {
		return err
	}
	defer places.Close()
	from := 0
	for i := range s.rows {
		if i%1024 == 0 && whole.Err() != nil {
			return context.Cause(whole)
		}
		p := &s.rows[i]
		if _, err := words.ExecContext(ctx, i+1, string(s.text[from:p.end])); err != nil {
			return err
		}
		at := sql.NullInt64{Int64: p.at, Valid: p.dated}
		if _, err := places.ExecContext(ctx, i+1, p.artifact, p.offset, at); err != nil {
			return err
		}
		from = p.end
	}
	return tx.Commit()
}
