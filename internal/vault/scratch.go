package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// scratchPrefix begins the names of folders for results in the making. They
// hold clear text: so none may be left by a process that was killed.
const (
	scratchPrefix = "check-"
	lockEnd       = ".lock"
)

var scratchLock = regexp.MustCompile(`^check-[0-9a-f]{26}\.lock$`)

// held are the locks of this process's folders, by the path of the folder. A
// lock ends with the process, however that ends.
var held = struct {
	sync.Mutex
	locks map[string]*os.File
}{locks: map[string]*os.File{}}

// Scratch makes a folder in dir for results in the making, which the caller
// removes, and removes those of processes that are gone.
func Scratch(dir string) (string, error) {
	if err := CleanScratch(dir); err != nil {
		return "", err
	}
	for range 100 {
		name := filepath.Join(dir, scratchPrefix+strings.TrimPrefix(NewID(), "S-"))
		lock, err := os.OpenFile(name+lockEnd, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return "", fmt.Errorf("folder for results: %w", err)
		}
		// Another process may have taken the file for one that was left.
		if tryLock(lock) != nil || !sameFile(lock, name+lockEnd) {
			lock.Close()
			continue
		}
		if err := os.Mkdir(name, 0o700); err != nil {
			return "", fmt.Errorf("folder for results: %w", errors.Join(err, lock.Close(), os.Remove(name+lockEnd)))
		}
		held.Lock()
		held.locks[name] = lock
		held.Unlock()
		return name, nil
	}
	return "", errors.New("folder for results: no name is free")
}

func sameFile(f *os.File, name string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Stat(name)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// CleanScratch removes the folders that processes left which are gone: killed,
// or cut off from their power. Those of living ones, and all else, it leaves.
func CleanScratch(dir string) error {
	release()
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("folder for results: %w", err)
	}
	for _, e := range list {
		name := filepath.Join(dir, e.Name())
		if e.Type().IsRegular() && scratchLock.MatchString(e.Name()) {
			err = errors.Join(err, takeOver(strings.TrimSuffix(name, lockEnd)))
		}
	}
	return err
}

// release forgets the locks of folders that were removed.
func release() {
	held.Lock()
	defer held.Unlock()
	for name, lock := range held.locks {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			lock.Close()
			_ = os.Remove(name + lockEnd) // who finds it takes it over
			delete(held.locks, name)
		}
	}
}

// takeOver removes a folder whose lock nobody holds.
func takeOver(name string) error {
	lock, err := os.OpenFile(name+lockEnd, os.O_RDWR, 0)
	if err != nil {
		return ignoreGone(err)
	}
	defer lock.Close()
	if tryLock(lock) != nil {
		return nil // its process lives
	}
	if err := os.RemoveAll(name); err != nil {
		return fmt.Errorf("remove what a killed check left: %w", err)
	}
	return ignoreGone(os.Remove(name + lockEnd))
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
