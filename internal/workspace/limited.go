package workspace

import (
	"context"
	"fmt"
	"slices"
)

// ErrLimited says that something is of the whole workspace, and its asker may
// reach some cases alone. It wraps ErrNotAllowed.
var ErrLimited = fmt.Errorf("%w: of the whole workspace, with what is limited to some cases", ErrNotAllowed)

// Within returns the workspace as somebody sees it who may reach these cases
// and no others: what a token lets a program do that is limited to them. Their
// role in each stays what it is. Of other cases they are not told that there
// are any; of the workspace they see what a person concerned does.
func (w *Workspace) Within(cases []string) *Workspace {
	n := *w
	n.few = slices.Clone(cases)
	if n.few == nil {
		n.few = []string{}
	}
	return &n
}

// Limited lists the cases that the workspace was limited to by Within; nil: it
// was not.
func (w *Workspace) Limited() []string { return slices.Clone(w.few) }

// reachesCase reports whether a case is within what may be reached at all,
// whatever roles say.
func (w *Workspace) reachesCase(id string) bool {
	return (w.only == nil || w.only.id == id) && (w.few == nil || slices.Contains(w.few, id))
}

// within narrows a condition over case_member to the cases that may be reached.
// Their ids are none of a caller's: AddToken took them from the database.
func (w *Workspace) within(column string) string {
	if w.few == nil {
		return ""
	}
	return " AND " + column + " IN (" + quoted(w.few) + ")"
}

// unlimited refuses what is of the whole workspace to who is limited to cases.
func (w *Workspace) unlimited() error {
	if w.few != nil {
		return ErrLimited
	}
	return nil
}

// limits checks which cases a token of the acting member is limited to: theirs,
// each once. The error wraps ErrInvalid or what RoleIn returns.
func (w *Workspace) limits(ctx context.Context, cases []string) error {
	if len(cases) > MaxTokenCases {
		return fmt.Errorf("%w: a token is limited to at most %d cases", ErrInvalid, MaxTokenCases)
	}
	for i, id := range cases {
		if slices.Contains(cases[:i], id) {
			return fmt.Errorf("%w: case %s twice", ErrInvalid, id)
		}
		if _, err := w.RoleIn(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
