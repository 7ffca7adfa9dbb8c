package web

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/account/clock"
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

// accountsDue adds what is due in the accounts of the listed cases, and how long
// authorities have been silent.
func (q *request) accountsDue(d *casesData, titles map[string]string) error {
	heads, err := q.space.AccountHeads(q.ctx())
	if err != nil {
		return err
	}
	w, today := q.words(), casework.Today(q.s.o.Now())
	day := today.Format(time.DateOnly)
	for _, c := range d.Cases {
		head, ok := heads[c.ID]
		if !ok || c.Sealed {
			continue
		}
		st := q.s.standings.get(c.ID, head, day)
		if st == nil {
			k, err := q.docket(c.ID)
			if err != nil {
				return err
			}
			if st, _, err = casework.Standing(q.ctx(), k, today); err != nil {
				return err
			}
			q.s.standings.put(c.ID, standing{head, day, st})
		}
		for _, r := range casework.DueWithin(st, dueDays) {
			d.Dates = append(d.Dates, dateDue{c.ID, titles[c.ID], r.Day, w.Date(r.Date), r.Passed})
		}
		for _, x := range st.Silence {
			if x.Days > 0 {
				d.Silence = append(d.Silence, silenceDue{c.ID, titles[c.ID], x.Authority, w.Silence(x), w.Since(x), x.Days})
			}
		}
	}
	slices.SortStableFunc(d.Dates, func(a, b dateDue) int { return cmp.Compare(a.Day, b.Day) })
	slices.SortStableFunc(d.Silence, func(a, b silenceDue) int { return cmp.Compare(b.n, a.n) })
	d.Dates, d.Silence = d.Dates[:min(len(d.Dates), maxDates)], d.Silence[:min(len(d.Silence), maxDates)]
	return nil
}
