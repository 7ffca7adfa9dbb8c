// Package compare sets two results of one device side by side: by what they were
// checked, which findings, and which records are new, gone or changed. Start with
// Compare, or with Beside, which reads no records.
//
// Records of tables are the same by file, table and row; all others by file,
// place in it (a key, a section) and content. A record that is gone and lies
// in the other evidence as a deleted row says so.
package compare

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
)

// Change is what became of a record from A to B.
type Change string

// The changes.
const (
	New     Change = "new"     // in B alone
	Gone    Change = "gone"    // in A alone
	Changed Change = "changed" // the same row or key with another content
)

// An Artifact is what changed in one artifact. Its counts are of records.
type Artifact struct {
	Name      string        `json:"artifact"`
	A         finding.State `json:"state_a"`
	B         finding.State `json:"state_b"`
	New       int64         `json:"new"`
	Gone      int64         `json:"gone"`
	Changed   int64         `json:"changed"`
	Same      int64         `json:"same"`
	Recovered int64         `json:"recovered"` // of those gone, found in B as deleted
	// Comparable is false where one side did not read the artifact whole: what
	// seems gone or new may not be.
	Comparable bool `json:"comparable"`
}

// A Difference is one record that is not the same.
type Difference struct {
	Artifact string          `json:"artifact"`
	Change   Change          `json:"change"`
	A        json.RawMessage `json:"a,omitempty"` // as in records/NAME.jsonl
	B        json.RawMessage `json:"b,omitempty"`
	// Fields of a changed record that differ, in the order of their names.
	Fields []string `json:"fields,omitempty"`
	// Recovered is where B still has a record that is gone, as a deleted row.
	Recovered json.RawMessage `json:"recovered,omitempty"`
}

// Result is the comparison without its records.
type Result struct {
	Checks [2]Check `json:"checks"`
	// SameDevice is nil where neither side says which device it is of.
	SameDevice *bool      `json:"same_device"`
	Versions   [2]string  `json:"versions"` // of Amparo: another version may read more
	Basis      Basis      `json:"basis"`
	Findings   Found      `json:"findings"`
	Artifacts  []Artifact `json:"artifacts"`
}

// A Check is one of the two that are compared.
type Check struct {
	ID       string         `json:"id,omitempty"` // of those that a workspace keeps
	Evidence string         `json:"evidence,omitempty"`
	Ended    string         `json:"ended,omitempty"`
	Device   finding.Device `json:"device"` // which the evidence says that it is of
}

// Equal reports whether nothing differs, as far as was compared.
func (r *Result) Equal() bool {
	if r.Versions[0] != r.Versions[1] || !r.Basis.equal() || !r.Findings.equal() {
		return false
	}
	return !slices.ContainsFunc(r.Artifacts, func(a Artifact) bool { return a.A != a.B || a.New+a.Gone+a.Changed > 0 })
}

// Side is one result folder with its run.
type Side struct {
	// Files are those of the folder. A file of records implements io.ReaderAt.
	Files fs.FS
	Run   *finding.Run
	// Findings calls fn with each, which it may change; nil: there are none.
	Findings func(fn func(*finding.Finding) error) error
	Parsers  map[string]int // that read something, with their versions, where they are known
	Check    Check          // Device is filled in
}

// Beside compares by what two checks were made, what they read and what they
// found, A before B in time. It reads no records: artifacts have their states.
func Beside(a, b Side) (*Result, error) {
	res := &Result{SameDevice: sameDevice(a.Run, b.Run), Versions: [2]string{a.Run.Version, b.Run.Version}, Basis: basis(&a, &b), Artifacts: []Artifact{}}
	res.Checks = [2]Check{a.Check, b.Check}
	res.Checks[0].Device, res.Checks[1].Device = a.Run.Evidence.Device, b.Run.Evidence.Device
	was, now := Statements{}, Statements{}
	for _, x := range []struct {
		side *Side
		into Statements
	}{{&a, was}, {&b, now}} {
		if x.side.Findings == nil {
			continue
		}
		if err := x.side.Findings(x.into.Add); err != nil {
			return nil, err
		}
	}
	res.Findings = was.To(now)
	states := [2]map[string]finding.State{statesOf(a.Run), statesOf(b.Run)}
	for _, name := range union(states[0], states[1]) {
		out := Artifact{Name: name, A: states[0][name], B: states[1][name]}
		out.Comparable = out.A == finding.Read && out.B == finding.Read
		res.Artifacts = append(res.Artifacts, out)
	}
	return res, nil
}

// Compare is Beside, reads the records too, and calls each with every difference
// of them: artifacts in the order of their names, in each what is new or changed
// in B's order, then what is gone in A's.
func Compare(ctx context.Context, a, b Side, each func(*Difference) error) (*Result, error) {
	res, err := Beside(a, b)
	if err != nil {
		return nil, err
	}
	// Of another kind of evidence a file has another path and the same name.
	whole := a.Run.Evidence.Kind == b.Run.Evidence.Kind
	for i := range res.Artifacts {
		out := &res.Artifacts[i]
		d := &differ{name: out.Name, whole: whole, out: out, each: each}
		if err := d.run(ctx, a.Files, b.Files, path.Join("records", out.Name+".jsonl")); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// sameDevice compares what tells devices apart: nil where there is nothing.
func sameDevice(a, b *finding.Run) *bool {
	x, y := &a.Evidence.Device, &b.Evidence.Device
	for _, pair := range [][2]string{{x.UDID, y.UDID}, {x.Serial, y.Serial}} {
		if pair[0] != "" && pair[1] != "" {
			same := pair[0] == pair[1]
			return &same
		}
	}
	return nil
}

// statesOf are the artifacts that a run had anything of.
func statesOf(run *finding.Run) map[string]finding.State {
	states := map[string]finding.State{}
	for i := range run.Coverage {
		if c := &run.Coverage[i]; c.State != finding.Absent {
			states[c.Artifact] = c.State
		}
	}
	return states
}

func union(a, b map[string]finding.State) []string {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// absent reports whether an error says that a result has no such artifact.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
