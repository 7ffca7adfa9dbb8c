package web

import (
	"math/rand/v2"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/web/webtest"
)

// visit is a kind of request that is measured, and how its address is made.
type visit struct {
	name string // of the route
	path string // with holes
	api  bool
}

// unmeasured are routes that are no pages: they end or begin a session, take
// evidence, or make a file to keep. A proof has as many hashes as the ledger is
// deep, the published ledger is all of it, the links of the API are an act, as a
// hunt is: all that was observed is set against each other.
var unmeasured = regexp.MustCompile(`^/(enter|static|signin|join)(/|$)|^/me/oidc|^/(start|unlock)$|/report/\{format\}|/runs/\{run\}/result$|/proofs?/\{entry\}|^/cases/\{case\}/browse$|/ledger/(consistency|published)$|/uploads/|^/ledger/verify|/entries/|/links/file/|^/jobs/\{job\}/result$`)

// visits lists every page, and every operation of the API that reads.
func visits(t *testing.T, s *Server) []visit {
	t.Helper()
	var out []visit
	for _, r := range routes {
		path, ok := strings.CutPrefix(r.pattern, "GET ")
		if ok && !unmeasured.MatchString(path) {
			out = append(out, visit{name: path, path: strings.TrimSuffix(path, "{$}")})
		}
	}
	// Of what a page can be asked beside, the usual.
	for _, extra := range []string{
		"/findings?state=new&severity=high", "/findings?case={case}", "/runs/{run}/timeline?from={from}&to={to}", "/runs/{run}/timeline?artifact=ios.calls",
		"/runs/{run}/search?q=whatsapp", "/runs/{run}/search?q=qwertzuiop", "/cases/{case}/devices/{device}/search?q=whatsapp",
		"/cases/{case}/search?q=whatsapp", "/search?q=whatsapp", "/search?q=qwertzuiop",
	} {
		out = append(out, visit{name: extra, path: extra})
	}
	_, a := s.newAPI()
	for path, item := range a.OpenAPI().Paths {
		if item.Get != nil && path != "/links" && !unmeasured.MatchString(path) {
			out = append(out, visit{name: apiPrefix + path, path: apiPrefix + path, api: true})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

var hole = regexp.MustCompile(`\{[a-z]+\}`)

// address fills the holes of a path with what somebody may look at. ok is
// false where there is nothing to fill one with.
func address(r *rand.Rand, w *webtest.World, path string) (at string, ok bool) {
	i := r.IntN(len(w.Cases))
	c := &w.Cases[i]
	d := r.IntN(len(c.Runs))
	from := int64(1_600_000_000_000) + r.Int64N(100_000_000_000)
	found := c.FindingsOf[c.Runs[d]]
	values := map[string]string{
		"case": c.ID, "person": c.People[d], "device": c.Devices[d], "consent": c.Consents[d], "evidence": c.Evidence[d], "run": c.Runs[d],
		"job": c.Jobs[d], "finding": found[r.IntN(len(found))], "entry": strconv.Itoa(r.IntN(100)), "format": "csv",
		"from": strconv.FormatInt(from, 10), "to": strconv.FormatInt(from+r.Int64N(20_000_000_000), 10),
	}
	ok = true
	at = hole.ReplaceAllStringFunc(path, func(s string) string {
		v, known := values[strings.Trim(s, "{}")]
		ok = ok && known
		return v
	})
	switch {
	case strings.HasPrefix(at, apiPrefix+"/indicators/search"):
		at += "?value=example.org"
	case strings.HasPrefix(at, apiPrefix+"/runs/") && strings.HasSuffix(at, "/search"):
		at += "?q=whatsapp"
	}
	return at, ok
}
