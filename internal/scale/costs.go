// Package scale keeps what make bench-scale measured, reckons from it what many
// phones would need, and writes both into docs/scale.md. It knows nothing of the
// rest of the program: measurements tell it numbers.
package scale

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Costs is what was measured, a part at a time.
type Costs struct {
	Checks []Checks `json:"checks,omitempty"`
	Stored *Stored  `json:"stored,omitempty"`
	Hunts  []Hunt   `json:"hunts,omitempty"`
	Jobs   []Job    `json:"jobs,omitempty"`
	Pages  []Pages  `json:"pages,omitempty"`
	Taken  []Taken  `json:"taken,omitempty"`
}

// Taken says when, where and how a part was measured.
type Taken struct {
	Part    string `json:"part"`
	At      string `json:"at"` // YYYY-MM-DD hh:mm, UTC
	Command string `json:"command"`
	Machine string `json:"machine"`
	Load    string `json:"load"` // of the machine before it began, over one minute
}

// Checks is how many checks some worker processes end in an hour.
type Checks struct {
	Cores   int     `json:"cores"` // of workers, database and store together
	Workers int     `json:"workers"`
	Checks  int     `json:"checks"` // that the rate was counted over
	PerHour float64 `json:"per_hour"`
	Idle    float64 `json:"idle_seconds"` // of a worker between two checks
	// Processor time of one check, in seconds.
	Worker   float64 `json:"worker_seconds"`
	Database float64 `json:"database_seconds"`
	Store    float64 `json:"store_seconds"`
}

// Stored is what evidence and a check of it take, in bytes.
type Stored struct {
	Evidence int64 `json:"evidence"`        // of one phone, as it came
	Vault    int64 `json:"vault"`           // of it in the store
	Result   int64 `json:"result"`          // of a check, in the store
	Database int64 `json:"database"`        // of a check, in the database
	Records  int64 `json:"records"`         // of a check
	Events   int64 `json:"events"`          // of a check
	Requests int64 `json:"requests"`        // objects that a check writes
	Phones   int   `json:"phones_measured"` // that the others are a mean of
}

// Hunt is one set of new indicators against what was observed on phones.
type Hunt struct {
	Engine     string  `json:"engine"`
	Devices    int     `json:"devices"`
	Values     int64   `json:"values"` // distinct, of each phone, over all phones
	Indicators int     `json:"indicators"`
	Index      float64 `json:"index_seconds"` // of writing the values of all phones
	Seconds    float64 `json:"seconds"`       // of the hunt
	Database   int64   `json:"database"`      // bytes, of all that is in it
}

// Job is what a job costs beside its work.
type Job struct {
	Engine string  `json:"engine"`
	Millis float64 `json:"ms"`
}

// Pages is how long people wait who work at once.
type Pages struct {
	Engine    string  `json:"engine"`
	People    int     `json:"people"`
	Devices   int     `json:"devices"`
	PerSecond float64 `json:"requests_per_second"`
	Median    float64 `json:"median_ms"`
	P95       float64 `json:"p95_ms"`
	Slowest   string  `json:"slowest"` // the page whose 95th of a hundred is the highest
	SlowP95   float64 `json:"slowest_p95_ms"`
	Processor float64 `json:"processor_ms"` // of a request, with those who ask
	Refused   int     `json:"refused"`
}

// prefix begins a line of a test's output that holds costs.
const prefix = "scale: "

// Print writes costs as a line that Read finds among other output.
func Print(w io.Writer, c Costs) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n%s%s\n", prefix, b)
	return err
}

// maxLine bounds a line of output, in bytes.
const maxLine = 1 << 20

// Read gathers the costs in the output of tests and benchmarks: the lines of
// Print, and those of BenchmarkJob.
func Read(r io.Reader) (c Costs, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, prefix); ok {
			var part Costs
			dec := json.NewDecoder(strings.NewReader(text))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&part); err != nil {
				return c, fmt.Errorf("measured: %w", err)
			}
			c.Add(part)
		}
		if j, ok := benchmark(line); ok {
			c.Add(Costs{Jobs: []Job{j}})
		}
	}
	return c, lines.Err()
}

// benchmark reads "BenchmarkJob/sqlite-2   200   2812345 ns/op".
func benchmark(line string) (j Job, ok bool) {
	name, ok := strings.CutPrefix(line, "BenchmarkJob/")
	fields := strings.Fields(name)
	if !ok || len(fields) < 4 || fields[3] != "ns/op" {
		return j, false
	}
	ns, err := strconv.ParseFloat(fields[2], 64)
	if err != nil {
		return j, false
	}
	j.Engine, _, _ = strings.Cut(fields[0], "-")
	j.Millis = ns / 1e6
	return j, true
}

// Add takes measurements in. One of the same thing takes the place of an older.
func (c *Costs) Add(o Costs) {
	c.Checks = merge(c.Checks, o.Checks, func(a, b Checks) bool { return a.Cores == b.Cores && a.Workers == b.Workers })
	c.Hunts = merge(c.Hunts, o.Hunts, func(a, b Hunt) bool { return a.Engine == b.Engine && a.Devices == b.Devices })
	c.Jobs = merge(c.Jobs, o.Jobs, func(a, b Job) bool { return a.Engine == b.Engine })
	c.Pages = merge(c.Pages, o.Pages, func(a, b Pages) bool { return a.Engine == b.Engine && a.People == b.People })
	c.Taken = merge(c.Taken, o.Taken, func(a, b Taken) bool { return a.Part == b.Part })
	if o.Stored != nil {
		c.Stored = o.Stored
	}
}

func merge[T any](list, more []T, same func(a, b T) bool) []T {
	for _, x := range more {
		if i := slices.IndexFunc(list, func(y T) bool { return same(x, y) }); i >= 0 {
			list[i] = x
		} else {
			list = append(list, x)
		}
	}
	return list
}

// Load reads a file of costs; one that is not there holds none.
func Load(name string) (c Costs, err error) {
	b, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Save writes a file of costs.
func (c Costs) Save(name string) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644) //nolint:gosec // figures for everybody
}
