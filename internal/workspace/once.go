package workspace

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

// onceLife is how long the answer to a call is kept for the same call.
const onceLife = 24 * time.Hour

// Errors of calls that are made under a key.
var (
	ErrKeyUsed = errors.New("the key was used for another call")
	ErrRuns    = errors.New("a call with the same key is running")
)

// A Once is one call of a program that must not be made twice. What the
// program chose as its name is not kept, only its hash.
type Once struct {
	Key     string            // what the program chose
	Request [sha256.Size]byte // of all that the call is
}

func (o *Once) hash() []byte {
	sum := sha256.Sum256([]byte(o.Key))
	return sum[:]
}

// BeginOnce begins a call, or returns the answer that the same call got. The
// error wraps ErrKeyUsed for another call under the key, and ErrRuns where the
// call was begun and has not ended: whether it did something, lists tell.
func (w *Workspace) BeginOnce(ctx context.Context, o *Once) (answer []byte, err error) {
	now := w.o.Now().UTC()
	if _, err := w.db.Pool.ExecContext(ctx, "DELETE FROM api_once WHERE made < $1", now.Add(-onceLife).Format(ledger.TimeLayout)); err != nil {
		return nil, w.fail("call", err)
	}
	res, err := w.db.Pool.ExecContext(ctx, "INSERT INTO api_once (member_id, key, request, made) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		w.member.ID, o.hash(), o.Request[:], now.Format(ledger.TimeLayout))
	if err != nil {
		return nil, w.fail("call", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return nil, err
	}
	var request, sealed []byte
	err = w.db.Pool.QueryRowContext(ctx, "SELECT request, answer FROM api_once WHERE member_id = $1 AND key = $2", w.member.ID, o.hash()).Scan(&request, &sealed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("call: %w", ErrRuns) // it ended this moment, without an answer
	case err != nil:
		return nil, w.fail("call", err)
	case subtle.ConstantTimeCompare(request, o.Request[:]) != 1:
		return nil, fmt.Errorf("call: %w", ErrKeyUsed)
	case sealed == nil:
		return nil, fmt.Errorf("call: %w", ErrRuns)
	}
	return seal.Open(w.o.Identity, sealed)
}

// EndOnce keeps the answer to a call, sealed for the member; nil forgets the
// call, so that it can be made again.
func (w *Workspace) EndOnce(ctx context.Context, o *Once, answer []byte) error {
	if answer == nil {
		_, err := w.db.Pool.ExecContext(ctx, "DELETE FROM api_once WHERE member_id = $1 AND key = $2 AND answer IS NULL", w.member.ID, o.hash())
		if err != nil {
			return w.fail("call", err)
		}
		return nil
	}
	sealed, err := seal.Seal(w.member.Recipient, answer)
	if err != nil {
		return err
	}
	if _, err = w.db.Pool.ExecContext(ctx, "UPDATE api_once SET answer = $1 WHERE member_id = $2 AND key = $3", sealed, w.member.ID, o.hash()); err != nil {
		return w.fail("call", err)
	}
	return nil
}
