package examine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// ErrOtherPhone says that two checks are not of one phone. It wraps
// workspace.ErrInvalid.
var ErrOtherPhone = fmt.Errorf("%w: the checks are of two phones", workspace.ErrInvalid)

// Compare sets two checks of one phone side by side, A before B. Records are read
// where each is not nil: it is called with every difference, and the gravest
// finding that rests on either record, nil where none does. Errors wrap
// ErrOtherPhone, or workspace.ErrErased.
func (s *Space) Compare(ctx context.Context, a, b string, each func(*compare.Difference, *finding.Finding) error) (*compare.Result, error) {
	var sides [2]compare.Side
	var devices [2]string
	for i, id := range []string{a, b} {
		r, err := s.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		if r.State == workspace.Erased {
			return nil, fmt.Errorf("run %s: %w", id, workspace.ErrErased)
		}
		ev, err := s.Evidence(ctx, r.Evidence)
		if err != nil {
			return nil, err
		}
		if sides[i], err = s.Side(ctx, &r); err != nil {
			return nil, err
		}
		devices[i] = ev.Device
	}
	if devices[0] != devices[1] {
		return nil, ErrOtherPhone
	}
	if each == nil {
		return compare.Beside(sides[0], sides[1])
	}
	found, err := FoundIn(sides)
	if err != nil {
		return nil, err
	}
	return compare.Compare(ctx, sides[0], sides[1], func(d *compare.Difference) error { return each(d, found(d)) })
}

// Side opens a check to be compared.
func (s *Space) Side(ctx context.Context, r *workspace.Run) (compare.Side, error) {
	b, err := s.OpenRun(ctx, r)
	if err != nil {
		return compare.Side{}, err
	}
	side, err := SideOf(b.FS(ctx), r.ID)
	side.Parsers, side.Check = r.Summary.Parsers, compare.Check{ID: r.ID, Evidence: r.Evidence, Ended: r.Ended}
	return side, err
}

// SideOf is a result folder to be compared; dir is what errors call it.
func SideOf(files fs.FS, dir string) (compare.Side, error) {
	run, err := report.LoadRun(files, dir)
	return compare.Side{Files: files, Run: run, Findings: func(fn func(*finding.Finding) error) error {
		if err := report.EachFindingFS(files, dir, fn); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}}, err
}

// FoundIn returns the gravest finding that rests on a record of a difference, the
// later before the earlier. Findings are known by their record, as it stands in
// records too.
func FoundIn(sides [2]compare.Side) (func(*compare.Difference) *finding.Finding, error) {
	var by [2]map[string]*finding.Finding
	for i := range sides {
		by[i] = map[string]*finding.Finding{}
		err := sides[i].Findings(func(f *finding.Finding) error {
			if was := by[i][string(f.Record)]; was == nil || f.Severity > was.Severity {
				by[i][string(f.Record)] = &finding.Finding{ID: f.ID, Severity: f.Severity, Title: f.Title}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return func(d *compare.Difference) *finding.Finding {
		if f := by[1][string(d.B)]; f != nil {
			return f
		}
		return by[0][string(d.A)]
	}, nil
}
