package feed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// A Config is a file of feeds: those of a team, and what is not asked of all that
// there are.
type Config struct {
	Feeds []Source `yaml:"feeds"`
	// NotAsked are the feeds that are switched off, by their names or addresses;
	// AllBuiltIn among them is all that Amparo knows, also those of later versions.
	NotAsked []string `yaml:"not_asked"`
}

// AllBuiltIn switches off the feeds that Amparo knows. One that the file lists
// itself is asked all the same.
const AllBuiltIn = "built-in"

// Origin says where a feed is from.
type Origin string

// The origins of feeds.
const (
	OfAmparo    Origin = "built_in"  // Amparo knows it
	OfFile      Origin = "file"      // of feeds.yaml
	OfCatalogue Origin = "catalogue" // of a file that the command names
	OfAddress   Origin = "address"   // added by its address
)

// A Feed is one that there is, and whether it is asked.
type Feed struct {
	Source     Source   `json:"-"`
	Name       string   `json:"name"`
	Publishers []string `json:"publishers,omitempty"`
	Address    string   `json:"address"`
	Origin     Origin   `json:"origin" doc:"built_in, file, address"`
	Asked      bool     `json:"asked"`
	Set        string   `json:"set,omitempty" doc:"id of the installed set"`
	Count      int64    `json:"count" doc:"indicators that are installed of it"`
}

// Feeds are all that there are.
type Feeds struct {
	Feeds []Feed `json:"feeds"`
	// Unknown are names in NotAsked that are none of a feed.
	Unknown []string `json:"unknown,omitempty" doc:"names that are not to be asked, and are those of no feed"`
	// Several are names in NotAsked that are those of several feeds, none of which
	// is asked.
	Several []string `json:"several,omitempty" doc:"names that are not to be asked, and are those of several feeds: none of these is"`
	// NoBuiltIn says that AllBuiltIn is in NotAsked.
	NoBuiltIn bool `json:"no_built_in" doc:"the feeds that Amparo knows are switched off together"`
}

// Errors of switching feeds.
var (
	ErrNoFeed   = errors.New("no feed is called so")
	ErrSeveral  = errors.New("several feeds are called so: name one by its address")
	ErrTogether = errors.New("it is switched off with all built-in feeds")
	ErrOff      = errors.New("the feed is switched off")
)

// A NameError is a name that is not that of one feed.
type NameError struct {
	Name  string
	Known []string // the names that there are or, of several feeds, their addresses
	Err   error    // ErrNoFeed or ErrSeveral
}

// Error implements error.
func (e *NameError) Error() string {
	return fmt.Sprintf("%v: %q; there are: %s", e.Err, e.Name, strings.Join(e.Known, "; "))
}

// Unwrap says which it is.
func (e *NameError) Unwrap() error { return e.Err }

// List lists the feeds that there are: those that Amparo knows, those of the
// file, more of catalogues, and those that were installed by address. Of one
// address the last of a list counts.
func (f *Config) List(installed []Entry, catalogues ...Source) *Feeds {
	l := &Feeds{Feeds: []Feed{}, NoBuiltIn: slices.Contains(f.NotAsked, AllBuiltIn)}
	for _, s := range BuiltIn() {
		l.put(s, OfAmparo)
	}
	for _, s := range f.Feeds {
		l.put(s, OfFile)
	}
	for _, s := range catalogues {
		l.put(s, OfCatalogue)
	}
	for i := range installed {
		l.installed(&installed[i])
	}
	for i := range l.Feeds {
		x := &l.Feeds[i]
		x.Asked = (!l.NoBuiltIn || x.Origin != OfAmparo) && !slices.ContainsFunc(f.NotAsked, x.called)
	}
	for _, name := range f.NotAsked {
		_, err := l.Find(name)
		switch {
		case name == AllBuiltIn:
		case errors.Is(err, ErrNoFeed):
			l.Unknown = append(l.Unknown, name)
		case err != nil:
			l.Several = append(l.Several, name)
		}
	}
	return l
}

func (l *Feeds) put(s Source, from Origin) {
	x := Feed{Source: s, Name: s.Name, Publishers: s.Publishers, Address: s.Address, Origin: from}
	if i := slices.IndexFunc(l.Feeds, func(x Feed) bool { return x.Address == s.Address }); i >= 0 {
		l.Feeds[i] = x
		return
	}
	l.Feeds = append(l.Feeds, x)
}

// installed says of a feed what is installed of it. One that is in no list was
// added by its address.
func (l *Feeds) installed(e *Entry) {
	if e.Address == "" {
		return
	}
	i := slices.IndexFunc(l.Feeds, func(x Feed) bool { return x.Address == e.Address })
	if i < 0 {
		i = len(l.Feeds)
		l.put(Source{Name: e.Name, Publishers: nonEmpty(e.Publisher), Address: e.Address, Kind: File, Type: e.Type, Private: e.Private}, OfAddress)
	}
	l.Feeds[i].Set = e.ID
	if v := e.Current(); v != nil {
		l.Feeds[i].Count = int64(v.Count)
	}
}

// called reports whether a file means the feed by a name.
func (x *Feed) called(name string) bool {
	return name == x.Address || strings.EqualFold(name, x.Name)
}

// Asked are the feeds that are asked.
func (l *Feeds) Asked() []Source {
	var all []Source
	for i := range l.Feeds {
		if l.Feeds[i].Asked {
			all = append(all, l.Feeds[i].Source)
		}
	}
	return all
}

// Off counts those that are not asked.
func (l *Feeds) Off() (n int) {
	for i := range l.Feeds {
		if !l.Feeds[i].Asked {
			n++
		}
	}
	return n
}

// Quiet reports whether an installed set is of a feed that is switched off.
func (l *Feeds) Quiet(e *Entry) bool {
	return e.Address != "" && slices.ContainsFunc(l.Feeds, func(x Feed) bool { return x.Address == e.Address && !x.Asked })
}

// Names reports whether a name is one of those that are of no feed.
func (l *Feeds) Names(name string) bool { return slices.Contains(l.Unknown, name) }

// Find returns the one feed of a name or address. The error is a NameError.
func (l *Feeds) Find(name string) (*Feed, error) {
	var found *Feed
	var where []string
	for i := range l.Feeds {
		x := &l.Feeds[i]
		if x.Address == name {
			return x, nil
		}
		if x.called(name) {
			found, where = x, append(where, x.Address)
		}
	}
	switch len(where) {
	case 0:
		return nil, &NameError{name, l.names(), ErrNoFeed}
	case 1:
		return found, nil
	}
	return nil, &NameError{name, where, ErrSeveral}
}

// names are what can be switched off.
func (l *Feeds) names() []string {
	all := []string{AllBuiltIn}
	for i := range l.Feeds {
		all = append(all, l.Feeds[i].Name)
	}
	return all
}

// Check holds the names of feeds that are not asked to those of feeds: of what
// is added by its address a file says the address. The error wraps a NameError.
func (f *Config) Check() error {
	l := f.List(nil)
	for i, name := range f.NotAsked {
		if name == AllBuiltIn {
			continue
		}
		if _, err := CheckAddress(name); err == nil {
			continue
		}
		if _, err := l.Find(name); err != nil {
			return limit.At(err, "not_asked", i)
		}
	}
	return nil
}

// with returns the names of what is not asked once a feed is switched off, or
// on; installed are the sets that are there. It is the same list where the feed
// is as it shall be.
func (f *Config) with(installed []Entry, name string, on bool) ([]string, error) {
	l := f.List(installed)
	if name == AllBuiltIn {
		return changed(f.NotAsked, AllBuiltIn, on, func(s string) bool { return s == AllBuiltIn }), nil
	}
	x, err := l.Find(name)
	if err != nil {
		if on && l.Names(name) {
			return changed(f.NotAsked, name, on, func(s string) bool { return s == name }), nil
		}
		return nil, err
	}
	switch {
	case x.Asked == on:
		return f.NotAsked, nil
	case on && l.NoBuiltIn && x.Origin == OfAmparo:
		return nil, fmt.Errorf("%q: %w", x.Name, ErrTogether)
	}
	return changed(f.NotAsked, l.sayFor(x), on, x.called), nil
}

// sayFor is how a file names a feed: by its name where that is of no other, and
// will be known without what is installed.
func (l *Feeds) sayFor(x *Feed) string {
	if _, err := l.Find(x.Name); err != nil || x.Origin == OfAddress || x.Name == AllBuiltIn {
		return x.Address
	}
	return x.Name
}

func changed(list []string, name string, on bool, is func(string) bool) []string {
	if on {
		return slices.DeleteFunc(slices.Clone(list), is)
	}
	if slices.ContainsFunc(list, is) {
		return list
	}
	return append(slices.Clone(list), name)
}
