package timeline

import (
	"io"
	"slices"
	"strings"
)

// A Part is the index of one check with its file.
type Part struct {
	*Index
	File io.ReaderAt
}

// Parts are the timelines of several checks as one: those of a phone. An event
// that two pieces of evidence hold is there twice.
type Parts []Part

// Len is the number of events.
func (p Parts) Len() (n int64) {
	for _, x := range p {
		n += x.Len()
	}
	return n
}

// Span returns the times of the first and the last event, in milliseconds;
// where there is none zero.
func (p Parts) Span() (from, to int64) {
	any := false
	for _, x := range p {
		if x.Len() == 0 {
			continue
		}
		a, b := x.Span()
		if !any {
			from, to = a, b
		}
		from, to, any = min(from, a), max(to, b), true
	}
	return from, to
}

// Count is Index.Count over all.
func (p Parts) Count(from, to int64, n int) ([]Lane, error) {
	var out []Lane
	for i, x := range p {
		lanes, err := x.Count(x.File, from, to, n)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out = lanes
			continue
		}
		for _, l := range lanes {
			at, found := slices.BinarySearchFunc(out, l.Artifact, func(o Lane, name string) int { return strings.Compare(o.Artifact, name) })
			if !found {
				out = slices.Insert(out, at, l)
				continue
			}
			out[at].add(&l)
		}
	}
	return out, nil
}

// add adds the counts of a lane that was cut alike.
func (l *Lane) add(o *Lane) {
	l.Total += o.Total
	for i, n := range o.Counts {
		l.Counts[i] += n
	}
	if o.Recovered == nil {
		return
	}
	if l.Recovered == nil {
		l.Recovered = make([]int32, len(o.Recovered))
	}
	for i, n := range o.Recovered {
		l.Recovered[i] += n
	}
}

// A PartRow is an event of one of several timelines.
type PartRow struct {
	Part int
	Row
}

// Rows is Index.Rows over all, in the order of time. after has a number for
// each part, or is empty; next is that of the rows that follow, nil at the end.
func (p Parts) Rows(from, to int64, artifact string, after []int64, n int) (rows []PartRow, next []int64, err error) {
	start := make([]int64, len(p))
	copy(start, after)
	lists := make([][]Row, len(p))
	more := false
	for i, x := range p {
		var others bool
		if lists[i], others, err = x.Rows(x.File, from, to, artifact, start[i], n); err != nil {
			return nil, nil, err
		}
		more = more || others
	}
	for len(rows) < n {
		first := -1
		for i, list := range lists {
			if len(list) > 0 && (first < 0 || list[0].At < lists[first][0].At) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		r := lists[first][0]
		rows, lists[first] = append(rows, PartRow{first, r}), lists[first][1:]
		start[first] = r.Number + 1
	}
	for _, list := range lists {
		more = more || len(list) > 0
	}
	if !more {
		return rows, nil, nil
	}
	return rows, start, nil
}
