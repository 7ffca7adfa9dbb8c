package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// waiting is what jobs and others did: what failed, and what is new since the
// member was here.
type waiting struct {
	Failed []inboxLine
	News   []inboxLine
	More   bool   // there is more news than is listed
	Since  string // when they were here before; "": not known in this browser
}

// inboxLine is one thing, with the page that tells more of it.
type inboxLine struct {
	When, Text, Who, Link string
	Case                  string // its title
}

// Bounds of what is listed.
const (
	newsLines   = 20
	newsEntries = 300                // of the ledger that are looked through
	failedFor   = 7 * 24 * time.Hour // that a failed job is told of
)

// inbox gathers that.
func (q *request) inbox(t *titles) (waiting, error) {
	var in waiting
	before := q.before()
	if !before.IsZero() {
		in.Since = before.UTC().Format(timeLayout)
	}
	var err error
	if in.Failed, err = q.failedJobs(t); err != nil || before.IsZero() {
		return in, err
	}
	in.News, in.More, err = q.news(in.Since, t)
	return in, err
}

// failedJobs are jobs that failed in the last days.
func (q *request) failedJobs(t *titles) ([]inboxLine, error) {
	l, err := q.space.Jobs(q.ctx(), workspace.JobFilter{State: workspace.JobFailed}, workspace.Page{Limit: 500, Last: true})
	if err != nil {
		return nil, err
	}
	after := q.s.o.Now().Add(-failedFor).UTC().Format(timeLayout)
	var out []inboxLine
	for _, j := range l.Items {
		if j.Ended < after || len(out) == newsLines {
			continue
		}
		out = append(out, inboxLine{
			When: j.Ended, Text: q.Text("web.job.kind."+j.Kind) + ": " + q.Text(cmp.Or(j.Error, "web.job.failed_text")), Link: "/jobs/" + j.ID,
			Case: t.Of(j.Case),
		})
	}
	return out, nil
}

// loud are acts that are told to whoever did them too: jobs do them, later.
var loud = map[string]bool{"evidence.checked": true, "finding.hunted": true}

// quiet are acts that nobody has to be told of.
var quiet = map[string]bool{"evidence.viewed": true, "member.signed_in": true}

// news are the acts since a time that others did, or jobs, the last first.
func (q *request) news(since string, t *titles) (out []inboxLine, more bool, err error) {
	size, err := q.space.LedgerSize(q.ctx())
	if err != nil {
		return nil, false, err
	}
	l, err := q.space.Acts(q.ctx(), "", workspace.Page{After: strconv.FormatInt(max(-1, size-newsEntries-1), 10), Limit: newsEntries})
	if err != nil {
		return nil, false, err
	}
	names := q.names()
	for i, line := range slices.Backward(q.acts(l.Items)) {
		if line.Time <= since {
			return out, false, nil
		}
		var d actDetail
		if line.Unproven || json.Unmarshal([]byte(line.Detail), &d) != nil {
			continue
		}
		act := actOf(l.Items[i].Entry)
		if quiet[act] || d.By == q.space.Member().ID && !loud[act] {
			continue
		}
		if len(out) == newsLines {
			return out, true, nil
		}
		out = append(out, inboxLine{When: line.Time, Text: line.Act, Who: cmp.Or(names[d.By], d.By), Link: d.link(), Case: t.Of(d.Case)})
	}
	return out, false, nil
}

// actDetail is what an act says of where it belongs.
type actDetail struct {
	By, Case, Evidence, Run, Finding string
}

// link is the page that tells most of an act.
func (d actDetail) link() string {
	switch {
	case d.Run != "" && d.Finding != "":
		return "/runs/" + d.Run + "/findings/" + d.Finding
	case d.Run != "":
		return "/runs/" + d.Run
	case d.Evidence != "":
		return "/evidence/" + d.Evidence
	case d.Case != "":
		return "/cases/" + d.Case
	}
	return "/ledger"
}

// actOf is the kind of act of an entry, by its third line.
func actOf(entry string) string {
	lines := strings.SplitN(entry, "\n", 4)
	if len(lines) < 4 {
		return ""
	}
	return lines[2]
}

// names are those of members by id; none for who may not see them.
func (q *request) names() map[string]string {
	out := map[string]string{}
	l, err := q.space.Members(q.ctx(), workspace.Page{Limit: 500})
	if err != nil {
		return out // ids are shown instead
	}
	for _, m := range l.Items {
		out[m.ID] = m.Name
	}
	return out
}

// visitGap is how long after the last look at the list a new visit begins.
const visitGap = time.Hour

// before returns when the member's visit before this one ended, in this browser:
// a cookie knows, and nothing else does. It is zero on the first.
func (q *request) before() time.Time {
	name := "amparo_visit_" + strings.TrimPrefix(q.space.Member().ID, "M-")
	now := q.s.o.Now()
	var ended, last int64
	if c, err := q.r.Cookie(name); err == nil {
		a, b, _ := strings.Cut(c.Value, "-")
		ended, _ = strconv.ParseInt(a, 10, 64)
		last, _ = strconv.ParseInt(b, 10, 64)
	}
	if last > 0 && now.Sub(time.Unix(last, 0)) > visitGap {
		ended = last
	}
	//nolint:gosec // Secure where there is TLS
	http.SetCookie(q.w, &http.Cookie{
		Name: name, Value: strconv.FormatInt(ended, 10) + "-" + strconv.FormatInt(now.Unix(), 10), Path: "/cases", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: q.s.secure(), SameSite: http.SameSiteStrictMode,
	})
	if ended <= 0 {
		return time.Time{}
	}
	return time.Unix(ended, 0)
}
