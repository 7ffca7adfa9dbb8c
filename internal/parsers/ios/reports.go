package ios

import (
	"context"
	"fmt"
	"iter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/ips"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// maxReport bounds a report that is read whole. The largest that phones
// write, panics with the stacks of all threads, have a few megabytes.
const maxReport = 64 * limit.MiB

// A reportReading is one Parse of a report of the crash reporter.
type reportReading struct {
	*input.Reading

	report *ips.Report
}

// readReport is the Parse of a parser of such reports: it reads in, and has
// read yield its records.
func readReport(
	ctx context.Context, in *artifact.Input, read func(*reportReading) error,
) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(r *input.Reading) error {
		data, err := in.All(maxReport)
		if err != nil {
			return fmt.Errorf("open %s: %w", in.Path, err)
		}
		report, err := ips.Parse(data)
		if err != nil {
			return fmt.Errorf("open %s: %w", in.Path, err)
		}
		return read(&reportReading{r, report})
	})
}

// A bodyReading is one Parse of a report whose body is JSON: of memory, and of
// the kernel.
type bodyReading struct {
	*reportReading

	body map[string]ips.Value
	date string // when it happened, as it is written
}

// readBody is the Parse of a parser of such reports.
func readBody(ctx context.Context, in *artifact.Input, read func(*bodyReading) error) iter.Seq2[*artifact.Record, error] {
	return readReport(ctx, in, func(r *reportReading) error {
		root, ok := r.report.JSON()
		if !ok {
			return fmt.Errorf("read %s: %w: the body is no JSON", in.Path, limit.ErrUnsupported)
		}
		b := &bodyReading{reportReading: r, body: root.Map()}
		b.date = firstText(b.body["date"].Text(), r.report.Text("timestamp"))
		if err := read(b); err != nil {
			return err
		}
		return r.damage(root)
	})
}

// bodyFields are what all of them tell of the phone and of themselves.
var bodyFields = []artifact.FieldInfo{
	{Name: "os_version", Type: artifact.Text, Doc: "version and build of iOS"},
	{Name: "model", Type: artifact.Text, Doc: "model of the phone"},
	{Name: "kernel", Type: artifact.Text, Doc: "version of the kernel"},
	{Name: "incident_id", Type: artifact.Text, Doc: "identifier of the report"},
	{Name: "reporter_key", Type: artifact.Text, Doc: "identifier of the phone among crash reports"},
	{Name: "timestamp", Type: artifact.Text, Doc: "time of the report as it is written, with the offset of the phone's clock"},
}

// setBody sets bodyFields.
func (b *bodyReading) setBody() {
	set := func(field string, values ...ips.Value) {
		for _, v := range values {
			if value := b.Scalar(v); value.Kind() != artifact.Null {
				b.Rec.Set(field, value)
				return
			}
		}
	}
	set("os_version", b.report.Header.Get("os_version"), b.body["build"])
	set("model", b.body["product"])
	set("kernel", b.body["kernel"])
	set("incident_id", b.report.Header.Get("incident_id"), b.body["incident"])
	set("reporter_key", b.body["crashReporterKey"])
	set("timestamp", b.report.Header.Get("timestamp"))
}

// giveProcess gives a process of such a report: its name, which is in the member
// that is given, and what set sets of it.
func (b *bodyReading) giveProcess(v ips.Value, named string, set func(rec *artifact.Record, members map[string]ips.Value)) error {
	if v.Kind() != ips.Object {
		return b.Problem(v.Offset(), fmt.Errorf("%w: a process is no object", limit.ErrCorrupt))
	}
	members := v.Map()
	rec := b.Start("process", v.Offset(), v.Length())
	name := b.Cut(members[named].Text())
	rec.Set("process", artifact.TextOrNull(name))
	rec.Observe(artifact.Process, name, "process")
	b.when("seen", b.date)
	rec.Summary = func(s []byte) []byte { return appendSummary(s, "process ran: ", firstText(name, "?")) }
	set(rec, members)
	return b.Give()
}

// damage tells of JSON that cannot be read to its end.
func (r *reportReading) damage(v ips.Value) error {
	if err := v.Err(); err != nil {
		return r.Problem(v.Offset(), err)
	}
	return nil
}

// when sets a time as reports write it. A text that names no instant is kept.
func (r *reportReading) when(meaning, text string) {
	if t, ok := ips.Time(text); ok {
		r.Rec.WhenAt(meaning, t)
	} else if text != "" {
		r.Rec.When(meaning, artifact.Calendar, artifact.TextValue(r.Cut(text)))
	}
}

// seconds is value for a number that is written without a fraction where it
// has none.
func (r *reportReading) seconds(v ips.Value) artifact.Value {
	if f, ok := v.Float(); ok {
		return artifact.FloatValue(f)
	}
	return r.Scalar(v)
}
