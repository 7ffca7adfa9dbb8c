// Package exhibit takes evidence and what was found in it out of a workspace,
// as a bag (RFC 8493) that a court's expert can check without Amparo. Start
// with Make.
//
// What leaves is what the consents of a person let the recipient have, and not
// more; what is left out is listed in the bag, with the reason. An export is
// an act in the ledger, and the bag holds the proof of it.
package exhibit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/amparo-project/amparo/internal/bagit"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Space is what an export reads from.
type Space struct {
	*workspace.Workspace
	Vault vault.Store
	// Source opens a stored evidence as a check does: the piece of it that a run
	// names. Its error leaves out what needs it.
	Source  func(ctx context.Context, ev workspace.Evidence, piece *finding.Evidence) (evidence.Source, error)
	Version string // of the tool
}

// How much of the evidence goes along.
const (
	All    = "all"    // every file
	Needed = "needed" // files that findings rest on, and what belongs to them
	None   = "none"
)

// Formats of reports.
var Formats = []string{"html", "pdf", "json", "csv", "stix", "misp", "timesketch"}

// A Request says what is to leave, and for whom. It is written beside an
// interrupted export, which only the same request goes on with.
type Request struct {
	Subject   string   `json:"subject"`           // C-…, E-… or F-…
	Run       string   `json:"run,omitempty"`     // default: the latest of each evidence
	Recipient string   `json:"recipient"`         // as consents name them, or the id of the person
	Evidence  string   `json:"evidence"`          // All, Needed, None
	Formats   []string `json:"formats,omitempty"` // of reports
	Languages []string `json:"languages"`         // of reports and instructions
}

// Done is what an export made.
type Done struct {
	ID       string     `json:"id"`
	Dir      string     `json:"dir"`
	SHA256   string     `json:"sha256"` // of the payload manifest
	Entry    int64      `json:"entry"`  // in the ledger
	Evidence []string   `json:"evidence"`
	LeftOut  []Omission `json:"left_out"`
}

// Errors of this package.
var (
	// ErrNotShared says that no consent lets the recipient have anything. It is
	// a workspace.ErrNoConsent.
	ErrNotShared = fmt.Errorf("%w lets the recipient have anything of it", workspace.ErrNoConsent)
	// ErrNotOurs says that a folder holds something else.
	ErrNotOurs = errors.New("the folder is not empty and holds no interrupted export of the same request")
	// ErrChanged says that an export's files were changed before it was whole.
	ErrChanged = errors.New("the interrupted export was changed since: remove the folder and export again")
	// ErrRequest says that a request makes no sense.
	ErrRequest = errors.New("not possible")
)

// maker makes one export.
type maker struct {
	ctx  context.Context //nolint:containedctx // of the one call
	s    *Space
	r    *Request
	m    *marker
	plan *plan
	out  out
	bag  *bagit.Bag // out, of one that is made in a folder
	said []Omission
	rows []row // of databases, that VERIFY.md looks up
}

// Make exports what r asks for into the folder dir. Interrupted, it goes on
// when it is called again with the same request. The error wraps
// workspace.ErrNoConsent where the recipient may have nothing of it.
func Make(ctx context.Context, s *Space, r Request, dir string) (Done, error) {
	k, err := begin(ctx, s, r, dir)
	if err != nil {
		return Done{}, err
	}
	defer k.bag.Close() //nolint:errcheck // all is written
	done, err := k.make()
	done.Dir = dir
	return done, err
}

// Finish makes an export whole that Keep stored and the caller recorded: payload
// are the files that Keep stored, which stay where they are, and what is about
// them is written into the folder dir. The proofs are of the ledger as it is now.
// What consents let the recipient have is asked again: the error wraps
// workspace.ErrNoConsent where it is less.
func Finish(ctx context.Context, s *Space, r Request, dir string, payload fs.FS) (Done, error) {
	if err := bringMarker(dir, payload); err != nil {
		return Done{}, err
	}
	k, err := begin(ctx, s, r, dir)
	if err != nil {
		return Done{}, err
	}
	defer k.bag.Close() //nolint:errcheck // all is written
	done := Done{ID: k.m.ID, Dir: dir, SHA256: k.m.Sum, LeftOut: k.m.Said}
	if len(k.m.Given) == 0 {
		return done, ErrChanged
	}
	if err := k.plan.hold(k.m.Given); err != nil {
		return done, err
	}
	done.Evidence = k.plan.evidence()
	if err := k.adopt(func() error { return k.bag.AdoptFrom(payload) }); err != nil {
		return done, err
	}
	if sum, err := k.bag.FinishPayload(); err != nil || sum != k.m.Sum {
		return done, errors.Join(ErrChanged, err)
	}
	x, err := s.RecordExport(ctx, k.export()) // it is recorded: this says where
	if err != nil {
		return done, err
	}
	done.Entry = x.Entry
	if err := k.tags(x); err != nil {
		return done, err
	}
	return done, k.m.remove()
}

// begin plans an export and opens its folder.
func begin(ctx context.Context, s *Space, r Request, dir string) (*maker, error) {
	p, err := NewPlan(ctx, s, r)
	if err != nil {
		return nil, err
	}
	m, err := openFolder(dir, s.Info().UID, &p.r)
	if err != nil {
		return nil, err
	}
	bag, err := bagit.Open(dir, markerName)
	if err != nil {
		return nil, err
	}
	k := p.maker(ctx, m)
	k.bag, k.out = bag, folder{bag, ctx}
	return k, nil
}

// export is the act that the export is.
func (k *maker) export() workspace.Export {
	return workspace.Export{
		ID: k.m.ID, Case: k.plan.caseID, Subject: k.r.Subject, SHA256: k.m.Sum, Evidence: k.plan.evidence(),
		Private: workspace.ExportPrivate{Recipient: k.r.Recipient, Most: k.plan.most().String()},
	}
}

func (r *Request) valid() error {
	if r.Recipient == "" {
		return fmt.Errorf("%w: an export names for whom it is", ErrRequest)
	}
	if !slices.Contains([]string{All, Needed, None}, r.Evidence) {
		return fmt.Errorf("%w: evidence %q", ErrRequest, r.Evidence)
	}
	for _, f := range r.Formats {
		if !slices.Contains(Formats, f) {
			return fmt.Errorf("%w: report %q", ErrRequest, f)
		}
	}
	if len(r.Languages) == 0 {
		return fmt.Errorf("%w: no language", ErrRequest)
	}
	return nil
}

// make writes the payload, records that it leaves, and writes the proofs.
func (k *maker) make() (Done, error) {
	done := Done{ID: k.m.ID, Evidence: k.plan.evidence()}
	recorded, err := k.recorded()
	if err != nil {
		return done, err
	}
	if recorded {
		// It left the payload behind whole: nothing of it may differ now.
		if err := k.adopt(k.bag.Adopt); err != nil {
			return done, err
		}
	} else if err := k.payload(); err != nil {
		return done, err
	}
	done.LeftOut = k.said
	sum, err := k.bag.FinishPayload()
	if err != nil {
		return done, err
	}
	if recorded && sum != k.m.Sum {
		return done, ErrChanged
	}
	k.m.Sum, k.m.Said, k.m.Rows = sum, k.said, k.rows
	if err := k.m.write(); err != nil {
		return done, err
	}
	x, err := k.s.RecordExport(k.ctx, k.export())
	if err != nil {
		return done, err
	}
	done.SHA256, done.Entry = sum, x.Entry
	if err := k.tags(x); err != nil {
		return done, err
	}
	return done, k.m.remove()
}

// recorded reports whether an earlier attempt is in the ledger.
func (k *maker) recorded() (bool, error) {
	if k.m.Sum == "" {
		return false, nil
	}
	for page := (workspace.Page{Limit: workspace.MaxLimit}); ; {
		l, err := k.s.Exports(k.ctx, k.plan.caseID, "", page)
		if err != nil {
			return false, err
		}
		for i := range l.Items {
			if l.Items[i].ID == k.m.ID {
				return true, nil
			}
		}
		if page.After = l.Next; page.After == "" {
			return false, nil
		}
	}
}

// adopt takes the payload as it lies there.
func (k *maker) adopt(take func() error) error {
	k.said, k.rows = k.m.Said, k.m.Rows
	if err := take(); err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return nil
}
