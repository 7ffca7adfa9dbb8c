package vault

// ignoreUnsupported: Windows keeps names durable by itself and refuses to sync
// a folder.
func ignoreUnsupported(error) error { return nil }
