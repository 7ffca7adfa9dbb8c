package job_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// paced is a store that counts what is stored, and dies at the n-th segment, if
// n is not 0.
type paced struct {
	vault.Store
	n, created int
	written    int64
}

type pacedWriter struct {
	vault.Writer
	p *paced
}

func (p *paced) Create(ctx context.Context, id string) (vault.Writer, error) {
	if p.created++; p.created == p.n {
		return nil, errKilled
	}
	w, err := p.Store.Create(ctx, id)
	return pacedWriter{w, p}, err
}

func (w pacedWriter) Write(b []byte) (int, error) {
	w.p.written += int64(len(b))
	return w.Writer.Write(b)
}

// exporting is one exhibit that several attempts make.
type exporting struct {
	*lab
	job     workspace.Job
	private workspace.JobPrivate
}

func (l *lab) exporting(r workspace.Run, evidence string) *exporting {
	l.tb.Helper()
	o := workspace.JobOutput{Subject: r.Evidence, Recipient: "the court", Evidence: evidence, Formats: []string{"html", "json"}, Languages: []string{"en"}}
	x := &exporting{l, workspace.Job{Case: l.caseID, Kind: workspace.JobExport}, workspace.JobPrivate{Output: &o, Lang: "en"}}
	var err error
	x.job, err = l.AddJob(l.tb.Context(), x.job, x.private)
	l.ok(err)
	return x
}

// attempt makes the exhibit by a process that dies at the n-th segment, if n is
// not 0.
func (x *exporting) attempt(n int, version string) *paced {
	x.tb.Helper()
	s, p := x.space(), &paced{Store: x.store, n: n}
	s.Vault = p
	err := casework.Keep(x.tb.Context(), s, &x.job, &x.private, casework.Keeping{Version: version, Every: -1})
	if (n > 0) != errors.Is(err, errKilled) || n == 0 && err != nil {
		x.tb.Fatalf("at segment %d: %v", n, err)
	}
	return p
}

func (x *exporting) payload() map[string]string {
	x.tb.Helper()
	data, err := x.fetch(x.job.ID)
	x.ok(err)
	return x.exhibit(data)
}

// anew is how many files say what is so at the moment, and are made by each
// attempt: the hashes of two bundles, what was decided, the export, the consents,
// two lists of what is left out, the manifest, and the mark.
const anew = 9

// TestExportGoesOn kills exports at their first file, their last, and between:
// another process goes on, and what leaves is the same to the byte.
func TestExportGoesOn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the same work many times, by one goroutine")
	}
	each(t, func(t *testing.T, l *lab) {
		r := l.checked()
		l.consentTo(r, "evidence:the court")
		x := l.exporting(r, exhibit.All)
		whole, want := x.attempt(0, "test"), x.payload()
		delete(want, "data/export.json") // which names it, and its day
		const times = 5
		for i := range times {
			n := 1 + i*(whole.created-1)/(times-1)
			x := l.exporting(r, exhibit.All)
			x.attempt(n, "test")
			second := x.attempt(0, "test")
			if most := whole.created - (n - 1) + anew; second.created > most {
				t.Errorf("killed at %d of %d, %d files were made again, not %d", n, whole.created, second.created, most)
			}
			got := x.payload()
			delete(got, "data/export.json")
			if !maps.Equal(want, got) {
				t.Errorf("killed at %d, what leaves is %v, not %v", n, got, want)
			}
		}
		if n := l.exported(); n != 1+times {
			t.Errorf("they left %d times", n)
		}
	})
}

// TestExportBeginsAnew interrupts an export and goes on when something else is to
// leave: nothing of what was made before is in it, or stays.
func TestExportBeginsAnew(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the same work many times, by one goroutine")
	}
	each(t, func(t *testing.T, l *lab) {
		r := l.checked()
		l.consentTo(r, "findings:the court")
		wide := l.consentTo(r, "evidence:the court")
		x := l.exporting(r, exhibit.Needed)
		whole := x.attempt(0, "test")

		x = l.exporting(r, exhibit.Needed)
		x.attempt(whole.created, "test")
		if p := x.attempt(0, "another"); p.created != whole.created {
			t.Errorf("another program made %d files of %d", p.created, whole.created)
		}

		x = l.exporting(r, exhibit.Needed)
		x.attempt(whole.created, "test")
		ev, err := l.Evidence(t.Context(), r.Evidence)
		l.ok(err)
		stored, err := l.space().Open(t.Context(), ev)
		l.ok(err)
		_, err = stored.Check(t.Context(), examine.With{Version: "test", Rules: &rule.Set{}})
		l.ok(err)
		again := x.attempt(0, "test")
		if again.created < whole.created-anew {
			t.Errorf("of a check that was done since %d files were made, not %d", again.created, whole.created)
		}

		x = l.exporting(r, exhibit.Needed)
		others := l.segments()
		x.attempt(again.created, "test")
		left := slices.DeleteFunc(l.segments(), func(id string) bool { return slices.Contains(others, id) })
		_, err = l.WithdrawConsent(t.Context(), wide)
		l.ok(err)
		x.attempt(0, "test")
		for name := range x.payload() {
			if strings.HasPrefix(name, "data/evidence/") && !strings.HasSuffix(name, ".sha256") || strings.HasPrefix(name, "data/opened/") {
				t.Errorf("%s leaves though nobody consents any more", name)
			}
		}
		after := l.segments()
		if stays := slices.ContainsFunc(left, func(id string) bool { return slices.Contains(after, id) }); len(left) == 0 || stays {
			t.Errorf("of %d segments of the attempt before some stay", len(left))
		}
	})
}
