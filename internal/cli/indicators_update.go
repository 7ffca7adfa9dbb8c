package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		sources, err := c.sources(a.ctx, st, of)
		if err != nil {
			return err
		}
		return c.update(a, st, client, sources)
	})
}

func newClient(proxy string) (*fetch.Client, error) {
	if proxy == "" {
		proxy = os.Getenv("AMPARO_PROXY")
	}
	return fetch.New(fetch.Options{Proxy: proxy, UserAgent: "amparo/" + Version})
}

// sources are the feeds to ask: the built-in ones, those of the user's
// feeds.yaml, or of that of the workspace, those of catalogues, and those that
// were added by address; of one address the last counts.
func (c *indicatorsUpdateCmd) sources(ctx context.Context, st *feed.Store, of any) ([]feed.Source, error) {
	var all []feed.Source
	if !c.Only {
		own, err := ownFeeds(ctx, of)
		if err != nil {
			return nil, err
		}
		all = append(feed.BuiltIn(), own...)
	}
	for _, name := range c.Catalogue {
		list, err := readCatalogue(name)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	if !c.Only {
		for _, e := range st.Entries() {
			if e.Address != "" {
				all = append([]feed.Source{{Name: e.Name, Address: e.Address, Kind: feed.File, Type: e.Type, Private: e.Private}}, all...)
			}
		}
	}
	return c.choose(lastOfAddress(all))
}

// ownFeeds are the team's own feeds: those of the workspace, or of this machine.
func ownFeeds(ctx context.Context, of any) ([]feed.Source, error) {
	data, found, err := sharedFile(ctx, of, workspace.SharedFeeds)
	if err != nil {
		return nil, err
	}
	if found {
		return feed.ParseSources(data)
	}
	dir, err := home()
	if err != nil {
		return nil, err
	}
	return feed.ReadSources(filepath.Join(dir, "feeds.yaml"))
}

// readCatalogue reads a file of feeds: ours, or a catalogue as MVT has it.
func readCatalogue(name string) ([]feed.Source, error) {
	own, err := feed.ReadSources(name)
	if err == nil && len(own) > 0 {
		return own, nil
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

func lastOfAddress(all []feed.Source) []feed.Source {
	at := map[string]int{}
	var kept []feed.Source
	for _, s := range all {
		if i, ok := at[s.Address]; ok {
			kept[i] = s
			continue
		}
		at[s.Address] = len(kept)
		kept = append(kept, s)
	}
	return kept
}

// choose keeps the feeds that are named; all if none is.
func (c *indicatorsUpdateCmd) choose(all []feed.Source) ([]feed.Source, error) {
	if len(c.Names) == 0 {
		return all, nil
	}
	var chosen []feed.Source
	for _, name := range c.Names {
		before := len(chosen)
		for _, s := range all {
			if strings.Contains(strings.ToLower(s.Name), strings.ToLower(name)) || s.Address == name {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("no feed is called %q", name)
		}
	}
	return lastOfAddress(chosen), nil
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
		sources, err := (&indicatorsUpdateCmd{}).sources(ctx, st, s)
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
