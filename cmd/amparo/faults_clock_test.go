package main

import (
	"os"
	"strings"
	"sync"
	"time"
)

// clockChild names a file that says how far the clock of the program is apart
// from the machine's, such as 1h. It may change while the program runs.
const clockChild = "AMPARO_TEST_CLOCK"

// skewed is that clock; without a file it is the machine's.
func skewed(file string) func() time.Time {
	if file == "" {
		return time.Now
	}
	var (
		mu   sync.Mutex
		read time.Time
		by   time.Duration
	)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if now.Sub(read) > 50*time.Millisecond {
			read = now
			if text, err := os.ReadFile(file); err == nil {
				by, _ = time.ParseDuration(strings.TrimSpace(string(text)))
			}
		}
		return now.Add(by)
	}
}
