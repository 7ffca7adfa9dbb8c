package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
)

// present shows the result of one check and writes its report.
func (s *session) present(run *finding.Run, found *shownFindings, dir string) error {
	for _, sev := range finding.Severities {
		if run.Totals.BySeverity[sev.String()] > 0 {
			s.worst = max(s.worst, sev)
		}
	}
	if dir != "" {
		if err := s.writeReport(dir); err != nil {
			return err
		}
	}
	if s.stored != nil {
		stored, err := s.stored.save(run, dir)
		if err != nil {
			return err
		}
		return s.presentStored(run, found, stored, s.stored.Evidence.ID)
	}
	return s.show(run, found, dir, "", "")
}

// presentStored shows the result of a check that a workspace keeps.
func (s *session) presentStored(run *finding.Run, found *shownFindings, stored, evidence string) error {
	for _, sev := range finding.Severities {
		if run.Totals.BySeverity[sev.String()] > 0 {
			s.worst = max(s.worst, sev)
		}
	}
	return s.show(run, found, "", stored, evidence)
}

func (s *session) show(run *finding.Run, found *shownFindings, dir, stored, evidence string) error {
	if s.cmd.JSON {
		return writeJSON(s.Out, struct {
			ID       string            `json:"id,omitempty"` // in the workspace
			Run      *finding.Run      `json:"run"`
			Findings []finding.Finding `json:"findings"`
			// Cut says that there are more findings than are printed: the result
			// folder has all, and so has "finding list".
			Cut bool `json:"findings_cut,omitempty"`
		}{stored, run, found.list, found.cut})
	}
	if s.several() {
		s.shown++
		place := strings.TrimSuffix(run.Evidence.Path+"/"+run.Evidence.Root, "/")
		fmt.Fprintf(s.Out, "%s\n\n", s.Text("cli.evidence", "Index", s.shown, "Total", s.total, "Path", safe(place)))
	}
	if len(run.Indicators) == 0 {
		fmt.Fprintf(s.Err, "amparo: %s\n", s.Text("cli.no_indicators"))
	}
	err := report.Summary(s.Out, run, found.groups.Groups(), s.Printer, report.SummaryOptions{Width: s.OutWidth, Dir: dir})
	if stored != "" {
		fmt.Fprintln(s.Out, s.Text("ws.run_stored", "Run", stored, "Evidence", evidence))
	}
	return err
}

// writeReport makes report.html of a finished result folder.
func (s *session) writeReport(dir string) error {
	res, err := report.Load(dir)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "report.html"), func(w io.Writer) error {
		return report.HTML(w, res, report.Options{Lang: s.Lang()})
	})
}

// writeFile writes a file that only its owner can read, under its name only
// once it is whole.
func writeFile(name string, fn func(io.Writer) error) (err error) {
	part := name + ".partial"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = fn(f); err == nil {
		err = f.Close()
	} else {
		f.Close()
	}
	if err != nil {
		_ = os.Remove(part) // what is left is named .partial
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(part, name)
}

// resultDir is where the result of one evidence goes: --out itself, or a
// folder in it named after the evidence where there are several.
func (s *session) resultDir(c evidence.Candidate) string {
	if s.stored != nil {
		return s.stored.newDir()
	}
	if !s.several() || s.cmd.Out == "" {
		return s.cmd.Out
	}
	base := folderName(c.Name())
	name := base
	for i := 2; s.names[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	s.names[strings.ToLower(name)] = true
	return filepath.Join(s.cmd.Out, name)
}

// folderName makes a name that every system takes of a name from evidence.
func folderName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, s)
	name = strings.Trim(name, ".")
	if len(name) > 80 {
		name = name[:80]
	}
	if name == "" {
		return "evidence"
	}
	return name
}
