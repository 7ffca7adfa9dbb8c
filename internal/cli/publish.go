package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/clock"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/workspace"
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
	wsFlags
}

// kindPublication is the kind of the entry that says what was published.
const kindPublication = "publication"

// publication is what the workspace keeps of a publication.
type publication struct {
	On       string          `json:"on"`
	Manifest string          `json:"manifest_sha256"`
	Site     string          `json:"site_sha256"` // without the ledger
	Size     int64           `json:"ledger_size"`
	Numbers  publish.Numbers `json:"numbers"`
}

// Errors of publishing.
var (
	errContradictions = errors.New("entries contradict each other: withdraw the one that is wrong")
	errNotAsked       = errors.New("nobody is there to ask: read the preview, then say --yes")
	errForeignFolder  = errors.New("the folder holds something else than an earlier publication")
)

// Run shows what would become public, asks, writes the site, and records it.
func (c *publishCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		in, err := c.input(s)
		if err != nil {
			return err
		}
		if err := a.consistent(in); err != nil {
			return err
		}
		site, before, err := c.build(s, in)
		if err != nil {
			return err
		}
		if c.Preview && c.JSON {
			return writeJSON(a.Out, site.Facts)
		}
		if !c.JSON {
			a.preview(site)
		}
		if c.Preview {
			return nil
		}
		if err := a.agreed(c.Yes); err != nil {
			return err
		}
		return c.write(s, in, site, before)
	})
}

// consistent refuses to publish what contradicts itself.
func (a *app) consistent(in *publish.Input) error {
	st := in.Record.Open().At(in.On, in.Terms)
	for _, c := range st.Contradictions {
		if c.Kind == clock.LateExtension {
			continue // shown as it is: the extension does not count
		}
		return fmt.Errorf("%w: %s", errContradictions, strings.Join(a.contradictions(st), "; "))
	}
	return nil
}

// input gathers what is public of a case.
func (c *publishCmd) input(s *space) (*publish.Input, error) {
	on, err := c.day()
	if err != nil {
		return nil, err
	}
	d, err := s.docket(c.Case)
	if err != nil {
		return nil, err
	}
	r, _, err := d.Load(s.app.ctx)
	if err != nil {
		return nil, err
	}
	in := &publish.Input{
		Workspace: s.Info().UID, Case: c.Case, Title: c.Title, Publisher: c.Publisher, Label: c.Label, On: on, Record: r, Terms: d.Terms,
		LedgerKey: s.Info().Key,
	}
	b, err := book.Load(s.app.ctx, s.Workspace, c.Case)
	if err != nil {
		return nil, err
	}
	people, err := s.publicPeople(b, on)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		if p.Name != "" {
			in.Named = append(in.Named, p)
		}
	}
	in.Numbers = publish.Count(people, on.Format(time.DateOnly))
	if err := s.app.tallies(b, people, in); err != nil {
		return nil, err
	}
	in.Documents, err = c.documents(r)
	return in, err
}

// publicPeople are the people who agreed to be counted, and of those the names
// of who agreed to be named.
func (s *space) publicPeople(b *book.Case, on time.Time) ([]publish.Person, error) {
	consents, err := s.Consents(s.app.ctx, b.ID, "", workspace.Page{Limit: workspace.MaxLimit})
	if err != nil {
		return nil, err
	}
	counted, named := map[string]bool{}, map[string]bool{}
	for _, k := range consents.Items {
		if k.Holds(workspace.Reporting, today()) {
			counted[k.Person] = true
			named[k.Person] = named[k.Person] || docket.MayBeNamed(k)
		}
	}
	inRole := roles(b, b.People, on)
	var out []publish.Person
	for _, p := range b.People {
		if !counted[p.ID] {
			continue
		}
		person := publish.Person{ID: p.ID, Role: inRole[p.ID]}
		if named[p.ID] {
			person.Name = p.Private.Name
		}
		out = append(out, person)
	}
	return out, nil
}

// maxDocument bounds a document that is published, in bytes.
const maxDocument = 256 << 20

// documents reads from the folder what is marked public, known by its hash.
func (c *publishCmd) documents(r *clock.Record) (map[string][]byte, error) {
	out := map[string][]byte{}
	if c.Documents == "" {
		return out, nil
	}
	want := map[string]bool{}
	note := func(list []clock.Document) {
		for _, d := range list {
			want[d.SHA256] = d.Public || want[d.SHA256]
		}
	}
	open := r.Open()
	for i := range open.Requests {
		note(open.Requests[i].Documents)
	}
	for i := range open.Answers {
		note(open.Answers[i].Documents)
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

// build makes the site: with the checkpoint of the publication before where
// nothing changed since, so that the same input gives the same bytes.
func (c *publishCmd) build(s *space, in *publish.Input) (*publish.Site, *workspace.Entry, error) {
	before, last, err := s.lastPublication(c.Case)
	if err != nil {
		return nil, nil, err
	}
	if before != nil {
		in.Numbers = publish.Renew(&last.Numbers, in.Numbers)
		if in.Checkpoint, err = s.CheckpointAt(s.app.ctx, last.Size); err != nil {
			return nil, nil, err
		}
		in.LedgerSize = last.Size
		site, err := publish.Build(in, s.app.Lang())
		if err != nil || siteHash(site) == last.Site {
			return site, before, err
		}
	}
	if in.Checkpoint, in.LedgerSize, err = s.Checkpoint(s.app.ctx); err != nil {
		return nil, nil, err
	}
	site, err := publish.Build(in, s.app.Lang())
	return site, before, err
}

func siteHash(site *publish.Site) string {
	return fmt.Sprintf("%x", sha256.Sum256(publish.Manifest(site.Files)))
}

// lastPublication returns what was published before, nil where nothing was.
func (s *space) lastPublication(caseID string) (*workspace.Entry, *publication, error) {
	list, err := s.AllEntries(s.app.ctx, caseID, kindPublication)
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	p := &publication{}
	return &list[0], p, json.Unmarshal(list[0].Body, p)
}

// preview lists every fact that becomes public.
func (a *app) preview(site *publish.Site) {
	fmt.Fprintln(a.Out, a.Text("publish.preview"))
	kind := ""
	for _, f := range site.Facts {
		if f.Kind != kind {
			kind = f.Kind
			fmt.Fprintf(a.Out, "\n%s\n", a.Text("publish.preview_"+kind))
		}
		fmt.Fprintln(a.Out, "  "+oneLine(f.Text))
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
func (c *publishCmd) write(s *space, in *publish.Input, site *publish.Site, before *workspace.Entry) error {
	if err := c.clear(site); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(site.Files)) {
		to := filepath.Join(c.To, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // it is to be public
			return err
		}
		if err := writeBytes(to, site.Files[name]); err != nil {
			return err
		}
	}
	if err := s.PublishLedger(s.app.ctx, filepath.Join(c.To, "ledger"), in.LedgerSize, in.Checkpoint); err != nil {
		return err
	}
	all, err := filesOf(c.To)
	if err != nil {
		return err
	}
	manifest := publish.Manifest(all)
	if err := writeBytes(filepath.Join(c.To, manifestName), manifest); err != nil {
		return err
	}
	p := publication{
		On: in.On.Format(time.DateOnly), Manifest: fmt.Sprintf("%x", sha256.Sum256(manifest)), Site: siteHash(site), Size: in.LedgerSize, Numbers: in.Numbers,
	}
	return c.record(s, p, before)
}

// record writes what was published into the workspace and its ledger, unless
// it is what was published before.
func (c *publishCmd) record(s *space, p publication, before *workspace.Entry) error {
	a := s.app
	var last publication
	if before != nil {
		if err := json.Unmarshal(before.Body, &last); err != nil {
			return err
		}
	}
	message, e := "publish.same", before
	if before == nil || last.Manifest != p.Manifest {
		body, err := json.Marshal(p)
		if err != nil {
			return err
		}
		next := workspace.Entry{Case: c.Case, Kind: kindPublication, Key: "page"}
		if before != nil {
			next = *before
		}
		next.Body, next.Act, next.Detail = body, "account.published", map[string]string{"manifest_sha256": p.Manifest}
		if next, err = s.PutEntry(a.ctx, next); err != nil {
			return err
		}
		message, e = "publish.done", &next
	}
	if c.JSON {
		return writeJSON(a.Out, struct {
			publication
			Entry int64 `json:"ledger_entry"`
		}{p, e.N})
	}
	fmt.Fprintln(a.Out, a.Text(message, "Dir", safe(c.To), "Hash", p.Manifest, "Entry", a.Number(e.N)))
	return nil
}

const manifestName = "manifest.sha256"

// clear makes the folder ready: an empty one, or one that holds an earlier
// publication, of which what is no longer published is removed.
func (c *publishCmd) clear(site *publish.Site) error {
	if err := os.MkdirAll(c.To, 0o755); err != nil { //nolint:gosec // it is to be public
		return err
	}
	old, err := os.ReadFile(filepath.Join(c.To, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		if err := newFolder(c.To); err != nil {
			return fmt.Errorf("%s: %w", c.To, errForeignFolder)
		}
		return nil
	}
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(c.To)
	if err != nil {
		return err
	}
	defer root.Close()
	for line := range strings.Lines(string(old)) {
		_, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if _, stays := site.Files[name]; !ok || stays || strings.HasPrefix(name, "ledger/") {
			continue
		}
		if err := root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
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
		if err != nil || !e.Type().IsRegular() || name == manifestName {
			return err
		}
		out[name], err = root.ReadFile(name)
		return err
	})
}
