package keybag

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/amparo-project/amparo/internal/limit"
)

// Keys holds the class keys that a password opened. Its methods may be called
// from several goroutines at once, but not together with Zero.
type Keys struct {
	// Damaged lists the classes whose key the password should open and does
	// not, though it opens others.
	Damaged []uint32

	keys map[uint32][]byte
}

// errNoClass says that no key of a class is at hand.
var errNoClass = errors.New("no key of that protection class")

// Unlock makes a key of the password, which takes a second or more by design,
// and unwraps the class keys with it.
//
// It returns ErrWrongPassword when none opens. Where some open and others do
// not, the password is right and those others are damaged: Keys.Damaged lists
// them. It stops when ctx ends.
func (b *Bag) Unlock(ctx context.Context, password string) (*Keys, error) {
	key, err := b.derive(ctx, password)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	defer clear(key)
	k := &Keys{keys: map[uint32][]byte{}}
	for i := range b.Classes {
		k.add(&b.Classes[i], key)
	}
	if len(k.keys) == 0 {
		return nil, ErrWrongPassword
	}
	return k, nil
}

func (k *Keys) add(c *Class, key []byte) {
	if !c.byPassword() || k.keys[c.ID] != nil {
		return
	}
	opened, err := unwrap(key, c.wrapped)
	if err != nil {
		k.Damaged = append(k.Damaged, c.ID)
		return
	}
	k.keys[c.ID] = opened
}

// FileKey unwraps the key of one file, which is wrapped under the key of its
// protection class. The error wraps limit.ErrEncrypted when that key is not
// here, and limit.ErrCorrupt when the wrapped key is damaged.
func (k *Keys) FileKey(class uint32, wrapped []byte) ([]byte, error) {
	under, ok := k.keys[class]
	if !ok {
		return nil, fmt.Errorf("%w: class %d: %w", limit.ErrEncrypted, class, errNoClass)
	}
	key, err := unwrap(under, wrapped)
	if err != nil {
		return nil, fmt.Errorf("key of class %d: %w", class, err)
	}
	return key, nil
}

// Zero overwrites the keys. Nothing can be opened afterwards.
func (k *Keys) Zero() {
	for _, key := range k.keys {
		clear(key)
	}
	clear(k.keys)
}

// derive makes the key that wraps the class keys.
func (b *Bag) derive(ctx context.Context, password string) ([]byte, error) {
	secret := []byte(password)
	defer func() { clear(secret) }()
	if b.Rounds1 > 0 {
		first, err := pbkdf2(ctx, sha256.New, secret, b.salt1, b.Rounds1)
		clear(secret)
		if err != nil {
			return nil, err
		}
		secret = first
	}
	return pbkdf2(ctx, sha1.New, secret, b.salt2, b.Rounds2)
}

// roundsBetween is how many rounds pass before ctx is looked at again: a few
// milliseconds.
const roundsBetween = 1 << 14

// pbkdf2 makes 32 bytes as RFC 8018, 5.2 has it. It is crypto/pbkdf2 but for
// ctx: ten million rounds are too long for somebody who pressed ^C.
func pbkdf2(ctx context.Context, h func() hash.Hash, secret, salt []byte, rounds uint32) ([]byte, error) {
	prf := hmac.New(h, secret)
	var key []byte
	for block := uint32(1); len(key) < 32; block++ {
		prf.Reset()
		prf.Write(salt)
		prf.Write(binary.BigEndian.AppendUint32(nil, block))
		u := prf.Sum(nil)
		sum := append([]byte(nil), u...)
		for n := uint32(1); n < rounds; n++ {
			if n%roundsBetween == 0 && ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			for i := range sum {
				sum[i] ^= u[i]
			}
		}
		key = append(key, sum...)
	}
	return key[:32], nil
}
