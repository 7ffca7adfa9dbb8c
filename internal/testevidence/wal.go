package testevidence

import (
	"encoding/binary"
	"errors"
)

// resalt gives a write-ahead log other salts, and the checksums that follow
// from them: SQLite draws its salts at random, and the same options must give
// the same bytes. Format: https://sqlite.org/fileformat2.html#walformat.
func resalt(log []byte, salt uint64) error {
	const header, frameHeader = 32, 24
	if len(log) < header {
		return errors.New("write-ahead log: shorter than its header")
	}
	size := int(binary.BigEndian.Uint32(log[8:]))
	var order binary.ByteOrder = binary.LittleEndian
	if log[3]&1 == 1 {
		order = binary.BigEndian
	}
	binary.BigEndian.PutUint64(log[16:], salt)
	s0, s1 := walSum(order, 0, 0, log[:24])
	binary.BigEndian.PutUint32(log[24:], s0)
	binary.BigEndian.PutUint32(log[28:], s1)
	for at := header; at+frameHeader+size <= len(log); at += frameHeader + size {
		frame := log[at : at+frameHeader+size]
		binary.BigEndian.PutUint64(frame[8:], salt)
		s0, s1 = walSum(order, s0, s1, frame[:8])
		s0, s1 = walSum(order, s0, s1, frame[frameHeader:])
		binary.BigEndian.PutUint32(frame[16:], s0)
		binary.BigEndian.PutUint32(frame[20:], s1)
	}
	return nil
}

func walSum(order binary.ByteOrder, s0, s1 uint32, data []byte) (uint32, uint32) {
	for ; len(data) >= 8; data = data[8:] {
		s0 += order.Uint32(data) + s1
		s1 += order.Uint32(data[4:]) + s0
	}
	return s0, s1
}
