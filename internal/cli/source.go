package cli

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/evidence/open"
	"github.com/amparo-project/amparo/internal/examine"
)

// explainSources says what each path was taken for and why, and what was
// looked for. Nothing is checked.
func (a *app) explainSources(paths []string, asJSON bool) error {
	var all []open.Seen
	nothing := false
	for _, p := range paths {
		r, err := open.Find(a.ctx, p, examine.WhatIsRead())
		if err != nil && !errors.Is(err, evidence.ErrNotEvidence) {
			return err
		}
		nothing = nothing || err != nil
		all = append(all, r.Seen...)
		if asJSON {
			continue
		}
		fmt.Fprintln(a.Out, a.Count("source.looked", int64(r.Folders), "Path", safe(p)))
		for _, s := range r.Seen {
			a.explainSeen(p, s)
		}
		if len(r.Candidates) == 0 {
			fmt.Fprintln(a.Out, "  "+a.Text("source.nothing"))
		}
	}
	if asJSON {
		if err := writeJSON(a.Out, all); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(a.Out, "\n"+a.Text("source.looked_for"))
		for _, kind := range []string{
			"ios-backup", "ios-filesystem", "sysdiagnose", "ios-crash-logs",
			"android-bugreport", "androidqf", "android-backup", "android-intrusion-logs", "loose",
		} {
			fmt.Fprintf(a.Out, "  %s: %s\n", a.Text("kind."+kind), a.Text("source.sign."+kind))
		}
	}
	if nothing {
		return exitError(exitFailed)
	}
	return nil
}

func (a *app) explainSeen(given string, s open.Seen) {
	where := s.Root
	if s.Path != given {
		where = strings.TrimPrefix(path.Join(filepath.ToSlash(strings.TrimPrefix(s.Path, given)), s.Root), "/")
	}
	if where == "" {
		where = "."
	}
	if s.Kind == "" {
		fmt.Fprintln(a.Out, "  "+a.Text("source.not_read", "Place", safe(where), "Reason", safe(s.Reason)))
		return
	}
	fmt.Fprintln(a.Out, "  "+a.Text("source.is", "Place", safe(where), "Kind", a.Or("kind.", s.Kind), "List", safe(strings.Join(s.Signs, ", "))))
}
