package link

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"time"
)

// WriteJSON writes the graph as JSON.
func (g *Graph) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(g)
}

// Withhold puts text in the place of each value that must not be named.
func (g *Graph) Withhold(secret func(k Kind, value string) bool, text string) {
	for i := range g.Clusters {
		for j := range g.Clusters[i].Values {
			if v := &g.Clusters[i].Values[j]; secret(v.Kind, v.Value) {
				v.Value = text
			}
		}
	}
	for i := range g.Edges {
		for j := range g.Edges[i].Ties {
			if t := &g.Edges[i].Ties[j]; secret(t.Kind, t.Value) {
				t.Value = text
			}
		}
	}
}

// graphML is the form of graphs that Gephi, yEd and Cytoscape read:
// http://graphml.graphdrawing.org/primer/graphml-primer.html.
type graphML struct {
	XMLName xml.Name  `xml:"http://graphml.graphdrawing.org/xmlns graphml"`
	Keys    []mlKey   `xml:"key"`
	Graph   mlContent `xml:"graph"`
}

type mlKey struct {
	ID   string `xml:"id,attr"`
	For  string `xml:"for,attr"`
	Name string `xml:"attr.name,attr"`
	Type string `xml:"attr.type,attr"`
}

type mlContent struct {
	ID      string   `xml:"id,attr"`
	Default string   `xml:"edgedefault,attr"`
	Nodes   []mlNode `xml:"node"`
	Edges   []mlEdge `xml:"edge"`
}

type mlNode struct {
	ID   string   `xml:"id,attr"`
	Data []mlData `xml:"data"`
}

type mlEdge struct {
	Source string   `xml:"source,attr"`
	Target string   `xml:"target,attr"`
	Data   []mlData `xml:"data"`
}

type mlData struct {
	Key  string `xml:"key,attr"`
	Text string `xml:",chardata"`
}

var mlKeys = []mlKey{
	{"type", "node", "type", "string"},
	{"label", "node", "label", "string"},
	{"case", "node", "case", "string"},
	{"cluster", "node", "cluster", "string"},
	{"first", "node", "first", "string"},
	{"last", "node", "last", "string"},
	{"weight", "edge", "weight", "double"},
}

// WriteGraphML writes people and the values that tie them, cluster by cluster,
// as GraphML: an edge from a person to each value that they have. Somebody in
// two clusters is two nodes.
func (g *Graph) WriteGraphML(w io.Writer) error {
	ml := graphML{Keys: mlKeys, Graph: mlContent{ID: "links", Default: "undirected"}}
	for i := range g.Clusters {
		c := &g.Clusters[i]
		for _, m := range c.People {
			label := m.Name
			if label == "" {
				label = m.ID
			}
			ml.Graph.Nodes = append(ml.Graph.Nodes, mlNode{c.ID + "/" + m.ID, data("type", "person", "label", label, "case", m.Case, "cluster", c.ID)})
		}
		for n, v := range c.Values {
			id := fmt.Sprintf("%s/v%d", c.ID, n)
			d := data("type", string(v.Kind), "label", v.Value, "cluster", c.ID)
			if !v.First.IsZero() {
				d = append(d, data("first", v.First.Format(time.RFC3339), "last", v.Last.Format(time.RFC3339))...)
			}
			ml.Graph.Nodes = append(ml.Graph.Nodes, mlNode{id, d})
			for _, person := range v.People {
				ml.Graph.Edges = append(ml.Graph.Edges, mlEdge{c.ID + "/" + person, id, data("weight", fmt.Sprint(v.Weight))})
			}
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(ml); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func data(pairs ...string) (out []mlData) {
	for p := range slices.Chunk(pairs, 2) {
		out = append(out, mlData{p[0], p[1]})
	}
	return out
}
