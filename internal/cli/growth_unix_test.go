//go:build unix

package cli

import (
	"syscall"
	"testing"
	"time"
)

// processorTime is what this process took of the processor's time.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestTimePerRecordDoesNotGrow checks two backups, one with eight times the
// messages: what is quadratic takes eight times as long for each record. It
// counts the processor's time, which other processes do not lengthen much; one
// calm moment of several is enough.
func TestTimePerRecordDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	small, indicators := speedEvidence(t, 10_000, 100)
	large, _ := speedEvidence(t, 80_000, 100)
	perRecord := func(backup string) time.Duration {
		start := processorTime(t)
		n := checked(t, backup, indicators)
		return (processorTime(t) - start) / time.Duration(n)
	}
	var a, b time.Duration
	for range 6 {
		a, b = perRecord(small), perRecord(large)
		if 2*b <= 3*a {
			return
		}
	}
	t.Errorf("%v for each record of the small backup, %v of the large one", a, b)
}
