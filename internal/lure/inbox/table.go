package inbox

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/amparo-project/amparo/internal/format/links"
	"github.com/amparo-project/amparo/internal/limit"
)

// role is what a column holds.
type role int

const (
	text role = iota
	sender
	senderName
	when
	link
	device
	roles // how many there are
)

var roleNames = [roles]string{"text", "sender", "name", "time", "link", "device"}

// headers are what people call each column, folded, in the order in which
// they count.
var headers = [roles][]string{
	text:       {"text", "message", "mensaje", "texto", "body", "message text", "message body", "sms", "content", "contenido", "cuerpo", "message content"},
	sender:     {"sender", "from", "remitente", "de", "number", "numero", "phone", "phone number", "telefono", "address", "origen", "sender number", "numero de telefono", "handle", "source"},
	senderName: {"name", "sender name", "contact", "nombre", "contacto", "contact name", "remitente nombre"},
	when:       {"time", "date", "datetime", "fecha", "timestamp", "hora", "sent", "received", "fecha y hora", "date time", "sent time", "received time", "isodate", "enviado", "recibido"},
	link:       {"link", "url", "links", "urls", "enlace", "liga", "enlaces"},
	device:     {"device", "dispositivo", "recipient", "destinatario", "to", "para", "target", "victim", "victima", "persona", "receptor", "equipo", "person", "case"},
}

// table reads rows by the columns that were recognised.
type table struct {
	rows    *csv.Reader
	guard   *rowGuard
	columns [roles]int
	found   []links.Link
}

// sampleRows is how many rows columns without a header are guessed by.
const sampleRows = 50

func openTable(r io.Reader) (*Inbox, error) {
	b, err := decode(r)
	if err != nil {
		return nil, err
	}
	head, err := b.Peek(32 * limit.KiB)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	comma := delimiter(string(head))
	sample := readSample(string(head), comma)
	if len(sample) == 0 {
		return nil, fmt.Errorf("%w: no rows", limit.ErrUnsupported)
	}
	t := &table{guard: &rowGuard{r: b}}
	t.rows = newCSV(t.guard, comma)
	header := t.byHeader(sample[0])
	if !header && !t.byContent(sample) {
		return nil, fmt.Errorf("%w: no column looks like the text of messages; call it \"text\" in the first line", limit.ErrUnsupported)
	}
	if header {
		_, err = t.rows.Read()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("row 1: %w", err)
	}
	return &Inbox{Format: CSV, Columns: t.describe(sample[0], header), messages: t.messages}, nil
}

func newCSV(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma, c.LazyQuotes, c.FieldsPerRecord, c.ReuseRecord = comma, true, -1, true
	return c
}

// delimiter returns the separator that the first line has most of.
func delimiter(head string) rune {
	first, _, _ := strings.Cut(head, "\n")
	best, most := ',', 0
	for _, c := range ",;\t|" {
		if n := strings.Count(first, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func readSample(head string, comma rune) [][]string {
	c := newCSV(strings.NewReader(head), comma)
	c.ReuseRecord = false
	var list [][]string
	for len(list) < sampleRows {
		row, err := c.Read()
		if err != nil {
			break
		}
		list = append(list, row)
	}
	return list
}

// byHeader recognises columns by what the first row calls them.
func (t *table) byHeader(row []string) bool {
	for r := range roles {
		t.columns[r] = -1
	}
	used := map[int]bool{}
	for r := range roles {
		for _, name := range headers[r] {
			for i, cell := range row {
				if t.columns[r] < 0 && !used[i] && plain(cell) == name {
					t.columns[r], used[i] = i, true
				}
			}
		}
	}
	return t.columns[text] >= 0 || t.columns[link] >= 0 && t.columns[sender] >= 0
}

// plain folds a heading: small letters, no accents, words parted by one space.
func plain(s string) string {
	s = norm.NFD.String(strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(s, "_", " "), "-", " ")))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\ufeff' || r == '"' {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// number is a subscriber's number, or a short code.
var number = regexp.MustCompile(`^\+?[0-9][0-9 ().-]{2,18}$`)

// byContent guesses columns by what most cells look like: times, numbers, and
// the longest text.
func (t *table) byContent(sample [][]string) bool {
	width := 0
	for _, row := range sample {
		width = max(width, len(row))
	}
	var longest float64
	for i := range width {
		length, times, numbers, n := 0, 0, 0, 0
		for _, row := range sample {
			if i >= len(row) || strings.TrimSpace(row[i]) == "" {
				continue
			}
			n++
			length += len(row[i])
			cell := strings.TrimSpace(row[i])
			if _, ok := parseTime(cell); ok {
				times++
			} else if number.MatchString(cell) {
				numbers++
			}
		}
		switch {
		case n == 0:
		case times*2 > n && t.columns[when] < 0:
			t.columns[when] = i
		case numbers*2 > n && t.columns[sender] < 0:
			t.columns[sender] = i
		case times*2 <= n && numbers*2 <= n && float64(length)/float64(n) > longest:
			longest = float64(length) / float64(n)
			t.columns[text] = i
		}
	}
	return longest >= 12
}

// describe says which column was taken for what.
func (t *table) describe(row []string, header bool) []string {
	var list []string
	for r, i := range t.columns {
		if i < 0 {
			continue
		}
		name := strconv.Itoa(i + 1)
		if header && i < len(row) {
			name = strings.TrimSpace(strings.TrimPrefix(row[i], "\ufeff"))
		}
		list = append(list, roleNames[r]+" = "+name)
	}
	return list
}

func (t *table) messages(yield func(*Item, error) bool) {
	var item Item
	for {
		t.guard.n = 0
		row, err := t.rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote), errors.Is(err, csv.ErrFieldCount):
			ln, _ := t.rows.FieldPos(0)
			if !yield(nil, &Problem{"row " + strconv.Itoa(ln), err}) {
				return
			}
			continue
		case err != nil:
			yield(nil, err)
			return
		}
		ln, _ := t.rows.FieldPos(0)
		item = t.item(row)
		item.Line = ln
		if item.Text == "" && len(item.Links) == 0 {
			continue
		}
		if !yield(&item, nil) {
			return
		}
	}
}

func (t *table) item(row []string) Item {
	cell := func(r role) string {
		if i := t.columns[r]; i >= 0 && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	var item Item
	item.Text, item.Sender, item.SenderName, item.Device = cell(text), cell(sender), cell(senderName), cell(device)
	item.Time, _ = parseTime(cell(when))
	for _, s := range []string{item.Text, cell(link)} {
		t.found = links.Scan(s, t.found[:0])
		for _, l := range t.found {
			item.Links = append(item.Links, l.URL)
		}
	}
	return item
}

var _ iter.Seq2[*Item, error] = (*table)(nil).messages
