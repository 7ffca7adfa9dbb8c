package ios

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
)

// cacheFiles reads what apps loaded over the network and kept.
type cacheFiles struct{}

var cacheFilesInfo = artifact.Info{
	Name:    "ios.cache_files",
	Version: 1,
	Summary: "What Safari and other apps loaded over the network and kept for a while.",
	Files:   []string{"**/Cache.db"},
	Kinds: []artifact.KindInfo{{
		Kind:   "response",
		Doc:    "One answer of a server, with the request that it was to.",
		Fields: cacheFields,
		Times:  []string{"stored", "received"},
	}},
	Caveats: []string{
		"An app loads much by itself: an address here need not have been visited by a person.",
		"Cookies and passwords in headers are left out.",
		"Backups hold almost none of these files; a dump of the file system does.",
	},
	Refs: []string{
		"https://docs.mvt.re/en/latest/ios/records/",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/cachev0.py",
	},
}

var cacheFields = []artifact.FieldInfo{
	{Name: "entry_id", Type: artifact.Int, Doc: "cfurl_cache_response.entry_ID"},
	{Name: "url", Type: artifact.Text, Doc: "request_key: address that was asked for"},
	{Name: "partition", Type: artifact.Text, Doc: "site that was shown when it was loaded, where the cache is kept apart by sites"},
	{Name: "response_url", Type: artifact.Text, Doc: "address that answered, where that is another: a redirect"},
	{Name: "main_url", Type: artifact.Text, Doc: "page that the request was a part of, where that is another"},
	{Name: "location", Type: artifact.Text, Doc: "where the server redirected to, by its headers"},
	{Name: "referer", Type: artifact.Text, Doc: "page that the request named as its origin"},
	{Name: "user_agent", Type: artifact.Text, Doc: "what the app called itself"},
	{Name: "method", Type: artifact.Text, Doc: "GET, POST…"},
	{Name: "status", Type: artifact.Int, Doc: "status of the answer: 200, 404…"},
	{Name: "mime_type", Type: artifact.Text, Doc: "type of the content"},
	{Name: "request_headers", Type: artifact.Tree, Doc: "headers of the request"},
	{Name: "response_headers", Type: artifact.Tree, Doc: "headers of the answer"},
	{Name: "data_length", Type: artifact.Int, Doc: "bytes of the content that are in the database"},
	{Name: "data_sha256", Type: artifact.Text, Doc: "SHA-256 of them, in hex"},
	{Name: "data_file", Type: artifact.Text, Doc: "file in the folder fsCachedData that holds the content"},
	{Name: "version", Type: artifact.Int, Doc: "version of the entry"},
	{Name: "hash_value", Type: artifact.Int, Doc: "hash of the address"},
	{Name: "storage_policy", Type: artifact.Int, Doc: "how long the entry may be kept, as a number"},
	{Name: "without_response", Type: artifact.Bool, Doc: "true where the row of the answer is gone, and the rest of the entry was left behind"},
	otherColumns,
}

// Info implements artifact.Parser.
func (cacheFiles) Info() artifact.Info { return cacheFilesInfo }

// Parse implements artifact.Parser.
func (cacheFiles) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return readDatabase(ctx, in, readCache)
}

// A cacheReader reads answers, each with its request and its content.
type cacheReader struct {
	*table
	entries map[int64]*cacheEntry
	order   []int64 // of entries, as found
	summary func([]byte) []byte

	key, at, partition int
}

// readCache reads nothing from a database of another program that is called
// Cache.db too.
func readCache(r *reading) error {
	t := r.optional("cfurl_cache_response")
	if t == nil {
		return nil
	}
	c := &cacheReader{table: t, key: t.take("request_key"), at: t.take("time_stamp"), partition: t.take("partition"), entries: map[int64]*cacheEntry{}}
	c.summary = c.summarize
	t.hide("entry_ID")
	t.fields(map[string]string{"version": "version", "hash_value": "hash_value", "storage_policy": "storage_policy"})
	t.seal(cacheFilesInfo.Kinds[0])
	for _, read := range []func() error{c.objects, c.data, func() error { return t.each(c.response) }, c.rest} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (c *cacheReader) response() error {
	rec := c.start("response")
	rec.Set("entry_id", artifact.IntValue(c.rowID()))
	address := c.text(c.key)
	c.url(rec, "url", c.key)
	c.url(rec, "partition", c.partition)
	if e := c.entries[c.rowID()]; e != nil {
		e.used = true
		e.set(rec, address)
	}
	c.set(rec)
	c.stored(rec)
	if e := c.entries[c.rowID()]; e != nil {
		rec.When("received", artifact.MacSeconds, e.received)
	}
	rec.Summary = c.summary
	return c.give()
}

// stored sets the time of the row, which SQLite writes in UTC.
func (c *cacheReader) stored(rec *artifact.Record) {
	raw := c.number(c.at)
	if s, ok := raw.Str(); ok {
		if at, err := time.Parse(time.DateTime, s); err == nil {
			rec.WhenAt("stored", at)
			return
		}
	}
	rec.When("stored", artifact.Calendar, raw)
}

// rest gives what was left behind of entries whose answer is gone.
func (c *cacheReader) rest() error {
	for _, id := range c.order {
		e := c.entries[id]
		if e.used || e.url == "" {
			continue
		}
		rec := &c.r.Rec
		rec.Reset("response")
		rec.Loc = e.loc
		rec.Set("entry_id", artifact.IntValue(id))
		setURL(rec, "url", e.url)
		e.set(rec, e.url)
		rec.Set("without_response", artifact.BoolValue(true))
		rec.When("received", artifact.MacSeconds, e.received)
		rec.Summary = c.summary
		if err := c.give(); err != nil {
			return err
		}
	}
	return nil
}

// set gives what the request, the answer and the content tell.
func (e *cacheEntry) set(rec *artifact.Record, address string) {
	for _, f := range []struct{ name, url string }{
		{"response_url", e.responseURL}, {"main_url", e.mainURL}, {"location", e.response.get("Location")}, {"referer", e.request.get("Referer")},
	} {
		if f.url == "" || f.url == address {
			continue
		}
		rec.Set(f.name, artifact.TextValue(f.url))
		if strings.Contains(f.url, "://") { // what is relative names no host
			rec.Observe(artifact.URL, f.url, f.name)
		}
	}
	rec.Set("user_agent", artifact.TextOrNull(e.request.get("User-Agent")))
	rec.Set("method", artifact.TextOrNull(e.method))
	rec.Set("status", e.status)
	rec.Set("mime_type", artifact.TextOrNull(e.mimeType))
	rec.Set("request_headers", e.request.tree())
	rec.Set("response_headers", e.response.tree())
	rec.Set("data_length", e.dataLength)
	if e.sha256 != "" {
		rec.Set("data_sha256", artifact.TextValue(e.sha256))
		rec.Observe(artifact.FileHash, e.sha256, "data_sha256")
	}
	if e.file != "" {
		rec.Set("data_file", artifact.TextValue(e.file))
		rec.Observe(artifact.FileName, e.file, "data_file")
	}
}

func (c *cacheReader) summarize(b []byte) []byte {
	rec := &c.r.Rec
	return appendSummary(b, "loaded ", rec.Text("url"), " ", rec.Text("mime_type"))
}
