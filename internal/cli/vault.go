package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// readable lists all evidence that is stored in cases of the acting member.
func (s *space) readable() ([]string, error) {
	var ids []string
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		cases, err := s.Cases(s.app.ctx, "", page)
		if err != nil {
			return nil, err
		}
		for _, c := range cases.Items {
			if c.Sealed {
				continue
			}
			list, err := s.Evidences(s.app.ctx, c.ID, "", workspace.Page{Limit: workspace.MaxLimit})
			if err != nil {
				return nil, err
			}
			for _, e := range list.Items {
				if e.State == workspace.Stored {
					ids = append(ids, e.ID)
				}
			}
		}
		if page.After = cases.Next; page.After == "" {
			return ids, nil
		}
	}
}

// orphanAge is how old a segment must be that nothing refers to: a process
// that stores evidence writes segments before it names them.
const orphanAge = 24 * time.Hour

// clean removes what interrupted processes left in the vault.
func (s *space) clean() error {
	before := s.app.Now().Add(-orphanAge)
	if err := s.Vault.CleanIncoming(s.app.ctx, before); err != nil {
		return err
	}
	old := map[string]bool{}
	if err := s.Vault.List(s.app.ctx, func(id string, modified time.Time) error {
		if modified.Before(before) {
			old[id] = true
		}
		return nil
	}); err != nil {
		return err
	}
	if _, err := s.DropUnsaved(s.app.ctx, func(id string) bool { return old[id] }); err != nil {
		return err
	}
	known, err := s.KnownSegments(s.app.ctx) // after the list: what is new is known
	if err != nil {
		return err
	}
	n := 0
	for id := range old {
		if !known[id] {
			n++
			err = errors.Join(err, s.Vault.Delete(s.app.ctx, id))
		}
	}
	fmt.Fprintln(s.app.Err, "amparo: "+s.app.Count("ws.cleaned", int64(n)))
	return err
}

// copying shows how much of the vault is copied.
func (p *progress) copying(done, of int64) {
	if !p.ErrTerminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.next) {
		return
	}
	p.next, p.shown = time.Now().Add(progressEvery), true
	fmt.Fprintf(p.Err, "\r\x1b[K%s", p.Text("backup.copying", "MB", p.Number(done>>20), "Of", p.Number(of>>20)))
}

// storing shows how much evidence is read.
func (p *progress) storing(files, bytes int64) {
	if !p.ErrTerminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.next) {
		return
	}
	p.next, p.shown = time.Now().Add(progressEvery), true
	fmt.Fprintf(p.Err, "\r\x1b[K%s", p.Text("ws.storing", "Files", p.Number(files), "MB", p.Number(bytes>>20)))
}
