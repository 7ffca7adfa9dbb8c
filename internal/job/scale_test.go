//go:build linux

package job_test

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/scale"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

// plant is a workspace on PostgreSQL and a bucket, worked at by processes of
// the program that is measured.
type plant struct {
	*lab
	url, place, keys string
	bucket           *minio.Client
	name             string
	evidence         []workspace.Evidence
}

// fromEnv is a number that make bench-scale may set.
func fromEnv(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return fallback
}

// TestChecksByWorkers counts the checks that 1, 2 and 4 processes of "amparo
// worker" end in an hour, on PostgreSQL and a bucket: make bench-scale runs it.
func TestChecksByWorkers(t *testing.T) {
	program := os.Getenv("AMPARO_BENCH_PROGRAM")
	if program == "" {
		t.Skip("make bench-scale runs it")
	}
	p := newPlant(t)
	phones, messages := fromEnv("AMPARO_BENCH_CASES", 8), fromEnv("AMPARO_BENCH_MESSAGES", 20_000)
	var received int64
	for i := range phones {
		received += p.receive(i, messages)
		fmt.Fprintf(os.Stderr, "%d of %d phones\n", i+1, phones)
	}
	before, base := p.inBucket(), p.inDatabase()
	s := &scale.Stored{Evidence: received / int64(phones), Vault: before.bytes / int64(phones), Phones: phones}
	ran := 0
	for _, text := range strings.Fields(cmp.Or(os.Getenv("AMPARO_BENCH_WORKERS"), "1 2 4")) {
		n, err := strconv.Atoi(text)
		p.ok(err)
		rounds := max(1, fromEnv("AMPARO_BENCH_CHECKS", 24)/phones)
		x := p.measure(program, n, rounds)
		if ran += rounds * phones; s.Records == 0 {
			p.size(s, before, base, int64(ran))
			p.ok(scale.Print(os.Stdout, scale.Costs{Stored: s}))
		}
		p.ok(scale.Print(os.Stdout, scale.Costs{Checks: []scale.Checks{x}}))
	}
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	u, err := url.Parse(os.Getenv("AMPARO_TEST_S3"))
	if err != nil || u.Host == "" {
		t.Fatal("AMPARO_TEST_S3 names no server: scripts/with-s3 starts one")
	}
	if os.Getenv(postgrestest.Variable) == "" {
		t.Fatal(postgrestest.Variable + " names no PostgreSQL server: scripts/with-postgres starts one")
	}
	p := &plant{url: postgrestest.Database(t), name: "amparo-" + strings.TrimPrefix(vault.NewID(), "S-")}
	p.lab = newLab(t, func() *workspace.DB {
		db, err := postgres.Open(t.Context(), p.url)
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
	p.bucket, err = minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "")})
	p.ok(err)
	p.ok(p.bucket.MakeBucket(t.Context(), p.name, minio.MakeBucketOptions{}))
	p.place = "s3://" + p.name + "/vault?endpoint=" + u.String()
	p.keys = filepath.Join(t.TempDir(), "workers.key")
	p.ok(seal.WriteIdentityFile(p.keys, p.pool, ""))
	return p
}

// receive takes a phone of a case of its own in, and returns its size in bytes.
func (p *plant) receive(i, messages int) int64 {
	p.tb.Helper()
	ctx := p.tb.Context()
	c, err := p.CreateCase(ctx, fmt.Sprint("case ", i))
	p.ok(err)
	person, err := p.AddPerson(ctx, workspace.Person{Case: c.ID, Pseudonym: "p"})
	p.ok(err)
	_, err = p.AddConsent(ctx, workspace.Consent{
		Case: c.ID, Person: person.ID, Purposes: workspace.Purposes, Until: "2999-01-01", FormSHA256: strings.Repeat("0", 64), Private: workspace.ConsentTerms{GivenBy: "x"},
	})
	p.ok(err)
	d, err := p.AddDevice(ctx, c.ID, person.ID, "phone")
	p.ok(err)
	dir := filepath.Join(p.tb.TempDir(), "backup")
	_, err = testevidence.WriteIOSBackup(dir, testevidence.Options{Messages: messages, Seed: uint64(i + 1), Plant: true})
	p.ok(err)
	store, err := stores.Place{Vault: p.place, Scratch: p.tb.TempDir()}.Open(ctx, p.Info().UID)
	p.ok(err)
	defer store.Close()
	ev, err := (&examine.Space{Workspace: p.Workspace, Vault: store, Dir: p.dir}).Receive(ctx, c.ID, d.ID, dir, nil)
	p.ok(err)
	p.evidence = append(p.evidence, ev)
	var size int64
	p.ok(filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			info, err := e.Info()
			if err != nil {
				return err
			}
			size += info.Size()
		}
		return err
	}))
	p.ok(os.RemoveAll(dir))
	return size
}

// measure has processes check all phones some times, and counts the checks of
// the time in which each process had one: not the first of each, nor the last.
func (p *plant) measure(program string, workers, rounds int) scale.Checks {
	p.tb.Helper()
	ctx := p.tb.Context()
	var jobs []string
	for range rounds {
		for i := range p.evidence {
			j, err := p.AddJob(ctx, workspace.Job{Case: p.evidence[i].Case, Kind: workspace.JobCheck, Evidence: p.evidence[i].ID}, workspace.JobPrivate{Lang: "en"})
			p.ok(err)
			jobs = append(jobs, j.ID)
		}
	}
	if len(jobs) <= 2*workers {
		p.tb.Fatalf("%d checks are too few for %d workers", len(jobs), workers)
	}
	database, store := p.services()
	var running []*exec.Cmd
	for range workers {
		running = append(running, p.start(program))
	}
	var starts, ends []time.Time
	for _, id := range jobs {
		begun, ended := p.done(id)
		starts, ends = append(starts, begun), append(ends, ended)
	}
	slices.SortFunc(starts, time.Time.Compare)
	slices.SortFunc(ends, time.Time.Compare)
	x := scale.Checks{Cores: runtime.NumCPU(), Workers: workers, Checks: len(jobs) - 2*workers}
	// As many checks have ended when one begins as make room for it.
	for i := workers; i < len(starts); i++ {
		x.Idle += starts[i].Sub(ends[i-workers]).Seconds() / float64(len(starts)-workers)
	}
	x.PerHour = float64(x.Checks) / ends[len(ends)-1-workers].Sub(ends[workers-1]).Hours()
	for _, cmd := range running {
		p.ok(cmd.Process.Signal(syscall.SIGTERM))
		p.ok(cmd.Wait())
		x.Worker += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	}
	database2, store2 := p.services()
	n := float64(len(jobs))
	x.Worker, x.Database, x.Store = x.Worker/n, (database2-database).Seconds()/n, (store2-store).Seconds()/n
	return x
}

// start starts one worker, which uses one core and the core's share of a
// machine like it.
func (p *plant) start(program string) *exec.Cmd {
	p.tb.Helper()
	cmd := exec.CommandContext(p.tb.Context(), program, "worker")
	home := p.tb.TempDir()
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "AMPARO_WORKSPACE="+p.url, "AMPARO_VAULT="+p.place, "AMPARO_WORKER_KEY_FILE="+p.keys, "AMPARO_HOME="+home, "HOME="+home)
	cmd.Stderr = os.Stderr
	p.ok(cmd.Start())
	return cmd
}

// done waits for the end of a check, and returns when it began and ended.
func (p *plant) done(id string) (begun, ended time.Time) {
	p.tb.Helper()
	for until := time.Now().Add(30 * time.Minute); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		j, err := p.Job(p.tb.Context(), id)
		p.ok(err)
		if j.Ended == "" {
			continue
		}
		if j.State != workspace.JobDone || len(j.Runs) == 0 {
			p.tb.Fatalf("%+v", j)
		}
		begun, err = time.Parse(ledger.TimeLayout, j.Started)
		p.ok(err)
		ended, err = time.Parse(ledger.TimeLayout, j.Ended)
		p.ok(err)
		return begun, ended
	}
	p.tb.Fatalf("job %s does not end", id)
	return begun, ended
}

// held is what lies in the bucket.
type held struct{ objects, bytes int64 }

func (p *plant) inBucket() (h held) {
	p.tb.Helper()
	for o := range p.bucket.ListObjects(p.tb.Context(), p.name, minio.ListObjectsOptions{Recursive: true}) {
		p.ok(o.Err)
		h.objects++
		h.bytes += o.Size
	}
	return h
}

func (p *plant) inDatabase() (bytes int64) {
	p.tb.Helper()
	p.ok(p.Database().Pool.QueryRowContext(p.tb.Context(), "SELECT pg_database_size(current_database())").Scan(&bytes))
	return bytes
}

// size divides what some checks left by their number.
func (p *plant) size(s *scale.Stored, before held, base, checks int64) {
	p.tb.Helper()
	after := p.inBucket()
	s.Result, s.Requests = (after.bytes-before.bytes)/checks, (after.objects-before.objects)/checks
	s.Database = (p.inDatabase() - base) / checks
	l, err := p.Runs(p.tb.Context(), workspace.RunFilter{}, workspace.Page{Limit: workspace.MaxLimit})
	p.ok(err)
	for i := range l.Items {
		s.Records += l.Items[i].Summary.Totals.Records / int64(len(l.Items))
		s.Events += l.Items[i].Summary.Totals.Events / int64(len(l.Items))
	}
}

// services returns what the processor did for the database and the store.
func (p *plant) services() (database, store time.Duration) {
	p.tb.Helper()
	var backend int
	p.ok(p.Database().Pool.QueryRowContext(p.tb.Context(), "SELECT pg_backend_pid()").Scan(&backend))
	master := p.stat(backend)[1] // its parent
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	p.ok(err)
	for _, name := range all {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		p.ok(err)
		if s := p.stat(pid); s != nil && (pid == master || s[1] == master) {
			database += ticks(s[11] + s[12])
			if pid == master {
				database += ticks(s[13] + s[14]) // of connections that ended
			}
		}
	}
	pid, err := strconv.Atoi(os.Getenv("AMPARO_TEST_S3_PID"))
	p.ok(err)
	if s := p.stat(pid); s != nil {
		store = ticks(s[11] + s[12])
	}
	return database, store
}

// stat is /proc/PID/stat from its third field on, nil where that process ended.
func (p *plant) stat(pid int) []int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(b), ") ") // a name may hold anything
	var out []int
	for _, f := range strings.Fields(rest) {
		n, _ := strconv.Atoi(f) // the first is a letter, late ones are larger than an int
		out = append(out, n)
	}
	return out
}

// ticks are those of /proc, a hundred a second.
func ticks(n int) time.Duration { return time.Duration(n) * time.Second / 100 }
