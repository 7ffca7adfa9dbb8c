package indicator

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
)

// A Set is the indicators of one file.
type Set struct {
	Name   string // of the report, or of the threats; else of the file
	File   string // the path that it was read from
	SHA256 string // of the file's bytes, in hex

	Format     Format      // what the file is
	Publisher  string      // "" if the file does not say
	References []Reference // where the set was published, for indicators that do not say
	TLP        TLP         // of the set as a whole; indicators may be marked stricter
	Feeds      []Feed      // of a catalogue

	chunks []*[chunk]Indicator
	total  int
	ids    []string // those that are no UUIDs

	problems []finding.Unread
	lost     int // problems beyond maxProblems
	notes    []string
	counts   map[string]int // by kind of note, see note
	broad    []int          // indicators below which nothing matches
	shared   []int          // indicators that are popular hosts
	unused   map[string]int // values of types that no phone shows, by type
	quiet    map[string]int // values that are not meant for detection, by type
}

// maxProblems bounds what is listed of a set that is mostly not understood.
const maxProblems = 10_000

// problem notes a part of the set that no check will use.
func (s *Set) problem(id, pattern, reason string) {
	if len(s.problems) >= maxProblems {
		s.lost++
		return
	}
	s.problems = append(s.problems, finding.Unread{
		ID: strings.Clone(clip(id, 100)), Pattern: strings.Clone(clip(pattern, 300)), Reason: strings.Clone(clip(reason, 300)),
	})
}

// maxNotes bounds the notes of one kind.
const maxNotes = 5

// note says something of the set as a whole. Of many notes of one kind the
// first are kept, and the number of the others.
func (s *Set) note(about, format string, args ...any) {
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	if s.counts[about]++; s.counts[about] <= maxNotes {
		s.notes = append(s.notes, fmt.Sprintf(format, args...))
	}
}

// Describe is what run.json says of the set. What must not be passed on is
// not in it.
func (s *Set) Describe() finding.IndicatorSet {
	d := finding.IndicatorSet{
		Name: s.Name, File: filepath.Base(s.File), SHA256: s.SHA256,
		Format: string(s.Format), Publisher: s.Publisher,
		ByType:        map[string]int{},
		NotUnderstood: append([]finding.Unread{}, s.problems...),
		Notes:         slices.Clone(s.notes),
	}
	if len(s.References) > 0 {
		d.Reference = cmp.Or(s.References[0].URL, s.References[0].Name)
	}
	taken := 0
	for i := range s.total {
		switch x := s.at(i); {
		case x.flags&replaced != 0:
		case x.Revoked():
			taken++
		default:
			d.Count++
			d.ByType[string(x.Type())]++
			if x.Private() {
				d.Private++
			}
		}
	}
	d.Broad = len(s.shared)
	if d.Private > 0 || s.TLP >= Amber {
		withhold(&d)
	}
	d.Notes = append(d.Notes, s.remarks(d.Private > 0 || s.TLP >= Amber)...)
	if taken > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d revoked by the publisher: never matched", taken))
	}
	for _, about := range sortedKeys(s.counts) {
		if n := s.counts[about] - maxNotes; n > 0 {
			d.Notes = append(d.Notes, fmt.Sprintf("%s: %d more", about, n))
		}
	}
	if s.lost > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("not understood: %d more than are listed", s.lost))
	}
	return d
}

// remarks says which indicators match less than they seem to, and which
// values are not matched at all.
func (s *Set) remarks(private bool) []string {
	var all []string
	tell := func(list []int, what string) {
		if len(list) == 0 {
			return
		}
		var names []string
		for _, i := range list[:min(len(list), maxNotes)] {
			names = append(names, clip(s.at(i).Value(), 80))
		}
		text := strings.Join(names, ", ")
		if more := len(list) - len(names); private {
			text = fmt.Sprint(len(list))
		} else if more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		all = append(all, text+": "+what)
	}
	tell(s.broad, "so broad that only the value itself matches, not what is below")
	tell(s.shared, "hosts that many people use for ordinary things: their findings are lowered")
	for _, t := range sortedKeys(s.quiet) {
		all = append(all, fmt.Sprintf("%d of type %s are not meant for detection, as the publisher says: not matched", s.quiet[t], t))
	}
	for _, t := range sortedKeys(s.unused) {
		all = append(all, fmt.Sprintf("%d of type %s: no artifact of a phone tells this, not matched", s.unused[t], t))
	}
	return all
}

// withheld stands where a value must not appear.
const withheld = "(withheld)"

// withhold takes what may be a value out of what is said of a private set.
func withhold(d *finding.IndicatorSet) {
	for i := range d.NotUnderstood {
		u := &d.NotUnderstood[i]
		if u.Pattern != "" {
			u.Pattern = withheld
		}
		u.Reason = quotedText.ReplaceAllString(u.Reason, withheld)
	}
	for i := range d.Notes {
		d.Notes[i] = quotedText.ReplaceAllString(d.Notes[i], withheld)
	}
}

var quotedText = regexp.MustCompile(`"(\\.|[^"\\])*"`)

// count notes a value of a type that is not matched.
func (s *Set) count(m *map[string]int, of string) {
	if *m == nil {
		*m = map[string]int{}
	}
	if len(*m) < 200 || (*m)[of] > 0 {
		(*m)[clip(of, 60)]++
	}
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Len is the number of indicators that can match.
func (s *Set) Len() int {
	n := 0
	for range s.All() {
		n++
	}
	return n
}

// baseName is the file's name without its extension, for a set without a name.
func baseName(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// Damage says why the file was not read to its end, "" if it was.
func (s *Set) Damage() string {
	for _, n := range s.notes {
		if strings.HasPrefix(n, "read up to ") || strings.HasPrefix(n, "not read: ") {
			return n
		}
	}
	return ""
}
