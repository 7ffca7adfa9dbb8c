package ios

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// dataUsage reads which processes used the network.
type dataUsage struct{}

var usageFields = []artifact.FieldInfo{
	{Name: "proc_id", Type: artifact.Int, Doc: "ZPROCESS.Z_PK: number of the process entry"},
	{Name: "proc_name", Type: artifact.Text, Doc: "ZPROCNAME: process, with what it worked for after a slash"},
	{Name: "bundle_id", Type: artifact.Text, Doc: "ZBUNDLENAME: app that the process belongs to"},
	{Name: "live_id", Type: artifact.Int, Doc: "ZLIVEUSAGE.Z_PK"},
	{Name: "wifi_in", Type: artifact.Float, Doc: "bytes received by Wi-Fi"},
	{Name: "wifi_out", Type: artifact.Float, Doc: "bytes sent by Wi-Fi"},
	{Name: "wwan_in", Type: artifact.Float, Doc: "bytes received by the mobile network"},
	{Name: "wwan_out", Type: artifact.Float, Doc: "bytes sent by the mobile network"},
	otherColumns,
}

var dataUsageInfo = artifact.Info{
	Name:    "ios.datausage",
	Version: 1,
	Summary: "Processes that used the mobile network, when first and last, and how much.",
	Files:   []string{"WirelessDomain/Library/Databases/DataUsage.sqlite"},
	Kinds: []artifact.KindInfo{
		{Kind: "usage", Doc: "Traffic of a process.", Fields: usageFields, Times: []string{"first_seen", "last_seen", "usage"}},
		{Kind: "process", Doc: "A process without traffic of its own.", Fields: usageFields, Times: []string{"first_seen", "last_seen"}},
		{Kind: "orphan_usage", Doc: "Traffic of a process whose entry is gone.", Fields: usageFields, Times: []string{"usage"}},
		{
			Kind: "process_gap",
			Doc:  "A run of numbers that no process entry has, between two that have one.",
			Fields: []artifact.FieldInfo{
				{Name: "first_missing", Type: artifact.Int, Doc: "first number of the run"},
				{Name: "last_missing", Type: artifact.Int, Doc: "last number of the run"},
				{Name: "missing", Type: artifact.Int, Doc: "how many numbers"},
				{Name: "before", Type: artifact.Text, Doc: "process before the run"},
				{Name: "after", Type: artifact.Text, Doc: "process after the run"},
			},
			Times: []string{"before_first_seen", "after_first_seen"},
		},
	},
	Caveats: []string{
		"A process shows once it has used the network; one that has not is not here.",
		"iOS removes entries of apps that were deleted, so missing numbers alone mean nothing.",
	},
	Refs: []string{
		"https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/",
		"https://citizenlab.ca/2021/07/amnesty-peer-review/",
	},
}

// Info implements artifact.Parser.
func (dataUsage) Info() artifact.Info { return dataUsageInfo }

// Parse implements artifact.Parser.
func (dataUsage) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readDataUsage)
}

// A process is one row of ZPROCESS.
type process struct {
	id           int64
	name, bundle string
	first, last  artifact.Value
	loc          artifact.Location
	used         bool
}

// A usageReader reads traffic, joined to processes.
type usageReader struct {
	r         *reading
	processes []process // by id
	usage     *table
	summary   func([]byte) []byte

	pk, owner, at int
}

func readDataUsage(r *reading) error {
	from, err := r.table("ZPROCESS")
	if err != nil {
		return err
	}
	u := &usageReader{r: r}
	u.summary = u.summarize
	if err := u.readProcesses(from); err != nil {
		return err
	}
	if u.usage = r.optional("ZLIVEUSAGE"); u.usage != nil {
		if err := u.readUsage(); err != nil {
			return err
		}
	}
	if err := u.giveUnused(); err != nil {
		return err
	}
	return u.giveGaps()
}

func (u *usageReader) readProcesses(t *table) error {
	name, bundle := t.find("ZPROCNAME"), t.find("ZBUNDLENAME")
	first, last := t.find("ZFIRSTTIMESTAMP"), t.find("ZTIMESTAMP")
	err := t.each(func() error {
		p := process{
			id: t.rowID(), name: t.text(name), bundle: t.text(bundle),
			first: t.number(first), last: t.number(last), loc: t.location(),
		}
		u.processes = append(u.processes, p)
		return t.hold(p.name, p.bundle)
	})
	slices.SortStableFunc(u.processes, func(a, b process) int { return cmp.Compare(a.id, b.id) })
	return u.r.unjoined(err)
}

func (u *usageReader) process(id int64) *process {
	i, ok := slices.BinarySearchFunc(u.processes, id, func(p process, id int64) int { return cmp.Compare(p.id, id) })
	if !ok {
		return nil
	}
	return &u.processes[i]
}

func (u *usageReader) readUsage() error {
	t := u.usage
	u.pk, u.owner, u.at = t.take("Z_PK"), t.take("ZHASPROCESS"), t.take("ZTIMESTAMP")
	t.fields(map[string]string{"ZWIFIIN": "wifi_in", "ZWIFIOUT": "wifi_out", "ZWWANIN": "wwan_in", "ZWWANOUT": "wwan_out"})
	t.hide("Z_ENT", "Z_OPT")
	t.seal(dataUsageInfo.Kinds[0])
	return t.each(u.give)
}

// give gives one row of traffic.
func (u *usageReader) give() error {
	t := u.usage
	rec := t.start("usage")
	id, known := t.integer(u.owner)
	p := u.process(id)
	switch {
	case p != nil:
		p.used = true
		u.describe(rec, p)
	case known && id != 0:
		rec.Kind = "orphan_usage"
		rec.Set("proc_id", artifact.IntValue(id))
	}
	rec.Set("live_id", t.value(u.pk))
	t.set(rec)
	rec.When("usage", artifact.MacSeconds, t.number(u.at))
	rec.Summary = u.summary
	return t.give()
}

// describe sets what a process entry says.
func (u *usageReader) describe(rec *artifact.Record, p *process) {
	rec.Set("proc_id", artifact.IntValue(p.id))
	if p.name != "" {
		rec.Set("proc_name", artifact.TextValue(p.name))
		rec.Observe(artifact.Process, p.name, "proc_name")
		// "mDNSResponder/com.example.app": a service that worked for an app.
		if service, client, ok := strings.Cut(p.name, "/"); ok {
			rec.Observe(artifact.Process, service, "proc_name")
			rec.Observe(artifact.AppID, client, "proc_name")
		}
	}
	if p.bundle != "" {
		rec.Set("bundle_id", artifact.TextValue(p.bundle))
		rec.Observe(artifact.AppID, p.bundle, "bundle_id")
	}
	rec.When("first_seen", artifact.MacSeconds, p.first)
	rec.When("last_seen", artifact.MacSeconds, p.last)
}

// giveUnused gives the processes that no traffic refers to.
func (u *usageReader) giveUnused() error {
	for i := range u.processes {
		p := &u.processes[i]
		if p.used {
			continue
		}
		rec := &u.r.rec
		rec.Reset("process")
		rec.Loc = p.loc
		u.describe(rec, p)
		rec.Summary = u.summary
		if err := u.r.give(); err != nil {
			return err
		}
	}
	return nil
}

// giveGaps gives each run of missing numbers as one record, however long it
// is: a single forged number of two million costs nothing.
func (u *usageReader) giveGaps() error {
	for i := 1; i < len(u.processes); i++ {
		before, after := &u.processes[i-1], &u.processes[i]
		// As unsigned numbers the difference cannot overflow.
		missing := uint64(after.id) - uint64(before.id) - 1
		if after.id == before.id || missing == 0 {
			continue
		}
		rec := &u.r.rec
		rec.Reset("process_gap")
		rec.Loc = after.loc
		rec.Set("first_missing", artifact.IntValue(before.id+1))
		rec.Set("last_missing", artifact.IntValue(after.id-1))
		rec.Set("missing", artifact.IntValue(int64(min(missing, 1<<63-1))))
		rec.Set("before", artifact.TextOrNull(before.name))
		rec.Set("after", artifact.TextOrNull(after.name))
		rec.When("before_first_seen", artifact.MacSeconds, before.first)
		rec.When("after_first_seen", artifact.MacSeconds, after.first)
		rec.Summary = u.summary
		if err := u.r.give(); err != nil {
			return err
		}
	}
	return nil
}

func (u *usageReader) summarize(b []byte) []byte {
	rec := &u.r.rec
	switch rec.Kind {
	case "orphan_usage":
		return appendSummary(b, "network use of a process whose entry is gone")
	case "process_gap":
		return appendSummary(b, "missing process entries between ", rec.Text("before"), " and ", rec.Text("after"))
	}
	return appendSummary(b, "network use of ", firstText(rec.Text("proc_name"), "a process without a name"), " ", rec.Text("bundle_id"))
}
