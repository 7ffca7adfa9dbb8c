package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/casework"
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
	anyFlags
}

// Run writes events down.
func (c *eventAddCmd) Run(a *app) error {
	events, err := statements[account.Event](a, c.File)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		ids, err := s.PutEvents(a.ctx, c.Case, events)
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
	anyFlags
}

// errNoFinding says that the command names no finding, or both.
var errNoFinding = errors.New("name findings, or --all")

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
	return c.either(a, func(s works) error {
		ids, err := s.FoundEvents(a.ctx, c.Case, c.Findings, operator)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			fmt.Fprintln(a.Err, "amparo: "+a.Text("facts.no_new_events"))
		}
		return a.madeAll(c.JSON, ids)
	})
}

type eventListCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists the events of a case.
func (c *eventListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		b, err := book.Load(a.ctx, s, c.Case)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, workspace.List[*account.Event]{Items: append([]*account.Event{}, b.Events...)})
		}
		rows := make([][]string, len(b.Events))
		for i, e := range b.Events {
			rows[i] = []string{
				e.ID, b.Pseudonym(e.Person), a.words().Window(e), a.Text("facts.how." + e.How), a.words().Impostor(e), e.Threat, e.Operator,
				a.Text("facts.outcome." + e.Outcome), a.Text("facts.certainty." + string(e.Certainty)), a.words().Sources(e.Sources),
			}
		}
		return a.table([]string{"id", "person", "when", "how", "pretends", "threat", "operator", "outcome", "certainty", "source"}, rows, "")
	})
}

type eventShowCmd struct {
	Case string `arg:"" help:"case_id"`
	ID   string `arg:"" name:"event" help:"event_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run shows one event with its sources.
func (c *eventShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		b, err := book.Load(a.ctx, s, c.Case)
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
			{"when", a.words().Window(e)},
			{"how", a.Text("facts.how." + e.How)},
			{"pretends", a.words().Impostor(e)},
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
		fmt.Fprintf(a.Out, "%s%s: %s\n", indent, a.Text("facts.source"), safe(casework.SourceText(s)))
	}
}
