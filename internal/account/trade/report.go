package trade

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/message"
)

// Report is the register of a case against what was seen.
type Report struct {
	Label   string                 `json:"label,omitempty"` // said at the top; of a demonstration: that it is one
	Note    string                 `json:"note"`
	Parties []PartyReport          `json:"parties"`
	Deals   []*account.Deal        `json:"deals"`
	Owners  []*account.Attribution `json:"attributions"`
	Held    []concern.Held         `json:"conditions"`
	Lists   []ListReport           `json:"lists"`
	Faults  []concern.Fault        `json:"faults"`
}

// PartyReport is a party with the lists that may have it.
type PartyReport struct {
	*account.Party
	Matches []Match `json:"matches"`
}

// ListReport is a list that was matched against.
type ListReport struct {
	Form     string   `json:"form"`
	Imported string   `json:"imported"`
	SHA256   []string `json:"sha256"`
	Entries  int      `json:"entries"`
}

// NewReport holds the register of a case against lists and events.
func NewReport(c *book.Case, lists []*List, rules *concern.Set, p *message.Printer) *Report {
	r := &Report{
		Note: p.Text("facts.no_verdict"), Parties: []PartyReport{}, Deals: append([]*account.Deal{}, c.Deals...), Lists: []ListReport{},
		Owners: append([]*account.Attribution{}, c.Attributions...), Held: []concern.Held{}, Faults: []concern.Fault{},
	}
	for _, party := range c.Parties {
		pr := PartyReport{party, []Match{}}
		for _, l := range lists {
			pr.Matches = append(pr.Matches, Matches(party, l)...)
		}
		r.Parties = append(r.Parties, pr)
	}
	for _, l := range lists {
		r.Lists = append(r.Lists, ListReport{l.Form, l.Imported, l.SHA256, len(l.Entries)})
	}
	held, faults := rules.Against(c)
	r.Held, r.Faults = append(r.Held, held...), append(r.Faults, faults...)
	return r
}

//go:embed report.html
var files embed.FS

var page = template.Must(template.New("report.html").Funcs(template.FuncMap{"join": strings.Join}).ParseFS(files, "report.html"))

// HTML writes the report as a page in the printer's language, without scripts.
func (r *Report) HTML(w io.Writer, rules *concern.Set, p *message.Printer) error {
	data := struct {
		*Report
		Lang      string
		T         func(string) string
		Rule      func(string) string
		Element   func(rule string, i int) string
		Missing   func(rule string, i int) string
		SourceOf  func(account.Source) string
		Certainty func(account.Certainty) string
		Answer    func(account.Truth) string
		Observed  func(account.Truth) string
	}{
		Report: r, Lang: p.Lang(),
		T:         func(id string) string { return p.Text("trade." + id) },
		Rule:      func(id string) string { return rules.Rule(id).Title.In(p.Lang()) },
		Element:   func(id string, i int) string { return rules.Rule(id).Element[i].Text.In(p.Lang()) },
		Missing:   func(id string, i int) string { return rules.Rule(id).Element[i].Missing.In(p.Lang()) },
		SourceOf:  sourceText,
		Certainty: func(c account.Certainty) string { return p.Text("facts.certainty." + string(c)) },
		Answer:    func(t account.Truth) string { return p.Text("facts.answer." + t.String()) },
		Observed:  func(t account.Truth) string { return p.Text("trade.observed." + t.String()) },
	}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("make the page: %w", err)
	}
	return nil
}

// sourceText is a source on one line.
func sourceText(s account.Source) string {
	var parts []string
	for _, text := range []string{s.Finding, s.Evidence, s.Title, s.Date.String(), s.URL} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}
