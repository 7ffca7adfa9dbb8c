package web

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/lure"
	"github.com/amparo-project/amparo/internal/lure/inbox"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace"
)

// tarType is the type of several files in one answer, or one request.
const tarType = "application/x-tar"

// inFormat is a report of a check in one format.
type inFormat struct {
	InRun
	Format string `path:"format" enum:"pdf,html,json,csv,stix,misp,timesketch"`
}

// wholeFinding is a finding as the result of its check has it.
type wholeFinding struct {
	Finding *finding.Finding `json:"finding"`
	Run     *finding.Run     `json:"run"`
}

// reports hands reports and results out, each in the ledger before its first
// byte.
func (a *api) reports() {
	hand(a, ScopeExport, http.MethodGet, "/runs/{run}/report/{format}", "get-report", "The report of a check", bytesType,
		func(ctx context.Context, sp *examine.Space, in *inFormat) (string, func(io.Writer) error, error) {
			c, f := callerOf(ctx), report.Formats[in.Format]
			r, err := sp.Run(ctx, in.Run)
			if err != nil {
				return "", nil, err
			}
			res, err := c.result(ctx, &r)
			if err != nil {
				return "", nil, err
			}
			h, o := sha256.New(), report.Options{Lang: c.Lang()}
			if err = f.Write(h, res, o); err == nil {
				err = sp.Exported(ctx, r.Evidence, r.ID+" "+in.Format, hex.EncodeToString(h.Sum(nil)))
			}
			return f.Type, func(w io.Writer) error { return f.Write(w, res, o) }, err
		})
	hand(a, ScopeExport, http.MethodGet, "/runs/{run}/result", "get-result", "The result folder of a check", tarType,
		func(ctx context.Context, sp *examine.Space, in *InRun) (string, func(io.Writer) error, error) {
			r, err := sp.Run(ctx, in.Run)
			if err != nil {
				return "", nil, err
			}
			b, err := sp.OpenRun(ctx, &r)
			if err == nil {
				err = sp.Exported(ctx, r.Evidence, r.ID, r.ResultSHA256)
			}
			return tarType, func(w io.Writer) error { return writeBundle(ctx, w, b) }, err
		})
	add(a, ScopeRead, http.MethodGet, "/runs/{run}/findings/{finding}/whole", "explain-finding", "One finding as the result of its check has it, and that check",
		func(ctx context.Context, sp *examine.Space, in *InFinding) (out wholeFinding, err error) {
			r, err := sp.Run(ctx, in.Run)
			if err != nil {
				return out, err
			}
			b, err := sp.OpenRun(ctx, &r)
			if err != nil {
				return out, err
			}
			if out.Run, err = report.LoadRun(b.FS(ctx), r.ID); err != nil {
				return out, err
			}
			if out.Finding, err = report.FindFS(b.FS(ctx), r.ID, in.Finding); err != nil {
				return out, err
			}
			return out, nil
		})
}

// writeBundle writes the files of a bundle as one archive.
func writeBundle(ctx context.Context, w io.Writer, b *vault.Bundle) error {
	t := tar.NewWriter(w)
	for _, f := range b.Files() {
		if err := t.WriteHeader(&tar.Header{Name: f.Path, Size: f.Size, Mode: 0o600, Format: tar.FormatPAX}); err != nil {
			return err
		}
		blob, err := b.OpenFile(ctx, f.Path)
		if err != nil {
			return err
		}
		_, err = io.Copy(t, io.NewSectionReader(blob, 0, blob.Size()))
		if err = errors.Join(err, blob.Close()); err != nil {
			return err
		}
	}
	return t.Close()
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
	Text     string   `json:"text,omitempty"`
	Sender   string   `json:"sender,omitempty"`
	Time     string   `json:"time,omitempty"`
}

func (l *lureLine) answer() lureAnswer {
	return lureAnswer{l.Severity, l.Title, append([]string{}, l.Reasons...), append([]string{}, l.Links...), l.Text, l.Sender, l.Time}
}

// luresAnswer is what a file of messages holds.
type luresAnswer struct {
	Read     int64        `json:"read" doc:"messages in all"`
	Problems int          `json:"problems" doc:"messages that could not be read"`
	Messages []lureAnswer `json:"messages" doc:"those that are worth a look, the gravest first"`
	More     int          `json:"more" doc:"others that are not listed"`
}

// withdrawBody is a consent of a case.
type withdrawBody struct {
	InCase
	Consent string `path:"consent" maxLength:"20"`
}

func (a *api) more() {
	add(a, ScopeHunt, http.MethodPost, "/lures", "read-message", "What a message pretends to be; nothing is kept",
		func(ctx context.Context, sp *examine.Space, in *messageBody) (lureAnswer, error) {
			k, err := a.s.o.Lures(ctx, sp)
			if err != nil {
				return lureAnswer{}, err
			}
			r := &lureReader{q: callerOf(ctx).request, k: k, reader: k.Reader()}
			r.add(&inbox.Item{Message: lure.Message{Text: in.Body.Text, Sender: in.Body.Sender}}, true)
			return r.Messages[0].answer(), nil
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/consents/{consent}/withdraw", "withdraw-consent",
		"Withdraw a consent: keys of evidence that no other covers are destroyed, for good",
		func(ctx context.Context, sp *examine.Space, in *withdrawBody) (workspace.Remains, error) {
			// Of this case, and no other.
			if _, err := callerOf(ctx).at("case", in.Case, "consent", in.Consent).withdrawData(); err != nil {
				return workspace.Remains{}, err
			}
			r, err := sp.WithdrawConsent(ctx, in.Consent)
			for _, id := range r.Destroyed {
				err = errors.Join(err, sp.Vault.Delete(ctx, id))
			}
			return r, err
		})
}
