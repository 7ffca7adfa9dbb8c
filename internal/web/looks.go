package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/workspace"
)

// A Look is a kind of address that is only looked at: a page, or a file.
type Look struct {
	Path  string           // with holes: "/cases/{case}"
	Roles []workspace.Role // who may look; nil: whoever is at this machine
}

// Looks lists them all, in the order of the table: what looks at every page, as
// tests in a browser do, forgets none that is added.
func Looks() []Look {
	var out []Look
	for _, r := range routes {
		if path, ok := strings.CutPrefix(r.pattern, http.MethodGet+" "); ok {
			out = append(out, Look{strings.TrimSuffix(path, "{$}"), r.need.roles()})
		}
	}
	return out
}

// roles are those in a case that come through; who made the workspace, and
// manages it, is an owner here.
func (n need) roles() []workspace.Role {
	if n.level < isMember {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(workspace.Roles), func(r workspace.Role) bool {
		switch {
		case n.managers:
			return r != workspace.RoleOwner
		case n.deed == "":
			return n.team && r == workspace.RolePerson
		case n.whole:
			return !r.MayAll(n.deed)
		}
		return !r.May(n.deed)
	})
}
