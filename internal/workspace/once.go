package workspace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/seal"
)

// onceLife is how long the answer to a call is kept for the same call, and
// onceRuns how long one is left alone that has neither ended nor done anything:
// then it is taken for that of a process which is gone.
const (
	onceLife = 24 * time.Hour
	onceRuns = 15 * time.Second
)

// Errors of calls that are made under a key.
var (
	ErrKeyUsed = errors.New("the key was used for another call")
	ErrRuns    = errors.New("a call with the same key is running")
	ErrDid     = errors.New("the call was made, and its answer is lost")
)

// A Once is one call of a program that must not be made twice. What the
// program chose as its name is not kept, only its hash.
type Once struct {
	Key     string            // what the program chose
	Request [sha256.Size]byte // of all that the call is

	try string // this attempt, unlike all others
}

type onceKey struct{}

// Makes returns a context in which an act is written for the call: once, however
// many attempts there are, and although nobody may know whether the commit of
// one went through. The act of an attempt that another took over is refused with
// ErrRuns.
func (o *Once) Makes(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, o)
}

// once notes, in the transaction of an act, that its call did something.
func (t *tx) once() error {
	o, ok := t.ctx.Value(onceKey{}).(*Once)
	if !ok || t.err != nil {
		return t.err
	}
	n := t.exec("UPDATE api_once SET did = 1 WHERE member_id = $1 AND key = $2 AND try = $3", t.w.member.ID, o.hash(), o.try)
	if n == 0 && t.err == nil {
		return fmt.Errorf("call: %w", ErrRuns)
	}
	return t.err
}

func (o *Once) hash() []byte {
	sum := sha256.Sum256([]byte(o.Key))
	return sum[:]
}

// BeginOnce begins a call, or returns the answer that the same call got. The
// error wraps ErrKeyUsed for another call under the key, ErrDid where an act was
// written for the call and the answer was not kept, and ErrRuns where it was begun
// and has done nothing yet. Where its process is gone this attempt takes it over.
func (w *Workspace) BeginOnce(ctx context.Context, o *Once) (answer []byte, err error) {
	now := w.o.Now().UTC()
	if _, err := w.db.Pool.ExecContext(ctx, "DELETE FROM api_once WHERE made < $1", now.Add(-onceLife).Format(ledger.TimeLayout)); err != nil {
		return nil, w.fail("call", err)
	}
	mine := rand.Text()
	res, err := w.db.Pool.ExecContext(ctx, "INSERT INTO api_once (member_id, key, request, made, try) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		w.member.ID, o.hash(), o.Request[:], now.Format(ledger.TimeLayout), mine)
	if err != nil {
		return nil, w.fail("call", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		o.try = mine
		return nil, err
	}
	var (
		request, sealed []byte
		try, made       string
		did             int
	)
	err = w.db.Pool.QueryRowContext(ctx, "SELECT request, answer, try, made, did FROM api_once WHERE member_id = $1 AND key = $2", w.member.ID, o.hash()).
		Scan(&request, &sealed, &try, &made, &did)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("call: %w", ErrRuns) // it ended this moment, without an answer
	case err != nil:
		return nil, w.fail("call", err)
	case subtle.ConstantTimeCompare(request, o.Request[:]) != 1:
		return nil, fmt.Errorf("call: %w", ErrKeyUsed)
	case sealed != nil:
		return seal.Open(w.o.Identity, sealed)
	case did != 0:
		return nil, fmt.Errorf("call: %w", ErrDid)
	}
	return nil, w.takeOver(ctx, o, try, made, now)
}

// takeOver takes a call over from an attempt of which nothing was heard for
// some time. Where clocks differ that may be one that lives: its act is refused.
func (w *Workspace) takeOver(ctx context.Context, o *Once, try, made string, now time.Time) error {
	at, err := time.Parse(ledger.TimeLayout, made)
	if err == nil && now.Sub(at).Abs() < onceRuns {
		return fmt.Errorf("call: %w", ErrRuns)
	}
	mine := rand.Text()
	res, err := w.db.Pool.ExecContext(ctx, "UPDATE api_once SET try = $1, made = $2 WHERE member_id = $3 AND key = $4 AND try = $5 AND did = 0 AND answer IS NULL",
		mine, now.Format(ledger.TimeLayout), w.member.ID, o.hash(), try)
	if err != nil {
		return w.fail("call", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("call: %w", ErrRuns), err)
	}
	o.try = mine
	return nil
}

// EndOnce keeps the answer to a call, sealed for the member; nil forgets a
// call that did nothing, so that it can be made again.
func (w *Workspace) EndOnce(ctx context.Context, o *Once, answer []byte) error {
	if answer == nil {
		_, err := w.db.Pool.ExecContext(ctx, "DELETE FROM api_once WHERE member_id = $1 AND key = $2 AND try = $3 AND did = 0 AND answer IS NULL", w.member.ID, o.hash(), o.try)
		if err != nil {
			return w.fail("call", err)
		}
		return nil
	}
	sealed, err := seal.Seal(w.member.Recipient, answer)
	if err != nil {
		return err
	}
	if _, err = w.db.Pool.ExecContext(ctx, "UPDATE api_once SET answer = $1 WHERE member_id = $2 AND key = $3 AND try = $4", sealed, w.member.ID, o.hash(), o.try); err != nil {
		return w.fail("call", err)
	}
	return nil
}
