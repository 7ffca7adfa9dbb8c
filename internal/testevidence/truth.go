package testevidence

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// A Truth says what a written backup holds.
type Truth struct {
	Seed      uint64 `json:"seed"`
	Messages  int    `json:"messages"`
	Encrypted bool   `json:"encrypted"`
	Password  string `json:"password,omitempty"`
	// Planted are the traces that must be found, Decoys what must not be
	// found above low.
	Planted []Trace `json:"planted"`
	Decoys  []Trace `json:"decoys"`
	// Tables are the databases' rows.
	Tables []TableCount `json:"tables"`
	// Files, Folders and Links are the entries of the manifest.
	Files   int `json:"files"`
	Folders int `json:"folders"`
	Links   int `json:"links"`
	// Bytes are those of the files that were written, before encryption.
	Bytes int64 `json:"bytes"`
}

// A TableCount counts the rows of a table of a database, those in its
// write-ahead log too, and the times in them that are set: each is an event.
type TableCount struct {
	Path  string `json:"path"` // logical: domain/relativePath
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Times int64  `json:"times"`
}

// A Trace is one thing that was planted, or a decoy.
type Trace struct {
	// Name is the trace's own, the same for every seed and size.
	Name string `json:"name"`
	// Artifact is the parser whose record carries it, as DESIGN.md names
	// them: ios.sms.
	Artifact string `json:"artifact"`
	// Path is the file by its logical path; Table and RowID the row, or Key
	// the way within a property list, or the entry of the manifest.
	Path  string `json:"path"`
	Table string `json:"table,omitempty"`
	RowID int64  `json:"rowid,omitempty"`
	Key   string `json:"key,omitempty"`
	WAL   bool   `json:"wal,omitempty"` // the row is in the write-ahead log only
	// Deleted says that the row was deleted again: its bytes are left, and it
	// may have lost its number.
	Deleted bool `json:"deleted,omitempty"`
	// Value is what stands there.
	Value string `json:"value"`
	// Type and Indicator are the published value that must be found; for a
	// decoy the one that it resembles. Match says how: "exact", "parent" (the
	// indicator is a parent domain) or "prefix".
	Type      string `json:"type,omitempty"`
	Indicator string `json:"indicator,omitempty"`
	Match     string `json:"match,omitempty"`
	// Rule is the behaviour rule that must fire, or for a decoy must not.
	Rule string `json:"rule,omitempty"`
	// Severity is the one expected: critical, high, medium, low or info.
	Severity string `json:"severity,omitempty"`
	// Source is where the trace was published.
	Source string `json:"source,omitempty"`
}

// WriteFile writes t as indented JSON.
func (t *Truth) WriteFile(name string) error {
	data, err := json.MarshalIndent(t, "", "\t")
	if err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	return os.WriteFile(name, append(data, '\n'), 0o600)
}

// A ledger collects the truth from writers that run at the same time.
type ledger struct {
	mu    sync.Mutex
	truth Truth
}

func (l *ledger) plant(t Trace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.truth.Planted = append(l.truth.Planted, t)
}

func (l *ledger) decoy(t Trace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.truth.Decoys = append(l.truth.Decoys, t)
}

func (l *ledger) count(c TableCount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.truth.Tables = append(l.truth.Tables, c)
}

// sorted puts what was collected into an order that does not depend on who
// came first.
func (l *ledger) sorted() *Truth {
	l.mu.Lock()
	defer l.mu.Unlock()
	byName := func(a, b Trace) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(l.truth.Planted, byName)
	slices.SortFunc(l.truth.Decoys, byName)
	slices.SortFunc(l.truth.Tables, func(a, b TableCount) int {
		return strings.Compare(a.Path+"\x00"+a.Table, b.Path+"\x00"+b.Table)
	})
	return &l.truth
}
