package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
)

// safeguardsCmd is "amparo safeguards".
type safeguardsCmd struct {
	Add    safeguardsAddCmd    `cmd:"" help:"safeguards_add"`
	Import safeguardsImportCmd `cmd:"" help:"safeguards_import"`
	List   safeguardsListCmd   `cmd:"" help:"safeguards_list"`
	Retire entryRetireCmd      `cmd:"" help:"safeguards_retire"`
	Report safeguardsReportCmd `cmd:"" help:"safeguards_report"`
}

type safeguardsAddCmd struct {
	Case string `arg:"" help:"case_id"`
	File string `arg:"" help:"safeguards_file"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run writes a register down.
func (c *safeguardsAddCmd) Run(a *app) error {
	list, err := statements[book.Register](a, c.File)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		ids, err := s.PutRegister(a.ctx, c.Case, casework.OneRegister(list))
		if err != nil {
			return err
		}
		return a.madeAll(c.JSON, ids)
	})
}

// maxList bounds a file of a list in bytes: the largest in use has 40 MB.
const maxList = 128 << 20

type safeguardsImportCmd struct {
	Case  string   `arg:"" help:"case_id"`
	Form  string   `arg:"" help:"safeguards_form" enum:"ofac,bis,eu,inventory"`
	Files []string `arg:"" name:"file" help:"safeguards_files"`
	JSON  bool     `name:"json" help:"json"`
	anyFlags
}

// Run takes a list in. The next one of the same form replaces it.
func (c *safeguardsImportCmd) Run(a *app) error {
	if c.Form == casework.Inventory && len(c.Files) != 1 {
		return usageError{casework.ErrOneFile}
	}
	var files [][]byte
	for _, name := range c.Files {
		data, err := a.readBounded(name, maxList)
		if err != nil {
			return err
		}
		files = append(files, data)
	}
	return c.either(a, func(s works) error {
		done, err := c.put(a, s, files)
		if errors.Is(err, trade.ErrForm) || errors.Is(err, account.ErrInvalid) {
			err = fmt.Errorf("%s: %w", strings.Join(c.Files, ", "), err)
		}
		if err != nil {
			return err
		}
		if c.Form == casework.Inventory {
			return a.madeAll(c.JSON, done.Parties)
		}
		return a.made(c.JSON, map[string]any{"id": done.ID, "entries": done.Entries, "sha256": done.SHA256}, done.ID)
	})
}

// put takes files in, here or at a server.
func (c *safeguardsImportCmd) put(a *app, s works, files [][]byte) (casework.Imported, error) {
	if h, ok := s.(here); ok {
		return casework.Import(a.ctx, h.Workspace, c.Case, c.Form, files, time.Now())
	}
	far, _ := s.(*client.Client) // there is no other
	var done struct {
		ID      string   `json:"id"`
		Entries int      `json:"entries"`
		SHA256  []string `json:"sha256"`
		Parties []string `json:"parties"`
	}
	err := far.PutList(a.ctx, c.Case, c.Form, files, &done)
	return casework.Imported{ID: done.ID, Entries: done.Entries, SHA256: done.SHA256, Parties: done.Parties}, err
}

type safeguardsListCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// Run lists the parties, each with the lists that may have it.
func (c *safeguardsListCmd) Run(a *app) error {
	rules, _, err := a.concernRules(nil)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		r, err := casework.TradeReport(a.ctx, s, c.Case, rules, a.Printer)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, r.Parties)
		}
		var rows [][]string
		for _, p := range r.Parties {
			row := []string{p.ID, p.Name, a.Text("trade." + p.Kind), p.Country, a.Text("facts.certainty." + string(p.Certainty)), "", "", ""}
			if len(p.Matches) == 0 {
				rows = append(rows, row)
			}
			for _, m := range p.Matches {
				row := append([]string{}, row...)
				row[5], row[6], row[7] = m.Form, m.Alias, fmt.Sprintf("%d/100", m.Score)
				rows = append(rows, row)
			}
		}
		return a.table([]string{"id", "party", "kind", "country", "certainty", "list", "listed_as", "score"}, rows, "")
	})
}

type safeguardsReportCmd struct {
	Case   string   `arg:"" help:"case_id"`
	Format string   `help:"safeguards_format" enum:"html,json" default:"html"`
	Out    string   `help:"safeguards_out" placeholder:"FILE"`
	Rules  []string `help:"concerns_rules" placeholder:"DIR" sep:"none"`
	Label  string   `help:"publish_label" placeholder:"TEXT"`
	anyFlags
}

// Run writes what was seen against each condition.
func (c *safeguardsReportCmd) Run(a *app) error {
	rules, faults, err := a.concernRules(c.Rules)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		r, err := casework.TradeReport(a.ctx, s, c.Case, rules, a.Printer)
		if err != nil {
			return err
		}
		a.tellFaults(r.Faults)
		r.Faults, r.Label = append(r.Faults, faults...), c.Label
		write := func(w io.Writer) error {
			if c.Format == "json" {
				return writeJSON(w, r)
			}
			return r.HTML(w, rules, a.Printer)
		}
		if c.Out == "" {
			return write(a.Out)
		}
		return writeFile(c.Out, write)
	})
}
