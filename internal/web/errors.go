package web

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/account/outbox"
	"github.com/amparo-project/amparo/internal/account/term"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/evidence"
	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/exhibit"
	"github.com/amparo-project/amparo/internal/fault"
	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/format/ab"
	"github.com/amparo-project/amparo/internal/format/keybag"
	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/job"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/vault/s3"
	"github.com/amparo-project/amparo/internal/walk"
	"github.com/amparo-project/amparo/internal/workspace"
)

// badRequest is a request that no page of ours makes.
type badRequest struct{ err error }

func (e badRequest) Error() string { return e.err.Error() }
func (e badRequest) Unwrap() error { return e.err }

// invalid is something in a form that its sender can mend; id is a message.
type invalid struct{ id string }

func (e invalid) Error() string { return e.id }

// causes maps errors to a status and to the sentence that says what to do. The
// first that fits is taken; nothing else of an error is shown to anybody.
var causes = []struct {
	err    error
	status int
	id     string
}{
	{settings.ErrOther, http.StatusPreconditionFailed, "web.settings.other"},
	{settings.ErrMachine, http.StatusUnprocessableEntity, "web.settings.machine"},
	{errUnseen, http.StatusPreconditionRequired, "web.settings.unseen"},
	{settings.ErrOwnFeeds, http.StatusConflict, "web.feeds.own"},
	{feed.ErrNoFeed, http.StatusUnprocessableEntity, "web.feeds.no_feed"},
	{feed.ErrSeveral, http.StatusUnprocessableEntity, "web.feeds.several"},
	{feed.ErrTogether, http.StatusConflict, "web.feeds.together"},
	{feed.ErrByHand, http.StatusConflict, "web.feeds.unwritten"},
	{workspace.ErrConflict, http.StatusConflict, "web.error.conflict"},
	{workspace.ErrKeyUsed, http.StatusUnprocessableEntity, "web.error.key_used"},
	{workspace.ErrDid, http.StatusConflict, "web.error.key_did"},
	{workspace.ErrRuns, http.StatusConflict, "web.error.key_runs"},
	{workspace.ErrNotFound, http.StatusNotFound, "web.error.not_found"},
	{workspace.ErrNoAccess, http.StatusNotFound, "web.error.not_found"},
	{exhibit.ErrNotShared, http.StatusConflict, "web.out.not_shared"},
	{exhibit.ErrRequest, http.StatusUnprocessableEntity, "web.error.invalid"},
	{workspace.ErrNoConsent, http.StatusConflict, "web.error.no_consent"},
	{workspace.ErrErased, http.StatusGone, "web.error.erased"},
	{workspace.ErrClosed, http.StatusConflict, "web.error.closed"},
	{workspace.ErrNone, http.StatusConflict, "web.error.no_workspace"},
	{workspace.ErrNewer, http.StatusConflict, "ws.hint.newer"},
	{workspace.ErrLimited, http.StatusForbidden, "web.error.limited"},
	{workspace.ErrNotAllowed, http.StatusForbidden, "web.error.not_allowed"},
	{workspace.ErrLastManager, http.StatusConflict, "web.error.last_manager"},
	{workspace.ErrOnlyKey, http.StatusConflict, "web.error.only_key"},
	{workspace.ErrLastWay, http.StatusConflict, "web.error.last_way"},
	{workspace.ErrNoneShared, http.StatusConflict, "web.error.none_shared"},
	{job.ErrNoFeed, http.StatusBadGateway, "web.feeds.offline"},
	{job.ErrFeeds, http.StatusServiceUnavailable, "web.feeds.again"},
	{workspace.ErrSharedKey, http.StatusConflict, "ws.hint.shared_key"},
	{errPasskey, http.StatusForbidden, "web.error.passkey"},
	{errInvitation, http.StatusNotFound, "web.error.invitation"},
	{errProvider, http.StatusBadGateway, "web.error.provider"},
	{errOIDC, http.StatusForbidden, "web.error.oidc"},
	{errSubject, http.StatusForbidden, "web.error.subject"},
	{workspace.ErrTooMany, http.StatusConflict, "web.error.as_many"},
	{workspace.ErrLastOwner, http.StatusConflict, "web.error.last_owner"},
	{workspace.ErrNotMember, http.StatusForbidden, "web.error.not_member"},
	{hook.ErrAddress, http.StatusUnprocessableEntity, "web.error.hook_address"},
	{workspace.ErrBusy, http.StatusConflict, "web.error.busy"},
	{workspace.ErrUnreachable, http.StatusServiceUnavailable, "web.error.unreachable"},
	{workspace.ErrDiskFull, http.StatusInsufficientStorage, "web.error.disk_full"},
	{syscall.ENOSPC, http.StatusInsufficientStorage, "web.error.disk_full"},
	{workspace.ErrReadOnly, http.StatusInternalServerError, "ws.hint.read_only"},
	{workspace.ErrDamaged, http.StatusInternalServerError, "web.error.damaged"},
	{s3.ErrUnreachable, http.StatusServiceUnavailable, "ws.hint.s3_unreachable"},
	{s3.ErrRefused, http.StatusServiceUnavailable, "ws.hint.s3_refused"},
	{s3.ErrNoBucket, http.StatusServiceUnavailable, "ws.hint.s3_no_bucket"},
	{s3.ErrCertificate, http.StatusServiceUnavailable, "ws.hint.s3_certificate"},
	{s3.ErrClock, http.StatusServiceUnavailable, "ws.hint.s3_clock"},
	{s3.ErrOther, http.StatusConflict, "ws.hint.s3_other"},
	{vault.ErrElsewhere, http.StatusServiceUnavailable, "ws.hint.elsewhere"},
	{vault.ErrDamaged, http.StatusInternalServerError, "web.error.damaged"},
	{vault.ErrChanged, http.StatusConflict, "web.error.changed"},
	{vault.ErrOffset, http.StatusPreconditionFailed, "web.error.offset"},
	{seal.ErrWrongPassphrase, http.StatusForbidden, "web.error.passphrase"},
	{keybag.ErrWrongPassword, http.StatusConflict, "web.error.password"},
	{ab.ErrWrongPassword, http.StatusConflict, "web.error.password"},
	{job.ErrPassword, http.StatusConflict, "web.error.no_password"},
	{walk.ErrNotThere, http.StatusNotFound, "web.bytes.not_there"},
	{evidence.ErrNotEvidence, http.StatusConflict, "web.error.not_evidence"},
	{workspace.ErrChanged, http.StatusConflict, "web.error.changed_entry"},
	{workspace.ErrExists, http.StatusConflict, "web.error.exists"},
	{outbox.ErrAgain, http.StatusServiceUnavailable, "web.notices.again"},
	{outbox.ErrSending, http.StatusConflict, "web.notices.is_sending"},
	{notice.ErrMove, http.StatusConflict, "web.notices.no_move"},
	{notice.ErrConfig, http.StatusUnprocessableEntity, "web.notices.bad_config"},
	{term.ErrDay, http.StatusUnprocessableEntity, "web.error.day"},
	{term.ErrUnknown, http.StatusUnprocessableEntity, "web.error.statement"},
	{account.ErrInvalid, http.StatusUnprocessableEntity, "web.error.statement"},
	{casework.ErrNotConfirmed, http.StatusConflict, "web.facts.not_confirmed"},
	{trade.ErrForm, http.StatusUnprocessableEntity, "web.trade.not_read"},
	{examine.ErrOtherPhone, http.StatusUnprocessableEntity, "web.beside.other_phone"},
	{workspace.ErrInvalid, http.StatusUnprocessableEntity, "web.error.invalid"},
	{limit.ErrCorrupt, http.StatusUnprocessableEntity, "web.error.corrupt"},
	{fs.ErrPermission, http.StatusConflict, "web.error.permission"},
	{fs.ErrNotExist, http.StatusNotFound, "web.error.not_found"},
	{workspace.ErrChanged, http.StatusConflict, "web.error.conflict"},
	{workspace.ErrExists, http.StatusConflict, "web.error.conflict"},
	{term.ErrDay, http.StatusUnprocessableEntity, "web.error.invalid"},
	{term.ErrUnknown, http.StatusUnprocessableEntity, "web.error.invalid"},
	{account.ErrInvalid, http.StatusUnprocessableEntity, "web.error.invalid"},
	{casework.ErrNotConfirmed, http.StatusConflict, "web.error.invalid"},
	{os.ErrDeadlineExceeded, http.StatusRequestTimeout, "web.error.interrupted"},
	{context.Canceled, http.StatusRequestTimeout, "web.error.interrupted"},
}

// causeOf is the status of an error, and the message that tells of it.
func causeOf(err error) (status int, id string) {
	var (
		inv invalid
		bad badRequest
		big *http.MaxBytesError
	)
	var many tooMany
	var fast tooFast
	var locked workspace.LockedError
	var faults settings.Faults
	switch {
	case errors.As(err, &fast):
		return http.StatusTooManyRequests, "web.error.too_fast"
	case errors.As(err, &many), errors.As(err, &locked):
		return http.StatusTooManyRequests, "web.error.too_many"
	case errors.As(err, &faults):
		return http.StatusUnprocessableEntity, "web.settings.faults"
	case errors.As(err, &inv):
		return http.StatusUnprocessableEntity, inv.id
	case errors.As(err, &big):
		return http.StatusRequestEntityTooLarge, "web.error.too_large"
	case errors.As(err, &bad) && !errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusBadRequest, "web.error.bad_request"
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return c.status, c.id
		}
	}
	return http.StatusInternalServerError, "web.error.internal"
}

// sentence says of an error what to do. Where a role does not allow something
// it says which one the member has, and whom to ask.
func (q *request) sentence(err error, id string) string {
	var refused *workspace.NotAllowed
	if !errors.As(err, &refused) {
		return q.Text(id)
	}
	role, deed := q.Text("web.role."+string(refused.Role)), q.Text("web.deed."+string(refused.Deed))
	if refused.Case == "" {
		return q.Text("web.error.role_anywhere", "Role", role, "Deed", deed)
	}
	owners, err := q.space.Owners(q.ctx(), refused.Case)
	if err != nil {
		owners = nil // they are a help, no more
	}
	return q.Text("web.error.role", "Role", role, "Deed", deed, "Owners", strings.Join(owners, ", "))
}

// reference is what the log has an error by that is our fault. Not the error
// itself: it may quote evidence.
func (q *request) reference(err error) string {
	ref := secret()[:8]
	q.s.o.Log.ErrorContext(q.ctx(), "request failed", "ref", ref, "route", q.r.Pattern, fault.Kind(err))
	return ref
}

// fail answers with an error.
func (q *request) fail(err error) {
	status, id := causeOf(err)
	q.wait(err)
	if status == http.StatusInternalServerError {
		q.refuse(status, id, "Ref", q.reference(err))
		return
	}
	title := "web.error.title"
	if errors.As(err, new(*workspace.NotAllowed)) {
		title = "web.error.role_title"
	}
	q.tell(status, codeOf(id), q.Text(title), q.sentence(err, id))
}

// refuse answers with a sentence.
func (q *request) refuse(status int, id string, pairs ...any) {
	q.tell(status, codeOf(id), q.Text("web.error.title"), q.Text(id, pairs...))
}

// tell answers with a sentence: a page for people, a problem for programs.
func (q *request) tell(status int, code, title, text string) {
	if isAPI(q.r) {
		q.w.Header().Set("Content-Type", "application/problem+json")
		q.w.WriteHeader(status)
		_ = json.NewEncoder(q.w).Encode(newProblem(status, code, text)) // the client is gone
		return
	}
	if err := q.renderStatus(status, "error", title, text); err != nil {
		q.s.o.Log.ErrorContext(q.ctx(), "page failed", "page", "error", fault.Kind(err))
	}
}

// refuse answers before a route was found.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, id string) {
	(&request{Printer: message.New(languageOf(r)), w: w, r: r, s: s}).refuse(status, id)
}

// tooFast is a request before its time.
type tooFast struct{}

func (tooFast) Error() string { return "too many requests" }

// tooMany is a guess before its time.
type tooMany struct{}

func (tooMany) Error() string { return "too many wrong guesses" }

// wait says after how long somebody may try again who is locked out.
func (q *request) wait(err error) {
	var locked workspace.LockedError
	if errors.As(err, &locked) {
		q.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(locked.Wait.Seconds()))))
	}
}
