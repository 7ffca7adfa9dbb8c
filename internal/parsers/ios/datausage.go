package ios

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/gap"
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
	{Name: "wired_in", Type: artifact.Float, Doc: "bytes received by cable, in netusage.sqlite alone"},
	{Name: "wired_out", Type: artifact.Float, Doc: "bytes sent by cable, in netusage.sqlite alone"},
	{Name: "process_recovered", Type: artifact.Bool, Doc: "true where the process is told by a deleted entry that was recovered"},
	otherColumns,
}

var dataUsageInfo = artifact.Info{
	Name:    "ios.datausage",
	Version: 1,
	Summary: "Processes that used the mobile network, when first and last, and how much.",
	Files:   onPhone("WirelessDomain/Library/Databases/DataUsage.sqlite"),
	Kinds: []artifact.KindInfo{
		{Kind: "usage", Doc: "Traffic of a process.", Fields: usageFields, Times: []string{"first_seen", "last_seen", "usage"}},
		{Kind: "process", Doc: "A process without traffic of its own.", Fields: usageFields, Times: []string{"first_seen", "last_seen"}},
		{
			Kind: "orphan_usage",
			Doc:  "Traffic of a process whose entry is gone.",
			Fields: append(slices.Clone(usageFields), artifact.FieldInfo{
				Name: "processes_partial", Type: artifact.Bool,
				Doc: "true where a part of the table of processes could not be read: the entry may stand there",
			}),
			Times: []string{"first_seen", "last_seen", "usage"},
		},
		{
			Kind: "process_gap",
			Doc:  "A run of numbers that no process entry has.",
			Fields: append(gap.RunFields(),
				artifact.FieldInfo{Name: "before", Type: artifact.Text, Doc: "process before the run"},
				artifact.FieldInfo{Name: "after", Type: artifact.Text, Doc: "process after the run"},
			),
			Times: []string{"before_first_seen", "after_first_seen"},
		},
		{
			Kind:   "process_gaps",
			Doc:    "All runs of missing numbers together, where there are any: one record.",
			Fields: gap.AllFields(),
		},
	},
	Caveats: []string{
		"A process shows once it has used the network; one that has not is not here.",
		"iOS removes entries of apps that were deleted, so missing numbers alone mean nothing.",
		"Where a part of the table of processes is damaged, missing numbers are not looked for.",
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
	gone      []process // recovered entries that are no longer in the table
	partial   bool      // some processes could not be read
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
	told := len(u.r.told)
	t.ever = true
	err := t.each(func() error {
		p := process{
			id: t.rowID(), name: t.plain(name), bundle: t.plain(bundle),
			first: t.number(first), last: t.number(last), loc: t.location(),
		}
		if t.recovered() {
			u.gone = append(u.gone, p)
		} else {
			u.processes = append(u.processes, p)
		}
		return t.hold(p.name, p.bundle)
	})
	slices.SortStableFunc(u.processes, func(a, b process) int { return cmp.Compare(a.id, b.id) })
	u.partial = err != nil || len(u.r.told) > told
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
	t.fields(map[string]string{
		"ZWIFIIN": "wifi_in", "ZWIFIOUT": "wifi_out", "ZWWANIN": "wwan_in", "ZWWANOUT": "wwan_out",
		"ZWIREDIN": "wired_in", "ZWIREDOUT": "wired_out",
	})
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
		// Deleted traffic of a process whose entry is gone is what iOS leaves
		// when it removes both: only traffic that stands there is an orphan.
		if !t.recovered() {
			rec.Kind = "orphan_usage"
		}
		if p = u.goneProcess(id); p != nil {
			u.describe(rec, p)
			rec.Set("process_recovered", artifact.BoolValue(true))
		} else {
			rec.Set("proc_id", artifact.IntValue(id))
		}
		if u.partial {
			rec.Set("processes_partial", artifact.BoolValue(true))
		}
	}
	rec.Set("live_id", t.value(u.pk))
	t.set(rec)
	rec.When("usage", artifact.MacSeconds, t.number(u.at))
	rec.Summary = u.summary
	return t.give()
}

// describe sets what a process entry says.
func (u *usageReader) describe(rec *artifact.Record, p *process) {
	if p.loc.Row {
		rec.Set("proc_id", artifact.IntValue(p.id))
	}
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

// goneProcess returns the recovered entry with that number, nil for none.
func (u *usageReader) goneProcess(id int64) *process {
	for i := range u.gone {
		if p := &u.gone[i]; p.loc.Row && p.id == id {
			return p
		}
	}
	return nil
}

// giveGone gives recovered process entries. An earlier state of an entry that
// stands there says nothing new, unless its name was another.
func (u *usageReader) giveGone() error {
	for i := range u.gone {
		p := &u.gone[i]
		if now := u.process(p.id); now != nil && p.loc.Row && now.name == p.name && now.bundle == p.bundle {
			continue
		}
		if err := u.giveProcess(p); err != nil {
			return err
		}
	}
	return nil
}

// giveUnused gives the processes that no traffic refers to.
func (u *usageReader) giveUnused() error {
	for i := range u.processes {
		p := &u.processes[i]
		if p.used {
			continue
		}
		if err := u.giveProcess(p); err != nil {
			return err
		}
	}
	return u.giveGone()
}

func (u *usageReader) giveProcess(p *process) error {
	rec := &u.r.Rec
	rec.Reset("process")
	rec.Loc = p.loc
	u.describe(rec, p)
	rec.Summary = u.summary
	return u.r.give()
}

// giveGaps gives each run of missing numbers as one record, however long it
// is: a single forged number of two million costs nothing.
func (u *usageReader) giveGaps() error {
	if u.partial {
		return nil
	}
	w := gap.New("ZPROCESS", gap.In(artifact.MacSeconds))
	for i := range u.processes {
		p := &u.processes[i]
		w.See(gap.Row{ID: p.id, At: p.first, Loc: p.loc})
	}
	for i := range u.gone {
		if u.gone[i].loc.Row {
			w.Recovered(u.gone[i].id)
		}
	}
	w.End(gap.Counter(u.r.Ctx, u.r.db, "ZPROCESS"))
	runs := w.Runs()
	if len(runs) == 0 {
		return nil
	}
	for i := range runs {
		if err := u.giveGap(w, &runs[i]); err != nil {
			return err
		}
	}
	rec := &u.r.Rec
	rec.Reset("process_gaps")
	rec.Loc = w.Last().Loc
	w.SetAll(rec)
	rec.Summary = u.summary
	return u.r.give()
}

func (u *usageReader) giveGap(w *gap.Watch, run *gap.Run) error {
	rec := &u.r.Rec
	rec.Reset("process_gap")
	w.SetRun(rec, run)
	for _, side := range []struct {
		name string
		row  *gap.Row
	}{{"before", &run.Before}, {"after", &run.After}} {
		if p := u.process(side.row.ID); p != nil && side.row.Loc.Row {
			rec.Set(side.name, artifact.TextOrNull(p.name))
			rec.When(side.name+"_first_seen", artifact.MacSeconds, p.first)
		}
	}
	rec.Summary = u.summary
	return u.r.give()
}

func (u *usageReader) summarize(b []byte) []byte {
	rec := &u.r.Rec
	switch rec.Kind {
	case "orphan_usage":
		return appendSummary(b, "network use of a process whose entry is gone")
	case "process_gaps":
		return appendSummary(b, "missing process entries in all")
	case "process_gap":
		return appendSummary(b, "missing process entries between ", rec.Text("before"), " and ", rec.Text("after"))
	}
	return appendSummary(b, "network use of ", firstText(rec.Text("proc_name"), "a process without a name"), " ", rec.Text("bundle_id"))
}
