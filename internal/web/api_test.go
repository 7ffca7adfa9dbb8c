package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/workspace"
)

// makeToken makes a token on its page.
func (b *browser) makeToken(scopes ...string) string {
	b.f.t.Helper()
	pairs := []string{"name", "a script", "days", "7"}
	for _, s := range scopes {
		pairs = append(pairs, "scope", s)
	}
	return b.tokenBy(pairs...)
}

// tokenBy makes a token by what is written into the form.
func (b *browser) tokenBy(pairs ...string) string {
	b.f.t.Helper()
	text := regexp.MustCompile(`amparo_[\w-]{43}`).FindString(b.post("/tokens", pairs...).body)
	if text == "" {
		b.f.t.Fatal("no token is shown")
	}
	return text
}

// program asks the API with a token.
func (f *fixture) program(method, path, token, body string) answer {
	f.t.Helper()
	b := &browser{f, http.DefaultClient}
	r := b.request(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.do(r)
}

func operationsOf(a *api) map[string]*huma.Operation {
	out := map[string]*huma.Operation{}
	for path, item := range a.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch} {
			if op != nil {
				out[method+" "+path] = op
			}
		}
	}
	return out
}

// TestRouteOfOperation: whoever measures requests hears which operation of the
// API answered, and not that one did.
func TestRouteOfOperation(t *testing.T) {
	f := newFixture(t)
	token := f.member().makeToken("read")
	h := f.s.Handler()
	for path, want := range map[string]string{
		"/cases":                "GET /api/v1/cases",
		"/cases/C-000000000000": "GET /api/v1/cases/{case}",
		"/nothing":              apiPrefix + "/",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, apiPrefix+path, http.NoBody)
		r.Host = strings.TrimPrefix(f.base, "http://")
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern != want {
			t.Errorf("%s was answered by %q, not %q", path, r.Pattern, want)
		}
	}
}

// TestEveryOperation asks each operation of the API without a token, with a
// wrong one, with one of every other scope, and with its own.
func TestEveryOperation(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	_, a := f.s.newAPI()
	all := operationsOf(a)
	if len(all) < 20 {
		t.Fatalf("only %d operations", len(all))
	}
	tokens := map[string]string{}
	for _, s := range Scopes {
		tokens[s] = b.makeToken(s)
	}
	holes := regexp.MustCompile(`\{[^}]*\}`)
	for name, op := range all {
		method, path, _ := strings.Cut(name, " ")
		path = apiPrefix + holes.ReplaceAllString(strings.ReplaceAll(path, "{format}", "csv"), "C-000000000000")
		body := ""
		if op.RequestBody != nil {
			body = "{}"
		}
		want, _ := op.Metadata[scopeOf].(string)
		if want == "" {
			t.Errorf("%s asks for no scope", name)
		}
		if got := f.program(method, path, "", body); got.status != http.StatusUnauthorized || got.header.Get("Content-Type") != "application/problem+json" || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s without a token: %d %s", name, got.status, got.header.Get("Content-Type"))
		}
		for scope, token := range tokens {
			got := f.program(method, path, token, body)
			if scope != want && got.status != http.StatusForbidden {
				t.Errorf("%s as %s: %d", name, scope, got.status)
			}
			if scope == want && (got.status == http.StatusForbidden || got.status == http.StatusUnauthorized || got.status >= 500) {
				t.Errorf("%s as %s: %d %s", name, scope, got.status, got.body)
			}
		}
	}
}

// described asks the API and holds its answers to the description.
type described struct {
	f     *fixture
	a     *api
	token string
}

func (d *described) call(method, template, path, body string, want int) []byte {
	t := d.f.t
	t.Helper()
	got := d.f.program(method, apiPrefix+path, d.token, body)
	if got.status != want {
		t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	op := operationsOf(d.a)[method+" "+template]
	if op == nil {
		t.Fatalf("%s %s is not described", method, template)
	}
	status, kind := "200", "application/json"
	if want >= 400 {
		status, kind = "default", "application/problem+json"
	}
	var v any
	if err := json.Unmarshal([]byte(got.body), &v); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	res := &huma.ValidateResult{}
	huma.Validate(d.a.OpenAPI().Components.Schemas, op.Responses[status].Content[kind].Schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeReadFromServer, v, res)
	for _, err := range res.Errors {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return []byte(got.body)
}

// into returns the id in an answer.
func (d *described) into(data []byte) string {
	d.f.t.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal(data, &made); err != nil {
		d.f.t.Fatal(err)
	}
	return made.ID
}

// account writes into the account of a case, and reads it.
func (d *described) account(caseID string) {
	at := "/cases/" + caseID
	source := `"source":{"title":"Press release","url":"https://example.org/x"}`
	d.call("POST", "/cases/{case}/promises", at+"/promises", `{"authority":"PGR","made":"2017-06-22","words":"It will be investigated",`+source+`}`, 200)
	d.call("POST", "/cases/{case}/promises", at+"/promises", `{"authority":"PGR","made":"2999-01-01","words":"Later",`+source+`}`, 422)
	request := d.into(d.call("POST", "/cases/{case}/requests", at+"/requests",
		`{"kind":"access","authority":"PGR","sent":"2017-06-20","subject":"the contract","country":"mx",`+source+`}`, 200))
	d.call("POST", "/cases/{case}/answers", at+"/answers", `{"to":"`+request+`","kind":"refusal","on":"2017-07-01","text":"reserved","new":false,`+source+`}`, 200)
	fact := `{"facts":[{"person":"heron","kind":"role","value":"journalist","when":{"always":true},"certainty":"certain","sources":[{"title":"press"}]}]}`
	d.call("POST", "/cases/{case}/facts", at+"/facts", fact, 200)
	d.call("POST", "/cases/{case}/facts", at+"/facts", strings.Replace(fact, "heron", "nobody", 1), 404)
	event := `{"events":[{"person":"heron","from":"2016-06-01","how":"unknown","outcome":"attempt","certainty":"claimed","sources":[{"title":"press"}]}]}`
	var made idsAnswer
	if err := json.Unmarshal(d.call("POST", "/cases/{case}/events", at+"/events", event, 200), &made); err != nil || len(made.IDs) != 1 {
		d.f.t.Fatal(made, err)
	}
	d.call("GET", "/entries/{entry}", "/entries/"+made.IDs[0], "", 200)
	d.call("POST", "/entries/{entry}/retire", "/entries/"+made.IDs[0]+"/retire", `{"reason":"entered twice"}`, 200)
	d.call("GET", "/cases/{case}/entries", at+"/entries?kind=fact", "", 200)
	d.call("GET", "/cases/{case}/entries", at+"/entries?history=true", "", 200)
	d.call("GET", "/cases/{case}/account", at+"/account?on=2018-01-01", "", 200)
	d.call("GET", "/terms", "/terms", "", 200)
	d.call("GET", "/links", "/links?case="+caseID, "", 200)
}

// TestAnswersFitTheirDescription validates what the API answers, and errors,
// against the OpenAPI document that it serves.
func TestAnswersFitTheirDescription(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine: left to the run without the race detector")
	}
	f := newFixture(t)
	b := f.member()
	token := b.makeToken(Scopes...)
	_, a := f.s.newAPI()
	d := &described{f, a, token}
	call, into := d.call, d.into
	caseID := into(call("POST", "/cases", "/cases", `{"title":"A case"}`, 200))
	call("POST", "/cases/{case}/people", "/cases/"+caseID+"/people", `{"pseudonym":"heron","name":"Somebody","languages":["es"]}`, 200)
	device := into(call("POST", "/cases/{case}/devices", "/cases/"+caseID+"/devices", `{"person":"heron","label":"the phone"}`, 200))
	call("POST", "/cases/{case}/evidence", "/cases/"+caseID+"/evidence", `{"device":"`+device+`","path":"relative"}`, 422)
	consent := `{"person":"heron","purposes":["analysis","hunting"],"until":"2099-12-31","given_by":"heron","form_sha256":"` + strings.Repeat("a", 64) + `"}`
	consentID := into(call("POST", "/cases/{case}/consents", "/cases/"+caseID+"/consents", consent, 200))
	f.indicators(b)
	j := f.job(b, into(call("POST", "/cases/{case}/evidence", "/cases/"+caseID+"/evidence", `{"device":"`+device+`","path":"`+f.backup()+`"}`, 200)))
	if j.State != workspace.JobDone {
		t.Fatalf("%+v", j)
	}
	run := j.Runs[0]
	for template, path := range map[string]string{
		"/cases": "/cases?limit=1", "/cases/{case}": "/cases/" + caseID, "/cases/{case}/people": "/cases/" + caseID + "/people",
		"/cases/{case}/devices": "/cases/" + caseID + "/devices", "/cases/{case}/consents": "/cases/" + caseID + "/consents",
		"/cases/{case}/evidence": "/cases/" + caseID + "/evidence", "/evidence/{evidence}": "/evidence/" + j.Evidence,
		"/jobs": "/jobs", "/jobs/{job}": "/jobs/" + j.ID, "/runs": "/runs?case=" + caseID, "/runs/{run}": "/runs/" + run,
		"/findings": "/findings?at_least=high&state=new", "/ledger": "/ledger?limit=5", "/indicators/search": "/indicators/search?value=smsmensaje.mx",
		"/workspace": "/workspace", "/members": "/members?name=ana", "/counts": "/counts", "/consents/due": "/consents/due?days=3650",
		"/cases/{case}/exports": "/cases/" + caseID + "/exports", "/indicators": "/indicators", "/evidence/{evidence}/custody": "/evidence/" + j.Evidence + "/custody",
		"/runs/{run}/timeline": "/runs/" + run + "/timeline", "/runs/{run}/timeline/counts": "/runs/" + run + "/timeline/counts?parts=100",
		"/runs/{run}/search": "/runs/" + run + "/search?q=smsmensaje", "/ledger/checkpoints": "/ledger/checkpoints",
	} {
		call("GET", template, path, "", 200)
	}
	d.account(caseID)
	var l workspace.List[workspace.Finding]
	if err := json.Unmarshal(call("GET", "/findings", "/findings?run="+run, "", 200), &l); err != nil || len(l.Items) == 0 {
		t.Fatalf("%v, %d findings", err, len(l.Items))
	}
	at := "/runs/" + run + "/findings/" + l.Items[0].ID
	call("GET", "/runs/{run}/findings/{finding}", at, "", 200)
	call("GET", "/runs/{run}/findings/{finding}/whole", at+"/whole", "", 200)
	call("POST", "/runs/{run}/findings/{finding}/bytes", at+"/bytes", `{}`, 200)
	call("POST", "/runs/{run}/findings/{finding}", at, `{"state":"confirmed","note":"seen"}`, 200)
	var p problem
	if err := json.Unmarshal(call("POST", "/runs/{run}/findings/{finding}", at, `{"state":"dismissed"}`, 409), &p); err != nil || p.Code != "conflict" || p.Type != "urn:amparo:problem:conflict" {
		t.Errorf("%+v, %v", p, err)
	}
	call("POST", "/runs/{run}/findings/{finding}", at, `{"state":"nonsense"}`, 422)
	call("POST", "/cases/{case}/share", "/cases/"+caseID+"/share", `{"member":"nobody"}`, 404)
	call("GET", "/runs/{run}", "/runs/R-000000000000", "", 404)
	call("POST", "/cases/{case}/events/found", "/cases/"+caseID+"/events/found", `{}`, 200)
	call("POST", "/hunt", "/hunt", `{"value":"smsmensaje.mx"}`, 200)
	call("POST", "/lures", "/lures", `{"text":"US Embassy: your visa https://usembassy-mx.example/x"}`, 200)
	call("POST", "/ledger/checkpoint", "/ledger/checkpoint", "", 200)
	if got := f.program("GET", apiPrefix+"/runs/"+run+"/report/csv", token, ""); got.status != 200 || !strings.HasPrefix(got.body, "id,severity") {
		t.Errorf("report: %d", got.status)
	}
	call("POST", "/cases/{case}/close", "/cases/"+caseID+"/close", "", 200)
	call("POST", "/cases/{case}/consents/{consent}/withdraw", "/cases/"+caseID+"/consents/"+consentID+"/withdraw", "", 200)
	if got := f.program("GET", apiPrefix+"/runs/"+run+"/report/csv", token, ""); got.status == 200 {
		t.Error("a report after consent was withdrawn")
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	token := b.makeToken(ScopeRead)
	if got := f.program("GET", apiPrefix+"/cases", token, ""); got.status != http.StatusOK {
		t.Fatal(got.status)
	}
	if page := b.get("/tokens").body; strings.Contains(page, token) {
		t.Error("the token is shown again")
	}
	f.later(7*24*time.Hour + time.Minute)
	if got := f.program("GET", apiPrefix+"/cases", token, ""); got.status != http.StatusUnauthorized {
		t.Errorf("after its time: %d", got.status)
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got := f.program("GET", apiPrefix+"/openapi.json", "", "")
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 15 {
		t.Errorf("%d %v %s %d", got.status, err, doc.OpenAPI, len(doc.Paths))
	}
}
