package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

type indicatorsAddCmd struct {
	Paths   []string `arg:"" name:"path|url" help:"indicators_paths"`
	Type    string   `help:"indicators_type" placeholder:"TYPE"`
	Private bool     `help:"indicators_private"`
	Proxy   string   `help:"indicators_proxy" placeholder:"URL"`
	storeFlags
	serverFlags

	typ artifact.ObservableType
}

// Validate reads the type. Kong calls it.
func (c *indicatorsAddCmd) Validate() (err error) {
	if c.Type != "" {
		c.typ, err = indicator.ParseType(c.Type)
	}
	return err
}

// Run installs files, and feeds by their address, each only once it was read.
func (c *indicatorsAddCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	return c.change(a, func(st *feed.Store, of any) error {
		for _, path := range c.Paths {
			var err error
			if strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://") {
				err = c.addURL(a, st, of, path)
			} else {
				err = c.addPath(a, path, func(set *indicator.Set, sum string) (string, bool, error) {
					if st.Has(sum) != nil {
						return "", true, nil
					}
					e, err := c.install(st, set)
					if err != nil {
						return "", false, err
					}
					return e.ID, false, nil
				})
			}
			if err != nil {
				return fmt.Errorf("indicators: %w", err)
			}
		}
		return nil
	})
}

// addPath says of each file what it is, and installs those with indicators.
// install returns the id of an installed set, or that it was there.
func (c *indicatorsAddCmd) addPath(a *app, path string, install func(set *indicator.Set, sum string) (id string, same bool, err error)) error {
	sets, err := indicator.Survey(path, indicator.Options{Type: c.typ, Private: c.Private})
	if err != nil {
		return err
	}
	files, total := 0, map[string]int{}
	for _, set := range sets {
		d := set.Describe()
		name := set.File
		if rel, err := filepath.Rel(path, set.File); err == nil && rel != "." {
			name = rel
		}
		switch {
		case len(set.Feeds) > 0:
			fmt.Fprintf(a.Out, "%s\n  %s\n", safe(name), a.Count("indicators.catalogue", int64(len(set.Feeds)), "File", safe(set.File)))
			continue
		case !set.Format.Listed():
			fmt.Fprintf(a.Out, "%s\n  %s\n", safe(name), a.Text("indicators.other", "Format", a.Or("format.", string(set.Format))))
			continue
		}
		a.explainFile(name, &d)
		if d.Count == 0 {
			continue
		}
		id, same, err := install(set, d.SHA256)
		if err != nil {
			return err
		}
		if same {
			fmt.Fprintln(a.Out, "  "+a.Text("indicators.same"))
			continue
		}
		files++
		for t, n := range d.ByType {
			total[t] += n
		}
		fmt.Fprintln(a.Out, "  "+a.Text("indicators.installed", "ID", id, "SHA256", d.SHA256))
	}
	if len(sets) > 1 {
		fmt.Fprintln(a.Out, a.Count("indicators.installed_total", int64(files), "Types", a.types(total)))
	}
	return nil
}

// install puts the file of a set into the store.
func (c *indicatorsAddCmd) install(st *feed.Store, set *indicator.Set) (*feed.Entry, error) {
	e := &feed.Entry{
		Name: set.Name, Publisher: set.Publisher, File: filepath.Base(set.File), Type: c.typ, Private: c.Private,
	}
	for _, r := range set.References {
		if r.URL != "" {
			e.References = append(e.References, r.URL)
		}
	}
	f, err := os.Open(set.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := st.Draft(f, e, 8*limit.GiB)
	if err != nil {
		return nil, err
	}
	defer d.Discard()
	return e, st.Put(d, e)
}

// addURL installs a feed, which "update" asks again from then on. One that is
// switched off is refused.
func (c *indicatorsAddCmd) addURL(a *app, st *feed.Store, of any, address string) error {
	u, err := feed.CheckAddress(address)
	if err != nil {
		return err
	}
	config, err := feedsOf(a.ctx, of)
	if err != nil {
		return err
	}
	if x, err := config.List(st.Entries()).Find(address); err == nil && !x.Asked || slices.Contains(config.NotAsked, address) {
		return fmt.Errorf("%w: %s", feed.ErrOff, address)
	}
	source := feed.Source{Name: feedName(u.Path, u.Hostname()), Address: address, Kind: feed.File, Type: c.typ, Private: c.Private}
	client, err := newClient(c.Proxy)
	if err != nil {
		return err
	}
	r := client.Update(a.ctx, st, source, false, time.Now())
	if r.Why != nil {
		return fmt.Errorf("%s: %w", address, r.Why)
	}
	if r.Set == nil {
		fmt.Fprintf(a.Out, "%s\n  %s\n", safe(address), a.Text("indicators.same"))
		return nil
	}
	d := r.Set.Describe()
	a.explainFile(address, &d)
	fmt.Fprintln(a.Out, "  "+a.Text("indicators.installed", "ID", r.Entry.ID, "SHA256", d.SHA256))
	return nil
}

// feedName is a name for a feed that was given by its address alone: its file
// and the folder that it lies in.
func feedName(path, host string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		return host
	}
	last := parts[len(parts)-1]
	last = strings.TrimSuffix(last, filepath.Ext(last))
	if len(parts) > 1 {
		last = parts[len(parts)-2] + "/" + last
	}
	return host + "/" + last
}

type indicatorsRemoveCmd struct {
	Name string `arg:"" help:"indicators_name"`
	storeFlags
	serverFlags
}

// Run takes a set out of the store.
func (c *indicatorsRemoveCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	return c.change(a, func(st *feed.Store, _ any) error {
		e := st.Entry(c.Name)
		if e == nil {
			return errNoSet(c.Name)
		}
		id, name := e.ID, e.Name
		if err := st.Remove(id); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, a.Text("indicators.removed", "ID", id, "Name", safe(name)))
		return nil
	})
}

var errSet = errors.New("no installed set is called so")

func errNoSet(name string) error { return fmt.Errorf("%w: %s", errSet, name) }
