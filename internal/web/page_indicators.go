package web

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/workspace"
)

// indicatorsData is what checks match against.
type indicatorsData struct {
	Sets  []setLine
	Total int
	Query string
	Known []knownLine // of Query
	Asked bool
	Hunt  *huntData
	Feeds feedsView
	Asks  askedView
	Share shareView
}

type setLine struct {
	ID, Name, Publisher, File, Added string
	Count                            int
	Types                            []typeCount
	Private                          bool
	Quiet                            bool // its feed is not asked any more
}

type typeCount struct {
	Type  string
	Count int
}

type knownLine struct {
	Type      string `json:"type"`
	Value     string `json:"value"`
	Threats   string `json:"threats"`
	Set       string `json:"set"`
	Reference string `json:"reference,omitempty"`
	TLP       string `json:"tlp,omitempty"`
	Private   bool   `json:"private,omitempty"`
	Expired   bool   `json:"expired,omitempty"`
}

// huntData is what a hunt found.
type huntData struct {
	workspace.Hunted
	Value string
}

func (q *request) indicatorsData() (indicatorsData, *feed.Store, error) {
	st, err := q.s.o.Store(q.ctx(), q.space)
	if err != nil {
		return indicatorsData{}, nil, err
	}
	d := indicatorsData{Query: q.value("q")}
	if d.Feeds, err = q.feedsView(st); err != nil {
		return d, nil, err
	}
	if d.Asks, err = q.askedView(st); err != nil {
		return d, nil, err
	}
	for _, e := range st.Entries() {
		v := e.Current()
		if v == nil {
			continue
		}
		line := setLine{
			Quiet: d.Asks.Quiet(&e), ID: e.ID, Name: e.Name, Publisher: e.Publisher, File: e.File, Count: v.Count, Added: v.Added.UTC().Format(time.DateOnly), Private: e.Private,
		}
		for _, t := range slices.Sorted(maps.Keys(v.ByType)) {
			line.Types = append(line.Types, typeCount{t, v.ByType[t]})
		}
		d.Total += v.Count
		d.Sets = append(d.Sets, line)
	}
	d.Share, err = q.shareView(len(d.Sets))
	return d, st, err
}

func (q *request) indicatorsPage() error {
	d, st, err := q.indicatorsData()
	if err != nil {
		return err
	}
	if d.Query != "" {
		if d.Known, err = lookUp(st, d.Query); err != nil {
			return err
		}
		d.Asked = true
	}
	return q.render("indicators", q.Text("web.indicators.title"), d, inSection("indicators"))
}

// maxKnown bounds the answers to a search.
const maxKnown = 200

// lookUp says which installed sets know a value.
func lookUp(st *feed.Store, value string) ([]knownLine, error) {
	l, err := st.Load()
	if err != nil || l.Matcher == nil {
		return nil, err
	}
	var out []knownLine
	for _, h := range indicator.LookUp(l.Matcher, value) {
		d := h.Indicator
		line := knownLine{
			Type: string(d.Type()), Value: d.Value(), Threats: strings.Join(d.Threats(), ", "), Set: d.Set().Name, TLP: d.TLP().String(),
			Private: d.Private(), Expired: d.Expired(time.Now()),
		}
		if refs := d.References(); len(refs) > 0 {
			line.Reference = refs[0].URL
		}
		if out = append(out, line); len(out) == maxKnown {
			break
		}
	}
	return out, nil
}

// maxIndicators bounds a file of indicators that is brought, in bytes.
const maxIndicators = 512 << 20

// addIndicators installs a file. It is kept only if it holds indicators.
func (q *request) addIndicators() error {
	f := fields{}
	added, seen := 0, false
	err := q.parts(maxIndicators, f, func(p *multipart.Part) error {
		if p.FileName() == "" {
			return nil
		}
		seen = true
		n, err := q.install(p, filepath.Base(p.FileName()))
		added += n
		return err
	})
	if err == nil && !seen {
		err = invalid{"web.indicators.no_file"}
	} else if err == nil && added == 0 {
		err = invalid{"web.indicators.nothing"}
	}
	if err != nil {
		d, _, derr := q.indicatorsData()
		if derr != nil {
			return derr
		}
		return q.again(err, "indicators", q.Text("web.indicators.title"), d, inSection("indicators"))
	}
	return q.done("/indicators", q.Count("web.indicators.added", int64(added)))
}

// surveyed keeps a file for as long as fn looks at the sets that it holds.
func surveyed(r io.Reader, name string, o indicator.Options, fn func([]*indicator.Set) error) (err error) {
	dir, err := os.MkdirTemp("", "amparo-indicators-") //nolint:forbidigo // published indicators, no evidence; removed at the end
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	name = fileName(name)
	out, err := root.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, r); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	sets, err := indicator.Survey(filepath.Join(dir, name), o)
	if bad := new(fs.PathError); err != nil && !errors.As(err, &bad) {
		return invalid{"web.indicators.nothing"} // no form that we know, or a broken one
	}
	if err != nil {
		return err
	}
	for _, set := range sets { // a list is named by its folder too: that is ours
		set.Name = strings.TrimPrefix(set.Name, filepath.Base(dir)+"/")
	}
	return fn(sets)
}

// installed is a set that was brought.
type installed struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Count  int    `json:"count"`
	Same   bool   `json:"same,omitempty" doc:"it was there"`
}

// install keeps a file that was brought, if it holds indicators, and returns
// how many.
func (q *request) install(r io.Reader, name string) (count int, err error) {
	list, err := q.installAs(r, name, indicator.Options{})
	for i := range list {
		count += list[i].Count
	}
	return count, err
}

// installAs is install of values of a type, or that may not be passed on.
func (q *request) installAs(r io.Reader, name string, o indicator.Options) (list []installed, err error) {
	cause, count := "indicators", 0
	err = surveyed(r, name, o, func(sets []*indicator.Set) error {
		return q.s.o.Change(q.ctx(), q.space, func(st *feed.Store) error {
			for _, set := range sets {
				cause += " " + set.SHA256
				x, err := put(st, set, o)
				if err != nil {
					return err
				}
				if x.Count > 0 {
					list, count = append(list, x), count+x.Count
				}
			}
			return nil
		})
	})
	if err == nil && count > 0 {
		err = q.tellIndicators(cause, count)
	}
	return list, err
}

// maxRecognised bounds a file that is looked at before somebody decides what it
// is, in bytes.
const maxRecognised = 64 << 20

// recognised says of a file whether it holds indicators.
type recognised struct {
	Count int    `json:"count"` // 0: it holds none
	Offer string `json:"offer"` // what to ask, in the language of the page
}

// recogniseIndicators says whether a file that somebody dropped on a page for
// evidence holds indicators. Nothing of it is kept.
func (q *request) recogniseIndicators() error {
	var out recognised
	err := q.parts(maxRecognised, fields{}, func(p *multipart.Part) error {
		if p.FileName() == "" {
			return nil
		}
		return surveyed(p, filepath.Base(p.FileName()), indicator.Options{}, func(sets []*indicator.Set) error {
			for _, set := range sets {
				if d := set.Describe(); set.Format.Listed() {
					out.Count += d.Count
				}
			}
			return nil
		})
	})
	var none invalid
	if err != nil && !errors.As(err, &none) {
		return err
	}
	if out.Count > 0 {
		out.Offer = q.Count("web.indicators.offer", int64(out.Count))
	}
	return q.answer(out)
}

// put installs one set, unless it is installed or holds nothing.
func put(st *feed.Store, set *indicator.Set, o indicator.Options) (installed, error) {
	d := set.Describe()
	out := installed{Name: set.Name, SHA256: d.SHA256, Count: d.Count}
	if !set.Format.Listed() || d.Count == 0 {
		return installed{}, nil
	}
	if had := st.Has(d.SHA256); had != nil {
		out.ID, out.Same = had.ID, true
		return out, nil
	}
	e := &feed.Entry{Name: set.Name, Publisher: set.Publisher, File: filepath.Base(set.File), Type: o.Type, Private: o.Private}
	for _, r := range set.References {
		if r.URL != "" {
			e.References = append(e.References, r.URL)
		}
	}
	f, err := os.Open(set.File)
	if err != nil {
		return out, err
	}
	defer f.Close()
	draft, err := st.Draft(f, e, maxIndicators)
	if err != nil {
		return out, err
	}
	defer draft.Discard()
	err = st.Put(draft, e)
	out.ID = e.ID
	return out, err
}

// fileName makes a name that every system takes of one that a browser sent.
func fileName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.', r == '+':
			return r
		}
		return '_'
	}, filepath.Base(strings.ReplaceAll(s, `\`, "/")))
	name = strings.TrimLeft(name, ".")
	if len(name) > 120 {
		name = name[len(name)-120:]
	}
	if name == "" {
		return "file"
	}
	return name
}

// hunt sets a value, or all installed sets, against what was ever observed.
func (q *request) hunt() error {
	if err := q.form(); err != nil {
		return err
	}
	d, st, err := q.indicatorsData()
	if err != nil {
		return err
	}
	value := q.value("value")
	var sets []*indicator.Set
	if value != "" {
		set, lerr := indicator.Load(bytes.NewReader([]byte(value+"\n")), "value.txt")
		if lerr != nil || set.Len() == 0 {
			return q.again(invalid{"web.hunt.no_value"}, "indicators", q.Text("web.indicators.title"), d, inSection("indicators"))
		}
		sets = append(sets, set)
	} else {
		l, lerr := st.Load()
		if lerr != nil {
			return lerr
		}
		sets = l.Sets
	}
	h, err := q.space.Hunt(q.ctx(), sets)
	if err != nil {
		return err
	}
	d.Hunt = &huntData{h, value}
	return q.render("indicators", q.Text("web.indicators.title"), d, inSection("indicators"))
}
