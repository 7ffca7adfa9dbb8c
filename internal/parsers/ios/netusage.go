package ios

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// netUsage reads which processes used the network, and which networks the
// phone was in. Its tables of processes are those of DataUsage.sqlite.
type netUsage struct{}

var netUsageInfo = artifact.Info{
	Name:    "ios.netusage",
	Version: 1,
	Summary: "Processes that used any network, when first and last, and how much; and the networks that the phone was in.",
	Files: []string{
		"private/var/networkd/netusage.sqlite",
		"private/var/networkd/db/netusage.sqlite",
	},
	Kinds: append(slices.Clone(dataUsageInfo.Kinds), networkKind),
	Caveats: append(slices.Clone(dataUsageInfo.Caveats),
		"The file is in no backup: only a dump of the file system has it."),
	Refs: append(slices.Clone(dataUsageInfo.Refs),
		"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/sqlite_plugins/ios_netusage.py",
		"https://github.com/ydkhatri/mac_apt/blob/master/plugins/netusage.py"),
}

var networkKind = artifact.KindInfo{
	Kind: "network",
	Doc:  "A network that the phone was in, with the traffic in it: one record for each count of traffic.",
	Fields: []artifact.FieldInfo{
		{Name: "identifier", Type: artifact.Text, Doc: "ZIDENTIFIER: name of the network, with the address of the access point or the cell after a dash"},
		{Name: "network", Type: artifact.Text, Doc: "wifi or cellular"},
		{Name: "bytes_in", Type: artifact.Float, Doc: "bytes received"},
		{Name: "bytes_out", Type: artifact.Float, Doc: "bytes sent"},
		{Name: "attachment_id", Type: artifact.Int, Doc: "ZNETWORKATTACHMENT.Z_PK"},
		otherColumns,
	},
	Times: []string{"first_seen", "last_seen", "usage"},
}

// Info implements artifact.Parser.
func (netUsage) Info() artifact.Info { return netUsageInfo }

// Parse implements artifact.Parser.
func (netUsage) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, func(r *reading) error {
		if err := readDataUsage(r); err != nil {
			return err
		}
		return readNetworks(r)
	})
}

// An attachment is one row of ZNETWORKATTACHMENT.
type attachment struct {
	identifier  string
	kind        artifact.Value
	first, last artifact.Value
	loc         artifact.Location
	used        bool
}

// A networkReader reads traffic by network.
type networkReader struct {
	r        *reading
	networks map[int64]*attachment
	order    []int64
	traffic  *table
	summary  func([]byte) []byte

	network, at int
}

func readNetworks(r *reading) error {
	from := r.optional("ZNETWORKATTACHMENT")
	if from == nil {
		return nil
	}
	n := &networkReader{r: r, networks: map[int64]*attachment{}}
	n.summary = n.summarize
	if err := n.read(from); err != nil {
		return err
	}
	if n.traffic = r.optional("ZLIVEROUTEPERF"); n.traffic != nil {
		if err := n.readTraffic(); err != nil {
			return err
		}
	}
	return n.giveUnused()
}

var networkKinds = []string{"", "wifi", "cellular"}

func (n *networkReader) read(t *table) error {
	identifier, kind := t.find("ZIDENTIFIER"), t.find("ZKIND")
	first, last := t.find("ZFIRSTTIMESTAMP"), t.find("ZTIMESTAMP")
	err := t.each(func() error {
		a := &attachment{
			identifier: t.plain(identifier), kind: t.named(kind, networkKinds),
			first: t.number(first), last: t.number(last), loc: t.location(),
		}
		n.networks[t.rowID()] = a
		n.order = append(n.order, t.rowID())
		return t.hold(a.identifier)
	})
	return n.r.unjoined(err)
}

func (n *networkReader) readTraffic() error {
	t := n.traffic
	n.network, n.at = t.take("ZHASNETWORKATTACHMENT"), t.take("ZTIMESTAMP")
	t.fields(map[string]string{"ZBYTESIN": "bytes_in", "ZBYTESOUT": "bytes_out"})
	t.hide("Z_PK", "Z_ENT", "Z_OPT", "ZKIND")
	t.seal(networkKind)
	return t.each(n.give)
}

// give gives one row of traffic, with its network if that is known.
func (n *networkReader) give() error {
	t := n.traffic
	rec := t.start("network")
	id := t.key(n.network)
	if a := n.networks[id]; a != nil {
		a.used = true
		a.describe(rec, id)
	} else if id != 0 {
		rec.Set("attachment_id", artifact.IntValue(id))
	}
	t.set(rec)
	rec.When("usage", artifact.MacSeconds, t.number(n.at))
	rec.Summary = n.summary
	return t.give()
}

// describe sets what the entry of a network says.
func (a *attachment) describe(rec *artifact.Record, id int64) {
	rec.Set("identifier", artifact.TextOrNull(a.identifier))
	if kind, ok := a.kind.Str(); !ok || kind != "" {
		rec.Set("network", a.kind)
	}
	rec.Set("attachment_id", artifact.IntValue(id))
	rec.When("first_seen", artifact.MacSeconds, a.first)
	rec.When("last_seen", artifact.MacSeconds, a.last)
}

// giveUnused gives the networks that no traffic refers to.
func (n *networkReader) giveUnused() error {
	for _, id := range n.order {
		a := n.networks[id]
		if a.used {
			continue
		}
		a.used = true
		rec := &n.r.Rec
		rec.Reset("network")
		rec.Loc = a.loc
		a.describe(rec, id)
		rec.Summary = n.summary
		if err := n.r.give(); err != nil {
			return err
		}
	}
	return nil
}

func (n *networkReader) summarize(b []byte) []byte {
	rec := &n.r.Rec
	name, _, _ := strings.Cut(rec.Text("identifier"), "\x00")
	return appendSummary(b, "network ", rec.Text("network"), " ", firstText(name, "without a name"))
}
