package scale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
)

// Lab is what a lab asks of its deployment: the inputs of a reckoning that
// nobody measured here.
type Lab struct {
	Devices       int     `json:"devices"`
	Megabytes     float64 `json:"evidence_mb"`       // of a phone, as it came, on average
	Records       float64 `json:"records"`           // of a phone, on average
	ChecksPerYear float64 `json:"checks_per_year"`   // of a phone: of new evidence, and checks again
	RecheckHours  float64 `json:"recheck_hours"`     // in which all phones are to be checked again when a parser has changed
	HuntsPerDay   float64 `json:"hunts_per_day"`     // how often a feed has something new
	HuntMinutes   float64 `json:"hunt_minutes"`      // that a hunt may take
	People        int     `json:"people"`            // who look at pages at once
	Pause         float64 `json:"pause_seconds"`     // between two pages of one person
	Busy          float64 `json:"busy"`              // how much of a core is planned with, 0 to 1
	Copies        float64 `json:"copies"`            // of what is stored, with the original
	KeptResults   float64 `json:"results_per_phone"` // checks whose results are kept
}

// Prices are in the currency of their source.
type Prices struct {
	Currency string  `json:"currency"`
	Core     float64 `json:"core_hour"`
	Store    float64 `json:"store_gb_month"`
	Disk     float64 `json:"database_gb_month"`
	Put      float64 `json:"thousand_puts"`
	Source   string  `json:"source"`
}

// Input is the file that a reader changes to reckon for their own lab.
type Input struct {
	Lab    Lab    `json:"lab"`
	Prices Prices `json:"prices"`
}

// LoadInput reads the file of a lab. The error names a field that is not known.
func LoadInput(name string) (in Input, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return in, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, fmt.Errorf("%s: %w", name, err)
	}
	return in, nil
}

// Plan is what a lab needs.
type Plan struct {
	CheckSeconds     float64 // of the processor, for a phone of the lab, all processes together
	CheckCores       float64 // over the year
	RecheckCores     float64 // while all are checked again
	DatabaseCores    float64 // of those, for the database
	HuntSeconds      float64 // of one process
	HuntProcesses    int     // that share the cases, to be done in time
	HuntCores        float64 // over the day
	PageCores        float64
	Store, Disk      float64 // GB, without copies
	JobsPerSecond    float64 // at most, while all are checked again
	JobsPossible     float64 // that one database takes, one after another
	Puts             float64 // a year, of checks
	ServerCores      int     // machines that serve and hunt
	WorkerCores      int     // that are there all year
	ExtraCores       int     // for checking all again
	DatabaseMachine  int     // cores
	CoreHours        float64 // a year
	CostCores        float64 // a year
	CostStore        float64
	CostDisk         float64
	CostPuts         float64
	CostYear         float64
	CostPhone        float64
	CostAgain        float64 // of checking all again once, in the time that was asked for
	EveryCheckAgain  float64 // hours, with the cores that are there all year
	SlowestDatabases bool    // the jobs of a recheck would be too many for one database
}

const (
	secondsPerYear = 365 * 24 * 3600
	hoursPerYear   = 365 * 24
	monthsPerYear  = 12
	gigabyte       = 1e9
)

// Reckon says what a lab needs, from what was measured on PostgreSQL. It is
// arithmetic: times of checks grow with records, hunts and the database with
// phones, as the tables before it show; waiting in queues is in Busy. The error
// says what has not been measured, or which input is no number to reckon with.
func Reckon(c Costs, in Input) (p Plan, err error) {
	l, price := in.Lab, in.Prices
	check, hunt, job, page, err := measured(c)
	if err != nil {
		return p, err
	}
	if l.Devices < 1 || l.Records <= 0 || l.Megabytes <= 0 || l.RecheckHours <= 0 || l.HuntMinutes <= 0 || l.Pause <= 0 || l.Busy <= 0 || l.Busy > 1 || l.Copies < 1 {
		return p, fmt.Errorf("input: %+v: devices, records, megabytes, hours, minutes and pause are more than 0, busy is to 1, copies at least 1", l)
	}
	n := float64(l.Devices)
	grow := l.Records / float64(c.Stored.Records)
	one := check.Worker + check.Database + check.Store
	p.CheckSeconds = one * grow
	p.CheckCores = n * l.ChecksPerYear * p.CheckSeconds / secondsPerYear
	p.RecheckCores = n * p.CheckSeconds / (l.RecheckHours * 3600)
	p.DatabaseCores = p.RecheckCores * check.Database / one
	p.HuntSeconds = hunt.Seconds * n / float64(hunt.Devices)
	p.HuntProcesses = int(math.Ceil(p.HuntSeconds / (l.HuntMinutes * 60)))
	p.HuntCores = p.HuntSeconds * l.HuntsPerDay / (24 * 3600)
	p.PageCores = float64(l.People) / l.Pause * page.Processor / 1000
	perMegabyte := float64(c.Stored.Vault) / float64(c.Stored.Evidence)
	p.Store = n * (l.Megabytes*1e6*perMegabyte + l.KeptResults*float64(c.Stored.Result)*grow) / gigabyte
	p.Disk = n * max(float64(c.Stored.Database)*grow, float64(hunt.Database)/float64(hunt.Devices)) * max(l.KeptResults, 1) / gigabyte
	p.JobsPerSecond = n / (l.RecheckHours * 3600)
	p.JobsPossible = 1000 / job.Millis
	p.SlowestDatabases = p.JobsPerSecond > p.JobsPossible*l.Busy
	p.Puts = n * l.ChecksPerYear * float64(c.Stored.Requests) * grow
	p.ServerCores = cores(p.PageCores+p.HuntCores, l.Busy)
	p.WorkerCores = cores(p.CheckCores*(one-check.Database)/one, l.Busy)
	p.DatabaseMachine = max(2, cores(max(p.DatabaseCores, p.CheckCores*check.Database/one+p.HuntCores), l.Busy))
	p.ExtraCores = max(0, cores(p.RecheckCores-p.DatabaseCores, l.Busy)-p.WorkerCores)
	p.EveryCheckAgain = n * (p.CheckSeconds * (one - check.Database) / one) / (float64(p.WorkerCores) * l.Busy) / 3600
	p.CoreHours = float64(p.ServerCores+p.WorkerCores+p.DatabaseMachine) * hoursPerYear
	p.CostCores = p.CoreHours * price.Core
	p.CostStore = p.Store * l.Copies * price.Store * monthsPerYear
	p.CostDisk = p.Disk * l.Copies * price.Disk * monthsPerYear
	p.CostPuts = p.Puts / 1000 * price.Put
	p.CostYear = p.CostCores + p.CostStore + p.CostDisk + p.CostPuts
	p.CostPhone = p.CostYear / n
	p.CostAgain = float64(p.ExtraCores) * l.RecheckHours * price.Core
	return p, nil
}

func cores(need, busy float64) int { return max(1, int(math.Ceil(need/busy))) }

// measured picks what a reckoning rests on: the most workers, the largest hunt,
// jobs and the most people, on PostgreSQL.
func measured(c Costs) (check Checks, hunt Hunt, job Job, page Pages, err error) {
	for _, x := range c.Checks {
		if x.Workers >= check.Workers && x.PerHour > 0 {
			check = x
		}
	}
	for _, x := range c.Hunts {
		if x.Engine == postgres && x.Devices >= hunt.Devices {
			hunt = x
		}
	}
	for _, x := range c.Jobs {
		if x.Engine == postgres {
			job = x
		}
	}
	for _, x := range c.Pages {
		if x.Engine == postgres && x.People >= page.People {
			page = x
		}
	}
	if check.Workers == 0 || c.Stored == nil || c.Stored.Records == 0 || c.Stored.Evidence == 0 {
		err = errors.Join(err, errors.New("checks were not measured"))
	}
	if hunt.Devices == 0 {
		err = errors.Join(err, errors.New("hunts on PostgreSQL were not measured"))
	}
	if job.Millis == 0 {
		err = errors.Join(err, errors.New("jobs on PostgreSQL were not measured"))
	}
	if page.People == 0 {
		err = errors.Join(err, errors.New("pages on PostgreSQL were not measured"))
	}
	return check, hunt, job, page, err
}

const postgres = "postgres"
