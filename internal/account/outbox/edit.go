package outbox

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Bounds of the words of a notice, in characters.
const (
	MaxSubject = 200
	MaxBody    = 15000
)

// Edit gives a draft other words: a letter, or what is said by phone. seen is the
// version that whoever writes has read: the error wraps workspace.ErrChanged where
// there is a later one. A mail is the same for everybody, so that whoever reads it
// over a shoulder learns nothing: the error wraps account.ErrInvalid.
func (b *Box) Edit(ctx context.Context, id string, seen int64, t notice.Text) (Notice, error) {
	n, err := b.Notice(ctx, id)
	if err != nil {
		return n, err
	}
	t = notice.Text{Subject: strings.TrimSpace(t.Subject), Body: strings.TrimSpace(strings.ReplaceAll(t.Body, "\r\n", "\n"))}
	switch {
	case n.Version != seen:
		return n, fmt.Errorf("notice %s: version %d: %w", id, seen, workspace.ErrChanged)
	case n.State != notice.Draft:
		return n, fmt.Errorf("notice %s: %w: it is %s, and only a draft is written anew", id, notice.ErrMove, n.State)
	case n.Channel == notice.Mail:
		return n, fmt.Errorf("%w: notice %s is a mail, which says the same to everybody", account.ErrInvalid, id)
	case !words(t.Subject, MaxSubject, ""), !words(t.Body, MaxBody, "\n\t"):
		return n, fmt.Errorf("%w: notice %s: a subject in one line, and a text of at most %d characters", account.ErrInvalid, id, MaxBody)
	case t == n.Text:
		return n, nil
	}
	n.Text = t
	return n, b.put(ctx, &n, "notice.edited")
}

// Seen is an error where a notice is not what somebody has read: what they
// decide is about other words.
func (b *Box) Seen(ctx context.Context, id string, version int64) error {
	n, err := b.Notice(ctx, id)
	if err == nil && n.Version != version {
		err = fmt.Errorf("notice %s: version %d: %w", id, version, workspace.ErrChanged)
	}
	return err
}

// words reports whether a text can be printed and is not too long; it may hold
// the control characters that are named.
func words(s string, most int, may string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(may, r) })
}
