package testevidence

import (
	"archive/tar"
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"unicode/utf16"
)

// AndroidBackup says what .ab file to write, after AOSP's
// PerformAdbBackupTask.java and PasswordUtils.java.
type AndroidBackup struct {
	Version    int // 1 to 5
	Compressed bool
	Password   string // "": not encrypted
	Rounds     int    // of key derivation; Android writes 10,000
	// LowBytes derives keys from the low byte of each char, as version 1 does.
	LowBytes bool
	// Files are "apps/PACKAGE/DOMAIN/FILE" and their content, in the order of Names.
	Names []string
	Files map[string]string
}

// Bytes returns the file.
func (b AndroidBackup) Bytes() ([]byte, error) {
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	for _, name := range b.Names {
		data := b.Files[name]
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(data)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	data := stream.Bytes()
	compressed := 0
	if b.Compressed {
		compressed = 1
		var z bytes.Buffer
		zw := zlib.NewWriter(&z)
		if _, err := zw.Write(data); err != nil {
			return nil, err
		}
		if err := zw.Close(); err != nil {
			return nil, err
		}
		data = z.Bytes()
	}
	head := fmt.Sprintf("ANDROID BACKUP\n%d\n%d\n", b.Version, compressed)
	if b.Password == "" {
		return append([]byte(head+"none\n"), data...), nil
	}
	return b.encrypt(head, data)
}

func (b AndroidBackup) encrypt(head string, data []byte) ([]byte, error) {
	fill := func(seed byte, n int) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = seed + byte(i)*37
		}
		return out
	}
	userSalt, checkSalt, userIV, key, iv := fill(1, 64), fill(2, 64), fill(3, 16), fill(4, 32), fill(5, 16)
	userKey, err := pbkdf2.Key(sha1.New, b.chars(utf16.Encode([]rune(b.Password))), userSalt, b.Rounds, 32)
	if err != nil {
		return nil, err
	}
	signed := make([]uint16, len(key))
	for i, c := range key {
		signed[i] = uint16(int16(int8(c)))
	}
	sum, err := pbkdf2.Key(sha1.New, b.chars(signed), checkSalt, b.Rounds, 32)
	if err != nil {
		return nil, err
	}
	var blob []byte
	for _, part := range [][]byte{iv, key, sum} {
		blob = append(append(blob, byte(len(part))), part...)
	}
	head += fmt.Sprintf("AES-256\n%s\n%s\n%d\n%s\n%s\n", upperHex(userSalt), upperHex(checkSalt), b.Rounds, upperHex(userIV), upperHex(cbc(userKey, userIV, blob)))
	return append([]byte(head), cbc(key, iv, data)...), nil
}

func (b AndroidBackup) chars(chars []uint16) string {
	if !b.LowBytes {
		return string(utf16.Decode(chars))
	}
	out := make([]byte, len(chars))
	for i, c := range chars {
		out[i] = byte(c)
	}
	return string(out)
}

func upperHex(b []byte) string { return string(bytes.ToUpper([]byte(hex.EncodeToString(b)))) }

// cbc encrypts with the padding of PKCS #7.
func cbc(key, iv, data []byte) []byte {
	n := aes.BlockSize - len(data)%aes.BlockSize
	out := append(bytes.Clone(data), bytes.Repeat([]byte{byte(n)}, n)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out
}
