// Measure runs a command and prints its wall time, processor time and peak
// memory beside a floor: reading and hashing the bytes that the command read,
// as its manifest.sha256 lists them, on as many cores.
//
//	measure -name NAME -floor EVIDENCE -out RESULT -- COMMAND ARG...
//
// The result folder is removed before each of the runs; the median is printed.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

type sample struct {
	wall, cpu time.Duration
	rss       int64 // bytes
}

func main() {
	name := flag.String("name", "", "what is measured")
	evidence := flag.String("floor", "", "folder whose files the floor reads")
	out := flag.String("out", "", "result folder of the command")
	runs := flag.Int("runs", 3, "how often to run")
	flag.Parse()
	if err := measure(*name, *evidence, *out, *runs, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func measure(name, evidence, out string, runs int, command []string) error {
	var samples []sample
	for range runs {
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		s, err := run(command)
		if err != nil {
			return err
		}
		samples = append(samples, s)
	}
	slices.SortFunc(samples, func(a, b sample) int { return int(a.wall - b.wall) })
	s := samples[len(samples)/2]
	floor, bytes, err := hashAll(evidence, filepath.Join(out, "manifest.sha256"))
	if err != nil {
		return err
	}
	records, events, err := totals(filepath.Join(out, "run.json"))
	if err != nil {
		return err
	}
	fmt.Printf("%-18s %6.2f s wall  %6.2f s cpu  %4d MB peak  %5d MB read  %8d records  %8d events  %5.2f us/record  floor %.2f s  ratio %.1f\n",
		name, s.wall.Seconds(), s.cpu.Seconds(), s.rss>>20, bytes>>20, records, events,
		s.wall.Seconds()*1e6/float64(max(records, 1)), floor.Seconds(), s.wall.Seconds()/floor.Seconds())
	return nil
}

func run(command []string) (sample, error) {
	c := exec.Command(command[0], command[1:]...)
	c.Stderr = os.Stderr
	start := time.Now()
	err := c.Run()
	wall := time.Since(start)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", command[0], err)
	}
	usage, _ := c.ProcessState.SysUsage().(*syscall.Rusage)
	return sample{wall, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), usage.Maxrss << 10}, nil
}

// hashAll reads and hashes the files of a manifest, once to warm the cache
// and once by the clock.
func hashAll(dir, manifest string) (time.Duration, int64, error) {
	f, err := os.Open(manifest)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var names []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if _, name, ok := strings.Cut(sc.Text(), "  "); ok {
			names = append(names, filepath.Join(dir, name))
		}
	}
	if _, err := hashEach(names); err != nil {
		return 0, 0, err
	}
	start := time.Now()
	n, err := hashEach(names)
	return time.Since(start), n, err
}

func hashEach(names []string) (total int64, err error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		queue = make(chan string)
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for name := range queue {
				n, e := hashFile(name)
				mu.Lock()
				total += n
				if e != nil {
					err = e
				}
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	wg.Wait()
	return total, err
}

func hashFile(name string) (int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.CopyBuffer(struct{ io.Writer }{sha256.New()}, f, make([]byte, 256<<10))
}

func totals(name string) (records, events int64, err error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return 0, 0, err
	}
	var run struct {
		Totals struct{ Records, Events int64 }
	}
	err = json.Unmarshal(raw, &run)
	return run.Totals.Records, run.Totals.Events, err
}
