package pipeline

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/amparo-project/amparo/internal/finding"
)

// Keep is where a check keeps what its finished tasks made, and what an earlier
// one kept. What is kept holds the evidence's contents in clear: who stores it
// seals it.
type Keep struct {
	// Of names the evidence by its contents. What was kept of other evidence is
	// of no use.
	Of string
	// Load calls part with each part that was saved under the mark, in order. What
	// was saved under another is void: the program, its rules, its indicators
	// or the evidence were others. An error of part says that the part is
	// damaged; what of it was whole was taken. The error of Load ends the check.
	Load func(ctx context.Context, mark string, part func(io.Reader) error) error
	// Save stores a part, which write writes. Where that fails the check goes on.
	Save func(ctx context.Context, mark string, write func(io.Writer) error) error
	// Every is the time between two parts. 0: KeepEvery, and longer where storing
	// one takes long. Below 0 each task is kept by itself, before the next begins.
	Every time.Duration
}

// KeepEvery is how long finished tasks wait to be kept: so much of what they
// made an interruption costs at most, and a check that takes less keeps nothing.
const KeepEvery = 2 * time.Second

// keepShare bounds what keeping takes: after a part that took long to store the
// next waits that many times as long.
const keepShare = 20

// keepVersion rises when parts have another form.
const keepVersion = 1

// mark stands for all that the outcome of a task depends on.
func (c *check) mark() string {
	o := &c.opts
	type parser struct {
		Name    string
		Version int
	}
	var parsers []parser
	for _, p := range o.Parsers {
		info := p.Info()
		parsers = append(parsers, parser{info.Name, info.Version})
	}
	var lures []finding.RuleRef
	if o.Lures != nil {
		lures = o.Lures.Refs()
	}
	tasks := make([][2]string, len(c.sel.tasks))
	for i := range tasks {
		tasks[i][0], tasks[i][1] = c.name(i)
	}
	h := sha256.New()
	enc := json.NewEncoder(h)
	_ = enc.Encode([]any{ // a hash never fails, and all of it is plain
		keepVersion, o.Version, o.Keep.Of, c.device, parsers, o.Sets, o.Matcher != nil, o.Rules.Refs(), o.Rules.DataRefs(), lures,
		o.Since, o.Until, o.NoRecovery, o.Observe != nil, o.Out != nil, tasks,
	})
	return hex.EncodeToString(h.Sum(nil))
}

// keeper stores what tasks made, beside them.
type keeper struct {
	c    *check
	mark string
	wake chan struct{}
	stop chan struct{}
	done chan struct{}
	once sync.Once
	each sync.Mutex // where each task is kept by itself

	mu      sync.Mutex
	waiting []*kept     // guarded by mu
	sums    [][2]string // guarded by mu; names of stored files, and their hashes
}

// goOn takes over what an earlier check kept, says which tasks are done, and
// begins to keep the others.
func (c *check) goOn(ctx context.Context, outcomes []outcome) (done []bool, err error) {
	done = make([]bool, len(outcomes))
	if c.opts.Keep == nil {
		return done, nil
	}
	mark := c.mark()
	err = c.opts.Keep.Load(ctx, mark, func(r io.Reader) error { return c.takePart(ctx, r, mark, outcomes, done) })
	if err != nil {
		return done, err
	}
	c.keeper = &keeper{c: c, mark: mark, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go c.keeper.run(ctx)
	return done, nil
}

// finished has what a task made kept.
func (k *keeper) finished(ctx context.Context, task int, s *sinks, out *outcome) {
	if k == nil {
		return
	}
	one := &kept{
		task: task, out: *out, findings: s.collect.sorter, marks: s.collect.marks, secrets: s.collect.secrets, observe: s.observe,
		files: s.collect.files.list(),
	}
	if s.records != nil {
		one.events = s.events.sorter
	}
	k.mu.Lock()
	k.waiting = append(k.waiting, one)
	k.mu.Unlock()
	if k.c.opts.Keep.Every < 0 {
		k.each.Lock()
		defer k.each.Unlock()
		k.save(ctx)
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// hashed has the hash of a file kept.
func (k *keeper) hashed(o *opened) {
	if k == nil || o.sum == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sums = append(k.sums, [2]string{o.stored, o.sum})
}

// end waits until nothing is read any more of what tasks made.
func (k *keeper) end() {
	if k != nil {
		k.once.Do(func() { close(k.stop) })
		<-k.done
	}
}

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	every, share := k.c.opts.Keep.Every, 0
	if every == 0 {
		every, share = KeepEvery, keepShare
	}
	for next := time.Now().Add(every); ; {
		select {
		case <-k.stop:
			if time.Now().Before(next) {
				return
			}
		case <-k.wake:
			select {
			case <-k.stop:
				continue
			case <-time.After(time.Until(next)):
			}
		}
		began := time.Now()
		if !k.save(ctx) {
			return
		}
		next = time.Now().Add(max(every, time.Duration(share)*time.Since(began)))
	}
}

// save stores what waits, and reports whether there may be more.
func (k *keeper) save(ctx context.Context) bool {
	k.mu.Lock()
	list, sums := k.waiting, k.sums
	k.waiting, k.sums = nil, nil
	k.mu.Unlock()
	if ctx.Err() == nil && len(list) > 0 {
		// Whoever stores it tells why it was not stored; those tasks are done again.
		_ = k.c.opts.Keep.Save(ctx, k.mark, func(w io.Writer) error { return writePart(w, k.mark, list, sums, k.c) })
	}
	select {
	case <-k.stop:
		return false
	default:
		return ctx.Err() == nil
	}
}

// keepBlock is what of a part is compressed at once, in bytes.
const keepBlock = 1 << 20

// writePart writes what some tasks made.
func writePart(w io.Writer, mark string, list []*kept, sums [][2]string, c *check) error {
	z := s2.NewWriter(w, s2.WriterConcurrency(1), s2.WriterBlockSize(keepBlock))
	p := &packer{w: bufio.NewWriter(z)}
	p.text(mark)
	p.num(int64(len(sums)))
	for _, s := range sums {
		p.text(s[0])
		p.text(s[1])
	}
	for _, k := range list {
		p.num(1)
		c.pack(p, k)
	}
	p.num(0)
	if p.err != nil {
		return p.err
	}
	if err := p.w.Flush(); err != nil {
		return err
	}
	return z.Close()
}

// maxKept bounds the clear bytes of one part.
const maxKept = 16 << 30

// takePart takes over what a part holds. What is whole of a damaged one is taken.
func (c *check) takePart(ctx context.Context, r io.Reader, mark string, outcomes []outcome, done []bool) error {
	z := io.LimitReader(s2.NewReader(r, s2.ReaderMaxBlockSize(keepBlock)), maxKept)
	u := &unpacker{r: bufio.NewReaderSize(z, 256<<10)}
	if got := u.text(); u.err == nil && got != mark {
		u.fail("it is of another check")
	}
	sums := u.count(maxFiles)
	for range sums {
		stored, sum := u.text(), u.text()
		if u.err == nil && len(sum) != sha256.Size*2 {
			u.fail("a hash of another length")
		}
		if u.err != nil {
			break
		}
		d := c.files.digest(stored)
		d.hashing.Do(func() { d.sum = sum })
	}
	for u.count(1) == 1 {
		k, err := c.unpack(ctx, u)
		if err != nil {
			return err
		}
		if done[k.task] {
			k.discard()
			continue
		}
		if err := c.take(k); err != nil {
			return err
		}
		outcomes[k.task], done[k.task] = k.out, true
		c.progress.records.Add(k.out.records)
		c.progress.done()
	}
	return u.err
}

// maxFiles bounds the files that a part names.
const maxFiles = 50_000_000
