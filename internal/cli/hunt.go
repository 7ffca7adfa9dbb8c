package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/workspace"
)

// huntCmd is "amparo hunt".
type huntCmd struct {
	Indicators   []string `help:"${hunt_indicators}" placeholder:"PATH" sep:"none"`
	Value        string   `help:"${hunt_value}" placeholder:"VALUE"`
	Recheck      bool     `help:"${hunt_recheck}"`
	Case         string   `help:"${hunt_case}" placeholder:"CASE"`
	PasswordFile string   `help:"${password_file}" placeholder:"FILE"`
	JSON         bool     `name:"json" help:"${json}"`
	wsFlags
}

// Run hunts, or checks again.
func (c *huntCmd) Run(a *app) error {
	if c.Recheck {
		return c.recheck(a)
	}
	sets, err := c.sets(a)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		h, err := s.Hunt(a.ctx, sets)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, h)
		}
		return a.showHunt(&h)
	})
}

// sets are those that the flags name.
func (c *huntCmd) sets(a *app) ([]*indicator.Set, error) {
	if c.Value != "" {
		set, err := indicator.Load(strings.NewReader(c.Value+"\n"), "value.txt")
		if err != nil {
			return nil, usageError{fmt.Errorf("--value: %w", err)}
		}
		if set.Len() == 0 {
			return nil, usageError{fmt.Errorf("--value: %q is no value that an indicator can have", c.Value)}
		}
		return []*indicator.Set{set}, nil
	}
	if len(c.Indicators) == 0 {
		st, err := openStore()
		if err != nil {
			return nil, err
		}
		l, err := st.Load()
		if err != nil {
			return nil, err
		}
		for _, p := range l.Problems {
			a.tell(p, a.Text("indicators.hint_verify"))
		}
		return l.Sets, nil
	}
	var sets []*indicator.Set
	for _, path := range c.Indicators {
		list, err := indicator.LoadPath(path)
		if err != nil {
			return nil, fmt.Errorf("indicators: %w", err)
		}
		sets = append(sets, list...)
	}
	return sets, nil
}

func (a *app) showHunt(h *workspace.Hunted) error {
	fmt.Fprintln(a.Out, a.Text("ws.hunt_done", "Indicators", a.Number(int64(h.Indicators)), "Runs", a.Number(int64(h.Runs)),
		"Findings", a.Number(int64(len(h.Findings)))))
	if h.Unhuntable > 0 {
		fmt.Fprintln(a.Out, a.Text("ws.hunt_only_checks", "Count", a.Number(int64(h.Unhuntable))))
	}
	if h.NoConsent > 0 {
		fmt.Fprintln(a.Out, a.Text("ws.hunt_no_consent", "Count", a.Number(int64(h.NoConsent))))
	}
	if len(h.Findings) == 0 {
		return nil
	}
	return a.table([]string{"id", "run", "severity", "artifact", "title"}, rowsOf(h.Findings, func(f workspace.Finding) []string {
		return []string{f.ID, f.Run, a.Or("severity.", f.Severity.String()), f.Artifact, f.Title}
	}), "")
}

// rechecked says what checking again changed.
type rechecked struct {
	Evidence string   `json:"evidence"`
	Parsers  []string `json:"parsers"` // whose version moved
	New      []string `json:"new"`     // findings
	Gone     []string `json:"gone"`
}

// recheck checks again from the vault, evidence by evidence, where a parser
// that read something of it has another version now. Each is on all cores; one
// that is done has a new run, so that an interrupted recheck goes on.
func (c *huntCmd) recheck(a *app) error {
	check := checkCmd{Indicators: c.Indicators, PasswordFile: c.PasswordFile, wsFlags: c.wsFlags, Case: c.Case}
	rules, err := loadRules(nil)
	if err != nil {
		return err
	}
	loaded, err := a.loadIndicators(c.Indicators)
	if err != nil {
		return err
	}
	quiet := *a
	return c.with(&quiet, func(sp *space) error {
		runs, err := sp.latestRuns(c.Case)
		if err != nil {
			return err
		}
		all := []rechecked{}
		for i := range runs {
			moved := movedParsers(runs[i].Summary.Parsers)
			if len(moved) == 0 {
				continue
			}
			s := session{
				app: a, cmd: &check, rules: rules, names: map[string]bool{}, quiet: true,
				indicators: func() (*indicators, error) { return loaded, nil },
			}
			r, err := s.again(sp, &runs[i], moved)
			if err != nil {
				return fmt.Errorf("evidence %s: %w", runs[i].Evidence, err)
			}
			all = append(all, r)
			if !c.JSON {
				fmt.Fprintln(a.Out, a.Text("ws.recheck_changed", "Evidence", r.Evidence, "Parsers", strings.Join(r.Parsers, ", "),
					"New", a.Number(int64(len(r.New))), "Gone", a.Number(int64(len(r.Gone)))))
			}
		}
		if c.JSON {
			return writeJSON(a.Out, all)
		}
		if len(all) == 0 {
			fmt.Fprintln(a.Out, a.Text("ws.recheck_same"))
		}
		return nil
	})
}

// movedParsers lists the parsers whose version is another than it was.
func movedParsers(then map[string]int) []string {
	var moved []string
	for _, p := range parsers.All() {
		if info := p.Info(); then[info.Name] != 0 && then[info.Name] != info.Version {
			moved = append(moved, info.Name)
		}
	}
	return moved
}

// latestRuns returns the last run of each stored evidence.
func (s *space) latestRuns(caseID string) ([]workspace.Run, error) {
	last := map[string]workspace.Run{}
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Runs(s.app.ctx, workspace.RunFilter{Case: caseID}, page)
		if err != nil {
			return nil, err
		}
		for _, r := range l.Items {
			if r.State == workspace.Stored {
				last[r.Evidence] = r
			}
		}
		if page.After = l.Next; page.After == "" {
			break
		}
	}
	var out []workspace.Run
	for _, id := range slices.Sorted(maps.Keys(last)) {
		out = append(out, last[id])
	}
	return out, nil
}

// again checks the evidence of a run once more and compares the findings.
func (s *session) again(sp *space, before *workspace.Run, moved []string) (rechecked, error) {
	r := rechecked{Evidence: before.Evidence, Parsers: moved, New: []string{}, Gone: []string{}}
	old, err := sp.findingIDs(before.ID)
	if err != nil {
		return r, err
	}
	s.cmd.Case = before.Case
	if err := s.checkStored(sp, before.Evidence); err != nil {
		return r, err
	}
	now := map[string]bool{}
	for _, run := range s.stored.runs {
		ids, err := sp.findingIDs(run)
		if err != nil {
			return r, err
		}
		maps.Copy(now, ids)
	}
	for _, id := range slices.Sorted(maps.Keys(now)) {
		if !old[id] {
			r.New = append(r.New, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if !now[id] {
			r.Gone = append(r.Gone, id)
		}
	}
	return r, nil
}

// findingIDs returns what a check found.
func (s *space) findingIDs(run string) (map[string]bool, error) {
	ids := map[string]bool{}
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Findings(s.app.ctx, workspace.FindingFilter{Run: run, Source: workspace.ByCheck}, page)
		if err != nil {
			return nil, err
		}
		for _, f := range l.Items {
			ids[f.ID] = true
		}
		if page.After = l.Next; page.After == "" {
			return ids, nil
		}
	}
}
