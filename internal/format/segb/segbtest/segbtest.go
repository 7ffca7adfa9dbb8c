// Package segbtest writes containers of Biome for tests, as
// https://github.com/cclgroupltd/ccl-segb describes them.
package segbtest

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/amparo-project/amparo/internal/format/segb"
)

// An Entry is one entry to write.
type Entry struct {
	Data  []byte
	State segb.State
	At    float64 // seconds since 2001
	Sum   uint32  // added to the right checksum
}

var order = binary.LittleEndian

// Version1 writes a container of version 1.
func Version1(entries ...Entry) []byte {
	b := make([]byte, 56)
	copy(b[52:], "SEGB")
	for _, e := range entries {
		b = order.AppendUint32(b, uint32(len(e.Data)))
		b = order.AppendUint32(b, uint32(e.State))
		b = order.AppendUint64(b, math.Float64bits(e.At))
		b = order.AppendUint64(b, math.Float64bits(e.At))
		b = order.AppendUint32(b, crc32.ChecksumIEEE(e.Data)+e.Sum)
		b = order.AppendUint32(b, 0)
		b = pad(append(b, e.Data...), 8)
	}
	order.PutUint32(b, uint32(len(b)))
	return b
}

// Version2 writes a container of version 2.
func Version2(entries ...Entry) []byte {
	b := make([]byte, 32)
	copy(b, "SEGB")
	order.PutUint32(b[4:], uint32(len(entries)))
	var index []byte
	for _, e := range entries {
		b = order.AppendUint32(b, crc32.ChecksumIEEE(e.Data)+e.Sum)
		b = order.AppendUint32(b, 0)
		b = append(b, e.Data...)
		index = order.AppendUint32(index, uint32(len(b)-32))
		index = order.AppendUint32(index, uint32(e.State))
		index = order.AppendUint64(index, math.Float64bits(e.At))
		b = pad(b, 4)
	}
	return append(b, index...)
}

func pad(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}
