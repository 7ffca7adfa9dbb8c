package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/ledger"
)

// MaxTokens bounds the tokens of one member, MaxTokenLife how long one works,
// and MaxTokenCases the cases that one is limited to.
const (
	MaxTokens     = 100
	MaxTokenLife  = 90 * 24 * time.Hour
	MaxTokenCases = 100
)

// A Token lets a program in, for a time, to do what its scopes say, with the
// keys of the member who made it. It is known by its hash, and those keys are
// sealed under it.
type Token struct {
	Handle  string   `json:"handle"` // T-…
	Member  string   `json:"member"`
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Cases   []string `json:"cases,omitempty"` // it is limited to; none: all of the member's
	Sealed  []byte   `json:"-"`
	Created string   `json:"created"`
	Until   string   `json:"until"`
}

// AddToken keeps a token of the acting member under its hash. The error wraps
// ErrInvalid, also where the member has MaxTokens; ErrNoAccess or ErrNotFound
// for a case that is not theirs.
func (w *Workspace) AddToken(ctx context.Context, id string, tok Token, life time.Duration) (Token, error) {
	if err := validName("name of a token", tok.Name); err != nil {
		return tok, err
	}
	if life <= 0 || life > MaxTokenLife || len(tok.Scopes) == 0 || len(tok.Sealed) == 0 {
		return tok, fmt.Errorf("%w: a token has scopes and ends within %d days", ErrInvalid, int(MaxTokenLife.Hours()/24))
	}
	if err := errors.Join(w.unlimited(), w.limits(ctx, tok.Cases)); err != nil {
		return tok, err
	}
	tok.Handle, tok.Member = newID("T"), w.member.ID
	tok.Until = w.o.Now().UTC().Add(life).Format(ledger.TimeLayout)
	err := w.act(ctx, func(t *tx) error {
		tok.Created = t.now
		t.exec("DELETE FROM api_token WHERE until < $1", t.now)
		var have int64
		if err := t.scan("SELECT COUNT(*) FROM api_token WHERE member_id = $1", []any{w.member.ID}, &have); err != nil {
			return err
		}
		if have >= MaxTokens {
			return fmt.Errorf("%w: %w: a member has at most %d tokens", ErrInvalid, ErrTooMany, MaxTokens)
		}
		detail := map[string]any{"token": tok.Handle, "scopes": tok.Scopes, "until": tok.Until}
		if len(tok.Cases) > 0 {
			detail["cases"] = tok.Cases
		}
		n := t.record("token.made", "", tok.Handle, detail)
		t.exec(`INSERT INTO api_token (id, handle, n, member_id, name, scopes, cases, sealed, created, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			id, tok.Handle, n, tok.Member, tok.Name, strings.Join(tok.Scopes, ","), strings.Join(tok.Cases, ","), tok.Sealed, tok.Created, tok.Until)
		return nil
	})
	return tok, err
}

// ErrTooMany says that there are as many of something as there may be.
var ErrTooMany = errors.New("there are as many as there may be")

const tokenColumns = "SELECT n, handle, member_id, name, scopes, cases, sealed, created, until FROM api_token"

func scanToken(scan func(...any) error) (n int64, tok Token, err error) {
	var scopes, cases string
	err = scan(&n, &tok.Handle, &tok.Member, &tok.Name, &scopes, &cases, &tok.Sealed, &tok.Created, &tok.Until)
	tok.Scopes = split(scopes)
	if cases != "" {
		tok.Cases = split(cases)
	}
	return n, tok, err
}

func split(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return s == "" })
}

// Token returns the token of a text by its hash. The error wraps ErrNotFound
// where there is none, or its time is over.
func (d *Door) Token(ctx context.Context, id string) (Token, error) {
	_, tok, err := scanToken(d.w.db.Pool.QueryRowContext(ctx, tokenColumns+" WHERE id = $1", id).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && tok.Until < d.w.now():
		return Token{}, fmt.Errorf("token: %w", ErrNotFound)
	case err != nil:
		return Token{}, d.w.fail("token", err)
	}
	return tok, nil
}

// Tokens lists the tokens of the acting member that work, the first made first.
func (w *Workspace) Tokens(ctx context.Context) ([]Token, error) {
	var f filter
	f.equal("member_id", w.member.ID)
	f.add("until >= $?", w.now())
	l, err := list(ctx, w, tokenColumns, f, Page{Limit: MaxTokens}, "n", func(rows *sql.Rows) (int64, Token, error) { return scanToken(rows.Scan) })
	return l.Items, err
}

// RevokeToken ends a token of the acting member, everywhere. The error wraps
// ErrNotFound.
func (w *Workspace) RevokeToken(ctx context.Context, handle string) error {
	return w.act(ctx, func(t *tx) error {
		if t.exec("DELETE FROM api_token WHERE handle = $1 AND member_id = $2", handle, w.member.ID) == 0 {
			return fmt.Errorf("token %s: %w", handle, ErrNotFound)
		}
		t.record("token.revoked", "", handle, map[string]any{"token": handle})
		return nil
	})
}
