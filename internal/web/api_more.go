package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/lure/inbox"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// inFormat is a report of a check in one format.
type inFormat struct {
	InRun
	Format string `path:"format" enum:"pdf,html,json,csv,stix,misp,timesketch"`
}

// file is an answer that is no JSON.
type file struct {
	ContentType string `header:"Content-Type"`
	Body        func(huma.Context)
}

// reports hands reports out, each in the ledger before its first byte.
func (a *api) reports() {
	huma.Register(a, huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: "/runs/{run}/report/{format}", Summary: "The report of a check", Tags: []string{ScopeExport},
		Security:  []map[string][]string{{"token": {ScopeExport}}, {"session": {}}},
		Metadata:  map[string]any{scopeOf: ScopeExport},
		Responses: map[string]*huma.Response{"200": {Description: "the report", Content: map[string]*huma.MediaType{"application/octet-stream": {}}}},
	}, func(ctx context.Context, in *inFormat) (*file, error) {
		c := callerOf(ctx)
		f := formats[in.Format]
		r, err := c.space.Run(ctx, in.Run)
		if err != nil {
			return nil, c.problem(err)
		}
		res, err := c.result(ctx, &r)
		if err != nil {
			return nil, c.problem(err)
		}
		h, o := sha256.New(), report.Options{Lang: c.Lang()}
		if err = f.write(h, res, o); err == nil {
			err = c.space.Exported(ctx, r.Evidence, r.ID+" "+in.Format, hex.EncodeToString(h.Sum(nil)))
		}
		if err != nil {
			return nil, c.problem(err)
		}
		return &file{f.kind, func(hc huma.Context) {
			if err := f.write(hc.BodyWriter(), res, o); err != nil {
				a.s.o.Log.WarnContext(ctx, "report broke off", "run", r.ID, "type", fmt.Sprintf("%T", err))
			}
		}}, nil
	})
}

// messageBody is a message to be read.
type messageBody struct {
	Body struct {
		Text   string `json:"text" minLength:"1" maxLength:"100000"`
		Sender string `json:"sender,omitempty" maxLength:"200"`
	}
}

// lureAnswer is what a message pretends to be.
type lureAnswer struct {
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Reasons  []string `json:"reasons"`
	Links    []string `json:"links"`
}

// withdrawBody is a consent of a case.
type withdrawBody struct {
	InCase
	Consent string `path:"consent" maxLength:"20"`
}

func (a *api) more() {
	add(a, ScopeHunt, http.MethodPost, "/lures", "read-message", "What a message pretends to be; nothing is kept",
		func(ctx context.Context, _ *examine.Space, in *messageBody) (lureAnswer, error) {
			k, err := a.s.o.Lures()
			if err != nil {
				return lureAnswer{}, err
			}
			r := &lureReader{q: callerOf(ctx).request, k: k, reader: k.Reader()}
			r.add(&inbox.Item{Message: lure.Message{Text: in.Body.Text, Sender: in.Body.Sender}}, true)
			m := r.Messages[0]
			return lureAnswer{m.Severity, m.Title, append([]string{}, m.Reasons...), append([]string{}, m.Links...)}, nil
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/consents/{consent}/withdraw", "withdraw-consent",
		"Withdraw a consent: keys of evidence that no other covers are destroyed, for good",
		func(ctx context.Context, sp *examine.Space, in *withdrawBody) (workspace.Remains, error) {
			c := callerOf(ctx)
			c.r.SetPathValue("case", in.Case)
			c.r.SetPathValue("consent", in.Consent)
			if _, err := c.withdrawData(); err != nil { // of this case, and no other
				return workspace.Remains{}, err
			}
			r, err := sp.WithdrawConsent(ctx, in.Consent)
			for _, id := range r.Destroyed {
				err = errors.Join(err, sp.Vault.Delete(ctx, id))
			}
			return r, err
		})
}
