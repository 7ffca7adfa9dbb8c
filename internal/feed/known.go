package feed

import (
	"time"

	"github.com/amparo-project/amparo/internal/indicator"
)

// A Known is one installed set that knows a value.
type Known struct {
	Set       string     `json:"set"`
	Type      string     `json:"type"`
	Value     string     `json:"value"` // as published
	Match     string     `json:"match"` // how the value that was asked for fits it
	Threats   []string   `json:"threats"`
	Reference string     `json:"reference,omitempty"`
	ID        string     `json:"id"`
	ValidFrom *time.Time `json:"valid_from,omitempty"`
	Since     *time.Time `json:"installed_since,omitempty"` // the oldest version here that has it
	TLP       string     `json:"tlp,omitempty"`
	Private   bool       `json:"private,omitempty"`
	Expired   bool       `json:"expired,omitempty"`
}

// LookUp says which sets know a value. l is what Load returned.
func (s *Store) LookUp(l *Loaded, value string, now time.Time) []Known {
	found := []Known{}
	if l.Matcher == nil {
		return found
	}
	for _, h := range indicator.LookUp(l.Matcher, value) {
		found = append(found, s.knownBy(h.Indicator, string(h.How), now))
	}
	return found
}

func (s *Store) knownBy(d *indicator.Indicator, how string, now time.Time) Known {
	k := Known{
		Set: d.Set().Name, Type: string(d.Type()), Value: d.Value(), Match: how, Threats: d.Threats(), ID: d.ID(),
		TLP: d.TLP().String(), Private: d.Private(), Expired: d.Expired(now),
	}
	if refs := d.References(); len(refs) > 0 {
		if k.Reference = refs[0].URL; k.Reference == "" {
			k.Reference = refs[0].Name
		}
	}
	if at := d.ValidFrom(); !at.IsZero() {
		k.ValidFrom = &at
	}
	k.Since = s.since(d)
	return k
}

// since is when the oldest version of the set in the store that has the
// indicator was installed; nil for a set outside of it.
func (s *Store) since(d *indicator.Indicator) *time.Time {
	for _, e := range s.Entries() {
		v := e.Current()
		if v == nil || v.SHA256 != d.Set().SHA256 {
			continue
		}
		at := v.Added
		for n := 1; n < len(e.Versions); n++ {
			old, err := s.Set(&e, n)
			if err != nil || !lists(old, d) {
				break
			}
			at = e.Versions[len(e.Versions)-1-n].Added
		}
		return &at
	}
	return nil
}

func lists(set *indicator.Set, d *indicator.Indicator) bool {
	for x := range set.All() {
		if x.Same(d) {
			return true
		}
	}
	return false
}
