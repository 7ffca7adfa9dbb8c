package jbig2

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"

	"github.com/amparo-project/amparo/internal/limit"
)

// Limits of a PDF.
const (
	maxStreams  = 5_000
	maxUnpacked = 64 * limit.MiB // of streams that are packed once more, in all
	maxShared   = 64             // streams of shared segments; each costs a search
	maxHeader   = 4 << 10        // bytes of a dictionary before its stream
)

var (
	filter  = []byte("/JBIG2Decode")
	globals = regexp.MustCompile(`/JBIG2Globals\s{1,10}(\d{1,9})\s{1,10}(\d{1,5})\s{1,10}R`)
	packed  = regexp.MustCompile(`/FlateDecode\s{0,10}/JBIG2Decode`)
	start   = []byte("stream")
	end     = []byte("endstream")
)

// Scan reads all streams in JBIG2 of a PDF that lie open in it. Objects in
// packed parts of the file are not found. Broken streams are read as far as
// they go.
func Scan(pdf []byte) Report {
	s := &scan{pdf: pdf, shared: map[string]bool{}}
	for at := 0; s.reader.out.Streams < maxStreams; {
		i := bytes.Index(pdf[at:], filter)
		if i < 0 {
			return s.reader.out
		}
		at = s.picture(at + i)
	}
	s.reader.out.Partial = true
	return s.reader.out
}

type scan struct {
	pdf      []byte
	reader   Reader
	shared   map[string]bool // streams of shared segments that were read
	unpacked int64
}

// picture reads the stream whose filter stands at a place, and returns where
// to go on.
func (s *scan) picture(at int) int {
	after := at + len(filter)
	word := bytes.Index(s.pdf[after:min(len(s.pdf), after+maxHeader)], start)
	if word < 0 {
		return after
	}
	body := after + word
	// The dictionary begins with its object, which is near.
	head := s.pdf[max(0, at-maxHeader):body]
	if i := bytes.LastIndex(head, []byte(" obj")); i >= 0 {
		head = head[i:]
	}
	if m := globals.FindSubmatch(head); m != nil {
		s.sharedSegments(string(m[1]), string(m[2]))
	}
	data, next := stream(s.pdf, body)
	if packed.Match(head) {
		data = s.unpack(data)
	}
	_ = s.reader.Segments(data) // what came before the fault counts
	return next
}

// sharedSegments reads the stream of an object, once.
func (s *scan) sharedSegments(number, generation string) {
	name := fmt.Sprintf("\n%s %s obj", number, generation)
	if s.shared[name] || len(s.shared) == maxShared {
		return
	}
	s.shared[name] = true
	at := bytes.Index(s.pdf, []byte(name))
	if at < 0 {
		if at = bytes.Index(s.pdf, []byte("\r"+name[1:])); at < 0 {
			return
		}
	}
	from := at + len(name)
	header := s.pdf[from:min(len(s.pdf), from+maxHeader)]
	body := bytes.Index(header, start)
	if body < 0 {
		return
	}
	data, _ := stream(s.pdf, from+body)
	if bytes.Contains(header[:body], []byte("/FlateDecode")) {
		data = s.unpack(data)
	}
	_ = s.reader.Segments(data)
}

// stream returns what lies between the word stream at a place and the next
// endstream, and where that is.
func stream(pdf []byte, at int) (data []byte, next int) {
	at += len(start)
	if at < len(pdf) && pdf[at] == '\r' {
		at++
	}
	if at < len(pdf) && pdf[at] == '\n' {
		at++
	}
	n := bytes.Index(pdf[at:], end)
	if n < 0 {
		return pdf[at:], len(pdf)
	}
	next = at + n
	data = pdf[at:next]
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	return data, next
}

// unpack undoes FlateDecode within what is left of the limit.
func (s *scan) unpack(data []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	left := maxUnpacked - s.unpacked
	var buf bytes.Buffer
	_, _ = io.Copy(&buf, io.LimitReader(z, left)) // a broken end costs what follows it
	out := buf.Bytes()
	s.unpacked += int64(len(out))
	if int64(len(out)) == left {
		s.reader.out.Partial = true
	}
	return out
}
