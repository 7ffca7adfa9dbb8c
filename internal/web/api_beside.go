package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

// InTwo names two checks of one phone, the earlier and the later.
type InTwo struct {
	InRun
	Other string `path:"other" maxLength:"20" doc:"the later check"`
}

// besideLine is a line of a comparison of records.
type besideLine struct {
	Difference *compare.Difference `json:"difference,omitempty"`
	Finding    *besideFinding      `json:"finding,omitempty"`
	Result     *compare.Result     `json:"result,omitempty"`
}

// besideFinding is the gravest finding that rests on a record.
type besideFinding struct {
	ID       string           `json:"id"`
	Severity finding.Severity `json:"severity"`
	Title    string           `json:"title"`
}

func (a *api) beside() {
	add(a, ScopeRead, http.MethodGet, "/runs/{run}/compare/{other}", "compare-runs", "Two checks of one phone: by what they were made, what they read, and which findings are new, gone or changed; records=true counts those too",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InTwo
			Records bool `query:"records"`
		},
		) (*compare.Result, error) {
			if err := callerOf(ctx).seeOther(in.Other); err != nil {
				return nil, err
			}
			var each func(*compare.Difference, *finding.Finding) error
			if in.Records {
				each = func(*compare.Difference, *finding.Finding) error { return nil }
			}
			return a.s.beside(ctx, sp, in.Run, in.Other, each)
		})
	hand(a, ScopeRead, http.MethodGet, "/runs/{run}/compare/{other}/records", "compare-records",
		"Each difference of the records of two checks of one phone, with the gravest finding that rests on it: lines of JSON, the last one the result", linesType,
		func(ctx context.Context, sp *examine.Space, in *InTwo) (string, func(io.Writer) error, error) {
			if err := callerOf(ctx).seeOther(in.Other); err != nil {
				return "", nil, err
			}
			// What is refused is told before the first byte.
			if _, err := sp.Compare(ctx, in.Run, in.Other, nil); err != nil {
				return "", nil, err
			}
			if err := fewRecords(ctx, sp, in.Run, in.Other); err != nil {
				return "", nil, err
			}
			return linesType, func(w io.Writer) error { return a.s.writeBeside(ctx, sp, in, w) }, nil
		})
}

// seeOther writes to the ledger that the caller looks at the other check too.
func (c *caller) seeOther(id string) error {
	r, err := c.space.Run(c.ctx(), id)
	if err != nil {
		return err
	}
	return c.viewAll(ofRuns([]workspace.Run{r}), apiPrefix+"/runs/{run}/compare/{other}")
}

func (s *Server) writeBeside(ctx context.Context, sp *examine.Space, in *InTwo, w io.Writer) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	res, err := s.beside(ctx, sp, in.Run, in.Other, func(d *compare.Difference, f *finding.Finding) error {
		line := besideLine{Difference: d}
		if f != nil {
			line.Finding = &besideFinding{f.ID, f.Severity, f.Title}
		}
		return enc.Encode(line)
	})
	if err != nil {
		return err
	}
	if err := enc.Encode(besideLine{Result: res}); err != nil {
		return err
	}
	return out.Flush()
}
