package web

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/message"
)

// linksPicture shows people on the left and operators on the right: a line for
// each of whom an operator may have reached, thicker where its strongest value
// weighs more.
type linksPicture struct {
	Width, Height    int
	Title, Desc, Cut string
	People, Clusters []pictureNode
	Lines            []pictureLine
}

type pictureNode struct {
	X, Y, TextX, TextY   int
	ID, Text, More, Says string
}

type pictureLine struct {
	X1, Y1, X2, Y2      int
	Width               string
	Who, Operator, Says string
	operator, strength  int
}

// Bounds and measures of the picture, in units of its own. What does not fit is
// in the matrix.
const (
	drawnLines   = 120
	drawnRow     = 30
	drawnLeft    = 300
	drawnRight   = 640
	drawnWidth   = 940
	drawnMargin  = 20
	drawnName    = 34 // characters
	strengthUnit = 100
)

// drawLinks draws the strongest lines of a graph; nil where there is nothing.
func drawLinks(g *link.Graph, names personNames, p *message.Printer) *linksPicture {
	lines := strongest(g)
	all := len(lines)
	lines = lines[:min(all, drawnLines)]
	if all == 0 {
		return nil
	}
	d := &linksPicture{Width: drawnWidth, Title: p.Text("web.links.picture")}
	people, clusters := map[string]int{}, map[int]int{} // to their rows
	var who []string
	var which []int
	for i := range lines {
		if _, ok := people[lines[i].Who]; !ok {
			people[lines[i].Who] = len(who)
			who = append(who, lines[i].Who)
		}
		if _, ok := clusters[lines[i].operator]; !ok {
			clusters[lines[i].operator] = len(which)
			which = append(which, lines[i].operator)
		}
	}
	arrange(lines, who, people, which, clusters)
	rows := max(len(who), len(which))
	d.Height = rows*drawnRow + 2*drawnMargin
	at := func(i, n int) int { return drawnMargin + (2*i+1)*rows*drawnRow/(2*n) }
	for i, id := range who {
		y := at(i, len(who))
		d.People = append(d.People, pictureNode{drawnLeft, y, drawnLeft - 14, y + 5, id, cutRunes(drawnName, names.of(id)), names.title[id], p.Text("web.links.says_person", "Who", names.of(id), "Case", names.title[id])})
	}
	for i, n := range which {
		c := &g.Clusters[n]
		y := at(i, len(which))
		text := c.ID + " · " + p.Count("web.links.people", int64(len(c.People)))
		d.Clusters = append(d.Clusters, pictureNode{drawnRight, y, drawnRight + 18, y + 5, c.ID, text, linkDay(c.First), p.Text("web.links.says_operator", "Operator", c.ID, "Count", p.Number(int64(len(c.People))), "Values", p.Number(int64(len(c.Values)+c.More)))})
	}
	for i := range lines {
		l := lines[i]
		l.X1, l.Y1, l.X2, l.Y2 = drawnLeft+6, at(people[l.Who], len(who)), drawnRight-6, at(clusters[l.operator], len(which))
		l.Width = strconv.FormatFloat(1+2*float64(min(l.strength, 2*strengthUnit))/strengthUnit, 'f', 2, 64)
		l.Says = p.Text("web.links.says_line", "Who", names.of(l.Who), "Operator", l.Operator, "Weight", strconv.FormatFloat(float64(l.strength)/strengthUnit, 'f', 2, 64))
		d.Lines = append(d.Lines, l)
	}
	d.Desc = p.Text("web.links.picture_desc", "People", p.Number(int64(len(who))), "Operators", p.Number(int64(len(which))))
	if all > len(lines) {
		d.Cut = p.Text("web.links.picture_cut", "Shown", p.Number(int64(len(lines))), "All", p.Number(int64(all)))
	}
	return d
}

// strongest lists who is in which cluster, by the weight of their strongest
// value there.
func strongest(g *link.Graph) []pictureLine {
	var out []pictureLine
	for n := range g.Clusters {
		c := &g.Clusters[n]
		for _, m := range c.People {
			l := pictureLine{Who: m.ID, Operator: c.ID, operator: n}
			for i := range c.Values {
				if slices.Contains(c.Values[i].People, m.ID) {
					l.strength = max(l.strength, int(c.Values[i].Weight*strengthUnit))
				}
			}
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b pictureLine) int {
		return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Who, b.Who))
	})
	return out
}

// arrange puts operators in the order of their people and people next to their
// operators, twice over, so that few lines cross.
func arrange(lines []pictureLine, who []string, people map[string]int, which []int, clusters map[int]int) {
	for range 4 {
		sum, n := map[int]int{}, map[int]int{}
		for i := range lines {
			sum[lines[i].operator] += people[lines[i].Who]
			n[lines[i].operator]++
		}
		slices.SortStableFunc(which, func(a, b int) int { return cmp.Or(cmp.Compare(sum[a]*n[b], sum[b]*n[a]), cmp.Compare(a, b)) })
		for i, c := range which {
			clusters[c] = i
		}
		sums, ns := map[string]int{}, map[string]int{}
		for i := range lines {
			sums[lines[i].Who] += clusters[lines[i].operator]
			ns[lines[i].Who]++
		}
		slices.SortStableFunc(who, func(a, b string) int { return cmp.Or(cmp.Compare(sums[a]*ns[b], sums[b]*ns[a]), cmp.Compare(a, b)) })
		for i, id := range who {
			people[id] = i
		}
	}
}

// linksMatrix is people by operators, a part of it.
type linksMatrix struct {
	Operators                   []string
	Rows                        []matrixRow
	From, To, People            int
	First, Previous             int // the first row that is shown, from 1; the row from which on the part before is
	Left, Right                 int // operators before and after those that are shown
	ColumnsBefore, ColumnsAfter int
}

type matrixRow struct {
	ID, Name, Title string
	Cells           []matrixCell
}

type matrixCell struct {
	Operator string
	Values   int // of the operator that the person has; 0: not of it
}

// Bounds of what one page of the matrix shows.
const (
	matrixRows    = 50
	matrixColumns = 12
)

// matrixOf is the part of the matrix from a row and a column on. Operators are
// in the order of the graph, people by their first operator.
func matrixOf(g *link.Graph, names personNames, from, column int) linksMatrix {
	m := linksMatrix{}
	column = min(column, max(0, len(g.Clusters)-1)) / matrixColumns * matrixColumns
	shown := g.Clusters[column:min(column+matrixColumns, len(g.Clusters))]
	m.Left, m.Right = column, len(g.Clusters)-column-len(shown)
	var who []string
	seen := map[string]bool{}
	for i := range shown {
		m.Operators = append(m.Operators, shown[i].ID)
		for _, p := range shown[i].People {
			if !seen[p.ID] {
				seen[p.ID], who = true, append(who, p.ID)
			}
		}
	}
	m.People = len(who)
	from = min(from, max(0, len(who)-1)) / matrixRows * matrixRows
	m.From, m.To, m.First, m.Previous = from, min(from+matrixRows, len(who)), from+1, max(0, from-matrixRows)
	m.ColumnsBefore, m.ColumnsAfter = max(0, column-matrixColumns), column+matrixColumns
	for _, id := range who[m.From:m.To] {
		row := matrixRow{ID: id, Name: names.of(id), Title: names.title[id]}
		for i := range shown {
			cell := matrixCell{Operator: shown[i].ID}
			if slices.ContainsFunc(shown[i].People, func(p link.Member) bool { return p.ID == id }) {
				for j := range shown[i].Values {
					if slices.Contains(shown[i].Values[j].People, id) {
						cell.Values++
					}
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func linkDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// cutRunes shortens a name for a picture.
func cutRunes(n int, s string) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
