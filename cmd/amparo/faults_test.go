package main

import (
	"flag"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultsFor is how long TestFaults makes faults: a few seconds for each change,
// an hour by hand ("scripts/with-postgres go test ./cmd/amparo -run TestFaults
// -faults 1h -timeout 2h -v").
var faultsFor = flag.Duration("faults", 10*time.Second, "how long TestFaults makes faults")

// proxy stands between the program and its database.
type proxy struct {
	to  string
	ln  net.Listener
	mu  sync.Mutex
	all map[net.Conn]bool // guarded by mu
	lag time.Duration     // guarded by mu; of each piece that goes through
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: to, ln: ln, all: map[net.Conn]bool{}}
	t.Cleanup(func() { ln.Close(); p.cut() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go p.pass(c)
		}
	}()
	return p
}

func (p *proxy) pass(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", p.to) //nolint:noctx // a test's own
	if err != nil {
		return
	}
	defer to.Close()
	p.mu.Lock()
	p.all[from], p.all[to] = true, true
	p.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() { p.copy(way[0], way[1]); done <- struct{}{} }()
	}
	<-done
	p.mu.Lock()
	delete(p.all, from)
	delete(p.all, to)
	p.mu.Unlock()
}

func (p *proxy) copy(from io.Reader, to io.Writer) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		p.mu.Lock()
		lag := p.lag
		p.mu.Unlock()
		time.Sleep(lag)
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.all {
		c.Close()
	}
}

func (p *proxy) delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag = d
}

// TestFaults has workers run jobs while they are killed, while the network to
// PostgreSQL is cut and slow, and while PostgreSQL ends all connections. At the
// end every job that was acknowledged is done, once, and the ledger has one
// history.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("makes faults for some time")
	}
	if os.Getenv("AMPARO_TEST_POSTGRES") == "" {
		t.Skip("AMPARO_TEST_POSTGRES names no PostgreSQL server: scripts/with-postgres starts one")
	}
	t.Parallel()
	direct := freshDatabase(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.ln.Addr().String()
	k := newKiller(t, u.String())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k.r = mathrand.New(mathrand.NewPCG(seed, 1))
	k.must("workspace", "init", "--name", "ana")
	k.caseID = k.must("case", "create", "a case")
	k.keep()
	k.open(direct)
	k.must("workspace", "workers", "--new", k.path("workers.key"))
	device, _ := k.person()
	w := &crew{k: k, p: p}
	defer w.end()
	w.hire()
	w.hire()
	jobs := w.trouble(device)
	p.delay(0)
	for _, id := range jobs {
		if out := k.must("job", "wait", id, "--timeout", "120s"); !strings.Contains(out, "done") {
			t.Errorf("%s", out)
		}
	}
	w.end()
	w.hold(len(jobs))
	k.hold()
	t.Logf("%d jobs, %d workers killed, %d cuts", len(jobs), w.killed, w.cuts)
}

// crew are workers that come and go.
type crew struct {
	k            *killer
	p            *proxy
	workers      []*exec.Cmd
	killed, cuts int
}

func (w *crew) hire() {
	w.k.t.Helper()
	cmd := exec.CommandContext(w.k.t.Context(), os.Args[0], "worker", "--identity", w.k.path("workers.key"), "--per-case", "4")
	cmd.Env = w.k.env
	if err := cmd.Start(); err != nil {
		w.k.t.Fatal(err)
	}
	w.workers = append(w.workers, cmd)
}

func (w *crew) fire(i int) {
	_ = w.workers[i].Process.Kill()
	_ = w.workers[i].Wait()
	w.workers = append(w.workers[:i], w.workers[i+1:]...)
}

func (w *crew) end() {
	for len(w.workers) > 0 {
		w.fire(0)
	}
}

// trouble queues jobs and makes faults beside them. It returns the jobs that
// were acknowledged.
func (w *crew) trouble(device string) (jobs []string) {
	k := w.k
	evidence := ""
	for n, until := 0, time.Now().Add(*faultsFor); n < 6 || time.Now().Before(until); n++ {
		add := []string{"job", "add", "receive", k.caseID, "--device", device, "--path", k.path("backup")}
		if evidence != "" {
			add = []string{"job", "add", "check", "--evidence", evidence}
		}
		if r := k.run(0, add...); r.failed == nil { // one that was cut off acknowledged nothing
			jobs = append(jobs, r.out)
		}
		if evidence == "" && len(jobs) == 1 {
			k.must("job", "wait", jobs[0], "--timeout", "60s")
			if err := k.db.QueryRowContext(k.t.Context(), "SELECT evidence_id FROM job WHERE id = $1", jobs[0]).Scan(&evidence); err != nil {
				k.t.Fatal(err)
			}
		}
		switch k.r.IntN(4) {
		case 0:
			w.killed++
			w.fire(k.r.IntN(len(w.workers)))
			w.hire()
		case 1:
			w.cuts++
			w.p.cut()
		case 2:
			w.p.delay(time.Duration(k.r.IntN(20)) * time.Millisecond)
		case 3:
			_, err := k.db.ExecContext(k.t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
			if err != nil {
				k.t.Fatal(err)
			}
		}
	}
	return jobs
}

// hold checks that nothing was lost, and nothing done twice: each job of a check
// has one run, each run is of a job, and the evidence was stored once.
func (w *crew) hold(acknowledged int) {
	k := w.k
	k.t.Helper()
	var jobs, wrong, with, runs, evidence, keys int
	err := k.db.QueryRowContext(k.t.Context(), `SELECT (SELECT COUNT(*) FROM job), (SELECT COUNT(*) FROM job WHERE runs LIKE '%,%' OR state = 'done' AND runs = ''),
		(SELECT COUNT(*) FROM job WHERE runs <> ''), (SELECT COUNT(*) FROM run), (SELECT COUNT(*) FROM evidence),
		(SELECT COUNT(*) FROM job WHERE state = 'done' AND (wrapped IS NOT NULL OR sealed IS NOT NULL))`).Scan(&jobs, &wrong, &with, &runs, &evidence, &keys)
	if err != nil {
		k.t.Fatal(err)
	}
	// A job may be there whose acknowledgement was cut off, and still run.
	if jobs < acknowledged || wrong != 0 || with != runs || evidence != 1 || keys != 0 {
		k.t.Errorf("%d acknowledged, %d jobs, %d of them wrong, %d with a run; %d runs, %d pieces of evidence, %d keys that are left",
			acknowledged, jobs, wrong, with, runs, evidence, keys)
	}
}
