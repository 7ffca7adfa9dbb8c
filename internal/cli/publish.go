package cli

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/casework"
)

// publishCmd is "amparo publish".
type publishCmd struct {
	accountAt
	To        string `help:"publish_to" required:"" placeholder:"DIR"`
	Title     string `help:"publish_title" required:"" placeholder:"TEXT"`
	Publisher string `help:"publish_publisher" required:"" placeholder:"TEXT"`
	Label     string `help:"publish_label" placeholder:"TEXT"`
	Documents string `help:"publish_documents" placeholder:"DIR"`
	Preview   bool   `help:"publish_preview"`
	Yes       bool   `help:"publish_yes"`
	anyFlags
}

// Errors of publishing.
var (
	errNotAsked      = errors.New("nobody is there to ask: read the preview, then say --yes")
	errForeignFolder = errors.New("the folder holds something else than an earlier publication")
)

// Run shows what would become public, asks, writes the site, and records it.
func (c *publishCmd) Run(a *app) error {
	if c.server() != "" {
		return c.far(a)
	}
	on, err := c.day()
	if err != nil {
		return err
	}
	rules, _, err := a.concernRules(nil)
	if err != nil {
		return err
	}
	return c.with(a, func(s *space) error {
		d, err := a.docket(s.Workspace, c.Case)
		if err != nil {
			return err
		}
		p, err := casework.NewPublication(a.ctx, s.Workspace, d, rules, a.Printer, casework.PublicPage{
			Title: c.Title, Publisher: c.Publisher, Label: c.Label, On: on, Documents: c.documents,
		})
		if err != nil {
			return err
		}
		a.tellFaults(p.Faults)
		if c.Preview && c.JSON {
			return writeJSON(a.Out, p.Site.Facts)
		}
		if !c.JSON {
			a.preview(p.Site.Facts, p.Withheld(a.words()))
		}
		if c.Preview {
			return nil
		}
		if err := a.agreed(c.Yes); err != nil {
			return err
		}
		return c.write(a, p)
	})
}

// maxDocument bounds a document that is published, in bytes.
const maxDocument = 256 << 20

// documents reads from the folder what is wanted, known by its hash.
func (c *publishCmd) documents(want map[string]bool) (map[string][]byte, error) {
	out := map[string][]byte{}
	if c.Documents == "" {
		return out, nil
	}
	root, err := os.OpenRoot(c.Documents)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return out, fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil || info.Size() > maxDocument {
			return err
		}
		data, err := root.ReadFile(name)
		if err != nil {
			return err
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(data)); want[sum] {
			out[sum] = data
		}
		return nil
	})
}

// preview lists every fact that becomes public, and what does not.
func (a *app) preview(facts []publish.Fact, held []casework.Withheld) {
	fmt.Fprintln(a.Out, a.Text("publish.preview"))
	kind := ""
	for _, f := range facts {
		if f.Kind != kind {
			kind = f.Kind
			fmt.Fprintf(a.Out, "\n%s\n", a.Text("publish.preview_"+kind))
		}
		fmt.Fprintln(a.Out, "  "+oneLine(f.Text))
	}
	if len(held) > 0 {
		fmt.Fprintf(a.Out, "\n%s\n", a.Text("publish.withheld"))
		for _, h := range held {
			fmt.Fprintln(a.Out, "  "+oneLine(a.Text("publish.withheld_line", "Kind", a.Text("publish.withheld.kind."+h.Kind), "Text", h.Text, "Reason", h.Reason)))
		}
	}
}

// agreed asks whether all of it may be published.
func (a *app) agreed(yes bool) error {
	if yes {
		return nil
	}
	fmt.Fprint(a.Err, a.Text("publish.ask"))
	if a.In == nil {
		return errNotAsked
	}
	line, err := bufio.NewReader(io.LimitReader(a.In, 100)).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	switch {
	case answer == "yes" || answer == "sí" || answer == "si":
		return nil
	case errors.Is(err, io.EOF) && answer == "":
		return errNotAsked
	}
	fmt.Fprintln(a.Err, "amparo: "+a.Text("publish.refused"))
	return exitError(exitFailed)
}

// write writes the site and the ledger, and records what was published.
func (c *publishCmd) write(a *app, p *casework.Publication) error {
	if err := c.clear(p.Site.Files); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Site.Files)) {
		to := filepath.Join(c.To, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // it is to be public
			return err
		}
		if err := writeBytes(to, p.Site.Files[name]); err != nil {
			return err
		}
	}
	if err := p.WriteLedger(a.ctx, filepath.Join(c.To, "ledger")); err != nil {
		return err
	}
	all, err := filesOf(c.To)
	if err != nil {
		return err
	}
	manifest := publish.Manifest(all)
	if err := writeBytes(filepath.Join(c.To, casework.ManifestName), manifest); err != nil {
		return err
	}
	done, entry, same, err := p.Record(a.ctx, manifest)
	if err != nil {
		return err
	}
	return c.tell(a, casework.Recorded{Published: done, Entry: entry, Same: same})
}

// tell says what was recorded.
func (c *publishCmd) tell(a *app, done casework.Recorded) error {
	if c.JSON {
		return writeJSON(a.Out, struct {
			casework.Published
			Entry int64 `json:"ledger_entry"`
		}{done.Published, done.Entry})
	}
	message := "publish.done"
	if done.Same {
		message = "publish.same"
	}
	fmt.Fprintln(a.Out, a.Text(message, "Dir", safe(c.To), "Hash", done.Manifest, "Entry", a.Number(done.Entry)))
	return nil
}

// clear makes the folder ready: an empty one, or one that holds an earlier
// publication, of which what is no longer published is removed.
func (c *publishCmd) clear(files map[string][]byte) error {
	old, err := c.earlier()
	if err != nil || old == nil {
		return err
	}
	root, err := os.OpenRoot(c.To)
	if err != nil {
		return err
	}
	defer root.Close()
	for line := range strings.Lines(string(old)) {
		_, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if _, stays := files[name]; !ok || stays || strings.HasPrefix(name, "ledger/") {
			continue
		}
		if err := root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// earlier returns the manifest of the earlier publication in the folder, nil for
// a new or empty one. The error wraps errForeignFolder.
func (c *publishCmd) earlier() ([]byte, error) {
	if err := os.MkdirAll(c.To, 0o755); err != nil { //nolint:gosec // it is to be public
		return nil, err
	}
	old, err := os.ReadFile(filepath.Join(c.To, casework.ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		if err := newFolder(c.To); err != nil {
			return nil, fmt.Errorf("%s: %w", c.To, errForeignFolder)
		}
		return nil, nil
	}
	return old, err
}

// filesOf reads all files of a folder but its manifest.
func filesOf(dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	out := map[string][]byte{}
	return out, fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || name == casework.ManifestName {
			return err
		}
		out[name], err = root.ReadFile(name)
		return err
	})
}
