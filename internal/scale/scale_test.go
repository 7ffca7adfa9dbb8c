package scale_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/scale"
)

// output is what parts print, among other things.
const output = `goos: linux
BenchmarkJob/sqlite-2         	     200	   2800000 ns/op
BenchmarkJob/postgres-2       	     200	   5000000 ns/op
BenchmarkOther-2              	     200	   5000000 ns/op

scale: {"checks":[{"cores":1,"workers":1,"checks":22,"per_hour":1000,"worker_seconds":2.5,"database_seconds":0.3,"store_seconds":0.2}]}
scale: {"checks":[{"cores":2,"workers":2,"checks":20,"per_hour":1800,"worker_seconds":2.4,"database_seconds":0.4,"store_seconds":0.2}]}
scale: {"stored":{"evidence":40000000,"vault":20000000,"result":10000000,"database":500000,"records":40000,"events":50000,"requests":4,"phones_measured":8}}
scale: {"hunts":[{"engine":"sqlite","devices":1000,"values":4000000,"indicators":10000,"index_seconds":20,"seconds":0.4,"database":60000000}]}
scale: {"hunts":[{"engine":"postgres","devices":1000,"values":4000000,"indicators":10000,"index_seconds":20,"seconds":0.5,"database":60000000}]}
scale: {"pages":[{"engine":"postgres","people":100,"devices":1000,"requests_per_second":45,"median_ms":5,"p95_ms":40,"slowest":"/x","slowest_p95_ms":90,"processor_ms":10,"refused":0}]}
PASS
`

func measured(t *testing.T) scale.Costs {
	t.Helper()
	c, err := scale.Read(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRead(t *testing.T) {
	t.Parallel()
	c := measured(t)
	if len(c.Checks) != 2 || len(c.Hunts) != 2 || len(c.Jobs) != 2 || len(c.Pages) != 1 || c.Stored == nil || c.Jobs[1] != (scale.Job{Engine: "postgres", Millis: 5}) {
		t.Errorf("%+v", c)
	}
	// What is measured again takes the place of what was.
	again, err := scale.Read(strings.NewReader("BenchmarkJob/sqlite-8  9  1000000 ns/op\nscale: {\"hunts\":[{\"engine\":\"sqlite\",\"devices\":1000,\"seconds\":9}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c.Add(again)
	if len(c.Jobs) != 2 || c.Jobs[0].Millis != 1 || len(c.Hunts) != 2 || c.Hunts[0].Seconds != 9 {
		t.Errorf("%+v", c)
	}
	name := filepath.Join(t.TempDir(), "scale.json")
	if err := c.Save(name); err != nil {
		t.Fatal(err)
	}
	back, err := scale.Load(name)
	if err != nil || back.Hunts[0] != c.Hunts[0] || *back.Stored != *c.Stored {
		t.Errorf("%+v, %v", back, err)
	}
	if _, err := scale.Read(strings.NewReader(`scale: {"checks":[{"speed":1}]}`)); err == nil {
		t.Error("a figure that is not known is taken")
	}
	if none, err := scale.Load(filepath.Join(t.TempDir(), "none.json")); err != nil || len(none.Checks) > 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestEfficiency(t *testing.T) {
	t.Parallel()
	c := measured(t)
	for _, x := range []struct {
		workers, cores int
		perHour, want  float64
	}{{1, 1, 1000, 1}, {2, 2, 1800, 0.9}, {4, 2, 1800, 0.9}, {1, 2, 1100, 1.1}, {4, 8, 3400, 0.85}} {
		if got := c.Efficiency(scale.Checks{Workers: x.workers, Cores: x.cores, PerHour: x.perHour}); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%+v: %g", x, got)
		}
	}
	if (scale.Costs{}).Efficiency(c.Checks[1]) != 0 {
		t.Error("an efficiency without what it is of")
	}
}

func lab() scale.Input {
	return scale.Input{
		Lab: scale.Lab{
			Devices: 100_000, Megabytes: 2000, Records: 400_000, ChecksPerYear: 4, RecheckHours: 100, HuntsPerDay: 24, HuntMinutes: 1,
			People: 100, Pause: 2, Busy: 0.5, Copies: 2, KeptResults: 2,
		},
		Prices: scale.Prices{Currency: "USD", Core: 0.04, Store: 0.02, Disk: 0.1, Put: 0.005},
	}
}

// TestReckon goes through a lab whose figures can be checked in one's head: a
// check takes 3 s of the processor for 40,000 records.
func TestReckon(t *testing.T) {
	t.Parallel()
	p, err := scale.Reckon(measured(t), lab())
	if err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string][2]float64{
		"seconds of a check of ten times the records":     {p.CheckSeconds, 30},
		"cores over the year: 12,000,000 s of 31,536,000": {p.CheckCores, 12.0 / 31.536},
		"cores to check all in 100 hours: 3,000,000 s":    {p.RecheckCores, 3_000_000.0 / 360_000},
		"of these for the database, 0.4 of 3":             {p.DatabaseCores, 3_000_000.0 / 360_000 * 0.4 / 3},
		"seconds of a hunt in a hundred times the phones": {p.HuntSeconds, 50},
		"processes for it":                                      {float64(p.HuntProcesses), 1},
		"cores of 24 hunts a day":                               {p.HuntCores, 50.0 * 24 / 86400},
		"cores of 50 pages a second at 10 ms":                   {p.PageCores, 0.5},
		"GB in the bucket: half of 2 GB and twice 100 MB, each": {p.Store, 100_000 * 1.2},
		"GB in the database: twice 5 MB, each":                  {p.Disk, 1000},
		"jobs a second, of 100,000 in 100 hours":                {p.JobsPerSecond, 1 / 3.6},
		"jobs a second of 5 ms":                                 {p.JobsPossible, 200},
		"cores of workers, half busy: 0.33 and so 1":            {float64(p.WorkerCores), 1},
		"cores of servers: 0.51 and so 2":                       {float64(p.ServerCores), 2},
		"cores of the database: 1.11 half busy, and so 3":       {float64(p.DatabaseMachine), 3},
		"more cores for all again: 7.22 half busy, 15 less 1":   {float64(p.ExtraCores), 14},
		"hours for all again with one core, half busy":          {p.EveryCheckAgain, 100_000 * 26 / 0.5 / 3600},
		"core-hours": {p.CoreHours, 6 * 8760},
		"a year of the bucket, twice, at 0.02 a month":           {p.CostStore, 120_000 * 2 * 0.02 * 12},
		"a year of disks, twice, at 0.1 a month":                 {p.CostDisk, 1000 * 2 * 0.1 * 12},
		"a year of 40 objects written by each of 400,000 checks": {p.CostPuts, 16_000 * 0.005},
		"a year of cores":        {p.CostCores, 6 * 8760 * 0.04},
		"the year":               {p.CostYear, 57_600 + 2400 + 80 + 2102.4},
		"14 cores for 100 hours": {p.CostAgain, 56},
		"a phone":                {p.CostPhone, 0.621824},
	} {
		if math.Abs(x[0]-x[1]) > 1e-6*max(1, x[1]) {
			t.Errorf("%s: %g, want %g", what, x[0], x[1])
		}
	}
	if p.SlowestDatabases {
		t.Error("0.28 jobs a second are said to be too many for 200")
	}
}

// TestReckonBounds: what was not measured, and what cannot be reckoned with, is
// an error; more phones never need less.
func TestReckonBounds(t *testing.T) {
	t.Parallel()
	_, err := scale.Reckon(scale.Costs{}, lab())
	for _, want := range []string{"checks", "hunts", "jobs", "pages"} {
		if err == nil || !strings.Contains(err.Error(), want+" ") {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, spoil := range []func(*scale.Lab){
		func(l *scale.Lab) { l.Devices = 0 }, func(l *scale.Lab) { l.Busy = 0 }, func(l *scale.Lab) { l.Busy = 1.1 }, func(l *scale.Lab) { l.Pause = 0 },
		func(l *scale.Lab) { l.Copies = 0 }, func(l *scale.Lab) { l.Records = -1 }, func(l *scale.Lab) { l.RecheckHours = 0 }, func(l *scale.Lab) { l.HuntMinutes = 0 },
	} {
		in := lab()
		spoil(&in.Lab)
		if p, err := scale.Reckon(measured(t), in); err == nil {
			t.Errorf("%+v is reckoned with: %+v", in.Lab, p)
		}
	}
	var last scale.Plan
	for _, n := range []int{1, 1000, 100_000, 10_000_000} {
		in := lab()
		in.Lab.Devices = n
		p, err := scale.Reckon(measured(t), in)
		if err != nil {
			t.Fatal(err)
		}
		if p.WorkerCores < last.WorkerCores || p.DatabaseMachine < last.DatabaseMachine || p.Store <= last.Store || p.CostYear <= last.CostYear {
			t.Errorf("%d phones need less than fewer: %+v, %+v", n, p, last)
		}
		last = p
	}
	in := lab()
	in.Lab.RecheckHours = 0.2 // 139 jobs a second
	if p, err := scale.Reckon(measured(t), in); err != nil || !p.SlowestDatabases {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	doc := "# A\n<!-- checks -->\nold\n<!-- end -->\nbetween\n<!-- plan -->\n<!-- end -->\n"
	got, err := scale.Fill(doc, map[string]string{"checks": "new\n", "plan": "x\n"})
	want := "# A\n<!-- checks -->\nnew\n<!-- end -->\nbetween\n<!-- plan -->\nx\n<!-- end -->\n"
	if err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := scale.Fill(doc, map[string]string{"none": ""}); !errors.Is(err, scale.ErrNoPlace) {
		t.Errorf("got %v", err)
	}
}

// TestReportIsCurrent holds the tables of docs/scale.md to the figures beside
// it: neither is written by hand.
func TestReportIsCurrent(t *testing.T) {
	t.Parallel()
	const docs = "../../docs/"
	doc, err := os.ReadFile(docs + "scale.md")
	if err != nil {
		t.Fatal(err)
	}
	costs, err := scale.Load(docs + "scale.json")
	if err != nil {
		t.Fatal(err)
	}
	in, err := scale.LoadInput(docs + "scale-lab.json")
	if err != nil {
		t.Fatal(err)
	}
	tables := scale.Tables(costs, in)
	if got, err := scale.Fill(string(doc), tables); err != nil || got != string(doc) {
		t.Errorf("make bench-scale PARTS=report changes docs/scale.md (%v)", err)
	}
	for name, text := range scale.Tables(measured(t), lab()) {
		if name != "taken" && (strings.Contains(text, "Not ") || !strings.HasPrefix(text, "| ")) {
			t.Errorf("%s: %q", name, text)
		}
	}
}
