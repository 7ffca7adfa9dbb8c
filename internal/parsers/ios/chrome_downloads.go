package ios

import (
	"cmp"
	"encoding/hex"
	"slices"

	"github.com/amparo-project/amparo/internal/artifact"
)

var chromeDownloadKind = artifact.KindInfo{
	Kind: "download",
	Doc:  "A file that was downloaded, or was to be.",
	Fields: []artifact.FieldInfo{
		{Name: "id", Type: artifact.Int, Doc: "downloads.id"},
		{Name: "url", Type: artifact.Text, Doc: "address that the file came from: the last of its redirects"},
		{Name: "url_chain", Type: artifact.Strings, Doc: "addresses from the one that was asked for to that one"},
		{Name: "target_path", Type: artifact.Text, Doc: "where the file was to lie"},
		{Name: "current_path", Type: artifact.Text, Doc: "where it lay meanwhile, where that is another place"},
		{Name: "referrer", Type: artifact.Text, Doc: "page that led to the file"},
		{Name: "site_url", Type: artifact.Text, Doc: "site that started the download"},
		{Name: "tab_url", Type: artifact.Text, Doc: "page of the tab"},
		{Name: "tab_referrer_url", Type: artifact.Text, Doc: "page that led to the tab's"},
		{Name: "state", Type: artifact.Text, Doc: "in_progress, complete, cancelled or interrupted"},
		{Name: "danger_type", Type: artifact.Text, Doc: "what Chrome thought of it: not_dangerous, dangerous_file…"},
		{Name: "received_bytes", Type: artifact.Int, Doc: "bytes that came"},
		{Name: "total_bytes", Type: artifact.Int, Doc: "bytes in all"},
		{Name: "opened", Type: artifact.Int, Doc: "1 if the file was opened"},
		{Name: "sha256", Type: artifact.Text, Doc: "SHA-256 of the content, in hex"},
		otherColumns,
	},
	Times: []string{"start", "end", "last_access"},
}

var (
	chromeStates = []string{"in_progress", "complete", "cancelled", "interrupted", "interrupted"}

	// chromeDangers ends before the numbers that versions use differently.
	chromeDangers = []string{
		"not_dangerous", "dangerous_file", "dangerous_url", "dangerous_content", "maybe_dangerous_content", "uncommon_content",
		"user_validated", "dangerous_host", "potentially_unwanted",
	}
)

// A chromeDownloads reads downloads, each with its chain of addresses.
type chromeDownloads struct {
	*table
	chains  side
	summary func([]byte) []byte

	target, current, referrer, site, tab, tabReferrer, state, danger, hash, inline int
	begin, end, access                                                             int
}

func readChromeDownloads(r *reading) error {
	t := r.optional("downloads")
	if t == nil {
		return nil
	}
	d := &chromeDownloads{
		table: t, target: t.take("target_path"), current: t.take("current_path"), referrer: t.take("referrer"),
		site: t.take("site_url"), tab: t.take("tab_url"), tabReferrer: t.take("tab_referrer_url"),
		state: t.take("state"), danger: t.take("danger_type"), hash: t.take("hash"), inline: t.take("url"),
		begin: t.take("start_time"), end: t.take("end_time"), access: t.take("last_access_time"),
	}
	t.hide("id")
	t.fields(map[string]string{"received_bytes": "received_bytes", "total_bytes": "total_bytes", "opened": "opened"})
	t.seal(chromeDownloadKind)
	d.summary = d.summarize
	if c := r.optional("downloads_url_chains"); c != nil {
		id := c.find("id")
		if err := c.side(&d.chains, []string{"chain_index", "url"}, func() int64 { return c.key(id) }); err != nil {
			return err
		}
	}
	return t.each(d.download)
}

func (d *chromeDownloads) download() error {
	rec := d.start("download")
	rec.Set("id", artifact.IntValue(d.rowID()))
	d.addresses(rec)
	d.paths(rec)
	d.url(rec, "referrer", d.referrer)
	d.url(rec, "site_url", d.site)
	d.url(rec, "tab_url", d.tab)
	d.url(rec, "tab_referrer_url", d.tabReferrer)
	rec.Set("state", d.named(d.state, chromeStates))
	rec.Set("danger_type", d.named(d.danger, chromeDangers))
	if b := d.bytes(d.hash); len(b) == 32 {
		sum := hex.EncodeToString(b)
		rec.Set("sha256", artifact.TextValue(sum))
		rec.Observe(artifact.FileHash, sum, "sha256")
	}
	d.set(rec)
	rec.When("start", artifact.WebKitMicroseconds, d.number(d.begin))
	rec.When("end", artifact.WebKitMicroseconds, d.number(d.end))
	rec.When("last_access", artifact.WebKitMicroseconds, d.number(d.access))
	rec.Summary = d.summary
	return d.give()
}

// addresses sets the chain of addresses, and the last of it.
func (d *chromeDownloads) addresses(rec *artifact.Record) {
	type link struct {
		index int64
		url   string
	}
	var chain []link
	for _, row := range d.chains.find(d.rowID()) {
		if len(chain) >= maxList {
			rec.Truncated = true
			break
		}
		var v [2]artifact.Value
		d.chains.read(row, v[:])
		index, _ := v[0].Int()
		if url, _ := v[1].Str(); url != "" {
			chain = append(chain, link{index, url})
		}
	}
	if len(chain) == 0 {
		d.url(rec, "url", d.inline) // of versions before the chains
		return
	}
	slices.SortStableFunc(chain, func(a, b link) int { return cmp.Compare(a.index, b.index) })
	setURL(rec, "url", chain[len(chain)-1].url)
	if len(chain) == 1 {
		return
	}
	urls := make([]string, len(chain))
	for i, c := range chain {
		urls[i] = c.url
		rec.Observe(artifact.URL, c.url, "url_chain")
	}
	rec.Set("url_chain", artifact.StringsValue(urls))
}

// paths sets where the file was to lie, and where it lay meanwhile.
func (d *chromeDownloads) paths(rec *artifact.Record) {
	target, current := d.text(d.target), d.text(d.current)
	rec.Set("target_path", d.number(d.target))
	rec.Observe(artifact.FilePath, devicePath(target), "target_path")
	if current != target || current == "" {
		rec.Set("current_path", d.number(d.current))
		rec.Observe(artifact.FilePath, devicePath(current), "current_path")
	}
}

func (d *chromeDownloads) summarize(b []byte) []byte {
	rec := &d.r.Rec
	return appendSummary(b, "download of ", rec.Text("url"), " to ", rec.Text("target_path"), " ", rec.Text("state"))
}
