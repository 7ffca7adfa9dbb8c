package keybag

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// wrapCheck is the value that RFC 3394, 2.2.3.1 puts before a key, and by
// which unwrapping shows that it was done with the right key.
const wrapCheck = 0xA6A6A6A6A6A6A6A6

// unwrap unwraps a 256-bit key (RFC 3394, 2.2.2). Its errors wrap
// limit.ErrCorrupt.
func unwrap(under, wrapped []byte) ([]byte, error) {
	if len(wrapped) != wrappedLen {
		return nil, fmt.Errorf("%w: a wrapped key of %d bytes, not %d", limit.ErrCorrupt, len(wrapped), wrappedLen)
	}
	block, err := aes.NewCipher(under)
	if err != nil {
		return nil, err
	}
	check := binary.BigEndian.Uint64(wrapped)
	key := append([]byte(nil), wrapped[8:]...)
	n := len(key) / 8
	var buf [16]byte
	for t := 6 * n; t > 0; t-- {
		part := key[(t-1)%n*8:][:8]
		binary.BigEndian.PutUint64(buf[:8], check^uint64(t))
		copy(buf[8:], part)
		block.Decrypt(buf[:], buf[:])
		check = binary.BigEndian.Uint64(buf[:8])
		copy(part, buf[8:])
	}
	clear(buf[:])
	binary.BigEndian.PutUint64(buf[:8], check^wrapCheck)
	if subtle.ConstantTimeCompare(buf[:8], make([]byte, 8)) != 1 {
		clear(key)
		return nil, fmt.Errorf("%w: the integrity check of a wrapped key fails", limit.ErrCorrupt)
	}
	return key, nil
}
