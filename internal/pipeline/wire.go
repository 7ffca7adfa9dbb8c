package pipeline

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrKept says that what was kept of a check is not what was written.
var ErrKept = errors.New("what was kept of a check is damaged")

// packer writes what is kept of a task. The first error stays.
type packer struct {
	w   *bufio.Writer
	b   []byte
	err error
}

func (p *packer) raw(b []byte) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
}

// Write implements io.Writer: a chunk of a stream that end ends.
func (p *packer) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		some := rest[:min(len(rest), maxChunk)]
		p.num(int64(len(some)))
		p.raw(some)
		rest = rest[len(some):]
	}
	return len(b), p.err
}

// maxChunk bounds a chunk of a stream, in bytes.
const maxChunk = 1 << 20

// end ends a stream.
func (p *packer) end() { p.num(0) }

func (p *packer) num(n int64) {
	p.b = binary.AppendVarint(p.b[:0], n)
	p.raw(p.b)
}

func (p *packer) text(s string) {
	if len(s) > maxText && p.err == nil {
		p.err = fmt.Errorf("%w: a text of %d bytes", ErrKept, len(s)) // it would not be read
	}
	p.num(int64(len(s)))
	if p.err == nil {
		_, p.err = p.w.WriteString(s)
	}
}

// when writes a time, to the nanosecond, in UTC.
func (p *packer) when(t time.Time) {
	p.num(t.Unix())
	p.num(int64(t.Nanosecond()))
}

func (p *packer) json(v any) {
	b, err := json.Marshal(v)
	if p.err == nil {
		p.err = err
	}
	p.text(string(b))
}

// maxText bounds one text that is kept, in bytes: a record as JSON.
const maxText = 64 << 20

// unpacker reads what a packer wrote. The first error stays, and all that is
// read after it is zero.
type unpacker struct {
	r   *bufio.Reader
	err error
}

func (u *unpacker) fail(what string) {
	if u.err == nil {
		u.err = fmt.Errorf("%w: %s", ErrKept, what)
	}
}

func (u *unpacker) num() int64 {
	if u.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(u.r)
	if err != nil {
		u.err = fmt.Errorf("%w: %w", ErrKept, err)
		return 0
	}
	return n
}

// count reads a number from 0 to most.
func (u *unpacker) count(most int64) int64 {
	n := u.num()
	if n < 0 || n > most {
		u.fail(fmt.Sprintf("%d of what there are at most %d", n, most))
		return 0
	}
	return n
}

// bytes reads a text of at most most bytes. What is not there is not made room
// for.
func (u *unpacker) bytes(most int64) []byte {
	n := u.count(most)
	if u.err != nil || n == 0 {
		return nil
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, u.r, n); err != nil {
		u.err = fmt.Errorf("%w: %w", ErrKept, err)
		return nil
	}
	return b.Bytes()
}

func (u *unpacker) text() string { return string(u.bytes(maxText)) }

func (u *unpacker) when() time.Time {
	sec := u.num()
	return time.Unix(sec, u.count(int64(time.Second)-1)).UTC()
}

func (u *unpacker) json(v any) {
	b := u.bytes(maxText)
	if u.err == nil {
		if err := json.Unmarshal(b, v); err != nil {
			u.err = fmt.Errorf("%w: %w", ErrKept, err)
		}
	}
}

// stream returns a reader of the chunks up to their end. All of it must be read
// before what follows; rest does that.
func (u *unpacker) stream() *chunked { return &chunked{u: u} }

// chunked reads a stream.
type chunked struct {
	u    *unpacker
	left int64
	over bool
}

// Read implements io.Reader.
func (c *chunked) Read(b []byte) (int, error) {
	if c.left == 0 && !c.over {
		c.left = c.u.count(maxChunk)
		c.over = c.left == 0
	}
	if c.u.err != nil {
		return 0, c.u.err
	}
	if c.over {
		return 0, io.EOF
	}
	n, err := c.u.r.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if err != nil {
		c.u.fail("it ends early")
		return n, c.u.err
	}
	return n, nil
}

func (c *chunked) buffered() *bufio.Reader { return bufio.NewReaderSize(c, 64<<10) }

// rest passes over what of a stream was not read: nothing, where it is sound.
func (c *chunked) rest() {
	if n, err := io.Copy(io.Discard, c); err == nil && n > 0 {
		c.u.fail("more than was expected")
	}
}
