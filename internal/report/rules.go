package report

import (
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/rule"
)

// maxRuleText bounds a text that a result folder brings of a team's own rule.
const maxRuleText = 4_000

// rulesOf returns the rules of a run for their texts: those of Amparo, and
// what the run says of the others.
func rulesOf(run *finding.Run) (*rule.Set, error) {
	builtin, err := rule.Builtin()
	if err != nil {
		return nil, err
	}
	refs := make([]finding.RuleRef, 0, len(run.Rules))
	for _, ref := range run.Rules {
		if t := ref.Texts; t != nil {
			ref.Texts = &finding.RuleTexts{
				Title: clean(t.Title), Meaning: clean(t.Meaning), OtherExplanations: clean(t.OtherExplanations),
				NextStep: clean(t.NextStep), Measured: clean(t.Measured),
			}
		}
		refs = append(refs, ref)
	}
	return builtin.Described(refs), nil
}

// clean makes texts fit to be shown: a result folder may be forged.
func clean(texts map[string]string) map[string]string {
	out := map[string]string{}
	for lang, text := range texts {
		out[lang] = short(text, maxRuleText)
	}
	return out
}

// Rate says in a sentence how often a rule fired on clean phones; nothing for
// a rule that nobody counted.
func Rate(p *message.Printer, r *rule.Rate) string {
	switch {
	case r == nil:
		return ""
	case r.Records == 0:
		return p.Text("rules.rate_none")
	}
	return p.Text("rules.rate", "Findings", p.Number(r.Findings), "Records", p.Number(r.Records),
		"Fired", p.Number(r.Fired), "Sets", p.Number(r.Sets))
}
