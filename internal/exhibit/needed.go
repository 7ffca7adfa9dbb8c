package exhibit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"

	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/vault"
)

// rested is a run of an evidence, with the findings that rest on its files.
type rested struct {
	run  *finding.Run
	list []*finding.Finding
}

// evidence writes the files of an evidence: all, or those that findings need.
// What lies encrypted or packed in them is written in clear too, where it can
// be opened, so that common programs read it.
func (k *maker) evidence(p *part, runs []rested) error {
	b, err := k.open(p.id(), p.key)
	if err != nil {
		return err
	}
	for _, note := range b.Tree().Problems() {
		k.omit(omitNotStored, p.id()+"/"+note.Path, 0)
	}
	have, stored := map[string]vault.File{}, map[string]bool{}
	for _, f := range b.Files() {
		have[f.Path] = f
	}
	for _, r := range runs {
		n := &needs{k: k, p: p, run: r.run, have: have, stored: stored, logical: map[string]string{}, base: baseOf(p.id(), r.run)}
		n.gather(r.list)
		if err := n.open(r.list); err != nil {
			return err
		}
		for _, f := range r.list {
			k.look(f, n.logical)
		}
	}
	var want map[string]bool
	if k.r.Evidence == Needed {
		want = stored
		if left := int64(len(have) - len(want)); left > 0 {
			k.omit(omitNotNeeded, p.id(), left)
		}
	}
	return k.bundle(b, "data/evidence/"+p.id(), want)
}

// baseOf is where a run's evidence lies in what was stored: an archive, a
// folder in it, or both. "" is all of it.
func baseOf(id string, run *finding.Run) string {
	in := strings.TrimPrefix(strings.TrimPrefix(run.Evidence.Path, id), "/")
	return path.Join(in, run.Evidence.Root)
}

// needs finds the files that the findings of one run rest on.
type needs struct {
	k       *maker
	p       *part
	run     *finding.Run
	base    string
	have    map[string]vault.File
	stored  map[string]bool   // paths in the bundle that are needed
	logical map[string]string // paths in the bag, by logical path
}

func (n *needs) has(name string) bool { _, ok := n.have[name]; return ok }

// add notes a stored file, or the archive that it lies in.
func (n *needs) add(name string) bool {
	for ; name != "." && name != "/"; name = path.Dir(name) {
		if n.has(name) {
			n.stored[name] = true
			return true
		}
	}
	return false
}

// gather names the stored files, and what is needed to decrypt them.
func (n *needs) gather(list []*finding.Finding) {
	for _, f := range list {
		at := path.Join(n.base, f.Where.Stored)
		if f.Where.Stored == "" || !n.add(at) {
			n.k.omit(omitNotFound, n.p.id()+"/"+f.Where.Path, 0)
			continue
		}
		for _, end := range companions {
			if n.has(at + end) {
				n.stored[at+end] = true
			}
		}
	}
	if n.run.Evidence.Encrypted && len(list) > 0 {
		for _, name := range []string{"Manifest.plist", "Manifest.db"} { // the keys, wrapped by the password
			if at := path.Join(n.base, name); n.has(at) {
				n.stored[at] = true
			}
		}
	}
}

// companions are what SQLite keeps beside a database.
var companions = []string{"-wal", "-shm", "-journal"}

// open writes in clear what findings rest on, where it does not lie so in the
// evidence.
func (n *needs) open(list []*finding.Finding) error {
	wanted := map[string]bool{}
	for _, f := range list {
		if name := f.Where.Path; name != "" {
			base := strings.TrimSuffix(strings.TrimSuffix(name, "-wal"), "-journal")
			for _, one := range []string{name, base, base + "-wal"} {
				wanted[one] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	src, err := n.k.s.Source(n.k.ctx, n.p.Evidence, &n.run.Evidence)
	if err != nil {
		if n.k.ctx.Err() != nil {
			return err
		}
		n.k.omit(omitNotOpened, n.p.id(), int64(len(wanted)))
		return nil
	}
	defer src.Close()
	for e, err := range src.Files(n.k.ctx) {
		var bad *evidence.EntryError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			return err
		}
		if wanted[e.Path] {
			if err := n.entry(src, e); err != nil {
				return fmt.Errorf("%s: %w", e.Path, err)
			}
		}
	}
	return nil
}

// entry takes one logical file: its stored form is needed, and where that is
// another, the clear one is written.
func (n *needs) entry(src evidence.Source, e evidence.Entry) error {
	f, err := src.Open(n.k.ctx, e)
	if err != nil {
		n.k.omit(omitNotOpened, n.p.id()+"/"+e.Path, 1)
		return nil //nolint:nilerr // it is left out, and that is said
	}
	defer f.Close()
	name, _, _ := f.Stored()
	at := path.Join(n.base, name)
	s, stored := n.have[at]
	to := "data/opened/" + n.p.id() + "/" + path.Join(n.base, e.Path)
	if n.k.out.Had(to) {
		if stored {
			n.stored[at] = true
		}
		n.logical[e.Path] = to
		return n.k.out.Make(to, nil)
	}
	sum, err := hashOf(f)
	if err != nil {
		n.k.omit(omitNotOpened, n.p.id()+"/"+e.Path, 1)
		return nil //nolint:nilerr // as above
	}
	if stored {
		n.stored[at] = true
		if s.SHA256 == sum {
			n.logical[e.Path] = "data/evidence/" + n.p.id() + "/" + at
			return nil
		}
	}
	if !fs.ValidPath(to) {
		n.k.omit(omitNotOpened, n.p.id()+"/"+e.Path, 1)
		return nil
	}
	n.logical[e.Path] = to
	return n.k.out.Copy(to, sum, func() (vault.Blob, error) { return openBlob{f}, nil })
}

// openBlob is a file that is open already, and stays so.
type openBlob struct{ evidence.File }

func (openBlob) Close() error { return nil }

func hashOf(f evidence.File) (string, error) {
	h := sha256.New()
	if n, err := io.Copy(h, io.NewSectionReader(f, 0, f.Size())); err != nil || n != f.Size() {
		return "", errors.Join(err, io.ErrUnexpectedEOF)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// A row is a place in a file of the bag that VERIFY.md looks up.
type row struct {
	Finding string `json:"finding"`
	File    string `json:"file"`
	Table   string `json:"table,omitempty"`
	RowID   int64  `json:"rowid,omitempty"`
	Offset  int64  `json:"offset"`
	Bytes   []byte `json:"bytes"`
}

// maxRows is how many findings VERIFY.md walks to their bytes: the walk is the
// same for all.
const maxRows = 5

// look notes where the bytes of a finding lie in the bag.
func (k *maker) look(f *finding.Finding, logical map[string]string) {
	at := &f.Where
	file, ok := logical[at.Path]
	private := f.Indicator != nil && f.Indicator.Private
	if !ok || private || len(at.Bytes) == 0 || len(k.rows) == maxRows || strings.ContainsFunc(file+at.Table, unfit) {
		return
	}
	r := row{Finding: f.ID, File: file, Offset: at.Offset, Bytes: at.Bytes}
	if at.RowID != nil && at.State == "live" && at.Confidence == 0 {
		r.Table, r.RowID = at.Table, *at.RowID
	}
	k.rows = append(k.rows, r)
}

// unfit tells characters that do not belong into commands that people copy.
func unfit(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '`' || r == unicode.ReplacementChar
}

// bytesOf opens the file of a finding, so that its walk ends in its bytes.
func (k *maker) bytesOf(p *part, f *finding.Finding, run *finding.Run) (o report.ExplainOptions, closing func()) {
	closing = func() {}
	src, err := k.s.Source(k.ctx, p.Evidence, &run.Evidence)
	if err != nil {
		return o, closing
	}
	closing = func() { src.Close() }
	for e, err := range src.Files(k.ctx) {
		if err != nil || e.Path != f.Where.Path {
			continue
		}
		file, err := src.Open(k.ctx, e)
		if err != nil {
			break
		}
		o.Evidence = file
		closing = func() { file.Close(); src.Close() }
		break
	}
	return o, closing
}
