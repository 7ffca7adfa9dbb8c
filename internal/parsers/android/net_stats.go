package android

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// netStats reads how much each app sent and received, and when.
type netStats struct{}

// Info implements artifact.Parser.
func (netStats) Info() artifact.Info {
	return artifact.Info{
		Name: "android.net_stats", Version: 1, Summary: "Network use of apps: how much, over which network, from when to when.",
		Files: []string{"**/dumpsys/netstats"},
		Kinds: []artifact.KindInfo{{Kind: "uid_use", Doc: "The traffic of one user id over one network.", Times: []string{"first", "last"}, Fields: []artifact.FieldInfo{
			intField("uid", "user id of the app; -4: removed apps, -5: tethering"), textField("set", "DEFAULT: in the background; FOREGROUND"),
			textField("tag", "a part of the traffic that the app marked"), textField("network", "the network, with its name where it is told"),
			intField("received", "bytes"), intField("sent", "bytes"), intField("spans", "spans of time with traffic"),
		}}},
		Caveats: []string{"User ids are named by android.packages.", "Spans have two hours: a time is that of the beginning of its span."},
		Refs:    []string{"https://android.googlesource.com/platform/packages/modules/Connectivity/+/refs/heads/main/service-t/src/com/android/server/net/NetworkStatsService.java"},
	}
}

// Parse implements artifact.Parser.
func (netStats) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var n trafficReading
	return readLines(ctx, in, n.line, n.last)
}

// trafficReading is the user id whose spans stand in the lines that follow.
type trafficReading struct {
	open           bool
	ident, head    string
	offset, end    int64
	first, final   int64 // seconds since 1970
	received, sent int64
	spans          int64
}

func (n *trafficReading) line(r *lineReading) error {
	text, _ := r.body()
	switch {
	case strings.HasPrefix(text, "ident="):
		err := n.last(r)
		*n = trafficReading{}
		if i := strings.Index(text, " uid="); i >= 0 {
			n.open, n.ident, n.head = true, strings.TrimPrefix(text[:i], "ident="), text[i:]
			n.offset, n.end = r.Offset, r.Offset+r.Length
		}
		return err
	case n.open && strings.HasPrefix(text, "st="):
		n.span(text)
		n.end = r.Offset + r.Length
	case n.open && strings.HasSuffix(text, "stats:"):
		return n.last(r)
	}
	return nil
}

func (n *trafficReading) span(text string) {
	number := func(key string) int64 {
		v, _ := valueOf(text, key)
		i, _ := strconv.ParseInt(v, 10, 64) // 0 where there is none
		return i
	}
	at := number("st")
	if n.spans == 0 || at < n.first {
		n.first = at
	}
	n.final = max(n.final, at)
	n.received += number("rb")
	n.sent += number("tb")
	n.spans++
}

func (n *trafficReading) last(r *lineReading) error {
	if !n.open || n.spans == 0 {
		n.open = false
		return nil
	}
	n.open = false
	rec := r.Start("uid_use")
	rec.Loc.Offset, rec.Loc.Length = n.offset, n.end-n.offset
	uid, _ := valueOf(n.head, "uid")
	setNumber(rec, "uid", uid)
	set, _ := valueOf(n.head, "set")
	rec.Set("set", artifact.TextOrNull(set))
	if tag, _ := valueOf(n.head, "tag"); tag != "0x0" {
		rec.Set("tag", artifact.TextOrNull(tag))
	}
	rec.Set("network", artifact.TextOrNull(strings.Trim(n.ident, "[]{}")))
	rec.Set("received", artifact.IntValue(n.received))
	rec.Set("sent", artifact.IntValue(n.sent))
	rec.Set("spans", artifact.IntValue(n.spans))
	rec.When("first", artifact.UnixSeconds, artifact.IntValue(n.first))
	rec.When("last", artifact.UnixSeconds, artifact.IntValue(n.final))
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "uid ", uid) }
	return r.Give()
}
