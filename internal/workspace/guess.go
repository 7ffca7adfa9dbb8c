package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
)

// Bounds of the guesses that are counted.
const (
	maxGuesses  = 10_000         // places; beyond, those seen longest ago are forgotten
	guessesKept = 24 * time.Hour // after the last guess
)

// GuessWait returns how long the next guess has to wait, of something from
// somewhere: wrong ones are counted by whichever server took them. from is kept
// as a hash alone.
func (d *Door) GuessWait(ctx context.Context, from string) (time.Duration, error) {
	var until string
	err := d.w.db.Pool.QueryRowContext(ctx, "SELECT until FROM guess WHERE id = $1", d.guessed(from)).Scan(&until)
	if errors.Is(err, sql.ErrNoRows) || err == nil && until == "" {
		return 0, nil
	}
	if err != nil {
		return 0, d.w.fail("guesses", err)
	}
	at, err := time.Parse(ledger.TimeLayout, until)
	if err != nil {
		return 0, fmt.Errorf("%w: time of a guess: %w", ErrDamaged, err)
	}
	return max(0, at.Sub(d.w.o.Now())), nil
}

// GuessFailed counts a wrong guess: after the first few each makes the next wait
// for twice as long.
func (d *Door) GuessFailed(ctx context.Context, from string) error {
	now := d.w.o.Now().UTC()
	return d.w.change(ctx, func(t *tx) error {
		var wrong int
		err := t.scan(`INSERT INTO guess (id, wrong, until, seen) VALUES ($1, 1, '', $2)
			ON CONFLICT (id) DO UPDATE SET wrong = guess.wrong + 1, seen = excluded.seen RETURNING wrong`, []any{d.guessed(from), t.now}, &wrong)
		if err != nil {
			return err
		}
		if over := wrong - FreeGuesses; over >= 0 {
			t.exec("UPDATE guess SET until = $1 WHERE id = $2", now.Add(min(FirstWait<<min(over, 10), LongestWait)).Format(ledger.TimeLayout), d.guessed(from))
		}
		t.exec("DELETE FROM guess WHERE seen < $1", now.Add(-guessesKept).Format(ledger.TimeLayout))
		t.exec("DELETE FROM guess WHERE id NOT IN (SELECT id FROM guess ORDER BY seen DESC LIMIT $1)", maxGuesses)
		return t.err
	})
}

// GuessPassed forgets the wrong guesses: one was right.
func (d *Door) GuessPassed(ctx context.Context, from string) error {
	return d.w.plainly(ctx, "DELETE FROM guess WHERE id = $1", d.guessed(from))
}

// guessed is the name of a row: nobody reads an address in a copy of the database
// without trying all.
func (d *Door) guessed(from string) string { return SecretID(d.w.info.UID + " " + from) }
