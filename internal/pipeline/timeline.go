package pipeline

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/extsort"
)

// timelineHeader names the columns of timeline.csv.
const timelineHeader = "time,artifact,event,summary,path,table,rowid,offset,state\n"

// source is where a task's events come from.
type source struct {
	artifact string
	path     *word // of the file that it reads
	name     *word // of the artifact
	words    *vocabulary
	days     *activity
}

// writeTimeline merges the events of set into the timeline's two forms, both
// rendered at once.
func writeTimeline(set *extsort.Set, sources []source, csv, jsonl io.Writer) error {
	renderers := []*renderer{
		newRenderer(csv, sources, appendCSV),
		newRenderer(jsonl, sources, appendJSONL),
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
	return err
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
	form    func(b, at []byte, e *event, from *source) []byte
}

func newRenderer(w io.Writer, sources []source, form func(b, at []byte, e *event, from *source) []byte) *renderer {
	r := &renderer{make(chan *batch, 1), make(chan error, 1), sources, form}
	go func() { r.done <- r.run(w) }()
	return r
}

// renderBuffer is how much a renderer collects before it writes.
const renderBuffer = 256 << 10

func (r *renderer) run(w io.Writer) error {
	var (
		e     event
		clock instants
		err   error
	)
	buf := make([]byte, 0, renderBuffer+renderBuffer/4)
	flush := func() {
		if err == nil {
			_, err = w.Write(buf)
		}
		buf = buf[:0]
	}
	for b := range r.in {
		for _, it := range b.items {
			e.decode(it, r.sources)
			buf = r.form(buf, clock.text(e.at), &e, &r.sources[e.task])
			if len(buf) >= renderBuffer {
				flush()
			}
		}
		b.left.Done()
	}
	flush()
	return err
}

func (r *renderer) finish() error {
	close(r.in)
	return <-r.done
}

// instants writes times that come in order: the date of one is mostly that of
// the one before.
type instants struct {
	day int64
	b   []byte
}

const dateLength = len("2006-01-02")

// text returns t in RFC 3339, valid until the next call.
func (i *instants) text(t time.Time) []byte {
	sec := t.Unix()
	if day := sec / secondsPerDay; sec < 0 || day != i.day || len(i.b) < dateLength {
		i.day = day
		i.b = artifact.AppendInstant(i.b[:0], t)
		return i.b
	}
	i.b = artifact.AppendClock(i.b[:dateLength], sec%secondsPerDay, t.Nanosecond())
	return i.b
}

func appendJSONL(b, at []byte, e *event, from *source) []byte {
	b = append(append(b, `{"time":"`...), at...)
	b = append(append(b, `","artifact":`...), from.name.json...)
	b = append(append(b, `,"event":`...), e.meaning.json...)
	b = artifact.AppendString(append(b, `,"summary":`...), e.summary)
	b = append(b, `,"provenance":{"path":`...)
	if e.path.some {
		b = append(b, e.path.json...)
	} else {
		b = append(b, from.path.json...)
	}
	if e.table.some {
		b = append(append(b, `,"table":`...), e.table.json...)
	}
	if e.row {
		b = strconv.AppendInt(append(b, `,"rowid":`...), e.rowid, 10)
	} else if e.length > 0 {
		b = strconv.AppendInt(append(b, `,"offset":`...), e.offset, 10)
	}
	if e.state.some {
		b = append(append(b, `,"state":`...), e.state.json...)
	}
	return append(b, "}}\n"...)
}

func appendCSV(b, at []byte, e *event, from *source) []byte {
	b = append(append(b, at...), ',')
	b = append(append(b, from.name.cell...), ',')
	b = append(append(b, e.meaning.cell...), ',')
	b = append(appendCell(b, e.summary), ',')
	if e.path.some {
		b = append(b, e.path.cell...)
	} else {
		b = append(b, from.path.cell...)
	}
	b = append(b, ',')
	b = append(append(b, e.table.cell...), ',')
	if e.row {
		b = strconv.AppendInt(b, e.rowid, 10)
	}
	b = append(b, ',')
	if e.length > 0 {
		b = strconv.AppendInt(b, e.offset, 10)
	}
	b = append(b, ',')
	if !e.state.some {
		b = append(b, "live"...)
	}
	b = append(b, e.state.cell...)
	return append(b, '\n')
}

// appendCell appends s as one CSV cell after RFC 4180. A text that a
// spreadsheet would take for a formula gets an apostrophe before it: evidence
// is hostile, and an analyst opens this file.
func appendCell(b, s []byte) []byte {
	if len(s) == 0 {
		return b
	}
	quote := bytes.IndexByte(s, ',') >= 0 || bytes.IndexByte(s, '"') >= 0 ||
		bytes.IndexByte(s, '\n') >= 0 || bytes.IndexByte(s, '\r') >= 0
	if quote {
		b = append(b, '"')
	}
	if c := s[0]; c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' {
		b = append(b, '\'')
	}
	if !quote {
		return append(b, s...)
	}
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			return append(append(b, s...), '"')
		}
		b = append(append(b, s[:i+1]...), '"')
		s = s[i+1:]
	}
}
