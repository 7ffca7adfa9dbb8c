package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Bounds of what is read ahead of its turn.
const (
	aheadBytes = SegmentSize     // that files may hold in memory, together
	aheadLeast = aheadBytes / 64 // what a file counts at least
)

// ahead is a file that is read, as a whole, while others before it are.
type ahead struct {
	f    File
	m    made
	err  error
	done chan struct{}
	held int64
}

// readAhead has a file read once there is room, if it is to be stored. Files are
// taken in the order in which they come.
func (a *adder) readAhead(root *os.Root, f File, before fs.FileInfo) error {
	x := &ahead{f: f, done: make(chan struct{}), held: max(f.Size, aheadLeast)}
	if err := a.makeRoom(x.held); err != nil {
		return err
	}
	a.ahead, a.held = append(a.ahead, x), a.held+x.held
	go func() {
		defer close(x.done)
		if x.f.Note == "" {
			x.m, x.err = a.small(root, &x.f, before)
		}
	}()
	return nil
}

// makeRoom takes files that are read ahead until there is room for so many bytes:
// for aheadBytes, all.
func (a *adder) makeRoom(bytes int64) error {
	for len(a.ahead) > 0 && a.held+bytes > aheadBytes {
		if err := a.takeAhead(); err != nil {
			return err
		}
	}
	return nil
}

// takeAhead adds the first file that was read ahead to the batch.
func (a *adder) takeAhead() error {
	x := a.ahead[0]
	<-x.done
	a.ahead, a.held = a.ahead[1:], a.held-x.held
	if x.err != nil {
		return x.err
	}
	if x.f.Note != "" {
		a.batch = append(a.batch, x.f)
		return nil
	}
	if x.m.w != nil {
		x.f.Segments = []string{a.keep(x.m).ID}
	}
	return a.done(x.f)
}

// dropAhead forgets what is read ahead.
func (a *adder) dropAhead() {
	for _, x := range a.ahead {
		<-x.done
		x.m.drop()
	}
	a.ahead, a.held = nil, 0
}

// small reads a file of one segment, or of none where it is empty.
func (a *adder) small(root *os.Root, f *File, before fs.FileInfo) (m made, err error) {
	file, err := root.Open(f.Path)
	if err != nil {
		return m, fmt.Errorf("evidence: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if f.Size > 0 {
		m, err = a.make(io.TeeReader(io.LimitReader(file, f.Size), sum), f.Size)
	}
	if err == nil {
		err = same(file, before)
	}
	if err != nil {
		m.drop()
		return made{}, fmt.Errorf("evidence: %s: %w", f.Path, err)
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return m, nil
}
