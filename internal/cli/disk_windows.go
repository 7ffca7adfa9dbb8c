package cli

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// freeSpace is how many bytes the user may still write where dir lies.
func freeSpace(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	return int64(free), nil //nolint:gosec // no disk is that large
}
