package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ready makes a workspace with a device and consent.
func (k *killer) ready() (device string) {
	k.t.Helper()
	k.must("workspace", "init", "--name", "ana")
	k.caseID = k.must("case", "create", "a case")
	device, _ = k.person()
	k.must("ledger", "checkpoint", "--out", k.path("public"))
	k.keep()
	return device
}

// TestTwoProcessesStoreTheSame lets processes store the same evidence at once:
// what is acknowledged is whole, and who is not first is told so.
func TestTwoProcessesStoreTheSame(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("by processes of their own: the race detector sees no two of them")
	}
	k := newKiller(t, "")
	device := k.ready()
	const processes = 4
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range processes {
		wg.Go(func() {
			id, said, err := k.try("evidence", "add", k.caseID, device, k.path("backup"))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				k.stored = append(k.stored, id)
			case !strings.Contains(said, "another process is storing the same") || !strings.Contains(said, "hint: wait until it ends"):
				t.Errorf("%v: %s", err, said)
			}
		})
	}
	wg.Wait()
	if len(k.stored) == 0 {
		t.Fatal("no process stored it")
	}
	k.hold()
	if listed := k.must("evidence", "list", k.caseID); strings.Contains(listed, "being received") {
		t.Errorf("something is left half: %s", listed)
	}
}

// disk mounts a small file system, where the user of the test may.
func disk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		t.Skipf("a file system can only be mounted by root: %v; TestInterruptedAnywhere of the vault fails each operation instead", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file that leaves so many bytes free.
func fill(t *testing.T, dir string, left int64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	free := int64(st.Bavail) * st.Bsize
	if _, err := io.CopyN(f, zeros{}, max(free-left, 0)); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestDiskFull fills the disk of workspace and vault at many points of storing
// and checking: what was acknowledged is there, what was not is told in a
// sentence and goes on once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts many processes")
	}
	k := newKiller(t, "")
	at := disk(t, 48<<20)
	k.env = append(k.env, "AMPARO_HOME="+filepath.Join(at, "home"), "AMPARO_VAULT="+filepath.Join(at, "vault"))
	device := k.ready()
	full := 0
	run := func(left int64, args ...string) string {
		fill(t, at, left)
		out, said, err := k.try(args...)
		if err := os.Remove(filepath.Join(at, "filler")); err != nil {
			t.Fatal(err)
		}
		if err == nil {
			return out
		}
		full++
		if !strings.Contains(said, "the disk is full") && !strings.Contains(said, "no space left on device") || !strings.Contains(said, "hint: free some space") {
			t.Errorf("%d bytes left, %v: %s", left, args[0], said)
		}
		return k.must(args...)
	}
	for _, left := range []int64{0, 64 << 10, 900 << 10, 1500 << 10} {
		k.stored = append(k.stored, run(left, "evidence", "add", k.caseID, device, k.path("backup")))
		var made struct{ ID string }
		out := run(left+100<<10, "check", "--case", k.caseID, k.stored[0], "--json")
		if err := json.Unmarshal([]byte(out), &made); err != nil {
			t.Fatal(err, out)
		}
		k.runs = append(k.runs, made.ID)
	}
	if full < 4 {
		t.Errorf("the disk was full only %d times", full)
	}
	k.hold()
	if left, err := filepath.Glob(filepath.Join(at, "vault", "check-*")); err != nil || len(left) != 0 {
		t.Error("clear text is left", left, err)
	}
}

// TestReadOnlyDisk makes the disk read-only: what has to write says so, and all
// is there when it can be written again.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("by processes of their own: the race detector sees no two of them")
	}
	k := newKiller(t, "")
	at := disk(t, 32<<20)
	k.env = append(k.env, "AMPARO_HOME="+filepath.Join(at, "home"), "AMPARO_VAULT="+filepath.Join(at, "vault"))
	device := k.ready()
	k.stored = append(k.stored, k.must("evidence", "add", k.caseID, device, k.path("backup")))
	if err := syscall.Mount("", at, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"case", "create", "another"}, {"evidence", "add", k.caseID, device, k.path("backup")}, {"check", "--case", k.caseID, k.stored[0]},
	} {
		_, said, err := k.try(args...)
		if err == nil || !strings.Contains(said, "the workspace cannot be written") && !strings.Contains(said, "read-only file system") ||
			!strings.Contains(said, "hint: the folder or the disk does not let your user write") {
			t.Errorf("%v: %v: %s", args, err, said)
		}
	}
	if err := syscall.Mount("", at, "", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	k.hold()
	k.must("check", "--case", k.caseID, k.stored[0])
}

// TestKilledCheckLeavesNothing kills checks of stored evidence: what lies in
// clear is gone with the next command.
func TestKilledCheckLeavesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes")
	}
	k := newKiller(t, "")
	device := k.ready()
	ev := k.must("evidence", "add", k.caseID, device, k.path("backup"))
	from := time.Now()
	k.must("check", "--case", k.caseID, ev)
	took := time.Since(from)
	seen := 0
	for i := range 5 {
		_, _ = k.command(took*time.Duration(i+1)/6, "check", "--case", k.caseID, ev)
		left, err := filepath.Glob(k.path("vault/check-*"))
		if err != nil {
			t.Fatal(err)
		}
		seen += len(left)
		k.must("case", "list")
		if left, err = filepath.Glob(k.path("vault/check-*")); err != nil || len(left) > 0 {
			t.Error("clear text is left", left, err)
		}
	}
	if seen == 0 {
		t.Log("no check was killed while it wrote") // by its time alone; the test of the vault has the case for sure
	}
	if _, err := os.Stat(k.path("vault")); errors.Is(err, os.ErrNotExist) {
		t.Error("the test looks in the wrong place")
	}
}
