//go:build race

package sqlite

// raceEnabled says that the tests run with the race detector, which slows
// SQLite itself, the oracle, by a factor of thirty.
const raceEnabled = true
