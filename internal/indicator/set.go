package indicator

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
)

// A Set is the indicators of one file.
type Set struct {
	Name   string // of the report, or of the threats; else of the file
	File   string // the path that it was read from
	SHA256 string // of the file's bytes, in hex

	chunks []*[chunk]Indicator
	total  int
	ids    []string // those that are no UUIDs

	problems []finding.Unread
	lost     int // problems beyond maxProblems
	notes    []string
	counts   map[string]int // by kind of note, see note
}

// maxProblems bounds what is listed of a set that is mostly not understood.
const maxProblems = 10_000

// problem notes a part of the set that no check will use.
func (s *Set) problem(id, pattern, reason string) {
	if len(s.problems) >= maxProblems {
		s.lost++
		return
	}
	s.problems = append(s.problems, finding.Unread{ID: clip(id, 100), Pattern: clip(pattern, 300), Reason: clip(reason, 300)})
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

// Describe is what run.json says of the set.
func (s *Set) Describe() finding.IndicatorSet {
	d := finding.IndicatorSet{
		Name: s.Name, File: filepath.Base(s.File), SHA256: s.SHA256,
		ByType:        map[string]int{},
		NotUnderstood: append([]finding.Unread{}, s.problems...),
		Notes:         slices.Clone(s.notes),
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
		}
	}
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
