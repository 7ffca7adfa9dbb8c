package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/settings"
)

// indicatorsFeedCmd is "amparo indicators feed".
type indicatorsFeedCmd struct {
	List indicatorsFeedListCmd `cmd:"" help:"indicators_feed_list"`
	Off  indicatorsFeedOffCmd  `cmd:"" help:"indicators_feed_off"`
	On   indicatorsFeedOnCmd   `cmd:"" help:"indicators_feed_on"`
}

type indicatorsFeedListCmd struct {
	JSON bool `name:"json" help:"json"`
	storeFlags
	serverFlags
}

// Run lists the feeds that there are, and which are asked.
func (c *indicatorsFeedListCmd) Run(a *app) error {
	if c.server() != "" {
		s, err := c.dial(a)
		if err != nil {
			return err
		}
		l, err := s.Feeds(a.ctx)
		if err != nil {
			return err
		}
		return c.tell(a, &l)
	}
	return c.read(a, func(st *feed.Store, of any) error {
		config, err := feedsOf(a.ctx, of)
		if err != nil {
			return err
		}
		return c.tell(a, config.List(st.Entries()))
	})
}

func (c *indicatorsFeedListCmd) tell(a *app, l *feed.Feeds) error {
	if c.JSON {
		return writeJSON(a.Out, l)
	}
	for i := range l.Feeds {
		a.listFeed(&l.Feeds[i])
	}
	a.tellOff(l)
	return nil
}

func (a *app) listFeed(x *feed.Feed) {
	line := []string{a.Text("feeds.origin." + string(x.Origin))}
	if !x.Asked {
		line = append(line, a.Text("feeds.off"))
	}
	switch {
	case x.Set != "":
		line = append(line, a.Count("indicators.count", x.Count)+" ("+safe(x.Set)+")")
	case x.Asked:
		line = append(line, a.Text("feeds.not_yet"))
	}
	fmt.Fprintf(a.Out, "%s: %s\n  %s\n", safe(x.Name), strings.Join(line, "; "), safe(x.Address))
}

// tellOff says that some feeds are not asked, and which names in feeds.yaml are
// those of none.
func (a *app) tellOff(l *feed.Feeds) {
	switch n := l.Off(); {
	case n > 0 && n == len(l.Feeds):
		fmt.Fprintln(a.Out, a.Text("feeds.all_off"))
	case n > 0:
		fmt.Fprintln(a.Out, a.Count("feeds.some_off", int64(n)))
	}
	for _, name := range l.Unknown {
		fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("feeds.unknown", "Name", safe(name)))
	}
	for _, name := range l.Several {
		fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("feeds.several", "Name", safe(name)))
	}
}

// quietOf reports of installed sets whether their feed is switched off; of none
// where feeds.yaml does not read.
func quietOf(ctx context.Context, st *feed.Store, of any) func(*feed.Entry) bool {
	config, err := feedsOf(ctx, of)
	if err != nil {
		config = &feed.Config{}
	}
	return config.List(st.Entries()).Quiet
}

type indicatorsFeedOffCmd struct{ feedSwitch }

// Run has feeds not asked any more.
func (c *indicatorsFeedOffCmd) Run(a *app) error { return c.turn(a, false) }

type indicatorsFeedOnCmd struct{ feedSwitch }

// Run has feeds asked again.
func (c *indicatorsFeedOnCmd) Run(a *app) error { return c.turn(a, true) }

// feedSwitch is what both take.
type feedSwitch struct {
	Names []string `arg:"" name:"name" help:"indicators_feed_names"`
	storeFlags
	serverFlags
}

// turn switches feeds in the feeds.yaml that counts: of a server's workspace, of
// the one that has its own indicators, or of this machine.
func (c *feedSwitch) turn(a *app, on bool) error {
	if c.server() != "" {
		s, err := c.dial(a)
		if err != nil {
			return err
		}
		l, err := s.Feeds(a.ctx)
		if err != nil {
			return err
		}
		return c.each(a, &l, on, func(name string) (bool, error) { return s.SwitchFeed(a.ctx, name, on) })
	}
	return c.change(a, func(st *feed.Store, of any) error {
		config, err := feedsOf(a.ctx, of)
		if err != nil {
			return err
		}
		return c.each(a, config.List(st.Entries()), on, func(name string) (bool, error) {
			if s, ok := of.(*examine.Space); ok {
				return settings.SwitchFeed(a.ctx, s.Workspace, config, st.Entries(), name, on)
			}
			file, err := feedsFile()
			if err != nil {
				return false, err
			}
			return feed.SwitchFile(file, st.Entries(), name, on)
		})
	})
}

// each switches the feeds that are named, and says what that means. Nothing is
// changed where one of the names is wrong.
func (c *feedSwitch) each(a *app, l *feed.Feeds, on bool, turn func(name string) (bool, error)) error {
	for _, name := range c.Names {
		if _, err := l.Find(name); err != nil && name != feed.AllBuiltIn && (!on || !l.Names(name)) {
			return err
		}
	}
	for _, name := range c.Names {
		changed, err := turn(name)
		if err != nil {
			return err
		}
		a.tellTurned(l, name, on, changed)
	}
	return nil
}

func (a *app) tellTurned(l *feed.Feeds, name string, on, changed bool) {
	id := map[bool]string{true: "feeds.turned_on", false: "feeds.turned_off"}[on]
	if !changed {
		id += "_already"
	}
	x, err := l.Find(name)
	if err != nil { // all that Amparo knows, or what no feed is called
		if name == feed.AllBuiltIn {
			id += "_built_in"
		}
		fmt.Fprintln(a.Out, a.Text(id, "Name", safe(name)))
		return
	}
	fmt.Fprintln(a.Out, a.Text(id, "Name", safe(x.Name)))
	if !on && x.Count > 0 {
		fmt.Fprintln(a.Out, a.Count("feeds.stays", x.Count, "ID", safe(x.Set)))
	}
}
