package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// evidenceCmd is "amparo evidence".
type evidenceCmd struct {
	Add  evidenceAddCmd  `cmd:"" help:"evidence_add"`
	List evidenceListCmd `cmd:"" help:"evidence_list"`
}

type evidenceAddCmd struct {
	Case   string `arg:"" help:"case_id"`
	Device string `arg:"" help:"evidence_device"`
	Path   string `arg:"" help:"evidence_path"`
	JSON   bool   `name:"json" help:"json"`
	anyFlags
}

// Run stores evidence.
func (c *evidenceAddCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		ev, err := a.receive(s, c.Case, c.Device, c.Path)
		if err != nil {
			return err
		}
		return a.made(c.JSON, ev, ev.ID)
	})
}

// receive stores what lies at path as evidence of a device. It goes on where
// it was interrupted.
func (a *app) receive(s works, caseID, device, path string) (workspace.Evidence, error) {
	p := a.newProgress()
	defer p.end()
	return s.Receive(a.ctx, caseID, device, path, p.storing)
}

type evidenceListCmd struct {
	Case   string `arg:"" help:"case_id"`
	Device string `help:"evidence_device" placeholder:"DEVICE"`
	State  string `help:"evidence_state" enum:"receiving,stored,erased," default:"" placeholder:"STATE"`
	listFlags
	anyFlags
}

var evidenceColumns = []string{"id", "device", "state", "files", "bytes", "received", "source"}

func (a *app) evidenceRow(e workspace.Evidence) []string {
	return []string{
		e.ID, e.Device, a.Text("ws.state." + e.State), a.Number(e.Files), a.Number(e.Bytes), day(e.Received), e.Private.Source,
	}
}

// Run lists evidence.
func (c *evidenceListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := s.EvidenceBy(a.ctx, c.Case, workspace.EvidenceFilter{Device: c.Device, State: c.State}, c.page())
		if err != nil {
			return err
		}
		return show(a, l, c.JSON, evidenceColumns, a.evidenceRow)
	})
}

// storing keeps what a check in a case needs.
type storing struct {
	*examine.Stored
	space *space
	dir   string // of all results, removed at the end
	next  int
	seen  *examine.Observations
}

// observer starts to gather for the next check. nil where nothing is stored.
func (t *storing) observer() func(string) pipeline.Observer {
	if t == nil {
		return nil
	}
	t.seen = &examine.Observations{}
	return t.seen.Observe
}

// errOutInCase refuses a result folder in clear beside the one in the vault.
var errOutInCase = errors.New("--case keeps the result in the vault: \"amparo run show RUN --out DIR\" writes it to a folder")

// inCase checks each path as evidence of a case: what is not stored yet is
// stored first, and all of it is read from the vault.
func (s *session) inCase() error {
	if s.cmd.Out != "" {
		return usageError{errOutInCase}
	}
	return s.cmd.with(s.app, func(sp *space) error {
		if len(s.cmd.Indicators) == 0 {
			s.indicators = sync.OnceValues(func() (*indicators, error) { return s.installed()(s.ctx, sp.Space) })
		}
		var err error
		if s.lures, err = luresOf(s.ctx, sp, s.cmd.Institutions); err != nil {
			return err
		}
		for _, path := range s.cmd.Paths {
			if err := s.checkStored(sp, path); err != nil {
				return err
			}
		}
		return s.verdict()
	})
}

func (s *session) checkStored(sp *space, path string) (err error) {
	ev, err := s.evidenceAt(sp, path)
	if err != nil {
		return err
	}
	stored, err := sp.Open(s.ctx, ev)
	if err != nil {
		return err
	}
	dir, err := sp.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s.total += len(stored.Found.Candidates)
	s.stored = &storing{Stored: stored, space: sp, dir: dir}
	return s.checkAll(stored.Found.Candidates)
}

// evidenceAt is the evidence that a path names: one that is stored, or a path
// of the file system, which is stored now.
func (s *session) evidenceAt(sp *space, path string) (workspace.Evidence, error) {
	if _, err := os.Lstat(path); err != nil && strings.HasPrefix(path, "E-") {
		ev, err := sp.Evidence(s.ctx, path)
		if err == nil && ev.Case != s.cmd.Case {
			err = fmt.Errorf("%w: evidence %s belongs to another case", workspace.ErrInvalid, path)
		}
		return ev, err
	}
	device := s.cmd.Device
	if device == "" {
		l, err := sp.Devices(s.ctx, s.cmd.Case, "", workspace.Page{Limit: 2})
		if err != nil {
			return workspace.Evidence{}, err
		}
		if len(l.Items) != 1 {
			return workspace.Evidence{}, usageError{errWhichDevice}
		}
		device = l.Items[0].ID
	}
	return s.receive(here{sp.Space}, s.cmd.Case, device, path)
}

var errWhichDevice = errors.New("give --device: the case does not have exactly one")

// newDir is the result folder of the next check.
func (t *storing) newDir() string {
	t.next++
	return filepath.Join(t.dir, fmt.Sprint(t.next))
}

// save stores a finished result folder and its run. The folder is removed.
func (t *storing) save(run *finding.Run, dir string) (string, error) {
	return t.Save(t.space.app.ctx, run, t.seen, dir)
}

const timeLayout = examine.TimeLayout
