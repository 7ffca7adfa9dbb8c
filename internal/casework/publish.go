package casework

import (
	"archive/tar"
	"archive/zip"
	"context"
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
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/docket"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// kindPublication is the kind of the entry that says what was published.
const kindPublication = "publication"

// ManifestName is the file of a publication that lists all others.
const ManifestName = "manifest.sha256"

// Published is what the workspace keeps of a publication.
type Published struct {
	On       string          `json:"on"`
	Manifest string          `json:"manifest_sha256"`
	Site     string          `json:"site_sha256"` // without the ledger
	Size     int64           `json:"ledger_size"`
	Numbers  publish.Numbers `json:"numbers"`
}

// ErrContradictions refuses to publish what contradicts itself.
var ErrContradictions = errors.New("entries contradict each other: withdraw the one that is wrong")

// Publication is what would become public of a case.
type Publication struct {
	Input  *publish.Input
	Site   *publish.Site
	Faults []concern.Fault // rules that could not be used

	w      *workspace.Workspace
	people []publicPerson
	before *workspace.Entry // of the publication before; nil: none
}

// publicPerson is a person of the case, and how much of them is told.
type publicPerson struct {
	id, pseudonym  string
	counted, named bool
}

// A PublicPage says how a page is to be made.
type PublicPage struct {
	Title, Publisher, Label string
	On                      time.Time // the day as of which it tells
	// Documents returns the files that are wanted, by SHA-256; nil: none.
	Documents func(wanted map[string]bool) (map[string][]byte, error)
}

// NewPublication builds the public page of a case: with the checkpoint of the
// publication before where nothing changed since, so that the same input gives
// the same bytes. Nothing is written. The error wraps ErrContradictions.
func NewPublication(ctx context.Context, w *workspace.Workspace, d *docket.Docket, rules *concern.Set, p *message.Printer, page PublicPage) (*Publication, error) {
	out := &Publication{w: w}
	if err := out.gather(ctx, d, rules, page); err != nil {
		return nil, err
	}
	if err := out.consistent(p); err != nil {
		return nil, err
	}
	return out, out.build(ctx, p.Lang())
}

// gather brings together what is public of a case.
func (p *Publication) gather(ctx context.Context, d *docket.Docket, rules *concern.Set, page PublicPage) error {
	r, _, err := d.Load(ctx)
	if err != nil {
		return err
	}
	p.Input = &publish.Input{
		Workspace: p.w.Info().UID, Case: d.Case, Title: page.Title, Publisher: page.Publisher, Label: page.Label, On: page.On, Record: r, Terms: d.Terms,
		LedgerKey: p.w.Info().Key, Documents: map[string][]byte{},
	}
	b, err := book.Load(ctx, p.w, d.Case)
	if err != nil {
		return err
	}
	people, err := publicPeople(ctx, p.w, b, page.On, d.Today)
	if err != nil {
		return err
	}
	for _, x := range b.People {
		i := slices.IndexFunc(people, func(o publish.Person) bool { return o.ID == x.ID })
		p.people = append(p.people, publicPerson{x.ID, x.Pseudonym, i >= 0, i >= 0 && people[i].Name != ""})
	}
	for _, x := range people {
		if x.Name != "" {
			p.Input.Named = append(p.Input.Named, x)
		}
	}
	p.Input.Numbers = publish.Count(people, page.On.Format(time.DateOnly))
	decided, err := LoadDecisions(ctx, p.w, d.Case)
	if err != nil {
		return err
	}
	p.Faults = tallies(rules, b, decided, people, p.Input)
	if page.Documents != nil {
		p.Input.Documents, err = page.Documents(publicDocuments(r))
	}
	return err
}

// PublicDocuments are the hashes of the documents of a case that are marked
// public.
func PublicDocuments(ctx context.Context, d *docket.Docket) (map[string]bool, error) {
	r, _, err := d.Load(ctx)
	if err != nil {
		return nil, err
	}
	return publicDocuments(r), nil
}

// publicDocuments are the hashes of the documents that are marked public.
func publicDocuments(r *clock.Record) map[string]bool {
	want := map[string]bool{}
	note := func(list []clock.Document) {
		for _, d := range list {
			if d.Public {
				want[d.SHA256] = true
			}
		}
	}
	open := r.Open()
	for i := range open.Requests {
		note(open.Requests[i].Documents)
	}
	for i := range open.Answers {
		note(open.Answers[i].Documents)
	}
	return want
}

// consistent refuses to publish what contradicts itself.
func (p *Publication) consistent(printer *message.Printer) error {
	st := p.Input.Record.Open().At(p.Input.On, p.Input.Terms)
	for _, c := range st.Contradictions {
		if c.Kind == clock.LateExtension {
			continue // shown as it is: the extension does not count
		}
		return fmt.Errorf("%w: %s", ErrContradictions, strings.Join(Words{printer}.Contradictions(st), "; "))
	}
	return nil
}

func (p *Publication) build(ctx context.Context, lang string) error {
	last, err := p.last(ctx)
	if err != nil {
		return err
	}
	in := p.Input
	if p.before != nil {
		in.Numbers = publish.Renew(&last.Numbers, in.Numbers)
		if in.Checkpoint, err = p.w.CheckpointAt(ctx, last.Size); err != nil {
			return err
		}
		in.LedgerSize = last.Size
		p.Site, err = publish.Build(in, lang)
		if err != nil || siteHash(p.Site) == last.Site {
			return err
		}
	}
	if in.Checkpoint, in.LedgerSize, err = p.w.Checkpoint(ctx); err != nil {
		return err
	}
	p.Site, err = publish.Build(in, lang)
	return err
}

// siteHash is the hash of the manifest of a site. Documents are known by their
// hash, and named by it: a preview has their size alone.
func siteHash(site *publish.Site) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(site.Files)) {
		sum := fmt.Sprintf("%x", sha256.Sum256(site.Files[name]))
		if document, ok := strings.CutPrefix(name, "documents/"); ok {
			sum, _, _ = strings.Cut(document, ".")
		}
		fmt.Fprintf(h, "%s  %s\n", sum, name)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// last reads what was published before.
func (p *Publication) last(ctx context.Context) (last Published, err error) {
	list, err := p.w.AllEntries(ctx, p.Input.Case, kindPublication)
	if err != nil || len(list) == 0 {
		return last, err
	}
	p.before = &list[0]
	return last, json.Unmarshal(list[0].Body, &last)
}

// Send writes the site with the public part of the ledger as a zip, below one
// folder. The publication is recorded before the first byte: begin is told of
// its entry, and returns where the bytes go. dir is an empty folder for the time
// being.
func (p *Publication) Send(ctx context.Context, dir string, begin func(done Published, entry int64) io.Writer) error {
	return p.send(ctx, dir, func(all map[string][]byte, done Recorded) error {
		z := zip.NewWriter(begin(done.Published, done.Entry))
		for _, name := range slices.Sorted(maps.Keys(all)) {
			w, err := z.CreateHeader(&zip.FileHeader{Name: PublicFolder + name, Method: zip.Deflate, Modified: packTime})
			if err == nil {
				_, err = w.Write(all[name])
			}
			if err != nil {
				return err
			}
		}
		return z.Close()
	})
}

// PublicFolder is below which a packed site lies, and RecordedName the file
// beside it that says, in a tar archive, what was recorded.
const (
	PublicFolder = "public/"
	RecordedName = "published.json"
)

// Recorded is a publication with its entry in the ledger.
type Recorded struct {
	Published
	Entry int64 `json:"ledger_entry"`
	Same  bool  `json:"same,omitempty"` // it was published before, as it is
}

// SendTar is Send as a tar archive, for programs: its first file is RecordedName.
func (p *Publication) SendTar(ctx context.Context, dir string, begin func() io.Writer) error {
	return p.send(ctx, dir, func(all map[string][]byte, done Recorded) error {
		about, err := json.Marshal(done)
		if err != nil {
			return err
		}
		t := tar.NewWriter(begin())
		put := func(name string, data []byte) error {
			if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: packTime, Format: tar.FormatPAX}); err != nil {
				return err
			}
			_, err := t.Write(data)
			return err
		}
		if err := put(RecordedName, about); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if err := put(PublicFolder+name, all[name]); err != nil {
				return err
			}
		}
		return t.Close()
	})
}

// send records the site and hands all of its files on.
func (p *Publication) send(ctx context.Context, dir string, pack func(all map[string][]byte, done Recorded) error) error {
	if err := p.WriteLedger(ctx, filepath.Join(dir, "ledger")); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	all := maps.Clone(p.Site.Files)
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		all[name], err = root.ReadFile(name)
		return err
	})
	if err != nil {
		return err
	}
	manifest := publish.Manifest(all)
	done, entry, same, err := p.Record(ctx, manifest)
	if err != nil {
		return err
	}
	all[ManifestName] = manifest
	return pack(all, Recorded{done, entry, same})
}

// packTime is the time of all files in a packed site: the same site packs to the
// same bytes.
var packTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// WriteLedger writes the public part of the ledger into a folder.
func (p *Publication) WriteLedger(ctx context.Context, dir string) error {
	return p.w.PublishLedger(ctx, dir, p.Input.LedgerSize, p.Input.Checkpoint)
}

// Record writes what was published into the workspace and its ledger: manifest
// lists all files of the site and the ledger. What was published before is not
// recorded again: same says so, and entry is that of the ledger.
func (p *Publication) Record(ctx context.Context, manifest []byte) (done Published, entry int64, same bool, err error) {
	done = Published{
		On: p.Input.On.Format(time.DateOnly), Manifest: fmt.Sprintf("%x", sha256.Sum256(manifest)), Site: siteHash(p.Site), Size: p.Input.LedgerSize,
		Numbers: p.Input.Numbers,
	}
	next := workspace.Entry{Case: p.Input.Case, Kind: kindPublication, Key: "page"}
	if p.before != nil {
		var last Published
		if err := json.Unmarshal(p.before.Body, &last); err != nil {
			return done, 0, false, err
		}
		if last.Manifest == done.Manifest {
			return done, p.before.N, true, nil
		}
		next = *p.before
	}
	if next.Body, err = json.Marshal(done); err != nil {
		return done, 0, false, err
	}
	next.Act, next.Detail = "account.published", map[string]string{"manifest_sha256": done.Manifest}
	next, err = p.w.PutEntry(ctx, next)
	return done, next.N, false, err
}
