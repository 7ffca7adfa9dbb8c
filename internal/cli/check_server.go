package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Bounds of what a server sends of a result, in bytes.
const (
	maxRunFile     = 256 * limit.MiB
	maxFindingLine = 16 * limit.MiB
)

// errJob says that a job at a server did not end well.
var errJob = errors.New("the server did not check it")

// far checks each path as evidence of a case at a server, with what is
// installed there.
func (c *checkCmd) far(a *app) error {
	if c.Out != "" {
		return usageError{errOutInCase}
	}
	if len(c.Indicators)+len(c.Rules)+len(c.Institutions) > 0 || c.Since != "" || c.Until != "" || c.NoRecovery || c.Identity != "" {
		return usageError{fmt.Errorf("--indicators, --rules, --institutions, --since, --until, --no-recovery, --identity: %w", errNotHere)}
	}
	far, err := c.dial(a)
	if err != nil {
		return err
	}
	password := ""
	if c.PasswordFile != "" {
		if password, err = passwordFrom(c.PasswordFile); err != nil {
			return err
		}
	}
	s := session{app: a, cmd: c, total: len(c.Paths), names: map[string]bool{}}
	for _, path := range c.Paths {
		if err := s.checkFar(far, path, password); err != nil {
			return err
		}
	}
	return s.verdict()
}

func (s *session) checkFar(far *client.Client, path, password string) error {
	ev, err := s.evidenceFar(far, path)
	if err != nil {
		return err
	}
	j, err := far.Check(s.ctx, ev.ID, password)
	if err != nil {
		return err
	}
	p := s.newProgress()
	for j.Ended == "" && err == nil {
		if j, err = far.WaitJob(s.ctx, j.ID, 2); err == nil {
			p.storing(j.Progress.Files, j.Progress.Bytes)
		}
	}
	p.end()
	switch {
	case err != nil:
		return err
	case j.State != workspace.JobDone:
		return fmt.Errorf("%w: job %s: %s", errJob, j.ID, s.whyNot(&j))
	}
	s.total += len(j.Runs) - 1
	for _, id := range j.Runs {
		if err := s.presentFar(far, id, ev.ID); err != nil {
			return err
		}
	}
	return nil
}

// whyNot is why a job did not end well, in words: the server names a message.
func (s *session) whyNot(j *workspace.Job) string {
	if j.Error == "" {
		return s.Text("ws.state." + j.State)
	}
	return s.Or("", j.Error)
}

// evidenceFar is the evidence that a path names: one that is stored at the
// server, or a path of this machine, which is sent now.
func (s *session) evidenceFar(far *client.Client, path string) (workspace.Evidence, error) {
	if _, err := os.Lstat(path); err != nil && strings.HasPrefix(path, "E-") {
		ev, err := far.Evidence(s.ctx, path)
		if err == nil && ev.Case != s.cmd.Case {
			err = fmt.Errorf("%w: evidence %s belongs to another case", workspace.ErrInvalid, path)
		}
		return ev, err
	}
	device := s.cmd.Device
	if device == "" {
		l, err := far.Devices(s.ctx, s.cmd.Case, "", workspace.Page{Limit: 2})
		if err != nil {
			return workspace.Evidence{}, err
		}
		if len(l.Items) != 1 {
			return workspace.Evidence{}, usageError{errWhichDevice}
		}
		device = l.Items[0].ID
	}
	return s.receive(far, s.cmd.Case, device, path)
}

// presentFar shows the result of a check as one of this machine is shown.
func (s *session) presentFar(far *client.Client, id, evidence string) error {
	var (
		run   *finding.Run
		found shownFindings
	)
	err := far.Files(s.ctx, id, func(name string, r io.Reader) error {
		switch name {
		case "run.json":
			run = &finding.Run{}
			return json.NewDecoder(io.LimitReader(r, maxRunFile)).Decode(run)
		case "findings.jsonl":
			lines := bufio.NewScanner(r)
			lines.Buffer(make([]byte, 0, 64*limit.KiB), maxFindingLine)
			for lines.Scan() {
				if err := found.add(lines.Bytes()); err != nil {
					return err
				}
			}
			return lines.Err()
		}
		return nil
	})
	if err == nil && run == nil {
		err = client.ErrAnswer
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", id, err)
	}
	return s.presentStored(run, &found, id, evidence)
}
