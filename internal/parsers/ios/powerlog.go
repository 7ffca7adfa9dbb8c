package ios

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/sqlite"
	"github.com/amparo-project/amparo/internal/limit"
)

// powerlog reads what iOS noted to account for its battery: which processes
// ran, what they sent and received, which apps used the camera and so on.
type powerlog struct{}

var powerlogInfo = artifact.Info{
	Name:    "ios.powerlog",
	Version: 1,
	Summary: "What the phone noted to account for its battery: processes and their network use, apps, camera, sound and location.",
	Files: []string{
		"**/CurrentPowerlog.PLSQL", "**/powerlog*.PLSQL", "**/powerlog*.PLSQL.gz", "**/BatteryLife/Quarantine/*.PLSQL",
	},
	Kinds: powerlogKinds(),
	Caveats: []string{
		"The phone writes times by a clock of its own and keeps the difference in a table; times here have the difference added, and the field timestamp holds the number as written.",
		"A time before the first difference on record has that first one added.",
		"When the phone started, was upgraded and was backed up is given as written.",
		"A packed file is read whole, up to 256 MiB unpacked; the places of its rows are told by table and row alone.",
		"Tables of hardware and energy are not read.",
	},
	Refs: []string{
		"https://github.com/mac4n6/APOLLO",
		"https://www.mac4n6.com/blog/2018/12/3/powerlogs-in-ios",
		"https://github.com/EC-DIGIT-CSIRC/sysdiagnose",
	},
}

// Info implements artifact.Parser.
func (powerlog) Info() artifact.Info { return powerlogInfo }

// maxPowerlog bounds a packed powerlog, unpacked in memory: SQLite is read in
// any order, and packed data only from its start.
const maxPowerlog = 256 * limit.MiB

// Parse implements artifact.Parser.
func (powerlog) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if strings.HasSuffix(in.Path, ".gz") {
		return readPacked(ctx, in, readPowerlog)
	}
	return readDatabase(ctx, in, readPowerlog)
}

// readPacked is readDatabase for a database inside gzip.
func readPacked(
	ctx context.Context, in *artifact.Input, read func(*reading) error,
) iter.Seq2[*artifact.Record, error] {
	return func(yield func(*artifact.Record, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		data, err := unpack(in, maxPowerlog)
		if err != nil {
			yield(nil, fmt.Errorf("unpack %s: %w", in.Path, err))
			return
		}
		whole := artifact.NewInput(in.Path, data, data.Size(), nil)
		whole.Recover = in.Recover
		whole.Limits = in.Limits
		for rec, err := range readDatabase(ctx, whole, read) {
			if rec != nil {
				// No byte of the packed file is the row's.
				rec.Loc.Page, rec.Loc.Offset, rec.Loc.Length = 0, 0, 0
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// unpack returns the content of a gzip file, at most most bytes.
func unpack(in *artifact.Input, most int64) (*bytes.Reader, error) {
	packed, err := gzip.NewReader(io.NewSectionReader(in, 0, in.Size))
	if err != nil {
		return nil, badPacking(err)
	}
	data, err := limit.ReadAll(packed, most)
	if err != nil {
		return nil, badPacking(err)
	}
	return bytes.NewReader(data), nil
}

// badPacking marks an error of the format as damage.
func badPacking(err error) error {
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	return err
}

// A clockChange is the difference between the clock of the log and that of the
// phone from a moment on.
type clockChange struct{ from, add float64 }

// A powerReader reads one table of the log after the other.
type powerReader struct {
	*table
	r     *reading
	clock []clockChange // by from
	spec  *powerTable
	// parents are the rows that those of the table belong to, by number.
	parents map[int64]span
	columns []int
	at, end int
	parent  int
	summary func([]byte) []byte
}

// A span is the time of a row, in two columns.
type span struct{ from, to artifact.Value }

func readPowerlog(r *reading) error {
	p := &powerReader{r: r}
	p.summary = p.summarize
	if err := p.readClock(); err != nil {
		return err
	}
	found := false
	for i := range allPowerTables {
		p.spec = &allPowerTables[i]
		for _, name := range p.spec.tables {
			if p.table = r.optional(name, p.spec.wanted()...); p.table == nil {
				continue
			}
			found = true
			if err := p.readTable(); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("%w: no table of a powerlog that is known", limit.ErrUnsupported)
	}
	return nil
}

// readClock reads the differences between the clocks.
func (p *powerReader) readClock() error {
	t := p.r.optional("PLStorageOperator_EventForward_TimeOffset", "timestamp", "system")
	if t == nil {
		return nil
	}
	at, system := t.find("timestamp"), t.find("system")
	err := t.each(func() error {
		from, okFrom := t.raw(at).AsFloat()
		add, okAdd := t.raw(system).AsFloat()
		if okFrom && okAdd {
			p.clock = append(p.clock, clockChange{from, add})
		}
		return t.hold()
	})
	slices.SortStableFunc(p.clock, func(a, b clockChange) int { return cmp.Compare(a.from, b.from) })
	return p.r.unjoined(err)
}

// offset returns what to add to a time of the log.
func (p *powerReader) offset(at float64) float64 {
	if len(p.clock) == 0 {
		return 0
	}
	i, found := slices.BinarySearchFunc(p.clock, at, func(c clockChange, at float64) int { return cmp.Compare(c.from, at) })
	if !found {
		i--
	}
	return p.clock[max(i, 0)].add
}

func (p *powerReader) readTable() error {
	p.columns = p.columns[:0]
	for _, f := range p.spec.fields {
		p.columns = append(p.columns, p.find(f.column))
	}
	p.at, p.end, p.parent = p.find("timestamp"), p.find("timestampEnd"), p.find("FK_ID")
	p.parents = nil
	if name, ok := strings.CutSuffix(p.name, "_Dynamic"); ok {
		if err := p.readParents(p.r.optional(name, "timestamp", "timestampEnd")); err != nil {
			return err
		}
	}
	return p.each(p.giveRow)
}

// readParents reads the times of the rows that those of the table belong to.
func (p *powerReader) readParents(t *table) error {
	p.parents = map[int64]span{}
	if t == nil {
		return nil
	}
	from, to := t.find("timestamp"), t.find("timestampEnd")
	err := t.each(func() error {
		p.parents[t.rowID()] = span{t.number(from), t.number(to)}
		return t.hold()
	})
	return p.r.unjoined(err)
}

// giveRow gives one row.
func (p *powerReader) giveRow() error {
	rec := p.start(p.spec.kind)
	times := span{p.number(p.at), p.number(p.end)}
	if p.parents != nil {
		times = p.parents[p.key(p.parent)]
	}
	rec.Set("timestamp", times.from)
	p.when(rec, "logged", times.from)
	p.when(rec, "ended", times.to)
	for i := range p.spec.fields {
		p.setField(rec, &p.spec.fields[i], p.columns[i])
	}
	rec.Summary = p.summary
	return p.give()
}

// when sets a time, with the difference of the clocks added.
func (p *powerReader) when(rec *artifact.Record, meaning string, v artifact.Value) {
	if f, ok := v.Float(); ok {
		add := p.offset(f)
		if add != 0 && meaning == "logged" {
			rec.Set("time_offset", artifact.FloatValue(add))
		}
		v = artifact.FloatValue(f + add)
	}
	rec.When(meaning, artifact.UnixSeconds, v)
}

func (p *powerReader) setField(rec *artifact.Record, f *powerField, column int) {
	if f.time != "" {
		rec.When(f.time, artifact.UnixSeconds, p.number(column))
		return
	}
	switch p.raw(column).Kind() {
	case sqlite.Null, sqlite.Blob:
		return
	}
	v := p.value(column)
	if s, ok := v.Str(); ok && s == "" {
		return
	}
	rec.Set(f.name, v)
	if s, ok := v.Str(); ok && f.observe != nil {
		f.observe(rec, s, f.name)
	}
}

func (p *powerReader) summarize(b []byte) []byte {
	rec := &p.r.Rec
	parts := []string{p.spec.says, ":"}
	for _, name := range p.spec.show {
		if s := rec.Text(name); s != "" {
			parts = append(parts, " ", s)
		}
	}
	return appendSummary(b, parts...)
}
