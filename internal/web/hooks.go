package web

import (
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/workspace"
)

// deliverBy sends webhooks from the first time that somebody opens the
// workspace until the server ends: what seals their secrets, every member has.
// The caller holds s.mu.
func (s *Server) deliverBy(sp *examine.Space) {
	if s.hooks != nil || s.ended.Err() != nil {
		return
	}
	s.hooks = &hook.Deliverer{Store: sp.Workspace, Now: s.o.Now, Log: s.o.Log, Allow: s.o.HookNetworks, Version: s.o.Version, Roots: s.o.HookRoots}
	s.delivering.Go(func() { s.hooks.Run(s.ended) })
}

// told says that something waits to be sent.
func (s *Server) told() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks != nil {
		s.hooks.Wake()
	}
}

// tellIndicators tells webhooks that sets were installed.
func (q *request) tellIndicators(cause string, count int) error {
	err := q.space.TellAll(q.ctx(), workspace.EventIndicators, cause, map[string]any{"indicators": count})
	q.s.told()
	return err
}
