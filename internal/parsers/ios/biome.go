package ios

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/segb"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// biome reads the streams of events that took the place of knowledgeC.
type biome struct{}

var biomeInfo = artifact.Info{
	Name:    "ios.biome",
	Version: 1,
	Summary: "Events that the phone notes of its own use: apps in front, pages, notifications, networks and many others.",
	Files: []string{
		"**/streams/restricted/*/local/*", "**/streams/restricted/*/remote/*/*",
		"**/streams/public/*/local/*", "**/streams/public/*/remote/*/*",
	},
	Kinds: []artifact.KindInfo{
		{
			Kind:   "event",
			Doc:    "An event of a stream whose fields are known.",
			Fields: append(biomeEntryFields[:len(biomeEntryFields):len(biomeEntryFields)], biomeEventFields()...),
			Times:  []string{"written", "event", "start", "end"},
		},
		{
			Kind: "entry",
			Doc:  "An event of another stream, with the texts in it.",
			Fields: append(biomeEntryFields[:len(biomeEntryFields):len(biomeEntryFields)],
				artifact.FieldInfo{Name: "texts", Type: artifact.Strings, Doc: "texts in the event, in their order"}),
			Times: []string{"written"},
		},
		{
			Kind: "stream",
			Doc:  "A file of a stream as a whole.",
			Fields: []artifact.FieldInfo{
				{Name: "stream", Type: artifact.Text, Doc: "name of the stream"},
				{Name: "device", Type: artifact.Text, Doc: "device that it comes from, where that is another"},
				{Name: "version", Type: artifact.Int, Doc: "version of the container"},
				{Name: "entries", Type: artifact.Int, Doc: "entries in it"},
				{Name: "events", Type: artifact.Int, Doc: "entries that gave a record"},
				{Name: "deleted", Type: artifact.Int, Doc: "entries that were deleted"},
				{Name: "blank", Type: artifact.Int, Doc: "entries of which nothing is left"},
				{Name: "damaged", Type: artifact.Int, Doc: "entries whose checksum does not hold"},
			},
			Times: []string{"first", "last"},
		},
	},
	Caveats: []string{
		"iOS keeps most streams for 28 days.",
		"Only some streams are understood; of the others the texts are read, which may leave some out or add some that are none.",
		"A stream under remote comes from another device of the same account.",
	},
	Refs: []string{
		"https://github.com/cclgroupltd/ccl-segb",
		"https://github.com/abrignoni/iLEAPP/tree/main/scripts/artifacts (biome*.py)",
		"https://cellebrite.com/en/understanding-and-decoding-the-newest-ios-segb-format/",
	},
}

var biomeEntryFields = []artifact.FieldInfo{
	{Name: "stream", Type: artifact.Text, Doc: "name of the stream"},
	{Name: "device", Type: artifact.Text, Doc: "device that it comes from, where that is another"},
	{Name: "entry_state", Type: artifact.Text, Doc: "state of the entry where it is not written: deleted"},
}

// Info implements artifact.Parser.
func (biome) Info() artifact.Info { return biomeInfo }

// Parse implements artifact.Parser.
func (biome) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		if in.Size == 0 {
			return // iOS makes the file before it has something to write
		}
		f, err := segb.Open(in, in.Size)
		if err != nil {
			yield(nil, fmt.Errorf("open %s: %w", in.Path, err))
			return
		}
		b := &biomeReading{in: in, yield: yield}
		b.stream, b.device = biomeStream(in.Path)
		b.fields = biomeFieldsOf(b.stream)
		if err := b.read(ctx, f); err != nil && !errors.Is(err, input.ErrStopped) {
			yield(nil, err)
		}
	}
}

// biomeStream returns the stream that a file belongs to, and the device that
// it comes from.
func biomeStream(path string) (stream, device string) {
	parts := strings.Split(path, "/")
	for i := len(parts) - 2; i > 0; i-- {
		switch parts[i] {
		case "local":
			return parts[i-1], ""
		case "remote":
			return parts[i-1], parts[min(i+1, len(parts)-2)]
		}
	}
	return "", ""
}

// A biomeReading is one Parse of a file of a stream.
type biomeReading struct {
	rec            artifact.Record
	in             *artifact.Input
	yield          func(*artifact.Record, error) bool
	stream, device string
	fields         []biomeField

	entries, events, deleted, blank, damaged int64
	first, last                              float64
}

func (b *biomeReading) read(ctx context.Context, f *segb.File) error {
	for e, err := range f.Entries() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if err := b.damage(err); err != nil {
				return err
			}
			continue
		}
		if err := b.entry(e); err != nil {
			return err
		}
	}
	return b.whole(f)
}

// damage tells of a place that could not be read, and returns other errors.
func (b *biomeReading) damage(err error) error {
	var at *segb.EntryError
	if !errors.As(err, &at) {
		return err
	}
	b.damaged++
	return b.problem(at.Offset, 0, at.Err)
}

func (b *biomeReading) problem(offset, length int64, err error) error {
	loc := artifact.Location{Path: b.in.Path, Offset: offset, Length: length}
	if !b.yield(nil, &artifact.RecordError{Loc: loc, Err: err}) {
		return input.ErrStopped
	}
	return nil
}

// entry gives a record of an entry that still has content.
func (b *biomeReading) entry(e *segb.Entry) error {
	b.entries++
	b.deleted += int64(btoi(e.State == segb.Deleted))
	if e.Blank() {
		b.blank++
		return nil
	}
	if !e.Intact {
		b.damaged++
		if e.State != segb.Written {
			return nil // a part of it was overwritten, as is usual
		}
		return b.problem(e.Offset, int64(len(e.Data)), fmt.Errorf("%w: the checksum of the entry does not hold", limit.ErrCorrupt))
	}
	b.span(e.Times[0])
	rec := &b.rec
	rec.Reset("event")
	rec.Loc = artifact.Location{Path: b.in.Path, Offset: e.Offset, Length: int64(len(e.Data))}
	rec.Set("stream", artifact.TextOrNull(b.stream))
	rec.Set("device", artifact.TextOrNull(b.device))
	if e.State != segb.Written {
		rec.Set("entry_state", artifact.TextValue(e.State.String()))
	}
	rec.When("written", artifact.MacSeconds, secondsOf(e.Times[0]))
	rec.Summary = b.summarize
	if b.fields == nil {
		rec.Kind = "entry"
		if !b.setTexts(e.Data) {
			return nil
		}
	} else if err := b.setFields(e.Data); err != nil {
		return b.problem(e.Offset, int64(len(e.Data)), err)
	}
	b.events++
	return b.give()
}

// span keeps the first and the last time.
func (b *biomeReading) span(at float64) {
	if _, ok := artifact.MacSeconds.At(artifact.FloatValue(at)); !ok {
		return
	}
	if b.first == 0 || at < b.first {
		b.first = at
	}
	b.last = max(b.last, at)
}

// secondsOf returns a time of the container, Null for 0 and for no number.
func secondsOf(f float64) artifact.Value {
	if f == 0 || math.IsNaN(f) || math.IsInf(f, 0) {
		return artifact.Value{}
	}
	return artifact.FloatValue(f)
}

func (b *biomeReading) give() error {
	if !b.yield(&b.rec, nil) {
		return input.ErrStopped
	}
	return nil
}

// setFields sets the fields of a stream that is known.
func (b *biomeReading) setFields(data []byte) error {
	if !wellFormed(data) {
		return fmt.Errorf("%w: no message", limit.ErrCorrupt)
	}
	for i := range b.fields {
		f := &b.fields[i]
		typ, v, ok := find(data, f.path)
		if !ok {
			continue
		}
		b.setField(f, typ, v)
	}
	return nil
}

func (b *biomeReading) setField(f *biomeField, typ protowire.Type, v []byte) {
	rec := &b.rec
	switch typ {
	case protowire.VarintType:
		n, _ := protowire.ConsumeVarint(v)
		b.setNumber(f, artifact.IntValue(int64(n)))
	case protowire.Fixed64Type:
		n, _ := protowire.ConsumeFixed64(v)
		if d := math.Float64frombits(n); !math.IsNaN(d) && !math.IsInf(d, 0) {
			b.setNumber(f, artifact.FloatValue(d))
		}
	case protowire.BytesType:
		s := string(v[:min(len(v), b.in.Limits.FieldLen)])
		if len(v) > len(s) {
			rec.Truncated = true
		}
		if s == "" || !utf8.ValidString(s) || f.name == "" {
			return
		}
		rec.Set(f.name, artifact.TextValue(s))
		if f.observe != nil {
			f.observe(rec, s, f.name)
		}
	}
}

// setNumber sets a number, as a time where it is one.
func (b *biomeReading) setNumber(f *biomeField, v artifact.Value) {
	if f.time == "" {
		b.rec.Set(f.name, v)
		return
	}
	if d, ok := v.Float(); ok && d != 0 {
		b.rec.When(f.time, f.epoch, v)
	}
}

// setTexts sets the texts of an event of any stream, and reports whether
// there are any.
func (b *biomeReading) setTexts(data []byte) bool {
	texts := appendTexts(nil, data, maxDepth)
	if len(texts) == 0 {
		return false
	}
	for i := range texts {
		if len(texts[i]) > b.in.Limits.FieldLen {
			texts[i] = input.CutAt(texts[i], b.in.Limits.FieldLen)
			b.rec.Truncated = true
		}
		b.observeText(texts[i])
	}
	b.rec.Set("texts", artifact.StringsValue(texts))
	return true
}

// observeText notes a text for what it looks like.
func (b *biomeReading) observeText(s string) {
	rec := &b.rec
	switch {
	case strings.Contains(s, "://"):
		rec.Observe(artifact.URL, s, "texts")
	case strings.HasPrefix(s, "/"):
		rec.Observe(artifact.FilePath, devicePath(s), "texts")
	case strings.ContainsAny(s, " \t\n"):
	case strings.Contains(s, "@"):
		observeAddress(rec, s, "texts")
	case strings.Contains(s, "."):
		rec.Observe(artifact.AppID, s, "texts")
		rec.Observe(artifact.Domain, s, "texts")
	}
	if strings.Contains(b.stream, "Process") || strings.Contains(b.stream, "Crash") {
		rec.Observe(artifact.Process, s, "texts")
	}
}

// whole gives the record of the file.
func (b *biomeReading) whole(f *segb.File) error {
	rec := &b.rec
	rec.Reset("stream")
	rec.Loc = artifact.Location{Path: b.in.Path, Length: b.in.Size}
	rec.Set("stream", artifact.TextOrNull(b.stream))
	rec.Set("device", artifact.TextOrNull(b.device))
	rec.Set("version", artifact.IntValue(int64(f.Version)))
	for _, c := range []struct {
		name string
		n    int64
	}{{"entries", b.entries}, {"events", b.events}, {"deleted", b.deleted}, {"blank", b.blank}, {"damaged", b.damaged}} {
		rec.Set(c.name, artifact.IntValue(c.n))
	}
	rec.When("first", artifact.MacSeconds, secondsOf(b.first))
	rec.When("last", artifact.MacSeconds, secondsOf(b.last))
	rec.Summary = b.summarize
	return b.give()
}

func (b *biomeReading) summarize(out []byte) []byte {
	rec := &b.rec
	parts := []string{b.stream}
	switch rec.Kind {
	case "stream":
		parts = append(parts, ": file of events")
	case "entry":
		for _, s := range rec.Get("texts").Strings() {
			parts = append(parts, " ", s)
		}
	default:
		for _, f := range rec.Fields {
			if s, ok := f.Value.Str(); ok && f.Name != "stream" && f.Name != "device" {
				parts = append(parts, " ", s)
			}
		}
	}
	return appendSummary(out, parts...)
}
