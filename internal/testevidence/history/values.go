package history

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

var words = strings.Fields("hola mañana reunión a las ocho te mando el documento https://noticias.example/nota abogado sí no gracias luego llámame")

func (w *writer) text(most int) string {
	var b strings.Builder
	for range 1 + w.r.IntN(most) {
		b.WriteString(words[w.r.IntN(len(words))] + " ")
	}
	return strings.TrimSpace(b.String())
}

// values makes the columns of a row.
func (w *writer) values(table string, id int64) []any {
	mac := float64(600_000_000+w.r.IntN(100_000_000)) + float64(w.r.IntN(1000))/1000
	maybe := func(v any) any {
		if w.r.IntN(5) == 0 {
			return nil
		}
		return v
	}
	switch table {
	case "message":
		guid := fmt.Sprintf("%08X-%04X-4%03X", w.r.Uint32(), w.r.IntN(1<<16), w.r.IntN(1<<12))
		return []any{id, guid, maybe(w.text(30)), int64(w.r.IntN(300)), int64(mac * 1e9), int64(w.r.IntN(2)), "iMessage"}
	case "ZPROCESS":
		return []any{id, int64(w.r.IntN(20) + 2), int64(w.r.IntN(4000)), mac, maybe(mac + 1000.5), maybe("com.example." + w.text(1)), fmt.Sprintf("proc%d/%s", w.r.IntN(1000), w.text(1))}
	case "history_visits":
		return []any{id, int64(w.r.IntN(100_000)), mac, maybe(w.text(6)), int64(w.r.IntN(2)), int64(w.r.IntN(200))}
	case "cache":
		value := make([]byte, 10+w.r.IntN(80))
		if w.r.IntN(4) == 0 {
			value = make([]byte, 200+w.r.IntN(3*w.PageSize))
		}
		for i := range value {
			value[i] = byte(w.r.Uint32())
		}
		return []any{fmt.Sprintf("https://a.example/%d?%s", w.r.IntN(1e6), w.text(1)), value, int64(w.r.IntN(70000))}
	default:
		return []any{int64(w.r.IntN(1 << 20)), int64(w.r.IntN(1 << 30)), int64(mac * 1e9)}
	}
}

// Pieces returns the bytes that SQLite writes for a version: those on its page
// from the first of the cell to the last of its payload there, and those on
// each overflow page (https://sqlite.org/fileformat2.html#record_format).
func (v *Version) Pieces(pageSize int) [][]byte {
	var types, body []byte
	for i, x := range v.Values {
		if i == 0 && aliased(v.Table) {
			types = append(types, 0)
			continue
		}
		var typ uint64
		typ, body = encode(x, body)
		types = uvarint(types, typ)
	}
	record := append(append([]byte{byte(len(types) + 1)}, types...), body...)
	head := uvarint(uvarint(nil, uint64(len(record))), uint64(v.RowID))
	most, least := pageSize-35, (pageSize-12)*32/255-23
	if len(record) <= most {
		return [][]byte{append(head, record...)}
	}
	local := least + (len(record)-least)%(pageSize-4)
	if local > most {
		local = least
	}
	pieces := [][]byte{append(head, record[:local]...)}
	for rest := record[local:]; len(rest) > 0; {
		n := min(len(rest), pageSize-4)
		pieces = append(pieces, rest[:n])
		rest = rest[n:]
	}
	return pieces
}

// Whole reports whether all bytes of a version are in one of the files.
func (h *History) Whole(v *Version, pageSize int) bool {
	for i, p := range v.Pieces(pageSize) {
		if !bytes.Contains(h.DB, p) && (i > 0 || !bytes.Contains(h.WAL, p) && !bytes.Contains(h.Journal, p)) {
			return false
		}
	}
	return true
}

func uvarint(b []byte, v uint64) []byte {
	n := 1
	for v>>(7*n) != 0 {
		n++
	}
	for i := n - 1; i > 0; i-- {
		b = append(b, byte(v>>(7*i))|0x80)
	}
	return append(b, byte(v&0x7f))
}

// encode appends a value and returns its serial type.
func encode(x any, body []byte) (uint64, []byte) {
	switch x := x.(type) {
	case int64:
		return integer(x, body)
	case float64:
		if x == math.Trunc(x) {
			return integer(int64(x), body)
		}
		return 7, binary.BigEndian.AppendUint64(body, math.Float64bits(x))
	case string:
		return uint64(13 + 2*len(x)), append(body, x...)
	case []byte:
		return uint64(12 + 2*len(x)), append(body, x...)
	}
	return 0, body
}

func integer(n int64, body []byte) (uint64, []byte) {
	if n == 0 || n == 1 {
		return 8 + uint64(n), body
	}
	for i, size := range []int{1, 2, 3, 4, 6, 8} {
		if size == 8 || n >= -1<<(8*size-1) && n < 1<<(8*size-1) {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], uint64(n))
			return uint64(i + 1), append(body, b[8-size:]...)
		}
	}
	return 0, body
}
