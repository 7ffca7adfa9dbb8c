//go:build unix

// Measure runs a command and prints its wall time, processor time and peak
// memory beside a floor: reading and hashing the bytes that the command read,
// as its manifest.sha256 lists them, on as many cores.
//
//	measure -name NAME -floor EVIDENCE -out RESULT [-against "COMMAND ARG..."] -- COMMAND ARG...
//
// The result folder is removed before each of the runs; the median is printed.
// With -against another command runs in turn with it, and the ratio of their
// times is printed too. An archive has no floor: what was read lies within it.
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
	against := flag.String("against", "", "command to compare with, its words set apart by blanks")
	runs := flag.Int("runs", 3, "how often to run")
	flag.Parse()
	if err := measure(*name, *evidence, *out, *runs, flag.Args(), strings.Fields(*against)); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func measure(name, evidence, out string, runs int, command, against []string) error {
	var samples, others []sample
	for range runs {
		if len(against) > 0 {
			s, err := run(against, out)
			if err != nil {
				return err
			}
			others = append(others, s)
		}
		s, err := run(command, out)
		if err != nil {
			return err
		}
		samples = append(samples, s)
	}
	s := median(samples)
	t, err := totals(filepath.Join(out, "run.json"))
	if err != nil {
		return err
	}
	fmt.Printf("%-24s %6.2f s wall  %6.2f s cpu  %4d MB peak  %5d MB read  %8d records  %8d events  %5.2f us/record",
		name, s.wall.Seconds(), s.cpu.Seconds(), s.rss>>20, t.Bytes>>20, t.Records, t.Events,
		s.wall.Seconds()*1e6/float64(max(t.Records, 1)))
	if evidence != "" {
		floor, err := hashAll(evidence, filepath.Join(out, "manifest.sha256"))
		if err != nil {
			return err
		}
		fmt.Printf("  floor %.2f s  ratio %.1f", floor.Seconds(), s.wall.Seconds()/floor.Seconds())
	}
	if len(against) > 0 {
		o := median(others)
		fmt.Printf("  %s %.2f s  ratio %.2f", filepath.Base(against[0]), o.wall.Seconds(), s.wall.Seconds()/o.wall.Seconds())
	}
	fmt.Println()
	return nil
}

func median(samples []sample) sample {
	slices.SortFunc(samples, func(a, b sample) int { return int(a.wall - b.wall) })
	return samples[len(samples)/2]
}

func run(command []string, out string) (sample, error) {
	if err := os.RemoveAll(out); err != nil {
		return sample{}, err
	}
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
func hashAll(dir, manifest string) (time.Duration, error) {
	f, err := os.Open(manifest)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var names []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if _, name, ok := strings.Cut(sc.Text(), "  "); ok {
			names = append(names, filepath.Join(dir, name))
		}
	}
	if err := hashEach(names); err != nil {
		return 0, err
	}
	start := time.Now()
	err = hashEach(names)
	return time.Since(start), err
}

func hashEach(names []string) (err error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		queue = make(chan string)
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for name := range queue {
				if e := hashFile(name); e != nil {
					mu.Lock()
					err = e
					mu.Unlock()
				}
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	wg.Wait()
	return err
}

func hashFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{sha256.New()}, f, make([]byte, 256<<10))
	return err
}

// counts are the totals of a run.
type counts struct{ Records, Events, Bytes int64 }

func totals(name string) (counts, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return counts{}, err
	}
	var run struct{ Totals counts }
	err = json.Unmarshal(raw, &run)
	return run.Totals, err
}
