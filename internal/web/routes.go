package web

import (
	"net/http"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// route is one kind of request. All are here, and only here.
type route struct {
	pattern string // of http.ServeMux
	need    need
	handle  func(*request) error
}

// routes lists all that the server answers, each with what it asks of who sends
// it. What their role lets them do is asked here, before the handler, and once
// more below, in package workspace.
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

	{"GET /cases", may(workspace.ActSee), (*request).casesPage},
	{"GET /cases/new", ofTeam, (*request).newCasePage},
	{"POST /cases/new", ofTeam, (*request).newCase},
	{"GET /cases/{case}", may(workspace.ActSee), (*request).casePage},
	{"POST /cases/{case}/close", may(workspace.ActClose), (*request).closeCase},
	{"GET /cases/{case}/members", may(workspace.ActMembers), (*request).caseMembersPage},
	{"POST /cases/{case}/members", may(workspace.ActMembers), (*request).shareCase},
	{"POST /cases/{case}/members/role", may(workspace.ActMembers), (*request).changeCaseRole},
	{"POST /cases/{case}/members/remove", may(workspace.ActMembers), (*request).removeFromCase},
	{"GET /yours", may(workspace.ActSee), (*request).yoursPage},
	{"GET /cases/{case}/account", whole, (*request).accountPage},
	{"GET /cases/{case}/account/terms.ics", whole, (*request).accountICS},
	{"GET /cases/{case}/account/feed.atom", whole, (*request).accountAtom},
	{"GET /cases/{case}/account/{form}", may(workspace.ActAccount), (*request).accountFormPage},
	{"POST /cases/{case}/account/{form}", may(workspace.ActAccount), (*request).addToAccount},
	{"GET /cases/{case}/facts", whole, (*request).factsPage},
	{"GET /cases/{case}/facts/new", may(workspace.ActAccount), (*request).newFactPage},
	{"POST /cases/{case}/facts/new", may(workspace.ActAccount), (*request).newFact},
	{"GET /cases/{case}/events/new", may(workspace.ActAccount), (*request).newEventPage},
	{"POST /cases/{case}/events/new", may(workspace.ActAccount), (*request).newEvent},
	{"POST /cases/{case}/events/found", may(workspace.ActAccount), (*request).eventsFound},
	{"POST /cases/{case}/facts/file", may(workspace.ActAccount), (*request).takeStatements},
	{"GET /cases/{case}/concerns", whole, (*request).concernsPage},
	{"POST /cases/{case}/concerns", may(workspace.ActAccount), (*request).decideConcern},
	{"GET /cases/{case}/trade", whole, (*request).tradePage},
	{"POST /cases/{case}/trade", may(workspace.ActAccount), (*request).addParty},
	{"GET /cases/{case}/trade/deal", may(workspace.ActAccount), (*request).dealPage},
	{"POST /cases/{case}/trade/deal", may(workspace.ActAccount), (*request).addDeal},
	{"POST /cases/{case}/trade/file", may(workspace.ActAccount), (*request).importTrade},
	{"GET /cases/{case}/entries/{entry}", whole, (*request).entryPage},
	{"POST /cases/{case}/entries/{entry}/retire", may(workspace.ActAccount), (*request).retire},
	{"GET /cases/{case}/trade/report", mayAll(workspace.ActReport), (*request).tradeReportFile},
	{"GET /cases/{case}/out", may(workspace.ActReport), (*request).outPage},
	{"POST /cases/{case}/out/exhibit", may(workspace.ActReport), (*request).sendExhibit},
	{"GET /cases/{case}/out/letter", may(workspace.ActAccount), (*request).letterPage},
	{"GET /cases/{case}/out/public", may(workspace.ActPublish), (*request).previewPublic},
	{"POST /cases/{case}/out/public", may(workspace.ActPublish), (*request).sendPublic},
	{"GET /cases/{case}/out/public/{lang}", may(workspace.ActPublish), (*request).publicPage},
	{"GET /cases/{case}/notices", whole, (*request).noticesPage},
	{"POST /cases/{case}/notices/ask", may(workspace.ActAccount), (*request).askNotice},
	{"POST /cases/{case}/notices/due", may(workspace.ActAccount), (*request).dueNotices},
	{"POST /cases/{case}/notices/send", may(workspace.ActAccount), (*request).sendNotices},
	{"GET /cases/{case}/notices/{notice}", whole, (*request).noticePage},
	{"POST /cases/{case}/notices/{notice}", may(workspace.ActAccount), (*request).moveNotice},
	{"POST /cases/{case}/notices/{notice}/text", may(workspace.ActAccount), (*request).editNotice},
	{"GET /cases/{case}/notices/{notice}/letter", whole, (*request).noticeLetter},
	{"GET /cases/{case}/person", may(workspace.ActIntake), (*request).newPersonPage},
	{"POST /cases/{case}/person", may(workspace.ActIntake), (*request).newPerson},
	{"POST /cases/{case}/device", may(workspace.ActIntake), (*request).newDevice},
	{"GET /cases/{case}/consent", may(workspace.ActIntake), (*request).newConsentPage},
	{"POST /cases/{case}/consent", may(workspace.ActIntake), (*request).newConsent},
	{"GET /cases/{case}/withdraw/{consent}", may(workspace.ActWithdraw), (*request).withdrawPage},
	{"POST /cases/{case}/withdraw/{consent}", may(workspace.ActWithdraw), (*request).withdraw},

	{"GET /cases/{case}/evidence", may(workspace.ActIntake), (*request).intakePage},
	{"GET /cases/{case}/browse", may(workspace.ActIntake), (*request).browsePage},
	{"POST /cases/{case}/evidence/path", may(workspace.ActIntake), (*request).takePath},
	{"POST /cases/{case}/evidence/file", may(workspace.ActIntake), (*request).takeFile},
	{"POST /cases/{case}/devices/{device}/upload", may(workspace.ActIntake), (*request).uploadOffset},
	{"PATCH /cases/{case}/devices/{device}/upload", may(workspace.ActIntake), (*request).uploadPart},
	{"POST /cases/{case}/devices/{device}/upload/done", may(workspace.ActIntake), (*request).uploadDone},
	{"GET /jobs", may(workspace.ActSee), (*request).jobsPage},
	{"GET /jobs/{job}", may(workspace.ActSee), (*request).jobPage},
	{"POST /jobs/{job}/cancel", endsJob, (*request).cancelJob},
	{"GET /jobs/{job}/result", may(workspace.ActReport), (*request).jobResult},
	{"POST /cases/{case}/jobs/exhibit", mayAll(workspace.ActReport), (*request).queueExhibit},
	{"POST /cases/{case}/jobs/report", mayAll(workspace.ActReport), (*request).queueReport},
	{"POST /cases/{case}/jobs/recheck", mayAll(workspace.ActCheck), queueOf(workspace.JobRecheck)},
	{"POST /cases/{case}/jobs/hunt", mayAll(workspace.ActHunt), queueOf(workspace.JobHunt)},
	{"POST /cases/{case}/jobs/remind", mayAll(workspace.ActAccount), queueOf(workspace.JobRemind)},
	{"POST /cases/{case}/jobs/notice", mayAll(workspace.ActAccount), queueOf(workspace.JobNotice)},
	{"POST /cases/{case}/jobs/links", mayAll(workspace.ActLinks), queueOf(workspace.JobLinks)},
	{"POST /cases/{case}/jobs/index", mayAll(workspace.ActCheck), queueOf(workspace.JobIndex)},

	{"POST /evidence/{evidence}/check", may(workspace.ActCheck), (*request).checkAgain},
	{"GET /evidence/{evidence}", may(workspace.ActSee), (*request).evidencePage},
	{"GET /evidence/{evidence}/proof/{entry}", may(workspace.ActSee), (*request).custodyProof},
	{"GET /runs/{run}", may(workspace.ActSee), (*request).runPage},
	{"GET /runs/{run}/report", may(workspace.ActSee), (*request).reportPage},
	{"GET /runs/{run}/report/{format}", may(workspace.ActReport), (*request).reportFile},

	{"GET /runs/{run}/timeline", may(workspace.ActSee), (*request).timelinePage},
	{"GET /runs/{run}/timeline/counts", may(workspace.ActSee), (*request).timelineCounts},
	{"GET /runs/{run}/search", may(workspace.ActSee), (*request).searchPage},
	{"GET /cases/{case}/devices/{device}/timeline", may(workspace.ActSee), (*request).timelinePage},
	{"GET /cases/{case}/devices/{device}/timeline/counts", may(workspace.ActSee), (*request).timelineCounts},
	{"GET /cases/{case}/devices/{device}/search", may(workspace.ActSee), (*request).searchPage},
	{"GET /cases/{case}/devices/{device}/compare", may(workspace.ActSee), (*request).besidePage},
	{"GET /cases/{case}/search", may(workspace.ActSee), (*request).searchPage},
	{"GET /search", may(workspace.ActSee), (*request).searchPage},

	{"GET /findings", may(workspace.ActSee), (*request).findingsPage},
	{"GET /runs/{run}/findings/{finding}", may(workspace.ActSee), (*request).findingPage},
	{"POST /runs/{run}/findings/{finding}", may(workspace.ActDecide), (*request).decide},
	{"GET /runs/{run}/findings/{finding}/bytes", may(workspace.ActSee), (*request).bytesPage},
	{"POST /runs/{run}/findings/{finding}/bytes", may(workspace.ActSee), (*request).bytesPage},

	{"GET /links", may(workspace.ActLinks), (*request).linksPage},
	{"POST /links", may(workspace.ActLinks), (*request).compare},
	{"GET /links/file/{format}", may(workspace.ActLinks), (*request).linksFile},
	{"GET /indicators", ofTeam, (*request).indicatorsPage},
	{"GET /indicators/sets/{set}", ofTeam, (*request).setPage},
	{"POST /indicators/sets/{set}/remove", may(workspace.ActHunt), (*request).removeSet},
	{"POST /indicators/update", teamMay(workspace.ActHunt), (*request).updateFeeds},
	{"POST /indicators/share", teamMay(workspace.ActHunt), (*request).shareIndicators},
	{"POST /indicators/schedule", managers, (*request).setSchedule},
	{"POST /indicators/feeds", managers, (*request).turnFeed},
	{"POST /indicators/hunts", teamMay(workspace.ActHunt), (*request).hunts},
	{"POST /cases/{case}/hunts", mayAll(workspace.ActHunt), (*request).caseHunts},
	{"POST /indicators/add", teamMay(workspace.ActHunt), (*request).addIndicators},
	{"POST /indicators/recognise", may(workspace.ActHunt), (*request).recogniseIndicators},
	{"POST /indicators/hunt", may(workspace.ActHunt), (*request).hunt},
	{"GET /lures", may(workspace.ActLures), (*request).luresPage},
	{"POST /lures", may(workspace.ActLures), (*request).readLures},
	{"GET /ledger", ofTeam, (*request).ledgerPage},
	{"POST /ledger/checkpoint", ofTeam, (*request).checkpoint},
	{"GET /ledger/checkpoint", member, (*request).ledgerCheckpoint},
	{"GET /ledger/consistency", member, (*request).ledgerConsistency},
	{"GET /ledger/verify", ofTeam, (*request).verifyPage},
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
	{"GET /members", managers, (*request).membersPage},
	{"POST /members/invite", managers, (*request).invite},
	{"POST /members/invitations/{invitation}/withdraw", managers, (*request).withdrawInvitation},
	{"POST /members/{member}/link", managers, (*request).inviteBack},
	{"GET /members/{member}/remove", managers, (*request).removeMemberPage},
	{"POST /members/{member}/remove", managers, (*request).removeMember},

	{"GET /tokens", member, (*request).tokensPage},
	{"POST /tokens", member, (*request).newToken},
	{"POST /tokens/{token}/revoke", member, (*request).revokeToken},
	{"GET /webhooks", ofTeam, (*request).webhooksPage},
	{"POST /webhooks", ofTeam, (*request).newWebhook},
	{"POST /webhooks/{webhook}/test", ofTeam, (*request).testWebhook},
	{"POST /webhooks/{webhook}/remove", ofTeam, (*request).removeWebhook},
	{"GET /settings", ofTeam, (*request).settingsPage},
	{"GET /settings/{file}", ofTeam, (*request).settingPage},
	{"GET /settings/{file}/file", ofTeam, (*request).settingFile},
	{"POST /settings/{file}", managers, (*request).keepSetting},
	{"POST /settings/{file}/remove", managers, (*request).removeSetting},
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

// serve lets a request in whose sender is what the route asks for.
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
	case to.need.level >= isVisitor && q.session == nil:
		q.signedOut()
		return
	case to.need.level == isMember && q.space == nil:
		if r.Method == http.MethodGet && !isAPI(r) {
			_ = q.redirect(q.s.first()) // it never fails
			return
		}
		q.refuse(http.StatusForbidden, "web.error.locked")
		return
	}
	err = q.admitTo(to.need)
	if err == nil {
		err = to.handle(q)
	}
	if err != nil {
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
