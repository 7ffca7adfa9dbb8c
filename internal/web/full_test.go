package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// fullStore is a store whose disk has room for so many bytes more; negative:
// for any number.
type fullStore struct {
	vault.Store
	room *atomic.Int64
}

func (s fullStore) Create(ctx context.Context, id string) (vault.Writer, error) {
	w, err := s.Store.Create(ctx, id)
	return fullWriter{w, s.room}, err
}

type fullWriter struct {
	vault.Writer
	room *atomic.Int64
}

func (w fullWriter) Write(b []byte) (int, error) {
	if left := w.room.Load(); left >= 0 && w.room.Add(-int64(len(b))) < 0 {
		w.room.Store(0)
		return 0, &os.PathError{Op: "write", Path: "segment", Err: fmt.Errorf("part of %d bytes: %w", len(b), syscall.ENOSPC)}
	}
	return w.Writer.Write(b)
}

// TestDiskFills lets the disk fill in the middle of an upload, and of the check
// after it: both say so in plain words, nothing is taken for whole, and both go
// on once there is room.
func TestDiskFills(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits until the job is tried again")
	}
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	var room atomic.Int64
	room.Store(-1)
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	sp.Vault = fullStore{sp.Vault, &room}
	data := backupZip(t)
	u := b.upload(caseID, device, "backup.zip", len(data))
	st, status := u.send(http.MethodPost, "", nil, nil)
	if status != http.StatusOK {
		t.Fatalf("begin: %d", status)
	}
	room.Store(1000)
	r := u.request(http.MethodPatch, u.at+u.query, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	r.Header.Set("Upload-Offset", fmt.Sprint(st.Offset))
	r.Header.Set("Accept", "application/json")
	if a := u.do(r); a.status != http.StatusInsufficientStorage || !strings.Contains(a.body, "disk") {
		t.Errorf("the disk is full: %d %s", a.status, a.body)
	}
	if _, status := u.send(http.MethodPost, "/done", nil, nil); status != http.StatusPreconditionFailed {
		t.Errorf("half an upload is taken for whole: %d", status)
	}
	room.Store(-1)
	if st, status = u.send(http.MethodPost, "", nil, nil); status != http.StatusOK {
		t.Fatalf("again: %d", status)
	}
	if st, status = u.part(st.Offset, bytes.NewReader(data[st.Offset:])); status != http.StatusOK || st.SHA256 == "" {
		t.Fatalf("with room: %d %+v", status, st)
	}
	room.Store(100)
	if st, status = u.send(http.MethodPost, "/done", nil, nil); status != http.StatusOK {
		t.Fatalf("done: %d", status)
	}
	waits := f.waits(b, st.Next)
	if waits.Error != "web.error.disk_full" || len(waits.Runs) != 0 {
		t.Fatalf("a check on a full disk: %+v", waits)
	}
	if page := b.get(st.Next).body; !strings.Contains(page, "disk") {
		t.Error("the page of the job does not say why it waits")
	}
	room.Store(-1)
	if j := f.job(b, st.Next); j.State != workspace.JobDone || len(j.Runs) != 1 {
		t.Errorf("with room again it goes on by itself: %+v", j)
	}
}

// waits returns a job that waits after something that passes.
func (f *fixture) waits(b *browser, at string) workspace.Job {
	f.t.Helper()
	sp := f.s.sessions.get(b.cookies()[0].Value).unlocked()
	for range 2400 {
		j, err := sp.Job(f.t.Context(), path.Base(at))
		if err != nil {
			f.t.Fatal(err)
		}
		if j.Error != "" || j.Ended != "" {
			return j
		}
		select {
		case <-f.t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	f.t.Fatal("nothing is said of the job")
	return workspace.Job{}
}
