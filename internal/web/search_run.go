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
	var first, rest []report.Pair
	var firstMarked, restMarked []markedPair
	var seen []bool
	for _, p := range report.Fields(json.RawMessage(line), s.q.Printer) {
		at, found := marks(p.Value)
		seen = either(seen, found)
		m, short := markedOf(&p, at)
		if p.Value = short; len(at) > 0 {
			first, firstMarked = append(first, p), append(firstMarked, m)
		} else {
			rest, restMarked = append(rest, p), append(restMarked, m)
		}
	}
	h.Fields, h.Marked = append(first, rest...), append(firstMarked, restMarked...)
	if n := len(h.Fields); n > shownFields {
		h.Fields, h.Marked, h.More = h.Fields[:shownFields], h.Marked[:shownFields], n-shownFields
	}
	return h, !s.crossing(seen)
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

// shownValue is how much of a value is shown, in bytes.
const shownValue = 500

// markedOf cuts a value around the first mark and parts it at marks.
func markedOf(p *report.Pair, at [][2]int) (m markedPair, short string) {
	m.Name = p.Name
	value, from := p.Value, 0
	if len(at) > 0 && at[0][0] > shownValue/2 {
		from = at[0][0] - shownValue/4
		for from > 0 && value[from]&0xc0 == 0x80 { // not within a character
			from--
		}
	}
	end := min(len(value), from+shownValue)
	for end < len(value) && value[end]&0xc0 == 0x80 {
		end--
	}
	if from > 0 {
		m.Pieces = append(m.Pieces, piece{Text: "…"})
	}
	pos := from
	for _, k := range at {
		if k[0] < pos || k[1] > end {
			continue
		}
		m.Pieces = append(m.Pieces, piece{Text: value[pos:k[0]]}, piece{value[k[0]:k[1]], true})
		pos = k[1]
	}
	m.Pieces = append(m.Pieces, piece{Text: value[pos:end]})
	short = value[from:end]
	if end < len(value) {
		m.Pieces = append(m.Pieces, piece{Text: "…"})
		short += "…"
	}
	return m, short
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
