package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/rule"
)

// outcome is what one task found out.
type outcome struct {
	state    finding.State
	records  int64
	events   int64
	from, to time.Time
	took     time.Duration
	errs     problems
	odd      int64  // lines that were not understood
	part     string // the file of its records, "" without a result folder
	findings map[finding.Severity]int64
	faults   []*rule.Fault
	words    *vocabulary // of its events
	days     *activity
}

// runTask parses one file and sends its records where they belong. Its error
// is of the machine (a full disk), never of the evidence.
func (c *check) runTask(ctx context.Context, i int) (out outcome, err error) {
	t := &c.sel.tasks[i]
	started := time.Now()
	defer func() { out.took = time.Since(started) }()
	files := c.files.forTask()
	in, err := c.input(ctx, files, t.entry.Path)
	if err != nil {
		out.state = stateOf(err)
		out.errs.add(finding.Problem{Path: t.entry.Path, Error: err.Error()})
		return out, nil
	}
	s, err := c.newSinks(i, files)
	if err != nil {
		return out, err
	}
	clean := c.parse(ctx, c.opts.Parsers[t.parser], in, s, &out)
	out.odd = in.LinesNotUnderstood()
	if out.errs.n > 0 && out.state == finding.Read {
		out.state = finding.Partial
	}
	if !clean && out.records == 0 && out.state == finding.Partial {
		out.state = finding.Failed
	}
	if err := s.close(c, &out); err != nil {
		return out, err
	}
	if ctx.Err() == nil && !files.failed.Load() {
		c.keeper.finished(ctx, i, s, &out)
	}
	return out, nil
}

// input opens what a task reads: a file, or the list of all.
func (c *check) input(ctx context.Context, files *taskFiles, path string) (*artifact.Input, error) {
	if l, ok := c.opts.Source.(evidence.Lister); ok && path == artifact.ListingPath {
		return listing(l).Opening(files.opener(ctx)), nil
	}
	o, err := files.get(ctx, path)
	if err != nil {
		return nil, err
	}
	in := artifact.NewInput(path, files.reader(o), o.file.Size(), files.opener(ctx)).Finding(files.find)
	in.Recover = !c.opts.NoRecovery
	return in.Summing(files.sum(ctx, path)).SummingCompanions(func(path string) func() (string, error) { return files.sum(ctx, path) }), nil
}

// sum returns the way to the hash that the manifest has of a file, nil where
// that is of other bytes than those of the file: of what it lies in.
func (f *taskFiles) sum(ctx context.Context, path string) func() (string, error) {
	o, err := f.get(ctx, path)
	if err != nil {
		return nil
	}
	if _, part := o.file.(evidence.Part); part || o.stored != path || o.size != o.file.Size() {
		return nil
	}
	return func() (string, error) { o.hash(ctx); return o.sum, o.sumErr }
}

// parse drains the parser. It reports whether the parser came to the end of
// its input.
func (c *check) parse(ctx context.Context, p artifact.Parser, in *artifact.Input, s *sinks, out *outcome) bool {
	out.state = finding.Read
	whole := c.wholeOf(in.Path)
	for rec, err := range artifact.Run(ctx, p, in) {
		if err == nil {
			out.records++
			whole.place(&rec.Loc)
			s.add(ctx, rec)
			c.progress.record()
			continue
		}
		var re *artifact.RecordError
		if errors.As(err, &re) {
			whole.place(&re.Loc)
			out.errs.add(finding.Problem{Path: re.Loc.Path, Place: re.Loc.String(), Error: re.Err.Error()})
			continue
		}
		if out.records == 0 {
			out.state = stateOf(err)
		}
		if in.Path == artifact.ListingPath && out.state == finding.Absent {
			return true // the parser found nothing of its own in the list
		}
		out.errs.add(finding.Problem{Path: in.Path, Error: err.Error()})
		return false
	}
	return true
}

// stateOf says what an error that ended a file means for its coverage.
func stateOf(err error) finding.State {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding.Absent
	case errors.Is(err, limit.ErrEncrypted), errors.Is(err, limit.ErrUnsupported):
		return finding.Refused
	default:
		return finding.Failed
	}
}

// opener gives parsers the companions of a file.
func (f *taskFiles) opener(ctx context.Context) artifact.Opener {
	return func(path string) (io.ReaderAt, int64, error) {
		o, err := f.get(ctx, path)
		if err != nil {
			return nil, 0, fmt.Errorf("open companion: %w", err)
		}
		return f.reader(o), o.file.Size(), nil
	}
}

// sinks is where the records of one task go.
type sinks struct {
	records *recordFile // nil without a result folder
	collect collector
	events  eventSink
	observe Observer // nil: nobody asks
}

func (c *check) newSinks(i int, files *taskFiles) (*sinks, error) {
	t := &c.sel.tasks[i]
	name := c.opts.Parsers[t.parser].Info().Name
	s := &sinks{
		collect: collector{
			secrets:  map[string]bool{},
			artifact: name, device: c.device, matcher: c.opts.Matcher,
			rules: c.opts.Rules.For(name), lures: c.opts.Lures.Records(c.opts.Parsers[t.parser].Info()), sorter: c.findings.Sorter(), files: files,
			n: map[finding.Severity]int64{},
		},
		events: eventSink{
			since: c.opts.Since, until: c.opts.Until,
			task: uint32(i), path: t.entry.Path, words: newVocabulary(), days: newActivity(),
		},
	}
	if c.opts.Observe != nil {
		s.observe = c.opts.Observe(name)
	}
	if c.opts.Out == nil {
		return s, nil
	}
	s.events.sorter = c.timeline.Sorter()
	var err error
	s.records, err = c.opts.Out.recordPart(name, i)
	return s, err
}

func (s *sinks) add(ctx context.Context, r *artifact.Record) {
	if s.observe != nil && len(r.Observed) > 0 {
		s.observe.Add(r)
	}
	if s.records == nil {
		s.collect.add(ctx, r, nil)
	} else {
		start := len(s.records.buf)
		s.records.buf = r.AppendJSON(s.records.buf)
		s.collect.add(ctx, r, s.records.buf[start:])
		s.records.endLine()
	}
	s.events.add(r)
}

// close hands everything back and completes the outcome.
func (s *sinks) close(c *check, out *outcome) error {
	out.events, out.from, out.to = s.events.events, s.events.from, s.events.to
	out.findings = s.collect.n
	if s.collect.rules != nil {
		out.faults = s.collect.rules.Faults()
	}
	out.words, out.days = s.events.words, s.events.days
	err := s.collect.err
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takeSecrets(s.collect.secrets)
	c.takeMarks(&s.collect.marks)
	err = errors.Join(err, c.findings.Add(s.collect.sorter))
	if s.records != nil {
		err = errors.Join(err, c.timeline.Add(s.events.sorter), s.records.close())
		out.part = s.records.name
	}
	return err
}
