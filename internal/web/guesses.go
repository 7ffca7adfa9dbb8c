package web

import (
	"context"
	"net/http"
	"time"
)

// guesses counts wrong guesses of something from somewhere.
type guesses interface {
	wait() time.Duration
	failed()
	passed()
}

// guess is who counts guesses from an address: for a team the database too, so
// that asking another server is no new beginning.
func (s *Server) guess(what string, r *http.Request) guesses {
	here := s.limits.guess(what, r)
	if s.team == nil {
		return here
	}
	return &everywhere{here, s, r.Context(), what + " " + s.limits.address(r)}
}

// everywhere counts guesses in this process and in the database: where that is
// away nobody signs in, and those that were made meanwhile are known here.
type everywhere struct {
	here *guard
	s    *Server
	ctx  context.Context //nolint:containedctx // of the one request
	from string
}

func (g *everywhere) wait() time.Duration {
	wait := g.here.wait()
	if d, err := g.s.door(g.ctx); err == nil {
		all, err := d.GuessWait(g.ctx, g.from)
		g.told(err)
		wait = max(wait, all)
	}
	return wait
}

// failed is counted also where who guessed does not wait for the answer.
func (g *everywhere) failed() {
	g.here.failed()
	ctx := context.WithoutCancel(g.ctx)
	if d, err := g.s.door(ctx); err == nil {
		g.told(d.GuessFailed(ctx, g.from))
	}
}

func (g *everywhere) passed() {
	g.here.passed()
	if d, err := g.s.door(g.ctx); err == nil {
		g.told(d.GuessPassed(g.ctx, g.from))
	}
}

func (g *everywhere) told(err error) {
	if err != nil {
		g.s.o.Log.WarnContext(g.ctx, "guesses not counted in the database")
	}
}
