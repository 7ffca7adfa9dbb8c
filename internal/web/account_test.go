package web

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account/notice"
	"github.com/amparo-project/amparo/internal/web/webtest"
)

var entryPattern = regexp.MustCompile(`A-[0-9a-z]{12}`)

// good fails the test where a form was not taken.
func (b *browser) good(what string, a answer) {
	b.f.t.Helper()
	if a.status != http.StatusSeeOther {
		b.f.t.Fatalf("%s: %d %s", what, a.status, problemOf(a.body))
	}
}

func problemOf(page string) string {
	_, rest, _ := strings.Cut(page, `class="problem"`)
	text, _, _ := strings.Cut(rest, "</div>")
	return text
}

// has fails the test where a page lacks a text.
func (b *browser) has(path string, texts ...string) string {
	b.f.t.Helper()
	a := b.get(path)
	for _, text := range texts {
		if a.status != http.StatusOK || !strings.Contains(a.body, text) {
			b.f.t.Errorf("%s: %d lacks %q", path, a.status, text)
		}
	}
	return a.body
}

// person is the id of the person of the fixture's case.
func (b *browser) person(caseID string) string {
	return regexp.MustCompile(`P-[0-9a-z]{12}`).FindString(b.get("/cases/" + caseID + "/consent").body)
}

// TestAccount enters promises, requests and answers as a person without a
// terminal does, and takes one back.
func TestAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at := "/cases/" + caseID + "/account"
	b.has(at+"/request", "mx-", "business days")
	if a := b.multipart(at+"/request", "kind", "access", "authority", "PGR", "sent", "20 June", "subject", "x", "source", "our file"); a.status != http.StatusUnprocessableEntity ||
		!strings.Contains(a.body, "2017-06-19") || !strings.Contains(a.body, `value="PGR"`) {
		t.Errorf("a day that is none: %d %s", a.status, problemOf(a.body))
	}
	b.good("request", b.multipart(at+"/request", "kind", "access", "authority", "PGR", "country", "mx", "sent", "2017-06-20", "subject", "All contracts.", "source", "our file"))
	b.good("promise", b.multipart(at+"/promise", "authority", "Government", "made", "2017-06-22", "words", "We will look into it.", "source", "A newspaper",
		"url", "https://news.example/1", "public", "yes", "@copy.html", "<html>"))
	page := b.has(at, "All contracts.", "We will look into it.", "days of silence", "business days after 2017-06-20")
	request := regexp.MustCompile(`answer\?to=(A-\w+)`).FindStringSubmatch(page[strings.Index(page, `id="requests"`):])[1]
	b.has(at+"/answer?to="+request, `value="`+request+`" selected`)
	if a := b.multipart(at+"/answer", "to", request, "kind", "answer", "made", "2016-01-01", "words", "x", "new", "yes", "source", "s"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an answer before the request: %d", a.status)
	}
	if a := b.multipart(at+"/answer", "to", request, "kind", "answer", "made", "2017-07-18", "words", "x", "source", "s"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an answer that does not say whether it is new: %d", a.status)
	}
	b.good("answer", b.multipart(at+"/answer", "to", request, "kind", "answer", "made", "2017-07-18", "words", "Here they are.", "new", "yes", "source", "our file"))
	b.has(at, "Here they are.", "new information", "answered")
	b.has(at+"?on=2017-06-30", "2017-06-30")
	if strings.Contains(b.get(at+"?on=2017-06-30").body, "Here they are.") {
		t.Error("an answer is shown before its day")
	}
	if a := b.get(at + "/terms.ics"); !strings.HasPrefix(a.body, "BEGIN:VCALENDAR") {
		t.Errorf("calendar: %.60s", a.body)
	}
	b.has(at+"/feed.atom", "<feed")
	entry := "/cases/" + caseID + "/entries/" + request
	b.has(entry, "All contracts.", "entry ", "2017-06-20")
	if a := b.post(entry+"/retire", "reason", ""); a.status != http.StatusUnprocessableEntity {
		t.Errorf("retired without a reason: %d", a.status)
	}
	b.good("retire", b.post(entry+"/retire", "reason", "It was sent twice."))
	if strings.Contains(b.get(at).body, "All contracts.") {
		t.Error("a request that was withdrawn is listed")
	}
	b.has(entry, "It was sent twice.", "All contracts.")
}

// TestFactsAndConcerns writes facts and events down, and decides on what the
// rules make of them.
func TestFactsAndConcerns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at := "/cases/" + caseID
	person := b.person(caseID)
	b.has(at+"/concerns", "this case has none yet")
	if a := b.multipart(at+"/facts/new", "person", person, "kind", "nationality", "value", "Mexico", "source", "A passport", "certainty", "certain"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a country by its name: %d", a.status)
	}
	for _, fact := range [][]string{{"kind", "nationality", "value", "US", "always", "yes"}, {"kind", "role", "value", "lawyer", "from", "2010"}, {"kind", "location", "value", "MX", "from", "2010"}} {
		b.good("fact", b.multipart(at+"/facts/new", append(fact, "person", person, "source", "A passport", "certainty", "certain")...))
	}
	b.good("event", b.multipart(at+"/events/new", "person", person, "from", "2016-06", "how", "lure", "outcome", "attempt", "threat", "Pegasus", "operator", "RECKLESS-1",
		"pretends", "embassy", "pretends_name", "US embassy", "pretends_country", "US", "source", "A report", "certainty", "probable"))
	b.has(at+"/facts", "nationality: US", "US embassy", "RECKLESS-1", "since 2010")
	page := b.has(at+"/concerns", "US embassy", "a court to say", "A passport")
	rule := regexp.MustCompile(`name="rule" value="(\w+)"`).FindStringSubmatch(page)[1]
	event := regexp.MustCompile(`name="event" value="(A-\w+)"`).FindStringSubmatch(page)[1]
	if a := b.post(at+"/concerns", "rule", rule, "event", event, "state", "dismissed", "reason", " "); a.status != http.StatusUnprocessableEntity {
		t.Errorf("decided without a reason: %d", a.status)
	}
	b.good("dismiss", b.post(at+"/concerns", "rule", rule, "event", event, "state", "dismissed", "reason", "The lawyer was abroad."))
	b.has(at+"/concerns", "The lawyer was abroad.", "dismissed")
	b.good("confirm", b.post(at+"/concerns", "rule", rule, "event", event, "state", "confirmed", "reason", "We looked again."))
	page = b.has(at+"/concerns", "We looked again.")
	if strings.Contains(page, "The lawyer was abroad.") {
		t.Error("an earlier decision holds beside the later")
	}
	if a := b.post(at+"/concerns", "rule", "nothing", "event", event, "state", "confirmed", "reason", "x"); a.status != http.StatusNotFound {
		t.Errorf("a rule that is none: %d", a.status)
	}
	b.has(at+"/concerns?every=1", "not met")
	// By a file: all, or nothing.
	two := `[{"person": "heron", "kind": "number", "value": "US", "sources": [{"title": "One"}, {"title": "Two"}], "certainty": "certain"},
		{"person": "%s", "kind": "role", "value": "activist", "sources": [{"title": "One"}], "certainty": "claimed"}]`
	for what, file := range map[string]string{"somebody else": strings.Replace(two, "%s", "nobody", 1), "no JSON": "{", "a field that is none": `{"person": "heron", "kindness": "x"}`} {
		if a := b.multipart(at+"/facts/file", "kind", "fact", "@facts.json", file); a.status != http.StatusUnprocessableEntity || !strings.Contains(problemOf(a.body), "Nothing was written down") {
			t.Errorf("%s: %d %s", what, a.status, problemOf(a.body))
		}
	}
	if a := b.multipart(at+"/facts/file", "kind", "fact"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("no file: %d", a.status)
	}
	if strings.Contains(b.get(at+"/facts").body, "number: US") {
		t.Error("half a file was written down")
	}
	b.good("facts", b.multipart(at+"/facts/file", "kind", "fact", "@facts.json", strings.Replace(two, "%s", "heron", 1)))
	b.good("events", b.multipart(at+"/facts/file", "kind", "event", "@events.json", `{"person": "heron", "from": "2015", "how": "zero_click", "outcome": "infected", "sources": [{"title": "Lab"}], "certainty": "certain"}`))
	b.has(at+"/facts", "activist", "Lab")
}

// TestTrade fills the register by form and by file.
func TestTrade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at := "/cases/" + caseID + "/trade"
	b.good("party", b.multipart(at, "kind", "seller", "name", "Example Surveillance Ltd", "aliases", "ExSurv", "country", "IL", "government", "no", "source", "A register", "certainty", "certain"))
	b.good("owner", b.multipart(at, "operator", "RECKLESS-1", "buyer", "Agency", "source", "A report", "certainty", "probable"))
	register := `{"deals": [{"kind": "contract", "name": "Contract 1", "seller": "Example Surveillance Ltd", "buyer": "Agency", "when": {"from": "2014-10-29"},
		"conditions": [{"rule": "purpose_limited", "words": "Only against crime."}], "sources": [{"title": "The contract"}], "certainty": "certain"}]}`
	b.good("register", b.multipart(at+"/file", "form", "register", "@register.json", register))
	b.good("list", b.multipart(at+"/file", "form", "bis", "@list.csv", "source,name,alt_names\nEntity List (EL) - Bureau of Industry and Security,Example Surveillance,ExSurv\n"))
	b.has(at, "Example Surveillance Ltd", "Contract 1", "Only against crime.", "RECKLESS-1", "/100")
	// A deal by its form: what was ticked is a condition, with what it names.
	b.has(at+"/deal", "Not against numbers of certain countries", `list="parties"`, "Example Surveillance Ltd", "US")
	deal := []string{
		"kind", "licence", "name", "Licence 7", "seller", "Example Surveillance Ltd", "through", "A, B", "buyer", "Agency", "from", "2015", "amount", "1 USD",
		"condition", "not_numbers_of", "words-not_numbers_of", "No numbers of the two.", "param-not_numbers_of-numbers", "US, CA", "words-expiry", "not ticked", "certainty", "certain",
	}
	if a := b.multipart(at+"/deal", deal...); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "No numbers of the two.") || !strings.Contains(a.body, `value="US, CA"`) {
		t.Errorf("a deal without a source: %d: what was typed is lost", a.status)
	}
	b.good("deal", b.multipart(at+"/deal", append(deal, "source", "The licence")...))
	page := b.has(at, "Licence 7", "No numbers of the two.", "A → B → Agency")
	if strings.Contains(page, "not ticked") {
		t.Error("a condition that was not ticked is one")
	}
	id := regexp.MustCompile(`Licence 7(?s:.*?)entries/(A-\w+)`).FindStringSubmatch(page)[1]
	b.has("/cases/"+caseID+"/entries/"+id, "condition · with · numbers 2", "CA")
	for what, a := range map[string]answer{
		"no file": b.multipart(at+"/file", "form", "register"), "no JSON": b.multipart(at+"/file", "form", "register", "@x", "{"),
		"no list": b.multipart(at+"/file", "form", "eu", "@x", "<nothing/>"), "no name": b.multipart(at, "kind", "seller", "source", "s", "certainty", "certain"),
	} {
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", what, a.status)
		}
	}
}

const noticesConfig = "from: Helpline <help@example.org>\nhelpline:\n  name: The helpline\n  reach: {en: \"Signal 1\", es: \"Signal 2\"}\nsmtp: {host: mail.example.org}\n"

// TestNoticesToRead takes notices from the wish to be told to read, by mail and by
// letter.
func TestNoticesToRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var sent []string
	f.s.o.SendMail = func(_ context.Context, _ *notice.Config, m notice.Message) notice.Outcome {
		sent = append(sent, m.To)
		return notice.Outcome{State: notice.Sent, Detail: "250 accepted"}
	}
	b := f.member()
	caseID, _ := b.newCase()
	at, person := "/cases/"+caseID+"/notices", b.person(caseID)
	b.has(at, "notices.yaml", "Nobody yet")
	if a := b.post(at + "/due"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("drafted without a configuration: %d", a.status)
	}
	if err := os.WriteFile(filepath.Join(f.home, "notices.yaml"), []byte(noticesConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	b.good("ask", b.post(at+"/ask", "person", person, "channel", "mail", "event", "answer", "address", "heron@example.net", "since", "2017-01-01"))
	b.has(at, "heron@example.net", "an authority answered")
	account := "/cases/" + caseID + "/account"
	b.good("answer", b.multipart(account+"/answer", "authority", "PGR", "kind", "statement", "made", "2017-07-18", "words", "We know nothing.", "new", "no", "source", "A newspaper"))
	b.good("due", b.post(at+"/due"))
	b.good("due again", b.post(at+"/due"))
	page := b.has(at, "draft: waits for approval", "PGR")
	one := at + "/" + entryPattern.FindString(page[strings.Index(page, "/notices/A-"):])
	if n := strings.Count(page, `/notices/A-`); n != 1 {
		t.Errorf("%d notices", n)
	}
	page = b.has(one, "For your safety this message does not say what it is about", "Signal 1")
	if strings.Contains(page, "We know nothing") {
		t.Error("the mail tells of the case")
	}
	b.good("send", b.post(at+"/send"))
	if len(sent) != 0 {
		t.Fatal("a draft went out that nobody approved")
	}
	b.good("approve", b.post(one, "step", "approve"))
	if a := b.post(one, "step", "approve"); a.status != http.StatusConflict {
		t.Errorf("approved twice: %d", a.status)
	}
	b.has(at, "Send the approved mails (1)")
	b.good("send", b.post(at+"/send"))
	b.good("send again", b.post(at+"/send"))
	if len(sent) != 1 || sent[0] != "heron@example.net" {
		t.Errorf("sent to %v", sent)
	}
	b.good("read", b.post(one, "step", "read", "note", "She said so."))
	b.has(one, "250 accepted", "She said so.", "proof: entry", "read")
	if a := b.get(one + "/letter"); a.status != http.StatusNotFound {
		t.Errorf("the letter of a mail: %d", a.status)
	}
	if a := b.post(one+"/text", "seen", "1", "subject", "Your case", "body", "PGR answered."); a.status == http.StatusSeeOther {
		t.Error("a mail was given other words")
	}
	// A letter has words of its own, until somebody approves them as they read them.
	b.good("ask", b.post(at+"/ask", "person", person, "channel", "letter", "event", "answer", "address", "Calle 1", "since", "2017-01-01"))
	b.good("answer", b.multipart(account+"/answer", "authority", "Army", "kind", "statement", "made", "2017-08-18", "words", "Nothing.", "new", "no", "source", "A newspaper"))
	b.good("due", b.post(at+"/due"))
	page = b.get(at).body
	i := strings.Index(page, "Army")
	letter := at + "/" + entryPattern.FindAllString(page[:i], -1)[len(entryPattern.FindAllString(page[:i], -1))-1]
	seen := regexp.MustCompile(`name="seen" value="(\d+)"`).FindStringSubmatch(b.has(letter, "Change the words"))[1]
	b.good("edit", b.post(letter+"/text", "seen", seen, "subject", "We would like to talk", "body", "Please call."))
	b.has(letter, "Please call.")
	if a := b.post(letter+"/text", "seen", seen, "subject", "x", "body", "y"); a.status != http.StatusConflict {
		t.Errorf("over the words of a colleague: %d", a.status)
	}
	if a := b.post(letter, "step", "approve", "seen", seen); a.status != http.StatusConflict {
		t.Errorf("approved without having read the last words: %d", a.status)
	}
	seen = regexp.MustCompile(`name="seen" value="(\d+)"`).FindStringSubmatch(b.get(letter).body)[1]
	b.good("approve", b.post(letter, "step", "approve", "seen", seen))
	if a := b.post(one, "step", "burn"); a.status != http.StatusBadRequest {
		t.Errorf("a step that is none: %d", a.status)
	}
}

// TestAccountOfAnother asks for the account of a case that is not shared, and
// for an entry by way of another case.
func TestAccountOfAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ana := f.member()
	caseID, _ := ana.newCase()
	ana.good("promise", ana.multipart("/cases/"+caseID+"/account/promise", "authority", "PGR", "made", "2017", "words", "w", "source", "s"))
	entry := entryPattern.FindString(strings.SplitAfter(ana.get("/cases/"+caseID+"/account").body, "/entries/")[1])
	a := ana.post("/cases/new", "title", "Another", "pseudonym", "wren", "label", "p")
	other := idPattern.FindString(a.location)
	luz := f.otherMember("luz")
	for _, path := range []string{"/account", "/account/promise", "/account/terms.ics", "/facts", "/facts/new", "/events/new", "/concerns", "/trade", "/notices", "/entries/" + entry} {
		if a := luz.get("/cases/" + caseID + path); a.status != http.StatusNotFound {
			t.Errorf("%s as another: %d", path, a.status)
		}
	}
	for _, path := range []string{"/account/promise", "/facts/new", "/events/new", "/trade", "/trade/file"} {
		if a := luz.multipart("/cases/"+caseID+path, "form", "register", "@x", "{}"); a.status != http.StatusNotFound {
			t.Errorf("%s as another: %d", path, a.status)
		}
	}
	for _, path := range []string{"/events/found", "/concerns", "/notices/ask", "/notices/due", "/notices/send", "/notices/" + entry, "/entries/" + entry + "/retire"} {
		if a := luz.post("/cases/" + caseID + path); a.status != http.StatusNotFound {
			t.Errorf("%s as another: %d", path, a.status)
		}
	}
	for _, path := range []string{"/entries/" + entry, "/notices/" + entry} {
		if a := ana.get("/cases/" + other + path); a.status != http.StatusNotFound && a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s by way of another case: %d", path, a.status)
		}
	}
	if a := ana.post("/cases/"+other+"/entries/"+entry+"/retire", "reason", "x"); a.status != http.StatusNotFound {
		t.Errorf("withdrawn by way of another case: %d", a.status)
	}
}

// plantAccount plants text that attacks its reader in every field of the
// account of a case, and returns an event and a notice.
func (b *browser) plantAccount(caseID string) (event, note string) {
	b.f.t.Helper()
	at, person, p := "/cases/"+caseID, b.person(caseID), webtest.Payload
	name := strings.ReplaceAll(p, "\x00", "")
	b.good("promise", b.multipart(at+"/account/promise", "authority", p, "by", p, "made", "2017", "words", p, "lang", p, "source", p, "public", "yes", "@a<b>.html", "x"))
	b.good("request", b.multipart(at+"/account/request", "kind", "access", "authority", p, "sent", "2017-06-20", "subject", p, "reference", p, "source", p))
	b.good("answer", b.multipart(at+"/account/answer", "authority", p, "kind", "statement", "made", "2017", "words", p, "new", "no", "source", p))
	b.good("fact", b.multipart(at+"/facts/new", "person", person, "kind", "role", "value", "lawyer", "of", p, "place", p, "source", p, "quote", p, "certainty", "certain", "note", p))
	b.good("event", b.multipart(at+"/events/new", "person", person, "from", "2016", "how", "lure", "outcome", "attempt", "threat", p, "operator", p, "pretends", "embassy",
		"pretends_name", p, "source", p, "certainty", "certain", "note", p))
	b.good("party", b.multipart(at+"/trade", "kind", "seller", "name", name, "aliases", p, "source", p, "certainty", "certain"))
	b.good("owner", b.multipart(at+"/trade", "operator", name, "buyer", "Agency", "source", p, "certainty", "certain"))
	b.good("ask", b.post(at+"/notices/ask", "person", person, "channel", "letter", "address", p, "since", "2017-01-01"))
	if err := os.WriteFile(filepath.Join(b.f.home, "notices.yaml"), []byte(noticesConfig), 0o600); err != nil {
		b.f.t.Fatal(err)
	}
	b.good("due", b.post(at+"/notices/due"))
	page := b.get(at + "/concerns?every=1").body
	rule := regexp.MustCompile(`name="rule" value="(\w+)"`).FindStringSubmatch(page)[1]
	event = regexp.MustCompile(`name="event" value="(A-\w+)"`).FindStringSubmatch(page)[1]
	b.good("decide", b.post(at+"/concerns", "rule", rule, "event", event, "state", "dismissed", "reason", p))
	return event, filepath.Base(regexp.MustCompile(`/notices/A-\w+`).FindString(b.get(at + "/notices").body))
}

// TestHostileAccount looks at what was planted in the account, and sends its
// forms back.
func TestHostileAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.member()
	caseID, _ := b.newCase()
	at, p := "/cases/"+caseID, webtest.Payload
	event, note := b.plantAccount(caseID)
	one := "/notices/" + note
	for _, path := range []string{"/account", "/account/answer", "/facts", "/concerns", "/trade", "/notices", "/entries/" + event, one} {
		if !strings.Contains(b.look(at+path), webtest.Marker) {
			t.Errorf("%s does not show what was planted: the test proves nothing", path)
		}
	}
	b.good("approve", b.post(at+one, "step", "approve"))
	if a := b.get(at + one + "/letter"); a.status != http.StatusOK || !strings.HasPrefix(a.body, "%PDF") {
		t.Errorf("letter: %d", a.status)
	}
	b.looked("form", b.multipart(at+"/account/promise", "authority", p, "made", p, "words", p, "source", p).body)
	b.looked("fact", b.multipart(at+"/facts/new", "person", p, "kind", p, "value", p, "source", p).body)
	b.looked("step", b.post(at+one, "step", "read", "note", p).body)
	b.looked("retire", b.post(at+"/entries/"+event+"/retire", "reason", "").body)
	if strings.Contains(f.log.String(), "planted") {
		t.Error("what people wrote is in the log")
	}
}
