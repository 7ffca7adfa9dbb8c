package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/extsort"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/rule"
)

// collector turns records into findings for one task.
type collector struct {
	artifact string
	device   string // what tells this device's findings from another's
	matcher  *indicator.Matcher
	rules    *rule.Engine
	lures    *lure.Records // nil: the artifact holds no messages
	sorter   *extsort.Sorter
	files    *taskFiles
	json     []byte // the record at hand as written, nil until wanted

	withheld []string        // values of private indicators that the record at hand holds
	secrets  map[string]bool // those of all records

	known   indicator.Memory
	hits    []indicator.Hit
	matches []rule.Match
	found   []rule.Mark
	marks   marks
	n       map[finding.Severity]int64
	err     error
}

// add matches one record. Its JSON form is given where it was written already.
func (c *collector) add(ctx context.Context, r *artifact.Record, form []byte) {
	c.json, c.withheld = form, nil
	c.hits = c.hits[:0]
	if c.matcher != nil && len(r.Observed) > 0 {
		c.hits = c.matcher.MatchNext(&c.known, c.artifact, r.Observed, c.hits[:0])
		for i := range c.hits {
			c.withhold(r, &c.hits[i])
		}
		for i := range c.hits {
			c.put(ctx, r, c.byIndicator(r, &c.hits[i]))
		}
	}
	if c.lures != nil {
		if f := c.byLure(r); f != nil {
			c.put(ctx, r, f)
		}
	}
	if c.rules == nil {
		return
	}
	c.matches = c.rules.Eval(r, c.matches[:0])
	for i := range c.matches {
		c.put(ctx, r, c.byRule(&c.matches[i]))
	}
	c.mark(ctx, r)
}

// byIndicator says what matched and who published it. An indicator alone is
// critical: somebody vouches for it. One that has expired may have passed to
// other hands since, a process name that was cut may be another's, and a host
// that very many people use accuses nobody.
func (c *collector) byIndicator(r *artifact.Record, h *indicator.Hit) *finding.Finding {
	ind, seen := h.Indicator, r.Observed[h.Observed]
	set := ind.Set()
	m := &finding.Matched{
		Type: string(ind.Type()), Set: set.Name, SetSHA256: set.SHA256, ID: ind.ID(), Match: string(h.How), Field: seen.Field,
		TLP: ind.TLP().String(), Private: ind.Private(), Broad: ind.Popular(), Threats: []string{},
	}
	if !m.Private {
		m.Value, m.Threats, m.Observed, m.Reference = ind.Value(), ind.Threats(), clip(seen.Value, maxObserved), reference(ind)
		if seen.Type == artifact.URL {
			m.Short = indicator.ShortLink(seen.Value)
		}
		for _, o := range h.Also {
			m.Also = append(m.Also, finding.Credit{
				Set: o.Set().Name, SetSHA256: o.Set().SHA256, ID: o.ID(), Threats: o.Threats(), Reference: reference(o),
			})
		}
	}
	f := &finding.Finding{Severity: finding.Critical, Kind: finding.Indicator, Indicator: m}
	if at := firstTime(r); !at.IsZero() && ind.Expired(at) {
		m.Expired = true
		f.Severity = finding.High
	}
	if h.How == indicator.ProcessTruncated {
		f.Severity = min(f.Severity, finding.High)
	}
	if m.Broad {
		f.Severity = min(f.Severity, finding.Low)
	}
	m.Threat = strings.Join(m.Threats, ", ")
	f.Title = indicatorTitle(m)
	return f
}

// reference is where an indicator was published, "" if nothing says it.
func reference(d *indicator.Indicator) string {
	if refs := d.References(); len(refs) > 0 {
		return cmp.Or(refs[0].URL, refs[0].Name)
	}
	return ""
}

// maxObserved bounds the matching value in a finding; the record has it whole.
const maxObserved = 4096

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func indicatorTitle(m *finding.Matched) string {
	if m.Private {
		return "a private indicator of " + m.Set + " matched"
	}
	who := cmp.Or(m.Threat, m.Set)
	return fmt.Sprintf("%s %s published as an indicator of %s", strings.ReplaceAll(m.Type, "_", " "), clip(m.Value, 200), who)
}

func firstTime(r *artifact.Record) time.Time {
	for i := range r.Times {
		if !r.Times[i].At.IsZero() {
			return r.Times[i].At
		}
	}
	return time.Time{}
}

func (c *collector) byRule(m *rule.Match) *finding.Finding {
	return &finding.Finding{
		Severity: m.Severity, Kind: finding.Heuristic,
		Title: m.Rule.Title.In("en"), Rule: m.Rule.ID, Reason: m.Reason,
	}
}

// byLure says what a message pretends to be, nil where there is nothing to say.
func (c *collector) byLure(r *artifact.Record) *finding.Finding {
	listed := slices.ContainsFunc(c.hits, func(h indicator.Hit) bool {
		switch r.Observed[h.Observed].Type {
		case artifact.URL, artifact.Domain, artifact.IP:
			return true
		}
		return false
	})
	reading, ok := c.lures.Read(r, listed)
	if !ok {
		return nil
	}
	p := c.lures.Knowledge().Pretended(&reading)
	if len(c.withheld) > 0 {
		// A private indicator names the link: what it is must not be said here either.
		p.Withhold(finding.Withheld)
		reading.Links = nil
	}
	return &finding.Finding{Severity: reading.Severity, Kind: finding.Lure, Title: reading.Title(), Reason: reading.Codes(), Lure: p}
}

// put completes a finding with what every finding of the record shares.
func (c *collector) put(ctx context.Context, r *artifact.Record, f *finding.Finding) {
	if c.json == nil {
		c.json = r.AppendJSON(nil)
	}
	f.Artifact = c.artifact
	f.Record = c.json
	f.Where = c.provenance(ctx, r)
	if len(c.withheld) > 0 || f.Indicator != nil && f.Indicator.Private {
		c.redact(f)
	}
	for i := range r.Times {
		if at := r.Times[i].At; !at.IsZero() {
			f.Time, f.TimeOf = &at, r.Times[i].Meaning
			break
		}
	}
	f.ID = c.id(f)
	payload, err := json.Marshal(f)
	if err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("finding %s: %w", f.ID, err))
		return
	}
	c.n[f.Severity]++
	c.sorter.Put(findingKey(f), payload)
}

// id names a finding by what it is, so that the same inputs give the same id
// on every run and every machine.
func (c *collector) id(f *finding.Finding) string {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s;", len(s), s) }
	part(c.device)
	part(f.Artifact)
	part(f.Where.Path)
	part(f.Where.Table)
	if f.Where.RowID != nil {
		part(strconv.FormatInt(*f.Where.RowID, 10))
	}
	part(strconv.FormatInt(f.Where.Offset, 10))
	part(f.Where.State)
	part(f.Rule)
	if m := f.Indicator; m != nil {
		part(m.Type + "=" + m.Value) // without the value of a private one, which could be guessed
		part(m.SetSHA256)
		part(m.ID)
		part(m.Field)
	} else {
		part(f.Reason)
	}
	return "F-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// findingKey orders findings: most severe first, then by time (undated last),
// artifact, place and id.
func findingKey(f *finding.Finding) []byte {
	key := []byte{255 - byte(f.Severity)}
	ns := ^uint64(0)
	if f.Time != nil {
		ns = uint64(f.Time.UnixNano()) ^ (1 << 63)
	}
	key = appendUint64(key, ns)
	// Places come from evidence: cut, they keep the key within its limit.
	for _, s := range []string{f.Artifact, f.Where.Path, f.Where.Table} {
		key = append(append(key, s[:min(len(s), 1024)]...), 0)
	}
	if f.Where.RowID != nil {
		key = appendUint64(key, uint64(*f.Where.RowID)^(1<<63))
	}
	key = appendUint64(key, uint64(f.Where.Offset))
	return append(key, f.ID...)
}

func appendUint64(b []byte, n uint64) []byte {
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(n>>shift))
	}
	return b
}

// provenance is the way to the record's bytes. The hash is filled in when all
// files have been hashed.
func (c *collector) provenance(ctx context.Context, r *artifact.Record) finding.Provenance {
	path := r.Loc.Path + r.Loc.Suffix()
	p := finding.Provenance{
		Path: path, Table: r.Loc.Table, Page: r.Loc.Page,
		Offset: r.Loc.Offset, Length: r.Loc.Length, State: cmp.Or(string(r.Loc.State), "live"),
		Frame: r.Loc.Frame, Confidence: r.Loc.Confidence,
	}
	if r.Loc.Row {
		id := r.Loc.RowID
		p.RowID = &id
	}
	o, err := c.files.get(ctx, path)
	if err != nil {
		return p
	}
	p.Stored = o.stored
	if n := min(r.Loc.Length, finding.MaxBytes); n > 0 {
		b := make([]byte, n)
		if got, err := c.files.reader(o).ReadAt(b, r.Loc.Offset); err == nil || errors.Is(err, io.EOF) {
			p.Bytes = b[:got]
		}
	}
	return p
}
