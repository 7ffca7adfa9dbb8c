package pipeline

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
)

// withhold notes what of a record must not be said, where a private indicator
// matched it: its value, as listed and as observed.
func (c *collector) withhold(r *artifact.Record, h *indicator.Hit) {
	d := h.Indicator
	if !d.Private() {
		return
	}
	for i := range c.hits {
		if o := c.hits[i].Indicator; !o.Private() && o.Same(d) {
			return // another publisher lists it openly
		}
	}
	for _, v := range d.Secrets() {
		c.keepBack(v)
	}
	c.keepBack(r.Observed[h.Observed].Value)
	// Other fields may say the same in another spelling.
	for i := range r.Observed {
		if d.Fits(&r.Observed[i]) {
			c.keepBack(r.Observed[i].Value)
		}
	}
}

func (c *collector) keepBack(value string) {
	if value = strings.TrimSpace(value); value != "" && !slices.Contains(c.withheld, value) {
		c.withheld = append(c.withheld, value)
		if len(value) >= minSecret && len(c.secrets) < maxSecrets {
			c.secrets[value] = true
		}
	}
}

// A finding may rest on one record and name a value of another: a redirect names
// where it led. So what was withheld of any record is taken out of all findings
// of the run, once all are there. Short values are left: they are parts of words.
const (
	minSecret  = 6
	maxSecrets = 1000
)

// scrubFinding takes the values of private indicators out of a finding of
// another record.
func scrubFinding(f *finding.Finding, secrets []string) {
	if m := f.Indicator; len(secrets) == 0 || m != nil && !m.Private {
		return // nothing to withhold, or what another publisher lists openly
	}
	said := string(f.Record) + f.Title + f.Reason
	for i := range f.Parts {
		said += "\n" + f.Parts[i].Of + "\n" + f.Parts[i].Where.Path + "\n" + f.Parts[i].Where.Stored
	}
	said = strings.ToLower(said)
	if !slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(said, strings.ToLower(s)) }) {
		return
	}
	c := collector{withheld: secrets}
	f.Record, f.Where.Bytes = c.scrubJSON(f.Record), nil
	f.Title, f.Reason = c.scrub(f.Title), c.scrub(f.Reason)
	for i := range f.Parts {
		p := &f.Parts[i]
		p.Of, p.Where.Path, p.Where.Stored = c.scrub(p.Of), c.scrub(p.Where.Path), c.scrub(p.Where.Stored)
	}
}

// redact takes the values of private indicators out of a finding. That of the
// indicator itself keeps nothing of the record but its kind, for a record may
// say a value in ways that no search finds; the record as a whole stays in the
// result folder's records/, which is evidence. Other findings of the same
// record lose the values alone.
func (c *collector) redact(f *finding.Finding) {
	f.Where.Bytes = nil
	f.Where.Path, f.Where.Stored, f.Where.Table = c.scrub(f.Where.Path), c.scrub(f.Where.Stored), c.scrub(f.Where.Table)
	if m := f.Indicator; m != nil && m.Private {
		var whole struct {
			Kind string `json:"kind"`
		}
		_ = json.Unmarshal(c.json, &whole) // it is our own
		f.Record, _ = json.Marshal(map[string]any{"kind": whole.Kind, "withheld": true})
		return
	}
	f.Record = c.scrubJSON(f.Record)
	if f.Indicator == nil { // what another publisher lists openly stays in its own finding
		f.Title, f.Reason = c.scrub(f.Title), c.scrub(f.Reason)
	}
}

// scrub takes the withheld values out of text, in any case.
func (c *collector) scrub(text string) string {
	for _, v := range c.withheld {
		text = replaceFold(text, v)
	}
	return text
}

func replaceFold(text, value string) string {
	if value == "" || !strings.Contains(strings.ToLower(text), strings.ToLower(value)) {
		return text
	}
	return regexp.MustCompile("(?i)"+regexp.QuoteMeta(value)).ReplaceAllLiteralString(text, finding.Withheld)
}

// scrubJSON is scrub for the texts of a JSON value.
func (c *collector) scrubJSON(raw []byte) []byte {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return []byte(`{"withheld":true}`)
	}
	out, err := json.Marshal(c.scrubAny(v))
	if err != nil {
		return []byte(`{"withheld":true}`)
	}
	return out
}

func (c *collector) scrubAny(v any) any {
	switch v := v.(type) {
	case string:
		return c.scrub(v)
	case []any:
		for i := range v {
			v[i] = c.scrubAny(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = c.scrubAny(v[k])
		}
	}
	return v
}

// takeSecrets gathers what the task withheld.
func (c *check) takeSecrets(of map[string]bool) {
	for value := range of {
		if !slices.Contains(c.secrets, value) {
			c.secrets = append(c.secrets, value)
		}
	}
}

// sortSecrets puts them into an order that does not depend on that of the
// tasks, the longest first: one may be a part of another.
func (c *check) sortSecrets() {
	slices.SortFunc(c.secrets, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
}
