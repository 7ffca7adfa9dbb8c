package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/seal"
)

// NotAllowed says what was refused to which role. It wraps ErrNotAllowed.
type NotAllowed struct {
	Case string // "" where it is about the workspace
	Role Role
	Deed Deed
}

// Error implements error.
func (e *NotAllowed) Error() string {
	text := fmt.Sprintf("%v: %s, as %s", ErrNotAllowed, e.Deed, e.Role)
	if e.Case != "" {
		text += " of case " + e.Case
	}
	return text
}

// Unwrap returns ErrNotAllowed.
func (e *NotAllowed) Unwrap() error { return ErrNotAllowed }

// A CaseRole is what a member is in a case.
type CaseRole struct {
	Case   string `json:"case"`
	Role   Role   `json:"role"`
	Person string `json:"person,omitempty"` // that RolePerson is for
}

// membership returns the role of the acting member in a case, and the key of
// the case as it is wrapped for them. The error wraps ErrNoAccess, or
// ErrNotFound where there is no such case.
func (w *Workspace) membership(ctx context.Context, q queryer, id string) (m CaseRole, wrapped []byte, err error) {
	m.Case = id
	if !w.reachesCase(id) {
		return m, nil, fmt.Errorf("case %s: %w", id, ErrNoAccess)
	}
	err = q.QueryRowContext(ctx, "SELECT role, person_id, wrapped FROM case_member WHERE case_id = $1 AND member_id = $2", id, w.member.ID).
		Scan(&m.Role, &m.Person, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil, fmt.Errorf("case %s: %w", id, w.noKey(ctx, q, id))
	}
	if err != nil {
		return m, nil, w.fail("role in the case", err)
	}
	if m.Role == RolePerson && m.Person == "" {
		return m, nil, fmt.Errorf("case %s: %w: the role of a person names none", id, ErrDamaged)
	}
	return m, wrapped, nil
}

// may is the check that every method makes before it touches a case. only is
// "" where the acting member may do this with all of the case, or else the
// person whose rows alone they may do it with. The error wraps ErrNotAllowed,
// ErrNoAccess or ErrNotFound.
func (w *Workspace) may(ctx context.Context, q queryer, caseID string, d Deed) (only string, err error) {
	m, _, err := w.membership(ctx, q, caseID)
	if err != nil {
		return "", err
	}
	return m.only(d)
}

func (m *CaseRole) only(d Deed) (person string, err error) {
	switch table[d][m.Role] {
	case all:
		return "", nil
	case own:
		return m.Person, nil
	}
	return "", &NotAllowed{m.Case, m.Role, d}
}

// enter is may, with the key of the case.
func (w *Workspace) enter(ctx context.Context, q queryer, caseID string, d Deed) (key seal.Identity, only string, err error) {
	m, wrapped, err := w.membership(ctx, q, caseID)
	if err != nil {
		return key, "", err
	}
	if only, err = m.only(d); err != nil {
		return key, "", err
	}
	key, err = w.unwrap(caseID, wrapped)
	return key, only, err
}

// mayWith is may, for one row of a table that is known by its id: where the
// acting member may do this with their own alone, another's is not found.
func (w *Workspace) mayWith(ctx context.Context, q queryer, caseID string, d Deed, rows, id string) error {
	only, err := w.may(ctx, q, caseID, d)
	if err != nil || only == "" {
		return err
	}
	return w.owned(ctx, q, rows, id, only)
}

// mayAll is may, for what is done with all of a case or not at all.
func (w *Workspace) mayAll(ctx context.Context, caseID string, d Deed) error {
	m, err := w.RoleIn(ctx, caseID)
	if err == nil && !m.Role.MayAll(d) {
		err = &NotAllowed{caseID, m.Role, d}
	}
	return err
}

// owned reports, as ErrNotFound, that a row is not a person's.
func (w *Workspace) owned(ctx context.Context, q queryer, rows, id, person string) error {
	var f filter
	f.equal("id", id)
	f.own(rows, person)
	var n int
	err := q.QueryRowContext(ctx, f.query("SELECT COUNT(*) FROM "+rows+" WHERE @mine"), f.args...).Scan(&n)
	if err != nil {
		return w.fail(rows, err)
	}
	if n == 0 {
		return fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return nil
}

// own narrows a query over a table to the rows of a person, "" for all.
func (f *filter) own(rows, person string) {
	if person != "" {
		f.add(ownRows[rows], person)
	}
}

// query is a query with the conditions in the place of @mine.
func (f *filter) query(text string) string {
	return strings.ReplaceAll(text, "@mine", strings.Join(f.where, " AND "))
}

// mine begins a query over a table, of all cases: with the rows that the
// acting member's roles let them do something with.
func (w *Workspace) mine(ctx context.Context, d Deed, rows string) (filter, error) {
	var f filter
	f.add("case_id IN ("+w.casesFor(d, "$?")+")", w.member.ID)
	if w.only != nil { // a job, of somebody who may do this with all of its case
		f.equal("case_id", w.only.id)
		return f, nil
	}
	if table[d][RolePerson] != own {
		return f, nil
	}
	people, err := w.concerned(ctx)
	for _, person := range people {
		f.args = append(f.args, person)
		f.where[0] += " OR " + strings.ReplaceAll(ownRows[rows], "$?", "$"+strconv.Itoa(len(f.args)))
	}
	f.where[0] = "(" + f.where[0] + ")"
	return f, err
}

// concerned lists the people that the acting member is.
func (w *Workspace) concerned(ctx context.Context) ([]string, error) {
	//nolint:gosec // conditions of ours, and $1, $2, …
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT person_id FROM case_member WHERE member_id = $1 AND role = $2"+w.within("case_id")+" ORDER BY person_id", w.member.ID, RolePerson)
	if err != nil {
		return nil, w.fail("roles", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, w.fail("roles", err)
		}
		out = append(out, id)
	}
	if err := rows.Err(); err != nil {
		return nil, w.fail("roles", err)
	}
	return out, nil
}

// casesFor selects the cases that may be reached, with all of which a member may
// do something.
func (w *Workspace) casesFor(d Deed, member string) string {
	return "SELECT case_id FROM case_member WHERE member_id = " + member + " AND role IN (" + rolesFor(d) + ")" + w.within("case_id")
}

// inCases is a query with casesFor in the place of @cases.
func (w *Workspace) inCases(d Deed, member, text string) string {
	return strings.ReplaceAll(text, "@cases", w.casesFor(d, member))
}

// MyRoles lists what the acting member is, case by case, the first that they
// came to first.
func (w *Workspace) MyRoles(ctx context.Context) ([]CaseRole, error) {
	//nolint:gosec // conditions of ours, and $1, $2, …
	rows, err := w.db.Pool.QueryContext(ctx, `SELECT m.case_id, m.role, m.person_id FROM case_member m JOIN cases c ON c.id = m.case_id
		WHERE m.member_id = $1`+w.within("m.case_id")+" ORDER BY c.n", w.member.ID)
	if err != nil {
		return nil, w.fail("roles", err)
	}
	defer rows.Close()
	out := []CaseRole{}
	for rows.Next() {
		var m CaseRole
		if err := rows.Scan(&m.Case, &m.Role, &m.Person); err != nil {
			return nil, w.fail("roles", err)
		}
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, w.fail("roles", err)
	}
	return out, nil
}

// MyRolesAnywhere lists the roles that the acting member has, each once.
func (w *Workspace) MyRolesAnywhere(ctx context.Context) ([]Role, error) {
	var out []Role
	err := w.read(ctx, func(t *tx) error {
		list, err := t.texts("SELECT DISTINCT role FROM case_member WHERE member_id = $1"+w.within("case_id")+" ORDER BY role", 1, w.member.ID)
		for _, row := range list {
			out = append(out, Role(row[0]))
		}
		return err
	})
	return out, err
}

// RoleIn returns what the acting member is in a case. The error wraps
// ErrNoAccess, or ErrNotFound where there is no such case.
func (w *Workspace) RoleIn(ctx context.Context, caseID string) (CaseRole, error) {
	m, _, err := w.membership(ctx, w.db.Pool, caseID)
	return m, err
}

// Allows reports, as ErrNotAllowed, that the acting member may do something in
// none of their cases, be it only with what is their own. Whoever has no case yet may.
func (w *Workspace) Allows(ctx context.Context, d Deed) error {
	mine, err := w.MyRolesAnywhere(ctx)
	switch {
	case err != nil:
		return err
	case len(mine) == 0:
		return w.unlimited()
	}
	for _, r := range mine {
		if r.May(d) {
			return nil
		}
	}
	return &NotAllowed{"", mine[0], d}
}

// InTeam reports, as ErrNotAllowed, that the acting member takes part here as
// the person concerned alone, or is limited to some cases: what is of the
// workspace, such as its members, is not theirs to see.
func (w *Workspace) InTeam(ctx context.Context) error { return w.inTeam(ctx, w.db.Pool) }

func (w *Workspace) inTeam(ctx context.Context, q queryer) error {
	if err := w.unlimited(); err != nil {
		return err
	}
	return w.notConcerned(ctx, q)
}

// notConcerned reports, as ErrNotAllowed, that the acting member takes part here
// as the person concerned alone, as far as they may reach.
func (w *Workspace) notConcerned(ctx context.Context, q queryer) error {
	var person, other bool
	within := w.within("case_id")
	err := q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM case_member WHERE member_id = $1 AND role = $2"+within+`),
		EXISTS (SELECT 1 FROM case_member WHERE member_id = $1 AND role <> $2`+within+")", w.member.ID, RolePerson).Scan(&person, &other)
	if err != nil {
		return w.fail("roles", err)
	}
	if person && !other {
		return &NotAllowed{"", RolePerson, ActSee}
	}
	return nil
}

// unwrap opens the key of a case. It is remembered for a while, and so is what
// it opens.
func (w *Workspace) unwrap(caseID string, wrapped []byte) (seal.Identity, error) {
	if w.only != nil { // membership refused all other cases
		return w.only.key, nil
	}
	secret, err := seal.Open(w.o.Identity, wrapped)
	if err != nil {
		return seal.Identity{}, fmt.Errorf("key of case %s: %w", caseID, err)
	}
	key, err := seal.ParseIdentity(string(secret))
	return key.Remembering(w.db.ring), err
}
