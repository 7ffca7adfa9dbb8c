package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Page is a part of a list. Lists are in the order in which things came to
// be.
type Page struct {
	After string // the cursor that came with the page before; "": from the start
	Limit int    // 0: DefaultLimit
	Last  bool   // the other way round: what came last is first
}

// Bounds of a page.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// A List is one page. Next is the cursor of the next, "" at the end.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// filter gathers the conditions of a query.
type filter struct {
	where []string
	args  []any
}

func (f *filter) add(condition string, arg any) {
	f.args = append(f.args, arg)
	f.where = append(f.where, strings.ReplaceAll(condition, "$?", "$"+strconv.Itoa(len(f.args))))
}

// equal adds a condition unless the value is empty.
func (f *filter) equal(column, value string) {
	if value != "" {
		f.add(column+" = $?", value)
	}
}

// list runs a query whose first column is the number n that orders it.
func list[T any](ctx context.Context, w *Workspace, query string, f filter, p Page, column string,
	scan func(rows *sql.Rows) (n int64, item T, err error),
) (List[T], error) {
	out := List[T]{Items: []T{}}
	after, beyond, order := int64(math.MinInt64), " > $?", ""
	if p.Last {
		after, beyond, order = math.MaxInt64, " < $?", " DESC"
	}
	if p.After != "" {
		n, err := strconv.ParseInt(p.After, 10, 64)
		if err != nil {
			return out, fmt.Errorf("%w: cursor %q", ErrInvalid, p.After)
		}
		after = n
	}
	limit := min(p.Limit, MaxLimit)
	if limit <= 0 {
		limit = DefaultLimit
	}
	f.add(column+beyond, after)
	query += " WHERE " + strings.Join(f.where, " AND ") + " ORDER BY " + column + order + " LIMIT " + strconv.Itoa(limit+1)
	rows, err := w.db.Pool.QueryContext(ctx, query, f.args...)
	if err != nil {
		return out, w.fail("list", err)
	}
	defer rows.Close()
	var last int64
	for rows.Next() {
		n, item, err := scan(rows)
		if err != nil {
			return out, w.fail("list", err)
		}
		if len(out.Items) == limit {
			out.Next = strconv.FormatInt(last, 10)
			break
		}
		last, out.Items = n, append(out.Items, item)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return out, w.fail("list", err)
	}
	return out, nil
}
