package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/feed/fetch"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// indicatorsUpdateCmd is the one command that reaches a network, and it goes
// to the addresses of feeds alone.
type indicatorsUpdateCmd struct {
	Names     []string `arg:"" optional:"" name:"name" help:"indicators_update_names"`
	Catalogue []string `help:"indicators_update_catalogue" placeholder:"FILE" sep:"none"`
	Only      bool     `help:"indicators_update_only"`
	Proxy     string   `help:"indicators_proxy" placeholder:"URL"`
	Accept    bool     `help:"indicators_update_accept"`
	JSON      bool     `name:"json" help:"json"`
	storeFlags
}

// Run fetches feeds. One that fails costs no other; the command fails if none
// could be asked.
func (c *indicatorsUpdateCmd) Run(a *app) error {
	client, err := newClient(c.Proxy)
	if err != nil {
		return err
	}
	return c.change(a, func(st *feed.Store, of any) error {
		sources, all, err := c.sources(a.ctx, st, of)
		if err != nil {
			return err
		}
		if err := c.update(a, st, client, sources); err != nil || c.JSON {
			return err
		}
		a.tellOff(all)
		return nil
	})
}

func newClient(proxy string) (*fetch.Client, error) {
	if proxy == "" {
		proxy = os.Getenv("AMPARO_PROXY")
	}
	return fetch.New(fetch.Options{Proxy: proxy, UserAgent: "amparo/" + Version})
}

// sources are the feeds to ask: of those that Amparo knows, of the user's
// feeds.yaml, or of that of the workspace, of catalogues, and of those that were
// added by address, the ones that are not switched off.
func (c *indicatorsUpdateCmd) sources(ctx context.Context, st *feed.Store, of any) (asked []feed.Source, all *feed.Feeds, err error) {
	var more []feed.Source
	for _, name := range c.Catalogue {
		list, err := readCatalogue(name)
		if err != nil {
			return nil, nil, err
		}
		more = append(more, list...)
	}
	config, err := feedsOf(ctx, of)
	if err != nil {
		return nil, nil, err
	}
	all = config.List(st.Entries(), more...)
	if c.Only {
		all.Feeds = slices.DeleteFunc(all.Feeds, func(x feed.Feed) bool { return x.Origin != feed.OfCatalogue })
	}
	if len(c.Names) > 0 {
		asked, err = choose(all, c.Names)
		return asked, all, err
	}
	return all.Asked(), all, nil
}

// feedsOf reads feeds.yaml: that of the workspace, or of this machine.
func feedsOf(ctx context.Context, of any) (*feed.Config, error) {
	data, found, err := sharedFile(ctx, of, workspace.SharedFeeds)
	if err != nil {
		return nil, err
	}
	if found {
		return feed.ParseConfig(data)
	}
	name, err := feedsFile()
	if err != nil {
		return nil, err
	}
	return feed.ReadConfig(name)
}

// feedsFile is that of this machine.
func feedsFile() (string, error) {
	dir, err := home()
	return filepath.Join(dir, workspace.SharedFeeds), err
}

// readCatalogue reads a file of feeds: ours, or a catalogue as MVT has it.
func readCatalogue(name string) ([]feed.Source, error) {
	own, err := feed.ReadConfig(name)
	if err == nil && len(own.Feeds) > 0 {
		return own.Feeds, nil
	}
	sets, serr := indicator.Survey(name, indicator.Options{})
	if serr != nil {
		return nil, errors.Join(err, serr)
	}
	for _, s := range sets {
		if len(s.Feeds) > 0 {
			return feed.FromCatalogue(s.Feeds), nil
		}
	}
	return nil, fmt.Errorf("%s names no feeds", name)
}

// choose keeps the feeds that are named. One that is switched off is refused.
func choose(all *feed.Feeds, names []string) ([]feed.Source, error) {
	var chosen []feed.Source
	for _, name := range names {
		found := false
		for i := range all.Feeds {
			x := &all.Feeds[i]
			if !strings.Contains(strings.ToLower(x.Name), strings.ToLower(name)) && x.Address != name {
				continue
			}
			if !x.Asked {
				return nil, fmt.Errorf("%w: %q", feed.ErrOff, x.Name)
			}
			if found = true; !slices.ContainsFunc(chosen, func(s feed.Source) bool { return s.Address == x.Address }) {
				chosen = append(chosen, x.Source)
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: %q", feed.ErrNoFeed, name)
		}
	}
	return chosen, nil
}

// updated is what --json says of one feed.
type updated struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`
	State   string   `json:"state"`
	Count   int      `json:"count"`
	Added   int      `json:"added"`
	Removed int      `json:"removed"`
	New     []string `json:"new,omitempty"` // some of those added
	Why     string   `json:"why,omitempty"`
}

// updateFeeds asks all feeds for news, for a job.
func updateFeeds(ctx context.Context, s *examine.Space, id string, fn func(job.Asking) error) error {
	client, err := newClient("")
	if err != nil {
		return err
	}
	return changeStoreOf(ctx, s, func(st *feed.Store) error {
		sources, _, err := (&indicatorsUpdateCmd{}).sources(ctx, st, s)
		if err != nil {
			return err
		}
		return fn(&asking{client, st, sources, id})
	})
}

// asking implements job.Asking.
type asking struct {
	client  *fetch.Client
	store   *feed.Store
	sources []feed.Source
	job     string
}

// Feeds implements job.Asking.
func (q *asking) Feeds() []workspace.FeedResult {
	list := make([]workspace.FeedResult, len(q.sources))
	for i, s := range q.sources {
		list[i] = workspace.FeedResult{Name: s.Name, Address: s.Address}
	}
	return list
}

// Ask implements job.Asking. What looks broken is told, and not taken.
func (q *asking) Ask(ctx context.Context, i int) (workspace.FeedResult, error) {
	r := q.client.UpdateFor(ctx, q.store, q.sources[i], q.job, time.Now())
	if r.Why != nil && ctx.Err() != nil {
		return workspace.FeedResult{}, context.Cause(ctx)
	}
	if job.OfWorkspace(r.Why) {
		return workspace.FeedResult{}, r.Why
	}
	u := updatedOf(&r)
	return workspace.FeedResult{
		Name: u.Name, Address: u.Address, State: u.State, Count: u.Count, Added: u.Added, Removed: u.Removed, Examples: u.New, Why: u.Why,
		Passes: r.State == fetch.Failed && fetch.Passes(r.Why),
	}, nil
}

// updatedOf says what became of one feed.
func updatedOf(r *fetch.Result) updated {
	u := updated{
		Name: r.Source.Name, Address: r.Source.Address, State: string(r.State), Added: r.Change.Added, Removed: r.Change.Removed, New: r.Change.Examples,
	}
	if r.Entry != nil && r.Entry.Current() != nil {
		u.Count = r.Entry.Current().Count
	}
	if r.Why != nil {
		u.Why = r.Why.Error()
	}
	return u
}

func (c *indicatorsUpdateCmd) update(a *app, st *feed.Store, client *fetch.Client, sources []feed.Source) error {
	results := []updated{}
	failed := 0
	for _, s := range sources {
		r := client.Update(a.ctx, st, s, c.Accept, time.Now())
		if a.ctx.Err() != nil {
			return context.Cause(a.ctx)
		}
		if r.State == fetch.Failed {
			failed++
		}
		if !c.JSON {
			a.tellUpdate(&r)
			continue
		}
		results = append(results, updatedOf(&r))
	}
	if c.JSON {
		if err := writeJSON(a.Out, results); err != nil {
			return err
		}
	}
	if failed > 0 && failed == len(sources) {
		return errors.New(a.Text("indicators.update_none"))
	}
	return nil
}

// tellUpdate says what became of one feed: results to Out, warnings to Err.
func (a *app) tellUpdate(r *fetch.Result) {
	name := safe(r.Source.Name)
	switch r.State {
	case fetch.Added:
		fmt.Fprintln(a.Out, a.Text("indicators.update_added", "Name", name, "Types", a.types(r.Entry.Current().ByType)))
	case fetch.Changed:
		fmt.Fprintln(a.Out, a.Text("indicators.update_changed", "Name", name, "Added", a.Number(int64(r.Change.Added)), "Removed", a.Number(int64(r.Change.Removed)), "Count", a.Number(int64(r.Change.After))))
		for _, v := range r.Change.Examples {
			fmt.Fprintln(a.Out, "  + "+safe(v))
		}
	case fetch.Unchanged:
		fmt.Fprintln(a.Out, a.Text("indicators.update_unchanged", "Name", name))
	case fetch.Kept:
		fmt.Fprintf(a.Err, "amparo: %s\n", a.Text("indicators.update_kept", "Name", name, "Why", oneLine(r.Why.Error())))
	default:
		id := "indicators.update_failed"
		if r.Entry != nil {
			id = "indicators.update_failed_kept"
		}
		fmt.Fprintf(a.Err, "amparo: %s\n", a.Text(id, "Name", name, "Why", oneLine(r.Why.Error())))
	}
}
