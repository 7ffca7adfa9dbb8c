package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Errors of removing a member.
var (
	// ErrLastManager keeps somebody there who can invite.
	ErrLastManager = errors.New("the last manager cannot be removed")
	// ErrOnlyKey keeps each case an owner, who can open it and share it.
	ErrOnlyKey = errors.New("nobody else owns a case of this member")
)

// manages refuses who is no manager. The error wraps ErrNotAllowed.
func (t *tx) manages() error {
	if err := t.w.unlimited(); err != nil {
		return err
	}
	var n int
	if err := t.scan("SELECT COUNT(*) FROM member WHERE id = $1 AND manager = 1 AND removed = ''", []any{t.w.member.ID}, &n); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("members: %w: that is for a manager of the workspace", ErrNotAllowed)
	}
	return nil
}

// RemoveMember ends the work of a member here: their keys of cases are
// deleted, and whatever let them in. What they did stays in the ledger under
// their name. It is for managers. Errors wrap ErrNotAllowed, ErrNotMember,
// ErrLastManager and ErrOnlyKey, the last with the cases that have to be
// shared first.
func (w *Workspace) RemoveMember(ctx context.Context, id string) error {
	err := w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		if err := t.removable(id); err != nil {
			return err
		}
		t.dropLinks("", id)
		t.exec("DELETE FROM case_member WHERE member_id = $1", id)
		t.exec(cancelJob+"member_id = $2", t.w.now(), id)
		t.exec("DELETE FROM standing WHERE member_id = $1", id)
		takes := t.exec("UPDATE schedule SET member_id = $1 WHERE member_id = $2", w.member.ID, id) > 0
		t.forgetIdentity(id)
		t.exec("DELETE FROM passkey WHERE member_id = $1", id)
		t.exec("DELETE FROM subject WHERE member_id = $1", id)
		t.exec("UPDATE invitation SET state = 'void', sealed = NULL WHERE state = 'open' AND (member_id = $1 OR invited_by = $1)", id)
		t.exec("UPDATE member SET removed = $1, identity = NULL, manager = 0, signing = $2 WHERE id = $3", t.now, []byte{}, id)
		detail := map[string]any{"member": id}
		if takes { // what they had set goes on in the name of who removed them
			detail["schedule"] = JobUpdate
		}
		t.record("member.removed", "", id, detail)
		return nil
	})
	if err != nil {
		return err
	}
	// The keys are gone from the tables; now from the files too.
	if err := w.db.Scrub(ctx); err != nil {
		return w.fail("erase keys from the disk", err)
	}
	return nil
}

func (t *tx) removable(id string) error {
	var manager bool
	if err := t.scan("SELECT manager FROM member WHERE id = $1 AND removed = ''", []any{id}, &manager); err != nil {
		if errors.Is(err, ErrNotFound) {
			err = ErrNotMember
		}
		return fmt.Errorf("member %s: %w", id, err)
	}
	if manager {
		var others int
		if err := t.scan("SELECT COUNT(*) FROM member WHERE manager = 1 AND removed = '' AND id <> $1", []any{id}, &others); err != nil {
			return err
		}
		if others == 0 {
			return fmt.Errorf("member %s: %w", id, ErrLastManager)
		}
	}
	only, err := t.texts(`SELECT c.case_id FROM case_member c WHERE c.member_id = $1 AND c.role = 'owner'
		AND NOT EXISTS (SELECT 1 FROM case_member o WHERE o.case_id = c.case_id AND o.member_id <> c.member_id AND o.role = 'owner') ORDER BY c.case_id`, 1, id)
	if err != nil {
		return err
	}
	if len(only) > 0 {
		list := make([]string, len(only))
		for i := range only {
			list[i] = only[i][0]
		}
		return fmt.Errorf("member %s: %w: share %s first", id, ErrOnlyKey, strings.Join(list, ", "))
	}
	return nil
}

// forgetIdentity deletes every copy of a member's identity that a session, a
// token or a passkey can open.
func (t *tx) forgetIdentity(member string) {
	t.exec("DELETE FROM session WHERE member_id = $1", member)
	t.exec("DELETE FROM api_token WHERE member_id = $1", member)
	t.exec("UPDATE passkey SET identity = NULL WHERE member_id = $1", member)
}
