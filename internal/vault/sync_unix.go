//go:build !windows

package vault

// ignoreUnsupported passes errors on: every system here syncs folders.
func ignoreUnsupported(err error) error { return err }
