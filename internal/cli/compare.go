package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/amparo-project/amparo/internal/compare"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/vault"
)

// compareCmd is "amparo compare A B".
type compareCmd struct {
	A            string   `arg:"" help:"compare_a"`
	B            string   `arg:"" help:"compare_b"`
	Indicators   []string `help:"check_indicators" placeholder:"PATH" sep:"none"`
	PasswordFile string   `help:"password_file" placeholder:"FILE"`
	identityFlags
	anyFlags
	List bool `help:"compare_list"`
	JSON bool `name:"json" help:"json"`
}

// stored is how the id of a check in a workspace looks.
var stored = regexp.MustCompile(`^R-[0-9a-z]{12}$`)

// Run compares two result folders, or two pieces of evidence, which are checked
// first; or two checks of a workspace.
func (c *compareCmd) Run(a *app) error {
	if stored.MatchString(c.A) && stored.MatchString(c.B) {
		return c.either(a, func(s works) error {
			return c.show(a, [2]string{c.A, c.B}, func(each eachDifference) (*compare.Result, error) {
				return s.CompareRuns(a.ctx, c.A, c.B, each)
			})
		})
	}
	if c.server() != "" {
		return usageError{errOnlyRuns}
	}
	return c.folders(a)
}

// errOnlyRuns says that a server compares what it has.
var errOnlyRuns = errors.New("at a server two checks are compared, by their ids: R-… R-…")

// eachDifference is told of each difference, and the finding that rests on it.
type eachDifference = func(*compare.Difference, *finding.Finding) error

// folders compares two result folders, or evidence.
func (c *compareCmd) folders(a *app) (err error) {
	temp := ""
	defer func() {
		if temp != "" {
			_ = os.RemoveAll(temp)
		}
	}()
	var sides [2]compare.Side
	for i, path := range []string{c.A, c.B} {
		dir := path
		if !isResult(path) {
			if temp == "" {
				// What is read of the evidence has to lie somewhere while it is compared.
				if temp, err = scratch(); err != nil {
					return fmt.Errorf("compare: %w", err)
				}
			}
			dir = filepath.Join(temp, string(rune('a'+i)))
			if err := c.check(a, path, dir); err != nil {
				return err
			}
		}
		if sides[i], err = examine.SideOf(os.DirFS(dir), dir); err != nil {
			return err
		}
	}
	return c.show(a, [2]string{c.A, c.B}, func(each eachDifference) (*compare.Result, error) {
		found, err := examine.FoundIn(sides)
		if err != nil {
			return nil, err
		}
		return compare.Compare(a.ctx, sides[0], sides[1], func(d *compare.Difference) error { return each(d, found(d)) })
	})
}

// show shows what compares: as JSON, or for people.
func (c *compareCmd) show(a *app, names [2]string, compared func(eachDifference) (*compare.Result, error)) error {
	out := &differences{app: a, cmd: c}
	if c.JSON {
		return out.json(compared)
	}
	return out.text(names, compared)
}

// scratch makes a folder for what is in clear while it is compared, in one of
// the user's own; what killed processes left there is removed.
func scratch() (string, error) {
	dir, err := userDir("scratch")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return vault.Scratch(dir)
}

func isResult(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "run.json"))
	return err == nil
}

// check makes a result folder of the evidence without a word on the terminal.
func (c *compareCmd) check(a *app, path, dir string) error {
	quiet := *a
	quiet.Out, quiet.OutWidth = io.Discard, 0
	check := checkCmd{Paths: []string{path}, Indicators: c.Indicators, Out: dir, PasswordFile: c.PasswordFile, identityFlags: c.identityFlags}
	if err := check.Run(&quiet); err != nil {
		return err
	}
	if !isResult(dir) {
		return fmt.Errorf("%s: %s", path, a.Text("compare.several"))
	}
	return nil
}

// differences shows what differs.
type differences struct {
	*app
	cmd    *compareCmd
	marked []string
}

// json writes {"differences": […], "result": {…}}.
func (d *differences) json(compared func(eachDifference) (*compare.Result, error)) error {
	fmt.Fprint(d.Out, `{"differences":[`)
	sep := "\n"
	res, err := compared(func(diff *compare.Difference, _ *finding.Finding) error {
		line, err := json.Marshal(diff)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(d.Out, "%s%s", sep, line)
		sep = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	end, err := json.Marshal(res)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.Out, "\n],\n\"result\":%s}\n", end)
	return err
}

// text writes the summary, before it each difference where they are asked for,
// and after it those that findings rest on.
func (d *differences) text(names [2]string, compared func(eachDifference) (*compare.Result, error)) error {
	res, err := compared(d.each)
	if err != nil {
		return err
	}
	for i, name := range names {
		fmt.Fprintf(d.Out, "%c: %s\n   %s\n", 'A'+rune(i), safe(name), report.DeviceLine(&res.Checks[i].Device))
	}
	switch {
	case res.SameDevice == nil:
		fmt.Fprintln(d.Out, d.Text("compare.unknown_device"))
	case !*res.SameDevice:
		fmt.Fprintln(d.Out, "! "+d.Text("compare.other_device"))
	}
	if res.Versions[0] != res.Versions[1] {
		fmt.Fprintln(d.Out, "! "+d.Text("compare.versions", "A", res.Versions[0], "B", res.Versions[1]))
	}
	d.basis(&res.Basis)
	if res.Equal() {
		fmt.Fprintln(d.Out, d.Text("compare.equal"))
	}
	fmt.Fprintln(d.Out, d.Text("compare.found", "New", d.Number(int64(len(res.Findings.New))), "Gone", d.Number(int64(len(res.Findings.Gone))),
		"Changed", d.Number(int64(len(res.Findings.Changed))), "Same", d.Number(int64(res.Findings.Same))))
	fmt.Fprintln(d.Out)
	d.table(res)
	if len(d.marked) > 0 {
		fmt.Fprintf(d.Out, "\n%s\n", d.Text("compare.findings"))
		for _, line := range d.marked {
			fmt.Fprintln(d.Out, "  "+line)
		}
	}
	return nil
}

// basis says by what the checks were made that is not the same in both.
func (d *differences) basis(b *compare.Basis) {
	for _, x := range []struct {
		id   string
		list []compare.Thing
	}{{"parsers", b.Parsers.Differ}, {"indicators", b.Indicators.Differ}, {"rules", b.Rules.Differ}} {
		if len(x.list) == 0 {
			continue
		}
		names := make([]string, 0, maxMarked+1)
		for i, t := range x.list {
			if i == maxMarked {
				names = append(names, "…")
				break
			}
			names = append(names, safe(t.Name)+" ("+strings.ToLower(d.Text("compare."+string(t.Change)))+")")
		}
		fmt.Fprintln(d.Out, "! "+d.Text("compare.basis_"+x.id, "Names", strings.Join(names, ", ")))
	}
}

func (d *differences) table(res *compare.Result) {
	w := tabwriter.NewWriter(d.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", d.Text("summary.artifact"), d.Text("compare.new"), d.Text("compare.gone"),
		d.Text("compare.recovered"), d.Text("compare.changed"), d.Text("compare.same"))
	for i := range res.Artifacts {
		a := &res.Artifacts[i]
		note := ""
		if !a.Comparable {
			note = d.Text("compare.not_whole", "A", d.state(a.A), "B", d.state(a.B))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Name, d.Number(a.New), d.Number(a.Gone), d.Number(a.Recovered), d.Number(a.Changed), d.Number(a.Same), note)
	}
	_ = w.Flush() // an error of Out shows with the next command that writes
}

func (d *differences) state(s finding.State) string {
	if s == "" {
		s = finding.Absent
	}
	return d.Or("state.", string(s))
}

// maxMarked differences with findings are named.
const maxMarked = 20

func (d *differences) each(diff *compare.Difference, f *finding.Finding) error {
	if d.cmd.List {
		fmt.Fprintln(d.Out, d.line(diff))
	}
	if f == nil || f.Severity < finding.Low {
		return nil
	}
	if len(d.marked) == maxMarked {
		d.marked = append(d.marked, "…")
	}
	if len(d.marked) > maxMarked {
		return nil
	}
	d.marked = append(d.marked, fmt.Sprintf("%s  %s  %s  %s  %s", strings.ToUpper(d.Or("severity.", f.Severity.String())),
		d.change(diff), diff.Artifact, f.ID, safe(f.Title)))
	return nil
}

func (d *differences) change(diff *compare.Difference) string {
	text := d.Text("compare." + string(diff.Change))
	if diff.Recovered != nil {
		text += " (" + d.Text("compare.recovered") + ")"
	}
	return strings.ToLower(text)
}

// line is one difference for people: what happened, where, and the start of
// the record.
func (d *differences) line(diff *compare.Difference) string {
	raw := diff.B
	if diff.Change == compare.Gone {
		raw = diff.A
	}
	var r struct {
		Kind  string          `json:"kind"`
		Data  json.RawMessage `json:"data"`
		Where struct {
			Table string `json:"table"`
			RowID *int64 `json:"rowid"`
		} `json:"provenance"`
	}
	_ = json.Unmarshal(raw, &r) // compare has read it before
	place := r.Where.Table
	if r.Where.RowID != nil {
		place += fmt.Sprintf(" %d", *r.Where.RowID)
	}
	what := string(r.Data)
	if len(diff.Fields) > 0 {
		what = strings.Join(diff.Fields, ", ")
	}
	if runes := []rune(what); len(runes) > 160 {
		what = string(runes[:160]) + "…"
	}
	return fmt.Sprintf("%s  %s  %s %s  %s", d.change(diff), diff.Artifact, safe(r.Kind), safe(place), safe(what))
}
