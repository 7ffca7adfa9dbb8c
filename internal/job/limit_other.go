//go:build !linux

package job

import "errors"

// limitMemory bounds what this process takes.
func limitMemory(bytes uint64) error {
	if bytes != 0 {
		return errors.New("limit the memory: only Linux can")
	}
	return nil
}
