package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/lure"
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
	wsFlags
}

// Run lists the files that the workspace keeps for its servers and workers.
func (c *wsFileListCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
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
	wsFlags
}

// maxSharedFile bounds a file that is kept, in bytes.
const maxSharedFile = 4 << 20

// Run keeps a file, once it was read.
func (c *wsFileSetCmd) Run(a *app) error {
	data, err := a.readBounded(c.File, maxSharedFile)
	if err != nil {
		return err
	}
	if err := checkSharedFile(c.Name, data); err != nil {
		return fmt.Errorf("%s: %w: %w", safe(c.File), workspace.ErrInvalid, err)
	}
	return c.with(a, func(s *space) error {
		return s.ChangeShared(a.ctx, c.Name, func([]byte) ([]byte, map[string]any, error) {
			sum := sha256.Sum256(data)
			return data, map[string]any{"sha256": hex.EncodeToString(sum[:])}, nil
		})
	})
}

// checkSharedFile reads a file as servers and workers will.
func checkSharedFile(name string, data []byte) (err error) {
	switch name {
	case workspace.SharedNotices:
		_, err = notice.ParseConfig(data)
	case workspace.SharedTerms:
		_, err = term.Load(data)
	case workspace.SharedInstitutions:
		_, err = lure.LoadWith(data)
	case workspace.SharedFeeds:
		_, err = feed.ParseSources(data)
	}
	return err
}

type wsFileShowCmd struct {
	Name string `arg:"" enum:"feeds.yaml,institutions.yaml,notices.yaml,terms.yaml" help:"workspace_file_name"`
	wsFlags
}

// Run prints a file that is kept.
func (c *wsFileShowCmd) Run(a *app) error {
	return c.with(a, func(s *space) error {
		data, _, err := s.Shared(a.ctx, c.Name)
		if err != nil {
			return err
		}
		_, err = a.Out.Write(data)
		return err
	})
}

type wsFileRemoveCmd struct {
	Name string `arg:"" enum:"feeds.yaml,institutions.yaml,notices.yaml,terms.yaml" help:"workspace_file_name"`
	wsFlags
}

// Run removes a file: each machine goes by its own again.
func (c *wsFileRemoveCmd) Run(a *app) error {
	return c.with(a, func(s *space) error { return s.RemoveShared(a.ctx, c.Name) })
}
