package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
)

type indicatorsShowCmd struct {
	Name   string `arg:"" help:"indicators_name"`
	Values bool   `help:"indicators_show_values"`
	JSON   bool   `name:"json" help:"json"`
	storeFlags
	serverFlags
}

// Run shows one installed set: what it is, where it is from, its history.
func (c *indicatorsShowCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	return c.read(a, func(st *feed.Store, of any) error { return c.show(a, st, of) })
}

func (c *indicatorsShowCmd) show(a *app, st *feed.Store, of any) error {
	e := st.Entry(c.Name)
	if e == nil {
		return errNoSet(c.Name)
	}
	set, err := st.Set(e, 0)
	if err != nil {
		return err
	}
	d := set.Describe()
	if err := c.tell(a, e, &d, quietOf(a.ctx, st, of)(e)); err != nil || !c.Values || c.JSON {
		return err
	}
	for x := range set.All() {
		fmt.Fprintf(a.Out, "%s\t%s\n", x.Type(), safe(x.Value()))
	}
	return nil
}

// tell says what a set is, and whether its feed is quiet.
func (c *indicatorsShowCmd) tell(a *app, e *feed.Entry, d *finding.IndicatorSet, quiet bool) error {
	if c.JSON {
		return writeJSON(a.Out, struct {
			Entry *feed.Entry           `json:"entry"`
			Set   *finding.IndicatorSet `json:"set"`
		}{e, d})
	}
	a.explainFile(e.Name, d)
	if e.Address != "" {
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.address", "Address", safe(e.Address), "Checked", e.Checked.Format("2006-01-02 15:04 UTC")))
	}
	if quiet {
		fmt.Fprintln(a.Out, "  "+a.Text("feeds.quiet"))
	}
	for i := len(e.Versions) - 1; i >= 0; i-- {
		v := &e.Versions[i]
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.version", "Date", v.Added.Format("2006-01-02 15:04 UTC"), "Count", a.Number(int64(v.Count)), "SHA256", v.SHA256))
	}
	return nil
}

type indicatorsSearchCmd struct {
	Value string `arg:"" help:"indicators_search_value"`
	JSON  bool   `name:"json" help:"json"`
	storeFlags
	serverFlags
}

// Run says which installed sets know a value.
func (c *indicatorsSearchCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	return c.read(a, func(st *feed.Store, _ any) error { return c.search(a, st) })
}

func (c *indicatorsSearchCmd) search(a *app, st *feed.Store) error {
	l, err := st.Load()
	if err != nil {
		return err
	}
	return c.tell(a, st.LookUp(l, c.Value, time.Now()), len(l.Sets))
}

// tell says which of so many sets know the value.
func (c *indicatorsSearchCmd) tell(a *app, found []feed.Known, sets int) error {
	if c.JSON {
		return writeJSON(a.Out, found)
	}
	if len(found) == 0 {
		fmt.Fprintln(a.Out, a.Text("indicators.search_none", "Value", safe(c.Value), "Count", sets))
		return nil
	}
	for i := range found {
		a.tellKnown(&found[i])
	}
	return nil
}

func (a *app) tellKnown(k *feed.Known) {
	fmt.Fprintf(a.Out, "%s\n  %s %s\n", safe(k.Set), a.Or("match.", k.Match), safe(k.Value))
	line := func(id, value string) {
		if value != "" {
			fmt.Fprintln(a.Out, "  "+a.Text(id, "Value", safe(value)))
		}
	}
	line("indicators.threat", strings.Join(k.Threats, ", "))
	line("indicators.published", k.Reference)
	if k.ValidFrom != nil {
		line("indicators.valid_from", k.ValidFrom.Format(time.DateOnly))
	}
	if k.Since != nil {
		line("indicators.since", k.Since.Format(time.DateOnly))
	}
	line("indicators.tlp", k.TLP)
	if k.Private {
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.private"))
	}
	if k.Expired {
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.expired"))
	}
}

type indicatorsVerifyCmd struct{ storeFlags }

// Run reads all installed sets and their history again.
func (c *indicatorsVerifyCmd) Run(a *app) error {
	return c.change(a, func(st *feed.Store, _ any) error {
		wrong := st.Verify()
		for _, err := range wrong {
			a.tell(err, "")
		}
		n := 0
		for _, e := range st.Entries() {
			n += len(e.Versions)
		}
		if len(wrong) > 0 {
			return exitError(exitFailed)
		}
		fmt.Fprintln(a.Out, a.Text("indicators.verified", "Sets", a.Number(int64(len(st.Entries()))), "Versions", a.Number(int64(n))))
		return nil
	})
}
