package web

import (
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// entryData is one statement with all that it ever said.
type entryData struct {
	Case     workspace.Case
	ID, Kind string
	Versions []versionLine // the last first
	Holds    bool
	Retire   bool // it may be withdrawn here
	Back     string
	Reason   string
}

type versionLine struct {
	workspace.Entry
	StateText string
	Lines     []pairLine
	Cut       bool
}

// retired are the kinds of statements that a page withdraws, and where they are
// listed.
var retired = map[string]string{
	account.KindFact: "facts", account.KindEvent: "facts", account.KindParty: "trade", account.KindDeal: "trade", account.KindAttribution: "trade",
	trade.KindList: "trade", clock.KindPromise: "account", clock.KindRequest: "account", clock.KindAnswer: "account", outbox.KindWish: "notices",
	casework.KindDecision: "concerns",
}

// theEntry returns all versions of a statement of the case in the path.
func (q *request) theEntry() (entryData, error) {
	c, err := q.theCase()
	if err != nil {
		return entryData{}, err
	}
	d := entryData{Case: c, ID: q.path("entry")}
	l, err := q.space.Entries(q.ctx(), workspace.EntryFilter{Case: c.ID, ID: d.ID, History: true}, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return d, err
	}
	if len(l.Items) == 0 {
		return d, fmt.Errorf("entry %s: %w", d.ID, workspace.ErrNotFound)
	}
	told, err := q.telling(c.ID, l.Items[0].Kind)
	if err != nil {
		return d, err
	}
	for i := range l.Items {
		e := l.Items[i]
		line := versionLine{Entry: e, StateText: q.Or("ws.state.", e.State)}
		line.Lines, line.Cut = told.body(e.Body)
		d.Versions = append(d.Versions, line)
		d.Holds = d.Holds || e.State == workspace.Current
		d.Kind = e.Kind
	}
	slices.Reverse(d.Versions)
	d.Back = "/cases/" + c.ID
	if at := retired[d.Kind]; at != "" {
		d.Back += "/" + at
		d.Retire = d.Holds && c.State == workspace.CaseOpen
	}
	return d, nil
}

func (q *request) entryPage() error {
	d, err := q.theEntry()
	if err != nil {
		return err
	}
	return q.render("entry", q.Or("web.entry.kind.", d.Kind), d, inSection("cases"))
}

// retire withdraws a statement for a reason.
func (q *request) retire() error {
	if err := q.form(); err != nil {
		return err
	}
	d, err := q.theEntry() // of this case, and no other
	if err != nil {
		return err
	}
	if !d.Retire {
		return workspace.ErrNotFound
	}
	if d.Reason = q.value("reason"); d.Reason == "" {
		return q.again(invalid{"web.entry.no_reason"}, "entry", q.Or("web.entry.kind.", d.Kind), d, inSection("cases"))
	}
	if _, err := q.space.RetireEntry(q.ctx(), d.ID, d.Reason); err != nil {
		return err
	}
	return q.done(d.Back, q.Text("web.entry.retired", "ID", d.ID))
}
