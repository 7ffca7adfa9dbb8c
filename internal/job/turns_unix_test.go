//go:build unix

package job_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/workspace"
)

// messagesVariable is how many messages the backup of BenchmarkTurns has.
const messagesVariable = "AMPARO_BENCH_MESSAGES"

// spent is the processor's time of this process and of its children that ended.
func spent(tb testing.TB) (sum time.Duration) {
	tb.Helper()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			tb.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

// BenchmarkTurns checks one phone in turn in this process, in one of its own,
// and in one that keeps what it has: the medians, and what each costs more than
// the one before. AMPARO_BENCH_MESSAGES=500000 is a backup of 600 MB.
func BenchmarkTurns(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	l := folderLab(b)
	messages := 10_000
	if n, err := strconv.Atoi(os.Getenv(messagesVariable)); err == nil {
		messages = n
	}
	ev := l.phone(messages)
	child := func(keep time.Duration) job.Child {
		return func(ctx context.Context) *exec.Cmd {
			cmd := exec.CommandContext(ctx, self, l.dir)
			cmd.Env = append(os.Environ(), poisonVariable+"=none", keepVariable+"="+keep.String())
			return cmd
		}
	}
	ways := []struct {
		name  string
		child job.Child
	}{{"here", nil}, {"child", child(time.Hour)}, {"kept", child(0)}}
	wall, cpu := make([][]float64, len(ways)), make([][]float64, len(ways))
	for turn := 0; b.Loop(); turn++ {
		for n := range ways {
			i := (turn + n) % len(ways) // what one leaves to be written back falls to each in turn
			way := ways[i]
			stop := l.worker(func(e *job.Engine) {
				e.Child, e.With, e.KeepEvery = way.child, engine(nil, nil, "", "none").With, time.Hour
			})
			began, before := time.Now(), spent(b)
			j := l.endedIn(l.check(ev).ID, time.Hour)
			stop()
			if j.State != workspace.JobDone {
				b.Fatalf("%+v", j)
			}
			wall[i], cpu[i] = append(wall[i], time.Since(began).Seconds()), append(cpu[i], (spent(b)-before).Seconds())
			fmt.Fprintf(os.Stderr, "%s: %.2f s, processor %.2f s\n", way.name, wall[i][len(wall[i])-1], cpu[i][len(cpu[i])-1])
		}
	}
	for i, way := range ways {
		for unit, list := range map[string][][]float64{"s": wall, "cpu-s": cpu} {
			b.ReportMetric(median(list[i]), fmt.Sprintf("%s-%s", way.name, unit))
			if i > 0 {
				ratios := make([]float64, len(list[i]))
				for n := range ratios {
					ratios[n] = list[i][n] / list[i-1][n]
				}
				b.ReportMetric(median(ratios), fmt.Sprintf("%s/%s-%s", way.name, ways[i-1].name, unit))
			}
		}
	}
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
