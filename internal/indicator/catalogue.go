package indicator

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Feed says where a set is published, and by whom.
type Feed struct {
	Name       string
	Publishers []string
	References []string
	Address    string // from where it is fetched
	Path       string // in the publisher's repository, "" if it is in none
}

// maxCatalogue bounds a catalogue in bytes.
const maxCatalogue = 4 * limit.MiB

// A catalogueEntry is an entry as mvt-indicators writes it
// (https://github.com/mvt-project/mvt-indicators, indicators.yaml).
type catalogueEntry struct {
	Type       string   `yaml:"type"`
	Name       string   `yaml:"name"`
	Sources    []string `yaml:"sources"`
	References []string `yaml:"references"`
	URL        string   `yaml:"url"`
	Download   string   `yaml:"download_url"`
	GitHub     struct {
		Owner  string `yaml:"owner"`
		Repo   string `yaml:"repo"`
		Branch string `yaml:"branch"`
		Path   string `yaml:"path"`
	} `yaml:"github"`
}

// readCatalogue reads a catalogue of feeds, or a part of one.
func (l *loader) readCatalogue(r io.Reader) error {
	data, err := limit.ReadAll(r, maxCatalogue)
	if err != nil {
		return err
	}
	var whole struct {
		Indicators []catalogueEntry `yaml:"indicators"`
	}
	err = yaml.Unmarshal(data, &whole)
	entries := whole.Indicators
	if err != nil || len(entries) == 0 {
		if yaml.Unmarshal(data, &entries) != nil {
			return &otherError{OtherYAML}
		}
	}
	for i, e := range entries {
		f, err := e.feed()
		if err != nil {
			l.set.problem(fmt.Sprintf("entry %d", i+1), clip(e.Name, maxName), err.Error())
			continue
		}
		l.set.Feeds = append(l.set.Feeds, f)
	}
	if len(l.set.Feeds) == 0 && len(l.set.problems) == 0 {
		return &otherError{OtherYAML}
	}
	return nil
}

func (e *catalogueEntry) feed() (Feed, error) {
	f := Feed{Name: clip(e.Name, maxName), Publishers: e.Sources, References: e.References, Address: cmp.Or(e.Download, e.URL)}
	if g := e.GitHub; f.Address == "" && g.Owner != "" && g.Repo != "" && g.Path != "" {
		f.Path = g.Path
		f.Address = (&url.URL{
			Scheme: "https", Host: "raw.githubusercontent.com",
			Path: "/" + path.Join(g.Owner, g.Repo, cmp.Or(g.Branch, "main"), g.Path),
		}).String()
	}
	u, err := url.Parse(f.Address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return f, fmt.Errorf("no address to fetch it from: type %q", clip(e.Type, 40))
	}
	return f, nil
}

// creditFeeds gives sets the names and references that a catalogue among the
// files says of them.
func creditFeeds(all []*Set) {
	for _, c := range all {
		for _, f := range c.Feeds {
			if f.Path == "" {
				continue
			}
			for _, s := range all {
				if s.Format.Listed() && endsIn(s.File, f.Path) {
					s.Credit(f)
				}
			}
		}
	}
}

// endsIn reports whether a file is the one of the given path in a repository:
// its folder and name are the same.
func endsIn(file, want string) bool {
	file = "/" + filepath.ToSlash(file)
	return strings.HasSuffix(file, "/"+strings.TrimPrefix(want, "/")) && strings.Contains(want, "/")
}

// Credit gives a set the publishers and references that its feed says.
func (s *Set) Credit(f Feed) {
	if s.Publisher == "" {
		s.Publisher = clip(strings.Join(f.Publishers, ", "), maxName)
	}
	for _, r := range f.References {
		s.refer(referenceOf(r))
	}
}
