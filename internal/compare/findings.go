package compare

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
)

// Found is how the findings of two checks differ, by id. Each list is sorted, the
// ids of those that changed are the later ones.
type Found struct {
	New     []string `json:"new"`
	Gone    []string `json:"gone"`
	Changed []string `json:"changed"` // the same statement about the same place, in other words
	Same    int      `json:"same"`
}

func (f *Found) equal() bool { return len(f.New)+len(f.Gone)+len(f.Changed) == 0 }

// statement is what is compared of a finding: hashes, for a run may have a
// hundred thousand. In both a set of indicators goes by its name: of one that
// was published anew the finding is the same.
type statement struct {
	place [sha256.Size]byte // what it is about, and why
	whole [sha256.Size]byte
	set   string // of the indicator, by SHA-256
	name  string // of that set
}

// Statements are the findings of a check, by id, as far as they are compared.
type Statements map[string]statement

// Add takes a finding, and changes it.
func (s Statements) Add(f *finding.Finding) error {
	id := f.ID
	row, value, set, name := int64(-1), "", "", ""
	if f.Where.RowID != nil {
		row = *f.Where.RowID
	}
	if m := f.Indicator; m != nil {
		set, name = m.SetSHA256, m.Set
		value = fmt.Sprintf("%q %q %q %q", m.Type, m.Value, m.Set, m.ID)
		m.SetSHA256 = ""
		for i := range m.Also {
			m.Also[i].SetSHA256 = ""
		}
	}
	place := fmt.Sprintf("%q %q %q %d %d %q %q %q", f.Artifact, f.Where.Path, f.Where.Table, row, f.Where.Offset, f.Kind, f.Rule, value)
	f.ID = "" // it follows from the rest, and from the set
	line, err := finding.Encode(f)
	if err != nil {
		return err
	}
	s[id] = statement{sha256.Sum256([]byte(place)), sha256.Sum256(line), set, name}
	return nil
}

// Without takes out the findings of indicators that a run was not given, and
// counts them: they are not gone, nobody looked.
func (s Statements) Without(run *finding.Run) (n int) {
	given, named := map[string]bool{"": true}, map[string]bool{}
	for i := range run.Indicators {
		given[run.Indicators[i].SHA256], named[run.Indicators[i].Name] = true, true
	}
	for id, x := range s {
		if !given[x.set] && !named[x.name] {
			delete(s, id)
			n++
		}
	}
	return n
}

// To compares with the findings of a later check: by id, and those that are left
// by what they are about.
func (s Statements) To(now Statements) Found {
	out := Found{New: []string{}, Gone: []string{}, Changed: []string{}}
	left := map[[sha256.Size]byte][]string{}
	for _, id := range slices.Sorted(maps.Keys(s)) {
		if _, ok := now[id]; !ok {
			left[s[id].place] = append(left[s[id].place], id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(now)) {
		n := now[id]
		was, ok := s[id]
		if same := left[n.place]; !ok && len(same) > 0 {
			left[n.place] = same[1:]
			was, ok = s[same[0]], true
		}
		switch {
		case !ok:
			out.New = append(out.New, id)
		case was.whole != n.whole:
			out.Changed = append(out.Changed, id)
		default:
			out.Same++
		}
	}
	for _, ids := range left {
		out.Gone = append(out.Gone, ids...)
	}
	slices.Sort(out.Gone)
	return out
}
