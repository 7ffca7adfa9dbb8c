package examine

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/pipeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// maxObservables bounds the distinct values that are kept of one run. A phone
// has some ten thousand; the list of a whole file system may have a million.
const maxObservables = 400_000

// Observations gathers the distinct values of one check, file by file: what
// hunts look up later.
type Observations struct {
	mu    sync.Mutex
	parts []*observed
}

type seenKey struct {
	kind            artifact.ObservableType
	value, artifact string
}

type span struct{ first, last time.Time }

// observed is what one file holds.
type observed struct {
	artifact string
	seen     map[seenKey]span
	cut      bool
}

// Observe is what the pipeline asks for each file of an artifact.
func (o *Observations) Observe(name string) pipeline.Observer {
	part := &observed{artifact: name, seen: map[seenKey]span{}}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parts = append(o.parts, part)
	return part
}

// Add implements pipeline.Observer.
func (o *observed) Add(r *artifact.Record) {
	var at time.Time
	for i := range r.Times {
		if !r.Times[i].At.IsZero() {
			at = r.Times[i].At
			break
		}
	}
	for i := range r.Observed {
		k := seenKey{r.Observed[i].Type, r.Observed[i].Value, o.artifact}
		if len(k.value) > workspace.MaxObservedValue {
			k.value = k.value[:workspace.MaxObservedValue]
			o.cut = true
		}
		old, ok := o.seen[k]
		if !ok && len(o.seen) >= maxObservables {
			o.cut = true
			continue
		}
		o.seen[k] = old.with(at)
	}
}

// Save implements pipeline.Observer.
func (o *observed) Save(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	text := func(s string) { line = append(binary.AppendUvarint(line, uint64(len(s))), s...) }
	when := func(t time.Time) {
		line = binary.AppendVarint(binary.AppendVarint(line, t.Unix()), int64(t.Nanosecond()))
	}
	head := byte(0)
	if o.cut {
		head = 1
	}
	_ = b.WriteByte(head) // Flush tells
	for k, s := range o.seen {
		line = line[:0]
		text(string(k.kind))
		text(k.value)
		when(s.first)
		when(s.last)
		_, _ = b.Write(line)
	}
	return b.Flush()
}

// errObserved says that kept observables are none.
var errObserved = errors.New("kept observables are damaged")

// maxType bounds the name of a type of observables, in bytes.
const maxType = 100

// Load implements pipeline.Observer.
func (o *observed) Load(r io.Reader) error {
	seen, cut, err := o.load(bufio.NewReader(r))
	if err != nil {
		return fmt.Errorf("%w: %w", errObserved, err)
	}
	o.seen, o.cut = seen, cut
	return nil
}

func (o *observed) load(r *bufio.Reader) (seen map[seenKey]span, cut bool, err error) {
	head, err := r.ReadByte()
	if err != nil || head > 1 {
		return nil, false, errors.Join(errObserved, err)
	}
	seen = map[seenKey]span{}
	for {
		if _, err := r.Peek(1); errors.Is(err, io.EOF) {
			return seen, head == 1, nil
		}
		kind, err1 := readText(r, maxType)
		value, err2 := readText(r, workspace.MaxObservedValue)
		first, err3 := readTime(r)
		last, err4 := readTime(r)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return nil, false, err
		}
		if len(seen) == maxObservables {
			return nil, false, errors.New("too many")
		}
		seen[seenKey{artifact.ObservableType(kind), value, o.artifact}] = span{first, last}
	}
}

func readText(r *bufio.Reader, most uint64) (string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > most {
		return "", errors.Join(errObserved, err)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return string(b), err
}

func readTime(r *bufio.Reader) (time.Time, error) {
	sec, err1 := binary.ReadVarint(r)
	ns, err2 := binary.ReadVarint(r)
	if ns < 0 || ns >= int64(time.Second) {
		return time.Time{}, errObserved
	}
	return time.Unix(sec, ns).UTC(), errors.Join(err1, err2)
}

// with widens a span by a time, unless that is zero.
func (s span) with(at time.Time) span {
	if at.IsZero() {
		return s
	}
	if s.first.IsZero() || at.Before(s.first) {
		s.first = at
	}
	if at.After(s.last) {
		s.last = at
	}
	return s
}

// List returns all values in a fixed order, and whether some are missing.
func (o *Observations) List() (out []workspace.Sighting, cut bool) {
	all := map[seenKey]span{}
	for _, p := range o.parts {
		cut = cut || p.cut
		for k, s := range p.seen {
			all[k] = all[k].with(s.first).with(s.last)
		}
	}
	for k, s := range all {
		out = append(out, workspace.Sighting{Type: k.kind, Value: k.value, Artifact: k.artifact, First: s.first, Last: s.last})
	}
	slices.SortFunc(out, func(a, b workspace.Sighting) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Artifact, b.Artifact))
	})
	if len(out) > maxObservables {
		out, cut = out[:maxObservables], true
	}
	return out, cut
}

// pretended adds, for links between people, to which domain messages lead that
// pretend to be another's, and whom they speak for. A domain that must not be
// named is left out.
func (o *Observations) pretended(f *finding.Finding) {
	if f.Lure == nil {
		return
	}
	part := &observed{artifact: f.Artifact, seen: map[seenKey]span{}}
	var at time.Time
	if f.Time != nil {
		at = *f.Time
	}
	if domain := cmp.Or(f.Lure.Registered, f.Lure.Host); domain != "" && domain != finding.Withheld {
		part.seen[seenKey{workspace.ObservedLure, domain, f.Artifact}] = span{}.with(at)
	}
	if f.Lure.Institution != "" {
		part.seen[seenKey{workspace.ObservedTheme, f.Lure.Kind + " " + f.Lure.Institution, f.Artifact}] = span{}.with(at)
	}
	o.parts = append(o.parts, part)
}
