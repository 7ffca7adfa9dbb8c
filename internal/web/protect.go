package web

import (
	"net/http"
	"strings"
)

// policy lets a page use what this server sends and nothing else: no script or
// style in the page itself, nothing from elsewhere, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// protect wraps all routes: the Host is ours (a name that was rebound to this
// machine is not), changes come from our own pages, and every answer tells the
// browser what it may do with it.
func (s *Server) protect(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, "web.error.cross_origin")
	}))
	if s.team != nil {
		_ = cross.AddTrustedOrigin(s.team.URL.String()) // ParseURL made it: it is one
	}
	inner := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		if s.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !s.ours(r.Host) {
			s.refuse(w, r, http.StatusMisdirectedRequest, "web.error.host")
			return
		}
		s.unhurried(w, r)
		inner.ServeHTTP(w, r)
	})
}

// isAPI reports whether a program asks, not a person.
func isAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.Header.Get("Accept") == "application/json"
}
