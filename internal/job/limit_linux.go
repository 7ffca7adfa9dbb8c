package job

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// limitMemory bounds what this process takes: past it, it dies.
func limitMemory(bytes uint64) error {
	if bytes == 0 {
		return nil
	}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes}); err != nil {
		return fmt.Errorf("limit the memory: %w", err)
	}
	return nil
}
