package web

import (
	"context"
	"io"
	"net/http"

	"github.com/amparo-project/amparo/internal/examine"
)

// setAnswer is an installed set.
type setAnswer struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Publisher string         `json:"publisher,omitempty"`
	File      string         `json:"file"`
	Added     string         `json:"added" doc:"the day"`
	Count     int            `json:"count"`
	Types     map[string]int `json:"types"`
	Private   bool           `json:"private,omitempty"`
}

// addedAnswer says what came of a file of indicators.
type addedAnswer struct {
	Indicators int `json:"indicators"`
}

// named is a file that is sent as the body.
type named struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"of the file: its ending tells the format"`
}

const bytesType = "application/octet-stream"

func (a *api) indicators() {
	add(a, ScopeRead, http.MethodGet, "/indicators", "list-indicators", "The installed sets",
		func(ctx context.Context, _ *examine.Space, _ *nothing) ([]setAnswer, error) {
			d, _, err := callerOf(ctx).indicatorsData()
			out := []setAnswer{}
			for _, s := range d.Sets {
				types := map[string]int{}
				for _, t := range s.Types {
					types[t.Type] = t.Count
				}
				out = append(out, setAnswer{s.ID, s.Name, s.Publisher, s.File, s.Added, s.Count, types, s.Private})
			}
			return out, err
		})
	add(a, ScopeHunt, http.MethodDelete, "/indicators/{set}", "remove-indicators", "Take an installed set out, with its history",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Set string `path:"set" minLength:"1" maxLength:"200"`
		},
		) (nothing, error) {
			if err := sp.InTeam(ctx); err != nil {
				return nothing{}, err
			}
			_, err := a.s.removeIndicators(ctx, sp, in.Set)
			return nothing{}, err
		})
	add(a, ScopeHunt, http.MethodPost, "/indicators/update", "update-indicators", "Ask the feeds of indicators for news: it reaches their addresses, and goes on after the answer",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (Feeds, error) {
			if err := sp.InTeam(ctx); err != nil {
				return Feeds{}, err
			}
			a.s.updating.start(a.s.ended, a.s.o.Now, sp, a.s.o.Update)
			return a.s.updating.state(), nil
		})
	add(a, ScopeRead, http.MethodGet, "/indicators/update", "get-update", "How the update of indicators stands, or ended",
		func(context.Context, *examine.Space, *nothing) (Feeds, error) { return a.s.updating.state(), nil })
	add(a, ScopeRead, http.MethodGet, "/indicators/search", "search-indicators", "Which installed sets know a value",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Value string `query:"value" minLength:"1" maxLength:"2000" required:"true"`
		},
		) ([]knownLine, error) {
			st, err := a.s.o.Store(ctx, sp)
			if err != nil {
				return nil, err
			}
			list, err := lookUp(st, in.Value)
			return append([]knownLine{}, list...), err
		})
	receive(a, ScopeHunt, http.MethodPost, "/indicators", "add-indicators", "Install a file of indicators, as it is published; the same file twice changes nothing", bytesType,
		func(ctx context.Context, _ *examine.Space, in *named) (addedAnswer, error) {
			c := callerOf(ctx)
			n, err := c.install(http.MaxBytesReader(c.w, c.stream, maxIndicators), in.Name)
			if err == nil && n == 0 {
				err = invalid{"web.indicators.nothing"}
			}
			return addedAnswer{n}, err
		})
	receive(a, ScopeHunt, http.MethodPost, "/lures/file", "read-messages", "What the messages of a file pretend to be; nothing is kept", bytesType,
		func(ctx context.Context, sp *examine.Space, in *named) (luresAnswer, error) {
			c := callerOf(ctx)
			k, err := a.s.o.Lures(ctx, sp)
			if err != nil {
				return luresAnswer{}, err
			}
			r := &lureReader{q: c.request, k: k, reader: k.Reader()}
			if err := r.read(in.Name, io.Reader(http.MaxBytesReader(c.w, c.stream, maxInbox))); err != nil {
				return luresAnswer{}, err
			}
			r.sort()
			out := luresAnswer{Read: r.Read, Problems: r.Problems, More: r.More, Messages: []lureAnswer{}}
			for i := range r.Messages {
				out.Messages = append(out.Messages, r.Messages[i].answer())
			}
			return out, nil
		})
}
