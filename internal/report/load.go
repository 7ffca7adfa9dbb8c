// Package report turns a result folder into what people read: an HTML page,
// JSON, CSV, the summary on the terminal, the walk from a finding to bytes.
//
// Its functions are pure: the same folder gives the same bytes. Start with
// Load. All text that comes from evidence is hostile and is made visible, cut
// and escaped where it is written.
package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of what is read of a result folder. The folder is ours, but it may
// have travelled.
const (
	maxRun      = 64 * limit.MiB
	maxLine     = 16 * limit.MiB
	maxActivity = 256 * limit.MiB
	// maxFindings of a group are kept whole; the others are counted.
	maxFindings = 20
	maxHashes   = 200
)

// A Result is a result folder, read.
type Result struct {
	Dir          string
	Run          finding.Run
	Groups       []Group // most severe first
	Activity     []Day
	Manifest     []Hash // the first files that were read
	ManifestMore int    // how many more there are

	files fs.FS
}

// A Group is the findings that tell a reader the same: one indicator of one
// set, or one rule.
type Group struct {
	Severity    finding.Severity
	Key         string            // unique and stable: fit for an anchor
	Findings    []finding.Finding // the first in the folder's order
	Count       int64
	First, Last *time.Time // of all that have a time
}

// Day is the events of one day, by artifact.
type Day struct {
	Day    string           `json:"day"`
	Counts map[string]int64 `json:"counts"`
}

// Hash is a line of manifest.sha256.
type Hash struct{ SHA256, Name string }

// Load reads the result folder dir. Its errors name the file, and the line.
func Load(dir string) (*Result, error) { return LoadFS(os.DirFS(dir), dir) }

// LoadFS is Load for a result folder that lies elsewhere than in a folder of
// the machine; dir is what errors call it.
func LoadFS(files fs.FS, dir string) (*Result, error) {
	res := &Result{Dir: dir, files: files}
	if err := res.readJSON("run.json", maxRun, &res.Run); err != nil {
		return nil, err
	}
	g := newGrouper()
	if err := res.eachFinding(func(f *finding.Finding) error { g.add(f); return nil }); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	res.Groups = g.sorted()
	var activity struct{ Days []Day }
	if err := res.readJSON("activity.json", maxActivity, &activity); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	res.Activity = activity.Days
	return res, res.loadManifest()
}

// LoadRun reads the run alone.
func LoadRun(files fs.FS, dir string) (*finding.Run, error) {
	res := &Result{Dir: dir, files: files}
	if err := res.readJSON("run.json", maxRun, &res.Run); err != nil {
		return nil, err
	}
	return &res.Run, nil
}

func (res *Result) readJSON(name string, most int64, v any) error {
	f, err := res.files.Open(name)
	if err != nil {
		return fmt.Errorf("result folder %s: %w", res.Dir, err)
	}
	defer f.Close()
	data, err := limit.ReadAll(f, most)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(res.Dir, name), err)
	}
	return nil
}

// EachFinding calls fn with every finding of the result folder dir, in order.
func EachFinding(dir string, fn func(*finding.Finding) error) error {
	return EachFindingFS(os.DirFS(dir), dir, fn)
}

// EachFindingFS is EachFinding for a result folder that lies elsewhere than in
// a folder of the machine; dir is what errors call it.
func EachFindingFS(files fs.FS, dir string, fn func(*finding.Finding) error) error {
	return (&Result{Dir: dir, files: files}).eachFinding(fn)
}

// Each calls fn with every finding of the result, in order.
func (res *Result) Each(fn func(*finding.Finding) error) error { return res.eachFinding(fn) }

func (res *Result) eachFinding(fn func(*finding.Finding) error) error {
	return res.eachLine("findings.jsonl", func(n int, line []byte) error {
		var f finding.Finding
		if err := json.Unmarshal(line, &f); err != nil {
			return fmt.Errorf("read %s, line %d: %w", filepath.Join(res.Dir, "findings.jsonl"), n, err)
		}
		return fn(&f)
	})
}

func (res *Result) eachLine(name string, fn func(n int, line []byte) error) error {
	f, err := res.files.Open(name)
	if err != nil {
		return fmt.Errorf("result folder %s: %w", res.Dir, err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 0, 64*limit.KiB), maxLine)
	n := 1
	for ; sc.Scan(); n++ {
		if err := fn(n, sc.Bytes()); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("read %s, line %d: %w", filepath.Join(res.Dir, name), n, err)
	}
	return nil
}

func (res *Result) loadManifest() error {
	err := res.eachLine("manifest.sha256", func(_ int, line []byte) error {
		sum, name, ok := strings.Cut(string(line), "  ")
		switch {
		case !ok:
		case len(res.Manifest) < maxHashes:
			res.Manifest = append(res.Manifest, Hash{strings.TrimPrefix(sum, `\`), name})
		default:
			res.ManifestMore++
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Find returns the finding with the id.
func Find(dir, id string) (*finding.Finding, error) { return FindFS(os.DirFS(dir), dir, id) }

// FindFS is Find for a result folder that lies elsewhere than in a folder of
// the machine.
func FindFS(files fs.FS, dir, id string) (*finding.Finding, error) {
	var found *finding.Finding
	err := (&Result{Dir: dir, files: files}).eachFinding(func(f *finding.Finding) error {
		if f.ID == id {
			found = f
			return io.EOF
		}
		return nil
	})
	if found != nil {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: no finding %s in %s", fs.ErrNotExist, id, dir)
}

// A Grouping groups findings as Load does, one after the other: it counts all
// and keeps the first of each group. Its zero value is empty.
type Grouping struct{ g *grouper }

// Add adds a finding, which it may keep.
func (g *Grouping) Add(f *finding.Finding) {
	if g.g == nil {
		g.g = newGrouper()
	}
	g.g.add(f)
}

// Groups returns the groups, the most severe first.
func (g *Grouping) Groups() []Group {
	if g.g == nil {
		return nil
	}
	return g.g.sorted()
}

// GroupFindings groups findings as Load does.
func GroupFindings(list []finding.Finding) []Group {
	g := newGrouper()
	for i := range list {
		g.add(&list[i])
	}
	return g.sorted()
}

// grouper gathers groups in the order in which they first come.
type grouper struct {
	groups []*Group
	byKey  map[string]*Group
}

func newGrouper() *grouper { return &grouper{byKey: map[string]*Group{}} }

func (g *grouper) add(f *finding.Finding) {
	key := groupKey(f)
	group := g.byKey[key]
	if group == nil {
		group = &Group{Severity: f.Severity, Key: fmt.Sprintf("g%d", len(g.groups)+1)}
		g.byKey[key] = group
		g.groups = append(g.groups, group)
	}
	group.Count++
	if len(group.Findings) < maxFindings {
		group.Findings = append(group.Findings, *f)
	}
	if f.Time == nil {
		return
	}
	if group.First == nil || f.Time.Before(*group.First) {
		group.First = f.Time
	}
	if group.Last == nil || f.Time.After(*group.Last) {
		group.Last = f.Time
	}
}

func groupKey(f *finding.Finding) string {
	if m := f.Indicator; m != nil {
		return strings.Join([]string{f.Severity.String(), m.Type, m.Value, m.SetSHA256}, "\x00")
	}
	if f.Lure != nil {
		return lureKey(f)
	}
	return strings.Join([]string{f.Severity.String(), f.Rule}, "\x00")
}

func (g *grouper) sorted() []Group {
	list := make([]Group, len(g.groups))
	for i, group := range g.groups {
		list[i] = *group
	}
	slices.SortStableFunc(list, func(a, b Group) int { return cmp.Compare(b.Severity, a.Severity) })
	return list
}
