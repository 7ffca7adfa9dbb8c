package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/amparo-project/amparo/internal/finding"
)

// What leaves a lab for others is what was seen of a published indicator: how
// often, from when to when, in which artifacts. Who was attacked, on which
// phone and in which words stays in the result folder.

// A sighted is one indicator that the findings of a run rest on.
type sighted struct {
	finding.Matched
	Count       int64
	First, Last *time.Time // of the findings that have a time
	Artifacts   []string   // sorted
}

// sightings gathers the indicators that matched in the result folder, in a
// fixed order.
func sightings(res *Result) ([]*sighted, error) {
	byKey := map[string]*sighted{}
	err := res.eachFinding(func(f *finding.Finding) error {
		m := f.Indicator
		if m == nil || m.Private {
			return nil // of a private one nothing leaves, not even that it was seen
		}
		key := strings.Join([]string{m.Type, m.Value, m.SetSHA256, m.ID}, "\x00")
		s := byKey[key]
		if s == nil {
			s = &sighted{Matched: *m}
			byKey[key] = s
		}
		s.add(f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := make([]*sighted, 0, len(byKey))
	for _, s := range byKey {
		slices.Sort(s.Artifacts)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *sighted) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), cmp.Compare(a.SetSHA256, b.SetSHA256), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (s *sighted) add(f *finding.Finding) {
	s.Count++
	if !slices.Contains(s.Artifacts, f.Artifact) {
		s.Artifacts = append(s.Artifacts, f.Artifact)
	}
	if f.Time == nil {
		return
	}
	if s.First == nil || f.Time.Before(*s.First) {
		s.First = f.Time
	}
	if s.Last == nil || f.Time.After(*s.Last) {
		s.Last = f.Time
	}
}

// seenIn says where an indicator was seen, without a word of the phone.
func (s *sighted) seenIn() string {
	return "Seen in " + strings.Join(s.Artifacts, ", ") + " of one phone."
}

// exchangeSpace is the name space of the identifiers that exports carry: the
// same run gives the same identifiers, so that a repeated import adds nothing.
var exchangeSpace = uuid.MustParse("5f2d6a0e-6d1f-5b7e-9a55-3c1e6b0f8a41")

// exchangeID is a version 5 UUID (RFC 9562) of the parts.
func exchangeID(parts ...string) string {
	return uuid.NewSHA1(exchangeSpace, []byte(strings.Join(parts, "\x00"))).String()
}

// runKey names a run in identifiers: it has none of its own.
func runKey(run *finding.Run) string {
	return run.Started.UTC().Format(time.RFC3339Nano) + "\x00" + run.Version
}
