package inbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// entry is the beginning of a message in a chat exported from WhatsApp: on
// Android "31/12/20, 23:59 - Ana: text", on iOS "[31/12/20, 23:59:58] Ana:
// text", in the order and with the half of the day that the phone's language
// uses. The exports mark directions and spaces with invisible characters.
var entry = regexp.MustCompile(`^[\x{200e}\x{200f}\x{feff}]*\[?(\d{1,4})[./-](\d{1,2})[./-](\d{1,4}),?[\s\x{a0}\x{202f}]+` +
	`(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[\s\x{a0}\x{202f}]*([aApP])\.?[\s\x{a0}\x{202f}]*[mM]\.?)?(?:\][\s\x{a0}\x{202f}]|[\s\x{a0}\x{202f}]-[\s\x{a0}\x{202f}])(.*)$`)

// maxSaid is up to where lines are added to a message: nobody types more, and
// adding without end would take time with the square of the lines.
const maxSaid = 64 * limit.KiB

// chat reads such an export.
type chat struct {
	r        *bufio.Reader
	monthDay bool // the month comes first
	line     int
}

// openText opens a chat, or a text that is one message.
func openText(r io.Reader) (*Inbox, error) {
	b, err := decode(r)
	if err != nil {
		return nil, err
	}
	head, err := b.Peek(48 * limit.KiB)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	if isChat, monthDay := looksLikeChat(string(head)); isChat {
		c := &chat{r: b, monthDay: monthDay}
		return &Inbox{Format: WhatsApp, messages: c.messages}, nil
	}
	data, err := limit.ReadAll(b, maxWhole)
	if err != nil {
		return nil, fmt.Errorf("a text that is no chat: %w", err)
	}
	return &Inbox{Format: Text, messages: func(yield func(*Item, error) bool) {
		item := Item{Line: 1}
		item.Text = strings.TrimSpace(string(data))
		if item.Text != "" {
			yield(&item, nil)
		}
	}}, nil
}

// looksLikeChat reports whether a text begins as a chat does, and whether its
// dates have the month first.
func looksLikeChat(head string) (isChat, monthDay bool) {
	n, day, month, us, looked := 0, false, false, 0, 0
	for l := range strings.Lines(head) {
		if looked++; looked > 2000 || looked > 20 && n == 0 {
			break
		}
		m := entry.FindStringSubmatch(strings.TrimRight(l, "\r\n"))
		if m == nil {
			continue
		}
		n++
		first, _ := strconv.Atoi(m[1])
		second, _ := strconv.Atoi(m[2])
		day = day || first > 12 && first <= 31
		month = month || second > 12
		if strings.Contains(l, "AM") || strings.Contains(l, "PM") {
			us++
		}
	}
	switch {
	case month && !day:
		monthDay = true
	case !month && !day:
		monthDay = us > 0 && us*2 > n // only English of the US writes the month first
	}
	return n > 0, monthDay
}

func (c *chat) messages(yield func(*Item, error) bool) {
	var item *Item
	give := func() bool {
		if item == nil || item.Text == "" {
			return true
		}
		done := item
		item = nil
		return yield(done, nil)
	}
	for {
		l, err := line(c.r)
		if errors.Is(err, io.EOF) {
			give()
			return
		}
		if err != nil {
			if give() {
				yield(nil, &Problem{"line " + strconv.Itoa(c.line), err})
			}
			return
		}
		c.line++
		m := entry.FindStringSubmatch(l)
		if m == nil {
			if item != nil && len(item.Text) < maxSaid {
				item.Text += "\n" + l
			}
			continue
		}
		if !give() {
			return
		}
		item = c.item(m)
	}
}

// item makes a message of the parts of its first line; nil for what WhatsApp
// itself noted ("Messages are encrypted"), which has no sender.
func (c *chat) item(m []string) *Item {
	name, said, ok := strings.Cut(m[8], ": ")
	if !ok || len(name) > 200 {
		return nil
	}
	item := &Item{Line: c.line}
	item.Text = strings.TrimLeft(said, "\u200e\u200f")
	name = strings.Trim(name, "\u200e\u200f\u202a\u202c ~\u00a0\u202f")
	if number.MatchString(strings.Map(asciiSpaces, name)) {
		item.Sender = strings.Map(asciiSpaces, name)
	} else {
		item.SenderName = name
	}
	item.Time = c.time(m)
	return item
}

func asciiSpaces(r rune) rune {
	switch r {
	case '\u00a0', '\u202f':
		return ' '
	case '\u202a', '\u202c', '\u200e':
		return -1
	case '\u2011':
		return '-'
	}
	return r
}

// time reads the date and time of a first line. The export has no zone: it is
// taken for UTC.
func (c *chat) time(m []string) time.Time {
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	day, month, year := n[0], n[1], n[2]
	switch {
	case n[0] > 31:
		year, month, day = n[0], n[1], n[2]
	case c.monthDay:
		month, day = n[0], n[1]
	}
	if year < 100 {
		year += 2000
	}
	hour := n[3]
	switch strings.ToLower(m[7]) {
	case "p":
		if hour < 12 {
			hour += 12
		}
	case "a":
		hour %= 12
	}
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 {
		return time.Time{}
	}
	return time.Date(year, time.Month(month), day, hour, n[4], n[5], 0, time.UTC)
}
