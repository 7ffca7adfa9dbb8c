package feed

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/limit"
)

// Kind says how a feed is asked.
type Kind string

// The kinds of feeds.
const (
	File     Kind = "file"      // one file at an address
	MISPFeed Kind = "misp_feed" // a folder with manifest.json and a file an event
	MISP     Kind = "misp"      // a server of MISP: /attributes/restSearch
	TAXII    Kind = "taxii"     // a collection of TAXII 2.1: …/collections/ID/
)

// A Source is a feed that can be fetched.
type Source struct {
	Name       string                  `yaml:"name"`
	Publishers []string                `yaml:"publishers"`
	References []string                `yaml:"references"`
	Address    string                  `yaml:"address"`
	Kind       Kind                    `yaml:"kind"`
	Type       artifact.ObservableType `yaml:"type"`    // of the values of a list
	Private    bool                    `yaml:"private"` // keep its values out of reports
	Tags       []string                `yaml:"tags"`    // of a server of MISP: only attributes with one of these
	// KeyEnv and KeyFile say where the key for the server is: in a variable of
	// the environment or a file, never here.
	KeyEnv  string `yaml:"key_env"`
	KeyFile string `yaml:"key_file"`
	// Auth is how the key is shown: "raw" (MISP, the default there), "bearer",
	// or "basic", where the key is user:password.
	Auth string `yaml:"auth"`
}

//go:embed data/feeds.yaml
var builtIn []byte

// BuiltIn returns the public feeds that Amparo knows.
func BuiltIn() []Source { return slices.Clone(known()) }

var known = sync.OnceValue(func() []Source {
	c, err := ParseConfig(builtIn)
	if err != nil {
		panic(err) // the file above is wrong, whatever the input
	}
	return c.Feeds
})

// maxSources bounds a file of feeds in bytes.
const maxSources = 4 * limit.MiB

// ReadConfig reads a file of feeds in the form of the built-in ones. A file
// that is not there holds none.
func ReadConfig(name string) (*Config, error) {
	data, err := readFile(name, maxSources)
	if errors.Is(err, fs.ErrNotExist) {
		return &Config{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("feeds: %w", err)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("feeds: %s: %w", name, err)
	}
	return c, nil
}

// ParseConfig reads what ReadConfig does. Names of feeds that are not asked may
// be those of another version: Check holds them to what there is.
func ParseConfig(data []byte) (*Config, error) {
	c := &Config{}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil {
		return nil, err
	}
	for i := range c.Feeds {
		s := &c.Feeds[i]
		if s.Kind == "" {
			s.Kind = File
		}
		if err := s.check(); err != nil {
			return nil, limit.At(fmt.Errorf("feed %d, %q: %w", i+1, s.Name, err), "feeds", i)
		}
	}
	return c, nil
}

// FromCatalogue makes sources of the feeds that a catalogue names.
func FromCatalogue(feeds []indicator.Feed) []Source {
	var all []Source
	for _, f := range feeds {
		all = append(all, Source{Name: f.Name, Publishers: f.Publishers, References: f.References, Address: f.Address, Kind: File})
	}
	return all
}

func (s *Source) check() error {
	if s.Name == "" {
		return limit.Because(errors.New("no name"), "feed_name")
	}
	switch s.Kind {
	case File, MISPFeed, MISP, TAXII:
	default:
		err := fmt.Errorf("kind %q: one of file, misp_feed, misp, taxii", s.Kind)
		return limit.At(limit.Because(err, "feed_kind", "Value", string(s.Kind)), "kind")
	}
	switch s.Auth {
	case "", "raw", "bearer", "basic":
	default:
		err := fmt.Errorf("auth %q: one of raw, bearer, basic", s.Auth)
		return limit.At(limit.Because(err, "feed_auth", "Value", s.Auth), "auth")
	}
	if s.Type != "" {
		t, err := indicator.ParseType(string(s.Type))
		if err != nil {
			return limit.At(limit.Because(err, "feed_type", "Value", string(s.Type)), "type")
		}
		s.Type = t
	}
	_, err := CheckAddress(s.Address)
	if errors.Is(err, ErrAddress) {
		return limit.At(limit.Because(err, "feed_address", "Value", s.Address), "address")
	}
	return limit.At(limit.Because(err, "feed_password"), "address")
}

// ErrAddress says that an address is not one that feeds are fetched from.
var ErrAddress = errors.New("feeds are fetched over https only (http: this machine and .onion)")

// CheckAddress reads an address and refuses what is not https, or plain http
// to this machine or to a hidden service, which encrypts itself.
func CheckAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%w: %q", ErrAddress, address)
	}
	if u.User != nil {
		return nil, errors.New("an address holds no password: key_env or key_file of feeds.yaml say where a key is")
	}
	if u.Scheme == "https" || u.Scheme == "http" && (Local(u.Hostname()) || strings.HasSuffix(u.Hostname(), ".onion")) {
		return u, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrAddress, address)
}

// Local reports whether a host is this machine.
func Local(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// NewEntry returns the entry of a source that is not in the store yet.
func (s *Source) NewEntry() *Entry {
	e := &Entry{
		Name: s.Name, Publisher: strings.Join(s.Publishers, ", "), References: s.References,
		Address: s.Address, Type: s.Type, Private: s.Private, File: s.file(),
	}
	return e
}

// file is the name of what is stored, which may say the type of a list.
func (s *Source) file() string {
	switch s.Kind {
	case MISP, MISPFeed:
		return "misp.json"
	case TAXII:
		return "taxii.json"
	}
	u, err := url.Parse(s.Address)
	if err != nil {
		return "feed"
	}
	if base := path.Base(u.Path); base != "." && base != "/" {
		return base
	}
	return u.Hostname()
}
