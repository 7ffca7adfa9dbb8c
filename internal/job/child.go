package job

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// A Reading is what the process that reads evidence for a job is told, on its
// standard input: a file may be made to kill its examiner, and then that
// process dies alone. It is told the key of one case, and that of what servers
// and workers have in common: the indicators that it matches against.
type Reading struct {
	Job     workspace.Job        `json:"job"`
	Member  string               `json:"member"` // who asked for the job
	Owner   string               `json:"owner"`  // of the job: the process that it reads for
	Through string               `json:"through,omitempty"`
	Key     string               `json:"key"`              // of the case
	Shared  string               `json:"shared,omitempty"` // key of what servers and workers have in common
	Private workspace.JobPrivate `json:"private"`
	Memory  uint64               `json:"memory,omitempty"` // that it may take, in bytes; 0: any
}

// said is what that process says, a line each.
type said struct {
	Progress *workspace.JobProgress `json:"p,omitempty"`
	Run      string                 `json:"run,omitempty"` // that was stored
	Begun    *file                  `json:"begun,omitempty"`
	Done     *file                  `json:"done,omitempty"`
	End      *ending                `json:"end,omitempty"`
	Counted  json.RawMessage        `json:"counted,omitempty"` // since it was last said
}

// file is a file as a parser reads it.
type file struct {
	Evidence string `json:"evidence"`
	Part     int    `json:"part"`
	Artifact string `json:"artifact"`
	Path     string `json:"path"`
}

// ending is how the reading ended. The text of an error may be evidence.
type ending struct {
	Message string `json:"message,omitempty"` // id; "" where all is well
	Passes  bool   `json:"passes,omitempty"`
	Lost    bool   `json:"lost,omitempty"`
}

// told is an error of the process that read.
type told struct{ ending }

func (t *told) Error() string { return "the process that reads evidence failed: " + t.Message }

// diesOf is how often a process may die of one file before it is left out, and
// of none that it named before the job is given up.
const diesOf = 2

// read checks evidence in a process of its own, again after each death.
func (e *Engine) read(ctx context.Context, c *running) error {
	unnamed := 0
	for {
		reading, err := e.readOnce(ctx, c)
		var died *deadError
		if !errors.As(err, &died) || ctx.Err() != nil {
			return err
		}
		if len(reading) == 0 {
			if unnamed++; unnamed > diesOf {
				return errCrashes
			}
		}
		c.private.Deaths = bury(c.private.Deaths, reading)
		left := 0
		for _, d := range c.private.Deaths {
			if d.Count >= diesOf {
				left++
			}
		}
		c.change(func(j *workspace.Job) { j.Progress.Deaths++; j.Progress.LeftOut = left })
		j := c.now()
		e.Log.WarnContext(ctx, "a process that read evidence died", "job", j.ID, "deaths", j.Progress.Deaths, "left_out", left)
		if j.Progress.Deaths > maxReads {
			return errCrashes
		}
		if err := e.worker.Keep(ctx, &j, c.private); err != nil {
			return err
		}
		// It may have died between storing a run and saying so.
		stored, err := c.space.Job(ctx, j.ID)
		if err != nil {
			return err
		}
		c.change(func(j *workspace.Job) { j.Runs = stored.Runs })
	}
}

// maxReads bounds the deaths of one job: two for each of many files.
const maxReads = 100

// bury counts the files that were read when a process died.
func bury(deaths []workspace.JobDeath, reading []file) []workspace.JobDeath {
	deaths = slices.Clone(deaths)
	for _, f := range reading {
		i := slices.IndexFunc(deaths, func(d workspace.JobDeath) bool {
			return d == workspace.JobDeath{Evidence: f.Evidence, Part: f.Part, Artifact: f.Artifact, Path: f.Path, Count: d.Count}
		})
		if i < 0 {
			i = len(deaths)
			deaths = append(deaths, workspace.JobDeath{Evidence: f.Evidence, Part: f.Part, Artifact: f.Artifact, Path: f.Path})
		}
		deaths[i].Count++
	}
	return deaths
}

// deadError says that the process ended without a word.
type deadError struct{ err error }

func (d *deadError) Error() string {
	return fmt.Sprintf("the process that reads evidence died: %v", d.err)
}

// errNotStarted says that there is no process to read evidence. It passes: the
// program is being replaced, or the machine has too much to do.
var errNotStarted = errors.New("the process that reads evidence cannot be started")

// readOnce runs one process. It returns the files that were being read when it
// ended.
func (e *Engine) readOnce(ctx context.Context, c *running) ([]file, error) {
	j := c.now()
	key, through, err := c.space.JobKey(ctx, &j)
	if err != nil {
		return nil, err
	}
	reading := Reading{
		Job: j, Member: c.space.Member().ID, Owner: e.worker.Name(), Through: through, Key: key.Secret(), Private: c.private, Memory: e.Memory,
	}
	shared, err := c.space.SharedKey(ctx)
	if err != nil {
		return nil, err
	}
	if !shared.Zero() {
		reading.Shared = shared.Secret()
	}
	request, err := json.Marshal(reading)
	if err != nil {
		return nil, err
	}
	work, kill := context.WithCancel(ctx)
	defer kill()
	cmd := e.Child(work)
	in, err := cmd.StdinPipe() // it stays open: when it ends, so does the process
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotStarted, err)
	}
	c.change(func(*workspace.Job) { c.key = key })
	_, err = in.Write(append(request, '\n'))
	clear(request)
	files, end := c.listen(out, e.Counted)
	kill()
	if wait := cmd.Wait(); err == nil {
		err = wait
	}
	if end == nil { // what it had in the making lies there in clear, and this process may end and not come back
		if err := vault.CleanScratch(c.space.Dir); err != nil {
			e.Log.WarnContext(ctx, "what a process left that read evidence was not removed", "job", j.ID, fault.Kind(err))
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case end == nil:
		return files, &deadError{err}
	case end.Lost:
		return nil, workspace.ErrLost
	case end.Message != "":
		return nil, &told{*end}
	}
	return nil, nil
}

// listen follows what the process says, to its end.
func (c *running) listen(r io.Reader, counted func(json.RawMessage)) (reading []file, end *ending) {
	defer c.change(func(*workspace.Job) { c.reading = nil })
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var s said
		if json.Unmarshal(sc.Bytes(), &s) != nil {
			continue // what a dying process wrote
		}
		switch {
		case s.Progress != nil:
			c.change(func(j *workspace.Job) {
				s.Progress.Deaths, s.Progress.LeftOut, s.Progress.Reading = j.Progress.Deaths, j.Progress.LeftOut, j.Progress.Reading
				j.Progress = *s.Progress
			})
		case s.Run != "":
			c.change(func(j *workspace.Job) { j.Runs = append(j.Runs[:len(j.Runs):len(j.Runs)], s.Run) })
		case s.Begun != nil:
			reading = append(reading, *s.Begun)
			c.change(func(*workspace.Job) { c.reading = reading })
		case s.Done != nil:
			if i := slices.Index(reading, *s.Done); i >= 0 {
				reading = slices.Concat(reading[:i], reading[i+1:])
				c.change(func(*workspace.Job) { c.reading = reading })
			}
		case s.Counted != nil && counted != nil:
			counted(s.Counted)
		case s.End != nil:
			return reading, s.End
		}
	}
	return reading, nil
}

// nameFile has the job name the file that its process is at for the longest, if
// it is at any.
func (c *running) nameFile() {
	c.change(func(j *workspace.Job) {
		switch {
		case len(c.reading) == 0:
			c.named, j.Progress.Reading = "", nil
		case c.reading[0].Path != c.named:
			c.named = c.reading[0].Path
			_ = j.Progress.ReadingNow(c.key, c.named) // without it there is no name
		}
	})
}

// Read is the other side: it checks evidence for a job that another process
// has, and says on out how far it is. It ends when in does.
func (e *Engine) Read(ctx context.Context, in io.Reader, out io.Writer) error {
	e.init()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	var r Reading
	if err := json.Unmarshal(line, &r); err != nil {
		return errors.New("what to read was not said")
	}
	clear(line)
	go func() {
		_, _ = lines.ReadByte() // nothing comes: it ends with the process that asked
		cancel()
	}()
	if err := limitMemory(r.Memory); err != nil {
		return err
	}
	s := &speaker{enc: json.NewEncoder(out), counts: e.Counts}
	err = e.readFor(ctx, &r, s)
	s.count()
	if e.Ending != nil {
		e.Ending(ctx)
	}
	if err != nil {
		return SayFailed(out, err, e.Explain)
	}
	s.say(&said{End: &ending{}})
	return nil
}

// SayFailed is all that the other side says where it cannot read: the
// database or the vault did not open. A process that ends without a word is
// taken for one that evidence killed.
func SayFailed(out io.Writer, err error, explain func(error) string) error {
	return json.NewEncoder(out).Encode(&said{End: &ending{Message: explain(err), Passes: passes(err), Lost: errors.Is(err, workspace.ErrLost)}})
}

func (e *Engine) readFor(ctx context.Context, r *Reading, s *speaker) error {
	key, err := seal.ParseIdentity(r.Key)
	if err != nil {
		return err
	}
	w, err := workspace.OpenJobKey(ctx, e.DB, e.Now, key, r.Through, r.Member, &r.Job)
	if err != nil {
		return err
	}
	if r.Shared != "" {
		shared, err := seal.ParseIdentity(r.Shared)
		if err != nil {
			return err
		}
		w = w.WithShared(shared)
	}
	c := &running{job: r.Job, space: e.Space(w.Under(&r.Job, r.Owner)), private: r.Private, speaker: s}
	err = e.checkHere(ctx, c)
	c.say()
	return err
}

// speaker says things, from several goroutines.
type speaker struct {
	counts func() json.RawMessage // Engine.Counts

	mu  sync.Mutex
	enc *json.Encoder // guarded by mu
	at  time.Time     // guarded by mu; of the last progress
}

func (s *speaker) say(what *said) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.enc.Encode(what) // who does not listen any more ends this process
}

// say says how far the job is, where another process asked for it.
func (c *running) say() {
	if c.speaker != nil {
		now := c.now().Progress
		c.speaker.say(&said{Progress: &now})
	}
}

// progressEvery keeps what is said of progress few.
const progressEvery = 200 * time.Millisecond

func (s *speaker) progress(p *workspace.JobProgress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.at) >= progressEvery {
		s.at = now
		_ = s.enc.Encode(&said{Progress: p})
		s.sayCounts()
	}
}

// count says what was counted since it was last said.
func (s *speaker) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sayCounts()
}

// sayCounts is count for who holds mu.
func (s *speaker) sayCounts() {
	if s.counts == nil {
		return
	}
	if n := s.counts(); n != nil {
		_ = s.enc.Encode(&said{Counted: n})
	}
}

// watch names the files that are read, and says which may be.
func (c *running) watch(evidence string, part int) pipeline.Watch {
	return pipeline.Watch{
		Reading: func(artifact, path string, done bool) {
			f := &file{evidence, part, artifact, path}
			if done {
				c.speaker.say(&said{Done: f})
			} else {
				c.speaker.say(&said{Begun: f})
			}
		},
		Trust: func(artifact, path string) pipeline.Trust {
			for _, d := range c.private.Deaths {
				if d.Evidence == evidence && d.Part == part && d.Artifact == artifact && d.Path == path {
					if d.Count >= diesOf {
						return pipeline.LeftOut
					}
					return pipeline.Alone
				}
			}
			return pipeline.Trusted
		},
	}
}

// Child starts the program's own other side.
type Child func(ctx context.Context) *exec.Cmd
