package casework

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Inventory is the form of a file of parties, beside those of lists.
const Inventory = "inventory"

// ErrOneFile says that an inventory is one file.
var ErrOneFile = errors.New("an inventory is one file")

// Imported is what an import brought.
type Imported struct {
	ID      string   // of the list
	Entries int      // of the list
	SHA256  []string // of its files
	Parties []string // of an inventory: ids
}

// Import takes in a list of one of trade.Forms, or an inventory. The next list
// of the same form replaces it. Errors of the files wrap trade.ErrForm.
func Import(ctx context.Context, w *workspace.Workspace, caseID, form string, files [][]byte, now time.Time) (Imported, error) {
	var readers []io.Reader
	l := &trade.List{Form: form, Imported: now.UTC().Format(time.RFC3339)}
	for _, data := range files {
		sum := sha256.Sum256(data)
		l.SHA256 = append(l.SHA256, hex.EncodeToString(sum[:]))
		readers = append(readers, bytes.NewReader(data))
	}
	if form == Inventory {
		if len(readers) != 1 {
			return Imported{}, ErrOneFile
		}
		parties, err := trade.Inventory(readers[0])
		if err != nil {
			return Imported{}, err
		}
		ids, err := book.PutRegister(ctx, w, caseID, &book.Register{Parties: parties})
		return Imported{Parties: ids, SHA256: l.SHA256}, err
	}
	var err error
	if l.Entries, err = trade.Read(form, readers...); err != nil {
		return Imported{}, err
	}
	id, err := keepList(ctx, w, caseID, l)
	return Imported{ID: id, Entries: len(l.Entries), SHA256: l.SHA256}, err
}

// keepList writes a list as the next version of the one of its form.
func keepList(ctx context.Context, w *workspace.Workspace, caseID string, l *trade.List) (string, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	e := workspace.Entry{Case: caseID, Kind: trade.KindList, Key: l.Form, Body: body}
	now, err := w.Entries(ctx, workspace.EntryFilter{Case: caseID, Kind: trade.KindList, Key: l.Form}, workspace.Page{Limit: 1})
	if err != nil {
		return "", err
	}
	if len(now.Items) > 0 {
		e.ID, e.Version = now.Items[0].ID, now.Items[0].Version
	}
	e, err = w.PutEntry(ctx, e)
	return e.ID, err
}

// PutRegisters writes registers down together.
func PutRegisters(ctx context.Context, w *workspace.Workspace, caseID string, list []*book.Register) ([]string, error) {
	return book.PutRegister(ctx, w, caseID, OneRegister(list))
}

// OneRegister has what all registers of a list have.
func OneRegister(list []*book.Register) *book.Register {
	all := new(book.Register)
	for _, r := range list {
		all.Parties, all.Deals = append(all.Parties, r.Parties...), append(all.Deals, r.Deals...)
		all.Attributions = append(all.Attributions, r.Attributions...)
	}
	return all
}

// TradeReport holds the register of a case against its lists and events.
func TradeReport(ctx context.Context, w book.Store, caseID string, rules *concern.Set, p *message.Printer) (*trade.Report, error) {
	b, err := book.Load(ctx, w, caseID)
	if err != nil {
		return nil, err
	}
	entries, err := w.AllEntries(ctx, caseID, trade.KindList)
	if err != nil {
		return nil, err
	}
	var lists []*trade.List
	for _, e := range entries {
		l := new(trade.List)
		if err := json.Unmarshal(e.Body, l); err != nil {
			return nil, fmt.Errorf("entry %s: %w: %w", e.ID, workspace.ErrDamaged, err)
		}
		lists = append(lists, l)
	}
	return trade.NewReport(b, lists, rules, p), nil
}
