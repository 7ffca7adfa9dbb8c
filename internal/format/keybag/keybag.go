// Package keybag reads the keybag of an encrypted iTunes or Finder backup and
// opens it with the backup's password.
//
// Start with Parse, then Bag.Unlock. A keybag is a list of tag, length and
// value: first what leads from the password to a key, then one group for each
// protection class, with the key of the class wrapped under that key
// (RFC 3394). The layout was published by the iphone-dataprotection project
// (https://code.google.com/archive/p/iphone-dataprotection) and is described
// in the Apple Platform Security guide, "Keybags for Data Protection".
package keybag

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// ErrWrongPassword says that the keybag is sound and the password does not
// open it.
var ErrWrongPassword = errors.New("wrong password")

// Bounds of what a keybag may claim. Real ones have about 1 KiB, 11 classes
// and at most 10 million rounds.
const (
	maxBytes   = 64 * limit.KiB
	maxClasses = 64
	maxSalt    = 1024
	maxRounds  = 100_000_000
)

// Bits of WRAP: what a class key is wrapped under.
const wrapPasscode = 2

// wrappedLen is the length of a wrapped 256-bit key (RFC 3394 adds 8 bytes).
const wrappedLen = 40

// tagClass is the tag of a class's number.
const tagClass = "CLAS"

// A Bag is a keybag that was read and not yet opened.
type Bag struct {
	Version uint32
	Type    uint32 // 1: of a backup
	UUID    [16]byte
	// Rounds1 counts the rounds of PBKDF2-SHA256, which iOS 10.2 put before
	// the others; 0 in older backups. Rounds2 counts those of PBKDF2-SHA1.
	Rounds1, Rounds2 uint32
	Classes          []Class

	salt1, salt2 []byte
}

// A Class is one protection class of a keybag.
type Class struct {
	ID   uint32 // as files name it
	Wrap uint32 // bit 2: wrapped under the key made of the password
	Type uint32 // 0: AES
	UUID [16]byte

	wrapped []byte
}

// byPassword reports whether the password leads to the key of c.
func (c *Class) byPassword() bool { return c.Wrap&wrapPasscode != 0 && len(c.wrapped) > 0 }

// Parse reads a keybag. Its errors wrap limit.ErrCorrupt, or limit.ErrLimit for
// a number of rounds that would hold up the machine.
func Parse(data []byte) (*Bag, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("keybag: %w: %d bytes, at most %d are read", limit.ErrLimit, len(data), maxBytes)
	}
	p := parser{bag: new(Bag)}
	for off := 0; off < len(data); {
		tag, value, err := next(data[off:])
		if err != nil {
			return nil, fmt.Errorf("keybag: at byte %d: %w", off, err)
		}
		if err := p.take(tag, value); err != nil {
			return nil, fmt.Errorf("keybag: %s at byte %d: %w", printable(tag), off, err)
		}
		off += 8 + len(value)
	}
	if err := p.bag.check(); err != nil {
		return nil, fmt.Errorf("keybag: %w", err)
	}
	return p.bag, nil
}

// next splits the first item off data.
func next(data []byte) (tag string, value []byte, err error) {
	if len(data) < 8 {
		return "", nil, fmt.Errorf("%w: it ends within an item", limit.ErrCorrupt)
	}
	n := binary.BigEndian.Uint32(data[4:])
	if int64(n) > int64(len(data)-8) {
		return "", nil, fmt.Errorf("%w: an item of %d bytes where %d are left", limit.ErrCorrupt, n, len(data)-8)
	}
	return string(data[:4]), data[8 : 8+n], nil
}

// printable shows a tag, which may be any four bytes.
func printable(tag string) string { return fmt.Sprintf("%q", tag) }

// parser puts items into a bag. The first UUID is that of the bag; each
// further one starts a class.
type parser struct {
	bag   *Bag
	named bool
	class *Class
}

func (p *parser) take(tag string, value []byte) error {
	if tag == "UUID" {
		return p.uuid(value)
	}
	if p.class != nil {
		return p.class.take(tag, value)
	}
	return p.bag.take(tag, value)
}

func (p *parser) uuid(value []byte) error {
	if len(value) != 16 {
		return fmt.Errorf("%w: %d bytes, not 16", limit.ErrCorrupt, len(value))
	}
	if !p.named {
		p.named = true
		copy(p.bag.UUID[:], value)
		return nil
	}
	if len(p.bag.Classes) == maxClasses {
		return fmt.Errorf("%w: more than %d classes", limit.ErrCorrupt, maxClasses)
	}
	p.bag.Classes = append(p.bag.Classes, Class{UUID: [16]byte(value)})
	p.class = &p.bag.Classes[len(p.bag.Classes)-1]
	return nil
}

func (b *Bag) take(tag string, value []byte) (err error) {
	switch tag {
	case "VERS":
		b.Version, err = number(value)
	case "TYPE":
		b.Type, err = number(value)
	case "SALT":
		b.salt2 = value
	case "ITER":
		b.Rounds2, err = number(value)
	case "DPSL":
		b.salt1 = value
	case "DPIC":
		b.Rounds1, err = number(value)
	}
	return err // other items say nothing that is needed
}

func (c *Class) take(tag string, value []byte) (err error) {
	switch tag {
	case tagClass:
		c.ID, err = number(value)
	case "WRAP":
		c.Wrap, err = number(value)
	case "KTYP":
		c.Type, err = number(value)
	case "WPKY":
		c.wrapped = value
	}
	return err
}

func number(value []byte) (uint32, error) {
	if len(value) != 4 {
		return 0, fmt.Errorf("%w: a number of %d bytes, not 4", limit.ErrCorrupt, len(value))
	}
	return binary.BigEndian.Uint32(value), nil
}

// check refuses a bag that no password can open, before time is spent on one.
func (b *Bag) check() error {
	if len(b.salt2) == 0 || len(b.salt2) > maxSalt || len(b.salt1) > maxSalt {
		return fmt.Errorf("%w: a salt of %d and one of %d bytes", limit.ErrCorrupt, len(b.salt1), len(b.salt2))
	}
	if b.Rounds2 == 0 {
		return fmt.Errorf("%w: no rounds", limit.ErrCorrupt)
	}
	if (b.Rounds1 == 0) != (len(b.salt1) == 0) {
		return fmt.Errorf("%w: rounds without a salt, or a salt without rounds", limit.ErrCorrupt)
	}
	for _, n := range []uint32{b.Rounds1, b.Rounds2} {
		if n > maxRounds {
			return fmt.Errorf("%w: %d rounds of key derivation, at most %d are made", limit.ErrLimit, n, maxRounds)
		}
	}
	for i := range b.Classes {
		if c := &b.Classes[i]; c.byPassword() && len(c.wrapped) == wrappedLen {
			return nil
		}
	}
	return fmt.Errorf("%w: no class key that a password opens", limit.ErrCorrupt)
}
