package web

import (
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/settings"
)

// problemPrefix begins the type of every problem; its code follows.
const problemPrefix = "urn:amparo:problem:"

// problem is an error as RFC 9457 writes it. Programs go by the code: it stays
// as it is. Title and detail are for people.
type problem struct {
	Type   string              `json:"type" doc:"urn:amparo:problem: and the code"`
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail" doc:"what to do, in the language that was asked for"`
	Code   string              `json:"code" doc:"stable: programs go by it"`
	Errors []*huma.ErrorDetail `json:"errors,omitempty" doc:"what of the request is wrong, and where"`
}

func newProblem(status int, code, detail string) *problem {
	return &problem{Type: problemPrefix + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// Error implements error.
func (p *problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// codeOf is the code of a problem that the message id tells of.
func codeOf(id string) string {
	for _, prefix := range []string{"web.error.", "ws.hint.", "web."} {
		if code, ok := strings.CutPrefix(id, prefix); ok {
			return strings.ReplaceAll(code, ".", "_")
		}
	}
	return strings.ReplaceAll(id, ".", "_")
}

// statusCodes are the codes of what is refused before an operation is asked.
var statusCodes = map[int]string{
	http.StatusBadRequest: "bad_request", http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "scope", http.StatusNotFound: "not_found",
	http.StatusMethodNotAllowed: "method", http.StatusRequestEntityTooLarge: "too_large", http.StatusUnsupportedMediaType: "media_type",
	http.StatusUnprocessableEntity: "validation", http.StatusRequestTimeout: "interrupted",
}

// describeProblems has huma write its own errors as ours. What it sets is of
// the whole process, and the same for every server in it.
var describeProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, text string, errs ...error) huma.StatusError {
		code, ok := statusCodes[status]
		if !ok {
			code = "internal"
		}
		p := newProblem(status, code, text)
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok {
				p.Errors = append(p.Errors, d.ErrorDetail())
			}
		}
		return p
	}
})

// problem is the error as the API tells it: the sentence that a page shows.
func (c *caller) problem(err error) *problem {
	status, id := causeOf(err)
	if status == http.StatusInternalServerError {
		return newProblem(status, codeOf(id), c.Text(id, "Ref", c.reference(err)))
	}
	p := newProblem(status, codeOf(id), c.sentence(err, id))
	if status == http.StatusUnprocessableEntity && !errors.As(err, new(invalid)) {
		// What is wrong with what was sent: it quotes nothing else.
		p.Errors = []*huma.ErrorDetail{{Message: err.Error(), Location: "body"}}
		var faults settings.Faults
		if errors.As(err, &faults) {
			p.Errors = nil
			for _, f := range faults[:min(len(faults), maxFaults)] {
				p.Errors = append(p.Errors, &huma.ErrorDetail{Message: faultIn(c.Printer, &f).String(), Location: "body"})
			}
		}
	}
	return p
}
