package web

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/workspace"
)

// actAnswer is an entry of the ledger.
type actAnswer struct {
	N      int64  `json:"n"`
	Entry  string `json:"entry" doc:"as it is public"`
	Salt   []byte `json:"salt"`
	Detail string `json:"detail" doc:"what the commitment in the entry is of, with the salt"`
	Proven bool   `json:"proven" doc:"whether salt and detail open the commitment"`
}

func actAnswers(l workspace.List[workspace.Act]) workspace.List[actAnswer] {
	out := workspace.List[actAnswer]{Items: []actAnswer{}, Next: l.Next}
	for _, a := range l.Items {
		e, err := ledger.ParseEntry([]byte(a.Entry))
		out.Items = append(out.Items, actAnswer{a.N, a.Entry, a.Opening.Salt, a.Opening.Detail, err == nil && a.Opening.Opens(e)})
	}
	return out
}

// checkpointAnswer is a checkpoint and the key that it verifies by.
type checkpointAnswer struct {
	Checkpoint string `json:"checkpoint"`
	Size       int64  `json:"size"`
	Key        string `json:"key"`
}

func (a *api) ledger() {
	add(a, ScopeRead, http.MethodGet, "/ledger", "list-acts", "Entries of the ledger that the member may see, opened",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Part
			Subject string `query:"subject" maxLength:"20"`
		},
		) (workspace.List[actAnswer], error) {
			l, err := sp.Acts(ctx, in.Subject, in.page())
			return actAnswers(l), err
		})
	add(a, ScopeRead, http.MethodGet, "/evidence/{evidence}/custody", "list-custody", "What was done with a piece of evidence",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InEvidence
			Part
		},
		) (workspace.List[actAnswer], error) {
			if _, err := sp.Evidence(ctx, in.Evidence); err != nil {
				return workspace.List[actAnswer]{}, err
			}
			l, err := sp.Acts(ctx, in.Evidence, in.page())
			return actAnswers(l), err
		})
	add(a, ScopeExport, http.MethodPost, "/ledger/checkpoint", "sign-checkpoint", "Sign the ledger as it is",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (checkpointAnswer, error) {
			signed, n, err := sp.Checkpoint(ctx)
			return checkpointAnswer{string(signed), n, sp.Info().Key}, err
		})
	add(a, ScopeRead, http.MethodGet, "/ledger/checkpoints", "list-checkpoints", "All checkpoints that were signed, the oldest first",
		func(ctx context.Context, sp *examine.Space, _ *nothing) ([]checkpointAnswer, error) {
			list, err := sp.Checkpoints(ctx)
			out := []checkpointAnswer{}
			for _, signed := range list {
				n, err := ledger.SizeOf(signed)
				if err != nil {
					return out, err
				}
				out = append(out, checkpointAnswer{string(signed), n, sp.Info().Key})
			}
			return out, err
		})
	a.ledgerFiles()
}

func (a *api) ledgerFiles() {
	hand(a, ScopeExport, http.MethodGet, "/ledger/proofs/{entry}", "prove-entry", "The proof that an entry is in the ledger", "text/plain",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Entry int64 `path:"entry" minimum:"0"`
			Open  bool  `query:"open" doc:"with what the entry is of"`
		},
		) (string, func(io.Writer) error, error) {
			signed, n, err := sp.Checkpoint(ctx)
			if err == nil && in.Entry >= n {
				err = fmt.Errorf("entry: %w", workspace.ErrNotFound)
			}
			if err != nil {
				return "", nil, err
			}
			proof, err := sp.Prove(ctx, in.Entry, n, signed, in.Open)
			return "text/plain; charset=utf-8", func(w io.Writer) error {
				_, err := w.Write(proof)
				return err
			}, err
		})
	hand(a, ScopeExport, http.MethodGet, "/ledger/consistency", "prove-consistency", "The proof that the ledger as it is begins with what an earlier checkpoint signed", "text/plain",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Old int64 `query:"old" required:"true" minimum:"0" doc:"entries that the earlier checkpoint signs"`
		},
		) (string, func(io.Writer) error, error) {
			proof, err := sp.ProveConsistency(ctx, in.Old)
			return "text/plain; charset=utf-8", func(w io.Writer) error {
				_, err := w.Write(proof)
				return err
			}, err
		})
	hand(a, ScopeExport, http.MethodGet, "/ledger/published", "publish-ledger", "The public files of the ledger, with a checkpoint of now", tarType,
		func(ctx context.Context, sp *examine.Space, _ *nothing) (string, func(io.Writer) error, error) {
			signed, n, err := sp.Checkpoint(ctx)
			if err != nil {
				return "", nil, err
			}
			dir, err := sp.TempDir()
			if err != nil {
				return "", nil, err
			}
			at := filepath.Join(dir, "ledger")
			if err := sp.PublishLedger(ctx, at, n, signed); err != nil {
				return "", nil, errors.Join(err, os.RemoveAll(dir))
			}
			return tarType, func(w io.Writer) error {
				t := tar.NewWriter(w)
				return errors.Join(t.AddFS(os.DirFS(at)), t.Close(), os.RemoveAll(dir))
			}, nil
		})
}
