package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/letter"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// outData is what can be taken out of a case: reports, exhibits, a letter, a
// public page.
type outData struct {
	Case      workspace.Case
	Runs      []workspace.Run
	Exports   []workspace.Export
	Subjects  []choiceLine
	Amounts   []choiceLine
	Formats   []string
	Form      fields // of the exhibit
	Report    fields // of a report that a job makes
	Checks    []choiceLine
	Kinds     []choiceLine // of reports
	Letter    fields
	Public    fields
	Drafted   *letter.Letter
	Facts     []factGroup // that would become public
	Withheld  []casework.Withheld
	Languages []string
	Query     string // of the previewed page
}

type factGroup struct {
	Kind  string
	Texts []string
}

// shownRuns and shownExports bound the lists of the page.
const (
	shownRuns    = 20
	shownExports = 50
)

func (q *request) outData() (outData, error) {
	c, err := q.theCase()
	if err != nil {
		return outData{}, err
	}
	d := outData{Case: c, Formats: reportFormats, Languages: message.Languages, Form: fields{"format": {"html", "pdf"}, "evidence": {exhibit.Needed}}, Letter: fields{prefixOfIDs: {"letter-"}}, Public: fields{prefixOfIDs: {"public-"}}, Report: fields{prefixOfIDs: {"report-"}}}
	for _, f := range reportFormats {
		d.Kinds = append(d.Kinds, choiceLine{f, f})
	}
	runs, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Run], error) {
		return q.space.Runs(ctx, workspace.RunFilter{Case: c.ID}, p)
	})
	if err != nil {
		return d, err
	}
	d.Subjects = []choiceLine{{c.ID, q.Text("web.out.whole_case")}}
	seen := map[string]bool{}
	for i := len(runs) - 1; i >= 0; i-- {
		if r := runs[i]; r.State == workspace.Stored {
			if len(d.Runs) < shownRuns {
				d.Runs = append(d.Runs, r)
				d.Checks = append(d.Checks, choiceLine{r.ID, q.Text("web.out.evidence", "ID", r.Evidence, "Day", dayOf(r.Ended))})
			}
			if !seen[r.Evidence] {
				seen[r.Evidence] = true
				d.Subjects = append(d.Subjects, choiceLine{r.Evidence, q.Text("web.out.evidence", "ID", r.Evidence, "Day", dayOf(r.Ended))})
			}
		}
	}
	d.Amounts = q.choices("web.out.amount.", []string{exhibit.Needed, exhibit.All, exhibit.None})
	exports, err := q.space.Exports(q.ctx(), c.ID, "", workspace.Page{Limit: workspace.MaxLimit})
	if n := len(exports.Items); n > shownExports {
		exports.Items = exports.Items[n-shownExports:]
	}
	d.Exports = exports.Items
	return d, err
}

func (q *request) outPage() error {
	d, err := q.outData()
	if err != nil {
		return err
	}
	return q.render("out", q.Text("web.out.title"), d, inSection("cases"))
}

// exhibitForm reads the form of an exhibit. d shows it again where something in
// it is wrong.
func (q *request) exhibitForm() (d outData, o workspace.JobOutput, wrong, err error) {
	if err := q.form(); err != nil {
		return d, o, nil, err
	}
	if d, err = q.outData(); err != nil {
		return d, o, nil, err
	}
	for name, v := range q.r.Form {
		d.Form[name] = v
	}
	o = workspace.JobOutput{Subject: q.value("subject"), Recipient: q.value("for"), Evidence: q.value("evidence"), Formats: q.r.Form["format"]}
	if wrong = q.ofCase(d.Case.ID, o.Subject); wrong == nil && o.Recipient == "" {
		wrong = invalid{"web.out.no_recipient"}
	}
	return d, o, wrong, nil
}

// sendExhibit makes an exhibit and sends it as it is packed.
func (q *request) sendExhibit() error {
	d, o, wrong, err := q.exhibitForm()
	if err != nil {
		return err
	}
	if wrong != nil {
		return q.again(wrong, "out", q.Text("web.out.title"), d, inSection("cases"))
	}
	r := exhibit.Request{Subject: o.Subject, Recipient: o.Recipient, Evidence: o.Evidence, Formats: o.Formats, Languages: message.Languages}
	begun := false
	err = casework.SendExhibit(q.ctx(), q.space, r, q.s.o.Version, func(done exhibit.Done) io.Writer {
		begun = true
		q.attach(done.ID+".zip", "application/zip")
		return q.w
	})
	switch {
	case err != nil && begun: // a zip without its end opens nowhere
		q.s.o.Log.WarnContext(q.ctx(), "exhibit broke off", fault.Kind(err))
		return nil
	case err == nil:
		return nil
	}
	return q.again(err, "out", q.Text("web.out.title"), d, inSection("cases"))
}

// ofCase reports whether the case, evidence or finding is of the case.
func (q *request) ofCase(caseID, subject string) error {
	switch {
	case subject == caseID:
		return nil
	case strings.HasPrefix(subject, "E-"):
		ev, err := q.space.Evidence(q.ctx(), subject)
		if err == nil && ev.Case != caseID {
			err = workspace.ErrNotFound
		}
		return err
	case strings.HasPrefix(subject, "F-"):
		l, err := q.space.Findings(q.ctx(), workspace.FindingFilter{Case: caseID, ID: subject}, workspace.Page{Limit: 1})
		if err == nil && len(l.Items) == 0 {
			err = workspace.ErrNotFound
		}
		return err
	}
	return workspace.ErrNotFound
}

// letterPage drafts a letter to an authority: to be read here, or taken away.
func (q *request) letterPage() error {
	d, err := q.outData()
	if err != nil {
		return err
	}
	for _, name := range []string{"to", "from"} {
		d.Letter[name] = []string{q.value(name)}
	}
	switch to, from := d.Letter.get("to"), d.Letter.get("from"); {
	case to == "" && from == "":
		return q.redirect("/cases/" + d.Case.ID + "/out#letter")
	case to == "" || from == "":
		return q.again(invalid{"web.out.letter_missing"}, "out", q.Text("web.out.title"), d, inSection("cases"))
	}
	_, st, err := q.standing(d.Case.ID)
	if err != nil {
		return err
	}
	rules, _, err := q.s.o.Concerns()
	if err != nil {
		return err
	}
	b, err := book.Load(q.ctx(), q.space.Workspace, d.Case.ID)
	if err != nil {
		return err
	}
	decided, err := casework.LoadDecisions(q.ctx(), q.space.Workspace, d.Case.ID)
	if err != nil {
		return err
	}
	in := &letter.Input{Lang: q.Lang(), To: d.Letter.get("to"), From: d.Letter.get("from"), On: st.On, Standing: st}
	q.words().LetterParts(rules, b, decided, in)
	l := letter.Draft(in)
	var out bytes.Buffer
	switch q.value("format") {
	case "pdf":
		err = l.WritePDF(&out)
		q.w.Header().Set("Content-Type", "application/pdf")
	case "docx":
		err = l.WriteDOCX(&out)
		q.w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
	default:
		d.Drafted = l
		return q.render("out", q.Text("web.out.title"), d, inSection("cases"))
	}
	if err != nil {
		return err
	}
	q.attach("letter."+q.value("format"), q.w.Header().Get("Content-Type"))
	_, _ = q.w.Write(out.Bytes()) // who does not take it is gone
	return nil
}

// tradeReportFile hands out what was seen against each condition, as a page.
func (q *request) tradeReportFile() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	rules, faults, err := q.s.o.Concerns()
	if err != nil {
		return err
	}
	r, err := casework.TradeReport(q.ctx(), q.space.Workspace, c.ID, rules, q.Printer)
	if err != nil {
		return err
	}
	r.Faults = append(r.Faults, faults...)
	var out bytes.Buffer
	if err := r.HTML(&out, rules, q.Printer); err != nil {
		return err
	}
	q.attach("safeguards.html", "text/html; charset=utf-8")
	_ = report.WriteVisible(q.w, out.Bytes()) // who does not take it is gone
	return nil
}

// publication builds the public page that a form asks for.
func (q *request) publication(caseID string, f fields, documents func(map[string]bool) (map[string][]byte, error)) (*casework.Publication, error) {
	if f.get("title") == "" || f.get("publisher") == "" {
		return nil, invalid{"web.out.public_missing"}
	}
	k, err := q.docket(caseID)
	if err != nil {
		return nil, err
	}
	rules, _, err := q.s.o.Concerns()
	if err != nil {
		return nil, err
	}
	page := casework.PublicPage{Title: f.get("title"), Publisher: f.get("publisher"), Label: f.get("label"), On: k.Today, Documents: documents}
	if on := f.get("on"); on != "" {
		if page.On, err = term.ParseDay(on, time.UTC); err != nil {
			return nil, err
		}
	}
	p, err := casework.NewPublication(q.ctx(), q.space.Workspace, k, rules, q.Printer, page)
	if errors.Is(err, casework.ErrContradictions) {
		err = errors.Join(invalid{"web.out.contradictions"}, err)
	}
	return p, err
}

var publicFields = []string{"title", "publisher", "label"}

// previewPublic lists what would become public and what would not. Nothing is
// written.
func (q *request) previewPublic() error {
	d, err := q.outData()
	if err != nil {
		return err
	}
	for _, name := range publicFields {
		d.Public[name] = []string{q.value(name)}
	}
	if d.Public.get("title") == "" && d.Public.get("publisher") == "" {
		return q.redirect("/cases/" + d.Case.ID + "/out#public")
	}
	p, err := q.publication(d.Case.ID, d.Public, nil)
	if err != nil {
		return q.again(err, "out", q.Text("web.out.title"), d, inSection("cases"))
	}
	q.preview(&d, p)
	return q.render("out", q.Text("web.out.title"), d, inSection("cases"))
}

func (q *request) preview(d *outData, p *casework.Publication) {
	for _, f := range p.Site.Facts {
		if n := len(d.Facts); n == 0 || d.Facts[n-1].Kind != f.Kind {
			d.Facts = append(d.Facts, factGroup{Kind: f.Kind})
		}
		last := &d.Facts[len(d.Facts)-1]
		last.Texts = append(last.Texts, f.Text)
	}
	d.Withheld = p.Withheld(q.words())
}

// previewPolicy shows the public page as a page of nobody.
const previewPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// metaPolicy is the policy that the public page carries with it.
var metaPolicy = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>\n?`)

// publicPage shows the page itself as it would be, in a language.
func (q *request) publicPage() error {
	c, err := q.theCase()
	if err != nil {
		return err
	}
	f := fields{}
	for _, name := range publicFields {
		f[name] = []string{q.value(name)}
	}
	p, err := q.publication(c.ID, f, nil)
	if err != nil {
		return err
	}
	name := "index.html"
	if q.path("lang") == "es" {
		name = "es.html"
	}
	style := append(append([]byte("<style>"), p.Site.Files["style.css"]...), "</style>"...)
	page := bytes.Replace(p.Site.Files[name], []byte("</head>"), append(style, "</head>"...), 1)
	// The page's own policy takes its style from a file, which lies beside it only
	// once it is published; the header's is stricter but for that.
	page = metaPolicy.ReplaceAll(page, nil)
	q.w.Header().Set("Content-Security-Policy", previewPolicy)
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = report.WriteVisible(q.w, page) // who does not take it is gone
	return nil
}

// maxPublicFiles bounds the documents that are published at once, in bytes.
const maxPublicFiles = 256 << 20

// sendPublic publishes: what is sent is recorded first. Documents that came with
// the form are in it where they are marked public, known by their hash.
func (q *request) sendPublic() error {
	d, err := q.outData()
	if err != nil {
		return err
	}
	f, given := fields{}, map[string][]byte{}
	err = q.parts(maxPublicFiles, f, func(p *multipart.Part) error {
		data, err := limit.ReadAll(p, maxPublicFiles)
		if err == nil && len(data) > 0 {
			given[fmt.Sprintf("%x", sha256.Sum256(data))] = data
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range publicFields {
		d.Public[name] = f[name]
	}
	p, err := q.publication(d.Case.ID, d.Public, func(want map[string]bool) (map[string][]byte, error) {
		out := map[string][]byte{}
		for sum, data := range given {
			if want[sum] {
				out[sum] = data
			}
		}
		return out, nil
	})
	if err == nil && f.get("sure") != "yes" {
		q.preview(&d, p)
		err = invalid{"web.out.not_sure"}
	}
	if err != nil {
		return q.again(err, "out", q.Text("web.out.title"), d, inSection("cases"))
	}
	return q.sendSite(p)
}

func (q *request) sendSite(p *casework.Publication) (err error) {
	dir, err := q.space.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	begun := false
	err = p.Send(q.ctx(), dir, func(casework.Published, int64) io.Writer {
		begun = true
		q.attach("public.zip", "application/zip")
		return q.w
	})
	if err != nil && begun { // a zip without its end opens nowhere
		q.s.o.Log.WarnContext(q.ctx(), "publication broke off", fault.Kind(err))
		return nil
	}
	return err
}
