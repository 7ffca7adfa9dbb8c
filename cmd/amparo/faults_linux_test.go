package main

import (
	"context"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// How TestFaults is run: some seconds of faults for each change, an hour by
// hand ("make faults FOR=1h"). The seed chooses faults and acts.
var (
	faultsFor  = flag.Duration("faults", 5*time.Second, "how long TestFaults makes faults")
	faultsSeed = flag.Uint64("faults-seed", 0, "the seed that TestFaults takes; 0: another each time")
)

// field is a deployment of the program with clients, in which faults are made:
// two servers, two workers, PostgreSQL, a store that speaks S3, and between all
// of them a network.
type field struct {
	*killer
	seed   uint64
	nodes  []*node
	pg, s3 *process
	disks  map[string]*small // by what lies on them; none where the test may not mount
	bucket string            // the folder that holds the bucket
	token  string
	feeds  *growing // that the workspace asks

	made   map[string]*atomic.Int64 // faults, by kind
	record journal
}

// node is a server or a worker, with its own network.
type node struct {
	name    string
	process *process
	db, s3  *proxy
	web     *proxy // in front of a server
}

// TestFaults has clients work through two servers, and workers run their jobs,
// while processes are killed, PostgreSQL and the store among them, while the
// network is cut, slow, or loses everything, disks are full, and clocks are
// wrong. At the end each act that was acknowledged is there once, each job has
// ended, and the ledger has one history.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("makes faults for some time")
	}
	t.Parallel()
	f := newField(t)
	f.enter()
	ctx, cancel := context.WithTimeout(t.Context(), *faultsFor)
	defer cancel()
	f.feeds.lag(true)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { f.client(i).work(ctx) })
	}
	streams := 1
	if *faultsFor > time.Minute {
		streams = 2 // faults meet each other
	}
	for i := range streams {
		all.Go(func() { f.trouble(ctx, i) })
	}
	all.Wait()
	f.feeds.lag(false)
	f.settle()
	f.check()
	f.tell()
}

// newField starts the engines and makes a workspace with a key for workers.
func newField(t *testing.T) *field {
	t.Helper()
	f := &field{killer: newKiller(t, ""), feeds: newGrowing(t), seed: *faultsSeed, disks: map[string]*small{}, made: map[string]*atomic.Int64{}}
	if f.seed == 0 {
		f.seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", f.seed)
	for _, k := range allFaults {
		f.made[k.name] = new(atomic.Int64)
	}
	if _, err := testevidence.WriteIOSBackup(f.path("phone"), testevidence.Options{Messages: 100, Iterations: 1, Seed: 2, Plant: true}); err != nil {
		t.Fatal(err)
	}
	var at string
	f.pg, at = f.postgres(f.disk("database"))
	f.env = append(f.env, "AMPARO_WORKSPACE="+at, "AWS_ACCESS_KEY_ID="+s3Name, "AWS_SECRET_ACCESS_KEY="+s3Secret,
		"AMPARO_SCRATCH="+f.path("scratch/here"), "AMPARO_WORKER_KEY_FILE="+f.path("workers.key"), "AMPARO_SERVER=")
	f.bucket = f.disk("bucket")
	f.disk("scratch")
	var store string
	f.s3, store = f.gateway(f.bucket)
	if f.s3 != nil {
		f.env = append(f.env, "AMPARO_VAULT="+vaultOn(store))
	} else {
		t.Log("no versitygw in .bin (scripts/with-s3 puts it there): the vault is a folder")
		f.env = append(f.env, "AMPARO_VAULT="+f.bucket)
	}
	f.must("workspace", "init", "--name", "ana")
	notices := "from: help@example.org\nhelpline: {name: H, reach: {en: x}}\nsmtp: {host: 127.0.0.1, port: 1, timeout: 5s}\n" // nothing is due
	if err := os.WriteFile(f.path("home/notices.yaml"), []byte(notices), 0o600); err != nil {
		t.Fatal(err)
	}
	f.must("workspace", "workers", "--new", f.path("workers.key"))
	f.askOnly()
	f.keep()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"server-0", "server-1", "worker-0", "worker-1"} {
		f.nodes = append(f.nodes, f.node(name, *u, store))
	}
	return f
}

func vaultOn(addr string) string { return "s3://evidence/vault?endpoint=http://" + addr }

// node starts a process that reaches all others through a network of its own.
func (f *field) node(name string, database url.URL, store string) *node {
	f.t.Helper()
	n := &node{name: name, db: newProxy(f.t, database.Host)}
	database.Host = n.db.addr()
	env := []string{"AMPARO_WORKSPACE=" + database.String(), "AMPARO_SCRATCH=" + f.path("scratch/"+name)}
	if f.s3 != nil {
		n.s3 = newProxy(f.t, store)
		env = append(env, "AMPARO_VAULT="+vaultOn(n.s3.addr()))
	}
	f.skew(name, 0)
	args, line := []string{"worker", "--jobs", "2", "--per-case", "4", "--patience", "2s"}, (func(string))(nil)
	if strings.HasPrefix(name, "server") {
		n.web = newProxy(f.t, "")
		args = []string{"serve", "--no-open", "--addr", "127.0.0.1:0"}
		line = func(s string) {
			if u, err := url.Parse(linkPattern.FindString(s)); err == nil && u.Host != "" {
				n.web.lead(u.Host)
				f.record.link(name, u.String())
			}
		}
	}
	n.process = f.start(name, line, func() *execCmd { return f.amparo(name, env, args...) })
	return n
}

var linkPattern = regexp.MustCompile(`http://\S+/enter/\S+`)

// enter makes a token, as a member does in a browser.
func (f *field) enter() {
	f.t.Helper()
	f.await("the server listens", func() bool { return f.record.linkOf("server-0") != "" })
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	link := f.record.linkOf("server-0")
	u, _ := url.Parse(link)
	page := ""
	for _, q := range []struct {
		at   string
		form url.Values
	}{
		{link, nil},
		{"http://" + u.Host + "/unlock", url.Values{"passphrase": {"a long passphrase"}}},
		{"http://" + u.Host + "/tokens", url.Values{"name": {"faults"}, "days": {"3"}, "scope": {"read", "decide", "intake", "hunt", "export", "account", "manage"}}},
	} {
		if page, err = visit(browser, q.at, q.form); err != nil {
			f.t.Fatal(err)
		}
	}
	if f.token = regexp.MustCompile(`amparo_[\w-]{43}`).FindString(page); f.token == "" {
		f.t.Fatal("no token is shown")
	}
}

// settle ends all faults, and waits until every job has ended.
func (f *field) settle() {
	f.t.Helper()
	for _, d := range f.disks {
		d.free()
	}
	for _, n := range f.nodes {
		f.skew(n.name, 0)
		for _, p := range n.networks() {
			p.heal()
		}
	}
	f.allEnded()
}

// allEnded waits until every job has ended.
func (f *field) allEnded() {
	f.t.Helper()
	open := 0
	for until := time.Now().Add(2*time.Minute + *faultsFor); ; time.Sleep(100 * time.Millisecond) {
		err := f.db.QueryRowContext(f.t.Context(), "SELECT COUNT(*) FROM job WHERE ended = ''").Scan(&open)
		if err == nil && open == 0 {
			break
		}
		if time.Now().After(until) {
			f.t.Fatalf("%d jobs do not end: %v", open, err)
		}
	}
}

func (n *node) networks() []*proxy {
	return slices.DeleteFunc([]*proxy{n.db, n.s3, n.web}, func(p *proxy) bool { return p == nil })
}

// tell writes down what happened.
func (f *field) tell() {
	var kinds []string
	for name, n := range f.made {
		kinds = append(kinds, fmt.Sprintf("%d %s", n.Load(), name))
	}
	slices.Sort(kinds)
	starts := []string{}
	all := []*process{f.pg, f.s3}
	for _, n := range f.nodes {
		all = append(all, n.process)
	}
	for _, p := range all {
		if p != nil {
			starts = append(starts, fmt.Sprintf("%s %d", p.name, p.starts))
		}
	}
	f.t.Logf("faults: %s", strings.Join(kinds, ", "))
	f.t.Logf("starts: %s", strings.Join(starts, ", "))
	f.t.Logf("%s", f.record.summary())
}

// small is a disk that can be full.
type small struct {
	at    string
	bytes int64
}

// disk is a folder, on a disk of its own where the test may mount one.
func (f *field) disk(name string) string {
	f.t.Helper()
	at := f.path(name)
	if err := os.MkdirAll(at, 0o700); err != nil {
		f.t.Fatal(err)
	}
	d := &small{at, 8 << 30} // a limit: only what is used takes memory
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", d.bytes)); err != nil {
		f.t.Logf("no disk is filled: a file system can only be mounted by root: %v", err)
		return at
	}
	f.t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
	f.disks[name] = d
	return at
}

// fill takes all room that is left, or nearly.
func (d *small) fill(left int64) {
	var st syscall.Statfs_t
	if syscall.Statfs(d.at, &st) == nil {
		d.size((int64(st.Blocks)-int64(st.Bfree))*st.Bsize + left)
	}
}

func (d *small) free() { d.size(d.bytes) }

func (d *small) size(n int64) {
	_ = syscall.Mount("", d.at, "", syscall.MS_REMOUNT, fmt.Sprintf("size=%d,mode=711", n)) // it grew meanwhile: less is free than was to be
}

// kindOfFault is one of the things that go wrong: make has it so until ctx
// ends.
type kindOfFault struct {
	name string
	most time.Duration // that it lasts
	make func(ctx context.Context, f *field, r *mathrand.Rand)
}

// trouble makes faults, one after the other: each kind once before any comes
// again.
func (f *field) trouble(ctx context.Context, stream int) {
	r := mathrand.New(mathrand.NewPCG(f.seed, uint64(1000+stream)))
	calm := min(max(*faultsFor/40, 50*time.Millisecond), 3*time.Second)
	for ctx.Err() == nil {
		for _, i := range r.Perm(len(allFaults)) {
			k := allFaults[i]
			sleep(ctx, time.Duration(r.Int64N(int64(calm))))
			if ctx.Err() != nil {
				return
			}
			most := min(k.most, *faultsFor/10)
			lasts, cancel := context.WithTimeout(ctx, most/4+time.Duration(r.Int64N(int64(most*3/4+1))))
			k.make(lasts, f, r)
			cancel()
			f.made[k.name].Add(1)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (f *field) some(r *mathrand.Rand, kind string) *node {
	list := slices.DeleteFunc(slices.Clone(f.nodes), func(n *node) bool { return !strings.HasPrefix(n.name, kind) })
	return list[r.IntN(len(list))]
}

func (f *field) network(r *mathrand.Rand) *proxy {
	list := f.some(r, "").networks()
	return list[r.IntN(len(list))]
}

func (f *field) full(ctx context.Context, name string, r *mathrand.Rand) {
	if d := f.disks[name]; d != nil {
		d.fill(r.Int64N(256 << 10))
		<-ctx.Done()
		d.free()
	}
}

// killer of a kind of process.
func killed(kind string, s syscall.Signal) func(context.Context, *field, *mathrand.Rand) {
	return func(_ context.Context, f *field, r *mathrand.Rand) { f.some(r, kind).process.signal(s) }
}

var allFaults = []kindOfFault{
	{"workers killed", 0, killed("worker", syscall.SIGKILL)},
	{"workers ended", 0, killed("worker", syscall.SIGTERM)},
	{"servers killed", 0, killed("server", syscall.SIGKILL)},
	{"servers ended", 0, killed("server", syscall.SIGTERM)},
	{"processes stopped for a time", 20 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) {
		p := f.some(r, "").process
		p.signal(syscall.SIGSTOP)
		<-ctx.Done()
		p.signal(syscall.SIGCONT)
	}},
	{"PostgreSQL killed", 0, func(_ context.Context, f *field, _ *mathrand.Rand) { f.pg.signal(syscall.SIGKILL) }},
	{"connections ended by PostgreSQL", 0, func(ctx context.Context, f *field, _ *mathrand.Rand) {
		_, _ = f.db.ExecContext(context.WithoutCancel(ctx), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'") // it may be away
	}},
	{"PostgreSQL without a free connection", 5 * time.Second, crowd},
	{"stores killed", 0, func(_ context.Context, f *field, _ *mathrand.Rand) {
		if f.s3 != nil {
			f.s3.signal(syscall.SIGKILL)
		}
	}},
	{"networks cut", 0, func(_ context.Context, f *field, r *mathrand.Rand) { f.network(r).cut() }},
	{"networks slow", 10 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) {
		p := f.network(r)
		p.slow(time.Duration(r.IntN(60))*time.Millisecond, (r.IntN(20)+1)*100<<10)
		<-ctx.Done()
		p.slow(0, 0)
	}},
	{"networks that lost everything", 30 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) {
		p := f.network(r)
		p.lose()
		<-ctx.Done()
		if r.IntN(2) == 0 {
			p.cut()
		}
		p.heal()
	}},
	{"disks of the database full", 6 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) { f.full(ctx, "database", r) }},
	{"disks of the store full", 6 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) { f.full(ctx, "bucket", r) }},
	{"disks of workers full", 6 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) { f.full(ctx, "scratch", r) }},
	{"clocks wrong", 30 * time.Second, func(ctx context.Context, f *field, r *mathrand.Rand) {
		n := f.some(r, "")
		f.skew(n.name, time.Duration(r.Int64N(int64(2*time.Hour)))-time.Hour)
		<-ctx.Done()
		if r.IntN(2) == 0 {
			f.skew(n.name, 0)
		}
	}},
}

// crowd takes all connections that PostgreSQL has.
func crowd(ctx context.Context, f *field, _ *mathrand.Rand) {
	for range 120 {
		if c, err := f.db.Conn(ctx); err == nil {
			defer c.Close()
			if c.PingContext(ctx) != nil {
				break
			}
		} else {
			break
		}
	}
	<-ctx.Done()
}

// files are those of the evidence that clients send.
func (f *field) files() map[string][]byte {
	out := map[string][]byte{}
	dir := f.path("phone")
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		f.t.Fatal(err)
	}
	for len(list) > 0 {
		name := list[0]
		list = list[1:]
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			more, _ := filepath.Glob(filepath.Join(name, "*"))
			list = append(list, more...)
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			f.t.Fatal(err)
		}
		rel, _ := filepath.Rel(dir, name)
		out[rel] = data
	}
	return out
}
