package clock

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/term"
)

var press = account.Source{Title: "press", URL: "https://example.org/a"}

func terms(t testing.TB) *term.Set {
	t.Helper()
	s, err := term.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func on(y int, m time.Month, d int) time.Time { return term.Day(y, m, d) }

// letter is what the letter of 7 December 2017 complains of.
func letter(t testing.TB) *Record {
	t.Helper()
	lgtaip, err := terms(t).Term("mx-lgtaip-2015", on(2017, 6, 20))
	if err != nil {
		t.Fatal(err)
	}
	return &Record{
		Promises: []Promise{{ID: "PR-1", Authority: "Government of Mexico", Made: "2017-06-22", Words: "The matter will be investigated.", Source: press, Public: true}},
		Requests: []Request{
			{ID: "RQ-1", Kind: Complaint, Authority: "PGR", Sent: "2017-06-19", Subject: "criminal complaint", Source: press, Public: true},
			{ID: "RQ-2", Kind: Access, Authority: "PGR", Sent: "2017-06-20", Subject: "contracts", Term: &lgtaip, Source: press},
		},
		Answers: []Answer{
			{ID: "AN-1", To: "RQ-1", Kind: Acknowledged, On: "2017-06-19", Text: "received", Source: press, Public: true},
			{ID: "AN-2", To: "RQ-2", Kind: Extended, On: "2017-07-18", Text: "ten more days", Source: press},
		},
	}
}

// TestTheLetter reads what the letter says on its day: no new information
// since the investigation was promised.
func TestTheLetter(t *testing.T) {
	t.Parallel()
	s := letter(t).At(on(2017, 12, 7), terms(t))
	want := []Silence{
		{Authority: "PGR", Days: 171, Since: "2017-06-19", Never: true, From: "RQ-1", Open: 2},
		{Authority: "Government of Mexico", Days: 168, Since: "2017-06-22", Never: true, From: "PR-1", Open: 1},
	}
	if diff := cmp.Diff(want, s.Silence); diff != "" {
		t.Errorf("silence (-want +got):\n%s", diff)
	}
	q := s.Requests[1]
	if q.State != Overdue || q.Ends != "2017-08-01" || q.Late != 128 {
		t.Errorf("request: %s, ends %s, late %d", q.State, q.Ends, q.Late)
	}
	if s.Requests[0].State != NotTermed {
		t.Errorf("a complaint has no term, got %s", s.Requests[0].State)
	}
	var kinds []string
	for _, e := range s.Timeline {
		kinds = append(kinds, e.Day+" "+e.Kind)
	}
	if diff := cmp.Diff([]string{
		"2017-06-19 acknowledgement", "2017-06-19 request", "2017-06-20 request", "2017-06-22 promise", "2017-07-18 extension", "2017-08-01 term_passed",
	}, kinds); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func TestRequestStates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answers []Answer
		on      time.Time
		state   string
		appeal  string
	}{
		{"runs", nil, on(2017, 7, 18), Open, ""},
		{"passed", nil, on(2017, 7, 19), Overdue, ""},
		{"extension_in_time", []Answer{{ID: "a", Kind: Extended, On: "2017-07-18"}}, on(2017, 7, 19), Open, ""},
		{"extension_late", []Answer{{ID: "a", Kind: Extended, On: "2017-07-19"}}, on(2017, 7, 20), Overdue, ""},
		{"acknowledged", []Answer{{ID: "a", Kind: Acknowledged, On: "2017-06-21"}}, on(2017, 7, 19), Overdue, ""},
		{"answered", []Answer{{ID: "a", Kind: Answered, On: "2017-07-03"}}, on(2017, 8, 1), Done, "2017-07-24"},
		{"in_part_in_time", []Answer{{ID: "a", Kind: Partial, On: "2017-07-03"}}, on(2017, 7, 10), PartWay, "2017-07-24"},
		{"in_part_term_passed", []Answer{{ID: "a", Kind: Partial, On: "2017-07-03"}}, on(2017, 8, 1), Overdue, "2017-07-24"},
		{"in_part_then_all", []Answer{{ID: "a", Kind: Partial, On: "2017-07-03"}, {ID: "b", Kind: Answered, On: "2017-07-25"}}, on(2017, 8, 1), Done, "2017-08-15"},
		{"in_part_too_late", []Answer{{ID: "a", Kind: Partial, On: "2017-07-25"}}, on(2017, 8, 1), Overdue, "2017-08-15"},
		{"refused", []Answer{{ID: "a", Kind: Refusal, On: "2017-07-03"}}, on(2017, 8, 1), Refused, "2017-07-24"},
		{"appealed", []Answer{{ID: "a", Kind: Refusal, On: "2017-07-03"}, {ID: "b", Kind: Appealed, On: "2017-07-05"}}, on(2017, 8, 1), InAppeal, ""},
		{"decided", []Answer{{ID: "a", Kind: Refusal, On: "2017-07-03"}, {ID: "b", Kind: Appealed, On: "2017-07-05"}, {ID: "c", Kind: Decided, On: "2017-07-20"}}, on(2017, 8, 1), Settled, ""},
		{"answer_of_later", []Answer{{ID: "a", Kind: Answered, On: "2017-09-03"}}, on(2017, 8, 1), Overdue, ""},
		{"suspended", []Answer{{ID: "a", Kind: Suspended, On: "2017-07-01", From: "2017-07-10", Until: "2017-07-21"}}, on(2017, 8, 1), Open, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := letter(t)
			r.Requests, r.Answers = r.Requests[1:], tt.answers
			for i := range r.Answers {
				r.Answers[i].To = "RQ-2"
			}
			q := r.At(tt.on, terms(t)).Requests[0]
			if part := strings.HasPrefix(tt.name, "in_part"); q.Part != part || (q.Saying() == "overdue_in_part") != (part && q.State == Overdue) {
				t.Errorf("in part %v, said as %s", q.Part, q.Saying())
			}
			if q.State != tt.state || q.Appeal != tt.appeal {
				t.Errorf("got %s, appeal until %q; want %s, %q", q.State, q.Appeal, tt.state, tt.appeal)
			}
		})
	}
}

// TestRest tells apart what had come when the term passed.
func TestRest(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{"2017-07-18": RestOverdue, "2017-07-19": TermPassed, "2017-07": TermPassed} {
		r := letter(t)
		r.Requests, r.Promises = r.Requests[1:], nil
		r.Answers = []Answer{{ID: "a", To: "RQ-2", Kind: Partial, On: day}}
		s := r.At(on(2017, 8, 1), terms(t))
		var kinds []string
		for _, e := range s.Timeline {
			kinds = append(kinds, e.Kind)
		}
		if !slices.Contains(kinds, want) || slices.Contains(kinds, map[string]string{RestOverdue: TermPassed, TermPassed: RestOverdue}[want]) {
			t.Errorf("a part of %s: %v, want %s", day, kinds, want)
		}
		if q := s.Requests[0]; q.Late != 14 {
			t.Errorf("a part of %s: %d days late", day, q.Late)
		}
	}
	r := letter(t)
	r.Requests, r.Answers = r.Requests[1:], []Answer{{ID: "a", To: "RQ-2", Kind: Partial, On: "2017-07-03"}}
	if q := r.At(on(2017, 7, 10), terms(t)).Requests[0]; q.State != PartWay || q.Left != 8 {
		t.Errorf("%s, %d days left", q.State, q.Left)
	}
	r = &Record{
		Promises: []Promise{{ID: "PR-1", Authority: "PGR", Made: "2017-06-22", Due: "2017-07-01", Words: "w"}},
		Answers:  []Answer{{ID: "a", To: "PR-1", Kind: Deed, On: "2017-06-30"}},
	}
	if p := r.At(on(2017, 7, 10), terms(t)).Promises[0]; p.Saying() != "overdue_in_part" || p.Late != 9 {
		t.Errorf("%s, %d days late", p.Saying(), p.Late)
	}
}

// TestAppeal counts the term of the decision, and keeps the extension of the
// request apart from that of the decision.
func TestAppeal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		more  []Answer
		on    time.Time
		state string
		ends  string
		late  int
	}{
		{"runs", nil, on(2017, 8, 1), InAppeal, "2017-08-30", 0},
		{"passed", nil, on(2017, 9, 11), InAppeal, "2017-08-30", 12},
		{"extended", []Answer{{ID: "c", Kind: Extended, On: "2017-08-30"}}, on(2017, 9, 11), InAppeal, "2017-09-28", 0},
		{"decided", []Answer{{ID: "c", Kind: Decided, On: "2017-08-30"}}, on(2017, 9, 11), Settled, "2017-08-01", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := letter(t)
			r.Requests = r.Requests[1:]
			r.Answers = append(r.Answers[1:], Answer{ID: "a", Kind: Refusal, On: "2017-07-03"}, Answer{ID: "b", Kind: Appealed, On: "2017-07-05"})
			r.Answers = append(r.Answers, tt.more...)
			for i := range r.Answers {
				r.Answers[i].To = "RQ-2"
			}
			r.Answers[0].On = "2017-06-30" // the request was extended before
			s := r.At(tt.on, terms(t))
			q := s.Requests[0]
			if q.State != tt.state || q.Ends != tt.ends || q.Late != tt.late {
				t.Errorf("%s, ends %s, late %d; want %s, %s, %d", q.State, q.Ends, q.Late, tt.state, tt.ends, tt.late)
			}
			if tt.state == InAppeal && (len(s.Dates) != 1 || s.Dates[0].Kind != DecisionDue) {
				t.Errorf("%+v", s.Dates)
			}
		})
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		made    string
		answers []Answer
		want    Silence
	}{
		{"a_month_only", "2017-06", nil, Silence{Days: 160, AtLeast: true, Since: "2017-06", Never: true, From: "PR-1", Open: 1}},
		{"a_year_only", "2016", nil, Silence{Days: 341, AtLeast: true, Since: "2016", Never: true, From: "PR-1", Open: 1}},
		{"this_month", "2017-12", nil, Silence{Days: 0, AtLeast: true, Since: "2017-12", Never: true, From: "PR-1", Open: 1}},
		{"news", "2017-06-22", []Answer{{ID: "AN-9", Kind: Statement, Authority: "government  of MEXICO", On: "2017-11-07", New: true}}, Silence{Days: 30, Since: "2017-11-07", From: "AN-9", Open: 1}},
		{"nothing_new", "2017-06-22", []Answer{{ID: "AN-9", Kind: Statement, Authority: "Government of Mexico", On: "2017-11-07"}}, Silence{Days: 168, Since: "2017-06-22", Never: true, From: "PR-1", Open: 1}},
		{"another_authority", "2017-06-22", []Answer{{ID: "AN-9", Kind: Statement, Authority: "PGR", On: "2017-11-07", New: true}}, Silence{Days: 168, Since: "2017-06-22", Never: true, From: "PR-1", Open: 1}},
		{"before_the_promise", "2017-06-22", []Answer{{ID: "AN-9", Kind: Statement, Authority: "Government of Mexico", On: "2016-11-07", New: true}}, Silence{Days: 168, Since: "2017-06-22", Never: true, From: "PR-1", Open: 1}},
		{"the_latest_counts", "2017-06-22", []Answer{
			{ID: "AN-9", To: "PR-1", Kind: Deed, On: "2017-11-07", New: true}, {ID: "AN-8", To: "PR-1", Kind: Deed, On: "2017-09-07", New: true},
		}, Silence{Days: 30, Since: "2017-11-07", From: "AN-9", Open: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := letter(t)
			r.Requests, r.Answers, r.Promises[0].Made = nil, tt.answers, tt.made
			got := r.At(on(2017, 12, 7), terms(t)).Silence
			tt.want.Authority = "Government of Mexico"
			if diff := cmp.Diff([]Silence{tt.want}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestContradictions(t *testing.T) {
	t.Parallel()
	r := letter(t)
	r.Promises = append(r.Promises, Promise{ID: "PR-2", Authority: "Government of Mexico", Made: "2017-06-23", Words: "the matter  will be investigated.", Source: press})
	r.Requests[0].Reference, r.Requests[1].Reference = "430/2017", "430/2017"
	r.Answers = []Answer{
		{ID: "AN-3", To: "PR-1", Kind: Kept, On: "2017-08-01"},
		{ID: "AN-4", To: "PR-1", Kind: Broken, On: "2017-07-01"},
		{ID: "AN-5", To: "RQ-2", Kind: Extended, On: "2017-10-01"},
	}
	s := r.At(on(2017, 12, 7), terms(t))
	var got []string
	for _, c := range s.Contradictions {
		got = append(got, c.Kind+" "+strings.Join(c.IDs, " "))
	}
	if diff := cmp.Diff([]string{"kept_and_broken PR-1 AN-4 AN-3", "late_extension RQ-2", "two_days RQ-1 RQ-2", "two_versions PR-1 PR-2"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if s.Promises[0].State != Disputed {
		t.Errorf("a promise kept and broken is %s", s.Promises[0].State)
	}
	// What is withdrawn contradicts no more, and takes its answers with it.
	r.Promises, r.Requests = r.Promises[:1], r.Requests[:1]
	r.Answers = r.Answers[1:]
	if s := r.At(on(2017, 12, 7), terms(t)); len(s.Contradictions) != 0 || s.Promises[0].State != Refused || len(s.Timeline) != 3 {
		t.Errorf("after it was withdrawn: %v, %s, %d events", s.Contradictions, s.Promises[0].State, len(s.Timeline))
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	r := letter(t)
	want := r.At(on(2017, 12, 7), terms(t))
	for range 20 {
		rand.Shuffle(len(r.Answers), func(i, j int) { r.Answers[i], r.Answers[j] = r.Answers[j], r.Answers[i] })
		rand.Shuffle(len(r.Requests), func(i, j int) { r.Requests[i], r.Requests[j] = r.Requests[j], r.Requests[i] })
		if diff := cmp.Diff(want, r.At(on(2017, 12, 7), terms(t)), cmp.Comparer(func(a, b account.Date) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestBadInput holds every mistake to a sentence that says what is wrong.
func TestBadInput(t *testing.T) {
	t.Parallel()
	today := on(2017, 12, 7)
	promise := func(change func(*Promise)) error {
		p := Promise{Authority: "A", Made: "2017-06-22", Words: "w", Source: press}
		change(&p)
		return p.Valid(today)
	}
	request := func(change func(*Request)) error {
		q := Request{Kind: Access, Authority: "A", Sent: "2017-06-22", Subject: "s", Source: press}
		change(&q)
		return q.Valid(today)
	}
	answer := func(change func(*Answer)) error {
		a := Answer{To: "RQ-1", Kind: Answered, On: "2017-07-01", Text: "t", Source: press}
		change(&a)
		return a.Valid(today, letter(t))
	}
	for _, tt := range []struct {
		name string
		err  error
		says string
	}{
		{"promise", promise(func(*Promise) {}), ""},
		{"promise_of_a_month", promise(func(p *Promise) { p.Made = "2017-06" }), ""},
		{"request", request(func(*Request) {}), ""},
		{"answer", answer(func(*Answer) {}), ""},
		{"no_words", promise(func(p *Promise) { p.Words = " " }), "words of the promise"},
		{"no_source", promise(func(p *Promise) { p.Source = account.Source{} }), "title of a document"},
		{"no_address", promise(func(p *Promise) { p.Source.URL = "javascript:x" }), "no http"},
		{"no_hash", promise(func(p *Promise) { p.Source.Archived = "abc" }), "64 hexadecimal"},
		{"made_tomorrow", promise(func(p *Promise) { p.Made = "2017-12-08" }), "has not come yet"},
		{"due_before", promise(func(p *Promise) { p.Due = "2017-05" }), "one of the two is wrong"},
		{"no_such_day", promise(func(p *Promise) { p.Made = "2017-02-30" }), "write 2017-06-20"},
		{"request_without_a_day", request(func(q *Request) { q.Sent = "2017-06" }), "has no day"},
		{"request_without_a_zone", request(func(q *Request) { q.Sent = "2017-06-20T23:50:00" }), "has no zone"},
		{"request_of_no_kind", request(func(q *Request) { q.Kind = "wish" }), "is none of"},
		{"request_due_before", request(func(q *Request) { q.Due = "2017-06-01" }), "one of the two is wrong"},
		{"answer_before_the_request", answer(func(a *Answer) { a.On = "2017-06-01" }), "one of the days is wrong"},
		{"answer_to_nothing", answer(func(a *Answer) { a.To = "RQ-9" }), "no promise and no request"},
		{"answer_of_nobody", answer(func(a *Answer) { a.To = "" }), "authority"},
		{"answer_tomorrow", answer(func(a *Answer) { a.On = "2018-01-01" }), "has not come yet"},
		{"extension_of_a_month", answer(func(a *Answer) { a.Kind, a.On = Extended, "2017-07" }), "whether it came in time"},
		{"extension_of_a_promise", answer(func(a *Answer) { a.Kind, a.To = Extended, "PR-1" }), "is a promise"},
		{"suspension_without_days", answer(func(a *Answer) { a.Kind = Suspended }), "days of the suspension"},
		{"suspension_backwards", answer(func(a *Answer) { a.Kind, a.From, a.Until = Suspended, "2017-07-05", "2017-07-01" }), "a suspension from"},
	} {
		switch {
		case tt.says == "" && tt.err != nil:
			t.Errorf("%s: %v", tt.name, tt.err)
		case tt.says != "" && (tt.err == nil || !strings.Contains(tt.err.Error(), tt.says) || (!errors.Is(tt.err, account.ErrInvalid) && !errors.Is(tt.err, term.ErrDay))):
			t.Errorf("%s: %v, want %q", tt.name, tt.err, tt.says)
		}
	}
}
