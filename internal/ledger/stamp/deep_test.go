package stamp_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/ledger/stamp"
)

// TestDeep gives the parser what would overflow a stack or take for ever.
func TestDeep(t *testing.T) {
	t.Parallel()
	roots, err := stamp.Roots(authority(t).Root)
	if err != nil {
		t.Fatal(err)
	}
	const room = stamp.MaxToken - 100
	nested := append(bytes.Repeat([]byte{0x30, 0x80}, room/4), make([]byte, room/4*2)...) // each level is ended
	for _, inner := range [][]byte{
		nested, bytes.Repeat([]byte{0x30, 0x80}, room/2), bytes.Repeat([]byte{0x24, 0x80}, room/2),
		bytes.Repeat([]byte{0x04, 0}, room/2), bytes.Repeat([]byte{0x1f, 0xff}, room/2),
	} {
		from := time.Now()
		token, err := asn1.Marshal(struct {
			Status struct{ Code int }
			Token  asn1.RawValue
		}{
			Token: asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: inner},
		})
		if err != nil || len(token) > stamp.MaxToken {
			t.Fatal(len(token), err)
		}
		if _, err := stamp.Verify(token, data, roots, nil); !errors.Is(err, stamp.ErrNotProven) {
			t.Errorf("%x…: %v", inner[:4], err)
		}
		if took := time.Since(from); took > 20*time.Second {
			t.Errorf("%x… took %v", inner[:4], took)
		}
	}
}
