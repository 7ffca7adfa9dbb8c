//go:build linux

package deploy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // makes a database for the test

	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

// enter runs a command in a root folder as a container would: as the user of
// the image, its file system read-only but for what is mounted at /data and
// /scratch, without a way to more rights, with processes of its own.
const enter = `root=$1 data=$2 id=$3; shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$root/scratch"
exec setpriv --no-new-privs chroot --userspec="$id" "$root" "$@"`

// image is what the Containerfile makes, laid out in a folder.
type image struct {
	t          *testing.T
	root, data string
	user       string
	command    []string
	env        []string
}

// newImage follows the lines of the Containerfile, of the kinds that it has.
func newImage(t *testing.T) *image {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can enter a folder as if it were all of the machine")
	}
	for _, tool := range []string{"unshare", "setpriv", "chroot", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s here", tool)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "--pid", "--fork", "true").CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody unshare: %v: %s", err, out)
	}
	text, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	im := &image{t: t, root: filepath.Join(t.TempDir(), "root"), data: t.TempDir()}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		switch f[0] {
		case "COPY":
			im.copy(f[len(f)-2], f[len(f)-1])
		case "USER":
			im.user = f[1]
		case "ENV":
			im.env = append(im.env, f[1:]...)
		case "ENTRYPOINT":
			for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(line, -1) {
				im.command = append(im.command, m[1])
			}
		case "FROM", "VOLUME", "EXPOSE":
		default:
			t.Fatalf("the Containerfile has %q, which this test does not follow", line)
		}
	}
	// Folders above it are of root alone; those whom the image runs as may pass.
	for dir := im.root; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		im.ok(os.Chmod(dir, 0o755))
	}
	var uid, gid int
	if _, err := fmt.Sscanf(im.user, "%d:%d", &uid, &gid); err != nil || uid == 0 || gid == 0 {
		t.Fatalf("the image runs as %q", im.user)
	}
	im.ok(os.Chown(im.data, uid, gid))
	return im
}

func (im *image) ok(err error) {
	im.t.Helper()
	if err != nil {
		im.t.Fatal(err)
	}
}

// copy puts one thing into the root: the program is the one built, certificates are
// those of the machine or none, the rest is in this folder.
func (im *image) copy(from, to string) {
	im.t.Helper()
	at := filepath.Join(im.root, to)
	im.ok(os.MkdirAll(filepath.Dir(at), 0o755))
	switch from {
	case "bin/amparo":
		built, err := program()
		im.ok(err)
		text, err := os.ReadFile(built)
		im.ok(err)
		im.ok(os.WriteFile(at, text, 0o755))
	case "bin/ca-certificates.crt":
		text, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
		if err != nil && !os.IsNotExist(err) {
			im.t.Fatal(err)
		}
		im.ok(os.WriteFile(at, text, 0o644))
	default:
		name := strings.TrimPrefix(from, "deploy/")
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			im.ok(os.CopyFS(at, os.DirFS(name)))
			return
		}
		text, err := os.ReadFile(name)
		im.ok(err)
		im.ok(os.WriteFile(at, text, 0o644))
	}
}

// start starts the program of the image.
func (im *image) start(ctx context.Context, out io.Writer, args ...string) *exec.Cmd {
	im.t.Helper()
	list := append([]string{"--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", enter, "sh", im.root, im.data, im.user}, im.command...)
	cmd := exec.CommandContext(ctx, "unshare", append(list, args...)...)
	cmd.Env = append(slices.Clone(im.env), "PATH="+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = out, out
	im.ok(cmd.Start())
	return cmd
}

// run runs the program and returns what it says.
func (im *image) run(args ...string) string {
	im.t.Helper()
	var out bytes.Buffer
	if err := im.start(im.t.Context(), &out, args...).Wait(); err != nil {
		im.t.Fatalf("%v: %v: %s", args, err, &out)
	}
	return out.String()
}

// TestImage runs what the image holds, read-only and not as root: it makes a
// workspace, serves, works, and finds itself well.
func TestImage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the program")
	}
	im := newImage(t)
	if out := im.run("--version"); !strings.Contains(out, "amparo") {
		t.Errorf("it says %q", out)
	}
	im.env = append(im.env, "AMPARO_PASSPHRASE=a long passphrase")
	if os.Getenv(postgrestest.Variable) != "" {
		im.env = append(im.env, "AMPARO_WORKSPACE="+postgrestest.Database(t), "AMPARO_VAULT=/data/vault")
	}
	im.run("workspace", "init", "--name", "ana")
	im.run("workspace", "workers", "--new", "/data/workers.key")
	im.env = append(im.env, "AMPARO_WORKER_KEY_FILE=/data/workers.key")
	before := im.files()
	for name, args := range map[string][]string{"worker": {"worker"}, "serve": {"serve", "--no-open", "--addr", freePort(t)}} {
		ops := freePort(t)
		var out bytes.Buffer
		cmd := im.start(t.Context(), &out, append(args, "--ops-addr", ops)...)
		ready, pid := im.ready("http://"+ops+"/readyz"), im.child(cmd.Process.Pid)
		if ready {
			im.asNobody(pid)
		}
		// To unshare itself nobody says TERM: it does not listen.
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil || !ready {
			t.Errorf("%s: ready: %v, ended with %v: %s", name, ready, err, &out)
		}
	}
	if out := im.run("doctor"); !regexp.MustCompile(`(?m)^ok +database`).MatchString(out) || !regexp.MustCompile(`(?m)^ok +vault`).MatchString(out) {
		t.Errorf("doctor says: %s", out)
	}
	if after := im.files(); !slices.Equal(before, after) {
		t.Errorf("the image changed: %v, %v", before, after)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ready waits until a process says that it is.
func (im *image) ready(address string) bool {
	im.t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequestWithContext(im.t.Context(), http.MethodGet, address, http.NoBody)
		im.ok(err)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// child is the process that unshare started.
func (im *image) child(parent int) int {
	im.t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	im.ok(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
	im.ok(err)
	return pid
}

// asNobody looks at a process: its user, and that it can get no rights.
func (im *image) asNobody(pid int) {
	im.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	im.ok(err)
	uid, _, _ := strings.Cut(im.user, ":")
	for _, want := range []string{`(?m)^Uid:\s+` + uid + `\s+` + uid, `(?m)^CapEff:\s+0+$`, `(?m)^NoNewPrivs:\s+1$`} {
		if !regexp.MustCompile(want).Match(status) {
			im.t.Errorf("not %s: %s", want, status)
		}
	}
}

// files lists what is in the image, with its size.
func (im *image) files() (list []string) {
	im.t.Helper()
	im.ok(filepath.WalkDir(im.root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		list = append(list, fmt.Sprint(name, info.Size(), info.ModTime()))
		return err
	}))
	return list
}
