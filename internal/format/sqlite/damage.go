package sqlite

import (
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/limit"
)

// maxDamage bounds the list of what was lost: a hostile file can be broken in
// as many places as it has bytes.
const maxDamage = 1000

// Damage says what one scan lost.
type Damage struct {
	Page   uint32 // the page concerned; 0: the database as a whole
	Table  string // the table that was read; empty: none
	Reason string // in English, lower case, no full stop
}

// A DamageError says that a page, a cell or a value could not be read, and
// that the scan goes on after it. It wraps [limit.ErrCorrupt] or [limit.ErrLimit].
type DamageError struct {
	Damage
	Err error // the sentinel
}

// Error says which page of which table was damaged, and how.
func (e *DamageError) Error() string {
	if e.Table == "" {
		return fmt.Sprintf("page %d: %s: %v", e.Page, e.Reason, e.Err)
	}
	return fmt.Sprintf("table %q: page %d: %s: %v", e.Table, e.Page, e.Reason, e.Err)
}

// Unwrap returns the sentinel.
func (e *DamageError) Unwrap() error { return e.Err }

// corrupt returns the damage of a page.
func corrupt(page uint32, format string, args ...any) *DamageError {
	return &DamageError{Damage{Page: page, Reason: fmt.Sprintf(format, args...)}, limit.ErrCorrupt}
}

// asDamage returns the damage in err, nil when err is something else.
func asDamage(err error) *DamageError {
	var d *DamageError
	if errors.As(err, &d) {
		return d
	}
	return nil
}

// Damage returns what was lost so far: in the schema when the database was
// opened, and in every scan since. It holds each loss once, and 1000 at most;
// [DB.DamageCount] counts all.
func (db *DB) Damage() []Damage {
	db.mu.Lock()
	defer db.mu.Unlock()
	return append([]Damage(nil), db.damage...)
}

// DamageCount returns how many losses were met. Past the bound of
// [DB.Damage], a loss that two scans met counts twice.
func (db *DB) DamageCount() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.damages
}

// note keeps d for Damage.
func (db *DB) note(d Damage) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if _, known := db.known[d]; known {
		return
	}
	db.damages++
	if len(db.damage) >= maxDamage {
		return
	}
	db.known[d] = struct{}{}
	db.damage = append(db.damage, d)
}
