//go:build !windows

package vault

import (
	"os"
	"syscall"
)

// tryLock locks a file for this process, or fails where another holds it.
func tryLock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
