package exhibit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// markerName is the file that says that a folder is an export that is not
// whole yet.
const markerName = ".amparo-export.json"

// marker is what that file holds.
type marker struct {
	ID        string     `json:"id"`
	Workspace string     `json:"workspace"`
	Request   Request    `json:"request"`
	Begun     time.Time  `json:"begun"`
	Sum       string     `json:"sum,omitempty"` // of the payload manifest, before the act is recorded
	Said      []Omission `json:"left_out,omitempty"`
	Rows      []row      `json:"rows,omitempty"`
	// Given is what was given of each evidence, of an export that is kept.
	Given map[string]workspace.Share `json:"given,omitempty"`

	file string
}

// openFolder takes a new or empty folder, or one whose export was interrupted.
func openFolder(dir, uid string, r *Request) (*marker, error) {
	m := &marker{file: filepath.Join(dir, markerName)}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	data, err := os.ReadFile(m.file)
	switch {
	case err == nil:
		if json.Unmarshal(data, m) != nil || m.Workspace != uid || !reflect.DeepEqual(m.Request, *r) {
			return nil, fmt.Errorf("export: %s: %w", dir, ErrNotOurs)
		}
		return m, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("export: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err == nil && len(list) > 0 && !onlyHalfMarker(list) {
		err = ErrNotOurs
	}
	if err != nil {
		return nil, fmt.Errorf("export: %s: %w", dir, err)
	}
	m.ID, m.Workspace, m.Request, m.Begun = workspace.NewExportID(), uid, *r, time.Now().UTC().Truncate(time.Second)
	return m, m.write()
}

// bringMarker makes the folder of an export whose files lie elsewhere.
func bringMarker(dir string, from fs.FS) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	f, err := from.Open(markerName)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer f.Close()
	to, err := os.OpenFile(filepath.Join(dir, markerName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	_, err = io.Copy(to, f)
	if err := errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// onlyHalfMarker knows a folder where the writing of the first file was
// interrupted.
func onlyHalfMarker(list []fs.DirEntry) bool {
	return len(list) == 1 && list[0].Name() == markerName+".partial"
}

func (m *marker) write() error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	part := m.file + ".partial"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := os.Rename(part, m.file); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// remove says that the export is whole.
func (m *marker) remove() error {
	if err := os.Remove(m.file); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
