package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/amparo-project/amparo/internal/workspace"
)

// caseHuntsCmd is "amparo case hunts".
type caseHuntsCmd struct {
	Case string `arg:"" optional:"" help:"case_id"`
	All  bool   `help:"case_hunts_all"`
	On   bool   `help:"case_hunts_on"`
	Off  bool   `help:"case_hunts_off"`
	JSON bool   `name:"json" help:"json"`
	anyFlags
}

// errHuntsNeeds says what an order is of.
var errHuntsNeeds = errors.New("--on and --off take a case, or --all; without them the cases are listed")

// Run orders hunts after each news of the feeds, ends that, or lists the cases.
func (c *caseHuntsCmd) Run(a *app) error {
	change := c.On || c.Off
	if c.On && c.Off || change == (c.Case == "" && !c.All) || c.Case != "" && c.All {
		return usageError{errHuntsNeeds}
	}
	return c.either(a, func(s works) error {
		if change {
			return c.change(a, s)
		}
		list, err := s.HuntsOrdered(a.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, append([]string{}, list...))
		}
		for _, id := range list {
			fmt.Fprintln(a.Out, id)
		}
		return nil
	})
}

func (c *caseHuntsCmd) change(a *app, s works) error {
	cases := []string{c.Case}
	if c.All {
		var err error
		if cases, err = huntedCases(a, s); err != nil {
			return err
		}
	}
	had, err := s.HuntsOrdered(a.ctx)
	if err != nil {
		return err
	}
	for _, id := range cases {
		if c.All && slices.Contains(had, id) == c.On {
			continue
		}
		if err := s.OrderHunts(a.ctx, id, c.On); err != nil {
			return err
		}
	}
	return nil
}

// huntedCases are the open cases in which the member may hunt.
func huntedCases(a *app, s works) (ids []string, err error) {
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := s.Cases(a.ctx, workspace.CaseOpen, page)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			if x := &l.Items[i]; !x.Sealed && x.Role.MayAll(workspace.ActHunt) {
				ids = append(ids, x.ID)
			}
		}
		if page.After = l.Next; page.After == "" {
			return ids, nil
		}
	}
}
