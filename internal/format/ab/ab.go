// Package ab reads Android backups (.ab), as "adb backup" writes them: a header
// of text lines, then a tar archive, which may be compressed (zlib) and
// encrypted (AES-256).
//
// Versions 1 to 5 differ in how the header of an encrypted backup is derived
// and in what the archive holds, not in the form of the stream (AOSP,
// frameworks/base, services/backup: PerformAdbBackupTask.java,
// PerformAdbRestoreTask.java, utils/PasswordUtils.java; BACKUP_FILE_VERSION in
// UserBackupManagerService.java).
//
// Start with Open; Unlock gives the key of an encrypted backup.
package ab

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/limit"
)

// Magic begins every backup.
const Magic = "ANDROID BACKUP\n"

// MaxVersion is the newest version of the header that is known.
const MaxVersion = 5

// MaxRounds is the most rounds of key derivation that are computed. Android
// writes 10,000; a forged number would keep the machine busy for hours.
const MaxRounds = 2_000_000

// ErrWrongPassword says that the header is sound and the password does not
// open it.
var ErrWrongPassword = errors.New("wrong password")

// A Backup is an opened backup. It is not changed by reading.
type Backup struct {
	Version    int
	Compressed bool
	Encrypted  bool

	r    io.ReaderAt
	size int64
	data int64 // where the stream begins

	userSalt, checkSalt, userIV, blob []byte
	rounds                            int
	key, iv                           []byte // of the stream, once unlocked
}

const (
	maxHeader = 4096
	keyBytes  = 32
)

// Open reads the header. Its error wraps limit.ErrUnsupported for a file that
// is no backup or of an unknown version, limit.ErrCorrupt for a damaged header,
// and limit.ErrLimit for one that asks for too much.
func Open(r io.ReaderAt, size int64) (*Backup, error) {
	head := make([]byte, min(size, maxHeader))
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("header: %w", err)
	}
	h := header{rest: head[:n]}
	if !bytes.HasPrefix(h.rest, []byte(Magic)) {
		return nil, fmt.Errorf("%w: no Android backup", limit.ErrUnsupported)
	}
	h.line()
	b := &Backup{r: r, size: size, Version: h.number("version", 1, MaxVersion), Compressed: h.number("compression", 0, 1) == 1}
	switch cipherName := h.line(); cipherName {
	case "none":
	case "AES-256":
		b.Encrypted = true
		b.userSalt, b.checkSalt = h.hex("salt of the password"), h.hex("salt of the checksum")
		b.rounds = h.count()
		b.userIV, b.blob = h.hex("initial vector"), h.hex("master key")
	default:
		h.fail(fmt.Errorf("%w: encryption %q", limit.ErrUnsupported, short(cipherName)))
	}
	if h.err != nil {
		return nil, fmt.Errorf("header: %w", h.err)
	}
	b.data = int64(n - len(h.rest))
	return b, nil
}

// header reads lines; the first error stays.
type header struct {
	rest []byte
	err  error
}

func (h *header) fail(err error) {
	if h.err == nil {
		h.err = err
	}
}

func (h *header) line() string {
	line, rest, ok := bytes.Cut(h.rest, []byte{'\n'})
	if !ok {
		h.fail(fmt.Errorf("%w: it is cut", limit.ErrCorrupt))
		return ""
	}
	h.rest = rest
	return string(bytes.TrimSuffix(line, []byte{'\r'}))
}

func (h *header) number(what string, least, most int) int {
	s := h.line()
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || n < least:
		h.fail(fmt.Errorf("%w: %s %q", limit.ErrCorrupt, what, short(s)))
	case n > most:
		h.fail(fmt.Errorf("%w: %s %d", limit.ErrUnsupported, what, n))
	}
	return n
}

func (h *header) count() int {
	s := h.line()
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || n < 1:
		h.fail(fmt.Errorf("%w: rounds of key derivation %q", limit.ErrCorrupt, short(s)))
	case n > MaxRounds:
		h.fail(fmt.Errorf("%w: it asks for %d rounds of key derivation, Android writes 10000 and at most %d are computed", limit.ErrLimit, n, MaxRounds))
		return 1
	}
	return int(n)
}

func (h *header) hex(what string) []byte {
	s := h.line()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) == 0 {
		h.fail(fmt.Errorf("%w: %s", limit.ErrCorrupt, what))
	}
	return b
}

func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Unlock derives the key of an encrypted backup. Its error is ErrWrongPassword,
// or wraps limit.ErrCorrupt where no password could open it.
func (b *Backup) Unlock(password string) error {
	if len(b.userIV) != aes.BlockSize || len(b.blob) == 0 || len(b.blob)%aes.BlockSize != 0 {
		return fmt.Errorf("header: %w: the master key has no whole blocks", limit.ErrCorrupt)
	}
	// Android 4.4 changed how characters become bytes; older backups, and some
	// later ones, have the low byte of each.
	for _, encode := range []func([]uint16) []byte{utf8Bytes, lowBytes} {
		if b.try(utf16.Encode([]rune(password)), encode) {
			return nil
		}
	}
	return ErrWrongPassword
}

func (b *Backup) try(password []uint16, encode func([]uint16) []byte) bool {
	key, err := pbkdf2.Key(sha1.New, string(encode(password)), b.userSalt, b.rounds, keyBytes)
	if err != nil {
		return false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return false
	}
	plain := make([]byte, len(b.blob))
	cipher.NewCBCDecrypter(block, b.userIV).CryptBlocks(plain, b.blob)
	if plain, err = unpad(plain); err != nil {
		return false
	}
	iv, rest, ok1 := sized(plain)
	master, rest, ok2 := sized(rest)
	sum, _, ok3 := sized(rest)
	if !ok1 || !ok2 || !ok3 || len(iv) != aes.BlockSize || len(master) != keyBytes {
		return false
	}
	// The checksum is over the key's bytes as Java's signed bytes cast to chars.
	chars := make([]uint16, len(master))
	for i, c := range master {
		chars[i] = uint16(int16(int8(c)))
	}
	want, err := pbkdf2.Key(sha1.New, string(encode(chars)), b.checkSalt, b.rounds, keyBytes)
	if err != nil || subtle.ConstantTimeCompare(want, sum) != 1 {
		return false
	}
	b.key, b.iv = master, iv
	return true
}

// sized takes a part that its length in one byte precedes.
func sized(b []byte) (part, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	return b[1 : 1+int(b[0])], b[1+int(b[0]):], true
}

// utf8Bytes encodes each unit as Java's PBKDF2 does for single chars.
func utf8Bytes(chars []uint16) []byte {
	var b []byte
	for _, r := range utf16.Decode(chars) {
		b = utf8.AppendRune(b, r)
	}
	return b
}

func lowBytes(chars []uint16) []byte {
	b := make([]byte, len(chars))
	for i, c := range chars {
		b[i] = byte(c)
	}
	return b
}

// Tar returns the archive within, decrypted and decompressed while it is read.
// It may be called again. Its error wraps limit.ErrEncrypted before Unlock.
func (b *Backup) Tar() (io.ReadCloser, error) {
	var r io.Reader = io.NewSectionReader(b.r, b.data, b.size-b.data)
	if b.Encrypted {
		if b.key == nil {
			return nil, fmt.Errorf("%w: it needs the password that was set when the backup was made", limit.ErrEncrypted)
		}
		block, err := aes.NewCipher(b.key)
		if err != nil {
			return nil, err
		}
		r = &decrypter{r: bufio.NewReaderSize(r, 64*limit.KiB), mode: cipher.NewCBCDecrypter(block, b.iv)}
	}
	if !b.Compressed {
		return io.NopCloser(r), nil
	}
	z, err := zlib.NewReader(bufio.NewReaderSize(r, 64*limit.KiB))
	if err != nil {
		return nil, fmt.Errorf("%w: its compressed content: %w", limit.ErrCorrupt, err)
	}
	return z, nil
}

// decrypter reads blocks and holds the last back, which has the padding.
type decrypter struct {
	r    *bufio.Reader
	mode cipher.BlockMode
	buf  [16 * limit.KiB]byte
	have []byte // decrypted, not yet given
	err  error
}

// Read implements io.Reader.
func (d *decrypter) Read(p []byte) (int, error) {
	for len(d.have) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.fill()
	}
	n := copy(p, d.have)
	d.have = d.have[n:]
	return n, nil
}

func (d *decrypter) fill() {
	n, err := io.ReadFull(d.r, d.buf[:])
	last := err != nil
	if !last {
		_, peek := d.r.Peek(1)
		last = errors.Is(peek, io.EOF)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		d.err = err
		return
	}
	whole := n - n%aes.BlockSize
	d.mode.CryptBlocks(d.buf[:whole], d.buf[:whole])
	d.have = d.buf[:whole]
	if !last {
		return
	}
	d.err = io.EOF
	if whole != n {
		d.err = fmt.Errorf("%w: the encrypted content is cut", limit.ErrCorrupt)
		return
	}
	plain, err := unpad(d.have)
	if err != nil {
		d.err = fmt.Errorf("%w: the encrypted content is cut or damaged", limit.ErrCorrupt)
		return
	}
	d.have = plain
}

var errPadding = errors.New("padding")

// unpad takes the padding of PKCS #7 away.
func unpad(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errPadding
	}
	n := int(b[len(b)-1])
	if n == 0 || n > aes.BlockSize || n > len(b) || strings.TrimRight(string(b[len(b)-n:]), string(b[len(b)-1:])) != "" {
		return nil, errPadding
	}
	return b[:len(b)-n], nil
}
