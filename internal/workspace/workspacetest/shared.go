package workspacetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

const confided = "confided.example"

func putShared(w *workspace.Workspace, name, text string) error {
	return w.ChangeShared(context.Background(), name, func([]byte) ([]byte, map[string]any, error) {
		return []byte(text), map[string]any{}, nil
	})
}

func wantShared(t *testing.T, w *workspace.Workspace, want string, revision int64) {
	t.Helper()
	data, n, err := w.Shared(t.Context(), workspace.SharedIndicators)
	if err != nil || string(data) != want || n != revision {
		t.Fatalf("shared: %q of revision %d, %v; want %q of %d", data, n, err, want, revision)
	}
}

// testSharedMembers: whoever works here opens it, also who was invited before
// there was anything; nobody reads it in the database.
func testSharedMembers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	if _, _, err := f.Shared(ctx, workspace.SharedIndicators); !errors.Is(err, workspace.ErrNotFound) {
		t.Fatalf("nothing is shared, and %v", err)
	}
	_, secret, err := f.Invite(ctx, workspace.Invitation{Name: "luz"})
	ok(t, err)
	added := f.member("added")
	ok(t, putShared(f.Workspace, workspace.SharedIndicators, confided))
	wantShared(t, f.Workspace, confided, 1)
	wantShared(t, added, confided, 1)

	door, err := workspace.NewDoor(ctx, f.DB, f.Clock.Now)
	ok(t, err)
	id, _, err := door.Join(ctx, secret, "a long passphrase")
	ok(t, err)
	luz, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: id, Now: f.Clock.Now})
	ok(t, err)
	wantShared(t, luz, confided, 1)
	ok(t, putShared(luz, workspace.SharedIndicators, confided+" 2")) // of the team
	wantShared(t, f.Workspace, confided+" 2", 2)

	next, err := seal.NewIdentity()
	ok(t, err)
	ok(t, luz.RotateKey(ctx, next))
	luz, err = workspace.Open(ctx, f.DB, workspace.Options{Identity: next, Now: f.Clock.Now})
	ok(t, err)
	wantShared(t, luz, confided+" 2", 2)

	// Files are for managers; a name that nothing reads is refused.
	if err := putShared(luz, workspace.SharedNotices, "x"); !errors.Is(err, workspace.ErrNotAllowed) {
		t.Errorf("a file by no manager: %v", err)
	}
	if err := putShared(f.Workspace, "other.yaml", "x"); !errors.Is(err, workspace.ErrInvalid) {
		t.Errorf("a file of another name: %v", err)
	}
	ok(t, putShared(f.Workspace, workspace.SharedNotices, confided))
	list, err := luz.SharedList(ctx)
	ok(t, err)
	sum := sha256.Sum256([]byte(confided))
	if len(list) != 1 || list[0].Name != workspace.SharedNotices || list[0].Revision != 1 || list[0].SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", list)
	}
	no := errors.New("another")
	if err := f.RemoveShared(ctx, workspace.SharedNotices, func(old []byte) error {
		if string(old) != confided {
			t.Errorf("%q is to be removed", old)
		}
		return no
	}); !errors.Is(err, no) {
		t.Errorf("removed, though it is another: %v", err)
	}
	ok(t, f.RemoveShared(ctx, workspace.SharedNotices, func([]byte) error { return nil }))
	if err := f.RemoveShared(ctx, workspace.SharedNotices, func([]byte) error { return nil }); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	var sealed []byte
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT sealed FROM shared").Scan(&sealed))
	if strings.Contains(string(sealed), confided) {
		t.Error("it lies in the database in clear")
	}
	key, err := f.SharedKey(ctx)
	ok(t, err)
	ok(t, f.DB.Pool.QueryRowContext(ctx, "SELECT sealed FROM shared_key").Scan(&sealed))
	if strings.Contains(string(sealed), key.Secret()) {
		t.Error("its key lies in the database in clear")
	}
}

// testSharedWorkers: a job of the workers opens it, whether they were named
// before or after there was something, by a program that knows of it or not;
// the key that was replaced does not.
func testSharedWorkers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	first, err := seal.NewIdentity()
	ok(t, err)
	ok(t, f.SetWorkers(ctx, first.Recipient()))
	ok(t, putShared(f.Workspace, workspace.SharedIndicators, confided))
	wantShared(t, f.jobOf(t, first), confided, 1)

	second, err := seal.NewIdentity()
	ok(t, err)
	old := f.queued(t)
	ok(t, f.SetWorkers(ctx, second.Recipient()))
	wantShared(t, f.jobOf(t, second), confided, 1)
	w, _, err := workspace.OpenJob(ctx, f.DB, f.Clock.Now, first, &old)
	ok(t, err)
	if _, _, err := w.Shared(ctx, workspace.SharedIndicators); !errors.Is(err, workspace.ErrSharedKey) {
		t.Errorf("with the key that was replaced: %v", err)
	}

	// A program of before named them, and gave them nothing: the next job does.
	_, err = f.DB.Pool.ExecContext(ctx, "UPDATE workers SET shared = NULL")
	ok(t, err)
	wantShared(t, f.jobOf(t, second), confided, 1)

	// A process that reads evidence is told the key.
	key, err := f.jobOf(t, second).SharedKey(ctx)
	ok(t, err)
	j := f.queued(t)
	caseKey, through, err := f.jobOf(t, second).JobKey(ctx, &j)
	ok(t, err)
	reading, err := workspace.OpenJobKey(ctx, f.DB, f.Clock.Now, caseKey, through, f.Member().ID, &j)
	ok(t, err)
	wantShared(t, reading.WithShared(key), confided, 1)
}

// queued is a new job of the case, as a worker claims it.
func (f *Fixture) queued(t *testing.T) workspace.Job {
	t.Helper()
	j, err := f.AddJob(t.Context(), workspace.Job{Case: f.Case.ID, Kind: workspace.JobHunt}, workspace.JobPrivate{})
	ok(t, err)
	k := workspace.NewWorker(f.DB, workspace.WorkerOptions{Now: f.Clock.Now, Silent: time.Hour})
	claimed, err := k.Claim(t.Context(), j.ID)
	ok(t, err)
	return claimed
}

// jobOf is the workspace as a new job of the workers opens it.
func (f *Fixture) jobOf(t *testing.T, workers seal.Identity) *workspace.Workspace {
	t.Helper()
	j := f.queued(t)
	w, _, err := workspace.OpenJob(t.Context(), f.DB, f.Clock.Now, workers, &j)
	ok(t, err)
	return w
}

// testSharedAtOnce: of changes at the same time none is lost.
func testSharedAtOnce(t *testing.T, f *Fixture) {
	var all sync.WaitGroup
	errs := make(chan error, 8)
	for i := range cap(errs) {
		all.Go(func() {
			errs <- f.ChangeShared(context.Background(), workspace.SharedIndicators, func(old []byte) ([]byte, map[string]any, error) {
				return append(old, fmt.Sprint(i)...), nil, nil
			})
		})
	}
	all.Wait()
	for range cap(errs) {
		ok(t, <-errs)
	}
	data, n, err := f.Shared(t.Context(), workspace.SharedIndicators)
	ok(t, err)
	if len(data) != cap(errs) || n != int64(cap(errs)) {
		t.Errorf("%d changes left %q of revision %d", cap(errs), data, n)
	}
}
