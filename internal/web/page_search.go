package web

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// searchData is a search in all records of a check.
type searchData struct {
	Run      workspace.Run
	Evidence workspace.Evidence
	Case     workspace.Case
	Query    string
	Asked    bool
	Hits     []hitLine
	More     bool   // there are others
	Stopped  bool   // it took too long
	Read     int64  // bytes of records
	Took     string // in seconds
}

type hitLine struct {
	Artifact, Title, Time string
	At                    int64 // milliseconds, for a link to the timeline
	Fields                []report.Pair
	More                  int // fields that are not shown
}

// Bounds of a search: records that are shown, of one artifact and in all, and
// how long it may take.
const (
	maxHits    = 200
	maxHitsOf  = 50
	searchTime = 30 * time.Second
)

// searchPage looks for a text in every record of a check. Records are read
// from the vault as they lie there: no index of them is kept in clear.
func (q *request) searchPage() error {
	d, err := q.searchData()
	if err != nil {
		return err
	}
	return q.render("search", q.Text("web.search.title"), d, inSection("cases"))
}

func (q *request) searchData() (d searchData, err error) {
	r, ev, c, err := q.theRun()
	if err != nil {
		return d, err
	}
	d = searchData{Run: r, Evidence: ev, Case: c, Query: q.r.URL.Query().Get("q")}
	needle := timeline.NewNeedle(strings.TrimSpace(d.Query))
	if needle.Empty() || d.Query == "" {
		return d, nil
	}
	d.Asked = true
	// That somebody looked is in the ledger, what they looked for is not.
	if err := q.space.Viewed(q.ctx(), ev.ID, r.ID+" search"); err != nil {
		return d, err
	}
	begun := time.Now()
	if err := q.search(&d, needle); err != nil {
		return d, err
	}
	d.Took = q.Number(int64(time.Since(begun)/time.Second) + 1)
	return d, nil
}

func (q *request) search(d *searchData, needle timeline.Needle) error {
	b, err := q.space.OpenRun(q.ctx(), &d.Run)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.ctx(), searchTime)
	defer cancel()
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	files := b.FS(ctx)
	for _, f := range b.Files() {
		name, ok := strings.CutPrefix(f.Path, "records/")
		if !ok {
			continue
		}
		d.Read += f.Size
		g.Go(func() error {
			hits, more, err := q.searchFile(ctx, files, f.Path, strings.TrimSuffix(name, ".jsonl"), needle)
			mu.Lock()
			defer mu.Unlock()
			d.Hits, d.More = append(d.Hits, hits...), d.More || more
			if errors.Is(err, context.DeadlineExceeded) {
				d.Stopped, err = true, nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortStableFunc(d.Hits, func(a, b hitLine) int {
		return strings.Compare(a.Time+a.Artifact, b.Time+b.Artifact)
	})
	if len(d.Hits) > maxHits {
		d.Hits, d.More = d.Hits[:maxHits], true
	}
	return nil
}

func (q *request) searchFile(ctx context.Context, files fs.FS, path, artifact string, needle timeline.Needle) (hits []hitLine, more bool, err error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	title := report.ArtifactTitle(q.Printer, artifact)
	err = needle.Search(ctx, f, func(line []byte) bool {
		if len(hits) == maxHitsOf {
			more = true
			return false
		}
		hits = append(hits, q.hit(line, artifact, title, needle))
		return true
	})
	return hits, more, err
}

// shownFields of a record are shown: those with the text, then the first.
const shownFields = 8

func (q *request) hit(line []byte, artifact, title string, needle timeline.Needle) hitLine {
	h := hitLine{Artifact: artifact, Title: title}
	var rec struct {
		Times []struct{ At *time.Time }
	}
	if err := json.Unmarshal(line, &rec); err == nil {
		for _, t := range rec.Times {
			if t.At != nil {
				h.At, h.Time = t.At.UnixMilli(), t.At.UTC().Format("2006-01-02 15:04:05")
				break
			}
		}
	}
	all := report.Fields(json.RawMessage(line), q.Printer)
	var first, rest []report.Pair
	for _, p := range all {
		p.Value = cut(500, p.Value)
		if ok, _ := needle.In([]byte(p.Value), nil); ok {
			first = append(first, p)
		} else {
			rest = append(rest, p)
		}
	}
	h.Fields = append(first, rest...)
	if n := len(h.Fields); n > shownFields {
		h.Fields, h.More = h.Fields[:shownFields], n-shownFields
	}
	return h
}
