package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/indicator"
)

type indicatorsShowCmd struct {
	Name   string `arg:"" help:"indicators_name"`
	Values bool   `help:"indicators_show_values"`
	JSON   bool   `name:"json" help:"json"`
	storeFlags
}

// Run shows one installed set: what it is, where it is from, its history.
func (c *indicatorsShowCmd) Run(a *app) error {
	return c.read(a, func(st *feed.Store) error { return c.show(a, st) })
}

func (c *indicatorsShowCmd) show(a *app, st *feed.Store) error {
	e := st.Entry(c.Name)
	if e == nil {
		return errNoSet(c.Name)
	}
	set, err := st.Set(e, 0)
	if err != nil {
		return err
	}
	d := set.Describe()
	if c.JSON {
		return writeJSON(a.Out, struct {
			Entry *feed.Entry `json:"entry"`
			Set   any         `json:"set"`
		}{e, &d})
	}
	a.explainFile(e.Name, &d)
	if e.Address != "" {
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.address", "Address", safe(e.Address), "Checked", e.Checked.Format("2006-01-02 15:04 UTC")))
	}
	for i := len(e.Versions) - 1; i >= 0; i-- {
		v := &e.Versions[i]
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.version", "Date", v.Added.Format("2006-01-02 15:04 UTC"), "Count", a.Number(int64(v.Count)), "SHA256", v.SHA256))
	}
	if c.Values {
		for x := range set.All() {
			fmt.Fprintf(a.Out, "%s\t%s\n", x.Type(), safe(x.Value()))
		}
	}
	return nil
}

type indicatorsSearchCmd struct {
	Value string `arg:"" help:"indicators_search_value"`
	JSON  bool   `name:"json" help:"json"`
	storeFlags
}

// known is one set that knows a value.
type known struct {
	Set       string     `json:"set"`
	Type      string     `json:"type"`
	Value     string     `json:"value"` // as published
	Match     string     `json:"match"` // how the value that was asked for fits it
	Threats   []string   `json:"threats"`
	Reference string     `json:"reference,omitempty"`
	ID        string     `json:"id"`
	ValidFrom *time.Time `json:"valid_from,omitempty"`
	Since     *time.Time `json:"installed_since,omitempty"` // the oldest version here that has it
	TLP       string     `json:"tlp,omitempty"`
	Private   bool       `json:"private,omitempty"`
	Expired   bool       `json:"expired,omitempty"`
}

// Run says which installed sets know a value.
func (c *indicatorsSearchCmd) Run(a *app) error {
	return c.read(a, func(st *feed.Store) error { return c.search(a, st) })
}

func (c *indicatorsSearchCmd) search(a *app, st *feed.Store) error {
	l, err := st.Load()
	if err != nil {
		return err
	}
	found := []known{}
	if l.Matcher != nil {
		for _, d := range indicator.LookUp(l.Matcher, c.Value) {
			found = append(found, a.knownBy(st, d.Indicator, string(d.How)))
		}
	}
	if c.JSON {
		return writeJSON(a.Out, found)
	}
	if len(found) == 0 {
		fmt.Fprintln(a.Out, a.Text("indicators.search_none", "Value", safe(c.Value), "Count", len(l.Sets)))
		return nil
	}
	for i := range found {
		a.tellKnown(&found[i])
	}
	return nil
}

func (a *app) knownBy(st *feed.Store, d *indicator.Indicator, how string) known {
	k := known{
		Set: d.Set().Name, Type: string(d.Type()), Value: d.Value(), Match: how, Threats: d.Threats(), ID: d.ID(),
		TLP: d.TLP().String(), Private: d.Private(), Expired: d.Expired(time.Now()),
	}
	if refs := d.References(); len(refs) > 0 {
		if k.Reference = refs[0].URL; k.Reference == "" {
			k.Reference = refs[0].Name
		}
	}
	if at := d.ValidFrom(); !at.IsZero() {
		k.ValidFrom = &at
	}
	k.Since = since(st, d)
	return k
}

// since is when the oldest version of the set in the store that has the
// indicator was installed; nil for a set outside of it.
func since(st *feed.Store, d *indicator.Indicator) *time.Time {
	for _, e := range st.Entries() {
		v := e.Current()
		if v == nil || v.SHA256 != d.Set().SHA256 {
			continue
		}
		at := v.Added
		for n := 1; n < len(e.Versions); n++ {
			old, err := st.Set(&e, n)
			if err != nil || !lists(old, d) {
				break
			}
			at = e.Versions[len(e.Versions)-1-n].Added
		}
		return &at
	}
	return nil
}

func lists(set *indicator.Set, d *indicator.Indicator) bool {
	for x := range set.All() {
		if x.Same(d) {
			return true
		}
	}
	return false
}

func (a *app) tellKnown(k *known) {
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
