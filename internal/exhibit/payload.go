package exhibit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// about is data/export.json: what the bag is.
type about struct {
	Format    string    `json:"format"` // amparo-export/1
	ID        string    `json:"id"`
	Subject   string    `json:"subject"`
	Recipient string    `json:"recipient"`
	Begun     string    `json:"begun"`
	Tool      string    `json:"tool"`
	Ledger    string    `json:"ledger_key"`
	Evidence  []exhibit `json:"evidence"`
}

type exhibit struct {
	ID             string   `json:"id"`
	Person         string   `json:"person"`
	Given          string   `json:"given"` // the most that consent lets the recipient have
	ManifestSHA256 string   `json:"manifest_sha256"`
	Runs           []string `json:"runs"`
}

// payload writes all of data/.
func (k *maker) payload() error {
	a := about{
		Format: "amparo-export/1", ID: k.m.ID, Subject: k.r.Subject, Recipient: k.r.Recipient, Begun: k.m.Begun.Format("2006-01-02T15:04:05Z"),
		Tool: "Amparo " + k.s.Version, Ledger: k.s.Info().Key, Evidence: []exhibit{},
	}
	for i := range k.plan.parts {
		p := &k.plan.parts[i]
		e := exhibit{ID: p.id(), Person: p.Person.ID, Given: p.Most.String(), ManifestSHA256: p.Evidence.ManifestSHA256, Runs: []string{}}
		for j := range p.runs {
			e.Runs = append(e.Runs, p.runs[j].ID)
		}
		a.Evidence = append(a.Evidence, e)
		if err := k.part(p); err != nil {
			return fmt.Errorf("evidence %s: %w", p.id(), err)
		}
	}
	if err := k.putJSON("data/export.json", a); err != nil {
		return err
	}
	if err := k.consent(); err != nil {
		return err
	}
	return k.writeOmissions()
}

func (k *maker) putJSON(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return k.out.PutBytes(name, append(data, '\n'))
}

// part writes one evidence with its runs.
func (k *maker) part(p *part) error {
	var runs []rested
	for i := range p.runs {
		r, err := k.run(p, &p.runs[i])
		if err != nil {
			return fmt.Errorf("run %s: %w", p.runs[i].ID, err)
		}
		runs = append(runs, r)
	}
	if p.Most < workspace.ShareEvidence || k.r.Evidence == None {
		return nil
	}
	return k.evidence(p, runs)
}

// run writes the result of a run as far as the recipient may have it, and
// returns the findings whose files are needed.
func (k *maker) run(p *part, run *workspace.Run) (r rested, err error) {
	b, err := k.open(run.ID, p.key)
	if err != nil {
		return r, err
	}
	res, err := report.LoadFS(b.FS(k.ctx), run.ID)
	if err != nil {
		return r, err
	}
	if k.plan.finding != "" {
		f, err := report.FindFS(b.FS(k.ctx), run.ID, k.plan.finding)
		if err != nil {
			return r, err
		}
		if p.Most < workspace.ShareFindings {
			return r, nil
		}
		return rested{&res.Run, []*finding.Finding{f}}, k.one(p, f, res)
	}
	r.run = &res.Run
	for _, format := range k.r.Formats {
		if p.Most >= workspace.ShareFindings || isExchange(format) {
			if err := k.report(run.ID, format, res); err != nil {
				return r, err
			}
		}
	}
	if p.Most < workspace.ShareFindings {
		return r, nil
	}
	if err := k.bundle(b, "data/runs/"+run.ID, nil); err != nil {
		return r, err
	}
	if err := k.decisions(run); err != nil {
		return r, err
	}
	r.list, err = k.findings(run.ID, res)
	return r, err
}

// findings gathers the findings of a result, with what of their record is not
// needed to find files left out, and counts those that name no indicator.
func (k *maker) findings(run string, res *report.Result) (list []*finding.Finding, err error) {
	private := int64(0)
	err = res.Each(func(f *finding.Finding) error {
		if f.Indicator != nil && f.Indicator.Private {
			private++
		}
		f.Record = nil
		list = append(list, f)
		return nil
	})
	if private > 0 {
		k.omit(omitPrivate, run, private)
	}
	return list, err
}

// bundle writes the files of a bundle that want holds, nil for all, and the
// list of all of them: what the ledger has the hash of.
func (k *maker) bundle(b *vault.Bundle, dir string, want map[string]bool) error {
	var list strings.Builder
	for _, f := range b.Files() {
		list.WriteString(vault.ManifestLine(f.SHA256, f.Path))
		if want != nil && !want[f.Path] {
			continue
		}
		if err := k.stored(b, f, dir+"/"+f.Path); err != nil {
			return err
		}
	}
	return k.out.PutBytes(dir+".sha256", []byte(list.String()))
}

// stored writes one file of the vault, and holds it to the hash that was taken
// when it came.
func (k *maker) stored(b *vault.Bundle, f vault.File, to string) error {
	return k.out.Copy(to, f.SHA256, func() (vault.Blob, error) { return b.OpenFile(k.ctx, f.Path) })
}

// report writes one format of report, in each language where it has one.
func (k *maker) report(run, format string, res *report.Result) error {
	lang := k.r.Languages[0]
	files := map[string]func(io.Writer) error{
		"html":       func(w io.Writer) error { return report.HTML(w, res, report.Options{Lang: lang}) },
		"json":       func(w io.Writer) error { return report.JSON(w, res) },
		"csv":        func(w io.Writer) error { return report.CSV(w, res) },
		"stix":       func(w io.Writer) error { return report.STIX(w, res) },
		"misp":       func(w io.Writer) error { return report.MISP(w, res) },
		"timesketch": func(w io.Writer) error { return report.Timesketch(w, res) },
	}
	names := map[string]string{
		"html": "report.html", "json": "report.json", "csv": "findings.csv", "stix": "stix.json", "misp": "misp.json", "timesketch": "timesketch.jsonl",
	}
	dir := "data/reports/" + run + "/"
	if format != "pdf" {
		return k.out.Make(dir+names[format], files[format])
	}
	for _, lang := range k.r.Languages {
		err := k.out.Make(dir+"report."+lang+".pdf", func(w io.Writer) error { return report.PDF(w, res, report.Options{Lang: lang}) })
		if err != nil {
			return err
		}
	}
	return nil
}

// decision is what a person said of a finding.
type decision struct {
	Finding string `json:"finding"`
	State   string `json:"state"`
	By      string `json:"by"`
	At      string `json:"at"`
}

// decisions writes which findings were confirmed or dismissed. Those of a hunt
// have no record and are left out, as are notes.
func (k *maker) decisions(run *workspace.Run) error {
	list, hunted := []decision{}, int64(0)
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := k.s.Findings(k.ctx, workspace.FindingFilter{Run: run.ID}, page)
		if err != nil {
			return err
		}
		for i := range l.Items {
			f := &l.Items[i]
			if f.Source == workspace.ByHunt {
				hunted++
			} else if f.State != workspace.New {
				list = append(list, decision{f.ID, f.State, f.DecidedBy, f.Decided})
			}
		}
		if page.After = l.Next; page.After == "" {
			break
		}
	}
	if hunted > 0 {
		k.omit(omitHunted, run.ID, hunted)
	}
	return k.putJSON("data/runs/"+run.ID+".decisions.json", list)
}

// scope is what a consent says, without who gave it.
type scope struct {
	Consent    string   `json:"consent"`
	Person     string   `json:"person"`
	Purposes   []string `json:"purposes"`
	Given      string   `json:"given"`
	Until      string   `json:"until"`
	Guardian   bool     `json:"guardian"`
	FormSHA256 string   `json:"form_sha256"`
	Shares     []string `json:"shares_with_recipient"`
}

// consent writes what the people consented to that this export rests on.
func (k *maker) consent() error {
	list, seen := []scope{}, map[string]bool{}
	for i := range k.plan.parts {
		p := &k.plan.parts[i]
		for j := range p.Consents {
			c := &p.Consents[j]
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			list = append(list, scope{
				Consent: c.ID, Person: c.Person, Purposes: c.Purposes, Given: c.Created, Until: c.Until, Guardian: c.Guardian,
				FormSHA256: c.FormSHA256, Shares: append([]string{}, c.SharesWith(k.r.Recipient)...),
			})
		}
	}
	return k.putJSON("data/consent.json", list)
}

// one writes a single finding: its record, and the walk to its bytes.
func (k *maker) one(p *part, f *finding.Finding, res *report.Result) error {
	if f.Indicator != nil && f.Indicator.Private {
		k.omit(omitPrivate, f.ID, 1)
	}
	line, err := finding.Encode(f)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, line, "", "  "); err != nil {
		return err
	}
	if err := k.out.PutBytes("data/finding/"+f.ID+".json", append(pretty.Bytes(), '\n')); err != nil {
		return err
	}
	var o report.ExplainOptions
	if p.Most >= workspace.ShareEvidence && k.r.Evidence != None {
		var closing func()
		o, closing = k.bytesOf(p, f, &res.Run)
		defer closing()
	}
	for _, lang := range k.r.Languages {
		err := k.out.Make("data/finding/"+f.ID+"."+lang+".txt", func(w io.Writer) error {
			return report.Explain(w, f, &res.Run, message.New(lang), o)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
