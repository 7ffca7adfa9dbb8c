package rule

import (
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
)

// Refs names the rules for run.json.
func (s *Set) Refs() []finding.RuleRef {
	refs := make([]finding.RuleRef, len(s.rules))
	for i, r := range s.rules {
		refs[i] = finding.RuleRef{ID: r.ID, SHA256: r.SHA256}
		if !r.Builtin {
			refs[i].Texts = r.texts()
		}
	}
	return refs
}

// DataRefs names the reference data that the rules use, for run.json.
func (s *Set) DataRefs() []finding.RuleRef {
	var refs []finding.RuleRef
	for name, data := range s.refs.byName {
		if slices.ContainsFunc(s.rules, func(r *Rule) bool { return slices.Contains(r.Uses(), name) }) {
			refs = append(refs, finding.RuleRef{ID: name, SHA256: data.SHA256})
		}
	}
	slices.SortFunc(refs, func(a, b finding.RuleRef) int { return strings.Compare(a.ID, b.ID) })
	return refs
}

// Uses returns the names of the reference data that the rule compares with.
func (r *Rule) Uses() []string {
	var names []string
	for _, e := range r.expressions() {
		names = append(names, e.refs...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Fields returns the names of the fields that the rule looks at.
func (r *Rule) Fields() []string {
	var names []string
	for _, e := range r.expressions() {
		names = append(names, e.fields...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *Rule) expressions() []*expression {
	var list []*expression
	if r.when != nil {
		list = append(list, &r.when.expression)
	}
	if r.Combine != nil {
		for i := range r.Combine.Parts {
			list = append(list, &r.Combine.Parts[i].when.expression, &r.Combine.Parts[i].of.expression)
		}
		return list // its severities look at a record of its own
	}
	if r.reason != nil {
		list = append(list, &r.reason.expression)
	}
	for i := range r.SeverityWhen {
		list = append(list, &r.SeverityWhen[i].when.expression)
	}
	return list
}

// Described returns the set with the texts of rules that a run names and that
// do not come with Amparo. Such a rule says what it means and applies to nothing.
func (s *Set) Described(refs []finding.RuleRef) *Set {
	all := &Set{slices.Clone(s.rules), s.refs, s.names}
	for _, ref := range refs {
		if t := ref.Texts; t != nil && s.Rule(ref.ID) == nil {
			all.rules = append(all.rules, &Rule{
				ID: ref.ID, SHA256: ref.SHA256, Title: textOf(t.Title), Meaning: textOf(t.Meaning),
				OtherExplanations: textOf(t.OtherExplanations), NextStep: textOf(t.NextStep), Measured: textOf(t.Measured),
			})
		}
	}
	return all
}

func (r *Rule) texts() *finding.RuleTexts {
	return &finding.RuleTexts{
		Title: r.Title.byLanguage(), Meaning: r.Meaning.byLanguage(), OtherExplanations: r.OtherExplanations.byLanguage(),
		NextStep: r.NextStep.byLanguage(), Measured: r.Measured.byLanguage(),
	}
}

func (t Text) byLanguage() map[string]string {
	m := map[string]string{}
	for lang, text := range map[string]string{"en": t.EN, "es": t.ES} {
		if strings.TrimSpace(text) != "" {
			m[lang] = text
		}
	}
	return m
}

func textOf(m map[string]string) Text { return Text{EN: m["en"], ES: m["es"]} }
