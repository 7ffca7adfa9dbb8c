package casework

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/workspace"
)

// ErrNotConfirmed says that a finding was not confirmed.
var ErrNotConfirmed = errors.New("a person confirms a finding before it becomes an event: amparo finding confirm")

// Events makes events of confirmed findings: one of all that are named; of all
// of the case, one of those about each record that have none yet. They are not
// written down yet. Each run that is read for it is recorded as viewed.
func Events(ctx context.Context, sp *examine.Space, caseID string, names []string) ([]*account.Event, error) {
	confirmed, err := confirmedFindings(ctx, sp, caseID)
	if err != nil {
		return nil, err
	}
	know, err := lure.Builtin()
	if err != nil {
		return nil, err
	}
	country := func(id string) string {
		if in := know.Institution(id); in != nil {
			return in.Country
		}
		return ""
	}
	if len(names) > 0 {
		var list []book.Confirmed
		for _, name := range names {
			i := slices.IndexFunc(confirmed, func(c book.Confirmed) bool { return c.Finding.ID == name })
			if i < 0 {
				return nil, fmt.Errorf("finding %s: %w", name, ErrNotConfirmed)
			}
			list = append(list, confirmed[i])
		}
		return []*account.Event{book.EventOf(list, country)}, nil
	}
	b, err := book.Load(ctx, sp.Workspace, caseID)
	if err != nil {
		return nil, err
	}
	var out []*account.Event
	for _, group := range book.ByRecord(confirmed) {
		if !b.Tells(group) {
			out = append(out, book.EventOf(group, country))
		}
	}
	return out, nil
}

// confirmedFindings reads the confirmed findings of a case, whole, from the
// results in the vault.
func confirmedFindings(ctx context.Context, sp *examine.Space, caseID string) ([]book.Confirmed, error) {
	wanted := map[string]map[string]bool{} // by run
	for p := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := sp.Findings(ctx, workspace.FindingFilter{Case: caseID, State: workspace.Confirmed}, p)
		if err != nil {
			return nil, err
		}
		for _, f := range l.Items {
			if wanted[f.Run] == nil {
				wanted[f.Run] = map[string]bool{}
			}
			wanted[f.Run][f.ID] = true
		}
		if p.After = l.Next; p.After == "" {
			break
		}
	}
	var out []book.Confirmed
	runs, err := sp.Runs(ctx, workspace.RunFilter{Case: caseID}, workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	for _, r := range runs.Items {
		if len(wanted[r.ID]) == 0 || r.State != workspace.Stored {
			continue
		}
		found, err := findingsOf(ctx, sp, &r, wanted[r.ID])
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// maxFindingLine bounds a finding of a result, in bytes.
const maxFindingLine = 16 * limit.MiB

// findingsOf reads findings of a run whose names are wanted, and whose they are.
func findingsOf(ctx context.Context, sp *examine.Space, r *workspace.Run, wanted map[string]bool) ([]book.Confirmed, error) {
	ev, err := sp.Evidence(ctx, r.Evidence)
	if err != nil {
		return nil, err
	}
	devices, err := sp.Devices(ctx, r.Case, "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	person := ""
	for _, d := range devices.Items {
		if d.ID == ev.Device {
			person = d.Person
		}
	}
	b, err := sp.OpenRun(ctx, r)
	if err != nil {
		return nil, err
	}
	f, err := b.OpenFile(ctx, "findings.jsonl")
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	defer f.Close()
	var out []book.Confirmed
	lines := bufio.NewScanner(io.NewSectionReader(f, 0, f.Size()))
	lines.Buffer(make([]byte, 0, 64*limit.KiB), maxFindingLine)
	for lines.Scan() {
		one := new(finding.Finding)
		if err := json.Unmarshal(lines.Bytes(), one); err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		if wanted[one.ID] {
			out = append(out, book.Confirmed{Finding: one, Run: r.ID, Evidence: ev.ID, Person: person, Device: ev.Device})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return out, sp.Viewed(ctx, ev.ID, r.ID)
}
