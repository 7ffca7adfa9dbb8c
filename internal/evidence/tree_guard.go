package evidence

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/amparo-project/amparo/internal/limit"
)

// guard reads what something packed expands to, and ends with limit.ErrLimit
// where that passes its bounds. Sizes in headers are never trusted for that.
type guard struct {
	r      io.Reader
	name   string // for the error
	max    int64  // bytes
	packed func() int64
	bounds bounds
	n      int64
}

func (g *guard) Read(p []byte) (int, error) {
	if room := g.max - g.n; int64(len(p)) > room+1 {
		p = p[:room+1] // one more, to tell an end from a bound
	}
	n, err := g.r.Read(p)
	g.n += int64(n)
	if g.n > g.max {
		return n - int(g.n-g.max), fmt.Errorf("%s: %w: it expands to more than %d bytes", g.name, limit.ErrLimit, g.max)
	}
	if g.n > g.bounds.ratioFrom && g.n/max(g.packed(), 1) > g.bounds.ratio {
		return n, fmt.Errorf("%s: %w: it expands to more than %d times its size, as only a decompression bomb does", g.name, limit.ErrLimit, g.bounds.ratio)
	}
	return n, err
}

// counter counts what is read through it. A decompressor may read in a
// goroutine of its own.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
