package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/fulltext"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// index queues a job that makes the indexes of a case, and reports whether they
// will be made: who may only see queues nothing.
func (s *search) index(caseID string) bool {
	made, known := s.queued[caseID]
	if known {
		return made
	}
	_, err := s.q.space.AddJob(s.q.ctx(), workspace.Job{Case: caseID, Kind: workspace.JobIndex}, workspace.JobPrivate{})
	if err == nil {
		s.q.s.wake()
	}
	if s.queued == nil {
		s.queued = map[string]bool{}
	}
	s.queued[caseID] = err == nil
	return err == nil
}

// one looks through one check.
func (s *search) one(ctx context.Context, r *workspace.Run) (f found, err error) {
	if s.d.Exact || s.words.Empty() {
		return s.scan(ctx, r)
	}
	w, err := s.q.space.Words(ctx, r)
	if errors.Is(err, examine.ErrNoIndex) {
		if f, err = s.scan(ctx, r); err == nil {
			f.making = s.index(r.Case)
		}
		return f, err
	}
	if err != nil {
		return f, err
	}
	defer func() { _ = w.Close() }() // only read
	hits, more, err := fulltext.Search(ctx, w.Files, s.words, s.narrow)
	if err != nil || len(hits) == 0 {
		return f, err
	}
	f.more, f.last = more, hits[len(hits)-1].Cursor
	b, err := s.q.space.OpenRun(ctx, r)
	if err != nil {
		return f, err
	}
	files := map[string]evidence.Blob{}
	defer func() {
		for _, file := range files {
			_ = file.Close() // only read
		}
	}()
	for _, h := range hits {
		line, err := recordAt(ctx, b, files, h)
		if err != nil {
			return f, err
		}
		if hit, ok := s.hit(line, h.Artifact, s.words.Marks); ok {
			hit.Run = r.ID
			f.hits = append(f.hits, hit)
		}
	}
	return f, nil
}

// maxRecord bounds a record that is shown, in bytes.
const maxRecord = 16 * limit.MiB

// recordAt reads the record of a hit.
func recordAt(ctx context.Context, b *vault.Bundle, files map[string]evidence.Blob, h fulltext.Hit) ([]byte, error) {
	file := files[h.Artifact]
	if file == nil {
		var err error
		if file, err = b.OpenFile(ctx, "records/"+h.Artifact+".jsonl"); err != nil {
			return nil, fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
		}
		files[h.Artifact] = file
	}
	line, err := bufio.NewReader(io.NewSectionReader(file, h.Offset, maxRecord)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return bytes.TrimRight(line, "\n"), nil
}

// scan reads every record of a check for the text as it is typed.
func (s *search) scan(ctx context.Context, r *workspace.Run) (f found, err error) {
	b, err := s.q.space.OpenRun(ctx, r)
	if err != nil {
		return f, err
	}
	files := b.FS(ctx)
	for _, file := range b.Files() {
		name, ok := strings.CutPrefix(file.Path, "records/")
		name = strings.TrimSuffix(name, ".jsonl")
		if !ok || s.d.Artifact != "" && s.d.Artifact != name {
			continue
		}
		err := s.scanFile(ctx, files, file.Path, name, r.ID, &f)
		if errors.Is(err, context.DeadlineExceeded) {
			f.stopped = true
			return f, nil
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func (s *search) scanFile(ctx context.Context, files fs.FS, path, artifact, run string, f *found) error {
	file, err := files.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	n := 0
	return s.needle.Search(ctx, file, func(line []byte) bool {
		if n == maxHitsOf || len(f.hits) == 4*maxHits {
			f.more = true
			return false
		}
		hit, ok := s.hit(line, artifact, marksOf(s.needle))
		if ok && s.wanted(&hit) {
			n++
			hit.Run = run
			f.hits = append(f.hits, hit)
		}
		return true
	})
}

// wanted reports whether a record lies in the time that is asked for.
func (s *search) wanted(h *hitLine) bool {
	return s.narrow.From == 0 && s.narrow.To == 0 || h.Dated && h.At >= s.narrow.From && h.At <= s.narrow.To
}

// marksOf finds a text as it is typed, in the way of fulltext.Query.Marks.
func marksOf(n timeline.Needle) func(string) ([][2]int, []bool) {
	return func(value string) ([][2]int, []bool) { return n.Marks(value), nil }
}

// shownFields of a record are shown: those with the text, then the first.
const shownFields = 8

// hit makes a line of a record. ok is false where no field by itself has what
// is looked for: words that stand beside each other in two fields do not.
func (s *search) hit(line []byte, artifact string, marks func(string) ([][2]int, []bool)) (h hitLine, ok bool) {
	h = hitLine{Artifact: artifact, Title: cut(maxTitle, report.ArtifactTitle(s.q.Printer, artifact))}
	var rec struct {
		Times []struct{ At *time.Time }
	}
	if err := json.Unmarshal(line, &rec); err == nil {
		for _, t := range rec.Times {
			if t.At != nil {
				h.At, h.Dated, h.Time = t.At.UnixMilli(), true, t.At.UTC().Format("2006-01-02 15:04:05")
				break
			}
		}
	}
	// The fields in which something is seen for the first time, the others with what
	// is looked for, and the rest.
	var fields [3][]report.Pair
	var marked [3][]markedPair
	var seen []bool
	for _, p := range report.WholeFields(json.RawMessage(line), s.q.Printer) {
		at, found := marks(p.Value)
		k := len(fields) - 1
		if len(at) > 0 {
			k = 1 - btoi(adds(seen, found))
		}
		seen = either(seen, found)
		m, short := markedOf(&p, at)
		p.Value = short
		fields[k], marked[k] = append(fields[k], p), append(marked[k], m)
	}
	h.Fields, h.Marked = slices.Concat(fields[:]...), slices.Concat(marked[:]...)
	if n := len(h.Fields); n > shownFields {
		h.Fields, h.Marked, h.More = h.Fields[:shownFields], h.Marked[:shownFields], n-shownFields
	}
	return h, !s.crossing(seen)
}

// adds reports whether something was found that was not seen before.
func adds(seen, found []bool) bool {
	for i, f := range found {
		if f && (seen == nil || !seen[i]) {
			return true
		}
	}
	return false
}

func either(a, b []bool) []bool {
	if a == nil {
		return b
	}
	for i := range b {
		a[i] = a[i] || b[i]
	}
	return a
}

// crossing reports whether words that must stand beside each other do so in no
// field that is shown.
func (s *search) crossing(seen []bool) bool {
	for i, ok := range seen {
		if !ok && s.words.Together(i) {
			return true
		}
	}
	return false
}

// How much of a value is shown, in bytes, and how much of it before and after
// each place with what is looked for, where not all of it is.
const (
	shownValue   = 500
	aroundMarked = 120
)

// markedOf parts a value at marks. Of a long one it takes what lies around them;
// short is that without marks.
func markedOf(p *report.Pair, at [][2]int) (m markedPair, short string) {
	m.Name = p.Name
	value, shown, pos := p.Value, 0, 0
	var text strings.Builder
	put := func(to int, mark bool) {
		if to > pos {
			m.Pieces = append(m.Pieces, piece{value[pos:to], mark})
			text.WriteString(value[pos:to])
			shown += to - pos
		}
		pos = max(pos, to)
	}
	leave := func(to int) {
		if to > pos {
			m.Pieces = append(m.Pieces, piece{Text: "…"})
			text.WriteString("…")
			pos = to
		}
	}
	whole := len(value) <= shownValue
	for i, k := range at {
		if shown >= shownValue {
			break
		}
		end := min(k[1], k[0]+shownValue)
		if !whole {
			leave(boundary(value, k[0]-aroundMarked))
		}
		put(k[0], false)
		if put(boundary(value, end), true); end < k[1] {
			break
		}
		next := len(value)
		if i+1 < len(at) {
			next = at[i+1][0]
		}
		if !whole {
			put(boundary(value, min(k[1]+aroundMarked, next)), false)
		}
	}
	switch {
	case whole:
		put(len(value), false)
	case len(at) == 0:
		put(boundary(value, shownValue), false)
	}
	leave(len(value))
	return m, text.String()
}

// boundary is where the character begins that a byte of a text belongs to.
func boundary(s string, at int) int {
	if at <= 0 {
		return 0
	}
	if at >= len(s) {
		return len(s)
	}
	for at > 0 && s[at]&0xc0 == 0x80 {
		at--
	}
	return at
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
