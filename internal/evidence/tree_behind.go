package evidence

// behind writes to a spool behind the back of who expands a file: one core
// expands, another encrypts and writes.
type behind struct {
	w      *spoolWriter
	full   chan []byte
	free   chan []byte
	failed chan struct{} // closed after the first error
	done   chan struct{}
	err    error // after done
}

// behindBuffers of behindSize bytes are under way at once.
const (
	behindBuffers = 4
	behindSize    = 256 << 10
)

func newBehind(w *spoolWriter) *behind {
	b := &behind{
		w: w, full: make(chan []byte, behindBuffers), free: make(chan []byte, behindBuffers+1), failed: make(chan struct{}), done: make(chan struct{}),
	}
	for range behindBuffers {
		b.free <- make([]byte, behindSize)
	}
	go b.run()
	return b
}

func (b *behind) run() {
	defer close(b.done)
	for p := range b.full {
		if b.err != nil {
			continue
		}
		if b.err = b.w.write(p); b.err != nil {
			close(b.failed)
			continue
		}
		if cap(p) == behindSize {
			b.free <- p[:behindSize]
		}
	}
}

// buffer returns what may be filled and given to write.
func (b *behind) buffer() []byte {
	select {
	case p := <-b.free:
		return p
	case <-b.failed:
		return make([]byte, behindSize) // for nothing: write says so
	}
}

// write takes p over, and reports whether more may come.
func (b *behind) write(p []byte) bool {
	select {
	case <-b.failed:
		return false
	case b.full <- p:
		return true
	}
}

// close waits for what is under way and returns how much was written since off.
func (b *behind) close(off int64) (int64, error) {
	close(b.full)
	<-b.done
	return b.w.at - off, b.err
}
