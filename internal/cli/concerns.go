package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
)

// concernsCmd is "amparo concerns".
type concernsCmd struct {
	Case   concernsCaseCmd   `cmd:"" default:"withargs" help:"concerns_case"`
	List   concernsListCmd   `cmd:"" help:"concerns_list"`
	Show   concernsShowCmd   `cmd:"" help:"concerns_show"`
	Decide concernsDecideCmd `cmd:"" help:"concerns_decide"`
	Test   concernsTestCmd   `cmd:"" help:"concerns_test"`
}

// concernRules loads the built-in rules and those of folders. A rule that
// cannot be used is told, and the others are.
func (a *app) concernRules(dirs []string) (*concern.Set, []concern.Fault, error) {
	set, faults, err := concern.Load(dirs...)
	if err != nil {
		return nil, nil, usageError{err}
	}
	a.tellFaults(faults)
	return set, faults, nil
}

func (a *app) tellFaults(faults []concern.Fault) {
	for _, f := range faults {
		fmt.Fprintln(a.Err, "amparo: "+a.Text("facts.rule_fault", "Rule", safe(f.Rule), "Error", safe(f.Error)))
	}
}

type concernsCaseCmd struct {
	CaseID string   `arg:"" name:"case" help:"case_id"`
	Event  string   `help:"concerns_event" placeholder:"EVENT"`
	Every  bool     `help:"concerns_every"`
	Rules  []string `help:"concerns_rules" placeholder:"DIR" sep:"none"`
	JSON   bool     `name:"json" help:"json"`
	anyFlags
}

// told is what the command prints as JSON.
type told struct {
	Note    string             `json:"note"`
	Answers []concern.Answer   `json:"answers"`
	Decided casework.Decisions `json:"decided"`
	Faults  []concern.Fault    `json:"faults"`
}

// Run says of each event of a case which elements of which concern are met.
func (c *concernsCaseCmd) Run(a *app) error {
	set, faults, err := a.concernRules(c.Rules)
	if err != nil {
		return err
	}
	return c.either(a, func(s works) error {
		b, err := book.Load(a.ctx, s, c.CaseID)
		if err != nil {
			return err
		}
		t := told{Note: a.Text("facts.no_verdict"), Answers: []concern.Answer{}, Faults: append([]concern.Fault{}, faults...)}
		for _, answer := range set.Judge(b) {
			if c.Event == "" || answer.Event == c.Event {
				t.Answers = append(t.Answers, answer)
			}
		}
		if t.Decided, err = casework.LoadDecisions(a.ctx, s, c.CaseID); err != nil {
			return err
		}
		t.Faults = append(t.Faults, casework.RuleFaults(t.Answers)...)
		if c.JSON {
			return writeJSON(a.Out, t)
		}
		a.tellClashes(b)
		a.tellFaults(casework.RuleFaults(t.Answers))
		a.writeAnswers(set, b, &t, c.Every)
		return nil
	})
}

// writeAnswers writes events with the concerns that are met, and those of
// which something is met and something not known; with every, all.
func (a *app) writeAnswers(set *concern.Set, b *book.Case, t *told, every bool) {
	fmt.Fprintln(a.Out, a.Text("facts.no_verdict"))
	event := ""
	for _, answer := range t.Answers {
		if answer.Event != event {
			event = answer.Event
			fmt.Fprintf(a.Out, "\n%s\n", a.eventHead(b, b.Event(event)))
		}
		if every || casework.WorthTelling(answer) {
			a.writeAnswer(set.Rule(answer.Rule), answer, t.Decided.Of(answer.Rule, answer.Event))
		}
	}
	if len(t.Answers) == 0 {
		fmt.Fprintln(a.Out, a.Text("facts.no_events"))
	}
}

func (a *app) eventHead(b *book.Case, e *account.Event) string {
	parts := []string{e.ID, b.Pseudonym(e.Person), a.words().Window(e), a.Text("facts.how." + e.How), a.Text("facts.outcome." + e.Outcome)}
	if who := a.words().Impostor(e); who != "" {
		parts = append(parts, a.Text("ws.column.pretends")+": "+who)
	}
	return safe(strings.Join(parts, " · "))
}

func (a *app) writeAnswer(r *concern.Rule, answer concern.Answer, d *casework.Decision) {
	fmt.Fprintf(a.Out, "  [%s] %s\n", a.Text("facts.answer."+answer.Answer.String()), safe(r.Title.In(a.Lang())))
	if d != nil {
		fmt.Fprintf(a.Out, "      %s: %s\n", a.Text("facts.decided."+d.State), safe(d.Reason))
	}
	for i, e := range answer.Elements {
		fmt.Fprintf(a.Out, "      %-10s %s\n", a.Text("facts.answer."+e.Answer.String()), safe(r.Element[i].Text.In(a.Lang())))
		if e.Clash {
			fmt.Fprintf(a.Out, "                 %s\n", a.Text("facts.clashing", "IDs", strings.Join(e.Facts, ", ")))
		}
		if e.Fault != "" {
			fmt.Fprintf(a.Out, "                 %s\n", a.Text("facts.failed", "Error", safe(e.Fault)))
		}
		if e.Answer == account.NotKnown {
			fmt.Fprintf(a.Out, "                 %s: %s\n", a.Text("facts.missing"), safe(r.Element[i].Missing.In(a.Lang())))
			continue
		}
		a.writeSources(e.Sources, "                 ")
	}
}

type concernsDecideCmd struct {
	Case    string   `arg:"" help:"case_id"`
	Rule    string   `arg:"" help:"rules_id"`
	Event   string   `arg:"" help:"event_id"`
	Reason  string   `arg:"" help:"concerns_reason"`
	Confirm bool     `help:"concerns_confirm" xor:"decide" required:""`
	Dismiss bool     `help:"concerns_dismiss" xor:"decide" required:""`
	Rules   []string `help:"concerns_rules" placeholder:"DIR" sep:"none"`
	JSON    bool     `name:"json" help:"json"`
	anyFlags
}

// Run writes down what a person decided on a concern. The reason comes from a
// file: it may tell of people.
func (c *concernsDecideCmd) Run(a *app) error {
	reason, err := a.text(c.Reason)
	if err != nil {
		return err
	}
	set, _, err := a.concernRules(c.Rules)
	if err != nil {
		return err
	}
	d := casework.Decision{Rule: c.Rule, Event: c.Event, State: casework.Dismissed, Reason: reason}
	if c.Confirm {
		d.State = casework.Confirmed
	}
	return c.either(a, func(s works) error {
		d, err := c.decide(a, s, set, d)
		if err != nil {
			return err
		}
		return a.made(c.JSON, d, d.ID)
	})
}

// decide writes it down here or at a server, by whose rules it is then judged.
func (c *concernsDecideCmd) decide(a *app, s works, set *concern.Set, d casework.Decision) (casework.Decision, error) {
	far, ok := s.(*client.Client)
	if !ok {
		h, _ := s.(here) // there is no other
		return casework.Decide(a.ctx, h.Workspace, set, c.Case, d)
	}
	if len(c.Rules) > 0 {
		return d, usageError{fmt.Errorf("--rules: %w", errNotHere)}
	}
	err := far.DecideConcern(a.ctx, c.Case, d.Rule, d.Event, d.State, d.Reason, &d)
	return d, err
}

type concernsListCmd struct {
	Rules []string `help:"concerns_rules" placeholder:"DIR" sep:"none"`
	JSON  bool     `name:"json" help:"json"`
}

// Run lists the rules: concerns, then conditions of the trade.
func (c *concernsListCmd) Run(a *app) error {
	set, _, err := a.concernRules(c.Rules)
	if err != nil {
		return err
	}
	all := append(set.Rules(false), set.Rules(true)...)
	if c.JSON {
		return writeJSON(a.Out, all)
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, r := range all {
		kind := "facts.rule_concern"
		if r.Condition {
			kind = "facts.rule_condition"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, a.Text(kind), safe(r.Title.In(a.Lang())))
	}
	return w.Flush()
}

type concernsShowCmd struct {
	ID    string   `arg:"" help:"rules_id"`
	Rules []string `help:"concerns_rules" placeholder:"DIR" sep:"none"`
	JSON  bool     `name:"json" help:"json"`
}

// Run shows one rule: its elements, the source of law, what makes it known.
func (c *concernsShowCmd) Run(a *app) error {
	set, _, err := a.concernRules(c.Rules)
	if err != nil {
		return err
	}
	r := set.Rule(c.ID)
	switch {
	case r == nil:
		return usageError{fmt.Errorf("no rule is called %q", c.ID)}
	case c.JSON:
		return writeJSON(a.Out, r)
	}
	lang := a.Lang()
	fmt.Fprintf(a.Out, "%s\n%s\n", r.ID, safe(r.Title.In(lang)))
	a.paragraph("rules.meaning", r.Meaning.In(lang)+"\n"+a.Text("facts.no_verdict"))
	for _, e := range r.Element {
		a.paragraph("facts.element", e.Text.In(lang)+"\n"+e.When+"\n"+a.Text("facts.missing")+": "+e.Missing.In(lang))
	}
	for _, l := range r.Law {
		a.paragraph("facts.law", l.Name.In(lang)+"\n"+l.Says.In(lang)+"\n"+l.URL)
	}
	a.section("rules.file", []string{"SHA-256 " + r.SHA256})
	return nil
}

type concernsTestCmd struct {
	Dir  string `arg:"" optional:"" name:"dir" help:"concerns_dir"`
	JSON bool   `name:"json" help:"json"`
}

// testedRule is what became of the examples of one rule.
type testedRule struct {
	ID       string   `json:"id"`
	Examples int      `json:"examples"`
	Faults   []string `json:"faults"`
}

// Run applies the rules of a folder, or Amparo's own, to their examples.
func (c *concernsTestCmd) Run(a *app) error {
	var dirs []string
	if c.Dir != "" {
		dirs = append(dirs, c.Dir)
	}
	set, broken, err := concern.Load(dirs...)
	if err != nil {
		return usageError{err}
	}
	results := []testedRule{}
	failed := len(broken) > 0
	for _, f := range broken {
		results = append(results, testedRule{f.Rule, 0, []string{f.Error}})
	}
	for _, r := range append(set.Rules(false), set.Rules(true)...) {
		if r.Builtin != (c.Dir == "") {
			continue
		}
		one := testedRule{r.ID, len(r.Examples), r.TestExamples()}
		failed = failed || len(one.Faults) > 0
		results = append(results, one)
	}
	if c.JSON {
		err = writeJSON(a.Out, results)
	} else {
		a.showTestedRules(results)
	}
	if failed {
		err = errors.Join(err, exitError(exitFailed))
	}
	return err
}

func (a *app) showTestedRules(results []testedRule) {
	for _, r := range results {
		state := a.Text("facts.rule_holds")
		if len(r.Faults) > 0 {
			state = a.Text("facts.rule_fails")
		}
		fmt.Fprintf(a.Out, "%-32s %s  %s\n", safe(r.ID), a.Count("facts.examples", int64(r.Examples)), state)
		for _, f := range r.Faults {
			fmt.Fprintf(a.Out, "    %s\n", safe(f))
		}
	}
}
