package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/parsers"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/rule"
)

// checkCmd is "amparo check PATH...".
type checkCmd struct {
	Paths        []string `arg:"" name:"path" help:"check_paths"`
	Indicators   []string `help:"check_indicators" placeholder:"PATH" sep:"none"`
	Rules        []string `help:"check_rules" placeholder:"DIR" sep:"none"`
	Institutions []string `help:"institutions" placeholder:"DIR" sep:"none"`
	Out          string   `help:"check_out" placeholder:"DIR"`
	PasswordFile string   `help:"password_file" placeholder:"FILE"`
	Since        string   `help:"since" placeholder:"TIME"`
	Until        string   `help:"until" placeholder:"TIME"`
	FailOn       string   `help:"fail_on" placeholder:"SEVERITY"`
	JSON         bool     `name:"json" help:"json"`
	NoRecovery   bool     `help:"no_recovery"`

	ExplainSource bool `help:"explain_source"`

	Case   string `help:"check_case" placeholder:"CASE"`
	Device string `help:"check_device" placeholder:"DEVICE"`
	identityFlags
	anyFlags

	since, until time.Time
	failOn       finding.Severity
}

// Validate reads the flags that are more than text. Kong calls it.
func (c *checkCmd) Validate() (err error) {
	if c.since, err = parseTime("--since", c.Since); err != nil {
		return err
	}
	if c.until, err = parseTime("--until", c.Until); err != nil {
		return err
	}
	if c.FailOn != "" {
		c.failOn, err = finding.ParseSeverity(c.FailOn)
	}
	return err
}

// parseTime reads a day or an RFC 3339 time; a day is UTC.
func parseTime(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is neither a day (2021-07-18) nor a time (2021-07-18T09:30:00Z)", flag, s)
}

// intoNew reports whether the result goes into a folder that must be new.
func (c *checkCmd) intoNew() bool { return c.Out != "" }

// Run checks every evidence that the paths hold.
func (c *checkCmd) Run(a *app) error {
	if c.ExplainSource {
		return a.explainSources(c.Paths, c.JSON)
	}
	if c.Case != "" && c.server() != "" {
		return c.far(a)
	}
	rules, err := loadRules(c.Rules)
	if err != nil {
		return err
	}
	lures, err := loadLures(c.Institutions)
	if err != nil {
		return err
	}
	for _, path := range c.Indicators {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("indicators: %w", err)
		}
	}
	// Large sets take a moment to load, and so does the list of a backup's files.
	loaded := sync.OnceValues(func() (*indicators, error) { return a.loadIndicators(c.Indicators) })
	if c.Case == "" {
		go loaded() //nolint:errcheck // who uses them gets the error
	}
	s := session{app: a, cmd: c, rules: rules, lures: lures, indicators: loaded, names: map[string]bool{}}
	if c.Case != "" {
		return s.inCase()
	}
	found, err := a.findAll(c.Paths)
	if err != nil {
		return err
	}
	s.total = len(found)
	if err := s.checkAll(found); err != nil {
		return err
	}
	return s.verdict()
}

// verdict is the exit code that --fail-on asks for.
func (s *session) verdict() error {
	if s.cmd.failOn != 0 && s.worst >= s.cmd.failOn {
		return exitError(exitFound)
	}
	return nil
}

// findAll finds the evidence at all paths before any of it is checked: a
// mistyped path should not show after an hour.
func (a *app) findAll(paths []string) ([]evidence.Candidate, error) {
	var found []evidence.Candidate
	for _, path := range paths {
		r, err := open.Find(a.ctx, path, examine.WhatIsRead())
		if err != nil {
			return nil, err
		}
		found = append(found, r.Candidates...)
	}
	return found, nil
}

// session is one call of check over all its evidence.
type session struct {
	*app
	cmd        *checkCmd
	rules      *rule.Set
	lures      *lure.Knowledge
	indicators func() (*indicators, error)
	total      int             // evidences
	shown      int             // of them
	names      map[string]bool // of result folders, in lower case
	worst      finding.Severity
	stored     *storing // nil: results go to --out, or nowhere
}

func (s *session) several() bool { return s.total > 1 }

// checkAll checks one evidence after the other. Where there are several, one
// that fails is told and costs no other.
func (s *session) checkAll(found []evidence.Candidate) error {
	failed := false
	for _, candidate := range found {
		err := s.check(candidate)
		switch {
		case err == nil:
		case !s.several() || s.ctx.Err() != nil:
			return err
		default:
			failed = true
			s.tell(fmt.Errorf("%s: %w", candidate.Name(), err), s.hint(err))
		}
	}
	if failed {
		return exitError(exitFailed)
	}
	return nil
}

// check opens and checks one evidence.
func (s *session) check(candidate evidence.Candidate) (err error) {
	dir := s.resultDir(candidate)
	if dir != "" && s.stored == nil {
		if err := outside(dir, candidate.Path()); err != nil {
			return err
		}
	}
	src, err := candidate.Open(s.ctx, evidence.OpenOptions{
		Password: s.password(s.cmd.PasswordFile, candidate.Path()), Identity: s.identities(&s.cmd.identityFlags),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	selection := pipeline.Select(s.ctx, src, parsers.All())
	loaded, err := s.indicators()
	if err != nil {
		return err
	}
	var folder *pipeline.Folder
	if dir != "" {
		if folder, err = pipeline.NewFolder(dir); err != nil {
			return err
		}
	}
	var found shownFindings
	progress := s.newProgress()
	run, err := pipeline.Check(s.ctx, pipeline.Options{
		Source: src, Path: candidate.Path(), Parsers: parsers.All(),
		Selection: selection, Matcher: loaded.matcher, Sets: loaded.sets, Rules: s.rules, Lures: s.lures, Out: folder, NoRecovery: s.cmd.NoRecovery,
		Since: s.cmd.since, Until: s.cmd.until, Now: time.Now, Version: Version,
		Progress: progress.show, Observe: s.stored.observer(),
		Findings: found.add,
	})
	progress.end()
	if err != nil {
		return s.partial(dir, err)
	}
	return s.present(run, &found, dir)
}

// maxShown is how many findings --json prints: findings.jsonl has all.
const maxShown = 10_000

// shownFindings are the findings of a check as the terminal gets them.
type shownFindings struct {
	groups report.Grouping
	list   []finding.Finding // the first
	cut    bool              // there are more
}

func (l *shownFindings) add(line json.RawMessage) error {
	var f finding.Finding
	if err := json.Unmarshal(line, &f); err != nil {
		return err
	}
	l.groups.Add(&f)
	if l.cut = len(l.list) >= maxShown; !l.cut {
		l.list = append(l.list, f)
	}
	return nil
}

// partial says what an interrupted or failed check leaves behind.
func (s *session) partial(dir string, err error) error {
	if dir != "" && s.stored == nil { // in a case it is removed
		fmt.Fprintf(s.Err, "amparo: %s\n", s.Text("cli.partial", "Dir", safe(dir)))
	}
	return err
}
