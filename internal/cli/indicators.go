package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
)

// indicators is what a check matches against.
type indicators struct {
	matcher *indicator.Matcher // nil: none
	sets    []finding.IndicatorSet
}

// loadIndicators loads the given files and folders or, where none is given,
// the installed sets.
func (a *app) loadIndicators(paths []string) (*indicators, error) {
	// A million indicators are kept and little is thrown away: collecting
	// more often costs little here, and halves the memory at the end.
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	if len(paths) == 0 {
		return a.loadInstalled()
	}
	var sets []*indicator.Set
	for _, path := range paths {
		list, err := indicator.LoadPath(path)
		if err != nil {
			return nil, fmt.Errorf("indicators: %w", err)
		}
		sets = append(sets, list...)
	}
	if len(sets) == 0 {
		return &indicators{}, nil
	}
	return describeSets(sets, indicator.NewMatcher(sets)), nil
}

func describeSets(sets []*indicator.Set, m *indicator.Matcher) *indicators {
	loaded := &indicators{matcher: m}
	for _, set := range sets {
		loaded.sets = append(loaded.sets, set.Describe())
	}
	return loaded
}

// loadInstalled loads the installed sets. One that cannot be read is told and
// costs no other.
func (a *app) loadInstalled() (*indicators, error) {
	st, err := openStore()
	if err != nil {
		return nil, err
	}
	return a.loadStore(st)
}

// loadStore loads the sets of a store, likewise.
func (a *app) loadStore(st *feed.Store) (*indicators, error) {
	l, err := st.Load()
	if err != nil {
		return nil, err
	}
	loaded := describeSets(l.Sets, l.Matcher)
	for _, p := range l.Problems {
		a.tell(p, a.Text("indicators.hint_verify"))
		loaded.sets = append(loaded.sets, finding.IndicatorSet{
			Name: "?", ByType: map[string]int{}, NotUnderstood: []finding.Unread{}, Notes: []string{"not used: " + p.Error()},
		})
	}
	return loaded, nil
}

// home is Amparo's own folder: AMPARO_HOME, or in the user's configuration.
func home() (string, error) {
	if dir := os.Getenv("AMPARO_HOME"); dir != "" {
		return dir, nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("installed indicators: %w", err)
	}
	return filepath.Join(config, "amparo"), nil
}

// installedDir is where the installed sets lie.
func installedDir() (string, error) {
	dir, err := home()
	return filepath.Join(dir, "indicators"), err
}

func openStore() (*feed.Store, error) {
	dir, err := installedDir()
	if err != nil {
		return nil, err
	}
	return feed.Open(dir)
}

// changeStore opens the installed sets, runs fn and closes them.
func changeStore(fn func(*feed.Store) error) error {
	dir, err := installedDir()
	if err != nil {
		return err
	}
	st, err := feed.OpenToChange(dir, time.Now)
	if err != nil {
		return err
	}
	defer st.Close()
	return fn(st)
}

// indicatorsCmd is "amparo indicators".
type indicatorsCmd struct {
	Add    indicatorsAddCmd    `cmd:"" help:"indicators_add"`
	Update indicatorsUpdateCmd `cmd:"" help:"indicators_update"`
	List   indicatorsListCmd   `cmd:"" help:"indicators_list"`
	Show   indicatorsShowCmd   `cmd:"" help:"indicators_show"`
	Search indicatorsSearchCmd `cmd:"" help:"indicators_search"`
	Verify indicatorsVerifyCmd `cmd:"" help:"indicators_verify"`
	Remove indicatorsRemoveCmd `cmd:"" help:"indicators_remove"`
	Pack   indicatorsPackCmd   `cmd:"" help:"indicators_pack"`
	Unpack indicatorsUnpackCmd `cmd:"" help:"indicators_unpack"`
	Key    indicatorsKeyCmd    `cmd:"" help:"indicators_key"`
	Share  indicatorsShareCmd  `cmd:"" help:"indicators_share"`

	Schedule indicatorsScheduleCmd `cmd:"" help:"indicators_schedule"`
	Feed     indicatorsFeedCmd     `cmd:"" help:"indicators_feed"`
}

type indicatorsListCmd struct {
	JSON bool `name:"json" help:"json"`
	storeFlags
	serverFlags
}

// Run lists the installed sets.
func (c *indicatorsListCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	return c.read(a, func(st *feed.Store, of any) error { return c.list(a, st, quietOf(a.ctx, st, of)) })
}

func (c *indicatorsListCmd) list(a *app, st *feed.Store, quiet func(*feed.Entry) bool) error {
	sets, err := st.Loose()
	if err != nil {
		return err
	}
	loose := make([]looseSet, len(sets))
	for i, set := range sets {
		d := set.Describe()
		loose[i] = looseSet{d.File, d.ByType}
	}
	return c.tell(a, st.Entries(), loose, quiet)
}

// looseSet is a file in the folder of indicators that nobody installed.
type looseSet struct {
	File  string
	Types map[string]int
}

// tell lists sets. Of some the feed is quiet: it is not asked any more.
func (c *indicatorsListCmd) tell(a *app, list []feed.Entry, loose []looseSet, quiet func(*feed.Entry) bool) error {
	if c.JSON {
		if list == nil {
			list = []feed.Entry{}
		}
		return writeJSON(a.Out, list)
	}
	if len(list)+len(loose) == 0 {
		fmt.Fprintln(a.Out, a.Text("indicators.none"))
		return nil
	}
	for i := range list {
		a.listEntry(&list[i], quiet(&list[i]))
	}
	for _, set := range loose {
		fmt.Fprintln(a.Out, a.Text("indicators.loose", "File", safe(set.File), "Types", a.types(set.Types)))
	}
	return nil
}

func (a *app) listEntry(e *feed.Entry, quiet bool) {
	v := e.Current()
	if v == nil {
		return
	}
	who := e.Publisher
	if who == "" {
		who = e.File
	}
	line := fmt.Sprintf("%s  %s (%s): %s: %s; %s", safe(e.ID), safe(e.Name), safe(who), a.Count("indicators.count", int64(v.Count)), a.types(v.ByType),
		a.Text("indicators.as_of", "Date", v.Added.Format(time.DateOnly)))
	if e.Private {
		line += "; " + a.Text("indicators.private")
	}
	if quiet {
		line += "; " + a.Text("feeds.quiet")
	}
	fmt.Fprintln(a.Out, line)
}

// types says how many indicators there are of each type.
func (a *app) types(n map[string]int) string {
	var all []string
	for _, t := range slices.Sorted(maps.Keys(n)) {
		all = append(all, a.Or("observable.", t)+" "+a.Number(int64(n[t])))
	}
	if len(all) == 0 {
		return a.Text("indicators.no_values")
	}
	return strings.Join(all, ", ")
}

// explainFile says what a file of indicators is, and what of it no check will
// use.
func (a *app) explainFile(name string, d *finding.IndicatorSet) {
	fmt.Fprintf(a.Out, "%s\n  %s: %s\n", safe(name), a.Or("format.", d.Format), a.types(d.ByType))
	if d.Private > 0 {
		fmt.Fprintln(a.Out, "  "+a.Count("indicators.marked_private", int64(d.Private)))
	}
	if d.Reference != "" {
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.reference", "Reference", safe(d.Reference)))
	}
	for _, n := range d.Notes {
		fmt.Fprintln(a.Out, "  - "+safe(n))
	}
	if len(d.NotUnderstood) == 0 {
		return
	}
	fmt.Fprintln(a.Out, "  "+a.Count("cli.indicators_not_understood", int64(len(d.NotUnderstood))))
	for _, u := range d.NotUnderstood[:min(len(d.NotUnderstood), 10)] {
		fmt.Fprintf(a.Out, "    %s  %s: %s\n", safe(u.ID), safe(u.Pattern), safe(u.Reason))
	}
	if more := len(d.NotUnderstood) - 10; more > 0 {
		fmt.Fprintln(a.Out, "    "+a.Count("indicators.more", int64(more)))
	}
}
