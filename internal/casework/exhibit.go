package casework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/workspace"
)

// ExhibitSpace is a workspace as exhibits read from it. open says by which
// passwords stored evidence is opened; nil: by none, and what is encrypted is
// left out in clear.
func ExhibitSpace(sp *examine.Space, version string, open func(id string) evidence.OpenOptions) *exhibit.Space {
	return &exhibit.Space{Workspace: sp.Workspace, Vault: sp.Vault, Version: version, Source: func(ctx context.Context, ev workspace.Evidence, piece *finding.Evidence) (evidence.Source, error) {
		stored, err := sp.Open(ctx, ev)
		if err != nil {
			return nil, err
		}
		var o evidence.OpenOptions
		if open != nil {
			o = open(ev.ID)
		}
		for _, c := range stored.Found.Candidates {
			if c.Root() == piece.Root && c.Path() == piece.Path {
				return c.Open(ctx, o)
			}
		}
		return nil, fmt.Errorf("%s: %w", ev.ID, evidence.ErrNotEvidence)
	}}
}

// SendExhibit makes an exhibit and writes it as a zip. begin is called when it is
// whole and in the ledger, before the first byte, and returns where they go. The
// bag is put together in a folder of its own beside the vault that only its
// owner reads, and that is gone when this returns.
func SendExhibit(ctx context.Context, sp *examine.Space, r exhibit.Request, version string, begin func(exhibit.Done) io.Writer) error {
	return PackExhibit(ctx, ExhibitSpace(sp, version, nil), sp, r, bagit.Zip, begin)
}

// PackExhibit is SendExhibit in one of the formats of package bagit, by a
// space that may open what is encrypted.
func PackExhibit(ctx context.Context, from *exhibit.Space, sp *examine.Space, r exhibit.Request, format string, begin func(exhibit.Done) io.Writer) (err error) {
	if r.Recipient = strings.TrimSpace(r.Recipient); len(r.Formats) == 0 && !strings.HasPrefix(r.Subject, "F-") {
		r.Formats = []string{"html", "pdf"}
	}
	dir, err := sp.TempDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bag := filepath.Join(dir, "bag")
	done, err := exhibit.Make(ctx, from, r, bag)
	if err != nil {
		return err
	}
	return bagit.Write(begin(done), bag, done.ID, format)
}
