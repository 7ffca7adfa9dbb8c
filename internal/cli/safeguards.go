package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/workspace"
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
	wsFlags
}

// Run writes a register down.
func (c *safeguardsAddCmd) Run(a *app) error {
	list, err := statements[book.Register](a, c.File)
	if err != nil {
		return err
	}
	all := new(book.Register)
	for _, r := range list {
		all.Parties, all.Deals = append(all.Parties, r.Parties...), append(all.Deals, r.Deals...)
		all.Attributions = append(all.Attributions, r.Attributions...)
	}
	return c.with(a, func(s *space) error {
		ids, err := book.PutRegister(a.ctx, s.Workspace, c.Case, all)
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
	wsFlags
}

// errOneFile says that an inventory is one file.
var errOneFile = errors.New("an inventory is one file")

// Run takes a list in. The next one of the same form replaces it.
func (c *safeguardsImportCmd) Run(a *app) error {
	var readers []io.Reader
	l := &trade.List{Form: c.Form, Imported: time.Now().UTC().Format(time.RFC3339)}
	for _, name := range c.Files {
		data, err := a.readBounded(name, maxList)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		l.SHA256 = append(l.SHA256, hex.EncodeToString(sum[:]))
		readers = append(readers, bytes.NewReader(data))
	}
	if c.Form == "inventory" {
		return c.inventory(a, readers)
	}
	var err error
	if l.Entries, err = trade.Read(c.Form, readers...); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(c.Files, ", "), err)
	}
	return c.with(a, func(s *space) error {
		id, err := s.keepList(c.Case, l)
		if err != nil {
			return err
		}
		return a.made(c.JSON, map[string]any{"id": id, "entries": len(l.Entries), "sha256": l.SHA256}, id)
	})
}

func (c *safeguardsImportCmd) inventory(a *app, files []io.Reader) error {
	if len(files) != 1 {
		return usageError{errOneFile}
	}
	parties, err := trade.Inventory(files[0])
	if err != nil {
		return fmt.Errorf("%s: %w", c.Files[0], err)
	}
	return c.with(a, func(s *space) error {
		ids, err := book.PutRegister(a.ctx, s.Workspace, c.Case, &book.Register{Parties: parties})
		if err != nil {
			return err
		}
		return a.madeAll(c.JSON, ids)
	})
}

// keepList writes a list as the next version of the one of its form.
func (s *space) keepList(caseID string, l *trade.List) (string, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	e := workspace.Entry{Case: caseID, Kind: trade.KindList, Key: l.Form, Body: body}
	now, err := s.Entries(s.app.ctx, workspace.EntryFilter{Case: caseID, Kind: trade.KindList, Key: l.Form}, workspace.Page{Limit: 1})
	if err != nil {
		return "", err
	}
	if len(now.Items) > 0 {
		e.ID, e.Version = now.Items[0].ID, now.Items[0].Version
	}
	e, err = s.PutEntry(s.app.ctx, e)
	return e.ID, err
}

// tradeReport holds the register of a case against its lists and events.
func (s *space) tradeReport(caseID string, rules *concern.Set) (*trade.Report, error) {
	b, err := book.Load(s.app.ctx, s.Workspace, caseID)
	if err != nil {
		return nil, err
	}
	entries, err := s.AllEntries(s.app.ctx, caseID, trade.KindList)
	if err != nil {
		return nil, err
	}
	var lists []*trade.List
	for _, e := range entries {
		l := new(trade.List)
		if err := json.Unmarshal(e.Body, l); err != nil {
			return nil, fmt.Errorf("entry %s: %w: %w", e.ID, workspace.ErrDamaged, err)
		}
		lists = append(lists, l)
	}
	return trade.NewReport(b, lists, rules, s.app.Printer), nil
}

type safeguardsListCmd struct {
	Case string `arg:"" help:"case_id"`
	JSON bool   `name:"json" help:"json"`
	wsFlags
}

// Run lists the parties, each with the lists that may have it.
func (c *safeguardsListCmd) Run(a *app) error {
	rules, _, err := a.concernRules(nil)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		r, err := s.tradeReport(c.Case, rules)
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
	wsFlags
}

// Run writes what was seen against each condition.
func (c *safeguardsReportCmd) Run(a *app) error {
	rules, faults, err := a.concernRules(c.Rules)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		r, err := s.tradeReport(c.Case, rules)
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
