package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/amparo-project/amparo/internal/backup"
	"github.com/amparo-project/amparo/internal/ledger/client"
	"github.com/amparo-project/amparo/internal/ledger/fsck"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// wsBackupCmd is "amparo workspace backup".
type wsBackupCmd struct {
	Dir       string   `arg:"" help:"workspace_backup_dir" placeholder:"DIR"`
	Recipient []string `help:"workspace_backup_recipient" placeholder:"age1…"`
	Keep      int      `help:"workspace_backup_keep" default:"7" placeholder:"N"`
	JSON      bool     `name:"json" help:"json"`
	wsFlags
}

// Run copies the workspace to a folder. Recipients are the acting member and
// whom they name.
func (c *wsBackupCmd) Run(a *app) error {
	if c.Keep < 1 {
		return usageError{fmt.Errorf("--keep %d: %w", c.Keep, workspace.ErrInvalid)}
	}
	return c.with(a, func(s *space) error {
		to := append([]string{s.Member().Recipient}, c.Recipient...)
		if err := s.RecordBackup(a.ctx, to); err != nil {
			return err
		}
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return err
		}
		p := a.newProgress()
		r, err := backup.Make(a.ctx, s.Database(), s.Vault, c.Dir, backup.Options{Recipients: to, Keep: c.Keep, Now: time.Now, Progress: p.copying})
		p.end()
		if err != nil {
			return err
		}
		return tellBackup(a, &r, c.JSON, "backup.done")
	})
}

// errMissing makes a command fail that did all it could.
var errMissing = errors.New("parts of the vault are missing or damaged")

func tellBackup(a *app, r *backup.Report, asJSON bool, id string) error {
	if asJSON {
		if err := writeJSON(a.Out, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(a.Out, a.Text(id, "File", safe(r.File), "Workspace", r.Workspace, "Created", day(r.Created),
			"Segments", a.Number(int64(r.Segments)), "Copied", a.Number(int64(r.Copied)), "Removed", a.Number(int64(r.Removed)), "MB", a.Number(r.Bytes>>20)))
	}
	for _, id := range r.Missing {
		fmt.Fprintln(a.Err, "amparo: "+a.Text("backup.missing", "Segment", id))
	}
	if len(r.Missing) > 0 {
		return errMissing
	}
	return nil
}

// wsRestoreCmd is "amparo workspace restore".
type wsRestoreCmd struct {
	Dir  string `arg:"" help:"workspace_restore_dir" placeholder:"DIR"`
	File string `help:"workspace_restore_file" placeholder:"NAME"`
	JSON bool   `name:"json" help:"json"`
	wsFlags
}

// Run brings a backup back into an empty database, brings its tables up to
// date, and verifies the ledger.
func (c *wsRestoreCmd) Run(a *app) (err error) {
	id, err := a.identity(&c.wsFlags)
	if err != nil {
		return err
	}
	db, at, err := c.untouched(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p := a.newProgress()
	r, err := backup.Restore(a.ctx, c.Dir, c.File, id, backup.Target{
		DB: db, Vault: func(ctx context.Context, workspace string) (vault.Store, error) { return at.Open(ctx, workspace) },
	}, p.copying)
	p.end()
	if err != nil {
		return diskError(err)
	}
	if err := workspace.Migrate(a.ctx, db); err != nil {
		return err
	}
	w, err := workspace.Open(a.ctx, db, workspace.Options{Identity: id, Now: time.Now})
	if err != nil {
		return err
	}
	n, err := verifyLedger(a.ctx, w)
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(a.Out, a.Text("backup.ledger", "Entries", a.Number(n)))
	}
	return tellBackup(a, &r, c.JSON, "backup.restored")
}

// untouched opens the database with the tables that it has, and says where the
// vault is.
func (f *wsFlags) untouched(a *app) (db *workspace.DB, at stores.Place, err error) {
	where, isURL, err := f.where()
	if err != nil {
		return nil, at, err
	}
	if at, err = vaultAt(where, isURL); err != nil {
		return nil, at, err
	}
	db, err = connect(where, isURL)
	return db, at, err
}

// connect opens the database with the tables that it has.
func connect(where string, isURL bool) (*workspace.DB, error) {
	if isURL {
		return postgres.Connect(where)
	}
	if err := os.MkdirAll(where, 0o700); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	return sqlite.Connect(where, time.Now)
}

// verifyLedger recomputes all of the ledger against every checkpoint that it
// has, and returns how many entries there are.
func verifyLedger(ctx context.Context, w *workspace.Workspace) (n int64, err error) {
	earlier, err := w.Checkpoints(ctx)
	if err != nil {
		return 0, err
	}
	signed, n, err := w.Checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "amparo-ledger-") //nolint:forbidigo // what is public of the ledger, removed at the end
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := w.PublishLedger(ctx, dir, n, signed); err != nil {
		return 0, err
	}
	p, err := client.Policy(w.Info().Key, nil, 0)
	if err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	_, err = fsck.Check(root.FS(), p, earlier...)
	return n, err
}
