package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/workspace"
)

// shareView offers to have the workspace keep its indicators, where each machine
// goes by its own.
type shareView struct {
	Offer bool
	Sets  int64 // of this machine
	Loose int64 // files in its folder that were not installed, and stay there
}

// shareView needs the sets that count: they are this machine's where it offers
// anything.
func (q *request) shareView(sets int) (v shareView, err error) {
	_, _, err = q.space.Shared(q.ctx(), workspace.SharedIndicators)
	if !errors.Is(err, workspace.ErrNotFound) {
		return v, err
	}
	st, err := q.s.o.Machine()
	if err != nil {
		return v, err
	}
	loose, err := st.Loose()
	return shareView{Offer: true, Sets: int64(sets), Loose: int64(len(loose))}, err
}

// sharedAnswer says what came of sharing.
type sharedAnswer struct {
	Sets int `json:"sets" doc:"that came from the machine of the server"`
}

// shareIndicators has the workspace keep its indicators from now on, beginning
// with those of this machine, as "amparo indicators share" does. Asked again, it
// brings what is not there yet.
func (s *Server) shareIndicators(ctx context.Context, sp *examine.Space) (sharedAnswer, error) {
	if err := sp.InTeam(ctx); err != nil {
		return sharedAnswer{}, err
	}
	from, err := s.o.Machine()
	if err != nil {
		return sharedAnswer{}, err
	}
	n, err := sp.ShareIndicators(ctx, from)
	return sharedAnswer{n}, err
}

func (q *request) shareIndicators() error {
	if err := q.form(); err != nil {
		return err
	}
	a, err := q.s.shareIndicators(q.ctx(), q.space)
	if err != nil {
		return err
	}
	return q.done("/indicators", q.Count("web.share.done", int64(a.Sets)))
}

func (a *api) sharing() {
	add(a, ScopeHunt, http.MethodPost, "/indicators/share", "share-indicators",
		"Have the workspace keep its indicators for all its servers and workers from now on, beginning with the sets of the server's machine",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (sharedAnswer, error) {
			return a.s.shareIndicators(ctx, sp)
		})
}
