package examine_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/fulltext"
	"github.com/amparo-project/amparo/internal/rule"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/timeline"
	"github.com/amparo-project/amparo/internal/workspace"
)

// count is how many rows fit.
func (l *lab) count(query string) (n int) {
	l.t.Helper()
	ok(l.t, l.db.Pool.QueryRowContext(l.t.Context(), query).Scan(&n))
	return n
}

// hits are how many records have some words.
func (l *lab) hits(r *workspace.Run, words string) int {
	l.t.Helper()
	w, err := l.Words(l.t.Context(), r)
	ok(l.t, err)
	defer func() { ok(l.t, w.Close()) }()
	hits, _, err := fulltext.Search(l.t.Context(), w.Files, fulltext.Parse(words), fulltext.Narrow{Limit: 1000})
	ok(l.t, err)
	return len(hits)
}

// events counts those of a run's timeline, and reads the first.
func (l *lab) events(r *workspace.Run) int64 {
	l.t.Helper()
	x, err := l.Timeline(l.t.Context(), r)
	ok(l.t, err)
	defer func() { ok(l.t, x.Close()) }()
	from, to := x.Span()
	rows, _, err := x.Rows(x.File, from, to, "", 0, 1)
	ok(l.t, err)
	e, err := timeline.ReadEvent(x.Events, rows[0].Offset)
	ok(l.t, err)
	if e.Time.UnixMilli() != from {
		l.t.Errorf("the first event is of %s", e.Time)
	}
	return x.Len()
}

// TestIndexes follows the indexes of a result: made by the check, made again
// where they are missing, nowhere in clear, and gone with the consent.
func TestIndexes(t *testing.T) {
	t.Parallel()
	l := newLab(t, 0)
	ctx := t.Context()
	cases, err := l.Cases(ctx, "", workspace.Page{})
	ok(t, err)
	people, err := l.People(ctx, cases.Items[0].ID, workspace.Page{})
	ok(t, err)
	d, err := l.AddDevice(ctx, cases.Items[0].ID, people.Items[0].ID, "phone")
	ok(t, err)
	backup := filepath.Join(t.TempDir(), "backup")
	_, err = testevidence.WriteIOSBackup(backup, testevidence.Options{Messages: 100})
	ok(t, err)
	ev, err := l.Receive(ctx, cases.Items[0].ID, d.ID, backup, nil)
	ok(t, err)
	stored, err := l.Open(ctx, ev)
	ok(t, err)
	ids, err := stored.Check(ctx, examine.With{Version: "test", Rules: &rule.Set{}})
	ok(t, err)
	r, err := l.Run(ctx, ids[0])
	ok(t, err)
	found, total := l.hits(&r, "DONDE estas"), l.events(&r)
	if found == 0 || total == 0 || total != r.Summary.Totals.Events {
		t.Fatalf("%d hits, %d events of %d", found, total, r.Summary.Totals.Events)
	}
	l.inClear("estás")
	before := l.count("SELECT COUNT(*) FROM bundle_batch WHERE bundle LIKE 'I-%'")

	// A run of a time without indexes.
	for _, table := range []string{"bundle_batch", "segment_ref"} {
		_, err := l.db.Pool.ExecContext(ctx, "DELETE FROM "+table+" WHERE bundle LIKE 'I-%'")
		ok(t, err)
	}
	if _, err := l.Words(ctx, &r); !errors.Is(err, examine.ErrNoIndex) {
		t.Fatalf("without an index: %v", err)
	}
	if n := l.events(&r); n != total {
		t.Errorf("%d events, made again", n)
	}
	if _, err := l.Words(ctx, &r); !errors.Is(err, examine.ErrNoIndex) {
		t.Fatalf("with a timeline alone: %v", err)
	}
	for range 2 { // the second finds it made
		ok(t, l.MakeIndex(ctx, &r))
	}
	if n := l.hits(&r, "donde estas"); n != found {
		t.Errorf("%d hits, want %d", n, found)
	}
	l.inClear("estás")

	consents, err := l.Consents(ctx, ev.Case, "", workspace.Page{})
	ok(t, err)
	left, err := l.WithdrawConsent(ctx, consents.Items[0].ID)
	ok(t, err)
	for _, id := range left.Destroyed {
		ok(t, l.Vault.Delete(ctx, id))
	}
	if n := l.count("SELECT COUNT(*) FROM bundle_batch WHERE bundle LIKE 'I-%'") + l.count("SELECT COUNT(*) FROM segment_ref"); n != 0 || before == 0 {
		t.Errorf("%d rows of indexes are left, of %d", n, before)
	}
	if _, err := l.Words(ctx, &r); !errors.Is(err, workspace.ErrErased) {
		t.Errorf("after consent was withdrawn: %v", err)
	}
	if err := l.MakeIndex(ctx, &r); !errors.Is(err, workspace.ErrErased) {
		t.Errorf("made again after consent was withdrawn: %v", err)
	}
}

// inClear looks for a word in every file of the workspace.
func (l *lab) inClear(word string) {
	l.t.Helper()
	ok(l.t, filepath.WalkDir(filepath.Dir(l.Dir), func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if bytes.Contains(data, []byte(word)) {
			l.t.Errorf("%s holds a word of a message", filepath.Base(name))
		}
		return err
	}))
}

// TestTimelineOfWhoMaySee lets somebody look who may store nothing.
func TestTimelineOfWhoMaySee(t *testing.T) {
	t.Parallel()
	l := newLab(t, 1)
	ctx := t.Context()
	l.check(l.with(1, nil, first))
	runs, err := l.LastCheck(ctx, l.evidence[0])
	ok(t, err)
	_, err = l.db.Pool.ExecContext(ctx, "DELETE FROM bundle_batch WHERE bundle LIKE 'I-%'")
	ok(t, err)
	reader := l.as("luz", runs[0].Case, workspace.RoleReader)
	x, err := reader.Timeline(ctx, &runs[0])
	ok(t, err)
	ok(t, x.Close())
	if n := l.count("SELECT COUNT(*) FROM bundle_batch WHERE bundle LIKE 'I-%'"); n != 0 {
		t.Errorf("a reader stored %d parts", n)
	}
}

// as is the workspace of somebody else who is a member of a case.
func (l *lab) as(name, caseID string, role workspace.Role) *examine.Space {
	l.t.Helper()
	id, err := seal.NewIdentity()
	ok(l.t, err)
	_, err = l.AddMember(l.t.Context(), name, id.Recipient())
	ok(l.t, err)
	ok(l.t, l.ShareCase(l.t.Context(), caseID, name, role, ""))
	w, err := workspace.Open(l.t.Context(), l.db, workspace.Options{Identity: id, Now: time.Now})
	ok(l.t, err)
	return &examine.Space{Workspace: w, Vault: l.Vault, Dir: l.Dir}
}
