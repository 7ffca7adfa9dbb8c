package testevidence

import "encoding/binary"

// telegramMessage is the object of a message as TLRPC.java writes it.
type telegramMessage struct {
	id        int
	from      int64 // 0: not told
	date      int32
	forwarded bool
	service   bool
	old       bool   // of layer 118, without the second word of marks
	text, url string // url stands behind the first word of the text
}

func tlWord(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }

func tlLong(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

func tlString(b []byte, s string) []byte {
	n := len(b)
	if len(s) < 254 {
		b = append(b, byte(len(s)))
	} else {
		b = append(b, 254, byte(len(s)), byte(len(s)>>8), byte(len(s)>>16))
	}
	b = append(b, s...)
	for (len(b)-n)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func tlUser(b []byte, id int64) []byte { return tlLong(tlWord(b, 0x59511722), id) }

func (m telegramMessage) bytes() []byte {
	if m.service { // messageService: it says that somebody joined
		b := tlWord(tlWord(tlWord(nil, 0x2b085862), 0), uint32(m.id))
		return tlWord(tlWord(tlUser(b, tgUser), uint32(m.date)), 0xf3f25f76)
	}
	flags := uint32(0)
	if m.from != 0 {
		flags |= 1 << 8
	}
	if m.forwarded {
		flags |= 1 << 2
	}
	if m.url != "" {
		flags |= 1 << 7
	}
	var b []byte
	if m.old {
		b = tlWord(tlWord(nil, 0x58ae39c9), flags)
	} else {
		b = tlWord(tlWord(tlWord(nil, 0x94345242), flags), 0)
	}
	b = tlWord(b, uint32(m.id))
	if m.from != 0 {
		b = tlUser(b, m.from)
	}
	b = tlUser(b, tgUser) // where it was sent
	if m.forwarded {      // messageFwdHeader with the name of its author, and when that wrote it
		b = tlWord(tlString(tlWord(tlWord(b, 0x4e4df4bb), 1<<5), "Alguien"), uint32(m.date)-3600)
	}
	b = tlString(tlWord(b, uint32(m.date)), m.text)
	if m.url != "" { // messageEntityTextUrl over the first five characters
		b = tlWord(tlWord(b, 0x1cb5c415), 1)
		b = tlString(tlWord(tlWord(tlWord(b, 0x76a6d327), 0), 5), m.url)
	}
	return b
}

// telegramUser is the object of an account (TL_user of layer 147).
func telegramUser(id int64, first, family, username, phone string) []byte {
	b := tlWord(tlWord(tlWord(nil, 0x8f97c628), 1|1<<1|1<<2|1<<3|1<<4), 0)
	b = tlLong(tlLong(b, id), 0x1122334455667788)
	for _, s := range []string{first, family, username, phone} {
		b = tlString(b, s)
	}
	return b
}
