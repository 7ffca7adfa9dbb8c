package web

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/amparo-project/amparo/internal/workspace"
)

// ownMounts says that this process has file systems of its own.
const ownMounts = "AMPARO_TEST_OWN_MOUNTS"

// TestRealDiskFills keeps a workspace, its database and its vault, on a disk of a
// few megabytes, and fills it: in the middle of an upload, and before a check.
// Both say so, nothing is taken for whole, the server lives, and both go on when
// there is room. The disk is a tmpfs that this process alone sees.
func TestRealDiskFills(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits until the job is tried again")
	}
	if os.Getenv(ownMounts) == "" {
		t.Parallel()
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealDiskFills$", "-test.v")
		again.Env = append(os.Environ(), ownMounts+"=1")
		again.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		out, err := again.CombinedOutput()
		switch {
		case errors.Is(err, os.ErrPermission):
			t.Skipf("no file systems of its own here: %v", err)
		case bytes.Contains(out, []byte("--- SKIP")):
			t.Skipf("%s", out)
		case err != nil:
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	d := newDisk(t, 48<<20)
	f := fixtureAt(t, d.at)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	data := backupZip(t)
	u := b.upload(caseID, device, "backup.zip", len(data))
	st, status := u.send(http.MethodPost, "", nil, nil)
	if status != http.StatusOK {
		t.Fatalf("begin: %d", status)
	}
	d.leave(t, 64<<10)
	r := u.request(http.MethodPatch, u.at+u.query, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	r.Header.Set("Upload-Offset", "0")
	r.Header.Set("Accept", "application/json")
	if a := u.do(r); a.status != http.StatusInsufficientStorage || !strings.Contains(a.body, "disk") {
		t.Errorf("the disk is full: %d %s", a.status, a.body)
	}
	if _, status := u.send(http.MethodPost, "/done", nil, nil); status != http.StatusPreconditionFailed {
		t.Errorf("half an upload is taken for whole: %d", status)
	}
	if a := b.get("/cases/" + caseID); a.status != http.StatusOK && a.status != http.StatusInsufficientStorage {
		t.Errorf("a page while the disk is full: %d", a.status)
	}
	d.free(t)
	if st, status = u.send(http.MethodPost, "", nil, nil); status != http.StatusOK {
		t.Fatalf("again: %d", status)
	}
	if st, status = u.part(st.Offset, bytes.NewReader(data[st.Offset:])); status != http.StatusOK || st.SHA256 == "" {
		t.Fatalf("with room: %d %+v", status, st)
	}
	d.leave(t, 512<<10) // for the database to say so; not for what a check finds
	if st, status = u.send(http.MethodPost, "/done", nil, nil); status != http.StatusOK {
		t.Fatalf("done: %d", status)
	}
	if waits := f.waits(b, st.Next); waits.Error != "web.error.disk_full" || len(waits.Runs) != 0 {
		t.Fatalf("a check on a full disk: %+v", waits)
	}
	d.free(t)
	if j := f.job(b, st.Next); j.State != workspace.JobDone || len(j.Runs) != 1 {
		t.Errorf("with room again it goes on by itself: %+v", j)
	}
}

// disk is a small file system.
type disk struct{ at, filler string }

func newDisk(t *testing.T, size int) *disk {
	t.Helper()
	at := t.TempDir()
	if err := syscall.Mount("tmpfs", at, "tmpfs", syscall.MS_NODEV|syscall.MS_NOSUID, "size="+strconv.Itoa(size)); err != nil {
		t.Skipf("no tmpfs here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return &disk{at, filepath.Join(at, "filler")}
}

// leave fills the disk but for so many bytes.
func (d *disk) leave(t *testing.T, room int64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.at, &st); err != nil {
		t.Fatal(err)
	}
	n := int64(st.Bavail)*st.Bsize - room
	if n <= 0 {
		t.Fatalf("the disk has less than %d bytes left", room)
	}
	if err := os.WriteFile(d.filler, make([]byte, n), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *disk) free(t *testing.T) {
	t.Helper()
	if err := os.Remove(d.filler); err != nil {
		t.Fatal(err)
	}
}
