package job_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// errKilled is what a store says whose process is gone.
var errKilled = errors.New("killed")

// dying is a store whose process dies at the n-th segment: before it is there,
// or after.
type dying struct {
	vault.Store
	n     *int
	after bool
}

type dyingWriter struct {
	vault.Writer
	d dying
}

func (d dying) Create(ctx context.Context, id string) (vault.Writer, error) {
	*d.n--
	if *d.n < 0 || *d.n == 0 && !d.after {
		return nil, errKilled
	}
	w, err := d.Store.Create(ctx, id)
	return dyingWriter{w, d}, err
}

func (w dyingWriter) Commit() error {
	err := w.Writer.Commit()
	if *w.d.n == 0 {
		return errKilled
	}
	return err
}

func export(e *job.Engine) {
	quick(e)
	e.Export = func(ctx context.Context, s *examine.Space, j *workspace.Job, p *workspace.JobPrivate, progress func(files, bytes, of int64)) error {
		return casework.Keep(ctx, s, j, p, casework.Keeping{Version: "test", Every: -1, Progress: progress})
	}
}

// fetch is what a job made.
func (l *lab) fetch(id string) ([]byte, error) {
	var b bytes.Buffer
	err := casework.Fetch(l.tb.Context(), l.space(), id, "test", func(string, string) io.Writer { return &b })
	return b.Bytes(), err
}

func (l *lab) exported() (n int) {
	l.tb.Helper()
	acts, err := l.Acts(l.tb.Context(), "", workspace.Page{Limit: workspace.MaxLimit})
	l.ok(err)
	for _, a := range acts.Items {
		if strings.Contains(a.Entry, "evidence.exported") {
			n++
		}
	}
	return n
}

// TestExportJob makes an exhibit and a report by a worker that has no key of the
// ledger, after another was killed over it at each step: what is fetched is
// whole, and it left once.
func TestExportJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l *lab) {
		r := l.checked()
		consent := l.consentTo(r, "evidence:the court")
		for i, o := range []workspace.JobOutput{
			{Subject: r.Evidence, Recipient: "the court", Evidence: exhibit.All, Formats: []string{"html"}}, {Run: r.ID, Format: "pdf"},
		} {
			before := l.exported()
			j, err := l.AddJob(t.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobExport}, workspace.JobPrivate{Output: &o, Lang: "es"})
			l.ok(err)
			for n := 1; n <= 2; n++ {
				for _, after := range []bool{false, true} {
					left := n
					s := l.space()
					s.Vault = dying{l.store, &left, after}
					err := casework.Keep(t.Context(), s, &j, &workspace.JobPrivate{Output: &o, Lang: "es"}, casework.Keeping{Version: "test"})
					if (i == 0 || n == 1) != errors.Is(err, errKilled) {
						t.Errorf("%d: %v", n, err) // a report has one segment: the last attempt dies after it was kept
					}
				}
			}
			l.ended(l.finish(j.ID))
			data, err := l.fetch(j.ID)
			l.ok(err)
			again, err := l.fetch(j.ID)
			l.ok(err)
			if i == 0 {
				l.exhibit(data, again)
			} else if !bytes.HasPrefix(data, []byte("%PDF-")) || !bytes.Equal(data, again) {
				t.Errorf("a report of %d bytes", len(data))
			}
			if n := l.exported() - before; n != 1 {
				t.Errorf("it left %d times", n)
			}
		}
		l.withdrawn(r, consent)
	})
}

// finish has a worker do a job.
func (l *lab) finish(id string) string {
	l.tb.Helper()
	stop := l.worker(export)
	defer stop()
	if j := l.ended(id); j.State != workspace.JobDone || j.Kept == "" {
		l.tb.Fatalf("%+v", j)
	}
	return id
}

// consentTo is one more consent, by which somebody may have something.
func (l *lab) consentTo(r workspace.Run, share string) string {
	l.tb.Helper()
	people, err := l.People(l.tb.Context(), l.caseID, workspace.Page{})
	l.ok(err)
	c, err := l.AddConsent(l.tb.Context(), workspace.Consent{
		Case: l.caseID, Person: people.Items[0].ID, Purposes: []string{workspace.Analysis}, Until: "2099-12-31", FormSHA256: strings.Repeat("b", 64),
		Private: workspace.ConsentTerms{GivenBy: "heron", Shares: []string{share}},
	})
	l.ok(err)
	return c.ID
}

// exhibit holds copies of an exhibit to be whole, and of one payload, which it
// returns by path: the hash of each file.
func (l *lab) exhibit(copies ...[]byte) (payload map[string]string) {
	l.tb.Helper()
	for _, data := range copies {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		l.ok(err)
		seen, sums := map[string]bool{}, map[string]string{}
		for _, f := range z.File {
			_, name, _ := strings.Cut(f.Name, "/")
			seen[name] = true
			if name != "manifest-sha256.txt" {
				continue
			}
			r, err := f.Open()
			l.ok(err)
			text, err := io.ReadAll(r)
			l.ok(err)
			for line := range strings.Lines(string(text)) {
				sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
				sums[name] = sum
			}
		}
		if payload != nil && !maps.Equal(payload, sums) {
			l.tb.Error("two copies have two payloads")
		}
		payload = sums
		for _, name := range []string{"bagit.txt", "tagmanifest-sha256.txt", "ledger/ledger.vkey", "data/export.json"} {
			if !seen[name] {
				l.tb.Errorf("the exhibit has no %s", name)
			}
		}
		if seen[".amparo-export.json"] {
			l.tb.Error("the exhibit holds what is ours alone")
		}
	}
	return payload
}

// withdrawn ends the consent by which a recipient may have something: what is
// kept for them is not handed out any more.
func (l *lab) withdrawn(r workspace.Run, consent string) {
	l.tb.Helper()
	o := workspace.JobOutput{Subject: r.Evidence, Recipient: "the court", Evidence: exhibit.None}
	j, err := l.AddJob(l.tb.Context(), workspace.Job{Case: l.caseID, Kind: workspace.JobExport}, workspace.JobPrivate{Output: &o})
	l.ok(err)
	l.finish(j.ID)
	_, err = l.WithdrawConsent(l.tb.Context(), consent)
	l.ok(err)
	if data, err := l.fetch(j.ID); !errors.Is(err, exhibit.ErrNotShared) || len(data) != 0 {
		l.tb.Errorf("handed out after the consent was withdrawn: %d bytes, %v", len(data), err)
	}
}
