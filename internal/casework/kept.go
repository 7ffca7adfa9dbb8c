package casework

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Keeping says how Keep makes what a job is for.
type Keeping struct {
	Version string // of the program
	// Every is vault.GrowEvery unless it is not 0.
	Every    time.Duration
	Log      *slog.Logger                 // nil: nothing is logged
	Progress func(files, bytes, of int64) // of: all bytes, as far as that is known; 0: it is not
}

// Keep makes what a job of kind export is for, and keeps it sealed for the case
// until it is fetched. That it leaves is in the ledger when this returns, once.
// An exhibit goes on from the last file that an attempt before finished.
func Keep(ctx context.Context, sp *examine.Space, j *workspace.Job, p *workspace.JobPrivate, o Keeping) error {
	if _, err := sp.Kept(ctx, j.ID); !errors.Is(err, workspace.ErrNotFound) {
		return err // nil: an attempt before came so far, and did not say so
	}
	switch {
	case p.Output == nil:
		return fmt.Errorf("%w: a job without a word of what to export", workspace.ErrInvalid)
	case p.Output.Format != "":
		return keepReport(ctx, sp, j, p)
	}
	return keepExhibit(ctx, sp, j, p, &o)
}

// packTypes are the media types of archives, below application/.
var packTypes = map[string]string{bagit.Zip: "zip", bagit.Tar: "x-tar"}

// packOf is how an exhibit is packed.
func packOf(o *workspace.JobOutput) string {
	if o.Pack == bagit.Tar {
		return bagit.Tar
	}
	return bagit.Zip
}

// exhibitOf is the request for an exhibit.
func exhibitOf(o *workspace.JobOutput) exhibit.Request {
	r := exhibit.Request{Subject: o.Subject, Run: o.Run, Recipient: strings.TrimSpace(o.Recipient), Evidence: o.Evidence, Formats: o.Formats, Languages: o.Languages}
	if len(r.Languages) == 0 {
		r.Languages = message.Languages
	}
	if len(r.Formats) == 0 && !strings.HasPrefix(r.Subject, "F-") {
		r.Formats = []string{"html", "pdf"}
	}
	return r
}

func keepExhibit(ctx context.Context, sp *examine.Space, j *workspace.Job, p *workspace.JobPrivate, with *Keeping) error {
	o := p.Output
	plan, err := exhibit.NewPlan(ctx, ExhibitSpace(sp, with.Version, openBy(p.Password)), exhibitOf(o))
	if err != nil {
		return err
	}
	if plan.Case() != j.Case {
		return fmt.Errorf("%s in case %s: %w", o.Subject, j.Case, workspace.ErrNotFound)
	}
	mark, err := plan.Mark()
	if err != nil {
		return err
	}
	k, err := begin(ctx, sp, j, mark, plan.Evidence())
	if err != nil {
		return err
	}
	begun, err := time.Parse(ledger.TimeLayout, k.Begun)
	if err != nil {
		return err
	}
	add := vault.AddOptions{Bundle: k.Bundle, Case: k.Case, Key: k.Key}
	if with.Progress != nil {
		of := plan.Size()
		add.Progress = func(files, bytes int64) { with.Progress(files, bytes, of) }
	}
	g, err := vault.Grow(ctx, sp.Vault, sp.KeptIndex(&k), add, with.Every)
	if err != nil {
		return err
	}
	defer g.Close()
	if n := g.Before(); n > 0 && with.Log != nil {
		with.Log.InfoContext(ctx, "an export goes on where it was interrupted", "job", j.ID, "files", n)
	}
	x, size, err := plan.Keep(ctx, workspace.ExportIDOf(&k), begun, g)
	if err != nil {
		return fmt.Errorf("keep the exhibit: %w", err)
	}
	k.Bytes = size
	k.Private = workspace.KeptPrivate{JobOutput: *o, Name: x.ID + "." + packOf(o), Type: "application/" + packTypes[packOf(o)], Of: x.Evidence, SHA256: x.SHA256}
	return sp.EndKept(ctx, &k, &x)
}

// openBy opens evidence by a password, or by none.
func openBy(password string) func(string) evidence.OpenOptions {
	if password == "" {
		return nil
	}
	return func(string) evidence.OpenOptions {
		return evidence.OpenOptions{Password: func(context.Context) (string, error) { return password, nil }}
	}
}

// begin begins to keep something, or goes on with it, and deletes what an attempt
// before left of something else.
func begin(ctx context.Context, sp *examine.Space, j *workspace.Job, mark string, evidence []string) (workspace.Kept, error) {
	k, destroyed, err := sp.BeginKept(ctx, j, mark, evidence)
	for _, id := range destroyed {
		err = errors.Join(err, sp.Vault.Delete(ctx, id))
	}
	return k, err
}

func keepReport(ctx context.Context, sp *examine.Space, j *workspace.Job, p *workspace.JobPrivate) error {
	f, ok := report.Formats[p.Output.Format]
	if !ok {
		return fmt.Errorf("%w: report %q", workspace.ErrInvalid, p.Output.Format)
	}
	r, err := sp.Run(ctx, p.Output.Run)
	if err == nil && r.Case != j.Case {
		err = fmt.Errorf("run %s in case %s: %w", r.ID, j.Case, workspace.ErrNotFound)
	}
	if err != nil {
		return err
	}
	b, err := sp.OpenRun(ctx, &r)
	if err != nil {
		return err
	}
	res, err := report.LoadFS(b.FS(ctx), r.ID)
	if err != nil {
		return err
	}
	k, err := begin(ctx, sp, j, "", []string{r.Evidence})
	if err != nil {
		return err
	}
	k.Private = workspace.KeptPrivate{JobOutput: *p.Output, Name: r.ID + "." + f.Ending, Type: f.Type, Of: []string{r.Evidence}}
	sum := sha256.New()
	err = vault.Put(ctx, sp.Vault, sp.KeptIndex(&k), vault.AddOptions{Bundle: k.Bundle, Case: k.Case, Key: k.Key}, func(store func(string, io.Reader) error) error {
		pr, pw := io.Pipe()
		count := &counter{w: io.MultiWriter(pw, sum)}
		go func() { pw.CloseWithError(f.Write(count, res, report.Options{Lang: p.Lang})) }()
		err := store(k.Private.Name, pr)
		k.Bytes = count.n
		return errors.Join(err, pr.Close()) // ends the other side where this one failed
	})
	if err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	k.Private.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return sp.EndKept(ctx, &k, nil)
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// Fetch hands out what a job made. Consents are asked again: what was made may
// be more than the recipient may have today. The proofs of an exhibit are made
// now, of the ledger as it is. start is called before the first byte.
func Fetch(ctx context.Context, sp *examine.Space, job, version string, start func(name, kind string) io.Writer) (err error) {
	k, err := sp.Kept(ctx, job)
	if err != nil {
		return err
	}
	for _, ev := range k.Private.Of {
		if err := sp.Permits(ctx, ev, workspace.Analysis); err != nil {
			return err
		}
	}
	b, err := vault.Open(ctx, sp.Vault, sp.KeptIndex(&k), k.Bundle, k.Key)
	if err != nil {
		return err
	}
	if k.Private.Format != "" {
		f, err := b.OpenFile(ctx, k.Private.Name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(start(k.Private.Name, k.Private.Type), io.NewSectionReader(f, 0, f.Size()))
		return err
	}
	dir, err := sp.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	payload := b.FS(ctx)
	done, err := exhibit.Finish(ctx, ExhibitSpace(sp, version, nil), exhibitOf(&k.Private.JobOutput), dir, payload)
	if err != nil {
		return err
	}
	return bagit.WriteFrom(start(k.Private.Name, k.Private.Type), dir, payload, payloadOf(b), done.ID, packOf(&k.Private.JobOutput))
}

// payloadOf lists the files of an exhibit that lie in the vault and are no more
// than that: what is about them is made when it is fetched.
func payloadOf(b *vault.Bundle) (names []string) {
	for _, f := range b.Files() {
		if strings.HasPrefix(f.Path, "data/") {
			names = append(names, f.Path)
		}
	}
	return names
}
