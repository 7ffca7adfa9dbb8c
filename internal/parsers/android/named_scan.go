package android

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// Bounds of what is looked for in one section.
const (
	nameBlock  = 256 * limit.KiB
	maxNames   = 50_000 // of a section
	maxName    = 255
	maxNameURL = 2000
	maxNamedIn = 300 // bytes of the line that are kept
)

// nameScan looks for names in a text.
type nameScan struct {
	seen  map[string]*nameSeen
	order []*nameSeen
	data  []byte // the block at hand
	at    int64  // its place
	full  bool
}

// scan reads all of in, block by block; a block ends with a line where it can.
func (n *nameScan) scan(ctx context.Context, in *artifact.Input) error {
	buf := make([]byte, nameBlock)
	held := 0
	for off := int64(0); off < in.Size || held > 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		want := min(int64(len(buf)-held), in.Size-off)
		if want > 0 {
			if _, err := in.ReadAt(buf[held:held+int(want)], off); err != nil {
				return fmt.Errorf("read %s at %d: %w", in.Path, off, err)
			}
		}
		data := buf[:held+int(want)]
		off += want
		end := len(data)
		if i := bytes.LastIndexByte(data, '\n'); i >= 0 && off < in.Size {
			end = i + 1
		}
		n.data, n.at = data[:end], off-int64(len(data))
		n.block()
		held = copy(buf, data[end:])
	}
	if n.full {
		return fmt.Errorf("%w: more than %d names", limit.ErrLimit, maxNames)
	}
	return nil
}

// nameBytes are the bytes of names of apps, classes and hosts.
var nameBytes = makeNameBytes()

func makeNameBytes() (t [256]bool) {
	for c := range t {
		l := byte(c) | 0x20
		t[c] = l >= 'a' && l <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
	}
	return t
}

// block takes the names in the block at hand, each found by a dot in it.
func (n *nameScan) block() {
	data, from := n.data, 0
	for {
		i := bytes.IndexByte(data[from:], '.')
		if i < 0 {
			return
		}
		i += from
		if i == 0 || i+1 >= len(data) || !isLetter(data[i+1]) || !nameBytes[data[i-1]] {
			from = i + 1
			continue
		}
		start, end := i, i+1
		for start > from && nameBytes[data[start-1]] {
			start--
		}
		for end < len(data) && nameBytes[data[end]] {
			end++
		}
		from = n.take(start, end)
	}
}

func isLetter(c byte) bool { c |= 0x20; return c >= 'a' && c <= 'z' }

// take takes what stands from start to end, and returns where to go on.
func (n *nameScan) take(start, end int) int {
	data := n.data
	if start >= 3 && string(data[start-3:start]) == "://" {
		for start -= 3; start > 0 && isLetter(data[start-1]); {
			start--
		}
		for end < len(data) && data[end] > ' ' && data[end] < 0x7f && strings.IndexByte("\"'<>\\^`{|}", data[end]) < 0 {
			end++
		}
		for end > start && strings.IndexByte(".,;:!?)]", data[end-1]) >= 0 {
			end--
		}
		if end-start <= maxNameURL {
			n.note(data[start:end], start, true)
		}
		return end
	}
	name := bytes.Trim(data[start:end], ".-_")
	if end >= len(data) || data[end] != '/' {
		// What stands before a slash is an app; else com.example.app.Service is a
		// class of com.example.app.
		name = withoutClass(name)
	}
	if len(name) >= 4 && len(name) <= maxName && isLetter(name[0]) && bytes.IndexByte(name, '.') > 0 {
		n.note(name, start, false)
	}
	return end
}

// withoutClass cuts a name before its first part that begins with a capital,
// unless that is the first.
func withoutClass(name []byte) []byte {
	for i := 1; i < len(name); i++ {
		if name[i-1] == '.' && name[i] >= 'A' && name[i] <= 'Z' && (name[0] < 'A' || name[0] > 'Z') {
			return name[:i-1]
		}
	}
	return name
}

func (n *nameScan) note(name []byte, at int, link bool) {
	if one := n.seen[string(name)]; one != nil {
		one.count++
		return
	}
	if len(n.order) >= maxNames {
		n.full = true
		return
	}
	begin := bytes.LastIndexByte(n.data[:at], '\n') + 1
	line := n.data[begin:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	one := &nameSeen{name: string(name), link: link, count: 1, offset: n.at + int64(begin)}
	if one.cut = len(line) > maxNamedIn; one.cut {
		line = line[:maxNamedIn]
	}
	one.line = string(bytes.TrimRight(line, "\r"))
	n.seen[one.name] = one
	n.order = append(n.order, one)
}
