package web

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
)

// standings keeps how the account of each case stands, in memory alone: a list
// of cases does not open and count all of them anew each time.
type standings struct {
	mu  sync.Mutex
	all map[string]standing // guarded by mu; by case
}

type standing struct {
	head int64 // the ledger's number of the account's last entry
	day  string
	st   *clock.Standing
}

// maxStandings bounds what is kept, in cases.
const maxStandings = 5000

func (s *standings) get(caseID string, head int64, day string) *clock.Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.all[caseID]; o.head == head && o.day == day {
		return o.st
	}
	return nil
}

func (s *standings) put(caseID string, o standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= maxStandings {
		s.all = map[string]standing{}
	}
	s.all[caseID] = o
}

// forget drops all.
func (s *standings) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
}

// dateDue and silenceDue are what the list of cases tells of an account.
type dateDue struct {
	Case, Title, Day, Text string
	Over                   bool
}

type silenceDue struct {
	Case, Title, Authority, Days, Since string
	n                                   int
}

// Bounds of what the list of cases tells of accounts.
const (
	dueDays  = 14
	maxDates = 30
)

// reckonFor is how long a page counts accounts that it has not counted before;
// the next one goes on. Those of the listed cases are counted at any rate.
const reckonFor = 400 * time.Millisecond

// accountsDue adds what is due in the accounts of all cases, and how long
// authorities have been silent.
func (q *request) accountsDue(d *casesData, t *titles) error {
	heads, err := q.space.AccountHeads(q.ctx())
	if err != nil {
		return err
	}
	w, today := q.words(), casework.Today(q.s.o.Now())
	day := today.Format(time.DateOnly)
	begun := time.Now()
	var terms *term.Set
	for _, id := range d.listedFirst(heads) {
		st := q.s.standings.get(id, heads[id], day)
		if st == nil {
			if listed := slices.ContainsFunc(d.Cases, func(c caseLine) bool { return c.ID == id }); !listed && time.Since(begun) > reckonFor {
				d.Uncounted++
				continue
			}
			if terms == nil {
				if terms, err = q.s.o.Terms(q.ctx(), q.space); err != nil {
					return err
				}
			}
			if st, _, err = casework.Standing(q.ctx(), q.docketBy(id, terms), today); err != nil {
				return err
			}
			q.s.standings.put(id, standing{heads[id], day, st})
		}
		for _, r := range casework.DueWithin(st, dueDays) {
			d.Dates = append(d.Dates, dateDue{id, "", r.Day, w.Date(r.Date), r.Passed})
		}
		for _, x := range st.Silence {
			if x.Days > 0 {
				d.Silence = append(d.Silence, silenceDue{id, "", x.Authority, w.Silence(x), w.Since(x), x.Days})
			}
		}
	}
	slices.SortStableFunc(d.Dates, func(a, b dateDue) int { return cmp.Compare(a.Day, b.Day) })
	slices.SortStableFunc(d.Silence, func(a, b silenceDue) int { return cmp.Compare(b.n, a.n) })
	d.Dates, d.Silence = d.Dates[:min(len(d.Dates), maxDates)], d.Silence[:min(len(d.Silence), maxDates)]
	t.open(append(each(d.Dates, func(x *dateDue) string { return x.Case }), each(d.Silence, func(x *silenceDue) string { return x.Case })...)...)
	for i := range d.Dates {
		d.Dates[i].Title = t.Of(d.Dates[i].Case)
	}
	for i := range d.Silence {
		d.Silence[i].Title = t.Of(d.Silence[i].Case)
	}
	return nil
}

// listedFirst are the cases that have an account: those of the page, then the
// others.
func (d *casesData) listedFirst(heads map[string]int64) []string {
	ids := make([]string, 0, len(heads))
	for i := range d.Cases {
		if _, ok := heads[d.Cases[i].ID]; ok && !d.Cases[i].Sealed {
			ids = append(ids, d.Cases[i].ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(heads)) {
		if !slices.ContainsFunc(d.Cases, func(c caseLine) bool { return c.ID == id }) {
			ids = append(ids, id)
		}
	}
	return ids
}
