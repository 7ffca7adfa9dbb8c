package workspace

import "context"

// RecordBackup says in the ledger that a copy of all of the workspace is about
// to be made, for whom. It is for managers; the error wraps ErrNotAllowed.
func (w *Workspace) RecordBackup(ctx context.Context, recipients []string) error {
	return w.act(ctx, func(t *tx) error {
		if err := t.manages(); err != nil {
			return err
		}
		t.record("workspace.copied", "", "", map[string]any{"recipients": recipients})
		return nil
	})
}
