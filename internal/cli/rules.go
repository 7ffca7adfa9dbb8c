package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/rule"
)

// rulesCmd is "amparo rules".
type rulesCmd struct {
	List rulesListCmd `cmd:"" default:"withargs" help:"rules_list"`
	Show rulesShowCmd `cmd:"" help:"rules_show"`
	Test rulesTestCmd `cmd:"" help:"rules_test"`
}

// loadRules returns the built-in rules with those of the folders. What cannot
// be used is a mistake in how the command was called.
func loadRules(dirs []string) (*rule.Set, error) {
	set, err := rule.Load(dirs...)
	if errors.Is(err, rule.ErrRules) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	schema := rule.NewSchema(parsers.All())
	var faults []error
	for _, r := range set.Rules() {
		if r.Builtin {
			continue // a test holds them to the parsers
		}
		for _, fault := range schema.Check(r) {
			faults = append(faults, fmt.Errorf("%s.yaml: %w", r.ID, fault))
		}
	}
	if len(faults) > 0 {
		return nil, usageError{fmt.Errorf("%w: %w", rule.ErrRules, errors.Join(faults...))}
	}
	return set, nil
}

type rulesListCmd struct {
	Rules []string `help:"check_rules" placeholder:"DIR" sep:"none"`
	JSON  bool     `name:"json" help:"json"`
}

// Run lists the rules.
func (c *rulesListCmd) Run(a *app) error {
	set, err := loadRules(c.Rules)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(a.Out, set.Rules())
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, r := range set.Rules() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.ID, a.Text("severity."+r.Severity.String()),
			strings.Join(r.Artifacts, ", "), safe(r.Title.In(a.Lang())))
	}
	return w.Flush()
}

type rulesShowCmd struct {
	ID    string   `arg:"" help:"rules_id"`
	Rules []string `help:"check_rules" placeholder:"DIR" sep:"none"`
	JSON  bool     `name:"json" help:"json"`
}

// Run shows one rule.
func (c *rulesShowCmd) Run(a *app) error {
	set, err := loadRules(c.Rules)
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
	a.showRule(set, r)
	return nil
}

func (a *app) showRule(set *rule.Set, r *rule.Rule) {
	lang := a.Lang()
	fmt.Fprintf(a.Out, "%s (%s)\n%s\n", r.ID, a.Text("severity."+r.Severity.String()), safe(r.Title.In(lang)))
	a.paragraph("rules.meaning", r.Meaning.In(lang))
	a.paragraph("rules.other", r.OtherExplanations.In(lang))
	a.paragraph("rules.next", r.NextStep.In(lang))
	a.paragraph("rules.measured", strings.TrimSpace(report.Rate(a.Printer, r.Rate)+"\n"+r.Measured.In(lang)))
	kinds := make([]string, len(r.Kinds))
	for i, k := range r.Kinds {
		kinds[i] = string(k)
	}
	a.paragraph("rules.applies", strings.Join(r.Artifacts, ", ")+": "+strings.Join(kinds, ", "))
	a.paragraph("rules.when", r.When.Text)
	a.showCombination(r.Combine)
	if r.Code {
		a.paragraph("rules.code", a.Text("rules.code_text"))
	}
	a.paragraph("rules.reason", r.Reason.Text)
	for _, low := range r.SeverityWhen {
		a.paragraph("rules.lowered", a.Text("severity."+low.Severity.String())+": "+low.When.Text)
	}
	for _, name := range r.Uses() {
		a.showData(set.Data(name))
	}
	a.paragraph("rules.sources", strings.Join(r.Sources, "\n"))
	a.section("rules.file", []string{"SHA-256 " + r.SHA256})
}

// showCombination shows what a rule looks at together.
func (a *app) showCombination(c *rule.Combination) {
	if c == nil {
		return
	}
	lines := []string{a.Text("rules.together", "Window", time.Duration(c.Window).String(), "Events", strconv.Itoa(c.Events), "Classes", strconv.Itoa(c.Classes))}
	for i := range c.Parts {
		p := &c.Parts[i]
		class := p.Class
		if class == "" {
			class = a.Text("rules.against")
		}
		lines = append(lines, class+" ("+strings.Join(p.Artifacts, ", ")+": "+strings.Join(p.Times, ", ")+")")
		lines = append(lines, strings.Split(strings.TrimSpace(p.When.Text), "\n")...)
	}
	a.paragraph("rules.when", strings.Join(lines, "\n"))
}

// maxData is how many entries of reference data are shown; the file has all.
const maxData = 30

func (a *app) showData(data *rule.Reference) {
	lines := append([]string{"ref." + data.Name + ": " + data.Doc, "SHA-256 " + data.SHA256}, data.Sources...)
	entries := data.Entries()
	for _, entry := range entries[:min(len(entries), maxData)] {
		lines = append(lines, "- "+entry)
	}
	if more := len(entries) - maxData; more > 0 {
		lines = append(lines, a.Count("rules.more", int64(more)))
	}
	a.paragraph("rules.data", strings.Join(lines, "\n"))
}

// paragraph shows a text under its heading, nothing where it is empty. Rules
// of others are shown as carefully as evidence.
func (a *app) paragraph(id, text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = safe(lines[i])
	}
	a.section(id, lines)
}

type rulesTestCmd struct {
	Dir  string `arg:"" optional:"" name:"dir" help:"rules_dir"`
	JSON bool   `name:"json" help:"json"`
}

// tested is what became of the examples of one rule.
type tested struct {
	ID       string   `json:"id"`
	Examples int      `json:"examples"`
	Faults   []string `json:"faults"`
	// Undocumented are fields that the rule asks for and no parser documents.
	Undocumented []string `json:"undocumented"`
}

// Run compiles the rules of a folder, or Amparo's own, and applies each to its
// examples.
func (c *rulesTestCmd) Run(a *app) error {
	var dirs []string
	if c.Dir != "" {
		dirs = append(dirs, c.Dir)
	}
	set, err := loadRules(dirs)
	if err != nil {
		return err
	}
	results, failed := testRules(set, c.Dir == "")
	if c.JSON {
		if err := writeJSON(a.Out, results); err != nil {
			return err
		}
	} else {
		a.showTested(results)
	}
	if failed {
		return exitError(exitFailed)
	}
	return nil
}

// testRules tests the rules of Amparo, or those of others.
func testRules(set *rule.Set, builtin bool) (results []tested, failed bool) {
	schema := rule.NewSchema(parsers.All())
	for _, r := range set.Rules() {
		if r.Builtin != builtin {
			continue
		}
		one := tested{ID: r.ID, Examples: len(r.Examples), Faults: []string{}, Undocumented: append([]string{}, schema.Undocumented(r)...)}
		for _, fault := range set.RunExamples(r) {
			one.Faults = append(one.Faults, fault.Error())
			failed = true
		}
		results = append(results, one)
	}
	return results, failed
}

func (a *app) showTested(results []tested) {
	for _, one := range results {
		switch {
		case len(one.Faults) > 0:
			fmt.Fprintln(a.Out, a.Text("rules.test_failed", "ID", one.ID))
			for _, fault := range one.Faults {
				fmt.Fprintf(a.Out, "  %s\n", safe(fault))
			}
		case one.Examples == 0:
			fmt.Fprintln(a.Out, a.Text("rules.test_none", "ID", one.ID))
		default:
			fmt.Fprintln(a.Out, a.Count("rules.test_passed", int64(one.Examples), "ID", one.ID))
		}
		if len(one.Undocumented) > 0 {
			fmt.Fprintf(a.Out, "  %s\n", a.Text("rules.test_undocumented", "Fields", safe(strings.Join(one.Undocumented, ", "))))
		}
	}
}
