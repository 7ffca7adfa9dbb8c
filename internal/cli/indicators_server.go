package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
)

// errFeedFar says that a server asks feeds by itself.
var errFeedFar = errors.New("a server takes files: it asks feeds itself, on its page \"Indicators\"")

// farSet is an installed set of a server.
type farSet struct {
	feed.Entry
	Types    map[string]int `json:"types"`
	Loose    bool           `json:"loose"`
	NotAsked bool           `json:"not_asked"`
}

// farSets lists the installed sets of a server, which of them are of feeds that
// are not asked any more, and what lies beside them.
func farSets(a *app, s *client.Client) (list []feed.Entry, quiet func(*feed.Entry) bool, loose []looseSet, err error) {
	var all []farSet
	if err := s.Indicators(a.ctx, &all); err != nil {
		return nil, nil, nil, err
	}
	quiet = func(e *feed.Entry) bool {
		return slices.ContainsFunc(all, func(x farSet) bool { return x.ID == e.ID && x.NotAsked })
	}
	for _, x := range all {
		if x.Loose {
			loose = append(loose, looseSet{x.File, x.Types})
			continue
		}
		list = append(list, x.Entry)
	}
	return list, quiet, loose, nil
}

// farSetNamed finds one by its id, its address or its name, as a store does.
func farSetNamed(a *app, s *client.Client, name string) (e *feed.Entry, quiet bool, err error) {
	list, is, _, err := farSets(a, s)
	if err != nil {
		return nil, false, err
	}
	for i := range list {
		if e := &list[i]; e.ID == name || e.Address != "" && e.Address == name {
			return e, is(e), nil
		}
	}
	for i := range list {
		if e := &list[i]; strings.EqualFold(e.Name, name) {
			return e, is(e), nil
		}
	}
	return nil, false, errNoSet(name)
}

// far lists the sets of a server.
func (c *indicatorsListCmd) far(a *app) error {
	s, err := c.dial(a)
	if err != nil {
		return err
	}
	list, quiet, loose, err := farSets(a, s)
	if err != nil {
		return err
	}
	return c.tell(a, list, loose, quiet)
}

// far shows a set of a server.
func (c *indicatorsShowCmd) far(a *app) error {
	s, err := c.dial(a)
	if err != nil {
		return err
	}
	e, quiet, err := farSetNamed(a, s, c.Name)
	if err != nil {
		return err
	}
	var set struct {
		Entry *feed.Entry           `json:"entry"`
		Set   *finding.IndicatorSet `json:"set"`
	}
	if err := s.IndicatorSet(a.ctx, e.ID, &set); err != nil {
		return err
	}
	if set.Entry == nil || set.Set == nil {
		return client.ErrAnswer
	}
	if err := c.tell(a, set.Entry, set.Set, quiet); err != nil || !c.Values || c.JSON {
		return err
	}
	return s.IndicatorValues(a.ctx, e.ID, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxAbout)
		for lines.Scan() {
			var x struct{ Type, Value string }
			if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%s\t%s\n", safe(x.Type), safe(x.Value))
		}
		return lines.Err()
	})
}

// far asks a server which of its sets know the value.
func (c *indicatorsSearchCmd) far(a *app) error {
	s, err := c.dial(a)
	if err != nil {
		return err
	}
	var found []feed.Known
	if err := s.SearchIndicators(a.ctx, c.Value, &found); err != nil {
		return err
	}
	sets := 0
	if len(found) == 0 {
		list, _, loose, err := farSets(a, s)
		if err != nil {
			return err
		}
		sets = len(list) + len(loose)
	}
	return c.tell(a, append([]feed.Known{}, found...), sets)
}

// far installs files at a server: what they are is said by this program.
func (c *indicatorsAddCmd) far(a *app) error {
	s, err := c.dial(a)
	if err != nil {
		return err
	}
	for _, path := range c.Paths {
		if strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://") {
			return usageError{fmt.Errorf("%s: %w", safe(path), errFeedFar)}
		}
	}
	for _, path := range c.Paths {
		err := c.addPath(a, path, func(set *indicator.Set, sum string) (string, bool, error) {
			var out struct {
				Sets []struct {
					ID, SHA256 string
					Same       bool
				} `json:"sets"`
			}
			open := func() (io.ReadCloser, int64, error) {
				f, err := os.Open(set.File)
				if err != nil {
					return nil, 0, err
				}
				info, err := f.Stat()
				if err != nil {
					return nil, 0, errors.Join(err, f.Close())
				}
				return f, info.Size(), nil
			}
			if err := s.AddIndicators(a.ctx, filepath.Base(set.File), string(c.typ), c.Private, open, &out); err != nil {
				return "", false, err
			}
			for _, x := range out.Sets {
				if x.SHA256 == sum {
					return x.ID, x.Same, nil
				}
			}
			return "", false, client.ErrAnswer
		})
		if err != nil {
			return fmt.Errorf("indicators: %w", err)
		}
	}
	return nil
}

// far takes a set out at a server.
func (c *indicatorsRemoveCmd) far(a *app) error {
	s, err := c.dial(a)
	if err != nil {
		return err
	}
	e, _, err := farSetNamed(a, s, c.Name)
	if err != nil {
		return err
	}
	if err := s.RemoveIndicators(a.ctx, e.ID); err != nil {
		return err
	}
	fmt.Fprintln(a.Out, a.Text("indicators.removed", "ID", e.ID, "Name", safe(e.Name)))
	return nil
}
