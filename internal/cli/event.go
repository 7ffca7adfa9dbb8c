package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/workspace"
)

// eventCmd is "amparo event".
type eventCmd struct {
	Add         eventAddCmd    `cmd:"" help:"event_add"`
	FromFinding eventFromCmd   `cmd:"" name:"from-finding" help:"event_from"`
	List        eventListCmd   `cmd:"" help:"event_list"`
	Show        eventShowCmd   `cmd:"" help:"event_show"`
	Retire      entryRetireCmd `cmd:"" help:"event_retire"`
}

type eventAddCmd struct {
	Case string `arg:"" help:"case_id"`
	File string `arg:"" help:"event_file"`
	JSON bool   `name:"json" help:"json"`
	wsFlags
}

// Run writes events down.
func (c *eventAddCmd) Run(a *app) error {
	events, err := statements[account.Event](a, c.File)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		ids, err := book.PutEvents(a.ctx, s.Workspace, c.Case, events)
		if err != nil {
			return err
		}
		return a.madeAll(c.JSON, ids)
	})
}

type eventFromCmd struct {
	Case     string   `arg:"" help:"case_id"`
	Findings []string `arg:"" optional:"" name:"finding" help:"event_findings"`
	All      bool     `help:"event_all"`
	Operator string   `name:"operator-file" help:"event_operator_file" placeholder:"FILE"`
	JSON     bool     `name:"json" help:"json"`
	wsFlags
}

// errNoFinding says that the command names no finding, or both.
var errNoFinding = errors.New("name findings, or --all")

// errNotConfirmed says that a finding was not confirmed.
var errNotConfirmed = errors.New("a person confirms a finding before it becomes an event: amparo finding confirm")

// Run makes events of confirmed findings: one of those that are named, or with
// --all one of those about each record.
func (c *eventFromCmd) Run(a *app) error {
	if c.All == (len(c.Findings) > 0) {
		return usageError{errNoFinding}
	}
	operator := ""
	if c.Operator != "" {
		data, err := a.readBounded(c.Operator, maxPrivate)
		if err != nil {
			return err
		}
		operator = strings.TrimSpace(string(data))
	}
	return c.with(a, func(s *space) error {
		events, err := s.eventsOf(c.Case, c.Findings)
		if err != nil {
			return err
		}
		for _, e := range events {
			e.Operator = operator
		}
		if len(events) == 0 {
			fmt.Fprintln(a.Err, "amparo: "+a.Text("facts.no_new_events"))
			return a.madeAll(c.JSON, []string{})
		}
		ids, err := book.PutEvents(a.ctx, s.Workspace, c.Case, events)
		if err != nil {
			return err
		}
		return a.madeAll(c.JSON, ids)
	})
}

// eventsOf makes events of confirmed findings: one of all that are named; of
// all of the case, one of those about each record that have none yet.
func (s *space) eventsOf(caseID string, names []string) ([]*account.Event, error) {
	confirmed, err := s.confirmed(caseID)
	if err != nil {
		return nil, err
	}
	know, err := lure.Builtin()
	if err != nil {
		return nil, err
	}
	country := func(id string) string {
		if in := know.Institution(id); in != nil {
			return in.Country
		}
		return ""
	}
	if len(names) > 0 {
		var list []book.Confirmed
		for _, name := range names {
			i := slices.IndexFunc(confirmed, func(c book.Confirmed) bool { return c.Finding.ID == name })
			if i < 0 {
				return nil, fmt.Errorf("finding %s: %w", name, errNotConfirmed)
			}
			list = append(list, confirmed[i])
		}
		return []*account.Event{book.EventOf(list, country)}, nil
	}
	b, err := book.Load(s.app.ctx, s.Workspace, caseID)
	if err != nil {
		return nil, err
	}
	var out []*account.Event
	for _, group := range book.ByRecord(confirmed) {
		if !b.Tells(group) {
			out = append(out, book.EventOf(group, country))
		}
	}
	return out, nil
}

// confirmed reads the confirmed findings of a case, whole, from the results in
// the vault.
func (s *space) confirmed(caseID string) ([]book.Confirmed, error) {
	wanted := map[string]map[string]bool{} // by run
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Findings(s.app.ctx, workspace.FindingFilter{Case: caseID, State: workspace.Confirmed}, p)
		if err != nil {
			return nil, err
		}
		for _, f := range l.Items {
			if wanted[f.Run] == nil {
				wanted[f.Run] = map[string]bool{}
			}
			wanted[f.Run][f.ID] = true
		}
		if p.After = l.Next; p.After == "" {
			break
		}
	}
	var out []book.Confirmed
	runs, err := s.Runs(s.app.ctx, workspace.RunFilter{Case: caseID}, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	for _, r := range runs.Items {
		if len(wanted[r.ID]) == 0 || r.State != workspace.Stored {
			continue
		}
		found, err := s.findingsOf(&r, wanted[r.ID])
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// maxFindingLine bounds a finding of a result, in bytes.
const maxFindingLine = 16 * limit.MiB

// findingsOf reads findings of a run whose names are wanted, and whose they are.
func (s *space) findingsOf(r *workspace.Run, wanted map[string]bool) ([]book.Confirmed, error) {
	ev, err := s.Evidence(s.app.ctx, r.Evidence)
	if err != nil {
		return nil, err
	}
	devices, err := s.Devices(s.app.ctx, r.Case, "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	person := ""
	for _, d := range devices.Items {
		if d.ID == ev.Device {
			person = d.Person
		}
	}
	b, err := s.OpenRun(s.app.ctx, r)
	if err != nil {
		return nil, err
	}
	f, err := b.OpenFile(s.app.ctx, "findings.jsonl")
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	defer f.Close()
	var out []book.Confirmed
	lines := bufio.NewScanner(io.NewSectionReader(f, 0, f.Size()))
	lines.Buffer(make([]byte, 0, 64*limit.KiB), maxFindingLine)
	for lines.Scan() {
		one := new(finding.Finding)
		if err := json.Unmarshal(lines.Bytes(), one); err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		if wanted[one.ID] {
			out = append(out, book.Confirmed{Finding: one, Run: r.ID, Evidence: ev.ID, Person: person, Device: ev.Device})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return out, s.Viewed(s.app.ctx, ev.ID, r.ID)
}

type eventListCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	wsFlags
}

// Run lists the events of a case.
func (c *eventListCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		b, err := book.Load(a.ctx, s.Workspace, c.Case)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, workspace.List[*account.Event]{Items: append([]*account.Event{}, b.Events...)})
		}
		rows := make([][]string, len(b.Events))
		for i, e := range b.Events {
			rows[i] = []string{
				e.ID, b.Pseudonym(e.Person), a.windowText(e), a.Text("facts.how." + e.How), a.impostorText(e), e.Threat, e.Operator,
				a.Text("facts.outcome." + e.Outcome), a.Text("facts.certainty." + string(e.Certainty)), a.sourceText(e.Sources),
			}
		}
		return a.table([]string{"id", "person", "when", "how", "pretends", "threat", "operator", "outcome", "certainty", "source"}, rows, "")
	})
}

func (a *app) windowText(e *account.Event) string {
	from, to := e.At()
	return a.spanText(account.Span{From: from, To: to})
}

// impostorText is whom a lure pretends to come from.
func (a *app) impostorText(e *account.Event) string {
	if e.None {
		return a.Text("facts.nobody")
	}
	names := make([]string, len(e.Impersonates))
	for i, p := range e.Impersonates {
		names[i] = a.Or("lure.kind.", p.Kind)
		if p.Name != "" {
			names[i] = p.Name
		}
	}
	return strings.Join(names, ", ")
}

type eventShowCmd struct {
	Case string `arg:"" help:"case_id"`
	ID   string `arg:"" name:"event" help:"event_id"`
	JSON bool   `name:"json" help:"json"`
	wsFlags
}

// Run shows one event with its sources.
func (c *eventShowCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		b, err := book.Load(a.ctx, s.Workspace, c.Case)
		if err != nil {
			return err
		}
		e := b.Event(c.ID)
		switch {
		case e == nil:
			return fmt.Errorf("event %s in case %s: %w", c.ID, c.Case, workspace.ErrNotFound)
		case c.JSON:
			return writeJSON(a.Out, e)
		}
		for _, line := range [][2]string{
			{"person", b.Pseudonym(e.Person)},
			{"device", e.Device},
			{"when", a.windowText(e)},
			{"how", a.Text("facts.how." + e.How)},
			{"pretends", a.impostorText(e)},
			{"threat", e.Threat},
			{"operator", e.Operator},
			{"outcome", a.Text("facts.outcome." + e.Outcome)},
			{"certainty", a.Text("facts.certainty." + string(e.Certainty))},
			{"note", e.Note},
		} {
			if line[1] != "" {
				fmt.Fprintf(a.Out, "%-14s %s\n", a.Text("ws.column."+line[0]), safe(line[1]))
			}
		}
		a.writeSources(e.Sources, "")
		return nil
	})
}

// writeSources writes sources, a line each.
func (a *app) writeSources(list []account.Source, indent string) {
	for _, s := range list {
		fmt.Fprintf(a.Out, "%s%s: %s\n", indent, a.Text("facts.source"), safe(strings.Join(sourceParts(s), ", ")))
	}
}

// sourceParts is all that a source tells.
func sourceParts(s account.Source) []string {
	var parts []string
	if s.Finding != "" {
		parts = append(parts, path.Join(s.Evidence, s.Run, s.Finding))
	} else if s.Evidence != "" {
		parts = append(parts, s.Evidence)
	}
	for _, text := range []string{s.Title, s.Date.String(), s.URL} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if s.Archived != "" {
		parts = append(parts, "SHA-256 "+s.Archived)
	}
	return parts
}
