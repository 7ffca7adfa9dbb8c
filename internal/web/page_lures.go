package web

import (
	"errors"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/lure/inbox"
	"github.com/amparo-project/amparo/internal/report"
)

// luresData is a form for messages, and what they pretend to be. Nothing of it
// is kept.
type luresData struct {
	Text, Sender string
	Asked        bool
	Read         int64
	Messages     []lureLine
	More         int
	Problems     int
}

type lureLine struct {
	Severity, Title, Text, Sender, Time string
	Reasons                             []string
	Links                               []string
}

func (q *request) luresPage() error {
	return q.render("lures", q.Text("web.lures.title"), luresData{}, inSection("lures"))
}

// Bounds of what is read at once: a file in bytes, messages that are shown.
const (
	maxInbox       = 256 << 20
	maxShownLures  = 200
	maxLureMessage = 2000
)

// readLures reads a message that was pasted, or a file of messages.
func (q *request) readLures() error {
	k, err := q.s.o.Lures(q.ctx(), q.space)
	if err != nil {
		return err
	}
	r := &lureReader{q: q, k: k, reader: k.Reader()}
	f := fields{}
	if err := q.parts(maxInbox, f, r.file); err != nil {
		return q.again(err, "lures", q.Text("web.lures.title"), r.luresData, inSection("lures"))
	}
	r.Text, r.Sender = f.get("text"), f.get("sender")
	if r.Text != "" {
		r.add(&inbox.Item{Message: lure.Message{Text: r.Text, Sender: r.Sender}}, true)
	}
	r.Asked = r.Read > 0 || r.Problems > 0
	r.sort()
	return q.render("lures", q.Text("web.lures.title"), r.luresData, inSection("lures"))
}

// sort puts the gravest first and leaves out what is too much to show.
func (r *lureReader) sort() {
	slices.SortStableFunc(r.Messages, func(a, b lureLine) int {
		x, _ := finding.ParseSeverity(a.Severity)
		y, _ := finding.ParseSeverity(b.Severity)
		return int(y) - int(x)
	})
	if n := len(r.Messages); n > maxShownLures {
		r.Messages, r.More = r.Messages[:maxShownLures], n-maxShownLures
	}
}

type lureReader struct {
	luresData
	q      *request
	k      *lure.Knowledge
	reader *lure.Reader
}

// file reads a file of messages by way of a temporary one: archives need to be
// read at any place. It is somebody's messages: it is gone when this returns.
func (r *lureReader) file(p *multipart.Part) error {
	if p.FileName() == "" {
		return nil
	}
	return r.read(p.FileName(), p)
}

// read reads a file of messages of that name.
func (r *lureReader) read(name string, from io.Reader) (err error) {
	dir, err := r.q.space.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name = filepath.Join(dir, fileName(name))
	out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	box, err := inbox.Open(r.q.ctx(), name)
	if err != nil {
		return invalid{"web.lures.unknown_file"}
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	for item, err := range box.Messages() {
		if r.q.ctx().Err() != nil {
			return r.q.ctx().Err()
		}
		if err != nil {
			r.Problems++
			continue
		}
		r.add(item, box.Format == inbox.Text || box.Format == inbox.EML)
	}
	return nil
}

// maxKeptLures bounds what is kept of one file.
const maxKeptLures = 20_000

// add reads one message; single ones are shown whatever they are.
func (r *lureReader) add(item *inbox.Item, single bool) {
	r.Read++
	reading := r.reader.Read(&item.Message)
	if reading.Severity < finding.Low && !single || len(r.Messages) >= maxKeptLures {
		return
	}
	line := lureLine{
		Severity: reading.Severity.String(), Text: cut(maxLureMessage, item.Text), Sender: item.Sender, Title: r.q.Text("lure.title_nothing"),
	}
	if reading.Time != nil {
		line.Time = reading.Time.UTC().Format("2006-01-02 15:04")
	}
	if reading.Severity >= finding.Low {
		pretended := r.k.Pretended(&reading)
		line.Title = report.LureTitle(r.q.Printer, pretended)
		for _, why := range pretended.Reasons {
			line.Reasons = append(line.Reasons, report.LureReason(r.q.Printer, pretended, why))
		}
	}
	for _, l := range reading.Links {
		line.Links = append(line.Links, l.URL)
	}
	r.Messages = append(r.Messages, line)
}
