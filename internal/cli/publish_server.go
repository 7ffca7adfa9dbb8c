package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/client"
)

// errOtherSite says that a server sent something else than it recorded.
var errOtherSite = errors.New("the site that arrived is not what the server recorded: nothing of it was written")

// far shows what a server would make public, asks, has it recorded there, and
// writes the site here.
func (c *publishCmd) far(a *app) error {
	if _, err := c.day(); err != nil {
		return err
	}
	s, err := c.dial(a)
	if err != nil {
		return err
	}
	d, err := a.docket(s, c.Case)
	if err != nil {
		return err
	}
	want, err := casework.PublicDocuments(a.ctx, d)
	if err != nil {
		return err
	}
	given, err := c.documents(want) // what is marked public, and nothing else of the folder
	if err != nil {
		return err
	}
	page := map[string]any{"title": c.Title, "publisher": c.Publisher}
	if c.Label != "" {
		page["label"] = c.Label
	}
	if c.On != "" {
		page["on"] = c.On
	}
	var seen struct {
		Facts    []publish.Fact      `json:"facts"`
		Withheld []casework.Withheld `json:"withheld"`
		Faults   []concern.Fault     `json:"faults"`
	}
	if err := s.PreviewPublication(a.ctx, c.Case, page, given, &seen); err != nil {
		return err
	}
	a.tellFaults(seen.Faults)
	if c.Preview && c.JSON {
		return writeJSON(a.Out, seen.Facts)
	}
	if !c.JSON {
		a.preview(seen.Facts, seen.Withheld)
	}
	if c.Preview {
		return nil
	}
	if err := a.agreed(c.Yes); err != nil {
		return err
	}
	return c.take(a, s, page, given)
}

// take has the server publish, and writes what it sends once all of it arrived
// and is what was recorded.
func (c *publishCmd) take(a *app, s *client.Client, page map[string]any, given map[string][]byte) (err error) {
	if _, err := c.earlier(); err != nil { // before anything is recorded
		return err
	}
	part, err := os.MkdirTemp(filepath.Dir(filepath.Clean(c.To)), ".amparo-public-") //nolint:forbidigo // what is asked for, until it is whole
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(part)) }()
	if err := s.Publish(a.ctx, c.Case, page, given, part); err != nil {
		return err
	}
	var done casework.Recorded
	if err := jsonIn(a, filepath.Join(part, casework.RecordedName), &done); err != nil {
		return err
	}
	dir := filepath.Join(part, filepath.FromSlash(casework.PublicFolder))
	files, err := filesOf(dir)
	if err != nil {
		return err
	}
	manifest := publish.Manifest(files)
	if fmt.Sprintf("%x", sha256.Sum256(manifest)) != done.Manifest {
		return errOtherSite
	}
	if err := c.clear(files); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		to := filepath.Join(c.To, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // it is to be public
			return err
		}
		if err := writeBytes(to, files[name]); err != nil {
			return err
		}
	}
	if err := writeBytes(filepath.Join(c.To, casework.ManifestName), manifest); err != nil {
		return err
	}
	return c.tell(a, done)
}
