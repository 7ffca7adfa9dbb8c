//go:build linux || darwin

package web

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/scale"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/web/webtest"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
)

// fromEnv is a number that make bench-web may set.
func fromEnv(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return fallback
}

// TestLoad measures how long pages take while many people work. It fills a
// workspace first: see make bench-web.
func TestLoad(t *testing.T) {
	engine := os.Getenv("AMPARO_BENCH_WEB")
	if engine == "" {
		t.Skip("make bench-web runs it")
	}
	size := webtest.Size{
		Cases: fromEnv("AMPARO_BENCH_CASES", 50), Devices: fromEnv("AMPARO_BENCH_DEVICES", 20), Findings: 50, Messages: fromEnv("AMPARO_BENCH_MESSAGES", 20_000),
	}
	people := fromEnv("AMPARO_BENCH_PEOPLE", 50)
	f := newFixture(t)
	if engine == "postgres" {
		f.s.o.Exists = func() bool { return f.s.house != nil }
		f.s.o.Database = func(ctx context.Context, _ bool) (*workspace.DB, stores.Place, error) {
			db, err := postgres.Open(ctx, os.Getenv("AMPARO_TEST_POSTGRES"))
			return db, stores.Place{Vault: filepath.Join(f.home, "workspace", "vault")}, err
		}
	}
	owner := f.member()
	begun := time.Now()
	w, err := webtest.Populate(t.Context(), f.manager(), size, t.TempDir(), func(at string) { fmt.Fprintln(os.Stderr, engine, at) })
	if err != nil {
		t.Fatal(err)
	}
	sp := f.manager()
	browsers := []*browser{owner}
	for i := 1; i < people; i++ {
		name := fmt.Sprint("colleague-", i)
		browsers = append(browsers, f.otherMember(name))
		for j := range w.Cases {
			if err := sp.ShareCase(t.Context(), w.Cases[j].ID, name, workspace.RoleAnalyst, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	fmt.Printf("%s: %d devices, %d findings, %d events, made in %s, %s on disk\n",
		engine, w.Devices, w.Findings, w.Events, time.Since(begun).Round(time.Second), onDisk(f.home))
	l := &load{f: f, w: w, browsers: browsers, visits: visits(t, f.s)}
	if only := os.Getenv("AMPARO_BENCH_PAGES"); only != "" {
		l.visits = slices.DeleteFunc(l.visits, func(v visit) bool { return !strings.HasPrefix(v.name, only) })
	}
	seconds := time.Duration(fromEnv("AMPARO_BENCH_SECONDS", 60)) * time.Second
	l.alone()
	x := l.run(engine+", one to three seconds between a person's pages", time.Second, 2*time.Second, seconds)
	x.Engine, x.People, x.Devices = engine, people, w.Devices
	if err := scale.Print(os.Stdout, scale.Costs{Pages: []scale.Pages{x}}); err != nil {
		t.Fatal(err)
	}
	l.run(engine+", without a pause", 0, 0, seconds/2)
}

func onDisk(dir string) string {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return size(total)
}

// load is people who work.
type load struct {
	f        *fixture
	w        *webtest.World
	browsers []*browser
	visits   []visit

	mu    sync.Mutex
	taken map[string][]time.Duration
	work  map[string][]time.Duration // of the processor, where one asks alone
	bad   map[string]int
}

// worked is what the processor did for this process so far.
func worked() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// alone asks each page a few times while nobody else works.
func (l *load) alone() {
	l.taken, l.work, l.bad = map[string][]time.Duration{}, map[string][]time.Duration{}, map[string]int{}
	r := rand.New(rand.NewPCG(3, 3))
	for _, v := range l.visits {
		for range 10 {
			before := worked()
			l.visit(r, l.browsers[0], v)
			l.work[v.name] = append(l.work[v.name], worked()-before)
		}
	}
	l.table("one person")
	l.work = nil
}

// run lets all work for a time.
func (l *load) run(title string, least, spread, length time.Duration) (x scale.Pages) {
	l.taken, l.bad = map[string][]time.Duration{}, map[string]int{}
	ctx, cancel := context.WithTimeout(l.f.t.Context(), length)
	defer cancel()
	if name := os.Getenv("AMPARO_BENCH_PROFILE"); name != "" {
		if out, err := os.Create(name); err == nil && pprof.StartCPUProfile(out) == nil {
			defer pprof.StopCPUProfile()
		}
	}
	before, begun := worked(), time.Now()
	var all sync.WaitGroup
	for i, b := range l.browsers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 5))
			for ctx.Err() == nil {
				if spread > 0 {
					select {
					case <-ctx.Done():
						return
					case <-time.After(least + time.Duration(r.Int64N(int64(spread)))):
					}
				}
				l.visit(r, b, l.visits[r.IntN(len(l.visits))])
			}
		})
	}
	all.Wait()
	l.table(title)
	var list []time.Duration
	for name, of := range l.taken {
		list = append(list, of...)
		if slow := at(of, 95); slow > x.SlowP95 {
			x.Slowest, x.SlowP95 = name, slow
		}
		x.Refused += l.bad[name]
	}
	slices.Sort(list)
	work, took := worked()-before, time.Since(begun).Seconds()
	x.PerSecond, x.Processor = float64(len(list))/took, float64(work.Microseconds())/1000/float64(max(len(list), 1))
	x.Median, x.P95 = at(list, 50), at(list, 95)
	fmt.Printf("\n%.1f requests a second; of the processor %.1f ms a request, with those who ask: %.2f cores\n", x.PerSecond, x.Processor, work.Seconds()/took)
	return x
}

func (l *load) visit(r *rand.Rand, b *browser, v visit) {
	path, ok := address(r, l.w, v.path)
	if !ok {
		return
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(l.f.t.Context()), http.MethodGet, l.f.base+path, nil)
	if err != nil {
		return
	}
	begun := time.Now()
	res, err := b.c.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	took := time.Since(begun)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken[v.name] = append(l.taken[v.name], took)
	if err != nil || res.StatusCode >= http.StatusBadRequest {
		l.bad[v.name]++
	}
}

func at(sorted []time.Duration, percent int) float64 {
	return float64(sorted[min(len(sorted)-1, len(sorted)*percent/100)].Microseconds()) / 1000
}

// table prints what was measured, the slowest first.
func (l *load) table(title string) {
	var all []time.Duration
	names := make([]string, 0, len(l.taken))
	for name, list := range l.taken {
		slices.Sort(list)
		names, all = append(names, name), append(all, list...)
	}
	slices.Sort(all)
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(-cmp.Compare(at(l.taken[a], 95), at(l.taken[b], 95)), strings.Compare(a, b))
	})
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	fmt.Printf("\n%s: %d requests, %s in use\n\n| page | requests | median | 95 of 100 | most | refused | processor |\n|---|---|---|---|---|---|---|\n", title, len(all), size(int64(mem.HeapInuse)))
	fmt.Printf("| **all** | %d | %.1f ms | %.1f ms | %.1f ms | | |\n", len(all), at(all, 50), at(all, 95), at(all, 100))
	for _, name := range names {
		list := l.taken[name]
		work := ""
		if list := l.work[name]; len(list) > 0 {
			slices.Sort(list)
			work = fmt.Sprintf("%.1f ms", at(list, 50))
		}
		fmt.Printf("| `%s` | %d | %.1f ms | %.1f ms | %.1f ms | %d | %s |\n", name, len(list), at(list, 50), at(list, 95), at(list, 100), l.bad[name], work)
	}
}
