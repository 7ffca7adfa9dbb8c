package android

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
)

// dropBox reads the list of what the system keeps of crashes and reboots.
type dropBox struct{}

// Info implements artifact.Parser.
func (dropBox) Info() artifact.Info {
	return artifact.Info{
		Name: "android.dropbox", Version: 2, Summary: "What the system kept of crashes, hangs and restarts (DropBox).",
		Files: []string{"**/dumpsys/dropbox"}, Companions: clockCompanions,
		Kinds: []artifact.KindInfo{{Kind: "entry", Doc: "An entry of the list.", Times: []string{"kept"}, Fields: []artifact.FieldInfo{
			textField("tag", "data_app_crash, SYSTEM_TOMBSTONE, SYSTEM_BOOT…"), textField("process", "the process that it is of"),
			textField("form", "text, compressed text, data, or gone"), intField("bytes", "its length"), textField("head", "how it begins"),
		}}},
		Caveats: []string{"Times are those of the phone's clock, set by the zone that the report tells.", "The section holds the beginnings of the entries, not the whole."},
		Refs:    []string{aosp("core/java/com/android/server/DropBoxManagerService.java")},
	}
}

// Parse implements artifact.Parser.
func (dropBox) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	var d dropReading
	return readSection(ctx, in, d.line, d.last)
}

type dropReading struct {
	open        bool
	head, more  string
	offset, end int64
}

func (d *dropReading) line(r *section) error {
	text, indent := r.body()
	if _, ok := dropTime(text); ok && indent == 0 {
		err := d.last(r)
		d.open, d.head, d.more, d.offset, d.end = true, text, "", r.Offset, r.Offset+r.Length
		return err
	}
	if d.open && indent > 0 && d.more == "" {
		d.more, d.end = text, r.Offset+r.Length
	}
	return nil
}

// dropTime is the date and time that an entry's line begins with.
func dropTime(text string) (string, bool) {
	if len(text) < len("2006-01-02 15:04:05 x") || text[4] != '-' || text[19] != ' ' {
		return "", false
	}
	_, ok := wallClock(text[:19])
	return text[:19], ok
}

func (d *dropReading) last(r *section) error {
	if !d.open {
		return nil
	}
	d.open = false
	rec := r.Start("entry")
	rec.Loc.Offset, rec.Loc.Length = d.offset, d.end-d.offset
	at, _ := dropTime(d.head)
	tag, rest, _ := strings.Cut(d.head[20:], " ")
	rec.Set("tag", artifact.TextValue(tag))
	if process, ok := strings.CutPrefix(d.more, "Process: "); ok {
		process, _, _ = strings.Cut(process, "/")
		rec.Set("process", artifact.TextOrNull(process))
		rec.Observe(artifact.Process, process, "process")
		rec.Observe(artifact.AppID, process, "process")
	}
	form, _, _ := strings.Cut(strings.TrimPrefix(rest, "("), ")")
	form, bytes, _ := strings.Cut(form, ", ")
	rec.Set("form", artifact.TextOrNull(form))
	setNumber(rec, "bytes", leadingNumber(bytes))
	rec.Set("head", artifact.TextOrNull(d.more))
	if err := r.wall(rec, "kept", at); err != nil {
		return err
	}
	more := d.more
	rec.Summary = func(b []byte) []byte { return appendSummary(b, tag, " ", more) }
	return r.Give()
}
