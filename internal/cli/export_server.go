package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/client"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/workspace"
)

// maxAbout bounds what a bag says of itself, in bytes.
const maxAbout = 16 << 20

// errOtherExport says that a server sent something else than it recorded.
var errOtherExport = errors.New("what arrived is not what the server recorded: nothing of it was kept")

// far has a server make the bag and writes it here, once all of it arrived and
// is what its manifests and the record of the export say. Cut short, nothing is
// written; that it left is in the ledger of the server then.
func (c *exportCmd) far(a *app, far *client.Client, r exhibit.Request) (done exhibit.Done, err error) {
	if c.Identity != "" {
		return done, usageError{fmt.Errorf("--identity: %w", errNotHere)}
	}
	if list, err := os.ReadDir(c.To); !errors.Is(err, fs.ErrNotExist) && (err != nil || len(list) > 0) {
		return done, fmt.Errorf("export: %s: %w", c.To, errors.Join(exhibit.ErrNotOurs, err))
	}
	body := map[string]any{"subject": r.Subject, "for": r.Recipient, "evidence": r.Evidence, "languages": r.Languages}
	if r.Run != "" {
		body["run"] = r.Run
	}
	if len(r.Formats) > 0 {
		body["formats"] = r.Formats
	}
	if password, err := c.farPassword(); err != nil {
		return done, err
	} else if password != "" {
		body["password"] = password
	}
	caseID, err := far.CaseOf(a.ctx, r.Subject, r.Run)
	if err != nil {
		return done, err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(c.To)), 0o700); err != nil {
		return done, err
	}
	part, err := os.MkdirTemp(filepath.Dir(filepath.Clean(c.To)), ".amparo-export-") //nolint:forbidigo // what is asked for, until it is whole
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(part)) }() // it is gone where all went well
	if err := far.Exhibit(a.ctx, caseID, body, part); err != nil {
		return done, err
	}
	if done, err = arrived(a, far, caseID, part); err != nil {
		return done, err
	}
	if err := os.Remove(c.To); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty folder
		return done, err
	}
	done.Dir = c.To
	return done, os.Rename(part, c.To)
}

// farPassword is the password that goes to the server: nobody is asked for one.
func (c *exportCmd) farPassword() (string, error) {
	if c.PasswordFile != "" {
		return passwordFrom(c.PasswordFile)
	}
	return os.Getenv(passwordVariable), nil
}

// arrived holds a bag that a server sent to its manifests and to what the server
// recorded of it.
func arrived(a *app, far *client.Client, caseID, dir string) (done exhibit.Done, err error) {
	sum, err := bagit.Verify(dir)
	if err != nil {
		return done, fmt.Errorf("%w: %s", errOtherExport, err.Error()) // it is no damage of a vault
	}
	var about struct {
		ID string `json:"id"`
	}
	if err := jsonIn(a, filepath.Join(dir, "data", "export.json"), &about); err != nil {
		return done, err
	}
	if err := jsonIn(a, filepath.Join(dir, "data", "left-out.json"), &done.LeftOut); err != nil {
		return done, err
	}
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := far.Exports(a.ctx, caseID, "", page)
		if err != nil {
			return done, err
		}
		for i := range l.Items {
			if x := &l.Items[i]; x.ID == about.ID && x.SHA256 == sum && strings.HasPrefix(x.ID, "X-") {
				done.ID, done.SHA256, done.Entry, done.Evidence = x.ID, x.SHA256, x.Entry, x.Evidence
				return done, nil
			}
		}
		if page.After = l.Next; page.After == "" {
			return done, errOtherExport
		}
	}
}

// jsonIn reads a small file of JSON.
func jsonIn(a *app, name string, into any) error {
	data, err := a.readBounded(name, maxAbout)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
