package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/letter"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/examine"
)

type letterBody struct {
	InCase
	Body struct {
		To     string `json:"to" minLength:"1" maxLength:"400" doc:"the authority"`
		From   string `json:"from" minLength:"1" maxLength:"400"`
		Label  string `json:"label,omitempty" maxLength:"400"`
		On     string `json:"on,omitempty" format:"date" doc:"the day as of which it tells; without it: today"`
		Format string `json:"format" enum:"pdf,docx"`
	}
}

// letters drafts letters to authorities.
func (a *api) letters() {
	hand(a, ScopeAccount, http.MethodPost, "/cases/{case}/letter", "draft-letter", "Draft a letter to an authority of what the account says, in the language that is asked for", bytesType,
		func(ctx context.Context, sp *examine.Space, in *letterBody) (string, func(io.Writer) error, error) {
			l, err := a.letter(ctx, sp, in)
			if err != nil {
				return "", nil, err
			}
			write, kind := l.WritePDF, "application/pdf"
			if in.Body.Format == "docx" {
				write, kind = l.WriteDOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
			}
			var out bytes.Buffer
			if err := write(&out); err != nil {
				return "", nil, err
			}
			return kind, func(w io.Writer) error { _, err := out.WriteTo(w); return err }, nil
		})
}

func (a *api) letter(ctx context.Context, sp *examine.Space, in *letterBody) (*letter.Letter, error) {
	d, err := a.docketOf(ctx, sp, in.Case)
	if err != nil {
		return nil, err
	}
	on := d.Today
	if in.Body.On != "" {
		if on, err = term.ParseDay(in.Body.On, time.UTC); err != nil {
			return nil, err
		}
	}
	st, _, err := casework.Standing(ctx, d, on)
	if err != nil {
		return nil, err
	}
	rules, _, err := a.s.o.Concerns()
	if err != nil {
		return nil, err
	}
	b, err := book.Load(ctx, sp.Workspace, in.Case)
	if err != nil {
		return nil, err
	}
	decided, err := casework.LoadDecisions(ctx, sp.Workspace, in.Case)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	l := &letter.Input{Lang: c.Lang(), To: in.Body.To, From: in.Body.From, On: st.On, Label: in.Body.Label, Standing: st}
	c.words().LetterParts(rules, b, decided, l)
	return letter.Draft(l), nil
}
