package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/finding"
)

// maxDifference bounds a line of a comparison, in bytes: two records and what
// remains of one.
const maxDifference = 200 << 20

// CompareRuns sets two checks of one phone side by side, and calls each with
// every difference of their records and the finding that rests on it.
func (c *Client) CompareRuns(ctx context.Context, a, b string, each func(*compare.Difference, *finding.Finding) error) (res *compare.Result, err error) {
	q := call{method: http.MethodGet, path: "/runs/" + part(a) + "/compare/" + part(b) + "/records", slow: true}
	err = c.do(ctx, q, func(r io.Reader, kind string) error {
		if kind != "application/x-ndjson" {
			return ErrAnswer
		}
		lines := bufio.NewScanner(io.LimitReader(r, maxUnpacked))
		lines.Buffer(nil, maxDifference)
		for lines.Scan() {
			var line struct {
				Difference *compare.Difference `json:"difference"`
				Finding    *finding.Finding    `json:"finding"`
				Result     *compare.Result     `json:"result"`
			}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				return fmt.Errorf("%w: %w", ErrAnswer, err)
			}
			switch {
			case line.Result != nil:
				res = line.Result
				return nil
			case line.Difference == nil:
				return ErrAnswer
			}
			if err := each(line.Difference, line.Finding); err != nil {
				return &local{err}
			}
		}
		if err := lines.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%w: it broke off", ErrAnswer)
	})
	return res, err
}
