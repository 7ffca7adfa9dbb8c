package scale

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Efficiency is how much of what cores could do workers did: checks an hour, by
// those of one worker whose machine has one core times the cores that the
// workers can use. 0 where that worker was not measured.
func (c Costs) Efficiency(x Checks) float64 {
	for _, one := range c.Checks {
		if one.Cores == 1 && one.Workers == 1 && one.PerHour > 0 {
			return x.PerHour / (float64(min(x.Cores, x.Workers)) * one.PerHour)
		}
	}
	return 0
}

// Tables are the parts of the report by the names of their places in it. A part
// that was not measured says so.
func Tables(c Costs, in Input) map[string]string {
	t := map[string]string{
		"checks": c.checks(), "stored": c.stored(), "hunts": c.hunts(), "jobs": c.jobs(), "pages": c.pages(), "taken": c.taken(),
	}
	if p, err := Reckon(c, in); err != nil {
		t["plan"] = "Not reckoned: " + strings.ReplaceAll(err.Error(), "\n", "; ") + ".\n"
	} else {
		t["plan"] = p.table(in)
	}
	return t
}

// table is rows of Markdown below a head.
type table struct{ strings.Builder }

func (t *table) row(cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(t, "| %v ", c)
	}
	t.WriteString("|\n")
	if strings.Count(t.String(), "\n") == 1 {
		t.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
	}
}

func (t *table) text(measured bool) string {
	if !measured {
		return "Not measured yet.\n"
	}
	return t.String()
}

func (c Costs) checks() string {
	list := slices.Clone(c.Checks)
	slices.SortFunc(list, func(a, b Checks) int { return cmp.Or(cmp.Compare(a.Cores, b.Cores), cmp.Compare(a.Workers, b.Workers)) })
	var t table
	t.row("cores", "workers", "checks an hour", "efficiency", "between two checks", "processor of a check: worker", "database", "store")
	for _, x := range list {
		efficiency := "unknown"
		if e := c.Efficiency(x); e > 0 {
			efficiency = fmt.Sprintf("%.0f %%", 100*e)
		}
		t.row(x.Cores, x.Workers, fmt.Sprintf("%.0f (over %d)", x.PerHour, x.Checks), efficiency, millis(1000*x.Idle), seconds(x.Worker), seconds(x.Database), seconds(x.Store))
	}
	return t.text(len(list) > 0)
}

func (c Costs) stored() string {
	var t table
	s := cmp.Or(c.Stored, &Stored{})
	t.row("of one phone", "measured, the mean of "+fmt.Sprint(s.Phones))
	t.row("evidence as it came", megabytes(s.Evidence))
	t.row("evidence in the store", megabytes(s.Vault))
	t.row("records and events of a check", fmt.Sprintf("%s and %s", count(s.Records), count(s.Events)))
	t.row("result and indexes of a check in the store", fmt.Sprintf("%s in %d objects", megabytes(s.Result), s.Requests))
	t.row("a check in the database", megabytes(s.Database))
	return t.text(c.Stored != nil)
}

func (c Costs) hunts() string {
	var t table
	t.row("database", "phones", "values", "writing them", "a hunt with new indicators", "all of the database")
	for _, x := range c.Hunts {
		t.row(engine(x.Engine), count(int64(x.Devices)), count(x.Values), seconds(x.Index), fmt.Sprintf("%s of %s", seconds(x.Seconds), count(int64(x.Indicators))), megabytes(x.Database))
	}
	return t.text(len(c.Hunts) > 0)
}

func (c Costs) jobs() string {
	var t table
	t.row("database", "a job beside its work")
	for _, x := range c.Jobs {
		t.row(engine(x.Engine), fmt.Sprintf("%.1f ms", x.Millis))
	}
	return t.text(len(c.Jobs) > 0)
}

func (c Costs) pages() string {
	var t table
	t.row("database", "people", "phones", "requests a second", "median", "95 of 100", "the slowest page, 95 of 100", "processor of a request", "not for analysts")
	for _, x := range c.Pages {
		t.row(engine(x.Engine), x.People, count(int64(x.Devices)), fmt.Sprintf("%.1f", x.PerSecond), millis(x.Median), millis(x.P95),
			fmt.Sprintf("`%s`, %s", x.Slowest, millis(x.SlowP95)), millis(x.Processor), x.Refused)
	}
	return t.text(len(c.Pages) > 0)
}

func (c Costs) taken() string {
	var t table
	t.row("part", "when (UTC)", "command", "machine", "load before")
	for _, x := range c.Taken {
		t.row(x.Part, x.At, "`"+x.Command+"`", x.Machine, x.Load)
	}
	return t.text(len(c.Taken) > 0)
}

// table says what a plan is, and of what.
func (p Plan) table(in Input) string {
	l, price := in.Lab, in.Prices
	var t table
	t.row("a lab with "+count(int64(l.Devices))+" phones", "needs")
	t.row("a check of its average phone", fmt.Sprintf("%s of one core", seconds(p.CheckSeconds)))
	t.row(fmt.Sprintf("workers, for %g checks of each phone a year", l.ChecksPerYear), fmt.Sprintf("%s (%.1f of them at work)", coresOf(p.WorkerCores), p.CheckCores))
	t.row("all phones checked again with these", fmt.Sprintf("%.0f hours", p.EveryCheckAgain))
	t.row(fmt.Sprintf("all phones checked again within %.0f hours", l.RecheckHours), fmt.Sprintf("%s more for that time, %s each time", coresOf(p.ExtraCores), money(p.CostAgain, price)))
	t.row("a hunt in all phones", fmt.Sprintf("%s of one process; %d at once for %.0f minutes", seconds(p.HuntSeconds), p.HuntProcesses, l.HuntMinutes))
	t.row(fmt.Sprintf("servers, for %d people with a page every %g s and %g hunts a day", l.People, l.Pause, l.HuntsPerDay), coresOf(p.ServerCores))
	t.row("PostgreSQL", fmt.Sprintf("%s, %s", coresOf(p.DatabaseMachine), gigabytes(p.Disk)))
	possible := "enough"
	if p.SlowestDatabases {
		possible = "too few: it takes longer"
	}
	t.row("jobs while all are checked again", fmt.Sprintf("%.2f a second; one database takes %.0f: %s", p.JobsPerSecond, p.JobsPossible, possible))
	t.row("the bucket", gigabytes(p.Store))
	t.row("cores, a year", money(p.CostCores, price))
	t.row(fmt.Sprintf("the bucket, %g copies, a year", l.Copies), money(p.CostStore, price))
	t.row(fmt.Sprintf("disks of the database, %g copies, a year", l.Copies), money(p.CostDisk, price))
	t.row("writing to the bucket, a year", money(p.CostPuts, price))
	t.row("**all but checking all again, a year**", fmt.Sprintf("**%s**, %.2f a phone", money(p.CostYear, price), p.CostPhone))
	return t.String()
}

func coresOf(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprint(n, " cores")
}

func money(x float64, p Prices) string { return count(int64(x+0.5)) + " " + p.Currency }

func seconds(x float64) string {
	switch {
	case x >= 600:
		return fmt.Sprintf("%.0f min", x/60)
	case x >= 10:
		return fmt.Sprintf("%.0f s", x)
	}
	return fmt.Sprintf("%.2f s", x)
}

func millis(x float64) string { return fmt.Sprintf("%.1f ms", x) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func gigabytes(x float64) string {
	if x >= 10_000 {
		return fmt.Sprintf("%.0f TB", x/1000)
	}
	return fmt.Sprintf("%.0f GB", x)
}

func engine(name string) string {
	if name == postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// count writes 1234567 as 1,234,567.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ErrNoPlace reports a document without the place of a table.
var ErrNoPlace = errors.New("no place")

// Fill puts tables into a document, each between <!-- NAME --> and <!-- end -->.
// The error wraps ErrNoPlace.
func Fill(doc string, tables map[string]string) (string, error) {
	for name, text := range tables {
		begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(doc, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			return "", fmt.Errorf("%w: %s", ErrNoPlace, strings.TrimSpace(begin))
		}
		doc = before + begin + text + end + after
	}
	return doc, nil
}
