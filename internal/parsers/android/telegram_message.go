package android

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/amparo-project/amparo/internal/format/tl"
)

// A tgMessage is what is read of the object of a message.
type tgMessage struct {
	known                     bool // the marks of the object were found
	found                     bool // the text was found, be it empty
	service, forwarded, reply bool
	sender                    int64 // 0: not told, or not found
	text                      string
}

// Marks of a message (its field flags), the same in every version since 2015.
const (
	tgForwarded = 1 << 2
	tgReply     = 1 << 3
	tgFrom      = 1 << 8
)

// tgService are the constructors of what the app itself notes, of the versions
// in which its text could be taken for one (TL_messageService and its layers).
var tgService = map[uint32]bool{0x2b085862: true, 0x7a800e0a: true, 0x286fa604: true, 0x9e19a1f6: true, 0xc06b9607: true}

// Constructors of who somebody is: with a number of eight bytes, and of four.
var (
	tgPeers    = map[uint32]bool{0x59511722: true, 0x36c6019a: true, 0xa2a5371e: true}
	tgOldPeers = map[uint32]bool{0x9db1bc6d: true, 0xbad0e5bb: true, 0xbddde532: true}
)

// readTGMessage reads the object of a message: its constructor, marks (since
// 2024 a second word of them), number, sender where there is one, where it was
// sent, then parts that differ by version, the time, and the text. The number
// and the time are known from the row, so that the text is found behind the
// time without a dictionary of all versions.
func readTGMessage(b []byte, id, date int64) tgMessage {
	var m tgMessage
	constructor, ok := tl.Uint32(b, 0)
	flags, hasFlags := tl.Uint32(b, 4)
	if !ok || !hasFlags {
		return m
	}
	m.service = tgService[constructor]
	from := 8
	for _, at := range []int{8, 12} {
		if n, ok := tl.Uint32(b, at); ok && n == uint32(id) {
			m.known, from = true, at+4
			break
		}
	}
	if m.known {
		m.forwarded, m.reply = flags&tgForwarded != 0, flags&tgReply != 0
		if flags&tgFrom != 0 {
			m.sender = tgPeer(b, from)
		}
	}
	if m.service {
		return m
	}
	m.text, m.found = textBehind(b, from, uint32(date))
	return m
}

// tgPeer reads the number of whoever stands at off. Channels and groups have
// negative ones, as chats do.
func tgPeer(b []byte, off int) int64 {
	constructor, _ := tl.Uint32(b, off)
	switch {
	case tgPeers[constructor]:
		if n, ok := tl.Int64(b, off+4); ok {
			return signOf(n, constructor == 0x59511722)
		}
	case tgOldPeers[constructor]:
		if n, ok := tl.Uint32(b, off+4); ok {
			return signOf(int64(n), constructor == 0x9db1bc6d)
		}
	}
	return 0
}

func signOf(n int64, person bool) int64 {
	if person {
		return n
	}
	return -n
}

// textBehind returns the text behind the first time that a text follows.
func textBehind(b []byte, from int, date uint32) (string, bool) {
	if date == 0 || from > len(b) {
		return "", false
	}
	needle := binary.LittleEndian.AppendUint32(nil, date)
	for at := from; ; {
		i := bytes.Index(b[at:], needle)
		if i < 0 {
			return "", false
		}
		at += i
		if text, _, ok := tl.Text(b[at+4:]); ok {
			return text, true
		}
		at++
	}
}

// tgPhone returns the number of an account, "" where its object has none or is
// of another form: constructor, marks (since 2022 two words), number of the
// account, a key where bit 0 is set, and up to four texts by bits 1 to 4: first
// name, last name, username, number.
func tgPhone(b []byte, id int64) string {
	flags, ok := tl.Uint32(b, 4)
	if !ok || flags&(1<<4) == 0 {
		return ""
	}
	at := -1
	for _, off := range []int{8, 12} {
		if n, ok := tl.Int64(b, off); ok && n == id {
			at = off + 8
			break
		}
	}
	if at < 0 {
		n, ok := tl.Uint32(b, 8)
		if !ok || int64(n) != id {
			return ""
		}
		at = 12
	}
	if flags&1 != 0 {
		at += 8
	}
	text := ""
	for bit := 1; bit <= 4; bit++ {
		if flags&(1<<bit) == 0 {
			continue
		}
		if at > len(b) {
			return ""
		}
		s, size, ok := tl.Text(b[at:])
		if !ok {
			return ""
		}
		text, at = s, at+size
	}
	if len(text) < 5 || len(text) > 20 || strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text
}
