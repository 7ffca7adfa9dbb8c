package workspace

import (
	"context"
	"errors"
	"fmt"

	"github.com/amparo-project/amparo/internal/seal"
)

// A CaseMember is a member of a case, and what they are in it.
type CaseMember struct {
	Member
	Role   Role   `json:"role"`
	Person string `json:"person,omitempty"` // that RolePerson is for
}

// ErrLastOwner says that a case would be left without an owner.
var ErrLastOwner = errors.New("a case keeps an owner: make somebody else one first")

// ShareCase makes a member of the workspace a member of a case. RolePerson
// names, by id or pseudonym, the person of the case that they are; the others
// name none. Who has another role already keeps it: the error wraps ErrInvalid.
func (w *Workspace) ShareCase(ctx context.Context, caseID, memberName string, role Role, person string) error {
	return w.act(ctx, func(t *tx) error {
		if _, err := t.openCase(caseID, ActMembers); err != nil {
			return err
		}
		m, err := t.caseMember(caseID, memberName, role, person)
		if err != nil {
			return err
		}
		had, _, err := (&Workspace{db: w.db, member: m.Member}).membership(ctx, t, caseID)
		if err == nil {
			if had.Role == m.Role && had.Person == m.Person {
				return nil
			}
			return fmt.Errorf("%w: %s is a member of the case already, as %s: change the role", ErrInvalid, memberName, had.Role)
		}
		if !errors.Is(err, ErrNoAccess) {
			return err
		}
		key, err := w.caseKey(ctx, t, caseID)
		if err != nil {
			return err
		}
		wrapped, err := seal.Seal(m.Recipient, []byte(key.Secret()))
		if err != nil {
			return err
		}
		t.exec("INSERT INTO case_member (case_id, member_id, wrapped, role, person_id) VALUES ($1, $2, $3, $4, $5)", caseID, m.ID, wrapped, m.Role, m.Person)
		t.record("case.shared", caseID, caseID, m.detail(caseID))
		return nil
	})
}

func (m *CaseMember) detail(caseID string) map[string]any {
	d := map[string]any{"case": caseID, "member": m.ID, "role": m.Role}
	if m.Person != "" {
		d["person"] = m.Person
	}
	return d
}

// caseMember finds a member of the workspace by name, for a role in a case.
func (t *tx) caseMember(caseID, name string, role Role, person string) (m CaseMember, err error) {
	m.Role = role
	if m.Person, err = t.roleFor(caseID, role, person); err != nil {
		return m, err
	}
	err = t.memberNamed(name, &m.Member)
	return m, err
}

// roleFor checks a role, and returns the id of the person that it is for.
func (t *tx) roleFor(caseID string, role Role, person string) (id string, err error) {
	if _, err := ParseRole(string(role)); err != nil {
		return "", err
	}
	if (role == RolePerson) != (person != "") {
		return "", fmt.Errorf("%w: the role %s, and no other, is for a person of the case", ErrInvalid, RolePerson)
	}
	if person == "" {
		return "", nil
	}
	return t.person(caseID, person)
}

func (t *tx) memberNamed(name string, m *Member) error {
	if err := t.scan("SELECT id, name, recipient, created FROM member WHERE name = $1 AND removed = ''", []any{name}, &m.ID, &m.Name, &m.Recipient, &m.Created); err != nil {
		return fmt.Errorf("member %s: %w", name, err)
	}
	return nil
}

// ChangeRole gives a member of a case another role. The error wraps
// ErrLastOwner where the case would be left without an owner.
func (w *Workspace) ChangeRole(ctx context.Context, caseID, memberName string, role Role, person string) error {
	return w.act(ctx, func(t *tx) error {
		if _, err := t.member(caseID, ActMembers); err != nil {
			return err
		}
		m, err := t.caseMember(caseID, memberName, role, person)
		if err != nil {
			return err
		}
		if err := t.spare(caseID, &m.Member, role); err != nil {
			return err
		}
		t.exec("UPDATE case_member SET role = $1, person_id = $2 WHERE case_id = $3 AND member_id = $4", m.Role, m.Person, caseID, m.ID)
		if !role.MayAll(ActCheck) {
			t.cancelJobs(caseID, m.ID)
		}
		t.record("case.role_changed", caseID, caseID, m.detail(caseID))
		return nil
	})
}

// RemoveFromCase ends somebody's part in a case: the key of the case that was
// wrapped for them is deleted, and their jobs in it end. What they read before
// stays read. The error wraps ErrLastOwner where the case would be left without
// an owner.
func (w *Workspace) RemoveFromCase(ctx context.Context, caseID, memberName string) error {
	return w.act(ctx, func(t *tx) error {
		if _, err := t.member(caseID, ActMembers); err != nil {
			return err
		}
		var m Member
		if err := t.memberNamed(memberName, &m); err != nil {
			return err
		}
		if err := t.spare(caseID, &m, ""); err != nil {
			return err
		}
		t.dropLinks("", m.ID)
		t.exec("DELETE FROM case_member WHERE case_id = $1 AND member_id = $2", caseID, m.ID)
		t.cancelJobs(caseID, m.ID)
		t.record("case.unshared", caseID, caseID, map[string]any{"case": caseID, "member": m.ID})
		return nil
	})
}

// spare reports that a member is none of the case, or its last owner, who
// would be none any more.
func (t *tx) spare(caseID string, m *Member, next Role) error {
	var had Role
	err := t.scan("SELECT role FROM case_member WHERE case_id = $1 AND member_id = $2", []any{caseID, m.ID}, &had)
	if err != nil {
		return fmt.Errorf("member %s of case %s: %w", m.Name, caseID, err)
	}
	if had != RoleOwner || next == RoleOwner {
		return nil
	}
	var others int
	err = t.scan("SELECT COUNT(*) FROM case_member WHERE case_id = $1 AND member_id <> $2 AND role = $3", []any{caseID, m.ID, RoleOwner}, &others)
	if err == nil && others == 0 {
		err = fmt.Errorf("case %s: %w", caseID, ErrLastOwner)
	}
	return err
}

// cancelJobs ends the jobs of a member in a case, as CancelJob does, and what they
// ordered there.
func (t *tx) cancelJobs(caseID, memberID string) {
	t.endOrder(caseID, memberID)
	t.exec(cancelJob+"case_id = $2 AND member_id = $3", t.w.now(), caseID, memberID)
}

// CaseMembers lists the members of a case, the first to work here first.
func (w *Workspace) CaseMembers(ctx context.Context, caseID string) ([]CaseMember, error) {
	if _, err := w.may(ctx, w.db.Pool, caseID, ActMembers); err != nil {
		return nil, err
	}
	return w.caseMembers(ctx, caseID)
}

func (w *Workspace) caseMembers(ctx context.Context, caseID string) ([]CaseMember, error) {
	rows, err := w.db.Pool.QueryContext(ctx, `SELECT m.id, m.name, m.recipient, m.created, c.role, c.person_id
		FROM case_member c JOIN member m ON m.id = c.member_id WHERE c.case_id = $1 ORDER BY m.n`, caseID)
	if err != nil {
		return nil, w.fail("members of the case", err)
	}
	defer rows.Close()
	out := []CaseMember{}
	for rows.Next() {
		var m CaseMember
		if err := rows.Scan(&m.ID, &m.Name, &m.Recipient, &m.Created, &m.Role, &m.Person); err != nil {
			return nil, w.fail("members of the case", err)
		}
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, w.fail("members of the case", err)
	}
	return out, nil
}

// Owners lists the names of the owners of a case: whom its members ask for
// what their own role does not allow.
func (w *Workspace) Owners(ctx context.Context, caseID string) ([]string, error) {
	if _, err := w.RoleIn(ctx, caseID); err != nil {
		return nil, err
	}
	list, err := w.caseMembers(ctx, caseID)
	var names []string
	for _, m := range list {
		if m.Role == RoleOwner {
			names = append(names, m.Name)
		}
	}
	return names, err
}
