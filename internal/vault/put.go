package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Put stores what is made in memory as a bundle: make is called once, with a
// function that stores a file as it is read, a segment at a time. Nothing of it
// touches the disk in clear. A file that the bundle has already is replaced.
// All is known to the index at the end, or in parts where it is large: what a
// reader must find whole is stored last.
func Put(ctx context.Context, s Store, x Index, o AddOptions, make func(store func(name string, r io.Reader) error) error) error {
	_, parts, err := files(ctx, x, o.Bundle, o.Key)
	if err != nil {
		return err
	}
	a := &adder{ctx: ctx, s: s, x: x, o: o, part: parts}
	defer a.abort()
	if err := make(a.store); err != nil {
		return err
	}
	return a.flush()
}

// store stores one file of Put.
func (a *adder) store(name string, r io.Reader) error {
	f, err := a.stream(name, r)
	if err != nil {
		return err
	}
	a.batch = append(a.batch, f)
	if a.bytes >= 2*batchBytes || len(a.segments) >= batchSegments {
		return a.flush()
	}
	return nil
}

// stream writes the segments of a file of whose size nothing is known yet.
func (a *adder) stream(name string, r io.Reader) (File, error) {
	f := File{Path: name}
	sum := sha256.New()
	var buf bytes.Buffer
	for {
		buf.Reset()
		n, err := io.Copy(&buf, io.LimitReader(r, SegmentSize))
		if err != nil {
			return f, err
		}
		if n == 0 {
			break
		}
		sum.Write(buf.Bytes())
		seg, err := a.segment(bytes.NewReader(buf.Bytes()), n)
		if err != nil {
			return f, err
		}
		f.Segments, f.Size = append(f.Segments, seg.ID), f.Size+n
		if n < SegmentSize {
			break
		}
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}
