package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// sourceFlags say where a statement is from. The archived copy and documents
// are hashed; they stay where they are.
type sourceFlags struct {
	Source         string   `help:"account_source" placeholder:"TITLE"`
	URL            string   `name:"url" help:"account_url" placeholder:"URL"`
	SourceDate     string   `help:"account_source_date" placeholder:"DATE"`
	Archived       string   `help:"account_archived" placeholder:"FILE"`
	Evidence       string   `help:"account_evidence" placeholder:"E-…"`
	Document       []string `help:"account_document" placeholder:"FILE" sep:"none"`
	PublicDocument []string `help:"account_public_document" placeholder:"FILE" sep:"none"`
	Public         bool     `help:"account_public"`
}

func (f *sourceFlags) source() (s account.Source, err error) {
	s = account.Source{Title: f.Source, URL: f.URL, Evidence: f.Evidence}
	if s.Date, err = account.ParseDate(f.SourceDate); err != nil {
		return s, err
	}
	if f.Archived != "" {
		if s.Archived, err = fileHash(f.Archived); err != nil {
			return s, fmt.Errorf("archived copy: %w", err)
		}
	}
	return s, nil
}

func (f *sourceFlags) documents() ([]clock.Document, error) {
	var out []clock.Document
	for i, name := range append(append([]string{}, f.Document...), f.PublicDocument...) {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("document: %w", err)
		}
		sum, err := fileHash(name)
		if err != nil {
			return nil, fmt.Errorf("document: %w", err)
		}
		out = append(out, clock.Document{Name: filepath.Base(name), SHA256: sum, Size: info.Size(), Public: i >= len(f.Document)})
	}
	return out, nil
}

// text reads a text of the account from a file: what is said of people does
// not belong into a flag.
func (a *app) text(name string) (string, error) {
	data, err := a.readBounded(name, maxPrivate)
	return strings.TrimSpace(string(data)), err
}

// terms loads the terms of the law: the built-in ones, and those of the
// team's own terms.yaml.
func (a *app) terms() (*term.Set, error) {
	name, err := userDir("terms.yaml")
	if err != nil {
		return nil, err
	}
	own, err := a.readBounded(name, maxPrivate)
	if os.IsNotExist(err) {
		return term.Load(nil)
	}
	if err != nil {
		return nil, err
	}
	s, err := term.Load(own)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// today is the day that it is here.
func today() time.Time {
	return casework.Today(time.Now())
}

func (a *app) docket(s docket.Store, caseID string) (*docket.Docket, error) {
	terms, err := a.termsOf(a.ctx, s)
	if err != nil {
		return nil, err
	}
	return &docket.Docket{Store: s, Case: caseID, Terms: terms, Today: today()}, nil
}

// promiseCmd is "amparo promise".
type promiseCmd struct {
	Add      promiseAddCmd    `cmd:"" help:"promise_add"`
	List     promiseListCmd   `cmd:"" help:"promise_list"`
	Withdraw entryWithdrawCmd `cmd:"" help:"account_withdraw"`
}

type promiseAddCmd struct {
	Case      string `arg:"" help:"case_id"`
	Authority string `help:"account_authority" required:"" placeholder:"NAME"`
	By        string `help:"promise_by" placeholder:"NAME"`
	Made      string `help:"promise_made" required:"" placeholder:"DATE"`
	Due       string `help:"promise_due" placeholder:"DATE"`
	Words     string `help:"promise_words" required:"" placeholder:"FILE"`
	WordsLang string `help:"promise_lang" placeholder:"en|es"`
	JSON      bool   `name:"json" help:"json"`
	sourceFlags
	anyFlags
}

// Run records a promise.
func (c *promiseAddCmd) Run(a *app) (err error) {
	p := clock.Promise{Authority: c.Authority, By: c.By, Made: c.Made, Due: c.Due, Lang: c.WordsLang, Public: c.Public}
	if p.Words, err = a.text(c.Words); err != nil {
		return err
	}
	if p.Source, err = c.source(); err != nil {
		return err
	}
	if p.Documents, err = c.documents(); err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		d, err := a.docket(s, c.Case)
		if err != nil {
			return err
		}
		p, err := d.AddPromise(a.ctx, p)
		if err != nil {
			return err
		}
		return a.made(c.JSON, p, p.ID)
	})
}

type promiseListCmd struct {
	accountAt
	anyFlags
}

// Run lists promises as they stand.
func (c *promiseListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		st, err := c.standing(a, s)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, st.Promises)
		}
		return a.promises(st)
	})
}

func (a *app) promises(st *clock.Standing) error {
	return a.table([]string{"id", "authority", "made", "age", "state", "words"}, rowsOf(st.Promises, func(p clock.PromiseState) []string {
		age := a.Number(int64(p.Age))
		if p.AtLeast {
			age = "≥ " + age
		}
		return []string{p.ID, p.Authority, p.Made, age, a.words().Promise(&p), short(p.Words)}
	}), "")
}

// short cuts a text for a table, and says that it did.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// requestCmd is "amparo request".
type requestCmd struct {
	Add      requestAddCmd    `cmd:"" help:"request_add"`
	List     requestListCmd   `cmd:"" help:"request_list"`
	Terms    requestTermsCmd  `cmd:"" help:"request_terms"`
	Withdraw entryWithdrawCmd `cmd:"" help:"account_withdraw"`
}

type requestAddCmd struct {
	Case      string `arg:"" help:"case_id"`
	Kind      string `help:"request_kind" required:"" placeholder:"KIND"`
	Authority string `help:"account_authority" required:"" placeholder:"NAME"`
	Country   string `help:"request_country" placeholder:"mx|us"`
	Sent      string `help:"request_sent" required:"" placeholder:"DAY"`
	Subject   string `help:"request_subject" required:"" placeholder:"FILE"`
	Reference string `help:"request_reference" placeholder:"NUMBER"`
	Term      string `help:"request_term" placeholder:"TERM|none"`
	Due       string `help:"request_due" placeholder:"DAY"`
	JSON      bool   `name:"json" help:"json"`
	sourceFlags
	anyFlags
}

// Run records a request, with the term that the law gives it.
func (c *requestAddCmd) Run(a *app) (err error) {
	q := clock.Request{Kind: c.Kind, Authority: c.Authority, Sent: c.Sent, Reference: c.Reference, Due: c.Due, Public: c.Public}
	if q.Subject, err = a.text(c.Subject); err != nil {
		return err
	}
	if q.Source, err = c.source(); err != nil {
		return err
	}
	if q.Documents, err = c.documents(); err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		d, err := a.docket(s, c.Case)
		if err != nil {
			return err
		}
		q, err := d.AddRequest(a.ctx, q, c.Country, c.Term)
		if err != nil {
			return err
		}
		if q.Term == nil && q.Due == "" {
			fmt.Fprintln(a.Err, "amparo: "+a.Text("promises.no_term"))
		}
		return a.made(c.JSON, q, q.ID)
	})
}

type requestListCmd struct {
	accountAt
	anyFlags
}

// Run lists requests as they stand.
func (c *requestListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		st, err := c.standing(a, s)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, st.Requests)
		}
		return a.requests(st)
	})
}

func (a *app) requests(st *clock.Standing) error {
	err := a.table([]string{"id", "kind", "authority", "sent", "ends", "state", "asked"}, rowsOf(st.Requests, func(q clock.RequestState) []string {
		return []string{q.ID, a.Text("promises.request." + q.Kind), q.Authority, q.Sent, q.Ends, a.words().Request(&q), short(q.Subject)}
	}), "")
	for i := range st.Requests {
		if q := &st.Requests[i]; casework.Running(q) {
			fmt.Fprintf(a.Out, "  %s: %s\n", q.ID, safe(a.words().Counted(q.Count)))
		}
	}
	return err
}

type requestTermsCmd struct {
	JSON bool `name:"json" help:"json"`
}

// Run lists the terms that are known, with their laws.
func (c *requestTermsCmd) Run(a *app) error {
	s, err := a.terms()
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(a.Out, s.Terms)
	}
	return a.table([]string{"id", "kind", "country", "from", "until", "term", "law"}, rowsOf(s.Terms, func(t term.Term) []string {
		return []string{t.ID, t.Request, t.Calendar, t.From, t.Until, a.words().Term(&t), t.Law}
	}), "")
}

// answerCmd is "amparo answer".
type answerCmd struct {
	Add      answerAddCmd     `cmd:"" help:"answer_add"`
	List     answerListCmd    `cmd:"" help:"answer_list"`
	Withdraw entryWithdrawCmd `cmd:"" help:"account_withdraw"`
}

type answerAddCmd struct {
	Case      string `arg:"" help:"case_id"`
	To        string `help:"answer_to" placeholder:"A-…"`
	Authority string `help:"answer_authority" placeholder:"NAME"`
	Kind      string `help:"answer_kind" required:"" placeholder:"KIND"`
	On        string `help:"answer_on" required:"" placeholder:"DATE"`
	From      string `help:"answer_from" placeholder:"DAY"`
	Until     string `help:"answer_until" placeholder:"DAY"`
	Days      int    `help:"answer_days" placeholder:"N"`
	Text      string `help:"answer_text" required:"" placeholder:"FILE"`
	New       string `help:"answer_new" enum:"yes,no" required:"" placeholder:"yes|no"`
	JSON      bool   `name:"json" help:"json"`
	sourceFlags
	anyFlags
}

// Run records an answer or a deed.
func (c *answerAddCmd) Run(a *app) (err error) {
	v := clock.Answer{To: c.To, Authority: c.Authority, Kind: c.Kind, On: c.On, From: c.From, Until: c.Until, Days: c.Days, New: c.New == "yes", Public: c.Public}
	if v.Text, err = a.text(c.Text); err != nil {
		return err
	}
	if v.Source, err = c.source(); err != nil {
		return err
	}
	if v.Documents, err = c.documents(); err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		d, err := a.docket(s, c.Case)
		if err != nil {
			return err
		}
		v, err := d.AddAnswer(a.ctx, v)
		if err != nil {
			return err
		}
		return a.made(c.JSON, v, v.ID)
	})
}

type answerListCmd struct {
	accountAt
	anyFlags
}

// Run lists what the authorities said and did.
func (c *answerListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		d, err := a.docket(s, c.Case)
		if err != nil {
			return err
		}
		r, _, err := d.Load(a.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, r.Answers)
		}
		return a.table([]string{"id", "to", "kind", "on", "new", "text"}, rowsOf(r.Answers, func(v clock.Answer) []string {
			isNew := ""
			if v.New {
				isNew = a.Text("ws.yes")
			}
			return []string{v.ID, cmp.Or(v.To, v.Authority), a.Text("promises.kind." + v.Kind), v.On, isNew, short(v.Text)}
		}), "")
	})
}

type entryWithdrawCmd struct {
	ID  string `arg:"" help:"account_id"`
	Why string `help:"account_why" required:"" placeholder:"FILE"`
	anyFlags
}

// Run takes an entry back that was a mistake. The history keeps it.
func (c *entryWithdrawCmd) Run(a *app) error {
	why, err := a.text(c.Why)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		e, err := s.Entry(a.ctx, c.ID)
		if err != nil {
			return err
		}
		if e.Kind != clock.KindPromise && e.Kind != clock.KindRequest && e.Kind != clock.KindAnswer {
			return fmt.Errorf("%w: %s is a %s", workspace.ErrInvalid, c.ID, e.Kind)
		}
		_, err = s.RetireEntry(a.ctx, c.ID, why)
		return err
	})
}
