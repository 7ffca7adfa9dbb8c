package tracev3

// Facts says of a whole file what its header and its reading tell.
type Facts struct {
	Boot  UUID
	Build string // of the system, "19D52"
	Model string // of the device, "D20AP"
	// Synced says that the time is that of timesync files. Without them it is
	// counted from the start of the file, which misses later changes of the
	// wall clock.
	Synced bool
}

// Facts returns what is known of the file of the entry so far.
func (e *Entry) Facts() Facts {
	h := &e.s.header
	return Facts{h.boot.ID, h.build, h.model, h.known && e.s.boot != nil && e.s.boot != &h.boot}
}

// Addressed reports whether the format string names an address or a host
// among its arguments, which only the message shows.
func (e *Entry) Addressed() bool {
	e.lookup()
	return e.format != nil && e.format.address
}
