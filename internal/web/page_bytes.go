package web

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/walk"
	"github.com/amparo-project/amparo/internal/workspace"
)

// bytesData is the place of a finding, read from the evidence now.
type bytesData struct {
	Finding  workspace.Finding
	Title    string
	Run      workspace.Run
	Case     workspace.Case
	Path     string // of the file, on the phone
	Locked   bool   // the backup is encrypted: its password is asked for
	Private  bool   // nobody may be told
	Shown    bool
	Place    finding.Provenance
	Size     int64 // of the file
	Hash     hashState
	Differs  bool // the bytes are not those that the check saw
	Rows     []hexRow
	Fields   []fieldLine
	Versions []rowVersion
	Gone     string // how the row was recovered, "" for one in its table
	Late     bool   // versions were not looked for to the end
	Unlooked bool   // versions were not looked for: the database is large
	Bytes    []byte // that are shown
	From     int64
	To       int64
	Back, On string // where to look before and after
}

// hashState compares the file with the one that was checked.
type hashState struct {
	Now, Then, Verdict string
	At                 string // when the file was read whole, of a hash that is remembered
}

// What is said of a hash.
const (
	hashSame   = "same"   // the file was read whole for this page
	hashKnown  = "known"  // it was read whole before, at a time that is told
	hashOther  = "other"  // it was read whole, and is not the one that was checked
	hashUnread = "unread" // it is large, and nobody asked for it
	hashLate   = "late"   // reading it whole took too long
)

// rowVersion is one version of the row.
type rowVersion struct {
	State  string `json:"state" doc:"in words"`
	Page   int64  `json:"page"`
	Offset int64  `json:"offset"`
	Values string `json:"values"`
}

type fieldLine struct {
	report.ExplainField
	Letter string
	Mark   int    // the kind of line that its bytes have
	Hex    string // where it begins
	Inside bool   // its bytes are among those that are shown
}

// Bounds of what a page reads.
const (
	shownBytes  = 2048      // at once
	aroundPlace = 32        // bytes before and after a place
	wholeFile   = 16 << 20  // bytes of a file that a page reads whole without being asked
	hashedFile  = 256 << 20 // bytes of a file that is hashed for a program
	hashTime    = 30 * time.Second
	versionTime = 15 * time.Second
	valueCut    = 2000
	backupWords = 4096 // bytes of a password
	marks       = 6    // kinds of lines below bytes, in app.css
)

// bytesPage opens the evidence at the place of a finding.
func (q *request) bytesPage() error {
	if q.r.Method == http.MethodPost {
		if err := q.form(); err != nil {
			return err
		}
	}
	d, whole, run, err := q.bytesData()
	if err != nil {
		return err
	}
	title := q.Text("web.bytes.title", "ID", d.Finding.ID)
	password := q.r.PostFormValue("password")
	if d.Private || run.Evidence.Encrypted && password == "" {
		d.Locked = !d.Private
		return q.render("bytes", title, d, inSection("findings"))
	}
	if len(password) > backupWords {
		return badRequest{errors.New("a password of that length")}
	}
	err = q.readPlace(&d, whole, run, placeWish{password, q.value("at"), q.value("whole") != "", false})
	if status, _ := causeOf(err); err != nil && run.Evidence.Encrypted && status == http.StatusConflict {
		d.Locked = true
		return q.again(err, "bytes", title, d, inSection("findings"))
	}
	if err != nil {
		return err
	}
	return q.render("bytes", title, d, inSection("findings"))
}

// bytesData is what is known before the evidence is opened.
func (q *request) bytesData() (d bytesData, whole *finding.Finding, run *finding.Run, err error) {
	if d.Finding, err = q.theFinding(); err != nil {
		return d, nil, nil, err
	}
	if d.Run, _, d.Case, err = q.theRun(); err != nil {
		return d, nil, nil, err
	}
	b, err := q.space.OpenRun(q.ctx(), &d.Run)
	if err != nil {
		return d, nil, nil, err
	}
	if run, err = report.LoadRun(b.FS(q.ctx()), d.Run.ID); err != nil {
		return d, nil, nil, err
	}
	if whole, err = report.FindFS(b.FS(q.ctx()), d.Run.ID, d.Finding.ID); err != nil {
		return d, nil, nil, err
	}
	d.Title, d.Place, d.Path = report.TitleOf(whole, q.Printer), whole.Where, whole.Where.Path
	d.Gone = report.Recovered(q.Printer, &whole.Where)
	d.Private = whole.Indicator != nil && whole.Indicator.Private
	return d, whole, run, nil
}

// placeWish is what is wanted of a place.
type placeWish struct {
	password string // of a backup
	at       string // from where bytes are shown; "": those of the place
	whole    bool   // a large file is read whole, and one that was read before
	program  bool   // a program asks: nothing is remembered, and nothing left out
}

// readPlace opens the evidence and reads the place.
func (q *request) readPlace(d *bytesData, f *finding.Finding, run *finding.Run, wish placeWish) (err error) {
	ev, err := q.space.Evidence(q.ctx(), d.Run.Evidence)
	if err != nil {
		return err
	}
	stored, err := q.space.Open(q.ctx(), ev)
	if err != nil {
		return err
	}
	src, err := stored.Source(q.ctx(), run.Evidence.Root, evidence.OpenOptions{Password: func(context.Context) (string, error) {
		if wish.password == "" {
			return "", job.ErrPassword
		}
		return wish.password, nil
	}})
	if err != nil {
		return err
	}
	defer src.Close()
	place, err := walk.Open(q.ctx(), src, f, q.Printer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Close()) }()
	d.Shown, d.Size = true, place.Size()
	if err := q.hash(d, place, stored.Mark, run.Evidence.Root, wish); err != nil {
		return err
	}
	parts, err := place.Parts(q.ctx())
	if err != nil {
		return err
	}
	if err := q.window(d, place, parts.Fields, wish.at); err != nil {
		return err
	}
	if d.Unlooked = parts.Rows && !wish.all(d.Size, q.s.whole); !parts.Rows || d.Unlooked {
		return nil
	}
	return q.versions(d, place)
}

// all reports whether a file of that size is read whole; most is how much is
// without being asked.
func (w placeWish) all(size, most int64) bool { return w.program || w.whole || size <= most }

// hash says whether the file is the one that was checked. mark stands for what it
// is stored as.
func (q *request) hash(d *bytesData, place *walk.Place, mark func(root, stored string) string, root string, wish placeWish) error {
	name, size := place.Stored()
	d.Hash.Then = d.Place.SHA256
	key, stored := wholeKey(d.Run.Evidence, root, name, mark(root, name), d.Hash.Then)
	if at, ok := q.s.wholes.get(key, q.s.o.Now()); ok && !wish.whole && !wish.program {
		d.Hash.Verdict, d.Hash.At = hashKnown, at.UTC().Format(time.DateTime)
		return nil
	}
	if !wish.all(size, q.s.whole) || wish.program && size > hashedFile {
		d.Hash.Verdict = hashUnread
		return nil
	}
	q.s.wholes.drop(key)
	ctx, stop := context.WithTimeout(q.ctx(), hashTime)
	defer stop()
	var err error
	if d.Hash.Now, err = place.Hash(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) && q.ctx().Err() == nil {
			d.Hash.Verdict = hashLate
			return nil
		}
		return err
	}
	if d.Hash.Verdict = hashOther; d.Hash.Now == d.Hash.Then {
		d.Hash.Verdict = hashSame
		if stored {
			q.s.wholes.put(key, q.s.o.Now())
		}
	}
	return nil
}

// window reads the bytes that are shown: those of the place with some around
// it, or from where somebody went on.
func (q *request) window(d *bytesData, place *walk.Place, fields []report.ExplainField, elsewhere string) error {
	at := &d.Place
	from, n := report.Stretch(at, fields)
	from, n = from-aroundPlace, n+2*aroundPlace
	if to, err := strconv.ParseInt(elsewhere, 10, 64); err == nil {
		from, n = to, shownBytes
	}
	from = min(max(from, 0), max(d.Size-1, 0)) &^ 15
	b := make([]byte, min(n+15, shownBytes, d.Size-from))
	if got, err := place.File().ReadAt(b, from); got < len(b) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %d bytes at %d: %w", len(b), from, err)
	}
	d.Bytes, d.From, d.To = b, from, from+int64(len(b))
	d.Differs = differs(b, from, at)
	d.Fields = lettered(fields, d.From, d.To)
	d.Rows = hexRows(b, from, at, fields)
	if from > 0 {
		d.Back = strconv.FormatInt(max(0, from-shownBytes), 10)
	}
	if d.To < d.Size {
		d.On = strconv.FormatInt(d.To, 10)
	}
	return nil
}

// differs compares what is shown with what the check saw of it.
func differs(b []byte, from int64, at *finding.Provenance) bool {
	for i, c := range at.Bytes {
		if x := at.Offset + int64(i) - from; x >= 0 && x < int64(len(b)) && b[x] != c {
			return true
		}
	}
	return false
}

// versions looks for other versions of the row, as long as a page can wait.
func (q *request) versions(d *bytesData, place *walk.Place) error {
	ctx, stop := context.WithTimeout(q.ctx(), versionTime)
	defer stop()
	list, err := place.Versions(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		d.Late = true
		return nil
	}
	for _, v := range list {
		state := report.Recovered(q.Printer, &finding.Provenance{State: v.State, Frame: v.Frame, Confidence: v.Confidence})
		if state == "" {
			state = q.Or("web.bytes.state.", v.State)
		}
		d.Versions = append(d.Versions, rowVersion{state, v.Page, v.Offset, cut(valueCut, v.Values)})
	}
	return err
}

// lettered gives fields the letters by which the bytes are marked.
func lettered(fields []report.ExplainField, from, to int64) []fieldLine {
	out := make([]fieldLine, len(fields))
	for i, f := range fields {
		f.Name, f.Value = cut(200, f.Name), cut(valueCut, f.Value)
		out[i] = fieldLine{f, report.FieldLetter(i), i % marks, fmt.Sprintf("%x", f.Offset), f.Offset < to && f.Offset+int64(f.Length) > from && f.Length > 0}
	}
	return out
}

// hexRow is sixteen bytes, in stretches of one field each.
type hexRow struct {
	Offset string // in hexadecimal digits
	Runs   []hexRun
}

type hexRun struct {
	Hex, ASCII string
	Field      int    // its number, -1: none
	Name       string // of the field
	Letter     string
	Mark       int
	First      bool // of the field, in what is shown
	Place      bool // belongs to the finding's place
}

// hexRows lays bytes out in rows, marked by the fields that they belong to.
func hexRows(b []byte, from int64, at *finding.Provenance, fields []report.ExplainField) []hexRow {
	of := make([]int, len(b))
	for i := range of {
		of[i] = -1
	}
	for i, f := range fields {
		for x := max(f.Offset-from, 0); x < min(f.Offset+int64(f.Length)-from, int64(len(b))); x++ {
			of[x] = i
		}
	}
	seen := map[int]bool{}
	var rows []hexRow
	for i := 0; i < len(b); i += 16 {
		row := hexRow{Offset: fmt.Sprintf("%08x", from+int64(i))}
		end := min(i+16, len(b))
		for j := i; j < end; {
			k := j + 1
			for k < end && of[k] == of[j] && inPlace(from+int64(k), at) == inPlace(from+int64(j), at) {
				k++
			}
			run := hexRun{Hex: spaced(b[j:k]), ASCII: printable(b[j:k]), Field: of[j], Place: inPlace(from+int64(j), at)}
			if of[j] >= 0 {
				run.Name, run.Letter, run.Mark, run.First = cut(200, fields[of[j]].Name), report.FieldLetter(of[j]), of[j]%marks, !seen[of[j]]
				seen[of[j]] = true
			}
			row.Runs, j = append(row.Runs, run), k
		}
		rows = append(rows, row)
	}
	return rows
}

func inPlace(offset int64, at *finding.Provenance) bool {
	return offset >= at.Offset && offset < at.Offset+at.Length
}

// spaced is bytes as hexadecimal digits, with a space after each.
func spaced(b []byte) string {
	out := make([]byte, 0, 3*len(b))
	for _, c := range b {
		out = append(hex.AppendEncode(out, []byte{c}), ' ')
	}
	return string(out)
}

// printable is bytes as ASCII, with a point for what is none.
func printable(b []byte) string {
	out := slices.Clone(b)
	for i, c := range out {
		if c < ' ' || c > '~' {
			out[i] = '.'
		}
	}
	return string(out)
}
