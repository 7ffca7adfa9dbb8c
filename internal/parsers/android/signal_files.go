package android

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// signalBackupVersion reads the header of a backup file: a frame whose field 1
// is the header, with 16 bytes of initialisation, 32 of salt, and the version.
func signalBackupVersion(b []byte) (version uint64, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	n := binary.BigEndian.Uint32(b)
	if int64(n) > int64(len(b)-4) {
		return 0, false
	}
	header, ok := protoBytes(b[4:4+n], 1)
	if !ok {
		return 0, false
	}
	iv, hasIV := protoBytes(header, 1)
	salt, hasSalt := protoBytes(header, 2)
	if !hasIV || !hasSalt || len(iv) != 16 || len(salt) != 32 {
		return 0, false
	}
	version, _ = protoNumber(header, 3)
	return version, true
}

// protoBytes returns the first field of that number that holds bytes.
func protoBytes(b []byte, number protowire.Number) ([]byte, bool) {
	value, typ, ok := protoField(b, number)
	if !ok || typ != protowire.BytesType {
		return nil, false
	}
	data, n := protowire.ConsumeBytes(value)
	return data, n >= 0
}

// protoNumber returns the first field of that number that holds a number.
func protoNumber(b []byte, number protowire.Number) (uint64, bool) {
	value, typ, ok := protoField(b, number)
	if !ok || typ != protowire.VarintType {
		return 0, false
	}
	v, n := protowire.ConsumeVarint(value)
	return v, n >= 0
}

func protoField(b []byte, number protowire.Number) (value []byte, typ protowire.Type, ok bool) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, 0, false
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return nil, 0, false
		}
		if num == number {
			return b[n : n+size], typ, true
		}
		b = b[n+size:]
	}
	return nil, 0, false
}

// maxSettings bounds a file of settings; that of Signal has some ten kilobytes.
const maxSettings = 4 * limit.MiB

// secretWords mark the names of settings whose values are keys or secrets.
var secretWords = []string{"secret", "key", "password", "passphrase", "token", "salt", "credential", "pin", "master", "signaling"}

func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// A preference is a value of a file of SharedPreferences.
type preference struct {
	XMLName xml.Name
	Name    string   `xml:"name,attr"`
	Value   string   `xml:"value,attr"`
	Text    string   `xml:",chardata"`
	Items   []string `xml:"string"`
}

// signalSettings reads the settings (android.app.SharedPreferencesImpl): a map
// of strings, numbers, truths and sets.
func signalSettings(r *fileReading) error {
	if r.In.Size > maxSettings {
		return fmt.Errorf("%w: settings of %d bytes", limit.ErrLimit, r.In.Size)
	}
	dec := xml.NewDecoder(io.NewSectionReader(r.In, 0, r.In.Size))
	depth := 0
	for {
		offset := dec.InputOffset()
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r.brokenXML(err)
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
			continue
		case depth == 0:
			if start.Name.Local != "map" {
				return errUnknownForm
			}
			depth++
			continue
		}
		var p preference
		if err := dec.DecodeElement(&p, &start); err != nil {
			return r.brokenXML(err)
		}
		if err := r.preference(&p, offset, dec.InputOffset()-offset); err != nil {
			return err
		}
	}
	if depth == 0 {
		return errUnknownForm
	}
	return nil
}

// brokenXML tells of XML that ends early or is none. A failed read stays one.
func (r *fileReading) brokenXML(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	return err
}

func (r *fileReading) preference(p *preference, offset, length int64) error {
	rec := r.Start("setting", offset, length)
	r.set("name", p.Name)
	r.set("type", p.XMLName.Local)
	value := firstOf(p.Value, p.Text)
	if len(p.Items) > 0 {
		value = strings.Join(p.Items[:min(len(p.Items), maxTexts)], ", ")
	}
	secret := isSecret(p.Name)
	rec.Set("secret", artifact.BoolValue(secret))
	if !secret {
		r.set("value", value)
		if strings.Contains(p.Name, "number") {
			observePhone(rec, rec.Text("value"), "value")
		}
	}
	return r.Give()
}
