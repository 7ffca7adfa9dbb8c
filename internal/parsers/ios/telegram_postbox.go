package ios

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
)

// Telegram keeps its objects in a serialization of its own, in columns of bytes
// (https://github.com/TelegramMessenger/Telegram-iOS, submodules/Postbox:
// Coding.swift, MessageHistoryTable.swift, PeerTable.swift). Numbers are
// little-endian, those of keys big-endian.

// Bounds of one object. A real message has a few dozen values.
const (
	maxPostboxDepth = 24
	maxPostboxNodes = 20_000
	maxPostboxBytes = 16 * limit.MiB
)

// errPostbox says that bytes are no object, or no message, of Telegram's.
var errPostbox = fmt.Errorf("%w: no object of Telegram's", limit.ErrCorrupt)

// A postbox reads such bytes. Past their end everything is zero and failed is set.
type postbox struct {
	b      []byte
	nodes  int
	failed bool
}

func (p *postbox) take(n int64) []byte {
	if p.failed || n < 0 || n > int64(len(p.b)) {
		p.failed, p.b = true, nil
		return nil
	}
	v := p.b[:n]
	p.b = p.b[n:]
	return v
}

func (p *postbox) u8() byte {
	if b := p.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *postbox) i32() int32 {
	if b := p.take(4); b != nil {
		return int32(binary.LittleEndian.Uint32(b))
	}
	return 0
}

func (p *postbox) i64() int64 {
	if b := p.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (p *postbox) bytes() []byte { return p.take(int64(p.i32())) }

func (p *postbox) text() string { return strings.ToValidUTF8(string(p.bytes()), "\ufffd") }

// list calls read as often as the number that comes first says, as long as
// there are bytes: every element has one at least.
func (p *postbox) list(read func() any) []any {
	n := int64(p.i32())
	if n < 0 || n > int64(len(p.b)) {
		p.failed = true
		return nil
	}
	var list []any
	for ; n > 0 && !p.failed; n-- {
		list = append(list, read())
	}
	return list
}

// fields reads a run of fields to the end of the bytes.
func (p *postbox) fields(depth int) map[string]any {
	m := map[string]any{}
	for len(p.b) > 0 && !p.failed {
		key := string(p.take(int64(p.u8())))
		m[key] = p.value(p.u8(), depth)
	}
	return m
}

// object reads an object with its type and length.
func (p *postbox) object(depth int) any {
	p.i32() // the type, a hash of its name
	inner := postbox{b: p.bytes(), nodes: p.nodes}
	m := inner.fields(depth + 1)
	p.nodes, p.failed = inner.nodes, p.failed || inner.failed
	return m
}

// value reads a value of a type of PostboxCoding.
func (p *postbox) value(kind byte, depth int) any {
	if p.nodes++; p.nodes > maxPostboxNodes || depth > maxPostboxDepth {
		p.failed = true
		return nil
	}
	switch kind {
	case 0:
		return int64(p.i32())
	case 1:
		return p.i64()
	case 2:
		return p.u8() != 0
	case 3:
		return math.Float64frombits(uint64(p.i64()))
	case 4:
		return p.text()
	case 5:
		return p.object(depth)
	case 10:
		return p.bytes()
	case 11:
		return nil
	default:
		return p.values(kind, depth)
	}
}

// values reads a value that is a list.
func (p *postbox) values(kind byte, depth int) any {
	switch kind {
	case 6:
		return p.list(func() any { return int64(p.i32()) })
	case 7:
		return p.list(func() any { return p.i64() })
	case 8:
		return p.list(func() any { return p.object(depth) })
	case 9:
		return p.list(func() any { return []any{p.object(depth), p.object(depth)} })
	case 12:
		return p.list(func() any { return p.text() })
	case 13:
		return p.list(func() any { return p.bytes() })
	default:
		p.failed = true
		return nil
	}
}

// postboxRoot reads the object that the bytes are.
func postboxRoot(b []byte) (map[string]any, error) {
	if len(b) > maxPostboxBytes {
		return nil, fmt.Errorf("%w: an object of %d bytes", limit.ErrLimit, len(b))
	}
	p := postbox{b: b}
	root, ok := p.fields(0)["_"].(map[string]any)
	if p.failed || !ok {
		return nil, errPostbox
	}
	return root, nil
}

// A telegramKey is the key of a message.
type telegramKey struct {
	peer          int64
	namespace, id int32
	date          int32 // seconds since 1970
}

// telegramKeyBytes is the length of a key.
const telegramKeyBytes = 20

func parseTelegramKey(b []byte) (telegramKey, bool) {
	if len(b) != telegramKeyBytes {
		return telegramKey{}, false
	}

	return telegramKey{
		peer: int64(binary.BigEndian.Uint64(b)), namespace: int32(binary.BigEndian.Uint32(b[8:])),
		date: int32(binary.BigEndian.Uint32(b[12:])), id: int32(binary.BigEndian.Uint32(b[16:])),
	}, true
}

// A telegramBody is the value of a message.
type telegramBody struct {
	flags       uint32
	author      int64
	forwardFrom int64 // who wrote it first, 0 for a message that was not forwarded
	forwardDate int32
	text        string
	attributes  []any // objects: what in the text is a link, a mention and so on
	media       []any // objects: pages, files, pictures, what happened in the chat
}

// telegramIncoming is the flag of a message that came in.
const telegramIncoming = 4

// parseTelegramBody reads a message.
func parseTelegramBody(b []byte) (telegramBody, error) {
	p := &postbox{b: b}
	m := telegramBody{}
	if len(b) > maxPostboxBytes {
		return m, fmt.Errorf("%w: a message of %d bytes", limit.ErrLimit, len(b))
	}
	if p.u8() != 0 {
		return m, errPostbox
	}
	p.i64() // stable identity and version
	p.skipTags(p.u8())
	m.flags = uint32(p.i32())
	p.i32() // tags
	p.forward(&m, p.u8())
	switch p.u8() {
	case 0:
	case 1:
		m.author = p.i64()
	default:
		p.failed = true
	}
	m.text = p.text()
	m.attributes = p.list(p.embedded)
	m.media = p.list(p.embedded)
	if p.failed {
		return m, errPostbox
	}
	return m, nil
}

// telegramTags are the lengths of the parts that the flags announce, by bit.
var telegramTags = [...]int64{8, 4, 8, 4, 4, 8}

func (p *postbox) skipTags(flags byte) {
	for bit, n := range telegramTags {
		if flags&(1<<bit) != 0 {
			p.take(n)
		}
	}
	if flags>>len(telegramTags) != 0 {
		p.failed = true
	}
}

// forward reads from whom a message was forwarded.
func (p *postbox) forward(m *telegramBody, flags byte) {
	if flags == 0 {
		return
	}
	m.forwardFrom, m.forwardDate = p.i64(), p.i32()
	if flags&2 != 0 {
		p.take(8) // the chat
	}
	if flags&4 != 0 {
		p.take(16) // the message there
	}
	if flags&8 != 0 {
		p.bytes() // its signature
	}
	if flags&16 != 0 {
		p.bytes() // what kind of announcement
	}
	if flags&32 != 0 {
		p.take(4)
	}
}

// embedded reads an object with its length.
func (p *postbox) embedded() any {
	inner := postbox{b: p.bytes(), nodes: p.nodes}
	root := inner.fields(0)["_"]
	p.nodes, p.failed = inner.nodes, p.failed || inner.failed
	return root
}
