package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// linksData is what ties people together: a graph, a matrix and a table that say
// the same.
type linksData struct {
	Case, Kind, Least, Who, Operator string // what is asked for
	Cases, Kinds, Strengths          []choiceLine
	Phones                           int // that could be compared
	Made                             string
	People, NoConsent, Found         int
	Compared                         bool
	Picture                          *linksPicture
	Matrix                           linksMatrix
	Pairs                            []pairLinks
	MorePairs                        int
	Behind                           *behind
	filters                          url.Values
	Export                           []string
}

type pairLinks struct {
	A, B, Score, Shared string
	Ties                []tieLine
	More                int
}

type tieLine struct{ Kind, Value, Weight, Days string }

// behind is what lies behind an edge: the values that put a person, or anybody,
// into a cluster.
type behind struct {
	Title  string
	Values []valueLine
	More   int
}

type valueLine struct{ Kind, Value, People, Weight, First, Last string }

// maxPairs bounds the table of pairs; the files have all.
const maxPairs = 100

// compare sets people against each other: an act of its own in the ledger.
func (q *request) compare() error {
	if err := q.form(); err != nil {
		return err
	}
	caseID := q.value("case")
	m, _, err := q.s.o.Indicators(q.ctx(), q.space)
	if err != nil {
		return err
	}
	basis, _, err := q.space.LinkBasis(q.ctx(), m.Secrecy())
	if err != nil {
		return err
	}
	l, err := casework.Links(q.ctx(), q.space.Workspace, caseID, m)
	if err != nil {
		return err
	}
	q.s.compared.put(comparedGraph{q.space.Member().ID, caseID, basis, q.s.o.Now(), l})
	return q.redirect("/links?case=" + url.QueryEscape(caseID))
}

// theGraph is what the member compared, nil where they have to compare again.
func (q *request) theGraph(caseID string) (l *workspace.Linked, phones int, err error) {
	m, _, err := q.s.o.Indicators(q.ctx(), q.space)
	if err != nil {
		return nil, 0, err
	}
	basis, phones, err := q.space.LinkBasis(q.ctx(), m.Secrecy())
	if err != nil {
		return nil, 0, err
	}
	if l = q.s.compared.get(q.space.Member().ID, caseID, basis, q.s.o.Now()); l != nil {
		return l, phones, nil
	}
	l, err = casework.KeptLinks(q.ctx(), q.space.Workspace, caseID, m) // by a job, or another server
	if errors.Is(err, workspace.ErrNotFound) {
		return nil, phones, nil
	}
	if err != nil {
		return nil, 0, err
	}
	q.s.compared.put(comparedGraph{q.space.Member().ID, caseID, basis, q.s.o.Now(), l})
	return l, phones, nil
}

func (q *request) linksPage() error {
	v := q.r.URL.Query()
	d := linksData{
		Case: v.Get("case"), Kind: v.Get("kind"), Least: v.Get("least"), Who: v.Get("who"), Operator: v.Get("operator"), Export: []string{"json", "graphml", "html"},
	}
	cases, err := all(q.ctx(), func(ctx context.Context, p workspace.Page) (workspace.List[workspace.Case], error) {
		return q.space.Cases(ctx, "", p)
	})
	if err != nil {
		return err
	}
	titles := map[string]string{}
	d.Cases = []choiceLine{{"", q.Text("web.links.all_cases")}}
	for i := range cases {
		if !cases[i].Sealed {
			titles[cases[i].ID] = cases[i].Title
			d.Cases = append(d.Cases, choiceLine{cases[i].ID, cases[i].Title})
		}
	}
	l, phones, err := q.theGraph(d.Case)
	if err != nil {
		return err
	}
	d.Phones = phones
	q.linkChoices(&d)
	if l != nil {
		q.showLinks(&d, l, titles)
	}
	return q.render("links", q.Text("web.links.title"), d, inSection("links"))
}

var linkKinds = []link.Kind{
	link.Indicator, link.Lure, link.Theme, link.Host, link.IP, link.Email, link.Phone, link.Process, link.FileHash, link.CertHash, link.ProfileID,
}

func (q *request) linkChoices(d *linksData) {
	d.Kinds = []choiceLine{{"", q.Text("web.any")}}
	for _, k := range linkKinds {
		d.Kinds = append(d.Kinds, choiceLine{string(k), report.LinkKind(q.Printer, k)})
	}
	d.Strengths = []choiceLine{{"", q.Text("web.any")}}
	for _, s := range []string{"0.8", "1.0", "1.5", "2.0"} {
		d.Strengths = append(d.Strengths, choiceLine{s, q.Text("web.links.at_least", "Score", s)})
	}
	v := q.r.URL.Query()
	for _, name := range []string{"who", "operator", "from", "columns"} {
		v.Del(name)
	}
	d.filters = v
}

// Link is the address of the page with its filters, and more; "#" is a part of
// the page.
func (d linksData) Link(pairs ...any) string {
	v, part := maps.Clone(d.filters), ""
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1])
		if name == "#" {
			part = "#" + value
			continue
		}
		v.Set(name, value)
	}
	return "/links?" + v.Encode() + part
}

// showLinks fills the page from a graph, by the filters.
func (q *request) showLinks(d *linksData, l *workspace.Linked, titles map[string]string) {
	d.Compared, d.Made, d.People, d.NoConsent = true, l.Made, l.People, l.NoConsent
	least, _ := strconv.ParseFloat(d.Least, 64) // no number: any
	g := filterLinks(l.Graph, link.Kind(d.Kind), least)
	d.Found = len(g.Clusters)
	names := namesOf(g, titles)
	d.Picture = drawLinks(g, names, q.Printer)
	d.Matrix = matrixOf(g, names, q.number("from"), q.number("columns"))
	for i := range g.Edges {
		if i == maxPairs {
			d.MorePairs = len(g.Edges) - i
			break
		}
		d.Pairs = append(d.Pairs, q.pairLinks(&g.Edges[i], names))
	}
	if d.Who != "" || d.Operator != "" {
		d.Behind = q.behind(g, names, d.Who, d.Operator)
	}
}

// number is a field that counts from 0.
func (q *request) number(name string) int {
	n, err := strconv.Atoi(q.r.URL.Query().Get(name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// filterLinks keeps what has a kind of value, or all, and pairs of a score. The
// strongest come first.
func filterLinks(g *link.Graph, kind link.Kind, least float64) *link.Graph {
	out := &link.Graph{People: g.People}
	tied := map[string]bool{}
	for _, e := range g.Edges {
		if e.Score < least || kind != "" && !slices.ContainsFunc(e.Ties, func(t link.Tie) bool { return t.Kind == kind }) {
			continue
		}
		out.Edges = append(out.Edges, e)
		tied[e.A+" "+e.B], tied[e.B+" "+e.A] = true, true
	}
	slices.SortStableFunc(out.Edges, func(a, b link.Edge) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	for _, c := range g.Clusters {
		if c, ok := filterCluster(c, kind, tied); ok {
			out.Clusters = append(out.Clusters, c)
		}
	}
	return out
}

func filterCluster(c link.Cluster, kind link.Kind, tied map[string]bool) (link.Cluster, bool) {
	if kind != "" {
		c.Values = slices.DeleteFunc(slices.Clone(c.Values), func(v link.Value) bool { return v.Kind != kind })
		c.More = 0
	}
	c.People = slices.DeleteFunc(slices.Clone(c.People), func(m link.Member) bool {
		return !slices.ContainsFunc(c.People, func(o link.Member) bool { return tied[m.ID+" "+o.ID] }) ||
			kind != "" && !slices.ContainsFunc(c.Values, func(v link.Value) bool { return slices.Contains(v.People, m.ID) })
	})
	return c, len(c.People) > 1 && len(c.Values) > 0
}

// personNames are what people are called, and the cases that they are of.
type personNames struct{ name, title map[string]string }

func namesOf(g *link.Graph, titles map[string]string) personNames {
	n := personNames{map[string]string{}, map[string]string{}}
	for i := range g.Clusters {
		for _, m := range g.Clusters[i].People {
			n.name[m.ID], n.title[m.ID] = m.Name, titles[m.Case]
		}
	}
	return n
}

func (n personNames) of(id string) string {
	if name := n.name[id]; name != "" {
		return cut(60, name)
	}
	return id
}

func (q *request) pairLinks(e *link.Edge, names personNames) pairLinks {
	p := pairLinks{A: names.of(e.A), B: names.of(e.B), Score: strconv.FormatFloat(e.Score, 'f', 2, 64), Shared: q.Number(int64(e.Shared)), More: e.More}
	for _, t := range e.Ties {
		days := q.Text("web.links.undated")
		if t.Days >= 0 {
			days = q.Count("web.links.days", int64(t.Days+0.5))
		}
		p.Ties = append(p.Ties, tieLine{report.LinkKind(q.Printer, t.Kind), cut(200, t.Value), strconv.FormatFloat(t.Weight, 'f', 2, 64), days})
	}
	return p
}

// behind lists the values of a cluster that a person has, of all who are in it
// where nobody is named, and of all clusters where none is.
func (q *request) behind(g *link.Graph, names personNames, who, operator string) *behind {
	b := &behind{Title: q.Text("web.links.behind", "Who", names.of(who), "Operator", operator)}
	switch {
	case who == "":
		b.Title = q.Text("web.links.behind_operator", "Operator", operator)
	case operator == "":
		b.Title = q.Text("web.links.behind_person", "Who", names.of(who))
	}
	for i := range g.Clusters {
		c := &g.Clusters[i]
		if operator != "" && c.ID != operator {
			continue
		}
		if who == "" {
			b.More += c.More
		}
		for j := range c.Values {
			v := &c.Values[j]
			if who != "" && !slices.Contains(v.People, who) {
				continue
			}
			line := valueLine{Kind: report.LinkKind(q.Printer, v.Kind), Value: cut(200, v.Value), Weight: strconv.FormatFloat(v.Weight, 'f', 2, 64)}
			line.First, line.Last = linkDay(v.First), linkDay(v.Last)
			for k, id := range v.People {
				if k > 0 {
					line.People += ", "
				}
				line.People += names.of(id)
			}
			b.Values = append(b.Values, line)
		}
	}
	return b
}

// linksFile hands the graph out as a file: what was compared, whole.
func (q *request) linksFile() error {
	l, _, err := q.theGraph(q.value("case"))
	if err != nil {
		return err
	}
	if l == nil {
		return q.done("/links?case="+url.QueryEscape(q.value("case")), q.Text("web.links.again"))
	}
	var b bytes.Buffer
	kind := ""
	switch format := q.path("format"); format {
	case "json":
		kind, err = "application/json", l.WriteJSON(&b)
	case "graphml":
		kind, err = "application/xml", l.WriteGraphML(&b)
	case "html":
		kind, err = "text/html; charset=utf-8", report.Links(&b, l.Graph, report.LinksOptions{Lang: q.Lang(), Made: l.Made, NoConsent: l.NoConsent})
	default:
		return workspace.ErrNotFound
	}
	if err != nil {
		return err
	}
	q.attach("links."+q.path("format"), kind)
	_, _ = q.w.Write(b.Bytes()) // who does not take it is gone
	return nil
}
