package web

import (
	"context"
	"net/http"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Bodies of changes of who works on a case.
type (
	roleBody struct {
		InCase
		Body struct {
			Member string `json:"member" minLength:"1" maxLength:"200" doc:"their name"`
			Role   string `json:"role" enum:"owner,analyst,counsel,reader,person"`
			Person string `json:"person,omitempty" maxLength:"200" doc:"id or pseudonym of the person of the case that they are, for the role person"`
		}
	}
	removeBody struct {
		InCase
		Body struct {
			Member string `json:"member" minLength:"1" maxLength:"200" doc:"their name"`
		}
	}
)

// members is who works on a case, and as what. Each change answers with all of
// them.
func (a *api) members() {
	list := func(ctx context.Context, sp *examine.Space, caseID string) ([]workspace.CaseMember, error) {
		return sp.CaseMembers(ctx, caseID)
	}
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/members", "list-case-members", "The members of a case, and their roles",
		func(ctx context.Context, sp *examine.Space, in *InCase) ([]workspace.CaseMember, error) {
			return list(ctx, sp, in.Case)
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/members/role", "change-role", "Give a member of a case another role",
		func(ctx context.Context, sp *examine.Space, in *roleBody) ([]workspace.CaseMember, error) {
			if err := sp.ChangeRole(ctx, in.Case, in.Body.Member, workspace.Role(in.Body.Role), in.Body.Person); err != nil {
				return nil, err
			}
			return list(ctx, sp, in.Case)
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/members/remove", "remove-case-member", "End a member's part in a case: the key that was wrapped for them is deleted",
		func(ctx context.Context, sp *examine.Space, in *removeBody) ([]workspace.CaseMember, error) {
			if err := sp.RemoveFromCase(ctx, in.Case, in.Body.Member); err != nil {
				return nil, err
			}
			return list(ctx, sp, in.Case)
		})
}
