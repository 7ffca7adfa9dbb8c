package outbox_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/workspace"
)

// TestEdit gives drafts other words: those of a letter, once for what was read,
// and never those of a mail or of what was approved.
func TestEdit(t *testing.T) {
	f := fixture(t)
	b := box(f, nil)
	ctx := t.Context()
	if _, err := b.Ask(ctx, f.Case.ID, outbox.Wish{Person: f.Person.ID, Channel: notice.Letter, Address: "Calle 1", Since: "2017-01-01"}); err != nil {
		t.Fatal(err)
	}
	made, err := b.Due(ctx, f.Case.ID, happened)
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	n := made[0]
	good := notice.Text{Subject: "We would like to talk", Body: "Please ask for us.\r\nOn Monday."}
	for what, c := range map[string]struct {
		seen int64
		text notice.Text
		want error
	}{
		"no subject":       {n.Version, notice.Text{Subject: " ", Body: "x"}, account.ErrInvalid},
		"no text":          {n.Version, notice.Text{Subject: "x", Body: "\n"}, account.ErrInvalid},
		"two lines":        {n.Version, notice.Text{Subject: "x\ny", Body: "x"}, account.ErrInvalid},
		"an escape":        {n.Version, notice.Text{Subject: "x", Body: "x\x1b[31m"}, account.ErrInvalid},
		"too long":         {n.Version, notice.Text{Subject: "x", Body: strings.Repeat("ñ", outbox.MaxBody+1)}, account.ErrInvalid},
		"what nobody read": {n.Version + 1, good, workspace.ErrChanged},
	} {
		if _, err := b.Edit(ctx, n.ID, c.seen, c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	edited, err := b.Edit(ctx, n.ID, n.Version, good)
	if err != nil || edited.Text.Body != "Please ask for us.\nOn Monday." || edited.Version == n.Version {
		t.Fatalf("%+v %v", edited, err)
	}
	if same, err := b.Edit(ctx, n.ID, edited.Version, good); err != nil || same.Version != edited.Version {
		t.Errorf("the same words are a version: %v", err)
	}
	if _, err := b.Edit(ctx, n.ID, n.Version, notice.Text{Subject: "other", Body: "words"}); !errors.Is(err, workspace.ErrChanged) {
		t.Errorf("over the words of somebody else: %v", err)
	}
	if err := b.Seen(ctx, n.ID, n.Version); !errors.Is(err, workspace.ErrChanged) {
		t.Errorf("what was read before the change: %v", err)
	}
	if _, err := b.Approve(ctx, n.ID); err != nil {
		t.Fatal(err)
	}
	approved, err := b.Notice(ctx, n.ID)
	if err != nil || approved.Text.Subject != good.Subject {
		t.Fatal(approved.Text, err)
	}
	if _, err := b.Edit(ctx, n.ID, approved.Version, notice.Text{Subject: "other", Body: "words"}); !errors.Is(err, notice.ErrMove) {
		t.Errorf("after it was approved: %v", err)
	}
}

// TestMailIsNotEdited keeps the words of mails.
func TestMailIsNotEdited(t *testing.T) {
	f := fixture(t)
	b := box(f, nil)
	if _, err := b.Ask(t.Context(), f.Case.ID, outbox.Wish{Person: f.Person.ID, Channel: notice.Mail, Address: "heron@example.net", Since: "2017-01-01"}); err != nil {
		t.Fatal(err)
	}
	made, err := b.Due(t.Context(), f.Case.ID, happened)
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	if _, err := b.Edit(t.Context(), made[0].ID, made[0].Version, notice.Text{Subject: "Your case", Body: "PGR answered."}); !errors.Is(err, account.ErrInvalid) {
		t.Errorf("a mail says of what it is: %v", err)
	}
}
