package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/workspace"
)

// consentData is the form of a consent.
type consentData struct {
	Case     workspace.Case
	People   []personLine
	Person   string
	Purposes []purposeLine
	Until    string
	GivenBy  string
	Shares   string
	Guardian bool
	Step     bool // the second of the first three steps
}

type purposeLine struct {
	Name   string
	Chosen bool
}

func (q *request) consentData() (consentData, error) {
	c, err := q.theCase()
	if err != nil {
		return consentData{}, err
	}
	people, err := q.people(c.ID)
	if err != nil {
		return consentData{}, err
	}
	d := consentData{Case: c, People: people, Person: q.r.URL.Query().Get("person"), Step: q.r.URL.Query().Get("step") != ""}
	for _, p := range workspace.Purposes {
		d.Purposes = append(d.Purposes, purposeLine{p, p == workspace.Analysis || p == workspace.Hunting})
	}
	d.Until = q.s.o.Now().UTC().AddDate(1, 0, 0).Format("2006-01-02")
	return d, nil
}

func (q *request) newConsentPage() error {
	d, err := q.consentData()
	if err != nil {
		return err
	}
	return q.render("consent", q.Text("web.consent.title"), d, inSection("cases"))
}

// maxSignedForm bounds the signed form, which is only hashed, in bytes.
const maxSignedForm = 64 << 20

// newConsent records a consent. The signed form is hashed as it comes and not
// kept: it stays with whoever collects it.
func (q *request) newConsent() error {
	d, err := q.consentData()
	if err != nil {
		return err
	}
	f, sum, err := q.consentForm()
	if err != nil {
		return err
	}
	d.Person, d.Until, d.GivenBy, d.Shares, d.Guardian = f.get("person"), f.get("until"), f.get("given_by"), f.get("shares"), f.get("guardian") != ""
	for i := range d.Purposes {
		d.Purposes[i].Chosen = slices.Contains(f["purpose"], d.Purposes[i].Name)
	}
	k := workspace.Consent{
		Case: d.Case.ID, Person: d.Person, Purposes: f["purpose"], Until: d.Until, Guardian: d.Guardian, FormSHA256: sum,
		Private: workspace.ConsentTerms{GivenBy: d.GivenBy, Shares: listOf(d.Shares)},
	}
	if sum == "" {
		err = invalid{"web.consent.no_form"}
	} else {
		_, err = q.space.AddConsent(q.ctx(), k)
	}
	if err != nil {
		return q.again(err, "consent", q.Text("web.consent.title"), d, inSection("cases"))
	}
	to := "/cases/" + d.Case.ID
	if d.Step {
		to += "/evidence"
	}
	return q.done(to, q.Text("web.consent.done", "SHA256", sum[:16]))
}

// fields are those of a form with files, in the order in which they came.
type fields map[string][]string

func (f fields) get(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(f[name][0], "\r\n", "\n"))
}

// consentForm reads the form, and hashes the file in it. Nothing is written.
func (q *request) consentForm() (f fields, sum string, err error) {
	f = fields{}
	err = q.parts(maxSignedForm, f, func(p *multipart.Part) error {
		h := sha256.New()
		n, err := io.Copy(h, p)
		if err == nil && n > 0 {
			sum = hex.EncodeToString(h.Sum(nil))
		}
		return err
	})
	return f, sum, err
}

// parts reads a form with files part by part: fields to f, each file to fn as
// it comes. Neither memory nor disk grows with it.
func (q *request) parts(most int64, f fields, fn func(*multipart.Part) error) error {
	q.r.Body = http.MaxBytesReader(q.w, q.r.Body, most+maxForm)
	mr, err := q.r.MultipartReader()
	if err != nil {
		return badRequest{err}
	}
	for n := 0; ; n++ {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badRequest{err}
		}
		if n > 200 {
			return badRequest{errors.New("too many parts")}
		}
		if p.FileName() != "" || p.Header.Get("Content-Type") != "" {
			err = fn(p)
		} else {
			var b []byte
			if b, err = io.ReadAll(io.LimitReader(p, maxForm)); err == nil { //nolint:forbidigo // bounded
				f[p.FormName()] = append(f[p.FormName()], string(b))
			}
		}
		if err != nil {
			return err
		}
	}
}

// withdrawData asks once more before keys are destroyed.
type withdrawData struct {
	Case      workspace.Case
	Consent   workspace.Consent
	Pseudonym string
	Evidence  int // that would be erased, if no other consent covers it
}

func (q *request) withdrawData() (withdrawData, error) {
	c, err := q.theCase()
	if err != nil {
		return withdrawData{}, err
	}
	people, err := q.people(c.ID)
	if err != nil {
		return withdrawData{}, err
	}
	evidence, err := q.evidenceOf(c.ID, people)
	if err != nil {
		return withdrawData{}, err
	}
	for i := range people {
		for _, k := range people[i].Consents {
			if k.ID != q.path("consent") {
				continue
			}
			d := withdrawData{Case: c, Consent: k.Consent, Pseudonym: people[i].Pseudonym}
			for j := range evidence {
				if evidence[j].Pseudonym == d.Pseudonym && evidence[j].State != workspace.Erased {
					d.Evidence++
				}
			}
			return d, nil
		}
	}
	return withdrawData{}, workspace.ErrNotFound
}

func (q *request) withdrawPage() error {
	d, err := q.withdrawData()
	if err != nil {
		return err
	}
	return q.render("withdraw", q.Text("web.withdraw.title"), d, inSection("cases"))
}

func (q *request) withdraw() error {
	if err := q.form(); err != nil {
		return err
	}
	d, err := q.withdrawData() // of this case, and no other
	if err != nil {
		return err
	}
	if q.value("sure") != "yes" {
		return q.again(invalid{"web.withdraw.not_sure"}, "withdraw", q.Text("web.withdraw.title"), d, inSection("cases"))
	}
	r, err := q.space.WithdrawConsent(q.ctx(), d.Consent.ID)
	if err != nil {
		return err
	}
	for _, id := range r.Destroyed {
		err = errors.Join(err, q.space.Vault.Delete(q.ctx(), id))
	}
	if err != nil {
		return err
	}
	return q.done("/cases/"+d.Case.ID, q.Count("web.withdraw.done", int64(len(r.Evidence))))
}
