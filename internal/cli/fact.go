package cli

import (
	"fmt"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/workspace"
)

// maxStatements bounds a file of statements in bytes.
const maxStatements = 8 << 20

// factCmd is "amparo fact".
type factCmd struct {
	Add    factAddCmd     `cmd:"" help:"fact_add"`
	List   factListCmd    `cmd:"" help:"fact_list"`
	Retire entryRetireCmd `cmd:"" help:"fact_retire"`
}

type factAddCmd struct {
	Case string `arg:"" help:"case_id"`
	File string `arg:"" help:"fact_file"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run writes facts down, and says which now contradict each other.
func (c *factAddCmd) Run(a *app) error {
	facts, err := statements[account.Fact](a, c.File)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		ids, err := s.PutFacts(a.ctx, c.Case, facts)
		if err != nil {
			return err
		}
		now, err := book.Load(a.ctx, s, c.Case)
		if err != nil {
			return err
		}
		a.tellClashes(now)
		return a.madeAll(c.JSON, ids)
	})
}

// statements reads one statement or many from a file of the user.
func statements[T any](a *app, name string) ([]*T, error) {
	data, err := a.readBounded(name, maxStatements)
	if err != nil {
		return nil, err
	}
	out, err := book.Decode[T](data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// madeAll says what came to be: the ids, a line each.
func (a *app) madeAll(asJSON bool, ids []string) error {
	if asJSON {
		return writeJSON(a.Out, map[string][]string{"ids": ids})
	}
	for _, id := range ids {
		fmt.Fprintln(a.Out, id)
	}
	return nil
}

// words says statements of the account.
func (a *app) words() casework.Words { return casework.Words{Printer: a.Printer} }

// tellClashes warns of facts that cannot both be.
func (a *app) tellClashes(c *book.Case) {
	for _, clash := range c.Clashes() {
		fmt.Fprintln(a.Err, "amparo: "+safe(a.words().Clash(c, clash)))
	}
}

type factListCmd struct {
	Case   string `arg:"" help:"case_id"`
	Person string `help:"fact_person" placeholder:"PERSON"`
	JSON   bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists the facts that hold, and tells which contradict each other.
func (c *factListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		b, err := book.Load(a.ctx, s, c.Case)
		if err != nil {
			return err
		}
		var facts []*account.Fact
		for _, f := range b.Facts {
			if c.Person == "" || f.Person == c.Person || b.Pseudonym(f.Person) == c.Person {
				facts = append(facts, f)
			}
		}
		a.tellClashes(b)
		if c.JSON {
			return writeJSON(a.Out, workspace.List[*account.Fact]{Items: append([]*account.Fact{}, facts...)})
		}
		rows := make([][]string, len(facts))
		for i, f := range facts {
			rows[i] = []string{f.ID, b.Pseudonym(f.Person), a.words().Fact(b, f), a.words().Span(f.When), a.Text("facts.certainty." + string(f.Certainty)), a.words().Sources(f.Sources)}
		}
		return a.table([]string{"id", "person", "what", "when", "certainty", "source"}, rows, "")
	})
}

type entryRetireCmd struct {
	ID     string `arg:"" name:"entry" help:"entry_id"`
	Reason string `arg:"" help:"entry_reason"`
	anyFlags
}

// Run withdraws a statement. The reason comes from a file: it may tell of
// people.
func (c *entryRetireCmd) Run(a *app) error {
	reason, err := a.readBounded(c.Reason, maxPrivate)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		_, err := s.RetireEntry(a.ctx, c.ID, string(reason))
		return err
	})
}
