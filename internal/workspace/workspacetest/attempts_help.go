package workspacetest

import (
	"maps"

	"github.com/amparo-project/amparo/internal/workspace"
)

// allAttempts is the whole table.
func allAttempts() map[string]attempt {
	all := maps.Clone(attempts)
	maps.Copy(all, jobAttempts)
	return all
}

// double is somebody new in the acting role.
func (c *cast) double() *workspace.Workspace {
	c.T.Helper()
	name := c.spare()
	w := c.member(name)
	if c.acting == limited {
		ok(c.T, c.ShareCase(c.T.Context(), c.other.ID, name, workspace.RoleOwner, ""))
		return w.Within([]string{c.other.ID})
	}
	if c.acting != stranger {
		ok(c.T, c.ShareCase(c.T.Context(), c.Case.ID, name, c.acting, c.personOf(c.acting)))
	}
	return w
}

// shared is the name of a new reader of the case.
func (c *cast) shared() string {
	c.T.Helper()
	name := c.spare()
	c.member(name)
	ok(c.T, c.ShareCase(c.T.Context(), c.Case.ID, name, workspace.RoleReader, ""))
	c.prepared()
	return name
}

// asked is the record of a job that asks the feeds.
func (c *cast) asked() workspace.FeedUpdate {
	j, err := c.AddJob(c.T.Context(), workspace.Job{Kind: workspace.JobUpdate}, workspace.JobPrivate{})
	ok(c.T, err)
	c.prepared()
	return workspace.FeedUpdate{Job: j.ID, Feeds: []workspace.FeedResult{{Name: "a feed", State: "changed"}}, News: true}
}

// shares has the workspace keep something that its members share.
func (c *cast) shares() {
	ok(c.T, c.ChangeShared(c.T.Context(), workspace.SharedIndicators, func([]byte) ([]byte, map[string]any, error) {
		return []byte("{}"), nil, nil
	}))
	c.prepared()
}
