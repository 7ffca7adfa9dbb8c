package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/workspace"
)

// setAnswer is an installed set.
type setAnswer struct {
	feed.Entry
	Added string         `json:"added" doc:"the day of its newest version"`
	Count int            `json:"count"`
	Types map[string]int `json:"types"`
	Loose bool           `json:"loose,omitempty" doc:"it lies in the folder of a server, and was not installed: it has no id"`
	// NotAsked says that its feed is switched off.
	NotAsked bool `json:"not_asked,omitempty" doc:"its feed is switched off: it stays as it is"`
}

// wholeSet is an installed set, and what it is.
type wholeSet struct {
	Entry feed.Entry           `json:"entry"`
	Set   finding.IndicatorSet `json:"set"`
}

// InSet names an installed set.
type InSet struct {
	Set string `path:"set" minLength:"1" maxLength:"200"`
}

// addedAnswer says what came of a file of indicators.
type addedAnswer struct {
	Indicators int         `json:"indicators"`
	Sets       []installed `json:"sets"`
}

// named is a file that is sent as the body.
type named struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"of the file: its ending tells the format"`
}

// brought is a file of indicators that is sent as the body.
type brought struct {
	Name    string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"of the file: its ending tells the format"`
	Type    string `query:"type" maxLength:"40" doc:"of the values of a list that does not say it"`
	Private bool   `query:"private" doc:"its values may not be passed on"`
}

// linesType is the type of lines of JSON.
const linesType = "application/x-ndjson"

const bytesType = "application/octet-stream"

func (a *api) indicators() {
	add(a, ScopeRead, http.MethodGet, "/indicators", "list-indicators", "The installed sets",
		func(ctx context.Context, sp *examine.Space, _ *nothing) ([]setAnswer, error) {
			st, err := a.s.o.Store(ctx, sp)
			if err != nil {
				return nil, err
			}
			return setAnswers(st, a.s.quiet(ctx, sp, st))
		})
	add(a, ScopeRead, http.MethodGet, "/indicators/{set}", "get-indicators", "An installed set, its history, and what it is",
		func(ctx context.Context, sp *examine.Space, in *InSet) (wholeSet, error) {
			e, set, err := a.installedSet(ctx, sp, in.Set)
			if err != nil {
				return wholeSet{}, err
			}
			return wholeSet{*e, set.Describe()}, nil
		})
	hand(a, ScopeRead, http.MethodGet, "/indicators/{set}/values", "list-values", "The values of an installed set: lines of JSON with type and value", linesType,
		func(ctx context.Context, sp *examine.Space, in *InSet) (string, func(io.Writer) error, error) {
			_, set, err := a.installedSet(ctx, sp, in.Set)
			return linesType, func(w io.Writer) error { return writeValues(w, set) }, err
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
	a.feeds()
	add(a, ScopeRead, http.MethodGet, "/indicators/search", "search-indicators", "Which installed sets know a value",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Value string `query:"value" minLength:"1" maxLength:"2000" required:"true"`
		},
		) ([]feed.Known, error) {
			st, err := a.s.o.Store(ctx, sp)
			if err != nil {
				return nil, err
			}
			l, err := st.Load()
			if err != nil {
				return nil, err
			}
			return st.LookUp(l, in.Value, a.s.o.Now()), nil
		})
	receive(a, ScopeHunt, http.MethodPost, "/indicators", "add-indicators", "Install a file of indicators, as it is published; the same file twice changes nothing", bytesType,
		func(ctx context.Context, _ *examine.Space, in *brought) (addedAnswer, error) {
			c, o := callerOf(ctx), indicator.Options{Private: in.Private}
			if in.Type != "" {
				var err error
				if o.Type, err = indicator.ParseType(in.Type); err != nil {
					return addedAnswer{}, fmt.Errorf("%w: %w", workspace.ErrInvalid, err)
				}
			}
			list, err := c.installAs(http.MaxBytesReader(c.w, c.stream, maxIndicators), in.Name, o)
			out := addedAnswer{Sets: append([]installed{}, list...)}
			for i := range list {
				out.Indicators += list[i].Count
			}
			if err == nil && out.Indicators == 0 {
				err = invalid{"web.indicators.nothing"}
			}
			return out, err
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

// setAnswers lists what is installed, and what lies beside it.
func setAnswers(st *feed.Store, quiet func(*feed.Entry) bool) ([]setAnswer, error) {
	out := []setAnswer{}
	for _, e := range st.Entries() {
		if v := e.Current(); v != nil {
			out = append(out, setAnswer{Entry: e, Added: v.Added.UTC().Format(time.DateOnly), Count: v.Count, Types: v.ByType, NotAsked: quiet(&e)})
		}
	}
	loose, err := st.Loose()
	for _, set := range loose {
		d := set.Describe()
		out = append(out, setAnswer{Entry: feed.Entry{Name: d.Name, File: d.File, Versions: []feed.Version{}}, Count: d.Count, Types: d.ByType, Loose: true})
	}
	return out, err
}

// installedSet opens an installed set by its id. The error wraps
// workspace.ErrNotFound.
func (a *api) installedSet(ctx context.Context, sp *examine.Space, id string) (*feed.Entry, *indicator.Set, error) {
	st, err := a.s.o.Store(ctx, sp)
	if err != nil {
		return nil, nil, err
	}
	e := st.Entry(id)
	if e == nil || e.ID != id {
		return nil, nil, fmt.Errorf("set %s: %w", id, workspace.ErrNotFound)
	}
	set, err := st.Set(e, 0)
	return e, set, err
}

// writeValues writes the values of a set, each on a line.
func writeValues(w io.Writer, set *indicator.Set) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	for x := range set.All() {
		if err := enc.Encode(map[string]string{"type": string(x.Type()), "value": x.Value()}); err != nil {
			return err
		}
	}
	return b.Flush()
}
