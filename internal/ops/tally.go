package ops

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Operations on a store, how they end, and where bytes go: what is told is
// there from the first moment, at 0, so that the first error is a rise.
var (
	operations = []string{"write", "write given up", "open", "read", "delete"}
	results    = []string{"ok", "missing", "error"}
	directions = []string{"read", "written"}
	waits      = []float64{.001, .01, .05, .1, .5, 1, 5, 30, 120} // seconds
)

// tally counts what goes to a store and comes from it, in this process and in
// those that read evidence for it: they send theirs.
type tally struct {
	seconds, moved *prometheus.Desc

	mu  sync.Mutex
	all counts // guarded by mu
}

// counts are what one process sends to another.
type counts struct {
	Operations []series  `json:"operations"` // by operations, then results
	Bytes      []float64 `json:"bytes"`      // by directions
}

// series is a histogram: buckets that each count what is above the one before.
type series struct {
	Sum     float64  `json:"sum,omitempty"`
	Buckets []uint64 `json:"buckets,omitempty"` // one more than waits, for what took longer; nil: nothing was counted
}

func newCounts() counts {
	return counts{make([]series, len(operations)*len(results)), make([]float64, len(directions))}
}

func newTally() *tally {
	return &tally{
		seconds: prometheus.NewDesc("amparo_vault_operation_seconds", "Time of an operation on the store of the vault.", []string{"operation", "result"}, nil),
		moved:   prometheus.NewDesc("amparo_vault_bytes_total", "Encrypted bytes that went to and came from the store of the vault.", []string{"direction"}, nil),
		all:     newCounts(),
	}
}

func (t *tally) did(operation, result string, took time.Duration) {
	s := took.Seconds()
	bucket, _ := slices.BinarySearch(waits, s)
	t.mu.Lock()
	defer t.mu.Unlock()
	one := &t.all.Operations[slices.Index(operations, operation)*len(results)+slices.Index(results, result)]
	if one.Buckets == nil {
		one.Buckets = make([]uint64, len(waits)+1)
	}
	one.Sum += s
	one.Buckets[bucket]++
}

func (t *tally) carried(direction string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.Bytes[slices.Index(directions, direction)] += float64(n)
}

// Counts returns what was counted of the store since it was last called, for a
// process that tells of it; nil where nothing was.
func (w *Watch) Counts() json.RawMessage {
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	c := &w.vault.all
	if !slices.ContainsFunc(c.Operations, func(s series) bool { return s.Buckets != nil }) && !slices.ContainsFunc(c.Bytes, func(n float64) bool { return n > 0 }) {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil // of numbers there is no error
	}
	*c = newCounts()
	return text
}

// Counted adds what another process counted. What is not of that form is left
// out: evidence may have taken hold of that process.
func (w *Watch) Counted(text json.RawMessage) {
	var c counts
	if json.Unmarshal(text, &c) != nil || !c.valid() {
		return
	}
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	for i, from := range c.Operations {
		if from.Buckets == nil {
			continue
		}
		to := &w.vault.all.Operations[i]
		if to.Buckets == nil {
			to.Buckets = make([]uint64, len(waits)+1)
		}
		to.Sum += from.Sum
		for k, n := range from.Buckets {
			to.Buckets[k] += n
		}
	}
	for i, n := range c.Bytes {
		w.vault.all.Bytes[i] += n
	}
}

func (c *counts) valid() bool {
	return len(c.Operations) == len(operations)*len(results) && len(c.Bytes) == len(directions) &&
		!slices.ContainsFunc(c.Operations, func(s series) bool {
			return s.Sum < 0 || s.Buckets != nil && len(s.Buckets) != len(waits)+1
		}) && !slices.ContainsFunc(c.Bytes, func(n float64) bool { return n < 0 })
}

// Describe implements prometheus.Collector.
func (t *tally) Describe(ch chan<- *prometheus.Desc) {
	ch <- t.seconds
	ch <- t.moved
}

// Collect implements prometheus.Collector.
func (t *tally) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.all.Operations {
		s := &t.all.Operations[i]
		var n uint64
		below := make(map[float64]uint64, len(waits))
		for k, wait := range waits {
			if s.Buckets != nil {
				n += s.Buckets[k]
			}
			below[wait] = n
		}
		if s.Buckets != nil {
			n += s.Buckets[len(waits)]
		}
		ch <- prometheus.MustNewConstHistogram(t.seconds, n, s.Sum, below, operations[i/len(results)], results[i%len(results)])
	}
	for i, n := range t.all.Bytes {
		ch <- prometheus.MustNewConstMetric(t.moved, prometheus.CounterValue, n, directions[i])
	}
}
