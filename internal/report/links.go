package report

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/message"
)

// LinksOptions is what a page of links tells beside the graph.
type LinksOptions struct {
	Lang      string
	Made      string // when
	NoConsent int    // runs that were left out
}

//go:embed html/links.html
var linksHTML string

var linksPage = template.Must(template.New("links").Parse(linksHTML))

// Bounds of the page; the JSON has all.
const (
	maxShownClusters = 200
	maxPictured      = 14 // people, and values, of one picture
)

// Links writes the clusters of a graph, each with its picture, as one
// self-contained page in all languages, without a script.
func Links(w io.Writer, g *link.Graph, o LinksOptions) error {
	first := message.New(o.Lang)
	p := struct {
		Lang, Title, Policy string
		Style               template.CSS
		Views               []*linksView
	}{
		Lang: first.Lang(), Title: first.Text("links.title"), Style: template.CSS(styleCSS), //nolint:gosec // a constant of this program
		Policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", hashOf(styleCSS)),
	}
	for _, lang := range message.Languages {
		p.Views = append(p.Views, newLinksView(message.New(lang), g, o))
	}
	var b bytes.Buffer
	if err := linksPage.Execute(&b, p); err != nil {
		return fmt.Errorf("make the page: %w", err)
	}
	return WriteVisible(w, b.Bytes())
}

// linksView is the page in one language.
type linksView struct {
	*message.Printer
	Subtitle, NoConsent, MoreClusters string
	Clusters                          []clusterView
}

// T is Text for templates.
func (v *linksView) T(id string) string { return v.Text(id) }

type clusterView struct {
	ID, Lang, Title, Span, More                           string
	Picture                                               linkPicture
	PeopleTitle, ColPerson, ColCase                       string
	People                                                []pair
	ValuesTitle, ColValue, ColPeople, ColWeight, ColFirst string
	ColLast                                               string
	Values                                                []valueView
}

type valueView struct{ Kind, Value, People, Weight, First, Last string }

func newLinksView(p *message.Printer, g *link.Graph, o LinksOptions) *linksView {
	v := &linksView{Printer: p}
	made := o.Made
	if len(made) >= len("2006-01-02T15:04") {
		made = strings.Replace(made[:16], "T", " ", 1)
	}
	v.Subtitle = p.Text("links.subtitle", "People", p.Number(int64(g.People)), "Made", made)
	if o.NoConsent > 0 {
		v.NoConsent = p.Text("links.no_consent", "Count", p.Number(int64(o.NoConsent)))
	}
	for i := range g.Clusters {
		if i == maxShownClusters {
			v.MoreClusters = p.Text("links.more_clusters", "Count", p.Number(int64(len(g.Clusters)-i)))
			break
		}
		v.Clusters = append(v.Clusters, newClusterView(p, &g.Clusters[i]))
	}
	return v
}

func newClusterView(p *message.Printer, c *link.Cluster) clusterView {
	v := clusterView{
		ID: c.ID, Lang: p.Lang(), Span: LinkSpan(c.First, c.Last),
		Title:       p.Text("links.cluster", "ID", c.ID, "Count", p.Number(int64(len(c.People)))),
		PeopleTitle: p.Text("links.people_of", "ID", c.ID), ColPerson: p.Text("links.person"), ColCase: p.Text("links.case"),
		ValuesTitle: p.Text("links.values_of", "ID", c.ID), ColValue: p.Text("links.value"), ColPeople: p.Text("links.people"),
		ColWeight: p.Text("links.weight"), ColFirst: p.Text("links.first"), ColLast: p.Text("links.last"),
	}
	names := map[string]string{}
	for _, m := range c.People {
		name := short(m.Name, 60)
		if name == "" {
			name = m.ID
		}
		names[m.ID] = name
		v.People = append(v.People, pair{name, m.Case})
	}
	for i := range c.Values {
		x := &c.Values[i]
		who := make([]string, len(x.People))
		for j, id := range x.People {
			who[j] = names[id]
		}
		v.Values = append(v.Values, valueView{
			Kind: LinkKind(p, x.Kind), Value: short(x.Value, 200), People: strings.Join(who, ", "), Weight: strconv.FormatFloat(x.Weight, 'f', 2, 64),
			First: linkDay(x.First), Last: linkDay(x.Last),
		})
	}
	if c.More > 0 {
		v.More = p.Text("links.more_values", "Count", p.Number(int64(c.More)))
	}
	v.Picture = newLinkPicture(p, c, names)
	return v
}

// LinkKind is what people call a kind of value.
func LinkKind(p *message.Printer, k link.Kind) string { return p.Text("links.kind." + string(k)) }

// LinkSpan is from when to when a cluster was seen, "" where nothing is dated.
func LinkSpan(first, last time.Time) string {
	if first.IsZero() {
		return ""
	}
	return linkDay(first) + " – " + linkDay(last)
}

func linkDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// linkPicture shows people on the left, values on the right, and who has what.
type linkPicture struct {
	Width, Height        int
	Title, Desc, Caption string
	People, Values       []linkNode
	Lines                []linkLine
}

type linkNode struct {
	X, Y, TextX, TextY int
	Text               string
}

type linkLine struct {
	X1, Y1, X2, Y2 int
	Width          string
}

// Measures of the picture, in units of its own.
const (
	linkRow    = 26
	linkLeft   = 230
	linkRight  = 450
	linkWidth  = 900
	linkMargin = 16
)

func newLinkPicture(p *message.Printer, c *link.Cluster, names map[string]string) linkPicture {
	people, values := min(len(c.People), maxPictured), min(len(c.Values), maxPictured)
	rows := max(people, values)
	x := linkPicture{
		Width: linkWidth, Height: rows*linkRow + 2*linkMargin,
		Title: p.Text("links.picture", "ID", c.ID),
		Desc:  p.Text("links.picture_desc", "People", p.Number(int64(len(c.People))), "Values", p.Number(int64(len(c.Values)+c.More))),
	}
	x.Caption = p.Text("links.caption")
	if people < len(c.People) || values < len(c.Values)+c.More {
		x.Caption = p.Text("links.caption_cut", "People", p.Number(int64(people)), "Values", p.Number(int64(values)))
	}
	at := map[string]int{}
	for i, m := range c.People[:people] {
		y := linkY(i, people, rows)
		at[m.ID] = y
		x.People = append(x.People, linkNode{linkLeft, y, linkLeft - 12, y + 4, short(names[m.ID], 32)})
	}
	for i := range c.Values[:values] {
		v := &c.Values[i]
		y := linkY(i, values, rows)
		text := LinkKind(p, v.Kind) + ": " + v.Value
		x.Values = append(x.Values, linkNode{linkRight, y - 4, linkRight + 16, y + 4, short(text, 62)})
		for _, id := range v.People {
			if from, ok := at[id]; ok {
				x.Lines = append(x.Lines, linkLine{linkLeft + 5, from, linkRight, y, strconv.FormatFloat(0.75+2*min(v.Weight, 1), 'f', 2, 64)})
			}
		}
	}
	return x
}

// linkY spreads n things over the height of rows.
func linkY(i, n, rows int) int {
	return linkMargin + (2*i+1)*rows*linkRow/(2*n)
}
