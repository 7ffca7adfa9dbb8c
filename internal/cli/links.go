package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/link"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// linksCmd is "amparo links [CASE]".
type linksCmd struct {
	Case   string `arg:"" optional:"" help:"links_case"`
	Graph  string `help:"links_graph" placeholder:"FILE"`
	Report string `help:"links_report" placeholder:"FILE"`
	Kept   bool   `help:"links_kept"`
	JSON   bool   `name:"json" help:"json"`
	anyFlags
}

var errGraphForm = errors.New("--graph: the name ends in .json or .graphml")

// Validate refuses a form that nobody writes. Kong calls it.
func (c *linksCmd) Validate() error {
	if ext := filepath.Ext(c.Graph); c.Graph != "" && ext != ".json" && ext != ".graphml" {
		return errGraphForm
	}
	return nil
}

// Run compares people.
func (c *linksCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		l, err := linksOf(a, s, c.Case, c.Kept)
		if err != nil {
			return err
		}
		if err := c.write(a, l); err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, l)
		}
		if c.Kept {
			fmt.Fprintln(a.Out, a.Text("links.as_of", "Time", l.Made))
		}
		return a.showLinks(l)
	})
}

// linksOf compares people, here or at a server. Values that only private
// indicators list are withheld by whoever has those.
func linksOf(a *app, s works, caseID string, kept bool) (*workspace.Linked, error) {
	if far, ok := s.(*client.Client); ok {
		return far.Links(a.ctx, caseID, kept)
	}
	h, _ := s.(here) // there is no other
	loaded, err := a.indicatorsFor(h.Space, nil)
	if err != nil {
		return nil, err
	}
	if kept {
		return casework.KeptLinks(a.ctx, h.Workspace, caseID, loaded.matcher)
	}
	return casework.Links(a.ctx, h.Workspace, caseID, loaded.matcher)
}

// write writes the files that were asked for.
func (c *linksCmd) write(a *app, l *workspace.Linked) error {
	if c.Graph != "" {
		form := l.WriteJSON
		if filepath.Ext(c.Graph) == ".graphml" {
			form = l.WriteGraphML
		}
		if err := writeFile(c.Graph, form); err != nil {
			return err
		}
	}
	if c.Report == "" {
		return nil
	}
	return writeFile(c.Report, func(w io.Writer) error {
		return report.Links(w, l.Graph, report.LinksOptions{Lang: a.Lang(), Made: l.Made, NoConsent: l.NoConsent})
	})
}

// maxLinkValues is how many values of a cluster the terminal shows.
const maxLinkValues = 12

func (a *app) showLinks(l *workspace.Linked) error {
	fmt.Fprintln(a.Out, a.Text("links.done", "People", a.Number(int64(l.People)), "Clusters", a.Number(int64(len(l.Clusters)))))
	if l.NoConsent > 0 {
		fmt.Fprintln(a.Out, a.Text("links.no_consent", "Count", a.Number(int64(l.NoConsent))))
	}
	for i := range l.Clusters {
		if err := a.showCluster(&l.Clusters[i]); err != nil {
			return err
		}
	}
	if len(l.Clusters) > 0 {
		fmt.Fprintln(a.Out, "\n"+a.Text("links.means_not"))
	}
	return nil
}

func (a *app) showCluster(c *link.Cluster) error {
	fmt.Fprintf(a.Out, "\n%s  %s\n", a.Text("links.cluster", "ID", c.ID, "Count", a.Number(int64(len(c.People)))), report.LinkSpan(c.First, c.Last))
	who := make([]string, len(c.People))
	for i, m := range c.People {
		who[i] = fmt.Sprintf("%s (%s)", safe(m.Name), m.Case)
	}
	fmt.Fprintln(a.Out, strings.Join(who, ", "))
	shown := c.Values[:min(len(c.Values), maxLinkValues)]
	rows := make([][]string, len(shown))
	for i := range shown {
		v := &shown[i]
		rows[i] = []string{report.LinkKind(a.Printer, v.Kind), v.Value, a.Number(int64(len(v.People))), fmt.Sprintf("%.2f", v.Weight), report.LinkSpan(v.First, v.Last)}
	}
	if err := a.table([]string{"kind", "value", "people", "weight", "seen"}, rows, ""); err != nil {
		return err
	}
	if more := len(c.Values) - len(shown) + c.More; more > 0 {
		fmt.Fprintln(a.Out, a.Text("links.more_values", "Count", a.Number(int64(more))))
	}
	return nil
}
