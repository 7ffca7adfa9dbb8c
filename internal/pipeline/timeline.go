package pipeline

import (
	"bufio"
	"io"
	"strconv"
	"sync"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/extsort"
)

// timelineHeader names the columns of timeline.csv.
const timelineHeader = "time,artifact,event,summary,path,table,rowid,offset,state\n"

// source names the artifact and the file that a task's events come from.
type source struct{ artifact, path string }

// writeTimeline merges the events of set into the timeline's two forms, both
// rendered at once, and counts them by day.
func writeTimeline(set *extsort.Set, sources []source, csv, jsonl io.Writer) (*activity, error) {
	byDay := newActivity()
	renderers := []*renderer{
		newRenderer(csv, sources, appendCSV),
		newRenderer(jsonl, sources, appendJSONL),
		newRenderer(io.Discard, sources, byDay.count),
	}
	_, err := io.WriteString(csv, timelineHeader)
	if e := deal(set, renderers); err == nil {
		err = e
	}
	for _, r := range renderers {
		if e := r.finish(); err == nil {
			err = e
		}
	}
	return byDay, err
}

// batch is a run of items in order, shared by all renderers.
type batch struct {
	arena []byte
	items []extsort.Item
	left  sync.WaitGroup
}

const batchItems = 1024

// deal hands the merged items to every renderer in batches.
func deal(set *extsort.Set, renderers []*renderer) error {
	var pool [3]*batch // a batch is filled again when all renderers have left it
	for i := range pool {
		pool[i] = &batch{items: make([]extsort.Item, 0, batchItems)}
	}
	n, b := 0, pool[0]
	flush := func() {
		b.left.Add(len(renderers))
		for _, r := range renderers {
			r.in <- b
		}
		n = (n + 1) % len(pool)
		b = pool[n]
		b.left.Wait()
		b.items, b.arena = b.items[:0], b.arena[:0]
	}
	for it, err := range set.All() {
		if err != nil {
			return err
		}
		b.add(it)
		if len(b.items) == batchItems {
			flush()
		}
	}
	flush()
	return nil
}

func (b *batch) add(it extsort.Item) {
	k, p := len(it.Key), len(it.Payload)
	if cap(b.arena)-len(b.arena) < k+p {
		// Items keep the old arena alive; a new one serves those to come.
		b.arena = make([]byte, 0, max(256<<10, k+p))
	}
	at := len(b.arena)
	b.arena = append(append(b.arena, it.Key...), it.Payload...)
	b.items = append(b.items, extsort.Item{Key: b.arena[at : at+k], Payload: b.arena[at+k : at+k+p]})
}

// renderer writes batches in one form, in its own goroutine.
type renderer struct {
	in      chan *batch
	done    chan error
	sources []source
	form    func(b []byte, e *event, from source) []byte
}

func newRenderer(w io.Writer, sources []source, form func([]byte, *event, source) []byte) *renderer {
	r := &renderer{make(chan *batch, 1), make(chan error, 1), sources, form}
	go func() { r.done <- r.run(w) }()
	return r
}

func (r *renderer) run(w io.Writer) error {
	var (
		e    event
		line []byte
	)
	out := bufio.NewWriterSize(w, 256<<10)
	for b := range r.in {
		for _, it := range b.items {
			e.decode(it)
			line = r.form(line[:0], &e, r.sources[e.task])
			_, _ = out.Write(line) // a bufio.Writer keeps its first error for Flush
		}
		b.left.Done()
	}
	return out.Flush()
}

func (r *renderer) finish() error {
	close(r.in)
	return <-r.done
}

func appendJSONL(b []byte, e *event, from source) []byte {
	b = append(b, `{"time":`...)
	b = artifact.AppendTime(b, e.at)
	b = append(b, `,"artifact":`...)
	b = artifact.AppendString(b, from.artifact)
	b = append(b, `,"event":`...)
	b = artifact.AppendString(b, e.meaning)
	b = append(b, `,"summary":`...)
	b = artifact.AppendString(b, e.summary)
	b = append(b, `,"provenance":`...)
	b = append(b, `{"path":`...)
	if len(e.path) > 0 {
		b = artifact.AppendString(b, e.path)
	} else {
		b = artifact.AppendString(b, from.path)
	}
	if len(e.table) > 0 {
		b = append(b, `,"table":`...)
		b = artifact.AppendString(b, e.table)
	}
	if e.row {
		b = strconv.AppendInt(append(b, `,"rowid":`...), e.rowid, 10)
	} else if e.length > 0 {
		b = strconv.AppendInt(append(b, `,"offset":`...), e.offset, 10)
	}
	if len(e.state) > 0 {
		b = append(b, `,"state":`...)
		b = artifact.AppendString(b, e.state)
	}
	return append(b, "}}\n"...)
}

func appendCSV(b []byte, e *event, from source) []byte {
	b = artifact.AppendInstant(b, e.at)
	b = append(b, ',')
	b = append(append(b, from.artifact...), ',')
	b = append(appendCell(b, e.meaning), ',')
	b = append(appendCell(b, e.summary), ',')
	if len(e.path) > 0 {
		b = appendCell(b, e.path)
	} else {
		b = appendCell(b, from.path)
	}
	b = append(b, ',')
	b = append(appendCell(b, e.table), ',')
	if e.row {
		b = strconv.AppendInt(b, e.rowid, 10)
	}
	b = append(b, ',')
	if e.length > 0 {
		b = strconv.AppendInt(b, e.offset, 10)
	}
	b = append(b, ',')
	if len(e.state) == 0 {
		b = append(b, "live"...)
	}
	b = append(b, e.state...)
	return append(b, '\n')
}

// appendCell appends s as one CSV cell after RFC 4180. A text that a
// spreadsheet would take for a formula gets an apostrophe before it: evidence
// is hostile, and an analyst opens this file.
func appendCell[T string | []byte](b []byte, s T) []byte {
	if len(s) == 0 {
		return b
	}
	quote := false
	for i := range len(s) {
		if c := s[i]; c == '"' || c == ',' || c == '\n' || c == '\r' {
			quote = true
			break
		}
	}
	if quote {
		b = append(b, '"')
	}
	if c := s[0]; c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' {
		b = append(b, '\'')
	}
	if !quote {
		return append(b, s...)
	}
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
