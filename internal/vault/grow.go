package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// GrowEvery is how long a Growing lets what is whole wait before it is made
// durable: what an interruption costs at most, in time.
const GrowEvery = 2 * time.Second

// A Growing is a bundle to which files are added one after the other, as they
// are made. Each is durable and known to the index soon after it is whole: who
// opens the bundle again after an interruption goes on from there. None of it
// touches the disk in clear. Its methods are for one goroutine, and an error of
// one ends it.
type Growing struct {
	a     *adder
	every time.Duration
	saved time.Time
	had   map[string]File // when it was opened, by path
	given map[string]File // since then
}

// Grow opens the bundle that o names, which may be new; o.Path means nothing.
// every replaces GrowEvery where it is not 0; below 0 each file is made durable
// at once. The caller closes it.
func Grow(ctx context.Context, s Store, x Index, o AddOptions, every time.Duration) (*Growing, error) {
	list, parts, err := files(ctx, x, o.Bundle, o.Key)
	if err != nil {
		return nil, err
	}
	if every == 0 {
		every = GrowEvery
	}
	g := &Growing{
		a: &adder{ctx: ctx, s: s, x: x, o: o, part: parts}, every: every, saved: time.Now(),
		had: make(map[string]File, len(list)), given: map[string]File{},
	}
	for _, f := range list {
		g.had[f.Path] = f
	}
	return g, nil
}

// Close lets go of what is not durable.
func (g *Growing) Close() { g.a.abort() }

// Before is how many files attempts before have stored whole.
func (g *Growing) Before() (n int) {
	for name := range g.had {
		if g.Had(name) {
			n++
		}
	}
	return n
}

// Had reports whether an attempt before has stored the file whole.
func (g *Growing) Had(name string) bool {
	f, ok := g.had[name]
	return ok && f.SHA256 != ""
}

// Take counts a file as one of the bundle that an attempt before has stored
// whole.
func (g *Growing) Take(name string) (File, error) {
	f := g.had[name]
	if f.SHA256 == "" {
		return f, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err := g.usable(name); err != nil {
		return f, err
	}
	g.given[name] = f
	g.a.files++
	g.a.told(f.Size)
	return f, nil
}

// Put stores what write writes, in place of what the bundle has under the name.
func (g *Growing) Put(name string, write func(io.Writer) error) (File, error) {
	if err := g.usable(name); err != nil {
		return File{}, err
	}
	pr, pw := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pw.CloseWithError(write(pw))
	}()
	f, err := g.a.stream(name, pr)
	err = errors.Join(err, pr.Close()) // ends the other side where this one failed
	<-ended
	if err != nil {
		return f, err
	}
	return f, g.add(f)
}

// Copy stores the bytes of what open opens, whose SHA-256 is sum, or takes what
// attempts before have stored of them: all, or as many segments as there are.
// The error wraps ErrDamaged where they have another hash.
func (g *Growing) Copy(name, sum string, open func() (Blob, error)) error {
	if g.had[name].SHA256 == sum {
		_, err := g.Take(name)
		return err
	}
	if err := g.usable(name); err != nil {
		return err
	}
	b, err := open()
	if err != nil {
		return err
	}
	f, err := g.copy(File{Path: name, Size: b.Size()}, b)
	if err := errors.Join(err, b.Close()); err != nil {
		return err
	}
	if f.SHA256 != sum {
		return errors.Join(fmt.Errorf("%s: %w: SHA-256 %s instead of %s", name, ErrDamaged, f.SHA256, sum), g.forget(name))
	}
	return g.add(f)
}

// copy stores a file from where an attempt before has left it.
func (g *Growing) copy(f File, b Blob) (File, error) {
	if old := g.had[f.Path]; old.State != nil && old.Size == f.Size {
		f.Segments, f.State = old.Segments, old.State
	}
	sum, err := f.hash()
	if err != nil {
		return f, fmt.Errorf("%s: %w", f.Path, err)
	}
	done := f.stored()
	g.a.told(done)
	_, err = g.a.rest(&f, sum, io.NewSectionReader(b, done, f.Size-done))
	return f, err
}

// forget has the next attempt begin the file anew: what was stored of it may be
// what is wrong.
func (g *Growing) forget(name string) error {
	g.a.batch = append(g.a.batch, gone(name))
	return g.a.flush()
}

// gone is how the list says that a file is no part of the bundle any more.
func gone(name string) File { return File{Path: name, Note: "taken out"} }

// usable refuses names that a reader of the bundle would not take, and the
// second file of a name.
func (g *Growing) usable(name string) error {
	if _, twice := g.given[name]; twice || !fs.ValidPath(name) || name == "." {
		return fmt.Errorf("store: %q is no name for a file here", name)
	}
	return nil
}

// add adds a file whose segments are written.
func (g *Growing) add(f File) error {
	g.given[f.Path] = f
	g.a.batch = append(g.a.batch, f)
	g.a.files++
	g.a.told(0)
	if g.a.bytes < batchBytes && len(g.a.segments) < batchSegments && time.Since(g.saved) < g.every {
		return nil
	}
	if err := g.a.flush(); err != nil {
		return err
	}
	g.saved = time.Now()
	return nil
}

// End makes all durable, and takes out of the bundle what attempts before have
// stored and this one has not asked for. It returns the size of what is in it,
// in bytes.
func (g *Growing) End() (size int64, err error) {
	for name, f := range g.had {
		if _, ok := g.given[name]; !ok && f.Note == "" {
			g.a.batch = append(g.a.batch, gone(name))
		}
	}
	for _, f := range g.given {
		size += f.Size
	}
	return size, g.a.flush()
}
