package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amparo-project/amparo/internal/fulltext"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// searchData is a search in all records of a check, a phone, a case, or of all
// cases.
type searchData struct {
	scope
	Query     string
	Exact     bool // the text as it is typed, not words
	Artifact  string
	From, To  string // as they were typed
	Artifacts []artifactName

	Asked   bool
	Hits    []hitLine
	More    bool  // a check has others
	Stopped bool  // it took too long
	Making  int   // checks whose index is being made: they are read whole
	Done    int64 // checks that were looked through so far
	Of      int64 // of so many
	Next    string
}

type artifactName struct{ Name, Title string }

type hitLine struct {
	Run                   string
	Artifact, Title, Time string
	At                    int64 // milliseconds, for a link to the timeline and to sort by
	Dated                 bool
	Fields                []report.Pair
	Marked                []markedPair
	More                  int // fields that are not shown
}

// markedPair is a field with what was looked for marked in its value.
type markedPair struct {
	Name   string
	Pieces []piece
}

type piece struct {
	Text string
	Mark bool
}

// Bounds of a search: hits of one check that a page shows, those of one artifact
// where records are read one by one, and how long it may take. Of many checks a
// page looks through as many as fit into a moment; the next page goes on.
const (
	maxHits    = 50
	fewHits    = 10 // of one check among others
	maxHitsOf  = 50
	searchTime = 30 * time.Second
	moment     = 25 * time.Millisecond
)

// searchPage looks for words, or for a text as it is typed, in every record.
func (q *request) searchPage() error {
	d, err := q.searchData()
	if err != nil {
		return err
	}
	return q.render("search", q.Text("web.search.title"), d, inSection("cases"))
}

func (q *request) searchData() (d searchData, err error) {
	if d.scope, err = q.theScope(); err != nil {
		return d, err
	}
	v := q.r.URL.Query()
	d.Query, d.Exact, d.Artifact, d.From, d.To = v.Get("q"), v.Get("exact") != "", v.Get("artifact"), v.Get("from"), v.Get("to")
	d.Of = int64(len(d.Runs))
	q.artifactsOf(&d)
	if strings.TrimSpace(d.Query) == "" {
		return d, nil
	}
	s, err := q.looking(&d)
	if err != nil {
		return d, err
	}
	d.Asked = true
	return d, s.all()
}

// artifactsOf lists what a search can be narrowed to.
func (q *request) artifactsOf(d *searchData) {
	seen := map[string]bool{}
	for i := range d.Runs {
		for name := range d.Runs[i].Summary.Parsers {
			if !seen[name] {
				seen[name] = true
				d.Artifacts = append(d.Artifacts, artifactName{name, cut(maxTitle, report.ArtifactTitle(q.Printer, name))})
			}
		}
	}
	slices.SortFunc(d.Artifacts, func(a, b artifactName) int {
		return cmp.Or(strings.Compare(a.Title, b.Title), strings.Compare(a.Name, b.Name))
	})
}

// search is one search under way.
type search struct {
	q      *request
	d      *searchData
	words  fulltext.Query
	needle timeline.Needle
	narrow fulltext.Narrow
	start  int             // the first check that is looked through
	queued map[string]bool // cases: whether their indexes will be made
}

// looking reads what is asked for.
func (q *request) looking(d *searchData) (*search, error) {
	s := &search{q: q, d: d, words: fulltext.Parse(d.Query), needle: timeline.NewNeedle(strings.TrimSpace(d.Query))}
	s.narrow = fulltext.Narrow{Artifact: d.Artifact, Limit: maxHits}
	if len(d.Runs) > 1 {
		s.narrow.Limit = fewHits // its own page has the others
	}
	for text, to := range map[string]*int64{d.From: &s.narrow.From, d.To: &s.narrow.To} {
		if text == "" {
			continue
		}
		ms, err := parseStamp(text)
		if err != nil {
			return nil, badRequest{err}
		}
		*to = ms
	}
	if d.To == "" && d.From != "" {
		s.narrow.To = 1 << 52
	}
	var err error
	if s.start, s.narrow.After, err = q.searchCursor(len(d.Runs)); err != nil {
		return nil, err
	}
	return s, nil
}

// searchCursor reads where a search goes on: the number of a check, and of one
// check the last hit that was shown.
func (q *request) searchCursor(runs int) (start int, after fulltext.Cursor, err error) {
	text := q.r.URL.Query().Get("after")
	if text == "" {
		return 0, after, nil
	}
	var n [4]int64
	parts := strings.SplitN(text, ".", len(n)+1)
	for i, part := range parts {
		if i == len(n) {
			return 0, after, badRequest{errors.New("a part of a list that is none")}
		}
		if n[i], err = strconv.ParseInt(part, 10, 64); err != nil {
			return 0, after, badRequest{err}
		}
	}
	if n[0] < 0 || n[0] > int64(runs) {
		return 0, after, badRequest{errors.New("a part of a list that is none")}
	}
	return int(n[0]), fulltext.Cursor{At: n[1], File: int(n[2]), ID: n[3]}, nil
}

// found is what a search found in one check.
type found struct {
	hits    []hitLine
	more    bool
	making  bool
	stopped bool
	last    fulltext.Cursor
}

// all looks through checks, some at once, until the moment is over.
func (s *search) all() error {
	ctx, cancel := context.WithTimeout(s.q.ctx(), searchTime)
	defer cancel()
	begun := time.Now()
	runs := s.d.Runs[s.start:]
	at := 0
	for at < len(runs) && (at == 0 || time.Since(begun) < moment) {
		batch := runs[at:min(len(runs), at+runtime.GOMAXPROCS(0))]
		if err := s.record(batch); err != nil {
			return err
		}
		list := make([]found, len(batch))
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(runtime.GOMAXPROCS(0))
		for i := range batch {
			g.Go(func() (err error) {
				list[i], err = s.one(ctx, &batch[i])
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i := range list {
			s.take(&list[i])
		}
		at += len(batch)
	}
	s.d.Done = int64(s.start + at)
	slices.SortStableFunc(s.d.Hits, func(a, b hitLine) int {
		return cmp.Or(-cmp.Compare(btoi(a.Dated), btoi(b.Dated)), cmp.Compare(a.At, b.At), strings.Compare(a.Artifact, b.Artifact))
	})
	if at < len(runs) {
		s.next(fulltext.Cursor{})
	}
	return nil
}

// next is the query of the part of the search that follows.
func (s *search) next(last fulltext.Cursor) {
	v := url.Values{"q": {s.d.Query}, "after": {strconv.FormatInt(s.d.Done, 10)}}
	if last != (fulltext.Cursor{}) {
		v.Set("after", strings.Join([]string{"0", strconv.FormatInt(last.At, 10), strconv.Itoa(last.File), strconv.FormatInt(last.ID, 10)}, "."))
	}
	for name, value := range map[string]string{"artifact": s.d.Artifact, "from": s.d.From, "to": s.d.To} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if s.d.Exact {
		v.Set("exact", "1")
	}
	s.d.Next = v.Encode()
}

func (s *search) take(f *found) {
	s.d.Hits, s.d.More, s.d.Stopped = append(s.d.Hits, f.hits...), s.d.More || f.more, s.d.Stopped || f.stopped
	if f.making {
		s.d.Making++
	}
	if f.more && len(s.d.Runs) == 1 && f.last != (fulltext.Cursor{}) {
		s.next(f.last)
	}
}

// record puts into the ledger that somebody searched, and not what for: of a
// check or a phone its evidence, of more the cases.
func (s *search) record(batch []workspace.Run) error {
	if s.d.Run.ID != "" || s.d.Device.ID != "" {
		return s.q.viewAll(ofRuns(batch), "search")
	}
	var cases []string
	for i := range batch {
		if !slices.Contains(cases, batch[i].Case) {
			cases = append(cases, batch[i].Case)
		}
	}
	return s.q.space.Searched(s.q.ctx(), cases)
}
