package ios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// maxOriginFile is far above any file called origin, which holds two hosts.
const maxOriginFile = 64 << 10

// readOrigin reads the file called origin that newer versions of WebKit put
// into folders whose names are hashes: the outer page, and the page that
// stored something, both as scheme, host and port.
// https://github.com/WebKit/WebKit/blob/main/Source/WebKit/Shared/WebCorePersistentCoders.cpp
func readOrigin(in *artifact.Input) (top, client string, err error) {
	data, err := in.All(maxOriginFile)
	if err != nil {
		return "", "", fmt.Errorf("open %s: %w", in.Path, err)
	}
	if top, client, err = decodeOrigin(data); err != nil {
		err = fmt.Errorf("%s: %w", in.Path, err)
	}
	return top, client, err
}

// decodeOrigin returns the first origin even where the second is cut off.
func decodeOrigin(data []byte) (top, client string, err error) {
	d := originDecoder{b: data}
	if top = d.origin(); d.failed {
		return "", "", fmt.Errorf("%w: no origin", limit.ErrCorrupt)
	}
	if client = d.origin(); d.failed {
		return top, "", fmt.Errorf("%w: the second origin", limit.ErrCorrupt)
	}
	return top, client, nil
}

// An originDecoder decodes values as WTF::Persistence::Encoder writes them.
type originDecoder struct {
	b      []byte
	failed bool
}

// origin decodes scheme, host and port. An origin without a host, such as
// that of a file, is "".
func (d *originDecoder) origin() string {
	scheme, host := d.text(), d.text()
	var port uint16
	if b := d.take(1); b != nil && b[0] != 0 {
		if b = d.take(2); b != nil {
			port = binary.LittleEndian.Uint16(b)
		}
	}
	if d.failed || scheme == "" || host == "" {
		return ""
	}
	origin := scheme + "://" + host
	if port != 0 {
		origin += ":" + strconv.Itoa(int(port))
	}
	return origin + "/"
}

// text decodes a string: its length, whether its characters take a byte or
// two, and the characters.
func (d *originDecoder) text() string {
	b := d.take(4)
	if b == nil {
		return ""
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 1<<32-1 { // the null string
		return ""
	}
	wide := d.take(1)
	if wide == nil || n > maxOriginFile {
		d.failed = true
		return ""
	}
	if wide[0] == 0 {
		return fromUTF16(d.take(2 * int(n)))
	}
	return fromLatin1(d.take(int(n)))
}

// take returns the next n bytes, nil if there are not as many.
func (d *originDecoder) take(n int) []byte {
	if d.failed || len(d.b) < n {
		d.failed = true
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func fromLatin1(b []byte) string {
	var s []byte
	for _, c := range b {
		s = utf8.AppendRune(s, rune(c))
	}
	return string(s)
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// originAbove returns the origins of the file origin that lies in the given
// number of folders above in, none where there is no such file.
func originAbove(in *artifact.Input, levels int) (top, client string, err error) {
	folder := in.Path
	for range levels {
		i := strings.LastIndexByte(folder, '/')
		if i < 0 {
			return "", "", nil
		}
		folder = folder[:i]
	}
	file, err := in.Companion(folder + "/origin")
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	return readOrigin(file)
}
