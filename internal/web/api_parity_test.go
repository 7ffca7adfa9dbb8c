package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// counterparts says by which operation a program does what a page does. Each
// route that changes something, or hands something out, is here.
var counterparts = map[string][]string{
	"POST /cases/new":                                 {"create-case", "add-person", "add-device"},
	"POST /cases/{case}/close":                        {"close-case"},
	"POST /cases/{case}/members":                      {"share-case"},
	"POST /cases/{case}/members/role":                 {"change-role"},
	"POST /cases/{case}/members/remove":               {"remove-case-member"},
	"POST /cases/{case}/person":                       {"add-person"},
	"POST /cases/{case}/device":                       {"add-device"},
	"POST /cases/{case}/consent":                      {"add-consent"},
	"POST /cases/{case}/withdraw/{consent}":           {"withdraw-consent"},
	"POST /cases/{case}/evidence/path":                {"take-evidence"},
	"POST /cases/{case}/evidence/file":                {"begin-upload", "send-part", "end-upload"},
	"POST /cases/{case}/devices/{device}/upload":      {"begin-upload"},
	"PATCH /cases/{case}/devices/{device}/upload":     {"send-part", "send-files"},
	"POST /cases/{case}/devices/{device}/upload/done": {"end-upload"},
	"POST /jobs/{job}/cancel":                         {"cancel-job"},
	"POST /cases/{case}/jobs/recheck":                 {"queue-recheck"},
	"POST /cases/{case}/jobs/hunt":                    {"queue-hunt"},
	"POST /cases/{case}/jobs/remind":                  {"queue-remind"},
	"POST /cases/{case}/jobs/notice":                  {"queue-notice"},
	"POST /cases/{case}/jobs/links":                   {"queue-links"},
	"POST /cases/{case}/jobs/index":                   {"queue-index"},
	"POST /cases/{case}/jobs/exhibit":                 {"queue-exhibit"},
	"POST /cases/{case}/jobs/report":                  {"queue-report"},
	"GET /jobs/{job}/result":                          {"get-job-result"},
	"POST /evidence/{evidence}/check":                 {"check-evidence"},
	"POST /runs/{run}/findings/{finding}":             {"decide"},
	"POST /runs/{run}/findings/{finding}/bytes":       {"open-bytes"},
	"POST /indicators/add":                            {"add-indicators"},
	"POST /indicators/share":                          {"share-indicators"},
	"POST /indicators/update":                         {"queue-update", "get-update"},
	"POST /indicators/schedule":                       {"set-schedule", "get-schedule"},
	"POST /indicators/feeds":                          {"switch-feed", "list-feeds"},
	"POST /indicators/hunts":                          {"queue-hunts", "list-hunts"},
	"POST /cases/{case}/hunts":                        {"order-hunts"},
	"POST /indicators/hunt":                           {"hunt"},
	"POST /links":                                     {"list-links"},
	"GET /links/file/{format}":                        {"list-links"},
	"POST /lures":                                     {"read-message", "read-messages"},
	"POST /webhooks":                                  {"add-webhook"},
	"POST /webhooks/{webhook}/test":                   {"test-webhook"},
	"POST /webhooks/{webhook}/remove":                 {"remove-webhook"},
	"POST /settings/{file}":                           {"keep-settings"},
	"POST /settings/{file}/remove":                    {"remove-settings"},
	"GET /settings/{file}/file":                       {"list-settings", "get-settings"},
	"GET /webhooks":                                   {"list-webhooks", "list-deliveries"},
	"POST /ledger/checkpoint":                         {"sign-checkpoint"},
	"POST /cases/{case}/account/{form}":               {"add-promise", "add-request", "add-answer"},
	"POST /cases/{case}/facts/new":                    {"add-facts"},
	"POST /cases/{case}/events/new":                   {"add-events"},
	"POST /cases/{case}/events/found":                 {"add-found-events"},
	"POST /cases/{case}/concerns":                     {"decide-concern"},
	"POST /cases/{case}/trade":                        {"add-register"},
	"POST /cases/{case}/trade/file":                   {"add-register", "put-list"},
	"POST /cases/{case}/entries/{entry}/retire":       {"retire-entry"},
	"POST /cases/{case}/out/exhibit":                  {"make-exhibit"},
	"GET /cases/{case}/out/letter":                    {"draft-letter"},
	"POST /cases/{case}/out/public":                   {"preview-publication", "publish", "publish-documents"},
	"POST /cases/{case}/notices/ask":                  {"ask-to-be-told"},
	"POST /cases/{case}/notices/due":                  {"draft-notices"},
	"POST /cases/{case}/notices/send":                 {"send-notices"},
	"POST /cases/{case}/notices/{notice}":             {"move-notice"},
	"POST /cases/{case}/notices/{notice}/text":        {"edit-notice"},
	"POST /cases/{case}/trade/deal":                   {"add-register"},
	"POST /cases/{case}/facts/file":                   {"add-facts", "add-events"},
	"POST /indicators/sets/{set}/remove":              {"remove-indicators"},

	"GET /evidence/{evidence}/proof/{entry}": {"prove-entry", "list-custody"},
	"GET /runs/{run}/report/{format}":        {"get-report"},
	"GET /runs/{run}/timeline":               {"list-events"},
	"GET /runs/{run}/timeline/counts":        {"count-events"},
	"GET /runs/{run}/search":                 {"search-records"},
	"GET /ledger/checkpoint":                 {"list-checkpoints"},
	"GET /ledger/consistency":                {"prove-consistency"},
	"GET /ledger/key":                        {"get-workspace"},
	"GET /ledger/proof/{entry}":              {"prove-entry"},
}

// pagesAlone are routes that programs have no use for, each with the reason.
var pagesAlone = map[string]string{
	"POST /language":                                  "a choice of one browser: programs send Accept-Language",
	"POST /appearance":                                "a choice of one browser",
	"POST /start":                                     "there is no member yet who could make a token",
	"POST /unlock":                                    "a token is of somebody who is in",
	"POST /lock":                                      "ends the session of a browser: a token is revoked on its page",
	"POST /signin/passkey/begin":                      onlyPeople,
	"POST /signin/passkey/finish":                     onlyPeople,
	"POST /join/{token}":                              onlyPeople,
	"POST /me/passphrase":                             onlyPeople,
	"POST /me/passkeys/begin":                         onlyPeople,
	"POST /me/passkeys/finish":                        onlyPeople,
	"POST /me/passkeys/{key}/name":                    onlyPeople,
	"POST /me/passkeys/{key}/remove":                  onlyPeople,
	"POST /me/oidc/remove":                            onlyPeople,
	"POST /me/sessions/{session}/end":                 onlyPeople,
	"POST /me/sessions/end":                           onlyPeople,
	"POST /members/invite":                            noMembers,
	"POST /members/invitations/{invitation}/withdraw": noMembers,
	"POST /members/{member}/link":                     noMembers,
	"POST /members/{member}/remove":                   noMembers,
	"POST /tokens":                                    "a token that makes tokens would outlive its own end",
	"POST /tokens/{token}/revoke":                     "who holds a token must not end those of others",
	"POST /indicators/recognise":                      "asks what a person dropped: programs know what they send, and add-indicators refuses the rest",
}

const (
	onlyPeople = "how a person comes in: who holds a token must not get another way in by it"
	noMembers  = "a token of a manager would be worth the whole workspace: people, or \"amparo member\", invite and remove"
)

// TestPagesHaveOperations holds the API to what pages do: a route that changes
// something has an operation that does the same, or a reason why not.
func TestPagesHaveOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, a := f.s.newAPI()
	var ids []string
	for _, op := range operationsOf(a) {
		ids = append(ids, op.OperationID)
	}
	known := map[string]bool{}
	for _, r := range routes {
		known[r.pattern] = true
		method, _, _ := strings.Cut(r.pattern, " ")
		ops, reason := counterparts[r.pattern], pagesAlone[r.pattern]
		switch {
		case len(ops) > 0 && reason != "":
			t.Errorf("%s has operations and a reason why not", r.pattern)
		case method != http.MethodGet && len(ops) == 0 && reason == "":
			t.Errorf("%s changes something and has no operation: add it to the API and to counterparts, or to pagesAlone with a reason", r.pattern)
		}
		for _, id := range ops {
			if !slices.Contains(ids, id) {
				t.Errorf("%s: there is no operation %s", r.pattern, id)
			}
		}
	}
	for pattern := range counterparts {
		if !known[pattern] {
			t.Errorf("%s is no route", pattern)
		}
	}
	for pattern := range pagesAlone {
		if !known[pattern] {
			t.Errorf("%s is no route", pattern)
		}
	}
}

// TestCreatingOperationsTakeAKey holds what makes something new with each call
// to the header that keeps a repeated call from making it twice, and what does
// not say so to be safe to repeat.
func TestCreatingOperationsTakeAKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, a := f.s.newAPI()
	for name, op := range operationsOf(a) {
		if strings.HasPrefix(name, "GET ") {
			continue
		}
		made, _ := op.Metadata[creates].(bool)
		if made == (repeatable[op.OperationID] != "") {
			t.Errorf("%s: %s is either created under a key, or in repeatable with the reason why a second call changes nothing", name, op.OperationID)
		}
	}
}

// repeatable says of each operation that changes something why it may be asked
// again without a key.
var repeatable = map[string]string{
	"open-bytes":          "changes nothing: it is a POST for the password",
	"share-indicators":    "what is there stays, and is not brought twice",
	"keep-settings":       "the same file again is refused: it is not the one that was read before, or is the same",
	"remove-settings":     "what is removed is not found",
	"close-case":          "a case that is closed stays so",
	"share-case":          "whoever is a member stays so",
	"withdraw-consent":    "what is withdrawn stays so",
	"cancel-job":          "a job that has ended stays so",
	"decide":              "the same decision again is refused as a conflict, or is the same",
	"begin-upload":        "the same name, files and bytes for the same phone are the same upload",
	"send-part":           "a part that is stored is refused by its offset",
	"send-files":          "a file that is stored is not stored again",
	"end-upload":          "evidence that is stored stays so, and is checked once",
	"add-indicators":      "a file that is installed changes nothing",
	"hunt":                "what was hunted in a check is not hunted in it again",
	"read-message":        "nothing is kept",
	"read-messages":       "nothing is kept",
	"ask-to-be-told":      "a later wish of a person takes the place of the one before",
	"draft-notices":       "there is one notice of one event for one person",
	"send-notices":        "a mail that was begun is not sent again",
	"send-reminders":      "a reminder goes out once, and a mail that was begun is not sent again",
	"move-notice":         "a step that was made is refused",
	"edit-notice":         "other words for a version that is not the last are refused",
	"remove-indicators":   "what is removed is not found again",
	"decide-concern":      "a later decision takes the place of the one before",
	"put-list":            "a later list takes the place of the one before",
	"retire-entry":        "an entry that is retired is not found again",
	"remove-webhook":      "what is removed is not found again",
	"sign-checkpoint":     "a ledger of the same size has the same checkpoint",
	"change-role":         "the same role again changes nothing",
	"remove-case-member":  "who is none of the case any more is not found",
	"switch-feed":         "a feed that is switched off stays so",
	"set-schedule":        "the same times again are the same schedule",
	"order-hunts":         "what is ordered stays so",
	"make-exhibit":        "each time another exhibit leaves, and the ledger says so",
	"preview-publication": "nothing is written",
	"draft-letter":        "nothing is written",
	"publish-documents":   "what was published before is not recorded again",
	"publish":             "what was published before is not recorded again",
}
