package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/vault/stores"
	"github.com/amparo-project/amparo/internal/workspace"
	"github.com/amparo-project/amparo/internal/workspace/postgres"
	"github.com/amparo-project/amparo/internal/workspace/sqlite"
)

// Environment variables that say where the workspace is and who acts.
const (
	workspaceVariable  = "AMPARO_WORKSPACE"  // a folder, or a postgres:// URL
	vaultVariable      = "AMPARO_VAULT"      // a folder, or s3://BUCKET/PREFIX?endpoint=https://HOST
	scratchVariable    = "AMPARO_SCRATCH"    // a folder for results in the making, where the vault is a bucket
	identityVariable   = "AMPARO_IDENTITY"   // a file
	passphraseVariable = "AMPARO_PASSPHRASE" // of that file
)

// errNoIdentity says that there is no identity file where it should be.
var errNoIdentity = errors.New("no identity file")

// errNoWorkerKey says that the key of the workers is not where it should be.
var errNoWorkerKey = errors.New("no key of the workers")

// errSecretInFlag refuses a password where every user of the machine sees it.
var errSecretInFlag = errors.New("a URL with a password does not belong into a flag: set " + workspaceVariable)

// wsFlags are those of every command that works on a workspace.
type wsFlags struct {
	Workspace      string `help:"ws_dir" placeholder:"DIR"`
	IdentityFile   string `help:"ws_identity" placeholder:"FILE"`
	PassphraseFile string `help:"ws_passphrase" placeholder:"FILE"`
}

// serverFlags say at which server a workspace is.
type serverFlags struct {
	Server    string `help:"ws_server" placeholder:"URL"`
	TokenFile string `help:"ws_token" placeholder:"FILE"`
	ServerCA  string `name:"server-ca" help:"ws_server_ca" placeholder:"FILE"`
}

// anyFlags are those of commands that work on a workspace of this machine, or
// on one at a server.
type anyFlags struct {
	wsFlags
	serverFlags
}

// listFlags are those of every list.
type listFlags struct {
	Limit int    `help:"ws_limit" default:"100"`
	After string `help:"ws_after" placeholder:"CURSOR"`
	JSON  bool   `name:"json" help:"json"`
}

func (l listFlags) page() workspace.Page { return workspace.Page{After: l.After, Limit: l.Limit} }

// space is an open workspace with its vault.
type space struct {
	*examine.Space
	app *app
}

// where is the workspace: a folder, or a URL.
func (f *wsFlags) where() (at string, isURL bool, err error) {
	if u, err := url.Parse(f.Workspace); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return "", false, usageError{errSecretInFlag}
		}
	}
	at = cmp.Or(f.Workspace, os.Getenv(workspaceVariable))
	if strings.HasPrefix(at, "postgres://") || strings.HasPrefix(at, "postgresql://") {
		return at, true, nil
	}
	if at == "" {
		at, err = userDir("workspace")
	}
	return at, false, err
}

// userDir is a folder of the user: in AMPARO_HOME, or in their configuration.
func userDir(name string) (string, error) {
	if home := os.Getenv("AMPARO_HOME"); home != "" {
		return filepath.Join(home, name), nil
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("workspace: %w", err)
	}
	return filepath.Join(config, "amparo", name), nil
}

// identityFile is the file that holds the identity of who acts.
func (f *wsFlags) identityFile() (string, error) {
	if name := cmp.Or(f.IdentityFile, os.Getenv(identityVariable)); name != "" {
		return name, nil
	}
	return userDir("identity.age")
}

// passphrase returns the passphrase of an identity file: from a file, the
// environment, or a person.
func (a *app) passphrase(f *wsFlags) func() (string, error) {
	return func() (string, error) {
		if f.PassphraseFile != "" {
			return passwordFrom(f.PassphraseFile)
		}
		if p, ok := os.LookupEnv(passphraseVariable); ok {
			return p, nil
		}
		if a.Ask == nil {
			return "", seal.ErrNoPassphrase
		}
		return a.Ask(a.Text("ws.passphrase_prompt"))
	}
}

func (a *app) identity(f *wsFlags) (seal.Identity, error) {
	name, err := f.identityFile()
	if err != nil {
		return seal.Identity{}, err
	}
	id, err := seal.ReadIdentityFile(name, a.passphrase(f))
	if errors.Is(err, fs.ErrNotExist) {
		return id, fmt.Errorf("%s: %w", name, errNoIdentity)
	}
	return id, err
}

// database opens the database, and says where the vault is. create makes the
// folder.
func (f *wsFlags) database(a *app, create bool) (db *workspace.DB, at stores.Place, err error) {
	if os.Getenv(serverVariable) != "" {
		return nil, at, usageError{errNotOverServer}
	}
	where, isURL, err := f.where()
	if err != nil {
		return nil, at, err
	}
	if at, err = vaultAt(where, isURL); err != nil {
		return nil, at, err
	}
	switch {
	case isURL:
		db, err = postgres.Open(a.ctx, where)
	case create:
		if err := os.MkdirAll(where, 0o700); err != nil {
			return nil, at, fmt.Errorf("workspace: %w", err)
		}
		db, err = sqlite.Open(a.ctx, where, a.Now)
	case !sqlite.Exists(where):
		return nil, at, fmt.Errorf("%s: %w", where, workspace.ErrNone)
	default:
		db, err = sqlite.Open(a.ctx, where, a.Now)
	}
	at.Known = func(ctx context.Context) ([]string, error) { return workspace.SomeSegments(ctx, db) }
	return db, at, err
}

// vaultAt is where the vault of a workspace lies: where the environment says,
// or in the folder of the workspace, or in one of the user.
func vaultAt(workspace string, isURL bool) (at stores.Place, err error) {
	switch at.Vault = os.Getenv(vaultVariable); {
	case at.Vault != "":
	case isURL:
		at.Vault, err = userDir("vault")
	default:
		at.Vault = filepath.Join(workspace, "vault")
	}
	if err != nil || at.IsFolder() && !s3.Misspelt(at.Vault) {
		return at, err
	}
	if _, err := s3.ParsePlace(at.Vault); err != nil {
		return at, usageError{fmt.Errorf("%s: %w", vaultVariable, err)}
	}
	if at.Scratch = os.Getenv(scratchVariable); at.Scratch == "" {
		at.Scratch, err = userDir("scratch")
	}
	if err == nil {
		if err = os.MkdirAll(at.Scratch, 0o700); err != nil { //nolint:gosec // the user says where
			err = fmt.Errorf("%s: %w", scratchVariable, err)
		}
	}
	return at, err
}

// with opens the workspace, runs fn and closes it.
func (f *wsFlags) with(a *app, fn func(s *space) error) (err error) {
	db, at, err := f.database(a, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	id, err := a.identity(f)
	if err != nil {
		return err
	}
	w, err := workspace.Open(a.ctx, db, workspace.Options{Identity: id, Now: a.Now})
	if err != nil {
		return err
	}
	store, err := at.Open(a.ctx, w.Info().UID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return diskError(fn(&space{&examine.Space{Workspace: w, Vault: store, Dir: at.Dir()}, a}))
}

// diskError says of errors of the file system what they mean for a workspace.
func diskError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC) && !errors.Is(err, workspace.ErrDiskFull):
		return fmt.Errorf("%w: %w", workspace.ErrDiskFull, err)
	case errors.Is(err, syscall.EROFS) && !errors.Is(err, workspace.ErrReadOnly):
		return fmt.Errorf("%w: %w", workspace.ErrReadOnly, err)
	}
	return err
}

// table writes rows of cells, with a head in the user's language.
func (a *app) table(columns []string, rows [][]string, next string) error {
	if len(rows) == 0 {
		fmt.Fprintln(a.Out, a.Text("ws.empty"))
		return nil
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = a.Text("ws.column." + c)
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = cmp.Or(safe(row[i]), "-")
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if next != "" {
		fmt.Fprintln(a.Err, "amparo: "+a.Text("ws.next", "Next", next))
	}
	return nil
}

// show writes a list as JSON or as a table.
func show[T any](a *app, l workspace.List[T], asJSON bool, columns []string, row func(T) []string) error {
	if asJSON {
		return writeJSON(a.Out, l)
	}
	rows := make([][]string, len(l.Items))
	for i, item := range l.Items {
		rows[i] = row(item)
	}
	return a.table(columns, rows, l.Next)
}

// made says what came to be: its name on a line of its own, or all of it.
func (a *app) made(asJSON bool, v any, id string) error {
	if asJSON {
		return writeJSON(a.Out, v)
	}
	_, err := fmt.Fprintln(a.Out, id)
	return err
}

// day is the day and time of an act, for a table.
func day(t string) string {
	if len(t) < len("2006-01-02T15:04") {
		return t
	}
	return strings.Replace(t[:16], "T", " ", 1)
}

// readBounded reads a small file of the user, "-" for the standard input.
func (a *app) readBounded(name string, most int64) ([]byte, error) {
	r := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1)) //nolint:forbidigo // bounded, and ours
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: more than %d bytes", name, most)
	}
	return data, err
}
