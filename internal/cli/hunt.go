package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/workspace"
)

// huntCmd is "amparo hunt".
type huntCmd struct {
	Indicators   []string `help:"hunt_indicators" placeholder:"PATH" sep:"none"`
	Value        string   `help:"hunt_value" placeholder:"VALUE"`
	Recheck      bool     `help:"hunt_recheck"`
	Case         string   `help:"hunt_case" placeholder:"CASE"`
	PasswordFile string   `help:"password_file" placeholder:"FILE"`
	JSON         bool     `name:"json" help:"json"`
	identityFlags
	anyFlags
}

// Run hunts, or checks again.
func (c *huntCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	if c.Recheck {
		return c.recheck(a)
	}
	return c.with(a, func(s *space) error {
		sets, err := c.sets(a, s.Space)
		if err != nil {
			return err
		}
		h, err := s.Hunt(a.ctx, sets)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, h)
		}
		if err := a.showHunt(&h); err != nil || c.Value != "" || len(c.Indicators) > 0 {
			return err
		}
		return a.showBehind(s)
	})
}

// showBehind says how much was last checked with something else than there is
// now: a hunt looks up what was kept of a check, and no more.
func (a *app) showBehind(s *space) error {
	with, err := checkWith(a.ctx, s.Space, a.installed())
	if err != nil {
		return err
	}
	list, err := s.Behind(a.ctx, "", with)
	if err == nil && len(list) > 0 {
		fmt.Fprintln(a.Out, a.Count("ws.hunt_behind", int64(len(list))))
	}
	return err
}

// far hunts at a server: for one value, or with the sets that it has.
func (c *huntCmd) far(a *app) error {
	if c.Recheck || len(c.Indicators) > 0 {
		return usageError{fmt.Errorf("--recheck, --indicators: %w", errNotHere)}
	}
	far, err := c.dial(a)
	if err != nil {
		return err
	}
	h, err := far.Hunt(a.ctx, c.Value)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(a.Out, h)
	}
	return a.showHunt(&h)
}

// sets are those that the flags name.
func (c *huntCmd) sets(a *app, s *examine.Space) ([]*indicator.Set, error) {
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
		return a.huntSets(a.ctx, s)
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

// recheck checks again from the vault where the last check is behind.
func (c *huntCmd) recheck(a *app) error {
	rules, err := loadRules(nil)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		lures, err := luresOf(a.ctx, s, nil)
		if err != nil {
			return err
		}
		loaded, err := a.indicatorsFor(s.Space, c.Indicators)
		if err != nil {
			return err
		}
		all := []*examine.Rechecked{}
		failed := false
		err = s.Recheck(a.ctx, c.Case, examine.With{
			Matcher: loaded.matcher, Sets: loaded.sets, Rules: rules, Lures: lures, Version: Version, Lang: a.Lang(),
			Password: a.oneAtATime(a.password(c.PasswordFile, "")), Identity: a.identities(&c.identityFlags),
		}, func(r *examine.Rechecked) error {
			all = append(all, r)
			if r.Err != nil {
				failed = true
				a.tell(fmt.Errorf("evidence %s: %w", r.Evidence, r.Err), a.hint(r.Err))
			}
			if !c.JSON {
				a.showRechecked(r)
			}
			return nil
		})
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b *examine.Rechecked) int { return cmp.Compare(a.Evidence, b.Evidence) })
		switch {
		case c.JSON:
			err = writeJSON(a.Out, all)
		case len(all) == 0:
			fmt.Fprintln(a.Out, a.Text("ws.recheck_same"))
		}
		if err == nil && failed {
			err = exitError(exitFailed)
		}
		return err
	})
}

// oneAtATime asks for one password after the other: checks run side by side.
func (a *app) oneAtATime(ask func(context.Context) (string, error)) func(context.Context) (string, error) {
	var mu sync.Mutex
	return func(ctx context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		return ask(ctx)
	}
}

// whyAgain says what was another before.
func (a *app) whyAgain(x *examine.Rerun) string {
	why := slices.Clone(x.Parsers)
	if len(x.Sets) > 0 {
		names := x.Sets[:min(len(x.Sets), maxNamed)]
		why = append(why, a.Text("ws.recheck_sets", "Sets", safe(strings.Join(names, ", "))+more(len(x.Sets)-len(names))))
	}
	if x.Rules {
		why = append(why, a.Text("ws.recheck_rules"))
	}
	if len(why) == 0 {
		why = append(why, a.Text("ws.recheck_first"))
	}
	return strings.Join(why, ", ")
}

func (a *app) showRechecked(r *examine.Rechecked) {
	for i := range r.Runs {
		x := &r.Runs[i]
		fmt.Fprintln(a.Out, a.Text("ws.recheck_changed", "Evidence", r.Evidence, "Run", x.ID, "Why", a.whyAgain(x),
			"New", a.Number(int64(x.New.Count)), "Gone", a.Number(int64(x.Gone.Count)), "Changed", a.Number(int64(x.Changed.Count))))
		if x.NotAsked > 0 {
			fmt.Fprintln(a.Out, "  "+a.Text("ws.recheck_not_asked", "Count", a.Number(int64(x.NotAsked)), "Run", x.Of))
		}
		if len(x.Worse) > 0 {
			fmt.Fprintln(a.Out, "  "+a.Text("ws.recheck_worse", "Artifacts", strings.Join(x.Worse, ", ")))
		}
		for _, ids := range []struct {
			text string
			list workspace.Changes
		}{{"ws.recheck_new", x.New}, {"ws.recheck_gone", x.Gone}, {"ws.recheck_other", x.Changed}} {
			if ids.list.Count > 0 {
				shown := ids.list.IDs[:min(len(ids.list.IDs), maxNamed)]
				fmt.Fprintln(a.Out, "  "+a.Text(ids.text, "IDs", strings.Join(shown, " "))+more(ids.list.Count-len(shown)))
			}
		}
	}
}

// maxNamed is how many findings of a kind a line names.
const maxNamed = 20

func more(n int) string {
	if n > 0 {
		return fmt.Sprintf(" +%d", n)
	}
	return ""
}
