package cli

import (
	"fmt"
	"strconv"

	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

// wsFileCmd is "amparo workspace file".
type wsFileCmd struct {
	List   wsFileListCmd   `cmd:"" help:"workspace_file_list"`
	Set    wsFileSetCmd    `cmd:"" help:"workspace_file_set"`
	Show   wsFileShowCmd   `cmd:"" help:"workspace_file_show"`
	Remove wsFileRemoveCmd `cmd:"" help:"workspace_file_remove"`
}

type wsFileListCmd struct {
	JSON bool `name:"json" help:"json"`
	anyFlags
}

// Run lists the files that the workspace keeps for its servers and workers.
func (c *wsFileListCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		list, err := s.SharedList(a.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(a.Out, list)
		}
		return a.table([]string{"name", "revision", "changed"}, rowsOf(list, func(f workspace.SharedFile) []string {
			return []string{f.Name, strconv.FormatInt(f.Revision, 10), day(f.Changed)}
		}), "")
	})
}

type wsFileSetCmd struct {
	Name string `arg:"" enum:"feeds.yaml,institutions.yaml,notices.yaml,terms.yaml" help:"workspace_file_name"`
	File string `arg:"" help:"workspace_file_file"`
	Seen string `help:"workspace_file_seen" placeholder:"SHA256"`
	anyFlags
}

// Run keeps a file, once it was read.
func (c *wsFileSetCmd) Run(a *app) error {
	data, err := a.readBounded(c.File, settings.MaxSize)
	if err != nil {
		return err
	}
	if err := settings.Check(c.Name, data); err != nil {
		return fmt.Errorf("%s: %w", safe(c.File), err)
	}
	return c.either(a, func(s works) error { return s.KeepFile(a.ctx, c.Name, data, settings.Wish{Seen: c.Seen}) })
}

type wsFileShowCmd struct {
	Name string `arg:"" enum:"feeds.yaml,institutions.yaml,notices.yaml,terms.yaml" help:"workspace_file_name"`
	anyFlags
}

// Run prints a file that is kept.
func (c *wsFileShowCmd) Run(a *app) error {
	return c.either(a, func(s works) error {
		data, err := s.KeptFile(a.ctx, c.Name)
		if err != nil {
			return err
		}
		_, err = a.Out.Write(data)
		return err
	})
}

type wsFileRemoveCmd struct {
	Name string `arg:"" enum:"feeds.yaml,institutions.yaml,notices.yaml,terms.yaml" help:"workspace_file_name"`
	Seen string `help:"workspace_file_seen" placeholder:"SHA256"`
	anyFlags
}

// Run removes a file: each machine goes by its own again.
func (c *wsFileRemoveCmd) Run(a *app) error {
	return c.either(a, func(s works) error { return s.RemoveFile(a.ctx, c.Name, settings.Wish{Seen: c.Seen}) })
}
