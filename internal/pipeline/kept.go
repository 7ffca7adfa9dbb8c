package pipeline

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/amparo-project/amparo/internal/extsort"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/rule"
)

// kept is what a finished task made.
type kept struct {
	task     int
	out      outcome
	findings *extsort.Sorter
	events   *extsort.Sorter // nil without a result folder
	marks    marks
	secrets  map[string]bool
	observe  Observer // nil: nobody asked
	files    []string // that were opened
}

// list returns the files that were opened, sorted.
func (f *taskFiles) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.used))
}

// discard removes what a task made that is not taken.
func (k *kept) discard() {
	for _, s := range []*extsort.Sorter{k.findings, k.events} {
		if s != nil {
			s.Discard()
		}
	}
	if k.out.part != "" {
		_ = os.Remove(k.out.part)
	}
}

// pack writes what a task made.
func (c *check) pack(p *packer, k *kept) {
	name, path := c.name(k.task)
	p.num(int64(k.task))
	p.text(name)
	p.text(path)
	for _, file := range k.files {
		p.text(file)
	}
	p.text("") // no file is called that
	k.out.pack(p)
	for _, secret := range slices.Sorted(maps.Keys(k.secrets)) {
		p.text(secret)
	}
	p.text("")
	k.marks.pack(p)
	p.stream(k.findings.Save)
	if k.observe != nil {
		p.stream(k.observe.Save)
	}
	if k.events != nil {
		p.stream(k.events.Save)
		p.stream(k.out.copyRecords)
	}
}

// stream writes what fn writes.
func (p *packer) stream(fn func(io.Writer) error) {
	if err := fn(p); p.err == nil {
		p.err = err
	}
	p.end()
}

func (o *outcome) copyRecords(w io.Writer) error {
	f, err := os.Open(o.part)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f}, make([]byte, recordBuffer))
	return err
}

func (o *outcome) pack(p *packer) {
	p.text(string(o.state))
	for _, n := range []int64{o.records, o.events, o.odd, int64(o.took), o.errs.n} {
		p.num(n)
	}
	p.when(o.from)
	p.when(o.to)
	p.json(o.errs.list)
	p.json(o.findings)
	p.num(int64(len(o.faults)))
	for _, f := range o.faults {
		p.text(f.Rule.ID)
		p.num(f.Count)
		p.text(f.Err.Error())
		p.json(f.Stopped)
	}
	words := make([]string, len(o.words.words))
	for text, n := range o.words.numbers {
		words[n-1] = text
	}
	p.num(int64(len(words)))
	for _, w := range words {
		p.text(w)
	}
	p.num(int64(len(o.days.days)))
	for _, day := range slices.Sorted(maps.Keys(o.days.days)) {
		p.num(day)
		p.num(*o.days.days[day])
	}
}

// Bounds of what one task can make.
const (
	maxFaults = 1 << 20
	maxDays   = 1 << 32
)

func (o *outcome) unpack(u *unpacker, rules *rule.Set) {
	o.state = finding.State(u.text())
	o.records, o.events, o.odd, o.took, o.errs.n = u.num(), u.num(), u.num(), time.Duration(u.num()), u.num()
	o.from, o.to = u.when(), u.when()
	u.json(&o.errs.list)
	u.json(&o.findings)
	for range u.count(maxFaults) {
		f := &rule.Fault{Rule: u.rule(rules), Count: u.num(), Err: errors.New(u.text())}
		u.json(&f.Stopped)
		if u.err != nil {
			return
		}
		o.faults = append(o.faults, f)
	}
	o.words = newVocabulary()
	for range u.count(maxWords) {
		text := u.text()
		if u.err != nil {
			return
		}
		o.words.words = append(o.words.words, newWord(text))
		o.words.numbers[text] = uint64(len(o.words.words))
	}
	o.days = newActivity()
	for range u.count(maxDays) {
		day, n := u.num(), u.num()
		if u.err != nil {
			return
		}
		o.days.days[day] = &n
	}
}

// rule reads the id of one of the rules.
func (u *unpacker) rule(rules *rule.Set) *rule.Rule {
	id := u.text()
	if u.err != nil {
		return nil
	}
	r := rules.Rule(id)
	if r == nil {
		u.fail("a rule that there is not")
	}
	return r
}

func (m *marks) pack(p *packer) {
	p.num(m.dropped)
	p.num(int64(len(m.list)))
	var last *sighting
	for i := range m.list {
		one := &m.list[i]
		p.mark(one.Rule, one.Part, one.At)
		p.text(one.Meaning)
		p.text(one.Of)
		if same := one.seen == last && i > 0; same {
			p.num(1)
			continue
		}
		p.num(0)
		p.text(one.seen.artifact)
		p.text(string(one.seen.record))
		p.json(&one.seen.where)
		last = one.seen
	}
	p.num(int64(len(m.against)))
	for key := range m.against {
		p.mark(key.rule, key.part, time.Unix(key.at, 0))
	}
}

func (p *packer) mark(r *rule.Rule, part int, at time.Time) {
	p.text(r.ID)
	p.num(int64(part))
	p.when(at)
}

func (u *unpacker) mark(rules *rule.Set) (m rule.Mark) {
	m.Rule = u.rule(rules)
	part := u.num()
	m.At = u.when()
	if u.err != nil {
		return m
	}
	if m.Rule.Combine == nil || part < 0 || part >= int64(len(m.Rule.Combine.Parts)) {
		u.fail("a rule that has no such part")
	}
	m.Part = int(part)
	return m
}

func (m *marks) unpack(u *unpacker, rules *rule.Set) {
	m.dropped = u.num()
	var last *sighting
	for range u.count(maxMarked) {
		one := marked{Mark: u.mark(rules)}
		one.Meaning, one.Of = u.text(), u.text()
		if u.count(1) == 0 {
			last = &sighting{artifact: u.text(), record: json.RawMessage(u.text())}
			u.json(&last.where)
		}
		if last == nil {
			u.fail("a mark of no record")
		}
		if u.err != nil {
			return
		}
		one.seen = last
		m.list = append(m.list, one)
	}
	for range u.count(maxAgainst) {
		one := u.mark(rules)
		if u.err != nil {
			return
		}
		if m.against == nil {
			m.against = map[againstKey]bool{}
		}
		m.against[againstKey{one.Rule, one.Part, one.At.Unix()}] = true
	}
}

// unpack reads what a task made, and brings nothing of it among what this check
// has. Where there is an error nothing is left.
func (c *check) unpack(ctx context.Context, u *unpacker) (k *kept, err error) {
	k = &kept{task: int(u.count(int64(len(c.sel.tasks)) - 1)), secrets: map[string]bool{}}
	defer func() {
		if err != nil {
			k.discard()
		}
	}()
	gotName, gotPath := u.text(), u.text()
	if u.err != nil {
		return k, u.err
	}
	name, path := c.name(k.task)
	if gotName != name || gotPath != path {
		return k, fmt.Errorf("%w: it is of another file", ErrKept)
	}
	for file := u.text(); file != ""; file = u.text() {
		if _, err := c.files.get(ctx, file); err != nil {
			return k, err // the machine's: it could be opened before
		}
	}
	k.out.unpack(u, c.opts.Rules)
	for secret := u.text(); secret != ""; secret = u.text() {
		k.secrets[secret] = true
	}
	k.marks.unpack(u, c.opts.Rules)
	if u.err != nil {
		return k, u.err
	}
	return k, c.unpackItems(u, k, name)
}

// unpackItems reads what goes through sorters and files.
func (c *check) unpackItems(u *unpacker, k *kept, name string) error {
	var err error
	if k.findings, err = u.sorter(c.findings, func(it extsort.Item) error { return json.Unmarshal(it.Payload, new(finding.Finding)) }); err != nil {
		return err
	}
	if c.opts.Observe != nil {
		k.observe = c.opts.Observe(name)
		in := u.stream()
		err := k.observe.Load(in.buffered())
		if in.rest(); err != nil || u.err != nil {
			return errors.Join(err, u.err)
		}
	}
	if c.opts.Out == nil {
		return u.err
	}
	words := len(k.out.words.words)
	if k.events, err = u.sorter(c.timeline, func(it extsort.Item) error { return checkEvent(it, k.task, words) }); err != nil {
		return err
	}
	return c.unpackRecords(u, k, name)
}

// unpackRecords writes the file of a task's records.
func (c *check) unpackRecords(u *unpacker, k *kept, name string) error {
	file, err := c.opts.Out.recordPart(name, k.task)
	if err != nil {
		return err
	}
	k.out.part = file.name
	in := u.stream()
	_, err = io.CopyBuffer(struct{ io.Writer }{file.file}, in, make([]byte, recordBuffer))
	in.rest()
	return errors.Join(err, file.close(), u.err)
}

// take brings what a task made among what this check has.
func (c *check) take(k *kept) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takeSecrets(k.secrets)
	c.takeMarks(&k.marks)
	err := c.findings.Add(k.findings)
	if k.events != nil {
		err = errors.Join(err, c.timeline.Add(k.events))
	}
	return err
}

func (u *unpacker) sorter(set *extsort.Set, check func(extsort.Item) error) (*extsort.Sorter, error) {
	s, in := set.Sorter(), u.stream()
	err := s.Load(in.buffered(), check)
	in.rest()
	return s, errors.Join(err, u.err)
}

// errEvent says that an event is none.
var errEvent = errors.New("no event of this task")

// checkEvent reads an event as decode does, which trusts it.
func checkEvent(it extsort.Item, task, words int) error {
	if len(it.Key) != 20 || binary.BigEndian.Uint32(it.Key[8:]) != uint32(task) {
		return errEvent
	}
	b, ok := it.Payload, true
	text := func(size uint64, n int) {
		if ok = ok && n > 0 && size <= uint64(len(b)-n); ok {
			b = b[n+int(size):]
		}
	}
	for range wordSlots {
		switch n, k := binary.Uvarint(b); {
		case k <= 0 || n > uint64(words):
			return errEvent
		case n > 0:
			b = b[k:]
		default:
			b = b[k:]
			text(binary.Uvarint(b))
		}
	}
	text(binary.Uvarint(b))
	if !ok || len(b) == 0 {
		return errEvent
	}
	b = b[1:]
	for range 3 {
		_, k := binary.Varint(b)
		if k <= 0 {
			return errEvent
		}
		b = b[k:]
	}
	if len(b) > 0 {
		return errEvent
	}
	return nil
}
