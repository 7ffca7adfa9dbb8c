package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/hook"
	"github.com/amparo-project/amparo/internal/workspace"
)

// received is a message as a receiver got it.
type received struct {
	header http.Header
	body   []byte
}

// receiver takes messages.
func receiver(t *testing.T) (url string, got chan received) {
	t.Helper()
	got = make(chan received, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- received{r.Header, body}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/planted-token", got
}

// await takes messages until one is of a kind, and puts the others back: their
// order is not promised.
func await(t *testing.T, got chan received, kind string) received {
	t.Helper()
	var others []received
	defer func() {
		for _, m := range others {
			got <- m
		}
	}()
	for {
		select {
		case m := <-got:
			var b struct{ Type string }
			if err := json.Unmarshal(m.body, &b); err != nil {
				t.Fatal(err)
			}
			if b.Type == kind {
				return m
			}
			others = append(others, m)
		case <-time.After(2 * time.Minute):
			t.Fatalf("no %s came", kind)
		}
	}
}

// TestWebhooks sets one up on its page, checks evidence, and verifies what is
// told of it as its receiver does.
func TestWebhooks(t *testing.T) {
	f := newFixture(t)
	b := f.member()
	f.indicators(b)
	caseID, device := b.newCase()
	url, got := receiver(t)
	for _, bad := range []string{"http://hooks.example.org/", "https://u:p@hooks.example.org/", "javascript:alert(1)", ""} {
		if a := b.post("/webhooks", "url", bad, "event", "job.ended"); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bad, a.status)
		}
	}
	page := b.post("/webhooks", "url", url, "event", "job.ended", "event", "finding.new", "event", "indicators.updated", "at_least", "low").body
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/&#;=]+`).FindString(page)
	secret = strings.NewReplacer("&#43;", "+", "&#61;", "=").Replace(secret)
	if len(secret) < 40 || strings.Contains(b.get("/webhooks").body, "whsec_") {
		t.Fatalf("the secret is shown %q, once", secret)
	}
	a := b.post("/cases/"+caseID+"/evidence/path", "device", device, "path", f.backup())
	j := f.job(b, a.location)
	m := await(t, got, workspace.EventFinding)
	if err := hook.Verify(secret, m.header.Get(hook.HeadID), m.header.Get(hook.HeadTime), m.header.Get(hook.HeadSignature), m.body, f.now()); err != nil {
		t.Error(err)
	}
	for _, planted := range []string{"heron", "smsmensaje", "the phone", "Pegasus"} {
		if strings.Contains(string(m.body), planted) {
			t.Errorf("the message tells %q: %s", planted, m.body)
		}
	}
	if !strings.Contains(string(m.body), j.Runs[0]) {
		t.Errorf("%s", m.body)
	}
	await(t, got, workspace.EventJob)
	id := regexp.MustCompile(`H-\w{12}`).FindString(page)
	if a := b.post("/webhooks/" + id + "/test"); a.status != http.StatusSeeOther {
		t.Errorf("test: %d", a.status)
	}
	await(t, got, workspace.EventTest)
	if a := b.get("/webhooks"); !strings.Contains(a.body, "delivered") {
		t.Error("the page does not tell of the deliveries")
	}
	if strings.Contains(f.log.String(), "planted-token") {
		t.Error("the log holds the address")
	}
	f.nothingInClear([]byte(strings.Repeat("planted-token", 20)))
	if a := f.otherMember("luz").post("/webhooks/" + id + "/remove"); a.status != http.StatusNotFound {
		t.Errorf("another member removed it: %d", a.status)
	}
	if a := b.post("/webhooks/" + id + "/remove"); a.status != http.StatusSeeOther || strings.Contains(b.get("/webhooks").body, id) {
		t.Errorf("remove: %d", a.status)
	}
}

// TestWebhooksOverTheAPI does the same as a program.
func TestWebhooksOverTheAPI(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.member().makeToken(Scopes...)
	url, got := receiver(t)
	made := into[webhookAnswer](t, f.program("POST", apiPrefix+"/webhooks", token, `{"url":"`+url+`","events":["notice.due"]}`))
	if made.Secret == "" || made.Least.String() != "high" {
		t.Errorf("%+v", made)
	}
	f.program("POST", apiPrefix+"/webhooks/"+made.ID+"/test", token, "")
	await(t, got, workspace.EventTest)
	list := into[[]workspace.Webhook](t, f.program("GET", apiPrefix+"/webhooks", token, ""))
	if len(list) != 1 || list[0].URL != url || !slices.Equal(list[0].Events, []string{"notice.due"}) {
		t.Errorf("%+v", list)
	}
	for range 6000 {
		log := into[[]workspace.Delivery](t, f.program("GET", apiPrefix+"/webhooks/"+made.ID+"/deliveries", token, ""))
		if len(log) == 1 && log[0].State == workspace.Delivered && log[0].Status == http.StatusOK {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the log does not say that the test was delivered")
}
