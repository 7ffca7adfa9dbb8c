// Package pipeline checks one evidence: it is the only package that knows the
// order of things. Files are chosen, parsed in parallel and hashed; records
// meet indicators and rules; findings, coverage and the timeline come out, the
// same bytes on every run and any number of cores.
//
// Start with Check.
package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/chain"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/extsort"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/rule"
)

// Options says what to check, with what, and where the result goes.
type Options struct {
	Source  evidence.Source
	Path    string // of the evidence, as the user gave it
	Parsers []artifact.Parser
	// Selection is what Select returned for Source and Parsers. nil: Check
	// selects.
	Selection *Selection
	Matcher   *indicator.Matcher // nil: no indicators
	Sets      []finding.IndicatorSet
	Rules     *rule.Set
	Lures     *lure.Knowledge // nil: messages are not read for what they pretend
	Out       *Folder         // nil: no result folder

	Since, Until time.Time // window of the timeline; zero: open
	NoRecovery   bool      // rows that are no longer in their tables are not looked for

	Workers  int                         // 0: one a core
	Progress func(Progress)              // nil: none; called from several goroutines
	Now      func() time.Time            // the clock
	Version  string                      // of the tool
	Findings func(json.RawMessage) error // called with each finding, in order; nil: none

	Watch Watch // of a process that may die of a file

	// Observe is called for each file that is parsed, with the name of the
	// artifact. nil: none.
	Observe func(artifact string) Observer

	// Keep keeps what finished tasks made, so that a check which is interrupted
	// goes on from there. nil: it begins anew.
	Keep *Keep
}

// An Observer sees the records of one file that have observables.
type Observer interface {
	// Add is called with each of them, by one goroutine. It may not keep the record.
	Add(r *artifact.Record)
	// Save writes what was gathered, for Load of an observer of the same
	// artifact, which has gathered nothing. Where that fails, it has gathered nothing still.
	Save(w io.Writer) error
	Load(r io.Reader) error
}

// A Progress says how far a check has come.
type Progress struct {
	Tasks, Done  int
	Records      int64
	Bytes, Total int64 // hashed, of all files to read
}

// check is the state of one run.
type check struct {
	opts     Options
	sel      *Selection
	files    *files
	device   string
	findings *extsort.Set
	timeline *extsort.Set
	chains   chain.Builder
	progress *meter
	keeper   *keeper    // nil: nothing is kept
	mu       sync.Mutex // guards the two sets
	tmp      string
	marks    marks    // guarded by mu until all tasks are done
	secrets  []string // values of private indicators that matched; guarded by mu until all tasks are done
}

// Check runs one check. The run it returns says what was read even where an
// error is returned beside it: the error is of the machine or of ctx, and the
// run is then marked as not complete.
func Check(ctx context.Context, o Options) (*finding.Run, error) {
	c := &check{opts: o}
	if o.Workers == 0 {
		c.opts.Workers = runtime.GOMAXPROCS(0)
	}
	run := c.newRun()
	if o.Out != nil {
		// From the first moment the folder says that it is a part.
		if err := o.Out.writeRun(run); err != nil {
			return run, err
		}
	}
	err := c.run(ctx, run)
	run.Ended = o.Now().UTC()
	run.Complete = err == nil
	if o.Out != nil {
		// Where the disk is full the run.json of the beginning stays, which
		// says that the folder is a part.
		if werr := errors.Join(o.Out.Close(), o.Out.rewriteRun(run)); err == nil {
			err = werr
		}
	}
	return run, err
}

func (c *check) newRun() *finding.Run {
	o := &c.opts
	run := &finding.Run{
		Schema: 1, Tool: "amparo", Version: o.Version, Indicators: o.Sets,
		Rules: o.Rules.Refs(), RuleData: o.Rules.DataRefs(), Started: o.Now().UTC(), Evidence: o.Source.Evidence(),
		Coverage: []finding.Coverage{}, Chains: []finding.Chain{}, Totals: finding.Totals{BySeverity: map[string]int64{}},
	}
	run.Evidence.Path, run.Evidence.Packed = o.Path, evidence.Packed(o.Path)
	if o.Lures != nil {
		run.LureData = o.Lures.Refs()
	}
	if run.Indicators == nil {
		run.Indicators = []finding.IndicatorSet{}
	}
	if !o.Since.IsZero() {
		run.Since = &o.Since
	}
	if !o.Until.IsZero() {
		run.Until = &o.Until
	}
	return run
}

func (c *check) run(ctx context.Context, run *finding.Run) (err error) {
	if err := c.workspace(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.cleanUp()) }()
	c.device = cmpDevice(run.Evidence)
	sel := c.opts.Selection
	if sel == nil {
		sel = Select(ctx, c.opts.Source, c.opts.Parsers)
	}
	c.sel, c.files = sel, newFiles(c.opts.Source, sel.entries)
	defer c.files.close()
	if err := c.prefetch(ctx); err != nil {
		return err
	}
	outcomes, workErr := c.work(ctx)
	c.evidenceProblems(run, sel.end)
	run.Coverage = c.coverage(run.Evidence.Kind, outcomes)
	c.total(run, outcomes)
	if workErr == nil {
		workErr = c.combine(run)
	}
	if workErr != nil {
		return workErr // a full disk takes no more files
	}
	// What was read before an interruption is worth keeping: it is written all
	// the same, and the run says that it is a part.
	return errors.Join(context.Cause(ctx), c.write(run, outcomes))
}

// cmpDevice names the device for the ids of findings.
func cmpDevice(e finding.Evidence) string {
	for _, id := range []string{e.Device.UDID, e.Device.Serial} {
		if id != "" {
			return e.Kind + ":" + id
		}
	}
	return e.Kind
}

// workspace makes room for what does not fit in memory.
func (c *check) workspace() error {
	if c.opts.Out != nil {
		c.tmp = c.opts.Out.tmp
	} else {
		dir, err := os.MkdirTemp("", "amparo-*") //nolint:forbidigo // findings that pass memory's limit, removed at the end
		if err != nil {
			return fmt.Errorf("temporary folder: %w", err)
		}
		c.tmp = dir
	}
	c.findings, c.timeline = extsort.NewSet(c.tmp, 0), extsort.NewSet(c.tmp, 0)
	return nil
}

func (c *check) cleanUp() error {
	c.keeper.end()
	err := errors.Join(c.findings.Close(), c.timeline.Close())
	if c.opts.Out == nil {
		err = errors.Join(err, os.RemoveAll(c.tmp))
	}
	return err
}

// prefetch lets a source that reads an archive bring all files in one pass.
func (c *check) prefetch(ctx context.Context) error {
	p, ok := c.opts.Source.(evidence.Prefetcher)
	if !ok {
		return nil
	}
	list := make([]evidence.Entry, 0, len(c.sel.entries))
	for _, path := range slices.Sorted(maps.Keys(c.sel.entries)) {
		list = append(list, c.sel.entries[path])
	}
	return p.Prefetch(ctx, list)
}

// evidenceProblems completes what the run says of the evidence as a whole.
func (c *check) evidenceProblems(run *finding.Run, selErr error) {
	path, packed := run.Evidence.Path, run.Evidence.Packed
	run.Evidence = c.opts.Source.Evidence()
	if d := &run.Evidence.Device; d.Version == "" && d.Model == "" && c.platform(run.Evidence.Kind) == platformAndroid {
		d.OS = "Android" // single files, of which only their content says what phone they are of
	}
	run.Evidence.Path, run.Evidence.Packed = path, packed
	run.Evidence.Files = c.sel.listed
	run.Evidence.Unread = c.sel.unread
	run.Evidence.Problems = append(run.Evidence.Problems, c.sel.errs.list...)
	if more := c.sel.errs.n - int64(len(c.sel.errs.list)); more > 0 {
		run.Evidence.Problems = append(run.Evidence.Problems,
			finding.Problem{Error: fmt.Sprintf("and %d more entries that cannot be used", more)})
	}
	if selErr != nil {
		run.Evidence.Problems = append(run.Evidence.Problems,
			finding.Problem{Error: "the list of files ends early: " + selErr.Error()})
	}
	if run.Evidence.Problems == nil {
		run.Evidence.Problems = []finding.Problem{}
	}
}

// write completes the result: findings in order, and the folder's files.
func (c *check) write(run *finding.Run, outcomes []outcome) error {
	if c.opts.Out == nil {
		err := c.emitFindings(io.Discard)
		run.Chains = c.chains.Chains(run.Coverage)
		return err
	}
	if err := c.opts.Out.write(FindingsFile, c.emitFindings); err != nil {
		return err
	}
	run.Chains = c.chains.Chains(run.Coverage)
	if err := c.opts.Out.write(ManifestFile, c.writeManifest); err != nil {
		return err
	}
	c.keeper.end() // it reads what is put together now
	if err := c.writeRecords(outcomes); err != nil {
		return err
	}
	return c.writeTimelines(outcomes)
}

func (c *check) writeTimelines(outcomes []outcome) error {
	from := c.sources(outcomes)
	err := c.opts.Out.write("timeline.csv", func(csv io.Writer) error {
		return c.opts.Out.write("timeline.jsonl", func(jsonl io.Writer) error {
			return writeTimeline(c.timeline, from, csv, jsonl)
		})
	})
	if err != nil {
		return err
	}
	return c.opts.Out.write(ActivityFile, func(w io.Writer) error { return writeActivity(w, from) })
}

func (c *check) sources(outcomes []outcome) []source {
	list := make([]source, len(c.sel.tasks))
	for i, t := range c.sel.tasks {
		name := c.opts.Parsers[t.parser].Info().Name
		list[i] = source{name, newWord(t.entry.Path), newWord(name), outcomes[i].words, outcomes[i].days}
	}
	return list
}

// emitFindings writes the findings in order, each with the hash of its file,
// and lets chains be made of them.
func (c *check) emitFindings(w io.Writer) error {
	c.sortSecrets()
	for it, err := range c.findings.All() {
		if err != nil {
			return err
		}
		line, err := c.complete(it.Payload)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
		if c.opts.Findings != nil {
			if err := c.opts.Findings(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *check) complete(payload []byte) ([]byte, error) {
	var f finding.Finding
	if err := json.Unmarshal(payload, &f); err != nil {
		return nil, fmt.Errorf("finding read back: %w", err)
	}
	if o := c.files.open[f.Where.Path]; o != nil {
		f.Where.SHA256 = o.sum
	}
	for i := range f.Parts {
		if o := c.files.open[f.Parts[i].Where.Path]; o != nil {
			f.Parts[i].Where.SHA256 = o.sum
		}
	}
	scrubFinding(&f, c.secrets)
	c.chains.Add(&f)
	return finding.Encode(&f)
}

func (c *check) writeManifest(w io.Writer) error {
	lines := map[string]string{}
	c.files.each(func(_ string, o *opened) {
		if o.sum != "" {
			lines[o.stored] = manifestLine(o.sum, o.stored)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		if _, err := io.WriteString(w, lines[name]); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) writeRecords(outcomes []outcome) error {
	parts := map[string][]string{}
	for i, t := range c.sel.tasks {
		if outcomes[i].part != "" {
			name := c.opts.Parsers[t.parser].Info().Name
			parts[name] = append(parts[name], outcomes[i].part)
		}
	}
	var err error
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		err = errors.Join(err, c.opts.Out.joinRecords(name, parts[name]))
	}
	return err
}
