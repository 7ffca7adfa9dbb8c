package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that is started again whenever it ends.
type process struct {
	t    *testing.T
	name string
	cmd  func() *exec.Cmd
	log  *os.File
	line func(string) // of its standard output; nil: nobody listens

	mu     sync.Mutex
	now    *exec.Cmd // guarded by mu; nil: it does not run
	ended  bool      // guarded by mu: it is not started again
	starts int       // guarded by mu
	done   chan struct{}
}

// againAfter is how long a process that ended is left alone.
const againAfter = 100 * time.Millisecond

// start starts the process, and again whenever it ends, until the test does.
func (f *field) start(name string, line func(string), cmd func() *exec.Cmd) *process {
	f.t.Helper()
	log, err := os.Create(f.path(name + ".log"))
	if err != nil {
		f.t.Fatal(err)
	}
	p := &process{t: f.t, name: name, cmd: cmd, log: log, line: line, done: make(chan struct{})}
	go p.keep()
	f.t.Cleanup(func() {
		p.end()
		log.Close()
		if f.t.Failed() {
			p.failures()
		}
	})
	return p
}

func (p *process) keep() {
	defer close(p.done)
	for {
		cmd := p.cmd()
		cmd.Stderr = p.log
		cmd.SysProcAttr = orNew(cmd.SysProcAttr)
		cmd.SysProcAttr.Setpgid = true
		var out *bufio.Scanner
		if p.line != nil {
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				p.t.Error(err)
				return
			}
			out = bufio.NewScanner(pipe)
		}
		p.mu.Lock()
		if p.ended {
			p.mu.Unlock()
			return
		}
		if err := cmd.Start(); err != nil {
			p.mu.Unlock()
			p.t.Errorf("%s: %v", p.name, err)
			return
		}
		p.now, p.starts = cmd, p.starts+1
		p.mu.Unlock()
		for out != nil && out.Scan() {
			p.line(out.Text())
		}
		_ = cmd.Wait() // it was killed, or says why in its log
		p.mu.Lock()
		p.now = nil
		p.mu.Unlock()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it started and left behind
		time.Sleep(againAfter)
	}
}

func orNew(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if a == nil {
		return &syscall.SysProcAttr{}
	}
	return a
}

// signal reaches the process, or with SIGKILL all of its group. It reports
// whether it ran.
func (p *process) signal(s syscall.Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return false
	}
	pid := p.now.Process.Pid
	if s == syscall.SIGKILL {
		pid = -pid
	}
	return syscall.Kill(pid, s) == nil
}

// end ends the process for good: as its operator would, and by force where it
// does not.
func (p *process) end() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}

// failures shows what the process said last of what failed.
func (p *process) failures() {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		p.t.Error(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(s string) bool { return !strings.Contains(s, "failed") })
	for _, s := range lines[max(0, len(lines)-10):] {
		p.t.Logf("%s: %s", p.name, s[:min(len(s), 500)])
	}
}

// panics are lines of a log that no fault explains.
var panics = regexp.MustCompile(`(?m)^(panic: |fatal error: |WARNING: DATA RACE).*`)

func (p *process) panics() [][]byte {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		p.t.Fatal(err)
	}
	if i := panics.FindIndex(text); i != nil {
		p.t.Logf("%s", text[i[0]:min(len(text), i[0]+3000)])
	}
	return panics.FindAll(text, -1)
}

// freePort is a port that nobody has at this moment.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// postgres starts a server of PostgreSQL of this test alone, in a folder, and
// returns where it is. It skips the test where none is installed.
func (f *field) postgres(dir string) (p *process, url string) {
	f.t.Helper()
	list, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(list) == 0 {
		f.t.Skip("PostgreSQL is not installed in /usr/lib/postgresql")
	}
	slices.Sort(list)
	bin := filepath.Dir(list[len(list)-1])
	attr := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			f.t.Skip(err)
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		for at := dir; at != filepath.Dir(at) && at != os.TempDir(); at = filepath.Dir(at) {
			if err := os.Chmod(at, 0o711); err != nil {
				f.t.Fatal(err)
			}
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			f.t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	init := exec.CommandContext(f.t.Context(), filepath.Join(bin, "initdb"), "-D", data, "-U", "amparo", "--auth=trust", "--encoding=UTF8", "--no-locale", "--wal-segsize=1")
	init.Dir, init.SysProcAttr = dir, attr
	if out, err := init.CombinedOutput(); err != nil {
		f.t.Fatalf("initdb: %v: %s", err, out)
	}
	port := freePort(f.t)
	p = f.start("postgres", nil, func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "",
			"-c", "max_connections=120", "-c", "max_wal_size=32MB", "-c", "shared_buffers=32MB")
		cmd.Dir = dir
		own := *attr
		cmd.SysProcAttr = &own
		return cmd
	})
	url = fmt.Sprintf("postgres://amparo@127.0.0.1:%d/postgres?sslmode=disable", port)
	db, err := sql.Open("pgx", url)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { db.Close() })
	f.db = db
	f.await("PostgreSQL answers", func() bool { return db.PingContext(f.t.Context()) == nil })
	return p, url
}

// gateway starts a server of S3 of this test alone, and makes a bucket. It is
// nil where there is no program for it: the vault is a folder then.
func (f *field) gateway(dir string) (p *process, addr string) {
	f.t.Helper()
	list, err := filepath.Glob("../../.bin/versitygw-*")
	if err != nil || len(list) == 0 {
		return nil, ""
	}
	slices.Sort(list)
	bin, err := filepath.Abs(list[len(list)-1])
	if err != nil {
		f.t.Fatal(err)
	}
	for _, name := range []string{"meta", "data/evidence"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			f.t.Fatal(err)
		}
	}
	addr = fmt.Sprintf("127.0.0.1:%d", freePort(f.t))
	p = f.start("versitygw", nil, func() *exec.Cmd {
		cmd := exec.Command(bin, "--quiet", "--port", addr, "posix", "--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "data"))
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s3Name, "ROOT_SECRET_KEY="+s3Secret)
		return cmd
	})
	f.await("the bucket answers", func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return p, addr
}

const s3Name, s3Secret = "amparo-test", "of this test alone"

// await waits until something is so.
func (f *field) await(what string, is func() bool) {
	f.t.Helper()
	for until := time.Now().Add(2 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			f.t.Fatalf("not within two minutes: %s", what)
		}
	}
}

// amparo is the program of this test, with the clock of a file.
func (f *field) amparo(clock string, env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(slices.Clone(f.env), clockChild+"="+f.path(clock+".clock")), env...)
	return cmd
}

// skew sets the clock of a process apart from that of the machine.
func (f *field) skew(clock string, by time.Duration) {
	f.t.Helper()
	name := f.path(clock + ".clock")
	if err := os.WriteFile(name+".new", []byte(by.String()), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		f.t.Fatal(err)
	}
}
