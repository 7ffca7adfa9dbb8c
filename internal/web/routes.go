package web

import (
	"net/http"

	"github.com/amparo-project/amparo/internal/message"
)

// role is what a request must be to get an answer.
type role int

const (
	anybody role = iota // on this machine, or who reaches it
	visitor             // came by the link, or signed in
	member              // gave the passphrase too: the keys of their cases are open
)

// route is one kind of request. All are here, and only here.
type route struct {
	pattern string // of http.ServeMux
	role    role
	handle  func(*request) error
}

// routes lists all that the server answers. Which cases a member sees is
// decided below this, in package workspace, for each of them alike.
var routes = []route{
	{"GET /{$}", anybody, (*request).home},
	{"GET /static/{hash}/{name}", anybody, (*request).static},
	{"POST /language", anybody, (*request).setLanguage},
	{"POST /appearance", anybody, (*request).setAppearance},
	{"GET /enter/{token}", anybody, (*request).enter},

	{"GET /start", visitor, (*request).startPage},
	{"POST /start", visitor, (*request).start},
	{"GET /unlock", visitor, (*request).unlockPage},
	{"POST /unlock", visitor, (*request).unlock},
	{"POST /lock", visitor, (*request).lock},

	{"GET /cases", member, (*request).casesPage},
	{"GET /cases/new", member, (*request).newCasePage},
	{"POST /cases/new", member, (*request).newCase},
	{"GET /cases/{case}", member, (*request).casePage},
	{"POST /cases/{case}/close", member, (*request).closeCase},
	{"GET /cases/{case}/account", member, (*request).accountPage},
	{"GET /cases/{case}/account/terms.ics", member, (*request).accountICS},
	{"GET /cases/{case}/account/feed.atom", member, (*request).accountAtom},
	{"GET /cases/{case}/account/{form}", member, (*request).accountFormPage},
	{"POST /cases/{case}/account/{form}", member, (*request).addToAccount},
	{"GET /cases/{case}/facts", member, (*request).factsPage},
	{"GET /cases/{case}/facts/new", member, (*request).newFactPage},
	{"POST /cases/{case}/facts/new", member, (*request).newFact},
	{"GET /cases/{case}/events/new", member, (*request).newEventPage},
	{"POST /cases/{case}/events/new", member, (*request).newEvent},
	{"POST /cases/{case}/events/found", member, (*request).eventsFound},
	{"GET /cases/{case}/concerns", member, (*request).concernsPage},
	{"POST /cases/{case}/concerns", member, (*request).decideConcern},
	{"GET /cases/{case}/trade", member, (*request).tradePage},
	{"POST /cases/{case}/trade", member, (*request).addParty},
	{"POST /cases/{case}/trade/file", member, (*request).importTrade},
	{"GET /cases/{case}/entries/{entry}", member, (*request).entryPage},
	{"POST /cases/{case}/entries/{entry}/retire", member, (*request).retire},
	{"GET /cases/{case}/notices", member, (*request).noticesPage},
	{"POST /cases/{case}/notices/ask", member, (*request).askNotice},
	{"POST /cases/{case}/notices/due", member, (*request).dueNotices},
	{"POST /cases/{case}/notices/send", member, (*request).sendNotices},
	{"GET /cases/{case}/notices/{notice}", member, (*request).noticePage},
	{"POST /cases/{case}/notices/{notice}", member, (*request).moveNotice},
	{"GET /cases/{case}/notices/{notice}/letter", member, (*request).noticeLetter},
	{"GET /cases/{case}/person", member, (*request).newPersonPage},
	{"POST /cases/{case}/person", member, (*request).newPerson},
	{"POST /cases/{case}/device", member, (*request).newDevice},
	{"GET /cases/{case}/consent", member, (*request).newConsentPage},
	{"POST /cases/{case}/consent", member, (*request).newConsent},
	{"GET /cases/{case}/withdraw/{consent}", member, (*request).withdrawPage},
	{"POST /cases/{case}/withdraw/{consent}", member, (*request).withdraw},

	{"GET /cases/{case}/evidence", member, (*request).intakePage},
	{"GET /cases/{case}/browse", member, (*request).browsePage},
	{"POST /cases/{case}/evidence/path", member, (*request).takePath},
	{"POST /cases/{case}/evidence/file", member, (*request).takeFile},
	{"POST /cases/{case}/devices/{device}/upload", member, (*request).uploadOffset},
	{"PATCH /cases/{case}/devices/{device}/upload", member, (*request).uploadPart},
	{"POST /cases/{case}/devices/{device}/upload/done", member, (*request).uploadDone},
	{"GET /jobs", member, (*request).jobsPage},
	{"GET /jobs/{job}", member, (*request).jobPage},
	{"POST /jobs/{job}/cancel", member, (*request).cancelJob},

	{"POST /evidence/{evidence}/check", member, (*request).checkAgain},
	{"GET /evidence/{evidence}", member, (*request).evidencePage},
	{"GET /evidence/{evidence}/proof/{entry}", member, (*request).custodyProof},
	{"GET /runs/{run}", member, (*request).runPage},
	{"GET /runs/{run}/report", member, (*request).reportPage},
	{"GET /runs/{run}/report/{format}", member, (*request).reportFile},

	{"GET /runs/{run}/timeline", member, (*request).timelinePage},
	{"GET /runs/{run}/timeline/counts", member, (*request).timelineCounts},
	{"GET /runs/{run}/search", member, (*request).searchPage},
	{"GET /cases/{case}/devices/{device}/timeline", member, (*request).timelinePage},
	{"GET /cases/{case}/devices/{device}/timeline/counts", member, (*request).timelineCounts},
	{"GET /cases/{case}/devices/{device}/search", member, (*request).searchPage},
	{"GET /cases/{case}/search", member, (*request).searchPage},
	{"GET /search", member, (*request).searchPage},

	{"GET /findings", member, (*request).findingsPage},
	{"GET /runs/{run}/findings/{finding}", member, (*request).findingPage},
	{"POST /runs/{run}/findings/{finding}", member, (*request).decide},
	{"GET /runs/{run}/findings/{finding}/bytes", member, (*request).bytesPage},
	{"POST /runs/{run}/findings/{finding}/bytes", member, (*request).bytesPage},

	{"GET /links", member, (*request).linksPage},
	{"POST /links", member, (*request).compare},
	{"GET /links/file/{format}", member, (*request).linksFile},
	{"GET /indicators", member, (*request).indicatorsPage},
	{"POST /indicators/add", member, (*request).addIndicators},
	{"POST /indicators/hunt", member, (*request).hunt},
	{"GET /lures", member, (*request).luresPage},
	{"POST /lures", member, (*request).readLures},
	{"GET /ledger", member, (*request).ledgerPage},
	{"POST /ledger/checkpoint", member, (*request).checkpoint},
	{"GET /ledger/checkpoint", member, (*request).ledgerCheckpoint},
	{"GET /ledger/consistency", member, (*request).ledgerConsistency},
	{"GET /ledger/verify", member, (*request).verifyPage},
	{"GET /ledger/key", member, (*request).ledgerKey},
	{"GET /ledger/proof/{entry}", member, (*request).ledgerProof},
	{"GET /signin", anybody, (*request).signInPage},
	{"POST /signin/passkey/begin", anybody, (*request).signInBegin},
	{"POST /signin/passkey/finish", anybody, (*request).signInFinish},
	{"GET /signin/oidc", anybody, (*request).oidcSignIn},
	{"GET " + oidcBack, anybody, (*request).oidcReturn},
	{"GET /join/{token}", anybody, (*request).joinPage},
	{"POST /join/{token}", anybody, (*request).join},

	{"GET /me", member, (*request).mePage},
	{"POST /me/passphrase", member, (*request).changePassphrase},
	{"POST /me/passkeys/begin", member, (*request).registerBegin},
	{"POST /me/passkeys/finish", member, (*request).registerFinish},
	{"POST /me/passkeys/{key}/name", member, (*request).namePasskey},
	{"POST /me/passkeys/{key}/remove", member, (*request).removePasskey},
	{"GET /me/oidc", member, (*request).oidcTie},
	{"GET /me/oidc/tie", member, (*request).oidcTied},
	{"POST /me/oidc/remove", member, (*request).oidcRemove},
	{"POST /me/sessions/{session}/end", member, (*request).endSession},
	{"POST /me/sessions/end", member, (*request).endSessions},
	{"GET /members", member, (*request).membersPage},
	{"POST /members/invite", member, (*request).invite},
	{"POST /members/invitations/{invitation}/withdraw", member, (*request).withdrawInvitation},
	{"POST /members/{member}/link", member, (*request).inviteBack},
	{"GET /members/{member}/remove", member, (*request).removeMemberPage},
	{"POST /members/{member}/remove", member, (*request).removeMember},

	{"GET /tokens", member, (*request).tokensPage},
	{"POST /tokens", member, (*request).newToken},
	{"POST /tokens/{token}/revoke", member, (*request).revokeToken},
	{"GET /webhooks", member, (*request).webhooksPage},
	{"POST /webhooks", member, (*request).newWebhook},
	{"POST /webhooks/{webhook}/test", member, (*request).testWebhook},
	{"POST /webhooks/{webhook}/remove", member, (*request).removeWebhook},
}

// mux is the table as a handler.
func (s *Server) mux() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.serve(r, w, req) })
	}
	// The API has a table of its own, with a scope for each operation.
	handler, _ := s.newAPI()
	mux.Handle(apiPrefix+"/", handler)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, "web.error.not_found")
	})
	return mux
}

// serve lets a request in whose sender has the role that the route asks for.
func (s *Server) serve(to route, w http.ResponseWriter, r *http.Request) {
	q := &request{Printer: message.New(languageOf(r)), w: w, r: r, s: s}
	var err error
	if q.session, err = s.sessions.find(r.Context(), s.token(r)); err != nil {
		q.fail(err)
		return
	}
	q.space = q.session.unlocked()
	switch {
	case !s.limits.allow(q.session, r):
		q.w.Header().Set("Retry-After", "1")
		q.refuse(http.StatusTooManyRequests, "web.error.too_fast")
		return
	case to.role >= visitor && q.session == nil:
		q.signedOut()
		return
	case to.role == member && q.space == nil:
		if r.Method == http.MethodGet && !isAPI(r) {
			_ = q.redirect(q.s.first()) // it never fails
			return
		}
		q.refuse(http.StatusForbidden, "web.error.locked")
		return
	}
	if err := to.handle(q); err != nil {
		q.fail(err)
	}
}

// first is where somebody begins who is let in.
func (s *Server) first() string {
	if !s.o.Exists() {
		return "/start"
	}
	return "/unlock"
}
