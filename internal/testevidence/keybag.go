package testevidence

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// A keybag holds the keys of the protection classes of a backup.
type keybag struct {
	blob    []byte         // as in Manifest.plist, BackupKeyBag
	classes map[int][]byte // class key by number
}

// newKeybag makes a keybag for a backup with a password. Its fields and their
// order are those of Apple's keybags (Apple Platform Security, "Keybags for
// Data Protection"; iphone-dataprotection, keystore/keybag.py): a header,
// then the classes, each a UUID, CLAS, WRAP, KTYP, WPKY. Classes 9 to 11 ("this device
// only") are also wrapped by the device, whose key no backup has.
func newKeybag(r random, o Options) (*keybag, error) {
	salt, salt2 := r.bytes(20), r.bytes(20)
	key, err := passwordKey(o, salt, salt2)
	if err != nil {
		return nil, err
	}
	k := &keybag{classes: map[int][]byte{}}
	k.number("VERS", 3)
	k.number("TYPE", 1) // backup
	k.field("UUID", r.bytes(16))
	k.field("HMCK", r.bytes(40))
	k.number("WRAP", 0)
	k.field("SALT", salt)
	k.number("ITER", o.Iterations2)
	if !o.PreIOS102 {
		k.number("DPWT", 0)
		k.number("DPIC", o.Iterations)
		k.field("DPSL", salt2)
	}
	for class := 1; class <= 11; class++ {
		wrap := 2 // by the password
		if class >= 9 {
			wrap = 3 // by the password and the device
		}
		k.classes[class] = r.bytes(32)
		k.field("UUID", r.bytes(16))
		k.number("CLAS", class)
		k.number("WRAP", wrap)
		k.number("KTYP", 0)
		k.field("WPKY", wrapKey(key, k.classes[class]))
	}
	return k, nil
}

// passwordKey derives the key that wraps the class keys.
func passwordKey(o Options, salt, salt2 []byte) ([]byte, error) {
	password := o.Password
	if !o.PreIOS102 {
		inner, err := pbkdf2.Key(sha256.New, password, salt2, o.Iterations, 32)
		if err != nil {
			return nil, fmt.Errorf("first derivation: %w", err)
		}
		password = string(inner)
	}
	key, err := pbkdf2.Key(sha1.New, password, salt, o.Iterations2, 32)
	if err != nil {
		return nil, fmt.Errorf("second derivation: %w", err)
	}
	return key, nil
}

func (k *keybag) field(tag string, value []byte) {
	k.blob = append(k.blob, tag...)
	k.blob = binary.BigEndian.AppendUint32(k.blob, uint32(len(value)))
	k.blob = append(k.blob, value...)
}

func (k *keybag) number(tag string, v int) {
	k.field(tag, binary.BigEndian.AppendUint32(nil, uint32(v)))
}

// wrapped returns key wrapped by a class, behind the class's number: the form
// in ManifestKey and in EncryptionKey.
func (k *keybag) wrapped(class int, key []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(class)), wrapKey(k.classes[class], key)...)
}

// wrapKey is the AES key wrap of RFC 3394, section 2.2.1.
func wrapKey(kek, key []byte) []byte {
	block, err := aes.NewCipher(kek)
	if err != nil {
		panic(err) // keys here have 32 bytes
	}
	n := len(key) / 8
	out := append(bytes.Repeat([]byte{0xa6}, 8), key...)
	var buf [16]byte
	for j := range 6 {
		for i := 1; i <= n; i++ {
			copy(buf[:8], out[:8])
			copy(buf[8:], out[8*i:8*i+8])
			block.Encrypt(buf[:], buf[:])
			t := uint64(n*j + i)
			binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(buf[:8])^t)
			copy(out[8*i:], buf[8:])
		}
	}
	return out
}

// newCBC returns the cipher of the files of a backup: AES-256 in CBC mode with
// a zero initialisation vector.
func newCBC(key []byte) cipher.BlockMode {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys here have 32 bytes
	}
	return cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize))
}
